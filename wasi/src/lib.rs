//! WASI for Tancho: host semantics once, and a thin face for each version of the interface.
//!
//! An embedder builds a [`WasiCtx`] with [`WasiCtxBuilder`], keeps it in the data of its store, and adds the imports
//! of a version to its linker, so far those of preview 1 with [`p1::add_to_linker`]; guests that start threads get them from [`Threads`].
//! Nothing of the host is reachable
//! that was not put into the context: no files, no environment, no arguments, an empty standard input, and standard
//! outputs that are discarded.
//!
//! ```text
//!     p1/*  (guest memory, numbers, layouts, rights)          the faces: they decode, check, encode
//!       |
//!     context ── descriptor ─┬─ directory ── path, listing    the semantics: they know no guest memory
//!                            ├─ file ── attributes, permission
//!                            ├─ stdio, socket
//!                            └─ clock, random, poll, identity
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]
// Nothing a guest hands in may end in a panic.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used))]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attributes;
mod clock;
mod context;
mod descriptor;
mod directory;
mod exit;
mod failure;
mod fifo;
mod file;
mod identity;
mod listing;
pub mod p1;
mod path;
mod permission;
mod poll;
mod quota;
mod random;
mod socket;
mod stdio;
mod sync;
pub mod threads;

pub use context::{WasiCtx, WasiCtxBuilder};
pub use exit::I32Exit;
pub use permission::{DirPerms, FilePerms};
pub use stdio::MemoryOutput;
pub use threads::Threads;
