//! Memory operators (§4.4.7) that move one value, and the size of a memory.
//!
//! Called by the switchboard; every address comes from `bounds`, that of a store by way of `whole`.

use super::function::FunctionTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::{InstBuilder, Opcode, Type, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::MemoryIndex;
use wasmparser::{MemArg, MemArgTarget};

pub(crate) fn memory_of(argument: &MemArg) -> Result<MemoryIndex, CompileError> {
    match argument.target {
        MemArgTarget::Memory(memory) => Ok(MemoryIndex(memory)),
        MemArgTarget::Array(_) => Err(CompileError::unsupported("accesses to arrays")),
    }
}

impl FunctionTranslator<'_, '_> {
    /// Loads a value of type `ty`.
    pub(crate) fn load(&mut self, argument: &MemArg, ty: Type) -> Result<(), CompileError> {
        let index = self.pop();
        let address = self.address(memory_of(argument)?, index, argument.offset, ty.bytes());
        let value = self.builder.ins().load(ty, address.flags, address.base, address.offset);
        self.push(value);
        Ok(())
    }

    /// Loads part of a value and extends it to type `ty`, by the opcode of Cranelift that does.
    pub(crate) fn load_extend(&mut self, argument: &MemArg, opcode: Opcode, ty: Type) -> Result<(), CompileError> {
        let size = match opcode {
            Opcode::Uload8 | Opcode::Sload8 => 1,
            Opcode::Uload16 | Opcode::Sload16 => 2,
            _ => 4,
        };
        let index = self.pop();
        let address = self.address(memory_of(argument)?, index, argument.offset, size);
        let (flags, base, offset) = (address.flags, address.base, address.offset);
        let ins = self.builder.ins();
        let value = match opcode {
            Opcode::Uload8 => ins.uload8(ty, flags, base, offset),
            Opcode::Sload8 => ins.sload8(ty, flags, base, offset),
            Opcode::Uload16 => ins.uload16(ty, flags, base, offset),
            Opcode::Sload16 => ins.sload16(ty, flags, base, offset),
            Opcode::Uload32 => ins.uload32(flags, base, offset),
            Opcode::Sload32 => ins.sload32(flags, base, offset),
            other => return Err(CompileError::internal(format!("{other} is no extending load"))),
        };
        self.push(value);
        Ok(())
    }

    /// Stores a value whole.
    pub(crate) fn store(&mut self, argument: &MemArg) -> Result<(), CompileError> {
        let (index, value) = self.pop2();
        let ty = self.builder.func.dfg.value_type(value);
        let address = self.store_address(memory_of(argument)?, index, argument.offset, ty);
        self.builder.ins().store(address.flags, value, address.base, address.offset);
        Ok(())
    }

    /// Stores the low bits of a value, by the opcode of Cranelift that does.
    pub(crate) fn store_narrow(&mut self, argument: &MemArg, opcode: Opcode) -> Result<(), CompileError> {
        let (index, value) = self.pop2();
        let ty = match opcode {
            Opcode::Istore8 => types::I8,
            Opcode::Istore16 => types::I16,
            _ => types::I32,
        };
        let address = self.store_address(memory_of(argument)?, index, argument.offset, ty);
        let (flags, base, offset) = (address.flags, address.base, address.offset);
        let ins = self.builder.ins();
        match opcode {
            Opcode::Istore8 => ins.istore8(flags, value, base, offset),
            Opcode::Istore16 => ins.istore16(flags, value, base, offset),
            Opcode::Istore32 => ins.istore32(flags, value, base, offset),
            other => return Err(CompileError::internal(format!("{other} is no narrow store"))),
        };
        Ok(())
    }

    pub(crate) fn memory_size(&mut self, memory: u32) {
        let memory = MemoryIndex(memory);
        let shared = self.env.memory_space(memory).shared;
        let length = if shared { self.shared_memory_length(memory) } else { self.memory_length(memory) };
        let shift = self.env.module.memories[memory.index()].page_size_log2;
        let pages = self.builder.ins().ushr_imm_u(length, i64::from(shift));
        self.push_size(pages, self.env.is_memory64(memory));
    }

    pub(crate) fn memory_grow(&mut self, memory: u32) {
        let delta = self.pop();
        let delta = self.extend_index(delta);
        let index64 = self.env.is_memory64(MemoryIndex(memory));
        let memory = self.iconst32(memory);
        let former = self.call_builtin(Builtin::memory_grow, &[memory, delta]).expect("memory_grow has a result");
        self.push_size(former, index64);
    }
}
