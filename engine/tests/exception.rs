//! Exceptions between WebAssembly and the host: as errors, by reference, thrown by either, through each other's frames; tags and their
//! identity; how long exceptions are kept.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{
    AnyRef, Caller, Config, Context, Engine, Error, Exception, ExnRef, ExternRef, ExternType, Func, FuncType, I31,
    Instance, LinkError, Linker, Module, Result, RootScope, Rooted, Store, Tag, TagType, Trap, V128, Val, ValType,
    WasmBacktrace,
};

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(store.engine(), text).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

fn call(store: &mut Store<()>, instance: Instance, name: &str) -> Result<i32> {
    instance.get_typed_func::<(), i32>(&mut *store, name).unwrap().call(store, ())
}

fn names(error: &Error) -> Vec<String> {
    let trace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
    trace.frames().iter().map(|frame| frame.func_name().unwrap_or("?").to_owned()).collect()
}

fn tag(store: &mut Store<()>, params: &[ValType]) -> Tag {
    let ty = TagType::new(FuncType::new(store.engine(), params.iter().cloned(), [])).unwrap();
    Tag::new(store, &ty).unwrap()
}

#[test]
fn what_nothing_catches_is_an_error_with_value_and_place() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(
        &mut store,
        r#"(module $m
            (tag $t (export "t") (param i32 i64 f32 f64 v128 externref))
            (tag $other)
            (func $inner (param externref)
                (throw $t (i32.const -1) (i64.const 2) (f32.const 1.5) (f64.const -0.25) (v128.const i64x2 3 4) (local.get 0)))
            (func $outer (export "f") (param externref)
                (block (try_table (catch $other 0) (call $inner (local.get 0))))))"#,
    );
    let value = ExternRef::new(&mut store, 77_u8).unwrap();
    let f = instance.get_typed_func::<Option<Rooted<ExternRef>>, ()>(&mut store, "f").unwrap();
    let error = f.call(&mut store, Some(value)).unwrap_err();
    assert_eq!(names(&error), ["inner", "outer"]);
    let exception: &Exception = error.downcast_ref().unwrap();
    assert_eq!(exception.tag(), instance.get_tag(&mut store, "t").unwrap());
    let fields = exception.fields();
    assert_eq!((fields[0].i32(), fields[1].i64(), fields[2].f32()), (Some(-1), Some(2), Some(1.5)));
    assert_eq!((fields[3].f64(), fields[4].v128()), (Some(-0.25), Some(V128::from(3 | 4 << 64))));
    assert!(Rooted::ref_eq(&store, &fields[5].externref().unwrap().unwrap(), &value).unwrap());
    assert_eq!(
        exception.to_string(),
        "uncaught exception: tag 0 `t` of module `m` with i32 -1, i64 2, f32 1.5, f64 -0.25, \
         v128 0x00000000000000040000000000000003, (ref extern)"
    );
}

/// Imports the functions `throw`, which throws the tag `host.t`, and `fail`.
fn thrower(engine: &Engine, store: &mut Store<()>) -> (Linker<()>, Tag) {
    let tag = tag(store, &[ValType::I32]);
    let mut linker = Linker::new(engine);
    linker.define(&*store, "host", "t", tag).unwrap();
    linker
        .func_wrap("host", "throw", move |mut caller: Caller<'_, ()>, value: i32| -> Result<()> {
            Err(Exception::new(&mut caller, tag, &[value.into()])?.into())
        })
        .unwrap();
    linker.func_wrap("host", "fail", || -> Result<i32> { Err(Error::msg("it was told to")) }).unwrap();
    let ty = FuncType::new(engine, [ValType::I32], [ValType::V128]);
    linker
        .func_new("host", "throw by array", ty, move |mut caller, params, _| {
            Err(Exception::new(&mut caller, tag, params)?.into())
        })
        .unwrap();
    (linker, tag)
}

const IMPORTS: &str = r#"
    (import "host" "t" (tag $t (param i32)))
    (import "host" "throw" (func $throw (param i32)))
    (import "host" "throw by array" (func $throw_by_array (param i32) (result v128)))
    (import "host" "fail" (func $fail (result i32)))"#;

#[test]
fn what_the_host_throws_is_caught() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (linker, tag) = thrower(&engine, &mut store);
    let text = format!(
        r#"(module {IMPORTS}
            (type $throw (func (param i32)))
            (tag $own (param i32))
            (table funcref (elem $throw))
            (func (export "caught") (result i32)
                (block $h (result i32)
                    (try_table (catch $own $h) (catch $t $h) (call $throw (i32.const 5))) (i32.const 0)))
            (func (export "by array") (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (drop (call $throw_by_array (i32.const 6)))) (i32.const 0)))
            (func (export "indirectly") (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (call_indirect (type $throw) (i32.const 7) (i32.const 0))) (i32.const 0)))
            (func $tail (return_call $throw (i32.const 8)))
            (func (export "by a tail call") (result i32)
                (block $h (result i32) (try_table (catch $t $h) (call $tail)) (i32.const 0)))
            (func (export "only a tail call") (result i32)
                (call $tail) (i32.const 0))
            (func (export "legacy") (result i32)
                try (result i32) (call $throw (i32.const 9)) (i32.const 0) catch $own catch $t end)
            (func (export "again") (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h)
                        (block $r (result exnref)
                            (try_table (catch_all_ref $r) (call $throw (i32.const 10)))
                            (unreachable))
                        (throw_ref))
                    (unreachable)))
            (func $thrower (call $throw (i32.const 11)))
            (func $uncaught (export "uncaught") (result i32)
                (block $h (result i32) (try_table (catch $own $h) (call $thrower)) (i32.const 0)))
            (func (export "another error passes") (result i32)
                (block $h (try_table (catch_all $h) (return (call $fail)))) (i32.const 0))
            (func (export "a trap passes") (result i32)
                (block $h (try_table (catch_all $h) (unreachable))) (i32.const 0)))"#
    );
    let module = Module::new(&engine, text).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let caught =
        [("caught", 5), ("by array", 6), ("indirectly", 7), ("by a tail call", 8), ("legacy", 9), ("again", 10)];
    for _ in 0..3 {
        for (name, value) in caught {
            assert_eq!(call(&mut store, instance, name).unwrap(), value, "{name}");
        }
        for (name, value) in [("uncaught", 11), ("only a tail call", 8)] {
            let error = call(&mut store, instance, name).unwrap_err();
            let exception: &Exception = error.downcast_ref().unwrap();
            assert_eq!((exception.tag(), exception.fields()[0].i32()), (tag, Some(value)));
            let expected = if value == 11 { &["thrower", "uncaught"][..] } else { &["?"] };
            assert_eq!(names(&error), expected);
        }
        let error = call(&mut store, instance, "another error passes").unwrap_err();
        assert_eq!(error.root_cause().to_string(), "it was told to");
        let error = call(&mut store, instance, "a trap passes").unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    }
}

#[test]
fn an_exception_passes_through_frames_of_the_host() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let inner = instance(
        &mut store,
        r#"(module $inner (tag $t (export "t") (param i64))
            (func $throws (export "throws") (param i64) (throw $t (local.get 0))))"#,
    );
    let throws = inner.get_typed_func::<i64, ()>(&mut store, "throws").unwrap();
    let t = inner.get_tag(&mut store, "t").unwrap();
    let mut linker = Linker::new(&engine);
    linker.define(&store, "inner", "t", t).unwrap();
    linker
        .func_wrap("host", "pass", move |mut caller: Caller<'_, ()>, value: i64| -> Result<()> {
            throws.call(&mut caller, value).context("on the way")
        })
        .unwrap();
    linker
        .func_wrap("host", "catch", move |mut caller: Caller<'_, ()>, value: i64| -> Result<i64> {
            let error = throws.call(&mut caller, value).unwrap_err();
            let exception: Exception = error.downcast()?;
            assert_eq!(exception.tag(), t);
            Ok(exception.fields()[0].i64().unwrap() + 1000)
        })
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module $outer
            (import "inner" "t" (tag $t (param i64)))
            (import "host" "pass" (func $pass (param i64)))
            (import "host" "catch" (func $catch (param i64) (result i64)))
            (func (export "caught") (param i64) (result i64)
                (block $h (result i64) (try_table (catch $t $h) (call $pass (local.get 0))) (i64.const 0)))
            (func (export "by the host") (param i64) (result i64)
                (block $h (result i64) (try_table (catch $t $h) (return (call $catch (local.get 0)))) (unreachable)))
            (func $uncaught (export "uncaught") (param i64) (result i64)
                (call $pass (local.get 0)) (i64.const 0)))"#,
    )
    .unwrap();
    let outer = linker.instantiate(&mut store, &module).unwrap();
    let mut call =
        |name: &str, value: i64| outer.get_typed_func::<i64, i64>(&mut store, name).unwrap().call(&mut store, value);
    for value in 0..100 {
        assert_eq!(call("caught", value).unwrap(), value);
        assert_eq!(call("by the host", value).unwrap(), value + 1000);
    }
    let error = call("uncaught", 7).unwrap_err();
    // The trace is that of the first throw, and the context that the host has put around it is still there.
    assert_eq!(names(&error), ["throws", "uncaught"]);
    assert_eq!(error.to_string(), "on the way");
    assert_eq!(error.downcast_ref::<Exception>().unwrap().fields()[0].i64(), Some(7));
}

#[test]
fn a_host_function_called_by_the_host_throws_to_the_host() {
    let mut store = Store::new(&Engine::default(), ());
    let t = tag(&mut store, &[ValType::I32]);
    let throws = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
        Err(Exception::new(&mut caller, t, &[Val::I32(3)])?.into())
    });
    for _ in 0..2 {
        let error = throws.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(error.downcast_ref::<Exception>().unwrap().fields()[0].i32(), Some(3));
    }
    let instance = instance(&mut store, r#"(module (func (export "f") (result i32) (i32.const 1)))"#);
    assert_eq!(call(&mut store, instance, "f").unwrap(), 1);
}

#[test]
fn tags_are_told_apart_by_what_they_are() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module (tag $t (export "t") (param i32)) (func (export "throw") (throw $t (i32.const 1))))"#;
    let (one, two) = (instance(&mut store, text), instance(&mut store, text));
    let (tag_one, tag_two) = (one.get_tag(&mut store, "t").unwrap(), two.get_tag(&mut store, "t").unwrap());
    assert_ne!(tag_one, tag_two);
    let module = Module::new(
        &engine,
        r#"(module
            (import "1" "t" (tag $a (param i32)))
            (import "2" "t" (tag $b (param i32)))
            (import "1" "throw" (func $throw))
            (func (export "which") (result i32)
                (block $two (result i32) (block $one (result i32)
                    (try_table (catch $b $two) (catch $a $one) (call $throw))
                    (return (i32.const 0)))
                    (drop) (return (i32.const 1)))
                (drop) (i32.const 2)))"#,
    )
    .unwrap();
    for (first, second, which) in [(one, two, 1), (two, one, 1), (one, one, 2)] {
        let mut linker = Linker::new(&engine);
        linker.instance(&mut store, "1", first).unwrap();
        linker.instance(&mut store, "2", second).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        assert_eq!(call(&mut store, instance, "which").unwrap(), which);
    }
}

#[test]
fn types_of_tags_must_be_equal() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, r#"(module (import "m" "t" (tag (param i32))))"#).unwrap();
    let Some(ExternType::Tag(ty)) = module.imports().next().map(|import| import.ty()) else {
        panic!("it imports a tag")
    };
    assert_eq!(ty.ty().params().collect::<Vec<_>>(), [ValType::I32]);
    let right = tag(&mut store, &[ValType::I32]);
    assert_eq!(right.ty(&store), ty);
    assert!(Instance::new(&mut store, &module, &[right.into()]).is_ok());
    let wrong = tag(&mut store, &[ValType::I64]);
    let function = Func::wrap(&mut store, || ());
    for wrong in [wrong.into(), function.into()] {
        let error = Instance::new(&mut store, &module, &[wrong]).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(LinkError::Incompatible { .. })), "{error:?}");
    }
    let result = FuncType::new(&engine, [], [ValType::I32]);
    assert!(TagType::new(result).unwrap_err().to_string().contains("no results"));
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_default_values(&module).unwrap();
    linker.instantiate(&mut store, &module).unwrap();
}

#[test]
fn stores_do_not_mix() {
    let engine = Engine::default();
    let (mut one, mut two) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let foreign = tag(&mut two, &[ValType::I32]);
    let own = tag(&mut one, &[ValType::EXTERNREF]);
    let error = Exception::new(&mut one, foreign, &[Val::I32(1)]).unwrap_err();
    assert!(error.to_string().contains("belongs to another store"), "{error}");
    let value = ExternRef::new(&mut two, 1).unwrap();
    assert!(Exception::new(&mut one, own, &[value.into()]).is_err());
    assert!(Exception::new(&mut two, foreign, &[Val::I64(1)]).is_err());
    assert!(Exception::new(&mut two, foreign, &[]).is_err());
    let exception = Exception::new(&mut two, foreign, &[Val::I32(1)]).unwrap();
    assert!(ExnRef::new(&mut one, &exception).is_err());
    let reference = ExnRef::new(&mut two, &exception).unwrap();
    assert!(reference.exception(&mut one).is_err());
    assert!(Linker::<()>::new(&engine).define(&one, "m", "t", foreign).is_err());
    // Thrown in a store that is not its own, it is an error that nothing catches.
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("host", "throw", move || -> Result<()> { Err(exception.clone().into()) }).unwrap();
    let module = Module::new(
        &engine,
        r#"(module (import "host" "throw" (func $throw))
            (func (export "f") (result i32) (block $h (try_table (catch_all $h) (call $throw))) (i32.const 1)))"#,
    )
    .unwrap();
    let instance = linker.instantiate(&mut one, &module).unwrap();
    let error = call(&mut one, instance, "f").unwrap_err();
    assert_eq!(error.downcast_ref::<Exception>().unwrap().tag(), foreign);
}

#[test]
fn references_come_and_go() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let instance = instance(
        &mut store,
        r#"(module
            (tag $t (export "t") (param i32))
            (global $kept (export "kept") (mut exnref) (ref.null exn))
            (func $throw (throw $t (i32.const 8)))
            (func (export "get") (result exnref)
                (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) (ref.null exn)))
            (func (export "value") (param exnref) (result i32)
                (block $h (result i32) (try_table (catch $t $h) (throw_ref (local.get 0))) (i32.const 0)))
            (func (export "throw") (param exnref) (throw_ref (local.get 0))))"#,
    );
    let get = instance.get_typed_func::<(), Option<Rooted<ExnRef>>>(&mut store, "get").unwrap();
    let value = instance.get_typed_func::<Option<Rooted<ExnRef>>, i32>(&mut store, "value").unwrap();
    let throw = instance.get_typed_func::<Option<Rooted<ExnRef>>, ()>(&mut store, "throw").unwrap();
    let reference = get.call(&mut store, ()).unwrap().unwrap();
    let exception = reference.exception(&mut store).unwrap();
    assert_eq!(exception.fields()[0].i32(), Some(8));
    assert_eq!(Some(exception.tag()), instance.get_tag(&mut store, "t"));
    assert_eq!(value.call(&mut store, Some(reference)).unwrap(), 8);
    let own = Exception::new(&mut store, exception.tag(), &[Val::I32(9)]).unwrap();
    let own = ExnRef::new(&mut store, &own).unwrap();
    assert_eq!(value.call(&mut store, Some(own)).unwrap(), 9);
    let error = throw.call(&mut store, Some(own)).unwrap_err();
    assert_eq!(error.downcast_ref::<Exception>().unwrap().fields()[0].i32(), Some(9));
    let error = throw.call(&mut store, None).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullReference));
    instance.get_global(&mut store, "kept").unwrap().set(&mut store, own.into()).unwrap();
    // Others come and are gone; these stay.
    for _ in 0..100 {
        get.call(&mut store, ()).unwrap();
    }
    assert_eq!(value.call(&mut store, Some(reference)).unwrap(), 8);
    assert_eq!(value.call(&mut store, Some(own)).unwrap(), 9);
}

/// Exceptions that nothing refers to any more make room for others, however many there are; those that something refers to do not.
#[test]
fn exceptions_are_freed() {
    let mut config = Config::new();
    config.gc_nursery(128 << 10).gc_heap_limit(1 << 20);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = instance(
        &mut store,
        r#"(module
            (tag $t (param i32 i64))
            (tag $other (param i32 i64))
            (tag $chain (param exnref))
            (global $kept (mut exnref) (ref.null exn))
            (func $throw (param i32) (throw $t (local.get 0) (i64.const 1)))
            ;; As destructors do.
            (func $cleanup (param i32)
                (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (local.get 0))) (return))
                (throw_ref))
            ;; The reference stays in a local meanwhile.
            (func $cleanup_2 (param i32) (local $x exnref)
                (block $h (result exnref) (try_table (catch_all_ref $h) (call $cleanup (local.get 0))) (return))
                (local.set $x)
                (call $nothing)
                (throw_ref (local.get $x)))
            (func $nothing)
            ;; As a handler of one type does: the reference is of use only where the type is another.
            (func (export "typed") (result i32) (local $x exnref) (local $n i32) (local $sum i32)
                (local.set $n (i32.const 10000))
                (loop $again
                    (block $done
                        (block $h (result i32 i64 exnref)
                            (try_table (catch_ref $t $h) (call $cleanup_2 (i32.and (local.get $n) (i32.const 1))))
                            (br $done))
                        (local.set $x)
                        (drop)
                        (if (i32.gt_u (i32.const 5)) (then (throw_ref (local.get $x))))
                        (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $sum))
            ;; Two handlers of one frame, in turn, each with its reference while the other throws.
            (func (export "two") (result i32) (local $x exnref) (local $y exnref) (local $n i32)
                (local.set $n (i32.const 10000))
                (loop $again
                    (block $done
                        (block $h (result exnref) (try_table (catch_all_ref $h) (call $cleanup (i32.const 1))) (br $done))
                        (local.set $x)
                        (block $h (result exnref)
                            (try_table (catch_all_ref $h) (call $throw (i32.const 2)))
                            (br $done))
                        (local.set $y)
                        (block $h (result i32 i64) (try_table (catch $t $h) (throw_ref (local.get $y))) (unreachable))
                        (drop)
                        (if (i32.ne (i32.const 2)) (then (unreachable)))
                        (block $h (result i32 i64) (try_table (catch $t $h) (throw_ref (local.get $x))) (unreachable))
                        (drop)
                        (if (i32.ne (i32.const 1)) (then (unreachable))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i32.const 1))
            (func (export "legacy") (result i32) (local $n i32)
                (local.set $n (i32.const 10000))
                (loop $again
                    try
                        try (call $throw (i32.const 3)) catch $other (drop) (drop) catch_all (call $nothing) (rethrow 0) end
                    catch $t (drop) (drop)
                    end
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i32.const 1))
            ;; The one caught before is used after the next one is: it must not go.
            (func (export "previous") (result i32) (local $x exnref) (local $y exnref) (local $n i32)
                (loop $again
                    (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (local.get $n))) (unreachable))
                    (local.set $y)
                    (if (i32.eqz (local.get $n)) (then (local.set $x (local.get $y))))
                    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
                (block $h (result i32 i64) (try_table (catch $t $h) (throw_ref (local.get $x))) (unreachable))
                (drop)
                (i32.add (i32.const 1)))
            (func (export "escapes") (result i32) (local $n i32)
                (local.set $n (i32.const 10000))
                (loop $again
                    (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (i32.const 4))) (unreachable))
                    (global.set $kept)
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (i32.const 1))
            ;; Each holds the one before.
            (func (export "chain") (result i32)
                (loop $again
                    (block $h (result exnref)
                        (try_table (catch_all_ref $h) (throw $chain (global.get $kept)))
                        (unreachable))
                    (global.set $kept)
                    (br $again))
                (i32.const 1))
            (func (export "reset") (result i32) (global.set $kept (ref.null exn)) (i32.const 1)))"#,
    );
    for _ in 0..3 {
        assert_eq!(call(&mut store, instance, "typed").unwrap(), 10000);
        assert_eq!(call(&mut store, instance, "two").unwrap(), 1);
        assert_eq!(call(&mut store, instance, "legacy").unwrap(), 1);
        assert_eq!(call(&mut store, instance, "previous").unwrap(), 1);
        assert_eq!(call(&mut store, instance, "escapes").unwrap(), 1);
    }
    assert!(store.heap_stats().minor + store.heap_stats().major > 0);
    for _ in 0..2 {
        let error = call(&mut store, instance, "chain").unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::HeapExhausted));
        assert_eq!(call(&mut store, instance, "reset").unwrap(), 1);
        // The store is as good as before.
        assert_eq!(call(&mut store, instance, "escapes").unwrap(), 1);
    }
}

/// An exception that is an error keeps what it was thrown with, whatever scope it is used in and however much is collected.
#[test]
fn exceptions_keep_their_values() {
    let engine = Engine::new(Config::new().gc_zeal(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let tag = tag(&mut store, &[ValType::EXTERNREF, ValType::ANYREF, ValType::EXNREF, ValType::FUNCREF]);
    let (exception, reference) = {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, 77_u8).unwrap();
        let number = AnyRef::from_i31(&mut scope, I31::wrapping_u32(5));
        let func = Func::wrap(&mut scope, || 6_i32);
        let fields = [value.into(), number.into(), Val::ExnRef(None), func.into()];
        let first = Exception::new(&mut scope, tag, &fields).unwrap();
        let reference = ExnRef::new(&mut scope, &first).unwrap();
        let fields = [Val::ExternRef(None), Val::AnyRef(None), reference.into(), Val::FuncRef(None)];
        (Exception::new(&mut scope, tag, &fields).unwrap(), reference)
    };
    store.gc();
    assert!(reference.exception(&mut store).unwrap_err().to_string().contains("unrooted"));
    let exception = exception.clone();
    let inner = {
        let mut scope = RootScope::new(&mut store);
        exception.fields()[2].exnref().unwrap().unwrap().exception(&mut scope).unwrap()
    };
    drop(exception);
    store.gc();
    let value = inner.fields()[0].externref().unwrap().unwrap();
    assert_eq!(value.data(&store).unwrap().unwrap().downcast_ref(), Some(&77_u8));
    assert_eq!(inner.fields()[1].anyref().unwrap().unwrap().as_i31(&store).unwrap(), Some(I31::wrapping_u32(5)));
    let func = inner.fields()[3].funcref().unwrap().unwrap();
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 6);
    drop(inner);
    store.gc();
    assert!(value.data(&store).is_err());
}

#[test]
fn exceptions_come_from_any_depth() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(
        &mut store,
        r#"(module
            (tag $t (param i32))
            (func $down (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 42))))
                (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
            (func $down_with_cleanup (param i32) (result i32) (local $x exnref)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 43))))
                (block $h (result exnref)
                    (try_table (catch_all_ref $h)
                        (return (i32.add (call $down_with_cleanup (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))
                    (unreachable))
                (throw_ref))
            (func (export "plain") (param i32) (result i32)
                (block $h (result i32) (try_table (catch $t $h) (return (call $down (local.get 0)))) (unreachable)))
            (func (export "cleanup") (param i32) (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (return (call $down_with_cleanup (local.get 0)))) (unreachable)))
            ;; Runs out of stack in a handler, and in what it throws from there.
            (func $overflow (export "overflow") (param i32) (result i32)
                try (result i32) (throw $t (i32.const 1)) catch $t (call $overflow (i32.const 0)) (i32.add) end))"#,
    );
    let mut call =
        |name: &str, depth: i32| instance.get_typed_func::<i32, i32>(&mut store, name).unwrap().call(&mut store, depth);
    for depth in [0, 1, 10, 1000, 5000] {
        assert_eq!(call("plain", depth).unwrap(), 42);
        assert_eq!(call("cleanup", depth).unwrap(), 43);
    }
    for _ in 0..10 {
        let error = call("overflow", 0).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
        assert_eq!(call("plain", 10).unwrap(), 42);
    }
}

#[test]
fn a_start_function_throws() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module =
        Module::new(&engine, r#"(module (tag $t (param i32)) (func $s (throw $t (i32.const 4))) (start $s))"#).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.downcast_ref::<Exception>().unwrap().fields()[0].i32(), Some(4));
    assert_eq!(error.downcast_ref::<Exception>().unwrap().to_string(), "uncaught exception: tag 0 `t` with i32 4");
}

#[test]
fn each_form_can_be_turned_off() {
    let new = "(module (tag) (func (block (try_table (catch_all 0)))))";
    let legacy = "(module (tag) (func try catch_all end))";
    let engine = Engine::new(Config::new().wasm_legacy_exceptions(false)).unwrap();
    assert!(Module::new(&engine, new).is_ok());
    assert!(Module::new(&engine, legacy).is_err());
    let engine = Engine::new(Config::new().wasm_exceptions(false)).unwrap();
    assert!(Module::new(&engine, new).is_err());
}
