//! The examples: each prints what it says it prints, and the pages of `docs/embedding/` quote them word for word.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What an example does, with its output going elsewhere.
type Run = fn(&mut dyn Write) -> tancho::Result<()>;

macro_rules! examples {
    ($($name:ident $path:literal)*) => {
        $(
            #[allow(dead_code, unreachable_pub, reason = "an example is a program, whose `main` this is not")]
            #[path = $path]
            mod $name;
        )*

        /// By name.
        const EXAMPLES: &[(&str, Run)] = &[$((stringify!($name), $name::run)),*];
    };
}

examples! {
    exceptions "../examples/exceptions.rs"
    hello "../examples/hello.rs"
    host_functions "../examples/host_functions.rs"
    limits_and_interruption "../examples/limits_and_interruption.rs"
    linking "../examples/linking.rs"
    plugins "../examples/plugins.rs"
    precompiled "../examples/precompiled.rs"
    references "../examples/references.rs"
    threads "../examples/threads.rs"
}

#[allow(dead_code, reason = "an example is a program, whose `main` this is not")]
#[path = "../examples/small.rs"]
mod small;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder("examples").join(format!("{name}.rs"))).unwrap()
}

/// What an example's first comment says that it prints.
fn expected(text: &str) -> String {
    let lines =
        text.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line));
    let printed = lines.skip_while(|line| *line != "```text").skip(1).take_while(|line| *line != "```");
    printed.map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_example_prints_what_it_says() {
    let mut wrong = String::new();
    for (name, run) in EXAMPLES {
        let mut printed = Vec::new();
        run(&mut printed).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let expected = expected(&text(name));
        assert!(!expected.is_empty(), "{name} does not say what it prints");
        let printed = String::from_utf8(printed).unwrap();
        if printed != expected {
            wrong.push_str(&format!("{name} prints\n{printed}and says\n{expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_example_is_run() {
    let files = std::fs::read_dir(folder("examples")).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut run: BTreeSet<String> = EXAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    // By tests of their own: below, and in `asynchronous.rs`.
    run.extend(["small", "async"].map(str::to_owned));
    assert_eq!(files, run);
    let folder = tempfile::tempdir().unwrap();
    let engine = tancho::Engine::new(tancho::Config::new().key_file(folder.path().join("key"))).unwrap();
    let compiled = engine.precompile_module(br#"(module (func (export "answer") (result i32) (i32.const 42)))"#);
    assert_eq!(small::answer(&engine, &compiled.unwrap()).unwrap(), 42);
}

/// The blocks of Rust in a page that a comment before them says to come from an example, with the example's name.
fn quotations(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("<!-- engine/examples/").and_then(|line| line.strip_suffix(".rs -->"))
        else {
            continue;
        };
        assert_eq!(lines.next(), Some("```rust,ignore"), "a block follows the comment `{line}`");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        found.push((name.to_owned(), block.join("\n")));
    }
    found
}

/// A text without indentation and empty lines.
fn plain(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

#[test]
fn pages_quote_the_examples() {
    let pages = folder("../docs/embedding");
    let mut quoted = BTreeSet::new();
    for page in std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path()) {
        for (name, block) in quotations(&std::fs::read_to_string(&page).unwrap()) {
            assert!(plain(&text(&name)).contains(&plain(&block)), "{}: not in {name}.rs:\n{block}", page.display());
            quoted.insert(name);
        }
    }
    for (name, _) in EXAMPLES {
        assert!(quoted.contains(*name), "no page of docs/embedding quotes {name}.rs");
    }
}
