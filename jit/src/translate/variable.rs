//! Variable operators (§4.4.5): locals and globals, and the parametric operators (§4.4.4) beside them.
//!
//! Called by the switchboard. Locals become values; globals are loaded and stored in the vmctx.

use super::function::{FunctionTranslator, Region};
use super::signature::{POINTER, machine_type};
use crate::decode;
use crate::error::CompileError;
use cranelift_codegen::ir::{InstBuilder, Value};
use tancho_abi::index::GlobalIndex;

impl FunctionTranslator<'_, '_> {
    pub(crate) fn local_get(&mut self, local: u32) {
        let value = self.builder.use_var(self.locals[local as usize]);
        self.push(value);
    }

    pub(crate) fn local_set(&mut self, local: u32) {
        let value = self.pop_plain();
        self.builder.def_var(self.locals[local as usize], value);
    }

    pub(crate) fn local_tee(&mut self, local: u32) {
        let value = *self.stack.last().expect("validation ensures that the operand is there");
        let value = self.plain(value);
        self.builder.def_var(self.locals[local as usize], value);
    }

    /// Where a global stands: a base and an offset.
    fn global(&mut self, global: GlobalIndex) -> (Value, i32) {
        let layout = &self.env.layout;
        match self.env.module.defined_global(global) {
            Some(defined) => (self.vmctx, layout.defined_global(defined) as i32),
            None => (self.load_constant(POINTER, layout.imported_global(global)), 0),
        }
    }

    pub(crate) fn global_get(&mut self, global: u32) -> Result<(), CompileError> {
        let global = GlobalIndex(global);
        if let Some(function) = self.env.references.of_global(global) {
            return self.ref_func(function.0);
        }
        let value = match self.shadow_value(global) {
            Some(value) => value,
            None => self.load_global(global),
        };
        self.push(value);
        Ok(())
    }

    /// The value of a global, from where it stands.
    pub(crate) fn load_global(&mut self, global: GlobalIndex) -> Value {
        let (base, offset) = self.global(global);
        // A global that cannot be set is set once, before any code of the instance runs.
        let flags = match self.env.module.globals[global.index()].mutable {
            // What it refers to moves all the same.
            0 if !self.env.globals[global.index()].is_object() => self.constant_flags(),
            _ => self.flags(Region::Global(global)),
        };
        let ty = self.env.globals[global.index()];
        let value = self.builder.ins().load(machine_type(ty), flags, base, offset);
        self.declare(value, ty)
    }

    pub(crate) fn global_set(&mut self, global: u32) {
        let global = GlobalIndex(global);
        let value = self.pop();
        let (base, offset) = self.global(global);
        let flags = self.flags(Region::Global(global));
        self.builder.ins().store(flags, value, base, offset);
        self.shadow_written(global, value);
    }

    /// `ty` is that of the values, where it is not left to be found out: references always say theirs.
    pub(crate) fn select(&mut self, ty: Option<wasmparser::ValType>) -> Result<(), CompileError> {
        let condition = self.pop();
        let second = self.pop_plain();
        let first = self.pop_plain();
        let value = self.builder.ins().select(condition, first, second);
        if let Some(ty) = ty {
            let ty = decode::types::val_type(self.env.module.types, ty)?;
            self.declare(value, ty);
        }
        self.push(value);
        Ok(())
    }
}
