//! Does a guest write no more than it may, and have no more open, and is it told so by the errno that is documented?

use super::guest::{Guest, Open, READ_WRITE, ROOT};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::permission::{DirPerms, FilePerms};
use crate::stdio::MemoryOutput;
use std::fs;
use std::path::Path;

/// A guest that may write so many bytes, with two directories: one to do with as it likes, and that of the host's devices.
fn guest(root: &Path, bytes: u64, output: MemoryOutput) -> Guest {
    let mut builder = WasiCtxBuilder::new();
    for directory in [root, Path::new("/dev")] {
        builder.preopened_dir(directory, "/", DirPerms::all(), FilePerms::all()).unwrap();
    }
    Guest::new(builder.max_bytes_written(bytes).stdout(output).build())
}

#[test]
fn files_and_streams_take_from_one_budget() {
    let temp = tempfile::tempdir().unwrap();
    let output = MemoryOutput::new(100);
    let mut guest = guest(temp.path(), 20, output.clone());
    let fd = guest.create(ROOT, "f").unwrap();
    assert_eq!(guest.write(fd, b"0123456789"), Ok(10));
    assert_eq!(guest.write(1, b"abcd"), Ok(4));
    assert_eq!(guest.pwrite(fd, b"xy", 0), Ok(2), "what is overwritten counts as well");
    assert_eq!(guest.write(fd, b"abcdef"), Ok(4), "as much as there is");
    assert_eq!(guest.write(fd, b"g"), Err(Errno::DQUOT));
    assert_eq!(guest.write(1, b"g"), Err(Errno::DQUOT));
    assert_eq!(guest.pwrite(fd, b"g", 0), Err(Errno::DQUOT));
    assert_eq!(guest.write(fd, b""), Ok(0));
    assert_eq!(fs::read(temp.path().join("f")).unwrap(), b"xy23456789abcd");
    assert_eq!(output.contents(), b"abcd");
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read(fd, 3).as_deref(), Ok(&b"xy2"[..]));
}

#[test]
fn a_file_that_is_made_longer_counts() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = guest(temp.path(), 100, MemoryOutput::new(0));
    let fd = guest.create(ROOT, "f").unwrap();
    assert_eq!(guest.set_size(fd, 101), Err(Errno::DQUOT));
    assert_eq!(guest.set_size(fd, u64::MAX), Err(Errno::DQUOT));
    assert_eq!(guest.set_size(fd, 60), Ok(()));
    assert_eq!(guest.set_size(fd, 20), Ok(()));
    assert_eq!(guest.set_size(fd, 61), Err(Errno::DQUOT), "41 more, of 40 that are left");
    assert_eq!(guest.set_size(fd, 60), Ok(()));
    assert_eq!(guest.set_size(fd, 61), Err(Errno::DQUOT));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::DQUOT));
}

#[test]
fn what_is_not_written_does_not_count() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = guest(temp.path(), 10, MemoryOutput::new(3));
    let full = guest.open(ROOT + 1, "full", Open { base: READ_WRITE, ..Open::default() }).unwrap();
    for _ in 0..5 {
        assert_eq!(guest.write(full, b"0123456789"), Err(Errno::NOSPC));
    }
    assert_eq!(guest.write(1, b"01234"), Ok(3), "as much as the output takes");
    let fd = guest.create(ROOT, "f").unwrap();
    assert_eq!(guest.write(fd, b"0123456789"), Ok(7));
    assert_eq!(guest.write(fd, b"0"), Err(Errno::DQUOT));
}

#[test]
fn there_are_no_more_files_than_are_allowed() {
    let temp = tempfile::tempdir().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(temp.path(), "/", DirPerms::all(), FilePerms::all()).unwrap();
    let mut guest = Guest::new(builder.max_open_files(3).build());
    let opened: Vec<u32> = (0..3).map(|_| guest.create(ROOT, "f").unwrap()).collect();
    assert_eq!(opened, [4, 5, 6]);
    assert_eq!(guest.create(ROOT, "g"), Err(Errno::MFILE));
    assert_eq!(guest.open_dir(ROOT, "."), Err(Errno::MFILE));
    assert!(!temp.path().join("g").exists());
    guest.close(5).unwrap();
    assert_eq!(guest.open_dir(ROOT, "."), Ok(5));
    // Closing what was given makes room as well.
    guest.close(0).unwrap();
    assert_eq!(guest.create(ROOT, "g"), Ok(0));
    assert_eq!(guest.create(ROOT, "h"), Err(Errno::MFILE));
}
