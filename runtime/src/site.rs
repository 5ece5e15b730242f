//! Sites of interruption where the host is asked what to do, instead of ending what runs.
//!
//! Compiled code comes here from the middle of a function: by the signal handler, which sends it through a stub that keeps every register
//! (`sys::site`), or by the builtin `interrupt`, where it compares, or `out_of_fuel`, or out of a wait in a shared memory. There is no stack map at such a place, but in the
//! second case. So nothing may be collected, moved or run in the store before the code goes on; the embedding API, which is asked, sees to that. What it may do is wait,
//! where the call that runs is an asynchronous one.

use crate::activation::{Exit, Thread};
use crate::interrupt::Interruption;
use crate::memory::{Interrupts, Parked};
use crate::stack::Barrier;
use crate::state::State;
use crate::sync::Arc;
use crate::sys::register::FrameRecord;
use crate::sys::site;
use std::ptr::{self, with_exposed_provenance};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{PENDING_ERROR, VmStore};

/// What the host has decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The code goes on.
    GoOn,
    /// It ends by [`Trap::Interrupt`].
    Interrupt,
    /// It ends by an error that the embedding API has put aside.
    Fail,
}

/// Why the host is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The store's epoch has come.
    Epoch,
    /// As much fuel has been spent as there was for one turn.
    Fuel,
}

/// Whom a store asks.
#[derive(Clone, Copy, Debug)]
pub struct SiteHook {
    /// Decides.
    pub ask: unsafe fn(*mut (), Reason) -> Decision,
    /// What it is called with.
    pub data: *mut (),
}

/// A wait of the store's code in a shared memory, in which the host is asked as anywhere.
pub(crate) struct Waiting {
    interruption: Arc<Interruption>,
    vm: *mut VmStore,
}

impl Waiting {
    /// # Safety
    ///
    /// `vm` is of a live store as long as this lives, whose code has left for the host on this thread, and nobody holds a reference to its
    /// state meanwhile.
    pub(crate) unsafe fn new(vm: *mut VmStore) -> Waiting {
        // SAFETY: the caller says so; the reference ends here.
        Waiting { interruption: unsafe { (*State::of(vm)).interruption.clone() }, vm }
    }
}

impl Interrupts for Waiting {
    fn park(&self, parked: Parked) -> bool {
        self.interruption.park(parked)
    }

    fn unpark(&self, interrupted: bool) {
        self.interruption.unpark(interrupted);
    }

    fn ask(&self) -> bool {
        // SAFETY: the promise of `Waiting::new`. The wait is the thread's own, and a fiber that is suspended in it would leave who notifies
        // it without an answer: so none is.
        unsafe {
            let _barrier = Barrier::new(self.vm, false);
            stop(self.vm);
            (*self.vm).pending == 0
        }
    }
}

/// Called by the stub with the address of the frame record that it has made: the frame pointer of the code that was stopped, and where in
/// it. Gives null for the code to go on, else the store, to be given to `raise`.
///
/// # Safety
///
/// To be called by the stub, on the stack of the code that was stopped.
pub(crate) unsafe extern "C" fn arrive(record: usize) -> *mut VmStore {
    // SAFETY: code was stopped on this thread, so there is an innermost activation. The record is that of the stub.
    unsafe {
        let vm = (*Thread::with(Thread::innermost)).store;
        let record = with_exposed_provenance::<FrameRecord>(record).read();
        Exit { fp: record.caller, pc: record.return_address + site::BEHIND }.put(vm);
        stop(vm);
        if (*vm).pending == 0 { ptr::null_mut() } else { vm }
    }
}

/// Leaves pending what compiled code of the store is to be stopped by, if it is to be.
///
/// # Safety
///
/// Compiled code of the store has been stopped at a site and has recorded its exit; nobody holds a reference to the store's state.
pub(crate) unsafe fn stop(vm: *mut VmStore) {
    let state = State::of(vm);
    // SAFETY: the caller says so. No reference is held while the hook is called, which has the store to itself.
    unsafe {
        if (*state).interruption.has_request() {
            // Taken when the code has been stopped, as that of any interruption.
            (*vm).pending = usize::from(Trap::Interrupt.code());
            return;
        }
        let Some(hook) = (*state).epoch_hook else { return };
        if !(*state).interruption.take_epoch() {
            return;
        }
        (*vm).pending = ask(hook, Reason::Epoch);
    }
}

/// Asks the host where compiled code has spent the fuel of its turn and there is more. Leaves pending what it is to be stopped by, if it is.
///
/// # Safety
///
/// As for [`stop`].
pub(crate) unsafe fn turn(vm: *mut VmStore) {
    let state = State::of(vm);
    // SAFETY: the caller says so. No reference is held while the hook is called, which has the store to itself.
    unsafe {
        if (*state).fuel_reserve > 0
            && let Some(hook) = (*state).fuel_hook
        {
            (*vm).pending = ask(hook, Reason::Fuel);
        }
    }
}

/// Asks; what is pending because of the answer.
///
/// # Safety
///
/// As for [`stop`].
unsafe fn ask(hook: SiteHook, reason: Reason) -> usize {
    // SAFETY: the caller's promise.
    match unsafe { (hook.ask)(hook.data, reason) } {
        Decision::GoOn => 0,
        Decision::Interrupt => usize::from(Trap::Interrupt.code()),
        Decision::Fail => PENDING_ERROR,
    }
}
