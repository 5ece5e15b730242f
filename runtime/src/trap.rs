//! Traps: from a machine fault, or a builtin's or host function's report, to the landing pad of the innermost entry
//! trampoline.
//!
//! [`install`] is called once by the embedding API. Afterwards a fault of compiled code, and nothing else, is answered here;
//! whatever is not ours goes on to the handler that was there before. The handler loads, compares and stores: it
//! allocates nothing, takes no lock, and reads the thread-local only in threads that have entered compiled code.

use crate::activation::{Activation, Exit, Thread, fail_order};
use crate::builtin;
use crate::code::Code;
use crate::exception::{self, Caught};
use crate::state::State;
use crate::sys::map::page_size;
use crate::sys::register::{Resumption, resume, stack_pointer};
use crate::sys::signal::{self, Context};
use crate::sys::site;
use crate::unwind::{Start, is_frameless, trace};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Mutex;
use tancho_abi::trap::{NULL_PAGE, Trap};
use tancho_abi::vmctx::{PENDING_THROW, PENDING_UNCAUGHT, VmStore};

/// Installs the signal handlers, once per process.
///
/// # Errors
///
/// When the system refuses.
pub fn install() -> io::Result<()> {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    // The flag has no state that a panic could leave unsound.
    let mut installed = INSTALLED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*installed {
        // Marked before: a second attempt after a failure halfway would take our own handler for the previous one.
        *installed = true;
        site::prepare();
        // SAFETY: the handler is async-signal-safe, and the flag sees to it that this is the only call.
        unsafe { signal::install(handle) }?;
    }
    Ok(())
}

/// The signal handler.
///
/// # Safety
///
/// To be called by the kernel.
unsafe extern "C" fn handle(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    /// The code of a fault that has no address, such as that of an address which is none (x86-64: not canonical): it says 0.
    const SI_KERNEL: libc::c_int = 0x80;
    // SAFETY: these are the arguments that the kernel gave.
    unsafe {
        let machine = Context::new(context);
        if number == libc::SIGBUS && (*info).si_code > 0 {
            end_where_code_is_gone((*info).si_addr().addr());
        }
        let address = if (*info).si_code == SI_KERNEL { usize::MAX } else { (*info).si_addr().addr() };
        // A signal that somebody sent says nothing about the instruction that it interrupted.
        let resumption = if (*info).si_code > 0 { answer(number, address, machine) } else { None };
        match resumption {
            Some(Answer::Resume(resumption)) => machine.write(resumption),
            Some(Answer::Divert { frameless }) => machine.divert(frameless),
            None => signal::pass_on(number, info, context),
        }
    }
}

/// What becomes of compiled code that has faulted.
enum Answer {
    /// It has trapped: it goes on at a landing pad.
    Resume(Resumption),
    /// It calls the stub of a site of interruption, from a function with or without a frame.
    Divert {
        /// Whether it is without.
        frameless: bool,
    },
}

/// Ends the process where `address` is in code that is mapped from a file: the kernel has no page for it any more. Whoever wanted it, compiled
/// code or the engine, there is nowhere to go on: what a trap goes on with is in the same file. Async-signal-safe.
fn end_where_code_is_gone(address: usize) {
    // SAFETY: somebody is reading there, and so keeps the code.
    let file = Code::find(address).and_then(|code| unsafe { code.as_ref() }.file());
    if let Some(name) = file {
        signal::leave(&[
            b"tancho: the compiled file ",
            name,
            b" was made shorter while its code was running from it, and the rest of the code is gone with it\n",
        ]);
    }
}

/// Where to continue after a fault; `None` when it is none of ours.
///
/// # Safety
///
/// To be called by the handler, with what it was given.
unsafe fn answer(number: libc::c_int, address: usize, machine: Context) -> Option<Answer> {
    let at = machine.read();
    let code = Code::find(at.pc)?;
    let activation = Thread::with(Thread::innermost);
    let (low, high) = machine.alternate();
    let alternate = low..high;
    if alternate.contains(&activation.addr()) && !(low < at.sp && at.sp <= high) {
        // The kernel took the code for one that ran elsewhere, and put this handler's frames over those that it returns to.
        signal::fail("compiled code exhausted the alternate signal stack on which it was called.", &[]);
    }
    // SAFETY: this thread stands in the code, which is therefore alive, as are its innermost activation and its store. The
    // store's other parts are not being changed: compiled code was running.
    unsafe {
        let (code, running) = (code.as_ref(), activation.as_ref()?);
        if !has_begun(code, running, at) {
            signal::fail(
                "the stack ended where compiled code was entered, although the system had promised more of it.",
                &[],
            );
        }
        let listed = u32::try_from(at.pc - code.text().start).ok().and_then(|offset| code.view().trap_at(offset));
        let access = matches!(number, libc::SIGSEGV | libc::SIGBUS) && !signal::is_trap(at.pc);
        if listed.is_none() && number != libc::SIGSEGV {
            return None;
        }
        if !Thread::with(|thread| thread.runs(running, at.sp)) {
            fail_order();
        }
        let state = State::of(running.store);
        let trap = match listed {
            Some(trap) if !access || faults_at(&*state, trap, address) => trap,
            _ if number == libc::SIGSEGV && is_overflow(running, address, at.sp) => Trap::StackOverflow,
            _ if number == libc::SIGSEGV => signal::fail(
                "compiled code accessed an address that is in no memory and no stack guard. This is a bug in tancho.",
                &[("pc", at.pc), ("address", address)],
            ),
            _ => return None,
        };
        let trap = match trap {
            // The host is asked, unless this is the end all the same.
            Trap::Interrupt if (*state).epoch_hook.is_some() && !(*state).interruption.is_requested() => {
                if at.sp >= (*running.store).stack_limit {
                    return Some(Answer::Divert { frameless: is_frameless(at.pc) });
                }
                Trap::StackOverflow
            }
            trap => trap,
        };
        (*state).stop.pending = usize::from(trap.code());
        (*state).stop.address = access.then_some(address);
        // Where it ends at a site, the address is that of the site.
        let on_stack = trap == Trap::StackOverflow && access && listed != Some(Trap::Interrupt);
        let sp = if on_stack { used_down_to(at.sp, address) } else { at.sp };
        let start = Start::Instruction { pc: at.pc, fp: at.fp, sp };
        trace(&mut (*state).stop.trace, start, activation);
        Some(Answer::Resume(landing(activation)))
    }
}

/// Whether the entry trampoline of `running` has written where it stands, as far as code that has stopped at `at` says. Until then what stands
/// in the activation's place for it may be anything: the trampoline makes its frame first, and if that fails there is nowhere to return to.
fn has_begun(code: &Code, running: &Activation, at: Resumption) -> bool {
    let (entry, text) = (running.entry.addr(), code.text().start);
    let handler = entry.checked_sub(text).and_then(|offset| code.view().handler_of(u32::try_from(offset).ok()?));
    // The landing pad is the trampoline's end; behind the first instruction the frame pointer is its own.
    let within = handler.is_some_and(|handler| (entry..text + handler.landing as usize).contains(&at.pc));
    !within || (at.pc != entry && at.fp == running.vm.entry_fp)
}

/// Whether an instruction that is listed for `trap` and faults at `address` has done what it is listed for. A load through a null
/// reference reaches no further than the null page, or the null area of the heap where it is one to an object, and only such loads are
/// listed for these traps: any other fault there, or a fault of theirs elsewhere, is a bug.
fn faults_at(state: &State, trap: Trap, address: usize) -> bool {
    match trap {
        Trap::NullFunctionReference => address < NULL_PAGE,
        Trap::NullStructureReference | Trap::NullArrayReference | Trap::CastFailure | Trap::NullReference => {
            state.heap.is_null_area(address)
        }
        Trap::Interrupt => state.is_interrupt_site(address),
        _ => state.reserves(address),
    }
}

/// The lowest place of the stack that can be read after a fault at `address` on it, where the stack pointer was `sp`. A prologue that
/// makes the argument area larger for a tail call moves both stack and frame pointer down before it touches what is there.
fn used_down_to(sp: usize, address: usize) -> usize {
    let page = page_size();
    sp.max((address / page * page).saturating_add(page))
}

/// Whether a fault of the code that runs in `activation` is at the end of its stack.
fn is_overflow(activation: &Activation, address: usize, sp: usize) -> bool {
    /// No probe of a frame skips more than this; the kernel keeps as much free below a main stack.
    const REACH: usize = 1 << 20;
    let stack = activation.stack();
    let below = stack.low.saturating_sub(REACH);
    // Mapped parts of the stack do not fault, so all of it may count: the kernel can refuse to let a main stack grow before
    // its limit. And it can let it grow further when the limit was raised: then the fault is near the stack pointer.
    let on_stack = below <= address && address < stack.high;
    let near = sp < stack.high && sp.saturating_sub(REACH) <= address && address < sp.saturating_add(REACH);
    on_stack || near
}

/// Where the innermost activation's entry trampoline continues after a trap, which is noted in it. Async-signal-safe.
///
/// # Safety
///
/// `activation` is the innermost one of this thread.
unsafe fn landing(activation: *const Activation) -> Resumption {
    Thread::with(Thread::mark_stopped);
    // SAFETY: it is on the stack of who entered the code, and of this thread.
    let activation = unsafe { &*activation };
    let entry = activation.entry.addr();
    // SAFETY: the trampoline's frame is live, so its code is.
    let code = Code::find(entry).map(|code: NonNull<Code>| unsafe { code.as_ref() });
    let handler = code.and_then(|code| {
        let text = code.text().start;
        let handler = code.view().handler_of(u32::try_from(entry - text).ok()?)?;
        Some(Resumption {
            pc: text + handler.landing as usize,
            fp: activation.vm.entry_fp,
            sp: activation.vm.entry_fp.checked_sub(handler.frame_offset as usize)?,
        })
    });
    match handler {
        Some(resumption) if resumption.fp != 0 => resumption,
        _ => {
            signal::fail("a trap where no entry trampoline can take it. This is a bug in tancho.", &[("entry", entry)])
        }
    }
}

/// The builtin `raise`: unwinds to the handler that catches what a host function throws; else to the innermost entry trampoline with
/// what [`VmStore::pending`] says.
///
/// # Safety
///
/// To be called with the store of compiled code that has left for the host: by its trampoline, or by a typed host function. Nothing in the
/// frames below those of compiled code needs to be dropped.
pub unsafe extern "C" fn raise(vm: *mut VmStore) -> ! {
    let activation = Thread::with(Thread::innermost);
    // SAFETY: compiled code of the store runs, so there is an innermost activation, and both are alive and nobody else's. A handler that
    // catches what was thrown stands in a live frame, as does the entry trampoline below.
    let resumption = unsafe {
        let Some(running) = activation.as_ref() else {
            signal::fail("compiled code raised outside of an activation. This is a bug in tancho.", &[])
        };
        if running.store != vm || !Thread::with(|thread| thread.runs(running, stack_pointer())) {
            fail_order();
        }
        let state = State::of(vm);
        let mut pending = (*vm).pending;
        (*vm).pending = 0;
        if pending == PENDING_THROW {
            // A collection on the way may drop values of the host, which may panic.
            pending = match catch_unwind(AssertUnwindSafe(|| exception::throw_from_host(&mut *state, vm))) {
                Ok(Ok(Some(Caught { resumption, values, reference }))) => {
                    resume(resumption.pc, resumption.fp, resumption.sp, values, reference)
                }
                Ok(Ok(None)) => PENDING_UNCAUGHT,
                Ok(Err(trap)) => usize::from(trap.code()),
                Err(panic) => builtin::caught(&mut *state, panic),
            };
        }
        (*state).stop.pending = pending;
        (*state).stop.address = None;
        trace(&mut (*state).stop.trace, Start::Exit(Exit::of(vm)), activation);
        landing(activation)
    };
    // SAFETY: the landing pad of the innermost entry trampoline; between it and here are frames of compiled code, and such as
    // hold nothing that needs to be dropped, as this one.
    unsafe { resume(resumption.pc, resumption.fp, resumption.sp, 0, 0) }
}
