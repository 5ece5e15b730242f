//! The clocks a guest may read.
//!
//! The faces map their own clock names here. The monotonic clock starts near zero when the context is built, so that
//! a guest does not learn the host's uptime.

use rustix::fs::Timespec;
use rustix::io::Errno;
use rustix::time::{ClockId, clock_getres, clock_gettime};

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

    /// The step of this clock in nanoseconds, at least 1.
    pub(crate) fn resolution(self) -> u64 {
        nanoseconds(clock_getres(self.id())).unwrap_or(1).max(1)
    }
}

/// The clocks of one context.
#[derive(Debug)]
pub(crate) struct Clocks {
    /// The host's monotonic time that this context calls 0.
    origin: u64,
}

impl Clocks {
    /// Clocks whose monotonic one starts now, at 1: some guests take a time of 0 for a broken clock.
    pub(crate) fn new() -> Clocks {
        Clocks { origin: nanoseconds(clock_gettime(ClockId::Monotonic)).unwrap_or(0).saturating_sub(1) }
    }

    /// The time of `clock` in nanoseconds. `EOVERFLOW` when the host's date lies outside 1970..2554.
    pub(crate) fn now(&self, clock: Clock) -> Result<u64, Errno> {
        let now = nanoseconds(clock_gettime(clock.id())).ok_or(Errno::OVERFLOW)?;
        Ok(match clock {
            Clock::Monotonic => now.saturating_sub(self.origin),
            _ => now,
        })
    }
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
            assert!(clock.resolution() > 0);
            let first = clocks.now(clock).unwrap();
            if clock != Clock::Realtime {
                assert!(clocks.now(clock).unwrap() >= first);
            }
        }
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
