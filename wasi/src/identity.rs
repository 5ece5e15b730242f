//! What a guest learns of a file beside its contents, where that must not depend on the host.
//!
//! The faces pass attributes and inodes through here when the context was built to be deterministic. Files are told apart by the order
//! in which a guest came to know of them.

use crate::attributes::{Attributes, FileKind};
use rustix::io::Errno;
use std::collections::HashMap;

/// How many files are told apart.
const MOST: usize = 1 << 20;

/// The device that every file is on.
const DEVICE: u64 = 1;

/// The files that a guest knows of.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// By device and inode on the host.
    numbers: HashMap<(u64, u64), u64>,
}

impl Identities {
    /// The number of a file; `ENOMEM` when there are too many.
    pub(crate) fn number(&mut self, device: u64, inode: u64) -> Result<u64, Errno> {
        let next = u64::try_from(self.numbers.len()).map_err(|_| Errno::OVERFLOW)? + 1;
        if self.numbers.len() >= MOST && !self.numbers.contains_key(&(device, inode)) {
            return Err(Errno::NOMEM);
        }
        Ok(*self.numbers.entry((device, inode)).or_insert(next))
    }

    /// The attributes without what is the host's: times are 0; how large a directory is, and how many names it has, are the file
    /// system's.
    pub(crate) fn attributes(&mut self, of: &Attributes) -> Result<Attributes, Errno> {
        let directory = of.kind == FileKind::Directory;
        Ok(Attributes {
            device: DEVICE,
            inode: self.number(of.device, of.inode)?,
            kind: of.kind,
            links: if directory { 1 } else { of.links },
            size: if directory { 0 } else { of.size },
            accessed: 0,
            modified: 0,
            changed: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_as_they_are_seen() {
        let mut identities = Identities::default();
        let numbers = [(7, 9), (7, 3), (8, 9), (7, 9)].map(|(device, inode)| identities.number(device, inode).unwrap());
        assert_eq!(numbers, [1, 2, 3, 1]);
    }

    #[test]
    fn what_is_the_hosts_is_left_out() {
        let mut of = Attributes::of_kind(FileKind::RegularFile);
        (of.device, of.inode, of.size, of.links, of.modified) = (5, 6, 7, 2, 8);
        let shown = Identities::default().attributes(&of).unwrap();
        assert_eq!((shown.device, shown.inode, shown.size, shown.links, shown.modified), (1, 1, 7, 2, 0));
        of.kind = FileKind::Directory;
        let shown = Identities::default().attributes(&of).unwrap();
        assert_eq!((shown.size, shown.links), (0, 1));
    }
}
