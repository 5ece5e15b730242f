//! Do data and positions arrive as they should, at all the edges of buffers, files and streams?

use super::guest::{CREAT, DATA, Guest, MEMORY, Open, READ, READ_WRITE, RESULT, ROOT, VECTORS};
use crate::context::{Context, WasiCtxBuilder};
use crate::p1::errno::Errno;
use crate::p1::io;
use crate::p1::memory::GuestMemory;
use crate::p1::rights::Rights;
use crate::stdio::MemoryOutput;
use std::fs;
use std::io::Read;

type Transfer = fn(&mut GuestMemory<'_>, &Context, u32, u32, u32, u32) -> Result<(), Errno>;

fn lists(guest: &mut Guest, buffers: &[(u32, u32)]) -> u32 {
    for (index, (at, length)) in buffers.iter().enumerate() {
        let element = VECTORS + 8 * u32::try_from(index).unwrap();
        guest.put(element, &at.to_le_bytes());
        guest.put(element + 4, &length.to_le_bytes());
    }
    u32::try_from(buffers.len()).unwrap()
}

fn transfer(guest: &mut Guest, how: Transfer, fd: u32, buffers: &[(u32, u32)]) -> Result<u32, Errno> {
    let count = lists(guest, buffers);
    guest.call(|memory, ctx| how(memory, ctx, fd, VECTORS, count, RESULT))?;
    Ok(guest.u32(RESULT))
}

fn guest_with_file(content: &[u8]) -> (tempfile::TempDir, Guest, u32) {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("file"), content).unwrap();
    let mut guest = Guest::free(temp.path());
    let fd = guest.create(ROOT, "file").unwrap();
    (temp, guest, fd)
}

#[test]
fn scattered_and_gathered() {
    let (temp, mut guest, fd) = guest_with_file(b"");
    guest.put(DATA, b"abcdefghij");
    let buffers: Vec<(u32, u32)> = (0..30).map(|i| (DATA + i % 10, u32::from(i % 3 != 0))).collect();
    let expected: Vec<u8> = (0..30_u8).filter(|i| i % 3 != 0).map(|i| b"abcdefghij"[usize::from(i % 10)]).collect();
    assert_eq!(transfer(&mut guest, io::fd_write, fd, &buffers), Ok(20));
    assert_eq!(fs::read(temp.path().join("file")).unwrap(), expected);
    guest.seek(fd, 0, 0).unwrap();
    let places: Vec<(u32, u32)> = (0..20).rev().map(|i| (DATA + 100 + i, 1)).collect();
    assert_eq!(transfer(&mut guest, io::fd_read, fd, &places), Ok(20));
    let reversed: Vec<u8> = expected.into_iter().rev().collect();
    assert_eq!(guest.get(DATA + 100, 20), reversed);
}

#[test]
fn positions() {
    let (_temp, mut guest, fd) = guest_with_file(b"0123456789");
    assert_eq!(guest.tell(fd), Ok(0));
    assert_eq!(guest.seek(fd, -3, 2), Ok(7));
    assert_eq!(guest.read(fd, 100).as_deref(), Ok(&b"789"[..]));
    assert_eq!(guest.read(fd, 100).as_deref(), Ok(&b""[..]));
    assert_eq!(guest.seek(fd, -8, 1), Ok(2));
    assert_eq!(guest.pread(fd, 2, 5).as_deref(), Ok(&b"56"[..]));
    assert_eq!(guest.tell(fd), Ok(2));
    assert_eq!(guest.pwrite(fd, b"XY", 8), Ok(2));
    assert_eq!(guest.tell(fd), Ok(2));
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, -3, 1), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, i64::MIN, 2), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, 0, u32::MAX), Err(Errno::INVAL));
    assert_eq!(guest.pread(fd, 1, u64::MAX), Err(Errno::INVAL));
    assert_eq!(guest.pwrite(fd, b"x", u64::MAX), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, 100, 0), Ok(100));
    assert_eq!(guest.write(fd, b"!"), Ok(1));
    assert_eq!(guest.filestat(fd).map(|stat| stat.size), Ok(101));
    let telling = Rights::FD_TELL | Rights::FD_READ;
    guest.set_rights(fd, telling, Rights::empty()).unwrap();
    assert_eq!(guest.tell(fd), Ok(101));
    assert_eq!(guest.seek(fd, 0, 1), Ok(101));
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::NOTCAPABLE));
}

#[test]
fn appending_ignores_the_position_until_it_is_switched_off() {
    let (temp, mut guest, _) = guest_with_file(b"abc");
    let fd = guest.open(ROOT, "file", Open { base: READ_WRITE, flags: 1, ..Open::default() }).unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"def").unwrap();
    assert_eq!(guest.fdstat(fd).map(|stat| stat.1), Ok(1));
    guest.set_flags(fd, 0).unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"X").unwrap();
    assert_eq!(fs::read(temp.path().join("file")).unwrap(), b"Xbcdef");
    assert_eq!(guest.set_flags(fd, 32), Err(Errno::INVAL));
    assert_eq!(guest.set_flags(fd, 16), Err(Errno::INVAL));
    let synced = guest.open(ROOT, "file", Open { base: READ_WRITE, flags: 16, ..Open::default() }).unwrap();
    guest.set_flags(synced, 16 | 1).unwrap();
    assert_eq!(guest.fdstat(synced).map(|stat| stat.1), Ok(17));
}

#[test]
fn faults_come_before_any_effect() {
    let (temp, mut guest, fd) = guest_with_file(b"content");
    let end = u32::try_from(MEMORY).unwrap();
    guest.put(DATA, b"data");
    let bad: [&[(u32, u32)]; 5] =
        [&[(end, 1)], &[(DATA, 4), (end - 1, 2)], &[(u32::MAX, 1)], &[(DATA, u32::MAX)], &[(DATA, 1), (0, end + 1)]];
    for buffers in bad {
        assert_eq!(transfer(&mut guest, io::fd_write, fd, buffers), Err(Errno::FAULT));
        assert_eq!(transfer(&mut guest, io::fd_read, fd, buffers), Err(Errno::FAULT));
    }
    for (list, count, result) in
        [(end, 1, RESULT), (VECTORS, u32::MAX, RESULT), (VECTORS, 1, end - 3), (end - 8, 2, RESULT)]
    {
        lists(&mut guest, &[(DATA, 4)]);
        assert_eq!(guest.call(|g, c| io::fd_write(g, c, fd, list, count, result)), Err(Errno::FAULT));
        assert_eq!(guest.call(|g, c| io::fd_read(g, c, fd, list, count, result)), Err(Errno::FAULT));
        assert_eq!(guest.call(|g, c| io::fd_pwrite(g, c, fd, list, count, 0, result)), Err(Errno::FAULT));
        assert_eq!(guest.call(|g, c| io::fd_pread(g, c, fd, list, count, 0, result)), Err(Errno::FAULT));
    }
    assert_eq!(guest.call(|g, c| io::fd_seek(g, c, fd, 5, 0, end - 7)), Err(Errno::FAULT));
    assert_eq!(guest.tell(fd), Ok(0));
    assert_eq!(fs::read(temp.path().join("file")).unwrap(), b"content");
    // A place for the descriptor is checked before anything is created.
    let length = guest.put(super::guest::FIRST, b"new");
    let fault = guest
        .call(|g, c| crate::p1::path::path_open(g, c, ROOT, 0, super::guest::FIRST, length, CREAT, 0, 0, 0, end - 3));
    assert_eq!(fault, Err(Errno::FAULT));
    assert!(!temp.path().join("new").exists());
}

#[test]
fn nothing_to_move() {
    let (_temp, mut guest, fd) = guest_with_file(b"content");
    for how in [io::fd_read as Transfer, io::fd_write] {
        assert_eq!(transfer(&mut guest, how, fd, &[]), Ok(0));
        assert_eq!(transfer(&mut guest, how, fd, &[(DATA, 0), (u32::MAX, 0)]), Ok(0));
    }
    assert_eq!(guest.tell(fd), Ok(0));
    // The same buffer, a great many times: only its total counts.
    let count = u32::try_from((MEMORY - VECTORS as usize) / 8).unwrap();
    assert_eq!(guest.call(|g, c| io::fd_read(g, c, fd, VECTORS + 64, count - 8, RESULT)), Ok(()));
}

#[test]
fn overlapping_buffers_receive_in_order() {
    let (_temp, mut guest, fd) = guest_with_file(b"abcdefgh");
    assert_eq!(transfer(&mut guest, io::fd_read, fd, &[(DATA, 4), (DATA + 2, 4)]), Ok(8));
    assert_eq!(guest.get(DATA, 6), b"abefgh");
}

#[test]
fn a_full_disk_is_reported_and_what_went_before_counts() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    drop(full);
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::free(std::path::Path::new("/dev"));
    let fd = guest.open(ROOT, "full", Open { base: READ_WRITE, ..Open::default() }).unwrap();
    assert_eq!(guest.fdstat(fd).map(|stat| stat.0), Ok(2));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::NOSPC));
    drop(temp);
    let limited = MemoryOutput::new(5);
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(limited.clone()).build());
    assert_eq!(guest.write(1, b"abc"), Ok(3));
    guest.put(DATA, b"defg");
    assert_eq!(transfer(&mut guest, io::fd_write, 1, &[(DATA, 1), (DATA + 1, 3)]), Ok(2));
    assert_eq!(guest.write(1, b"x"), Err(Errno::NOSPC));
    assert_eq!(limited.contents(), b"abcde");
}

#[test]
fn sizes_and_space() {
    let (temp, mut guest, fd) = guest_with_file(b"0123456789");
    guest.set_size(fd, 4).unwrap();
    guest.set_size(fd, 6).unwrap();
    assert_eq!(fs::read(temp.path().join("file")).unwrap(), b"0123\0\0");
    for length in [0, 3, 100, u64::MAX] {
        assert_eq!(guest.allocate(fd, 4, length), Err(Errno::NOTSUP));
        assert_eq!(guest.filestat(fd).map(|stat| stat.size), Ok(6));
    }
    assert!(guest.set_size(fd, u64::MAX).is_err());
    assert_eq!(guest.set_size(ROOT, 0), Err(Errno::ISDIR));
    assert_eq!(guest.allocate(ROOT, 0, 1), Err(Errno::ISDIR));
    let advise =
        |guest: &mut Guest, fd, advice| guest.call(|g, c| crate::p1::attribute::fd_advise(g, c, fd, 0, 100, advice));
    for advice in 0..6 {
        assert_eq!(advise(&mut guest, fd, advice), Ok(()));
    }
    assert_eq!(advise(&mut guest, fd, 6), Err(Errno::INVAL));
    assert_eq!(advise(&mut guest, ROOT, 0), Err(Errno::ISDIR));
    for import in [io::fd_sync, io::fd_datasync] {
        assert_eq!(guest.call(|g, c| import(g, c, fd)), Ok(()));
        assert_eq!(guest.call(|g, c| import(g, c, ROOT)), Ok(()));
        assert_eq!(guest.call(|g, c| import(g, c, 1)), Ok(()));
        assert_eq!(guest.call(|g, c| import(g, c, 0)), Err(Errno::NOTCAPABLE));
    }
}

#[test]
fn directories_and_wrong_ends_of_streams() {
    let (_temp, mut guest, _) = guest_with_file(b"");
    assert_eq!(guest.read(ROOT, 1), Err(Errno::ISDIR));
    assert_eq!(guest.write(ROOT, b"x"), Err(Errno::ISDIR));
    assert_eq!(guest.pread(ROOT, 1, 0), Err(Errno::ISDIR));
    assert_eq!(guest.pwrite(ROOT, b"x", 0), Err(Errno::ISDIR));
    assert_eq!(guest.seek(ROOT, 0, 1), Err(Errno::ISDIR));
    assert_eq!(guest.tell(ROOT), Err(Errno::ISDIR));
    assert_eq!(guest.read(1, 1), Err(Errno::BADF));
    assert_eq!(guest.write(0, b"x"), Err(Errno::BADF));
    assert_eq!(guest.pread(0, 1, 0), Err(Errno::SPIPE));
    assert_eq!(guest.pwrite(1, b"x", 0), Err(Errno::SPIPE));
    assert_eq!(guest.seek(1, 0, 1), Err(Errno::SPIPE));
    assert_eq!(guest.read(50, 1), Err(Errno::BADF));
    let unread = guest.open(ROOT, "file", Open { base: Rights::FD_SEEK, ..Open::default() }).unwrap();
    assert_eq!(guest.read(unread, 1), Err(Errno::NOTCAPABLE));
}

#[test]
fn streams_of_the_embedder() {
    struct Slow(Vec<u8>);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some(byte) = self.0.pop() else { return Ok(0) };
            buffer[0] = byte;
            Ok(1)
        }
    }
    let (out, err) = (MemoryOutput::new(100), MemoryOutput::new(100));
    let ctx = WasiCtxBuilder::new().stdin(Slow(b"cba".to_vec())).stdout(out.clone()).stderr(err.clone()).build();
    let mut guest = Guest::new(ctx);
    assert_eq!(transfer(&mut guest, io::fd_read, 0, &[(DATA, 0), (DATA, 5), (DATA + 10, 5)]), Ok(1));
    assert_eq!(guest.read(0, 10).as_deref(), Ok(&b"b"[..]));
    assert_eq!(guest.read(0, 10).as_deref(), Ok(&b"c"[..]));
    assert_eq!(guest.read(0, 10).as_deref(), Ok(&b""[..]));
    guest.put(DATA, b"0123456789");
    let buffers: Vec<(u32, u32)> = (0..10).map(|i| (DATA + i, 1)).collect();
    assert_eq!(transfer(&mut guest, io::fd_write, 1, &buffers), Ok(10));
    assert_eq!(guest.write(2, b"oops"), Ok(4));
    assert_eq!((out.contents(), err.contents()), (b"0123456789".to_vec(), b"oops".to_vec()));
    assert_eq!(guest.fdstat(1).map(|stat| stat.0), Ok(0));
    assert_eq!(guest.filestat(1).map(|stat| (stat.kind, stat.size)), Ok((0, 0)));
    guest.set_flags(1, 4).unwrap();
    assert_eq!(guest.fdstat(1).map(|stat| stat.1), Ok(4));
    guest.close(1).unwrap();
    assert_eq!(guest.write(1, b"x"), Err(Errno::BADF));
}

#[test]
fn a_pipe_gives_what_it_has_and_never_blocks_when_told_so() {
    let temp = tempfile::tempdir().unwrap();
    let fifo = temp.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let mut guest = Guest::free(temp.path());
    let nonblocking = Open { base: READ, flags: 4, ..Open::default() };
    let fd = guest.open(ROOT, "fifo", nonblocking).unwrap();
    let mut writer = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    assert_eq!(guest.read(fd, 10), Err(Errno::AGAIN));
    std::io::Write::write_all(&mut writer, b"abc").unwrap();
    assert_eq!(transfer(&mut guest, io::fd_read, fd, &[(DATA, 2), (DATA + 10, 2)]), Ok(3));
    assert_eq!(guest.seek(fd, 0, 1), Err(Errno::SPIPE));
    assert_eq!(guest.pread(fd, 1, 0), Err(Errno::SPIPE));
    drop(writer);
    assert_eq!(guest.read(fd, 10).as_deref(), Ok(&b""[..]));
}
