//! The one way from compiled code into a builtin: finds the store and the instance, turns a trap into a pending one, and
//! lets no panic out.
//!
//! Called by each builtin but those that need neither; and the builtin that is nothing but a trap.

use crate::id::InstanceId;
use crate::limit::{Denied, Question};
use crate::site;
use crate::state::{State, instance_id};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{PENDING_ERROR, VmContext};

/// Runs `work` for the calling instance; gives `otherwise` after a trap or a panic, which compiled code then unwinds for.
///
/// # Safety
///
/// To be called by a builtin with the context that compiled code gave it.
pub(super) unsafe fn run<R>(
    vmctx: *mut VmContext,
    otherwise: R,
    work: impl FnOnce(&mut State, InstanceId) -> Result<R, Trap>,
) -> R {
    // SAFETY: compiled code passes its instance's context, whose store is alive. Compiled code waits for the builtin to
    // return, and the caller of `call::enter` has the store to himself, so nobody else uses the state.
    let state = unsafe { &mut *State::of((*vmctx).store) };
    // SAFETY: as above.
    let id = instance_id(unsafe { &*vmctx });
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let id = id.expect("the context of an instance holds its id");
        work(state, id)
    }));
    let pending = match outcome {
        Ok(Ok(result)) => return result,
        Ok(Err(trap)) => usize::from(trap.code()),
        Err(panic) => {
            // SAFETY: as above; the borrow that the panicking work had is over.
            let state = unsafe { &mut *State::of((*vmctx).store) };
            caught(state, panic)
        }
    };
    // SAFETY: as above.
    unsafe { (*(*vmctx).store).pending = pending };
    otherwise
}

/// Grows something of the calling instance: `may` says whether the store's limits allow it, then its limiter is asked, with nobody holding
/// the store, and `grow` is told. The former size, or -1.
///
/// # Safety
///
/// As for [`run`]; compiled code has recorded its exit.
pub(super) unsafe fn grown(
    vmctx: *mut VmContext,
    may: impl FnOnce(&mut State, InstanceId) -> Result<Option<Question>, Denied>,
    grow: impl FnOnce(&mut State, InstanceId, Result<(), Denied>) -> Result<u64, Denied>,
) -> i64 {
    let grow = move |state: &mut State, id: InstanceId, admitted| {
        let grown = grow(state, id, admitted);
        state.grown(grown)
    };
    let first = |state: &mut State, id: InstanceId| match may(state, id) {
        Ok(Some(question)) => Ok(Err(Some((question, grow)))),
        Ok(None) => Ok(Ok(grow(state, id, Ok(())))),
        Err(denied) => Ok(Ok(grow(state, id, Err(denied)))),
    };
    // SAFETY: the caller's promise. No reference is held in between, where the limiter has its say.
    unsafe {
        match run(vmctx, Err(None), first) {
            Ok(size) => size,
            Err(None) => -1,
            Err(Some((question, grow))) => {
                let admitted = question.ask();
                run(vmctx, -1, |state, id| Ok(grow(state, id, admitted)))
            }
        }
    }
}

/// Keeps the message of a panic for the embedding API; what is pending because of it.
pub(crate) fn caught(state: &mut State, panic: Box<dyn Any + Send>) -> usize {
    state.panic = Some(message(&*panic));
    // Dropping the payload runs code of whoever panicked, which may panic again.
    std::mem::forget(panic);
    PENDING_ERROR
}

/// Leaves a trap pending, for which compiled code then unwinds.
///
/// # Safety
///
/// To be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn trap(vmctx: *mut VmContext, code: u32) {
    // SAFETY: compiled code passes its instance's context, whose store is alive and its own.
    unsafe { (*(*vmctx).store).pending = code as usize };
}

/// Ends what runs, or asks the host.
///
/// # Safety
///
/// To be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn interrupt(vmctx: *mut VmContext) {
    // SAFETY: compiled code passes its instance's context, whose store is alive, and has recorded its exit.
    unsafe { site::stop((*vmctx).store) }
}

fn message(panic: &(dyn Any + Send)) -> Box<str> {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").into()
}
