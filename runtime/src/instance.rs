//! An instance: its context and the ids of what it consists of.
//!
//! Made by `instantiate`, read by `store`, `constant` and the builtins. It lives as long as its store.

use crate::code::Code;
use crate::id::{GlobalId, MemoryId, TableId, TagId};
use crate::template::Template;
use crate::vmctx::Context;
use std::ptr::NonNull;
use std::sync::Arc;
use tancho_abi::index::{EscapedIndex, FunctionIndex, GlobalIndex};
use tancho_abi::vmctx::{ValRaw, VmContext, VmFuncRef};

/// An instance (§4.2.6).
pub(crate) struct Instance {
    pub(crate) context: Context,
    /// What it was made of. It has what the context points to: the code, and the types' numbers.
    pub(crate) template: Arc<Template>,
    /// By index, imports first.
    pub(crate) memories: Box<[MemoryId]>,
    pub(crate) tables: Box<[TableId]>,
    pub(crate) globals: Box<[GlobalId]>,
    pub(crate) tags: Box<[TagId]>,
    /// Segments that count as empty.
    pub(crate) dropped: Dropped,
    /// The items of element segments whose items are no functions, none when they were dropped: references to objects.
    pub(crate) elements: Elements,
    /// Whether these have been written since the last collection.
    pub(crate) elements_written: bool,
}

/// By element segment: its items, unless they are functions.
pub(crate) type Elements = Box<[Option<Box<[u32]>>]>;

/// Which segments have been dropped, or applied at instantiation, which amounts to the same (§4.5.4).
pub(crate) struct Dropped {
    pub(crate) data: Box<[bool]>,
    pub(crate) elements: Box<[bool]>,
}

impl Instance {
    pub(crate) fn vmctx(&self) -> *mut VmContext {
        self.context.as_ptr()
    }

    pub(crate) fn code(&self) -> &Arc<Code> {
        self.template.code()
    }

    /// The reference to a function; `None` when the function does not escape.
    pub(crate) fn funcref(&self, function: FunctionIndex) -> Option<NonNull<VmFuncRef>> {
        funcref(&self.context, self.code(), function)
    }

    /// Drops an element segment.
    pub(crate) fn drop_elements(&mut self, segment: usize) {
        self.dropped.elements[segment] = true;
        if let Some(references) = &mut self.elements[segment] {
            *references = Box::default();
        }
    }

    /// The bytes of a data segment, none when it was dropped.
    pub(crate) fn data(&self, segment: u32) -> &[u8] {
        let position = segment as usize;
        let view = self.code().view();
        match (self.dropped.data.get(position), view.data_segments.get(position)) {
            (Some(false), Some(record)) => record.bytes.of(view.data).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// The place of a function's reference in the context of an instance that is being made.
pub(crate) fn funcref(context: &Context, code: &Code, function: FunctionIndex) -> Option<NonNull<VmFuncRef>> {
    let escaped = code.view().escaped(function).filter(|escaped| escaped.0 < code.layout().counts().escaped)?;
    Some(context.at(code.layout().funcref(EscapedIndex(escaped.0))))
}

/// The place of a global's value, imported or not.
pub(crate) fn global(context: &Context, code: &Code, global: GlobalIndex) -> Option<NonNull<ValRaw>> {
    let counts = code.layout().counts();
    if global.0 >= counts.globals {
        return None;
    }
    match code.view().defined_global(global) {
        Some(defined) => Some(context.at(code.layout().defined_global(defined))),
        // SAFETY: the place is in the context; it was zero or written with an import's address.
        None => unsafe { context.at::<Option<NonNull<ValRaw>>>(code.layout().imported_global(global)).read() },
    }
}
