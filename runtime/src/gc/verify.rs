//! The verifier: looks at everything in the heap, and at what refers to it from outside, and ends the process where something is not as it must be.
//!
//! Called by `policy` before and after each collection, where the host or the tunable `gc_zeal` asks for it. It walks the heap from end to end,
//! not along references as the collector does, and has its own list of what refers to objects.
//!
//! Before a collection, every old object that refers to a young one has its card set, or that of the
//! element, and every table and segment that does is noted as
//! written. Afterwards:
//!
//! * runs are filled with objects without a gap, each with the header of a type of this store, each in its run; large objects have as many
//!   blocks as they need;
//! * every reference, in objects and outside, is null, an `i31`, or the place of one of these objects; and what it refers to is of the type
//!   that the field, element, value, global or table has;
//! * every value of the host has one object;
//! * every block is what the lists say; no card is set, nothing young, nothing noted as written; and
//!   where the first object of each card begins is what is noted.

use super::heap::{length_of, size_of_object};
use super::info::{Field, Origin, TypeInfo};
use super::space::{BLOCK, kind};
use crate::state::State;
use crate::sys::signal;
use crate::unwind::references;
use std::collections::HashSet;
use tancho_abi::object::{CARD_SIZE, LARGE_OBJECT, OBJECT_ALIGN, ObjectKind, PAYLOAD, is_i31};
use tancho_abi::types::{HeapType, RefType, StorageType, ValType};

/// Says what is wrong, and ends the process.
#[cold]
fn fail(what: &'static str, numbers: &[(&str, usize)]) -> ! {
    signal::fail(what, numbers)
}

/// Checks what must be true before a collection.
pub(super) fn before(state: &State) {
    let is_young = |reference: u32| state.heap.is_young(reference);
    let known = Known::of(state);
    known.each_object(state, |object, info| {
        let is_set = |place: u32| state.heap.old.space.is_card_set(place);
        each_reference(state, object, info, |reference, _, place| {
            if is_young(reference) && !is_set(object) && !(info.is_array() && is_set(place)) {
                fail(
                    "heap: an old object that refers to a young one has not its card set. This is a bug in tancho.",
                    &[("object", object as usize), ("reference", reference as usize)],
                );
            }
        });
    });
    for table in state.tables.iter().filter(|table| table.is_of_objects()) {
        if !table.is_written() && table.references().iter().any(|reference| is_young(*reference)) {
            fail("heap: a table that refers to young objects is not noted as written. This is a bug in tancho.", &[]);
        }
    }
    for instance in state.instances.iter().filter(|instance| !instance.elements_written) {
        if instance.elements.iter().flatten().flatten().any(|reference| is_young(*reference)) {
            fail("heap: a segment that refers to young objects is not noted as written. This is a bug in tancho.", &[]);
        }
    }
}

/// Checks what must be true after a collection.
pub(super) fn after(state: &mut State) {
    let mut known = Known::of(state);
    known.starts = known.starts_of(state);
    cards(state, &known);
    known.each_object(state, |object, info| {
        each_reference(state, object, info, |reference, ty, _| {
            known.check(state, reference, ty, ("object", object as usize))
        });
    });
    roots(state, &known);
    blocks(state);
    host_values(state, &known);
}

/// What is known of a heap that is being looked at.
struct Known {
    /// The addresses of all types.
    types: HashSet<usize>,
    /// A bit for every place where an object begins.
    starts: Vec<u64>,
}

impl Known {
    fn of(state: &State) -> Known {
        let types = state.heap.infos.all().map(|info| info.addr()).collect();
        Known { types, starts: Vec::new() }
    }

    fn starts_of(&self, state: &State) -> Vec<u64> {
        let mut starts = vec![0_u64; state.heap.old.space.accessible() / OBJECT_ALIGN as usize / 64];
        self.each_object(state, |object, _| {
            let bit = (object / OBJECT_ALIGN) as usize;
            starts[bit / 64] |= 1 << (bit % 64);
        });
        starts
    }

    fn is_start(&self, reference: u32) -> bool {
        let bit = (reference / OBJECT_ALIGN) as usize;
        reference.is_multiple_of(OBJECT_ALIGN)
            && self.starts.get(bit / 64).is_some_and(|word| word & 1 << (bit % 64) != 0)
    }

    /// Calls `visit` with every old object.
    fn each_object(&self, state: &State, mut visit: impl FnMut(u32, &TypeInfo)) {
        let old = &state.heap.old;
        for (position, run) in old.runs.iter().enumerate() {
            let (mut place, top) = (run.start(), old.top(position));
            if top > run.start() + run.blocks * BLOCK {
                fail("heap: a run ends behind its blocks. This is a bug in tancho.", &[("run", run.start())]);
            }
            while place < top {
                let (info, size) = self.object(state, place);
                if size > LARGE_OBJECT as usize || place + size > top {
                    fail("heap: an object does not fit its run. This is a bug in tancho.", &[("object", place)]);
                }
                visit(place as u32, info);
                place += size;
            }
        }
        for large in &old.large {
            let place = large.object as usize;
            let (info, size) = self.object(state, place);
            if size <= LARGE_OBJECT as usize || size.div_ceil(BLOCK) != large.blocks {
                fail("heap: a large object has not its blocks. This is a bug in tancho.", &[("object", place)]);
            }
            visit(large.object, info);
        }
    }

    /// The type and size of the object at a place.
    fn object<'a>(&self, state: &'a State, place: usize) -> (&'a TypeInfo, usize) {
        let address = state.heap.at(place as u32);
        // SAFETY: a place in a block that is in use. Its type lives as long as the store, once it is known to be one.
        unsafe {
            let header = address.cast::<*const TypeInfo>().read();
            if !self.types.contains(&header.addr()) {
                fail(
                    "heap: an object's header is that of no type. This is a bug in tancho.",
                    &[("object", place), ("header", header.addr())],
                );
            }
            (&*header, size_of_object(address))
        }
    }

    /// Checks a reference that stands where values of type `ty` do.
    fn check(&self, state: &State, reference: u32, ty: Option<RefType>, place: (&str, usize)) {
        if reference == 0 {
            // Fields that cannot be null are so until they are initialised.
            return;
        }
        let found = if is_i31(reference) {
            None
        } else if self.is_start(reference) {
            Some(self.object(state, reference as usize).0)
        } else {
            fail(
                "heap: a reference is to no object. This is a bug in tancho.",
                &[place, ("reference", reference as usize)],
            )
        };
        if ty.is_some_and(|ty| !conforms(found, ty.heap)) {
            fail(
                "heap: a reference is to an object of a wrong type. This is a bug in tancho.",
                &[place, ("reference", reference as usize)],
            );
        }
    }
}

/// Whether an object, or an `i31` where there is none, is of type `ty`.
fn conforms(object: Option<&TypeInfo>, ty: HeapType) -> bool {
    let kind = object.map(|info| info.vm.kind);
    let is = |wanted: ObjectKind| kind == Some(wanted as u32);
    let declared = |id: u32| object.is_some_and(|info| info.is_declared(id));
    match ty {
        HeapType::Any | HeapType::Extern => !is(ObjectKind::Exn),
        HeapType::Eq => kind.is_none() || is(ObjectKind::Struct) || is(ObjectKind::Array),
        HeapType::I31 => kind.is_none(),
        HeapType::Struct => is(ObjectKind::Struct),
        HeapType::Array => is(ObjectKind::Array),
        HeapType::ConcreteStruct(id) => is(ObjectKind::Struct) && declared(id.0),
        HeapType::ConcreteArray(id) => is(ObjectKind::Array) && declared(id.0),
        HeapType::Exn => is(ObjectKind::Exn),
        HeapType::None | HeapType::NoExtern | HeapType::NoExn => false,
        HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => false,
    }
}

/// The type of a reference to an object that is stored so.
fn reference_type(storage: StorageType) -> Option<RefType> {
    match storage {
        StorageType::Val(ValType::Ref(ty)) if !ty.is_function() => Some(ty),
        _ => None,
    }
}

/// Calls `visit` with each reference in an object, the type that it must be of, and where it stands.
fn each_reference(state: &State, object: u32, info: &TypeInfo, mut visit: impl FnMut(u32, Option<RefType>, u32)) {
    // SAFETY: the object is there, with what its type says.
    let read = |offset: u32| unsafe { state.heap.at(object + offset).cast::<u32>().read() };
    if info.is_array() {
        let Some(ty) = info.fields.first().and_then(|element| reference_type(element.storage)) else { return };
        // SAFETY: as above.
        let length = unsafe { length_of(state.heap.at(object)) };
        for index in 0..length {
            let offset = info.vm.size + index * info.vm.element_size;
            visit(read(offset), Some(ty), object + offset);
        }
        return;
    }
    for Field { offset, storage } in &info.fields {
        if let Some(ty) = reference_type(*storage) {
            visit(read(*offset), Some(ty), object + offset);
        }
    }
}

/// Checks that no card is set, and what is noted of each.
fn cards(state: &State, known: &Known) {
    let old = &state.heap.old;
    let mut last = None;
    known.each_object(state, |object, _| {
        let card = object / CARD_SIZE;
        // SAFETY: the object is there.
        let end = object as usize + unsafe { size_of_object(state.heap.at(object)) };
        let mut cards = card..=(end - 1) as u32 / CARD_SIZE;
        if cards.any(|card| old.space.is_card_set(card * CARD_SIZE)) {
            fail("heap: a card is still set. This is a bug in tancho.", &[("object", object as usize)]);
        }
        // SAFETY: the card of an object.
        let first = unsafe { old.space.starts().first(card) };
        if last != Some(card) && first != Some(object as usize) {
            fail(
                "heap: where the first object of a card begins is not what is noted. This is a bug in tancho.",
                &[("object", object as usize), ("noted", first.unwrap_or(0))],
            );
        }
        last = Some(card);
    });
}

/// Checks everything outside of the heap that refers to objects.
fn roots(state: &mut State, known: &Known) {
    let mut found = Vec::new();
    // SAFETY: compiled code has left for the host, since the state is borrowed; there are references at these places.
    unsafe {
        let State { vm, activation, heap, .. } = &mut *state;
        references(vm, *activation, &mut heap.safepoints, |slot| found.push((slot.addr(), slot.read())));
    }
    let state = &*state;
    for (place, reference) in found {
        known.check(state, reference, None, ("stack", place));
    }
    state.heap.roots.each(|reference| known.check(state, reference, None, ("root", 0)));
    for global in &state.globals {
        if let Some(ty) = reference_type(StorageType::Val(global.ty.ty)) {
            // SAFETY: the place of a global, of a type of references to objects; compiled code is not running.
            let reference = unsafe { global.place.as_ref().i32 };
            known.check(state, reference, Some(ty), ("global", global.place.addr().get()));
        }
    }
    for (position, table) in state.tables.iter().enumerate() {
        for reference in table.references() {
            known.check(state, *reference, Some(table.ty().element), ("table", position));
        }
        if table.is_of_objects() && table.is_written() {
            fail("heap: a table is still noted as written. This is a bug in tancho.", &[("table", position)]);
        }
    }
    for (position, instance) in state.instances.iter().enumerate() {
        for reference in instance.elements.iter().flatten().flatten() {
            known.check(state, *reference, None, ("segment of instance", position));
        }
    }
    state.exceptions.each_value(|tag, values| {
        for (value, ty) in values.iter().zip(&state.tags[tag.position()].ty.func().params) {
            if let Some(ty) = reference_type(StorageType::Val(*ty)) {
                // SAFETY: a reference to an object stands there.
                known.check(state, unsafe { value.i32 }, Some(ty), ("exception with tag", tag.position()));
            }
        }
    });
}

/// Checks that blocks are what the lists say.
fn blocks(state: &State) {
    let old = &state.heap.old;
    let first = state.heap.nursery_end as usize / BLOCK;
    let kinds = old.space.kinds();
    let mut expected = vec![kind::FREE; kinds.len()];
    expected[..first].fill(kind::STAYS);
    for run in &old.runs {
        expected[run.first..run.first + run.blocks].fill(kind::STAYS);
    }
    for large in &old.large {
        let first = large.object as usize / BLOCK;
        expected[first..first + large.blocks].fill(kind::REST);
        expected[first] = kind::LARGE;
    }
    let free = |kind: u8| kind <= kind::POISONED;
    let wrong = kinds
        .iter()
        .zip(&expected)
        .position(|(kind, expected)| if *expected == kind::FREE { !free(*kind) } else { kind != expected });
    if let Some(block) = wrong {
        fail(
            "heap: a block is not what the lists say. This is a bug in tancho.",
            &[("block", block), ("kind", kinds[block].into()), ("expected", expected[block].into())],
        );
    }
    let count = kinds.iter().filter(|kind| **kind <= kind::DIRTY).count();
    let used = expected.iter().filter(|kind| **kind != kind::FREE).count() - first;
    if count != old.space.free() || used * BLOCK != old.used() {
        fail(
            "heap: free blocks are miscounted. This is a bug in tancho.",
            &[("counted", count), ("said", old.space.free())],
        );
    }
    if state.young_bytes() != 0 {
        fail("heap: there are young objects after a collection. This is a bug in tancho.", &[]);
    }
}

/// Checks that each value of the host has one object.
fn host_values(state: &State, known: &Known) {
    let mut numbers = HashSet::new();
    for object in state.heap.host_values.objects() {
        if !known.is_start(object) {
            fail("heap: a value of the host has no object. This is a bug in tancho.", &[("object", object as usize)]);
        }
        let (info, _) = known.object(state, object as usize);
        // SAFETY: an object of at least 16 bytes.
        let number = unsafe { state.heap.at(object).add(PAYLOAD as usize).cast::<u32>().read() };
        let sound = matches!(info.origin, Origin::Host) && state.heap.host_values.get(number).is_some();
        if !sound || !numbers.insert(number) {
            fail(
                "heap: a value of the host has a wrong object. This is a bug in tancho.",
                &[("object", object as usize)],
            );
        }
    }
    if numbers.len() != state.heap.host_values.count() {
        fail(
            "heap: values of the host have lost their objects. This is a bug in tancho.",
            &[("values", state.heap.host_values.count()), ("objects", numbers.len())],
        );
    }
}
