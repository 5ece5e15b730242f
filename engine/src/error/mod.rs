//! Errors: the one type (`chain`), its stable codes (`code`), and errors that are a code and a message (`coded`).
//!
//! Every file of this crate makes its errors here; `foreign` has the ways to and from other crates' errors.

mod chain;
mod code;
mod coded;
mod foreign;

pub use chain::{Chain, Context, Error, Result};
pub use code::{ErrorCode, NoCode};
pub use coded::Coded;
