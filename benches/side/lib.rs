//! Two engines in one process, the same work for both: what `versus`, `kernels`, `fuel`, `compile`, `calls`, `call` and `gc` share.
//!
//! The programs beside this folder each ask one question; they take from here the work, the clock and the report. The work is
//! written once, in `program`, `boundary` and `heap`, and compiled twice, against either engine, whose embedding APIs have the same shapes; only
//! `host` is written for each, because their WASI contexts do not.
//!
//! ```text
//!     versus ── program ─┐                      ┌─ tancho::{host, program, boundary, heap}
//!     fuel ──── program ─┤                      │
//!     kernels ─ program ─┤                      │     (and peer: node, native)
//!     compile ─ program ─┤                      │
//!     calls ── boundary ─┼── SIDES: [Side; 2] ──┤
//!     call  ── boundary ─┤                      │
//!     gc ────────── heap ┘                      └─ wasmtime::{host, program, boundary, heap}
//!         \____ case (guest programs)   clock   report (table, geomean, settings, JSON)
//! ```

#![allow(clippy::duplicate_mod, reason = "the same text against either engine is the point")]

pub mod case;
pub mod clock;
pub mod kernel;
pub mod node;
pub mod peer;
pub mod plot;
pub mod report;

use case::Case;
use clock::Span;
use std::time::Duration;

/// An error of either engine, or of the harness.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How a side compiles a guest program: with a new engine at its defaults.
pub type Compile = fn(wasm: &[u8]) -> Result<Box<dyn Guest>, Error>;

/// How a side compiles a guest program without the optimisation of this name.
pub type CompileWithout = fn(wasm: &[u8], optimisation: &str) -> Result<Box<dyn Guest>, Error>;

/// How an engine gets a program with objects ready to run.
pub type OpenObjects = fn(wasm: &[u8]) -> Result<Box<dyn Objects>, Error>;

/// One of the two engines.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The crate's name.
    pub name: &'static str,
    /// Compiles a guest program.
    pub compile: Compile,
    /// The same, so that the guest cannot be interrupted.
    pub compile_without_interruption: Compile,
    /// Compiles a guest program whose runs consume fuel, of which there is enough.
    pub compile_with_fuel: Compile,
    /// The same, without the optimisation of this name.
    pub compile_without: CompileWithout,
    /// Compiles a module on one thread, without the optimisation of this name where there is one, and drops it; how many bytes its code has.
    pub compile_on_one_thread: fn(wasm: &[u8], without: Option<&str>) -> Result<usize, Error>,
    /// Instantiates a program in GC instructions, which imports nothing, in a store of its own.
    pub objects: OpenObjects,
    /// The boundaries that can be crossed, in the same order for both.
    pub boundaries: fn() -> Vec<Boundary>,
}

/// The engine that is measured, and the one it is measured by.
pub const SIDES: [Side; 2] = [
    Side {
        name: "tancho",
        compile: tancho::program::compile,
        compile_without_interruption: tancho::program::compile_without_interruption,
        compile_with_fuel: tancho::program::compile_with_fuel,
        compile_without: tancho::program::compile_without,
        compile_on_one_thread: tancho::program::compile_on_one_thread,
        objects: tancho::heap::instantiate,
        boundaries: tancho::boundary::all,
    },
    Side {
        name: "wasmtime",
        compile: wasmtime::program::compile,
        compile_without_interruption: wasmtime::program::compile_without_interruption,
        compile_with_fuel: wasmtime::program::compile_with_fuel,
        compile_without: wasmtime::program::compile_without,
        compile_on_one_thread: wasmtime::program::compile_on_one_thread,
        objects: wasmtime::heap::instantiate,
        boundaries: wasmtime::boundary::all,
    },
];

/// A compiled guest program.
pub trait Guest {
    /// Instantiates it in a new store, with what the case gives it, and calls `_start`.
    ///
    /// # Errors
    ///
    /// When it cannot be instantiated. How the guest ends is in the [`Run`], traps too.
    fn run(&self, case: &Case) -> Result<Run, Error>;
}

/// One run of a guest program.
#[derive(Clone, Debug)]
pub struct Run {
    /// Store, WASI context and instance.
    pub instantiate: Span,
    /// `_start` only.
    pub start: Span,
    /// The exit code; the message of anything else that ended it.
    pub exit: Result<i32, String>,
    /// All it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// The fuel that it has consumed, where it consumes any.
    pub fuel: Option<u64>,
}

/// An instance of a program that makes objects, in an engine here or elsewhere.
pub trait Objects {
    /// Calls an exported function of one `i32`, whose result is an integer.
    ///
    /// # Errors
    ///
    /// When there is none, and when it traps.
    fn call(&mut self, export: &str, argument: i32) -> Result<(i64, Span), Error>;

    /// Calls it again and again, so many times or until the calls have taken so much CPU time of the thread.
    ///
    /// # Errors
    ///
    /// As those of [`call`](Objects::call).
    fn calls(&mut self, export: &str, argument: i32, times: u32, limit: Duration) -> Result<Calls, Error> {
        let mut calls = Calls { count: 0, longest: Span::default(), total: Span::default() };
        while calls.count < times && calls.total.thread < limit {
            let (_, span) = self.call(export, argument)?;
            calls = Calls { count: calls.count + 1, longest: calls.longest.max(span), total: calls.total.plus(span) };
        }
        Ok(calls)
    }

    /// Collects all garbage.
    ///
    /// # Errors
    ///
    /// When the engine cannot.
    fn collect(&mut self) -> Result<Span, Error>;

    /// The longest time that the collector says it has stopped the program for; `None` when it says nothing of it.
    ///
    /// # Errors
    ///
    /// When the engine elsewhere does not answer.
    fn longest_pause(&mut self) -> Result<Option<Duration>, Error>;
}

/// Several calls of the same function.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// How many.
    pub count: u32,
    /// The longest time of each kind that one of them took.
    pub longest: Span,
    /// All together.
    pub total: Span,
}

/// A boundary between host and guest, or within the guest, and how to cross it.
pub struct Boundary {
    /// Short, and the same for both sides.
    pub name: &'static str,
    /// Prepares, and gives what crosses it as often as it is told to.
    pub prepare: Prepare,
}

/// Prepares the crossing of a boundary.
pub type Prepare = fn() -> Result<Cross, Error>;

/// Crosses a boundary so many times. Panics when a crossing does not give what it must.
pub type Cross = Box<dyn FnMut(u64)>;

/// Tancho.
mod tancho {
    use ::tancho as engine;

    pub(crate) mod host;

    #[path = "../program.rs"]
    pub(crate) mod program;

    #[path = "../boundary.rs"]
    pub(crate) mod boundary;

    #[path = "../heap.rs"]
    pub(crate) mod heap;
}

/// wasmtime.
mod wasmtime {
    use ::wasmtime as engine;

    pub(crate) mod host;

    #[path = "../program.rs"]
    pub(crate) mod program;

    #[path = "../boundary.rs"]
    pub(crate) mod boundary;

    #[path = "../heap.rs"]
    pub(crate) mod heap;
}
