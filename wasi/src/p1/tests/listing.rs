//! Does `fd_readdir` show each entry exactly once, whatever the size of the buffer, and write nothing besides?

use super::guest::{DATA, Guest, Open, READ, RESULT, ROOT};
use crate::p1::errno::Errno;
use crate::p1::listing::fd_readdir;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};

/// Goes through a directory as C libraries do: an entry that is cut off is asked for again, with a larger buffer if
/// nothing else was in it. Returns inode and type by name.
fn list(guest: &mut Guest, fd: u32, mut room: u32) -> BTreeMap<Vec<u8>, (u64, u8)> {
    let mut entries = BTreeMap::new();
    let mut cookie = 0;
    loop {
        let bytes = guest.readdir(fd, room, cookie).unwrap();
        let mut rest = &bytes[..];
        let mut whole = 0;
        while let Some((head, tail)) = rest.split_at_checked(24) {
            let length = u32::from_le_bytes(head[16..20].try_into().unwrap());
            let Some((name, tail)) = tail.split_at_checked(length as usize) else { break };
            let inode = u64::from_le_bytes(head[8..16].try_into().unwrap());
            assert!(entries.insert(name.to_vec(), (inode, head[20])).is_none(), "seen twice: {name:?}");
            cookie = u64::from_le_bytes(head[..8].try_into().unwrap());
            assert!(i32::try_from(cookie).is_ok(), "C libraries keep it in a `long`");
            rest = tail;
            whole += 1;
        }
        if bytes.len() < room as usize {
            return entries;
        }
        if whole == 0 {
            room += 1;
        }
    }
}

#[test]
fn every_entry_once_with_every_size_of_buffer() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("root");
    fs::create_dir_all(root.join("directory")).unwrap();
    symlink("nowhere", root.join("link")).unwrap();
    for index in 0..40 {
        fs::write(root.join("n".repeat(index + 1)), "").unwrap();
    }
    fs::write(root.join("long-".repeat(51)), "").unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"not\xffutf8")), "").unwrap();
    let mut guest = Guest::free(&root);
    for room in [1, 7, 20, 21, 24, 25, 26, 30, 64, 100, 255, 256, 300, 1000, 4096, 100_000] {
        let entries = list(&mut guest, ROOT, room);
        assert_eq!(entries.len(), 40 + 4 + 2, "with room for {room}");
        for (name, (inode, kind)) in &entries {
            let path = root.join(std::ffi::OsStr::from_bytes(name));
            let meta = fs::symlink_metadata(path).unwrap();
            let expected = match name.as_slice() {
                b"." | b".." | b"directory" => 3,
                b"link" => 7,
                _ => 4,
            };
            assert_eq!(*kind, expected);
            if name != b".." {
                assert_eq!(*inode, meta.ino());
            }
        }
        // The parent of what a guest was given is not its business.
        assert_eq!(entries[&b".."[..]].0, entries[&b"."[..]].0);
    }
    let below = guest.open_dir(ROOT, "directory").unwrap();
    let entries = list(&mut guest, below, 500);
    assert_eq!(entries[&b".."[..]].0, fs::metadata(&root).unwrap().ino());
    assert_eq!(entries.len(), 2);
}

#[test]
fn many_entries_with_a_small_buffer() {
    let temp = tempfile::tempdir().unwrap();
    for index in 0..3000 {
        fs::write(temp.path().join(format!("file.{index}")), "").unwrap();
    }
    let mut guest = Guest::free(temp.path());
    assert_eq!(list(&mut guest, ROOT, 256).len(), 3002);
    assert_eq!(list(&mut guest, ROOT, 33).len(), 3002);
}

#[test]
fn two_readers_of_one_directory_do_not_disturb_each_other() {
    let temp = tempfile::tempdir().unwrap();
    for index in 0..500 {
        fs::write(temp.path().join(format!("file.{index}")), "").unwrap();
    }
    let mut guest = Guest::free(temp.path());
    let other = guest.open_dir(ROOT, ".").unwrap();
    let next = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (mut first, mut second, mut steps) = (0, 0, 0);
    loop {
        let one = guest.readdir(ROOT, 24, first).unwrap();
        let two = guest.readdir(other, 24, second).unwrap();
        assert_eq!(one, two);
        if one.len() < 24 {
            break;
        }
        (first, second, steps) = (next(&one), next(&two), steps + 1);
    }
    assert_eq!(steps, 502);
}

#[test]
fn nothing_but_the_entries_is_written() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("abc"), "").unwrap();
    let mut guest = Guest::free(temp.path());
    for room in 0..150_u32 {
        guest.put(DATA, &[0xA5; 200]);
        let used = u32::try_from(guest.readdir(ROOT, room, 0).unwrap().len()).unwrap();
        assert!(used <= room);
        assert!(guest.get(DATA + used, 200 - used).iter().all(|byte| *byte == 0xA5), "beyond {used}");
        // The padding of each whole head.
        let mut at = 0;
        while at + 24 <= used {
            assert_eq!(guest.get(DATA + at + 21, 3), [0xA5; 3]);
            at += 24 + guest.u32(DATA + at + 16);
        }
    }
}

#[test]
fn what_cannot_be_listed() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("file"), "").unwrap();
    let mut guest = Guest::free(temp.path());
    let file = guest.open(ROOT, "file", Open { base: READ, ..Open::default() }).unwrap();
    assert_eq!(guest.readdir(file, 100, 0), Err(Errno::NOTDIR));
    assert_eq!(guest.readdir(0, 100, 0), Err(Errno::NOTDIR));
    assert_eq!(guest.readdir(99, 100, 0), Err(Errno::BADF));
    assert_eq!(guest.readdir(ROOT, 100, u64::MAX).as_deref(), Ok(&[][..]));
    let fault = Err(Errno::FAULT);
    assert_eq!(guest.call(|g, c| fd_readdir(g, c, ROOT, DATA, u32::MAX, 0, RESULT)), fault);
    assert_eq!(guest.call(|g, c| fd_readdir(g, c, ROOT, DATA, 100, 0, u32::MAX)), fault);
    let blind = guest.open(ROOT, ".", Open::default()).unwrap();
    assert_eq!(guest.readdir(blind, 100, 0), Err(Errno::NOTCAPABLE));
}
