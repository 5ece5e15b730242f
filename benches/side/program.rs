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
    /// Whether it pays for what it does.
    pays: bool,
}

/// See [`Side::compile`](crate::Side::compile).
pub(crate) fn compile(wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    compile_for(Engine::default(), wasm, false)
}

/// See [`Side::compile_without_interruption`](crate::Side::compile_without_interruption).
pub(crate) fn compile_without_interruption(wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    compile_for(Engine::new(&host::without_interruption())?, wasm, false)
}

/// See [`Side::compile_with_fuel`](crate::Side::compile_with_fuel).
pub(crate) fn compile_with_fuel(wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    let mut config = Config::new();
    config.consume_fuel(true);
    compile_for(Engine::new(&config)?, wasm, true)
}

/// See [`Side::compile_without`](crate::Side::compile_without).
pub(crate) fn compile_without(wasm: &[u8], optimisation: &str) -> Result<Box<dyn Guest>, Error> {
    compile_for(Engine::new(&leave_out(optimisation)?)?, wasm, false)
}

fn compile_for(engine: Engine, wasm: &[u8], pays: bool) -> Result<Box<dyn Guest>, Error> {
    let module = Module::from_binary(&engine, wasm)?;
    let mut linker = Linker::new(&engine);
    host::add_to_linker(&mut linker)?;
    let prepared = linker.instantiate_pre(&module)?;
    Ok(Box::new(Program { engine, prepared, pays }))
}

/// See [`Side::compile_on_one_thread`](crate::Side::compile_on_one_thread).
pub(crate) fn compile_on_one_thread(wasm: &[u8], without: Option<&str>) -> Result<usize, Error> {
    let mut config = without.map_or_else(|| Ok(Config::new()), leave_out)?;
    host::on_one_thread(&mut config);
    Ok(Module::from_binary(&Engine::new(&config)?, wasm)?.text().len())
}

fn leave_out(optimisation: &str) -> Result<Config, Error> {
    host::without(optimisation).ok_or_else(|| format!("there is no optimisation {optimisation:?}").into())
}

impl Guest for Program {
    fn run(&self, case: &Case) -> Result<Run, Error> {
        let watch = Stopwatch::start();
        let (wasi, output) = host::wasi(case);
        let mut store = Store::new(&self.engine, wasi);
        if self.pays {
            store.set_fuel(u64::MAX)?;
        }
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
        let fuel = if self.pays { Some(u64::MAX - store.get_fuel()?) } else { None };
        Ok(Run { instantiate, start, exit, stdout: output.contents(), fuel })
    }
}
