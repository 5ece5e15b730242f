//! Seeds: where the random choices of a test come from, and the run that counts, times and repeats them.
//!
//! Every random test makes a [`Run`]. It prints the seed and how many cases there are, gives each case a generator of its own,
//! so that one case can be repeated without those before it, and works on as many threads as there are processors.

use super::row::{self, number};
use std::io::Write;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use fastrand::Rng;

/// The seed when nobody gives another.
const SEED: u64 = 20_261_122;

/// So many failures are told; more are of no use to anybody.
const TOLD: usize = 12;

/// Writes past the capture of the test harness: the figures belong in the log of every run.
pub fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error is open");
}

/// A run of a random test.
pub struct Run {
    name: &'static str,
    /// Its row in the table of reliability.
    row: &'static str,
    seed: u64,
    cases: std::ops::Range<u64>,
    start: Instant,
}

impl Run {
    /// A run of `cases` cases: `TANCHO_CASES` is another number, `TANCHO_FIRST` the first of them, `TANCHO_SEED` another seed, `TANCHO_CASE` one case alone.
    pub fn new(name: &'static str, row: &'static str, cases: u64) -> Run {
        let seed = number("TANCHO_SEED").unwrap_or(SEED);
        let cases = match number("TANCHO_CASE") {
            Some(case) => case..case + 1,
            None => number("TANCHO_FIRST").unwrap_or(0)..number("TANCHO_CASES").unwrap_or(cases),
        };
        say(&format!("{name}: seed {seed}, cases {}..{}", cases.start, cases.end));
        // In the words that the soak looks for, in case the process ends before the row does.
        say(&format!("{row}: seed {seed:#x}; TANCHO_SEED sets it"));
        Run { name, row, seed, cases, start: Instant::now() }
    }

    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.cases.end - self.cases.start
    }

    /// Whether there are so many cases that what they come to together says something: not when one is repeated.
    pub fn is_whole(&self) -> bool {
        self.cases() >= 500
    }

    /// The generator of a case.
    pub fn random(&self, case: u64) -> Rng {
        // Two rounds, so that neighbouring cases and seeds have nothing in common.
        let mut first = Rng::with_seed(self.seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Rng::with_seed(first.u64(..))
    }

    /// Does `work` for every case, each thread with a `worker` of its own, and returns the workers.
    ///
    /// # Panics
    ///
    /// When `work` is an error or panics for any case, with how to repeat it.
    pub fn all<W: Send>(
        &self,
        worker: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, u64, &mut Rng) -> Result<(), String> + Sync,
    ) -> Vec<W> {
        let next = AtomicU64::new(self.cases.start);
        let failures: Mutex<Vec<String>> = Mutex::default();
        let one = || {
            let mut worker = worker();
            loop {
                let case = next.fetch_add(1, Ordering::Relaxed);
                if case >= self.cases.end {
                    return worker;
                }
                let mut random = self.random(case);
                let result = catch_unwind(AssertUnwindSafe(|| work(&mut worker, case, &mut random)))
                    .unwrap_or_else(|payload| Err(format!("a panic: {}", panic_text(&*payload))));
                if let Err(what) = result {
                    let text = format!("TANCHO_SEED={} TANCHO_CASE={case}: {what}", self.seed);
                    failures.lock().expect("no thread panics while it holds it").push(text);
                }
            }
        };
        let workers = std::thread::scope(|scope| {
            let threads = std::thread::available_parallelism().map_or(2, usize::from);
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            handles.into_iter().map(|handle| handle.join().expect("panics of the work are caught")).collect()
        });
        let mut failures = failures.into_inner().expect("no thread panics while it holds it");
        let count = failures.len();
        row::line(self.row, self.cases(), count as u64, self.seed, self.start);
        failures.truncate(TOLD);
        assert!(count == 0, "{}: {count} failures\n{}", self.name, failures.join("\n"));
        workers
    }

    /// The sum of what `work` gives for every case, each thread with a `worker` of its own.
    ///
    /// # Panics
    ///
    /// As [`Run::all`].
    pub fn total<W: Send, Y: Default + AddAssign + Send>(
        &self,
        worker: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, &mut Rng) -> Result<Y, String> + Sync,
    ) -> Y {
        let workers = self.all(
            || (Y::default(), worker()),
            |(came, worker), _, random| {
                *came += work(worker, random)?;
                Ok(())
            },
        );
        let mut total = Y::default();
        workers.into_iter().for_each(|(came, _)| total += came);
        total
    }

    /// Prints what came of it.
    pub fn report(&self, figures: &str) {
        say(&format!(
            "{}: seed {}, {} cases, {figures}, {:.1?}",
            self.name,
            self.seed,
            self.cases(),
            self.start.elapsed()
        ));
    }
}

/// What a panic said.
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

/// `length` random bytes.
pub fn bytes(random: &mut Rng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}
