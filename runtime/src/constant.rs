//! Constant expressions (§3.4.13, with extended constants and those of garbage collection): initial values of globals and tables, offsets and
//! items of segments.
//!
//! Called by `instantiate`, for everything that can make an object; and by `builtin::table` for functions of passive segments. What they refer to
//! never changes after instantiation, so it makes no difference when such an item is evaluated. Nothing here collects, so that values that are
//! nowhere else yet stay good.

use crate::code::Code;
use crate::gc::TypeInfo;
use crate::instance;
use crate::state::State;
use crate::vmctx::Context;
use tancho_abi::index::{FunctionIndex, GlobalIndex, ObjectTypeIndex};
use tancho_abi::module::{ConstantOperator, ConstantRecord, Range};
use tancho_abi::object::i31_reference;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::ValRaw;

/// Why an expression has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// It is not a sound one, which only a forged image can bring about.
    Malformed,
    /// There is no room for an object.
    Trap(Trap),
}

use Failure::Malformed;

/// The value of the expression `range` of the module's pool in an instance whose globals, as far as the expression reads
/// them, references and types of objects have been written.
pub(crate) fn evaluate(state: &mut State, context: &Context, code: &Code, range: Range) -> Result<ValRaw, Failure> {
    let operators = range.of(code.view().constants).ok_or(Malformed)?;
    // Nearly every expression is a single operator.
    if let [one] = operators
        && let Some(value) = leaf(context, code, one)?
    {
        return Ok(value);
    }
    let mut stack: Vec<ValRaw> = Vec::new();
    for record in operators {
        let operator = ConstantOperator::from_code(record.operator).ok_or(Malformed)?;
        let value = match leaf(context, code, record)? {
            Some(value) => value,
            None => match numeric(&mut stack, operator)? {
                Some(value) => value,
                None => object(state, context, code, (operator, record), &mut stack)?,
            },
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(Malformed),
    }
}

/// The value of an expression that makes no object.
pub(crate) fn number(context: &Context, code: &Code, range: Range) -> Result<ValRaw, Failure> {
    let operators = range.of(code.view().constants).ok_or(Malformed)?;
    if let [one] = operators
        && let Some(value) = leaf(context, code, one)?
    {
        return Ok(value);
    }
    let mut stack: Vec<ValRaw> = Vec::new();
    for record in operators {
        let value = match leaf(context, code, record)? {
            Some(value) => value,
            None => {
                let operator = ConstantOperator::from_code(record.operator).ok_or(Malformed)?;
                numeric(&mut stack, operator)?.ok_or(Malformed)?
            }
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(Malformed),
    }
}

/// The value of an expression of one operator without operands.
pub(crate) fn simple(context: &Context, code: &Code, range: Range) -> Result<ValRaw, Failure> {
    match range.of(code.view().constants) {
        Some([one]) => leaf(context, code, one)?.ok_or(Malformed),
        _ => Err(Malformed),
    }
}

/// An operator without operands; `None` when it is another.
fn leaf(context: &Context, code: &Code, record: &ConstantRecord) -> Result<Option<ValRaw>, Failure> {
    if let Some(value) = literal(record)? {
        return Ok(Some(value));
    }
    let mut value = ValRaw::ZERO;
    match ConstantOperator::from_code(record.operator).ok_or(Malformed)? {
        ConstantOperator::GlobalGet => {
            let place = instance::global(context, code, GlobalIndex(record.index)).ok_or(Malformed)?;
            // SAFETY: the place of a global of this store, which has been written (zero at first); nothing runs that
            // could write it now.
            value = unsafe { place.read() };
        }
        ConstantOperator::RefFunc => {
            value.funcref = instance::funcref(context, code, FunctionIndex(record.index)).ok_or(Malformed)?.as_ptr();
        }
        _ => return Ok(None),
    }
    Ok(Some(value))
}

/// An operator whose value is the same in all instances; `None` when it is another.
pub(crate) fn literal(record: &ConstantRecord) -> Result<Option<ValRaw>, Failure> {
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
        ConstantOperator::RefNull => {}
        _ => return Ok(None),
    }
    Ok(Some(value))
}

/// An operator on numbers; `None` when it is another.
fn numeric(stack: &mut Vec<ValRaw>, operator: ConstantOperator) -> Result<Option<ValRaw>, Failure> {
    let value = match operator {
        ConstantOperator::I32Add => i32_binary(stack, u32::wrapping_add)?,
        ConstantOperator::I32Sub => i32_binary(stack, u32::wrapping_sub)?,
        ConstantOperator::I32Mul => i32_binary(stack, u32::wrapping_mul)?,
        ConstantOperator::I64Add => i64_binary(stack, u64::wrapping_add)?,
        ConstantOperator::I64Sub => i64_binary(stack, u64::wrapping_sub)?,
        ConstantOperator::I64Mul => i64_binary(stack, u64::wrapping_mul)?,
        ConstantOperator::RefI31 => reference(i31_reference(pop_i32(stack)?)),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// An operator that makes an object.
fn object(
    state: &mut State,
    context: &Context,
    code: &Code,
    (operator, record): (ConstantOperator, &ConstantRecord),
    stack: &mut Vec<ValRaw>,
) -> Result<ValRaw, Failure> {
    let ty = code.view().types.get(record.index as usize).ok_or(Malformed)?;
    if ty.object >= code.layout().counts().object_types {
        return Err(Malformed);
    }
    let place = context.at::<*const TypeInfo>(code.layout().type_info(ObjectTypeIndex(ty.object)));
    // SAFETY: instantiation has written it; types live as long as the store.
    let info = unsafe { &*place.read() };
    let (length, operands) = match (operator, info.is_array()) {
        (ConstantOperator::StructNew, false) => (0, info.fields.len()),
        (ConstantOperator::StructNewDefault, false) => (0, 0),
        (ConstantOperator::ArrayNew, true) => (pop_i32(stack)?, 1),
        (ConstantOperator::ArrayNewDefault, true) => (pop_i32(stack)?, 0),
        (ConstantOperator::ArrayNewFixed, true) => {
            let length = u32::try_from(record.low).map_err(|_| Malformed)?;
            (length, length as usize)
        }
        _ => return Err(Malformed),
    };
    let first = stack.len().checked_sub(operands).ok_or(Malformed)?;
    // SAFETY: the type is this store's.
    let object = unsafe { state.allocate_old(info, length) }.map_err(Failure::Trap)?;
    let values = stack.split_off(first);
    let mut write = |offset: u32, storage, value| {
        // SAFETY: the object has just been made, and has such a field or element.
        unsafe { state.write(object, object + offset, storage, value) };
    };
    match operator {
        ConstantOperator::ArrayNew => {
            let (value, element) = (values[0], info.fields[0]);
            for index in 0..length {
                write(element.offset + index * info.vm.element_size, element.storage, value);
            }
        }
        ConstantOperator::ArrayNewFixed => {
            let element = info.fields[0];
            for (index, value) in (0..).zip(values) {
                write(element.offset + index * info.vm.element_size, element.storage, value);
            }
        }
        _ => values.iter().zip(&info.fields).for_each(|(value, field)| write(field.offset, field.storage, *value)),
    }
    Ok(reference(object))
}

fn reference(reference: u32) -> ValRaw {
    let mut value = ValRaw::ZERO;
    value.i32 = reference;
    value
}

fn pop_i32(stack: &mut Vec<ValRaw>) -> Result<u32, Failure> {
    // SAFETY: every value on the stack has all of its bytes written; any bits are a number.
    stack.pop().map(|value| unsafe { value.i32 }).ok_or(Malformed)
}

fn i32_binary(stack: &mut Vec<ValRaw>, operate: impl Fn(u32, u32) -> u32) -> Result<ValRaw, Failure> {
    let (right, left) = (pop_i32(stack)?, pop_i32(stack)?);
    Ok(reference(operate(left, right)))
}

fn i64_binary(stack: &mut Vec<ValRaw>, operate: impl Fn(u64, u64) -> u64) -> Result<ValRaw, Failure> {
    let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else { return Err(Malformed) };
    let mut value = ValRaw::ZERO;
    // SAFETY: as for `pop_i32`.
    value.i64 = unsafe { operate(left.i64, right.i64) };
    Ok(value)
}
