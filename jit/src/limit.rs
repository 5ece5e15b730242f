//! Limits: how much of everything a module may have. `docs/limits.md` lists them with those of the runtime; a test keeps the two the same.
//!
//! Most are wasmparser's, agreed upon between engines; it does not give them out as constants, and in some of its messages leaves the
//! number away. `error` looks here to tell a module that is too large from one that is not valid, and to say how much is allowed.

use crate::compile::{MAX_BLOCKS, MAX_LIVE};
use crate::emit::link::MAX_CODE;
use crate::opt::budget::{MAX_DEPTHS, MAX_LOOPS};
use crate::translate::function::{MAX_REGIONS, MAX_VALUES};

/// A limit on modules.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Of what.
    pub of: &'static str,
    /// How many are allowed.
    pub most: u64,
    /// What the message of wasmparser says; empty where the limit is not its own.
    pub(crate) message: &'static str,
}

const fn limit(of: &'static str, most: u64, message: &'static str) -> Limit {
    Limit { of, most, message }
}

/// The limits on modules, in the order of `docs/limits.md`.
pub const LIMITS: [Limit; 27] = [
    limit("types", 1_000_000, "types count exceeds"),
    limit("imports", 1_000_000, "imports count exceeds"),
    limit("functions", 1_000_000, "functions count exceeds"),
    limit("tables", 100_000, "tables count exceeds"),
    limit("memories", 100, "memories count exceeds"),
    limit("globals", 1_000_000, "globals count exceeds"),
    limit("tags", 1_000_000, "tags count exceeds"),
    limit("exports", 1_000_000, "exports count exceeds"),
    limit("element segments", 100_000, "element segments count exceeds"),
    limit("items of an element segment", 10_000_000, "number of elements is out of bounds"),
    limit("data segments", 100_000, "data segments count exceeds"),
    limit("data segments that are announced", 100_000, "data count section specifies too many"),
    limit("bytes of a name", 100_000, "string size out of bounds"),
    limit("parameters", 1000, "function params size is out of bounds"),
    limit("results", 1000, "function returns size is out of bounds"),
    limit("size of all types", 1_000_000, "effective type size exceeds"),
    limit("bytes of a function", 7_654_321, "function body size count exceeds"),
    limit("locals and parameters", 50_000, "too many locals: locals exceed maximum"),
    limit("targets of a `br_table`", 7_654_321, "br_table size is out of bounds"),
    limit("clauses of a `try_table`", 10_000, "catches size is out of bounds"),
    limit("values of a function", MAX_VALUES as u64, ""),
    limit("live values for the better register allocator", MAX_LIVE as u64, ""),
    limit("blocks of a function that is placed by its loops", MAX_BLOCKS as u64, ""),
    limit("depths of blocks of a function that is optimised", MAX_DEPTHS as u64, ""),
    limit("loops around branches of a function that is optimised", MAX_LOOPS as u64, ""),
    limit("memories, tables, globals told apart", MAX_REGIONS as u64, ""),
    limit("bytes of machine code", MAX_CODE, ""),
];

/// The limit that a message of wasmparser is about.
pub(crate) fn of_message(message: &str) -> Option<Limit> {
    LIMITS.into_iter().find(|limit| !limit.message.is_empty() && message.starts_with(limit.message))
}
