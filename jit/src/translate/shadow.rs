//! The shadow-stack pointer in a function that is given it (`opt::shadow`): a variable beside the global, and what calls pass on.
//!
//! Called where the function begins, by `variable` for accesses to the global, by `call` for each call, by `exception` where something is
//! caught. A function that is not given it, or does not make a frame, reads the global where it needs it.

use super::function::FunctionTranslator;
use super::signature::machine_type;
use crate::opt::shadow::Shadow;
use cranelift_codegen::ir::Value;
use tancho_abi::index::{FunctionIndex, GlobalIndex, TypeIndex};

impl FunctionTranslator<'_, '_> {
    /// Takes the value that the function is given, `given` being the last of its parameters.
    pub(crate) fn take_shadow(&mut self, function: FunctionIndex, given: Value) {
        let env = self.env;
        let of_use = |shadow: &&Shadow| shadow.takes(function) && shadow.reads(function);
        let Some(shadow) = env.facts.shadow.as_ref().filter(of_use) else { return };
        let variable = self.builder.declare_var(machine_type(shadow.ty));
        self.builder.def_var(variable, given);
        self.shadow = Some(variable);
    }

    /// The value of a global, where it is at hand.
    pub(crate) fn shadow_value(&mut self, global: GlobalIndex) -> Option<Value> {
        let variable = self.shadow?;
        let is_it = self.env.facts.shadow.as_ref().is_some_and(|shadow| shadow.global == global);
        is_it.then(|| self.builder.use_var(variable))
    }

    /// The value has been written to a global.
    pub(crate) fn shadow_written(&mut self, global: GlobalIndex, value: Value) {
        let is_it = self.env.facts.shadow.as_ref().is_some_and(|shadow| shadow.global == global);
        if let Some(variable) = self.shadow.filter(|_| is_it) {
            self.builder.def_var(variable, value);
        }
    }

    /// Something else may have written it: what is at hand is read anew.
    pub(crate) fn reload_shadow(&mut self) {
        let (Some(variable), Some(shadow)) = (self.shadow, &self.env.facts.shadow) else { return };
        let value = self.load_global(shadow.global);
        self.builder.def_var(variable, value);
    }

    /// After a call of a function, which has returned.
    pub(crate) fn shadow_after(&mut self, function: FunctionIndex) {
        if self.env.facts.shadow.as_ref().is_some_and(|shadow| !shadow.keeps(function)) {
            self.reload_shadow();
        }
    }

    /// After a call of a function of this instance that a reference of type `ty` refers to, which has returned.
    pub(crate) fn shadow_after_class(&mut self, ty: TypeIndex) {
        if self.env.facts.shadow.as_ref().is_some_and(|shadow| !shadow.class_keeps(ty)) {
            self.reload_shadow();
        }
    }

    /// The arguments of a call by an internal entry: the vmctx, `arguments`, and the value, if it is taken.
    pub(crate) fn internal_arguments(&mut self, arguments: &[Value], takes: bool) -> Vec<Value> {
        let mut all = super::call::with_vmctx(self.vmctx, arguments);
        let env = self.env;
        if let Some(shadow) = env.facts.shadow.as_ref().filter(|_| takes) {
            let value = match self.shadow {
                // Where the callee does not return, the way there is rarely gone: the value is not to be kept for it.
                Some(variable) if self.returns => self.builder.use_var(variable),
                _ => self.load_global(shadow.global),
            };
            // As `signature::shadow_position` has it.
            all.push(value);
        }
        all
    }
}
