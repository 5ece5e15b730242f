//! Which engine runs programs faster: every compute-bound guest program under Tancho and under wasmtime, interleaved.
//!
//! Users run it as `cargo run --release --bin versus`. Both engines run in this process, with the same bytes, at their defaults;
//! a ratio below 1 says that Tancho is faster. It fails when a guest's output or exit code is not what the case says, in either.

use clap::Parser;
use serde_json::{Value, json};
use side::case::{self, Case};
use side::clock::{Span, Stopwatch, interleave_all};
use side::report::{self, Table};
use side::{Compile, Error, Guest, Run, SIDES};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the guest programs' cases for speed under Tancho and wasmtime, and compares CPU time and output. A program that wasmtime cannot
/// compile is left out, and named.
#[derive(Parser)]
struct Flags {
    /// Only cases whose `program/case` contains one of these.
    filters: Vec<String>,
    /// How often each case runs under each engine; the minimum counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Runs the cases under Tancho without interruption too, and says what interruption costs.
    #[arg(long)]
    interruption: bool,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Error> {
    let flags = Flags::parse();
    let cases = case::cases(&flags.filters)?;
    if cases.is_empty() {
        return Err("no case for speed matches".into());
    }
    let circumstances = report::circumstances(flags.rounds);
    report::print_circumstances(&circumstances);

    let contestants = contestants(flags.interruption);
    let mut programs = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    for case in &cases {
        let name = case.program.as_str();
        if left_out.contains(&name) || programs.iter().any(|program: &Program| program.name == name) {
            continue;
        }
        let wasm = case::module(name)?;
        if let Err(error) = (contestants[1].compile)(&wasm) {
            println!("LEFT OUT {name}: wasmtime cannot compile it: {}", error.to_string().lines().next().unwrap_or(""));
            left_out.push(name);
            continue;
        }
        programs.push(Program::compile(name, &wasm, &contestants, flags.rounds)?);
    }
    print_programs(&programs);

    let mut measured = Vec::new();
    for case in &cases {
        let Some(program) = programs.iter().find(|program| program.name == case.program) else { continue };
        measured.push(Measured::run(program, case, &contestants, flags.rounds)?);
        eprint!(".");
    }
    eprintln!();
    print_cases(&measured);

    if let Some(path) = &flags.json {
        let figures = json!({
            "circumstances": circumstances,
            "programs": programs.iter().map(Program::figures).collect::<Vec<Value>>(),
            "cases": measured.iter().map(Measured::figures).collect::<Vec<Value>>(),
            "left_out": left_out,
            "geomean": report::geomean(measured.iter().map(Measured::ratio)),
            "geomean_interruption": report::geomean(measured.iter().filter_map(Measured::cost)),
        });
        report::write(path, &figures)?;
    }
    let faults: Vec<&String> = measured.iter().flat_map(|measured| &measured.faults).collect();
    for fault in &faults {
        println!("DIFFERENT {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Who runs the cases.
struct Contestant {
    name: &'static str,
    compile: Compile,
}

/// Tancho, wasmtime, and Tancho without interruption where that is asked for.
fn contestants(interruption: bool) -> Vec<Contestant> {
    let mut all: Vec<Contestant> =
        SIDES.iter().map(|side| Contestant { name: side.name, compile: side.compile }).collect();
    if interruption {
        all.push(Contestant { name: "tancho_without_interruption", compile: SIDES[0].compile_without_interruption });
    }
    all
}

/// A program, compiled by all.
struct Program {
    name: String,
    bytes: usize,
    guests: Vec<Box<dyn Guest>>,
    names: Vec<&'static str>,
    compile: Vec<Vec<Span>>,
}

impl Program {
    fn compile(name: &str, wasm: &[u8], contestants: &[Contestant], rounds: u32) -> Result<Program, Error> {
        let compile = |side: usize| {
            let Contestant { name: engine, compile } = contestants[side];
            compile(wasm).map_err(|error| Error::from(format!("{engine}: {name}: {error:?}")))
        };
        let guests = (0..contestants.len()).map(compile).collect::<Result<_, Error>>()?;
        let spans = interleave_all(contestants.len(), rounds, |side| {
            let watch = Stopwatch::start();
            let guest = compile(side)?;
            let span = watch.stop();
            drop(guest);
            Ok(span)
        })?;
        let names = contestants.iter().map(|contestant| contestant.name).collect();
        Ok(Program { name: name.to_owned(), bytes: wasm.len(), guests, names, compile: spans })
    }

    fn figures(&self) -> Value {
        let sides = self.names.iter().zip(&self.compile).map(|(name, spans)| {
            let cpu: Vec<f64> = spans.iter().map(|span| milliseconds(span.process)).collect();
            let wall: Vec<f64> = spans.iter().map(|span| milliseconds(span.wall)).collect();
            ((*name).to_owned(), json!({ "compile_cpu_ms": cpu, "compile_wall_ms": wall }))
        });
        let mut figures = json!({ "program": self.name, "bytes": self.bytes });
        figures.as_object_mut().into_iter().for_each(|object| object.extend(sides.clone()));
        figures
    }
}

/// A case, run by all.
struct Measured {
    case: Case,
    names: Vec<&'static str>,
    runs: Vec<Vec<Run>>,
    faults: Vec<String>,
}

impl Measured {
    fn run(program: &Program, case: &Case, contestants: &[Contestant], rounds: u32) -> Result<Measured, Error> {
        let mut faults = Vec::new();
        let runs = interleave_all(contestants.len(), rounds, |side| {
            let name = contestants[side].name;
            let mut run =
                program.guests[side].run(case).map_err(|error| format!("{name}: {}: {error:?}", case.path()))?;
            if let Some(fault) = fault(case, &run) {
                faults.push(format!("{} under {name}: {fault}", case.path()));
            }
            // It has been compared, and there is one for each round.
            run.stdout = Vec::new();
            Ok(run)
        })?;
        Ok(Measured { case: case.clone(), names: program.names.clone(), runs, faults })
    }

    /// The least time of `_start` under this side, in milliseconds.
    fn best(&self, side: usize) -> Option<f64> {
        self.runs.get(side)?.iter().map(|run| run.start.thread).min().map(milliseconds)
    }

    /// Tancho's time over wasmtime's.
    fn ratio(&self) -> f64 {
        self.best(0).zip(self.best(1)).map_or(f64::NAN, |(tancho, wasmtime)| tancho / wasmtime)
    }

    /// Tancho's time over that without interruption, where that was measured.
    fn cost(&self) -> Option<f64> {
        self.best(0).zip(self.best(2)).map(|(with, without)| with / without)
    }

    fn figures(&self) -> Value {
        let mut figures = json!({ "program": self.case.program, "case": self.case.name, "ratio": self.ratio() });
        for (position, name) in self.names.iter().enumerate() {
            let start: Vec<f64> = self.runs[position].iter().map(|run| milliseconds(run.start.thread)).collect();
            let instantiate: Vec<f64> =
                self.runs[position].iter().map(|run| milliseconds(run.instantiate.thread)).collect();
            figures[*name] = json!({ "ms": self.best(position), "start_ms": start, "instantiate_ms": instantiate });
        }
        if let Some(cost) = self.cost() {
            figures["interruption"] = json!(cost);
        }
        figures["faults"] = json!(self.faults);
        figures
    }
}

/// How a run differs from what its case says.
fn fault(case: &Case, run: &Run) -> Option<String> {
    match &run.exit {
        Ok(code) if *code == case.exit => {}
        Ok(code) => return Some(format!("exit code {code} instead of {}", case.exit)),
        Err(message) => return Some(format!("ended in {message}")),
    }
    if run.stdout == case.stdout {
        return None;
    }
    let place = run.stdout.iter().zip(&case.stdout).take_while(|(found, expected)| found == expected).count();
    Some(format!("stdout differs from byte {place} on ({} bytes instead of {})", run.stdout.len(), case.stdout.len()))
}

fn print_programs(programs: &[Program]) {
    let headings =
        ["compiling", "KiB", "tancho CPU ms", "wasmtime CPU ms", "ratio", "tancho wall ms", "wasmtime wall ms"];
    let mut table = Table::new(1, &headings);
    for program in programs {
        let best = |side: usize| program.compile[side].iter().copied().reduce(Span::min);
        let Some((tancho, wasmtime)) = best(0).zip(best(1)) else { continue };
        let ratio = tancho.process.as_secs_f64() / wasmtime.process.as_secs_f64();
        table.row([
            program.name.clone(),
            (program.bytes / 1024).to_string(),
            format!("{:.1}", milliseconds(tancho.process)),
            format!("{:.1}", milliseconds(wasmtime.process)),
            format!("{ratio:.3}"),
            format!("{:.1}", milliseconds(tancho.wall)),
            format!("{:.1}", milliseconds(wasmtime.wall)),
        ]);
    }
    table.print();
}

fn print_cases(measured: &[Measured]) {
    let mut table =
        Table::new(2, &["program", "case", "tancho ms", "wasmtime ms", "ratio", "uninterrupted ms", "cost"]);
    let text = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{time:.1}"));
    let ratio = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}"));
    for measured in measured {
        let mark = if measured.faults.is_empty() { "" } else { "DIFFERENT" };
        table.row([
            measured.case.program.clone(),
            measured.case.name.clone(),
            text(measured.best(0)),
            text(measured.best(1)),
            ratio(Some(measured.ratio())),
            text(measured.best(2)),
            ratio(measured.cost()),
            mark.to_owned(),
        ]);
    }
    let mean = report::geomean(measured.iter().map(Measured::ratio));
    if mean.is_some() {
        let name = format!("geomean of {}", measured.len());
        let cost = report::geomean(measured.iter().filter_map(Measured::cost));
        let none = String::new;
        table.row([name, none(), none(), none(), ratio(mean), none(), ratio(cost)]);
    }
    table.print();
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
