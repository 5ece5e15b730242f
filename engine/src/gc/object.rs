//! What objects of any kind have in common for the host: their types, and values on their way in and out of fields.
//!
//! The files of the kinds of referents call it, and `value` asks it for types.

use super::i31::I31;
use super::root::{Located, Referent};
use crate::error::{Error, ErrorCode, Result};
use crate::func::{lift_field, lower_val};
use crate::store::StoreOpaque;
use crate::types::{FieldType, HeapType, Mutability};
use crate::value::Val;
use std::sync::Arc;
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::gc::ObjectType;
use tancho_runtime::types::RegisteredType;

/// The most precise type of a reference to an object or an `i31`; of a value of the host and of an exception, the type of all of them.
/// `reference` is the store's, and not 0.
pub(crate) fn heap_type(reference: u32, store: &StoreOpaque) -> HeapType {
    match store.runtime().object_type(reference) {
        Some(ObjectType::I31) => HeapType::I31,
        Some(ObjectType::Struct(ty) | ObjectType::Array(ty)) => HeapType::of_registered(ty),
        Some(ObjectType::Exn(_)) => HeapType::Exn,
        Some(ObjectType::Extern) | None => HeapType::Any,
    }
}

/// Whether what a place refers to is of this type.
pub(super) fn is(place: &impl Referent, store: &StoreOpaque, ty: &HeapType) -> Result<bool> {
    Ok(heap_type(place.reference(store)?, store).matches(ty))
}

/// The `i31` at a place, if it is one.
pub(super) fn as_i31(place: &impl Referent, store: &StoreOpaque) -> Result<Option<I31>> {
    let reference = place.reference(store)?;
    Ok(tancho_abi::object::is_i31(reference).then(|| I31::of_reference(reference)))
}

/// The concrete type of the structure or array at a place.
pub(super) fn registered(place: &impl Referent, store: &StoreOpaque) -> Result<Arc<RegisteredType>> {
    let reference = place.reference(store)?;
    match store.runtime().object_type(reference) {
        Some(ObjectType::Struct(ty) | ObjectType::Array(ty)) => Ok(ty),
        _ => Err(lost()),
    }
}

/// References have the kinds that they say, so this is not seen.
#[cold]
pub(super) fn lost() -> Error {
    ErrorCode::EngineBug.error("a reference does not refer to what it says; this is a bug in Tancho")
}

/// What a field or element of this type holds for a value.
///
/// # Errors
///
/// When the value is not of the type, or belongs to another store.
pub(super) fn lower(value: Val, ty: &FieldType, store: &mut StoreOpaque) -> Result<ValRaw> {
    value.require(ty.element_type().unpack(), store)?;
    lower_val(value, store)
}

/// An error unless the field or element can be set.
pub(super) fn require_mutable(ty: &FieldType, what: &str) -> Result<()> {
    match ty.mutability() {
        Mutability::Var => Ok(()),
        Mutability::Const => Err(ErrorCode::Immutable.error(format!("{what} is immutable and cannot be set"))),
    }
}

/// The value that a field or element of this type holds: packed ones as unsigned integers.
pub(super) fn lift(raw: Option<ValRaw>, ty: &FieldType, store: &mut StoreOpaque) -> Result<Val> {
    let raw =
        raw.ok_or_else(|| ErrorCode::EngineBug.error("a field is not where its type says; this is a bug in Tancho"))?;
    Ok(lift_field(&raw, ty.element_type().unpack(), store))
}
