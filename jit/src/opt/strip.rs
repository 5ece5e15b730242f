//! Strips: a short loop that counts is run a strip of its turns at a time, and can be interrupted between strips.
//!
//! Called once per function, when all of it is translated: it reads Cranelift's representation and changes it. A site of interruption is a
//! load in every turn, which a loop of a few instructions feels. What is looked for is a loop without loops and calls in it, that is left at one place
//! but where the program fails, has one way back to its head, and goes it as long as x ≠ b: b is the same in every turn, and x becomes x + s from one to the next, modulo 2ⁿ.
//! That is how compilers end most loops that count. It becomes
//!
//! ```text
//! loop {                                  strip {
//!     site; body;                             site; c = x_K or b;
//!     if x ≠ b continue;                      loop { body; if x ≠ c continue; }
//! }                                           if x ≠ b continue strip;
//!                                         }
//! ```
//!
//! Let x_k be what x is in the k-th turn of a strip, from 0 on: x_k = x_0 + k·s. There is a q at which x would come to b: the least q ≥ 0 for
//! which x_q = b, if there is one. If q < K, then c = b: the inner loop does what the loop did, and ends in turn q. If not, c = x_K-1. Since (K-1)·|s| < 2ⁿ,
//! all of x_0 … x_K-1 differ, and none is b: in each of these turns the loop would have gone on, as the inner one does before the last, in which x = c,
//! and the strip behind it. So what is run is the same whatever the numbers are, whether x ever comes to b or not, and a strip has K turns at most.
//!
//! With s = ±o·2ᵗ, o odd, and d the distance from x_0 to b in the direction of s, `rotr(d · o⁻¹, t)`, of n bits, is q if there is one and q < 2ⁿ⁻ᵗ, and
//! otherwise ≥ 2ⁿ⁻ᵗ, which is more than K: both product and rotation are one to one, and lead q·o·2ᵗ to q.
//!
//! Where x_0 and b are numbers, so is q, and a loop of few turns has no site at all. How much of a function may be without is bounded, and a
//! function with such loops keeps the site at its entry.

use crate::translate::interrupt;
use crate::translate::known;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, DataFlowGraph, Function, Inst, InstBuilder, InstructionData, Opcode, Type, Value, ValueDef, types,
};
use std::collections::HashSet;

/// How many instructions are run without a site, in a strip or in a loop that has none: even if each of them were the first to touch a page, that
/// would be some milliseconds.
const WORK: u64 = 1 << 15;

/// How many instructions are run in all, for one run of what is around them, in those loops of a function that have no site.
const UNASKED: u64 = 1 << 20;

/// The most instructions of a loop: a longer one does not feel the site.
const MAX_BODY: usize = 1 << 7;

/// A loop that is known to have fewer turns than this, if all goes well, stays as it is: what comes before a strip would take longer than the sites.
const FEW: u64 = 8;

/// Makes strips of what loops of a function can be. `func` has been translated, its sites have not been numbered. Whether there are loops left without a site.
pub(crate) fn mine(func: &mut Function) -> bool {
    let sites = interrupt::sites(func);
    let entry = func.layout.entry_block();
    let in_loops = sites.iter().filter(|site| func.layout.inst_block(**site) != entry);
    let heads: HashSet<Block> = in_loops.filter_map(|site| func.layout.inst_block(*site)).collect();
    if heads.is_empty() {
        return false;
    }
    let cfg = ControlFlowGraph::with_function(func);
    let mut unasked = UNASKED;
    let mut all_have_sites = true;
    for site in sites {
        // Nothing that is done to one loop changes another: it has no loop in it, and no head of another is one of its blocks.
        let Some(found) = Loop::of(func, &cfg, &heads, site) else { continue };
        let Some(count) = Count::of(func, &found) else { continue };
        let turns = WORK / found.size;
        match count.turns(func, &found) {
            Some(known) if known <= turns && known * found.size <= unasked => {
                unasked -= known * found.size;
                all_have_sites = false;
                interrupt::take(func, site).for_each(drop);
            }
            _ if count.is_short(func, &found) || !count.step.takes(turns) => {}
            _ => strip(func, &found, &count, turns),
        }
    }
    !all_have_sites
}

/// A loop without calls, without loops and other sites in it, with one way to it and one way back.
struct Loop {
    site: Inst,
    head: Block,
    blocks: HashSet<Block>,
    /// How many instructions it has.
    size: u64,
    /// The jump that enters it.
    entered: Inst,
    /// The branch that goes back or leaves it, and on which side it goes back.
    test: Inst,
    back: usize,
    /// What the head's parameters are entered with, and what they become.
    first: Vec<Value>,
    next: Vec<Value>,
}

impl Loop {
    /// The loop that `site` is of, in whose `head`; `heads` are those blocks that have sites.
    fn of(func: &Function, cfg: &ControlFlowGraph, heads: &HashSet<Block>, site: Inst) -> Option<Loop> {
        let head = func.layout.inst_block(site)?;
        let ways: Vec<_> = cfg.pred_iter(head).collect();
        // The way to a loop is there before the ways back.
        let [enters, back] = &ways[..] else { return None };
        for (enters, again) in [(enters, back), (back, enters)] {
            let Some((blocks, size)) = body(func, cfg, heads, head, again.block) else { continue };
            if blocks.contains(&enters.block) || func.dfg.insts[enters.inst].opcode() != Opcode::Jump {
                continue;
            }
            let (test, back, next) = test(func, cfg, head, again.block, again.inst)?;
            if ends_early(func, cfg, &blocks, test) {
                return None;
            }
            let calls =
                func.dfg.insts[enters.inst].branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables);
            let first = arguments(func, calls.first()?)?;
            return Some(Loop { site, head, blocks, size, entered: enters.inst, test, back, first, next });
        }
        None
    }

    /// Whether a value is the same in every turn.
    fn is_fixed(&self, func: &Function, value: Value) -> bool {
        let block = match func.dfg.value_def(value) {
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Result(inst, _) => func.layout.inst_block(inst),
            ValueDef::Union(..) => None,
        };
        known::constant(&func.dfg, value).is_some() || block.is_some_and(|block| !self.blocks.contains(&block))
    }
}

/// The blocks from which `last` is come to without passing `head`, both included, and how many instructions they have; `None` where they are too
/// many, call, or have a loop or another site among them.
fn body(
    func: &Function,
    cfg: &ControlFlowGraph,
    heads: &HashSet<Block>,
    head: Block,
    last: Block,
) -> Option<(HashSet<Block>, u64)> {
    let mut blocks = HashSet::from([head]);
    let mut size = instructions(func, head, 0)?;
    let mut next = vec![last];
    while let Some(block) = next.pop() {
        if !blocks.insert(block) {
            continue;
        }
        if heads.contains(&block) || func.layout.entry_block() == Some(block) {
            return None;
        }
        size = instructions(func, block, size)?;
        next.extend(cfg.pred_iter(block).map(|way| way.block));
    }
    // All blocks can be put in an order in which ways lead forward, but for those to the head.
    let mut left: Vec<Block> = blocks.iter().copied().filter(|block| *block != head).collect();
    left.sort_unstable();
    let mut ordered = HashSet::from([head]);
    while !left.is_empty() {
        let before = left.len();
        left.retain(|block| {
            let ready = cfg.pred_iter(*block).all(|way| ordered.contains(&way.block));
            if ready {
                ordered.insert(*block);
            }
            !ready
        });
        if left.len() == before {
            return None;
        }
    }
    Some((blocks, size as u64))
}

/// Whether a loop is left elsewhere than by `test`, as one is that looks for something: most of these have few turns, and what comes before a strip would
/// take longer than their sites. Where a program fails, as out of bounds, it does not count: that happens once.
fn ends_early(func: &Function, cfg: &ControlFlowGraph, blocks: &HashSet<Block>, test: Inst) -> bool {
    let fails = |block: Block| {
        let last = func.layout.last_inst(block);
        last.is_some_and(|last| func.dfg.insts[last].opcode() == Opcode::Trap)
    };
    let tested = func.layout.inst_block(test);
    let others = blocks.iter().filter(|block| Some(**block) != tested);
    others.flat_map(|block| cfg.succ_iter(*block)).any(|block| !blocks.contains(&block) && !fails(block))
}

/// `sum` and the number of a block's instructions, if that is not too many and there is no call and no more than one site among them.
fn instructions(func: &Function, block: Block, mut sum: usize) -> Option<usize> {
    let mut sites = 0;
    for inst in func.layout.block_insts(block) {
        sum += 1;
        sites += usize::from(interrupt::is_site(func, inst));
        if sum > MAX_BODY || sites > 1 || func.dfg.insts[inst].opcode().is_call() {
            return None;
        }
    }
    Some(sum)
}

/// The branch that decides whether `way`, the end of `last`, goes back to `head`: on which side it does, and with what.
fn test(
    func: &Function,
    cfg: &ControlFlowGraph,
    head: Block,
    last: Block,
    way: Inst,
) -> Option<(Inst, usize, Vec<Value>)> {
    let (dfg, pool) = (&func.dfg, &func.dfg.value_lists);
    let sides = |inst: Inst, block: Block| match &dfg.insts[inst] {
        InstructionData::Brif { blocks: [first, second], .. } => match (first.block(pool), second.block(pool)) {
            (to, other) if to == block && other != block => Some(0),
            (other, to) if to == block && other != block => Some(1),
            _ => None,
        },
        _ => None,
    };
    let calls = dfg.insts[way].branch_destination(&dfg.jump_tables, &dfg.exception_tables);
    if let Some(side) = sides(way, head) {
        return Some((way, side, arguments(func, &calls[side])?));
    }
    // A block that does nothing but go back, and is come to by a branch.
    let [call] = calls else { return None };
    let is_alone = last != head && func.layout.first_inst(last) == Some(way) && dfg.num_block_params(last) == 0;
    let mut before = cfg.pred_iter(last);
    let (Some(test), None, true) = (before.next(), before.next(), is_alone) else { return None };
    Some((test.inst, sides(test.inst, last)?, arguments(func, call)?))
}

/// What a branch passes.
fn arguments(func: &Function, call: &cranelift_codegen::ir::BlockCall) -> Option<Vec<Value>> {
    let values = call.args(&func.dfg.value_lists).map(|argument| argument.as_value());
    values.map(|value| value.map(|value| func.dfg.resolve_aliases(value))).collect()
}

/// How a loop counts: it goes on as long as x ≠ b, where x is a parameter of the head and something that is added.
struct Count {
    /// x, as it is compared.
    value: Value,
    /// The position of the parameter.
    position: usize,
    /// What is added to it.
    added: u64,
    /// b.
    end: Value,
    step: Step,
}

impl Count {
    fn of(func: &Function, found: &Loop) -> Option<Count> {
        let dfg = &func.dfg;
        let InstructionData::Brif { arg, .. } = dfg.insts[found.test] else { return None };
        // The loop goes on where the condition is not 0, or where it is.
        let mut is_set = found.back == 0;
        let mut condition = dfg.resolve_aliases(arg);
        let (first, second) = loop {
            let ValueDef::Result(inst, 0) = dfg.value_def(condition) else { break (condition, None) };
            match dfg.insts[inst] {
                InstructionData::Unary { opcode: Opcode::Uextend, arg } => condition = dfg.resolve_aliases(arg),
                InstructionData::IntCompare { cond, args: [first, second], .. } => {
                    let (first, second) = (dfg.resolve_aliases(first), dfg.resolve_aliases(second));
                    match cond {
                        IntCC::NotEqual => {}
                        IntCC::Equal => is_set = !is_set,
                        _ => return None,
                    }
                    // A comparison of a comparison with 0.
                    let is_truth = |value: Value| match dfg.value_def(value) {
                        ValueDef::Result(inst, 0) => dfg.insts[inst].opcode() == Opcode::Uextend,
                        _ => false,
                    };
                    if known::constant(dfg, second) != Some(0) || !is_truth(first) {
                        break (first, Some(second));
                    }
                    condition = first;
                }
                _ => break (condition, None),
            }
        };
        if !is_set || !matches!(dfg.value_type(first), types::I32 | types::I64) {
            return None;
        }
        let Some(second) = second else { return Count::by(func, found, first, None) };
        Count::by(func, found, first, Some(second)).or_else(|| Count::by(func, found, second, Some(first)))
    }

    /// The same, where `value` is x and `end` is b, or b is 0.
    fn by(func: &Function, found: &Loop, value: Value, end: Option<Value>) -> Option<Count> {
        let dfg = &func.dfg;
        let bits = dfg.value_type(value).bits();
        let (param, added) = known::sum(dfg, value);
        let ValueDef::Param(block, position) = dfg.value_def(param) else { return None };
        let (before, step) = known::sum(dfg, *found.next.get(position)?);
        let step = Step::new(step, bits)?;
        let end = match end {
            Some(end) if found.is_fixed(func, end) => end,
            // There is always one: b is 0 where it is not written down.
            None => value,
            Some(_) => return None,
        };
        (block == found.head && before == param).then_some(Count { value, position, added, end, step })
    }

    /// b, where it is a number.
    fn number(&self, dfg: &DataFlowGraph) -> Option<u64> {
        if self.end == self.value { Some(0) } else { known::constant(dfg, self.end) }
    }

    /// How many turns the loop has at most, where that follows from numbers.
    fn turns(&self, func: &Function, found: &Loop) -> Option<u64> {
        let first = known::constant(&func.dfg, found.first[self.position])?;
        self.step.turns(first.wrapping_add(self.added), self.number(&func.dfg)?)
    }

    /// Whether the loop is likely to have few turns: what it counts down from, or up to, is small.
    fn is_short(&self, func: &Function, found: &Loop) -> bool {
        let dfg = &func.dfg;
        let far = match (self.step.down, self.number(dfg)) {
            (true, Some(0)) => known::most(dfg, found.first[self.position]),
            (false, None) => known::most(dfg, self.end),
            _ => return false,
        };
        far / self.step.length < FEW
    }
}

/// What a number of n bits becomes larger by, modulo 2ⁿ; not 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Step {
    bits: u32,
    down: bool,
    /// |s|.
    length: u64,
}

impl Step {
    fn new(step: u64, bits: u32) -> Option<Step> {
        let mask = known::widest(bits);
        let (up, down) = (step & mask, step.wrapping_neg() & mask);
        (up != 0).then_some(Step { bits, down: down < up, length: up.min(down) })
    }

    /// t.
    fn zeros(self) -> u32 {
        self.length.trailing_zeros()
    }

    /// o⁻¹, modulo 2⁶⁴, and so modulo 2ⁿ.
    fn inverse(self) -> u64 {
        let odd = self.length >> self.zeros();
        // Right in the three lowest bits, and in twice as many each time.
        (0..5).fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))))
    }

    /// How many turns a loop has that goes on as long as x ≠ `end`, with x = `first` in the first; `None` where it goes on for ever.
    fn turns(self, first: u64, end: u64) -> Option<u64> {
        let (from, to) = if self.down { (end, first) } else { (first, end) };
        let scaled = to.wrapping_sub(from).wrapping_mul(self.inverse()) & known::widest(self.bits);
        (scaled.trailing_zeros() >= self.zeros()).then(|| (scaled >> self.zeros()).saturating_add(1))
    }

    /// Whether no number comes again within so many turns.
    fn takes(self, turns: u64) -> bool {
        turns > 1 && self.length.checked_mul(turns).is_some_and(|far| far <= known::widest(self.bits))
    }
}

/// Makes strips of so many turns of a loop.
fn strip(func: &mut Function, found: &Loop, count: &Count, turns: u64) {
    let outer = func.dfg.make_block();
    let params = func.dfg.block_params(found.head).to_vec();
    let params: Vec<Value> = params
        .iter()
        .map(|param| {
            let ty = func.dfg.value_type(*param);
            func.dfg.append_block_param(outer, ty)
        })
        .collect();
    func.layout.insert_block(outer, found.head);
    for inst in interrupt::take(func, found.site) {
        func.layout.append_inst(inst, outer);
    }

    let mut cursor = FuncCursor::new(func).at_bottom(outer);
    cursor.use_srcloc(found.site);
    let end = strip_end(&mut cursor, count, params[count.position], turns);
    cursor.ins().jump(found.head, &values(&params));
    let enters = func.dfg.block_call(outer, &values(&found.first));
    if let InstructionData::Jump { destination, .. } = &mut func.dfg.insts[found.entered] {
        *destination = enters;
    }

    // The branch that there was comes behind the strip, and another in its place.
    let between = func.dfg.make_block();
    let last = func.layout.inst_block(found.test).expect("it is in the loop");
    func.layout.insert_block_after(between, last);
    func.layout.remove_inst(found.test);
    let mut cursor = FuncCursor::new(func).at_bottom(last);
    cursor.use_srcloc(found.test);
    let goes_on = cursor.ins().icmp(IntCC::NotEqual, count.value, end);
    let InstructionData::Brif { blocks, .. } = cursor.func.dfg.insts[found.test] else { return };
    let pool = &cursor.func.dfg.value_lists;
    let (to, passed) = (blocks[found.back].block(pool), blocks[found.back].args(pool).collect::<Vec<BlockArg>>());
    cursor.ins().brif(goes_on, to, &passed, between, &[]);
    func.layout.append_inst(found.test, between);
    let again = func.dfg.block_call(outer, &values(&found.next));
    if let InstructionData::Brif { blocks, .. } = &mut func.dfg.insts[found.test] {
        blocks[found.back] = again;
    }
}

/// c, where the parameter that counts is `param` as a strip begins.
fn strip_end(cursor: &mut FuncCursor<'_>, count: &Count, param: Value, turns: u64) -> Value {
    let step = count.step;
    let ty = cursor.func.dfg.value_type(count.value);
    let first = add(cursor, param, count.added, ty);
    let end = match count.number(&cursor.func.dfg) {
        Some(number) => constant(cursor, number, ty),
        None => count.end,
    };
    let distance = if step.down { cursor.ins().isub(first, end) } else { cursor.ins().isub(end, first) };
    let scaled = match step.inverse() {
        1 => distance,
        inverse => {
            let inverse = constant(cursor, inverse, ty);
            cursor.ins().imul(distance, inverse)
        }
    };
    let left = match step.zeros() {
        0 => scaled,
        zeros => {
            let zeros = constant(cursor, u64::from(zeros), ty);
            cursor.ins().rotr(scaled, zeros)
        }
    };
    let turns_bound = constant(cursor, turns, ty);
    let is_near = cursor.ins().icmp(IntCC::UnsignedLessThan, left, turns_bound);
    let far = step.length * (turns - 1);
    let far = add(cursor, param, count.added.wrapping_add(if step.down { far.wrapping_neg() } else { far }), ty);
    cursor.ins().select(is_near, end, far)
}

/// A number of a type.
fn constant(cursor: &mut FuncCursor<'_>, number: u64, ty: Type) -> Value {
    cursor.ins().iconst(ty, (number & known::widest(ty.bits())) as i64)
}

fn add(cursor: &mut FuncCursor<'_>, value: Value, number: u64, ty: Type) -> Value {
    if number & known::widest(ty.bits()) == 0 {
        return value;
    }
    let number = constant(cursor, number, ty);
    cursor.ins().iadd(value, number)
}

/// Values as a branch passes them.
fn values(values: &[Value]) -> Vec<BlockArg> {
    values.iter().copied().map(BlockArg::Value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In which turn x comes to `end`, counted from 1, by going there; `None` where it never does.
    fn walked(first: u64, end: u64, step: u64, bits: u32) -> Option<u64> {
        let number = |turn: u64| first.wrapping_add(turn.wrapping_mul(step)) & known::widest(bits);
        (0..1 << bits).find(|turn| number(*turn) == end).map(|turn| turn + 1)
    }

    #[test]
    fn turns_are_those_of_a_walk() {
        for step in 1..256 {
            let made = Step::new(step, 8).expect("it is not 0");
            for (first, end) in (0..256).flat_map(|first| [(first, 0), (first, 77), (200, first)]) {
                assert_eq!(made.turns(first, end), walked(first, end, step, 8), "from {first} by {step} to {end}");
            }
        }
        // Bits above those of the type do not count.
        let step = Step::new(0xffff_ff04, 8).expect("it is not 0");
        assert_eq!(step.turns(0xab00, 12), Some(4));
    }

    #[test]
    fn nothing_steps_by_nothing() {
        assert_eq!(Step::new(0, 32), None);
        assert_eq!(Step::new(1 << 32, 32), None);
        assert_eq!(Step::new(1 << 32, 64), Some(Step { bits: 64, down: false, length: 1 << 32 }));
        assert_eq!(Step::new(u64::MAX, 64), Some(Step { bits: 64, down: true, length: 1 }));
        assert_eq!(Step::new(0xffff_fff4, 32), Some(Step { bits: 32, down: true, length: 12 }));
    }

    /// What a strip does, in numbers: in which turn it ends, counted from 1, and whether x is the end then.
    fn strip(step: Step, first: u64, end: u64, turns: u64) -> (u64, bool) {
        let mask = known::widest(step.bits);
        let s = if step.down { step.length.wrapping_neg() } else { step.length };
        let distance = if step.down { first.wrapping_sub(end) } else { end.wrapping_sub(first) };
        let scaled = distance.wrapping_mul(step.inverse()) & mask;
        let (low, zeros) = (scaled & known::widest(step.zeros().max(1)), step.zeros());
        let rotated = if zeros == 0 { scaled } else { (scaled >> zeros | low << (step.bits - zeros)) & mask };
        let stop = if rotated < turns { end } else { first.wrapping_add((turns - 1).wrapping_mul(s)) & mask };
        let reached = (0..=turns).find(|turn| first.wrapping_add(turn.wrapping_mul(s)) & mask == stop);
        (reached.map_or(u64::MAX, |turn| turn + 1), stop == end)
    }

    /// Whatever a loop of numbers of eight bits begins with, steps by and ends at: a strip ends where the loop does, or after all of its turns
    /// and before the loop does.
    #[test]
    fn strips_end_where_loops_do_or_before() {
        let mut many = 0;
        for step in 1..256 {
            let made = Step::new(step, 8).expect("it is not 0");
            for turns in [2, 3, 5, 16, 100].into_iter().filter(|turns| made.takes(*turns)) {
                for (first, end) in (0..256).flat_map(|first| [(first, 0), (first, 91), (3, first)]) {
                    let ends = walked(first, end, step, 8).filter(|ends| *ends <= turns);
                    assert_eq!(strip(made, first, end, turns), ends.map_or((turns, false), |ends| (ends, true)));
                    many += 1;
                }
            }
        }
        assert!(many > 100_000, "{many}");
        assert!(!Step::new(100, 8).expect("it is not 0").takes(3), "300 is more than there are");
    }
}
