//! Waiting: until a moment, or until the host says that a descriptor is ready, or until somebody ends the guest.
//!
//! `file` and `stdio` say what is known of their readiness without waiting; the faces gather what must be waited for
//! and call [`wait`] once for all of it. Whatever may wait for long without end, also reading and writing, waits here, in slices, and asks
//! between them whether the guest is to be ended.

use crate::attributes::timespec;
use crate::clock::{Clock, Clocks};
use crate::failure::retry;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::io::IoSlice;
use tancho::InterruptHandle;

/// The longest that is waited without asking whether the guest is to be ended, in nanoseconds.
const SLICE: u64 = 50_000_000;

/// How many bytes a host stream that says it is writable takes without blocking (`PIPE_BUF`).
pub(crate) const ATOMIC_WRITE: usize = 4096;

/// Who may end a guest while a call of its waits. Nobody, where it runs without an engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interruption(Option<InterruptHandle>);

impl Interruption {
    /// By this handle.
    pub(crate) fn by(handle: InterruptHandle) -> Interruption {
        Interruption(Some(handle))
    }

    /// `EINTR`, which never gets to a guest, when the guest is to be ended.
    pub(crate) fn check(&self) -> Result<(), Errno> {
        if self.0.as_ref().is_some_and(InterruptHandle::is_pending) { Err(Errno::INTR) } else { Ok(()) }
    }

    /// Takes the request by which a call has ended, if there is one.
    pub(crate) fn take(&self) -> bool {
        let pending = self.0.as_ref().filter(|handle| handle.is_pending());
        pending.inspect(|handle| handle.cancel()).is_some()
    }

    /// Whether anybody could.
    fn is_possible(&self) -> bool {
        self.0.is_some()
    }
}

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

/// Blocks until one of `fds` is ready or the deadline has passed. Signals do not end it early; `EINTR` says that the guest is to be
/// ended. Where clocks count, they are moved on to the deadline, and nothing blocks.
pub(crate) fn wait(
    fds: &mut [PollFd<'_>],
    deadline: Deadline,
    clocks: &Clocks,
    interruption: &Interruption,
) -> Result<(), Errno> {
    if clocks.are_counting() {
        clocks.pass(deadline.left(clocks)?.unwrap_or(0));
        return Ok(());
    }
    loop {
        let left = deadline.left(clocks)?;
        let most = if interruption.is_possible() { Some(left.map_or(SLICE, |left| left.min(SLICE))) } else { left };
        match poll(fds, most.map(timespec).as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
        interruption.check()?;
        // A timeout measured by the kernel may end a little before the clock shows it, and a signal any time.
        if deadline.left(clocks)? == Some(0) {
            return Ok(());
        }
    }
}

/// Lets `nanos` nanoseconds pass, which are less than a slice; `EINTR` when the guest is to be ended.
pub(crate) fn pause(nanos: u64, interruption: &Interruption) -> Result<(), Errno> {
    match poll(&mut [], Some(&timespec(nanos))) {
        Ok(_) | Err(Errno::INTR) => interruption.check(),
        Err(error) => Err(error),
    }
}

/// Is `fd` ready for `events` right now?
pub(crate) fn ready(fd: BorrowedFd<'_>, events: PollFlags) -> Result<bool, Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, events)];
    Ok(retry(|| poll(&mut fds, Some(&timespec(0))))? > 0)
}

/// Blocks until `fd` is ready for `events`, or has failed; `EINTR` when the guest is to be ended.
pub(crate) fn await_ready(fd: BorrowedFd<'_>, events: PollFlags, interruption: &Interruption) -> Result<(), Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, events)];
    let slice = interruption.is_possible().then(|| timespec(SLICE));
    loop {
        match poll(&mut fds, slice.as_ref()) {
            Ok(0) | Err(Errno::INTR) => interruption.check()?,
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Reads from `fd`, which may have nothing yet: waits until it has, where somebody could end the guest meanwhile.
pub(crate) fn read_when_ready(
    fd: BorrowedFd<'_>,
    interruption: &Interruption,
    mut read: impl FnMut() -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    loop {
        if interruption.is_possible() {
            await_ready(fd, PollFlags::IN, interruption)?;
        }
        match retry(&mut read) {
            // Somebody else shares the descriptor, and has taken what there was or made it one that does not block.
            Err(Errno::AGAIN) => await_ready(fd, PollFlags::IN, interruption)?,
            read => return read,
        }
    }
}

/// Writes all of `buffers` to `fd`, which may take only some at a time and then block: as much as it takes at once by `attempt`, which
/// does not block and says `EAGAIN` or `EOPNOTSUPP` instead; else, when it says that it is ready, by `piece` as little as then goes
/// without blocking. Returns how many bytes went. An error after the first is left for the next call to meet.
pub(crate) fn write_when_ready(
    fd: BorrowedFd<'_>,
    buffers: &[IoSlice<'_>],
    interruption: &Interruption,
    attempt: impl Fn(&[IoSlice<'_>]) -> Result<usize, Errno>,
    piece: impl Fn(&[IoSlice<'_>]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    let length: usize = buffers.iter().map(|buffer| buffer.len()).sum();
    let mut total = 0;
    while total < length {
        let taken = match retry(|| attempt(&after(buffers, total))) {
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                let rest = after(buffers, total);
                let whole = rest.iter().map(|buffer| buffer.len()).sum::<usize>() <= ATOMIC_WRITE;
                let first = rest.first().and_then(|first| first.get(..ATOMIC_WRITE).or(Some(first)));
                let cut = [IoSlice::new(first.unwrap_or_default())];
                await_ready(fd, PollFlags::OUT, interruption)
                    .and_then(|()| retry(|| piece(if whole { &rest } else { &cut })))
                    // Somebody else has written what there was room for, or made it a descriptor that does not block.
                    .or_else(|error| if error == Errno::AGAIN { Ok(0) } else { Err(error) })
            }
            taken => taken,
        };
        match taken {
            Ok(bytes) => total += bytes,
            Err(error) if total == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(total)
}

/// What is left of `buffers` after the first `done` bytes, without what is empty.
fn after<'b>(buffers: &'b [IoSlice<'b>], done: usize) -> Vec<IoSlice<'b>> {
    let mut skip = done;
    let rest = |buffer: &'b IoSlice<'b>| {
        let rest = buffer.get(skip..).unwrap_or_default();
        skip = skip.saturating_sub(buffer.len());
        IoSlice::new(rest)
    };
    buffers.iter().map(rest).filter(|buffer| !buffer.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::write_at_once;
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
        wait(&mut [], deadline, &clocks, &Interruption::default()).unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(19) && took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn a_past_deadline_does_not_wait() {
        let clocks = Clocks::new();
        wait(&mut [], Deadline { monotonic: Some(0), realtime: None }, &clocks, &Interruption::default()).unwrap();
    }

    #[test]
    fn what_is_left_after_some_bytes() {
        let buffers = [b"abc", &b""[..], b"de", b"f"].map(IoSlice::new);
        let left = |done| after(&buffers, done).iter().map(|buffer| buffer.to_vec()).collect::<Vec<_>>();
        assert_eq!(left(0), [b"abc".to_vec(), b"de".to_vec(), b"f".to_vec()]);
        assert_eq!(left(2), [b"c".to_vec(), b"de".to_vec(), b"f".to_vec()]);
        assert_eq!(left(3), [b"de".to_vec(), b"f".to_vec()]);
        assert_eq!(left(6), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn all_is_written_to_a_pipe_that_is_read_slowly() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let read = std::thread::spawn(move || {
            let mut all = Vec::new();
            let mut some = [0; 7000];
            while let Ok(count @ 1..) = std::io::Read::read(&mut reader, &mut some) {
                all.extend_from_slice(&some[..count]);
            }
            all
        });
        let buffers = [&bytes[..5], &bytes[5..200_000], &bytes[200_000..]].map(IoSlice::new);
        for at_once in [true, false] {
            let attempt =
                |rest: &[IoSlice<'_>]| if at_once { write_at_once(&writer, rest) } else { Err(Errno::OPNOTSUPP) };
            let piece = |rest: &[IoSlice<'_>]| {
                assert!(rest.iter().map(|buffer| buffer.len()).sum::<usize>() <= ATOMIC_WRITE);
                rustix::io::writev(&writer, rest)
            };
            let written = write_when_ready(writer.as_fd(), &buffers, &Interruption::default(), attempt, piece);
            assert_eq!(written, Ok(300_000));
        }
        drop(writer);
        assert!(read.join().unwrap() == [&bytes[..], &bytes[..]].concat());
    }

    #[test]
    fn a_ready_descriptor_ends_the_wait() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        assert!(!ready(reader.as_fd(), PollFlags::IN).unwrap());
        writer.write_all(b"x").unwrap();
        assert!(ready(reader.as_fd(), PollFlags::IN).unwrap());
        let mut fds = [PollFd::new(&reader, PollFlags::IN)];
        wait(&mut fds, Deadline::default(), &Clocks::new(), &Interruption::default()).unwrap();
        assert!(fds[0].revents().contains(PollFlags::IN));
    }
}
