//! Widening: a number of 32 bits that is loaded and then used as an index of 64 is loaded as one of 64.
//!
//! Called by the pipeline when Cranelift's optimiser is done. An index of 32 bits is extended for each access. All machines fill the rest of a register
//! with zeros when they load into half of it, but Cranelift does not count on that for a plain load, and extends by an instruction of its own: one more
//! to wait for in every step along pointers, and one register more where the number is needed too. Whatever uses the number itself is given the
//! low half. What is used twice could not be part of another instruction anyhow, and what is used once is used as an index.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types};
use std::collections::HashMap;

/// Rewrites the loads of a function.
pub(crate) fn rewrite(function: &mut Function) {
    let insts: Vec<Inst> = function.layout.blocks().flat_map(|block| function.layout.block_insts(block)).collect();
    // What a load loads, and what is extended of it: the result of the load in its place.
    let mut wide: HashMap<Value, Value> = HashMap::new();
    let mut same: SecondaryMap<Value, PackedOption<Value>> = SecondaryMap::new();
    let mut is_changed = false;
    for inst in &insts {
        let InstructionData::Unary { opcode: Opcode::Uextend, arg } = function.dfg.insts[*inst] else { continue };
        let extended = function.dfg.first_result(*inst);
        let arg = function.dfg.resolve_aliases(arg);
        if function.dfg.value_type(extended) != types::I64 || function.dfg.value_type(arg) != types::I32 {
            continue;
        }
        let Some(whole) = wide.get(&arg).copied().or_else(|| load(function, arg)) else { continue };
        wide.insert(arg, whole);
        same[extended] = whole.into();
        is_changed = true;
        function.layout.remove_inst(*inst);
    }
    if !is_changed {
        return;
    }
    let (layout, dfg) = (&function.stencil.layout, &mut function.stencil.dfg);
    for inst in layout.blocks().flat_map(|block| layout.block_insts(block)) {
        dfg.map_inst_values(inst, |value| same[value].expand().unwrap_or(value));
    }
}

/// Loads what `value` is as 64 bits, and makes `value` the low half of it; `None` where it is not loaded, or with its sign.
fn load(function: &mut Function, value: Value) -> Option<Value> {
    let ValueDef::Result(inst, 0) = function.dfg.value_def(value) else { return None };
    let InstructionData::Load { opcode, arg, flags, offset } = function.dfg.insts[inst] else { return None };
    let flags = function.dfg.mem_flags[flags];
    let mut cursor = FuncCursor::new(function).at_inst(inst);
    cursor.use_srcloc(inst);
    let whole = match opcode {
        Opcode::Load => cursor.ins().uload32(flags, arg, offset),
        Opcode::Uload8 => cursor.ins().uload8(types::I64, flags, arg, offset),
        Opcode::Uload16 => cursor.ins().uload16(types::I64, flags, arg, offset),
        _ => return None,
    };
    function.dfg.insts[inst] = InstructionData::Unary { opcode: Opcode::Ireduce, arg: whole };
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::rewrite;
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, MemFlagsData, Signature, UserFuncName, Value, types};
    use cranelift_codegen::isa::CallConv;
    use cranelift_codegen::{settings, verify_function};

    /// What becomes of a function of an address and a number, which returns one of 64 bits.
    fn rewritten(write: impl FnOnce(&mut FuncCursor<'_>, Value, Value) -> Value) -> String {
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.extend([types::I64, types::I32].map(AbiParam::new));
        signature.returns.push(AbiParam::new(types::I64));
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let entry = function.dfg.make_block();
        let [address, number] = [types::I64, types::I32].map(|ty| function.dfg.append_block_param(entry, ty));
        let mut cursor = FuncCursor::new(&mut function);
        cursor.insert_block(entry);
        let result = write(&mut cursor, address, number);
        cursor.ins().return_(&[result]);
        rewrite(&mut function);
        verify_function(&function, &settings::Flags::new(settings::builder())).expect("it is valid");
        function.display().to_string()
    }

    #[test]
    fn what_is_loaded_and_extended_is_loaded_wide() {
        let text = rewritten(|cursor, address, _| {
            let number = cursor.ins().load(types::I32, MemFlagsData::new(), address, 8);
            let once = cursor.ins().uextend(types::I64, number);
            let again = cursor.ins().uextend(types::I64, number);
            let place = cursor.ins().iadd(address, once);
            cursor.ins().store(MemFlagsData::new(), number, place, 4);
            cursor.ins().iadd(place, again)
        });
        assert!(text.contains("uload32") && text.contains("+8") && !text.contains("uextend"), "{text}");
        assert_eq!(text.matches("load").count(), 1, "{text}");
    }

    #[test]
    fn bytes_are_too_and_no_others() {
        let text = rewritten(|cursor, address, number| {
            let byte = cursor.ins().uload8(types::I32, MemFlagsData::new(), address, 0);
            let signed = cursor.ins().sload8(types::I32, MemFlagsData::new(), address, 1);
            let [byte, signed, number] = [byte, signed, number].map(|value| cursor.ins().uextend(types::I64, value));
            let sum = cursor.ins().iadd(byte, signed);
            cursor.ins().iadd(sum, number)
        });
        assert!(text.contains("uload8.i64") && text.contains("sload8.i32"), "{text}");
        assert_eq!(text.matches("uextend").count(), 2, "{text}");
    }
}
