//! Threads: one memory, a store for each thread, atomic instructions, and a thread of the host that waits for the guests.
//!
//! Prints:
//!
//! ```text
//! four threads counted to 4000
//! woken: Ok
//! ```

use std::io::{self, Write};
use std::thread;
use tancho::{Engine, Error, Instance, MemoryType, Module, Result, SharedMemory, Store};

const GUEST: &str = r#"(module
    (import "host" "memory" (memory 1 1 shared))
    (func (export "count") (param $times i32)
        (loop $again
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
    (func (export "ring")
        (i32.atomic.store (i32.const 8) (i32.const 1))
        (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))))"#;

/// What each thread does: a store and an instance of its own, with the memory of all.
fn work(engine: &Engine, module: &Module, memory: SharedMemory, last: bool) -> Result<()> {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[memory.into()])?;
    instance.get_typed_func::<i32, ()>(&mut store, "count")?.call(&mut store, 1000)?;
    if last {
        instance.get_typed_func::<(), ()>(&mut store, "ring")?.call(&mut store, ())?;
    }
    Ok(())
}

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    // It belongs to no store.
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (engine, module, memory) = (engine.clone(), module.clone(), memory.clone());
            thread::spawn(move || work(&engine, &module, memory, false))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| Error::msg("a thread panicked"))??;
    }
    let mut count = [0; 4];
    memory.read(0, &mut count)?;
    writeln!(out, "four threads counted to {}", u32::from_le_bytes(count))?;

    let waiter = thread::spawn({
        let memory = memory.clone();
        // Returns at once where the guest was faster: the word is not 0 any more then.
        move || memory.atomic_wait32(8, 0, None)
    });
    work(&engine, &module, memory, true)?;
    let woken = waiter.join().map_err(|_| Error::msg("a thread panicked"))??;
    let woken = if woken == tancho::WaitResult::TimedOut { "timed out" } else { "Ok" };
    writeln!(out, "woken: {woken}")?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
