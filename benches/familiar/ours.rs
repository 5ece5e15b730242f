//! The program with the crate renamed: on Tancho.

use tancho as wasmtime;

#[path = "../../tests/familiar/program.rs"]
#[allow(unsafe_code, reason = "loading compiled modules is unsafe with wasmtime")]
pub(crate) mod program;
