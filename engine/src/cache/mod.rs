//! The cache: compiled modules in a folder of the user's, so that the next start need not compile.
//!
//! Used by the command, and by programs that want the same. `folder` opens the folder and finds, adds and lists entries; `entry` is
//! what stands in a file; `sweep` keeps the folder within its bounds.

mod entry;
mod folder;
mod sweep;

pub use folder::{Cache, Lookup};
pub use sweep::{CacheEntry, Swept};
