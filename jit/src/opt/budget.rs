//! Budget: functions of a shape for which Cranelift's optimiser takes more time than they are worth.
//!
//! Called by the pipeline for each function that has been translated. The optimiser and the better register allocator walk up the dominator
//! tree from each block, and the optimiser asks of the loops around each branch: for a chain of blocks, or branches in very many loops,
//! that is the square of the function's size. Toolchains make such chains of calls in one function, each of which a handler is around, or that collects,
//! where a language initialises all its globals. They run once. Such a function is compiled without optimising, and its registers are allocated in one pass.

use cranelift_codegen::Context;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::Block;

/// The most that the depths of a function's blocks in its dominator tree may add up to: 11,000 blocks one below the other do.
pub(crate) const MAX_DEPTHS: usize = 1 << 26;

/// The most that the loops around each of a function's branches may add up to.
pub(crate) const MAX_LOOPS: usize = 1 << 21;

/// Functions of fewer blocks than this are within the budget whatever their shape.
const FEW: usize = 1 << 13;

/// Whether the function of `context` is to be compiled without optimising. `loops` is what the loops around its branches add up to.
pub(crate) fn is_exceeded(context: &mut Context, loops: usize) -> bool {
    loops > MAX_LOOPS || context.func.dfg.num_blocks() > FEW && depths(context) > MAX_DEPTHS
}

/// The sum of the depths of all blocks in the dominator tree.
fn depths(context: &mut Context) -> usize {
    context.compute_cfg();
    context.compute_domtree();
    let Context { domtree, .. } = context;
    let mut depths: SecondaryMap<Block, usize> = SecondaryMap::new();
    let mut sum = 0;
    // Each block stands behind those that dominate it.
    for block in domtree.cfg_rpo() {
        depths[*block] = domtree.idom(*block).map_or(0, |above| depths[above] + 1);
        sum += depths[*block];
    }
    sum
}
