//! Codes of what programs that embed Tancho do wrong, or are refused: T08xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    FOREIGN_STORE = [ErrorCode::ForeignStore],
"Functions, memories, tables, globals, tags, instances and references belong to the store that they were made in, and can be used with \
it alone. A program that has several stores has mixed them up; what stores are to share must be a `Module`, an `InstancePre` or a \
`SharedMemory`.";
    FOREIGN_ENGINE = [ErrorCode::ForeignEngine],
"Modules, linkers, types and shared memories belong to the engine that they were made with. A program needs one engine, which is cheap to \
clone.";
    POISONED = [ErrorCode::Poisoned],
"A host function panicked earlier, which the message repeats, so nothing is certain of what the store holds. It can still be read, and \
nothing in it can be called. Make a new store; host functions should return errors and not panic.";
    HOST_PANIC = [ErrorCode::HostPanic],
"A host function, or a value of the host that the collector dropped, has panicked. The panic ends the call as an error, and poisons the \
store (T0803). Host functions that fail should return `Err`.";
    TYPE_MISMATCH = [ErrorCode::TypeMismatch],
"A parameter, result, field, element or entry was given a value of another type than it has. The message shows both types. \
`Func::ty` and its like say which types are wanted.";
    VALUE_COUNT = [ErrorCode::ValueCount],
"A call needs as many parameters, and room for as many results, as the type of the function has; a structure as many values as it has \
fields, an exception as many as its tag has parameters.";
    FUNCTION_TYPE = [ErrorCode::FunctionType],
"`Func::typed` and `Instance::get_typed_func` compare the type in Rust's terms with that of the function, and they differ. The message \
shows both: i32 is `i32` or `u32`, i64 is `i64` or `u64`, several results are a tuple.";
    UNROOTED = [ErrorCode::Unrooted],
"A `Rooted` reference keeps its object until the scope ends in which it was made: a `RootScope`, or the call of a host function. \
`Rooted::to_owned_rooted` makes one that lives as long as its owner keeps it.";
    IMMUTABLE = [ErrorCode::Immutable],
"The global, field or element was declared without `mut`, so it keeps its first value.";
    OUT_OF_BOUNDS = [ErrorCode::OutOfBounds],
"The program that embeds Tancho has named bytes of a memory, or an entry, field, element or value, beyond those that there are.";
    IMPOSSIBLE_TYPE = [ErrorCode::ImpossibleType],
"A type that the specification excludes: a minimum above the maximum, more bytes than addresses, a page of a size that there is not, a \
supertype that is final or does not fit, a tag with results.";
    REFUSED = [ErrorCode::Refused],
"The system, or a limit that was set, has refused memory, address space, a thread or a signal handler. The message says which. Memories \
reserve address space (4 GiB and guards each): where a limit on it (`ulimit -v`) is the reason, `--memory-reservation` makes that less.";
    CONFIGURATION = [ErrorCode::Configuration],
"A `Config` has a value that it cannot have, which the message names, such as a size of the heap's nursery or the name of a proposal.";
    UNGUARDED_STACK = [ErrorCode::UnguardedStack],
"Compiled code notices the end of the stack by a page below it that cannot be accessed. The stack of this thread, perhaps one that the \
program has made itself, has none: add one, or turn `Config::signals_based_traps` off.";
    STOPPED = [ErrorCode::Stopped],
"At the end of an epoch the program is asked what to do while the guest's code stands in the middle of a loop. There it may look at the store, and say whether the guest goes on, waits or ends; it may not call, make objects, or let memories and tables grow.";
    FORGOTTEN = [ErrorCode::Forgotten],
"The future of an asynchronous call was given to `std::mem::forget`, or kept for ever otherwise, while the call waited. The call never ends, and its store runs nothing any more. Drop futures instead: that ends the call, and frees what it has.";
    WOULD_WAIT = [ErrorCode::WouldWait],
"A function of the host's that is asynchronous was called by `call`, and was not ready at once: call what calls it by `call_async`.";
    CANCELLED = [ErrorCode::Cancelled],
"The future of an asynchronous call was dropped while the call waited: what waits in it ends in this error, so that everything is freed. No guest catches it.";
    ENGINE_BUG = [ErrorCode::EngineBug],
"Something that cannot be, is. Please report it, with the message and what led to it.";
}
