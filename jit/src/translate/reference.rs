//! Reference operators (§4.4.2).
//!
//! Called by the switchboard. A function reference is the address of a `VmFuncRef` in its instance's vmctx.

use super::function::FunctionTranslator;
use super::known;
use crate::decode;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use tancho_abi::index::FunctionIndex;
use tancho_abi::trap::Trap;
use tancho_abi::types::{RefType, ValType};

impl FunctionTranslator<'_, '_> {
    pub(crate) fn ref_null(&mut self, heap: wasmparser::HeapType) -> Result<(), CompileError> {
        let heap = decode::types::heap_type(self.env.module.types, heap)?;
        let null = self.zero(ValType::Ref(RefType { nullable: true, heap }));
        self.push(null);
        Ok(())
    }

    pub(crate) fn ref_is_null(&mut self) {
        let reference = self.pop();
        let is_null = self.builder.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        let is_null = self.builder.ins().uextend(types::I32, is_null);
        self.push(is_null);
    }

    pub(crate) fn ref_as_non_null(&mut self) {
        let reference = *self.stack.last().expect("validation ensures that the operand is there");
        self.trap_unless(reference, Trap::NullReference);
    }

    /// Branches where the reference is null, without it.
    pub(crate) fn br_on_null(&mut self, depth: u32) {
        let reference = self.pop();
        let is_null = self.builder.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        self.branch_if(is_null, depth);
        self.push(reference);
    }

    /// Branches where the reference is not null, with it.
    pub(crate) fn br_on_non_null(&mut self, depth: u32) {
        let reference = *self.stack.last().expect("validation ensures that the operand is there");
        let is_some = self.builder.ins().icmp_imm_u(IntCC::NotEqual, reference, 0);
        self.branch_if(is_some, depth);
        self.pop();
    }

    pub(crate) fn ref_func(&mut self, function: u32) -> Result<(), CompileError> {
        let escaped = self
            .env
            .module
            .escaped(FunctionIndex(function))
            .ok_or_else(|| CompileError::internal(format!("function {function} is referenced but not numbered")))?;
        let offset = self.env.layout.funcref(escaped);
        let reference = self.builder.ins().iadd_imm_u(self.vmctx, i64::from(offset));
        self.push(reference);
        Ok(())
    }

    /// The function that a reference to one is seen to be to.
    pub(crate) fn referenced(&self, reference: Value) -> Option<FunctionIndex> {
        let dfg = &self.builder.func.dfg;
        let (base, offset) = known::sum(dfg, reference);
        (base == dfg.resolve_aliases(self.vmctx)).then(|| self.env.references.at(offset)).flatten()
    }
}
