//! The model: what a program must come to, by the specification's rules and nothing of the engine's.

use super::program::{Clause, FLOATS, FUNCTIONS, INTEGERS, REFERENCES, Statement, TAGS, Type, Way};

/// A value, by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
}

/// An exception: which thing its tag is, and its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Thrown {
    pub(super) tag: usize,
    pub(super) values: Vec<Value>,
}

/// What a call comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Returned(u64),
    Threw(Thrown),
    /// A reference was null.
    Null,
    /// The model has had enough.
    TooLong,
}

/// What a statement leads to.
enum Flow {
    Next,
    /// Out of this label.
    Leave(usize),
    /// To the next round of this loop.
    Again(usize),
    Return(u64),
    Tail(Way, usize, u64),
    /// Where the label is given, as if it came up there.
    Throw(Thrown, Option<Target>),
    Null,
    TooLong,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Label(usize),
    Caller,
}

/// The values of a new exception with a tag, all made of one number.
pub(super) fn values(tag: usize, from: u64) -> Vec<Value> {
    let make = |(position, ty): (usize, &Type)| {
        let number = from.wrapping_add(position as u64 * 0x9e37_79b9);
        match ty {
            Type::I32 => Value::I32(number as u32),
            Type::I64 => Value::I64(number),
            Type::F32 => Value::F32(number as u32),
            Type::F64 => Value::F64(number),
            Type::V128 => Value::V128(u128::from(number) << 64 | u128::from(number)),
        }
    };
    TAGS[tag].1.iter().enumerate().map(make).collect()
}

/// What the value of an exception counts for.
pub(super) fn number(value: Value) -> u64 {
    match value {
        Value::I32(bits) | Value::F32(bits) => u64::from(bits),
        Value::I64(bits) | Value::F64(bits) => bits,
        Value::V128(bits) => (bits as u64) ^ ((bits >> 64) as u64).rotate_left(7),
    }
}

/// What the host makes of an exception that it catches.
pub(super) fn digest(thrown: &Thrown) -> u64 {
    thrown.values.iter().fold(thrown.tag as u64 + 1, |sum, value| sum.wrapping_mul(31).wrapping_add(number(*value)))
}

#[derive(Clone)]
struct Frame {
    integers: [u64; INTEGERS],
    floats: [f64; FLOATS],
    vector: u128,
    references: [Option<Thrown>; REFERENCES],
    caught: Vec<(usize, Thrown)>,
}

/// A program and its state.
pub(super) struct Model<'p> {
    pub(super) functions: &'p [Vec<Statement>],
    pub(super) kept: Option<Thrown>,
    /// How many statements may still be run.
    pub(super) left: usize,
    /// How many exceptions were caught.
    pub(super) caught: usize,
    /// How many rounds of loops ended early.
    pub(super) again: usize,
}

impl Model<'_> {
    /// Calls a function.
    pub(super) fn call(&mut self, function: usize, argument: u64) -> Outcome {
        let (mut function, mut argument) = (function, argument);
        loop {
            let mut frame = Frame {
                integers: std::array::from_fn(|index| {
                    argument.wrapping_mul(index as u64 + 1).rotate_left(index as u32)
                }),
                floats: std::array::from_fn(|index| index as f64 + 0.5),
                vector: u128::from(argument) << 64 | u128::from(argument),
                references: Default::default(),
                caught: Vec::new(),
            };
            debug_assert!(function < FUNCTIONS);
            let flow = self.run(&self.functions[function].clone(), &mut frame);
            match flow {
                Flow::Next | Flow::Leave(_) | Flow::Again(_) => return Outcome::Returned(checksum(&frame)),
                Flow::Return(value) => return Outcome::Returned(value),
                Flow::Throw(thrown, _) => return Outcome::Threw(thrown),
                Flow::Null => return Outcome::Null,
                Flow::TooLong => return Outcome::TooLong,
                Flow::Tail(Way::HostCatch, callee, value) => return self.call_by(Way::HostCatch, callee, value),
                Flow::Tail(_, callee, value) => (function, argument) = (callee, value),
            }
        }
    }

    fn call_by(&mut self, way: Way, function: usize, argument: u64) -> Outcome {
        match (way, self.call(function, argument)) {
            (Way::HostCatch, Outcome::Threw(thrown)) => Outcome::Returned(digest(&thrown)),
            (_, outcome) => outcome,
        }
    }

    fn run(&mut self, statements: &[Statement], frame: &mut Frame) -> Flow {
        for statement in statements {
            match self.statement(statement, frame) {
                Flow::Next => {}
                other => return other,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &Statement, frame: &mut Frame) -> Flow {
        let Some(left) = self.left.checked_sub(1) else { return Flow::TooLong };
        self.left = left;
        match statement {
            Statement::Mix(local, by) => mix(frame, *local, *by),
            Statement::If(local, bit, then, other) => {
                let taken = if frame.integers[*local] >> bit & 1 == 1 { then } else { other };
                return self.run(taken, frame);
            }
            Statement::Repeat(label, times, body) => {
                for _ in 0..*times {
                    match self.run(body, frame) {
                        Flow::Next => {}
                        Flow::Again(of) if of == *label => self.again += 1,
                        other => return other,
                    }
                }
            }
            Statement::Again(label) => return Flow::Again(*label),
            Statement::Block(label, body) => {
                let flow = self.run(body, frame);
                return at(*label, flow);
            }
            Statement::Leave(label) => return Flow::Leave(*label),
            Statement::Call(way, function, local) => match self.call_by(*way, *function, frame.integers[*local]) {
                Outcome::Returned(value) => frame.integers[*local] = frame.integers[*local].rotate_left(5) ^ value,
                Outcome::Threw(thrown) => return Flow::Throw(thrown, None),
                Outcome::Null => return Flow::Null,
                Outcome::TooLong => return Flow::TooLong,
            },
            Statement::Tail(way, function, local) => return Flow::Tail(*way, *function, frame.integers[*local]),
            Statement::Return(local) => return Flow::Return(frame.integers[*local]),
            Statement::Throw(tag, local) => {
                let values = values(*tag, frame.integers[*local]);
                return Flow::Throw(Thrown { tag: TAGS[*tag].0, values }, None);
            }
            Statement::HostThrow(local) => {
                let values = values(2, frame.integers[*local]);
                return Flow::Throw(Thrown { tag: TAGS[2].0, values }, None);
            }
            Statement::ThrowRef(local) => return again(&frame.references[*local]),
            Statement::Keep(local) => self.kept = frame.references[*local].clone(),
            Statement::ThrowKept => return again(&self.kept),
            Statement::Table(label, body, clauses) => {
                let flow = at(*label, self.run(body, frame));
                return self.catch(flow, clauses, frame, None);
            }
            Statement::Legacy(label, body, clauses) => {
                let flow = at(*label, self.run(body, frame));
                let flow = self.catch(flow, clauses, frame, Some(*label));
                // From a clause, too, the label can be left and delegated to.
                return at(*label, flow);
            }
            Statement::Delegate(label, body, target) => {
                let target = target.map_or(Target::Caller, Target::Label);
                return match at(*label, self.run(body, frame)) {
                    Flow::Throw(thrown, None) => Flow::Throw(thrown, Some(target)),
                    other => other,
                };
            }
            Statement::Rethrow(label) => {
                let caught = frame.caught.iter().rev().find(|(of, _)| of == label);
                return Flow::Throw(caught.expect("it is in a clause").1.clone(), None);
            }
        }
        Flow::Next
    }

    /// The first clause that catches what was thrown.
    fn catch(&mut self, flow: Flow, clauses: &[Clause], frame: &mut Frame, label: Option<usize>) -> Flow {
        let Flow::Throw(thrown, None) = flow else { return flow };
        let matches = |clause: &&Clause| clause.tag.is_none_or(|tag| TAGS[tag].0 == thrown.tag);
        let Some(clause) = clauses.iter().find(matches) else { return Flow::Throw(thrown, None) };
        self.caught += 1;
        if let Some(reference) = clause.reference {
            frame.references[reference] = Some(thrown.clone());
        }
        if clause.tag.is_some() {
            // From the last to the first, as they are on the stack.
            for value in thrown.values.iter().rev() {
                frame.integers[0] = frame.integers[0].wrapping_mul(31).wrapping_add(number(*value));
            }
        }
        let depth = frame.caught.len();
        if let Some(label) = label {
            frame.caught.push((label, thrown));
        }
        let flow = self.run(&clause.body, frame);
        frame.caught.truncate(depth);
        flow
    }
}

/// What a flow is outside of a label: it may have ended there. What was delegated to the label comes up there.
fn at(label: usize, flow: Flow) -> Flow {
    match flow {
        Flow::Leave(to) if to == label => Flow::Next,
        Flow::Throw(thrown, Some(Target::Label(to))) if to == label => Flow::Throw(thrown, None),
        other => other,
    }
}

fn again(reference: &Option<Thrown>) -> Flow {
    match reference {
        Some(thrown) => Flow::Throw(thrown.clone(), None),
        None => Flow::Null,
    }
}

fn mix(frame: &mut Frame, local: usize, by: i64) {
    let by = by.cast_unsigned();
    if let Some(integer) = frame.integers.get_mut(local) {
        *integer = integer.wrapping_mul(31).wrapping_add(by);
    } else if let Some(float) = frame.floats.get_mut(local - INTEGERS) {
        *float = *float * 0.5 + (by >> 40) as f64;
    } else {
        let lane = |lane: u128| u128::from((lane as u64).wrapping_add(by));
        frame.vector = lane(frame.vector >> 64) << 64 | lane(frame.vector);
    }
}

fn checksum(frame: &Frame) -> u64 {
    let floats = frame.floats.iter().map(|float| float.to_bits());
    let vector = [frame.vector as u64, (frame.vector >> 64) as u64];
    frame.integers.into_iter().chain(floats).chain(vector).fold(0, |sum: u64, part| sum.rotate_left(3) ^ part)
}
