//! Tests of Tancho as a whole: see the files beside this one. There is nothing in the library.
