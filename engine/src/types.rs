//! Types as users see them: of values, functions, memories, tables, globals, imports and exports.
//!
//! Modules and handles describe themselves in them; `link` matches them. Conversions from and to the contract's and
//! the runtime's types stand here and nowhere else.

mod memory;

pub use memory::{MemoryType, MemoryTypeBuilder};

use crate::engine::Engine;
use crate::error::{Error, Result};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tancho_abi::index::TypeIndex;
use tancho_abi::module::{ExternKind, ModuleView};
use tancho_abi::types as abi;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `exnref`.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

    /// Whether it is a number type: `i32`, `i64`, `f32` or `f64`.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether it is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// The reference type, if it is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether every value of this type is one of `other` (§3.3.4).
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(this), ValType::Ref(other)) => this.matches(other),
            _ => self == other,
        }
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> ValType {
        match self {
            ValType::Ref(ty) => ValType::Ref(ty.in_registry(registry)),
            other => other.clone(),
        }
    }

    pub(crate) fn abi(&self) -> abi::ValType {
        match self {
            ValType::I32 => abi::ValType::I32,
            ValType::I64 => abi::ValType::I64,
            ValType::F32 => abi::ValType::F32,
            ValType::F64 => abi::ValType::F64,
            ValType::V128 => abi::ValType::V128,
            ValType::Ref(ty) => abi::ValType::Ref(ty.abi()),
        }
    }

    /// From the contract's type with canonical numbers of `registry`.
    pub(crate) fn of(ty: abi::ValType, registry: &TypeRegistry) -> ValType {
        match ty {
            abi::ValType::I32 => ValType::I32,
            abi::ValType::I64 => ValType::I64,
            abi::ValType::F32 => ValType::F32,
            abi::ValType::F64 => ValType::F64,
            abi::ValType::V128 => ValType::V128,
            abi::ValType::Ref(ty) => ValType::Ref(RefType::of(ty, registry)),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::Ref(ty) => ty.fmt(f),
            other => other.abi().fmt(f),
        }
    }
}

/// What a reference refers to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeapType {
    /// A function of any type.
    Func,
    /// A function of this type, or of one that declares it as a supertype.
    ConcreteFunc(FuncType),
    /// No function: only null is a reference of this type.
    NoFunc,
    /// A value of the host.
    Extern,
    /// No value of the host: only null is a reference of this type.
    NoExtern,
    /// An exception.
    Exn,
    /// No exception: only null is a reference of this type.
    NoExn,
}

impl HeapType {
    /// Whether everything of this type is of type `other` (§3.3.3).
    pub fn matches(&self, other: &HeapType) -> bool {
        self.abi().matches(other.abi(), |_, _| match (self, other) {
            (HeapType::ConcreteFunc(this), HeapType::ConcreteFunc(other)) => this.matches(other),
            _ => false,
        })
    }

    /// The type above all others of its hierarchy.
    pub fn top(&self) -> HeapType {
        match self.hierarchy() {
            abi::Hierarchy::Func => HeapType::Func,
            abi::Hierarchy::Extern => HeapType::Extern,
            abi::Hierarchy::Exn => HeapType::Exn,
        }
    }

    /// The function type, if it is one.
    pub fn as_concrete_func(&self) -> Option<&FuncType> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty),
            _ => None,
        }
    }

    /// How references to it look to compiled code.
    pub(crate) fn hierarchy(&self) -> abi::Hierarchy {
        self.abi().hierarchy()
    }

    fn abi(&self) -> abi::HeapType {
        match self {
            HeapType::Func => abi::HeapType::Func,
            HeapType::ConcreteFunc(ty) => abi::HeapType::ConcreteFunc(TypeIndex(ty.id())),
            HeapType::NoFunc => abi::HeapType::NoFunc,
            HeapType::Extern => abi::HeapType::Extern,
            HeapType::NoExtern => abi::HeapType::NoExtern,
            HeapType::Exn => abi::HeapType::Exn,
            HeapType::NoExn => abi::HeapType::NoExn,
        }
    }

    pub(crate) fn of(ty: abi::HeapType, registry: &TypeRegistry) -> HeapType {
        match ty {
            abi::HeapType::Func => HeapType::Func,
            // Whoever has the number keeps the type.
            abi::HeapType::ConcreteFunc(id) => {
                registry.by_id(id.0).map_or(HeapType::Func, |ty| HeapType::ConcreteFunc(FuncType(ty)))
            }
            abi::HeapType::NoFunc => HeapType::NoFunc,
            abi::HeapType::Extern => HeapType::Extern,
            abi::HeapType::NoExtern => HeapType::NoExtern,
            abi::HeapType::Exn => HeapType::Exn,
            abi::HeapType::NoExn => HeapType::NoExn,
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::ConcreteFunc(ty) => write!(f, "({ty})"),
            other => other.abi().fmt(f),
        }
    }
}

/// A reference type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    nullable: bool,
    heap: HeapType,
}

impl RefType {
    /// `funcref`: a function or null.
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `externref`: a value of the host or null.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// `exnref`: an exception or null.
    pub const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };

    /// The type of references to `heap`, null among them if `nullable`.
    pub const fn new(nullable: bool, heap: HeapType) -> RefType {
        RefType { nullable, heap }
    }

    /// Whether null is one of its values.
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// What it refers to.
    pub const fn heap_type(&self) -> &HeapType {
        &self.heap
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &RefType) -> bool {
        (!self.nullable || other.nullable) && self.heap.matches(&other.heap)
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> RefType {
        let heap = match &self.heap {
            HeapType::ConcreteFunc(ty) => HeapType::ConcreteFunc(ty.in_registry(registry)),
            other => other.clone(),
        };
        RefType { nullable: self.nullable, heap }
    }

    pub(crate) fn abi(&self) -> abi::RefType {
        abi::RefType { nullable: self.nullable, heap: self.heap.abi() }
    }

    pub(crate) fn of(ty: abi::RefType, registry: &TypeRegistry) -> RefType {
        RefType { nullable: ty.nullable, heap: HeapType::of(ty.heap, registry) }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, &self.heap) {
            (true, heap @ HeapType::ConcreteFunc(_)) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
            _ => self.abi().fmt(f),
        }
    }
}

/// The type of a function. Cheap to clone.
#[derive(Clone)]
pub struct FuncType(Arc<RegisteredType>);

impl FuncType {
    /// The type of functions from `params` to `results`: final, and without a supertype. It may be used with every engine;
    /// with `engine` it is quickest.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        // Kept until the new type keeps what it refers to.
        let own = |ty: ValType| ty.in_registry(engine.types());
        let params: Vec<ValType> = params.into_iter().map(own).collect();
        let results: Vec<ValType> = results.into_iter().map(own).collect();
        FuncType(engine.types().register(&abi::FuncType {
            params: params.iter().map(ValType::abi).collect(),
            results: results.iter().map(ValType::abi).collect(),
        }))
    }

    pub(crate) fn of(registered: Arc<RegisteredType>) -> FuncType {
        FuncType(registered)
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.ty.params.iter().map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.ty.results.iter().map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The type of parameter `index`; `None` when there are fewer.
    pub fn param(&self, index: usize) -> Option<ValType> {
        self.0.ty.params.get(index).map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The type of result `index`; `None` when there are fewer.
    pub fn result(&self, index: usize) -> Option<ValType> {
        self.0.ty.results.get(index).map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// Whether every function of this type is one of type `other`: they are the same type, or this one declares the other as its
    /// supertype, itself or by its supertypes. That parameters and results would match is not enough (§3.3.3).
    pub fn matches(&self, other: &FuncType) -> bool {
        self.0.is_declared(other.in_registry(self.0.registry()).id())
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> FuncType {
        FuncType(self.0.in_registry(registry))
    }

    pub(crate) fn abi(&self) -> &abi::FuncType {
        &self.0.ty
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id
    }

    pub(crate) fn registered(&self) -> &Arc<RegisteredType> {
        &self.0
    }

    /// Writes the type. Concrete types within it are written out down to `depth`: a type can refer to itself.
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &mut dyn Iterator<Item = ValType>| {
            for (position, ty) in types.enumerate() {
                if position > 0 {
                    f.write_str(" ")?;
                }
                match &ty {
                    ValType::Ref(RefType { nullable, heap: HeapType::ConcreteFunc(ty) }) => {
                        f.write_str(if *nullable { "(ref null (" } else { "(ref (" })?;
                        match depth {
                            0 => f.write_str("...")?,
                            _ => ty.write(f, depth - 1)?,
                        }
                        f.write_str("))")?;
                    }
                    other => write!(f, "{other}")?,
                }
            }
            Ok(())
        };
        f.write_str("[")?;
        list(f, &mut self.params())?;
        f.write_str("] -> [")?;
        list(f, &mut self.results())?;
        f.write_str("]")
    }
}

impl PartialEq for FuncType {
    fn eq(&self, other: &Self) -> bool {
        // The same type has another id in another engine.
        self.id() == other.id() || self.id() == other.in_registry(self.0.registry()).id()
    }
}

impl Eq for FuncType {}

impl Hash for FuncType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Not the id, which equal types of two engines do not share.
        (self.0.ty.params.len(), self.0.ty.results.len()).hash(state);
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 1)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 1)
    }
}

/// Whether a global can be set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// No.
    Const,
    /// Yes.
    Var,
}

/// The type of a global.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// The type of globals that hold a `content`.
    pub const fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType { content, mutability }
    }

    /// The type of the value.
    pub const fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether it can be set.
    pub const fn mutability(&self) -> Mutability {
        self.mutability
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => write!(f, "{}", self.content),
            Mutability::Var => write!(f, "(mut {})", self.content),
        }
    }
}

/// The type of a table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    element: RefType,
    minimum: u64,
    maximum: Option<u64>,
    index64: bool,
}

impl TableType {
    /// The type of tables of `element`, with at least `minimum` entries and at most `maximum`.
    pub fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> TableType {
        TableType { element, minimum: minimum.into(), maximum: maximum.map(u64::from), index64: false }
    }

    /// The same for tables that are indexed by `i64`.
    pub fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType { element, minimum, maximum, index64: true }
    }

    /// Whether it is indexed by `i64`.
    pub const fn is_64(&self) -> bool {
        self.index64
    }

    /// The type of its entries.
    pub const fn element(&self) -> &RefType {
        &self.element
    }

    /// How many entries it has at least.
    pub const fn minimum(&self) -> u64 {
        self.minimum
    }

    /// How many entries it may have at most; `None` when not limited.
    pub const fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    pub(crate) fn runtime(&self) -> tancho_runtime::table::TableType {
        tancho_runtime::table::TableType {
            element: self.element.abi(),
            minimum: self.minimum,
            maximum: self.maximum,
            index64: self.index64,
        }
    }

    /// The type of a table that has `size` entries now (§4.5.3.1: what is imported counts as large as it is).
    pub(crate) fn of(ty: &tancho_runtime::table::TableType, size: u64, registry: &TypeRegistry) -> TableType {
        let element = RefType::of(ty.element, registry);
        TableType { element, minimum: size, maximum: ty.maximum, index64: ty.index64 }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = if self.index64 { "i64 " } else { "" };
        write!(f, "{index}{}{} {}", self.minimum, Maximum(self.maximum), self.element)
    }
}

struct Maximum(Option<u64>);

impl fmt::Display for Maximum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |maximum| write!(f, " {maximum}"))
    }
}

/// The type of what is imported or exported.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
}

impl ExternType {
    /// The type of a function, if it is one.
    pub const fn func(&self) -> Option<&FuncType> {
        match self {
            ExternType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of a table, if it is one.
    pub const fn table(&self) -> Option<&TableType> {
        match self {
            ExternType::Table(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of a memory, if it is one.
    pub const fn memory(&self) -> Option<&MemoryType> {
        match self {
            ExternType::Memory(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of a global, if it is one.
    pub const fn global(&self) -> Option<&GlobalType> {
        match self {
            ExternType::Global(ty) => Some(ty),
            _ => None,
        }
    }

    /// What kind of thing it is, in a word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "function",
            ExternType::Table(_) => "table",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
        }
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => write!(f, "function of type {ty}"),
            ExternType::Table(ty) => write!(f, "table {ty}"),
            ExternType::Memory(ty) => write!(f, "memory {ty}"),
            ExternType::Global(ty) => write!(f, "global {ty}"),
        }
    }
}

/// What a module imports.
#[derive(Clone, Debug)]
pub struct ImportType<'m> {
    module: &'m str,
    name: &'m str,
    ty: ExternType,
}

impl<'m> ImportType<'m> {
    pub(crate) fn new(module: &'m str, name: &'m str, ty: ExternType) -> Self {
        ImportType { module, name, ty }
    }

    /// The module name it is imported from.
    pub fn module(&self) -> &'m str {
        self.module
    }

    /// The name it is imported by.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// What a module exports.
#[derive(Clone, Debug)]
pub struct ExportType<'m> {
    name: &'m str,
    ty: ExternType,
}

impl<'m> ExportType<'m> {
    pub(crate) fn new(name: &'m str, ty: ExternType) -> Self {
        ExportType { name, ty }
    }

    /// The name it is exported by.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// The type of thing `index` of the module's index space of this kind.
pub(crate) fn extern_type(
    view: &ModuleView<'_>,
    types: &[Arc<RegisteredType>],
    registry: &TypeRegistry,
    kind: u32,
    index: u32,
) -> Result<ExternType> {
    let index = index as usize;
    let limit = |maximum: u64| (maximum != u64::MAX).then_some(maximum);
    Ok(match ExternKind::from_code(kind).ok_or_else(malformed)? {
        ExternKind::Function => {
            let record = view.functions.get(index).ok_or_else(malformed)?;
            ExternType::Func(FuncType(types.get(record.ty.index()).ok_or_else(malformed)?.clone()))
        }
        ExternKind::Table => {
            let record = view.tables.get(index).ok_or_else(malformed)?;
            let element = tancho_runtime::types::canonical(record.element.decode_ref().ok_or_else(malformed)?, types);
            let element = RefType::of(element, registry);
            let (minimum, maximum) = (record.minimum, limit(record.maximum));
            ExternType::Table(TableType { element, minimum, maximum, index64: record.index64() })
        }
        ExternKind::Memory => {
            let record = view.memories.get(index).ok_or_else(malformed)?;
            ExternType::Memory(MemoryType {
                minimum: record.minimum,
                maximum: limit(record.maximum),
                index64: record.index64(),
                shared: record.shared(),
                page_size_log2: u8::try_from(record.page_size_log2).map_err(|_| malformed())?,
            })
        }
        ExternKind::Global => {
            let record = view.globals.get(index).ok_or_else(malformed)?;
            let mutability = if record.mutable == 0 { Mutability::Const } else { Mutability::Var };
            let content = tancho_runtime::types::canonical_value(record.ty.decode().ok_or_else(malformed)?, types);
            ExternType::Global(GlobalType::new(ValType::of(content, registry), mutability))
        }
    })
}

/// What is said of an image whose digest is right and whose content makes no sense.
pub(crate) fn malformed() -> Error {
    Error::msg("the compiled module contradicts itself; this is a bug in the compiler that made it")
}
