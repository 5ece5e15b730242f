//! Linear memories and their initial contents.

pub(crate) mod image;
mod linear;

pub use linear::{Memory, MemoryError, MemoryType};
