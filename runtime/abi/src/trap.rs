//! Trap codes: why compiled code stopped, in the byte that the trap table holds for each instruction that may trap.
//!
//! Written by the emitter, read by the signal handler, shown by the embedding API.

use std::fmt;

/// From address 0 on, as many bytes are never mapped: the least page size of any machine. Compiled code leaves it to a load within them
/// to trap where a reference is null.
pub const NULL_PAGE: usize = 4096;

/// What stands in code for x86-64 where it has come to a trap: `hlt`, which only a kernel may execute, so that it faults (SIGSEGV, without an
/// address), and `nop`. It has the place of `ud2`, by which Cranelift ends such places. That faults too, but a hypervisor takes every invalid
/// instruction for one that it may have to emulate, and the way by it takes several times as long as all else about a trap.
pub const X86_64_TRAP: [u8; 2] = [0xf4, 0x90];

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why execution trapped.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Trap {
            $($(#[$doc])* $name = $code,)*
        }

        impl Trap {
            /// Every trap, in the order of their codes.
            pub const ALL: &'static [Trap] = &[$(Trap::$name,)*];

            /// The trap with code `code`, or `None`.
            pub const fn from_code(code: u8) -> Option<Trap> {
                match code {
                    $($code => Some(Trap::$name),)*
                    _ => None,
                }
            }

            /// Its code: never 0.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// What it says, without the prefix `wasm trap: `.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Trap::$name => $text,)*
                }
            }
        }
    };
}

traps! {
    /// The stack is used up.
    StackOverflow = 1, "call stack exhausted";
    /// A memory access outside the memory.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access outside the table.
    TableOutOfBounds = 3, "undefined element: out of bounds table access";
    /// `call_indirect` of a null entry.
    IndirectCallToNull = 4, "uninitialized element";
    /// `call_indirect` of a function of another type.
    BadSignature = 5, "indirect call type mismatch";
    /// The quotient is not representable.
    IntegerOverflow = 6, "integer overflow";
    /// Division or remainder by zero.
    IntegerDivisionByZero = 7, "integer divide by zero";
    /// A float that has no integer value of the type, or is not a number.
    BadConversionToInteger = 8, "invalid conversion to integer";
    /// The instruction `unreachable`.
    UnreachableCodeReached = 9, "wasm `unreachable` instruction executed";
    /// A null reference where there must be one.
    NullReference = 10, "null reference";
    /// The store was interrupted.
    Interrupt = 11, "interrupt";
    /// The store's fuel is used up.
    OutOfFuel = 12, "all fuel consumed by WebAssembly";
    /// A host value could not be allocated within the store's limits.
    AllocationTooLarge = 13, "allocation size too large";
    /// A call by a null reference.
    NullFunctionReference = 14, "null function reference";
    /// The heap of the store has no room for another object, after a collection.
    HeapExhausted = 15, "heap exhausted";
    /// A reference to something that is not of the type it was cast to.
    CastFailure = 16, "cast failure";
    /// An array access outside of the array.
    ArrayOutOfBounds = 17, "out of bounds array access";
    /// An access to a structure by a null reference.
    NullStructureReference = 18, "null structure reference";
    /// An access to an array by a null reference.
    NullArrayReference = 19, "null array reference";
    /// The value of a null `i31` reference.
    NullI31Reference = 20, "null i31 reference";
    /// An atomic access at an address that is not a multiple of its size.
    HeapMisaligned = 21, "unaligned atomic";
    /// `memory.atomic.wait32` or `memory.atomic.wait64` in a memory that is not shared.
    AtomicWaitNonSharedMemory = 22, "expected shared memory";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.message())
    }
}

impl std::error::Error for Trap {}
