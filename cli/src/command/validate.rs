//! `tancho validate`: is this a valid module?

use crate::engine::proposals;
use crate::flags::Validate;
use crate::load;
use std::process::ExitCode;
use tancho::{Context, Engine, Module, Result};

pub(crate) fn run(flags: &Validate) -> Result<ExitCode> {
    let bytes = load::source(&flags.file)?;
    let engine = Engine::new(&proposals(&flags.proposals))?;
    Module::validate(&engine, &bytes).with_context(|| format!("{} is not valid", load::shown(&flags.file)))?;
    Ok(ExitCode::SUCCESS)
}
