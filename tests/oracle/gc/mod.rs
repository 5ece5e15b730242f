//! Objects against a model: random programs that allocate, mutate, cast, call, throw and collect in every way, what they must come
//! to, which values of the host must be alive afterwards, and whether both is so.
//!
//! Called by the test `gc_ops` and by the fuzz target of the same name.

mod evaluate;
mod expression;
mod host;
mod make;
mod model;
mod program;
mod run;
mod text;
mod types;
mod write;

pub use program::INSTRUCTIONS;
pub use run::{Setting, Yield, check};
