//! A build without the compiler: it says so, and what needs none works.
#![cfg(not(feature = "compile"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{Engine, Func, Memory, MemoryType, Module, Ref, RefType, Store, Table, TableType};

#[test]
fn compiling_is_an_error_that_says_why() {
    let engine = Engine::default();
    let wasm = b"\0asm\x01\0\0\0";
    for error in [
        Module::new(&engine, wasm).unwrap_err(),
        Module::from_binary(&engine, wasm).unwrap_err(),
        Module::validate(&engine, wasm).unwrap_err(),
        engine.precompile_module(wasm).unwrap_err(),
    ] {
        assert!(error.to_string().contains("has no compiler (feature `compile` is off)"), "{error:?}");
    }
}

/// The crates that a program without a compiler is made of: as many as the documentation says, and none of the compiler's.
#[test]
fn dependencies_are_few() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree =
        ["tree", "--offline", "--package", "tancho", "--no-default-features", "--edges", "normal", "--prefix", "none"];
    let output = std::process::Command::new(cargo).args(tree).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates: std::collections::BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    for unwanted in ["tancho-jit", "cranelift-codegen", "wasmparser", "wat", "serde", "rayon"] {
        assert!(!crates.contains(unwanted), "{unwanted} is one of {crates:?}");
    }
    let page = include_str!("../../docs/embedding/precompiled.md");
    assert!(
        page.contains(&format!("**{} crates**", crates.len())),
        "the page has another number than {}: {crates:?}",
        crates.len()
    );
}

#[test]
fn what_needs_no_compiled_code_works() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, 0, b"x").unwrap();
    let func = Func::wrap(&mut store, |a: i32, b: i32| a + b);
    assert_eq!(func.typed::<(i32, i32), i32>(&store).unwrap().call(&mut store, (1, 2)).unwrap(), 3);
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None)).unwrap();
    let error = table.set(&mut store, 0, func.into()).unwrap_err();
    assert!(error.to_string().contains("[i32 i32] -> [i32]"), "{error:?}");
    assert!(table.get(&mut store, 0).unwrap().is_null());
}
