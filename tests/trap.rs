//! Traps: every kind, a thousand times, on several threads; stack overflow on a small thread; and that a fault of the host still
//! ends the host as it would without us. `main_thread.rs` does the same on the main thread.

mod overflow;
mod round_trip;

use round_trip::{EXPECTED, SOURCE, round_trips};
use std::process::Command;
use tancho::{Engine, Func, FuncType, Instance, Module, Store, Trap};

fn module() -> (Engine, Module) {
    let engine = Engine::default();
    let module = Module::new(&engine, SOURCE).expect("it compiles");
    (engine, module)
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
    let (engine, module) = module();
    let traps = round_trips(&engine, &module, 1000);
    println!("{traps} traps, none lost");
    assert_eq!(traps, 1000 * EXPECTED.len());
}

#[test]
fn on_several_threads_at_once_and_on_a_small_stack() {
    let (engine, module) = module();
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
        assert_eq!(thread.join().expect("the thread does not panic"), 250 * EXPECTED.len());
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

/// Uses nearly all of the stack that the host is promised.
#[inline(never)]
fn use_stack() {
    let mut bytes = [1_u8; 60 << 10];
    std::hint::black_box(&mut bytes);
}

/// Whoever leaves compiled code at any depth finds that much, or the call traps; were the limit not compared, this would overflow the
/// stack of the host, and end the process.
#[test]
fn the_host_finds_its_stack_at_every_depth() {
    let engine = Engine::default();
    let source = r#"(module (import "host" "typed" (func $typed)) (import "host" "array" (func $array))
                      (func $f (export "typed") (call $typed) (call $f))
                      (func $g (export "array") (call $array) (call $g)))"#;
    let module = Module::new(&engine, source).expect("it compiles");
    let work = move || {
        let mut store = Store::new(&engine, ());
        let typed = Func::wrap(&mut store, use_stack);
        let ty = FuncType::new(&engine, [], []);
        let array = Func::new(&mut store, ty, |_, _, _| {
            use_stack();
            Ok(())
        });
        let instance =
            Instance::new(&mut store, &module, &[typed.into(), array.into()]).expect("these are its imports");
        for name in ["typed", "array"] {
            let recurse = instance.get_typed_func::<(), ()>(&mut store, name).expect("it is exported");
            let error = recurse.call(&mut store, ()).expect_err("it does not end");
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread can be started");
    thread.join().expect("both were traps");
}

#[test]
#[ignore = "dies by a signal: run by the test below in a process of its own"]
fn child_of_a_host_fault() {
    let (engine, module) = module();
    assert_eq!(round_trips(&engine, &module, 1), EXPECTED.len());
    // SAFETY: none; that this dies by SIGSEGV is what is tested.
    unsafe { std::ptr::null_mut::<u32>().write_volatile(1) };
}

#[test]
fn a_fault_of_the_host_ends_the_host() {
    use std::os::unix::process::ExitStatusExt;
    let output = in_child("child_of_a_host_fault");
    assert_eq!(output.status.signal(), Some(11), "{output:?}");
}
