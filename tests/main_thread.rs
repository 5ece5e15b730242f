//! Traps and infinite recursion on the main thread, whose stack grows on demand. The test harness runs its tests on threads of its
//! own, so this test has none.

mod overflow;
mod round_trip;

use tancho::{Engine, Module};

fn main() {
    let engine = Engine::default();
    let module = Module::new(&engine, round_trip::SOURCE).expect("it compiles");
    let traps = round_trip::round_trips(&engine, &module, 1000);
    println!("round trips on the main thread: {traps} of {} came back", 1000 * round_trip::EXPECTED.len());
    overflow::overflows(1000);
    println!("infinite recursion on the main thread: 2000 of 2000 were traps");
}
