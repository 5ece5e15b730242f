//! The subcommands: one structure each, with the help that it shows.
//!
//! Read by `line`, carried out by `crate::command`. Options stand before the file; everything after it is the guest's, untouched.

use super::debug::DebugFlags;
use super::engine::{CacheFlags, EngineFlags, ProposalFlags, yes_or_no};
use super::limits::LimitFlags;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Runs, compiles, checks and explains WebAssembly.
///
/// `tancho FILE [ARGS]` is short for `tancho run FILE [ARGS]`.
#[derive(Parser, Debug)]
#[command(name = "tancho", version, max_term_width = 120, args_override_self = true)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The same for those who run a program, which is what most do: what the other subcommands understand need not be known for it.
#[derive(Parser, Debug)]
#[command(name = "tancho", version, max_term_width = 120, args_override_self = true)]
pub(super) struct RunLine {
    #[command(subcommand)]
    pub(super) command: RunCommand,
}

#[derive(Subcommand, Debug)]
pub(super) enum RunCommand {
    Run(Box<Run>),
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Run(Box<Run>),
    Compile(Compile),
    Validate(Validate),
    Inspect(Inspect),
    Objdump(Objdump),
    Wast(Wast),
    Settings(Settings),
    Cache(Cache),
    Explain(Explain),
    Completion(Completion),
    Man(Man),
}

/// Runs a program: calls `_start`, or the function that --invoke names.
///
/// The exit code is the program's own; 134 after a trap; 1 for any other error.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    #[command(flatten)]
    pub(crate) cache: CacheFlags,

    #[command(flatten)]
    pub(crate) debug: DebugFlags,

    /// Gives the guest the directory HOST, under the name GUEST or else the same name; with `::ro`, to read only. Without any, it sees no
    /// files.
    #[arg(long, value_name = "HOST[::GUEST[::ro]]")]
    pub(crate) dir: Vec<String>,

    /// Sets an environment variable of the guest; without a value, to the host's. Without any, it has none.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<OsString>,

    /// Gives the guest all environment variables of the host.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) inherit_env: bool,

    /// Gives the guest a socket that listens at this address, such as 127.0.0.1:8080, as a descriptor after those of --dir.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) tcplisten: Vec<SocketAddr>,

    /// Calls the exported function NAME with the arguments after FILE, read as its parameters' types, and prints the results.
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,

    /// Instantiates another module first; imports from NAME are what it exports.
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) preload: Vec<String>,

    /// What becomes of imports that nothing supplies.
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub(crate) unknown_imports: UnknownImports,

    /// Ends the program when it has run for so long, such as 500ms, 2s or 1m, wherever it is.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,

    #[command(flatten)]
    pub(crate) limits: LimitFlags,

    /// How many threads the guest may start, where it is built for wasi-threads; with 0, none.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) max_threads: usize,

    /// How many files and directories the guest may have open beside those that it is given. Opening more is the error EMFILE.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub(crate) max_open_files: usize,

    /// How many bytes the guest may write in all, to files, to its outputs and to connections; without any, as many as it likes. Writing
    /// more is the error EDQUOT.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes_written: Option<u64>,

    /// What the guest sees as its own name; by default the file's.
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// Makes the run depend on its inputs alone: clocks that count and never wait, random bytes from --seed, directories listed by name,
    /// files without the host's inodes and times, canonical NaNs, relaxed vectors as prescribed.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) deterministic: bool,

    /// What the random bytes of --deterministic come from.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(crate) seed: u64,

    /// Prints, on standard error in the end, the BLAKE3 of what the guest wrote to its standard output, and of its standard error.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) output_hash: bool,

    /// Prints, on standard error in the end, how long each step took and how much memory it needed.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "table", value_name = "FORMAT")]
    pub(crate) stats: Option<Shown>,

    /// Loads a compiled file (.cwasm) that this user's engine did not write. It is native code, and runs unchecked: only for files
    /// whose origin you trust.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) allow_precompiled: bool,

    /// Maps the code of a compiled file (.cwasm) instead of copying and checking it: starts large programs sooner. It is native code and runs
    /// unchecked, as with --allow-precompiled; and nobody may write to the file while it runs. If somebody makes it shorter, the
    /// program ends with an error. To replace it, as `tancho compile` does, is no matter.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) allow_mmap: bool,

    /// The program (.wasm, .wat, .cwasm, or - for standard input), then its arguments.
    #[arg(value_name = "FILE [ARGS]", trailing_var_arg = true, required = true)]
    pub(super) file_and_arguments: Vec<OsString>,
}

impl Run {
    /// The file, and the guest's arguments.
    pub(crate) fn split(&self) -> (&OsString, &[OsString]) {
        self.file_and_arguments.split_first().expect("clap requires at least one value")
    }
}

/// Reads a time: a number, and its unit, which is seconds where there is none.
fn time(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let seconds = match unit {
        "" | "s" => 1.0,
        "us" => 1e-6,
        "ms" => 1e-3,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is no unit of time; these are: us, ms, s, m, h")),
    };
    let number: f64 = text[..text.len() - unit.len()].parse().map_err(|_| "it is no number".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UnknownImports {
    /// The module is not run.
    Refuse,
    /// A function that is called ends the program.
    Trap,
    /// Functions return zeros and nulls; globals are zero, tables and memories as small as they may be.
    Default,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Compiles a module ahead of time, to a .cwasm file that `run` starts at once.
///
/// The file is signed with a key of yours, by which `run` knows it again.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
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

/// Says what is in a module: imports and what supplies them, exports, the proposals that it needs, sizes, producers.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// The module (.wasm, .wat, .cwasm, or - for standard input).
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Shows the machine code of a module's functions: before what it became each instruction of WebAssembly, and the line of the source where
/// the module has debug information; where it may trap, and where references to objects stand when the collector may work.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Objdump {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Shows only functions with this name or index; may be given several times.
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) function: Vec<String>,

    /// Shows the bytes of instructions as well.
    #[arg(long)]
    pub(crate) bytes: bool,

    /// Loads a compiled file (.cwasm) that this user's engine did not write.
    #[arg(long)]
    pub(crate) allow_precompiled: bool,

    /// The module (.wasm, .wat, .cwasm, or - for standard input).
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

/// Runs scripts of the specification's test suite (.wast).
#[derive(Args, Debug)]
#[command(args_override_self = true)]
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

/// Shows the settings in force: build, target, CPU features, proposals, tunables, and where the key and the cache are.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Looks after the compiled modules that `run` keeps for the next time.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Cache {
    /// Where they are kept; by default $TANCHO_CACHE_DIR, $XDG_CACHE_HOME/tancho or ~/.cache/tancho.
    #[arg(long = "cache-dir", value_name = "FOLDER", global = true)]
    pub(crate) folder: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) action: CacheAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum CacheAction {
    /// Prints where they are kept.
    Dir,
    /// Lists them, those used last first.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Removes all of them.
    Clean,
    /// Removes those that were not used for the longest time, until the others take no more than --size.
    Prune {
        /// Bytes that may be left.
        #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
        size: u64,
    },
    /// Checks every bit of them, and ends with 1 if one would not be used.
    Verify {
        /// Removes those.
        #[arg(long)]
        remove: bool,
    },
}

/// Explains the code of an error, such as T0301. Without a code, lists all of them.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Prints the explanations of all codes, as the document `docs/errors.md`.
    #[arg(long)]
    pub(crate) markdown: bool,

    /// The code.
    #[arg(value_name = "CODE", conflicts_with = "markdown")]
    pub(crate) code: Option<String>,
}

/// Prints a script that completes command lines of `tancho` in a shell.
#[derive(Args, Debug)]
pub(crate) struct Completion {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Prints the manual page of a command, or writes those of all.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Writes the pages of all commands into this folder, as tancho.1, tancho-run.1 and so on.
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "command")]
    pub(crate) output: Option<PathBuf>,

    /// The command; without any, the page of `tancho` itself.
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}
