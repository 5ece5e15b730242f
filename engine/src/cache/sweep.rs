//! Keeping the cache within its bounds, and looking at what is in it.
//!
//! `folder` prunes after each addition; users list, verify, prune and clean. Only files with the names of entries, and of the
//! temporary files that become entries, are ever touched.

use super::entry;
use super::folder::{Cache, seconds_now};
use crate::engine::Engine;
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use rustix::fs::{AtFlags, Dir, FileType};
use rustix::io::Errno;

/// What the name of a temporary file ends in.
pub(super) const TEMPORARY: &str = ".tmp";

/// A temporary file that was not written to for so many seconds belongs to a process that is gone.
const STALE: i64 = 600;

/// A file of the cache.
///
/// ```
/// # use tancho::{Cache, Config, Engine, Module, Result};
/// # fn main() -> Result<()> {
/// # let folder = std::env::temp_dir().join(format!("tancho-doc-entry-{}", std::process::id()));
/// let engine = Engine::new(Config::new().key_file(folder.join("key")))?;
/// # std::fs::create_dir_all(&folder)?;
/// let cache = Cache::open(folder.join("modules"))?;
/// let source = b"\0asm\x01\0\0\0";
/// cache.put(source, &Module::new(&engine, source)?)?;
/// let entries = cache.entries()?;
/// assert!(entries.iter().any(|entry| entry.bytes > 0 && !entry.temporary));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CacheEntry {
    /// Its name in the folder.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last used, in seconds since 1970, to the minute.
    pub used: i64,
    /// Whether it is still being written, or was when its process ended.
    pub temporary: bool,
}

/// What was removed.
///
/// ```
/// # use tancho::{Cache, Config, Engine, Module, Result};
/// # fn main() -> Result<()> {
/// # let folder = std::env::temp_dir().join(format!("tancho-doc-swept-{}", std::process::id()));
/// let engine = Engine::new(Config::new().key_file(folder.join("key")))?;
/// # std::fs::create_dir_all(&folder)?;
/// let cache = Cache::open(folder.join("modules"))?;
/// let source = b"\0asm\x01\0\0\0";
/// cache.put(source, &Module::new(&engine, source)?)?;
/// let swept = cache.clean()?;
/// assert_eq!(swept.files, 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Swept {
    /// How many files.
    pub files: usize,
    /// How many bytes they had.
    pub bytes: u64,
}

impl Cache {
    /// Its files, those used last first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub fn entries(&self) -> Result<Vec<CacheEntry>> {
        let mut entries = Vec::new();
        let cannot = || {
            Coded::new(ErrorCode::CacheUnusable, format!("cannot list the cache folder `{}`", self.path().display()))
        };
        for file in Dir::read_from(&self.folder).with_context(cannot)? {
            let file = file.with_context(cannot)?;
            let Ok(name) = file.file_name().to_str() else { continue };
            let Some(temporary) = is_temporary(name) else { continue };
            // A file may be gone since it was listed.
            let Ok(stat) = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                continue;
            }
            let bytes = u64::try_from(stat.st_size).unwrap_or(0);
            entries.push(CacheEntry { name: name.to_owned(), bytes, used: stat.st_mtime, temporary });
        }
        entries.sort_by(|one, other| other.used.cmp(&one.used).then_with(|| one.name.cmp(&other.name)));
        Ok(entries)
    }

    /// Removes temporary files of processes that are gone, and of the entries as many as are too much, those first that were not used
    /// for the longest time.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed, or a file not be removed.
    pub fn prune(&self) -> Result<Swept> {
        self.prune_to(self.limit)
    }

    /// What each addition does: nothing, unless there is too much; then room for some more is made, so that the next ones need not.
    pub(super) fn prune_to_limit(&self) -> Result<()> {
        let entries = self.entries()?;
        let total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if total > self.limit || entries.iter().any(is_stale) {
            self.prune_to(if total > self.limit { self.limit / 4 * 3 } else { self.limit })?;
        }
        Ok(())
    }

    fn prune_to(&self, limit: u64) -> Result<Swept> {
        let (mut kept, mut swept) = (0_u64, Swept::default());
        for entry in self.entries()? {
            let fits = kept.saturating_add(entry.bytes) <= limit;
            if if entry.temporary { !is_stale(&entry) } else { fits } {
                kept = kept.saturating_add(entry.bytes);
            } else {
                self.sweep(&entry, &mut swept)?;
            }
        }
        Ok(swept)
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed, or a file not be removed.
    pub fn clean(&self) -> Result<Swept> {
        let mut swept = Swept::default();
        for entry in self.entries()? {
            self.sweep(&entry, &mut swept)?;
        }
        Ok(swept)
    }

    /// Checks every entry, and gives those that this user's engine, with whatever settings, would not use, with the reason.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed, or the user's key cannot be used.
    pub fn verify(&self, engine: &Engine) -> Result<Vec<(CacheEntry, Error)>> {
        let secret = engine.key()?;
        let entries = self.entries()?.into_iter().filter(|entry| !entry.temporary);
        let check = |entry: &CacheEntry| -> Result<()> {
            let Some(bytes) = self.read(&entry.name)? else { return Ok(()) };
            let key = entry::stated_key(&bytes).ok_or_else(|| ErrorCode::CacheEntry.error("it was cut short"))?;
            if key.file_name() != entry.name {
                return Err(ErrorCode::CacheEntry.error("it is of another module"));
            }
            match entry::is_intact(entry::unseal(&bytes, &key, secret)?) {
                true => Ok(()),
                false => Err(ErrorCode::CacheEntry
                    .error("it is damaged: its content does not have the digest that its header states")),
            }
        };
        Ok(entries.filter_map(|entry| check(&entry).err().map(|error| (entry, error))).collect())
    }

    /// Removes one file.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn remove_entry(&self, entry: &CacheEntry) -> Result<()> {
        self.sweep(entry, &mut Swept::default())
    }

    fn sweep(&self, entry: &CacheEntry, swept: &mut Swept) -> Result<()> {
        match self.remove(&entry.name) {
            // Somebody has put a directory in its place; it is not ours.
            Err(Errno::ISDIR | Errno::PERM) => return Ok(()),
            removed => removed.with_context(|| {
                Coded::new(ErrorCode::CacheUnusable, format!("cannot remove the cache entry {}", entry.name))
            })?,
        }
        swept.files += 1;
        swept.bytes += entry.bytes;
        Ok(())
    }
}

/// Whether a name is that of a temporary file; `None` when it is of neither kind.
fn is_temporary(name: &str) -> Option<bool> {
    let is_entry = |name: &str| {
        name.strip_suffix(".cwasm")
            .is_some_and(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if is_entry(name) {
        return Some(false);
    }
    let stem = name.strip_prefix('.')?.strip_suffix(TEMPORARY)?;
    let (entry, random) = stem.rsplit_once('.')?;
    (is_entry(entry) && random.len() == 16).then_some(true)
}

/// Whether nobody writes to it any more. A date in the future says as little as one long ago: the clock was set.
fn is_stale(entry: &CacheEntry) -> bool {
    entry.temporary && seconds_now().abs_diff(entry.used) > STALE.unsigned_abs()
}
