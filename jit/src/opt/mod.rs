//! Optimisations of our own: what is found out about a module before its functions are translated, and what is done with that. Each has a tunable.

mod balance;
pub(crate) mod facts;
pub(crate) mod frame;
pub(crate) mod indirect;
pub(crate) mod scan;
pub(crate) mod shadow;
