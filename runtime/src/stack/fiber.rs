//! Fibers: calls that run on a stack of their own, so that they can be left in the middle and taken up again, on whatever thread.
//!
//! The embedding API makes one for each asynchronous call and polls it as a future. The switch itself is `corosensei`'s.
//!
//! # What holds
//!
//! **Who owns it.** The future of the call owns the [`Fiber`], the fiber its stack. The stack is given back when the fiber has come to its
//! end; a fiber that is dropped before is brought to its end first, by [`Cancelled`](super::Cancelled) where it waits, on which the host
//! function returns, compiled code is unwound by a trap and everything on the stack is dropped in order. A fiber that is forgotten keeps
//! its stack for ever, and all that is on it: nothing else refers to what was given back.
//!
//! **What is on it when it is suspended.** From the upper end: `corosensei`'s frame; the embedding API's call; [`call::enter`](crate::call)
//! with one activation; compiled code; the embedding API's frame of an asynchronous host function with the future it waits for, which is
//! `Send`, or the stub of an interruption's site. No frame of a synchronous host function (`suspend` says how), and none of compiled code
//! that somebody else has entered. So there is one activation of the fiber at most, and what the frames hold may change its thread when
//! the store's data may.
//!
//! **Why it may go on elsewhere.** What of a thread code on a fiber has to do with is exchanged in [`Fiber::resume`], on both sides of the
//! switch: the thread's innermost activation, which is the fiber's while this runs, and the activation before the fiber's, which is
//! whatever the thread has come from this time; the bounds and the limit of the stack (`Footing`); and a thread's alternate signal stack
//! and signal mask are seen to before. `call::enter` and its likes do not keep the address of a thread's own variables across compiled
//! code that may be suspended. The store is borrowed by the future, and calls of it begin and end within each other,
//! on fibers as elsewhere.
//!
//! **Overflow.** An activation knows the bounds of the stack it runs on. The guard of a fiber's stack is inaccessible, so that a fault
//! there is found to be the end of that stack, by the handler on whatever thread runs it; trampolines compare with the fiber's limit,
//! above which the host has what it may rely on.
//!
//! **What others see.** While a fiber is suspended, its store is as it was before the fiber's activation: by its last activation, exit and limit
//! of the stack it is known what stands outside, to backtraces of other stores that the fiber's poller runs meanwhile, and to collections.

use super::pool::{PooledStack, StackPool};
use super::suspend::{Suspender, Wake};
use crate::activation::{Activation, Exit, Footing, Thread, fail_order};
use crate::state::State;
use crate::sys::signal;
use crate::sys::stack::Bounds;
use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tancho_abi::vmctx::VmStore;

/// How many fibers of one store there may be: each within a host function that the one before it waits for. Beyond, a program that calls
/// itself through asynchronous host functions has exhausted its stack.
const NESTED: u32 = 100;

// SAFETY: the bounds are those of memory that is the stack's own, with a guard at the lower end, and larger than is asked for.
unsafe impl Stack for PooledStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.bounds().high).expect("no stack ends at address 0")
    }

    fn limit(&self) -> StackPointer {
        StackPointer::new(self.start()).expect("no stack begins at address 0")
    }
}

/// Why there is no fiber.
#[derive(Debug)]
pub enum FiberError {
    /// The system refuses a stack.
    System(io::Error),
    /// The store has as many as it may have.
    TooMany,
}

impl fmt::Display for FiberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FiberError::System(_) => f.write_str("cannot map a stack for an asynchronous call"),
            FiberError::TooMany => {
                write!(f, "{NESTED} asynchronous calls of one store wait within each other, which is the most")
            }
        }
    }
}

impl std::error::Error for FiberError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FiberError::System(error) => Some(error),
            FiberError::TooMany => None,
        }
    }
}

/// A call on a stack of its own. It begins when it is first polled. Dropped before its end, it is brought there.
pub struct Fiber<'a, R> {
    coroutine: Coroutine<Wake, (), R, PooledStack>,
    /// In memory of its own: it is known by its address.
    suspender: Box<Suspender>,
    vm: *mut VmStore,
    /// The stack.
    bounds: Bounds,
    /// The activation on it while it is suspended; null where there is none.
    activation: *mut Activation,
    /// How its code has left for the host, and the limit of its stack, while there is one.
    left: (Exit, usize),
    /// What the call borrows.
    borrowed: PhantomData<&'a mut ()>,
}

// SAFETY: the module says why what is on the stack may go on on another thread; `Fiber::new` was promised the rest.
unsafe impl<R: Send> Send for Fiber<'_, R> {}

impl<'a, R> Fiber<'a, R> {
    /// One that calls `f` when it is first polled.
    ///
    /// # Errors
    ///
    /// When the system refuses a stack, or the store has too many fibers.
    ///
    /// # Safety
    ///
    /// `vm` is of a live store that the caller has to himself for `'a`, or until he has dropped the fiber: nobody else uses it while the
    /// fiber is suspended. What `f` has on the stack while it is suspended is `Send`, and does not mind being there for ever. `f` does not
    /// panic.
    pub unsafe fn new(
        pool: &Arc<StackPool>,
        vm: *mut VmStore,
        f: impl FnOnce() -> R + Send + 'a,
    ) -> Result<Self, FiberError> {
        let state = State::of(vm);
        // SAFETY: the store is the caller's.
        let (fibers, activation) = unsafe { ((*state).fibers, (*state).activation) };
        if fibers >= NESTED {
            return Err(FiberError::TooMany);
        }
        let stack = pool.take().map_err(FiberError::System)?;
        let bounds = stack.bounds();
        let suspender = Box::new(Suspender::new(activation));
        let known = ptr::from_ref(&*suspender);
        let body = move |yielder: &Yielder<Wake, ()>, wake: Wake| {
            // SAFETY: the fiber has the suspender as long as this runs.
            unsafe { &*known }.begin(leave, ptr::from_ref(yielder).cast(), wake);
            f()
        };
        // SAFETY: what `f` borrows lives for `'a`, which the fiber does not outlive unless it is forgotten: then nobody uses it any more.
        let coroutine = unsafe { Coroutine::with_stack_unchecked(stack, body) };
        // SAFETY: the store is the caller's.
        unsafe { (*state).fibers += 1 };
        let (activation, left) = (ptr::null_mut(), (Exit::NONE, 0));
        Ok(Fiber { coroutine, suspender, vm, bounds, activation, left, borrowed: PhantomData })
    }

    /// Runs it until it is suspended or comes to its end.
    ///
    /// # Panics
    ///
    /// When it has come to its end before.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<R> {
        match self.resume(Wake::Poll(ptr::from_mut(context).cast())) {
            CoroutineResult::Yield(()) => Poll::Pending,
            CoroutineResult::Return(result) => Poll::Ready(result),
        }
    }

    fn resume(&mut self, wake: Wake) -> CoroutineResult<(), R> {
        assert!(!self.coroutine.done(), "a call that has ended was polled again");
        let state = State::of(self.vm);
        // This thread's all the while: whoever is on the stack below has called this, and does not go on elsewhere before it returns.
        Thread::with(|thread| {
            // SAFETY: the store is the caller's of `new`.
            let signals = unsafe { (*state).signals_based_traps };
            // Where it is refused, nothing of the guest's may run: one that was suspended ends, one that begins is refused as it enters.
            let ready = !signals || thread.ready_for_signals().is_ok();
            let wake = if ready { wake } else { Wake::Cancel };
            let outer = thread.innermost();
            if let Some(activation) = ptr::NonNull::new(self.activation) {
                // SAFETY: the activation is on the fiber's stack, which is suspended; an outer one and its store are alive, and its code
                // has left for the host. The store is the caller's of `new`.
                unsafe {
                    let activation = activation.as_ptr();
                    let exit = outer.as_ref().map_or(Exit::NONE, |outer| Exit::of(outer.store));
                    (*activation).put_within(outer, exit);
                    self.put(activation, self.left);
                }
                thread.set_innermost(self.activation);
            }
            let footing = thread.stand_on(Footing::of_fiber(self.bounds, signals && ready));
            // SAFETY: the store is the caller's of `new`.
            let suspender = unsafe { std::mem::replace(&mut (*state).suspender, &raw const *self.suspender) };
            let result = self.coroutine.resume(wake);
            // SAFETY: as above.
            unsafe { (*state).suspender = suspender };
            thread.stand_on(footing);
            let innermost = thread.innermost();
            self.activation = ptr::null_mut();
            if innermost != outer {
                // SAFETY: an innermost activation of this thread is on a stack that is in use; where it is the fiber's, it has been entered
                // with all that was before written to it, since fibers are no thread's own stack. The store is the caller's of `new`.
                unsafe {
                    if (*innermost).outer() != outer {
                        fail_order();
                    }
                    self.activation = innermost.cast_mut();
                    self.left = (Exit::of(self.vm), (*self.vm).stack_limit);
                    let before = ((*innermost).saved_exit.assume_init(), (*innermost).saved_limit.assume_init());
                    self.put((*innermost).outer_of_store(), before);
                }
                thread.set_innermost(outer);
            }
            result
        })
    }
}

impl<R> Fiber<'_, R> {
    /// Makes an activation the store's last, with how its code has left and the limit of its stack.
    ///
    /// # Safety
    ///
    /// The store is alive and the caller's, and the activation one of it that has not ended, or null.
    unsafe fn put(&self, activation: *const Activation, (exit, limit): (Exit, usize)) {
        // SAFETY: the caller says so.
        unsafe {
            (*State::of(self.vm)).activation = activation;
            exit.put(self.vm);
            (*self.vm).stack_limit = limit;
        }
    }
}

impl<R> Drop for Fiber<'_, R> {
    fn drop(&mut self) {
        // What waits on it is told to end, and whatever would wait after that as well.
        let waits = self.coroutine.started() && !self.coroutine.done();
        let ended = waits.then(|| self.resume(Wake::Cancel));
        if matches!(ended, Some(CoroutineResult::Yield(()))) {
            signal::fail("a fiber that was cancelled has waited again. This is a bug in tancho.", &[]);
        }
        // Before what it ended in is dropped, which may panic.
        // SAFETY: the store is the caller's of `new`.
        unsafe { (*State::of(self.vm)).fibers -= 1 };
    }
}

/// Leaves the fiber that has this yielder; comes back with why it goes on.
fn leave(yielder: *const ()) -> Wake {
    // SAFETY: `Fiber::new` gave it for the yielder of the fiber that runs this.
    unsafe { &*yielder.cast::<Yielder<Wake, ()>>() }.suspend(())
}

impl<R> fmt::Debug for Fiber<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fiber").field("done", &self.coroutine.done()).finish_non_exhaustive()
    }
}
