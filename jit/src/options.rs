//! What a compiler is made with: target, tunables, features, and how it works.
//!
//! The engine fills [`Options`] from its configuration. [`Features`] are the WebAssembly proposals that modules may use.

use tancho_abi::tunables::Tunables;
use target_lexicon::Triple;
use wasmparser::WasmFeatures;

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The machine to compile for, with the least features its architecture must have; `None` is this machine with all it has.
    pub target: Option<Triple>,
    /// CPU features that a named target has beyond the least, by the names of Cranelift's settings (`has_avx`).
    pub cpu_features: Vec<String>,
    /// What the image and the engine that loads it must agree about.
    pub tunables: Tunables,
    /// What modules may use.
    pub features: Features,
    /// Whether the image keeps the sections of DWARF that lines of the source are found by.
    pub keep_dwarf: bool,
    /// On how many threads; `None` is as many as the machine has. The image is the same.
    pub threads: Option<usize>,
    /// Whether Cranelift checks its intermediate representation. Slow; the image is the same.
    pub verifier: bool,
    /// Whether Cranelift checks what its register allocator has done, anew for each function. Slow; the image is the same.
    pub regalloc_checker: bool,
}

macro_rules! features {
    (@default) => { true };
    (@default off) => { false };
    ($($(#[$doc:meta])* $name:ident $(= $flag:ident)? $($off:ident)?;)*) => {
        /// WebAssembly proposals that modules may use. All that Tancho implements and the specification has are on by default.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Features {
            $($(#[$doc])* pub $name: bool,)*
        }

        impl Default for Features {
            fn default() -> Self {
                Features { $($name: features!(@default $($off)?),)* }
            }
        }

        impl Features {
            /// No proposal: WebAssembly 1.0 without its later additions.
            pub const NONE: Features = Features { $($name: false,)* };

            pub(crate) fn wasmparser(self) -> WasmFeatures {
                // Types of references are how wasmparser represents tables of functions too, so they are always on.
                let mut features = WasmFeatures::FLOATS | WasmFeatures::GC_TYPES;
                $($(features.set(WasmFeatures::$flag, self.$name);)?)*
                features
            }
        }
    };
}

features! {
    /// Imported and exported mutable globals.
    mutable_global = MUTABLE_GLOBAL;
    /// Conversions of floats to integers that saturate.
    saturating_float_to_int = SATURATING_FLOAT_TO_INT;
    /// `i32.extend8_s` and its kin.
    sign_extension = SIGN_EXTENSION;
    /// `externref`, several tables, `table.get` and its kin.
    reference_types = REFERENCE_TYPES;
    /// Several results; blocks with parameters.
    multi_value = MULTI_VALUE;
    /// `memory.copy`, passive segments and their kin.
    bulk_memory = BULK_MEMORY;
    /// Vectors of 128 bits.
    simd = SIMD;
    /// Vector operators whose results depend on the machine.
    relaxed_simd = RELAXED_SIMD;
    /// Arithmetic in constant expressions.
    extended_const = EXTENDED_CONST;
    /// `return_call` and its kin.
    tail_call = TAIL_CALL;
    /// `try_table`, `throw`, `throw_ref`, tags, `exnref`.
    exceptions = EXCEPTIONS;
    /// `try`, `catch`, `catch_all`, `delegate`, `rethrow`: the exceptions of before WebAssembly 3.0. Of use with `exceptions` only, which
    /// has the tags.
    legacy_exceptions = LEGACY_EXCEPTIONS;
    /// References to functions of a given type, references that cannot be null, `call_ref` and its kin.
    function_references = FUNCTION_REFERENCES;
    /// Garbage collection: structures, arrays, `i31`, casts, recursion groups, types that declare supertypes.
    gc = GC;
    /// Imports that are written with their module's name, or their type, once for several.
    compact_imports = COMPACT_IMPORTS;
    /// Several memories in one module.
    multi_memory = MULTI_MEMORY;
    /// Memories and tables that are indexed by `i64`.
    memory64 = MEMORY64;
    /// Memories whose pages are a byte. Not in the specification yet.
    custom_page_sizes = CUSTOM_PAGE_SIZES off;
    /// Shared memories, atomic accesses, `memory.atomic.wait32` and its kin.
    threads = THREADS;
    /// `i64.add128` and its kin.
    wide_arithmetic = WIDE_ARITHMETIC;
    /// Whether the custom section `metadata.code.branch_hint` is read. It changes no result, only where code stands: what is unlikely
    /// goes to the end of its function. As custom sections are not validated, a malformed one is no error: it is ignored.
    branch_hinting;
}
