//! Call operators (§4.4.8.10–13): direct, imported and indirect, ordinary and tail calls.
//!
//! Called by the switchboard. A direct call is a relative call within the image. An indirect call takes one of two ways:
//! where the callee belongs to this instance, its internal entry with the vmctx at hand, so that nothing of the callee
//! waits for loads through the reference; else its external entry with its own vmctx. A tail call goes the same ways: every callee,
//! the trampoline to a host function included, has the `Tail` convention, in which it removes its own arguments from the stack.

use super::env::CodeName;
use super::exception::Callee;
use super::function::FunctionTranslator;
use super::signature::{POINTER, machine_type};
use super::trap;
use crate::error::CompileError;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, SigRef, Value, types};
use tancho_abi::index::{FunctionIndex, TableIndex, TypeIndex};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{VmContext, VmFuncRef, VmFunctionEntry, VmFunctionImport};

impl FunctionTranslator<'_, '_> {
    pub(crate) fn call(&mut self, function: u32) -> Result<(), CompileError> {
        let function = FunctionIndex(function);
        let arguments = self.pop_arguments(self.env.module.functions[function.index()].ty);
        let (callee, vmctx) = match self.imported_callee(function) {
            Some((signature, code, vmctx)) => (Callee::Indirect(signature, code), vmctx),
            None => (Callee::Direct(self.callee(CodeName::Function(function))), self.vmctx),
        };
        let results = self.call_plainly(callee, &with_vmctx(vmctx, &arguments))?;
        self.stack.extend(results);
        Ok(())
    }

    pub(crate) fn return_call(&mut self, function: u32) {
        let function = FunctionIndex(function);
        let arguments = self.pop_arguments(self.env.module.functions[function.index()].ty);
        match self.imported_callee(function) {
            Some((signature, code, vmctx)) => {
                self.builder.ins().return_call_indirect(signature, code, &with_vmctx(vmctx, &arguments));
            }
            None => {
                let callee = self.callee(CodeName::Function(function));
                self.builder.ins().return_call(callee, &with_vmctx(self.vmctx, &arguments));
            }
        }
        self.reachable = false;
    }

    pub(crate) fn call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        let (ty, table) = (TypeIndex(ty), TableIndex(table));
        let done = self.builder.create_block();
        for result in &self.env.types[ty.index()].results {
            self.builder.append_block_param(done, machine_type(*result));
        }
        self.each_way(ty, table, |translator, signature, code, arguments| {
            translator.call_into(Callee::Indirect(signature, code), arguments, done)
        })?;
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        self.stack.extend_from_slice(self.builder.block_params(done));
        Ok(())
    }

    pub(crate) fn return_call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        self.each_way(TypeIndex(ty), TableIndex(table), |translator, signature, code, arguments| {
            translator.builder.ins().return_call_indirect(signature, code, arguments);
            Ok(())
        })?;
        self.reachable = false;
        Ok(())
    }

    /// The arguments of a call of a function of type `ty`.
    fn pop_arguments(&mut self, ty: TypeIndex) -> Vec<Value> {
        self.pop_many_plain(self.env.types[ty.index()].params.len())
    }

    /// Signature, code and context of an imported function; `None` for one of the module's own.
    fn imported_callee(&mut self, function: FunctionIndex) -> Option<(SigRef, Value, Value)> {
        if !self.env.module.is_imported_function(function) {
            return None;
        }
        let import = self.env.layout.imported_function(function);
        let code = self.load_constant(POINTER, import + offset_of!(VmFunctionImport, external) as u32);
        let vmctx = self.load_constant(POINTER, import + offset_of!(VmFunctionImport, vmctx) as u32);
        Some((self.signature(self.env.module.functions[function.index()].ty), code, vmctx))
    }

    /// Looks up the callee of an indirect call, checks its type, and writes the `transfer` to it for each of the two ways. The transfer
    /// is given signature, code and all arguments, and ends its block.
    fn each_way(
        &mut self,
        ty: TypeIndex,
        table: TableIndex,
        mut transfer: impl FnMut(&mut Self, SigRef, Value, &[Value]) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        let index = self.pop();
        let arguments = self.pop_arguments(ty);
        let entry = self.table_entry(table, index);
        self.check_type(ty, table, entry);

        let signature = self.signature(ty);
        let vmctx = self.load_entry(table, POINTER, entry, offset_of!(VmFunctionEntry, vmctx));
        let is_mine = self.builder.ins().icmp(IntCC::Equal, vmctx, self.vmctx);
        let (mine, foreign) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(is_mine, mine, &[], foreign, &[]);
        self.builder.set_cold_block(foreign);

        self.builder.switch_to_block(mine);
        self.builder.seal_block(mine);
        let internal = self.load_entry(table, POINTER, entry, offset_of!(VmFunctionEntry, internal));
        transfer(self, signature, internal, &with_vmctx(self.vmctx, &arguments))?;

        self.builder.switch_to_block(foreign);
        self.builder.seal_block(foreign);
        let funcref = self.load_entry(table, POINTER, entry, offset_of!(VmFunctionEntry, funcref));
        let external =
            self.builder.ins().load(POINTER, MemFlagsData::trusted(), funcref, offset_of!(VmFuncRef, external) as i32);
        transfer(self, signature, external, &with_vmctx(vmctx, &arguments))
    }

    /// Traps unless the entry holds a function of type `ty`. No type has the id of a null entry, so one comparison
    /// finds both; which of the two it was is asked out of line.
    fn check_type(&mut self, ty: TypeIndex, table: TableIndex, entry: Value) {
        let ids = self.load_constant(POINTER, offset_of!(VmContext, type_ids) as u32);
        let flags = self.constant_flags();
        let expected = self.builder.ins().load(types::I32, flags, ids, (ty.0 * size_of::<u32>() as u32) as i32);
        let found = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, type_id));
        let matches = self.builder.ins().icmp(IntCC::Equal, found, expected);
        let (good, bad) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(matches, good, &[], bad, &[]);
        self.builder.set_cold_block(bad);
        self.builder.switch_to_block(bad);
        self.builder.seal_block(bad);
        self.builder.ins().trapz(found, trap::code(Trap::IndirectCallToNull));
        self.builder.ins().trap(trap::code(Trap::BadSignature));
        self.builder.switch_to_block(good);
        self.builder.seal_block(good);
    }
}

/// The arguments of a call with the hidden one before them.
pub(crate) fn with_vmctx(vmctx: Value, arguments: &[Value]) -> Vec<Value> {
    let mut all = Vec::with_capacity(arguments.len() + 1);
    all.push(vmctx);
    all.extend_from_slice(arguments);
    all
}
