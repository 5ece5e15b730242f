//! The command `tancho`, as a person uses it: what it prints and how it ends.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
        command.args(arguments).current_dir(self.folder.path());
        command.env_clear().env("TANCHO_KEY_FILE", self.folder.path().join("key")).stdin(Stdio::null());
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
