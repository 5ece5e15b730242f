//! The table of misuse: a row for each method, in a file for each kind of thing.

mod call;
mod item;
mod link;
mod object;
mod types;

use crate::misuse::Row;

/// What is misuse already when the store is another one of the same engine.
pub(crate) fn stores() -> impl Iterator<Item = &'static Row> {
    [call::ROWS, item::ROWS, link::STORES, object::ROWS].into_iter().flatten()
}

/// What concerns engines alone.
pub(crate) fn engines() -> impl Iterator<Item = &'static Row> {
    [link::ENGINES, types::ROWS].into_iter().flatten()
}
