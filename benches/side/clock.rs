//! Clocks: the CPU time of this thread, of this process, and the time on the wall.
//!
//! Everything is compared by CPU time, because the machine is shared: what others do in the meantime does not count, but for what they
//! take of caches and of the other half of a core. The minimum over interleaved rounds deals with that.

use crate::Error;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What something took, by three clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// CPU time of this thread.
    pub thread: Duration,
    /// CPU time of all threads of the process.
    pub process: Duration,
    /// Time on the wall.
    pub wall: Duration,
}

impl Span {
    /// The least of each.
    #[must_use]
    pub fn min(self, other: Span) -> Span {
        Span {
            thread: self.thread.min(other.thread),
            process: self.process.min(other.process),
            wall: self.wall.min(other.wall),
        }
    }

    /// The sum of each.
    #[must_use]
    pub fn plus(self, other: Span) -> Span {
        Span { thread: self.thread + other.thread, process: self.process + other.process, wall: self.wall + other.wall }
    }

    /// The most of each.
    #[must_use]
    pub fn max(self, other: Span) -> Span {
        Span {
            thread: self.thread.max(other.thread),
            process: self.process.max(other.process),
            wall: self.wall.max(other.wall),
        }
    }
}

/// Running clocks.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    wall: Instant,
    process: Duration,
    thread: Duration,
}

impl Stopwatch {
    /// Starts them; the thread's last, so that it does not see the others being read.
    pub fn start() -> Stopwatch {
        let (wall, process) = (Instant::now(), read(ClockId::ProcessCPUTime));
        Stopwatch { wall, process, thread: read(ClockId::ThreadCPUTime) }
    }

    /// What they have run since.
    pub fn stop(self) -> Span {
        let thread = read(ClockId::ThreadCPUTime).saturating_sub(self.thread);
        let process = read(ClockId::ProcessCPUTime).saturating_sub(self.process);
        Span { thread, process, wall: self.wall.elapsed() }
    }
}

/// Calls `measure` for each of the sides in turn, for so many rounds: A B A B ... What it returns is kept by side.
///
/// # Errors
///
/// The first that `measure` returns.
pub fn interleave<V, const SIDES: usize>(
    rounds: u32,
    measure: impl FnMut(usize) -> Result<V, Error>,
) -> Result<[Vec<V>; SIDES], Error> {
    let values = interleave_all(SIDES, rounds, measure)?;
    values.try_into().map_err(|_| "a side too few or too many".into())
}

/// [`interleave`] for a number of sides that the program's flags say.
///
/// # Errors
///
/// The first that `measure` returns.
pub fn interleave_all<V>(
    sides: usize,
    rounds: u32,
    mut measure: impl FnMut(usize) -> Result<V, Error>,
) -> Result<Vec<Vec<V>>, Error> {
    let mut values: Vec<Vec<V>> = (0..sides).map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (side, values) in values.iter_mut().enumerate() {
            values.push(measure(side)?);
        }
    }
    Ok(values)
}

/// CPU time of this thread, as what criterion measures.
#[derive(Clone, Copy, Debug)]
pub struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        read(ClockId::ThreadCPUTime)
    }

    fn end(&self, start: Duration) -> Duration {
        read(ClockId::ThreadCPUTime).saturating_sub(start)
    }

    fn add(&self, first: &Duration, second: &Duration) -> Duration {
        *first + *second
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
