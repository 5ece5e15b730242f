//! Modules: from bytes to a description and the bodies, validated section by section.
//!
//! Called by the pipeline. What it returns is valid but for the function bodies, which are validated as they are
//! translated.

use super::hint::{self, BranchHint};
use super::{constant, types, vector};
use crate::error::CompileError;
use crate::options::Features;
use crate::target::NoVectors;
use std::collections::HashMap;
use tancho_abi::debug::{DEBUG_SECTIONS, DebugRecord};
use tancho_abi::index::{FunctionIndex, TypeIndex};
use tancho_abi::module::{
    CustomSectionRecord, DataRecord, ElementRecord, ExportRecord, ExternKind, FieldRecord, FunctionNameRecord,
    FunctionRecord, ImportRecord, Item, ItemNameRecord, Module, ModuleView, NONE, Range, SegmentMode, Summary,
    TagRecord, TypeKind, TypeRecord,
};
use tancho_abi::name::Shown;
use tancho_abi::types::{FieldType, RefType, ValTypeCode};
use wasmparser::{
    CompositeInnerType, ElementItems, ElementKind, FuncToValidate, FunctionBody, KnownCustom, Name, NameMap,
    NameSectionReader, Parser, Payload, TableInit, TypeRef, ValidPayload, Validator, ValidatorResources,
};

/// A decoded module.
pub(crate) struct Decoded<'a> {
    /// Its description, complete but for what compilation adds.
    pub(crate) module: Module,
    /// The functions it defines, in order, with their validators.
    pub(crate) bodies: Vec<Body<'a>>,
}

/// A function body that has not been validated yet.
pub(crate) struct Body<'a> {
    /// What validates it.
    pub(crate) validator: FuncToValidate<ValidatorResources>,
    /// Its bytes.
    pub(crate) body: FunctionBody<'a>,
    /// What is known of its branches.
    pub(crate) hints: Vec<BranchHint>,
}

/// Decodes the core module `wasm`, which stands at `offset` in its file, with its sections of DWARF if they are to be kept. A module that uses vectors is refused with `no_vectors`,
/// where there is such an error.
pub(crate) fn decode<'a>(
    wasm: &'a [u8],
    offset: u64,
    features: Features,
    keep_dwarf: bool,
    no_vectors: Option<&NoVectors>,
) -> Result<Decoded<'a>, CompileError> {
    if Parser::is_component(wasm) {
        return Err(CompileError::component());
    }
    let mut decoder = Decoder {
        module: Module { summary: vec![Summary::default()], ..Module::default() },
        bodies: Vec::new(),
        interned: HashMap::new(),
        function_names: Vec::new(),
        item_names: Vec::new(),
        read_hints: features.branch_hinting,
        hints: HashMap::new(),
        keep_dwarf,
    };
    let features = features.wasmparser();
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(offset);
    parser.set_features(features);
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        let valid = validator.payload(&payload).map_err(|error| match payload {
            Payload::CodeSectionEntry(_) => CompileError::from(error).in_function(|| decoder.next_function()),
            _ => error.into(),
        })?;
        if let ValidPayload::Func(validator, body) = valid {
            decoder.bodies.push(Body { validator, body, hints: Vec::new() });
        } else {
            if let Some(refusal) = no_vectors
                && let Some((what, offset)) = vector::in_section(&payload)?
            {
                return Err(refusal.error(&what).at(offset));
            }
            decoder.payload(payload)?;
        }
    }
    let decoded = decoder.finish()?;
    if let Some(refusal) = no_vectors {
        for body in &decoded.bodies {
            // A body that cannot be read is left for validation.
            if let Ok(Some((what, offset))) = vector::in_body(&body.body) {
                let function = FunctionIndex(body.validator.index);
                return Err(refusal.error(&what).at(offset).in_function(|| label(&decoded.module.view(), function)));
            }
        }
    }
    Ok(decoded)
}

/// What to call a function in messages.
pub(crate) fn label(module: &ModuleView<'_>, function: FunctionIndex) -> String {
    match module.function_name(function) {
        Some(name) => format!("function {} `{}`", function.0, Shown(name)),
        None => format!("function {}", function.0),
    }
}

/// The range of a pool from `start` to `end`.
pub(crate) fn range(start: usize, end: usize) -> Result<Range, CompileError> {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Range { start, length: end - start }),
        _ => Err(CompileError::limit("a module's names, types or segments exceed 4 GiB")),
    }
}

struct Decoder<'a> {
    module: Module,
    bodies: Vec<Body<'a>>,
    /// Where each text stands that is in the pool already.
    interned: HashMap<&'a str, Range>,
    function_names: Vec<(u32, &'a str)>,
    item_names: Vec<(u32, u32, &'a str)>,
    /// Whether branch hints are still to be read: the feature is on, and neither the code nor a section with hints has come.
    read_hints: bool,
    hints: HashMap<u32, Vec<BranchHint>>,
    /// Whether sections of DWARF are kept.
    keep_dwarf: bool,
}

impl<'a> Decoder<'a> {
    fn summary(&mut self) -> &mut Summary {
        &mut self.module.summary[0]
    }

    /// What to call the function whose body comes next; its name may stand behind it.
    fn next_function(&self) -> String {
        format!("function {}", self.module.summary[0].counts.imported_functions as usize + self.bodies.len())
    }

    fn text(&mut self, text: &'a str) -> Result<Range, CompileError> {
        if let Some(range) = self.interned.get(text) {
            return Ok(*range);
        }
        let start = self.module.text.len();
        self.module.text.extend_from_slice(text.as_bytes());
        let range = range(start, self.module.text.len())?;
        self.interned.insert(text, range);
        Ok(range)
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<(), CompileError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.recursion_group(group?)?;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?)?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.function(TypeIndex(ty?));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table?;
                    let mut record = types::table(&self.module.types, table.ty)?;
                    if let TableInit::Expr(expression) = &table.init {
                        record.init = constant::decode(&mut self.module, expression)?;
                    }
                    self.module.tables.push(record);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.module.memories.push(types::memory(memory?)?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    let mut record = types::global(&self.module.types, global.ty)?;
                    record.init = constant::decode(&mut self.module, &global.init_expr)?;
                    self.module.globals.push(record);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tag(tag?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export?)?;
                }
            }
            Payload::StartSection { func, .. } => self.summary().start = func,
            Payload::ElementSection(section) => {
                for element in section {
                    self.element(element?)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    self.data(data?)?;
                }
            }
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                // Hints stand before the code.
                self.read_hints = false;
                self.summary().code_offset = u32::try_from(range.start).unwrap_or(0);
            }
            Payload::CustomSection(section) => {
                self.custom(section.name(), section.data());
                match section.as_known() {
                    KnownCustom::Name(names) => self.names(names)?,
                    KnownCustom::BranchHints(hints) if self.read_hints => {
                        self.read_hints = false;
                        self.hints = hint::read(hints).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            // Validated, and nothing to keep of them.
            _ => {}
        }
        Ok(())
    }

    /// Keeps a custom section: for the host, unless it is one that is of use to the engine alone, and as large as the rest of the module;
    /// for backtraces, if it is one of DWARF.
    fn custom(&mut self, name: &'a str, bytes: &[u8]) {
        if name == "name" {
            return;
        }
        if name.starts_with(".debug_") {
            self.debug_section(name, bytes);
            return;
        }
        let start = self.module.custom_bytes.len();
        // What does not fit into the pools is left out: no custom section makes a module one that does not compile.
        let Ok(bytes_range) = range(start, start.saturating_add(bytes.len())) else { return };
        let Ok(name) = self.text(name) else { return };
        self.module.custom_bytes.extend_from_slice(bytes);
        self.module.custom_sections.push(CustomSectionRecord { name, bytes: bytes_range });
    }

    /// Keeps a section of DWARF, if it is one that is read; of two of one name, the first.
    fn debug_section(&mut self, name: &str, bytes: &[u8]) {
        let kind = DEBUG_SECTIONS.iter().position(|known| *known == name).filter(|_| self.keep_dwarf);
        let Some(kind) = kind.map(|kind| kind as u32) else { return };
        let start = self.module.debug_data.len();
        let Ok(bytes_range) = range(start, start.saturating_add(bytes.len())) else { return };
        if self.module.debug_sections.iter().all(|record| record.section != kind) {
            self.module.debug_data.extend_from_slice(bytes);
            self.module.debug_sections.push(DebugRecord { section: kind, reserved: 0, bytes: bytes_range });
        }
    }

    fn recursion_group(&mut self, group: wasmparser::RecGroup) -> Result<(), CompileError> {
        let group: Vec<_> = group.into_types_and_offsets().collect();
        let start = self.module.types.len();
        // The types of a group refer to one another: their kinds come first.
        for (offset, ty) in &group {
            let record = self.sub_type(start as u32, ty).map_err(|error| error.at(*offset))?;
            self.module.types.push(record);
        }
        for (position, (offset, ty)) in (start..).zip(&group) {
            self.composite_type(position, ty).map_err(|error| error.at(*offset))?;
        }
        Ok(())
    }

    /// A type of the recursion group whose first type is `group`, but for what it is made of.
    fn sub_type(&mut self, group: u32, ty: &wasmparser::SubType) -> Result<TypeRecord, CompileError> {
        let kind = match &ty.composite_type.inner {
            CompositeInnerType::Func(_) => TypeKind::Func,
            CompositeInnerType::Struct(_) => TypeKind::Struct,
            CompositeInnerType::Array(_) => TypeKind::Array,
            CompositeInnerType::Cont(_) => return Err(CompileError::unsupported("types of continuations")),
        };
        let mut object = NONE;
        if kind != TypeKind::Func {
            let summary = self.summary();
            object = summary.counts.object_types;
            summary.counts.object_types += 1;
            summary.uses_heap = 1;
        }
        Ok(TypeRecord {
            kind: kind as u32,
            is_final: u32::from(ty.is_final),
            supertype: match *ty.supertype_idxs {
                [] => NONE,
                [index] => types::type_index(index)?.0,
                _ => return Err(CompileError::unsupported("types with several supertypes")),
            },
            group,
            params: Range::default(),
            results: Range::default(),
            object,
            plain: 0,
        })
    }

    /// What type `position` is made of.
    fn composite_type(&mut self, position: usize, ty: &wasmparser::SubType) -> Result<(), CompileError> {
        let (params, results) = match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => (self.value_types(ty.params())?, self.value_types(ty.results())?),
            CompositeInnerType::Struct(ty) => (self.fields(&ty.fields)?, Range::default()),
            CompositeInnerType::Array(ty) => (self.fields(&[ty.0])?, Range::default()),
            CompositeInnerType::Cont(_) => return Err(CompileError::unsupported("types of continuations")),
        };
        let record = &mut self.module.types[position];
        (record.params, record.results) = (params, results);
        Ok(())
    }

    fn value_types(&mut self, types: &[wasmparser::ValType]) -> Result<Range, CompileError> {
        let start = self.module.value_types.len();
        for ty in types {
            self.module.value_types.push(types::val_type(&self.module.types, *ty)?.into());
        }
        range(start, self.module.value_types.len())
    }

    fn fields(&mut self, fields: &[wasmparser::FieldType]) -> Result<Range, CompileError> {
        let start = self.module.fields.len();
        for field in fields {
            let FieldType { storage, mutable } = types::field_type(&self.module.types, *field)?;
            let (storage, mutable) = (storage.into(), u32::from(mutable));
            self.module.fields.push(FieldRecord { storage, mutable, reserved: 0 });
        }
        range(start, self.module.fields.len())
    }

    fn import(&mut self, import: wasmparser::Import<'a>) -> Result<(), CompileError> {
        let module = self.text(import.module)?;
        let name = self.text(import.name)?;
        let (kind, index) = match import.ty {
            TypeRef::Func(ty) => {
                self.function(TypeIndex(ty));
                self.summary().counts.imported_functions += 1;
                (ExternKind::Function, self.module.functions.len())
            }
            TypeRef::Table(ty) => {
                self.module.tables.push(types::table(&self.module.types, ty)?);
                self.summary().counts.imported_tables += 1;
                (ExternKind::Table, self.module.tables.len())
            }
            TypeRef::Memory(ty) => {
                self.module.memories.push(types::memory(ty)?);
                self.summary().counts.imported_memories += 1;
                (ExternKind::Memory, self.module.memories.len())
            }
            TypeRef::Global(ty) => {
                self.module.globals.push(types::global(&self.module.types, ty)?);
                self.summary().counts.imported_globals += 1;
                (ExternKind::Global, self.module.globals.len())
            }
            TypeRef::Tag(ty) => {
                self.tag(ty);
                self.summary().counts.imported_tags += 1;
                (ExternKind::Tag, self.module.tags.len())
            }
            other => return Err(CompileError::unsupported(format!("import of {other:?}"))),
        };
        let index = index as u32 - 1;
        self.module.imports.push(ImportRecord { module, name, kind: kind as u32, index });
        Ok(())
    }

    fn function(&mut self, ty: TypeIndex) {
        self.module.functions.push(FunctionRecord {
            ty,
            escaped: NONE,
            external: NONE,
            internal: NONE,
            end: NONE,
            body_offset: NONE,
        });
    }

    fn tag(&mut self, ty: wasmparser::TagType) {
        self.module.tags.push(TagRecord { ty: TypeIndex(ty.func_type_idx) });
    }

    fn export(&mut self, export: wasmparser::Export<'a>) -> Result<(), CompileError> {
        use wasmparser::ExternalKind;
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExternKind::Function,
            ExternalKind::Table => ExternKind::Table,
            ExternalKind::Memory => ExternKind::Memory,
            ExternalKind::Global => ExternKind::Global,
            ExternalKind::Tag => ExternKind::Tag,
        };
        let name = self.text(export.name)?;
        self.module.exports.push(ExportRecord { name, kind: kind as u32, index: export.index });
        Ok(())
    }

    fn element(&mut self, element: wasmparser::Element<'a>) -> Result<(), CompileError> {
        let (mode, table, offset) = match &element.kind {
            ElementKind::Passive => (SegmentMode::Passive, 0, Range::default()),
            ElementKind::Declared => (SegmentMode::Declared, 0, Range::default()),
            ElementKind::Active { table_index, offset_expr } => {
                (SegmentMode::Active, table_index.unwrap_or(0), constant::decode(&mut self.module, offset_expr)?)
            }
        };
        let (ty, items) = match element.items {
            ElementItems::Functions(functions) => {
                let start = self.module.element_functions.len();
                for function in functions {
                    self.module.element_functions.push(function?);
                }
                (RefType::FUNCREF, (range(start, self.module.element_functions.len())?, false))
            }
            ElementItems::Expressions(ty, expressions) => {
                (types::ref_type(&self.module.types, ty)?, self.element_expressions(expressions)?)
            }
        };
        self.module.elements.push(ElementRecord {
            mode: mode as u32,
            table,
            offset,
            items: items.0,
            expressions: u32::from(items.1),
            reserved: 0,
            element: ValTypeCode::from(ty),
        });
        Ok(())
    }

    /// The items of a segment of expressions; those that are all plain functions or null become functions.
    fn element_expressions(
        &mut self,
        expressions: wasmparser::SectionLimited<'a, wasmparser::ConstExpr<'a>>,
    ) -> Result<(Range, bool), CompileError> {
        let mut items = Vec::new();
        let constants = self.module.constants.len();
        for expression in expressions {
            items.push(constant::decode(&mut self.module, &expression?)?);
        }
        let functions: Option<Vec<u32>> =
            items.iter().map(|item| Some(constant::function_constant(&self.module, *item)?.unwrap_or(NONE))).collect();
        if let Some(functions) = functions {
            self.module.constants.truncate(constants);
            let start = self.module.element_functions.len();
            self.module.element_functions.extend(functions);
            return Ok((range(start, self.module.element_functions.len())?, false));
        }
        let start = self.module.element_expressions.len();
        self.module.element_expressions.extend(items);
        Ok((range(start, self.module.element_expressions.len())?, true))
    }

    fn data(&mut self, data: wasmparser::Data<'a>) -> Result<(), CompileError> {
        let (mode, memory, offset) = match &data.kind {
            wasmparser::DataKind::Passive => (SegmentMode::Passive, 0, Range::default()),
            wasmparser::DataKind::Active { memory_index, offset_expr } => {
                (SegmentMode::Active, *memory_index, constant::decode(&mut self.module, offset_expr)?)
            }
        };
        let start = self.module.data.len();
        self.module.data.extend_from_slice(data.data);
        let bytes = range(start, self.module.data.len())?;
        self.module.data_segments.push(DataRecord {
            mode: mode as u32,
            memory,
            offset,
            bytes,
            in_image: 0,
            reserved: 0,
        });
        Ok(())
    }

    /// Keeps the names of the module, its functions and what else messages name. A name section that is malformed is ignored from there on, as
    /// the specification asks (§7.4).
    fn names(&mut self, names: NameSectionReader<'a>) -> Result<(), CompileError> {
        for name in names {
            match name {
                Ok(Name::Module { name, .. }) => {
                    let name = self.text(name)?;
                    self.summary().name = name;
                }
                Ok(Name::Function(functions)) => {
                    // A name without a character names nothing.
                    let names = functions.into_iter().map_while(Result::ok).filter(|naming| !naming.name.is_empty());
                    self.function_names.extend(names.map(|naming| (naming.index, naming.name)));
                }
                Ok(Name::Table(names)) => self.item_names(Item::Table, names),
                Ok(Name::Memory(names)) => self.item_names(Item::Memory, names),
                Ok(Name::Element(names)) => self.item_names(Item::Element, names),
                Ok(Name::Data(names)) => self.item_names(Item::Data, names),
                Ok(Name::Tag(names)) => self.item_names(Item::Tag, names),
                // Names of what no message speaks of: locals, labels, types, globals, fields.
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn item_names(&mut self, item: Item, names: NameMap<'a>) {
        let names = names.into_iter().map_while(Result::ok).filter(|naming| !naming.name.is_empty());
        self.item_names.extend(names.map(|naming| (item as u32, naming.index, naming.name)));
    }

    fn finish(mut self) -> Result<Decoded<'a>, CompileError> {
        let (tables, memories, globals) =
            (self.module.tables.len(), self.module.memories.len(), self.module.globals.len());
        let tags = self.module.tags.len();
        let counts = &mut self.summary().counts;
        counts.tags = tags as u32;
        (counts.tables, counts.memories, counts.globals) = (tables as u32, memories as u32, globals as u32);
        let imported = counts.imported_functions as usize;
        for (body, function) in self.bodies.iter_mut().zip(&mut self.module.functions[imported..]) {
            body.hints = self.hints.remove(&body.validator.index).unwrap_or_default();
            function.body_offset = u32::try_from(body.body.range().start).unwrap_or(NONE);
        }
        let mut names = std::mem::take(&mut self.function_names);
        names.sort_by_key(|(function, _)| *function);
        names.dedup_by_key(|(function, _)| *function);
        for (function, name) in names {
            let name = self.text(name)?;
            self.module.function_names.push(FunctionNameRecord { function: FunctionIndex(function), name });
        }
        let mut names = std::mem::take(&mut self.item_names);
        names.sort_by_key(|(item, index, _)| (*item, *index));
        names.dedup_by_key(|(item, index, _)| (*item, *index));
        for (item, index, name) in names {
            let name = self.text(name)?;
            self.module.item_names.push(ItemNameRecord { item, index, name });
        }
        let mut order: Vec<u32> = (0..self.module.exports.len() as u32).collect();
        let (exports, text) = (&self.module.exports, &self.module.text);
        order.sort_by_key(|position| exports[*position as usize].name.of(text));
        self.module.export_order = order;
        Ok(Decoded { module: self.module, bodies: self.bodies })
    }
}
