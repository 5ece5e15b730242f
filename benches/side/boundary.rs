//! Every boundary that a call can cross, under one engine. Compiled twice: `engine` is `tancho` or `wasmtime`.
//!
//! `calls` and `call` come here by way of [`Side`](crate::Side). Each function prepares one boundary: it makes an engine and what
//! is called, and gives a closure that crosses so many times and checks what came of it. Where the guest crosses, the loop is the guest's.

use super::engine::{
    Caller, Engine, Func, FuncType, Instance, InstancePre, Linker, Module, Result, Store, Trap, TypedFunc, Val, ValType,
};
use crate::{Boundary, Cross, Error, Prepare};
use std::hint::black_box;

/// See [`Side::boundaries`](crate::Side::boundaries).
pub(crate) fn all() -> Vec<Boundary> {
    let all = calls().into_iter().chain(products()).chain(objects()).chain(ends());
    all.map(|(name, prepare)| Boundary { name, prepare }).collect()
}

/// Calls.
fn calls() -> [(&'static str, Prepare); 16] {
    [
        ("host to wasm, typed, () -> ()", typed_nop),
        ("host to wasm, typed, (i32, i32) -> i32", typed_add),
        ("host to wasm, untyped, () -> ()", untyped_nop),
        ("host to wasm, untyped, (i32, i32) -> i32", untyped_add),
        ("wasm to host, typed", || host_loop(|linker| linker.func_wrap("host", "step", |x: i32| x + 1).map(drop))),
        ("wasm to host, typed, with the caller's data", || host_loop(wrap_counting)),
        ("wasm to host, typed, fallible", || {
            host_loop(|linker| linker.func_wrap("host", "step", |x: i32| -> Result<i32> { Ok(x + 1) }).map(drop))
        }),
        ("wasm to host, untyped", || host_loop(define_untyped)),
        ("wasm to wasm, direct", || guest_loop("(call $next (local.get $x))")),
        ("wasm to wasm, direct, with a frame", || guest_loop("(call $frame (local.get $x))")),
        ("wasm to wasm, indirect, one callee", || {
            guest_loop("(call_indirect (type $step) (local.get $x) (i32.const 1))")
        }),
        ("wasm to wasm, indirect, four callees", || {
            guest_loop("(call_indirect (type $step) (local.get $x) (i32.and (local.get $n) (i32.const 3)))")
        }),
        ("wasm to wasm, by reference", || guest_loop("(call_ref $step (local.get $x) (global.get $reference))")),
        ("wasm to wasm, other instance", other_instance),
        ("wasm to wasm, imported by reference", || {
            foreign_reference("(call_ref $step (local.get $x) (global.get $reference))")
        }),
        ("wasm to wasm, tail call in a chain of four", || {
            guest_loop("(i32.sub (call $hop (local.get $x)) (i32.const 3))")
        }),
    ]
}

/// Calls of the functions by which toolchains multiply, as compilers wrote them.
fn products() -> [(&'static str, Prepare); 4] {
    const RUSTC: &str = include_str!("../../tests/product/rust_1_95.wat");
    const ZIG: &str = include_str!("../../tests/product/zig_fast.wat");
    [
        ("products of 128 bits in a row, rustc's function", || product(RUSTC, true)),
        ("products of 128 bits in a row, zig's function", || product(ZIG, true)),
        ("products of 128 bits side by side, rustc's function", || product(RUSTC, false)),
        ("products of 128 bits side by side, zig's function", || product(ZIG, false)),
    ]
}

/// Tables, memories, stores and instances.
fn objects() -> [(&'static str, Prepare); 20] {
    [
        ("table.get, functions", || {
            table("funcref", "(ref.is_null (table.get $t (i32.and (local.get $x) (i32.const 3))))")
        }),
        ("table.get, host values", || {
            table("externref", "(ref.is_null (table.get $t (i32.and (local.get $x) (i32.const 3))))")
        }),
        ("table.set, functions", || table("funcref", SET_FUNCTION)),
        ("table.set, null", || table("funcref", SET_NULL)),
        ("table.set, host values", || table("externref", SET_HOST)),
        ("memory.grow 0", || guest_loop("(i32.add (local.get $x) (memory.grow (i32.const 0)))")),
        ("memory.copy, 8 bytes", || bulk(COPY, 8)),
        ("memory.copy, 16 bytes", || bulk(COPY, 16)),
        ("memory.copy, 31 bytes", || bulk(COPY, 31)),
        ("memory.copy, 64 bytes", || bulk(COPY, 64)),
        ("memory.copy, 16 bytes, constant", || bulk("(memory.copy (i32.const 64) (i32.const 128) (i32.const 16))", 0)),
        ("memory.fill, 8 bytes", || bulk(FILL, 8)),
        ("memory.fill, 16 bytes", || bulk(FILL, 16)),
        ("memory.fill, 31 bytes", || bulk(FILL, 31)),
        ("memory.fill, 64 bytes", || bulk(FILL, 64)),
        ("store, made and dropped", store),
        ("instance of a small module, made and dropped", || instances(SMALL, None)),
        ("instance of a small module, made, called and dropped", || instances(SMALL, Some("nop"))),
        ("instance with memory, made, called and dropped", || instances(WITH_MEMORY, Some("touch"))),
        ("instance of a large module, made, called and dropped", || instances(&large(), Some("touch"))),
    ]
}

/// Calls that end by a trap, an error or an exception.
fn ends() -> [(&'static str, Prepare); 16] {
    [
        ("trap, unreachable", || caught("unreachable", Trap::UnreachableCodeReached)),
        ("trap, memory out of bounds", || caught("(drop (i32.load (i32.const 65536)))", Trap::MemoryOutOfBounds)),
        ("trap, division by zero", || {
            caught("(drop (i32.div_u (i32.const 1) (i32.load (i32.const 0))))", Trap::IntegerDivisionByZero)
        }),
        ("trap, quotient out of range", || {
            caught(
                "(drop (i32.div_s (i32.const -2147483648) (i32.sub (i32.load (i32.const 0)) (i32.const 1))))",
                Trap::IntegerOverflow,
            )
        }),
        ("trap, conversion of no number", || {
            caught(
                "(drop (i32.trunc_f32_s (f32.add (f32.const nan) (f32.load (i32.const 0)))))",
                Trap::BadConversionToInteger,
            )
        }),
        ("trap, indirect call of null", || {
            caught("(call_indirect (i32.load (i32.const 0)))", Trap::IndirectCallToNull)
        }),
        ("trap, indirect call of another type", || {
            caught("(call_indirect (param i32) (i32.const 0) (i32.const 1))", Trap::BadSignature)
        }),
        ("trap, indirect call out of bounds", || caught("(call_indirect (i32.const 2))", Trap::TableOutOfBounds)),
        ("error of a host function", host_error),
        ("call within try_table, nothing thrown", || thrown("(i32.add (local.get 0) (i32.const 1))", "$thrower", 0)),
        ("throw and catch, across 1 frame", || thrown(THROW, "$thrower", 0)),
        ("throw and catch, across 10 frames", || thrown(THROW, "$down", 8)),
        ("throw and catch, across 100 frames", || thrown(THROW, "$down", 98)),
        ("throw and catch, across 10 frames that clean up", || thrown(THROW, "$cleaning", 8)),
        ("throw and catch, within a function", || thrown(THROW, "$within", 0)),
        ("throw and catch, through a host function", || thrown(THROW, "$through", 0)),
    ]
}

/// An instance of a module without imports.
fn instantiate(text: &str) -> Result<(Store<()>, Instance), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    Ok((store, instance))
}

fn typed_nop() -> Result<Cross, Error> {
    let (mut store, instance) = instantiate(r#"(module (func (export "nop")))"#)?;
    let nop = instance.get_typed_func::<(), ()>(&mut store, "nop")?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            nop.call(&mut store, ()).expect("it does nothing");
        }
    }))
}

fn untyped_nop() -> Result<Cross, Error> {
    let (mut store, instance) = instantiate(r#"(module (func (export "nop")))"#)?;
    let nop = instance.get_func(&mut store, "nop").ok_or("`nop` is not exported")?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            nop.call(&mut store, &[], &mut []).expect("it does nothing");
        }
    }))
}

const ADD: &str =
    r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;

fn typed_add() -> Result<Cross, Error> {
    let (mut store, instance) = instantiate(ADD)?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    Ok(Box::new(move |times| {
        let mut sum = 0;
        for _ in 0..times {
            sum = add.call(&mut store, (sum, 1)).expect("it only adds");
        }
        assert_eq!(sum, times as i32);
    }))
}

fn untyped_add() -> Result<Cross, Error> {
    let (mut store, instance) = instantiate(ADD)?;
    let add = instance.get_func(&mut store, "add").ok_or("`add` is not exported")?;
    Ok(Box::new(move |times| {
        let mut sum = [Val::I32(0)];
        for _ in 0..times {
            let params = [sum[0], Val::I32(1)];
            add.call(&mut store, &params, &mut sum).expect("it only adds");
        }
        assert_eq!(sum[0].i32(), Some(times as i32));
    }))
}

/// A loop in the guest: `body` has `$n` crossings left and makes the next `$x`, which is to be one more.
fn looping(body: &str) -> String {
    format!(
        "(local $x i32)
         (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
         (loop $again
             (local.set $x {body})
             (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
         (local.get $x)"
    )
}

/// Calls a loop in the guest, whose count of crossings has 32 bits.
fn run_loop<T: 'static>(mut store: Store<T>, run: TypedFunc<i32, i32>) -> Cross {
    Box::new(move |times| {
        let times = i32::try_from(times).expect("nobody has the time for more than two billion crossings");
        assert_eq!(run.call(&mut store, times).expect("the loop ends"), times);
    })
}

/// A guest's loop that calls the host function `step` which `define` defines.
fn host_loop(define: impl FnOnce(&mut Linker<u64>) -> Result<()>) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (import "host" "step" (func $step (param i32) (result i32)))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping("(call $step (local.get $x))")
    );
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut linker = Linker::new(&engine);
    define(&mut linker)?;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    Ok(run_loop(store, run))
}

fn wrap_counting(linker: &mut Linker<u64>) -> Result<()> {
    linker.func_wrap("host", "step", |mut caller: Caller<'_, u64>, x: i32| {
        *caller.data_mut() += 1;
        x + 1
    })?;
    Ok(())
}

fn define_untyped(linker: &mut Linker<u64>) -> Result<()> {
    let ty = FuncType::new(linker.engine(), [ValType::I32], [ValType::I32]);
    linker.func_new("host", "step", ty, |_, params, results| {
        results[0] = Val::I32(params[0].i32().unwrap_or(0) + 1);
        Ok(())
    })?;
    Ok(())
}

/// A guest's loop over functions of its own. `$frame` calls itself in a case that never comes, so that it is no leaf; the table is
/// not exported.
fn guest_loop(body: &str) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (type $step (func (param i32) (result i32)))
            (memory 1)
            (table funcref (elem $a $next $b $c))
            (global $reference (mut (ref null $step)) (ref.func $next))
            (func $next (type $step) (i32.add (local.get 0) (i32.const 1)))
            (func $a (type $step) (i32.sub (local.get 0) (i32.const -1)))
            (func $hop (type $step) (return_call $hop1 (i32.add (local.get 0) (i32.const 1))))
            (func $hop1 (type $step) (return_call $hop2 (i32.add (local.get 0) (i32.const 1))))
            (func $hop2 (type $step) (return_call $next (i32.add (local.get 0) (i32.const 1))))
            (func $b (type $step) (i32.sub (i32.add (local.get 0) (i32.const 3)) (i32.const 2)))
            (func $c (type $step) (i32.xor (i32.sub (i32.const -2) (local.get 0)) (i32.const -1)))
            (func $frame (type $step)
                (if (i32.eq (local.get 0) (i32.const -1)) (then (return (call $frame (i32.const 0)))))
                (i32.add (local.get 0) (i32.const 1)))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping(body)
    );
    // `memory.grow 0` gives the size in pages, which is one.
    let (mut store, instance) = instantiate(&text)?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    Ok(run_loop(store, run))
}

/// A guest's loop over the one function of `text`, which writes the product of its numbers to memory. Their folds are added up; the sum so far is a
/// factor of the next where they are `in_a_row`, else how many turns are left.
fn product(text: &str, in_a_row: bool) -> Result<Cross, Error> {
    const FACTOR: u64 = 0xa076_1d64_78bd_642f;
    const TRIED: i32 = 1000;
    let open = text.trim_end().strip_suffix(')').ok_or("the module does not end")?;
    let factor = if in_a_row { "(local.get $sum)" } else { "(i64.extend_i32_u (local.get $n))" };
    let text = format!(
        r#"{open}
            (func (export "run") (param $n i32) (result i64) (local $sum i64)
                (local.set $sum (i64.const 1))
                (loop $again
                    (call 0 (i32.const 64) {factor} (i64.const 0) (i64.const {FACTOR}) (i64.const 0))
                    (local.set $sum (i64.add (local.get $sum)
                        (i64.xor (i64.load (i32.const 64)) (i64.load offset=8 (i32.const 64)))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum)))"#
    );
    let (mut store, instance) = instantiate(&text)?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    let sum = (1..=TRIED as u64).rev().fold(1_u64, |sum, left| {
        let whole = u128::from(if in_a_row { sum } else { left }) * u128::from(FACTOR);
        sum.wrapping_add(whole as u64 ^ (whole >> 64) as u64)
    });
    if run.call(&mut store, TRIED)? as u64 != sum {
        return Err("the products are wrong".into());
    }
    Ok(Box::new(move |times| {
        let times = i32::try_from(times).expect("nobody has the time for more than two billion crossings");
        black_box(run.call(&mut store, times).expect("the loop ends"));
    }))
}

/// A guest's loop in a module of this text, which imports `step` of another instance.
fn beside_another(text: &str) -> Result<Cross, Error> {
    let step = r#"(module (func (export "step") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#;
    let (mut store, other) = instantiate(step)?;
    let engine = store.engine().clone();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let step = other.get_func(&mut store, "step").ok_or("`step` is not exported")?;
    let instance = Instance::new(&mut store, &module, &[step.into()])?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    Ok(run_loop(store, run))
}

/// A guest's loop that calls a function of another instance.
fn other_instance() -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (import "other" "step" (func $step (param i32) (result i32)))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping("(call $step (local.get $x))")
    );
    beside_another(&text)
}

/// A guest's loop over a global that has a reference to a function of another instance.
fn foreign_reference(body: &str) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (type $step (func (param i32) (result i32)))
            (import "other" "step" (func $other (type $step)))
            (global $reference (mut (ref null $step)) (ref.func $other))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping(body)
    );
    beside_another(&text)
}

/// An entry of a table of functions is set to a function.
const SET_FUNCTION: &str =
    "(block (result i32) (table.set $t (i32.and (local.get $x) (i32.const 3)) (global.get $f)) (i32.const 1))";
/// The same, to null.
const SET_NULL: &str =
    "(block (result i32) (table.set $t (i32.and (local.get $x) (i32.const 3)) (ref.null func)) (i32.const 1))";
/// An entry of a table of the host's values is set, to null.
const SET_HOST: &str =
    "(block (result i32) (table.set $t (i32.and (local.get $x) (i32.const 3)) (ref.null extern)) (i32.const 1))";

/// A guest's loop over a table of four nulls that others can see, where `one` comes to 1.
fn table(element: &str, one: &str) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (table $t (export "table") 4 8 {element})
            (global $f (mut funcref) (ref.func $f))
            (func $f (export "f"))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping(&format!("(i32.add (local.get $x) {one})"))
    );
    let (mut store, instance) = instantiate(&text)?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    Ok(run_loop(store, run))
}

const COPY: &str = "(memory.copy (i32.const 64) (i32.const 128) (local.get $length))";
const FILL: &str = "(memory.fill (i32.const 64) (i32.const 7) (local.get $length))";

/// A guest's loop of a bulk operation, the length of which is the second parameter.
fn bulk(operation: &str, length: i32) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (memory 1)
            (func (export "run") (param $n i32) (param $length i32) (result i32) {}))"#,
        looping(&format!("(block (result i32) {operation} (i32.add (local.get $x) (i32.const 1)))"))
    );
    let (mut store, instance) = instantiate(&text)?;
    let run = instance.get_typed_func::<(i32, i32), i32>(&mut store, "run")?;
    Ok(Box::new(move |times| {
        let times = i32::try_from(times).expect("nobody has the time for more than two billion crossings");
        assert_eq!(run.call(&mut store, (times, black_box(length))).expect("it stays in bounds"), times);
    }))
}

/// A call that ends in a trap.
fn caught(body: &str, trap: Trap) -> Result<Cross, Error> {
    let text =
        format!(r#"(module (memory 1) (table 2 2 funcref) (elem (i32.const 1) 0) (func (export "run") {body}))"#);
    let (mut store, instance) = instantiate(&text)?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            let error = run.call(&mut store, ()).expect_err("it traps");
            assert_eq!(error.downcast_ref::<Trap>(), Some(&trap));
        }
    }))
}

/// A call that ends in an error of the host function that it calls.
fn host_error() -> Result<Cross, Error> {
    let engine = Engine::default();
    let text = r#"(module (import "host" "fail" (func $fail)) (func (export "run") (call $fail)))"#;
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut store = Store::new(&engine, ());
    let fail = Func::wrap(&mut store, || -> Result<()> { Err(Trap::Interrupt.into()) });
    let instance = Instance::new(&mut store, &module, &[fail.into()])?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            let error = run.call(&mut store, ()).expect_err("the host function fails");
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        }
    }))
}

/// Ends a function by an exception with a value one larger than what it was given.
const THROW: &str = "(throw $t (i32.add (local.get 0) (i32.const 1)))";

/// A guest's loop around a `try_table`, in which it calls `callee`: `$thrower` does `body`; `$down` calls it across as many frames more as
/// `depth` says, and one; `$cleaning` likewise, each catching and throwing again; `$within` throws and catches alone; `$through` has the
/// host call it.
fn thrown(body: &str, callee: &str, depth: u32) -> Result<Cross, Error> {
    let text = format!(
        r#"(module
            (import "host" "pass" (func $pass (param i32) (result i32)))
            (tag $t (param i32))
            (func $thrower (export "thrower") (param i32 i32) (result i32) {body})
            (func $down (param i32 i32) (result i32)
                (if (i32.eqz (local.get 1)) (then (return (i32.mul (call $thrower (local.get 0) (i32.const 0)) (i32.const 3)))))
                (i32.mul (call $down (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (i32.const 3)))
            (func $cleaning (param i32 i32) (result i32)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h)
                        (if (i32.eqz (local.get 1)) (then (return (call $thrower (local.get 0) (i32.const 0)))))
                        (return (i32.mul (call $cleaning (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (i32.const 3))))
                    (unreachable))
                (throw_ref))
            (func $within (param i32 i32) (result i32)
                (block $h (result i32) (try_table (catch $t $h) (throw $t (i32.add (local.get 0) (i32.const 1)))) (unreachable)))
            (func $through (param i32 i32) (result i32) (i32.mul (call $pass (local.get 0)) (i32.const 3)))
            (func (export "run") (param $n i32) (result i32) {}))"#,
        looping(&format!(
            "(block $h (result i32) (try_table (result i32) (catch $t $h) (call {callee} (local.get $x) (i32.const {depth}))))"
        ))
    );
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut store = Store::new(&engine, None::<TypedFunc<(i32, i32), i32>>);
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "pass", |mut caller: Caller<'_, Option<TypedFunc<(i32, i32), i32>>>, x: i32| {
        #[allow(clippy::clone_on_copy, reason = "one of the engines has functions that are not Copy")]
        let thrower = caller.data().clone().expect("it is called once it is there");
        thrower.call(&mut caller, (x, 0))
    })?;
    let instance = linker.instantiate(&mut store, &module)?;
    let thrower = instance.get_typed_func::<(i32, i32), i32>(&mut store, "thrower")?;
    *store.data_mut() = Some(thrower);
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    Ok(run_loop(store, run))
}

fn store() -> Result<Cross, Error> {
    let engine = Engine::default();
    Ok(Box::new(move |times| {
        for _ in 0..times {
            drop(black_box(Store::new(&engine, ())));
        }
    }))
}

const SMALL: &str = r#"(module (func (export "nop")))"#;

const WITH_MEMORY: &str = r#"(module
    (memory (export "memory") 17)
    (data (i32.const 1024) "a few bytes of data")
    (global $calls (mut i32) (i32.const 0))
    (table funcref (elem $touch))
    (func $touch (export "touch")
        (global.set $calls (i32.const 1))
        (i32.store (i32.const 4096) (i32.load (i32.const 1024)))))"#;

/// A module as compilers of languages make them: several hundred functions of which a table has most, globals, and data of a megabyte.
fn large() -> String {
    let functions: String = (0..400)
        .map(|number| {
            format!("(func $f{number} (param i32) (result i32) (i32.add (local.get 0) (i32.const {number})))")
        })
        .collect();
    let elements: String = (0..300).map(|number| format!(" $f{number}")).collect();
    let globals: String = (0..20).map(|number| format!("(global (mut i32) (i32.const {number}))")).collect();
    let data = "sixteen letters.".repeat(1 << 16);
    format!(
        r#"(module
            (memory (export "memory") 32)
            (data (i32.const 1024) "{data}")
            {globals}
            (table funcref (elem{elements}))
            {functions}
            (func $touch (export "touch")
                (i32.store (i32.const 4096) (call_indirect (param i32) (result i32) (i32.load (i32.const 1024)) (i32.const 7)))))"#
    )
}

/// Stores with an instance each, of which a function is called.
fn instances(text: &str, call: Option<&'static str>) -> Result<Cross, Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let prepared: InstancePre<()> = Linker::new(&engine).instantiate_pre(&module)?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            let mut store = Store::new(&engine, ());
            let instance = prepared.instantiate(&mut store).expect("it has no imports");
            if let Some(name) = call {
                let call = instance.get_typed_func::<(), ()>(&mut store, name).expect("it is exported");
                call.call(&mut store, ()).expect("it does not trap");
            }
        }
    }))
}
