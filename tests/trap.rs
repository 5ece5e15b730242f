//! Traps: every kind, a thousand times, on several threads; stack overflow on a small thread; and that a fault of the host still
//! ends the host as it would without us. `main_thread.rs` does the same on the main thread.

mod overflow;

use std::process::Command;
use tancho::{Config, Engine, Instance, Linker, Module, Store, Trap, TypedFunc, WasmBacktrace};

const SOURCE: &str = r#"
(module
  (import "host" "fail" (func $fail))
  (import "host" "again" (func $again (param i32)))
  (type $v (func))
  (memory 1)
  (table 4 4 funcref)
  (elem (i32.const 0) $two)
  (func $two (param i32 i32))
  (func $run (export "run") (param $kind i32)
    (block $recursion (block $host (block $nested (block $signature (block $null (block $table (block $memory
    (block $conversion (block $overflow (block $zero (block $unreachable
      (br_table $unreachable $zero $overflow $conversion $memory $table $null $signature $nested $host $recursion
        (local.get $kind)))
      unreachable)
      (drop (i32.div_s (i32.const 1) (i32.sub (local.get $kind) (i32.const 1))))
      unreachable)
      (drop (i32.div_s (i32.const 0x80000000) (i32.sub (local.get $kind) (i32.const 3))))
      unreachable)
      (drop (i32.trunc_f64_s (f64.div (f64.const 0) (f64.convert_i32_s (i32.sub (local.get $kind) (i32.const 3))))))
      unreachable)
      (drop (i32.load offset=3 (i32.const 0xfffe)))
      unreachable)
      (call_indirect (type $v) (local.get $kind))
      unreachable)
      (call_indirect (type $v) (i32.const 1))
      unreachable)
      (call_indirect (type $v) (i32.const 0))
      unreachable)
      (call $again (i32.const 4))
      unreachable)
      (call $fail)
      unreachable)
    (call $run (local.get $kind))
    (call $nothing))
  (func $nothing)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
"#;

const EXPECTED: [Option<Trap>; 11] = [
    Some(Trap::UnreachableCodeReached),
    Some(Trap::IntegerDivisionByZero),
    Some(Trap::IntegerOverflow),
    Some(Trap::BadConversionToInteger),
    Some(Trap::MemoryOutOfBounds),
    Some(Trap::TableOutOfBounds),
    Some(Trap::IndirectCallToNull),
    Some(Trap::BadSignature),
    // By way of the host and back into compiled code.
    Some(Trap::MemoryOutOfBounds),
    // The host's own error.
    None,
    Some(Trap::StackOverflow),
];

#[derive(Debug)]
struct HostFailed;

impl std::fmt::Display for HostFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host failed")
    }
}

impl std::error::Error for HostFailed {}

struct Guest {
    store: Store<Option<TypedFunc<i32, ()>>>,
    run: TypedFunc<i32, ()>,
    add: TypedFunc<(i32, i32), i32>,
}

fn engine() -> Engine {
    Engine::new(&Config::new()).expect("the host is supported")
}

fn guest(engine: &Engine, module: &Module) -> Guest {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "fail", || -> tancho::Result<()> { Err(HostFailed.into()) }).expect("it is new");
    linker
        .func_wrap("host", "again", |mut caller: tancho::Caller<'_, Option<TypedFunc<i32, ()>>>, kind: i32| {
            let run = (*caller.data()).expect("it is set before the first call");
            run.call(&mut caller, kind)
        })
        .expect("it is new");
    let mut store = Store::new(engine, None);
    let instance: Instance = linker.instantiate(&mut store, module).expect("all imports are there");
    let run = instance.get_typed_func(&mut store, "run").expect("it is exported");
    let add = instance.get_typed_func(&mut store, "add").expect("it is exported");
    *store.data_mut() = Some(run);
    Guest { store, run, add }
}

/// Traps in each way, `rounds` times, and uses the instance after each.
fn round_trips(engine: &Engine, module: &Module, rounds: usize) -> usize {
    let mut guest = guest(engine, module);
    let mut traps = 0;
    for _ in 0..rounds {
        for (kind, expected) in EXPECTED.iter().enumerate() {
            let error = guest.run.call(&mut guest.store, kind as i32).expect_err("every kind ends in an error");
            match expected {
                Some(trap) => assert_eq!(error.downcast_ref::<Trap>(), Some(trap), "kind {kind}: {error:?}"),
                None => assert!(error.is::<HostFailed>(), "{error:?}"),
            }
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("an error from the guest has a backtrace");
            assert!(backtrace.frames().iter().any(|frame| frame.func_name() == Some("run")), "kind {kind}: {error:?}");
            assert_eq!(
                guest.add.call(&mut guest.store, (kind as i32, 1)).expect("the store is usable"),
                kind as i32 + 1
            );
            traps += 1;
        }
    }
    traps
}

/// Cargo runs tests on threads of its own; a process of its own has a main thread.
fn in_child(name: &str) -> std::process::Output {
    Command::new(std::env::current_exe().expect("the test has a file"))
        .args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("RUST_TEST_THREADS", "1")
        .output()
        .expect("the test starts again")
}

#[test]
fn a_thousand_round_trips_of_each_kind() {
    let engine = engine();
    let module = Module::new(&engine, SOURCE).expect("it compiles");
    let traps = round_trips(&engine, &module, 1000);
    println!("{traps} traps, none lost");
    assert_eq!(traps, 11_000);
}

#[test]
fn on_several_threads_at_once_and_on_a_small_stack() {
    let engine = engine();
    let module = Module::new(&engine, SOURCE).expect("it compiles");
    let threads: Vec<_> = [256 << 10, 256 << 10, 2 << 20, 8 << 20]
        .into_iter()
        .map(|stack| {
            let (engine, module) = (engine.clone(), module.clone());
            std::thread::Builder::new()
                .stack_size(stack)
                .spawn(move || round_trips(&engine, &module, 250))
                .expect("a thread can be started")
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("the thread does not panic"), 2750);
    }
}

#[test]
fn infinite_recursion_is_a_trap_on_a_small_thread() {
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(|| overflow::overflows(1000))
        .expect("a thread can be started")
        .join()
        .expect("every overflow was a trap");
}

#[test]
#[ignore = "dies by a signal: run by the test below in a process of its own"]
fn child_of_a_host_fault() {
    let engine = engine();
    let module = Module::new(&engine, SOURCE).expect("it compiles");
    assert_eq!(round_trips(&engine, &module, 1), 11);
    // SAFETY: none; that this dies by SIGSEGV is what is tested.
    unsafe { std::ptr::null_mut::<u32>().write_volatile(1) };
}

#[test]
fn a_fault_of_the_host_ends_the_host() {
    use std::os::unix::process::ExitStatusExt;
    let output = in_child("child_of_a_host_fault");
    assert_eq!(output.status.signal(), Some(11), "{output:?}");
}
