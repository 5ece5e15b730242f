//! `tancho completion`: a script for a shell, by which it completes command lines.

use crate::flags::{Completion, definition};
use crate::outcome::print;
use std::process::ExitCode;
use tancho::{Error, Result};

pub(crate) fn run(flags: &Completion) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut definition(), "tancho", &mut script);
    print(&String::from_utf8(script).map_err(Error::new)?)
}
