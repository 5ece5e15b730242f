//! Stacks that are not a thread's own, and running on them: what may stop in the middle and go on later, on whatever thread.
//!
//! `fiber` says what is on such a stack and why it may move.

#[cfg(feature = "async")]
mod fiber;
#[cfg(feature = "async")]
mod memory;
#[cfg(feature = "async")]
mod pool;
mod suspend;

#[cfg(feature = "async")]
pub use fiber::{Fiber, FiberError};
#[cfg(feature = "async")]
pub use pool::StackPool;
pub(crate) use suspend::Suspender;
pub use suspend::{Barrier, Cancelled, Suspension, Woken};
