//! The sandbox wall: from an index and a constant offset to an address that lies in the memory or traps.
//!
//! Called by every operator that reads or writes linear memory, and nothing else computes such an address. Each case states
//! the inequality that makes it sound.
//!
//! The memory is a reservation of R bytes of address space followed by a guard of G bytes; its first `length` ≤ R bytes are
//! accessible, every other byte of reservation and guard faults, and a fault there is a trap. R and G are tunables: the
//! runtime maps what they say, and an image loads only where the same are in force.
//!
//! With the tunable `belt` each address goes through a builtin on its way to the access. The builtin computes it anew from what the
//! guest gave, so that no rule of the compiler's, here or further down, decides alone where memory is accessed.

use super::function::{FunctionTranslator, Region};
use super::signature::POINTER;
use super::trap;
use core::mem::{offset_of, size_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::MemoryIndex;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{VmMemory, VmMemoryImport};

/// An address that may be accessed, for one access of the size it was asked for.
pub(crate) struct Address {
    /// The base.
    pub(crate) base: Value,
    /// To be added to it by the access itself.
    pub(crate) offset: i32,
    /// The flags that the access must have: they say that it may trap, and with what.
    pub(crate) flags: MemFlagsData,
}

impl FunctionTranslator<'_, '_> {
    /// The address of `size` bytes at `index` + `offset` in `memory`; `index` is an `i32`.
    pub(crate) fn address(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Address {
        let address = self.sound_address(memory, index, offset, size);
        if !self.env.tunables.belt {
            return address;
        }
        let place = self.builder.ins().iadd_imm_s(address.base, i64::from(address.offset));
        let memory = self.iconst32(memory.0);
        let offset = self.builder.ins().iconst(POINTER, offset as i64);
        let size = self.iconst32(size);
        let checked = self.belt(Builtin::belt_access, &[memory, index, offset, size, place]);
        Address { base: checked, offset: 0, flags: address.flags }
    }

    /// The address that `builtin` gives back when it has found nothing wrong.
    fn belt(&mut self, builtin: Builtin, arguments: &[Value]) -> Value {
        self.call_builtin(builtin, arguments).expect("the builtins of the belt have a result")
    }

    fn sound_address(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Address {
        let flags = MemFlagsData::new()
            .with_trap_code(Some(trap::code(Trap::MemoryOutOfBounds)))
            .with_endianness(cranelift_codegen::ir::Endianness::Little)
            .with_alias_region(Some(self.alias_region(Region::Memory(memory))));
        let base = self.memory_base(memory);
        // The index as 64 bits, by an instruction of its own: 0 ≤ index < 2³².
        let index = self.extend_index(index);
        // offset and size ≤ 2³² - 1: no overflow.
        let end = offset + u64::from(size);
        if self.is_inside(end) && i32::try_from(offset).is_ok() {
            // index + end ≤ (2³² - 1) + end ≤ R + G: the access begins in the reservation or the guard and ends there, so it
            // is in bounds or faults.
            let base = self.builder.ins().iadd(base, index);
            return Address { base, offset: offset as i32, flags };
        }
        // index + end < 2³⁴ does not wrap; in bounds exactly when index + end ≤ length.
        let length = self.memory_length(memory);
        let past = self.builder.ins().iadd_imm_u(index, end as i64);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, past, length);
        self.builder.ins().trapnz(outside, trap::code(Trap::MemoryOutOfBounds));
        let start = self.builder.ins().iadd_imm_u(index, offset as i64);
        let address = self.builder.ins().iadd(base, start);
        let base = self.unless_outside(outside, address);
        Address { base, offset: 0, flags }
    }

    /// The address of the `length` bytes (64 bits, extended from 32) from `start` (an `i32`) on in `memory`, checked: builtins
    /// believe it, and an access to any part of them is in bounds. The length is at most `most`.
    pub(crate) fn range(&mut self, memory: MemoryIndex, start: Value, length: Value, most: u64) -> Value {
        // start + length ≤ 2 · (2³² - 1) does not wrap; in bounds exactly when it is ≤ the memory's length.
        let index = start;
        let start = self.extend_index(index);
        let end = self.builder.ins().iadd(start, length);
        let limit = self.memory_length(memory);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        self.builder.ins().trapnz(outside, trap::code(Trap::MemoryOutOfBounds));
        let base = self.memory_base(memory);
        let place = self.builder.ins().iadd(base, start);
        // Where the check of a short range is mispredicted, nothing but reservation and guard is touched.
        let place = if self.is_inside(most) { place } else { self.unless_outside(outside, place) };
        if !self.env.tunables.belt {
            return place;
        }
        let memory = self.iconst32(memory.0);
        self.belt(Builtin::belt_range, &[memory, index, length, place])
    }

    /// The address, or where its check is mispredicted the null page, from which nothing is read.
    fn unless_outside(&mut self, outside: Value, address: Value) -> Value {
        if !self.env.tunables.memory_spectre_mitigation {
            return address;
        }
        let null = self.builder.ins().iconst(POINTER, 0);
        self.builder.ins().select_spectre_guard(outside, null, address)
    }

    /// Whether every access that ends at most `end` bytes after a 32-bit index lies in reservation and guard.
    fn is_inside(&self, end: u64) -> bool {
        let tunables = self.env.tunables;
        let last = u64::from(u32::MAX).checked_add(end);
        let limit = tunables.memory_reservation.checked_add(tunables.memory_guard);
        matches!((last, limit), (Some(last), Some(limit)) if last <= limit)
    }

    /// The address of a memory's first byte. It does not change while the instance lives, so it is loaded where it pays.
    fn memory_base(&mut self, memory: MemoryIndex) -> Value {
        let layout = &self.env.layout;
        let offset = if self.env.is_imported_memory(memory) {
            layout.imported_memory(memory) + offset_of!(VmMemoryImport, base) as u32
        } else {
            layout.defined_memory(memory) + offset_of!(VmMemory, base) as u32
        };
        self.load_constant(POINTER, offset)
    }

    /// The present length of a memory in bytes.
    pub(crate) fn memory_length(&mut self, memory: MemoryIndex) -> Value {
        const { assert!(size_of::<usize>() == 8) };
        let field = offset_of!(VmMemory, length) as i32;
        let layout = &self.env.layout;
        let (head, offset) = if self.env.is_imported_memory(memory) {
            let pointer = layout.imported_memory(memory) + offset_of!(VmMemoryImport, memory) as u32;
            (self.load_constant(POINTER, pointer), field)
        } else {
            (self.vmctx, layout.defined_memory(memory) as i32 + field)
        };
        let flags = self.flags(Region::Head);
        self.builder.ins().load(POINTER, flags, head, offset)
    }
}
