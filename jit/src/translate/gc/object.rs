//! Objects as they are made, and structures: `struct.new`, `struct.get` and their kin; `ref.i31`, `i31.get`.
//!
//! Called by the switchboard, and by `array` for what arrays share. Allocation is a pointer that goes up in the nursery; what does not fit is
//! asked of the runtime, out of line. An access through null faults in the null area at the start of the heap.

use super::root::reference_to;
use crate::translate::function::{FunctionTranslator, Region};
use crate::translate::signature::{POINTER, machine_type};
use crate::translate::trap;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::{ObjectTypeIndex, TypeIndex};
use tancho_abi::object::{LARGE_OBJECT, NULL_AREA};
use tancho_abi::trap::Trap;
use tancho_abi::types::{HeapType, StorageType};
use tancho_abi::vmctx::{VmContext, VmStore};

/// Whether a packed value is extended with its sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extension {
    /// It is.
    Signed,
    /// With zeros; or the value is not packed.
    Unsigned,
}

impl FunctionTranslator<'_, '_> {
    /// The base of the heap.
    pub(super) fn heap(&mut self) -> Value {
        self.uses_heap = true;
        self.load_constant(POINTER, offset_of!(VmContext, heap) as u32)
    }

    /// The address of the object that a reference refers to.
    pub(super) fn object_address(&mut self, reference: Value) -> Value {
        let base = self.heap();
        let distance = self.builder.ins().uextend(POINTER, reference);
        self.builder.ins().iadd(base, distance)
    }

    /// What objects of a type have in their headers.
    pub(super) fn type_info(&mut self, ty: TypeIndex) -> Value {
        let object = ObjectTypeIndex(self.env.module.types[ty.index()].object);
        self.load_constant(POINTER, self.env.layout.type_info(object))
    }

    /// Flags of accesses to objects, which cannot trap.
    pub(super) fn object_flags(&mut self, region: Region) -> MemFlagsData {
        // Objects are aligned to 8 bytes only.
        MemFlagsData::new()
            .with_notrap()
            .with_endianness(Endianness::Little)
            .with_alias_region(Some(self.alias_region(region)))
    }

    /// Flags of the first access to what a reference refers to, `offset` bytes from its start: where the reference is null, it traps.
    pub(super) fn through(&mut self, reference: Value, offset: u32, region: Region, null: Trap) -> MemFlagsData {
        let flags = self.object_flags(region);
        // An access that begins in the null area faults there.
        if self.env.tunables.signals_based_traps && offset < NULL_AREA {
            return flags.with_trap_code(Some(trap::code(null)));
        }
        self.trap_unless(reference, null);
        flags
    }

    /// Room for a new object of `size` bytes, of a type that is given in its header; the reference. What it holds is to be written before
    /// anything is called.
    pub(super) fn allocate(&mut self, ty: TypeIndex, size: Value) -> Value {
        self.uses_heap = true;
        let store = self.load_constant(POINTER, offset_of!(VmContext, store) as u32);
        let flags = self.flags(Region::Head);
        let next = self.builder.ins().load(types::I32, flags, store, offset_of!(VmStore, heap_next) as i32);
        let limit = self.builder.ins().load(types::I32, flags, store, offset_of!(VmStore, heap_limit) as i32);
        // The nursery ends far below 2³², and sizes are small.
        let end = self.builder.ins().iadd(next, size);
        let full = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        let (ask, fits) = (self.builder.create_block(), self.builder.create_block());
        let reference = self.builder.append_block_param(fits, types::I32);
        let end_there = self.builder.append_block_param(fits, types::I32);
        self.builder.ins().brif(full, ask, &[], fits, &[next.into(), end.into()]);
        self.builder.set_cold_block(ask);
        self.enter_block(ask);
        self.call_builtin(Builtin::gc_room, &[size]);
        let next = self.builder.ins().load(types::I32, flags, store, offset_of!(VmStore, heap_next) as i32);
        let end = self.builder.ins().iadd(next, size);
        self.builder.ins().jump(fits, &[next.into(), end.into()]);
        self.enter_block(fits);
        self.builder.ins().store(flags, end_there, store, offset_of!(VmStore, heap_next) as i32);
        let info = self.type_info(ty);
        let address = self.object_address(reference);
        let flags = self.object_flags(Region::ObjectHeader);
        self.builder.ins().store(flags, info, address, 0);
        reference
    }

    /// An object that the runtime makes, all zero but for its header and length.
    pub(super) fn allocate_by_runtime(&mut self, ty: TypeIndex, length: Value) -> Value {
        let ty = self.iconst32(ty.0);
        self.call_builtin(Builtin::gc_allocate, &[ty, length]).expect("the builtin has a result")
    }

    /// Pushes a reference to an object of type `ty`.
    pub(super) fn push_object(&mut self, ty: TypeIndex, heap: fn(TypeIndex) -> HeapType, reference: Value) {
        self.declare(reference, reference_to(heap(ty)));
        self.push(reference);
    }

    /// Stores a value, which may be wider than what is stored.
    pub(super) fn store_as(
        &mut self,
        storage: StorageType,
        flags: MemFlagsData,
        value: Value,
        base: Value,
        offset: i32,
    ) {
        match storage {
            StorageType::I8 => self.builder.ins().istore8(flags, value, base, offset),
            StorageType::I16 => self.builder.ins().istore16(flags, value, base, offset),
            StorageType::Val(_) => self.builder.ins().store(flags, value, base, offset),
        };
    }

    /// Loads a value as it is outside of objects.
    pub(super) fn load_as(
        &mut self,
        (storage, extension): (StorageType, Extension),
        flags: MemFlagsData,
        base: Value,
        offset: i32,
    ) -> Value {
        let ins = self.builder.ins();
        let value = match (storage, extension) {
            (StorageType::I8, Extension::Signed) => ins.sload8(types::I32, flags, base, offset),
            (StorageType::I8, Extension::Unsigned) => ins.uload8(types::I32, flags, base, offset),
            (StorageType::I16, Extension::Signed) => ins.sload16(types::I32, flags, base, offset),
            (StorageType::I16, Extension::Unsigned) => ins.uload16(types::I32, flags, base, offset),
            (StorageType::Val(ty), _) => ins.load(machine_type(ty), flags, base, offset),
        };
        self.declare(value, storage.unpacked())
    }

    /// A new structure with `values`, or with zeros and nulls.
    fn struct_with(&mut self, ty: TypeIndex, values: Option<Vec<Value>>) {
        let layout = self.env.object(ty);
        let reference = if layout.size > LARGE_OBJECT {
            let nothing = self.iconst32(0);
            self.allocate_by_runtime(ty, nothing)
        } else {
            let size = self.iconst32(layout.size);
            self.allocate(ty, size)
        };
        let address = self.object_address(reference);
        for position in 0..layout.fields.len() {
            let (storage, offset) = layout.field(position as u32);
            let value = match &values {
                Some(values) => values[position],
                None => self.zero(storage.unpacked()),
            };
            // New objects need no barrier: they are young, or the runtime remembers them.
            let flags = self.object_flags(Self::field_region(offset, storage));
            self.store_as(storage, flags, value, address, offset as i32);
        }
        self.push_object(ty, HeapType::ConcreteStruct, reference);
    }

    pub(crate) fn struct_new(&mut self, ty: u32) {
        let ty = TypeIndex(ty);
        let values = self.pop_many_plain(self.env.object(ty).fields.len());
        self.struct_with(ty, Some(values));
    }

    pub(crate) fn struct_new_default(&mut self, ty: u32) {
        self.struct_with(TypeIndex(ty), None);
    }

    pub(crate) fn struct_get(&mut self, ty: u32, field: u32, extension: Extension) {
        let (storage, offset) = self.env.object(TypeIndex(ty)).field(field);
        let reference = self.pop();
        let region = Self::field_region(offset, storage);
        let flags = self.through(reference, offset, region, Trap::NullStructureReference);
        let address = self.object_address(reference);
        let value = self.load_as((storage, extension), flags, address, offset as i32);
        self.push(value);
    }

    pub(crate) fn struct_set(&mut self, ty: u32, field: u32) {
        let (storage, offset) = self.env.object(TypeIndex(ty)).field(field);
        let value = self.pop_plain();
        let reference = self.pop();
        let region = Self::field_region(offset, storage);
        // Null is below the nursery's end: the barrier lets it pass, and the store faults.
        let flags = self.through(reference, offset, region, Trap::NullStructureReference);
        self.barrier(reference, value, storage);
        let address = self.object_address(reference);
        self.store_as(storage, flags, value, address, offset as i32);
    }

    pub(crate) fn ref_i31(&mut self) {
        let value = self.pop();
        let shifted = self.builder.ins().ishl_imm_u(value, 1);
        let reference = self.builder.ins().bor_imm_u(shifted, 1);
        self.push(reference);
    }

    pub(crate) fn i31_get(&mut self, extension: Extension) {
        let reference = self.pop();
        self.trap_unless(reference, Trap::NullI31Reference);
        let value = match extension {
            Extension::Signed => self.builder.ins().sshr_imm_u(reference, 1),
            Extension::Unsigned => self.builder.ins().ushr_imm_u(reference, 1),
        };
        self.push(value);
    }

    pub(crate) fn ref_eq(&mut self) {
        self.compare(IntCC::Equal);
    }
}
