//! The parts of the program that need an engine with settings of their own: epochs, fuel, core dumps, and waiting.

use super::super::wasmtime::*;
use super::Seen;
use std::fmt::Write;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

pub(super) fn epochs(mut config: Config, seen: Seen<'_>) -> Result<()> {
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(
        &engine,
        r#"(module (func (export "spin") (loop $l (br $l))) (func (export "seven") (result i32) (i32.const 7)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let instance = Instance::new(&mut store, &module, &[])?;
    let seven = instance.get_typed_func::<(), i32>(&mut store, "seven")?;
    note!(seen, "{}", seven.call(&mut store, ())?);
    let stopper = thread::spawn({
        let engine = engine.clone();
        move || {
            thread::sleep(Duration::from_millis(20));
            engine.increment_epoch();
        }
    });
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    let error = spin.call(&mut store, ()).unwrap_err();
    note!(seen, "{:?}", error.downcast_ref::<Trap>() == Some(&Trap::Interrupt));
    stopper.join().expect("no thread panics");
    store.set_epoch_deadline(1000);
    note!(seen, "{}", seven.call(&mut store, ())?);
    Ok(())
}

pub(super) fn epoch_callbacks(mut config: Config, seen: Seen<'_>) -> Result<()> {
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(
        &engine,
        r#"(module (import "" "tick" (func $tick)) (global (export "n") (mut i32) (i32.const 0))
            (func (export "run") (param i32) (loop $l
                (call $tick) (global.set 0 (i32.add (global.get 0) (i32.const 1)))
                (br_if $l (i32.lt_s (global.get 0) (local.get 0))))))"#,
    )?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("", "tick", |caller: Caller<'_, u64>| caller.engine().increment_epoch())?;
    let mut store = Store::new(&engine, 0);
    store.set_epoch_deadline(2);
    store.epoch_deadline_callback(|mut context| {
        *context.data_mut() += 1;
        Ok(if *context.data() < 4 { UpdateDeadline::Continue(2) } else { UpdateDeadline::Interrupt })
    });
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
    run.call(&mut store, 7)?;
    note!(seen, "{}", store.data());
    let error = run.call(&mut store, 100).unwrap_err();
    let n = instance.get_global(&mut store, "n").expect("it is exported");
    note!(seen, "{:?} {}", error.downcast_ref::<Trap>(), store.data());
    note!(seen, "{:?}", n.get(&mut store).i32());
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| bail!("the callback's own error"));
    let error = run.call(&mut store, 100).unwrap_err();
    note!(seen, "{} {:?}", error.root_cause(), n.get(&mut store).i32());
    store.set_epoch_deadline(1);
    store.epoch_deadline_trap();
    let error = run.call(&mut store, 100).unwrap_err();
    note!(seen, "{:?} {:?}", error.downcast_ref::<Trap>(), n.get(&mut store).i32());
    Ok(())
}

pub(super) fn fuel(mut config: Config, seen: Seen<'_>) -> Result<()> {
    note!(seen, "{}", Store::new(&Engine::new(&config)?, ()).set_fuel(1).is_err());
    note!(seen, "{}", Store::new(&Engine::new(&config)?, ()).get_fuel().is_err());
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(
        &engine,
        r#"(module (import "" "take" (func $take)) (func (export "take") (call $take))
            (func (export "spin") (loop $l (br $l)))
            (func (export "count") (param i32) (result i32) (local i32) (loop $l
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"#,
    )?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("", "take", |mut caller: Caller<'_, ()>| -> Result<()> {
        let left = caller.get_fuel()?;
        caller.set_fuel(left - 500)
    })?;
    let mut store = Store::new(&engine, ());
    note!(seen, "{}", store.get_fuel()?);
    store.set_fuel(10_000)?;
    note!(seen, "{}", store.get_fuel()?);
    let instance = linker.instantiate(&mut store, &module)?;
    let count = instance.get_typed_func::<i32, i32>(&mut store, "count")?;
    let mut used = Vec::new();
    for turns in [100, 100, 200] {
        store.set_fuel(10_000)?;
        note!(seen, "{}", count.call(&mut store, turns)?);
        used.push(10_000 - store.get_fuel()?);
    }
    note!(seen, "{} {}", used[0] == used[1], used[2] > used[0] && used[2] <= 2 * used[0]);
    store.set_fuel(used[2])?;
    note!(seen, "{} {}", count.call(&mut store, 200)?, store.get_fuel()?);
    store.set_fuel(10_000)?;
    let error = instance.get_typed_func::<(), ()>(&mut store, "spin")?.call(&mut store, ()).unwrap_err();
    note!(seen, "{:?} {}", error.downcast_ref::<Trap>().map(Trap::to_string), store.get_fuel()?);
    note!(seen, "{:?}", count.call(&mut store, 1).unwrap_err().downcast_ref::<Trap>());
    store.set_fuel(1000)?;
    note!(seen, "{}", count.call(&mut store, 3)?);
    store.set_fuel(1000)?;
    instance.get_typed_func::<(), ()>(&mut store, "take")?.call(&mut store, ())?;
    note!(seen, "{}", (490..=500).contains(&store.get_fuel()?));
    Ok(())
}

/// What a core dump's sections are, sorted: they may be in any order.
fn sections(mut bytes: &[u8]) -> Vec<String> {
    fn number(bytes: &mut &[u8]) -> usize {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
    bytes = bytes.strip_prefix(b"\0asm\x01\0\0\0").expect("it is a module");
    let mut found = Vec::new();
    while let Some((id, rest)) = bytes.split_first() {
        bytes = rest;
        let length = number(&mut bytes);
        let (mut content, rest) = bytes.split_at(length);
        bytes = rest;
        if *id == 0 {
            let length = number(&mut content);
            found.push(String::from_utf8_lossy(&content[..length]).into_owned());
        } else {
            found.push(format!("section {id}"));
        }
    }
    found.sort();
    found
}

/// The bytes of a core dump. Tancho's may be an error (`docs/embedding/coming-from-wasmtime.md`).
trait Dumped {
    fn bytes(self) -> Result<Vec<u8>>;
}

impl Dumped for Vec<u8> {
    fn bytes(self) -> Result<Vec<u8>> {
        Ok(self)
    }
}

impl Dumped for Result<Vec<u8>> {
    fn bytes(self) -> Result<Vec<u8>> {
        self
    }
}

pub(super) fn core_dumps(mut config: Config, seen: Seen<'_>) -> Result<()> {
    let text = r#"(module $dumped
        (memory (export "m") 1) (data (i32.const 4096) "what the memory held")
        (global (mut i32) (i32.const 7)) (global i64 (i64.const 8))
        (func $outer (export "f") (call $inner)) (func $inner (i32.store8 (i32.const 4096) (i32.const 65)) (unreachable)))"#;
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, text)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
    note!(seen, "{}", error.is::<WasmCoreDump>());
    config.coredump_on_trap(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, text)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
    let dump = error.downcast_ref::<WasmCoreDump>().expect("it has one");
    for frame in dump.frames() {
        note!(seen, "{} {:?}", frame.func_index(), frame.func_name());
    }
    note!(
        seen,
        "{} {} {} {}",
        dump.modules().len(),
        dump.instances().len(),
        dump.memories().len(),
        dump.globals().len()
    );
    note!(seen, "{:?}", dump.globals()[0].get(&mut store).i32());
    let bytes = dump.serialize(&mut store, "program.wasm").bytes()?;
    note!(seen, "{:?}", sections(&bytes));
    let held = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    note!(seen, "{} {} {}", held(b"Ahat the memory held"), held(b"program.wasm"), held(b"dumped"));
    note!(seen, "{:?}", error.downcast_ref::<Trap>());
    Ok(())
}

/// Runs a future to its end, polling again at once.
fn wait_for<R>(future: impl Future<Output = R>) -> (R, u32) {
    let mut future = pin!(future);
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (result, polls);
        }
    }
}

/// Not done when it is first polled.
async fn later() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

pub(super) fn waiting(config: Config, seen: Seen<'_>) -> Result<()> {
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, (by,): (u32,)| {
        Box::new(async move {
            later().await;
            *caller.data_mut() += by;
            *caller.data()
        })
    })?;
    linker.func_wrap_async("host", "back", |mut caller: Caller<'_, u32>, (n,): (i32,)| {
        Box::new(async move {
            let Some(f) = caller.get_export("double").and_then(Extern::into_func) else { bail!("no function") };
            f.typed::<i32, i32>(&caller)?.call_async(&mut caller, n).await
        })
    })?;
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
    linker.func_new_async("host", "new", ty, |_caller, params, results| {
        Box::new(async move {
            later().await;
            results[0] = params[0];
            Ok(())
        })
    })?;
    linker.func_wrap("host", "now", |caller: Caller<'_, u32>| *caller.data())?;
    let module = Module::new(
        &engine,
        r#"(module (import "host" "wait" (func $wait (param i32) (result i32))) (import "host" "now" (func $now (result i32)))
            (import "host" "back" (func $back (param i32) (result i32))) (import "host" "new" (func $new (param i32) (result i32)))
            (func (export "double") (param i32) (result i32) (i32.mul (call $new (local.get 0)) (i32.const 2)))
            (func (export "run") (param i32) (result i32 i32 i32)
                (call $wait (local.get 0)) (call $back (call $wait (local.get 0))) (call $now)))"#,
    )?;
    let mut store = Store::new(&engine, 100);
    let (instance, _) = wait_for(linker.instantiate_async(&mut store, &module));
    let instance = instance?;
    let run = instance.get_typed_func::<i32, (i32, i32, i32)>(&mut store, "run")?;
    let (results, polls) = wait_for(run.call_async(&mut store, 5));
    note!(seen, "{:?} {polls}", results?);
    let pre = linker.instantiate_pre(&module)?;
    let instance = wait_for(pre.instantiate_async(&mut store)).0?;
    let run = instance.get_func(&mut store, "run").expect("it is exported");
    let mut results = [Val::I32(0), Val::I32(0), Val::I32(0)];
    wait_for(run.call_async(&mut store, &[Val::I32(1)], &mut results)).0?;
    note!(seen, "{:?}", results.map(|result| result.unwrap_i32()));
    {
        let mut dropped = Box::pin(run.call_async(&mut store, &[Val::I32(1000)], &mut results));
        let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        note!(seen, "{}", polled.is_pending());
    }
    note!(seen, "{}", store.data());
    limiter(&engine, seen)
}

/// A limiter that takes its time.
struct Slow {
    bytes: usize,
}

/// What the attribute `async_trait` makes of the `async fn`s of an implementation.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>>;

impl ResourceLimiterAsync for Slow {
    fn memory_growing<'life0, 'async_trait>(
        &'life0 mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            later().await;
            self.bytes = desired;
            Ok(desired <= 3 << 16)
        })
    }

    fn table_growing<'life0, 'async_trait>(
        &'life0 mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> Answer<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            later().await;
            Ok(desired <= 10)
        })
    }
}

fn limiter(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let mut store = Store::new(engine, Slow { bytes: 0 });
    store.limiter_async(|slow| slow);
    let module = Module::new(
        engine,
        r#"(module (memory 1) (table 2 externref)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "more") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0))))"#,
    )?;
    let instance = wait_for(Instance::new_async(&mut store, &module, &[])).0?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    for pages in [1, 2, 1] {
        note!(seen, "{}", wait_for(grow.call_async(&mut store, pages)).0?);
    }
    let more = instance.get_typed_func::<i32, i32>(&mut store, "more")?;
    note!(seen, "{} {}", wait_for(more.call_async(&mut store, 8)).0?, wait_for(more.call_async(&mut store, 1)).0?);
    let memory = wait_for(Memory::new_async(&mut store, MemoryType::new(1, None))).0?;
    note!(seen, "{:?}", wait_for(memory.grow_async(&mut store, 1)).0?);
    note!(seen, "{} {}", wait_for(memory.grow_async(&mut store, 5)).0.is_err(), store.data().bytes);
    Ok(())
}
