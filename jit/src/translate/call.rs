//! Call operators (§4.4.8.10–13): direct, imported and indirect, ordinary and tail calls.
//!
//! Called by the switchboard. A direct call is a relative call within the image. An indirect call takes one of two ways:
//! where the callee belongs to this instance, its internal entry with the vmctx at hand, so that nothing of the callee
//! waits for loads through the reference; else its external entry with its own vmctx. Where it is known what the table holds
//! (`opt::indirect`), one of them is left, or a direct call; so is a call of a reference that is seen to be one to a function
//! of the module (`opt::reference`). A tail call goes the same ways: every callee,
//! the trampoline to a host function included, has the `Tail` convention, in which it removes its own arguments from the stack.

use super::control::block_args;
use super::env::{CodeName, TypeCheck};
use super::exception::CallTarget;
use super::function::FunctionTranslator;
use super::known;
use super::signature::POINTER;
use super::trap;
use crate::error::CompileError;
use crate::opt::indirect::{Callees, Check};
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
        if self.is_inlined() || self.is_nested(function) {
            return self.inline(function, false);
        }
        self.call_out_of_line(function)
    }

    /// A call that stays one.
    pub(crate) fn call_out_of_line(&mut self, function: FunctionIndex) -> Result<(), CompileError> {
        let arguments = self.pop_arguments(self.env.module.functions[function.index()].ty);
        let (callee, arguments) = match self.imported_callee(function) {
            Some((signature, code, vmctx)) => (CallTarget::Indirect(signature, code), with_vmctx(vmctx, &arguments)),
            None => {
                let callee = CallTarget::Direct(self.callee(CodeName::Function(function)));
                let takes = self.env.taken_shadow(function).is_some();
                (callee, self.internal_arguments(&arguments, takes))
            }
        };
        let results = self.call_plainly(callee, &arguments)?;
        self.shadow_after(function);
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
        self.return_call_out_of_line(function)
    }

    fn return_call_out_of_line(&mut self, function: FunctionIndex) -> Result<(), CompileError> {
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
                let takes = self.env.taken_shadow(function).is_some();
                let arguments = self.internal_arguments(&arguments, takes);
                self.builder.ins().return_call(callee, &arguments);
            }
        }
        self.reachable = false;
        Ok(())
    }

    pub(crate) fn call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        let (ty, table) = (TypeIndex(ty), TableIndex(table));
        match self.only_callee(ty, table) {
            Some(function) => self.call_out_of_line(function),
            None => self.call_each_way(ty, Callee::Entry(table)),
        }
    }

    pub(crate) fn return_call_indirect(&mut self, ty: u32, table: u32) -> Result<(), CompileError> {
        let (ty, table) = (TypeIndex(ty), TableIndex(table));
        match self.only_callee(ty, table) {
            Some(function) => self.return_call_out_of_line(function),
            None => self.return_call_each_way(ty, Callee::Entry(table)),
        }
    }

    pub(crate) fn call_ref(&mut self, ty: u32) -> Result<(), CompileError> {
        match self.referenced_callee(TypeIndex(ty)) {
            Some(function) => self.call_out_of_line(function),
            None => self.call_each_way(TypeIndex(ty), Callee::Reference),
        }
    }

    pub(crate) fn return_call_ref(&mut self, ty: u32) -> Result<(), CompileError> {
        match self.referenced_callee(TypeIndex(ty)) {
            Some(function) => self.return_call_out_of_line(function),
            None => self.return_call_each_way(TypeIndex(ty), Callee::Reference),
        }
    }

    /// The function of type `ty` that the reference on top of the stack is seen to be to; takes it from there. Behind a cast that fails it would be
    /// of another type.
    fn referenced_callee(&mut self, ty: TypeIndex) -> Option<FunctionIndex> {
        let function = self.referenced(*self.stack.last()?).filter(|function| self.is_of(*function, ty))?;
        self.pop();
        Some(function)
    }

    /// Whether a function can be called as one of type `ty`.
    fn is_of(&self, function: FunctionIndex, ty: TypeIndex) -> bool {
        let module = &self.env.module;
        let found = module.functions[function.index()].ty;
        let plain = module.types[ty.index()].plain;
        self.env.is_declared(found, ty) || plain != 0 && plain == module.types[found.index()].plain
    }

    fn call_each_way(&mut self, ty: TypeIndex, callee: Callee) -> Result<(), CompileError> {
        if self.is_local(ty, callee) {
            let Way { signature, code, arguments, .. } = self.local_callee(ty, callee);
            let results = self.call_plainly(CallTarget::Indirect(signature, code), &arguments)?;
            self.shadow_after_class(ty);
            let types = &self.env.types[ty.index()].results;
            self.declare_all(&results, types);
            self.stack.extend(results);
            return Ok(());
        }
        let done = self.block_with_params(&self.env.types[ty.index()].results);
        self.each_way(ty, callee, |translator, way| {
            let Way { signature, code, arguments, is_mine } = way;
            if translator.shadow.is_none() {
                return translator.call_into(CallTarget::Indirect(signature, code), &arguments, done);
            }
            let results = translator.call_plainly(CallTarget::Indirect(signature, code), &arguments)?;
            if is_mine {
                translator.shadow_after_class(ty);
            } else {
                translator.reload_shadow();
            }
            translator.builder.ins().jump(done, &block_args(&results));
            Ok(())
        })?;
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        self.stack.extend_from_slice(self.builder.block_params(done));
        Ok(())
    }

    fn return_call_each_way(&mut self, ty: TypeIndex, callee: Callee) -> Result<(), CompileError> {
        if self.is_local(ty, callee) {
            let Way { signature, code, arguments, .. } = self.local_callee(ty, callee);
            self.builder.ins().return_call_indirect(signature, code, &arguments);
            self.reachable = false;
            return Ok(());
        }
        self.each_way(ty, callee, |translator, Way { signature, code, arguments, .. }| {
            translator.builder.ins().return_call_indirect(signature, code, &arguments);
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
        Some((self.signature(self.env.module.functions[function.index()].ty, false), code, vmctx))
    }

    /// Looks up the callee of an indirect call, sees to it that it is one and of type `ty`, and writes the `transfer` to it for each of
    /// the two ways. The transfer ends its block.
    fn each_way(
        &mut self,
        ty: TypeIndex,
        callee: Callee,
        mut transfer: impl FnMut(&mut Self, Way) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        let (place, arguments) = self.place_and_arguments(ty, callee);
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
        let way = self.way_of_mine(ty, callee, place, &arguments);
        transfer(self, way)?;

        self.builder.switch_to_block(foreign);
        self.builder.seal_block(foreign);
        let funcref = match callee {
            Callee::Entry(table) => self.load_entry(table, POINTER, place, offset_of!(VmFunctionEntry, funcref)),
            Callee::Reference => place,
        };
        let code = self.load_of_function(POINTER, funcref, offset_of!(VmFuncRef, external));
        let signature = self.signature(ty, false);
        transfer(self, Way { signature, code, arguments: with_vmctx(vmctx, &arguments), is_mine: false })
    }

    /// The way to a function of this instance.
    fn way_of_mine(&mut self, ty: TypeIndex, callee: Callee, place: Value, arguments: &[Value]) -> Way {
        let code = match callee {
            Callee::Entry(table) => self.load_entry(table, POINTER, place, offset_of!(VmFunctionEntry, internal)),
            Callee::Reference => self.load_of_function(POINTER, place, offset_of!(VmFuncRef, internal)),
        };
        let takes = self.env.facts.shadow.as_ref().is_some_and(|shadow| shadow.class_takes(ty));
        let signature = self.signature(ty, takes);
        Way { signature, code, arguments: self.internal_arguments(arguments, takes), is_mine: true }
    }

    /// The callee that a call of type `ty` through a table has, whatever the index, or where that is a constant. Takes the index from the
    /// stack, and sees to it that the callee is at it.
    fn only_callee(&mut self, ty: TypeIndex, table: TableIndex) -> Option<FunctionIndex> {
        let contents = self.env.table_contents(table)?;
        let place = *self.stack.last()?;
        if let Some(function) =
            known::constant(&self.builder.func.dfg, place).and_then(|place| contents.function(place))
        {
            if !self.is_of(function, ty) {
                return None;
            }
            self.pop();
            return Some(function);
        }
        let Callees { check, only, .. } = contents.callees(&self.env.module, ty);
        let function = only?;
        let place = self.pop();
        let entry = self.table_entry(table, place);
        self.check_entry(ty, table, entry, check);
        Some(function)
    }

    /// Whether a callee of type `ty` is a function of this instance.
    fn is_local(&self, ty: TypeIndex, callee: Callee) -> bool {
        match callee {
            Callee::Entry(table) => {
                self.env.table_contents(table).is_some_and(|contents| contents.callees(&self.env.module, ty).local)
            }
            Callee::Reference => false,
        }
    }

    /// The one way of an indirect call whose callee is a function of this instance.
    fn local_callee(&mut self, ty: TypeIndex, callee: Callee) -> Way {
        let (place, arguments) = self.place_and_arguments(ty, callee);
        self.way_of_mine(ty, callee, place, &arguments)
    }

    /// The reference, or the address of the table's entry, which is of type `ty`; and the arguments.
    fn place_and_arguments(&mut self, ty: TypeIndex, callee: Callee) -> (Value, Vec<Value>) {
        // The index in the table, or the reference.
        let place = self.pop();
        let arguments = self.pop_arguments(ty);
        let Callee::Entry(table) = callee else { return (place, arguments) };
        let entry = self.table_entry(table, place);
        let contents = self.env.table_contents(table);
        let check = contents.map_or(Check::Type, |contents| contents.callees(&self.env.module, ty).check);
        self.check_entry(ty, table, entry, check);
        (entry, arguments)
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

    /// Traps unless the entry holds a function of the plain type of this number. Null has none.
    fn check_plain(&mut self, table: TableIndex, entry: Value, number: u32) {
        let found = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, plain_type));
        let matches = self.builder.ins().icmp_imm_u(IntCC::Equal, found, i64::from(number));
        let (good, other) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(matches, good, &[], other, &[]);
        self.builder.set_cold_block(other);
        self.builder.switch_to_block(other);
        self.builder.seal_block(other);
        let id = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, type_id));
        self.trap_unless(id, Trap::IndirectCallToNull);
        self.trap(Trap::BadSignature);
        self.builder.switch_to_block(good);
        self.builder.seal_block(good);
    }

    /// Traps unless the entry holds a function of type `ty`, as far as it is not known to (`check`). No type has the id of a null entry, so
    /// one comparison finds both; which of the two it was is asked out of line, and so is whether the function's type declares `ty` as a
    /// supertype.
    fn check_entry(&mut self, ty: TypeIndex, table: TableIndex, entry: Value, check: Check) {
        let element = self.env.tables[table.index()];
        let declared = matches!(element.heap, HeapType::ConcreteFunc(element) if self.env.is_declared(element, ty));
        if matches!(check, Check::Nothing | Check::Null) || declared {
            // Whatever it holds is of that type.
            if check != Check::Nothing && element.nullable {
                let found = self.load_entry(table, types::I32, entry, offset_of!(VmFunctionEntry, type_id));
                self.trap_unless(found, Trap::IndirectCallToNull);
            }
            return;
        }
        if let Check::Plain(number) = check {
            self.check_plain(table, entry, number);
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

/// One of the two ways of an indirect call.
struct Way {
    signature: SigRef,
    code: Value,
    /// All of them, hidden ones too.
    arguments: Vec<Value>,
    /// Whether it is that to the functions of this instance.
    is_mine: bool,
}

/// The arguments of a call with the vmctx before them.
pub(crate) fn with_vmctx(vmctx: Value, arguments: &[Value]) -> Vec<Value> {
    let mut all = Vec::with_capacity(arguments.len() + 1);
    all.push(vmctx);
    all.extend_from_slice(arguments);
    all
}
