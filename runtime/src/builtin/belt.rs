//! The belt: the builtins that check an address once more before compiled code accesses memory there.
//!
//! Called by compiled code where the tunable `belt` is on. They compute from the guest's own numbers what the address must be and
//! compare; nothing that the compiler derived from them is believed. A difference is a bug of the engine: the process ends, for an
//! address that is wrong once may be wrong unseen next time.

use crate::memory::MemoryInstance;
use crate::state::{State, instance_id};
use crate::sys::signal;
use tancho_abi::vmctx::VmContext;

/// Checks the address of an access of `size` bytes at `index` + `offset`, and gives it back.
///
/// # Safety
///
/// To be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn belt_access(
    vmctx: *mut VmContext,
    memory: u32,
    index: u64,
    offset: u64,
    size: u32,
    address: *mut u8,
) -> *mut u8 {
    let place = u128::from(index) + u128::from(offset);
    let (length, wide) = (u64::from(size), u128::from(size));
    // SAFETY: the caller is compiled code.
    let (state, found) = unsafe { (state(vmctx), find(vmctx, memory)) };
    let ty = found.ty();
    let space = state.tunables.space(ty.index64, ty.page_size_log2.into(), ty.shared);
    let reach = u128::from(space.reservation) + u128::from(space.guard);
    // Compiled code may leave the check to reservation and guard only where no 32-bit index can lead past them.
    let guarded = space.checks && (ty.index64 || u128::from(u32::MAX) + u128::from(offset) + wide <= reach);
    let right = is_at(found, place, address);
    let ends_inside = found.reserved().end.saturating_sub(address.addr()) as u64 >= length;
    let past = address.addr() >= found.base().addr().saturating_add(found.byte_length());
    // A 64-bit index may have been made smaller, if not so small that the access is in bounds.
    let behind = ends_inside && (right || (ty.index64 && past));
    // Or it is as good as a number below 0, modulo 2⁶⁴, and its first byte lies before the memory.
    let base = found.base().addr();
    let wraps_there = base.wrapping_add(index.wrapping_add(offset) as usize) == address.addr();
    let before = ty.index64 && wraps_there && (found.reserved().start..base).contains(&address.addr());
    let faults = guarded && (behind || before);
    let inside = place + wide <= found.byte_length() as u128;
    if !(if inside { right } else { faults }) {
        fail(found, [("memory", u64::from(memory)), ("index", index), ("offset", offset), ("size", length)], address);
    }
    address
}

/// Checks the address of `length` bytes from `start` on, all of which must be there, and gives it back.
///
/// # Safety
///
/// As for [`belt_access`].
pub(super) unsafe extern "C" fn belt_range(
    vmctx: *mut VmContext,
    memory: u32,
    start: u64,
    length: u64,
    address: *mut u8,
) -> *mut u8 {
    // SAFETY: the caller is compiled code.
    let found = unsafe { find(vmctx, memory) };
    if !is_at(found, start.into(), address) || start.saturating_add(length) > found.byte_length() as u64 {
        fail(found, [("memory", u64::from(memory)), ("index", start), ("offset", 0), ("size", length)], address);
    }
    address
}

/// The state of the store that runs.
///
/// # Safety
///
/// As for [`belt_access`]; the borrow must end before compiled code goes on.
unsafe fn state<'a>(vmctx: *mut VmContext) -> &'a State {
    // SAFETY: the context's store is alive, and compiled code, which has it to itself, waits for the builtin.
    unsafe { &*State::of((*vmctx).store) }
}

/// The memory that the instance calls `memory`.
///
/// # Safety
///
/// As for [`state`].
unsafe fn find<'a>(vmctx: *mut VmContext, memory: u32) -> &'a MemoryInstance {
    // SAFETY: the caller says so.
    let (state, id) = unsafe { (state(vmctx), instance_id(&*vmctx)) };
    let instance = id.and_then(|id| state.instances.get(id.position()));
    let found = instance.and_then(|instance| instance.memories.get(memory as usize));
    match found.and_then(|id| state.memories.get(id.position())) {
        Some(found) => found,
        None => signal::fail(
            "belt: compiled code accesses a memory that its instance has not. This is a bug in tancho.",
            &[("memory", memory as usize)],
        ),
    }
}

/// Whether `address` is that of byte `place` of the memory.
fn is_at(memory: &MemoryInstance, place: u128, address: *mut u8) -> bool {
    usize::try_from(place).is_ok_and(|place| memory.base().addr().checked_add(place) == Some(address.addr()))
}

#[cold]
fn fail(memory: &MemoryInstance, access: [(&'static str, u64); 4], address: *mut u8) -> ! {
    let base = memory.base().addr();
    let [a, b, c, d] = access.map(|(name, number)| (name, number as usize));
    signal::fail(
        "belt: compiled code computed a wrong address or did not check it. This is a bug in tancho.",
        &[a, b, c, d, ("address", address.addr()), ("base", base), ("length", memory.byte_length())],
    )
}
