//! Types of what modules import and export: of functions, memories, tables, globals and tags.
//!
//! Modules and handles describe themselves in them; `link` matches them. Conversions from and to the contract's and
//! the runtime's types stand here and in the files beside, and nowhere else.

use super::value::{RefType, ValType};
use crate::context::AsContextMut;
use crate::error::{Error, ErrorCode, Result};
use crate::func_type::FuncType;
use crate::handle::Extern;
use crate::link;
use std::fmt;
use std::sync::Arc;
use tancho_abi::module::{ExternKind, ModuleView};
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// Whether a global, a field or an array's elements can be set.
///
/// ```
/// # use tancho::{GlobalType, Mutability, ValType};
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// assert!(ty.mutability().is_var());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// No.
    Const,
    /// Yes.
    Var,
}

impl Mutability {
    /// Whether it cannot be set.
    pub const fn is_const(&self) -> bool {
        matches!(self, Mutability::Const)
    }

    /// Whether it can be set.
    pub const fn is_var(&self) -> bool {
        matches!(self, Mutability::Var)
    }
}

/// The type of a global.
///
/// ```
/// # use tancho::{GlobalType, Mutability, ValType};
/// let ty = GlobalType::new(ValType::F32, Mutability::Const);
/// assert!(ty.content().is_f32());
/// assert_eq!(ty.to_string(), "f32");
/// ```
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
///
/// ```
/// # use tancho::{RefType, TableType};
/// let ty = TableType::new(RefType::EXTERNREF, 1, Some(10));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.is_64()), (1, Some(10), false));
/// ```
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

/// The type of a memory.
///
/// ```
/// # use tancho::MemoryType;
/// let ty = MemoryType::new(1, Some(16));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.page_size()), (1, Some(16), 65_536));
/// assert!(MemoryType::shared(1, 2).is_shared() && MemoryType::new64(1, None).is_64());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    minimum: u64,
    maximum: Option<u64>,
    index64: bool,
    shared: bool,
    page_size_log2: u8,
}

impl MemoryType {
    /// The type of 32-bit memories of at least `minimum` pages of 64 KiB and at most `maximum`.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType {
            minimum: minimum.into(),
            maximum: maximum.map(u64::from),
            index64: false,
            shared: false,
            page_size_log2: DEFAULT_PAGE_SIZE_LOG2,
        }
    }

    /// The same for memories that are indexed by `i64`.
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType { minimum, maximum, index64: true, shared: false, page_size_log2: DEFAULT_PAGE_SIZE_LOG2 }
    }

    /// The type of 32-bit memories of at least `minimum` pages of 64 KiB and at most `maximum` that threads can share.
    pub fn shared(minimum: u32, maximum: u32) -> MemoryType {
        MemoryType { shared: true, ..MemoryType::new(minimum, Some(maximum)) }
    }

    /// For types that these do not make.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::default()
    }

    /// How many pages it has at least.
    pub const fn minimum(&self) -> u64 {
        self.minimum
    }

    /// How many pages it may have at most; `None` when not limited.
    pub const fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Whether it is indexed by `i64`.
    pub const fn is_64(&self) -> bool {
        self.index64
    }

    /// Whether threads can share it.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Bytes in a page.
    pub const fn page_size(&self) -> u64 {
        match 1_u64.checked_shl(self.page_size_log2 as u32) {
            Some(size) => size,
            None => u64::MAX,
        }
    }

    /// log₂ of the bytes in a page.
    pub const fn page_size_log2(&self) -> u8 {
        self.page_size_log2
    }

    /// Whether it is one (§3.2.6), as [`MemoryTypeBuilder::build`] says.
    pub(crate) fn check(&self) -> Result<()> {
        if ![0, DEFAULT_PAGE_SIZE_LOG2].contains(&self.page_size_log2) {
            return Err(ErrorCode::ImpossibleType
                .error(format!("a page of 2^{} bytes is neither 1 byte nor 64 KiB", self.page_size_log2)));
        }
        let most = if self.index64 { u128::from(u64::MAX) + 1 } else { 1 << 32 };
        if u128::from(self.maximum.unwrap_or(0).max(self.minimum)) << self.page_size_log2 > most {
            return Err(ErrorCode::ImpossibleType.error(format!("a memory {self} has more bytes than addresses")));
        }
        if self.maximum.is_some_and(|maximum| maximum < self.minimum) {
            return Err(ErrorCode::ImpossibleType.error(format!("the minimum of a memory {self} exceeds its maximum")));
        }
        if self.shared && self.maximum.is_none() {
            return Err(ErrorCode::ImpossibleType.error(format!("a memory {self} needs a maximum")));
        }
        Ok(())
    }

    pub(crate) fn runtime(&self) -> tancho_runtime::memory::MemoryType {
        tancho_runtime::memory::MemoryType {
            minimum: self.minimum,
            maximum: self.maximum,
            index64: self.index64,
            shared: self.shared,
            page_size_log2: self.page_size_log2,
        }
    }

    /// The type of a memory that has `size` pages now (§4.5.3.1: what is imported counts as large as it is).
    pub(crate) fn of(ty: &tancho_runtime::memory::MemoryType, size: u64) -> MemoryType {
        MemoryType {
            minimum: size,
            maximum: ty.maximum,
            index64: ty.index64,
            shared: ty.shared,
            page_size_log2: ty.page_size_log2,
        }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = if self.index64 { "i64 " } else { "" };
        let shared = if self.shared { " shared" } else { "" };
        write!(f, "{index}{}{}{shared}", self.minimum, Maximum(self.maximum))?;
        if self.page_size_log2 == DEFAULT_PAGE_SIZE_LOG2 {
            return Ok(());
        }
        write!(f, " (pagesize {})", self.page_size())
    }
}

/// log₂ of the page size of memories that say nothing of it.
const DEFAULT_PAGE_SIZE_LOG2: u8 = 16;

/// Makes a [`MemoryType`], by default of a 32-bit memory of at least no pages of 64 KiB.
///
/// ```
/// # use tancho::{MemoryType, Result};
/// # fn main() -> Result<()> {
/// let ty = MemoryType::builder().min(100).max(Some(1000)).page_size_log2(0).build()?;
/// assert_eq!(ty.page_size(), 1);
/// assert!(MemoryType::builder().min(2).max(Some(1)).build().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder {
    ty: MemoryType,
}

impl Default for MemoryTypeBuilder {
    fn default() -> Self {
        MemoryTypeBuilder { ty: MemoryType::new(0, None) }
    }
}

impl MemoryTypeBuilder {
    /// One that makes the default.
    pub fn new() -> MemoryTypeBuilder {
        MemoryTypeBuilder::default()
    }

    /// How many pages it has at least.
    pub fn min(&mut self, minimum: u64) -> &mut Self {
        self.ty.minimum = minimum;
        self
    }

    /// How many pages it may have at most; `None` when not limited.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut Self {
        self.ty.maximum = maximum;
        self
    }

    /// Whether it is indexed by `i64`.
    pub fn memory64(&mut self, index64: bool) -> &mut Self {
        self.ty.index64 = index64;
        self
    }

    /// Whether threads can share it. It then needs a maximum.
    pub fn shared(&mut self, shared: bool) -> &mut Self {
        self.ty.shared = shared;
        self
    }

    /// log₂ of the bytes in a page: 16 by default, or 0.
    pub fn page_size_log2(&mut self, log2: u8) -> &mut Self {
        self.ty.page_size_log2 = log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// When it is none (§3.2.6): the page size is neither 1 nor 64 KiB, the minimum exceeds the maximum, or one of them is more bytes than
    /// an address of the memory can have.
    pub fn build(&self) -> Result<MemoryType> {
        self.ty.check()?;
        Ok(self.ty.clone())
    }
}

struct Maximum(Option<u64>);

impl fmt::Display for Maximum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |maximum| write!(f, " {maximum}"))
    }
}

/// The type of a tag.
///
/// ```
/// # use tancho::{Engine, FuncType, Result, TagType, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []))?;
/// assert_eq!(ty.ty().params().len(), 1);
/// assert!(TagType::new(FuncType::new(&engine, [], [ValType::I32])).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagType(FuncType);

impl TagType {
    /// The type of tags of exceptions whose values have the types of the parameters of `ty`.
    ///
    /// # Errors
    ///
    /// When `ty` has results: an exception does not come back.
    pub fn new(ty: FuncType) -> Result<TagType> {
        if ty.results().len() > 0 {
            return Err(ErrorCode::ImpossibleType.error(format!("the type of a tag has no results, and {ty} has")));
        }
        Ok(TagType(ty))
    }

    /// The function type that says of which types the values are: its parameters.
    pub const fn ty(&self) -> &FuncType {
        &self.0
    }

    /// Of a type that a tag has.
    pub(crate) fn of(ty: FuncType) -> TagType {
        TagType(ty)
    }
}

impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The type of what is imported or exported.
///
/// ```
/// # use tancho::{Engine, ExternType, MemoryType, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = ExternType::Memory(MemoryType::new(2, None));
/// assert_eq!(ty.unwrap_memory().minimum(), 2);
/// let memory = ty.default_value(&mut store)?.into_memory().expect("it is one");
/// assert_eq!(memory.size(&store), 2);
/// # Ok(())
/// # }
/// ```
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
    /// A tag.
    Tag(TagType),
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident $unwrap:ident $what:literal $variant:ident $ty:ident,)*) => {$(
        $(#[$doc])*
        pub const fn $name(&self) -> Option<&$ty> {
            match self {
                ExternType::$variant(ty) => Some(ty),
                _ => None,
            }
        }

        #[doc = concat!("The type of the ", $what, ".")]
        ///
        /// # Panics
        ///
        #[doc = concat!("When it is none: see [`", stringify!($name), "`](ExternType::", stringify!($name), ").")]
        #[track_caller]
        pub fn $unwrap(&self) -> &$ty {
            match self.$name() {
                Some(ty) => ty,
                None => panic!(concat!("expected a ", $what, ", found a {}"), self.kind()),
            }
        }
    )*};
}

impl ExternType {
    accessors! {
        /// The type of a function, if it is one.
        func unwrap_func "function" Func FuncType,
        /// The type of a table, if it is one.
        table unwrap_table "table" Table TableType,
        /// The type of a memory, if it is one.
        memory unwrap_memory "memory" Memory MemoryType,
        /// The type of a global, if it is one.
        global unwrap_global "global" Global GlobalType,
        /// The type of a tag, if it is one.
        tag unwrap_tag "tag" Tag TagType,
    }

    /// A new thing of this type in a store: zero, null, and as small as it may be; a function that returns zeros and nulls.
    ///
    /// # Errors
    ///
    /// When there is no value by default, because the type excludes null; when the system has no memory for it.
    pub fn default_value(&self, mut store: impl AsContextMut) -> Result<Extern> {
        let mut context = store.as_context_mut();
        match self {
            ExternType::Func(ty) => link::default_function(ty, &mut context).map(Extern::Func),
            other => link::make_default(context.loan(), other),
        }
    }

    /// What kind of thing it is, in a word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "function",
            ExternType::Table(_) => "table",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
            ExternType::Tag(_) => "tag",
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
            ExternType::Tag(ty) => write!(f, "tag of type {ty}"),
        }
    }
}

/// What a module imports.
///
/// ```
/// # use tancho::{Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module (import "host" "f" (func (param i32))))"#)?;
/// let import = module.imports().next().expect("it imports something");
/// assert_eq!((import.module(), import.name()), ("host", "f"));
/// assert_eq!(import.ty().unwrap_func().params().len(), 1);
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # use tancho::{Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module (memory (export "m") 3))"#)?;
/// let export = module.exports().next().expect("it exports something");
/// assert_eq!((export.name(), export.ty().unwrap_memory().minimum()), ("m", 3));
/// # Ok(())
/// # }
/// ```
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
            ExternType::Func(FuncType::of(types.get(record.ty.index()).ok_or_else(malformed)?.clone()))
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
        ExternKind::Tag => {
            let record = view.tags.get(index).ok_or_else(malformed)?;
            ExternType::Tag(TagType(FuncType::of(types.get(record.ty.index()).ok_or_else(malformed)?.clone())))
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
fn malformed() -> Error {
    ErrorCode::EngineBug.error("the compiled module contradicts itself; this is a bug in the compiler that made it")
}
