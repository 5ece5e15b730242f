//! What the instruction that makes a number says of it: how large it can be at most, what it is a multiple of, and what it is the sum of.
//!
//! Called by `bounds`, for indices of 64 bits that need no check because they cannot be large, by `stride` for those that change step by
//! step, by `whole` for those that are aligned, by `trap` for divisors, by `reference` for references that
//! `ref.func` makes, by `table` for indices that are small and references that are null, by `bulk` and `call` for lengths and
//! indices that are constants, and by the passes `opt::{frame, recount, strip, wide_counter}`. Nothing is known of parameters of blocks.

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

/// A number of low bits that are 0 in `value`, an integer of at most 64 bits: all of its bits if it is 0.
pub(crate) fn zeros(dfg: &DataFlowGraph, value: Value) -> u32 {
    zeros_at(dfg, value, DEPTH)
}

fn zeros_at(dfg: &DataFlowGraph, value: Value, depth: u32) -> u32 {
    let bits = dfg.value_type(value).bits();
    if let Some(number) = constant(dfg, value) {
        return number.trailing_zeros().min(bits);
    }
    let ValueDef::Result(inst, 0) = dfg.value_def(value) else { return 0 };
    let Some(below) = depth.checked_sub(1) else { return 0 };
    let of = |operand: Value| zeros_at(dfg, operand, below);
    let zeros = match dfg.insts[inst] {
        InstructionData::Unary { opcode: Opcode::Uextend | Opcode::Sextend | Opcode::Ireduce, arg } => of(arg),
        InstructionData::Binary { opcode: Opcode::Band, args: [first, second] } => of(first).max(of(second)),
        // Low bits depend on low bits alone, whether the rest wraps or not; and a least or a choice is one of two.
        InstructionData::Binary {
            opcode: Opcode::Iadd | Opcode::Isub | Opcode::Bor | Opcode::Bxor | Opcode::Umin,
            args: [first, second],
        } => of(first).min(of(second)),
        InstructionData::Ternary { opcode: Opcode::Select | Opcode::SelectSpectreGuard, args: [_, first, second] } => {
            of(first).min(of(second))
        }
        InstructionData::Binary { opcode: Opcode::Imul, args: [first, second] } => of(first) + of(second),
        InstructionData::Binary { opcode: Opcode::Ishl, args: [first, second] } => {
            let amount = constant(dfg, second).map_or(0, |amount| amount % u64::from(bits));
            of(first) + amount as u32
        }
        _ => 0,
    };
    zeros.min(bits)
}

/// `value`, of at most 64 bits, as a value and a number that is added to it modulo 2⁶⁴, of which as many bits count as it has.
pub(crate) fn sum(dfg: &DataFlowGraph, value: Value) -> (Value, u64) {
    let (mut root, mut added) = (dfg.resolve_aliases(value), 0_u64);
    for _ in 0..DEPTH {
        let ValueDef::Result(inst, 0) = dfg.value_def(root) else { break };
        let InstructionData::Binary { opcode, args: [first, second] } = dfg.insts[inst] else { break };
        let (rest, number) = match (opcode, constant(dfg, first), constant(dfg, second)) {
            (Opcode::Iadd, _, Some(number)) => (first, number),
            (Opcode::Iadd, Some(number), None) => (second, number),
            (Opcode::Isub, _, Some(number)) => (first, number.wrapping_neg()),
            _ => break,
        };
        root = dfg.resolve_aliases(rest);
        added = added.wrapping_add(number);
    }
    (root, added)
}

/// How many instructions are looked at for one [`linear`].
const NODES: usize = 16;

/// A sum of multiples of values and a number, modulo 2⁶⁴.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Linear {
    /// Each value once, in order, and how often it is in the sum, which is not 0.
    pub(crate) terms: Vec<(Value, u64)>,
    pub(crate) constant: u64,
}

/// `value`, of 64 bits, as such a sum. A value of which `whole` says so is not taken apart.
pub(crate) fn linear(dfg: &DataFlowGraph, value: Value, whole: impl Fn(Value) -> bool) -> Linear {
    let mut sum = Linear::default();
    let mut left = NODES;
    // All arithmetic is modulo 2⁶⁴, as that of the instructions is.
    let mut parts = vec![(value, 1_u64)];
    while let Some((part, times)) = parts.pop() {
        let part = dfg.resolve_aliases(part);
        if let Some(number) = constant(dfg, part) {
            sum.constant = sum.constant.wrapping_add(number.wrapping_mul(times));
            continue;
        }
        let inst = match dfg.value_def(part) {
            ValueDef::Result(inst, 0) if left > 0 && !whole(part) => Some(inst),
            _ => None,
        };
        left = left.saturating_sub(1);
        let binary = inst.and_then(|inst| match dfg.insts[inst] {
            InstructionData::Binary { opcode, args: [first, second] } => {
                Some((opcode, first, second, constant(dfg, second)))
            }
            _ => None,
        });
        match binary {
            Some((Opcode::Iadd, first, second, _)) => parts.extend([(first, times), (second, times)]),
            Some((Opcode::Isub, first, second, _)) => parts.extend([(first, times), (second, times.wrapping_neg())]),
            // x · 2ⁿ; the amount is modulo the 64 bits.
            Some((Opcode::Ishl, first, _, Some(amount))) => parts.push((first, times << (amount % 64))),
            Some((Opcode::Imul, first, _, Some(number))) => parts.push((first, times.wrapping_mul(number))),
            _ => sum.terms.push((part, times)),
        }
    }
    sum.terms.sort_unstable();
    sum.terms.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.wrapping_add(next.1);
        }
        same
    });
    sum.terms.retain(|(_, times)| *times != 0);
    sum
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
