//! Recounting: what a counter was in the last turn of a loop is computed behind it from what it would have become.
//!
//! Called by the pipeline when Cranelift's optimiser is done, which would undo it. A loop that looks for something, `while (text[i]) i += 1`, goes on
//! with i + 1 and is left with i. Then both are alive at its end, in two registers, and each turn has a move of one to the other, and a jump behind it.
//! Where i is needed in the loop for nothing behind i + 1, it is not needed at all: behind the loop it is (i + 1) - 1, modulo 2ⁿ.

use super::turn::{innermost, passed};
use crate::translate::known;
use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::entity::EntitySet;
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, Opcode, Value, ValueDef, types};
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis};
use std::collections::{HashMap, HashSet};

/// What a loop counts with.
struct Counter {
    within: Loop,
    /// What it becomes, and the instruction that says so.
    next: Value,
    made: Inst,
    /// What is added.
    step: u64,
}

/// Rewrites the innermost loops of a function that has been optimised, and whose loops are known.
pub(crate) fn settle(context: &mut Context) {
    let Context { func, cfg, domtree, loop_analysis: loops, .. } = context;
    let inner: HashSet<Loop> = innermost(loops).map(|(within, _)| within).collect();
    let mut counters: Vec<(Value, Counter)> = Vec::new();
    for (within, head) in innermost(loops) {
        let back: Vec<Inst> =
            cfg.pred_iter(head).filter(|way| loops.is_in_loop(way.block, within)).map(|way| way.inst).collect();
        for position in 0..func.dfg.num_block_params(head) {
            let value = func.dfg.block_params(head)[position];
            if let Some((next, made, step)) = counted(func, head, value, position, &back)
                && func.layout.inst_block(made).is_some_and(|block| loops.is_in_loop(block, within))
            {
                counters.push((value, Counter { within, next, made, step }));
            }
        }
    }
    if counters.is_empty() {
        return;
    }
    let mut uses: HashMap<Value, Vec<Inst>> =
        counters.iter().flat_map(|(value, counter)| [(*value, Vec::new()), (counter.next, Vec::new())]).collect();
    let mut asked = EntitySet::new();
    for value in uses.keys() {
        asked.insert(*value);
    }
    let mut exits: HashMap<Loop, Vec<(Block, Block)>> = HashMap::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let values = func.dfg.inst_values(inst).map(|value| func.dfg.resolve_aliases(value));
            for value in values.filter(|value| asked.contains(*value)) {
                uses.entry(value).or_default().push(inst);
            }
        }
        let Some(within) = loops.innermost_loop(block).filter(|within| inner.contains(within)) else { continue };
        let leaves = |to: &Block| !loops.is_in_loop(*to, within) && cfg.pred_iter(*to).count() == 1;
        exits.entry(within).or_default().extend(cfg.succ_iter(block).filter(leaves).map(|to| (block, to)));
    }
    for (value, counter) in counters {
        let exits = exits.get(&counter.within).map_or(&[][..], |exits| exits);
        recount(func, domtree, loops, value, &counter, &uses, exits);
    }
}

/// What the parameter of `head` at a position becomes from one turn to the next, if that is it and a number, the instruction that says so, and the number.
fn counted(func: &Function, head: Block, value: Value, position: usize, back: &[Inst]) -> Option<(Value, Inst, u64)> {
    let dfg = &func.dfg;
    if !matches!(dfg.value_type(value), types::I32 | types::I64) {
        return None;
    }
    let mut ways = back.iter().flat_map(|inst| passed(func, *inst, head, position));
    let next = ways.next()??;
    if ways.any(|other| other != Some(next)) {
        return None;
    }
    let ValueDef::Result(made, 0) = dfg.value_def(next) else { return None };
    let (before, step) = known::sum(dfg, next);
    let is_sum = dfg.insts[made].opcode() == Opcode::Iadd && dfg.inst_args(made).contains(&value);
    (is_sum && before == value && step != 0).then_some((next, made, step))
}

/// Has those behind a loop who use `value` use what it would have become, if then it is used for nothing when that is there.
fn recount(
    func: &mut Function,
    domtree: &DominatorTree,
    loops: &LoopAnalysis,
    value: Value,
    counter: &Counter,
    uses: &HashMap<Value, Vec<Inst>>,
    exits: &[(Block, Block)],
) {
    let Counter { within, next, made, step } = *counter;
    let block_of = |inst: Inst| func.layout.inst_block(inst).filter(|block| domtree.is_reachable(*block));
    let (Some(home), Some(users), Some(others)) = (block_of(made), uses.get(&value), uses.get(&next)) else { return };
    let Some(last) = func.layout.last_inst(home) else { return };
    // It can be counted on as late as nobody needs it.
    let late = others.iter().all(|inst| *inst == last || func.layout.inst_block(*inst) != Some(home));
    let place = if late { last } else { made };
    let mut behind: Vec<(Inst, Block)> = Vec::new();
    for user in users.iter().copied().filter(|user| *user != made) {
        let Some(block) = block_of(user) else { continue };
        if loops.is_in_loop(block, within) {
            if user == place || !domtree.dominates(user, place, &func.layout) {
                return;
            }
            continue;
        }
        let exit =
            exits.iter().find(|(from, to)| domtree.block_dominates(home, *from) && domtree.block_dominates(*to, block));
        let Some((_, exit)) = exit else { return };
        behind.push((user, *exit));
    }
    if behind.is_empty() {
        return;
    }
    if late {
        func.layout.remove_inst(made);
        func.layout.insert_inst(made, last);
    }
    let ty = func.dfg.value_type(value);
    let mut again: HashMap<Block, Value> = HashMap::new();
    for (user, exit) in behind {
        let recounted = *again.entry(exit).or_insert_with(|| {
            let mut cursor = FuncCursor::new(func).at_first_insertion_point(exit);
            if let Some(first) = cursor.func.layout.first_inst(exit) {
                cursor.use_srcloc(first);
            }
            let step = cursor.ins().iconst(ty, (step & known::widest(ty.bits())) as i64);
            // A sum of a sum would be made of its parts again, as an address is.
            cursor.ins().isub(next, step)
        });
        let dfg = &mut func.dfg;
        let values: Vec<Value> = dfg.inst_values(user).map(|used| dfg.resolve_aliases(used)).collect();
        dfg.overwrite_inst_values(user, values.into_iter().map(|used| if used == value { recounted } else { used }));
    }
}
