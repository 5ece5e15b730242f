//! A socket that a guest was given, or a connection that it took from one.
//!
//! The context makes listeners; the faces accept, receive, send and shut down. A guest can neither open a socket nor learn an address.
//! A listener may have been inherited, and is then shared with whoever gave it: nothing here changes the state of the host's descriptors. A
//! guest that wants not to block gets that from each call.

use crate::attributes::{Attributes, FileKind};
use crate::failure::retry;
use crate::file::FileFlags;
use crate::poll::{Interruption, Readiness, await_ready, read_when_ready, ready, write_when_ready};
use crate::sync::SharedFlags;
use rustix::event::PollFlags;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags};
use std::io::{IoSlice, IoSliceMut};

/// A stream socket.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    flags: SharedFlags,
    listens: bool,
}

/// How to receive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receive {
    /// Leave what is received to be received again.
    pub(crate) peek: bool,
    /// Wait until the buffers are full, or the end.
    pub(crate) wait_all: bool,
}

impl Socket {
    /// A socket that listens, and blocks. `EINVAL` where it does not listen.
    pub(crate) fn listener(socket: OwnedFd) -> Result<Socket, Errno> {
        if !rustix::net::sockopt::socket_acceptconn(&socket)? {
            return Err(Errno::INVAL);
        }
        Ok(Socket { fd: socket, flags: SharedFlags::new(FileFlags::empty()), listens: true })
    }

    /// Whether it listens, and can do nothing but give connections.
    pub(crate) fn listens(&self) -> bool {
        self.listens
    }

    /// What kind of file it is.
    pub(crate) fn kind(&self) -> FileKind {
        FileKind::Socket
    }

    /// Whether it blocks.
    pub(crate) fn flags(&self) -> FileFlags {
        self.flags.get()
    }

    /// Changes whether it blocks; nothing else can be changed, else `EINVAL`.
    pub(crate) fn set_flags(&self, flags: FileFlags) -> Result<(), Errno> {
        if !FileFlags::NONBLOCK.contains(flags) {
            return Err(Errno::INVAL);
        }
        self.flags.set(flags);
        Ok(())
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        Ok(Attributes::from(rustix::fs::fstat(&self.fd)?))
    }

    /// Can it be read, written or accepted from without blocking? The host is asked.
    pub(crate) fn readiness(&self) -> Readiness<'_> {
        Readiness::Ask(self.fd.as_fd())
    }

    /// Takes a connection, which blocks or not by `flags`. `EINVAL` where it does not listen. Where somebody else takes from the same
    /// socket, one who does not want to block may still have to wait, for the connection after that which both saw.
    pub(crate) fn accept(&self, flags: FileFlags, who: &Interruption) -> Result<Socket, Errno> {
        if !self.listens || !FileFlags::NONBLOCK.contains(flags) {
            return Err(Errno::INVAL);
        }
        loop {
            if !self.flags.nonblocking() {
                await_ready(self.fd.as_fd(), PollFlags::IN, who)?;
            } else if !ready(self.fd.as_fd(), PollFlags::IN)? {
                return Err(Errno::AGAIN);
            }
            match retry(|| rustix::net::accept_with(&self.fd, SocketFlags::CLOEXEC)) {
                // A connection that is gone before it is taken is no reason to end the wait for the next one.
                Err(Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) if !self.flags.nonblocking() => {}
                taken => return taken.map(|fd| Socket { fd, flags: SharedFlags::new(flags), listens: false }),
            }
        }
    }

    /// Receives; returns how many bytes came, 0 at the end, and whether some were cut off.
    pub(crate) fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        how: Receive,
        who: &Interruption,
    ) -> Result<(usize, bool), Errno> {
        let waits = !self.flags.nonblocking();
        let mut flags = RecvFlags::empty();
        flags.set(RecvFlags::PEEK, how.peek);
        // To look at bytes that have yet to come is a matter for the host alone, which waits for all of them.
        let whole = how.peek && how.wait_all && waits;
        flags.set(RecvFlags::WAITALL, whole);
        flags.set(RecvFlags::DONTWAIT, !whole);
        let (mut rest, mut total, mut cut) = (buffers, 0, false);
        loop {
            let mut receive = || {
                let mut nothing = RecvAncillaryBuffer::new(&mut []);
                let received = rustix::net::recvmsg(&self.fd, rest, &mut nothing, flags)?;
                cut |= received.flags.contains(ReturnFlags::TRUNC);
                Ok(received.bytes)
            };
            let came = if waits { read_when_ready(self.fd.as_fd(), who, receive) } else { retry(&mut receive) };
            match came {
                Ok(bytes) => {
                    total += bytes;
                    IoSliceMut::advance_slices(&mut rest, bytes);
                    if bytes == 0 || rest.is_empty() || !how.wait_all || how.peek || !waits {
                        return Ok((total, cut));
                    }
                }
                Err(error) if total == 0 => return Err(error),
                Err(_) => return Ok((total, cut)),
            }
        }
    }

    /// Sends; returns how many bytes went. `EPIPE` where nobody receives any more, without a signal.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>], who: &Interruption) -> Result<usize, Errno> {
        let send = |rest: &[IoSlice<'_>]| {
            let mut nothing = SendAncillaryBuffer::new(&mut []);
            rustix::net::sendmsg(&self.fd, rest, &mut nothing, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
        };
        if self.flags.nonblocking() {
            return retry(|| send(buffers));
        }
        write_when_ready(self.fd.as_fd(), buffers, who, send, send)
    }

    /// Ends one or both directions; `EINVAL` for neither.
    pub(crate) fn shutdown(&self, receiving: bool, sending: bool) -> Result<(), Errno> {
        let how = match (receiving, sending) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            (false, true) => Shutdown::Write,
            (false, false) => return Err(Errno::INVAL),
        };
        rustix::net::shutdown(&self.fd, how)
    }
}
