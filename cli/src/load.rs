//! From a file to a module: read, recognised, taken from the cache or compiled, with what each step took.
//!
//! Called by the commands that run or show code.

use crate::diagnosis::{Diagnosis, code, recognise, report, spelling};
use crate::flags::{CacheFlags, Run};
use crate::progress;
use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};
use tancho::{Cache, Context, Engine, Lookup, Module, Result};

/// A module, and how it came about.
pub(crate) struct Loaded {
    pub(crate) module: Module,
    /// How its code was come by.
    pub(crate) by: By,
    /// How long reading the file took.
    pub(crate) reading: Duration,
    /// How long compiling took, or loading what was compiled.
    pub(crate) making: Duration,
    /// Bytes of the file.
    pub(crate) bytes: usize,
}

/// How code was come by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// It was compiled, and is not kept.
    Compiling,
    /// It was compiled, and is in the cache now.
    CompilingForCache,
    /// It was in the cache.
    Cache,
    /// The file was compiled already.
    File,
    /// The same, and its code was not copied.
    MappedFile,
}

/// What the user vouches for in a compiled file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trust {
    Nothing,
    /// Who has made it.
    Origin,
    /// That besides, and that it is whole and stays as it is.
    OriginAndContent,
}

impl Trust {
    /// What the options say.
    pub(crate) fn of(flags: &Run) -> Trust {
        match (flags.allow_mmap, flags.allow_precompiled) {
            (true, _) => Trust::OriginAndContent,
            (false, true) => Trust::Origin,
            (false, false) => Trust::Nothing,
        }
    }
}

impl By {
    /// In a word, for tables and programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            By::Compiling => "compiled",
            By::CompilingForCache => "compiled and cached",
            By::Cache => "cache",
            By::File => "compiled file",
            By::MappedFile => "mapped file",
        }
    }
}

/// The bytes of a file; of standard input when it is called `-`.
pub(crate) fn read(file: &OsStr) -> Result<Vec<u8>> {
    if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|error| {
        let mut diagnosis = Diagnosis::new(&code::file::UNREADABLE, format!("cannot read {}", file.display()));
        if let Some(help) = unreadable(Path::new(file), &error) {
            diagnosis = diagnosis.help(help);
        }
        tancho::Error::new(error).context(diagnosis)
    })
}

/// What to do about a file that cannot be read.
fn unreadable(file: &Path, error: &std::io::Error) -> Option<String> {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let Ok(listed) = std::fs::read_dir(folder) else {
                return Some(format!("there is no folder {} either", folder.display()));
            };
            let wanted = file.file_name()?.to_string_lossy().into_owned();
            let names: Vec<String> =
                listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            let extended = [".wasm", ".wat", ".cwasm"].map(|extension| format!("{wanted}{extension}"));
            let found = extended.into_iter().find(|name| names.contains(name));
            let found =
                found.or_else(|| spelling::nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned));
            let shown =
                |name: String| if folder == Path::new(".") { name } else { folder.join(name).display().to_string() };
            found.map(|name| format!("did you mean {}?", shown(name)))
        }
        std::io::ErrorKind::IsADirectory => Some("it is a directory: name the module in it".to_owned()),
        std::io::ErrorKind::PermissionDenied => {
            Some("you may not read it: see `ls -l`, and `chmod u+r` it if it is yours".to_owned())
        }
        _ => None,
    }
}

/// The bytes of a file that may be a module, compiled or not.
///
/// # Errors
///
/// When it cannot be read, or is something else that is recognised.
pub(crate) fn source(file: &OsStr) -> Result<Vec<u8>> {
    let bytes = read(file)?;
    if !Module::is_precompiled(&bytes)
        && let Some(mistake) = recognise::mistake(&shown(file), &bytes)
    {
        return Err(mistake.into());
    }
    Ok(bytes)
}

/// How a file is called in messages.
pub(crate) fn shown(file: &OsStr) -> String {
    if file == "-" { "standard input".to_owned() } else { file.display().to_string() }
}

/// The cache that the flags ask for; `None` when they ask for none, or there is no place for one. One that cannot be used is a
/// warning.
pub(crate) fn cache(flags: &CacheFlags) -> Option<Cache> {
    let folder = flags.folder.clone().or_else(Cache::default_folder).filter(|_| flags.on)?;
    match Cache::open(folder) {
        Ok(mut cache) => {
            if let Some(size) = flags.size {
                cache.limit(size);
            }
            Some(cache)
        }
        Err(error) => {
            report::warning(&error);
            None
        }
    }
}

/// Loads the module in a file: one that is compiled already, or what the cache has of it, or what the compiler makes of it.
///
/// `trust` says what the user vouches for where the file is compiled.
///
/// # Errors
///
/// When the file cannot be read, is no module, or cannot be compiled or loaded.
pub(crate) fn module(engine: &Engine, cache: Option<&Cache>, file: &OsStr, trust: Trust) -> Result<Loaded> {
    let start = Instant::now();
    if trust == Trust::OriginAndContent
        && let Some(bytes) = length_if_compiled(file)
    {
        let module = crate::command::run::load_mapped(engine, file)?;
        return Ok(Loaded { module, by: By::MappedFile, reading: Duration::ZERO, making: start.elapsed(), bytes });
    }
    let source = source(file)?;
    let reading = start.elapsed();
    let start = Instant::now();
    let (module, by) = if Module::is_precompiled(&source) {
        (crate::command::run::load_compiled(engine, &source, file, trust != Trust::Nothing)?, By::File)
    } else {
        cached(engine, cache, file, &source)?
    };
    Ok(Loaded { module, by, reading, making: start.elapsed(), bytes: source.len() })
}

/// How many bytes a file has that holds a compiled module; `None` where it is none, or cannot be mapped.
fn length_if_compiled(file: &OsStr) -> Option<usize> {
    let mut open = std::fs::File::open(file).ok()?;
    let length = usize::try_from(open.metadata().ok().filter(std::fs::Metadata::is_file)?.len()).ok()?;
    let mut head = [0; 64];
    let head = head.get_mut(..length.min(64))?;
    open.read_exact(head).ok()?;
    Module::is_precompiled(head).then_some(length)
}

fn cached(engine: &Engine, cache: Option<&Cache>, file: &OsStr, source: &[u8]) -> Result<(Module, By)> {
    // Where the key cannot be used, neither can the cache; the program runs all the same.
    let looked_up = cache.and_then(|cache| match cache.get(engine, source) {
        Ok(found) => Some((cache, found)),
        Err(error) => {
            report::warning(&error.context("the cache cannot be used"));
            None
        }
    });
    let cache = match looked_up {
        Some((_, Lookup::Hit(module))) => return Ok((module, By::Cache)),
        Some((cache, Lookup::Bad(error))) => {
            report::warning(&error);
            Some(cache)
        }
        Some((cache, _)) => Some(cache),
        None => None,
    };
    let compiled = progress::while_compiling(file, source.len(), || Module::new(engine, source));
    let module = compiled.with_context(|| format!("cannot compile {}", shown(file)))?;
    let by = match cache.map(|cache| cache.put(source, &module)) {
        Some(Ok(())) => By::CompilingForCache,
        Some(Err(error)) => {
            report::warning(&error);
            By::Compiling
        }
        None => By::Compiling,
    };
    Ok((module, by))
}
