//! Reading a directory in order, from any place in it, with a bounded piece of it held at a time.
//!
//! `directory` keeps one [`Listing`] per open directory. A place is the number of entries before it: C libraries keep
//! places in 32 bits, into which the host's own, what `getdents64` gives for the place after an entry, do not fit. The
//! entries of the last piece read are held, so going forward, in however small steps, makes the host read each piece
//! once and is not disturbed by what is added or removed meanwhile. To go back, the host's places of some earlier
//! entries are remembered, and the rest of the way is counted anew.
//!
//! ```text
//!     entries   0 1 2 3 4 5 6 7 8 9 . . .
//!     marks     ^       ^       ^             (entry, host's place): a bounded number, the more the wider apart
//!     piece                     [8 9 10 11]   the host's offset stands after it
//! ```

use crate::attributes::FileKind;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, RawDir, SeekFrom};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much of a directory is read, and at most held, at a time.
const PIECE: usize = 8 * 1024;

/// How many bytes the listings of one guest may hold together that are in the order of names: some hundred thousand entries.
const MOST_HELD: usize = 64 << 20;

/// How many places are remembered at most.
const MARKS: usize = 64;

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) inode: u64,
    pub(crate) kind: FileKind,
    /// Any bytes but NUL and `/`: the host's names need not be UTF-8.
    pub(crate) name: Box<[u8]>,
}

/// Where on the host the entry of a number is.
#[derive(Clone, Copy, Debug)]
struct Mark {
    entry: u64,
    host: u64,
}

impl Mark {
    const START: Mark = Mark { entry: 0, host: 0 };
}

/// The state of reading one directory.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The piece last read. Empty at the end, and before anything was read.
    piece: Vec<Entry>,
    /// Where the piece begins.
    begin: Mark,
    /// Where the piece ends, and the host's offset stands.
    end: Mark,
    /// Earlier places, in order, the start first.
    marks: Vec<Mark>,
    /// How many entries marks are apart at least.
    apart: u64,
    /// What the piece takes where entries come in the order of their names. Then it is all of the directory.
    sorted: Option<Held>,
}

/// What the listings of one guest may still hold, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// As much as a guest gets.
    pub(crate) fn new() -> Budget {
        Budget(Arc::new(AtomicUsize::new(MOST_HELD)))
    }
}

/// What a listing holds of a budget. It goes back when the listing forgets what it has read.
#[derive(Debug)]
struct Held {
    of: Budget,
    bytes: usize,
}

impl Held {
    /// Takes what an entry needs; `ENOMEM` where there is no more.
    fn take(&mut self, entry: &Entry) -> Result<(), Errno> {
        // With what an allocation takes besides.
        let bytes = size_of::<Entry>() + 16 + entry.name.len();
        let less = |left: usize| left.checked_sub(bytes);
        self.of.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).map_err(|_| Errno::NOMEM)?;
        self.bytes += bytes;
        Ok(())
    }

    fn give_back(&mut self) {
        self.of.0.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Default for Listing {
    fn default() -> Listing {
        let marks = vec![Mark::START];
        Listing { piece: Vec::new(), begin: Mark::START, end: Mark::START, marks, apart: 1, sorted: None }
    }
}

impl Listing {
    /// A listing in the order of names, which is the same on every host, and holds all of a directory at once: `ENOMEM` where that is more
    /// than is left in the budget.
    pub(crate) fn sorted(of: Budget) -> Listing {
        Listing { sorted: Some(Held { of, bytes: 0 }), ..Listing::default() }
    }

    /// A listing of another directory in the same order.
    pub(crate) fn anew(&self) -> Listing {
        self.sorted.as_ref().map_or_else(Listing::default, |held| Listing::sorted(held.of.clone()))
    }

    /// [`Listing::entry`] in the order of names.
    fn sorted_entry(&mut self, fd: BorrowedFd<'_>, place: u64) -> Result<Option<&Entry>, Errno> {
        if place == 0 || self.piece.is_empty() {
            self.go(fd, Mark::START)?;
            let mut all = Vec::new();
            self.sorted.iter_mut().for_each(Held::give_back);
            loop {
                self.read(fd)?;
                if self.piece.is_empty() {
                    break;
                }
                if let Some(held) = &mut self.sorted {
                    let taken = self.piece.iter().try_for_each(|entry| held.take(entry));
                    taken.inspect_err(|_| held.give_back()).inspect_err(|_| self.piece.clear())?;
                }
                all.append(&mut self.piece);
            }
            all.sort_by(|one: &Entry, other: &Entry| one.name.cmp(&other.name));
            self.piece = all;
        }
        Ok(usize::try_from(place).ok().and_then(|place| self.piece.get(place)))
    }

    /// The entry before which there are `place` others, or `None` beyond the end. `fd` must be the same open directory
    /// every time, at its start the first time, and be moved by nobody else. Asking for the first reads the directory
    /// anew.
    pub(crate) fn entry(&mut self, fd: BorrowedFd<'_>, place: u64) -> Result<Option<&Entry>, Errno> {
        if self.sorted.is_some() {
            return self.sorted_entry(fd, place);
        }
        if place == 0 {
            *self = Listing::default();
            self.go(fd, Mark::START)?;
        } else if place < self.begin.entry {
            let before = self.marks.partition_point(|mark| mark.entry <= place);
            let mark = before.checked_sub(1).and_then(|index| self.marks.get(index)).copied();
            self.go(fd, mark.unwrap_or(Mark::START))?;
        }
        while place >= self.end.entry {
            self.read(fd)?;
            if self.piece.is_empty() {
                return Ok(None);
            }
        }
        let index = usize::try_from(place.saturating_sub(self.begin.entry)).map_err(|_| Errno::OVERFLOW)?;
        Ok(self.piece.get(index))
    }

    /// Sets the host's offset to `mark`.
    fn go(&mut self, fd: BorrowedFd<'_>, mark: Mark) -> Result<(), Errno> {
        self.piece.clear();
        (self.begin, self.end) = (mark, mark);
        rustix::fs::seek(fd, SeekFrom::Start(mark.host)).map(|_| ())
    }

    /// Remembers where the piece begins, if the last mark is far enough away.
    fn mark(&mut self) {
        let last = self.marks.last().map_or(0, |mark| mark.entry);
        if self.begin.entry < last.saturating_add(self.apart) {
            return;
        }
        if self.marks.len() == MARKS {
            // Every other one goes, but not the start.
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
            self.apart = self.apart.saturating_mul(2);
        }
        self.marks.push(self.begin);
    }

    /// Replaces the piece with the entries that follow it, or with nothing at the end.
    fn read(&mut self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        self.piece.clear();
        self.begin = self.end;
        self.mark();
        let mut buffer = [MaybeUninit::uninit(); PIECE];
        let mut entries = RawDir::new(fd, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // A directory that was removed while open has no entries left.
                Err(Errno::NOENT) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            let name = entry.file_name();
            let mut kind = FileKind::from(entry.file_type());
            if entry.file_type() == rustix::fs::FileType::Unknown {
                // Some file systems do not say; asking may race with a removal, and then it stays unknown.
                if let Ok(stat) = rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                    kind = FileKind::from(rustix::fs::FileType::from_raw_mode(stat.st_mode));
                }
            }
            self.end = Mark { entry: self.end.entry.saturating_add(1), host: entry.next_entry_cookie() };
            self.piece.push(Entry { inode: entry.ino(), kind, name: Box::from(name.to_bytes()) });
            if entries.is_buffer_empty() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;
    use std::collections::BTreeSet;
    use std::fs::File;

    /// All entries from `place` on.
    fn rest(listing: &mut Listing, directory: &File, place: u64) -> Vec<String> {
        let name = |place| {
            let entry = listing.entry(directory.as_fd(), place).unwrap()?;
            Some(String::from_utf8(entry.name.to_vec()).unwrap())
        };
        (place..).map_while(name).collect()
    }

    fn filled(count: usize) -> (tempfile::TempDir, File, BTreeSet<String>) {
        let directory = tempfile::tempdir().unwrap();
        let mut names = BTreeSet::from([".".to_owned(), "..".to_owned()]);
        for index in 0..count {
            let name = format!("a-name-that-is-not-short-and-so-makes-many-pieces-{index:05}");
            File::create(directory.path().join(&name)).unwrap();
            names.insert(name);
        }
        let open = File::open(directory.path()).unwrap();
        (directory, open, names)
    }

    #[test]
    fn sees_each_entry_once_over_many_pieces() {
        let (_directory, open, names) = filled(2000);
        let mut listing = Listing::default();
        for _ in 0..2 {
            let seen = rest(&mut listing, &open, 0);
            assert_eq!(seen.len(), names.len());
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), names);
        }
    }

    #[test]
    fn names_come_in_order_where_that_is_asked_for() {
        let (directory, open, names) = filled(500);
        let mut listing = Listing::sorted(Budget::new());
        let sorted: Vec<String> = names.into_iter().collect();
        assert_eq!(rest(&mut listing, &open, 0), sorted);
        assert_eq!(rest(&mut listing, &open, 400), sorted[400..]);
        assert_eq!(rest(&mut Listing::sorted(Budget::new()), &open, 499), sorted[499..]);
        std::fs::remove_file(directory.path().join(&sorted[10])).unwrap();
        assert_eq!(rest(&mut listing, &open, 5), sorted[5..], "places stay while it is read on");
        assert_eq!(rest(&mut listing, &open, 0).len(), sorted.len() - 1);
    }

    #[test]
    fn sorted_listings_hold_no_more_than_their_budget() {
        let (_directory, open, names) = filled(100);
        let again = open.try_clone().unwrap();
        let bytes: usize = names.iter().map(|name| size_of::<Entry>() + 16 + name.len()).sum();
        let budget = Budget(Arc::new(AtomicUsize::new(bytes + 10)));
        let mut one = Listing::sorted(budget.clone());
        assert_eq!(rest(&mut one, &open, 0).len(), names.len());
        assert_eq!(rest(&mut one, &open, 0).len(), names.len(), "what is read anew takes the place of what was read");
        let mut other = one.anew();
        assert_eq!(other.entry(again.as_fd(), 0), Err(Errno::NOMEM));
        assert_eq!(other.entry(again.as_fd(), 3), Err(Errno::NOMEM));
        drop(one);
        assert_eq!(rest(&mut other, &again, 0).len(), names.len());
        drop(other);
        assert_eq!(budget.0.load(Ordering::Relaxed), bytes + 10);
    }

    #[test]
    fn any_place_can_be_asked_again_in_any_order() {
        // Enough for marks to be thinned out.
        let (directory, open, names) = filled(MARKS * PIECE / 64);
        let mut listing = Listing::default();
        let all = rest(&mut listing, &open, 0);
        assert_eq!(all.len(), names.len());
        assert!(listing.apart > 1 && listing.marks.len() <= MARKS);
        let length = u64::try_from(all.len()).unwrap();
        for step in [1, 7, 311, 4999] {
            let mut place = 1;
            for _ in 0..50 {
                place = (place + step * 1237) % (length - 1) + 1;
                let entry = listing.entry(open.as_fd(), place).unwrap();
                let expected = all.get(usize::try_from(place).unwrap()).map(|name| name.as_bytes());
                assert_eq!(entry.map(|entry| &*entry.name), expected);
            }
        }
        assert_eq!(rest(&mut listing, &open, length - 5), all[all.len() - 5..]);
        let anew = File::open(directory.path()).unwrap();
        assert_eq!(rest(&mut Listing::default(), &anew, length - 5), all[all.len() - 5..]);
    }

    /// What `rm -r` does: read some, remove those, go on.
    #[test]
    fn removing_what_was_read_skips_nothing() {
        let (directory, open, names) = filled(1000);
        let mut listing = Listing::default();
        let (mut place, mut removed) = (0, 2);
        while let Some(entry) = listing.entry(open.as_fd(), place).unwrap() {
            place += 1;
            let name = String::from_utf8(entry.name.to_vec()).unwrap();
            if name != "." && name != ".." {
                std::fs::remove_file(directory.path().join(name)).unwrap();
                removed += 1;
            }
        }
        assert_eq!(removed, names.len());
    }

    #[test]
    fn the_first_place_is_read_anew_and_one_beyond_the_end_is_the_end() {
        let (directory, open, _) = filled(1);
        let mut listing = Listing::default();
        for place in [u64::MAX, 1 << 63, 3] {
            assert_eq!(listing.entry(open.as_fd(), place).unwrap(), None);
        }
        assert_eq!(rest(&mut listing, &open, 0).len(), 3);
        assert_eq!(rest(&mut listing, &open, 1).len(), 2);
        File::create(directory.path().join("late")).unwrap();
        assert_eq!(rest(&mut listing, &open, 0).len(), 4);
    }

    #[test]
    fn a_removed_directory_is_at_its_end() {
        let (directory, open, _) = filled(0);
        drop(directory);
        assert_eq!(Listing::default().entry(open.as_fd(), 0).unwrap(), None);
    }
}
