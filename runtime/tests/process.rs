//! Scenarios that need the main thread or that end a process: each runs in a child, and the parent judges how it ended.
//!
//! Without the standard harness. `process NAME` runs scenario NAME here.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

#[cfg(target_arch = "x86_64")]
mod hand;
#[path = "../../tests/runner.rs"]
mod runner;
#[cfg(target_arch = "x86_64")]
#[path = "process/stacks.rs"]
mod stacks;

/// How a child must end.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "some scenarios are for one architecture"))]
enum End {
    Exit(i32),
    Signal(i32),
}

struct Scenario {
    name: &'static str,
    run: fn(),
    end: End,
    /// What standard error must contain.
    says: &'static str,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next();
    if let Some(scenario) = scenarios().into_iter().find(|scenario| wanted.as_deref() == Some(scenario.name)) {
        return (scenario.run)();
    }
    let mut failed = 0;
    // An emulator may keep a record of every page of address space, and then has no memory left before there is no address space; and it
    // takes limits of memory for its own, and does not set them.
    let limited = ["address_space", "no_space_for_a_heap", "no_memory_for_a_heap"];
    let emulated = std::env::var_os("TANCHO_RUNNER").is_some();
    for scenario in scenarios().into_iter().filter(|scenario| !(emulated && limited.contains(&scenario.name))) {
        let complaint = judge(&scenario);
        println!("scenario {} ... {}", scenario.name, complaint.as_deref().unwrap_or("ok"));
        failed += i32::from(complaint.is_some());
    }
    std::process::exit(failed);
}

fn judge(scenario: &Scenario) -> Option<String> {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    let mut command = runner::command(std::env::current_exe().unwrap());
    command.arg(scenario.name);
    let stack = match scenario.name {
        name if name.contains("unlimited") => Some(libc::RLIM_INFINITY),
        name if name.contains("512_mib") => Some(512 << 20),
        _ => None,
    };
    // SAFETY: the calls are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &none);
            if let Some(size) = stack {
                let limit = libc::rlimit { rlim_cur: size, rlim_max: libc::RLIM_INFINITY };
                libc::setrlimit(libc::RLIMIT_STACK, &limit);
            }
            Ok(())
        })
    };
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ended = match scenario.end {
        End::Exit(code) => output.status.code() == Some(code),
        End::Signal(signal) => output.status.signal() == Some(signal),
    };
    (!ended || !said.contains(scenario.says)).then(|| format!("FAILED: {}, saying: {said}", output.status))
}

fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend([
        Scenario { name: "host_fault", run: host::fault, end: End::Signal(libc::SIGSEGV), says: "" },
        Scenario {
            name: "host_fault_on_a_thread",
            run: host::fault_on_a_thread,
            end: End::Signal(libc::SIGSEGV),
            says: "",
        },
        Scenario {
            name: "host_overflow",
            run: host::overflow,
            end: End::Signal(libc::SIGABRT),
            says: "overflowed its stack",
        },
        Scenario { name: "sent_segv", run: host::sent_by_default, end: End::Signal(libc::SIGSEGV), says: "" },
        Scenario { name: "sent_fpe", run: || host::send(libc::SIGFPE), end: End::Signal(libc::SIGFPE), says: "" },
        Scenario { name: "sent_trap", run: || host::send(libc::SIGTRAP), end: End::Signal(libc::SIGTRAP), says: "" },
        Scenario { name: "default_before", run: host::default_before, end: End::Signal(libc::SIGSEGV), says: "" },
        Scenario { name: "ignored_before", run: host::ignored_before, end: End::Exit(0), says: "" },
        Scenario { name: "ignored_fault", run: host::ignored_fault, end: End::Signal(libc::SIGSEGV), says: "" },
        Scenario { name: "handler_before", run: host::handler_before, end: End::Exit(7), says: "" },
        Scenario { name: "simple_handler_before", run: host::simple_handler_before, end: End::Exit(8), says: "" },
        Scenario { name: "handler_once", run: host::handler_once, end: End::Signal(libc::SIGSEGV), says: "once" },
        Scenario { name: "fork", run: host::fork, end: End::Exit(0), says: "" },
        Scenario { name: "address_space", run: host::address_space, end: End::Exit(0), says: "" },
        Scenario { name: "no_space_for_a_heap", run: host::no_space_for_a_heap, end: End::Exit(0), says: "" },
        Scenario { name: "no_memory_for_a_heap", run: host::no_memory_for_a_heap, end: End::Exit(0), says: "" },
        Scenario { name: "alternate_stack", run: host::alternate_stack, end: End::Exit(0), says: "" },
    ]);
    #[cfg(target_arch = "x86_64")]
    all.extend([
        Scenario { name: "main", run: wasm::main_thread, end: End::Exit(0), says: "" },
        Scenario { name: "main_unlimited", run: wasm::main_thread, end: End::Exit(0), says: "" },
        Scenario {
            name: "wild",
            run: wasm::wild,
            end: End::Signal(libc::SIGABRT),
            says: "in no memory and no stack guard",
        },
        Scenario {
            name: "wild_in_heap",
            run: wasm::wild_in_heap,
            end: End::Signal(libc::SIGABRT),
            says: "in no memory and no stack guard",
        },
        Scenario { name: "handlers_see_no_trap", run: wasm::handlers_see_no_trap, end: End::Exit(0), says: "" },
        Scenario { name: "c_thread", run: wasm::c_thread, end: End::Exit(0), says: "" },
        Scenario { name: "fork_and_trap", run: wasm::fork_and_trap, end: End::Exit(0), says: "" },
        Scenario { name: "host_fault_below_wasm", run: wasm::host_fault, end: End::Signal(libc::SIGSEGV), says: "" },
        Scenario { name: "small_stack", run: wasm::small_stack, end: End::Exit(0), says: "" },
        Scenario { name: "foreign_stack", run: wasm::foreign_stack, end: End::Exit(0), says: "" },
    ]);
    #[cfg(target_arch = "x86_64")]
    all.extend(stacks::scenarios());
    all
}

mod host {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tancho_abi::trap::Trap;
    use tancho_abi::types::{CompositeType, FieldType, StorageType, SubType};
    use tancho_runtime::store::Store;
    use tancho_runtime::types::TypeRegistry;

    pub fn fault() {
        tancho_runtime::trap::install().unwrap();
        // SAFETY: none; it is to fault.
        unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
    }

    pub fn fault_on_a_thread() {
        std::thread::spawn(fault).join().unwrap();
    }

    /// The standard library's own handler must still recognise the overflow of Rust code.
    pub fn overflow() {
        #[allow(unconditional_recursion, reason = "it is to overflow")]
        fn recurse(depth: &mut [u8; 1000]) -> u8 {
            let mut next = *depth;
            next[0] = next[0].wrapping_add(1);
            recurse(std::hint::black_box(&mut next)).wrapping_add(next[1])
        }
        tancho_runtime::trap::install().unwrap();
        recurse(&mut [0; 1000]);
    }

    pub fn send(signal: i32) {
        tancho_runtime::trap::install().unwrap();
        // SAFETY: sends a signal to this process.
        unsafe { libc::raise(signal) };
    }

    fn set(signal: i32, handler: usize, flags: i32) {
        // SAFETY: a sound action.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler;
            action.sa_flags = flags;
            assert_eq!(libc::sigaction(signal, &action, std::ptr::null_mut()), 0);
        }
    }

    /// Not with the standard library's handler in between: it takes every fault for one that will come again.
    pub fn sent_by_default() {
        set(libc::SIGSEGV, libc::SIG_DFL, 0);
        send(libc::SIGSEGV);
    }

    pub fn default_before() {
        set(libc::SIGSEGV, libc::SIG_DFL, 0);
        fault();
    }

    pub fn ignored_before() {
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            set(signal, libc::SIG_IGN, 0);
            send(signal);
        }
    }

    pub fn ignored_fault() {
        set(libc::SIGSEGV, libc::SIG_IGN, 0);
        fault();
    }

    static CALLS: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C" fn handler(signal: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel's arguments; `_exit` is async-signal-safe.
        unsafe {
            let right = signal == libc::SIGSEGV && (*info).si_addr().addr() == 8 && (*info).si_code > 0;
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
            let masked = libc::sigismember(&mask, signal) == 1;
            let first = CALLS.fetch_add(1, Ordering::SeqCst) == 0;
            libc::_exit(if right && masked && first { 7 } else { 1 });
        }
    }

    pub fn handler_before() {
        set(libc::SIGSEGV, handler as *const () as usize, libc::SA_SIGINFO);
        fault();
    }

    extern "C" fn simple(signal: i32) {
        // SAFETY: `_exit` is async-signal-safe.
        unsafe { libc::_exit(if signal == libc::SIGSEGV { 8 } else { 1 }) };
    }

    pub fn simple_handler_before() {
        set(libc::SIGSEGV, simple as *const () as usize, 0);
        fault();
    }

    extern "C" fn once(_: i32) {
        // SAFETY: writes bytes of ours.
        unsafe { libc::write(2, c"once".as_ptr().cast(), 4) };
        if CALLS.fetch_add(1, Ordering::SeqCst) > 0 {
            // SAFETY: `_exit` is async-signal-safe.
            unsafe { libc::_exit(1) };
        }
    }

    pub fn handler_once() {
        set(libc::SIGSEGV, once as *const () as usize, libc::SA_RESETHAND);
        fault();
    }

    pub fn fork() {
        tancho_runtime::trap::install().unwrap();
        for _ in 0..20 {
            // SAFETY: this process has one thread.
            let child = unsafe { libc::fork() };
            let store = Store::new(Arc::default()).unwrap();
            drop(store);
            if child == 0 {
                std::process::exit(0);
            }
            let mut status = 0;
            // SAFETY: waits for the child.
            unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!(status, 0);
        }
    }

    /// Memories until there is no more address space: then an error, and everything comes back.
    pub fn address_space() {
        use tancho_runtime::memory::{MemoryError, MemoryType};
        let ty = MemoryType { minimum: 1, maximum: None, index64: false, shared: false, page_size_log2: 16 };
        for _ in 0..2 {
            let mut store = Store::new(Arc::default()).unwrap();
            let mut made = 0;
            let error = loop {
                match store.new_memory(ty) {
                    Ok(_) => made += 1,
                    Err(error) => break error,
                }
                assert!(made < 40_000);
            };
            assert!(matches!(error, MemoryError::Io(_)), "{error}");
            assert!(made > 10_000, "{made}");
        }
    }

    fn limit(resource: libc::__rlimit_resource_t, bytes: u64) {
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: a sound limit.
        assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
    }

    /// The reservation is refused: an error, each time, until it is not.
    pub fn no_space_for_a_heap() {
        let mut store = Store::new(Arc::default()).unwrap();
        limit(libc::RLIMIT_AS, 1 << 30);
        for _ in 0..3 {
            assert_eq!(store.new_extern(Box::new(7)), Err(Trap::HeapExhausted));
        }
        store.collect();
        limit(libc::RLIMIT_AS, libc::RLIM_INFINITY);
        let value = store.new_extern(Box::new(7)).unwrap();
        assert_eq!(store.extern_value(value).unwrap().downcast_ref(), Some(&7));
    }

    /// The system refuses to make more of the reservation accessible, when objects are made and when they are to be moved.
    pub fn no_memory_for_a_heap() {
        let registry = TypeRegistry::new();
        let element = FieldType { storage: StorageType::I8, mutable: true };
        let composite = CompositeType::Array(element);
        let bytes = registry.register_alone(SubType { is_final: true, supertype: None, composite });
        limit(libc::RLIMIT_DATA, 150 << 20);
        for size in [5000, 100_000] {
            let mut store = Store::new(Arc::default()).unwrap();
            let scope = store.open_scope();
            let mut made = 0;
            // What the verifier takes, when nothing else is left.
            let kept = vec![1_u8; 24 << 20];
            let trap = loop {
                match store.new_array(&bytes, size) {
                    Ok(array) => store.root(array),
                    Err(trap) => break trap,
                };
                made += size;
            };
            assert!(trap == Trap::HeapExhausted && (20 << 20..150 << 20).contains(&made), "{made}");
            drop(std::hint::black_box(kept));
            store.verify_heap(true);
            store.collect();
            store.close_scope(scope);
            store.collect();
            assert_eq!(store.heap_stats().live, 0);
            assert_eq!(store.new_array(&bytes, size).map(|array| store.array_length(array)), Ok(Some(size)));
        }
    }

    fn alternate() -> libc::stack_t {
        // SAFETY: asks for the present one.
        unsafe {
            let mut stack: libc::stack_t = std::mem::zeroed();
            assert_eq!(libc::sigaltstack(std::ptr::null(), &mut stack), 0);
            stack
        }
    }

    /// Entering replaces a small alternate stack, and threads that end give theirs back.
    pub fn alternate_stack() {
        let enter = || {
            let store = Store::new(Arc::default()).unwrap();
            // SAFETY: nothing is entered.
            let done =
                unsafe { tancho_runtime::call::enter(store.vm(), std::ptr::null(), std::ptr::null_mut(), |_| ()) };
            assert!(done.is_ok());
        };
        enter();
        let ours = alternate();
        assert!(ours.ss_size >= 64 << 10);
        enter();
        assert_eq!(alternate().ss_sp, ours.ss_sp);
        let maps = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        let run = |count| {
            for _ in 0..count {
                std::thread::spawn(move || {
                    enter();
                    assert!(alternate().ss_size >= 64 << 10);
                })
                .join()
                .unwrap();
            }
        };
        run(20);
        let before = maps();
        run(500);
        assert!(maps() <= before + 4, "{} mappings after {before}", maps());
    }
}

#[cfg(target_arch = "x86_64")]
mod wasm {
    use crate::hand::machine::*;
    use tancho_abi::trap::Trap;
    use tancho_abi::vmctx::{ValRaw, VmHostContext};
    use tancho_runtime::call::Cause;

    fn expect(machine: &mut Machine, function: u32, a: u32, trap: Trap) {
        assert_eq!(machine.call(function, a, 0).unwrap_err().cause, Cause::Trap(trap));
    }

    fn traps(times: u32) {
        let mut machine = Machine::new(no_host, std::ptr::null());
        for round in 0..times {
            expect(&mut machine, UNREACHABLE, 0, Trap::UnreachableCodeReached);
            expect(&mut machine, LOAD, 65536, Trap::MemoryOutOfBounds);
            expect(&mut machine, DIVIDE, 1, Trap::IntegerDivisionByZero);
            assert_eq!(machine.call(ADD, round, 1).unwrap(), round + 1);
        }
    }

    pub fn main_thread() {
        traps(1000);
        let mut machine = Machine::new(no_host, std::ptr::null());
        for _ in 0..50 {
            expect(&mut machine, RECURSE, 0, Trap::StackOverflow);
        }
    }

    pub fn wild() {
        let _ = Machine::new(no_host, std::ptr::null()).call(WILD, 0, 0);
    }

    /// A load that is listed for an access through null, and faults elsewhere in the heap's reservation.
    pub fn wild_in_heap() {
        let mut hand = module();
        hand.summary.uses_heap = 1;
        let mut machine = Machine::with(hand, Default::default(), no_host, std::ptr::null());
        let _ = machine.call(NULL_FIELD, u32::MAX - 0xffff, 0);
    }

    unsafe extern "C" fn complain(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: `_exit` is async-signal-safe.
        unsafe { libc::_exit(1) };
    }

    pub fn handlers_see_no_trap() {
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            // SAFETY: a sound action.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = complain as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                assert_eq!(libc::sigaction(signal, &action, std::ptr::null_mut()), 0);
            }
        }
        main_thread();
    }

    /// A thread that Rust did not make has no alternate stack; and one that brings a small one gets it back.
    pub fn c_thread() {
        extern "C" fn body(_: *mut libc::c_void) -> *mut libc::c_void {
            main_thread();
            std::ptr::null_mut()
        }
        for _ in 0..3 {
            // SAFETY: a thread without arguments.
            unsafe {
                let mut thread = 0;
                assert_eq!(libc::pthread_create(&mut thread, std::ptr::null(), body, std::ptr::null_mut()), 0);
                assert_eq!(libc::pthread_join(thread, std::ptr::null_mut()), 0);
            }
        }
    }

    pub fn fork_and_trap() {
        traps(10);
        let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(|| traps(20_000))).collect();
        for _ in 0..50 {
            // SAFETY: the child uses what is safe after a fork of a process with threads (the C library's allocator is).
            let child = unsafe { libc::fork() };
            if child == 0 {
                traps(10);
                // SAFETY: ends the child.
                unsafe { libc::_exit(0) };
            }
            let mut status = 0;
            // SAFETY: waits for the child.
            unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!(status, 0);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    pub fn small_stack() {
        let body = || {
            let mut machine = Machine::new(no_host, std::ptr::null());
            for _ in 0..10 {
                expect(&mut machine, ADD, 0, Trap::StackOverflow);
            }
        };
        std::thread::Builder::new().stack_size(64 << 10).spawn(body).unwrap().join().unwrap();
    }

    unsafe extern "C" fn crash(_: *mut VmHostContext, _: *mut ValRaw) {
        // SAFETY: none; it is to fault.
        unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
    }

    pub fn host_fault() {
        let _ = Machine::new(crash, std::ptr::null()).call(HOST, 0, 0);
    }

    /// Compiled code on a stack that is not the thread's own: here, that of a signal handler.
    pub fn foreign_stack() {
        extern "C" fn inside(_: i32) {
            traps(10);
            let mut machine = Machine::new(no_host, std::ptr::null());
            machine.call(ADD, 1, 2).unwrap();
        }
        traps(10);
        const SIZE: usize = 1 << 20;
        let stack = std::ptr::with_exposed_provenance_mut(crate::hand::fiber::guarded(SIZE));
        // SAFETY: the stack stays; the handler interrupts nothing but `raise`.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = inside as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
            let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: SIZE };
            assert_eq!(libc::sigaltstack(&stack, std::ptr::null_mut()), 0);
            for _ in 0..3 {
                libc::raise(libc::SIGUSR1);
                main_thread();
            }
        }
    }
}
