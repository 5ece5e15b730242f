//! Interruption: every way in which a guest can run without end is ended within 100 ms, on whatever stack, by signals or by comparing, just
//! in time and precompiled, on a thread's stack and on a fiber's; and nothing else changes.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tancho::{Caller, Config, Engine, Extern, Instance, Linker, Module, Store, Trap};
use tancho_tests::oracle::row::interrupt_limit;

/// Guests that never end: what they do, and a module with an export `run` that does it.
const ENDLESS: &[(&str, &str)] = &[
    ("an empty loop", "(loop $l (br $l))"),
    ("a loop that counts", "(local i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l))"),
    ("a loop with a condition", "(loop $l (br_if $l (i32.const 1)))"),
    (
        "a loop within a loop, the inner one short",
        "(local i32) (loop $o (local.set 0 (i32.const 9)) (loop $i (br_if $i (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br $o))",
    ),
    ("a loop within a loop, the inner one endless", "(loop $o (loop $i (br $i)) (br $o))"),
    ("three loops within one another", "(loop $a (loop $b (loop $c (br $c)) (br $b)) (br $a))"),
    (
        "a loop that counts to what it never comes to",
        "(local i32) (local.set 0 (i32.const 1)) (loop $l (br_if $l (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 2))) (i32.const 20))))",
    ),
    (
        "a loop that counts past its end",
        "(local i32) (local.set 0 (i32.const 6)) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 4)))))",
    ),
    (
        "a loop that counts by nothing",
        "(local i32) (loop $l (br_if $l (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 0))) (i32.const 3))))",
    ),
    (
        "a loop that counts for ages",
        "(local i64) (local.set 0 (i64.const -1)) (loop $l (br_if $l (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0))))",
    ),
    (
        "a loop that counts for ages from what is loaded",
        "(local i64 i64) (local.set 0 (i64.load (i32.const 8))) (local.set 1 (local.get 0)) (loop $l (br_if $l (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (local.get 1))))",
    ),
    (
        "a loop that counts to what is loaded before, and never comes to it",
        "(local i64 i64) (local.set 1 (i64.sub (i64.load (i32.const 8)) (i64.const 1))) (loop $l (br_if $l (i64.ne (local.tee 0 (i64.add (local.get 0) (i64.const 4))) (local.get 1))))",
    ),
    (
        "a loop that takes back what it counts",
        "(local i32) (local.set 0 (i32.const 9)) (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (if (i32.eq (local.get 0) (i32.const 4)) (then (local.set 0 (i32.const 9)))) (br_if $l (local.get 0)))",
    ),
    (
        "a loop whose counter a loop in it sets",
        "(local i32 i32) (local.set 0 (i32.const 9)) (loop $l (local.set 1 (i32.const 5)) (loop $i (local.set 0 (i32.const 9)) (br_if $i (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    ),
    (
        "a loop that counts, with another way back",
        "(local i32) (local.set 0 (i32.const 9)) (loop $l (br_if $l (i32.eqz (i32.load (i32.const 8)))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    ),
    (
        "loops of few turns within one another without end",
        "(local i32 i32) (loop $o (local.set 0 (i32.const 9)) (loop $i (local.set 1 (i32.const 7)) (loop $j (br_if $j (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br_if $i (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br $o))",
    ),
    ("calls without end of what counts a few turns", "(loop $l (call $counts) (br $l))"),
    (
        "a loop over a table of targets that counts",
        "(local i32) (local.set 0 (i32.const 9)) (loop $l (br_table $l $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    ),
    ("a loop that loads", "(loop $l (drop (i32.load (i32.const 8))) (br $l))"),
    ("a loop that stores", "(loop $l (i32.store (i32.const 8) (i32.const 1)) (br $l))"),
    ("a loop over a table of targets", "(loop $l (br_table $l $l $l (i32.load (i32.const 0))))"),
    ("a loop with a block", "(loop $l (block $b (br_if $b (i32.load (i32.const 0))) (br $l)) (br $l))"),
    ("a loop that calls a leaf", "(loop $l (call $leaf) (br $l))"),
    ("a loop that calls by a table", "(loop $l (call_indirect (type $nothing) (i32.const 0)) (br $l))"),
    ("a loop that calls the host", "(loop $l (call $host) (br $l))"),
    ("a loop that grows by nothing", "(loop $l (drop (memory.grow (i32.const 0))) (br $l))"),
    ("a loop of small copies", "(loop $l (memory.copy (i32.const 0) (i32.const 100) (i32.const 50)) (br $l))"),
    ("a loop of large fills", "(loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536)) (br $l))"),
    ("a loop that throws and catches", "(loop $l (block $h (try_table (catch_all $h) (call $throws))) (br $l))"),
    (
        "a loop with vectors",
        "(local v128) (loop $l (local.set 0 (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4))) (br $l))",
    ),
    (
        "a loop with floats",
        "(local f64) (loop $l (local.set 0 (f64.sqrt (f64.add (local.get 0) (f64.const 1)))) (br $l))",
    ),
    (
        "a loop that divides",
        "(local i64) (loop $l (local.set 0 (i64.div_u (i64.const -1) (i64.or (local.get 0) (i64.const 1)))) (br $l))",
    ),
    ("calls in two arms, in one within a loop, in the other of itself", "(return_call $arms (i32.const 0))"),
    ("a call of itself behind a loop of few turns", "(return_call $behind (i32.const 0))"),
    ("recursion within a loop that takes an age", "(drop (call $fib_in_loop (i32.const 90)))"),
    ("calls of itself in each of two arms", "(drop (call $either (i32.const 0) (i32.const 90)))"),
    ("a call of itself behind one that may be left out", "(drop (call $perhaps (i32.const 0) (i32.const 90)))"),
    ("a call of itself in a handler", "(call $handles (i32.const 90))"),
    ("recursion by way of the host", "(call $by_host (i32.const 90))"),
    ("a tail call of itself", "(return_call $tail)"),
    ("tail calls back and forth", "(return_call $ping)"),
    ("tail calls by a table", "(return_call_indirect (type $nothing) (i32.const 1))"),
    ("recursion that takes an age", "(drop (call $fib (i32.const 90)))"),
    ("recursion by a table", "(drop (call $fib_indirect (i32.const 90)))"),
    (
        "many large fills of a large memory",
        "(loop $l (memory.fill $large (i32.const 0) (i32.const 7) (i32.const 0x3fff0000)) (br $l))",
    ),
    (
        "a copy of a large memory, upwards",
        "(loop $l (memory.copy $large $large (i32.const 65536) (i32.const 0) (i32.const 0x30000000)) (br $l))",
    ),
    (
        "a copy of a large memory, downwards",
        "(loop $l (memory.copy $large $large (i32.const 0) (i32.const 65536) (i32.const 0x30000000)) (br $l))",
    ),
    ("a wait that nothing ends", "(drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const -1)))"),
    (
        "waits that the clock ends",
        "(loop $l (drop (memory.atomic.wait64 $shared (i32.const 0) (i64.const 0) (i64.const 1000000))) (br $l))",
    ),
    (WAITS, "(call $wait)"),
    ("a loop of short waits for the host", "(loop $l (call $wait) (br $l))"),
];

/// A guest that waits for the host, which never answers: it is called asynchronously only.
const WAITS: &str = "a wait for the host";

fn text(body: &str) -> String {
    format!(
        r#"(module
            (import "" "host" (func $host))
            (import "" "wait" (func $wait))
            (import "" "again" (func $again (param i32)))
            (type $nothing (func))
            (memory 1) (memory $large 16384) (memory $shared 1 1 shared)
            (tag $t)
            (table funcref (elem $leaf $tail_indirect))
            (func $leaf (export "leaf"))
            (func $counts (local i32) (local.set 0 (i32.const 9)) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func $arms (param i32)
                (if (local.get 0)
                    (then (loop $l (call $leaf) (br_if $l (local.get 0))))
                    (else (return_call $arms (i32.load (i32.const 0))))))
            (func $behind (param $n i32)
                (if (local.get $n) (then (return)))
                (local.set $n (i32.const 9))
                (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (return_call $behind (local.get $n)))
            (func $fib_in_loop (param i32) (result i32) (local i32)
                (loop $l
                    (if (i32.ge_u (local.get 0) (i32.const 2))
                        (then
                            (local.set 1 (i32.add (local.get 1) (call $fib_in_loop (i32.sub (local.get 0) (i32.const 1)))))
                            (local.set 0 (i32.sub (local.get 0) (i32.const 2)))
                            (br $l))))
                (i32.add (local.get 0) (local.get 1)))
            (func $either (param $which i32) (param $left i32) (result i32)
                (if (i32.eqz (local.get $left)) (then (return (i32.const 1))))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (if (result i32) (local.get $which)
                    (then (i32.mul (call $either (i32.const 0) (local.get $left)) (call $either (i32.const 1) (local.get $left))))
                    (else (i32.add (call $either (i32.const 1) (local.get $left)) (call $either (i32.const 0) (local.get $left))))))
            (func $perhaps (param $never i32) (param $left i32) (result i32)
                (if (i32.eqz (local.get $left)) (then (return (i32.const 1))))
                (if (local.get $never) (then (call $leaf)))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (i32.add (call $perhaps (local.get $never) (local.get $left)) (call $perhaps (local.get $never) (local.get $left))))
            (func $handles (param $left i32)
                (if (i32.eqz (local.get $left)) (then (return)))
                (block $h (try_table (catch_all $h) (call $throws)) (return))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (call $handles (local.get $left))
                (call $handles (local.get $left)))
            (func $by_host (export "by_host") (param $left i32)
                (if (i32.eqz (local.get $left)) (then (return)))
                (call $again (i32.sub (local.get $left) (i32.const 1)))
                (call $again (i32.sub (local.get $left) (i32.const 1))))
            (func $throws (throw $t))
            (func $tail (return_call $tail))
            (func $ping (return_call $pong))
            (func $pong (return_call $ping))
            (func $tail_indirect (return_call_indirect (type $nothing) (i32.const 1)))
            (func $fib (param i32) (result i32)
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                    (then (local.get 0))
                    (else (i32.add
                        (call $fib (i32.sub (local.get 0) (i32.const 1)))
                        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
            (type $f (func (param i32) (result i32)))
            (table $fibs funcref (elem $fib_indirect))
            (func $fib_indirect (type $f)
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                    (then (local.get 0))
                    (else (i32.add
                        (call_indirect $fibs (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
                        (call_indirect $fibs (type $f) (i32.sub (local.get 0) (i32.const 2)) (i32.const 0))))))
            (func (export "run") {body})
            (func (export "answer") (result i32) (local i32)
                (local.set 0 (i32.const 42))
                (loop $l (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
                (local.get 0)))"#
    )
}

/// What guests import. `forever` says whether the host answers at all those that wait for it.
fn linker(engine: &Engine, forever: bool) -> Linker<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("", "host", || ()).expect("nothing has this name");
    linker.func_wrap("", "again", again).expect("nothing has this name");
    linker
        .func_wrap_async("", "wait", move |_: Caller<'_, ()>, ()| {
            Box::new(async move {
                if forever {
                    std::future::pending::<()>().await;
                }
            })
        })
        .expect("nothing has this name");
    linker
}

/// Calls back who called.
fn again(mut caller: Caller<'_, ()>, left: i32) -> tancho::Result<()> {
    let by_host = caller.get_export("by_host").and_then(Extern::into_func).expect("it is exported");
    by_host.typed::<i32, ()>(&caller)?.call(&mut caller, left)
}

/// Polls a future until it is done, and sleeps in between.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Runs a guest, on a fiber or not, interrupts it, and sees that it can be used again. How long it took to end.
fn interrupted(engine: &Engine, module: &Module, forever: bool, fiber: bool) -> tancho::Result<Duration> {
    let mut store = Store::new(engine, ());
    let instance = linker(engine, forever).instantiate(&mut store, module)?;
    let handle = store.interrupt_handle();
    let (over, ended) = std::sync::mpsc::channel::<()>();
    let interrupter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(10));
        let asked = Instant::now();
        handle.interrupt();
        if ended.recv_timeout(interrupt_limit() * 100) == Err(RecvTimeoutError::Timeout) {
            // Nothing else ends it.
            eprintln!("a guest cannot be interrupted");
            std::process::abort();
        }
        asked
    });
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    let ended = if fiber { block_on(run.call_async(&mut store, ())) } else { run.call(&mut store, ()) };
    let now = Instant::now();
    drop(over);
    let took = now - interrupter.join().expect("it does not panic");
    let error = ended.expect_err("it never ends");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt), "{error:?}");
    assert!(!store.interrupt_handle().is_pending());
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?;
    assert_eq!(answer.call(&mut store, ())?, 100);
    Ok(took)
}

fn configs() -> Vec<(&'static str, Config)> {
    let mut all = vec![("by signals", Config::new())];
    let mut compare = Config::new();
    compare.signals_based_traps(false);
    all.push(("by comparing", compare));
    let mut none = Config::new();
    none.cranelift_opt_level(tancho::OptLevel::None);
    all.push(("not optimised", none));
    all
}

#[test]
fn all_that_never_ends_can_be_ended() {
    let limit = interrupt_limit();
    let mut slowest = Duration::ZERO;
    let mut cases = 0;
    for (how, config) in configs() {
        let engine = Engine::new(&config).expect("the host is supported");
        for (what, body) in ENDLESS {
            let module = Module::new(&engine, text(body)).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let image = module.serialize().expect("it can be serialised");
            let again = Module::deserialize(&engine, &image).expect("it is an image of this engine");
            let forever = *what == WAITS;
            for (module, fiber) in [(&module, forever), (&again, true)] {
                let run = || interrupted(&engine, module, forever, fiber);
                let took = run().unwrap_or_else(|error| panic!("{what}, {how}: {error:?}"));
                // A machine that does other things may take its time once.
                let took = if took > limit { run().expect("as before") } else { took };
                assert!(took <= limit, "{what}, {how}: {took:?}");
                slowest = slowest.max(took);
                cases += 1;
            }
        }
    }
    assert!(cases >= 120);
    eprintln!("{cases} guests interrupted, the slowest after {slowest:?}");
}

#[test]
fn a_request_waits_for_something_to_end_and_can_be_taken_back() {
    let engine = Engine::default();
    let module = Module::new(&engine, text("(loop $l (br $l))")).expect("it is valid");
    let linker = linker(&engine, false);
    let mut store = Store::new(&engine, ());
    store.interrupt_handle().interrupt();
    // Instances that are made while it waits are stopped, too.
    let instance = linker.instantiate(&mut store, &module).expect("it has no start function");
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer").expect("it is there");
    let leaf = instance.get_typed_func::<(), ()>(&mut store, "leaf").expect("it is there");
    leaf.call(&mut store, ()).expect("what neither loops nor calls is not stopped");
    let stopped = answer.call(&mut store, ()).expect_err("the request waited for this");
    assert_eq!(stopped.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    assert_eq!(answer.call(&mut store, ()).expect("it was taken"), 100);
    store.interrupt_handle().interrupt();
    store.interrupt_handle().cancel();
    assert_eq!(answer.call(&mut store, ()).expect("it was taken back"), 100);
}

#[test]
fn one_store_is_stopped_and_not_the_other() {
    let engine = Engine::default();
    let module = Module::new(&engine, text("(loop $l (br $l))")).expect("it is valid");
    let linker = linker(&engine, false);
    let mut stores: Vec<_> = (0..4).map(|_| Store::new(&engine, ())).collect();
    let instances: Vec<Instance> =
        stores.iter_mut().map(|store| linker.instantiate(store, &module).expect("it can be instantiated")).collect();
    stores[2].interrupt_handle().interrupt();
    for (position, (store, instance)) in stores.iter_mut().zip(&instances).enumerate() {
        let answer = instance.get_typed_func::<(), i32>(&mut *store, "answer").expect("it is there");
        assert_eq!(answer.call(&mut *store, ()).is_err(), position == 2);
    }
    // A handle that outlives its store does nothing, whoever has its memory now.
    let handle = stores[0].interrupt_handle();
    drop(stores);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).expect("it can be instantiated");
    handle.interrupt();
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer").expect("it is there");
    assert_eq!(answer.call(&mut store, ()).expect("nobody interrupts this store"), 100);
}

/// Requests come at any moment, between calls and within: each is taken once, and what is not ended is right.
#[test]
fn a_storm_changes_no_result() {
    let engine = Engine::default();
    let module = Module::new(&engine, text("")).expect("it is valid");
    let linker = linker(&engine, false);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).expect("it can be instantiated");
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer").expect("it is there");
    let handle = store.interrupt_handle();
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stop = over.clone();
    let storm = std::thread::spawn(move || {
        let mut requests = 0;
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            handle.interrupt();
            requests += 1;
            std::thread::sleep(Duration::from_micros(200));
        }
        requests
    });
    let (mut ended, mut right) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        match answer.call(&mut store, ()) {
            Ok(100) => right += 1,
            Ok(other) => panic!("{other} is not the answer"),
            Err(error) => {
                assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
                ended += 1;
            }
        }
    }
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    let requests = storm.join().expect("it does not panic");
    assert!(ended > 0 && ended <= requests && right > ended, "{ended} of {requests} requests, {right} right");
}

/// More sites than there are places: those that follow read no further than the page below a memory goes, which may have no byte.
#[test]
fn sites_without_number_stay_below_an_empty_memory() {
    let turn = "(loop $again
        (if (local.get $never) (then (drop (i32.load (i32.const 0)))))
        (br_if $again (local.get $never)))";
    let text = format!("(module (memory 0) (func (export \"f\") (param $never i32) {}))", turn.repeat(5_300));
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, &text).expect("the module is sound");
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    let function = instance.get_typed_func::<i32, ()>(&mut store, "f").expect("it is exported");
    function.call(&mut store, 0).expect("it ends by itself");
}
