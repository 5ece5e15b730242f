//! Interruption: how another thread stops what runs in a store.
//!
//! The embedding API hands out [`InterruptHandle`]s; what can be interrupted (today a thread that waits in a shared memory) takes a
//! request by [`Interruption::take`], or is found by the handle where it sleeps. A request that finds nothing to interrupt stays until
//! something takes it: it is not lost between a host's decision and the guest's next wait.

use crate::memory::{Interrupts, Parked};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// What a store and the handles to interrupt it share.
pub(crate) struct Interruption {
    requested: AtomicBool,
    /// The wait in which the store's thread is. There is one at most: whoever waits has the store to himself.
    parked: Mutex<Option<Parked>>,
}

impl Interruption {
    pub(crate) fn new() -> Arc<Interruption> {
        Arc::new(Interruption { requested: AtomicBool::new(false), parked: Mutex::new(None) })
    }

    /// Takes a request, if there is one.
    pub(crate) fn take(&self) -> bool {
        self.requested.swap(false, Ordering::SeqCst)
    }
}

impl Interrupts for Interruption {
    /// Here the lock of the waiters is held and then this one's; [`InterruptHandle::interrupt`] holds one after the other only.
    fn park(&self, parked: Parked) -> bool {
        let mut place = lock(&self.parked);
        *place = Some(parked);
        // A request that is made from now on finds the place.
        self.requested.load(Ordering::SeqCst)
    }

    fn unpark(&self, interrupted: bool) {
        *lock(&self.parked) = None;
        if interrupted {
            self.take();
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

    /// Ends what runs in the store with [`Trap::Interrupt`](tancho_abi::trap::Trap::Interrupt): at present a thread that waits in
    /// `memory.atomic.wait32` or `memory.atomic.wait64`, at once; where none does, the next such wait as it begins. Several requests
    /// before one is taken are one.
    pub fn interrupt(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let parked = lock(&self.0.parked).clone();
        if let Some(parked) = parked {
            parked.interrupt();
        }
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}
