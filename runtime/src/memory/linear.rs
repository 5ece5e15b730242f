//! A linear memory: a reservation of which exactly the memory's present length is accessible.
//!
//! ```text
//! | guard before | accessible: `length` bytes | inaccessible up to the reservation's end | guard |
//!                ^ base                                                                  ^ base + memory_reservation
//! ```
//!
//! Called by `store`, `instantiate` and the builtins. Its base never changes; its head, which compiled code reads, is
//! always true.

use crate::sys::map::{self, Reservation, SealedFile};
use crate::vmctx::Head;
use std::fmt;
use std::io;
use std::ops::Range;
use tancho_abi::module::MemoryRecord;
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::VmMemory;

/// A memory type (§2.3.15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryType {
    /// Pages at the start.
    pub minimum: u64,
    /// Most pages.
    pub maximum: Option<u64>,
    /// Indexed by `i64`.
    pub index64: bool,
    /// Shared between threads.
    pub shared: bool,
    /// log₂ of the page size in bytes.
    pub page_size_log2: u8,
}

impl From<&MemoryRecord> for MemoryType {
    fn from(record: &MemoryRecord) -> Self {
        MemoryType {
            minimum: record.minimum,
            maximum: (record.maximum != u64::MAX).then_some(record.maximum),
            index64: record.flags & 1 != 0,
            shared: record.flags & 2 != 0,
            page_size_log2: u8::try_from(record.page_size_log2).unwrap_or(u8::MAX),
        }
    }
}

/// Why a memory could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemoryError {
    /// It is larger at the start than any memory of this engine may be.
    TooLarge {
        /// Its pages at the start.
        pages: u64,
    },
    /// Its kind is not implemented.
    Unsupported(&'static str),
    /// The image contradicts itself.
    Malformed(&'static str),
    /// The system refused address space or memory.
    Io(io::Error),
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemoryError::TooLarge { pages } => {
                write!(f, "a memory of {pages} pages at the start exceeds what this engine reserves for a memory")
            }
            MemoryError::Unsupported(kind) => write!(f, "{kind} are not supported yet"),
            MemoryError::Malformed(what) => f.write_str(what),
            MemoryError::Io(error) => write!(f, "the system refused a memory's address space: {error}"),
        }
    }
}

impl std::error::Error for MemoryError {}

/// The most pages of 64 KiB that a 32-bit memory has (§2.3.15: its bytes number at most 2³²).
const MAX_PAGES: u64 = 1 << 16;
/// log₂ of the default page size.
const DEFAULT_PAGE_SIZE_LOG2: u8 = 16;

/// A linear memory.
pub struct Memory {
    ty: MemoryType,
    reservation: Reservation,
    /// Bytes before the base.
    before: usize,
    /// The most bytes that may become accessible.
    limit: usize,
    head: Head<VmMemory>,
}

impl Memory {
    /// Makes a memory of its type's minimal size, zeroed. `head` is written at once and at each change.
    pub(crate) fn new(
        ty: MemoryType,
        tunables: &Tunables,
        head: impl FnOnce(VmMemory) -> Head<VmMemory>,
    ) -> Result<Memory, MemoryError> {
        for (unsupported, kind) in [
            (ty.index64, "64-bit memories"),
            (ty.shared, "shared memories"),
            (ty.page_size_log2 != DEFAULT_PAGE_SIZE_LOG2, "memories with another page size than 64 KiB"),
        ] {
            if unsupported {
                return Err(MemoryError::Unsupported(kind));
            }
        }
        let too_large = MemoryError::TooLarge { pages: ty.minimum };
        let sizes =
            [tunables.memory_guard_before, tunables.memory_reservation, tunables.memory_guard].map(map::round_up);
        let [Some(before), Some(limit), Some(after)] = sizes else { return Err(too_large) };
        let length = if ty.minimum <= MAX_PAGES { usize::try_from(ty.minimum << ty.page_size_log2).ok() } else { None };
        let Some(length) = length.filter(|length| *length <= limit) else { return Err(too_large) };
        let total = before.checked_add(limit).and_then(|size| size.checked_add(after));
        let Some(total) = total.filter(|total| *total > 0) else { return Err(too_large) };
        let mut reservation = Reservation::new(total).map_err(MemoryError::Io)?;
        reservation.commit(before, length).map_err(MemoryError::Io)?;
        let head = head(VmMemory { base: reservation.at(before), length });
        Ok(Memory { ty, reservation, before, limit, head })
    }

    /// Its type.
    pub fn ty(&self) -> &MemoryType {
        &self.ty
    }

    /// Its present size in pages.
    pub fn size_pages(&self) -> u64 {
        (self.byte_length() >> self.ty.page_size_log2) as u64
    }

    /// Its present size in bytes.
    pub fn byte_length(&self) -> usize {
        // SAFETY: the head lives as long as the memory, and nobody writes it now: the store is borrowed.
        unsafe { (*self.head.as_ptr()).length }
    }

    /// Its first byte. Never changes.
    pub fn base(&self) -> *mut u8 {
        self.reservation.at(self.before)
    }

    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: exactly these bytes are accessible; while the store is borrowed no compiled code runs that could write.
        unsafe { std::slice::from_raw_parts(self.base(), self.byte_length()) }
    }

    /// Its bytes.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.base(), self.byte_length()) }
    }

    /// Grows it by `delta` pages, zeroed (§4.7.9), and says how many it had; `None`, and no change, when it may not be so
    /// large or the system refuses.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.size_pages();
        let new = old.checked_add(delta)?;
        if new > self.ty.maximum.unwrap_or(MAX_PAGES).min(MAX_PAGES) {
            return None;
        }
        let length = usize::try_from(new << self.ty.page_size_log2).ok().filter(|length| *length <= self.limit)?;
        let present = self.byte_length();
        self.reservation.commit(self.before + present, length - present).ok()?;
        // SAFETY: as in `byte_length`, and the borrow is exclusive.
        unsafe { (*self.head.as_ptr()).length = length };
        Some(old)
    }

    /// Puts a file's contents at `offset`; the caller has checked that they fit.
    pub(super) fn map(&mut self, offset: usize, file: &SealedFile) -> io::Result<()> {
        self.reservation.map(self.before + offset, file)
    }

    /// The head that compiled code reads.
    pub(crate) fn head(&self) -> *mut VmMemory {
        self.head.as_ptr()
    }

    /// All addresses that are its own, guards included.
    pub(crate) fn reserved(&self) -> Range<usize> {
        self.reservation.range()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("ty", &self.ty).field("length", &self.byte_length()).finish_non_exhaustive()
    }
}
