//! Stores that are made whole or not at all: one that traps writes nothing (§4.4.7).
//!
//! Called by the operators that store, for their addresses. Where the guard decides whether a store is in bounds, one that begins in the
//! memory and ends after it has a page of its own for either part. x86-64 makes neither part then. The other architectures leave it
//! open whether the first is made: RISC-V lets firmware or the processor take the store apart, and makes one of a vector element by
//! element; Arm says nothing of the memory behind a store that faults. There the bytes are loaded before, and what is loaded is not
//! used: the load faults wherever the store would, and changes nothing. Cranelift keeps a load that may trap.
//!
//! It is left out where the store lies within one page, because its address is a multiple of its size, or where an access in the same
//! block has reached as far: memories end at multiples of a page, begin at one, and never become shorter.

use super::bounds::Address;
use super::function::FunctionTranslator;
use super::known;
use cranelift_codegen::ir::{Block, DataFlowGraph, InstBuilder, InstructionData, Opcode, Type, Value, ValueDef};
use std::collections::HashMap;
use tancho_abi::index::MemoryIndex;
use tancho_abi::target::Architecture;

/// How many bytes of a memory are known to follow a place, and in which block that is known.
pub(crate) type Reached = HashMap<(MemoryIndex, Value), (Block, u64)>;

/// The number that a place is, in whichever type: 32-bit indices are extended anew for each access.
fn root(dfg: &DataFlowGraph, place: Value) -> Value {
    let place = dfg.resolve_aliases(place);
    match dfg.value_def(place) {
        ValueDef::Result(inst, 0) => match dfg.insts[inst] {
            InstructionData::Unary { opcode: Opcode::Uextend, arg } => dfg.resolve_aliases(arg),
            _ => place,
        },
        _ => place,
    }
}

impl FunctionTranslator<'_, '_> {
    /// The address of a `ty` at `index` + `offset` in `memory`, as `address` gives it, for a store that follows.
    pub(crate) fn store_address(&mut self, memory: MemoryIndex, index: Value, offset: u64, ty: Type) -> Address {
        let address = self.any_address(memory, index, offset, ty.bytes());
        if self.may_tear(memory, &address, ty.bytes()) {
            self.builder.ins().load(ty, address.flags, address.base, address.offset);
        }
        self.note_access(memory, &address, ty.bytes());
        address
    }

    /// Whether part of a store of `size` bytes may be made though it traps.
    fn may_tear(&self, memory: MemoryIndex, address: &Address, size: u32) -> bool {
        let Some((place, offset)) = address.left_to_guard else { return false };
        if self.env.architecture == Architecture::X86_64 || size == 1 {
            return false;
        }
        let dfg = &self.builder.func.dfg;
        let zeros = known::zeros(dfg, place).min(offset.trailing_zeros());
        let aligned = zeros >= size.trailing_zeros();
        let reached = self.reached.get(&(memory, root(dfg, place)));
        let reached = reached.filter(|(block, _)| Some(*block) == self.builder.current_block());
        !aligned && reached.is_none_or(|(_, end)| *end < end_of(offset, size))
    }

    /// Notes that what follows in this block is behind an access to `size` bytes at `address`.
    pub(crate) fn note_access(&mut self, memory: MemoryIndex, address: &Address, size: u32) {
        let (Some((place, offset)), Some(block)) = (address.left_to_guard, self.builder.current_block()) else {
            return;
        };
        let key = (memory, root(&self.builder.func.dfg, place));
        let end = end_of(offset, size);
        let reached = self.reached.entry(key).or_insert((block, end));
        *reached = if reached.0 == block { (block, reached.1.max(end)) } else { (block, end) };
    }
}

/// How far from its place an access ends.
fn end_of(offset: i32, size: u32) -> u64 {
    u64::from(offset.unsigned_abs()) + u64::from(size)
}
