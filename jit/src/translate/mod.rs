//! Translate: from a validated function body to Cranelift's intermediate representation.
//!
//! The second stage of the pipeline, one function at a time, each on its own: nothing here is shared between functions
//! but the read-only [`env::ModuleEnv`]. `operator` is the switchboard; each family of operators has a file, that of vectors a
//! folder.

pub(crate) mod atomic;
pub(crate) mod bounds;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod copy;
pub(crate) mod env;
pub(crate) mod exception;
pub(crate) mod fuel;
pub(crate) mod function;
mod gc;
pub(crate) mod hint;
pub(crate) mod interrupt;
pub(crate) mod known;
pub(crate) mod legacy;
pub(crate) mod memory;
pub(crate) mod numeric;
pub(crate) mod operator;
pub(crate) mod reference;
pub(crate) mod segment;
mod shadow;
pub(crate) mod signature;
pub(crate) mod simd;
pub(crate) mod stride;
pub(crate) mod table;
pub(crate) mod trampoline;
pub(crate) mod trap;
pub(crate) mod variable;
mod whole;
