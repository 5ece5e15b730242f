//! Frames: walking the frame pointers of compiled code, through nested calls from the host.
//!
//! Called by `trap`, in a signal handler among other places, and by `store` for the backtrace of a host function. It loads,
//! compares and stores only. A frame pointer is followed only when it lies on the activation's stack, above the one before
//! it: compiled code in the middle of a prologue may leave one that means nothing.

use crate::activation::{Activation, Exit};
use crate::code::Code;
use crate::sys::register::FrameRecord;
use std::mem::MaybeUninit;

/// How many frames are kept where nobody has said otherwise; as many have room in the trace itself.
const KEPT: usize = 64;
/// How many more are counted. Without a bound, a program that goes from compiled code to the host and back over and over,
/// with a trap at every level, would take time by the square of its depth.
const COUNTED: usize = 4096;

/// The innermost places of a stack of frames, and how many more there were, at least.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The first places, of which as many are there as `length` says: to write them all is a good part of making a store.
    places: [MaybeUninit<usize>; KEPT],
    /// Room for those after them, where more are to be kept: a signal handler makes none.
    further: Box<[usize]>,
    /// How many are kept.
    limit: usize,
    length: usize,
    more: usize,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace::with_limit(KEPT)
    }

    /// One that keeps at most `limit` frames. With 0 nothing is walked.
    pub(crate) fn with_limit(limit: usize) -> Trace {
        // No stack has more than are counted, so that nobody needs room for them.
        let limit = limit.min(COUNTED);
        let further = vec![0; limit.saturating_sub(KEPT)].into_boxed_slice();
        Trace { places: [const { MaybeUninit::uninit() }; KEPT], further, limit, length: 0, more: 0 }
    }

    /// How many frames it keeps.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Addresses inside of the instructions at which the frames stand, innermost first.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        let first = self.places.iter().take(self.length);
        // SAFETY: so many have been written.
        let first = first.map(|place| unsafe { place.assume_init() });
        first.chain(self.further.iter().copied().take(self.length.saturating_sub(KEPT)))
    }

    /// How many frames outside of these were not kept: exactly, or, where it is [`COUNTED`], at least.
    pub(crate) fn more(&self) -> usize {
        self.more
    }

    fn push(&mut self, place: usize) {
        if self.length >= self.limit {
            self.more += functions_at(place);
            return;
        }
        // There is room for as many as the limit says.
        match self.length.checked_sub(KEPT) {
            None => {
                self.places[self.length].write(place);
            }
            Some(position) => self.further[position] = place,
        }
        self.length += 1;
    }

    /// Whether the walk may end.
    fn is_full(&self) -> bool {
        self.more >= COUNTED || self.limit == 0
    }
}

/// How many functions are running in the frame that stands at `place`: more than one where some are inlined.
fn functions_at(place: usize) -> usize {
    let Some(code) = Code::find(place) else { return 1 };
    // SAFETY: a live frame stands in the code, so it is alive.
    let code = unsafe { code.as_ref() };
    let offset = u32::try_from(place - code.text().start).unwrap_or(u32::MAX);
    code.view().frames_at(offset).count().max(1)
}

/// Where the walk begins.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// At an instruction of compiled code, with its frame pointer and the lowest place of the stack that has been used.
    Instruction { pc: usize, fp: usize, sp: usize },
    /// At the exit of compiled code to the host, as its trampoline recorded it.
    Exit(Exit),
}

/// Fills `trace` with the frames from `start` outwards: those of the activation, then those of the activations outside of it, as far as they are kept or counted.
///
/// # Safety
///
/// `activation` is the innermost one of this thread, and `start` is a place within it.
pub(crate) unsafe fn trace(trace: &mut Trace, start: Start, activation: *const Activation) {
    trace.length = 0;
    trace.more = 0;
    let mut start = start;
    let mut next = if trace.is_full() { std::ptr::null() } else { activation };
    // SAFETY: activations live on the stack frames of `call::enter` calls that have not returned.
    while let Some(activation) = unsafe { next.as_ref() } {
        let (fp, sp) = match start {
            Start::Instruction { pc, fp, sp } => {
                trace.push(pc);
                if is_frameless(pc) {
                    // SAFETY: the activation is live, and the stack has been used down to the stack pointer.
                    unsafe { returning(trace, activation, fp, sp) };
                }
                (fp, sp)
            }
            Start::Exit(exit) => {
                match exit.fp {
                    // It has not left, and the walk ends at once.
                    0 => (usize::MAX, 0),
                    fp => {
                        // A return address stands behind its call.
                        trace.push(exit.pc.wrapping_sub(1));
                        (fp, fp)
                    }
                }
            }
        };
        // SAFETY: the activation is live, and its stack has been used down to `sp`.
        unsafe { walk(trace, fp, sp, activation) };
        let outer = activation.outer();
        if outer.is_null() || trace.is_full() {
            return;
        }
        // SAFETY: there is one outside of it.
        start = Start::Exit(unsafe { activation.outer_exit.assume_init() });
        next = outer;
    }
}

/// Whether compiled code that is stopped at `pc` has no frame of its own. Async-signal-safe.
pub(crate) fn is_frameless(pc: usize) -> bool {
    let Some(code) = Code::find(pc) else { return false };
    // SAFETY: this thread stands in the code, so it is alive.
    let code = unsafe { code.as_ref() };
    u32::try_from(pc - code.text().start).is_ok_and(|offset| code.view().is_frameless_at(offset))
}

/// The frame of who called a function that has none, which stands at the stack pointer `sp` and has its caller's frame pointer.
///
/// # Safety
///
/// As for [`record`].
unsafe fn returning(trace: &mut Trace, activation: &Activation, fp: usize, sp: usize) {
    // An entry trampoline is no function.
    if fp == activation.vm.entry_fp {
        return;
    }
    // SAFETY: the caller says so. What is read besides the word at `sp` is on the stack as well: its caller's frame is there.
    if let Some(FrameRecord { caller: return_address, .. }) = unsafe { record(activation, sp, sp) } {
        trace.push(return_address.wrapping_sub(1));
    }
}

/// The frames from the frame pointer `fp` up to the entry trampoline's.
///
/// # Safety
///
/// As for [`record`].
unsafe fn walk(trace: &mut Trace, fp: usize, sp: usize, activation: &Activation) {
    let (mut fp, mut lowest) = (fp, sp);
    let entry_fp = activation.vm.entry_fp;
    while fp < entry_fp && !trace.is_full() {
        // SAFETY: the caller says so.
        let Some(found) = (unsafe { record(activation, fp, lowest) }) else { return };
        // The last one returns to the entry trampoline, which is no function.
        if found.caller != entry_fp {
            trace.push(found.return_address.wrapping_sub(1));
        }
        lowest = fp + 1;
        fp = found.caller;
    }
}

/// The frame record at `fp`, when that can be one: on the activation's stack, not below `lowest`, aligned.
///
/// # Safety
///
/// The activation's stack is the one this thread runs on, or is suspended on in an outer call, and has been used down to
/// `lowest`.
pub(super) unsafe fn record(activation: &Activation, fp: usize, lowest: usize) -> Option<FrameRecord> {
    let stack = activation.stack();
    let end = fp.checked_add(size_of::<FrameRecord>())?;
    let sound = fp >= stack.low && fp >= lowest && end <= stack.high && fp.is_multiple_of(align_of::<FrameRecord>());
    // SAFETY: on the stack, above a place that has been used, so it is mapped; two words have no invalid values.
    sound.then(|| unsafe { std::ptr::with_exposed_provenance::<FrameRecord>(fp).read() })
}
