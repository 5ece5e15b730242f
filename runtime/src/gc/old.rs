//! Old objects: the runs of blocks in which small ones stand, and large ones.
//!
//! Called by `policy` and `allocate` for new objects that are old from the start, and by `collect`, which moves others here.

use super::space::{BLOCK, Space, kind};
use std::mem;
use tancho_abi::object::{CARD_SIZE, LARGE_OBJECT};

/// A run has at most so many blocks: with more, the last one would be larger than what a small heap needs.
const RUN: usize = 16;
/// No run ends with more free bytes than this because an object did not fit.
const FIT: usize = BLOCK - LARGE_OBJECT as usize;

/// Blocks in a row with small objects one after the other.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The first block.
    pub(super) first: usize,
    pub(super) blocks: usize,
    /// Where the objects end, once it is no longer the one that is being filled.
    pub(super) top: usize,
}

impl Run {
    pub(super) fn start(&self) -> usize {
        self.first * BLOCK
    }
}

/// A large object.
#[derive(Clone, Copy)]
pub(super) struct Large {
    pub(super) object: u32,
    pub(super) blocks: usize,
}

/// Cards that were set.
#[derive(Default)]
pub(super) struct Cards {
    /// Those in runs, each with the place up to which there are objects.
    pub(super) of_runs: Vec<(u32, usize)>,
    /// Large objects of which the first one was.
    pub(super) large: Vec<u32>,
    /// Of others, the object and the card.
    pub(super) of_large: Vec<(u32, u32)>,
    /// Kept for the next large object.
    found: Vec<(u32, usize)>,
}

impl Cards {
    fn take_large(&mut self, space: &mut Space, object: u32, end: usize) {
        space.take_cards(object as usize, end, &mut self.found);
        self.of_large.extend(self.found.drain(..).map(|(card, _)| (object, card)));
    }
}

/// See the [module](self). Places are distances from the heap's base.
#[derive(Default)]
pub(crate) struct Old {
    pub(super) space: Space,
    /// The last one is being filled.
    pub(super) runs: Vec<Run>,
    /// Where the last run's next object is made, and where the run ends.
    pub(super) next: usize,
    pub(super) end: usize,
    /// The bytes of the objects in the other runs.
    closed: usize,
    /// The blocks of all runs.
    blocks: usize,
    pub(super) large: Vec<Large>,
    large_blocks: usize,
    /// Blocks that are free at the next collection.
    poisoned: Vec<(usize, usize)>,
}

/// So many blocks, one by one, hold small objects of `bytes` bytes, whatever their sizes.
pub(super) const fn blocks_for(bytes: usize) -> usize {
    bytes.div_ceil(FIT) + 1
}

impl Old {
    /// Those of a heap that has been made.
    pub(super) fn new(space: Space) -> Old {
        Old { space, ..Old::default() }
    }

    /// The bytes of all small objects.
    pub(super) fn bytes(&self) -> usize {
        self.closed + self.runs.last().map_or(0, |run| self.next - run.start())
    }

    /// The bytes of all large objects, in whole blocks.
    pub(super) fn large_bytes(&self) -> usize {
        self.large_blocks * BLOCK
    }

    /// The bytes of all blocks that are in use.
    pub(super) fn used(&self) -> usize {
        (self.blocks + self.large_blocks) * BLOCK
    }

    /// Room for `size` bytes of a small object; `None` when there is none.
    pub(super) fn place(&mut self, size: usize) -> Option<usize> {
        if self.end - self.next < size {
            self.begin_run()?;
        }
        let place = self.next;
        self.next += size;
        // SAFETY: the run's blocks are accessible.
        unsafe { self.space.starts().note(place) };
        Some(place)
    }

    /// How many blocks the next run has at most: runs grow with the heap.
    pub(super) fn next_run(&self) -> usize {
        (self.blocks / 4 + 1).min(RUN)
    }

    /// Ends the run that is being filled, and begins another.
    pub(super) fn begin_run(&mut self) -> Option<()> {
        let (first, blocks) = self.space.take_some(self.next_run())?;
        self.end_run();
        self.runs.push(Run { first, blocks, top: first * BLOCK });
        self.blocks += blocks;
        self.next = first * BLOCK;
        self.end = (first + blocks) * BLOCK;
        Some(())
    }

    /// Notes where the run that is being filled ends.
    pub(super) fn end_run(&mut self) {
        if let Some(run) = self.runs.last_mut() {
            run.top = self.next;
            self.closed += self.next - run.start();
        }
        (self.next, self.end) = (0, 0);
    }

    /// Where the objects of a run end.
    pub(super) fn top(&self, position: usize) -> usize {
        if position + 1 == self.runs.len() { self.next } else { self.runs[position].top }
    }

    /// Room for a large object of `size` bytes; zeroed; `None` when there is none.
    pub(super) fn place_large(&mut self, size: usize) -> Option<u32> {
        let blocks = size.div_ceil(BLOCK);
        let first = self.space.take_large(size)?;
        // A block's place is below 2³².
        let object = (first * BLOCK) as u32;
        // SAFETY: the block is accessible.
        unsafe { self.space.starts().note(object as usize) };
        self.large.push(Large { object, blocks });
        self.large_blocks += blocks;
        Some(object)
    }

    /// Takes all cards of old objects back, and gives those that were set.
    pub(super) fn take_cards(&mut self) -> Cards {
        let mut cards = Cards::default();
        for position in 0..self.runs.len() {
            let (start, top) = (self.runs[position].start(), self.top(position));
            self.space.take_cards(start, top, &mut cards.of_runs);
        }
        for Large { object, blocks } in &self.large {
            let (start, first) = (*object as usize, cards.of_large.len());
            cards.take_large(&mut self.space, *object, start + blocks * BLOCK);
            // The first stands for the whole.
            if cards.of_large.get(first).is_some_and(|(_, card)| *card == object / CARD_SIZE) {
                cards.of_large.truncate(first);
                cards.large.push(*object);
            }
        }
        cards
    }

    /// Begins to move all old objects: the runs that they stand in are no longer among those of this, large ones count as unseen.
    pub(super) fn begin_evacuation(&mut self) -> Vec<Run> {
        self.end_run();
        let from = mem::take(&mut self.runs);
        for run in &from {
            self.space.set_kind(run.first, run.blocks, kind::FROM);
        }
        for large in &self.large {
            self.space.set_kind(large.object as usize / BLOCK, 1, kind::UNSEEN);
        }
        (self.closed, self.blocks) = (0, 0);
        from
    }

    /// Frees the runs that everything has been moved out of, and the large objects that have not been seen. Overwrites them with
    /// `poison` and frees them at the next collection, if it is given.
    pub(super) fn end_evacuation(&mut self, from: Vec<Run>, poison: Option<u8>) {
        for run in from {
            self.release(run.first, run.blocks, run.top - run.start(), poison);
        }
        let mut large = mem::take(&mut self.large);
        large.retain(|large| {
            let first = large.object as usize / BLOCK;
            let seen = self.space.kinds()[first] == kind::LARGE;
            if !seen {
                self.large_blocks -= large.blocks;
                self.release(first, large.blocks, large.blocks * BLOCK, poison);
            }
            seen
        });
        self.large = large;
    }

    fn release(&mut self, first: usize, blocks: usize, bytes: usize, poison: Option<u8>) {
        match poison {
            None => self.space.release(first, blocks),
            Some(byte) => {
                self.space.set_kind(first, blocks, kind::POISONED);
                // SAFETY: accessible blocks of this space, in which there is nothing any more.
                unsafe { self.space.base().add(first * BLOCK).write_bytes(byte, bytes) };
                self.poisoned.push((first, blocks));
            }
        }
    }

    /// Frees what was poisoned.
    pub(super) fn release_poisoned(&mut self) {
        for (first, blocks) in self.poisoned.drain(..) {
            self.space.release(first, blocks);
        }
    }
}
