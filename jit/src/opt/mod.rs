//! Optimisations of our own: what is found out about a module before its functions are translated. Each has a tunable.

pub(crate) mod facts;
pub(crate) mod indirect;
pub(crate) mod scan;
