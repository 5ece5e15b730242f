//! Vector operators (§4.4.3, and those of §4.4.7 that move vectors), a file per family.
//!
//! Called by the switchboard. On the operand stack a vector has whatever lanes the operator that made it works with; an operator
//! takes it by `pop_as` with the lanes that it needs. Where values of a type must look alike (locals, block parameters, calls)
//! `FunctionTranslator::plain` makes it 16 bytes.

pub(crate) mod arithmetic;
pub(crate) mod lane;
pub(crate) mod memory;
pub(crate) mod relaxed;
