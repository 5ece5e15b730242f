//! Objects of hand-made modules: constant expressions, element segments, and what compiled code asks of the runtime.
#![allow(clippy::unwrap_used, reason = "a test")]

mod hand;

use hand::{Hand, operator, types};
use std::sync::Arc;
use tancho_abi::image::{ImageError, Origin, Section};
use tancho_abi::module::*;
use tancho_abi::object::{NULL_AREA, VmTypeInfo, i31_reference};
use tancho_abi::trap::Trap;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::{HeapType, RefType, StorageType, ValType};
use tancho_abi::vmctx::*;
use tancho_runtime::code::{Code, LoadError};
use tancho_runtime::gc::ObjectType;
use tancho_runtime::instantiate::{Imports, InstantiateError};
use tancho_runtime::store::{Export, GlobalId, InstanceId, Store, TableId};
use tancho_runtime::table::TableValue;
use tancho_runtime::template::Template;
use tancho_runtime::types::TypeRegistry;

const ANY: ValType = ValType::Ref(RefType::ANYREF);
const I32: StorageType = StorageType::Val(ValType::I32);

struct Made {
    store: Store,
    instance: InstanceId,
}

fn tunables(zeal: bool) -> Tunables {
    Tunables { gc_heap_reservation: 32 << 20, gc_nursery: 128 << 10, gc_zeal: zeal, ..Tunables::default() }
}

fn code(hand: Hand, tunables: &Tunables) -> Arc<Code> {
    let bytes = hand.bytes_with(tancho_abi::target::Architecture::HOST, tunables);
    Code::load(&bytes, tunables, Origin::Trusted).unwrap()
}

fn try_make(hand: Hand, zeal: bool) -> Result<Made, InstantiateError> {
    let tunables = tunables(zeal);
    let code = code(hand, &tunables);
    let mut store = Store::new(Arc::new(tunables)).unwrap();
    store.verify_heap(true);
    let instance =
        store.instantiate(&Template::new(code.clone(), types(&TypeRegistry::new(), &code)), Imports::default())?;
    Ok(Made { store, instance })
}

impl Made {
    fn global(&self, index: u32) -> u32 {
        let Some(Export::Global(global)) = self.store.export(self.instance, ExternKind::Global, index) else {
            panic!()
        };
        let global: GlobalId = global;
        // SAFETY: the store is not in use, and a reference stands there.
        unsafe { (*self.store.global(global).1).i32 }
    }

    fn table(&self) -> TableId {
        let Some(Export::Table(table)) = self.store.export(self.instance, ExternKind::Table, 0) else { panic!() };
        table
    }

    fn entry(&self, index: u64) -> u32 {
        match self.store.table(self.table()).get(index) {
            Some(TableValue::Reference(reference)) => reference,
            _ => panic!(),
        }
    }

    fn number(&self, object: u32, index: u32) -> u32 {
        // SAFETY: a number of at most 32 bits, or a reference.
        unsafe { self.store.field(object, index).or_else(|| self.store.element(object, index)).unwrap().i32 }
    }
}

/// Runs a builtin as compiled code would; the trap that it left pending.
macro_rules! builtin {
    ($made:expr, $name:ident($($argument:expr),*)) => {{
        let (vmctx, vm) = ($made.store.vmctx($made.instance), $made.store.vm());
        // SAFETY: the context is the instance's, and the store is ours alone.
        unsafe {
            let result = ((*(*vmctx).builtins).$name)(vmctx, $($argument),*);
            let pending = std::mem::take(&mut (*vm).pending);
            (result, Trap::from_code(pending as u8))
        }
    }};
}

/// Types 0: a structure `(i32, anyref)`; 1: a subtype with an `i8` besides; 2: an array of `i16`; 3: an array of `anyref`; 4: of functions.
fn typed() -> Hand {
    let mut hand = Hand::new();
    let any = StorageType::Val(ANY);
    let base = hand.object_type(TypeKind::Struct, &[I32, any], None);
    hand.object_type(TypeKind::Struct, &[I32, any, StorageType::I8], Some(base));
    hand.object_type(TypeKind::Array, &[StorageType::I16], None);
    hand.object_type(TypeKind::Array, &[any], None);
    hand.object_type(TypeKind::Array, &[StorageType::Val(ValType::Ref(RefType::FUNCREF))], None);
    hand
}

#[test]
fn constants_make_objects() {
    use ConstantOperator as Op;
    for zeal in [false, true] {
        let mut hand = typed();
        let i31 = [operator(Op::I32, 0, 21), operator(Op::RefI31, 0, 0)];
        let own = [operator(Op::I32, 0, 7), i31[0], i31[1], operator(Op::I32, 0, 0x1ff), operator(Op::StructNew, 1, 0)];
        let init = hand.constant(&own);
        hand.global(ANY, init);
        let pair = [operator(Op::GlobalGet, 0, 0), operator(Op::RefNull, 0, 0), operator(Op::ArrayNewFixed, 3, 2)];
        let init = hand.constant(&pair);
        hand.global(ANY, init);
        let init = hand.constant(&[operator(Op::I32, 0, 9), operator(Op::I32, 0, 1000), operator(Op::ArrayNew, 2, 0)]);
        hand.global(ANY, init);
        let init = hand.constant(&[operator(Op::I32, 0, 100_000), operator(Op::ArrayNewDefault, 3, 0)]);
        hand.global(ANY, init);
        let init = hand.constant(&[operator(Op::StructNewDefault, 0, 0)]);
        hand.table(ANY, 3, None);
        hand.module.tables[0].init = init;
        let mut made = try_make(hand, zeal).unwrap();
        for _ in 0..3 {
            let first = made.global(0);
            assert_eq!([0, 1, 2].map(|index| made.number(first, index)), [7, i31_reference(21), 0xff]);
            assert!(
                matches!(made.store.object_type(first), Some(ObjectType::Struct(ty)) if ty.supertypes().len() == 2)
            );
            assert_eq!([0, 1].map(|index| made.number(made.global(1), index)), [first, 0]);
            assert_eq!(made.store.array_length(made.global(2)), Some(1000));
            assert_eq!(made.number(made.global(2), 999), 9);
            assert_eq!(made.store.array_length(made.global(3)), Some(100_000));
            assert!(made.entry(0) != 0 && made.entry(0) == made.entry(2));
            made.store.collect();
        }
    }
}

#[test]
fn constants_that_cannot_be_are_refused() {
    use ConstantOperator as Op;
    let refused = |operators: &[ConstantRecord]| {
        let mut hand = typed();
        let init = hand.constant(operators);
        hand.global(ANY, init);
        try_make(hand, false).err().unwrap()
    };
    let long = [operator(Op::I32, 0, 1 << 30), operator(Op::ArrayNewDefault, 3, 0)];
    assert!(matches!(refused(&long), InstantiateError::Heap(Trap::AllocationTooLarge)));
    let long = [operator(Op::I32, 0, 20 << 20), operator(Op::ArrayNewDefault, 3, 0)];
    assert!(matches!(refused(&long), InstantiateError::Heap(Trap::HeapExhausted)));
    for operators in [
        &[operator(Op::StructNew, 0, 0)][..],
        &[operator(Op::StructNewDefault, 2, 0)],
        &[operator(Op::StructNewDefault, 9, 0)],
        &[operator(Op::ArrayNewFixed, 3, 1)],
        &[operator(Op::ArrayNewFixed, 3, u64::MAX)],
        &[operator(Op::ArrayNewDefault, 3, 0)],
        &[operator(Op::RefI31, 0, 0)],
    ] {
        assert!(matches!(refused(operators), InstantiateError::Malformed(_)), "{operators:?}");
    }
}

#[test]
fn types_of_objects_are_known_by_their_supertypes() {
    let made = try_make(typed(), false).unwrap();
    let layout = made.store.code_of(made.instance).layout().clone();
    let context = made.store.vmctx(made.instance);
    let info = |index| {
        let offset = layout.type_info(tancho_abi::index::ObjectTypeIndex(index)) as usize;
        // SAFETY: the layout's place for it; types live as long as the store.
        unsafe { &**context.byte_add(offset).cast::<*const VmTypeInfo>() }
    };
    let (base, sub) = (info(0), info(1));
    assert_eq!((base.depth, sub.depth, base.size, sub.size), (0, 1, 16, 24));
    assert_eq!((sub.display[0], sub.display[1], sub.display[2]), (&raw const *base, &raw const *sub, std::ptr::null()));
    // SAFETY: as many as there are.
    unsafe {
        assert_eq!(std::slice::from_raw_parts(sub.supertypes, 2), &sub.display[..2]);
        assert_eq!(std::slice::from_raw_parts(sub.references, 1), [12]);
    }
    assert_eq!((info(3).size, info(3).element_size, info(3).reference_count), (12, 4, 1));
    assert_eq!((info(4).size, info(4).element_size, info(4).reference_count), (16, 8, 0));
    // SAFETY: the context is the instance's.
    assert!(unsafe { !(*context).heap.is_null() });
}

#[test]
fn segments_hold_objects_until_they_are_dropped() {
    use ConstantOperator as Op;
    for zeal in [false, true] {
        let mut hand = typed();
        hand.table(ANY, 4, None);
        let items: Vec<Range> = (0..3)
            .map(|number| {
                let object = [operator(Op::I32, 0, number), operator(Op::RefNull, 0, 0), operator(Op::StructNew, 0, 0)];
                hand.constant(&object)
            })
            .collect();
        let one = hand.i32(1);
        hand.element_expressions(SegmentMode::Active, one, &items[..2], ANY);
        hand.element_expressions(SegmentMode::Passive, Range::default(), &items, ANY);
        let mut made = try_make(hand, zeal).unwrap();
        assert_eq!(made.entry(0), 0);
        assert_eq!([1, 2].map(|index| made.number(made.entry(index), 0)), [0, 1]);
        made.store.collect();
        assert_eq!(builtin!(made, table_init(0, 0, 0, 0, 1)), ((), Some(Trap::TableOutOfBounds)));
        assert_eq!(builtin!(made, table_init(0, 1, 2, 1, 2)), ((), None));
        assert_eq!([1, 2, 3].map(|index| made.number(made.entry(index), 0)), [0, 1, 2]);
        // The same objects each time.
        let (array, trap) = builtin!(made, array_new_elem(3, 1, 0, 3));
        assert_eq!(trap, None);
        let array = made.store.own(array);
        let elements = |made: &Made| {
            let array = made.store.owned(array).unwrap();
            [0, 1, 2].map(|index| made.number(array, index))
        };
        assert_eq!(elements(&made)[1..], [made.entry(2), made.entry(3)]);
        assert_eq!(builtin!(made, array_new_elem(3, 1, 1, 3)), (0, Some(Trap::TableOutOfBounds)));
        let reference = made.store.owned(array).unwrap();
        assert_eq!(builtin!(made, array_init_elem(1, reference, 0, 2, 1)), ((), None));
        assert_eq!(elements(&made)[0], elements(&made)[2]);
        for (target, source, length, trap) in
            [(1, 0, 3, Trap::ArrayOutOfBounds), (0, 2, 2, Trap::TableOutOfBounds), (4, 9, 0, Trap::ArrayOutOfBounds)]
        {
            assert_eq!(builtin!(made, array_init_elem(1, reference, target, source, length)), ((), Some(trap)));
        }
        assert_eq!(builtin!(made, array_init_elem(1, 0, 0, 0, 0)), ((), Some(Trap::NullArrayReference)));
        builtin!(made, elem_drop(1));
        assert_eq!(builtin!(made, array_new_elem(3, 1, 0, 1)), (0, Some(Trap::TableOutOfBounds)));
        assert_eq!(builtin!(made, array_new_elem(3, 1, 0, 0)).1, None);
        made.store.disown(array);
        builtin!(made, table_fill_reference(0, 0, 0, 4));
        made.store.collect();
        assert_eq!(made.store.heap_stats().live, 0);
    }
}

#[test]
fn arrays_are_made_of_data() {
    let mut hand = typed();
    hand.data(SegmentMode::Passive, Range::default(), &[1, 2, 3, 4, 5, 6, 7], false);
    let mut made = try_make(hand, false).unwrap();
    let (array, trap) = builtin!(made, array_new_data(2, 0, 1, 3));
    assert_eq!((trap, made.store.array_length(array)), (None, Some(3)));
    assert_eq!([0, 1, 2].map(|index| made.number(array, index)), [0x0302, 0x0504, 0x0706]);
    assert_eq!(builtin!(made, array_new_data(2, 0, 2, 3)), (0, Some(Trap::MemoryOutOfBounds)));
    assert_eq!(builtin!(made, array_new_data(2, 0, u32::MAX, u32::MAX)), (0, Some(Trap::MemoryOutOfBounds)));
    assert_eq!(builtin!(made, array_init_data(0, array, 1, 0, 2)), ((), None));
    assert_eq!([0, 1, 2].map(|index| made.number(array, index)), [0x0302, 0x0201, 0x0403]);
    for (target, source, length, trap) in
        [(2, 0, 2, Trap::ArrayOutOfBounds), (0, 2, 3, Trap::MemoryOutOfBounds), (0, 9, 4, Trap::ArrayOutOfBounds)]
    {
        assert_eq!(builtin!(made, array_init_data(0, array, target, source, length)), ((), Some(trap)));
    }
    assert_eq!(builtin!(made, array_init_data(0, 0, 0, 0, 0)), ((), Some(Trap::NullArrayReference)));
    builtin!(made, data_drop(0));
    assert_eq!(builtin!(made, array_new_data(2, 0, 0, 1)), (0, Some(Trap::MemoryOutOfBounds)));
    made.store.collect();
}

#[test]
fn arrays_are_copied_within_their_bounds() {
    let mut made = try_make(typed(), false).unwrap();
    let (old, _) = builtin!(made, gc_allocate(3, 5));
    let old = made.store.own(old);
    made.store.collect();
    let (young, _) = builtin!(made, gc_allocate(3, 3));
    let old_at = made.store.owned(old).unwrap();
    assert!(old_at > young);
    for index in 0..3 {
        let (object, _) = builtin!(made, gc_allocate(0, 0));
        let [value, reference] = [index + 10, object].map(|bits| ValRaw { i64: u64::from(bits) });
        made.store.set_field(object, 0, value).unwrap();
        made.store.set_element(young, index, reference).unwrap();
    }
    assert_eq!(builtin!(made, array_copy(old_at, 1, young, 0, 3)), ((), None));
    assert_eq!(builtin!(made, array_copy(old_at, 0, old_at, 1, 3)), ((), None));
    for (to, to_start, from, from_start, length, trap) in [
        (old_at, 3, young, 0, 3, Trap::ArrayOutOfBounds),
        (old_at, 0, young, 2, 2, Trap::ArrayOutOfBounds),
        (old_at, u32::MAX, young, 0, 2, Trap::ArrayOutOfBounds),
        (0, 0, young, 0, 0, Trap::NullArrayReference),
        (old_at, 0, 0, 0, 0, Trap::NullArrayReference),
    ] {
        assert_eq!(builtin!(made, array_copy(to, to_start, from, from_start, length)), ((), Some(trap)));
    }
    // A collection of the nursery: what the old array was given is found by its card.
    while made.store.heap_stats().minor == 0 {
        builtin!(made, gc_allocate(2, 1000));
    }
    let old = made.store.owned(old).unwrap();
    let numbers = [0, 1, 2, 3].map(|index| made.number(made.number(old, index), 0));
    assert_eq!(numbers, [10, 11, 12, 12]);
}

#[test]
fn room_is_made_for_exactly_what_is_asked_with_zeal() {
    for zeal in [false, true] {
        let made = try_make(typed(), zeal).unwrap();
        for size in [16, 8192, 24, 8192, 8192] {
            assert_eq!(builtin!(made, gc_room(size)), ((), None));
            // SAFETY: the store is ours alone.
            let (next, limit) = unsafe { ((*made.store.vm()).heap_next, (*made.store.vm()).heap_limit) };
            assert!(next >= NULL_AREA && limit - next >= size && (!zeal || limit - next == size));
        }
        let before = made.store.heap_stats().major;
        builtin!(made, gc_collect());
        assert_eq!(made.store.heap_stats().major, before + 1);
    }
}

#[test]
fn unsound_safepoints_are_refused() {
    let refusal = |change: &dyn Fn(&mut Module)| {
        let mut hand = typed();
        let ty = hand.ty(&[], &[]);
        hand.text = vec![0xcc; 64];
        hand.function(ty, 0, 64);
        hand.module.safepoint_addresses = vec![8, 16];
        hand.module.safepoints = vec![Range { start: 0, length: 1 }, Range { start: 0, length: 2 }];
        hand.module.references = vec![8, 12];
        change(&mut hand.module);
        match Code::load(&hand.bytes(), &Tunables::default(), Origin::Trusted) {
            Err(LoadError::Image(ImageError::Section { kind })) => Some(kind),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    };
    assert_eq!(refusal(&|_| ()), None);
    let addresses = Some(Section::SafepointAddresses as u32);
    assert_eq!(refusal(&|module| module.safepoint_addresses = vec![16, 8]), addresses);
    assert_eq!(refusal(&|module| module.safepoint_addresses = vec![8, 8]), addresses);
    assert_eq!(refusal(&|module| module.safepoint_addresses = vec![8, 65]), addresses);
    let points = Some(Section::Safepoints as u32);
    assert_eq!(refusal(&|module| module.safepoints[1].length = 3), points);
    assert_eq!(refusal(&|module| module.safepoints[1].start = u32::MAX), points);
    assert_eq!(refusal(&|module| module.safepoints.truncate(1)), points);
    let references = Some(Section::References as u32);
    for place in [0, 6, 1 << 31] {
        assert_eq!(refusal(&|module| module.references[0] = place), references);
    }
    let summary = Some(Section::Summary as u32);
    assert_eq!(refusal(&|module| module.types[0].object = 9), summary);
    assert_eq!(refusal(&|module| module.types[0].object = NONE), summary);
}

#[test]
fn abstract_types_are_checked_in_globals() {
    // An array in a global of structures would end the process when the heap is verified; a structure does not.
    let mut hand = typed();
    let init = hand.constant(&[operator(ConstantOperator::StructNewDefault, 1, 0)]);
    let ty = RefType { nullable: false, heap: HeapType::ConcreteStruct(tancho_abi::index::TypeIndex(0)) };
    hand.global(ValType::Ref(ty), init);
    let mut made = try_make(hand, false).unwrap();
    made.store.collect();
    assert!(made.global(0) != 0);
}
