//! The kernels of `kernel/`, and what a run of one says: a checksum, and the time by the guest's own clock.
//!
//! `kernels` runs each in every peer; `kernel/README.md` says which there are and why.

use crate::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One kernel at one level of optimisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// What its name begins with: recursion, call, interpreter, memory, text, crypto, float or simd.
    pub family: String,
    /// The source's name.
    pub name: String,
    /// `O2` or `Os`.
    pub level: String,
}

/// The folder of the kernels.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel")
}

impl Kernel {
    /// The kernel whose module has this file name, `family_what.level.wasm`.
    fn of(file: &str) -> Option<Kernel> {
        let (name, level) = file.strip_suffix(".wasm")?.split_once('.')?;
        let (family, _) = name.split_once('_')?;
        Some(Kernel { family: family.to_owned(), name: name.to_owned(), level: level.to_owned() })
    }

    /// All of them, ordered by name; of those with a filter that their title contains.
    ///
    /// # Errors
    ///
    /// When the folder of the modules cannot be read.
    pub fn all(filters: &[String]) -> Result<Vec<Kernel>, Error> {
        let path = folder().join("wasm");
        let mut kernels = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| format!("{}: {error}", path.display()))? {
            kernels.extend(entry?.file_name().to_str().and_then(Kernel::of));
        }
        kernels.retain(|kernel| {
            filters.is_empty() || filters.iter().any(|filter| kernel.title().contains(filter.as_str()))
        });
        kernels.sort();
        Ok(kernels)
    }

    /// Its name and level, which filters are compared with.
    pub fn title(&self) -> String {
        format!("{}.{}", self.name, self.level)
    }

    /// The file of its module.
    pub fn module(&self) -> PathBuf {
        folder().join("wasm").join(format!("{}.wasm", self.title()))
    }

    /// The file of its native build, which `kernel/build.sh` makes.
    pub fn native(&self) -> PathBuf {
        folder().join("native").join(self.title())
    }
}

/// What one run of a kernel came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it says that it computed.
    pub checksum: String,
    /// How long that took by its own clock, which is one on the wall.
    pub own: Duration,
    /// CPU time: of the thread in `_start`, or of the whole process where it is native.
    pub cpu: Duration,
}

impl Outcome {
    /// Reads the line that a kernel writes.
    ///
    /// # Errors
    ///
    /// When it is not a checksum and nanoseconds.
    pub fn read(stdout: &[u8], cpu: Duration) -> Result<Outcome, Error> {
        let text = String::from_utf8_lossy(stdout);
        let line = text.trim().split_once(' ').and_then(|(checksum, own)| Some((checksum, own.parse().ok()?)));
        let (checksum, own) =
            line.ok_or_else(|| format!("a kernel wrote `{}`, not a checksum and its time", text.trim()))?;
        Ok(Outcome { checksum: checksum.to_owned(), own: Duration::from_nanos(own), cpu })
    }
}
