//! How a test starts a program that was built with it: by itself, or by the emulator that `TANCHO_RUNNER` names with its arguments, where
//! both were built for another machine (`tests/cross.sh`).
//!
//! A part of each test that starts one.

use std::ffi::OsStr;
use std::process::Command;

/// A command that runs `program`.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let runner = std::env::var("TANCHO_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(program) };
    let mut command = Command::new(emulator);
    command.args(words).arg(program);
    command
}
