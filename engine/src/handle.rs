//! Handles: the identity of a store that every handle carries, and the handles of things that are imported and
//! exported.
//!
//! Every file that defines a handle checks it with [`StoreId`] before it touches the store.

use crate::context::AsContext;
use crate::error::{Error, ErrorCode, Result};
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::shared_memory::SharedMemory;
use crate::store::StoreOpaque;
use crate::table::Table;
use crate::tag::Tag;
use crate::types::ExternType;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use tancho_runtime::store::Export as RuntimeExport;

/// Which store a handle belongs to. No two stores of a process have the same one, ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StoreId(NonZeroU64);

impl StoreId {
    pub(crate) fn next() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // 2⁶⁴ stores are never made; if they were, the store would be refused instead of sharing an identity.
        StoreId(NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).expect("fewer than 2⁶⁴ stores are made"))
    }

    /// The number of no store.
    pub(crate) const NONE: u64 = u64::MAX;

    /// It as a number: never 0, nor [`NONE`](Self::NONE).
    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    /// An error unless `store` is the handle's own.
    #[inline]
    pub(crate) fn check(self, store: &StoreOpaque, what: &str) -> Result<()> {
        if self == store.id() { Ok(()) } else { Err(foreign(what)) }
    }
}

#[cold]
pub(crate) fn foreign(what: &str) -> Error {
    ErrorCode::ForeignStore.error(format!("this {what} belongs to another store than the one it is used with"))
}

/// What methods answer that have no room for an error: each of them has a twin that has.
///
/// # Panics
///
/// With the error and its code.
#[track_caller]
pub(crate) fn own<V>(answer: Result<V>) -> V {
    answer.unwrap_or_else(|error| match error.code() {
        Some(code) => panic!("error[{code}]: {error}"),
        None => panic!("{error}"),
    })
}

/// A thing that can be imported and exported.
///
/// ```
/// # use tancho::{Engine, Extern, Global, GlobalType, Instance, Module, Mutability, Result, Store, Val, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let global = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(3))?;
/// let module = Module::new(&engine, r#"(module (import "" "g" (global i32)) (export "g" (global 0)))"#)?;
/// let instance = Instance::new(&mut store, &module, &[Extern::Global(global)])?;
/// let same = instance.get_export(&mut store, "g").and_then(Extern::into_global);
/// assert_eq!(same, Some(global));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory of one store.
    Memory(Memory),
    /// A memory that threads share.
    SharedMemory(SharedMemory),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        match self {
            Extern::Func(func) => Some(func),
            _ => None,
        }
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        match self {
            Extern::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The memory, if it is one and not shared.
    pub fn into_memory(self) -> Option<Memory> {
        match self {
            Extern::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The memory, if it is one and shared.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        match self {
            Extern::SharedMemory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        match self {
            Extern::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        match self {
            Extern::Tag(tag) => Some(tag),
            _ => None,
        }
    }

    /// Its type; the minimum of a table's or memory's is its present size.
    ///
    /// # Panics
    ///
    /// When it belongs to another store; a shared memory, when it belongs to another engine than the store: see [`Extern::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        own(self.try_ty(store))
    }

    /// Its type: as [`Extern::ty`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store; a shared memory, when it belongs to another engine than the store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<ExternType> {
        self.ty_in(store.as_context().opaque())
    }

    pub(crate) fn ty_in(&self, store: &StoreOpaque) -> Result<ExternType> {
        Ok(match self {
            Extern::Func(func) => ExternType::Func(func.ty_in(store)?),
            Extern::Table(table) => ExternType::Table(table.ty_in(store)?),
            Extern::Memory(memory) => ExternType::Memory(memory.ty_in(store)?),
            Extern::SharedMemory(memory) => ExternType::Memory(memory.ty_in(store)?),
            Extern::Global(global) => ExternType::Global(global.ty_in(store)?),
            Extern::Tag(tag) => ExternType::Tag(tag.ty_in(store)?),
        })
    }

    /// The handle of what an instance of `store` exports.
    pub(crate) fn of(export: RuntimeExport, store: &StoreOpaque) -> Extern {
        match export {
            RuntimeExport::Function(func) => Extern::Func(Func::of(func, store)),
            RuntimeExport::Table(table) => Extern::Table(Table::of(table, store)),
            RuntimeExport::Memory(memory) => Extern::Memory(Memory::of(memory, store)),
            RuntimeExport::SharedMemory(memory) => Extern::SharedMemory(SharedMemory::of(memory, store)),
            RuntimeExport::Global(global) => Extern::Global(Global::of(global, store)),
            RuntimeExport::Tag(tag) => Extern::Tag(Tag::of(tag, store)),
        }
    }
}

impl From<Func> for Extern {
    fn from(func: Func) -> Self {
        Extern::Func(func)
    }
}

impl From<Table> for Extern {
    fn from(table: Table) -> Self {
        Extern::Table(table)
    }
}

impl From<Memory> for Extern {
    fn from(memory: Memory) -> Self {
        Extern::Memory(memory)
    }
}

impl From<SharedMemory> for Extern {
    fn from(memory: SharedMemory) -> Self {
        Extern::SharedMemory(memory)
    }
}

impl From<Global> for Extern {
    fn from(global: Global) -> Self {
        Extern::Global(global)
    }
}

impl From<Tag> for Extern {
    fn from(tag: Tag) -> Self {
        Extern::Tag(tag)
    }
}

/// An export of an instance: a name and a thing.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (memory (export "m") 1))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let export = instance.exports(&mut store).next().expect("it exports something");
/// assert_eq!(export.name(), "m");
/// assert!(export.into_memory().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Export<'a> {
    name: &'a str,
    item: Extern,
}

impl<'a> Export<'a> {
    pub(crate) fn new(name: &'a str, item: Extern) -> Self {
        Export { name, item }
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its type: as [`Extern::ty`].
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Export::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        own(self.try_ty(store))
    }

    /// Its type: as [`Extern::ty`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<ExternType> {
        self.item.try_ty(store)
    }

    /// The thing.
    pub fn into_extern(self) -> Extern {
        self.item
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        self.item.into_func()
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        self.item.into_table()
    }

    /// The memory, if it is one and not shared.
    pub fn into_memory(self) -> Option<Memory> {
        self.item.into_memory()
    }

    /// The memory, if it is one and shared.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        self.item.into_shared_memory()
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        self.item.into_global()
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        self.item.into_tag()
    }
}
