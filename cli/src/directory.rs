//! The directories of `--dir`: how one is written, and what a program may be given of the host by one.
//!
//! Called by `command::run`.

use crate::diagnosis::{Diagnosis, code, spelling};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tancho::{Error, Result};
use tancho_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

/// A directory as it is written: `HOST[::GUEST[::ro]]`.
struct Given<'a> {
    host: &'a str,
    guest: &'a str,
    writable: bool,
}

impl Given<'_> {
    /// # Errors
    ///
    /// When it is written otherwise.
    fn parse(directory: &str) -> Result<Given<'_>> {
        let wrong = |message: &str| {
            Diagnosis::new(&code::line::DIRECTORY_SYNTAX, format!("--dir is given `{directory}`: {message}"))
                .help("write --dir HOST, --dir HOST::GUEST or --dir HOST::GUEST::ro")
        };
        let parts: Vec<&str> = directory.split("::").collect();
        let (host, guest, mode) = match parts.as_slice() {
            [host] => (*host, *host, "rw"),
            [host, guest] => (*host, *guest, "rw"),
            [host, guest, mode] => (*host, if guest.is_empty() { *host } else { *guest }, *mode),
            _ => return Err(wrong("there are more than three parts").into()),
        };
        if !["ro", "rw"].contains(&mode) {
            return Err(wrong("the third part is `ro` or `rw`").into());
        }
        if host.is_empty() || guest.is_empty() {
            return Err(wrong("a directory has no name").into());
        }
        Ok(Given { host, guest, writable: mode == "rw" })
    }
}

/// Gives the guest a directory.
///
/// # Errors
///
/// When it is not written as one, or cannot be opened.
pub(crate) fn preopen(builder: &mut WasiCtxBuilder, directory: &str) -> Result<()> {
    let Given { host, guest, writable } = Given::parse(directory)?;
    let (directories, files) =
        if writable { (DirPerms::all(), FilePerms::all()) } else { (DirPerms::READ, FilePerms::READ) };
    let opened = builder.preopened_dir(host, guest, directories, files);
    opened.map_err(|error| {
        let mut diagnosis =
            Diagnosis::new(&code::guest::DIRECTORY, format!("cannot open the directory {host} for --dir"));
        let near = || {
            near_directory(Path::new(host))
                .map(|near| format!("did you mean --dir {}?", directory.replacen(host, &near, 1)))
        };
        if let Some(help) = another_order(directory).or_else(near) {
            diagnosis = diagnosis.help(help);
        }
        Error::new(error).context(diagnosis)
    })?;
    Ok(())
}

/// Refuses a directory in which the program could write to `file`, whose code is mapped.
///
/// # Errors
///
/// When the file is there, or may have another name there.
pub(crate) fn not_writable(file: &Path, directory: &str) -> Result<()> {
    let Given { host, guest, writable } = Given::parse(directory)?;
    if !writable {
        return Ok(());
    }
    let refuse =
        |message: String, help: String| Err(Diagnosis::new(&code::line::DIRECTORY_SYNTAX, message).help(help).into());
    if let (Ok(file), Ok(within)) = (file.canonicalize(), Path::new(host).canonicalize())
        && file.starts_with(within)
    {
        return refuse(
            format!("--dir {directory} has the file that --allow-mmap runs from: the program could write its own code"),
            format!("let it read only, with --dir {host}::{guest}::ro, or leave --allow-mmap out"),
        );
    }
    let names = file.metadata().map_or(1, |file| file.nlink());
    if names > 1 {
        return refuse(
            format!(
                "the file that --allow-mmap runs from has {names} names (hard links), one of which may be in --dir {directory}: the \
                 program could write its own code"
            ),
            format!(
                "run a copy, made with `cp`; or let it read only, with --dir {host}::{guest}::ro; or leave --allow-mmap out"
            ),
        );
    }
    Ok(())
}

/// The directory beside `missing` whose name is nearest.
fn near_directory(missing: &Path) -> Option<String> {
    let folder = missing.parent().filter(|folder| !folder.as_os_str().is_empty());
    let listed = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?.flatten();
    let directories = listed.filter(|entry| entry.path().is_dir());
    let names: Vec<String> = directories.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let near = spelling::nearest(missing.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.map_or(near.to_owned(), |folder| folder.join(near).display().to_string()))
}

/// What was meant by a directory that is not there, where the parts are separated or ordered as other engines have them.
fn another_order(directory: &str) -> Option<String> {
    let parts: Vec<&str> = directory.split("::").collect();
    if let [host, guest, ..] = parts.as_slice() {
        return Path::new(guest)
            .is_dir()
            .then(|| format!("the directory of this machine stands first: --dir {guest}::{host}"));
    }
    let (one, other) = directory.split_once(':')?;
    match (Path::new(one).is_dir(), Path::new(other).is_dir()) {
        (true, _) => Some(format!("there are two colons between the names: --dir {one}::{other}")),
        (false, true) => {
            Some(format!("there are two colons, and the directory of this machine stands first: --dir {other}::{one}"))
        }
        _ => {
            Some(format!("there are two colons between the names: --dir HOST::GUEST, and `{one}` is no directory here"))
        }
    }
}
