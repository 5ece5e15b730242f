//! A program for wasmtime's interface does the same on Tancho and on wasmtime: what it writes down is compared.
//!
//! `cargo test --release --manifest-path benches/Cargo.toml --test familiar`. The product's own tests run it on Tancho, and compare with the
//! same transcript (`engine/tests/familiar.rs`).

#![allow(clippy::duplicate_mod, reason = "the same program on either engine is the point")]
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "familiar/ours.rs"]
mod ours;
#[path = "familiar/theirs.rs"]
mod theirs;

#[test]
fn a_program_for_wasmtime_does_the_same() {
    let theirs = theirs::program::run(|_| ()).expect("it runs on wasmtime");
    let ours = ours::program::run(|config| {
        config.key_file(std::env::temp_dir().join(format!("tancho-familiar-{}", std::process::id())));
    });
    let ours = ours.expect("it runs on Tancho");
    for (line, (ours, theirs)) in (1..).zip(ours.lines().zip(theirs.lines())) {
        assert_eq!(ours, theirs, "line {line}, Tancho's on the left");
    }
    assert_eq!(ours, theirs);
    assert_eq!(ours, include_str!("../tests/familiar/transcript.txt"));
}
