//! Limits: how much a store may have, as one value, and the embedder's own opinion of it.
//!
//! Users build a [`Limits`] or write a [`ResourceLimiter`]; `store` hands both to the runtime, which asks them.

use crate::error::{Error, Result};
#[cfg(feature = "async")]
use std::future::Future;
#[cfg(feature = "async")]
use std::pin::Pin;
use std::time::Duration;
use tancho_runtime::limit::Limits as RuntimeLimits;

/// ```
/// # use tancho::{Engine, LimitExceeded, Limits, Memory, MemoryType, Resource, Result, Store};
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// store.set_limits(Limits::new().memories(0))?;
/// let error = Memory::new(&mut store, MemoryType::new(1, None)).unwrap_err();
/// let exceeded = error.downcast_ref::<LimitExceeded>().expect("it is a limit");
/// assert_eq!((exceeded.resource, exceeded.asked, exceeded.limit), (Resource::Memories, 1, Some(0)));
/// # Ok(())
/// # }
/// ```
pub use tancho_runtime::limit::LimitExceeded;

/// ```
/// # use tancho::{Engine, Instance, LimitExceeded, Limits, Module, Resource, Result, Store};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), "(module (memory 2))")?;
/// let mut store = Store::new(module.engine(), ());
/// store.set_limits(Limits::new().total_memory_bytes(100_000))?;
/// let error = Instance::new(&mut store, &module, &[]).unwrap_err();
/// let resource = error.downcast_ref::<LimitExceeded>().map(|exceeded| exceeded.resource);
/// assert_eq!(resource, Some(Resource::TotalMemoryBytes));
/// # Ok(())
/// # }
/// ```
pub use tancho_runtime::limit::Resource;

/// How many instances, tables and memories a store may have where a [`ResourceLimiter`] does not say otherwise.
const DEFAULT_COUNT: usize = 10_000;

/// How much a store may have: one value, for [`Store::set_limits`](crate::Store::set_limits). What is not set is not limited.
///
/// Where `memory.grow` or `table.grow` would exceed a limit, it gives -1, or ends the call ([`Limits::trap_on_grow_failure`]). Anything
/// else that would is an error that says what was asked for, what the limit is and how it is set: a [`LimitExceeded`].
///
/// ```
/// # use std::time::Duration;
/// # use tancho::{Config, Engine, Instance, LimitExceeded, Limits, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().consume_fuel(true))?;
/// let mut store = Store::new(&engine, ());
/// store.set_limits(
///     Limits::new().memory_bytes(1 << 20).instances(10).fuel(1_000_000).timeout(Duration::from_secs(1)),
/// )?;
/// let large = Module::new(&engine, "(module (memory 17))")?;
/// let refused = Instance::new(&mut store, &large, &[]).unwrap_err();
/// assert!(refused.downcast_ref::<LimitExceeded>().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub(crate) runtime: RuntimeLimits,
    pub(crate) gc_heap_bytes: Option<u64>,
    pub(crate) fuel: Option<u64>,
    pub(crate) timeout: Option<Duration>,
}

impl Limits {
    /// No limits.
    pub fn new() -> Limits {
        Limits::default()
    }

    /// Bytes that each memory may have.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Limits {
        self.runtime.memory_bytes = bytes;
        self
    }

    /// Bytes that all memories of the store may have together. One that stores share counts in each of them.
    #[must_use]
    pub fn total_memory_bytes(mut self, bytes: u64) -> Limits {
        self.runtime.total_memory_bytes = bytes;
        self
    }

    /// Entries that each table may have.
    #[must_use]
    pub fn table_elements(mut self, elements: u64) -> Limits {
        self.runtime.table_elements = elements;
        self
    }

    /// Instances that there may be. Nothing leaves a store: whatever was made counts.
    #[must_use]
    pub fn instances(mut self, instances: u64) -> Limits {
        self.runtime.instances = instances;
        self
    }

    /// Memories that there may be, of instances and of the host.
    #[must_use]
    pub fn memories(mut self, memories: u64) -> Limits {
        self.runtime.memories = memories;
        self
    }

    /// Tables that there may be, of instances and of the host.
    #[must_use]
    pub fn tables(mut self, tables: u64) -> Limits {
        self.runtime.tables = tables;
        self
    }

    /// Whether `memory.grow` and `table.grow` end the call where they would give -1, whatever the reason.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Limits {
        self.runtime.trap_on_grow_failure = trap;
        self
    }

    /// Bytes of stack for a call and all that it calls, host functions and what they call in the same store included; about as many, since frames
    /// of up to 64 KiB are noticed behind them. An asynchronous call within another has a stack of its own, and as many of it again. More is the trap [`Trap::StackOverflow`](crate::Trap::StackOverflow). Only code that compares
    /// for the end of its stack keeps to it: [`Config::signals_based_traps(false)`](crate::Config::signals_based_traps).
    #[must_use]
    pub fn stack_bytes(mut self, bytes: u64) -> Limits {
        self.runtime.stack_bytes = bytes;
        self
    }

    /// Bytes that the heap of objects may have: see [`Store::set_gc_heap_limit`](crate::Store::set_gc_heap_limit).
    #[must_use]
    pub fn gc_heap_bytes(mut self, bytes: u64) -> Limits {
        self.gc_heap_bytes = Some(bytes);
        self
    }

    /// Fuel, from now on: see [`Store::set_fuel`](crate::Store::set_fuel). Where it is not set, what is left stays.
    #[must_use]
    pub fn fuel(mut self, fuel: u64) -> Limits {
        self.fuel = Some(fuel);
        self
    }

    /// Time, counted from when the limits are set: see [`Store::set_deadline`](crate::Store::set_deadline). Where it is not set, the deadline
    /// stays.
    #[must_use]
    pub fn timeout(mut self, after: Duration) -> Limits {
        self.timeout = Some(after);
        self
    }
}

/// What decides whether memories and tables of a store may be made and grow: see [`Store::limiter`](crate::Store::limiter). It is asked after
/// the store's [`Limits`], and both must agree.
///
/// A limiter that panics poisons the store, as a host function does.
///
/// ```
/// # use tancho::{Engine, Memory, MemoryType, ResourceLimiter, Result, Store};
/// # fn main() -> Result<()> {
/// /// Bytes that all stores of a customer may still take.
/// struct Quota(usize);
///
/// impl ResourceLimiter for Quota {
///     fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         let left = self.0.checked_sub(desired - current);
///         self.0 = left.unwrap_or(self.0);
///         Ok(left.is_some())
///     }
///
///     fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         Ok(desired <= 1000)
///     }
/// }
///
/// let mut store = Store::new(&Engine::default(), Quota(100_000));
/// store.limiter(|quota| quota);
/// assert!(Memory::new(&mut store, MemoryType::new(2, None)).is_err());
/// Memory::new(&mut store, MemoryType::new(1, None))?;
/// assert_eq!(store.data().0, 100_000 - 65_536);
/// # Ok(())
/// # }
/// ```
pub trait ResourceLimiter {
    /// Whether a memory may have `desired` bytes instead of `current`; 0 where it is made. `maximum` is that of its type. `false` makes
    /// `memory.grow` give -1, and instantiation an error.
    ///
    /// # Errors
    ///
    /// What the call, or the instantiation, is to end in.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// A memory has not grown that was to, for whatever reason.
    ///
    /// # Errors
    ///
    /// What the call is to end in; without one, `memory.grow` gives -1.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// Whether a table may have `desired` entries instead of `current`: as for memories.
    ///
    /// # Errors
    ///
    /// What the call, or the instantiation, is to end in.
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// A table has not grown that was to.
    ///
    /// # Errors
    ///
    /// What the call is to end in; without one, `table.grow` gives -1.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// How many instances there may be.
    fn instances(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many tables there may be.
    fn tables(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many memories there may be.
    fn memories(&self) -> usize {
        DEFAULT_COUNT
    }
}

/// The answer of a [`ResourceLimiterAsync`], when it is there.
///
/// ```
/// # use tancho::Growing;
/// let no: Growing<'_> = Box::pin(async { Ok(false) });
/// ```
#[cfg(feature = "async")]
pub type Growing<'a> = Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>>;

/// What decides as a [`ResourceLimiter`] does, and may take its time: see [`Store::limiter_async`](crate::Store::limiter_async).
///
/// ```
/// # use tancho::{Engine, Growing, Instance, Module, ResourceLimiterAsync, Result, Store};
/// # async fn ask_the_service(_bytes: usize) -> bool { true }
/// struct Tenant;
///
/// impl ResourceLimiterAsync for Tenant {
///     fn memory_growing<'a, 'b>(&'a mut self, current: usize, desired: usize, _: Option<usize>) -> Growing<'b>
///     where
///         'a: 'b,
///     {
///         Box::pin(async move { Ok(ask_the_service(desired - current).await) })
///     }
///
///     fn table_growing<'a, 'b>(&'a mut self, _: usize, desired: usize, _: Option<usize>) -> Growing<'b>
///     where
///         'a: 'b,
///     {
///         Box::pin(async move { Ok(desired <= 1000) })
///     }
/// }
///
/// # async fn run() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, Tenant);
/// store.limiter_async(|tenant| tenant);
/// let module = Module::new(&engine, r#"(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 1))))"#)?;
/// let instance = Instance::new_async(&mut store, &module, &[]).await?;
/// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
/// assert_eq!(f.call_async(&mut store, ()).await?, 1);
/// # Ok(())
/// # }
/// # let mut future = std::pin::pin!(run());
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(matches!(future.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
/// ```
///
/// The two methods that wait are written as the crate `async-trait` makes them of `async fn`: with its attribute an implementation has
/// `async fn memory_growing(&mut self, …) -> Result<bool>`.
#[cfg(feature = "async")]
pub trait ResourceLimiterAsync: Send {
    /// As [`ResourceLimiter::memory_growing`], as a future.
    fn memory_growing<'a, 'b>(&'a mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growing<'b>
    where
        'a: 'b,
        Self: 'b;

    /// As [`ResourceLimiter::memory_grow_failed`].
    ///
    /// # Errors
    ///
    /// As there.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// As [`ResourceLimiter::table_growing`], as a future.
    fn table_growing<'a, 'b>(&'a mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growing<'b>
    where
        'a: 'b,
        Self: 'b;

    /// As [`ResourceLimiter::table_grow_failed`].
    ///
    /// # Errors
    ///
    /// As there.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// How many instances there may be.
    fn instances(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many tables there may be.
    fn tables(&self) -> usize {
        DEFAULT_COUNT
    }

    /// How many memories there may be.
    fn memories(&self) -> usize {
        DEFAULT_COUNT
    }
}

/// Limits as a [`ResourceLimiter`], for programs that have one in their data. [`Limits`] are shorter, and cover more.
///
/// ```
/// # use tancho::{Engine, Memory, MemoryType, Result, Store, StoreLimitsBuilder};
/// # fn main() -> Result<()> {
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).memories(1).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// Memory::new(&mut store, MemoryType::new(16, None))?;
/// assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            memory_size: None,
            table_elements: None,
            instances: DEFAULT_COUNT,
            tables: DEFAULT_COUNT,
            memories: DEFAULT_COUNT,
            trap_on_grow_failure: false,
        }
    }
}

/// Makes [`StoreLimits`].
///
/// ```
/// # use tancho::{Engine, Memory, MemoryType, Result, Store, StoreLimitsBuilder};
/// # fn main() -> Result<()> {
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).memories(1).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// Memory::new(&mut store, MemoryType::new(16, None))?;
/// assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// No limit but 10,000 instances, tables and memories.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// Bytes that each memory may have.
    #[must_use]
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.0.memory_size = Some(limit);
        self
    }

    /// Entries that each table may have.
    #[must_use]
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.0.table_elements = Some(limit);
        self
    }

    /// Instances that there may be.
    #[must_use]
    pub fn instances(mut self, limit: usize) -> Self {
        self.0.instances = limit;
        self
    }

    /// Tables that there may be.
    #[must_use]
    pub fn tables(mut self, tables: usize) -> Self {
        self.0.tables = tables;
        self
    }

    /// Memories that there may be.
    #[must_use]
    pub fn memories(mut self, memories: usize) -> Self {
        self.0.memories = memories;
        self
    }

    /// Whether growth that fails ends the call.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

impl StoreLimits {
    fn failed(&self, error: Error) -> Result<()> {
        if self.trap_on_grow_failure {
            Err(error.context("growth has failed, which is to end the call"))
        } else {
            Ok(())
        }
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.memory_size.is_none_or(|limit| desired <= limit))
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.table_elements.is_none_or(|limit| desired <= limit))
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
