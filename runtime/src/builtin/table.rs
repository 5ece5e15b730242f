//! The builtins for tables: `table.grow`, `table.fill`, `table.copy`, `table.init`, `elem.drop`.
//!
//! Called by compiled code; [`init`] by instantiation as well. All bounds are checked before anything is written.

use super::entry::run;
use crate::constant::evaluate;
use crate::id::InstanceId;
use crate::instance::Instance;
use crate::state::State;
use crate::table::{OutOfBounds, Table, TableValue, within};
use tancho_abi::builtin::FuncRef;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::{ElementRecord, NONE};
use tancho_abi::trap::Trap;
use tancho_abi::types::RefType;
use tancho_abi::vmctx::{ValRaw, VmContext};

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

fn grow(state: &mut State, id: InstanceId, index: u32, delta: u64, value: TableValue) -> Result<i64, Trap> {
    Ok(table(state, id, index).grow(delta, value).map_or(-1, |size| size as i64))
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
    unsafe { run(vmctx, -1, |state, id| grow(state, id, index, delta, TableValue::Function(value))) }
}

/// Grows a table of handles; the former size, or -1.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_grow_handle(vmctx: *mut VmContext, index: u32, delta: u64, value: u32) -> i64 {
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, -1, |state, id| grow(state, id, index, delta, TableValue::Handle(value))) }
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

/// `table.fill` of a table of handles.
///
/// # Safety
///
/// As for [`table_grow_function`].
pub(super) unsafe extern "C" fn table_fill_handle(
    vmctx: *mut VmContext,
    index: u32,
    target: u64,
    value: u32,
    length: u64,
) {
    let work = |state: &mut State, id| Ok(table(state, id, index).fill(target, TableValue::Handle(value), length)?);
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
        state.instances[id.position()].dropped.elements[segment as usize] = true;
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
    let record = &instance.code.view().elements[segment as usize];
    let size = if instance.dropped.elements[segment as usize] { 0 } else { record.items.length };
    let (source, length) = within(u64::from(source), u64::from(length), size as usize)?;
    let (target, _) = within(target, length as u64, table.size() as usize)?;
    for position in 0..length {
        let value = item(instance, record, source + position, table.ty().element);
        table.set((target + position) as u64, value)?;
    }
    Ok(())
}

/// Item `position` of an element segment, for a table of `element`.
fn item(instance: &Instance, record: &ElementRecord, position: usize, element: RefType) -> TableValue {
    let view = instance.code.view();
    if record.expressions == 0 {
        let functions = record.items.of(view.element_functions).unwrap_or(&[]);
        let function = functions.get(position).copied().filter(|function| *function != NONE);
        return match function.and_then(|function| instance.funcref(FunctionIndex(function))) {
            Some(reference) if element.is_function() => TableValue::Function(reference.as_ptr()),
            _ => Table::null(element),
        };
    }
    let expressions = record.items.of(view.element_expressions).unwrap_or(&[]);
    let item = expressions.get(position).and_then(|range| evaluate(&instance.context, &instance.code, *range).ok());
    // An item that cannot be evaluated comes from a forged image only.
    item.map_or(Table::null(element), |raw| value(element, raw))
}

/// A raw reference as a table of `element` holds it.
pub(crate) fn value(element: RefType, raw: ValRaw) -> TableValue {
    // SAFETY: every byte of a value has been written; a constant expression of this type gives a value of its kind.
    unsafe { if element.is_function() { TableValue::Function(raw.funcref) } else { TableValue::Handle(raw.i32) } }
}
