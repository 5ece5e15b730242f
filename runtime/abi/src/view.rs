//! What is looked up in a module description that is read in place: types, names, code by its address.
//!
//! Called by the runtime and the embedding API with an image's description, and by the compiler with the one it makes.

use crate::catch::{CatchRecord, CatchSiteRecord};
use crate::index::{
    DefinedFunctionIndex, DefinedGlobalIndex, EscapedIndex, FunctionIndex, GlobalIndex, MemoryIndex, TableIndex,
    TagIndex, TypeIndex,
};
use crate::module::{
    ExportRecord, FieldRecord, HandlerRecord, InlineSiteRecord, Item, ItemNameRecord, ModuleView, NONE, Range, Summary,
    TrapRecord, TypeKind,
};
use crate::name::Shown;
use crate::types::{CompositeType, FieldType, FuncType, SubType, ValType};

impl<'a> ModuleView<'a> {
    /// Facts about the whole module.
    pub fn facts(&self) -> Summary {
        self.summary.first().copied().unwrap_or_default()
    }

    /// Text of a name; replaced by `?` when it does not lie in the pool.
    pub fn name(&self, range: Range) -> &'a str {
        range.of(self.text).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("?")
    }

    /// The types of a range of the pool.
    pub fn value_types(&self, range: Range) -> impl ExactSizeIterator<Item = ValType> + use<'a> {
        // A code that no type has comes from a forged image only; it then reads as `i64`.
        range.of(self.value_types).unwrap_or(&[]).iter().map(|code| code.decode().unwrap_or(ValType::I64))
    }

    /// Type `index`, owned. `None` when there is no such type.
    pub fn sub_type(&self, index: TypeIndex) -> Option<SubType> {
        let record = self.types.get(index.index())?;
        Some(SubType {
            is_final: record.is_final != 0,
            supertype: (record.supertype != NONE).then_some(TypeIndex(record.supertype)),
            composite: self.composite_type(index)?,
        })
    }

    /// What type `index` is made of, owned. `None` when there is no such type, or it makes no sense.
    pub fn composite_type(&self, index: TypeIndex) -> Option<CompositeType> {
        let record = self.types.get(index.index())?;
        if record.kind == TypeKind::Func as u32 {
            return self.func_type(index).map(CompositeType::Func);
        }
        let field = |field: &FieldRecord| {
            Some(FieldType { storage: field.storage.decode_storage()?, mutable: field.mutable != 0 })
        };
        let fields: Box<[FieldType]> = record.params.of(self.fields)?.iter().map(field).collect::<Option<_>>()?;
        match record.kind {
            kind if kind == TypeKind::Struct as u32 => Some(CompositeType::Struct(fields)),
            kind if kind == TypeKind::Array as u32 => match *fields {
                [element] => Some(CompositeType::Array(element)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Function type `index`, owned. `None` when there is no such type, or it is none of functions.
    pub fn func_type(&self, index: TypeIndex) -> Option<FuncType> {
        let record = self.types.get(index.index()).filter(|record| record.kind == TypeKind::Func as u32)?;
        Some(FuncType {
            params: self.value_types(record.params).collect(),
            results: self.value_types(record.results).collect(),
        })
    }

    /// The type of a function.
    pub fn function_type(&self, function: FunctionIndex) -> Option<FuncType> {
        self.func_type(self.functions.get(function.index())?.ty)
    }

    /// Whether the function is imported.
    pub fn is_imported_function(&self, function: FunctionIndex) -> bool {
        function.0 < self.facts().counts.imported_functions
    }

    /// The position of a function among those that the module defines; `None` for an import.
    pub fn defined_function(&self, function: FunctionIndex) -> Option<DefinedFunctionIndex> {
        function.0.checked_sub(self.facts().counts.imported_functions).map(DefinedFunctionIndex)
    }

    /// The position of a global among those that the module defines; `None` for an import.
    pub fn defined_global(&self, global: GlobalIndex) -> Option<DefinedGlobalIndex> {
        global.0.checked_sub(self.facts().counts.imported_globals).map(DefinedGlobalIndex)
    }

    /// Whether the memory is imported.
    pub fn is_imported_memory(&self, memory: MemoryIndex) -> bool {
        memory.0 < self.facts().counts.imported_memories
    }

    /// Whether the table is imported.
    pub fn is_imported_table(&self, table: TableIndex) -> bool {
        table.0 < self.facts().counts.imported_tables
    }

    /// Whether the tag is imported.
    pub fn is_imported_tag(&self, tag: TagIndex) -> bool {
        tag.0 < self.facts().counts.imported_tags
    }

    /// The type of a tag: its parameters are the values of exceptions.
    pub fn tag_type(&self, tag: TagIndex) -> Option<FuncType> {
        self.func_type(self.tags.get(tag.index())?.ty)
    }

    /// The call that returns to text offset `code`, and the handlers in force there, if there are any.
    pub fn catches_at(&self, code: u32) -> Option<(&'a CatchSiteRecord, &'a [CatchRecord])> {
        let position = self.catch_addresses.binary_search(&code).ok()?;
        let site = self.catch_sites.get(position)?;
        Some((site, site.catches.of(self.catches)?))
    }

    /// What refers to objects in the frame that waits for the call that returns to text offset `code`, while the collector works: how far
    /// below the frame's frame pointer the references stand.
    pub fn references_at(&self, code: u32) -> &'a [u32] {
        let position = self.safepoint_addresses.binary_search(&code).ok();
        position.and_then(|position| self.safepoints.get(position)?.of(self.references)).unwrap_or(&[])
    }

    /// The escaped position of a function.
    pub fn escaped(&self, function: FunctionIndex) -> Option<EscapedIndex> {
        let escaped = self.functions.get(function.index())?.escaped;
        (escaped != NONE).then_some(EscapedIndex(escaped))
    }

    /// The export of this name: its kind and index.
    pub fn export(&self, name: &str) -> Option<&'a ExportRecord> {
        let position = self
            .export_order
            .binary_search_by(|position| {
                self.exports
                    .get(*position as usize)
                    .and_then(|export| export.name.of(self.text))
                    .unwrap_or_default()
                    .cmp(name.as_bytes())
            })
            .ok()?;
        self.exports.get(*self.export_order.get(position)? as usize)
    }

    /// The name that the name section gives a function.
    pub fn function_name(&self, function: FunctionIndex) -> Option<&'a str> {
        let position = self.function_names.binary_search_by_key(&function.0, |record| record.function.0).ok()?;
        Some(self.name(self.function_names.get(position)?.name))
    }

    /// What to call a thing in messages: its kind and index, and its name, if it has one.
    pub fn item_label(&self, item: Item, index: u32) -> String {
        let kind = match item {
            Item::Table => "table",
            Item::Memory => "memory",
            Item::Element => "element segment",
            Item::Data => "data segment",
            Item::Tag => "tag",
        };
        let key = |record: &ItemNameRecord| (record.item, record.index);
        match self.item_names.binary_search_by_key(&(item as u32, index), key) {
            Ok(position) => format!("{kind} {index} `{}`", Shown(self.name(self.item_names[position].name))),
            Err(_) => format!("{kind} {index}"),
        }
    }

    /// The defined function whose code holds the text offset `code`.
    pub fn function_at(&self, code: u32) -> Option<FunctionIndex> {
        let imported = self.facts().counts.imported_functions as usize;
        let defined = self.functions.get(imported..)?;
        let position = defined.partition_point(|function| function.external <= code).checked_sub(1)?;
        let function = defined.get(position)?;
        (code < function.end).then(|| FunctionIndex::new(imported + position))?
    }

    /// Where in the WebAssembly file the code at text offset `code` comes from.
    pub fn wasm_offset(&self, code: u32) -> Option<u32> {
        let position = self.addresses.partition_point(|record| record.code <= code).checked_sub(1)?;
        self.addresses.get(position).map(|record| record.wasm).filter(|wasm| *wasm != NONE)
    }

    /// The functions that are running at text offset `code`, innermost first, and where each stands in the WebAssembly file: those that are
    /// inlined there, and the function whose code it is. Async-signal-safe.
    pub fn frames_at(&self, code: u32) -> Frames<'a> {
        let own = self.function_at(code);
        let position = self.inlined.partition_point(|record| record.code <= code).checked_sub(1);
        let site = position.and_then(|position| self.inlined.get(position)).map_or(NONE, |record| record.site);
        Frames {
            sites: self.inline_sites,
            mapped: !self.addresses.is_empty(),
            own,
            site,
            place: self.wasm_offset(code),
        }
    }

    /// The trap of the instruction at text offset `code`. Async-signal-safe.
    pub fn trap_at(&self, code: u32) -> Option<crate::trap::Trap> {
        self.trap_record_at(code)?.trap()
    }

    /// Whether the instruction at text offset `code` may trap and is of a function without a frame. Async-signal-safe.
    pub fn is_frameless_at(&self, code: u32) -> bool {
        self.trap_record_at(code).is_some_and(|record| record.trap & TrapRecord::FRAMELESS != 0)
    }

    fn trap_record_at(&self, code: u32) -> Option<&'a TrapRecord> {
        let position = self.traps.binary_search_by_key(&code, |record| record.code).ok()?;
        self.traps.get(position)
    }

    /// How to resume in the entry trampoline at text offset `entry`. Async-signal-safe.
    pub fn handler_of(&self, entry: u32) -> Option<&'a HandlerRecord> {
        let position = self.handlers.binary_search_by_key(&entry, |record| record.entry).ok()?;
        self.handlers.get(position)
    }
}

/// What [`ModuleView::frames_at`] finds.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    sites: &'a [InlineSiteRecord],
    /// Whether places are known at all.
    mapped: bool,
    /// The function whose code it is, until it has been given.
    own: Option<FunctionIndex>,
    site: u32,
    place: Option<u32>,
}

impl Iterator for Frames<'_> {
    type Item = (FunctionIndex, Option<u32>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(site) = self.sites.get(self.site as usize) else { return Some((self.own.take()?, self.place)) };
        let found = (site.function, self.place);
        // A function that ended in a tail call is not there any more.
        let (mut around, mut position) = (*site, self.site);
        while around.call == NONE {
            // Each site comes behind that which it stands in: it ends, whatever is written there.
            let Some(parent) = self.sites.get(around.parent as usize).filter(|_| around.parent < position) else {
                self.own = None;
                self.site = NONE;
                return Some(found);
            };
            (around, position) = (*parent, around.parent);
        }
        self.place = self.mapped.then_some(around.call);
        self.site = if around.parent < position { around.parent } else { NONE };
        Some(found)
    }
}
