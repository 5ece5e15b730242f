//! Tags: handles of what distinguishes exceptions.
//!
//! Users make and compare them; `link` matches their types, `exception` throws by them.

use crate::context::{AsContext, AsContextMut};
use crate::error::Result;
use crate::func_type::FuncType;
use crate::handle::{StoreId, own};
use crate::module::Module;
use crate::store::StoreOpaque;
use crate::types::TagType;
use std::sync::Arc;
use tancho_abi::index::TagIndex;
use tancho_abi::module::{ExportRecord, ExternKind, Item};
use tancho_abi::name::Shown;
use tancho_runtime::code::Code;
use tancho_runtime::store::TagId;

/// A tag of a store. Two are equal when they are one: exceptions that are thrown by the one are caught by the other.
///
/// ```
/// # use tancho::{Engine, FuncType, Result, Store, Tag, TagType, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []))?;
/// let (one, other) = (Tag::new(&mut store, &ty)?, Tag::new(&mut store, &ty)?);
/// assert_ne!(one, other);
/// assert_eq!(one.ty(&store), ty);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag {
    store: StoreId,
    id: TagId,
}

impl Tag {
    /// A new tag, equal to no other.
    ///
    /// # Errors
    ///
    /// None today: it returns a [`Result`] as other functions do that make a thing of a store.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Tag> {
        Ok(Self::new_in(store.as_context_mut().opaque_mut(), ty))
    }

    pub(crate) fn new_in(store: &mut StoreOpaque, ty: &TagType) -> Tag {
        // Registered with the store's engine, wherever the type comes from.
        let ty = ty.ty().in_registry(store.engine().types());
        let id = store.runtime_mut().new_tag(ty.registered());
        Tag::of(id, store)
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Tag::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> TagType {
        own(self.try_ty(store))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<TagType> {
        self.ty_in(store.as_context().opaque())
    }

    pub(crate) fn of(id: TagId, store: &StoreOpaque) -> Tag {
        Tag { store: store.id(), id }
    }

    pub(crate) fn store(self) -> StoreId {
        self.store
    }

    pub(crate) fn id(self) -> TagId {
        self.id
    }

    pub(crate) fn ty_in(self, store: &StoreOpaque) -> Result<TagType> {
        self.store.check(store, "tag")?;
        Ok(self.type_of(store))
    }

    fn type_of(self, store: &StoreOpaque) -> TagType {
        TagType::of(FuncType::of(store.runtime().tag_type(self.id).clone()))
    }

    /// How it is imported.
    pub(crate) fn import(self, store: &StoreOpaque) -> Result<TagId> {
        self.store.check(store, "tag")?;
        Ok(self.id)
    }

    /// Where its name can be found: the module that defines it, and its index there; `None` when the host made it.
    pub(crate) fn origin(self, store: &StoreOpaque) -> Option<(Arc<Code>, TagIndex)> {
        let (instance, index) = store.runtime().tag_origin(self.id)?;
        Some((store.runtime().code_of(instance).clone(), index))
    }
}

/// What to call a tag in messages: the names of the module that defines it know best.
pub(crate) fn label(origin: Option<&(Arc<Code>, TagIndex)>) -> String {
    let Some((code, index)) = origin else { return "a tag of the host".to_owned() };
    let view = code.view();
    let mut label = view.item_label(Item::Tag, index.0);
    let is_it = |export: &&ExportRecord| export.kind == ExternKind::Tag as u32 && export.index == index.0;
    if let (false, Some(export)) = (label.contains('`'), view.exports.iter().find(is_it)) {
        label = format!("{label}, exported as `{}`,", Shown(view.name(export.name)));
    }
    match Module::name_in(view) {
        Some(name) => format!("{label} of module `{}`", Shown(name)),
        None => label.trim_end_matches(',').to_owned(),
    }
}
