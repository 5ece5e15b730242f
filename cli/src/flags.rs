//! The command line: one structure per subcommand, read by clap, with the help that it shows.
//!
//! Called once, by `main`. Options stand before the file; everything after it is the guest's, untouched.

use crate::proposal::Proposal;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Runs, compiles and checks WebAssembly.
///
/// `tancho FILE [ARGS]` is short for `tancho run FILE [ARGS]`.
#[derive(Parser, Debug)]
#[command(name = "tancho", version, max_term_width = 120)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Run(Run),
    Compile(Compile),
    Validate(Validate),
    Wast(Wast),
}

/// Runs a program: calls `_start`, or the function that --invoke names.
///
/// The exit code is the program's own; 134 after a trap; 1 for any other error.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Gives the guest the directory HOST, under the name GUEST or else the same name. Without any, it sees no files.
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub(crate) dir: Vec<String>,

    /// Sets an environment variable of the guest; without a value, to the host's. Without any, it has none.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Calls the exported function NAME with the arguments after FILE, read as its parameters' types, and prints the results.
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,

    /// What the guest sees as its own name; by default the file's.
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// Loads a compiled file (.cwasm) that this user's engine did not write. It is native code, and runs unchecked: only for files
    /// whose origin you trust.
    #[arg(long)]
    pub(crate) allow_precompiled: bool,

    /// The program (.wasm, .wat, .cwasm, or - for standard input), then its arguments.
    #[arg(value_name = "FILE [ARGS]", trailing_var_arg = true, required = true)]
    file_and_arguments: Vec<OsString>,
}

impl Run {
    /// The file, and the guest's arguments.
    pub(crate) fn split(&self) -> (&OsString, &[OsString]) {
        self.file_and_arguments.split_first().expect("clap requires at least one value")
    }
}

/// Compiles a module ahead of time, to a .cwasm file that `run` starts at once.
///
/// The file is signed with a key of yours, by which `run` knows it again.
#[derive(Args, Debug)]
pub(crate) struct Compile {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Where to write; by default the module's name with the extension .cwasm, in the current directory.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Compile for another machine: x86_64-, aarch64- or riscv64gc-unknown-linux-gnu. Code for a named target uses only what all its
    /// machines have; without --target it uses all that this machine has.
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,

    /// What the CPUs of --target have beyond that, such as has_avx2 (x86-64) or has_v (riscv64, for SIMD). The compiled file is refused
    /// where one of these is missing.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "target")]
    pub(crate) cpu_features: Vec<String>,

    /// The module (.wasm, .wat, or - for standard input).
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Checks that a module is valid, and says nothing when it is.
#[derive(Args, Debug)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) proposals: ProposalFlags,

    /// The module (.wasm, .wat, or - for standard input).
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Runs scripts of the specification's test suite (.wast).
#[derive(Args, Debug)]
pub(crate) struct Wast {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Compiles each module to an image, and loads that, before it is run.
    #[arg(long)]
    pub(crate) precompile: bool,

    /// The scripts.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// How code is compiled. `run` and `compile` must be given the same, or the compiled file is refused.
#[derive(Args, Clone, Debug)]
pub(crate) struct EngineFlags {
    #[command(flatten)]
    pub(crate) proposals: ProposalFlags,

    /// How much the compiler optimises.
    #[arg(long, value_name = "LEVEL", default_value = "speed", hide_possible_values = false)]
    pub(crate) opt_level: OptLevel,

    /// On how many threads to compile; by default as many as the machine has.
    #[arg(long, value_name = "N")]
    pub(crate) compile_threads: Option<usize>,

    /// Makes every NaN that an instruction produces the canonical one.
    #[arg(long)]
    pub(crate) canonical_nan: bool,

    /// Makes relaxed vector instructions do what the specification's deterministic profile prescribes, the same on every machine.
    #[arg(long)]
    pub(crate) relaxed_simd_deterministic: bool,

    /// Checks every address again before memory is accessed there; slow. The process ends where one is wrong, which is a bug of Tancho.
    #[arg(long)]
    pub(crate) belt: bool,

    /// Collects, moves and checks all objects wherever that can be done; very slow. The process ends where a reference was lost, which is a
    /// bug of Tancho.
    #[arg(long)]
    pub(crate) gc_zeal: bool,

    /// Bytes that the heap of objects may have (4 GiB by default).
    #[arg(long, value_name = "BYTES")]
    pub(crate) gc_heap_limit: Option<u64>,

    /// Finds traps by comparing, and installs no signal handlers.
    #[arg(long)]
    pub(crate) no_signals: bool,

    /// Bytes of address space to reserve for each memory that is indexed by i32 (4 GiB by default), and most that it may hold; with 0,
    /// memories move when they grow.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_reservation: Option<u64>,

    /// The same for each memory that is indexed by i64 (64 GiB by default).
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory64_reservation: Option<u64>,

    /// Bytes after each reservation that are never accessible (32 MiB by default).
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_guard_size: Option<u64>,

    /// The same before each reservation (2 GiB by default).
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_guard_before: Option<u64>,
}

/// What modules may use.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProposalFlags {
    /// Turns a WebAssembly proposal on or off, such as custom-page-sizes or memory64=n. What is on by default is all that Tancho has and
    /// the specification has.
    #[arg(short = 'W', long = "wasm", value_name = "NAME[=y|n],...", value_delimiter = ',', value_parser = Proposal::parse)]
    pub(crate) wasm: Vec<Proposal>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum OptLevel {
    /// Not at all: quickest to compile.
    None,
    /// For speed.
    Speed,
    /// For speed, and for size where it costs no speed.
    SpeedAndSize,
}

/// Reads a command line. Where the first word is no subcommand, `run` is meant.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, clap::Error> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if let Some(first) = arguments.get(1) {
        let own = ["help", "--help", "-h", "--version", "-V"];
        let is_command = first.to_str().is_some_and(|first| {
            own.contains(&first) || Line::command().get_subcommands().any(|command| command.get_name() == first)
        });
        if !is_command {
            arguments.insert(1, "run".into());
        }
    }
    Line::try_parse_from(arguments).map(|line| line.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &[&str]) -> Run {
        match parse(line.iter().map(OsString::from)) {
            Ok(Command::Run(run)) => run,
            other => panic!("{line:?} is read as {other:?}"),
        }
    }

    #[test]
    fn run_is_meant_where_no_subcommand_stands() {
        assert_eq!(run(&["tancho", "a.wasm"]).split().0, "a.wasm");
        assert_eq!(run(&["tancho", "run", "a.wasm"]).split().0, "a.wasm");
        assert_eq!(run(&["tancho", "--dir", ".", "a.wasm"]).dir, ["."]);
        assert!(matches!(parse(["tancho", "wast", "a"].map(OsString::from).into_iter()), Ok(Command::Wast(_))));
    }

    #[test]
    fn what_follows_the_file_is_the_guests() {
        let line = run(&["tancho", "--dir", "x::y", "a.wasm", "--dir", "z", "--", "-h", "--invoke=f"]);
        assert_eq!(line.dir, ["x::y"]);
        assert_eq!(line.split().1, ["--dir", "z", "--", "-h", "--invoke=f"]);
        assert!(line.invoke.is_none());
    }

    #[test]
    fn dashes_before_the_file_are_dropped() {
        let line = run(&["tancho", "run", "--", "a.wasm", "--", "b"]);
        assert_eq!(line.split(), (&"a.wasm".into(), &["--".into(), "b".into()][..]));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }
}
