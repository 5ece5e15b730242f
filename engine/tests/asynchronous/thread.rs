//! Many stores at once, on several threads between which they move: by tokio.

use super::executor::Turns;
use std::time::Duration;
use tancho::{Caller, Engine, Linker, Module, Store, Trap, TypedFunc};

/// A future may go to another thread where the store's data may, whatever the call.
#[test]
fn futures_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let engine = Engine::default();
    let linker = Linker::<String>::new(&engine);
    let module = Module::new(&engine, "(module (func (export \"f\")))").unwrap();
    let mut store = Store::new(&engine, String::new());
    drop(is_send(linker.instantiate_async(&mut store, &module)));
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    drop(is_send(f.call_async(&mut store, ())));
    drop(is_send(f.func().call_async(&mut store, &[], &mut [])));
    drop(is_send(tancho::Instance::new_async(&mut store, &module, &[])));
    drop(is_send(linker.instantiate_pre(&module).unwrap().instantiate_async(&mut store)));
}

const GUEST: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (memory (export "memory") 1)
    (func $fill (param i32) (result i32)
        (local $i i32) (local $sum i32)
        (loop $l
            (i32.store8 (local.get $i) (i32.add (local.get 0) (local.get $i)))
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (local.get $sum))
    (func $deep (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (call $wait (i32.const 2)))))
    (func $forever (result i32) (i32.add (i32.const 1) (call $forever)))
    (func (export "run") (param i32) (result i32)
        (local $sum i32)
        (local.set $sum (call $fill (local.get 0)))
        (local.set $sum (i32.add (local.get $sum) (call $deep (i32.const 50))))
        (local.set $sum (i32.add (local.get $sum) (call $wait (i32.and (local.get 0) (i32.const 3)))))
        (i32.add (local.get $sum) (call $deep (i32.const 7))))
    (func (export "overflow") (result i32)
        (drop (call $wait (i32.const 1)))
        (call $forever))
    (func (export "trap") (param i32) (result i32)
        (drop (call $wait (i32.const 1)))
        (i32.load (i32.sub (i32.const 0) (call $wait (i32.const 3))))))"#;

fn linker(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, (how,): (i32,)| {
            Box::new(async move {
                match how {
                    0 => {}
                    1 => Turns(3).await,
                    2 => tokio::task::yield_now().await,
                    _ => tokio::time::sleep(Duration::from_micros(50)).await,
                }
                *caller.data_mut() += 1;
                how
            })
        })
        .unwrap();
    linker
}

fn expected(argument: i32) -> i32 {
    let filled: i32 = (0..1000).map(|i| (argument + i) & 255).sum();
    filled + 50 + 2 + (argument & 3) + 7 + 2
}

#[test]
fn stores_that_move_between_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST).unwrap();
    let pre = linker(&engine).instantiate_pre(&module).unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let (pre, engine) = (pre.clone(), engine.clone());
                tokio::spawn(async move {
                    let mut store = Store::new(&engine, 0);
                    let instance = pre.instantiate_async(&mut store).await.unwrap();
                    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").unwrap();
                    let overflow: TypedFunc<(), i32> = instance.get_typed_func(&mut store, "overflow").unwrap();
                    let trap: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "trap").unwrap();
                    for round in 0..10 {
                        let argument = number * 10 + round;
                        assert_eq!(run.call_async(&mut store, argument).await.unwrap(), expected(argument));
                        let error = trap.call_async(&mut store, argument).await.unwrap_err();
                        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
                        if round % 5 == 0 {
                            let error = overflow.call_async(&mut store, ()).await.unwrap_err();
                            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
                        }
                    }
                    assert_eq!(*store.data(), 10 * 5 + 2);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(engine.async_stacks_in_use(), 0);
}

/// Some futures are dropped by a time that is up, wherever they are.
#[test]
fn calls_that_are_given_up() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST).unwrap();
    let pre = linker(&engine).instantiate_pre(&module).unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50_u64)
            .map(|number| {
                let (pre, engine) = (pre.clone(), engine.clone());
                tokio::spawn(async move {
                    let mut store = Store::new(&engine, 0);
                    let instance = pre.instantiate_async(&mut store).await.unwrap();
                    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").unwrap();
                    for round in 0..20 {
                        let time = Duration::from_micros(37 * (number + round) % 1500);
                        let ended = tokio::time::timeout(time, run.call_async(&mut store, 3)).await;
                        if let Ok(result) = ended {
                            assert_eq!(result.unwrap(), expected(3));
                        }
                    }
                    assert_eq!(run.call_async(&mut store, 3).await.unwrap(), expected(3));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(engine.async_stacks_in_use(), 0);
}
