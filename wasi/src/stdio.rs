//! Standard input, output and error of a guest: the host's own, a stream of the embedder's, or nothing.
//!
//! The context chooses which; the faces read and write here through the guest's own buffers. The host's streams are
//! shared with whoever else has them open, so nothing here changes their state: a guest that wants not to block gets
//! that from a question before each transfer, not from a flag on the host's descriptor.

use crate::attributes::{Attributes, FileKind};
use crate::failure::{errno, retry};
use crate::file::{FileFlags, write_at_once};
use crate::poll::{ATOMIC_WRITE, Interruption, Readiness, read_when_ready, ready, write_when_ready};
use crate::sync::{SharedFlags, lock};
use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::SeekFrom;
use rustix::io::Errno;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a guest's input comes from.
#[derive(Default)]
pub(crate) enum Source {
    /// At its end from the start.
    #[default]
    Empty,
    /// The standard input of the host process.
    Host(io::Stdin),
    /// A reader of the embedder's. It may block; a guest cannot learn beforehand whether it would.
    Reader(Mutex<Box<dyn Read + Send>>),
}

/// Where a guest's output goes to.
#[derive(Default)]
pub(crate) enum Sink {
    /// Accepted and dropped.
    #[default]
    Discard,
    /// The standard output of the host process.
    HostOutput(io::Stdout),
    /// The standard error of the host process.
    HostError(io::Stderr),
    /// A writer of the embedder's. It may block; it is flushed after each write.
    Writer(Mutex<Box<dyn Write + Send>>),
}

/// A guest's standard input.
#[derive(Debug)]
pub(crate) struct Input {
    source: Source,
    flags: SharedFlags,
}

/// A guest's standard output or error.
#[derive(Debug)]
pub(crate) struct Output {
    sink: Sink,
    flags: SharedFlags,
    /// Whether it is a file of the host, which never has to be waited for.
    regular: bool,
}

impl Input {
    /// Input from `source`, blocking.
    pub(crate) fn new(source: Source) -> Input {
        Input { source, flags: SharedFlags::new(FileFlags::empty()) }
    }

    fn host(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Host(stdin) => Some(stdin.as_fd()),
            Source::Empty | Source::Reader(_) => None,
        }
    }

    /// Reads what there is, at least a byte unless at the end, waiting for it if need be.
    pub(crate) fn read(&self, buffers: &mut [IoSliceMut<'_>], who: &Interruption) -> Result<usize, Errno> {
        let room = buffers.iter().map(|buffer| buffer.len()).sum();
        match &self.source {
            Source::Empty => Ok(0),
            Source::Host(stdin) => {
                if self.flags.nonblocking() {
                    if !ready(stdin.as_fd(), PollFlags::IN)? {
                        return Err(Errno::AGAIN);
                    }
                    return retry(|| rustix::io::readv(stdin, buffers));
                }
                read_when_ready(stdin.as_fd(), who, || rustix::io::readv(stdin, buffers))
            }
            // A reader that claims more than there was room for is not believed.
            Source::Reader(reader) => {
                let mut reader = lock(reader);
                retry(|| reader.read_vectored(buffers).map_err(|error| errno(&error))).map(|count| count.min(room))
            }
        }
    }

    /// What kind of file it is; a stream of no kind WASI knows is `Unknown`.
    pub(crate) fn kind(&self) -> FileKind {
        host_kind(self.host())
    }

    /// Its attributes; those of nothing in particular where it is not the host's.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        host_attributes(self.host())
    }

    /// How its reads behave.
    pub(crate) fn flags(&self) -> FileFlags {
        self.flags.get()
    }

    /// Changes how its reads behave; only blocking can be changed, else `EINVAL`.
    pub(crate) fn set_flags(&self, flags: FileFlags) -> Result<(), Errno> {
        self.flags.set(stream_flags(flags)?);
        Ok(())
    }

    /// Moves the offset of a host file that is standard input. `ESPIPE` for everything else.
    pub(crate) fn seek(&self, to: SeekFrom) -> Result<u64, Errno> {
        host_seek(self.host(), to)
    }

    /// Can it be read without blocking?
    pub(crate) fn readiness(&self) -> Readiness<'_> {
        match &self.source {
            Source::Empty => Readiness::Ready { bytes: 0, hangup: true },
            Source::Host(stdin) => Readiness::Ask(stdin.as_fd()),
            Source::Reader(_) => Readiness::ALWAYS,
        }
    }
}

impl Output {
    /// Output to `sink`, blocking.
    pub(crate) fn new(sink: Sink) -> Output {
        let mut output = Output { sink, flags: SharedFlags::new(FileFlags::empty()), regular: false };
        output.regular = output.kind() == FileKind::RegularFile;
        output
    }

    fn host(&self) -> Option<BorrowedFd<'_>> {
        match &self.sink {
            Sink::HostOutput(stdout) => Some(stdout.as_fd()),
            Sink::HostError(stderr) => Some(stderr.as_fd()),
            Sink::Discard | Sink::Writer(_) => None,
        }
    }

    /// Writes and returns how many bytes were taken.
    pub(crate) fn write(&self, buffers: &[IoSlice<'_>], who: &Interruption) -> Result<usize, Errno> {
        if let Sink::Writer(writer) = &self.sink {
            let mut writer = lock(writer);
            let count = write_in_turn(&mut *writer, buffers)?;
            retry(|| writer.flush().map_err(|error| errno(&error)))?;
            return Ok(count);
        }
        let Some(host) = self.host() else {
            return Ok(buffers.iter().map(|buffer| buffer.len()).sum());
        };
        if self.regular {
            return retry(|| rustix::io::writev(host, buffers));
        }
        if !self.flags.nonblocking() {
            let attempt = |rest: &[IoSlice<'_>]| write_at_once(&host, rest);
            let piece = |rest: &[IoSlice<'_>]| rustix::io::writev(host, rest);
            return write_when_ready(host, buffers, who, attempt, piece);
        }
        if !ready(host, PollFlags::OUT)? {
            return Err(Errno::AGAIN);
        }
        let first = buffers.iter().find(|buffer| !buffer.is_empty()).map_or(&[][..], |buffer| buffer);
        let piece = first.get(..ATOMIC_WRITE).unwrap_or(first);
        retry(|| rustix::io::write(host, piece))
    }

    /// What kind of file it is; a stream of no kind WASI knows is `Unknown`.
    pub(crate) fn kind(&self) -> FileKind {
        host_kind(self.host())
    }

    /// Its attributes; those of nothing in particular where it is not the host's.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        host_attributes(self.host())
    }

    /// How its writes behave.
    pub(crate) fn flags(&self) -> FileFlags {
        self.flags.get()
    }

    /// Changes how its writes behave; only blocking can be changed, else `EINVAL`.
    pub(crate) fn set_flags(&self, flags: FileFlags) -> Result<(), Errno> {
        self.flags.set(stream_flags(flags)?);
        Ok(())
    }

    /// Moves the offset of a host file that is standard output. `ESPIPE` for everything else.
    pub(crate) fn seek(&self, to: SeekFrom) -> Result<u64, Errno> {
        host_seek(self.host(), to)
    }

    /// Returns when what was written has left this process, and for a host file when it is stored.
    pub(crate) fn sync(&self) -> Result<(), Errno> {
        if let Sink::Writer(writer) = &self.sink {
            let mut writer = lock(writer);
            return retry(|| writer.flush().map_err(|error| errno(&error)));
        }
        match self.host() {
            Some(host) => retry(|| rustix::fs::fsync(host)),
            None => Ok(()),
        }
    }

    /// Can it be written without blocking?
    pub(crate) fn readiness(&self) -> Readiness<'_> {
        self.host().map_or(Readiness::ALWAYS, Readiness::Ask)
    }
}

/// Writes the buffers one after the other, until one is not taken whole. An error after the first bytes is left for
/// the next write to meet. A writer that claims more than it was given is not believed.
fn write_in_turn(writer: &mut dyn Write, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let mut total = 0;
    for buffer in buffers {
        let taken = match retry(|| writer.write(buffer).map_err(|error| errno(&error))) {
            Ok(count) => count.min(buffer.len()),
            Err(error) if total == 0 => return Err(error),
            Err(_) => break,
        };
        total += taken;
        if taken < buffer.len() {
            break;
        }
    }
    Ok(total)
}

fn host_kind(host: Option<BorrowedFd<'_>>) -> FileKind {
    host_attributes(host).map_or(FileKind::Unknown, |attributes| attributes.kind)
}

fn host_attributes(host: Option<BorrowedFd<'_>>) -> Result<Attributes, Errno> {
    match host {
        Some(host) => Ok(Attributes::from(rustix::fs::fstat(host)?)),
        None => Ok(Attributes::of_kind(FileKind::Unknown)),
    }
}

fn host_seek(host: Option<BorrowedFd<'_>>, to: SeekFrom) -> Result<u64, Errno> {
    rustix::fs::seek(host.ok_or(Errno::SPIPE)?, to)
}

fn stream_flags(flags: FileFlags) -> Result<FileFlags, Errno> {
    if FileFlags::NONBLOCK.contains(flags) { Ok(flags) } else { Err(Errno::INVAL) }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Empty => "Empty",
            Source::Host(_) => "Host",
            Source::Reader(_) => "Reader",
        })
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sink::Discard => "Discard",
            Sink::HostOutput(_) => "HostOutput",
            Sink::HostError(_) => "HostError",
            Sink::Writer(_) => "Writer",
        })
    }
}

/// A writer that keeps what a guest writes, up to a limit, for the embedder to look at.
///
/// Clones share their contents: give one to [`WasiCtxBuilder::stdout`](crate::WasiCtxBuilder::stdout) and keep the
/// other.
#[derive(Clone, Debug)]
pub struct MemoryOutput {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl MemoryOutput {
    /// Nothing yet, and never more than `limit` bytes: writes beyond it fail with `ErrorKind::StorageFull`.
    pub fn new(limit: usize) -> MemoryOutput {
        MemoryOutput { bytes: Arc::default(), limit }
    }

    /// A copy of all that was written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for MemoryOutput {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(bytes.len());
        let taken = buffer.get(..room).unwrap_or(buffer);
        if taken.is_empty() && !buffer.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.try_reserve(taken.len())?;
        bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_default() {
        let input = Input::new(Source::default());
        assert_eq!(input.read(&mut [IoSliceMut::new(&mut [0; 4])], &Interruption::default()), Ok(0));
        assert!(matches!(input.readiness(), Readiness::Ready { bytes: 0, hangup: true }));
        let output = Output::new(Sink::default());
        assert_eq!(output.write(&[IoSlice::new(b"ab"), IoSlice::new(b"c")], &Interruption::default()), Ok(3));
        assert_eq!(output.seek(SeekFrom::Current(0)), Err(Errno::SPIPE));
        assert_eq!(output.kind(), FileKind::Unknown);
        output.sync().unwrap();
    }

    #[test]
    fn only_blocking_can_be_changed() {
        let input = Input::new(Source::default());
        input.set_flags(FileFlags::NONBLOCK).unwrap();
        assert_eq!(input.set_flags(FileFlags::APPEND), Err(Errno::INVAL));
        assert_eq!(input.flags(), FileFlags::NONBLOCK);
    }

    #[test]
    fn a_reader_and_a_writer_that_lie_about_their_counts() {
        struct Liar;
        impl Read for Liar {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Ok(usize::MAX)
            }
        }
        impl Write for Liar {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Ok(usize::MAX)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let input = Input::new(Source::Reader(Mutex::new(Box::new(Liar))));
        assert_eq!(input.read(&mut [IoSliceMut::new(&mut [0; 4])], &Interruption::default()), Ok(4));
        let output = Output::new(Sink::Writer(Mutex::new(Box::new(Liar))));
        assert_eq!(output.write(&[IoSlice::new(b"abc")], &Interruption::default()), Ok(3));
    }

    #[test]
    fn failures_of_the_embedders_streams_get_numbers() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let input = Input::new(Source::Reader(Mutex::new(Box::new(Broken))));
        assert_eq!(input.read(&mut [IoSliceMut::new(&mut [0; 4])], &Interruption::default()), Err(Errno::CONNRESET));
    }

    #[test]
    fn memory_output_keeps_to_its_limit() {
        let mut output = MemoryOutput::new(5);
        let copy = output.clone();
        assert_eq!(output.write(b"abc").unwrap(), 3);
        assert_eq!(output.write(b"def").unwrap(), 2);
        assert_eq!(output.write(b"g").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(output.write(b"").unwrap(), 0);
        assert_eq!(copy.contents(), b"abcde");
    }
}
