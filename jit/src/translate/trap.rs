//! Trap codes: between the contract's and Cranelift's.
//!
//! The translator gives instructions codes with [`code`]; the emitter turns those and Cranelift's own back with [`decode`].

use cranelift_codegen::ir::TrapCode;
use tancho_abi::trap::Trap;

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
