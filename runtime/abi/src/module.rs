//! The module description: everything about a module that is known before it is instantiated, as arrays of plain records.
//!
//! The decoder fills a [`Module`], the emitter writes each of its arrays as one section of the image, and the runtime
//! reads the same arrays in place through a [`ModuleView`] (`view.rs` has the lookups). The list of arrays stands once, in `description!` below.

use crate::catch::{CatchRecord, CatchSiteRecord};
use crate::debug::DebugRecord;
use crate::image::{Image, ImageError, ImageWriter, Section};
use crate::index::{FunctionIndex, MemoryIndex, TypeIndex};
use crate::types::ValTypeCode;
use bytemuck::{Pod, Zeroable};

/// "There is none", for the optional 32-bit fields of the records.
pub const NONE: u32 = u32::MAX;

/// A range of a pool: of the text of names, of value types, of constant operators, of element items.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Range {
    /// First position.
    pub start: u32,
    /// How many.
    pub length: u32,
}

impl Range {
    /// The range's part of `pool`; `None` when the range does not lie in it.
    pub fn of<T>(self, pool: &[T]) -> Option<&[T]> {
        let start = self.start as usize;
        pool.get(start..start.checked_add(self.length as usize)?)
    }
}

/// The kind of a type: what it is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum TypeKind {
    /// A function type.
    Func = 0,
    /// A structure type.
    Struct = 1,
    /// An array type.
    Array = 2,
}

/// A type of the type section.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TypeRecord {
    /// A [`TypeKind`].
    pub kind: u32,
    /// 1 when no type may have it as its supertype.
    pub is_final: u32,
    /// The type that it declares to match, or [`NONE`].
    pub supertype: u32,
    /// The first type of its recursion group, whose types follow one another.
    pub group: u32,
    /// Of a function type, the parameters: a range of `value_types`. Else the fields, or the elements: a range of `fields`.
    pub params: Range,
    /// Of a function type, the results. Else empty.
    pub results: Range,
    /// The position of a type of structures or arrays among those of the module
    /// ([`ObjectTypeIndex`](crate::index::ObjectTypeIndex)); [`NONE`] for a function type.
    pub object: u32,
    /// Of a function type that no type is but one that is written the same, its number among those of the module, from 1 on: the same for
    /// types that are the same. Else 0.
    pub plain: u32,
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FieldRecord {
    /// What it holds.
    pub storage: ValTypeCode,
    /// 1 when it can be set.
    pub mutable: u32,
    /// Zero.
    pub reserved: u32,
}

impl TypeRecord {
    /// Function type `index` of a module, final and a recursion group of its own.
    pub const fn function(index: TypeIndex, params: Range, results: Range) -> TypeRecord {
        TypeRecord {
            kind: TypeKind::Func as u32,
            is_final: 1,
            supertype: NONE,
            group: index.0,
            params,
            results,
            object: NONE,
            plain: 0,
        }
    }
}

/// A function, imported or defined.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FunctionRecord {
    /// Its type.
    pub ty: TypeIndex,
    /// Its position among the escaped functions, or [`NONE`].
    pub escaped: u32,
    /// External entry, from the start of the text; [`NONE`] for an import.
    pub external: u32,
    /// Internal entry, from the start of the text.
    pub internal: u32,
    /// First byte after its code.
    pub end: u32,
    /// Where its body starts in the WebAssembly file.
    pub body_offset: u32,
}

/// In [`TableRecord::flags`] and [`MemoryRecord::flags`]: its addresses are `i64`.
pub const INDEX64: u32 = 1;
/// In [`MemoryRecord::flags`]: threads can share it.
pub const SHARED: u32 = 2;

/// A table.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TableRecord {
    /// Type of its entries.
    pub element: ValTypeCode,
    /// Entries at the start.
    pub minimum: u64,
    /// Most entries; `u64::MAX` when not limited.
    pub maximum: u64,
    /// Initial value of the entries; an empty range is null.
    pub init: Range,
    /// [`INDEX64`] or 0.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// The most entries that a table may have, whatever its type says: a bound that this implementation sets (Appendix A.2 of the specification).
pub const MAX_TABLE_ENTRIES: u64 = 10_000_000;

impl TableRecord {
    /// Whether its addresses are `i64`.
    pub const fn index64(&self) -> bool {
        self.flags & INDEX64 != 0
    }
}

/// A linear memory.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct MemoryRecord {
    /// Pages at the start.
    pub minimum: u64,
    /// Most pages; `u64::MAX` when not limited.
    pub maximum: u64,
    /// log₂ of the page size in bytes.
    pub page_size_log2: u32,
    /// [`INDEX64`], [`SHARED`].
    pub flags: u32,
}

impl MemoryRecord {
    /// Whether its addresses are `i64`.
    pub const fn index64(&self) -> bool {
        self.flags & INDEX64 != 0
    }

    /// Whether threads can share it.
    pub const fn shared(&self) -> bool {
        self.flags & SHARED != 0
    }
}

/// A global.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct GlobalRecord {
    /// Type of its value.
    pub ty: ValTypeCode,
    /// 1 when it can be set.
    pub mutable: u32,
    /// Zero.
    pub reserved: u32,
    /// Initial value: a range of `constants`; empty for an import.
    pub init: Range,
}

/// A tag (§2.3.17): what distinguishes exceptions, and the types of their values.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TagRecord {
    /// A function type: its parameters are the values; it has no results.
    pub ty: TypeIndex,
}

/// The kind of an import or export.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum ExternKind {
    /// A function.
    Function = 0,
    /// A table.
    Table = 1,
    /// A memory.
    Memory = 2,
    /// A global.
    Global = 3,
    /// A tag.
    Tag = 4,
}

impl ExternKind {
    /// The kind of this code.
    pub const fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::Function,
            1 => Self::Table,
            2 => Self::Memory,
            3 => Self::Global,
            4 => Self::Tag,
            _ => return None,
        })
    }
}

/// An import: what fills position `index` of its index space.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ImportRecord {
    /// Module name.
    pub module: Range,
    /// Name.
    pub name: Range,
    /// An [`ExternKind`].
    pub kind: u32,
    /// Index in the index space of that kind.
    pub index: u32,
}

/// An export.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ExportRecord {
    /// Name.
    pub name: Range,
    /// An [`ExternKind`].
    pub kind: u32,
    /// Index in the index space of that kind.
    pub index: u32,
}

/// An operator of a constant expression (§3.4.13), with extended constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum ConstantOperator {
    /// Push an `i32` (in `low`).
    I32 = 0,
    /// Push an `i64`.
    I64 = 1,
    /// Push an `f32` by its bits.
    F32 = 2,
    /// Push an `f64` by its bits.
    F64 = 3,
    /// Push a `v128`.
    V128 = 4,
    /// Push the value of global `index`.
    GlobalGet = 5,
    /// Push a reference to function `index`.
    RefFunc = 6,
    /// Push null.
    RefNull = 7,
    /// `i32.add`, and so on.
    I32Add = 8,
    /// `i32.sub`.
    I32Sub = 9,
    /// `i32.mul`.
    I32Mul = 10,
    /// `i64.add`.
    I64Add = 11,
    /// `i64.sub`.
    I64Sub = 12,
    /// `i64.mul`.
    I64Mul = 13,
    /// `ref.i31`.
    RefI31 = 14,
    /// `struct.new` of type `index`.
    StructNew = 15,
    /// `struct.new_default` of type `index`.
    StructNewDefault = 16,
    /// `array.new` of type `index`.
    ArrayNew = 17,
    /// `array.new_default` of type `index`.
    ArrayNewDefault = 18,
    /// `array.new_fixed` of type `index` with `low` elements.
    ArrayNewFixed = 19,
}

impl ConstantOperator {
    /// Every operator, by code.
    pub const ALL: [Self; 20] = [
        Self::I32,
        Self::I64,
        Self::F32,
        Self::F64,
        Self::V128,
        Self::GlobalGet,
        Self::RefFunc,
        Self::RefNull,
        Self::I32Add,
        Self::I32Sub,
        Self::I32Mul,
        Self::I64Add,
        Self::I64Sub,
        Self::I64Mul,
        Self::RefI31,
        Self::StructNew,
        Self::StructNewDefault,
        Self::ArrayNew,
        Self::ArrayNewDefault,
        Self::ArrayNewFixed,
    ];

    /// The operator of this code.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(code as usize).copied()
    }
}

/// One step of a constant expression.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ConstantRecord {
    /// A [`ConstantOperator`].
    pub operator: u32,
    /// The global, function or type, or 0.
    pub index: u32,
    /// The constant's low 64 bits, or how many elements.
    pub low: u64,
    /// The constant's high 64 bits.
    pub high: u64,
}

/// How a segment is applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum SegmentMode {
    /// Copied at instantiation.
    Active = 0,
    /// Kept for `memory.init` or `table.init`.
    Passive = 1,
    /// Only declares that functions may be referenced.
    Declared = 2,
}

impl SegmentMode {
    /// The mode of this code.
    pub const fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => Self::Active,
            1 => Self::Passive,
            2 => Self::Declared,
            _ => return None,
        })
    }
}

/// An element segment. Its items are either a range of `element_functions` or, where one is not a plain function or null, a range of
/// `element_expressions`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ElementRecord {
    /// A [`SegmentMode`].
    pub mode: u32,
    /// Table of an active segment.
    pub table: u32,
    /// Offset of an active segment: a range of `constants`.
    pub offset: Range,
    /// The items.
    pub items: Range,
    /// 1 when `items` is a range of `element_expressions`.
    pub expressions: u32,
    /// Zero.
    pub reserved: u32,
    /// Type of the items.
    pub element: ValTypeCode,
}

/// A data segment.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct DataRecord {
    /// A [`SegmentMode`].
    pub mode: u32,
    /// Memory of an active segment.
    pub memory: u32,
    /// Offset of an active segment: a range of `constants`.
    pub offset: Range,
    /// Its bytes: a range of the `data` section.
    pub bytes: Range,
    /// 1 when its bytes are part of a memory image already, so that instantiation has nothing to copy or check.
    pub in_image: u32,
    /// Zero.
    pub reserved: u32,
}

/// The initial contents of a memory, laid out by the compiler because every active segment has a constant offset in bounds.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct MemoryImageRecord {
    /// Which memory; one the module defines.
    pub memory: MemoryIndex,
    /// Zero.
    pub reserved: u32,
    /// Where the contents begin in the memory: a multiple of the image's page size.
    pub memory_offset: u64,
    /// Where they begin in the section `memory_images`: a multiple of the image's page size.
    pub image_offset: u64,
    /// How many bytes: a multiple of the image's page size.
    pub length: u64,
}

/// A function's name from the name section.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FunctionNameRecord {
    /// The function; records are sorted by it.
    pub function: FunctionIndex,
    /// Its name.
    pub name: Range,
}

/// What messages name by its name from the extended name section, beside functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Item {
    /// A table.
    Table = 0,
    /// A memory.
    Memory = 1,
    /// An element segment.
    Element = 2,
    /// A data segment.
    Data = 3,
    /// A tag.
    Tag = 4,
}

/// The name of an [`Item`].
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ItemNameRecord {
    /// An [`Item`]; records are sorted by it, then by index.
    pub item: u32,
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: Range,
}

/// The trampolines for a type, each from the start of the text or [`NONE`]. See [`vmctx`](crate::vmctx) for their conventions.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TrampolineRecord {
    /// Host calls compiled code, typed.
    pub host_entry: u32,
    /// Host calls compiled code, by an array.
    pub array_entry: u32,
    /// Compiled code calls a typed host function.
    pub host_exit: u32,
    /// Compiled code calls an array host function.
    pub array_exit: u32,
}

/// How to resume in an entry trampoline after a trap.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct HandlerRecord {
    /// The trampoline's entry, from the start of the text; records are sorted by it.
    pub entry: u32,
    /// Where to continue.
    pub landing: u32,
    /// Stack pointer there = the trampoline's frame pointer - this.
    pub frame_offset: u32,
}

/// A code address and the place in the WebAssembly file that it comes from; the first of a run with the same place.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct AddressRecord {
    /// From the start of the text; records are sorted by it.
    pub code: u32,
    /// From the start of the file; [`NONE`] where code comes from no instruction.
    pub wasm: u32,
}

/// A code address and whose code stands there: the first of a run. None where all of it is its function's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct InlinedRecord {
    /// From the start of the text; records are sorted by it.
    pub code: u32,
    /// The [`InlineSiteRecord`], by its position; [`NONE`] where it is the function's own code.
    pub site: u32,
}

/// A call in whose place the code of what is called stands.
///
/// ```text
/// inlined        0x10: 0   0x1e: 1   0x40: NONE      code from 0x1e on is g's, in the place of a call in f's, in the place of one in the function's own
/// inline_sites   0: f, called at 0x7c, parent NONE   1: g, called at 0x91, parent 0
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct InlineSiteRecord {
    /// What is called.
    pub function: FunctionIndex,
    /// Where the call stands in the WebAssembly file; [`NONE`] for a tail call, behind which nothing is left of the function that it stands in.
    pub call: u32,
    /// The site whose code it stands in, an earlier one; [`NONE`] where that is the function's own.
    pub parent: u32,
}

/// An instruction that may trap.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TrapRecord {
    /// Its address, from the start of the text; records are sorted by it.
    pub code: u32,
    /// A [`Trap`](crate::trap::Trap) code, and, added to it, [`FRAMELESS`](Self::FRAMELESS) where it is so.
    pub trap: u32,
}

impl TrapRecord {
    /// The function has no frame: its frame pointer is that of its caller, and the place that it returns to stands at the stack pointer.
    pub const FRAMELESS: u32 = 1 << 8;

    /// The trap, if the code is that of one.
    pub fn trap(&self) -> Option<crate::trap::Trap> {
        crate::trap::Trap::from_code(u8::try_from(self.trap & !Self::FRAMELESS).ok()?)
    }
}

/// A call at which the collector may work: what refers to objects in the frame that waits for it. Calls that no reference is alive across
/// have none.
///
/// ```text
/// safepoint_addresses   0x1a     0x52          return addresses, from the start of the text; sorted
/// safepoints            0..1     1..2          ranges of `references`
/// references            24       24 16         a reference of 32 bits stands at the function's frame pointer - this
/// ```
pub type SafepointRecord = Range;

/// A custom section (§5.5.3), kept for the host.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CustomSectionRecord {
    /// Its name.
    pub name: Range,
    /// Its bytes, without the name: a range of `custom_bytes`.
    pub bytes: Range,
}

macro_rules! description {
    ($($(#[$doc:meta])* $field:ident: $record:ty = $section:ident,)*) => {
        /// A module description that is being made: one growing array per section.
        #[derive(Clone, Debug, Default)]
        pub struct Module {
            $($(#[$doc])* pub $field: Vec<$record>,)*
        }

        impl Module {
            /// The same arrays, to read.
            pub fn view(&self) -> ModuleView<'_> {
                ModuleView { $($field: &self.$field,)* }
            }

            /// Writes every array as a section.
            pub fn write(&self, image: &mut ImageWriter) {
                $(image.section(Section::$section, bytemuck::cast_slice(&self.$field));)*
            }
        }

        /// A module description that is read in place. Offsets and lengths of the arrays have been checked; what stands
        /// in them is believed, because an image is loaded only when its origin is.
        #[derive(Clone, Copy, Debug)]
        pub struct ModuleView<'a> {
            $($(#[$doc])* pub $field: &'a [$record],)*
        }

        impl<'a> ModuleView<'a> {
            /// Finds the arrays in an image.
            ///
            /// # Errors
            ///
            /// When a section is missing or is not a whole number of records.
            pub fn of_image(image: &Image<'a>) -> Result<ModuleView<'a>, ImageError> {
                Ok(ModuleView { $($field: image.records(Section::$section)?,)* })
            }
        }
    };
}

description! {
    /// How many there are of each thing, and facts about the whole: one record.
    summary: Summary = Summary,
    /// Types, by type index.
    types: TypeRecord = Types,
    /// The pool of value types.
    value_types: ValTypeCode = ValueTypes,
    /// Imports, in order.
    imports: ImportRecord = Imports,
    /// Functions, by function index.
    functions: FunctionRecord = Functions,
    /// Tables, by table index.
    tables: TableRecord = Tables,
    /// Memories, by memory index.
    memories: MemoryRecord = Memories,
    /// Globals, by global index.
    globals: GlobalRecord = Globals,
    /// Exports, in order.
    exports: ExportRecord = Exports,
    /// Positions in `exports`, sorted by name.
    export_order: u32 = ExportOrder,
    /// Element segments.
    elements: ElementRecord = Elements,
    /// Items of element segments that are functions: indices, or [`NONE`] for null.
    element_functions: u32 = ElementFunctions,
    /// Items of other element segments: ranges of `constants`.
    element_expressions: Range = ElementExpressions,
    /// Data segments.
    data_segments: DataRecord = DataSegments,
    /// Their bytes.
    data: u8 = Data,
    /// The pool of constant operators.
    constants: ConstantRecord = Constants,
    /// The text of all names, UTF-8.
    text: u8 = Text,
    /// Function names.
    function_names: FunctionNameRecord = FunctionNames,
    /// Names of tables, memories and segments.
    item_names: ItemNameRecord = ItemNames,
    /// Initial contents of memories.
    memory_image_records: MemoryImageRecord = MemoryImageRecords,
    /// Trampolines, by type index.
    trampolines: TrampolineRecord = Trampolines,
    /// Handlers of the entry trampolines.
    handlers: HandlerRecord = Handlers,
    /// The address map.
    addresses: AddressRecord = Addresses,
    /// Where the code of functions stands that are inlined.
    inlined: InlinedRecord = Inlined,
    /// The calls in whose place it stands, each behind the one that it stands in.
    inline_sites: InlineSiteRecord = InlineSites,
    /// The trap table.
    traps: TrapRecord = Traps,
    /// The CPU features the code needs, by name, one per line.
    cpu_features: u8 = CpuFeatures,
    /// Tags, by tag index.
    tags: TagRecord = Tags,
    /// Where calls within the reach of handlers return to, from the start of the text; sorted.
    catch_addresses: u32 = CatchAddresses,
    /// These calls, in the same order.
    catch_sites: CatchSiteRecord = CatchSites,
    /// The pool of handlers.
    catches: CatchRecord = Catches,
    /// The pool of fields.
    fields: FieldRecord = Fields,
    /// Where calls return to across which references to objects are alive, from the start of the text; sorted.
    safepoint_addresses: u32 = SafepointAddresses,
    /// These calls, in the same order: ranges of `references`.
    safepoints: SafepointRecord = Safepoints,
    /// The pool of places of references, below frame pointers.
    references: u32 = References,
    /// Custom sections that are kept for the host, in the module's order.
    custom_sections: CustomSectionRecord = CustomSections,
    /// Their bytes.
    custom_bytes: u8 = CustomBytes,
    /// Sections of DWARF.
    debug_sections: DebugRecord = DebugSections,
    /// Their bytes.
    debug_data: u8 = DebugData,
}

/// How many there are of each thing that has a place in a [`VmContext`](crate::vmctx::VmContext).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct ModuleCounts {
    /// Imported functions.
    pub imported_functions: u32,
    /// Imported tables.
    pub imported_tables: u32,
    /// Imported memories.
    pub imported_memories: u32,
    /// Imported globals.
    pub imported_globals: u32,
    /// Imported tags.
    pub imported_tags: u32,
    /// All tags.
    pub tags: u32,
    /// All tables.
    pub tables: u32,
    /// All memories.
    pub memories: u32,
    /// All globals.
    pub globals: u32,
    /// Escaped functions.
    pub escaped: u32,
    /// Types of structures and arrays.
    pub object_types: u32,
}

impl ModuleCounts {
    /// Tables that the module defines.
    pub const fn defined_tables(&self) -> u32 {
        self.tables - self.imported_tables
    }

    /// Memories that the module defines.
    pub const fn defined_memories(&self) -> u32 {
        self.memories - self.imported_memories
    }

    /// Globals that the module defines.
    pub const fn defined_globals(&self) -> u32 {
        self.globals - self.imported_globals
    }
}

/// Facts about the whole module.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Summary {
    /// Counts.
    pub counts: ModuleCounts,
    /// The start function, or [`NONE`].
    pub start: u32,
    /// 1 when code of the module makes or reads objects, so that each instance needs to know the heap of its store.
    pub uses_heap: u32,
    /// Where the content of the code section starts in the WebAssembly file, from which DWARF counts; 0 when there is none.
    pub code_offset: u32,
    /// The module's own name from the name section; empty when it has none.
    pub name: Range,
}

impl Default for Summary {
    fn default() -> Self {
        let (counts, name) = (ModuleCounts::default(), Range::default());
        Summary { counts, start: NONE, uses_heap: 0, code_offset: 0, name }
    }
}
