//! The command `tancho`, as a person uses it: what it prints and how it ends.

mod runner;

use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

struct Bench {
    folder: tempfile::TempDir,
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().expect("a folder to work in") }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = runner::command(env!("CARGO_BIN_EXE_tancho"));
        command.args(arguments).current_dir(self.folder.path());
        command.env_clear().env("TANCHO_KEY_FILE", self.folder.path().join("key")).stdin(Stdio::null());
        command.env("TANCHO_CACHE_DIR", self.folder.path().join("cache"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().expect("tancho starts").into()
    }

    fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tancho starts");
        child.stdin.take().expect("it is piped").write_all(input).expect("it reads its input");
        child.wait_with_output().expect("tancho ends").into()
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.folder.path().join(name), contents).expect("it can be written");
        self
    }
}

fn program(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/program").join(name).display().to_string()
}

const ADD: &str = r#"
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "both") (param f64 i64) (result i64 f64) (local.get 1) (local.get 0))
  (func (export "trap") unreachable))
"#;

#[test]
fn the_readmes_quick_start_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("it can be read");
    let line = readme.lines().find_map(|line| line.strip_prefix("cargo run --release -- ")).expect("the quick start");
    let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
    let ended: Ended = Bench::new().command(&words).current_dir(root).output().expect("tancho starts").into();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, "queens 12: 0000000000003778\n");
}

#[test]
fn run_is_the_default_command() {
    let bench = Bench::new();
    for arguments in [&["run", &program("crunch.wasm"), "queens", "6"][..], &[&program("crunch.wasm"), "queens", "6"]] {
        let ended = bench.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "queens 6: 0000000000000004\n"), "{}", ended.stderr);
    }
}

#[test]
fn invoke_reads_and_prints_values() {
    let bench = Bench::new();
    bench.file("a.wat", ADD);
    assert_eq!(bench.run(&["--invoke", "add", "a.wat", "2", "-3"]).stdout, "-1\n");
    assert_eq!(bench.run(&["--invoke", "add", "a.wat", "0xffffffff", "1"]).stdout, "0\n");
    assert_eq!(bench.run(&["--invoke", "both", "a.wat", "1.5", "-7"]).stdout, "-7\n1.5\n");
    bench.file("v.wat", r#"(module (func (export "f") (param v128) (result v128) (i32x4.neg (local.get 0))))"#);
    let negated = "0x00000000fffffffffffffffeffff0000\n";
    assert_eq!(bench.run(&["--invoke", "f", "v.wat", "0x000000010000000200010000"]).stdout, negated);
    let ended = bench.run(&["--invoke", "f", "v.wat", "1"]);
    assert!(ended.stderr.contains("`1` is no value of type v128"), "{}", ended.stderr);
    let ended = bench.run(&["--invoke", "add", "a.wat", "2"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("takes 2 arguments and 1 are given"), "{}", ended.stderr);
    let ended = bench.run(&["--invoke", "add", "a.wat", "2", "4294967296"]);
    assert!(ended.stderr.contains("`4294967296` is no value of type i32"), "{}", ended.stderr);
    let ended = bench.run(&["--invoke", "sub", "a.wat"]);
    assert!(ended.stderr.contains("no function `sub`"), "{}", ended.stderr);
    let ended = bench.run(&["a.wat"]);
    assert!(ended.stderr.contains("--invoke: add, both, trap"), "{}", ended.stderr);
}

#[test]
fn a_trap_ends_with_134_and_a_backtrace() {
    let bench = Bench::new();
    bench.file("a.wat", ADD);
    let ended = bench.run(&["--invoke", "trap", "a.wat"]);
    assert_eq!(ended.code, Some(134));
    assert!(ended.stderr.contains("wasm trap: wasm `unreachable` instruction executed"), "{}", ended.stderr);
    assert!(ended.stderr.contains("wasm backtrace:"), "{}", ended.stderr);
}

#[test]
fn the_guests_exit_code_is_ours() {
    let bench = Bench::new();
    let ended = bench.run(&[&program("trap.wasm"), "exit"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(7), ""));
}

#[test]
fn a_module_may_come_from_standard_input() {
    let bench = Bench::new();
    let ended = bench.run_with_input(&["--invoke", "add", "-", "1", "2"], ADD.as_bytes());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "3\n"), "{}", ended.stderr);
}

#[test]
fn compile_writes_a_file_that_runs() {
    let bench = Bench::new();
    bench.file("sum.wat", ADD);
    assert_eq!(bench.run(&["compile", "sum.wat"]).code, Some(0));
    assert!(bench.folder.path().join("sum.cwasm").exists(), "the name is the module's");
    assert_eq!(bench.run(&["--invoke", "add", "sum.cwasm", "2", "3"]).stdout, "5\n");
    assert_eq!(bench.run(&["compile", "sum.wat", "-o", "again.cwasm", "--compile-threads", "1"]).code, Some(0));
    let read = |name: &str| std::fs::read(bench.folder.path().join(name)).expect("it is there");
    assert_eq!(read("sum.cwasm"), read("again.cwasm"), "compiling twice gives the same bytes");
}

#[test]
fn the_belt_changes_no_result_and_is_part_of_a_compiled_file() {
    let bench = Bench::new();
    bench.file(
        "l.wat",
        r#"(module (memory 1) (func (export "f") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    );
    assert_eq!(bench.run(&["--belt", "--invoke", "f", "l.wat", "65535"]).stdout, "0\n");
    assert_eq!(bench.run(&["--belt", "--invoke", "f", "l.wat", "65536"]).code, Some(134));
    assert_eq!(bench.run(&["compile", "--belt", "l.wat"]).code, Some(0));
    assert_eq!(bench.run(&["--belt", "--invoke", "f", "l.cwasm", "1"]).stdout, "0\n");
    let ended = bench.run(&["--invoke", "f", "l.cwasm", "1"]);
    assert!(ended.stderr.contains("other settings"), "{}", ended.stderr);
}

#[test]
fn proposals_are_turned_on_and_off() {
    let bench = Bench::new();
    bench.file(
        "pages.wat",
        r#"(module (memory 3 (pagesize 1)) (func (export "f") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    );
    bench.file(
        "wide.wat",
        r#"(module (memory i64 1) (func (export "f") (param i64) (result i32) (i32.load8_u (local.get 0))))"#,
    );
    assert_eq!(bench.run(&["validate", "pages.wat"]).code, Some(1));
    assert_eq!(bench.run(&["validate", "-W", "custom-page-sizes", "pages.wat"]).code, Some(0));
    assert_eq!(bench.run(&["-W", "custom-page-sizes", "--invoke", "f", "pages.wat", "2"]).stdout, "0\n");
    assert_eq!(bench.run(&["-W", "custom-page-sizes=y", "--invoke", "f", "pages.wat", "3"]).code, Some(134));
    assert_eq!(bench.run(&["--invoke", "f", "wide.wat", "65535"]).stdout, "0\n");
    assert_eq!(bench.run(&["--invoke", "f", "wide.wat", "4294967296"]).code, Some(134));
    assert_eq!(bench.run(&["-Wmemory64=n,simd=n", "--invoke", "f", "wide.wat", "1"]).code, Some(1));
    for (wrong, said) in
        [("nothing65", "there is no proposal `nothing65`; these are: "), ("simd=on", "neither y nor n")]
    {
        let ended = bench.run(&["-W", wrong, "wide.wat"]);
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

/// Preview 1 has addresses of 32 bits: what a 64-bit memory holds in its first 4 GiB can be named, and nothing pretends to take others.
#[test]
fn a_guest_with_a_64_bit_memory_prints() {
    let bench = Bench::new();
    let guest = |pointer: &str| {
        format!(
            r#"(module
                 (import "wasi_snapshot_preview1" "fd_write"
                   (func $write (param i32 {pointer} {pointer} {pointer}) (result i32)))
                 (memory (export "memory") i64 1)
                 (data (i64.const 8) "\10\00\00\00\05\00\00\00wide\0a")
                 (func (export "_start")
                   (drop (call $write (i32.const 1) ({pointer}.const 8) ({pointer}.const 1) ({pointer}.const 0)))))"#
        )
    };
    bench.file("low.wat", guest("i32"));
    let ended = bench.run(&["low.wat"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), "wide\n"), "{}", ended.stderr);
    bench.file("high.wat", guest("i64"));
    let ended = bench.run(&["high.wat"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("fd_write"), "{}", ended.stderr);
}

#[test]
fn traps_need_no_signals() {
    let bench = Bench::new();
    bench.file(
        "l.wat",
        r#"(module (memory 1 2) (func (export "f") (param i32) (result i32)
             (drop (memory.grow (i32.const 1))) (i32.load8_u (local.get 0))))"#,
    );
    let small = ["--no-signals", "--memory-reservation=0", "--memory-guard-size=0", "--memory-guard-before=0"];
    let with = |rest: &[&'static str]| bench.run(&[&small[..], rest].concat());
    assert_eq!(with(&["--memory64-reservation=0", "--invoke", "f", "l.wat", "131071"]).stdout, "0\n");
    let trapped = with(&["--invoke", "f", "l.wat", "131072"]);
    assert_eq!(trapped.code, Some(134));
    let usual = bench.run(&["--invoke", "f", "l.wat", "131072"]);
    let last = |text: &str| text.lines().last().map(str::to_owned);
    assert_eq!(last(&trapped.stderr), last(&usual.stderr));
    assert!(trapped.stderr.contains("out of bounds memory access"), "{}", trapped.stderr);
}

#[test]
fn a_file_of_another_origin_needs_the_flag() {
    let bench = Bench::new();
    bench.file("sum.wat", ADD);
    bench.run(&["compile", "sum.wat"]);
    std::fs::remove_file(bench.folder.path().join("key")).expect("the key was made");
    let ended = bench.run(&["--invoke", "add", "sum.cwasm", "2", "3"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("--allow-precompiled"), "{}", ended.stderr);
    assert_eq!(bench.run(&["--allow-precompiled", "--invoke", "add", "sum.cwasm", "2", "3"]).stdout, "5\n");
    let image = std::fs::read(bench.folder.path().join("sum.cwasm")).expect("it is there");
    bench.file("cut.cwasm", &image[..image.len() / 2]);
    let ended = bench.run(&["--allow-precompiled", "--invoke", "add", "cut.cwasm", "2", "3"]);
    assert!(ended.stderr.contains("cut short"), "{}", ended.stderr);
}

#[test]
fn cross_compilation_names_what_it_lacks() {
    let bench = Bench::new();
    bench.file("sum.wat", ADD);
    for triple in ["aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"] {
        let ended = bench.run(&["compile", "sum.wat", "--target", triple]);
        // Built with every back end it works, and the file is refused here for what it is.
        if ended.code == Some(0) {
            let ended = bench.run(&["--invoke", "add", "sum.cwasm", "1", "2"]);
            assert!(ended.stderr.contains(&format!("compiled for {triple}")), "{}", ended.stderr);
        } else {
            assert!(ended.stderr.contains("`all-targets`"), "{}", ended.stderr);
        }
    }
    bench.file("vector.wat", "(module (func $last (param v128)))");
    let riscv64 = ["compile", "vector.wat", "--target", "riscv64gc-unknown-linux-gnu"];
    let ended = bench.run(&riscv64);
    if !ended.stderr.contains("`all-targets`") {
        let named =
            ["vectors", "has_v,", "--cpu-features", "function 0 `last`"].map(|name| ended.stderr.contains(name));
        assert_eq!((ended.code, named), (Some(1), [true, true, true, false]), "{}", ended.stderr);
        assert_eq!(bench.run(&[&riscv64[..], &["--cpu-features", "has_v,has_zvl128b"]].concat()).code, Some(0));
        let ended = bench.run(&[&riscv64[..], &["--cpu-features", "has_avx"]].concat());
        assert!(ended.stderr.contains("`has_avx` is no CPU feature of riscv64gc"), "{}", ended.stderr);
    }
    assert_eq!(bench.run(&["compile", "vector.wat", "--cpu-features", "has_avx"]).code, Some(2));
    let ended = bench.run(&["compile", "sum.wat", "--target", "x86_64-pc-windows-msvc"]);
    assert!(ended.stderr.contains("not supported"), "{}", ended.stderr);
}

#[test]
fn validate_says_what_is_wrong() {
    let bench = Bench::new();
    bench
        .file("good.wat", ADD)
        .file("bad.wat", "(module (func $f (result i32) i64.const 0))")
        .file("c.wat", "(component)");
    let ended = bench.run(&["validate", "good.wat"]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    let ended = bench.run(&["validate", "bad.wat"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("type mismatch") && ended.stderr.contains("`f`"), "{}", ended.stderr);
    assert!(bench.run(&["validate", "c.wat"]).stderr.contains("component"));
}

#[test]
fn missing_imports_are_all_named() {
    let bench = Bench::new();
    let text = r#"(module (import "env" "one" (func)) (import "wasi_snapshot_preview1" "sock_open" (func (param i32) (result i32))))"#;
    bench.file("a.wat", text);
    let ended = bench.run(&["a.wat"]);
    assert_eq!(ended.code, Some(1));
    for import in ["env::one", "wasi_snapshot_preview1::sock_open"] {
        assert!(ended.stderr.contains(import), "{}", ended.stderr);
    }
}

#[test]
fn a_script_that_fails_says_where() {
    let bench = Bench::new();
    bench.file("a.wast", "(module (func (export \"f\") (result i32) i32.const 1))\n(assert_return (invoke \"f\") (i32.const 2))\n(assert_return (invoke \"f\") (i32.const 1))");
    let ended = bench.run(&["wast", "a.wast"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.contains("a.wast:2:") && ended.stdout.contains("1 assertions passed, 1 failed"),
        "{}",
        ended.stdout
    );
}

#[test]
fn scripts_compare_vectors_lane_by_lane() {
    // A NaN that is arithmetic and not canonical, 1, a canonical NaN that is negative, and -1, as f32; the same bits as others.
    let bits = "i32x4 0x7fc00001 0x3f800000 0xffc00000 0xbf800000";
    let good = [
        "v128.const f32x4 nan:arithmetic 1 nan:canonical -1",
        "v128.const f32x4 nan:0x400001 1 nan:arithmetic -1",
        "v128.const f64x2 0x1.000007fc00001p-7 -0x1.00000ffc00000p-7",
        "v128.const i64x2 0x3f8000007fc00001 0xbf800000ffc00000",
        "v128.const i16x8 1 0x7fc0 0 0x3f80 0 0xffc0 0 0xbf80",
        "v128.const i8x16 1 0 0xc0 0x7f 0 0 0x80 0x3f 0 0 0xc0 0xff 0 0 0x80 0xbf",
        "either (v128.const i64x2 0 0) (v128.const i64x2 0x3f8000007fc00001 0xbf800000ffc00000)",
    ];
    let bad = [
        "v128.const f32x4 nan:canonical 1 nan:canonical -1",
        "v128.const f32x4 nan:arithmetic nan:arithmetic nan:canonical -1",
        "v128.const f32x4 nan:arithmetic 1 nan:canonical 1",
        "v128.const f64x2 nan:canonical -0x1.00000ffc00000p-7",
        "v128.const f64x2 0x1.000007fc00001p-7 nan:arithmetic",
        "v128.const i64x2 0x3f8000007fc00001 0xbf800000ffc00001",
        "v128.const i16x8 1 0x7fc0 0 0x3f80 0 0xffc0 0 0xbf81",
        "v128.const i8x16 1 0 0xc0 0x7f 0 0 0x80 0x3f 0 0 0xc0 0xff 0 1 0x80 0xbf",
        "either (v128.const i64x2 0 0) (v128.const i64x2 0 1)",
    ];
    let assertions = |expected: &[&str]| -> String {
        expected.iter().map(|expected| format!("(assert_return (invoke \"f\") ({expected}))\n")).collect()
    };
    let module = format!("(module (func (export \"f\") (result v128) (v128.const {bits})))\n");
    let bench = Bench::new();
    bench.file("v.wast", module + &assertions(&good) + &assertions(&bad));
    let ended = bench.run(&["wast", "v.wast"]);
    assert!(ended.stdout.contains("7 assertions passed, 9 failed"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("v.wast:8:") && ended.stdout.contains("v.wast:9:"), "{}", ended.stdout);
}

/// Those of the library, each on and off; what is off is refused.
#[test]
fn proposals_are_turned_on_and_off_by_name() {
    let bench = Bench::new();
    bench.file("a.wat", "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))");
    let validate = |choices: &str| bench.run(&["validate", "-W", choices, "a.wat"]);
    for name in tancho::Config::WASM_FEATURES {
        let name = name.replace('_', "-");
        let on = validate(&format!("{name}=y"));
        assert_eq!(on.code, Some(0), "{name}: {}", on.stderr);
        // Without references, by either name, and without the types that they need, it is not valid.
        let off = validate(&format!("{name}=n"));
        let needed = ["function-references", "reference-types"].contains(&name.as_str());
        assert_eq!(off.code, Some(if needed { 1 } else { 0 }), "{name}: {}", off.stderr);
    }
    assert_eq!(validate("function-references=n,function-references").code, Some(0), "the last one counts");
    for wrong in ["nothing=y", "simd=perhaps"] {
        assert_eq!(validate(wrong).code, Some(2), "{wrong}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    assert_eq!(Bench::new().run(&["--no-such-flag", "a.wasm"]).code, Some(2));
    assert_eq!(Bench::new().run(&["compile"]).code, Some(2));
    assert_eq!(Bench::new().run(&["--help"]).code, Some(0));
    let ended = Bench::new().run(&["nothing.wasm"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot read nothing.wasm"), "{}", ended.stderr);
}

/// Starts `command`, lets it come to where it stays, sends the signal, and says how long it then took to end, and by which signal it did.
fn time_to_end(command: &mut Command, signal: Signal) -> (Duration, Option<i32>) {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("it can be asked").is_none(), "it has no end of its own");
    let start = Instant::now();
    kill_process(Pid::from_child(&child), signal).expect("it is there");
    // Not `wait`, which closes the pipe of its input, and that ends who reads from it.
    let status = loop {
        match child.try_wait().expect("it can be asked") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    };
    (start.elapsed(), std::os::unix::process::ExitStatusExt::signal(&status))
}

/// Whether whoever runs this has a signal ignored, which those who are started inherit: a shell does that to Ctrl-C in the background, `nohup`
/// to SIGHUP.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says so");
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a set of signals");
    let ignored = u64::from_str_radix(line.trim(), 16).expect("in hexadecimal digits");
    ignored & 1 << (signal - 1) != 0
}

/// Programs that end by themselves only after long: a loop, a wait for input, a wait for a clock, many bytes in one call.
const ENDLESS: [(&str, &str); 4] = [
    ("loop.wat", "(module (func (export \"_start\") (loop (br 0))))"),
    (
        "read.wat",
        r#"(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\40\00\00\00\08\00\00\00")
        (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))"#,
    ),
    (
        "sleep.wat",
        r#"(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 24) "\00\00\00\00\00\ff\00\00")
        (func (export "_start") (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#,
    ),
    (
        "random.wat",
        r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 8192)
        (func (export "_start") (loop (drop (call $random (i32.const 0) (i32.const 0x20000000))) (br 0))))"#,
    ),
];

/// 100 ms, and what this machine takes at the moment to end a process without a handler of its own, which has nothing to do with us: each
/// is measured in turn, and where the machine is busy both wait for it.
#[test]
fn a_signal_ends_a_program_at_once_wherever_it_is() {
    const MOST: Duration = Duration::from_millis(100);
    let bench = Bench::new();
    for (file, text) in ENDLESS {
        bench.file(file, text);
        // Compiled once, so that each run comes to where it stays before the signal does.
        bench.run(&["--timeout", "50ms", file]);
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        let [interrupt, hang_up] = [(Signal::INT, 2), (Signal::HUP, 1)]
            .map(|(signal, number)| if is_ignored(number) { (Signal::TERM, 15) } else { (signal, number) });
        for (signal, number) in [interrupt, interrupt, interrupt, (Signal::TERM, 15), hang_up] {
            let (took, ended_by) = time_to_end(&mut bench.command(&[file]), signal);
            // What a shell says is 128 and this number: 130 for Ctrl-C.
            assert_eq!(ended_by, Some(number), "{file}");
            ours.push(took);
            others.push(time_to_end(Command::new("sleep").arg("1000"), signal).0);
        }
        ours.sort();
        others.sort();
        println!("{file}: {ours:?}; `sleep`: {others:?}");
        assert!(ours[0] <= MOST, "{file}: {ours:?}");
        assert!(ours[ours.len() / 2] <= MOST + others[others.len() - 1], "{file}: {ours:?}; `sleep`: {others:?}");
    }
}

#[test]
fn a_shell_says_130_after_ctrl_c() {
    if is_ignored(2) {
        return;
    }
    let bench = Bench::new();
    bench.file(ENDLESS[0].0, ENDLESS[0].1);
    let line = r#"sh -c '(sleep 0.3; kill -INT $$) & exec "$0" loop.wat' "$0"; echo $?"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_tancho")]).current_dir(bench.folder.path());
    let ended: Ended =
        shell.env("TANCHO_CACHE_DIR", bench.folder.path().join("cache")).output().expect("a shell").into();
    assert_eq!(ended.stdout, "130\n", "{}", ended.stderr);
}

/// Compiled code is interrupted, and what the host does for it too; where that is not enough, the process ends.
#[test]
fn a_timeout_ends_a_program_at_once_wherever_it_is() {
    const TIMEOUT: Duration = Duration::from_millis(200);
    let bench = Bench::new();
    bench.file("quick.wat", "(module (func (export \"_start\")))");
    let time = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let start = Instant::now();
        let ended: Ended = bench.command(arguments).stdin(reader).output().expect("tancho starts").into();
        drop(writer);
        (start.elapsed(), ended)
    };
    for (file, text) in ENDLESS {
        bench.file(file, text);
        time(&["--timeout", "1ms", file]);
        let mut late = Vec::new();
        for _ in 0..5 {
            let (started, _) = time(&["quick.wat"]);
            let (took, ended) = time(&["--timeout", "200ms", file]);
            assert_eq!(ended.code, Some(134), "{file}: {}", ended.stderr);
            assert!(ended.stderr.contains("200ms") && ended.stderr.contains("T0611"), "{}", ended.stderr);
            late.push(took.saturating_sub(TIMEOUT + started));
        }
        late.sort();
        println!("{file}: {late:?} late");
        // As many milliseconds as are promised; how long the start takes is known only roughly.
        assert!(late[0] <= Duration::from_millis(100), "{file}: {late:?} late");
    }
}

#[test]
fn nobody_reading_is_no_panic() {
    let bench = Bench::new();
    bench.file("a.wat", ADD).file("bad.wat", "(module");
    for (arguments, code) in [
        (&["inspect", "a.wat"][..], 0),
        (&["explain", "--markdown"], 0),
        (&["objdump", "a.wat"], 0),
        (&["settings", "--json"], 0),
        (&["--invoke", "add", "a.wat", "1", "2"], 0),
        (&["completion", "bash"], 0),
        (&["bad.wat"], 1),
        (&["--mapdir", "x", "a.wat"], 2),
        (&["--stats", "--output-hash", "--invoke", "trap", "a.wat"], 134),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let other = writer.try_clone().expect("a pipe has many ends");
        drop(reader);
        let status = bench.command(arguments).stdout(writer).stderr(other).status().expect("tancho starts");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn statistics_have_the_collections_of_a_program_that_makes_objects() {
    let bench = Bench::new();
    let objects = r#"(module (type $pair (struct (field i64 i64)))
        (func (export "make") (param $n i32) (local $kept (ref null $pair))
            (loop $next
                (local.set $kept (struct.new $pair (i64.const 1) (i64.const 2)))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    bench.file("objects.wat", objects).file("a.wat", ADD);
    let made = bench.run(&["--stats=json", "--invoke", "make", "objects.wat", "1000000"]).stderr;
    let stats: serde_json::Value =
        serde_json::from_str(made.lines().last().unwrap_or_default()).expect("statistics are JSON");
    assert!(stats["gc_allocated_bytes"].as_u64() >= Some(16_000_000), "{stats}");
    assert!(stats["gc_minor"].as_u64() >= Some(1), "{stats}");
    assert!(stats["gc_us"].as_f64() >= stats["gc_pause_us"].as_f64(), "{stats}");
    let none = bench.run(&["--stats=json", "--invoke", "add", "a.wat", "2", "3"]).stderr;
    assert!(!none.contains("gc_"), "{none}");
}

#[test]
fn a_deterministic_run_shows_nothing_of_the_host() {
    let bench = Bench::new();
    // Prints the time, random bytes, and the attributes and the listing of a directory, as they are.
    let probe = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\01\00\00\00\04\00\00")
        (func (export "_start")
            (drop (call $time (i32.const 0) (i64.const 0) (i32.const 256)))
            (drop (call $time (i32.const 1) (i64.const 0) (i32.const 264)))
            (drop (call $random (i32.const 272) (i32.const 16)))
            (drop (call $stat (i32.const 3) (i32.const 288)))
            (drop (call $stat (i32.const 0) (i32.const 352)))
            (drop (call $list (i32.const 3) (i32.const 416) (i32.const 700) (i64.const 0) (i32.const 128)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 132)))))"#;
    bench.file("probe.wat", probe);
    let run = |names: &[&str], seed: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            std::fs::write(folder.path().join(name), name).expect("it can be written");
        }
        let dir = format!("{}::/", folder.path().display());
        let output =
            bench.command(&["--deterministic", "--seed", seed, "--output-hash", "--dir", &dir, "probe.wat"]).output();
        let output = output.expect("tancho starts");
        assert_eq!(output.status.code(), Some(0));
        (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let first = run(&["a", "b", "c"], "1");
    assert_eq!(first, run(&["c", "b", "a"], "1"));
    assert!(first.1.starts_with("stdout "), "{}", first.1);
    assert_ne!(first.1, run(&["a", "b", "c"], "2").1);
    assert_ne!(first.1, run(&["a", "b"], "1").1);
    // The time of day is that of 2000-01-01 and one reading.
    assert_eq!(first.0[..8], (946_684_800_000_000_000_u64 + 1000).to_le_bytes());
}

#[test]
fn directories_can_be_given_to_read_only() {
    let bench = Bench::new();
    std::fs::create_dir(bench.folder.path().join("data")).expect("it can be made");
    // Makes a directory, and exits with the errno.
    let make = r#"(module
        (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "new")
        (func (export "_start") (call $exit (call $make (i32.const 3) (i32.const 0) (i32.const 3)))))"#;
    bench.file("make.wat", make);
    for (dir, code) in [("data::/data::ro", 63), ("data::::ro", 63), ("data::/data::rw", 0), ("data", 20)] {
        assert_eq!(bench.run(&["--dir", dir, "make.wat"]).code, Some(code), "{dir}");
    }
}

#[test]
fn a_guest_serves_a_connection() {
    use std::io::Read;
    let bench = Bench::new();
    // Accepts, sends what it receives, and ends.
    let echo = r#"(module
        (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\00\01\00\00\40\00\00\00")
        (func (export "_start")
            (if (call $accept (i32.const 3) (i32.const 0) (i32.const 64)) (then unreachable))
            (if (call $recv (i32.load (i32.const 64)) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 72)) (then unreachable))
            (if (call $send (i32.load (i32.const 64)) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 80)) (then unreachable))))"#;
    bench.file("echo.wat", echo);
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let mut child = bench.command(&["--tcplisten", &free.to_string(), "echo.wat"]).spawn().expect("tancho starts");
    let mut peer = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::net::TcpStream::connect(free).ok()
    });
    let peer = peer.as_mut().expect("it listens");
    peer.write_all(b"hello").expect("it can be sent");
    let mut answer = String::new();
    peer.read_to_string(&mut answer).expect("it can be received");
    assert_eq!((answer.as_str(), child.wait().expect("it ends").code()), ("hello", Some(0)));
    let ended = bench.run(&["--tcplisten", "192.0.2.1:1", "echo.wat"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("T0702"), "{}", ended.stderr);
}

/// What guests of before 2020 import, where it differs.
#[test]
fn a_guest_of_snapshot_0_seeks() {
    let bench = Bench::new();
    bench.file("text", "0123456789");
    // Opens `text`, seeks to the third byte before the end (whence 1), and exits with the offset.
    let seek = r#"(module
        (import "wasi_unstable" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_unstable" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
        (import "wasi_unstable" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
        (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "text")
        (func (export "_start")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i64.const 0x200026) (i64.const 0) (i32.const 0) (i32.const 64))
                (then unreachable))
            (if (call $seek (i32.load (i32.const 64)) (i64.const -3) (i32.const 1) (i32.const 72)) (then unreachable))
            (if (call $stat (i32.load (i32.const 64)) (i32.const 128)) (then unreachable))
            (call $exit (i32.add (i32.load (i32.const 72)) (i32.mul (i32.const 10) (i32.load (i32.const 152)))))))"#;
    bench.file("seek.wat", seek);
    let ended = bench.run(&["--dir", ".", "seek.wat"]);
    assert_eq!(ended.code, Some(107), "7 and ten times the size: {}", ended.stderr);
}

#[test]
fn a_program_that_takes_too_long_is_ended() {
    let bench = Bench::new();
    bench.file("loop.wat", "(module (func (export \"_start\") (loop (br 0))))");
    bench.file("begin.wat", "(module (func $loop (loop (br 0))) (start $loop))");
    // Waits for input, which does not come.
    let wait = r#"(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\40\00\00\00\08\00\00\00")
        (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    bench.file("wait.wat", wait).file("quick.wat", "(module (func (export \"_start\")))");
    for file in ["loop.wat", "begin.wat", "wait.wat"] {
        let (_writer, stdin) = {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            (writer, reader)
        };
        let start = std::time::Instant::now();
        let ended: Ended =
            bench.command(&["--timeout", "200ms", file]).stdin(stdin).output().expect("tancho starts").into();
        assert_eq!(ended.code, Some(134), "{}", ended.stderr);
        assert!(ended.stderr.contains("200ms") && ended.stderr.contains("T0611"), "{}", ended.stderr);
        assert!(start.elapsed() < std::time::Duration::from_secs(20));
    }
    assert_eq!(bench.run(&["--timeout", "1h", "quick.wat"]).code, Some(0));
    assert_eq!(bench.run(&["--timeout", "soon", "quick.wat"]).code, Some(2));
}

#[test]
fn shells_and_manuals_get_what_they_read() {
    let bench = Bench::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = bench.run(&["completion", shell]);
        assert_eq!(ended.code, Some(0));
        for word in ["tancho", "objdump", "unknown-imports"] {
            assert!(ended.stdout.contains(word), "{shell} has no {word}");
        }
    }
    assert_eq!(bench.run(&["man", "--output", "pages"]).code, Some(0));
    let pages = std::fs::read_dir(bench.folder.path().join("pages")).expect("it was made").flatten();
    let mut names: Vec<String> = pages.map(|page| page.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names.len(), 12, "{names:?}");
    assert_eq!(names[0], "tancho-cache.1");
    let page = std::fs::read_to_string(bench.folder.path().join("pages/tancho-run.1")).expect("it is there");
    assert!(page.contains(".TH tancho-run 1") && page.contains("unknown\\-imports"), "{page}");
    assert_eq!(bench.run(&["man", "run"]).stdout, page);
}

/// The address of each instruction that can trap is said, and every instruction of the machine stands behind one of WebAssembly's.
#[test]
fn objdump_shows_code_by_its_origin() {
    let bench = Bench::new();
    bench.file("a.wat", "(module (memory 1) (func $get (export \"get\") (param i32) (result i32) (i32.load offset=4 (local.get 0))) (func $other))");
    let ended = bench.run(&["objdump", "--function", "get", "a.wat"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for part in ["function 0 `get`: ", "i32.load memarg", "; may trap: out of bounds memory access"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("other"), "{}", ended.stdout);
    assert!(bench.run(&["objdump", "a.wat"]).stdout.contains("function 1 `other`"));
    bench.run(&["compile", "a.wat"]);
    let compiled = bench.run(&["objdump", "--bytes", "a.cwasm"]);
    assert!(compiled.stdout.contains("function 0 `get`"), "{}", compiled.stderr);
    let ended = bench.run(&["objdump", "--function", "nothing", "a.wat"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("T0304"), "{}", ended.stderr);
}

/// Lines of the source and the places of references stand between the instructions.
#[test]
fn objdump_shows_lines_and_references() {
    let bench = Bench::new();
    let ended = bench.run(&["objdump", &program("lines.wasm")]);
    for part in ["  guest.rs:12 in guest::divide (inlined)\n", "  guest.rs:25\n", "  guest.rs:30\n"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let keeps = "(module (func $other) (func $keep (export \"keep\") (param externref) (result externref) (call $other) (local.get 0)))";
    let alive =
        bench.file("keeps.wat", keeps).run(&["objdump", "--opt-level", "none", "--function", "keep", "keeps.wat"]);
    assert!(alive.stdout.contains("; references alive here: fp-"), "{}", alive.stdout);
}

#[test]
fn traps_are_told_with_lines_of_the_source() {
    let bench = Bench::new();
    let lines = program("lines.wasm");
    let told = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--invoke", "run", &lines, "0"]);
        let ended = bench.run(&all);
        assert_eq!(ended.code, Some(134), "{}", ended.stderr);
        ended.stderr
    };
    let with = told(&[]);
    assert!(with.contains("guest::divide (inlined)\n") && with.contains("at guest.rs:12:8\n"), "{with}");
    assert!(with.contains("at guest.rs:30:5\n") && with.contains("tancho explain T0609"), "{with}");
    assert_eq!(told(&[]), with, "from the cache");
    for without in [&["--source-lines=n"][..], &["-D", "symbols=n"], &["--keep-dwarf=n"]] {
        let told = told(without);
        assert!(!told.contains("guest.rs") && told.contains("!run"), "{without:?}: {told}");
    }
    let short = told(&["--max-backtrace", "1"]);
    assert!(short.contains("and at least 1 more") && !short.contains("!run"), "{short}");
    let none = told(&["-D", "max-backtrace=0"]);
    assert!(!none.contains("backtrace"), "{none}");
}

#[test]
fn a_core_dump_is_written_where_it_is_wanted() {
    let bench = Bench::new();
    bench.file("a.wat", ADD);
    for (arguments, file) in [(&["--coredump", "one"][..], "one"), (&["-D", "coredump=two"], "two")] {
        let mut all = arguments.to_vec();
        all.extend(["--invoke", "trap", "a.wat"]);
        let ended = bench.run(&all);
        assert_eq!(ended.code, Some(134), "{}", ended.stderr);
        let bytes = std::fs::read(bench.folder.path().join(file)).expect("it was written");
        assert!(bytes.starts_with(b"\0asm") && bytes.windows(9).any(|part| part == b"corestack"), "{bytes:?}");
        assert!(
            ended.stderr.contains(&format!("The core dump is in {file} ({} bytes).", bytes.len())),
            "{}",
            ended.stderr
        );
    }
    let ended = bench.run(&["--coredump", "three", "--invoke", "add", "a.wat", "1", "2"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "3\n"));
    assert!(!bench.folder.path().join("three").exists());
    let ended = bench.run(&["--coredump", "no/where", "--invoke", "trap", "a.wat"]);
    assert!(
        ended.code == Some(134) && ended.stderr.contains("Warning: cannot write the core dump no/where"),
        "{}",
        ended.stderr
    );
    let ended = bench.run(&["-D", "core=x", "a.wat"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("coredump=FILE"), "{}", ended.stderr);
}
