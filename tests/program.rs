//! The guest programs: every case of `program/<name>/case`, just-in-time, from the cache and as a `.cwasm` file, with the expected bytes and
//! exit codes. The format of a case is described in `program/README.md`.

mod runner;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Case {
    program: String,
    name: String,
    folder: PathBuf,
}

impl Case {
    fn text(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(file)).ok()
    }

    fn lines(&self, file: &str) -> Vec<String> {
        self.text(file).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
    }
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/program")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn cases() -> Vec<Case> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut cases = Vec::new();
    // Some of them, where an emulator would take long for all (`cross.sh`).
    let wanted = std::env::var("TANCHO_PROGRAMS");
    for program in folders(&programs()) {
        if wanted.as_ref().is_ok_and(|wanted| wanted.split_whitespace().all(|one| one != name(&program))) {
            continue;
        }
        for folder in folders(&program.join("case")) {
            cases.push(Case { program: name(&program), name: name(&folder), folder });
        }
    }
    cases
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be listed").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

fn tancho(key: &Path) -> Command {
    let mut command = runner::command(env!("CARGO_BIN_EXE_tancho"));
    command.env_clear().env("TANCHO_KEY_FILE", key).env("TANCHO_CACHE_DIR", key.with_file_name("cache"));
    command
}

/// Whether compilation is left to another machine's `tancho`.
fn is_emulated() -> bool {
    std::env::var_os("TANCHO_COMPILER").is_some()
}

/// The command that compiles: `tancho` itself, or, with its arguments, what `TANCHO_COMPILER` names, where that is emulated and slow.
fn compiler(key: &Path) -> Command {
    let Ok(line) = std::env::var("TANCHO_COMPILER") else {
        let mut command = tancho(key);
        command.arg("compile");
        return command;
    };
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().expect("a command"));
    command.args(words).env("TANCHO_KEY_FILE", key);
    command
}

fn run(case: &Case, file: &Path, key: &Path, cache: bool) -> Output {
    let work = tempfile::tempdir().expect("a folder to work in");
    let mut command = tancho(key);
    command.arg("run").arg(if cache { "--cache" } else { "--cache=n" }).arg("--argv0").arg(&case.program);
    for variable in case.lines("env") {
        command.arg("--env").arg(variable);
    }
    if case.folder.join("dir").is_dir() {
        copy(&case.folder.join("dir"), work.path());
        command.arg("--dir").arg(format!("{}::/data", work.path().display()));
    }
    command.arg(file).args(case.lines("args"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("tancho starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = std::fs::read(case.folder.join("stdin")).unwrap_or_default();
    // The guest may stop reading before the end, and must be able to write before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
    let output = child.wait_with_output().expect("tancho ends");
    writer.join().expect("the writer does not panic");
    output
}

/// What is wrong with an output, if anything.
fn wrong(case: &Case, output: &Output) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected: i32 = case.text("exit").map_or(0, |text| text.trim().parse().expect("an exit code"));
    if output.status.code() != Some(expected) {
        return Some(format!("ended with {} and not {expected}; standard error:\n{stderr}", output.status));
    }
    let stdout = std::fs::read(case.folder.join("stdout")).unwrap_or_default();
    if output.stdout != stdout {
        return Some(format!("standard output differs:\n{}", String::from_utf8_lossy(&output.stdout)));
    }
    let mut lines = case.lines("stderr");
    let unordered = lines.first().is_some_and(|line| line == "#unordered");
    if unordered {
        lines.remove(0);
    }
    let mut rest = stderr.as_str();
    for line in lines {
        match rest.find(&line) {
            Some(_) if unordered => {}
            Some(position) => rest = &rest[position + line.len()..],
            None => return Some(format!("standard error lacks `{line}`:\n{stderr}")),
        }
    }
    None
}

#[test]
fn programs_do_what_they_should() {
    let scratch = tempfile::tempdir().expect("a folder for compiled files");
    let key = scratch.path().join("key");
    let cases = cases();
    assert!(cases.len() >= 100 || std::env::var_os("TANCHO_PROGRAMS").is_some(), "only {} cases", cases.len());
    let mut failures = Vec::new();
    let mut compiled = std::collections::BTreeSet::new();
    let mut refused = std::collections::BTreeSet::new();
    for case in &cases {
        let wasm = programs().join(&case.program).with_extension("wasm");
        let image = scratch.path().join(&case.program).with_extension("cwasm");
        if compiled.insert(&case.program) {
            let output = compiler(&key).arg(&wasm).arg("-o").arg(&image).output().expect("tancho starts");
            let stderr = String::from_utf8_lossy(&output.stderr);
            // Where the machine has no vectors, programs that have any are refused by the name of what is missing.
            if std::env::var_os("TANCHO_SCALAR").is_some() && stderr.contains("need the CPU feature has_v") {
                refused.insert(&case.program);
            } else {
                assert!(output.status.success(), "{} does not compile: {stderr}", case.program);
            }
        }
        if refused.contains(&case.program) {
            continue;
        }
        // The first case of a program fills the cache, the others find it there. Where compilation is emulated, images do.
        let ways = [("compiled", &image, false), ("just in time", &wasm, false), ("cache", &wasm, true)];
        let ways = if is_emulated() { &ways[..1] } else { &ways[..] };
        for (how, file, cache) in ways {
            if let Some(wrong) = wrong(case, &run(case, file, &key, *cache)) {
                failures.push(format!("{}/{}, {how}: {wrong}", case.program, case.name));
            }
        }
    }
    let kept = std::fs::read_dir(scratch.path().join("cache")).map_or(0, Iterator::count);
    assert!(is_emulated() || kept == compiled.len(), "each program has one entry in the cache");
    println!(
        "{} cases of {} programs, of which {} have vectors and are refused",
        cases.len(),
        compiled.len(),
        refused.len()
    );
    assert!(compiled.len() >= 2 * refused.len(), "most have none: {refused:?}");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
