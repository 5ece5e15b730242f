//! Those that run kernels: the two engines of this process, V8 in a node of its own, and the machine itself.
//!
//! `kernels` opens one of each for a kernel and asks them in turn.

use crate::case::Case;
use crate::kernel::{Kernel, Outcome};
use crate::node::Node;
use crate::{Error, Guest, SIDES};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Something that runs kernels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// One of [`SIDES`].
    Engine(usize),
    /// Tancho without the optimisation of this name.
    Without(String),
    /// This node, with its optimizing compiler alone or with all its tiers.
    Node {
        /// The command.
        command: PathBuf,
        /// Whether functions begin in the tier that compiles fast.
        tiers: bool,
    },
    /// The native build.
    Native,
}

impl Peer {
    /// Short, for headings.
    pub fn name(&self) -> &str {
        match self {
            Peer::Engine(side) => SIDES[*side].name,
            Peer::Without(optimisation) => optimisation,
            Peer::Node { tiers: false, .. } => "turbofan",
            Peer::Node { tiers: true, .. } => "v8",
            Peer::Native => "native",
        }
    }

    /// Gets the kernel ready to run, compiled where that is to be done.
    ///
    /// # Errors
    ///
    /// When it cannot be compiled, and when the native build or node is not there.
    pub fn open(&self, kernel: &Kernel) -> Result<Box<dyn Runs>, Error> {
        match self {
            Peer::Engine(side) => {
                let wasm = fs::read(kernel.module())?;
                Ok(Box::new(Engine { guest: (SIDES[*side].compile)(&wasm)?, case: case(kernel) }))
            }
            Peer::Without(optimisation) => {
                let wasm = fs::read(kernel.module())?;
                Ok(Box::new(Engine { guest: (SIDES[0].compile_without)(&wasm, optimisation)?, case: case(kernel) }))
            }
            Peer::Node { command, tiers } => {
                let flags: &[&str] = if *tiers { &["--no-warnings"] } else { &["--no-warnings", "--no-liftoff"] };
                Ok(Box::new(Node::start(command, flags, "kernel/run.mjs", &kernel.module())?))
            }
            Peer::Native => {
                let path = kernel.native();
                if !path.exists() {
                    return Err(format!("{} is not there: run kernel/build.sh first", path.display()).into());
                }
                Ok(Box::new(Native(path)))
            }
        }
    }
}

/// A kernel that is ready to run, in one of the peers.
pub trait Runs {
    /// Runs it once.
    ///
    /// # Errors
    ///
    /// When it ends in anything but a return, or says no checksum.
    fn run(&mut self) -> Result<Outcome, Error>;

    /// What runs it, with its version, where that is not in `Cargo.lock`.
    fn version(&self) -> Option<&str> {
        None
    }
}

struct Engine {
    guest: Box<dyn Guest>,
    case: Case,
}

fn case(kernel: &Kernel) -> Case {
    let (program, name) = (kernel.name.clone(), kernel.level.clone());
    Case { args: vec![program.clone()], program, name, stdin: Vec::new(), stdout: Vec::new(), exit: 0 }
}

impl Runs for Engine {
    fn run(&mut self) -> Result<Outcome, Error> {
        let run = self.guest.run(&self.case)?;
        match run.exit {
            Ok(0) => Outcome::read(&run.stdout, run.start.thread),
            Ok(code) => Err(format!("exit code {code}").into()),
            Err(message) => Err(message.into()),
        }
    }
}

impl Runs for Node {
    fn run(&mut self) -> Result<Outcome, Error> {
        let (stdout, cpu) = self.run_program()?;
        Outcome::read(stdout.as_bytes(), cpu)
    }

    fn version(&self) -> Option<&str> {
        Some(Node::version(self))
    }
}

struct Native(PathBuf);

impl Runs for Native {
    fn run(&mut self) -> Result<Outcome, Error> {
        let before = children()?;
        let output = Command::new(&self.0).output()?;
        let cpu = children()?.saturating_sub(before);
        if !output.status.success() {
            return Err(format!("{} ended with {}", self.0.display(), output.status).into());
        }
        Outcome::read(&output.stdout, cpu)
    }
}

/// CPU time of all processes that this one has waited for.
fn children() -> Result<Duration, Error> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds)?))
}
