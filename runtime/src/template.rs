//! Templates: what all instances of a module have in common, made once, so that to make an instance is to copy it.
//!
//! The embedding API makes one for each module that it loads; `instantiate` makes instances of it. The bytes are laid out when the first
//! instance is made: most of a context is references to functions, in which only the context's own address differs from one instance to the
//! next, and numbers that globals begin with.

use crate::code::Code;
use crate::constant::literal;
use crate::state::GlobalType;
use crate::table::TableType;
use crate::types::{RegisteredType, canonical, canonical_value};
use std::fmt;
use std::ptr;
use std::sync::{Arc, OnceLock};
use tancho_abi::index::{DefinedGlobalIndex, EscapedIndex};
use tancho_abi::module::{FunctionRecord, TableRecord};
use tancho_abi::types::RefType;
use tancho_abi::vmctx::{VmContext, VmFuncRef};

/// A module as instances are made of it.
pub struct Template {
    code: Arc<Code>,
    /// The module's types; they stay registered as long as an instance has their numbers.
    types: Arc<[Arc<RegisteredType>]>,
    /// Their numbers, to which contexts point.
    type_ids: Box<[u32]>,
    pattern: OnceLock<Result<Pattern, &'static str>>,
}

/// What contexts begin with, and what is known of the things that the module defines.
pub(crate) struct Pattern {
    /// Whole words of a context, in which the addresses of all references' contexts are still null.
    words: Box<[u64]>,
    /// The types of the globals that the module defines.
    pub(crate) globals: Box<[GlobalType]>,
    /// Those of them whose values are not in the pattern, in order.
    pub(crate) evaluated: Box<[DefinedGlobalIndex]>,
    /// The types of the tables that the module defines, and as they stand in the module.
    pub(crate) tables: Box<[(TableType, RefType)]>,
}

impl Template {
    /// Of a module. `types` are its types in order, registered.
    pub fn new(code: Arc<Code>, types: Arc<[Arc<RegisteredType>]>) -> Arc<Template> {
        let type_ids = types.iter().map(|ty| ty.id).collect();
        Arc::new(Template { code, types, type_ids, pattern: OnceLock::new() })
    }

    /// Its code.
    pub fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// Its types, in order.
    pub fn types(&self) -> &Arc<[Arc<RegisteredType>]> {
        &self.types
    }

    /// Where their numbers stand.
    pub(crate) fn type_ids(&self) -> *const u32 {
        self.type_ids.as_ptr()
    }

    /// What contexts begin with. There are as many types as the module has.
    ///
    /// # Errors
    ///
    /// In what the image contradicts itself.
    pub(crate) fn pattern(&self) -> Result<&Pattern, &'static str> {
        self.pattern.get_or_init(|| Pattern::of(&self.code, &self.types)).as_ref().map_err(|what| *what)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.code).finish()
    }
}

impl Pattern {
    fn of(code: &Code, types: &[Arc<RegisteredType>]) -> Result<Pattern, &'static str> {
        let (view, layout) = (code.view(), code.layout());
        let counts = *layout.counts();
        let size = (layout.size() as usize).max(size_of::<VmContext>());
        let mut pattern = Pattern {
            words: vec![0; size.div_ceil(size_of::<u64>())].into(),
            globals: Box::default(),
            evaluated: Box::default(),
            tables: Box::default(),
        };
        // Of imported functions there are others in each instance.
        for record in view.functions.iter().skip(counts.imported_functions as usize) {
            if record.escaped < counts.escaped {
                let reference = function(code, types, record)?;
                pattern.put(layout.funcref(EscapedIndex(record.escaped)), reference);
            }
        }
        let (mut globals, mut evaluated) = (Vec::new(), Vec::new());
        let defined = view.globals.iter().skip(counts.imported_globals as usize);
        for (index, record) in (0..).map(DefinedGlobalIndex).zip(defined) {
            let ty = record.ty.decode().ok_or("a global's type")?;
            globals.push(GlobalType { ty: canonical_value(ty, types), mutable: record.mutable != 0 });
            let init = record.init.of(view.constants).ok_or("a constant expression")?;
            let value = if let [one] = init { literal(one).map_err(|_| "a constant expression")? } else { None };
            match value {
                Some(value) => pattern.put(layout.defined_global(index), value),
                None => evaluated.push(index),
            }
        }
        let table = |record: &TableRecord| {
            let element = record.element.decode_ref().ok_or("a table's type")?;
            let ty = TableType {
                element: canonical(element, types),
                minimum: record.minimum,
                maximum: (record.maximum != u64::MAX).then_some(record.maximum),
                index64: record.index64(),
            };
            Ok((ty, element))
        };
        let tables = view.tables.iter().skip(counts.imported_tables as usize).map(table);
        pattern.tables = tables.collect::<Result<_, &'static str>>()?;
        (pattern.globals, pattern.evaluated) = (globals.into(), evaluated.into());
        Ok(pattern)
    }

    fn put<T>(&mut self, offset: u32, value: T) {
        let (offset, end) = (offset as usize, offset as usize + size_of::<T>());
        assert!(end <= size_of_val(&*self.words), "an offset outside of the context");
        // SAFETY: in bounds, as just checked. What is in the words is only ever copied.
        unsafe { self.words.as_mut_ptr().byte_add(offset).cast::<T>().write_unaligned(value) };
    }

    /// The bytes that a context begins with: a pointer to them, which is good for copying, and how many there are.
    pub(crate) fn bytes(&self) -> (*const u8, usize) {
        (self.words.as_ptr().cast(), size_of_val(&*self.words))
    }
}

/// The reference to a function that the module defines, but for its context.
fn function(code: &Code, types: &[Arc<RegisteredType>], record: &FunctionRecord) -> Result<VmFuncRef, &'static str> {
    const OUTSIDE: &str = "a function's code lies outside of its text";
    let ty = record.ty.index();
    let trampolines = code.view().trampolines.get(ty);
    let trampoline = |offset: Option<u32>| offset.and_then(|offset| code.address(offset)).unwrap_or(ptr::null());
    // The template keeps its types, and each instance keeps the template.
    let own = types.get(ty).ok_or("a function's type")?.identity();
    Ok(VmFuncRef {
        external: code.address(record.external).ok_or(OUTSIDE)?,
        internal: code.address(record.internal).ok_or(OUTSIDE)?,
        vmctx: ptr::null_mut(),
        type_id: own.id,
        type_depth: own.depth,
        host_entry: trampoline(trampolines.map(|trampolines| trampolines.host_entry)),
        array_entry: trampoline(trampolines.map(|trampolines| trampolines.array_entry)),
        supertypes: own.supertypes,
    })
}
