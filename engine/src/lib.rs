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

#[cfg(feature = "async")]
mod asynchronous;
mod cache;
mod code;
mod compile;
mod config;
mod context;
#[cfg(feature = "coredump")]
mod coredump;
mod deadline;
mod dwarf;
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
mod limiter;
mod limits;
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
/// ```
/// # use tancho::{CompileError, Engine, Module};
/// let error = Module::new(&Engine::default(), "(module (func (result i32)))").unwrap_err();
/// assert!(error.downcast_ref::<CompileError>().is_some());
/// ```
#[cfg(feature = "compile")]
pub use compile::CompileError;
pub use config::Config;
/// ```
/// # use tancho::{Config, Engine, OptLevel, Result};
/// # fn main() -> Result<()> {
/// // Compiled quickly, to run once.
/// let engine = Engine::new(Config::new().cranelift_opt_level(OptLevel::None))?;
/// # Ok(())
/// # }
/// ```
pub use config::OptLevel;
/// ```
/// # use tancho::{Config, Engine, RegallocAlgorithm, Result};
/// # fn main() -> Result<()> {
/// let quick = RegallocAlgorithm::SinglePass;
/// let engine = Engine::new(Config::new().cranelift_regalloc_algorithm(quick))?;
/// # Ok(())
/// # }
/// ```
pub use config::RegallocAlgorithm;
/// ```
/// # use tancho::{Config, Engine, Result, WasmBacktraceDetails};
/// # fn main() -> Result<()> {
/// // Backtraces without lines of the source, whatever the modules and the environment say.
/// let engine = Engine::new(Config::new().wasm_backtrace_details(WasmBacktraceDetails::Disable))?;
/// # Ok(())
/// # }
/// ```
pub use config::WasmBacktraceDetails;
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
#[cfg(feature = "coredump")]
pub use coredump::WasmCoreDump;
pub use dwarf::FrameSymbol;
pub use engine::{Engine, EngineWeak, Precompiled};
pub use error::{Chain, Coded, Context, Error, ErrorCode, NoCode, Result};
pub use exception::{Exception, ExnRef};
pub use export::{ModuleExport, TypedExport};
pub use func::{
    CallHook, Caller, Func, HostReturn, IntoFunc, TypedFunc, UpdateDeadline, WasmParams, WasmResults, WasmTy,
};
pub use func_type::FuncType;
pub use gc::{
    AnyRef, ArrayRef, ArrayRefPre, EqRef, ExternRef, GcRef, I31, OwnedRooted, RootScope, Rooted, RootedGcRef,
    StructRef, StructRefPre,
};
pub use global::Global;
pub use handle::{Export, Extern};
pub use instance::Instance;
#[cfg(feature = "async")]
pub use limits::{Growing, ResourceLimiterAsync};
pub use limits::{LimitExceeded, Limits, Resource, ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use link::{LinkError, MissingImport, UnknownImport};
pub use linker::{InstancePre, Linker};
pub use memory::{Memory, MemoryAccessError};
pub use module::{Module, ResourcesRequired};
pub use shared_memory::SharedMemory;
/// ```
/// # use tancho::{Engine, MemoryType, Result, SharedMemory, WaitResult};
/// # fn main() -> Result<()> {
/// let memory = SharedMemory::new(&Engine::default(), MemoryType::shared(1, 1))?;
/// // What is at the address is 0, and 1 is expected.
/// assert_eq!(memory.atomic_wait32(0, 1, None)?, WaitResult::Mismatch);
/// # Ok(())
/// # }
/// ```
pub use shared_memory::WaitResult;
/// ```
/// # use tancho::{Engine, ExternRef, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// ExternRef::new(&mut store, 1)?;
/// store.gc();
/// let stats = store.heap_stats();
/// println!("{stats:?}");
/// # Ok(())
/// # }
/// ```
pub use store::HeapStats;
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store, Trap};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop $l (br $l))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let handle = store.interrupt_handle();
/// let stopper = std::thread::spawn(move || handle.interrupt());
/// let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
/// let ended = spin.call(&mut store, ()).unwrap_err();
/// assert_eq!(ended.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
/// # stopper.join().unwrap();
/// # Ok(())
/// # }
/// ```
pub use store::InterruptHandle;
pub use store::Store;
pub use table::Table;
pub use tag::Tag;
/// ```
/// # use tancho::{Engine, ImageError, LoadError, Module, Result};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut bytes = engine.precompile_module(b"(module)")?;
/// let last = bytes.len() - 1;
/// bytes[last] ^= 1;
/// let error = Module::deserialize(&engine, &bytes).unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(LoadError::Image(ImageError::Digest))));
/// # Ok(())
/// # }
/// ```
pub use tancho_abi::image::ImageError;
/// ```
/// # use tancho::{Engine, LoadError, Module};
/// let error = Module::deserialize(&Engine::default(), b"(module)").unwrap_err();
/// assert!(error.downcast_ref::<LoadError>().is_some());
/// ```
pub use tancho_runtime::code::LoadError;
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store, Trap};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f") (unreachable)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
/// # Ok(())
/// # }
/// ```
pub use trap::Trap;
pub use trap::{FrameInfo, WasmBacktrace};
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, Finality, GlobalType, HeapType, ImportType, MemoryType,
    MemoryTypeBuilder, Mutability, RefType, StorageType, StructType, TableType, TagType, ValType,
};
pub use value::{Ref, V128, Val};

/// The snippets of the page are tests.
#[cfg(all(doctest, feature = "compile", feature = "wat"))]
#[doc = include_str!("../../docs/embedding/coming-from-wasmtime.md")]
struct ComingFromWasmtime;

/// As those of this one.
#[cfg(all(doctest, feature = "compile", feature = "wat"))]
#[doc = include_str!("../../docs/embedding/limits-and-interruption.md")]
struct LimitsAndInterruption;
