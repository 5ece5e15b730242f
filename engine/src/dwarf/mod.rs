//! Debug information: from places in a WebAssembly file to functions, files and lines, by the DWARF sections that compilers put into it.
//!
//! `trap` asks for the frames of a backtrace, `code` for whole functions. Nothing here is done before somebody asks. What stands in the
//! sections is believed of nobody: `budget` bounds the work by their size, and `search` walks them without recursion.

#[cfg(not(feature = "dwarf"))]
mod absent;
#[cfg(feature = "dwarf")]
mod budget;
#[cfg(feature = "dwarf")]
mod demangle;
#[cfg(feature = "dwarf")]
mod line;
#[cfg(feature = "dwarf")]
mod search;
mod symbol;
#[cfg(feature = "dwarf")]
mod unit;

pub use symbol::FrameSymbol;

#[cfg(not(feature = "dwarf"))]
pub(crate) use absent::{demangle, symbols};
#[cfg(feature = "dwarf")]
pub(crate) use demangle::demangle;
#[cfg(feature = "dwarf")]
pub(crate) use search::symbols;
