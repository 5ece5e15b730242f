//! Any bytes: the compiler never panics, and what compiles once compiles again to the same image.
//!
//! `cargo +nightly fuzz run compile`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_jit::{Compiler, Options};

static COMPILERS: LazyLock<[Compiler; 2]> = LazyLock::new(|| {
    [1, 2].map(|threads| {
        let options = Options { threads: Some(threads), verifier: true, ..Options::default() };
        Compiler::new(options).expect("the host is supported")
    })
});

fuzz_target!(|bytes: &[u8]| {
    let [first, second] = &*COMPILERS;
    if let Ok(image) = first.compile(bytes) {
        let again = second.compile(bytes).expect("what compiled once compiles again");
        assert!(image == again, "two images of one module differ");
    }
});
