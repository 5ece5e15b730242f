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
    /// The wait in which the store's thread is. There is one at most: whoever waits has the store to himself.
    parked: Option<Parked>,
    /// The pages that compiled code of the store reads, by their addresses.
    pages: Vec<usize>,
    /// Where the flag stands that compiled code looks at; 0 when the store is gone.
    flag: usize,
    /// Whether the request by which something is being stopped has been taken already: one that comes meanwhile is another.
    taken: bool,
}

impl State {
    /// Lets compiled code run on, or stops it.
    fn set(&mut self, requested: bool) {
        self.requested = requested;
        for page in &self.pages {
            map::allow_reading(*page, !requested);
        }
        if self.flag != 0 {
            // SAFETY: the store's own, which says when it goes (`close`); compiled code and this access it atomically.
            let flag = unsafe { AtomicUsize::from_ptr(std::ptr::with_exposed_provenance_mut(self.flag)) };
            flag.store(usize::from(requested), Ordering::SeqCst);
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
        // They are used again, by others.
        state.set(false);
        state.pages.clear();
        state.flag = 0;
    }

    /// Takes note of a page that code of the store reads.
    pub(crate) fn add_page(&self, page: usize) {
        let mut state = lock(&self.state);
        state.pages.push(page);
        if state.requested {
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

    fn change(&self, state: &mut State, requested: bool) {
        if state.requested != requested {
            self.requested.store(requested, Ordering::Relaxed);
            state.set(requested);
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
    /// returns.
    pub fn interrupt(&self) {
        let parked = {
            let mut state = lock(&self.0.state);
            self.0.change(&mut state, true);
            state.parked.clone()
        };
        if let Some(parked) = parked {
            parked.interrupt();
        }
    }

    /// Takes a request back that nothing has been ended by.
    pub fn cancel(&self) {
        self.0.change(&mut lock(&self.0.state), false);
    }

    /// Whether a request is still to be taken.
    pub fn is_pending(&self) -> bool {
        lock(&self.0.state).requested
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
