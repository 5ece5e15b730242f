//! `tancho validate`: is this a valid module?

use crate::engine::{proposals, read};
use crate::flags::Validate;
use std::process::ExitCode;
use tancho::{Context, Engine, Module, Result};

pub(crate) fn run(flags: Validate) -> Result<ExitCode> {
    let bytes = read(&flags.file)?;
    let engine = Engine::new(&proposals(&flags.proposals))?;
    Module::validate(&engine, &bytes).with_context(|| format!("{} is not valid", flags.file.display()))?;
    Ok(ExitCode::SUCCESS)
}
