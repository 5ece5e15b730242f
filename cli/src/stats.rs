//! What a run took: time by step, memory, calls. For people as a table, for programs as JSON.
//!
//! Filled and printed by `command::run`.

use crate::flags::Shown;
use crate::outcome::tell;
use crate::style::Style;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tancho::HeapStats;

/// The measurements of one run.
pub(crate) struct Stats {
    start: Instant,
    rows: Vec<Row>,
}

/// A measurement: its name for programs, for people, and what was measured.
struct Row {
    key: &'static str,
    name: &'static str,
    measured: Measured,
}

enum Measured {
    Time(Duration),
    Bytes(u64),
    Count(u64),
    Word(&'static str),
}

impl Stats {
    /// None yet; the whole begins now.
    pub(crate) fn new() -> Stats {
        Stats { start: Instant::now(), rows: Vec::new() }
    }

    fn push(&mut self, key: &'static str, name: &'static str, measured: Measured) {
        self.rows.push(Row { key, name, measured });
    }

    /// How long a step took. `key` ends in `_us`.
    pub(crate) fn time(&mut self, key: &'static str, name: &'static str, took: Duration) {
        self.push(key, name, Measured::Time(took));
    }

    /// How large something is.
    pub(crate) fn bytes(&mut self, key: &'static str, name: &'static str, bytes: u64) {
        self.push(key, name, Measured::Bytes(bytes));
    }

    /// How often something happened.
    pub(crate) fn count(&mut self, key: &'static str, name: &'static str, count: u64) {
        self.push(key, name, Measured::Count(count));
    }

    /// How something was done.
    pub(crate) fn word(&mut self, key: &'static str, name: &'static str, word: &'static str) {
        self.push(key, name, Measured::Word(word));
    }

    /// What the collector did, where the program has made objects.
    pub(crate) fn heap(&mut self, heap: &HeapStats) {
        if heap.allocated == 0 {
            return;
        }
        self.count("gc_minor", "collections of the nursery", heap.minor);
        self.count("gc_major", "collections of the heap", heap.major);
        self.bytes("gc_allocated_bytes", "objects made", heap.allocated);
        self.bytes("gc_copied_bytes", "objects moved", heap.copied);
        self.bytes("gc_used_bytes", "heap in use", heap.used);
        self.time("gc_pause_us", "longest pause of collection", heap.longest_pause);
        self.time("gc_us", "collecting", heap.total_pause);
    }

    /// Prints them on standard error, with those that are known only in the end.
    pub(crate) fn print(mut self, shown: Shown) {
        let total = self.start.elapsed();
        self.time("total_us", "total", total);
        if let Some(peak) = peak_memory() {
            self.bytes("peak_memory_bytes", "peak memory of the process", peak);
        }
        match shown {
            Shown::Json => tell(&self.json().to_string()),
            Shown::Table => tell(self.table(Style::stderr()).trim_end()),
        }
    }

    fn json(&self) -> Value {
        let value = |measured: &Measured| match measured {
            Measured::Time(took) => json!(took.as_secs_f64() * 1e6),
            Measured::Bytes(number) | Measured::Count(number) => json!(number),
            Measured::Word(word) => json!(word),
        };
        self.rows.iter().map(|row| (row.key.to_owned(), value(&row.measured))).collect::<serde_json::Map<_, _>>().into()
    }

    fn table(&self, style: Style) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let value = match &row.measured {
                Measured::Time(took) => duration(*took),
                Measured::Bytes(bytes) => size(*bytes),
                Measured::Count(count) => count.to_string(),
                Measured::Word(word) => (*word).to_owned(),
            };
            text += &format!("{} {value:>14}\n", style.faint(&format!("{:<28}", row.name)));
        }
        text
    }
}

/// A time, for people.
pub(crate) fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        _ if seconds < 1e-3 => format!("{:.1} us", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

/// A number of bytes, for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.1} {unit}")
}

/// The most memory that this process has held, by what the kernel says of it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_rounded_numbers() {
        assert_eq!(duration(Duration::from_nanos(1500)), "1.5 us");
        assert_eq!(duration(Duration::from_micros(1500)), "1.50 ms");
        assert_eq!(duration(Duration::from_millis(61_500)), "61.50 s");
        assert_eq!([size(0), size(1023), size(1024), size(5 << 20)], ["0 B", "1023 B", "1.0 KiB", "5.0 MiB"]);
    }

    #[test]
    fn programs_read_json() {
        let mut stats = Stats::new();
        stats.time("a_us", "a", Duration::from_micros(3));
        stats.count("b", "b", 4);
        stats.word("c", "c", "d");
        assert_eq!(stats.json(), json!({"a_us": 3.0, "b": 4, "c": "d"}));
    }
}
