//! Whether a function can be called as one whose type is said in Rust's terms.
//!
//! `typed` asks for each function that it makes callable, `export` for a module's, before there is an instance.

use super::typed::{WasmParams, WasmResults};
use crate::error::{ErrorCode, Result};
use crate::func_type::FuncType;
use tancho_abi::types::{self as abi, ValType};

/// Whether calls of a function of type `found` as one from `P` to `R` have to check their parameters, because it says more of them.
///
/// # Errors
///
/// When it cannot be called as one.
pub(crate) fn check_type<P: WasmParams, R: WasmResults>(found: &FuncType) -> Result<bool> {
    // `P` and `R` have no concrete types, so there is nothing declared between a type of theirs and another.
    let matches = |this: ValType, other: ValType| match (this, other) {
        (ValType::Ref(this), ValType::Ref(other)) => this.matches(other, |this, other| this == other),
        _ => this == other,
    };
    let related = |this: ValType, other: ValType| match (this, other) {
        (ValType::Ref(this), ValType::Ref(other)) => this.heap.hierarchy() == other.heap.hierarchy(),
        _ => this == other,
    };
    let all = |these: &[ValType], others: &[ValType], holds: &dyn Fn(ValType, ValType) -> bool| {
        these.len() == others.len() && these.iter().zip(others).all(|(this, other)| holds(*this, *other))
    };
    let ty = found.abi();
    if !all(P::TYPES, &ty.params, &related) || !all(&ty.results, R::TYPES, &matches) {
        let expected = abi::FuncType { params: P::TYPES.into(), results: R::TYPES.into() };
        return Err(ErrorCode::FunctionType
            .error(format!("type mismatch: expected a function of type {expected}, found one of type {found}")));
    }
    Ok(!all(P::TYPES, &ty.params, &matches))
}
