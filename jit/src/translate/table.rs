//! Table operators (§4.4.6), and the address of a table's entry for them and for indirect calls.
//!
//! Called by the switchboard and by `call`. Reads and writes of one entry are inline; growth and fills are builtins.

use super::function::{FunctionTranslator, Region};
use super::known;
use super::signature::POINTER;
use crate::error::CompileError;
use core::mem::{offset_of, size_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{ConstantData, InstBuilder, MemFlagsData, Type, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::TableIndex;
use tancho_abi::target::Architecture;
use tancho_abi::trap::Trap;
use tancho_abi::types::ValType;
use tancho_abi::vmctx::{VmFunctionEntry, VmTable};

/// The size of an entry of a table of other references.
const REFERENCE_ENTRY: u64 = size_of::<u32>() as u64;

impl FunctionTranslator<'_, '_> {
    fn is_function_table(&self, table: TableIndex) -> bool {
        self.env.tables[table.index()].is_function()
    }

    /// A field of a table's head.
    fn table_head(&mut self, table: TableIndex, field: usize, flags: MemFlagsData) -> Value {
        let layout = &self.env.layout;
        let (head, offset) = if self.env.is_imported_table(table) {
            (self.load_constant(POINTER, layout.imported_table(table)), 0)
        } else {
            (self.vmctx, layout.defined_table(table))
        };
        self.builder.ins().load(POINTER, flags, head, offset as i32 + field as i32)
    }

    /// Tells the collector that a reference has been written into a table.
    fn mark_written(&mut self, table: TableIndex) {
        let layout = &self.env.layout;
        let (head, offset) = if self.env.is_imported_table(table) {
            (self.load_constant(POINTER, layout.imported_table(table)), 0)
        } else {
            (self.vmctx, layout.defined_table(table))
        };
        let one = self.builder.ins().iconst(POINTER, 1);
        let flags = self.flags(Region::Head);
        let field = offset_of!(VmTable, written) as i32;
        self.builder.ins().store(flags, one, head, offset as i32 + field);
    }

    /// A table's present length, as 64 bits.
    fn table_length(&mut self, table: TableIndex) -> Value {
        match self.env.fixed_table_length(table) {
            Some(length) => self.builder.ins().iconst(POINTER, length as i64),
            None => {
                let flags = self.flags(Region::Head);
                self.table_head(table, offset_of!(VmTable, length), flags)
            }
        }
    }

    /// The address of entry `index` (an `i32` or `i64`), checked: index < length, or a trap; an index that is known to be below the least
    /// length that the table can have needs no check. For a store, or several accesses of the entry.
    pub(crate) fn table_entry(&mut self, table: TableIndex, index: Value) -> Value {
        self.entry(table, index, false)
    }

    /// The same. `once` says that it is for one load: then the address is what is chosen where the check may be mispredicted. It is there as
    /// soon as the comparison, and a sum that is part of the load would come after it.
    fn entry(&mut self, table: TableIndex, index: Value, once: bool) -> Value {
        let size = if self.is_function_table(table) { size_of::<VmFunctionEntry>() as u64 } else { REFERENCE_ENTRY };
        let index = self.extend_index(index);
        let inside = known::most(&self.builder.func.dfg, index) < self.env.least_table_length(table);
        let outside = (!inside).then(|| self.trap_outside(table, index));
        let flags = match self.env.fixed_table_length(table) {
            // The entries of a table that cannot grow stay where they are.
            Some(_) => self.constant_flags(),
            None => self.flags(Region::Head),
        };
        let base = self.table_head(table, offset_of!(VmTable, base), flags);
        let shift = i64::from(size.ilog2());
        // Where the check is mispredicted, the entry read is the first.
        let guard = outside.filter(|_| self.env.tunables.table_spectre_mitigation);
        let index = match guard {
            Some(outside) if !once => {
                // The index is chosen and not the address, so that the sum is part of the accesses.
                let first = self.builder.ins().iconst(POINTER, 0);
                self.builder.ins().select_spectre_guard(outside, first, index)
            }
            _ => index,
        };
        let offset = self.builder.ins().ishl_imm_u(index, shift);
        let address = self.builder.ins().iadd(base, offset);
        match guard {
            Some(outside) if once => self.builder.ins().select_spectre_guard(outside, base, address),
            _ => address,
        }
    }

    /// Traps where there is no entry `index`, of 64 bits, in a table; whether that is so.
    fn trap_outside(&mut self, table: TableIndex, index: Value) -> Value {
        let length = self.table_length(table);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, Trap::TableOutOfBounds);
        outside
    }

    /// Loads a field of a table's entry.
    pub(crate) fn load_entry(&mut self, table: TableIndex, ty: Type, entry: Value, field: usize) -> Value {
        let flags = self.flags(Region::Table(table));
        self.builder.ins().load(ty, flags, entry, field as i32)
    }

    pub(crate) fn table_get(&mut self, table: u32) -> Result<(), CompileError> {
        let table = TableIndex(table);
        let index = self.pop();
        if self.env.tunables.known_callees
            && let Some(place) = known::constant(&self.builder.func.dfg, index)
            && let Some(function) = self.env.table_contents(table).and_then(|contents| contents.function(place))
        {
            return self.ref_func(function.0);
        }
        let entry = self.entry(table, index, true);
        let value = if self.is_function_table(table) {
            self.load_entry(table, POINTER, entry, offset_of!(VmFunctionEntry, funcref))
        } else {
            self.load_entry(table, types::I32, entry, 0)
        };
        self.declare(value, ValType::Ref(self.env.tables[table.index()]));
        self.push(value);
        Ok(())
    }

    pub(crate) fn table_set(&mut self, table: u32) {
        let table = TableIndex(table);
        let (index, value) = self.pop2();
        let entry = self.table_entry(table, index);
        if self.is_function_table(table) {
            return self.store_function_entry(table, entry, value);
        }
        let flags = self.flags(Region::Table(table));
        self.builder.ins().store(flags, value, entry, 0);
        // Of a null the collector need not know.
        if self.env.tables[table.index()].is_object() && !self.is_null(value) {
            self.mark_written(table);
        }
    }

    /// Writes the entry of a function reference: what it refers to begins as the entry does; for null all of it is zero.
    fn store_function_entry(&mut self, table: TableIndex, entry: Value, reference: Value) {
        const INTERNAL: i32 = offset_of!(VmFunctionEntry, internal) as i32;
        let flags = self.flags(Region::Table(table));
        if self.is_null(reference) {
            return self.store_null_entry(flags, entry);
        }
        let [some, none, done] = [(); 3].map(|()| self.builder.create_block());
        self.builder.set_cold_block(none);
        self.builder.ins().brif(reference, some, &[], none, &[]);
        for (block, is_null) in [(none, true), (some, false)] {
            self.builder.switch_to_block(block);
            self.builder.seal_block(block);
            if is_null {
                self.store_null_entry(flags, entry);
            } else {
                let (half, source) = (self.half_entry(), MemFlagsData::trusted());
                let head = self.builder.ins().load(half, source, reference, 0);
                let internal = self.builder.ins().load(POINTER, source, reference, INTERNAL);
                self.builder.ins().store(flags, head, entry, 0);
                self.builder.ins().store(flags, internal, entry, INTERNAL);
                self.builder.ins().store(flags, reference, entry, offset_of!(VmFunctionEntry, funcref) as i32);
            }
            self.builder.ins().jump(done, &[]);
        }
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
    }

    fn store_null_entry(&mut self, flags: MemFlagsData, entry: Value) {
        let nothing = match self.half_entry() {
            types::I128 => {
                let zero = self.builder.ins().iconst(types::I64, 0);
                self.builder.ins().iconcat(zero, zero)
            }
            vector => {
                let zero = self.builder.func.dfg.constants.insert(ConstantData::from([0; 16].as_slice()));
                self.builder.ins().vconst(vector, zero)
            }
        };
        for half in [0, size_of::<VmFunctionEntry>() as i32 / 2] {
            self.builder.ins().store(flags, nothing, entry, half);
        }
    }

    /// What half of a function's entry is moved as. Vectors of riscv64 are an extension.
    fn half_entry(&self) -> Type {
        match self.env.architecture {
            Architecture::X86_64 | Architecture::Aarch64 => types::I8X16,
            Architecture::Riscv64 => types::I128,
        }
    }

    pub(crate) fn table_size(&mut self, table: u32) {
        let table = TableIndex(table);
        let length = self.table_length(table);
        self.push_size(length, self.env.is_table64(table));
    }

    pub(crate) fn table_grow(&mut self, table: u32) {
        self.interrupt_site();
        let (value, delta) = self.pop2();
        let delta = self.extend_index(delta);
        let builtin = if self.is_function_table(TableIndex(table)) {
            Builtin::table_grow_function
        } else {
            Builtin::table_grow_reference
        };
        let index64 = self.env.is_table64(TableIndex(table));
        let table = self.iconst32(table);
        let former = self.call_builtin(builtin, &[table, delta, value]).expect("growing has a result");
        self.push_size(former, index64);
    }

    pub(crate) fn table_fill(&mut self, table: u32) {
        self.interrupt_site();
        let (target, value, length) = self.pop3();
        let (target, length) = (self.extend_index(target), self.extend_index(length));
        let builtin = if self.is_function_table(TableIndex(table)) {
            Builtin::table_fill_function
        } else {
            Builtin::table_fill_reference
        };
        let table = self.iconst32(table);
        self.call_builtin(builtin, &[table, target, value, length]);
    }
}
