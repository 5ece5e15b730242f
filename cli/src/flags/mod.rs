//! The command line: `line` reads it, `command` has one structure per subcommand with the help that it shows, `engine` what several
//! of them share, `limits` what a program may have, `debug` what is told of traps, `config` the file that options may stand in.

mod command;
mod config;
mod debug;
mod engine;
mod limits;
mod line;

pub(crate) use command::{
    Cache, CacheAction, Command, Compile, Completion, Explain, Inspect, Man, Objdump, Run, Settings, Shown,
    UnknownImports, Validate, Wast,
};
pub(crate) use engine::{CacheFlags, EngineFlags, OptLevel, ProposalFlags};
pub(crate) use limits::size;
pub(crate) use line::{Refused, definition, parse};
