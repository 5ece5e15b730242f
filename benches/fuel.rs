//! What fuel costs: compute-bound guest programs with it and without it, under Tancho and under wasmtime, interleaved.
//!
//! Users run it as `cargo run --release --bin fuel`. Each engine's time with fuel is compared with its own without. It fails when a guest's
//! output or exit code is not what the case says, and when a case does not consume the same in all rounds.

use clap::Parser;
use side::case::{self, Case};
use side::report::{self, Table};
use side::{Error, Guest, SIDES, Side};
use std::process::ExitCode;
use std::time::Duration;

/// Runs the guest programs' cases for speed with and without fuel under Tancho and wasmtime.
#[derive(Parser)]
struct Flags {
    /// Only cases whose `program/case` contains one of these.
    filters: Vec<String>,
    /// How often each case runs in each of the four ways; the minimum counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Under Tancho alone.
    #[arg(long)]
    alone: bool,
}

fn main() -> Result<ExitCode, Error> {
    let flags = Flags::parse();
    let cases = case::cases(&flags.filters)?;
    if cases.is_empty() {
        return Err("no case for speed matches".into());
    }
    report::print_circumstances(&report::circumstances(flags.rounds));
    let sides = &SIDES[..if flags.alone { 1 } else { 2 }];
    let mut table = Table::new(2, &["case", "engine", "ms without", "ms with", "ratio", "fuel"]);
    let mut ratios = vec![Vec::new(); sides.len()];
    let mut ways: Vec<Way> = Vec::new();
    let mut same = true;
    for case in &cases {
        if ways.first().is_none_or(|way| way.program != case.program) {
            ways = Way::all(sides, &case.program)?;
        }
        for way in &mut ways {
            (way.best, way.fuel) = (Duration::MAX, None);
        }
        for _ in 0..flags.rounds {
            for way in &mut ways {
                same &= way.run(case)?;
            }
        }
        for ((pair, side), ratios) in ways.chunks(2).zip(sides).zip(&mut ratios) {
            let [without, with] = [0, 1].map(|position: usize| pair[position].best.as_secs_f64() * 1e3);
            ratios.push(with / without);
            table.row([
                case.path(),
                side.name.to_owned(),
                format!("{without:.1}"),
                format!("{with:.1}"),
                format!("{:.3}", with / without),
                pair[1].fuel.map_or_else(String::new, |fuel| fuel.to_string()),
            ]);
        }
        eprint!(".");
    }
    eprintln!();
    for (side, ratios) in sides.iter().zip(ratios) {
        let count = ratios.len();
        if let Some(mean) = report::geomean(ratios) {
            let name = format!("geomean of {count}");
            table.row([name, side.name.to_owned(), String::new(), String::new(), format!("{mean:.3}"), String::new()]);
        }
    }
    table.print();
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A program under one engine, with fuel or without.
struct Way {
    program: String,
    guest: Box<dyn Guest>,
    best: Duration,
    fuel: Option<u64>,
}

impl Way {
    /// For each engine the program without fuel, and with it.
    fn all(sides: &[Side], program: &str) -> Result<Vec<Way>, Error> {
        let wasm = case::module(program)?;
        let mut ways = Vec::new();
        for side in sides {
            for compile in [side.compile, side.compile_with_fuel] {
                let guest = compile(&wasm)?;
                ways.push(Way { program: program.to_owned(), guest, best: Duration::MAX, fuel: None });
            }
        }
        Ok(ways)
    }

    /// Runs a case once; whether it came out as it should, and consumed what it did before.
    fn run(&mut self, case: &Case) -> Result<bool, Error> {
        let run = self.guest.run(case)?;
        self.best = self.best.min(run.start.thread);
        let right = run.exit == Ok(case.exit) && run.stdout == case.stdout;
        let same = self.fuel.is_none() || self.fuel == run.fuel;
        self.fuel = run.fuel;
        if !right || !same {
            println!("DIFFERENT {}: {:?}, {:?} of fuel", case.path(), run.exit, run.fuel);
        }
        Ok(right && same)
    }
}
