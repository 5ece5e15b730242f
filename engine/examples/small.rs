//! Small: a program without a compiler, which loads a module that was compiled elsewhere and calls it.
//!
//! `tests/small.sh` builds it without the compiler, gives it a module, and says how large it is.

use std::io::{self, Write};
use tancho::{Engine, Error, Instance, Module, Result, Store};

/// What a compiled module answers.
pub(crate) fn answer(engine: &Engine, compiled: &[u8]) -> Result<i32> {
    let module = Module::deserialize(engine, compiled)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    instance.get_typed_func::<(), i32>(&mut store, "answer")?.call(&mut store, ())
}

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| Error::msg("usage: small FILE.cwasm"))?;
    writeln!(io::stdout(), "{}", answer(&Engine::default(), &std::fs::read(path)?)?)?;
    Ok(())
}
