//! Branch hints: what the custom section `metadata.code.branch_hint` says of the branches of each function.
//!
//! Called by `module`. Custom sections are not part of what is validated (§5.5.3), and a hint changes no result, so a section that is
//! malformed is never an error: it is ignored as a whole.

use std::collections::HashMap;
use wasmparser::BranchHintSectionReader;

/// What is known of an `if` or `br_if`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BranchHint {
    /// Where the instruction stands, from the start of the function's body (its locals).
    pub(crate) offset: u32,
    /// Whether its condition is likely to hold.
    pub(crate) likely: bool,
}

/// The hints of a section by function index, in the order of their instructions; `None` when it is malformed: it cannot be read,
/// or functions or instructions do not stand in increasing order.
pub(crate) fn read(section: BranchHintSectionReader<'_>) -> Option<HashMap<u32, Vec<BranchHint>>> {
    let mut functions = HashMap::new();
    let mut last = None;
    for function in section {
        let function = function.ok()?;
        let mut hints: Vec<BranchHint> = Vec::new();
        for hint in function.hints {
            let hint = hint.ok()?;
            if hints.last().is_some_and(|last| last.offset >= hint.func_offset) {
                return None;
            }
            hints.push(BranchHint { offset: hint.func_offset, likely: hint.taken });
        }
        if last.replace(function.func) >= Some(function.func) {
            return None;
        }
        functions.insert(function.func, hints);
    }
    Some(functions)
}
