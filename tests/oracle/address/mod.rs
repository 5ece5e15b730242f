//! Every address that compiled code computes, against a model in 128 bits: what the test `address` and the fuzz target `amode` share.

pub mod access;
pub mod bench;
pub mod canary;
pub mod tree;
