//! Instantiation (§4.7.2): from code and imports to an instance.
//!
//! Called by the embedding API, which has matched the imports' types. Everything is made in locals first, so that a failure
//! leaves the store as it was; only then does the instance enter the store, and its active segments are applied, in order.

use crate::builtin;
use crate::code::Code;
use crate::constant::{Failure, evaluate, number};
use crate::gc::TypeInfo;
use crate::id::{GlobalId, InstanceId, MemoryId, TableId, TagId};
use crate::instance::{self, Dropped, Elements, Instance};
use crate::limit::Denied;
use crate::memory::{Initial, Memory, MemoryError, MemoryInstance, MemoryType, SharedMemory};
use crate::state::{Global, GlobalType, State, Tag};
use crate::store::Store;
use crate::table::{Table, TableError, TableValue};
use crate::template::{Pattern, Template};
use crate::types::{RegisteredType, TypeIdentity};
use crate::vmctx::{Context, Head};
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use tancho_abi::index::{
    DefinedGlobalIndex, EscapedIndex, FunctionIndex, GlobalIndex, MemoryIndex, ObjectTypeIndex, TableIndex, TagIndex,
};
use tancho_abi::module::{Item, MemoryRecord, NONE, Range, SegmentMode, TableRecord};
use tancho_abi::trap::Trap;
use tancho_abi::types::RefType;
use tancho_abi::vmctx::{
    VMCTX_MAGIC, ValRaw, VmContext, VmFuncRef, VmFunctionImport, VmMemory, VmMemoryImport, VmStore, VmTable,
};

/// What fills one imported function.
#[derive(Clone, Copy, Debug)]
pub enum FunctionImport {
    /// A function that has an external entry: any function of an instance, or a host function whose reference has one.
    Wasm(NonNull<VmFuncRef>),
    /// A host function. It gets a context that knows its caller, and the exit trampoline of the importing image.
    Host {
        /// The host function.
        function: *const u8,
        /// The embedding API's own.
        data: *const u8,
        /// Whether it is a typed host function; otherwise it is an array host function.
        typed: bool,
        /// Its own type, which may be a subtype of the import's. The store keeps it.
        ty: TypeIdentity,
    },
}

/// What fills a module's imports: each kind in the order of its index space. Types have been matched already.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// Functions.
    pub functions: Vec<FunctionImport>,
    /// Tables.
    pub tables: Vec<TableId>,
    /// Memories.
    pub memories: Vec<MemoryId>,
    /// Globals.
    pub globals: Vec<GlobalId>,
    /// Tags.
    pub tags: Vec<TagId>,
}

/// Why there is no instance, or none that was initialised to the end.
#[derive(Debug)]
#[non_exhaustive]
pub enum InstantiateError {
    /// An active segment is out of bounds. Earlier ones have been written, and the instance stays in the store, since
    /// another instance's table may refer to it.
    Segment {
        /// An element or a data segment.
        segment: (Item, u32),
        /// The table or memory that it does not fit.
        target: (Item, u32),
        /// What the instruction for it would end in.
        trap: Trap,
    },
    /// A memory could not be made.
    Memory(MemoryError),
    /// A table could not be made.
    Table(TableError),
    /// There is no memory for the instance itself.
    TooLarge,
    /// There is no heap, or no room in it for an object of a constant expression.
    Heap(Trap),
    /// The store may not have so much.
    Denied(Denied),
    /// The image contradicts itself, or the imports do not fit it.
    Malformed(&'static str),
}

impl fmt::Display for InstantiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstantiateError::Segment { segment, target, trap } => {
                write!(f, "{:?} segment {} does not fit {:?} {}: {trap}", segment.0, segment.1, target.0, target.1)
            }
            InstantiateError::Memory(error) => error.fmt(f),
            InstantiateError::Table(error) => error.fmt(f),
            InstantiateError::Heap(trap) => write!(f, "no room for the objects of an instance: {trap}"),
            InstantiateError::Denied(denied) => denied.fmt(f),
            InstantiateError::TooLarge => f.write_str("no memory for an instance of this size"),
            InstantiateError::Malformed(what) => write!(f, "the compiled module is not sound: {what}"),
        }
    }
}

impl std::error::Error for InstantiateError {}

impl From<Denied> for InstantiateError {
    fn from(denied: Denied) -> Self {
        InstantiateError::Denied(denied)
    }
}

impl From<MemoryError> for InstantiateError {
    fn from(error: MemoryError) -> Self {
        InstantiateError::Memory(error)
    }
}

impl From<TableError> for InstantiateError {
    fn from(error: TableError) -> Self {
        InstantiateError::Table(error)
    }
}

impl From<Failure> for InstantiateError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Malformed => InstantiateError::Malformed("a constant expression"),
            Failure::Trap(trap) => InstantiateError::Heap(trap),
        }
    }
}

impl Store {
    /// Instantiates a module but for its start function, which the caller is to call (see [`Store::start_function`]). Whether there may be such
    /// an instance has been asked ([`admit_instance`](Store::admit_instance)).
    ///
    /// # Errors
    ///
    /// See [`InstantiateError`]. In all cases but that of a segment the store is as it was.
    pub fn instantiate(&mut self, template: &Arc<Template>, imports: Imports) -> Result<InstanceId, InstantiateError> {
        let vm = self.vm();
        let state = self.state_mut();
        let code = template.code();
        check_counts(state, template, &imports)?;
        let id = InstanceId::next(state.instances.len());
        let pattern = template.pattern().map_err(InstantiateError::Malformed)?;
        // SAFETY: the pattern has these bytes.
        let context = unsafe { Context::new(pattern.bytes()) }.ok_or(InstantiateError::TooLarge)?;
        let maker = Maker { vm, context, code, types: template.types(), pattern };
        if code.view().facts().uses_heap != 0 {
            state.make_heap().map_err(InstantiateError::Heap)?;
        }
        maker.write_head(state, template, id);
        maker.object_types(state)?;
        maker.link_things(state, &imports);
        let memories = maker.memories(state)?;
        // This leaves host contexts behind when what follows fails, which are of no consequence when nobody knows them.
        maker.functions(state, &imports.functions)?;
        // From here on there can be objects that nothing refers to yet: nothing collects before the instance is in the store.
        maker.globals(state)?;
        let tables = maker.tables(state)?;
        let elements = maker.elements(state)?;
        let tags = maker.tags(id)?;
        // From here on the instance is made: heads in its context belong to things of the store.
        let Maker { context, .. } = maker;
        let view = code.view();
        let memories = joined(imports.memories, memories.into_iter().map(|memory| state.add_memory(memory)));
        let tables = joined(imports.tables, tables.into_iter().map(|table| state.add_table(table)));
        let global = |(index, ty): (u32, &GlobalType)| {
            let place = context.at(code.layout().defined_global(DefinedGlobalIndex(index)));
            state.add_global(Global { ty: *ty, place })
        };
        let globals = joined(imports.globals, (0..).zip(&pattern.globals).map(global));
        let tags = joined(imports.tags, tags.into_iter().map(|tag| state.add_tag(tag)));
        let dropped = Dropped {
            data: vec![false; view.data_segments.len()].into(),
            elements: vec![false; view.elements.len()].into(),
        };
        let instance = Instance {
            context,
            template: template.clone(),
            memories,
            tables,
            globals,
            tags,
            dropped,
            elements,
            elements_written: true,
        };
        state.add_page(instance.context.page(), Some(id));
        state.instances.push(instance);
        apply_segments(state, id, template)?;
        Ok(id)
    }
}

/// The things of one kind that an instance has: those that it imports, and its own.
fn joined<T>(mut imported: Vec<T>, own: impl Iterator<Item = T>) -> Box<[T]> {
    imported.reserve_exact(own.size_hint().0);
    imported.extend(own);
    imported.into()
}

/// Whether the imports are as many as the module has, and things of this store.
fn check_counts(state: &State, template: &Template, imports: &Imports) -> Result<(), InstantiateError> {
    let code = template.code();
    let counts = code.layout().counts();
    let all = [
        (imports.functions.len(), counts.imported_functions as usize),
        (imports.tables.len(), counts.imported_tables as usize),
        (imports.memories.len(), counts.imported_memories as usize),
        (imports.globals.len(), counts.imported_globals as usize),
        (imports.tags.len(), counts.imported_tags as usize),
        (template.types().len(), code.view().types.len()),
    ]
    .into_iter()
    .all(|(given, wanted)| given == wanted);
    let ours = imports.tables.iter().all(|table| table.position() < state.tables.len())
        && imports.memories.iter().all(|memory| memory.position() < state.memories.len())
        && imports.globals.iter().all(|global| global.position() < state.globals.len())
        && imports.tags.iter().all(|tag| tag.position() < state.tags.len());
    if all && ours { Ok(()) } else { Err(InstantiateError::Malformed("its imports are not those that were given")) }
}

/// An instance that is being made: its context, and what it is made of.
struct Maker<'a> {
    /// The store's, from the pointer to its whole state: builtins find that by what contexts hold.
    vm: *mut VmStore,
    context: Context,
    code: &'a Arc<Code>,
    types: &'a Arc<[Arc<RegisteredType>]>,
    pattern: &'a Pattern,
}

impl Maker<'_> {
    fn write_head(&self, state: &State, template: &Template, id: InstanceId) {
        let uses_heap = self.code.view().facts().uses_heap != 0;
        let head = VmContext {
            magic: VMCTX_MAGIC,
            reserved: 0,
            store: self.vm,
            builtins: &builtin::BUILTINS,
            type_ids: template.type_ids(),
            instance: ptr::without_provenance_mut(id.position()),
            heap: if uses_heap { state.heap.base() } else { ptr::null_mut() },
        };
        // SAFETY: the context begins with room for its head.
        unsafe { self.context.as_ptr().write(head) };
    }

    /// Writes what the objects of the module's types are known by.
    fn object_types(&self, state: &mut State) -> Result<(), InstantiateError> {
        const UNSOUND: InstantiateError = InstantiateError::Malformed("a type of objects");
        let layout = self.code.layout();
        if layout.counts().object_types == 0 {
            return Ok(());
        }
        for (record, ty) in self.code.view().types.iter().zip(&**self.types).filter(|(record, _)| record.object != NONE)
        {
            if record.object >= layout.counts().object_types {
                return Err(UNSOUND);
            }
            let info = state.heap.infos.of_type(ty).ok_or(UNSOUND)?;
            let place = self.context.at::<*const TypeInfo>(layout.type_info(ObjectTypeIndex(record.object)));
            // SAFETY: the layout gave the place for this.
            unsafe { place.write(info) };
        }
        Ok(())
    }

    /// Writes where imported tables, memories and globals are. Their ids have been checked.
    fn link_things(&self, state: &State, imports: &Imports) {
        let layout = self.code.layout();
        for (index, id) in (0..).zip(&imports.tables) {
            let place = self.context.at::<*mut VmTable>(layout.imported_table(TableIndex(index)));
            // SAFETY: the layout gave the place for this.
            unsafe { place.write(state.tables[id.position()].head()) };
        }
        for (index, id) in (0..).zip(&imports.memories) {
            let memory = &state.memories[id.position()];
            let place = self.context.at::<VmMemoryImport>(layout.imported_memory(MemoryIndex(index)));
            // SAFETY: as above.
            unsafe { place.write(VmMemoryImport { base: memory.base(), memory: memory.head() }) };
        }
        for (index, id) in (0..).zip(&imports.globals) {
            let place = self.context.at::<NonNull<ValRaw>>(layout.imported_global(GlobalIndex(index)));
            // SAFETY: as above.
            unsafe { place.write(state.globals[id.position()].place) };
        }
    }

    /// The memories that the module defines, with their initial contents.
    fn memories(&self, state: &State) -> Result<Vec<MemoryInstance>, InstantiateError> {
        let (view, images) = (self.code.view(), self.code.images());
        let imported = self.code.layout().counts().imported_memories;
        let mut memories = Vec::with_capacity(view.memories.len() - imported as usize);
        let mut contents = 0;
        for (index, record) in (imported..).map(MemoryIndex).zip(view.memories.iter().skip(imported as usize)) {
            let mut own = (0..).zip(view.memory_image_records).filter(|(_, record)| record.memory == index);
            let copy_below = state.tunables.memory_copy_below;
            let first =
                own.next().map(|(position, record)| images.initial(self.code.bytes(), copy_below, position, record));
            let first = first.transpose()?;
            let content = if let Some(Initial::Mapped(content)) = first { Some(content) } else { None };
            let place = self.context.at::<VmMemory>(self.code.layout().defined_memory(index));
            // SAFETY: the layout gave the place for this; the context lives as long as the memory.
            let in_context = |value| unsafe { Head::in_context(place, value) };
            // The head of a shared memory outlives the context.
            let head = |value| if record.shared() { Head::own(value) } else { in_context(value) };
            let mut memory = Memory::new(MemoryType::from(record), &state.tunables, content, head)?;
            if let Some(Initial::Copied(offset, bytes)) = first {
                memory.put(offset, bytes)?;
            }
            contents += usize::from(first.is_some());
            // The compiler makes one of each memory.
            for (_, record) in own {
                let offset = usize::try_from(record.memory_offset).unwrap_or(usize::MAX);
                memory.put(offset, images.bytes(self.code.bytes(), record)?)?;
                contents += 1;
            }
            memories.push(self.memory(index, memory));
        }
        if contents != view.memory_image_records.len() {
            return Err(InstantiateError::Malformed("a memory image is of no memory"));
        }
        Ok(memories)
    }

    /// Memory `index`, which the module defines, as the store is to have it.
    fn memory(&self, index: MemoryIndex, memory: Memory) -> MemoryInstance {
        if !memory.ty().shared {
            return MemoryInstance::Own(memory);
        }
        let memory = SharedMemory::of(memory);
        let place = self.context.at::<VmMemoryImport>(self.code.layout().defined_memory(index));
        // SAFETY: the layout gave the place for this.
        unsafe { place.write(VmMemoryImport { base: memory.base(), memory: memory.head() }) };
        MemoryInstance::Shared(memory)
    }

    /// Imported functions, and the contexts of the references to all functions that escape.
    fn functions(&self, state: &mut State, imports: &[FunctionImport]) -> Result<(), InstantiateError> {
        let (layout, view) = (self.code.layout(), self.code.view());
        let vmctx = self.context.as_ptr();
        for escaped in (0..layout.counts().escaped).map(EscapedIndex) {
            let place = self.context.at::<VmFuncRef>(layout.funcref(escaped)).as_ptr();
            // SAFETY: the layout gave the place for this.
            unsafe { (&raw mut (*place).vmctx).write(vmctx) };
        }
        for ((function, record), import) in (0..).map(FunctionIndex).zip(view.functions).zip(imports) {
            let reference = match import {
                FunctionImport::Wasm(reference) => {
                    // SAFETY: a reference of this store (the crate's contract).
                    let reference = unsafe { reference.read() };
                    if reference.external.is_null() {
                        return Err(InstantiateError::Malformed("an imported host function has no trampoline"));
                    }
                    reference
                }
                FunctionImport::Host { function, data, typed, ty } => {
                    self.host_function(state, record.ty.index(), (*function, *data), *typed, *ty)?
                }
            };
            let place = self.context.at::<VmFunctionImport>(layout.imported_function(function));
            // SAFETY: the layout gave the place for this.
            unsafe { place.write(VmFunctionImport { external: reference.external, vmctx: reference.vmctx }) };
            if let Some(place) = instance::funcref(&self.context, self.code, function) {
                // SAFETY: as above.
                unsafe { place.write(reference) };
            }
        }
        Ok(())
    }

    fn host_function(
        &self,
        state: &mut State,
        ty: usize,
        (function, data): (*const u8, *const u8),
        typed: bool,
        own: TypeIdentity,
    ) -> Result<VmFuncRef, InstantiateError> {
        const MISSING: InstantiateError = InstantiateError::Malformed("it has no trampoline for an imported function");
        let trampolines = self.code.view().trampolines.get(ty).ok_or(MISSING)?;
        let exit = if typed { trampolines.host_exit } else { trampolines.array_exit };
        let external = self.code.address(exit).ok_or(MISSING)?;
        let vmctx = state.add_host_context(self.vm, function, data, self.context.as_ptr());
        Ok(VmFuncRef {
            external,
            // Never called: no code has this context for its own.
            internal: external,
            vmctx,
            type_id: own.id,
            type_depth: own.depth,
            host_entry: ptr::null(),
            array_entry: ptr::null(),
            supertypes: own.supertypes,
            plain_type: 0,
            reserved: 0,
        })
    }

    /// The values of the globals that the module defines, which the pattern does not have. Each may read those before it.
    fn globals(&self, state: &mut State) -> Result<(), InstantiateError> {
        let (view, layout) = (self.code.view(), self.code.layout());
        let imported = layout.counts().imported_globals;
        for index in &self.pattern.evaluated {
            let init = view.globals.get((imported + index.0) as usize).map(|record| record.init);
            let value = evaluate(state, &self.context, self.code, init.unwrap_or_default())?;
            // SAFETY: the layout gave the place for this.
            unsafe { self.context.at::<ValRaw>(layout.defined_global(*index)).write(value) };
        }
        Ok(())
    }

    /// The items of the element segments whose items are no functions.
    fn elements(&self, state: &mut State) -> Result<Elements, InstantiateError> {
        const UNSOUND: InstantiateError = InstantiateError::Malformed("an element segment");
        let view = self.code.view();
        let mut evaluated = Vec::with_capacity(view.elements.len());
        for record in view.elements {
            if record.element.decode_ref().ok_or(UNSOUND)?.is_function() {
                evaluated.push(None);
                continue;
            }
            if SegmentMode::from_code(record.mode) == Some(SegmentMode::Declared) {
                evaluated.push(Some(Box::default()));
                continue;
            }
            // Items that are plain functions or null are null here.
            let length = record.items.length as usize;
            let mut items = vec![0; if record.expressions == 0 { length.min(view.element_functions.len()) } else { 0 }];
            if record.expressions != 0 {
                for range in record.items.of(view.element_expressions).ok_or(UNSOUND)? {
                    let value = evaluate(state, &self.context, self.code, *range)?;
                    // SAFETY: the evaluator writes every byte of a value.
                    items.push(unsafe { value.i32 });
                }
            }
            evaluated.push(Some(items.into()));
        }
        Ok(evaluated.into())
    }

    /// The tags that the module defines, for instance `id`.
    fn tags(&self, id: InstanceId) -> Result<Vec<Tag>, InstantiateError> {
        let imported = self.code.layout().counts().imported_tags;
        let mut tags = Vec::new();
        for (index, record) in (imported..).map(TagIndex).zip(self.code.view().tags.iter().skip(imported as usize)) {
            let ty = self.types.get(record.ty.index()).ok_or(InstantiateError::Malformed("a tag's type"))?;
            tags.push(Tag { ty: ty.clone(), origin: Some((id, index)) });
        }
        Ok(tags)
    }

    /// The tables that the module defines.
    fn tables(&self, state: &mut State) -> Result<Vec<Table>, InstantiateError> {
        let view = self.code.view();
        let imported = self.code.layout().counts().imported_tables;
        let records = view.tables.iter().skip(imported as usize);
        let mut tables = Vec::with_capacity(self.pattern.tables.len());
        for ((index, record), (ty, element)) in (imported..).map(TableIndex).zip(records).zip(&self.pattern.tables) {
            let init = initial_value(state, &self.context, self.code, *element, record.init)?;
            let place = self.context.at::<VmTable>(self.code.layout().defined_table(index));
            // SAFETY: the layout gave the place for this; the context lives as long as the table.
            let head = |value| unsafe { Head::in_context(place, value) };
            tables.push(Table::new(*ty, init, head)?);
        }
        Ok(tables)
    }
}

/// The value of a table's initialiser, or null where it has none.
fn initial_value(
    state: &mut State,
    context: &Context,
    code: &Code,
    element: RefType,
    init: Range,
) -> Result<TableValue, InstantiateError> {
    if init.length == 0 {
        return Ok(Table::null(element));
    }
    Ok(builtin::table_value(element, evaluate(state, context, code, init)?))
}

/// Applies the active segments: elements first, then data, each in order (§4.7.2).
fn apply_segments(state: &mut State, id: InstanceId, template: &Template) -> Result<(), InstantiateError> {
    let code = template.code();
    let view = code.view();
    for (segment, record) in (0..).zip(view.elements) {
        match SegmentMode::from_code(record.mode) {
            Some(SegmentMode::Passive) => continue,
            Some(SegmentMode::Active) => {
                let index64 = view.tables.get(record.table as usize).is_some_and(TableRecord::index64);
                let offset = offset(state, id, code, record.offset, index64)?;
                builtin::init_table(state, id, (record.table, offset), segment, 0, record.items.length).map_err(
                    |trap| InstantiateError::Segment {
                        segment: (Item::Element, segment),
                        target: (Item::Table, record.table),
                        trap,
                    },
                )?;
            }
            // Declared ones count as dropped from the start.
            Some(SegmentMode::Declared) | None => {}
        }
        state.instances[id.position()].drop_elements(segment as usize);
    }
    for (segment, record) in (0..).zip(view.data_segments) {
        if SegmentMode::from_code(record.mode) == Some(SegmentMode::Passive) {
            continue;
        }
        if record.in_image == 0 {
            let index64 = view.memories.get(record.memory as usize).is_some_and(MemoryRecord::index64);
            let offset = offset(state, id, code, record.offset, index64)?;
            builtin::init_memory(state, id, (record.memory, offset), segment, 0, record.bytes.length).map_err(
                |trap| InstantiateError::Segment {
                    segment: (Item::Data, segment),
                    target: (Item::Memory, record.memory),
                    trap,
                },
            )?;
        }
        state.instances[id.position()].dropped.data[segment as usize] = true;
    }
    Ok(())
}

/// The offset of an active segment: an `i64` where the memory or table is indexed by it, else an `i32`.
fn offset(state: &State, id: InstanceId, code: &Code, range: Range, index64: bool) -> Result<u64, InstantiateError> {
    let value = number(&state.instances[id.position()].context, code, range)?;
    // SAFETY: the evaluator writes every byte of a value.
    Ok(unsafe { if index64 { value.i64 } else { u64::from(value.i32) } })
}
