//! What a guest's descriptor can stand for.
//!
//! The faces keep descriptors in tables of their own; the context makes the first ones.

use crate::attributes::{Attributes, FileKind};
use crate::directory::{Directory, Opened};
use crate::file::{File, FileFlags};
use crate::poll::Readiness;
use crate::socket::Socket;
use crate::stdio::{Input, Output};
use rustix::io::Errno;
use std::sync::Arc;

/// Something a guest holds open. A clone is the same thing: a call that is under way on one thread keeps it open when another closes it.
#[derive(Clone, Debug)]
pub(crate) enum Descriptor {
    Input(Arc<Input>),
    Output(Arc<Output>),
    File(Arc<File>),
    Directory(Arc<Directory>),
    Socket(Arc<Socket>),
}

/// Makes a descriptor of each kind of thing.
macro_rules! from {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Descriptor {
            fn from(thing: $kind) -> Descriptor {
                Descriptor::$kind(Arc::new(thing))
            }
        })*
    };
}

from! { Input, Output, File, Directory, Socket }

impl From<Opened> for Descriptor {
    fn from(opened: Opened) -> Descriptor {
        match opened {
            Opened::File(file) => file.into(),
            Opened::Directory(directory) => directory.into(),
        }
    }
}

impl Descriptor {
    /// What kind of file it is.
    pub(crate) fn kind(&self) -> FileKind {
        match self {
            Descriptor::Input(input) => input.kind(),
            Descriptor::Output(output) => output.kind(),
            Descriptor::File(file) => file.kind(),
            Descriptor::Directory(_) => FileKind::Directory,
            Descriptor::Socket(socket) => socket.kind(),
        }
    }

    /// How its reads and writes behave.
    pub(crate) fn flags(&self) -> FileFlags {
        match self {
            Descriptor::Input(input) => input.flags(),
            Descriptor::Output(output) => output.flags(),
            Descriptor::File(file) => file.flags(),
            Descriptor::Directory(_) => FileFlags::empty(),
            Descriptor::Socket(socket) => socket.flags(),
        }
    }

    /// Changes how its reads and writes behave. A directory has neither: only "no flags" can be set.
    pub(crate) fn set_flags(&self, flags: FileFlags) -> Result<(), Errno> {
        match self {
            Descriptor::Input(input) => input.set_flags(flags),
            Descriptor::Output(output) => output.set_flags(flags),
            Descriptor::File(file) => file.set_flags(flags),
            Descriptor::Socket(socket) => socket.set_flags(flags),
            Descriptor::Directory(_) if (flags - FileFlags::NONBLOCK).is_empty() => Ok(()),
            Descriptor::Directory(_) => Err(Errno::INVAL),
        }
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        match self {
            Descriptor::Input(input) => input.attributes(),
            Descriptor::Output(output) => output.attributes(),
            Descriptor::File(file) => file.attributes(),
            Descriptor::Directory(directory) => directory.attributes(),
            Descriptor::Socket(socket) => socket.attributes(),
        }
    }

    /// Can it be read (`writing` false) or written without blocking? `EBADF` if it can be neither.
    pub(crate) fn readiness(&self, writing: bool) -> Result<Readiness<'_>, Errno> {
        match self {
            Descriptor::Input(input) if !writing => Ok(input.readiness()),
            Descriptor::Output(output) if writing => Ok(output.readiness()),
            Descriptor::File(file) => file.readiness(writing),
            Descriptor::Socket(socket) => Ok(socket.readiness()),
            _ => Err(Errno::BADF),
        }
    }
}
