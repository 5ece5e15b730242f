//! The process's one record of builtins, to which every context points.
//!
//! Made of the list in `tancho-abi`, so that none can be missing.

use super::{array, atomic, belt, entry, exception, fuel, gc, memory, table};
use crate::trap;
use tancho_abi::builtin::VmBuiltins;

/// The addresses of the builtins.
pub(crate) static BUILTINS: VmBuiltins = VmBuiltins {
    memory_grow: memory::memory_grow,
    memory_copy: memory::memory_copy,
    memory_fill: memory::memory_fill,
    memory_copy_long: memory::memory_copy_long,
    memory_fill_long: memory::memory_fill_long,
    belt_access: belt::belt_access,
    belt_range: belt::belt_range,
    memory_init: memory::memory_init,
    memory_atomic_notify: atomic::memory_atomic_notify,
    memory_atomic_wait32: atomic::memory_atomic_wait32,
    memory_atomic_wait64: atomic::memory_atomic_wait64,
    data_drop: memory::data_drop,
    table_grow_function: table::table_grow_function,
    table_grow_reference: table::table_grow_reference,
    table_fill_function: table::table_fill_function,
    table_fill_reference: table::table_fill_reference,
    table_copy: table::table_copy,
    table_init: table::table_init,
    elem_drop: table::elem_drop,
    trap: entry::trap,
    interrupt: entry::interrupt,
    out_of_fuel: fuel::out_of_fuel,
    throw: exception::throw,
    throw_ref: exception::throw_ref,
    gc_room: gc::gc_room,
    gc_allocate: gc::gc_allocate,
    gc_collect: gc::gc_collect,
    array_new_data: array::array_new_data,
    array_new_elem: array::array_new_elem,
    array_init_data: array::array_init_data,
    array_init_elem: array::array_init_elem,
    array_copy: array::array_copy,
    raise: trap::raise,
};
