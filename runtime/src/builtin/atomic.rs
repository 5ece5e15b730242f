//! The builtins `memory.atomic.notify`, `memory.atomic.wait32` and `memory.atomic.wait64`.
//!
//! Called by compiled code, which gives index and offset and leaves alignment and bounds to be checked here, in this order. A thread
//! that waits has its store to itself all the while: nothing can go that it needs, and only the memory and the store's interruption
//! are reached by others. At the end of an epoch it asks the host, as code that runs does.

use super::entry::run;
use crate::id::InstanceId;
use crate::memory::{MemoryInstance, SharedMemory, check_atomic};
use crate::site::Waiting;
use crate::state::State;
use std::time::Duration;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{VmContext, Wait};

/// The sum of index and offset. Where that is no number of 64 bits, whether it is aligned still decides which trap it is.
fn place(index: u64, offset: u64, size: u64) -> Result<u64, Trap> {
    index.checked_add(offset).ok_or(if index.wrapping_add(offset).is_multiple_of(size) {
        Trap::MemoryOutOfBounds
    } else {
        Trap::HeapMisaligned
    })
}

fn memory(state: &State, id: InstanceId, index: u32) -> &MemoryInstance {
    &state.memories[state.instances[id.position()].memories[index as usize].position()]
}

/// Releases threads that wait. In a memory that is not shared there are none.
///
/// # Safety
///
/// This and the other builtins: to be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn memory_atomic_notify(
    vmctx: *mut VmContext,
    index: u32,
    start: u64,
    offset: u64,
    count: u32,
) -> u32 {
    let work = |state: &mut State, id: InstanceId| {
        let place = place(start, offset, 4)?;
        match memory(state, id, index) {
            MemoryInstance::Own(memory) => check_atomic(place, 4, memory.byte_length()).map(|()| 0),
            MemoryInstance::Shared(memory) => memory.notify(place, count),
        }
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, 0, work) }
}

/// Waits while memory holds a value of 32 bits.
///
/// # Safety
///
/// As for [`memory_atomic_notify`].
pub(super) unsafe extern "C" fn memory_atomic_wait32(
    vmctx: *mut VmContext,
    index: u32,
    start: u64,
    offset: u64,
    expected: u32,
    timeout: i64,
) -> u32 {
    let wait = |memory: &SharedMemory, place, waiting: &Waiting| {
        memory.wait32_in(place, expected, duration(timeout), Some(waiting))
    };
    // SAFETY: the caller is compiled code.
    unsafe { waits(vmctx, index, (start, offset), 4, wait) }
}

/// Waits while memory holds a value of 64 bits.
///
/// # Safety
///
/// As for [`memory_atomic_notify`].
pub(super) unsafe extern "C" fn memory_atomic_wait64(
    vmctx: *mut VmContext,
    index: u32,
    start: u64,
    offset: u64,
    expected: u64,
    timeout: i64,
) -> u32 {
    let wait = |memory: &SharedMemory, place, waiting: &Waiting| {
        memory.wait64_in(place, expected, duration(timeout), Some(waiting))
    };
    // SAFETY: the caller is compiled code.
    unsafe { waits(vmctx, index, (start, offset), 8, wait) }
}

/// Has `wait` wait at a place of `size` bytes in a shared memory, which are aligned and in bounds. Nobody holds a reference to the store
/// meanwhile: at the end of an epoch the host may have it.
///
/// # Safety
///
/// As for [`memory_atomic_notify`].
unsafe fn waits(
    vmctx: *mut VmContext,
    index: u32,
    (start, offset): (u64, u64),
    size: u64,
    wait: impl FnOnce(&SharedMemory, u64, &Waiting) -> Result<Wait, Trap>,
) -> u32 {
    let find = |state: &mut State, id: InstanceId| {
        let place = place(start, offset, size)?;
        let memory = memory(state, id, index);
        check_atomic(place, size, memory.byte_length())?;
        match memory {
            MemoryInstance::Own(_) => Err(Trap::AtomicWaitNonSharedMemory),
            MemoryInstance::Shared(memory) => Ok(Some((memory.clone(), place))),
        }
    };
    // SAFETY: the caller is compiled code, whose store is alive and its own, and has recorded its exit; the reference that `run` has made of
    // the state is gone when it has returned.
    unsafe {
        let Some((memory, place)) = run(vmctx, None, find) else { return 0 };
        let vm = (*vmctx).store;
        match wait(&memory, place, &Waiting::new(vm)) {
            Ok(ended) => ended as u32,
            Err(trap) => {
                // What the host has decided on is there already.
                if (*vm).pending == 0 {
                    (*vm).pending = usize::from(trap.code());
                }
                0
            }
        }
    }
}

/// Nanoseconds; `None` is for ever.
fn duration(timeout: i64) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_nanos)
}
