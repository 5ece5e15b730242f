//! Optimisations of our own, each one pass or switch with a tunable that turns it off. `docs/decision/speed.md` has what each is worth.

pub(crate) mod budget;
pub(crate) mod inline;
pub(crate) mod plan;
pub(crate) mod product;
