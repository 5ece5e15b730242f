//! The cache of compiled modules: what is in it is used, what is wrong with it is found, and nothing that happens to it or to a process that
//! writes it changes what a program prints. Rows A1, A4 and A5 of reliability.

#[path = "oracle/row.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use more of it")]
mod row;

use row::{Random, Row};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().expect("a folder to work in") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("TANCHO_KEY_FILE", self.path("key")).env("TANCHO_CACHE_DIR", self.path("cache"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("tancho starts")
    }

    /// Writes a module whose function `f` returns `number`.
    fn module(&self, number: usize) -> String {
        let name = format!("{number}.wat");
        let text = format!(
            "(module (func $helper (result i32) i32.const {number}) (func (export \"f\") (result i32) call $helper))"
        );
        std::fs::write(self.path(&name), text).expect("it can be written");
        name
    }

    /// Runs a module of [`Bench::module`] and returns where its code came from, after a check of what it prints.
    fn number(&self, number: usize, options: &[&str]) -> String {
        let name = format!("{number}.wat");
        let output = self.run(&[options, &["--stats=json", "--invoke", "f", &name]].concat());
        assert_eq!(text(&output.stdout), format!("{number}\n"), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0));
        let stats = text(&output.stderr);
        let line = stats.lines().last().unwrap_or_default().to_owned();
        let from = line.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
        from.unwrap_or_else(|| panic!("no statistics in {stats}")).to_owned()
    }

    fn entries(&self) -> Vec<PathBuf> {
        let listed =
            std::fs::read_dir(self.path("cache")).map(|listed| listed.flatten().map(|entry| entry.path()).collect());
        listed.unwrap_or_default()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

const COMPILED: &str = "compiled and cached";

#[test]
fn a_module_is_compiled_once() {
    let bench = Bench::new();
    bench.module(1);
    assert_eq!(bench.number(1, &[]), COMPILED);
    assert_eq!(bench.number(1, &[]), "cache");
    assert_eq!(bench.number(1, &["--cache=n"]), "compiled");
    // Whatever decides about the code, or whether there is any, is part of what it is found by.
    for options in [
        &["--opt-level", "none"][..],
        &["--canonical-nan"],
        &["--belt"],
        &["--no-signals"],
        &["--memory-guard-size=65536"],
        &["-W", "simd=n"],
    ] {
        assert_eq!(bench.number(1, options), COMPILED, "{options:?}");
        assert_eq!(bench.number(1, options), "cache", "{options:?}");
    }
    // What does not, is not.
    assert_eq!(bench.number(1, &["--compile-threads", "1"]), "cache");
    assert_eq!(bench.entries().len(), 7);
    assert_eq!(
        std::fs::metadata(bench.path("cache")).map(|found| found.permissions().mode() & 0o777).ok(),
        Some(0o700)
    );
}

#[test]
fn a_folder_that_others_could_write_is_refused_and_the_program_runs() {
    let bench = Bench::new();
    bench.module(1);
    let refused = |why: &str| {
        let output = bench.run(&["--invoke", "f", "1.wat"]);
        assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("1\n", Some(0)));
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("Warning: ") && stderr.contains(why) && stderr.contains("T0501"), "{stderr}");
    };
    let cache = bench.path("cache");
    std::fs::create_dir(&cache).expect("it can be made");
    for bits in [0o777, 0o770, 0o702, 0o720, 0o1777] {
        mode(&cache, bits);
        refused("others than its owner may write");
    }
    std::fs::remove_dir(&cache).expect("nothing was written");
    std::fs::create_dir(bench.path("elsewhere")).expect("it can be made");
    symlink("elsewhere", &cache).expect("links can be made");
    refused("symbolic link");
    std::fs::remove_file(&cache).expect("it is there");
    std::fs::write(&cache, "").expect("it can be written");
    refused("no directory");
    std::fs::remove_file(&cache).expect("it is there");
    std::fs::create_dir(&cache).expect("it can be made");
    if std::os::unix::fs::chown(&cache, Some(12345), None).is_ok() {
        refused("belongs to user 12345");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning() {
    let bench = Bench::new();
    bench.module(1);
    let mut command = bench.command(&["--invoke", "f", "1.wat"]);
    command.env_remove("TANCHO_CACHE_DIR").env("HOME", "/proc/nothing");
    let output = command.output().expect("tancho starts");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("1\n", Some(0)));
    assert!(text(&output.stderr).starts_with("Warning: cannot use the cache folder"), "{}", text(&output.stderr));
    // Nor is a key that cannot be used more than that.
    let mut command = bench.command(&["--invoke", "f", "1.wat"]);
    command.env("TANCHO_KEY_FILE", "/proc/nothing/key");
    let output = command.output().expect("tancho starts");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("1\n", Some(0)));
    assert!(text(&output.stderr).contains("T0407"), "{}", text(&output.stderr));
    // Where there is no place at all, nobody has asked for one.
    let mut command = bench.command(&["--invoke", "f", "1.wat"]);
    command.env_remove("TANCHO_CACHE_DIR");
    let output = command.output().expect("tancho starts");
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("1\n", ""));
}

/// A1: entries that are cut, lengthened, changed anywhere, exchanged, or replaced by what is no file.
#[test]
fn entries_that_are_not_sound_are_not_used() {
    let row = Row::begin("A1");
    let bench = Bench::new();
    bench.module(1);
    bench.module(2);
    assert_eq!(bench.number(1, &[]), COMPILED);
    let one = bench.entries().remove(0);
    let sound = std::fs::read(&one).expect("it can be read");
    assert_eq!(bench.number(2, &[]), COMPILED);
    let two = bench.entries().into_iter().find(|path| *path != one).expect("there are two");
    let other = std::fs::read(&two).expect("it can be read");
    let flip = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let end = sound.len();
    let mut cases: Vec<Vec<u8>> = vec![Vec::new(), vec![0; end], [&sound[..], b"x"].concat(), other.clone()];
    cases.extend(
        [1, 63, 64, 255, 256, 4096, end / 2, end - 64, end - 1].map(|length| sound[..length.min(end - 1)].to_vec()),
    );
    // The image of another module in an entry of this one, and the other way round.
    cases.push([&other[..other.len() - 64], &sound[end - 64..]].concat());
    cases.push([&sound[..end - 64], &other[other.len() - 64..]].concat());
    // Another module's entry, with what this one is found by written into it.
    cases.push([&other[..other.len() - 64], &sound[end - 64..end - 32], &other[other.len() - 32..]].concat());
    cases.extend([0, 8, 12, 16, 40, 104, 136, 168, 200, 255, end - 64, end - 33, end - 32, end - 1].map(flip));
    let mut random = Random::new(row.seed());
    cases.extend((0..Row::cases(60)).map(|_| flip(random.below(end))));
    for (case, bytes) in cases.iter().enumerate() {
        std::fs::write(&one, bytes).expect("it can be written");
        assert_eq!(bench.number(1, &[]), COMPILED, "case {case} was taken for sound");
        assert!(std::fs::read(&one).expect("it is there") == sound, "compiling twice gives the same bytes");
    }
    // What is no file of the user's own.
    std::fs::remove_file(&one).expect("it is there");
    symlink(&two, &one).expect("links can be made");
    assert_eq!(bench.number(1, &[]), COMPILED, "a link");
    assert!(std::fs::read(&two).expect("it is there") == other, "nothing is written through a link");
    mode(&one, 0o666);
    assert_eq!(bench.number(1, &[]), COMPILED, "a file that others may write");
    std::fs::remove_file(&one).expect("it is there");
    assert!(Command::new("mkfifo").arg(&one).status().expect("mkfifo is there").success());
    assert_eq!(bench.number(1, &[]), COMPILED, "a pipe does not block");
    std::fs::remove_file(&one).expect("it is there");
    std::fs::create_dir(&one).expect("it can be made");
    assert_eq!(bench.number(1, &[]), "compiled", "a folder is nothing that is removed");
    std::fs::remove_dir(&one).expect("it is still there");
    // A key that is another one, as after a theft.
    assert_eq!(bench.number(1, &[]), COMPILED);
    std::fs::remove_file(bench.path("key")).expect("it is there");
    assert_eq!(bench.number(1, &[]), COMPILED);
    row.end(cases.len() + 6, 0);
}

#[test]
fn it_is_listed_verified_pruned_and_cleaned() {
    let bench = Bench::new();
    for number in 1..=4 {
        bench.module(number);
        assert_eq!(bench.number(number, &[]), COMPILED);
    }
    let bad = bench.entries().remove(2);
    let mut bytes = std::fs::read(&bad).expect("it can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&bad, bytes).expect("it can be written");
    assert_eq!(text(&bench.run(&["cache", "list"]).stdout).lines().count(), 5);
    let verified = bench.run(&["cache", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let name = bad.file_name().expect("it has a name").to_string_lossy().into_owned();
    assert!(
        text(&verified.stdout).starts_with(&name) && text(&verified.stdout).contains("damaged"),
        "{}",
        text(&verified.stdout)
    );
    assert_eq!(bench.run(&["cache", "verify", "--remove"]).status.code(), Some(0));
    assert_eq!(bench.run(&["cache", "verify"]).status.code(), Some(0));
    assert_eq!(bench.entries().len(), 3);
    let length = bench.entries()[0].metadata().expect("it is there").len();
    assert!(
        text(&bench.run(&["cache", "prune", "--size", &(2 * length).to_string()]).stdout)
            .starts_with("removed 1 file, ")
    );
    std::fs::write(bench.path("cache").join("mine.txt"), "not Tancho's").expect("it can be written");
    assert!(text(&bench.run(&["cache", "clean"]).stdout).starts_with("removed 2 files, "));
    assert_eq!(bench.entries(), [bench.path("cache").join("mine.txt")]);
}

#[test]
fn it_keeps_to_its_bounds() {
    let bench = Bench::new();
    bench.module(0);
    assert_eq!(bench.number(0, &[]), COMPILED);
    let length = bench.entries()[0].metadata().expect("it is there").len();
    let size = format!("--cache-size={}", 5 * length);
    for number in 1..=12 {
        bench.module(number);
        assert_eq!(bench.number(number, &[&size]), COMPILED);
        let total: u64 = bench.entries().iter().map(|entry| entry.metadata().map_or(0, |found| found.len())).sum();
        assert!(total <= 5 * length, "{total} bytes");
    }
    bench.module(13);
    assert_eq!(bench.number(13, &["--cache-size=100"]), "compiled", "what is larger than all of it does not go in");
}

/// What a process leaves behind that is stopped while it writes keeps nobody from anything, and is removed when it is old. A clock that
/// was set forward or back by years changes nothing.
#[test]
fn stale_files_do_not_block() {
    let bench = Bench::new();
    bench.module(1);
    bench.module(2);
    assert_eq!(bench.number(1, &[]), COMPILED);
    let entry = bench.entries().remove(0);
    let name = entry.file_name().expect("it has a name").to_string_lossy().into_owned();
    let temporary = |number: u64| bench.path("cache").join(format!(".{name}.{number:016x}.tmp"));
    for (number, date) in [(1, "1990-01-01"), (2, "2050-01-01"), (3, "now")] {
        std::fs::write(temporary(number), "half").expect("it can be written");
        assert!(
            Command::new("touch").args(["-d", date]).arg(temporary(number)).status().expect("touch is there").success()
        );
    }
    for date in ["1990-01-01", "2050-01-01"] {
        assert!(Command::new("touch").args(["-d", date]).arg(&entry).status().expect("touch is there").success());
        assert_eq!(bench.number(1, &[]), "cache");
    }
    assert_eq!(bench.number(2, &[]), COMPILED);
    assert_eq!(
        [1, 2, 3].map(|number| temporary(number).exists()),
        [false, false, true],
        "only what may still be written stays"
    );
}

/// A4: many processes that compile the same modules into an empty cache, while others prune and clean it.
#[test]
fn many_processes_share_it() {
    let row = Row::begin("A4");
    let bench = Bench::new();
    let modules = Row::cases(400).div_ceil(16).max(1);
    for number in 0..modules {
        bench.module(number);
    }
    std::thread::scope(|scope| {
        for process in 0..16 {
            let bench = &bench;
            let mut random = Random::new(row.seed() ^ process);
            scope.spawn(move || {
                let shift = random.below(modules);
                for number in 0..modules {
                    // All meet at some modules, and go their ways at others.
                    let number = if number % 2 == 0 { number } else { (number + shift) % modules };
                    bench.number(number, &[]);
                    match random.below(24) {
                        0 => assert_eq!(bench.run(&["cache", "clean"]).status.code(), Some(0)),
                        1 => assert_eq!(bench.run(&["cache", "prune", "--size", "20000"]).status.code(), Some(0)),
                        _ => {}
                    }
                }
            });
        }
    });
    let verified = bench.run(&["cache", "verify"]);
    assert_eq!((text(&verified.stdout).as_str(), verified.status.code()), ("", Some(0)));
    row.end(16 * modules, 0);
}

/// A5: processes that are killed while they compile and write, into the cache and with `compile -o`. Whatever is there afterwards is whole, and
/// the next run gives the right answer at once.
#[test]
fn a_process_that_is_killed_leaves_nothing_half_done() {
    let row = Row::begin("A5");
    let bench = Bench::new();
    bench.module(1);
    let start = std::time::Instant::now();
    assert_eq!(bench.number(1, &["--cache=n"]), "compiled");
    let whole = start.elapsed();
    let kills = Row::cases(60);
    let mut random = Random::new(row.seed());
    let mut finished = 0;
    for kill in 0..kills {
        let number = kill + 2;
        let name = bench.module(number);
        let output = format!("{number}.cwasm");
        let into_cache = ["--invoke", "f", &name];
        let into_file = ["compile", &name, "-o", &output];
        let mut child = bench
            .command(if kill % 2 == 0 { &into_cache } else { &into_file })
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tancho starts");
        std::thread::sleep(Duration::from_micros(random.below(whole.as_micros() as usize * 5 / 4 + 1) as u64));
        child.kill().expect("it can be killed");
        finished += usize::from(child.wait().expect("it ends").success());
        if bench.path(&output).exists() {
            let ran = bench.run(&["--invoke", "f", &output]);
            assert_eq!(text(&ran.stdout), format!("{number}\n"), "{}", text(&ran.stderr));
        }
        let ran = bench.run(&["--invoke", "f", &name]);
        assert_eq!((text(&ran.stdout), text(&ran.stderr)), (format!("{number}\n"), String::new()));
    }
    let verified = bench.run(&["cache", "verify"]);
    assert_eq!((text(&verified.stdout).as_str(), verified.status.code()), ("", Some(0)));
    assert!(kills < 40 || finished < kills, "none was killed in time");
    row.end(kills, 0);
}
