//! Host functions: closures of any shape, the caller's memory, errors that travel through the guest, and functions whose type is known
//! only at run time.
//!
//! Prints:
//!
//! ```text
//! log: hello from the guest
//! split: (1, 2)
//! refused: no such file: 7
//! sum: I64(6)
//! ```

use std::fmt;
use std::io::{self, Write};
use tancho::{Caller, Engine, Error, Extern, FuncType, Linker, Module, Result, Store, Trap, Val, ValType};

const GUEST: &str = r#"(module
    (import "host" "log" (func $log (param i32 i32)))
    (import "host" "split" (func $split (param i64) (result i32 i32)))
    (import "host" "open" (func $open (param i32) (result i32)))
    (import "host" "sum" (func $sum (param i64 i64 i64) (result i64)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello from the guest")
    (func (export "log") (call $log (i32.const 16) (i32.const 20)))
    (func (export "split") (result i32 i32) (call $split (i64.const 0x2_00000001)))
    (func (export "open") (result i32) (call $open (i32.const 7)))
    (func (export "sum") (result i64) (call $sum (i64.const 1) (i64.const 2) (i64.const 3))))"#;

/// An error of the program's own: it comes out of the call as it went in.
#[derive(Debug)]
struct NoSuchFile(i32);

impl fmt::Display for NoSuchFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such file: {}", self.0)
    }
}

impl std::error::Error for NoSuchFile {}

/// Reads a text that the guest names by address and length. Whatever these are, nothing outside of the memory is read.
fn text(caller: &mut Caller<'_, Vec<String>>, address: u32, length: u32) -> Result<String> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| Error::msg("the guest exports no memory"))?;
    let bytes = memory.data(&*caller).get(address as usize..).and_then(|bytes| bytes.get(..length as usize));
    let bytes = bytes.ok_or(Trap::MemoryOutOfBounds)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn linker(engine: &Engine) -> Result<Linker<Vec<String>>> {
    let mut linker = Linker::new(engine);
    // A `Caller` before the parameters gives access to the store's data and to the exports of who calls.
    linker.func_wrap("host", "log", |mut caller: Caller<'_, Vec<String>>, address: u32, length: u32| {
        let line = text(&mut caller, address, length)?;
        caller.data_mut().push(line);
        Result::Ok(())
    })?;
    // Several results are a tuple.
    linker.func_wrap("host", "split", |both: u64| (both as u32, (both >> 32) as u32))?;
    // An error ends the call that the guest was in.
    linker.func_wrap("host", "open", |file: i32| -> Result<i32> { Err(NoSuchFile(file).into()) })?;
    // A type that is made at run time; values come and go by arrays.
    let ty = FuncType::new(engine, [ValType::I64, ValType::I64, ValType::I64], [ValType::I64]);
    linker.func_new("host", "sum", ty, |_, params, results| {
        results[0] = Val::I64(params.iter().filter_map(Val::i64).sum());
        Ok(())
    })?;
    Ok(linker)
}

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker(&engine)?.instantiate(&mut store, &module)?;

    instance.get_typed_func::<(), ()>(&mut store, "log")?.call(&mut store, ())?;
    writeln!(out, "log: {}", store.data().join(", "))?;

    let split = instance.get_typed_func::<(), (i32, i32)>(&mut store, "split")?;
    writeln!(out, "split: {:?}", split.call(&mut store, ())?)?;

    let open = instance.get_typed_func::<(), i32>(&mut store, "open")?;
    let error = open.call(&mut store, ()).err().ok_or_else(|| Error::msg("there is such a file"))?;
    let refused = error.downcast_ref::<NoSuchFile>().ok_or_else(|| Error::msg("another error than the host's"))?;
    writeln!(out, "refused: {refused}")?;

    let sum = instance.get_func(&mut store, "sum").ok_or_else(|| Error::msg("no `sum`"))?;
    let mut results = [Val::I64(0)];
    sum.call(&mut store, &[], &mut results)?;
    writeln!(out, "sum: {:?}", results[0])?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
