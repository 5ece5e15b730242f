//! Makes random programs: functions and statements here, expressions in `expression`.

use super::program::{
    Clause, DATA, EXCEPTION, Expr, FUNCTIONS, Function, GLOBALS, INTEGERS, Index, Int, LOCALS, Operand, Program,
    Reading, SEGMENTS, Statement, TABLES, TAGS,
};
use super::types::{CHAIN, Heap, PARAMS, RESULTS, ROOT, RefType, Storage, Types, nullable};
use crate::oracle::seed::Rng;

/// What surrounds the place where a statement is made.
#[derive(Clone, Default)]
struct Around {
    /// Labels that can be left.
    labels: Vec<usize>,
    /// Labels of legacy `try`s in a clause of which this is.
    caught: Vec<usize>,
    /// Whether a local refers to an exception.
    held: bool,
    /// Whether something is there to catch.
    guarded: bool,
}

/// Makes a function.
pub(super) struct Maker<'p> {
    pub(super) random: &'p mut Rng,
    pub(super) program: &'p Program,
    pub(super) function: usize,
    /// Whether there is the legacy form of exceptions.
    legacy: bool,
    labels: usize,
    /// How many statements may still be made.
    left: usize,
    /// How many parts of expressions may still be made.
    pub(super) parts: usize,
}

/// A random program, with the legacy form of exceptions or without.
pub(super) fn make(random: &mut Rng, legacy: bool) -> Program {
    let types = Types::random(random);
    let mut locals = LOCALS.to_vec();
    for _ in 0..3 {
        locals.push(nullable(Heap::Type(ROOT + random.usize(1..CHAIN))));
    }
    for ty in [types.such(Types::is_struct), types.such(Types::is_array)] {
        for _ in 0..3 {
            locals.push(nullable(Heap::Type(*random.choice(&ty).expect("there are some"))));
        }
    }
    let data = std::iter::repeat_with(|| random.u8(..)).take(DATA).collect();
    let fuel = *random.choice(&[3, 6, 10, 20]).expect("there are some");
    let mut program = Program {
        types,
        locals,
        functions: Vec::new(),
        globals: Vec::new(),
        segments: Vec::new(),
        entries: Vec::new(),
        data,
        fuel,
    };
    let mut maker = Maker { random, program: &program, function: 0, legacy, labels: 0, left: 0, parts: 0 };
    let globals = GLOBALS[2..].iter().map(|ty| maker.constant(*ty, 2)).collect();
    let mut segment = |ty: &RefType| (0..4).map(|_| maker.constant(*ty, 2)).collect();
    let segments = SEGMENTS.iter().map(&mut segment).collect();
    let entries = segment(&TABLES[0].0);
    let functions = (0..FUNCTIONS).map(|function| maker.function(function)).collect();
    program = Program { functions, globals, segments, entries, ..program };
    program
}

impl Maker<'_> {
    fn function(&mut self, function: usize) -> Function {
        self.function = function;
        self.left = self.random.usize(25..70);
        self.parts = 300;
        let count = self.random.usize(5..16);
        let body = self.statements(count, 0, &Around::default());
        let locals = 0..self.program.locals.len();
        let is = |local: &usize, heap| self.program.types.heap_matches(self.program.locals[*local].heap, heap);
        let visible: Vec<usize> =
            locals.clone().filter(|local| is(local, Heap::Any) || is(local, Heap::Extern)).collect();
        let equal: Vec<usize> = locals.filter(|local| is(local, Heap::Eq)).collect();
        let mut some = |all: &[usize], count| (0..count).map(|_| all[self.random.usize(..all.len())]).collect();
        Function { body, seen: some(&visible, 3), compared: some(&equal, 5) }
    }

    fn statements(&mut self, count: usize, depth: usize, around: &Around) -> Vec<Statement> {
        let mut statements = Vec::new();
        for _ in 0..count {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let statement = match self.random.u8(..100) {
                0..=24 if depth < 4 => self.nested(depth, around),
                25..=35 => self.leaving(around),
                36..=44 => self.tables(),
                45..=54 => self.ranges(),
                55..=64 => self.hosts(),
                _ => self.plain(),
            };
            statements.push(statement);
        }
        statements
    }

    fn body(&mut self, depth: usize, around: &Around) -> Vec<Statement> {
        let count = self.random.usize(1..5);
        self.statements(count, depth + 1, around)
    }

    pub(super) fn integer(&mut self) -> usize {
        self.random.usize(..INTEGERS)
    }

    /// An integer, most often a small one or of a local.
    pub(super) fn int(&mut self) -> Int {
        let add = if self.random.u8(..3) == 0 { self.random.i64(..) } else { self.random.i64(0..9) };
        Int { local: (self.random.u8(..3) != 0).then(|| self.integer()), add }
    }

    pub(super) fn index(&mut self) -> Index {
        let raw = self.random.u8(..160) == 0;
        let at = if raw && self.random.bool() { Int { local: None, add: self.random.i64(0..8) } } else { self.int() };
        Index { at, raw }
    }

    /// One that a filter lets through.
    pub(super) fn such(&mut self, is: impl Fn(&Types, usize) -> bool) -> Option<usize> {
        let all = self.program.types.such(is);
        self.random.choice(&all).copied()
    }

    fn local(&mut self, heap: Heap) -> Option<usize> {
        let types = &self.program.types;
        let fits = |local: &usize| types.heap_matches(self.program.locals[*local].heap, heap);
        let all: Vec<usize> = (0..self.program.locals.len()).filter(fits).collect();
        self.random.choice(&all).copied()
    }

    fn set(&mut self) -> Statement {
        let local = self.random.usize(..self.program.locals.len());
        let ty = self.program.locals[local];
        if local == EXCEPTION && self.random.bool() {
            // References to exceptions come from handlers.
            return Statement::SetGlobal(5, Expr::Local(EXCEPTION));
        }
        // Often to what another refers to already.
        let depth = if self.random.u8(..4) == 0 { 0 } else { 3 };
        Statement::Set(local, self.expr(ty, depth))
    }

    fn plain(&mut self) -> Statement {
        match self.random.u8(..100) {
            0 => Statement::Mix(self.integer(), self.random.i64(..)),
            1 | 2 => self.churn(),
            3..=32 => self.set(),
            33..=48 => {
                let field =
                    |types: &Types, ty: usize| types.is_struct(ty) && types.fields(ty).iter().any(|f| f.mutable);
                let ty = self.such(field).expect("the host's is one");
                let fields = self.program.types.fields(ty);
                let all: Vec<usize> = (0..fields.len()).filter(|field| fields[*field].mutable).collect();
                let field = *self.random.choice(&all).expect("there is one");
                let storage = self.program.types.fields(ty)[field].storage;
                Statement::SetField(ty, field, self.object(ty, 2), self.operand(storage, 2))
            }
            49..=56 => {
                let ty = self.such(|types, ty| types.is_array(ty) && types.fields(ty)[0].mutable);
                let ty = ty.expect("the host's is one");
                let storage = self.program.types.fields(ty)[0].storage;
                Statement::SetElement(ty, self.object(ty, 2), self.index(), self.operand(storage, 2))
            }
            57..=61 => {
                let global = self.random.usize(..GLOBALS.len());
                Statement::SetGlobal(global, self.expr(GLOBALS[global], 2))
            }
            62..=71 => {
                let call = self.call(2, None);
                Statement::Call(call)
            }
            _ => Statement::Read(self.integer(), self.reading()),
        }
    }

    fn reading(&mut self) -> Reading {
        let number = |field: &super::types::Field| field.storage.reference().is_none();
        match self.random.u8(..20) {
            0..=2 => {
                let ty = self.such(|types, ty| types.is_struct(ty) && types.fields(ty).iter().any(number));
                let ty = ty.expect("the host's is one");
                let fields = self.program.types.fields(ty);
                let all: Vec<usize> = (0..fields.len()).filter(|field| number(&fields[*field])).collect();
                let field = *self.random.choice(&all).expect("there is one");
                Reading::Field(ty, field, self.object(ty, 2), self.random.bool())
            }
            3 | 4 => {
                let ty = self.such(|types, ty| types.is_array(ty) && number(&types.fields(ty)[0]));
                let ty = ty.expect("there is one of each");
                Reading::Element(ty, self.object(ty, 2), self.index(), self.random.bool())
            }
            5 => Reading::Length(self.present(Heap::Array, 2)),
            6..=8 => {
                let to = self.cast_target(Heap::Any);
                Reading::Test(to, self.expr(nullable(Heap::Any), 2))
            }
            9 => {
                let ty = GLOBALS[self.random.usize(..GLOBALS.len())];
                Reading::IsNull(self.expr(ty, 2))
            }
            10..=12 => {
                let depth = self.random.u32(0..3);
                Reading::Same(self.expr(nullable(Heap::Eq), depth), self.expr(nullable(Heap::Eq), depth))
            }
            13 | 14 => Reading::I31(self.present(Heap::I31, 2), self.random.bool()),
            15..=17 => Reading::Digest(self.expr(nullable(Heap::Any), 2), self.random.u32(1..4)),
            18 => Reading::Number(self.expr(nullable(Heap::Extern), 2)),
            _ => Reading::TableSize(self.random.usize(..TABLES.len())),
        }
    }

    fn nested(&mut self, depth: usize, around: &Around) -> Statement {
        let mut inside = around.clone();
        self.labels += 1;
        let label = self.labels;
        inside.labels.push(label);
        match self.random.u8(..12) {
            0..=2 => {
                let (local, bit) = (self.integer(), self.random.u32(..64));
                Statement::If(local, bit, self.body(depth, around), self.body(depth, around))
            }
            3..=5 => Statement::Repeat(self.random.u32(1..4), self.body(depth, around)),
            6 => Statement::Block(label, self.body(depth, &inside)),
            7 | 8 if self.legacy => {
                inside.guarded = true;
                let body = self.body(depth, &inside);
                inside.guarded = around.guarded;
                inside.caught.push(label);
                Statement::Legacy(label, body, self.clauses(depth, &inside, false))
            }
            _ => {
                inside.guarded = true;
                let body = self.body(depth, &inside);
                Statement::Table(label, body, self.clauses(depth, around, true))
            }
        }
    }

    fn clauses(&mut self, depth: usize, around: &Around, references: bool) -> Vec<Clause> {
        let count = self.random.usize(1..5);
        let all = self.random.u8(..3) > 0;
        let mut clauses = Vec::new();
        for position in 0..count {
            // A legacy `try` has `catch_all` last.
            let last = position + 1 == count;
            let tag = if all && last { None } else { Some(self.random.usize(..TAGS.len())) };
            let types = TAGS[tag.unwrap_or(2)].iter().filter_map(|storage| storage.reference());
            let values = self.program.homes(types);
            let reference = references && self.random.bool();
            let mut inside = around.clone();
            inside.held |= reference;
            clauses.push(Clause { tag, values, reference, body: self.body(depth, &inside) });
        }
        clauses
    }

    /// What ends the statements, or may.
    fn leaving(&mut self, around: &Around) -> Statement {
        match self.random.u8(..14) {
            _ if around.held && self.random.u8(..3) == 0 => Statement::ThrowRef,
            _ if around.guarded && self.random.u8(..3) != 0 => {
                let tag = self.random.usize(..TAGS.len());
                let operands = TAGS[tag].iter().map(|storage| self.operand(*storage, 2)).collect();
                Statement::Throw(tag, operands)
            }
            0..=2 if !around.labels.is_empty() => {
                Statement::Leave(*self.random.choice(&around.labels).expect("there is one"))
            }
            3 | 4 if !around.caught.is_empty() => {
                Statement::Rethrow(*self.random.choice(&around.caught).expect("there is one"))
            }
            5..=7 if !around.labels.is_empty() || self.random.u8(..6) == 0 => {
                let tag = self.random.usize(..TAGS.len());
                let operands = TAGS[tag].iter().map(|storage| self.operand(*storage, 2)).collect();
                Statement::Throw(tag, operands)
            }
            8 if !around.labels.is_empty() => Statement::HostThrow(self.int(), self.expr(nullable(Heap::Any), 2)),
            9 if self.random.u8(..60) == 0 => Statement::ThrowRef,
            10 => {
                let own = self.function & 1;
                Statement::Tail(self.call(2, Some(own)))
            }
            11 if self.random.u8(..3) == 0 => {
                let types = RESULTS[self.function & 1];
                let values = types.iter().map(|ty| self.expr(*ty, 2)).collect();
                Statement::Return(self.integer(), values)
            }
            _ => self.plain(),
        }
    }

    fn tables(&mut self) -> Statement {
        let table = self.random.usize(..TABLES.len());
        let ty = TABLES[table].0;
        let few = Int { local: None, add: self.random.i64(0..4) };
        match self.random.u8(..12) {
            0..=5 => Statement::SetTable(table, self.index(), self.expr(ty, 2)),
            6 | 7 => Statement::Grow(table, self.expr(ty, 2), self.random.u32(0..3)),
            8 => Statement::FillTable(table, self.index(), self.expr(ty, 2), few),
            9 => {
                let fits = |from: &usize| self.program.types.matches(TABLES[*from].0, ty);
                let all: Vec<usize> = (0..TABLES.len()).filter(fits).collect();
                let from = *self.random.choice(&all).expect("itself");
                Statement::CopyTable(table, from, [self.index(), self.index()], few)
            }
            10 => {
                let segment = self.segment(ty).expect("there is one for each table");
                let offset = Int { local: None, add: self.random.i64(0..3) };
                Statement::InitTable(table, segment, self.index(), offset, Int { add: few.add & 1, ..few })
            }
            _ if self.random.u8(..10) == 0 => Statement::DropElem(self.random.usize(..SEGMENTS.len())),
            _ => Statement::SetTable(table, self.index(), self.expr(ty, 2)),
        }
    }

    /// A segment whose references match a type.
    pub(super) fn segment(&mut self, ty: RefType) -> Option<usize> {
        let fits = |segment: &usize| self.program.types.matches(SEGMENTS[*segment], ty);
        let all: Vec<usize> = (0..SEGMENTS.len()).filter(fits).collect();
        self.random.choice(&all).copied()
    }

    /// Instructions on ranges of arrays.
    fn ranges(&mut self) -> Statement {
        let ty = self.such(|types, ty| types.is_array(ty) && types.fields(ty)[0].mutable).expect("the host's is one");
        let storage = self.program.types.fields(ty)[0].storage;
        let array = self.object(ty, 2);
        match (self.random.u8(..6), storage) {
            (0 | 1, _) => Statement::Fill(ty, array, self.index(), self.operand(storage, 2), self.int()),
            (2 | 3, Storage::Ref(of)) if self.segment(of).is_some() => {
                let segment = self.segment(of).expect("there is one");
                let offset = Int { local: None, add: self.random.i64(0..4) };
                let length = Int { local: None, add: self.random.i64(0..3) };
                Statement::InitElem(ty, segment, array, self.index(), offset, length)
            }
            (
                2 | 3,
                Storage::I8 | Storage::I16 | Storage::I32 | Storage::I64 | Storage::F32 | Storage::F64 | Storage::V128,
            ) => {
                let offset = Int { local: None, add: self.random.i64(0..17) };
                let length = Int { local: None, add: self.random.i64(0..4) };
                Statement::InitData(ty, array, self.index(), offset, length)
            }
            (4, _) if self.random.u8(..12) == 0 => Statement::DropData,
            _ => {
                let fits = |types: &Types, from: usize| {
                    types.is_array(from)
                        && match (types.fields(from)[0].storage, storage) {
                            (Storage::Ref(from), Storage::Ref(to)) => types.matches(from, to),
                            (from, to) => from == to,
                        }
                };
                let from = self.such(fits).expect("itself");
                let arrays = Box::new([array, self.object(from, 2)]);
                Statement::Copy(ty, from, arrays, [self.index(), self.index()], self.int())
            }
        }
    }

    fn hosts(&mut self) -> Statement {
        match self.random.u8(..10) {
            0..=2 => Statement::Root(self.expr(nullable(Heap::Any), 2)),
            3..=6 => {
                let object = match self.local(Heap::Any) {
                    Some(local) if self.random.bool() => Expr::Local(local),
                    _ => self.expr(nullable(Heap::Any), 2),
                };
                Statement::Mutate(object, self.int(), self.expr(nullable(Heap::Any), 2))
            }
            7 => Statement::Collect,
            8 => self.churn(),
            _ => {
                let call = self.call(2, None);
                Statement::Call(call)
            }
        }
    }

    /// What fills nurseries: the smallest with one or two of them.
    fn churn(&mut self) -> Statement {
        let sizes = [(20, 900), (20, 900), (40, 900), (3, 900), (1, 3000), (1, 40_000), (30, 2)];
        let (count, length) = *self.random.choice(&sizes).expect("there are some");
        Statement::Churn(count, length)
    }

    /// What the parameters of a call are.
    pub(super) fn params(&mut self, signature: usize, depth: u32) -> Vec<Expr> {
        PARAMS[signature].iter().map(|ty| self.expr(*ty, depth.min(1))).collect()
    }

    /// The value of a field.
    pub(super) fn operand(&mut self, storage: Storage, depth: u32) -> Operand {
        match storage {
            Storage::Ref(ty) => Operand::Ref(self.expr(ty, depth)),
            _ => Operand::Number(self.int()),
        }
    }
}
