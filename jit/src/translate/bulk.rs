//! Bulk memory operators (§4.4.7): copies, fills and segments.
//!
//! Called by the switchboard. The runtime's builtins do the work and check the bounds, but for `memory.copy`, whose bounds are
//! checked in place.

use super::function::FunctionTranslator;
use tancho_abi::builtin::Builtin;
use tancho_abi::index::MemoryIndex;

impl FunctionTranslator<'_, '_> {
    pub(crate) fn memory_copy(&mut self, target_memory: u32, source_memory: u32) {
        let (target, source, length) = self.pop3();
        let length = self.extend_index(length);
        let source = self.range(MemoryIndex(source_memory), source, length);
        let target = self.range(MemoryIndex(target_memory), target, length);
        self.call_builtin(Builtin::memory_copy, &[target, source, length]);
    }

    pub(crate) fn memory_fill(&mut self, memory: u32) {
        let (target, value, length) = self.pop3();
        let (target, length) = (self.extend_index(target), self.extend_index(length));
        let memory = self.iconst32(memory);
        self.call_builtin(Builtin::memory_fill, &[memory, target, value, length]);
    }

    pub(crate) fn memory_init(&mut self, segment: u32, memory: u32) {
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
        let (target, source, length) = self.pop3();
        let (target, source, length) =
            (self.extend_index(target), self.extend_index(source), self.extend_index(length));
        let (target_table, source_table) = (self.iconst32(target_table), self.iconst32(source_table));
        self.call_builtin(Builtin::table_copy, &[target_table, source_table, target, source, length]);
    }

    pub(crate) fn table_init(&mut self, segment: u32, table: u32) {
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
