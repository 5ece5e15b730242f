//! Strides: indices of 64 bits that a loop makes larger step by step are kept within the reservation once, where the loop is entered.
//!
//! Called once per function that accesses 64-bit memories, when all of it is translated: it reads Cranelift's representation and changes
//! it. `bounds` has written place = min(index, R) for each index. Where the index p is a parameter of a loop's head, this makes a second
//! parameter q of it:
//!
//! ```text
//! entered with p = i              q = min(i, R)
//! entered again with p = p + s    q = p + s, where 0 ≤ s ≤ MAX_STEP
//! ```
//!
//! and uses q for every min(p, R), if each way back to the head has passed an access at q. For then, whenever the head is entered again,
//! that access has not trapped, so q ≤ length ≤ R; the first time q = min(i, R), which was p, or the access had been at R and trapped;
//! later times q = p by induction. So p + s ≤ R + s has not wrapped, and an access at q = p ends at R + s + end ≤ R + G: `bounds` leaves
//! MAX_STEP to spare. It is in bounds or faults, at p or, the first time, at min(p, R). A load that has trapped may still be followed by
//! some rounds under speculation, of which the guard must hold more than there can be. Behind such an access q is p, so one of the two is left
//! where p is used nowhere before it.

use super::bounds::MAX_STEP;
use super::known;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, Layout, Opcode, Value, ValueDef, types,
};
use std::collections::{HashMap, HashSet};

/// More rounds of a loop than a machine can have begun under speculation.
const SPECULATED: u64 = 1024;

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
    /// The tunable `memory_spectre_mitigation`.
    pub(crate) mitigation: bool,
}

/// Rewrites what can be. `places` are the values min(index, R) of the function.
pub(crate) fn rewrite(func: &mut Function, places: &[Value], limits: Limits) {
    if places.is_empty() {
        return;
    }
    let cfg = ControlFlowGraph::with_function(func);
    let dominators = DominatorTree::with_function(func, &cfg);
    let accesses = accesses(func);
    let mut effort = EFFORT;
    // The parameter beside p, and the accesses at it, by p.
    let mut made: HashMap<Value, (Value, Vec<Inst>)> = HashMap::new();
    for place in places {
        let Some((inst, index)) = minimum(func, *place) else { continue };
        let ValueDef::Param(head, position) = func.dfg.value_def(index) else { continue };
        if !dominators.is_reachable(head) {
            continue;
        }
        let accesses = accesses.get(place).map_or(&[][..], Vec::as_slice);
        let param = match made.get_mut(&index) {
            Some((param, all)) => {
                all.extend_from_slice(accesses);
                *param
            }
            None => {
                let Some(ways) = ways(func, &cfg, &dominators, (head, position), accesses, limits, &mut effort) else {
                    continue;
                };
                let param = add(func, head, ways, limits.reservation);
                made.insert(index, (param, accesses.to_vec()));
                param
            }
        };
        // The head dominates the minimum of its parameter.
        func.layout.remove_inst(inst);
        func.dfg.clear_results(inst);
        func.dfg.change_to_alias(*place, param);
    }
    if !made.is_empty() {
        join(func, &cfg, &dominators, &made, &mut effort);
    }
}

/// Uses q for p where an access at q has gone before, by which they are the same; and drops p where nothing else uses it.
fn join(
    func: &mut Function,
    cfg: &ControlFlowGraph,
    dominators: &DominatorTree,
    made: &HashMap<Value, (Value, Vec<Inst>)>,
    effort: &mut usize,
) {
    let stencil = &mut func.stencil;
    let (dfg, layout) = (&mut stencil.dfg, &stencil.layout);
    let mut used = HashSet::new();
    for inst in layout.blocks().flat_map(|block| layout.block_insts(block)) {
        let values: Vec<Value> = dfg.inst_values(inst).map(|value| dfg.resolve_aliases(value)).collect();
        if !values.iter().any(|value| made.contains_key(value)) {
            continue;
        }
        let replaced = values.into_iter().map(|value| match made.get(&value) {
            Some((param, accesses)) if passed(accesses, inst, dominators, layout, effort) => *param,
            Some(_) => {
                used.insert(value);
                value
            }
            None => value,
        });
        let replaced: Vec<Value> = replaced.collect();
        dfg.overwrite_inst_values(inst, replaced.into_iter());
    }
    let mut unused: Vec<Value> = made.keys().copied().filter(|index| !used.contains(index)).collect();
    unused.sort();
    for index in unused {
        let ValueDef::Param(head, position) = dfg.value_def(index) else { continue };
        for from in cfg.pred_iter(head) {
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

/// The accesses at base + place + offset, which trap where that is out of bounds, by place.
fn accesses(func: &Function) -> HashMap<Value, Vec<Inst>> {
    let mut accesses: HashMap<Value, Vec<Inst>> = HashMap::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let data = &func.dfg.insts[inst];
            let address = match data {
                InstructionData::Load { arg, .. } => *arg,
                InstructionData::Store { args: [_, address], .. } => *address,
                _ => continue,
            };
            if data.memflags_trap_code(&func.dfg).is_none() {
                continue;
            }
            let ValueDef::Result(sum, 0) = func.dfg.value_def(address) else { continue };
            if let InstructionData::Binary { opcode: Opcode::Iadd, args: [_, place] } = func.dfg.insts[sum] {
                accesses.entry(func.dfg.resolve_aliases(place)).or_default().push(inst);
            }
        }
    }
    accesses
}

/// A way to a loop's head.
struct Way {
    /// The jump or branch.
    inst: Inst,
    /// What it passes for p; whether from outside of the loop.
    passed: Vec<(Value, bool)>,
}

/// The ways to `head`, if those from within the loop pass its parameter at `position` with a step added and have passed an access.
fn ways(
    func: &Function,
    cfg: &ControlFlowGraph,
    dominators: &DominatorTree,
    (head, position): (Block, usize),
    accesses: &[Inst],
    limits: Limits,
    effort: &mut usize,
) -> Option<Vec<Way>> {
    let index = func.dfg.block_params(head)[position];
    let mut ways = Vec::new();
    let mut loops = false;
    for from in cfg.pred_iter(head) {
        let data = &func.dfg.insts[from.inst];
        if !dominators.is_reachable(from.block) || !matches!(data.opcode(), Opcode::Jump | Opcode::Brif) {
            return None;
        }
        let again = dominators.block_dominates(head, from.block);
        // A way costs effort even where there are no accesses to ask about.
        *effort = effort.checked_sub(1)?;
        let accessed = passed(accesses, from.inst, dominators, &func.layout, effort);
        let mut passed = Vec::new();
        for call in data.branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables) {
            if call.block(&func.dfg.value_lists) != head {
                continue;
            }
            let value = call.args(&func.dfg.value_lists).nth(position)?.as_value()?;
            if again {
                let (root, step) = known::sum(&func.dfg, value);
                let held = !limits.mitigation || step.checked_mul(SPECULATED)? <= limits.guard;
                if root != index || step > MAX_STEP || !held || !accessed {
                    return None;
                }
                loops = true;
            }
            passed.push((value, !again));
        }
        ways.push(Way { inst: from.inst, passed });
    }
    loops.then_some(ways)
}

/// Adds the parameter q to `head`.
fn add(func: &mut Function, head: Block, ways: Vec<Way>, reservation: u64) -> Value {
    let param = func.dfg.append_block_param(head, types::I64);
    for way in ways {
        let mut arguments = Vec::new();
        for (value, enters) in way.passed {
            arguments.push(if enters {
                let mut cursor = FuncCursor::new(func).at_inst(way.inst);
                let limit = cursor.ins().iconst(types::I64, reservation as i64);
                cursor.ins().umin(value, limit)
            } else {
                value
            });
        }
        let dfg = &mut func.dfg;
        let calls = dfg.insts[way.inst].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
        let mut arguments = arguments.into_iter();
        for call in calls {
            if call.block(&dfg.value_lists) == head
                && let Some(argument) = arguments.next()
            {
                call.append_argument(argument, &mut dfg.value_lists);
            }
        }
    }
    param
}
