//! From the standard library's I/O errors to the host's error numbers, the only failures the semantics know.
//!
//! Called wherever an `io::Error` comes in: from cap-std's path resolution and from readers and writers the embedder
//! supplied. Every error gets a number; what has no better one is `EIO`.

use rustix::io::Errno;
use std::io::{Error, ErrorKind};

/// The host's error number for `error`: its own where it came from a system call, else the one its kind means.
///
/// cap-std reports a path that leaves its directory as an error of kind `PermissionDenied` without a number; that
/// becomes `EPERM`, which is what WASI programs expect of an escape.
pub(crate) fn errno(error: &Error) -> Errno {
    if let Some(number) = Errno::from_io_error(error) {
        return number;
    }
    match error.kind() {
        ErrorKind::NotFound => Errno::NOENT,
        ErrorKind::PermissionDenied => Errno::PERM,
        ErrorKind::AlreadyExists => Errno::EXIST,
        ErrorKind::WouldBlock => Errno::AGAIN,
        ErrorKind::NotADirectory => Errno::NOTDIR,
        ErrorKind::IsADirectory => Errno::ISDIR,
        ErrorKind::DirectoryNotEmpty => Errno::NOTEMPTY,
        ErrorKind::ReadOnlyFilesystem => Errno::ROFS,
        ErrorKind::InvalidInput | ErrorKind::InvalidData => Errno::INVAL,
        ErrorKind::TimedOut => Errno::TIMEDOUT,
        ErrorKind::StorageFull => Errno::NOSPC,
        ErrorKind::NotSeekable => Errno::SPIPE,
        ErrorKind::QuotaExceeded => Errno::DQUOT,
        ErrorKind::FileTooLarge => Errno::FBIG,
        ErrorKind::Interrupted => Errno::INTR,
        ErrorKind::Unsupported => Errno::NOTSUP,
        ErrorKind::OutOfMemory => Errno::NOMEM,
        ErrorKind::BrokenPipe => Errno::PIPE,
        ErrorKind::ConnectionReset => Errno::CONNRESET,
        ErrorKind::ConnectionAborted => Errno::CONNABORTED,
        ErrorKind::NotConnected => Errno::NOTCONN,
        _ => Errno::IO,
    }
}

/// Runs a system call again for as long as a signal interrupts it, so that no guest ever sees `EINTR`.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_wins_over_the_kind() {
        assert_eq!(errno(&Error::from_raw_os_error(Errno::NOSPC.raw_os_error())), Errno::NOSPC);
        assert_eq!(errno(&Error::new(ErrorKind::PermissionDenied, "outside")), Errno::PERM);
        assert_eq!(errno(&Error::other("anything")), Errno::IO);
    }

    #[test]
    fn interruptions_are_retried() {
        let mut left = 3;
        let done = retry(|| {
            left -= 1;
            if left > 0 { Err(Errno::INTR) } else { Ok(left) }
        });
        assert_eq!(done, Ok(0));
        assert_eq!(retry(|| Err::<(), _>(Errno::IO)), Err(Errno::IO));
    }
}
