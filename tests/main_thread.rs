//! Traps and infinite recursion on the main thread, whose stack grows on demand. The test harness runs its tests on threads of its
//! own, so this test has none.

mod overflow;
mod round_trip;

use tancho::{Config, Engine, Module};

fn main() {
    let engine = Engine::default();
    let module = Module::new(&engine, round_trip::SOURCE).expect("it compiles");
    assert_eq!(round_trip::errors(&engine, &module).len(), 14);
    let traps = round_trip::round_trips(&engine, &module, 1000);
    println!("round trips on the main thread: {traps} of {} came back", 1000 * round_trip::EXPECTED.len());
    overflow::overflows(&Config::new(), 1000);
    overflow::host_at_every_depth(&Config::new());
    println!("infinite recursion on the main thread: 2000 of 2000 were traps");
}
