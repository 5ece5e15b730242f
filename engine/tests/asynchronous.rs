//! Asynchronous calls and host functions: with an executor of a few lines and with tokio, moved between threads, dropped at every poll,
//! forgotten, interrupted.
#![cfg(all(feature = "async", feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "asynchronous/call.rs"]
mod call;
#[path = "asynchronous/end.rs"]
mod end;
#[path = "asynchronous/epoch.rs"]
mod epoch;
#[path = "../examples/async.rs"]
mod example;
#[path = "asynchronous/executor.rs"]
mod executor;
#[path = "asynchronous/limiter.rs"]
mod limiter;
#[path = "asynchronous/outside.rs"]
mod outside;
#[path = "../../tests/runner.rs"]
mod runner;
#[path = "asynchronous/stack.rs"]
mod stack;
#[path = "asynchronous/thread.rs"]
mod thread;

/// The example of `docs/embedding/async.md` does what it says.
#[test]
fn a_server_in_small() {
    example::main().unwrap();
}
