//! Vectors for a target that has none: finds the first use of them in a module, before anything is compiled.
//!
//! Called by the module decoder, for such targets only: Cranelift has no other code for vectors there, and would panic. What
//! cannot be read here is left for validation to name.

use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator, Payload, TypeRef, ValType};

/// What mentions vectors, and where it stands.
pub(crate) type Mention = (String, u64);

/// What a function's type is called that mentions them.
pub(crate) const FUNCTION_TYPE: &str = "a function's type";

/// The first vector type in a section, if there is one.
pub(crate) fn in_section(payload: &Payload<'_>) -> Result<Option<Mention>, BinaryReaderError> {
    match payload {
        Payload::TypeSection(section) => {
            for group in section.clone().into_iter_with_offsets() {
                let (offset, group) = group?;
                if group.types().any(is_vector_function) {
                    return Ok(Some((FUNCTION_TYPE.to_owned(), offset)));
                }
            }
        }
        Payload::ImportSection(section) => {
            for import in section.clone().into_imports_with_offsets() {
                let (offset, import) = import?;
                if matches!(import.ty, TypeRef::Global(global) if global.content_type == ValType::V128) {
                    return Ok(Some(("an imported global".to_owned(), offset)));
                }
            }
        }
        Payload::GlobalSection(section) => {
            // A constant expression that has a vector in it has one as its result.
            for global in section.clone().into_iter_with_offsets() {
                let (offset, global) = global?;
                if global.ty.content_type == ValType::V128 {
                    return Ok(Some(("a global".to_owned(), offset)));
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

/// The first vector type or instruction in a function body, if there is one.
pub(crate) fn in_body(body: &FunctionBody<'_>) -> Result<Option<Mention>, BinaryReaderError> {
    let mut locals = body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        if locals.read()?.1 == ValType::V128 {
            return Ok(Some(("a local".to_owned(), offset)));
        }
    }
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let offset = operators.original_position();
        if let Some(name) = vector_operator(&operators.read()?) {
            return Ok(Some((format!("`{name}`"), offset)));
        }
    }
    Ok(None)
}

/// The name in text of an operator that has to do with vectors.
fn vector_operator(operator: &Operator<'_>) -> Option<String> {
    let is_vector = |ty: &BlockType| *ty == BlockType::Type(ValType::V128);
    let name = match operator {
        Operator::Block { blockty } if is_vector(blockty) => "block",
        Operator::Loop { blockty } if is_vector(blockty) => "loop",
        Operator::If { blockty } if is_vector(blockty) => "if",
        Operator::Try { blockty } if is_vector(blockty) => "try",
        Operator::TryTable { try_table } if is_vector(&try_table.ty) => "try_table",
        Operator::TypedSelect { ty: ValType::V128 } => "select",
        operator => {
            return simd_operator(operator).map(|visit| visit.trim_start_matches("visit_").replacen('_', ".", 1));
        }
    };
    Some(name.to_owned())
}

macro_rules! declare {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The visitor's method for an operator on vectors: its name in text, with an underscore for the dot.
        fn simd_operator(operator: &Operator<'_>) -> Option<&'static str> {
            match operator {
                $(Operator::$operator { .. } => Some(stringify!($visit)),)*
                _ => None,
            }
        }
    };
}

wasmparser::for_each_visit_simd_operator!(declare);
