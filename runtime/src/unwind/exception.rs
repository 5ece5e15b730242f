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
use crate::sys::signal;
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

/// The innermost handler of `activation` that catches exceptions of `tag`, when compiled code has left for the host by `exit`; `None` when
/// all frames were asked and none has one. Where there is anything but frames on the way to the entry trampoline's, nothing can be said, and
/// the process ends.
///
/// # Safety
///
/// The activation is the innermost one of this thread, `exit` is how its code has left, and `state` is its store's.
pub(crate) unsafe fn find(state: &State, activation: &Activation, exit: Exit, tag: TagId) -> Option<Handler> {
    let mut text: Range<usize> = 0..0;
    let mut view: Option<&ModuleView<'_>> = None;
    let (mut pc, mut fp, mut lowest) = (exit.pc, exit.fp, exit.fp);
    // The entry trampoline's own frame is the last.
    while fp < activation.vm.entry_fp {
        if !text.contains(&pc) {
            let Some(code) = Code::find(pc) else { broken(pc, fp) };
            // SAFETY: a live frame stands at `pc`, so its code is alive.
            let code = unsafe { code.as_ref() };
            (text, view) = (code.text(), Some(code.view()));
        }
        let offset = u32::try_from(pc - text.start).ok();
        if let Some((site, catches)) = view.as_ref().zip(offset).and_then(|(view, offset)| view.catches_at(offset)) {
            // SAFETY: the frame is live, and stands at this call.
            if let Some(found) = unsafe { select(state, site, catches, fp, tag) } {
                let Some(sp) = fp.checked_sub(site.frame_offset as usize) else { broken(pc, fp) };
                return Some(Handler {
                    resumption: Resumption { pc: text.start + found.landing as usize, fp, sp },
                    wants_reference: found.reference != 0,
                });
            }
        }
        // SAFETY: the stack has been used down to `lowest`.
        let Some(caller) = (unsafe { record(activation, fp, lowest) }) else { broken(pc, fp) };
        lowest = fp + 1;
        (pc, fp) = (caller.return_address, caller.caller);
    }
    if fp != activation.vm.entry_fp {
        broken(pc, fp);
    }
    None
}

/// A walk that cannot go on: to take it for its end would be to pass by handlers.
#[cold]
fn broken(pc: usize, fp: usize) -> ! {
    signal::fail(
        "what an exception came to on the stack is no frame of compiled code. This is a bug in tancho.",
        &[("pc", pc), ("fp", fp)],
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Around;
    use crate::sys::stack::{Bounds, BoundsCell};
    use std::process::Command;
    use std::ptr;
    use std::sync::Arc;
    use tancho_abi::tunables::Tunables;

    /// Which stack of frames the child walks.
    const STACK: &str = "TANCHO_TEST_STACK";

    /// Stacks of words: frame records, each the frame pointer of the caller, as a position here, and a return address. The exit's is at 0,
    /// the entry's at 6.
    const STACKS: [(&str, [usize; 8]); 4] = [
        ("sound", [6, 0, 0, 0, 0, 0, 0, 0]),
        ("no code", [2, 0, 6, 0, 0, 0, 0, 0]),
        ("past the entry", [7, 0, 0, 0, 0, 0, 0, 0]),
        ("off the stack", [1 << 40, 0, 0, 0, 0, 0, 0, 0]),
    ];

    /// Looks for a handler in a stack where there is none.
    fn walk(frames: [usize; 8]) -> Option<Handler> {
        let mut words = [0_usize; 8];
        let low = (&raw mut words).expose_provenance();
        for (position, word) in words.iter_mut().enumerate() {
            *word = if position % 2 == 0 { low + size_of::<usize>() * frames[position] } else { 4096 };
        }
        let exit = Exit { fp: words[0], pc: words[1] };
        let entry_fp = low + 6 * size_of::<usize>();
        let stack = BoundsCell::new(Bounds { low, high: low + size_of_val(&words) });
        let around = Around {
            outer: ptr::null(),
            outer_of_store: ptr::null(),
            outer_exit: Exit::NONE,
            saved_exit: Exit::NONE,
            saved_limit: 0,
        };
        let mut activation = Activation::new(ptr::null_mut(), ptr::null(), ptr::null_mut(), &stack, around);
        activation.vm.entry_fp = entry_fp;
        let state = State::new(Arc::new(Tunables::default()), ptr::null());
        // SAFETY: records are read on this stack only, all of which is there; none of its places is in code.
        let found = unsafe { find(&*state.as_ptr(), &activation, exit, TagId::next(0)) };
        std::hint::black_box(&words);
        found
    }

    /// A walk that comes to what is no frame is not a walk that found no handler.
    #[test]
    fn broken_walks_end_the_process() {
        if let Some(name) = std::env::var_os(STACK) {
            let (_, frames) = STACKS.iter().find(|(stack, _)| *stack == name).expect("it is one of them");
            assert!(walk(*frames).is_none());
            return;
        }
        for (name, _) in STACKS {
            let child = Command::new(std::env::current_exe().expect("the test has a file"))
                .args(["--exact", "unwind::exception::tests::broken_walks_end_the_process", "--nocapture"])
                .env(STACK, name)
                .output()
                .expect("it starts");
            let text = String::from_utf8_lossy(&child.stderr);
            assert_eq!(child.status.success(), name == "sound", "{name}: {text}");
            assert_eq!(text.contains("is no frame of compiled code"), name != "sound", "{name}: {text}");
        }
    }
}
