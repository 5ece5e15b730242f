//! The thin face for WASI preview 1, the import module `wasi_snapshot_preview1`, and for `wasi_unstable` of before it.
//!
//! [`add_to_linker`] binds the functions; `link` has the table of them. Each is a function over the guest's memory, the
//! context and the raw arguments, and needs no engine: it decodes, checks rights, calls the semantics, and encodes.
//!
//! ```text
//!     link ── process, clock, poll                 one function per import, in the order of the specification
//!          ── descriptor, io, attribute, listing, path, socket
//!          ── unstable                         where snapshot 0 differs
//!                 |
//!              table (descriptors and rights)   layout (records)   vector (iovecs)
//!                 |                                |                  |
//!              errno                            memory (the only way to the guest's bytes)
//! ```
//!
//! The specification is the witx of `wasi_snapshot_preview1`: `typenames.witx` and `wasi_snapshot_preview1.witx`.

mod attribute;
mod clock;
mod descriptor;
mod errno;
mod io;
mod layout;
mod link;
mod listing;
mod memory;
mod path;
mod poll;
mod process;
mod rights;
mod socket;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod unstable;
mod vector;

pub use link::{MODULE, add_preview1_to_linker, add_to_linker};
