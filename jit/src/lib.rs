//! Tancho's compiler: a pure function from WebAssembly bytes and tunables to an image of native code.
//!
//! The engine calls [`Compiler`]; nothing here knows a store, an instance or a file. Start reading at `compile.rs`.
#![forbid(unsafe_code)]

mod compile;
mod decode;
mod emit;
mod error;
mod limit;
mod opt;
mod options;
mod target;
mod translate;

pub use compile::{Compiler, FunctionCode};
pub use error::CompileError;
pub use limit::{LIMITS, Limit};
pub use options::{Features, Options};
pub use target::require_features;
