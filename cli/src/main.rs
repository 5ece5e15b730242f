//! The command `tancho`. Everything is in the library beside it, so that the tests can use it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    tancho_cli::main(std::env::args_os())
}
