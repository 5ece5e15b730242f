//! Codes of what happens while a program runs: T06xx. A trap's code is 600 and the number that the engine has for it.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    STACK_OVERFLOW = [ErrorCode::StackOverflow],
"Functions call one another too deeply, mostly a recursion without an end. The backtrace shows which.";
    MEMORY = [ErrorCode::MemoryOutOfBounds],
"The program has read or written outside of its memory: a bug of the program, mostly a wrong pointer or index. The backtrace shows \
where, in offsets of the WebAssembly file; build the program with debug information (`-g`) to see the lines of its source. `--coredump FILE` \
keeps what its memory held.";
    TABLE = [ErrorCode::TableOutOfBounds],
"The program has used an index outside of a table: mostly a function pointer that is none.";
    NULL_ENTRY = [ErrorCode::IndirectCallToNull],
"The program has called a function pointer that is null, or was never set.";
    SIGNATURE = [ErrorCode::BadSignature],
"The program has called a function through a pointer of another type. In C, a function is declared otherwise than it is defined, or a \
pointer was cast.";
    INTEGER_OVERFLOW = [ErrorCode::IntegerOverflow],
"The quotient of the least integer and -1, or a float converted to an integer that it does not fit.";
    DIVISION = [ErrorCode::IntegerDivisionByZero],
"The program has divided an integer by zero.";
    CONVERSION = [ErrorCode::BadConversionToInteger],
"The program has converted a NaN, or a float that is too large, to an integer.";
    UNREACHABLE = [ErrorCode::UnreachableCodeReached],
"Compilers put this instruction where a program cannot go on: after a panic, an assertion that failed, `abort`. What the program has \
printed before says more.";
    NULL = [ErrorCode::NullReference],
"The program has used a reference that is null.";
    INTERRUPT = [ErrorCode::Interrupt],
"The program was interrupted from outside: it has run for as long as `--timeout` gives it. The backtrace shows where it was, if it was in its \
own code and did not wait for something.";
    FUEL = [ErrorCode::OutOfFuel],
"The program was given an amount of work by `--fuel`, and has used it up: everything that it does takes some, the same on every machine.";
    ALLOCATION = [ErrorCode::AllocationTooLarge],
"The program has made an object that is larger than its limits allow, or more exceptions than there is room for.";
    NULL_FUNCTION = [ErrorCode::NullFunctionReference],
"The program has called a reference to a function that is null.";
    HEAP_EXHAUSTED = [ErrorCode::HeapExhausted],
"The program's objects take more memory than there is for them, and none of it is garbage. `--gc-heap-limit` gives it more.";
    CAST = [ErrorCode::CastFailure],
"The program has taken an object for one of a type that it does not have.";
    ARRAY = [ErrorCode::ArrayOutOfBounds],
"The program has used an index outside of an array.";
    NULL_STRUCTURE = [ErrorCode::NullStructureReference],
"The program has read or written a field of an object by a reference that is null.";
    NULL_ARRAY = [ErrorCode::NullArrayReference],
"The program has used an array by a reference that is null.";
    NULL_I31 = [ErrorCode::NullI31Reference],
"The program has read a small integer from a reference that is null.";
    UNALIGNED = [ErrorCode::HeapMisaligned],
"Atomic operations need addresses that are a multiple of their size, and the program has used another: mostly a pointer that was cast.";
    NOT_SHARED = [ErrorCode::AtomicWaitNonSharedMemory],
"The program waits for another thread in a memory that no other thread can reach: it would wait for ever.";
    EXCEPTION = [ErrorCode::UncaughtException],
"The program has thrown an exception that nothing catches. What the program has printed before may say more.";
    EXIT_STATUS = [ErrorCode::ExitStatus],
"WASI allows exit statuses from 0 to 125, and the program has asked for another.";
    THREADS = [ErrorCode::Threads],
"A program that starts threads (wasi-threads) has to be built for it, as for the target `wasm32-wasip1-threads`: it imports the memory that \
its threads share, and exports the function that they begin with. It has no threads where a run must not depend on the machine \
(`--deterministic`), and no more than `--max-threads` says.";
    OTHER_TRAP = [ErrorCode::OtherTrap],
"The program was ended by a trap that has no code of its own yet.";
    DIRECTORY = [701, "a directory for the program cannot be opened"],
"What `--dir` names must be a directory that you may open. It is `--dir HOST::GUEST`: the directory of this machine stands first.";
    SOCKET = [702, "the socket cannot be opened"],
"`--tcplisten ADDRESS:PORT` wants an address of this machine and a port that nobody listens at. Ports below 1024 need special rights.";
}
