//! Random address expressions at random settings, against a model in 128 bits and canaries around the memory.
//!
//! `cargo +nightly fuzz run amode`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_tests::oracle::address::bench::{Batch, Findings, PAGES, Setting, settings};
use tancho_tests::oracle::address::{access, tree};
use tancho_tests::oracle::row::Random;

/// Accesses of an input. Canaries cost as much as several.
const ACCESSES: usize = 40;

static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| settings(&[false, true]));
static HEAD: LazyLock<String> = LazyLock::new(|| access::head(PAGES) + &tree::values());

// The first byte chooses the setting, the rest are the choices of which the accesses are made.
fuzz_target!(|input: &[u8]| {
    let Some((setting, choices)) = input.split_first() else { return };
    let mut random = Random::from_bytes(choices);
    let mut batch = Batch::new(&SETTINGS[usize::from(*setting) % SETTINGS.len()], &HEAD);
    for _ in 0..ACCESSES {
        batch.add_random(&mut random);
    }
    let mut findings = Findings::default();
    batch.run(&mut random, &mut findings);
    assert!(findings.failures == 0, "{} failures:\n{}", findings.failures, findings.texts.join("\n"));
});
