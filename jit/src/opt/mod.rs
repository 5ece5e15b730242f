//! Optimisations of our own: what is found out about a module before its functions are translated. Each has a tunable.

mod balance;
pub(crate) mod facts;
pub(crate) mod indirect;
pub(crate) mod scan;
pub(crate) mod shadow;
