//! Fuel: what each construct costs, that nothing unpaid runs, and that a store is as good as before when it has run out. The same over random
//! modules, settings and machines is `tests/fuel.rs` of the workspace.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};
use tancho::{AsContextMut, Caller, Config, Engine, Error, Instance, Linker, Module, OptLevel, Result, Store, Trap};

fn engine() -> Engine {
    Engine::new(Config::new().consume_fuel(true)).unwrap()
}

/// Every setting that changes how code comes about.
fn engines() -> Vec<Engine> {
    let settings: [fn(&mut Config); 8] = [
        |_| {},
        |config| {
            config.cranelift_opt_level(OptLevel::None);
        },
        |config| {
            config.signals_based_traps(false);
        },
        |config| {
            config.interruption(false);
        },
        |config| {
            config.belt(true);
        },
        |config| {
            config.memory_reservation(0).memory64_reservation(0);
        },
        |config| {
            config.gc_zeal(true);
        },
        |config| {
            config.cranelift_regalloc_algorithm(tancho::RegallocAlgorithm::SinglePass);
        },
    ];
    let engine = |set: fn(&mut Config)| {
        let mut config = Config::new();
        config.consume_fuel(true).wasm_custom_page_sizes(true).cranelift_debug_verifier(true);
        set(&mut config);
        Engine::new(&config).unwrap()
    };
    settings.map(engine).into()
}

fn is_out(error: &Error) -> bool {
    error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel)
}

/// What the function `f` of a module consumes with the argument.
fn consumed(engine: &Engine, text: &str, argument: i32, fuel: u64) -> (Result<()>, u64) {
    let module = Module::new(engine, text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "nothing", || ()).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 0, "instantiation asks for none");
    store.set_fuel(fuel).unwrap();
    let f = instance.get_func(&mut store, "f").unwrap();
    let result = f.call(&mut store, &[argument.into()], &mut []);
    (result, fuel - store.get_fuel().unwrap())
}

/// The body of a function of one `i32`, an argument, and what a call costs: 1 for the entry, and what is executed.
const COSTS: &[(&str, i32, u64)] = &[
    ("", 0, 1),
    ("(nop) (nop) (block (loop))", 0, 1),
    ("(drop (i32.const 1))", 0, 2),
    ("(drop (i32.add (local.get 0) (i32.const 1)))", 0, 4),
    // What is not executed is not paid for.
    ("(return) (drop (i32.add (local.get 0) (i32.const 1)))", 0, 1),
    ("(block (br 0) (drop (i32.const 1))) (drop (i32.const 1))", 0, 3),
    ("(if (local.get 0) (then (drop (i32.const 1))) (else (call $g)))", 1, 1 + 2 + 1),
    ("(if (local.get 0) (then (drop (i32.const 1))) (else (call $g)))", 0, 1 + 2 + 1 + 3),
    ("(if (local.get 0) (then (drop (i32.const 1))))", 0, 1 + 2),
    ("(if (local.get 0) (then (return))) (drop (i32.const 1))", 7, 1 + 2),
    ("(block (br_if 0 (local.get 0)) (drop (i32.const 1)) (drop (i32.const 1)))", 1, 1 + 2),
    ("(block (br_if 0 (local.get 0)) (drop (i32.const 1)) (drop (i32.const 1)))", 0, 1 + 2 + 2),
    // A turn: local.get, i32.const, i32.sub, local.tee, br_if.
    ("(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))", 10, 1 + 10 * 5),
    ("(loop (param) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))", 1000, 1 + 1000 * 5),
    // With a parameter and a result: i32.const; i32.const, i32.add, and the five; drop nothing.
    (
        "(i32.const 0) (loop (param i32) (result i32) (i32.add (i32.const 1)) \
         (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (drop)",
        10,
        1 + 1 + 10 * 7,
    ),
    (
        "(block (block (block (br_table 0 1 2 (local.get 0))) (drop (i32.const 1))) (drop (i32.const 1)))",
        0,
        1 + 2 + 1 + 1,
    ),
    ("(block (block (block (br_table 0 1 2 (local.get 0))) (drop (i32.const 1))) (drop (i32.const 1)))", 1, 1 + 2 + 1),
    ("(block (block (block (br_table 0 1 2 (local.get 0))) (drop (i32.const 1))) (drop (i32.const 1)))", -1, 1 + 2),
    // A call, and what it calls: an entry, i32.const, i32.const.
    ("(call $g)", 0, 1 + 1 + 3),
    ("(return_call $g)", 0, 1 + 1 + 3),
    ("(call_indirect (i32.const 0))", 0, 1 + 2 + 3),
    ("(return_call_indirect (i32.const 0))", 0, 1 + 2 + 3),
    ("(call_ref $nothing (ref.func $g))", 0, 1 + 2 + 3),
    ("(return_call_ref $nothing (ref.func $g))", 0, 1 + 2 + 3),
    // The host's function costs the call alone.
    ("(call $host)", 0, 1 + 1),
    ("(return_call $host)", 0, 1 + 1),
    // By size: three operands, the operator, an eighth of the bytes.
    ("(memory.fill (i32.const 0) (i32.const 0) (local.get 0))", 0, 1 + 4),
    ("(memory.fill (i32.const 0) (i32.const 0) (local.get 0))", 7, 1 + 4),
    ("(memory.fill (i32.const 0) (i32.const 0) (local.get 0))", 8, 1 + 4 + 1),
    ("(memory.fill (i32.const 0) (i32.const 0) (local.get 0))", 65536, 1 + 4 + 8192),
    ("(memory.fill (i32.const 0) (i32.const 0) (i32.const 64))", 0, 1 + 4 + 8),
    ("(memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))", 0, 1 + 4 + 8192),
    ("(memory.copy (i32.const 0) (i32.const 8) (local.get 0))", 800, 1 + 4 + 100),
    ("(memory.copy (i32.const 0) (i32.const 8) (i32.const 16))", 0, 1 + 4 + 2),
    ("(memory.init $bytes (i32.const 0) (i32.const 0) (local.get 0))", 16, 1 + 4 + 2),
    ("(drop (memory.grow (local.get 0)))", 0, 1 + 2),
    ("(drop (memory.grow (local.get 0)))", 1, 1 + 2 + 8192),
    ("(drop (memory.grow (local.get 0)))", 2, 1 + 2 + 2 * 8192),
    // For more the type has no room.
    ("(drop (memory.grow (local.get 0)))", 3, 1 + 2),
    ("(drop (memory.grow (local.get 0)))", -1, 1 + 2),
    ("(drop (memory.grow (i32.const 65536)))", 0, 1 + 2),
    ("(drop (memory.grow $wide (i64.extend_i32_s (local.get 0))))", -1, 1 + 3),
    ("(drop (memory.grow $wide (i64.const 2)))", 0, 1 + 2),
    ("(drop (table.grow $t (ref.null func) (local.get 0)))", 97, 1 + 3),
    ("(drop (table.grow $t (ref.null func) (local.get 0)))", -1, 1 + 3),
    ("(drop (memory.grow $small (local.get 0)))", 80, 1 + 2 + 10),
    ("(drop (memory.grow $wide (i64.extend_i32_u (local.get 0))))", 1, 1 + 3 + 8192),
    ("(drop (memory.grow $wide (i64.extend_i32_u (local.get 0))))", 2, 1 + 3),
    ("(drop (table.grow $t (ref.null func) (local.get 0)))", 5, 1 + 3 + 5),
    ("(table.fill $t (i32.const 0) (ref.null func) (local.get 0))", 3, 1 + 4 + 3),
    ("(table.copy $t $t (i32.const 0) (i32.const 0) (local.get 0))", 3, 1 + 4 + 3),
    ("(table.init $t $e (i32.const 0) (i32.const 0) (local.get 0))", 1, 1 + 4 + 1),
    ("(drop (array.new $bytes8 (i32.const 1) (local.get 0)))", 24, 1 + 3 + 3),
    ("(drop (array.new_default $refs (local.get 0)))", 24, 1 + 2 + 24),
    ("(drop (array.new_default $vectors (local.get 0)))", 24, 1 + 2 + 48),
    ("(drop (array.new_fixed $refs 2 (ref.null any) (ref.null any)))", 0, 1 + 3 + 2),
    ("(drop (struct.new_default $pair))", 0, 1 + 1 + 1),
    ("(drop (struct.new $pair (i32.const 1) (i32.const 2)))", 0, 1 + 3),
    // Thrown and caught: the throw; behind the label, i32.const.
    ("(block (try_table (catch_all 0) (throw $e))) (drop (i32.const 1))", 0, 1 + 1 + 1),
    ("(block (try_table (catch_all 0) (call $throws) (drop (i32.const 1)))) (drop (i32.const 1))", 0, 1 + 2 + 2 + 1),
    ("try call $throws catch $e i32.const 1 drop catch_all call $g end", 0, 1 + 1 + 2 + 1),
    ("try throw $e catch_all i32.const 1 drop end i32.const 1 drop", 0, 1 + 1 + 1 + 1),
    ("try try call $throws delegate 0 catch_all end i32.const 1 drop", 0, 1 + 1 + 2 + 1),
    ("loop try throw $e catch_all local.get 0 i32.const 1 i32.sub local.tee 0 br_if 1 end end", 3, 1 + 3 * 6),
];

/// A module with the function and what it may use.
fn with(body: &str) -> String {
    format!(
        r#"(module
            (type $nothing (func))
            (type $bytes8 (array (mut i8)))
            (type $refs (array (mut anyref)))
            (type $vectors (array (mut v128)))
            (type $pair (struct (field i32 i32)))
            (import "host" "nothing" (func $host))
            (memory 1 3) (memory $small 0 100 (pagesize 1)) (memory $wide i64 1 2)
            (table $t 4 100 funcref)
            (elem $e func $g)
            (elem (table $t) (i32.const 0) func $g)
            (data $bytes "0123456789abcdef")
            (tag $e)
            (func $g (drop (i32.const 1)) (drop (i32.const 2)))
            (func $throws (throw $e))
            (func (export "f") (param i32) {body}))"#
    )
}

#[test]
fn each_construct_costs_what_is_written() {
    for engine in engines() {
        for (body, argument, cost) in COSTS {
            let text = with(body);
            let (result, found) = consumed(&engine, &text, *argument, 1 << 40);
            result.unwrap_or_else(|error| panic!("{body} ({argument}): {error:?}"));
            assert_eq!(found, *cost, "{body} ({argument})");
            // That is enough, and one less is not: then all of it is gone.
            let (result, found) = consumed(&engine, &text, *argument, *cost);
            result.unwrap_or_else(|error| panic!("{body} ({argument}) with {cost}: {error:?}"));
            assert_eq!(found, *cost, "{body} ({argument})");
            let (result, found) = consumed(&engine, &text, *argument, cost - 1);
            let error = result.expect_err(body);
            assert!(is_out(&error), "{body} ({argument}): {error:?}");
            assert_eq!(found, cost - 1, "{body} ({argument})");
        }
    }
}

/// A store with this fuel, and the function `f` of a module in it, called.
fn call(engine: &Engine, text: &str, fuel: u64) -> (Result<()>, Store<()>) {
    let module = Module::new(engine, text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    store.set_fuel(fuel).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let result = f.call(&mut store, ());
    (result, store)
}

#[test]
fn whatever_runs_for_ever_runs_out() {
    let endless = [
        "(func $f (export \"f\") (loop $l (br $l)))",
        "(func $f (export \"f\") (loop $l (br_if $l (i32.const 1))))",
        "(func $f (export \"f\") (loop $l (br_table $l $l (i32.const 0))))",
        "(func $f (export \"f\") (loop $l (loop (br $l))))",
        "(func $f (export \"f\") (loop $l (block (loop (br_if $l (i32.const 1)))) (br $l)))",
        "(func $f (export \"f\") (i32.const 0) (loop $l (param i32) (br $l)))",
        "(func $f (export \"f\") (return_call $f))",
        "(func $f (export \"f\") (return_call $g)) (func $g (return_call $f))",
        "(type $t (func)) (table funcref (elem $f)) (func $f (export \"f\") (return_call_indirect (i32.const 0)))",
        "(type $t (func)) (elem declare func $f) (func $f (export \"f\") (return_call_ref $t (ref.func $f)))",
        "(tag $e) (func $f (export \"f\") (loop $l (block $b (try_table (catch $e $b) (throw $e))) (br $l)))",
        "(tag $e) (func $f (export \"f\") (loop $l (try_table (catch_all $l) (throw $e))))",
        "(tag $e) (func $g (throw $e)) (func $f (export \"f\") (loop $l (try_table (catch_all $l) (call $g))))",
        "(tag $e) (func $f (export \"f\") loop $l try throw $e catch $e br $l end end)",
        "(tag $e) (func $g (throw $e)) (func $f (export \"f\") loop $l try call $g catch_all br $l end end)",
        "(func $f (export \"f\") (loop $l (unreachable) (br $l)) (nop))",
    ];
    for engine in engines() {
        for text in endless {
            let (result, store) = call(&engine, &format!("(module {text})"), 100_000);
            let error = result.expect_err(text);
            if text.contains("unreachable") {
                assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
                assert_eq!(store.get_fuel().unwrap(), 99_999);
                continue;
            }
            assert!(is_out(&error), "{text}: {error:?}");
            assert!(
                error.to_string().contains("all fuel consumed by WebAssembly")
                    || format!("{error:?}").contains("all fuel consumed")
            );
            assert_eq!(store.get_fuel().unwrap(), 0, "{text}");
        }
    }
}

#[test]
fn recursion_ends_by_fuel_or_by_the_stack() {
    for engine in engines() {
        let text = "(module (func $f (export \"f\") (call $f)))";
        let (result, store) = call(&engine, text, 1000);
        assert!(is_out(&result.unwrap_err()));
        assert_eq!(store.get_fuel().unwrap(), 0);
        let (result, store) = call(&engine, text, u64::MAX);
        assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
        let left = store.get_fuel().unwrap();
        assert!(left < u64::MAX - 2000 && left > u64::MAX - (1 << 30), "{left}");
    }
}

#[test]
fn nothing_is_done_that_is_not_paid_for() {
    let texts = [
        "(memory 65536) (func (export \"f\") (memory.fill (i32.const 0) (i32.const 1) (i32.const -1)))",
        "(memory 65536) (func (export \"f\") (memory.copy (i32.const 0) (i32.const 1) (i32.const -2)))",
        "(memory i64 65536) (func (export \"f\") (memory.fill (i64.const 0) (i32.const 1) (i64.const 0xffffffff)))",
        "(memory i64 65536) (func (export \"f\") (memory.fill (i64.const 0) (i32.const 1) (i64.const -1)))",
        "(memory 0) (func (export \"f\") (drop (memory.grow (i32.const 65536))))",
        "(memory i64 0) (func (export \"f\") (drop (memory.grow (i64.const 0xffffffffffff))))",
        "(memory i64 0 5000000) (func (export \"f\") (drop (memory.grow (i64.const 5000000))))",
        "(table 0 funcref) (func (export \"f\") (drop (table.grow (ref.null func) (i32.const 10000000))))",
        "(table i64 0 funcref) (func (export \"f\") (drop (table.grow (ref.null func) (i64.const 10000000))))",
        "(type $a (array i8)) (func (export \"f\") (drop (array.new_default $a (i32.const 0x7fffffff))))",
        "(type $a (array v128)) (func (export \"f\") (drop (array.new_default $a (i32.const -1))))",
    ];
    for engine in engines() {
        for text in texts {
            let start = Instant::now();
            let (result, mut store) = call(&engine, &format!("(module {text})"), 100_000);
            let error = result.expect_err(text);
            assert!(is_out(&error), "{text}: {error:?}");
            assert_eq!(store.get_fuel().unwrap(), 0);
            assert!(start.elapsed() < Duration::from_secs(2), "{text}");
            store.set_fuel(7).unwrap();
            assert_eq!(store.get_fuel().unwrap(), 7);
        }
    }
}

#[test]
fn what_no_memory_or_table_of_the_type_can_have_costs_nothing() {
    let texts = [
        "(memory 1) (func (export \"f\") (drop (memory.grow (i32.const 65536))))",
        "(memory 2 5) (func (export \"f\") (drop (memory.grow (i32.const 4))))",
        "(memory 2 5) (func (export \"f\") (local i32) (drop (memory.grow (i32.sub (local.get 0) (i32.const 1)))))",
        "(memory 2 5 (pagesize 1)) (func (export \"f\") (drop (memory.grow (i32.const -1))))",
        "(memory i64 0) (func (export \"f\") (drop (memory.grow (i64.const -1))))",
        "(memory i64 0) (func (export \"f\") (local i64) (drop (memory.grow (i64.sub (local.get 0) (i64.const 1)))))",
        "(memory i64 0) (func (export \"f\") (drop (memory.grow (i64.const 0x8000000000001))))",
        "(memory i64 1) (func (export \"f\") (drop (memory.grow (i64.const 0x1000000000000))))",
        "(table 1 funcref) (func (export \"f\") (drop (table.grow (ref.null func) (i32.const 10000000))))",
        "(table 1 3 externref) (func (export \"f\") (drop (table.grow (ref.null extern) (i32.const 3))))",
        "(table i64 0 funcref) (func (export \"f\") (drop (table.grow (ref.null func) (i64.const -1))))",
    ];
    for engine in engines() {
        for text in texts {
            let (result, store) = call(&engine, &format!("(module {text})"), 100_000);
            result.expect(text);
            assert!((99_990..100_000).contains(&store.get_fuel().unwrap()), "{text}");
        }
    }
}

#[test]
fn a_trap_leaves_what_has_not_been_paid() {
    // Up to the access 1 and three; behind it is a segment that is not begun.
    let traps = [
        ("(drop (i32.load (i32.const -4)))", 1 + 2),
        ("(drop (i32.div_s (i32.const 1) (local.get 0)))", 1 + 3),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", 1 + 2),
        ("(drop (ref.as_non_null (ref.null any)))", 1 + 2),
        ("(drop (i32.const 1)) (unreachable)", 1 + 1),
        ("(throw $e)", 1 + 1),
        ("(call_indirect (i32.const 3))", 1 + 2),
        ("(drop (i32.const 1)) (block (br_if 0 (local.get 0)) (unreachable))", 1 + 1 + 2),
        // A loop that does nothing else counts in a register.
        (
            "(local i32) (loop (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 100)))) (unreachable)",
            1 + 700,
        ),
        (
            "(local i32) (loop (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 100)))) (call $u)",
            1 + 700 + 1 + 1,
        ),
    ];
    for engine in engines() {
        for (body, cost) in traps {
            let text = format!(
                r#"(module (memory 1) (table 4 funcref) (tag $e) (func $u (unreachable)) (func $g (export "g") (param i32) {body})
                (func (export "f") (call $g (i32.const 0))))"#
            );
            let (result, store) = call(&engine, &text, 10_000);
            let error = result.expect_err(body);
            assert!(!is_out(&error), "{body}: {error:?}");
            assert_eq!(10_000 - store.get_fuel().unwrap(), cost + 1 + 2, "{body}");
        }
    }
}

#[test]
fn the_host_sees_and_sets_it_during_a_call() {
    for engine in engines() {
        let mut linker = Linker::<Vec<u64>>::new(&engine);
        linker
            .func_wrap("host", "look", |mut caller: Caller<'_, Vec<u64>>| {
                let left = caller.get_fuel().unwrap();
                caller.data_mut().push(left);
            })
            .unwrap();
        linker
            .func_wrap("host", "set", |mut caller: Caller<'_, Vec<u64>>, fuel: i64| {
                caller.set_fuel(fuel as u64).unwrap()
            })
            .unwrap();
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Vec<u64>>| -> Result<()> {
                let left = caller.as_context_mut().get_fuel()?;
                let g = caller.get_export("g").and_then(|g| g.into_func()).unwrap();
                g.call(&mut caller, &[], &mut [])?;
                assert_eq!(caller.get_fuel()?, left - 2);
                Ok(())
            })
            .unwrap();
        let text = r#"(module
            (import "host" "look" (func $look)) (import "host" "set" (func $set (param i64)))
            (import "host" "again" (func $again))
            (func (export "g") (drop (i32.const 1)))
            (func (export "f") (local i32)
                (call $look)
                (loop (call $look) (drop (i32.const 1)) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3))))
                (call $set (i64.const 50)) (call $look)
                (call $again) (call $look)
                (call $set (i64.const -1)) (call $look)
                (call $set (i64.const 3))
                (block (br 0)) (drop (i32.const 1)) (call $look)))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, Vec::new());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        store.set_fuel(1000).unwrap();
        let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        f.call(&mut store, ()).unwrap();
        // The entry and a call; turns of nine; the segment behind the loop, of which what is set is free.
        let turn = 998 - 9;
        assert_eq!(
            *store.data(),
            [998, turn, turn - 9, turn - 18, 50, 48, u64::MAX, 1],
            "a call is paid for where its segment begins"
        );
        assert_eq!(store.get_fuel().unwrap(), 1);
    }
}

#[test]
fn a_start_function_pays_and_instantiation_does_not() {
    let engine = engine();
    let text = r#"(module (memory 1) (data (i32.const 0) "0123456789") (global i32 (i32.add (i32.const 1) (i32.const 2)))
        (table 1 funcref) (elem (i32.const 0) func $s)
        (func $s (drop (i32.const 1))) (start $s))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert!(is_out(&error), "{error:?}");
    store.set_fuel(2).unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(store.get_fuel().unwrap(), 0);
}

#[test]
fn it_is_an_error_where_none_is_consumed() {
    let mut store = Store::new(&Engine::default(), ());
    for error in [store.get_fuel().unwrap_err(), store.set_fuel(1).unwrap_err()] {
        assert!(error.to_string().contains("fuel is not configured in this store"), "{error}");
    }
}

#[test]
fn a_module_compiled_otherwise_is_refused() {
    let with = engine();
    let without = Engine::default();
    let image = without.precompile_module(b"\0asm\x01\0\0\0").unwrap();
    let error = Module::deserialize(&with, &image).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error:?}");
    let levels = Engine::new(Config::new().consume_fuel(true).cranelift_opt_level(OptLevel::None)).unwrap();
    assert!(Module::deserialize(&levels, &image).is_err());
}
