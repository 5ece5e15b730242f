//! Infinite recursion with small and with large frames, and through the host: what `trap.rs`, `main_thread.rs` and `signals.rs` run on
//! their threads.

use std::fmt::Write;
use tancho::{Config, Engine, Func, FuncType, Instance, Module, Store, Trap, WasmBacktrace};

/// A function that recurses with `values` 64-bit values in its frame.
fn recursion(values: usize) -> String {
    let mut text = String::from("(module\n");
    for value in 0..values {
        writeln!(text, "(global $g{value} (mut i64) (i64.const {value}))").expect("writing to a string");
    }
    text.push_str("(func $f (export \"f\") (result i64)\n");
    for value in 0..values {
        writeln!(text, "(local $v{value} i64)").expect("writing to a string");
    }
    // The call may change the globals, so every value is in the frame across it.
    for value in 0..values {
        writeln!(text, "(local.set $v{value} (global.get $g{value}))").expect("writing to a string");
    }
    text.push_str("(i64.add (call $f) (i64.const 1))\n");
    for value in 0..values {
        writeln!(text, "(i64.add (local.get $v{value}))").expect("writing to a string");
    }
    text + "))"
}

/// Overflows the stack `rounds` times with frames of 16 bytes and as often with frames of over 64 KiB, and once with a frame that is larger
/// than what is kept free for the host and its guard.
pub(crate) fn overflows(config: &Config, rounds: usize) {
    for (values, rounds) in [(0, rounds), ((64 << 10) / 8, rounds), ((320 << 10) / 8, 1)] {
        let engine = Engine::new(config).expect("the host is supported");
        let module = Module::new(&engine, recursion(values)).expect("it compiles");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let f = instance.get_typed_func::<(), i64>(&mut store, "f").expect("it is exported");
        for _ in 0..rounds {
            let error = f.call(&mut store, ()).expect_err("it never ends");
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
            assert!(backtrace.frames().iter().any(|frame| frame.func_name() == Some("f")), "{error:?}");
        }
    }
}

/// Uses nearly all of the stack that the host is promised.
#[inline(never)]
fn use_stack() {
    let mut bytes = [1_u8; 60 << 10];
    std::hint::black_box(&mut bytes);
}

/// Whoever leaves compiled code at any depth finds that much, or the call traps; were the limit not compared, this would overflow the
/// stack of the host, and end the process.
pub(crate) fn host_at_every_depth(config: &Config) {
    let engine = Engine::new(config).expect("the host is supported");
    let source = r#"(module (import "host" "typed" (func $typed)) (import "host" "array" (func $array))
                      (func $f (export "typed") (call $typed) (call $f))
                      (func $g (export "array") (call $array) (call $g)))"#;
    let module = Module::new(&engine, source).expect("it compiles");
    let mut store = Store::new(&engine, ());
    let typed = Func::wrap(&mut store, use_stack);
    let ty = FuncType::new(&engine, [], []);
    let array = Func::new(&mut store, ty, |_, _, _| {
        use_stack();
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[typed.into(), array.into()]).expect("these are its imports");
    for name in ["typed", "array"] {
        let recurse = instance.get_typed_func::<(), ()>(&mut store, name).expect("it is exported");
        let error = recurse.call(&mut store, ()).expect_err("it does not end");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
    }
}
