//! Balance: whether a function leaves a global as it found it, whenever it returns.
//!
//! Called by `shadow` for functions that write the shadow-stack pointer or catch exceptions. The body is run on values of which no more is known
//! than what compilers write for frames needs: a constant, or the global as it was at the entry and so much more. All that is not looked at
//! here makes what it may change unknown.
//!
//! ```text
//! global.get 0, i32.const 32, i32.sub     entry - 32
//! local.tee 5, global.set 0               local 5 and the global: entry - 32
//! …                                       a call that may leave another value: the global unknown, local 5 as before
//! local.get 5, i32.const 32, i32.add      entry
//! global.set 0, end                       as found
//! ```
//!
//! Where ways meet, what differs is unknown. A loop's header is first believed to be reached with what it is entered with; when a branch back
//! says otherwise, the body is run again with what both have in common.

use super::scan::{Callee, callee};
use std::collections::BTreeMap;
use wasmparser::{Catch, FunctionBody, Operator};

/// The most times that a body is run: each time something more is unknown at some header.
const MAX_ROUNDS: usize = 10;
/// The most handlers that a call may be within the reach of.
const MAX_HANDLERS: usize = 64;
/// The most locals of each kind that something is known of.
const MAX_KNOWN: usize = 16;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Question {
    /// Which global: an `i32` or `i64` of the module's own.
    pub(super) global: u32,
    /// Whether it is an `i64`.
    pub(super) wide: bool,
}

/// What becomes of the global in a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// It is as before when the call returns.
    Keeps,
    /// Anything.
    Changes,
}

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    Unknown,
    Constant(u64),
    /// The global at the function's entry, and so much more.
    Entry(u64),
}

/// What is known at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
struct State {
    global: Value,
    /// The locals that anything is known of.
    locals: BTreeMap<u32, Value>,
}

impl State {
    fn local(&self, local: u32) -> Value {
        self.locals.get(&local).copied().unwrap_or(Value::Unknown)
    }

    fn set_local(&mut self, local: u32, value: Value) {
        self.locals.remove(&local);
        let alike = |known: &&Value| {
            matches!((known, value), (Value::Entry(_), Value::Entry(_)) | (Value::Constant(_), Value::Constant(_)))
        };
        if value != Value::Unknown && self.locals.values().filter(alike).count() < MAX_KNOWN {
            self.locals.insert(local, value);
        }
    }

    /// What holds in both.
    fn meet(&mut self, other: &State) {
        if self.global != other.global {
            self.global = Value::Unknown;
        }
        self.locals.retain(|local, value| other.local(*local) == *value);
    }
}

fn meet_into(known: &mut Option<State>, state: &State) {
    match known {
        Some(known) => known.meet(state),
        None => *known = Some(state.clone()),
    }
}

enum Kind {
    /// A block, a function's body, a `try_table`, the second arm of an `if`.
    Block,
    /// A loop, by its number.
    Loop(usize),
    /// The first arm of an `if`, and what the other begins with.
    If(Option<State>),
    /// The body of a legacy `try`, and what its clauses begin with.
    Try(Option<State>),
    /// A clause of it.
    Catch(Option<State>),
}

struct Frame {
    kind: Kind,
    /// What is known at its end, by the ways that have come there.
    end: Option<State>,
    /// The frames that exceptions from within it are caught to.
    handlers: Vec<usize>,
}

/// The function does not keep the global, or that cannot be seen.
struct Unbalanced;

/// Whether a function keeps the global whenever it returns, if calls have the `effect` on it.
pub(super) fn keeps(body: &FunctionBody<'_>, question: Question, effect: &dyn Fn(Callee) -> Effect) -> bool {
    let mut headers = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let mut run = Run {
            question,
            effect,
            state: Some(State { global: Value::Entry(0), locals: BTreeMap::new() }),
            operands: Vec::new(),
            frames: vec![Frame { kind: Kind::Block, end: None, handlers: Vec::new() }],
            headers,
            loops: 0,
            changed: false,
        };
        if run.body(body).is_err() {
            return false;
        }
        if !run.changed {
            return true;
        }
        headers = run.headers;
    }
    false
}

struct Run<'e> {
    question: Question,
    effect: &'e dyn Fn(Callee) -> Effect,
    /// What is known at the present place; `None` where it cannot be reached.
    state: Option<State>,
    /// What is known of the topmost operands. Those below are unknown.
    operands: Vec<Value>,
    frames: Vec<Frame>,
    /// What holds at the headers of loops, by their numbers.
    headers: Vec<Option<State>>,
    loops: usize,
    /// Whether less holds at a header than was believed when it was passed.
    changed: bool,
}

impl Run<'_> {
    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), Unbalanced> {
        let operators = body.get_operators_reader().map_err(|_| Unbalanced)?;
        for operator in operators {
            let operator = operator.map_err(|_| Unbalanced)?;
            if !self.control(&operator)? && self.state.is_some() {
                self.plain(&operator)?;
            }
        }
        // What has more frames or fewer is not valid.
        if self.frames.is_empty() { Ok(()) } else { Err(Unbalanced) }
    }

    fn pop(&mut self) -> Value {
        self.operands.pop().unwrap_or(Value::Unknown)
    }

    /// The end of a way: what follows cannot be reached.
    fn leave(&mut self) {
        self.state = None;
        self.operands.clear();
    }

    /// The function returns here, with the global as it is now.
    fn returns(&self) -> Result<(), Unbalanced> {
        match &self.state {
            Some(state) if state.global != Value::Entry(0) => Err(Unbalanced),
            _ => Ok(()),
        }
    }

    fn push_frame(&mut self, kind: Kind) {
        self.operands.clear();
        self.frames.push(Frame { kind, end: None, handlers: Vec::new() });
    }

    /// A branch from here to the frame that is `depth` frames out.
    fn branch(&mut self, depth: u32) -> Result<(), Unbalanced> {
        let position = self.frames.len().checked_sub(1 + depth as usize).ok_or(Unbalanced)?;
        let Some(state) = &self.state else { return Ok(()) };
        let frame = &mut self.frames[position];
        match frame.kind {
            Kind::Loop(number) => {
                let header = self.headers.get_mut(number).ok_or(Unbalanced)?;
                let before = header.clone();
                meet_into(header, state);
                self.changed |= *header != before;
            }
            _ => meet_into(&mut frame.end, state),
        }
        Ok(())
    }

    /// An exception may come up here.
    fn throws(&mut self) -> Result<(), Unbalanced> {
        let Some(state) = &self.state else { return Ok(()) };
        let thrown = State { global: Value::Unknown, locals: state.locals.clone() };
        let mut count = 0;
        for position in 0..self.frames.len() {
            if let Kind::Try(caught) = &mut self.frames[position].kind {
                meet_into(caught, &thrown);
                count += 1;
            }
            for handler in self.frames[position].handlers.clone() {
                count += 1;
                // A frame that is branched to from within a frame inside of it is still open.
                let target = self.frames.get_mut(handler).ok_or(Unbalanced)?;
                if let Kind::Loop(number) = target.kind {
                    let header = self.headers.get_mut(number).ok_or(Unbalanced)?;
                    let before = header.clone();
                    meet_into(header, &thrown);
                    self.changed |= *header != before;
                } else {
                    meet_into(&mut target.end, &thrown);
                }
            }
            if count > MAX_HANDLERS {
                return Err(Unbalanced);
            }
        }
        Ok(())
    }

    /// Operators of control; whether it is one.
    fn control(&mut self, operator: &Operator<'_>) -> Result<bool, Unbalanced> {
        match operator {
            Operator::Block { .. } => self.push_frame(Kind::Block),
            Operator::Loop { .. } => self.enter_loop(),
            Operator::If { .. } => {
                let other = self.state.clone();
                self.push_frame(Kind::If(other));
            }
            Operator::Else => {
                self.operands.clear();
                let frame = self.frames.last_mut().ok_or(Unbalanced)?;
                if let Some(state) = &self.state {
                    meet_into(&mut frame.end, state);
                }
                let Kind::If(other) = std::mem::replace(&mut frame.kind, Kind::Block) else { return Err(Unbalanced) };
                self.state = other;
            }
            Operator::TryTable { try_table } => self.enter_try_table(&try_table.catches)?,
            Operator::Try { .. } => self.push_frame(Kind::Try(None)),
            Operator::Catch { .. } | Operator::CatchAll => {
                self.operands.clear();
                let frame = self.frames.last_mut().ok_or(Unbalanced)?;
                if let Some(state) = &self.state {
                    meet_into(&mut frame.end, state);
                }
                let (Kind::Try(caught) | Kind::Catch(caught)) = &frame.kind else { return Err(Unbalanced) };
                self.state = caught.clone();
                frame.kind = Kind::Catch(self.state.clone());
            }
            Operator::End | Operator::Delegate { .. } => self.end()?,
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth)?;
                self.leave();
            }
            Operator::BrTable { targets } => {
                for depth in targets.targets() {
                    self.branch(depth.map_err(|_| Unbalanced)?)?;
                }
                self.branch(targets.default())?;
                self.leave();
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                self.operands.clear();
                self.branch(*relative_depth)?;
            }
            Operator::Return => {
                self.returns()?;
                self.leave();
            }
            Operator::Unreachable => self.leave(),
            Operator::Throw { .. } | Operator::ThrowRef | Operator::Rethrow { .. } => {
                self.throws()?;
                self.leave();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn enter_loop(&mut self) {
        let number = self.loops;
        self.loops += 1;
        if self.headers.len() <= number {
            self.headers.push(None);
        }
        if let Some(state) = &self.state {
            meet_into(&mut self.headers[number], state);
            self.state = self.headers[number].clone();
        }
        self.push_frame(Kind::Loop(number));
    }

    fn enter_try_table(&mut self, catches: &[Catch]) -> Result<(), Unbalanced> {
        // Labels are counted from outside of it.
        let outer = self.frames.len();
        let target = |catch: &Catch| {
            let (Catch::One { label, .. }
            | Catch::OneRef { label, .. }
            | Catch::All { label }
            | Catch::AllRef { label }) = *catch;
            outer.checked_sub(1 + label as usize).ok_or(Unbalanced)
        };
        let handlers = catches.iter().map(target).collect::<Result<_, _>>()?;
        self.push_frame(Kind::Block);
        self.frames.last_mut().ok_or(Unbalanced)?.handlers = handlers;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unbalanced> {
        self.operands.clear();
        let Frame { kind, mut end, .. } = self.frames.pop().ok_or(Unbalanced)?;
        // Without a second arm, an `if` is left by that way too.
        for state in [self.state.take(), if let Kind::If(other) = kind { other } else { None }].iter().flatten() {
            meet_into(&mut end, state);
        }
        self.state = end;
        if self.frames.is_empty() { self.returns() } else { Ok(()) }
    }

    /// Operators that do not branch, at a place that can be reached.
    fn plain(&mut self, operator: &Operator<'_>) -> Result<(), Unbalanced> {
        let Question { global, wide } = self.question;
        if let Some((callee, tail)) = callee(operator) {
            self.operands.clear();
            return self.call(callee, tail);
        }
        let Some(state) = &mut self.state else { return Ok(()) };
        let pushed = match *operator {
            Operator::LocalGet { local_index } => state.local(local_index),
            Operator::I32Const { value } if !wide => Value::Constant(u64::from(value as u32)),
            Operator::I64Const { value } if wide => Value::Constant(value as u64),
            Operator::GlobalGet { global_index } if global_index == global => state.global,
            Operator::GlobalGet { .. } => Value::Unknown,
            Operator::LocalSet { local_index } => {
                let value = self.operands.pop().unwrap_or(Value::Unknown);
                state.set_local(local_index, value);
                return Ok(());
            }
            Operator::LocalTee { local_index } => {
                let value = self.operands.pop().unwrap_or(Value::Unknown);
                state.set_local(local_index, value);
                value
            }
            Operator::GlobalSet { global_index } => {
                let value = self.operands.pop().unwrap_or(Value::Unknown);
                if global_index == global {
                    state.global = value;
                }
                return Ok(());
            }
            Operator::I32Add if !wide => self.sum(false),
            Operator::I64Add if wide => self.sum(false),
            Operator::I32Sub if !wide => self.sum(true),
            Operator::I64Sub if wide => self.sum(true),
            Operator::Nop => return Ok(()),
            _ => {
                self.operands.clear();
                return Ok(());
            }
        };
        self.operands.push(pushed);
        Ok(())
    }

    fn sum(&mut self, subtract: bool) -> Value {
        let (second, first) = (self.pop(), self.pop());
        let add = |first: u64, second: u64| {
            let sum = if subtract { first.wrapping_sub(second) } else { first.wrapping_add(second) };
            if self.question.wide { sum } else { u64::from(sum as u32) }
        };
        match (first, second) {
            (Value::Constant(first), Value::Constant(second)) => Value::Constant(add(first, second)),
            (Value::Entry(first), Value::Constant(second)) => Value::Entry(add(first, second)),
            (Value::Constant(first), Value::Entry(second)) if !subtract => Value::Entry(add(first, second)),
            _ => Value::Unknown,
        }
    }

    fn call(&mut self, callee: Callee, tail: bool) -> Result<(), Unbalanced> {
        let effect = (self.effect)(callee);
        if tail {
            // It is as found if it is now, and the callee keeps it.
            self.returns()?;
            self.leave();
            return if effect == Effect::Keeps { Ok(()) } else { Err(Unbalanced) };
        }
        self.throws()?;
        if let (Some(state), Effect::Changes) = (&mut self.state, effect) {
            state.global = Value::Unknown;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use wasmparser::{Parser, Payload};

    /// Whether a function with this body keeps global 0, when calls of function 0 keep it and those of function 1 do not.
    fn is_kept(body: &str) -> bool {
        let text = format!(
            "(module (import \"\" \"0\" (func $keeps)) (import \"\" \"1\" (func $changes)) (tag $e)
               (global $sp (mut i32) (i32.const 0))
               (func (param i32) (local $frame i32) {body}))"
        );
        let wasm = wat::parse_str(text).unwrap();
        let effect = |callee| match callee {
            Callee::Function(0) => Effect::Keeps,
            _ => Effect::Changes,
        };
        let body = Parser::new(0).parse_all(&wasm).find_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        keeps(&body.unwrap(), Question { global: 0, wide: false }, &effect)
    }

    const MAKE: &str = "(global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 32))))";
    const BACK: &str = "(global.set $sp (i32.add (local.get $frame) (i32.const 32)))";
    const READ: &str = "(global.set $sp (i32.add (global.get $sp) (i32.const 32)))";
    const MORE: &str = "(global.set $sp (i32.add (local.get $frame) (i32.const 48)))";

    #[test]
    fn what_is_given_back_on_every_way_is_kept() {
        let bodies = [
            format!("{MAKE} (call $changes) {BACK}"),
            format!("{MAKE} (call $keeps) {READ}"),
            format!("{MAKE} (if (local.get 0) (then {BACK} (return))) {BACK}"),
            format!("{MAKE} (if (local.get 0) (then (call $changes)) (else (nop))) {BACK}"),
            format!("{MAKE} (loop (call $changes) (br_if 0 (local.get 0))) {BACK}"),
            format!("{MAKE} (if (local.get 0) (then {MORE} unreachable)) {BACK}"),
            format!("{MAKE} (block (try_table (catch_all 0) (call $changes))) {BACK}"),
            format!("{MAKE} {BACK} (return_call $keeps)"),
            "(local $saved i32) (local.set $saved (global.get $sp)) (global.set $sp (local.get 0)) (global.set $sp (local.get $saved))"
                .to_owned(),
        ];
        for body in bodies {
            assert!(is_kept(&body), "{body}");
        }
    }

    #[test]
    fn what_is_left_elsewhere_on_any_way_is_not() {
        let bodies = [
            MAKE.to_owned(),
            format!("{MAKE} {MORE}"),
            format!("{MAKE} (call $changes) {READ}"),
            format!("{MAKE} (if (local.get 0) (then (return))) {BACK}"),
            format!("{MAKE} (if (local.get 0) (then {BACK}))"),
            format!("{MAKE} (if (local.get 0) (then {BACK}) (else {MORE}))"),
            format!("{MAKE} (block (br_if 0 (local.get 0)) {BACK})"),
            format!("(loop {MAKE} (br_if 0 (local.get 0)) {BACK})"),
            format!("{MAKE} {BACK} (return_call $changes)"),
            format!("{MAKE} (return_call $keeps)"),
            format!("{MAKE} (block (try_table (catch_all 0) (call $changes) {BACK}))"),
            format!("{MAKE} (local.set $frame (local.get 0)) {BACK}"),
            "(call $changes)".to_owned(),
        ];
        for body in bodies {
            assert!(!is_kept(&body), "{body}");
        }
    }
}
