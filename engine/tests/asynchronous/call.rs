//! What calls give: results, errors, traps, exceptions, backtraces; nested calls; synchronous calls that come to what waits.

use super::executor::{Turns, block_on, poll, wander};
use std::task::Poll;
use tancho::{
    AsContextMut, Caller, Config, Engine, Exception, ExternRef, Func, FuncType, Instance, Linker, Module, Rooted,
    Store, Tag, TagType, Trap, Val, ValType, WasmBacktrace,
};

const WAITS: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
        (i32.add (call $wait (local.get 0)) (i32.const 1))))"#;

fn waits(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, (turns,): (i32,)| {
            Box::new(async move {
                Turns(turns.cast_unsigned()).await;
                *caller.data_mut() += 1;
                10 * turns
            })
        })
        .unwrap();
    linker
}

#[test]
fn a_host_function_waits() {
    let engine = Engine::default();
    let module = Module::new(&engine, WAITS).unwrap();
    let linker = waits(&engine);
    let mut store = Store::new(&engine, 0);
    let instance = block_on(linker.instantiate_async(&mut store, &module)).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    for turns in [0, 1, 2, 17] {
        assert_eq!(block_on(run.call_async(&mut store, turns)).unwrap(), 10 * turns + 1);
        let (result, polls) = wander(run.call_async(&mut store, turns));
        assert_eq!((result.unwrap(), polls), (10 * turns + 1, turns.cast_unsigned() + 1));
        let mut results = [Val::I32(0)];
        block_on(run.func().call_async(&mut store, &[Val::I32(turns)], &mut results)).unwrap();
        assert_eq!(results[0].i32(), Some(10 * turns + 1));
    }
    assert_eq!(*store.data(), 12);
    assert_eq!(engine.async_stacks_in_use(), 0);
}

#[test]
fn types_that_are_known_only_at_run_time() {
    let engine = Engine::default();
    let module = Module::new(&engine, WAITS).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
    linker
        .func_new_async("host", "wait", ty.clone(), |_, params, results| {
            Box::new(async move {
                Turns(3).await;
                results[0] = Val::I32(params[0].i32().unwrap() + 5);
                Ok(())
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = block_on(linker.instantiate_pre(&module).unwrap().instantiate_async(&mut store)).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(block_on(run.call_async(&mut store, 1)).unwrap(), 7);
    // By themselves, and as imports of an instance.
    let wait = Func::new_async(&mut store, ty, |_, params, results| {
        Box::new(async move {
            Turns(2).await;
            results[0] = params[0];
            Ok(())
        })
    });
    let mut results = [Val::I32(0)];
    let ((), polls) = {
        let (called, polls) = wander(wait.call_async(&mut store, &[Val::I32(8)], &mut results));
        (called.unwrap(), polls)
    };
    assert_eq!((results[0].i32(), polls), (Some(8), 3));
    let instance = block_on(Instance::new_async(&mut store, &module, &[wait.into()])).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(wander(run.call_async(&mut store, 1)).0.unwrap(), 2);
}

#[test]
fn start_functions_wait() {
    let engine = Engine::default();
    let text = r#"(module
        (import "host" "wait" (func $wait (param i32) (result i32)))
        (global (export "g") (mut i32) (i32.const 0))
        (func $start (global.set 0 (call $wait (i32.const 4))))
        (start $start))"#;
    let module = Module::new(&engine, text).unwrap();
    let linker = waits(&engine);
    let mut store = Store::new(&engine, 0);
    let (instance, polls) = wander(linker.instantiate_async(&mut store, &module));
    let global = instance.unwrap().get_global(&mut store, "g").unwrap();
    assert_eq!((global.get(&mut store).i32(), polls), (Some(40), 5));
}

#[test]
fn a_synchronous_call_that_has_to_wait_is_an_error() {
    let engine = Engine::default();
    let module = Module::new(&engine, WAITS).unwrap();
    let linker = waits(&engine);
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    // Nothing to wait for.
    assert_eq!(run.call(&mut store, 0).unwrap(), 1);
    for _ in 0..3 {
        let error = run.call(&mut store, 1).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("an asynchronous host function has to wait, and was called where nothing can"), "{text}");
        assert_eq!(run.call(&mut store, 0).unwrap(), 1);
    }
    // Also within an asynchronous call, where a synchronous host function has called: by WebAssembly and directly.
    let wait = linker.get(&mut store, "host", "wait").unwrap().into_func().unwrap();
    let mut linker = waits(&engine);
    linker
        .func_wrap("host", "sync", move |mut caller: Caller<'_, u32>, direct: i32| {
            if direct == 0 {
                return run.call(&mut caller, 1);
            }
            let mut results = [Val::I32(0)];
            wait.call(&mut caller, &[Val::I32(1)], &mut results)?;
            Ok(results[0].i32().unwrap())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "sync" (func $sync (param i32) (result i32)))
        (import "host" "wait" (func $wait (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
            (drop (call $wait (i32.const 2)))
            (call $sync (local.get 0))))"#;
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    for direct in [0, 1] {
        let (result, polls) = wander(run.call_async(&mut store, direct));
        let text = format!("{:?}", result.unwrap_err());
        assert!(text.contains("an asynchronous host function has to wait"), "{text}");
        assert_eq!(polls, 3);
    }
    // And where an asynchronous call has come to the synchronous host function at once.
    let sync = linker.get(&mut store, "host", "sync").unwrap().into_func().unwrap();
    for direct in [0, 1] {
        let (result, polls) = wander(sync.call_async(&mut store, &[Val::I32(direct)], &mut [Val::I32(0)]));
        assert!(result.is_err());
        assert_eq!(polls, 1);
    }
}

/// Calls itself through the host, `depth` times.
fn nested(engine: &Engine) -> (Linker<u32>, Module) {
    let text = r#"(module
        (import "host" "deeper" (func $deeper (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
            (i32.add (i32.const 1)
                (call $deeper (i32.sub (local.get 0) (i32.const 1))))))"#;
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async("host", "deeper", |mut caller: Caller<'_, u32>, (depth,): (i32,)| {
            Box::new(async move {
                *caller.data_mut() += 1;
                Turns(1).await;
                if depth <= 0 {
                    return Ok(0);
                }
                let run = caller.get_export("run").unwrap().into_func().unwrap().typed::<i32, i32>(&caller)?;
                let result = run.call_async(&mut caller, depth).await?;
                Turns(1).await;
                Ok(result)
            })
        })
        .unwrap();
    (linker, Module::new(engine, text).unwrap())
}

#[test]
fn host_functions_call_back_and_wait_within_each_other() {
    let engine = Engine::default();
    let (linker, module) = nested(&engine);
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    for depth in [1, 2, 5, 30, 100] {
        assert_eq!(block_on(run.call_async(&mut store, depth)).unwrap(), depth);
        let (result, polls) = wander(run.call_async(&mut store, depth));
        assert_eq!((result.unwrap(), polls), (depth, 2 * depth.cast_unsigned()));
        assert_eq!(engine.async_stacks_in_use(), 0);
    }
    // Without end.
    let error = block_on(run.call_async(&mut store, i32::MAX)).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
    assert_eq!(block_on(run.call_async(&mut store, 3)).unwrap(), 3);
    assert_eq!(engine.async_stacks_in_use(), 0);
}

#[test]
fn what_cannot_wait_needs_no_fiber() {
    let engine = Engine::default();
    let text = r#"(module (func (export "run") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let mut call = Box::pin(run.call_async(&mut store, 12));
    assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(144))));
}

#[test]
fn errors_traps_and_panics_come_out() {
    let engine = Engine::default();
    let text = r#"(module
        (import "host" "fail" (func $fail (param i32)))
        (func $inner (call $fail (i32.const 1)) unreachable)
        (func (export "trap") (call $fail (i32.const 0)) (call $inner))
        (func (export "fail") (call $fail (i32.const 2)))
        (func (export "panic") (call $fail (i32.const 3))))"#;
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap_async("host", "fail", |caller: Caller<'_, ()>, (how,): (i32,)| {
            Box::new(async move {
                Turns(2).await;
                let frames = WasmBacktrace::capture(&caller).frames().len();
                match how {
                    0 => assert_eq!(frames, 1),
                    1 => assert_eq!(frames, 2),
                    2 => return Err(tancho::Error::msg("of the host")),
                    _ => panic!("of the host"),
                }
                Ok(())
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let func = |store: &mut Store<()>, name| instance.get_typed_func::<(), ()>(store, name).unwrap();
    let call = func(&mut store, "trap");
    let error = wander(call.call_async(&mut store, ())).0.unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 2);
    let call = func(&mut store, "fail");
    let error = wander(call.call_async(&mut store, ())).0.unwrap_err();
    assert!(format!("{error:?}").contains("of the host"));
    let call = func(&mut store, "panic");
    let error = wander(call.call_async(&mut store, ())).0.unwrap_err();
    assert!(format!("{error:?}").contains("panicked"));
    let error = wander(call.call_async(&mut store, ())).0.unwrap_err();
    assert!(format!("{error:?}").contains("poisoned"));
    assert_eq!(engine.async_stacks_in_use(), 0);
}

#[test]
fn exceptions_go_through_host_functions_that_wait() {
    for zeal in [false, true] {
        let engine = Engine::new(Config::new().gc_zeal(zeal).gc_nursery(128 << 10)).unwrap();
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (import "host" "call" (func $call (param i32)))
            (func (export "throw") (param i32) (throw $t (local.get 0)))
            (func (export "catch") (param i32) (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (call $call (local.get 0)))
                    (i32.const -1))))"#;
        let mut store = Store::new(&engine, ());
        let ty = TagType::new(FuncType::new(&engine, [ValType::I32], [])).unwrap();
        let tag = Tag::new(&mut store, &ty).unwrap();
        let mut linker = Linker::new(&engine);
        linker.define(&store, "host", "tag", tag).unwrap();
        linker
            .func_wrap_async("host", "call", move |mut caller: Caller<'_, ()>, (value,): (i32,)| {
                Box::new(async move {
                    Turns(1).await;
                    if value > 100 {
                        // The host's own.
                        return Err(Exception::new(&mut caller, tag, &[Val::I32(value)])?.into());
                    }
                    let throw = caller.get_export("throw").unwrap().into_func().unwrap();
                    let throw = throw.typed::<i32, ()>(&caller)?;
                    let thrown = throw.call_async(&mut caller, value).await;
                    Turns(1).await;
                    thrown
                })
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
        let catch = instance.get_typed_func::<i32, i32>(&mut store, "catch").unwrap();
        for value in [7, 700, 8, 800] {
            assert_eq!(wander(catch.call_async(&mut store, value)).0.unwrap(), value);
        }
    }
}

#[test]
fn objects_that_only_suspended_frames_refer_to() {
    let engine = Engine::new(Config::new().gc_zeal(true).gc_nursery(128 << 10)).unwrap();
    let text = r#"(module
        (type $pair (struct (field i32) (field (ref null extern))))
        (import "host" "swap" (func $swap (param externref) (result externref)))
        (func (export "run") (param i32 externref) (result i32 externref)
            (local $a (ref $pair)) (local $b (ref $pair))
            (local.set $a (struct.new $pair (local.get 0) (local.get 1)))
            (local.set $b (struct.new $pair (i32.const 5) (call $swap (local.get 1))))
            (i32.add (struct.get $pair 0 (local.get $a)) (struct.get $pair 0 (local.get $b)))
            (struct.get $pair 1 (local.get $a))))"#;
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap_async("host", "swap", |mut caller: Caller<'_, u32>, (value,): (Option<Rooted<ExternRef>>,)| {
            Box::new(async move {
                caller.gc();
                Turns(1).await;
                caller.gc();
                *caller.data_mut() += 1;
                if !caller.data().is_multiple_of(4) {
                    // Deeper, on another fiber.
                    let run = caller.get_export("run").unwrap().into_func().unwrap();
                    let mut results = [Val::I32(0), Val::ExternRef(None)];
                    run.call_async(&mut caller, &[Val::I32(1), Val::ExternRef(value)], &mut results).await?;
                    assert_eq!(results[0].i32(), Some(6));
                }
                Turns(1).await;
                ExternRef::new(&mut caller, 4_u32).map(Some)
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    for _ in 0..10 {
        let value = ExternRef::new(&mut store, String::from("kept")).unwrap();
        let mut results = [Val::I32(0), Val::ExternRef(None)];
        wander(run.call_async(&mut store, &[Val::I32(37), Val::ExternRef(Some(value))], &mut results)).0.unwrap();
        assert_eq!(results[0].i32(), Some(42));
        let Val::ExternRef(Some(found)) = results[1] else { panic!("it is not null") };
        let context = store.as_context_mut();
        assert_eq!(found.data(&context).unwrap().unwrap().downcast_ref::<String>().unwrap(), "kept");
    }
}

/// A command, each function of which waits in an instance of its own, and a reactor that waits as it begins.
#[test]
fn modules_of_a_linker_wait() {
    let engine = Engine::default();
    let mut linker = waits(&engine);
    let mut store = Store::new(&engine, 0);
    let text = r#"(module
        (import "host" "wait" (func $wait (param i32) (result i32)))
        (global $calls (mut i32) (i32.const 0))
        (func (export "_start") (drop (call $wait (i32.const 1))))
        (func (export "calls") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (call $wait (local.get 0))))
            (global.get $calls)))"#;
    let command = Module::new(&engine, text).unwrap();
    let (defined, polls) = wander(linker.module_async(&mut store, "command", &command));
    defined.unwrap();
    assert_eq!(polls, 1, "a command is not instantiated yet");
    let text = r#"(module
        (import "host" "wait" (func $wait (param i32) (result i32)))
        (import "command" "calls" (func $calls (param i32) (result i32)))
        (global (export "g") (mut i32) (i32.const 0))
        (func $start (global.set 0 (call $wait (i32.const 2)))) (start $start)
        (func (export "_initialize") (global.set 0 (i32.add (global.get 0) (call $calls (i32.const 3))))))"#;
    let reactor = Module::new(&engine, text).unwrap();
    let (defined, polls) = wander(linker.module_async(&mut store, "reactor", &reactor));
    defined.unwrap();
    assert_eq!(polls, 6);
    let global = linker.get(&mut store, "reactor", "g").unwrap().into_global().unwrap();
    assert_eq!(global.get(&mut store).i32(), Some(50));
    // Each call has an instance of its own, which counts from 0.
    let calls = linker.get(&mut store, "command", "calls").unwrap().into_func().unwrap();
    let calls = calls.typed::<i32, i32>(&store).unwrap();
    for turns in [1, 4] {
        assert_eq!(wander(calls.call_async(&mut store, turns)).0.unwrap(), 10 * turns);
    }
    wander(linker.get_default(&mut store, "command").unwrap().call_async(&mut store, &[], &mut [])).0.unwrap();
    assert!(linker.module(&mut store, "other", &reactor).is_err(), "it has to wait");
    assert_eq!(engine.async_stacks_in_use(), 0);
}
