//! Collections: everything that is alive among the objects to be moved is copied to old blocks, from the roots on, then what the copies refer to,
//! and so on; what is left behind is free.
//!
//! Called by `policy`, which has seen to it that there is room for all of it, so that nothing can fail halfway. A collection of the nursery
//! moves young objects, one of the whole heap all but large ones, which are marked instead (and moved as well, if there is room, where the
//! tunable `gc_zeal` says so). Nothing recurses: copies are looked through in the order in which they stand, large objects from a list.
//!
//! The header of an object that has been moved holds the place of its copy, shifted up by 32 bits, plus one: headers of others are even. Whether
//! an object is to be moved is told by its place alone, so that it makes no difference how often a slot is looked at.

use super::heap::{Heap, length_of, size_of_object};
use super::info::TypeInfo;
use super::old::{Cards, Old, blocks_for};
use super::root;
use super::space::{BLOCK, BLOCK_LOG2, Starts, kind};
use crate::state::State;
use crate::sys::cache::prefetch;
use crate::sys::signal;
use std::cell::UnsafeCell;
use std::mem;
use tancho_abi::object::{CARD_SIZE, NULL_AREA, ObjectKind, PAYLOAD, VmTypeInfo, array_size};

/// What is written over what was left, where the tunable `gc_zeal` says so.
pub(super) const POISON: u8 = 0xa5;

/// How many references wait for their objects to come from memory.
const RING: usize = 8;

/// A slot of null, for the places of the ring that hold none: never written.
struct Nowhere(UnsafeCell<u32>);

// SAFETY: nobody writes it.
unsafe impl Sync for Nowhere {}

static NOWHERE: Nowhere = Nowhere(UnsafeCell::new(0));

impl Nowhere {
    fn as_ptr(&self) -> *mut u32 {
        self.0.get()
    }
}

/// A collection that a panic ends would leave a heap in which half of the references are to nothing.
struct Unfinished;

impl Drop for Unfinished {
    fn drop(&mut self) {
        signal::fail("a collection was not finished. This is a bug in tancho.", &[]);
    }
}

/// Collects the nursery, or the whole heap. The nursery is empty afterwards; values of the host whose objects are dead wait to be dropped.
///
/// # Safety
///
/// No compiled code of the store runs: all of it has left for the host. There are free accessible blocks for all that may be moved.
pub(super) unsafe fn collect<const MAJOR: bool>(state: &mut State) {
    let unfinished = Unfinished;
    let nursery = state.heap.nursery_start as usize..state.vm.heap_next as usize;
    let mut old = mem::take(&mut state.heap.old);
    let before = old.bytes();
    let nursery_blocks = state.heap.nursery_end as usize / BLOCK - 1;
    let from = if MAJOR {
        old.space.set_kind(1, nursery_blocks, kind::FROM);
        old.begin_evacuation()
    } else {
        Vec::new()
    };
    let cards = old.take_cards();
    let mut copier = Copier::<MAJOR>::new(&mut old, &state.heap, blocks_for(before + nursery.len()));
    // SAFETY: the caller says so; every place that is visited holds a reference, and stays where it is.
    unsafe {
        root::visit(state, MAJOR, |slot| copier.forward_soon(slot));
        if !MAJOR {
            copier.scan_cards(&cards);
        }
        copier.run();
    }
    copier.finish();
    let base = old.space.base();
    state.heap.host_values.sweep(MAJOR, |object| {
        // SAFETY: an object of the host's values in what has been moved: either moved, or as it was.
        unsafe {
            let object = base.add(object as usize);
            let header = object.cast::<u64>().read();
            if header & 1 != 0 {
                Ok((header >> 32) as u32)
            } else {
                Err(object.add(PAYLOAD as usize).cast::<u32>().read())
            }
        }
    });
    let poison = state.heap.zeal.then_some(POISON);
    if MAJOR {
        old.end_evacuation(from, poison);
        old.space.set_kind(1, nursery_blocks, kind::STAYS);
    }
    if let Some(byte) = poison {
        // SAFETY: the nursery's memory, in which there is nothing any more.
        unsafe { base.add(nursery.start).write_bytes(byte, nursery.len()) };
    }
    let copied = old.bytes() - if MAJOR { 0 } else { before };
    let heap = &mut state.heap;
    heap.old = old;
    heap.stats.copied += copied as u64;
    heap.stats.allocated += nursery.len() as u64;
    if MAJOR {
        heap.stats.major += 1;
        heap.since_major = 0;
        heap.stats.live = (heap.old.bytes() + heap.old.large_bytes()) as u64;
    } else {
        heap.stats.minor += 1;
        heap.since_major += copied;
    }
    mem::forget(unfinished);
}

/// What moves objects, and looks through them.
struct Copier<'a, const MAJOR: bool> {
    base: *mut u8,
    /// Half of where the nursery ends, less one.
    young: u32,
    kinds: *mut u8,
    /// Where the next copy goes, and how far the run reaches.
    next: usize,
    end: usize,
    /// Where the first objects of cards are noted, and the card of the last copy.
    starts: Starts,
    card: usize,
    /// Slots with references that concern this collection, to objects that the machine has been told to fetch: seen to when as many others
    /// have come. Where there is none, a slot of null.
    ring: [*mut u32; RING],
    position: usize,
    /// Which run is being looked through, and where.
    run: usize,
    scanned: usize,
    /// Large objects that have been seen and are to be looked through.
    large: Vec<u32>,
    zeal: bool,
    /// How many free blocks must remain for small objects.
    reserved: usize,
    old: &'a mut Old,
}

impl<'a, const MAJOR: bool> Copier<'a, MAJOR> {
    fn new(old: &'a mut Old, heap: &Heap, reserved: usize) -> Self {
        let (next, end) = (old.next, old.end);
        Copier {
            base: old.space.base(),
            young: (heap.nursery_end >> 1) - 1,
            kinds: old.space.kinds_mut(),
            next,
            end,
            starts: old.space.starts(),
            card: usize::MAX,
            ring: [NOWHERE.as_ptr(); RING],
            position: 0,
            // What stands there already is not to be looked through.
            run: old.runs.len().saturating_sub(1),
            scanned: next,
            large: Vec::new(),
            zeal: heap.zeal,
            reserved,
            old,
        }
    }

    /// Whether a reference is to something that this collection is to move or mark.
    #[inline(always)]
    fn concerns(&self, reference: u32) -> bool {
        if MAJOR {
            // SAFETY: a reference is into one of the blocks; null and `i31` can have the number of one at most, of whatever kind.
            reference & 1 == 0 && unsafe { *self.kinds.add((reference >> BLOCK_LOG2) as usize) } >= kind::FROM
        } else {
            // Null wraps, and the lowest bit, which `i31` has set, becomes the highest.
            reference.wrapping_sub(2).rotate_right(1) < self.young
        }
    }

    /// Sees to the object that the reference at `slot` is to, if it is one, and writes where it stands from now on.
    ///
    /// # Safety
    ///
    /// A reference of this heap stands at `slot`.
    #[inline(always)]
    unsafe fn forward(&mut self, slot: *mut u32) {
        // SAFETY: the caller says so.
        unsafe {
            let reference = slot.read();
            if self.concerns(reference) {
                slot.write(self.moved(reference));
            }
        }
    }

    /// [`forward`](Self::forward), later: when the object has come from memory.
    ///
    /// # Safety
    ///
    /// As of [`forward`](Self::forward), and the slot stays until [`run`](Self::run) has come to its end.
    #[inline(always)]
    unsafe fn forward_soon(&mut self, slot: *mut u32) {
        // SAFETY: the caller says so, of this slot and of that in the ring.
        unsafe {
            let reference = slot.read();
            if self.concerns(reference) {
                prefetch(self.base.wrapping_add(reference as usize));
                let before = mem::replace(&mut self.ring[self.position % RING], slot);
                self.position += 1;
                self.forward(before);
            }
        }
    }

    /// Sees to what is in the ring; whether there was anything.
    ///
    /// # Safety
    ///
    /// As of [`forward_soon`](Self::forward_soon).
    unsafe fn flush(&mut self) -> bool {
        let mut any = false;
        for slot in mem::replace(&mut self.ring, [NOWHERE.as_ptr(); RING]) {
            // SAFETY: a slot with a reference, or of null.
            unsafe {
                any |= slot.read() != 0;
                self.forward(slot);
            }
        }
        any
    }

    /// Where an object that concerns this collection stands from now on.
    ///
    /// # Safety
    ///
    /// There is one at `reference`, or was one that has been moved.
    #[inline(always)]
    unsafe fn moved(&mut self, reference: u32) -> u32 {
        // SAFETY: an object begins with its header, which is a pointer to its type or says where it is now.
        unsafe {
            let object = self.base.add(reference as usize);
            let header = object.cast::<u64>().read();
            if header & 1 != 0 {
                return (header >> 32) as u32;
            }
            if MAJOR && *self.kinds.add((reference >> BLOCK_LOG2) as usize) == kind::UNSEEN {
                return self.see(reference);
            }
            let info = &*object.cast::<*const VmTypeInfo>().read();
            let size = if info.kind == ObjectKind::Array as u32 {
                array_size(info.size, info.element_size, length_of(object)) as usize
            } else {
                info.size as usize
            };
            let place = self.place(size);
            copy(object, self.base.add(place), size);
            object.cast::<u64>().write((place as u64) << 32 | 1);
            place as u32
        }
    }

    /// Room for a copy of `size` bytes.
    #[inline(always)]
    fn place(&mut self, size: usize) -> usize {
        if self.end - self.next < size {
            self.begin_run();
        }
        let place = self.next;
        self.next += size;
        if place / CARD_SIZE as usize != self.card {
            self.card = place / CARD_SIZE as usize;
            // SAFETY: the run's blocks are accessible.
            unsafe { self.starts.note(place) };
        }
        place
    }

    #[cold]
    #[inline(never)]
    fn begin_run(&mut self) {
        self.old.next = self.next;
        if self.old.begin_run().is_none() {
            signal::fail("a collection found no room for what is alive. This is a bug in tancho.", &[]);
        }
        (self.next, self.end) = (self.old.next, self.old.end);
        if self.old.runs.len() == 1 {
            self.scanned = self.next;
        }
    }

    /// Marks a large object that was not seen before; where it stands from now on.
    ///
    /// # Safety
    ///
    /// There is one.
    #[cold]
    #[inline(never)]
    unsafe fn see(&mut self, reference: u32) -> u32 {
        let mut place = reference;
        if self.zeal {
            // SAFETY: the caller says so; what is taken is as large, and nobody else's.
            unsafe {
                let object = self.base.add(reference as usize);
                let size = size_of_object(object);
                let spare = self.old.space.free().saturating_sub(self.reserved);
                let room = if spare >= size.div_ceil(BLOCK) { self.old.place_large(size) } else { None };
                if let Some(free) = room {
                    copy(object, self.base.add(free as usize), size);
                    object.cast::<u64>().write(u64::from(free) << 32 | 1);
                    place = free;
                }
            }
        }
        if place == reference {
            // SAFETY: the block of the object.
            unsafe { *self.kinds.add(reference as usize / BLOCK) = kind::LARGE };
        }
        self.large.push(place);
        place
    }

    /// Looks through an object; its size.
    ///
    /// # Safety
    ///
    /// There is one at `object`.
    #[inline(always)]
    unsafe fn scan(&mut self, object: *mut u8) -> usize {
        // SAFETY: the caller says so, and its type says where its references stand.
        unsafe {
            let info = &*object.cast::<*const VmTypeInfo>().read();
            if info.kind != ObjectKind::Array as u32 {
                for index in 0..info.reference_count as usize {
                    let offset = info.references.add(index).read();
                    self.forward_soon(object.add(offset as usize).cast());
                }
                return info.size as usize;
            }
            let length = length_of(object);
            if info.reference_count != 0 {
                let elements = object.add(info.size as usize).cast::<u32>();
                for index in 0..length as usize {
                    self.forward_soon(elements.add(index));
                }
            }
            array_size(info.size, info.element_size, length) as usize
        }
    }

    /// Looks through the objects that begin in these cards, and the elements of arrays that stand there.
    ///
    /// # Safety
    ///
    /// All objects are sound.
    unsafe fn scan_cards(&mut self, cards: &Cards) {
        // SAFETY: the caller says so; objects follow one another without a gap from the first of a card on.
        unsafe {
            for (card, end) in &cards.of_runs {
                if let Some(object) = self.reaching(*card) {
                    self.scan_elements(object, *card);
                }
                let Some(mut place) = self.starts.first(*card) else { continue };
                while place < *end {
                    place += self.scan(self.base.add(place));
                }
            }
            for object in &cards.large {
                self.scan(self.base.add(*object as usize));
            }
            for (object, card) in &cards.of_large {
                self.scan_elements(self.base.add(*object as usize), *card);
            }
        }
    }

    /// The object that begins before a card of a run and reaches into it, if there is one.
    ///
    /// # Safety
    ///
    /// As of [`scan_cards`](Self::scan_cards).
    unsafe fn reaching(&self, card: u32) -> Option<*mut u8> {
        let begin = card as usize * CARD_SIZE as usize;
        // SAFETY: a run begins with an object and a card, so this comes to its end.
        unsafe {
            if self.starts.first(card) == Some(begin) {
                return None;
            }
            let mut before = card - 1;
            let mut place = loop {
                match self.starts.first(before) {
                    Some(place) => break place,
                    None => before -= 1,
                }
            };
            loop {
                let object = self.base.add(place);
                place += size_of_object(object);
                if place > begin {
                    return Some(object);
                }
                if place == begin {
                    return None;
                }
            }
        }
    }

    /// Looks through the elements of an array that stand in a card; not through an object of another kind.
    ///
    /// # Safety
    ///
    /// There is an object at `object`, and it is sound.
    unsafe fn scan_elements(&mut self, object: *mut u8, card: u32) {
        // SAFETY: the caller says so.
        unsafe {
            let info = &*object.cast::<*const VmTypeInfo>().read();
            if info.kind != ObjectKind::Array as u32 || info.reference_count == 0 {
                return;
            }
            let start = object.addr() - self.base.addr() + info.size as usize;
            let end = start + length_of(object) as usize * size_of::<u32>();
            let begin = card as usize * CARD_SIZE as usize;
            let mut place = begin.max(start);
            while place < end.min(begin + CARD_SIZE as usize) {
                self.forward_soon(self.base.add(place).cast());
                place += size_of::<u32>();
            }
        }
    }

    /// Looks through all copies and large objects that have been seen, until there are no more.
    ///
    /// # Safety
    ///
    /// All objects are sound.
    unsafe fn run(&mut self) {
        loop {
            let last = self.run + 1 >= self.old.runs.len();
            let top = if last { self.next } else { self.old.runs[self.run].top };
            if self.scanned < top {
                // SAFETY: a copy stands there.
                self.scanned += unsafe { self.scan(self.base.add(self.scanned)) };
            } else if !last {
                self.run += 1;
                self.scanned = self.old.runs[self.run].start();
            } else if let Some(object) = self.large.pop() {
                // SAFETY: a large object stands there.
                unsafe { self.scan(self.base.add(object as usize)) };
            // SAFETY: the slots are in copies or in objects that stay.
            } else if !unsafe { self.flush() } {
                return;
            }
        }
    }

    fn finish(self) {
        self.old.next = self.next;
    }
}

/// Copies `size` bytes, a multiple of 8 and not 0.
///
/// # Safety
///
/// As of `copy_nonoverlapping`; both places are aligned to 8 bytes.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, size: usize) {
    /// Up to here a loop is quicker than a call.
    const SMALL: usize = 128;
    // SAFETY: the caller says so.
    unsafe {
        if size <= SMALL {
            let (from, to) = (from.cast::<u64>(), to.cast::<u64>());
            let words = size / 8;
            let mut word = 0;
            while word < words {
                to.add(word).write(from.add(word).read());
                word += 1;
            }
        } else {
            from.copy_to_nonoverlapping(to, size);
        }
    }
}

const _: () = assert!(NULL_AREA as usize == BLOCK);

/// What `info` points to begins with what compiled code knows.
const _: () = assert!(mem::offset_of!(TypeInfo, vm) == 0);
