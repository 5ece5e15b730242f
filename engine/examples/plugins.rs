//! Plugins with a capability each: every plugin gets a linker with what it was granted, and a store of its own.
//!
//! Prints:
//!
//! ```text
//! greeter: hello, alice
//! thief: refused: it wants `settings::write`, which it was not granted
//! looper: stopped after 20 ms
//! crasher: wasm trap: wasm `unreachable` instruction executed
//! greeter again: hello, bob
//! ```

use std::io::{self, Write};
use std::time::{Duration, Instant};
use tancho::{Caller, Engine, Error, Extern, LinkError, Linker, Module, Result, Store, Trap};

const GREETER: &str = r#"(module
    (import "settings" "read" (func $read (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "hello, ")
    ;; Writes the greeting to address 0 and returns its length.
    (func (export "run") (result i32)
        (i32.add (i32.const 7) (call $read (i32.const 7) (i32.const 100)))))"#;
const THIEF: &str = r#"(module
    (import "settings" "write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (call $write (i32.const 0) (i32.const 1)) (i32.const 0)))"#;
const LOOPER: &str =
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (loop $l (br $l)) (unreachable)))"#;
const CRASHER: &str = r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (unreachable)))"#;

/// What the host keeps for one run of a plugin.
struct Session {
    user: &'static str,
}

/// What plugins can be granted. A plugin that is not granted something cannot even be linked to it.
struct Grants {
    settings: bool,
}

fn linker(engine: &Engine, grants: &Grants) -> Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    if grants.settings {
        // Writes the user's name where the plugin says, as much as there is room for.
        linker.func_wrap("settings", "read", |mut caller: Caller<'_, Session>, address: u32, room: u32| {
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let memory = memory.ok_or_else(|| Error::msg("the plugin exports no memory"))?;
            let name = caller.data().user;
            let name = &name.as_bytes()[..name.len().min(room as usize)];
            memory.write(&mut caller, address as usize, name)?;
            Result::Ok(name.len() as u32)
        })?;
    }
    Ok(linker)
}

/// One run, in a store that is dropped with all that the plugin has made.
fn once(engine: &Engine, module: &Module, linker: &Linker<Session>, user: &'static str) -> Result<String> {
    let mut store = Store::new(engine, Session { user });
    store.set_deadline(Some(Instant::now() + Duration::from_millis(20)))?;
    let instance = linker.instantiate(&mut store, module)?;
    let length = instance.get_typed_func::<(), u32>(&mut store, "run")?.call(&mut store, ())?;
    let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| Error::msg("no memory"))?;
    let mut text = vec![0; length.min(1000) as usize];
    memory.read(&store, 0, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What to tell a user of how it went.
fn report(outcome: Result<String>) -> String {
    let error = match outcome {
        Ok(text) => return text,
        Err(error) => error,
    };
    if let Some(LinkError::Unknown(missing)) = error.downcast_ref() {
        let names: Vec<_> = missing.iter().map(|import| format!("`{}::{}`", import.module, import.name)).collect();
        return format!("refused: it wants {}, which it was not granted", names.join(" and "));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => "stopped after 20 ms".to_owned(),
        Some(trap) => trap.to_string(),
        None => error.to_string(),
    }
}

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    // Compiled once, and so are linkers made once for what is granted.
    let [greeter, thief, looper, crasher] = [GREETER, THIEF, LOOPER, CRASHER].map(|text| Module::new(&engine, text));
    let greeter = greeter?;
    let (some, none) = (linker(&engine, &Grants { settings: true })?, linker(&engine, &Grants { settings: false })?);
    writeln!(out, "greeter: {}", report(once(&engine, &greeter, &some, "alice")))?;
    writeln!(out, "thief: {}", report(once(&engine, &thief?, &some, "alice")))?;
    writeln!(out, "looper: {}", report(once(&engine, &looper?, &none, "alice")))?;
    writeln!(out, "crasher: {}", report(once(&engine, &crasher?, &none, "alice")))?;
    // What the others did has touched nothing of this one.
    writeln!(out, "greeter again: {}", report(once(&engine, &greeter, &some, "bob")))?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
