//! The subcommands, a file each.

pub(crate) mod compile;
pub(crate) mod run;
pub(crate) mod validate;
pub mod wast;
