//! The address space of a heap, and its blocks: which are free, and what the others are for; and what is known of their cards.
//!
//! Called by `old` for blocks and by `collect`, which asks of what kind the block of a reference is. Blocks below a mark are accessible, those
//! above it have never been used, so that the system knows few mappings whatever the heap goes through. The cards before the base are compiled
//! code's to write; behind the blocks stands where the first object of each card begins.
//!
//! ```text
//! | cards | null area | nursery | old … | accessible, free … ‖ inaccessible … | guard | first objects |
//!         └ base                                    committed ┘
//! ```

use crate::sys::map::{Reservation, round_up};
use std::io;
use std::ptr;
use tancho_abi::object::{CARD_SIZE, CARDS_BEFORE, NULL_AREA, OBJECT_ALIGN, nursery_end};
use tancho_abi::tunables::Tunables;

/// The bytes of a block.
pub(crate) const BLOCK: usize = 64 << 10;
/// So many bits of a reference are a place in its block.
pub(super) const BLOCK_LOG2: u32 = BLOCK.trailing_zeros();
/// What is never accessible behind the blocks.
const GUARD: usize = 64 << 10;
/// Where the heap's base stands in the reservation.
const BASE: usize = CARDS_BEFORE as usize;
/// How many cards a block has.
pub(super) const CARDS: usize = BLOCK / CARD_SIZE as usize;
/// No object begins in a card.
const NO_OBJECT: u8 = u8::MAX;
/// Blocks become accessible so many at a time.
const STEP: usize = 64;
/// Accessible blocks at the end that are free become inaccessible when there are more than these.
const KEPT_ACCESSIBLE: usize = 1024;

const _: () = assert!(NULL_AREA as usize == BLOCK && CARD_SIZE / OBJECT_ALIGN < NO_OBJECT as u32);

/// What a block is for: a byte, so that the table of all blocks is small. What a collection is to take out has the greatest numbers.
pub(super) mod kind {
    /// Free, and zero.
    pub(in crate::gc) const FREE: u8 = 0;
    /// Free.
    pub(in crate::gc) const DIRTY: u8 = 1;
    /// Free from the next collection on: until then it shows who still refers to it.
    pub(in crate::gc) const POISONED: u8 = 2;
    /// Has objects that stay where they are, or is part of null area or nursery.
    pub(in crate::gc) const STAYS: u8 = 3;
    /// Begins with a large object, which is in use.
    pub(in crate::gc) const LARGE: u8 = 4;
    /// The rest of a large object.
    pub(in crate::gc) const REST: u8 = 5;
    /// Has objects that are to be moved.
    pub(in crate::gc) const FROM: u8 = 6;
    /// Begins with a large object that no reference has been seen to.
    pub(in crate::gc) const UNSEEN: u8 = 7;
}

/// See the [module](self). One without any block is what a store has before its heap is made.
pub(crate) struct Space {
    reservation: Option<Reservation>,
    base: *mut u8,
    /// By block.
    kinds: Vec<u8>,
    /// Behind the nursery.
    first: usize,
    /// Blocks below this are accessible, but for the null area.
    committed: usize,
    /// How many are free.
    free: usize,
    /// No block below this is free.
    hint: usize,
}

impl Default for Space {
    fn default() -> Self {
        Space { reservation: None, base: ptr::null_mut(), kinds: Vec::new(), first: 0, committed: 0, free: 0, hint: 0 }
    }
}

impl Space {
    /// Reserves what the tunables ask for.
    ///
    /// # Errors
    ///
    /// When the system refuses, or the tunables contradict themselves.
    pub(super) fn new(tunables: &Tunables) -> io::Result<Space> {
        let count = (tunables.gc_heap_reservation.min(1 << 32) / BLOCK as u64) as usize;
        let nursery = tunables.gc_nursery as usize;
        let sound = nursery.is_multiple_of(BLOCK) && nursery >= 2 * BLOCK && nursery / BLOCK + 2 <= count;
        if !sound {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let first = nursery_end(tunables) as usize / BLOCK;
        let starts = round_up((count * CARDS) as u64).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut reservation = Reservation::new(BASE + count * BLOCK + GUARD + starts)?;
        let base = reservation.at(BASE);
        let committed = first.next_multiple_of(STEP).min(count);
        reservation.commit(BASE + BLOCK, (committed - 1) * BLOCK)?;
        let mut kinds = vec![kind::FREE; count];
        kinds[..first].fill(kind::STAYS);
        let (hint, free) = (first, count - first);
        let mut space = Space { reservation: Some(reservation), base, kinds, first, committed, free, hint };
        space.commit_cards(committed)?;
        Ok(space)
    }

    /// The address of byte 0; null before there is a heap.
    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }

    /// The bytes below this place are accessible, but for the null area.
    pub(super) fn accessible(&self) -> usize {
        self.committed * BLOCK
    }

    /// The bytes of all blocks behind the nursery.
    pub(super) fn old_bytes(&self) -> usize {
        (self.kinds.len() - self.first) * BLOCK
    }

    /// The kinds of all blocks.
    pub(super) fn kinds(&self) -> &[u8] {
        &self.kinds
    }

    /// The first of them, to read and write. They stay where they are.
    pub(super) fn kinds_mut(&mut self) -> *mut u8 {
        self.kinds.as_mut_ptr()
    }

    /// How many blocks are free.
    pub(super) fn free(&self) -> usize {
        self.free
    }

    /// Makes at least `blocks` free ones accessible, so that taking as many one by one cannot fail.
    ///
    /// # Errors
    ///
    /// When there are fewer, or the system refuses.
    pub(super) fn prepare(&mut self, blocks: usize) -> io::Result<()> {
        let accessible = self.free - (self.kinds.len() - self.committed);
        match blocks.checked_sub(accessible) {
            None => Ok(()),
            Some(more) if blocks <= self.free => self.commit(self.committed + more),
            Some(_) => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }

    /// Makes the blocks below `end` accessible.
    fn commit(&mut self, end: usize) -> io::Result<()> {
        if end <= self.committed {
            return Ok(());
        }
        let end = end.next_multiple_of(STEP).min(self.kinds.len());
        self.commit_cards(end)?;
        let Some(reservation) = &mut self.reservation else { return Err(io::ErrorKind::OutOfMemory.into()) };
        reservation.commit(BASE + self.committed * BLOCK, (end - self.committed) * BLOCK)?;
        self.committed = end;
        Ok(())
    }

    /// Makes the cards of the blocks below `end` accessible, and where their first objects are noted.
    fn commit_cards(&mut self, end: usize) -> io::Result<()> {
        let length = round_up((end * CARDS) as u64).ok_or(io::ErrorKind::OutOfMemory)?;
        let starts = BASE + self.kinds.len() * BLOCK + GUARD;
        let Some(reservation) = &mut self.reservation else { return Err(io::ErrorKind::OutOfMemory.into()) };
        reservation.commit(0, length)?;
        reservation.commit(starts, length)
    }

    /// Takes free blocks in a row, at most `most` and at least one: the first, and how many. `None` when there is none.
    pub(super) fn take_some(&mut self, most: usize) -> Option<(usize, usize)> {
        let first = self.next_free(self.hint)?;
        self.hint = first;
        let count = self.free_in_row(first, most);
        self.take_at(first, count, kind::STAYS, kind::STAYS).ok()?;
        Some((first, count))
    }

    /// Takes free blocks in a row for a large object of `size` bytes, which are zero: the first. `None` when there are not so many anywhere, or the system
    /// refuses.
    pub(super) fn take_large(&mut self, size: usize) -> Option<usize> {
        let count = size.div_ceil(BLOCK);
        let mut first = self.next_free(self.hint)?;
        self.hint = first;
        loop {
            let found = self.free_in_row(first, count);
            if found == count {
                break;
            }
            first = self.next_free(first + found)?;
        }
        self.commit(first + count).ok()?;
        if self.kinds[first..first + count].contains(&kind::DIRTY) {
            // SAFETY: the blocks are accessible and free.
            unsafe { self.base.add(first * BLOCK).write_bytes(0, size) };
        }
        self.take_at(first, count, kind::LARGE, kind::REST).ok()?;
        Some(first)
    }

    fn next_free(&self, from: usize) -> Option<usize> {
        // All beyond are free.
        if from >= self.committed {
            return (from < self.kinds.len()).then_some(from);
        }
        let free = |kind: &u8| *kind <= kind::DIRTY;
        match self.kinds[from..self.committed].iter().position(free) {
            Some(distance) => Some(from + distance),
            None => self.next_free(self.committed),
        }
    }

    /// How many blocks from `first` on are free, at most `most`.
    fn free_in_row(&self, first: usize, most: usize) -> usize {
        let end = first.saturating_add(most).min(self.kinds.len());
        let known = self.committed.clamp(first, end);
        match self.kinds[first..known].iter().position(|kind| *kind > kind::DIRTY) {
            Some(distance) => distance,
            None => end - first,
        }
    }

    fn take_at(&mut self, first: usize, count: usize, head: u8, rest: u8) -> io::Result<()> {
        self.commit(first + count)?;
        self.kinds[first..first + count].fill(rest);
        self.kinds[first] = head;
        let (card, cards) = (first * CARDS, count * CARDS);
        // SAFETY: cards of accessible blocks, and their notes, are accessible, and this space's alone.
        unsafe {
            self.card(card).write_bytes(0, cards);
            self.start(card).write_bytes(NO_OBJECT, cards);
        }
        self.free -= count;
        if self.hint == first {
            self.hint += count;
        }
        Ok(())
    }

    /// Says what blocks that are in use are for.
    pub(super) fn set_kind(&mut self, first: usize, count: usize, kind: u8) {
        self.kinds[first..first + count].fill(kind);
    }

    /// Frees blocks.
    pub(super) fn release(&mut self, first: usize, count: usize) {
        self.set_kind(first, count, kind::DIRTY);
        self.free += count;
        self.hint = self.hint.min(first);
    }

    /// Gives the memory of free blocks back to the system, but for `kept` that will be used soon.
    pub(super) fn clean(&mut self, kept: usize) {
        let mut kept_yet = 0;
        let mut at = self.first;
        while at < self.committed {
            let start = at;
            while at < self.committed && self.kinds[at] == kind::DIRTY {
                at += 1;
            }
            let surplus = (at - start).saturating_sub(kept - kept_yet);
            kept_yet += at - start - surplus;
            let discarded = at - surplus..at;
            if let Some(reservation) = self.reservation.as_mut().filter(|_| surplus > 0) {
                // Where the system refuses, they stay as they are.
                if reservation.discard(BASE + discarded.start * BLOCK, surplus * BLOCK).is_ok() {
                    self.kinds[discarded].fill(kind::FREE);
                }
            }
            at = at.max(start + 1);
        }
        let used = self.kinds[..self.committed].iter().rposition(|kind| *kind != kind::FREE).map_or(0, |last| last + 1);
        let end = used.max(self.first).next_multiple_of(STEP).min(self.kinds.len());
        let reservation = self.reservation.as_mut();
        if let Some(reservation) = reservation.filter(|_| self.committed.saturating_sub(end) > KEPT_ACCESSIBLE) {
            // Whatever fails, the mark may be lower than what is accessible.
            let _ = reservation.decommit(BASE + end * BLOCK, (self.committed - end) * BLOCK);
            self.committed = end;
        }
    }

    /// A card: not 0 where references have been written into objects that begin there.
    fn card(&self, card: usize) -> *mut u8 {
        self.base.wrapping_sub(BASE).wrapping_add(card)
    }

    /// Where the first object that begins in a card is noted.
    fn start(&self, card: usize) -> *mut u8 {
        self.base.wrapping_add(self.kinds.len() * BLOCK + GUARD + card)
    }

    /// The notes of where the first object of each card begins; null before there is a heap.
    pub(super) fn starts(&self) -> Starts {
        Starts(if self.base.is_null() { ptr::null_mut() } else { self.start(0) })
    }

    /// Sets the card of a place in an object.
    #[inline]
    pub(super) fn set_card(&mut self, place: u32) {
        // SAFETY: the object's blocks are accessible, so its cards are.
        unsafe { self.card((place / CARD_SIZE) as usize).write(1) };
    }

    /// Sets the cards of `bytes` bytes, not 0, from `place` on in an object.
    pub(super) fn set_cards(&mut self, place: usize, bytes: usize) {
        let (first, last) = (place / CARD_SIZE as usize, (place + bytes - 1) / CARD_SIZE as usize);
        // SAFETY: as in `set_card`.
        unsafe { self.card(first).write_bytes(1, last - first + 1) };
    }

    /// Whether the card of a place in an object is set.
    pub(super) fn is_card_set(&self, place: u32) -> bool {
        // SAFETY: as in `set_card`.
        unsafe { self.card((place / CARD_SIZE) as usize).read() != 0 }
    }

    /// Takes back all cards from that of byte `from` to that of byte `end` - 1, all of accessible blocks. Adds those that were set to `found`,
    /// each with the place up to which there are objects.
    pub(super) fn take_cards(&mut self, from: usize, end: usize, found: &mut Vec<(u32, usize)>) {
        let (first, last) = (from / CARD_SIZE as usize, end.div_ceil(CARD_SIZE as usize));
        // SAFETY: the cards of accessible blocks are accessible, and nobody writes them now.
        let cards = unsafe { std::slice::from_raw_parts_mut(self.card(first), last - first) };
        let (chunks, rest) = cards.as_chunks_mut::<32>();
        let mut position = first as u32;
        for chunk in chunks {
            // A card in a few hundred is set.
            if *chunk != [0; 32] {
                take_set(chunk, position, end, found);
            }
            position += 32;
        }
        take_set(rest, position, end, found);
    }
}

fn take_set(cards: &mut [u8], first: u32, end: usize, found: &mut Vec<(u32, usize)>) {
    for (card, number) in cards.iter_mut().zip(first..) {
        if std::mem::take(card) != 0 {
            found.push((number, end.min((number as usize + 1) * CARD_SIZE as usize)));
        }
    }
}

/// Where the first object of each card begins.
#[derive(Clone, Copy)]
pub(super) struct Starts(*mut u8);

impl Starts {
    /// Notes that an object begins at `place`, if it is the first in its card.
    ///
    /// # Safety
    ///
    /// The place is in an accessible block of a space that is still there.
    #[inline]
    pub(super) unsafe fn note(self, place: usize) {
        // SAFETY: the caller says so.
        unsafe {
            let start = self.0.add(place / CARD_SIZE as usize);
            if *start == NO_OBJECT {
                *start = (place % CARD_SIZE as usize / OBJECT_ALIGN as usize) as u8;
            }
        }
    }

    /// Where the first object of a card begins; `None` when none does.
    ///
    /// # Safety
    ///
    /// The card is of an accessible block of a space that is still there.
    pub(super) unsafe fn first(self, card: u32) -> Option<usize> {
        // SAFETY: the caller says so.
        let start = unsafe { self.0.add(card as usize).read() };
        (start != NO_OBJECT).then(|| (card * CARD_SIZE + u32::from(start) * OBJECT_ALIGN) as usize)
    }
}
