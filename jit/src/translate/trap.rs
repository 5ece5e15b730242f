//! Traps: how compiled code comes to them, and their codes, between the contract's and Cranelift's.
//!
//! With the tunable `signals_based_traps` an instruction faults, and the trap table has its code: the translator gives it with [`code`], the
//! emitter turns it and Cranelift's own back with [`decode`]. Without, compiled code branches out of line to a call of the builtin
//! `trap`, each place to its own, so that backtraces are exact; no instruction that may fault is reached where it would. Called by all files
//! of operators that trap.

use super::function::FunctionTranslator;
use super::known;
use super::signature::POINTER;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, TrapCode, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use tancho_abi::builtin::Builtin;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{VmContext, VmStore};

/// Cranelift's code for a trap that the translator puts on an instruction.
pub(crate) fn code(trap: Trap) -> TrapCode {
    TrapCode::unwrap_user(trap.code())
}

/// The trap of Cranelift's code; `None` for a code that neither side gives.
pub(crate) fn decode(code: TrapCode) -> Option<Trap> {
    Some(match code {
        TrapCode::STACK_OVERFLOW => Trap::StackOverflow,
        TrapCode::INTEGER_OVERFLOW => Trap::IntegerOverflow,
        TrapCode::HEAP_OUT_OF_BOUNDS => Trap::MemoryOutOfBounds,
        TrapCode::INTEGER_DIVISION_BY_ZERO => Trap::IntegerDivisionByZero,
        TrapCode::BAD_CONVERSION_TO_INTEGER => Trap::BadConversionToInteger,
        user => return Trap::from_code(user.as_raw().get()),
    })
}

impl FunctionTranslator<'_, '_> {
    /// Traps; ends the block.
    pub(crate) fn trap(&mut self, trap: Trap) {
        if !self.env.tunables.signals_based_traps {
            let number = self.iconst32(trap.code().into());
            self.call_builtin(Builtin::trap, &[number]);
            // The builtin does not come back.
        }
        self.builder.ins().trap(code(trap));
    }

    /// Traps where `condition` is not 0.
    pub(crate) fn trap_if(&mut self, condition: Value, trap: Trap) {
        if self.env.tunables.signals_based_traps {
            self.builder.ins().trapnz(condition, code(trap));
            return;
        }
        let (bad, good) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(condition, bad, &[], good, &[]);
        self.builder.set_cold_block(bad);
        self.builder.switch_to_block(bad);
        self.builder.seal_block(bad);
        self.trap(trap);
        self.builder.switch_to_block(good);
        self.builder.seal_block(good);
    }

    /// Traps where `condition` is 0.
    pub(crate) fn trap_unless(&mut self, condition: Value, trap: Trap) {
        if self.env.tunables.signals_based_traps {
            self.builder.ins().trapz(condition, code(trap));
            return;
        }
        let is_zero = self.builder.ins().icmp_imm_u(IntCC::Equal, condition, 0);
        self.trap_if(is_zero, trap);
    }

    /// At a function's entry, where no guard below the stack may be touched: traps when less of it is left than the host is promised.
    /// Frames that reach far below the limit before this is asked are entered by a trampoline that asks first.
    pub(crate) fn check_stack(&mut self) {
        let store = self.load_constant(POINTER, offset_of!(VmContext, store) as u32);
        let limit = offset_of!(VmStore, stack_limit) as i32;
        let limit = self.builder.ins().load(POINTER, MemFlagsData::trusted(), store, limit);
        let stack = self.builder.ins().get_stack_pointer(POINTER);
        let short = self.builder.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
        self.trap_if(short, Trap::StackOverflow);
    }

    /// Replaces dividend and divisor by what `operation` gives; it traps by itself where instructions may.
    pub(crate) fn divide(
        &mut self,
        overflows: bool,
        operation: impl FnOnce(&mut FunctionBuilder<'_>, Value, Value) -> Value,
    ) {
        if !self.env.tunables.signals_based_traps {
            let (dividend, divisor) = (self.stack[self.stack.len() - 2], self.stack[self.stack.len() - 1]);
            let constant = known::constant(&self.builder.func.dfg, divisor);
            let ty = self.builder.func.dfg.value_type(divisor);
            if constant.is_none_or(|divisor| divisor == 0) {
                let by_zero = self.builder.ins().icmp_imm_u(IntCC::Equal, divisor, 0);
                self.trap_if(by_zero, Trap::IntegerDivisionByZero);
            }
            if overflows && constant.is_none_or(|divisor| divisor == known::widest(ty.bits())) {
                // Only the least number by -1 has a quotient that the type has not (§4.3.2, idiv_s).
                let least = self.builder.ins().iconst(ty, 1 << (ty.bits() - 1));
                let by_minus_one = self.builder.ins().icmp_imm_s(IntCC::Equal, divisor, -1);
                let of_least = self.builder.ins().icmp(IntCC::Equal, dividend, least);
                let both = self.builder.ins().band(by_minus_one, of_least);
                self.trap_if(both, Trap::IntegerOverflow);
            }
        }
        self.binary(operation);
    }

    /// Replaces a float by the integer that it is without its fraction (§4.3.3, trunc).
    pub(crate) fn truncate(&mut self, ty: Type, signed: bool) {
        let float = self.pop();
        if self.env.tunables.signals_based_traps {
            let ins = self.builder.ins();
            let integer = if signed { ins.fcvt_to_sint(ty, float) } else { ins.fcvt_to_uint(ty, float) };
            return self.push(integer);
        }
        let is_nan = self.builder.ins().fcmp(FloatCC::Unordered, float, float);
        self.trap_if(is_nan, Trap::BadConversionToInteger);
        let (from, above, past) = truncation_bounds(self.builder.func.dfg.value_type(float), ty, signed);
        let mut bound = |value: f64| match self.builder.func.dfg.value_type(float) {
            types::F32 => self.builder.ins().f32const(value as f32),
            _ => self.builder.ins().f64const(value),
        };
        let (low, high) = (bound(from), bound(past));
        let is_low = if above { FloatCC::LessThanOrEqual } else { FloatCC::LessThan };
        let too_low = self.builder.ins().fcmp(is_low, float, low);
        let too_high = self.builder.ins().fcmp(FloatCC::GreaterThanOrEqual, float, high);
        let outside = self.builder.ins().bor(too_low, too_high);
        self.trap_if(outside, Trap::IntegerOverflow);
        // Within the bounds it is the same, and has no fault to make.
        let ins = self.builder.ins();
        let integer = if signed { ins.fcvt_to_sint_sat(ty, float) } else { ins.fcvt_to_uint_sat(ty, float) };
        self.push(integer);
    }
}

/// Which floats are integers of a type when their fraction is cut off: those from the first number on (or, when the second says so, above
/// it) and below the third. All are floats of both types that are asked about, but for those that are above -2³¹ - 1, which only 64 bits have.
fn truncation_bounds(float: Type, integer: Type, signed: bool) -> (f64, bool, f64) {
    match (float, integer, signed) {
        (_, types::I32, false) => (-1.0, true, 4_294_967_296.0),
        (_, _, false) => (-1.0, true, 18_446_744_073_709_551_616.0),
        (types::F64, types::I32, true) => (-2_147_483_649.0, true, 2_147_483_648.0),
        (_, types::I32, true) => (-2_147_483_648.0, false, 2_147_483_648.0),
        (_, _, true) => (-9_223_372_036_854_775_808.0, false, 9_223_372_036_854_775_808.0),
    }
}
