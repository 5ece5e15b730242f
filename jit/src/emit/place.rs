//! Placement: where in a cache line a function starts, so that its hot loops lie in few lines.
//!
//! Called by the linker for every piece. A loop whose body straddles a line more than it must costs up to a tenth of its time,
//! because instructions are fetched, and kept decoded, by the line. Cranelift aligns functions and nothing inside of them; since
//! what stands inside a function is fixed once it is compiled, choosing where it starts places its loops.
//!
//! And machines seem to keep a line's instructions decoded only where these are few: a loop of more than [`KEPT`] in one line was measured to take half
//! as long again, probably because it is decoded at each turn, and is quicker where it straddles two.
//!
//! How often a block runs is estimated from the shape of the code alone: the same code is placed alike on every machine.

use cranelift_codegen::CompiledCode;
use iced_x86::{Decoder, DecoderOptions, Instruction};
use tancho_abi::target::Architecture;

/// The unit in which machines of today fetch and keep instructions, in bytes.
pub(super) const LINE: u32 = 64;
/// How finely places are told apart, in bytes.
const STEP: u32 = 8;
/// As many instructions that begin in one line are kept decoded: what was measured on AMD's Zen 5, whose entries are said to have six, two to a line.
const KEPT: u32 = 12;
/// As many crossings cost as much as a line with more.
const OVERFULL: f32 = 4.0;
/// The size of an entry of a jump table, in bytes.
const TABLE_ENTRY: u32 = 4;
/// How often a loop is believed to run each time it is entered.
const TRIPS: f32 = 8.0;
/// The most often that a block is believed to run for each run of its function.
const MAX_FREQUENCY: f32 = 1e12;
/// The share of those who stay, where one way out of a block stays in a loop and another leaves it.
const STAY: f32 = 1.0 - 1.0 / TRIPS;

/// Where a function should start: an offset in a line that is a multiple of `align`. `None` when it has no loop or when it
/// makes no difference.
pub(super) fn line_offset(compiled: &CompiledCode, architecture: Architecture, align: u32) -> Option<u32> {
    let code = compiled.code_buffer();
    let mut blocks = Blocks::of(&compiled.bb_starts, &compiled.bb_edges, code.len() as u32)?;
    if architecture == Architecture::X86_64 {
        blocks.find_instructions(code);
    }
    best_offset(&blocks, align)
}

fn best_offset(blocks: &Blocks, align: u32) -> Option<u32> {
    let frequencies = blocks.frequencies();
    let costs: Vec<(u32, f32)> = (0..LINE)
        .step_by(align.max(STEP) as usize)
        .map(|offset| (offset, blocks.crossings(&frequencies, offset) + blocks.overfull(&frequencies, offset)))
        .collect();
    let (best, least) = costs.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
    costs.iter().any(|(_, cost)| *cost > least).then_some(best)
}

/// The control-flow graph of compiled code. Blocks are numbered in the order of their addresses.
struct Blocks {
    /// Where each block starts.
    starts: Vec<u32>,
    /// Where what runs of each block ends: before the table, if it jumps by one.
    ends: Vec<u32>,
    /// The edges, sorted by the block they leave.
    edges: Vec<(usize, usize)>,
    /// Where the instructions of blocks in loops start, in order, each with its block; none where that is not known.
    instructions: Vec<(u32, usize)>,
    /// For each block the last block of the innermost loop that it lies in, and the loop's header.
    loops: Vec<Option<(usize, usize)>>,
}

impl Blocks {
    /// Of code that is known to have a loop: `length` bytes whose blocks start at `starts`, in order, with edges between blocks by their starts.
    fn of(starts: &[u32], edges: &[(u32, u32)], length: u32) -> Option<Blocks> {
        // The last block can be empty: one that only jumps is passed over by those that jump to it.
        let mut starts: Vec<u32> = starts.iter().copied().filter(|start| *start < length).collect();
        starts.dedup();
        if starts.is_empty() {
            // Too many to be told.
            return None;
        }
        let number = |start: u32| starts.binary_search(&start).ok();
        let mut edges: Vec<(usize, usize)> =
            edges.iter().filter_map(|(from, to)| Some((number(*from)?, number(*to)?))).collect();
        edges.sort_unstable();
        let mut ends: Vec<u32> = starts[1..].iter().copied().chain([length]).collect();
        // A block with more ways out than a branch has jumps by a table, which follows it and has an entry for each.
        for same in edges.chunk_by(|(a, _), (b, _)| a == b).filter(|same| same.len() > 2) {
            let (block, table) = (same[0].0, TABLE_ENTRY * same.len() as u32);
            ends[block] = ends[block].saturating_sub(table).max(starts[block] + 1);
        }
        edges.dedup();
        // An edge that goes back closes a loop, of which the blocks between its ends are the body. The shorter of two loops is
        // the inner one.
        let mut bodies: Vec<(usize, usize)> =
            edges.iter().filter(|(from, to)| to <= from).map(|(from, to)| (*to, *from)).collect();
        if bodies.is_empty() {
            return None;
        }
        // Of the edges back to one header the longest tells the body.
        bodies.sort_unstable_by_key(|(header, last)| (*header, std::cmp::Reverse(*last)));
        bodies.dedup_by_key(|(header, _)| *header);
        let mut loops = vec![None; starts.len()];
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut next = bodies.into_iter().peekable();
        for (block, innermost) in loops.iter_mut().enumerate() {
            // Those that ended below the top are met later.
            while open.pop_if(|(_, last)| *last < block).is_some() {}
            while let Some(body) = next.next_if(|(header, _)| *header == block) {
                open.push(body);
            }
            *innermost = open.last().copied();
        }
        Some(Blocks { starts, ends, edges, instructions: Vec::new(), loops })
    }

    /// Takes note of where instructions start, in x86-64 code.
    fn find_instructions(&mut self, code: &[u8]) {
        for block in (0..self.loops.len()).filter(|block| self.loops[*block].is_some()) {
            let (start, end) = (self.starts[block], self.ends[block]);
            let Some(bytes) = code.get(start as usize..end as usize) else { continue };
            let mut decoder = Decoder::new(64, bytes, DecoderOptions::NONE);
            let mut instruction = Instruction::default();
            while decoder.can_decode() {
                self.instructions.push((start + decoder.position() as u32, block));
                decoder.decode_out(&mut instruction);
            }
        }
    }

    /// Whether `block` lies in the loop from `header` to `last`.
    fn stays((header, last): (usize, usize), block: usize) -> bool {
        (header..=last).contains(&block)
    }

    /// How often each block runs for each run of the function.
    fn frequencies(&self) -> Vec<f32> {
        let count = self.loops.len();
        let mut frequencies = vec![0.0f32; count];
        frequencies[0] = 1.0;
        let mut edges = self.edges.as_slice();
        for block in 0..count {
            // Bounded, so that sums of products with 0 stay numbers however deep loops nest.
            frequencies[block] = frequencies[block].min(MAX_FREQUENCY);
            if self.loops[block].is_some_and(|(header, _)| header == block) {
                frequencies[block] *= TRIPS;
            }
            let (own, rest) = edges.split_at(edges.iter().take_while(|(from, _)| *from == block).count());
            edges = rest;
            let staying = |to: usize| self.loops[block].is_none_or(|body| Self::stays(body, to));
            let stay = own.iter().filter(|(_, to)| staying(*to)).count();
            let leave = own.len() - stay;
            for (_, to) in own.iter().filter(|(_, to)| *to > block) {
                let share = match (staying(*to), stay, leave) {
                    (true, stay, 0) => 1.0 / stay as f32,
                    (true, stay, _) => STAY / stay as f32,
                    (false, 0, leave) => 1.0 / leave as f32,
                    (false, _, leave) => (1.0 - STAY) / leave as f32,
                };
                frequencies[*to] += frequencies[block] * share;
            }
        }
        frequencies
    }

    /// How often a line ends within what is run when the function starts `offset` bytes into a line.
    fn crossings(&self, frequencies: &[f32], offset: u32) -> f32 {
        let line = |at: u32| (offset + at) / LINE;
        let crossed = |block: usize| line(self.ends[block] - 1) - line(self.starts[block]);
        // A block that begins a line and is fallen into crosses into it.
        let fallen = |block: usize| {
            (offset + self.starts[block]).is_multiple_of(LINE)
                && self.edges.binary_search(&(block.wrapping_sub(1), block)).is_ok()
        };
        (0..frequencies.len())
            .map(|block| frequencies[block] * (crossed(block) + u32::from(fallen(block))) as f32)
            .sum()
    }

    /// How often a line is run that has more instructions than are kept, in crossings, when the function starts `offset` bytes into a line.
    fn overfull(&self, frequencies: &[f32], offset: u32) -> f32 {
        let line = |at: u32| (offset + at) / LINE;
        let cost = |same: &[(u32, usize)]| {
            let often = same.iter().map(|(_, block)| frequencies[*block]).fold(0.0, f32::max);
            // What is hardly ever run is not kept beside the rest.
            let count = same.iter().filter(|(_, block)| frequencies[*block] * TRIPS > often).count();
            if count > KEPT as usize { OVERFULL * often } else { 0.0 }
        };
        self.instructions.chunk_by(|(a, _), (b, _)| line(*a) == line(*b)).map(cost).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop of 40 bytes from 50 on, of one block, with 50 bytes before and after it.
    const LOOP: (&[u32], &[(u32, u32)], u32) = (&[0, 50, 90], &[(0, 50), (50, 50), (50, 90)], 140);

    fn blocks((starts, edges, length): (&[u32], &[(u32, u32)], u32)) -> Option<Blocks> {
        Blocks::of(starts, edges, length)
    }

    #[test]
    fn a_loop_that_fits_lies_in_one_line() {
        let offset = best_offset(&blocks(LOOP).expect("it has a loop"), 16).expect("it makes a difference");
        assert_eq!((offset + 50) / LINE, (offset + 89) / LINE, "the loop straddles a line at offset {offset}");
    }

    #[test]
    fn the_inner_loop_decides() {
        // An outer loop from 10 to 120 around an inner one from 60 to 100.
        let (starts, edges) = ([0, 10, 60, 100, 120], [(0, 10), (10, 60), (60, 60), (60, 100), (100, 10), (100, 120)]);
        let blocks = blocks((&starts, &edges, 130)).expect("it has loops");
        assert_eq!(blocks.loops, [None, Some((1, 3)), Some((2, 2)), Some((1, 3)), None]);
        let frequencies = blocks.frequencies();
        assert!(frequencies[2] > frequencies[1] && frequencies[1] > frequencies[0], "{frequencies:?}");
        let offset = best_offset(&blocks, 16).expect("it makes a difference");
        assert_eq!((offset + 60) / LINE, (offset + 99) / LINE);
    }

    #[test]
    fn the_dispatch_of_an_interpreter_is_what_runs_most() {
        // A header that goes to one of twenty blocks, each of which goes back.
        let starts: Vec<u32> = (0..22).map(|block| 20 * block).collect();
        let edges: Vec<(u32, u32)> =
            std::iter::once((0, 20)).chain((2..22).flat_map(|block| [(20, 20 * block), (20 * block, 20)])).collect();
        let blocks = Blocks::of(&starts, &edges, 440).expect("it has a loop");
        let frequencies = blocks.frequencies();
        assert!(frequencies[2..].iter().all(|frequency| 10.0 * frequency < frequencies[1]), "{frequencies:?}");
        // The dispatch would be 100 bytes with its table, and is 20 without.
        let starts: Vec<u32> = (0..22).map(|block| if block < 2 { 20 * block } else { 80 + 20 * block }).collect();
        let place = |block: usize| starts[block];
        let edges: Vec<(u32, u32)> = std::iter::once((0, 20))
            .chain((2..22).flat_map(|block| [(20, place(block)), (place(block), 20)]))
            .collect();
        let blocks = Blocks::of(&starts, &edges, 520).expect("it has a loop");
        assert_eq!(blocks.ends[1], 40);
    }

    #[test]
    fn nesting_however_deep_is_placed() {
        // Sixty headers of 8 bytes, then the innermost body, then sixty ends that go back.
        let starts: Vec<u32> = (0..121).map(|block| 8 * block).collect();
        let forward = starts.windows(2).map(|pair| (pair[0], pair[1]));
        let back = (0..60).map(|depth| (8 * (61 + depth), 8 * (59 - depth)));
        let blocks = Blocks::of(&starts, &forward.chain(back).collect::<Vec<_>>(), 968).expect("it has loops");
        let frequencies = blocks.frequencies();
        assert!(frequencies.iter().all(|frequency| frequency.is_finite()), "{frequencies:?}");
        assert!((0..LINE).step_by(8).all(|offset| blocks.crossings(&frequencies, offset).is_finite()));
    }

    #[test]
    fn an_empty_block_at_the_end_is_none() {
        let (starts, edges, length) = LOOP;
        let blocks = Blocks::of(&[starts, &[length]].concat(), &[edges, &[(50, length)]].concat(), length);
        let blocks = blocks.expect("it has a loop");
        assert_eq!(blocks.starts, starts);
        let frequencies = blocks.frequencies();
        assert!((0..LINE).step_by(8).all(|offset| blocks.crossings(&frequencies, offset).is_finite()));
    }

    #[test]
    fn a_loop_of_many_short_instructions_straddles() {
        // A loop of twenty instructions of three bytes, `add eax, imm8`, the last of which stands for the branch.
        let mut blocks = blocks((&[0, 51, 111], &[(0, 51), (51, 51), (51, 111)], 141)).expect("it has a loop");
        assert_eq!(best_offset(&blocks, 16), Some(16), "where it lies in one line");
        blocks.find_instructions(&[0x83, 0xc0, 0x01].repeat(60));
        let offset = best_offset(&blocks, 16).expect("it makes a difference");
        let lines = blocks.instructions.chunk_by(|(a, _), (b, _)| (offset + a) / LINE == (offset + b) / LINE);
        assert_eq!(blocks.instructions.len(), 20);
        assert!(lines.clone().all(|line| line.len() <= KEPT as usize), "{offset}: {:?}", lines.collect::<Vec<_>>());
    }

    #[test]
    fn code_without_loops_goes_anywhere() {
        assert!(blocks((&[0, 10], &[(0, 10)], 20)).is_none());
    }

    #[test]
    fn a_loop_that_fits_wherever_it_stands_goes_anywhere() {
        let small = blocks((&[0, 2, 8], &[(0, 2), (2, 2), (2, 8)], 12)).expect("it has a loop");
        assert_eq!(best_offset(&small, 16), None);
    }
}
