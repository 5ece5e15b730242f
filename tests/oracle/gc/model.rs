//! The model: what a program must come to, by the specification's rules and nothing of the engine's. It collects nothing: what is alive is
//! found by walking. Expressions are in `evaluate`.

use super::program::{
    Call, Clause, EXCEPTION, FUNCTIONS, GLOBALS, INTEGERS, Operand, Program, RELAY, ROOTS, SHARED, Statement, TABLES,
    TAGS, Way,
};
use super::types::{PARAMS, RESULTS, Storage};
use std::collections::BTreeMap;

/// A reference. `any` and `extern` have the same, as converting from one to the other and back changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reference {
    Null,
    /// Its 31 bits.
    I31(u32),
    Object(usize),
    /// A value of the host, by the order in which they were made.
    Host(usize),
    Func(usize),
}

/// A value, by its bits. Packed ones are the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    Ref(Reference),
}

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    Type(usize),
    Tag(usize),
}

/// An object.
pub(super) struct Object {
    pub(super) of: Of,
    pub(super) values: Vec<Value>,
}

/// Why a call trapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    Null,
    NullStructure,
    NullArray,
    NullI31,
    NullFunction,
    Cast,
    Array,
    Table,
    Memory,
    Uninitialized,
    Signature,
}

/// What ends a function early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Halt {
    Trap(Stop),
    /// The exception that was thrown.
    Threw(usize),
}

/// What a call returns.
pub(super) type Returned = (u64, Vec<Reference>);

/// What a statement leads to.
enum Flow {
    Next,
    Leave(usize),
    Return(Returned),
    Tail(Target, u64, Vec<Reference>),
}

/// What a call comes to, once it is known.
pub(super) enum Target {
    Function(usize),
    Host(usize),
    HostCatch(usize),
    Relay(usize),
}

pub(super) struct Frame {
    pub(super) integers: [u64; INTEGERS],
    pub(super) locals: Vec<Reference>,
    caught: Vec<(usize, usize)>,
}

/// A program and its state.
pub(super) struct Model<'p> {
    pub(super) program: &'p Program,
    pub(super) objects: Vec<Object>,
    /// The numbers of the host's values.
    pub(super) hosts: Vec<u64>,
    pub(super) tables: Vec<Vec<Reference>>,
    pub(super) globals: Vec<Reference>,
    pub(super) segments: Vec<Vec<Reference>>,
    pub(super) data: Vec<u8>,
    pub(super) roots: Vec<Reference>,
    rooted: usize,
    fuel: u32,
    /// How many exceptions were caught.
    pub(super) caught: u64,
    /// How often each instruction was run.
    pub(super) counts: BTreeMap<&'static str, u64>,
}

impl<'p> Model<'p> {
    /// The state of a program's new instance.
    pub(super) fn new(program: &'p Program) -> Model<'p> {
        let mut model = Model {
            program,
            objects: Vec::new(),
            hosts: Vec::new(),
            tables: TABLES.iter().map(|(_, size, _)| vec![Reference::Null; *size as usize]).collect(),
            globals: vec![Reference::Null; GLOBALS.len()],
            segments: Vec::new(),
            data: program.data.clone(),
            roots: Vec::new(),
            rooted: 0,
            fuel: 0,
            caught: 0,
            counts: BTreeMap::new(),
        };
        let mut frame = model.frame(0, 0, &[]);
        let mut of = |expr| model.expr(expr, &mut frame).expect("constant expressions do not trap");
        let globals: Vec<Reference> = program.globals.iter().map(&mut of).collect();
        let segments = program.segments.iter().map(|exprs| exprs.iter().map(&mut of).collect()).collect();
        let entries: Vec<Reference> = program.entries.iter().map(&mut of).collect();
        model.globals.truncate(GLOBALS.len() - globals.len());
        model.globals.extend(globals);
        model.segments = segments;
        model.tables[0][1..=entries.len()].copy_from_slice(&entries);
        model.counts.clear();
        model
    }

    /// Calls a function from outside.
    pub(super) fn enter(&mut self, function: usize, argument: u64, params: &[Reference]) -> Result<Returned, Halt> {
        self.fuel = self.program.fuel;
        self.call(function, argument, params)
    }

    fn frame(&self, signature: usize, argument: u64, params: &[Reference]) -> Frame {
        let mut locals = vec![Reference::Null; self.program.locals.len()];
        for (home, param) in self.program.homes(PARAMS[signature].iter().copied()).into_iter().zip(params) {
            locals[home] = *param;
        }
        let integers =
            std::array::from_fn(|index| argument.wrapping_mul(index as u64 + 1).rotate_left(index as u32 * 3));
        Frame { integers, locals, caught: Vec::new() }
    }

    pub(super) fn hit(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    fn spend(&mut self) -> bool {
        let left = self.fuel.checked_sub(1);
        self.fuel = left.unwrap_or(0);
        left.is_some()
    }

    fn call(&mut self, function: usize, argument: u64, params: &[Reference]) -> Result<Returned, Halt> {
        let (mut function, mut argument, mut params) = (function, argument, params.to_vec());
        loop {
            let signature = function & 1;
            if !self.spend() {
                return Ok((0, vec![Reference::Null; RESULTS[signature].len()]));
            }
            let mut frame = self.frame(signature, argument, &params);
            let program = self.program;
            match self.run(&program.functions[function].body, &mut frame)? {
                Flow::Next | Flow::Leave(_) => return Ok(self.result(function, &frame)),
                Flow::Return(returned) => return Ok(returned),
                Flow::Tail(Target::Function(callee), number, values) => {
                    (function, argument, params) = (callee, number, values);
                }
                Flow::Tail(target, number, values) => return self.reach(&target, number, &values),
            }
        }
    }

    /// What a function returns at its end.
    fn result(&self, function: usize, frame: &Frame) -> Returned {
        let Program { functions, .. } = self.program;
        let mut sum = frame.integers.into_iter().fold(0, |sum: u64, part| sum.rotate_left(3) ^ part);
        let compared = &functions[function].compared;
        for (at, one) in compared.iter().enumerate() {
            for other in &compared[at + 1..] {
                sum = sum.wrapping_mul(3).wrapping_add(u64::from(frame.locals[*one] == frame.locals[*other]));
            }
        }
        for local in &functions[function].seen {
            sum = sum.wrapping_mul(31).wrapping_add(self.digest(frame.locals[*local], 2));
        }
        let homes = self.program.homes(RESULTS[function & 1].iter().copied());
        (sum, homes.into_iter().map(|home| frame.locals[home]).collect())
    }

    /// Calls by way of the host or the other instance.
    pub(super) fn reach(&mut self, target: &Target, argument: u64, params: &[Reference]) -> Result<Returned, Halt> {
        match *target {
            Target::Function(function) => self.call(function, argument, params),
            Target::Host(function) => {
                self.hit("host.call");
                self.call(function, argument, params)
            }
            Target::HostCatch(function) => {
                self.hit("host.catch");
                match self.call(function, argument, params) {
                    Err(Halt::Threw(exception)) => {
                        self.caught += 1;
                        let Of::Tag(tag) = self.objects[exception].of else { unreachable!("it is an exception") };
                        let any = TAGS[tag].iter().position(|storage| *storage == TAGS[1][0]);
                        let first = any.map_or(Reference::Null, |at| self.reference(exception, at));
                        Ok((self.exception_seen(exception), vec![first]))
                    }
                    other => other,
                }
            }
            Target::Relay(function) => {
                self.hit("relay");
                let ty = Of::Type(self.program.types.host_struct());
                let values = [Value::I64(argument), Value::Ref(params[0]), Value::Ref(params[1]), Value::I32(7)];
                let made = self.object(ty, values.to_vec());
                self.globals[SHARED] = made;
                let (number, mut results) = self.call(function, argument, params)?;
                let Reference::Object(made) = made else { unreachable!("it has just been made") };
                let kept = self.number(Storage::I64, self.objects[made].values[0], false);
                if results[0] == Reference::Null {
                    results[0] = Reference::Object(made);
                }
                Ok((number ^ kept, results))
            }
        }
    }

    /// Who is called, with what: everything is evaluated in this order.
    pub(super) fn callee(&mut self, call: &Call, frame: &mut Frame) -> Result<(Target, u64, Vec<Reference>), Halt> {
        let relay = matches!(call.way, Way::Relay);
        let argument = call.argument.of(frame);
        let params = call.params.iter().map(|param| self.expr(param, frame)).collect::<Result<Vec<_>, _>>()?;
        let function = call.function;
        let target = match &call.way {
            Way::Direct => Target::Function(function),
            Way::Ref(expr) => match self.expr(expr, frame)? {
                Reference::Func(function) => Target::Function(function),
                Reference::Null => return Err(Halt::Trap(Stop::NullFunction)),
                _ => unreachable!("validation admits functions only"),
            },
            Way::IndirectAny(at) => match at.of(frame) as u32 as usize & 15 {
                at if at < FUNCTIONS && at & 1 == call.signature() => Target::Function(at),
                at if at <= RELAY => return Err(Halt::Trap(Stop::Signature)),
                at if at < super::program::ENTRIES => return Err(Halt::Trap(Stop::Uninitialized)),
                _ => return Err(Halt::Trap(Stop::Table)),
            },
            Way::Indirect => Target::Function(function),
            Way::Host => Target::Host(function),
            Way::HostCatch => Target::HostCatch(function),
            Way::Relay => Target::Relay(function),
        };
        debug_assert!(!relay || call.signature() == 0);
        Ok((target, argument, params))
    }

    /// A call that comes back.
    pub(super) fn make_call(&mut self, call: &Call, frame: &mut Frame) -> Result<Returned, Halt> {
        let (target, argument, params) = self.callee(call, frame)?;
        self.hit(match call.way {
            Way::Direct | Way::Host | Way::HostCatch => "call",
            Way::Ref(_) => "call_ref",
            Way::Indirect | Way::IndirectAny(_) | Way::Relay => "call_indirect",
        });
        self.reach(&target, argument, &params)
    }

    fn run(&mut self, statements: &[Statement], frame: &mut Frame) -> Result<Flow, Halt> {
        for statement in statements {
            match self.statement(statement, frame)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement, frame: &mut Frame) -> Result<Flow, Halt> {
        match statement {
            Statement::Mix(local, by) => {
                frame.integers[*local] = frame.integers[*local].wrapping_mul(31).wrapping_add(by.cast_unsigned());
            }
            Statement::If(local, bit, then, other) => {
                let taken = if frame.integers[*local] >> bit & 1 == 1 { then } else { other };
                return self.run(taken, frame);
            }
            Statement::Repeat(times, body) => {
                for left in (0..*times).rev() {
                    match self.run(body, frame)? {
                        Flow::Next => {}
                        other => return Ok(other),
                    }
                    if !self.spend() || left == 0 {
                        break;
                    }
                }
            }
            Statement::Block(label, body) => return self.run(body, frame).map(|flow| at(*label, flow)),
            Statement::Leave(label) => return Ok(Flow::Leave(*label)),
            Statement::Call(call) => {
                let (number, values) = self.make_call(call, frame)?;
                frame.mix(0, number);
                for (local, value) in call.results.iter().zip(values) {
                    frame.locals[*local] = value;
                }
            }
            Statement::Tail(call) => {
                let (target, argument, params) = self.callee(call, frame)?;
                self.hit(match call.way {
                    Way::Direct | Way::Host | Way::HostCatch => "return_call",
                    Way::Ref(_) => "return_call_ref",
                    Way::Indirect | Way::IndirectAny(_) | Way::Relay => "return_call_indirect",
                });
                return Ok(Flow::Tail(target, argument, params));
            }
            Statement::Return(local, values) => {
                let number = frame.integers[*local];
                let values = values.iter().map(|value| self.expr(value, frame)).collect::<Result<_, _>>()?;
                return Ok(Flow::Return((number, values)));
            }
            Statement::Table(label, body, clauses) => {
                self.hit("try_table");
                let flow = self.run(body, frame).map(|flow| at(*label, flow));
                return self.catch(flow, clauses, frame, None);
            }
            Statement::Legacy(label, body, clauses) => {
                let flow = self.run(body, frame).map(|flow| at(*label, flow));
                return self.catch(flow, clauses, frame, Some(*label)).map(|flow| at(*label, flow));
            }
            Statement::Rethrow(_) | Statement::ThrowRef | Statement::Throw(..) | Statement::HostThrow(..) => {
                return Err(self.throwing(statement, frame)?);
            }
            effect => self.effect(effect, frame)?,
        }
        Ok(Flow::Next)
    }

    /// What is thrown, or the trap in its stead; an error where it is not come to.
    fn throwing(&mut self, statement: &Statement, frame: &mut Frame) -> Result<Halt, Halt> {
        Ok(match statement {
            Statement::Rethrow(label) => {
                let caught = frame.caught.iter().rev().find(|(of, _)| of == label);
                Halt::Threw(caught.expect("it is in a clause").1)
            }
            Statement::ThrowRef => match frame.locals[EXCEPTION] {
                Reference::Object(exception) => {
                    self.hit("throw_ref");
                    Halt::Threw(exception)
                }
                _ => Halt::Trap(Stop::Null),
            },
            Statement::Throw(tag, operands) => {
                let values = self.operands(TAGS[*tag].iter().copied(), operands, frame)?;
                self.hit("throw");
                self.threw(*tag, values)
            }
            Statement::HostThrow(number, value) => {
                let number = number.of(frame);
                let value = self.expr(value, frame)?;
                self.hit("host.throw");
                self.threw(0, vec![Value::I64(number), Value::Ref(value), Value::Ref(Reference::Null)])
            }
            other => unreachable!("{other:?} throws nothing"),
        })
    }

    fn threw(&mut self, tag: usize, values: Vec<Value>) -> Halt {
        self.objects.push(Object { of: Of::Tag(tag), values });
        Halt::Threw(self.objects.len() - 1)
    }

    /// The first clause that catches what was thrown.
    fn catch(
        &mut self,
        flow: Result<Flow, Halt>,
        clauses: &[Clause],
        frame: &mut Frame,
        label: Option<usize>,
    ) -> Result<Flow, Halt> {
        let Err(Halt::Threw(exception)) = flow else { return flow };
        let Of::Tag(tag) = self.objects[exception].of else { unreachable!("it is an exception") };
        let Some(clause) = clauses.iter().find(|clause| clause.tag.is_none_or(|of| of == tag)) else { return flow };
        self.caught += 1;
        if clause.reference {
            frame.locals[EXCEPTION] = Reference::Object(exception);
        }
        if clause.tag.is_some() {
            // From the last to the first, as they are on the stack.
            let mut homes = clause.values.iter().rev();
            for (storage, value) in TAGS[tag].iter().zip(self.objects[exception].values.clone()).rev() {
                match value {
                    Value::Ref(value) => frame.locals[*homes.next().expect("one for each reference")] = value,
                    value => frame.mix(0, self.number(*storage, value, false)),
                }
            }
        }
        let depth = frame.caught.len();
        if let Some(label) = label {
            frame.caught.push((label, exception));
        }
        let flow = self.run(&clause.body, frame);
        frame.caught.truncate(depth);
        flow
    }

    /// `values` of fields of these types.
    pub(super) fn operands(
        &mut self,
        storages: impl IntoIterator<Item = Storage>,
        operands: &[Operand],
        frame: &mut Frame,
    ) -> Result<Vec<Value>, Halt> {
        storages.into_iter().zip(operands).map(|(storage, operand)| self.operand(storage, operand, frame)).collect()
    }

    /// Keeps a root.
    pub(super) fn root(&mut self, value: Reference) {
        if self.roots.len() < ROOTS {
            self.roots.push(value);
        } else {
            self.roots[self.rooted % ROOTS] = value;
        }
        self.rooted += 1;
    }

    /// The host's values that can be reached while nothing runs, and from `besides`.
    pub(super) fn alive(&self, besides: &[Reference]) -> Vec<bool> {
        let mut hosts = vec![false; self.hosts.len()];
        let mut seen = vec![false; self.objects.len()];
        let mut left: Vec<Reference> = besides.to_vec();
        left.extend(&self.globals);
        left.extend(&self.roots);
        left.extend(self.tables.iter().chain(&self.segments).flatten());
        while let Some(reference) = left.pop() {
            match reference {
                Reference::Host(number) => hosts[number] = true,
                Reference::Object(object) if !std::mem::replace(&mut seen[object], true) => {
                    let references = self.objects[object].values.iter();
                    left.extend(references.filter_map(|value| match value {
                        Value::Ref(reference) => Some(*reference),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        hosts
    }
}

impl Frame {
    /// Puts a number in an integer local.
    pub(super) fn mix(&mut self, local: usize, number: u64) {
        self.integers[local] = self.integers[local].rotate_left(5) ^ number;
    }
}

/// What a flow is outside of a label: it may have ended there.
fn at(label: usize, flow: Flow) -> Flow {
    match flow {
        Flow::Leave(to) if to == label => Flow::Next,
        other => other,
    }
}
