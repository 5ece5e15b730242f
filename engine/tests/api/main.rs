//! The public interface as a whole: misuse of everything that belongs to an engine or a store, and documentation of everything.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod misuse;
mod rows;
mod sources;
mod world;
