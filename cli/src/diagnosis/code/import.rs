//! Codes of imports and exports: T03xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    MISSING = [ErrorCode::UnknownImport],
"A module says what it imports by two names and a type, and each import must be supplied. The message lists all that are not, with their \
types, and what is defined under a name nearby. Tancho supplies WASI preview 1 (`wasi_snapshot_preview1`, and `wasi_unstable` of \
before it). What another module exports can be supplied with `--preload NAME=FILE`. `--unknown-imports trap` runs the module anyhow, \
and ends it where it calls such an import; `--unknown-imports default` lets such calls return zeros.";
    INCOMPATIBLE = [ErrorCode::IncompatibleImport],
"There is something of the import's name, but its type is not the one that the module says. The message shows both. Where the types \
differ in i32 and i64, the module was perhaps made for memories of 64 bits, and WASI preview 1 has addresses of 32.";
    NO_START = [303, "the module has nothing to run"],
"A program exports a function `_start`. A module without it is a library: call one of its functions with `--invoke NAME`, before the \
file. Options after the file are the program's.";
    NO_EXPORT = [ErrorCode::NoExport],
"`tancho inspect FILE` lists what a module exports. Names are compared letter by letter.";
    NO_MEMORY = [ErrorCode::NoMemory],
"WASI's functions read and write the memory that a module exports as `memory`. This one exports none, so they cannot work.";
    INSTANTIATION = [ErrorCode::Instantiation],
"Its memories, tables or segments do not fit: a segment lies outside of its memory or table, or more memory is asked for than there is.";
    UNKNOWN_CALLED = [ErrorCode::UnknownImportCalled],
"The module was run although nothing supplies this import (`--unknown-imports trap`, or `Linker::define_unknown_imports_as_traps`), and \
has now called it. The backtrace shows where; T0301 says how imports are supplied.";
    DEFINED_TWICE = [ErrorCode::DefinedTwice],
"A `Linker` takes each pair of names once, so that nothing replaces a function by accident. `Linker::allow_shadowing(true)` lets later \
definitions replace earlier ones. On the command line, `--preload` names a module that is there already.";
    NOT_DEFINED = [ErrorCode::NotDefined],
"`Linker::alias` and `Linker::alias_module` give a second name to what is defined already, and under this name nothing is.";
    IMPORT_COUNT = [ErrorCode::ImportCount],
"`Instance::new` takes one thing for each import of the module, in the order of `Module::imports`. A `Linker` finds them by name.";
    NO_DEFAULT = [ErrorCode::NoDefault],
"`--unknown-imports default` lets missing functions return zeros and nulls. A result whose type excludes null has no such value, so \
nothing can stand for the function: supply it, or use `--unknown-imports trap`.";
}
