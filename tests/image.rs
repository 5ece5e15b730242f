//! Images: what is refused, and with which reason. Flipped bits, cut files, forged digests, foreign keys, other settings.

use std::collections::BTreeMap;
use tancho::{Config, Engine, Module, OptLevel};

const SOURCE: &str = r#"
(module
  (memory (export "memory") 2)
  (data (i32.const 100) "some data that is laid out as pages")
  (table 3 funcref)
  (elem (i32.const 0) $f $f)
  (func $f (export "f") (param i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.const 1))))
"#;

/// Offsets of fields of the header, as `docs` of `tancho_abi::image` draw it.
const LENGTH: std::ops::Range<usize> = 16..24;
const DIGEST: std::ops::Range<usize> = 128..160;
const MAC: std::ops::Range<usize> = 160..192;

struct Bench {
    _keys: tempfile::TempDir,
    engine: Engine,
    image: Vec<u8>,
}

fn config(keys: &tempfile::TempDir) -> Config {
    let mut config = Config::new();
    config.key_file(keys.path().join("key"));
    config
}

fn bench() -> Bench {
    let keys = tempfile::tempdir().expect("a folder for the key");
    let engine = Engine::new(&config(&keys)).expect("the host is supported");
    let image = Module::new(&engine, SOURCE).expect("it compiles").serialize().expect("it can be signed");
    Bench { _keys: keys, engine, image }
}

/// The reason for which the safe loader refuses `image`.
fn refusal(engine: &Engine, image: &[u8]) -> String {
    match Module::deserialize(engine, image) {
        Ok(_) => panic!("a wrong image was loaded"),
        Err(error) => format!("{error:#}"),
    }
}

/// SplitMix64: numbers from a seed that is printed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn seed() -> u64 {
    let seed = std::env::var("TANCHO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    eprintln!("seed {seed}; TANCHO_SEED sets it");
    seed
}

#[test]
fn an_image_runs_as_its_module_does() {
    let Bench { engine, image, .. } = bench();
    let module = Module::deserialize(&engine, &image).expect("our own image is loaded");
    let mut store = tancho::Store::new(&engine, ());
    let instance = tancho::Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").expect("it is exported");
    let some = i32::from_le_bytes(*b"some");
    assert_eq!(f.call(&mut store, 100).expect("in bounds"), some + 1);
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let Bench { engine, image, .. } = bench();
    let mut state = seed();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    // Every bit of the header's fields that have a meaning, and 2,000 anywhere.
    let header = (0..MAC.end * 8).step_by(3);
    let anywhere = (0..2000).map(|_| random(&mut state) as usize % (image.len() * 8));
    for bit in header.chain(anywhere) {
        let mut wrong = image.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let reason = refusal(&engine, &wrong);
        *reasons.entry(reason.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for (reason, count) in &reasons {
        println!("{count:>5} × {reason}");
    }
    assert!(reasons.len() >= 5, "the reasons differ by what was hit: {reasons:?}");
}

#[test]
fn a_cut_file_is_found() {
    let Bench { engine, image, .. } = bench();
    for length in (0..image.len()).step_by(97).chain([image.len() - 1]) {
        refusal(&engine, &image[..length]);
    }
    let mut longer = image.clone();
    longer.push(0);
    assert!(refusal(&engine, &longer).contains("bytes"), "appended bytes are named");
    // A cut file whose header says so is not intact either.
    let mut cut = image[..image.len() - 4096].to_vec();
    let length = cut.len() as u64;
    cut[LENGTH].copy_from_slice(&length.to_le_bytes());
    assert!(refusal(&engine, &cut).contains("damaged"));
}

/// Changes a byte of the code and computes the digest anew, as anybody can who knows the format.
fn forge(image: &[u8]) -> Vec<u8> {
    let mut forged = image.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 0xcc;
    forged[DIGEST].fill(0);
    forged[MAC].fill(0);
    let digest = blake3::hash(&forged);
    forged[DIGEST].copy_from_slice(digest.as_bytes());
    forged[MAC].copy_from_slice(&image[MAC]);
    forged
}

#[test]
fn a_forged_image_with_a_right_digest_is_refused() {
    let Bench { engine, image, .. } = bench();
    let forged = forge(&image);
    let reason = refusal(&engine, &forged);
    assert!(reason.contains("not written by this user's engine"), "{reason}");
    // The digest is indeed right: who vouches for the origin can load it. Nothing of it is run here.
    // SAFETY: no code of the image is called.
    unsafe { Module::deserialize_trusted(&engine, &forged) }.expect("the digest is right");
}

#[test]
fn another_users_image_is_refused() {
    let Bench { image, .. } = bench();
    let reason = refusal(&bench().engine, &image);
    assert!(reason.contains("not written by this user's engine"), "{reason}");
}

#[test]
fn an_image_with_other_settings_is_refused() {
    let keys = tempfile::tempdir().expect("a folder for the key");
    let engine = Engine::new(&config(&keys)).expect("the host is supported");
    let image = engine.precompile_module(SOURCE.as_bytes()).expect("it compiles");
    Module::deserialize(&engine, &image).expect("our own image is loaded");
    let mut other = config(&keys);
    other.cranelift_opt_level(OptLevel::None);
    let reason = refusal(&Engine::new(&other).expect("the host is supported"), &image);
    assert!(reason.contains("other settings"), "{reason}");
}

#[test]
fn an_image_of_another_machine_is_refused() {
    let Bench { engine, image, .. } = bench();
    let field = |offset: usize, value: u8, reason: &str| {
        let mut wrong = image.clone();
        wrong[offset] = value;
        let found = refusal(&engine, &wrong);
        assert!(found.contains(reason), "{found}");
    };
    field(0, b'x', "");
    field(8, 9, "format version 9");
    field(12, if cfg!(target_arch = "aarch64") { 1 } else { 2 }, "compiled for");
    field(40, b'x', "another build");
}

#[test]
fn wasm_is_no_image_and_an_image_no_wasm() {
    let Bench { engine, image, .. } = bench();
    assert!(refusal(&engine, b"\0asm\x01\0\0\0").contains("not a compiled module"));
    let error = Module::new(&engine, &image).map(|_| ()).expect_err("an image is no WebAssembly");
    assert!(format!("{error:#}").contains("deserialize"), "{error:#}");
}
