//! Optimisations of our own, each one pass or switch with a tunable that turns it off. `docs/decision` has what each is worth.

mod balance;
pub(crate) mod budget;
pub(crate) mod entry;
pub(crate) mod facts;
pub(crate) mod frame;
pub(crate) mod indirect;
pub(crate) mod inline;
pub(crate) mod plan;
pub(crate) mod product;
pub(crate) mod recount;
pub(crate) mod reference;
pub(crate) mod scan;
pub(crate) mod shadow;
pub(crate) mod strip;
mod turn;
pub(crate) mod wide_counter;
pub(crate) mod wide_load;
