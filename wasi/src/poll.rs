//! Waiting: until a moment, or until the host says that a descriptor is ready.
//!
//! `file` and `stdio` say what is known of their readiness without waiting; the faces gather what must be waited for
//! and call [`wait`] once for all of it.

use crate::attributes::timespec;
use crate::clock::{Clock, Clocks};
use crate::failure::retry;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// What is known about whether a descriptor can be read or written without blocking.
#[derive(Debug)]
pub(crate) enum Readiness<'fd> {
    /// It is ready, with this many bytes at least; `hangup` when nothing will ever come.
    Ready { bytes: u64, hangup: bool },
    /// The host must be asked.
    Ask(BorrowedFd<'fd>),
}

impl Readiness<'_> {
    /// Always ready, for an unknown number of bytes.
    pub(crate) const ALWAYS: Readiness<'static> = Readiness::Ready { bytes: 1, hangup: false };
}

/// The first moment at which a wait ends without any descriptor being ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// On the context's monotonic clock.
    pub(crate) monotonic: Option<u64>,
    /// On the host's time of day, which may be set while we wait.
    pub(crate) realtime: Option<u64>,
}

impl Deadline {
    /// Moves the deadline forward to `time` of `clock`, if that is sooner. Processor time cannot be waited for.
    pub(crate) fn at_most(&mut self, clock: Clock, time: u64) {
        let slot = match clock {
            Clock::Monotonic => &mut self.monotonic,
            Clock::Realtime => &mut self.realtime,
            Clock::ProcessCpu | Clock::ThreadCpu => return,
        };
        *slot = Some(slot.map_or(time, |sooner| sooner.min(time)));
    }

    /// Nanoseconds left; `None` when there is no deadline.
    fn left(self, clocks: &Clocks) -> Result<Option<u64>, Errno> {
        let mut left: Option<u64> = None;
        for (clock, time) in [(Clock::Monotonic, self.monotonic), (Clock::Realtime, self.realtime)] {
            if let Some(time) = time {
                let rest = time.saturating_sub(clocks.now(clock)?);
                left = Some(left.map_or(rest, |sooner| sooner.min(rest)));
            }
        }
        Ok(left)
    }
}

/// Blocks until one of `fds` is ready or the deadline has passed. Signals do not end it early. Where clocks count, they are moved on
/// to the deadline, and nothing blocks.
pub(crate) fn wait(fds: &mut [PollFd<'_>], deadline: Deadline, clocks: &Clocks) -> Result<(), Errno> {
    if clocks.are_counting() {
        clocks.pass(deadline.left(clocks)?.unwrap_or(0));
        return Ok(());
    }
    loop {
        let left = deadline.left(clocks)?;
        match poll(fds, left.map(timespec).as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
        // A timeout measured by the kernel may end a little before the clock shows it, and a signal any time.
        if deadline.left(clocks)? == Some(0) {
            return Ok(());
        }
    }
}

/// Is `fd` ready for `events` right now?
pub(crate) fn ready(fd: BorrowedFd<'_>, events: PollFlags) -> Result<bool, Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, events)];
    Ok(retry(|| poll(&mut fds, Some(&timespec(0))))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;
    use std::io::Write;
    use std::time::{Duration, Instant};

    #[test]
    fn waits_until_the_sooner_deadline_and_not_less() {
        let clocks = Clocks::new();
        let start = Instant::now();
        let mut deadline = Deadline::default();
        deadline.at_most(Clock::Monotonic, clocks.now(Clock::Monotonic).unwrap() + 20_000_000);
        deadline.at_most(Clock::Realtime, clocks.now(Clock::Realtime).unwrap() + 3_600_000_000_000);
        deadline.at_most(Clock::Monotonic, u64::MAX);
        wait(&mut [], deadline, &clocks).unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(19) && took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn a_past_deadline_does_not_wait() {
        let clocks = Clocks::new();
        wait(&mut [], Deadline { monotonic: Some(0), realtime: None }, &clocks).unwrap();
    }

    #[test]
    fn a_ready_descriptor_ends_the_wait() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        assert!(!ready(reader.as_fd(), PollFlags::IN).unwrap());
        writer.write_all(b"x").unwrap();
        assert!(ready(reader.as_fd(), PollFlags::IN).unwrap());
        let mut fds = [PollFd::new(&reader, PollFlags::IN)];
        wait(&mut fds, Deadline::default(), &Clocks::new()).unwrap();
        assert!(fds[0].revents().contains(PollFlags::IN));
    }
}
