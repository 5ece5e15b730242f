//! Tunables: what the compiler and the runtime must agree about and a user may choose. The reasons for the defaults are
//! in `docs/settings.md`.
//!
//! An image records the hash of those it was compiled with; it loads only where the same are in force.

macro_rules! tunables {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $default:expr;)*) => {
        /// The tunables of an engine.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        pub struct Tunables {
            $($(#[$doc])* pub $name: $ty,)*
        }

        impl Default for Tunables {
            fn default() -> Self {
                Tunables { $($name: $default,)* }
            }
        }

        impl Tunables {
            /// The names and values, in order, for hashing and for messages that say which one differs.
            pub fn list(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($name), format!("{:?}", self.$name)),)*]
            }
        }
    };
}

/// How much the compiler optimises.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OptLevel {
    /// Not at all: quickest to compile.
    None,
    /// For speed.
    #[default]
    Speed,
    /// For speed, and for size where it costs no speed.
    SpeedAndSize,
}

/// How registers are allocated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum RegallocAlgorithm {
    /// For code that runs fast.
    #[default]
    Backtracking,
    /// In one pass, for quick compilation.
    SinglePass,
}

/// log₂ of the least page size by which a memory ends where pages of every machine do, so that what follows it can be inaccessible:
/// that of WebAssembly's pages of 64 KiB.
pub const GUARDED_PAGE_SIZE_LOG2: u32 = 16;

/// No machine's page is larger.
const LARGEST_PAGE: u64 = 64 << 10;

tunables! {
    /// Bytes of address space reserved for each 32-bit memory: 4 GiB, so that no index can leave it. It has no more bytes than this;
    /// but where this is 0 it has address space for what it holds only, and moves when it grows.
    memory_reservation: u64 = 4 << 30;
    /// The same for each 64-bit memory.
    memory64_reservation: u64 = 64 << 30;
    /// Bytes after the reservation that are never accessible: constant offsets up to this need no check.
    memory_guard: u64 = 32 << 20;
    /// Bytes before the reservation that are never accessible: loops may step down into them.
    memory_guard_before: u64 = 2 << 30;
    /// Initial contents of a memory that are fewer bytes than this are copied, others are mapped copy-on-write where they are whole pages.
    memory_copy_below: u64 = 64 << 10;
    /// Bytes of address space reserved for the heap of each store: at most 4 GiB, which references can name; more than the nursery.
    gc_heap_reservation: u64 = 4 << 30;
    /// Bytes of the part of the heap where objects are made: a multiple of 64 KiB, at least 128 KiB.
    gc_nursery: u32 = 4 << 20;
    /// Whether the collector does its work, and moves all objects, at every allocation and every safepoint, and overwrites what it left.
    gc_zeal: bool = false;
    /// How much to optimise.
    opt_level: OptLevel = OptLevel::Speed;
    /// How to allocate registers, of functions that are not too large for any but one way.
    regalloc_algorithm: RegallocAlgorithm = RegallocAlgorithm::Backtracking;
    /// Whether every NaN that an instruction produces is the canonical one.
    nan_canonicalization: bool = false;
    /// Whether relaxed vector instructions do what the deterministic profile prescribes.
    relaxed_simd_deterministic: bool = false;
    /// Whether a table index that is out of bounds reads entry 0 under speculation, and nothing further.
    table_spectre_mitigation: bool = true;
    /// The same for memory accesses that have an explicit bounds check.
    memory_spectre_mitigation: bool = true;
    /// Whether the image maps code addresses to places in the WebAssembly file for every instruction, so that backtraces have offsets.
    address_map: bool = true;
    /// Whether compiled code traps by faulting, which a signal handler answers. Where not, it compares and calls, the end of the stack
    /// included, and no signal means anything to it.
    signals_based_traps: bool = true;
    /// Whether a function in which a toolchain takes a product of 64-bit numbers apart is compiled to the machine's multiplication.
    native_products: bool = true;
    /// Whether calls of small functions are inlined, where anything is optimised.
    inlining: bool = true;
    /// Whether, where calls are inlined, small functions that call themselves are inlined in themselves, a few levels deep.
    recursive_inlining: bool = true;
    /// Whether what runs can be interrupted: loops, and calls without end. What waits in a shared memory always can.
    interruption: bool = true;
    /// Whether short loops that count can be interrupted once in many turns only, where anything is optimised and nothing is paid for.
    loop_strips: bool = true;
    /// Whether a short function that calls can be interrupted only where it is about to call, where anything is optimised and nothing is paid for.
    sites_at_calls: bool = true;
    /// Whether the compiler finds out what tables hold that nobody can write to, and calls through them with fewer questions.
    table_facts: bool = true;
    /// Whether functions are given the shadow-stack pointer in a register, where a module has one.
    shadow_stack_argument: bool = true;
    /// Whether numbers of 32 bits that are loaded to be indices are loaded as 64 bits, where anything is optimised.
    wide_loads: bool = true;
    /// Whether compiled code, behind a place where it can be interrupted, reads anew what the host may have written there.
    fenced_sites: bool = false;
    /// Whether compiled code pays for what it does, and stops when it cannot.
    consume_fuel: bool = false;
    /// Whether the runtime checks every address again, by a call before each access to a memory.
    belt: bool = false;
}

/// The address space of a memory: `reservation` bytes, of which those below the memory's length are accessible, and `guard` bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// Bytes that it may come to have; or 0 where it [moves](Space::moves), and where compiled code is not to rely on any.
    pub reservation: u64,
    /// Bytes after the reservation that are never accessible.
    pub guard: u64,
    /// Whether every byte of reservation and guard from the memory's length on faults, and a fault there is a trap: where not, compiled
    /// code compares each address with the length.
    pub checks: bool,
    /// Whether threads share it.
    pub shared: bool,
    /// Whether the page directly below the memory can be read as long as the store is not to stop, like that below an instance's context
    /// ([`INTERRUPT_SITES`](crate::vmctx::INTERRUPT_SITES)): the guard before the memory ends a page earlier.
    pub sites: bool,
}

impl Space {
    /// Whether the memory's base changes when it grows: its address space ends, but for what growing left over, where its bytes do. That
    /// of a shared memory never does, since other threads may be using it: it has room for all that it may come to have.
    pub const fn moves(&self) -> bool {
        self.reservation == 0 && !self.shared
    }
}

impl Tunables {
    /// The address space of memories with addresses of 64 bits or 32 and pages of 2^`page_size_log2` bytes, shared or not.
    pub const fn space(&self, index64: bool, page_size_log2: u32, shared: bool) -> Space {
        let reservation = if index64 { self.memory64_reservation } else { self.memory_reservation };
        let checks = self.signals_based_traps && page_size_log2 >= GUARDED_PAGE_SIZE_LOG2;
        // No index of 32 bits leads below the base. Those of 64 may be stepped down to where it must fault. A shared memory is of many
        // stores, which stop each on its own, and one that moves has no place that stays.
        let sites = self.interruption
            && self.signals_based_traps
            && !index64
            && !shared
            && reservation != 0
            && self.memory_guard_before >= LARGEST_PAGE;
        Space { reservation, guard: self.memory_guard, checks, shared, sites }
    }

    /// BLAKE3 over the list.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (name, value) in self.list() {
            hasher.update(name.as_bytes());
            hasher.update(b"=");
            hasher.update(value.as_bytes());
            hasher.update(b"\n");
        }
        *hasher.finalize().as_bytes()
    }
}
