//! Calls of the system that fail: what the guest is told, and that no byte is lost or doubled. strace makes them fail (row W7); a full
//! device, closed streams and too few descriptors do so by themselves (row W8).

#[path = "oracle/row.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use more of it")]
mod row;

use row::Row;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Copies `in` to `out`, a thousand bytes at a time, stores it, lists the directory, says `done`. The first errno is its exit status.
const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "in") (data (i32.const 8) "out") (data (i32.const 16) "done\n")
    (func $try (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
    ;; Writes the bytes from $at up to $end, however many are taken at a time.
    (func $all (param $fd i32) (param $at i32) (param $end i32)
        (loop $more
            (if (i32.lt_u (local.get $at) (local.get $end)) (then
                (i32.store (i32.const 64) (local.get $at))
                (i32.store (i32.const 68) (i32.sub (local.get $end) (local.get $at)))
                (call $try (call $write (local.get $fd) (i32.const 64) (i32.const 1) (i32.const 72)))
                (local.set $at (i32.add (local.get $at) (i32.load (i32.const 72))))
                (br $more)))))
    (func (export "_start") (local $in i32) (local $out i32)
        (call $try (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 0)
            (i64.const 0x2) (i64.const 0) (i32.const 0) (i32.const 80)))
        (local.set $in (i32.load (i32.const 80)))
        (call $try (call $open (i32.const 3) (i32.const 1) (i32.const 8) (i32.const 3) (i32.const 9)
            (i64.const 0x50) (i64.const 0) (i32.const 0) (i32.const 80)))
        (local.set $out (i32.load (i32.const 80)))
        (loop $more
            (i32.store (i32.const 64) (i32.const 1024))
            (i32.store (i32.const 68) (i32.const 1000))
            (call $try (call $read (local.get $in) (i32.const 64) (i32.const 1) (i32.const 76)))
            (if (i32.load (i32.const 76)) (then
                (call $all (local.get $out) (i32.const 1024) (i32.add (i32.const 1024) (i32.load (i32.const 76))))
                (br $more))))
        (call $try (call $sync (local.get $out)))
        (call $try (call $list (i32.const 3) (i32.const 1024) (i32.const 4096) (i64.const 0) (i32.const 76)))
        (call $all (i32.const 1) (i32.const 16) (i32.const 21))))"#;

/// What fails, and what a guest is told of it (witx `errno`). Interrupted calls are made again.
const ERRORS: [(&str, i32); 9] = [
    ("EINTR", 0),
    ("EIO", 29),
    ("ENOSPC", 51),
    ("EDQUOT", 19),
    ("EMFILE", 33),
    ("ENFILE", 41),
    ("ENOMEM", 48),
    ("ESTALE", 72),
    ("EROFS", 69),
];

struct Bench {
    folder: tempfile::TempDir,
    input: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().expect("a folder to work in"),
            input: (0..10_500_u32).map(|number| (number * 7 / 5) as u8).collect(),
        };
        std::fs::create_dir(bench.path("data")).expect("it can be made");
        std::fs::write(bench.path("copy.wat"), COPY).expect("it can be written");
        std::fs::write(bench.path("data/in"), &bench.input).expect("it can be written");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program behind the words before it, which may be a tracer.
    fn command(&self, before: &[&str]) -> Command {
        let words = [before, &[env!("CARGO_BIN_EXE_tancho"), "--dir", "data", "copy.wat"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("TANCHO_KEY_FILE", self.path("key")).env("TANCHO_CACHE_DIR", self.path("cache"));
        command
    }

    /// What is wrong with what was copied, if anything.
    fn wrong(&self, output: &Output, expected: &[i32]) -> Option<String> {
        let copied = std::fs::read(self.path("data/out")).unwrap_or_default();
        let done = output.status.code() == Some(0);
        if !output.status.code().is_some_and(|code| expected.contains(&code)) {
            return Some(format!(
                "{} and not one of {expected:?}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        if done != (output.stdout == b"done\n") {
            return Some("what it says is not how it ends".to_owned());
        }
        if !self.input.starts_with(&copied) || (done && copied != self.input) {
            return Some(format!("{} bytes were copied, not those that were read", copied.len()));
        }
        None
    }
}

/// W7: each call of the system that the guest brings about, failing in each way, the first to the third time; and interrupted every third time.
#[test]
fn a_call_that_fails_is_told_and_loses_nothing() {
    let row = Row::begin("W7");
    let bench = Bench::new();
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        eprintln!("there is no strace: nothing is made to fail");
        return;
    }
    // The cache is filled, so that all that follows is the guest's.
    assert_eq!(bench.wrong(&bench.command(&[]).output().expect("tancho starts"), &[0]), None);
    let log = bench.path("log").display().to_string();
    let (mut runs, mut injected, mut failures) = (0, 0, Vec::new());
    for call in ["readv", "writev", "pwritev2", "openat2", "fsync", "getdents64"] {
        for (error, errno) in ERRORS {
            for when in ["1", "2", "3", "1+3"] {
                let every = when == "1+3";
                if every != (error == "EINTR") && every {
                    continue;
                }
                let inject = format!("inject={call}:error={error}:when={when}");
                std::fs::remove_file(bench.path("data/out")).ok();
                let trace = format!("trace={call}");
                let output = bench
                    .command(&["strace", "-f", "-o", &log, "-e", &trace, "-e", &inject])
                    .output()
                    .expect("strace starts");
                let hit = std::fs::read_to_string(&log).expect("strace writes").contains("(INJECTED)");
                let expected = if hit { errno } else { 0 };
                runs += 1;
                injected += usize::from(hit);
                failures
                    .extend(bench.wrong(&output, &[expected]).map(|wrong| format!("{call}, {error}, {when}: {wrong}")));
            }
        }
    }
    row.end(runs, failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(injected > 80, "only {injected} calls were made to fail");
}

/// A3: what becomes of a compiled file before it is mapped and while it runs.
#[test]
fn a_mapped_file_that_changes_is_told_or_no_matter() {
    let bench = Bench::new();
    // Waits for a byte, and then calls what stands on other pages of the code than what it has run so far.
    let far: String =
        (0..4000).map(|number| format!("(i32.store (i32.const {}) (i32.const {number}))", number * 8)).collect();
    let text = format!(
        r#"(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 0) "\40\00\00\00\01\00\00\00")
            (func $far {far})
            (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))) (call $far)))"#
    );
    std::fs::write(bench.path("far.wat"), text).expect("it can be written");
    let tancho = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
        command.args(arguments).current_dir(bench.folder.path());
        command.env("TANCHO_KEY_FILE", bench.path("key")).env("TANCHO_CACHE_DIR", bench.path("cache"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let compile = || {
        let status = tancho(&["compile", "far.wat"]).status().expect("tancho starts");
        assert!(status.success());
    };
    compile();
    let file = bench.path("far.cwasm");
    let whole = std::fs::read(&file).expect("it is there");
    // While it waits for its input, something happens to the file.
    let during = |option: &str, happens: &dyn Fn()| {
        compile();
        let mut child = tancho(&[option, "far.cwasm"]).spawn().expect("tancho starts");
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(child.try_wait().expect("it can be asked").is_none(), "it waits");
        happens();
        drop(child.stdin.take());
        let output = child.wait_with_output().expect("tancho ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let shorten = |length: u64| {
        let open = std::fs::OpenOptions::new().write(true).open(&file).expect("it can be opened");
        open.set_len(length).expect("it can be made shorter");
    };
    for length in [0, 4096, whole.len() as u64 / 2] {
        let (code, said) = during("--allow-mmap", &|| shorten(length));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("far.cwasm was made shorter"), "{said}");
        assert_eq!(during("--cache", &|| shorten(length)), (Some(0), String::new()), "it was copied");
    }
    let remove = || std::fs::remove_file(&file).expect("it is there");
    assert_eq!(during("--allow-mmap", &remove), (Some(0), String::new()));
    assert_eq!(during("--allow-mmap", &compile), (Some(0), String::new()), "another file has its name");
    for length in [0, 63, 200, 4096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).expect("it can be written");
        let output = tancho(&["--allow-mmap", "far.cwasm"]).stdin(Stdio::null()).output().expect("tancho starts");
        assert_eq!(output.status.code(), Some(1), "{length}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("cut short") || said.contains("is empty") || said.contains("ends before"),
            "{length}: {said}"
        );
    }
}

/// W8: streams that are full or closed, and descriptors that run out.
#[test]
fn what_the_machine_lacks_is_told() {
    let bench = Bench::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there is such a device");
    let status = bench.command(&[]).stdout(full()).status().expect("tancho starts");
    assert_eq!(status.code(), Some(51), "no space on standard output");
    let run = |script: &str| {
        std::fs::remove_file(bench.path("data/out")).ok();
        let output = bench.command(&["sh", "-c", &format!("{script}; exec \"$@\""), "sh"]).output().expect("sh starts");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    // The standard library opens /dev/null for a stream that is closed.
    assert_eq!(run("exec <&-").0, Some(0));
    assert_eq!(run("exec >&-"), (Some(0), String::new(), String::new()));
    assert_eq!(run("exec 2>&-").0, Some(0));
    assert_eq!(run("ulimit -n 24").0, Some(0));
    // Too few to start, or for the guest: an error or an errno, no panic.
    for descriptors in 3..14 {
        let (code, _, stderr) = run(&format!("ulimit -n {descriptors}"));
        assert!(
            code.is_some_and(|code| [0, 1, 33, 127].contains(&code)) && !stderr.contains("panicked"),
            "{descriptors}: {code:?} {stderr}"
        );
    }
    let mut inspect = Command::new(env!("CARGO_BIN_EXE_tancho"));
    inspect.args(["inspect", "copy.wat"]).current_dir(bench.folder.path()).stdout(full()).env_clear();
    let output = inspect.stderr(Stdio::piped()).output().expect("tancho starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
    assert!(Path::new("/dev/full").exists());
}

/// Where the program may write to the file that its code is mapped from, by whatever name, it is not run.
#[test]
fn no_program_writes_to_the_file_that_it_runs_from() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("bin")).expect("it can be made");
    std::fs::write(bench.path("bin/hello.wat"), "(module (func (export \"_start\")))").expect("it can be written");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
        command.args(arguments).current_dir(bench.folder.path()).stdin(Stdio::null());
        command.env("TANCHO_KEY_FILE", bench.path("key")).env("TANCHO_CACHE_DIR", bench.path("cache"));
        let output = command.output().expect("tancho starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let fine = (Some(0), String::new());
    assert_eq!(run(&["compile", "-o", "bin/hello.cwasm", "bin/hello.wat"]), fine);
    assert_eq!(run(&["--allow-mmap", "--dir", "data", "bin/hello.cwasm"]), fine);
    std::fs::hard_link(bench.path("bin/hello.cwasm"), bench.path("data/other")).expect("it can have two names");
    let refused = |arguments: &[&str]| {
        let (code, said) = run(arguments);
        let told = said.contains("2 names (hard links)") && said.contains("data::data::ro") && said.contains("T0009");
        assert!(code == Some(1) && told, "{arguments:?}: {said}");
    };
    refused(&["--allow-mmap", "--dir", "data", "bin/hello.cwasm"]);
    refused(&["--allow-mmap", "--dir", "data", "--preload", "a=bin/hello.cwasm", "bin/hello.wat"]);
    for arguments in [
        &["--allow-mmap", "bin/hello.cwasm"][..],
        &["--allow-mmap", "--dir", "data::data::ro", "bin/hello.cwasm"],
        &["--dir", "data", "bin/hello.cwasm"],
        &["--allow-mmap", "--dir", "data", "bin/hello.wat"],
    ] {
        assert_eq!(run(arguments), fine, "{arguments:?}");
    }
    std::fs::remove_file(bench.path("data/other")).expect("it is there");
    assert_eq!(run(&["--allow-mmap", "--dir", "data", "bin/hello.cwasm"]), fine);
}

/// A program that opens a FIFO whose other end nobody opens is interrupted there, and the process need not be ended for it.
#[test]
fn a_program_that_waits_for_the_other_end_of_a_fifo_is_interrupted() {
    let bench = Bench::new();
    let made = Command::new("mkfifo").arg(bench.path("data/fifo")).status().expect("mkfifo is there");
    assert!(made.success());
    for rights in [0x2, 0x40] {
        let text = format!(
            r#"(module
            (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 0) "fifo")
            (func (export "_start") (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
                (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 80)))))"#
        );
        std::fs::write(bench.path("open.wat"), text).expect("it can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
        command.args(["--timeout", "200ms", "--dir", "data", "open.wat"]).current_dir(bench.folder.path());
        command.env("TANCHO_KEY_FILE", bench.path("key")).env("TANCHO_CACHE_DIR", bench.path("cache"));
        let output = command.stdin(Stdio::null()).output().expect("tancho starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(134), "{said}");
        assert!(said.contains("200ms") && said.contains("it was interrupted"), "{said}");
    }
}
