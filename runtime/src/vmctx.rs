//! The memory in which `Vm` records live: allocations that never move and are reached by raw pointers only, because
//! compiled code holds their addresses.
//!
//! Called by `store`, `instance`, `memory` and `table`.

use crate::sys::map::{PageAndMemory, page_size};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tancho_abi::vmctx::VmContext;

/// A value at an address of its own, which moving the `Fixed` does not change. It is read and written by pointer alone, so
/// that no reference of Rust's ever claims that compiled code stays away from it.
pub(crate) struct Fixed<T>(NonNull<T>);

impl<T> Fixed<T> {
    pub(crate) fn new(value: T) -> Fixed<T> {
        Fixed(NonNull::from(Box::leak(Box::new(value))))
    }

    /// One that `write` makes, at the place where it stays.
    ///
    /// # Safety
    ///
    /// `write` writes a value to the place.
    pub(crate) unsafe fn written(write: impl FnOnce(*mut T)) -> Fixed<T> {
        let place = NonNull::from(Box::leak(Box::<T>::new_uninit())).cast::<T>();
        write(place.as_ptr());
        Fixed(place)
    }

    pub(crate) fn as_non_null(&self) -> NonNull<T> {
        self.0
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T> Drop for Fixed<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `new` and is given back once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Where the head of a memory or table stands: in the context of the instance that defines it, or, when the host made it,
/// by itself.
pub(crate) enum Head<T> {
    Context(NonNull<T>),
    Own(Fixed<T>),
}

impl<T> Head<T> {
    /// Writes `value` to its place in a context.
    ///
    /// # Safety
    ///
    /// The place must be valid for writes now and for reads and writes as long as the head is used.
    pub(crate) unsafe fn in_context(place: NonNull<T>, value: T) -> Head<T> {
        // SAFETY: the caller says so.
        unsafe { place.write(value) };
        Head::Context(place)
    }

    pub(crate) fn own(value: T) -> Head<T> {
        Head::Own(Fixed::new(value))
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        match self {
            Head::Context(place) => place.as_ptr(),
            Head::Own(fixed) => fixed.as_ptr(),
        }
    }
}

/// The whole context of an instance, and the page below it that its code reads to be interrupted.
pub(crate) struct Context {
    mapping: ManuallyDrop<PageAndMemory>,
    size: usize,
}

/// A mapping of a context that is gone.
struct Free {
    mapping: PageAndMemory,
    /// As many bytes at its start have been used; the rest is zero.
    used: usize,
}

/// Mappings of contexts that are gone, by the logarithm of their size in pages: making one takes longer than all else about an instance.
static FREE: Mutex<[Vec<Free>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);
/// Larger ones than 2⁷ pages are not kept.
const SIZES: usize = 8;
/// As many pages are kept of each size at most.
const MOST_FREE: usize = 256;

fn free() -> MutexGuard<'static, [Vec<Free>; SIZES]> {
    // Nothing panics that holds the lock.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// A context that begins with the `size` bytes at `bytes`, at least as many as its head; zero otherwise. `None` when there is no such
    /// room.
    ///
    /// # Safety
    ///
    /// There are so many bytes.
    pub(crate) unsafe fn new((bytes, size): (*const u8, usize)) -> Option<Context> {
        assert!(size >= size_of::<VmContext>(), "a context without a head");
        let pages = size.div_ceil(page_size()).checked_next_power_of_two()?;
        let known = free().get_mut(pages.ilog2() as usize).and_then(Vec::pop);
        let (mapping, used) = match known {
            Some(Free { mapping, used }) => (mapping, used),
            None => (PageAndMemory::new(pages.checked_mul(page_size())?).ok()?, 0),
        };
        let memory = mapping.memory().0;
        // SAFETY: the caller says so; the mapping has room for both sizes, and nobody else uses it.
        unsafe {
            memory.copy_from_nonoverlapping(bytes, size);
            memory.add(size).write_bytes(0, used.saturating_sub(size));
        }
        Some(Context { mapping: ManuallyDrop::new(mapping), size })
    }

    pub(crate) fn as_ptr(&self) -> *mut VmContext {
        self.mapping.memory().0.cast()
    }

    /// The address of the page that its code reads.
    pub(crate) fn page(&self) -> usize {
        self.mapping.page()
    }

    /// The place at `offset`, which the module's `VmLayout` gave for a record of type `T`.
    pub(crate) fn at<T>(&self, offset: u32) -> NonNull<T> {
        let offset = offset as usize;
        assert!(offset + size_of::<T>() <= self.size, "an offset outside of the context");
        let place = self.mapping.memory().0.wrapping_add(offset).cast();
        NonNull::new(place).expect("inside of a mapping, as just checked")
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let mapping = unsafe { ManuallyDrop::take(&mut self.mapping) };
        let pages = mapping.memory().1 / page_size();
        if let Some(free) = free().get_mut(pages.ilog2() as usize)
            && free.len() < MOST_FREE / pages
        {
            free.push(Free { mapping, used: self.size });
        }
    }
}
