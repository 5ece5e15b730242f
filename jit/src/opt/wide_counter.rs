//! Wide counters: what is counted in 32 bits, and is an address, goes from turn to turn in 64.
//!
//! Called by the pipeline for x86-64, when Cranelift's optimiser is done. There a sum of 32 bits leaves the upper half of its register empty, and is
//! extended to an address by no instruction. But what comes to a loop's head from several sides is just 32 bits, and in each turn a move extends
//! it. Here it comes in 64 bits already: what is passed is extended, which costs nothing for a sum, and what is used with 32 bits is the lower half, which
//! costs nothing either.

use super::turn::{innermost, passed};
use crate::translate::known;
use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::EntitySet;
use cranelift_codegen::ir::{
    Block, BlockArg, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types,
};
use cranelift_codegen::loop_analysis::Loop;
use std::collections::HashMap;

/// A parameter of a loop's head.
struct Counter {
    within: Loop,
    head: Block,
    position: usize,
    /// The branches to the head.
    ways: Vec<Inst>,
    /// Whether it is an address in the loop.
    is_address: bool,
}

/// Rewrites the innermost loops of a function that has been optimised, and whose loops are known.
pub(crate) fn settle(context: &mut Context) {
    let Context { func, cfg, loop_analysis: loops, .. } = context;
    let mut counters: HashMap<Value, Counter> = HashMap::new();
    for (within, head) in innermost(loops) {
        let ways: Vec<Inst> = cfg.pred_iter(head).map(|way| way.inst).collect();
        let back = cfg.pred_iter(head).filter(|way| loops.is_in_loop(way.block, within)).map(|way| way.inst);
        let back: Vec<Inst> = back.collect();
        let is_branch =
            |inst: &Inst| matches!(func.dfg.insts[*inst].opcode(), Opcode::Jump | Opcode::Brif | Opcode::BrTable);
        if !ways.iter().all(is_branch) {
            continue;
        }
        for (position, value) in func.dfg.block_params(head).iter().enumerate() {
            let is_sum = |passed: Option<Value>| passed.is_some_and(|passed| is_sum(func, passed));
            if func.dfg.value_type(*value) == types::I32
                && back.iter().all(|inst| passed(func, *inst, head, position).all(is_sum))
            {
                let ways = ways.clone();
                counters.insert(*value, Counter { within, head, position, ways, is_address: false });
            }
        }
    }
    if counters.is_empty() {
        return;
    }
    // What is extended, by what extends it.
    let mut extended: Vec<(Inst, Value)> = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let InstructionData::Unary { opcode: Opcode::Uextend, arg } = func.dfg.insts[inst] else { continue };
            let arg = func.dfg.resolve_aliases(arg);
            let result = func.dfg.first_result(inst);
            if let Some(counter) = counters.get_mut(&arg).filter(|_| func.dfg.value_type(result) == types::I64) {
                counter.is_address |= loops.is_in_loop(block, counter.within);
                extended.push((inst, arg));
            }
        }
    }
    counters.retain(|_, counter| counter.is_address);
    if counters.is_empty() {
        return;
    }
    let mut instead: HashMap<Value, Value> = HashMap::new();
    let mut wide: HashMap<Value, Value> = HashMap::new();
    let mut ordered: Vec<(Value, Counter)> = counters.into_iter().collect();
    ordered.sort_unstable_by_key(|(value, _)| *value);
    for (value, counter) in ordered {
        let (all, low) = widen(func, value, &counter);
        wide.insert(value, all);
        instead.insert(value, low);
    }
    for (inst, value) in extended {
        if let Some(all) = wide.get(&value) {
            instead.insert(func.dfg.first_result(inst), *all);
            func.layout.remove_inst(inst);
        }
    }
    replace(func, &instead);
}

/// Whether a value of 32 bits is a sum or difference, whose register has no more than these.
fn is_sum(func: &Function, value: Value) -> bool {
    match func.dfg.value_def(value) {
        ValueDef::Result(inst, 0) => matches!(func.dfg.insts[inst].opcode(), Opcode::Iadd | Opcode::Isub),
        _ => false,
    }
}

/// Has a parameter of 32 bits come in 64: it, and its lower half. Who uses the parameter is not changed yet.
fn widen(func: &mut Function, value: Value, counter: &Counter) -> (Value, Value) {
    let Counter { head, position, ref ways, .. } = *counter;
    let all = func.dfg.replace_block_param(value, types::I64);
    let mut cursor = FuncCursor::new(func).at_first_insertion_point(head);
    let low = cursor.ins().ireduce(types::I32, all);
    for way in ways {
        let dfg = &func.dfg;
        let calls = dfg.insts[*way].branch_destination(&dfg.jump_tables, &dfg.exception_tables).to_vec();
        let mut changed = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            if call.block(&func.dfg.value_lists) != head {
                continue;
            }
            let mut args: Vec<BlockArg> = call.args(&func.dfg.value_lists).collect();
            let Some(BlockArg::Value(narrow)) = args.get(position).copied() else { continue };
            let mut cursor = FuncCursor::new(func).at_inst(*way);
            cursor.use_srcloc(*way);
            let extended = match known::constant(&cursor.func.dfg, narrow) {
                Some(number) => cursor.ins().iconst(types::I64, (number & known::widest(32)) as i64),
                None => cursor.ins().uextend(types::I64, narrow),
            };
            args[position] = BlockArg::Value(extended);
            changed.push((number, func.dfg.block_call(head, &args)));
        }
        let dfg = &mut func.dfg;
        let calls = dfg.insts[*way].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
        for (number, call) in changed {
            calls[number] = call;
        }
    }
    (all, low)
}

/// Has all instructions use other values.
fn replace(func: &mut Function, instead: &HashMap<Value, Value>) {
    let mut gone = EntitySet::new();
    for value in instead.keys() {
        gone.insert(*value);
    }
    let is_user = |inst: &Inst| func.dfg.inst_values(*inst).any(|value| gone.contains(func.dfg.resolve_aliases(value)));
    let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    let users: Vec<Inst> = insts.filter(is_user).collect();
    for user in users {
        let used: Vec<Value> = func.dfg.inst_values(user).map(|value| func.dfg.resolve_aliases(value)).collect();
        let used = used.into_iter().map(|value| instead.get(&value).copied().unwrap_or(value));
        func.dfg.overwrite_inst_values(user, used);
    }
}
