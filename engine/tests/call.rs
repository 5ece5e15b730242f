//! Calls between the host and WebAssembly, typed and untyped, in both directions and nested.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{Caller, Engine, Error, Func, FuncType, Instance, Linker, Module, Result, Store, Trap, Val, ValType};

fn instance(store: &mut Store<()>, wat: &str) -> Instance {
    let module = Module::new(store.engine(), wat).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

fn text(values: &[Val]) -> String {
    values.iter().map(|value| format!("{value:?} ")).collect()
}

#[test]
fn typed_calls_of_every_type() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(
        &mut store,
        r#"(module
            (func (export "nothing"))
            (func (export "i32") (param i32) (result i32) local.get 0)
            (func (export "i64") (param i64) (result i64) local.get 0)
            (func (export "f32") (param f32) (result f32) local.get 0)
            (func (export "f64") (param f64) (result f64) local.get 0)
            (func (export "func") (param funcref) (result funcref) local.get 0)
            (func (export "extern") (param externref) (result externref) local.get 0))"#,
    );
    macro_rules! same {
        ($name:literal $ty:ty: $($value:expr),*) => {
            let func = instance.get_typed_func::<$ty, $ty>(&mut store, $name).unwrap();
            $(assert_eq!(func.call(&mut store, $value).unwrap(), $value);)*
            let func = instance.get_typed_func::<($ty,), ($ty,)>(&mut store, $name).unwrap();
            $(assert_eq!(func.call(&mut store, ($value,)).unwrap(), ($value,));)*
        };
    }
    instance.get_typed_func::<(), ()>(&mut store, "nothing").unwrap().call(&mut store, ()).unwrap();
    same!("i32" i32: 0, 1, -1, i32::MIN, i32::MAX);
    same!("i32" u32: 0, u32::MAX);
    same!("i64" i64: 0, 1, -1, i64::MIN, i64::MAX);
    same!("i64" u64: 0, u64::MAX);
    same!("f32" f32: 0.0, 1.5, f32::MIN, f32::INFINITY);
    same!("f64" f64: 0.0, 1.5, f64::MIN, f64::INFINITY);
    let nan = instance.get_typed_func::<f32, f32>(&mut store, "f32").unwrap();
    assert_eq!(nan.call(&mut store, f32::from_bits(0x7fc1_2345)).unwrap().to_bits(), 0x7fc1_2345);
    let func = instance.get_typed_func::<Option<Func>, Option<Func>>(&mut store, "func").unwrap();
    assert!(func.call(&mut store, None).unwrap().is_none());
    let itself = func.call(&mut store, Some(*func.func())).unwrap().unwrap();
    assert!(itself.typed::<Option<Func>, Option<Func>>(&store).unwrap().call(&mut store, None).unwrap().is_none());
}

const MANY: &str = r#"(module
    (func (export "f")
        (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
        (result f64 f32 i64 i32 f64 f32 i64 i32)
        local.get 15 local.get 14 local.get 13 local.get 12 local.get 3 local.get 2 local.get 1 local.get 0))"#;

#[test]
fn sixteen_parameters_and_eight_results() {
    type P = (i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64);
    type R = (f64, f32, i64, i32, f64, f32, i64, i32);
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, MANY);
    let func = instance.get_typed_func::<P, R>(&mut store, "f").unwrap();
    let params = (1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0, 13, 14, 15.0, 16.0);
    let expected = (16.0, 15.0, 14, 13, 4.0, 3.0, 2, 1);
    assert_eq!(func.call(&mut store, params).unwrap(), expected);
    // A host function of the same type, called from the host: typed, then untyped.
    let host = Func::wrap(
        &mut store,
        #[allow(clippy::too_many_arguments, reason = "the test's purpose")]
        |a: i32,
         b: i64,
         c: f32,
         d: f64,
         _: i32,
         _: i64,
         _: f32,
         _: f64,
         _: i32,
         _: i64,
         _: f32,
         _: f64,
         m: i32,
         n: i64,
         o: f32,
         p: f64| { (p, o, n, m, d, c, b, a) },
    );
    assert_eq!(host.typed::<P, R>(&store).unwrap().call(&mut store, params).unwrap(), expected);
    assert_eq!(host.ty(&store), func.func().ty(&store));
    let values: [Val; 16] = [
        1.into(),
        2_i64.into(),
        3_f32.into(),
        4_f64.into(),
        5.into(),
        6_i64.into(),
        7_f32.into(),
        8_f64.into(),
        9.into(),
        10_i64.into(),
        11_f32.into(),
        12_f64.into(),
        13.into(),
        14_i64.into(),
        15_f32.into(),
        16_f64.into(),
    ];
    for func in [host, *func.func()] {
        let mut results = [Val::I32(0); 8];
        func.call(&mut store, &values, &mut results).unwrap();
        let wanted: [Val; 8] = [
            16_f64.into(),
            15_f32.into(),
            14_i64.into(),
            13.into(),
            4_f64.into(),
            3_f32.into(),
            2_i64.into(),
            1.into(),
        ];
        assert_eq!(text(&results), text(&wanted));
    }
}

#[test]
fn sixteen_parameters_and_eight_results_from_wasm() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (type $t (func (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
                           (result f64 f32 i64 i32 f64 f32 i64 i32)))
            (import "" "typed" (func $typed (type $t)))
            (import "" "untyped" (func $untyped (type $t)))
            (func (export "typed") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
                local.get 8 local.get 9 local.get 10 local.get 11 local.get 12 local.get 13 local.get 14 local.get 15
                call $typed)
            (func (export "untyped") (type $t)
                local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
                local.get 8 local.get 9 local.get 10 local.get 11 local.get 12 local.get 13 local.get 14 local.get 15
                call $untyped))"#,
    )
    .unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap(
            "",
            "typed",
            #[allow(clippy::too_many_arguments, reason = "the test's purpose")]
            |a: i32,
             b: i64,
             c: f32,
             d: f64,
             _: i32,
             _: i64,
             _: f32,
             _: f64,
             _: i32,
             _: i64,
             _: f32,
             _: f64,
             m: i32,
             n: i64,
             o: f32,
             p: f64| { (p, o, n, m, d, c, b, a) },
        )
        .unwrap();
    let ty = module.get_export("typed").unwrap().func().unwrap().clone();
    linker
        .func_new("", "untyped", ty, |mut caller, params, results| {
            *caller.data_mut() += 1;
            for (result, from) in results.iter_mut().zip([15, 14, 13, 12, 3, 2, 1, 0]) {
                *result = params[from];
            }
            Ok(())
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    type P = (i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64);
    type R = (f64, f32, i64, i32, f64, f32, i64, i32);
    for name in ["typed", "untyped"] {
        let func = instance.get_typed_func::<P, R>(&mut store, name).unwrap();
        let params = (-1, -2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0, 13, 14, 15.0, 16.0);
        assert_eq!(func.call(&mut store, params).unwrap(), (16.0, 15.0, 14, 13, 4.0, 3.0, -2, -1), "{name}");
    }
    assert_eq!(*store.data(), 1);
}

#[test]
fn wrong_types_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, r#"(module (func (export "f") (param i32) (result i64) i64.const 1))"#);
    assert!(instance.get_typed_func::<i32, i64>(&mut store, "f").is_ok());
    assert!(instance.get_typed_func::<i32, i32>(&mut store, "f").is_err());
    assert!(instance.get_typed_func::<(), i64>(&mut store, "f").is_err());
    let error = instance.get_typed_func::<f32, ()>(&mut store, "f").unwrap_err();
    assert!(
        format!("{error:?}").contains("expected a function of type [f32] -> [], found one of type [i32] -> [i64]"),
        "{error:?}"
    );
    let error = instance.get_typed_func::<(), ()>(&mut store, "g").unwrap_err();
    assert_eq!(error.to_string(), "there is no exported function `g`");
    let func = instance.get_func(&mut store, "f").unwrap();
    let mut results = [Val::I32(7)];
    for params in [&[][..], &[Val::I64(1)], &[Val::I32(1), Val::I32(1)], &[Val::FuncRef(None)]] {
        func.call(&mut store, params, &mut results).unwrap_err();
    }
    func.call(&mut store, &[Val::I32(1)], &mut []).unwrap_err();
    assert_eq!(results[0].i32(), Some(7));
    func.call(&mut store, &[Val::I32(1)], &mut results).unwrap();
    assert_eq!(results[0].i64(), Some(1));
}

/// WebAssembly that calls the host that calls WebAssembly, and so on.
const NEST: &str = r#"(module $nest
    (import "host" "again" (func $again (param i32) (result i32)))
    (func (export "down") (param i32) (result i32)
        local.get 0
        if (result i32)
            (i32.add (call $again (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))
        else
            i32.const 0
        end))"#;

fn again(mut caller: Caller<'_, u32>, left: i32) -> Result<i32> {
    *caller.data_mut() += 1;
    let down = caller.get_export("down").unwrap().into_func().unwrap();
    down.typed::<i32, i32>(&caller)?.call(&mut caller, left)
}

#[test]
fn nested_calls() {
    let engine = Engine::default();
    let module = Module::new(&engine, NEST).unwrap();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "again", again).unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let down = instance.get_typed_func::<i32, i32>(&mut store, "down").unwrap();
    for _ in 0..3 {
        *store.data_mut() = 0;
        assert_eq!(down.call(&mut store, 100).unwrap(), 100);
        assert_eq!(*store.data(), 100);
    }
    // Without end: the stack is used up somewhere, in WebAssembly or at the way out to the host, and everything is
    // sound after it.
    let error = down.call(&mut store, -1).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
    assert_eq!(down.call(&mut store, 100).unwrap(), 100);
}

#[test]
fn two_stores_nested_in_each_other() {
    let engine = Engine::default();
    let module = Module::new(&engine, NEST).unwrap();
    let mut linker = Linker::<Option<Box<Store<u32>>>>::new(&engine);
    let inner_module = module.clone();
    linker
        .func_wrap("host", "again", move |mut caller: Caller<'_, Option<Box<Store<u32>>>>, left: i32| -> Result<i32> {
            let mut inner = caller.data_mut().take().unwrap();
            let mut linker = Linker::new(inner.engine());
            linker.func_wrap("host", "again", again)?;
            let instance = linker.instantiate(&mut *inner, &inner_module)?;
            let down = instance.get_typed_func::<i32, i32>(&mut *inner, "down")?;
            let result = down.call(&mut *inner, left);
            *caller.data_mut() = Some(inner);
            result
        })
        .unwrap();
    let inner = Box::new(Store::new(&engine, 0));
    let mut store = Store::new(&engine, Some(inner));
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let down = instance.get_typed_func::<i32, i32>(&mut store, "down").unwrap();
    assert_eq!(down.call(&mut store, 9).unwrap(), 9);
    assert_eq!(*store.into_data().unwrap().data(), 8);
}

#[derive(Debug, PartialEq)]
struct Custom(u32);

impl std::fmt::Display for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "custom {}", self.0)
    }
}

impl std::error::Error for Custom {}

#[test]
fn errors_of_the_host_travel_unchanged() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module $m
            (import "" "fail" (func $fail (param i32) (result i32)))
            (import "" "fail2" (func $fail2 (result i32 f64)))
            (import "" "dynamic" (func $dynamic))
            (func $one (export "one") (result i32) (call $fail (i32.const 7)))
            (func (export "two") call $fail2 drop drop)
            (func (export "three") call $dynamic)
            (export "direct" (func $fail)))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("", "fail", |code: u32| -> Result<i32> { Err(Error::new(Custom(code)).context("while failing")) })
        .unwrap();
    linker.func_wrap("", "fail2", || -> Result<(i32, f64)> { Err(Custom(8).into()) }).unwrap();
    let ty = FuncType::new(&engine, [], []);
    linker.func_new("", "dynamic", ty, |_, _, _| Err(Error::msg("dynamic"))).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let error = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap().call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Custom>(), Some(&Custom(7)));
    assert!(error.downcast_ref::<Trap>().is_none());
    let text = format!("{error:?}");
    assert!(text.starts_with("error while executing at wasm backtrace:\n    0: "), "{text}");
    assert!(text.contains(" - m!one\n"), "{text}");
    assert!(text.ends_with("\n\nCaused by:\n    0: while failing\n    1: custom 7"), "{text}");
    assert_eq!(error.downcast::<Custom>().unwrap(), Custom(7));
    let error = instance.get_typed_func::<(), ()>(&mut store, "two").unwrap().call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref::<Custom>(), Some(&Custom(8)));
    let error = instance.get_func(&mut store, "three").unwrap().call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "dynamic");
    // The host's own function, given back by the module: no WebAssembly is between.
    let direct = instance.get_typed_func::<u32, i32>(&mut store, "direct").unwrap();
    let error = direct.call(&mut store, 9).unwrap_err();
    assert_eq!(format!("{error:?}"), "while failing\n\nCaused by:\n    custom 9");
}

#[test]
fn a_panic_of_the_host_poisons_the_store() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "panic" (func $panic (param i32)))
            (memory (export "memory") 1)
            (global (export "global") i32 (i32.const 5))
            (func (export "panic") (param i32) (call $panic (local.get 0)))
            (func (export "fine")))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("", "panic", |code: i32| assert!(code == 0, "code {code}")).unwrap();
    for direct in [false, true] {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let panics = if direct {
            linker.get(&mut store, "", "panic").unwrap().into_func().unwrap()
        } else {
            instance.get_func(&mut store, "panic").unwrap()
        };
        panics.call(&mut store, &[Val::I32(0)], &mut []).unwrap();
        let error = panics.call(&mut store, &[Val::I32(3)], &mut []).unwrap_err();
        assert!(
            format!("{error:?}").contains("a host function panicked, and the store is poisoned: code 3"),
            "{error:?}"
        );
        let fine = instance.get_typed_func::<(), ()>(&mut store, "fine").unwrap();
        for error in [
            fine.call(&mut store, ()).unwrap_err(),
            fine.func().call(&mut store, &[], &mut []).unwrap_err(),
            linker.instantiate(&mut store, &module).unwrap_err(),
        ] {
            assert!(error.to_string().contains("poisoned"), "{error:?}");
            assert!(error.to_string().contains("code 3"), "{error:?}");
        }
        // What it holds can still be read.
        assert_eq!(instance.get_memory(&mut store, "memory").unwrap().data_size(&store), 65536);
        assert_eq!(instance.get_global(&mut store, "global").unwrap().get(&mut store).i32(), Some(5));
    }
}

#[test]
fn functions_of_types_known_at_run_time() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [ValType::I32, ValType::F64], [ValType::F64, ValType::I32]);
    let swap = Func::new(&mut store, ty, |_, params, results| {
        results.clone_from_slice(&[params[1], params[0]]);
        Ok(())
    });
    let typed = swap.typed::<(i32, f64), (f64, i32)>(&store).unwrap();
    assert_eq!(typed.call(&mut store, (3, 0.5)).unwrap(), (0.5, 3));
    // Of a type of another engine, and with a wrong result.
    let ty = FuncType::new(&Engine::default(), [], [ValType::I32]);
    let wrong = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = wrong.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap_err();
    assert!(format!("{error:?}").contains("type mismatch: expected i32, found i64"), "{error:?}");
}

#[test]
fn closures_of_every_shape() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 5_i32);
    let captured = 10;
    let funcs = [
        Func::wrap(&mut store, |a: i32| a + 1),
        Func::wrap(&mut store, move |a: i32| -> Result<i32> { Ok(a + captured) }),
        Func::wrap(&mut store, |caller: Caller<'_, i32>, a: i32| a + *caller.data()),
        Func::wrap(&mut store, |mut caller: Caller<'_, i32>, a: i32| -> Result<(i32,)> {
            *caller.data_mut() += 1;
            Ok((a + *caller.data(),))
        }),
    ];
    let results: Vec<i32> =
        funcs.iter().map(|func| func.typed::<i32, i32>(&store).unwrap().call(&mut store, 100).unwrap()).collect();
    assert_eq!(results, [101, 110, 105, 106]);
    let nothing = Func::wrap(&mut store, || ());
    nothing.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
}

#[test]
fn data_that_borrows() {
    let engine = Engine::default();
    let module = Module::new(&engine, r#"(module (import "" "push" (func (param i32))) (export "push" (func 0)) (func (export "twice") (call 0 (i32.const 1)) (call 0 (i32.const 2))))"#).unwrap();
    let mut seen = Vec::new();
    let mut linker = Linker::<&mut Vec<i32>>::new(&engine);
    linker
        .func_wrap("", "push", |mut caller: Caller<'_, &mut Vec<i32>>, value: i32| caller.data_mut().push(value))
        .unwrap();
    let mut store = Store::new(&engine, &mut seen);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "twice").unwrap().call(&mut store, ()).unwrap();
    instance.get_typed_func::<i32, ()>(&mut store, "push").unwrap().call(&mut store, 3).unwrap();
    drop(store);
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn results_are_small() {
    assert_eq!(size_of::<Result<()>>(), 8);
    assert_eq!(size_of::<Result<i32>>(), 16);
    assert_eq!(size_of::<Option<Func>>(), 16);
}

#[test]
fn an_ignored_panic_of_an_inner_host_function_stops_the_outer_guest() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "swallow" (func $swallow))
            (import "" "panic" (func $panic))
            (import "" "count" (func $count))
            (func (export "inner") (call $panic))
            (func (export "outer") (call $swallow) (call $count)))"#,
    )
    .unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("", "panic", || -> () { panic!("on purpose") }).unwrap();
    linker.func_wrap("", "count", |mut caller: Caller<'_, u32>| *caller.data_mut() += 1).unwrap();
    let swallow = |mut caller: Caller<'_, u32>| {
        let inner = caller.get_export("inner").unwrap().into_func().unwrap();
        inner.call(&mut caller, &[], &mut []).unwrap_err();
    };
    linker.func_wrap("", "swallow", swallow).unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outer = instance.get_typed_func::<(), ()>(&mut store, "outer").unwrap();
    let error = outer.call(&mut store, ()).unwrap_err();
    assert!(format!("{error:?}").contains("on purpose"), "{error:?}");
    assert_eq!(*store.data(), 0, "nothing ran after the panic");
}

/// Host functions of as many parameters as registers take, and of one more: on x86-64 the first are jumped to.
#[test]
fn host_functions_are_given_what_they_are_called_with() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0_u64);
    type Floats = (f32, f64, f32, f64, f32, f64, f32, f64);
    let sum = |floats: Floats| {
        let (a, b, c, d, e, f, g, h) = floats;
        f64::from(a)
            + 2.0 * b
            + 3.0 * f64::from(c)
            + 4.0 * d
            + 5.0 * f64::from(e)
            + 6.0 * f
            + 7.0 * f64::from(g)
            + 8.0 * h
    };
    let fits = Func::wrap(
        &mut store,
        move |v: i32,
              w: i64,
              x: i32,
              y: i64,
              z: i32,
              a: f32,
              b: f64,
              c: f32,
              d: f64,
              e: f32,
              f: f64,
              g: f32,
              h: f64| {
            i64::from(v)
                + 10 * w
                + 100 * i64::from(x)
                + 1000 * y
                + 10_000 * i64::from(z)
                + sum((a, b, c, d, e, f, g, h)) as i64
        },
    );
    let more = Func::wrap(&mut store, |u: i32, v: i32, w: i64, x: i32, y: i64, z: i32| {
        i64::from(u) + 10 * i64::from(v) + 100 * w + 1000 * i64::from(x) + 10_000 * y + 100_000 * i64::from(z)
    });
    let float = Func::wrap(&mut store, |mut caller: Caller<'_, u64>, x: f32| {
        *caller.data_mut() += 1;
        x * 2.0
    });
    let several = Func::wrap(&mut store, |x: i32| (x, i64::from(x) * 2));
    let module = Module::new(&engine, r#"(module
        (import "" "fits" (func $fits (param i32 i64 i32 i64 i32 f32 f64 f32 f64 f32 f64 f32 f64) (result i64)))
        (import "" "more" (func $more (param i32 i32 i64 i32 i64 i32) (result i64)))
        (import "" "float" (func $float (param f32) (result f32)))
        (import "" "several" (func $several (param i32) (result i32 i64)))
        (func (export "fits") (param i64) (result i64)
            (i64.add (local.get 0) (call $fits (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4) (i32.const 5)
                (f32.const 1) (f64.const 2) (f32.const 3) (f64.const 4) (f32.const 5) (f64.const 6) (f32.const 7) (f64.const 8))))
        (func (export "more") (param i64) (result i64)
            (i64.add (local.get 0) (call $more (i32.const 1) (i32.const 2) (i64.const 3) (i32.const 4) (i64.const 5) (i32.const 6))))
        (func (export "float") (param i64) (result i64)
            (i64.add (local.get 0) (i64.trunc_f32_s (call $float (f32.const 21.5)))))
        (func (export "several") (param i64) (result i64)
            (call $several (i32.const -4)) (local.set 0) (i64.extend_i32_s) (i64.add (local.get 0)))
        (func (export "tail") (param i64) (result i64)
            (return_call $more (i32.const 1) (i32.const 2) (local.get 0) (i32.const 4) (i64.const 5) (i32.const 6)))
        )"#)
        .unwrap();
    let imports = [fits, more, float, several].map(Into::into);
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let floats = sum((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)) as i64;
    for (name, expected) in [
        ("fits", 7 + 1 + 20 + 300 + 4000 + 50_000 + floats),
        ("more", 7 + 654_321),
        ("float", 7 + 43),
        ("several", -4 - 8),
        ("tail", 654_321 + 400),
    ] {
        let call = instance.get_typed_func::<i64, i64>(&mut store, name).unwrap();
        assert_eq!(call.call(&mut store, 7).unwrap(), expected, "{name}");
    }
    assert_eq!(*store.data(), 1);
}
