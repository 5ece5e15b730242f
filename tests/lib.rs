//! Tests of Tancho as a whole: see the files beside this one. The library holds the README's example, which is a test of the
//! documentation.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
