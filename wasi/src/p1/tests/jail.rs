//! Does a random tree full of links out of it, worked on at random, ever let a guest reach or change anything outside?
//!
//! Outside is watched from the host: it must stay bit for bit as it was, and no content or attribute of anything
//! outside may come back to the guest.

use super::guest::{CREAT, EXCL, Guest, Open, READ, READ_WRITE, Random, cases, first_seed, scratch, snapshot};
use crate::context::WasiCtxBuilder;
use crate::p1::errno::Errno;
use crate::p1::rights::Rights;
use crate::permission::{DirPerms, FilePerms};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

const MARK: &str = "OUTSIDE";
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// ```text
///     OUTSIDE-secret  OUTSIDE-dir/OUTSIDE-file  OUTSIDE-dir/a   a -> OUTSIDE-dir
///     in/     a random tree
/// ```
fn plant(base: &Path, random: &mut Random) -> PathBuf {
    let root = base.join("in");
    fs::write(base.join(format!("{MARK}-secret")), MARK).unwrap();
    fs::create_dir(base.join(format!("{MARK}-dir"))).unwrap();
    fs::write(base.join(format!("{MARK}-dir/{MARK}-file")), MARK).unwrap();
    fs::write(base.join(format!("{MARK}-dir/a")), MARK).unwrap();
    symlink(format!("{MARK}-dir"), base.join("a")).unwrap();
    fs::create_dir(&root).unwrap();
    let mut directories = vec![root.clone()];
    for _ in 0..40 {
        let place = random.pick(&directories).join(random.pick(&NAMES));
        match random.below(5) {
            // Not through a link that is there already: that could lead anywhere.
            0 => drop(fs::OpenOptions::new().write(true).create_new(true).open(&place)),
            1 | 2 => {
                if fs::create_dir(&place).is_ok() {
                    directories.push(place);
                }
            }
            _ => drop(symlink(target(base, random), &place)),
        }
    }
    root
}

/// Where a link leads: every other one out.
fn target(base: &Path, random: &mut Random) -> String {
    let base = base.to_str().unwrap();
    let (name, other) = (*random.pick(&NAMES), *random.pick(&NAMES));
    match random.below(24) {
        0 => format!("../{MARK}-secret"),
        1 => format!("../{MARK}-dir"),
        2 => format!("../{MARK}-dir/"),
        3 => format!("{base}/{MARK}-secret"),
        4 => format!("{base}/{MARK}-dir/"),
        5 => "..".to_owned(),
        6 => "../..".to_owned(),
        7 => "/".to_owned(),
        8 => format!("../in/{name}"),
        9 => format!("{name}/../../{MARK}-dir/{other}"),
        10 => format!("../../base/{MARK}-dir/{name}"),
        11 => format!("../../{name}/"),
        12 => ".".to_owned(),
        13 | 14 => format!("../{name}/"),
        15 | 16 => format!("../{name}"),
        17 | 18 => format!("{name}/{other}"),
        19 => format!("{name}/../{other}"),
        20 => format!("{name}/"),
        _ => name.to_owned(),
    }
}

/// A path as a hostile guest would make it.
fn path(base: &Path, random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..*random.pick(&[1, 1, 2, 2, 3]) {
        text.push_str(match random.below(30) {
            0..=2 => "..",
            3 => ".",
            4 => "",
            5 => "OUTSIDE-secret",
            6 => "OUTSIDE-dir",
            _ => random.pick::<&str>(&NAMES),
        });
        text.push_str(["/", "/", "/", "/", "//", "/./"][random.below(6)]);
    }
    match random.below(40) {
        0 => format!("/{text}"),
        1 => format!("{base}/{MARK}-secret", base = base.to_str().unwrap()),
        2 => String::new(),
        3 => text + "\0",
        4 | 5 => text + "..",
        6 | 7 => text + ".",
        8..=13 => text,
        _ => text.trim_end_matches("/./").trim_end_matches('/').to_owned(),
    }
}

/// A descriptor: mostly of what the guest was given, else of a directory it has opened.
fn any(random: &mut Random) -> u32 {
    *random.pick(&[3, 3, 3, 3, 3, 4, 4, 5, 6, 7])
}

/// What is outside, as the host sees it.
fn outside(base: &Path) -> Vec<(String, String)> {
    let inside = |name: &String| name == "in" || name.starts_with("in/");
    // The directory around both changes only if an entry comes or goes; its own link count depends on neither.
    snapshot(base).into_iter().filter(|(name, _)| !inside(name)).collect()
}

/// Who must never be met: the devices and inodes of what is outside.
fn inodes(base: &Path) -> BTreeSet<(u64, u64)> {
    let outside = outside(base).into_iter().map(|(name, _)| base.join(name));
    let all = outside.chain([base.join(".."), PathBuf::from("/")]);
    all.map(|path| fs::symlink_metadata(path).unwrap()).map(|meta| (meta.dev(), meta.ino())).collect()
}

/// The inodes of all entries of a directory on `device`.
fn listed(guest: &mut Guest, fd: u32, device: u64) -> BTreeSet<(u64, u64)> {
    let bytes = guest.readdir(fd, 65_536, 0).unwrap();
    let (mut rest, mut all) = (&bytes[..], BTreeSet::new());
    while let Some((head, tail)) = rest.split_at_checked(24) {
        all.insert((device, u64::from_le_bytes(head[8..16].try_into().unwrap())));
        rest = &tail[u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize..];
    }
    all
}

/// One random call. Everything that comes back is looked at.
fn act(base: &Path, random: &mut Random, guest: &mut Guest, forbidden: &BTreeSet<(u64, u64)>) -> Result<(), Errno> {
    let (fd, to) = (any(random), any(random));
    let (text, other) = (path(base, random), path(base, random));
    let lookup = u32::try_from(random.below(2)).unwrap();
    match random.below(13) {
        0..=3 => {
            let oflags = *random.pick(&[0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 8, 9, 10, 13, 15]);
            let base = *random.pick(&[READ, READ, READ_WRITE]) | Rights::OF_DIRECTORY;
            let inheriting = Rights::all();
            let opened = guest.open(fd, &text, Open { lookup, oflags, base, inheriting, flags: 0 });
            if let Ok(opened) = opened {
                let stat = guest.filestat(opened).unwrap();
                assert!(!forbidden.contains(&(stat.device, stat.inode)), "opened {text}");
                if stat.kind == 3 {
                    assert!(listed(guest, opened, stat.device).is_disjoint(forbidden), "listed {text}");
                } else {
                    let content = guest.read(opened, 100).unwrap();
                    assert_ne!(content, MARK.as_bytes(), "read {text}");
                    if base.contains(READ_WRITE) {
                        guest.write(opened, b"written").unwrap();
                    }
                }
                guest.close(opened).unwrap();
            }
            opened.map(|_| ())
        }
        4 => guest.stat(fd, &text, lookup).map(|stat| {
            assert!(!forbidden.contains(&(stat.device, stat.inode)), "attributes of {text}");
        }),
        5 => guest.set_times_at(fd, &text, lookup, (1, 2), 5),
        6 => guest.mkdir(fd, &text),
        7 => guest.rmdir(fd, &text),
        8 => guest.unlink(fd, &text),
        9 => guest.symlink(&target(base, random), fd, &text),
        10 => guest.link(fd, &text, to, &other),
        11 => guest.rename(fd, &text, to, &other),
        _ => guest.readlink(fd, &text).map(|_| ()),
    }
}

/// What came of a random tree, worked on at random.
struct Walked {
    tried: usize,
    succeeded: usize,
    /// The errno of each call, 0 for none, and the tree in the end, without what differs from run to run.
    trace: String,
}

fn walk(seed: u64) -> Walked {
    let (mut tried, mut succeeded, mut trace) = (0, 0, format!("{seed}:"));
    let mut random = Random::new(seed);
    let temp = scratch();
    let base = temp.path().join("base");
    fs::create_dir(&base).unwrap();
    let root = plant(&base, &mut random);
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(&root, "/", DirPerms::all(), FilePerms::all()).unwrap();
    if let Some(nested) = NAMES.map(|name| root.join(name)).iter().find(|path| path.is_dir() && !path.is_symlink()) {
        builder.preopened_dir(nested, "/nested", DirPerms::all(), FilePerms::all()).unwrap();
    }
    let mut guest = Guest::new(builder.build());
    while guest.fdstat(7).is_err() {
        let name = *random.pick(&NAMES);
        guest.open_dir(3, name).or_else(|_| guest.open_dir(3, ".")).unwrap();
    }
    let before = outside(&base);
    let forbidden = inodes(&base);
    for _ in 0..150 {
        let done = act(&base, &mut random, &mut guest, &forbidden);
        succeeded += usize::from(done.is_ok());
        tried += 1;
        trace += &format!(" {}", done.map_or_else(Errno::number, |()| 0));
    }
    assert_eq!(outside(&base), before, "seed {seed}");
    let names: Vec<_> = fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["base"], "seed {seed}");
    for (name, what) in snapshot(&root) {
        let mut parts = what.split(' ').skip(1);
        trace += &format!(" {name}={}", parts.next().unwrap());
    }
    Walked { tried, succeeded, trace }
}

#[test]
fn nothing_outside_is_reached_or_changed() {
    let (mut tried, mut succeeded) = (0, 0);
    for seed in first_seed()..first_seed() + cases(400) {
        let walked = walk(seed);
        tried += walked.tried;
        succeeded += walked.succeeded;
    }
    // A test that only ever fails to do anything would prove nothing.
    assert!(succeeded * 12 > tried, "only {succeeded} of {tried} calls did anything");
}

/// Where [`traces_are_written`] writes to.
const TRACES: &str = "TANCHO_TRACES";

/// The other side of [`the_two_resolvers_agree`], a process of its own.
#[test]
#[ignore = "the_two_resolvers_agree runs it"]
fn traces_are_written() {
    let path = std::env::var_os(TRACES).unwrap();
    let traces: String = (1000..1000 + cases(140)).map(|seed| walk(seed).trace + "\n").collect();
    fs::write(path, traces).unwrap();
}

/// Where the kernel has no `openat2`, paths are resolved component by component: the same calls on the same trees must come to the same.
/// strace plays the kernel without it.
#[test]
fn the_two_resolvers_agree() {
    let temp = scratch();
    let run = |name: &str, tracer: &[&str]| {
        let traces = temp.path().join(name);
        let program = std::env::current_exe().unwrap();
        let test = ["--exact", "p1::tests::jail::traces_are_written", "--ignored", "--test-threads=1"];
        let words = tracer.iter().map(|word| (*word).into()).chain([program.into_os_string()]);
        let words: Vec<std::ffi::OsString> = words.chain(test.map(Into::into)).collect();
        let output = std::process::Command::new(&words[0]).args(&words[1..]).env(TRACES, &traces).output();
        let output = match output {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            output => output.unwrap(),
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        Some((fs::read_to_string(traces).unwrap(), String::from_utf8(output.stderr).unwrap()))
    };
    let log = temp.path().join("log").display().to_string();
    let without = ["strace", "-f", "-o", &log, "-e", "trace=openat2", "-e", "inject=openat2:error=ENOSYS"];
    let Some((without, _)) = run("without", &without) else {
        eprintln!("there is no strace: the resolvers are not compared");
        return;
    };
    assert!(fs::read_to_string(&log).unwrap().contains("ENOSYS"), "no call was refused");
    let (with, _) = run("with", &[]).unwrap();
    for (with, without) in with.lines().zip(without.lines()) {
        let differs = with.split(' ').zip(without.split(' ')).position(|(one, other)| one != other);
        assert!(differs.is_none(), "they differ at {differs:?}:\nopenat2   {with}\ncomponent {without}");
        assert_eq!(with.split(' ').count(), without.split(' ').count());
    }
    assert_eq!(with.lines().count(), without.lines().count());
}

/// Ends the other side of a race, however this side ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// While a guest opens `d/file`, somebody else swaps `d` for a link out and back, as fast as possible.
#[test]
fn a_race_for_a_directory_is_never_won() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("in");
    fs::create_dir_all(root.join("real")).unwrap();
    fs::create_dir(temp.path().join("out")).unwrap();
    fs::write(root.join("real/file"), "inside").unwrap();
    fs::write(temp.path().join("out/file"), MARK).unwrap();
    symlink("../out", root.join("link")).unwrap();
    // And `x`: a file, a link to a file outside, or a link to one that is not there yet.
    fs::write(root.join("x-file"), "inside").unwrap();
    symlink("../out/file", root.join("x-out")).unwrap();
    symlink("../out/new", root.join("x-new")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (name, x) in [("real", "x-file"), ("link", "x-out"), ("real", "x-new")] {
                    fs::rename(root.join(name), root.join("d")).unwrap();
                    fs::rename(root.join(x), root.join("x")).unwrap();
                    fs::rename(root.join("d"), root.join(name)).unwrap();
                    fs::rename(root.join("x"), root.join(x)).unwrap();
                }
            }
        });
        let _stop = Stop(&stop);
        let mut guest = Guest::free(&root);
        let mut inside = 0;
        let mut turn = 0_u32;
        // Longer where the other thread gets no time: it must have been right once at least.
        let turns = u32::try_from(cases(20_000)).unwrap();
        while turn < turns || (inside == 0 && turn < 2_000_000) {
            let path = ["d/file", "d/../d/file"][turn as usize % 2];
            let how = Open { lookup: turn / 2 % 2, base: READ_WRITE, ..Open::default() };
            if let Ok(fd) = guest.open(3, path, how) {
                assert_eq!(guest.read(fd, 100).as_deref(), Ok(&b"inside"[..]));
                guest.close(fd).unwrap();
                inside += 1;
            }
            // Where it is not there it is made, inside.
            let how = Open { oflags: [CREAT, CREAT | EXCL][turn as usize % 8 / 7], ..how };
            if let Ok(fd) = guest.open(3, "x", how) {
                assert_ne!(guest.read(fd, 100).as_deref(), Ok(MARK.as_bytes()));
                guest.close(fd).unwrap();
            }
            turn += 1;
            // These may create or change something, but only inside.
            let _ = guest.mkdir(3, "d/made");
            let _ = guest.unlink(3, "d/never");
            let _ = guest.set_times_at(3, "d/file", 1, (1, 1), 5);
        }
        assert!(inside > 0);
    });
    assert_eq!(fs::read_dir(temp.path().join("out")).unwrap().count(), 1);
    let file = fs::metadata(temp.path().join("out/file")).unwrap();
    assert!(file.mtime() > 1_000_000, "its time was set");
}
