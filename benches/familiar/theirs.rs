//! The program as it was written: on wasmtime.

#[allow(clippy::single_component_path_imports, reason = "the program names it by `super`")]
use wasmtime;

#[path = "../../tests/familiar/program.rs"]
#[allow(unsafe_code, reason = "loading compiled modules is unsafe with wasmtime")]
pub(crate) mod program;
