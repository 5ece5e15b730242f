//! Unwinding: the frames of compiled code on this thread's stack, and what they are in terms of the modules.

mod backtrace;
mod frame;

pub use backtrace::{Backtrace, Frame};
pub(crate) use frame::{Start, Trace, trace};
