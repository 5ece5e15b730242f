//! Random programs of atomic operators, with random settings, against the model of what they must come to.
//!
//! `cargo +nightly fuzz run atomic_ops`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_tests::oracle::atomic::check;
use tancho_tests::oracle::seed::Rng;
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;

static USUAL: LazyLock<Tancho> = LazyLock::new(|| Tancho::new(Swarm::default()));

// The first eight bytes are the seed of a program, of calls and of settings.
fuzz_target!(|input: &[u8]| {
    let Some(seed) = input.first_chunk() else { return };
    let mut random = Rng::with_seed(u64::from_le_bytes(*seed));
    if let Err(difference) = check(&mut random, &USUAL) {
        panic!("{difference}");
    }
});
