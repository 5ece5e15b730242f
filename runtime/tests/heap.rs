//! The collected heap without compiled code: objects made by the host, roots, mutation, collections; random graphs against a model.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a test")]

#[path = "heap/graph.rs"]
mod graph;

use graph::{Rng, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho_abi::trap::Trap;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::{CompositeType, FieldType, FuncType, RefType, StorageType, SubType, ValType};
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::gc::ObjectType;
use tancho_runtime::store::{GlobalType, Store};
use tancho_runtime::table::{TableType, TableValue};
use tancho_runtime::types::{RegisteredType, TypeRegistry};

pub(crate) fn tunables(zeal: bool) -> Tunables {
    Tunables { gc_heap_reservation: 64 << 20, gc_nursery: 128 << 10, gc_zeal: zeal, ..Tunables::default() }
}

pub(crate) fn store(tunables: Tunables) -> Store {
    let mut store = Store::new(Arc::new(tunables)).unwrap();
    store.verify_heap(true);
    store
}

pub(crate) fn field(storage: StorageType) -> FieldType {
    FieldType { storage, mutable: true }
}

pub(crate) fn reference(ty: RefType) -> StorageType {
    StorageType::Val(ValType::Ref(ty))
}

pub(crate) fn alone(registry: &Arc<TypeRegistry>, composite: CompositeType) -> Arc<RegisteredType> {
    registry.register_alone(SubType { is_final: true, supertype: None, composite })
}

pub(crate) fn i32_value(value: u32) -> ValRaw {
    let mut raw = ValRaw::ZERO;
    raw.i32 = value;
    raw
}

pub(crate) fn i64_value(value: u64) -> ValRaw {
    let mut raw = ValRaw::ZERO;
    raw.i64 = value;
    raw
}

/// The 32 bits of a value whose bytes have all been written.
pub(crate) fn low(value: ValRaw) -> u32 {
    // SAFETY: any bits are a number, and the store writes all of them.
    unsafe { value.i32 }
}

pub(crate) fn wide(value: ValRaw) -> u64 {
    // SAFETY: as above.
    unsafe { value.i64 }
}

/// A value of the host that counts when it is dropped.
pub(crate) struct Counted(pub Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A list's type: a number and the rest.
fn list_type(registry: &Arc<TypeRegistry>) -> Arc<RegisteredType> {
    let fields = [field(StorageType::Val(ValType::I32)), field(reference(RefType::ANYREF))];
    alone(registry, CompositeType::Struct(fields.into()))
}

fn array_type(registry: &Arc<TypeRegistry>, storage: StorageType) -> Arc<RegisteredType> {
    alone(registry, CompositeType::Array(field(storage)))
}

#[test]
fn fields_and_elements_hold_what_they_are_given() {
    let registry = TypeRegistry::new();
    let mut store = store(tunables(false));
    let storages = [
        StorageType::I8,
        StorageType::Val(ValType::V128),
        StorageType::I16,
        StorageType::Val(ValType::F64),
        StorageType::Val(ValType::F32),
        reference(RefType::FUNCREF),
        reference(RefType::EXTERNREF),
    ];
    let ty = alone(&registry, CompositeType::Struct(storages.map(field).into()));
    let object = store.new_struct(&ty).unwrap();
    assert!(matches!(store.object_type(object), Some(ObjectType::Struct(found)) if found.id == ty.id));
    let ones = ValRaw { v128: [0xff; 16] };
    for (index, storage) in (0..).zip(storages) {
        assert_eq!(wide(store.field(object, index).unwrap()), 0);
        if !matches!(storage, StorageType::Val(ValType::Ref(_))) {
            store.set_field(object, index, ones).unwrap();
        }
    }
    let bits: Vec<u64> = (0..7).map(|index| wide(store.field(object, index).unwrap())).collect();
    assert_eq!(bits, [0xff, u64::MAX, 0xffff, u64::MAX, 0xffff_ffff, 0, 0]);
    assert!(store.field(object, 7).is_none() && store.set_field(object, 7, ones).is_none());
    assert!(store.field(0, 0).is_none() && store.field(5, 0).is_none() && store.element(object, 0).is_none());
    let bytes = store.new_array(&array_type(&registry, StorageType::I8), 5).unwrap();
    store.set_element(bytes, 4, i32_value(0x1fe)).unwrap();
    assert_eq!(low(store.element(bytes, 4).unwrap()), 0xfe);
    assert!(store.element(bytes, 5).is_none() && store.set_element(bytes, 5, ones).is_none());
    assert_eq!((store.array_length(bytes), store.array_length(object), store.array_length(0)), (Some(5), None, None));
    assert!(matches!(store.object_type(7), Some(ObjectType::I31)) && store.object_type(0).is_none());
}

#[test]
fn roots_keep_objects_and_follow_them() {
    for zeal in [false, true] {
        let registry = TypeRegistry::new();
        let mut store = store(tunables(zeal));
        let ty = list_type(&registry);
        let outer = store.open_scope();
        let first = store.new_struct(&ty).unwrap();
        let first = store.root(first);
        store.set_field(store.rooted(first).unwrap(), 0, i32_value(1)).unwrap();
        let inner = store.open_scope();
        let second = store.new_struct(&ty).unwrap();
        let second = store.root(second);
        let owned = store.own(store.rooted(second).unwrap());
        store.set_field(store.rooted(second).unwrap(), 0, i32_value(2)).unwrap();
        let before = store.rooted(first).unwrap();
        store.collect();
        assert_ne!(store.rooted(first), Some(before));
        store.close_scope(inner);
        assert!(store.rooted(second).is_none() && store.rooted(first).is_some());
        // A root at the same position is another.
        let third = store.root(store.owned(owned).unwrap());
        assert!(store.rooted(second).is_none() && store.rooted(third).is_some());
        store.collect();
        assert_eq!(low(store.field(store.rooted(first).unwrap(), 0).unwrap()), 1);
        assert_eq!(low(store.field(store.owned(owned).unwrap(), 0).unwrap()), 2);
        assert_eq!(store.heap_stats().live, 32);
        store.disown(owned);
        store.disown(owned);
        assert!(store.owned(owned).is_none());
        let again = store.own(store.rooted(first).unwrap());
        assert!(again != owned && store.owned(owned).is_none());
        store.disown(again);
        store.close_scope(outer);
        store.collect();
        assert_eq!(store.heap_stats().live, 0);
    }
}

/// A list of numbers, the last in front.
fn list(store: &mut Store, ty: &Arc<RegisteredType>, length: u32) -> u32 {
    let mut head = None;
    for number in 0..length {
        let object = store.new_struct(ty).unwrap();
        store.set_field(object, 0, i32_value(number)).unwrap();
        if let Some(rest) = head {
            let rest = store.owned(rest).unwrap();
            store.set_field(object, 1, i32_value(rest)).unwrap();
        }
        head.into_iter().for_each(|root| store.disown(root));
        head = Some(store.own(object));
    }
    let root = head.unwrap();
    let head = store.owned(root).unwrap();
    store.disown(root);
    head
}

#[test]
fn a_long_list_survives() {
    let registry = TypeRegistry::new();
    let mut store = store(tunables(false));
    store.verify_heap(false);
    let ty = list_type(&registry);
    let length = 400_000;
    let head = list(&mut store, &ty, length);
    let root = store.own(head);
    store.verify_heap(true);
    store.collect();
    store.collect();
    let mut at = store.owned(root).unwrap();
    for number in (0..length).rev() {
        assert_eq!(low(store.field(at, 0).unwrap()), number);
        at = low(store.field(at, 1).unwrap());
    }
    assert_eq!(at, 0);
    let stats = store.heap_stats();
    assert!(stats.minor > 20 && stats.major >= 2 && stats.live == u64::from(length) * 16, "{stats:?}");
    assert_eq!(stats.allocated, u64::from(length) * 16);
}

#[test]
fn old_objects_are_remembered_when_they_refer_to_young_ones() {
    let registry = TypeRegistry::new();
    let mut store = store(tunables(false));
    let (ty, array) = (list_type(&registry), array_type(&registry, reference(RefType::ANYREF)));
    let large = store.new_array(&array, 100_000).unwrap();
    let large = store.own(large);
    // One of which no element is written whose card something begins in.
    let [_, middle, _] = [0; 3].map(|_| {
        let middle = store.new_array(&array, 1000).unwrap();
        store.own(middle)
    });
    let small = store.new_struct(&ty).unwrap();
    let small = store.own(small);
    store.collect();
    for round in 0..40_u32 {
        for step in 0..1000 {
            let object = store.new_struct(&ty).unwrap();
            store.set_field(object, 0, i32_value(round * 1000 + step)).unwrap();
            let (large, small) = (store.owned(large).unwrap(), store.owned(small).unwrap());
            store.set_element(large, round * 1000 + step, i32_value(object)).unwrap();
            store.set_field(small, 1, i32_value(object)).unwrap();
            let middle = store.owned(middle).unwrap();
            store.set_element(middle, 500 + step % 500, i32_value(object)).unwrap();
        }
    }
    assert!(store.heap_stats().minor > 3);
    for index in 0..40_000 {
        let object = low(store.element(store.owned(large).unwrap(), index).unwrap());
        assert_eq!(low(store.field(object, 0).unwrap()), index);
    }
    for index in 500..1000 {
        let object = low(store.element(store.owned(middle).unwrap(), index).unwrap());
        assert_eq!(low(store.field(object, 0).unwrap()), 39_000 + index);
    }
    let last = low(store.field(store.owned(small).unwrap(), 1).unwrap());
    assert_eq!(low(store.field(last, 0).unwrap()), 39_999);
}

#[test]
fn values_of_the_host_are_dropped_once() {
    for zeal in [false, true] {
        let mut store = store(tunables(zeal));
        let drops = Arc::new(AtomicUsize::new(0));
        let counted = || Box::new(Counted(drops.clone()));
        let kept = store.new_extern(counted()).unwrap();
        let kept = store.own(kept);
        for _ in 0..20_000 / if zeal { 40 } else { 1 } {
            store.new_extern(counted()).unwrap();
        }
        store.collect();
        let made = 20_000 / if zeal { 40 } else { 1 };
        assert_eq!((drops.load(Ordering::Relaxed), store.extern_count()), (made, 1));
        let object = store.owned(kept).unwrap();
        assert!(store.extern_value(object).unwrap().is::<Counted>());
        assert!(matches!(store.object_type(object), Some(ObjectType::Extern)));
        assert!(store.extern_value(0).is_none() && store.extern_value(3).is_none());
        store.collect();
        assert_eq!(drops.load(Ordering::Relaxed), made);
        drop(store);
        assert_eq!(drops.load(Ordering::Relaxed), made + 1);
    }
}

/// A value whose drop panics.
struct Bomb(Counted);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0.0.load(Ordering::Relaxed) < 1000 {
            panic!("bomb");
        }
    }
}

#[test]
fn a_panic_of_a_dropped_value_leaves_the_heap_sound() {
    let registry = TypeRegistry::new();
    let ty = list_type(&registry);
    let mut store = store(tunables(false));
    let drops = Arc::new(AtomicUsize::new(0));
    for _ in 0..5 {
        store.new_extern(Box::new(Bomb(Counted(drops.clone())))).unwrap();
    }
    let object = store.new_struct(&ty).unwrap();
    let object = store.own(object);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.collect())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"bomb"));
    // All of them were dropped: fields are, when the drop of the whole panics.
    assert_eq!((drops.load(Ordering::Relaxed), store.extern_count()), (5, 0));
    store.collect();
    assert!(store.object_type(store.owned(object).unwrap()).is_some());
}

#[test]
fn the_limit_holds_and_the_store_goes_on() {
    for (limit, zeal) in [(1 << 20, false), (8 << 20, false), (1 << 20, true), (u64::MAX, false)] {
        let registry = TypeRegistry::new();
        let bytes = array_type(&registry, StorageType::I8);
        let mut store = store(tunables(zeal));
        store.verify_heap(zeal);
        store.set_heap_limit(limit);
        let size = if zeal { 4096 } else { 500 };
        let scope = store.open_scope();
        let mut count = 0_u64;
        let trap = loop {
            match store.new_array(&bytes, size) {
                Ok(array) => store.root(array),
                Err(trap) => break trap,
            };
            count += 1;
        };
        assert_eq!(trap, Trap::HeapExhausted);
        // What the nursery held at last has been moved and is alive.
        let used = store.heap_stats().used;
        assert!(used <= limit.saturating_add(limit / 4), "{used}");
        let expected = limit.min(64 << 20) / 3 / u64::from(size);
        assert!(count > expected, "{count} of {expected}");
        for size in [1, 100_000, 1 << 20] {
            assert_eq!(store.new_array(&bytes, size), Err(Trap::HeapExhausted));
        }
        store.close_scope(scope);
        assert!(store.new_array(&bytes, size).is_ok());
    }
}

#[test]
fn after_exhaustion_there_is_room_when_something_goes() {
    let registry = TypeRegistry::new();
    let (bytes, ty) = (array_type(&registry, StorageType::I8), list_type(&registry));
    let mut store = store(tunables(false));
    for size in [100, 4000, 70_000, 3 << 20] {
        let scope = store.open_scope();
        let mut count = 0;
        while let Ok(array) = store.new_array(&bytes, size) {
            store.root(array);
            count += 1;
        }
        assert!(u64::from(count * size) > 20 << 20, "{count} arrays of {size}");
        assert_eq!(store.new_array(&bytes, size), Err(Trap::HeapExhausted));
        store.close_scope(scope);
        let (array, object) = (store.new_array(&bytes, size).unwrap(), store.new_struct(&ty));
        assert!(object.is_ok() && store.array_length(array) == Some(size));
    }
    store.collect();
    assert_eq!(store.heap_stats().live, 0);
}

#[test]
fn large_arrays_are_zero_and_bounded() {
    let registry = TypeRegistry::new();
    let (bytes, words) =
        (array_type(&registry, StorageType::I8), array_type(&registry, StorageType::Val(ValType::I64)));
    let mut store = store(tunables(false));
    for round in 0..8 {
        let array = store.new_array(&bytes, 5 << 20).unwrap();
        assert!((0..5 << 20).step_by(509).all(|index| low(store.element(array, index).unwrap()) == 0), "{round}");
        for index in (0..5 << 20).step_by(509) {
            store.set_element(array, index, i32_value(0xff)).unwrap();
        }
        if round % 3 == 2 {
            store.collect();
        }
    }
    assert_eq!(store.new_array(&words, u32::MAX), Err(Trap::AllocationTooLarge));
    assert_eq!(store.new_array(&words, (1 << 28) - 2), Err(Trap::HeapExhausted));
    assert_eq!(store.new_array(&bytes, 0).map(|array| store.array_length(array)), Ok(Some(0)));
}

#[test]
fn a_small_reservation_has_a_small_nursery() {
    let registry = TypeRegistry::new();
    let ty = list_type(&registry);
    let mut store = store(Tunables { gc_heap_reservation: 5 << 20, gc_nursery: 4 << 20, ..tunables(false) });
    for _ in 0..1_000_000 {
        store.new_struct(&ty).unwrap();
    }
    let stats = store.heap_stats();
    assert!(stats.minor + stats.major > 40, "{stats:?}");
}

#[test]
fn a_panic_of_a_dropped_value_leaves_no_object_half_made() {
    let registry = TypeRegistry::new();
    let bytes = array_type(&registry, StorageType::I8);
    let mut store = store(tunables(true));
    for size in [10, 100_000] {
        store.new_extern(Box::new(Bomb(Counted(Arc::default())))).unwrap();
        let make = std::panic::AssertUnwindSafe(|| store.new_array(&bytes, size));
        std::panic::catch_unwind(make).unwrap_err();
        store.collect();
        assert_eq!((store.extern_count(), store.heap_stats().live), (0, 0));
    }
}

#[test]
fn tables_globals_and_exceptions_keep_objects() {
    for zeal in [false, true] {
        let registry = TypeRegistry::new();
        let mut store = store(tunables(zeal));
        let ty = list_type(&registry);
        let element = RefType::ANYREF;
        let table_type = TableType { element, minimum: 4, maximum: None, index64: false };
        let object = store.new_struct(&ty).unwrap();
        store.set_field(object, 0, i32_value(7)).unwrap();
        let table = store.new_table(table_type, TableValue::Reference(object)).unwrap();
        let global = store.new_global(GlobalType { ty: ValType::Ref(element), mutable: true }, i32_value(object));
        let params = [ValType::Ref(RefType::ANYREF), ValType::I64].into();
        let tag = store.new_tag(&registry.register(&FuncType { params, results: Box::default() }));
        let exception = store.new_exception(tag).unwrap();
        let held = match store.table(table).get(3) {
            Some(TableValue::Reference(held)) => held,
            _ => panic!(),
        };
        store.set_exception_value(exception, 0, i32_value(held)).unwrap();
        store.set_exception_value(exception, 1, i64_value(9)).unwrap();
        assert!(store.set_exception_value(exception, 2, ValRaw::ZERO).is_none());
        let exception = store.own(exception);
        for _ in 0..3 {
            store.collect();
            let Some(TableValue::Reference(held)) = store.table(table).get(1) else { panic!() };
            assert_eq!(low(store.field(held, 0).unwrap()), 7);
            // SAFETY: the store is not in use.
            assert_eq!(low(unsafe { store.global(global).1.read() }), held);
            let (found, values) = store.exception(store.owned(exception).unwrap()).unwrap();
            assert_eq!((found, low(values[0]), wide(values[1])), (tag, held, 9));
            assert!(
                matches!(store.object_type(store.owned(exception).unwrap()), Some(ObjectType::Exn(it)) if it == tag)
            );
        }
        // A young object in an old table.
        let object = store.new_struct(&ty).unwrap();
        store.set_field(object, 0, i32_value(8)).unwrap();
        store.table_mut(table).set(2, TableValue::Reference(object)).unwrap();
        for _ in 0..if zeal { 20 } else { 10_000 } {
            store.new_struct(&ty).unwrap();
        }
        let Some(TableValue::Reference(held)) = store.table(table).get(2) else { panic!() };
        assert_eq!(low(store.field(held, 0).unwrap()), 8);
    }
}

#[test]
fn what_is_thrown_is_alive() {
    let registry = TypeRegistry::new();
    let mut store = store(tunables(true));
    let ty = list_type(&registry);
    let params = [ValType::I32, ValType::Ref(RefType::ANYREF)].into();
    let tag = store.new_tag(&registry.register(&FuncType { params, results: Box::default() }));
    let drops = Arc::new(AtomicUsize::new(0));
    let object = store.new_extern(Box::new(Counted(drops.clone()))).unwrap();
    store.throw(tag, &[i32_value(1), i32_value(object)], 0);
    store.new_struct(&ty).unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    store.throw(tag, &[i32_value(1), ValRaw::ZERO], 0);
    store.collect();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn a_refused_reservation_is_an_error() {
    let registry = TypeRegistry::new();
    for tunables in [
        Tunables { gc_nursery: 100_000, ..tunables(false) },
        Tunables { gc_nursery: 64 << 10, ..tunables(false) },
        Tunables { gc_nursery: 64 << 20, ..tunables(false) },
        Tunables { gc_nursery: u32::MAX - 0xffff, ..tunables(false) },
    ] {
        let mut store = store(tunables);
        assert_eq!(store.new_struct(&list_type(&registry)), Err(Trap::HeapExhausted));
        assert_eq!(store.new_extern(Box::new(())), Err(Trap::HeapExhausted));
        store.collect();
        assert_eq!((store.extern_count(), store.heap_stats().major), (0, 0));
    }
}

#[test]
fn random_graphs_are_as_the_model_says() {
    graph::cases(60, 0x6c_0001, |seed| run(store(tunables(false)), &mut Rng(seed), 3000));
}

#[test]
fn random_graphs_are_as_the_model_says_with_zeal() {
    graph::cases(25, 0x6c_0002, |seed| run(store(tunables(true)), &mut Rng(seed), 400));
}
