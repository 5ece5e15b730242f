//! Random address expressions at random settings, against a model in 128 bits and canaries around the memory.
//!
//! `cargo +nightly fuzz run amode`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho_tests::oracle::address::access::{Kind, head};
use tancho_tests::oracle::address::bench::{Batch, Findings, Setting, settings, wide_settings};
use tancho_tests::oracle::address::tree;
use tancho_tests::oracle::row::Random;

/// Accesses of an input. Canaries cost as much as several.
const ACCESSES: usize = 40;

static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut all = settings(&[false, true]);
    all.extend(wide_settings());
    all
});
static HEADS: LazyLock<[(Kind, String); 4]> =
    LazyLock::new(|| Kind::ALL.map(|kind| (kind, head(kind) + &tree::values())));

// The first byte chooses the setting, the rest are the choices of which the accesses are made.
fuzz_target!(|input: &[u8]| {
    let Some((setting, choices)) = input.split_first() else { return };
    let mut random = Random::from_bytes(choices);
    let setting = &SETTINGS[usize::from(*setting) % SETTINGS.len()];
    let (_, head) = HEADS.iter().find(|(kind, _)| *kind == setting.kind).expect("there is one of each");
    let mut batch = Batch::new(setting, head);
    for _ in 0..ACCESSES {
        batch.add_random(&mut random);
    }
    let mut findings = Findings::default();
    batch.run(&mut random, &mut findings);
    assert!(findings.failures == 0, "{} failures:\n{}", findings.failures, findings.texts.join("\n"));
});
