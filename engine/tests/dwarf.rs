//! Functions, files and lines of the source by a module's DWARF: of Rust and C++, just-in-time and from a compiled file, and what is no
//! DWARF at all.
#![cfg(all(feature = "compile", feature = "dwarf"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};
use tancho::{Config, Engine, Error, FrameSymbol, Instance, Module, Store, WasmBacktrace, WasmBacktraceDetails};
use wasmparser::{Parser, Payload};

const RUST: &[u8] = include_bytes!("../../tests/program/lines.wasm");
const CPP: &[u8] = include_bytes!("../../tests/program/lines_cpp.wasm");

/// The error of the trap in a guest.
fn trap(engine: &Engine, module: &Module) -> Error {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert!(run.call(&mut store, 2).is_ok());
    run.call(&mut store, 0).unwrap_err()
}

fn shown(symbol: &FrameSymbol) -> String {
    let text = |part: Option<&str>| part.unwrap_or("?").to_owned();
    let number = |part: Option<u32>| part.map_or("?".to_owned(), |part| part.to_string());
    let place = format!("{}:{}:{}", text(symbol.file()), number(symbol.line()), number(symbol.column()));
    format!("{} {place}", text(symbol.name()))
}

/// The symbols of all frames, each frame's innermost first.
fn symbols(error: &Error) -> Vec<Vec<String>> {
    let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
    trace.frames().iter().map(|frame| frame.symbols().iter().map(shown).collect()).collect()
}

/// What the sources in `tests/program/lines` say.
fn rust() -> Vec<Vec<String>> {
    let all: [&[&str]; 2] = [
        &["guest::divide guest.rs:12:8", "guest::average guest.rs:20:5", "guest::report guest.rs:25:5"],
        &["run guest.rs:30:5"],
    ];
    all.map(|frame| frame.iter().map(|text| (*text).to_owned()).collect()).into()
}

fn cpp() -> Vec<Vec<String>> {
    let all: [&[&str]; 2] = [
        &["store::divide(int, int) guest.cc:4:17", "store::Account<int>::average(int) const guest.cc:11:16"],
        &["run guest.cc:18:20"],
    ];
    all.map(|frame| frame.iter().map(|text| (*text).to_owned()).collect()).into()
}

#[test]
fn lines_of_rust_and_cpp() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(Config::new().key_file(folder.path().join("key"))).unwrap();
    for (wasm, expected) in [(RUST, rust()), (CPP, cpp())] {
        let module = Module::new(&engine, wasm).unwrap();
        assert!(module.has_dwarf());
        assert_eq!(symbols(&trap(&engine, &module)), expected);
        // The same from a compiled file.
        let compiled = Module::deserialize(&engine, module.serialize().unwrap()).unwrap();
        assert_eq!(symbols(&trap(&engine, &compiled)), expected);
    }
}

#[test]
fn backtraces_show_them_unless_told_otherwise() {
    let expected = "\n                     at guest.rs:12:8\n";
    let said = |config: &mut Config| {
        let engine = Engine::new(config).unwrap();
        let error = trap(&engine, &Module::new(&engine, RUST).unwrap());
        (format!("{error:?}"), error)
    };
    let (with, _) = said(Config::new().wasm_backtrace_details(WasmBacktraceDetails::Enable));
    assert!(with.contains(expected) && with.contains("guest::divide (inlined)"), "{with}");
    assert!(with.contains("!guest::report\n"), "{with}");
    let (without, error) = said(Config::new().wasm_backtrace_details(WasmBacktraceDetails::Disable));
    assert!(!without.contains("guest.rs"), "{without}");
    assert_eq!(symbols(&error), rust(), "whoever asks is told");
    let (dropped, error) = said(Config::new().keep_dwarf(false));
    assert!(!dropped.contains("guest.rs"), "{dropped}");
    assert!(symbols(&error).iter().all(Vec::is_empty));
}

/// What is kept is as large as what the sections have, and a module without is loaded by an engine that keeps it.
#[test]
fn what_is_kept_has_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let config = || {
        let mut config = Config::new();
        config.key_file(folder.path().join("key"));
        config
    };
    let (keeps, drops) = (Engine::new(&config()).unwrap(), Engine::new(config().keep_dwarf(false)).unwrap());
    let (with, without) = (keeps.precompile_module(RUST).unwrap(), drops.precompile_module(RUST).unwrap());
    let debug: usize = sections(RUST).iter().map(|range| range.len()).sum();
    let page = 4096;
    assert!(with.len() > without.len() && with.len() <= without.len() + debug + 3 * page, "{debug}");
    println!(
        "{} bytes of WebAssembly, {debug} of DWARF: image {} with, {} without",
        RUST.len(),
        with.len(),
        without.len()
    );
    assert!(!Module::deserialize(&keeps, &without).unwrap().has_dwarf());
    assert!(Module::deserialize(&drops, &with).unwrap().has_dwarf());
}

/// The places of the debug sections' contents in a module.
fn sections(wasm: &[u8]) -> Vec<std::ops::Range<usize>> {
    let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
    let custom = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
            let start = usize::try_from(section.data_offset()).unwrap();
            Some(start..start + section.data().len())
        }
        _ => None,
    });
    custom.collect()
}

/// Bytes that were changed lead to other answers or none, and never to a panic or a long search.
#[test]
fn hostile_debug_information_is_survived() {
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let seed = number("TANCHO_SEED", std::process::id().into());
    let cases = number("TANCHO_CASES", 400);
    println!("TANCHO_SEED={seed} TANCHO_CASES={cases}");
    let engine = Engine::new(Config::new().compilation_threads(1)).unwrap();
    let mut state = seed | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for case in 0..cases {
        let wasm = if case % 2 == 0 { RUST } else { CPP };
        let places: Vec<usize> = sections(wasm).into_iter().flatten().collect();
        let mut changed = wasm.to_vec();
        for _ in 0..1 + random(16) {
            let place = places[random(places.len())];
            changed[place] = match random(4) {
                0 => 0,
                1 => 0xff,
                2 => changed[place] ^ (1 << random(8)),
                _ => u8::try_from(random(256)).unwrap(),
            };
        }
        let module = Module::new(&engine, &changed).unwrap();
        let start = Instant::now();
        let found = module.symbols(&(0..changed.len()).collect::<Vec<_>>());
        assert_eq!(found.len(), changed.len());
        assert!(found.iter().all(|symbols| symbols.len() <= 64), "case {case}");
        assert!(start.elapsed() < Duration::from_secs(10), "case {case} took {:?}", start.elapsed());
    }
}

/// A module with these debug sections and a function.
fn with_sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let mut types = wasm_encoder::TypeSection::new();
    types.ty().function([], []);
    let mut functions = wasm_encoder::FunctionSection::new();
    functions.function(0);
    let mut code = wasm_encoder::CodeSection::new();
    let mut function = wasm_encoder::Function::new([]);
    function.instructions().end();
    code.function(&function);
    module.section(&types).section(&functions).section(&code);
    for (name, data) in sections {
        module.section(&wasm_encoder::CustomSection { name: (*name).into(), data: (*data).into() });
    }
    module.finish()
}

/// Tables to which many entries refer: what each of them costs once is not paid by each.
#[test]
fn what_is_shared_is_not_walked_over_and_over() {
    const UNITS: usize = 20_000;
    let engine = Engine::default();
    // A compile unit whose ranges are a list of 200,000, none of which holds anything; and one with attributes without end.
    let abbreviations = |attributes: &[u8]| [&[1, 0x11, 0][..], attributes, &[0, 0, 0]].concat();
    let unit = |rest: &[u8]| {
        let length = u32::try_from(7 + rest.len()).unwrap();
        [&length.to_le_bytes()[..], &[4, 0, 0, 0, 0, 0, 4], rest].concat()
    };
    let ranges = [5_u32, 5].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>().repeat(200_000);
    let by_ranges = (abbreviations(&[0x55, 0x17]), unit(&[1, 0, 0, 0, 0]).repeat(UNITS));
    let many = [0x3f, 0x19].repeat(200_000);
    let by_attributes = (abbreviations(&many), unit(&[1]).repeat(UNITS));
    let text = vec![b'x'; 1 << 20];
    let by_text = (abbreviations(&[0x03, 0x0e]), unit(&[1, 0, 0, 0, 0]).repeat(UNITS));
    for (table, units) in [by_ranges, by_attributes, by_text] {
        let wasm = with_sections(&[
            (".debug_abbrev", &table),
            (".debug_info", &units),
            (".debug_ranges", &ranges),
            (".debug_str", &text),
        ]);
        let module = Module::new(&engine, &wasm).unwrap();
        let start = Instant::now();
        assert!(module.symbols(&(0..100).collect::<Vec<_>>()).iter().all(Vec::is_empty));
        println!("{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}

/// Entries in entries, deeper than any stack.
#[test]
fn entries_may_nest_without_end() {
    let engine = Engine::default();
    let table = [1, 0x11, 1, 0, 0, 2, 0x1d, 1, 0x11, 0x01, 0x12, 0x06, 0, 0, 0];
    let inlined = [2, 1, 0, 0, 0, 0xff, 0xff, 0, 0].repeat(200_000);
    let length = u32::try_from(8 + inlined.len()).unwrap();
    let units = [&length.to_le_bytes()[..], &[4, 0, 0, 0, 0, 0, 4, 1], &inlined].concat();
    let module = Module::new(&engine, with_sections(&[(".debug_abbrev", &table), (".debug_info", &units)])).unwrap();
    assert!(module.symbols(&[30, 31, 32]).iter().all(|symbols| symbols.len() <= 64));
}
