//! Codes of modules: T02xx.

use super::all::codes;

codes! {
    INVALID = 201, "the module is not valid",
"The module breaks a rule of the specification, at the offset and in the function that the message names. Where it uses a proposal that \
is off by default, the message names it, and `-W NAME` turns it on. Otherwise the tool that made the module has a bug, or the file is \
damaged.";
    UNSUPPORTED = 202, "the module uses what Tancho does not have",
"The module may be valid, but needs something that is not implemented. `docs/proposals.md` says what there is. Often the \
compiler that made the module can do without: for threads, say, leave out `-pthread`.";
    LIMIT = 203, "the module is larger than Tancho can take",
"Every implementation has limits; `docs/limits.md` lists all of Tancho's. The message names this one.";
    TARGET = 204, "the code cannot be made for this machine",
"The machine that is compiled for is not known, lacks a CPU feature that the module or Tancho needs, or this build of Tancho has no back \
end for it.";
    COMPILER_BUG = 205, "the compiler has failed",
"This is a bug of Tancho: every valid module should compile. Please report it, with the module. `--opt-level none` may avoid it.";
    OBJECT_FILE = 206, "the file is an object file that was not linked",
"Compilers write one object file (.o) for each source file. They are WebAssembly, but import their memory and stack pointer, and run \
only after the linker has put them together: `wasm-ld`, or the compiler without `-c`.";
    DYNAMIC_LIBRARY = 207, "the file is a dynamic library",
"A module with a section `dylink` is a part of a program, to be loaded by another (Emscripten's side modules, `-shared`). Link the program \
statically.";
}
