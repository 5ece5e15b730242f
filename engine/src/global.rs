//! Globals: handles of global variables and constants.
//!
//! Users read and set them; `link` matches their types.

use crate::context::{AsContext, AsContextMut};
use crate::error::{Error, Result};
use crate::func::{load_global, lower_val, store_global};
use crate::handle::{StoreId, own};
use crate::store::StoreOpaque;
use crate::types::{GlobalType, Mutability, ValType};
use crate::value::Val;
use tancho_runtime::store::GlobalId;

/// A global of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Global {
    store: StoreId,
    id: GlobalId,
}

impl Global {
    /// A new global.
    ///
    /// # Errors
    ///
    /// When `value` is not of the type, or belongs to another store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Global> {
        Self::new_in(store.as_context_mut().opaque_mut(), &ty, value)
    }

    pub(crate) fn new_in(store: &mut StoreOpaque, ty: &GlobalType, value: Val) -> Result<Global> {
        let content = store.keep_type(ty.content());
        value.require(&content, store)?;
        let value = lower_val(value, store)?;
        let ty = tancho_runtime::store::GlobalType { ty: content.abi(), mutable: ty.mutability() == Mutability::Var };
        let id = store.runtime_mut().new_global(ty, value);
        Ok(Global::of(id, store))
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Global::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        own(self.try_ty(store))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<GlobalType> {
        self.ty_in(store.as_context().opaque())
    }

    /// Its value. A reference is good until the present [scope](crate::RootScope) ends.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Global::try_get`].
    #[track_caller]
    pub fn get(&self, store: impl AsContextMut) -> Val {
        own(self.try_get(store))
    }

    /// Its value: as [`Global::get`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_get(&self, mut store: impl AsContextMut) -> Result<Val> {
        let mut context = store.as_context_mut();
        self.store.check(context.opaque(), "global")?;
        Ok(load_global(context.opaque_mut(), self.id))
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// When it is immutable, or `value` is not of its type; when one of them belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let ty = self.ty_in(store)?;
        if ty.mutability() == Mutability::Const {
            return Err(Error::msg("an immutable global cannot be set"));
        }
        value.require(ty.content(), store)?;
        let value = lower_val(value, store)?;
        store_global(store, self.id, value);
        Ok(())
    }

    pub(crate) fn of(id: GlobalId, store: &StoreOpaque) -> Global {
        Global { store: store.id(), id }
    }

    pub(crate) fn ty_in(self, store: &StoreOpaque) -> Result<GlobalType> {
        self.store.check(store, "global")?;
        Ok(type_of(store, self.id))
    }

    /// How it is imported.
    pub(crate) fn import(self, store: &StoreOpaque) -> Result<GlobalId> {
        self.store.check(store, "global")?;
        Ok(self.id)
    }
}

fn type_of(store: &StoreOpaque, global: GlobalId) -> GlobalType {
    let (ty, _) = store.runtime().global(global);
    let content = ValType::of(ty.ty, store.engine().types());
    GlobalType::new(content, if ty.mutable { Mutability::Var } else { Mutability::Const })
}
