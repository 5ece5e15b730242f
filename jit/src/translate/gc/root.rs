//! Roots: what the collector has to know of the references that compiled code holds, and what it has to be told of those that are
//! written into old objects.
//!
//! Called wherever a value comes about that may refer to an object. Each such value is declared; where one is alive across a call,
//! Cranelift's frontend keeps it in the frame, and the image says where (`SafepointRecord` in `tancho-abi`). The collector may move
//! any object then, so nothing that is computed from a reference may be used across a call.

use crate::translate::function::{FunctionTranslator, Region};
use crate::translate::signature::POINTER;
use cranelift_codegen::ir::{AliasRegion, AliasRegionData, AliasRegionSet, InstBuilder, StackSlot, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use std::borrow::Cow;
use tancho_abi::builtin::Builtin;
use tancho_abi::object::{CARD_SIZE, CARDS_BEFORE};
use tancho_abi::types::{HeapType, RefType, StorageType, ValType};

/// What compiled code remembers by `user_id` of the kind of memory that is a place of a reference in the frame.
const SLOT_KIND: u32 = 15 << 28;
/// No function profits from telling more places apart than this.
const MAX_SLOT_REGIONS: u32 = 4096;

/// Has the frontend tell apart the places of references in the frame.
pub(crate) fn distinguish_slots(builder: &mut FunctionBuilder<'_>) {
    builder.make_stack_map_alias_region(Box::new(slot_region));
}

fn slot_region(regions: &mut AliasRegionSet, _: Type, slot: StackSlot, _: u32) -> Option<AliasRegion> {
    let number = slot.as_u32();
    (number < MAX_SLOT_REGIONS).then(|| {
        regions.insert(AliasRegionData { user_id: SLOT_KIND | number, description: Cow::Borrowed("a reference") })
    })
}

impl FunctionTranslator<'_, '_> {
    /// Takes note of a value of type `ty` that has just come about.
    pub(crate) fn declare(&mut self, value: Value, ty: ValType) -> Value {
        if ty.is_object() {
            self.builder.declare_value_needs_stack_map(value);
        }
        value
    }

    /// Takes note of values of these types.
    pub(crate) fn declare_all(&mut self, values: &[Value], types: &[ValType]) {
        for (value, ty) in values.iter().zip(types) {
            self.declare(*value, *ty);
        }
    }

    /// Sees to it that the collector finds what is written into an object: `value`, a reference to be stored as `storage` in `object`. No
    /// branch and no call: references would have to be kept in the frame across one. Null has a card as well.
    pub(super) fn barrier(&mut self, object: Value, value: Value, storage: StorageType) {
        let place = self.builder.ins().uextend(POINTER, object);
        self.barrier_at(place, value, storage);
    }

    /// The same, where only what stands `place` bytes from the heap's base is to be looked at: an element of an array.
    pub(super) fn barrier_at(&mut self, place: Value, value: Value, storage: StorageType) {
        if !storage.is_object() || self.is_null(value) {
            return;
        }
        let base = self.heap();
        let card = self.builder.ins().ushr_imm_u(place, i64::from(CARD_SIZE.ilog2()));
        let place = self.builder.ins().iadd(base, card);
        let flags = self.flags(Region::Cards);
        let one = self.builder.ins().iconst(types::I8, 1);
        self.builder.ins().store(flags, one, place, -(CARDS_BEFORE as i32));
    }

    /// Whether the value is null whatever happens.
    pub(crate) fn is_null(&self, value: Value) -> bool {
        crate::translate::known::constant(&self.builder.func.dfg, value) == Some(0)
    }

    /// Goes on in a block all of whose predecessors are known.
    pub(crate) fn enter_block(&mut self, block: cranelift_codegen::ir::Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// Collects, where the tunables ask for it at every opportunity.
    pub(crate) fn zeal(&mut self) {
        if self.env.tunables.gc_zeal {
            self.call_builtin(Builtin::gc_collect, &[]);
        }
    }

    /// The kind of memory that a field is, `offset` bytes from the start of its object: types that share the field have it at one place.
    pub(super) fn field_region(offset: u32, storage: StorageType) -> Region {
        Region::Field(offset, class(storage))
    }

    /// The kind of memory that the elements of arrays are.
    pub(super) fn element_region(storage: StorageType) -> Region {
        Region::Elements(class(storage))
    }
}

/// What is stored in the same way: whether a field may hold what another does.
fn class(storage: StorageType) -> u32 {
    match storage {
        StorageType::I8 => 0,
        StorageType::I16 => 1,
        StorageType::Val(ValType::I32) => 2,
        StorageType::Val(ValType::I64) => 3,
        StorageType::Val(ValType::F32) => 4,
        StorageType::Val(ValType::F64) => 5,
        StorageType::Val(ValType::V128) => 6,
        StorageType::Val(ValType::Ref(ty)) if ty.is_function() => 7,
        StorageType::Val(ValType::Ref(_)) => 8,
    }
}

/// `(ref $ty)`.
pub(super) const fn reference_to(heap: HeapType) -> ValType {
    ValType::Ref(RefType { nullable: false, heap })
}
