//! Constant expressions (§3.4.13, with extended constants): initial values of globals and tables, offsets and items of
//! segments.
//!
//! Called by `instantiate`, and by `builtin::table` for the items of passive segments. What they refer to never changes
//! after instantiation, so it makes no difference when an item is evaluated.

use crate::code::Code;
use crate::instance;
use crate::vmctx::Context;
use tancho_abi::index::{FunctionIndex, GlobalIndex};
use tancho_abi::module::{ConstantOperator, ConstantRecord, Range};
use tancho_abi::vmctx::ValRaw;

/// The expression is not a sound one, which only a forged image can bring about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// The value of the expression `range` of the module's pool in an instance whose globals, as far as the expression reads
/// them, and references have been written.
pub(crate) fn evaluate(context: &Context, code: &Code, range: Range) -> Result<ValRaw, Malformed> {
    let operators = range.of(code.view().constants).ok_or(Malformed)?;
    // Nearly every expression is a single operator.
    if let [one] = operators {
        return leaf(context, code, one);
    }
    let mut stack: Vec<ValRaw> = Vec::new();
    for record in operators {
        let operator = ConstantOperator::from_code(record.operator).ok_or(Malformed)?;
        let value = match operator {
            ConstantOperator::I32Add => i32_binary(&mut stack, u32::wrapping_add)?,
            ConstantOperator::I32Sub => i32_binary(&mut stack, u32::wrapping_sub)?,
            ConstantOperator::I32Mul => i32_binary(&mut stack, u32::wrapping_mul)?,
            ConstantOperator::I64Add => i64_binary(&mut stack, u64::wrapping_add)?,
            ConstantOperator::I64Sub => i64_binary(&mut stack, u64::wrapping_sub)?,
            ConstantOperator::I64Mul => i64_binary(&mut stack, u64::wrapping_mul)?,
            _ => leaf(context, code, record)?,
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(Malformed),
    }
}

/// An operator without operands.
fn leaf(context: &Context, code: &Code, record: &ConstantRecord) -> Result<ValRaw, Malformed> {
    // Each starts from zero, so that no byte of a value is left over from anything.
    let mut value = ValRaw::ZERO;
    match ConstantOperator::from_code(record.operator).ok_or(Malformed)? {
        ConstantOperator::I32 => value.i32 = record.low as u32,
        ConstantOperator::I64 => value.i64 = record.low,
        ConstantOperator::F32 => value.f32 = record.low as u32,
        ConstantOperator::F64 => value.f64 = record.low,
        ConstantOperator::V128 => {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&record.low.to_le_bytes());
            bytes[8..].copy_from_slice(&record.high.to_le_bytes());
            value.v128 = bytes;
        }
        ConstantOperator::GlobalGet => {
            let place = instance::global(context, code, GlobalIndex(record.index)).ok_or(Malformed)?;
            // SAFETY: the place of a global of this store, which has been written (zero at first); nothing runs that
            // could write it now.
            value = unsafe { place.read() };
        }
        ConstantOperator::RefFunc => {
            value.funcref = instance::funcref(context, code, FunctionIndex(record.index)).ok_or(Malformed)?.as_ptr();
        }
        ConstantOperator::RefNull => {}
        _ => return Err(Malformed),
    }
    Ok(value)
}

fn i32_binary(stack: &mut Vec<ValRaw>, operate: impl Fn(u32, u32) -> u32) -> Result<ValRaw, Malformed> {
    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else { return Err(Malformed) };
    let mut value = ValRaw::ZERO;
    // SAFETY: every value on the stack has all of its bytes written; any bits are a number.
    value.i32 = unsafe { operate(left.i32, right.i32) };
    Ok(value)
}

fn i64_binary(stack: &mut Vec<ValRaw>, operate: impl Fn(u64, u64) -> u64) -> Result<ValRaw, Malformed> {
    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else { return Err(Malformed) };
    let mut value = ValRaw::ZERO;
    // SAFETY: as for `i32_binary`.
    value.i64 = unsafe { operate(left.i64, right.i64) };
    Ok(value)
}
