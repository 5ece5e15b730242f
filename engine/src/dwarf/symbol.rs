//! What debug information says of a place.

use std::sync::Arc;

/// A function, and a place in its source: that of a frame, or one that was inlined into it. A build without the feature `dwarf` makes none.
///
/// ```no_run
/// # use tancho::{Error, WasmBacktrace};
/// # fn show(error: &Error) {
/// for frame in error.downcast_ref::<WasmBacktrace>().into_iter().flat_map(WasmBacktrace::frames) {
///     for symbol in frame.symbols() {
///         println!("{} at {}:{}", symbol.name().unwrap_or("?"), symbol.file().unwrap_or("?"), symbol.line().unwrap_or(0));
///     }
/// }
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FrameSymbol {
    pub(super) name: Option<Arc<str>>,
    pub(super) file: Option<Arc<str>>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

impl FrameSymbol {
    /// The function's name, demangled where it is one of Rust's or C++'s.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file, as the compiler was given it, with its directory.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line in it, from 1 on.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column in the line, from 1 on.
    pub fn column(&self) -> Option<u32> {
        self.column
    }
}
