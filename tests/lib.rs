//! Tests of Tancho as a whole: see the files beside this one. The library holds what the random tests and the fuzz targets share,
//! and the README's example, which is a test of the documentation.

pub mod oracle;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
