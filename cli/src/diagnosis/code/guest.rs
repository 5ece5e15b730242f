//! Codes of what happens while a program runs: T06xx. A trap's code is 600 and the number that the engine has for it.

use super::all::{Code, codes};
use tancho::Trap;

codes! {
    STACK_OVERFLOW = 601, "call stack exhausted",
"Functions call one another too deeply, mostly a recursion without an end. The backtrace shows which.";
    MEMORY = 602, "out of bounds memory access",
"The program has read or written outside of its memory: a bug of the program, mostly a wrong pointer or index. The backtrace shows \
where, in offsets of the WebAssembly file; build the program with names (`-g`) to see its functions.";
    TABLE = 603, "out of bounds table access",
"The program has used an index outside of a table: mostly a function pointer that is none.";
    NULL_ENTRY = 604, "uninitialized element",
"The program has called a function pointer that is null, or was never set.";
    SIGNATURE = 605, "indirect call type mismatch",
"The program has called a function through a pointer of another type. In C, a function is declared otherwise than it is defined, or a \
pointer was cast.";
    INTEGER_OVERFLOW = 606, "integer overflow",
"The quotient of the least integer and -1, or a float converted to an integer that it does not fit.";
    DIVISION = 607, "integer divide by zero",
"The program has divided an integer by zero.";
    CONVERSION = 608, "invalid conversion to integer",
"The program has converted a NaN, or a float that is too large, to an integer.";
    UNREACHABLE = 609, "`unreachable` was executed",
"Compilers put this instruction where a program cannot go on: after a panic, an assertion that failed, `abort`. What the program has \
printed before says more.";
    NULL = 610, "null reference",
"The program has used a reference that is null.";
    INTERRUPT = 611, "interrupt",
"The program was interrupted from outside: it has run for as long as `--timeout` gives it. The backtrace shows where it was, if it was in its \
own code and did not wait for something.";
    FUEL = 612, "all fuel consumed",
"The program was given an amount of work, and has used it up.";
    ALLOCATION = 613, "allocation size too large",
"The program has made an object that is larger than its limits allow, or more exceptions than there is room for.";
    NULL_FUNCTION = 614, "null function reference",
"The program has called a reference to a function that is null.";
    HEAP_EXHAUSTED = 615, "heap exhausted",
"The program's objects take more memory than there is for them, and none of it is garbage. `--gc-heap-limit` gives it more.";
    CAST = 616, "cast failure",
"The program has taken an object for one of a type that it does not have.";
    ARRAY = 617, "out of bounds array access",
"The program has used an index outside of an array.";
    NULL_STRUCTURE = 618, "null structure reference",
"The program has read or written a field of an object by a reference that is null.";
    NULL_ARRAY = 619, "null array reference",
"The program has used an array by a reference that is null.";
    NULL_I31 = 620, "null i31 reference",
"The program has read a small integer from a reference that is null.";
    UNALIGNED = 621, "unaligned atomic",
"Atomic operations need addresses that are a multiple of their size, and the program has used another: mostly a pointer that was cast.";
    NOT_SHARED = 622, "expected shared memory",
"The program waits for another thread in a memory that no other thread can reach: it would wait for ever.";
    EXCEPTION = 690, "an exception was not caught",
"The program has thrown an exception that nothing catches. What the program has printed before may say more.";
    EXIT_STATUS = 691, "the program ended with a status that no process has",
"WASI allows exit statuses from 0 to 125, and the program has asked for another.";
    THREADS = 692, "the program cannot have threads",
"A program that starts threads (wasi-threads) has to be built for it, as for the target `wasm32-wasip1-threads`: it imports the memory that \
its threads share, and exports the function that they begin with. It has no threads where a run must not depend on the machine \
(`--deterministic`), and no more than `--max-threads` says.";
    OTHER_TRAP = 699, "a trap",
"The program was ended by a trap that has no code of its own yet.";
    DIRECTORY = 701, "a directory for the program cannot be opened",
"What `--dir` names must be a directory that you may open. It is `--dir HOST::GUEST`: the directory of this machine stands first.";
    SOCKET = 702, "the socket cannot be opened",
"`--tcplisten ADDRESS:PORT` wants an address of this machine and a port that nobody listens at. Ports below 1024 need special rights.";
}

/// The code of a trap.
pub(crate) fn of_trap(trap: Trap) -> Option<&'static Code> {
    let number = 600 + u16::from(trap.code());
    CODES.iter().copied().find(|code| code.number == number)
}
