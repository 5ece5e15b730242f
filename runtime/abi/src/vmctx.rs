//! What compiled code reads and writes: the instance's context, its parts, and the records that travel between compiled
//! code and the host. `Vm` in a name means exactly this.
//!
//! The compiler takes offsets with `offset_of!`; the runtime works with the types. What has a length that depends on
//! the module comes after the fixed head, placed by [`VmLayout`] and nowhere else:
//!
//! ```text
//! VmContext | VmMemory… | VmTable… | globals (16 bytes each) | VmMemoryImport… | *VmTable… | *global… |
//! VmFunctionImport… | VmFuncRef… (one per escaped function) | *VmTypeInfo… (one per type of structures or arrays)
//! ```
//!
//! # Calling conventions
//!
//! * **Internal and external entries** (`code` in what follows) have Cranelift's `Tail` convention and the parameters
//!   `(vmctx: *mut VmContext, wasm parameters…)`; results in the order of the type. The vmctx is always that of the
//!   function's own instance (for a host function its [`VmHostContext`]). An internal entry may take one more, behind all
//!   others: the shadow-stack pointer; only code of the same image, running with the same vmctx, may call it. Where it
//!   does not, both are the same address.
//! * **Typed host entry**: C convention `(vmctx, code, activation: *mut VmActivation, parameters…) -> result`. One result
//!   comes back as the C convention has it; two or more are written to
//!   [`VmActivation::results`], a [`ValRaw`] each, and nothing is returned. After a trap, which the
//!   runtime takes note of, the result means nothing.
//! * **Array host entry**: C convention `(vmctx, code, activation, values: *mut ValRaw)`: parameters are read from
//!   `values`, results are written over them.
//! * **Typed host function**: C convention `(context: *mut VmHostContext, parameters…) -> result` for up to one result;
//!   for two or more `(context, results: *mut ValRaw, parameters…)`. Where it fails it does not return: it calls [`VmBuiltins::raise`]
//!   with [`VmStore::pending`] set.
//! * **Array host function**: C convention `(context: *mut VmHostContext, values: *mut ValRaw)`.
//!
//! In the C conventions `i32` is `u32`, `i64` is `u64`, floats are themselves, a function reference is
//! `*mut VmFuncRef` and another reference is the `u32` of [`object`](crate::object) (0 is null); `v128` never travels by register
//! (functions with `v128` in their type have array entries only). On return from an array host function, and from any builtin but a leaf, the trampoline tests
//! [`VmStore::pending`] and, when it is not 0, unwinds.

use crate::builtin::VmBuiltins;
use crate::index::{
    DefinedGlobalIndex, EscapedIndex, FunctionIndex, GlobalIndex, MemoryIndex, ObjectTypeIndex, TableIndex,
};
use crate::module::ModuleCounts;
use crate::object::VmTypeInfo;
use core::mem::{offset_of, size_of};

/// `VmContext::magic`: "tctx".
pub const VMCTX_MAGIC: u32 = u32::from_le_bytes(*b"tctx");
/// Directly below a context, as many bytes belong to a page that compiled code reads, and that is inaccessible when the store is to stop: the
/// least page size of any machine. Each place in them is the site of an interruption.
pub const INTERRUPT_SITES: u32 = 4096;
/// `VmHostContext::magic`: "thst".
pub const HOST_MAGIC: u32 = u32::from_le_bytes(*b"thst");

/// The fixed head of an instance's context. Its address never changes while the store lives.
#[repr(C, align(16))]
pub struct VmContext {
    /// [`VMCTX_MAGIC`].
    pub magic: u32,
    /// Zero.
    pub reserved: u32,
    /// The store that the instance belongs to. At the same offset as [`VmHostContext::store`].
    pub store: *mut VmStore,
    /// The process's builtins.
    pub builtins: *const VmBuiltins,
    /// The canonical id of each type of the module, by type index.
    pub type_ids: *const u32,
    /// The runtime's own record of the instance; compiled code never follows it.
    pub instance: *mut u8,
    /// The base of the store's heap; null where the module's code has nothing to do with one
    /// ([`Summary::uses_heap`](crate::module::Summary::uses_heap)).
    pub heap: *mut u8,
}

/// The part of a store that compiled code reads and writes.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmStore {
    /// The lowest stack address at which compiled code may still leave for the host. Set at each outermost entry.
    pub stack_limit: usize,
    /// Frame pointer of the compiled code that last left for the host (innermost activation): of the caller of the trampoline by which it
    /// did.
    pub exit_fp: usize,
    /// Where that trampoline returns to: a place in the compiled code that called it.
    pub exit_pc: usize,
    /// Not 0 when a host function or builtin came back with an error or a trap: a [`Trap`](crate::trap::Trap) code,
    /// [`PENDING_ERROR`] for an error that the embedding API keeps, [`PENDING_THROW`] or [`PENDING_UNCAUGHT`].
    pub pending: usize,
    /// The process's builtins, for the trampolines that have a [`VmHostContext`] and no [`VmContext`].
    pub builtins: *const VmBuiltins,
    /// Not 0 when the store is to stop: for code that does not leave traps to signals. Other threads write it, atomically.
    pub interrupted: usize,
    /// Where in the store's heap the next object is made: below or at `heap_limit`.
    pub heap_next: u32,
    /// The place that new objects may reach up to: then `gc_room` is to be called.
    pub heap_limit: u32,
    /// What is left of the store's fuel, where compiled code pays for what it does. True whenever it has left for the host, or has been
    /// stopped.
    pub fuel: u64,
    /// What compiled code is to pay, when it asks the runtime to. Not a parameter, which would keep a register from the loop that asks.
    pub fuel_cost: u64,
}

/// The largest frame of a trampoline, in bytes. It is made before the stack is compared with [`VmStore::stack_limit`], and so may lie below
/// that. A module's functions have at most 1,000 parameters and as many results, which fit, but for hundreds of vectors on riscv64.
pub const TRAMPOLINE_FRAME: u32 = 48 << 10;
/// The same for a function, where the end of the stack is found by comparing.
pub const UNASKED_FRAME: u32 = 16 << 10;

/// [`VmStore::pending`] for an error of the host.
pub const PENDING_ERROR: usize = 0x100;
/// [`VmStore::pending`] for an exception that a host function throws, and that handlers of compiled code may catch.
pub const PENDING_THROW: usize = 0x101;
/// [`VmStore::pending`] for an exception that no handler between here and the host catches.
pub const PENDING_UNCAUGHT: usize = 0x102;

/// One stay of a thread in compiled code, made by the caller of a host entry on its own stack.
#[repr(C)]
#[derive(Debug)]
pub struct VmActivation {
    /// Frame pointer of the entry trampoline, written by it before anything else.
    pub entry_fp: usize,
    /// Where two or more results go.
    pub results: *mut ValRaw,
}

/// A value of any type in the sixteen bytes that arrays of values and globals give it, little-endian, the rest unspecified.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub union ValRaw {
    /// `i32`, or a reference that is none to a function.
    pub i32: u32,
    /// `i64`.
    pub i64: u64,
    /// `f32` by its bits.
    pub f32: u32,
    /// `f64` by its bits.
    pub f64: u64,
    /// `v128`.
    pub v128: [u8; 16],
    /// A function reference.
    pub funcref: *mut VmFuncRef,
}

impl ValRaw {
    /// All bits zero: the zero of every number type and the null of every reference type.
    pub const ZERO: ValRaw = ValRaw { v128: [0; 16] };
}

/// A linear memory as its instance's context shows it.
#[repr(C)]
#[derive(Debug)]
pub struct VmMemory {
    /// Its first byte. Does not change for a memory with a full reservation.
    pub base: *mut u8,
    /// Its present length in bytes.
    pub length: usize,
}

/// An imported memory, and a shared one that the module defines: its base, again, and where the owner keeps its head. All stores of a shared
/// memory read one head, of which threads that grow it write the length, atomically.
#[repr(C)]
#[derive(Debug)]
pub struct VmMemoryImport {
    /// The same as in `memory`; valid here because the base never changes.
    pub base: *mut u8,
    /// The owner's head.
    pub memory: *mut VmMemory,
}

const _: () = assert!(size_of::<VmMemory>() == size_of::<VmMemoryImport>(), "one has the place of the other");

/// How a wait ended, as `memory.atomic.wait32` and `memory.atomic.wait64` give it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Wait {
    /// Another thread notified this one.
    Ok = 0,
    /// It did not begin: memory did not hold the expected value.
    Mismatch = 1,
    /// The time was up.
    TimedOut = 2,
}

/// A table's head.
#[repr(C)]
#[derive(Debug)]
pub struct VmTable {
    /// Its entries: [`VmFunctionEntry`] for functions, other references as they are. Changes when the table grows.
    pub base: *mut u8,
    /// Its present length in entries (at most 2³² - 1).
    pub length: usize,
    /// Not 0 when entries have been set since the last collection: compiled code sets it to 1 with each reference to an object.
    pub written: usize,
}

/// An entry of a table of functions: what `call_indirect` needs without a further load. All zero is null. All but the reference itself
/// stands where it does in [`VmFuncRef`], so that compiled code copies it without taking it apart.
#[repr(C, align(32))]
#[derive(Clone, Copy, Debug)]
pub struct VmFunctionEntry {
    /// Canonical id of the function's type; 0 (no type has it) when null.
    pub type_id: u32,
    /// As in [`VmFuncRef::plain_type`]; 0 when null.
    pub plain_type: u32,
    /// The function's own context.
    pub vmctx: *mut VmContext,
    /// Its internal entry, to be called only with one's own vmctx.
    pub internal: *const u8,
    /// The reference itself: what `table.get` gives.
    pub funcref: *mut VmFuncRef,
}

impl VmFunctionEntry {
    /// The null entry.
    pub const NULL: VmFunctionEntry = VmFunctionEntry {
        type_id: 0,
        plain_type: 0,
        vmctx: core::ptr::null_mut(),
        internal: core::ptr::null(),
        funcref: core::ptr::null_mut(),
    };
}

/// What a function reference points to. Lives as long as its store. Begins as the entry of a table that it is set to does.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmFuncRef {
    /// Canonical id of its type: never 0.
    pub type_id: u32,
    /// The number of its type in the module that defines it ([`TypeRecord::plain`](crate::module::TypeRecord::plain)), for code of that module
    /// alone, which knows it as a constant; 0 for a host function.
    pub plain_type: u32,
    /// The function's own context: a [`VmContext`], or a [`VmHostContext`] by its other name.
    pub vmctx: *mut VmContext,
    /// Entry for code of the same instance.
    pub internal: *const u8,
    /// Entry for everybody: takes `vmctx` and nothing else hidden.
    pub external: *const u8,
    /// Typed host entry for `external`; null for host functions and for types without one.
    pub host_entry: *const u8,
    /// Array host entry for `external`; null for host functions.
    pub array_entry: *const u8,
    /// Canonical ids of the types that the function has by declaration, `type_depth` + 1 of them: from the one without a supertype
    /// down to its own. So a function has a type of depth n exactly if that is the one at n.
    pub supertypes: *const u32,
    /// How many supertypes its type has, by declaration of its own and of theirs.
    pub type_depth: u32,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(
    offset_of!(VmFuncRef, type_id) == offset_of!(VmFunctionEntry, type_id)
        && offset_of!(VmFuncRef, plain_type) == offset_of!(VmFunctionEntry, plain_type)
        && offset_of!(VmFuncRef, vmctx) == offset_of!(VmFunctionEntry, vmctx)
        && offset_of!(VmFuncRef, internal) == offset_of!(VmFunctionEntry, internal)
        && offset_of!(VmFunctionEntry, internal) == 16
        && offset_of!(VmFunctionEntry, funcref) == 24,
    "an entry begins as what its reference refers to"
);

/// An imported function.
#[repr(C)]
#[derive(Debug)]
pub struct VmFunctionImport {
    /// Its external entry. For a host function: the exit trampoline of the importing image.
    pub external: *const u8,
    /// The context to pass.
    pub vmctx: *mut VmContext,
}

/// The context of a host function: one for each import that is bound to it, so that it knows its caller.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmHostContext {
    /// [`HOST_MAGIC`].
    pub magic: u32,
    /// Zero.
    pub reserved: u32,
    /// The store. At the same offset as [`VmContext::store`].
    pub store: *mut VmStore,
    /// The typed or array host function, as the trampoline that uses this context expects.
    pub function: *const u8,
    /// The embedding API's own.
    pub data: *const u8,
    /// The instance that imports it; null when it was reached by a reference that the host made.
    pub caller: *mut VmContext,
}

const _: () = assert!(offset_of!(VmContext, store) == offset_of!(VmHostContext, store));
const _: () = assert!(offset_of!(VmContext, magic) == offset_of!(VmHostContext, magic));
const _: () = assert!(size_of::<VmFunctionEntry>() == 32);
const _: () = assert!(size_of::<ValRaw>() == 16);
const _: () =
    assert!(size_of::<VmContext>().is_multiple_of(16) && size_of::<VmMemory>() == 16 && size_of::<VmTable>() == 24);

/// Where everything stands that comes after the head of a [`VmContext`]: offsets in bytes from its address.
#[derive(Clone, Debug)]
pub struct VmLayout {
    counts: ModuleCounts,
    memories: u32,
    tables: u32,
    globals: u32,
    imported_memories: u32,
    imported_tables: u32,
    imported_globals: u32,
    imported_functions: u32,
    funcrefs: u32,
    type_infos: u32,
    size: u32,
}

const fn bytes<T>() -> u64 {
    size_of::<T>() as u64
}

impl VmLayout {
    /// Lays the context of a module with these counts out; `None` when it would exceed 1 GiB.
    pub fn new(counts: ModuleCounts) -> Option<VmLayout> {
        let mut cursor = bytes::<VmContext>();
        let mut place = |count: u32, size: u64| {
            let offset = cursor;
            cursor += u64::from(count) * size;
            u32::try_from(offset).ok()
        };
        let memories = place(counts.defined_memories(), bytes::<VmMemory>())?;
        let tables = place(counts.defined_tables(), bytes::<VmTable>())?;
        // Values are aligned to 16 bytes, what comes before and after them to 8.
        place(u32::from(!counts.defined_tables().is_multiple_of(2)), bytes::<u64>())?;
        let globals = place(counts.defined_globals(), bytes::<ValRaw>())?;
        let imported_memories = place(counts.imported_memories, bytes::<VmMemoryImport>())?;
        let imported_tables = place(counts.imported_tables, bytes::<*mut VmTable>())?;
        let imported_globals = place(counts.imported_globals, bytes::<*mut ValRaw>())?;
        let imported_functions = place(counts.imported_functions, bytes::<VmFunctionImport>())?;
        // The beginning of a reference is copied by sixteen bytes. There is an odd number of words before it where one of these is odd.
        let odd = (counts.imported_tables ^ counts.imported_globals) & 1;
        place(odd, bytes::<u64>())?;
        let funcrefs = place(counts.escaped, bytes::<VmFuncRef>())?;
        let type_infos = place(counts.object_types, bytes::<*const VmTypeInfo>())?;
        if cursor > 1 << 30 {
            return None;
        }
        let size = u32::try_from(cursor).ok()?;
        debug_assert!(funcrefs.is_multiple_of(align_of::<VmFuncRef>() as u32), "a whole number of sixteen bytes");
        Some(VmLayout {
            counts,
            memories,
            tables,
            globals,
            imported_memories,
            imported_tables,
            imported_globals,
            imported_functions,
            funcrefs,
            type_infos,
            size,
        })
    }

    /// The counts it was made for.
    pub const fn counts(&self) -> &ModuleCounts {
        &self.counts
    }

    /// The size of the whole context in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The head of a memory that the module defines: a [`VmMemory`], or, where it is shared, a [`VmMemoryImport`].
    pub fn defined_memory(&self, memory: MemoryIndex) -> u32 {
        self.memories + (memory.0 - self.counts.imported_memories) * size_of::<VmMemory>() as u32
    }

    /// An imported memory: a [`VmMemoryImport`].
    pub fn imported_memory(&self, memory: MemoryIndex) -> u32 {
        debug_assert!(memory.0 < self.counts.imported_memories);
        self.imported_memories + memory.0 * size_of::<VmMemoryImport>() as u32
    }

    /// The head of a table that the module defines: a [`VmTable`].
    pub fn defined_table(&self, table: TableIndex) -> u32 {
        self.tables + (table.0 - self.counts.imported_tables) * size_of::<VmTable>() as u32
    }

    /// An imported table: a `*mut VmTable`.
    pub fn imported_table(&self, table: TableIndex) -> u32 {
        debug_assert!(table.0 < self.counts.imported_tables);
        self.imported_tables + table.0 * size_of::<*mut VmTable>() as u32
    }

    /// The value of a global that the module defines: a [`ValRaw`].
    pub fn defined_global(&self, global: DefinedGlobalIndex) -> u32 {
        self.globals + global.0 * size_of::<ValRaw>() as u32
    }

    /// An imported global: a `*mut ValRaw`.
    pub fn imported_global(&self, global: GlobalIndex) -> u32 {
        debug_assert!(global.0 < self.counts.imported_globals);
        self.imported_globals + global.0 * size_of::<*mut ValRaw>() as u32
    }

    /// An imported function: a [`VmFunctionImport`].
    pub fn imported_function(&self, function: FunctionIndex) -> u32 {
        debug_assert!(function.0 < self.counts.imported_functions);
        self.imported_functions + function.0 * size_of::<VmFunctionImport>() as u32
    }

    /// The [`VmFuncRef`] of an escaped function.
    pub fn funcref(&self, escaped: EscapedIndex) -> u32 {
        debug_assert!(escaped.0 < self.counts.escaped);
        self.funcrefs + escaped.0 * size_of::<VmFuncRef>() as u32
    }

    /// What objects of a type of the module are known by: a `*const` [`VmTypeInfo`].
    pub fn type_info(&self, ty: ObjectTypeIndex) -> u32 {
        debug_assert!(ty.0 < self.counts.object_types);
        self.type_infos + ty.0 * size_of::<*const VmTypeInfo>() as u32
    }
}
