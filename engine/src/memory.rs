//! Memories: handles of linear memories.
//!
//! Users read, write and grow them; `link` matches their types.

use crate::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::error::{Coded, Context, ErrorCode, Result};
use crate::handle::{StoreId, own};
use crate::limiter;
use crate::store::{Loan, StoreInner, StoreOpaque};
use crate::types::MemoryType;
use std::fmt;
use tancho_runtime::store::MemoryId;

/// A linear memory of a store. One that threads share is a [`SharedMemory`](crate::SharedMemory) instead.
///
/// ```
/// # use tancho::{Engine, Memory, MemoryType, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 8, b"abc")?;
/// assert_eq!(&memory.data(&store)[8..11], b"abc");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.size(&store), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    store: StoreId,
    id: MemoryId,
}

/// What messages call it.
const WHAT: &str = "memory";

/// An access to bytes of a memory that are not there.
///
/// ```
/// # use tancho::{Engine, Memory, MemoryAccessError, MemoryType, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let error = memory.read(&store, 65_535, &mut [0; 2]).unwrap_err();
/// assert!(error.is::<MemoryAccessError>());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryAccessError {
    _private: (),
}

impl MemoryAccessError {
    pub(crate) fn new() -> MemoryAccessError {
        MemoryAccessError { _private: () }
    }
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of bounds memory access")
    }
}

impl std::error::Error for MemoryAccessError {}

impl Memory {
    /// A new memory, all zero.
    ///
    /// # Errors
    ///
    /// When the type is none, because the minimum exceeds the maximum or one of them is more bytes than there are addresses; when it is not
    /// supported, or shared; or when the system has no address space or memory left.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        Self::new_in(store.as_context_mut().loan(), &ty)
    }

    pub(crate) fn new_in<T>(store: &mut Loan<'_, T>, ty: &MemoryType) -> Result<Memory> {
        if ty.is_shared() {
            return Err(ErrorCode::ImpossibleType
                .error(format!("a memory {ty} belongs to no store: `SharedMemory::new` makes it")));
        }
        ty.check()?;
        let failed = || Coded::new(ErrorCode::Refused, format!("cannot make a memory {ty}"));
        let admitted = store.inner_mut().opaque.runtime_mut().admit_memory(&ty.runtime());
        let admitted = admitted.and_then(|question| limiter::ask(store, question));
        let store = &mut store.inner_mut().opaque;
        admitted.map_err(|denied| store.denied(denied).context(failed()))?;
        let id = store.runtime_mut().new_memory(ty.runtime()).with_context(failed)?;
        Ok(Memory::of(id, store))
    }

    /// Its type. The minimum is the present size.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        own(self.try_ty(store))
    }

    /// Its type: as [`Memory::ty`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<MemoryType> {
        self.ty_in(store.as_context().opaque())
    }

    /// Its bytes.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_data`].
    #[track_caller]
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        own(self.try_data(store))
    }

    /// Its bytes.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a [u8]> {
        let store = store.into().opaque();
        self.store.check(store, WHAT)?;
        Ok(store.runtime().memory(self.id).as_slice())
    }

    /// Its bytes, to change.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_data_mut`].
    #[track_caller]
    pub fn data_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        own(self.try_data_mut(store))
    }

    /// Its bytes, to change.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_data_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> Result<&'a mut [u8]> {
        Ok(self.try_data_and_store_mut(store)?.0)
    }

    /// Its bytes and the program's own data, to change both.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_data_and_store_mut`].
    #[track_caller]
    pub fn data_and_store_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> (&'a mut [u8], &'a mut T) {
        own(self.try_data_and_store_mut(store))
    }

    /// Its bytes and the program's own data, to change both.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_data_and_store_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<(&'a mut [u8], &'a mut T)> {
        let StoreInner { opaque, data, .. } = store.into().into_loan().into_mut();
        self.store.check(opaque, WHAT)?;
        Ok((opaque.runtime_mut().memory_mut(self.id).as_mut_slice(), data))
    }

    /// Where its bytes are now: growing it may move them.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_data_ptr`].
    #[track_caller]
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        own(self.try_data_ptr(store))
    }

    /// Where its bytes are now: growing it may move them.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_data_ptr(&self, store: impl AsContext) -> Result<*mut u8> {
        Ok(self.in_store(store.as_context().opaque())?.base())
    }

    /// Copies the bytes from `offset` on to `buffer`.
    ///
    /// # Errors
    ///
    /// A [`MemoryAccessError`] when not all of them are there, and then `buffer` is as it was; when the memory
    /// belongs to another store.
    pub fn read(&self, store: impl AsContext, offset: usize, buffer: &mut [u8]) -> Result<()> {
        let context = store.as_context();
        self.store.check(context.opaque(), WHAT)?;
        let bytes = context.opaque().runtime().memory(self.id).as_slice();
        let end = offset.checked_add(buffer.len());
        let bytes = end.and_then(|end| bytes.get(offset..end)).ok_or_else(MemoryAccessError::new)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    /// Copies `buffer` over the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// A [`MemoryAccessError`] when not all of them are there, and then the memory is as it was; when the memory
    /// belongs to another store.
    pub fn write(&self, mut store: impl AsContextMut, offset: usize, buffer: &[u8]) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.store.check(store, WHAT)?;
        let bytes = store.runtime_mut().memory_mut(self.id).as_mut_slice();
        let end = offset.checked_add(buffer.len());
        let bytes = end.and_then(|end| bytes.get_mut(offset..end)).ok_or_else(MemoryAccessError::new)?;
        bytes.copy_from_slice(buffer);
        Ok(())
    }

    /// Its size in pages.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_size`].
    #[track_caller]
    pub fn size(&self, store: impl AsContext) -> u64 {
        own(self.try_size(store))
    }

    /// Its size in pages.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_size(&self, store: impl AsContext) -> Result<u64> {
        Ok(self.in_store(store.as_context().opaque())?.size_pages())
    }

    /// Its size in bytes.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_data_size`].
    #[track_caller]
    pub fn data_size(&self, store: impl AsContext) -> usize {
        own(self.try_data_size(store))
    }

    /// Its size in bytes.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_data_size(&self, store: impl AsContext) -> Result<usize> {
        Ok(self.in_store(store.as_context().opaque())?.byte_length())
    }

    /// Bytes in a page of it.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_page_size`].
    #[track_caller]
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        own(self.try_page_size(store))
    }

    /// Bytes in a page of it.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_page_size(&self, store: impl AsContext) -> Result<u64> {
        Ok(self.try_ty(store)?.page_size())
    }

    /// log₂ of the bytes in a page of it.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Memory::try_page_size_log2`].
    #[track_caller]
    pub fn page_size_log2(&self, store: impl AsContext) -> u8 {
        own(self.try_page_size_log2(store))
    }

    /// log₂ of the bytes in a page of it.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_page_size_log2(&self, store: impl AsContext) -> Result<u8> {
        Ok(self.try_ty(store)?.page_size_log2())
    }

    /// Grows it by `delta` pages, all zero, and says how many it had.
    ///
    /// # Errors
    ///
    /// When it would exceed its maximum or what the engine reserves, or the system has no memory left; when it
    /// belongs to another store. Then it is as it was.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.store.check(store, WHAT)?;
        store.require_at_rest()?;
        let admitted = store.runtime_mut().memory_growth(self.id, delta);
        let admitted = admitted.and_then(|question| limiter::ask(context.loan(), question));
        let store = context.opaque_mut();
        let grown = store.runtime_mut().grow_memory(self.id, delta, admitted);
        let failed = || Coded::new(ErrorCode::Refused, format!("cannot grow a memory by {delta} pages"));
        grown.map_err(|denied| store.denied(denied).context(failed()))
    }

    pub(crate) fn of(id: MemoryId, store: &StoreOpaque) -> Memory {
        Memory { store: store.id(), id }
    }

    fn in_store(self, store: &StoreOpaque) -> Result<&tancho_runtime::memory::Memory> {
        self.store.check(store, WHAT)?;
        Ok(store.runtime().memory(self.id))
    }

    fn now(self, store: &StoreOpaque) -> MemoryType {
        let memory = store.runtime().memory(self.id);
        MemoryType::of(memory.ty(), memory.size_pages())
    }

    pub(crate) fn ty_in(self, store: &StoreOpaque) -> Result<MemoryType> {
        self.store.check(store, WHAT)?;
        Ok(self.now(store))
    }

    /// How it is imported.
    pub(crate) fn import(self, store: &StoreOpaque) -> Result<MemoryId> {
        self.store.check(store, WHAT)?;
        Ok(self.id)
    }
}
