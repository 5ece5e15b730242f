//! Opening without blocking what blocks until somebody opens its other end: a FIFO.
//!
//! `directory` opens everything without blocking, and comes here where that is not what the guest asked for. A system call that blocks in
//! opening can be ended by nobody but a signal; here it is asked every few milliseconds whether the other end is there, and whether the
//! guest is to be ended.

use crate::attributes::timespec;
use crate::failure::retry;
use crate::poll::{Interruption, pause};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, tee};

/// How long it is waited between two questions, in nanoseconds.
const PATIENCE: u64 = 5_000_000;

/// Opens by `open`, which does not block, as if it did. `is_fifo` says whether that is what stands there.
///
/// # Errors
///
/// Those of `open`, but for what it says of a FIFO that nobody reads and of a file whose lease another process is still giving up;
/// `EINTR` when the guest is to be ended.
pub(crate) fn open_patiently(
    interruption: &Interruption,
    open: impl Fn() -> Result<OwnedFd, Errno>,
    is_fifo: impl Fn() -> bool,
) -> Result<OwnedFd, Errno> {
    loop {
        match open() {
            // Of a socket and of a device that is not there the kernel says the same, and would whether or not it blocks.
            Err(Errno::NXIO) if is_fifo() => {}
            Err(Errno::AGAIN) => {}
            opened => return opened,
        }
        pause(PATIENCE, interruption)?;
    }
}

/// Waits until somebody has opened a FIFO for writing that is open, without blocking, for reading.
///
/// # Errors
///
/// `EINTR` when the guest is to be ended; those of making a pipe.
pub(crate) fn await_writer(fifo: &impl AsFd, interruption: &Interruption) -> Result<(), Errno> {
    // Where something is to be read, or was and its writer is gone, poll says so. A writer that has written nothing yet is seen by what
    // it means to copy nothing: the end of the file without one, `EAGAIN` with one.
    let (_reader, scratch) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let slice = timespec(PATIENCE);
    loop {
        let mut fds = [PollFd::new(fifo, PollFlags::IN)];
        if retry(|| poll(&mut fds, Some(&slice)))? > 0
            || retry(|| tee(fifo, &scratch, 1, SpliceFlags::NONBLOCK)) != Ok(0)
        {
            return Ok(());
        }
        interruption.check()?;
    }
}
