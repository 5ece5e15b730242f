//! Branch hints: code that is unlikely to run is put behind the rest of its function.
//!
//! Called by `function` for each operator and by `control` for those that hints are about. What follows an unlikely branch, up to the
//! end of the construct that it stands in, is cold: every block that is made meanwhile goes to the function's end.

use super::function::FunctionTranslator;
use crate::decode::hint::BranchHint;
use crate::error::CompileError;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};
use wasmparser::Operator;

/// The hints of a function that are still to come, the last first.
pub(crate) struct Hints(Vec<BranchHint>);

impl Hints {
    /// From the hints in the order of their instructions.
    pub(crate) fn new(mut hints: Vec<BranchHint>) -> Hints {
        hints.reverse();
        Hints(hints)
    }

    /// Whether the condition of the instruction at `offset` in the body is likely to hold; `None` when nothing is known. Hints about
    /// what is no instruction are passed over. To be asked in the order of the instructions.
    fn at(&mut self, offset: u64) -> Option<bool> {
        while let Some(hint) = self.0.pop_if(|hint| u64::from(hint.offset) <= offset) {
            if u64::from(hint.offset) == offset {
                return Some(hint.likely);
            }
        }
        None
    }
}

impl FunctionTranslator<'_, '_> {
    /// Translates the operator at `offset` in the body.
    pub(crate) fn hinted_operator(&mut self, operator: &Operator<'_>, offset: u64) -> Result<(), CompileError> {
        self.hint = self.hints.at(offset);
        let (cold, before) = (self.cold, self.builder.func.dfg.num_blocks());
        self.operator(operator)?;
        if cold {
            for block in before..self.builder.func.dfg.num_blocks() {
                self.builder.set_cold_block(Block::from_u32(block as u32));
            }
        }
        Ok(())
    }

    /// Takes the arms of an `if` out of the way where the hint says so; whether the first and whether the second are cold.
    pub(crate) fn chill_arms(&mut self, then: Block, other: Block) -> (bool, bool) {
        let hint = self.hint;
        let mut chill = |block: Block, unlikely: bool| {
            if unlikely {
                self.builder.set_cold_block(block);
            }
            unlikely || self.cold
        };
        (chill(then, hint == Some(false)), chill(other, hint == Some(true)))
    }

    /// Branches to `target` if `condition` holds, else to `next`.
    pub(crate) fn hinted_branch(&mut self, condition: Value, target: Block, arguments: &[BlockArg], next: Block) {
        if self.hint != Some(false) {
            self.builder.ins().brif(condition, target, arguments, next, &[]);
            if self.hint == Some(true) {
                self.builder.set_cold_block(next);
                self.cold = true;
            }
            return;
        }
        // Others may branch to the target as well, so it is the way there that is cold.
        let way = self.builder.create_block();
        self.builder.set_cold_block(way);
        self.builder.ins().brif(condition, way, &[], next, &[]);
        self.builder.switch_to_block(way);
        self.builder.seal_block(way);
        self.builder.ins().jump(target, arguments);
    }
}
