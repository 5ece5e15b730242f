//! The builtins that throw: `throw`, `throw_ref`.
//!
//! Called by compiled code. Where there is a handler, they go on there and do not return; where there is none, what is thrown is
//! pending for the trampoline, which unwinds to the entry trampoline as for a trap.

use super::entry::run;
use crate::exception::{self, Caught, Thrown};
use crate::sys::register::resume;
use tancho_abi::vmctx::{PENDING_UNCAUGHT, ValRaw, VmContext};

/// `throw`: a new exception with tag `tag` of the instance and the values that stand at `values`.
///
/// # Safety
///
/// This and the other builtin: to be called by compiled code with its instance's context; there are as many values as the tag has.
pub(super) unsafe extern "C" fn throw(vmctx: *mut VmContext, tag: u32, values: *mut u8) {
    // SAFETY: the caller is compiled code, and waits.
    let caught = unsafe {
        run(vmctx, None, |state, id| {
            let tag = state.instances[id.position()].tags[tag as usize];
            let count = state.tags[tag.position()].ty.func().params.len();
            let values = if count == 0 { &[] } else { std::slice::from_raw_parts(values.cast::<ValRaw>(), count) };
            state.exceptions.put(tag, values.iter().copied());
            let caught = exception::throw(state, (*vmctx).store, Thrown::New(tag), 0)?;
            if caught.is_none() {
                state.vm.pending = PENDING_UNCAUGHT;
            }
            Ok(caught)
        })
    };
    // SAFETY: as above.
    unsafe { go_on(caught) }
}

/// `throw_ref` of an exception that is not null.
///
/// # Safety
///
/// As for [`throw`].
pub(super) unsafe extern "C" fn throw_ref(vmctx: *mut VmContext, exception: u32) {
    // SAFETY: the caller is compiled code, and waits.
    let caught = unsafe {
        run(vmctx, None, |state, _| {
            let caught = exception::throw(state, (*vmctx).store, Thrown::Again(exception), 0)?;
            if caught.is_none() {
                state.vm.pending = PENDING_UNCAUGHT;
            }
            Ok(caught)
        })
    };
    // SAFETY: as above.
    unsafe { go_on(caught) }
}

/// Goes on in the handler, if there is one.
///
/// # Safety
///
/// To be called where nothing on the stack up to the compiled code needs to be dropped.
unsafe fn go_on(caught: Option<Caught>) {
    if let Some(Caught { resumption, values, reference }) = caught {
        // SAFETY: the landing pad of a handler in a live frame of compiled code, found by the return addresses on the stack; below
        // it are frames of compiled code, and those of the builtin.
        unsafe { resume(resumption.pc, resumption.fp, resumption.sp, values, reference) }
    }
}
