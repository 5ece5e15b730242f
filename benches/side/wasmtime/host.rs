//! wasmtime's WASI: a context for a case, the imports, and how a guest's exit looks.
//!
//! `program` calls these; the file of the same name on Tancho's side has the same ones.

use crate::case::Case;
use std::time::Duration;
use wasmtime::{Config, Error, Linker, Result, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

/// What a store of a guest holds.
pub(super) type Wasi = WasiP1Ctx;

/// A context that gives the guest the case's arguments and input, and the stream that gets its output.
pub(super) fn wasi(case: &Case) -> (Wasi, Output) {
    let output = MemoryOutputPipe::new(Case::OUTPUT_LIMIT);
    let input = MemoryInputPipe::new(case.stdin.clone());
    let context = WasiCtxBuilder::new().args(&case.args).stdin(input).stdout(output.clone()).build_p1();
    (context, Output(output))
}

/// The guest's standard output.
pub(super) struct Output(MemoryOutputPipe);

impl Output {
    pub(super) fn contents(&self) -> Vec<u8> {
        self.0.contents().to_vec()
    }
}

/// Adds the imports of preview 1.
pub(super) fn add_to_linker(linker: &mut Linker<Wasi>) -> Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, |context: &mut Wasi| context)
}

/// Lets an engine compile on the calling thread.
pub(super) fn on_one_thread(config: &mut Config) {
    config.parallel_compilation(false);
}

/// A configuration whose guests cannot be interrupted: by default they cannot.
pub(super) fn without_interruption() -> Config {
    Config::new()
}

/// A configuration without one of Tancho's optimisations: there is none.
pub(super) fn without(_: &str) -> Option<Config> {
    None
}

/// The exit code, if that is what the guest ended with.
pub(super) fn exit_code(error: &Error) -> Option<i32> {
    error.downcast_ref::<I32Exit>().map(|exit| exit.0)
}

/// A configuration with which modules may have objects, and exceptions with them. The collector is the one by default: the copying
/// collector, which this workspace's features have alone.
pub(super) fn with_objects() -> Config {
    let mut config = Config::new();
    config.wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    config
}

/// Collects all garbage of the store.
pub(super) fn collect(store: &mut Store<()>) -> Result<()> {
    store.gc(None)
}

/// It does not say.
pub(super) fn longest_pause(_: &Store<()>) -> Option<Duration> {
    None
}
