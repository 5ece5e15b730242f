//! Codes of files: T01xx.

use super::all::codes;
use tancho::ErrorCode;

codes! {
    UNREADABLE = [ErrorCode::FileUnreadable],
"There is no such file, or it may not be read, or it is a directory. The name is relative to the current directory. A program's \
arguments stand after its file.";
    EMPTY = [102, "the file is empty or cut short"],
"A WebAssembly module has at least eight bytes, and this file ends before its content does. A download or a build was perhaps \
interrupted: make the file anew.";
    NOT_WASM = [103, "the file is not WebAssembly"],
"A module begins with the bytes 00 61 73 6D, a module as text with `(module`. This file begins with something else, and the message \
says what it looks like. A program must be compiled for a WebAssembly target first, such as `wasm32-wasip1` with rustc, \
`--target=wasm32-wasi` with clang, `GOOS=wasip1 GOARCH=wasm` with Go.";
    COMPONENT = [ErrorCode::Component],
"Components (WASI 0.2 and later) hold core modules and describe how they are put together. Tancho runs core modules so far. Build the \
program for a core target, such as `wasm32-wasip1`, or take the core module out of the component: `wasm-tools component unbundle`.";
    WASM_VERSION = [105, "the file has a version of WebAssembly that there is not"],
"The four bytes after the first four are the version, which is 1 for every core module. This file has another: it was made by a tool \
from before 2017, or it is damaged.";
    OTHER_TEXT = [106, "the file is text of another kind"],
"`tancho FILE` runs modules. A script of the specification's tests (.wast) is run by `tancho wast FILE`; a WIT file describes \
interfaces and cannot be run.";
    JAVASCRIPT = [107, "the file is JavaScript"],
"Tools such as Emscripten and wasm-bindgen write a JavaScript file that loads the module and supplies what it imports. Tancho has no \
JavaScript. The module is in a file of the same name ending in .wasm; whether it runs on its own depends on what it imports (T0301). \
With Emscripten, `-o app.wasm` or `-sSTANDALONE_WASM` make one that does.";
    TEXT_SYNTAX = [ErrorCode::TextSyntax],
"The file is a module as text (WAT), and the text has a mistake at the place that the message shows.";
    UNWRITABLE = [109, "the file cannot be written"],
"The folder does not exist, may not be written, or the disk is full. A file that was there before is as it was.";
}
