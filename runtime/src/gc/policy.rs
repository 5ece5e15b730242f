//! When to collect what: what the nursery's end, large objects and the host ask for, within the limit of the heap and so that there is always room to
//! finish a collection that is begun.
//!
//! Called by `allocate`, by the builtins and by the host. A collection of the nursery is the rule. The whole heap is collected when as much has
//! become old as was alive after the last time, or when nothing else makes room.
//!
//! To move all small objects takes free blocks: before anything is promoted or made it is seen to that there remain enough of them for the
//! worst case, which is that all is alive and fills its blocks as badly as objects of up to [`LARGE_OBJECT`](tancho_abi::object::LARGE_OBJECT)
//! bytes can. So small objects come to a little less than half of the reservation. Those blocks are made accessible in advance: where the system
//! refuses, there is no room, and a later collection can still make some.

use super::collect::collect;
use super::heap::Heap;
use super::host_value::HostValue;
use super::old::blocks_for;
use super::space::BLOCK;
use super::verify;
use crate::state::State;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;
use tancho_abi::object::NULL_AREA;
use tancho_abi::trap::Trap;

/// The whole heap is not collected for less than this that has become old.
const LEAST: usize = 32 << 20;

impl Heap {
    /// How many free blocks it takes to move small objects of `small` bytes with all that can come until the next collection and by it: runs
    /// are taken whole, and what is left of the one that is being filled is of no use to whoever moves objects.
    pub(super) fn reserve(&self, small: usize) -> usize {
        blocks_for(small + 2 * (self.nursery_room() - NULL_AREA) as usize) + 2 + self.old.next_run()
    }

    /// Whether enough has become old for a collection of the whole heap.
    fn is_due(&self) -> bool {
        self.since_major > LEAST.max(self.stats.live as usize)
    }

    /// Whether, with small objects of `young` bytes beside the old ones, `blocks` more can be taken for old objects without
    /// coming to the limit or making a later collection impossible.
    fn admits(&mut self, young: usize, blocks: usize) -> bool {
        let used = self.old.used() + blocks * BLOCK + (self.nursery_room() - NULL_AREA) as usize;
        let reserve = self.reserve(self.old.bytes() + young);
        // Accessible from now on: later the system may refuse.
        used as u64 <= self.limit && self.old.space.prepare(blocks + reserve).is_ok()
    }

    /// [`admits`](Self::admits), for `size` bytes of objects that are old from the start.
    pub(super) fn admits_old(&mut self, young: usize, size: usize) -> bool {
        self.admits(young + size, size.div_ceil(BLOCK))
    }
}

impl State {
    /// The bytes of the nursery's objects.
    pub(super) fn young_bytes(&self) -> usize {
        (self.vm.heap_next - self.heap.nursery_start) as usize
    }

    /// Reserves the heap, if that has not been done.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub(crate) fn make_heap(&mut self) -> Result<(), Trap> {
        self.heap.make(&mut self.vm, &self.tunables).map_err(|_| Trap::HeapExhausted)
    }

    /// Sees to it that the nursery has room for `size` bytes, of an object that is not large. May collect.
    ///
    /// # Errors
    ///
    /// When there is no room after a collection of the whole heap.
    ///
    /// # Panics
    ///
    /// When a value of the host's panics as it is dropped; the heap is sound then.
    pub(crate) fn make_room(&mut self, size: u32) -> Result<(), Trap> {
        self.make_heap()?;
        let fits = |state: &State| state.vm.heap_limit - state.vm.heap_next >= size;
        if !self.heap.zeal && fits(self) {
            return Ok(());
        }
        let young = self.young_bytes();
        let minor = !self.heap.zeal && !self.heap.is_due() && self.heap.admits(young, blocks_for(young));
        let done = if minor { self.collect_nursery(size) } else { self.collect_whole(size) };
        let outcome = if done && fits(self) { Ok(()) } else { Err(Trap::HeapExhausted) };
        self.drop_dead();
        outcome
    }

    /// A large object of `size` bytes, zeroed and without a header. May collect.
    ///
    /// # Errors
    ///
    /// When there is no room after a collection of the whole heap.
    ///
    /// # Panics
    ///
    /// As [`make_room`](Self::make_room).
    pub(super) fn make_large(&mut self, size: usize) -> Result<u32, Trap> {
        self.make_heap()?;
        let place = |state: &mut State| {
            let young = state.young_bytes();
            let admitted = state.heap.admits(young, size.div_ceil(BLOCK));
            admitted.then(|| state.heap.old.place_large(size))?
        };
        let mut object = if self.heap.zeal || self.heap.is_due() { None } else { place(self) };
        if object.is_none() {
            self.collect_whole(0);
            // Before anything is made: it may panic.
            self.drop_dead();
            object = place(self);
        }
        let object = object.ok_or(Trap::HeapExhausted)?;
        self.heap.since_major += size;
        self.heap.stats.allocated += size as u64;
        Ok(object)
    }

    /// Collects the whole heap, if there is one.
    ///
    /// # Panics
    ///
    /// As [`make_room`](Self::make_room).
    pub(crate) fn collect(&mut self) {
        if !self.heap.base().is_null() {
            self.collect_whole(0);
            self.drop_dead();
        }
    }

    /// Whether the nursery could be collected.
    fn collect_nursery(&mut self, size: u32) -> bool {
        let young = self.young_bytes();
        if self.heap.old.space.prepare(blocks_for(young)).is_err() {
            return false;
        }
        let begun = Instant::now();
        self.verify_before();
        // SAFETY: a borrow of the state means that compiled code of the store has left for the host, and there is room for all young objects.
        unsafe { collect::<false>(self) };
        self.heap.reset_nursery(&mut self.vm, size);
        self.after(begun);
        true
    }

    /// Whether the whole heap could be collected, and there is room to go on.
    fn collect_whole(&mut self, size: u32) -> bool {
        self.heap.old.release_poisoned();
        let movable = self.heap.old.bytes() + self.young_bytes();
        if self.heap.old.space.prepare(blocks_for(movable)).is_err() {
            return false;
        }
        let begun = Instant::now();
        self.verify_before();
        // SAFETY: as in `collect_nursery`; there is room for all small objects.
        unsafe { collect::<true>(self) };
        let soon = LEAST.max(self.heap.stats.live as usize) + (self.heap.nursery_end as usize);
        if !self.heap.zeal {
            self.heap.old.space.clean(soon / BLOCK);
        }
        self.heap.reset_nursery(&mut self.vm, size);
        let room = self.heap.admits(0, 0);
        if !room {
            self.vm.heap_limit = self.vm.heap_next;
        }
        self.after(begun);
        room
    }

    fn verify_before(&self) {
        if self.heap.verify {
            verify::before(self);
        }
    }

    fn after(&mut self, begun: Instant) {
        let pause = begun.elapsed();
        let stats = &mut self.heap.stats;
        stats.total_pause += pause;
        stats.longest_pause = stats.longest_pause.max(pause);
        if self.heap.verify {
            verify::after(self);
        }
    }

    /// Drops the values of the host whose objects are dead: all of them, whatever the first that panics has to say.
    fn drop_dead(&mut self) {
        let mut first: Option<Box<dyn Any + Send>> = None;
        for value in self.heap.host_values.take_dead() {
            let drop_it = AssertUnwindSafe(|| drop::<HostValue>(value));
            if let Err(panic) = catch_unwind(drop_it) {
                match first {
                    None => first = Some(panic),
                    // Dropping it runs code of whoever panicked, which may panic again.
                    Some(_) => std::mem::forget(panic),
                }
            }
        }
        if let Some(panic) = first {
            resume_unwind(panic);
        }
    }
}
