//! Which engine crosses boundaries faster: calls between host and guest, within the guest, traps, instances; interleaved.
//!
//! Users run it as `cargo run --release --bin calls`. Both engines do the same, from the same source text, in this process; a ratio
//! below 1 says that Tancho is faster. One run gives all of it, in one table. `cargo bench` measures the same boundaries one after the other, with statistics.

use clap::Parser;
use serde_json::{Value, json};
use side::clock::{Stopwatch, interleave};
use side::report::{self, Table};
use side::{Boundary, Cross, Error, SIDES};
use std::path::PathBuf;
use std::time::Duration;

/// Measures the CPU time of calls, traps and instances under Tancho and wasmtime.
#[derive(Parser)]
struct Flags {
    /// Only boundaries whose name contains one of these.
    filters: Vec<String>,
    /// How often each boundary is measured under each engine; the minimum counts.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long one measurement is to take, about, in milliseconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    milliseconds: u64,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<(), Error> {
    let flags = Flags::parse();
    let [ours, theirs] = SIDES.map(|side| (side.boundaries)());
    let pairs: Vec<[Boundary; 2]> = ours.into_iter().zip(theirs).map(|(ours, theirs)| [ours, theirs]).collect();
    let wanted =
        |name: &str| flags.filters.is_empty() || flags.filters.iter().any(|filter| name.contains(filter.as_str()));

    let circumstances = report::circumstances(flags.rounds);
    report::print_circumstances(&circumstances);
    let mut measured = Vec::new();
    for pair in pairs.iter().filter(|pair| wanted(pair[0].name)) {
        measured.push(Measured::of(pair, flags.rounds, Duration::from_millis(flags.milliseconds))?);
        eprint!(".");
    }
    eprintln!();
    print(&measured);
    if let Some(path) = &flags.json {
        let figures = measured.iter().map(Measured::figures).collect::<Vec<Value>>();
        report::write(path, &json!({ "circumstances": circumstances, "boundaries": figures }))?;
    }
    Ok(())
}

/// A boundary, crossed by both.
struct Measured {
    name: &'static str,
    /// Nanoseconds for one crossing, by side and round.
    nanoseconds: [Vec<f64>; 2],
}

impl Measured {
    fn of(pair: &[Boundary; 2], rounds: u32, span: Duration) -> Result<Measured, Error> {
        let prepare = |side: usize| -> Result<(Cross, u64), Error> {
            let boundary = &pair[side];
            let name = SIDES[side].name;
            let mut cross = (boundary.prepare)().map_err(|error| format!("{name}: {}: {error:?}", boundary.name))?;
            let times = calibrate(&mut cross, span);
            Ok((cross, times))
        };
        let mut sides = [prepare(0)?, prepare(1)?];
        let nanoseconds = interleave(rounds, |side| {
            let (cross, times) = &mut sides[side];
            let watch = Stopwatch::start();
            cross(*times);
            Ok(watch.stop().thread.as_secs_f64() * 1e9 / *times as f64)
        })?;
        Ok(Measured { name: pair[0].name, nanoseconds })
    }

    /// The least time under this side.
    fn best(&self, side: usize) -> f64 {
        self.nanoseconds[side].iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The time in the middle of those under this side.
    fn median(&self, side: usize) -> f64 {
        let mut sorted = self.nanoseconds[side].clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Of the least times, which the machine's other work has lengthened least.
    fn ratio(&self) -> f64 {
        self.best(0) / self.best(1)
    }

    /// Of the medians.
    fn median_ratio(&self) -> f64 {
        self.median(0) / self.median(1)
    }

    fn figures(&self) -> Value {
        let mut figures = json!({ "boundary": self.name, "ratio": self.ratio(), "median_ratio": self.median_ratio() });
        for (position, side) in SIDES.iter().enumerate() {
            let (best, median) = (self.best(position), self.median(position));
            figures[side.name] = json!({ "ns": best, "median_ns": median, "rounds": self.nanoseconds[position] });
        }
        figures
    }
}

/// How many crossings take about so long. Doubles until it can tell; this also warms up.
fn calibrate(cross: &mut Cross, span: Duration) -> u64 {
    let mut times = 16;
    loop {
        let watch = Stopwatch::start();
        cross(times);
        let taken = watch.stop().thread;
        if taken * 4 > span || times > 1 << 28 {
            let wanted = times as f64 * span.as_secs_f64() / taken.as_secs_f64();
            return (wanted as u64).clamp(1, 1 << 30);
        }
        times *= 2;
    }
}

fn print(measured: &[Measured]) {
    let columns = ["boundary", "tancho ns", "wasmtime ns", "ratio", "medians", "", "ratio"];
    let mut table = Table::new(1, &columns);
    for measured in measured {
        let [ours, theirs] = [0, 1].map(|side| format!("{:.2}", measured.best(side)));
        let [our_median, their_median] = [0, 1].map(|side| format!("{:.2}", measured.median(side)));
        let [ratio, medians] = [measured.ratio(), measured.median_ratio()].map(|ratio| format!("{ratio:.3}"));
        table.row([measured.name.to_owned(), ours, theirs, ratio, our_median, their_median, medians]);
    }
    let means = [
        report::geomean(measured.iter().map(Measured::ratio)),
        report::geomean(measured.iter().map(Measured::median_ratio)),
    ];
    if let [Some(least), Some(medians)] = means {
        let name = format!("geomean of {}", measured.len());
        let [least, medians] = [least, medians].map(|mean| format!("{mean:.3}"));
        let nothing = String::new;
        table.row([name, nothing(), nothing(), least, nothing(), nothing(), medians]);
    }
    table.print();
}
