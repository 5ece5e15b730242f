//! Types: from wasmparser's to the description's.
//!
//! Called by the other files of this folder and by the translator. A type that no enabled feature has is an error, although
//! validation has refused it before.

use crate::error::CompileError;
use tancho_abi::index::TypeIndex;
use tancho_abi::module::{GlobalRecord, INDEX64, MemoryRecord, Range, SHARED, TableRecord, TypeKind, TypeRecord};
use tancho_abi::types::{FieldType, HeapType, RefType, StorageType, ValType};

/// The type of a value. Here and below, `types` are those of the module, as far as the type may refer to them: their kinds are looked at.
pub(crate) fn val_type(types: &[TypeRecord], ty: wasmparser::ValType) -> Result<ValType, CompileError> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(types, ty)?),
    })
}

pub(crate) fn field_type(types: &[TypeRecord], ty: wasmparser::FieldType) -> Result<FieldType, CompileError> {
    let storage = match ty.element_type {
        wasmparser::StorageType::I8 => StorageType::I8,
        wasmparser::StorageType::I16 => StorageType::I16,
        wasmparser::StorageType::Val(ty) => StorageType::Val(val_type(types, ty)?),
    };
    Ok(FieldType { storage, mutable: ty.mutable })
}

pub(crate) fn ref_type(types: &[TypeRecord], ty: wasmparser::RefType) -> Result<RefType, CompileError> {
    Ok(RefType { nullable: ty.is_nullable(), heap: heap_type(types, ty.heap_type())? })
}

pub(crate) fn heap_type(types: &[TypeRecord], ty: wasmparser::HeapType) -> Result<HeapType, CompileError> {
    use wasmparser::AbstractHeapType as Abstract;
    Ok(match ty {
        wasmparser::HeapType::Abstract { shared: false, ty } => match ty {
            Abstract::Func => HeapType::Func,
            Abstract::NoFunc => HeapType::NoFunc,
            Abstract::Any => HeapType::Any,
            Abstract::Eq => HeapType::Eq,
            Abstract::I31 => HeapType::I31,
            Abstract::Struct => HeapType::Struct,
            Abstract::Array => HeapType::Array,
            Abstract::None => HeapType::None,
            Abstract::Extern => HeapType::Extern,
            Abstract::NoExtern => HeapType::NoExtern,
            Abstract::Exn => HeapType::Exn,
            Abstract::NoExn => HeapType::NoExn,
            other => return Err(CompileError::unsupported(format!("heap type {other:?}"))),
        },
        wasmparser::HeapType::Concrete(index) => {
            let index = type_index(index.pack().ok_or_else(unnamed)?)?;
            match types.get(index.index()).ok_or_else(unnamed)?.kind {
                kind if kind == TypeKind::Struct as u32 => HeapType::ConcreteStruct(index),
                kind if kind == TypeKind::Array as u32 => HeapType::ConcreteArray(index),
                _ => HeapType::ConcreteFunc(index),
            }
        }
        other => return Err(CompileError::unsupported(format!("heap type {other:?}"))),
    })
}

pub(crate) fn type_index(index: wasmparser::PackedIndex) -> Result<TypeIndex, CompileError> {
    index.as_module_index().map(TypeIndex).ok_or_else(unnamed)
}

fn unnamed() -> CompileError {
    CompileError::internal("a type is not named by its index")
}

pub(crate) fn table(types: &[TypeRecord], ty: wasmparser::TableType) -> Result<TableRecord, CompileError> {
    if ty.shared {
        return Err(CompileError::unsupported("shared tables"));
    }
    Ok(TableRecord {
        element: ref_type(types, ty.element_type)?.into(),
        minimum: ty.initial,
        maximum: ty.maximum.unwrap_or(u64::MAX),
        init: Range::default(),
        flags: if ty.table64 { INDEX64 } else { 0 },
        reserved: 0,
    })
}

pub(crate) fn memory(ty: wasmparser::MemoryType) -> Result<MemoryRecord, CompileError> {
    let shared = if ty.shared { SHARED } else { 0 };
    Ok(MemoryRecord {
        minimum: ty.initial,
        maximum: ty.maximum.unwrap_or(u64::MAX),
        page_size_log2: ty.page_size_log2(),
        flags: if ty.memory64 { INDEX64 | shared } else { shared },
    })
}

pub(crate) fn global(types: &[TypeRecord], ty: wasmparser::GlobalType) -> Result<GlobalRecord, CompileError> {
    Ok(GlobalRecord {
        ty: val_type(types, ty.content_type)?.into(),
        mutable: u32::from(ty.mutable),
        reserved: 0,
        init: Range::default(),
    })
}
