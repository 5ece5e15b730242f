//! Traps: their causes, their backtraces, and that everything is sound after them.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{Caller, Config, Engine, Instance, Linker, Module, Result, Store, Trap, WasmBacktrace};

const CHAIN: &str = r#"(module $module
    (func $inner unreachable)
    (func $middle call $inner)
    (func $outer (export "outer") call $middle))"#;

#[test]
fn the_text_is_what_users_know() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, CHAIN).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
    let error = outer.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
    let names: Vec<_> = trace.frames().iter().map(|frame| frame.func_name().unwrap()).collect();
    assert_eq!(names, ["inner", "middle", "outer"]);
    let indices: Vec<_> = trace.frames().iter().map(|frame| frame.func_index()).collect();
    assert_eq!(indices, [0, 1, 2]);
    assert!(trace.frames().iter().all(|frame| frame.module_name() == Some("module")));
    let offset = |position: usize| trace.frames()[position].module_offset().unwrap();
    // The instruction's own place in the file.
    let wasm = wat_bytes(CHAIN);
    assert_eq!(wasm[offset(0)], 0x00, "unreachable");
    for frame in [1, 2] {
        assert_eq!(wasm[offset(frame)], 0x10, "call");
    }
    let expected = format!(
        "error while executing at wasm backtrace:\n    0: {:>9} - module!inner\n    1: {:>9} - module!middle\n    2: {:>9} - \
         module!outer\n\nCaused by:\n    wasm trap: wasm `unreachable` instruction executed",
        format!("{:#x}", offset(0)),
        format!("{:#x}", offset(1)),
        format!("{:#x}", offset(2)),
    );
    assert_eq!(format!("{error:?}"), expected);
    assert_eq!(format!("{error:#}"), expected);
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    assert_eq!(format!("{boxed:?}"), expected);
    assert_eq!(boxed.source().unwrap().to_string(), "wasm trap: wasm `unreachable` instruction executed");
}

fn wat_bytes(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn every_kind() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (type $v (func)) (type $i (func (result i32)))
            (memory 1) (table 2 funcref) (elem (i32.const 0) $unreachable)
            (func $unreachable (export "UnreachableCodeReached") unreachable)
            (func (export "MemoryOutOfBounds") (drop (i32.load (i32.const -1))))
            (func (export "IntegerDivisionByZero") (drop (i32.div_s (i32.const 1) (global.get $zero))))
            (func (export "IntegerOverflow") (drop (i32.div_s (i32.const 0x80000000) (global.get $minus))))
            (func (export "BadConversionToInteger") (drop (i32.trunc_f32_s (f32.const nan))))
            (func (export "TableOutOfBounds") (call_indirect (type $v) (i32.const 2)))
            (func (export "IndirectCallToNull") (call_indirect (type $v) (i32.const 1)))
            (func (export "BadSignature") (drop (call_indirect (type $i) (i32.const 0))))
            (func $deep (export "StackOverflow") call $deep)
            (global $zero (mut i32) (i32.const 0)) (global $minus (mut i32) (i32.const -1)))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for round in 0..3 {
        let mut seen = 0;
        for export in module.exports() {
            let func = instance.get_typed_func::<(), ()>(&mut store, export.name()).unwrap();
            let errors =
                [func.call(&mut store, ()).unwrap_err(), func.func().call(&mut store, &[], &mut []).unwrap_err()];
            for error in errors {
                let trap = error.downcast_ref::<Trap>().unwrap();
                assert_eq!(format!("{trap:?}"), export.name(), "round {round}");
                assert!(!error.downcast_ref::<WasmBacktrace>().unwrap().frames().is_empty());
            }
            seen += 1;
        }
        assert_eq!(seen, 9);
    }
}

#[test]
fn a_start_function_that_traps() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, r#"(module $m (func $begin unreachable) (start $begin))"#).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    assert!(format!("{error:?}").contains("m!begin"), "{error:?}");
    // A start function that is the host's.
    let module = Module::new(&engine, r#"(module (import "" "" (func $begin)) (start $begin))"#).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("", "", |mut caller: Caller<'_, u32>| -> Result<()> {
            *caller.data_mut() += 1;
            tancho::ensure!(*caller.data() < 2, "twice");
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    linker.instantiate(&mut store, &module).unwrap();
    assert_eq!(linker.instantiate(&mut store, &module).unwrap_err().root_cause().to_string(), "twice");
    assert_eq!(*store.data(), 2);
}

#[test]
fn segments_that_do_not_fit() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    for (text, trap) in [
        (r#"(module (memory 1) (data (i32.const 65536) "x"))"#, Trap::MemoryOutOfBounds),
        (r#"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))"#, Trap::TableOutOfBounds),
    ] {
        let module = Module::new(&engine, text).unwrap();
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&trap), "{error:?}");
    }
}

#[test]
fn a_backtrace_goes_through_the_host_and_is_attached_once() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module $m
            (import "" "host" (func $host))
            (func $fail (export "fail") unreachable)
            (func $run (export "run") call $host))"#,
    )
    .unwrap();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    linker
        .func_wrap("", "host", |mut caller: Caller<'_, Vec<String>>| -> Result<()> {
            let here = WasmBacktrace::capture(&caller);
            caller.data_mut().extend(here.frames().iter().map(|frame| frame.func_name().unwrap_or("?").to_owned()));
            let fail = caller.get_export("fail").unwrap().into_func().unwrap();
            fail.typed::<(), ()>(&caller)?.call(&mut caller, ())
        })
        .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let error = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap_err();
    assert_eq!(*store.data(), ["run"]);
    let names: Vec<_> = error.downcast_ref::<WasmBacktrace>().unwrap().frames().iter().map(|f| f.func_name()).collect();
    assert_eq!(names, [Some("fail"), Some("run")]);
    assert_eq!(error.chain().count(), 2, "{error:?}");
    assert!(WasmBacktrace::capture(&store).frames().is_empty());
}

#[test]
fn without_names_and_offsets() {
    let engine = Engine::new(Config::new().generate_address_map(false)).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, r#"(module (func (export "f") unreachable))"#).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let error = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error while executing at wasm backtrace:\n    0:         ? - <unknown>!<wasm function 0>"
    );
}

#[test]
fn a_thousand_traps_on_many_threads() {
    let engine = Engine::default();
    let module = Module::new(&engine, CHAIN).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
                for _ in 0..1000 {
                    assert!(outer.call(&mut store, ()).unwrap_err().is::<Trap>());
                }
            });
        }
    });
}
