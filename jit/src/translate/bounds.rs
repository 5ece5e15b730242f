//! The sandbox wall: from an index and a constant offset to an address that lies in the memory or traps.
//!
//! Called by every operator that reads or writes linear memory, and nothing else computes such an address. Each case states
//! the inequality that makes it sound.
//!
//! The memory is a reservation of R bytes of address space followed by a guard of G bytes (`tancho_abi::tunables::Space`); its first
//! `length` ≤ R bytes are accessible. Where the space checks, every other byte of reservation and guard faults, and a fault there is a
//! trap. R and G are tunables, the same for all memories of one address type: the runtime maps what they say, and an image loads only
//! where the same are in force. A memory never becomes shorter.
//!
//! With the tunable `belt` each address goes through a builtin on its way to the access. The builtin computes it anew from what the
//! guest gave, so that no rule of the compiler's, here or further down, decides alone where memory is accessed.

use super::function::{FunctionTranslator, Region};
use super::known;
use super::signature::POINTER;
use super::trap;
use core::mem::{offset_of, size_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::MemoryIndex;
use tancho_abi::target::Architecture;
use tancho_abi::trap::Trap;
use tancho_abi::tunables::Space;
use tancho_abi::vmctx::{VmMemory, VmMemoryImport};

/// An address that may be accessed, for one access of the size it was asked for.
pub(crate) struct Address {
    /// The base.
    pub(crate) base: Value,
    /// To be added to it by the access itself.
    pub(crate) offset: i32,
    /// The flags that the access must have: they say that it may trap, and with what.
    pub(crate) flags: MemFlagsData,
    /// Where the guard alone decides whether the access is in bounds: how far after which place it begins.
    pub(crate) left_to_guard: Option<(Value, i32)>,
}

/// How far beyond a place that is known to be at most R an access may begin without being looked at.
pub(crate) const MAX_STEP: u64 = 4096;

/// That a block has accessed a 64-bit memory at the sum of some value and a number.
pub(crate) struct Accessed {
    block: Block,
    /// The number.
    added: u64,
    /// The least of the sum and R.
    place: Value,
}

impl FunctionTranslator<'_, '_> {
    /// The address of `size` bytes at `index` + `offset` in `memory`, all of which the access that follows reads or, if it is an atomic
    /// one, writes; `index` is of the memory's address type, `i32` or `i64`. Other stores have theirs from `whole`.
    pub(crate) fn address(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Address {
        let address = self.any_address(memory, index, offset, size);
        self.note_access(memory, &address, size);
        address
    }

    /// The same, of bytes that need not be accessed at once.
    pub(crate) fn any_address(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Address {
        let base = self.memory_base(memory);
        let index = self.extend_index(index);
        let address = self.sound_address(memory, base, index, offset, size);
        if !self.env.tunables.belt {
            return address;
        }
        let place = self.builder.ins().iadd_imm_s(address.base, i64::from(address.offset));
        let memory = self.iconst32(memory.0);
        let offset = self.builder.ins().iconst(POINTER, offset as i64);
        let size = self.iconst32(size);
        let checked = self.belt(Builtin::belt_access, &[memory, index, offset, size, place]);
        Address { base: checked, offset: 0, ..address }
    }

    /// The address that `builtin` gives back when it has found nothing wrong.
    fn belt(&mut self, builtin: Builtin, arguments: &[Value]) -> Value {
        self.call_builtin(builtin, arguments).expect("the builtins of the belt have a result")
    }

    /// The same for an index of 64 bits: 0 ≤ index < 2³² where it was an `i32`, which an instruction of its own has extended.
    fn sound_address(&mut self, memory: MemoryIndex, base: Value, index: Value, offset: u64, size: u32) -> Address {
        let flags = MemFlagsData::new()
            .with_trap_code(Some(trap::code(Trap::MemoryOutOfBounds)))
            .with_endianness(cranelift_codegen::ir::Endianness::Little)
            .with_alias_region(Some(self.alias_region(Region::Memory(memory))));
        if let Some((place, offset)) = self.guarded(memory, index, offset, size) {
            let base = self.builder.ins().iadd(base, place);
            return Address { base, offset, flags, left_to_guard: Some((place, offset)) };
        }
        let outside = self.outside(memory, index, offset, size);
        self.trap_if(outside, Trap::MemoryOutOfBounds);
        let start = self.builder.ins().iadd_imm_u(index, offset as i64);
        let address = self.builder.ins().iadd(base, start);
        let base = self.unless_outside(outside, address);
        Address { base, offset: 0, flags, left_to_guard: None }
    }

    /// What to add to the base in place of the index, and in place of the offset, so that the access is in bounds or faults, without a
    /// branch: `None` where there is no such thing.
    fn guarded(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Option<(Value, i32)> {
        let end = offset.checked_add(u64::from(size))?;
        let short = i32::try_from(offset).ok()?;
        let Space { reservation, guard, checks, .. } = self.env.memory_space(memory);
        if !checks {
            return None;
        }
        let index64 = self.env.is_memory64(memory);
        let most = if index64 { known::most(&self.builder.func.dfg, index) } else { u32::MAX.into() };
        let reach = reservation.checked_add(guard)?;
        if most.checked_add(end).is_some_and(|last| last <= reach) {
            // index + end ≤ most + end ≤ R + G: the access begins in the reservation or the guard and ends there, so it is in
            // bounds or faults.
            return Some((index, short));
        }
        // With MAX_STEP to spare, for what follows here and in `opt::stride`.
        let room = guard.checked_sub(end)?;
        if !index64 || room < MAX_STEP || reservation == 0 {
            return None;
        }
        let (root, added) = known::sum(&self.builder.func.dfg, index);
        let block = self.builder.current_block();
        if let Some(accessed) = self.accessed.get(&root).filter(|accessed| Some(accessed.block) == block) {
            let step = added.wrapping_sub(accessed.added);
            let fits = step <= MAX_STEP && step <= room - MAX_STEP;
            let offset = i32::try_from(offset + step.min(MAX_STEP)).ok().filter(|_| fits);
            if let Some(offset) = offset {
                // This block has accessed memory at first = root + added' modulo 2⁶⁴ by way of place = min(first, R), below. Where
                // that has not trapped, first ≤ R and is the place; index = first + step ≤ R + step does not wrap, and so
                // index + end = place + step + end ≤ R + G as above. Where it has, this place is as far from the base: at
                // most R + step + end ≤ R + G.
                return Some((accessed.place, offset));
            }
        }
        // Let place = min(index, R). Where index ≤ R, it is the index, and place + end ≤ R + end ≤ R + G as above. Where index > R, the
        // access is out of bounds, since index ≥ R ≥ length; and so is that at place: it begins at R + offset ≥ length, ends at
        // R + end ≤ R + G, and so faults. There is no branch that could be mispredicted.
        let limit = self.builder.ins().iconst(POINTER, reservation as i64);
        if self.env.architecture == Architecture::Riscv64 && self.env.tunables.memory_spectre_mitigation {
            // Where it has no instruction for a minimum, Cranelift branches for one.
            let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, index, limit);
            return Some((self.builder.ins().select_spectre_guard(outside, limit, index), short));
        }
        // All accesses at an index share this, in a loop or not.
        let place = self.builder.ins().umin(index, limit);
        self.places.push(place);
        if let Some(block) = block {
            self.accessed.insert(root, Accessed { block, added, place });
        }
        Some((place, short))
    }

    /// Whether an access is out of bounds: not index + end ≤ length, in numbers without an end.
    fn outside(&mut self, memory: MemoryIndex, index: Value, offset: u64, size: u32) -> Value {
        let Some(end) = offset.checked_add(u64::from(size)) else {
            // offset + size ≥ 2⁶⁴ > length.
            return self.builder.ins().iconst(types::I8, 1);
        };
        let length = self.memory_length(memory);
        if !self.env.is_memory64(memory) {
            // index + end < 2³² + 2³³ does not wrap.
            let past = self.builder.ins().iadd_imm_u(index, end as i64);
            return self.builder.ins().icmp(IntCC::UnsignedGreaterThan, past, length);
        }
        if end <= self.env.least_memory_length(memory) {
            // end ≤ least ≤ length, so length - end does not wrap: index + end > length exactly when index > length - end.
            let last = self.builder.ins().iadd_imm_s(length, (end as i64).wrapping_neg());
            return self.builder.ins().icmp(IntCC::UnsignedGreaterThan, index, last);
        }
        // Modulo 2⁶⁴ the sum is less than a summand exactly when it wraps, and then index + end ≥ 2⁶⁴ > length.
        let past = self.builder.ins().iadd_imm_s(index, end as i64);
        let wraps = self.builder.ins().icmp(IntCC::UnsignedLessThan, past, index);
        let beyond = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, past, length);
        self.builder.ins().bor(wraps, beyond)
    }

    /// The address of the `length` bytes (64 bits, extended where they were an `i32`) from `start` (`i32` or `i64`, as for
    /// [`address`](Self::address)) on in `memory`, checked: builtins believe it, and an access to any part of them is in bounds. The
    /// length is at most `most`.
    pub(crate) fn range(&mut self, memory: MemoryIndex, start: Value, length: Value, most: u64) -> Value {
        let index64 = self.env.is_memory64(memory);
        let start = self.extend_index(start);
        let end = self.builder.ins().iadd(start, length);
        let limit = self.memory_length(memory);
        // Two numbers of 32 bits do not wrap: start + length ≤ 2 · (2³² - 1), in bounds exactly when it is ≤ the memory's length.
        let mut outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, limit);
        if index64 {
            // As for an access.
            let wraps = self.builder.ins().icmp(IntCC::UnsignedLessThan, end, start);
            outside = self.builder.ins().bor(wraps, outside);
        }
        self.trap_if(outside, Trap::MemoryOutOfBounds);
        let base = self.memory_base(memory);
        let place = self.builder.ins().iadd(base, start);
        // Where the check of a short range from a 32-bit index is mispredicted, nothing but reservation and guard is touched.
        let place = if !index64 && self.is_inside(memory, most) { place } else { self.unless_outside(outside, place) };
        if !self.env.tunables.belt {
            return place;
        }
        let memory = self.iconst32(memory.0);
        self.belt(Builtin::belt_range, &[memory, start, length, place])
    }

    /// The address, or where its check is mispredicted the null page, from which nothing is read.
    fn unless_outside(&mut self, outside: Value, address: Value) -> Value {
        if !self.env.tunables.memory_spectre_mitigation {
            return address;
        }
        let null = self.builder.ins().iconst(POINTER, 0);
        self.builder.ins().select_spectre_guard(outside, null, address)
    }

    /// Whether every range that ends at most `end` bytes after a 32-bit index lies in reservation and guard.
    fn is_inside(&self, memory: MemoryIndex, end: u64) -> bool {
        let space = self.env.memory_space(memory);
        let last = u64::from(u32::MAX).checked_add(end);
        let limit = space.reservation.checked_add(space.guard);
        matches!((last, limit), (Some(last), Some(limit)) if last <= limit)
    }

    /// The address of a memory's first byte. But for a memory that moves, it does not change while the instance lives, so it is loaded
    /// where it pays.
    fn memory_base(&mut self, memory: MemoryIndex) -> Value {
        if self.env.memory_space(memory).moves() {
            return self.load_memory_head(memory, offset_of!(VmMemory, base));
        }
        self.load_constant(POINTER, self.env.memory_base(memory))
    }

    /// The present length of a memory in bytes. Where the memory is shared, another thread may write it at any time: the load is one of an
    /// aligned word, and comes again after each atomic access, so that a length of before the last synchronisation is never used. One
    /// that is older than the present length makes an access trap that races with the growth; an access that happens after it does not.
    pub(crate) fn memory_length(&mut self, memory: MemoryIndex) -> Value {
        const { assert!(size_of::<usize>() == 8) };
        self.load_memory_head(memory, offset_of!(VmMemory, length))
    }

    /// A field of a memory's head, which calls may change.
    fn load_memory_head(&mut self, memory: MemoryIndex, field: usize) -> Value {
        let (head, offset) = self.memory_head(memory, field);
        let flags = self.flags(Region::Head);
        self.builder.ins().load(POINTER, flags, head, offset)
    }

    /// Where a field of a memory's head stands.
    fn memory_head(&mut self, memory: MemoryIndex, field: usize) -> (Value, i32) {
        match self.env.memory_import(memory) {
            Some(import) => {
                (self.load_constant(POINTER, import + offset_of!(VmMemoryImport, memory) as u32), field as i32)
            }
            None => (self.vmctx, self.env.layout.defined_memory(memory) as i32 + field as i32),
        }
    }

    /// The present length of a shared memory in bytes, in the one order of all atomic accesses (`memory.size`).
    pub(crate) fn shared_memory_length(&mut self, memory: MemoryIndex) -> Value {
        let (head, offset) = self.memory_head(memory, offset_of!(VmMemory, length));
        let place = self.builder.ins().iadd_imm_s(head, i64::from(offset));
        let flags = self.flags(Region::Head);
        self.builder.ins().atomic_load(POINTER, flags, place)
    }
}
