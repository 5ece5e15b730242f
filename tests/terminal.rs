//! What the command shows to a person at a terminal and to nobody else: colours, and a sign of life while it compiles for long. `script` makes
//! the terminal.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What comes out at a terminal of a shell's line, in which `tancho` stands for the command. `None` where there is no `script`.
fn at_terminal(folder: &Path, line: &str) -> Option<String> {
    let line = line.replace("tancho", env!("CARGO_BIN_EXE_tancho"));
    let mut command = Command::new("script");
    command.args(["-q", "-c", &line, "/dev/null"]).current_dir(folder).stdin(Stdio::null());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TERM", "xterm");
    command.env("TANCHO_KEY_FILE", folder.join("key")).env("TANCHO_CACHE_DIR", folder.join("cache"));
    match command.output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            eprintln!("there is no terminal, for there is no `script`: {error}");
            None
        }
    }
}

#[test]
fn colours_are_for_those_who_see_them() {
    let folder = tempfile::tempdir().expect("a folder to work in");
    let Some(shown) = at_terminal(folder.path(), "tancho none.wasm") else { return };
    assert!(shown.contains("\x1b[1;31mError:\x1b[0m cannot read none.wasm"), "{shown:?}");
    for line in ["NO_COLOR=1 tancho none.wasm", "TERM=dumb tancho none.wasm", "tancho none.wasm 2>&1 | cat"] {
        let shown = at_terminal(folder.path(), line).expect("it was there before");
        assert!(shown.contains("Error: cannot read none.wasm") && !shown.contains('\x1b'), "{line}: {shown:?}");
    }
}

#[test]
fn a_long_compilation_shows_that_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder to work in");
    // Long enough wherever this runs: some seconds on one thread.
    let mut many = "(module (func (export \"_start\"))".to_owned();
    for number in 0..40_000 {
        let body = "(i32.add (i32.mul (local.get 0) (local.get 0)) (i32.const 7))";
        writeln!(many, "(func (param i32) (result i32) (i32.xor {body} (i32.const {number})))").expect("it can grow");
    }
    many.push(')');
    std::fs::write(folder.path().join("many.wat"), many).expect("it can be written");
    let line = "tancho --compile-threads 1 --cache=n many.wat";
    let Some(shown) = at_terminal(folder.path(), line) else { return };
    assert!(shown.contains("compiling many.wat (") && shown.contains(" MiB), "), "{shown:?}");
    // Nothing of it stays: the line is cleared in the end.
    assert!(shown.trim_end_matches(['\r', '\n']).ends_with("\x1b[2K"), "{shown:?}");
    let shown = at_terminal(folder.path(), &format!("{line} 2>/dev/null")).expect("it was there before");
    assert_eq!(shown, "");
}
