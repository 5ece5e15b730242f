//! The program as it was written: on wasmtime.

use wasmtime;

#[path = "../../tests/familiar/program.rs"]
#[allow(unsafe_code, reason = "loading compiled modules is unsafe with wasmtime")]
pub(crate) mod program;
