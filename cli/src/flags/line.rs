//! Reading a command line: from words to a [`Command`], with the options of a configuration file, and with an answer for those who
//! write what other engines understand.
//!
//! Called once, by `main`.

use super::command::{Command, Line};
use super::config;
use crate::diagnosis::{Diagnosis, code, spelling};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Why there is no command to carry out.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Help, the version, or a line that is not understood, as clap says it, and what there is to add.
    Usage(clap::Error, Option<Box<Diagnosis>>),
    /// What is said better without clap: an option of another engine, something in a configuration file.
    Mistake(tancho::Error),
}

/// Everything that there is to say on a command line.
pub(crate) fn definition() -> clap::Command {
    Line::command()
}

/// Reads a command line. Where the first word is no subcommand, `run` is meant.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Refused> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if let Some(first) = arguments.get(1) {
        let own = ["help", "--help", "-h", "--version", "-V"];
        let is_command = first.to_str().is_some_and(|first| own.contains(&first) || Command::has_subcommand(first));
        if !is_command {
            arguments.insert(1, "run".into());
        }
    }
    let command = read(&arguments)?;
    let Some(file) = config_of(&command) else { return Ok(command) };
    let name = arguments.get(1).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let options = config::options(&file, &name, &definition()).map_err(Refused::Mistake)?;
    // Of an option that is given twice the last one counts: before the line's own, the file's give way to them.
    arguments.splice(2..2, options);
    read(&arguments)
}

fn read(arguments: &[OsString]) -> Result<Command, Refused> {
    Line::try_parse_from(arguments).map(|line| line.command).map_err(|error| {
        match diagnose(&error, arguments) {
            // clap would suggest whatever looks like it.
            Some(better) if better.is_whole() => Refused::Mistake(better.into()),
            more => Refused::Usage(error, more.map(Box::new)),
        }
    })
}

fn config_of(command: &Command) -> Option<PathBuf> {
    let engine = match command {
        Command::Run(run) => &run.engine,
        Command::Compile(compile) => &compile.engine,
        Command::Inspect(inspect) => &inspect.engine,
        Command::Objdump(objdump) => &objdump.engine,
        Command::Wast(wast) => &wast.engine,
        Command::Settings(settings) => &settings.engine,
        _ => return None,
    };
    engine.config.clone()
}

/// What clap does not say of a mistake: what an option of another engine is called here, and the code.
fn diagnose(error: &clap::Error, arguments: &[OsString]) -> Option<Diagnosis> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let invalid = text(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return None;
        }
        ErrorKind::UnknownArgument => match spelling::of_option(&invalid, arguments) {
            Some(help) => {
                let option = invalid.split('=').next().unwrap_or_default();
                Diagnosis::new(&code::line::FOREIGN_OPTION, format!("there is no option {option}")).help(help)
            }
            None => Diagnosis::new(&code::line::UNKNOWN_OPTION, invalid),
        },
        ErrorKind::InvalidSubcommand => Diagnosis::new(&code::line::UNKNOWN_COMMAND, invalid),
        ErrorKind::MissingRequiredArgument | ErrorKind::MissingSubcommand => {
            Diagnosis::new(&code::line::MISSING_ARGUMENT, invalid)
        }
        _ => Diagnosis::new(&code::line::WRONG_VALUE, invalid),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::flags::Run;

    fn run(line: &[&str]) -> Run {
        match parse(line.iter().map(OsString::from)) {
            Ok(Command::Run(run)) => *run,
            other => panic!("{line:?} is read as {other:?}"),
        }
    }

    #[test]
    fn run_is_meant_where_no_subcommand_stands() {
        assert_eq!(run(&["tancho", "a.wasm"]).split().0, "a.wasm");
        assert_eq!(run(&["tancho", "run", "a.wasm"]).split().0, "a.wasm");
        assert_eq!(run(&["tancho", "--dir", ".", "a.wasm"]).dir, ["."]);
        assert!(matches!(parse(["tancho", "wast", "a"].map(OsString::from).into_iter()), Ok(Command::Wast(_))));
    }

    #[test]
    fn what_follows_the_file_is_the_guests() {
        let line = run(&["tancho", "--dir", "x::y", "a.wasm", "--dir", "z", "--", "-h", "--invoke=f"]);
        assert_eq!(line.dir, ["x::y"]);
        assert_eq!(line.split().1, ["--dir", "z", "--", "-h", "--invoke=f"]);
        assert!(line.invoke.is_none());
    }

    #[test]
    fn dashes_before_the_file_are_dropped() {
        let line = run(&["tancho", "run", "--", "a.wasm", "--", "b"]);
        assert_eq!(line.split(), (&"a.wasm".into(), &["--".into(), "b".into()][..]));
    }

    #[test]
    fn options_that_are_on_or_off() {
        assert!(run(&["tancho", "--belt", "a.wasm"]).engine.belt);
        assert!(run(&["tancho", "--belt=y", "a.wasm"]).engine.belt);
        assert!(!run(&["tancho", "--belt", "--belt=n", "a.wasm"]).engine.belt);
        assert!(!run(&["tancho", "--cache=n", "a.wasm"]).cache.on);
        assert!(run(&["tancho", "a.wasm"]).cache.on);
    }

    #[test]
    fn the_line_counts_more_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(
            &file,
            "opt-level = \"none\"\nbelt = true\ndir = [\"x::y\", \"z\"]\n[run]\nargv0 = \"a\"\n[compile]\ntarget = \"t\"\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let line =
            run(&["tancho", "--config", file, "--argv0", "b", "--dir", "w", "--belt=n", "a.wasm", "--argv0", "c"]);
        assert_eq!((line.argv0.as_deref(), line.engine.belt), (Some("b"), false));
        assert_eq!(line.dir, ["x::y", "z", "w"]);
        assert!(matches!(line.engine.opt_level, crate::flags::OptLevel::None));
        assert_eq!(line.split().1, ["--argv0", "c"]);
    }

    #[test]
    fn the_file_may_have_the_other_names_of_options() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, "max-memory = \"1M\"\n[run]\nmax-memory-size = \"2M\"\n").unwrap();
        let line = run(&["tancho", "--config", file.to_str().unwrap(), "a.wasm"]);
        assert_eq!(line.limits.max_memory_size, Some(2 << 20));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        definition().debug_assert();
    }
}
