//! Two engines in one process, the same work for both: what `versus`, `compile`, `calls` and `call` share.
//!
//! The programs beside this folder each ask one question; they take from here the work, the clock and the report. The work is
//! written once, in `program` and `boundary`, and compiled twice, against either engine, whose embedding APIs have the same shapes; only
//! `host` is written for each, because their WASI contexts do not.
//!
//! ```text
//!     versus ── program ─┐                      ┌─ tancho::{host, program, boundary}
//!     compile ─ program ─┤                      │
//!     calls ── boundary ─┼── SIDES: [Side; 2] ──┤
//!     call  ── boundary ─┘                      └─ wasmtime::{host, program, boundary}
//!         \____ case (guest programs)   clock   report (table, geomean, settings, JSON)
//! ```

#![allow(clippy::duplicate_mod, reason = "the same text against either engine is the point")]

pub mod case;
pub mod clock;
pub mod report;

use case::Case;
use clock::Span;

/// An error of either engine, or of the harness.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How a side compiles a guest program: with a new engine at its defaults.
pub type Compile = fn(wasm: &[u8]) -> Result<Box<dyn Guest>, Error>;

/// One of the two engines.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The crate's name.
    pub name: &'static str,
    /// Compiles a guest program.
    pub compile: Compile,
    /// Compiles a module on one thread, at defaults otherwise, and drops it.
    pub compile_on_one_thread: fn(wasm: &[u8]) -> Result<(), Error>,
    /// The boundaries that can be crossed, in the same order for both.
    pub boundaries: fn() -> Vec<Boundary>,
}

/// The engine that is measured, and the one it is measured by.
pub const SIDES: [Side; 2] = [
    Side {
        name: "tancho",
        compile: tancho::program::compile,
        compile_on_one_thread: tancho::program::compile_on_one_thread,
        boundaries: tancho::boundary::all,
    },
    Side {
        name: "wasmtime",
        compile: wasmtime::program::compile,
        compile_on_one_thread: wasmtime::program::compile_on_one_thread,
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
}

/// wasmtime.
mod wasmtime {
    use ::wasmtime as engine;

    pub(crate) mod host;

    #[path = "../program.rs"]
    pub(crate) mod program;

    #[path = "../boundary.rs"]
    pub(crate) mod boundary;
}
