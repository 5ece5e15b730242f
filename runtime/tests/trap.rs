//! Traps of hand-assembled code: each kind comes back as itself, a thousand times, on several threads, with its backtrace.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

mod hand;

use hand::machine::*;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{PENDING_ERROR, ValRaw, VmHostContext};
use tancho_runtime::call::{Cause, Stopped};
use tancho_runtime::store::Store;
use tancho_runtime::unwind::Backtrace;

fn functions(backtrace: &Backtrace) -> Vec<u32> {
    backtrace.frames.iter().map(|frame| frame.function.0).collect()
}

fn trap_of(result: Result<u32, Box<Stopped>>) -> (Trap, Vec<u32>) {
    let stopped = result.unwrap_err();
    let Cause::Trap(trap) = stopped.cause else { panic!("not a trap: {stopped}") };
    (trap, functions(&stopped.backtrace))
}

fn each_kind(machine: &mut Machine, times: u32) {
    for round in 0..times {
        assert_eq!(machine.call(ADD, round, 5).unwrap(), round + 5);
        assert_eq!(trap_of(machine.call(UNREACHABLE, 0, 0)), (Trap::UnreachableCodeReached, vec![UNREACHABLE]));
        assert_eq!(machine.call(LOAD, 65532, 0).unwrap(), 0);
        for address in [65536, 65533 + 3, 0x7fff_ffff, u32::MAX - 3] {
            assert_eq!(trap_of(machine.call(LOAD, address, 0)), (Trap::MemoryOutOfBounds, vec![LOAD]));
        }
        assert_eq!(trap_of(machine.call(DIVIDE, 1, 0)), (Trap::IntegerDivisionByZero, vec![DIVIDE]));
        assert_eq!(machine.call(DIVIDE, 42, 6).unwrap(), 7);
        assert_eq!(trap_of(machine.call(INIT, 65000, 537)), (Trap::MemoryOutOfBounds, vec![INIT]));
        assert!(machine.call(INIT, 65000, 536).is_ok());
        assert_eq!(machine.call(LOAD, 65532, 0).unwrap(), 0x0707_0707);
        machine.call(INIT, 0, 0).unwrap();
        machine.store.memory_mut(memory(&machine.store, machine.instance)).as_mut_slice().fill(0);
    }
}

fn memory(store: &Store, instance: tancho_runtime::store::InstanceId) -> tancho_runtime::store::MemoryId {
    match store.export(instance, tancho_abi::module::ExternKind::Memory, 0) {
        Some(tancho_runtime::store::Export::Memory(memory)) => memory,
        _ => panic!("no memory"),
    }
}

#[test]
fn a_thousand_of_each_kind_on_four_threads() {
    let code = module().load();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let code = code.clone();
            std::thread::spawn(move || each_kind(&mut Machine::of(&code, no_host, std::ptr::null()), 1000))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn threads_trap_while_others_load_and_drop_code() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| (0..100).for_each(|_| each_kind(&mut Machine::new(no_host, std::ptr::null()), 3)))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_trap_says_where() {
    let mut machine = Machine::new(no_host, std::ptr::null());
    let stopped = machine.call(UNREACHABLE, 0, 0).unwrap_err();
    assert_eq!(stopped.address, None);
    assert_eq!(stopped.backtrace.frames[0].wasm_offset, Some(101));
    let stopped = machine.call(LOAD, 70_000, 0).unwrap_err();
    let base = machine.store.memory(memory(&machine.store, machine.instance)).base().addr();
    assert_eq!(stopped.address, Some(base + 70_000));
    assert_eq!(stopped.backtrace.frames[0].wasm_offset, Some(200));
}

#[test]
fn grown_memory_is_accessible_and_no_more() {
    let mut machine = Machine::new(no_host, std::ptr::null());
    let memory = memory(&machine.store, machine.instance);
    assert!(matches!(machine.store.grow_memory(memory, 2, Ok(())), Ok(1)));
    assert!(machine.store.grow_memory(memory, 1, Ok(())).is_err());
    assert_eq!(machine.call(LOAD, 3 * 65536 - 4, 0).unwrap(), 0);
    assert_eq!(trap_of(machine.call(LOAD, 3 * 65536 - 3, 0)).0, Trap::MemoryOutOfBounds);
}

#[test]
fn overflow_is_a_trap_on_stacks_of_all_sizes() {
    let code = module().load();
    for size in [128 << 10, 256 << 10, 2 << 20, 8 << 20] {
        let code = code.clone();
        let body = move || {
            let mut machine = Machine::of(&code, no_host, std::ptr::null());
            for _ in 0..100 {
                let stopped = machine.call(RECURSE, 0, 0).unwrap_err();
                assert_eq!(stopped.cause, Cause::Trap(Trap::StackOverflow));
                assert_eq!(functions(&stopped.backtrace), [RECURSE; 64]);
                // There were more; counting has its end.
                assert_eq!(stopped.backtrace.truncated, 4096);
                assert_eq!(machine.call(ADD, 1, 2).unwrap(), 3);
            }
        };
        std::thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap();
    }
}

/// What a host function has to work with.
struct Ground {
    store: Store,
    instance: tancho_runtime::store::InstanceId,
    depth: u32,
    seen: Vec<Vec<u32>>,
}

unsafe fn ground(context: *mut VmHostContext) -> *mut Ground {
    // SAFETY: the tests below pass a `Ground` as the data.
    unsafe { (*context).data.cast_mut().cast() }
}

/// Calls the wasm function HOST again until the depth is used up; then traps.
unsafe extern "C" fn nest(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: see `ground`; the store is used by this thread alone.
    unsafe {
        let ground = ground(context);
        assert_eq!((*ground).store.instance_of((*context).caller), Some((*ground).instance));
        assert_eq!((*ground).store.instance_of(context.cast()), None);
        let outside = functions(&(*ground).store.backtrace());
        let seen = &raw mut (*ground).seen;
        (*seen).push(outside);
        let inner = if (*ground).depth == 0 { UNREACHABLE } else { HOST };
        (*ground).depth = (*ground).depth.saturating_sub(1);
        let stopped = call(&(*ground).store, (*ground).instance, inner, 0, 0).unwrap_err();
        assert_eq!(stopped.cause, Cause::Trap(Trap::UnreachableCodeReached));
        (*seen).push(functions(&stopped.backtrace));
        // The trap goes on outwards.
        (*(*context).store).pending = usize::from(Trap::UnreachableCodeReached.code());
    }
}

/// Runs `test` with a machine whose import `host` finds the ground that `test` has. By pointer only: both use it.
fn with_ground(host: HostFunction, test: impl FnOnce(*mut Ground)) {
    let place: *mut Ground = Box::into_raw(Box::<Ground>::new_uninit()).cast();
    let machine = Machine::new(host, place.cast());
    // SAFETY: the place is a box of this type, written here and given back when nobody uses it any more.
    unsafe {
        place.write(Ground { store: machine.store, instance: machine.instance, depth: 0, seen: Vec::new() });
        test(place);
        drop(Box::from_raw(place));
    }
}

#[test]
fn nested_calls_unwind_one_by_one_and_are_all_in_the_backtrace() {
    with_ground(nest, |ground| {
        for _ in 0..100 {
            // SAFETY: the pointer is good, and the store is this thread's.
            unsafe {
                (*ground).depth = 2;
                (*ground).seen = Vec::new();
                let stopped = call(&(*ground).store, (*ground).instance, HOST, 0, 0).unwrap_err();
                assert_eq!(functions(&stopped.backtrace), [HOST]);
                assert_eq!(stopped.backtrace.frames[0].wasm_offset, Some(600));
                let seen = &(*ground).seen;
                assert_eq!(
                    *seen,
                    [
                        vec![HOST],
                        vec![HOST, HOST],
                        vec![HOST, HOST, HOST],
                        vec![UNREACHABLE, HOST, HOST, HOST],
                        vec![HOST, HOST, HOST],
                        vec![HOST, HOST],
                    ]
                );
                assert!((*ground).store.backtrace().frames.is_empty());
                let vm = (*ground).store.vm();
                assert_eq!(((*vm).exit_fp, (*vm).exit_pc, (*vm).pending, (*vm).stack_limit), (0, 0, 0, 0));
            }
        }
    });
}

unsafe extern "C" fn fail(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: the trampoline passes its context.
    unsafe { (*(*context).store).pending = PENDING_ERROR };
}

#[test]
fn an_error_of_the_host_comes_out() {
    let mut machine = Machine::new(fail, std::ptr::null());
    for _ in 0..1000 {
        let stopped = machine.call(HOST, 0, 0).unwrap_err();
        assert_eq!(stopped.cause, Cause::HostError);
        assert_eq!(functions(&stopped.backtrace), [HOST]);
    }
}

/// Calls into wasm again and again, without end.
unsafe extern "C" fn ping(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: see `ground`.
    unsafe {
        let ground: *mut Ground = ground(context);
        (*ground).depth += 1;
        if call(&(*ground).store, (*ground).instance, HOST, 0, 0).is_err() {
            (*(*context).store).pending = usize::from(Trap::StackOverflow.code());
        }
    }
}

#[test]
fn endless_ping_pong_with_the_host_ends_in_overflow() {
    with_ground(ping, |ground| {
        for _ in 0..20 {
            // SAFETY: the pointer is good, and the store is this thread's.
            unsafe {
                (*ground).depth = 0;
                assert_eq!(trap_of(call(&(*ground).store, (*ground).instance, HOST, 0, 0)).0, Trap::StackOverflow);
                assert!((*ground).depth > 100);
            }
        }
    });
}

/// Two stores on one thread: the inner one's backtrace goes on through the outer one's frames.
unsafe extern "C" fn other_store(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: the data is a `Machine`.
    unsafe {
        let inner: *mut Machine = (*context).data.cast_mut().cast();
        let stopped = (*inner).call(UNREACHABLE, 0, 0).unwrap_err();
        assert_eq!(functions(&stopped.backtrace), [UNREACHABLE, HOST]);
    }
}

#[test]
fn stores_nest() {
    let mut inner = Machine::new(no_host, std::ptr::null());
    let mut outer = Machine::new(other_store, (&raw mut inner).cast());
    for _ in 0..100 {
        outer.call(HOST, 0, 0).unwrap();
    }
}

#[test]
fn a_panic_on_the_way_leaves_no_activation_behind() {
    let machine = Machine::new(no_host, std::ptr::null());
    let vm = machine.store.vm();
    let panicked = std::panic::catch_unwind(|| {
        // SAFETY: nothing is entered.
        let _ = unsafe {
            tancho_runtime::call::enter(vm, std::ptr::null(), std::ptr::null_mut(), |_| panic!("on the way"))
        };
    });
    assert!(panicked.is_err());
    // SAFETY: the store is ours.
    assert_eq!(unsafe { (*vm).stack_limit }, 0);
    assert!(machine.store.backtrace().frames.is_empty());
}
