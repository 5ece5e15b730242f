//! Entry: the site of interruption at a function's entry goes to where the function is about to call.
//!
//! Called once per function that calls, when all of it is translated. What runs without end comes to the site of a loop again and again, or calls
//! without end. So a short function needs no site on the ways through it that call nobody and come to no loop, as one that never calls needs none: where
//! a recursion ends, and where a function calls only if something is missing, full, or wrong. The site goes to the block that all calls
//! have in common on the ways to them; where one of another kind, as of a loop, stands there on all these ways, it is left out.

use crate::translate::interrupt::{self, SHORT};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, Function, Inst};
use std::collections::HashSet;

/// Moves the site at the entry of a function, if that helps. `func` has been translated, its sites have not been numbered, and each of its loops
/// has one.
pub(crate) fn sink(func: &mut Function) {
    let Some(entry) = func.layout.entry_block() else { return };
    if func.dfg.num_insts() > SHORT {
        return;
    }
    let is_call = |inst: &Inst| func.dfg.insts[*inst].opcode().is_call();
    let first = func.layout.block_insts(entry).find(|inst| is_call(inst) || interrupt::is_site(func, *inst));
    let Some(site) = first.filter(|inst| !is_call(inst)) else { return };
    let calls: Vec<Block> =
        func.layout.blocks().filter(|block| func.layout.block_insts(*block).any(|inst| is_call(&inst))).collect();
    if calls.is_empty() || calls.contains(&entry) {
        return;
    }
    let dominators = DominatorTree::with_function(func, &ControlFlowGraph::with_function(func));
    let calls: Vec<Block> = calls.into_iter().filter(|block| dominators.is_reachable(*block)).collect();
    let mut common = calls.first().copied();
    while let Some(block) = common
        && !calls.iter().all(|call| dominators.block_dominates(block, *call))
    {
        common = dominators.idom(block);
    }
    let Some(common) = common.filter(|common| *common != entry) else { return };
    // What comes before any call in it.
    let place = func.layout.block_insts(common).find(is_call).or_else(|| func.layout.last_inst(common));
    let Some((place, top)) = place.zip(func.layout.first_inst(common)) else { return };
    let is_asked = interrupt::sites(func)
        .into_iter()
        .any(|other| other != site && dominators.dominates(other, place, &func.layout));
    // Whoever is stopped there is at what comes next.
    let here = func.srcloc(top);
    for inst in interrupt::take(func, site).filter(|_| !is_asked) {
        func.set_srcloc(inst, here);
        func.layout.insert_inst(inst, top);
    }
}

/// Whether every way from the entry of a function to one of its calls passes a site.
pub(crate) fn asks_before_calls(func: &Function) -> bool {
    let mut left: Vec<Block> = func.layout.entry_block().into_iter().collect();
    let mut met: HashSet<Block> = left.iter().copied().collect();
    while let Some(block) = left.pop() {
        let is_call = |inst: &Inst| func.dfg.insts[*inst].opcode().is_call();
        match func.layout.block_insts(block).find(|inst| is_call(inst) || interrupt::is_site(func, *inst)) {
            Some(inst) if is_call(&inst) => return false,
            Some(_) => {}
            None => left.extend(func.block_successors(block).filter(|next| met.insert(*next))),
        }
    }
    true
}
