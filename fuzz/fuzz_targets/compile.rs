//! Any bytes, changed modules of the specification's suite, and random modules: the compiler never panics, its checkers find
//! nothing, and what compiles once compiles again to the same image.
//!
//! `cargo +nightly fuzz run compile`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_jit::{Compiler, Options};
use tancho_tests::oracle::generate::fuzzed;
use tancho_tests::oracle::hostile::{change, corpus};
use tancho_tests::oracle::seed::Rng;

static COMPILERS: LazyLock<[Compiler; 2]> = LazyLock::new(|| {
    [1, 2].map(|threads| {
        let options = Options { threads: Some(threads), verifier: true, regalloc_checker: true, ..Options::default() };
        Compiler::new(options).expect("the host is supported")
    })
});

/// What an input stands for: by its first byte itself, a change of a module of the suite, or wasm-smith's module.
fn module(input: &[u8]) -> Option<Vec<u8>> {
    let (kind, rest) = input.split_first()?;
    match kind % 4 {
        0 => Some(rest.to_vec()),
        1 => Some([&b"\0asm\x01\0\0\0"[..], rest].concat()),
        2 => {
            let (seed, other) = rest.split_first_chunk()?;
            let mut random = Rng::with_seed(u64::from_le_bytes(*seed));
            let mut module = random.choice(corpus())?.clone();
            change(&mut random, &mut module, other);
            Some(module)
        }
        _ => fuzzed(rest, false).ok(),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some(wasm) = module(input) else { return };
    let [first, second] = &*COMPILERS;
    match first.compile(&wasm) {
        Ok(image) => {
            let again = second.compile(&wasm).expect("what compiled once compiles again");
            assert!(image == again, "two images of one module differ");
        }
        // The compiler catches its own panics; here they are what is looked for.
        Err(error) => assert!(!error.to_string().contains("compiler bug"), "{error}"),
    }
});
