//! Placement: where in a cache line a function starts, so that its hot loops lie in few lines.
//!
//! Called by the linker for every piece. A loop whose body straddles a line more than it must costs up to a tenth of its time,
//! because instructions are fetched, and kept decoded, by the line. Cranelift aligns functions and nothing inside of them; since
//! what stands inside a function is fixed once it is compiled, choosing where it starts places its loops.
//!
//! Two more rules were measured on AMD's Zen 5, with loops of one to fifty instructions, split between lines in every way:
//!
//! - A line's instructions are kept decoded only where they are no more than [`KEPT`]: a loop of more in one line takes twice as long, and is quicker
//!   where it straddles two.
//! - What is kept is read in groups of [`GROUP`], two groups in a cycle, but of two lines only the first group of each: a turn takes a cycle, and one
//!   more for each of its lines but the last that has more than one group. So a loop of nine instructions takes one cycle for a turn in one line, one
//!   where it is split after the fourth instruction, and two where it is split after the eighth.
//!
//! How often a block runs is estimated from the shape of the code alone: the same code is placed alike on every machine.

use cranelift_codegen::CompiledCode;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};
use tancho_abi::target::Architecture;

/// The unit in which machines of today fetch and keep instructions, in bytes.
pub(super) const LINE: u32 = 64;
/// How finely places are told apart, in bytes.
const STEP: u32 = 8;
/// As many instructions that begin in one line are kept decoded: what was measured on AMD's Zen 5, whose entries are said to have six, two to a line.
const KEPT: u32 = 12;
/// As many crossings cost as much as a line with more.
const OVERFULL: f32 = 4.0;
/// As many instructions of a line are read at once.
const GROUP: u32 = 6;
/// As many instructions are taken up in a cycle.
const WIDTH: f32 = 8.0;
/// As many crossings cost as much as a cycle.
const CYCLE: f32 = 4.0;
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
        .map(|offset| {
            let lines = blocks.crossings(&frequencies, offset) + blocks.overfull(&frequencies, offset);
            (offset, lines + blocks.waits(&frequencies, offset))
        })
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
    /// Where the instructions of blocks in loops start, in order, each with its block; none where that is not known. A branch that is taken for
    /// one instruction with what sets its condition is none.
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
            let mut fuses = false;
            while decoder.can_decode() {
                let at = start + decoder.position() as u32;
                decoder.decode_out(&mut instruction);
                if !(fuses && is_conditional_branch(&instruction)) {
                    self.instructions.push((at, block));
                }
                fuses = fuses_with_branch(&instruction);
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

    /// How long the innermost loops wait for their instructions to be read, in crossings, when the function starts `offset` bytes into a line.
    fn waits(&self, frequencies: &[f32], offset: u32) -> f32 {
        let line = |at: u32| (offset + at) / LINE;
        let mut sum = 0.0;
        for (head, last) in self.innermost() {
            let often = frequencies[head];
            let first = self.instructions.partition_point(|(_, block)| *block < head);
            let end = self.instructions.partition_point(|(_, block)| *block <= last);
            // What is hardly ever run is not read.
            let run = self.instructions[first..end].iter().filter(|(_, block)| frequencies[*block] * TRIPS > often);
            let lines: Vec<u32> = run.map(|(at, _)| line(*at)).collect();
            let last_line = line(self.ends[last] - 1);
            let full = lines.chunk_by(|a, b| a == b).filter(|same| same[0] < last_line && same.len() > GROUP as usize);
            let reads = 1.0 + full.count() as f32;
            sum += CYCLE * often * (reads - lines.len() as f32 / WIDTH).max(0.0);
        }
        sum
    }

    /// The loops without loops in them: their headers and last blocks.
    fn innermost(&self) -> impl Iterator<Item = (usize, usize)> {
        let heads = self.loops.iter().enumerate().filter_map(|(block, body)| body.filter(|(head, _)| *head == block));
        heads.filter(|body| self.loops[body.0..=body.1].iter().all(|other| *other == Some(*body)))
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

fn is_conditional_branch(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::NearBranch64 && !matches!(instruction.mnemonic(), Mnemonic::Jmp | Mnemonic::Call)
}

/// Whether machines take an instruction and a conditional branch right behind it for one.
fn fuses_with_branch(instruction: &Instruction) -> bool {
    use Mnemonic::*;
    matches!(instruction.mnemonic(), Cmp | Test | Add | Sub | And | Or | Xor | Inc | Dec)
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

    /// A loop that looks for the end of a string, as it was measured: ten instructions, of 36 bytes, two of which are taken for one.
    const STRLEN: [u8; 36] = [
        0x8b, 0x43, 0xfc, 0x8d, 0x04, 0x0e, 0x49, 0x89, 0xf5, 0x48, 0x0f, 0xb6, 0x34, 0x03, 0x8d, 0x41, 0x01, 0x85,
        0xf6, 0x0f, 0x84, 0x0b, 0x00, 0x00, 0x00, 0x48, 0x89, 0xc1, 0x4c, 0x89, 0xee, 0xe9, 0xdc, 0xff, 0xff, 0xff,
    ];

    #[test]
    fn a_loop_waits_where_it_was_measured_to() {
        let mut blocks = blocks((&[0, 25, 36], &[(0, 25), (0, 36), (25, 0)], 40)).expect("it has a loop");
        blocks.find_instructions(&[&STRLEN[..], &[0x90; 4]].concat());
        assert_eq!(blocks.instructions.len(), 9);
        let frequencies = blocks.frequencies();
        let least = blocks.waits(&frequencies, 0);
        for offset in 0..LINE {
            let is_slow = blocks.waits(&frequencies, offset) > least;
            assert_eq!(is_slow, (29..39).contains(&offset), "{offset}");
        }
    }

    #[test]
    fn two_loops_that_do_not_fit_are_split_where_they_do_not_wait() {
        // One from 48 on, and another from 87 on.
        let code = [&[0x90; 48][..], &STRLEN, &[0x90; 3], &STRLEN, &[0x90; 4]].concat();
        let edges = [(0, 48), (48, 73), (73, 48), (48, 84), (84, 87), (87, 112), (112, 87), (87, 123)];
        let mut blocks = blocks((&[0, 48, 73, 84, 87, 112, 123], &edges, 127)).expect("it has loops");
        blocks.find_instructions(&code);
        let offset = best_offset(&blocks, 8).expect("it makes a difference");
        for start in [48, 87] {
            let place = (start + offset) % LINE;
            assert!(!(29..39).contains(&place), "a loop starts {place} bytes into a line");
        }
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
