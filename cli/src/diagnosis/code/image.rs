//! Codes of compiled files: T04xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    OTHER_BUILD = [ErrorCode::OtherBuild],
"A .cwasm file is the machine code of one build of Tancho and runs with no other. Compile the module again with `tancho compile`, or \
run the .wasm file itself: what it compiles to is kept in the cache.";
    OTHER_MACHINE = [ErrorCode::OtherMachine],
"The code is for another architecture, or uses a CPU feature that this machine lacks. Compile the module here, or with `--target` for \
what all machines of an architecture have.";
    OTHER_SETTINGS = [ErrorCode::OtherSettings],
"Compiled code depends on settings such as `--opt-level`, `--canonical-nan` and the sizes of memories' reservations. Run it with the \
options it was compiled with, or compile it again. `tancho settings` shows those in force.";
    DAMAGED = [ErrorCode::Damaged],
"The file does not have the length or the digest that it states: it was cut short, changed, or not written whole. Compile it again.";
    UNSIGNED = [ErrorCode::Unsigned],
"A compiled file is native code, which can do everything that you can. Tancho therefore loads only what it has signed with your own key \
(`~/.config/tancho/key`). If you trust whoever made the file, `--allow-precompiled` loads it; if you made it on another machine, take \
the key there too, or compile the module here.";
    FOREIGN = [406, "the compiled file is of another engine"],
"Wasmtime, Wasmer and WAMR compile to formats of their own, which only they can load. Run the .wasm file that it was made of.";
    KEY = [ErrorCode::Key],
"Compiled modules are signed with 32 random bytes in `$TANCHO_KEY_FILE`, else `$XDG_CONFIG_HOME/tancho/key`, else \
`~/.config/tancho/key`. The file is made when it is first needed. It must belong to you, and nobody else may read or write it: \
`chmod 600` it, or remove it, after which modules must be compiled again.";
    ALREADY_COMPILED = [ErrorCode::AlreadyCompiled],
"`Module::new` and `Engine::precompile_module` take WebAssembly, and these bytes are what has become of it already: `Module::deserialize` \
loads them. On the command line, only `run` and `objdump` take compiled files.";
    NOT_NATIVE = [ErrorCode::NotNative],
"An engine with a `Config::target` of another architecture makes files for that machine (`Engine::precompile_module`), and can run \
nothing here. Make another engine, without a target, for what is to run here.";
    NO_COMPILER = [ErrorCode::NoCompiler],
"The crate was built without the feature `compile`, to be small: it loads modules that were compiled before (.cwasm), and nothing else. \
Compile the module with `tancho compile`, or build with the feature.";
}
