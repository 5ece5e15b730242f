//! Types as users see them: of values (`value`), of structures and arrays (`object`), of imports and exports (`external`).
//!
//! Modules and handles describe themselves in them. Types of functions stand in `func_type`.

mod external;
mod object;
mod value;

pub use external::{
    ExportType, ExternType, GlobalType, ImportType, MemoryType, MemoryTypeBuilder, Mutability, TableType, TagType,
};
pub use object::{ArrayType, FieldType, Finality, StorageType, StructType};
pub use value::{HeapType, RefType, ValType};

pub(crate) use external::extern_type;
pub(crate) use object::{declare, finality_of, supertype_of, write_type};
