//! Numeric operators (§4.4.1) that are not one instruction of Cranelift each.
//!
//! Called by the switchboard, which names the instruction or the shape for the others.

use super::function::FunctionTranslator;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;

impl FunctionTranslator<'_, '_> {
    /// Replaces the top operand.
    pub(crate) fn unary(&mut self, operation: impl FnOnce(&mut FunctionBuilder<'_>, Value) -> Value) {
        let operand = self.pop();
        let result = operation(&mut self.builder, operand);
        self.push(result);
    }

    /// Replaces the two top operands.
    pub(crate) fn binary(&mut self, operation: impl FnOnce(&mut FunctionBuilder<'_>, Value, Value) -> Value) {
        let (first, second) = self.pop2();
        let result = operation(&mut self.builder, first, second);
        self.push(result);
    }

    /// Compares integers; the result is an `i32`.
    pub(crate) fn compare(&mut self, condition: IntCC) {
        self.binary(|builder, first, second| {
            let result = builder.ins().icmp(condition, first, second);
            builder.ins().uextend(types::I32, result)
        });
    }

    /// Compares floats; the result is an `i32`.
    pub(crate) fn compare_float(&mut self, condition: FloatCC) {
        self.binary(|builder, first, second| {
            let result = builder.ins().fcmp(condition, first, second);
            builder.ins().uextend(types::I32, result)
        });
    }

    /// Whether an integer is zero; the result is an `i32`.
    pub(crate) fn eqz(&mut self) {
        self.unary(|builder, operand| {
            let result = builder.ins().icmp_imm_u(IntCC::Equal, operand, 0);
            builder.ins().uextend(types::I32, result)
        });
    }

    /// The bits of a number as one of the other kind.
    pub(crate) fn reinterpret(&mut self, ty: Type) {
        self.unary(|builder, operand| {
            builder.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), operand)
        });
    }

    /// Replaces two 128-bit integers, each as its low and its high half. Back ends see the carry between the halves of what has 128
    /// bits, and make one chain of two instructions of it.
    pub(crate) fn binary_wide(&mut self, operation: impl FnOnce(&mut FunctionBuilder<'_>, Value, Value) -> Value) {
        let (second_low, second_high) = self.pop2();
        let (first_low, first_high) = self.pop2();
        let first = self.builder.ins().iconcat(first_low, first_high);
        let second = self.builder.ins().iconcat(second_low, second_high);
        let result = operation(&mut self.builder, first, second);
        self.push_halves(result);
    }

    /// The whole product of two `i64`, which `extend` makes 128 bits wide. Back ends know a product of extended factors for one
    /// multiplication.
    pub(crate) fn mul_wide(&mut self, extend: impl Fn(&mut FunctionBuilder<'_>, Value) -> Value) {
        let (first, second) = self.pop2();
        let (first, second) = (extend(&mut self.builder, first), extend(&mut self.builder, second));
        let result = self.builder.ins().imul(first, second);
        self.push_halves(result);
    }

    /// Pushes a 128-bit integer: its low half, then its high half.
    fn push_halves(&mut self, value: Value) {
        let (low, high) = self.builder.ins().isplit(value);
        self.push(low);
        self.push(high);
    }

    /// Extends the low bits of an integer of type `ty`, as many as `narrow` has.
    pub(crate) fn extend_low(&mut self, narrow: Type, ty: Type) {
        self.unary(|builder, operand| {
            let low = builder.ins().ireduce(narrow, operand);
            builder.ins().sextend(ty, low)
        });
    }
}
