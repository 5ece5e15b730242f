//! Golden transcripts of the command: what a person types, and what is printed (`tests/transcript/*.txt`).
//!
//! In a transcript a line that begins with `$ ` is typed; below it stand its output (`> `), what it prints as errors (`! `) and its exit code, if
//! that is not 0 (`? `). Everything else is a comment. `TANCHO_BLESS=1` writes what is printed now. Each transcript has a folder of its own
//! with the files that `fixtures` makes, and the commands share it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files that stand in the folder of each transcript.
fn fixtures(folder: &Path) {
    let text: &[(&str, &str)] = &[
        ("hello.wat", include_str!("transcript/fixture/hello.wat")),
        ("add.wat", include_str!("transcript/fixture/add.wat")),
        ("trap.wat", include_str!("transcript/fixture/trap.wat")),
        ("typo.wat", "(module (func $f (result i32) i32.cosnt 1))\n"),
        ("invalid.wat", "(module (func $answer (result i32) i64.const 42))\n"),
        ("pages.wat", "(module (memory 1 (pagesize 1)))\n"),
        ("shared.wat", "(module (memory 1 1 shared))\n"),
        ("empty.wasm", ""),
        ("notes.txt", "Buy milk.\n"),
        ("main.rs", "fn main() {}\n"),
        ("app.js", "var Module = {};\n"),
        ("page.wasm", "<!DOCTYPE html><title>404</title>\n"),
        ("pointer.wasm", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        ("script.wast", "(module)\n(assert_invalid (module (func (result i32))) \"type mismatch\")\n"),
        ("world.wit", "package a:b;\ninterface c {}\n"),
        ("component.wat", "(component)\n"),
        (
            "library.wat",
            "(module (func (export \"sum\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))\n",
        ),
        ("nothing.wat", "(module)\n"),
        ("start.wat", "(module (func (export \"_start\") (param i32)))\n"),
        (
            "exit.wat",
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) (memory (export \"memory\") 1)\n  (func (export \"_start\") (call $exit (i32.const 7))))\n",
        ),
        (
            "missing.wat",
            "(module (import \"env\" \"log\" (func (param i32))) (import \"wasi_snapshot_preview1\" \"fd_wirte\" (func (param i32 i32 i32 i32) (result i32))))\n",
        ),
        (
            "emscripten.wat",
            "(module (import \"env\" \"emscripten_resize_heap\" (func (param i32) (result i32))) (import \"env\" \"invoke_vi\" (func (param i32 i32))))\n",
        ),
        ("bindgen.wat", "(module (import \"wbg\" \"__wbg_log_7\" (func (param i32 i32))))\n"),
        ("threads.wat", "(module (import \"wasi\" \"thread-spawn\" (func (param i32) (result i32))))\n"),
        ("crew.wat", include_str!("transcript/fixture/crew.wat")),
        ("preview2.wat", "(module (import \"wasi:cli/stdout@0.2.0\" \"get-stdout\" (func (result i32))))\n"),
        ("go.wat", "(module (import \"gojs\" \"runtime.wasmExit\" (func (param i32))))\n"),
        ("wide.wat", "(module (import \"wasi_snapshot_preview1\" \"fd_close\" (func (param i64) (result i32))))\n"),
        (
            "no_memory.wat",
            "(module (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))\n  (func (export \"_start\") (drop (call $yield))))\n",
        ),
        ("segment.wat", "(module (memory 1) (data (i32.const 65536) \"x\"))\n"),
        ("config.toml", "opt-level = \"none\"\n[run]\nargv0 = \"named\"\n"),
        ("wrong.toml", "opt-lvel = \"none\"\n"),
        ("broken.toml", "opt-level = \n"),
    ];
    for (name, text) in text {
        std::fs::write(folder.join(name), text).expect("it can be written");
    }
    let binary: &[(&str, &[u8])] = &[
        ("native", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
        ("app.cwasm.wasmtime", b"\x7fELF\x02\x01\x01\0 .wasmtime.engine"),
        ("app.wasm.gz", b"\x1f\x8b\x08\0\0\0"),
        ("component.wasm", b"\0asm\x0d\0\x01\0"),
        ("old.wasm", b"\0asm\x0b\0\0\0"),
        ("cut.wasm", b"\0asm\x01\0\0\0\x01\x05\x01\x60"),
        ("object.wasm", b"\0asm\x01\0\0\0\0\x08\x07linking"),
        ("random.wasm", b"\x80\x81\x82\x83"),
        ("old.cwasm", b"\0tancho\n\x01\0\0\0"),
    ];
    for (name, bytes) in binary {
        std::fs::write(folder.join(name), bytes).expect("it can be written");
    }
    std::fs::create_dir(folder.join("data")).expect("it can be made");
}

/// The words of a command line; single quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (position, part) in line.split('\'').enumerate() {
        if position % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// What is printed by a command line, in the form in which it stands in a transcript.
fn answer(folder: &Path, line: &str) -> String {
    let mut words = words(line);
    let input = match words.iter().position(|word| word == "<") {
        Some(position) => {
            let file = std::fs::File::open(folder.join(&words[position + 1])).expect("the input is there");
            words.truncate(position);
            Stdio::from(file)
        }
        None => Stdio::null(),
    };
    assert_eq!(words.first().map(String::as_str), Some("tancho"), "{line}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tancho"));
    command.args(&words[1..]).current_dir(folder).stdin(input).env_clear();
    command.env("TANCHO_KEY_FILE", folder.join("key")).env("TANCHO_CACHE_DIR", folder.join("cache"));
    let output = command.output().expect("tancho starts");
    let mut answer = String::new();
    let place = folder.display().to_string();
    for (sign, bytes) in [('>', &output.stdout), ('!', &output.stderr)] {
        let text =
            String::from_utf8_lossy(bytes).replace(&place, "[FOLDER]").replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        for line in text.lines() {
            writeln!(answer, "{sign} {line}").expect("a string takes everything");
        }
    }
    match output.status.code() {
        Some(0) => {}
        code => writeln!(answer, "? {}", code.map_or("a signal".to_owned(), |code| code.to_string()))
            .expect("a string takes everything"),
    }
    // Trailing spaces would not survive editors.
    answer.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn is_answer(line: &str) -> bool {
    ["> ", "! ", "? "].iter().any(|sign| line.starts_with(sign)) || [">", "!"].contains(&line)
}

#[test]
fn what_is_typed_and_what_is_printed() {
    let bless = std::env::var_os("TANCHO_BLESS").is_some();
    let mut wrong = Vec::new();
    let (mut commands, mut mistakes) = (0, 0);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/transcript"))
        .expect("the folder is there")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "txt")) {
        let folder = tempfile::tempdir().expect("a folder to work in");
        let place = folder.path().canonicalize().expect("it is there");
        fixtures(&place);
        let expected = std::fs::read_to_string(file).expect("it can be read");
        let mut found = String::new();
        for line in expected.lines().filter(|line| !is_answer(line)) {
            found += &format!("{line}\n");
            if let Some(typed) = line.strip_prefix("$ ") {
                let answer = answer(&place, typed);
                commands += 1;
                mistakes += usize::from(answer.lines().any(|line| line == "? 1" || line == "? 2"));
                found += &answer;
            }
        }
        if bless {
            std::fs::write(file, &found).expect("it can be written");
        } else if found != expected {
            let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
            let line = line.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
            let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
            wrong.push(format!(
                "{}:{}:\n  expected {}\n  found    {}",
                file.display(),
                line + 1,
                at(&expected),
                at(&found)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\nTANCHO_BLESS=1 writes what is printed now", wrong.join("\n"));
    assert!(commands >= 80 && mistakes >= 40, "{commands} commands, of which {mistakes} are mistakes");
}

/// A mistake that has a code is one that `tancho explain` knows.
#[test]
fn every_code_that_is_named_is_explained() {
    let document = std::fs::read_to_string(root().join("docs/errors.md")).expect("the document is there");
    for file in std::fs::read_dir(root().join("tests/transcript")).expect("the folder is there").flatten() {
        let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
        for line in text.lines() {
            if let Some(code) = line.strip_prefix("! More: tancho explain ") {
                assert!(document.contains(&format!("### {code}: ")), "{code}");
            }
        }
    }
}

#[test]
fn the_document_of_errors_is_what_the_command_explains() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_tancho")).args(["explain", "--markdown"]).output().expect("tancho starts");
    let path = root().join("docs/errors.md");
    if std::env::var_os("TANCHO_BLESS").is_some() {
        std::fs::write(&path, &output.stdout).expect("it can be written");
    }
    let document = std::fs::read(path).expect("the document is there");
    assert!(document == output.stdout, "TANCHO_BLESS=1 writes docs/errors.md anew");
}
