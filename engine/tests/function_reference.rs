//! References to functions of given types, as the host makes, hands over and receives them.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::hash::{BuildHasher, RandomState};
use tancho::{
    AsContextMut, Engine, ExternRef, Func, FuncType, Global, GlobalType, HeapType, Instance, Linker, Module,
    Mutability, Ref, RefType, Result, Rooted, Store, Table, TableType, Trap, Val, ValType,
};

const SOURCE: &str = r#"
(module
  (type $root (sub (func (param i32) (result i32))))
  (type $below (sub final $root (func (param i32) (result i32))))
  (type $other (func (param i64) (result i64)))
  (func (export "root") (type $root) (i32.add (local.get 0) (i32.const 1)))
  (func (export "below") (type $below) (i32.add (local.get 0) (i32.const 2)))
  (func (export "other") (type $other) (local.get 0))
  (func (export "call") (param (ref $root) i32) (result i32) (call_ref $root (local.get 1) (local.get 0)))
  (func (export "call_null") (param (ref null $root) i32) (result i32) (call_ref $root (local.get 1) (local.get 0)))
  (func (export "call_many") (param (ref $root) i32) (result i32 i32)
    (call_ref $root (local.get 1) (local.get 0))
    (call_ref $root (i32.const 100) (local.get 0)))
  (func (export "any") (param (ref func) (ref extern)) (result (ref func)) (local.get 0))
  (func (export "give") (param i32) (result (ref null $root))
    (if (result (ref null $root)) (local.get 0) (then (ref.func 0)) (else (ref.null $root))))
  (global (export "global") (mut (ref $root)) (ref.func 0))
  (global (export "constant") (ref $below) (ref.func 1))
  (table (export "table") 1 (ref $root) (ref.func 0))
  (export "exported" (func 0)))
"#;

struct World {
    store: Store<()>,
    instance: Instance,
}

impl World {
    fn new(engine: &Engine) -> World {
        let module = Module::new(engine, SOURCE).unwrap();
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        World { store, instance }
    }

    fn func(&mut self, name: &str) -> Func {
        self.instance.get_func(&mut self.store, name).unwrap()
    }
}

fn reference(nullable: bool, ty: &FuncType) -> ValType {
    ValType::Ref(RefType::new(nullable, HeapType::ConcreteFunc(ty.clone())))
}

#[test]
fn calls_check_what_they_are_given() {
    let mut world = World::new(&Engine::default());
    let [root, below, other, call, call_null, many] =
        ["root", "below", "other", "call", "call_null", "call_many"].map(|name| world.func(name));
    let host = Func::wrap(&mut world.store, |value: i32| value);
    let store = &mut world.store;
    let mut result = [Val::I32(0)];
    let typed = call.typed::<(Option<Func>, i32), i32>(&*store).unwrap();
    let not_null = call.typed::<(Func, i32), i32>(&*store).unwrap();
    let nullable = call_null.typed::<(Option<Func>, i32), i32>(&*store).unwrap();
    let both = many.typed::<(Option<Func>, i32), (i32, i32)>(&*store).unwrap();
    for (func, expected) in [(root, 8), (below, 9)] {
        call.call(&mut *store, &[func.into(), Val::I32(7)], &mut result).unwrap();
        assert_eq!(result[0].i32(), Some(expected));
        assert_eq!(typed.call(&mut *store, (Some(func), 7)).unwrap(), expected);
        assert_eq!(not_null.call(&mut *store, (func, 7)).unwrap(), expected);
        assert_eq!(nullable.call(&mut *store, (Some(func), 7)).unwrap(), expected);
        assert_eq!(both.call(&mut *store, (Some(func), 7)).unwrap(), (expected, expected + 93));
    }
    // A type that is the same but for being final is another.
    for (wrong, callee) in [(Some(other), call), (Some(host), call), (None, call), (Some(other), call_null)] {
        let error = callee.call(&mut *store, &[wrong.into(), Val::I32(7)], &mut result).unwrap_err();
        assert!(format!("{error:?}").contains("type mismatch: expected (ref"), "{error:?}");
        let callee = callee.typed::<(Option<Func>, i32), i32>(&*store).unwrap();
        let error = callee.call(&mut *store, (wrong, 7)).unwrap_err();
        assert!(format!("{error:?}").contains("parameter 0"), "{error:?}");
    }
    for error in [
        call_null.call(&mut *store, &[Val::FuncRef(None), Val::I32(7)], &mut result).unwrap_err(),
        nullable.call(&mut *store, (None, 7)).unwrap_err(),
    ] {
        assert_eq!(error.downcast_ref(), Some(&Trap::NullFunctionReference));
    }
    assert_eq!(typed.call(&mut *store, (Some(root), 1)).unwrap(), 2);
    call.typed::<(Option<Rooted<ExternRef>>, i32), i32>(&*store).unwrap_err();
    call.typed::<(i64, i32), i32>(&*store).unwrap_err();
}

#[test]
fn results_are_what_their_type_says() {
    let mut world = World::new(&Engine::default());
    let [root, any, give] = ["root", "any", "give"].map(|name| world.func(name));
    let store = &mut world.store;
    let value = ExternRef::new(&mut *store, 5_u8).unwrap();
    let same = any.typed::<(Func, Rooted<ExternRef>), Func>(&*store).unwrap();
    let same = same.call(&mut *store, (root, value)).unwrap();
    assert_eq!(same.ty(&*store), root.ty(&*store));
    any.typed::<(Option<Func>, Option<Rooted<ExternRef>>), Option<Func>>(&*store).unwrap();
    let any = any.typed::<(Option<Func>, Option<Rooted<ExternRef>>), Func>(&*store).unwrap();
    any.call(&mut *store, (Some(root), None)).unwrap_err();
    any.call(&mut *store, (None, Some(value))).unwrap_err();
    // A result that may be null is no `Func`.
    give.typed::<i32, Func>(&*store).unwrap_err();
    let give = give.typed::<i32, Option<Func>>(&*store).unwrap();
    assert!(give.call(&mut *store, 0).unwrap().is_none());
    let given = give.call(&mut *store, 1).unwrap().unwrap();
    assert_eq!(given.typed::<i32, i32>(&*store).unwrap().call(&mut *store, 4).unwrap(), 5);
    let ty = world.func("give").ty(&world.store);
    let root = root.ty(&world.store);
    assert_eq!(ty.result(0), Some(reference(true, &root)));
    assert_eq!(ty.to_string(), "[i32] -> [(ref null ([i32] -> [i32]))]");
}

#[test]
fn globals_and_tables_check_what_they_are_given() {
    let mut world = World::new(&Engine::default());
    let [root, below, other] = ["root", "below", "other"].map(|name| world.func(name));
    let World { mut store, instance } = world;
    let global = instance.get_global(&mut store, "global").unwrap();
    let table = instance.get_table(&mut store, "table").unwrap();
    for good in [root, below] {
        global.set(&mut store, good.into()).unwrap();
        table.set(&mut store, 0, good.into()).unwrap();
        table.fill(&mut store, 0, good.into(), 1).unwrap();
        table.grow(&mut store, 1, good.into()).unwrap();
    }
    for wrong in [Some(other), None] {
        global.set(&mut store, wrong.into()).unwrap_err();
        table.set(&mut store, 0, wrong.into()).unwrap_err();
        table.fill(&mut store, 0, wrong.into(), 1).unwrap_err();
        table.grow(&mut store, 1, wrong.into()).unwrap_err();
    }
    assert_eq!(table.size(&store), 3);
    let ty = below.ty(&store);
    let content = reference(false, &ty);
    assert_eq!(instance.get_global(&mut store, "constant").unwrap().ty(&store).content(), &content);
    Global::new(&mut store, GlobalType::new(content.clone(), Mutability::Const), root.into()).unwrap_err();
    Global::new(&mut store, GlobalType::new(content, Mutability::Const), below.into()).unwrap();
    let element = RefType::new(false, HeapType::ConcreteFunc(ty));
    Table::new(&mut store, TableType::new(element.clone(), 1, None), Ref::Func(None)).unwrap_err();
    Table::new(&mut store, TableType::new(element, 1, None), below.into()).unwrap();
}

#[test]
fn types_are_kept_by_what_has_them() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let inner = FuncType::new(&engine, [ValType::I64], []);
    let ty = FuncType::new(&engine, [reference(true, &inner)], [reference(false, &inner)]);
    let content = reference(true, &ty);
    let table = TableType::new(RefType::new(true, HeapType::ConcreteFunc(ty.clone())), 1, None);
    let table = Table::new(&mut store, table, Ref::Func(None)).unwrap();
    let global =
        Global::new(&mut store, GlobalType::new(content.clone(), Mutability::Var), Val::FuncRef(None)).unwrap();
    let text = "(ref null ([(ref null ([i64] -> []))] -> [(ref ([i64] -> []))]))";
    assert_eq!(content.to_string(), text);
    drop((inner, ty, content));
    assert_eq!(global.ty(&store).content().to_string(), text);
    assert_eq!(table.ty(&store).element().to_string(), text);
}

#[test]
fn types_of_another_engine_are_the_same() {
    let (one, two) = (Engine::default(), Engine::default());
    let make = |engine: &Engine| {
        let inner = FuncType::new(engine, [ValType::I64], []);
        FuncType::new(engine, [reference(true, &inner)], [])
    };
    let (a, b) = (make(&one), make(&two));
    assert!(a == b && a.matches(&b) && reference(true, &a).matches(&ValType::FUNCREF));
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b));
    // A host function of a type of another engine, and a table too.
    let mut store = Store::new(&two, ());
    let func = Func::new(&mut store, a.clone(), |_, params, _| {
        assert!(params[0].funcref().unwrap().is_none());
        Ok(())
    });
    let table = TableType::new(RefType::new(true, HeapType::ConcreteFunc(a)), 1, None);
    let table = Table::new(&mut store, table, func.into()).unwrap();
    assert_eq!(func.ty(&store), b);
    let module = Module::new(
        &two,
        r#"(module (type $inner (func (param i64))) (type $t (func (param (ref null $inner))))
             (import "" "table" (table 1 (ref null $t)))
             (import "" "f" (func $f (type $t)))
             (func (export "run") (call_ref $t (ref.null $inner) (table.get (i32.const 0))) (call $f (ref.null nofunc))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[table.into(), func.into()]).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap();
}

#[test]
fn host_functions_give_what_their_type_says() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (type $t (func (result i32)))
             (import "host" "choose" (func $choose (param i32) (result (ref $t))))
             (import "host" "pass" (func $pass (param (ref func)) (result (ref func))))
             (func $own (export "own") (type $t) (i32.const 42))
             (func (export "wrong") (result i64) (i64.const 0))
             (func (export "run") (param i32) (result i32) (call_ref $t (call $choose (local.get 0))))
             (func (export "pass") (drop (call $pass (ref.func $own)))))"#,
    )
    .unwrap();
    let ty = FuncType::new(&engine, [], [ValType::I32]);
    let choose = FuncType::new(&engine, [ValType::I32], [reference(false, &ty)]);
    let mut linker: Linker<()> = Linker::new(&engine);
    linker
        .func_new("host", "choose", choose, |mut caller, params, results| {
            let name = match params[0].i32() {
                Some(0) => "own",
                Some(1) => "wrong",
                _ => return Ok(()),
            };
            let func = caller.get_export(name).and_then(|export| export.into_func());
            results[0] = func.into();
            Ok(())
        })
        .unwrap();
    linker.func_wrap("host", "pass", |func: Func| -> Result<Func> { Ok(func) }).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 0).unwrap(), 42);
    for wrong in [1, 2] {
        let error = run.call(&mut store, wrong).unwrap_err();
        assert!(format!("{error:?}").contains("result 0 of a host function"), "{error:?}");
    }
    instance.get_typed_func::<(), ()>(&mut store, "pass").unwrap().call(&mut store.as_context_mut(), ()).unwrap();
}

/// A host function that has a type with a supertype is, wherever it is imported as the supertype, still of its own type.
#[test]
fn a_host_function_keeps_its_own_type() {
    let engine = Engine::default();
    let mut world = World::new(&engine);
    let below = world.func("below").ty(&world.store);
    let root = world.func("root").ty(&world.store);
    assert!(below.matches(&root) && !root.matches(&below) && below != root);
    let store = &mut world.store;
    let host = Func::new(&mut *store, below, |_, params, results| {
        results[0] = params[0];
        Ok(())
    });
    let module = Module::new(
        &engine,
        r#"(module
             (type $root (sub (func (param i32) (result i32))))
             (type $below (sub final $root (func (param i32) (result i32))))
             (import "" "" (func $f (type $root)))
             (table funcref (elem $f))
             (export "f" (func $f))
             (func (export "below") (result i32) (call_indirect (type $below) (i32.const 6) (i32.const 0)))
             (func (export "root") (result i32) (call_indirect (type $root) (i32.const 7) (i32.const 0))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut *store, &module, &[host.into()]).unwrap();
    for (name, expected) in [("below", 6), ("root", 7)] {
        let call = instance.get_typed_func::<(), i32>(&mut *store, name).unwrap();
        assert_eq!(call.call(&mut *store, ()).unwrap(), expected);
    }
    let exported = instance.get_func(&mut *store, "f").unwrap();
    assert!(exported.ty(&*store).matches(&root) && exported.ty(&*store) != root);
    let root = Func::new(&mut *store, root, |_, _, _| Ok(()));
    let below = Module::new(
        &engine,
        r#"(module
             (type $root (sub (func (param i32) (result i32))))
             (type $below (sub final $root (func (param i32) (result i32))))
             (import "" "" (func (type $below))))"#,
    );
    Instance::new(&mut *store, &below.unwrap(), &[root.into()]).unwrap_err();
}

/// Sets entries of a table that others can see, by indices of which it is known that they are in it at any length, and others.
const ENTRIES: &str = r#"
(module
  (type $step (func (param i32) (result i32)))
  (table $t (export "table") 2 8 funcref)
  (func (export "own") (type $step) (i32.add (local.get 0) (i32.const 1)))
  (func (export "of_another_type") (param i64))
  (func (export "set") (param i32 funcref) (table.set $t (local.get 0) (local.get 1)))
  (func (export "set_low") (param i32 funcref) (table.set $t (i32.and (local.get 0) (i32.const 1)) (local.get 1)))
  (func (export "set_last") (param i32 funcref) (table.set $t (i32.const 1) (local.get 1)))
  (func (export "set_null") (param i32 funcref) (table.set $t (local.get 0) (ref.null func)))
  (func (export "get") (param i32) (result funcref) (table.get $t (local.get 0)))
  (func (export "get_low") (param i32) (result funcref) (table.get $t (i32.and (local.get 0) (i32.const 1))))
  (func (export "get_past") (param i32) (result funcref) (table.get $t (i32.and (local.get 0) (i32.const 2))))
  (func (export "call") (param i32 i32) (result i32) (call_indirect $t (type $step) (local.get 1) (local.get 0)))
  (func (export "call_low") (param i32 i32) (result i32)
    (call_indirect $t (type $step) (local.get 1) (i32.and (local.get 0) (i32.const 1))))
  (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))
"#;

#[test]
fn entries_are_what_code_has_set_them_to() {
    let engine = Engine::default();
    let module = Module::new(&engine, ENTRIES).unwrap();
    let mut store = Store::new(&engine, ());
    let [instance, other] = [(); 2].map(|()| Instance::new(&mut store, &module, &[]).unwrap());
    let step = Func::wrap(&mut store, |value: i32| value + 3);
    let own = instance.get_func(&mut store, "own").unwrap();
    let foreign = other.get_func(&mut store, "own").unwrap();
    let of_another_type = instance.get_func(&mut store, "of_another_type").unwrap();
    let [set, set_low, set_last, set_null] = ["set", "set_low", "set_last", "set_null"]
        .map(|name| instance.get_typed_func::<(i32, Option<Func>), ()>(&mut store, name).unwrap());
    let [get, get_low, get_past] = ["get", "get_low", "get_past"]
        .map(|name| instance.get_typed_func::<i32, Option<Func>>(&mut store, name).unwrap());
    let [call, call_low] =
        ["call", "call_low"].map(|name| instance.get_typed_func::<(i32, i32), i32>(&mut store, name).unwrap());
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    let trap = |error: tancho::Error| *error.downcast_ref::<Trap>().unwrap();
    for setter in [&set, &set_low, &set_last] {
        for (function, more) in [(own, 1), (step, 3), (foreign, 1), (of_another_type, 0)] {
            setter.call(&mut store, (1, Some(function))).unwrap();
            for (get, call) in [(&get, &call), (&get_low, &call_low)] {
                let read = get.call(&mut store, 1).unwrap().unwrap();
                assert_eq!(format!("{read:?}"), format!("{function:?}"));
                match call.call(&mut store, (1, 40)) {
                    Ok(result) => assert_eq!(result, 40 + more),
                    Err(error) => assert_eq!((trap(error), more), (Trap::BadSignature, 0)),
                }
            }
            // Null that is known to be, and null that is not.
            set_null.call(&mut store, (0, None)).unwrap();
            setter.call(&mut store, (1, None)).unwrap();
            for place in [0, 1] {
                assert!(get.call(&mut store, place).unwrap().is_none());
                assert_eq!(trap(call_low.call(&mut store, (place, 40)).unwrap_err()), Trap::IndirectCallToNull);
            }
            set.call(&mut store, (0, Some(function))).unwrap();
            set_null.call(&mut store, (0, None)).unwrap();
            assert!(get_low.call(&mut store, 0).unwrap().is_none());
        }
    }
    // One past the least length, and then within the length.
    assert_eq!(trap(set.call(&mut store, (2, Some(own))).unwrap_err()), Trap::TableOutOfBounds);
    assert_eq!(trap(get_past.call(&mut store, 2).unwrap_err()), Trap::TableOutOfBounds);
    assert_eq!(grow.call(&mut store, 1).unwrap(), 2);
    set.call(&mut store, (2, Some(own))).unwrap();
    assert!(get_past.call(&mut store, 2).unwrap().is_some());
    assert_eq!(call.call(&mut store, (2, 1)).unwrap(), 2);
}

/// Calls references that are seen to be to functions of the module, and some that look alike and are not.
const KNOWN: &str = r#"
(module
  (type $up (sub (func (param i32) (result i32))))
  (type $below (sub final $up (func (param i32) (result i32))))
  (type $other (func (param f64) (result i64)))
  (import "host" "step" (func $host (type $below)))
  (table $fixed 4 4 (ref null $up))
  (elem (table $fixed) (i32.const 1) (ref null $up) (ref.func $first) (ref.func $second))
  (table $open (export "open") 2 (ref null $up))
  (elem (table $open) (i32.const 1) (ref null $up) (ref.func $first))
  (global $constant (ref $up) (ref.func $second))
  (global $variable (export "variable") (mut (ref $up)) (ref.func $second))
  (elem declare func $host $third)
  (func $first (export "first") (type $up) (i32.add (local.get 0) (i32.const 10)))
  (func $second (export "second") (type $below) (i32.add (local.get 0) (i32.const 20)))
  (func $third (type $up) (i32.add (local.get 0) (i32.const 40)))
  (func (export "made") (param i32) (result i32) (local $r (ref null $up))
    (local.set $r (ref.func $first))
    (call_ref $up (call_ref $up (local.get 0) (ref.func $third)) (local.get $r)))
  (func (export "chosen") (param i32) (result i32) (local $r (ref null $up))
    (local.set $r (ref.func $first))
    (if (local.get 0) (then (local.set $r (ref.func $third))))
    (call_ref $up (local.get 0) (local.get $r)))
  (func (export "held") (param i32) (result i32) (return_call_ref $up (local.get 0) (global.get $constant)))
  (func (export "variable_held") (param i32) (result i32) (call_ref $up (local.get 0) (global.get $variable)))
  (func (export "placed") (param i32) (result i32) (call_ref $up (local.get 0) (table.get $fixed (i32.const 2))))
  (func (export "placed_null") (param i32) (result i32) (call_ref $up (local.get 0) (table.get $fixed (i32.const 3))))
  (func (export "placed_past") (param i32) (result i32) (call_ref $up (local.get 0) (table.get $fixed (i32.const 4))))
  (func (export "placed_open") (param i32) (result i32) (call_ref $up (local.get 0) (table.get $open (i32.const 1))))
  (func (export "imported") (param i32) (result i32) (call_ref $below (local.get 0) (ref.func $host)))
  (func (export "cast") (param i32) (result i32)
    (i32.wrap_i64 (call_ref $other (f64.const 1) (ref.cast (ref $other) (ref.func $first))))))
"#;

#[test]
fn known_callees_are_those_that_are_meant() {
    for known in [true, false] {
        let engine = Engine::new(tancho::Config::new().known_callees(known).cranelift_debug_verifier(true)).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, KNOWN).unwrap();
        let step = module.imports().next().unwrap().ty().func().unwrap().clone();
        let host = Func::new(&mut store, step, |_, params, results| {
            results[0] = Val::I32(params[0].unwrap_i32() + 3);
            Ok(())
        });
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        let call = |store: &mut Store<()>, name: &str, value: i32| {
            let function = instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap();
            function.call(&mut *store, value).map_err(|error| *error.downcast_ref::<Trap>().unwrap())
        };
        for (name, value, expected) in [
            ("made", 1, Ok(51)),
            ("chosen", 0, Ok(10)),
            ("chosen", 1, Ok(41)),
            ("held", 1, Ok(21)),
            ("variable_held", 1, Ok(21)),
            ("placed", 1, Ok(21)),
            ("placed_null", 1, Err(Trap::NullFunctionReference)),
            ("placed_past", 1, Err(Trap::TableOutOfBounds)),
            ("placed_open", 1, Ok(11)),
            ("imported", 1, Ok(4)),
            ("cast", 1, Err(Trap::CastFailure)),
        ] {
            assert_eq!(call(&mut store, name, value), expected, "{name} of {value}, {known}");
        }
        // The host changes what it can.
        let first = instance.get_func(&mut store, "first").unwrap();
        let second = instance.get_func(&mut store, "second").unwrap();
        instance.get_global(&mut store, "variable").unwrap().set(&mut store, first.into()).unwrap();
        instance.get_table(&mut store, "open").unwrap().set(&mut store, 1, second.into()).unwrap();
        assert_eq!(call(&mut store, "variable_held", 1), Ok(11));
        assert_eq!(call(&mut store, "placed_open", 1), Ok(21));
    }
}
