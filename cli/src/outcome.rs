//! How a command ends: from an error to a message and an exit code; and printing where nobody may be reading any more.
//!
//! Called by `main`, and by commands that print.

use crate::diagnosis::report as message;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use tancho::{Context, Error, Exception, Result, Trap};
use tancho_wasi::I32Exit;

/// 128 + SIGABRT: what a shell reports for a native program that aborts.
pub(crate) const TRAP: u8 = 134;

/// The exit code for `error`, which is printed unless it is the guest's own wish to exit.
pub(crate) fn report(error: &Error) -> ExitCode {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return ExitCode::from(u8::try_from(exit.0).unwrap_or(1));
    }
    message::error(error);
    // An exception that nothing catches ends a native program likewise.
    if error.is::<Trap>() || error.is::<Exception>() { ExitCode::from(TRAP) } else { ExitCode::FAILURE }
}

/// Prints a line on standard error. Where nobody reads it, there is nobody to tell.
pub(crate) fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}

/// Prints on standard output. That whoever reads has seen enough and is gone is no error.
///
/// # Errors
///
/// When it cannot be written for any other reason.
pub(crate) fn print(text: &str) -> Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(ExitCode::SUCCESS),
    }
}
