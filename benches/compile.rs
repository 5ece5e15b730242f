//! Which engine compiles faster and in less memory: each of the given modules under Tancho and under wasmtime, on one thread, interleaved.
//!
//! Users run it as `cargo run --release --bin compile FILE...`. Every compilation has a process of its own, this program again, so that the
//! most memory it ever had resident is its own too. A ratio below 1 says that Tancho takes less.

use clap::Parser;
use serde_json::{Value, json};
use side::clock::{Stopwatch, interleave};
use side::report::{self, Table};
use side::{Error, SIDES};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles modules on one thread under Tancho and wasmtime, and compares CPU time and peak memory.
#[derive(Parser)]
struct Flags {
    /// The modules.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How often each is compiled under each engine; the minimum counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compiles the module under one side only, in this process, and prints the figures.
    #[arg(long, value_name = "SIDE", hide = true)]
    child: Option<usize>,
}

/// What one compilation took.
#[derive(Clone, Copy)]
struct Taken {
    cpu_ms: f64,
    peak_kib: f64,
}

fn main() -> Result<(), Error> {
    let flags = Flags::parse();
    if let Some(side) = flags.child {
        return child(side, &flags.files[0]);
    }
    let circumstances = report::circumstances(flags.rounds);
    report::print_circumstances(&circumstances);
    let mut table = Table::new(
        1,
        &[
            "module",
            "KiB",
            "tancho CPU ms",
            "wasmtime CPU ms",
            "ratio",
            "tancho peak MiB",
            "wasmtime peak MiB",
            "ratio",
        ],
    );
    let mut modules = Vec::new();
    for file in &flags.files {
        let taken = interleave(flags.rounds, |side| parent(side, file))?;
        let least = |side: usize, of: fn(&Taken) -> f64| taken[side].iter().map(of).fold(f64::INFINITY, f64::min);
        let cpu = [0, 1].map(|side| least(side, |taken| taken.cpu_ms));
        let peak = [0, 1].map(|side| least(side, |taken| taken.peak_kib / 1024.0));
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::metadata(file)?.len();
        table.row(vec![
            name.clone(),
            (bytes / 1024).to_string(),
            format!("{:.0}", cpu[0]),
            format!("{:.0}", cpu[1]),
            format!("{:.3}", cpu[0] / cpu[1]),
            format!("{:.0}", peak[0]),
            format!("{:.0}", peak[1]),
            format!("{:.3}", peak[0] / peak[1]),
        ]);
        modules.push(figures(&name, bytes, &taken));
        eprint!(".");
    }
    eprintln!();
    table.print();
    if let Some(path) = &flags.json {
        report::write(path, &json!({ "circumstances": circumstances, "modules": modules }))?;
    }
    Ok(())
}

fn figures(name: &str, bytes: u64, taken: &[Vec<Taken>; 2]) -> Value {
    let mut figures = json!({ "module": name, "bytes": bytes });
    for (side, taken) in SIDES.iter().zip(taken) {
        let cpu: Vec<f64> = taken.iter().map(|taken| taken.cpu_ms).collect();
        let peak: Vec<f64> = taken.iter().map(|taken| taken.peak_kib).collect();
        figures[side.name] = json!({ "cpu_ms": cpu, "peak_kib": peak });
    }
    figures
}

/// Compiles `file` under `side` in a process of its own.
fn parent(side: usize, file: &Path) -> Result<Taken, Error> {
    let output = Command::new(std::env::current_exe()?).arg("--child").arg(side.to_string()).arg(file).output()?;
    let failed = || format!("{}: {}", SIDES[side].name, String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(failed().into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(cpu_ms)), Some(Ok(peak_kib))) => Ok(Taken { cpu_ms, peak_kib }),
        _ => Err(failed().into()),
    }
}

fn child(side: usize, file: &Path) -> Result<(), Error> {
    let wasm = fs::read(file)?;
    let watch = Stopwatch::start();
    (SIDES[side].compile_on_one_thread)(&wasm)?;
    let span = watch.stop();
    println!("{} {}", span.process.as_secs_f64() * 1e3, peak_kib()?);
    Ok(())
}

/// The most memory that this process ever had resident.
fn peak_kib() -> Result<u64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not say VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
