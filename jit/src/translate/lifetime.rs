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
use tancho_abi::catch::Keep;

/// How many steps are spent on a function; what is not known by then is kept as long as the store.
const EFFORT: usize = 1 << 24;

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
    let landings = clauses.iter().filter_map(|clause| clause.landing).collect();
    let mut lifetimes = Lifetimes { function, uses, graph, landings, known: HashMap::new(), effort: EFFORT };
    for clause in clauses {
        let (Keep::Store, Some(reference), Some(landing)) = (clause.keep, clause.reference, clause.landing) else {
            continue;
        };
        if lifetimes.ends_before(reference, landing, throw_ref) == Some(true) {
            clause.keep = Keep::Frame;
        }
    }
}

struct Lifetimes<'f> {
    function: &'f Function,
    /// All uses of values that can be references to exceptions, with the block that they are in.
    uses: HashMap<Value, Vec<(Block, Use)>>,
    graph: ControlFlowGraph,
    /// The landing pads.
    landings: HashSet<Block>,
    /// Those of them at which a value is live: what many references flow into is looked at once.
    known: HashMap<Value, Vec<Block>>,
    /// How many steps may still be made.
    effort: usize,
}

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

impl Lifetimes<'_> {
    /// Whether `reference` stays in the function and is not used any more where `landing` begins; `None` when that takes too long to find
    /// out.
    fn ends_before(&mut self, reference: Value, landing: Block, throw_ref: Option<FuncRef>) -> Option<bool> {
        let Some(copies) = self.copies(reference, throw_ref)? else { return Some(false) };
        for copy in copies {
            if self.live_at(copy)?.contains(&landing) {
                return Some(false);
            }
        }
        Some(true)
    }

    fn step(&mut self) -> Option<()> {
        self.effort = self.effort.checked_sub(1)?;
        Some(())
    }

    /// The values that `reference` flows into, itself among them, in an order that is the same each time; none when it leaves the
    /// function.
    fn copies(&mut self, reference: Value, throw_ref: Option<FuncRef>) -> Option<Option<Vec<Value>>> {
        let dfg = &self.function.dfg;
        let mut known = HashSet::from([reference]);
        let mut copies = vec![reference];
        let mut next = 0;
        while let Some(copy) = copies.get(next).copied() {
            next += 1;
            for position in 0..self.uses.get(&copy).map_or(0, Vec::len) {
                self.step()?;
                let flows = match self.uses[&copy][position].1 {
                    Use::Parameter(block, position) => dfg.block_params(block).get(position).copied(),
                    Use::Operand(inst) => match dfg.insts[inst] {
                        InstructionData::Call { func_ref, .. } | InstructionData::TryCall { func_ref, .. }
                            if Some(func_ref) == throw_ref =>
                        {
                            None
                        }
                        // Whether it is null.
                        InstructionData::IntCompare { .. } | InstructionData::CondTrap { .. } => None,
                        InstructionData::Ternary { opcode: Opcode::Select, .. } => Some(dfg.first_result(inst)),
                        _ => return Some(None),
                    },
                };
                if let Some(flows) = flows
                    && known.insert(flows)
                {
                    copies.push(flows);
                }
            }
        }
        Some(Some(copies))
    }

    /// The landing pads at which `value` has been made and is used after that.
    fn live_at(&mut self, value: Value) -> Option<&[Block]> {
        if !self.known.contains_key(&value) {
            let landings = self.find_live_at(value)?;
            self.known.insert(value, landings);
        }
        self.known.get(&value).map(Vec::as_slice)
    }

    fn find_live_at(&mut self, value: Value) -> Option<Vec<Block>> {
        let made = match self.function.dfg.value_def(value) {
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Result(inst, _) => self.function.layout.inst_block(inst),
            ValueDef::Union(..) => None,
        };
        let mut live = HashSet::new();
        let mut landings = Vec::new();
        let mut next: Vec<Block> = self.uses.get(&value).into_iter().flatten().map(|(block, _)| *block).collect();
        while let Some(block) = next.pop() {
            if Some(block) == made || !live.insert(block) {
                continue;
            }
            if self.landings.contains(&block) {
                landings.push(block);
            }
            for before in self.graph.pred_iter(block) {
                // Not `step`: the graph is borrowed.
                self.effort = self.effort.checked_sub(1)?;
                next.push(before.block);
            }
        }
        Some(landings)
    }
}
