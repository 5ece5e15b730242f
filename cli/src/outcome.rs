//! How a command ends: from an error to a message and an exit code.
//!
//! Called once, by `main`.

use std::process::ExitCode;
use tancho::{Error, Exception, Trap};
use tancho_wasi::I32Exit;

/// 128 + SIGABRT: what a shell reports for a native program that aborts.
const TRAP: u8 = 134;

/// The exit code for `error`, which is printed unless it is the guest's own wish to exit.
pub(crate) fn report(error: &Error) -> ExitCode {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return ExitCode::from(u8::try_from(exit.0).unwrap_or(1));
    }
    eprintln!("Error: {error:?}");
    // An exception that nothing catches ends a native program likewise.
    if error.is::<Trap>() || error.is::<Exception>() { ExitCode::from(TRAP) } else { ExitCode::FAILURE }
}
