//! The end of an epoch: the program is asked in the middle of WebAssembly, and calls yield there; no register is lost, nothing moves.

use super::executor::{Turns, block_on, poll, wander};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;
use tancho::{
    Caller, Config, Engine, Error, ExternRef, Func, Instance, Linker, Module, Ref, Result, Rooted, Store, Trap,
    TypedFunc, UpdateDeadline, Val, WasmBacktrace,
};

/// Counts epochs as fast as it can until it is dropped.
struct Clock(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Clock {
    fn new(engine: &Engine, every: Duration) -> Clock {
        // Under an emulator code runs a hundredth as far meanwhile: there would be thousands of stops, and as many threads where each poll has
        // one, of which qemu-user 7.2 keeps a megabyte each.
        let every = if std::env::var_os("TANCHO_RUNNER").is_some() { every * 100 } else { every };
        let ended = Arc::new(AtomicBool::new(false));
        let (engine, flag) = (engine.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                engine.increment_epoch();
                std::thread::sleep(every);
            }
        });
        Clock(ended, Some(thread))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

/// Epochs that end during a call that is [`ticked`]: whatever the machine is busy with, it comes to its end.
const TICKS: u32 = 25;

/// Polls until it is done, each time on a new thread, and the first times with an epoch that ends while it runs; how often.
fn ticked<R: Send>(engine: &Engine, future: impl Future<Output = R> + Send) -> (R, u32) {
    let mut future = pin!(future);
    for polls in 1.. {
        let polled = std::thread::scope(|scope| {
            let future = future.as_mut();
            if polls <= TICKS {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_micros(50));
                    engine.increment_epoch();
                });
            }
            scope.spawn(move || poll(future)).join().unwrap()
        });
        if let Poll::Ready(result) = polled {
            return (result, polls);
        }
    }
    unreachable!("it is polled until it is done")
}

/// Whether traps are left to signals, and whether the collector collects whenever it can.
const ENGINES: [(bool, bool); 3] = [(true, false), (false, false), (true, true)];

fn engine((signals, zeal): (bool, bool)) -> Engine {
    Engine::new(Config::new().signals_based_traps(signals).gc_zeal(zeal).gc_nursery(128 << 10)).unwrap()
}

/// Keeps as much as it can in registers of every kind, and objects that nothing else refers to, over loops.
const BUSY: &str = r#"(module
    (type $node (struct (field (mut i32)) (field (mut (ref null $node)))))
    (func $make (param i32) (result (ref $node)) (struct.new $node (local.get 0) (ref.null $node)))
    (func (export "run") (param $n i32) (result i64)
        (local $a i32) (local $b i64) (local $c f32) (local $d f64) (local $v v128) (local $w v128)
        (local $e i64) (local $f i64) (local $g i64) (local $h i64) (local $x f64) (local $y f64)
        (local $i i32) (local $node (ref $node))
        (local.set $node (call $make (i32.const 40)))
        (local.set $v (v128.const i32x4 1 2 3 4))
        (local.set $w (v128.const i64x2 5 7))
        (local.set $c (f32.const 1.5)) (local.set $d (f64.const 2.25)) (local.set $x (f64.const 1))
        (loop $l
            (local.set $a (i32.add (local.get $a) (i32.const 3)))
            (local.set $b (i64.add (local.get $b) (i64.extend_i32_u (local.get $a))))
            (local.set $e (i64.rotl (i64.xor (local.get $e) (local.get $b)) (i64.const 5)))
            (local.set $f (i64.add (i64.mul (local.get $f) (i64.const 3)) (local.get $e)))
            (local.set $g (i64.sub (local.get $g) (local.get $f)))
            (local.set $h (i64.xor (local.get $h) (local.get $g)))
            (local.set $c (f32.sub (f32.const 3) (local.get $c)))
            (local.set $d (f64.add (f64.mul (local.get $d) (f64.const 0.5)) (f64.promote_f32 (local.get $c))))
            (local.set $x (f64.sqrt (f64.add (local.get $x) (local.get $d))))
            (local.set $y (f64.add (local.get $y) (local.get $x)))
            (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $a))))
            (local.set $w (i64x2.sub (local.get $w) (v128.xor (local.get $v) (i64x2.splat (local.get $e)))))
            (if (i32.eqz (i32.and (local.get $i) (i32.const 0xfff)))
                (then (struct.set $node 1 (local.get $node) (call $make (local.get $i)))
                    (local.set $node (struct.new $node (struct.get $node 0 (local.get $node))
                        (struct.get $node 1 (local.get $node))))))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i64.xor
            (i64.xor (i64.xor (local.get $b) (local.get $f)) (i64.xor (local.get $h) (local.get $g)))
            (i64.xor
                (i64.xor (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $w)))
                (i64.add (i64.reinterpret_f64 (local.get $y))
                    (i64.extend_i32_u (i32.add (struct.get $node 0 (local.get $node))
                        (struct.get $node 0 (ref.as_non_null (struct.get $node 1 (local.get $node))))))))))
    (func (export "forever") (loop $l (br $l)))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0))))
    (memory (export "memory") 1)
    (table (export "table") 2 funcref)
    (global (export "global") (mut i32) (i32.const 1)))"#;

fn busy(engine: &Engine) -> (Store<u32>, Instance) {
    let mut store = Store::new(engine, 0);
    let instance = Instance::new(&mut store, &Module::new(engine, BUSY).unwrap(), &[]).unwrap();
    (store, instance)
}

#[test]
fn nothing_is_lost_where_code_is_stopped() {
    for kind in ENGINES {
        let engine = engine(kind);
        // Whole collections take their time.
        let (rounds, turns, asks) = if kind.1 { (2, 20_000, 3) } else { (4, 200_000, 10) };
        let (mut store, instance) = busy(&engine);
        let run: TypedFunc<i32, i64> = instance.get_typed_func(&mut store, "run").unwrap();
        let expected = run.call(&mut store, turns).unwrap();
        let clock = Clock::new(&engine, Duration::from_micros(50));
        store.epoch_deadline_callback(|mut store| {
            *store.data_mut() += 1;
            store.gc();
            Ok(UpdateDeadline::Continue(1))
        });
        store.set_epoch_deadline(1);
        // A busy machine may give the clock no turn for a while.
        let mut round = 0;
        while round < rounds || *store.data() < asks {
            assert_eq!(run.call(&mut store, turns).unwrap(), expected);
            round += 1;
        }
        drop(clock);
        store.epoch_deadline_async_yield_and_update(1);
        let (mut polls, mut round) = (0, 0);
        while round < rounds || polls < round + asks {
            let (result, more) = ticked(&engine, run.call_async(&mut store, turns));
            assert_eq!(result.unwrap(), expected);
            polls += more;
            round += 1;
        }
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        store.epoch_deadline_callback(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(Turns(3))))
        });
        let mut polls = 0;
        for _ in 0..rounds {
            let (result, more) = ticked(&engine, run.call_async(&mut store, turns));
            assert_eq!(result.unwrap(), expected);
            polls += more - 1;
        }
        assert_eq!(polls, 3 * asked.load(Ordering::Relaxed));
        // Where nothing can wait, it goes on.
        let clock = Clock::new(&engine, Duration::from_micros(50));
        assert_eq!(run.call(&mut store, turns).unwrap(), expected);
        drop(clock);
        assert_eq!(engine.async_stacks_in_use(), 0);
    }
}

#[test]
fn what_cannot_be_done_there_is_refused() {
    for kind in ENGINES {
        let engine = engine(kind);
        let (mut store, instance) = busy(&engine);
        let forever: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "forever").unwrap();
        let run: TypedFunc<i32, i64> = instance.get_typed_func(&mut store, "run").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let table = instance.get_table(&mut store, "table").unwrap();
        let global = instance.get_global(&mut store, "global").unwrap();
        let module = Module::new(&engine, BUSY).unwrap();
        store.epoch_deadline_callback(move |mut store| {
            let refused: [Error; 6] = [
                run.call(&mut store, 1).unwrap_err(),
                run.func().call(&mut store, &[Val::I32(1)], &mut [Val::I64(0)]).unwrap_err(),
                Instance::new(&mut store, &module, &[]).unwrap_err(),
                ExternRef::new(&mut store, 1).unwrap_err(),
                memory.grow(&mut store, 1).unwrap_err(),
                table.grow(&mut store, 1, Ref::Func(None)).unwrap_err(),
            ];
            for error in refused {
                assert!(format!("{error:?}").contains("stopped in the middle of a function"), "{error:?}");
            }
            store.gc();
            memory.write(&mut store, 8, b"there").unwrap();
            global.set(&mut store, Val::I32(7))?;
            let func = Func::wrap(&mut store, || ());
            table.set(&mut store, 1, Ref::Func(Some(func)))?;
            assert_eq!(WasmBacktrace::capture(&store).frames().len(), 1);
            Ok(UpdateDeadline::Interrupt)
        });
        store.set_epoch_deadline(1);
        let _clock = Clock::new(&engine, Duration::from_millis(1));
        let error = forever.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt), "{error:?}");
        assert_eq!(&memory.data(&store)[8..13], b"there");
        assert_eq!(global.get(&mut store).i32(), Some(7));
        // And can be done afterwards.
        store.epoch_deadline_trap();
        memory.grow(&mut store, 1).unwrap();
        run.call(&mut store, 1).unwrap();
    }
}

#[test]
fn what_a_callback_ends_in() {
    for kind in ENGINES {
        let engine = engine(kind);
        let (mut store, instance) = busy(&engine);
        let forever: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "forever").unwrap();
        let _clock = Clock::new(&engine, Duration::from_millis(1));
        store.epoch_deadline_callback(|_| Err(Error::msg("of the callback")));
        store.set_epoch_deadline(1);
        for _ in 0..2 {
            let error = forever.call(&mut store, ()).unwrap_err();
            assert!(format!("{error:?}").contains("of the callback"));
            assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 1);
            store.set_epoch_deadline(1);
            let error = block_on(forever.call_async(&mut store, ())).unwrap_err();
            assert!(format!("{error:?}").contains("of the callback"));
            store.set_epoch_deadline(1);
        }
        // Requests to interrupt end it whatever is answered.
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        store.set_deadline(Some(std::time::Instant::now() + Duration::from_millis(30))).unwrap();
        let error = block_on(forever.call_async(&mut store, ())).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        store.set_deadline(Some(std::time::Instant::now() + Duration::from_millis(30))).unwrap();
        let error = forever.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        // Also where it waits there.
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::YieldCustom(1, Box::pin(std::future::pending()))));
        store.set_epoch_deadline(1);
        store.set_deadline(Some(std::time::Instant::now() + Duration::from_millis(30))).unwrap();
        let error = block_on(forever.call_async(&mut store, ())).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        // And a future that is dropped.
        store.set_epoch_deadline(1);
        {
            let mut call = pin!(forever.call_async(&mut store, ()));
            assert!(matches!(poll(call.as_mut()), Poll::Pending));
        }
        assert_eq!(engine.async_stacks_in_use(), 0);
        store.epoch_deadline_callback(|_| panic!("in the callback"));
        store.set_epoch_deadline(1);
        let error = forever.call(&mut store, ()).unwrap_err();
        assert!(format!("{error:?}").contains("in the callback"));
        assert!(format!("{:?}", forever.call(&mut store, ()).unwrap_err()).contains("poisoned"));
    }
}

/// Where less of the stack is left than the host may rely on, nobody is asked.
#[test]
fn deep_recursion_with_callbacks() {
    for kind in &ENGINES[..2] {
        let engine = engine(*kind);
        let (mut store, instance) = busy(&engine);
        let deep: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "deep").unwrap();
        let _clock = Clock::new(&engine, Duration::from_micros(20));
        store.epoch_deadline_callback(|mut store| {
            let mut room = [0_u8; 30 << 10];
            std::hint::black_box(&mut room);
            *store.data_mut() += 1;
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        for _ in 0..50 {
            assert_eq!(deep.call(&mut store, 1000).unwrap(), 1000);
            let error = block_on(deep.call_async(&mut store, i32::MAX)).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
            let error = deep.call(&mut store, i32::MAX).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
        }
    }
}

/// A yield deep within host functions that wait for each other, under zeal: what the frames hold stays.
#[test]
fn yields_within_nested_calls() {
    let engine = Engine::new(Config::new().gc_zeal(true).gc_nursery(128 << 10)).unwrap();
    let text = r#"(module
        (type $box (struct (field i32)))
        (import "host" "deeper" (func $deeper (param i32 anyref) (result i32))) (import "host" "tick" (func $tick))
        (func (export "run") (param i32) (result i32)
            (local $box (ref $box)) (local $i i32)
            (local.set $box (struct.new $box (local.get 0)))
            (loop $l
                (call $tick)
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40))))
            (i32.add (call $deeper (local.get 0) (local.get $box))
                (struct.get $box 0 (local.get $box)))))"#;
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async(
            "host",
            "deeper",
            |mut caller: Caller<'_, ()>, (depth, _object): (i32, Option<Rooted<tancho::AnyRef>>)| {
                Box::new(async move {
                    caller.gc();
                    if depth == 0 {
                        return Ok(0);
                    }
                    let run = caller.get_export("run").unwrap().into_func().unwrap().typed::<i32, i32>(&caller)?;
                    let result: Result<i32> = run.call_async(&mut caller, depth - 1).await;
                    caller.gc();
                    result
                })
            },
        )
        .unwrap();
    linker.func_wrap("host", "tick", |caller: Caller<'_, ()>| caller.engine().increment_epoch()).unwrap();
    let mut store = Store::new(&engine, ());
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(1);
    let instance = linker.instantiate(&mut store, &Module::new(&engine, text).unwrap()).unwrap();
    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").unwrap();
    for _ in 0..3 {
        let mut call = pin!(run.call_async(&mut store, 8));
        let mut polls = 0;
        // An epoch ends in each turn of each loop, which then waits.
        let result = loop {
            let future = call.as_mut();
            polls += 1;
            let polled = if polls % 20 == 0 {
                std::thread::scope(|scope| scope.spawn(move || poll(future)).join().unwrap())
            } else {
                poll(future)
            };
            if let Poll::Ready(result) = polled {
                break result;
            }
        };
        assert_eq!(result.unwrap(), 36);
        assert!(polls > 9 * 39, "{polls} polls");
    }
    assert_eq!(engine.async_stacks_in_use(), 0);
}

/// Turns by fuel: as many in every run, and all that was there is spent.
#[test]
fn turns_that_are_counted_by_fuel() {
    for signals in [true, false] {
        let engine = Engine::new(Config::new().signals_based_traps(signals).consume_fuel(true)).unwrap();
        let (mut store, instance) = {
            let mut store = Store::new(&engine, 0);
            store.set_fuel(u64::MAX).unwrap();
            let instance = Instance::new(&mut store, &Module::new(&engine, BUSY).unwrap(), &[]).unwrap();
            (store, instance)
        };
        let run: TypedFunc<i32, i64> = instance.get_typed_func(&mut store, "run").unwrap();
        let forever: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "forever").unwrap();
        store.set_fuel(1 << 40).unwrap();
        let expected = run.call(&mut store, 10_000).unwrap();
        let spent = (1 << 40) - store.get_fuel().unwrap();
        let mut all = Vec::new();
        for _ in 0..3 {
            store.fuel_async_yield_interval(Some(spent / 20)).unwrap();
            store.set_fuel(1 << 40).unwrap();
            let (result, polls) = wander(run.call_async(&mut store, 10_000));
            assert_eq!(result.unwrap(), expected);
            assert_eq!(store.get_fuel().unwrap(), (1 << 40) - spent);
            all.push(polls);
            // Where nothing can wait it is the same.
            store.set_fuel(spent).unwrap();
            assert_eq!(run.call(&mut store, 10_000).unwrap(), expected);
            assert_eq!(store.get_fuel().unwrap(), 0);
        }
        assert!(all.iter().all(|polls| *polls == all[0]) && (19..=23).contains(&all[0]), "{all:?}");
        // To the end, dropped in the middle, and interrupted.
        store.set_fuel(100_000).unwrap();
        store.fuel_async_yield_interval(Some(1000)).unwrap();
        let error = block_on(forever.call_async(&mut store, ())).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
        assert_eq!(store.get_fuel().unwrap(), 0);
        store.set_fuel(u64::MAX).unwrap();
        {
            let mut call = pin!(forever.call_async(&mut store, ()));
            for _ in 0..5 {
                assert!(matches!(poll(call.as_mut()), Poll::Pending));
            }
        }
        let spent = u64::MAX - store.get_fuel().unwrap();
        assert!((4_900..=5_000).contains(&spent), "{spent}");
        store.set_deadline(Some(std::time::Instant::now() + Duration::from_millis(20))).unwrap();
        let error = block_on(forever.call_async(&mut store, ())).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        assert!(store.fuel_async_yield_interval(Some(0)).is_err());
        store.fuel_async_yield_interval(None).unwrap();
        assert_eq!(engine.async_stacks_in_use(), 0);
    }
    let mut store = Store::new(&Engine::default(), ());
    assert!(store.fuel_async_yield_interval(Some(1)).unwrap_err().to_string().contains("consume_fuel"));
}

/// Waits in a shared memory for ever, or until somebody notifies.
const WAITS: &str = r#"(module
    (memory (export "memory") 1 1 shared)
    (func (export "wait") (param i64) (result i32) (memory.atomic.wait32 (i32.const 8) (i32.const 0) (local.get 0))))"#;

#[test]
fn a_thread_that_waits_in_a_shared_memory_is_asked() {
    for kind in ENGINES {
        let engine = engine(kind);
        let mut store = Store::new(&engine, 0);
        let instance = Instance::new(&mut store, &Module::new(&engine, WAITS).unwrap(), &[]).unwrap();
        let wait = instance.get_typed_func::<i64, i32>(&mut store, "wait").unwrap();
        let memory = instance.get_shared_memory(&mut store, "memory").unwrap();
        let clock = Clock::new(&engine, Duration::from_micros(500));
        // It waits on until it is told otherwise, and is a waiter all the while.
        store.epoch_deadline_callback(|mut store| {
            *store.data_mut() += 1;
            Ok(if *store.data() < 5 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
        store.set_epoch_deadline(1);
        let error = wait.call(&mut store, -1).unwrap_err();
        assert_eq!((error.downcast_ref::<Trap>(), *store.data()), (Some(&Trap::Interrupt), 5));
        // Nothing of it is left: another wait is another.
        assert_eq!(memory.atomic_notify(8, 10).unwrap(), 0);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Err(Error::msg("enough waited")));
        let error = wait.call(&mut store, -1).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "enough waited");
        // The callback may notify the very thread that asks it.
        let own = memory.clone();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            assert_eq!(own.atomic_notify(8, 10).unwrap(), 1);
            Ok(UpdateDeadline::Continue(u64::MAX >> 1))
        });
        assert_eq!(wait.call(&mut store, -1).unwrap(), 0);
        // A time that is up meanwhile, and an asynchronous call, which does not yield there.
        store.epoch_deadline_async_yield_and_update(1);
        store.set_epoch_deadline(1);
        {
            let mut call = pin!(wait.call_async(&mut store, 20_000_000));
            assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(2))), "it waits without leaving its thread");
        }
        drop(clock);
        // An interruption ends a wait that asks as it ends any.
        let handle = store.interrupt_handle();
        store.epoch_deadline_callback(move |_| {
            handle.interrupt();
            Ok(UpdateDeadline::Continue(u64::MAX >> 1))
        });
        store.set_epoch_deadline(1);
        let clock = Clock::new(&engine, Duration::from_millis(1));
        let error = wait.call(&mut store, -1).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
        assert!(!store.interrupt_handle().is_pending());
        drop(clock);
    }
}

/// A loop reads globals and a memory that nothing but the callback changes, and that have been read before it.
#[test]
fn what_a_callback_writes_is_seen() {
    let text = r#"(module
        (global (export "global") (mut i32) (i32.const 0)) (memory (export "memory") 1)
        (func (export "global_changes")
            (if (global.get 0) (then (return)))
            (loop $l (br_if $l (i32.eqz (global.get 0)))))
        (func (export "memory_changes")
            (if (i32.load (i32.const 4)) (then (return)))
            (loop $l (br_if $l (i32.eqz (i32.load (i32.const 4)))))))"#;
    for (signals, zeal) in ENGINES {
        let mut config = Config::new();
        config.signals_based_traps(signals).gc_zeal(zeal).epoch_interruption(true);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, 0);
        let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
        let global = instance.get_global(&mut store, "global").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        store.epoch_deadline_callback(move |mut store| {
            *store.data_mut() += 1;
            if *store.data() == 3 {
                global.set(&mut store, Val::I32(1))?;
                memory.write(&mut store, 4, &[1])?;
            }
            // Were it not seen, this would end the loop.
            Ok(if *store.data() < 100 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
        let _clock = Clock::new(&engine, Duration::from_micros(200));
        for name in ["global_changes", "memory_changes"] {
            *store.data_mut() = 0;
            global.set(&mut store, Val::I32(0)).unwrap();
            memory.write(&mut store, 4, &[0]).unwrap();
            store.set_epoch_deadline(1);
            let changes = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
            changes.call(&mut store, ()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert!(*store.data() < 100);
        }
    }
}
