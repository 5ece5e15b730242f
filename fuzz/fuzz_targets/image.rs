//! Any change to an image: the safe loader accepts the original alone.
//!
//! `cargo +nightly fuzz run image`

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tancho::{Config, Engine, Module};

const SOURCE: &str = r#"(module (memory (export "m") 1) (data (i32.const 0) "abc") (func (export "f") (result i32) i32.const 1))"#;

static BENCH: LazyLock<(Engine, Vec<u8>)> = LazyLock::new(|| {
    let mut config = Config::new();
    config.key_file(std::env::temp_dir().join(format!("tancho-fuzz-key-{}", std::process::id())));
    let engine = Engine::new(&config).expect("the host is supported");
    let image = engine.precompile_module(SOURCE.as_bytes()).expect("it compiles");
    (engine, image)
});

// The input is a list of changes: two bytes of position, scaled to the image, and one to write there.
fuzz_target!(|changes: &[u8]| {
    let (engine, image) = &*BENCH;
    let mut changed = image.clone();
    for change in changes.chunks_exact(3) {
        let position = usize::from(u16::from_le_bytes([change[0], change[1]])) * image.len() / (1 << 16);
        changed[position] = change[2];
    }
    let loaded = Module::deserialize(engine, &changed);
    assert_eq!(loaded.is_ok(), changed == *image, "a changed image was loaded, or the original was not");
});
