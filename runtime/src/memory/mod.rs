//! Linear memories and their initial contents.

pub(crate) mod image;
mod instance;
mod left;
mod linear;
#[cfg(all(loom, test))]
mod model;
mod shared;
mod wait;

pub(crate) use image::Initial;
pub(crate) use instance::MemoryInstance;
pub use linear::{Memory, MemoryError, MemoryType};
pub use shared::SharedMemory;
pub(crate) use shared::check_atomic;
pub use tancho_abi::vmctx::Wait;
pub(crate) use wait::{Interrupts, Parked};
