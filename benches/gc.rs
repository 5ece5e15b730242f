//! Which engine runs programs in GC instructions faster, and which stops them for less: Tancho and wasmtime in this process, V8 in node, interleaved.
//!
//! Users run it as `cargo run --release --bin gc`. The programs are `gc/*.wat`; what each must give stands in its first lines. A ratio below 1 says that
//! Tancho is faster. It fails when a result is not what the program says, in any engine, and when one cannot run a program.

use clap::Parser;
use serde_json::{Value, json};
use side::clock::{Span, interleave};
use side::node::Node;
use side::report::{self, Table};
use side::{Calls, Error, Objects, SIDES};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

/// Runs programs in GC instructions under Tancho, wasmtime and node, and compares time, pauses and results.
#[derive(Parser)]
struct Flags {
    /// Only programs whose name contains one of these; the measurement of pauses is called `live`.
    filters: Vec<String>,
    /// How often each program runs under each engine; the minimum counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The command node, 24 or later: by default what the variable NODE says, or else what is on the path.
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,
    /// Only these engines: tancho, wasmtime, node.
    #[arg(long, value_delimiter = ',', value_name = "ENGINES")]
    engines: Vec<String>,
    /// Says which programs there are, and runs none.
    #[arg(long)]
    list: bool,
    /// Writes the figures of every round to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The engines' names, in the order of the figures.
const ENGINES: [&str; 3] = ["tancho", "wasmtime", "node"];

fn main() -> Result<ExitCode, Error> {
    let flags = Flags::parse();
    let programs = programs(&flags.filters)?;
    if flags.list {
        programs.iter().for_each(|program| println!("{}", program.name));
        return Ok(ExitCode::SUCCESS);
    }
    if programs.is_empty() {
        return Err("no program matches".into());
    }
    let unknown = flags.engines.iter().find(|name| !ENGINES.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(format!("there is no engine `{name}`; these are: {}", ENGINES.join(", ")).into());
    }
    let engines = Engines {
        node: flags.node.clone().or_else(|| env::var_os("NODE").map(PathBuf::from)).unwrap_or_else(|| "node".into()),
        wanted: ENGINES.map(|name| flags.engines.is_empty() || flags.engines.iter().any(|wanted| wanted == name)),
    };
    let circumstances = engines.circumstances(flags.rounds)?;
    report::print_circumstances(&circumstances);

    let mut measured = Vec::new();
    let mut pauses = None;
    for program in &programs {
        match program.sizes {
            Some(sizes) => measured.push(Measured::of(&engines, program, sizes, flags.rounds)?),
            None => pauses = Some(Pauses::of(&engines, program)?),
        }
        eprint!(".");
    }
    eprintln!();
    print_times(&measured);
    if let Some(pauses) = &pauses {
        pauses.print();
    }

    if let Some(path) = &flags.json {
        let figures = json!({
            "circumstances": circumstances,
            "programs": measured.iter().map(Measured::figures).collect::<Vec<Value>>(),
            "pauses": pauses.as_ref().map(Pauses::figures),
        });
        report::write(path, &figures)?;
    }
    let pause_faults = pauses.iter().flat_map(|pauses| &pauses.faults);
    let faults: Vec<&String> = measured.iter().flat_map(|measured| &measured.faults).chain(pause_faults).collect();
    for fault in &faults {
        println!("FAULT {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A program of `gc/`.
struct Program {
    name: String,
    wasm: Vec<u8>,
    /// Size and result, of the runs that warm up and of the run that is measured. The program for pauses has none.
    sizes: Option<[(i32, i64); 3]>,
}

/// The programs whose names contain one of the filters, by name.
fn programs(filters: &[String]) -> Result<Vec<Program>, Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("gc");
    let mut programs = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
        if path.extension().is_none_or(|extension| extension != "wat") || !wanted {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let sizes = match ["least", "small", "size"].map(|kind| expectation(&text, kind)) {
            [Some(least), Some(small), Some(size)] => Some([least?, small?, size?]),
            _ => None,
        };
        let wasm = wat::parse_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        programs.push(Program { name, wasm, sizes });
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}

/// From the line `;; small 8 gives 7658` of a program the two numbers.
fn expectation(text: &str, kind: &str) -> Option<Result<(i32, i64), Error>> {
    let line = text.lines().find_map(|line| line.strip_prefix(";; ")?.strip_prefix(kind)?.strip_prefix(' '))?;
    let parse = || {
        let (size, result) =
            line.split_once(" gives ").ok_or_else(|| format!("`{line}` does not say what it gives"))?;
        Ok((size.parse()?, result.parse()?))
    };
    Some(parse())
}

/// What programs run in.
struct Engines {
    node: PathBuf,
    /// By position in [`ENGINES`].
    wanted: [bool; 3],
}

impl Engines {
    /// An instance in the engine at this position.
    fn instantiate(&self, engine: usize, program: &Program) -> Result<Box<dyn Objects>, Error> {
        match SIDES.get(engine) {
            Some(side) => (side.objects)(&program.wasm).map_err(|error| format!("{error:?}").into()),
            None => Ok(Box::new(self.start_node(&program.wasm)?)),
        }
    }

    fn start_node(&self, wasm: &[u8]) -> Result<Node, Error> {
        let file = env::temp_dir().join(format!("tancho-gc-{}.wasm", std::process::id()));
        fs::write(&file, wasm)?;
        let node = Node::start(&self.node, &["--expose-gc", "--experimental-wasm-exnref"], "gc/run.mjs", &file);
        fs::remove_file(&file)?;
        node
    }

    fn circumstances(&self, rounds: u32) -> Result<Value, Error> {
        let mut facts = report::circumstances(rounds);
        facts["settings"] = "defaults of all; wasmtime's collector is the copying one, its default".into();
        facts["measured"] =
            format!("CPU time of the thread in the call, minimum of {rounds} rounds, A B C A B C, after a small run")
                .into();
        if self.wanted[2] {
            facts["node"] = self.start_node(&wat::parse_str("(module)")?)?.version().into();
        }
        Ok(facts)
    }
}

/// A program, run by all.
struct Measured {
    name: String,
    size: i32,
    /// By engine and round; of an engine that failed, nothing.
    spans: [Vec<Span>; 3],
    faults: Vec<String>,
}

impl Measured {
    fn of(engines: &Engines, program: &Program, sizes: [(i32, i64); 3], rounds: u32) -> Result<Measured, Error> {
        let [least, small, (size, expected)] = sizes;
        let mut faults = Vec::new();
        let mut instances = [0, 1, 2].map(|engine| {
            let start = || -> Result<Box<dyn Objects>, Error> {
                let mut instance = engines.instantiate(engine, program)?;
                for (size, expected) in [least, small] {
                    let (result, _) = instance.call("run", size)?;
                    if result != expected {
                        return Err(format!("size {size} gives {result} instead of {expected}").into());
                    }
                }
                Ok(instance)
            };
            if !engines.wanted[engine] {
                return None;
            }
            start().map_err(|error| faults.push(format!("{} under {}: {error}", program.name, ENGINES[engine]))).ok()
        });
        let spans = interleave(rounds, |engine| {
            let Some(instance) = &mut instances[engine] else { return Ok(None) };
            let fault = match instance.call("run", size) {
                Ok((result, span)) if result == expected => return Ok(Some(span)),
                Ok((result, _)) => format!("size {size} gives {result} instead of {expected}"),
                Err(error) => error.to_string(),
            };
            faults.push(format!("{} under {}: {fault}", program.name, ENGINES[engine]));
            instances[engine] = None;
            Ok(None)
        })?;
        let spans = spans.map(|spans| spans.into_iter().flatten().collect());
        Ok(Measured { name: program.name.clone(), size, spans, faults })
    }

    /// The least time of one kind.
    fn best(&self, engine: usize, clock: impl Fn(&Span) -> Duration) -> Option<f64> {
        self.spans[engine].iter().map(clock).min().map(milliseconds)
    }

    /// Tancho's time over this engine's.
    fn ratio(&self, engine: usize, clock: impl Fn(&Span) -> Duration) -> Option<f64> {
        Some(self.best(0, &clock)? / self.best(engine, &clock)?)
    }

    fn figures(&self) -> Value {
        let mut figures = json!({ "program": self.name, "size": self.size, "faults": self.faults });
        for (name, spans) in ENGINES.iter().zip(&self.spans) {
            figures[name] = json!({
                "thread_ms": spans.iter().map(|span| milliseconds(span.thread)).collect::<Vec<f64>>(),
                "process_ms": spans.iter().map(|span| milliseconds(span.process)).collect::<Vec<f64>>(),
                "wall_ms": spans.iter().map(|span| milliseconds(span.wall)).collect::<Vec<f64>>(),
            });
        }
        figures
    }
}

fn print_times(measured: &[Measured]) {
    if measured.is_empty() {
        return;
    }
    let headings = [
        "program",
        "size",
        "tancho ms",
        "wasmtime ms",
        "node ms",
        "node all threads ms",
        "tancho/wasmtime",
        "tancho/node",
    ];
    let mut table = Table::new(1, &headings);
    for program in measured {
        let thread = |engine: usize| cell(program.best(engine, |span| span.thread), 1);
        table.row([
            program.name.clone(),
            program.size.to_string(),
            thread(0),
            thread(1),
            thread(2),
            cell(program.best(2, |span| span.process), 1),
            cell(program.ratio(1, |span| span.thread), 3),
            cell(program.ratio(2, |span| span.thread), 3),
        ]);
    }
    let mean = |engine: usize, clock: fn(&Span) -> Duration| {
        cell(report::geomean(measured.iter().filter_map(|program| program.ratio(engine, clock))), 3)
    };
    let mut summary = |name: String, clock: fn(&Span) -> Duration| {
        let mut row = vec![String::new(); headings.len()];
        row[0] = name;
        row[6] = mean(1, clock);
        row[7] = mean(2, clock);
        table.row(row);
    };
    summary(format!("geomean of {}", measured.len()), |span| span.thread);
    summary("the same of times on the wall".to_owned(), |span| span.wall);
    table.print();
}

/// How long programs stand still while much is alive.
struct Pauses {
    /// By engine; `None` of one that failed.
    engines: [Option<Pause>; 3],
    faults: Vec<String>,
}

/// The pauses of one engine.
#[derive(Clone, Copy)]
struct Pause {
    steps: Calls,
    /// The longest pause, if the engine reports pauses.
    reported: Option<Duration>,
    /// A collection of everything that the host asks for.
    collection: Span,
}

impl Pauses {
    /// Times 1024 records that stay alive, two objects of the heap each: about 100 MB with what else their life keeps.
    const CHUNKS: i32 = 1024;
    /// Records that a step replaces: it takes a fraction of a millisecond where nothing is collected.
    const STEP: i32 = 1000;
    /// How many steps at most. The guest allocates about 300 MB in them.
    const STEPS: u32 = 3000;
    /// And how long at most: one that collects at every step comes to no end.
    const LIMIT: Duration = Duration::from_secs(10);

    fn of(engines: &Engines, program: &Program) -> Result<Pauses, Error> {
        let mut faults = Vec::new();
        let mut results = Vec::new();
        let pauses = [0, 1, 2].map(|engine| {
            if !engines.wanted[engine] {
                return None;
            }
            let mut measure = || -> Result<Pause, Error> {
                let mut instance = engines.instantiate(engine, program)?;
                instance.call("grow", Pauses::CHUNKS)?;
                // First a replacement for each record, about: until then what is alive grows.
                let (result, _) = instance.call("run", Pauses::CHUNKS * 1024)?;
                results.push(result);
                let steps = instance.calls("run", Pauses::STEP, Pauses::STEPS, Pauses::LIMIT)?;
                let reported = instance.longest_pause()?;
                let collection = instance.collect()?;
                Ok(Pause { steps, reported, collection })
            };
            measure().map_err(|error| faults.push(format!("{} under {}: {error}", program.name, ENGINES[engine]))).ok()
        });
        if results.windows(2).any(|pair| pair[0] != pair[1]) {
            faults.push(format!("{}: the results differ: {results:?}", program.name));
        }
        Ok(Pauses { engines: pauses, faults })
    }

    fn print(&self) {
        let headings = ["pauses at 100 MB, ms", "tancho", "wasmtime", "node"];
        let mut table = Table::new(1, &headings);
        let mut row = |name: &str, figure: fn(Pause) -> Option<Duration>| {
            let cells = self.engines.map(|pause| cell(pause.and_then(figure).map(milliseconds), 2));
            table.row(std::iter::once(name.to_owned()).chain(cells));
        };
        row("longest step, CPU time of the thread", |pause| Some(pause.steps.longest.thread));
        row("longest step, on the wall", |pause| Some(pause.steps.longest.wall));
        row("longest pause, as the engine reports", |pause| pause.reported);
        row("collection that the host asks for", |pause| Some(pause.collection.thread));
        row("mean step, CPU time of the thread", |pause| Some(pause.steps.total.thread / pause.steps.count.max(1)));
        row("mean step, CPU time of all threads", |pause| Some(pause.steps.total.process / pause.steps.count.max(1)));
        table.print();
    }

    fn figures(&self) -> Value {
        let mut figures = json!({ "faults": self.faults });
        for (name, pause) in ENGINES.iter().zip(self.engines) {
            figures[name] = pause.map_or(Value::Null, |pause| {
                json!({
                    "steps": pause.steps.count,
                    "longest_thread_ms": milliseconds(pause.steps.longest.thread),
                    "longest_wall_ms": milliseconds(pause.steps.longest.wall),
                    "total_thread_ms": milliseconds(pause.steps.total.thread),
                    "total_process_ms": milliseconds(pause.steps.total.process),
                    "reported_ms": pause.reported.map(milliseconds),
                    "collection_thread_ms": milliseconds(pause.collection.thread),
                    "collection_wall_ms": milliseconds(pause.collection.wall),
                })
            });
        }
        figures
    }
}

fn cell(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
