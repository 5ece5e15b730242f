//! Atomic operators in random programs, between plain accesses to the same bytes, against a model: one thread, so that what comes of them
//! is known. No engine among the oracles has atomic operators, so the model says it.
//!
//! Called by the test `atomic` and by the fuzz target of that name. The list of operators is wasmparser's.

use super::seed::Rng;
use super::swarm::Swarm;
use super::tancho::Tancho;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::AddAssign;
use tancho::{Instance, Module, Result, Trap};

/// What an operator does to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Load,
    Store,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Xchg,
    Cmpxchg,
    Wait,
    Notify,
    Fence,
    Size,
    Grow,
}

/// An operator on memory.
#[derive(Clone, Debug)]
struct Operator {
    text: String,
    kind: Kind,
    /// Whether its value is an `i64`.
    wide: bool,
    /// How many bytes it is about.
    size: u64,
    atomic: bool,
}

macro_rules! operators {
    ($(@$proposal:ident $name:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        const OPERATORS: &[(&str, &str)] = &[$((stringify!($proposal), stringify!($visit)),)*];
    };
}

wasmparser::for_each_operator!(operators);

/// Plain operators on the same bytes, which must keep their places among the atomic ones.
const PLAIN: [(&str, Kind, bool, u64); 8] = [
    ("i32.load8_u", Kind::Load, false, 1),
    ("i32.load", Kind::Load, false, 4),
    ("i64.load16_u", Kind::Load, true, 2),
    ("i64.load", Kind::Load, true, 8),
    ("i32.store8", Kind::Store, false, 1),
    ("i64.store32", Kind::Store, true, 4),
    ("i64.store", Kind::Store, true, 8),
    ("i32.store16", Kind::Store, false, 2),
];

/// The names of the atomic operators in text.
pub fn names() -> impl Iterator<Item = String> {
    let threads = OPERATORS.iter().filter(|(proposal, _)| *proposal == "threads");
    threads.map(|(_, visit)| text(visit.strip_prefix("visit_").expect("it is how they are called")))
}

/// The name in text of `i32_atomic_rmw8_add_u` and its like.
fn text(name: &str) -> String {
    let dotted = name.replace("_atomic_", ".atomic.").replace("atomic_fence", "atomic.fence");
    match dotted.split_once("atomic.rmw") {
        Some((head, tail)) => format!("{head}atomic.rmw{}", tail.replacen('_', ".", 1)),
        None => dotted,
    }
}

fn atomic(text: String) -> Operator {
    let kinds = [
        (".cmpxchg", Kind::Cmpxchg),
        (".xchg", Kind::Xchg),
        (".add", Kind::Add),
        (".sub", Kind::Sub),
        (".and", Kind::And),
        (".xor", Kind::Xor),
        (".or", Kind::Or),
        (".load", Kind::Load),
        (".store", Kind::Store),
        (".wait", Kind::Wait),
        (".notify", Kind::Notify),
        (".fence", Kind::Fence),
    ];
    let (_, kind) = *kinds.iter().find(|(part, _)| text.contains(part)).unwrap_or_else(|| panic!("what is {text}?"));
    let wide = text.starts_with("i64") || text.ends_with("wait64");
    let bits: String = text.chars().skip(3).filter(char::is_ascii_digit).collect();
    let size = match bits.parse::<u64>() {
        Ok(bits) => bits / 8,
        Err(_) if wide => 8,
        Err(_) => 4,
    };
    Operator { text, kind, wide, size, atomic: true }
}

fn operators() -> Vec<Operator> {
    let plain = PLAIN.map(|(text, kind, wide, size)| Operator { text: text.into(), kind, wide, size, atomic: false });
    let other = [("memory.size", Kind::Size), ("memory.grow", Kind::Grow)];
    let other = other.map(|(text, kind)| Operator { text: text.into(), kind, wide: false, size: 1, atomic: false });
    names().map(atomic).chain(plain).chain(other).collect()
}

/// Where an operand comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Param(usize),
    Const(u64),
}

impl Source {
    fn value(self, params: [u64; 3]) -> u64 {
        match self {
            Source::Param(number) => params[number],
            Source::Const(value) => value,
        }
    }

    fn text(self, wide: bool) -> String {
        match (self, wide) {
            (Source::Param(number), true) => format!("(local.get {number})"),
            (Source::Param(number), false) => format!("(i32.wrap_i64 (local.get {number}))"),
            (Source::Const(value), true) => format!("(i64.const {value})"),
            (Source::Const(value), false) => format!("(i32.const {})", value as u32),
        }
    }
}

struct Statement {
    operator: Operator,
    index: Source,
    offset: u64,
    operands: [Source; 2],
}

/// A memory, and what functions do with it.
struct Program {
    shared: bool,
    index64: bool,
    page: u64,
    pages: u64,
    most: u64,
    functions: Vec<Vec<Statement>>,
}

const VALUES: [u64; 8] = [0, 1, 0x7f, 0xff80, 0x8000_0000, 0xffff_ffff, 0x8000_0000_0000_0000, u64::MAX];

fn value(random: &mut Rng) -> u64 {
    if random.bool() { *random.choice(&VALUES).expect("there are some") } else { random.u64(..) }
}

fn make(random: &mut Rng) -> Program {
    let index64 = random.u8(..3) == 0;
    let (page, pages) = if random.u8(..4) == 0 { (1, random.u64(60_000..70_000)) } else { (65_536, 1) };
    let operators = operators();
    let length = page * pages;
    let statement = |random: &mut Rng| {
        let operator = random.choice(&operators).expect("there are some").clone();
        let offset = match random.u8(..64) {
            0 => random.u64(..64),
            1 => length - random.u64(..16),
            2 if index64 => u64::MAX - random.u64(..16),
            2 => u64::from(u32::MAX) - random.u64(..16),
            3 => 32 << 20,
            _ => 8 * random.u64(..4),
        };
        let source = |random: &mut Rng| match random.u8(..3) {
            0 => Source::Const(value(random)),
            _ => Source::Param(random.usize(1..3)),
        };
        let index =
            if random.u8(..4) == 0 { Source::Const(random.u64(..4) << random.u8(2..4)) } else { Source::Param(0) };
        Statement { operator, index, offset, operands: [source(random), source(random)] }
    };
    let functions = (0..8).map(|_| (0..random.usize(1..8)).map(|_| statement(random)).collect()).collect();
    Program { shared: random.u8(..3) != 0, index64, page, pages, most: pages + 3, functions }
}

/// The bytes that memory begins with.
const DATA: &str = "\\01\\80\\ff\\7f\\ff\\ff\\ff\\ff\\00\\00\\00\\80\\01\\02\\03\\04";
const BYTES: [u8; 16] = [1, 0x80, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80, 1, 2, 3, 4];

fn module(program: &Program) -> String {
    let Program { index64, page, pages, most, .. } = *program;
    let address = if index64 { "i64" } else { "i32" };
    let size = if page == 1 { "(pagesize 1)" } else { "" };
    let shared = if program.shared { "shared" } else { "" };
    let mut text = format!(
        "(module (memory (export \"memory\") {address} {pages} {most} {shared} {size})
            (data ({address}.const 0) \"{DATA}\")\n"
    );
    for (number, function) in program.functions.iter().enumerate() {
        writeln!(text, "(func (export \"f{number}\") (param i64 i64 i64) (result i64) (local i64)").expect("a string");
        for statement in function {
            text += &line(program, statement);
        }
        text += "(local.get 3))\n";
    }
    text + ")"
}

fn line(program: &Program, statement: &Statement) -> String {
    let Statement { operator, index, offset, operands } = statement;
    let Operator { text, kind, wide, .. } = operator;
    let place = format!("{text} offset={offset} {}", index.text(program.index64));
    let [first, second] = operands.map(|operand| operand.text(*wide));
    let (call, wide) = match kind {
        Kind::Fence => return "(atomic.fence)\n".into(),
        Kind::Store => return format!("({place} {first})\n"),
        Kind::Load => (format!("({place})"), *wide),
        Kind::Cmpxchg => (format!("({place} {first} {second})"), *wide),
        Kind::Wait => (format!("({place} {first} (i64.const 0))"), false),
        Kind::Notify => (format!("({place} {first})"), false),
        Kind::Size => ("(memory.size)".into(), program.index64),
        Kind::Grow => (format!("(memory.grow {})", index.text(program.index64)), program.index64),
        _ => (format!("({place} {first})"), *wide),
    };
    let result = if wide { call } else { format!("(i64.extend_i32_u {call})") };
    format!("(local.set 3 (i64.add (i64.mul (local.get 3) (i64.const 31)) {result}))\n")
}

/// The model: memory, and what the functions give.
struct Model<'a> {
    program: &'a Program,
    memory: Vec<u8>,
    /// How often each operator has been run to its end.
    ran: &'a mut BTreeMap<String, u64>,
}

impl Model<'_> {
    fn call(&mut self, function: usize, params: [u64; 3]) -> Result<u64, Trap> {
        let program = self.program;
        let mut sum = 0_u64;
        for statement in &program.functions[function] {
            if let Some(result) = self.statement(statement, params)? {
                sum = sum.wrapping_mul(31).wrapping_add(result);
            }
            *self.ran.entry(statement.operator.text.clone()).or_default() += 1;
        }
        Ok(sum)
    }

    /// What a statement gives.
    fn statement(&mut self, statement: &Statement, params: [u64; 3]) -> Result<Option<u64>, Trap> {
        let Statement { operator, index, offset, operands } = statement;
        let Operator { kind, size, atomic, wide, .. } = *operator;
        let mask = |bytes: u64| u64::MAX >> (64 - 8 * bytes);
        let index = index.value(params) & mask(if self.program.index64 { 8 } else { 4 });
        let [first, second] = operands.map(|operand| operand.value(params) & mask(if wide { 8 } else { 4 }));
        match kind {
            Kind::Fence => return Ok(None),
            Kind::Size => return Ok(Some(self.memory.len() as u64 / self.program.page)),
            Kind::Grow => return Ok(Some(self.grow(index))),
            _ => {}
        }
        let place = u128::from(index) + u128::from(*offset);
        if atomic && place % u128::from(size) != 0 {
            return Err(Trap::HeapMisaligned);
        }
        if place + u128::from(size) > self.memory.len() as u128 {
            return Err(Trap::MemoryOutOfBounds);
        }
        let bytes = &mut self.memory[place as usize..][..size as usize];
        let mut held = [0; 8];
        held[..size as usize].copy_from_slice(bytes);
        let held = u64::from_le_bytes(held);
        let next = match kind {
            Kind::Wait if !self.program.shared => return Err(Trap::AtomicWaitNonSharedMemory),
            Kind::Wait => return Ok(Some(if held == first { 2 } else { 1 })),
            Kind::Notify => return Ok(Some(0)),
            Kind::Load => return Ok(Some(held)),
            Kind::Store | Kind::Xchg => first,
            Kind::Add => held.wrapping_add(first),
            Kind::Sub => held.wrapping_sub(first),
            Kind::And => held & first,
            Kind::Or => held | first,
            Kind::Xor => held ^ first,
            Kind::Cmpxchg if held == first & mask(size) => second,
            _ => held,
        };
        bytes.copy_from_slice(&next.to_le_bytes()[..size as usize]);
        Ok((kind != Kind::Store).then_some(held))
    }

    fn grow(&mut self, delta: u64) -> u64 {
        let Program { page, most, index64, .. } = *self.program;
        let former = self.memory.len() as u64 / page;
        match former.checked_add(delta).filter(|pages| *pages <= most) {
            Some(pages) => {
                self.memory.resize((pages * page) as usize, 0);
                former
            }
            None => u64::MAX >> if index64 { 0 } else { 32 },
        }
    }
}

/// What came of programs.
#[derive(Clone, Debug, Default)]
pub struct Yield {
    /// Calls that were compared.
    pub calls: u64,
    /// How many of them returned.
    pub returned: u64,
    /// How many trapped because an address was not aligned.
    pub misaligned: u64,
    /// How often each operator was run to its end.
    pub ran: BTreeMap<String, u64>,
}

impl AddAssign for Yield {
    fn add_assign(&mut self, other: Yield) {
        self.calls += other.calls;
        self.returned += other.returned;
        self.misaligned += other.misaligned;
        for (name, count) in other.ran {
            *self.ran.entry(name).or_default() += count;
        }
    }
}

/// Makes a program, and runs it in `usual` and in an engine of a random configuration.
///
/// # Errors
///
/// What differs from the model, with the program.
pub fn check(random: &mut Rng, usual: &Tancho) -> Result<Yield, String> {
    let program = make(random);
    let text = module(&program);
    let length = program.page * program.pages;
    let index = |random: &mut Rng| match random.u8(..16) {
        0 => length - random.u64(..24),
        1 => value(random),
        2 => random.u64(..64),
        _ => 8 * random.u64(..4),
    };
    let calls: Vec<(usize, [u64; 3])> =
        (0..32).map(|_| (random.usize(..8), [index(random), value(random), value(random)])).collect();
    let mut came = Yield::default();
    let swarm = Swarm::random(random);
    for tancho in [usual, &Tancho::new(swarm)] {
        let fail = |what: String| format!("{what}, in {:?}\n{text}", tancho.swarm());
        run(&program, &text, tancho, &calls, &mut came).map_err(|error| fail(format!("{error:#}")))?;
    }
    Ok(came)
}

fn run(
    program: &Program,
    text: &str,
    tancho: &Tancho,
    calls: &[(usize, [u64; 3])],
    came: &mut Yield,
) -> tancho::Result<()> {
    let error = |what: String| tancho::Error::msg(what);
    let module = Module::new(tancho.engine(), text)?;
    let mut store = tancho.store(());
    let instance = Instance::new(&mut store, &module, &[])?;
    let mut memory = vec![0; (program.page * program.pages) as usize];
    memory[..BYTES.len()].copy_from_slice(&BYTES);
    let mut model = Model { program, memory, ran: &mut came.ran };
    for (function, params) in calls {
        let expected = model.call(*function, *params);
        let name = format!("f{function}");
        let function = instance.get_typed_func::<(u64, u64, u64), u64>(&mut store, &name)?;
        let found = match function.call(&mut store, (params[0], params[1], params[2])) {
            Ok(sum) => Ok(sum),
            Err(error) => Err(*error.downcast_ref::<Trap>().ok_or_else(|| error.to_string()).map_err(&error_of)?),
        };
        if found != expected {
            return Err(error(format!("{name}{params:x?}: the model has {expected:x?}, the engine {found:x?}")));
        }
        came.calls += 1;
        came.returned += u64::from(found.is_ok());
        came.misaligned += u64::from(found == Err(Trap::HeapMisaligned));
    }
    let mut found = vec![0; model.memory.len()];
    match instance.get_shared_memory(&mut store, "memory") {
        Some(shared) => shared.read(0, &mut found)?,
        None => found.copy_from_slice(instance.get_memory(&mut store, "memory").expect("it is there").data(&store)),
    }
    match found.iter().zip(&model.memory).position(|(found, expected)| found != expected) {
        None => Ok(()),
        Some(place) => {
            Err(error(format!("byte {place:#x} is {:#x}, and should be {:#x}", found[place], model.memory[place])))
        }
    }
}

fn error_of(what: String) -> tancho::Error {
    tancho::Error::msg(what)
}
