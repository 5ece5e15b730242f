//! Shared memories: memories that several stores use at the same time, each on a thread of its own.
//!
//! Users make them, or find them among what an instance exports, and give them to other stores as imports; `link` matches their types.
//! Unlike other things that are imported, they belong to no store.

use crate::engine::Engine;
use crate::error::{Coded, Context, ErrorCode, Result};
use crate::limiter;
use crate::memory::MemoryAccessError;
use crate::store::{Loan, StoreOpaque};
use crate::trap::Trap;
use crate::types::MemoryType;
use std::cell::UnsafeCell;
use std::fmt;
use std::sync::atomic::AtomicU8;
use std::time::Duration;
use tancho_runtime::memory::{SharedMemory as RuntimeMemory, Wait};
use tancho_runtime::store::MemoryId;

/// A linear memory that threads share. A clone is the same memory; it lives as long as anyone has one, a store among them.
///
#[cfg_attr(all(feature = "compile", feature = "wat"), doc = "```")]
#[cfg_attr(not(all(feature = "compile", feature = "wat")), doc = "```ignore")]
/// use tancho::{Engine, Instance, MemoryType, Module, Result, SharedMemory, Store};
///
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (import "" "" (memory 1 1 shared))
///         (func (export "count") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#,
/// )?;
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| -> Result<()> {
///             let mut store = Store::new(&engine, ());
///             let instance = Instance::new(&mut store, &module, &[memory.clone().into()])?;
///             instance.get_typed_func::<(), ()>(&mut store, "count")?.call(&mut store, ())
///         });
///     }
/// });
/// let mut count = [0; 4];
/// memory.read(0, &mut count)?;
/// assert_eq!(u32::from_le_bytes(count), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    memory: RuntimeMemory,
}

/// How a wait in a shared memory ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitResult {
    /// Another thread notified this one: what the guest gets as 0.
    Ok,
    /// It did not begin, because memory did not hold the expected value: 1.
    Mismatch,
    /// The time was up: 2.
    TimedOut,
}

impl From<Wait> for WaitResult {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Ok => WaitResult::Ok,
            Wait::Mismatch => WaitResult::Mismatch,
            Wait::TimedOut => WaitResult::TimedOut,
        }
    }
}

impl SharedMemory {
    /// A new memory, all zero. Address space for its maximum is reserved at once, for it never moves.
    ///
    /// # Errors
    ///
    /// When the type is not one of a shared memory, or is larger than what the engine reserves; when the system has no address space or
    /// memory left.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        if !ty.is_shared() {
            return Err(ErrorCode::ImpossibleType
                .error(format!("a shared memory cannot have the type {ty}, which is not shared")));
        }
        engine.config().require_shared_memory()?;
        let memory = RuntimeMemory::new(ty.runtime(), engine.tunables());
        let memory = memory.with_context(|| Coded::new(ErrorCode::Refused, format!("cannot make a memory {ty}")))?;
        Ok(SharedMemory { engine: engine.clone(), memory })
    }

    pub(crate) fn of(memory: RuntimeMemory, store: &StoreOpaque) -> SharedMemory {
        SharedMemory { engine: store.engine().clone(), memory }
    }

    /// Its engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its type. The minimum is the present size.
    pub fn ty(&self) -> MemoryType {
        MemoryType::of(self.memory.ty(), self.memory.size_pages())
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// Its size in pages. Another thread may make it larger at any time; it never becomes smaller.
    pub fn size(&self) -> u64 {
        self.memory.size_pages()
    }

    /// Its size in bytes, as [`size`](SharedMemory::size).
    pub fn data_size(&self) -> usize {
        self.memory.byte_length()
    }

    /// Its bytes, as many as there are now. Threads race for them, so each is a cell; [`atomics`](SharedMemory::atomics) are the same bytes
    /// to be used without `unsafe`.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        self.memory.data()
    }

    /// Its bytes, as many as there are now, to be read and written atomically one by one.
    pub fn atomics(&self) -> &[AtomicU8] {
        self.memory.atomics()
    }

    /// Copies the bytes from `offset` on to `buffer`: byte by byte, so that what another thread writes meanwhile may be there in parts.
    ///
    /// # Errors
    ///
    /// A [`MemoryAccessError`] when not all of them are there, and then `buffer` is as it was.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<()> {
        Ok(self.memory.read(offset, buffer).ok_or_else(MemoryAccessError::new)?)
    }

    /// Copies `buffer` over the bytes from `offset` on, byte by byte.
    ///
    /// # Errors
    ///
    /// A [`MemoryAccessError`] when not all of them are there, and then the memory is as it was.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<()> {
        Ok(self.memory.write(offset, buffer).ok_or_else(MemoryAccessError::new)?)
    }

    /// Grows it by `delta` pages, all zero, and says how many it had. Of threads that do so at the same time each is told of another
    /// number.
    ///
    /// # Errors
    ///
    /// When it would exceed its maximum or what the engine reserves, or the system has no memory left. Then it is as it was.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        self.memory
            .grow(delta)
            .with_context(|| Coded::new(ErrorCode::Refused, format!("cannot grow a memory by {delta} pages")))
    }

    /// What `memory.atomic.notify` does: releases at most `count` threads that wait at `addr`, guests and hosts alike, and says how many.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless `addr` is a multiple of 4, [`Trap::MemoryOutOfBounds`].
    pub fn atomic_notify(&self, addr: u64, count: u32) -> Result<u32, Trap> {
        self.memory.notify(addr, count)
    }

    /// What `memory.atomic.wait32` does: waits at `addr` if memory holds the expected value there. No interruption ends it, for it is
    /// of no store; without a timeout only a notification does.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapMisaligned`] unless `addr` is a multiple of 4, [`Trap::MemoryOutOfBounds`].
    pub fn atomic_wait32(&self, addr: u64, expected: u32, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.memory.wait32(addr, expected, timeout).map(WaitResult::from)
    }

    /// The same for 64 bits.
    ///
    /// # Errors
    ///
    /// As for [`atomic_wait32`](SharedMemory::atomic_wait32); `addr` is to be a multiple of 8.
    pub fn atomic_wait64(&self, addr: u64, expected: u64, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.memory.wait64(addr, expected, timeout).map(WaitResult::from)
    }

    /// Its type, when it may be used in `store`.
    pub(crate) fn ty_in(&self, store: &StoreOpaque) -> Result<MemoryType> {
        store.require_engine(&self.engine, "shared memory")?;
        Ok(self.ty())
    }

    /// How it is imported.
    pub(crate) fn import<T>(&self, loan: &mut Loan<'_, T>) -> Result<MemoryId> {
        let store = &mut loan.inner_mut().opaque;
        store.require_engine(&self.engine, "shared memory")?;
        let admitted = store.runtime_mut().admit_shared_memory(&self.memory);
        let admitted = admitted.and_then(|question| limiter::ask(loan, question));
        let store = &mut loan.inner_mut().opaque;
        admitted.map_err(|denied| store.denied(denied))?;
        Ok(store.runtime_mut().add_shared_memory(self.memory.clone()))
    }
}

/// Whether it is this very memory.
impl PartialEq for SharedMemory {
    fn eq(&self, other: &Self) -> bool {
        self.memory.is_same(&other.memory)
    }
}

impl Eq for SharedMemory {}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("ty", &self.ty()).finish_non_exhaustive()
    }
}
