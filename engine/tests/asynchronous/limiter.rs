//! Limiters that take their time: growth in WebAssembly and by the host, and instantiation, wait for them, and end as waits do.

use super::executor::{Turns, block_on, poll, wander};
use std::pin::pin;
use std::task::Poll;
use tancho::{
    Caller, Config, Engine, Growing, Instance, Linker, Memory, MemoryType, Module, Ref, RefType, ResourceLimiterAsync,
    SharedMemory, Store, Table, TableType, Trap,
};

/// Answers after so many polls, and yes to what is not larger than this.
#[derive(Clone, Default)]
struct Slow {
    turns: u32,
    most: usize,
    asked: Vec<(usize, usize, Option<usize>)>,
    failed: Vec<String>,
    panics: bool,
}

impl Slow {
    fn answer<'a>(&'a mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growing<'a> {
        Box::pin(async move {
            Turns(self.turns).await;
            assert!(!self.panics, "the limiter gives up");
            self.asked.push((current, desired, maximum));
            Ok(desired <= self.most)
        })
    }
}

impl ResourceLimiterAsync for Slow {
    fn memory_growing<'a, 'b>(&'a mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growing<'b>
    where
        'a: 'b,
    {
        self.answer(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, error: tancho::Error) -> tancho::Result<()> {
        self.failed.push(error.to_string());
        Ok(())
    }

    fn table_growing<'a, 'b>(&'a mut self, current: usize, desired: usize, maximum: Option<usize>) -> Growing<'b>
    where
        'a: 'b,
    {
        self.answer(current, desired, maximum)
    }

    fn memories(&self) -> usize {
        5
    }
}

const GROWS: &str = r#"(module
    (import "host" "call" (func $call (result i32)))
    (memory (export "memory") 1 10) (table (export "table") 2 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "more") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func (export "both") (result i32) (i32.add (memory.grow (i32.const 1)) (call $call))))"#;

fn store(engine: &Engine, turns: u32) -> (Store<Slow>, Instance) {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "call", |mut caller: Caller<'_, Slow>| {
            let grow = caller.get_export("grow").unwrap().into_func().unwrap().typed::<i32, i32>(&caller).unwrap();
            grow.call(&mut caller, 1)
        })
        .unwrap();
    let mut store = Store::new(engine, Slow { turns, most: 3 << 16, ..Slow::default() });
    store.limiter_async(|slow| slow);
    let module = Module::new(engine, GROWS).unwrap();
    let (instance, polls) = wander(linker.instantiate_async(&mut store, &module));
    assert_eq!(polls, 2 * turns + 1);
    assert_eq!(store.data().asked, [(0, 1 << 16, Some(10 << 16)), (0, 2, None)]);
    store.data_mut().asked.clear();
    (store, instance.unwrap())
}

fn engines() -> [Engine; 3] {
    let settings: [fn(&mut Config); 3] = [
        |_| {},
        |config| {
            config.signals_based_traps(false).memory_reservation(0);
        },
        |config| {
            config.gc_zeal(true);
        },
    ];
    settings.map(|set| {
        let mut config = Config::new();
        set(&mut config);
        Engine::new(&config).unwrap()
    })
}

#[test]
fn webassembly_waits_for_its_limiter() {
    for engine in engines() {
        for turns in [0, 1, 3] {
            let (mut store, instance) = store(&engine, turns);
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
            let (former, polls) = wander(grow.call_async(&mut store, 2));
            assert_eq!((former.unwrap(), polls), (1, turns + 1));
            let (former, polls) = wander(grow.call_async(&mut store, 1));
            assert_eq!((former.unwrap(), polls), (-1, turns + 1));
            // Nothing to ask.
            let (former, polls) = wander(grow.call_async(&mut store, 0));
            assert_eq!((former.unwrap(), polls), (3, 1));
            let more = instance.get_typed_func::<i32, i32>(&mut store, "more").unwrap();
            let (former, polls) = wander(more.call_async(&mut store, 8));
            assert_eq!((former.unwrap(), polls), (2, turns + 1));
            let maximum = Some(10 << 16);
            assert_eq!(store.data().asked, [(1 << 16, 3 << 16, maximum), (3 << 16, 4 << 16, maximum), (2, 10, None)]);
            assert_eq!(store.data().failed.len(), 1, "{:?}", store.data().failed);
            assert_eq!(engine.async_stacks_in_use(), 0);
        }
    }
}

#[test]
fn the_host_waits_for_it() {
    let engine = Engine::default();
    let (mut store, instance) = store(&engine, 2);
    let (memory, polls) = wander(Memory::new_async(&mut store, MemoryType::new(1, None)));
    assert_eq!(polls, 3);
    let memory = memory.unwrap();
    assert_eq!(block_on(memory.grow_async(&mut store, 2)).unwrap(), 1);
    assert!(block_on(memory.grow_async(&mut store, 1)).is_err());
    assert_eq!(memory.size(&store), 3);
    let ty = TableType::new(RefType::FUNCREF, 4, None);
    let (table, polls) = wander(Table::new_async(&mut store, ty, Ref::Func(None)));
    assert_eq!(polls, 3);
    assert_eq!(block_on(table.unwrap().grow_async(&mut store, 5, Ref::Func(None))).unwrap(), 4);
    // What is imported, and what is made for an import.
    let shared = SharedMemory::new(&engine, MemoryType::shared(1, 2)).unwrap();
    let text = r#"(module (import "" "shared" (memory 1 2 shared)) (import "" "own" (memory 1)) (memory 1))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut linker = Linker::new(&engine);
    linker.define(&store, "", "shared", shared).unwrap();
    linker.define_unknown_imports_as_default_values(&module).unwrap();
    store.data_mut().asked.clear();
    let (instance_of, polls) = wander(linker.instantiate_async(&mut store, &module));
    instance_of.unwrap();
    assert_eq!((store.data().asked.len(), polls), (3, 7));
    // The sixth memory is one too many, which is not asked about.
    let (refused, polls) = wander(Memory::new_async(&mut store, MemoryType::new(1, None)));
    assert_eq!((refused.is_err(), polls), (true, 1));
    assert!(instance.get_memory(&mut store, "memory").unwrap().grow(&mut store, 0).is_ok());
    assert_eq!(engine.async_stacks_in_use(), 0);
}

#[test]
fn what_cannot_wait_is_an_error() {
    let engine = Engine::default();
    let (mut store, instance) = store(&engine, 1);
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let both = instance.get_typed_func::<(), i32>(&mut store, "both").unwrap();
    let mut errors = vec![
        grow.call(&mut store, 1).unwrap_err(),
        memory.grow(&mut store, 1).unwrap_err(),
        Memory::new(&mut store, MemoryType::new(1, None)).unwrap_err(),
        Instance::new(&mut store, &Module::new(&engine, "(module (memory 1))").unwrap(), &[]).unwrap_err(),
    ];
    assert_eq!(memory.size(&store), 1);
    // On a fiber, where a synchronous function of the host's has called.
    errors.push(block_on(both.call_async(&mut store, ())).unwrap_err());
    for error in errors {
        let text = format!("{error:?}");
        assert!(text.contains("has to wait, and was called where nothing can"), "{text}");
    }
    assert_eq!(memory.size(&store), 2);
    // Without anything to wait for, all is well.
    store.data_mut().turns = 0;
    assert_eq!(grow.call(&mut store, 1).unwrap(), 2);
    assert!(store.into_data().failed.is_empty());
}

#[test]
fn a_call_that_waits_for_it_ends_as_any() {
    for engine in engines() {
        let (mut store, instance) = store(&engine, 5);
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        for polls in 1..=5 {
            let mut call = Box::pin(grow.call_async(&mut store, 1));
            (0..polls).for_each(|_| assert!(matches!(poll(call.as_mut()), Poll::Pending)));
            drop(call);
            assert_eq!((engine.async_stacks_in_use(), memory.size(&store)), (0, 1));
        }
        // By an interruption.
        let handle = store.interrupt_handle();
        {
            let mut call = pin!(grow.call_async(&mut store, 1));
            assert!(matches!(poll(call.as_mut()), Poll::Pending));
            handle.interrupt();
            let Poll::Ready(result) = poll(call.as_mut()) else { panic!("it is not interrupted") };
            assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        }
        assert_eq!(block_on(grow.call_async(&mut store, 1)).unwrap(), 1);
        // By a panic, which poisons the store.
        store.data_mut().panics = true;
        let error = block_on(grow.call_async(&mut store, 1)).unwrap_err();
        assert!(format!("{error:?}").contains("resource limiter panicked: the limiter gives up"), "{error:?}");
        assert!(block_on(grow.call_async(&mut store, 0)).is_err());
        assert_eq!(engine.async_stacks_in_use(), 0);
    }
}
