//! New objects, made by the runtime: for the host, for builtins, for constant expressions.
//!
//! Called by `object`, `exception`, `constant` and the builtins. Compiled code makes most of its objects itself.

use super::heap::size_of_object;
use super::host_value::HostValue;
use super::info::{Origin, TypeInfo};
use crate::state::State;
use tancho_abi::object::{ARRAY_LENGTH, LARGE_OBJECT, MAX_OBJECT, PAYLOAD, array_size};
use tancho_abi::trap::Trap;

/// The bytes of an object that is to be made.
///
/// # Safety
///
/// The type is one of this store.
unsafe fn size(info: *const TypeInfo, length: u32) -> Result<usize, Trap> {
    // SAFETY: the caller says so.
    let info = unsafe { &*info };
    let size =
        if info.is_array() { array_size(info.vm.size, info.vm.element_size, length) } else { u64::from(info.vm.size) };
    if size > MAX_OBJECT { Err(Trap::AllocationTooLarge) } else { Ok(size as usize) }
}

impl State {
    /// A new object, all fields or `length` elements 0. May collect. References to young objects may be written into it without another
    /// word until something else collects.
    ///
    /// # Errors
    ///
    /// When there is no room for it after a collection of the whole heap, or it is larger than any can be.
    ///
    /// # Safety
    ///
    /// The type is one of this store.
    pub(crate) unsafe fn allocate(&mut self, info: *const TypeInfo, length: u32) -> Result<u32, Trap> {
        // SAFETY: the caller says so.
        let size = unsafe { size(info, length) }?;
        if size > LARGE_OBJECT as usize {
            let object = self.make_large(size)?;
            // SAFETY: the memory is the object's, and zero.
            unsafe { self.write_head(object, info, length) };
            self.heap.set_card(object);
            return Ok(object);
        }
        // At most LARGE_OBJECT.
        let bytes = size as u32;
        if self.heap.zeal || self.vm.heap_limit - self.vm.heap_next < bytes {
            self.make_room(bytes)?;
        }
        let object = self.vm.heap_next;
        self.vm.heap_next += bytes;
        // SAFETY: there was room for it in the nursery.
        unsafe {
            self.heap.at(object).write_bytes(0, size);
            self.write_head(object, info, length);
        }
        Ok(object)
    }

    /// [`allocate`](Self::allocate) without a collection: the object is old.
    ///
    /// # Errors
    ///
    /// When there is no room, or it is larger than any object can be.
    ///
    /// # Safety
    ///
    /// The type is one of this store.
    pub(crate) unsafe fn allocate_old(&mut self, info: *const TypeInfo, length: u32) -> Result<u32, Trap> {
        // SAFETY: the caller says so.
        let size = unsafe { size(info, length) }?;
        self.make_heap()?;
        let young = self.young_bytes();
        if !self.heap.admits_old(young, size) {
            return Err(Trap::HeapExhausted);
        }
        let old = &mut self.heap.old;
        let object = if size > LARGE_OBJECT as usize {
            old.place_large(size)
        } else {
            // Places are below 2³².
            old.place(size).map(|place| place as u32)
        };
        let object = object.ok_or(Trap::HeapExhausted)?;
        self.heap.since_major += size;
        self.heap.stats.allocated += size as u64;
        // SAFETY: the room is the object's.
        unsafe {
            self.heap.at(object).write_bytes(0, size);
            self.write_head(object, info, length);
        }
        self.heap.set_card(object);
        Ok(object)
    }

    /// Writes the header, and the length of an array or the tag of an exception.
    ///
    /// # Safety
    ///
    /// There is room for such an object at `object`.
    unsafe fn write_head(&self, object: u32, info: *const TypeInfo, length: u32) {
        let address = self.heap.at(object);
        // SAFETY: the caller says so.
        unsafe {
            address.cast::<*const TypeInfo>().write(info);
            match (*info).origin {
                _ if (*info).is_array() => address.add(ARRAY_LENGTH as usize).cast::<u32>().write(length),
                Origin::Tag(tag) => address.add(PAYLOAD as usize).cast::<u32>().write(tag.0),
                Origin::Type(_) | Origin::Host => {}
            }
            debug_assert!(size_of_object(address).is_multiple_of(8), "sizes are multiples of 8");
        }
    }

    /// A new object that stands for a value of the host. May collect.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate); the value is dropped.
    pub(crate) fn allocate_host_value(&mut self, value: HostValue) -> Result<u32, Trap> {
        let info = self.heap.infos.of_host();
        // SAFETY: it is this store's.
        let object = unsafe { self.allocate(info, 0) }?;
        let number = self.heap.host_values.add(value).ok_or(Trap::HeapExhausted)?;
        self.heap.host_values.note(object, self.heap.is_young(object));
        // SAFETY: the object has just been made.
        unsafe { self.heap.at(object).add(PAYLOAD as usize).cast::<u32>().write(number) };
        Ok(object)
    }
}
