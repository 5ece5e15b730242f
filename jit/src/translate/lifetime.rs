//! Lifetimes of references to exceptions: which handlers need theirs no longer than the frame that catches it.
//!
//! Called at the end of a function. What compilers make of destructors is `catch_all_ref` and, behind the clean-up, `throw_ref`; of a typed
//! handler, `catch_ref`, and `throw_ref` where the type is another. Such a reference never leaves the function, so the exception can go with
//! the frame, and when the same handler catches the next one, provided that no copy of the reference is used after that: the copies are
//! the values that it flows into, and none of them may be live where the handler begins.

use super::exception::Clause;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, FuncRef, Function, Inst, InstructionData, Opcode, Value, ValueDef, types};
use std::collections::{HashMap, HashSet};
use tancho_abi::module::Keep;

/// How many steps are spent on a function; what is not known by then is kept as long as the store.
const EFFORT: usize = 1 << 22;

/// Where a value is used: as an operand of an instruction, or as what a branch passes to a parameter of a block.
#[derive(Clone, Copy)]
enum Use {
    Operand(Inst),
    Parameter(Block, usize),
}

/// Finds the clauses whose references may go with the frame. `throw_ref` is the function's name for the builtin.
pub(crate) fn shorten(function: &Function, clauses: &mut [Clause], throw_ref: Option<FuncRef>) {
    if !clauses.iter().any(|clause| clause.keep == Keep::Store && clause.reference.is_some()) {
        return;
    }
    let uses = uses(function);
    let graph = ControlFlowGraph::with_function(function);
    let mut effort = EFFORT;
    for clause in clauses {
        let (Keep::Store, Some(reference), Some(landing)) = (clause.keep, clause.reference, clause.landing) else {
            continue;
        };
        let copies = copies(function, &uses, reference, throw_ref, &mut effort);
        let mut live = |copies: Vec<Value>| {
            copies.into_iter().any(|copy| is_live_at(function, &graph, &uses, copy, landing, &mut effort))
        };
        if copies.is_some_and(|copies| !live(copies)) {
            clause.keep = Keep::Frame;
        }
    }
}

/// All uses of values that can be references to exceptions, with the block that they are in.
fn uses(function: &Function) -> HashMap<Value, Vec<(Block, Use)>> {
    let mut uses: HashMap<Value, Vec<(Block, Use)>> = HashMap::new();
    let dfg = &function.dfg;
    let mut add = |value: Value, block, found| {
        let value = dfg.resolve_aliases(value);
        if dfg.value_type(value) == types::I32 {
            uses.entry(value).or_default().push((block, found));
        }
    };
    for block in function.layout.blocks() {
        for inst in function.layout.block_insts(block) {
            for value in dfg.inst_args(inst) {
                add(*value, block, Use::Operand(inst));
            }
            for call in dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
                let target = call.block(&dfg.value_lists);
                for (position, argument) in call.args(&dfg.value_lists).enumerate() {
                    if let Some(value) = argument.as_value() {
                        add(value, block, Use::Parameter(target, position));
                    }
                }
            }
        }
    }
    uses
}

/// The values that `reference` flows into, itself among them, in an order that is the same each time; `None` when it leaves the function.
fn copies(
    function: &Function,
    uses: &HashMap<Value, Vec<(Block, Use)>>,
    reference: Value,
    throw_ref: Option<FuncRef>,
    effort: &mut usize,
) -> Option<Vec<Value>> {
    let dfg = &function.dfg;
    let mut known = HashSet::from([reference]);
    let mut copies = vec![reference];
    let mut next = 0;
    while let Some(copy) = copies.get(next).copied() {
        next += 1;
        for (_, found) in uses.get(&copy).into_iter().flatten() {
            *effort = effort.checked_sub(1)?;
            let flows = match *found {
                Use::Parameter(block, position) => Some(*dfg.block_params(block).get(position)?),
                Use::Operand(inst) => match dfg.insts[inst] {
                    InstructionData::Call { func_ref, .. } | InstructionData::TryCall { func_ref, .. }
                        if Some(func_ref) == throw_ref =>
                    {
                        None
                    }
                    // Whether it is null.
                    InstructionData::IntCompare { .. } | InstructionData::CondTrap { .. } => None,
                    InstructionData::Ternary { opcode: Opcode::Select, .. } => Some(dfg.first_result(inst)),
                    _ => return None,
                },
            };
            if let Some(flows) = flows
                && known.insert(flows)
            {
                copies.push(flows);
            }
        }
    }
    Some(copies)
}

/// Whether `value` has been made where `place` begins and is used after that.
fn is_live_at(
    function: &Function,
    graph: &ControlFlowGraph,
    uses: &HashMap<Value, Vec<(Block, Use)>>,
    value: Value,
    place: Block,
    effort: &mut usize,
) -> bool {
    let made = match function.dfg.value_def(value) {
        ValueDef::Param(block, _) => Some(block),
        ValueDef::Result(inst, _) => function.layout.inst_block(inst),
        ValueDef::Union(..) => None,
    };
    let mut live = HashSet::new();
    let mut next: Vec<Block> = uses.get(&value).into_iter().flatten().map(|(block, _)| *block).collect();
    while let Some(block) = next.pop() {
        if Some(block) == made || !live.insert(block) {
            continue;
        }
        let Some(left) = effort.checked_sub(1) else { return true };
        *effort = left;
        if block == place {
            return true;
        }
        next.extend(graph.pred_iter(block).map(|before| before.block));
    }
    false
}
