//! A row of the table of reliability: the seed and the number of cases that a test takes from its environment, and the line that it
//! prints of its outcome (`docs/testing.md`, "Soak"). Used by the tests that have one, and by [`Run`](super::seed::Run).

use std::io::Write;
use std::time::{Duration, Instant};

/// SplitMix64: numbers from a seed, or from the bytes of a fuzzer as long as there are any.
pub struct Random {
    state: u64,
    bytes: std::vec::IntoIter<u8>,
}

impl Random {
    /// Numbers from a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed, bytes: Vec::new().into_iter() }
    }

    /// Numbers from bytes, a byte or eight for each, so that a change of few of them changes few numbers.
    pub fn from_bytes(bytes: &[u8]) -> Random {
        Random { state: 0, bytes: Vec::from(bytes).into_iter() }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        if let Some((given, _)) = self.bytes.as_slice().split_first_chunk() {
            let number = u64::from_le_bytes(*given);
            self.bytes.nth(given.len() - 1);
            return number;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let given = if end <= 256 { self.bytes.next() } else { None };
        given.map_or_else(|| (self.draw() % end as u64) as usize, |given| usize::from(given) % end)
    }

    /// One of `all`.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A number, decimal or with 0x, from a variable of the environment.
///
/// # Panics
///
/// When the variable is set and is no number.
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(parsed.unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")))
}

/// How long it may take from a request to interrupt until what runs or waits has ended: 100 ms. Under an emulator, whose threads may stand still
/// while it translates code for another, it is another bound, `TANCHO_INTERRUPT_MS` (`tests/cross.sh`).
pub fn interrupt_limit() -> Duration {
    Duration::from_millis(number("TANCHO_INTERRUPT_MS").unwrap_or(100))
}

/// A row while its cases run.
pub struct Row {
    name: &'static str,
    seed: u64,
    start: Instant,
}

impl Row {
    /// Begins the row: `TANCHO_SEED` is its seed, or else one that is always the same.
    pub fn begin(name: &'static str) -> Row {
        let seed = number("TANCHO_SEED").unwrap_or(20_261_123);
        // Before the first case, so that it is known after a crash.
        writeln!(std::io::stderr(), "{name}: seed {seed:#x}; TANCHO_SEED sets it").expect("standard error is open");
        Row { name, seed, start: Instant::now() }
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many cases to run: `TANCHO_CASES`, or else `usual`.
    pub fn cases(usual: usize) -> usize {
        number("TANCHO_CASES").map_or(usual, |cases| cases as usize)
    }

    /// Ends the row with its line. Past the capture of the test harness: the figures belong in the log of every run.
    pub fn end(self, cases: usize, failures: usize) {
        line(self.name, cases as u64, failures as u64, self.seed, self.start);
    }
}

/// Prints the line of a row that began at `start`.
pub fn line(name: &str, cases: u64, failures: u64, seed: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        std::io::stderr(),
        "reliability: ROW={name} cases={cases} failures={failures} seed={seed:#x} seconds={seconds:.1}"
    )
    .expect("standard error is open");
}
