//! Loaded code: the mapping of an image and the way from a program counter to it.

mod memory;
mod registry;

pub use crate::sys::feature::cpu_features;
pub use memory::{Code, LoadError};
