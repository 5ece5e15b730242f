//! Control operators (§4.4.8): structured control to a graph of blocks.
//!
//! Called by the switchboard for every control operator, reachable or not, because frames nest either way. Blocks get
//! parameters for the results (or, loops, parameters) that branches carry; the arms of an `if` need none, because the
//! values dominate them.

use super::function::FunctionTranslator;
use super::legacy::Legacy;
use super::signature::machine_type;
use crate::decode;
use crate::error::CompileError;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, InstBuilder, JumpTableData, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use tancho_abi::trap::Trap;
use tancho_abi::types::{FuncType, ValType};
use wasmparser::{BlockType, BrTable};

/// An entry of the control stack.
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    /// Where a branch to this frame goes.
    pub(crate) target: Block,
    /// How many values such a branch carries.
    pub(crate) carries: usize,
    /// How many results the frame leaves.
    pub(crate) results: usize,
    /// The height of the operand stack below the frame's parameters.
    pub(crate) height: usize,
    /// Whether a branch to the frame's end exists.
    pub(crate) reached: bool,
    /// Whether the place around the frame is unlikely to be reached.
    pub(crate) cold: bool,
    /// Which handlers are in force in it.
    pub(crate) scope: Option<usize>,
}

pub(crate) enum FrameKind {
    /// The function's body.
    Function,
    /// The body of a function that is inlined.
    Inlined,
    /// A block.
    Block,
    /// A loop; `target` is its header.
    Loop,
    /// The first arm of an `if`: where the other arm starts, the parameters it starts with, and whether it is unlikely to be reached.
    If { other: Block, params: Vec<Value>, cold: bool },
    /// The second arm of an `if`.
    Else,
    /// A `try_table`, and its clauses.
    TryTable { clauses: Range<usize> },
    /// A legacy `try`: its body, or one of its clauses.
    Legacy(Legacy),
    /// Any of these where it cannot be reached: it has no blocks.
    Unreachable,
}

impl Frame {
    /// The outermost frame of a function: branches to it return.
    pub(crate) fn function(exit: Block, ty: &FuncType) -> Frame {
        Frame {
            kind: FrameKind::Function,
            target: exit,
            carries: ty.results.len(),
            results: ty.results.len(),
            height: 0,
            reached: false,
            cold: false,
            scope: None,
        }
    }
}

pub(super) fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().map(|value| BlockArg::Value(*value)).collect()
}

impl FunctionTranslator<'_, '_> {
    /// The number of parameters and the types of the results of a block type.
    pub(super) fn block_type(&self, ty: BlockType) -> Result<(Vec<ValType>, Vec<ValType>), CompileError> {
        Ok(match ty {
            BlockType::Empty => (vec![], vec![]),
            BlockType::Type(ty) => (vec![], vec![decode::types::val_type(self.env.module.types, ty)?]),
            BlockType::FuncType(index) => {
                let ty = &self.env.types[index as usize];
                (ty.params.to_vec(), ty.results.to_vec())
            }
        })
    }

    pub(crate) fn block_with_params(&mut self, types: &[ValType]) -> Block {
        let block = self.builder.create_block();
        for ty in types {
            let param = self.builder.append_block_param(block, machine_type(*ty));
            self.declare(param, *ty);
        }
        block
    }

    pub(super) fn push_unreachable(&mut self) {
        let height = self.stack.len();
        // No branch reaches the target: the frame is left by its `end` alone.
        let target = self.control[0].target;
        self.control.push(Frame {
            kind: FrameKind::Unreachable,
            target,
            carries: 0,
            results: 0,
            height,
            reached: false,
            cold: self.cold,
            scope: self.scope(),
        });
    }

    pub(crate) fn block(&mut self, ty: BlockType) -> Result<(), CompileError> {
        if !self.reachable {
            self.push_unreachable();
            return Ok(());
        }
        let (params, results) = self.block_type(ty)?;
        let target = self.block_with_params(&results);
        self.control.push(Frame {
            kind: FrameKind::Block,
            target,
            carries: results.len(),
            results: results.len(),
            height: self.stack.len() - params.len(),
            reached: false,
            cold: self.cold,
            scope: self.scope(),
        });
        Ok(())
    }

    pub(crate) fn loop_(&mut self, ty: BlockType) -> Result<(), CompileError> {
        if !self.reachable {
            self.push_unreachable();
            return Ok(());
        }
        let (params, results) = self.block_type(ty)?;
        let header = self.block_with_params(&params);
        let arguments = self.pop_many_plain(params.len());
        self.builder.ins().jump(header, &block_args(&arguments));
        self.builder.switch_to_block(header);
        // Variables may come to be parameters, too.
        let given = self.builder.block_params(header).to_vec();
        self.segment();
        self.fuel_to_store();
        self.interrupt_site();
        self.zeal();
        let height = self.stack.len();
        self.open_loops += 1;
        self.stack.extend(given);
        self.control.push(Frame {
            kind: FrameKind::Loop,
            target: header,
            carries: params.len(),
            results: results.len(),
            height,
            reached: false,
            cold: self.cold,
            scope: self.scope(),
        });
        Ok(())
    }

    pub(crate) fn if_(&mut self, ty: BlockType) -> Result<(), CompileError> {
        if !self.reachable {
            self.push_unreachable();
            return Ok(());
        }
        let (params, results) = self.block_type(ty)?;
        let condition = self.pop();
        let target = self.block_with_params(&results);
        let (then, other) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(condition, then, &[], other, &[]);
        let (cold, other_cold) = self.chill_arms(then, other);
        self.builder.switch_to_block(then);
        self.builder.seal_block(then);
        self.builder.seal_block(other);
        let height = self.stack.len() - params.len();
        let params = self.stack[height..].to_vec();
        self.control.push(Frame {
            kind: FrameKind::If { other, params, cold: other_cold },
            target,
            carries: results.len(),
            results: results.len(),
            height,
            reached: false,
            cold: self.cold,
            scope: self.scope(),
        });
        self.cold = cold;
        Ok(())
    }

    pub(crate) fn else_(&mut self) {
        let frame = self.control.last_mut().expect("validation ensures an open frame");
        let kind = match std::mem::replace(&mut frame.kind, FrameKind::Else) {
            FrameKind::If { other, params, cold } => Some((other, params, cold)),
            unreachable => {
                frame.kind = unreachable;
                None
            }
        };
        let Some((other, params, cold)) = kind else { return };
        self.leave_arm();
        self.cold = cold;
        let frame = self.control.last().expect("the frame is still open");
        self.stack.truncate(frame.height);
        self.stack.extend(params);
        self.builder.switch_to_block(other);
        self.reachable = true;
    }

    /// Jumps to the end of the innermost frame with its results, if the present place can be reached.
    pub(super) fn leave_arm(&mut self) {
        if self.reachable {
            let frame = self.control.last_mut().expect("validation ensures an open frame");
            frame.reached = true;
            let (target, results) = (frame.target, frame.results);
            let arguments = self.carried(results);
            self.builder.ins().jump(target, &arguments);
        }
    }

    pub(crate) fn end(&mut self) {
        match self.control.last().expect("validation ensures an open frame").kind {
            FrameKind::Unreachable => {
                let frame = self.control.pop().expect("looked at just now");
                self.cold = frame.cold;
                self.stack.truncate(frame.height);
                return;
            }
            FrameKind::Loop => {
                let frame = self.control.pop().expect("looked at just now");
                self.builder.seal_block(frame.target);
                self.open_loops -= 1;
                self.cold = frame.cold;
                if self.reachable {
                    let results = self.pop_many(frame.results);
                    self.stack.truncate(frame.height);
                    self.stack.extend(results);
                } else {
                    self.stack.truncate(frame.height);
                }
                return;
            }
            // An `if` without `else`: its parameters are its results.
            FrameKind::If { .. } => self.else_(),
            // What follows the call goes on where the body ends, if nothing else comes there.
            FrameKind::Inlined if self.reachable && !self.is_branched_to() => {
                let frame = self.control.pop().expect("looked at just now");
                let results = self.pop_many_plain(frame.results);
                self.stack.truncate(frame.height);
                self.stack.extend(results);
                self.builder.seal_block(frame.target);
                self.cold = frame.cold;
                return;
            }
            _ => {}
        }
        self.leave_arm();
        if let Some(Frame { kind: FrameKind::TryTable { clauses }, .. }) = self.control.last() {
            self.land(clauses.clone());
        }
        let frame = self.control.pop().expect("looked at just now");
        self.stack.truncate(frame.height);
        self.builder.seal_block(frame.target);
        (self.reachable, self.cold) = (frame.reached, frame.cold);
        if !frame.reached {
            return;
        }
        self.builder.switch_to_block(frame.target);
        if matches!(frame.kind, FrameKind::Function) {
            let results = self.builder.block_params(frame.target).to_vec();
            self.builder.ins().return_(&results);
        } else {
            self.stack.extend_from_slice(self.builder.block_params(frame.target));
        }
    }

    /// Whether a branch to the end of the innermost frame exists.
    fn is_branched_to(&self) -> bool {
        self.control.last().is_some_and(|frame| frame.reached)
    }

    /// The frame that is `depth` frames out, marked as reached, and the values that a branch to it carries.
    fn branch_target(&mut self, depth: u32) -> (Block, usize) {
        let position = self.control.len() - 1 - depth as usize;
        let frame = &mut self.control[position];
        frame.reached = true;
        self.loops += self.open_loops;
        (frame.target, frame.carries)
    }

    /// The values that a branch carries: the topmost `count`.
    fn carried(&mut self, count: usize) -> Vec<BlockArg> {
        self.branch_arguments += count;
        let start = self.stack.len() - count;
        let plain = |position| BlockArg::Value(self.plain(self.stack[position]));
        (start..start + count).map(plain).collect()
    }

    /// Jumps to the frame that is `depth` frames out.
    pub(super) fn jump_out(&mut self, depth: u32) {
        let (target, carries) = self.branch_target(depth);
        let arguments = self.carried(carries);
        self.builder.ins().jump(target, &arguments);
    }

    pub(crate) fn br(&mut self, depth: u32) {
        self.jump_out(depth);
        self.reachable = false;
    }

    pub(crate) fn br_if(&mut self, depth: u32) {
        let condition = self.pop();
        self.branch_if(condition, depth);
    }

    /// Jumps to the frame that is `depth` frames out if `condition` holds.
    pub(crate) fn branch_if(&mut self, condition: Value, depth: u32) {
        let (target, carries) = self.branch_target(depth);
        let arguments = self.carried(carries);
        let next = self.builder.create_block();
        self.hinted_branch(condition, target, &arguments, next);
        self.builder.switch_to_block(next);
        self.builder.seal_block(next);
    }

    pub(crate) fn br_table(&mut self, table: &BrTable<'_>) -> Result<(), CompileError> {
        let index = self.pop();
        let depths = table.targets().collect::<Result<Vec<u32>, _>>()?;
        // All targets carry the same values. They are written once per target and not once per entry of the table: a block between
        // passes them on.
        let mut between: BTreeMap<u32, Block> = BTreeMap::new();
        let mut entry = |translator: &mut Self, depth: u32| {
            let (target, carries) = translator.branch_target(depth);
            if carries == 0 {
                return target;
            }
            *between.entry(depth).or_insert_with(|| translator.builder.create_block())
        };
        let blocks: Vec<Block> = depths.into_iter().map(|depth| entry(self, depth)).collect();
        let default = entry(self, table.default());
        let calls: Vec<BlockCall> = blocks.iter().map(|block| self.builder.func.dfg.block_call(*block, &[])).collect();
        let default = self.builder.func.dfg.block_call(default, &[]);
        let table = self.builder.create_jump_table(JumpTableData::new(default, &calls));
        self.builder.ins().br_table(index, table);
        for (depth, block) in between {
            self.builder.switch_to_block(block);
            self.builder.seal_block(block);
            self.jump_out(depth);
        }
        self.reachable = false;
        Ok(())
    }

    pub(crate) fn return_(&mut self) {
        let results = self.ty.results.len();
        let results = self.pop_many_plain(results);
        match self.here.base {
            0 => {
                self.builder.ins().return_(&results);
            }
            // An inlined function's end.
            base => self.jump_to(base, &results),
        }
        self.reachable = false;
    }

    pub(crate) fn unreachable(&mut self) {
        self.trap(Trap::UnreachableCodeReached);
        self.reachable = false;
    }
}
