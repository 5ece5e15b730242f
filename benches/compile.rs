//! Which engine compiles faster, in less memory, and to less code: each of the given modules under Tancho and under wasmtime, on one thread,
//! interleaved.
//!
//! Users run it as `cargo run --release --bin compile FILE...`. Every compilation has a process of its own, this program again, so that the
//! most memory it ever had resident is its own too. A ratio below 1 says that Tancho takes less.

use clap::Parser;
use serde_json::{Value, json};
use side::clock::{Stopwatch, interleave_all};
use side::report::{self, Table};
use side::{Error, SIDES};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles modules on one thread under Tancho and wasmtime, and compares CPU time, peak memory and the length of the code.
#[derive(Parser)]
struct Flags {
    /// The modules.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How often each is compiled under each engine; the minimum counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Also Tancho without this optimisation, by the name of its tunable; may be given several times.
    #[arg(long, value_name = "TUNABLE")]
    without: Vec<String>,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compiles the module under one side only, in this process, and prints the figures.
    #[arg(long, value_name = "SIDE", hide = true)]
    child: Option<usize>,
}

impl Flags {
    /// Tancho, then Tancho without each of the optimisations, then wasmtime, which they are measured by.
    fn contestants(&self) -> Vec<Contestant<'_>> {
        let without = self.without.iter().map(|name| Contestant { side: 0, without: Some(name) });
        let whole = |side| Contestant { side, without: None };
        [whole(0)].into_iter().chain(without).chain([whole(1)]).collect()
    }
}

/// Who compiles.
#[derive(Clone, Copy)]
struct Contestant<'a> {
    side: usize,
    /// Which optimisation it leaves out.
    without: Option<&'a str>,
}

impl Contestant<'_> {
    fn name(self) -> String {
        let name = SIDES[self.side].name;
        self.without.map_or_else(|| name.to_owned(), |without| format!("{name} without {without}"))
    }
}

/// What one compilation took, and made.
#[derive(Clone, Copy)]
struct Taken {
    cpu_ms: f64,
    peak_kib: f64,
    code_kib: f64,
}

/// What counts of the rounds: the least of each.
fn least(rounds: &[Taken]) -> Taken {
    let least = |of: fn(&Taken) -> f64| rounds.iter().map(of).fold(f64::INFINITY, f64::min);
    Taken { cpu_ms: least(|it| it.cpu_ms), peak_kib: least(|it| it.peak_kib), code_kib: least(|it| it.code_kib) }
}

fn main() -> Result<(), Error> {
    let flags = Flags::parse();
    if let Some(side) = flags.child {
        return child(side, flags.without.first().map(String::as_str), &flags.files[0]);
    }
    let circumstances = report::circumstances(flags.rounds);
    report::print_circumstances(&circumstances);
    let contestants = flags.contestants();
    let mut table = Table::new(2, &["module", "", "KiB", "CPU ms", "ratio", "peak MiB", "ratio", "code KiB", "ratio"]);
    let mut modules = Vec::new();
    let mut ratios = vec![[const { Vec::new() }; 3]; contestants.len()];
    for file in &flags.files {
        let rounds = interleave_all(contestants.len(), flags.rounds, |at| parent(contestants[at], file))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kib = fs::metadata(file)?.len() / 1024;
        let taken: Vec<Taken> = rounds.iter().map(|rounds| least(rounds)).collect();
        let by = taken[taken.len() - 1];
        for ((contestant, taken), all) in contestants.iter().zip(&taken).zip(&mut ratios) {
            let figures = [
                (taken.cpu_ms, by.cpu_ms, 1.0),
                (taken.peak_kib, by.peak_kib, 1024.0),
                (taken.code_kib, by.code_kib, 1.0),
            ];
            let mut row = vec![name.clone(), contestant.name(), kib.to_string()];
            for ((figure, by, unit), all) in figures.into_iter().zip(all) {
                row.extend([format!("{:.0}", figure / unit), format!("{:.3}", figure / by)]);
                all.push(figure / by);
            }
            table.row(row);
        }
        modules.push(figures(&name, kib, &contestants, &rounds));
        eprint!(".");
    }
    eprintln!();
    for (contestant, all) in contestants.iter().zip(&ratios) {
        let mean = |ratios: &Vec<f64>| {
            report::geomean(ratios.iter().copied()).map_or_else(String::new, |mean| format!("{mean:.3}"))
        };
        let [cpu, peak, code] = all.each_ref().map(mean);
        let none = String::new;
        table.row(vec!["geomean".to_owned(), contestant.name(), none(), none(), cpu, none(), peak, none(), code]);
    }
    table.print();
    if let Some(path) = &flags.json {
        report::write(path, &json!({ "circumstances": circumstances, "modules": modules }))?;
    }
    Ok(())
}

fn figures(name: &str, kib: u64, contestants: &[Contestant<'_>], rounds: &[Vec<Taken>]) -> Value {
    let mut figures = json!({ "module": name, "kib": kib });
    for (contestant, rounds) in contestants.iter().zip(rounds) {
        let all = |of: fn(&Taken) -> f64| rounds.iter().map(of).collect::<Vec<f64>>();
        figures[contestant.name()] = json!({
            "cpu_ms": all(|it| it.cpu_ms),
            "peak_kib": all(|it| it.peak_kib),
            "code_kib": all(|it| it.code_kib),
        });
    }
    figures
}

/// Compiles `file` in a process of its own.
fn parent(contestant: Contestant<'_>, file: &Path) -> Result<Taken, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").arg(contestant.side.to_string()).arg(file);
    if let Some(without) = contestant.without {
        command.args(["--without", without]);
    }
    let output = command.output()?;
    let failed = || format!("{}: {}", contestant.name(), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(failed().into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse::<f64>).collect();
    match numbers.as_deref() {
        Ok(&[cpu_ms, peak_kib, code_kib]) => Ok(Taken { cpu_ms, peak_kib, code_kib }),
        _ => Err(failed().into()),
    }
}

fn child(side: usize, without: Option<&str>, file: &Path) -> Result<(), Error> {
    let wasm = fs::read(file)?;
    let watch = Stopwatch::start();
    let code = (SIDES[side].compile_on_one_thread)(&wasm, without)?;
    let span = watch.stop();
    println!("{} {} {}", span.process.as_secs_f64() * 1e3, peak_kib()?, code as f64 / 1024.0);
    Ok(())
}

/// The most memory that this process ever had resident.
fn peak_kib() -> Result<u64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not say VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
