//! What the host does with objects: makes them, reads and writes them, roots them, has the heap collected.
//!
//! Methods of [`Store`], called by the embedding API. A reference that is handed in is one that the store has handed out since the last
//! thing that could collect, or 0, or an `i31`.

use super::heap::{HeapStats, length_of};
use super::info::{Field, Origin, TypeInfo};
use super::root::{OwnedRoot, Root, ScopeMark};
use crate::id::TagId;
use crate::state::State;
use crate::store::Store;
use crate::types::RegisteredType;
use std::any::Any;
use std::sync::Arc;
use tancho_abi::object::{NULL_AREA, ObjectKind, PAYLOAD, is_i31};
use tancho_abi::trap::Trap;
use tancho_abi::types::{StorageType, ValType};
use tancho_abi::vmctx::{ValRaw, VmFuncRef};

/// What a reference that is not null is to.
#[derive(Clone, Debug)]
pub enum ObjectType {
    /// An integer of 31 bits.
    I31,
    /// A structure.
    Struct(Arc<RegisteredType>),
    /// An array.
    Array(Arc<RegisteredType>),
    /// A value of the host.
    Extern,
    /// An exception.
    Exn(TagId),
}

impl Store {
    /// Keeps an object alive until the present scope is closed. `reference` is not 0.
    pub fn root(&mut self, reference: u32) -> Root {
        self.state_mut().heap.roots.root(reference)
    }

    /// The object that a root keeps; `None` when its scope has been closed.
    pub fn rooted(&self, root: Root) -> Option<u32> {
        self.state().heap.roots.rooted(root)
    }

    /// Opens a scope of roots.
    #[inline]
    pub fn open_scope(&mut self) -> ScopeMark {
        self.state().heap.roots.open()
    }

    /// Closes a scope, and those within that are still open.
    #[inline]
    pub fn close_scope(&mut self, mark: ScopeMark) {
        self.state_mut().heap.roots.close(mark);
    }

    /// Keeps an object alive until it is disowned. `reference` is not 0.
    pub fn own(&mut self, reference: u32) -> OwnedRoot {
        self.state_mut().heap.roots.own(reference)
    }

    /// The object that an owned root keeps; `None` when it has been disowned.
    pub fn owned(&self, root: OwnedRoot) -> Option<u32> {
        self.state().heap.roots.owned(root)
    }

    /// Gives an owned root up.
    pub fn disown(&mut self, root: OwnedRoot) {
        self.state_mut().heap.roots.disown(root);
    }

    /// A new object that stands for a value of the host. May collect. The value is dropped when the object is found to be dead, or with the store.
    ///
    /// # Errors
    ///
    /// This, and the others that make objects: when there is no room after a collection of the whole heap.
    ///
    /// # Panics
    ///
    /// This, and everything else that may collect: when another value panics as it is dropped.
    pub fn new_extern(&mut self, value: Box<dyn Any + Send + Sync>) -> Result<u32, Trap> {
        self.state_mut().allocate_host_value(value)
    }

    /// The value that an object stands for; `None` when it is no value of the host.
    pub fn extern_value(&self, reference: u32) -> Option<&(dyn Any + Send + Sync)> {
        let state = self.state();
        state.heap.host_values.get(number_of(state, reference)?)
    }

    /// The same, to change.
    pub fn extern_value_mut(&mut self, reference: u32) -> Option<&mut (dyn Any + Send + Sync)> {
        let state = self.state_mut();
        let number = number_of(state, reference)?;
        state.heap.host_values.get_mut(number)
    }

    /// A new structure, all fields 0. May collect.
    ///
    /// # Errors
    ///
    /// See [`new_extern`](Self::new_extern).
    ///
    /// # Panics
    ///
    /// When `ty` is no type of structures.
    pub fn new_struct(&mut self, ty: &Arc<RegisteredType>) -> Result<u32, Trap> {
        self.new_object(ty, ObjectKind::Struct, 0)
    }

    /// A new array of `length` elements, all 0. May collect.
    ///
    /// # Errors
    ///
    /// See [`new_extern`](Self::new_extern).
    ///
    /// # Panics
    ///
    /// When `ty` is no type of arrays.
    pub fn new_array(&mut self, ty: &Arc<RegisteredType>, length: u32) -> Result<u32, Trap> {
        self.new_object(ty, ObjectKind::Array, length)
    }

    fn new_object(&mut self, ty: &Arc<RegisteredType>, kind: ObjectKind, length: u32) -> Result<u32, Trap> {
        let state = self.state_mut();
        let info = state.heap.infos.of_type(ty);
        // SAFETY: it is this store's.
        let info = info.filter(|info| unsafe { (**info).vm.kind } == kind as u32);
        let info = info.expect("the embedding API checks what a type is of");
        // SAFETY: as above.
        unsafe { state.allocate(info, length) }
    }

    /// What a reference is to; `None` for null.
    pub fn object_type(&self, reference: u32) -> Option<ObjectType> {
        if is_i31(reference) {
            return Some(ObjectType::I31);
        }
        let info = object(self.state(), reference)?;
        Some(match &info.origin {
            Origin::Type(ty) if info.is_array() => ObjectType::Array(ty.clone()),
            Origin::Type(ty) => ObjectType::Struct(ty.clone()),
            Origin::Tag(tag) => ObjectType::Exn(*tag),
            Origin::Host => ObjectType::Extern,
        })
    }

    /// Field `index` of a structure, packed ones extended by zeros; `None` when there is none.
    pub fn field(&self, object: u32, index: u32) -> Option<ValRaw> {
        let state = self.state();
        let field = field_of(state, object, ObjectKind::Struct, index)?;
        // SAFETY: the field is part of the object.
        Some(unsafe { read(state.heap.at(object + field.offset), field.storage) })
    }

    /// Sets field `index` of a structure, packed ones to the low bits; `None` when there is none. The value is of its type.
    pub fn set_field(&mut self, object: u32, index: u32, value: ValRaw) -> Option<()> {
        let state = self.state_mut();
        let field = field_of(state, object, ObjectKind::Struct, index)?;
        // SAFETY: the field is part of the object.
        unsafe { state.write(object, object + field.offset, field.storage, value) };
        Some(())
    }

    /// How many elements an array has; `None` when it is none.
    pub fn array_length(&self, array: u32) -> Option<u32> {
        let state = self.state();
        object(state, array).filter(|info| info.is_array())?;
        // SAFETY: it is an array.
        Some(unsafe { length_of(state.heap.at(array)) })
    }

    /// Element `index` of an array, packed ones extended by zeros; `None` when there is none.
    pub fn element(&self, array: u32, index: u32) -> Option<ValRaw> {
        let state = self.state();
        let element = element_of(state, array, index)?;
        // SAFETY: the element is part of the array.
        Some(unsafe { read(state.heap.at(array + element.offset), element.storage) })
    }

    /// Sets element `index` of an array, packed ones to the low bits; `None` when there is none. The value is of its type.
    pub fn set_element(&mut self, array: u32, index: u32, value: ValRaw) -> Option<()> {
        let state = self.state_mut();
        let element = element_of(state, array, index)?;
        // SAFETY: the element is part of the array.
        unsafe { state.write(array + element.offset, array + element.offset, element.storage, value) };
        Some(())
    }

    /// A new exception with this tag, all values 0. May collect.
    ///
    /// # Errors
    ///
    /// See [`new_extern`](Self::new_extern).
    pub fn new_exception(&mut self, tag: TagId) -> Result<u32, Trap> {
        self.state_mut().allocate_exception(tag)
    }

    /// Sets value `index` of an exception; `None` when there is none. The value is of the type that the tag has there.
    pub fn set_exception_value(&mut self, exception: u32, index: u32, value: ValRaw) -> Option<()> {
        let state = self.state_mut();
        let field = field_of(state, exception, ObjectKind::Exn, index)?;
        // SAFETY: the value is part of the object.
        unsafe { state.write_whole(exception, exception + field.offset, field.storage, value) };
        Some(())
    }

    /// The tag and values of an exception; `None` when it is none.
    pub fn exception(&self, reference: u32) -> Option<(TagId, Vec<ValRaw>)> {
        let state = self.state();
        let Origin::Tag(tag) = object(state, reference)?.origin else { return None };
        Some((tag, state.exception_values(reference)))
    }

    /// Collects the whole heap.
    pub fn collect(&mut self) {
        self.state_mut().collect();
    }

    /// What the collector has done.
    pub fn heap_stats(&self) -> HeapStats {
        let state = self.state();
        let heap = &state.heap;
        let mut stats = heap.stats;
        stats.allocated += state.young_bytes() as u64;
        if !heap.base().is_null() {
            stats.used = heap.old.used() as u64 + u64::from(heap.nursery_room() - NULL_AREA);
        }
        stats
    }

    /// Sets how many bytes of heap the store may use: old objects in blocks of 64 KiB, and the nursery, which is smaller where the limit is.
    /// While the whole heap is collected it may be twice as much.
    pub fn set_heap_limit(&mut self, bytes: u64) {
        let state = self.state_mut();
        state.heap.limit = bytes;
        if !state.heap.base().is_null() && !state.heap.zeal {
            state.vm.heap_limit = state.vm.heap_limit.min(state.heap.nursery_room()).max(state.vm.heap_next);
        }
    }

    /// Whether the whole heap is checked before and after each collection. What is found to be wrong ends the process.
    pub fn verify_heap(&mut self, on: bool) {
        self.state_mut().heap.verify = on;
    }

    /// How many values of the host are alive.
    pub fn extern_count(&self) -> usize {
        self.state().heap.host_values.count()
    }
}

/// What is known of an object; `None` for null and `i31`.
fn object(state: &State, reference: u32) -> Option<&TypeInfo> {
    if reference == 0 || is_i31(reference) {
        return None;
    }
    assert!(state.heap.is_accessible(reference), "the embedding API has references of this store only");
    // SAFETY: the embedding API hands in references that are good; types live as long as the store.
    Some(unsafe { &*state.heap.info(reference) })
}

/// The number of the value of the host that an object stands for; `None` when it is none.
fn number_of(state: &State, reference: u32) -> Option<u32> {
    object(state, reference).filter(|info| matches!(info.origin, Origin::Host))?;
    // SAFETY: such an object has the number there.
    Some(unsafe { state.heap.at(reference).add(PAYLOAD as usize).cast::<u32>().read() })
}

fn field_of(state: &State, reference: u32, kind: ObjectKind, index: u32) -> Option<Field> {
    let info = object(state, reference).filter(|info| info.vm.kind == kind as u32)?;
    info.fields.get(index as usize).copied()
}

/// An element as a field of the array.
fn element_of(state: &State, array: u32, index: u32) -> Option<Field> {
    let info = object(state, array).filter(|info| info.is_array())?;
    // SAFETY: it is an array.
    let length = unsafe { length_of(state.heap.at(array)) };
    let element = info.fields.first().filter(|_| index < length)?;
    Some(Field { offset: info.vm.size + index * info.vm.element_size, storage: element.storage })
}

/// Reads what is stored as `storage`.
///
/// # Safety
///
/// Such a thing stands at `place`.
pub(crate) unsafe fn read(place: *const u8, storage: StorageType) -> ValRaw {
    let mut value = ValRaw::ZERO;
    // SAFETY: the caller says so.
    unsafe {
        match storage.size() {
            1 => value.i32 = u32::from(place.read()),
            2 => value.i32 = u32::from(place.cast::<u16>().read()),
            4 => value.i32 = place.cast::<u32>().read(),
            8 if is_function(storage) => value.funcref = place.cast::<*mut VmFuncRef>().read(),
            8 => value.i64 = place.cast::<u64>().read(),
            _ => value.v128 = place.cast::<[u8; 16]>().read(),
        }
    }
    value
}

fn is_function(storage: StorageType) -> bool {
    matches!(storage, StorageType::Val(ValType::Ref(ty)) if ty.is_function())
}

impl State {
    /// Stores a value as `storage` at `place` in an object, and sets the card of `written` if that is called for: of the object's beginning, or
    /// of an element.
    ///
    /// # Safety
    ///
    /// There is such a place, and the value is of its type.
    pub(crate) unsafe fn write(&mut self, written: u32, place: u32, storage: StorageType, value: ValRaw) {
        let address = self.heap.at(place);
        // SAFETY: the caller says so; all bytes of a value that its type has are written.
        unsafe {
            match storage.size() {
                1 => address.write(value.i32 as u8),
                2 => address.cast::<u16>().write(value.i32 as u16),
                4 => {
                    address.cast::<u32>().write(value.i32);
                    if storage.is_object() {
                        self.heap.set_card(written);
                    }
                }
                8 if is_function(storage) => address.cast::<*mut VmFuncRef>().write(value.funcref),
                8 => address.cast::<u64>().write(value.i64),
                _ => address.cast::<[u8; 16]>().write(value.v128),
            }
        }
    }

    /// [`write`](Self::write) where a [`ValRaw`] stands.
    ///
    /// # Safety
    ///
    /// As of [`write`](Self::write).
    pub(crate) unsafe fn write_whole(&mut self, object: u32, place: u32, storage: StorageType, value: ValRaw) {
        // SAFETY: the caller says so. It is aligned to 8 bytes.
        unsafe { self.heap.at(place).cast::<ValRaw>().write_unaligned(value) };
        if storage.is_object() {
            self.heap.set_card(object);
        }
    }
}
