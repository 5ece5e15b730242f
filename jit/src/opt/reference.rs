//! References to functions: which function of the module one is to, where that is seen.
//!
//! Called once per module for the environment; asked by the translator. A reference that `ref.func` makes is an address within the vmctx, so
//! that the instruction that makes it says of which function it is. So is what a global holds that cannot be set and begins as one, and
//! what stands at a constant place of a table whose contents are known: they are made anew, without a load. A call of such a
//! reference is a direct call.

use std::collections::HashMap;
use tancho_abi::index::{EscapedIndex, FunctionIndex, GlobalIndex};
use tancho_abi::module::{ConstantOperator, ModuleView};
use tancho_abi::vmctx::{VmFuncRef, VmLayout};

/// What references of a module are to.
#[derive(Default)]
pub(crate) struct References {
    /// Where the first reference stands in the vmctx.
    first: u64,
    /// The functions that there are references to, in the order of these.
    functions: Vec<FunctionIndex>,
    /// What globals hold that cannot be set.
    globals: HashMap<GlobalIndex, FunctionIndex>,
}

impl References {
    /// Those of a module whose escaped functions have been numbered.
    pub(crate) fn new(module: &ModuleView<'_>, layout: &VmLayout) -> References {
        let escaped = layout.counts().escaped;
        if escaped == 0 {
            return References::default();
        }
        let functions = (0..module.functions.len()).map_while(FunctionIndex::new);
        let mut functions: Vec<(u32, FunctionIndex)> = functions
            .map(|function| (module.functions[function.index()].escaped, function))
            .filter(|(position, _)| *position < escaped)
            .collect();
        functions.sort_unstable();
        let globals = (0..module.globals.len()).map_while(GlobalIndex::new);
        let globals = globals.filter_map(|global| {
            let record = &module.globals[global.index()];
            match record.init.of(module.constants)? {
                [only] if record.mutable == 0 && only.operator == ConstantOperator::RefFunc as u32 => {
                    Some((global, FunctionIndex(only.index)))
                }
                _ => None,
            }
        });
        References {
            first: layout.funcref(EscapedIndex(0)).into(),
            functions: functions.into_iter().map(|(_, function)| function).collect(),
            globals: globals.collect(),
        }
    }

    /// The function whose reference stands so many bytes from the start of the vmctx.
    pub(crate) fn at(&self, offset: u64) -> Option<FunctionIndex> {
        let (position, within) = (offset.checked_sub(self.first)?, size_of::<VmFuncRef>() as u64);
        let position = position.is_multiple_of(within).then(|| position / within)?;
        self.functions.get(usize::try_from(position).ok()?).copied()
    }

    /// The function that a global holds, whatever is done.
    pub(crate) fn of_global(&self, global: GlobalIndex) -> Option<FunctionIndex> {
        self.globals.get(&global).copied()
    }
}
