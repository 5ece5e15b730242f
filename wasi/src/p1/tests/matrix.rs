//! Every operation on directories and descriptors, without each right in turn, on every pair of directories to read only or to change: is
//! each refused with the errno that is documented, or done, and does what is refused leave both trees as they were?

use super::guest::{Guest, Open, READ, READ_WRITE, ROOT};
use super::permission::{Grove, operations};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::p1::rights::Rights;
use crate::permission::{DirPerms, FilePerms};

/// What a directory was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    ReadOnly,
    ReadWrite,
}

impl Mode {
    const ALL: [Mode; 2] = [Mode::ReadOnly, Mode::ReadWrite];

    fn perms(self) -> (DirPerms, FilePerms) {
        match self {
            Mode::ReadOnly => (DirPerms::READ, FilePerms::READ),
            Mode::ReadWrite => (DirPerms::all(), FilePerms::all()),
        }
    }
}

/// How two directories are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pair {
    /// One descriptor, named twice.
    Same,
    /// Two descriptors of one directory.
    Twins,
    /// Two directories.
    Apart,
}

/// The pairs, each with what the first and the second are given for.
fn pairs() -> Vec<(Pair, Mode, Mode)> {
    let both = Mode::ALL.into_iter().flat_map(|one| Mode::ALL.map(|other| (one, other)));
    let two = both.flat_map(|(one, other)| [Pair::Twins, Pair::Apart].map(|pair| (pair, one, other)));
    Mode::ALL.map(|mode| (Pair::Same, mode, mode)).into_iter().chain(two).collect()
}

/// A guest with such a pair, and the descriptor of the second; the first is [`ROOT`].
fn guest(grove: &Grove, (pair, one, other): (Pair, Mode, Mode)) -> (Guest, u32) {
    let mut builder = WasiCtxBuilder::new();
    let mut give = |root: usize, mode: Mode| {
        let (dir, file) = mode.perms();
        builder.preopened_dir(&grove.roots[root], "/", dir, file).unwrap();
    };
    give(0, one);
    match pair {
        Pair::Same => {}
        Pair::Twins => give(0, other),
        Pair::Apart => give(1, other),
    }
    (Guest::new(builder.build()), if pair == Pair::Same { ROOT } else { ROOT + 1 })
}

/// What is expected: `needed` of the directories' rights were removed, or what they are given for does not allow it.
fn expected(without_right: bool, allowed: bool) -> Result<(), Errno> {
    match (without_right, allowed) {
        (true, _) => Err(Errno::NOTCAPABLE),
        (false, false) => Err(Errno::PERM),
        (false, true) => Ok(()),
    }
}

/// The result is as expected, and where that is to be refused nothing has changed.
fn check(grove: &mut Grove, result: Result<(), Errno>, expected: Result<(), Errno>, what: &dyn Fn() -> String) {
    assert_eq!(result, expected, "{}", what());
    if !grove.untouched() {
        assert!(expected.is_ok(), "{} changed something", what());
        grove.replant();
    }
}

#[test]
fn each_operation_of_a_directory() {
    let mut grove = Grove::new(&["one", "other"]);
    let mut tried = 0;
    for case in pairs() {
        let (dir, file) = case.1.perms();
        for (op, right) in operations().iter().flat_map(|op| Rights::all().iter().map(move |right| (op, right))) {
            let (mut guest, _) = guest(&grove, case);
            guest.set_rights(ROOT, Rights::OF_DIRECTORY - right, Rights::all()).unwrap();
            let expected = expected(op.rights.contains(right), dir.contains(op.dir) && file.contains(op.file));
            let result = (op.act)(&mut guest, ROOT);
            check(&mut grove, result, expected, &|| format!("{} without {right:?}, {case:?}", op.name));
            tried += 1;
        }
    }
    assert!(tried > 9000, "{tried}");
}

#[test]
fn each_operation_of_two_directories() {
    type Move = fn(&mut Guest, u32, u32) -> Result<(), Errno>;
    const RENAME: (Rights, Rights) = (Rights::PATH_RENAME_SOURCE, Rights::PATH_RENAME_TARGET);
    const LINK: (Rights, Rights) = (Rights::PATH_LINK_SOURCE, Rights::PATH_LINK_TARGET);
    let moves: [(&str, (Rights, Rights), Move); 6] = [
        ("rename", RENAME, |guest, from, to| guest.rename(from, "f", to, "new")),
        ("rename over", RENAME, |guest, from, to| guest.rename(from, "full/x", to, "f")),
        ("rename a directory", RENAME, |guest, from, to| guest.rename(from, "full", to, "new")),
        ("rename a link", RENAME, |guest, from, to| guest.rename(from, "l", to, "new")),
        ("link", LINK, |guest, from, to| guest.link(from, "f", to, "new")),
        ("link below", LINK, |guest, from, to| guest.link(from, "full/x", to, "d/new")),
    ];
    let mut grove = Grove::new(&["one", "other"]);
    for case in pairs() {
        let (from_mode, to_mode) = (case.1, case.2);
        let allowed = from_mode == Mode::ReadWrite && to_mode == Mode::ReadWrite;
        for (name, needed, act) in moves {
            for (of_target, right) in Rights::all().iter().flat_map(|right| [(false, right), (true, right)]) {
                let (mut guest, to) = guest(&grove, case);
                guest
                    .set_rights(if of_target { to } else { ROOT }, Rights::OF_DIRECTORY - right, Rights::all())
                    .unwrap();
                let removed = match (case.0, of_target) {
                    (Pair::Same, _) => right == needed.0 || right == needed.1,
                    (_, false) => right == needed.0,
                    (_, true) => right == needed.1,
                };
                let result = act(&mut guest, ROOT, to);
                check(&mut grove, result, expected(removed, allowed), &|| {
                    format!("{name} without {right:?} (of the target: {of_target}), {case:?}")
                });
            }
        }
    }
}

#[test]
fn each_operation_of_a_file() {
    type Act = fn(&mut Guest, u32) -> Result<(), Errno>;
    let seek_or_tell = Rights::FD_SEEK | Rights::FD_TELL;
    // A name, the rights of which all are needed, those of which any is, whether it changes the file, and what it does.
    let acts: [(&str, Rights, Rights, Act); 14] = [
        ("read", Rights::FD_READ, Rights::all(), |g, fd| g.read(fd, 1).map(|_| ())),
        ("pread", Rights::FD_READ | Rights::FD_SEEK, Rights::all(), |g, fd| g.pread(fd, 1, 0).map(|_| ())),
        ("write", Rights::FD_WRITE, Rights::all(), |g, fd| g.write(fd, b"x").map(|_| ())),
        ("pwrite", Rights::FD_WRITE | Rights::FD_SEEK, Rights::all(), |g, fd| g.pwrite(fd, b"x", 0).map(|_| ())),
        ("seek", Rights::FD_SEEK, Rights::all(), |g, fd| g.seek(fd, 1, 0).map(|_| ())),
        ("tell", Rights::empty(), seek_or_tell, |g, fd| g.tell(fd).map(|_| ())),
        ("allocate", Rights::FD_ALLOCATE, Rights::all(), |g, fd| match g.allocate(fd, 0, 1) {
            Err(Errno::NOTSUP) => Ok(()),
            other => other,
        }),
        ("filestat", Rights::FD_FILESTAT_GET, Rights::all(), |g, fd| g.filestat(fd).map(|_| ())),
        ("set size", Rights::FD_FILESTAT_SET_SIZE, Rights::all(), |g, fd| g.set_size(fd, 9)),
        ("set times", Rights::FD_FILESTAT_SET_TIMES, Rights::all(), |g, fd| g.set_times(fd, 1, 2, 5)),
        ("set flags", Rights::FD_FDSTAT_SET_FLAGS, Rights::all(), |g, fd| g.set_flags(fd, 1)),
        ("sync", Rights::FD_SYNC, Rights::all(), |g, fd| g.sync(fd, false)),
        ("datasync", Rights::empty(), Rights::FD_DATASYNC | Rights::FD_SYNC, |g, fd| g.sync(fd, true)),
        ("advise", Rights::FD_ADVISE, Rights::all(), |g, fd| g.advise(fd)),
    ];
    let mut grove = Grove::new(&["one"]);
    for mode in Mode::ALL {
        let granted = if mode == Mode::ReadOnly { READ } else { READ_WRITE };
        for ((name, all, any, act), right) in
            acts.iter().flat_map(|act| Rights::all().iter().map(move |right| (act, right)))
        {
            let (dir, file) = mode.perms();
            let mut guest = Guest::with(&grove.roots[0], dir, file);
            let fd = guest.open(ROOT, "f", Open { base: granted, ..Open::default() }).unwrap();
            guest.set_rights(fd, granted - right, Rights::empty()).unwrap();
            let left = granted - right;
            let without = !left.contains(*all) || !left.intersects(*any);
            let allowed = mode == Mode::ReadWrite || *name != "set times";
            let result = act(&mut guest, fd);
            check(&mut grove, result, expected(without, allowed), &|| format!("{name} without {right:?}, {mode:?}"));
        }
    }
}
