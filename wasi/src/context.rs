//! What one guest is given of the host: arguments, environment, streams, directories.
//!
//! An embedder builds a [`WasiCtx`] per guest with [`WasiCtxBuilder`] and keeps it in the data of its store, where the
//! faces find it. A builder that was told nothing gives nothing.

use crate::attributes::Attributes;
use crate::clock::Clocks;
use crate::descriptor::Descriptor;
use crate::directory::Directory;
use crate::identity::Identities;
use crate::listing::Budget;
use crate::p1::table::DescriptorTable;
use crate::permission::{DirPerms, FilePerms};
use crate::quota::Quota;
use crate::random::Random;
use crate::socket::Socket;
use crate::stdio::{Input, Output, Sink, Source};
use crate::sync::lock;
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The WASI side of one guest: what it was given and what it holds open.
///
/// Made by [`WasiCtxBuilder::build`]. A clone is the same context, for another thread of the same guest; dropping the last closes
/// everything the guest had open.
#[derive(Clone, Debug)]
pub struct WasiCtx(pub(crate) Arc<Context>);

/// What a [`WasiCtx`] refers to. All threads of the guest use it at the same time.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) clocks: Clocks,
    pub(crate) random: Mutex<Random>,
    /// How files are told apart, where that must not depend on the host.
    identities: Option<Mutex<Identities>>,
    pub(crate) table: DescriptorTable,
    /// What the guest may still write.
    pub(crate) quota: Quota,
    /// How many calls the guest has made.
    pub(crate) calls: AtomicU64,
}

impl WasiCtx {
    /// How many calls the guest has made to the functions of WASI.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }
}

impl Context {
    /// The attributes of something, as the guest is to see them.
    pub(crate) fn shown(&self, attributes: Attributes) -> Result<Attributes, Errno> {
        match &self.identities {
            Some(identities) => lock(identities).attributes(&attributes),
            None => Ok(attributes),
        }
    }

    /// The number by which the guest is to know an entry of a directory; `device` says on which device the directory is, and is asked
    /// for only where that matters.
    pub(crate) fn shown_inode(&self, device: impl FnOnce() -> Result<u64, Errno>, inode: u64) -> Result<u64, Errno> {
        match &self.identities {
            Some(identities) => lock(identities).number(device()?, inode),
            None => Ok(inode),
        }
    }
}

/// Says what a guest is given, then makes its [`WasiCtx`].
///
/// ```
/// use tancho_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let ctx = WasiCtxBuilder::new()
///     .inherit_stdio()
///     .args(&["guest", "--verbose"])
///     .env("LANG", "C")
///     .preopened_dir(".", "/work", DirPerms::READ, FilePerms::READ)?
///     .build();
/// # drop(ctx);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct WasiCtxBuilder {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Source,
    stdout: Sink,
    stderr: Sink,
    preopens: Vec<Directory>,
    listeners: Vec<Socket>,
    seed: Option<u64>,
    max_open_files: Option<usize>,
    max_bytes_written: Option<u64>,
}

impl WasiCtxBuilder {
    /// Nothing: no arguments, no environment, no directories; input is empty, output and error are discarded.
    pub fn new() -> WasiCtxBuilder {
        WasiCtxBuilder::default()
    }

    /// Gives the guest the standard input of this process.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdin = Source::Host(io::stdin());
        self
    }

    /// Gives the guest the standard output of this process. The guest's writes go to the host's descriptor at once,
    /// ahead of what this process still holds in the buffer of [`std::io::Stdout`].
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout = Sink::HostOutput(io::stdout());
        self
    }

    /// Gives the guest the standard error of this process.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr = Sink::HostError(io::stderr());
        self
    }

    /// Gives the guest all three standard streams of this process.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the guest `reader` as its standard input. Polling takes it for always ready, and an interruption of the guest waits for it.
    pub fn stdin(&mut self, reader: impl Read + Send + 'static) -> &mut Self {
        self.stdin = Source::Reader(Mutex::new(Box::new(reader)));
        self
    }

    /// Gives the guest `writer` as its standard output. It is flushed after each write of the guest.
    pub fn stdout(&mut self, writer: impl Write + Send + 'static) -> &mut Self {
        self.stdout = Sink::Writer(Mutex::new(Box::new(writer)));
        self
    }

    /// Gives the guest `writer` as its standard error. It is flushed after each write of the guest.
    pub fn stderr(&mut self, writer: impl Write + Send + 'static) -> &mut Self {
        self.stderr = Sink::Writer(Mutex::new(Box::new(writer)));
        self
    }

    /// Adds an environment variable. Guests see them in the order they were added, duplicates included; a NUL inside
    /// ends the variable for guests written in C.
    pub fn env(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds environment variables.
    pub fn envs(&mut self, variables: &[(impl AsRef<str>, impl AsRef<str>)]) -> &mut Self {
        for (name, value) in variables {
            self.env(name, value);
        }
        self
    }

    /// Adds the environment variables of this process, but those that are not UTF-8: WASI has no others.
    pub fn inherit_env(&mut self) -> &mut Self {
        let utf8 =
            std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
        self.env.extend(utf8);
        self
    }

    /// Adds an argument. The first is by custom the name of the program. A NUL inside ends the argument for guests
    /// written in C.
    pub fn arg(&mut self, arg: impl AsRef<str>) -> &mut Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: &[impl AsRef<str>]) -> &mut Self {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Opens the directory `host_path` and gives it to the guest under the name `guest_path`, with what is below it,
    /// as far as `dir_perms` and `file_perms` allow. Nothing outside it becomes reachable, whatever symbolic links
    /// and `..` it contains.
    ///
    /// Directories get the descriptors 3, 4 and so on, in the order they were added.
    ///
    /// # Errors
    ///
    /// Those of opening `host_path` as a directory.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> io::Result<&mut Self> {
        let name = guest_path.as_ref().to_owned();
        self.preopens.push(Directory::preopen(host_path.as_ref(), name, dir_perms, file_perms)?);
        Ok(self)
    }

    /// Gives the guest a socket that listens, from which it may take connections. Sockets get the descriptors after those of directories,
    /// in the order they were added. C libraries look for directories up to the first descriptor that is none.
    ///
    /// # Errors
    ///
    /// When it does not listen.
    ///
    /// Its host descriptor is not changed: whoever else has the socket sees nothing of whether the guest wants to block.
    pub fn preopened_listener(&mut self, listener: TcpListener) -> io::Result<&mut Self> {
        self.listeners.push(Socket::listener(listener.into())?);
        Ok(self)
    }

    /// Lets nothing of the host show but the contents of files and streams: clocks count calls, from 2000-01-01 on, and a wait
    /// for them takes no time; random bytes follow from `seed`, and are fit for nothing that must not be guessed; directories are listed
    /// in the order of names; files are numbered as they are first seen and have no times, and directories no size. Polling takes every
    /// stream for ready.
    ///
    /// The standard streams of the host still show of what kind they are, and how much comes at a time: give readers and writers. So do the
    /// threads of a guest that starts some ([`Threads`](crate::Threads)): in which order they run is the host's.
    pub fn deterministic(&mut self, seed: u64) -> &mut Self {
        self.seed = Some(seed);
        self
    }

    /// How many descriptors the guest may have open besides those that it is given: 1024, unless this says otherwise. Opening more is
    /// `EMFILE`.
    pub fn max_open_files(&mut self, most: usize) -> &mut Self {
        self.max_open_files = Some(most);
        self
    }

    /// How many bytes the guest may write in all, to files, streams and connections: as many as it likes, unless this says otherwise. A
    /// file that it makes longer without writing counts as if it had written. A write goes as far as the bytes last; what would be
    /// beyond is `EDQUOT`.
    pub fn max_bytes_written(&mut self, most: u64) -> &mut Self {
        self.max_bytes_written = Some(most);
        self
    }

    /// Makes the context, and leaves the builder as if it were new.
    pub fn build(&mut self) -> WasiCtx {
        let WasiCtxBuilder {
            args,
            env,
            stdin,
            stdout,
            stderr,
            mut preopens,
            listeners,
            seed,
            max_open_files,
            max_bytes_written,
        } = std::mem::take(self);
        let streams = [
            Descriptor::from(Input::new(stdin)),
            Descriptor::from(Output::new(stdout)),
            Descriptor::from(Output::new(stderr)),
        ];
        if seed.is_some() {
            let budget = Budget::new();
            preopens.iter_mut().for_each(|directory| directory.sort(&budget));
        }
        let descriptors = streams.into_iter().chain(preopens.into_iter().map(Descriptor::from));
        let descriptors = descriptors.chain(listeners.into_iter().map(Descriptor::from));
        WasiCtx(Arc::new(Context {
            args,
            env,
            clocks: if seed.is_some() { Clocks::counting() } else { Clocks::new() },
            random: Mutex::new(seed.map_or(Random::Host, Random::seeded)),
            identities: seed.map(|_| Mutex::default()),
            table: DescriptorTable::new(descriptors, max_open_files),
            quota: max_bytes_written.map_or_else(Quota::unlimited, Quota::of),
            calls: AtomicU64::new(0),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_can_move_between_threads() {
        fn send<T: Send + 'static>() {}
        fn shared<T: Send + Sync + 'static>() {}
        shared::<WasiCtx>();
        send::<WasiCtxBuilder>();
    }

    #[test]
    fn building_leaves_a_new_builder() {
        let mut builder = WasiCtxBuilder::new();
        let first = builder.arg("a").env("B", "c").build();
        assert_eq!((first.0.args.len(), first.0.env.len()), (1, 1));
        let second = builder.build();
        assert_eq!((second.0.args.len(), second.0.env.len()), (0, 0));
    }

    #[test]
    fn only_directories_can_be_preopened() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut builder = WasiCtxBuilder::new();
        let mut open = |path: &Path| {
            builder.preopened_dir(path, "x", DirPerms::all(), FilePerms::all()).map(|_| ()).map_err(|e| e.kind())
        };
        assert_eq!(open(&file), Err(io::ErrorKind::NotADirectory));
        assert_eq!(open(&directory.path().join("absent")), Err(io::ErrorKind::NotFound));
        assert_eq!(open(directory.path()), Ok(()));
    }
}
