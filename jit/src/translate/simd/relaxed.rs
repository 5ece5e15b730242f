//! Relaxed vector operators: where the specification leaves a choice, the machine's, or the deterministic profile's.
//!
//! Called by the switchboard. WebAssembly 3.0 (§4.3.6, relaxed operations) gives each operator a list of behaviours of which an
//! implementation fixes one by a parameter; the deterministic profile prescribes the first of each list. With the tunable
//! `relaxed_simd_deterministic` that is what is generated, everywhere; the comments name the parameter and what else is
//! taken without it. No choice here makes Cranelift call a library.

use crate::translate::function::FunctionTranslator;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use tancho_abi::target::Architecture;

impl FunctionTranslator<'_, '_> {
    /// Whether the machine's choice may be made, and the machine has the instruction.
    fn may(&self, machine_has: bool) -> bool {
        machine_has && !self.env.tunables.relaxed_simd_deterministic
    }

    fn is_x86(&self) -> bool {
        Architecture::of_triple(self.env.isa.triple()) == Some(Architecture::X86_64)
    }

    /// R_swizzle: 0 is 0 for every index from 16 on; 1 is what `pshufb` does.
    pub(crate) fn relaxed_swizzle(&mut self) {
        let pshufb = self.may(self.env.isa.has_x86_pshufb_lowering());
        self.binary_as(types::I8X16, |builder, vector, indices| {
            if pshufb { builder.ins().x86_pshufb(vector, indices) } else { builder.ins().swizzle(vector, indices) }
        });
    }

    /// R_trunc_s: 0 saturates; 1 is the least number for what does not fit, as `cvttps2dq` does.
    pub(crate) fn relaxed_truncate_s(&mut self) {
        let cvtt = self.may(self.is_x86());
        self.unary_as(types::F32X4, |builder, operand| {
            if cvtt {
                builder.ins().x86_cvtt2dq(types::I32X4, operand)
            } else {
                builder.ins().fcvt_to_sint_sat(types::I32X4, operand)
            }
        });
    }

    /// R_trunc_s again, for `cvttpd2dq`.
    pub(crate) fn relaxed_truncate_zero_s(&mut self) {
        if !self.may(self.is_x86()) {
            return self.truncate_zero_s();
        }
        let zero = self.zero_i64x2();
        self.unary_as(types::F64X2, |builder, operand| {
            // With `snarrow` of it, this is one instruction.
            let wide = builder.ins().x86_cvtt2dq(types::I64X2, operand);
            builder.ins().snarrow(wide, zero)
        });
    }

    /// R_fmadd: 0 rounds the product; 1 does not.
    fn multiply_add(&mut self, first: Value, second: Value, third: Value) -> Value {
        if self.may(self.env.isa.has_native_fma()) {
            self.builder.ins().fma(first, second, third)
        } else {
            let product = self.builder.ins().fmul(first, second);
            self.builder.ins().fadd(product, third)
        }
    }

    pub(crate) fn relaxed_multiply_add(&mut self, ty: Type) {
        let third = self.pop_as(ty);
        let (first, second) = self.pop2_as(ty);
        let result = self.multiply_add(first, second, third);
        self.push(result);
    }

    pub(crate) fn relaxed_negative_multiply_add(&mut self, ty: Type) {
        let third = self.pop_as(ty);
        let (first, second) = self.pop2_as(ty);
        let first = self.builder.ins().fneg(first);
        let result = self.multiply_add(first, second, third);
        self.push(result);
    }

    /// R_laneselect: 0 selects bit by bit; 1 by the highest bit of each lane, as `blendv` does.
    pub(crate) fn relaxed_lane_select(&mut self, ty: Type) {
        if !self.may(self.is_x86()) {
            return self.bitselect();
        }
        let mask = self.pop_as(ty);
        if ty != types::I16X8 {
            return self.binary_as(ty, |builder, first, second| builder.ins().blendv(mask, first, second));
        }
        // There is no such instruction for 16 bits: that for 8 does when both bytes have the bit.
        let highest = self.iconst32(15);
        let mask = self.builder.ins().sshr(mask, highest);
        let mask = self.cast(mask, types::I8X16);
        self.binary_as(types::I8X16, |builder, first, second| builder.ins().blendv(mask, first, second));
    }

    /// R_fmin: 0 is `min`; 1 is `pmin`, which is `minps`.
    pub(crate) fn relaxed_minimum(&mut self, ty: Type) {
        if self.may(self.is_x86()) {
            return self.pseudo_minimum(ty);
        }
        self.binary_as(ty, |builder, first, second| builder.ins().fmin(first, second));
    }

    /// R_fmax: 0 is `max`; 1 is `pmax`, which is `maxps`.
    pub(crate) fn relaxed_maximum(&mut self, ty: Type) {
        if self.may(self.is_x86()) {
            return self.pseudo_maximum(ty);
        }
        self.binary_as(ty, |builder, first, second| builder.ins().fmax(first, second));
    }

    /// R_iq15mulr: 0 saturates -1 · -1; 1 lets it wrap, as `pmulhrsw` does.
    pub(crate) fn relaxed_q15_multiply(&mut self) {
        let wraps = self.may(self.env.isa.has_x86_pmulhrsw_lowering());
        self.binary_as(types::I16X8, |builder, first, second| {
            if wraps { builder.ins().x86_pmulhrsw(first, second) } else { builder.ins().sqmul_round_sat(first, second) }
        });
    }

    /// R_idot: 0 takes the second operand as signed; 1 as unsigned, as `pmaddubsw` does. Either way sums of two saturate.
    pub(crate) fn relaxed_dot(&mut self) {
        let (first, second) = self.pop2_as(types::I8X16);
        let result = if self.may(self.env.isa.has_x86_pmaddubsw_lowering()) {
            self.builder.ins().x86_pmaddubsw(first, second)
        } else {
            self.saturating_dot(first, second)
        };
        self.push(result);
    }

    fn saturating_dot(&mut self, first: Value, second: Value) -> Value {
        const EVEN: [u8; 16] = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29];
        let ins = &mut self.builder;
        let (low, other) = (ins.ins().swiden_low(first), ins.ins().swiden_low(second));
        let low = ins.ins().imul(low, other);
        let (high, other) = (ins.ins().swiden_high(first), ins.ins().swiden_high(second));
        let high = ins.ins().imul(high, other);
        let (low, high) = (self.cast(low, types::I8X16), self.cast(high, types::I8X16));
        let [even, odd] = [EVEN, EVEN.map(|byte| byte + 2)].map(|bytes| {
            let bytes = self.builder.func.dfg.immediates.push(bytes.to_vec().into());
            let products = self.builder.ins().shuffle(low, high, bytes);
            self.cast(products, types::I16X8)
        });
        // Only -128 · -128 twice leaves the range of 16 bits.
        self.builder.ins().sadd_sat(even, odd)
    }

    /// The same, its neighbours added, and the third operand.
    pub(crate) fn relaxed_dot_add(&mut self) {
        let sum = self.pop_as(types::I32X4);
        self.relaxed_dot();
        self.extended_add_pairwise(types::I16X8, |builder, operand| {
            (builder.ins().swiden_low(operand), builder.ins().swiden_high(operand))
        });
        self.unary_as(types::I32X4, |builder, dot| builder.ins().iadd(dot, sum));
    }
}
