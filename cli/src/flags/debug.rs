//! Options about what went wrong in a program: how much of the stack is shown, with what, and where a core dump goes.
//!
//! Flattened into the structure of `run`. `-D KEY=VALUE` says the same as the long names, as people know it from Wasmtime.

use super::engine::yes_or_no;
use clap::{ArgAction, Args};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tancho::{Config, WasmBacktraceDetails};

/// What is kept and told of traps.
#[derive(Args, Clone, Debug)]
pub(crate) struct DebugFlags {
    /// Writes a core dump to FILE when a trap ends the program: its memories, globals and stack, in the format of WebAssembly's tool
    /// conventions.
    #[arg(long, value_name = "FILE")]
    coredump: Option<PathBuf>,

    /// How many functions a backtrace has (64 by default); none with 0.
    #[arg(long, value_name = "N")]
    max_backtrace: Option<usize>,

    /// Whether backtraces have the functions, files and lines of the source, where the module has debug information (DWARF). On by default,
    /// unless TANCHO_BACKTRACE_DETAILS=0 is set.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "y", value_name = "y|n",
          value_parser = yes_or_no)]
    source_lines: Option<bool>,

    /// The same three by other names: coredump=FILE, max-backtrace=N, symbols=y|n.
    #[arg(short = 'D', value_name = "KEY=VALUE,...", value_delimiter = ',', value_parser = Setting::parse)]
    settings: Vec<Setting>,
}

/// One of `-D`.
#[derive(Clone, Debug)]
enum Setting {
    Coredump(PathBuf),
    MaxBacktrace(usize),
    Symbols(bool),
}

impl Setting {
    fn parse(text: &str) -> Result<Setting, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match key {
            "coredump" if value.is_empty() => Err("it is `coredump=FILE`".to_owned()),
            "coredump" => Ok(Setting::Coredump(value.into())),
            "max-backtrace" => value.parse().map(Setting::MaxBacktrace).map_err(|_| format!("`{value}` is no number")),
            "symbols" if value.is_empty() => Ok(Setting::Symbols(true)),
            "symbols" => yes_or_no(value).map(Setting::Symbols),
            _ => Err(format!("there is no `{key}`; there are coredump=FILE, max-backtrace=N and symbols=y|n")),
        }
    }
}

impl DebugFlags {
    /// Where a core dump is to go. The long name counts more than `-D`, of which the last counts.
    pub(crate) fn coredump(&self) -> Option<&Path> {
        let short = self.settings.iter().rev().find_map(|setting| match setting {
            Setting::Coredump(path) => Some(path),
            _ => None,
        });
        self.coredump.as_ref().or(short).map(PathBuf::as_path)
    }

    /// Makes a configuration do as they say.
    pub(crate) fn apply(&self, config: &mut Config) {
        config.coredump_on_trap(self.coredump().is_some());
        let mut frames = self.max_backtrace;
        let mut lines = self.source_lines;
        for setting in self.settings.iter().rev() {
            match setting {
                Setting::Coredump(_) => {}
                Setting::MaxBacktrace(count) => frames = frames.or(Some(*count)),
                Setting::Symbols(on) => lines = lines.or(Some(*on)),
            }
        }
        if let Some(frames) = frames {
            config.wasm_backtrace_max_frames(NonZeroUsize::new(frames));
        }
        if let Some(on) = lines {
            let details = if on { WasmBacktraceDetails::Enable } else { WasmBacktraceDetails::Disable };
            config.wasm_backtrace_details(details);
        }
    }
}
