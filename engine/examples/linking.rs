//! Linking: modules that import from each other, what is missing with names that are near, and functions found once for all instances.
//!
//! Prints:
//!
//! ```text
//! missing: unknown import: `math::squar` has not been defined (function of type [i32] -> [i32]); did you mean `math::square`?
//! area: 75
//! request 0: 0
//! request 1: 3
//! request 2: 12
//! ```

use std::io::{self, Write};
use tancho::{Engine, Linker, Module, Result, Store};

const MATH: &str = r#"(module
    (func (export "square") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))"#;
const CIRCLE: &str = r#"(module
    (import "math" "square" (func $square (param i32) (result i32)))
    (func (export "area") (param i32) (result i32) (i32.mul (i32.const 3) (call $square (local.get 0)))))"#;
const MISSPELT: &str = r#"(module (import "math" "squar" (func (param i32) (result i32))))"#;

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    let [math, circle, misspelt] = [MATH, CIRCLE, MISSPELT].map(|text| Module::new(&engine, text));
    let (math, circle, misspelt) = (math?, circle?, misspelt?);

    // An instance of one module gives another what it imports.
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.module(&mut store, "math", &math)?;
    // All that a module wants and nobody has, before anything is instantiated.
    for import in linker.missing_imports(&misspelt) {
        writeln!(out, "missing: {import}")?;
    }
    let instance = linker.instantiate(&mut store, &circle)?;
    let area = instance.get_typed_func::<i32, i32>(&mut store, "area")?;
    writeln!(out, "area: {}", area.call(&mut store, 5)?)?;

    // For many instances: imports are looked up once, and so is the function to call, without any store.
    let mut host = Linker::new(&engine);
    host.func_wrap("math", "square", |x: i32| x.wrapping_mul(x))?;
    let pre = host.instantiate_pre(&circle)?;
    let area = pre.get_typed_func::<i32, i32>("area")?;
    for request in 0..3 {
        let mut store = Store::new(&engine, ());
        let instance = pre.instantiate(&mut store)?;
        writeln!(out, "request {request}: {}", area.call(&mut store, &instance, request)?)?;
    }
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
