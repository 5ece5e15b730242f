//! Linking: by names, by types, and what is said when it does not work.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{
    Caller, Engine, Extern, Func, FuncType, Global, GlobalType, Instance, LinkError, Linker, Memory, MemoryType,
    Module, Mutability, Ref, RefType, Store, Table, TableType, UnknownImport, Val, ValType,
};

#[test]
fn all_missing_imports_are_listed() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "env" "print" (func (param i32)))
            (import "env" "prints" (func (param i32) (result i64)))
            (import "env" "memory" (memory 1))
            (import "here" "there" (func)))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("env", "print", |_: i32| ()).unwrap();
    linker.func_wrap("other", "there", || ()).unwrap();
    let missing = linker.missing_imports(&module);
    let names: Vec<_> = missing.iter().map(|import| (import.module.as_str(), import.name.as_str())).collect();
    assert_eq!(names, [("env", "prints"), ("env", "memory"), ("here", "there")]);
    assert_eq!(missing[0].nearest, ["env::print"]);
    assert_eq!(missing[2].nearest, ["other::there"]);
    let mut store = Store::new(&engine, ());
    for error in [linker.instantiate(&mut store, &module).unwrap_err(), linker.instantiate_pre(&module).unwrap_err()] {
        let Some(LinkError::Unknown(found)) = error.downcast_ref() else { panic!("{error:?}") };
        assert_eq!(*found, missing);
        assert_eq!(
            error.to_string(),
            "unknown import: `env::prints` has not been defined (function of type [i32] -> [i64]); did you mean `env::print`?\n\
             unknown import: `env::memory` has not been defined (memory 1)\n\
             unknown import: `here::there` has not been defined (function of type [] -> []); did you mean `other::there`?"
        );
    }
}

#[test]
fn types_must_match() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(2, Some(4))).unwrap();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None)).unwrap();
    let constant = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(1)).unwrap();
    let variable = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Var), Val::I32(1)).unwrap();
    let func = Func::wrap(&mut store, |_: i32| 0_i64);
    let mut linker = Linker::new(&engine);
    for (name, item) in [
        ("memory", Extern::from(memory)),
        ("table", table.into()),
        ("const", constant.into()),
        ("var", variable.into()),
        ("func", func.into()),
    ] {
        linker.define(&store, "m", name, item).unwrap();
    }
    linker.func_wrap("m", "host", |_: i32| 0_i64).unwrap();
    let cases = [
        ("memory", "(memory 1)", ""),
        ("memory", "(memory 2 4)", ""),
        ("memory", "(memory 3)", "it has 2 pages, and at least 3 are needed"),
        ("memory", "(memory 1 3)", "it may grow to 4 pages, and must not to more than 3"),
        ("memory", "(func)", "a function is needed, not a memory"),
        ("table", "(table 0 funcref)", ""),
        ("table", "(table 0 externref)", "the types of the entries differ"),
        ("table", "(table 0 9 funcref)", "it may grow without limit, and must not to more than 9 entries"),
        ("const", "(global i32)", ""),
        ("const", "(global i64)", "the types of the values differ"),
        ("const", "(global (mut i32))", "a mutable global is needed, and it is immutable"),
        ("var", "(global (mut i32))", ""),
        ("var", "(global i32)", "an immutable global is needed, and it is mutable"),
        ("func", "(func (param i32) (result i64))", ""),
        ("func", "(func (param i64) (result i64))", "the function types differ"),
        ("host", "(func (param i32) (result i64))", ""),
        ("host", "(func (param i32))", "the function types differ"),
        ("host", "(memory 1)", "a memory is needed, not a function"),
    ];
    for (name, import, why) in cases {
        let module = Module::new(&engine, format!(r#"(module (import "m" "{name}" {import}))"#)).unwrap();
        let item = linker.get(&mut store, "m", name).unwrap();
        for result in [linker.instantiate(&mut store, &module), Instance::new(&mut store, &module, &[item])] {
            if why.is_empty() {
                result.unwrap();
                continue;
            }
            let error = result.unwrap_err();
            let Some(LinkError::Incompatible { module, name: found, why: reason, .. }) = error.downcast_ref() else {
                panic!("{error:?}")
            };
            assert_eq!((module.as_str(), found.as_str(), reason.as_str()), ("m", name, why));
            assert!(
                error.to_string().starts_with(&format!("incompatible import type for `m::{name}`: expected ")),
                "{error}"
            );
        }
    }
    // What counts is the present size.
    memory.grow(&mut store, 1).unwrap();
    let module = Module::new(&engine, r#"(module (import "m" "memory" (memory 3)))"#).unwrap();
    linker.instantiate(&mut store, &module).unwrap();
    // And the number of imports.
    for imports in [&[][..], &[memory.into(), memory.into()]] {
        Instance::new(&mut store, &module, imports).unwrap_err();
    }
}

#[test]
fn names() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("a", "f", || 1).unwrap().func_wrap("a", "g", || 2).unwrap();
    assert_eq!(linker.func_wrap("a", "f", || 3).err().unwrap().to_string(), "import of `a::f` defined twice");
    linker.alias("a", "f", "b", "h").unwrap();
    linker.alias_module("a", "c").unwrap();
    linker.alias("x", "f", "b", "h").unwrap_err();
    linker.alias_module("x", "c").unwrap_err();
    linker.alias_module("a", "c").unwrap_err();
    let mut store = Store::new(&engine, ());
    let mut value = |linker: &Linker<()>, module: &str, name: &str| {
        let func = linker.get(&mut store, module, name).ok()?.into_func()?;
        Some(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap())
    };
    assert_eq!(value(&linker, "b", "h"), Some(1));
    assert_eq!(value(&linker, "c", "g"), Some(2));
    assert_eq!(value(&linker, "c", "h"), None);
    let before = linker.clone();
    linker.allow_shadowing(true).func_wrap("a", "f", || 3).unwrap();
    assert_eq!(
        (value(&linker, "a", "f"), value(&before, "a", "f"), value(&linker, "b", "h")),
        (Some(3), Some(1), Some(1))
    );
}

#[test]
fn one_linker_for_many_stores() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (import "" "add" (func $add (param i32) (result i32)))
            (func (export "run") (result i32) (call $add (i32.const 1))))"#,
    )
    .unwrap();
    let mut linker = Linker::<i32>::new(&engine);
    linker
        .func_wrap("", "add", |mut caller: Caller<'_, i32>, by: i32| {
            *caller.data_mut() += by;
            *caller.data()
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let pre = pre.clone();
            scope.spawn(move || {
                for round in 0..200 {
                    let mut store = Store::new(pre.module().engine(), start + round);
                    for _ in 0..2 {
                        let instance = pre.instantiate(&mut store).unwrap();
                        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
                        run.call(&mut store, ()).unwrap();
                    }
                    assert_eq!(*store.data(), start + round + 2);
                }
            });
        }
    });
}

#[test]
fn instances_are_linked_to_instances() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("host", "who", |mut caller: Caller<'_, u32>| -> i32 {
            *caller.data_mut() += 1;
            let global = caller.get_export("id").unwrap().into_global().unwrap();
            global.get(&mut caller).i32().unwrap()
        })
        .unwrap();
    let first = Module::new(
        &engine,
        r#"(module (import "host" "who" (func $who (result i32)))
            (global (export "id") i32 (i32.const 1)) (export "who" (func $who)) (memory (export "memory") 1)
            (func (export "ask") (result i32) call $who))"#,
    )
    .unwrap();
    let instance = linker.instantiate(&mut store, &first).unwrap();
    linker.instance(&mut store, "first", instance).unwrap();
    let second = Module::new(
        &engine,
        r#"(module (import "first" "who" (func $who (result i32))) (import "first" "ask" (func $ask (result i32)))
            (import "first" "memory" (memory 1))
            (global (export "id") i32 (i32.const 2))
            (func (export "both") (result i32) (i32.add (i32.mul (call $who) (i32.const 10)) (call $ask))))"#,
    )
    .unwrap();
    let second = linker.instantiate(&mut store, &second).unwrap();
    // A host function is called by who imports it; a function of the first instance calls as that.
    assert_eq!(second.get_typed_func::<(), i32>(&mut store, "both").unwrap().call(&mut store, ()).unwrap(), 21);
    assert_eq!(*store.data(), 2);
    let direct = instance.get_typed_func::<(), i32>(&mut store, "who").unwrap();
    assert_eq!(direct.call(&mut store, ()).unwrap(), 1);
}

#[test]
fn commands_and_reactors() {
    let engine = Engine::default();
    let text = |start: &str| {
        format!(
            r#"(module (import "" "log" (func $log (param i32)))
                (global $count (mut i32) (i32.const 0))
                (func (export "{start}") (call $log (i32.const 100)))
                (func (export "next") (global.set $count (i32.add (global.get $count) (i32.const 1))) (call $log (global.get $count))))"#
        )
    };
    let user = Module::new(
        &engine,
        r#"(module (import "m" "next" (func $next)) (func (export "run") call $next call $next))"#,
    )
    .unwrap();
    for (start, expected) in [("_initialize", vec![100, 1, 2]), ("_start", vec![1, 1]), ("other", vec![1, 2])] {
        let mut linker = Linker::<Vec<i32>>::new(&engine);
        linker
            .func_wrap("", "log", |mut caller: Caller<'_, Vec<i32>>, value: i32| caller.data_mut().push(value))
            .unwrap();
        let mut store = Store::new(&engine, Vec::new());
        linker.module(&mut store, "m", &Module::new(&engine, text(start)).unwrap()).unwrap();
        let user = linker.instantiate(&mut store, &user).unwrap();
        user.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap();
        assert_eq!(*store.data(), expected, "{start}");
    }
}

#[test]
fn unknown_imports() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "x" "f" (func $f (param i32) (result i64 f32 externref)))
            (import "x" "f" (func $same (param i32) (result i64 f32 externref)))
            (export "f" (func $f))
            (func (export "run") (call $f (i32.const 1)) drop drop drop))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let error = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap_err();
    let unknown = error.downcast_ref::<UnknownImport>().unwrap();
    assert_eq!(unknown.to_string(), "unknown import: `x::f` has not been defined");

    let module = Module::new(
        &engine,
        r#"(module
            (import "x" "f" (func $f (param i32) (result i64 f32 externref)))
            (import "x" "g" (global (mut i64))) (import "x" "h" (global funcref))
            (import "x" "m" (memory 1 2)) (import "x" "t" (table 3 funcref))
            (export "f" (func $f)) (export "g" (global 0)) (export "h" (global 1)) (export "m" (memory 0)) (export "t" (table 0))
            (func (export "run") (call $f (i32.const 1)) drop drop drop))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_default_values(&module).unwrap();
    assert!(linker.missing_imports(&module).is_empty());
    let one = linker.instantiate(&mut store, &module).unwrap();
    let two = linker.instantiate(&mut store, &module).unwrap();
    one.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap();
    let mut results = [Val::I32(1), Val::I32(1), Val::I32(1)];
    one.get_func(&mut store, "f").unwrap().call(&mut store, &[Val::I32(1)], &mut results).unwrap();
    assert!(matches!(results, [Val::I64(0), Val::F32(0), Val::ExternRef(None)]), "{results:?}");
    let memories = [one, two].map(|instance| instance.get_memory(&mut store, "m").unwrap());
    assert_ne!(memories[0], memories[1]);
    assert_eq!(memories[0].ty(&store), MemoryType::new(1, Some(2)));
    assert!(matches!(one.get_global(&mut store, "g").unwrap().get(&mut store), Val::I64(0)));
    assert!(matches!(one.get_global(&mut store, "h").unwrap().get(&mut store), Val::FuncRef(None)));
    assert_eq!(one.get_table(&mut store, "t").unwrap().size(&store), 3);
}

#[test]
fn types_do_not_depend_on_the_engine() {
    let here = Engine::default();
    let there = Engine::default();
    let ty = |engine| FuncType::new(engine, [ValType::I32], []);
    assert_eq!(ty(&here), ty(&there));
    let mut linker = Linker::<()>::new(&here);
    linker.func_new("", "", ty(&there), |_, _, _| Ok(())).unwrap();
    let module = Module::new(&here, r#"(module (import "" "" (func (param i32))))"#).unwrap();
    linker.instantiate(Store::new(&here, ()), &module).unwrap();
}
