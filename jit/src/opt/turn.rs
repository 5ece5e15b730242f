//! Turns: the loops that passes over optimised code look at, and what they pass from one turn to the next.
//!
//! Called by `recount` and `wide_counter`.

use cranelift_codegen::ir::{Block, Function, Inst, Value};
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis};
use std::collections::HashSet;

/// The loops without loops in them, and their heads.
pub(super) fn innermost(loops: &LoopAnalysis) -> impl Iterator<Item = (Loop, Block)> {
    let outer: HashSet<Loop> = loops.loops().filter_map(|each| loops.loop_parent(each)).collect();
    loops.loops().filter(move |each| !outer.contains(each)).map(|each| (each, loops.loop_header(each)))
}

/// What a branch passes to `head` at a position, each time that it leads there; `None` for what is no value yet.
pub(super) fn passed(
    func: &Function,
    branch: Inst,
    head: Block,
    position: usize,
) -> impl Iterator<Item = Option<Value>> {
    let dfg = &func.dfg;
    let calls = dfg.insts[branch].branch_destination(&dfg.jump_tables, &dfg.exception_tables).iter();
    calls.filter(move |call| call.block(&dfg.value_lists) == head).map(move |call| {
        let passed = call.args(&dfg.value_lists).nth(position)?.as_value()?;
        Some(dfg.resolve_aliases(passed))
    })
}
