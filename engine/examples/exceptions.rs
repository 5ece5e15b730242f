//! Exceptions: those of a guest come out of calls as errors, and a host function can throw one into its caller.
//!
//! Prints:
//!
//! ```text
//! out of the guest: uncaught exception: tag 0 `failed` with i32 7
//! caught by the guest: 8
//! ```

use std::io::{self, Write};
use std::sync::OnceLock;
use tancho::{Caller, Engine, Error, Exception, Linker, Module, Result, Store, Tag};

const GUEST: &str = r#"(module
    (import "host" "fail" (func $fail))
    (tag $failed (export "failed") (param i32))
    (func (export "throw") (throw $failed (i32.const 7)))
    (func (export "catch") (result i32)
        (block $caught (result i32)
            (try_table (catch $failed $caught) (call $fail))
            (i32.const 0))))"#;

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "fail", |mut caller: Caller<'_, OnceLock<Tag>>| -> Result<()> {
        let tag = *caller.data().get().ok_or_else(|| Error::msg("the tag is not known yet"))?;
        // An exception that is returned as the error is thrown.
        Err(Exception::new(&mut caller, tag, &[8.into()])?.into())
    })?;
    let mut store = Store::new(&engine, OnceLock::new());
    let instance = linker.instantiate(&mut store, &module)?;
    let tag = instance.get_tag(&mut store, "failed").ok_or_else(|| Error::msg("no tag"))?;
    store.data().get_or_init(|| tag);

    let thrown = instance.get_typed_func::<(), ()>(&mut store, "throw")?.call(&mut store, ());
    let error = thrown.err().ok_or_else(|| Error::msg("nothing was thrown"))?;
    if let Some(exception) = error.downcast_ref::<Exception>() {
        writeln!(out, "out of the guest: {exception}")?;
    }
    let caught = instance.get_typed_func::<(), i32>(&mut store, "catch")?.call(&mut store, ())?;
    writeln!(out, "caught by the guest: {caught}")?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
