//! The codes of errors: a file for what each is about, with all codes of it. `all` puts them together.
//!
//! A code never changes its meaning, and one that is no longer used is not given again. `docs/errors.md` is made of these texts.

mod all;
pub(crate) mod cache;
pub(crate) mod embedding;
pub(crate) mod file;
pub(crate) mod guest;
pub(crate) mod image;
pub(crate) mod import;
pub(crate) mod line;
pub(crate) mod module;

pub(crate) use all::{Code, all, find, markdown, of};
