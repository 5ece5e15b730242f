//! Random programs: what they consist of. `make` makes them, `text` writes them down, `model` says what they come to.

use super::types::ROOT;
use super::types::{Heap, RefType, Storage, Types, nullable};

/// How many functions a program has. A function's signature is its number's lowest bit.
pub(super) const FUNCTIONS: usize = 6;
/// How many integer locals there are.
pub(super) const INTEGERS: usize = 5;
/// Where in the table of functions the other instance's is; behind it one entry is null.
pub(super) const RELAY: usize = FUNCTIONS;
/// How many entries the table of functions has.
pub(super) const ENTRIES: usize = FUNCTIONS + 2;
/// How many roots the host keeps.
pub(super) const ROOTS: usize = 8;
/// How many bytes the data segment has.
pub(super) const DATA: usize = 64;

/// The tags: what is thrown with each. The host makes the first.
pub(super) const TAGS: [&[Storage]; 4] = [
    &[Storage::I64, Storage::Ref(nullable(Heap::Any)), Storage::Ref(nullable(Heap::Extern))],
    &[Storage::Ref(nullable(Heap::Any))],
    &[],
    &[
        Storage::Ref(nullable(Heap::Eq)),
        Storage::V128,
        Storage::Ref(nullable(Heap::Type(ROOT))),
        Storage::F32,
        Storage::Ref(nullable(Heap::Extern)),
        Storage::I32,
        Storage::F64,
        Storage::Ref(nullable(Heap::Func)),
        Storage::Ref(nullable(Heap::Any)),
    ],
];

/// The tables of objects: what they hold, their first size and their largest. The host makes the second.
pub(super) const TABLES: [(RefType, u32, u32); 3] =
    [(nullable(Heap::Any), 6, 12), (nullable(Heap::Extern), 4, 9), (nullable(Heap::Type(ROOT)), 3, 8)];

/// The globals that references are in. The host makes the first two.
pub(super) const GLOBALS: [RefType; 7] = [
    nullable(Heap::Any),
    nullable(Heap::Extern),
    nullable(Heap::Eq),
    nullable(Heap::Type(ROOT)),
    nullable(Heap::Struct),
    nullable(Heap::Exn),
    nullable(Heap::Type(0)),
];
/// The global in which the other instance leaves what it made.
pub(super) const SHARED: usize = 0;

/// The element segments: what they hold.
pub(super) const SEGMENTS: [RefType; 4] =
    [nullable(Heap::Any), nullable(Heap::Extern), nullable(Heap::Type(ROOT)), nullable(Heap::Func)];

/// The instructions that are counted.
pub const INSTRUCTIONS: &[&str] = &[
    "struct.new",
    "struct.new_default",
    "struct.get",
    "struct.get_s",
    "struct.get_u",
    "struct.set",
    "array.new",
    "array.new_default",
    "array.new_fixed",
    "array.new_data",
    "array.new_elem",
    "array.get",
    "array.get_s",
    "array.get_u",
    "array.set",
    "array.len",
    "array.fill",
    "array.copy",
    "array.init_data",
    "array.init_elem",
    "ref.i31",
    "i31.get_s",
    "i31.get_u",
    "ref.test",
    "ref.cast",
    "br_on_cast",
    "br_on_cast_fail",
    "br_on_null",
    "br_on_non_null",
    "ref.as_non_null",
    "ref.is_null",
    "ref.eq",
    "ref.func",
    "any.convert_extern",
    "extern.convert_any",
    "select",
    "table.get",
    "table.set",
    "table.size",
    "table.grow",
    "table.fill",
    "table.copy",
    "table.init",
    "elem.drop",
    "data.drop",
    "global.get",
    "global.set",
    "call",
    "call_ref",
    "call_indirect",
    "return_call",
    "return_call_ref",
    "return_call_indirect",
    "throw",
    "throw_ref",
    "try_table",
    "host.make",
    "host.take",
    "host.array",
    "host.struct",
    "host.root",
    "host.mutate",
    "host.collect",
    "host.throw",
    "host.call",
    "host.catch",
    "relay",
];

/// An `i64`: a local, if any, plus a constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int {
    pub(super) local: Option<usize>,
    pub(super) add: i64,
}

/// An index or a start: as it comes, which may be out of bounds, or its remainder by the length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) at: Int,
    pub(super) raw: bool,
}

/// What goes into a field.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A number of the field's type, made of this.
    Number(Int),
    Ref(Expr),
}

/// An expression that is a reference.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Null(Heap),
    Local(usize),
    /// `local.tee`.
    Tee(usize, Box<Expr>),
    Global(usize),
    I31(Int),
    Func(usize),
    New(usize, Vec<Operand>),
    NewDefault(usize),
    /// `array.new` of so many.
    Array(usize, Box<Operand>, u32),
    ArrayDefault(usize, u32),
    Fixed(usize, Vec<Operand>),
    /// `array.new_data`: offset and length.
    FromData(usize, Int, Int),
    /// `array.new_elem` of a segment.
    FromElem(usize, usize, Int, Int),
    Field(usize, usize, Box<Expr>),
    Element(usize, Box<Expr>, Index),
    TableGet(usize, Index),
    /// `ref.cast`.
    Cast(RefType, Box<Expr>),
    OnCast(Box<OnCast>),
    /// `br_on_non_null`: the first, or else the second.
    OrElse(Box<Expr>, Box<Expr>),
    /// `br_on_null`: the first, which then has this type, or else the second.
    NullElse(RefType, Box<Expr>, Box<Expr>),
    /// `ref.as_non_null`.
    AsNonNull(Box<Expr>),
    /// `select` of this type by a bit of an integer local.
    Select(RefType, usize, u32, Box<Expr>, Box<Expr>),
    ToExtern(Box<Expr>),
    ToAny(Box<Expr>),
    /// What a call returns first; the rest goes to locals.
    Call(Box<Call>),
    HostMake(Int),
    HostTake(Int),
    HostArray(Int, Box<Expr>),
    HostStruct(Int, Box<Expr>),
}

/// `br_on_cast` or `br_on_cast_fail`: the value if it is of type `to`, or else the other.
#[derive(Clone, Debug)]
pub(super) struct OnCast {
    pub(super) fail: bool,
    pub(super) from: RefType,
    pub(super) to: RefType,
    pub(super) value: Expr,
    pub(super) other: Expr,
}

/// How a function is called.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Direct,
    /// By reference, to a function of the callee's signature.
    Ref(Expr),
    /// Through the table, where the callee is.
    Indirect,
    /// Through the table, wherever.
    IndirectAny(Int),
    /// By the host, which passes on what comes out.
    Host,
    /// By the host, which catches.
    HostCatch,
    /// By another instance.
    Relay,
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) way: Way,
    pub(super) function: usize,
    pub(super) argument: Int,
    pub(super) params: Vec<Expr>,
    /// The locals that results go to: the first is of no use in an expression.
    pub(super) results: Vec<usize>,
}

impl Call {
    /// The callee's signature.
    pub(super) fn signature(&self) -> usize {
        self.function & 1
    }
}

/// Something that is read as a number.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// Whether packed fields are read with their sign.
    Field(usize, usize, Expr, bool),
    Element(usize, Expr, Index, bool),
    Length(Expr),
    Test(RefType, Expr),
    IsNull(Expr),
    Same(Expr, Expr),
    I31(Expr, bool),
    /// What can be seen from here, so deep.
    Digest(Expr, u32),
    /// Of a host value.
    Number(Expr),
    TableSize(usize),
}

/// A clause: the tag, or all, and what follows.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) tag: Option<usize>,
    /// The locals that the references of the tag go to.
    pub(super) values: Vec<usize>,
    /// Whether the reference is asked for: it goes to the local for exceptions.
    pub(super) reference: bool,
    pub(super) body: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Mix(usize, i64),
    If(usize, u32, Vec<Statement>, Vec<Statement>),
    Repeat(u32, Vec<Statement>),
    Block(usize, Vec<Statement>),
    Leave(usize),
    Set(usize, Expr),
    SetField(usize, usize, Expr, Operand),
    SetElement(usize, Expr, Index, Operand),
    /// `array.fill`: start, value, length.
    Fill(usize, Expr, Index, Operand, Int),
    /// `array.copy`: target and its start, source and its start, length.
    Copy(usize, usize, Box<[Expr; 2]>, [Index; 2], Int),
    /// `array.init_data`: start, offset, length.
    InitData(usize, Expr, Index, Int, Int),
    InitElem(usize, usize, Expr, Index, Int, Int),
    DropData,
    DropElem(usize),
    SetTable(usize, Index, Expr),
    Grow(usize, Expr, u32),
    FillTable(usize, Index, Expr, Int),
    CopyTable(usize, usize, [Index; 2], Int),
    /// `table.init`: table, segment, start, offset, length.
    InitTable(usize, usize, Index, Int, Int),
    SetGlobal(usize, Expr),
    /// Into an integer local.
    Read(usize, Reading),
    Call(Call),
    Tail(Call),
    Return(usize, Vec<Expr>),
    Throw(usize, Vec<Operand>),
    HostThrow(Int, Expr),
    ThrowRef,
    Table(usize, Vec<Statement>, Vec<Clause>),
    Legacy(usize, Vec<Statement>, Vec<Clause>),
    Rethrow(usize),
    Root(Expr),
    Mutate(Expr, Int, Expr),
    Collect,
    /// Makes so many arrays of so many elements of 8 bytes that nobody keeps.
    Churn(u32, u32),
}

/// A function.
pub(super) struct Function {
    pub(super) body: Vec<Statement>,
    /// What its result says something of, besides integers: of these by what can be seen from there.
    pub(super) seen: Vec<usize>,
    /// Of these, which are equal.
    pub(super) compared: Vec<usize>,
}

/// A program.
pub(super) struct Program {
    pub(super) types: Types,
    /// The locals for references that every function has.
    pub(super) locals: Vec<RefType>,
    pub(super) functions: Vec<Function>,
    /// What the globals that the host does not make are at first.
    pub(super) globals: Vec<Expr>,
    /// What is in the element segments.
    pub(super) segments: Vec<Vec<Expr>>,
    /// What is in the first table from its second entry on.
    pub(super) entries: Vec<Expr>,
    pub(super) data: Vec<u8>,
    /// How many functions may be entered and loops gone through in a call by the host.
    pub(super) fuel: u32,
}

/// The locals that all programs have, by type.
pub(super) const LOCALS: [RefType; 14] = [
    nullable(Heap::Any),
    nullable(Heap::Any),
    nullable(Heap::Any),
    nullable(Heap::Eq),
    nullable(Heap::Eq),
    nullable(Heap::Struct),
    nullable(Heap::Array),
    nullable(Heap::I31),
    nullable(Heap::Extern),
    nullable(Heap::Extern),
    nullable(Heap::Func),
    nullable(Heap::Type(0)),
    nullable(Heap::Type(ROOT)),
    nullable(Heap::Exn),
];
/// The local for exceptions.
pub(super) const EXCEPTION: usize = 13;

impl Program {
    /// The locals that parameters or results of these types go to.
    pub(super) fn homes(&self, types: impl IntoIterator<Item = RefType>) -> Vec<usize> {
        let mut taken = Vec::new();
        for ty in types {
            let fits = |local: &usize| self.locals[*local] == ty;
            let free = (0..self.locals.len()).find(|local| fits(local) && !taken.contains(local));
            let first = (0..self.locals.len()).find(fits);
            taken.push(free.or(first).expect("there is a local of every type that is passed on"));
        }
        taken
    }

    /// The static type of an expression.
    pub(super) fn ty(&self, expr: &Expr) -> RefType {
        let present = |heap| RefType { nullable: false, heap };
        match expr {
            Expr::Null(heap) => nullable(*heap),
            Expr::Local(local) | Expr::Tee(local, _) => self.locals[*local],
            Expr::Global(global) => GLOBALS[*global],
            Expr::I31(_) => present(Heap::I31),
            Expr::Func(function) => present(Heap::Type(function & 1)),
            Expr::New(ty, _)
            | Expr::NewDefault(ty)
            | Expr::Array(ty, ..)
            | Expr::ArrayDefault(ty, _)
            | Expr::Fixed(ty, _)
            | Expr::FromData(ty, ..)
            | Expr::FromElem(ty, ..) => present(Heap::Type(*ty)),
            Expr::Field(ty, field, _) => self.types.fields(*ty)[*field].storage.reference().expect("it is a reference"),
            Expr::Element(ty, ..) => self.types.fields(*ty)[0].storage.reference().expect("it is a reference"),
            Expr::TableGet(table, _) => TABLES[*table].0,
            Expr::Cast(ty, _) | Expr::NullElse(ty, ..) | Expr::Select(ty, ..) => *ty,
            Expr::OnCast(cast) => cast.to,
            Expr::OrElse(value, _) | Expr::AsNonNull(value) => present(self.ty(value).heap),
            Expr::ToExtern(value) => RefType { heap: Heap::Extern, ..self.ty(value) },
            Expr::ToAny(value) => RefType { heap: Heap::Any, ..self.ty(value) },
            Expr::HostMake(_) => nullable(Heap::Extern),
            Expr::Call(_) | Expr::HostTake(_) | Expr::HostArray(..) | Expr::HostStruct(..) => nullable(Heap::Any),
        }
    }
}
