//! The builtins for memories: `memory.grow`, `memory.copy`, `memory.fill`, `memory.init`, `data.drop`. Those that wait and notify are in
//! `atomic`.
//!
//! Called by compiled code; [`init`] by instantiation as well. All bounds but those of `memory.copy` and `memory.fill` are checked
//! here, in 64 bits, before anything is written.

use super::entry::{grown, run};
use crate::id::InstanceId;
use crate::memory::MemoryInstance;
use crate::state::State;
use crate::table::within;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::VmContext;

/// The range of `length` bytes from `start` on in a memory.
fn bytes(memory: &MemoryInstance, start: u64, length: u64) -> Result<(usize, usize), Trap> {
    within(start, length, memory.byte_length()).map_err(|_| Trap::MemoryOutOfBounds)
}

/// Grows a memory by `delta` pages; the former size, or -1.
///
/// # Safety
///
/// This and the other builtins: to be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn memory_grow(vmctx: *mut VmContext, index: u32, delta: u64) -> i64 {
    let memory = move |state: &State, id: InstanceId| state.instances[id.position()].memories[index as usize];
    let may = move |state: &mut State, id: InstanceId| state.memory_growth(memory(state, id), delta);
    let grow = move |state: &mut State, id: InstanceId, admitted| {
        state.grow_memory_admitted(memory(state, id), delta, admitted)
    };
    // SAFETY: the caller is compiled code.
    unsafe { grown(vmctx, may, grow) }
}

/// `memory.copy`, the bounds of which compiled code has checked: small copies are frequent, and finding the memories here would
/// cost more than they do.
///
/// # Safety
///
/// As for [`memory_grow`]; both ranges are accessible parts of memories of the store.
pub(super) unsafe extern "C" fn memory_copy(_: *mut VmContext, target: *mut u8, source: *mut u8, length: u64) {
    // SAFETY: the caller says so; they may overlap. Other threads may access shared bytes, as compiled code may.
    unsafe { source.copy_to(target, length as usize) };
}

/// `memory.fill`, the bounds of which compiled code has checked, as for [`memory_copy`].
///
/// # Safety
///
/// As for [`memory_grow`]; the range is an accessible part of a memory of the store.
pub(super) unsafe extern "C" fn memory_fill(_: *mut VmContext, target: *mut u8, value: u32, length: u64) {
    // SAFETY: the caller says so.
    unsafe { target.write_bytes(value as u8, length as usize) };
}

/// How much is copied or filled between two looks for an interruption: half a millisecond where every page is touched for the first time, so that
/// a thread with a tenth of a processor is ended in time. Larger pieces were not measured to be quicker, up to 16 MiB.
const PIECE: u64 = 1 << 20;

/// Calls `work` with the start and length of each piece of `length` bytes, the last first if `backwards`.
fn in_pieces(state: &State, length: u64, backwards: bool, mut work: impl FnMut(usize, usize)) -> Result<(), Trap> {
    let pieces = length.div_ceil(PIECE);
    for piece in 0..pieces {
        let start = PIECE * if backwards { pieces - 1 - piece } else { piece };
        // The range is part of a memory: its positions are positions.
        work(start as usize, PIECE.min(length - start) as usize);
        if state.tunables.interruption && state.interruption.is_requested() {
            return Err(Trap::Interrupt);
        }
    }
    Ok(())
}

/// `memory.copy` of many bytes.
///
/// # Safety
///
/// As for [`memory_copy`].
pub(super) unsafe extern "C" fn memory_copy_long(vmctx: *mut VmContext, target: *mut u8, source: *mut u8, length: u64) {
    // As `memmove`: in the direction in which nothing is overwritten before it is copied.
    let backwards = target.addr() > source.addr();
    // SAFETY: the caller says so.
    let copy = |start: usize, length: usize| unsafe { source.add(start).copy_to(target.add(start), length) };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, _| in_pieces(state, length, backwards, copy)) }
}

/// `memory.fill` of many bytes.
///
/// # Safety
///
/// As for [`memory_fill`].
pub(super) unsafe extern "C" fn memory_fill_long(vmctx: *mut VmContext, target: *mut u8, value: u32, length: u64) {
    // SAFETY: the caller says so.
    let fill = |start: usize, length: usize| unsafe { target.add(start).write_bytes(value as u8, length) };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, _| in_pieces(state, length, false, fill)) }
}

/// `memory.init`.
///
/// # Safety
///
/// As for [`memory_grow`].
pub(super) unsafe extern "C" fn memory_init(
    vmctx: *mut VmContext,
    index: u32,
    segment: u32,
    target: u64,
    source: u32,
    length: u32,
) {
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, id| init(state, id, (index, target), segment, source, length)) }
}

/// Copies `length` bytes from `source` on in a data segment to `target` in memory `index` (§4.7.10 `memory.init`).
pub(crate) fn init(
    state: &mut State,
    id: InstanceId,
    (index, target): (u32, u64),
    segment: u32,
    source: u32,
    length: u32,
) -> Result<(), Trap> {
    // The code keeps the segment's bytes while the store's other parts are borrowed.
    let instance = &state.instances[id.position()];
    let memory = &mut state.memories[instance.memories[index as usize].position()];
    let data = instance.data(segment);
    let (source, _) = within(u64::from(source), u64::from(length), data.len()).map_err(|_| Trap::MemoryOutOfBounds)?;
    let (target, length) = bytes(memory, target, u64::from(length))?;
    memory.put(target, &data[source..source + length]);
    Ok(())
}

/// `data.drop`.
///
/// # Safety
///
/// As for [`memory_grow`].
pub(super) unsafe extern "C" fn data_drop(vmctx: *mut VmContext, segment: u32) {
    let work = |state: &mut State, id: InstanceId| {
        state.instances[id.position()].dropped.data[segment as usize] = true;
        Ok(())
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}
