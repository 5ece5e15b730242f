//! Vectors for a target that has none: finds the first use of them in a module, before anything is compiled.
//!
//! Called by the module decoder, for such targets only: Cranelift has no other code for vectors there, and would panic. What
//! cannot be read here is left for validation to name.

use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator, Payload, TypeRef, ValType};

/// Where the first vector type in a section stands, if there is one.
pub(crate) fn in_section(payload: &Payload<'_>) -> Result<Option<u64>, BinaryReaderError> {
    match payload {
        Payload::TypeSection(section) => {
            for group in section.clone().into_iter_with_offsets() {
                let (offset, group) = group?;
                if group.types().any(is_vector_function) {
                    return Ok(Some(offset));
                }
            }
        }
        Payload::ImportSection(section) => {
            for import in section.clone().into_imports_with_offsets() {
                let (offset, import) = import?;
                if matches!(import.ty, TypeRef::Global(global) if global.content_type == ValType::V128) {
                    return Ok(Some(offset));
                }
            }
        }
        Payload::GlobalSection(section) => {
            // A constant expression that has a vector in it has one as its result.
            for global in section.clone().into_iter_with_offsets() {
                let (offset, global) = global?;
                if global.ty.content_type == ValType::V128 {
                    return Ok(Some(offset));
                }
            }
        }
        _ => {}
    }
    Ok(None)
}

fn is_vector_function(ty: &wasmparser::SubType) -> bool {
    match &ty.composite_type.inner {
        wasmparser::CompositeInnerType::Func(ty) => {
            ty.params().iter().chain(ty.results()).any(|ty| *ty == ValType::V128)
        }
        _ => false,
    }
}

/// Where the first vector type or instruction in a function body stands, if there is one.
pub(crate) fn in_body(body: &FunctionBody<'_>) -> Result<Option<u64>, BinaryReaderError> {
    let mut locals = body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        if locals.read()?.1 == ValType::V128 {
            return Ok(Some(offset));
        }
    }
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let offset = operators.original_position();
        let operator = operators.read()?;
        let vector = match &operator {
            Operator::Block { blockty }
            | Operator::Loop { blockty }
            | Operator::If { blockty }
            | Operator::Try { blockty } => *blockty == BlockType::Type(ValType::V128),
            Operator::TryTable { try_table } => try_table.ty == BlockType::Type(ValType::V128),
            Operator::TypedSelect { ty } => *ty == ValType::V128,
            operator => is_vector_operator(operator),
        };
        if vector {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}

macro_rules! declare {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        fn is_vector_operator(operator: &Operator<'_>) -> bool {
            matches!(operator, $(Operator::$operator { .. })|*)
        }
    };
}

wasmparser::for_each_visit_simd_operator!(declare);
