//! A server in small: each request runs a guest in a store of its own, on a few threads that all requests share. The guest waits for a
//! slow "database" of the host, is given a time to answer in, and lets others have their turn when it computes for long.

use std::time::{Duration, Instant};
use tancho::{Caller, Config, Engine, InstancePre, Linker, Module, Result, Store, Trap};

/// What the server knows of a request.
struct Request {
    user: u32,
    queries: u32,
}

const GUEST: &str = r#"(module
    (import "database" "get" (func $get (param i32) (result i32)))
    (func (export "handle") (param $kind i32) (result i32)
        (local $i i32) (local $sum i32)
        ;; 0: two queries. 1: a long computation. 2: one that never ends.
        (if (i32.eqz (local.get $kind))
            (then (return (i32.add (call $get (i32.const 1)) (call $get (i32.const 2))))))
        (loop $l
            (local.set $sum (i32.add (local.get $sum) (local.get $i)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.or (i32.eq (local.get $kind) (i32.const 2)) (i32.lt_u (local.get $i) (i32.const 1000000)))))
        (local.get $sum)))"#;

/// Answers one request.
async fn serve(pre: InstancePre<Request>, user: u32, kind: i32, time: Duration) -> Result<i32> {
    let engine = pre.module().engine().clone();
    let mut store = Store::new(&engine, Request { user, queries: 0 });
    // Others have their turn after each epoch, and and after its time this request is over.
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(1);
    store.set_deadline(Some(Instant::now() + time))?;
    let instance = pre.instantiate_async(&mut store).await?;
    let handle = instance.get_typed_func::<i32, i32>(&mut store, "handle")?;
    let answer = handle.call_async(&mut store, kind).await?;
    println!("user {user}: {answer}, after {} queries", store.data().queries);
    Ok(answer)
}

/// Runs some requests at once.
pub(crate) fn main() -> Result<()> {
    let engine = Engine::new(Config::new().async_stack_size(512 << 10))?;
    let module = Module::new(&engine, GUEST)?;
    let mut linker = Linker::<Request>::new(&engine);
    linker.func_wrap_async("database", "get", |mut caller: Caller<'_, Request>, (key,): (i32,)| {
        Box::new(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            caller.data_mut().queries += 1;
            key * 100 + caller.data().user.cast_signed()
        })
    })?;
    let pre = linker.instantiate_pre(&module)?;
    let engine = engine.weak();

    // A thread of its own: those of the executor may all be computing, and a timer of its would not come to its turn.
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        let requests: Vec<_> = (0_u32..9)
            .map(|user| {
                let kind = (user % 3).cast_signed();
                let time = Duration::from_millis(if kind == 2 { 200 } else { 60_000 });
                tokio::spawn(serve(pre.clone(), user, kind, time))
            })
            .collect();
        for (user, request) in (0_i32..).zip(requests) {
            let answer = request.await.map_err(tancho::Error::new)?;
            match user % 3 {
                0 => assert_eq!(answer?, 300 + 2 * user),
                1 => assert_eq!(answer?, 1_783_293_664),
                _ => {
                    let ended = answer.expect_err("it never ends by itself");
                    assert_eq!(ended.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
                }
            }
        }
        Ok(())
    })
}
