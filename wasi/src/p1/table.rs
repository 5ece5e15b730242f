//! The descriptors of a guest: which number stands for what, and with which rights.
//!
//! The context makes the table with the standard streams and the preopened directories; the functions of this face
//! look numbers up, add, move and remove. The table holds at most [`CAPACITY`] descriptors, whatever numbers a guest
//! names.

use super::errno::Errno;
use super::rights::Rights;
use crate::descriptor::Descriptor;
use crate::directory::Directory;
use crate::file::File;
use rustix::fs::SeekFrom;

/// How many descriptors a guest may have open, besides what it was given. More is `EMFILE`.
const CAPACITY: usize = 1024;

/// A descriptor and the rights it has left.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) descriptor: Descriptor,
    /// What may be done with it.
    pub(super) base: Rights,
    /// What may at most be done with what is opened through it.
    pub(super) inheriting: Rights,
}

impl Entry {
    /// `ENOTCAPABLE` unless all `rights` are left.
    pub(super) fn require(&self, rights: Rights) -> Result<(), Errno> {
        if self.base.contains(rights) { Ok(()) } else { Err(Errno::NOTCAPABLE) }
    }

    /// `ENOTCAPABLE` unless any of `rights` is left.
    pub(super) fn require_any(&self, rights: Rights) -> Result<(), Errno> {
        if self.base.intersects(rights) { Ok(()) } else { Err(Errno::NOTCAPABLE) }
    }
}

/// All descriptors of one guest.
#[derive(Debug)]
pub(crate) struct DescriptorTable {
    /// By number. The last is never `None`.
    entries: Vec<Option<Entry>>,
    /// How many there may be.
    capacity: usize,
}

impl DescriptorTable {
    /// The table whose first descriptors are `given`, numbered from 0, with every right that means something to them.
    pub(crate) fn new(given: impl Iterator<Item = Descriptor>) -> DescriptorTable {
        let entries: Vec<_> = given.map(|descriptor| Some(all_rights(descriptor))).collect();
        let capacity = entries.len() + CAPACITY;
        DescriptorTable { entries, capacity }
    }

    /// What `fd` stands for; `EBADF` if nothing.
    pub(super) fn entry(&self, fd: u32) -> Result<&Entry, Errno> {
        self.entries.get(index(fd)).and_then(Option::as_ref).ok_or(Errno::BADF)
    }

    /// What `fd` stands for, to be changed; `EBADF` if nothing.
    pub(super) fn entry_mut(&mut self, fd: u32) -> Result<&mut Entry, Errno> {
        self.entries.get_mut(index(fd)).and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    /// The directory `fd`, with all `rights`. `ENOTDIR` if it is none.
    pub(super) fn directory(&self, fd: u32, rights: Rights) -> Result<&Directory, Errno> {
        let entry = self.entry(fd)?;
        let Descriptor::Directory(directory) = &entry.descriptor else {
            return Err(Errno::NOTDIR);
        };
        entry.require(rights)?;
        Ok(directory)
    }

    /// The file `fd`, with all `rights`. `EISDIR` for a directory, `EINVAL` for a standard stream.
    pub(super) fn file(&self, fd: u32, rights: Rights) -> Result<&File, Errno> {
        let entry = self.entry(fd)?;
        let file = match &entry.descriptor {
            Descriptor::File(file) => file,
            Descriptor::Directory(_) => return Err(Errno::ISDIR),
            Descriptor::Input(_) | Descriptor::Output(_) | Descriptor::Socket(_) => return Err(Errno::INVAL),
        };
        entry.require(rights)?;
        Ok(file)
    }

    /// The number the next descriptor would get, the lowest that is free; `EMFILE` if there may be no more. Asked
    /// before opening, so that nothing is opened, created or cut that then has no number.
    pub(super) fn free(&self) -> Result<u32, Errno> {
        let free = self.entries.iter().position(Option::is_none).unwrap_or(self.entries.len());
        if free >= self.capacity {
            return Err(Errno::MFILE);
        }
        u32::try_from(free).map_err(|_| Errno::MFILE)
    }

    /// Adds a descriptor and returns its number, the lowest that is free.
    pub(super) fn insert(&mut self, entry: Entry) -> Result<u32, Errno> {
        let fd = self.free()?;
        match self.entries.get_mut(index(fd)) {
            Some(slot) => *slot = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        Ok(fd)
    }

    /// Removes `fd`; `EBADF` if it stands for nothing.
    pub(super) fn remove(&mut self, fd: u32) -> Result<Entry, Errno> {
        let entry = self.entries.get_mut(index(fd)).and_then(Option::take).ok_or(Errno::BADF)?;
        while let Some(None) = self.entries.last() {
            self.entries.pop();
        }
        Ok(entry)
    }

    /// Makes `to` stand for what `from` stands for, and `from` for nothing; what `to` stood for is closed. Both must
    /// stand for something, or it is `EBADF`. Onto itself it does nothing.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.entry(from)?;
        self.entry(to)?;
        if from != to {
            let moved = self.remove(from)?;
            // Removing a higher number never removes a lower one that stands for something.
            *self.entry_mut(to)? = moved;
        }
        Ok(())
    }
}

fn index(fd: u32) -> usize {
    usize::try_from(fd).expect("every supported host has 64-bit addresses")
}

/// `descriptor` with every right that means something to it.
pub(super) fn all_rights(descriptor: Descriptor) -> Entry {
    let (base, inheriting) = match &descriptor {
        Descriptor::Input(input) => {
            (Rights::OF_INPUT | seekable(input.seek(SeekFrom::Current(0)).is_ok()), Rights::empty())
        }
        Descriptor::Output(output) => {
            (Rights::OF_OUTPUT | seekable(output.seek(SeekFrom::Current(0)).is_ok()), Rights::empty())
        }
        Descriptor::File(_) => (Rights::OF_FILE, Rights::empty()),
        Descriptor::Directory(_) => (Rights::OF_DIRECTORY, Rights::all()),
        Descriptor::Socket(socket) if socket.listens() => (Rights::OF_LISTENER, Rights::OF_CONNECTION),
        Descriptor::Socket(_) => (Rights::OF_CONNECTION, Rights::empty()),
    };
    Entry { descriptor, base, inheriting }
}

fn seekable(yes: bool) -> Rights {
    if yes { Rights::OF_SEEKABLE } else { Rights::empty() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stdio::{Input, Output, Sink, Source};

    fn input() -> Entry {
        all_rights(Descriptor::Input(Input::new(Source::Empty)))
    }

    fn table(count: usize) -> DescriptorTable {
        DescriptorTable::new((0..count).map(|_| Descriptor::Output(Output::new(Sink::Discard))))
    }

    fn is_input(table: &DescriptorTable, fd: u32) -> bool {
        matches!(table.entry(fd).unwrap().descriptor, Descriptor::Input(_))
    }

    #[test]
    fn the_lowest_free_number_is_next() {
        let mut table = table(3);
        assert_eq!(table.insert(input()), Ok(3));
        table.remove(1).unwrap();
        assert_eq!(table.insert(input()), Ok(1));
        assert_eq!(table.insert(input()), Ok(4));
    }

    #[test]
    fn numbers_that_stand_for_nothing_are_bad() {
        let mut table = table(3);
        for fd in [3, 4, 1 << 31, u32::MAX] {
            assert_eq!(table.entry(fd).map(|_| ()), Err(Errno::BADF));
            assert_eq!(table.remove(fd).map(|_| ()), Err(Errno::BADF));
            assert_eq!(table.renumber(fd, 0), Err(Errno::BADF));
            assert_eq!(table.renumber(0, fd), Err(Errno::BADF));
            assert_eq!(table.renumber(fd, fd), Err(Errno::BADF));
        }
        assert!(table.entries.len() == 3, "the table must not grow to a number a guest names");
    }

    #[test]
    fn renumbering_moves_and_closes() {
        let mut table = table(3);
        table.insert(input()).unwrap();
        table.renumber(3, 3).unwrap();
        assert!(is_input(&table, 3));
        table.renumber(3, 0).unwrap();
        assert!(is_input(&table, 0));
        assert!(table.entry(3).is_err());
        table.insert(input()).unwrap();
        table.renumber(2, 3).unwrap();
        assert!(!is_input(&table, 3));
        assert!(table.entry(2).is_err());
        assert_eq!(table.insert(input()), Ok(2));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = table(3);
        for _ in 0..CAPACITY {
            table.insert(input()).unwrap();
        }
        assert_eq!(table.insert(input()), Err(Errno::MFILE));
        assert_eq!(table.free(), Err(Errno::MFILE));
        table.remove(7).unwrap();
        assert_eq!(table.insert(input()), Ok(7));
    }
}
