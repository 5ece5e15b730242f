//! Calls from the host into compiled code, and what comes back when the code is stopped.
//!
//! Called by the embedding API's typed and untyped calls. The fast path is a handful of loads and stores around the call
//! of the entry trampoline.

use crate::activation::{Activation, Around, Exit, Refusal, Thread, check_stopped};
use crate::state::State;
use crate::sys::register::stack_pointer;
use crate::sys::stack::BoundsCell;
use crate::unwind::{Backtrace, Start, Trace, trace};
use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{PENDING_UNCAUGHT, ValRaw, VmActivation, VmStore};

pub use crate::activation::HOST_RESERVE;

/// Compiled code did not come to its end.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub cause: Cause,
    /// Where.
    pub backtrace: Backtrace,
    /// The address that could not be accessed, where that was the cause.
    pub address: Option<usize>,
}

/// Why compiled code was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A trap.
    Trap(Trap),
    /// An error of the host, which whoever made it pending has put aside.
    HostError,
    /// An exception that nothing caught: see [`Store::take_uncaught`](crate::store::Store::take_uncaught).
    Exception,
    /// It was not begun: there is no guard below the stack.
    UnguardedStack,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Trap(trap) => trap.fmt(f),
            Cause::Exception => f.write_str("an exception was not caught"),
            Cause::HostError => f.write_str("a host function failed"),
            Cause::UnguardedStack => f.write_str(
                "the stack that this thread runs on has no guard page (inaccessible memory) directly below it, \
                 and Tancho needs one to notice when the stack is exhausted",
            ),
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Stopped {}

/// Runs `f`, which calls the host entry `entry` with the activation that it is given.
///
/// # Errors
///
/// When a trap, or an error of a host function, stopped the code; what `f` gave means nothing then. Also when there is too
/// little room on the stack to run any, or no guard below it that is needed, and then `f` was not called.
///
/// Where the store's tunables leave traps to signals: on the first entry of a thread, SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP are unblocked in it if they were blocked: a
/// trap needs them. They must not be blocked again while compiled code runs.
///
/// Activations of a thread must end innermost first. Where they do not (coroutines that wait in host functions and are
/// resumed in another order), the process ends with a message.
///
/// # Safety
///
/// `vm` is of a live store that nobody else uses meanwhile and to which no reference is held across the call; `entry` is a
/// host entry (typed or array) in code that the store keeps, and `f` calls no other with the activation; `results` has
/// room for as many results as the entry writes there. Where the store's tunables leave traps to signals,
/// [`trap::install`](crate::trap::install) has been called.
#[inline]
pub unsafe fn enter<R>(
    vm: *mut VmStore,
    entry: *const u8,
    results: *mut ValRaw,
    f: impl FnOnce(*mut VmActivation) -> R,
) -> Result<R, Box<Stopped>> {
    Thread::with(|thread| {
        // SAFETY: the store is the caller's, and alive.
        let signals = unsafe { (*State::of(vm)).signals_based_traps };
        let (stack, limit) = match thread.stack(stack_pointer(), signals) {
            Ok(found) => found,
            Err(refusal) => return Err(refused(thread, &refusal)),
        };
        let stack = BoundsCell::new(stack);
        // SAFETY: the store is the caller's, and alive.
        let limit = unsafe { (*State::of(vm)).lowest_stack(limit) };
        // On a fiber, this may come back on another thread.
        let before = (!thread.moves()).then_some(thread);
        let outer = thread.innermost();
        // SAFETY: the store is the caller's; an outer activation and its store are alive as long as it is on the stack.
        let around = unsafe {
            Around {
                outer,
                outer_of_store: (*State::of(vm)).activation,
                outer_exit: if outer.is_null() { Exit::NONE } else { Exit::of((*outer).store) },
                saved_exit: Exit::of(vm),
                saved_limit: (*vm).stack_limit,
            }
        };
        let mut activation = Activation::new(vm, entry, results, &stack, around);
        let activation = &raw mut activation;
        // SAFETY: the store is the caller's.
        unsafe {
            (*vm).stack_limit = limit;
            Exit::NONE.put(vm);
            (*State::of(vm)).activation = activation;
        }
        thread.set_innermost(activation);
        let leave = Leave { thread: before, activation };
        // SAFETY: the pointer is into the activation, which outlives the call.
        let result = f(unsafe { &raw mut (*activation).vm });
        if leave.end() {
            // SAFETY: the store is the caller's, and code that was stopped has left a record of why.
            return Err(unsafe { stopped(vm) });
        }
        Ok(result)
    })
}

/// Runs `f` as [`enter`] does, where that is done with least ado: there is room on the thread's own stack, and neither the thread nor the
/// store is in an activation. `None` where it is not so, and then `f` was not called.
///
/// `results` is where there is room for the results if they are several.
///
/// What is outside of such an activation is nothing, and a store that is in none has neither exit nor limit: so nothing is kept to be put
/// back. To carry old values through memory from one call to the next would take longer than all else here.
///
/// # Errors
///
/// As for [`enter`].
///
/// # Safety
///
/// As for [`enter`]. The store's limits have no bytes of stack.
#[inline(always)]
pub unsafe fn enter_outermost<R>(
    vm: *mut VmStore,
    entry: *const u8,
    results: Option<*mut ValRaw>,
    f: impl FnOnce(*mut VmActivation) -> R,
) -> Option<Result<R, Box<Stopped>>> {
    // SAFETY: the reference is used on this thread only, here.
    let thread = unsafe { Thread::present() };
    let (stack, limit) = thread.quick(stack_pointer())?;
    // SAFETY: the store is the caller's.
    if unsafe { !(*State::of(vm)).activation.is_null() } {
        return None;
    }
    let mut activation = MaybeUninit::<Activation>::uninit();
    let activation = activation.as_mut_ptr();
    // SAFETY: there is room for it.
    unsafe { Activation::put_outermost(activation, vm, entry, results, stack) };
    // SAFETY: the store is the caller's. Its exit is written before it is read: when the code leaves for the host.
    unsafe {
        // It is there from the last call, for the most part, and to read is less than to write.
        if (*vm).stack_limit != limit {
            (*vm).stack_limit = limit;
        }
        (*State::of(vm)).activation = activation;
    }
    thread.set_innermost(activation);
    let leave = LeaveOutermost { thread, vm };
    // SAFETY: the pointer is into the activation, which outlives the call.
    let result = f(unsafe { &raw mut (*activation).vm });
    let innermost = thread.innermost();
    drop(leave);
    // One comparison for all that is not as it mostly is.
    if innermost != activation.cast_const() {
        check_stopped(innermost, activation);
        // SAFETY: the store is the caller's, and code that was stopped has left a record of why.
        return Some(Err(unsafe { stopped(vm) }));
    }
    Some(Ok(result))
}

/// Ends an activation outside of which there is none, on the way of a panic as well.
struct LeaveOutermost<'a> {
    thread: &'a Thread,
    vm: *mut VmStore,
}

impl Drop for LeaveOutermost<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.thread.set_innermost(ptr::null());
        // SAFETY: the store is the caller's.
        unsafe { (*State::of(self.vm)).activation = ptr::null() };
    }
}

/// Ends an activation, on the way of a panic as well.
struct Leave<'a> {
    /// The thread, where it can be no other than before.
    thread: Option<&'a Thread>,
    activation: *mut Activation,
}

impl Leave<'_> {
    /// Whether its code was stopped.
    #[inline]
    fn end(self) -> bool {
        ManuallyDrop::new(self).end_once()
    }

    #[inline]
    fn end_once(&self) -> bool {
        match self.thread {
            Some(thread) => self.end_on(thread),
            None => Thread::now(|thread| self.end_on(thread)),
        }
    }

    #[inline(always)]
    fn end_on(&self, thread: &Thread) -> bool {
        let innermost = thread.innermost();
        let stopped = innermost != self.activation.cast_const();
        if stopped {
            check_stopped(innermost, self.activation);
        }
        // SAFETY: the activation is on the stack of `enter`, which has written all of it, and its store is the caller's.
        unsafe {
            let activation = &*self.activation;
            thread.set_innermost(activation.outer());
            (*activation.store).stack_limit = activation.saved_limit.assume_init();
            activation.saved_exit.assume_init().put(activation.store);
            (*State::of(activation.store)).activation = activation.outer_of_store();
        }
        stopped
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.end_once();
    }
}

/// What the stop that a store recorded amounts to.
///
/// # Safety
///
/// Compiled code of the store has just been stopped, and nobody else uses the store.
#[cold]
unsafe fn stopped(vm: *mut VmStore) -> Box<Stopped> {
    // SAFETY: the caller says so. The code in which the frames stood is kept by stores that are still alive: the frames
    // were on this thread's stack a moment ago.
    unsafe {
        let stop = &(*State::of(vm)).stop;
        let trap = u8::try_from(stop.pending).ok().and_then(Trap::from_code);
        if trap == Some(Trap::Interrupt) {
            (*State::of(vm)).interruption.take();
        }
        let cause = match trap {
            Some(trap) => Cause::Trap(trap),
            None if stop.pending == PENDING_UNCAUGHT => Cause::Exception,
            None => Cause::HostError,
        };
        Box::new(Stopped { cause, backtrace: Backtrace::of(&stop.trace), address: stop.address })
    }
}

/// Compiled code cannot be entered at all.
#[cold]
fn refused(thread: &Thread, refusal: &Refusal) -> Box<Stopped> {
    let innermost = thread.innermost();
    // SAFETY: an innermost activation and its store are alive, and it has left for the host, where this call is.
    let backtrace = unsafe {
        let mut found = Trace::new();
        if !innermost.is_null() {
            found = Trace::with_limit((*State::of((*innermost).store)).stop.trace.limit());
            trace(&mut found, Start::Exit(Exit::of((*innermost).store)), innermost);
        }
        Backtrace::of(&found)
    };
    let cause = match refusal {
        Refusal::NoRoom => Cause::Trap(Trap::StackOverflow),
        Refusal::Unguarded => Cause::UnguardedStack,
    };
    Box::new(Stopped { cause, backtrace, address: None })
}
