//! THE list of builtins: what compiled code asks of the runtime by a call.
//!
//! One table declares each builtin's name, parameters and result; the compiler makes signatures of it, the runtime the
//! record of function pointers, so the two cannot disagree. A builtin is an `extern "C"` function whose first parameter
//! is the calling instance's [`VmContext`]; it reports a trap by setting
//! [`VmStore::pending`](crate::vmctx::VmStore::pending), which the image's builtin trampoline tests after each call; the trampoline
//! of a leaf ([`Builtin::is_leaf`]) has nothing to test.

use crate::vmctx::{VmContext, VmFuncRef};

/// The machine type of a builtin's parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuiltinType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// An address.
    Pointer,
}

macro_rules! machine_type {
    (u32) => {
        BuiltinType::I32
    };
    (u64) => {
        BuiltinType::I64
    };
    (i64) => {
        BuiltinType::I64
    };
    ($pointer:ty) => {
        BuiltinType::Pointer
    };
}

/// Calls the macro `$receive` with the whole list, for those who need a thing made for each builtin.
#[macro_export]
macro_rules! for_each_builtin {
    ($receive:ident) => {
        $receive! {
            /// Grows memory `memory` by `delta` pages; the former size in pages, or -1.
            memory_grow(memory: u32, delta: u64) -> i64;
            /// `memory.copy` (§4.4.7), between addresses whose ranges compiled code has found to be in bounds; they may overlap.
            memory_copy(target: Address, source: Address, length: u64);
            /// `memory.fill` at an address whose range compiled code has found to be in bounds.
            memory_fill(target: Address, value: u32, length: u64);
            /// `memory_copy` of a range that takes long: looks for an interruption now and then.
            memory_copy_long(target: Address, source: Address, length: u64);
            /// `memory_fill` of a range that takes long.
            memory_fill_long(target: Address, value: u32, length: u64);
            /// Checks `address`, which compiled code is about to access, against `index` and `offset` in memory `memory`, and gives it back.
            belt_access(memory: u32, index: u64, offset: u64, size: u32, address: Address) -> Address;
            /// The same for `length` bytes from `start` on, which compiled code has found to be in bounds.
            belt_range(memory: u32, start: u64, length: u64, address: Address) -> Address;
            /// `memory.init` from data segment `segment`.
            memory_init(memory: u32, segment: u32, target: u64, source: u32, length: u32);
            /// `memory.atomic.notify` at `index` + `offset`; how many threads it released.
            memory_atomic_notify(memory: u32, index: u64, offset: u64, count: u32) -> u32;
            /// `memory.atomic.wait32` at `index` + `offset` for at most `timeout` nanoseconds, without an end where that is negative; a
            /// [`Wait`](crate::vmctx::Wait).
            memory_atomic_wait32(memory: u32, index: u64, offset: u64, expected: u32, timeout: i64) -> u32;
            /// The same for `memory.atomic.wait64`.
            memory_atomic_wait64(memory: u32, index: u64, offset: u64, expected: u64, timeout: i64) -> u32;
            /// `data.drop`.
            data_drop(segment: u32);
            /// Grows table `table` of functions by `delta` entries set to `value`; the former size, or -1.
            table_grow_function(table: u32, delta: u64, value: FuncRef) -> i64;
            /// The same for a table of other references.
            table_grow_reference(table: u32, delta: u64, value: u32) -> i64;
            /// `table.fill` of a table of functions.
            table_fill_function(table: u32, target: u64, value: FuncRef, length: u64);
            /// `table.fill` of a table of other references.
            table_fill_reference(table: u32, target: u64, value: u32, length: u64);
            /// `table.copy`.
            table_copy(target_table: u32, source_table: u32, target: u64, source: u64, length: u64);
            /// `table.init` from element segment `segment`.
            table_init(table: u32, segment: u32, target: u64, source: u32, length: u32);
            /// `elem.drop`.
            elem_drop(segment: u32);
            /// Traps with a [`Trap`](crate::trap::Trap) code, where compiled code must not fault
            /// ([`signals_based_traps`](crate::tunables::Tunables::signals_based_traps)). Wants no stack beyond what functions leave.
            trap(code: u32);
            /// Ends what runs, or asks the host, at a site of interruption where compiled code has found that the store is to stop
            /// ([`VmStore::interrupted`](crate::vmctx::VmStore::interrupted)). Nothing of the store is moved, grown or collected.
            interrupt();
            /// Pays what [`VmStore::fuel_cost`](crate::vmctx::VmStore::fuel_cost) says, of which the store has less; traps, or comes back when
            /// it is paid. Keeps all registers, where the architecture has a convention for that, and does not collect.
            out_of_fuel();
            /// `throw` (§4.4.8) of tag `tag` with the [`ValRaw`](crate::vmctx::ValRaw)s at `values`. Does not return.
            throw(tag: u32, values: Address);
            /// `throw_ref` of an exception, which is not null. Does not return.
            throw_ref(exception: u32);
            /// Makes room in the nursery for an object of `size` bytes, at most [`LARGE_OBJECT`](crate::object::LARGE_OBJECT): afterwards
            /// `heap_next` + `size` is at most `heap_limit`. Collects.
            gc_room(size: u32);
            /// A new object of type `ty` of the module, all fields or `length` elements 0 (`length` is 0 for a structure). Collects. It
            /// may be old, but its card is set: references can be written into it until something else that collects is called.
            gc_allocate(ty: u32, length: u32) -> u32;
            /// Collects, where [`gc_zeal`](crate::tunables::Tunables::gc_zeal) asks for it.
            gc_collect();
            /// `array.new_data` of type `ty` of the module.
            array_new_data(ty: u32, segment: u32, source: u32, length: u32) -> u32;
            /// `array.new_elem` of type `ty` of the module.
            array_new_elem(ty: u32, segment: u32, source: u32, length: u32) -> u32;
            /// `array.init_data`. The array may be null, which traps.
            array_init_data(segment: u32, array: u32, target: u32, source: u32, length: u32);
            /// `array.init_elem`. The array may be null, which traps.
            array_init_elem(segment: u32, array: u32, target: u32, source: u32, length: u32);
            /// `array.copy`. Each array may be null, which traps.
            array_copy(target: u32, target_start: u32, source: u32, source_start: u32, length: u32);
        }
    };
}

/// A reference to a function as builtins take it: null or the address of a [`VmFuncRef`].
pub type FuncRef = *mut VmFuncRef;

/// An address as builtins take it: in a linear memory, or on the stack of compiled code.
pub type Address = *mut u8;

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident($($param:ident: $ty:tt),*) $(-> $result:tt)?;)*) => {
        /// The addresses of the builtins, one field for each, in the order of the list. A process has one such record;
        /// every [`VmContext`] points to it.
        #[repr(C)]
        pub struct VmBuiltins {
            $($(#[$doc])* pub $name: unsafe extern "C" fn(*mut VmContext, $($ty),*) $(-> $result)?,)*
            /// Unwinds to the innermost entry trampoline with what [`VmStore::pending`](crate::vmctx::VmStore::pending)
            /// says; does not return.
            pub raise: unsafe extern "C" fn(*mut crate::vmctx::VmStore) -> !,
        }

        /// A builtin.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(non_camel_case_types, reason = "builtins have the specification's names for operations")]
        pub enum Builtin {
            $($(#[$doc])* $name,)*
        }

        impl Builtin {
            /// Every builtin, in the order of the list.
            pub const ALL: &'static [Builtin] = &[$(Builtin::$name,)*];

            /// Whether it neither traps, nor collects, nor calls compiled code: its trampoline leaves no trace for backtraces, and has
            /// nothing pending to look for.
            pub const fn is_leaf(self) -> bool {
                matches!(
                    self,
                    Builtin::memory_copy | Builtin::memory_fill | Builtin::belt_access | Builtin::belt_range
                )
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Builtin::$name => stringify!($name),)*
                }
            }

            /// The parameters after the [`VmContext`], and the result.
            pub const fn signature(self) -> (&'static [BuiltinType], Option<BuiltinType>) {
                match self {
                    $(Builtin::$name => {
                        const PARAMS: &[BuiltinType] = &[$(machine_type!($ty)),*];
                        #[allow(unused_mut, unused_assignments, reason = "builtins without a result leave it at None")]
                        let mut result = None;
                        $(result = Some(machine_type!($result));)?
                        (PARAMS, result)
                    })*
                }
            }

            /// Where its address stands in [`VmBuiltins`].
            pub const fn offset(self) -> usize {
                match self {
                    $(Builtin::$name => core::mem::offset_of!(VmBuiltins, $name),)*
                }
            }
        }
    };
}

for_each_builtin!(declare);
