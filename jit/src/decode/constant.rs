//! Constant expressions (§3.4.13): from operators to the records that the runtime evaluates.
//!
//! Called by the module decoder for initial values and offsets. What is accepted is what validation accepts.

use crate::error::CompileError;
use tancho_abi::module::{ConstantOperator, ConstantRecord, Module, Range};
use wasmparser::{ConstExpr, Operator};

/// Appends the records of `expression` to the module's pool.
pub(crate) fn decode(module: &mut Module, expression: &ConstExpr<'_>) -> Result<Range, CompileError> {
    let start = module.constants.len();
    for operator in expression.get_operators_reader().into_iter_with_offsets() {
        let (operator, offset) = operator?;
        if matches!(operator, Operator::End) {
            break;
        }
        // A value of the host and its wrapper look the same.
        if matches!(operator, Operator::AnyConvertExtern | Operator::ExternConvertAny) {
            continue;
        }
        module.constants.push(record(&operator).map_err(|error| error.at(offset))?);
    }
    super::module::range(start, module.constants.len())
}

/// The address, when the expression is a single `i32.const` or `i64.const`.
pub(crate) fn address_constant(module: &Module, expression: Range) -> Option<u64> {
    match expression.of(&module.constants)? {
        [only] if only.operator == ConstantOperator::I32 as u32 => Some(u64::from(only.low as u32)),
        [only] if only.operator == ConstantOperator::I64 as u32 => Some(only.low),
        _ => None,
    }
}

/// The function (`Some(Some(index))`) or null (`Some(None)`), when the expression is a single one of these.
pub(crate) fn function_constant(module: &Module, expression: Range) -> Option<Option<u32>> {
    match expression.of(&module.constants)? {
        [only] if only.operator == ConstantOperator::RefFunc as u32 => Some(Some(only.index)),
        [only] if only.operator == ConstantOperator::RefNull as u32 => Some(None),
        _ => None,
    }
}

fn record(operator: &Operator<'_>) -> Result<ConstantRecord, CompileError> {
    use ConstantOperator as C;
    let make = |operator: C, index: u32, low: u64, high: u64| {
        Ok(ConstantRecord { operator: operator as u32, index, low, high })
    };
    match *operator {
        Operator::I32Const { value } => make(C::I32, 0, u64::from(value as u32), 0),
        Operator::I64Const { value } => make(C::I64, 0, value as u64, 0),
        Operator::F32Const { value } => make(C::F32, 0, u64::from(value.bits()), 0),
        Operator::F64Const { value } => make(C::F64, 0, value.bits(), 0),
        Operator::V128Const { value } => {
            let bits = u128::from_le_bytes(*value.bytes());
            make(C::V128, 0, bits as u64, (bits >> 64) as u64)
        }
        Operator::GlobalGet { global_index } => make(C::GlobalGet, global_index, 0, 0),
        Operator::RefFunc { function_index } => make(C::RefFunc, function_index, 0, 0),
        Operator::RefNull { .. } => make(C::RefNull, 0, 0, 0),
        Operator::I32Add => make(C::I32Add, 0, 0, 0),
        Operator::I32Sub => make(C::I32Sub, 0, 0, 0),
        Operator::I32Mul => make(C::I32Mul, 0, 0, 0),
        Operator::I64Add => make(C::I64Add, 0, 0, 0),
        Operator::I64Sub => make(C::I64Sub, 0, 0, 0),
        Operator::I64Mul => make(C::I64Mul, 0, 0, 0),
        Operator::RefI31 => make(C::RefI31, 0, 0, 0),
        Operator::StructNew { struct_type_index } => make(C::StructNew, struct_type_index, 0, 0),
        Operator::StructNewDefault { struct_type_index } => make(C::StructNewDefault, struct_type_index, 0, 0),
        Operator::ArrayNew { array_type_index } => make(C::ArrayNew, array_type_index, 0, 0),
        Operator::ArrayNewDefault { array_type_index } => make(C::ArrayNewDefault, array_type_index, 0, 0),
        Operator::ArrayNewFixed { array_type_index, array_size } => {
            make(C::ArrayNewFixed, array_type_index, array_size.into(), 0)
        }
        _ => Err(CompileError::unsupported(format!("{operator:?} in a constant expression"))),
    }
}
