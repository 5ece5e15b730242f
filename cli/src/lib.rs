//! The command `tancho` as a library: the binary calls [`main`], the tests the script runner in [`command::wast`].

pub mod command;
mod coredump;
mod diagnosis;
mod directory;
mod engine;
mod flags;
mod load;
mod outcome;
mod output;
mod progress;
mod proposal;
mod stats;
mod style;
mod timeout;

use diagnosis::report;
use flags::{Command, Refused};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `arguments` (the program's own name first) and returns the exit code: the guest's own for `run`, 134
/// after a trap, 1 for any other error, 2 for a command line that is not understood.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let command = match flags::parse(arguments) {
        Ok(command) => command,
        Err(Refused::Mistake(error)) => {
            report::error(&error);
            return ExitCode::from(2);
        }
        Err(Refused::Usage(error, more)) => {
            // clap has its own exit codes: 0 for --help, 2 for what it does not understand.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            if error.print().is_err() {
                return ExitCode::FAILURE;
            }
            if let Some(more) = more {
                report::usage(&more);
            }
            return ExitCode::from(code);
        }
    };
    let result = match command {
        Command::Run(run) => command::run::run(&run),
        Command::Compile(compile) => command::compile::run(compile),
        Command::Validate(validate) => command::validate::run(&validate),
        Command::Inspect(inspect) => command::inspect::run(&inspect),
        Command::Objdump(objdump) => command::objdump::run(&objdump),
        Command::Wast(wast) => command::wast::run(wast),
        Command::Settings(settings) => command::settings::run(&settings),
        Command::Cache(cache) => command::cache::run(&cache),
        Command::Explain(explain) => command::explain::run(&explain),
        Command::Completion(completion) => command::completion::run(&completion),
        Command::Man(man) => command::man::run(&man),
    };
    match result {
        Ok(code) => code,
        Err(error) => outcome::report(&error),
    }
}
