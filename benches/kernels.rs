//! How fast the same kernels run under Tancho, wasmtime, V8 and as native code, interleaved.
//!
//! Users run it as `cargo run --release --bin kernels`. Ratios are of CPU time, over wasmtime's: below 1 is faster than wasmtime. It fails when
//! the peers do not compute the same checksum.

use clap::Parser;
use serde_json::{Value, json};
use side::kernel::{Kernel, Outcome};
use side::peer::{Peer, Runs};
use side::report::{self, Table};
use side::{Error, plot};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the kernels under every peer in turn, and compares CPU time and checksums.
#[derive(Parser)]
struct Flags {
    /// Only kernels whose `name.level` contains one of these.
    filters: Vec<String>,
    /// How often each kernel runs under each peer; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Node 24 or later; without it V8 is left out.
    #[arg(long, value_name = "FILE", env = "NODE")]
    node: Option<PathBuf>,
    /// Also V8 as it comes, which begins in its fast compiler.
    #[arg(long, requires = "node")]
    tiers: bool,
    /// Also Tancho without this optimisation, by the name of its tunable; may be given several times.
    #[arg(long, value_name = "TUNABLE")]
    without: Vec<String>,
    /// Leaves the native builds out.
    #[arg(long)]
    no_native: bool,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the ratios by family to this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Flags {
    /// Tancho first, and wasmtime, by which the others are measured, second.
    fn peers(&self) -> Vec<Peer> {
        let mut peers = vec![Peer::Engine(0), Peer::Engine(1)];
        peers.extend(self.without.iter().cloned().map(Peer::Without));
        if let Some(command) = &self.node {
            peers.push(Peer::Node { command: command.clone(), tiers: false });
            if self.tiers {
                peers.push(Peer::Node { command: command.clone(), tiers: true });
            }
        }
        if !self.no_native {
            peers.push(Peer::Native);
        }
        peers
    }
}

/// The peer that ratios are over.
const MEASURE: usize = 1;

fn main() -> Result<ExitCode, Error> {
    let flags = Flags::parse();
    let peers = flags.peers();
    let kernels = Kernel::all(&flags.filters)?;
    if kernels.is_empty() {
        return Err("no kernel matches".into());
    }
    let mut circumstances = report::circumstances(flags.rounds);
    circumstances["measured"] = format!("CPU time, median of {} rounds, A B A B", flags.rounds).into();

    let mut measured = Vec::new();
    for kernel in kernels {
        measured.push(Measured::run(kernel, &peers, flags.rounds, &mut circumstances)?);
        eprint!(".");
    }
    eprintln!();
    report::print_circumstances(&circumstances);
    let families = Families::of(&measured, peers.len());
    print(&measured, &families, &peers);

    if let Some(path) = &flags.json {
        let names: Vec<&str> = peers.iter().map(Peer::name).collect();
        let kernels: Vec<Value> = measured.iter().map(|measured| measured.figures(&names)).collect();
        let figures =
            json!({ "circumstances": circumstances, "kernels": kernels, "geomeans": families.figures(&names) });
        report::write(path, &figures)?;
    }
    if let Some(path) = &flags.svg {
        let named: Vec<(&str, &[f64])> =
            families.rows.iter().map(|(name, ratios)| (name.as_str(), &ratios[..])).collect();
        let names: Vec<&str> = peers.iter().map(Peer::name).collect();
        plot::draw(path, &names, MEASURE, &named, &circumstances)?;
    }
    let differing: Vec<&Measured> = measured.iter().filter(|measured| !measured.agrees()).collect();
    for measured in &differing {
        println!("DIFFERENT {}: {:?}", measured.kernel.title(), measured.checksums());
    }
    Ok(if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A kernel, run by all peers.
struct Measured {
    kernel: Kernel,
    /// By peer, the outcome of each round.
    outcomes: Vec<Vec<Outcome>>,
}

impl Measured {
    fn run(kernel: Kernel, peers: &[Peer], rounds: u32, circumstances: &mut Value) -> Result<Measured, Error> {
        let named = |peer: &Peer, error: Error| format!("{} under {}: {error}", kernel.title(), peer.name());
        let mut running: Vec<Box<dyn Runs>> = Vec::new();
        for peer in peers {
            let runs = peer.open(&kernel).map_err(|error| named(peer, error))?;
            if let Some(version) = runs.version() {
                circumstances[peer.name()] = version.into();
            }
            running.push(runs);
        }
        let mut outcomes = vec![Vec::new(); peers.len()];
        for _ in 0..rounds {
            for ((peer, runs), outcomes) in peers.iter().zip(&mut running).zip(&mut outcomes) {
                outcomes.push(runs.run().map_err(|error| named(peer, error))?);
            }
        }
        drop(running);
        Ok(Measured { kernel, outcomes })
    }

    fn median(&self, peer: usize, time: fn(&Outcome) -> Duration) -> f64 {
        let mut times: Vec<f64> = self.outcomes[peer].iter().map(|outcome| milliseconds(time(outcome))).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    fn cpu(&self, peer: usize) -> f64 {
        self.median(peer, |outcome| outcome.cpu)
    }

    fn ratio(&self, peer: usize) -> f64 {
        self.cpu(peer) / self.cpu(MEASURE)
    }

    fn checksums(&self) -> Vec<&str> {
        self.outcomes.iter().flatten().map(|outcome| outcome.checksum.as_str()).collect()
    }

    fn agrees(&self) -> bool {
        self.checksums().windows(2).all(|pair| pair[0] == pair[1])
    }

    fn figures(&self, names: &[&str]) -> Value {
        let mut figures =
            json!({ "family": self.kernel.family, "kernel": self.kernel.name, "level": self.kernel.level });
        for (peer, name) in names.iter().enumerate() {
            let times = |time: fn(&Outcome) -> Duration| -> Vec<f64> {
                self.outcomes[peer].iter().map(|outcome| milliseconds(time(outcome))).collect()
            };
            figures[*name] = json!({
                "ratio": self.ratio(peer),
                "cpu_ms": times(|outcome| outcome.cpu),
                "own_ms": times(|outcome| outcome.own),
            });
        }
        figures
    }
}

/// Geometric means of ratios, by peer: of each family, and of the families.
struct Families {
    rows: Vec<(String, Vec<f64>)>,
    all: Vec<f64>,
}

impl Families {
    fn of(measured: &[Measured], peers: usize) -> Families {
        let mut by_family: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
        for one in measured {
            by_family.entry(&one.kernel.family).or_default().push(one);
        }
        let mean =
            |of: &[&Measured], peer: usize| report::geomean(of.iter().map(|one| one.ratio(peer))).unwrap_or(f64::NAN);
        let rows: Vec<(String, Vec<f64>)> = by_family
            .into_iter()
            .map(|(family, of)| (family.to_owned(), (0..peers).map(|peer| mean(&of, peer)).collect()))
            .collect();
        let all = (0..peers)
            .map(|peer| report::geomean(rows.iter().map(|(_, ratios)| ratios[peer])).unwrap_or(f64::NAN))
            .collect();
        Families { rows, all }
    }

    fn figures(&self, names: &[&str]) -> Value {
        let by_name =
            |ratios: &[f64]| -> Value { names.iter().zip(ratios).map(|(name, ratio)| (*name, *ratio)).collect() };
        let mut figures: Value = self.rows.iter().map(|(family, ratios)| (family.clone(), by_name(ratios))).collect();
        figures["all"] = by_name(&self.all);
        figures
    }
}

fn print(measured: &[Measured], families: &Families, peers: &[Peer]) {
    let names = peers.iter().map(Peer::name);
    let headings: Vec<String> = ["kernel".to_owned(), "level".to_owned()]
        .into_iter()
        .chain(names.clone().map(|name| format!("{name} ms")))
        .chain(names.map(|name| format!("{name} /")))
        .collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut table = Table::new(2, &headings);
    for one in measured {
        let cells = [one.kernel.name.clone(), one.kernel.level.clone()].into_iter();
        let times = (0..peers.len()).map(|peer| format!("{:.1}", one.cpu(peer)));
        let ratios = (0..peers.len()).map(|peer| format!("{:.3}", one.ratio(peer)));
        table.row(cells.chain(times).chain(ratios));
    }
    let everything = [("families", &families.all)];
    for (name, ratios) in families.rows.iter().map(|(name, ratios)| (name.as_str(), ratios)).chain(everything) {
        let cells = [name.to_owned(), "geomean".to_owned()].into_iter();
        let blanks = peers.iter().map(|_| String::new());
        table.row(cells.chain(blanks).chain(ratios.iter().map(|ratio| format!("{ratio:.3}"))));
    }
    table.print();
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
