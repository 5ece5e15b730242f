//! Legacy exception operators: `try`, `catch`, `catch_all`, `delegate`, `rethrow`, of the form of the exception proposal that compilers
//! wrote before WebAssembly 3.0.
//!
//! Called by the switchboard. They are translated to the clauses and scopes of `exception`. A `try` says what it catches behind the body
//! that it catches it from, so a function that has one is read once beforehand ([`scan`]).

use super::control::{Frame, FrameKind, block_args};
use super::exception::{Clause, Target};
use super::function::FunctionTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::{InstBuilder, Value};
use std::ops::Range;
use tancho_abi::index::TagIndex;
use wasmparser::{BlockType, FunctionBody, Operator};

/// How a `try` ends.
#[derive(Default)]
pub(crate) struct Ending {
    /// Its clauses: the tag, or `None` for all, and whether a `rethrow` is of what the clause catches.
    clauses: Vec<(Option<u32>, bool)>,
    /// The depth of the label that it delegates to, counted outside of it.
    delegate: Option<u32>,
}

/// The part of a frame that only a legacy `try` has.
pub(crate) struct Legacy {
    clauses: Range<usize>,
    /// The next of them.
    next: usize,
    /// The scope around the construct, in which its clauses run.
    outer: Option<usize>,
    /// The exception that the present clause has caught, where it needs it.
    caught: Option<Value>,
}

/// How each `try` of a function ends, in the order in which they begin. What cannot be read, or is not valid, is left for validation to
/// name.
pub(crate) fn scan(body: &FunctionBody<'_>) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    // For each open construct the `try` that it is, if it is one.
    let mut open: Vec<Option<usize>> = vec![None];
    let Ok(operators) = body.get_operators_reader() else { return endings };
    for operator in operators {
        let Ok(operator) = operator else { break };
        match operator {
            Operator::Try { .. } => {
                open.push(Some(endings.len()));
                endings.push(Ending::default());
            }
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(None);
            }
            Operator::Catch { tag_index } => add(&mut endings, &open, Some(tag_index)),
            Operator::CatchAll => add(&mut endings, &open, None),
            Operator::Rethrow { relative_depth } => {
                let position = open.len().checked_sub(1 + relative_depth as usize);
                let target = position.and_then(|position| open[position]);
                if let Some(clause) = target.and_then(|target| endings[target].clauses.last_mut()) {
                    clause.1 = true;
                }
            }
            Operator::Delegate { relative_depth } => {
                if let Some(Some(ending)) = open.pop() {
                    endings[ending].delegate = Some(relative_depth);
                }
            }
            Operator::End => {
                open.pop();
            }
            _ => {}
        }
    }
    endings
}

fn add(endings: &mut [Ending], open: &[Option<usize>], tag: Option<u32>) {
    if let Some(Some(ending)) = open.last() {
        endings[*ending].clauses.push((tag, false));
    }
}

impl FunctionTranslator<'_, '_> {
    pub(crate) fn try_(&mut self, ty: BlockType) -> Result<(), CompileError> {
        let ending = self.endings.next().unwrap_or_default();
        if !self.reachable {
            self.push_unreachable();
            return Ok(());
        }
        let (params, results) = self.block_type(ty)?;
        let outer = self.scope();
        let start = self.catches.clauses.len();
        for (tag, takes_reference) in ending.clauses {
            let (tag, target) = (tag.map(TagIndex), Target::Body(None));
            self.catches.clauses.push(Clause { tag, takes_reference, target, landing: None });
        }
        let clauses = start..self.catches.clauses.len();
        let scope = match ending.delegate {
            // What it catches is as if it came up where that label stands.
            Some(depth) => {
                let position = self.control.len().checked_sub(1 + depth as usize);
                position.and_then(|position| self.control[position].scope)
            }
            None if clauses.is_empty() => outer,
            None => Some(self.catches.open(clauses.clone(), outer)),
        };
        let next = clauses.start;
        let target = self.block_with_params(&results);
        let height = self.stack.len() - params.len();
        self.control.push(Frame {
            kind: FrameKind::Legacy(Legacy { clauses, next, outer, caught: None }),
            target,
            carries: results.len(),
            results: results.len(),
            height,
            reached: false,
            cold: self.cold,
            scope,
        });
        Ok(())
    }

    /// `catch` and `catch_all`: ends what stood before it, and begins the next clause.
    pub(crate) fn catch(&mut self) -> Result<(), CompileError> {
        self.leave_arm();
        let frame = self.control.last_mut().expect("validation ensures an open frame");
        let FrameKind::Legacy(legacy) = &mut frame.kind else { return Ok(()) };
        let clause = legacy.next;
        legacy.next += 1;
        if clause >= legacy.clauses.end {
            return Err(CompileError::internal("a legacy `try` has more clauses than it had when it was read first"));
        }
        frame.scope = legacy.outer;
        let (height, cold) = (frame.height, frame.cold);
        self.cold = cold;
        self.stack.truncate(height);
        let landed = self.land_at(clause);
        let Target::Body(body) = self.catches.clauses[clause].target else { return Ok(()) };
        let values = match (landed, body) {
            (None, None) => {
                self.reachable = false;
                return Ok(());
            }
            (Some((values, reference)), None) => {
                self.set_caught(reference);
                values
            }
            (landed, Some(body)) => {
                if let Some((values, _)) = landed {
                    self.branch_arguments += values.len();
                    self.builder.ins().jump(body, &block_args(&values));
                }
                self.builder.switch_to_block(body);
                self.builder.seal_block(body);
                self.builder.block_params(body).to_vec()
            }
        };
        self.reachable = true;
        self.stack.extend(values);
        Ok(())
    }

    fn set_caught(&mut self, reference: Value) {
        if let Some(Frame { kind: FrameKind::Legacy(legacy), .. }) = self.control.last_mut() {
            legacy.caught = Some(reference);
        }
    }

    pub(crate) fn rethrow(&mut self, depth: u32) -> Result<(), CompileError> {
        let position = self.control.len() - 1 - depth as usize;
        let caught = match &self.control[position].kind {
            FrameKind::Legacy(legacy) => legacy.caught,
            _ => None,
        };
        let caught = caught.ok_or_else(|| CompileError::internal("`rethrow` of what no clause has caught"))?;
        self.throw_again(caught)
    }
}
