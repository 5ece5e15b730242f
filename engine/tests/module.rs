//! Modules: from text, from bytes, from files, from compiled bytes; and what is refused.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tests/runner.rs"]
mod runner;

use std::path::Path;
use tancho::{Config, Engine, Instance, Module, OptLevel, Store};

const TEXT: &str = r#"(module $m (memory (export "memory") 1) (data (i32.const 0) "data") (func (export "f") (result i32) i32.const 42))"#;

fn engine(key: &Path) -> Engine {
    Engine::new(Config::new().key_file(key)).unwrap()
}

fn run(module: &Module) -> i32 {
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    instance.get_typed_func::<(), i32>(&mut store, "f").unwrap().call(&mut store, ()).unwrap()
}

#[track_caller]
fn refused(result: tancho::Result<Module>, why: &str) {
    let error = result.unwrap_err();
    assert!(format!("{error:?}").contains(why), "{error:?}");
}

#[test]
fn sources() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder.path().join("key"));
    let wasm = wat::parse_str(TEXT).unwrap();
    assert_eq!(run(&Module::new(&engine, TEXT).unwrap()), 42);
    assert_eq!(run(&Module::new(&engine, &wasm).unwrap()), 42);
    assert_eq!(run(&Module::from_binary(&engine, &wasm).unwrap()), 42);
    refused(Module::from_binary(&engine, TEXT.as_bytes()), "");
    for (name, bytes) in [("m.wat", TEXT.as_bytes()), ("m.wasm", &wasm)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(run(&Module::from_file(&engine, &path).unwrap()), 42);
    }
    refused(Module::from_file(&engine, folder.path().join("none.wasm")), "none.wasm");
    Module::validate(&engine, &wasm).unwrap();
    Module::validate(&engine, b"(module (func (result i32)))").unwrap_err();
    refused(Module::new(&engine, "(module (func (result i32)))"), "type mismatch");
    refused(Module::new(&engine, "(module"), "expected");
    refused(Module::new(&engine, ""), "");
    refused(Module::new(&engine, b"\0asm"), "");
    refused(Module::new(&engine, [0xff; 100]), "");
    refused(Module::new(&engine, "(component)"), "component");
    assert!(!folder.path().join("key").exists(), "an engine which never serialises needs no key");
}

#[test]
fn signed_modules() {
    let folder = tempfile::tempdir().unwrap();
    let mine = engine(&folder.path().join("mine"));
    let same = engine(&folder.path().join("mine"));
    let other = engine(&folder.path().join("other"));
    let module = Module::new(&mine, TEXT).unwrap();
    let bytes = module.serialize().unwrap();
    assert_eq!(bytes, mine.precompile_module(TEXT.as_bytes()).unwrap(), "compilation is deterministic");
    for engine in [&mine, &same] {
        let loaded = Module::deserialize(engine, &bytes).unwrap();
        assert_eq!(run(&loaded), 42);
        assert_eq!(loaded.name(), Some("m"));
        assert_eq!(loaded.serialize().unwrap(), bytes);
    }
    refused(Module::deserialize(&other, &bytes), "was not written by this user's engine");
    // SAFETY: the bytes come from `serialize` above.
    assert_eq!(run(&unsafe { Module::deserialize_trusted(&other, &bytes) }.unwrap()), 42);
    let path = folder.path().join("m.cwasm");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(run(&Module::deserialize_file(&mine, &path).unwrap()), 42);
    refused(Module::deserialize_file(&other, &path), "m.cwasm");
    // SAFETY: as above.
    assert_eq!(run(&unsafe { Module::deserialize_file_trusted(&other, &path) }.unwrap()), 42);
    refused(Module::new(&mine, &bytes), "Module::deserialize");
    refused(Module::from_binary(&mine, &bytes), "Module::deserialize");
    refused(Module::from_file(&mine, &path), "Module::deserialize");
    mine.precompile_module(&bytes).unwrap_err();
    refused(Module::deserialize(&mine, wat::parse_str(TEXT).unwrap()), "not a compiled module");
    refused(Module::deserialize(&mine, []), "not a compiled module");
}

#[test]
fn damaged_modules_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder.path().join("key"));
    let bytes = engine.precompile_module(TEXT.as_bytes()).unwrap();
    let step = (bytes.len() / 400).max(1);
    for position in (0..bytes.len()).filter(|position| *position < 512 || position.is_multiple_of(step)) {
        let mut bad = bytes.clone();
        bad[position] ^= 1 << (position % 8);
        Module::deserialize(&engine, &bad).expect_err("a flipped bit");
    }
    for length in (0..bytes.len()).step_by(step) {
        Module::deserialize(&engine, &bytes[..length]).expect_err("a cut file");
    }
    Module::deserialize(&engine, [&bytes[..], &[0]].concat()).expect_err("a byte too many");
    // Bytes at odd addresses are the same bytes.
    let shifted = [&[0][..], &bytes].concat();
    assert_eq!(run(&Module::deserialize(&engine, &shifted[1..]).unwrap()), 42);
}

#[test]
fn other_settings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let bytes = engine(&key).precompile_module(TEXT.as_bytes()).unwrap();
    let settings: [fn(&mut Config) -> &mut Config; 7] = [
        |config| config.cranelift_opt_level(OptLevel::None),
        |config| config.cranelift_nan_canonicalization(true),
        |config| config.memory_reservation(1 << 30),
        |config| config.memory_guard_size(1 << 20),
        |config| config.cranelift_table_spectre_mitigation(false),
        |config| config.cranelift_memory_spectre_mitigation(false),
        |config| config.generate_address_map(false),
    ];
    for set in settings {
        let mut config = Config::new();
        set(config.key_file(&key));
        let engine = Engine::new(&config).unwrap();
        assert_eq!(run(&Module::new(&engine, TEXT).unwrap()), 42);
        refused(Module::deserialize(&engine, &bytes), "other settings");
    }
    // These do not change what is compiled.
    let mut config = Config::new();
    config.key_file(&key).parallel_compilation(false).cranelift_debug_verifier(true);
    let engine = Engine::new(&config).unwrap();
    assert_eq!(engine.precompile_module(TEXT.as_bytes()).unwrap(), bytes);
    assert_eq!(run(&Module::deserialize(&engine, &bytes).unwrap()), 42);
}

#[test]
fn an_unusable_key_is_an_error_of_what_needs_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let engine = engine(&key);
    let module = Module::new(&engine, TEXT).unwrap();
    assert_eq!(run(&module), 42);
    for error in [
        module.serialize().unwrap_err(),
        engine.precompile_module(TEXT.as_bytes()).unwrap_err(),
        Module::deserialize(&engine, []).unwrap_err(),
    ] {
        assert!(format!("{error:?}").contains("others than its owner may read or write it (mode 0644)"), "{error:?}");
    }
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    module.serialize().unwrap();
}

#[test]
fn targets() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let with = |triple: &str| Engine::new(Config::new().key_file(&key).target(triple));
    for triple in ["nonsense", "x86_64-pc-windows-msvc", "wasm32-wasip1", ""] {
        let error = with(triple).unwrap_err();
        assert!(format!("{error:?}").contains(triple), "{error:?}");
    }
    let host = with(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH)).unwrap();
    assert_eq!(run(&Module::new(&host, TEXT).unwrap()), 42);
    let foreign = if cfg!(target_arch = "aarch64") { "x86_64-unknown-linux-gnu" } else { "aarch64-unknown-linux-gnu" };
    match with(foreign) {
        Ok(engine) => {
            refused(Module::new(&engine, TEXT), "use `Engine::precompile_module`");
            let bytes = engine.precompile_module(TEXT.as_bytes()).unwrap();
            refused(Module::deserialize(&host, &bytes), "the file is compiled for");
        }
        // Only the host's back end is built in.
        Err(error) => {
            let has_back_end = cfg!(feature = "all-targets");
            assert!(!has_back_end, "{error:?}");
        }
    }
}

#[test]
fn features_can_be_refused() {
    type Toggle = fn(&mut Config, bool) -> &mut Config;
    let cases: [(Toggle, &str); 6] = [
        (Config::wasm_multi_value, "(module (func (result i32 i32) i32.const 1 i32.const 2))"),
        (Config::wasm_sign_extension, "(module (func (drop (i32.extend8_s (i32.const 1)))))"),
        (Config::wasm_saturating_float_to_int, "(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))"),
        (Config::wasm_mutable_global, r#"(module (global (export "g") (mut i32) (i32.const 1)))"#),
        (Config::wasm_extended_const, "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
        (Config::wasm_reference_types, "(module (func (param externref)))"),
    ];
    for (set, text) in cases {
        for enable in [true, false] {
            let mut config = Config::new();
            set(&mut config, enable);
            let engine = Engine::new(&config).unwrap();
            assert_eq!(Module::new(&engine, text).is_ok(), enable, "{text}");
            assert_eq!(Module::validate(&engine, text.as_bytes()).is_ok(), enable, "{text}");
        }
    }
    let mut config = Config::new();
    let engine = Engine::new(config.wasm_reference_types(false).wasm_bulk_memory(false)).unwrap();
    assert!(
        Module::new(&engine, r#"(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"#)
            .is_err()
    );
}

#[test]
fn the_users_key_is_found_by_the_environment() {
    // In a process of its own, because the environment is the process's.
    let folder = tempfile::tempdir().unwrap();
    for (name, value, file) in [
        ("TANCHO_KEY_FILE", "k1/file", "k1/file"),
        ("XDG_CONFIG_HOME", "k2", "k2/tancho/key"),
        ("HOME", "k3", "k3/.config/tancho/key"),
    ] {
        let mut child = runner::command(std::env::current_exe().unwrap());
        child.args(["--exact", "child", "--nocapture"]).env("TANCHO_TEST_CHILD", "1");
        for unset in ["TANCHO_KEY_FILE", "XDG_CONFIG_HOME", "HOME"] {
            child.env_remove(unset);
        }
        assert!(child.env(name, folder.path().join(value)).status().unwrap().success());
        assert_eq!(std::fs::read(folder.path().join(file)).unwrap().len(), 32, "{name}");
    }
}

#[test]
fn child() {
    if std::env::var_os("TANCHO_TEST_CHILD").is_none() {
        return;
    }
    let engine = Engine::default();
    let bytes = engine.precompile_module(TEXT.as_bytes()).unwrap();
    assert_eq!(run(&Module::deserialize(&engine, bytes).unwrap()), 42);
}
