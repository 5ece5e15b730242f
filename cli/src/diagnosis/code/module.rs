//! Codes of modules: T02xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    INVALID = [ErrorCode::InvalidModule],
"The module breaks a rule of the specification, at the offset and in the function that the message names. Where it uses a proposal that \
is off by default, the message names it, and `-W NAME` turns it on. Otherwise the tool that made the module has a bug, or the file is \
damaged.";
    UNSUPPORTED = [ErrorCode::UnsupportedModule],
"The module may be valid, but needs something that is not implemented. `docs/proposals.md` says what there is. Often the \
compiler that made the module can do without: for threads, say, leave out `-pthread`.";
    LIMIT = [ErrorCode::ModuleLimit],
"Every implementation has limits; `docs/limits.md` lists all of Tancho's. The message names this one.";
    TARGET = [ErrorCode::Target],
"The machine that is compiled for is not known, lacks a CPU feature that the module or Tancho needs, or this build of Tancho has no back \
end for it.";
    COMPILER_BUG = [ErrorCode::CompilerBug],
"This is a bug of Tancho: every valid module should compile. Please report it, with the module. `--opt-level none` may avoid it.";
    OBJECT_FILE = [206, "the file is an object file that was not linked"],
"Compilers write one object file (.o) for each source file. They are WebAssembly, but import their memory and stack pointer, and run \
only after the linker has put them together: `wasm-ld`, or the compiler without `-c`.";
    DYNAMIC_LIBRARY = [207, "the file is a dynamic library"],
"A module with a section `dylink` is a part of a program, to be loaded by another (Emscripten's side modules, `-shared`). Link the program \
statically.";
}
