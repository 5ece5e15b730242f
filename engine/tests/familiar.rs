//! A program for wasmtime's interface runs on Tancho, with the crate renamed, and does what it does there (`benches/familiar.rs` compares).
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho as wasmtime;

#[path = "../../tests/familiar/program.rs"]
mod program;

#[test]
fn a_program_for_wasmtime_does_the_same() {
    let written = program::run(|config| {
        // Where the key is that compiled modules are signed with, which is not wasmtime's to say.
        config.key_file(std::env::temp_dir().join(format!("tancho-familiar-{}", std::process::id())));
    });
    assert_eq!(written.unwrap(), include_str!("../../tests/familiar/transcript.txt"));
}
