//! The subcommands, a file each.

pub(crate) mod cache;
pub(crate) mod compile;
pub(crate) mod completion;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod invoke;
pub(crate) mod man;
pub(crate) mod objdump;
pub(crate) mod run;
pub(crate) mod settings;
pub(crate) mod validate;
pub mod wast;
