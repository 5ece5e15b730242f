//! Frames: what stays of the shadow-stack pointer in a function that makes a frame below it.
//!
//! Called by the pipeline when Cranelift's optimiser is done. The function is given the pointer, and has the frame's address, which is so much less:
//! the optimiser knows that either follows from the other, and uses both, so that both are kept across every call. Behind the place
//! where the frame's address is computed, the pointer is computed from it here: one register less to save. Where something is added to the pointer,
//! the distance is added last, so that it becomes part of an address and takes no instruction.

use crate::translate::known;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Type, Value};
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
    let mut near: HashMap<Value, Value> = HashMap::new();
    for inst in users {
        let (added, other) = (sum(function, inst, pointer), summand(function, inst, pointer));
        let mut cursor = FuncCursor::new(function).at_inst(inst);
        cursor.use_srcloc(inst);
        let mut constant = |added: i64| cursor.ins().iconst(ty, narrow(added.wrapping_sub(distance), ty));
        match (added, other) {
            // Another frame: that of a function that is inlined.
            (Some(added), _) => {
                let constant = constant(added);
                cursor.func.dfg.insts[inst] = added_up(frame, constant);
            }
            // The distance last, where it is part of an address.
            (None, Some(other)) => {
                let back = constant(0);
                let sum = cursor.ins().iadd(frame, other);
                near.insert(cursor.func.dfg.first_result(inst), sum);
                cursor.func.dfg.insts[inst] = added_up(sum, back);
            }
            (None, None) => {
                let back = constant(0);
                let again = cursor.ins().iadd(frame, back);
                cursor.func.dfg.map_inst_values(inst, |value| if value == pointer { again } else { value });
            }
        }
    }
    join(function, &near, ty, distance);
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

/// Makes one of the two constants that are added to each sum of `near`: it stands for a value that is more by `distance`, negated, and whose users
/// may add something themselves.
fn join(function: &mut Function, near: &HashMap<Value, Value>, ty: Type, distance: i64) {
    if near.is_empty() {
        return;
    }
    let insts: Vec<Inst> = function.layout.blocks().flat_map(|block| function.layout.block_insts(block)).collect();
    for inst in insts {
        let of = |value: &Value| Some((*near.get(value)?, sum(function, inst, *value)?));
        let Some((base, added)) = function.dfg.inst_values(inst).find_map(|value| of(&value)) else { continue };
        let mut cursor = FuncCursor::new(function).at_inst(inst);
        cursor.use_srcloc(inst);
        let constant = cursor.ins().iconst(ty, narrow(added.wrapping_sub(distance), ty));
        cursor.func.dfg.insts[inst] = added_up(base, constant);
    }
}

/// What an instruction adds to `pointer`, if that is all that it does.
fn summand(function: &Function, inst: Inst, pointer: Value) -> Option<Value> {
    match function.dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Iadd, args: [first, second] } if first != second => {
            [(first, second), (second, first)].into_iter().find(|(one, _)| *one == pointer).map(|(_, other)| other)
        }
        _ => None,
    }
}

/// The instruction that adds two values.
fn added_up(first: Value, second: Value) -> InstructionData {
    InstructionData::Binary { opcode: Opcode::Iadd, args: [first, second] }
}

/// A constant of a type as `iconst` takes it.
fn narrow(constant: i64, ty: Type) -> i64 {
    if ty.bits() == 32 { i64::from(constant as u32) } else { constant }
}

/// What an instruction adds to `pointer`, if that is a constant and all that it does; as narrow as the pointer is.
fn sum(function: &Function, inst: Inst, pointer: Value) -> Option<i64> {
    let InstructionData::Binary { opcode, args: [first, second] } = function.dfg.insts[inst] else { return None };
    let constant = |value| known::constant(&function.dfg, value).map(|constant| constant as i64);
    let distance = match opcode {
        Opcode::Iadd if first == pointer => constant(second)?,
        Opcode::Iadd if second == pointer => constant(first)?,
        Opcode::Isub if first == pointer => constant(second)?.wrapping_neg(),
        _ => return None,
    };
    Some(if function.dfg.value_type(pointer).bits() == 32 { i64::from(distance as i32) } else { distance })
}

#[cfg(test)]
mod tests {
    use super::settle;
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, MemFlagsData, Signature, UserFuncName, Value, types};
    use cranelift_codegen::isa::CallConv;
    use cranelift_codegen::{settings, verify_function};

    /// What is left of a function that is given the pointer, has a frame of 32 bytes, and whose body `write` writes: as text, behind the
    /// frame's address.
    fn settled(write: impl FnOnce(&mut FuncCursor<'_>, Value, Value)) -> String {
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.extend([types::I64, types::I32, types::I32].map(AbiParam::new));
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let entry = function.dfg.make_block();
        let [_, number, pointer] =
            [types::I64, types::I32, types::I32].map(|ty| function.dfg.append_block_param(entry, ty));
        let mut cursor = FuncCursor::new(&mut function);
        cursor.insert_block(entry);
        let size = cursor.ins().iconst(types::I32, 32);
        cursor.ins().isub(pointer, size);
        write(&mut cursor, pointer, number);
        cursor.ins().return_(&[]);
        settle(&mut function);
        verify_function(&function, &settings::Flags::new(settings::builder())).expect("it is still one");
        let text = function.to_string();
        let (_, behind) = text.split_once("isub v2, v3").expect("the frame is still made");
        assert!(!behind.contains("v2"), "the pointer is kept: {text}");
        behind.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("; ")
    }

    fn keep(cursor: &mut FuncCursor<'_>, value: Value) {
        let nowhere = cursor.ins().iconst(types::I64, 8);
        cursor.ins().store(MemFlagsData::trusted(), value, nowhere, 0);
    }

    fn has(text: &str, pieces: &[&str]) {
        let mut rest = text;
        for piece in pieces {
            let (_, behind) = rest.split_once(piece).unwrap_or_else(|| panic!("no {piece} in {rest}: {text}"));
            rest = behind;
        }
    }

    #[test]
    fn the_pointer_is_what_lies_above_the_frame() {
        let text = settled(|cursor, pointer, _| keep(cursor, pointer));
        has(&text, &["iconst.i32 32", "iadd v4, v", "store"]);
    }

    #[test]
    fn a_frame_of_an_inlined_function_lies_below_that_of_its_caller() {
        let text = settled(|cursor, pointer, _| {
            let size = cursor.ins().iconst(types::I32, 48);
            let inner = cursor.ins().isub(pointer, size);
            keep(cursor, inner);
        });
        // 16 bytes.
        has(&text, &["iconst.i32 -16", "iadd v4, v", "store"]);
        assert_eq!(text.matches("iadd").count(), 1, "{text}");
    }

    #[test]
    fn the_same_frame_is_computed_once() {
        let text = settled(|cursor, pointer, _| {
            let back = cursor.ins().iconst(types::I32, i64::from(-32_i32 as u32));
            let again = cursor.ins().iadd(pointer, back);
            keep(cursor, again);
        });
        has(&text, &["store notrap aligned v4,"]);
        assert_eq!(text.matches("iadd").count(), 0, "{text}");
    }

    #[test]
    fn what_is_added_to_an_element_of_the_frame_is_one_constant() {
        let text = settled(|cursor, pointer, number| {
            let element = cursor.ins().iadd(pointer, number);
            let below = cursor.ins().iconst(types::I32, i64::from(-24_i32 as u32));
            let field = cursor.ins().iadd(element, below);
            keep(cursor, field);
            keep(cursor, element);
        });
        // 32 - 24 bytes above the sum of the frame and the number.
        has(&text, &["iconst.i32 32", "iadd v4, v1", "iconst.i32 8", "iadd", "store", "store"]);
    }
}
