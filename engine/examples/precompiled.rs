//! Compiled ahead of time: what was compiled once is loaded many times, also by a program that has no compiler.
//!
//! Prints:
//!
//! ```text
//! bytes of a module: true
//! loaded, it says 42
//! damaged: the file is damaged: its content does not have the digest that its header states
//! version: 1.2
//! ```

use std::io::{self, Write};
use tancho::{Config, Engine, Error, Instance, Module, Precompiled, Result, Store};

const GUEST: &str = r#"(module
    (@custom "version" "1.2")
    (func (export "answer") (result i32) (i32.const 42)))"#;

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    // The key that compiled modules are signed with: whoever has it can make modules that load, which are native code. By default it
    // stands in the user's configuration.
    let folder = std::env::temp_dir().join(format!("tancho-example-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut config = Config::new();
    config.key_file(folder.join("key"));
    let outcome = compile_and_load(&Engine::new(&config)?, out);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn compile_and_load(engine: &Engine, out: &mut dyn Write) -> Result<()> {
    let mut compiled = engine.precompile_module(GUEST.as_bytes())?;
    writeln!(out, "bytes of a module: {}", Engine::detect_precompiled(&compiled) == Some(Precompiled::Module))?;

    // No `unsafe`: only what this user's engines have compiled is loaded.
    let module = Module::deserialize(engine, &compiled)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?;
    writeln!(out, "loaded, it says {}", answer.call(&mut store, ())?)?;

    let middle = compiled.len() / 2;
    compiled[middle] ^= 1;
    match Module::deserialize(engine, &compiled) {
        Ok(_) => return Err(Error::msg("what is damaged is never loaded")),
        Err(error) => writeln!(out, "damaged: {error}")?,
    }

    // Custom sections come along.
    for version in module.custom_sections("version") {
        writeln!(out, "version: {}", String::from_utf8_lossy(version))?;
    }
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
