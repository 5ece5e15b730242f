//! The per-user key: 32 random bytes that compiled modules are signed with.
//!
//! `engine` asks for it when a module is first serialised or deserialised. The file is made atomically, so that all
//! processes of a user agree, and is refused when anybody else could know or change it.

use crate::error::{Coded, Context, Error, ErrorCode, Result};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::env;
use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A key.
pub(crate) type Key = [u8; 32];

/// Where the user's key is: `$TANCHO_KEY_FILE`, else in the user's configuration folder.
pub(crate) fn location() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = set("TANCHO_KEY_FILE") {
        return Ok(file);
    }
    // The XDG specification has relative paths ignored.
    set("XDG_CONFIG_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("tancho").join("key"))
        .ok_or_else(|| {
            ErrorCode::Key.error(
                "there is no place for the key that compiled modules are signed with: set TANCHO_KEY_FILE or HOME",
            )
        })
}

/// The key in `file`, or in the user's place for it; made when there is none yet.
pub(crate) fn load(file: Option<&Path>) -> Result<Key> {
    let path = match file {
        Some(file) => file.to_path_buf(),
        None => location()?,
    };
    load_or_create(&path)
        .with_context(|| Coded::new(ErrorCode::Key, format!("cannot use the key file `{}`", path.display())))
}

fn load_or_create(path: &Path) -> Result<Key> {
    // Another process may make the file, or a user remove it, between the steps.
    for _ in 0..8 {
        match read(path) {
            Ok(Some(key)) => return Ok(key),
            Ok(None) => create(path)?,
            Err(error) => return Err(error),
        }
    }
    Err(ErrorCode::Key.error("it is removed as soon as it is made"))
}

/// The key in the file; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<Key>> {
    // Not blocking, so that a FIFO in its place is found out below and does not hang.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(Error::new(error).context("it cannot be opened")),
    };
    let stat = rustix::fs::fstat(&file).context("it cannot be examined")?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ErrorCode::Key.error("it is not a regular file"));
    }
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid != user {
        return Err(
            ErrorCode::Key.error(format!("it belongs to user {} and this process runs as user {user}", stat.st_uid))
        );
    }
    if stat.st_mode & 0o077 != 0 {
        let mode = stat.st_mode & 0o7777;
        return Err(ErrorCode::Key.error(format!(
            "others than its owner may read or write it (mode {mode:04o}), so it may be known or forged: remove it, and a new one will be \
             made; modules signed with it must be compiled again"
        )));
    }
    let mut bytes = Vec::with_capacity(33);
    File::from(file).take(33).read_to_end(&mut bytes).context("it cannot be read")?;
    let length = stat.st_size;
    let key = Key::try_from(bytes).map_err(|_| {
        ErrorCode::Key.error(format!("it has {length} bytes and a key has 32: remove it, and a new one will be made"))
    })?;
    Ok(Some(key))
}

/// Makes the file with a new key, unless there is one by then.
fn create(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let mut random = [0; 40];
    fill(&mut random)?;
    let (key, suffix) = random.split_at(32);
    let name = path.file_name().context("its path has no file name")?.to_string_lossy();
    let suffix: String = suffix.iter().map(|byte| format!("{byte:02x}")).collect();
    let temporary = folder.join(format!(".{name}.{suffix}"));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = rustix::fs::open(&temporary, flags, Mode::RUSR | Mode::WUSR).context("it cannot be made")?;
    let mut file = File::from(file);
    let written = file.write_all(key).and_then(|()| file.sync_all());
    // A link fails where a file is already, and shows it with all of its content or not at all.
    let placed = written.map_err(Error::new).and_then(|()| Ok(place(&temporary, path)?));
    let removed = match rustix::fs::unlink(&temporary) {
        Err(Errno::NOENT) => Ok(()),
        removed => removed,
    };
    placed.context("it cannot be written")?;
    removed.context("its temporary copy cannot be removed")?;
    Ok(())
}

/// Gives the finished file its name, unless another has it by then.
fn place(temporary: &Path, path: &Path) -> Result<(), Errno> {
    let placed = match rustix::fs::linkat(CWD, temporary, CWD, path, AtFlags::empty()) {
        // A file system without links.
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => {
            rustix::fs::renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE)
        }
        placed => placed,
    };
    match placed {
        Err(Errno::EXIST) => Ok(()),
        placed => placed,
    }
}

/// Fills `bytes` with random ones from the kernel.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(0) => return Err(ErrorCode::Refused.error("the kernel gives no random bytes")),
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => {
                return Err(
                    Error::new(error).context(Coded::new(ErrorCode::Refused, "the kernel gives no random bytes"))
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn is_made_once_with_tight_permissions() {
        let folder = folder();
        let path = folder.path().join("a/b/key");
        let key = load_or_create(&path).unwrap();
        assert_eq!(load_or_create(&path).unwrap(), key);
        assert_ne!(key, [0; 32]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(std::fs::metadata(folder.path().join("a/b")).unwrap().permissions().mode() & 0o7777, 0o700);
        assert_eq!(std::fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn threads_agree() {
        for _ in 0..50 {
            let folder = folder();
            let path = folder.path().join("key");
            let keys: Vec<Key> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| load_or_create(&path).unwrap())).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[track_caller]
    fn refused(path: &Path, why: &str) {
        let error = load(Some(path)).unwrap_err();
        assert!(format!("{error:?}").contains(why), "{error:?}");
    }

    #[test]
    fn unsafe_files_are_refused() {
        let folder = folder();
        let path = folder.path().join("key");
        load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            refused(&path, "others than its owner");
        }
        for length in [0, 31, 33, 1000] {
            std::fs::write(&path, vec![1; length]).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            refused(&path, &format!("it has {length} bytes"));
        }
        refused(folder.path(), "not a regular file");
        refused(&path.join("below"), "key");
    }

    #[test]
    fn another_users_file_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = folder();
        let path = folder.path().join("key");
        load_or_create(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        refused(&path, "it belongs to user 12345");
    }
}
