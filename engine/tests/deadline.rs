//! Deadlines by time and by epoch: they end what runs, once, and only of the store that has them.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};
use tancho::{Engine, Error, Instance, Module, Store, Trap, TypedFunc};

fn guest(engine: &Engine) -> (Store<()>, TypedFunc<(), ()>, TypedFunc<i32, i32>) {
    let text = r#"(module
        (func (export "forever") (loop $l (br $l)))
        (func (export "count") (param i32) (result i32) (local i32)
            (loop $l
                (local.set 1 (i32.add (local.get 1) (i32.const 2)))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))"#;
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let forever = instance.get_typed_func(&mut store, "forever").unwrap();
    let count = instance.get_typed_func(&mut store, "count").unwrap();
    (store, forever, count)
}

fn is_interrupted(error: &Error) -> bool {
    error.downcast_ref::<Trap>() == Some(&Trap::Interrupt)
}

#[test]
fn a_time_ends_what_runs_once() {
    let engine = Engine::default();
    let (mut store, forever, count) = guest(&engine);
    let start = Instant::now();
    store.set_deadline(Some(start + Duration::from_millis(30))).unwrap();
    assert!(is_interrupted(&forever.call(&mut store, ()).unwrap_err()));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(30) && took < Duration::from_millis(330), "{took:?}");
    assert_eq!(count.call(&mut store, 1000).unwrap(), 2000);
    // One that has passed already ends what comes next.
    store.set_deadline(Some(start)).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(is_interrupted(&count.call(&mut store, 1000).unwrap_err()));
    assert_eq!(count.call(&mut store, 1000).unwrap(), 2000);
}

#[test]
fn a_time_can_be_taken_back_and_put_off() {
    let engine = Engine::default();
    let (mut store, _, count) = guest(&engine);
    let soon = || Some(Instant::now() + Duration::from_millis(20));
    store.set_deadline(soon()).unwrap();
    store.set_deadline(None).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(count.call(&mut store, 10).unwrap(), 20);
    store.set_deadline(soon()).unwrap();
    store.set_deadline(Some(Instant::now() + Duration::from_secs(3600))).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(count.call(&mut store, 10).unwrap(), 20);
    // Those of a store that is gone trouble nobody.
    store.set_deadline(soon()).unwrap();
    drop(store);
    let (mut store, _, count) = guest(&engine);
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(count.call(&mut store, 10).unwrap(), 20);
}

#[test]
fn many_stores_end_in_the_order_of_their_times() {
    let engine = Engine::default();
    let start = Instant::now();
    let threads: Vec<_> = (0..8_u32)
        .map(|thread| {
            let engine = engine.clone();
            std::thread::spawn(move || {
                let (mut store, forever, _) = guest(&engine);
                store
                    .set_deadline(Some(start + Duration::from_millis(400) - Duration::from_millis(30) * thread))
                    .unwrap();
                assert!(is_interrupted(&forever.call(&mut store, ()).unwrap_err()));
                (start.elapsed(), thread)
            })
        })
        .collect();
    for thread in threads {
        let (took, number) = thread.join().unwrap();
        assert!(took >= Duration::from_millis(400) - Duration::from_millis(30) * number, "{number}: {took:?}");
    }
}

#[test]
fn epochs_end_those_that_wait_for_them() {
    let engine = Engine::default();
    let (mut first, _, count) = guest(&engine);
    let (mut second, _, other) = guest(&engine);
    first.set_epoch_deadline(2);
    engine.increment_epoch();
    assert_eq!(count.call(&mut first, 10).unwrap(), 20);
    engine.increment_epoch();
    assert!(is_interrupted(&count.call(&mut first, 10).unwrap_err()));
    assert_eq!(count.call(&mut first, 10).unwrap(), 20);
    assert_eq!(other.call(&mut second, 10).unwrap(), 20);
    // Another engine's epochs are its own; a deadline of no ticks has come.
    Engine::default().increment_epoch();
    second.set_epoch_deadline(0);
    assert!(is_interrupted(&other.call(&mut second, 10).unwrap_err()));
    first.set_epoch_deadline(1);
    first.set_epoch_deadline(1000);
    engine.increment_epoch();
    assert_eq!(count.call(&mut first, 10).unwrap(), 20);
}

#[test]
fn an_epoch_ends_a_loop() {
    let engine = Engine::default();
    let (mut store, forever, _) = guest(&engine);
    store.set_epoch_deadline(3);
    let ticker = std::thread::spawn({
        let engine = engine.clone();
        move || {
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(10));
                engine.increment_epoch();
            }
        }
    });
    assert!(is_interrupted(&forever.call(&mut store, ()).unwrap_err()));
    ticker.join().unwrap();
}

/// A waker that blocks is the executor's own harm: it keeps no deadline from being met.
#[cfg(feature = "async")]
#[test]
fn a_waker_that_blocks_stops_no_deadline() {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Wake};
    use tancho::{Func, Linker};

    struct Blocks(Mutex<Receiver<()>>, Mutex<Sender<()>>);
    impl Wake for Blocks {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().send(()).unwrap();
            // Until the test is over, or has failed.
            let _ = self.0.lock().unwrap().recv_timeout(Duration::from_secs(6));
        }
    }

    let engine = Engine::default();
    let mut sleeping = Store::new(&engine, ());
    let pending = Func::wrap_async(&mut sleeping, |_, ()| Box::new(std::future::pending::<()>()));
    let text = r#"(module (import "" "" (func $wait)) (func (export "f") (call $wait)))"#;
    let mut linker = Linker::new(&engine);
    linker.define(&sleeping, "", "", pending).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let instance = linker.instantiate(&mut sleeping, &module).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut sleeping, "f").unwrap();
    sleeping.set_deadline(Some(Instant::now() + Duration::from_millis(10))).unwrap();
    let ((over, blocks), (woken, is_woken)) = (channel(), channel());
    let waker = Arc::new(Blocks(Mutex::new(blocks), Mutex::new(woken))).into();
    let mut call = Box::pin(f.call_async(&mut sleeping, ()));
    assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    is_woken.recv().unwrap();
    let (mut store, forever, _) = guest(&engine);
    let start = Instant::now();
    store.set_deadline(Some(start + Duration::from_millis(10))).unwrap();
    assert!(is_interrupted(&forever.call(&mut store, ()).unwrap_err()));
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(over);
    let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(&waker)) else { panic!("it waits on") };
    assert!(is_interrupted(&result.unwrap_err()));
}
