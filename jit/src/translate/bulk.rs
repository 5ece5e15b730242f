//! Bulk memory operators (§4.4.7): copies, fills and segments.
//!
//! Called by the switchboard. The runtime's builtins do the work and check the bounds, but for `memory.copy` and `memory.fill`, whose
//! bounds are checked in place; compilers use these two for every structure that is moved or cleared, so where the length is a small
//! constant they are done in place as well.

use super::copy;
use super::function::{FunctionTranslator, Region};
use super::known;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::MemoryIndex;

/// Copies and fills of more bytes than this can be interrupted: others take a few milliseconds at most.
const LONG: u64 = 4 << 20;

/// The most bytes that an operator can be about.
const ANY_LENGTH: u64 = u64::MAX;

impl FunctionTranslator<'_, '_> {
    pub(crate) fn memory_copy(&mut self, target_memory: u32, source_memory: u32) {
        let (target, source, length) = self.pop3();
        if let Some((ty, offsets)) = self.few(length) {
            return self.copy_few(
                MemoryIndex(target_memory),
                MemoryIndex(source_memory),
                [target, source, length],
                ty,
                &offsets,
            );
        }
        let length = self.extend_index(length);
        let source = self.range(MemoryIndex(source_memory), source, length, ANY_LENGTH);
        let target = self.range(MemoryIndex(target_memory), target, length, ANY_LENGTH);
        self.by_length([Builtin::memory_copy, Builtin::memory_copy_long], [target, source, length]);
    }

    /// Calls the one builtin or, where it takes long, the other, which can be interrupted.
    fn by_length(&mut self, [short, long]: [Builtin; 2], arguments: [Value; 3]) {
        self.interrupt_site();
        let takes_long = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, arguments[2], LONG as i64);
        let [at_long, at_short, done] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(takes_long, at_long, &[], at_short, &[]);
        self.builder.set_cold_block(at_long);
        for (block, builtin) in [(at_long, long), (at_short, short)] {
            self.builder.switch_to_block(block);
            self.builder.seal_block(block);
            self.call_builtin(builtin, &arguments);
            self.builder.ins().jump(done, &[]);
        }
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
    }

    pub(crate) fn memory_fill(&mut self, memory: u32) {
        let (target, value, length) = self.pop3();
        if let Some((ty, offsets)) = self.few(length) {
            return self.fill_few(MemoryIndex(memory), [target, value, length], ty, &offsets);
        }
        let length = self.extend_index(length);
        let target = self.range(MemoryIndex(memory), target, length, ANY_LENGTH);
        self.by_length([Builtin::memory_fill, Builtin::memory_fill_long], [target, value, length]);
    }

    /// The pieces of a length that is a small constant.
    fn few(&self, length: Value) -> Option<(Type, Vec<i32>)> {
        let length = known::constant(&self.builder.func.dfg, length)?;
        copy::pieces(self.env.architecture, u32::try_from(length).ok()?)
    }

    /// `memory.copy` of a constant length in `pieces`.
    fn copy_few(
        &mut self,
        target_memory: MemoryIndex,
        source_memory: MemoryIndex,
        [target, source, length]: [Value; 3],
        ty: Type,
        offsets: &[i32],
    ) {
        let length = self.extend_index(length);
        let source = self.range(source_memory, source, length, copy::MOST);
        let target = self.range(target_memory, target, length, copy::MOST);
        let (from, to) = (self.memory_flags(source_memory), self.memory_flags(target_memory));
        let values: Vec<Value> =
            offsets.iter().map(|offset| self.builder.ins().load(ty, from, source, *offset)).collect();
        for (offset, value) in offsets.iter().zip(values) {
            self.builder.ins().store(to, value, target, *offset);
        }
    }

    /// `memory.fill` of a constant length in `pieces`.
    fn fill_few(&mut self, memory: MemoryIndex, [target, value, length]: [Value; 3], ty: Type, offsets: &[i32]) {
        let length = self.extend_index(length);
        let target = self.range(memory, target, length, copy::MOST);
        let flags = self.memory_flags(memory);
        let byte = self.builder.ins().ireduce(types::I8, value);
        let filled = copy::filled(&mut self.builder, ty, byte);
        for offset in offsets {
            self.builder.ins().store(flags, filled, target, *offset);
        }
    }

    /// Flags of accesses to a part of `memory` that [`range`](Self::range) has found to be in bounds.
    fn memory_flags(&mut self, memory: MemoryIndex) -> MemFlagsData {
        MemFlagsData::new().with_notrap().with_alias_region(Some(self.alias_region(Region::Memory(memory))))
    }

    pub(crate) fn memory_init(&mut self, segment: u32, memory: u32) {
        self.interrupt_site();
        let (target, source, length) = self.pop3();
        let target = self.extend_index(target);
        let (memory, segment) = (self.iconst32(memory), self.iconst32(segment));
        self.call_builtin(Builtin::memory_init, &[memory, segment, target, source, length]);
    }

    pub(crate) fn data_drop(&mut self, segment: u32) {
        let segment = self.iconst32(segment);
        self.call_builtin(Builtin::data_drop, &[segment]);
    }

    pub(crate) fn table_copy(&mut self, target_table: u32, source_table: u32) {
        self.interrupt_site();
        let (target, source, length) = self.pop3();
        let (target, source, length) =
            (self.extend_index(target), self.extend_index(source), self.extend_index(length));
        let (target_table, source_table) = (self.iconst32(target_table), self.iconst32(source_table));
        self.call_builtin(Builtin::table_copy, &[target_table, source_table, target, source, length]);
    }

    pub(crate) fn table_init(&mut self, segment: u32, table: u32) {
        self.interrupt_site();
        let (target, source, length) = self.pop3();
        let target = self.extend_index(target);
        let (table, segment) = (self.iconst32(table), self.iconst32(segment));
        self.call_builtin(Builtin::table_init, &[table, segment, target, source, length]);
    }

    pub(crate) fn elem_drop(&mut self, segment: u32) {
        let segment = self.iconst32(segment);
        self.call_builtin(Builtin::elem_drop, &[segment]);
    }
}
