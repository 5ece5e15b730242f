//! The memory in which `Vm` records live: allocations that never move and are reached by raw pointers only, because
//! compiled code holds their addresses.
//!
//! Called by `store`, `instance`, `memory` and `table`.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use tancho_abi::vmctx::VmContext;

/// A value at an address of its own, which moving the `Fixed` does not change. It is read and written by pointer alone, so
/// that no reference of Rust's ever claims that compiled code stays away from it.
pub(crate) struct Fixed<T>(NonNull<T>);

impl<T> Fixed<T> {
    pub(crate) fn new(value: T) -> Fixed<T> {
        Fixed(NonNull::from(Box::leak(Box::new(value))))
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

/// The whole context of an instance, zeroed at first.
pub(crate) struct Context {
    start: NonNull<u8>,
    layout: Layout,
}

impl Context {
    /// Allocates `size` bytes; `None` when there is no such room.
    pub(crate) fn new(size: u32) -> Option<Context> {
        let size = (size as usize).max(size_of::<VmContext>());
        let layout = Layout::from_size_align(size, align_of::<VmContext>()).ok()?;
        // SAFETY: the size is not 0.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Context { start, layout })
    }

    pub(crate) fn as_ptr(&self) -> *mut VmContext {
        self.start.as_ptr().cast()
    }

    /// The place at `offset`, which the module's `VmLayout` gave for a record of type `T`.
    pub(crate) fn at<T>(&self, offset: u32) -> NonNull<T> {
        let offset = offset as usize;
        assert!(offset + size_of::<T>() <= self.layout.size(), "an offset outside of the context");
        // SAFETY: inside of the allocation, as just checked.
        unsafe { self.start.add(offset).cast() }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}
