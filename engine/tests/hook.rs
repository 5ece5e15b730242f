//! Call hooks: what they are told, in what order, and what their errors and panics do.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::CallHook::{self, CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
use tancho::{
    Caller, Engine, Error, Exception, Extern, Func, FuncType, Instance, Linker, Module, Store, Tag, TagType, Trap, Val,
    ValType,
};

/// What a hook was told; what it answers to an event, if that is not yes.
#[derive(Default)]
struct Told {
    events: Vec<CallHook>,
    refuse: Option<CallHook>,
}

const TEXT: &str = r#"(module
    (import "host" "typed" (func $typed (param i32) (result i32)))
    (import "host" "several" (func $several (param i64 f32) (result f32 i64)))
    (import "host" "untyped" (func $untyped (param i32) (result i32)))
    (import "host" "fail" (func $fail))
    (import "host" "back" (func $back))
    (func (export "run") (param i32) (result i32)
        (drop (drop (call $several (i64.const 1) (f32.const 2))))
        (call $untyped (call $typed (local.get 0))))
    (func (export "none"))
    (func (export "trap") (unreachable))
    (func (export "fail") (call $fail))
    (func (export "back") (call $back)))"#;

fn instance(store: &mut Store<Told>) -> Instance {
    store
        .call_hook(|mut context, event| {
            context.data_mut().events.push(event);
            if context.data().refuse == Some(event) { Err(Error::msg("the hook refuses")) } else { Ok(()) }
        })
        .unwrap();
    let engine = store.engine().clone();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "typed", |a: i32| a + 1).unwrap();
    linker.func_wrap("host", "several", |a: i64, b: f32| (b, a)).unwrap();
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I32]);
    linker
        .func_new("host", "untyped", ty, |_, params, results| {
            results[0] = Val::I32(params[0].unwrap_i32() * 2);
            Ok(())
        })
        .unwrap();
    linker.func_wrap("host", "fail", || -> tancho::Result<()> { Err(Trap::IntegerOverflow.into()) }).unwrap();
    linker
        .func_wrap("host", "back", |mut caller: Caller<'_, Told>| -> tancho::Result<()> {
            let none = caller.get_export("none").and_then(Extern::into_func).unwrap();
            none.typed::<(), ()>(&caller)?.call(&mut caller, ())
        })
        .unwrap();
    let module = Module::new(&engine, TEXT).unwrap();
    linker.instantiate(store, &module).unwrap()
}

/// What the hook was told since it was asked last.
fn told(store: &mut Store<Told>) -> Vec<CallHook> {
    std::mem::take(&mut store.data_mut().events)
}

#[test]
fn every_crossing_is_told_in_order() {
    let mut store = Store::new(&Engine::default(), Told::default());
    let instance = instance(&mut store);
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let host = [CallingHost, ReturningFromHost];
    let three = [&[CallingWasm][..], &host, &host, &host, &[ReturningFromWasm]].concat();
    assert_eq!(run.call(&mut store, 20).unwrap(), 42);
    assert_eq!(told(&mut store), three);
    let mut results = [Val::I32(0)];
    run.func().call(&mut store, &[Val::I32(1)], &mut results).unwrap();
    assert_eq!((results[0].i32(), told(&mut store)), (Some(4), three));
    let back = instance.get_typed_func::<(), ()>(&mut store, "back").unwrap();
    back.call(&mut store, ()).unwrap();
    let inner = [CallingWasm, CallingHost, CallingWasm, ReturningFromWasm, ReturningFromHost, ReturningFromWasm];
    assert_eq!(told(&mut store), inner);
    for name in ["trap", "fail"] {
        let error = instance.get_typed_func::<(), ()>(&mut store, name).unwrap().call(&mut store, ()).unwrap_err();
        assert!(error.is::<Trap>(), "{error:?}");
        assert_eq!(told(&mut store).len(), if name == "trap" { 2 } else { 4 });
    }
    let own = Func::wrap(&mut store, |a: i32| a);
    assert_eq!(own.typed::<i32, i32>(&store).unwrap().call(&mut store, 5).unwrap(), 5);
    assert_eq!(told(&mut store), [CallingWasm, CallingHost, ReturningFromHost, ReturningFromWasm]);
}

#[test]
fn an_error_of_the_hook_is_the_call_s() {
    for event in [CallingWasm, CallingHost, ReturningFromHost, ReturningFromWasm] {
        let mut store = Store::new(&Engine::default(), Told::default());
        let run = instance(&mut store).get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        store.data_mut().refuse = Some(event);
        let error = run.call(&mut store, 1).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "the hook refuses", "{event:?}");
        store.data_mut().refuse = None;
        assert_eq!(run.call(&mut store, 20).unwrap(), 42);
    }
}

#[test]
fn a_panic_of_the_hook_poisons_the_store() {
    for event in [CallingWasm, CallingHost, ReturningFromHost, ReturningFromWasm] {
        let mut store = Store::new(&Engine::default(), Told::default());
        let run = instance(&mut store).get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        store.call_hook(move |_, now| if now == event { panic!("too much") } else { Ok(()) }).unwrap();
        let error = run.call(&mut store, 1).unwrap_err();
        assert!(format!("{error:?}").contains("too much"), "{event:?}: {error:?}");
        assert!(run.call(&mut store, 1).unwrap_err().to_string().contains("poisoned"), "{event:?}");
    }
}

#[test]
fn exceptions_pass_the_hook() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0);
    store
        .call_hook(|mut context, _| {
            *context.data_mut() += 1;
            Ok(())
        })
        .unwrap();
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], [])).unwrap()).unwrap();
    let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, i32>| -> tancho::Result<()> {
        Err(Exception::new(&mut caller, tag, &[7.into()])?.into())
    });
    let text = r#"(module (import "" "tag" (tag $t (param i32))) (import "" "throw" (func $throw))
        (func (export "catch") (result i32)
            (block $h (result i32) (try_table (catch $t $h) (call $throw)) (i32.const 0))))"#;
    let module = Module::new(&engine, text).unwrap();
    let instance = Instance::new(&mut store, &module, &[tag.into(), throw.into()]).unwrap();
    let catch = instance.get_typed_func::<(), i32>(&mut store, "catch").unwrap();
    assert_eq!(catch.call(&mut store, ()).unwrap(), 7);
    assert_eq!(*store.data(), 4);
    assert!(throw.call(&mut store, &[], &mut []).unwrap_err().is::<Exception>());
}

#[test]
fn a_hook_comes_before_what_it_is_told_of() {
    let mut store = Store::new(&Engine::default(), ());
    Func::wrap(&mut store, || ());
    assert!(store.call_hook(|_, _| Ok(())).unwrap_err().to_string().contains("before"));
}
