//! Backtraces: captured in host functions, attached to errors, through calls from the host and back, of the length that was asked for.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use tancho::{Caller, Config, Engine, Error, Linker, Module, Result, Store, Trap, WasmBacktrace};

/// `outer` calls the host, which calls `inner` of the same instance, which calls the host again, which does `last`.
const NESTED: &str = r#"(module $nested
    (import "host" "again" (func $again))
    (import "host" "last" (func $last))
    (func $deep (call $last))
    (func $inner (export "inner") (call $deep))
    (func $middle (call $again))
    (func $outer (export "outer") (call $middle)))"#;

type Last = fn(Caller<'_, Seen>) -> Result<()>;

#[derive(Default)]
struct Seen {
    captured: Arc<Mutex<Vec<WasmBacktrace>>>,
}

/// Calls `outer`, and says what it ended in and what was captured.
fn nested(config: &Config, last: Last) -> (Result<()>, Vec<WasmBacktrace>) {
    let engine = Engine::new(config).unwrap();
    let mut linker: Linker<Seen> = Linker::new(&engine);
    let again = |mut caller: Caller<'_, Seen>| -> Result<()> {
        let inner = caller.get_export("inner").unwrap().into_func().unwrap();
        inner.typed::<(), ()>(&caller)?.call(&mut caller, ())
    };
    linker.func_wrap("host", "again", again).unwrap();
    linker.func_wrap("host", "last", last).unwrap();
    let mut store = Store::new(&engine, Seen::default());
    let captured = Arc::clone(&store.data().captured);
    assert!(WasmBacktrace::capture(&store).frames().is_empty());
    assert!(WasmBacktrace::force_capture(&store).frames().is_empty());
    let module = Module::new(&engine, NESTED).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
    let ended = outer.call(&mut store, ());
    let captured = std::mem::take(&mut *captured.lock().unwrap());
    (ended, captured)
}

fn names(trace: &WasmBacktrace) -> Vec<&str> {
    trace.frames().iter().map(|frame| frame.func_name().unwrap()).collect()
}

fn capture(caller: Caller<'_, Seen>) -> Result<()> {
    let traces = [WasmBacktrace::capture(&caller), WasmBacktrace::force_capture(&caller)];
    caller.data().captured.lock().unwrap().extend(traces);
    Ok(())
}

const ALL: [&str; 4] = ["deep", "inner", "middle", "outer"];

#[test]
fn hosts_are_not_in_them_and_whom_they_call_is() {
    let (ended, captured) = nested(&Config::new(), capture);
    ended.unwrap();
    assert_eq!(captured.iter().map(names).collect::<Vec<_>>(), [ALL, ALL]);
    assert!(captured.iter().all(|trace| trace.truncated() == 0));
}

#[test]
fn an_error_of_the_host_has_one_and_only_one() {
    let (ended, _) = nested(&Config::new(), |_| Err(Error::from(Trap::OutOfFuel)));
    let error = ended.unwrap_err();
    assert_eq!(names(error.downcast_ref::<WasmBacktrace>().unwrap()), ALL);
    let traces = error.chain().filter(|cause| cause.to_string().starts_with("error while executing at wasm")).count();
    assert_eq!(traces, 1);
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    // One that the host has put there itself stays.
    let own =
        |caller: Caller<'_, Seen>| Err(Error::msg("mine").context(WasmBacktrace::capture(&caller)).context("put"));
    let (ended, _) = nested(&Config::new(), own);
    let error = ended.unwrap_err();
    assert_eq!(error.to_string(), "put");
    assert_eq!(error.downcast::<WasmBacktrace>().map(|trace| names(&trace).len()).unwrap(), ALL.len());
}

#[test]
fn they_are_as_long_as_was_asked_for() {
    for limit in [1, 2, 3, 4, 5] {
        let mut config = Config::new();
        config.wasm_backtrace_max_frames(NonZeroUsize::new(limit));
        let (ended, captured) = nested(&config, capture);
        ended.unwrap();
        assert_eq!(names(&captured[0]), ALL[..limit.min(4)], "{limit}");
        assert_eq!(captured[0].truncated(), 4 - limit.min(4), "{limit}");
        assert_eq!(names(&captured[1]), ALL, "{limit}");
        let (ended, _) = nested(&config, |_| Err(Error::msg("mine")));
        assert_eq!(names(ended.unwrap_err().downcast_ref::<WasmBacktrace>().unwrap()), ALL[..limit.min(4)]);
    }
}

#[test]
fn there_are_none_where_none_are_wanted() {
    let mut none = Config::new();
    none.wasm_backtrace_max_frames(None);
    let mut off = Config::new();
    off.wasm_backtrace(false);
    for config in [none, off] {
        let (ended, captured) = nested(&config, |caller| {
            capture(caller)?;
            Err(Error::from(Trap::Interrupt))
        });
        assert!(ended.as_ref().is_err_and(|error| !error.is::<WasmBacktrace>()), "{ended:?}");
        assert!(captured[0].frames().is_empty());
        assert_eq!(names(&captured[1]), ALL, "`force_capture` does not ask");
    }
}

/// More than a trace has room for by itself, in a signal handler among other places.
#[test]
fn deep_recursion_is_kept_as_far_as_was_asked_for() {
    let text = r#"(module (func $down (export "down") (param i32)
        (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else unreachable))))"#;
    for (limit, kept) in [(64, 64), (65, 65), (200, 200), (4096, 1001), (1_000_000, 1001)] {
        let engine = Engine::new(Config::new().wasm_backtrace_max_frames(NonZeroUsize::new(limit))).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = tancho::Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
        let down = instance.get_typed_func::<i32, ()>(&mut store, "down").unwrap();
        let error = down.call(&mut store, 1000).unwrap_err();
        let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
        assert_eq!((trace.frames().len(), trace.truncated()), (kept, 1001 - kept), "{limit}");
        assert!(trace.frames().iter().all(|frame| frame.func_name() == Some("down") && frame.func_offset() > Some(0)));
        // It is kept when all else is gone.
        drop((store, engine));
        assert_eq!(trace.frames()[0].func_name(), Some("down"));
    }
}

/// `outer` calls `middle`, which calls the function that `by` has put in place, by a call that nothing is known of. `middle` keeps its
/// parameter across it.
fn above(leaf: &str) -> String {
    format!(
        r#"(module
        (import "host" "tick" (func $tick))
        (type $leaf (func (param i32 i64 f64) (result i64 f64)))
        (memory 1)
        (global $callee (mut (ref null $leaf)) (ref.func $leaf))
        (global $other (mut (ref null $leaf)) (ref.func $inner))
        (func $inner (type $leaf) (local.get 1) (local.get 2))
        (func $leaf (export "leaf") (type $leaf) {leaf})
        (func $middle (param $n i32) (result i64)
            (local $y f64)
            (call $tick)
            (call_ref $leaf (local.get $n) (i64.const 5) (f64.const 0.5) (global.get $callee))
            (local.set $y)
            (i64.add (i64.trunc_f64_s (local.get $y)))
            (i64.mul (i64.extend_i32_u (local.get $n))))
        (func $outer (export "outer") (param $n i32) (result i64) (i64.add (call $middle (local.get $n)) (i64.const 1))))"#
    )
}

/// A store with these functions, in which `tick` counts an epoch, of which one ends what the store has been told.
fn above_in(leaf: &str, data: Vec<Vec<String>>) -> (Store<Vec<Vec<String>>>, tancho::Instance) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    let ticking = engine.clone();
    linker.func_wrap("host", "tick", move || ticking.increment_epoch()).unwrap();
    let mut store = Store::new(&engine, data);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, above(leaf)).unwrap()).unwrap();
    (store, instance)
}

/// Small functions that call nothing are compiled without a frame, so the place that they return to is not found by a frame pointer.
#[test]
fn functions_that_call_nothing_have_their_callers() {
    let results = "(local.get 1) (local.get 2)";
    let cases = [
        ("(unreachable)".to_owned(), Trap::UnreachableCodeReached),
        (format!("(drop (i32.load offset=65536 (local.get 0))) {results}"), Trap::MemoryOutOfBounds),
        (format!("(drop (i32.div_u (local.get 0) (i32.const 0))) {results}"), Trap::IntegerDivisionByZero),
        (
            format!("(drop (i64.trunc_f64_s (f64.div (local.get 2) (f64.sub (local.get 2) (local.get 2))))) {results}"),
            Trap::IntegerOverflow,
        ),
        // A loop of its own, at the end of which it traps.
        (
            format!(
                "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.store (i32.const -1) (i32.const 0)) {results}"
            ),
            Trap::MemoryOutOfBounds,
        ),
    ];
    for (leaf, trap) in cases {
        let (mut store, instance) = above_in(&leaf, Vec::new());
        let outer = instance.get_typed_func::<i32, i64>(&mut store, "outer").unwrap();
        for _ in 0..2 {
            let error = outer.call(&mut store, 7).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&trap), "{leaf}");
            assert_eq!(names(error.downcast_ref().unwrap()), ["leaf", "middle", "outer"], "{leaf}");
        }
        // The host calls it itself.
        let alone = instance.get_typed_func::<(i32, i64, f64), (i64, f64)>(&mut store, "leaf").unwrap();
        let error = alone.call(&mut store, (7, 1, 0.5)).unwrap_err();
        assert_eq!(names(error.downcast_ref().unwrap()), ["leaf"], "{leaf}");
    }
}

/// Where the host calls it itself, nobody else does: nothing is left out of a backtrace of one function.
#[test]
fn functions_that_call_nothing_are_alone_where_the_host_calls_them() {
    let engine = Engine::new(Config::new().wasm_backtrace_max_frames(NonZeroUsize::new(1))).unwrap();
    // It returns, unless it traps: what never returns keeps its frame.
    let leaf =
        r#"(module (func $leaf (export "leaf") (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0))))"#;
    let module = Module::new(&engine, leaf).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = tancho::Instance::new(&mut store, &module, &[]).unwrap();
    let leaf = instance.get_typed_func::<i32, i32>(&mut store, "leaf").unwrap();
    assert_eq!(leaf.call(&mut store, 1).unwrap(), 7);
    let error = leaf.call(&mut store, 0).unwrap_err();
    let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
    assert_eq!((names(trace), trace.truncated()), (vec!["leaf"], 0));
}

/// In such a function's loop, and at the beginning of one that goes on by a tail call, the code is stopped, the host is asked, and it goes on
/// with all that it had.
#[test]
fn functions_that_call_nothing_are_asked() {
    let mut expected = (5_i64, 0.5_f64);
    for _ in 0..7 {
        expected = (expected.0 * 3 + 1, expected.1 * 2.0);
    }
    asked(
        "(loop $l
            (local.set 1 (i64.add (i64.mul (local.get 1) (i64.const 3)) (i64.const 1)))
            (local.set 2 (f64.add (local.get 2) (local.get 2)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1) (local.get 2)",
        (expected.0 + expected.1 as i64) * 7 + 1,
    );
    asked("(return_call_ref $leaf (local.get 0) (local.get 1) (local.get 2) (global.get $other))", 5 * 7 + 1);
}

fn asked(leaf: &str, expected: i64) {
    use tancho::UpdateDeadline;
    let said = |store: &tancho::StoreContextMut<'_, Vec<Vec<String>>>| {
        names(&WasmBacktrace::capture(store)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let stack = ["leaf", "middle", "outer"];
    let (mut store, instance) = above_in(leaf, Vec::new());
    let outer = instance.get_typed_func::<i32, i64>(&mut store, "outer").unwrap();
    assert_eq!(outer.call(&mut store, 7).unwrap(), expected);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut store| {
        let names = said(&store);
        store.data_mut().push(names);
        Ok(UpdateDeadline::Continue(1))
    });
    for _ in 0..100 {
        assert_eq!(outer.call(&mut store, 7).unwrap(), expected);
    }
    assert_eq!(store.data().len(), 100);
    assert!(store.data().iter().all(|names| *names == stack), "{:?}", store.data()[0]);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Interrupt));
    let error = outer.call(&mut store, 7).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    assert_eq!(names(error.downcast_ref().unwrap()), stack);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Err(Error::msg("no more")));
    let error = outer.call(&mut store, 7).unwrap_err();
    assert_eq!(names(error.downcast_ref().unwrap()), stack, "{error:?}");
    store.set_epoch_deadline(1);
    store.epoch_deadline_trap();
    let error = outer.call(&mut store, 7).unwrap_err();
    assert_eq!(names(error.downcast_ref().unwrap()), stack);
}
