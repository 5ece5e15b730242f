//! Is every permission and every right asked for on every route, and does a refused call leave all as it was?

use super::guest::{CREAT, DIRECTORY, Guest, Open, READ, READ_WRITE, ROOT, TRUNC, scratch, snapshot};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::p1::rights::Rights;
use crate::permission::{DirPerms, FilePerms};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const LOOK: DirPerms = DirPerms::READ;
const MUTATE: DirPerms = DirPerms::MUTATE;
const NO_FILE: FilePerms = FilePerms::empty();

pub(super) fn plant(root: &Path) {
    fs::create_dir_all(root.join("d")).unwrap();
    fs::create_dir_all(root.join("full")).unwrap();
    fs::write(root.join("f"), "content").unwrap();
    fs::write(root.join("full/x"), "x").unwrap();
    symlink("f", root.join("l")).unwrap();
}

/// Trees to do something with, planted anew only after they were changed.
pub(super) struct Grove {
    temp: TempDir,
    pub(super) roots: Vec<PathBuf>,
    before: BTreeMap<String, String>,
}

impl Grove {
    /// Trees at these places, relative to a new directory.
    pub(super) fn new(roots: &[&str]) -> Grove {
        let temp = scratch();
        let roots: Vec<_> = roots.iter().map(|root| temp.path().join(root)).collect();
        roots.iter().for_each(|root| plant(root));
        Grove { before: snapshot(temp.path()), temp, roots }
    }

    /// Do the trees look as they were planted?
    pub(super) fn untouched(&self) -> bool {
        snapshot(self.temp.path()) == self.before
    }

    pub(super) fn replant(&mut self) {
        for root in &self.roots {
            fs::remove_dir_all(root).unwrap();
            plant(root);
        }
        self.before = snapshot(self.temp.path());
    }
}

/// A way to do something with the directory `fd`.
pub(super) type Act = fn(&mut Guest, u32) -> Result<(), Errno>;

/// A way to do something, and what it takes.
pub(super) struct Op {
    pub(super) name: &'static str,
    pub(super) dir: DirPerms,
    pub(super) file: FilePerms,
    pub(super) rights: Rights,
    pub(super) act: Act,
}

const fn op(name: &'static str, dir: DirPerms, file: FilePerms, rights: Rights, act: Act) -> Op {
    Op { name, dir, file, rights, act }
}

fn opens(guest: &mut Guest, fd: u32, path: &str, oflags: u32, base: Rights) -> Result<(), Errno> {
    guest.open(fd, path, Open { oflags, base, ..Open::default() }).map(|_| ())
}

/// Every operation on a directory, with what it takes. `READ_DIR` and so on are what they need besides.
pub(super) fn operations() -> Vec<Op> {
    let both = DirPerms::all();
    let (read, write) = (FilePerms::READ, FilePerms::WRITE);
    let opening = Rights::PATH_OPEN;
    let creating = opening.union(Rights::PATH_CREATE_FILE);
    let cutting = opening.union(Rights::PATH_FILESTAT_SET_SIZE);
    let moving = Rights::PATH_RENAME_SOURCE.union(Rights::PATH_RENAME_TARGET);
    let linking = Rights::PATH_LINK_SOURCE.union(Rights::PATH_LINK_TARGET);
    let times = Rights::PATH_FILESTAT_SET_TIMES;
    vec![
        op("open", LOOK, NO_FILE, opening, |g, d| opens(g, d, "f", 0, Rights::empty())),
        op("open to read", LOOK, read, opening, |g, d| opens(g, d, "f", 0, READ)),
        op("open to write", LOOK, write, opening, |g, d| opens(g, d, "f", 0, Rights::FD_WRITE)),
        op("open to allocate", LOOK, write, opening, |g, d| opens(g, d, "f", 0, Rights::FD_ALLOCATE)),
        op("open to resize", LOOK, write, opening, |g, d| opens(g, d, "f", 0, Rights::FD_FILESTAT_SET_SIZE)),
        op("open for both", LOOK, FilePerms::all(), opening, |g, d| opens(g, d, "f", 0, READ_WRITE)),
        op("truncate", LOOK, write, cutting, |g, d| opens(g, d, "f", TRUNC, Rights::empty())),
        op("create", both, NO_FILE, creating, |g, d| opens(g, d, "new", CREAT, Rights::empty())),
        op("create to write", both, write, creating, |g, d| opens(g, d, "new", CREAT, Rights::FD_WRITE)),
        op("create to read", both, read, creating, |g, d| opens(g, d, "new", CREAT, READ)),
        op("create or cut", both, write, creating.union(cutting), |g, d| {
            opens(g, d, "f", CREAT | TRUNC, Rights::FD_WRITE)
        }),
        op("open directory", LOOK, NO_FILE, opening, |g, d| opens(g, d, "d", DIRECTORY, Rights::empty())),
        op("open directory to read", LOOK, NO_FILE, opening, |g, d| opens(g, d, "d", DIRECTORY, READ)),
        op("open directory unasked", LOOK, NO_FILE, opening, |g, d| opens(g, d, "d", 0, READ)),
        op("stat", LOOK, NO_FILE, Rights::PATH_FILESTAT_GET, |g, d| g.stat(d, "f", 0).map(|_| ())),
        op("stat followed", LOOK, NO_FILE, Rights::PATH_FILESTAT_GET, |g, d| g.stat(d, "l", 1).map(|_| ())),
        op("readlink", LOOK, NO_FILE, Rights::PATH_READLINK, |g, d| g.readlink(d, "l").map(|_| ())),
        op("readdir", LOOK, NO_FILE, Rights::FD_READDIR, |g, d| g.readdir(d, 100, 0).map(|_| ())),
        op("mkdir", MUTATE, NO_FILE, Rights::PATH_CREATE_DIRECTORY, |g, d| g.mkdir(d, "new")),
        op("mkdir below", MUTATE, NO_FILE, Rights::PATH_CREATE_DIRECTORY, |g, d| g.mkdir(d, "d/new")),
        op("rmdir", MUTATE, NO_FILE, Rights::PATH_REMOVE_DIRECTORY, |g, d| g.rmdir(d, "d")),
        op("unlink", MUTATE, NO_FILE, Rights::PATH_UNLINK_FILE, |g, d| g.unlink(d, "f")),
        op("unlink below", MUTATE, NO_FILE, Rights::PATH_UNLINK_FILE, |g, d| g.unlink(d, "full/x")),
        op("symlink", MUTATE, NO_FILE, Rights::PATH_SYMLINK, |g, d| g.symlink("f", d, "new")),
        op("rename", MUTATE, NO_FILE, moving, |g, d| g.rename(d, "f", d, "new")),
        op("rename over", MUTATE, NO_FILE, moving, |g, d| g.rename(d, "full/x", d, "f")),
        op("link", MUTATE, NO_FILE, linking, |g, d| g.link(d, "f", d, "new")),
        op("times of a file", MUTATE, write, times, |g, d| g.set_times_at(d, "f", 0, (1, 2), 5)),
        op("times followed", MUTATE, write, times, |g, d| g.set_times_at(d, "l", 1, (1, 2), 5)),
        op("times of a link", MUTATE, NO_FILE, times, |g, d| g.set_times_at(d, "l", 0, (1, 2), 5)),
        op("times of a directory", MUTATE, NO_FILE, times, |g, d| g.set_times_at(d, "d", 0, (1, 2), 5)),
        op("own times", MUTATE, NO_FILE, Rights::FD_FILESTAT_SET_TIMES, |g, d| g.set_times(d, 1, 2, 5)),
        op("own times by path", MUTATE, NO_FILE, times, |g, d| g.set_times_at(d, ".", 0, (1, 2), 5)),
    ]
}

fn dir_perms() -> [DirPerms; 4] {
    [DirPerms::empty(), LOOK, MUTATE, DirPerms::all()]
}

fn file_perms() -> [FilePerms; 4] {
    [FilePerms::empty(), FilePerms::READ, FilePerms::WRITE, FilePerms::all()]
}

#[test]
fn each_operation_under_each_permission() {
    let mut grove = Grove::new(&["root"]);
    let mut tried = 0;
    for (dir, file) in dir_perms().into_iter().flat_map(|dir| file_perms().map(|file| (dir, file))) {
        for op in operations() {
            let mut guest = Guest::with(&grove.roots[0], dir, file);
            let result = (op.act)(&mut guest, ROOT);
            expect(&mut grove, &op, dir, file, result);
            // What is opened below inherits the permissions.
            if dir.contains(LOOK) {
                let mut guest = Guest::with(grove.temp.path(), dir, file);
                let root = guest.open_dir(ROOT, "root").unwrap();
                let result = (op.act)(&mut guest, root);
                expect(&mut grove, &op, dir, file, result);
            }
            tried += 1;
        }
    }
    assert!(tried > 500);
}

/// `op` must have succeeded if it was permitted, and else have been refused and have changed nothing.
fn expect(grove: &mut Grove, op: &Op, dir: DirPerms, file: FilePerms, result: Result<(), Errno>) {
    let allowed = dir.contains(op.dir) && file.contains(op.file);
    assert_eq!(result, if allowed { Ok(()) } else { Err(Errno::PERM) }, "{} under {dir:?} {file:?}", op.name);
    if !grove.untouched() {
        assert!(allowed, "{} under {dir:?} {file:?} changed something", op.name);
        grove.replant();
    }
}

#[test]
fn each_operation_without_each_of_its_rights() {
    let mut grove = Grove::new(&["root"]);
    for op in operations() {
        for right in op.rights.iter() {
            let mut guest = Guest::free(&grove.roots[0]);
            guest.set_rights(ROOT, Rights::OF_DIRECTORY - right, Rights::all()).unwrap();
            assert_eq!((op.act)(&mut guest, ROOT), Err(Errno::NOTCAPABLE), "{} without {right:?}", op.name);
            assert!(grove.untouched(), "{} without {right:?}", op.name);
        }
        let mut guest = Guest::free(&grove.roots[0]);
        guest.set_rights(ROOT, op.rights, Rights::all()).unwrap();
        assert_eq!((op.act)(&mut guest, ROOT), Ok(()), "{} with {:?} alone", op.name, op.rights);
        grove.replant();
    }
}

/// For each pair of directories: an entry may go from one to the other only where both may change and nothing is
/// gained by it.
#[test]
fn entries_move_only_to_where_no_more_is_permitted() {
    type Move = fn(&mut Guest) -> Result<(), Errno>;
    let moves: [Move; 5] = [
        |guest| guest.rename(3, "f", 4, "new"),
        |guest| guest.rename(3, "f", 4, "f"),
        |guest| guest.rename(3, "full", 4, "new"),
        |guest| guest.rename(3, "l", 4, "new"),
        |guest| guest.link(3, "f", 4, "new"),
    ];
    let mut grove = Grove::new(&["from", "to"]);
    let mut tried = 0;
    for (from_dir, to_dir) in dir_perms().into_iter().flat_map(|a| dir_perms().map(|b| (a, b))) {
        for (from_file, to_file) in file_perms().into_iter().flat_map(|a| file_perms().map(|b| (a, b))) {
            for act in moves {
                let mut builder = WasiCtxBuilder::new();
                builder.preopened_dir(&grove.roots[0], "from", from_dir, from_file).unwrap();
                builder.preopened_dir(&grove.roots[1], "to", to_dir, to_file).unwrap();
                let result = act(&mut Guest::new(builder.build()));
                let allowed =
                    from_dir.contains(to_dir | MUTATE) && to_dir.contains(MUTATE) && from_file.contains(to_file);
                assert_eq!(result, if allowed { Ok(()) } else { Err(Errno::PERM) });
                assert_eq!(grove.untouched(), !allowed);
                if allowed {
                    grove.replant();
                }
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 4 * 4 * 4 * 4 * 5);
}

#[test]
fn a_file_opened_to_read_cannot_be_changed_by_any_route() {
    let temp = tempfile::tempdir().unwrap();
    plant(temp.path());
    let before = snapshot(temp.path());
    let mut guest = Guest::with(temp.path(), DirPerms::all(), FilePerms::READ);
    let fd = guest.open(ROOT, "f", Open { base: READ, ..Open::default() }).unwrap();
    assert_eq!(guest.read(fd, 9).as_deref(), Ok(&b"content"[..]));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.pwrite(fd, b"x", 0), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.set_size(fd, 0), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.allocate(fd, 0, 100), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.set_times(fd, 1, 1, 5), Err(Errno::PERM));
    assert_eq!(guest.set_rights(fd, READ_WRITE, Rights::empty()), Err(Errno::NOTCAPABLE));
    assert_eq!(snapshot(temp.path()), before);
}

#[test]
fn rights_of_files_are_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    plant(temp.path());
    let acts: [(Rights, Act); 11] = [
        (Rights::FD_READ, |g, fd| g.read(fd, 1).map(|_| ())),
        (Rights::FD_READ, |g, fd| g.pread(fd, 1, 0).map(|_| ())),
        (Rights::FD_SEEK, |g, fd| g.pread(fd, 1, 0).map(|_| ())),
        (Rights::FD_WRITE, |g, fd| g.write(fd, b"x").map(|_| ())),
        (Rights::FD_WRITE, |g, fd| g.pwrite(fd, b"x", 0).map(|_| ())),
        (Rights::FD_SEEK, |g, fd| g.seek(fd, 1, 0).map(|_| ())),
        (Rights::FD_ALLOCATE, |g, fd| {
            g.allocate(fd, 0, 1).or_else(|e| if e == Errno::NOTSUP { Ok(()) } else { Err(e) })
        }),
        (Rights::FD_FILESTAT_GET, |g, fd| g.filestat(fd).map(|_| ())),
        (Rights::FD_FILESTAT_SET_SIZE, |g, fd| g.set_size(fd, 7)),
        (Rights::FD_FILESTAT_SET_TIMES, |g, fd| g.set_times(fd, 1, 1, 5)),
        (Rights::FD_FDSTAT_SET_FLAGS, |g, fd| g.set_flags(fd, 1)),
    ];
    for (right, act) in acts {
        let mut guest = Guest::free(temp.path());
        let fd = guest.create(ROOT, "f").unwrap();
        assert_eq!(act(&mut guest, fd), Ok(()), "{right:?}");
        guest.set_rights(fd, READ_WRITE - right, Rights::empty()).unwrap();
        assert_eq!(act(&mut guest, fd), Err(Errno::NOTCAPABLE), "{right:?}");
        assert_eq!(guest.set_rights(fd, READ_WRITE, Rights::empty()), Err(Errno::NOTCAPABLE));
    }
}

#[test]
fn what_a_directory_cannot_give_is_not_given() {
    let temp = tempfile::tempdir().unwrap();
    plant(temp.path());
    let mut guest = Guest::free(temp.path());
    let seeking = Rights::FD_READ | Rights::FD_SEEK;
    guest.set_rights(ROOT, Rights::OF_DIRECTORY, seeking).unwrap();
    assert_eq!(opens(&mut guest, ROOT, "f", 0, READ), Err(Errno::NOTCAPABLE));
    assert_eq!(opens(&mut guest, ROOT, "f", 0, seeking), Ok(()));
    let inheriting = Open { inheriting: Rights::FD_WRITE, ..Open::default() };
    assert_eq!(guest.open(ROOT, "d", inheriting), Err(Errno::NOTCAPABLE));
    for flags in [2, 8, 16] {
        assert_eq!(guest.open(ROOT, "f", Open { flags, ..Open::default() }), Err(Errno::NOTCAPABLE));
    }
    let fd = guest.open(ROOT, "d", Open { base: seeking, inheriting: seeking, ..Open::default() }).unwrap();
    let (kind, _, base, left) = guest.fdstat(fd).unwrap();
    assert_eq!((kind, base, left), (3, Rights::empty(), seeking));
    assert_eq!(guest.set_rights(ROOT, Rights::all(), seeking), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.set_rights(ROOT, Rights::OF_DIRECTORY, Rights::all()), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.fdstat(ROOT).map(|stat| (stat.2, stat.3)), Ok((Rights::OF_DIRECTORY, seeking)));
}
