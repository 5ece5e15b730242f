//! The builtins for tables: `table.grow`, `table.fill`, `table.copy`, `table.init`, `elem.drop`.
//!
//! Called by compiled code; [`init`] by instantiation as well. All bounds are checked before anything is written.

use super::entry::{grown, run};
use crate::constant::simple;
use crate::id::InstanceId;
use crate::instance::Instance;
use crate::state::State;
use crate::table::{OutOfBounds, Table, TableValue, within};
use std::ops::Range;
use std::ptr;
use tancho_abi::builtin::FuncRef;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::ElementRecord;
use tancho_abi::trap::Trap;
use tancho_abi::types::RefType;
use tancho_abi::vmctx::{ValRaw, VmContext, VmFuncRef};

impl From<OutOfBounds> for Trap {
    fn from(_: OutOfBounds) -> Trap {
        Trap::TableOutOfBounds
    }
}

/// A table of the instance by its index.
fn table(state: &mut State, id: InstanceId, index: u32) -> &mut Table {
    let table = state.instances[id.position()].tables[index as usize];
    &mut state.tables[table.position()]
}

/// Grows a table; the former size, or -1.
///
/// # Safety
///
/// As for [`table_grow_function`].
unsafe fn grow(vmctx: *mut VmContext, index: u32, delta: u64, value: TableValue) -> i64 {
    let table = move |state: &State, id: InstanceId| state.instances[id.position()].tables[index as usize];
    let may = move |state: &mut State, id: InstanceId| state.table_growth(table(state, id), delta);
    let grow = move |state: &mut State, id: InstanceId, admitted| {
        state.grow_table_admitted(table(state, id), delta, value, admitted)
    };
    // SAFETY: the caller's promise.
    unsafe { grown(vmctx, may, grow) }
}

/// Grows a table of functions; the former size, or -1.
///
/// # Safety
///
/// This and the other builtins: to be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn table_grow_function(
    vmctx: *mut VmContext,
    index: u32,
    delta: u64,
    value: FuncRef,
) -> i64 {
    // SAFETY: the caller is compiled code.
    unsafe { grow(vmctx, index, delta, TableValue::Function(value)) }
}

/// Grows a table of other references; the former size, or -1.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_grow_reference(vmctx: *mut VmContext, index: u32, delta: u64, value: u32) -> i64 {
    // SAFETY: the caller is compiled code.
    unsafe { grow(vmctx, index, delta, TableValue::Reference(value)) }
}

/// `table.fill` of a table of functions.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_fill_function(
    vmctx: *mut VmContext,
    index: u32,
    target: u64,
    value: FuncRef,
    length: u64,
) {
    let work = |state: &mut State, id| Ok(table(state, id, index).fill(target, TableValue::Function(value), length)?);
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}

/// `table.fill` of a table of other references.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_fill_reference(
    vmctx: *mut VmContext,
    index: u32,
    target: u64,
    value: u32,
    length: u64,
) {
    let work =
        |state: &mut State, id| Ok(table(state, id, index).fill(target, TableValue::Reference(value), length)?);
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}

/// `table.copy`.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_copy(
    vmctx: *mut VmContext,
    target_index: u32,
    source_index: u32,
    target: u64,
    source: u64,
    length: u64,
) {
    let work = |state: &mut State, id: InstanceId| {
        let tables = &state.instances[id.position()].tables;
        let (to, from) = (tables[target_index as usize].position(), tables[source_index as usize].position());
        assert!(to < state.tables.len() && from < state.tables.len(), "an instance has tables of its store");
        let first = state.tables.as_mut_ptr();
        // SAFETY: both are in the arena, which is ours now; validation has matched the kinds of their entries.
        Ok(unsafe { Table::copy(first.add(to), target, first.add(from), source, length) }?)
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}

/// `table.init`.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_init(
    vmctx: *mut VmContext,
    index: u32,
    segment: u32,
    target: u64,
    source: u32,
    length: u32,
) {
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, id| init(state, id, (index, target), segment, source, length)) }
}

/// `elem.drop`.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn elem_drop(vmctx: *mut VmContext, segment: u32) {
    let work = |state: &mut State, id: InstanceId| {
        state.instances[id.position()].drop_elements(segment as usize);
        Ok(())
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}

/// Copies `length` items from `source` on in an element segment to `target` in table `index` (§4.7.13 `table.init`).
pub(crate) fn init(
    state: &mut State,
    id: InstanceId,
    (index, target): (u32, u64),
    segment: u32,
    source: u32,
    length: u32,
) -> Result<(), Trap> {
    let instance = &state.instances[id.position()];
    let table = &mut state.tables[instance.tables[index as usize].position()];
    let items = items(instance, segment);
    let range = items.range(source, length)?;
    let (target, _) = within(target, length.into(), table.size() as usize)?;
    match items {
        Items::References(references) => {
            for (place, reference) in (target..).zip(&references[range]) {
                table.set(place as u64, TableValue::Reference(*reference))?;
            }
            Ok(())
        }
        Items::Functions(_) => Ok(table.put_functions(target, items.functions(instance, range))?),
    }
}

/// The items of an element segment.
#[derive(Clone, Copy)]
pub(super) enum Items<'a> {
    /// References to objects, or null, or `i31`: evaluated when the instance was made.
    References(&'a [u32]),
    /// Functions: by index or by an expression.
    Functions(Option<&'a ElementRecord>),
}

/// The items of a segment: none when it has been dropped.
pub(super) fn items(instance: &Instance, segment: u32) -> Items<'_> {
    let position = segment as usize;
    if let Some(references) = &instance.elements[position] {
        return Items::References(references);
    }
    let record = &instance.code().view().elements[position];
    Items::Functions((!instance.dropped.elements[position]).then_some(record))
}

impl Items<'_> {
    fn count(self) -> usize {
        match self {
            Items::References(references) => references.len(),
            Items::Functions(record) => record.map_or(0, |record| record.items.length as usize),
        }
    }

    /// The positions of `length` items from `source` on.
    ///
    /// # Errors
    ///
    /// When there are not so many.
    pub(super) fn range(self, source: u32, length: u32) -> Result<Range<usize>, Trap> {
        let (start, length) = within(source.into(), length.into(), self.count())?;
        Ok(start..start + length)
    }

    /// Items that are functions, or null.
    pub(super) fn functions(
        self,
        instance: &Instance,
        positions: Range<usize>,
    ) -> impl Iterator<Item = *mut VmFuncRef> + use<'_> {
        let record = if let Items::Functions(record) = self { record } else { None };
        let view = instance.code().view();
        let functions = record.filter(|record| record.expressions == 0);
        let functions = functions.and_then(|record| record.items.of(view.element_functions)).unwrap_or(&[]);
        let expressions = record.filter(|record| record.expressions != 0);
        let expressions = expressions.and_then(|record| record.items.of(view.element_expressions)).unwrap_or(&[]);
        let layout = instance.code().layout();
        let reference = move |function: u32| {
            // One that is null has no such number.
            let escaped = view.escaped(FunctionIndex(function)).filter(|escaped| escaped.0 < layout.counts().escaped);
            escaped.map_or(ptr::null_mut(), |escaped| instance.context.at(layout.funcref(escaped)).as_ptr())
        };
        positions.map(move |position| {
            if let Some(function) = functions.get(position) {
                return reference(*function);
            }
            let item =
                expressions.get(position).and_then(|range| simple(&instance.context, instance.code(), *range).ok());
            // SAFETY: every byte of a value has been written. An item that cannot be evaluated comes from a forged image only.
            item.map_or(ptr::null_mut(), |raw| unsafe { raw.funcref })
        })
    }
}

/// A raw reference as a table of `element` holds it.
pub(crate) fn value(element: RefType, raw: ValRaw) -> TableValue {
    // SAFETY: every byte of a value has been written; a constant expression of this type gives a value of its kind.
    unsafe { if element.is_function() { TableValue::Function(raw.funcref) } else { TableValue::Reference(raw.i32) } }
}
