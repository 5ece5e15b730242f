//! `tancho validate`: is this a valid module?

use crate::engine::{choose, read};
use crate::flags::Validate;
use std::process::ExitCode;
use tancho::{Config, Context, Engine, Module, Result};

pub(crate) fn run(flags: Validate) -> Result<ExitCode> {
    let mut config = Config::new();
    choose(&mut config, &flags.proposals)?;
    let bytes = read(&flags.file)?;
    Module::validate(&Engine::new(&config)?, &bytes)
        .with_context(|| format!("{} is not valid", flags.file.display()))?;
    Ok(ExitCode::SUCCESS)
}
