//! Interruption: how another thread stops what runs in a store.
//!
//! The embedding API hands out [`InterruptHandle`]s. Compiled code reads a page below its context at every turn (`INTERRUPT_SITES` in
//! `tancho-abi`): a request makes these pages inaccessible, and the next read faults. Code that does not trap by signals looks at a flag,
//! as long copies do; a thread that waits in a shared memory is found where it sleeps. A request that finds nothing to interrupt stays
//! until something takes it: it is not lost between a host's decision and the guest's next step.
//!
//! All is under one lock, which is held while pages are protected and made accessible again. So no page is left inaccessible by a
//! request that has been taken, and none is touched that the store has given back.

use crate::memory::{Interrupts, Parked};
use crate::sync::{Arc, Mutex, lock};
use crate::sys::map;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;

/// What a store and the handles to interrupt it share.
pub(crate) struct Interruption {
    /// Under one lock, so that a request either finds a wait or is found by the next, and not both.
    state: Mutex<State>,
    /// The same as `requested`, for who looks now and then.
    requested: AtomicBool,
}

#[derive(Default)]
struct State {
    requested: bool,
    /// The store's epoch has come, and the host is to be asked what to do.
    epoch: bool,
    /// Whether that is done; else the end of an epoch is an interruption.
    asks: bool,
    /// The wait in which the store's thread is. There is one at most: whoever waits has the store to himself.
    parked: Option<Parked>,
    /// The pages that compiled code of the store reads, by their addresses.
    pages: Vec<usize>,
    /// Where the flag stands that compiled code looks at; 0 when the store is gone.
    flag: usize,
    /// Whether the request by which something is being stopped has been taken already: one that comes meanwhile is another.
    taken: bool,
    /// Who polls the call in which a host function waits.
    sleeper: Option<Waker>,
}

impl State {
    /// Whether compiled code is to stop.
    fn stops(&self) -> bool {
        self.requested || self.epoch
    }

    /// Lets compiled code run on, or stops it.
    fn set(&mut self, stop: bool) {
        for page in &self.pages {
            map::allow_reading(*page, !stop);
        }
        if self.flag != 0 {
            // SAFETY: the store's own, which says when it goes (`close`); compiled code and this access it atomically.
            let flag = unsafe { AtomicUsize::from_ptr(std::ptr::with_exposed_provenance_mut(self.flag)) };
            flag.store(usize::from(stop), Ordering::SeqCst);
        }
    }
}

impl Interruption {
    pub(crate) fn new() -> Arc<Interruption> {
        Arc::new(Interruption { state: Mutex::new(State::default()), requested: AtomicBool::new(false) })
    }

    /// Takes note of the flag of the store, which is at an address of its own.
    pub(crate) fn open(&self, flag: *mut usize) {
        lock(&self.state).flag = flag.expose_provenance();
    }

    /// The store goes: nothing of it may be touched any more.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        // They are used again, by others. Without a request they can be read, and to say so once more would ask the system.
        if state.stops() {
            state.set(false);
        }
        (state.requested, state.epoch) = (false, false);
        state.pages.clear();
        state.flag = 0;
        let former = state.sleeper.take();
        drop(state);
        drop(former);
    }

    /// Takes note of a page that code of the store reads.
    pub(crate) fn add_page(&self, page: usize) {
        let mut state = lock(&self.state);
        state.pages.push(page);
        if state.stops() {
            map::allow_reading(page, false);
        }
    }

    /// Whether a request is still to be taken.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// Takes the request by which something has been stopped.
    pub(crate) fn take(&self) {
        let mut state = lock(&self.state);
        if !std::mem::take(&mut state.taken) {
            self.change(&mut state, false);
        }
    }

    /// Whether there is a request to be taken, exactly.
    pub(crate) fn has_request(&self) -> bool {
        lock(&self.state).requested
    }

    /// Whether the host is asked when the store's epoch has come.
    pub(crate) fn set_asks(&self, asks: bool) {
        let mut state = lock(&self.state);
        state.asks = asks;
        if !asks && state.epoch {
            self.change(&mut state, true);
            self.change_epoch(&mut state, false);
        }
    }

    /// Takes note that the store's epoch has come; whether it has.
    pub(crate) fn take_epoch(&self) -> bool {
        let mut state = lock(&self.state);
        let epoch = state.epoch;
        self.change_epoch(&mut state, false);
        epoch
    }

    /// A host function is about to wait, and who polls it is to be woken by a request. `true` where there is one already, which is taken:
    /// then it is not to wait.
    pub(crate) fn sleep(&self, waker: Waker) -> bool {
        let mut state = lock(&self.state);
        if state.requested {
            self.change(&mut state, false);
            return true;
        }
        let former = state.sleeper.replace(waker);
        // A waker may do anything as it is dropped.
        drop(state);
        drop(former);
        false
    }

    /// A host function waits no more. Takes a request where it is to be taken; whether there was one.
    pub(crate) fn wake_up(&self, take: bool) -> bool {
        let mut state = lock(&self.state);
        let former = state.sleeper.take();
        let requested = state.requested && take;
        if requested {
            self.change(&mut state, false);
        }
        drop(state);
        drop(former);
        requested
    }

    /// Requests that what runs is ended. Who is to be woken for it is given back: that may do anything.
    fn request(&self) -> Sleeper {
        let (parked, sleeper) = {
            let mut state = lock(&self.state);
            self.change(&mut state, true);
            (state.parked.clone(), state.sleeper.take())
        };
        if let Some(parked) = parked {
            parked.interrupt();
        }
        Sleeper(sleeper)
    }

    fn change(&self, state: &mut State, requested: bool) {
        if state.requested != requested {
            self.requested.store(requested, Ordering::Relaxed);
            let before = state.stops();
            state.requested = requested;
            if state.stops() != before {
                state.set(!before);
            }
        }
    }

    fn change_epoch(&self, state: &mut State, epoch: bool) {
        let before = state.stops();
        state.epoch = epoch;
        if state.stops() != before {
            state.set(!before);
        }
    }
}

impl Interrupts for Interruption {
    /// Here the lock of the waiters is held and then this one's; [`InterruptHandle::interrupt`] holds one after the other only.
    fn park(&self, parked: Parked) -> bool {
        let mut state = lock(&self.state);
        state.parked = Some(parked);
        state.requested
    }

    fn unpark(&self, interrupted: bool) {
        let mut state = lock(&self.state);
        state.parked = None;
        if interrupted {
            self.change(&mut state, false);
            state.taken = true;
        }
    }
}

/// Interrupts what runs in a store, from any thread. It does not keep the store alive: where that is gone, it does nothing.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Interruption>);

impl InterruptHandle {
    pub(crate) fn new(interruption: &Arc<Interruption>) -> InterruptHandle {
        InterruptHandle(interruption.clone())
    }

    /// Ends what runs in the store with [`Trap::Interrupt`](tancho_abi::trap::Trap::Interrupt), at once: a loop at its next turn, a call of a
    /// function that calls others, a copy of many bytes, a thread that waits in `memory.atomic.wait32` or `memory.atomic.wait64`. Where none
    /// runs, the next such thing is ended as it begins. Code that was compiled without interruption is not stopped, but where it waits.
    /// Several requests before one is taken are one. A host function that the code has called is not interrupted: the code is when it
    /// returns. A call that waits for an asynchronous host function ends, with all that waits for it in turn in the same store, when it is
    /// polled again, for which this wakes its task.
    pub fn interrupt(&self) {
        self.request().wake();
    }

    /// [`interrupt`](Self::interrupt), but for the task that is to be woken for it, which is given back.
    #[doc(hidden)]
    pub fn request(&self) -> Sleeper {
        self.0.request()
    }

    /// Takes a request back that nothing has been ended by.
    pub fn cancel(&self) {
        self.0.change(&mut lock(&self.0.state), false);
    }

    /// Whether a request is still to be taken. This takes no lock: a host function may ask as often as it likes.
    pub fn is_pending(&self) -> bool {
        self.0.is_requested()
    }
}

/// The task of a call that waits and has been interrupted.
#[must_use = "the task is to be woken"]
#[derive(Debug)]
pub struct Sleeper(Option<Waker>);

impl Sleeper {
    /// Wakes it. That runs what the executor has put there, and so is done under no lock.
    pub fn wake(self) {
        if let Some(waker) = self.0 {
            waker.wake();
        }
    }
}

/// Tells a store that its epoch has come, from any thread. It does not keep the store alive.
#[derive(Clone)]
pub struct EpochHandle(Arc<Interruption>);

impl EpochHandle {
    pub(crate) fn new(interruption: &Arc<Interruption>) -> EpochHandle {
        EpochHandle(interruption.clone())
    }

    /// Ends what runs in the store, as [`InterruptHandle::request`] does, or, where the host is asked
    /// ([`Store::set_epoch_hook`](crate::store::Store::set_epoch_hook)), has compiled code stop for that at its next site. A thread that
    /// waits, in a shared memory or for an asynchronous host function, is then left to it.
    pub fn expire(&self) -> Sleeper {
        {
            let mut state = lock(&self.0.state);
            if state.asks {
                self.0.change_epoch(&mut state, true);
                return Sleeper(None);
            }
        }
        self.0.request()
    }
}

impl std::fmt::Debug for EpochHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EpochHandle").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_stays_until_it_is_taken() {
        let mut flag = 0_usize;
        let interruption = Interruption::new();
        interruption.open(&raw mut flag);
        let handle = InterruptHandle::new(&interruption);
        handle.interrupt();
        handle.interrupt();
        assert!(interruption.is_requested() && handle.is_pending());
        interruption.take();
        assert!(!interruption.is_requested() && !handle.is_pending());
        handle.interrupt();
        handle.cancel();
        assert!(!handle.is_pending());
        interruption.close();
        handle.interrupt();
        assert_eq!(flag, 0, "the flag is not the store's any more");
    }

    #[test]
    fn requests_come_from_any_thread_while_the_store_takes_them_and_goes() {
        let rounds = if cfg!(miri) { 20 } else { 2000 };
        for _ in 0..rounds {
            let mut flag = Box::new(0_usize);
            let interruption = Interruption::new();
            interruption.open(&raw mut *flag);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    let handle = InterruptHandle::new(&interruption);
                    scope.spawn(move || {
                        handle.interrupt();
                        handle.cancel();
                        handle.interrupt();
                    });
                }
                interruption.take();
                interruption.close();
                drop(flag);
            });
        }
    }
}
