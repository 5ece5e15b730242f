//! The architecture's invariants (`docs/architecture.md`), checked over the sources and cargo's metadata.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the repository").to_owned()
}

/// The product's sources, relative to the root, with their text.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder can be listed").flatten() {
            let path = entry.path();
            if path.is_dir() {
                // Guests, and what they read, are not ours to name.
                if !["target", "program", "real"].iter().any(|name| path.ends_with(name)) {
                    collect(&path, files);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = root();
    let mut files = Vec::new();
    for folder in ["engine", "jit", "runtime", "wasi", "cli", "tests", "fuzz", "benches"] {
        if root.join(folder).exists() {
            collect(&root.join(folder), &mut files);
        }
    }
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("it stands below the root").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("it can be read"))
        })
        .collect()
}

fn is_product(name: &str) -> bool {
    ["engine/src", "jit/src", "runtime/src", "runtime/abi/src", "wasi/src", "cli/src"]
        .iter()
        .any(|p| name.starts_with(p))
}

/// The code of a file without its comments and texts, roughly: enough to look for words in.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn assert_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn crate_arrows_are_those_of_the_plan() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("tancho-abi", &[][..]),
        ("tancho-jit", &["tancho-abi"]),
        ("tancho-runtime", &["tancho-abi"]),
        ("tancho", &["tancho-abi", "tancho-jit", "tancho-runtime"]),
        ("tancho-wasi", &["tancho"]),
        ("tancho-cli", &["tancho", "tancho-wasi"]),
        ("tancho-tests", &["tancho", "tancho-abi", "tancho-jit"]),
    ]);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata answers");
    let own: BTreeSet<&str> = allowed.keys().copied().collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(targets) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the plan"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal) {
            if own.contains(dependency.name.as_str()) && !targets.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} must not depend on {}", dependency.name));
            }
        }
    }
    assert_none("crate arrows", wrong);
    assert_eq!(metadata.packages.len(), allowed.len(), "every planned crate is there");
}

#[test]
fn the_named_packages_have_a_real_use() {
    let uses = [
        ("cranelift_codegen::", "jit/src"),
        ("cranelift_frontend::", "jit/src"),
        ("cranelift_native::", "jit/src"),
        ("cranelift_jit::", "tests"),
        ("wasmparser::", "jit/src"),
        ("target_lexicon::", "jit/src"),
        ("region::", "runtime/src"),
        ("memmap2::", "runtime/src"),
        ("criterion", "benches"),
    ];
    let sources = sources();
    let unused = uses
        .iter()
        .filter(|(package, folder)| {
            !sources.iter().any(|(name, text)| name.starts_with(folder) && code(text).contains(package))
        })
        .map(|(package, folder)| format!("{package} is not used in {folder}"))
        .collect();
    assert_none("named packages", unused);
}

#[test]
fn peers_are_not_dependencies_of_the_product() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is there");
    let mut found: Vec<String> = ["wasmtime", "wasmer"]
        .iter()
        .filter(|peer| lock.contains(&format!("name = \"{peer}\"")))
        .map(|peer| format!("{peer} is in the lock file"))
        .collect();
    // wasmi is the oracle of the tests (`docs/decision`), and the tests are nobody's dependency.
    for package in lock.split("[[package]]") {
        let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
        let depends = |on: &str| package.lines().any(|line| line.trim().trim_matches([',', '"']) == on);
        if depends("tancho-tests") || (depends("wasmi") && name != "\"tancho-tests\"") {
            found.push(format!("{name} depends on the tests or on wasmi"));
        }
    }
    assert_none("peers among the product's dependencies", found);
}

#[test]
fn unsafe_code_stands_where_it_may() {
    // The typed-call files of the engine, where it hands compiled code out and takes it in; the one place where
    // the command's user vouches for a file.
    let allowed = ["runtime/src/", "engine/src/func/", "cli/src/command/run.rs"];
    let engine = ["engine/src/module.rs", "engine/src/store.rs", "engine/src/limiter.rs"];
    let found = sources()
        .iter()
        .filter(|(name, _)| is_product(name))
        .filter(|(name, _)| !allowed.iter().any(|place| name.starts_with(place)) && !engine.contains(&name.as_str()))
        .filter(|(_, text)| {
            let code = code(text);
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
        })
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("unsafe outside its rooms", found);
}

#[test]
fn every_file_says_what_it_is() {
    let found = sources().iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(name, _)| name.clone()).collect();
    assert_none("files that do not begin with `//! `", found);
}

#[test]
fn no_file_is_a_hall() {
    // Tables, and one file per listed reason.
    let tables: [&str; 0] = [];
    let found = sources()
        .iter()
        .filter(|(name, text)| text.lines().count() > 800 && !tables.contains(&name.as_str()))
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    assert_none("files over 800 lines", found);
}

#[test]
fn names_say_something() {
    let empty = ["util", "common", "helper", "misc", "inner", "opaque", "manager", "environ"];
    let found = sources()
        .iter()
        .filter(|(name, _)| {
            let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            empty.iter().any(|word| stem == *word || stem == format!("{word}s"))
        })
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("files whose name says nothing", found);
}

#[test]
fn nothing_is_left_to_do() {
    let words = ["todo!", "unimplemented!", "FIXME", "XXX", "HACK"];
    let found = sources()
        .iter()
        .filter(|(name, _)| name != "tests/tidy.rs")
        .flat_map(|(name, text)| {
            text.lines()
                .enumerate()
                .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
                .map(move |(number, line)| format!("{name}:{}: {}", number + 1, line.trim()))
        })
        .collect();
    assert_none("what was left to do", found);
}

#[test]
fn only_one_file_of_the_engine_names_the_compiler() {
    let found = sources()
        .iter()
        .filter(|(name, text)| {
            name.starts_with("engine/src") && name != "engine/src/compile.rs" && code(text).contains("tancho_jit")
        })
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("files of the engine that name the compiler", found);
}

#[test]
fn ports_stand_in_one_place() {
    // The contract names the supported targets and the host's architecture.
    let allowed = [
        "runtime/src/sys/",
        "runtime/src/stack/",
        "runtime/src/code/",
        "runtime/abi/src/lib.rs",
        "runtime/abi/src/target.rs",
    ];
    let found = sources()
        .iter()
        .filter(|(name, text)| {
            is_product(name)
                && !allowed.iter().any(|place| name.starts_with(place))
                && code(text).contains("target_arch")
        })
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("cfg(target_arch) outside its rooms", found);
}

#[test]
fn faces_hold_no_code() {
    let found = sources()
        .iter()
        .filter(|(name, _)| is_product(name) && name.ends_with("/mod.rs"))
        .filter(|(_, text)| code(text).contains("fn "))
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("mod.rs files that hold functions", found);
}

/// A planted fault whose place has changed would never be tried again.
#[test]
fn planted_faults_fit_the_code() {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/mutant")).expect("the folder is there").flatten() {
        let mut git = std::process::Command::new("git");
        git.arg("-C").arg(root()).args(["apply", "--check"]).arg(entry.path());
        if !git.status().expect("git is there").success() {
            found.push(entry.path().display().to_string());
        }
    }
    assert_none("planted faults that do not apply", found);
}
