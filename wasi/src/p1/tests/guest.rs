//! A guest without an engine: a memory, a context, and each import as a method.
//!
//! Used by the tests beside it. Paths and buffers are put at fixed places; whatever an import answers is decoded.

use crate::context::{Context, WasiCtx, WasiCtxBuilder};
use crate::p1::errno::Errno;
use crate::p1::memory::GuestMemory;
use crate::p1::rights::Rights;
use crate::p1::{attribute, descriptor, io, listing, path};
use crate::permission::{DirPerms, FilePerms};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tempfile::TempDir;

pub(super) const RESULT: u32 = 64;
pub(super) const VECTORS: u32 = 1024;
pub(super) const FIRST: u32 = 8 * 1024;
pub(super) const SECOND: u32 = 24 * 1024;
pub(super) const DATA: u32 = 64 * 1024;
pub(super) const MEMORY: usize = 256 * 1024;

/// The first preopened directory.
pub(super) const ROOT: u32 = 3;

pub(super) const CREAT: u32 = 1;
pub(super) const DIRECTORY: u32 = 2;
pub(super) const EXCL: u32 = 4;
pub(super) const TRUNC: u32 = 8;
pub(super) const FOLLOW: u32 = 1;

pub(super) const READ: Rights = Rights::OF_FILE.difference(Rights::WRITING);
pub(super) const READ_WRITE: Rights = Rights::OF_FILE;

/// How to open; what is not said is nothing, but that all rights are inherited.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) lookup: u32,
    pub(super) oflags: u32,
    pub(super) base: Rights,
    pub(super) inheriting: Rights,
    pub(super) flags: u32,
}

impl Default for Open {
    fn default() -> Open {
        Open { lookup: 0, oflags: 0, base: Rights::empty(), inheriting: Rights::empty(), flags: 0 }
    }
}

/// What a guest learns of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) kind: u8,
    pub(super) links: u64,
    pub(super) size: u64,
    pub(super) accessed: u64,
    pub(super) modified: u64,
}

pub(super) struct Guest {
    pub(super) bytes: Vec<u8>,
    pub(super) ctx: WasiCtx,
}

impl Guest {
    pub(super) fn new(ctx: WasiCtx) -> Guest {
        Guest { bytes: vec![0; MEMORY], ctx }
    }

    /// A guest that was given one directory with these permissions.
    pub(super) fn with(root: &Path, dir_perms: DirPerms, file_perms: FilePerms) -> Guest {
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(root, "/", dir_perms, file_perms).unwrap();
        Guest::new(builder.build())
    }

    /// [`Guest::free`] with no more memory than the fixed places, of which there can be many one after the other.
    pub(super) fn small(root: &Path) -> Guest {
        let mut guest = Guest::free(root);
        guest.bytes.truncate(DATA as usize + 8 * 1024);
        guest
    }

    /// A guest that was given one directory to do with as it likes.
    pub(super) fn free(root: &Path) -> Guest {
        Guest::with(root, DirPerms::all(), FilePerms::all())
    }

    pub(super) fn call(
        &mut self,
        import: impl FnOnce(&mut GuestMemory<'_>, &Context) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        import(&mut GuestMemory::new(&mut self.bytes), &self.ctx.0)
    }

    pub(super) fn put(&mut self, at: u32, bytes: &[u8]) -> u32 {
        self.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
        u32::try_from(bytes.len()).unwrap()
    }

    pub(super) fn get(&self, at: u32, length: u32) -> &[u8] {
        &self.bytes[at as usize..][..length as usize]
    }

    pub(super) fn u16(&self, at: u32) -> u16 {
        u16::from_le_bytes(self.get(at, 2).try_into().unwrap())
    }

    pub(super) fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.get(at, 4).try_into().unwrap())
    }

    pub(super) fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.get(at, 8).try_into().unwrap())
    }

    pub(super) fn open(&mut self, fd: u32, text: &str, how: Open) -> Result<u32, Errno> {
        let length = self.put(FIRST, text.as_bytes());
        let (base, inheriting) = (how.base.bits(), how.inheriting.bits());
        self.call(|guest, ctx| {
            path::path_open(guest, ctx, fd, how.lookup, FIRST, length, how.oflags, base, inheriting, how.flags, RESULT)
        })?;
        Ok(self.u32(RESULT))
    }

    /// Opens a file to read and write it, creating it if need be.
    pub(super) fn create(&mut self, fd: u32, text: &str) -> Result<u32, Errno> {
        self.open(fd, text, Open { oflags: CREAT, base: READ_WRITE, ..Open::default() })
    }

    /// Opens a directory, with all rights.
    pub(super) fn open_dir(&mut self, fd: u32, text: &str) -> Result<u32, Errno> {
        let (base, inheriting) = (Rights::OF_DIRECTORY, Rights::all());
        self.open(fd, text, Open { lookup: FOLLOW, oflags: DIRECTORY, base, inheriting, flags: 0 })
    }

    pub(super) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.call(|guest, ctx| descriptor::fd_close(guest, ctx, fd))
    }

    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.call(|guest, ctx| descriptor::fd_renumber(guest, ctx, from, to))
    }

    pub(super) fn set_rights(&mut self, fd: u32, base: Rights, inheriting: Rights) -> Result<(), Errno> {
        self.call(|guest, ctx| descriptor::fd_fdstat_set_rights(guest, ctx, fd, base.bits(), inheriting.bits()))
    }

    /// The kind, flags, and both sets of rights.
    pub(super) fn fdstat(&mut self, fd: u32) -> Result<(u8, u16, Rights, Rights), Errno> {
        self.call(|guest, ctx| descriptor::fd_fdstat_get(guest, ctx, fd, RESULT))?;
        let rights = |at| Rights::from_bits(self.u64(at)).unwrap();
        Ok((self.bytes[RESULT as usize], self.u16(RESULT + 2), rights(RESULT + 8), rights(RESULT + 16)))
    }

    pub(super) fn set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Errno> {
        self.call(|guest, ctx| descriptor::fd_fdstat_set_flags(guest, ctx, fd, flags))
    }

    pub(super) fn filestat(&mut self, fd: u32) -> Result<Stat, Errno> {
        self.call(|guest, ctx| attribute::fd_filestat_get(guest, ctx, fd, RESULT))?;
        Ok(self.stat_result())
    }

    fn stat_result(&self) -> Stat {
        Stat {
            device: self.u64(RESULT),
            inode: self.u64(RESULT + 8),
            kind: self.bytes[RESULT as usize + 16],
            links: self.u64(RESULT + 24),
            size: self.u64(RESULT + 32),
            accessed: self.u64(RESULT + 40),
            modified: self.u64(RESULT + 48),
        }
    }

    pub(super) fn set_size(&mut self, fd: u32, size: u64) -> Result<(), Errno> {
        self.call(|guest, ctx| attribute::fd_filestat_set_size(guest, ctx, fd, size))
    }

    pub(super) fn allocate(&mut self, fd: u32, offset: u64, length: u64) -> Result<(), Errno> {
        self.call(|guest, ctx| attribute::fd_allocate(guest, ctx, fd, offset, length))
    }

    pub(super) fn sync(&mut self, fd: u32, data_alone: bool) -> Result<(), Errno> {
        self.call(|guest, ctx| if data_alone { io::fd_datasync(guest, ctx, fd) } else { io::fd_sync(guest, ctx, fd) })
    }

    pub(super) fn advise(&mut self, fd: u32) -> Result<(), Errno> {
        self.call(|guest, ctx| attribute::fd_advise(guest, ctx, fd, 0, 0, 0))
    }

    pub(super) fn set_times(&mut self, fd: u32, accessed: u64, modified: u64, flags: u32) -> Result<(), Errno> {
        self.call(|guest, ctx| attribute::fd_filestat_set_times(guest, ctx, fd, accessed, modified, flags))
    }

    fn vector(&mut self, length: u32) {
        self.put(VECTORS, &DATA.to_le_bytes());
        self.put(VECTORS + 4, &length.to_le_bytes());
    }

    pub(super) fn read(&mut self, fd: u32, length: u32) -> Result<Vec<u8>, Errno> {
        self.vector(length);
        self.call(|guest, ctx| io::fd_read(guest, ctx, fd, VECTORS, 1, RESULT))?;
        Ok(self.get(DATA, self.u32(RESULT)).to_vec())
    }

    pub(super) fn pread(&mut self, fd: u32, length: u32, offset: u64) -> Result<Vec<u8>, Errno> {
        self.vector(length);
        self.call(|guest, ctx| io::fd_pread(guest, ctx, fd, VECTORS, 1, offset, RESULT))?;
        Ok(self.get(DATA, self.u32(RESULT)).to_vec())
    }

    pub(super) fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        let length = self.put(DATA, bytes);
        self.vector(length);
        self.call(|guest, ctx| io::fd_write(guest, ctx, fd, VECTORS, 1, RESULT))?;
        Ok(self.u32(RESULT))
    }

    pub(super) fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<u32, Errno> {
        let length = self.put(DATA, bytes);
        self.vector(length);
        self.call(|guest, ctx| io::fd_pwrite(guest, ctx, fd, VECTORS, 1, offset, RESULT))?;
        Ok(self.u32(RESULT))
    }

    pub(super) fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        self.call(|guest, ctx| io::fd_seek(guest, ctx, fd, offset, whence, RESULT))?;
        Ok(self.u64(RESULT))
    }

    pub(super) fn tell(&mut self, fd: u32) -> Result<u64, Errno> {
        self.call(|guest, ctx| io::fd_tell(guest, ctx, fd, RESULT))?;
        Ok(self.u64(RESULT))
    }

    pub(super) fn mkdir(&mut self, fd: u32, text: &str) -> Result<(), Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| path::path_create_directory(guest, ctx, fd, FIRST, length))
    }

    pub(super) fn rmdir(&mut self, fd: u32, text: &str) -> Result<(), Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| path::path_remove_directory(guest, ctx, fd, FIRST, length))
    }

    pub(super) fn unlink(&mut self, fd: u32, text: &str) -> Result<(), Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| path::path_unlink_file(guest, ctx, fd, FIRST, length))
    }

    pub(super) fn symlink(&mut self, target: &str, fd: u32, text: &str) -> Result<(), Errno> {
        let target = self.put(FIRST, target.as_bytes());
        let length = self.put(SECOND, text.as_bytes());
        self.call(|guest, ctx| path::path_symlink(guest, ctx, FIRST, target, fd, SECOND, length))
    }

    pub(super) fn link(&mut self, fd: u32, old: &str, to: u32, new: &str) -> Result<(), Errno> {
        let old = self.put(FIRST, old.as_bytes());
        let new = self.put(SECOND, new.as_bytes());
        self.call(|guest, ctx| path::path_link(guest, ctx, fd, 0, FIRST, old, to, SECOND, new))
    }

    pub(super) fn rename(&mut self, fd: u32, old: &str, to: u32, new: &str) -> Result<(), Errno> {
        let old = self.put(FIRST, old.as_bytes());
        let new = self.put(SECOND, new.as_bytes());
        self.call(|guest, ctx| path::path_rename(guest, ctx, fd, FIRST, old, to, SECOND, new))
    }

    pub(super) fn readlink(&mut self, fd: u32, text: &str) -> Result<String, Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| path::path_readlink(guest, ctx, fd, FIRST, length, DATA, 8192, RESULT))?;
        Ok(String::from_utf8(self.get(DATA, self.u32(RESULT)).to_vec()).unwrap())
    }

    pub(super) fn stat(&mut self, fd: u32, text: &str, lookup: u32) -> Result<Stat, Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| path::path_filestat_get(guest, ctx, fd, lookup, FIRST, length, RESULT))?;
        Ok(self.stat_result())
    }

    pub(super) fn set_times_at(
        &mut self,
        fd: u32,
        text: &str,
        lookup: u32,
        times: (u64, u64),
        flags: u32,
    ) -> Result<(), Errno> {
        let length = self.put(FIRST, text.as_bytes());
        self.call(|guest, ctx| {
            path::path_filestat_set_times(guest, ctx, fd, lookup, FIRST, length, times.0, times.1, flags)
        })
    }

    /// The bytes that `fd_readdir` put into a buffer of `length`.
    pub(super) fn readdir(&mut self, fd: u32, length: u32, cookie: u64) -> Result<Vec<u8>, Errno> {
        self.call(|guest, ctx| listing::fd_readdir(guest, ctx, fd, DATA, length, cookie, RESULT))?;
        Ok(self.get(DATA, self.u32(RESULT)).to_vec())
    }
}

/// A new directory, in memory where the host has such, for tests that change much: on a disk they would wait for it.
pub(super) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Everything about the tree below `root` that a guest could change, by path.
pub(super) fn snapshot(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_symlink() {
            fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
        } else if meta.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let (mode, links, time) = (meta.mode(), meta.nlink(), (meta.mtime(), meta.mtime_nsec()));
        all.insert(name, format!("{} {mode:o} {links} {time:?} {content:?}", meta.ino()));
    }
    all
}

/// How many random cases a test tries: `TANCHO_CASES`, or else `usual`.
pub(super) fn cases(usual: u64) -> u64 {
    std::env::var("TANCHO_CASES").map_or(usual, |text| text.parse().unwrap())
}

/// The seed of the first of them: `TANCHO_SEED`, or else 0.
pub(super) fn first_seed() -> u64 {
    std::env::var("TANCHO_SEED").map_or(0, |text| text.parse().unwrap())
}

/// A generator of numbers that are random enough for a test, and the same for the same seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
