//! Modules of one operator.
