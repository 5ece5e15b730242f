//! The core dump of a program that a trap has ended: written where `--coredump` says.
//!
//! Called by `command::run` with the error of whatever it has run.

use crate::command::compile::write_whole;
use crate::diagnosis::{Diagnosis, code, report};
use crate::outcome::tell;
use std::path::Path;
use tancho::{Context, Error, Result, Store, WasmCoreDump};

/// Writes the core dump that is in `error`, if there is one, to `file`. One that cannot be written is a warning: the error is what
/// matters.
pub(crate) fn keep<T>(error: Error, store: &mut Store<T>, file: Option<&Path>, program: &str) -> Error {
    let (Some(file), Some(dump)) = (file, error.downcast_ref::<WasmCoreDump>()) else { return error };
    match write(dump, store, file, program) {
        Ok(bytes) => tell(&format!("The core dump is in {} ({bytes} bytes).", file.display())),
        Err(error) => report::warning(&error),
    }
    error
}

fn write<T>(dump: &WasmCoreDump, store: &mut Store<T>, file: &Path, program: &str) -> Result<usize> {
    let failed = || Diagnosis::new(&code::file::UNWRITABLE, format!("cannot write the core dump {}", file.display()));
    let bytes = dump.serialize(store, program).with_context(failed)?;
    write_whole(file, &bytes).with_context(failed)?;
    Ok(bytes.len())
}
