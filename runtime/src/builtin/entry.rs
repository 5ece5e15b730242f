//! The one way from compiled code into a builtin: finds the store and the instance, turns a trap into a pending one, and
//! lets no panic out.
//!
//! Called by each builtin but those that need neither; and the builtin that is nothing but a trap.

use crate::id::InstanceId;
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
