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
use crate::sync::lock;
use rustix::fs::SeekFrom;
use std::sync::{Arc, Mutex};

/// How many descriptors a guest may have open, besides what it was given. More is `EMFILE`.
const CAPACITY: usize = 1024;

/// A descriptor and the rights it has left.
#[derive(Clone, Debug)]
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

/// All descriptors of one guest. Its threads look up, add and remove at the same time.
#[derive(Debug)]
pub(crate) struct DescriptorTable(Mutex<Entries>);

#[derive(Debug)]
struct Entries {
    /// By number. The last is never `None`.
    by_number: Vec<Option<Entry>>,
    /// How many are.
    open: usize,
    /// How many are about to be.
    reserved: usize,
    /// How many there may be.
    capacity: usize,
}

impl DescriptorTable {
    /// The table whose first descriptors are `given`, numbered from 0, with every right that means something to them. Besides them there
    /// may be `most`, or [`CAPACITY`].
    pub(crate) fn new(given: impl Iterator<Item = Descriptor>, most: Option<usize>) -> DescriptorTable {
        let by_number: Vec<_> = given.map(|descriptor| Some(all_rights(descriptor))).collect();
        let open = by_number.len();
        let capacity = open.saturating_add(most.unwrap_or(CAPACITY));
        DescriptorTable(Mutex::new(Entries { by_number, open, reserved: 0, capacity }))
    }

    /// What `fd` stands for; `EBADF` if nothing.
    pub(super) fn entry(&self, fd: u32) -> Result<Entry, Errno> {
        lock(&self.0).by_number.get(index(fd)).cloned().flatten().ok_or(Errno::BADF)
    }

    /// The directory `fd`, with all `rights`. `ENOTDIR` if it is none.
    pub(super) fn directory(&self, fd: u32, rights: Rights) -> Result<Arc<Directory>, Errno> {
        let entry = self.entry(fd)?;
        let Descriptor::Directory(directory) = &entry.descriptor else {
            return Err(Errno::NOTDIR);
        };
        entry.require(rights)?;
        Ok(directory.clone())
    }

    /// The file `fd`, with all `rights`. `EISDIR` for a directory, `EINVAL` for a standard stream.
    pub(super) fn file(&self, fd: u32, rights: Rights) -> Result<Arc<File>, Errno> {
        let entry = self.entry(fd)?;
        let file = match &entry.descriptor {
            Descriptor::File(file) => file,
            Descriptor::Directory(_) => return Err(Errno::ISDIR),
            Descriptor::Input(_) | Descriptor::Output(_) | Descriptor::Socket(_) => return Err(Errno::INVAL),
        };
        entry.require(rights)?;
        Ok(file.clone())
    }

    /// Leaves `fd` these rights; `ENOTCAPABLE` if it does not have all of them.
    pub(super) fn restrict(&self, fd: u32, base: Rights, inheriting: Rights) -> Result<(), Errno> {
        let mut entries = lock(&self.0);
        let entry = entries.by_number.get_mut(index(fd)).and_then(Option::as_mut).ok_or(Errno::BADF)?;
        if !entry.base.contains(base) || !entry.inheriting.contains(inheriting) {
            return Err(Errno::NOTCAPABLE);
        }
        (entry.base, entry.inheriting) = (base, inheriting);
        Ok(())
    }

    /// Keeps room for one more descriptor; `EMFILE` if there may be no more. Asked for before opening, so that nothing is opened, created or
    /// cut that then has no number.
    pub(super) fn reserve(&self) -> Result<Place<'_>, Errno> {
        let mut entries = lock(&self.0);
        if entries.open.saturating_add(entries.reserved) >= entries.capacity {
            return Err(Errno::MFILE);
        }
        entries.reserved += 1;
        Ok(Place(self))
    }

    /// Removes `fd`; `EBADF` if it stands for nothing.
    pub(super) fn remove(&self, fd: u32) -> Result<Entry, Errno> {
        lock(&self.0).remove(fd)
    }

    /// Makes `to` stand for what `from` stands for, and `from` for nothing; what `to` stood for is closed. Both must
    /// stand for something, or it is `EBADF`. Onto itself it does nothing.
    pub(super) fn renumber(&self, from: u32, to: u32) -> Result<(), Errno> {
        let mut entries = lock(&self.0);
        let known = |fd: u32| entries.by_number.get(index(fd)).is_some_and(Option::is_some);
        if !known(from) || !known(to) {
            return Err(Errno::BADF);
        }
        if from == to {
            return Ok(());
        }
        let moved = entries.remove(from)?;
        // Removing a higher number never removes a lower one that stands for something.
        let closed = entries.by_number.get_mut(index(to)).ok_or(Errno::BADF)?.replace(moved);
        // Closing may take its time, and others need not wait for it.
        drop(entries);
        drop(closed);
        Ok(())
    }
}

impl Entries {
    fn remove(&mut self, fd: u32) -> Result<Entry, Errno> {
        let entry = self.by_number.get_mut(index(fd)).and_then(Option::take).ok_or(Errno::BADF)?;
        self.open -= 1;
        while let Some(None) = self.by_number.last() {
            self.by_number.pop();
        }
        Ok(entry)
    }
}

/// Room for one descriptor, which is given back unless it is filled.
#[derive(Debug)]
pub(super) struct Place<'t>(&'t DescriptorTable);

impl Place<'_> {
    /// Adds a descriptor and returns its number, the lowest that is free.
    pub(super) fn fill(self, entry: Entry) -> u32 {
        let mut entries = lock(&self.0.0);
        entries.open += 1;
        let free = entries.by_number.iter().position(Option::is_none).unwrap_or(entries.by_number.len());
        match entries.by_number.get_mut(free) {
            Some(slot) => *slot = Some(entry),
            None => entries.by_number.push(Some(entry)),
        }
        u32::try_from(free).expect("nobody has room for so many descriptors")
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).reserved -= 1;
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
        all_rights(Descriptor::from(Input::new(Source::Empty)))
    }

    fn table(count: usize) -> DescriptorTable {
        DescriptorTable::new((0..count).map(|_| Descriptor::from(Output::new(Sink::Discard))), None)
    }

    fn insert(table: &DescriptorTable) -> Result<u32, Errno> {
        Ok(table.reserve()?.fill(input()))
    }

    fn is_input(table: &DescriptorTable, fd: u32) -> bool {
        matches!(table.entry(fd).unwrap().descriptor, Descriptor::Input(_))
    }

    #[test]
    fn the_lowest_free_number_is_next() {
        let table = table(3);
        assert_eq!(insert(&table), Ok(3));
        table.remove(1).unwrap();
        assert_eq!(insert(&table), Ok(1));
        assert_eq!(insert(&table), Ok(4));
    }

    #[test]
    fn numbers_that_stand_for_nothing_are_bad() {
        let table = table(3);
        for fd in [3, 4, 1 << 31, u32::MAX] {
            assert_eq!(table.entry(fd).map(|_| ()), Err(Errno::BADF));
            assert_eq!(table.remove(fd).map(|_| ()), Err(Errno::BADF));
            assert_eq!(table.renumber(fd, 0), Err(Errno::BADF));
            assert_eq!(table.renumber(0, fd), Err(Errno::BADF));
            assert_eq!(table.renumber(fd, fd), Err(Errno::BADF));
        }
        assert!(lock(&table.0).by_number.len() == 3, "the table must not grow to a number a guest names");
    }

    #[test]
    fn renumbering_moves_and_closes() {
        let table = table(3);
        insert(&table).unwrap();
        table.renumber(3, 3).unwrap();
        assert!(is_input(&table, 3));
        table.renumber(3, 0).unwrap();
        assert!(is_input(&table, 0));
        assert!(table.entry(3).is_err());
        insert(&table).unwrap();
        table.renumber(2, 3).unwrap();
        assert!(!is_input(&table, 3));
        assert!(table.entry(2).is_err());
        assert_eq!(insert(&table), Ok(2));
    }

    #[test]
    fn the_table_is_bounded() {
        let table = table(3);
        for _ in 0..CAPACITY {
            insert(&table).unwrap();
        }
        assert_eq!(insert(&table), Err(Errno::MFILE));
        assert_eq!(table.reserve().map(|_| ()), Err(Errno::MFILE));
        table.remove(7).unwrap();
        let place = table.reserve().unwrap();
        assert_eq!(table.reserve().map(|_| ()), Err(Errno::MFILE), "it is taken");
        drop(place);
        assert_eq!(insert(&table), Ok(7));
    }

    #[test]
    fn a_table_may_be_told_how_many_it_holds() {
        let table = DescriptorTable::new([Descriptor::from(Output::new(Sink::Discard))].into_iter(), Some(2));
        assert_eq!((insert(&table), insert(&table), insert(&table)), (Ok(1), Ok(2), Err(Errno::MFILE)));
    }

    #[test]
    fn threads_never_get_the_same_number() {
        let table = table(3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let fd = insert(&table).unwrap();
                        assert!(is_input(&table, fd));
                        table.remove(fd).unwrap();
                    }
                });
            }
        });
        let entries = lock(&table.0);
        assert_eq!((entries.open, entries.reserved, entries.by_number.len()), (3, 0, 3));
    }
}
