//! Strides: indices of 64 bits that a loop makes larger or smaller step by step are kept within the reservation once, where the loop is
//! entered.
//!
//! Called once per function that accesses 64-bit memories, when all of it is translated: it reads Cranelift's representation and changes
//! it. `bounds` has written place = min(index, R) for each index. Where the index p is a sum, modulo 2⁶⁴, of parameters of a loop's head,
//! each so many times, and of values that are the same in each round, this makes a parameter q of the head for it:
//!
//! ```text
//! entered with p = i              q = min(i, R)
//! entered again with p = p + s    q = p + s, where -MAX_STEP ≤ s ≤ MAX_STEP
//! ```
//!
//! and uses q for every min(p, R), if each way back to the head has passed an access at q. For then, whenever the head is entered again,
//! that access has not trapped, so q ≤ length ≤ R; the first time q = min(i, R), which was p, or the access had been at R and trapped;
//! later times q = p by induction. So p + s ≤ R + s has not wrapped, and an access at q = p ends at R + s + end ≤ R + G: `bounds` leaves
//! MAX_STEP to spare. It is in bounds or faults, at p or, the first time, at min(p, R). A load that has trapped may still be followed by
//! some rounds under speculation, of which the guard must hold more than there can be. Behind such an access q is p, so q + s will do for
//! p + s, and one of the two is left where p is a parameter that is used nowhere before it.
//!
//! Where steps go down, s < 0, the memory has B inaccessible bytes before it, -s ≤ B, and this holds of the accesses at q: each adds 0, or
//! every way to it passes one that does, of the same round. An access that adds 0 and has not trapped says 0 ≤ q ≤ R, as numbers, of
//! which p + s ≥ -B does not wrap below that. So at the head -B ≤ q ≤ R + MAX_STEP, as a number of two's complement. If q < 0, so is p: as
//! an index without a sign it is ≥ 2⁶⁴ - B and out of bounds. And the first access at q that is come to adds 0: it begins at q, in the
//! guard before the memory, and faults. Had it added more, it could have come to lie in the memory. If q ≥ 0, all is as above.

use super::bounds::MAX_STEP;
use super::known::{self, Linear};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{
    Block, FuncRef, Function, Inst, InstBuilder, InstructionData, Layout, Opcode, Value, ValueDef, types,
};
use cranelift_codegen::loop_analysis::LoopAnalysis;
use std::collections::{HashMap, HashSet};

/// More rounds of a loop than a machine can have begun under speculation.
const SPECULATED: u64 = 1024;

/// For how many sums one loop's head gets a parameter: more would not stay in registers.
const SUMS: usize = 4;

/// How often it is asked in one function whether one instruction dominates another. What would take more stays as it is.
const EFFORT: usize = 1 << 18;

/// Whether any of `accesses` is passed on every way to `inst`; no more is known once the effort is used up.
fn passed(accesses: &[Inst], inst: Inst, dominators: &DominatorTree, layout: &Layout, effort: &mut usize) -> bool {
    let asked = accesses.len().min(*effort);
    *effort -= asked;
    accesses[..asked].iter().any(|access| dominators.dominates(*access, inst, layout))
}

/// The address space of 64-bit memories.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// R.
    pub(crate) reservation: u64,
    /// G.
    pub(crate) guard: u64,
    /// B.
    pub(crate) guard_before: u64,
    /// The tunable `memory_spectre_mitigation`.
    pub(crate) mitigation: bool,
}

impl Limits {
    /// Whether a step is short enough, for the guard on its side too, which must hold one, or as many as may be speculated about.
    fn hold(&self, step: i64) -> bool {
        let guard = if step < 0 { self.guard_before } else { self.guard };
        let rounds = if self.mitigation { SPECULATED } else { 1 };
        let length = step.unsigned_abs();
        length <= MAX_STEP && length.checked_mul(rounds).is_some_and(|far| far <= guard)
    }
}

/// What is known of a function as a whole.
struct Shape {
    cfg: ControlFlowGraph,
    dominators: DominatorTree,
    /// The heads of loops that have no loops in them.
    innermost: HashSet<Block>,
}

impl Shape {
    fn of(func: &Function) -> Shape {
        let cfg = ControlFlowGraph::with_function(func);
        let dominators = DominatorTree::with_function(func, &cfg);
        let mut loops = LoopAnalysis::new();
        loops.compute(func, &cfg, &dominators);
        let mut innermost: HashSet<Block> = loops.loops().map(|each| loops.loop_header(each)).collect();
        for parent in loops.loops().filter_map(|each| loops.loop_parent(each)) {
            innermost.remove(&loops.loop_header(parent));
        }
        Shape { cfg, dominators, innermost }
    }

    /// Whether `value` is made before `head` is come to, and the same whenever it is come to again from blocks that it dominates.
    fn is_before(&self, func: &Function, value: Value, head: Block) -> bool {
        let block = match func.dfg.value_def(value) {
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Result(inst, _) => func.layout.inst_block(inst),
            ValueDef::Union(..) => None,
        };
        block.is_some_and(|block| block != head && self.dominators.block_dominates(block, head))
    }
}

/// Rewrites what can be. `places` are the values min(index, R) of the function; `belt` is its name for the builtin `belt_access`, to which
/// the index is passed as it was.
pub(crate) fn rewrite(func: &mut Function, places: &[Value], belt: Option<FuncRef>, limits: Limits) {
    if places.is_empty() {
        return;
    }
    let shape = Shape::of(func);
    let mut effort = EFFORT;
    let mut made = Made::default();
    let mut sums: HashMap<Block, usize> = HashMap::new();
    for candidate in candidates(func, &shape, places, belt) {
        let Candidate { index, minima, uses } = &candidate;
        let sums = sums.entry(index.head).or_default();
        if index.is_sum() && *sums >= SUMS {
            continue;
        }
        let Some(ways) = ways(func, &shape, index, uses, limits, &mut effort) else { continue };
        *sums += usize::from(index.is_sum());
        let param = add(func, index, ways, limits.reservation);
        for (inst, index, place) in minima {
            // The head dominates the minimum of its parameter.
            func.layout.remove_inst(*inst);
            func.dfg.clear_results(*inst);
            func.dfg.change_to_alias(*place, param);
            made.by_index.insert(*index, made.params.len());
        }
        made.params.push((param, uses.all().collect()));
    }
    if !made.params.is_empty() {
        join(func, &shape, &made, &mut effort);
    }
}

/// What was made.
#[derive(Default)]
struct Made {
    /// Each parameter q, and the accesses at it.
    params: Vec<(Value, Vec<Inst>)>,
    /// Which of them there is for p.
    by_index: HashMap<Value, usize>,
}

impl Made {
    fn get(&self, index: Value) -> Option<&(Value, Vec<Inst>)> {
        self.by_index.get(&index).map(|number| &self.params[*number])
    }
}

/// Uses q for p where an access at q has gone before, by which they are the same; and drops p where nothing else uses it.
fn join(func: &mut Function, shape: &Shape, made: &Made, effort: &mut usize) {
    let stencil = &mut func.stencil;
    let (dfg, layout) = (&mut stencil.dfg, &stencil.layout);
    let mut used = HashSet::new();
    for inst in layout.blocks().flat_map(|block| layout.block_insts(block)) {
        let values: Vec<Value> = dfg.inst_values(inst).map(|value| dfg.resolve_aliases(value)).collect();
        if !values.iter().any(|value| made.by_index.contains_key(value)) {
            continue;
        }
        let replaced = values.into_iter().map(|value| match made.get(value) {
            Some((param, accesses)) if passed(accesses, inst, &shape.dominators, layout, effort) => *param,
            Some(_) => {
                used.insert(value);
                value
            }
            None => value,
        });
        let replaced: Vec<Value> = replaced.collect();
        dfg.overwrite_inst_values(inst, replaced.into_iter());
    }
    let mut unused: Vec<Value> = made.by_index.keys().copied().filter(|index| !used.contains(index)).collect();
    unused.sort();
    for index in unused {
        let ValueDef::Param(head, position) = dfg.value_def(index) else { continue };
        for from in shape.cfg.pred_iter(head) {
            let calls = dfg.insts[from.inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
            for call in calls {
                if call.block(&dfg.value_lists) == head {
                    call.remove(position, &mut dfg.value_lists);
                }
            }
        }
        dfg.remove_block_param(index);
    }
}

/// An index p: a sum of parameters of a loop's head and of what is made before the loop.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Index {
    head: Block,
    sum: Linear,
    /// The positions of the parameters, and how often each is in the sum.
    parts: Vec<(usize, u64)>,
}

impl Index {
    /// What `index` is, if it is one.
    fn of(func: &Function, shape: &Shape, index: Value) -> Option<Index> {
        if let ValueDef::Param(head, position) = func.dfg.value_def(index) {
            let sum = Linear { terms: vec![(index, 1)], constant: 0 };
            return shape.dominators.is_reachable(head).then(|| Index { head, sum, parts: vec![(position, 1)] });
        }
        let heads = known::linear(&func.dfg, index, |_| false).terms.into_iter().filter_map(|(term, _)| {
            match func.dfg.value_def(term) {
                ValueDef::Param(head, _) if shape.innermost.contains(&head) => Some(head),
                _ => None,
            }
        });
        let mut heads: Vec<Block> = heads.collect();
        heads.dedup();
        heads.into_iter().find_map(|head| {
            let sum = known::linear(&func.dfg, index, |part| shape.is_before(func, part, head));
            let mut parts = Vec::new();
            for (term, times) in &sum.terms {
                match func.dfg.value_def(*term) {
                    ValueDef::Param(block, position) if block == head => parts.push((position, *times)),
                    _ if shape.is_before(func, *term, head) => {}
                    _ => return None,
                }
            }
            (!parts.is_empty()).then_some(Index { head, sum, parts })
        })
    }

    /// Whether it is no parameter itself.
    fn is_sum(&self) -> bool {
        self.sum.constant != 0 || !matches!(self.sum.terms[..], [(_, 1)])
    }

    /// Makes the sum at `inst`, with `values` for the parameters.
    fn make(&self, func: &mut Function, inst: Inst, values: &[Value]) -> Value {
        let parameters = self.parts.iter().zip(values).map(|((_, times), value)| (*value, *times));
        let head = self.head;
        let others = self.sum.terms.iter().copied().filter(|(term, _)| !is_parameter(func, *term, head));
        let terms: Vec<(Value, u64)> = others.chain(parameters).collect();
        let mut cursor = FuncCursor::new(func).at_inst(inst);
        let mut sum = None;
        for (value, times) in terms {
            let part = match times {
                1 => value,
                _ if times.is_power_of_two() => cursor.ins().ishl_imm_u(value, i64::from(times.trailing_zeros())),
                _ => cursor.ins().imul_imm_s(value, times as i64),
            };
            sum = Some(sum.map_or(part, |sum| cursor.ins().iadd(sum, part)));
        }
        let sum = sum.expect("there is a parameter");
        match self.sum.constant {
            0 => sum,
            constant => cursor.ins().iadd_imm_s(sum, constant as i64),
        }
    }
}

/// Whether a value is a parameter of `block`.
fn is_parameter(func: &Function, value: Value, block: Block) -> bool {
    matches!(func.dfg.value_def(value), ValueDef::Param(of, _) if of == block)
}

/// Minima of one index.
struct Candidate {
    index: Index,
    /// The instructions, p in each, and min(p, R).
    minima: Vec<(Inst, Value, Value)>,
    /// What all of them are used for.
    uses: Uses,
}

/// What places are used for.
#[derive(Default)]
struct Uses {
    /// The accesses at base + place.
    at: Vec<Inst>,
    /// The accesses at base + place and something more.
    beyond: Vec<Inst>,
    /// Whether there is any use but these.
    others: bool,
}

impl Uses {
    /// All accesses that trap where they are out of bounds.
    fn all(&self) -> impl Iterator<Item = Inst> {
        self.at.iter().chain(&self.beyond).copied()
    }
}

/// The indices that `places` are the minima of, in the same order.
fn candidates(func: &Function, shape: &Shape, places: &[Value], belt: Option<FuncRef>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut by_index: HashMap<Index, usize> = HashMap::new();
    let mut by_place: HashMap<Value, usize> = HashMap::new();
    for place in places {
        let Some((inst, value)) = minimum(func, *place) else { continue };
        let Some(index) = Index::of(func, shape, value) else { continue };
        let number = *by_index.entry(index.clone()).or_insert_with(|| {
            candidates.push(Candidate { index, minima: Vec::new(), uses: Uses::default() });
            candidates.len() - 1
        });
        candidates[number].minima.push((inst, value, *place));
        by_place.insert(*place, number);
    }
    if candidates.is_empty() {
        return candidates;
    }
    let addresses = Addresses { func, by_place, belt };
    for inst in func.layout.blocks().flat_map(|block| func.layout.block_insts(block)) {
        let (address, offset) = match func.dfg.insts[inst] {
            InstructionData::Load { arg, offset, .. } => (Some(arg), i64::from(i32::from(offset))),
            InstructionData::Store { args: [_, address], offset, .. } => (Some(address), i64::from(i32::from(offset))),
            _ => (None, 0),
        };
        let address = address.map(|address| func.dfg.resolve_aliases(address));
        let traps = func.dfg.insts[inst].memflags_trap_code(&func.dfg).is_some();
        for value in func.dfg.inst_values(inst) {
            let value = func.dfg.resolve_aliases(value);
            if let Some(number) = addresses.by_place.get(&value)
                && summand(func, inst) != Some(value)
            {
                candidates[*number].uses.others = true;
            }
            let Some((number, added)) = addresses.place(value) else { continue };
            let uses = &mut candidates[number].uses;
            if traps && address == Some(value) {
                if added.checked_add(offset) == Some(0) { uses.at.push(inst) } else { uses.beyond.push(inst) }
            } else if addresses.made_of(inst).is_none_or(|(before, _)| before != value) {
                uses.others = true;
            }
        }
    }
    candidates
}

/// Addresses, as `bounds` makes them: base + place; where the belt is on, that and the offset; and what the belt gives back for it.
struct Addresses<'f> {
    func: &'f Function,
    /// The candidates by their places.
    by_place: HashMap<Value, usize>,
    /// The function's name for the builtin.
    belt: Option<FuncRef>,
}

impl Addresses<'_> {
    /// The candidate with whose place an address is made, and what has been added to that; `None` where it is no such address.
    fn place(&self, address: Value) -> Option<(usize, i64)> {
        let dfg = &self.func.dfg;
        let (mut address, mut added) = (address, 0_i64);
        for _ in 0..3 {
            let ValueDef::Result(inst, 0) = dfg.value_def(address) else { return None };
            if let Some(number) = summand(self.func, inst).and_then(|place| self.by_place.get(&place)) {
                return Some((*number, added));
            }
            let (before, more) = self.made_of(inst)?;
            (address, added) = (before, added.checked_add(more)?);
        }
        None
    }

    /// The address that an instruction makes another of, and what it adds.
    fn made_of(&self, inst: Inst) -> Option<(Value, i64)> {
        let dfg = &self.func.dfg;
        match dfg.insts[inst] {
            InstructionData::Binary { opcode: Opcode::Iadd, args: [before, offset] } => {
                let offset = known::constant(dfg, offset)?;
                Some((dfg.resolve_aliases(before), offset as i64))
            }
            InstructionData::Call { func_ref, .. } if Some(func_ref) == self.belt => {
                Some((dfg.resolve_aliases(*dfg.inst_args(inst).last()?), 0))
            }
            _ => None,
        }
    }
}

/// The instruction that makes a minimum, and the index that it is of.
fn minimum(func: &Function, place: Value) -> Option<(Inst, Value)> {
    let ValueDef::Result(inst, 0) = func.dfg.value_def(place) else { return None };
    match func.dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Umin, args: [index, _] } => {
            Some((inst, func.dfg.resolve_aliases(index)))
        }
        _ => None,
    }
}

/// What an instruction adds to a base.
fn summand(func: &Function, inst: Inst) -> Option<Value> {
    match func.dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Iadd, args: [_, place] } => Some(func.dfg.resolve_aliases(place)),
        _ => None,
    }
}

/// A way to a loop's head.
struct Way {
    /// The jump or branch.
    inst: Inst,
    /// What it passes, as often as it goes there.
    passed: Vec<Passed>,
}

/// What a way passes to a loop's head.
enum Passed {
    /// From outside of the loop: what the parameters become.
    Enters(Vec<Value>),
    /// From within: the step of the index, and the next index where there is a value for it.
    Again(u64, Option<Value>),
}

/// The ways to the head of the loop, if those from within it add a step to the index and have passed an access.
fn ways(
    func: &Function,
    shape: &Shape,
    index: &Index,
    uses: &Uses,
    limits: Limits,
    effort: &mut usize,
) -> Option<Vec<Way>> {
    let Shape { cfg, dominators, .. } = shape;
    let parameters = func.dfg.block_params(index.head);
    let accesses: Vec<Inst> = uses.all().collect();
    let mut ways = Vec::new();
    let (mut loops, mut down) = (false, false);
    for from in cfg.pred_iter(index.head) {
        let data = &func.dfg.insts[from.inst];
        if !dominators.is_reachable(from.block) || !matches!(data.opcode(), Opcode::Jump | Opcode::Brif) {
            return None;
        }
        let again = dominators.block_dominates(index.head, from.block);
        // A way costs effort even where there are no accesses to ask about.
        *effort = effort.checked_sub(1)?;
        if again && !passed(&accesses, from.inst, dominators, &func.layout, effort) {
            return None;
        }
        let mut passed = Vec::new();
        for call in data.branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables) {
            if call.block(&func.dfg.value_lists) != index.head {
                continue;
            }
            let values = index.parts.iter().map(|(position, _)| {
                call.args(&func.dfg.value_lists).nth(*position).and_then(|argument| argument.as_value())
            });
            let values = values.collect::<Option<Vec<Value>>>()?;
            if !again {
                passed.push(Passed::Enters(values));
                continue;
            }
            let mut step = 0_u64;
            for ((position, times), value) in index.parts.iter().zip(&values) {
                let (root, added) = known::sum(&func.dfg, *value);
                if root != parameters[*position] {
                    return None;
                }
                step = step.wrapping_add(added.wrapping_mul(*times));
            }
            if !limits.hold(step as i64) {
                return None;
            }
            loops = true;
            down |= (step as i64) < 0;
            passed.push(Passed::Again(step, values.first().copied().filter(|_| !index.is_sum())));
        }
        ways.push(Way { inst: from.inst, passed });
    }
    if down && !starts_at_place(uses, dominators, &func.layout, effort) {
        return None;
    }
    loops.then_some(ways)
}

/// Whether places below 0 always fault: all that is done at one is to access what begins there, and then, behind it, what is further on.
fn starts_at_place(uses: &Uses, dominators: &DominatorTree, layout: &Layout, effort: &mut usize) -> bool {
    !uses.others && uses.beyond.iter().all(|access| passed(&uses.at, *access, dominators, layout, effort))
}

/// Adds the parameter q to the head of the loop.
fn add(func: &mut Function, index: &Index, ways: Vec<Way>, reservation: u64) -> Value {
    let param = func.dfg.append_block_param(index.head, types::I64);
    for way in ways {
        let mut arguments = Vec::new();
        for passed in way.passed {
            arguments.push(match passed {
                Passed::Enters(values) => {
                    let value = index.make(func, way.inst, &values);
                    let mut cursor = FuncCursor::new(func).at_inst(way.inst);
                    let limit = cursor.ins().iconst(types::I64, reservation as i64);
                    cursor.ins().umin(value, limit)
                }
                Passed::Again(_, Some(value)) => value,
                // An access at q has not trapped, so q is p.
                Passed::Again(step, None) => {
                    FuncCursor::new(func).at_inst(way.inst).ins().iadd_imm_s(param, step as i64)
                }
            });
        }
        let dfg = &mut func.dfg;
        let calls = dfg.insts[way.inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
        let mut arguments = arguments.into_iter();
        for call in calls {
            if call.block(&dfg.value_lists) == index.head
                && let Some(argument) = arguments.next()
            {
                call.append_argument(argument, &mut dfg.value_lists);
            }
        }
    }
    param
}
