//! The command `tancho` as a library: the binary calls [`main`], the tests the script runner in [`command::wast`].

pub mod command;
mod engine;
mod flags;
mod outcome;
mod proposal;

use flags::Command;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `arguments` (the program's own name first) and returns the exit code: the guest's own for `run`, 134
/// after a trap, 1 for any other error, 2 for a command line that is not understood.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let command = match flags::parse(arguments) {
        Ok(command) => command,
        Err(error) => {
            // clap has its own exit codes: 0 for --help, 2 for what it does not understand.
            let code = error.exit_code();
            return match error.print() {
                Ok(()) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
                Err(_) => ExitCode::from(1),
            };
        }
    };
    let result = match command {
        Command::Run(run) => command::run::run(run),
        Command::Compile(compile) => command::compile::run(compile),
        Command::Validate(validate) => command::validate::run(validate),
        Command::Wast(wast) => command::wast::run(wast),
    };
    match result {
        Ok(code) => code,
        Err(error) => outcome::report(&error),
    }
}
