//! How calls end before their end: their futures are dropped, at each poll; forgotten; or they are interrupted while they wait.

use super::executor::{Turns, block_on, poll};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};
use tancho::{
    Caller, Config, Engine, Error, ExternRef, Linker, Memory, MemoryType, Module, Rooted, Store, Trap, TypedFunc, Val,
};

/// Counts those of it that live.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Counted {
        count.fetch_add(1, Ordering::SeqCst);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What the guests of these tests have to do with.
struct Data {
    count: Arc<AtomicUsize>,
    depth: u32,
}

/// Calls itself through the host to a depth of four, waits on the way down and up, catches everything, and holds values of the host.
const NESTED: &str = r#"(module
    (import "host" "make" (func $make (result externref)))
    (import "host" "deeper" (func $deeper (param externref) (result i32)))
    (memory (export "memory") 1)
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (func (export "one") (result i32) (i32.const 1))
    (func $run (export "run") (result i32)
        (local $value externref) (local $turn i32) (local $sum i32)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (local.set $value (call $make))
        (loop $l
            (block $caught
                (try_table (catch_all $caught)
                    (local.set $sum (i32.add (local.get $sum) (call $deeper (local.get $value))))))
            (br_if $l (i32.lt_u (local.tee $turn (i32.add (local.get $turn) (i32.const 1))) (i32.const 3))))
        (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))
        (local.get $sum)))"#;

fn nested(engine: &Engine) -> (Linker<Data>, Module) {
    let mut linker = Linker::<Data>::new(engine);
    linker
        .func_wrap("host", "make", |mut caller: Caller<'_, Data>| {
            let value = Counted::new(&caller.data().count);
            ExternRef::new(&mut caller, value).map(Some)
        })
        .unwrap();
    linker
        .func_wrap_async("host", "deeper", |mut caller: Caller<'_, Data>, (_value,): (Option<Rooted<ExternRef>>,)| {
            Box::new(async move {
                let held = Counted::new(&caller.data().count);
                Turns(1).await;
                let mut result = 1;
                if caller.data().depth < 3 {
                    caller.data_mut().depth += 1;
                    let run = caller.get_export("run").unwrap().into_func().unwrap().typed::<(), i32>(&caller)?;
                    result = run.call_async(&mut caller, ()).await?;
                    caller.data_mut().depth -= 1;
                }
                Turns(1).await;
                drop(held);
                Ok(result)
            })
        })
        .unwrap();
    (linker, Module::new(engine, NESTED).unwrap())
}

#[test]
fn futures_dropped_at_each_of_the_first_200_polls() {
    for zeal in [false, true] {
        let engine = Engine::new(Config::new().gc_zeal(zeal).gc_nursery(128 << 10)).unwrap();
        let (linker, module) = nested(&engine);
        let count = Arc::new(AtomicUsize::new(0));
        let mut dropped = 0;
        for polls in 0..200 {
            let mut store = Store::new(&engine, Data { count: count.clone(), depth: 0 });
            let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
            {
                let mut call = pin!(run.call_async(&mut store, ()));
                for _ in 0..polls {
                    assert!(matches!(poll(call.as_mut()), Poll::Pending));
                }
                dropped += 1;
            }
            assert_eq!(engine.async_stacks_in_use(), 0);
            // What was on the stacks is gone; what WebAssembly's values referred to goes by a collection.
            store.gc();
            assert_eq!(count.load(Ordering::SeqCst), 0, "after {polls} polls");
            // The store is as it was left, and runs.
            let depth = instance.get_global(&mut store, "depth").unwrap();
            let left = depth.get(&mut store).i32().unwrap();
            assert!((0..=4).contains(&left) && (left == 0) == (polls == 0), "after {polls} polls: {left}");
            store.data_mut().depth = 3;
            assert_eq!(block_on(run.call_async(&mut store, ())).unwrap(), 3);
            assert_eq!(memory.size(&store), 1);
            drop(store);
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
        assert_eq!(dropped, 200);
    }
}

#[test]
fn a_forgotten_future_closes_its_store() {
    let engine = Engine::default();
    let (linker, module) = nested(&engine);
    let count = Arc::new(AtomicUsize::new(0));
    for polls in [0, 1, 2, 3, 7, 20] {
        let before = engine.async_stacks_in_use();
        let mut store = Store::new(&engine, Data { count: count.clone(), depth: 0 });
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        let mut call = Box::pin(run.call_async(&mut store, ()));
        for _ in 0..polls {
            assert!(matches!(poll(call.as_mut()), Poll::Pending));
        }
        std::mem::forget(call);
        store.data_mut().depth = 3;
        store.gc();
        if polls == 0 {
            assert_eq!(block_on(run.call_async(&mut store, ())).unwrap(), 3);
            assert_eq!(engine.async_stacks_in_use(), before);
            continue;
        }
        assert!(engine.async_stacks_in_use() > before);
        // What comes to nothing that would ask the store is refused as well.
        let one = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
        for error in [
            one.call(&mut store, ()).unwrap_err(),
            one.func().call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err(),
            run.call(&mut store, ()).unwrap_err(),
            block_on(run.call_async(&mut store, ())).unwrap_err(),
            run.func().call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err(),
            linker.instantiate(&mut store, &module).unwrap_err(),
            block_on(linker.instantiate_async(&mut store, &module)).unwrap_err(),
            ExternRef::new(&mut store, 1).unwrap_err(),
        ] {
            assert!(format!("{error:?}").contains("was forgotten"), "{error:?}");
        }
        store.gc();
        // What is in the store can be read.
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        assert_eq!(memory.data(&store)[0], 0);
        let _data = store.into_data();
    }
}

/// A host function that forgets what it has called.
#[test]
fn a_future_that_a_host_function_forgets() {
    let engine = Engine::default();
    let text = r#"(module
        (import "host" "wait" (func $wait))
        (import "host" "forget" (func $forget))
        (func (export "wait") (call $wait))
        (func (export "run") (result i32)
            (block $h (try_table (catch_all $h) (call $forget)) (return (i32.const 1)))
            (i32.const 2)))"#;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap_async("host", "wait", |_: Caller<'_, ()>, ()| Box::new(Turns(1000))).unwrap();
    linker
        .func_wrap_async("host", "forget", |mut caller: Caller<'_, ()>, ()| {
            Box::new(async move {
                let wait = caller.get_export("wait").unwrap().into_func().unwrap().typed::<(), ()>(&caller).unwrap();
                let mut call = Box::pin(wait.call_async(&mut caller, ()));
                assert!(matches!(poll(call.as_mut()), Poll::Pending));
                std::mem::forget(call);
                Turns(2).await;
                caller.gc();
                assert!(wait.call(&mut caller, ()).is_err());
                Turns(2).await;
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    let error = block_on(run.call_async(&mut store, ())).unwrap_err();
    assert!(format!("{error:?}").contains("was forgotten"), "{error:?}");
    let error = run.call(&mut store, ()).unwrap_err();
    assert!(format!("{error:?}").contains("was forgotten"), "{error:?}");
    assert_eq!(engine.async_stacks_in_use(), 1);
}

/// What is dropped with a call calls WebAssembly once more.
#[test]
fn destructors_run_in_the_store() {
    struct Calls<'a>(Caller<'a, u32>, TypedFunc<i32, i32>);
    impl Drop for Calls<'_> {
        fn drop(&mut self) {
            let result = self.1.call(&mut self.0, 20).unwrap();
            *self.0.data_mut() = result.cast_unsigned();
            // It cannot wait any more.
            assert!(self.1.call(&mut self.0, -1).is_err());
        }
    }
    let engine = Engine::default();
    let text = r#"(module
        (import "host" "wait" (func $wait))
        (func (export "double") (param i32) (result i32)
            (if (i32.lt_s (local.get 0) (i32.const 0)) (then (call $wait)))
            (i32.add (local.get 0) (local.get 0)))
        (func (export "run") (call $wait)))"#;
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, ()| {
            Box::new(async move {
                let double = caller.get_export("double").unwrap().into_func().unwrap().typed(&caller).unwrap();
                if *caller.data() != 7 {
                    Turns(1).await;
                    return;
                }
                *caller.data_mut() = 8;
                let _held = Calls(caller, double);
                Turns(u32::MAX).await;
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, 7);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    {
        let mut call = pin!(run.call_async(&mut store, ()));
        assert!(matches!(poll(call.as_mut()), Poll::Pending));
    }
    assert_eq!(*store.data(), 40);
    assert_eq!(engine.async_stacks_in_use(), 0);
}

fn pending(engine: &Engine) -> (Store<()>, TypedFunc<i32, ()>) {
    let text = r#"(module
        (import "host" "forever" (func $forever (param i32)))
        (func (export "run") (param i32) (call $forever (local.get 0))))"#;
    let mut linker = Linker::<()>::new(engine);
    linker
        .func_wrap_async("host", "forever", |mut caller: Caller<'_, ()>, (depth,): (i32,)| {
            Box::new(async move {
                if depth > 0 {
                    let run = caller.get_export("run").unwrap().into_func().unwrap().typed::<i32, ()>(&caller)?;
                    return run.call_async(&mut caller, depth - 1).await;
                }
                if depth == 0 {
                    std::future::pending::<()>().await;
                }
                Ok(())
            })
        })
        .unwrap();
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &Module::new(engine, text).unwrap()).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

fn is_interrupted(error: &Error) -> bool {
    error.downcast_ref::<Trap>() == Some(&Trap::Interrupt)
}

#[test]
fn a_call_that_waits_is_interrupted() {
    let limit = Duration::from_millis(100);
    for signals in [true, false] {
        let engine = Engine::new(Config::new().signals_based_traps(signals)).unwrap();
        for depth in [0, 1, 4] {
            let (mut store, run) = pending(&engine);
            let handle = store.interrupt_handle();
            let waker = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                let start = Instant::now();
                handle.interrupt();
                start
            });
            let error = block_on(run.call_async(&mut store, depth)).unwrap_err();
            let took = waker.join().unwrap().elapsed();
            assert!(is_interrupted(&error) && took < limit, "{error:?} {took:?}");
            // Once.
            assert!(!store.interrupt_handle().is_pending());
            block_on(run.call_async(&mut store, -1)).unwrap();
            // By a time.
            let deadline = Instant::now() + Duration::from_millis(20);
            store.set_deadline(Some(deadline)).unwrap();
            assert!(is_interrupted(&block_on(run.call_async(&mut store, depth)).unwrap_err()));
            assert!(deadline.elapsed() < limit);
            store.set_deadline(None).unwrap();
            // By an epoch.
            store.set_epoch_deadline(1);
            let counter = {
                let engine = engine.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(20));
                    engine.increment_epoch();
                    Instant::now()
                })
            };
            assert!(is_interrupted(&block_on(run.call_async(&mut store, depth)).unwrap_err()));
            assert!(counter.join().unwrap().elapsed() < limit);
            // Before it has begun to wait.
            store.interrupt_handle().interrupt();
            assert!(is_interrupted(&block_on(run.call_async(&mut store, depth)).unwrap_err()));
            block_on(run.call_async(&mut store, -1)).unwrap();
            assert_eq!(engine.async_stacks_in_use(), 0);
        }
    }
}

#[test]
fn stacks_have_a_size_that_they_can_have() {
    for bytes in [0, (256 << 10) - 1, (1 << 30) + 1, usize::MAX] {
        let error = Engine::new(Config::new().async_stack_size(bytes)).unwrap_err();
        assert!(error.to_string().contains("async_stack_size"), "{error}");
    }
    for bytes in [256 << 10, (256 << 10) + 1, 1 << 30] {
        let engine = Engine::new(Config::new().async_stack_size(bytes)).unwrap();
        let (mut store, run) = pending(&engine);
        block_on(run.call_async(&mut store, -1)).unwrap();
    }
}
