//! Limits and interruption: a guest that never ends, stopped three ways, and one that asks for more than it may have.
//!
//! Prints:
//!
//! ```text
//! deadline: wasm trap: interrupt
//! handle: wasm trap: interrupt
//! epoch: wasm trap: interrupt
//! afterwards: 7
//! heap: wasm trap: heap exhausted
//! recursion: wasm trap: call stack exhausted
//! ```

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};
use tancho::{Engine, Error, Instance, Module, Result, Store, Trap, TypedFunc};

const GUEST: &str = r#"(module
    (type $array (array i64))
    (func (export "spin") (loop $again (br $again)))
    (func (export "seven") (result i32) (i32.const 7))
    (func (export "hoard") (drop (array.new_default $array (i32.const 10_000_000))))
    (func $down (export "recurse") (call $down)))"#;

/// The trap that a call ended in.
fn trap(ended: Result<()>) -> Result<Trap> {
    match ended {
        Ok(()) => Err(Error::msg("it should not have ended by itself")),
        Err(error) => error.downcast::<Trap>(),
    }
}

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    // Nothing has to be turned on: what runs can always be stopped.
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let spin: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "spin")?;

    // By a deadline: no thread of one's own is needed.
    store.set_deadline(Some(Instant::now() + Duration::from_millis(10)))?;
    writeln!(out, "deadline: {}", trap(spin.call(&mut store, ()))?)?;

    // By a handle, from any thread.
    let handle = store.interrupt_handle();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        handle.interrupt();
    });
    writeln!(out, "handle: {}", trap(spin.call(&mut store, ()))?)?;
    stopper.join().map_err(|_| Error::msg("the other thread panicked"))?;

    // By epochs: one thread counts for all stores of the engine.
    store.set_epoch_deadline(1);
    let counter = thread::spawn({
        let engine = engine.clone();
        move || {
            thread::sleep(Duration::from_millis(10));
            engine.increment_epoch();
        }
    });
    writeln!(out, "epoch: {}", trap(spin.call(&mut store, ()))?)?;
    counter.join().map_err(|_| Error::msg("the other thread panicked"))?;

    // A store that was stopped is as good as before.
    let seven = instance.get_typed_func::<(), i32>(&mut store, "seven")?;
    writeln!(out, "afterwards: {}", seven.call(&mut store, ())?)?;

    // Objects come out of a heap with a limit.
    store.set_gc_heap_limit(8 << 20);
    let hoard = instance.get_typed_func(&mut store, "hoard")?;
    writeln!(out, "heap: {}", trap(hoard.call(&mut store, ()))?)?;

    // The stack has an end that is always looked after.
    let recurse = instance.get_typed_func(&mut store, "recurse")?;
    writeln!(out, "recursion: {}", trap(recurse.call(&mut store, ()))?)?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
