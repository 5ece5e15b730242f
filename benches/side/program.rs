//! A guest program under one engine. Compiled twice: `engine` is `tancho` or `wasmtime`.
//!
//! `versus` comes here by way of [`Side`](crate::Side). Only the call of `_start` is inside the clock that runs are compared by.

use super::engine::{Config, Engine, InstancePre, Linker, Module, Store};
use super::host::{self, Wasi};
use crate::case::Case;
use crate::clock::Stopwatch;
use crate::{Error, Guest, Run};

struct Program {
    engine: Engine,
    prepared: InstancePre<Wasi>,
}

/// See [`Side::compile`](crate::Side::compile).
pub(crate) fn compile(wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    compile_with(&Config::new(), wasm)
}

/// See [`Side::compile_without_interruption`](crate::Side::compile_without_interruption).
pub(crate) fn compile_without_interruption(wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    compile_with(&host::without_interruption(), wasm)
}

fn compile_with(config: &Config, wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    let engine = Engine::new(config)?;
    let module = Module::from_binary(&engine, wasm)?;
    let mut linker = Linker::new(&engine);
    host::add_to_linker(&mut linker)?;
    let prepared = linker.instantiate_pre(&module)?;
    Ok(Box::new(Program { engine, prepared }))
}

/// See [`Side::compile_on_one_thread`](crate::Side::compile_on_one_thread).
pub(crate) fn compile_on_one_thread(wasm: &[u8]) -> Result<(), Error> {
    let engine = Engine::new(&host::one_thread())?;
    Module::from_binary(&engine, wasm)?;
    Ok(())
}

impl Guest for Program {
    fn run(&self, case: &Case) -> Result<Run, Error> {
        let watch = Stopwatch::start();
        let (wasi, output) = host::wasi(case);
        let mut store = Store::new(&self.engine, wasi);
        let instance = self.prepared.instantiate(&mut store)?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        let instantiate = watch.stop();

        let watch = Stopwatch::start();
        let ended = start.call(&mut store, ());
        let start = watch.stop();

        let exit = match ended {
            Ok(()) => Ok(0),
            Err(error) => host::exit_code(&error).ok_or_else(|| format!("{error:?}")),
        };
        Ok(Run { instantiate, start, exit, stdout: output.contents() })
    }
}
