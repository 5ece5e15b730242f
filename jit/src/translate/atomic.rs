//! Atomic operators (threads proposal): accesses that no other splits, in one order that all threads agree about; wait and notify.
//!
//! Called by the switchboard; addresses come from `bounds`. An address that is not a multiple of the size traps, before it is looked at
//! whether it is in bounds.
//!
//! To Cranelift's alias analysis each of these is a fence for all memory: no other load or store is moved across it, or merged with
//! one on its other side. Between two of them, plain loads and stores of a shared memory may be merged as if no other thread were there,
//! which the memory model allows: such accesses are not ordered with those of other threads, and there is no promise that one sees what
//! another thread has written unless an atomic access or a call stands between.

use super::function::FunctionTranslator;
use super::memory::memory_of;
use super::signature::POINTER;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Type, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::target::Architecture;
use tancho_abi::trap::Trap;
use wasmparser::MemArg;

impl FunctionTranslator<'_, '_> {
    pub(crate) fn atomic_fence(&mut self) {
        self.builder.ins().fence();
    }

    /// Loads a `held` and extends it to type `ty`.
    pub(crate) fn atomic_load(&mut self, argument: &MemArg, held: Type, ty: Type) -> Result<(), CompileError> {
        let index = self.pop();
        let (flags, place) = self.atomic_address(argument, index, held)?;
        let value = self.builder.ins().atomic_load(held, flags, place);
        self.push_extended(value, ty);
        Ok(())
    }

    /// Stores the low bits of a value that make a `held`.
    pub(crate) fn atomic_store(&mut self, argument: &MemArg, held: Type) -> Result<(), CompileError> {
        let (index, value) = self.pop2();
        let (flags, place) = self.atomic_address(argument, index, held)?;
        let value = self.narrowed(value, held);
        self.builder.ins().atomic_store(flags, value, place);
        Ok(())
    }

    /// Replaces a `held` by what `operation` makes of it and an operand, and gives what it was, extended to the operand's type.
    pub(crate) fn atomic_rmw(
        &mut self,
        argument: &MemArg,
        operation: AtomicRmwOp,
        held: Type,
    ) -> Result<(), CompileError> {
        let (index, operand) = self.pop2();
        let ty = self.builder.func.dfg.value_type(operand);
        let (flags, place) = self.atomic_address(argument, index, held)?;
        let operand = self.narrowed(operand, held);
        let former = self.builder.ins().atomic_rmw(held, flags, operation, place, operand);
        self.push_extended(former, ty);
        Ok(())
    }

    /// Replaces a `held` if it is what is expected, of which the low bits count, and gives what it was.
    pub(crate) fn atomic_cmpxchg(&mut self, argument: &MemArg, held: Type) -> Result<(), CompileError> {
        let (index, expected, replacement) = self.pop3();
        let ty = self.builder.func.dfg.value_type(expected);
        let (flags, place) = self.atomic_address(argument, index, held)?;
        let (expected, replacement) = (self.narrowed(expected, held), self.narrowed(replacement, held));
        let former = if self.env.architecture == Architecture::Riscv64 && held.bits() < 32 {
            self.cmpxchg_in_word(flags, place, expected, replacement)
        } else {
            self.builder.ins().atomic_cas(flags, place, expected, replacement)
        };
        self.push_extended(former, ty);
        Ok(())
    }

    /// The same for 8 or 16 bits on riscv64, as a loop over the 32 bits around them. Cranelift 0.135 makes two reservations of this, one
    /// for the comparison and one for the store, so that it loses what another thread stores in between.
    fn cmpxchg_in_word(&mut self, flags: MemFlagsData, place: Value, expected: Value, replacement: Value) -> Value {
        let held = self.builder.func.dfg.value_type(expected);
        let mask = i64::from(u32::MAX >> (32 - held.bits()));
        let word = self.builder.ins().band_imm_s(place, -4);
        let byte = self.builder.ins().band_imm_u(place, 3);
        let shift = self.builder.ins().ishl_imm_u(byte, 3);
        let ones = self.builder.ins().iconst(types::I32, mask);
        let taken = self.builder.ins().ishl(ones, shift);
        let wide = self.builder.ins().uextend(types::I32, replacement);
        let put = self.builder.ins().ishl(wide, shift);
        let (again, change, done) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let former = self.builder.append_block_param(done, held);
        self.builder.ins().jump(again, &[]);

        self.builder.switch_to_block(again);
        let present = self.builder.ins().atomic_load(types::I32, flags, word);
        let low = self.builder.ins().ushr(present, shift);
        let found = self.builder.ins().ireduce(held, low);
        let same = self.builder.ins().icmp(IntCC::Equal, found, expected);
        self.builder.ins().brif(same, change, &[], done, &[found.into()]);

        self.builder.switch_to_block(change);
        self.builder.seal_block(change);
        let rest = self.builder.ins().band_not(present, taken);
        let next = self.builder.ins().bor(rest, put);
        let seen = self.builder.ins().atomic_cas(flags, word, present, next);
        let changed = self.builder.ins().icmp(IntCC::Equal, seen, present);
        self.builder.ins().brif(changed, done, &[found.into()], again, &[]);
        self.builder.seal_block(again);

        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        former
    }

    pub(crate) fn atomic_notify(&mut self, argument: &MemArg) -> Result<(), CompileError> {
        let (index, count) = self.pop2();
        let [memory, index, offset] = self.atomic_place(argument, index)?;
        let builtin = Builtin::memory_atomic_notify;
        let released = self.call_builtin(builtin, &[memory, index, offset, count]).expect("it has a result");
        self.push(released);
        Ok(())
    }

    /// Waits while memory holds a value of type `ty`.
    pub(crate) fn atomic_wait(&mut self, argument: &MemArg, ty: Type) -> Result<(), CompileError> {
        let (index, expected, timeout) = self.pop3();
        let [memory, index, offset] = self.atomic_place(argument, index)?;
        let builtin = if ty == types::I32 { Builtin::memory_atomic_wait32 } else { Builtin::memory_atomic_wait64 };
        let arguments = [memory, index, offset, expected, timeout];
        let ended = self.call_builtin(builtin, &arguments).expect("it has a result");
        self.push(ended);
        Ok(())
    }

    /// Memory, index and offset as builtins take them, which look at alignment and bounds themselves.
    fn atomic_place(&mut self, argument: &MemArg, index: Value) -> Result<[Value; 3], CompileError> {
        let memory = memory_of(argument)?;
        let index = self.extend_index(index);
        let offset = self.builder.ins().iconst(POINTER, argument.offset as i64);
        Ok([self.iconst32(memory.0), index, offset])
    }

    /// The address of a `held`, and the flags of an access there.
    fn atomic_address(
        &mut self,
        argument: &MemArg,
        index: Value,
        held: Type,
    ) -> Result<(MemFlagsData, Value), CompileError> {
        let (memory, size) = (memory_of(argument)?, held.bytes());
        let low = u64::from(size - 1);
        if low != 0 {
            // Index and offset may add up to more than 64 bits, of which the low ones are the same modulo 2⁶⁴.
            let wide = self.extend_index(index);
            let sum = match argument.offset & low {
                0 => wide,
                offset => self.builder.ins().iadd_imm_u(wide, offset as i64),
            };
            let odd = self.builder.ins().band_imm_u(sum, low as i64);
            self.trap_if(odd, Trap::HeapMisaligned);
        }
        let address = self.address(memory, index, argument.offset, size);
        let place = match address.offset {
            0 => address.base,
            offset => self.builder.ins().iadd_imm_s(address.base, i64::from(offset)),
        };
        Ok((address.flags, place))
    }

    /// The low bits of a value that make a `held`.
    fn narrowed(&mut self, value: Value, held: Type) -> Value {
        if self.builder.func.dfg.value_type(value) == held { value } else { self.builder.ins().ireduce(held, value) }
    }

    fn push_extended(&mut self, value: Value, ty: Type) {
        let same = self.builder.func.dfg.value_type(value) == ty;
        let value = if same { value } else { self.builder.ins().uextend(ty, value) };
        self.push(value);
    }
}
