//! Random programs: the statements, and what makes them.

use crate::oracle::seed::Rng;

/// How many functions a program has. Each calls those with higher numbers only, so that every program ends.
pub(super) const FUNCTIONS: usize = 7;
/// How many integer locals there are.
pub(super) const INTEGERS: usize = 9;
/// How many float locals there are.
pub(super) const FLOATS: usize = 3;
/// How many locals there are for references.
pub(super) const REFERENCES: usize = 2;

/// The type of a value of an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
}

/// The tags by index: what they are, of which two can be one, and the types of their values. The first four are imported, the first
/// two of them as the same thing.
pub(super) const TAGS: [(usize, &[Type]); 7] = [
    (0, &[Type::I32]),
    (0, &[Type::I32]),
    (1, &[Type::I64, Type::F64]),
    (2, &[]),
    (3, &[Type::I32]),
    (4, &[Type::V128, Type::F32, Type::I64]),
    (
        5,
        &[
            Type::I32,
            Type::I64,
            Type::F64,
            Type::I32,
            Type::V128,
            Type::F32,
            Type::I64,
            Type::I32,
            Type::F64,
            Type::I64,
            Type::V128,
            Type::I32,
        ],
    ),
];
/// How many of them are imported.
pub(super) const IMPORTED: usize = 4;

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Directly.
    Direct,
    /// Through the table.
    Indirect,
    /// By the host, which passes on what comes out.
    Host,
    /// By the host, which catches.
    HostCatch,
    /// By a module that catches tags of its own with the same numbers.
    Relay,
}

/// A clause: the tag, or all, and what follows.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) tag: Option<usize>,
    /// For `try_table`: where the reference goes, if the clause asks for it.
    pub(super) reference: Option<usize>,
    pub(super) body: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    /// Changes a local by a constant.
    Mix(usize, i64),
    /// Branches on a bit of an integer local.
    If(usize, u32, Vec<Statement>, Vec<Statement>),
    /// So many times, with a label for `Again`.
    Repeat(usize, u32, Vec<Statement>),
    /// Begins the next round of a loop, or ends the last, from wherever in it this is.
    Again(usize),
    /// A block that `Leave` may leave.
    Block(usize, Vec<Statement>),
    /// Branches out of a block, a legacy `try` or a `try_table`.
    Leave(usize),
    /// Calls; the result goes to an integer local.
    Call(Way, usize, usize),
    /// Calls in the place of the function.
    Tail(Way, usize, usize),
    /// Returns an integer local.
    Return(usize),
    /// Throws; the values are made of an integer local.
    Throw(usize, usize),
    /// Has the host throw.
    HostThrow(usize),
    /// Throws what a local refers to, perhaps null.
    ThrowRef(usize),
    /// Puts a reference in the global.
    Keep(usize),
    /// Throws what the global refers to, perhaps null.
    ThrowKept,
    /// `try_table`, with a label.
    Table(usize, Vec<Statement>, Vec<Clause>),
    /// A legacy `try`, with a label.
    Legacy(usize, Vec<Statement>, Vec<Clause>),
    /// A legacy `try` that delegates to a label, or to the caller.
    Delegate(usize, Vec<Statement>, Option<usize>),
    /// Throws again what the legacy clause of this label has caught.
    Rethrow(usize),
}

/// What surrounds the place where a statement is made.
#[derive(Clone, Default)]
struct Around {
    /// Labels that can be left.
    labels: Vec<usize>,
    /// Labels of loops.
    loops: Vec<usize>,
    /// Labels that can be delegated to.
    targets: Vec<usize>,
    /// Labels of legacy `try`s in a clause of which this is.
    caught: Vec<usize>,
    /// Whether a local is likely to hold a reference.
    held: bool,
}

/// Makes a function.
struct Maker<'r> {
    random: &'r mut Rng,
    function: usize,
    labels: usize,
    /// How many statements may still be made.
    left: usize,
}

/// The bodies of a random program's functions.
pub(super) fn make(random: &mut Rng) -> Vec<Vec<Statement>> {
    (0..FUNCTIONS)
        .map(|function| {
            let left = if function + 1 == FUNCTIONS { 12 } else { 60 };
            let mut maker = Maker { random, function, labels: 0, left };
            let count = maker.random.usize(3..9);
            maker.statements(count, 0, &Around::default())
        })
        .collect()
}

impl Maker<'_> {
    fn statements(&mut self, count: usize, depth: usize, around: &Around) -> Vec<Statement> {
        let mut statements = Vec::new();
        for _ in 0..count {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let statement = self.statement(depth, around);
            statements.push(statement);
        }
        statements
    }

    fn body(&mut self, depth: usize, around: &Around) -> Vec<Statement> {
        let count = self.random.usize(1..5);
        self.statements(count, depth + 1, around)
    }

    fn integer(&mut self) -> usize {
        self.random.usize(..INTEGERS)
    }

    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    fn way(&mut self) -> Way {
        match self.random.u8(..12) {
            0..=4 => Way::Direct,
            5..=7 => Way::Indirect,
            8 | 9 => Way::Host,
            10 => Way::HostCatch,
            _ => Way::Relay,
        }
    }

    fn tag(&mut self) -> usize {
        self.random.usize(..TAGS.len())
    }

    fn mix(&mut self) -> Statement {
        Statement::Mix(self.random.usize(..INTEGERS + FLOATS + 1), self.random.i64(..))
    }

    fn statement(&mut self, depth: usize, around: &Around) -> Statement {
        let leaf = depth >= 5;
        let callee = (self.function + 1 < FUNCTIONS).then(|| self.random.usize(self.function + 1..FUNCTIONS));
        match (self.random.u8(..100), callee) {
            (0..=14, _) => self.mix(),
            (15..=32, Some(callee)) => Statement::Call(self.way(), callee, self.integer()),
            (33..=36, _) => Statement::Throw(self.tag(), self.integer()),
            (37, _) if depth > 0 => Statement::HostThrow(self.integer()),
            (40, Some(callee)) if self.random.bool() => Statement::Tail(self.way(), callee, self.integer()),
            (41, _) if self.random.bool() => Statement::Return(self.integer()),
            (38..=43, _) if around.held || self.random.u8(..20) == 0 => {
                Statement::ThrowRef(self.random.usize(..REFERENCES))
            }
            (44, _) => Statement::Keep(self.random.usize(..REFERENCES)),
            (45, _) if self.random.u8(..4) == 0 => Statement::ThrowKept,
            (46..=51, _) if !around.caught.is_empty() => {
                Statement::Rethrow(*self.random.choice(&around.caught).expect("there is one"))
            }
            (52..=54, _) if !around.labels.is_empty() => {
                Statement::Leave(*self.random.choice(&around.labels).expect("there is one"))
            }
            (55..=61, _) if !leaf => {
                let (local, bit) = (self.integer(), self.random.u32(..64));
                Statement::If(local, bit, self.body(depth, around), self.body(depth, around))
            }
            (62..=64, _) if !leaf => {
                let label = self.label();
                let mut inside = around.clone();
                inside.loops.push(label);
                Statement::Repeat(label, self.random.u32(1..4), self.body(depth, &inside))
            }
            (98 | 99, _) if !around.loops.is_empty() => {
                Statement::Again(*self.random.choice(&around.loops).expect("there is one"))
            }
            (65 | 66, _) if !leaf => {
                let label = self.label();
                let mut inside = around.clone();
                inside.labels.push(label);
                inside.targets.push(label);
                Statement::Block(label, self.body(depth, &inside))
            }
            (67..=81, _) if !leaf => {
                let label = self.label();
                let mut inside = around.clone();
                inside.labels.push(label);
                inside.targets.push(label);
                let body = self.body(depth, &inside);
                Statement::Table(label, body, self.clauses(depth, around, true))
            }
            (82..=94, _) if !leaf => {
                let label = self.label();
                let mut inside = around.clone();
                inside.labels.push(label);
                inside.targets.push(label);
                let body = self.body(depth, &inside);
                inside.caught.push(label);
                Statement::Legacy(label, body, self.clauses(depth, &inside, false))
            }
            (95..=97, _) if !leaf => {
                let label = self.label();
                let target = if self.random.u8(..5) == 0 { None } else { self.random.choice(&around.targets).copied() };
                let mut inside = around.clone();
                inside.labels.push(label);
                Statement::Delegate(label, self.body(depth, &inside), target)
            }
            _ => self.mix(),
        }
    }

    fn clauses(&mut self, depth: usize, around: &Around, references: bool) -> Vec<Clause> {
        let count = self.random.usize(0..5);
        let all = self.random.u8(..3) > 0;
        let mut clauses = Vec::new();
        for position in 0..count {
            // A legacy `try` has `catch_all` last.
            let last = position + 1 == count;
            let tag = if all && (last || references && self.random.bool()) { None } else { Some(self.tag()) };
            let reference = (references && self.random.bool()).then(|| self.random.usize(..REFERENCES));
            let mut inside = around.clone();
            inside.held |= reference.is_some();
            clauses.push(Clause { tag, reference, body: self.body(depth, &inside) });
        }
        clauses
    }
}
