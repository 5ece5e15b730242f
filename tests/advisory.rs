//! Faults that other engines had in keeping objects, each as a test of the class: under zeal and with the least nursery, with either
//! register allocator, on a heap that is verified after each collection.

use tancho::{
    Caller, Config, Engine, ExternRef, Linker, Module, RegallocAlgorithm, Result, RootScope, Rooted, Store, TypedFunc,
};

fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for zeal in [false, true] {
        for allocator in [RegallocAlgorithm::Backtracking, RegallocAlgorithm::SinglePass] {
            let mut config = Config::new();
            config.gc_zeal(zeal).gc_nursery(128 << 10).cranelift_regalloc_algorithm(allocator);
            engines.push(Engine::new(&config).expect("it is a configuration of this machine"));
        }
    }
    engines
}

/// The function `f` of a module, which can ask the host for a collection and for values.
fn f<Params: tancho::WasmParams, Results: tancho::WasmResults>(
    engine: &Engine,
    text: &str,
) -> Result<(Store<u64>, TypedFunc<Params, Results>)> {
    let mut store = Store::new(engine, 0);
    store.verify_heap(true);
    let mut linker = Linker::<u64>::new(engine);
    linker.func_wrap("host", "collect", |mut caller: Caller<'_, u64>| caller.gc())?;
    linker.func_wrap("host", "value", |mut caller: Caller<'_, u64>| -> Result<Option<Rooted<ExternRef>>> {
        *caller.data_mut() += 1;
        let number = *caller.data();
        ExternRef::new(&mut caller, number).map(Some)
    })?;
    let instance = linker.instantiate(&mut store, &Module::new(engine, text)?)?;
    let f = instance.get_typed_func(&mut store, "f")?;
    Ok((store, f))
}

/// GHSA-hw8m-7h6c and its kin: what is alive across a call that may throw is kept on both ways out of it, in registers or not; what is
/// made in the construct and used in its handler as well.
#[test]
fn references_are_alive_across_calls_that_may_throw() -> Result<()> {
    let many = |of: fn(usize) -> String| -> String { (0..40).map(of).collect() };
    let text = format!(
        "(module (type $s (sub (struct (field (mut i32)))))
(import \"host\" \"collect\" (func $collect))
(tag $e (param i32 (ref $s)))
(func $may (param $throws i32) (local $made (ref null $s))
(local.set $made (struct.new $s (i32.const 3)))
(call $collect)
(if (local.get $throws) (then (throw $e (i32.const 5) (ref.as_non_null (local.get $made))))))
(func (export \"f\") (param $throws i32) (result i32) (local $in (ref null $s)) (local $got (ref null $s)) (local $sum i32) {}
{}
(block $done
(block $h (result i32 (ref $s))
(try_table (catch $e $h)
(local.set $in (struct.new $s (i32.const 1000)))
(struct.new $s (i32.const 20))
(call $may (local.get $throws))
(local.set $sum (struct.get $s 0)))
(br $done))
(local.set $got) (local.set $sum) (call $collect)
(local.set $sum (i32.add (local.get $sum) (struct.get $s 0 (local.get $got)))))
(call $collect)
(local.get $sum) (i32.add (struct.get $s 0 (local.get $in)))
{})
)",
        many(|at| format!("(local $k{at} (ref null $s))")),
        many(|at| format!("(local.set $k{at} (struct.new $s (i32.const {at})))")),
        many(|at| format!("(i32.add (struct.get $s 0 (local.get $k{at})))")),
    );
    for engine in engines() {
        let (mut store, f) = f::<i32, i32>(&engine, &text)?;
        for _ in 0..3 {
            assert_eq!(f.call(&mut store, 0)?, 20 + 1000 + 780);
            assert_eq!(f.call(&mut store, 1)?, 5 + 3 + 1000 + 780);
        }
    }
    Ok(())
}

/// CVE-2021-39218 and CVE-2022-31146: a safepoint where nothing is alive after one where something was, and the other way round, so that
/// the places in the frame hold what is no longer a reference.
#[test]
fn places_of_references_that_are_dead_are_not_looked_at() -> Result<()> {
    let round = "(call $collect)
(local.set $s (struct.new $s (local.get $n) (call $value)))
(call $collect)
(local.set $sum (i32.add (local.get $sum) (struct.get $s 0 (local.get $s))))
(call $collect)
(local.set $t (array.new $a (local.get $s) (i32.const 3)))
(call $collect)
(local.set $sum (i32.add (local.get $sum) (struct.get $s 0 (array.get $a (local.get $t) (i32.const 2)))))
(call $collect)";
    let text = format!(
        "(module (type $s (struct (field i32) (field externref))) (type $a (array (ref null $s)))
(import \"host\" \"collect\" (func $collect)) (import \"host\" \"value\" (func $value (result externref)))
(func (export \"f\") (param $n i32) (result i32) (local $s (ref null $s)) (local $t (ref null $a)) (local $sum i32)
(loop {round} {round}
(br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
(local.get $sum)))"
    );
    for engine in engines() {
        let (mut store, f) = f::<i32, i32>(&engine, &text)?;
        assert_eq!(f.call(&mut store, 10)?, 4 * 55);
    }
    Ok(())
}

/// CVE-2021-39216: a collection while arguments and results are being passed, in both directions.
#[test]
fn arguments_are_kept_while_the_others_are_made() -> Result<()> {
    type External = Option<Rooted<ExternRef>>;
    let text = "(module (import \"host\" \"value\" (func $value (result externref)))
(func $swap (param externref externref externref externref) (result externref externref externref externref)
local.get 3 local.get 2 local.get 1 local.get 0)
(func (export \"f\") (param externref externref) (result externref externref externref externref)
(call $swap (call $value) (local.get 0) (call $value) (local.get 1))))";
    for engine in engines() {
        let (mut store, f) = f::<(External, External), (External, External, External, External)>(&engine, text)?;
        for round in 0..50_u64 {
            let mut scope = RootScope::new(&mut store);
            let one = ExternRef::new(&mut scope, 1000 + round)?;
            let other = ExternRef::new(&mut scope, 2000 + round)?;
            let (a, b, c, d) = f.call(&mut scope, (Some(one), Some(other)))?;
            let number = |value: External| -> Result<Option<u64>> {
                let Some(value) = value else { return Ok(None) };
                Ok(value.data(&scope)?.and_then(|data| data.downcast_ref::<u64>()).copied())
            };
            let found = [number(a)?, number(b)?, number(c)?, number(d)?];
            assert_eq!(found, [2000 + round, 2 * round + 2, 1000 + round, 2 * round + 1].map(Some));
        }
    }
    Ok(())
}

/// GHSA-43j2: addresses that were computed before an allocation that makes the heap larger or moves everything.
#[test]
fn addresses_are_computed_anew_after_an_allocation() -> Result<()> {
    let text = "(module (type $n (struct (field $value i32) (field $next (ref null $n)))) (type $a (array (mut i32)))
(type $p (array (mut (ref null $n))))
(func (export \"f\") (param $n i32) (result i64)
(local $list (ref null $n)) (local $a (ref $a)) (local $p (ref $p)) (local $i i32) (local $sum i64)
(local.set $a (array.new $a (i32.const 0) (i32.const 100)))
(local.set $p (array.new_default $p (i32.const 100)))
(loop
(local.set $list (struct.new $n (local.get $i) (local.get $list)))
(array.set $a (local.get $a) (i32.rem_u (local.get $i) (i32.const 100))
(i32.add (array.get $a (local.get $a) (i32.rem_u (local.get $i) (i32.const 100)))
(struct.get $n $value (struct.new $n (local.get $i) (local.get $list)))))
(array.set $p (local.get $p) (i32.rem_u (local.get $i) (i32.const 100)) (struct.new $n (i32.const 1) (local.get $list)))
(br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
(local.set $i (i32.const 0))
(loop
(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (array.get $a (local.get $a) (local.get $i)))))
(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
(struct.get $n $value (struct.get $n $next (array.get $p (local.get $p) (local.get $i)))))))
(br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
(loop
(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $n $value (local.get $list)))))
(br_if 0 (i32.eqz (ref.is_null (local.tee $list (struct.get $n $next (local.get $list)))))))
(local.get $sum)))";
    for (position, engine) in engines().iter().enumerate() {
        let (mut store, f) = f::<i32, i64>(engine, text)?;
        let n: i64 = if position < 2 { 100_000 } else { 300 };
        let last: i64 = (n - 100..n).sum();
        assert_eq!(f.call(&mut store, n as i32)?, n * (n - 1) + last);
    }
    Ok(())
}
