//! Types: from wasmparser's to the description's.
//!
//! Called by the other files of this folder and by the translator. A type that no enabled feature has is an error, although
//! validation has refused it before.

use crate::error::CompileError;
use tancho_abi::index::TypeIndex;
use tancho_abi::module::{GlobalRecord, INDEX64, MemoryRecord, Range, SHARED, TableRecord};
use tancho_abi::types::{HeapType, RefType, ValType};

pub(crate) fn val_type(ty: wasmparser::ValType) -> Result<ValType, CompileError> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty)?),
    })
}

pub(crate) fn ref_type(ty: wasmparser::RefType) -> Result<RefType, CompileError> {
    Ok(RefType { nullable: ty.is_nullable(), heap: heap_type(ty.heap_type())? })
}

pub(crate) fn heap_type(ty: wasmparser::HeapType) -> Result<HeapType, CompileError> {
    use wasmparser::AbstractHeapType as Abstract;
    Ok(match ty {
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::Func } => HeapType::Func,
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::NoFunc } => HeapType::NoFunc,
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::Extern } => HeapType::Extern,
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::NoExtern } => HeapType::NoExtern,
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::Exn } => HeapType::Exn,
        wasmparser::HeapType::Abstract { shared: false, ty: Abstract::NoExn } => HeapType::NoExn,
        // Every type of a module is a function type: others are refused where they are declared.
        wasmparser::HeapType::Concrete(index) => HeapType::ConcreteFunc(type_index(index.pack().ok_or_else(unnamed)?)?),
        other => return Err(CompileError::unsupported(format!("heap type {other:?}"))),
    })
}

pub(crate) fn type_index(index: wasmparser::PackedIndex) -> Result<TypeIndex, CompileError> {
    index.as_module_index().map(TypeIndex).ok_or_else(unnamed)
}

fn unnamed() -> CompileError {
    CompileError::internal("a type is not named by its index")
}

pub(crate) fn table(ty: wasmparser::TableType) -> Result<TableRecord, CompileError> {
    if ty.shared {
        return Err(CompileError::unsupported("shared tables"));
    }
    Ok(TableRecord {
        element: ref_type(ty.element_type)?.into(),
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

pub(crate) fn global(ty: wasmparser::GlobalType) -> Result<GlobalRecord, CompileError> {
    Ok(GlobalRecord {
        ty: val_type(ty.content_type)?.into(),
        mutable: u32::from(ty.mutable),
        reserved: 0,
        init: Range::default(),
    })
}
