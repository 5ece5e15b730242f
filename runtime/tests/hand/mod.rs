//! Images made by hand: a module description written record by record, and a few functions in assembly.
//!
//! Used by the tests of this folder, which have no compiler.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "a test's helper; no test uses all of it")]

pub mod fiber;
pub mod machine;

use std::sync::Arc;
use tancho_abi::image::{ImageWriter, Origin, Section};
use tancho_abi::index::TypeIndex;
use tancho_abi::module::*;
use tancho_abi::target::Architecture;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::{StorageType, ValType, ValTypeCode};
use tancho_runtime::code::Code;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// A module that is being written.
#[derive(Default)]
pub struct Hand {
    pub module: Module,
    pub summary: Summary,
    pub text: Vec<u8>,
    pub images: Vec<u8>,
}

impl Hand {
    pub fn new() -> Hand {
        Hand::default()
    }

    /// A pool entry for a name.
    pub fn name(&mut self, name: &str) -> Range {
        let start = self.module.text.len() as u32;
        self.module.text.extend(name.as_bytes());
        Range { start, length: name.len() as u32 }
    }

    pub fn ty(&mut self, params: &[ValType], results: &[ValType]) -> TypeIndex {
        let mut pool = |types: &[ValType]| {
            let start = self.module.value_types.len() as u32;
            self.module.value_types.extend(types.iter().map(|ty| ValTypeCode::from(*ty)));
            Range { start, length: types.len() as u32 }
        };
        let index = TypeIndex::new(self.module.types.len()).expect("few types");
        let record = TypeRecord::function(index, pool(params), pool(results));
        self.module.types.push(record);
        let none = TrampolineRecord { host_entry: NONE, array_entry: NONE, host_exit: NONE, array_exit: NONE };
        self.module.trampolines.push(none);
        TypeIndex(self.module.types.len() as u32 - 1)
    }

    /// A type of structures or arrays, not final, a recursion group of its own.
    pub fn object_type(&mut self, kind: TypeKind, fields: &[StorageType], supertype: Option<TypeIndex>) -> TypeIndex {
        let start = self.module.fields.len() as u32;
        let record = |storage: &StorageType| FieldRecord { storage: (*storage).into(), mutable: 1, reserved: 0 };
        self.module.fields.extend(fields.iter().map(record));
        let index = self.module.types.len() as u32;
        self.module.types.push(TypeRecord {
            kind: kind as u32,
            is_final: 0,
            supertype: supertype.map_or(NONE, |ty| ty.0),
            group: index,
            params: Range { start, length: fields.len() as u32 },
            results: Range::default(),
            object: self.summary.counts.object_types,
            plain: 0,
        });
        self.summary.counts.object_types += 1;
        self.summary.uses_heap = 1;
        let none = TrampolineRecord { host_entry: NONE, array_entry: NONE, host_exit: NONE, array_exit: NONE };
        self.module.trampolines.push(none);
        TypeIndex(index)
    }

    /// An element segment of expressions.
    pub fn element_expressions(&mut self, mode: SegmentMode, offset: Range, items: &[Range], element: ValType) {
        let start = self.module.element_expressions.len() as u32;
        self.module.element_expressions.extend(items);
        self.module.elements.push(ElementRecord {
            mode: mode as u32,
            table: 0,
            offset,
            items: Range { start, length: items.len() as u32 },
            expressions: 1,
            reserved: 0,
            element: element.into(),
        });
    }

    pub fn constant(&mut self, operators: &[ConstantRecord]) -> Range {
        let start = self.module.constants.len() as u32;
        self.module.constants.extend(operators);
        Range { start, length: operators.len() as u32 }
    }

    pub fn i32(&mut self, value: u32) -> Range {
        self.constant(&[operator(ConstantOperator::I32, 0, value.into())])
    }

    pub fn memory(&mut self, minimum: u64, maximum: Option<u64>) {
        let maximum = maximum.unwrap_or(u64::MAX);
        self.module.memories.push(MemoryRecord { minimum, maximum, page_size_log2: 16, flags: 0 });
        self.summary.counts.memories += 1;
    }

    pub fn table(&mut self, element: ValType, minimum: u64, maximum: Option<u64>) {
        let maximum = maximum.unwrap_or(u64::MAX);
        self.module.tables.push(TableRecord {
            element: element.into(),
            minimum,
            maximum,
            init: Range::default(),
            flags: 0,
            reserved: 0,
        });
        self.summary.counts.tables += 1;
    }

    pub fn global(&mut self, ty: ValType, init: Range) {
        self.module.globals.push(GlobalRecord { ty: ty.into(), mutable: 1, reserved: 0, init });
        self.summary.counts.globals += 1;
    }

    /// A defined function that escapes, with its code from `external` to `end`.
    pub fn function(&mut self, ty: TypeIndex, external: u32, end: u32) {
        let escaped = self.summary.counts.escaped;
        self.summary.counts.escaped += 1;
        self.module.functions.push(FunctionRecord { ty, escaped, external, internal: external, end, body_offset: 0 });
    }

    pub fn imported_function(&mut self, ty: TypeIndex) {
        let escaped = self.summary.counts.escaped;
        self.summary.counts.escaped += 1;
        self.summary.counts.imported_functions += 1;
        self.module.functions.push(FunctionRecord {
            ty,
            escaped,
            external: NONE,
            internal: NONE,
            end: NONE,
            body_offset: 0,
        });
    }

    pub fn data(&mut self, mode: SegmentMode, offset: Range, bytes: &[u8], in_image: bool) {
        let start = self.module.data.len() as u32;
        self.module.data.extend(bytes);
        self.module.data_segments.push(DataRecord {
            mode: mode as u32,
            memory: 0,
            offset,
            bytes: Range { start, length: bytes.len() as u32 },
            in_image: in_image.into(),
            reserved: 0,
        });
    }

    pub fn elements(&mut self, mode: SegmentMode, offset: Range, functions: &[u32], element: ValType) {
        let start = self.module.element_functions.len() as u32;
        self.module.element_functions.extend(functions);
        self.module.elements.push(ElementRecord {
            mode: mode as u32,
            table: 0,
            offset,
            items: Range { start, length: functions.len() as u32 },
            expressions: 0,
            reserved: 0,
            element: element.into(),
        });
    }

    pub fn bytes_with(mut self, architecture: Architecture, tunables: &Tunables) -> Vec<u8> {
        self.module.summary = vec![self.summary];
        let mut writer = ImageWriter::new();
        self.module.write(&mut writer);
        writer.section(Section::MemoryImages, &self.images);
        writer.section(Section::Code, &self.text);
        writer.finish(architecture, tunables)
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes_with(Architecture::HOST, &Tunables::default())
    }

    pub fn load(self) -> Arc<Code> {
        Code::load(&self.bytes(), &Tunables::default(), Origin::Trusted).unwrap()
    }
}

pub fn operator(operator: ConstantOperator, index: u32, low: u64) -> ConstantRecord {
    ConstantRecord { operator: operator as u32, index, low, high: 0 }
}

/// The types of a module, registered.
pub fn types(registry: &Arc<TypeRegistry>, code: &Code) -> Arc<[Arc<RegisteredType>]> {
    registry.register_module(code.view()).expect("the hand has made a sound description")
}
