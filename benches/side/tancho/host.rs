//! Tancho's WASI: a context for a case, the imports, and how a guest's exit looks.
//!
//! `program` calls these; the file of the same name on wasmtime's side has the same ones.

use crate::case::Case;
use std::io::Cursor;
use std::time::Duration;
use tancho::{Config, Error, Linker, Result, Store};
use tancho_wasi::{I32Exit, MemoryOutput, WasiCtx, WasiCtxBuilder};

/// What a store of a guest holds.
pub(super) type Wasi = WasiCtx;

/// A context that gives the guest the case's arguments and input, and the stream that gets its output.
pub(super) fn wasi(case: &Case) -> (Wasi, Output) {
    let output = MemoryOutput::new(Case::OUTPUT_LIMIT);
    let input = Cursor::new(case.stdin.clone());
    let context = WasiCtxBuilder::new().args(&case.args).stdin(input).stdout(output.clone()).build();
    (context, Output(output))
}

/// The guest's standard output.
pub(super) struct Output(MemoryOutput);

impl Output {
    pub(super) fn contents(&self) -> Vec<u8> {
        self.0.contents()
    }
}

/// Adds the imports of preview 1.
pub(super) fn add_to_linker(linker: &mut Linker<Wasi>) -> Result<()> {
    tancho_wasi::p1::add_to_linker(linker, |context: &mut Wasi| context)
}

/// Lets an engine compile on the calling thread.
pub(super) fn on_one_thread(config: &mut Config) {
    config.compilation_threads(1);
}

/// A configuration whose guests cannot be interrupted, and do not pay for it.
pub(super) fn without_interruption() -> Config {
    let mut config = Config::new();
    config.interruption(false);
    config
}

/// A configuration without one optimisation, by the name of its tunable; `None` where there is no such.
pub(super) fn without(optimisation: &str) -> Option<Config> {
    let mut config = Config::new();
    match optimisation {
        "table_facts" => config.table_facts(false),
        "shadow_stack_argument" => config.shadow_stack_argument(false),
        "wide_loads" => config.wide_loads(false),
        "loop_strips" => config.loop_strips(false),
        "sites_at_calls" => config.sites_at_calls(false),
        "inlining" => config.inlining(false),
        "recursive_inlining" => config.recursive_inlining(false),
        "native_products" => config.native_products(false),
        _ => return None,
    };
    Some(config)
}

/// The exit code, if that is what the guest ended with.
pub(super) fn exit_code(error: &Error) -> Option<i32> {
    error.downcast_ref::<I32Exit>().map(|exit| exit.0)
}

/// A configuration with which modules may have objects, and exceptions with them.
pub(super) fn with_objects() -> Config {
    Config::new()
}

/// Collects all garbage of the store.
pub(super) fn collect(store: &mut Store<()>) -> Result<()> {
    store.gc();
    Ok(())
}

/// The longest time that the store's collector has stopped its guests for.
pub(super) fn longest_pause(store: &Store<()>) -> Option<Duration> {
    Some(store.heap_stats().longest_pause)
}
