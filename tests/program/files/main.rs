//! Walks through what a program may ask of the system: files, directories, arguments, environment, clocks, randomness.
//!
//! Usage: files [DIRECTORY] [ARGUMENT ...], or `files --panic`. Works in DIRECTORY (default /data), which must hold the
//! files `seed.txt` and `tree/leaf.txt`; prints one line for each thing tried, the same on every machine.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::env;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::hash::BuildHasher;
use std::io::{self, BufRead, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

type Result<T = ()> = io::Result<T>;

/// The numbers of two errors for which the standard library has no kind on every system: EBADF and ENOTEMPTY.
const BAD_DESCRIPTOR: i32 = if cfg!(target_os = "wasi") { 8 } else { 9 };
const NOT_EMPTY: i32 = if cfg!(target_os = "wasi") { 55 } else { 39 };

/// Prints what came of an attempt; an error by its kind only, for its words differ from system to system.
fn show<T: Display>(what: &str, outcome: Result<T>) {
    match outcome {
        Ok(value) => println!("{what}: {value}"),
        Err(error) => match error.raw_os_error() {
            Some(BAD_DESCRIPTOR) => println!("{what}: error BadDescriptor"),
            Some(NOT_EMPTY) => println!("{what}: error DirectoryNotEmpty"),
            _ => println!("{what}: error {:?}", error.kind()),
        },
    }
}

fn done<T>(outcome: Result<T>) -> Result<&'static str> {
    outcome.map(|_| "done")
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("--panic") {
        println!("about to panic");
        panic!("this panic was asked for");
    }
    let root = PathBuf::from(first.as_deref().unwrap_or("/data"));
    let rest: Vec<String> = arguments.collect();
    println!("arguments: {rest:?}");
    let rooms: [(&str, fn(&Path) -> Result); 9] = [
        ("environment", environment),
        ("stdin", stdin),
        ("reading and writing", reading_and_writing),
        ("positions", positions),
        ("metadata", metadata),
        ("directories", directories),
        ("links", links),
        ("errors", errors),
        ("clocks", clocks),
    ];
    let mut failures = 0;
    for (name, room) in rooms {
        println!("[{name}]");
        if let Err(error) = room(&root) {
            println!("failed: {:?}", error.kind());
            eprintln!("files: {name}: {error}");
            failures += 1;
        }
    }
    eprintln!("files: {failures} failures");
    ExitCode::from(u8::from(failures > 0))
}

fn environment(_: &Path) -> Result {
    let mut variables: Vec<(String, String)> = env::vars().collect();
    variables.sort();
    for (name, value) in variables {
        println!("{name} is {value:?}");
    }
    println!("unset variable: {:?}", env::var("THERE_IS_NO_SUCH_VARIABLE").ok());
    Ok(())
}

fn stdin(_: &Path) -> Result {
    let mut lines = 0;
    for line in io::stdin().lock().lines() {
        println!("{:?}", line?);
        lines += 1;
    }
    println!("lines: {lines}");
    println!("read after the end: {}", io::stdin().read(&mut [0; 8])?);
    Ok(())
}

fn reading_and_writing(root: &Path) -> Result {
    println!("seed: {:?}", fs::read_to_string(root.join("seed.txt"))?);
    let path = root.join("note.txt");
    fs::write(&path, "one\n")?;
    OpenOptions::new().append(true).open(&path)?.write_all(b"two\n")?;
    let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b"three\n")?; // goes to the end all the same
    println!("appended: {:?}", fs::read_to_string(&path)?);

    let mut file = File::create(&path)?;
    let mut slices = [IoSlice::new(b"gathered "), IoSlice::new(b"from "), IoSlice::new(b"three")];
    println!("gathered: {}", write_slices(&mut file, &mut slices)?);
    file.sync_data()?;
    file.sync_all()?;
    drop(file);
    let (mut left, mut right) = ([0; 3], [0; 64]);
    let mut slices = [IoSliceMut::new(&mut left), IoSliceMut::new(&mut right)];
    let read = read_slices(&mut File::open(&path)?, &mut slices)?;
    println!("scattered: {read} {:?} {:?}", text(&left), text(&right[..read - left.len()]));

    show("create_new on an existing file", done(File::create_new(&path)));
    show("write to a file opened for reading", done(File::open(&path)?.write(b"x")));
    show("read of a file opened for writing", done(OpenOptions::new().write(true).open(&path)?.read(&mut [0; 4])));
    show("copy", fs::copy(&path, root.join("copy.txt")));
    println!("the copy: {:?}", fs::read_to_string(root.join("copy.txt"))?);

    let large: Vec<u8> = (0..300_000u32).map(|index| (index * index >> 7) as u8).collect();
    fs::write(root.join("large.bin"), &large)?;
    println!("large file comes back: {}", fs::read(root.join("large.bin"))? == large);
    for name in ["note.txt", "copy.txt", "large.bin"] {
        fs::remove_file(root.join(name))?;
    }
    show("read after removal", done(fs::read(&path)));
    Ok(())
}

/// A single call may write, or read, less than all: how much is for the system to choose.
fn write_slices(file: &mut File, mut slices: &mut [IoSlice]) -> Result<usize> {
    let mut total = 0;
    while !slices.is_empty() {
        let written = file.write_vectored(slices)?;
        IoSlice::advance_slices(&mut slices, written);
        total += written;
    }
    Ok(total)
}

fn read_slices(file: &mut File, mut slices: &mut [IoSliceMut]) -> Result<usize> {
    let mut total = 0;
    loop {
        let read = file.read_vectored(slices)?;
        if read == 0 {
            return Ok(total);
        }
        IoSliceMut::advance_slices(&mut slices, read);
        total += read;
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn positions(root: &Path) -> Result {
    let path = root.join("numbers.txt");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    file.write_all(b"0123456789")?;
    println!("position after writing: {}", file.stream_position()?);
    println!("seek to 2: {}", file.seek(SeekFrom::Start(2))?);
    let mut two = [0; 2];
    file.read_exact(&mut two)?;
    println!("read there: {:?}", text(&two));
    println!("seek by -1: {}", file.seek(SeekFrom::Current(-1))?);
    file.write_all(b"abc")?;
    println!("seek to 3 before the end: {}", file.seek(SeekFrom::End(-3))?);
    let mut tail = String::new();
    file.read_to_string(&mut tail)?;
    println!("tail: {tail:?}");
    println!("read at the end: {}", file.read(&mut two)?);
    show("seek before the start", file.seek(SeekFrom::Current(-100)));
    println!("position is kept: {}", file.stream_position()?);

    println!("seek beyond the end: {}", file.seek(SeekFrom::End(4))?);
    file.write_all(b"!")?;
    println!("with a hole: {:?}", text(&fs::read(&path)?));
    file.set_len(5)?;
    println!("cut: {:?}", text(&fs::read(&path)?));
    file.set_len(8)?;
    println!("lengthened: {:?}", text(&fs::read(&path)?));
    file.rewind()?;
    println!("rewound: {}", file.stream_position()?);
    drop(file);
    fs::remove_file(&path)
}

fn metadata(root: &Path) -> Result {
    let seed = fs::metadata(root.join("seed.txt"))?;
    println!("seed: file {}, directory {}, length {}", seed.is_file(), seed.is_dir(), seed.len());
    let tree = fs::metadata(root.join("tree"))?;
    println!("tree: file {}, directory {}", tree.is_file(), tree.is_dir());
    let top = fs::metadata(root)?;
    println!("the directory itself: file {}, directory {}", top.is_file(), top.is_dir());
    println!("exists: {} {}", root.join("seed.txt").exists(), root.join("weed.txt").exists());

    let path = root.join("dated.txt");
    let file = File::create(&path)?;
    let early = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_000);
    file.set_modified(early)?;
    println!("set time is kept: {}", fs::metadata(&path)?.modified()? == early);
    (&file).write_all(b"x")?;
    println!("writing makes it newer: {}", file.metadata()?.modified()? > early);
    println!("length by the open file: {}", file.metadata()?.len());
    println!("accessed is known: {}", file.metadata()?.accessed().is_ok());
    drop(file);
    fs::remove_file(&path)
}

fn directories(root: &Path) -> Result {
    let base = root.join("made");
    fs::create_dir(&base)?;
    show("create_dir again", done(fs::create_dir(&base)));
    show("create_dir without its parent", done(fs::create_dir(base.join("a/b/c"))));
    fs::create_dir_all(base.join("a/b/c"))?;
    fs::write(base.join("a/b/c/deep.txt"), "deep")?;
    println!("by way of '..': {:?}", fs::read_to_string(base.join("a/../a/./b/c/deep.txt"))?);
    show("remove_dir on a full directory", done(fs::remove_dir(base.join("a"))));
    show("remove_dir on a file", done(fs::remove_dir(base.join("a/b/c/deep.txt"))));

    fs::rename(base.join("a/b/c/deep.txt"), base.join("shallow.txt"))?;
    println!("renamed: {:?}", fs::read_to_string(base.join("shallow.txt"))?);
    fs::write(base.join("other.txt"), "other")?;
    fs::rename(base.join("other.txt"), base.join("shallow.txt"))?;
    println!("renamed over it: {:?}", fs::read_to_string(base.join("shallow.txt"))?);
    fs::rename(base.join("a"), base.join("z"))?;
    println!("directory renamed: {} {}", base.join("a").exists(), base.join("z/b/c").is_dir());
    show("remove_dir on an empty directory", done(fs::remove_dir(base.join("z/b/c"))));

    // More entries than any one call returns, with names of all lengths.
    let many = base.join("many");
    fs::create_dir(&many)?;
    let name = |index: usize| format!("{index:03}{}", "-long".repeat(index % 40));
    for index in 0..250 {
        File::create(many.join(name(index)))?;
    }
    let mut found = list(&many)?;
    println!("entries: {}", found.len());
    found.dedup();
    let expected: Vec<String> = (0..250).map(|index| format!("{} file", name(index))).collect();
    println!("each found once: {}", found == expected);
    println!("what is there: {:?}", list(&base)?);
    println!("tree: {:?}", list(&root.join("tree"))?);
    fs::remove_dir_all(&base)?;
    println!("all removed: {}", !base.exists());
    Ok(())
}

fn list(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = if entry.file_type()?.is_dir() { "directory" } else { "file" };
        names.push(format!("{} {kind}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names)
}

#[allow(deprecated)] // soft_link: the one way to make a symbolic link that is both portable and stable
fn links(root: &Path) -> Result {
    let (soft, hard) = (root.join("soft"), root.join("hard"));
    fs::soft_link("tree/leaf.txt", &soft)?;
    println!("link leads to: {:?}", fs::read_link(&soft)?);
    println!("read through it: {:?}", fs::read_to_string(&soft)?);
    println!("is a link: {} {}", fs::symlink_metadata(&soft)?.is_symlink(), fs::metadata(&soft)?.is_symlink());
    fs::hard_link(root.join("seed.txt"), &hard)?;
    println!("hard link: {:?}", fs::read_to_string(&hard)?);
    fs::remove_file(&soft)?;
    fs::remove_file(&hard)?;
    println!("both gone, the files remain: {} {}", root.join("seed.txt").exists(), root.join("tree/leaf.txt").exists());

    fs::soft_link("nowhere", &soft)?;
    show("read through a link to nowhere", done(fs::read(&soft)));
    fs::remove_file(&soft)?;
    fs::soft_link("loop", root.join("loop"))?;
    println!("read through a link to itself is refused: {}", fs::read(root.join("loop")).is_err());
    fs::remove_file(root.join("loop"))
}

/// What must not work. The escapes are tried inside the sandbox only: outside of one they would succeed.
#[allow(deprecated)]
fn errors(root: &Path) -> Result {
    show("missing file", done(File::open(root.join("missing"))));
    show("missing directory", done(fs::read_dir(root.join("missing"))));
    show("file as a directory", done(fs::read_dir(root.join("seed.txt"))));
    show("below a file", done(fs::read(root.join("seed.txt/below"))));
    show("remove a missing file", done(fs::remove_file(root.join("missing"))));
    show("rename a missing file", done(fs::rename(root.join("missing"), root.join("other"))));
    println!("remove_file on a directory is refused: {}", fs::remove_file(root.join("tree")).is_err());
    println!("write to a directory is refused: {}", fs::write(root.join("tree"), "x").is_err());
    show("name with a zero byte", done(fs::read(root.join("seed\0.txt"))));
    if cfg!(target_os = "wasi") {
        for path in ["../outside", "tree/../../outside", "tree/../../../../../../etc/passwd"] {
            show(&format!("escape by {path}"), done(fs::read(root.join(path))));
        }
        show("escape by writing", done(fs::write(root.join("../escaped"), "x")));
        show("escape by a directory", done(fs::create_dir(root.join("../escaped"))));
        show("escape by renaming", done(fs::rename(root.join("seed.txt"), root.join("../seed"))));
        println!("escape by an absolute path is refused: {}", fs::read("/etc/passwd").is_err());
        let link = root.join("out");
        if fs::soft_link("../..", &link).is_ok() {
            println!("escape by a link is refused: {}", fs::read_dir(&link).is_err());
            println!("escape through a link is refused: {}", fs::read(link.join("etc/passwd")).is_err());
            fs::remove_file(&link)?;
        }
        println!("an absolute link is refused: {}", fs::soft_link("/etc/passwd", &link).is_err());
    }
    Ok(())
}

fn clocks(_: &Path) -> Result {
    let mut latest = Instant::now();
    let start = latest;
    let monotonic = (0..1000).all(|_| {
        let now = Instant::now();
        let fine = now >= latest;
        latest = now;
        fine
    });
    println!("the clock never goes back: {monotonic}");
    thread::yield_now();
    thread::sleep(Duration::from_millis(1));
    println!("sleep takes its time: {}", start.elapsed() >= Duration::from_millis(1));
    let year_2024 = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    println!("it is later than 2024: {}", SystemTime::now() > year_2024);
    let (one, two) = (RandomState::new(), RandomState::new());
    println!("hash keys differ: {}", one.hash_one("crane") != two.hash_one("crane"));
    let squares: HashMap<u32, u32> = (0..100).map(|number| (number, number * number)).collect();
    println!("map works: {}", (0..100).all(|number| squares[&number] == number * number));
    Ok(())
}
