//! Options that several subcommands share: how code is compiled, what modules may use, whether the cache is used.
//!
//! Flattened into the structures of `command`; `crate::engine` makes engines of them.

use crate::proposal::Proposal;
use clap::{ArgAction, Args, ValueEnum};
use std::path::PathBuf;

/// Reads the value of an option that is on or off.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "y" | "yes" | "true" => Ok(true),
        "n" | "no" | "false" => Ok(false),
        _ => Err("it is neither y nor n".to_owned()),
    }
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
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) canonical_nan: bool,

    /// Makes relaxed vector instructions do what the specification's deterministic profile prescribes, the same on every machine.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) relaxed_simd_deterministic: bool,

    /// Makes code consume fuel, so that --fuel can limit it. `run` with --fuel does so by itself; a file for it must be compiled so.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) consume_fuel: bool,

    /// Checks every address again before memory is accessed there; slow. The process ends where one is wrong, which is a bug of Tancho.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) belt: bool,

    /// Collects, moves and checks all objects wherever that can be done; very slow. The process ends where a reference was lost, which is a
    /// bug of Tancho.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) gc_zeal: bool,

    /// Bytes that the heap of objects may have (4 GiB by default).
    #[arg(long, value_name = "BYTES")]
    pub(crate) gc_heap_limit: Option<u64>,

    /// Whether compiled modules keep the debug information (DWARF) that backtraces have lines of the source by; on by default.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "y", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) keep_dwarf: bool,

    /// Finds traps by comparing, and installs no signal handlers.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "n", default_missing_value = "y",
          hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
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

    /// Reads options from a TOML file, by their long names, such as `opt-level = "none"` or `dir = ["data::/data"]`; those of one command
    /// may stand in a table of its name. What stands on the command line counts more.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What modules may use.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProposalFlags {
    /// Turns a WebAssembly proposal on or off, such as custom-page-sizes or memory64=n. What is on by default is all that Tancho has and
    /// the specification has.
    #[arg(short = 'W', long = "wasm", value_name = "NAME[=y|n],...", value_delimiter = ',', value_parser = Proposal::parse)]
    pub(crate) wasm: Vec<Proposal>,
}

/// Where compiled modules are kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct CacheFlags {
    /// Whether compiled modules are kept for the next time, and taken from where they are kept; on by default. See `tancho cache`.
    #[arg(long = "cache", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "y",
          default_missing_value = "y", hide_default_value = true, value_name = "y|n", value_parser = yes_or_no)]
    pub(crate) on: bool,

    /// Where they are kept; by default $TANCHO_CACHE_DIR, $XDG_CACHE_HOME/tancho or ~/.cache/tancho.
    #[arg(long = "cache-dir", value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,

    /// How many bytes they may take before those that were not used for the longest time are removed (1 GiB by default).
    #[arg(long = "cache-size", value_name = "BYTES")]
    pub(crate) size: Option<u64>,
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
