//! What the host knows about a file or directory: its kind, identity, size and times.
//!
//! `file`, `directory` and `stdio` read them from the host; the faces write them into guest memory in their own
//! layout. Times are nanoseconds since 1970; what lies before is reported as 0 and what lies beyond the range as its
//! end, so that no date on the host can fail or overflow a call.

use rustix::fs::{FileType, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The kind of a file, in the terms WASI has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Something WASI has no name for, such as a FIFO or a stream of the embedder's own.
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    RegularFile,
    Socket,
    SymbolicLink,
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> FileKind {
        match kind {
            FileType::RegularFile => FileKind::RegularFile,
            FileType::Directory => FileKind::Directory,
            FileType::Symlink => FileKind::SymbolicLink,
            FileType::Socket => FileKind::Socket,
            FileType::CharacterDevice => FileKind::CharacterDevice,
            FileType::BlockDevice => FileKind::BlockDevice,
            FileType::Fifo | FileType::Unknown => FileKind::Unknown,
        }
    }
}

/// The attributes of one file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) kind: FileKind,
    pub(crate) links: u64,
    pub(crate) size: u64,
    pub(crate) accessed: u64,
    pub(crate) modified: u64,
    pub(crate) changed: u64,
}

impl Attributes {
    /// The attributes of something of which nothing but its kind is known.
    pub(crate) fn of_kind(kind: FileKind) -> Attributes {
        Attributes { device: 0, inode: 0, kind, links: 0, size: 0, accessed: 0, modified: 0, changed: 0 }
    }
}

// The host's fields differ in width between the architectures, so some conversions are no-ops on one of them.
#[allow(clippy::useless_conversion)]
impl From<Stat> for Attributes {
    fn from(stat: Stat) -> Attributes {
        Attributes {
            device: stat.st_dev,
            inode: stat.st_ino,
            kind: FileKind::from(FileType::from_raw_mode(stat.st_mode)),
            links: u64::from(stat.st_nlink),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            accessed: nanoseconds(stat.st_atime, stat.st_atime_nsec),
            modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

/// Seconds and nanoseconds since 1970 as one number, held to the range of `u64`.
fn nanoseconds(seconds: i64, nanos: u64) -> u64 {
    match u64::try_from(seconds) {
        Ok(seconds) => seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(nanos),
        Err(_) => 0,
    }
}

/// What to do with one of a file's two settable times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetTime {
    Keep,
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

impl SetTime {
    fn timespec(self) -> Timespec {
        match self {
            SetTime::Keep => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            SetTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
            SetTime::At(nanos) => timespec(nanos),
        }
    }
}

/// The host's form of a pair of times to set.
pub(crate) fn timestamps(accessed: SetTime, modified: SetTime) -> Timestamps {
    Timestamps { last_access: accessed.timespec(), last_modification: modified.timespec() }
}

/// `nanos` nanoseconds as the host's seconds and nanoseconds.
pub(crate) fn timespec(nanos: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(nanos / NANOS_PER_SECOND).expect("u64::MAX nanoseconds are fewer than 2^35 seconds"),
        tv_nsec: i64::try_from(nanos % NANOS_PER_SECOND).expect("a remainder below 10^9"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_outside_the_range_are_held_to_it() {
        assert_eq!(nanoseconds(-1, 999_999_999), 0);
        assert_eq!(nanoseconds(i64::MIN, 0), 0);
        assert_eq!(nanoseconds(i64::MAX, 5), u64::MAX);
        assert_eq!(nanoseconds(1, 5), 1_000_000_005);
    }

    #[test]
    fn every_guest_time_has_a_host_form() {
        let last = timespec(u64::MAX);
        assert_eq!(last.tv_sec, 18_446_744_073);
        assert_eq!(last.tv_nsec, 709_551_615);
        assert_eq!(SetTime::Keep.timespec().tv_nsec, UTIME_OMIT);
    }
}
