//! References on the stack of compiled code: found, and followed, through nested calls and on other threads; and accesses through null.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

mod hand;

use hand::machine::*;
use std::sync::Arc;
use tancho_abi::object::NULL_AREA;
use tancho_abi::trap::Trap;
use tancho_abi::types::{CompositeType, FieldType, StorageType, SubType, ValType};
use tancho_abi::vmctx::*;
use tancho_runtime::call::Cause;
use tancho_runtime::store::{InstanceId, Store};
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// What the host function has to work with.
struct Ground {
    store: Store,
    instance: InstanceId,
    ty: Arc<RegisteredType>,
    depth: u32,
    /// Whether the next call is made by another thread.
    thread: bool,
}

struct Pointer(*mut Ground);
// SAFETY: the threads of this test use what it points to one after the other.
unsafe impl Send for Pointer {}

/// Makes an object that holds `number`.
fn object(ground: &mut Ground, number: u32) -> u32 {
    let object = ground.store.new_struct(&ground.ty).unwrap();
    let mut value = ValRaw::ZERO;
    value.i32 = number;
    ground.store.set_field(object, 0, value).unwrap();
    object
}

fn number(ground: &Ground, object: u32) -> u32 {
    // SAFETY: the field is a number.
    unsafe { ground.store.field(object, 0).unwrap().i32 }
}

/// Calls HOLD with two objects; they must come back. By pointer: the host function uses the ground as well.
unsafe fn hold(ground: *mut Ground, depth: u32) {
    // SAFETY: the caller's pointer is good, and no reference is kept across the call.
    unsafe {
        let first = object(&mut *ground, depth * 2);
        let first = (*ground).store.own(first);
        let second = object(&mut *ground, depth * 2 + 1);
        let first_now = (*ground).store.owned(first).unwrap();
        // From here on the first is held by compiled code alone.
        (*ground).store.disown(first);
        let found = call_for_two(&(*ground).store, (*ground).instance, HOLD, first_now, second).unwrap();
        assert_ne!(found, [first_now, second], "they have been moved");
        assert_eq!(found.map(|object| number(&*ground, object)), [depth * 2, depth * 2 + 1]);
    }
}

/// Nests, then collects.
unsafe extern "C" fn nest(context: *mut VmHostContext, _: *mut ValRaw) {
    // SAFETY: the test passes a `Ground` as the data, which is used by one thread at a time.
    unsafe {
        let ground: *mut Ground = (*context).data.cast_mut().cast();
        for _ in 0..20 {
            object(&mut *ground, 77);
        }
        if (*ground).depth > 0 {
            (*ground).depth -= 1;
            let depth = (*ground).depth;
            if (*ground).thread && depth.is_multiple_of(2) {
                let pointer = Pointer(ground);
                let body = move || {
                    let pointer = pointer;
                    hold(pointer.0, depth);
                };
                std::thread::spawn(body).join().unwrap();
            } else {
                hold(ground, depth);
            }
        }
        (*ground).store.collect();
    }
}

#[test]
fn objects_that_compiled_code_holds_are_kept_and_followed() {
    for (zeal, thread, depth) in [(false, false, 0), (false, false, 9), (false, true, 9), (true, true, 5)] {
        let place: *mut Ground = Box::into_raw(Box::<Ground>::new_uninit()).cast();
        let tunables = tancho_abi::tunables::Tunables { gc_zeal: zeal, ..Default::default() };
        let machine = Machine::with(module(), tunables, nest, place.cast());
        let fields = [FieldType { storage: StorageType::Val(ValType::I32), mutable: true }].into();
        let ty = SubType { is_final: true, supertype: None, composite: CompositeType::Struct(fields) };
        let ty = TypeRegistry::new().register_alone(ty);
        let Machine { mut store, instance, .. } = machine;
        store.verify_heap(true);
        // SAFETY: the place is a box of this type, written here and given back when nobody uses it any more.
        unsafe {
            place.write(Ground { store, instance, ty, depth, thread });
            for _ in 0..5 {
                (*place).depth = depth;
                hold(place, depth);
            }
            assert_eq!((*place).depth, 0);
            (*place).store.collect();
            assert_eq!((*place).store.heap_stats().live, 0);
            drop(Box::from_raw(place));
        }
    }
}

#[test]
fn accesses_through_null_trap() {
    let mut hand = module();
    hand.summary.uses_heap = 1;
    let mut machine = Machine::with(hand, Default::default(), no_host, std::ptr::null());
    for place in [0, 8, NULL_AREA - 4] {
        let stopped = machine.call(NULL_FIELD, place, 0).unwrap_err();
        assert_eq!(stopped.cause, Cause::Trap(Trap::NullStructureReference));
    }
    machine.call(NULL_FIELD, NULL_AREA, 0).unwrap();
}
