//! Round trips into every kind of trap and back: what `trap.rs` and `main_thread.rs` run on their threads.

use tancho::{Caller, Engine, Instance, Linker, Module, Store, Trap, TypedFunc, WasmBacktrace};

pub(crate) const SOURCE: &str = r#"
(module
  (import "host" "fail" (func $fail))
  (import "host" "again" (func $again (param i32)))
  (type $v (func))
  (memory 1)
  (table 4 4 funcref)
  (elem (i32.const 0) $two)
  (func $two (param i32 i32))
  (func $run (export "run") (param $kind i32) (local $none (ref null $v))
    (block $no_tail_callee (block $no_callee (block $no_reference (block $recursion (block $host (block $nested (block $signature (block $null (block $table (block $memory
    (block $conversion (block $overflow (block $zero (block $unreachable
      (br_table $unreachable $zero $overflow $conversion $memory $table $null $signature $nested $host $recursion $no_reference $no_callee $no_tail_callee
        (local.get $kind)))
      unreachable)
      (drop (i32.div_s (i32.const 1) (i32.sub (local.get $kind) (i32.const 1))))
      unreachable)
      (drop (i32.div_s (i32.const 0x80000000) (i32.sub (local.get $kind) (i32.const 3))))
      unreachable)
      (drop (i32.trunc_f64_s (f64.div (f64.const 0) (f64.convert_i32_s (i32.sub (local.get $kind) (i32.const 3))))))
      unreachable)
      (drop (i32.load offset=3 (i32.const 0xfffe)))
      unreachable)
      (call_indirect (type $v) (local.get $kind))
      unreachable)
      (call_indirect (type $v) (i32.const 1))
      unreachable)
      (call_indirect (type $v) (i32.const 0))
      unreachable)
      (call $again (i32.const 4))
      unreachable)
      (call $fail)
      unreachable)
    (call $run (local.get $kind))
    (call $nothing)
      unreachable)
      (drop (ref.as_non_null (local.get $none)))
      unreachable)
      (call_ref $v (local.get $none))
      unreachable)
    (call $nothing)
    (return_call_ref $v (local.get $none)))
  (func $nothing)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
"#;

pub(crate) const EXPECTED: [Option<Trap>; 14] = [
    Some(Trap::UnreachableCodeReached),
    Some(Trap::IntegerDivisionByZero),
    Some(Trap::IntegerOverflow),
    Some(Trap::BadConversionToInteger),
    Some(Trap::MemoryOutOfBounds),
    Some(Trap::TableOutOfBounds),
    Some(Trap::IndirectCallToNull),
    Some(Trap::BadSignature),
    // By way of the host and back into compiled code.
    Some(Trap::MemoryOutOfBounds),
    // The host's own error.
    None,
    Some(Trap::StackOverflow),
    Some(Trap::NullReference),
    Some(Trap::NullFunctionReference),
    // By a call in the place of the caller.
    Some(Trap::NullFunctionReference),
];

#[derive(Debug)]
struct HostFailed;

impl std::fmt::Display for HostFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host failed")
    }
}

impl std::error::Error for HostFailed {}

struct Guest {
    store: Store<Option<TypedFunc<i32, ()>>>,
    run: TypedFunc<i32, ()>,
    add: TypedFunc<(i32, i32), i32>,
}

fn guest(engine: &Engine, module: &Module) -> Guest {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "fail", || -> tancho::Result<()> { Err(HostFailed.into()) }).expect("it is new");
    linker
        .func_wrap("host", "again", |mut caller: Caller<'_, Option<TypedFunc<i32, ()>>>, kind: i32| {
            let run = (*caller.data()).expect("it is set before the first call");
            run.call(&mut caller, kind)
        })
        .expect("it is new");
    let mut store = Store::new(engine, None);
    let instance: Instance = linker.instantiate(&mut store, module).expect("all imports are there");
    let run = instance.get_typed_func(&mut store, "run").expect("it is exported");
    let add = instance.get_typed_func(&mut store, "add").expect("it is exported");
    *store.data_mut() = Some(run);
    Guest { store, run, add }
}

/// The error of each way to trap.
pub(crate) fn errors(engine: &Engine, module: &Module) -> Vec<tancho::Error> {
    let mut guest = guest(engine, module);
    let mut error = |kind| guest.run.call(&mut guest.store, kind).expect_err("every kind ends in an error");
    (0..EXPECTED.len() as i32).map(&mut error).collect()
}

/// Traps in each way, `rounds` times, and uses the instance after each.
pub(crate) fn round_trips(engine: &Engine, module: &Module, rounds: usize) -> usize {
    let mut guest = guest(engine, module);
    let mut traps = 0;
    for _ in 0..rounds {
        for (kind, expected) in EXPECTED.iter().enumerate() {
            let error = guest.run.call(&mut guest.store, kind as i32).expect_err("every kind ends in an error");
            match expected {
                Some(trap) => assert_eq!(error.downcast_ref::<Trap>(), Some(trap), "kind {kind}: {error:?}"),
                None => assert!(error.is::<HostFailed>(), "{error:?}"),
            }
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("an error from the guest has a backtrace");
            assert!(backtrace.frames().iter().any(|frame| frame.func_name() == Some("run")), "kind {kind}: {error:?}");
            assert_eq!(
                guest.add.call(&mut guest.store, (kind as i32, 1)).expect("the store is usable"),
                kind as i32 + 1
            );
            traps += 1;
        }
    }
    traps
}
