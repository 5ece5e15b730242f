//! A linear memory: a reservation of which exactly the memory's present length is accessible.
//!
//! ```text
//! | guard before | accessible: `length` bytes | inaccessible up to the reservation's end | guard |
//!                ^ base                                                                  ^ base + reservation
//! ```
//!
//! Where the tunables say so (`Space::sites`), the last page of the guard before is accessible too, and compiled code reads it to be interrupted.
//!
//! Called by `store`, `instantiate`, `shared` and the builtins. Its head, which compiled code reads, is always true. Its base changes only where the
//! tunables reserve nothing for growth; pages smaller than the machine's can end in the middle of one, the rest of which is accessible.

use super::image::{Content, OUTSIDE};
use super::left::{self, Plan};
use crate::sys::map::{self, Reservation};
use crate::vmctx::Head;
use std::fmt;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho_abi::module::MemoryRecord;
use tancho_abi::tunables::{GUARDED_PAGE_SIZE_LOG2, Tunables};
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
            index64: record.index64(),
            shared: record.shared(),
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

/// The most bytes that a 32-bit memory has (§2.3.15).
const MAX_BYTES32: u64 = 1 << 32;

/// A linear memory.
pub struct Memory {
    ty: MemoryType,
    reservation: ManuallyDrop<Reservation>,
    /// How many bytes of it are accessible from the base on, and how many were at first.
    accessible: usize,
    accessible_first: usize,
    /// What it held at first, unless that was zeros.
    content: Option<Arc<Content>>,
    /// Whether that is all that can be said of it: the system has not refused it anything.
    plain: bool,
    /// Bytes before the base, and after the part that may become accessible.
    guards: [usize; 2],
    /// The most bytes that may become accessible in this reservation.
    room: usize,
    /// The most bytes that it may come to have.
    limit: u64,
    /// Whether it goes to a larger reservation when it outgrows this one.
    moves: bool,
    /// Whether the page below the base is read by compiled code to be interrupted.
    sites: bool,
    head: Head<VmMemory>,
}

/// The most pages that an address of the type, or a size in the same type, can tell apart.
const fn most_pages(ty: &MemoryType) -> u64 {
    let (bytes, sizes) = if ty.index64 { (u64::MAX, u64::MAX) } else { (MAX_BYTES32, u32::MAX as u64) };
    let pages = bytes >> ty.page_size_log2;
    if pages < sizes { pages } else { sizes }
}

/// The bytes of so many pages.
fn byte_count(pages: u64, page_size_log2: u8) -> Option<u64> {
    pages.checked_mul(1_u64.checked_shl(page_size_log2.into())?)
}

impl Memory {
    /// Makes a memory of its type's minimal size, which holds `content`, or zeros. `head` is written at once and at each change.
    pub(crate) fn new(
        ty: MemoryType,
        tunables: &Tunables,
        content: Option<&Arc<Content>>,
        head: impl FnOnce(VmMemory) -> Head<VmMemory>,
    ) -> Result<Memory, MemoryError> {
        if ty.page_size_log2 > GUARDED_PAGE_SIZE_LOG2 as u8 {
            return Err(MemoryError::Unsupported("memories with pages of more than 64 KiB"));
        }
        let too_large = MemoryError::TooLarge { pages: ty.minimum };
        let space = tunables.space(ty.index64, ty.page_size_log2.into(), ty.shared);
        let limit = match (space.reservation, ty.index64) {
            (0, false) => MAX_BYTES32,
            (0, true) => u64::MAX,
            (reservation, _) => reservation,
        };
        let length = byte_count(ty.minimum, ty.page_size_log2).filter(|length| *length <= limit);
        let Some(length) = length.filter(|_| ty.minimum <= most_pages(&ty)) else { return Err(too_large) };
        let room = match space.reservation {
            // No thread can be told that it has moved, so there is room for all of it.
            0 if ty.shared => ty.maximum.and_then(|most| byte_count(most, ty.page_size_log2)).unwrap_or(u64::MAX),
            0 => length,
            reservation => reservation,
        };
        let sizes = [tunables.memory_guard_before, room, space.guard].map(map::round_up);
        let [Some(before), Some(room), Some(after)] = sizes else { return Err(too_large) };
        // The length fits the room, which is a position.
        let length = length as usize;
        let accessible = length.next_multiple_of(map::page_size());
        if content.is_some_and(|content| content.end() > length) {
            return Err(OUTSIDE);
        }
        let reservation = reserve([before, after], room, page_below(space.sites), accessible, content);
        let Some(reservation) = reservation else { return Err(too_large) };
        let reservation = ManuallyDrop::new(reservation.map_err(MemoryError::Io)?);
        let head = head(VmMemory { base: reservation.at(before), length });
        let (guards, moves, sites) = ([before, after], space.moves(), space.sites);
        Ok(Memory {
            ty,
            reservation,
            accessible,
            accessible_first: accessible,
            content: content.cloned(),
            plain: true,
            guards,
            room,
            limit,
            moves,
            sites,
            head,
        })
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
        // SAFETY: the head lives as long as the memory.
        unsafe { length(self.head.as_ptr()) }.load(Ordering::Relaxed)
    }

    /// Its first byte. Changes when a memory grows that [moves](tancho_abi::tunables::Space::moves).
    pub fn base(&self) -> *mut u8 {
        self.reservation.at(self.guards[0])
    }

    /// Its bytes.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: these bytes are accessible; while the store is borrowed no compiled code runs that could write.
        unsafe { std::slice::from_raw_parts(self.base(), self.byte_length()) }
    }

    /// Its bytes.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.base(), self.byte_length()) }
    }

    /// Copies initial contents to `offset`.
    ///
    /// # Errors
    ///
    /// When they do not fit.
    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) -> Result<(), MemoryError> {
        let target = offset.checked_add(bytes.len()).and_then(|end| self.as_mut_slice().get_mut(offset..end));
        target.ok_or(OUTSIDE)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Grows it by `delta` pages, zeroed (§4.7.9), and says how many it had; `None`, and no change, when it may not be so
    /// large or the system refuses. Where it moves, the store must be told: [`State::grow_memory`](crate::state::State::grow_memory).
    pub(crate) fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.size_pages();
        let new = old.checked_add(delta)?;
        let most = most_pages(&self.ty);
        if new > self.ty.maximum.unwrap_or(most).min(most) {
            return None;
        }
        let length = byte_count(new, self.ty.page_size_log2).filter(|length| *length <= self.limit)?;
        let length = usize::try_from(length).ok()?;
        // What is accessible ends where a page does, and was never written past the length: it is zero.
        let (present, needed) = (self.accessible, length.next_multiple_of(map::page_size()));
        if length > self.room {
            self.move_for(length, needed)?;
        } else if let Err(_refused) = self.reservation.commit(self.guards[0] + present, needed - present) {
            self.plain = false;
            return None;
        }
        self.accessible = needed;
        // Now that the bytes are accessible: other threads may be reading it.
        // SAFETY: as in `byte_length`.
        unsafe { self::length(self.head.as_ptr()) }.store(length, Ordering::SeqCst);
        Some(old)
    }

    /// Moves it to a reservation with room for `length` bytes, at once for more where it may grow on, of which `needed` are accessible;
    /// `None`, and no change, where that is not its way or the system refuses.
    fn move_for(&mut self, length: usize, needed: usize) -> Option<()> {
        if !self.moves {
            return None;
        }
        let most = byte_count(self.ty.maximum.unwrap_or(u64::MAX), self.ty.page_size_log2).unwrap_or(u64::MAX);
        let generous = (self.room as u64).saturating_mul(2).min(most).min(self.limit).max(length as u64);
        let [before, _] = self.guards;
        let (room, reservation) = [generous, length as u64].into_iter().find_map(|room| {
            let room = map::round_up(room)?;
            // Before anything is as it will be: this is where the system refuses what it had reserved readily.
            Some((room, reserve(self.guards, room, 0, needed, None)?.ok()?))
        })?;
        let present = self.byte_length();
        // SAFETY: both are accessible for so many bytes, and are different reservations.
        unsafe { reservation.at(before).copy_from_nonoverlapping(self.base(), present) };
        // SAFETY: the head lives as long as the memory, and the borrow is exclusive: a memory that moves is not shared.
        unsafe { (*self.head.as_ptr()).base = reservation.at(before) };
        drop(mem::replace(&mut *self.reservation, reservation));
        self.room = room;
        Some(())
    }

    /// The head that compiled code reads.
    pub(crate) fn head(&self) -> *mut VmMemory {
        self.head.as_ptr()
    }

    /// The address of the page that compiled code reads to be interrupted, where it has one.
    pub(crate) fn interrupt_page(&self) -> Option<usize> {
        self.sites.then(|| self.reservation.at(self.guards[0] - map::page_size()).expose_provenance())
    }

    /// All addresses that are its own, guards included.
    pub(crate) fn reserved(&self) -> Range<usize> {
        self.reservation.range()
    }
}

/// The length in a memory's head.
///
/// # Safety
///
/// The head must be valid for `'a`, and its length accessed atomically as long as another thread may access it.
pub(super) unsafe fn length<'a>(head: *mut VmMemory) -> &'a AtomicUsize {
    // SAFETY: the caller says that the head is valid; its length is aligned.
    unsafe { AtomicUsize::from_ptr(&raw mut (*head).length) }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let reservation = unsafe { ManuallyDrop::take(&mut self.reservation) };
        // One of a size of its own would hardly be asked for again.
        if self.plain && !self.moves {
            let (size, [before, _], below) = (reservation.size(), self.guards, page_below(self.sites));
            let plan = Plan { size, before, below, accessible: self.accessible_first };
            left::give(reservation, plan, self.accessible, self.content.as_ref());
        }
    }
}

/// The bytes of the page below the base, where compiled code reads one to be interrupted.
fn page_below(sites: bool) -> usize {
    if sites { map::page_size() } else { 0 }
}

/// Address space for `room` bytes between guards, of which the first `accessible` ones are, and the last `below` before them to be read, with
/// `content` or zeros; `None` when there are no such numbers.
fn reserve(
    [before, after]: [usize; 2],
    room: usize,
    below: usize,
    accessible: usize,
    content: Option<&Arc<Content>>,
) -> Option<io::Result<Reservation>> {
    let total = before.checked_add(room)?.checked_add(after)?;
    // There is always a base.
    Some(left::take(Plan { size: total.max(map::page_size()), before, below, accessible }, content))
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("ty", &self.ty).field("length", &self.byte_length()).finish_non_exhaustive()
    }
}
