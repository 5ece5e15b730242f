//! The rights of descriptors (witx `rights`), by which a guest can restrict itself.
//!
//! `table` keeps two sets per descriptor. They are not what protects the host, that is `permission`, which a guest
//! cannot see or change; rights only ever shrink what a guest may do, at the guest's own wish.

use bitflags::bitflags;

bitflags! {
    /// What may be done with a descriptor, in the bits of witx.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Rights: u64 {
        const FD_DATASYNC = 1 << 0;
        const FD_READ = 1 << 1;
        const FD_SEEK = 1 << 2;
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        const FD_SYNC = 1 << 4;
        const FD_TELL = 1 << 5;
        const FD_WRITE = 1 << 6;
        const FD_ADVISE = 1 << 7;
        const FD_ALLOCATE = 1 << 8;
        const PATH_CREATE_DIRECTORY = 1 << 9;
        const PATH_CREATE_FILE = 1 << 10;
        const PATH_LINK_SOURCE = 1 << 11;
        const PATH_LINK_TARGET = 1 << 12;
        const PATH_OPEN = 1 << 13;
        const FD_READDIR = 1 << 14;
        const PATH_READLINK = 1 << 15;
        const PATH_RENAME_SOURCE = 1 << 16;
        const PATH_RENAME_TARGET = 1 << 17;
        const PATH_FILESTAT_GET = 1 << 18;
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        const FD_FILESTAT_GET = 1 << 21;
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        const PATH_SYMLINK = 1 << 24;
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        const PATH_UNLINK_FILE = 1 << 26;
        const POLL_FD_READWRITE = 1 << 27;
        const SOCK_SHUTDOWN = 1 << 28;
        const SOCK_ACCEPT = 1 << 29;
    }
}

impl Rights {
    /// The rights that mean something to a file.
    pub(super) const OF_FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// The rights that mean something to a directory.
    pub(super) const OF_DIRECTORY: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE);

    /// The rights of every standard stream.
    const OF_STREAM: Rights =
        Rights::FD_FDSTAT_SET_FLAGS.union(Rights::FD_FILESTAT_GET).union(Rights::POLL_FD_READWRITE);

    /// The rights of standard input.
    pub(super) const OF_INPUT: Rights = Rights::OF_STREAM.union(Rights::FD_READ);

    /// The rights of standard output and error.
    pub(super) const OF_OUTPUT: Rights =
        Rights::OF_STREAM.union(Rights::FD_WRITE).union(Rights::FD_SYNC).union(Rights::FD_DATASYNC);

    /// The rights of a connection.
    pub(super) const OF_CONNECTION: Rights =
        Rights::OF_STREAM.union(Rights::FD_READ).union(Rights::FD_WRITE).union(Rights::SOCK_SHUTDOWN);

    /// The rights of a socket that listens. Polling asks for the right to read.
    pub(super) const OF_LISTENER: Rights = Rights::OF_STREAM.union(Rights::FD_READ).union(Rights::SOCK_ACCEPT);

    /// What a stream has besides if it has an offset. A character device without these is what C libraries take for a
    /// terminal, so a stream without an offset must not have them.
    pub(super) const OF_SEEKABLE: Rights = Rights::FD_SEEK.union(Rights::FD_TELL);

    /// Rights for which a file has to be opened for writing.
    pub(super) const WRITING: Rights = Rights::FD_WRITE.union(Rights::FD_ALLOCATE).union(Rights::FD_FILESTAT_SET_SIZE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_have_no_rights_of_files() {
        let files_only = Rights::FD_READ | Rights::FD_WRITE | Rights::FD_SEEK | Rights::FD_FILESTAT_SET_SIZE;
        assert!(!Rights::OF_DIRECTORY.intersects(files_only));
        assert_eq!(Rights::all().bits(), (1 << 30) - 1);
    }
}
