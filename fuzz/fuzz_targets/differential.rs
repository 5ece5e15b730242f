//! Modules in Tancho with random settings and the belt on, against wasmi, against Tancho with other settings, and against wasmtime:
//! wasm-smith's, and those of one operator.
//!
//! `cargo +nightly fuzz run differential`

#![no_main]

#[path = "../wasmtime.rs"]
mod peer;

use libfuzzer_sys::fuzz_target;
use peer::Wasmtime;
use std::sync::LazyLock;
use tancho_tests::oracle::differential::{compare, compare_calls};
use tancho_tests::oracle::generate::fuzzed;
use tancho_tests::oracle::operator::{Single, modules};
use tancho_tests::oracle::plain::Subject;
use tancho_tests::oracle::seed::{Rng, say};
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::value::{Floats, Value};
use tancho_tests::oracle::wasmi::Wasmi;

/// Calls of a module of one operator.
const CALLS: usize = 64;

static SINGLES: LazyLock<Vec<Single>> = LazyLock::new(modules);

/// Fails unless `check` finds that wasmi agrees; where it does not, wasmtime has the third opinion, for wasmi has bugs of its own.
fn with_wasmi(check: impl Fn(&dyn Subject) -> Result<(), String>) {
    let Err(difference) = check(&Wasmi::default()) else { return };
    match check(&Wasmtime::default()) {
        Ok(()) => say(&format!("wasmi alone differs: {difference}")),
        Err(another) => panic!("{difference}\n{another}"),
    }
}

/// One operator with other operands than the test `operand` has.
fn single(tancho: &Tancho, canonical: bool, random: &mut Rng) {
    let single = random.choice(&*SINGLES).expect("there are some");
    let wasm = wat::parse_str(&single.text).expect("it is right");
    let floats = if canonical { Floats::None } else { single.floats };
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let (name, usual) = random.choice(&single.calls).expect("there are some");
        let any = |value: &Value| if random.bool() { *value } else { Value::random(random, value.ty()) };
        calls.push((name.clone(), usual.iter().map(any).collect()));
    }
    with_wasmi(|peer| compare_calls(&wasm, tancho, peer, &calls, floats));
}

// The first nine bytes choose the settings, the peer and what the module is; the rest is wasm-smith's.
fuzz_target!(|input: &[u8]| {
    let Some((settings, rest)) = input.split_first_chunk::<9>() else { return };
    let [kind, seed @ ..] = *settings;
    let mut random = Rng::with_seed(u64::from_le_bytes(seed));
    let mut swarm = Swarm::random(&mut random);
    swarm.tunables.belt = true;
    let canonical = swarm.tunables.nan_canonicalization;
    if kind % 4 == 3 {
        swarm.tunables.relaxed_simd_deterministic = true;
        return single(&Tancho::new(swarm), canonical, &mut random);
    }
    let mut other = Swarm::random(&mut random);
    // Either both engines make NaNs canonical or the module does.
    other.tunables.nan_canonicalization = canonical;
    other.tunables.belt = false;
    let Ok(wasm) = fuzzed(rest, !canonical) else { return };
    let tancho = Tancho::new(swarm);
    let check = |peer: &dyn Subject| compare(&wasm, &tancho, peer, &mut random.clone(), 3).map(|_| ());
    let result = match kind % 4 {
        0 => return with_wasmi(check),
        1 => check(&Tancho::new(other)),
        _ => check(&Wasmtime::default()),
    };
    if let Err(difference) = result {
        panic!("{difference}");
    }
});
