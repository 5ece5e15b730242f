//! Objects that go between the host and WebAssembly: in calls of both directions, globals, tables, imports and exceptions, with
//! collections wherever there can be one.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, Caller, Config, Engine, EqRef, Exception, ExnRef, ExternRef, Func, HeapType, I31,
    Instance, LinkError, Linker, Module, Mutability, Ref, RefType, Result, RootScope, Rooted, StorageType, Store,
    StructRef, StructRefPre, StructType, Trap, Val, ValType,
};

fn engines() -> [Engine; 2] {
    [Engine::default(), Engine::new(Config::new().gc_zeal(true)).unwrap()]
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(store.engine(), text).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

const LIST: &str = r#"(module
    (type $list (sub (struct (field $value (mut i32)) (field $next (mut (ref null $list))))))
    (type $named (sub final $list (struct (field (mut i32)) (field (mut (ref null $list))) (field $name (mut externref)))))
    (type $bytes (array (mut i8)))
    (global $kept (export "kept") (mut (ref null $list)) (ref.null $list))
    (table $table (export "table") 2 eqref)
    (func (export "cons") (param i32 (ref null $list)) (result (ref $list))
        (struct.new $list (local.get 0) (local.get 1)))
    (func (export "named") (param i32 (ref null $list) externref) (result (ref $named))
        (struct.new $named (local.get 0) (local.get 1) (local.get 2)))
    (func (export "sum") (param $l (ref null $list)) (result i32) (local $sum i32)
        (loop $again
            (if (i32.eqz (ref.is_null (local.get $l)))
                (then
                    (local.set $sum (i32.add (local.get $sum) (struct.get $list $value (local.get $l))))
                    (local.set $l (struct.get $list $next (local.get $l)))
                    (br $again))))
        (local.get $sum))
    (func (export "value") (param (ref null $list)) (result i32) (struct.get $list $value (local.get 0)))
    (func (export "name") (param anyref) (result externref)
        (struct.get $named $name (ref.cast (ref $named) (local.get 0))))
    (func (export "fill") (param i32 i32) (result (ref $bytes)) (array.new $bytes (local.get 0) (local.get 1)))
    (func (export "at") (param arrayref i32) (result i32)
        (array.get_u $bytes (ref.cast (ref null $bytes) (local.get 0)) (local.get 1)))
    (func (export "i31") (param i31ref) (result i32) (i31.get_s (local.get 0)))
    (func (export "number") (param i32) (result (ref i31)) (ref.i31 (local.get 0)))
    (func (export "look up") (param i32) (result eqref) (table.get $table (local.get 0)))
    (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
    (func (export "inside") (param externref) (result anyref) (any.convert_extern (local.get 0)))
    (func (export "outside") (param anyref) (result externref) (extern.convert_any (local.get 0)))
    (func (export "garbage") (param i32)
        (loop $again
            (drop (struct.new $list (local.get 0) (ref.null $list)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

#[test]
fn typed_calls_pass_objects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let list = instance(&mut store, LIST);
        type Cons = (i32, Option<Rooted<StructRef>>);
        let cons = list.get_typed_func::<Cons, Rooted<StructRef>>(&mut store, "cons").unwrap();
        let sum = list.get_typed_func::<Option<Rooted<StructRef>>, i32>(&mut store, "sum").unwrap();
        let garbage = list.get_typed_func::<i32, ()>(&mut store, "garbage").unwrap();
        let mut head = None;
        for value in 1..=100 {
            head = Some(cons.call(&mut store, (value, head)).unwrap());
            garbage.call(&mut store, 20).unwrap();
        }
        assert_eq!(sum.call(&mut store, head).unwrap(), 5050);
        let head = head.unwrap();
        assert_eq!(head.field(&mut store, 0).unwrap().i32(), Some(100));
        head.set_field(&mut store, 0, 200.into()).unwrap();
        assert_eq!(sum.call(&mut store, Some(head)).unwrap(), 5150);
        // A cycle of two, which stays until it is broken.
        let next = head.field(&mut store, 1).unwrap().anyref().unwrap().unwrap().unwrap_struct(&store).unwrap();
        next.set_field(&mut store, 1, Val::AnyRef(None)).unwrap();
        assert_eq!(sum.call(&mut store, Some(head)).unwrap(), 299);
        let i31 = list.get_typed_func::<Option<I31>, i32>(&mut store, "i31").unwrap();
        assert_eq!(i31.call(&mut store, I31::new_i32(-9)).unwrap(), -9);
        let error = i31.call(&mut store, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::NullI31Reference));
        let number = list.get_typed_func::<i32, I31>(&mut store, "number").unwrap();
        assert_eq!(number.call(&mut store, i32::MAX).unwrap(), I31::wrapping_i32(-1));
        let fill = list.get_typed_func::<(i32, i32), Rooted<ArrayRef>>(&mut store, "fill").unwrap();
        let at = list.get_typed_func::<(Option<Rooted<ArrayRef>>, i32), i32>(&mut store, "at").unwrap();
        let bytes = fill.call(&mut store, (0x180, 1000)).unwrap();
        assert_eq!(bytes.len(&store).unwrap(), 1000);
        bytes.set(&mut store, 999, 7.into()).unwrap();
        assert_eq!(at.call(&mut store, (Some(bytes), 998)).unwrap(), 0x80);
        assert_eq!(at.call(&mut store, (Some(bytes), 999)).unwrap(), 7);
        let error = at.call(&mut store, (Some(bytes), 1000)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::ArrayOutOfBounds));
        let error = at.call(&mut store, (None, 0)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::NullArrayReference));
    }
}

#[test]
fn untyped_calls_pass_objects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let list = instance(&mut store, LIST);
        let [named, name, value, inside, outside] =
            ["named", "name", "value", "inside", "outside"].map(|name| list.get_func(&mut store, name).unwrap());
        let mut call = |func: Func, params: &[Val]| {
            let mut results = [Val::I32(0)];
            func.call(&mut store, params, &mut results).map(|()| results[0])
        };
        let first = call(named, &[5.into(), Val::AnyRef(None), Val::ExternRef(None)]).unwrap();
        let second = call(named, &[6.into(), first, Val::ExternRef(None)]).unwrap();
        assert_eq!(call(value, &[second]).unwrap().i32(), Some(6));
        assert!(call(name, &[second]).unwrap().externref().unwrap().is_none());
        for wrong in [call(outside, &[second]).unwrap(), Val::I32(1)] {
            call(value, &[wrong]).unwrap_err();
        }
        let there = call(outside, &[second]).unwrap();
        let back = call(inside, &[there]).unwrap();
        let error = call(name, &[Val::AnyRef(None)]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::CastFailure));
        let (second, back) = (second.anyref().unwrap().unwrap(), back.anyref().unwrap().unwrap());
        assert!(Rooted::ref_eq(&store, &second, &back).unwrap());
        let host = ExternRef::new(&mut store, "host").unwrap();
        let mut results = [Val::I32(0)];
        inside.call(&mut store, &[host.into()], &mut results).unwrap();
        let host = results[0].anyref().unwrap().unwrap();
        assert_eq!(host.ty(&store).unwrap(), HeapType::Any);
        let number = AnyRef::from_i31(&mut store, I31::default());
        let error = name.call(&mut store, &[number.into()], &mut results).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::CastFailure));
    }
}

#[test]
fn the_host_makes_objects_of_a_modules_types() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let list = instance(&mut store, LIST);
        let func = list.get_func(&mut store, "named").unwrap();
        let ty = func.ty(&store).result(0).unwrap();
        let HeapType::ConcreteStruct(named) = ty.as_ref().unwrap().heap_type() else { panic!("{ty}") };
        assert_eq!(named.fields().len(), 3);
        assert_eq!(named.field(0).unwrap().mutability(), Mutability::Var);
        assert_eq!(named.field(2).unwrap().element_type(), &StorageType::ValType(ValType::EXTERNREF));
        let supertype = named.supertype().unwrap();
        assert_eq!(supertype.supertype(), None);
        let pre = StructRefPre::new(&mut store, named.clone());
        let value = ExternRef::new(&mut store, 3_u8).unwrap();
        let made = StructRef::new(&mut store, &pre, &[1.into(), Val::AnyRef(None), value.into()]).unwrap();
        let name =
            list.get_typed_func::<Option<Rooted<AnyRef>>, Option<Rooted<ExternRef>>>(&mut store, "name").unwrap();
        let found = name.call(&mut store, Some(made.to_anyref())).unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &found, &value).unwrap());
        let value = list.get_typed_func::<Option<Rooted<StructRef>>, i32>(&mut store, "value").unwrap();
        assert_eq!(value.call(&mut store, Some(made)).unwrap(), 1);
        // Of another type with the same fields.
        let alike = StructType::new(&engine, supertype.fields()).unwrap();
        let pre = StructRefPre::new(&mut store, alike);
        let other = StructRef::new(&mut store, &pre, &[1.into(), Val::AnyRef(None)]).unwrap();
        let error = value.call(&mut store, Some(other)).unwrap_err();
        assert_eq!(error.to_string(), "parameter 0");
        assert!(error.root_cause().to_string().starts_with("type mismatch"), "{error:#}");
        made.set_field(&mut store, 1, other.into()).unwrap_err();
        made.set_field(&mut store, 1, made.into()).unwrap();
        let HeapType::ConcreteArray(bytes) = list
            .get_func(&mut store, "fill")
            .unwrap()
            .ty(&store)
            .result(0)
            .unwrap()
            .as_ref()
            .unwrap()
            .heap_type()
            .clone()
        else {
            panic!("it makes an array")
        };
        let pre = ArrayRefPre::new(&mut store, bytes);
        let array = ArrayRef::new_fixed(&mut store, &pre, &[1.into(), 2.into(), 0x1ff.into()]).unwrap();
        let at = list.get_typed_func::<(Option<Rooted<ArrayRef>>, i32), i32>(&mut store, "at").unwrap();
        assert_eq!(at.call(&mut store, (Some(array), 2)).unwrap(), 0xff);
    }
}

#[test]
fn globals_and_tables_hold_objects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let list = instance(&mut store, LIST);
        let kept = list.get_global(&mut store, "kept").unwrap();
        let table = list.get_table(&mut store, "table").unwrap();
        let look_up = list.get_typed_func::<i32, Option<Rooted<EqRef>>>(&mut store, "look up").unwrap();
        let cons =
            list.get_typed_func::<(i32, Option<Rooted<StructRef>>), Rooted<StructRef>>(&mut store, "cons").unwrap();
        let garbage = list.get_typed_func::<i32, ()>(&mut store, "garbage").unwrap();
        for round in 0..3 {
            let mut scope = RootScope::new(&mut store);
            let object = cons.call(&mut scope, (round, None)).unwrap();
            kept.set(&mut scope, object.into()).unwrap();
            table.set(&mut scope, 1, object.into()).unwrap();
            assert_eq!(table.grow(&mut scope, 1, object.into()).unwrap(), 2 + round as u64);
            let number = AnyRef::from_i31(&mut scope, I31::wrapping_i32(round));
            table.set(&mut scope, 0, number.into()).unwrap();
            kept.set(&mut scope, number.into()).unwrap_err();
            let value = ExternRef::new(&mut scope, 1).unwrap();
            let host = AnyRef::convert_extern(&mut scope, value).unwrap();
            table.set(&mut scope, 0, host.into()).unwrap_err();
            drop(scope);
            garbage.call(&mut store, 50).unwrap();
            store.gc();
            let global = kept.get(&mut store).anyref().unwrap().unwrap();
            let value = global.unwrap_struct(&store).unwrap().field(&mut store, 0).unwrap();
            assert_eq!(value.i32(), Some(round));
            for index in [1, 2 + round as u64] {
                let entry = table.get(&mut store, index).unwrap().as_any().unwrap().unwrap();
                assert!(Rooted::ref_eq(&store, &entry, &global).unwrap());
                let entry = look_up.call(&mut store, index as i32).unwrap().unwrap();
                assert!(Rooted::ref_eq(&store, &entry.to_anyref(), &global).unwrap());
            }
            let number = look_up.call(&mut store, 0).unwrap().unwrap();
            assert_eq!(number.as_i31(&store).unwrap(), I31::new_i32(round));
        }
        table.fill(&mut store, 0, Ref::Any(None), 5).unwrap();
        assert!(look_up.call(&mut store, 4).unwrap().is_none());
        kept.set(&mut store, Val::AnyRef(None)).unwrap();
    }
}

#[test]
fn host_functions_take_and_give_objects() {
    for engine in engines() {
        let module = Module::new(
            &engine,
            r#"(module
                (type $box (struct (field (mut i32)) (field (mut anyref))))
                (import "host" "swap" (func $swap (param anyref (ref null $box) externref) (result externref (ref null $box) anyref)))
                (import "host" "collect" (func $collect))
                (func (export "run") (param $n i32) (result i32) (local $a (ref null $box)) (local $b (ref null $box)) (local $e externref) (local $x anyref) (local $sum i32)
                    (loop $again
                        (local.set $a (struct.new $box (local.get $n) (ref.i31 (local.get $n))))
                        (local.set $b (struct.new $box (i32.const 1000) (local.get $a)))
                        (call $swap (local.get $a) (local.get $b) (extern.convert_any (local.get $a)))
                        (local.set $x) (local.set $b) (local.set $e)
                        (call $collect)
                        ;; What was passed, what came back and what stayed in locals are all what they were.
                        (if (i32.eqz (ref.eq (local.get $a) (ref.cast (ref null $box) (any.convert_extern (local.get $e))))) (then (unreachable)))
                        (if (i32.eqz (ref.eq (local.get $a) (ref.cast (ref null $box) (local.get $x)))) (then (unreachable)))
                        (local.set $sum (i32.add (local.get $sum)
                            (struct.get $box 0 (ref.cast (ref $box) (struct.get $box 1 (local.get $b))))))
                        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (local.get $sum)))"#,
        )
        .unwrap();
        let mut linker = Linker::<usize>::new(&engine);
        let ty = module.imports().next().unwrap().ty().func().unwrap().clone();
        linker
            .func_new("host", "swap", ty, |mut caller, params, results| {
                let given: Vec<Val> = params.to_vec();
                caller.gc();
                *caller.data_mut() += 1;
                results.copy_from_slice(&[given[2], given[1], given[0]]);
                Ok(())
            })
            .unwrap();
        linker.func_wrap("host", "collect", |mut caller: Caller<'_, usize>| caller.gc()).unwrap();
        let mut store = Store::new(&engine, 0);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 20).unwrap(), 210);
        assert_eq!(*store.data(), 20);
    }
}

#[test]
fn typed_host_functions_run_on_the_stack_of_others() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let list = instance(&mut store, LIST);
        let cons =
            list.get_typed_func::<(i32, Option<Rooted<StructRef>>), Rooted<StructRef>>(&mut store, "cons").unwrap();
        let mut linker = Linker::<()>::new(&engine);
        // Calls back, with the objects of those that wait below.
        linker
            .func_wrap(
                "host",
                "deeper",
                |mut caller: Caller<'_, ()>,
                 depth: i32,
                 object: Option<Rooted<AnyRef>>|
                 -> Result<Option<Rooted<AnyRef>>> {
                    caller.gc();
                    if depth == 0 {
                        return Ok(object);
                    }
                    let recurse = caller.get_export("recurse").unwrap().into_func().unwrap();
                    let recurse = recurse.typed::<(i32, Option<Rooted<AnyRef>>), i32>(&caller)?;
                    let sum = recurse.call(&mut caller, (depth - 1, object))?;
                    caller.gc();
                    let mut scope = RootScope::new(&mut caller);
                    let sum = AnyRef::from_i31(&mut scope, I31::wrapping_i32(sum)).to_owned_rooted(&mut scope)?;
                    drop(scope);
                    Ok(Some(sum.to_rooted(&mut caller)?))
                },
            )
            .unwrap();
        let module = Module::new(
            &engine,
            r#"(module
                (type $list (sub (struct (field $value (mut i32)) (field $next (mut (ref null $list))))))
                (import "host" "deeper" (func $deeper (param i32 anyref) (result anyref)))
                (func (export "recurse") (param i32 anyref) (result i32) (local $own (ref null $list)) (local $got anyref)
                    (local.set $own (struct.new $list (local.get 0) (ref.null $list)))
                    (local.set $got (call $deeper (local.get 0) (local.get 1)))
                    (i32.add (struct.get $list $value (local.get $own))
                        (if (result i32) (ref.test (ref i31) (local.get $got))
                            (then (i31.get_s (ref.cast i31ref (local.get $got))))
                            (else (struct.get $list $value (ref.cast (ref $list) (local.get $got))))))))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let object = cons.call(&mut store, (1000, None)).unwrap();
        let recurse = instance.get_typed_func::<(i32, Option<Rooted<AnyRef>>), i32>(&mut store, "recurse").unwrap();
        assert_eq!(recurse.call(&mut store, (10, Some(object.to_anyref()))).unwrap(), 1055);
    }
}

#[test]
fn exceptions_carry_objects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module
                (type $box (struct (field (mut i32))))
                (import "host" "throw" (func $throw (param externref)))
                (tag $t (export "t") (param (ref $box) externref))
                (func $inner (param i32 externref) (throw $t (struct.new $box (local.get 0)) (local.get 1)))
                (func (export "uncaught") (param i32 externref) (call $inner (local.get 0) (local.get 1)))
                (func (export "caught") (param i32 externref) (result i32 externref exnref)
                    (local $b (ref null $box)) (local $e externref) (local $x exnref)
                    (block $h (result (ref $box) externref exnref)
                        (try_table (catch_ref $t $h) (call $inner (local.get 0) (local.get 1)))
                        (unreachable))
                    (local.set $x) (local.set $e) (local.set $b)
                    (struct.get $box 0 (local.get $b)) (local.get $e) (local.get $x))
                (func (export "from host") (param externref) (result i32)
                    (block $h (result (ref $box) externref)
                        (try_table (catch $t $h) (call $throw (local.get 0)))
                        (unreachable))
                    (drop) (struct.get $box 0)))"#,
        )
        .unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap("host", "throw", |mut caller: Caller<'_, ()>, value: Option<Rooted<ExternRef>>| -> Result<()> {
                let t = caller.get_export("t").unwrap().into_tag().unwrap();
                let ty = t.ty(&caller).ty().param(0).unwrap();
                let ty = ty.as_ref().unwrap().heap_type().as_concrete_struct().unwrap().clone();
                let pre = StructRefPre::new(&mut caller, ty);
                let made = StructRef::new(&mut caller, &pre, &[77.into()])?;
                let exception = Exception::new(&mut caller, t, &[made.into(), value.into()])?;
                caller.gc();
                Err(exception.into())
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let value = ExternRef::new(&mut store, 3_u8).unwrap();
        type Params = (i32, Option<Rooted<ExternRef>>);
        let uncaught = instance.get_typed_func::<Params, ()>(&mut store, "uncaught").unwrap();
        let error = uncaught.call(&mut store, (5, Some(value))).unwrap_err();
        store.gc();
        let exception: &Exception = error.downcast_ref().unwrap();
        let made = exception.fields()[0].anyref().unwrap().unwrap().unwrap_struct(&store).unwrap();
        assert_eq!(made.field(&mut store, 0).unwrap().i32(), Some(5));
        let found = exception.fields()[1].externref().unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &found, &value).unwrap());
        type Results = (i32, Option<Rooted<ExternRef>>, Option<Rooted<ExnRef>>);
        let caught = instance.get_typed_func::<Params, Results>(&mut store, "caught").unwrap();
        let (number, found, reference) = caught.call(&mut store, (6, Some(value))).unwrap();
        assert_eq!(number, 6);
        assert!(Rooted::ref_eq(&store, &found.unwrap(), &value).unwrap());
        let made = reference.unwrap().field(&mut store, 0).unwrap().anyref().unwrap().unwrap();
        let made = made.unwrap_struct(&store).unwrap();
        assert_eq!(made.field(&mut store, 0).unwrap().i32(), Some(6));
        let from_host = instance.get_typed_func::<Option<Rooted<ExternRef>>, i32>(&mut store, "from host").unwrap();
        for _ in 0..3 {
            assert_eq!(from_host.call(&mut store, Some(value)).unwrap(), 77);
        }
    }
}

#[test]
fn imports_have_the_types_of_objects() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let list = instance(&mut store, LIST);
    let kept = list.get_global(&mut store, "kept").unwrap();
    let types = r#"(type $list (sub (struct (field $value (mut i32)) (field $next (mut (ref null $list))))))
        (type $named (sub final $list (struct (field (mut i32)) (field (mut (ref null $list))) (field $name (mut externref)))))"#;
    let mut import = |ty: &str| {
        let module = Module::new(&engine, format!(r#"(module {types} (import "" "" {ty}))"#)).unwrap();
        Instance::new(&mut store, &module, &[kept.into()]).map(|_| ())
    };
    import("(global (mut (ref null $list)))").unwrap();
    for wrong in ["(global (mut structref))", "(global (mut (ref null $named)))", "(global (ref null $list))"] {
        let error = import(wrong).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(LinkError::Incompatible { .. })), "{error:?}");
    }
    let func = list.get_func(&mut store, "named").unwrap();
    assert_eq!(
        func.ty(&store).to_string(),
        "[i32 (ref null (struct (mut i32) (mut (ref null (...))))) externref] -> \
         [(ref (struct (mut i32) (mut (ref null (...))) (mut externref)))]"
    );
    let element = RefType::new(true, HeapType::Eq);
    assert_eq!(list.get_table(&mut store, "table").unwrap().ty(&store).element(), &element);
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn values_in_objects_of_webassembly_are_dropped_once() {
    for engine in engines() {
        let drops = Arc::new(AtomicUsize::new(0));
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::<()>::new(&engine);
        let made = drops.clone();
        linker
            .func_wrap("host", "make", move |mut caller: Caller<'_, ()>| {
                ExternRef::new(&mut caller, Counted(made.clone()))
            })
            .unwrap();
        let module = Module::new(
            &engine,
            r#"(module
                (type $box (struct (field externref) (field (ref null 0))))
                (import "host" "make" (func $make (result (ref extern))))
                (global $kept (mut (ref null $box)) (ref.null $box))
                ;; Keeps every tenth.
                (func (export "run") (param $n i32)
                    (loop $again
                        (if (i32.rem_u (local.get $n) (i32.const 10))
                            (then (drop (struct.new $box (call $make) (ref.null $box))))
                            (else (global.set $kept (struct.new $box (call $make) (global.get $kept)))))
                        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
                (func (export "forget") (global.set $kept (ref.null $box))))"#,
        )
        .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
        let forget = instance.get_typed_func::<(), ()>(&mut store, "forget").unwrap();
        let count = || drops.load(Ordering::Relaxed);
        for round in 1..4 {
            run.call(&mut store, 200).unwrap();
            store.gc();
            assert_eq!(count(), round * 200 - 20);
            forget.call(&mut store, ()).unwrap();
            store.gc();
            assert_eq!(count(), round * 200);
        }
        run.call(&mut store, 200).unwrap();
        drop(store);
        assert_eq!(count(), 800);
    }
}

/// A list that fills what a small heap has for small objects, is dropped, and must leave room for another.
#[test]
fn a_small_heap_is_used_again() {
    for (nursery, reservation) in
        [(128 << 10, 16 << 20), (192 << 10, 11 << 20), (320 << 10, 16 << 20), (128 << 10, 5 << 20)]
    {
        let mut config = Config::new();
        config.gc_nursery(nursery).gc_heap_reservation(reservation);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let text = r#"(module
            (type $cell (struct (field (ref null $cell)) (field i64 i64 i64 i64 i64 i64)))
            (global $list (mut (ref null $cell)) (ref.null $cell))
            (func (export "push")
                (global.set $list (struct.new $cell (global.get $list)
                    (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6))))
            (func (export "drop") (global.set $list (ref.null $cell))))"#;
        let instance = instance(&mut store, text);
        let push = instance.get_typed_func::<(), ()>(&mut store, "push").unwrap();
        let drop = instance.get_typed_func::<(), ()>(&mut store, "drop").unwrap();
        let mut most = 0_u64;
        for round in 0..4 {
            let mut pushed = 0_u64;
            while push.call(&mut store, ()).is_ok() {
                pushed += 1;
            }
            assert!(round == 0 || pushed > most / 2, "{pushed} objects where there was room for {most}");
            most = most.max(pushed);
            drop.call(&mut store, ()).unwrap();
            store.gc();
            push.call(&mut store, ()).unwrap();
            drop.call(&mut store, ()).unwrap();
        }
        assert!(most > 1000);
    }
}
