//! Any change to an image: the safe loader accepts the original alone, and with a digest that was made right again the checks behind it
//! refuse or accept without a panic.
//!
//! `cargo +nightly fuzz run image`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho::{Config, Engine, Module};
use tancho_tests::oracle::hostile::redigest;

const SOURCE: &str = r#"(module
    (import "host" "f" (func $import (param i64) (result f32)))
    (memory (export "m") 1)
    (table (export "t") 3 funcref)
    (global (export "g") (mut i32) (i32.const 7))
    (elem (i32.const 0) $f $import)
    (data (i32.const 0) "abc")
    (data "passive")
    (func $f (export "f") (param i32) (result i32) (i32.load (local.get 0))))"#;

static BENCH: LazyLock<(Engine, Vec<u8>)> = LazyLock::new(|| {
    let mut config = Config::new();
    config.key_file(std::env::temp_dir().join(format!("tancho-fuzz-key-{}", std::process::id())));
    let engine = Engine::new(&config).expect("the host is supported");
    let image = engine.precompile_module(SOURCE.as_bytes()).expect("it compiles");
    (engine, image)
});

// The input is a list of changes: two bytes of position, scaled to what holds records and not code, or to all of it, and one to write there.
fuzz_target!(|changes: &[u8]| {
    let (engine, image) = &*BENCH;
    let mut changed = image.clone();
    for change in changes.chunks_exact(3) {
        let position = u16::from_le_bytes([change[0], change[1]]);
        let position = usize::from(position);
        let position =
            if position.is_multiple_of(4) { (position * image.len()) >> 16 } else { position % image.len().min(4096) };
        changed[position] = change[2];
    }
    let loaded = Module::deserialize(engine, &changed);
    assert_eq!(loaded.is_ok(), changed == *image, "a changed image was loaded, or the original was not");
    redigest(&mut changed);
    // SAFETY: no code of the image is called.
    if let Ok(module) = unsafe { Module::deserialize_trusted(engine, &changed) } {
        let _ = (module.imports().count(), module.exports().count(), module.name().map(str::len));
    }
});
