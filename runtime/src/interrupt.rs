//! Interruption: how another thread stops what runs in a store.
//!
//! The embedding API hands out [`InterruptHandle`]s; what can be interrupted (today a thread that waits in a shared memory) sees
//! a request as it begins, or is found by the handle where it sleeps. A request that finds nothing to interrupt stays until
//! something takes it: it is not lost between a host's decision and the guest's next wait.

use crate::memory::{Interrupts, Parked};
use crate::sync::{Arc, Mutex, lock};

/// What a store and the handles to interrupt it share.
pub(crate) struct Interruption {
    /// Under one lock, so that a request either finds a wait or is found by the next, and not both.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requested: bool,
    /// The wait in which the store's thread is. There is one at most: whoever waits has the store to himself.
    parked: Option<Parked>,
}

impl Interruption {
    pub(crate) fn new() -> Arc<Interruption> {
        Arc::new(Interruption { state: Mutex::new(State::default()) })
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
        state.requested &= !interrupted;
    }
}

/// Interrupts what runs in a store, from any thread. It does not keep the store alive: where that is gone, it does nothing.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Interruption>);

impl InterruptHandle {
    pub(crate) fn new(interruption: &Arc<Interruption>) -> InterruptHandle {
        InterruptHandle(interruption.clone())
    }

    /// Ends what runs in the store with [`Trap::Interrupt`](tancho_abi::trap::Trap::Interrupt): at present a thread that waits in
    /// `memory.atomic.wait32` or `memory.atomic.wait64`, at once; where none does, the next such wait as it begins. Several requests
    /// before one is taken are one.
    pub fn interrupt(&self) {
        let parked = {
            let mut state = lock(&self.0.state);
            state.requested = true;
            state.parked.clone()
        };
        if let Some(parked) = parked {
            parked.interrupt();
        }
    }

    /// Whether a request is still to be taken.
    #[cfg(all(loom, test))]
    pub(crate) fn is_pending(&self) -> bool {
        lock(&self.0.state).requested
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}
