//! The clocks a guest may read: the host's, or ones that count.
//!
//! The faces map their own clock names here. The monotonic clock starts near zero when the context is built, so that
//! a guest does not learn the host's uptime. Clocks that count show nothing of the host: each reading is a step, and a
//! wait moves them on and takes no time.

use rustix::fs::Timespec;
use rustix::io::Errno;
use rustix::time::{ClockId, clock_getres, clock_gettime};
use std::sync::atomic::{AtomicU64, Ordering};

/// By how much a reading moves clocks that count on, in nanoseconds.
const STEP: u64 = 1000;

/// The time of day at which clocks that count begin: 2000-01-01, in nanoseconds since 1970.
const EPOCH: u64 = 946_684_800_000_000_000;

/// A clock, in the terms of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Time of day: nanoseconds since 1970.
    Realtime,
    /// Never set back; its zero has no meaning.
    Monotonic,
    /// Processor time of the host process.
    ProcessCpu,
    /// Processor time of the calling thread.
    ThreadCpu,
}

impl Clock {
    fn id(self) -> ClockId {
        match self {
            Clock::Realtime => ClockId::Realtime,
            Clock::Monotonic => ClockId::Monotonic,
            Clock::ProcessCpu => ClockId::ProcessCPUTime,
            Clock::ThreadCpu => ClockId::ThreadCPUTime,
        }
    }
}

/// The clocks of one context.
#[derive(Debug)]
pub(crate) enum Clocks {
    /// The host's.
    Host {
        /// The host's monotonic time that this context calls 0.
        origin: u64,
    },
    /// Clocks that count: nanoseconds since the beginning, the same for all.
    Counting(AtomicU64),
}

impl Clocks {
    /// Clocks whose monotonic one starts now, at 1: some guests take a time of 0 for a broken clock.
    pub(crate) fn new() -> Clocks {
        Clocks::Host { origin: nanoseconds(clock_gettime(ClockId::Monotonic)).unwrap_or(0).saturating_sub(1) }
    }

    /// Clocks that count.
    pub(crate) fn counting() -> Clocks {
        Clocks::Counting(AtomicU64::new(0))
    }

    /// Whether they count, and a wait is to take no time.
    pub(crate) fn are_counting(&self) -> bool {
        matches!(self, Clocks::Counting(_))
    }

    /// The step of `clock` in nanoseconds, at least 1.
    pub(crate) fn resolution(&self, clock: Clock) -> u64 {
        match self {
            Clocks::Host { .. } => nanoseconds(clock_getres(clock.id())).unwrap_or(1).max(1),
            Clocks::Counting(_) => STEP,
        }
    }

    /// The time of `clock` in nanoseconds. `EOVERFLOW` when the host's date lies outside 1970..2554.
    pub(crate) fn now(&self, clock: Clock) -> Result<u64, Errno> {
        let origin = match self {
            Clocks::Host { origin } => *origin,
            Clocks::Counting(count) => {
                let count = advance(count, STEP);
                let now = if clock == Clock::Realtime { count.checked_add(EPOCH) } else { Some(count) };
                return now.ok_or(Errno::OVERFLOW);
            }
        };
        let now = nanoseconds(clock_gettime(clock.id())).ok_or(Errno::OVERFLOW)?;
        Ok(match clock {
            Clock::Monotonic => now.saturating_sub(origin),
            _ => now,
        })
    }

    /// Moves clocks that count on by `nanos`.
    pub(crate) fn pass(&self, nanos: u64) {
        if let Clocks::Counting(count) = self {
            advance(count, nanos);
        }
    }
}

/// Adds to a count, which stays where it is when it has come to its end, and returns what it is then.
fn advance(count: &AtomicU64, nanos: u64) -> u64 {
    let add = |now: u64| Some(now.saturating_add(nanos));
    let before = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap_or(u64::MAX);
    before.saturating_add(nanos)
}

/// A host time as nanoseconds, if it is one WASI can express.
fn nanoseconds(time: Timespec) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(u64::try_from(time.tv_nsec).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Clock; 4] = [Clock::Realtime, Clock::Monotonic, Clock::ProcessCpu, Clock::ThreadCpu];

    #[test]
    fn every_clock_has_a_resolution_and_never_runs_back() {
        let clocks = Clocks::new();
        for clock in ALL {
            assert!(clocks.resolution(clock) > 0);
            let first = clocks.now(clock).unwrap();
            if clock != Clock::Realtime {
                assert!(clocks.now(clock).unwrap() >= first);
            }
        }
    }

    #[test]
    fn clocks_that_count_are_the_same_every_time() {
        let read = || {
            let clocks = Clocks::counting();
            let first = ALL.map(|clock| clocks.now(clock).unwrap());
            clocks.pass(1_000_000);
            (first, clocks.now(Clock::Monotonic).unwrap())
        };
        assert_eq!(read(), ([EPOCH + 1000, 2000, 3000, 4000], 1_005_000));
        assert_eq!(read(), read());
        let clocks = Clocks::counting();
        clocks.pass(u64::MAX);
        assert_eq!(clocks.now(Clock::Monotonic), Ok(u64::MAX));
        assert_eq!(clocks.now(Clock::Realtime), Err(Errno::OVERFLOW));
    }

    #[test]
    fn monotonic_starts_small_and_not_at_zero() {
        let clocks = Clocks::new();
        let now = clocks.now(Clock::Monotonic).unwrap();
        assert!(now >= 1, "{now}");
        assert!(now < 60_000_000_000, "the host's uptime shows: {now}");
    }

    #[test]
    fn dates_outside_the_range_are_refused() {
        assert_eq!(nanoseconds(Timespec { tv_sec: -1, tv_nsec: 0 }), None);
        assert_eq!(nanoseconds(Timespec { tv_sec: i64::MAX, tv_nsec: 0 }), None);
    }
}
