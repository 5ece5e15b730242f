//! Frames: what stays of the shadow-stack pointer in a function that makes a frame below it.
//!
//! Called by the pipeline when Cranelift's optimiser is done. The function is given the pointer, and has the frame's address, which is so much less:
//! the optimiser knows that either follows from the other, and uses both, so that both are kept across every call. Behind the place
//! where the frame's address is computed, the pointer is computed from it here: one register less to save.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef};
use std::collections::HashMap;

/// Rewrites a function whose last parameter is the shadow-stack pointer.
pub(crate) fn settle(function: &mut Function) {
    let Some(entry) = function.layout.entry_block() else { return };
    let Some(pointer) = function.dfg.block_params(entry).last().copied() else { return };
    let found = function.layout.block_insts(entry).find_map(|inst| Some((inst, sum(function, inst, pointer)?)));
    let Some((made, distance)) = found else { return };
    let frame = function.dfg.first_result(made);
    let ty = function.dfg.value_type(pointer);

    let mut same: HashMap<Value, Value> = HashMap::new();
    let mut users = Vec::new();
    let mut behind = false;
    for block in function.layout.blocks() {
        for inst in function.layout.block_insts(block) {
            if behind {
                match sum(function, inst, pointer) {
                    Some(other) if other == distance => drop(same.insert(function.dfg.first_result(inst), frame)),
                    _ if function.dfg.inst_values(inst).any(|value| value == pointer) => users.push(inst),
                    _ => {}
                }
            }
            behind |= inst == made;
        }
    }
    for inst in users {
        let mut cursor = FuncCursor::new(function).at_inst(inst);
        cursor.use_srcloc(inst);
        let back = cursor.ins().iconst(ty, distance.wrapping_neg());
        let again = cursor.ins().iadd(frame, back);
        cursor.func.dfg.map_inst_values(inst, |value| if value == pointer { again } else { value });
    }
    if same.is_empty() {
        return;
    }
    let insts: Vec<Inst> = function.layout.blocks().flat_map(|block| function.layout.block_insts(block)).collect();
    for inst in insts {
        if inst != made && function.dfg.has_results(inst) && same.contains_key(&function.dfg.first_result(inst)) {
            function.layout.remove_inst(inst);
            continue;
        }
        function.dfg.map_inst_values(inst, |value| same.get(&value).copied().unwrap_or(value));
    }
}

/// What an instruction adds to `pointer`, if that is a constant and all that it does; as narrow as the pointer is.
fn sum(function: &Function, inst: Inst, pointer: Value) -> Option<i64> {
    let InstructionData::Binary { opcode, args: [first, second] } = function.dfg.insts[inst] else { return None };
    let constant = |value| {
        let ValueDef::Result(inst, _) = function.dfg.value_def(value) else { return None };
        match function.dfg.insts[inst] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    };
    let distance = match opcode {
        Opcode::Iadd if first == pointer => constant(second)?,
        Opcode::Iadd if second == pointer => constant(first)?,
        Opcode::Isub if first == pointer => constant(second)?.wrapping_neg(),
        _ => return None,
    };
    // Constants of 32 bits are written in either way.
    Some(if function.dfg.value_type(pointer).bits() == 32 { i64::from(distance as i32) } else { distance })
}
