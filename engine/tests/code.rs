//! Stable codes: every error that a user can meet has one, and each code can be met.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, Cache, Caller, Config, Engine, Error, ErrorCode, ExternRef, FieldType,
    Finality, Func, FuncType, Global, GlobalType, I31, Instance, Linker, Memory, MemoryType, MemoryTypeBuilder, Module,
    Mutability, Ref, RefType, RootScope, StorageType, Store, StructRef, StructRefPre, StructType, Table, TableType,
    Val, ValType,
};

/// Codes that no test of this file can bring about, and why.
const UNMET: &[(ErrorCode, &str)] = &[
    (ErrorCode::CompilerBug, "there is none that is known"),
    (ErrorCode::UnsupportedModule, "all that can be turned on is implemented on this machine"),
    (ErrorCode::EngineBug, "there is none that is known"),
    (ErrorCode::OtherTrap, "every trap has a code of its own"),
    (ErrorCode::NoCompiler, "it is of a build without one: tests/without_compiler.rs"),
    (ErrorCode::NoMemory, "it is of WASI's functions: tests/cli.rs"),
    (ErrorCode::ExitStatus, "it is of WASI's functions: wasi/src/p1/tests/conduct.rs"),
    (ErrorCode::Threads, "it is of WASI's threads: wasi/src/threads.rs"),
    (ErrorCode::OutOfFuel, "it is of stores with fuel: tests/fuel.rs"),
    (ErrorCode::HeapExhausted, "it takes a full heap: tests/gc.rs"),
    (ErrorCode::Interrupt, "it takes another thread: tests/interrupt.rs"),
    (ErrorCode::UnguardedStack, "it takes a stack without a guard: runtime/tests/process/stacks.rs"),
    (ErrorCode::Stopped, "it is of the end of an epoch: tests/asynchronous/epoch.rs"),
    (ErrorCode::WouldWait, "it is of asynchronous calls: tests/asynchronous/call.rs"),
    (ErrorCode::Cancelled, "it is of asynchronous calls: tests/asynchronous/end.rs"),
    (ErrorCode::Forgotten, "it is of asynchronous calls: tests/asynchronous/end.rs"),
    (ErrorCode::AllocationTooLarge, "it takes an array of 2^32 elements"),
];

/// What has been met, by code.
#[derive(Default)]
struct Met(BTreeMap<ErrorCode, String>);

impl Met {
    fn meet(&mut self, code: ErrorCode, error: Error) {
        assert_eq!(error.code(), Some(code), "{error:?}");
        self.0.entry(code).or_insert_with(|| error.to_string());
    }

    fn fail<T>(&mut self, code: ErrorCode, result: Result<T, Error>) {
        match result {
            Ok(_) => panic!("{code} {} did not come", code.title()),
            Err(error) => self.meet(code, error),
        }
    }
}

#[test]
fn every_error_has_its_code() {
    let mut met = Met::default();
    compiling(&mut met);
    loading(&mut met);
    linking(&mut met);
    traps(&mut met);
    misuse(&mut met);
    objects(&mut met);
    types(&mut met);
    refusals(&mut met);
    for code in ErrorCode::ALL {
        let unmet = UNMET.iter().find(|(unmet, _)| unmet == code);
        match (met.0.get(code), unmet) {
            (None, None) => panic!("nothing ends in {code}: {}", code.title()),
            (Some(text), Some((_, why))) => panic!("{code} was met ({text}), although {why}"),
            _ => {}
        }
    }
}

/// An error that is a message alone has no code: the library makes none.
#[test]
fn the_library_makes_no_error_without_a_code() {
    fn search(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                search(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let own = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in own.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let bare = ["Error::msg(", "format_err!(", "bail!(", "ensure!("].iter().any(|made| code.contains(made));
                if bare && !path.ends_with("error/chain.rs") && !path.ends_with("error/foreign.rs") {
                    found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    let mut found = Vec::new();
    for room in ["src", "../wasi/src"] {
        search(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut found);
    }
    assert!(found.is_empty(), "say `ErrorCode::….error(…)`, or `Coded` as a context:\n{}", found.join("\n"));
}

fn compiling(met: &mut Met) {
    let engine = Engine::default();
    met.fail(ErrorCode::FileUnreadable, Module::from_file(&engine, "there/is/none.wasm"));
    met.fail(ErrorCode::Component, Module::new(&engine, b"\0asm\x0d\0\x01\0"));
    met.fail(ErrorCode::TextSyntax, Module::new(&engine, "(module"));
    met.fail(ErrorCode::InvalidModule, Module::new(&engine, "(module (func (result i32)))"));
    met.fail(ErrorCode::InvalidModule, Module::validate(&engine, b"(module (func (result i32)))"));
    let many = format!("(module (func (param {})))", "i32 ".repeat(1001));
    met.fail(ErrorCode::ModuleLimit, Module::new(&engine, many));
    met.fail(ErrorCode::Target, Engine::new(Config::new().target("pdp11")));
    met.fail(
        ErrorCode::Target,
        Engine::new(Config::new().target("x86_64-unknown-linux-gnu").cpu_feature("has_nothing")),
    );
    met.fail(ErrorCode::Configuration, Engine::new(Config::new().gc_nursery(1)));
    let other = if cfg!(target_arch = "x86_64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
    if let Ok(engine) = Engine::new(Config::new().target(other)) {
        met.fail(ErrorCode::NotNative, Module::new(&engine, "(module)"));
    } else {
        met.fail(ErrorCode::Target, Engine::new(Config::new().target(other)));
        met.0.entry(ErrorCode::NotNative).or_insert_with(|| "this build has no other back end".to_owned());
    }
}

fn loading(met: &mut Met) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let engine = Engine::new(Config::new().key_file(&key)).unwrap();
    let module = Module::new(&engine, "(module)").unwrap();
    let good = module.serialize().unwrap();
    met.fail(ErrorCode::AlreadyCompiled, Module::new(&engine, &good));
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    met.fail(ErrorCode::OtherBuild, Module::deserialize(&engine, changed(8)));
    met.fail(ErrorCode::OtherMachine, Module::deserialize(&engine, changed(12)));
    met.fail(ErrorCode::Damaged, Module::deserialize(&engine, changed(good.len() - 1)));
    met.fail(ErrorCode::Damaged, Module::deserialize(&engine, &good[..good.len() - 1]));
    met.fail(ErrorCode::Damaged, Module::deserialize(&engine, b"none"));
    let other = Engine::new(Config::new().key_file(&key).cranelift_nan_canonicalization(true)).unwrap();
    met.fail(ErrorCode::OtherSettings, Module::deserialize(&other, &good));
    let stranger = Engine::new(Config::new().key_file(folder.path().join("another"))).unwrap();
    met.fail(ErrorCode::Unsigned, Module::deserialize(&stranger, &good));
    std::fs::write(folder.path().join("short"), b"x").unwrap();
    let unkeyed = Engine::new(Config::new().key_file(folder.path().join("short"))).unwrap();
    met.fail(ErrorCode::Key, Module::deserialize(&unkeyed, &good));
    met.fail(ErrorCode::Key, Module::new(&unkeyed, "(module)").unwrap().serialize());
    met.fail(ErrorCode::CacheUnusable, Cache::open(&key));
    let cache = Cache::open(folder.path().join("cache")).unwrap();
    cache.put(b"(module)", &module).unwrap();
    for entry in std::fs::read_dir(folder.path().join("cache")).unwrap().flatten() {
        std::fs::write(entry.path(), b"x").unwrap();
    }
    for (_, error) in cache.verify(&engine).unwrap() {
        met.meet(ErrorCode::CacheEntry, error);
    }
    match cache.get(&engine, b"(module)").unwrap() {
        tancho::Lookup::Bad(error) => met.meet(ErrorCode::CacheEntry, error),
        _ => panic!("the entry is not sound"),
    }
}

fn linking(met: &mut Met) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module (import "a" "b" (func (param i32))) (func (export "f") (call 0 (i32.const 1))))"#,
    )
    .unwrap();
    let mut linker = Linker::new(&engine);
    met.fail(ErrorCode::UnknownImport, linker.instantiate(&mut store, &module));
    met.fail(ErrorCode::ImportCount, Instance::new(&mut store, &module, &[]));
    met.fail(ErrorCode::NotDefined, linker.alias("a", "b", "c", "d"));
    met.fail(ErrorCode::NotDefined, linker.alias_module("a", "c"));
    let host = Func::wrap(&mut store, || ());
    met.fail(ErrorCode::IncompatibleImport, Instance::new(&mut store, &module, &[host.into()]));
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    met.fail(ErrorCode::NoExport, instance.get_typed_func::<(), ()>(&mut store, "g"));
    met.fail(ErrorCode::FunctionType, instance.get_typed_func::<i32, ()>(&mut store, "f"));
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    met.fail(ErrorCode::UnknownImportCalled, f.call(&mut store, ()));
    met.fail(ErrorCode::DefinedTwice, linker.func_wrap("a", "b", || ()));
    let nonnull = Module::new(&engine, r#"(module (import "a" "c" (func (result (ref func)))))"#).unwrap();
    met.fail(ErrorCode::NoDefault, linker.define_unknown_imports_as_default_values(&nonnull));
    let unfit = Module::new(&engine, r#"(module (memory 1) (data (i32.const 65536) "x"))"#).unwrap();
    met.fail(ErrorCode::Instantiation, linker.instantiate(&mut store, &unfit));
    let start = Module::new(&engine, "(module (func $f unreachable) (start $f))").unwrap();
    met.fail(ErrorCode::UnreachableCodeReached, linker.instantiate(&mut store, &start));
}

/// What each trap is brought about by: a module whose function `f` ends in it.
const TRAPS: &[(ErrorCode, &str)] = &[
    (ErrorCode::StackOverflow, r#"(func $f (export "f") (call $f))"#),
    (ErrorCode::MemoryOutOfBounds, r#"(memory 1) (func (export "f") (drop (i32.load (i32.const 65536))))"#),
    (ErrorCode::TableOutOfBounds, r#"(table 1 funcref) (func (export "f") (drop (table.get (i32.const 1))))"#),
    (ErrorCode::IndirectCallToNull, r#"(table 1 funcref) (func (export "f") (call_indirect (i32.const 0)))"#),
    (
        ErrorCode::BadSignature,
        r#"(table funcref (elem $g)) (func $g (param i32)) (func (export "f") (call_indirect (i32.const 0)))"#,
    ),
    (ErrorCode::IntegerOverflow, r#"(func (export "f") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))"#),
    (ErrorCode::IntegerDivisionByZero, r#"(func (export "f") (drop (i32.div_s (i32.const 1) (i32.const 0))))"#),
    (ErrorCode::BadConversionToInteger, r#"(func (export "f") (drop (i32.trunc_f32_s (f32.const nan))))"#),
    (ErrorCode::UnreachableCodeReached, r#"(func (export "f") unreachable)"#),
    (ErrorCode::NullReference, r#"(func (export "f") (drop (ref.as_non_null (ref.null any))))"#),
    (ErrorCode::NullFunctionReference, r#"(type $t (func)) (func (export "f") (call_ref $t (ref.null $t)))"#),
    (
        ErrorCode::CastFailure,
        r#"(type $t (struct)) (func (export "f") (drop (ref.cast (ref $t) (ref.i31 (i32.const 1)))))"#,
    ),
    (
        ErrorCode::ArrayOutOfBounds,
        r#"(type $a (array i32)) (func (export "f") (drop (array.get $a (array.new_default $a (i32.const 1)) (i32.const 1))))"#,
    ),
    (
        ErrorCode::NullStructureReference,
        r#"(type $s (struct (field i32))) (func (export "f") (drop (struct.get $s 0 (ref.null $s))))"#,
    ),
    (ErrorCode::NullArrayReference, r#"(type $a (array i32)) (func (export "f") (drop (array.len (ref.null $a))))"#),
    (ErrorCode::NullI31Reference, r#"(func (export "f") (drop (i31.get_s (ref.null i31))))"#),
    (ErrorCode::HeapMisaligned, r#"(memory 1 1 shared) (func (export "f") (drop (i32.atomic.load (i32.const 1))))"#),
    (
        ErrorCode::AtomicWaitNonSharedMemory,
        r#"(memory 1) (func (export "f") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))"#,
    ),
    (ErrorCode::UncaughtException, r#"(tag $t) (func (export "f") (throw $t))"#),
];

fn traps(met: &mut Met) {
    let engine = Engine::default();
    for (code, text) in TRAPS {
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, format!("(module {text})")).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        met.fail(*code, f.call(&mut store, ()));
    }
}

fn misuse(met: &mut Met) {
    let (engine, other) = (Engine::default(), Engine::default());
    let (mut store, mut stranger) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let func = Func::wrap(&mut store, |a: i32| a);
    met.fail(ErrorCode::ForeignStore, func.call(&mut stranger, &[Val::I32(1)], &mut [Val::I32(0)]));
    met.fail(ErrorCode::ValueCount, func.call(&mut store, &[], &mut []));
    met.fail(ErrorCode::TypeMismatch, func.call(&mut store, &[Val::I64(1)], &mut [Val::I32(0)]));
    met.fail(ErrorCode::FunctionType, func.typed::<i64, i32>(&store));
    let module = Module::new(&other, "(module)").unwrap();
    met.fail(ErrorCode::ForeignEngine, Instance::new(&mut store, &module, &[]));
    met.fail(ErrorCode::ForeignEngine, Linker::new(&engine).instantiate(&mut store, &module));
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(1))).unwrap();
    met.fail(ErrorCode::OutOfBounds, memory.write(&mut store, 65536, b"x"));
    met.fail(ErrorCode::OutOfBounds, memory.read(&store, usize::MAX, &mut [0]));
    met.fail(ErrorCode::Refused, memory.grow(&mut store, 1));
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, Some(1)), Ref::Func(None)).unwrap();
    met.fail(ErrorCode::OutOfBounds, table.set(&mut store, 1, Ref::Func(None)));
    met.fail(ErrorCode::TypeMismatch, table.set(&mut store, 0, Ref::Extern(None)));
    met.fail(ErrorCode::TableOutOfBounds, table.fill(&mut store, 1, Ref::Func(None), 1));
    met.fail(ErrorCode::Refused, table.grow(&mut store, 1, Ref::Func(None)));
    let global = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(1)).unwrap();
    met.fail(ErrorCode::Immutable, global.set(&mut store, Val::I32(2)));
    let panics = Func::wrap(&mut stranger, || -> () { panic!("on purpose") });
    met.fail(ErrorCode::HostPanic, panics.call(&mut stranger, &[], &mut []));
    met.fail(ErrorCode::Poisoned, panics.call(&mut stranger, &[], &mut []));
    // What a host function makes of its own has none, unless it says one.
    let mut store = Store::new(&engine, ());
    let own = Func::wrap(&mut store, |_: Caller<'_, ()>| -> Result<(), Error> { Err(Error::msg("mine")) });
    assert_eq!(own.call(&mut store, &[], &mut []).unwrap_err().code(), None);
}

fn objects(met: &mut Met) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let field = FieldType::new(Mutability::Const, StorageType::ValType(ValType::I32));
    let structure = StructType::new(&engine, [field.clone()]).unwrap();
    let pre = StructRefPre::new(&mut store, structure);
    met.fail(ErrorCode::ValueCount, StructRef::new(&mut store, &pre, &[]));
    met.fail(ErrorCode::TypeMismatch, StructRef::new(&mut store, &pre, &[Val::I64(1)]));
    let object = StructRef::new(&mut store, &pre, &[Val::I32(1)]).unwrap();
    met.fail(ErrorCode::Immutable, object.set_field(&mut store, 0, Val::I32(2)));
    met.fail(ErrorCode::OutOfBounds, object.field(&mut store, 1));
    let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, field));
    let array = ArrayRef::new(&mut store, &pre, &Val::I32(1), 1).unwrap();
    met.fail(ErrorCode::OutOfBounds, array.get(&mut store, 1));
    let ended = {
        let mut scope = RootScope::new(&mut store);
        ExternRef::new(&mut scope, 1_u32).unwrap()
    };
    met.fail(ErrorCode::Unrooted, ended.data(&store));
    let _ = AnyRef::from_i31(&mut store, I31::wrapping_u32(1));
}

fn types(met: &mut Met) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    met.fail(ErrorCode::ImpossibleType, Memory::new(&mut store, MemoryType::new(2, Some(1))));
    met.fail(ErrorCode::ImpossibleType, MemoryTypeBuilder::default().page_size_log2(3).build());
    met.fail(
        ErrorCode::ImpossibleType,
        Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, Some(1)), Ref::Func(None)),
    );
    let above = StructType::new(&engine, []).unwrap();
    met.fail(
        ErrorCode::ImpossibleType,
        StructType::with_finality_and_supertype(&engine, Finality::Final, Some(&above), []),
    );
    let _ = FuncType::new(&engine, [], []);
}

fn refusals(met: &mut Met) {
    let engine = Engine::new(Config::new().memory_reservation(1 << 20)).unwrap();
    let mut store = Store::new(&engine, ());
    met.fail(ErrorCode::Refused, Memory::new(&mut store, MemoryType::new(17, None)));
    let module = Module::new(&engine, "(module (memory 17))").unwrap();
    met.fail(ErrorCode::Instantiation, Instance::new(&mut store, &module, &[]));
}
