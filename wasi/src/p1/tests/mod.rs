//! Tests of this face as a guest meets it: through guest memory and numbers, against real directories.
//!
//! `guest` stands in for a guest and its engine; the other files each ask one question.

mod conduct;
mod guest;
mod interrupt;
mod jail;
mod listing;
mod matrix;
mod path;
mod permission;
mod poll;
mod quota;
mod sequence;
mod transfer;
