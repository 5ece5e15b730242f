//! The programs in GC instructions of `benches/gc` give what wasmtime 48 and V8 of node 24 give: normally, with other sizes of heap, through an image, and
//! where everything is collected, moved and checked at every allocation.
//!
//! Sizes and results stand in the programs' first lines; the benchmark `gc` compares the same with both engines. Zeal runs the least size there is.

use std::path::{Path, PathBuf};
use tancho::{Config, Engine, HeapStats, Instance, Module, Result, Store, Trap, Val};

/// A program and what its first lines say.
struct Program {
    name: String,
    wasm: Vec<u8>,
    text: String,
}

impl Program {
    /// From the line `;; small 8 gives 7658` the two numbers.
    fn expectation(&self, kind: &str) -> (i32, i64) {
        let line = self.text.lines().find_map(|line| line.strip_prefix(";; ")?.strip_prefix(kind)?.strip_prefix(' '));
        let line = line.unwrap_or_else(|| panic!("{} says nothing of `{kind}`", self.name));
        let (size, result) = line.split_once(" gives ").expect("a size and a result");
        (size.parse().expect("a size"), result.parse().expect("a result"))
    }

    /// Runs it at these sizes in a store of its own.
    fn run(&self, engine: &Engine, module: &Module, expectations: &[(i32, i64)]) -> HeapStats {
        let mut store = Store::new(engine, ());
        store.verify_heap(true);
        let instance = Instance::new(&mut store, module, &[]).expect("it imports nothing");
        for &(size, expected) in expectations {
            let result =
                call(&mut store, &instance, "run", size).unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
            assert_eq!(result, expected, "{} at size {size}", self.name);
        }
        store.heap_stats()
    }
}

fn call(store: &mut Store<()>, instance: &Instance, export: &str, argument: i32) -> Result<i64> {
    let function = instance.get_func(&mut *store, export).expect("it is exported");
    let mut result = [Val::I32(0)];
    function.call(store, &[Val::I32(argument)], &mut result)?;
    match result {
        [Val::I32(result)] => Ok(i64::from(result)),
        [Val::I64(result)] => Ok(result),
        other => panic!("{other:?}"),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/gc")
}

fn program(name: &str) -> Program {
    let path = folder().join(format!("{name}.wat"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    Program { name: name.to_owned(), wasm, text }
}

/// All but the one for pauses, which has no result of its own.
fn programs() -> Vec<Program> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| name != "live")
        .collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    names.iter().map(|name| program(name)).collect()
}

#[test]
fn programs_give_what_other_engines_give() {
    let engine = Engine::default();
    for program in programs() {
        let module = Module::new(&engine, &program.wasm).unwrap_or_else(|error| panic!("{}: {error:?}", program.name));
        // Twice in the same store: what the first leaves is garbage to the second.
        let small = program.expectation("small");
        program.run(&engine, &module, &[program.expectation("least"), small, small]);
    }
}

#[test]
fn the_nursery_is_collected_often_when_it_is_small() {
    let mut config = Config::new();
    config.gc_nursery(128 << 10).gc_heap_limit(64 << 20);
    let engine = Engine::new(&config).expect("these are sizes that heaps can have");
    let mut collections = 0;
    for program in programs() {
        let module = Module::new(&engine, &program.wasm).expect("it is valid");
        let small = program.expectation("small");
        let stats = program.run(&engine, &module, &[small; 8]);
        collections += stats.minor;
    }
    assert!(collections >= 20, "{collections} collections");
}

#[test]
fn programs_give_the_same_under_zeal() {
    let mut config = Config::new();
    config.gc_zeal(true).gc_nursery(128 << 10);
    let engine = Engine::new(&config).expect("these are sizes that heaps can have");
    for program in programs() {
        let module = Module::new(&engine, &program.wasm).expect("it is valid");
        let stats = program.run(&engine, &module, &[program.expectation("least")]);
        assert!(stats.major >= 20, "{}: {stats:?}", program.name);
    }
}

#[test]
fn programs_give_the_same_from_an_image() {
    let keys = tempfile::tempdir().expect("a folder for the key");
    let engine = Engine::new(Config::new().key_file(keys.path().join("key"))).expect("the host is supported");
    for program in programs() {
        let image = Module::new(&engine, &program.wasm).expect("it is valid").serialize().expect("it has an image");
        let module = Module::deserialize(&engine, &image).expect("it is an image of this engine");
        program.run(&engine, &module, &[program.expectation("least"), program.expectation("small")]);
    }
}

/// What stays alive is found alive by collections of the whole heap, and what does not fit is a trap, after which the store still works.
#[test]
fn much_that_is_alive_is_kept_and_too_much_is_a_trap() {
    let mut config = Config::new();
    config.gc_nursery(1 << 20).gc_heap_limit(32 << 20);
    let engine = Engine::new(&config).expect("these are sizes that heaps can have");
    let module = Module::new(&engine, program("live").wasm).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    assert_eq!(call(&mut store, &instance, "grow", 64).expect("it fits"), 64 << 10);
    store.gc();
    let live = store.heap_stats().live;
    assert!((2 << 20..16 << 20).contains(&live), "{live} bytes are alive");
    let before = call(&mut store, &instance, "run", 200_000).expect("as many die as are made");

    let error = call(&mut store, &instance, "grow", 4096).expect_err("it does not fit");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::HeapExhausted), "{error:?}");
    // A smaller table takes the place of what there was of the other.
    assert_eq!(call(&mut store, &instance, "grow", 64).expect("it fits again"), 64 << 10);
    assert_eq!(call(&mut store, &instance, "run", 200_000).expect("as many die as are made"), before);
    assert!(store.heap_stats().major >= 2, "{:?}", store.heap_stats());
}
