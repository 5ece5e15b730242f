//! Tancho: an optimizing WebAssembly engine, to embed in Rust programs.
//!
//! An [`Engine`] compiles; a [`Module`] is compiled code; a [`Store`] holds what runs, with the program's own data of
//! type `T`; a [`Linker`] gives imports their meaning; an [`Instance`] is a module in a store; a [`TypedFunc`] is how
//! to call it. All but the first four are small copyable handles, used together with the store that they came from.
//!
#![cfg_attr(all(feature = "compile", feature = "wat"), doc = "```")]
#![cfg_attr(not(all(feature = "compile", feature = "wat")), doc = "```ignore")]
//! use tancho::{Caller, Engine, Linker, Module, Result, Store};
//!
//! # fn main() -> Result<()> {
//! let engine = Engine::default();
//! let module = Module::new(
//!     &engine,
//!     r#"(module
//!         (import "host" "count" (func $count (param i32)))
//!         (func (export "run") (param i32 i32) (result i32)
//!             (call $count (local.get 0))
//!             (i32.add (local.get 0) (local.get 1))))"#,
//! )?;
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "count", |mut caller: Caller<'_, i32>, by: i32| *caller.data_mut() += by)?;
//! let mut store = Store::new(&engine, 0);
//! let instance = linker.instantiate(&mut store, &module)?;
//! let run = instance.get_typed_func::<(i32, i32), i32>(&mut store, "run")?;
//! assert_eq!(run.call(&mut store, (2, 3))?, 5);
//! assert_eq!(*store.data(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Misuse
//!
//! A handle knows its store, a module its engine. Using one with another store or engine is an [`Err`], or `None` where a method
//! looks something up; it is never undefined behaviour. Few methods have room for neither ([`Memory::data`], [`Global::get`]): these panic
//! with a clear message, and have a twin that returns the error ([`Memory::try_data`], [`Global::try_get`]). A reference to an object
//! that is used after the end of the [scope](RootScope) it was made in is an error too. A panic in a host function
//! comes back as an `Err` and *poisons* the store: what it holds can still be read, but nothing in it can be called
//! any more.

mod cache;
mod code;
mod compile;
mod config;
mod context;
mod deadline;
mod engine;
mod error;
mod exception;
mod export;
mod func;
mod func_type;
mod gc;
mod global;
mod handle;
mod instance;
mod key;
mod link;
mod linker;
mod memory;
mod module;
mod shared_memory;
mod store;
mod table;
mod tag;
mod trap;
mod types;
mod value;

pub use cache::{Cache, CacheEntry, Lookup, Swept};
pub use code::CompiledFunction;
#[cfg(feature = "compile")]
pub use compile::CompileError;
pub use config::{Config, OptLevel, RegallocAlgorithm};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use engine::{Engine, EngineWeak, Precompiled};
pub use error::{Chain, Context, Error, Result};
pub use exception::{Exception, ExnRef};
pub use export::{ModuleExport, TypedExport};
pub use func::{Caller, Func, HostReturn, IntoFunc, TypedFunc, WasmParams, WasmResults, WasmTy};
pub use func_type::FuncType;
pub use gc::{
    AnyRef, ArrayRef, ArrayRefPre, EqRef, ExternRef, GcRef, I31, OwnedRooted, RootScope, Rooted, RootedGcRef,
    StructRef, StructRefPre,
};
pub use global::Global;
pub use handle::{Export, Extern};
pub use instance::Instance;
pub use link::{LinkError, MissingImport, UnknownImport};
pub use linker::{InstancePre, Linker};
pub use memory::{Memory, MemoryAccessError};
pub use module::{Module, ResourcesRequired};
pub use shared_memory::{SharedMemory, WaitResult};
pub use store::{HeapStats, InterruptHandle, Store};
pub use table::Table;
pub use tag::Tag;
pub use tancho_abi::image::ImageError;
pub use tancho_runtime::code::LoadError;
pub use trap::{FrameInfo, Trap, WasmBacktrace};
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, Finality, GlobalType, HeapType, ImportType, MemoryType,
    MemoryTypeBuilder, Mutability, RefType, StorageType, StructType, TableType, TagType, ValType,
};
pub use value::{Ref, V128, Val};
