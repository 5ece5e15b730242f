//! What is printed: tables, means, and under which circumstances they were made.
//!
//! `versus` and `calls` print the same kind of table; with `--json` they write the same figures to a file.

use crate::Error;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The crates whose versions matter.
const CRATES: [&str; 4] = ["tancho", "wasmtime", "wasmtime-wasi", "cranelift-codegen"];

/// Versions, machine and settings, in the order to print them.
pub fn circumstances(rounds: u32) -> Value {
    let mut facts = json!({
        "settings": "defaults of both (Cranelift speed, 4 GiB reservations with guard pages, no fuel, no epochs)",
        "measured": format!("CPU time, minimum of {rounds} rounds, A B A B"),
        "profile": if cfg!(debug_assertions) { "debug: figures mean nothing" } else { "release" },
        "machine": machine(),
        "commit": commit(),
    });
    for name in CRATES {
        facts[name] = version(name).into();
    }
    facts
}

/// Prints circumstances.
pub fn print_circumstances(facts: &Value) {
    for (name, value) in facts.as_object().into_iter().flatten() {
        println!("{name:>18}  {}", value.as_str().unwrap_or_default());
    }
    println!();
}

/// The version that is built, from `Cargo.lock`.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let versions = lock.split("[[package]]").filter_map(|package| {
        let field = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        (field("name")?.trim_matches('"') == name).then(|| field("version"))?
    });
    versions.map(|version| version.trim_matches('"')).next().unwrap_or("unknown")
}

/// The processor's name and how many of it there are.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let (name, arch) = (name.map_or("unknown", |(_, name)| name.trim()), std::env::consts::ARCH);
    format!("{count} x {name} ({arch})")
}

/// The commit that is checked out, and whether files differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    match git(&["status", "--porcelain"]) {
        Some(changes) if !changes.is_empty() => format!("{commit}, with changes"),
        _ => commit,
    }
}

/// The geometric mean; `None` of nothing.
pub fn geomean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.into_iter().fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value.ln()));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

/// A table of text: the first columns are names, the others figures.
#[derive(Debug)]
pub struct Table {
    names: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings, of which the first `names` are of columns with names.
    pub fn new(names: usize, headings: &[&str]) -> Table {
        Table { names, rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it, with an empty line after it.
    pub fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column < self.names { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            println!("{}", cells.collect::<Vec<String>>().join("  ").trim_end());
        }
        println!();
    }
}

/// Writes figures to a file.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(path: &Path, figures: &Value) -> Result<(), Error> {
    let text = format!("{figures:#}\n");
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
}
