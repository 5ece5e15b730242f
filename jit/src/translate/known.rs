//! What the instruction that makes a number says of it: how large it can be at most.
//!
//! Called by `bounds`, for indices of 64 bits that need no check because they cannot be large, and by `trap` for divisors. Nothing is known of parameters of blocks.

use cranelift_codegen::ir::immediates::Imm64;
use cranelift_codegen::ir::{DataFlowGraph, InstructionData, Opcode, Value, ValueDef};

/// How many instructions one above another are looked at.
const DEPTH: u32 = 4;

/// The largest value that `value`, an integer of at most 64 bits, can have as an unsigned number.
pub(crate) fn most(dfg: &DataFlowGraph, value: Value) -> u64 {
    most_at(dfg, value, DEPTH)
}

fn most_at(dfg: &DataFlowGraph, value: Value, depth: u32) -> u64 {
    let widest = widest(dfg.value_type(value).bits());
    let ValueDef::Result(inst, 0) = dfg.value_def(value) else { return widest };
    let Some(below) = depth.checked_sub(1) else { return widest };
    let of = |operand: Value| most_at(dfg, operand, below);
    let amount = |operand: Value| constant(dfg, operand).map(|amount| amount % u64::from(dfg.value_type(value).bits()));
    let known = match dfg.insts[inst] {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, .. } => constant(dfg, value),
        // x = x.
        InstructionData::Unary { opcode: Opcode::Uextend, arg } => Some(of(arg)),
        // x mod 2ⁿ ≤ x; the type has n bits.
        InstructionData::Unary { opcode: Opcode::Ireduce, arg } => Some(of(arg)),
        // No bit is set that is not set in both.
        InstructionData::Binary { opcode: Opcode::Band, args: [first, second] } => Some(of(first).min(of(second))),
        // Both are monotonic, where they do not wrap.
        InstructionData::Binary { opcode: Opcode::Iadd, args: [first, second] } => of(first).checked_add(of(second)),
        InstructionData::Binary { opcode: Opcode::Imul, args: [first, second] } => of(first).checked_mul(of(second)),
        InstructionData::Binary { opcode: Opcode::Ushr, args: [first, second] } => {
            amount(second).map(|amount| of(first) >> amount)
        }
        InstructionData::Binary { opcode: Opcode::Ishl, args: [first, second] } => {
            amount(second).and_then(|amount| of(first).checked_mul(1 << amount))
        }
        // x mod y ≤ x, x div y ≤ x.
        InstructionData::Binary { opcode: Opcode::Urem | Opcode::Udiv, args: [first, _] } => Some(of(first)),
        InstructionData::Ternary { opcode: Opcode::Select, args: [_, first, second] } => {
            Some(of(first).max(of(second)))
        }
        InstructionData::Load { opcode: Opcode::Uload8, .. } => Some(0xff),
        InstructionData::Load { opcode: Opcode::Uload16, .. } => Some(0xffff),
        InstructionData::Load { opcode: Opcode::Uload32, .. } => Some(0xffff_ffff),
        _ => None,
    };
    // What does not fit the type has wrapped, and can be anything.
    known.filter(|known| *known <= widest).unwrap_or(widest)
}

/// The largest number of so many bits.
pub(crate) fn widest(bits: u32) -> u64 {
    u64::MAX >> (64 - bits.clamp(1, 64))
}

/// The value of a constant, as an unsigned number of its type.
pub(crate) fn constant(dfg: &DataFlowGraph, value: Value) -> Option<u64> {
    let ValueDef::Result(inst, _) = dfg.value_def(value) else { return None };
    match dfg.insts[inst] {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => {
            Some(Imm64::bits(&imm) as u64 & widest(dfg.value_type(value).bits()))
        }
        _ => None,
    }
}
