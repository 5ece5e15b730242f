//! Handlers: which one on the stack catches an exception.
//!
//! Called by `exception`. Walks frame pointers as `frame` does, within the innermost activation, and looks every return address up in
//! the tables of the image that it lies in (`CatchRecord` in `tancho-abi` draws them).

use super::frame::record;
use crate::activation::{Activation, Exit};
use crate::code::Code;
use crate::id::TagId;
use crate::state::{State, instance_id};
use crate::sys::register::Resumption;
use std::ops::Range;
use std::ptr::with_exposed_provenance;
use tancho_abi::catch::{CatchRecord, CatchSiteRecord};
use tancho_abi::module::{ModuleView, NONE};
use tancho_abi::vmctx::VmContext;

/// A handler.
pub(crate) struct Handler {
    /// Where it goes on.
    pub(crate) resumption: Resumption,
    /// Whether it takes a reference to the exception.
    pub(crate) wants_reference: bool,
}

/// The innermost handler of `activation` that catches exceptions of `tag`, when compiled code has left for the host by `exit`.
///
/// # Safety
///
/// The activation is the innermost one of this thread, `exit` is how its code has left, and `state` is its store's.
pub(crate) unsafe fn find(state: &State, activation: &Activation, exit: Exit, tag: TagId) -> Option<Handler> {
    let mut text: Range<usize> = 0..0;
    let mut view: Option<ModuleView<'_>> = None;
    let mut pc = exit.pc;
    // SAFETY: the trampoline's frame is live, so the stack has been used down to it.
    let mut fp = unsafe { record(activation, exit.fp, exit.fp) }?.caller;
    let mut lowest = exit.fp;
    // The entry trampoline's own frame is the last.
    while fp < activation.vm.entry_fp {
        if !text.contains(&pc) {
            // SAFETY: a live frame stands at `pc`, so its code is alive.
            let code = unsafe { Code::find(pc)?.as_ref() };
            (text, view) = (code.text(), Some(code.view()));
        }
        if let Some((site, catches)) = view.as_ref()?.catches_at(u32::try_from(pc - text.start).ok()?) {
            // SAFETY: the frame is live, and stands at this call.
            if let Some(found) = unsafe { select(state, site, catches, fp, tag) } {
                let resumption = Resumption {
                    pc: text.start + found.landing as usize,
                    fp,
                    sp: fp.checked_sub(site.frame_offset as usize)?,
                };
                return Some(Handler { resumption, wants_reference: found.reference != 0 });
            }
        }
        // SAFETY: the stack has been used down to `lowest`.
        let caller = unsafe { record(activation, fp, lowest) }?;
        lowest = fp + 1;
        (pc, fp) = (caller.return_address, caller.caller);
    }
    None
}

/// The first of a call's handlers that catches `tag`.
///
/// # Safety
///
/// A live frame with the frame pointer `fp` waits for this call to return.
unsafe fn select<'a>(
    state: &State,
    site: &CatchSiteRecord,
    catches: &'a [CatchRecord],
    fp: usize,
    tag: TagId,
) -> Option<&'a CatchRecord> {
    let tags: &[TagId] = if site.context == NONE {
        &[]
    } else {
        let place = fp - site.frame_offset as usize + site.context as usize;
        // SAFETY: the compiler keeps the function's vmctx in this place of the frame, and the instance is alive.
        let context = unsafe { &*with_exposed_provenance::<*const VmContext>(place).read() };
        instance_id(context).and_then(|id| state.instances.get(id.position())).map_or(&[], |instance| &instance.tags)
    };
    catches.iter().find(|catch| catch.tag == NONE || tags.get(catch.tag as usize) == Some(&tag))
}
