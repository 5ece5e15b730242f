//! References to arrays, and how the host makes and changes them.
//!
//! Users hold them as `Rooted<ArrayRef>`.

use super::object;
use super::root::{Located, Rooted, referent};
use crate::context::{AsContext, AsContextMut, StoreContextMut};
use crate::error::{Context, Error, Result};
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use crate::types::{ArrayType, FieldType, HeapType, StorageType};
use crate::value::Val;

referent! {
    /// A reference to an array.
    ///
    /// ```
    /// # use tancho::{ArrayRef, ArrayRefPre, ArrayType, Engine, FieldType, Mutability, Result, StorageType, Store, Val};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let ty = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I16));
    /// let pre = ArrayRefPre::new(&mut store, ty);
    /// let array = ArrayRef::new(&mut store, &pre, &Val::I32(-1), 3)?;
    /// array.set(&mut store, 1, Val::I32(7))?;
    /// let values: Vec<_> = array.elems(&mut store)?.map(|value| value.i32()).collect();
    /// assert_eq!(values, [Some(0xffff), Some(7), Some(0xffff)]);
    /// assert!(array.get(&mut store, 3).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ArrayRef, Array, "arrayref"
}

/// What arrays of a type are made with, in one store.
#[derive(Clone, Debug)]
pub struct ArrayRefPre {
    store: StoreId,
    ty: ArrayType,
}

impl ArrayRefPre {
    /// For arrays of this type.
    pub fn new(mut store: impl AsContextMut, ty: ArrayType) -> ArrayRefPre {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        // Registered with the store's engine, wherever the type comes from.
        let ty = ArrayType::of(ty.registered().in_registry(store.engine().types()));
        ArrayRefPre { store: store.id(), ty }
    }
}

impl ArrayRef {
    /// A new array of `length` elements that are `elem`.
    ///
    /// # Errors
    ///
    /// When `elem` is not of the type of the elements, or belongs to another store;
    /// [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has no room for it, however long it is.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elem: &Val,
        length: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let element = allocator.element_in(store)?;
        object::lower(*elem, &element, store).context("the element of an array")?;
        Self::make(store, allocator, length, |_| *elem)
    }

    /// A new array of these elements.
    ///
    /// # Errors
    ///
    /// When one is not of the type of the elements, or belongs to another store;
    /// [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has no room for it.
    pub fn new_fixed(mut store: impl AsContextMut, allocator: &ArrayRefPre, elems: &[Val]) -> Result<Rooted<ArrayRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let element = allocator.element_in(store)?;
        for (position, elem) in elems.iter().enumerate() {
            object::lower(*elem, &element, store).with_context(|| format!("element {position} of an array"))?;
        }
        let length = u32::try_from(elems.len()).map_err(|_| Error::msg("an array has fewer than 2^32 elements"))?;
        Self::make(store, allocator, length, |position| elems[position as usize])
    }

    /// A new array of bytes, which are these.
    ///
    /// # Errors
    ///
    /// When the elements of the type are not of 8 bits; [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has
    /// no room for it; when the allocator belongs to another store.
    pub fn new_from_i8_slice(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        bytes: &[u8],
    ) -> Result<Rooted<ArrayRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        require_bytes(&allocator.element_in(store)?)?;
        let length = u32::try_from(bytes.len()).map_err(|_| Error::msg("an array has fewer than 2^32 elements"))?;
        Self::make(store, allocator, length, |position| Val::I32(bytes[position as usize].into()))
    }

    /// Copies the elements of an array of bytes.
    ///
    /// # Errors
    ///
    /// When its elements are not of 8 bits, or not as many as `bytes` has room for; when it belongs to another store, or its scope has ended.
    pub fn copy_to_i8_slice(&self, mut store: impl AsContextMut, bytes: &mut [u8]) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let ty = self.type_in(store)?.field_type();
        require_bytes(&ty)?;
        let length = self.length(store)?;
        if length as usize != bytes.len() {
            return Err(Error::msg(format!(
                "an array of {length} elements does not fit {} bytes exactly",
                bytes.len()
            )));
        }
        for (index, byte) in (0..).zip(bytes) {
            *byte = self.load(store, index, &ty)?.i32().ok_or_else(object::lost)? as u8;
        }
        Ok(())
    }

    /// A new array, of elements that have been checked.
    fn make(
        store: &mut StoreOpaque,
        allocator: &ArrayRefPre,
        length: u32,
        elem: impl Fn(u32) -> Val,
    ) -> Result<Rooted<ArrayRef>> {
        let reference = store.allocate(|runtime| runtime.new_array(allocator.ty.registered(), length))?;
        // Only now, since making the array may have moved what the elements refer to.
        for position in 0..length {
            let raw = crate::func::lower_val(elem(position), store)?;
            store.runtime_mut().set_element(reference, position, raw).ok_or_else(object::lost)?;
        }
        Ok(store.root(reference))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        self.type_in(store.as_context().opaque())
    }

    fn type_in(&self, store: &StoreOpaque) -> Result<ArrayType> {
        object::registered(self, store).map(ArrayType::of)
    }

    /// Whether it is of this type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ArrayType) -> Result<bool> {
        object::is(self, store.as_context().opaque(), &HeapType::ConcreteArray(ty.clone()))
    }

    /// How many elements it has.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        self.length(store.as_context().opaque())
    }

    /// Whether it has no elements.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn is_empty(&self, store: impl AsContext) -> Result<bool> {
        Ok(self.len(store)? == 0)
    }

    fn length(&self, store: &StoreOpaque) -> Result<u32> {
        store.runtime().array_length(self.reference(store)?).ok_or_else(object::lost)
    }

    /// Element `index`. A packed one is an unsigned `i32`.
    ///
    /// # Errors
    ///
    /// When there are fewer elements; when it belongs to another store, or its scope has ended.
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.require_index(store, index)?;
        let ty = self.type_in(store)?.field_type();
        self.load(store, index, &ty)
    }

    /// All elements, in order, as [`ArrayRef::get`] has them.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn elems<'a, T: 'a>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = &mut store.into().into_loan().into_mut().opaque;
        let ty = self.type_in(store)?.field_type();
        let length = self.length(store)? as usize;
        // One by one: an array can be longer than what can be copied of it. Nothing in the store moves or goes meanwhile.
        let load = move |index| self.load(store, index as u32, &ty).expect("the array is as it was a moment ago");
        Ok((0..length).map(load))
    }

    /// Sets element `index`. Of what goes into a packed one, the lowest bits count.
    ///
    /// # Errors
    ///
    /// When there are fewer elements, they are immutable, or `value` is not of their type; when one of them belongs to another store, or
    /// its scope has ended.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.require_index(store, index)?;
        let ty = self.type_in(store)?.field_type();
        object::require_mutable(&ty, "an element of this array")?;
        let raw = object::lower(value, &ty, store)?;
        let reference = self.reference(store)?;
        store.runtime_mut().set_element(reference, index, raw).ok_or_else(object::lost)
    }

    fn require_index(&self, store: &StoreOpaque, index: u32) -> Result<()> {
        let length = self.length(store)?;
        if index < length {
            return Ok(());
        }
        Err(Error::msg(format!("element {index} is out of bounds of an array of {length}")))
    }

    fn load(&self, store: &mut StoreOpaque, index: u32, ty: &FieldType) -> Result<Val> {
        let raw = store.runtime().element(self.reference(store)?, index);
        object::lift(raw, ty, store)
    }
}

/// An error unless elements of this type are of 8 bits.
fn require_bytes(ty: &FieldType) -> Result<()> {
    match ty.element_type() {
        StorageType::I8 => Ok(()),
        other => Err(Error::msg(format!("type mismatch: the elements are {other}, not i8"))),
    }
}

impl ArrayRefPre {
    /// The type of the elements.
    fn element_in(&self, store: &StoreOpaque) -> Result<FieldType> {
        self.store.check(store, "allocator of arrays")?;
        Ok(self.ty.field_type())
    }
}
