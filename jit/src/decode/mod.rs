//! Decode: from bytes to a validated module description and the bodies of its functions.
//!
//! The first stage of the pipeline. A core module nested in a component is decoded by the same [`module::decode`], given
//! where in the file it stands.

pub(crate) mod constant;
pub(crate) mod hint;
pub(crate) mod module;
pub(crate) mod types;
pub(crate) mod vector;
