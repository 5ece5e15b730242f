//! Signals: installing a handler before those that are there, passing on what is not ours, and the registers of an
//! interrupted thread.
//!
//! Called by `trap`. What runs inside a signal handler here loads, compares and stores; system calls are made only when a
//! signal is passed on.

use super::register::Resumption;
use std::cell::UnsafeCell;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signals by which the machine reports what compiled code did wrong.
pub(crate) const SIGNALS: [libc::c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// A handler as `sigaction` wants it.
pub(crate) type Handler = unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// What was installed for a signal before us.
struct Previous {
    action: UnsafeCell<MaybeUninit<libc::sigaction>>,
    /// Whether it was installed to be used once (`SA_RESETHAND`) and has been.
    spent: AtomicBool,
}

// SAFETY: `action` is written by `install` alone, which runs once, before the handler that reads it is installed.
unsafe impl Sync for Previous {}

static PREVIOUS: [Previous; SIGNALS.len()] =
    [const { Previous { action: UnsafeCell::new(MaybeUninit::uninit()), spent: AtomicBool::new(false) } };
        SIGNALS.len()];

/// Installs `handler` for all of [`SIGNALS`], to run on the alternate stack. May be called once per process.
///
/// # Safety
///
/// `handler` must be async-signal-safe, and this must be the only call.
pub(crate) unsafe fn install(handler: Handler) -> io::Result<()> {
    for (signal, previous) in SIGNALS.iter().zip(&PREVIOUS) {
        // The former action is recorded before ours is in force, so that a signal in between finds it.
        // SAFETY: a null new action only asks for the present one; `action` is nobody else's yet.
        if unsafe { libc::sigaction(*signal, ptr::null(), (*previous.action.get()).as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: all zero is a sound `sigaction`.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        // Without SA_NODEFER: a fault inside of the handler ends the process by the kernel's hand.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the mask is ours; the handler is as `sigaction` wants it.
        let done = unsafe {
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(*signal, &action, ptr::null_mut())
        };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Takes [`SIGNALS`] out of the set that this thread blocks. A blocked signal that the machine raises ends the process, so
/// whoever has blocked these, as programs do that leave all signals to one thread, would die by the first trap. They never
/// tell anything to another thread.
pub(crate) fn unblock() -> io::Result<()> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the first call initialises the set, which the others use.
    let code = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in SIGNALS {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut())
    };
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// Does with a signal what would have been done without us.
///
/// # Safety
///
/// To be called from the handler that [`install`] installed, with its own arguments, as the last thing it does.
pub(crate) unsafe fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(position) = SIGNALS.iter().position(|ours| *ours == signal) else { return };
    let previous = &PREVIOUS[position];
    // SAFETY: `install` wrote it before it installed the handler that runs now.
    let action = unsafe { (*previous.action.get()).assume_init_ref() };
    // SAFETY: the kernel gave `info`.
    let from_machine = unsafe { (*info).si_code } > 0;
    let once = action.sa_flags & libc::SA_RESETHAND != 0;
    match action.sa_sigaction {
        // The kernel does not let a fault be ignored: the process ends as by default.
        libc::SIG_IGN if !from_machine => {}
        libc::SIG_IGN | libc::SIG_DFL => default(signal, from_machine),
        _ if once && previous.spent.swap(true, Ordering::Relaxed) => default(signal, from_machine),
        handler => {
            // The mask that would be in force: the interrupted code's, the handler's own, and the signal itself.
            // SAFETY: `context` is the kernel's, the sets are ours; all calls are async-signal-safe.
            unsafe {
                let mut mask = (*context.cast::<libc::ucontext_t>()).uc_sigmask;
                for other in 1..=64 {
                    if libc::sigismember(&action.sa_mask, other) == 1 {
                        libc::sigaddset(&mut mask, other);
                    }
                }
                if action.sa_flags & libc::SA_NODEFER == 0 {
                    libc::sigaddset(&mut mask, signal);
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, &mask, ptr::null_mut());
            }
            if action.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: the flag says that the address is that of such a function.
                let handler: Handler = unsafe { std::mem::transmute(handler) };
                // SAFETY: it is called as the kernel would call it.
                unsafe { handler(signal, info, context) }
            } else {
                // SAFETY: without the flag it is a function of the signal alone.
                let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
                handler(signal);
            }
        }
    }
}

/// Lets the default action happen: by returning to the instruction, which faults again, or, where it would not, by sending
/// the signal again.
fn default(signal: libc::c_int, from_machine: bool) {
    // SAFETY: all zero is a sound `sigaction`, and SIG_DFL a sound action; the calls are async-signal-safe.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &action, ptr::null_mut());
        if !from_machine || signal == libc::SIGTRAP {
            libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::syscall(libc::SYS_gettid), signal);
        }
    }
}

/// The registers of the thread that a signal interrupted.
#[derive(Clone, Copy)]
pub(crate) struct Context(*mut libc::ucontext_t);

impl Context {
    /// Of a handler's third argument.
    ///
    /// # Safety
    ///
    /// It must be that argument, and the handler must not have returned.
    pub(crate) unsafe fn new(context: *mut libc::c_void) -> Context {
        Context(context.cast())
    }

    /// Where the thread was.
    pub(crate) fn read(self) -> Resumption {
        // SAFETY: `new` was promised that the context is the kernel's and live.
        let machine = unsafe { &(*self.0).uc_mcontext };
        read(machine)
    }

    /// The alternate signal stack of the thread: its lowest byte, and the first above it.
    pub(crate) fn alternate(self) -> (usize, usize) {
        // SAFETY: as in `read`.
        let stack = unsafe { &(*self.0).uc_stack };
        (stack.ss_sp.addr(), stack.ss_sp.addr().saturating_add(stack.ss_size))
    }

    /// Lets it call the stub of `site` where it is, and go on afterwards. `frameless` says whether the function where it is has no frame.
    ///
    /// # Safety
    ///
    /// It was in compiled code, at a site of interruption, and has the room of a host function below its stack pointer.
    pub(crate) unsafe fn divert(self, frameless: bool) {
        let stub = if frameless { super::site::frameless_stub } else { super::site::stub };
        // SAFETY: as in `read`; nobody else uses the context. The rest is the caller's promise.
        unsafe { divert(&mut (*self.0).uc_mcontext, stub as *const () as usize) }
    }

    /// Where it is to go on, with zero in the payload registers.
    pub(crate) fn write(self, to: Resumption) {
        // SAFETY: as in `read`; nobody else uses the context.
        let machine = unsafe { &mut (*self.0).uc_mcontext };
        write(machine, to);
    }
}

/// Lets the thread call the stub of `site`: the place where it was is pushed.
///
/// # Safety
///
/// There is room below its stack pointer.
#[cfg(target_arch = "x86_64")]
unsafe fn divert(machine: &mut libc::mcontext_t, stub: usize) {
    let pc = read(machine).pc;
    let sp = read(machine).sp - size_of::<usize>();
    // SAFETY: the caller says so.
    unsafe { ptr::with_exposed_provenance_mut::<usize>(sp).write(pc) };
    machine.gregs[libc::REG_RSP as usize] = sp as i64;
    machine.gregs[libc::REG_RIP as usize] = stub as i64;
}

/// Lets the thread call the stub of `site`: it finds the place behind the instruction in x16.
///
/// # Safety
///
/// There is room below its stack pointer.
#[cfg(target_arch = "aarch64")]
unsafe fn divert(machine: &mut libc::mcontext_t, stub: usize) {
    machine.regs[16] = machine.pc + 4;
    machine.pc = stub as u64;
}

/// Lets the thread call the stub of `site`: it finds the place behind the instruction in t6.
///
/// # Safety
///
/// There is room below its stack pointer, and an instruction at its program counter.
#[cfg(target_arch = "riscv64")]
unsafe fn divert(machine: &mut libc::mcontext_t, stub: usize) {
    let pc = read(machine).pc;
    // SAFETY: the caller says so; instructions are aligned to two bytes.
    let first = unsafe { ptr::with_exposed_provenance::<u16>(pc).read() };
    // The lowest bits say whether it is a compressed one.
    let length = if first & 3 == 3 { 4 } else { 2 };
    machine.__gregs[31] = (pc + length) as libc::c_ulong;
    machine.__gregs[libc::REG_PC] = stub as libc::c_ulong;
}

/// Whether the instruction at `pc` does nothing but trap, by a signal that tells of accesses on this machine.
///
/// # Safety
///
/// `pc` is in code that is alive, and which can be read.
pub(crate) unsafe fn is_trap(pc: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller says so.
    return unsafe { std::ptr::with_exposed_provenance::<u8>(pc).read() == tancho_abi::trap::X86_64_TRAP[0] };
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = pc;
        false
    };
}

#[cfg(target_arch = "x86_64")]
fn read(machine: &libc::mcontext_t) -> Resumption {
    let register = |index: libc::c_int| machine.gregs[index as usize] as usize;
    Resumption { pc: register(libc::REG_RIP), fp: register(libc::REG_RBP), sp: register(libc::REG_RSP) }
}

#[cfg(target_arch = "x86_64")]
fn write(machine: &mut libc::mcontext_t, to: Resumption) {
    let mut set = |index: libc::c_int, value: usize| machine.gregs[index as usize] = value as i64;
    set(libc::REG_RIP, to.pc);
    set(libc::REG_RBP, to.fp);
    set(libc::REG_RSP, to.sp);
    set(libc::REG_RAX, 0);
    set(libc::REG_RDX, 0);
}

#[cfg(target_arch = "aarch64")]
fn read(machine: &libc::mcontext_t) -> Resumption {
    Resumption { pc: machine.pc as usize, fp: machine.regs[29] as usize, sp: machine.sp as usize }
}

#[cfg(target_arch = "aarch64")]
fn write(machine: &mut libc::mcontext_t, to: Resumption) {
    machine.pc = to.pc as u64;
    machine.regs[29] = to.fp as u64;
    machine.sp = to.sp as u64;
    machine.regs[0] = 0;
    machine.regs[1] = 0;
}

#[cfg(target_arch = "riscv64")]
fn read(machine: &libc::mcontext_t) -> Resumption {
    let register = |index: usize| machine.__gregs[index] as usize;
    Resumption { pc: register(libc::REG_PC), fp: register(libc::REG_S0), sp: register(libc::REG_SP) }
}

#[cfg(target_arch = "riscv64")]
fn write(machine: &mut libc::mcontext_t, to: Resumption) {
    machine.__gregs[libc::REG_PC] = to.pc as u64;
    machine.__gregs[libc::REG_S0] = to.fp as u64;
    machine.__gregs[libc::REG_SP] = to.sp as u64;
    machine.__gregs[libc::REG_A0] = 0;
    machine.__gregs[libc::REG_A0 + 1] = 0;
}

/// Prints `parts` on standard error, and ends the process with status 1: something outside of it has gone wrong. Async-signal-safe.
pub(crate) fn leave(parts: &[&[u8]]) -> ! {
    // SAFETY: writes bytes of ours; `_exit` does not return.
    unsafe {
        for part in parts {
            libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len());
        }
        libc::_exit(1)
    }
}

/// Prints `text` and a list of named numbers on standard error, and ends the process. Async-signal-safe.
pub(crate) fn fail(text: &str, numbers: &[(&str, usize)]) -> ! {
    let mut line = [0_u8; 512];
    let mut length = 0;
    let mut put = |bytes: &[u8]| {
        let room = &mut line[length..];
        let taken = bytes.len().min(room.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        length += taken;
    };
    put(b"tancho: ");
    put(text.as_bytes());
    for (name, number) in numbers {
        put(b" ");
        put(name.as_bytes());
        put(b"=0x");
        let mut digits = [0_u8; 16];
        for (position, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[number >> (60 - 4 * position) & 15];
        }
        put(&digits);
    }
    put(b"\n");
    // SAFETY: writes bytes of ours; `abort` does not return.
    unsafe {
        libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), length);
        libc::abort()
    }
}
