//! Traps: every kind, a thousand times, on several threads; stack overflow on a small thread; and that a fault of the host still
//! ends the host as it would without us. `main_thread.rs` does the same on the main thread.

mod overflow;
mod round_trip;
mod runner;

use round_trip::{EXPECTED, SOURCE, round_trips};
use tancho::{Config, Engine, Module};

fn module() -> (Engine, Module) {
    let engine = Engine::default();
    let module = Module::new(&engine, SOURCE).expect("it compiles");
    (engine, module)
}

/// Cargo runs tests on threads of its own; a process of its own has a main thread.
fn in_child(name: &str) -> std::process::Output {
    runner::command(std::env::current_exe().expect("the test has a file"))
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
        .spawn(|| overflow::overflows(&Config::new(), 1000))
        .expect("a thread can be started")
        .join()
        .expect("every overflow was a trap");
}

/// What is said of every kind of trap, and where it happened, is the same whether a signal or a comparison finds it.
#[test]
fn traps_are_the_same_without_signals() {
    let said = |signals: bool| {
        let engine = Engine::new(Config::new().signals_based_traps(signals)).expect("the host is supported");
        let module = Module::new(&engine, SOURCE).expect("it compiles");
        let errors = round_trip::errors(&engine, &module);
        errors.into_iter().map(|error| format!("{error:?}")).collect::<Vec<_>>()
    };
    let (with, without) = (said(true), said(false));
    // The last kind is the end of the stack, which comes at other depths.
    assert_eq!(with[..10], without[..10]);
    assert!(with[0].contains("0x"), "{}", with[0]);
}

#[test]
fn the_host_finds_its_stack_at_every_depth() {
    let work = || overflow::host_at_every_depth(&Config::new());
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
