//! The guest programs and their cases for speed, as `tests/program/README.md` describes them.
//!
//! `versus` takes all of them, or those that its filters name.

use crate::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// One case of one program.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program's name.
    pub program: String,
    /// The case's.
    pub name: String,
    /// The program's name and the case's arguments.
    pub args: Vec<String>,
    /// The bytes of standard input.
    pub stdin: Vec<u8>,
    /// The bytes that standard output must have.
    pub stdout: Vec<u8>,
    /// The exit code it must have.
    pub exit: i32,
}

impl Case {
    /// The most bytes that are kept of an output.
    pub const OUTPUT_LIMIT: usize = 1 << 24;

    fn read(program: &str, folder: &Path) -> Result<Case, Error> {
        let text = |file: &str| -> Result<String, Error> { Ok(String::from_utf8(read(&folder.join(file))?)?) };
        for unsupported in ["env", "dir", "stderr"] {
            if folder.join(unsupported).exists() {
                return Err(format!("{}: cases for speed cannot have `{unsupported}`", folder.display()).into());
            }
        }
        let mut args = vec![program.to_owned()];
        args.extend(text("args")?.lines().map(str::to_owned));
        let exit = text("exit")?;
        Ok(Case {
            program: program.to_owned(),
            name: file_name(folder),
            args,
            stdin: read(&folder.join("stdin"))?,
            stdout: read(&folder.join("stdout"))?,
            exit: if exit.is_empty() { 0 } else { exit.trim().parse()? },
        })
    }

    /// `program/case`, which filters are compared with.
    pub fn path(&self) -> String {
        format!("{}/{}", self.program, self.name)
    }
}

/// The folder of the guest programs.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/program")
}

/// The module of a program.
///
/// # Errors
///
/// When there is none.
pub fn module(program: &str) -> Result<Vec<u8>, Error> {
    let path = folder().join(program).with_extension("wasm");
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The cases for speed whose path contains one of the filters, all when there are none; ordered by path.
///
/// # Errors
///
/// When a case cannot be read.
pub fn cases(filters: &[String]) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for program in folders(&folder())? {
        for case in folders(&program.join("bench"))? {
            cases.push(Case::read(&file_name(&program), &case)?);
        }
    }
    cases.retain(|case| filters.is_empty() || filters.iter().any(|filter| case.path().contains(filter.as_str())));
    Ok(cases)
}

/// The folders in a folder, ordered by name; none when it is not there.
fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>, Error>>()?;
    let mut folders: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

/// A file's bytes; none when it is not there.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
