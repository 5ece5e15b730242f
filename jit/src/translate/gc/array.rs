//! Arrays: `array.new` and its kin, `array.get`, `array.set`, `array.len`, `array.fill`, `array.copy`, and what takes them from segments.
//!
//! Called by the switchboard. Short arrays are made and filled in place. Every access compares its index with the length; copies, and
//! what reads segments, are builtins.

use super::object::Extension;
use crate::translate::function::{FunctionTranslator, Region};
use crate::translate::signature::POINTER;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use tancho_abi::builtin::Builtin;
use tancho_abi::index::TypeIndex;
use tancho_abi::object::{ARRAY_LENGTH, LARGE_OBJECT, OBJECT_ALIGN, array_size};
use tancho_abi::trap::Trap;
use tancho_abi::types::{HeapType, StorageType};

/// Arrays of at most as many elements are written element by element, without a loop.
const FEW: u32 = 8;

impl FunctionTranslator<'_, '_> {
    /// What the elements of arrays of type `ty` are stored as, and where they begin.
    fn elements(&self, ty: TypeIndex) -> (StorageType, u32) {
        self.env.object(ty).field(0)
    }

    /// A new array of a constant length, whose elements are to be written; 0 where the runtime makes it.
    fn array_of(&mut self, ty: TypeIndex, length: u32) -> Value {
        let (storage, start) = self.elements(ty);
        let size = array_size(start, storage.size(), length);
        let length = self.iconst32(length);
        if size > u64::from(LARGE_OBJECT) {
            return self.allocate_by_runtime(ty, length);
        }
        let size = self.iconst32(size as u32);
        self.allocate_array(ty, size, length)
    }

    fn allocate_array(&mut self, ty: TypeIndex, size: Value, length: Value) -> Value {
        let reference = self.allocate(ty, size);
        let address = self.object_address(reference);
        let flags = self.object_flags(Region::ArrayLength);
        self.builder.ins().store(flags, length, address, ARRAY_LENGTH as i32);
        reference
    }

    pub(crate) fn array_new_fixed(&mut self, ty: u32, length: u32) {
        let ty = TypeIndex(ty);
        let values = self.pop_many_plain(length as usize);
        let reference = self.array_of(ty, length);
        let (storage, start) = self.elements(ty);
        let address = self.object_address(reference);
        let flags = self.object_flags(Self::element_region(storage));
        for (position, value) in (0..).zip(values) {
            self.store_as(storage, flags, value, address, (start + position * storage.size()) as i32);
        }
        self.push_object(ty, HeapType::ConcreteArray, reference);
    }

    pub(crate) fn array_new(&mut self, ty: u32) {
        let (value, length) = self.pop2();
        let value = self.plain(value);
        self.array_filled(TypeIndex(ty), Some(value), length);
    }

    pub(crate) fn array_new_default(&mut self, ty: u32) {
        let length = self.pop();
        self.array_filled(TypeIndex(ty), None, length);
    }

    /// A new array whose elements are all `value`, or zero.
    fn array_filled(&mut self, ty: TypeIndex, value: Option<Value>, length: Value) {
        let (storage, start) = self.elements(ty);
        if let Some(few) = crate::translate::known::constant(&self.builder.func.dfg, length)
            && few <= u64::from(FEW)
        {
            let reference = self.array_of(ty, few as u32);
            let value = value.unwrap_or_else(|| self.zero(storage.unpacked()));
            let address = self.object_address(reference);
            let flags = self.object_flags(Self::element_region(storage));
            for position in 0..few as u32 {
                self.store_as(storage, flags, value, address, (start + position * storage.size()) as i32);
            }
            return self.push_object(ty, HeapType::ConcreteArray, reference);
        }
        // The longest array that is made in place.
        let most = (LARGE_OBJECT - start) / storage.size();
        let (short, long, done) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let reference = self.builder.append_block_param(done, types::I32);
        let is_long = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, length, i64::from(most));
        self.builder.ins().brif(is_long, long, &[], short, &[]);
        self.builder.set_cold_block(long);
        self.enter_block(short);
        let size = self.size_of_array(storage, start, length);
        let made = self.allocate_array(ty, size, length);
        if value.is_none() {
            self.fill_words(storage, start, made, size, None);
        }
        self.builder.ins().jump(done, &[made.into()]);
        self.enter_block(long);
        let made = self.allocate_by_runtime(ty, length);
        self.builder.ins().jump(done, &[made.into()]);
        self.enter_block(done);
        if let Some(value) = value {
            if storage.size() > OBJECT_ALIGN {
                let address = self.object_address(reference);
                let first = self.builder.ins().iadd_imm_u(address, i64::from(start));
                self.fill_elements(storage, first, length, value);
            } else {
                let size = self.size_of_array(storage, start, length);
                self.fill_words(storage, start, reference, size, Some(value));
            }
        }
        self.push_object(ty, HeapType::ConcreteArray, reference);
    }

    /// The bytes of an array, in 32 bits: no array has more than 2³¹.
    fn size_of_array(&mut self, storage: StorageType, start: u32, length: Value) -> Value {
        let bytes = self.builder.ins().ishl_imm_u(length, i64::from(storage.size().ilog2()));
        let end = self.builder.ins().iadd_imm_u(bytes, i64::from(start + OBJECT_ALIGN - 1));
        self.builder.ins().band_imm_s(end, -i64::from(OBJECT_ALIGN))
    }

    /// Writes all elements of an array of `size` bytes at once, 8 bytes at a time; `None` is zero. What is behind the last element is written,
    /// too.
    fn fill_words(&mut self, storage: StorageType, start: u32, reference: Value, size: Value, value: Option<Value>) {
        let word = match value {
            Some(value) => self.word_of(storage, value),
            None => self.builder.ins().iconst(POINTER, 0),
        };
        let address = self.object_address(reference);
        let flags = self.object_flags(Self::element_region(storage));
        if !start.is_multiple_of(OBJECT_ALIGN) {
            // A subset of the elements, or none: then what is written is the padding behind the length.
            let half = self.builder.ins().ireduce(types::I32, word);
            self.builder.ins().store(flags, half, address, start as i32);
        }
        let size = self.builder.ins().uextend(POINTER, size);
        let end = self.builder.ins().iadd(address, size);
        let first = self.builder.ins().iadd_imm_u(address, i64::from(start.next_multiple_of(OBJECT_ALIGN)));
        self.each(first, end, OBJECT_ALIGN, |translator, place| {
            translator.builder.ins().store(flags, word, place, 0);
        });
    }

    /// A value as often as 8 bytes hold it.
    fn word_of(&mut self, storage: StorageType, value: Value) -> Value {
        let ty = self.builder.func.dfg.value_type(value);
        let integer = if ty.is_float() {
            let flags = MemFlagsData::new();
            self.builder.ins().bitcast(ty.as_int(), flags, value)
        } else {
            value
        };
        let wide = if ty.bits() < 64 { self.builder.ins().uextend(POINTER, integer) } else { integer };
        let (mask, times) = match storage.size() {
            1 => (0xff, 0x0101_0101_0101_0101),
            2 => (0xffff, 0x0001_0001_0001_0001),
            4 => (0xffff_ffff, 0x0000_0001_0000_0001),
            _ => return wide,
        };
        let one = self.builder.ins().band_imm_u(wide, mask);
        self.builder.ins().imul_imm_u(one, times)
    }

    /// Stores `value` in `length` elements from the address `first` on.
    fn fill_elements(&mut self, storage: StorageType, first: Value, length: Value, value: Value) {
        let flags = self.object_flags(Self::element_region(storage));
        let length = self.builder.ins().uextend(POINTER, length);
        let bytes = self.builder.ins().ishl_imm_u(length, i64::from(storage.size().ilog2()));
        let end = self.builder.ins().iadd(first, bytes);
        self.each(first, end, storage.size(), |translator, place| {
            translator.store_as(storage, flags, value, place, 0);
        });
    }

    /// A loop over the addresses from `first` up to `end`, `step` apart. Its body makes no call.
    fn each(&mut self, first: Value, end: Value, step: u32, body: impl FnOnce(&mut Self, Value)) {
        let (header, work, done) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let place = self.builder.append_block_param(header, POINTER);
        self.builder.ins().jump(header, &[first.into()]);
        self.builder.switch_to_block(header);
        self.interrupt_site();
        let more = self.builder.ins().icmp(IntCC::UnsignedLessThan, place, end);
        self.builder.ins().brif(more, work, &[], done, &[]);
        self.enter_block(work);
        body(self, place);
        let next = self.builder.ins().iadd_imm_u(place, i64::from(step));
        self.builder.ins().jump(header, &[next.into()]);
        self.builder.seal_block(header);
        self.enter_block(done);
    }

    /// The length of an array, which may be null.
    fn length_of(&mut self, reference: Value) -> Value {
        let flags = self.through(reference, ARRAY_LENGTH, Region::ArrayLength, Trap::NullArrayReference);
        let address = self.object_address(reference);
        self.builder.ins().load(types::I32, flags, address, ARRAY_LENGTH as i32)
    }

    pub(crate) fn array_len(&mut self) {
        let reference = self.pop();
        let length = self.length_of(reference);
        self.push(length);
    }

    /// Where element `index` of an array stands: an address, and what to add to it.
    fn element(&mut self, storage: StorageType, start: u32, reference: Value, index: Value) -> (Value, i32) {
        let length = self.length_of(reference);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, Trap::ArrayOutOfBounds);
        let address = self.object_address(reference);
        let index = self.builder.ins().uextend(POINTER, index);
        let distance = self.builder.ins().ishl_imm_u(index, i64::from(storage.size().ilog2()));
        (self.builder.ins().iadd(address, distance), start as i32)
    }

    pub(crate) fn array_get(&mut self, ty: u32, extension: Extension) {
        let (storage, start) = self.elements(TypeIndex(ty));
        let (reference, index) = self.pop2();
        let (address, offset) = self.element(storage, start, reference, index);
        let flags = self.object_flags(Self::element_region(storage));
        let value = self.load_as((storage, extension), flags, address, offset);
        self.push(value);
    }

    pub(crate) fn array_set(&mut self, ty: u32) {
        let (storage, start) = self.elements(TypeIndex(ty));
        let value = self.pop_plain();
        let (reference, index) = self.pop2();
        let (address, offset) = self.element(storage, start, reference, index);
        if storage.is_object() {
            let base = self.heap();
            let distance = self.builder.ins().isub(address, base);
            let place = self.builder.ins().iadd_imm_u(distance, i64::from(start));
            self.barrier_at(place, value, storage);
        }
        let flags = self.object_flags(Self::element_region(storage));
        self.store_as(storage, flags, value, address, offset);
    }

    pub(crate) fn array_fill(&mut self, ty: u32) {
        let (storage, start) = self.elements(TypeIndex(ty));
        let length = self.pop();
        let value = self.pop_plain();
        let (reference, first) = self.pop2();
        let size = self.length_of(reference);
        // Neither number has more than 32 bits: the sum does not wrap.
        let [from, count, size] = [first, length, size].map(|number| self.builder.ins().uextend(POINTER, number));
        let end = self.builder.ins().iadd(from, count);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, size);
        self.trap_if(outside, Trap::ArrayOutOfBounds);
        self.barrier(reference, value, storage);
        let address = self.object_address(reference);
        let distance = self.builder.ins().ishl_imm_u(from, i64::from(storage.size().ilog2()));
        let address = self.builder.ins().iadd(address, distance);
        let address = self.builder.ins().iadd_imm_u(address, i64::from(start));
        self.fill_elements(storage, address, length, value);
    }

    pub(crate) fn array_copy(&mut self) {
        self.interrupt_site();
        let arguments: [Value; 5] = self.pop_many(5).try_into().expect("five have been asked for");
        self.call_builtin(Builtin::array_copy, &arguments);
    }

    /// `array.new_data` and `array.new_elem`.
    pub(crate) fn array_new_of(&mut self, builtin: Builtin, ty: u32, segment: u32) {
        self.interrupt_site();
        let (source, length) = self.pop2();
        let (number, segment) = (self.iconst32(ty), self.iconst32(segment));
        let made = self.call_builtin(builtin, &[number, segment, source, length]);
        self.push_object(TypeIndex(ty), HeapType::ConcreteArray, made.expect("these builtins have a result"));
    }

    /// `array.init_data` and `array.init_elem`.
    pub(crate) fn array_init(&mut self, builtin: Builtin, segment: u32) {
        self.interrupt_site();
        let (target, source, length) = self.pop3();
        let reference = self.pop();
        let segment = self.iconst32(segment);
        self.call_builtin(builtin, &[segment, reference, target, source, length]);
    }
}
