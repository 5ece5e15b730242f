//! Scenarios of stacks and signals: fibers in order and out of it, stacks without a guard, limits, blocked signals.

use crate::hand::fiber::{self, PAGE, fiber, pause, resume};
use crate::hand::machine::*;
use crate::{End, Scenario};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{PENDING_ERROR, ValRaw, VmHostContext};
use tancho_runtime::call::Cause;

pub fn scenarios() -> Vec<Scenario> {
    let good = |name, run| Scenario { name, run, end: End::Exit(0), says: "" };
    let bad = |name, run| Scenario { name, run, end: End::Signal(libc::SIGABRT), says: "innermost first" };
    vec![
        good("fibers_in_order", in_order),
        bad("fibers_out_of_order", || out_of_order(HOST, 0)),
        bad("fibers_trap_out_of_order", || out_of_order(HOST_THEN, 0)),
        bad("fibers_overflow_out_of_order", || out_of_order(HOST_THEN, 1)),
        bad("fibers_raise_out_of_order", raise_out_of_order),
        good("unguarded_thread", unguarded_thread),
        good("unguarded_fiber", unguarded_fiber),
        good("unguarded_signal_stack", unguarded_signal_stack),
        Scenario {
            name: "overflow_of_the_signal_stack",
            run: overflow_of_the_signal_stack,
            end: End::Signal(libc::SIGABRT),
            says: "exhausted the alternate signal stack",
        },
        good("stack_replaced_by_a_smaller_one", replaced),
        good("file_size_limit", file_size_limit),
        good("blocked_signals", blocked_signals),
        good("alternate_stack_swapped", alternate_swapped),
        good("main_512_mib", main_with_a_large_limit),
        good("main_limit_raised", main_with_a_raised_limit),
        Scenario {
            name: "entry_without_a_frame",
            run: entry_without_a_frame,
            end: End::Signal(libc::SIGABRT),
            says: "the stack ended where compiled code was entered",
        },
    ]
}

const SIZE: usize = 1 << 20;

fn trap_of(machine: &mut Machine, function: u32, a: u32) -> Trap {
    match machine.call(function, a, 0).unwrap_err().cause {
        Cause::Trap(trap) => trap,
        other => panic!("{other:?}"),
    }
}

/// All is as it should be where this is called.
fn sound() {
    let mut machine = Machine::new(no_host, ptr::null());
    for _ in 0..3 {
        assert_eq!(trap_of(&mut machine, RECURSE, 0), Trap::StackOverflow);
        assert_eq!(trap_of(&mut machine, UNREACHABLE, 0), Trap::UnreachableCodeReached);
        assert_eq!(trap_of(&mut machine, LOAD, 65536), Trap::MemoryOutOfBounds);
        assert_eq!(machine.call(ADD, 1, 2).unwrap(), 3);
    }
}

/// Compiled code must not run where this is called, and says why.
fn refused() {
    let mut machine = Machine::new(no_host, ptr::null());
    for function in [ADD, RECURSE] {
        let stopped = machine.call(function, 1, 2).unwrap_err();
        assert!(stopped.to_string().contains("no guard page"), "{stopped}");
    }
}

unsafe extern "C" fn wait(_: *mut VmHostContext, _: *mut ValRaw) {
    pause();
}

fn waiting(function: u32, a: u32) -> *mut fiber::Fiber {
    fiber(fiber::guarded(SIZE), SIZE, move || {
        let ended = Machine::new(wait, ptr::null()).call(function, a, 0);
        assert_eq!(ended.is_ok(), function == HOST);
        sound();
    })
}

fn in_order() {
    sound();
    for function in [HOST, HOST_THEN] {
        let (first, second) = (waiting(function, 0), waiting(function, 1));
        [first, second, second, first].into_iter().for_each(resume);
        sound();
    }
}

/// Two stacks side by side, with nothing but their guards between, in both orders.
fn out_of_order(function: u32, a: u32) {
    let (first, second) = (waiting(function, a), waiting(HOST, 0));
    [first, second, first].into_iter().for_each(resume);
}

unsafe extern "C" fn wait_and_fail(context: *mut VmHostContext, _: *mut ValRaw) {
    pause();
    // SAFETY: the trampoline passes its context.
    unsafe { (*(*context).store).pending = PENDING_ERROR };
}

/// In one store, which safe code could not do.
fn raise_out_of_order() {
    let machine: &'static Machine = Box::leak(Box::new(Machine::new(wait_and_fail, ptr::null())));
    let start = || {
        fiber(fiber::guarded(SIZE), SIZE, move || {
            // SAFETY: none; the other fiber uses the store as well.
            let _ = unsafe { call(&machine.store, machine.instance, HOST, 0, 0) };
        })
    };
    let (first, second) = (start(), start());
    [first, second, first].into_iter().for_each(resume);
}

fn unguarded_thread() {
    extern "C" fn body(refuse: *mut libc::c_void) -> *mut libc::c_void {
        if refuse.is_null() {
            sound()
        } else {
            refused()
        }
        ptr::null_mut()
    }
    for (low, refuse) in [(fiber::guarded(SIZE), 0), (fiber::unguarded(SIZE), 1)] {
        // SAFETY: the stack stays.
        unsafe {
            let (mut thread, mut attributes) = (0, std::mem::zeroed());
            assert_eq!(libc::pthread_attr_init(&mut attributes), 0);
            let stack = ptr::with_exposed_provenance_mut(low);
            assert_eq!(libc::pthread_attr_setstack(&mut attributes, stack, SIZE), 0);
            let argument = ptr::without_provenance_mut(refuse);
            assert_eq!(libc::pthread_create(&mut thread, &attributes, body, argument), 0);
            assert_eq!(libc::pthread_join(thread, ptr::null_mut()), 0);
        }
    }
    sound();
}

fn unguarded_fiber() {
    resume(fiber(fiber::unguarded(SIZE), SIZE, refused));
    sound();
    resume(fiber(fiber::unguarded(SIZE), SIZE, refused));
    resume(fiber(fiber::guarded(SIZE), SIZE, sound));
}

fn set_alternate(low: usize, size: usize) {
    let stack = libc::stack_t { ss_sp: ptr::with_exposed_provenance_mut(low), ss_flags: 0, ss_size: size };
    // SAFETY: the stack stays.
    assert_eq!(unsafe { libc::sigaltstack(&stack, ptr::null_mut()) }, 0);
}

/// The mapping around it has a guard, but what lies below the stack in the same mapping is somebody's memory.
fn unguarded_signal_stack() {
    extern "C" fn inside(_: i32) {
        refused();
    }
    let low = fiber::guarded(2 * SIZE);
    on_signal_stack(low + SIZE, inside);
    sound();
}

fn on_signal_stack(low: usize, handler: extern "C" fn(i32)) {
    set_alternate(low, SIZE);
    // SAFETY: a sound action; the handler interrupts nothing but `raise`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()), 0);
        libc::raise(libc::SIGUSR1);
    }
}

/// No handler could run after it that would not overwrite what it is to return to.
fn overflow_of_the_signal_stack() {
    extern "C" fn inside(_: i32) {
        let _ = Machine::new(no_host, ptr::null()).call(RECURSE, 0, 0);
    }
    on_signal_stack(fiber::guarded(SIZE), inside);
}

static LIMIT: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn note_limit(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: the trampoline passes its context.
    LIMIT.store(unsafe { (*(*context).store).stack_limit }, Ordering::SeqCst);
}

/// The lowest place at which compiled code leaves for the host, here.
fn limit() -> usize {
    Machine::new(note_limit, ptr::null()).call(HOST, 0, 0).unwrap();
    LIMIT.load(Ordering::SeqCst)
}

fn replaced() {
    let low = fiber::guarded(SIZE);
    let seen = || LIMIT.load(Ordering::SeqCst);
    let note = || {
        limit();
        sound();
    };
    resume(fiber(low, SIZE, note));
    let reserve = seen() - low;
    // The lower half becomes a guard: another stack, at the same place, but smaller.
    let middle = low + SIZE / 2;
    // SAFETY: the fiber that was there has ended.
    unsafe { assert_eq!(libc::mprotect(ptr::with_exposed_provenance_mut(low), SIZE / 2, libc::PROT_NONE), 0) };
    resume(fiber(middle, SIZE / 2, note));
    assert_eq!(seen() - middle, reserve);
}

fn file_size_limit() {
    let limit = libc::rlimit { rlim_cur: 4096, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: sets the limit of this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
    let mut hand = module();
    hand.images = vec![7; 64 << 10];
    hand.module.memory_image_records.push(tancho_abi::module::MemoryImageRecord {
        memory: tancho_abi::index::MemoryIndex(0),
        reserved: 0,
        memory_offset: 0,
        image_offset: 0,
        length: 64 << 10,
    });
    let mut machine = Machine::of(&hand.load(), no_host, ptr::null());
    assert_eq!(machine.call(LOAD, 0, 0).unwrap(), 0x0707_0707);
}

fn blocked_signals() {
    let body = || {
        // SAFETY: the set is ours.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut all);
            assert_eq!(libc::pthread_sigmask(libc::SIG_SETMASK, &all, ptr::null_mut()), 0);
            sound();
            // The others stay as they were.
            let mut now: libc::sigset_t = std::mem::zeroed();
            assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &mut now), 0);
            for signal in [libc::SIGINT, libc::SIGCHLD, libc::SIGUSR1, libc::SIGPIPE, libc::SIGTERM] {
                assert_eq!(libc::sigismember(&now, signal), 1);
            }
        }
    };
    std::thread::spawn(body).join().unwrap();
    body();
}

fn alternate() -> libc::stack_t {
    // SAFETY: asks for the present one.
    unsafe {
        let mut stack: libc::stack_t = std::mem::zeroed();
        assert_eq!(libc::sigaltstack(ptr::null(), &mut stack), 0);
        stack
    }
}

/// Whoever has put a small alternate stack in place of ours may mean to put ours back.
fn alternate_swapped() {
    let body = || {
        sound();
        let ours = alternate();
        for _ in 0..3 {
            set_alternate(fiber::guarded(4 * PAGE), 4 * PAGE);
            resume(fiber(fiber::guarded(SIZE), SIZE, sound));
            assert!(alternate().ss_size >= ours.ss_size);
            // SAFETY: this test is about that: the stack must still be there.
            unsafe {
                assert_eq!(libc::sigaltstack(&ours, ptr::null_mut()), 0);
                ours.ss_sp.cast::<u8>().add(ours.ss_size - 1).write_volatile(1);
            }
            sound();
        }
    };
    body();
    (0..5).for_each(|_| std::thread::spawn(body).join().unwrap());
}

fn main_with_a_large_limit() {
    let here = 0_u8;
    let room = (&raw const here).addr() - limit();
    assert!(room > 400 << 20, "{room}");
}

/// The stack then grows further than was known at the first entry; an overflow is a trap all the same.
fn main_with_a_raised_limit() {
    sound();
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads and sets the limit of this process.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_STACK, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max.min(64 << 20);
        assert_eq!(libc::setrlimit(libc::RLIMIT_STACK, &limit), 0);
    }
    sound();
}

/// The lowest address of the mapping that `address` is in.
fn lowest(address: usize) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let ranges = maps.lines().map(|line| line.split(' ').next().unwrap().split_once('-').unwrap());
    ranges.map(|(low, high)| number(low)..number(high)).find(|range| range.contains(&address)).unwrap().start
}

extern "C" fn misled() {
    // SAFETY: ends the process.
    unsafe { libc::_exit(77) };
}

/// A stack that ends within an entry trampoline, before that has its frame: what stands in the activation's place for it, left there by
/// whoever used the stack before, is not returned to.
fn entry_without_a_frame() {
    let body = || {
        let mut machine = Machine::new(no_host, ptr::null());
        // From now on the thread is known.
        assert_eq!(machine.call(ADD, 1, 2).unwrap(), 3);
        let exported = machine.store.export(machine.instance, tancho_abi::module::ExternKind::Function, ADD);
        let Some(tancho_runtime::store::Export::Function(reference)) = exported else { panic!("no such function") };
        // SAFETY: the reference is the store's.
        let entry = unsafe { (*reference.as_ptr()).array_entry };
        let left = [misled as *const () as usize; 64];
        let middle = (&raw const left[32]).expose_provenance();
        let end = lowest(middle) + size_of::<usize>();
        let call = |activation: *mut tancho_abi::vmctx::VmActivation| {
            // SAFETY: the activation is there. The entry is called where there is room for the place that it returns to, and no more.
            unsafe {
                (*activation).entry_fp = middle;
                std::arch::asm!("mov r12, rsp", "mov rsp, r13", "call r14", "mov rsp, r12",
                    out("r12") _, in("r13") end, in("r14") entry, clobber_abi("C"));
            }
        };
        // SAFETY: the store is ours alone, and the entry one of its code.
        let entered = unsafe { tancho_runtime::call::enter_outermost(machine.store.vm(), entry, None, call) };
        std::hint::black_box(&left);
        panic!("it came back: {:?}", entered.map(|ended| ended.is_ok()));
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(body).unwrap().join().unwrap();
}
