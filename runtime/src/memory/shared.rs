//! A shared memory: a linear memory that several stores have at the same time, each on a thread of its own.
//!
//! Called by `store`, `instantiate`, the builtins and the embedding API. Its base never changes, for its reservation has room for all that
//! it may come to have. Its length only grows, and is written when the new bytes are accessible, by one atomic store in one head that
//! compiled code of all stores reads. It lives as long as the last that refers to it: a store, or the host.
//!
//! Threads race for its bytes. The host makes no reference to them that would say otherwise: it copies them by atomic accesses of a
//! byte, or gives them out as cells.

use super::linear::{Memory, MemoryError, MemoryType};
use super::wait::{Interrupts, Waiters};
use crate::sync;
use crate::vmctx::Head;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tancho_abi::trap::Trap;
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::{VmMemory, Wait};

/// A shared memory. A clone is the same memory.
#[derive(Clone)]
pub struct SharedMemory(Arc<Shared>);

struct Shared {
    ty: MemoryType,
    /// The same as in `memory`, which never changes.
    base: *mut u8,
    head: *mut VmMemory,
    reserved: Range<usize>,
    /// For who grows it.
    memory: Mutex<Memory>,
    waiters: sync::Arc<Waiters>,
}

// SAFETY: base and head point to what `memory` owns, which stays where it is. The head's length is read and written atomically; the bytes
// behind the base are handed out as cells, or accessed atomically or by pointers, as compiled code does.
unsafe impl Send for Shared {}
// SAFETY: as above; growth has the lock.
unsafe impl Sync for Shared {}

impl SharedMemory {
    /// Makes a memory of its type's minimal size, zeroed.
    ///
    /// # Errors
    ///
    /// When the type is not one of a shared memory, or is too large, or the system refuses.
    pub fn new(ty: MemoryType, tunables: &Tunables) -> Result<SharedMemory, MemoryError> {
        if !ty.shared || ty.maximum.is_none_or(|most| most < ty.minimum) {
            return Err(MemoryError::Malformed(
                "the type of a shared memory is shared and has a maximum, which its minimum is below",
            ));
        }
        Ok(SharedMemory::of(Memory::new(ty, tunables, None, Head::own)?))
    }

    /// Shares a memory that has its head to itself, and does not move.
    pub(crate) fn of(memory: Memory) -> SharedMemory {
        let (base, head, reserved) = (memory.base(), memory.head(), memory.reserved());
        SharedMemory(Arc::new(Shared {
            ty: *memory.ty(),
            base,
            head,
            reserved,
            memory: Mutex::new(memory),
            waiters: Waiters::new(),
        }))
    }

    /// Whether it is this very memory.
    pub fn is_same(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What tells it from all other shared memories while it lives.
    pub(crate) fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Its type.
    pub fn ty(&self) -> &MemoryType {
        &self.0.ty
    }

    /// Its first byte.
    pub fn base(&self) -> *mut u8 {
        self.0.base
    }

    /// The head that compiled code reads.
    pub(crate) fn head(&self) -> *mut VmMemory {
        self.0.head
    }

    /// All addresses that are its own, guards included.
    pub(crate) fn reserved(&self) -> Range<usize> {
        self.0.reserved.clone()
    }

    /// Its present size in bytes. Another thread may have made it larger by the time that this returns.
    pub fn byte_length(&self) -> usize {
        // SAFETY: the head lives as long as the memory; while it is shared, its length is accessed atomically.
        unsafe { super::linear::length(self.0.head) }.load(Ordering::SeqCst)
    }

    /// Its present size in pages.
    pub fn size_pages(&self) -> u64 {
        (self.byte_length() >> self.0.ty.page_size_log2) as u64
    }

    /// Grows it by `delta` pages, zeroed (§4.7.9), and says how many it had; `None`, and no change, when it may not be so large or the
    /// system refuses. Of threads that grow it at the same time, each is told of another number.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner).grow(delta)
    }

    /// Its bytes, as many as there are now.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        // SAFETY: these bytes are accessible, and stay so as long as the memory does; cells promise nothing of what others do.
        unsafe { std::slice::from_raw_parts(self.0.base.cast(), self.byte_length()) }
    }

    /// The same, to be accessed atomically.
    pub fn atomics(&self) -> &[AtomicU8] {
        // SAFETY: as in `data`. Other accesses to these bytes are those of compiled code, and the host's by way of this.
        unsafe { std::slice::from_raw_parts(self.0.base.cast(), self.byte_length()) }
    }

    /// Copies the bytes from `offset` on to `buffer`, in no particular order: `None`, and nothing is read, when not all are there.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Option<()> {
        let bytes = self.atomics().get(offset..offset.checked_add(buffer.len())?)?;
        for (byte, place) in bytes.iter().zip(buffer) {
            *place = byte.load(Ordering::Relaxed);
        }
        Some(())
    }

    /// Copies `buffer` over the bytes from `offset` on, in no particular order: `None`, and nothing is written, when not all are there.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Option<()> {
        let bytes = self.atomics().get(offset..offset.checked_add(buffer.len())?)?;
        for (byte, value) in bytes.iter().zip(buffer) {
            byte.store(*value, Ordering::Relaxed);
        }
        Some(())
    }

    /// `memory.atomic.notify`: releases at most `count` threads that wait at the offset `place`; how many.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless `place` is a multiple of 4; [`Trap::MemoryOutOfBounds`].
    pub fn notify(&self, place: u64, count: u32) -> Result<u32, Trap> {
        self.place::<u32>(place)?;
        Ok(self.0.waiters.notify(place, count))
    }

    /// `memory.atomic.wait32` at the offset `place`.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless `place` is a multiple of 4; [`Trap::MemoryOutOfBounds`].
    pub fn wait32(&self, place: u64, expected: u32, timeout: Option<Duration>) -> Result<Wait, Trap> {
        self.wait32_in(place, expected, timeout, None)
    }

    /// The same for 64 bits; `place` is to be a multiple of 8.
    ///
    /// # Errors
    ///
    /// As for [`wait32`](Self::wait32).
    pub fn wait64(&self, place: u64, expected: u64, timeout: Option<Duration>) -> Result<Wait, Trap> {
        self.wait64_in(place, expected, timeout, None)
    }

    pub(crate) fn wait32_in(
        &self,
        place: u64,
        expected: u32,
        timeout: Option<Duration>,
        interruption: Option<&dyn Interrupts>,
    ) -> Result<Wait, Trap> {
        let pointer = self.place::<AtomicU32>(place)?;
        // SAFETY: in bounds and aligned, as just checked. Compiled code accesses it atomically or races, which it may.
        let is_expected = || unsafe { AtomicU32::from_ptr(pointer.cast()) }.load(Ordering::SeqCst) == expected;
        Waiters::wait(&self.0.waiters, place, is_expected, deadline(timeout), interruption)
    }

    pub(crate) fn wait64_in(
        &self,
        place: u64,
        expected: u64,
        timeout: Option<Duration>,
        interruption: Option<&dyn Interrupts>,
    ) -> Result<Wait, Trap> {
        let pointer = self.place::<AtomicU64>(place)?;
        // SAFETY: as in `wait32_in`.
        let is_expected = || unsafe { AtomicU64::from_ptr(pointer.cast()) }.load(Ordering::SeqCst) == expected;
        Waiters::wait(&self.0.waiters, place, is_expected, deadline(timeout), interruption)
    }

    /// The address of a `T` at an offset. Alignment is looked at first, as compiled code does.
    fn place<T>(&self, place: u64) -> Result<*mut T, Trap> {
        check_atomic(place, size_of::<T>() as u64, self.byte_length())?;
        // The offset is below the length, which is a `usize`; the base is at the start of a page, so that alignments are the same.
        Ok(self.0.base.wrapping_add(place as usize).cast())
    }
}

/// Whether an atomic access to `size` bytes at an offset is aligned, and then whether it is in bounds of `length` bytes.
pub(crate) fn check_atomic(place: u64, size: u64, length: usize) -> Result<(), Trap> {
    if !place.is_multiple_of(size) {
        return Err(Trap::HeapMisaligned);
    }
    match place.checked_add(size) {
        Some(end) if end <= length as u64 => Ok(()),
        _ => Err(Trap::MemoryOutOfBounds),
    }
}

/// When a wait that begins now is over: never, where that is no time that a clock could show.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory")
            .field("ty", self.ty())
            .field("length", &self.byte_length())
            .finish_non_exhaustive()
    }
}
