//! Configuration: what an engine is made with.
//!
//! Users fill a [`Config`]; `engine` and `compile` read it.

use crate::error::{Error, ErrorCode, Result};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tancho_abi::tunables::Tunables;

pub use tancho_abi::tunables::{OptLevel, RegallocAlgorithm};

macro_rules! features {
    (@default) => { true };
    (@default off) => { false };
    (@text) => { "On by default." };
    (@text off) => { "Off by default: it is not in the specification yet." };
    ($($(#[$doc:meta])* $setter:ident $field:ident $($off:ident)?;)*) => {
        /// The WebAssembly proposals that modules may use.
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct Features {
            $(pub(crate) $field: bool,)*
        }

        impl Default for Features {
            fn default() -> Self {
                Features { $($field: features!(@default $($off)?),)* }
            }
        }

        impl Config {
            $(
                $(#[$doc])*
                ///
                #[doc = features!(@text $($off)?)]
                /// A module that needs it is refused when it is off.
                pub fn $setter(&mut self, enable: bool) -> &mut Self {
                    self.features.$field = enable;
                    self
                }
            )*

            /// The names of the proposals that modules may use, as [`wasm_feature`](Config::wasm_feature) takes them.
            pub const WASM_FEATURES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Whether modules may use the proposal of this name: what the setter `wasm_` and the name does. A hyphen in the name counts
            /// as an underscore.
            ///
            /// # Errors
            ///
            /// When there is no such proposal.
            pub fn wasm_feature(&mut self, name: &str, enable: bool) -> Result<&mut Self> {
                match name.replace('-', "_").as_str() {
                    $(stringify!($field) => self.features.$field = enable,)*
                    _ => return Err(unknown_feature(name)),
                }
                Ok(self)
            }

            /// Whether modules may use the proposal of this name; `None` when there is no such proposal.
            pub fn has_wasm_feature(&self, name: &str) -> Option<bool> {
                match name.replace('-', "_").as_str() {
                    $(stringify!($field) => Some(self.features.$field),)*
                    _ => None,
                }
            }
        }
    };
}

features! {
    /// Whether mutable globals may be imported and exported.
    wasm_mutable_global mutable_global;
    /// Whether there are conversions of floats to integers that saturate.
    wasm_saturating_float_to_int saturating_float_to_int;
    /// Whether there are `i32.extend8_s` and its kin.
    wasm_sign_extension sign_extension;
    /// Whether there are `externref`, several tables, `table.get` and its kin.
    wasm_reference_types reference_types;
    /// Whether functions may have several results, and blocks parameters.
    wasm_multi_value multi_value;
    /// Whether there are `memory.copy`, passive segments and their kin.
    wasm_bulk_memory bulk_memory;
    /// Whether there are vectors: `v128` and its instructions.
    wasm_simd simd;
    /// Whether there are vector instructions whose results depend on the machine. See
    /// [`relaxed_simd_deterministic`](Config::relaxed_simd_deterministic).
    wasm_relaxed_simd relaxed_simd;
    /// Whether there is arithmetic in constant expressions.
    wasm_extended_const extended_const;
    /// Whether there are calls that take the place of their caller: `return_call` and its kin.
    wasm_tail_call tail_call;
    /// Whether there are exceptions: `try_table`, `throw`, `throw_ref`, tags, `exnref`.
    wasm_exceptions exceptions;
    /// Whether there are the exceptions of before WebAssembly 3.0 as well: `try`, `catch`, `catch_all`, `delegate`, `rethrow`, which many
    /// compilers still write. They need [`wasm_exceptions`](Config::wasm_exceptions) too, which has the tags.
    wasm_legacy_exceptions legacy_exceptions;
    /// Whether there are references to functions of a given type, references that cannot be null, `call_ref` and its kin.
    wasm_function_references function_references;
    /// Whether there are structures, arrays and `i31`, which the engine's collector keeps; recursion groups of types, types that declare
    /// supertypes, casts. Needs [`wasm_function_references`](Config::wasm_function_references).
    wasm_gc gc;
    /// Whether several imports may be written with their module's name, or their type, once.
    wasm_compact_imports compact_imports;
    /// Whether a module may have several memories.
    wasm_multi_memory multi_memory;
    /// Whether memories and tables may be indexed by `i64`.
    wasm_memory64 memory64;
    /// Whether the pages of a memory may be a byte each instead of 64 KiB.
    wasm_custom_page_sizes custom_page_sizes off;
    /// Whether there are memories that threads share, atomic accesses, `memory.atomic.wait32` and its kin. See
    /// [`SharedMemory`](crate::SharedMemory).
    wasm_threads threads;
    /// Whether there is arithmetic on 128-bit integers: `i64.add128` and its kin.
    wasm_wide_arithmetic wide_arithmetic;
    /// Whether the custom section `metadata.code.branch_hint` is read, by which code that is unlikely to run is put out of the way.
    /// Results are the same. A malformed one is ignored, since custom sections are not validated.
    wasm_branch_hinting branch_hinting;
}

fn unknown_feature(name: &str) -> Error {
    let known = Config::WASM_FEATURES.join(", ").replace('_', "-");
    ErrorCode::Configuration.error(format!("there is no proposal `{name}`; these are: {known}"))
}

/// The bytes of a stack of an asynchronous call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackSize(pub(crate) usize);

impl Default for StackSize {
    fn default() -> Self {
        StackSize(2 << 20)
    }
}

/// What an [`Engine`](crate::Engine) is made with.
///
/// ```
/// # use tancho::{Config, Engine, Module, OptLevel, Result};
/// # fn main() -> Result<()> {
/// let mut config = Config::new();
/// config.cranelift_opt_level(OptLevel::None).wasm_simd(false);
/// let engine = Engine::new(&config)?;
/// assert!(Module::new(&engine, "(module (func (param v128)))").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub(crate) tunables: Tunables,
    pub(crate) features: Features,
    pub(crate) target: Option<String>,
    pub(crate) cpu_features: Vec<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) verifier: bool,
    pub(crate) regalloc_checker: bool,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) heap_limit: Option<u64>,
    pub(crate) drop_dwarf: bool,
    pub(crate) backtrace: BacktraceConfig,
    pub(crate) coredump_on_trap: bool,
    pub(crate) no_shared_memory: bool,
    pub(crate) async_stack_size: StackSize,
}

/// What is kept and shown of stacks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BacktraceConfig {
    pub(crate) frames: usize,
    pub(crate) details: WasmBacktraceDetails,
}

impl Default for BacktraceConfig {
    fn default() -> Self {
        BacktraceConfig { frames: FRAMES, details: WasmBacktraceDetails::Environment }
    }
}

/// How many functions of a backtrace are kept where nobody says otherwise.
const FRAMES: usize = 64;

/// Whether backtraces are shown with functions, files and lines of the source: see [`Config::wasm_backtrace_details`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WasmBacktraceDetails {
    /// Yes, where a module has DWARF.
    Enable,
    /// No.
    Disable,
    /// Yes, unless the environment variable `TANCHO_BACKTRACE_DETAILS` is `0` when the engine is made.
    Environment,
}

impl WasmBacktraceDetails {
    pub(crate) fn are_on(self) -> bool {
        match self {
            WasmBacktraceDetails::Enable => true,
            WasmBacktraceDetails::Disable => false,
            WasmBacktraceDetails::Environment => {
                std::env::var_os("TANCHO_BACKTRACE_DETAILS").is_none_or(|value| value != "0")
            }
        }
    }
}

impl Config {
    /// The defaults.
    pub fn new() -> Config {
        Config::default()
    }

    /// How much the compiler optimises. [`OptLevel::Speed`] by default.
    pub fn cranelift_opt_level(&mut self, level: OptLevel) -> &mut Self {
        self.tunables.opt_level = level;
        self
    }

    /// How registers are allocated. [`RegallocAlgorithm::Backtracking`] by default; in one pass, code is compiled about twice as fast
    /// and runs about half as fast.
    pub fn cranelift_regalloc_algorithm(&mut self, algorithm: RegallocAlgorithm) -> &mut Self {
        self.tunables.regalloc_algorithm = algorithm;
        self
    }

    /// Whether every NaN that an instruction produces is the canonical one, so that results are the same on every
    /// machine. Off by default; costs speed in float code.
    pub fn cranelift_nan_canonicalization(&mut self, enable: bool) -> &mut Self {
        self.tunables.nan_canonicalization = enable;
        self
    }

    /// Whether relaxed vector instructions do what the specification's deterministic profile prescribes, the same on every
    /// machine, and not what this machine does fastest. Off by default. Which NaN an instruction produces is another
    /// setting: [`cranelift_nan_canonicalization`](Config::cranelift_nan_canonicalization).
    pub fn relaxed_simd_deterministic(&mut self, enable: bool) -> &mut Self {
        self.tunables.relaxed_simd_deterministic = enable;
        self
    }

    /// Whether Cranelift checks its intermediate representation. Off by default, slow, for debugging the compiler.
    pub fn cranelift_debug_verifier(&mut self, enable: bool) -> &mut Self {
        self.verifier = enable;
        self
    }

    /// Whether Cranelift checks what its register allocator has done, anew for each function. Off by default, slow, for
    /// finding bugs in the compiler: one that is found is an error of compilation.
    pub fn cranelift_regalloc_checker(&mut self, enable: bool) -> &mut Self {
        self.regalloc_checker = enable;
        self
    }

    /// Bytes of address space (not of memory) reserved for each linear memory that is indexed by `i32`: 4 GiB by default. No such memory
    /// becomes larger. With 0 none is reserved beyond what a memory holds: a memory that grows moves, and every access is checked in
    /// compiled code.
    pub fn memory_reservation(&mut self, bytes: u64) -> &mut Self {
        self.tunables.memory_reservation = bytes;
        self
    }

    /// The same for each linear memory that is indexed by `i64`: 64 GiB by default. Compiled code makes an index that is larger than this
    /// as large as this, and leaves the rest to the guard.
    pub fn memory64_reservation(&mut self, bytes: u64) -> &mut Self {
        self.tunables.memory64_reservation = bytes;
        self
    }

    /// Bytes of inaccessible address space after each reservation: 32 MiB by default.
    pub fn memory_guard_size(&mut self, bytes: u64) -> &mut Self {
        self.tunables.memory_guard = bytes;
        self
    }

    /// Bytes of inaccessible address space before each reservation: 2 GiB by default.
    pub fn memory_guard_before(&mut self, bytes: u64) -> &mut Self {
        self.tunables.memory_guard_before = bytes;
        self
    }

    /// Whether the initial contents of memories are mapped copy-on-write, which all instances of a module share until they
    /// write, where they are large enough to be worth it ([`memory_copy_below`](Config::memory_copy_below)); else
    /// every instance gets a copy. On by default.
    pub fn memory_init_cow(&mut self, enable: bool) -> &mut Self {
        self.memory_copy_below(if enable { Tunables::default().memory_copy_below } else { u64::MAX })
    }

    /// How many bytes of initial contents are worth a mapping: 64 KiB by default. Fewer are copied.
    pub fn memory_copy_below(&mut self, bytes: u64) -> &mut Self {
        self.tunables.memory_copy_below = bytes;
        self
    }

    /// Bytes of address space that are reserved for the heap of each store that makes objects, of structures, arrays, values of the host
    /// and exceptions that there are references to: 4 GiB by default, and at most. It takes memory for what it holds only.
    pub fn gc_heap_reservation(&mut self, bytes: u64) -> &mut Self {
        self.tunables.gc_heap_reservation = bytes;
        self
    }

    /// Bytes of the part of a heap where objects are made, and which is collected by itself: 4 MiB by default; a multiple of 64 KiB, at
    /// least 128 KiB, and less than the [reservation](Config::gc_heap_reservation) by 1 MiB at least.
    pub fn gc_nursery(&mut self, bytes: u32) -> &mut Self {
        self.tunables.gc_nursery = bytes;
        self
    }

    /// How many bytes the heap of each store may have: by default what is [reserved](Config::gc_heap_reservation). Where there is no room
    /// for an object, even after a collection, making it is the trap [`Trap::HeapExhausted`](crate::Trap::HeapExhausted). A store can
    /// have another limit by [`Store::set_gc_heap_limit`](crate::Store::set_gc_heap_limit).
    pub fn gc_heap_limit(&mut self, bytes: u64) -> &mut Self {
        self.heap_limit = Some(bytes);
        self
    }

    /// Whether everything is collected, moved and checked at every allocation and wherever else it can be, and what was left overwritten,
    /// so that a reference that the collector does not know of shows. Off by default; makes code that uses references very slow. For
    /// tests and fuzzing.
    pub fn gc_zeal(&mut self, enable: bool) -> &mut Self {
        self.tunables.gc_zeal = enable;
        self
    }

    /// Bytes of the stack of each asynchronous call ([`TypedFunc::call_async`](crate::TypedFunc::call_async) and its kin): 2 MiB by default,
    /// from 256 KiB to 1 GiB, rounded up to whole pages. Of these, 72 KiB are kept free for host functions, and the futures that they wait
    /// for are polled there; the rest is compiled code's. Only what is used takes memory. Needs the feature `async`.
    pub fn async_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.async_stack_size = StackSize(bytes);
        self
    }

    /// An error unless stacks of asynchronous calls have a size that they can have.
    pub(crate) fn require_stack(&self) -> Result<()> {
        let bytes = self.async_stack_size.0;
        if (256 << 10..=1 << 30).contains(&bytes) {
            return Ok(());
        }
        Err(ErrorCode::Configuration.error(format!(
            "{bytes} bytes for the stack of an asynchronous call (`Config::async_stack_size`) are fewer than 256 KiB or more than 1 GiB"
        )))
    }

    /// An error unless heaps have sizes that they can have.
    pub(crate) fn require_heap(&self) -> Result<()> {
        const BLOCK: u32 = 64 << 10;
        let (nursery, reservation) = (self.tunables.gc_nursery, self.tunables.gc_heap_reservation);
        if nursery < 2 * BLOCK || !nursery.is_multiple_of(BLOCK) {
            return Err(ErrorCode::Configuration
                .error(format!("a nursery of {nursery} bytes is not a multiple of 64 KiB from 128 KiB on")));
        }
        if reservation > 4 << 30 || reservation < u64::from(nursery) + (1 << 20) {
            return Err(ErrorCode::Configuration.error(format!(
                "{reservation} bytes for a heap are more than 4 GiB, or too few for a nursery of {nursery} and 1 MiB"
            )));
        }
        Ok(())
    }

    /// Whether table accesses stay in bounds under speculation too. On by default.
    pub fn cranelift_table_spectre_mitigation(&mut self, enable: bool) -> &mut Self {
        self.tunables.table_spectre_mitigation = enable;
        self
    }

    /// Whether memory accesses with an explicit bounds check stay in bounds under speculation too. On by default.
    pub fn cranelift_memory_spectre_mitigation(&mut self, enable: bool) -> &mut Self {
        self.tunables.memory_spectre_mitigation = enable;
        self
    }

    /// Whether a function in which a toolchain takes a product of 64-bit numbers apart (`__multi3`) is compiled to the machine's own multiplication. On
    /// by default. What the function does is the same.
    pub fn native_products(&mut self, enable: bool) -> &mut Self {
        self.tunables.native_products = enable;
        self
    }

    /// Whether calls of small functions are inlined, unless nothing is [optimised](Config::cranelift_opt_level). On by default. Backtraces, traps
    /// and fuel are the same.
    pub fn inlining(&mut self, enable: bool) -> &mut Self {
        self.tunables.inlining = enable;
        self
    }

    /// Whether, where calls are [inlined](Config::inlining), small functions that call themselves are inlined in themselves, a few levels
    /// deep. On by default. Backtraces, traps and fuel are the same.
    pub fn recursive_inlining(&mut self, enable: bool) -> &mut Self {
        self.tunables.recursive_inlining = enable;
        self
    }

    /// Whether compiled modules know which code comes from where in the WebAssembly file, so that backtraces have
    /// offsets. On by default.
    pub fn generate_address_map(&mut self, enable: bool) -> &mut Self {
        self.tunables.address_map = enable;
        self
    }

    /// Whether traps are left to signals (SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP), for which the first engine in a process installs
    /// handlers. On by default. Off, compiled code compares and branches wherever it may trap, the end of the stack included, and no
    /// signal handler is installed, for programs that need these signals for themselves: traps, their messages and backtraces are the
    /// same, code is slower. Memories then need neither [reservation](Config::memory_reservation) nor
    /// [guard](Config::memory_guard_size), and may be given 0 bytes of both where address space is scarce.
    pub fn signals_based_traps(&mut self, enable: bool) -> &mut Self {
        self.tunables.signals_based_traps = enable;
        self
    }

    /// Whether what runs can be interrupted ([`Store::interrupt_handle`](crate::Store::interrupt_handle)): on by default, since what is not can
    /// run for ever. Costs about a load per call and turn of a loop, and less where
    /// a loop counts ([`Config::loop_strips`]) and a function calls only sometimes ([`Config::sites_at_calls`]).
    pub fn interruption(&mut self, enable: bool) -> &mut Self {
        self.tunables.interruption = enable;
        self
    }

    /// Whether short loops that count can be interrupted once in many turns only: so that interruption costs them nothing. On by default, where
    /// anything is optimised and no fuel consumed; off it is of use to look for mistakes only.
    pub fn loop_strips(&mut self, enable: bool) -> &mut Self {
        self.tunables.loop_strips = enable;
        self
    }

    /// Whether short functions that call can be interrupted only where they are about to: so that interruption costs nothing where a recursion ends.
    /// On by default, where anything is optimised and no fuel consumed; off it is of use to look for mistakes only.
    pub fn sites_at_calls(&mut self, enable: bool) -> &mut Self {
        self.tunables.sites_at_calls = enable;
        self
    }

    /// Whether numbers of 32 bits that are loaded and then used as indices are loaded as 64 bits, so that nothing extends them. On by default, where
    /// anything is optimised; off it is of use to look for mistakes only.
    pub fn wide_loads(&mut self, enable: bool) -> &mut Self {
        self.tunables.wide_loads = enable;
        self
    }

    /// Whether the compiler finds out what tables hold that only the module itself could change and does not, and calls through them with
    /// fewer questions. On by default; off it is of use to look for mistakes only.
    pub fn table_facts(&mut self, enable: bool) -> &mut Self {
        self.tunables.table_facts = enable;
        self
    }

    /// Whether the functions of a module hand the pointer to the stack that its compiler keeps in linear memory on in a register, and read
    /// it from the global only where something else may have changed that. On by default; off it is of use to look for mistakes only.
    pub fn shadow_stack_argument(&mut self, enable: bool) -> &mut Self {
        self.tunables.shadow_stack_argument = enable;
        self
    }

    /// Whether what runs consumes fuel, of which a store has none until it is given some ([`Store::set_fuel`](crate::Store::set_fuel)), and ends
    /// with [`Trap::OutOfFuel`](crate::Trap::OutOfFuel) when it cannot pay. Off by default. How much a call consumes follows from the
    /// WebAssembly alone: it is the same on every machine and with every other setting, and `docs/fuel.md` says how much.
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Self {
        self.tunables.consume_fuel = enable;
        self
    }

    /// Whether loops see at once what an [`epoch_deadline_callback`](crate::Store::epoch_deadline_callback) writes to globals and memories. Off
    /// by default: then a loop that calls nothing may go on with what it has read before, which makes it faster. `true` is
    /// [`interruption(true)`](Config::interruption), the default, as well; `false` does not turn interruption off, by
    /// [epochs](crate::Engine::increment_epoch) or otherwise.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Self {
        self.tunables.fenced_sites = enable;
        if enable { self.interruption(true) } else { self }
    }

    /// For programs that are written for engines where asynchronous calls have to be asked for: they are always there, and this changes
    /// nothing.
    pub fn async_support(&mut self, _: bool) -> &mut Self {
        self
    }

    /// Whether there may be memories that threads share: [`SharedMemory::new`](crate::SharedMemory::new) and instances of modules that
    /// define one are errors when it is off. On by default. Modules with atomic instructions are another matter:
    /// [`wasm_threads`](Config::wasm_threads).
    pub fn shared_memory(&mut self, enable: bool) -> &mut Self {
        self.no_shared_memory = !enable;
        self
    }

    /// An error unless there may be memories that threads share.
    pub(crate) fn require_shared_memory(&self) -> Result<()> {
        if self.no_shared_memory {
            return Err(ErrorCode::Configuration
                .error("shared memories are turned off: `Config::shared_memory(true)` turns them on"));
        }
        Ok(())
    }

    /// Whether the runtime checks every address again, by a call before each access to a memory, and ends the process with a
    /// message where compiled code has computed a wrong one: that is a bug of the engine, not a trap. Off by default; makes
    /// code that uses memory many times slower. For fuzzing, and for those who trust the compiler least.
    pub fn belt(&mut self, enable: bool) -> &mut Self {
        self.tunables.belt = enable;
        self
    }

    /// Whether compiled modules keep the sections of DWARF by which [backtraces](crate::WasmBacktrace) have files and lines of the source,
    /// if there are any. On by default. Nothing reads them before somebody asks, but a `.cwasm` file and a module in memory are as
    /// much larger; a module compiled with either loads with either.
    pub fn keep_dwarf(&mut self, enable: bool) -> &mut Self {
        self.drop_dwarf = !enable;
        self
    }

    /// Whether a [`WasmBacktrace`](crate::WasmBacktrace) is shown with functions that were inlined, files and lines, of modules that
    /// [keep their DWARF](Config::keep_dwarf). It is looked up when the backtrace is shown. [`WasmBacktraceDetails::Environment`] by
    /// default. [`FrameInfo::symbols`](crate::FrameInfo::symbols) says it in any case.
    pub fn wasm_backtrace_details(&mut self, details: WasmBacktraceDetails) -> &mut Self {
        self.backtrace.details = details;
        self
    }

    /// How many functions of a [`WasmBacktrace`](crate::WasmBacktrace) are kept, the innermost ones: 64 by default, and at most 4,096.
    /// With `None` no stack is looked at, and errors have no backtrace.
    pub fn wasm_backtrace_max_frames(&mut self, limit: Option<NonZeroUsize>) -> &mut Self {
        self.backtrace.frames = limit.map_or(0, NonZeroUsize::get);
        self
    }

    /// Whether errors have a [`WasmBacktrace`](crate::WasmBacktrace). On by default.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Self {
        self.backtrace.frames = if enable { FRAMES } else { 0 };
        self
    }

    /// Whether the error of a trap has a [`WasmCoreDump`](crate::WasmCoreDump), of all that is in the store. Off by default.
    #[cfg(feature = "coredump")]
    pub fn coredump_on_trap(&mut self, enable: bool) -> &mut Self {
        self.coredump_on_trap = enable;
        self
    }

    /// The machine to compile for, as a triple such as `aarch64-unknown-linux-gnu`; by default this one, with all the
    /// features its CPU has. An engine with a target of another architecture can only
    /// [precompile](crate::Engine::precompile_module). A triple that is not known is an error of
    /// [`Engine::new`](crate::Engine::new).
    pub fn target(&mut self, triple: &str) -> &mut Self {
        self.target = Some(triple.to_owned());
        self
    }

    /// A CPU feature that the [target](Config::target) has beyond the least that its architecture must have, by the name of
    /// Cranelift's setting: `has_avx2`, `has_v`. Compiled modules run only where there are all features they were compiled
    /// with. A name that is not known, or a feature without a target, is an error of [`Engine::new`](crate::Engine::new).
    pub fn cpu_feature(&mut self, name: &str) -> &mut Self {
        self.cpu_features.push(name.to_owned());
        self
    }

    /// Whether functions are compiled on as many threads as the machine has. On by default.
    pub fn parallel_compilation(&mut self, enable: bool) -> &mut Self {
        self.threads = (!enable).then_some(1);
        self
    }

    /// How many threads compile functions; 0 counts as 1.
    pub fn compilation_threads(&mut self, threads: usize) -> &mut Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// The file that holds the key that compiled modules are signed with, instead of the user's (see
    /// [`Module::serialize`](crate::Module::serialize)). It is made when there is none.
    pub fn key_file(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        self.key_file = Some(path.into());
        self
    }
}
