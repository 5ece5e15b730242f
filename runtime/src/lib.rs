//! What runs compiled modules: mappings, memories, tables, the collected heap, instances, stores, signals, traps, unwinding. Home of `unsafe`.
//!
//! Called by the embedding API (`tancho`) alone. It knows nothing of Cranelift, of the binary format, of WASI, or of the
//! embedder's data. Everything that an instance is made of belongs to one [`store::Store`]; handles are plain ids into
//! its arenas.
//!
//! ```text
//! code::Code ── template::Template ──(Arc)── Instance ── vmctx ── compiled code
//!                                               │                     │ ▲
//!                                            store::Store         builtin / host function
//!                                               │                     │ │
//!                          memory::Memory  table::Table  globals   call::enter ── trap (signal handler) ── unwind
//! ```
//!
//! # What the caller promises
//!
//! Pointers that are handed in (`NonNull<VmFuncRef>`, `*mut VmFuncRef` in values, host functions and their data) are
//! ones that the same store handed out, or stay valid as long as the store lives; imports have been type-checked. The
//! embedding API keeps this promise by tagging each of its handles with the store's identity.

pub mod call;
pub mod code;
pub mod gc;
pub mod instantiate;
pub mod interrupt;
pub mod inventory;
pub mod limit;
pub mod memory;
pub mod site;
pub mod stack;
pub mod store;
pub mod table;
pub mod template;
pub mod trap;
pub mod types;
pub mod unwind;

mod activation;
mod builtin;
mod constant;
mod exception;
mod fuel;
mod id;
mod instance;
mod state;
mod sync;
mod sys;
mod vmctx;
