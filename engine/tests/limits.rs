//! Limits and resource limiters: what exceeds them is refused with the number and the way to change it, and nothing that a limiter does is
//! undefined.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};
use tancho::{
    Config, Engine, Error, Func, Instance, LimitExceeded, Limits, Linker, Memory, MemoryType, Module, Ref, RefType,
    Resource, ResourceLimiter, Result, SharedMemory, Store, StoreLimits, StoreLimitsBuilder, Table, TableType, Trap,
};

const PAGE: u64 = 1 << 16;

const TEXT: &str = r#"(module
    (memory (export "memory") 1 10) (table (export "table") 2 20 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow_table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;

fn exceeded(error: &Error) -> LimitExceeded {
    *error.downcast_ref::<LimitExceeded>().unwrap_or_else(|| panic!("{error:?}"))
}

/// A store with these limits and the module in it.
fn limited(limits: Limits) -> (Store<()>, Result<Instance>) {
    let engine = Engine::default();
    let module = Module::new(&engine, TEXT).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_limits(limits).unwrap();
    let instance = Instance::new(&mut store, &module, &[]);
    (store, instance)
}

fn grow<T>(store: &mut Store<T>, instance: Instance, what: &str, by: i32) -> Result<i32> {
    instance.get_typed_func::<i32, i32>(&mut *store, what).unwrap().call(store, by)
}

#[test]
fn growth_ends_at_the_limit() {
    let (mut store, instance) = limited(Limits::new().memory_bytes(3 * PAGE).table_elements(5));
    let instance = instance.unwrap();
    assert_eq!(grow(&mut store, instance, "grow", 2).unwrap(), 1);
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), -1);
    assert_eq!(grow(&mut store, instance, "grow", 0).unwrap(), 3);
    assert_eq!(grow(&mut store, instance, "grow_table", 3).unwrap(), 2);
    assert_eq!(grow(&mut store, instance, "grow_table", 1).unwrap(), -1);
    // The host is told why.
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let error = memory.grow(&mut store, 4).unwrap_err();
    assert_eq!(
        exceeded(&error),
        LimitExceeded { resource: Resource::MemoryBytes, asked: 7 * PAGE, limit: Some(3 * PAGE) }
    );
    let text = format!("{error:#}");
    assert!(
        text.contains("458752 bytes") && text.contains("196608") && text.contains("Limits::memory_bytes"),
        "{text}"
    );
    let table = instance.get_table(&mut store, "table").unwrap();
    let error = table.grow(&mut store, 1, Ref::Func(None)).unwrap_err();
    assert_eq!(exceeded(&error), LimitExceeded { resource: Resource::TableElements, asked: 6, limit: Some(5) });
    // It can be raised later.
    store.set_limits(Limits::new().memory_bytes(4 * PAGE)).unwrap();
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), 3);
    assert_eq!(grow(&mut store, instance, "grow_table", 1).unwrap(), 5);
}

#[test]
fn growth_that_fails_can_end_the_call() {
    let limits = Limits::new().memory_bytes(3 * PAGE).trap_on_grow_failure(true);
    let (mut store, instance) = limited(limits);
    let instance = instance.unwrap();
    let error = grow(&mut store, instance, "grow", 3).unwrap_err();
    assert_eq!(exceeded(&error).asked, 4 * PAGE);
    // The type's own maximum as well.
    let error = grow(&mut store, instance, "grow_table", 19).unwrap_err();
    assert!(format!("{error:?}").contains("a table cannot grow"), "{error:?}");
    assert_eq!(grow(&mut store, instance, "grow", 2).unwrap(), 1);
}

#[test]
fn instantiation_that_exceeds_a_limit_is_an_error() {
    let cases = [
        (Limits::new().memory_bytes(PAGE - 1), Resource::MemoryBytes, PAGE),
        (Limits::new().total_memory_bytes(PAGE - 1), Resource::TotalMemoryBytes, PAGE),
        (Limits::new().table_elements(1), Resource::TableElements, 2),
        (Limits::new().instances(0), Resource::Instances, 1),
        (Limits::new().memories(0), Resource::Memories, 1),
        (Limits::new().tables(0), Resource::Tables, 1),
    ];
    for (limits, resource, asked) in cases {
        let (mut store, instance) = limited(limits);
        let error = instance.unwrap_err();
        assert_eq!((exceeded(&error).resource, exceeded(&error).asked), (resource, asked), "{error:?}");
        // The store is as it was.
        store.set_limits(Limits::new()).unwrap();
        let module = Module::new(store.engine(), TEXT).unwrap();
        Instance::new(&mut store, &module, &[]).unwrap();
    }
}

#[test]
fn what_the_host_makes_counts() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits::new().total_memory_bytes(3 * PAGE).memories(3).tables(1).table_elements(8)).unwrap();
    let first = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let error = Memory::new(&mut store, MemoryType::new(2, None)).unwrap_err();
    assert_eq!(exceeded(&error).resource, Resource::TotalMemoryBytes);
    first.grow(&mut store, 1).unwrap();
    assert_eq!(exceeded(&first.grow(&mut store, 1).unwrap_err()).asked, 4 * PAGE);
    Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    let error = Memory::new(&mut store, MemoryType::new(0, None)).unwrap_err();
    assert_eq!(exceeded(&error), LimitExceeded { resource: Resource::Memories, asked: 4, limit: Some(3) });
    let table =
        |store: &mut Store<()>, size| Table::new(store, TableType::new(RefType::FUNCREF, size, None), Ref::Func(None));
    assert_eq!(exceeded(&table(&mut store, 9).unwrap_err()).resource, Resource::TableElements);
    table(&mut store, 8).unwrap();
    assert_eq!(exceeded(&table(&mut store, 1).unwrap_err()).resource, Resource::Tables);
}

#[test]
fn a_shared_memory_counts_once_in_each_store() {
    let engine = Engine::default();
    let shared = SharedMemory::new(&engine, MemoryType::shared(2, 10)).unwrap();
    let text = r#"(module (import "m" "m" (memory 2 10 shared)) (import "m" "n" (memory 2 10 shared))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let module = Module::new(&engine, text).unwrap();
    for (limit, fits) in [(2 * PAGE, true), (2 * PAGE - 1, false)] {
        let mut store = Store::new(&engine, ());
        store.set_limits(Limits::new().total_memory_bytes(limit).memories(1)).unwrap();
        let both = [shared.clone().into(), shared.clone().into()];
        let instance = Instance::new(&mut store, &module, &both);
        assert_eq!(instance.is_ok(), fits, "{instance:?}");
        let Ok(instance) = instance else { continue };
        assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), -1);
        assert_eq!(shared.size(), 2);
        store.set_limits(Limits::new()).unwrap();
        assert_eq!(grow(&mut store, instance, "grow", 0).unwrap(), 2);
    }
}

#[test]
fn one_value_has_fuel_time_and_heap() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let text = r#"(module (type $a (array i8)) (global $g (mut anyref) (ref.null any))
        (func (export "spin") (loop $l (br $l)))
        (func (export "make") (param i32) (global.set $g (array.new_default $a (local.get 0)))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
    let make = instance.get_typed_func::<i32, ()>(&mut store, "make").unwrap();
    store.set_limits(Limits::new().fuel(1000)).unwrap();
    assert_eq!(spin.call(&mut store, ()).unwrap_err().downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
    let start = Instant::now();
    store.set_limits(Limits::new().fuel(u64::MAX).timeout(Duration::from_millis(30))).unwrap();
    assert_eq!(spin.call(&mut store, ()).unwrap_err().downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    assert!(start.elapsed() >= Duration::from_millis(30));
    store.set_limits(Limits::new().gc_heap_bytes(1 << 24)).unwrap();
    make.call(&mut store, 1 << 20).unwrap();
    assert_eq!(make.call(&mut store, 1 << 25).unwrap_err().downcast_ref::<Trap>(), Some(&Trap::HeapExhausted));
    // What cannot be had is refused, and the rest stays.
    let mut plain = Store::new(&Engine::default(), ());
    plain.set_limits(Limits::new().instances(0)).unwrap();
    assert!(plain.set_limits(Limits::new().fuel(1)).unwrap_err().to_string().contains("consume_fuel"));
    assert!(
        plain.set_limits(Limits::new().stack_bytes(1 << 16)).unwrap_err().to_string().contains("signals_based_traps")
    );
    let empty = Module::new(plain.engine(), "(module)").unwrap();
    assert!(Instance::new(&mut plain, &empty, &[]).is_err());
}

#[test]
fn a_call_has_as_much_stack_as_it_is_given() {
    // What stands in itself has fewer frames than calls.
    let engine = Engine::new(Config::new().signals_based_traps(false).recursive_inlining(false)).unwrap();
    let text = r#"(module (import "host" "again" (func $again (param i32)))
        (global $depth (export "depth") (mut i32) (i32.const 0))
        (func $f (export "f") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $f))
        (func (export "nested") (param i32) (call $again (local.get 0))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("host", "again", |mut caller: tancho::Caller<'_, ()>, _: i32| -> Result<()> {
            let f = caller.get_export("f").and_then(|f| f.into_func()).unwrap();
            f.call(&mut caller, &[], &mut [])
        })
        .unwrap();
    let mut depths = Vec::new();
    for bytes in [64 << 10, 128 << 10, 256 << 10] {
        for export in ["f", "nested"] {
            let mut store = Store::new(&engine, ());
            store.set_limits(Limits::new().stack_bytes(bytes)).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let f: Func = instance.get_func(&mut store, export).unwrap();
            let arguments: &[tancho::Val] = if export == "f" { &[] } else { &[tancho::Val::I32(0)] };
            let error = f.call(&mut store, arguments, &mut []).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{error:?}");
            let depth = instance.get_global(&mut store, "depth").unwrap().get(&mut store).unwrap_i32();
            depths.push(depth);
        }
    }
    // Frames of 16 bytes: at most as many as there is room for, and most of that; the host's frames take some of it.
    assert!(depths[0] > 2000 && depths[0] <= 4096, "{depths:?}");
    assert!(depths[4] > 3 * depths[0] && depths[4] <= 4 * 4096 && depths[5] < depths[4], "{depths:?}");
}

/// What a limiter is asked and told, and what it answers.
#[derive(Default)]
struct Asked {
    log: Vec<String>,
    refuses: bool,
    fails: bool,
    panics: bool,
    ends_failed: bool,
}

impl Asked {
    fn answer(&mut self, what: String) -> Result<bool> {
        self.log.push(what);
        assert!(!self.panics, "the limiter is not well");
        if self.fails { Err(Error::msg("the limiter's own error")) } else { Ok(!self.refuses) }
    }
}

impl ResourceLimiter for Asked {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.answer(format!("memory {current} {desired} {maximum:?}"))
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.log.push(format!("failed: {error}"));
        if self.ends_failed { Err(error.context("enough")) } else { Ok(()) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.answer(format!("table {current} {desired} {maximum:?}"))
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.log.push(format!("table failed: {error}"));
        if self.ends_failed { Err(error) } else { Ok(()) }
    }
}

fn asked() -> (Store<Asked>, Instance) {
    let engine = Engine::default();
    let module = Module::new(&engine, TEXT).unwrap();
    let mut store = Store::new(&engine, Asked::default());
    store.limiter(|asked| asked);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(store.data().log, ["memory 0 65536 Some(655360)", "table 0 2 Some(20)"]);
    store.data_mut().log.clear();
    (store, instance)
}

#[test]
fn a_limiter_is_asked_and_told() {
    let (mut store, instance) = asked();
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), 1);
    assert_eq!(grow(&mut store, instance, "grow_table", 3).unwrap(), 2);
    assert_eq!(store.data().log, ["memory 65536 131072 Some(655360)", "table 2 5 Some(20)"]);
    store.data_mut().log.clear();
    store.data_mut().refuses = true;
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), -1);
    assert_eq!(grow(&mut store, instance, "grow_table", 1).unwrap(), -1);
    assert!(store.data().log[1].contains("does not allow 196608 bytes"), "{:?}", store.data().log);
    assert!(store.data().log[3].starts_with("table failed"), "{:?}", store.data().log);
    let module = Module::new(store.engine(), TEXT).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(exceeded(&error), LimitExceeded { resource: Resource::MemoryBytes, asked: PAGE, limit: None });
    // What the limits refuse, it is told of and not asked.
    store.data_mut().refuses = false;
    store.data_mut().log.clear();
    store.set_limits(Limits::new().memory_bytes(2 * PAGE)).unwrap();
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), -1);
    assert_eq!(store.data().log.len(), 1, "{:?}", store.data().log);
    assert!(store.data().log[0].contains("Limits::memory_bytes"));
    // And it may make an error of it.
    store.data_mut().ends_failed = true;
    let error = grow(&mut store, instance, "grow", 1).unwrap_err();
    assert!(format!("{error:#}").contains("enough"), "{error:?}");
}

#[test]
fn an_error_of_a_limiter_ends_the_call() {
    let (mut store, instance) = asked();
    store.data_mut().fails = true;
    for what in ["grow", "grow_table"] {
        let error = grow(&mut store, instance, what, 1).unwrap_err();
        assert!(format!("{error:#}").contains("the limiter's own error"), "{error:?}");
    }
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert!(format!("{:#}", memory.grow(&mut store, 1).unwrap_err()).contains("the limiter's own error"));
    store.data_mut().fails = false;
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), 1);
}

#[test]
fn a_limiter_that_panics_poisons_the_store() {
    for by_host in [false, true] {
        let (mut store, instance) = asked();
        store.data_mut().panics = true;
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let error = if by_host {
            memory.grow(&mut store, 1).map(drop).unwrap_err()
        } else {
            grow(&mut store, instance, "grow", 1).map(drop).unwrap_err()
        };
        assert!(format!("{error:#}").contains("the limiter is not well"), "{error:?}");
        store.data_mut().panics = false;
        let error = grow(&mut store, instance, "grow", 1).unwrap_err();
        assert!(format!("{error:#}").contains("poisoned"), "{error:?}");
    }
}

#[test]
fn store_limits_are_those_of_other_engines() {
    let engine = Engine::default();
    let module = Module::new(&engine, TEXT).unwrap();
    let limits = StoreLimitsBuilder::new().memory_size(2 << 16).table_elements(4).instances(1).memories(1).tables(1);
    let mut store = Store::new(&engine, limits.clone().build());
    store.limiter(|limits: &mut StoreLimits| limits);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), 1);
    assert_eq!(grow(&mut store, instance, "grow", 1).unwrap(), -1);
    assert_eq!(grow(&mut store, instance, "grow_table", 2).unwrap(), 2);
    assert_eq!(grow(&mut store, instance, "grow_table", 1).unwrap(), -1);
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(exceeded(&error).resource, Resource::Instances);
    *store.data_mut() = limits.trap_on_grow_failure(true).build();
    assert!(grow(&mut store, instance, "grow", 1).is_err());
}

/// In a process of its own, which may have so much address space only: what memories have left is given back at once, for whatever comes.
#[test]
fn nothing_is_kept_where_address_space_is_limited() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    const ALONE: &str = "TANCHO_ADDRESS_SPACE_ALONE";
    let address_space = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096
    };
    if std::env::var_os(ALONE).is_none() {
        let name = "nothing_is_kept_where_address_space_is_limited";
        let this = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(this.status.success(), "{}", String::from_utf8_lossy(&this.stderr));
        return;
    }
    let engine = Engine::default();
    let module = Module::new(&engine, "(module (memory 1))").unwrap();
    let make = || {
        let mut store = Store::new(&engine, ());
        Instance::new(&mut store, &module, &[]).unwrap();
        address_space()
    };
    make();
    // A memory's address space is kept for the next one.
    let kept = address_space();
    assert!(make() < kept + (4 << 30), "it was not used again");
    setrlimit(Resource::As, Rlimit { current: Some(kept + (20 << 30)), maximum: None }).unwrap();
    for _ in 0..3 {
        assert!(make() >= address_space() + (4 << 30), "it was kept");
    }
}
