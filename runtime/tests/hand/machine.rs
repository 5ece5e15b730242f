//! A module in assembly (x86-64), with trampolines as the compiler makes them: what runs, traps and calls the host.
//!
//! Its functions take `(vmctx in rdi, values in rsi)`; the convention of functions is the module's own affair.
#![cfg(target_arch = "x86_64")]

use super::Hand;
use std::mem::offset_of;
use std::sync::Arc;
use tancho_abi::builtin::VmBuiltins;
use tancho_abi::image::Origin;
use tancho_abi::module::{AddressRecord, HandlerRecord, Range, SegmentMode, TrampolineRecord, TrapRecord};
use tancho_abi::target::Architecture;
use tancho_abi::trap::Trap;
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::*;
use tancho_runtime::call::{self, Stopped};
use tancho_runtime::code::Code;
use tancho_runtime::instantiate::{FunctionImport, Imports};
use tancho_runtime::store::{Export, InstanceId, Store};
use tancho_runtime::template::Template;

/// Functions of the module, by function index. 0 is the imported one.
pub const UNREACHABLE: u32 = 1;
pub const LOAD: u32 = 2;
pub const DIVIDE: u32 = 3;
pub const RECURSE: u32 = 4;
pub const WILD: u32 = 5;
pub const HOST: u32 = 6;
pub const INIT: u32 = 7;
pub const ADD: u32 = 8;
pub const HOST_THEN: u32 = 9;
pub const HOLD: u32 = 10;
pub const NULL_FIELD: u32 = 11;

/// Where the context has the base of memory 0 and the first imported function.
const MEMORY: usize = size_of::<VmContext>();
const IMPORT: usize = MEMORY + size_of::<VmMemory>();

std::arch::global_asm!(
    ".p2align 4",
    "tancho_hand_start:",
    // Array host entry: (rdi vmctx, rsi code, rdx activation, rcx values).
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 24",
    "mov [rdx + {entry_fp}], rbp",
    "mov [rsp], rdx",
    "mov rax, rsi",
    "mov rsi, rcx",
    "call rax",
    "2:",
    "lea rsp, [rbp - 40]",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    "tancho_hand_landing:",
    // What compiled code may leave behind in callee-saved registers must not matter.
    "jmp 2b",
    // Array exit: (rdi host context, rsi values).
    "tancho_hand_exit:",
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "push rbx",
    "mov rbx, [rdi + {host_store}]",
    "mov rax, [rbp]",
    "mov [rbx + {exit_fp}], rax",
    "mov rax, [rbp + 8]",
    "mov [rbx + {exit_pc}], rax",
    "cmp rsp, [rbx + {stack_limit}]",
    "jb 3f",
    "call [rdi + {function}]",
    "cmp qword ptr [rbx + {pending}], 0",
    "jne 4f",
    "pop rbx",
    "pop rbx",
    "pop rbp",
    "ret",
    "3:",
    "mov qword ptr [rbx + {pending}], {overflow}",
    "4:",
    "mov rdi, rbx",
    "mov rax, [rbx + {builtins}]",
    "call [rax + {raise}]",
    "int3",
    "tancho_hand_unreachable:",
    "push rbp",
    "mov rbp, rsp",
    "mov rbx, 0",
    "mov r12, 0",
    "mov r15, 0",
    "tancho_hand_trap_unreachable:",
    "ud2",
    "tancho_hand_load:",
    "push rbp",
    "mov rbp, rsp",
    "mov rcx, [rdi + {memory}]",
    "mov eax, [rsi]",
    "tancho_hand_trap_load:",
    "mov eax, [rcx + rax]",
    "mov [rsi], eax",
    "pop rbp",
    "ret",
    "tancho_hand_divide:",
    "push rbp",
    "mov rbp, rsp",
    "mov eax, [rsi]",
    "mov ecx, [rsi + 16]",
    "xor edx, edx",
    "tancho_hand_trap_divide:",
    "div ecx",
    "mov [rsi], eax",
    "pop rbp",
    "ret",
    "tancho_hand_recurse:",
    "push rbp",
    "mov rbp, rsp",
    "call tancho_hand_recurse",
    "pop rbp",
    "ret",
    "tancho_hand_wild:",
    "push rbp",
    "mov rbp, rsp",
    "mov eax, 16",
    "tancho_hand_trap_wild:",
    "mov eax, [rax]",
    "pop rbp",
    "ret",
    "tancho_hand_host:",
    "push rbp",
    "mov rbp, rsp",
    "mov rax, [rdi + {import}]",
    "mov rdi, [rdi + {import} + 8]",
    "call rax",
    "tancho_hand_after_host:",
    "pop rbp",
    "ret",
    // memory.init of values[1] bytes at values[0] by way of a builtin trampoline.
    "tancho_hand_init:",
    "push rbp",
    "mov rbp, rsp",
    "call 5f",
    "pop rbp",
    "ret",
    "5:",
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "push rbx",
    "mov rbx, [rdi + {vmctx_store}]",
    "mov rax, [rbp]",
    "mov [rbx + {exit_fp}], rax",
    "mov rax, [rbp + 8]",
    "mov [rbx + {exit_pc}], rax",
    "mov ecx, [rsi]",
    "mov r9d, [rsi + 16]",
    "xor esi, esi",
    "xor edx, edx",
    "xor r8d, r8d",
    "mov rax, [rbx + {builtins}]",
    "call [rax + {memory_init}]",
    "cmp qword ptr [rbx + {pending}], 0",
    "jne 4b",
    "pop rbx",
    "pop rbx",
    "pop rbp",
    "ret",
    "tancho_hand_add:",
    "mov eax, [rsi]",
    "add eax, [rsi + 16]",
    "mov [rsi], eax",
    "ret",
    // Calls the host; then overflows the stack if values[0] is not 0, else is unreachable.
    "tancho_hand_host_then:",
    "push rbp",
    "mov rbp, rsp",
    "push rsi",
    "push rsi",
    "mov rax, [rdi + {import}]",
    "mov rdi, [rdi + {import} + 8]",
    "call rax",
    "pop rsi",
    "cmp dword ptr [rsi], 0",
    "jne tancho_hand_recurse",
    "tancho_hand_trap_host_then:",
    "ud2",
    // Calls the host while it holds two references, which it gives back.
    "tancho_hand_hold:",
    "push rbp",
    "mov rbp, rsp",
    "push rsi",
    "sub rsp, 24",
    "mov eax, [rsi]",
    "mov [rbp - 12], eax",
    "mov eax, [rsi + 16]",
    "mov [rbp - 16], eax",
    "mov rax, [rdi + {import}]",
    "mov rdi, [rdi + {import} + 8]",
    "call rax",
    "tancho_hand_after_hold:",
    "mov rsi, [rbp - 8]",
    "mov eax, [rbp - 12]",
    "mov [rsi], eax",
    "mov eax, [rbp - 16]",
    "mov [rsi + 16], eax",
    "leave",
    "ret",
    // A load from the heap at the place in values[0].
    "tancho_hand_null_field:",
    "push rbp",
    "mov rbp, rsp",
    "mov rcx, [rdi + {heap}]",
    "mov eax, [rsi]",
    "tancho_hand_trap_null_field:",
    "mov eax, [rcx + rax]",
    "pop rbp",
    "ret",
    "tancho_hand_end:",
    entry_fp = const offset_of!(VmActivation, entry_fp),
    host_store = const offset_of!(VmHostContext, store),
    function = const offset_of!(VmHostContext, function),
    heap = const offset_of!(VmContext, heap),
    vmctx_store = const offset_of!(VmContext, store),
    exit_fp = const offset_of!(VmStore, exit_fp),
    exit_pc = const offset_of!(VmStore, exit_pc),
    stack_limit = const offset_of!(VmStore, stack_limit),
    pending = const offset_of!(VmStore, pending),
    builtins = const offset_of!(VmStore, builtins),
    raise = const offset_of!(VmBuiltins, raise),
    memory_init = const offset_of!(VmBuiltins, memory_init),
    memory = const MEMORY,
    import = const IMPORT,
    overflow = const Trap::StackOverflow as usize,
);

macro_rules! places {
    ($($name:ident)*) => {
        unsafe extern "C" {
            $(static $name: u8;)*
        }
        $(#[allow(non_snake_case)]
        mod $name {
            pub fn offset() -> u32 {
                (&raw const super::$name).addr().wrapping_sub((&raw const super::tancho_hand_start).addr()) as u32
            }
        })*
    };
}

places! {
    tancho_hand_start tancho_hand_landing tancho_hand_exit tancho_hand_unreachable tancho_hand_load tancho_hand_divide
    tancho_hand_recurse tancho_hand_wild tancho_hand_host tancho_hand_init tancho_hand_add tancho_hand_host_then
    tancho_hand_trap_host_then tancho_hand_hold tancho_hand_after_hold tancho_hand_null_field tancho_hand_trap_null_field
    tancho_hand_end
    tancho_hand_trap_unreachable tancho_hand_trap_load tancho_hand_trap_divide tancho_hand_trap_wild
    tancho_hand_after_host
}

/// The module as a hand-made image.
pub fn module() -> Hand {
    let mut hand = Hand::new();
    let ty = hand.ty(&[], &[]);
    let start = (&raw const tancho_hand_start).cast::<u8>();
    // SAFETY: the bytes between the two labels are this program's text.
    hand.text = unsafe { std::slice::from_raw_parts(start, tancho_hand_end::offset() as usize) }.to_vec();
    hand.module.trampolines[ty.index()] = TrampolineRecord {
        host_entry: tancho_abi::module::NONE,
        array_entry: 0,
        host_exit: tancho_abi::module::NONE,
        array_exit: tancho_hand_exit::offset(),
    };
    hand.module.handlers = vec![HandlerRecord { entry: 0, landing: tancho_hand_landing::offset(), frame_offset: 64 }];
    hand.imported_function(ty);
    for (from, to) in [
        (tancho_hand_unreachable::offset(), tancho_hand_load::offset()),
        (tancho_hand_load::offset(), tancho_hand_divide::offset()),
        (tancho_hand_divide::offset(), tancho_hand_recurse::offset()),
        (tancho_hand_recurse::offset(), tancho_hand_wild::offset()),
        (tancho_hand_wild::offset(), tancho_hand_host::offset()),
        (tancho_hand_host::offset(), tancho_hand_init::offset()),
        (tancho_hand_init::offset(), tancho_hand_add::offset()),
        (tancho_hand_add::offset(), tancho_hand_host_then::offset()),
        (tancho_hand_host_then::offset(), tancho_hand_hold::offset()),
        (tancho_hand_hold::offset(), tancho_hand_null_field::offset()),
        (tancho_hand_null_field::offset(), tancho_hand_end::offset()),
    ] {
        hand.function(ty, from, to);
    }
    hand.module.traps = [
        (tancho_hand_trap_unreachable::offset(), Trap::UnreachableCodeReached),
        (tancho_hand_trap_load::offset(), Trap::MemoryOutOfBounds),
        (tancho_hand_trap_divide::offset(), Trap::IntegerDivisionByZero),
        (tancho_hand_trap_wild::offset(), Trap::MemoryOutOfBounds),
        (tancho_hand_trap_host_then::offset(), Trap::UnreachableCodeReached),
        (tancho_hand_trap_null_field::offset(), Trap::NullStructureReference),
    ]
    .map(|(code, trap)| TrapRecord { code, trap: trap.code().into() })
    .to_vec();
    hand.module.addresses = vec![
        AddressRecord { code: 0, wasm: tancho_abi::module::NONE },
        AddressRecord { code: tancho_hand_unreachable::offset(), wasm: 100 },
        AddressRecord { code: tancho_hand_trap_unreachable::offset(), wasm: 101 },
        AddressRecord { code: tancho_hand_load::offset(), wasm: 200 },
        AddressRecord { code: tancho_hand_host::offset(), wasm: 600 },
        AddressRecord { code: tancho_hand_after_host::offset(), wasm: 601 },
    ];
    hand.module.safepoint_addresses = vec![tancho_hand_after_hold::offset()];
    hand.module.safepoints = vec![Range { start: 0, length: 2 }];
    hand.module.references = vec![12, 16];
    hand.memory(1, Some(3));
    hand.data(SegmentMode::Passive, Range::default(), &[7; 600], false);
    hand
}

/// A store with an instance of the module, whose import is `host`.
pub struct Machine {
    pub store: Store,
    pub instance: InstanceId,
    pub code: Arc<Code>,
}

pub type HostFunction = unsafe extern "C" fn(*mut VmHostContext, *mut ValRaw);

pub unsafe extern "C" fn no_host(_: *mut VmHostContext, _: *mut ValRaw) {}

impl Machine {
    pub fn new(host: HostFunction, data: *const u8) -> Machine {
        Machine::of(&module().load(), host, data)
    }

    pub fn of(code: &Arc<Code>, host: HostFunction, data: *const u8) -> Machine {
        Machine::in_store(Store::new(Arc::default()).unwrap(), code, host, data)
    }

    /// With other tunables.
    pub fn with(hand: Hand, tunables: Tunables, host: HostFunction, data: *const u8) -> Machine {
        let bytes = hand.bytes_with(Architecture::HOST, &tunables);
        let code = Code::load(&bytes, &tunables, Origin::Trusted).unwrap();
        Machine::in_store(Store::new(Arc::new(tunables)).unwrap(), &code, host, data)
    }

    fn in_store(mut store: Store, code: &Arc<Code>, host: HostFunction, data: *const u8) -> Machine {
        tancho_runtime::trap::install().unwrap();
        assert_eq!(code.layout().defined_memory(tancho_abi::index::MemoryIndex(0)), MEMORY as u32);
        assert_eq!(code.layout().imported_function(tancho_abi::index::FunctionIndex(0)), IMPORT as u32);
        let registry = tancho_runtime::types::TypeRegistry::new();
        let types = super::types(&registry, code);
        let ty = types[code.view().functions[0].ty.index()].identity();
        let function = FunctionImport::Host { function: host as *const u8, data, typed: false, ty };
        let imports = Imports { functions: vec![function], ..Imports::default() };
        let instance = store.instantiate(&Template::new(code.clone(), types), imports).unwrap();
        Machine { store, instance, code: code.clone() }
    }

    /// Calls a function with two parameters; its result.
    pub fn call(&mut self, function: u32, a: u32, b: u32) -> Result<u32, Box<Stopped>> {
        // SAFETY: the store is ours alone.
        unsafe { call(&self.store, self.instance, function, a, b) }
    }
}

/// Calls a function with two parameters; its result.
///
/// # Safety
///
/// Nobody else uses the store.
pub unsafe fn call(store: &Store, instance: InstanceId, function: u32, a: u32, b: u32) -> Result<u32, Box<Stopped>> {
    // SAFETY: the caller says so.
    unsafe { call_for_two(store, instance, function, a, b) }.map(|[result, _]| result)
}

/// [`call`] of a function that leaves two results.
///
/// # Safety
///
/// As of [`call`].
pub unsafe fn call_for_two(
    store: &Store,
    instance: InstanceId,
    function: u32,
    a: u32,
    b: u32,
) -> Result<[u32; 2], Box<Stopped>> {
    let Some(Export::Function(reference)) = store.export(instance, tancho_abi::module::ExternKind::Function, function)
    else {
        panic!("no such function")
    };
    let mut values = [ValRaw::ZERO; 2];
    values[0].i32 = a;
    values[1].i32 = b;
    let values_at = values.as_mut_ptr();
    // SAFETY: the reference is the store's; its array entry is called as the contract says.
    unsafe {
        let reference = reference.as_ptr();
        let entry: unsafe extern "C" fn(*mut VmContext, *const u8, *mut VmActivation, *mut ValRaw) =
            std::mem::transmute((*reference).array_entry);
        call::enter(store.vm(), (*reference).array_entry, std::ptr::null_mut(), |activation| {
            entry((*reference).vmctx, (*reference).external, activation, values_at);
        })?;
        Ok([(*values_at).i32, (*values_at.add(1)).i32])
    }
}
