//! What is seen from outside of a store while a call of it is suspended, and what is left when its future is dropped: backtraces of other
//! stores, a hook that leaves the store unsound, the address space of memories.

use super::executor::{Turns, block_on, poll};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tancho::{
    CallHook, Caller, Engine, Error, Instance, Linker, Memory, MemoryType, Module, Result, SharedMemory, Store,
    WasmBacktrace,
};

const CALLS: &str = r#"(module
    (import "host" "both" (func $both)) (import "host" "wait" (func $wait))
    (func $inner (export "inner") (call $wait))
    (func $outer (export "outer") (call $both)))"#;

fn names(error: &Error) -> Vec<String> {
    let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
    trace.frames().iter().map(|frame| frame.func_name().unwrap().to_owned()).collect()
}

/// A call is suspended within another one, and who polls it calls another store, which traps.
#[test]
fn backtraces_of_another_store() {
    let engine = Engine::default();
    let mut linker = Linker::<Vec<Vec<String>>>::new(&engine);
    linker.func_wrap_async("host", "wait", |_: Caller<'_, _>, ()| Box::new(Turns(1))).unwrap();
    linker
        .func_wrap_async("host", "both", |mut caller: Caller<'_, Vec<Vec<String>>>, ()| {
            Box::new(async move {
                let inner = caller.get_export("inner").unwrap().into_func().unwrap().typed::<(), ()>(&caller)?;
                let engine = caller.engine().clone();
                let crash = move || {
                    let text = r#"(module (func $crash (export "crash") (unreachable)))"#;
                    let mut other = Store::new(&engine, ());
                    let module = Module::new(&engine, text).unwrap();
                    let instance = Instance::new(&mut other, &module, &[]).unwrap();
                    let crash = instance.get_typed_func::<(), ()>(&mut other, "crash").unwrap();
                    names(&crash.call(&mut other, ()).unwrap_err())
                };
                let mut seen = vec![crash()];
                {
                    let mut nested = pin!(inner.call_async(&mut caller, ()));
                    assert!(poll_fn(|context| Poll::Ready(nested.as_mut().poll(context).is_pending())).await);
                    seen.push(crash());
                    nested.await?;
                }
                seen.push(crash());
                *caller.data_mut() = seen;
                Ok::<(), Error>(())
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let module = Module::new(&engine, CALLS).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
    block_on(outer.call_async(&mut store, ())).unwrap();
    for seen in store.data() {
        assert_eq!(*seen, ["crash", "outer"]);
    }
    assert_eq!((store.data().len(), engine.async_stacks_in_use()), (3, 0));
}

/// A hook begins an asynchronous call and forgets it: what it was told of is not done, since the store is closed.
#[test]
fn a_hook_that_leaves_its_store_unsound() {
    for forgets_at in [CallHook::CallingWasm, CallHook::CallingHost] {
        let engine = Engine::default();
        let mut linker = Linker::<(Option<Instance>, u32)>::new(&engine);
        linker.func_wrap_async("host", "wait", |_: Caller<'_, _>, ()| Box::new(Turns(5))).unwrap();
        linker
            .func_wrap("host", "both", |mut caller: Caller<'_, (Option<Instance>, u32)>| caller.data_mut().1 += 1)
            .unwrap();
        let mut store = Store::new(&engine, (None::<Instance>, 0));
        store
            .call_hook(move |mut context, event| {
                if let (true, Some(instance)) = (event == forgets_at, context.data().0) {
                    let inner = instance.get_typed_func::<(), ()>(&mut context, "inner")?;
                    let mut call = Box::pin(inner.call_async(&mut context, ()));
                    assert!(poll(call.as_mut()).is_pending());
                    std::mem::forget(call);
                }
                Ok(())
            })
            .unwrap();
        let module = Module::new(&engine, CALLS).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        store.data_mut().0 = Some(instance);
        let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
        for error in [
            outer.call(&mut store, ()).unwrap_err(),
            block_on(outer.call_async(&mut store, ())).unwrap_err(),
            outer.func().call(&mut store, &[], &mut []).unwrap_err(),
        ] {
            assert!(format!("{error:?}").contains("was forgotten"), "{error:?}");
        }
        assert_eq!(store.data().1, 0, "the host's function was called");
    }
}

/// In a process of its own, where no other test makes memories at the same time.
const ALONE: &str = "TANCHO_MEMORIES_ALONE";

/// Bytes of address space of the process, so of all memories, stacks and heaps.
fn address_space() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn no_memory_is_left_by_dropped_futures() {
    if std::env::var_os(ALONE).is_none() {
        let name = "outside::no_memory_is_left_by_dropped_futures";
        let this = std::env::current_exe().unwrap();
        let ended =
            crate::runner::command(this).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        return;
    }
    memories().unwrap();
}

/// Drops futures at each of their first 200 polls. Their guests make memories as they go, of every kind: each has 4 GiB of address space or
/// more, so that one that is left shows.
fn memories() -> Result<()> {
    let engine = Engine::default();
    let inner =
        Module::new(&engine, r#"(module (import "host" "shared" (memory 1 1 shared)) (memory 1) (memory i64 1))"#)?;
    let text = r#"(module
        (import "host" "wait" (func $wait)) (memory 1 100)
        (func (export "run")
            (loop $l (call $wait) (drop (memory.grow (i32.const 1))) (br $l))))"#;
    let outer = Module::new(&engine, text)?;
    let count = |polls: u32| -> Result<usize> {
        let mut linker = Linker::<()>::new(&engine);
        let inner = inner.clone();
        linker.func_wrap_async("host", "wait", move |mut caller: Caller<'_, ()>, ()| {
            let inner = inner.clone();
            Box::new(async move {
                let shared = SharedMemory::new(caller.engine(), MemoryType::shared(1, 1))?;
                Turns(1).await;
                Memory::new(&mut caller, MemoryType::new(1, None))?;
                Instance::new_async(&mut caller, &inner, &[shared.into()]).await?;
                Turns(1).await;
                Ok::<(), Error>(())
            })
        })?;
        {
            let mut store = Store::new(&engine, ());
            let instance = linker.instantiate(&mut store, &outer)?;
            let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
            let mut call = pin!(run.call_async(&mut store, ()));
            for _ in 0..polls {
                assert!(poll(call.as_mut()).is_pending());
            }
        }
        Ok(address_space())
    };
    // What is kept for memories to come is there then.
    let usual = (0..3).map(|_| count(60)).collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or_default();
    for polls in 0..200 {
        let now = count(polls)?;
        assert!(now < usual + (2 << 30), "after {polls} polls: {now} bytes of address space, and {usual} before");
    }
    assert_eq!(engine.async_stacks_in_use(), 0);
    Ok(())
}
