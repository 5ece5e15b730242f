//! Arithmetic of vectors (§4.4.3) that is not one instruction of Cranelift each: bits, comparisons, widening, conversions.
//!
//! Called by the switchboard, which names the lanes and the instruction for the others. Several shapes here are those that
//! Cranelift's back ends know as one machine instruction.

use crate::translate::function::FunctionTranslator;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use cranelift_frontend::FunctionBuilder;

impl FunctionTranslator<'_, '_> {
    /// Replaces the top operand, taken with the lanes of `ty`.
    pub(crate) fn unary_as(&mut self, ty: Type, operation: impl FnOnce(&mut FunctionBuilder<'_>, Value) -> Value) {
        let operand = self.pop_as(ty);
        let result = operation(&mut self.builder, operand);
        self.push(result);
    }

    /// Replaces the two top operands, taken with the lanes of `ty`.
    pub(crate) fn binary_as(
        &mut self,
        ty: Type,
        operation: impl FnOnce(&mut FunctionBuilder<'_>, Value, Value) -> Value,
    ) {
        let (first, second) = self.pop2_as(ty);
        let result = operation(&mut self.builder, first, second);
        self.push(result);
    }

    /// Shifts the lanes by an `i32`, of which Cranelift, too, takes the lane's width as modulus.
    pub(crate) fn shift(&mut self, ty: Type, operation: impl FnOnce(&mut FunctionBuilder<'_>, Value, Value) -> Value) {
        let amount = self.pop();
        self.unary_as(ty, |builder, operand| operation(builder, operand, amount));
    }

    pub(crate) fn and_not(&mut self) {
        self.binary_as(types::I8X16, |builder, first, second| {
            let not = builder.ins().bnot(second);
            builder.ins().band(first, not)
        });
    }

    pub(crate) fn bitselect(&mut self) {
        let mask = self.pop_as(types::I8X16);
        self.binary_as(types::I8X16, |builder, first, second| builder.ins().bitselect(mask, first, second));
    }

    /// Whether any bit is set; the result is an `i32`.
    pub(crate) fn any_true(&mut self) {
        self.unary_as(types::I8X16, |builder, operand| {
            let result = builder.ins().vany_true(operand);
            builder.ins().uextend(types::I32, result)
        });
    }

    /// Whether no lane is zero; the result is an `i32`.
    pub(crate) fn all_true(&mut self, ty: Type) {
        self.unary_as(ty, |builder, operand| {
            let result = builder.ins().vall_true(operand);
            builder.ins().uextend(types::I32, result)
        });
    }

    /// The highest bits of the lanes, as an `i32`.
    pub(crate) fn bitmask(&mut self, ty: Type) {
        self.unary_as(ty, |builder, operand| builder.ins().vhigh_bits(types::I32, operand));
    }

    /// Multiplies half of the lanes, which `widen` selects and widens.
    pub(crate) fn extended_multiply(&mut self, ty: Type, widen: impl Fn(&mut FunctionBuilder<'_>, Value) -> Value) {
        self.binary_as(ty, |builder, first, second| {
            let (first, second) = (widen(builder, first), widen(builder, second));
            builder.ins().imul(first, second)
        });
    }

    /// Adds neighbours among the lanes, of which `widen` gives the low and the high half.
    pub(crate) fn extended_add_pairwise(
        &mut self,
        ty: Type,
        widen: impl FnOnce(&mut FunctionBuilder<'_>, Value) -> (Value, Value),
    ) {
        self.unary_as(ty, |builder, operand| {
            let (low, high) = widen(builder, operand);
            builder.ins().iadd_pairwise(low, high)
        });
    }

    /// `i32x4.dot_i16x8_s`.
    pub(crate) fn dot(&mut self) {
        self.binary_as(types::I16X8, |builder, first, second| {
            let (low, other) = (builder.ins().swiden_low(first), builder.ins().swiden_low(second));
            let low = builder.ins().imul(low, other);
            let (high, other) = (builder.ins().swiden_high(first), builder.ins().swiden_high(second));
            let high = builder.ins().imul(high, other);
            builder.ins().iadd_pairwise(low, high)
        });
    }

    /// `pmin`: second < first ? second : first.
    pub(crate) fn pseudo_minimum(&mut self, ty: Type) {
        let (first, second) = self.pop2_as(ty);
        let less = self.builder.ins().fcmp(FloatCC::LessThan, second, first);
        let less = self.cast(less, ty);
        let result = self.builder.ins().bitselect(less, second, first);
        self.push(result);
    }

    /// `pmax`: first < second ? second : first.
    pub(crate) fn pseudo_maximum(&mut self, ty: Type) {
        let (first, second) = self.pop2_as(ty);
        let less = self.builder.ins().fcmp(FloatCC::LessThan, first, second);
        let less = self.cast(less, ty);
        let result = self.builder.ins().bitselect(less, second, first);
        self.push(result);
    }

    /// Two zero lanes, which narrowing puts above the lanes it narrows.
    pub(crate) fn zero_i64x2(&mut self) -> Value {
        let zero = self.builder.func.dfg.constants.insert(vec![0; 16].into());
        self.builder.ins().vconst(types::I64X2, zero)
    }

    /// `i32x4.trunc_sat_f64x2_s_zero`: saturating to 64 bits and then to 32 is saturating to 32.
    pub(crate) fn truncate_zero_s(&mut self) {
        let zero = self.zero_i64x2();
        self.unary_as(types::F64X2, |builder, operand| {
            let wide = builder.ins().fcvt_to_sint_sat(types::I64X2, operand);
            builder.ins().snarrow(wide, zero)
        });
    }

    /// `i32x4.trunc_sat_f64x2_u_zero`.
    pub(crate) fn truncate_zero_u(&mut self) {
        let zero = self.zero_i64x2();
        self.unary_as(types::F64X2, |builder, operand| {
            let wide = builder.ins().fcvt_to_uint_sat(types::I64X2, operand);
            builder.ins().uunarrow(wide, zero)
        });
    }

    /// `f64x2.convert_low_i32x4_s`.
    pub(crate) fn convert_low_s(&mut self) {
        self.unary_as(types::I32X4, |builder, operand| {
            let low = builder.ins().swiden_low(operand);
            builder.ins().fcvt_from_sint(types::F64X2, low)
        });
    }

    /// `f64x2.convert_low_i32x4_u`.
    pub(crate) fn convert_low_u(&mut self) {
        self.unary_as(types::I32X4, |builder, operand| {
            let low = builder.ins().uwiden_low(operand);
            builder.ins().fcvt_from_uint(types::F64X2, low)
        });
    }
}
