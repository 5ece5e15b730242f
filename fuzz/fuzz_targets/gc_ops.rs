//! Random programs on objects, under zeal and with another setting, against the model of what they must come to.
//!
//! `cargo +nightly fuzz run gc_ops`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_tests::oracle::gc::{Setting, check};
use tancho_tests::oracle::seed::Rng;
use tancho_tests::oracle::tancho::Tancho;

static ENGINES: LazyLock<Vec<Tancho>> = LazyLock::new(|| {
    Setting::ALL.into_iter().flat_map(|setting| [false, true].map(|as_image| setting.engine(as_image))).collect()
});

// The first eight bytes are the seed of a program, the next one says how it is run.
fuzz_target!(|input: &[u8]| {
    let Some((seed, rest)) = input.split_first_chunk() else { return };
    let mut random = Rng::with_seed(u64::from_le_bytes(*seed));
    let other = usize::from(rest.first().copied().unwrap_or(0)) % 4;
    // Those under zeal are last.
    let engines = [&ENGINES[other], &ENGINES[4 + other % 2]];
    if let Err(difference) = check(&mut random, &engines) {
        panic!("{difference}");
    }
});
