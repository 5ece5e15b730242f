//! Shared memories on several threads of the system: programs that synchronise by atomic accesses, wait and notify, each a thousand times;
//! waits that end by a notification, a timeout or an interruption; growth while others run; several stores and the host at one memory.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tancho::{
    Config, Engine, Extern, Instance, InterruptHandle, Linker, Memory, MemoryType, Module, SharedMemory, Store, Trap,
    TypedFunc, WaitResult,
};
use tancho_tests::oracle::row;
use tancho_tests::oracle::seed::say;

const THREADS: usize = 4;

/// How often each program must come out right.
fn rounds() -> u32 {
    row::number("TANCHO_CASES").map_or(1000, |cases| cases as u32)
}

/// Programs for several threads over one memory. All that they keep is in it, and `reset` makes it what it was.
const PROGRAMS: &str = r#"(module
    (import "" "memory" (memory 1 2 shared))

    ;; A mutex at an address: 0 is free, 1 taken, 2 taken and perhaps waited for.
    (func $lock (param $at i32)
        (local $found i32)
        (if (i32.eqz (local.tee $found (i32.atomic.rmw.cmpxchg (local.get $at) (i32.const 0) (i32.const 1))))
            (then (return)))
        (loop $again
            (if (i32.ne (local.get $found) (i32.const 2))
                (then (local.set $found (i32.atomic.rmw.xchg (local.get $at) (i32.const 2)))))
            (if (local.get $found)
                (then
                    (drop (memory.atomic.wait32 (local.get $at) (i32.const 2) (i64.const -1)))
                    (local.set $found (i32.atomic.rmw.xchg (local.get $at) (i32.const 2)))
                    (br_if $again (local.get $found))))))
    (func $unlock (param $at i32)
        (if (i32.ne (i32.atomic.rmw.sub (local.get $at) (i32.const 1)) (i32.const 1))
            (then
                (i32.atomic.store (local.get $at) (i32.const 0))
                (drop (memory.atomic.notify (local.get $at) (i32.const 1))))))

    ;; Counts at 8, by plain accesses under the mutex at 0.
    (func (export "mutex") (param $times i32)
        (loop $next
            (call $lock (i32.const 0))
            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
            (call $unlock (i32.const 0))
            (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))

    ;; A queue of four: the mutex at 0, how many were ever put at 16 and taken at 20, the items from 32 on. Who finds it full waits
    ;; for 20 to change, who finds it empty for 16.
    (func (export "put") (param $item i32) (param $times i32)
        (local $put i32) (local $taken i32)
        (loop $next
            (call $lock (i32.const 0))
            (local.set $put (i32.load (i32.const 16)))
            (local.set $taken (i32.load (i32.const 20)))
            (if (i32.eq (i32.sub (local.get $put) (local.get $taken)) (i32.const 4))
                (then
                    (call $unlock (i32.const 0))
                    (drop (memory.atomic.wait32 (i32.const 20) (local.get $taken) (i64.const -1)))
                    (br $next)))
            (i32.store offset=32 (i32.shl (i32.and (local.get $put) (i32.const 3)) (i32.const 2)) (local.get $item))
            (i32.atomic.store (i32.const 16) (i32.add (local.get $put) (i32.const 1)))
            (call $unlock (i32.const 0))
            (drop (memory.atomic.notify (i32.const 16) (i32.const 1)))
            (local.set $item (i32.add (local.get $item) (i32.const 1)))
            (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
    (func (export "take") (param $times i32) (result i32)
        (local $put i32) (local $taken i32) (local $sum i32)
        (loop $next
            (call $lock (i32.const 0))
            (local.set $put (i32.load (i32.const 16)))
            (local.set $taken (i32.load (i32.const 20)))
            (if (i32.eq (local.get $put) (local.get $taken))
                (then
                    (call $unlock (i32.const 0))
                    (drop (memory.atomic.wait32 (i32.const 16) (local.get $put) (i64.const -1)))
                    (br $next)))
            (local.set $sum (i32.add (local.get $sum)
                (i32.load offset=32 (i32.shl (i32.and (local.get $taken) (i32.const 3)) (i32.const 2)))))
            (i32.atomic.store (i32.const 20) (i32.add (local.get $taken) (i32.const 1)))
            (call $unlock (i32.const 0))
            (drop (memory.atomic.notify (i32.const 20) (i32.const 1)))
            (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
        (local.get $sum))

    ;; Work is ranges of numbers, one at 64 + 8 * worker: from in the low half, to in the high half. A worker takes its own from the
    ;; front, and the last half of another's when it has none; it marks each number at 1024 + number.
    (func $range (param $from i32) (param $to i32) (result i64)
        (i64.or (i64.extend_i32_u (local.get $from)) (i64.shl (i64.extend_i32_u (local.get $to)) (i64.const 32))))
    (func (export "share") (param $worker i32) (param $from i32) (param $to i32)
        (i64.atomic.store offset=64 (i32.shl (local.get $worker) (i32.const 3)) (call $range (local.get $from) (local.get $to))))
    (func (export "steal") (param $worker i32) (param $workers i32) (result i64)
        (local $sum i64) (local $mine i32) (local $at i32) (local $found i64) (local $from i32) (local $to i32) (local $other i32)
        (local.set $mine (i32.shl (local.get $worker) (i32.const 3)))
        (loop $again
            (local.set $found (i64.atomic.load offset=64 (local.get $mine)))
            (local.set $from (i32.wrap_i64 (local.get $found)))
            (local.set $to (i32.wrap_i64 (i64.shr_u (local.get $found) (i64.const 32))))
            (if (i32.lt_u (local.get $from) (local.get $to))
                (then
                    (br_if $again (i64.ne (local.get $found)
                        (i64.atomic.rmw.cmpxchg offset=64 (local.get $mine) (local.get $found)
                            (call $range (i32.add (local.get $from) (i32.const 1)) (local.get $to)))))
                    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $from))))
                    (drop (i32.atomic.rmw8.add_u offset=1024 (local.get $from) (i32.const 1)))
                    (br $again)))
            (local.set $other (i32.const 0))
            (loop $victim
                (local.set $at (i32.shl (local.get $other) (i32.const 3)))
                (local.set $found (i64.atomic.load offset=64 (local.get $at)))
                (local.set $from (i32.wrap_i64 (local.get $found)))
                (local.set $to (i32.wrap_i64 (i64.shr_u (local.get $found) (i64.const 32))))
                (if (i32.lt_u (i32.add (local.get $from) (i32.const 1)) (local.get $to))
                    (then
                        (br_if $again (i64.ne (local.get $found)
                            (i64.atomic.rmw.cmpxchg offset=64 (local.get $at) (local.get $found)
                                (call $range (local.get $from)
                                    (i32.div_u (i32.add (local.get $from) (local.get $to)) (i32.const 2))))))
                        (i64.atomic.store offset=64 (local.get $mine)
                            (call $range (i32.div_u (i32.add (local.get $from) (local.get $to)) (i32.const 2)) (local.get $to)))
                        (br $again)))
                (local.set $other (i32.add (local.get $other) (i32.const 1)))
                (br_if $victim (i32.lt_u (local.get $other) (local.get $workers)))))
        (local.get $sum))

    (func (export "reset") (memory.fill (i32.const 0) (i32.const 0) (i32.const 8192)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1))))"#;

/// A store of a thread's own, with the programs in it.
struct Worker {
    store: Store<()>,
    instance: Instance,
}

impl Worker {
    fn new(module: &Module, memory: &SharedMemory) -> Worker {
        let mut store = Store::new(module.engine(), ());
        let instance = Instance::new(&mut store, module, &[memory.clone().into()]).expect("the import fits");
        Worker { store, instance }
    }

    fn call<P: tancho::WasmParams, R: tancho::WasmResults>(&mut self, name: &str, params: P) -> tancho::Result<R> {
        let function: TypedFunc<P, R> = self.instance.get_typed_func(&mut self.store, name)?;
        function.call(&mut self.store, params)
    }
}

fn programs(config: &Config) -> (Module, SharedMemory) {
    let engine = Engine::new(config).expect("the host is supported");
    let module = Module::new(&engine, PROGRAMS).expect("it compiles");
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 2)).expect("there is memory");
    (module, memory)
}

/// Runs `part` on four threads, each with a store of its own and its number, `rounds` times, and then `check`, which says what is wrong.
fn in_rounds(
    name: &'static str,
    part: impl Fn(&mut Worker, usize) -> u64 + Sync,
    prepare: impl Fn(&mut Worker),
    check: impl Fn(&mut Worker, &[u64]) -> Option<String>,
) {
    let (module, memory) = programs(&Config::new());
    let barrier = Barrier::new(THREADS + 1);
    let (rounds, start) = (rounds(), Instant::now());
    let results: [std::sync::atomic::AtomicU64; THREADS] = Default::default();
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (module, memory, barrier, part, results) = (&module, &memory, &barrier, &part, &results);
            scope.spawn(move || {
                let mut worker = Worker::new(module, memory);
                for _ in 0..rounds {
                    barrier.wait();
                    results[number].store(part(&mut worker, number), Ordering::SeqCst);
                    barrier.wait();
                }
            });
        }
        let mut worker = Worker::new(&module, &memory);
        for round in 0..rounds {
            worker.call::<(), ()>("reset", ()).expect("it returns");
            prepare(&mut worker);
            barrier.wait();
            barrier.wait();
            let came = results.each_ref().map(|result| result.load(Ordering::SeqCst));
            wrong.extend(check(&mut worker, &came).map(|what| format!("round {round}: {what}")));
        }
    });
    say(&format!("{name}: {rounds} rounds on {THREADS} threads, {} wrong, {:.1?}", wrong.len(), start.elapsed()));
    row::line("M2", rounds.into(), wrong.len() as u64, 0, start);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_mutex() {
    const TIMES: u32 = 500;
    in_rounds(
        "mutex",
        |worker, _| {
            worker.call::<u32, ()>("mutex", TIMES).expect("it returns");
            0
        },
        |_| {},
        |worker, _| {
            let count: u32 = worker.call("load", 8_u32).expect("it returns");
            (count != TIMES * THREADS as u32).then(|| format!("{count} of {}", TIMES * THREADS as u32))
        },
    );
}

#[test]
fn a_bounded_queue() {
    const TIMES: u32 = 50;
    in_rounds(
        "queue",
        |worker, number| match number {
            0 | 1 => {
                worker.call::<(u32, u32), ()>("put", (number as u32 * 1000, TIMES)).expect("it returns");
                0
            }
            _ => worker.call::<u32, u32>("take", TIMES).expect("it returns").into(),
        },
        |_| {},
        |_, came| {
            let expected: u64 = (0..u64::from(TIMES)).map(|item| item + 1000 + item).sum();
            let sum: u64 = came.iter().sum();
            (sum != expected).then(|| format!("{sum} instead of {expected}"))
        },
    );
}

#[test]
fn a_sum_by_work_stealing() {
    const NUMBERS: u32 = 2000;
    in_rounds(
        "work stealing",
        |worker, number| worker.call("steal", (number as u32, THREADS as u32)).expect("it returns"),
        // All of it is the first one's.
        |worker| worker.call("share", (0_u32, 0_u32, NUMBERS)).expect("it returns"),
        |worker, came| {
            let (sum, expected) = (came.iter().sum::<u64>(), u64::from(NUMBERS) * u64::from(NUMBERS - 1) / 2);
            for word in (0..NUMBERS).step_by(4) {
                let marks: u32 = worker.call("load", 1024 + word).expect("it returns");
                if marks != 0x0101_0101 {
                    return Some(format!("numbers from {word} on were done {marks:x} times"));
                }
            }
            (sum != expected).then(|| format!("{sum} instead of {expected}"))
        },
    );
}

fn trap_of<T: std::fmt::Debug>(result: tancho::Result<T>) -> Trap {
    let error = result.expect_err("it is to trap");
    *error.downcast_ref::<Trap>().unwrap_or_else(|| panic!("{error:?} is no trap"))
}

/// Waits until a thread waits at `place`, and releases it.
fn notify_one(memory: &SharedMemory, place: u64) {
    while memory.atomic_notify(place, 1).expect("it is in bounds") == 0 {
        std::thread::yield_now();
    }
}

/// A thread that is about to sleep, by the system's number of it; 0 before.
#[derive(Default)]
struct Sleeper(AtomicU32);

impl Sleeper {
    /// Says that this thread is about to sleep.
    fn announce(&self) {
        self.0.store(rustix::thread::gettid().as_raw_nonzero().get() as u32, Ordering::SeqCst);
    }

    /// Waits until it sleeps, however busy the machine is.
    fn settle(&self) {
        let asleep = |number: u32| {
            let state = std::fs::read_to_string(format!("/proc/self/task/{number}/stat")).unwrap_or_default();
            number != 0 && state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
        };
        while !asleep(self.0.load(Ordering::SeqCst)) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // What it sleeps on at first may be the lock.
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_interruption_releases_a_waiter() {
    let (module, memory) = programs(&Config::new());
    let mut took = Vec::new();
    for round in 0..40 {
        let mut worker = Worker::new(&module, &memory);
        let handle: InterruptHandle = worker.store.interrupt_handle();
        let sleeper = Sleeper::default();
        let (trap, ended, mut worker) = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.announce();
                let result = if round % 2 == 0 {
                    worker.call::<_, u32>("wait32", (0_u32, 0_u32, -1_i64))
                } else {
                    worker.call::<_, u32>("wait64", (0_u32, 0_u64, i64::MAX))
                };
                (trap_of(result), Instant::now(), worker)
            });
            sleeper.settle();
            let asked = Instant::now();
            handle.interrupt();
            let (trap, at, worker) = waiter.join().expect("it does not panic");
            (trap, at.saturating_duration_since(asked), worker)
        });
        assert_eq!(trap, Trap::Interrupt);
        took.push(ended);
        // Nothing of it is left, and the store is as good as before.
        assert_eq!(memory.atomic_notify(0, u32::MAX), Ok(0));
        assert_eq!(worker.call::<_, u32>("wait32", (0_u32, 0_u32, 0_i64)).expect("no request is left"), 2);
    }
    took.sort_unstable();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    say(&format!("interruption: half of 40 took {median:.1?} at most, the slowest {slowest:.1?}"));
    // When a thread that is awake gets a processor is not ours: on a busy machine it takes what it takes.
    assert!(median < row::interrupt_limit(), "{took:?}");
}

#[test]
fn a_request_stays_until_it_is_taken() {
    let (module, memory) = programs(&Config::new());
    let mut worker = Worker::new(&module, &memory);
    let handle = worker.store.interrupt_handle();
    handle.interrupt();
    handle.clone().interrupt();
    // What does not wait is not interrupted.
    assert_eq!(worker.call::<_, u32>("load", 0_u32).expect("it returns"), 0);
    assert_eq!(worker.call::<_, u32>("wait32", (0_u32, 1_u32, -1_i64)).expect("it does not begin"), 1);
    assert_eq!(trap_of(worker.call::<_, u32>("wait32", (0_u32, 0_u32, 5_000_000_000_i64))), Trap::Interrupt);
    assert_eq!(worker.call::<_, u32>("wait32", (0_u32, 0_u32, 1_i64)).expect("both were one"), 2);
    // Another store has nothing to do with it.
    let mut other = Worker::new(&module, &memory);
    handle.interrupt();
    assert_eq!(other.call::<_, u32>("wait32", (0_u32, 0_u32, 1_i64)).expect("it is not meant"), 2);
    drop(worker);
    handle.interrupt();
}

/// A notification that counts a waiter is its, whatever comes at the same time.
#[test]
fn a_wait_ends_once() {
    let (module, memory) = programs(&Config::new());
    let mut worker = Worker::new(&module, &memory);
    let handle = worker.store.interrupt_handle();
    let (rounds, mut ended) = (rounds() / 2, [0_u32; 3]);
    let barrier = Barrier::new(3);
    let released = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds {
                barrier.wait();
                std::thread::sleep(Duration::from_micros(50));
                released.store(memory.atomic_notify(0, 1).expect("it is in bounds"), Ordering::SeqCst);
                barrier.wait();
            }
        });
        scope.spawn(|| {
            for round in 0..rounds {
                barrier.wait();
                std::thread::sleep(Duration::from_micros(50));
                if round % 2 == 0 {
                    handle.interrupt();
                }
                barrier.wait();
            }
        });
        for round in 0..rounds {
            barrier.wait();
            let result = worker.call::<_, u32>("wait32", (0_u32, 0_u32, 120_000_i64));
            barrier.wait();
            let notified = released.load(Ordering::SeqCst) == 1;
            let requested = round % 2 == 0;
            let how = match &result {
                Ok(0) => 0,
                Ok(2) => 1,
                Err(error) if error.downcast_ref() == Some(&Trap::Interrupt) => 2,
                other => panic!("{other:?}"),
            };
            assert_eq!(how == 0, notified, "round {round}: {result:?}");
            assert!(how != 2 || requested, "round {round}");
            if requested && how != 2 {
                // The request is still there, and the next wait takes it.
                assert_eq!(trap_of(worker.call::<_, u32>("wait32", (0_u32, 0_u32, 0_i64))), Trap::Interrupt);
            }
            ended[how] += 1;
        }
    });
    say(&format!("{rounds} waits: {} notified, {} timed out, {} interrupted", ended[0], ended[1], ended[2]));
}

#[test]
fn hosts_and_guests_wait_for_each_other() {
    let (module, memory) = programs(&Config::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut worker = Worker::new(&module, &memory);
            assert_eq!(worker.call::<_, u32>("wait32", (8_u32, 0_u32, -1_i64)).expect("it returns"), 0);
            while worker.call::<_, u32>("notify", (16_u32, 1_u32)).expect("it returns") == 0 {}
        });
        notify_one(&memory, 8);
        assert_eq!(memory.atomic_wait64(16, 0, None), Ok(WaitResult::Ok));
    });
    assert_eq!(memory.atomic_wait32(0, 1, None), Ok(WaitResult::Mismatch));
    assert_eq!(memory.atomic_wait32(0, 0, Some(Duration::ZERO)), Ok(WaitResult::TimedOut));
    let start = Instant::now();
    assert_eq!(memory.atomic_wait64(0, 0, Some(Duration::from_millis(30))), Ok(WaitResult::TimedOut));
    assert!(start.elapsed() >= Duration::from_millis(30));
    for (place, trap) in [(65_536, Trap::MemoryOutOfBounds), (u64::MAX - 7, Trap::MemoryOutOfBounds)] {
        assert_eq!(memory.atomic_wait64(place, 0, None), Err(trap));
        assert_eq!(memory.atomic_wait32(place, 0, None), Err(trap));
        assert_eq!(memory.atomic_notify(place, 0), Err(trap));
    }
    assert_eq!(memory.atomic_wait64(65_532, 0, None), Err(Trap::HeapMisaligned));
    assert_eq!(memory.atomic_wait32(u64::MAX, 0, None), Err(Trap::HeapMisaligned));
    assert_eq!(memory.atomic_notify(2, 0), Err(Trap::HeapMisaligned));
}

/// A notification releases as many as it may, the longest waiting first, at its address and no other.
#[test]
fn notifications_are_counted() {
    let (module, memory) = programs(&Config::new());
    let order = std::sync::Mutex::new(Vec::new());
    let sleepers: [Sleeper; 6] = Default::default();
    std::thread::scope(|scope| {
        let released = |count: usize| {
            while order.lock().expect("nobody panics").len() < count {
                std::thread::yield_now();
            }
        };
        for (number, sleeper) in sleepers.iter().enumerate() {
            let (module, memory, order) = (&module, &memory, &order);
            scope.spawn(move || {
                let mut worker = Worker::new(module, memory);
                sleeper.announce();
                assert_eq!(worker.call::<_, u32>("wait32", (24_u32, 0_u32, i64::MIN)).expect("it returns"), 0);
                order.lock().expect("nobody panics").push(number);
            });
            sleeper.settle();
        }
        assert_eq!(memory.atomic_notify(28, u32::MAX), Ok(0));
        assert_eq!(memory.atomic_notify(24, 0), Ok(0));
        for count in 1..=3 {
            assert_eq!(memory.atomic_notify(24, 1), Ok(1));
            released(count);
        }
        assert_eq!(memory.atomic_notify(24, 2), Ok(2));
        assert_eq!(memory.atomic_notify(24, u32::MAX), Ok(1));
    });
    let order = order.into_inner().expect("nobody panicked");
    assert_eq!(order[..3], [0, 1, 2]);
    assert_eq!(BTreeSet::from_iter(order), BTreeSet::from_iter(0..6));
    assert_eq!(memory.atomic_notify(24, u32::MAX), Ok(0));
}

/// Threads that grow a memory and use what is new, in every kind of address space. No growth is lost, no size is torn, and what a thread
/// knows to be there is there.
#[test]
fn growth_while_others_run() {
    const MOST: u32 = 64;
    let text = format!(
        r#"(module
            (import "" "memory" (memory 1 {MOST} shared))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            ;; Counts at the last word of what there is now, by way of a plain access and an atomic one; the size.
            (func (export "use") (result i32)
                (local $size i32) (local $last i32)
                (local.set $size (memory.size))
                (local.set $last (i32.sub (i32.shl (local.get $size) (i32.const 16)) (i32.const 8)))
                (drop (i32.load (local.get $last)))
                (drop (i32.atomic.rmw.add offset=4 (local.get $last) (i32.const 1)))
                (local.get $size)))"#
    );
    let mut rounds = 0;
    for (reservation, guard, signals, belt) in [
        (4 << 30, 32 << 20, true, false),
        (64 << 20, 0, true, false),
        (0, 0, false, false),
        (4 << 30, 32 << 20, true, true),
    ] {
        let mut config = Config::new();
        config.memory_reservation(reservation).memory_guard_size(guard).signals_based_traps(signals).belt(belt);
        let engine = Engine::new(&config).expect("the host is supported");
        let module = Module::new(&engine, &text).expect("it compiles");
        for _ in 0..10 {
            let memory = SharedMemory::new(&engine, MemoryType::shared(1, MOST)).expect("there is memory");
            let done = AtomicBool::new(false);
            let mut formers: Vec<u32> = std::thread::scope(|scope| {
                let users: Vec<_> = (0..2)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut worker = Worker::new(&module, &memory);
                            let (mut size, mut uses) = (0, 0);
                            while !done.load(Ordering::SeqCst) || uses == 0 {
                                let now = worker.call::<(), u32>("use", ()).expect("what is there can be used");
                                assert!((size..=MOST).contains(&now), "{now} after {size}");
                                (size, uses) = (now, uses + 1);
                            }
                        })
                    })
                    .collect();
                let growers: Vec<_> = (0..3)
                    .map(|number| {
                        let (module, memory) = (&module, &memory);
                        scope.spawn(move || {
                            let mut worker = Worker::new(module, memory);
                            let grow = |worker: &mut Worker| match number {
                                0 => memory.grow(1).ok().map(|former| former as u32),
                                _ => {
                                    let former: u32 = worker.call("grow", 1_u32).expect("it returns");
                                    (former != u32::MAX).then_some(former)
                                }
                            };
                            std::iter::from_fn(|| grow(&mut worker)).collect::<Vec<u32>>()
                        })
                    })
                    .collect();
                let formers =
                    growers.into_iter().flat_map(|grower| grower.join().expect("it does not panic")).collect();
                done.store(true, Ordering::SeqCst);
                for user in users {
                    user.join().expect("it does not panic");
                }
                formers
            });
            formers.sort_unstable();
            assert_eq!(formers, (1..MOST).collect::<Vec<u32>>());
            assert_eq!(memory.size(), u64::from(MOST));
            rounds += 1;
        }
    }
    say(&format!("growth: {rounds} memories grown by three threads from 1 to {MOST} pages, with two that use them"));
}

/// A memory that a module defines outlives its store, has the module's data, and is the same however it is reached.
#[test]
fn memories_of_modules_are_shared() {
    let engine = Engine::default();
    // Whole pages, and enough of them to be mapped.
    let data = "\\a5".repeat(128 << 10);
    let text = format!(
        r#"(module (memory (export "memory") 4 8 shared) (data (i32.const 65536) "{data}")
            (func (export "size") (result i32) (memory.size)))"#
    );
    let module = Module::new(&engine, text).expect("it compiles");
    let mut first = Store::new(&engine, ());
    let instance = Instance::new(&mut first, &module, &[]).expect("it is instantiated");
    assert!(instance.get_memory(&mut first, "memory").is_none());
    let memory = instance.get_shared_memory(&mut first, "memory").expect("it is exported");
    assert_eq!(Some(&memory), instance.get_export(&mut first, "memory").and_then(Extern::into_shared_memory).as_ref());
    assert_eq!(memory.ty(), MemoryType::shared(4, 8));
    assert_eq!(memory.grow(1).expect("there is room"), 4);
    let size = instance.get_typed_func::<(), u32>(&mut first, "size").expect("it is exported");
    assert_eq!(size.call(&mut first, ()).expect("it returns"), 5);
    // Another instance has another one, with what the module says and not what was written.
    memory.write(65_536, &[1, 2, 3]).expect("it is in bounds");
    let other = Instance::new(&mut first, &module, &[]).expect("it is instantiated");
    let other = other.get_shared_memory(&mut first, "memory").expect("it is exported");
    assert_ne!(memory, other);
    let mut bytes = [0; 3];
    other.read(65_536, &mut bytes).expect("it is in bounds");
    assert_eq!(bytes, [0xa5; 3]);
    drop((first, other));

    let user = Module::new(
        &engine,
        r#"(module (memory $a (import "m" "memory") 4 8 shared) (memory $b (import "m" "memory") 4 8 shared)
            (func (export "load") (param i32) (result i32) (i32.load $b (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store $a (local.get 0) (local.get 1))))"#,
    )
    .expect("it compiles");
    let mut linker = Linker::new(&engine);
    let mut second = Store::new(&engine, ());
    linker.define(&second, "m", "memory", memory.clone()).expect("it is of the engine");
    let instance = linker.instantiate(&mut second, &user).expect("the import fits");
    let load = instance.get_typed_func::<u32, u32>(&mut second, "load").expect("it is exported");
    assert_eq!(load.call(&mut second, 65_536).expect("it returns"), 0xa503_0201);
    let store = instance.get_typed_func::<(u32, u32), ()>(&mut second, "store").expect("it is exported");
    store.call(&mut second, (5 * 65_536 - 4, 0x0403_0201)).expect("it is in bounds");
    assert_eq!(memory.atomics()[5 * 65_536 - 1].load(Ordering::SeqCst), 4);
    assert_eq!(memory.data().len(), 5 * 65_536);
    let out = store.call(&mut second, (5 * 65_536 - 3, 0));
    assert_eq!(trap_of(out), Trap::MemoryOutOfBounds);
}

#[test]
fn misuse_is_an_error() {
    let (one, other) = (Engine::default(), Engine::default());
    let memory = SharedMemory::new(&one, MemoryType::shared(1, 1)).expect("there is memory");
    let text = r#"(module (memory (import "" "") 1 1 shared))"#;
    let module = Module::new(&other, text).expect("it compiles");
    let mut store = Store::new(&other, ());
    let error = Instance::new(&mut store, &module, &[memory.clone().into()]).expect_err("it is of another engine");
    assert!(error.to_string().contains("another engine"), "{error}");
    assert!(Linker::new(&other).define(&store, "", "", memory.clone()).is_err());
    let module = Module::new(&one, r#"(module (memory (import "" "") 1 1))"#).expect("it compiles");
    let mut store = Store::new(&one, ());
    let error = Instance::new(&mut store, &module, &[memory.clone().into()]).expect_err("it is shared");
    assert!(error.to_string().contains("one is shared and the other is not"), "{error}");
    let plain = Memory::new(&mut store, MemoryType::new(1, Some(1))).expect("there is memory");
    let module = Module::new(&one, text).expect("it compiles");
    assert!(Instance::new(&mut store, &module, &[plain.into()]).is_err());

    assert!(Memory::new(&mut store, MemoryType::shared(1, 1)).is_err());
    assert!(SharedMemory::new(&one, MemoryType::new(1, Some(1))).is_err());
    assert!(SharedMemory::new(&one, MemoryType::shared(2, 1)).is_err());
    assert!(MemoryType::builder().min(1).shared(true).build().is_err());
    let huge = MemoryType::builder().min(0).max(Some(1 << 40)).memory64(true).shared(true).build().expect("a type");
    assert_eq!(SharedMemory::new(&one, huge).expect("it may be as large as the reservation").grow(1 << 30).ok(), None);
    assert!(memory.grow(1).is_err() && memory.grow(u64::MAX).is_err());
    assert_eq!(memory.grow(0).expect("nothing to do"), 1);
    assert!(memory.read(65_535, &mut [0; 2]).is_err());
    assert!(memory.write(usize::MAX, &[0]).is_err());
    assert!(memory.read(65_536, &mut []).is_ok());

    let mut config = Config::new();
    config.wasm_threads(false);
    let engine = Engine::new(&config).expect("the host is supported");
    for text in [
        "(module (memory 1 1 shared))",
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
        "(module (func (atomic.fence)))",
    ] {
        let error = Module::new(&engine, text).expect_err("there are no threads");
        assert!(format!("{error:#}").contains("threads"), "{error:#}");
    }
}
