//! Unwinding: the frames of compiled code on this thread's stack, and what they are in terms of the modules.

mod backtrace;
mod exception;
mod frame;
mod reference;

pub use backtrace::{Backtrace, Frame};
pub(crate) use exception::find;
pub(crate) use frame::{Start, Trace, is_frameless, trace};
pub(crate) use reference::{Safepoints, references};
