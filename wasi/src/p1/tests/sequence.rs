//! Do long random sequences of opening, closing, renumbering, reading, seeking, listing and polling agree with a small model, and leave
//! nothing open?

use super::guest::{CREAT, DATA, Guest, Open, READ_WRITE, RESULT, ROOT, Random, cases, first_seed, scratch};
use crate::p1::errno::Errno;
use crate::p1::poll;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How many of this process's descriptors lead below `root`.
fn held(root: &Path) -> usize {
    let targets = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(root)).count()
}

/// What a number stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// A standard stream: an empty input, or an output that is discarded.
    Stream { input: bool },
    /// The directory that the guest was given.
    Root,
    /// The same directory, opened by the guest.
    Opened,
    /// A file whose content is its name, and the offset.
    File { name: String, offset: u64 },
}

/// The model: what each number stands for.
type Model = BTreeMap<u32, What>;

/// How many files there are in the directory.
const FILES: usize = 6;

/// Numbers from here on stand for nothing but where many things are open at once.
const NUMBERS: usize = 24;

fn lowest_free(model: &Model) -> u32 {
    (0..).find(|fd| !model.contains_key(fd)).unwrap()
}

fn step(random: &mut Random, guest: &mut Guest, model: &mut Model) {
    let fd = u32::try_from(random.below(NUMBERS)).unwrap();
    match random.below(14) {
        0..=2 => open(random, guest, model),
        3 => {
            let opened = guest.open_dir(fd, ".");
            let what = match model.get(&fd) {
                Some(What::Root | What::Opened) => Ok(lowest_free(model)),
                Some(_) => Err(Errno::NOTDIR),
                None => Err(Errno::BADF),
            };
            assert_eq!(opened, what);
            opened.map(|opened| model.insert(opened, What::Opened)).ok();
        }
        4 | 5 => {
            let known = model.remove(&fd).is_some();
            assert_eq!(guest.close(fd), if known { Ok(()) } else { Err(Errno::BADF) });
        }
        6 | 7 => {
            // One time in four a number is given itself.
            let to = if random.below(4) == 0 { fd } else { u32::try_from(random.below(NUMBERS)).unwrap() };
            let known = model.contains_key(&fd) && model.contains_key(&to);
            assert_eq!(guest.renumber(fd, to), if known { Ok(()) } else { Err(Errno::BADF) });
            if known && fd != to {
                let moved = model.remove(&fd).unwrap();
                model.insert(to, moved);
            }
        }
        8 | 9 => read(random, guest, model, fd),
        10 => seek(random, guest, model, fd),
        11 => list(guest, model, fd),
        12 => poll_for_input(guest, model, fd),
        _ => {
            let kind = guest.fdstat(fd).map(|stat| stat.0);
            let expected = match model.get(&fd) {
                Some(What::Stream { .. }) => Ok(0),
                Some(What::Root | What::Opened) => Ok(3),
                Some(What::File { .. }) => Ok(4),
                None => Err(Errno::BADF),
            };
            assert_eq!(kind, expected);
        }
    }
}

/// Opens a file below a directory that is open, or below what is none.
fn open(random: &mut Random, guest: &mut Guest, model: &mut Model) {
    let directories: Vec<u32> =
        model.iter().filter(|(_, what)| matches!(what, What::Root | What::Opened)).map(|(fd, _)| *fd).collect();
    let below = if directories.is_empty() { ROOT } else { *random.pick(&directories) };
    let name = format!("f{}", random.below(FILES));
    let opened = guest.open(below, &name, Open { oflags: CREAT, base: READ_WRITE, ..Open::default() });
    if directories.is_empty() {
        assert_eq!(opened, Err(if model.contains_key(&ROOT) { Errno::NOTDIR } else { Errno::BADF }));
        return;
    }
    assert_eq!(opened, Ok(lowest_free(model)));
    model.insert(opened.unwrap(), What::File { name, offset: 0 });
}

fn read(random: &mut Random, guest: &mut Guest, model: &mut Model, fd: u32) {
    let length = random.below(4);
    let read = guest.read(fd, u32::try_from(length).unwrap());
    match model.get_mut(&fd) {
        Some(What::File { name, offset }) => {
            let rest = name.as_bytes().get(usize::try_from(*offset).unwrap()..).unwrap_or_default();
            let expected = rest.get(..length).unwrap_or(rest);
            assert_eq!(read.as_deref(), Ok(expected));
            *offset += expected.len() as u64;
        }
        Some(What::Stream { input: true }) => assert_eq!(read.as_deref(), Ok(&b""[..])),
        Some(What::Root | What::Opened) => assert_eq!(read, Err(Errno::ISDIR)),
        Some(What::Stream { input: false }) | None => assert_eq!(read, Err(Errno::BADF)),
    }
}

fn seek(random: &mut Random, guest: &mut Guest, model: &mut Model, fd: u32) {
    let (whence, by) = (u32::try_from(random.below(3)).unwrap(), random.below(7) as i64 - 3);
    let sought = guest.seek(fd, by, whence);
    let expected = match model.get_mut(&fd) {
        Some(What::File { name, offset }) => {
            let from = [0, *offset, name.len() as u64][whence as usize];
            let to = from.checked_add_signed(by).ok_or(Errno::INVAL);
            if let Ok(to) = to {
                *offset = to;
            }
            to
        }
        // What is wrong with the offset itself is said first.
        _ if whence == 0 && by < 0 => Err(Errno::INVAL),
        Some(What::Stream { .. }) => Err(Errno::SPIPE),
        Some(What::Root | What::Opened) => Err(Errno::ISDIR),
        None => Err(Errno::BADF),
    };
    assert_eq!(sought, expected);
    if let Some(What::File { offset, .. }) = model.get(&fd) {
        assert_eq!(guest.tell(fd), Ok(*offset));
    }
}

fn list(guest: &mut Guest, model: &Model, fd: u32) {
    let listed = guest.readdir(fd, 4096, 0);
    match model.get(&fd) {
        Some(What::Root | What::Opened) => {
            let (bytes, mut count) = (listed.unwrap(), 0);
            let mut rest = &bytes[..];
            while let Some((head, tail)) = rest.split_at_checked(24) {
                count += 1;
                rest = &tail[u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize..];
            }
            assert_eq!(count, FILES + 2, "with `.` and `..`");
        }
        Some(_) => assert_eq!(listed, Err(Errno::NOTDIR)),
        None => assert_eq!(listed, Err(Errno::BADF)),
    }
}

/// Asks whether `fd` can be read: the errno and the number of bytes in the event.
fn poll_for_input(guest: &mut Guest, model: &Model, fd: u32) {
    let mut subscription = [0; 48];
    subscription[8] = 1;
    subscription[16..20].copy_from_slice(&fd.to_le_bytes());
    guest.put(DATA, &subscription);
    guest.call(|memory, ctx| poll::poll_oneoff(memory, ctx, DATA, DATA + 64, 1, RESULT)).unwrap();
    let (errno, bytes) = (guest.u16(DATA + 64 + 8), guest.u64(DATA + 64 + 16));
    let expected = match model.get(&fd) {
        Some(What::File { name, offset }) => (0, (name.len() as u64).saturating_sub(*offset)),
        Some(What::Stream { input: true }) => (0, 0),
        _ => (Errno::BADF.number(), 0),
    };
    assert_eq!((errno, bytes), expected, "{:?}", model.get(&fd));
}

#[test]
fn a_table_of_descriptors_and_its_model() {
    let temp = scratch();
    let root = fs::canonicalize(temp.path()).unwrap();
    for index in 0..FILES {
        fs::write(root.join(format!("f{index}")), format!("f{index}")).unwrap();
    }
    let start = held(&root);
    for seed in first_seed()..first_seed() + cases(10_000) {
        let mut random = Random::new(seed);
        let mut guest = Guest::small(&root);
        let mut model: Model = (0..3).map(|fd| (fd, What::Stream { input: fd == 0 })).collect();
        model.insert(ROOT, What::Root);
        // To ask the host what is open takes as long as some sequences: after each step of a few, and at the end of some.
        let closely = seed % 256 == 0;
        let now = |model: &Model| model.values().filter(|what| !matches!(what, What::Stream { .. })).count();
        for _ in 0..60 {
            step(&mut random, &mut guest, &mut model);
            assert!(!closely || held(&root) - start == now(&model), "seed {seed}");
        }
        if seed % 16 == 0 {
            assert_eq!(held(&root) - start, now(&model), "seed {seed}");
        }
    }
    assert_eq!(held(&root), start, "something stayed open");
}

#[test]
fn descriptors_run_out_without_anything_being_created() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::free(temp.path());
    let mut opened = 0;
    let error = loop {
        match guest.create(ROOT, "file") {
            Ok(_) => opened += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Errno::MFILE);
    assert!(opened <= 1024);
    assert_eq!(guest.create(ROOT, "another"), Err(Errno::MFILE));
    assert!(!temp.path().join("another").exists());
    guest.close(opened + 2).unwrap();
    assert_eq!(guest.create(ROOT, "another"), Ok(opened + 2));
    assert_eq!(fs::metadata(temp.path().join("file")).unwrap().nlink(), 1);
}
