//! Vectors across the border: parameters, results and globals of type `v128`, of the host and of other instances.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{
    Config, Engine, Error, Extern, Func, FuncType, Global, GlobalType, Instance, Linker, Module, Mutability, Ref,
    RefType, Store, Table, TableType, V128, Val, ValType,
};

fn vector(bits: u128) -> Val {
    Val::V128(V128::from(bits))
}

fn bits(value: &Val) -> u128 {
    value.v128().expect("a vector").as_u128()
}

/// Sixteen different bytes, so that a lane in the wrong place shows.
const BYTES: u128 = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100;

#[test]
fn vectors_go_to_the_host_and_back() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 0_u128);
    let mut linker = Linker::new(&engine);
    let ty = FuncType::new(
        &engine,
        [ValType::V128, ValType::I32, ValType::V128, ValType::F64],
        [ValType::F64, ValType::V128, ValType::V128],
    );
    linker
        .func_new("host", "swap", ty, |mut caller, arguments, results| {
            let [first, Val::I32(7), second, number] = arguments else { return Err(Error::msg("other arguments")) };
            *caller.data_mut() = bits(first);
            results.copy_from_slice(&[*number, *second, *first]);
            Ok(())
        })
        .unwrap();
    // The lanes are those of little-endian bytes, and shuffling makes them those of an operator in between.
    let text = r#"(module
        (import "host" "swap" (func $swap (param v128 i32 v128 f64) (result f64 v128 v128)))
        (func (export "run") (param v128 v128) (result v128 i32 v128 f64)
            (local f64 v128)
            (call $swap (i8x16.neg (local.get 0)) (i32.const 7) (i64x2.neg (local.get 1)) (f64.const 2.5))
            (local.set 3) (local.set 1) (local.set 2)
            (i64x2.neg (local.get 1)) (i8x16.extract_lane_s 15 (local.get 3)) (i8x16.neg (local.get 3)) (local.get 2))
        (func (export "lane") (param v128) (result i32) (i8x16.extract_lane_u 3 (local.get 0))))"#;
    let module = Module::new(&engine, text).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut results = [Val::I32(0); 4];
    run.call(&mut store, &[vector(BYTES), vector(BYTES << 1)], &mut results).unwrap();
    assert_eq!((bits(&results[0]), bits(&results[2])), (BYTES << 1, BYTES));
    assert_eq!((results[1].i32(), results[3].f64()), (Some(-15), Some(2.5)));
    assert_eq!(*store.data() & 0xffff, 0xff00);
    let lane = instance.get_func(&mut store, "lane").unwrap();
    lane.call(&mut store, &[vector(BYTES)], &mut results[..1]).unwrap();
    assert_eq!(results[0].i32(), Some(3));
    // Typed calls have no vectors, and say so.
    let error = lane.typed::<i32, i32>(&store).unwrap_err();
    assert!(format!("{error:#}").contains("v128"), "{error:#}");
    let error = lane.call(&mut store, &[Val::I64(3)], &mut results[..1]).unwrap_err();
    assert!(format!("{error:#}").contains("v128"), "{error:#}");
}

#[test]
fn vectors_in_globals() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut global =
        |mutability, bits| Global::new(&mut store, GlobalType::new(ValType::V128, mutability), vector(bits)).unwrap();
    let (constant, variable) = (global(Mutability::Const, BYTES), global(Mutability::Var, 1));
    // An i32 before the vectors, so that they stand where they must and not where they would.
    let text = r#"(module
        (import "" "" (global $constant v128))
        (import "" "" (global $variable (mut v128)))
        (global (mut i32) (i32.const 3))
        (global $own (export "own") (mut v128) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
        (global $copy (export "copy") v128 (global.get $constant))
        (func (export "add")
            (global.set $variable (i32x4.add (global.get $variable) (global.get $constant)))
            (global.set $own (f64x2.sub (global.get $own) (global.get $own)))))"#;
    let module = Module::new(&engine, text).unwrap();
    let instance = Instance::new(&mut store, &module, &[constant.into(), variable.into()]).unwrap();
    let [own, copy] = ["own", "copy"].map(|name| instance.get_global(&mut store, name).unwrap());
    assert_eq!((bits(&own.get(&mut store)), bits(&copy.get(&mut store))), (BYTES, BYTES));
    let add = instance.get_func(&mut store, "add").unwrap();
    for round in 1..=2 {
        add.call(&mut store, &[], &mut []).unwrap();
        assert_eq!(bits(&variable.get(&mut store)), 1 + round * BYTES);
        assert_eq!(bits(&own.get(&mut store)), 0);
    }
    variable.set(&mut store, vector(u128::MAX)).unwrap();
    add.call(&mut store, &[], &mut []).unwrap();
    assert_eq!(bits(&variable.get(&mut store)), BYTES - 0x1_0000_0001_0000_0001_0000_0001);
}

#[test]
fn vectors_by_reference_and_between_instances() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new(&engine, [ValType::V128, ValType::V128], [ValType::V128]);
    let host = Func::new(&mut store, ty, |_, arguments, results| {
        results[0] = vector(bits(&arguments[0]) ^ bits(&arguments[1]));
        Ok(())
    });
    let text = r#"(module
        (func (export "and") (param v128 v128) (result v128) (v128.and (local.get 0) (local.get 1))))"#;
    let other = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
    let and = other.get_func(&mut store, "and").unwrap();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 3, None), Ref::Func(None)).unwrap();
    table.set(&mut store, 0, Ref::from(host)).unwrap();
    table.set(&mut store, 1, Ref::from(and)).unwrap();
    let text = r#"(module
        (type $t (func (param v128 v128) (result v128)))
        (import "" "and" (func $and (type $t)))
        (import "" "table" (table $table 3 funcref))
        (elem (i32.const 2) $or)
        (func $or (type $t) (v128.or (local.get 0) (local.get 1)))
        (func (export "all") (param v128 v128) (result v128 v128 v128 v128)
            (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))
            (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 1))
            (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 2))
            (call $and (local.get 0) (local.get 1))))"#;
    let module = Module::new(&engine, text).unwrap();
    let imports: [Extern; 2] = [and.into(), table.into()];
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let all = instance.get_func(&mut store, "all").unwrap();
    let (x, y) = (BYTES, u128::MAX / 7);
    let mut results = [Val::I32(0); 4];
    all.call(&mut store, &[vector(x), vector(y)], &mut results).unwrap();
    assert_eq!(results.each_ref().map(bits), [x ^ y, x & y, x | y, x & y]);
}

#[test]
fn images_know_whether_relaxed_operators_are_deterministic() {
    let keys = tempfile::tempdir().unwrap();
    let engine = |deterministic| {
        let mut config = Config::new();
        config.key_file(keys.path().join("key")).relaxed_simd_deterministic(deterministic);
        Engine::new(&config).unwrap()
    };
    let image = Module::new(&engine(true), "(module)").unwrap().serialize().unwrap();
    Module::deserialize(&engine(true), &image).unwrap();
    let error = Module::deserialize(&engine(false), &image).unwrap_err();
    assert!(format!("{error:#}").contains("settings") || format!("{error:#}").contains("tunable"), "{error:#}");
}
