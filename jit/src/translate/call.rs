//! Call operators (§4.4.8.10–13): direct, imported and indirect, ordinary and tail calls.
//!
//! Called by the switchboard. A direct call is a relative call within the image. An indirect call takes one of two ways:
//! where the callee belongs to this instance, its internal entry with the vmctx at hand, so that nothing of the callee
//! waits for loads through the reference; else its external entry with its own vmctx. A tail call goes the same ways: every callee,
//! the trampoline to a host function included, has the `Tail` convention, in which it removes its own arguments from the stack.

use super::env::{CodeName, TypeCheck};
use super::exception::CallTarget;
use super::function::FunctionTranslator;
use super::signature::POINTER;
use super::trap;
use crate::error::CompileError;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, SigRef, Type, Value, types};
use tancho_abi::index::{FunctionIndex, TableIndex, TypeIndex};
use tancho_abi::trap::{NULL_PAGE, Trap};
use tancho_abi::types::HeapType;
use tancho_abi::vmctx::{VmContext, VmFuncRef, VmFunctionEntry, VmFunctionImport};

impl FunctionTranslator<'_, '_> {
    pub(crate) fn call(&mut self, function: u32) -> Result<(), CompileError> {
        let function = FunctionIndex(function);
        if self.is_inlined() {
            return self.inline(function, false);
        }
        self.call_out_of_line(function)
    }

    /// A call that stays one.
    pub(crate) fn call_out_of_line(&mut self, function: FunctionIndex) -> Result<(), CompileError> {
        let arguments = self.pop_arguments(self.env.module.functions[function.index()].ty);
        let (callee, vmctx) = match self.imported_callee(function) {
            Some((signature, code, vmctx)) => (CallTarget::Indirect(signature, code), vmctx),
            None => (CallTarget::Direct(self.callee(CodeName::Function(function))), self.vmctx),
        };
        let results = self.call_plainly(callee, &with_vmctx(vmctx, &arguments))?;
        let types = &self.env.function_type(function).results;
        self.declare_all(&results, types);
        self.stack.extend(results);
        Ok(())
    }

    pub(crate) fn return_call(&mut self, function: u32) -> Result<(), CompileError> {
        let function = FunctionIndex(function);
        if self.is_inlined() {
            return self.inline(function, true);
        }
        if !self.is_tail() {
            return self.call_and_return(function);
        }
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
        Ok(())
    }

    pub(crate) fn call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        self.call_each_way(TypeIndex(ty), Callee::Entry(TableIndex(table)))
    }

    pub(crate) fn return_call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        self.return_call_each_way(TypeIndex(ty), Callee::Entry(TableIndex(table)))
    }

    pub(crate) fn call_ref(&mut self, ty: u32) -> Result<(), CompileError> {
        self.call_each_way(TypeIndex(ty), Callee::Reference)
    }

    pub(crate) fn return_call_ref(&mut self, ty: u32) -> Result<(), CompileError> {
        self.return_call_each_way(TypeIndex(ty), Callee::Reference)
    }

    fn call_each_way(&mut self, ty: TypeIndex, callee: Callee) -> Result<(), CompileError> {
        let done = self.block_with_params(&self.env.types[ty.index()].results);
        self.each_way(ty, callee, |translator, signature, code, arguments| {
            translator.call_into(CallTarget::Indirect(signature, code), arguments, done)
        })?;
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        self.stack.extend_from_slice(self.builder.block_params(done));
        Ok(())
    }

    fn return_call_each_way(&mut self, ty: TypeIndex, callee: Callee) -> Result<(), CompileError> {
        self.each_way(ty, callee, |translator, signature, code, arguments| {
            translator.builder.ins().return_call_indirect(signature, code, arguments);
            Ok(())
        })?;
        self.reachable = false;
        Ok(())
    }

    /// The arguments of a call of a function of type `ty`.
    fn pop_arguments(&mut self, ty: TypeIndex) -> Vec<Value> {
        self.calls = true;
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

    /// Looks up the callee of an indirect call, sees to it that it is one and of type `ty`, and writes the `transfer` to it for each of
    /// the two ways. The transfer is given signature, code and all arguments, and ends its block.
    fn each_way(
        &mut self,
        ty: TypeIndex,
        callee: Callee,
        mut transfer: impl FnMut(&mut Self, SigRef, Value, &[Value]) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        // The index in the table, or the reference.
        let place = self.pop();
        let arguments = self.pop_arguments(ty);
        let place = match callee {
            Callee::Entry(table) => {
                let entry = self.table_entry(table, place);
                self.check_entry(ty, table, entry);
                entry
            }
            Callee::Reference => place,
        };
        let signature = self.signature(ty);
        let vmctx = match callee {
            Callee::Entry(table) => self.load_entry(table, POINTER, place, offset_of!(VmFunctionEntry, vmctx)),
            Callee::Reference => self.load_of_reference(place, offset_of!(VmFuncRef, vmctx)),
        };
        let is_mine = self.builder.ins().icmp(IntCC::Equal, vmctx, self.vmctx);
        let (mine, foreign) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(is_mine, mine, &[], foreign, &[]);
        self.builder.set_cold_block(foreign);

        self.builder.switch_to_block(mine);
        self.builder.seal_block(mine);
        let internal = match callee {
            Callee::Entry(table) => self.load_entry(table, POINTER, place, offset_of!(VmFunctionEntry, internal)),
            Callee::Reference => self.load_of_function(POINTER, place, offset_of!(VmFuncRef, internal)),
        };
        transfer(self, signature, internal, &with_vmctx(self.vmctx, &arguments))?;

        self.builder.switch_to_block(foreign);
        self.builder.seal_block(foreign);
        let funcref = match callee {
            Callee::Entry(table) => self.load_entry(table, POINTER, place, offset_of!(VmFunctionEntry, funcref)),
            Callee::Reference => place,
        };
        let external = self.load_of_function(POINTER, funcref, offset_of!(VmFuncRef, external));
        transfer(self, signature, external, &with_vmctx(vmctx, &arguments))
    }

    /// Loads a field of what a reference refers to, which is not null.
    fn load_of_function(&mut self, ty: Type, reference: Value, field: usize) -> Value {
        self.builder.ins().load(ty, MemFlagsData::trusted(), reference, field as i32)
    }

    /// Loads a field of what a reference refers to, or traps where it is null: address 0 and the page after it are never mapped, so the
    /// load itself faults, and no branch is needed. The signal handler takes a fault there for this trap, of loads that are listed for it.
    fn load_of_reference(&mut self, reference: Value, field: usize) -> Value {
        debug_assert!(field < NULL_PAGE);
        if !self.env.tunables.signals_based_traps {
            self.trap_unless(reference, Trap::NullFunctionReference);
            return self.load_of_function(POINTER, reference, field);
        }
        let flags = MemFlagsData::trusted().with_trap_code(Some(trap::code(Trap::NullFunctionReference)));
        self.builder.ins().load(POINTER, flags, reference, field as i32)
    }

    /// Traps unless the entry holds a function of type `ty`. No type has the id of a null entry, so one comparison finds both; which
    /// of the two it was is asked out of line, and so is whether the function's type declares `ty` as a supertype.
    fn check_entry(&mut self, ty: TypeIndex, table: TableIndex, entry: Value) {
        let element = self.env.tables[table.index()];
        if matches!(element.heap, HeapType::ConcreteFunc(element) if self.env.is_declared(element, ty)) {
            // Whatever it holds is of that type.
            if element.nullable {
                let found = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, type_id));
                self.trap_unless(found, Trap::IndirectCallToNull);
            }
            return;
        }
        let ids = self.load_constant(POINTER, offset_of!(VmContext, type_ids) as u32);
        let flags = self.constant_flags();
        let expected = self.builder.ins().load(types::I32, flags, ids, (ty.0 * size_of::<u32>() as u32) as i32);
        let found = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, type_id));
        let matches = self.builder.ins().icmp(IntCC::Equal, found, expected);
        let (good, other) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(matches, good, &[], other, &[]);
        self.builder.set_cold_block(other);
        self.builder.switch_to_block(other);
        self.builder.seal_block(other);
        self.trap_unless(found, Trap::IndirectCallToNull);
        match self.env.type_check(ty) {
            TypeCheck::Same => self.trap(Trap::BadSignature),
            TypeCheck::Declared { depth } => {
                let funcref = self.load_entry(table, POINTER, entry, offset_of!(VmFunctionEntry, funcref));
                let found = self.load_of_function(types::I32, funcref, offset_of!(VmFuncRef, type_depth));
                let deep = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, found, i64::from(depth));
                self.trap_unless(deep, Trap::BadSignature);
                let supertypes = self.load_of_function(POINTER, funcref, offset_of!(VmFuncRef, supertypes));
                let offset = (depth * size_of::<u32>() as u32) as i32;
                let found = self.builder.ins().load(types::I32, MemFlagsData::trusted(), supertypes, offset);
                let declared = self.builder.ins().icmp(IntCC::Equal, found, expected);
                self.trap_unless(declared, Trap::BadSignature);
                self.builder.ins().jump(good, &[]);
            }
        }
        self.builder.switch_to_block(good);
        self.builder.seal_block(good);
    }
}

/// What an indirect call takes from the operand stack to find its callee by.
#[derive(Clone, Copy)]
enum Callee {
    /// The index of an entry of this table.
    Entry(TableIndex),
    /// A reference.
    Reference,
}

/// The arguments of a call with the hidden one before them.
pub(crate) fn with_vmctx(vmctx: Value, arguments: &[Value]) -> Vec<Value> {
    let mut all = Vec::with_capacity(arguments.len() + 1);
    all.push(vmctx);
    all.extend_from_slice(arguments);
    all
}
