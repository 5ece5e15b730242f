//! A memory instance (§4.2.8) as a store has it: its own, or shared with others.
//!
//! Called by `state`, `store`, `instantiate` and the builtins.

use super::linear::{Memory, MemoryType};
use super::shared::SharedMemory;
use std::ops::Range;
use tancho_abi::vmctx::VmMemory;

/// A memory of a store.
pub(crate) enum MemoryInstance {
    /// Of this store alone.
    Own(Memory),
    /// Of other stores too, perhaps.
    Shared(SharedMemory),
}

impl MemoryInstance {
    /// Its type.
    pub(crate) fn ty(&self) -> &MemoryType {
        match self {
            MemoryInstance::Own(memory) => memory.ty(),
            MemoryInstance::Shared(memory) => memory.ty(),
        }
    }

    /// Its first byte.
    pub(crate) fn base(&self) -> *mut u8 {
        match self {
            MemoryInstance::Own(memory) => memory.base(),
            MemoryInstance::Shared(memory) => memory.base(),
        }
    }

    /// The head that compiled code reads.
    pub(crate) fn head(&self) -> *mut VmMemory {
        match self {
            MemoryInstance::Own(memory) => memory.head(),
            MemoryInstance::Shared(memory) => memory.head(),
        }
    }

    /// Its present size in bytes.
    pub(crate) fn byte_length(&self) -> usize {
        match self {
            MemoryInstance::Own(memory) => memory.byte_length(),
            MemoryInstance::Shared(memory) => memory.byte_length(),
        }
    }

    /// All addresses that are its own, guards included.
    pub(crate) fn reserved(&self) -> Range<usize> {
        match self {
            MemoryInstance::Own(memory) => memory.reserved(),
            MemoryInstance::Shared(memory) => memory.reserved(),
        }
    }

    /// Grows it as [`Memory::grow`] does.
    pub(crate) fn grow(&mut self, delta: u64) -> Option<u64> {
        match self {
            MemoryInstance::Own(memory) => memory.grow(delta),
            MemoryInstance::Shared(memory) => memory.grow(delta),
        }
    }

    /// Copies `bytes` to the offset `target`; the caller has checked that they fit.
    pub(crate) fn put(&mut self, target: usize, bytes: &[u8]) {
        assert!(
            target.checked_add(bytes.len()).is_some_and(|end| end <= self.byte_length()),
            "bytes past a memory's end"
        );
        // SAFETY: in bounds, as just checked; the bytes are of a segment, which is no memory. Where other threads access the same bytes,
        // that is a race of theirs, which compiled code may have: no reference says that there is none.
        unsafe { self.base().add(target).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
}
