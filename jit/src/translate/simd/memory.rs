//! Loads and stores of vectors that are more than moving 16 bytes (§4.4.7).
//!
//! Called by the switchboard; every address comes from `bounds`, for as many bytes as the access has.

use crate::error::CompileError;
use crate::translate::function::FunctionTranslator;
use crate::translate::memory::memory_of;
use cranelift_codegen::ir::{InstBuilder, Opcode, Type, Value};
use wasmparser::MemArg;

impl FunctionTranslator<'_, '_> {
    /// Loads eight bytes and widens their lanes, by the opcode of Cranelift that does.
    pub(crate) fn load_widened(&mut self, argument: &MemArg, opcode: Opcode) -> Result<(), CompileError> {
        let index = self.pop();
        let address = self.address(memory_of(argument)?, index, argument.offset, 8);
        let (flags, base, offset) = (address.flags, address.base, address.offset);
        let ins = self.builder.ins();
        let value = match opcode {
            Opcode::Sload8x8 => ins.sload8x8(flags, base, offset),
            Opcode::Uload8x8 => ins.uload8x8(flags, base, offset),
            Opcode::Sload16x4 => ins.sload16x4(flags, base, offset),
            Opcode::Uload16x4 => ins.uload16x4(flags, base, offset),
            Opcode::Sload32x2 => ins.sload32x2(flags, base, offset),
            Opcode::Uload32x2 => ins.uload32x2(flags, base, offset),
            other => return Err(CompileError::internal(format!("{other} is no widening load"))),
        };
        self.push(value);
        Ok(())
    }

    /// Loads one lane of `ty` from the address that is popped.
    fn load_one(&mut self, argument: &MemArg, ty: Type) -> Result<Value, CompileError> {
        let index = self.pop();
        let lane = ty.lane_type();
        let address = self.address(memory_of(argument)?, index, argument.offset, lane.bytes());
        Ok(self.builder.ins().load(lane, address.flags, address.base, address.offset))
    }

    /// Loads one lane, for all of `ty`.
    pub(crate) fn load_splat(&mut self, argument: &MemArg, ty: Type) -> Result<(), CompileError> {
        let lane = self.load_one(argument, ty)?;
        let value = self.builder.ins().splat(ty, lane);
        self.push(value);
        Ok(())
    }

    /// Loads lane 0 of `ty`; the others are zero.
    pub(crate) fn load_zero(&mut self, argument: &MemArg, ty: Type) -> Result<(), CompileError> {
        let lane = self.load_one(argument, ty)?;
        let value = self.builder.ins().scalar_to_vector(ty, lane);
        self.push(value);
        Ok(())
    }

    /// Loads one lane of a vector; the others stay.
    pub(crate) fn load_lane(&mut self, argument: &MemArg, ty: Type, lane: u8) -> Result<(), CompileError> {
        let vector = self.pop_as(ty);
        let value = self.load_one(argument, ty)?;
        let value = self.builder.ins().insertlane(vector, value, lane);
        self.push(value);
        Ok(())
    }

    /// Stores one lane of a vector.
    pub(crate) fn store_lane(&mut self, argument: &MemArg, ty: Type, lane: u8) -> Result<(), CompileError> {
        let vector = self.pop_as(ty);
        let index = self.pop();
        let address = self.store_address(memory_of(argument)?, index, argument.offset, ty.lane_type());
        let value = self.builder.ins().extractlane(vector, lane);
        self.builder.ins().store(address.flags, value, address.base, address.offset);
        Ok(())
    }
}
