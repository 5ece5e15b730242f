//! Tail calls: constant stack over a hundred million of them, arguments and results on the stack in every mixture, hosts and other
//! instances as callees, traps and their backtraces, and an overflow in the middle of making room for arguments.

use std::fmt::Write;
use tancho::{Engine, FuncType, Instance, Linker, Module, Store, Trap, Val, ValType, WasmBacktrace};

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(store.engine(), text).expect("it compiles");
    Instance::new(store, &module, &[]).expect("it has no imports")
}

fn names(error: &tancho::Error) -> Vec<String> {
    let trace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
    trace.frames().iter().map(|frame| frame.func_name().unwrap_or("?").to_owned()).collect()
}

/// Each on 256 KiB of stack, which a frame per call would exhaust within ten thousand.
#[test]
fn a_hundred_million_calls_take_no_stack() {
    let run = || {
        let mut store = Store::new(&Engine::default(), ());
        let instance = instance(
            &mut store,
            r#"(module
                (type $t (func (param i64 i64) (result i64)))
                (table funcref (elem $a $b))
                (func $count (export "direct") (type $t)
                    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
                    (return_call $count (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0))))
                (func $a (export "indirect") (type $t)
                    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
                    (return_call_indirect (type $t) (i64.sub (local.get 0) (i64.const 1))
                        (i64.add (local.get 1) (local.get 0)) (i32.const 1)))
                (func $b (type $t)
                    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
                    (return_call_indirect (type $t) (i64.sub (local.get 0) (i64.const 1))
                        (i64.add (local.get 1) (local.get 0)) (i32.const 0)))
                ;; The argument area grows and shrinks at each of them.
                (func $few (export "growing") (type $t)
                    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
                    (return_call $many (local.get 0) (local.get 1) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)
                        (i64.const 0) (i64.const 0) (i64.const 0) (local.get 0)))
                (func $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
                    (return_call $few (i64.sub (local.get 9) (i64.const 1)) (i64.add (local.get 1) (local.get 0)))))"#,
        );
        for (name, count) in [("direct", 100_000_000_u64), ("indirect", 10_000_000), ("growing", 10_000_000)] {
            let function = instance.get_typed_func::<(u64, u64), u64>(&mut store, name).expect("it is exported");
            let start = std::time::Instant::now();
            assert_eq!(function.call(&mut store, (count, 0)).expect("no overflow"), count * (count + 1) / 2, "{name}");
            println!("{name}: {count} tail calls in {:?}", start.elapsed());
        }
    };
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(run)
        .expect("a thread can be started")
        .join()
        .expect("all counts are right");
}

const TYPES: [&str; 4] = ["i32", "i64", "f32", "f64"];
const STEPS: usize = 40;

/// Pseudo-random numbers (a linear congruential generator), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }
}

/// A function of a chain: its parameters, each a type and the value that the model says it is called with.
type Step = Vec<(usize, u32)>;

/// The expressions for values of `types` that are constants or parameters of `step`, and the values.
fn choose(numbers: &mut Numbers, step: &Step, types: &[usize]) -> (String, Step) {
    let (mut text, mut values) = (String::new(), Step::new());
    for ty in types {
        let same: Vec<usize> = (0..step.len()).filter(|param| step[*param].0 == *ty).collect();
        if same.is_empty() || numbers.below(8) == 0 {
            let constant = numbers.below(1 << 20) as u32;
            write!(text, "({}.const {constant})", TYPES[*ty]).expect("writing to a string");
            values.push((*ty, constant));
        } else {
            let param = same[numbers.below(same.len())];
            write!(text, "(local.get {param})").expect("writing to a string");
            values.push(step[param]);
        }
    }
    (text, values)
}

/// A chain of functions with random parameters, each of which calls the next by a tail call, and what the last one returns.
fn chain(seed: u64, results: usize, indirect: bool) -> (String, Step) {
    let mut numbers = Numbers(seed);
    let types = |numbers: &mut Numbers, count| (0..count).map(|_| numbers.below(4)).collect::<Vec<usize>>();
    let list = |types: &[usize]| types.iter().map(|ty| format!(" {}", TYPES[*ty])).collect::<String>();
    let results = types(&mut numbers, results);
    let mut text = format!("(module (table {STEPS} funcref)\n");
    let mut step: Step = Vec::new();
    for position in 0..STEPS {
        let params: Vec<usize> = step.iter().map(|param| param.0).collect();
        let next = if numbers.below(3) == 0 { numbers.below(4) } else { numbers.below(40) };
        let next = types(&mut numbers, next);
        let last = position + 1 == STEPS;
        let (arguments, values) = choose(&mut numbers, &step, if last { &results } else { &next });
        let transfer = match (last, indirect) {
            (true, _) => String::new(),
            (false, false) => format!("return_call {}", position + 1),
            (false, true) => format!(
                "i32.const {} return_call_indirect (param{}) (result{})",
                position + 1,
                list(&next),
                list(&results)
            ),
        };
        writeln!(
            text,
            "(func (param{}) (result{}) {arguments} {transfer}) (elem (i32.const {position}) {position})",
            list(&params),
            list(&results)
        )
        .expect("writing to a string");
        step = values;
    }
    // Values that stay on the stack around two calls show whether it is as it was after each.
    let set = |start: usize| -> String {
        (start..start + results.len()).rev().map(|local| format!("(local.set {local})")).collect()
    };
    let locals = list(&results);
    let get: String = (0..2 * results.len()).map(|local| format!("(local.get {local})")).collect();
    writeln!(
        text,
        "(func (export \"run\") (result i64{locals}{locals}) (local{locals}{locals})
            (i64.const 77) (call 0) {} (call 0) {} {get}))",
        set(0),
        set(results.len())
    )
    .expect("writing to a string");
    (text, step)
}

fn number(value: &Val) -> u32 {
    match value {
        Val::I32(value) => *value as u32,
        Val::I64(value) => *value as u32,
        Val::F32(bits) => f32::from_bits(*bits) as u32,
        Val::F64(bits) => f64::from_bits(*bits) as u32,
        other => panic!("{other:?} is no number"),
    }
}

#[test]
fn arguments_and_results_of_every_mixture_arrive() {
    let mut calls = 0;
    for seed in 0..48 {
        // None, in registers, and through a hidden pointer.
        for results in [0, 1, 7, 30] {
            for indirect in [false, true] {
                let (text, expected) = chain(seed, results, indirect);
                let mut store = Store::new(&Engine::default(), ());
                let instance = instance(&mut store, &text);
                let run = instance.get_func(&mut store, "run").expect("it is exported");
                let mut found = vec![Val::I32(0); 1 + 2 * results];
                run.call(&mut store, &[], &mut found).unwrap_or_else(|error| panic!("{error:?} in {text}"));
                let expected: Vec<u32> = expected.iter().map(|value| value.1).collect();
                let found: Vec<u32> = found.iter().map(number).collect();
                assert_eq!(found[0], 77);
                assert_eq!(&found[1..=results], expected, "{text}");
                assert_eq!(&found[1 + results..], expected, "{text}");
                calls += 2 * (STEPS - 1);
            }
        }
    }
    println!("{calls} tail calls as the model has them");
    assert_eq!(calls, 29_952);
}

#[test]
fn hosts_and_other_instances_are_called() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0_u32);
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("host", "typed", |mut caller: tancho::Caller<'_, u32>, x: i64, y: f64| {
            *caller.data_mut() += 1;
            x + y as i64
        })
        .expect("a new name");
    let many = FuncType::new(&engine, vec![ValType::I64; 12], vec![ValType::I64; 12]);
    linker
        .func_new("host", "array", many, |_, params, results| {
            for (result, param) in results.iter_mut().zip(params.iter().rev()) {
                *result = *param;
            }
            Ok(())
        })
        .expect("a new name");
    linker
        .func_wrap("host", "fails", || -> tancho::Result<i64> { Err(tancho::Error::msg("it was told to")) })
        .expect("a new name");
    let other = Module::new(
        &engine,
        r#"(module $other (global $g (mut i64) (i64.const 1000))
            (func $other (export "f") (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
                (if (i64.eqz (local.get 8)) (then unreachable))
                (global.set $g (i64.add (global.get $g) (local.get 8)))
                (global.get $g)))"#,
    )
    .expect("it compiles");
    let other = linker.instantiate(&mut store, &other).expect("it has no imports");
    linker.instance(&mut store, "other", other).expect("new names");
    let ten = "(i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)";
    let twelve = "i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64";
    let text = format!(
        r#"(module $own
            (type $f (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
            (type $h (func (param i64 f64) (result i64)))
            (import "host" "typed" (func $typed (param i64 f64) (result i64)))
            (import "host" "array" (func $array (param {twelve}) (result {twelve})))
            (import "host" "fails" (func $fails (result i64)))
            (import "other" "f" (func $f (type $f)))
            (table funcref (elem $typed $f))
            (func (export "typed") (param i64) (result i64) (return_call $typed (local.get 0) (f64.const 3)))
            (func (export "array") (param i64) (result {twelve})
                (return_call $array {ten} (i64.const 9) (i64.const 10) (i64.const 11) (local.get 0)))
            (func $failing (export "fails") (result i64) (return_call $fails))
            (func $outer (export "outer") (result i64) (i64.add (call $failing) (i64.const 1)))
            (func $to_other (export "other") (param i64) (result i64) (return_call $f {ten} (local.get 0)))
            (func $to_both (export "table") (param i64) (result i64)
                (return_call_indirect (type $f) {ten} (local.get 0) (i32.const 1)))
            (func (export "table host") (param i64) (result i64)
                (return_call_indirect (type $h) (local.get 0) (f64.const 5) (i32.const 0)))
            (func $outside (export "outside") (param i64) (result i64)
                (i64.add (call $to_other (local.get 0)) (i64.const 1))))"#
    );
    let module = Module::new(&engine, text).expect("it compiles");
    let own = linker.instantiate(&mut store, &module).expect("every import is there");
    let call = |store: &mut Store<u32>, name: &str, x: i64| {
        own.get_typed_func::<i64, i64>(&mut *store, name).expect("it is exported").call(store, x)
    };
    assert_eq!(call(&mut store, "typed", 39).expect("the host answers"), 42);
    assert_eq!(call(&mut store, "table host", 39).expect("the host answers"), 44);
    assert_eq!(*store.data(), 2);
    assert_eq!(call(&mut store, "other", 5).expect("no trap"), 1005);
    assert_eq!(call(&mut store, "table", 6).expect("no trap"), 1011);
    assert_eq!(call(&mut store, "outside", 1).expect("no trap"), 1013);
    let array = own.get_func(&mut store, "array").expect("it is exported");
    let mut results = vec![Val::I32(0); 12];
    array.call(&mut store, &[Val::I64(12)], &mut results).expect("the host answers");
    assert_eq!(results.iter().map(number).collect::<Vec<u32>>(), (1..=12).rev().collect::<Vec<u32>>());

    // A caller by tail call has left no frame; its own caller has one.
    let error = call(&mut store, "outside", 0).expect_err("a trap");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    assert_eq!(names(&error), ["other", "outside"]);
    let outer = own.get_typed_func::<(), i64>(&mut store, "outer").expect("it is exported");
    let error = outer.call(&mut store, ()).expect_err("the host fails");
    assert_eq!(error.root_cause().to_string(), "it was told to");
    assert_eq!(names(&error), ["outer"]);
    let fails = own.get_typed_func::<(), i64>(&mut store, "fails").expect("it is exported");
    let error = fails.call(&mut store, ()).expect_err("the host fails");
    assert_eq!(error.root_cause().to_string(), "it was told to");
    assert_eq!(call(&mut store, "other", 1).expect("no trap"), 1013, "all is as it was");
}

#[test]
fn traps_of_the_lookup_are_the_callers() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(
        &mut store,
        r#"(module (type $v (func)) (table 2 funcref) (elem (i32.const 0) $int)
            (func $int (result i32) (i32.const 0))
            (func $lookup (export "lookup") (param i32) (return_call_indirect (type $v) (local.get 0)))
            (func $outer (export "outer") (param i32) (call $lookup (local.get 0))))"#,
    );
    let outer = instance.get_typed_func::<u32, ()>(&mut store, "outer").expect("it is exported");
    for (index, trap) in [(0, Trap::BadSignature), (1, Trap::IndirectCallToNull), (2, Trap::TableOutOfBounds)] {
        let error = outer.call(&mut store, index).expect_err("a trap");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&trap));
        assert_eq!(names(&error), ["lookup", "outer"]);
    }
}

/// A recursion in which nearly every byte of stack is the argument area that a prologue makes larger for a tail call.
fn growing_recursion() -> String {
    let params = "i64 ".repeat(200);
    let arguments = "(i64.const 1)".repeat(200);
    format!(
        "(module (func $many (param {params}) (result i64) (local.get 199))
            (func $grow (export \"grow\") (param i64) (result i64)
                (if (i64.eqz (call $grow (i64.add (local.get 0) (i64.const 1)))) (then (return (i64.const 0))))
                (return_call $many {arguments})))"
    )
}

fn overflows(rounds: usize) {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, &growing_recursion());
    let grow = instance.get_typed_func::<i64, i64>(&mut store, "grow").expect("it is exported");
    for _ in 0..rounds {
        let error = grow.call(&mut store, 0).expect_err("it never ends");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
        assert_eq!(names(&error).first().map(String::as_str), Some("grow"), "{error:?}");
    }
}

fn on_thread(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread can be started");
    thread.join().expect("every overflow was a trap");
}

#[test]
fn an_overflow_while_arguments_get_room_is_a_trap() {
    on_thread(|| overflows(200));
}

/// As the kernel does when it has no memory for a stack that may still grow: the page that faults lies within the stack's bounds. The
/// frame pointer lies in it too, and must not be followed.
#[cfg(unix)]
#[test]
fn an_overflow_within_the_bounds_of_the_stack_is_a_trap() {
    unsafe extern "C" {
        fn mprotect(address: *mut u8, length: usize, protection: i32) -> i32;
    }
    const PAGE: usize = 64 << 10;
    const NONE: i32 = 0;
    const READ_WRITE: i32 = 3;
    on_thread(|| {
        overflows(1);
        let mut here = 0_u8;
        let page = (&raw mut here).map_addr(|address| (address - (512 << 10)) / PAGE * PAGE);
        // SAFETY: pages of this thread's stack far below its frames; nothing is there.
        assert_eq!(unsafe { mprotect(page, PAGE, NONE) }, 0);
        overflows(200);
        // SAFETY: as above.
        assert_eq!(unsafe { mprotect(page, PAGE, READ_WRITE) }, 0);
        overflows(1);
    });
}
