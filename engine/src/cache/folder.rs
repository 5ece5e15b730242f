//! The folder of the cache: what is looked for, found and added.
//!
//! Users open a [`Cache`], [look a module up](Cache::get), and [add](Cache::put) what they had to compile. Everything is done by
//! names relative to the open folder. A file gets its name when it is whole and stored, so that readers, of which there may be
//! many processes, see all of it or none; there is no lock that could be left behind.

use super::entry::{self, EntryKey};
use crate::engine::Engine;
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use crate::key::{self, Key};
use crate::module::Module;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;
use std::env;
use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many bytes the files of a cache may take, unless something else is said.
const DEFAULT_LIMIT: u64 = 1 << 30;

/// An entry that was used is marked as used at most this often, in seconds.
const MARK_INTERVAL: i64 = 60;

/// Compiled modules in a folder.
///
/// An entry is found by all that decides what it holds: the module's bytes, the build of the engine, the target with its CPU
/// features, the proposals and the tunables. It is native code, so it is signed with the [user's key](Module) together with what it
/// is found by, and every bit of it is checked before it is loaded: a file that is damaged, exchanged or forged is not used.
///
/// A cache may be used by many threads and processes at once.
///
/// ```
/// # use tancho::{Cache, Config, Engine, Lookup, Module, Result};
/// # fn main() -> Result<()> {
/// # let folder = std::env::temp_dir().join(format!("tancho-doc-cache-{}", std::process::id()));
/// let engine = Engine::new(Config::new().key_file(folder.join("key")))?;
/// # std::fs::create_dir_all(&folder)?;
/// let cache = Cache::open(folder.join("modules"))?;
/// let source = b"\0asm\x01\0\0\0";
/// let module = match cache.get(&engine, source)? {
///     Lookup::Hit(module) => module,
///     _ => {
///         let module = Module::new(&engine, source)?;
///         cache.put(source, &module)?;
///         module
///     }
/// };
/// assert!(matches!(cache.get(&engine, source)?, Lookup::Hit(_)));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct Cache {
    pub(super) folder: OwnedFd,
    path: PathBuf,
    pub(super) limit: u64,
}

/// What became of looking a module up.
///
/// ```
/// # use tancho::{Cache, Config, Engine, Lookup, Result};
/// # fn main() -> Result<()> {
/// # let folder = std::env::temp_dir().join(format!("tancho-doc-lookup-{}", std::process::id()));
/// let engine = Engine::new(Config::new().key_file(folder.join("key")))?;
/// # std::fs::create_dir_all(&folder)?;
/// let cache = Cache::open(folder.join("modules"))?;
/// let source = b"\0asm\x01\0\0\0";
/// assert!(matches!(cache.get(&engine, source)?, Lookup::Miss));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Lookup {
    /// It is there.
    Hit(Module),
    /// There is no entry.
    Miss,
    /// There was an entry that could not be used, and why. It has been removed.
    Bad(Error),
}

impl Cache {
    /// The folder of this user's cache: `$TANCHO_CACHE_DIR`, else `$XDG_CACHE_HOME/tancho`, else `$HOME/.cache/tancho`; `None` where
    /// none of them is set.
    pub fn default_folder() -> Option<PathBuf> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG specification has relative paths ignored.
        set("TANCHO_CACHE_DIR").or_else(|| {
            set("XDG_CACHE_HOME")
                .filter(|folder| folder.is_absolute())
                .or_else(|| set("HOME").map(|home| home.join(".cache")))
                .map(|folder| folder.join("tancho"))
        })
    }

    /// Opens a folder, which is made when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened, is a symbolic link, belongs to another user, or may be written by others.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Cache> {
        let path = folder.into();
        let opened = Self::open_safe(&path);
        let folder = opened.with_context(|| {
            Coded::new(ErrorCode::CacheUnusable, format!("cannot use the cache folder `{}`", path.display()))
        })?;
        Ok(Cache { folder, path, limit: DEFAULT_LIMIT })
    }

    fn open_safe(path: &Path) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                DirBuilder::new().recursive(true).mode(0o700).create(path).context("it cannot be made")?;
                rustix::fs::openat(CWD, path, flags, Mode::empty())
            }
            opened => opened,
        };
        let folder = folder.map_err(|error| match error {
            // What Linux says of a link where none is followed, and of a file.
            Errno::NOTDIR | Errno::LOOP => ErrorCode::CacheUnusable.error("it is no directory, or a symbolic link"),
            error => Error::new(error).context("it cannot be opened"),
        })?;
        let stat = rustix::fs::fstat(&folder).context("it cannot be examined")?;
        let user = rustix::process::geteuid().as_raw();
        if stat.st_uid != user {
            return Err(ErrorCode::CacheUnusable
                .error(format!("it belongs to user {} and this process runs as user {user}", stat.st_uid)));
        }
        if stat.st_mode & 0o022 != 0 {
            let mode = stat.st_mode & 0o7777;
            return Err(ErrorCode::CacheUnusable
                .error(format!("others than its owner may write to it (mode {mode:04o}): chmod go-w it")));
        }
        Ok(folder)
    }

    /// How many bytes its files may take: 1 GiB by default. When they take more, those that were not used for the longest time are
    /// removed.
    pub fn limit(&mut self, bytes: u64) -> &mut Self {
        self.limit = bytes;
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks up what `source`, a module in the binary format or as text, is compiled to by this engine. A sound entry is marked as
    /// used.
    ///
    /// # Errors
    ///
    /// When the user's key cannot be used, or this engine's code does not run here.
    pub fn get(&self, engine: &Engine, source: &[u8]) -> Result<Lookup> {
        engine.require_native()?;
        let secret = engine.key()?;
        let key = EntryKey::new(&engine.maker(), source);
        let name = key.file_name();
        let found = self.open_entry(&name).and_then(|found| {
            let Some((file, stat)) = found else { return Ok(None) };
            let module = load(&file, length_of(&stat)?, engine, &key, secret)?;
            mark_used(&file, &stat);
            Ok(Some(module))
        });
        Ok(match found {
            Ok(Some(module)) => Lookup::Hit(module),
            Ok(None) => Lookup::Miss,
            Err(error) => {
                // Whether or not it can be removed, it is not used; a new one takes its place.
                self.remove(&name).ok();
                Lookup::Bad(
                    error.context(Coded::new(ErrorCode::CacheEntry, format!("the cache entry {name} is not used"))),
                )
            }
        })
    }

    /// Adds what `source` was compiled to by its engine, and removes what is then too much.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or the user's key cannot be used; when `module` is not what [`Module::new`] has made of these bytes in this
    /// process. The cache is as it was.
    pub fn put(&self, source: &[u8], module: &Module) -> Result<()> {
        // What is signed here is believed by all that come after.
        if !module.is_compiled_from(source) {
            return Err(ErrorCode::CacheEntry
                .error("this process has not compiled the module from these bytes: it is not kept as if it had"));
        }
        let engine = module.engine();
        let secret = engine.key()?;
        let key = EntryKey::new(&engine.maker(), source);
        let bytes = entry::seal(module.serialize()?, &key, secret);
        if bytes.len() as u64 > self.limit {
            return Err(ErrorCode::CacheUnusable.error(format!(
                "a compiled module of {} bytes does not go into a cache of {} bytes",
                bytes.len(),
                self.limit
            )));
        }
        let name = key.file_name();
        self.write(&name, &bytes).with_context(|| {
            Coded::new(ErrorCode::CacheUnusable, format!("cannot write to the cache `{}`", self.path.display()))
        })?;
        self.prune_to_limit().ok();
        Ok(())
    }

    /// A file that may be an entry; `None` when there is none of this name.
    fn open_entry(&self, name: &str) -> Result<Option<(File, Stat)>> {
        // Not blocking, so that a FIFO in its place is found out below and does not hang.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            opened => File::from(opened.context(Coded::new(ErrorCode::CacheEntry, "it cannot be opened"))?),
        };
        let stat = rustix::fs::fstat(&file).context(Coded::new(ErrorCode::CacheEntry, "it cannot be examined"))?;
        let sound = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_uid == rustix::process::geteuid().as_raw()
            && stat.st_mode & 0o022 == 0;
        if !sound {
            return Err(ErrorCode::CacheEntry.error("it is no regular file that only this user may write"));
        }
        Ok(Some((file, stat)))
    }

    /// The whole of a file that may be an entry.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some((file, stat)) = self.open_entry(name)? else { return Ok(None) };
        let length = length_of(&stat)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).context(Coded::new(ErrorCode::CacheEntry, "there is no memory for it"))?;
        file.take(length as u64)
            .read_to_end(&mut bytes)
            .context(Coded::new(ErrorCode::CacheEntry, "it cannot be read"))?;
        Ok(Some(bytes))
    }

    /// Writes a file that is there whole and stored, or not at all, whenever this process or the machine is stopped.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut random = [0; 8];
        key::fill(&mut random)?;
        let temporary = format!(".{name}.{:016x}{}", u64::from_le_bytes(random), super::sweep::TEMPORARY);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, &temporary, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(file.context("a file cannot be made")?);
        let placed = file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::new).and_then(|()| {
            rustix::fs::renameat(&self.folder, &temporary, &self.folder, name)?;
            Ok(())
        });
        if placed.is_err() {
            self.remove(&temporary).ok();
            return placed;
        }
        // The name is stored as well; a cache that forgets it after a crash is no worse off.
        rustix::fs::fsync(&self.folder).ok();
        Ok(())
    }

    /// Removes a file; that it is gone already is as good.
    pub(super) fn remove(&self, name: &str) -> Result<(), Errno> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => removed,
        }
    }
}

/// Bytes of a file.
fn length_of(stat: &Stat) -> Result<usize> {
    usize::try_from(stat.st_size).context(Coded::new(ErrorCode::CacheEntry, "there is no memory for it"))
}

/// The module in an entry of `length` bytes that is to be found by `key`: read into the place where it runs, and checked there.
fn load(file: &File, length: usize, engine: &Engine, key: &EntryKey, secret: &Key) -> Result<Module> {
    let image = length.checked_sub(entry::TRAILER).ok_or_else(entry::cut_short)?;
    let read = |bytes: &mut [u8], at: usize| {
        file.read_exact_at(bytes, at as u64).map_err(|error| match error.kind() {
            // Somebody has cut it meanwhile.
            ErrorKind::UnexpectedEof => entry::cut_short(),
            _ => Error::new(error).context(Coded::new(ErrorCode::CacheEntry, "it cannot be read")),
        })
    };
    Module::deserialize_filled(engine, image, |bytes| {
        let mut trailer = [0; entry::TRAILER];
        read(bytes, 0)?;
        read(&mut trailer, image)?;
        entry::check(bytes, &trailer, key, secret)
    })
}

/// Notes that an entry was used now, by its time of modification, unless that was noted lately. A clock that was set back counts
/// as long ago.
fn mark_used(file: &File, stat: &Stat) {
    let age = seconds_now().saturating_sub(stat.st_mtime);
    if !(0..MARK_INTERVAL).contains(&age) {
        let keep = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        // In a folder that cannot be written the order of use is not known, and nothing is removed either.
        rustix::fs::futimens(file, &Timestamps { last_access: keep, last_modification: now }).ok();
    }
}

/// Seconds since 1970.
pub(super) fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("path", &self.path).field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "compile", feature = "wat"))]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn only_what_was_compiled_from_the_bytes_is_kept_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new();
        config.key_file(folder.path().join("key"));
        let engine = Engine::new(&config).unwrap();
        let cache = Cache::open(folder.path().join("cache")).unwrap();
        let (one, other) = ("(module (func (export \"one\")))", "(module (func (export \"other\")))");
        let compiled = Module::new(&engine, one).unwrap();
        let loaded = Module::deserialize(&engine, compiled.serialize().unwrap()).unwrap();
        for (source, module) in [(other, &compiled), (one, &loaded), ("", &compiled)] {
            assert!(cache.put(source.as_bytes(), module).unwrap_err().to_string().contains("has not compiled"));
            assert!(matches!(cache.get(&engine, source.as_bytes()), Ok(Lookup::Miss)));
        }
        cache.put(one.as_bytes(), &compiled).unwrap();
        let Ok(Lookup::Hit(found)) = cache.get(&engine, one.as_bytes()) else { panic!("it is there") };
        assert!(found.get_export("one").is_some());
        assert!(cache.put(one.as_bytes(), &found).is_err(), "what was found is there already");
    }
}
