//! A socket that a guest was given, or a connection that it took from one.
//!
//! The context makes listeners; the faces accept, receive, send and shut down. A guest can neither open a socket nor learn an address.
//! The host's descriptors belong to the context alone, so that whether they block can be set on them.

use crate::attributes::{Attributes, FileKind};
use crate::failure::retry;
use crate::file::FileFlags;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags};
use std::io::{IoSlice, IoSliceMut};

/// A stream socket.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    flags: FileFlags,
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
    /// A socket that listens, and blocks.
    pub(crate) fn listener(socket: OwnedFd) -> Result<Socket, Errno> {
        let mut socket = Socket { fd: socket, flags: FileFlags::empty(), listens: true };
        socket.set_flags(FileFlags::empty())?;
        Ok(socket)
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
        self.flags
    }

    /// Changes whether it blocks; nothing else can be changed, else `EINVAL`.
    pub(crate) fn set_flags(&mut self, flags: FileFlags) -> Result<(), Errno> {
        if !FileFlags::NONBLOCK.contains(flags) {
            return Err(Errno::INVAL);
        }
        let mut host = rustix::fs::fcntl_getfl(&self.fd)?;
        host.set(OFlags::NONBLOCK, flags.contains(FileFlags::NONBLOCK));
        rustix::fs::fcntl_setfl(&self.fd, host)?;
        self.flags = flags;
        Ok(())
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        Ok(Attributes::from(rustix::fs::fstat(&self.fd)?))
    }

    /// What the host is asked whether it is ready.
    pub(crate) fn host(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Takes a connection, which blocks or not by `flags`. `EINVAL` where it does not listen.
    pub(crate) fn accept(&self, flags: FileFlags) -> Result<Socket, Errno> {
        if !self.listens || !FileFlags::NONBLOCK.contains(flags) {
            return Err(Errno::INVAL);
        }
        let mut host = SocketFlags::CLOEXEC;
        host.set(SocketFlags::NONBLOCK, flags.contains(FileFlags::NONBLOCK));
        // A connection that is gone before it is taken is no reason to end the wait for the next one.
        loop {
            match retry(|| rustix::net::accept_with(&self.fd, host)) {
                Err(Errno::CONNABORTED) => {}
                taken => return taken.map(|fd| Socket { fd, flags, listens: false }),
            }
        }
    }

    /// Receives; returns how many bytes came, 0 at the end, and whether some were cut off.
    pub(crate) fn receive(&self, buffers: &mut [IoSliceMut<'_>], how: Receive) -> Result<(usize, bool), Errno> {
        let mut flags = RecvFlags::empty();
        flags.set(RecvFlags::PEEK, how.peek);
        flags.set(RecvFlags::WAITALL, how.wait_all);
        let mut nothing = RecvAncillaryBuffer::new(&mut []);
        let received = retry(|| rustix::net::recvmsg(&self.fd, buffers, &mut nothing, flags))?;
        Ok((received.bytes, received.flags.contains(ReturnFlags::TRUNC)))
    }

    /// Sends; returns how many bytes went. `EPIPE` where nobody receives any more, without a signal.
    pub(crate) fn send(&self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut nothing = SendAncillaryBuffer::new(&mut []);
        retry(|| rustix::net::sendmsg(&self.fd, buffers, &mut nothing, SendFlags::NOSIGNAL))
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
