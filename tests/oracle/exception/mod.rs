//! Exceptions against a model: random programs of functions that throw, catch and call one another in every way, what they must come
//! to, and whether they do.
//!
//! Called by the test `exception_ops` and by the fuzz target of the same name.

mod model;
mod program;
mod run;
mod text;

pub use run::{Yield, check};
