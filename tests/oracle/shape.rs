//! The shape of a module: what it imports and exports, in the words of [`value`](super::value).
//!
//! Read with `wasmparser`, by none of the engines that are compared.

use super::value::Type;
use wasmparser::types::{CoreTypeId, EntityType};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// The features of WebAssembly that Tancho has.
pub fn features() -> WasmFeatures {
    compared_features()
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::GC
        | WasmFeatures::COMPACT_IMPORTS
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
}

/// Those of them that the engines which Tancho is compared with have too.
pub fn compared_features() -> WasmFeatures {
    WasmFeatures::FLOATS
        | WasmFeatures::GC_TYPES
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::MEMORY64
        | WasmFeatures::CUSTOM_PAGE_SIZES
}

/// A function's type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// What it takes.
    pub params: Vec<Type>,
    /// What it gives.
    pub results: Vec<Type>,
}

/// What a module shows to the outside.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Imported functions: module, name and type.
    pub imports: Vec<(String, String, Signature)>,
    /// Whether it imports something that is no function.
    pub imports_more: bool,
    /// Exported functions, in order.
    pub functions: Vec<(String, Signature)>,
    /// Exported memories, tables and globals.
    pub memories: Vec<String>,
    /// Exported tables.
    pub tables: Vec<String>,
    /// Exported globals.
    pub globals: Vec<String>,
}

impl Shape {
    /// Reads the shape of a module.
    ///
    /// # Errors
    ///
    /// When the module is not valid with the [`compared_features`], or names a type that is in none of them.
    pub fn read(wasm: &[u8]) -> Result<Shape, String> {
        Shape::read_with(wasm, compared_features())
    }

    /// The same of a module that is valid with other `features`.
    ///
    /// # Errors
    ///
    /// When it is not, or names a type that is in none of the compared ones.
    pub fn read_with(wasm: &[u8], features: WasmFeatures) -> Result<Shape, String> {
        let types = Validator::new_with_features(features).validate_all(wasm).map_err(|error| error.to_string())?;
        let types = types.as_ref();
        let signature = |id: CoreTypeId| {
            let ty = types[id].unwrap_func();
            let all = |types: &[wasmparser::ValType]| types.iter().map(|ty| Type::of(*ty)).collect::<Option<Vec<_>>>();
            Some(Signature { params: all(ty.params())?, results: all(ty.results())? })
        };
        let foreign = || "a type that not all engines have".to_owned();
        let mut shape = Shape::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| error.to_string())? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(|error| error.to_string())?;
                        match types.entity_type_from_import(&import) {
                            Some(EntityType::Func(id)) => {
                                let signature = signature(id).ok_or_else(foreign)?;
                                shape.imports.push((import.module.to_owned(), import.name.to_owned(), signature));
                            }
                            _ => shape.imports_more = true,
                        }
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(|error| error.to_string())?;
                        let name = export.name.to_owned();
                        match types.entity_type_from_export(&export) {
                            Some(EntityType::Func(id)) => {
                                shape.functions.push((name, signature(id).ok_or_else(foreign)?));
                            }
                            Some(EntityType::Memory(_)) => shape.memories.push(name),
                            Some(EntityType::Table(_)) => shape.tables.push(name),
                            Some(EntityType::Global(_)) => shape.globals.push(name),
                            _ => return Err(foreign()),
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }
}
