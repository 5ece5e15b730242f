//! Hello: compile a module, give it a host function, call what it exports.
//!
//! Prints:
//!
//! ```text
//! the guest says 42
//! 2 + 3 = 5
//! ```

use std::io::{self, Write};
use tancho::{Caller, Engine, Linker, Module, Result, Store};

/// What the guest can see of the program: its own data in the store.
struct Said(Vec<i32>);

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    // One engine for the process: it compiles, and can be shared between threads.
    let engine = Engine::default();
    // The text format here; the bytes of a `.wasm` file would do as well.
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "say" (func $say (param i32)))
            (func (export "hello") (call $say (i32.const 42)))
            (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#,
    )?;

    // What the module imports, by name. A closure becomes a function: its type is read from its parameters and result.
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "say", |mut caller: Caller<'_, Said>, number: i32| caller.data_mut().0.push(number))?;

    // A store holds everything that runs, and data of the program's own.
    let mut store = Store::new(&engine, Said(Vec::new()));
    let instance = linker.instantiate(&mut store, &module)?;

    instance.get_typed_func::<(), ()>(&mut store, "hello")?.call(&mut store, ())?;
    for number in &store.data().0 {
        writeln!(out, "the guest says {number}")?;
    }

    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    writeln!(out, "2 + 3 = {}", add.call(&mut store, (2, 3))?)?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
