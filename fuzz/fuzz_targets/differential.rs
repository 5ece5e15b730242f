//! Random modules in Tancho with random settings, against wasmi, against Tancho with other settings, and against wasmtime.
//!
//! `cargo +nightly fuzz run differential`

#![no_main]

#[path = "../wasmtime.rs"]
mod peer;

use libfuzzer_sys::fuzz_target;
use tancho_tests::oracle::differential::compare;
use tancho_tests::oracle::generate::fuzzed;
use tancho_tests::oracle::plain::Subject;
use tancho_tests::oracle::seed::Rng;
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::wasmi::Wasmi;

// The first nine bytes choose the settings and the peer, the rest is the module.
fuzz_target!(|input: &[u8]| {
    let Some((settings, rest)) = input.split_first_chunk::<9>() else { return };
    let [peer, seed @ ..] = *settings;
    let mut random = Rng::with_seed(u64::from_le_bytes(seed));
    let swarm = Swarm::random(&mut random);
    let mut other = Swarm::random(&mut random);
    // Either both engines make NaNs canonical or the module does.
    other.tunables.nan_canonicalization = swarm.tunables.nan_canonicalization;
    let Ok(wasm) = fuzzed(rest, !swarm.tunables.nan_canonicalization) else { return };
    let peer: Box<dyn Subject> = match peer % 3 {
        0 => Box::new(Wasmi::default()),
        1 => Box::new(Tancho::new(other)),
        _ => Box::new(peer::Wasmtime::default()),
    };
    if let Err(difference) = compare(&wasm, &Tancho::new(swarm), &*peer, &mut random, 3) {
        panic!("{difference}");
    }
});
