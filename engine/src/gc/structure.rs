//! References to structures, and how the host makes and changes them.
//!
//! Users hold them as `Rooted<StructRef>`.

use super::object;
use super::root::{Located, Rooted, referent};
use crate::context::{AsContext, AsContextMut, StoreContextMut};
use crate::error::{Context, ErrorCode, Result};
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use crate::types::{FieldType, HeapType, StructType};
use crate::value::Val;

referent! {
    /// A reference to a structure.
    ///
    /// ```
    /// # use tancho::{Engine, FieldType, Mutability, Result, StorageType, Store, StructRef, StructRefPre, StructType, ValType};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let field = |storage| FieldType::new(Mutability::Var, storage);
    /// let ty = StructType::new(&engine, [field(StorageType::I8), field(ValType::ANYREF.into())])?;
    /// let pre = StructRefPre::new(&mut store, ty);
    /// let first = StructRef::new(&mut store, &pre, &[7.into(), tancho::Val::AnyRef(None)])?;
    /// let second = StructRef::new(&mut store, &pre, &[0x108.into(), first.into()])?;
    /// assert_eq!(second.field(&mut store, 0)?.i32(), Some(8));
    /// first.set_field(&mut store, 1, second.into())?;
    /// store.gc();
    /// assert!(first.field(&mut store, 1)?.anyref().flatten().is_some());
    /// # Ok(())
    /// # }
    /// ```
    StructRef, Struct, "structref"
}

/// What structures of a type are made with, in one store.
///
/// ```
/// # use tancho::{Engine, FieldType, Mutability, Result, Store, StorageType, StructRef, StructRefPre, StructType, Val};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = StructType::new(&engine, [FieldType::new(Mutability::Const, StorageType::I8)])?;
/// let pre = StructRefPre::new(&mut store, ty);
/// let object = StructRef::new(&mut store, &pre, &[Val::I32(5)])?;
/// assert_eq!(object.field(&mut store, 0)?.i32(), Some(5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StructRefPre {
    store: StoreId,
    ty: StructType,
}

impl StructRefPre {
    /// For structures of this type.
    pub fn new(mut store: impl AsContextMut, ty: StructType) -> StructRefPre {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        // Registered with the store's engine, wherever the type comes from.
        let ty = StructType::of(ty.registered().in_registry(store.engine().types()));
        StructRefPre { store: store.id(), ty }
    }
}

impl StructRef {
    /// A new structure with these fields.
    ///
    /// # Errors
    ///
    /// When there are not as many as the type has, or one is not of its type or belongs to another store;
    /// [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has no room for it.
    pub fn new(mut store: impl AsContextMut, allocator: &StructRefPre, fields: &[Val]) -> Result<Rooted<StructRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        allocator.store.check(store, "allocator of structures")?;
        let types = allocator.ty.fields();
        if types.len() != fields.len() {
            let (needed, given) = (types.len(), fields.len());
            return Err(
                ErrorCode::ValueCount.error(format!("a {} has {needed} fields, and {given} are given", allocator.ty))
            );
        }
        let types: Vec<FieldType> = types.collect();
        for (position, (field, ty)) in fields.iter().zip(&types).enumerate() {
            object::lower(*field, ty, store).with_context(|| field_of(position))?;
        }
        let reference = store.allocate(|runtime| runtime.new_struct(allocator.ty.registered()))?;
        // Only now, since making the structure may have moved what the fields refer to.
        for (position, (field, ty)) in (0..).zip(fields.iter().zip(&types)) {
            let raw = object::lower(*field, ty, store)?;
            store.runtime_mut().set_field(reference, position, raw).ok_or_else(object::lost)?;
        }
        Ok(store.root(reference))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        self.type_in(store.as_context().opaque())
    }

    fn type_in(&self, store: &StoreOpaque) -> Result<StructType> {
        object::registered(self, store).map(StructType::of)
    }

    /// Whether it is of this type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &StructType) -> Result<bool> {
        object::is(self, store.as_context().opaque(), &HeapType::ConcreteStruct(ty.clone()))
    }

    /// Field `index`. A packed one is an unsigned `i32`.
    ///
    /// # Errors
    ///
    /// When there are fewer fields; when it belongs to another store, or its scope has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (position, ty) = self.field_type(store, index)?;
        self.load(store, position, &ty)
    }

    /// All fields, in order, as [`StructRef::field`] has them.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn fields<'a, T: 'a>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = &mut store.into().into_loan().into_mut().opaque;
        let types: Vec<FieldType> = self.type_in(store)?.fields().collect();
        let load = |(position, ty): (u32, FieldType)| self.load(store, position, &ty);
        let fields = (0..).zip(types).map(load).collect::<Result<Vec<Val>>>()?;
        Ok(fields.into_iter())
    }

    /// Sets field `index`. Of what goes into a packed one, the lowest bits count.
    ///
    /// # Errors
    ///
    /// When there are fewer fields, the field is immutable, or `value` is not of its type; when one of them belongs to another store, or
    /// its scope has ended.
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (position, ty) = self.field_type(store, index)?;
        object::require_mutable(&ty, &field_of(index))?;
        let raw = object::lower(value, &ty, store)?;
        let reference = self.reference(store)?;
        store.runtime_mut().set_field(reference, position, raw).ok_or_else(object::lost)
    }

    fn field_type(&self, store: &StoreOpaque, index: usize) -> Result<(u32, FieldType)> {
        let ty = self.type_in(store)?;
        let found = ty.field(index).and_then(|field| Some((u32::try_from(index).ok()?, field)));
        found.ok_or_else(|| ErrorCode::OutOfBounds.error(format!("a {ty} has no field {index}")))
    }

    fn load(&self, store: &mut StoreOpaque, position: u32, ty: &FieldType) -> Result<Val> {
        let raw = store.runtime().field(self.reference(store)?, position);
        object::lift(raw, ty, store)
    }
}

fn field_of(position: usize) -> String {
    format!("field {position} of a structure")
}
