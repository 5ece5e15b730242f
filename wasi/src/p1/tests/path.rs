//! Where do paths lead, and what is wrong with those that lead nowhere?

use super::guest::{CREAT, DIRECTORY, EXCL, FIRST, FOLLOW, Guest, Open, READ, READ_WRITE, RESULT, ROOT, SECOND, TRUNC};
use super::guest::{Stat, snapshot};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::p1::path as import;
use crate::permission::{DirPerms, FilePerms};
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

const READING: Open =
    Open { lookup: 0, oflags: 0, base: READ, inheriting: crate::p1::rights::Rights::empty(), flags: 0 };
const FOLLOWING: Open = Open { lookup: FOLLOW, ..READING };

/// ```text
///     secret            outside
///     in/               the guest's directory
///         file "inside"      dir/file "deep"     dir/up -> ../file     dir/deeper/
///         link -> file       dirlink -> dir      dangling -> absent    loop -> loop
///         out -> ../secret   absolute -> /…/secret    outdir -> ..     slash -> dir/
/// ```
fn jail() -> (TempDir, Guest) {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("in");
    fs::write(temp.path().join("secret"), "secret").unwrap();
    fs::create_dir_all(root.join("dir/deeper")).unwrap();
    fs::write(root.join("file"), "inside").unwrap();
    fs::write(root.join("dir/file"), "deep").unwrap();
    let secret = temp.path().join("secret").into_os_string().into_string().unwrap();
    let links = [
        ("link", "file"),
        ("dirlink", "dir"),
        ("dangling", "absent"),
        ("loop", "loop"),
        ("ping", "pong"),
        ("pong", "ping"),
        ("out", "../secret"),
        ("absolute", &secret),
        ("outdir", ".."),
        ("slash", "dir/"),
        ("dir/up", "../file"),
        ("dir/upout", "../../secret"),
    ];
    for (name, target) in links {
        symlink(target, root.join(name)).unwrap();
    }
    let guest = Guest::free(&root);
    (temp, guest)
}

fn contents(guest: &mut Guest, path: &str, how: Open) -> Result<String, Errno> {
    let fd = guest.open(ROOT, path, how)?;
    let bytes = guest.read(fd, 100);
    guest.close(fd)?;
    Ok(String::from_utf8(bytes?).unwrap())
}

#[test]
fn paths_inside_resolve() {
    let (_temp, mut guest) = jail();
    for path in ["file", "./file", "dir/../file", "dir//..//./file", "dir/deeper/../../file", "dirlink/../file"] {
        assert_eq!(contents(&mut guest, path, READING).as_deref(), Ok("inside"), "{path}");
    }
    for path in ["link", "dir/up", "dirlink/up", "slash/up"] {
        assert_eq!(contents(&mut guest, path, FOLLOWING).as_deref(), Ok("inside"), "{path}");
    }
    for path in ["dir/file", "dirlink/file", "slash/file"] {
        assert_eq!(contents(&mut guest, path, READING).as_deref(), Ok("deep"), "{path}");
    }
}

#[test]
fn no_path_leads_outside_by_any_import() {
    let (temp, mut guest) = jail();
    let before = snapshot(temp.path());
    let secret = temp.path().join("secret").into_os_string().into_string().unwrap();
    let ways = [
        "../secret",
        "dir/../../secret",
        "./../secret",
        "..",
        "../",
        "../.",
        "dir/../..",
        "dir/../../",
        "dirlink/../../secret",
        "outdir/secret",
        "outdir/in/file",
        "outdir/.",
        "../in/file",
        "/",
        "//",
        "/etc/passwd",
        &secret,
        "dir/deeper/../../../secret",
        "outdir/..",
        "outdir/../..",
    ];
    for way in ways {
        for lookup in [0, FOLLOW] {
            for oflags in [0, CREAT, CREAT | EXCL, DIRECTORY, TRUNC] {
                for base in [READ, READ_WRITE] {
                    let opened = guest.open(ROOT, way, Open { lookup, oflags, base, ..Open::default() });
                    let denied = matches!(opened, Err(Errno::PERM | Errno::ISDIR));
                    assert!(denied, "{way} {lookup} {oflags} {base:?}: {opened:?}");
                }
            }
            assert_eq!(guest.stat(ROOT, way, lookup), Err(Errno::PERM), "{way}");
            assert_eq!(guest.set_times_at(ROOT, way, lookup, (0, 0), 5), Err(Errno::PERM), "{way}");
        }
        assert_eq!(guest.mkdir(ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.rmdir(ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.unlink(ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.readlink(ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.symlink("x", ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.rename(ROOT, way, ROOT, "x"), Err(Errno::PERM), "{way}");
        assert_eq!(guest.rename(ROOT, "file", ROOT, way), Err(Errno::PERM), "{way}");
        assert_eq!(guest.link(ROOT, way, ROOT, "x"), Err(Errno::PERM), "{way}");
        assert_eq!(guest.link(ROOT, "file", ROOT, way), Err(Errno::PERM), "{way}");
    }
    assert_eq!(snapshot(temp.path()), before);
}

#[test]
fn links_outside_can_be_looked_at_but_not_followed() {
    let (temp, mut guest) = jail();
    let before = snapshot(temp.path());
    for link in ["out", "absolute", "dir/upout", "outdir", "out/", "outdir/"] {
        for oflags in [0, CREAT, TRUNC, DIRECTORY] {
            let opened = guest.open(ROOT, link, Open { lookup: FOLLOW, oflags, base: READ_WRITE, ..Open::default() });
            assert!(matches!(opened, Err(Errno::PERM | Errno::ISDIR)), "{link} {oflags}: {opened:?}");
        }
        assert_eq!(guest.stat(ROOT, link, FOLLOW), Err(Errno::PERM), "{link}");
        assert_eq!(guest.set_times_at(ROOT, link, FOLLOW, (0, 0), 5), Err(Errno::PERM), "{link}");
        if !link.ends_with('/') {
            let opened = guest.open(ROOT, link, Open { base: READ_WRITE, ..Open::default() });
            assert_eq!(opened, Err(Errno::LOOP), "{link}");
            assert_eq!(guest.stat(ROOT, link, 0).map(|stat| stat.kind), Ok(7), "{link}");
        }
    }
    assert_eq!(guest.readlink(ROOT, "out").as_deref(), Ok("../secret"));
    assert_eq!(snapshot(temp.path()), before);
    // Creating with a symbolic link in the way does not create what it points to.
    for oflags in [CREAT, CREAT | EXCL] {
        let error = if oflags & EXCL != 0 { Errno::EXIST } else { Errno::LOOP };
        assert_eq!(guest.open(ROOT, "dangling", Open { oflags, ..Open::default() }), Err(error));
    }
    fs::remove_file(temp.path().join("secret")).unwrap();
    let created = guest.open(ROOT, "out", Open { lookup: FOLLOW, oflags: CREAT, ..Open::default() });
    assert_eq!(created, Err(Errno::PERM));
    assert!(!temp.path().join("secret").exists());
}

#[test]
fn links_are_renamed_removed_and_linked_themselves() {
    let (temp, mut guest) = jail();
    guest.link(ROOT, "out", ROOT, "hard").unwrap();
    assert_eq!(guest.readlink(ROOT, "hard").as_deref(), Ok("../secret"));
    guest.rename(ROOT, "out", ROOT, "moved").unwrap();
    guest.unlink(ROOT, "hard").unwrap();
    guest.unlink(ROOT, "moved").unwrap();
    guest.rename(ROOT, "file", ROOT, "absolute").unwrap();
    assert_eq!(contents(&mut guest, "absolute", READING).as_deref(), Ok("inside"));
    assert_eq!(fs::read(temp.path().join("secret")).unwrap(), b"secret");
    assert_eq!(guest.rmdir(ROOT, "outdir"), Err(Errno::NOTDIR));
    assert_eq!(guest.rmdir(ROOT, "outdir/"), Err(Errno::NOTDIR));
    assert_eq!(guest.unlink(ROOT, "outdir/"), Err(Errno::NOTDIR));
    assert_eq!(guest.rename(ROOT, "outdir/", ROOT, "x"), Err(Errno::NOTDIR));
    assert_eq!(guest.rename(ROOT, "dirlink/", ROOT, "x"), Err(Errno::NOTDIR));
}

#[test]
fn loops_end() {
    let (_temp, mut guest) = jail();
    for path in ["loop", "ping", "loop/x", "ping/"] {
        let how = Open { lookup: FOLLOW, ..READING };
        assert_eq!(guest.open(ROOT, path, how), Err(Errno::LOOP), "{path}");
        assert_eq!(guest.stat(ROOT, path, FOLLOW), Err(Errno::LOOP), "{path}");
    }
    assert_eq!(guest.stat(ROOT, "loop", 0).map(|stat| stat.kind), Ok(7));
    guest.unlink(ROOT, "loop").unwrap();
}

#[test]
fn trailing_slashes_mean_a_directory() {
    let (_temp, mut guest) = jail();
    for path in ["file/", "file//", "link/", "file/.", "link/.", "file/.."] {
        assert_eq!(guest.open(ROOT, path, FOLLOWING), Err(Errno::NOTDIR), "{path}");
        assert_eq!(guest.open(ROOT, path, READING), Err(Errno::NOTDIR), "{path}");
        assert_eq!(guest.stat(ROOT, path, 0), Err(Errno::NOTDIR), "{path}");
    }
    for path in ["dir/", "dir//", "dirlink/", "slash/", "dirlink/.", "dir/.", "."] {
        let fd = guest.open(ROOT, path, READING).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().0, 3, "{path}");
        assert_eq!(guest.stat(ROOT, path, 0).map(|stat| stat.kind), Ok(3), "{path}");
        guest.close(fd).unwrap();
    }
    assert_eq!(guest.open(ROOT, "new/", Open { oflags: CREAT, ..READING }), Err(Errno::ISDIR));
    assert_eq!(guest.unlink(ROOT, "file/"), Err(Errno::NOTDIR));
    assert_eq!(guest.unlink(ROOT, "dir/"), Err(Errno::ISDIR));
    assert_eq!(guest.unlink(ROOT, "dir"), Err(Errno::ISDIR));
    assert_eq!(guest.unlink(ROOT, "absent/"), Err(Errno::NOENT));
    assert_eq!(guest.rmdir(ROOT, "file/"), Err(Errno::NOTDIR));
    assert_eq!(guest.rename(ROOT, "file/", ROOT, "x"), Err(Errno::NOTDIR));
    assert_eq!(guest.rename(ROOT, "file", ROOT, "x/"), Err(Errno::NOTDIR));
    assert_eq!(guest.link(ROOT, "file/", ROOT, "x"), Err(Errno::NOTDIR));
    assert_eq!(guest.link(ROOT, "dir/", ROOT, "x"), Err(Errno::PERM));
    assert_eq!(guest.link(ROOT, "file", ROOT, "x/"), Err(Errno::NOENT));
    assert_eq!(guest.link(ROOT, "file", ROOT, "dir/"), Err(Errno::EXIST));
    assert_eq!(guest.symlink("x", ROOT, "y/"), Err(Errno::NOENT));
    assert_eq!(guest.symlink("x", ROOT, "dir/"), Err(Errno::EXIST));
    assert_eq!(guest.symlink("x", ROOT, "dirlink/"), Err(Errno::EXIST));
    assert_eq!(guest.readlink(ROOT, "dirlink/"), Err(Errno::INVAL));
    assert_eq!(guest.readlink(ROOT, "link/"), Err(Errno::NOTDIR));
    assert_eq!(guest.mkdir(ROOT, "link/"), Err(Errno::EXIST));
    assert_eq!(guest.mkdir(ROOT, "dangling/"), Err(Errno::EXIST));
    guest.mkdir(ROOT, "new/").unwrap();
    guest.rename(ROOT, "new/", ROOT, "newer/").unwrap();
    guest.rmdir(ROOT, "newer//").unwrap();
}

#[test]
fn dots_at_the_end_name_no_entry() {
    let (_temp, mut guest) = jail();
    for path in [".", "dir/.", "dir/..", "dir/./", "dir/deeper/.."] {
        let dotdot = path.ends_with("..");
        assert_eq!(guest.mkdir(ROOT, path), Err(Errno::EXIST), "{path}");
        assert_eq!(guest.rmdir(ROOT, path), Err(if dotdot { Errno::NOTEMPTY } else { Errno::INVAL }), "{path}");
        assert_eq!(guest.unlink(ROOT, path), Err(Errno::ISDIR), "{path}");
        assert_eq!(guest.rename(ROOT, path, ROOT, "x"), Err(Errno::BUSY), "{path}");
        assert_eq!(guest.rename(ROOT, "dir", ROOT, path), Err(Errno::BUSY), "{path}");
        assert_eq!(guest.link(ROOT, path, ROOT, "x"), Err(Errno::PERM), "{path}");
        assert_eq!(guest.link(ROOT, "file", ROOT, path), Err(Errno::EXIST), "{path}");
        assert_eq!(guest.symlink("x", ROOT, path), Err(Errno::EXIST), "{path}");
        assert_eq!(guest.readlink(ROOT, path), Err(Errno::INVAL), "{path}");
        assert_eq!(guest.open(ROOT, path, Open { oflags: CREAT, ..READING }), Err(Errno::ISDIR), "{path}");
    }
    assert_eq!(guest.mkdir(ROOT, "absent/."), Err(Errno::NOENT));
    assert_eq!(guest.mkdir(ROOT, "file/."), Err(Errno::NOTDIR));
}

#[test]
fn texts_that_are_no_paths() {
    let (_temp, mut guest) = jail();
    assert_eq!(guest.open(ROOT, "", READING), Err(Errno::NOENT));
    assert_eq!(guest.open(ROOT, "file\0", READING), Err(Errno::INVAL));
    assert_eq!(guest.mkdir(ROOT, "a\0b"), Err(Errno::INVAL));
    assert_eq!(guest.symlink("a\0b", ROOT, "x"), Err(Errno::INVAL));
    assert_eq!(guest.symlink("", ROOT, "x"), Err(Errno::NOENT));
    assert_eq!(guest.symlink("/etc", ROOT, "x"), Err(Errno::PERM));
    assert_eq!(guest.mkdir(ROOT, &"n".repeat(256)), Err(Errno::NAMETOOLONG));
    assert_eq!(guest.mkdir(ROOT, &"n".repeat(255)), Ok(()));
    assert_eq!(guest.mkdir(ROOT, &"./".repeat(2047)), Err(Errno::EXIST));
    assert_eq!(guest.mkdir(ROOT, &"./".repeat(2048)), Err(Errno::NAMETOOLONG));
    for bytes in [&b"\xff"[..], b"ok\xc3", b"\xed\xa0\x80", b"\xc0\xaf"] {
        let length = guest.put(FIRST, bytes);
        guest.put(SECOND, b"x");
        let ilseq = Err(Errno::ILSEQ);
        assert_eq!(guest.call(|g, c| import::path_create_directory(g, c, ROOT, FIRST, length)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_remove_directory(g, c, ROOT, FIRST, length)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_unlink_file(g, c, ROOT, FIRST, length)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_filestat_get(g, c, ROOT, 0, FIRST, length, RESULT)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_open(g, c, ROOT, 0, FIRST, length, 0, 0, 0, 0, RESULT)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_readlink(g, c, ROOT, FIRST, length, SECOND, 9, RESULT)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_symlink(g, c, FIRST, length, ROOT, SECOND, 1)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_symlink(g, c, SECOND, 1, ROOT, FIRST, length)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_rename(g, c, ROOT, FIRST, length, ROOT, SECOND, 1)), ilseq);
        assert_eq!(guest.call(|g, c| import::path_link(g, c, ROOT, 0, FIRST, length, ROOT, SECOND, 1)), ilseq);
    }
}

#[test]
fn flags_without_a_meaning_are_invalid() {
    let (_temp, mut guest) = jail();
    let invalid = [
        Open { lookup: 2, ..READING },
        Open { lookup: u32::MAX, ..READING },
        Open { oflags: 16, ..READING },
        Open { oflags: 1 << 16, ..READING },
        Open { flags: 32, ..READING },
        Open { flags: 1 << 16, ..READING },
        Open { oflags: CREAT | DIRECTORY, ..READING },
    ];
    for how in invalid {
        assert_eq!(guest.open(ROOT, "file", how), Err(Errno::INVAL));
    }
    assert_eq!(guest.stat(ROOT, "file", 2), Err(Errno::INVAL));
    assert_eq!(guest.set_times_at(ROOT, "file", 0, (0, 0), 3), Err(Errno::INVAL));
    let (old, new) = (guest.put(FIRST, b"file"), guest.put(SECOND, b"x"));
    let follow = guest.call(|g, c| import::path_link(g, c, ROOT, FOLLOW, FIRST, old, ROOT, SECOND, new));
    assert_eq!(follow, Err(Errno::INVAL));
}

#[test]
fn opening_says_what_is_there() {
    let (_temp, mut guest) = jail();
    assert_eq!(guest.open(ROOT, "absent", READING), Err(Errno::NOENT));
    assert_eq!(guest.open(ROOT, "absent/x", READING), Err(Errno::NOENT));
    assert_eq!(guest.open(ROOT, "file/x", READING), Err(Errno::NOTDIR));
    assert_eq!(guest.open(ROOT, "file", Open { oflags: DIRECTORY, ..READING }), Err(Errno::NOTDIR));
    assert_eq!(guest.open(ROOT, "file", Open { oflags: CREAT | EXCL, ..READING }), Err(Errno::EXIST));
    assert_eq!(guest.open(ROOT, "dir", Open { base: READ_WRITE, ..READING }), Err(Errno::ISDIR));
    assert_eq!(guest.open(ROOT, "dir", Open { oflags: TRUNC, ..READING }), Err(Errno::ISDIR));
    let both = Open { oflags: DIRECTORY, base: READ_WRITE, ..READING };
    assert_eq!(guest.open(ROOT, ".", both), Err(Errno::ISDIR));
    assert_eq!(guest.open(ROOT, "dir", both), Err(Errno::ISDIR));
    assert_eq!(guest.open(ROOT, "dirlink", Open { oflags: DIRECTORY, ..READING }), Err(Errno::NOTDIR));
    let fd = guest.open(ROOT, "file", READING).unwrap();
    assert_eq!(guest.open(fd, "x", READING), Err(Errno::NOTDIR));
    assert_eq!(guest.mkdir(fd, "x"), Err(Errno::NOTDIR));
    assert_eq!(guest.open(1, "x", READING), Err(Errno::NOTDIR));
    assert_eq!(guest.open(77, "x", READING), Err(Errno::BADF));
}

#[test]
fn creating_truncating_and_appending() {
    let (temp, mut guest) = jail();
    let path = temp.path().join("in/new");
    let fd = guest.open(ROOT, "new", Open { oflags: CREAT, ..Open::default() }).unwrap();
    assert_eq!(guest.write(fd, b"x"), Err(Errno::NOTCAPABLE));
    assert_eq!(fs::read(&path).unwrap(), b"");
    let fd = guest.create(ROOT, "new").unwrap();
    guest.write(fd, b"abc").unwrap();
    let fd = guest.open(ROOT, "new", Open { flags: 1, base: READ_WRITE, ..Open::default() }).unwrap();
    guest.write(fd, b"def").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"abcdef");
    guest.open(ROOT, "new", Open { oflags: TRUNC, ..Open::default() }).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    // A dangling link inside is created through, as everywhere.
    guest.open(ROOT, "dangling", Open { lookup: FOLLOW, oflags: CREAT, ..Open::default() }).unwrap();
    assert!(temp.path().join("in/absent").exists());
}

#[test]
fn attributes_and_times() {
    let (temp, mut guest) = jail();
    let stat = guest.stat(ROOT, "file", 0).unwrap();
    assert_eq!((stat.kind, stat.size, stat.links), (4, 6, 1));
    assert_eq!(guest.stat(ROOT, "link", FOLLOW), Ok(stat));
    assert_eq!(guest.stat(ROOT, "link", 0).map(|s| (s.kind, s.size)), Ok((7, 4)));
    let both = |stat: Stat| (stat.accessed, stat.modified);
    guest.set_times_at(ROOT, "link", FOLLOW, (1_000_000_001, 2_000_000_002), 5).unwrap();
    assert_eq!(guest.stat(ROOT, "file", 0).map(both), Ok((1_000_000_001, 2_000_000_002)));
    guest.set_times_at(ROOT, "link", 0, (3, 4), 5).unwrap();
    assert_eq!(guest.stat(ROOT, "link", 0).map(both), Ok((3, 4)));
    assert_eq!(guest.stat(ROOT, "file", 0).map(both), Ok((1_000_000_001, 2_000_000_002)));
    guest.set_times_at(ROOT, "file", 0, (7, 7), 4).unwrap();
    assert_eq!(guest.stat(ROOT, "file", 0).map(both), Ok((1_000_000_001, 7)));
    guest.set_times_at(ROOT, "dir/", 0, (8, 9), 5).unwrap();
    assert_eq!(guest.stat(ROOT, "dir", 0).map(|stat| stat.modified), Ok(9));
    guest.set_times_at(ROOT, "file", 0, (0, 0), 10).unwrap();
    assert!(guest.stat(ROOT, "file", 0).unwrap().modified > 1_500_000_000_000_000_000);
    // A date before 1970 on the host.
    let old = std::time::SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1000);
    fs::File::open(temp.path().join("in/file")).unwrap().set_modified(old).unwrap();
    assert_eq!(guest.stat(ROOT, "file", 0).map(|stat| stat.modified), Ok(0));
}

#[test]
fn renaming_between_directories() {
    let temp = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(temp.path().join(name)).unwrap();
        fs::write(temp.path().join(name).join("file"), name).unwrap();
    }
    let mut builder = WasiCtxBuilder::new();
    for name in ["a", "b"] {
        let all = (DirPerms::all(), FilePerms::all());
        builder.preopened_dir(temp.path().join(name), name, all.0, all.1).unwrap();
    }
    let mut guest = Guest::new(builder.build());
    guest.rename(3, "file", 4, "moved").unwrap();
    assert_eq!(fs::read(temp.path().join("b/moved")).unwrap(), b"a");
    guest.rename(4, "file", 4, "moved").unwrap();
    assert_eq!(fs::read(temp.path().join("b/moved")).unwrap(), b"b");
    assert_eq!(guest.rename(3, "file", 4, "x"), Err(Errno::NOENT));
    guest.mkdir(3, "d").unwrap();
    guest.rename(3, "d", 4, "d").unwrap();
    assert_eq!(guest.rename(4, "d", 4, "d/e"), Err(Errno::INVAL));
    assert_eq!(guest.rename(4, "moved", 4, "d"), Err(Errno::ISDIR));
    assert_eq!(guest.rename(4, "d", 4, "moved"), Err(Errno::NOTDIR));
    guest.link(4, "moved", 3, "again").unwrap();
    assert_eq!(guest.stat(3, "again", 0).map(|stat| stat.links), Ok(2));
    assert_eq!(guest.link(4, "moved", 3, "again"), Err(Errno::EXIST));
    assert_eq!(guest.link(4, "d", 3, "x"), Err(Errno::PERM));
    assert_eq!(guest.rmdir(4, "d"), Ok(()));
    assert_eq!(guest.rmdir(4, "d"), Err(Errno::NOENT));
    assert_eq!(guest.rmdir(4, "moved"), Err(Errno::NOTDIR));
}

#[test]
fn a_link_target_is_cut_to_the_buffer_and_no_byte_more_is_written() {
    let (_temp, mut guest) = jail();
    let length = guest.put(FIRST, b"out");
    for room in 0..12_u32 {
        guest.put(SECOND, &[0xA5; 16]);
        guest.call(|g, c| import::path_readlink(g, c, ROOT, FIRST, length, SECOND, room, RESULT)).unwrap();
        let used = guest.u32(RESULT);
        assert_eq!(used, room.min(9));
        assert_eq!(guest.get(SECOND, used), &b"../secret"[..used as usize]);
        assert!(guest.get(SECOND + used, 16 - used).iter().all(|byte| *byte == 0xA5));
    }
    let huge = guest.call(|g, c| import::path_readlink(g, c, ROOT, FIRST, length, SECOND, u32::MAX, RESULT));
    assert_eq!(huge, Err(Errno::FAULT));
}

#[test]
fn a_directory_opened_below_is_a_jail_of_its_own() {
    let (_temp, mut guest) = jail();
    let dir = guest.open_dir(ROOT, "dir").unwrap();
    assert_eq!(guest.open(dir, "file", READING).and_then(|fd| guest.read(fd, 9)), Ok(b"deep".to_vec()));
    assert_eq!(guest.open(dir, "../file", READING), Err(Errno::PERM));
    assert_eq!(guest.open(dir, "up", FOLLOWING), Err(Errno::PERM));
    assert_eq!(guest.open(dir, "..", READING), Err(Errno::PERM));
    assert_eq!(guest.rename(dir, "file", ROOT, "fetched"), Ok(()));
}
