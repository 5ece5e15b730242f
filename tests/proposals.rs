//! The table in `docs/proposals.md` says what is true: its flags are those of the library, the compiler and the command, with their
//! defaults, and what it says of tests is what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tancho::Config;

/// A row: proposal, phase, status, flag, default, tests.
struct Row(Vec<String>);

impl Row {
    fn flag(&self) -> Option<&str> {
        self.0[3].strip_prefix('`').and_then(|flag| flag.strip_suffix('`'))
    }

    /// Whether it is built elsewhere, and its row is to be completed when it comes.
    fn is_to_come(&self) -> bool {
        self.0[2] == "on a branch"
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rows() -> Vec<Row> {
    let text = read("docs/proposals.md");
    let rows: Vec<Row> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'))
        .map(|line| Row(line.split('|').map(|cell| cell.trim().to_owned()).collect()))
        .skip(1)
        .collect();
    assert!(rows.len() >= 35 && rows.iter().all(|row| row.0.len() == 6), "{} rows", rows.len());
    rows
}

#[test]
fn flags_are_those_of_the_library_with_their_defaults() {
    let config = Config::new();
    let known: BTreeMap<String, bool> = Config::WASM_FEATURES
        .iter()
        .map(|name| (name.replace('_', "-"), config.has_wasm_feature(name).expect("it is one of them")))
        .collect();
    let mut told = BTreeMap::new();
    for row in rows() {
        let (flag, default) = (row.flag(), row.0[4].as_str());
        assert_eq!(flag.is_some(), !default.is_empty(), "{}", row.0[0]);
        let Some(flag) = flag else { continue };
        if row.is_to_come() {
            assert!(!known.contains_key(flag), "{flag} has come: complete its row");
            continue;
        }
        assert!(["on", "off"].contains(&default), "{flag}");
        assert!(told.insert(flag.to_owned(), default == "on").is_none(), "{flag} has two rows");
    }
    assert_eq!(told, known);
    // What is not in the specification, or about to be, is off; what was on its way there and is in use is on.
    for row in rows().iter().filter(|row| row.flag().is_some() && !row.is_to_come()) {
        let standard = row.0[1].contains('.') || matches!(row.0[1].as_str(), "4" | "5" | "withdrawn");
        assert_eq!(row.0[4] == "on", standard, "{}", row.0[0]);
    }
}

/// The compiler's features are the library's, one by one: a setter turns on and off what it says and nothing else.
#[test]
fn the_compiler_has_the_same() {
    let text = format!("{:?}", tancho_jit::Features::default());
    let fields = text.trim_start_matches("Features {").trim_end_matches('}');
    let fields: BTreeMap<&str, bool> = fields
        .split(',')
        .map(|field| field.trim().split_once(": ").expect("a name and a value"))
        .map(|(name, value)| (name, value == "true"))
        .collect();
    let config = Config::new();
    let known = Config::WASM_FEATURES.iter().map(|name| (*name, config.has_wasm_feature(name).expect("it is one")));
    assert_eq!(fields, known.collect());
    for name in Config::WASM_FEATURES {
        for enable in [false, true] {
            let mut config = Config::new();
            config.wasm_feature(&name.replace('_', "-"), enable).expect("it is one of them");
            for other in Config::WASM_FEATURES {
                let expected = if other == name { Some(enable) } else { Config::new().has_wasm_feature(other) };
                assert_eq!(config.has_wasm_feature(other), expected, "{name} {other}");
            }
        }
    }
    let error = Config::new().wasm_feature("tail-calls", true).expect_err("it is called otherwise").to_string();
    assert!(error.contains("`tail-calls`") && error.contains("tail-call, "), "{error}");
}

#[test]
fn tests_are_those_that_there_are() {
    let spec: BTreeSet<String> =
        read("tests/spec.rs").lines().map(|line| line.chars().filter(|c| !"_ ".contains(*c)).collect()).collect();
    let mut counted = 0;
    for row in rows().iter().filter(|row| !row.is_to_come()) {
        for piece in row.0[5].split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
            let names: Vec<&str> = piece.split('`').skip(1).step_by(2).collect();
            for name in &names {
                assert!(root().join(name).exists(), "{}: there is no {name}", row.0[0]);
            }
            if let (true, Some((suite, counts))) = (names.is_empty(), piece.split_once(": ")) {
                let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
                let (files, assertions) = counts.split_once(" files, ").expect("files and assertions");
                let (head, tail) =
                    (format!("suite(\"{suite}\","), format!(",({},{})),", digits(files), digits(assertions)));
                let is_it = |line: &String| line.starts_with(&head) && line.ends_with(&tail);
                assert!(spec.iter().any(is_it), "tests/spec.rs has another count of {suite}: {counts}");
                counted += 1;
            } else if names.is_empty() {
                let head = format!("suite(\"{piece}\",");
                assert!(spec.iter().any(|line| line.starts_with(&head)), "tests/spec.rs has no {piece}");
            }
        }
    }
    assert!(counted >= 12, "{counted} rows are counted");
}
