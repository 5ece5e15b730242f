//! The switchboard: which method translates which operator. One line per opcode, no logic.
//!
//! Called by `function` for each operator in order. Operators that no enabled feature has do not pass validation.

use super::function::FunctionTranslator;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64, I128};
use cranelift_codegen::ir::{InstBuilder, Opcode};
use wasmparser::Operator as Op;

impl FunctionTranslator<'_, '_> {
    /// Translates one operator.
    pub(crate) fn operator(&mut self, operator: &Op<'_>) -> Result<(), CompileError> {
        // Frames nest where nothing is reachable, too.
        match operator {
            Op::Block { blockty } => return self.block(*blockty),
            Op::Loop { blockty } => return self.loop_(*blockty),
            Op::If { blockty } => return self.if_(*blockty),
            Op::Else => self.else_(),
            Op::End => self.end(),
            _ if self.reachable => return self.reachable_operator(operator),
            _ => {}
        }
        Ok(())
    }

    #[rustfmt::skip]
    fn reachable_operator(&mut self, operator: &Op<'_>) -> Result<(), CompileError> {
        match operator {
            // Control.
            Op::Unreachable => self.unreachable(),
            Op::Nop => {}
            Op::Br { relative_depth } => self.br(*relative_depth),
            Op::BrIf { relative_depth } => self.br_if(*relative_depth),
            Op::BrTable { targets } => self.br_table(targets)?,
            Op::Return => self.return_(),
            Op::Call { function_index } => self.call(*function_index),
            Op::CallIndirect { type_index, table_index } => self.call_indirect(*type_index, *table_index),
            Op::ReturnCall { function_index } => self.return_call(*function_index),
            Op::ReturnCallIndirect { type_index, table_index } => self.return_call_indirect(*type_index, *table_index),

            // Parametric and variable.
            Op::Drop => { self.pop(); }
            Op::Select | Op::TypedSelect { .. } => self.select(),
            Op::LocalGet { local_index } => self.local_get(*local_index),
            Op::LocalSet { local_index } => self.local_set(*local_index),
            Op::LocalTee { local_index } => self.local_tee(*local_index),
            Op::GlobalGet { global_index } => self.global_get(*global_index),
            Op::GlobalSet { global_index } => self.global_set(*global_index),

            // References and tables.
            Op::RefNull { hty } => self.ref_null(*hty)?,
            Op::RefIsNull => self.ref_is_null(),
            Op::RefFunc { function_index } => self.ref_func(*function_index)?,
            Op::TableGet { table } => self.table_get(*table),
            Op::TableSet { table } => self.table_set(*table),
            Op::TableSize { table } => self.table_size(*table),
            Op::TableGrow { table } => self.table_grow(*table),
            Op::TableFill { table } => self.table_fill(*table),
            Op::TableCopy { dst_table, src_table } => self.table_copy(*dst_table, *src_table),
            Op::TableInit { elem_index, table } => self.table_init(*elem_index, *table),
            Op::ElemDrop { elem_index } => self.elem_drop(*elem_index),

            // Memory.
            Op::I32Load { memarg } => self.load(memarg, I32)?,
            Op::I64Load { memarg } => self.load(memarg, I64)?,
            Op::F32Load { memarg } => self.load(memarg, F32)?,
            Op::F64Load { memarg } => self.load(memarg, F64)?,
            Op::I32Load8S { memarg } => self.load_extend(memarg, Opcode::Sload8, I32)?,
            Op::I32Load8U { memarg } => self.load_extend(memarg, Opcode::Uload8, I32)?,
            Op::I32Load16S { memarg } => self.load_extend(memarg, Opcode::Sload16, I32)?,
            Op::I32Load16U { memarg } => self.load_extend(memarg, Opcode::Uload16, I32)?,
            Op::I64Load8S { memarg } => self.load_extend(memarg, Opcode::Sload8, I64)?,
            Op::I64Load8U { memarg } => self.load_extend(memarg, Opcode::Uload8, I64)?,
            Op::I64Load16S { memarg } => self.load_extend(memarg, Opcode::Sload16, I64)?,
            Op::I64Load16U { memarg } => self.load_extend(memarg, Opcode::Uload16, I64)?,
            Op::I64Load32S { memarg } => self.load_extend(memarg, Opcode::Sload32, I64)?,
            Op::I64Load32U { memarg } => self.load_extend(memarg, Opcode::Uload32, I64)?,
            Op::I32Store { memarg } | Op::I64Store { memarg } | Op::F32Store { memarg } | Op::F64Store { memarg } => self.store(memarg)?,
            Op::I32Store8 { memarg } | Op::I64Store8 { memarg } => self.store_narrow(memarg, Opcode::Istore8)?,
            Op::I32Store16 { memarg } | Op::I64Store16 { memarg } => self.store_narrow(memarg, Opcode::Istore16)?,
            Op::I64Store32 { memarg } => self.store_narrow(memarg, Opcode::Istore32)?,
            Op::MemorySize { mem } => self.memory_size(*mem),
            Op::MemoryGrow { mem } => self.memory_grow(*mem),
            Op::MemoryCopy { dst_mem, src_mem } => self.memory_copy(*dst_mem, *src_mem),
            Op::MemoryFill { mem } => self.memory_fill(*mem),
            Op::MemoryInit { data_index, mem } => self.memory_init(*data_index, *mem),
            Op::DataDrop { data_index } => self.data_drop(*data_index),

            // Constants.
            Op::I32Const { value } => { let value = self.iconst32(*value as u32); self.push(value); }
            Op::I64Const { value } => { let value = self.builder.ins().iconst(I64, *value); self.push(value); }
            Op::F32Const { value } => { let value = self.builder.ins().f32const(f32::from_bits(value.bits())); self.push(value); }
            Op::F64Const { value } => { let value = self.builder.ins().f64const(f64::from_bits(value.bits())); self.push(value); }

            // Integer tests and comparisons.
            Op::I32Eqz | Op::I64Eqz => self.eqz(),
            Op::I32Eq | Op::I64Eq => self.compare(IntCC::Equal),
            Op::I32Ne | Op::I64Ne => self.compare(IntCC::NotEqual),
            Op::I32LtS | Op::I64LtS => self.compare(IntCC::SignedLessThan),
            Op::I32LtU | Op::I64LtU => self.compare(IntCC::UnsignedLessThan),
            Op::I32GtS | Op::I64GtS => self.compare(IntCC::SignedGreaterThan),
            Op::I32GtU | Op::I64GtU => self.compare(IntCC::UnsignedGreaterThan),
            Op::I32LeS | Op::I64LeS => self.compare(IntCC::SignedLessThanOrEqual),
            Op::I32LeU | Op::I64LeU => self.compare(IntCC::UnsignedLessThanOrEqual),
            Op::I32GeS | Op::I64GeS => self.compare(IntCC::SignedGreaterThanOrEqual),
            Op::I32GeU | Op::I64GeU => self.compare(IntCC::UnsignedGreaterThanOrEqual),

            // Integer arithmetic.
            Op::I32Clz | Op::I64Clz => self.unary(|b, x| b.ins().clz(x)),
            Op::I32Ctz | Op::I64Ctz => self.unary(|b, x| b.ins().ctz(x)),
            Op::I32Popcnt | Op::I64Popcnt => self.unary(|b, x| b.ins().popcnt(x)),
            Op::I32Add | Op::I64Add => self.binary(|b, x, y| b.ins().iadd(x, y)),
            Op::I32Sub | Op::I64Sub => self.binary(|b, x, y| b.ins().isub(x, y)),
            Op::I32Mul | Op::I64Mul => self.binary(|b, x, y| b.ins().imul(x, y)),
            Op::I32DivS | Op::I64DivS => self.binary(|b, x, y| b.ins().sdiv(x, y)),
            Op::I32DivU | Op::I64DivU => self.binary(|b, x, y| b.ins().udiv(x, y)),
            Op::I32RemS | Op::I64RemS => self.binary(|b, x, y| b.ins().srem(x, y)),
            Op::I32RemU | Op::I64RemU => self.binary(|b, x, y| b.ins().urem(x, y)),
            Op::I32And | Op::I64And => self.binary(|b, x, y| b.ins().band(x, y)),
            Op::I32Or | Op::I64Or => self.binary(|b, x, y| b.ins().bor(x, y)),
            Op::I32Xor | Op::I64Xor => self.binary(|b, x, y| b.ins().bxor(x, y)),
            Op::I32Shl | Op::I64Shl => self.binary(|b, x, y| b.ins().ishl(x, y)),
            Op::I32ShrS | Op::I64ShrS => self.binary(|b, x, y| b.ins().sshr(x, y)),
            Op::I32ShrU | Op::I64ShrU => self.binary(|b, x, y| b.ins().ushr(x, y)),
            Op::I32Rotl | Op::I64Rotl => self.binary(|b, x, y| b.ins().rotl(x, y)),
            Op::I32Rotr | Op::I64Rotr => self.binary(|b, x, y| b.ins().rotr(x, y)),
            Op::I64Add128 => self.binary_wide(|b, x, y| b.ins().iadd(x, y)),
            Op::I64Sub128 => self.binary_wide(|b, x, y| b.ins().isub(x, y)),
            Op::I64MulWideS => self.mul_wide(|b, x| b.ins().sextend(I128, x)),
            Op::I64MulWideU => self.mul_wide(|b, x| b.ins().uextend(I128, x)),
            Op::I32Extend8S => self.extend_low(I8, I32),
            Op::I32Extend16S => self.extend_low(I16, I32),
            Op::I64Extend8S => self.extend_low(I8, I64),
            Op::I64Extend16S => self.extend_low(I16, I64),
            Op::I64Extend32S => self.extend_low(I32, I64),

            // Float comparisons.
            Op::F32Eq | Op::F64Eq => self.compare_float(FloatCC::Equal),
            Op::F32Ne | Op::F64Ne => self.compare_float(FloatCC::NotEqual),
            Op::F32Lt | Op::F64Lt => self.compare_float(FloatCC::LessThan),
            Op::F32Gt | Op::F64Gt => self.compare_float(FloatCC::GreaterThan),
            Op::F32Le | Op::F64Le => self.compare_float(FloatCC::LessThanOrEqual),
            Op::F32Ge | Op::F64Ge => self.compare_float(FloatCC::GreaterThanOrEqual),

            // Float arithmetic.
            Op::F32Abs | Op::F64Abs => self.unary(|b, x| b.ins().fabs(x)),
            Op::F32Neg | Op::F64Neg => self.unary(|b, x| b.ins().fneg(x)),
            Op::F32Ceil | Op::F64Ceil => self.unary(|b, x| b.ins().ceil(x)),
            Op::F32Floor | Op::F64Floor => self.unary(|b, x| b.ins().floor(x)),
            Op::F32Trunc | Op::F64Trunc => self.unary(|b, x| b.ins().trunc(x)),
            Op::F32Nearest | Op::F64Nearest => self.unary(|b, x| b.ins().nearest(x)),
            Op::F32Sqrt | Op::F64Sqrt => self.unary(|b, x| b.ins().sqrt(x)),
            Op::F32Add | Op::F64Add => self.binary(|b, x, y| b.ins().fadd(x, y)),
            Op::F32Sub | Op::F64Sub => self.binary(|b, x, y| b.ins().fsub(x, y)),
            Op::F32Mul | Op::F64Mul => self.binary(|b, x, y| b.ins().fmul(x, y)),
            Op::F32Div | Op::F64Div => self.binary(|b, x, y| b.ins().fdiv(x, y)),
            Op::F32Min | Op::F64Min => self.binary(|b, x, y| b.ins().fmin(x, y)),
            Op::F32Max | Op::F64Max => self.binary(|b, x, y| b.ins().fmax(x, y)),
            Op::F32Copysign | Op::F64Copysign => self.binary(|b, x, y| b.ins().fcopysign(x, y)),

            // Conversions.
            Op::I32WrapI64 => self.unary(|b, x| b.ins().ireduce(I32, x)),
            Op::I64ExtendI32S => self.unary(|b, x| b.ins().sextend(I64, x)),
            Op::I64ExtendI32U => self.unary(|b, x| b.ins().uextend(I64, x)),
            Op::I32TruncF32S | Op::I32TruncF64S => self.unary(|b, x| b.ins().fcvt_to_sint(I32, x)),
            Op::I32TruncF32U | Op::I32TruncF64U => self.unary(|b, x| b.ins().fcvt_to_uint(I32, x)),
            Op::I64TruncF32S | Op::I64TruncF64S => self.unary(|b, x| b.ins().fcvt_to_sint(I64, x)),
            Op::I64TruncF32U | Op::I64TruncF64U => self.unary(|b, x| b.ins().fcvt_to_uint(I64, x)),
            Op::I32TruncSatF32S | Op::I32TruncSatF64S => self.unary(|b, x| b.ins().fcvt_to_sint_sat(I32, x)),
            Op::I32TruncSatF32U | Op::I32TruncSatF64U => self.unary(|b, x| b.ins().fcvt_to_uint_sat(I32, x)),
            Op::I64TruncSatF32S | Op::I64TruncSatF64S => self.unary(|b, x| b.ins().fcvt_to_sint_sat(I64, x)),
            Op::I64TruncSatF32U | Op::I64TruncSatF64U => self.unary(|b, x| b.ins().fcvt_to_uint_sat(I64, x)),
            Op::F32ConvertI32S | Op::F32ConvertI64S => self.unary(|b, x| b.ins().fcvt_from_sint(F32, x)),
            Op::F32ConvertI32U | Op::F32ConvertI64U => self.unary(|b, x| b.ins().fcvt_from_uint(F32, x)),
            Op::F64ConvertI32S | Op::F64ConvertI64S => self.unary(|b, x| b.ins().fcvt_from_sint(F64, x)),
            Op::F64ConvertI32U | Op::F64ConvertI64U => self.unary(|b, x| b.ins().fcvt_from_uint(F64, x)),
            Op::F32DemoteF64 => self.unary(|b, x| b.ins().fdemote(F32, x)),
            Op::F64PromoteF32 => self.unary(|b, x| b.ins().fpromote(F64, x)),
            Op::I32ReinterpretF32 => self.reinterpret(I32),
            Op::I64ReinterpretF64 => self.reinterpret(I64),
            Op::F32ReinterpretI32 => self.reinterpret(F32),
            Op::F64ReinterpretI64 => self.reinterpret(F64),

            other => return Err(CompileError::unsupported(format!("the instruction {other:?}"))),
        }
        Ok(())
    }
}
