//! References on the stack: every place in a frame of compiled code that refers to an object.
//!
//! Called by the collector. Walks the activations of one store, of whatever threads, by the chain that starts at the store's state; in
//! each, the frames from where its code has left for the host up to its entry trampoline. What a frame holds is known by where the call
//! that it waits for returns to (`SafepointRecord` in `tancho-abi`).

use super::frame::record;
use crate::activation::{Activation, Exit};
use crate::code::Code;
use crate::sys::signal;
use std::ops::Range;
use std::ptr::with_exposed_provenance_mut;
use tancho_abi::vmctx::VmStore;

/// What was found for return addresses, of which there are few beside frames. The codes of a store are kept as long as it.
#[derive(Default)]
pub(crate) struct Safepoints(Box<[Known]>);

/// A return address, and how far below the frame pointer the references of its frame stand.
#[derive(Clone, Copy)]
struct Known {
    pc: usize,
    places: *const u32,
    count: usize,
}

/// How many are kept: a power of two.
const KNOWN: usize = 512;

impl Safepoints {
    /// What is known of a call that returns to `pc`.
    ///
    /// # Safety
    ///
    /// A live frame stands there, of code that the store keeps.
    unsafe fn at(&mut self, pc: usize) -> &'static [u32] {
        if self.0.is_empty() {
            self.0 = vec![Known { pc: 0, places: std::ptr::null(), count: 0 }; KNOWN].into();
        }
        // Calls are several bytes long.
        let slot = &mut self.0[(pc ^ pc >> 9) & (KNOWN - 1)];
        if slot.pc != pc {
            // SAFETY: the caller says so.
            let places = unsafe { look_up(pc) };
            *slot = Known { pc, places: places.as_ptr(), count: places.len() };
        }
        if slot.count == 0 {
            return &[];
        }
        // SAFETY: part of the description of a code that lives as long as the store, to whose walk the slice is used only.
        unsafe { std::slice::from_raw_parts(slot.places, slot.count) }
    }
}

/// What an image says of the call that returns to `pc`.
///
/// # Safety
///
/// As for [`Safepoints::at`].
unsafe fn look_up(pc: usize) -> &'static [u32] {
    // A return address stands behind its call, which may be the last instruction.
    let Some(code) = Code::find(pc - 1) else { fail(pc) };
    // SAFETY: a live frame stands at `pc`, so its code is alive, and as long as the store.
    let code = unsafe { code.as_ref() };
    let text: Range<usize> = code.text();
    match u32::try_from(pc - text.start) {
        Ok(offset) => code.view().references_at(offset),
        Err(_) => fail(pc),
    }
}

/// Calls `visit` with every place on the stacks that refers to objects of the store, or is null or an `i31`.
///
/// # Safety
///
/// `activation` is the last of the store's that was begun and has not ended; all of its code has left for the host.
pub(crate) unsafe fn references(
    vm: &VmStore,
    activation: *const Activation,
    safepoints: &mut Safepoints,
    mut visit: impl FnMut(*mut u32),
) {
    let mut exit = Exit { fp: vm.exit_fp, pc: vm.exit_pc };
    let mut next = activation;
    // SAFETY: activations live on the stack frames of `call::enter` calls that have not returned.
    while let Some(running) = unsafe { next.as_ref() } {
        // One that has not left has not come to run any code yet.
        if exit.fp != 0 {
            // SAFETY: this is how its code has left, and it is live.
            unsafe { walk(running, exit, safepoints, &mut visit) };
        }
        let outer = running.outer_of_store();
        if outer.is_null() {
            return;
        }
        // SAFETY: the store has one outside of it.
        exit = unsafe { running.saved_exit.assume_init() };
        next = outer;
    }
}

/// The frames of an activation.
///
/// # Safety
///
/// The activation is live, and its code has left for the host by `exit`.
unsafe fn walk(activation: &Activation, exit: Exit, safepoints: &mut Safepoints, visit: &mut impl FnMut(*mut u32)) {
    let (mut pc, mut fp, mut lowest) = (exit.pc, exit.fp, exit.fp);
    while fp != activation.vm.entry_fp {
        // SAFETY: the frames between the exit and the entry trampoline are of compiled code, which keeps frame pointers, and live.
        let Some(caller) = (unsafe { record(activation, fp, lowest) }) else { fail(pc) };
        lowest = fp + 1;
        // SAFETY: the frame that waits for this call is live.
        for distance in unsafe { safepoints.at(pc) } {
            visit(with_exposed_provenance_mut(fp - *distance as usize));
        }
        (pc, fp) = (caller.return_address, caller.caller);
    }
}

/// The stack does not look as it must: to go on would be to lose references.
#[cold]
fn fail(pc: usize) -> ! {
    signal::fail("the collector lost its way on the stack. This is a bug in tancho.", &[("pc", pc)])
}
