//! Who may suspend the fiber that runs, and when.
//!
//! A store knows the fiber that its innermost asynchronous call runs on. A host function that compiled code has called *directly from that
//! call* may suspend it: then nothing stands on the fiber's stack but compiled code and the embedding API's own frames. It may not once the
//! host has entered compiled code of the store another way in between, by a synchronous call of a host function: the frames of that
//! function may hold what must not change its thread, and do not expect to be stopped. Three things see to this:
//!
//! * a suspension is given out only while the store's last activation is the one that the asynchronous call has made, or that before it
//!   was the store's last, when the call came to a host function without compiled code;
//! * whoever has taken it has it alone: while the host's code runs that a host function waits for, nobody else finds it;
//! * calls from the host to a host function that have no activation of their own put up a [`Barrier`].

use crate::activation::Activation;
use crate::state::State;
use std::cell::Cell;
use std::ptr;
use std::task::Context;
use tancho_abi::vmctx::VmStore;

/// Why a fiber goes on.
#[cfg_attr(not(feature = "async"), expect(dead_code, reason = "nothing makes a fiber"))]
pub(crate) enum Wake {
    /// It is polled, with this context, which is good until it is suspended again.
    Poll(*mut Context<'static>),
    /// It is to come to its end at once.
    Cancel,
}

/// The call is to end: nobody waits for it any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled;

/// Why a wait has ended without what was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The call is to end: nobody waits for it any more.
    Cancelled,
    /// The store was interrupted. The request is taken.
    Interrupted,
}

/// Leaves a fiber, and comes back with why it goes on.
type Switch = fn(*const ()) -> Wake;

/// What a fiber is suspended by. Stands still as long as the fiber.
pub(crate) struct Suspender {
    /// With what it is to be called with.
    switch: Cell<Option<(Switch, *const ())>>,
    context: Cell<*mut Context<'static>>,
    /// The store's last activation when the fiber was made.
    base: *const Activation,
    cancelled: Cell<bool>,
}

impl Suspender {
    #[cfg(feature = "async")]
    pub(super) fn new(base: *const Activation) -> Suspender {
        Suspender { switch: Cell::new(None), context: Cell::new(ptr::null_mut()), base, cancelled: Cell::new(false) }
    }

    /// The fiber begins.
    #[cfg(feature = "async")]
    pub(super) fn begin(&self, switch: Switch, argument: *const (), wake: Wake) {
        self.switch.set(Some((switch, argument)));
        self.take(wake);
    }

    fn take(&self, wake: Wake) {
        match wake {
            Wake::Poll(context) => self.context.set(context),
            Wake::Cancel => self.cancelled.set(true),
        }
    }

    /// Leaves the fiber until it is resumed, on whatever thread. Not inlined: what a caller has computed of the thread's own variables must
    /// not be used after it.
    #[inline(never)]
    fn suspend(&self) -> Result<(), Cancelled> {
        if self.cancelled.get() {
            return Err(Cancelled);
        }
        let (switch, argument) = self.switch.get().expect("it has begun");
        self.take(std::hint::black_box(switch)(argument));
        if self.cancelled.get() { Err(Cancelled) } else { Ok(()) }
    }

    /// Whether the code that runs now is called from the asynchronous call itself, or by the compiled code that this has entered.
    ///
    /// # Safety
    ///
    /// The store that the fiber is of is `state`'s.
    unsafe fn is_at(&self, state: &State) -> bool {
        let last = state.activation;
        // SAFETY: activations of the store live on the stack frames of `call::enter` calls that have not returned.
        last == self.base || unsafe { last.as_ref() }.is_some_and(|last| last.outer_of_store() == self.base)
    }
}

/// The right to suspend the fiber that runs. The store gives it to one at a time, and has it back when this is dropped.
pub struct Suspension {
    suspender: *const Suspender,
    vm: *mut VmStore,
}

impl Suspension {
    /// Takes it, where whoever asks may suspend.
    ///
    /// # Safety
    ///
    /// `vm` is of a live store that the caller has to himself as long as this lives, but for other calls that begin and end meanwhile. He
    /// is a host function, or what is called at the site of an interruption, and between compiled code and him there are frames only that
    /// do not mind being continued on another thread.
    pub unsafe fn take(vm: *mut VmStore) -> Option<Suspension> {
        // SAFETY: the caller says so. A suspender that the store knows is of a fiber that is running.
        unsafe {
            let state = State::of(vm);
            let suspender = (*state).suspender;
            if suspender.is_null() || !(*suspender).is_at(&*state) {
                return None;
            }
            (*state).suspender = ptr::null();
            Some(Suspension { suspender, vm })
        }
    }

    fn suspender(&self) -> &Suspender {
        // SAFETY: it belongs to the fiber that runs this.
        unsafe { &*self.suspender }
    }

    /// Calls `f` with the context of the poll that has resumed the fiber last.
    ///
    /// # Errors
    ///
    /// When the fiber is to end: nobody polls it any more, and there is no context.
    pub fn with_context<R>(&self, f: impl FnOnce(&mut Context<'_>) -> R) -> Result<R, Cancelled> {
        if self.suspender().cancelled.get() {
            return Err(Cancelled);
        }
        // SAFETY: whoever polls waits until the fiber is suspended or has ended, and `f` cannot suspend it: the suspension is borrowed.
        // Nobody else has the context meanwhile.
        Ok(f(unsafe { &mut *self.suspender().context.get() }))
    }

    /// Leaves the fiber until it is polled again, possibly on another thread.
    ///
    /// # Errors
    ///
    /// When it is to end instead. From then on nothing can wait on it.
    pub fn suspend(&mut self) -> Result<(), Cancelled> {
        self.suspender().suspend()
    }

    /// Does the same for a host function that waits for something. A request to interrupt the store wakes who polls.
    ///
    /// # Errors
    ///
    /// When it is to end instead, or the store was interrupted, before or meanwhile.
    pub fn wait(&mut self) -> Result<(), Woken> {
        // SAFETY: the store is the caller's of `take`; only what it shares with other threads is used.
        let interruption = unsafe { (*State::of(self.vm)).interruption.clone() };
        let waker = self.with_context(|context| context.waker().clone()).map_err(|Cancelled| Woken::Cancelled)?;
        if interruption.sleep(waker) {
            return Err(Woken::Interrupted);
        }
        let cancelled = self.suspend().is_err();
        let interrupted = interruption.wake_up(!cancelled);
        match (cancelled, interrupted) {
            (true, _) => Err(Woken::Cancelled),
            (false, true) => Err(Woken::Interrupted),
            (false, false) => Ok(()),
        }
    }
}

impl Drop for Suspension {
    fn drop(&mut self) {
        // SAFETY: the store is the caller's of `take`.
        unsafe { (*State::of(self.vm)).suspender = self.suspender };
    }
}

/// While it lives nobody can suspend the fiber that runs.
pub struct Barrier {
    suspender: *const Suspender,
    vm: *mut VmStore,
}

impl Barrier {
    /// For a call from the host to a host function. `waits` says whether the function is asynchronous: then there is none where it is the
    /// asynchronous call itself that calls it.
    ///
    /// # Safety
    ///
    /// `vm` is of a live store that the caller has to himself as long as this lives, but for calls that begin and end meanwhile.
    pub unsafe fn new(vm: *mut VmStore, waits: bool) -> Barrier {
        // SAFETY: the caller says so. A suspender that the store knows is of a fiber that is running.
        unsafe {
            let state = State::of(vm);
            let suspender = (*state).suspender;
            let direct = waits && suspender.as_ref().is_some_and(|suspender| suspender.base == (*state).activation);
            if !direct {
                (*state).suspender = ptr::null();
            }
            Barrier { suspender, vm }
        }
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        // SAFETY: the store is the caller's of `new`.
        unsafe { (*State::of(self.vm)).suspender = self.suspender };
    }
}
