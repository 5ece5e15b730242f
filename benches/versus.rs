//! Which engine runs programs faster: every compute-bound guest program under Tancho and under wasmtime, interleaved.
//!
//! Users run it as `cargo run --release --bin versus`. Both engines run in this process, with the same bytes, at their defaults;
//! a ratio below 1 says that Tancho is faster. It fails when a guest's output or exit code is not what the case says, in either.

use clap::Parser;
use serde_json::{Value, json};
use side::case::{self, Case};
use side::clock::{Span, Stopwatch, interleave};
use side::report::{self, Table};
use side::{Error, Guest, Run, SIDES};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the guest programs' cases for speed under Tancho and wasmtime, and compares CPU time and output.
#[derive(Parser)]
struct Flags {
    /// Only cases whose `program/case` contains one of these.
    filters: Vec<String>,
    /// How often each case runs under each engine; the minimum counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
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

    let mut programs = Vec::new();
    for case in &cases {
        if programs.last().is_none_or(|program: &Program| program.name != case.program) {
            programs.push(Program::compile(&case.program, flags.rounds)?);
        }
    }
    print_programs(&programs);

    let mut measured = Vec::new();
    for case in &cases {
        let program = programs.iter().find(|program| program.name == case.program);
        measured.push(Measured::run(program.ok_or("a case without a program")?, case, flags.rounds)?);
        eprint!(".");
    }
    eprintln!();
    print_cases(&measured);

    if let Some(path) = &flags.json {
        let figures = json!({
            "circumstances": circumstances,
            "programs": programs.iter().map(Program::figures).collect::<Vec<Value>>(),
            "cases": measured.iter().map(Measured::figures).collect::<Vec<Value>>(),
            "geomean": report::geomean(measured.iter().map(Measured::ratio)),
        });
        report::write(path, &figures)?;
    }
    let faults: Vec<&String> = measured.iter().flat_map(|measured| &measured.faults).collect();
    for fault in &faults {
        println!("DIFFERENT {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A program, compiled by both.
struct Program {
    name: String,
    bytes: usize,
    guests: [Box<dyn Guest>; 2],
    compile: [Vec<Span>; 2],
}

impl Program {
    fn compile(name: &str, rounds: u32) -> Result<Program, Error> {
        let wasm = case::module(name)?;
        let guests = [compile(0, name, &wasm)?, compile(1, name, &wasm)?];
        let compile = interleave(rounds, |side| {
            let watch = Stopwatch::start();
            let guest = compile(side, name, &wasm)?;
            let span = watch.stop();
            drop(guest);
            Ok(span)
        })?;
        Ok(Program { name: name.to_owned(), bytes: wasm.len(), guests, compile })
    }

    fn figures(&self) -> Value {
        let sides = SIDES.iter().zip(&self.compile).map(|(side, spans)| {
            let cpu: Vec<f64> = spans.iter().map(|span| milliseconds(span.process)).collect();
            let wall: Vec<f64> = spans.iter().map(|span| milliseconds(span.wall)).collect();
            (side.name.to_owned(), json!({ "compile_cpu_ms": cpu, "compile_wall_ms": wall }))
        });
        let mut figures = json!({ "program": self.name, "bytes": self.bytes });
        figures.as_object_mut().into_iter().for_each(|object| object.extend(sides.clone()));
        figures
    }
}

fn compile(side: usize, name: &str, wasm: &[u8]) -> Result<Box<dyn Guest>, Error> {
    let side = SIDES[side];
    (side.compile)(wasm).map_err(|error| format!("{}: {name}: {error:?}", side.name).into())
}

/// A case, run by both.
struct Measured {
    case: Case,
    runs: [Vec<Run>; 2],
    faults: Vec<String>,
}

impl Measured {
    fn run(program: &Program, case: &Case, rounds: u32) -> Result<Measured, Error> {
        let mut faults = Vec::new();
        let runs = interleave(rounds, |side| {
            let name = SIDES[side].name;
            let mut run =
                program.guests[side].run(case).map_err(|error| format!("{name}: {}: {error:?}", case.path()))?;
            if let Some(fault) = fault(case, &run) {
                faults.push(format!("{} under {name}: {fault}", case.path()));
            }
            // It has been compared, and there is one for each round.
            run.stdout = Vec::new();
            Ok(run)
        })?;
        Ok(Measured { case: case.clone(), runs, faults })
    }

    /// The least time of `_start` under this side.
    fn best(&self, side: usize) -> Duration {
        self.runs[side].iter().map(|run| run.start.thread).min().unwrap_or_default()
    }

    fn ratio(&self) -> f64 {
        self.best(0).as_secs_f64() / self.best(1).as_secs_f64()
    }

    fn figures(&self) -> Value {
        let mut figures = json!({ "program": self.case.program, "case": self.case.name, "ratio": self.ratio() });
        for (position, side) in SIDES.iter().enumerate() {
            let start: Vec<f64> = self.runs[position].iter().map(|run| milliseconds(run.start.thread)).collect();
            let instantiate: Vec<f64> =
                self.runs[position].iter().map(|run| milliseconds(run.instantiate.thread)).collect();
            figures[side.name] =
                json!({ "ms": milliseconds(self.best(position)), "start_ms": start, "instantiate_ms": instantiate });
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
        let best = program.compile.each_ref().map(|spans| spans.iter().copied().reduce(Span::min));
        let [Some(tancho), Some(wasmtime)] = best else { continue };
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
    let mut table = Table::new(2, &["program", "case", "tancho ms", "wasmtime ms", "ratio"]);
    for measured in measured {
        let [tancho, wasmtime] = [0, 1].map(|side| format!("{:.1}", milliseconds(measured.best(side))));
        let ratio = format!("{:.3}", measured.ratio());
        let mark = if measured.faults.is_empty() { "" } else { "DIFFERENT" };
        table.row([
            measured.case.program.clone(),
            measured.case.name.clone(),
            tancho,
            wasmtime,
            ratio,
            mark.to_owned(),
        ]);
    }
    if let Some(mean) = report::geomean(measured.iter().map(Measured::ratio)) {
        let name = format!("geomean of {}", measured.len());
        table.row([name, String::new(), String::new(), String::new(), format!("{mean:.3}")]);
    }
    table.print();
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
