//! An open file: reading, writing, seeking and its attributes.
//!
//! `directory` opens files; the faces call what is here. A file carries the permissions of the directory it was found
//! in, and every route to an effect asks for them, whatever the host descriptor would allow. Buffers are the guest's
//! own memory: nothing is copied and nothing is allocated.

use crate::attributes::{Attributes, FileKind, SetTime, timestamps};
use crate::failure::retry;
use crate::permission::FilePerms;
use crate::poll::{Interruption, Readiness, read_when_ready, write_when_ready};
use crate::sync::SharedFlags;
use bitflags::bitflags;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Advice, OFlags, SeekFrom};
use rustix::io::{Errno, ReadWriteFlags};
use std::io::{IoSlice, IoSliceMut};
use std::num::NonZeroU64;

bitflags! {
    /// How reads and writes of a descriptor behave; the bits of witx `fdflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct FileFlags: u16 {
        /// Every write goes to the end.
        const APPEND = 1;
        /// Writes return when the data is stored.
        const DSYNC = 2;
        /// Nothing blocks: `EAGAIN` instead.
        const NONBLOCK = 4;
        /// Reads return when what they read is stored.
        const RSYNC = 8;
        /// Writes return when data and attributes are stored.
        const SYNC = 16;
    }
}

impl FileFlags {
    /// The flags that are fixed when a file is opened.
    const SYNCHRONOUS: FileFlags = FileFlags::DSYNC.union(FileFlags::RSYNC).union(FileFlags::SYNC);

    /// The host's flags.
    pub(crate) fn oflags(self) -> OFlags {
        let pairs = [
            (FileFlags::APPEND, OFlags::APPEND),
            (FileFlags::DSYNC, OFlags::DSYNC),
            (FileFlags::NONBLOCK, OFlags::NONBLOCK),
            (FileFlags::RSYNC, OFlags::RSYNC),
            (FileFlags::SYNC, OFlags::SYNC),
        ];
        pairs.into_iter().filter(|(ours, _)| self.contains(*ours)).map(|(_, host)| host).collect()
    }
}

/// An open file that is not a directory.
#[derive(Debug)]
pub(crate) struct File {
    fd: OwnedFd,
    kind: FileKind,
    perms: FilePerms,
    access: FilePerms,
    flags: SharedFlags,
}

impl File {
    /// A file that was opened on the host. `perms` is what its directory permits, `access` what the guest asked for.
    pub(crate) fn new(fd: OwnedFd, kind: FileKind, perms: FilePerms, access: FilePerms, flags: FileFlags) -> File {
        File { fd, kind, perms, access, flags: SharedFlags::new(flags) }
    }

    /// What kind of file this is.
    pub(crate) fn kind(&self) -> FileKind {
        self.kind
    }

    /// How its reads and writes behave.
    pub(crate) fn flags(&self) -> FileFlags {
        self.flags.get()
    }

    /// Is this a file whose reads and writes never wait for anyone? Then they can be repeated until all is done.
    pub(crate) fn is_regular(&self) -> bool {
        self.kind == FileKind::RegularFile
    }

    /// `EPERM` where reading is not permitted, `EBADF` where the file was not opened for it.
    fn readable(&self) -> Result<(), Errno> {
        self.permitted(FilePerms::READ)?;
        if self.access.contains(FilePerms::READ) { Ok(()) } else { Err(Errno::BADF) }
    }

    /// `EPERM` where writing is not permitted, `EBADF` where the file was not opened for it.
    fn writable(&self) -> Result<(), Errno> {
        self.permitted(FilePerms::WRITE)?;
        if self.access.contains(FilePerms::WRITE) { Ok(()) } else { Err(Errno::BADF) }
    }

    fn permitted(&self, perms: FilePerms) -> Result<(), Errno> {
        if self.perms.contains(perms) { Ok(()) } else { Err(Errno::PERM) }
    }

    /// Reads at the file's offset and moves it; returns how many bytes came, 0 at the end.
    pub(crate) fn read(&self, buffers: &mut [IoSliceMut<'_>], who: &Interruption) -> Result<usize, Errno> {
        self.readable()?;
        if self.waits() {
            return read_when_ready(self.fd.as_fd(), who, || rustix::io::readv(&self.fd, buffers));
        }
        retry(|| rustix::io::readv(&self.fd, buffers))
    }

    /// Reads at `offset`; the file's own offset stays.
    pub(crate) fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize, Errno> {
        self.readable()?;
        retry(|| rustix::io::preadv(&self.fd, buffers, offset))
    }

    /// Writes at the file's offset, or at its end if it was opened for appending; returns how many bytes went.
    pub(crate) fn write(&self, buffers: &[IoSlice<'_>], who: &Interruption) -> Result<usize, Errno> {
        self.writable()?;
        if self.waits() {
            let attempt = |rest: &[IoSlice<'_>]| write_at_once(&self.fd, rest);
            let piece = |rest: &[IoSlice<'_>]| rustix::io::writev(&self.fd, rest);
            return write_when_ready(self.fd.as_fd(), buffers, who, attempt, piece);
        }
        retry(|| rustix::io::writev(&self.fd, buffers))
    }

    /// Whether reads and writes may have to wait for somebody.
    fn waits(&self) -> bool {
        !self.is_regular() && !self.flags.nonblocking()
    }

    /// Writes at `offset`; the file's own offset stays. On a file opened for appending the host appends nevertheless.
    pub(crate) fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize, Errno> {
        self.writable()?;
        retry(|| rustix::io::pwritev(&self.fd, buffers, offset))
    }

    /// Moves the offset and returns it. `ESPIPE` where there is none.
    pub(crate) fn seek(&self, to: SeekFrom) -> Result<u64, Errno> {
        rustix::fs::seek(&self.fd, to)
    }

    /// The attributes of the file.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        Ok(Attributes::from(rustix::fs::fstat(&self.fd)?))
    }

    /// Cuts the file or lengthens it with zeros.
    pub(crate) fn set_size(&self, size: u64) -> Result<(), Errno> {
        self.writable()?;
        retry(|| rustix::fs::ftruncate(&self.fd, size))
    }

    /// Sets the times of the file; needs the permission to write, but not to have been opened for it.
    pub(crate) fn set_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        self.permitted(FilePerms::WRITE)?;
        rustix::fs::futimens(&self.fd, &timestamps(accessed, modified))
    }

    /// Would reserve space, but is `ENOTSUP` once permission and access are checked. On a file system in memory one
    /// call would turn a number of the guest's into that much of the host's memory, and such a call starts over
    /// whenever a signal interrupts it. C libraries know how to do without.
    pub(crate) fn allocate(&self) -> Result<(), Errno> {
        self.writable()?;
        Err(Errno::NOTSUP)
    }

    /// Says how the file will be used; a length of 0 means up to its end.
    pub(crate) fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<(), Errno> {
        rustix::fs::fadvise(&self.fd, offset, NonZeroU64::new(length), advice)
    }

    /// Returns when data and attributes are stored.
    pub(crate) fn sync(&self) -> Result<(), Errno> {
        retry(|| rustix::fs::fsync(&self.fd))
    }

    /// Returns when the data is stored.
    pub(crate) fn sync_data(&self) -> Result<(), Errno> {
        retry(|| rustix::fs::fdatasync(&self.fd))
    }

    /// Changes how reads and writes behave. Only appending and blocking can be changed: a synchronous flag that the
    /// file was not opened with is `EINVAL`, and one it was opened with stays, as on the host (`F_SETFL`).
    pub(crate) fn set_flags(&self, flags: FileFlags) -> Result<(), Errno> {
        let fixed = self.flags.get() & FileFlags::SYNCHRONOUS;
        if !fixed.contains(flags & FileFlags::SYNCHRONOUS) {
            return Err(Errno::INVAL);
        }
        let flags = flags | fixed;
        rustix::fs::fcntl_setfl(&self.fd, flags.oflags())?;
        self.flags.set(flags);
        Ok(())
    }

    /// Can it be read (`writing` false) or written without blocking? A regular file always can.
    pub(crate) fn readiness(&self, writing: bool) -> Result<Readiness<'_>, Errno> {
        if !self.is_regular() {
            return Ok(Readiness::Ask(self.fd.as_fd()));
        }
        if writing {
            return Ok(Readiness::ALWAYS);
        }
        let size = self.attributes()?.size;
        let offset = self.seek(SeekFrom::Current(0))?;
        Ok(Readiness::Ready { bytes: size.saturating_sub(offset), hangup: false })
    }
}

/// Writes as much as goes without waiting; `EAGAIN` or `EOPNOTSUPP` where that is nothing, or cannot be asked for.
pub(crate) fn write_at_once(fd: &impl AsFd, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // The offset that says: where the descriptor stands.
    rustix::io::pwritev2(fd, buffers, u64::MAX, ReadWriteFlags::NOWAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(perms: FilePerms, access: FilePerms) -> File {
        let fd = OwnedFd::from(tempfile::tempfile().unwrap());
        File::new(fd, FileKind::RegularFile, perms, access, FileFlags::empty())
    }

    /// The host descriptor below can do everything; only our own checks stand in the way.
    #[test]
    fn permissions_are_asked_on_every_route() {
        let closed = file(FilePerms::READ, FilePerms::all());
        assert_eq!(closed.write(&[IoSlice::new(b"x")], &Interruption::default()), Err(Errno::PERM));
        assert_eq!(closed.write_at(&[IoSlice::new(b"x")], 0), Err(Errno::PERM));
        assert_eq!(closed.set_size(1), Err(Errno::PERM));
        assert_eq!(closed.allocate(), Err(Errno::PERM));
        assert_eq!(closed.set_times(SetTime::At(1), SetTime::Keep), Err(Errno::PERM));
        assert_eq!(closed.attributes().unwrap().size, 0);

        let blind = file(FilePerms::WRITE, FilePerms::all());
        assert_eq!(blind.read(&mut [IoSliceMut::new(&mut [0])], &Interruption::default()), Err(Errno::PERM));
        assert_eq!(blind.read_at(&mut [IoSliceMut::new(&mut [0])], 0), Err(Errno::PERM));
    }

    #[test]
    fn what_it_was_not_opened_for_is_a_bad_descriptor() {
        let unasked = file(FilePerms::all(), FilePerms::empty());
        assert_eq!(unasked.write(&[IoSlice::new(b"x")], &Interruption::default()), Err(Errno::BADF));
        assert_eq!(unasked.set_size(1), Err(Errno::BADF));
        assert_eq!(unasked.allocate(), Err(Errno::BADF));
        assert_eq!(unasked.read(&mut [IoSliceMut::new(&mut [0])], &Interruption::default()), Err(Errno::BADF));
    }

    #[test]
    fn flags_reach_the_host() {
        let file = file(FilePerms::all(), FilePerms::all());
        file.write(&[IoSlice::new(b"abc")], &Interruption::default()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.set_flags(FileFlags::APPEND).unwrap();
        assert_eq!(file.flags(), FileFlags::APPEND);
        file.write(&[IoSlice::new(b"def")], &Interruption::default()).unwrap();
        assert_eq!(file.attributes().unwrap().size, 6);
        assert_eq!(file.set_flags(FileFlags::SYNC), Err(Errno::INVAL));
        assert_eq!(file.flags(), FileFlags::APPEND);
        file.set_flags(FileFlags::empty()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write(&[IoSlice::new(b"g")], &Interruption::default()).unwrap();
        assert_eq!(file.attributes().unwrap().size, 6);
    }

    #[test]
    fn readiness_counts_what_is_left() {
        let file = file(FilePerms::all(), FilePerms::all());
        file.set_size(10).unwrap();
        file.seek(SeekFrom::Start(4)).unwrap();
        assert!(matches!(file.readiness(false), Ok(Readiness::Ready { bytes: 6, hangup: false })));
        file.seek(SeekFrom::Start(40)).unwrap();
        assert!(matches!(file.readiness(false), Ok(Readiness::Ready { bytes: 0, hangup: false })));
    }

    #[test]
    fn sizes_no_file_can_have_are_refused() {
        let file = file(FilePerms::all(), FilePerms::all());
        for size in [u64::MAX, 1 << 63] {
            assert!(file.set_size(size).is_err());
            assert!(file.seek(SeekFrom::Start(size)).is_err());
            assert!(file.read_at(&mut [IoSliceMut::new(&mut [0])], size).is_err());
            assert!(file.write_at(&[IoSlice::new(b"x")], size).is_err());
        }
        assert_eq!(file.attributes().unwrap().size, 0);
    }
}
