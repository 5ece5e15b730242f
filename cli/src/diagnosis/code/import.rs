//! Codes of imports and exports: T03xx.

use super::all::codes;

codes! {
    MISSING = 301, "imports are not defined",
"A module says what it imports by two names and a type, and each import must be supplied. The message lists all that are not, with their \
types, and what is defined under a name nearby. Tancho supplies WASI preview 1 (`wasi_snapshot_preview1`, and `wasi_unstable` of \
before it). What another module exports can be supplied with `--preload NAME=FILE`. `--unknown-imports trap` runs the module anyhow, \
and ends it where it calls such an import; `--unknown-imports default` lets such calls return zeros.";
    INCOMPATIBLE = 302, "an import has another type",
"There is something of the import's name, but its type is not the one that the module says. The message shows both. Where the types \
differ in i32 and i64, the module was perhaps made for memories of 64 bits, and WASI preview 1 has addresses of 32.";
    NO_START = 303, "the module has nothing to run",
"A program exports a function `_start`. A module without it is a library: call one of its functions with `--invoke NAME`, before the \
file. Options after the file are the program's.";
    NO_EXPORT = 304, "there is no exported function of this name",
"`tancho inspect FILE` lists what a module exports. Names are compared letter by letter.";
    NO_MEMORY = 305, "the module exports no memory",
"WASI's functions read and write the memory that a module exports as `memory`. This one exports none, so they cannot work.";
    INSTANTIATION = 306, "the module cannot be instantiated",
"Its memories, tables or segments do not fit: a segment lies outside of its memory or table, or more memory is asked for than there is.";
}
