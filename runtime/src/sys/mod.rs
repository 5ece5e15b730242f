//! The one place to port: what differs by operating system or architecture.

pub(crate) mod cache;
pub(crate) mod feature;
pub(crate) mod map;
pub(crate) mod register;
pub(crate) mod signal;
pub(crate) mod site;
pub(crate) mod stack;
