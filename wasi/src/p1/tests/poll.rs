//! Does `poll_oneoff` wait for what was asked, as long as was asked, and report exactly that?

use super::guest::{DATA, Guest, MEMORY, Open, READ, READ_WRITE, RESULT, ROOT, SECOND};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::p1::poll::poll_oneoff;
use crate::p1::rights::Rights;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::io::Write;
use std::time::{Duration, Instant};

const MILLISECOND: u64 = 1_000_000;

#[derive(Clone, Copy)]
enum Sub {
    Clock { id: u32, timeout: u64, flags: u16 },
    Read(u32),
    Write(u32),
}

/// userdata, error, type, bytes, flags
type Event = (u64, u16, u8, u64, u16);

/// Polls; the user data of each subscription is its index.
fn poll(guest: &mut Guest, subs: &[Sub]) -> Result<Vec<Event>, Errno> {
    for (index, sub) in subs.iter().enumerate() {
        let mut bytes = [0xA5_u8; 48];
        bytes[..8].copy_from_slice(&(index as u64).to_le_bytes());
        match *sub {
            Sub::Clock { id, timeout, flags } => {
                bytes[8] = 0;
                bytes[16..20].copy_from_slice(&id.to_le_bytes());
                bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
                bytes[40..42].copy_from_slice(&flags.to_le_bytes());
            }
            Sub::Read(fd) | Sub::Write(fd) => {
                bytes[8] = if matches!(sub, Sub::Read(_)) { 1 } else { 2 };
                bytes[16..20].copy_from_slice(&fd.to_le_bytes());
            }
        }
        guest.put(DATA + 48 * u32::try_from(index).unwrap(), &bytes);
    }
    let count = u32::try_from(subs.len()).unwrap();
    guest.call(|memory, ctx| poll_oneoff(memory, ctx, DATA, SECOND, count, RESULT))?;
    let event = |index| {
        let at = SECOND + 32 * index;
        (guest.u64(at), guest.u16(at + 8), guest.get(at + 10, 1)[0], guest.u64(at + 16), guest.u16(at + 24))
    };
    Ok((0..guest.u32(RESULT)).map(event).collect())
}

fn relative(timeout: u64) -> Sub {
    Sub::Clock { id: 1, timeout, flags: 0 }
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = act();
    (done, start.elapsed())
}

fn fifo() -> (tempfile::TempDir, Guest, u32, std::fs::File) {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let mut guest = Guest::free(temp.path());
    let fd = guest.open(ROOT, "fifo", Open { base: READ, flags: 4, ..Open::default() }).unwrap();
    let writer = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    (temp, guest, fd, writer)
}

#[test]
fn clocks_relative_and_absolute() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    for id in [0, 1] {
        let sub = Sub::Clock { id, timeout: 15 * MILLISECOND, flags: 0 };
        let (events, took) = timed(|| poll(&mut guest, &[sub]));
        assert_eq!(events, Ok(vec![(0, 0, 0, 0, 0)]));
        assert!(took >= Duration::from_millis(15), "{took:?}");
        let now = |guest: &mut Guest| {
            guest.call(|g, c| crate::p1::clock::clock_time_get(g, c, id, 0, RESULT)).unwrap();
            guest.u64(RESULT)
        };
        let until = now(&mut guest) + 15 * MILLISECOND;
        let events = poll(&mut guest, &[Sub::Clock { id, timeout: until, flags: 1 }]);
        assert_eq!(events, Ok(vec![(0, 0, 0, 0, 0)]));
        assert!(now(&mut guest) >= until);
        // A moment that has passed, and the other one that never comes.
        let subs = [Sub::Clock { id, timeout: u64::MAX, flags: 0 }, Sub::Clock { id, timeout: 1, flags: 1 }];
        let (events, took) = timed(|| poll(&mut guest, &subs));
        assert_eq!(events, Ok(vec![(1, 0, 0, 0, 0)]));
        assert!(took < Duration::from_secs(5));
    }
}

#[test]
fn the_sooner_of_two_clocks_is_reported_alone() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let subs = [relative(60_000 * MILLISECOND), relative(10 * MILLISECOND), relative(u64::MAX)];
    assert_eq!(poll(&mut guest, &subs), Ok(vec![(1, 0, 0, 0, 0)]));
}

#[test]
fn files_and_streams_without_a_host_are_always_ready() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::free(temp.path());
    let fd = guest.create(ROOT, "file").unwrap();
    guest.set_size(fd, 10).unwrap();
    guest.seek(fd, 3, 0).unwrap();
    let subs = [Sub::Read(fd), Sub::Write(fd), Sub::Read(0), Sub::Write(1), Sub::Write(2), relative(u64::MAX)];
    let events = poll(&mut guest, &subs).unwrap();
    let expected = [(0, 0, 1, 7, 0), (1, 0, 2, 1, 0), (2, 0, 1, 0, 1), (3, 0, 2, 1, 0), (4, 0, 2, 1, 0)];
    assert_eq!(events, expected);
}

#[test]
fn what_is_wrong_with_one_is_in_its_event() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::free(temp.path());
    let unasked = guest.open(ROOT, "file", Open { oflags: 1, base: Rights::FD_READ, ..Open::default() }).unwrap();
    let silent = guest.create(ROOT, "file").unwrap();
    guest.set_rights(silent, READ_WRITE - Rights::POLL_FD_READWRITE, Rights::empty()).unwrap();
    let subs = [
        Sub::Read(u32::MAX),
        Sub::Read(1),
        Sub::Write(0),
        Sub::Read(ROOT),
        Sub::Read(unasked),
        Sub::Write(silent),
        Sub::Clock { id: 2, timeout: 0, flags: 0 },
        relative(u64::MAX),
    ];
    let (badf, notcapable, notsup) = (Errno::BADF.number(), Errno::NOTCAPABLE.number(), Errno::NOTSUP.number());
    let expected = [
        (0, badf, 1, 0, 0),
        (1, badf, 1, 0, 0),
        (2, badf, 2, 0, 0),
        (3, badf, 1, 0, 0),
        (4, notcapable, 1, 0, 0),
        (5, notcapable, 2, 0, 0),
        (6, notsup, 0, 0, 0),
    ];
    assert_eq!(poll(&mut guest, &subs).unwrap(), expected);
}

#[test]
fn a_pipe_is_waited_for() {
    let (_temp, mut guest, fd, mut writer) = fifo();
    let subs = [Sub::Read(fd), relative(10 * MILLISECOND)];
    assert_eq!(poll(&mut guest, &subs), Ok(vec![(1, 0, 0, 0, 0)]));
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        writer.write_all(b"abc").unwrap();
        writer
    });
    let subs = [Sub::Read(fd), relative(60_000 * MILLISECOND), Sub::Read(fd)];
    let events = poll(&mut guest, &subs);
    assert_eq!(events, Ok(vec![(0, 0, 1, 3, 0), (2, 0, 1, 3, 0)]));
    drop(late.join().unwrap());
    let events = poll(&mut guest, &[Sub::Read(fd)]);
    assert_eq!(events, Ok(vec![(0, 0, 1, 3, 1)]), "with what is left, and that no more will come");
}

#[test]
fn lists_that_are_not_valid() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    assert_eq!(poll(&mut guest, &[]), Err(Errno::INVAL));
    for count in [65_537, u32::MAX] {
        let call = guest.call(|g, c| poll_oneoff(g, c, DATA, SECOND, count, RESULT));
        assert_eq!(call, Err(Errno::INVAL));
    }
    let end = u32::try_from(MEMORY).unwrap();
    for (subscriptions, events, result) in
        [(end - 47, SECOND, RESULT), (DATA, end - 31, RESULT), (DATA, SECOND, end - 3), (u32::MAX, 0, 0)]
    {
        let call = guest.call(|g, c| poll_oneoff(g, c, subscriptions, events, 1, result));
        assert_eq!(call, Err(Errno::FAULT));
    }
    assert_eq!(guest.call(|g, c| poll_oneoff(g, c, DATA, SECOND, 65_536, RESULT)), Err(Errno::FAULT));
    assert_eq!(poll(&mut guest, &[Sub::Clock { id: 4, timeout: 0, flags: 0 }]), Err(Errno::INVAL));
    assert_eq!(poll(&mut guest, &[Sub::Clock { id: 1, timeout: 0, flags: 2 }]), Err(Errno::INVAL));
    guest.put(DATA + 8, &[3]);
    assert_eq!(guest.call(|g, c| poll_oneoff(g, c, DATA, SECOND, 1, RESULT)), Err(Errno::INVAL));
}

/// The events lie over the subscriptions: nonsense, but the guest's own.
#[test]
fn events_over_subscriptions_stay_inside() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let subs = [relative(0); 20];
    poll(&mut guest, &subs).unwrap();
    for events in DATA - 40..DATA + 40 {
        poll(&mut guest, &subs).unwrap();
        let _ = guest.call(|g, c| poll_oneoff(g, c, DATA, events, 20, RESULT));
    }
}

#[test]
fn only_the_fields_of_an_event_are_written() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    guest.put(SECOND, &[0xA5; 64]);
    poll(&mut guest, &[relative(0), relative(u64::MAX)]).unwrap();
    assert_eq!(guest.get(SECOND + 11, 5), [0xA5; 5]);
    assert_eq!(guest.get(SECOND + 26, 38), [0xA5; 38]);
}
