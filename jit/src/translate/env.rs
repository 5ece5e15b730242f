//! The module as the translator sees it: description, layout, settings, and the names that code in an image has for
//! other code in it.
//!
//! One [`ModuleEnv`] is shared, read-only, by the translation of all functions.

use super::signature;
use crate::decode;
use crate::error::CompileError;
use crate::opt::facts::Facts;
use crate::opt::indirect::Contents;
use crate::opt::plan::Plan;
use crate::opt::reference::References;
use crate::opt::shadow::Shadow;
use crate::target;
use core::mem::offset_of;
use cranelift_codegen::ir::{Signature, Type, UserExternalName};
use cranelift_codegen::isa::TargetIsa;
use tancho_abi::builtin::Builtin;
use tancho_abi::index::{FunctionIndex, GlobalIndex, MemoryIndex, TableIndex, TypeIndex};
use tancho_abi::module::{ConstantOperator, ExternKind, Module, ModuleView, NONE};
use tancho_abi::object::{StructLayout, array_start};
use tancho_abi::target::Architecture;
use tancho_abi::tunables::{Space, Tunables};
use tancho_abi::types::{CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, ValType};
use tancho_abi::vmctx::{VmLayout, VmMemory, VmMemoryImport};

/// By no more memories than this is interrupted: few modules have more than one.
const MAX_INTERRUPTIBLE: usize = 16;

/// What all functions of a module share.
pub(crate) struct ModuleEnv<'m> {
    /// The description.
    pub(crate) module: ModuleView<'m>,
    /// The function types, by type index; for another type one that no function has.
    pub(crate) types: Vec<FuncType>,
    /// What objects of each type look like, by type index; none for a function type.
    objects: Vec<Option<ObjectLayout>>,
    /// Of each type, by type index, how many supertypes it has by its own declaration and by theirs.
    depths: Vec<u32>,
    /// The types of globals, by global index.
    pub(crate) globals: Vec<ValType>,
    /// The element types of tables, by table index.
    pub(crate) tables: Vec<RefType>,
    /// Where things stand in the vmctx.
    pub(crate) layout: VmLayout,
    /// What is known of it as a whole.
    pub(crate) facts: Facts,
    /// Which functions references are to, as far as calls are to know.
    pub(crate) references: References,
    /// Settings.
    pub(crate) tunables: &'m Tunables,
    /// The machine to compile for.
    pub(crate) isa: &'m dyn TargetIsa,
    /// Its architecture.
    pub(crate) architecture: Architecture,
    /// Which calls are inlined.
    pub(crate) plan: Plan<'m>,
}

impl<'m> ModuleEnv<'m> {
    /// The environment of a module whose escaped functions have been numbered.
    pub(crate) fn new(
        module: ModuleView<'m>,
        facts: Facts,
        tunables: &'m Tunables,
        isa: &'m dyn TargetIsa,
        plan: Plan<'m>,
    ) -> Result<Self, CompileError> {
        let layout = VmLayout::new(module.facts().counts)
            .ok_or_else(|| CompileError::limit("the module's globals, tables and imports exceed 1 GiB"))?;
        let unknown = || CompileError::internal("a type of the description is not a type");
        let (mut types, mut objects) = (Vec::new(), Vec::new());
        for index in 0..module.types.len() {
            let composite = TypeIndex::new(index).and_then(|index| module.composite_type(index)).ok_or_else(unknown)?;
            objects.push(ObjectLayout::new(&composite));
            types.push(match composite {
                CompositeType::Func(ty) => ty,
                _ => FuncType::default(),
            });
        }
        Ok(ModuleEnv {
            types,
            objects,
            depths: depths(&module),
            globals: module
                .globals
                .iter()
                .map(|global| global.ty.decode().ok_or_else(unknown))
                .collect::<Result<_, _>>()?,
            tables: module
                .tables
                .iter()
                .map(|table| table.element.decode_ref().ok_or_else(unknown))
                .collect::<Result<_, _>>()?,
            references: match tunables.known_callees {
                true => References::new(&module, &layout),
                false => References::default(),
            },
            module,
            layout,
            facts,
            tunables,
            architecture: target::architecture(isa)?,
            isa,
            plan,
        })
    }

    /// What objects of a type of structures or arrays look like. Validation ensures that it is one.
    pub(crate) fn object(&self, ty: TypeIndex) -> &ObjectLayout {
        self.objects[ty.index()].as_ref().expect("validation ensures that it is a type of objects")
    }

    /// The same for a type of any kind, of what has not been validated.
    pub(crate) fn find_object(&self, ty: TypeIndex) -> Option<&ObjectLayout> {
        self.objects.get(ty.index())?.as_ref()
    }

    /// Whether each value of type `this` is of type `other`, as far as their indices tell.
    pub(crate) fn matches(&self, this: HeapType, other: HeapType) -> bool {
        this.matches(other, |this, other| self.is_declared(this, other))
    }

    /// How a function or an object is found to be of type `ty`.
    pub(crate) fn type_check(&self, ty: TypeIndex) -> TypeCheck {
        match self.module.types[ty.index()].is_final {
            0 => TypeCheck::Declared { depth: self.depths[ty.index()] },
            _ => TypeCheck::Same,
        }
    }

    /// Whether each function of type `this` is of type `other`, as far as their indices tell.
    pub(crate) fn is_declared(&self, this: TypeIndex, other: TypeIndex) -> bool {
        let mut next = Some(this.0);
        while let Some(index) = next {
            if index == other.0 {
                return true;
            }
            // A supertype is declared before its subtypes.
            next = self.module.types.get(index as usize).map(|record| record.supertype).filter(|above| *above < index);
        }
        false
    }

    /// The type of a function.
    pub(crate) fn function_type(&self, function: FunctionIndex) -> &FuncType {
        &self.types[self.module.functions[function.index()].ty.index()]
    }

    /// What the internal entry of a function takes.
    pub(crate) fn internal_signature(&self, function: FunctionIndex) -> Signature {
        let shadow = self.taken_shadow(function).map(|(ty, _)| ty);
        signature::internal(self.function_type(function), shadow)
    }

    /// The machine type of the shadow-stack pointer and where in the vmctx it stands, if the internal entry of a function takes it.
    pub(crate) fn taken_shadow(&self, function: FunctionIndex) -> Option<(Type, u32)> {
        self.facts.shadow.as_ref().filter(|shadow| shadow.takes(function)).and_then(|shadow| self.place_of(shadow))
    }

    /// The machine type of the shadow-stack pointer and where in the vmctx it stands.
    pub(crate) fn place_of(&self, shadow: &Shadow) -> Option<(Type, u32)> {
        let defined = self.module.defined_global(shadow.global)?;
        Some((signature::machine_type(shadow.ty), self.layout.defined_global(defined)))
    }

    /// What to call a function in messages.
    pub(crate) fn function_name(&self, function: FunctionIndex) -> String {
        decode::module::label(&self.module, function)
    }

    /// Whether the memory stands in this instance.
    pub(crate) fn is_imported_memory(&self, memory: MemoryIndex) -> bool {
        self.module.is_imported_memory(memory)
    }

    /// Whether the memory is indexed by `i64`.
    pub(crate) fn is_memory64(&self, memory: MemoryIndex) -> bool {
        self.module.memories[memory.index()].index64()
    }

    /// Whether the table is indexed by `i64`.
    pub(crate) fn is_table64(&self, table: TableIndex) -> bool {
        self.module.tables[table.index()].index64()
    }

    /// The address space of a memory: the same for all that may be imported as it, since what it is made of is compared (§3.3).
    pub(crate) fn memory_space(&self, memory: MemoryIndex) -> Space {
        let record = &self.module.memories[memory.index()];
        self.tunables.space(record.index64(), record.page_size_log2, record.shared())
    }

    /// Where in the vmctx the bases of memories stand below which there is a page for sites of interruption.
    pub(crate) fn interruptible_bases(&self) -> Vec<u32> {
        let memories = (0..self.module.memories.len()).filter_map(MemoryIndex::new);
        let memories = memories.take(MAX_INTERRUPTIBLE).filter(|memory| self.memory_space(*memory).sites);
        memories.map(|memory| self.memory_base(memory)).collect()
    }

    /// Where in the vmctx the base of a memory stands that does not move.
    pub(crate) fn memory_base(&self, memory: MemoryIndex) -> u32 {
        match self.memory_import(memory) {
            Some(import) => import + offset_of!(VmMemoryImport, base) as u32,
            None => self.layout.defined_memory(memory) + offset_of!(VmMemory, base) as u32,
        }
    }

    /// Where in the vmctx a memory's base and the address of its head stand; `None` for one whose head is there itself.
    pub(crate) fn memory_import(&self, memory: MemoryIndex) -> Option<u32> {
        if self.is_imported_memory(memory) {
            return Some(self.layout.imported_memory(memory));
        }
        self.module.memories[memory.index()].shared().then(|| self.layout.defined_memory(memory))
    }

    /// The bytes that a memory has at least, of which it never loses any; 0 where that is no number of 64 bits.
    pub(crate) fn least_memory_length(&self, memory: MemoryIndex) -> u64 {
        let record = &self.module.memories[memory.index()];
        1_u64.checked_shl(record.page_size_log2).and_then(|page| record.minimum.checked_mul(page)).unwrap_or(0)
    }

    /// Whether the table stands in this instance.
    pub(crate) fn is_imported_table(&self, table: TableIndex) -> bool {
        self.module.is_imported_table(table)
    }

    /// Whether the global is imported.
    pub(crate) fn is_imported_global(&self, global: GlobalIndex) -> bool {
        self.module.defined_global(global).is_none()
    }

    /// The length of a table that can never grow: nobody could make it longer, or its minimum and maximum are the same, in the
    /// declaration of an imported one too, because import matching (§3.3) leaves the actual table no other size.
    pub(crate) fn fixed_table_length(&self, table: TableIndex) -> Option<u64> {
        let record = &self.module.tables[table.index()];
        let declared = (record.minimum == record.maximum).then_some(record.minimum);
        declared.or_else(|| self.facts.table(table)?.length)
    }

    /// How many entries a table has at least, whatever is done with it: none becomes smaller.
    pub(crate) fn least_table_length(&self, table: TableIndex) -> u64 {
        self.fixed_table_length(table).unwrap_or(self.module.tables[table.index()].minimum)
    }

    /// What a table holds, where that never changes.
    pub(crate) fn table_contents(&self, table: TableIndex) -> Option<&Contents> {
        self.facts.table(table)?.contents.as_ref()
    }
}

/// What objects of a type look like.
pub(crate) struct ObjectLayout {
    /// The fields, or the one of the elements.
    pub(crate) fields: Box<[FieldType]>,
    /// Where each field stands, or where the elements begin.
    pub(crate) offsets: Box<[u32]>,
    /// The bytes of a structure.
    pub(crate) size: u32,
}

impl ObjectLayout {
    fn new(composite: &CompositeType) -> Option<ObjectLayout> {
        match composite {
            CompositeType::Func(_) => None,
            CompositeType::Struct(fields) => {
                let StructLayout { offsets, size } = StructLayout::new(fields);
                Some(ObjectLayout { fields: fields.clone(), offsets, size })
            }
            CompositeType::Array(element) => {
                let start = array_start(element.storage);
                Some(ObjectLayout { fields: [*element].into(), offsets: [start].into(), size: 0 })
            }
        }
    }

    /// What stands in a field of a structure, and where.
    pub(crate) fn field(&self, field: u32) -> (StorageType, u32) {
        (self.fields[field as usize].storage, self.offsets[field as usize])
    }
}

/// How a function or an object is found to be of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TypeCheck {
    /// The type is final: its own is the same.
    Same,
    /// It is its own, or the one at `depth` among those that its own declares.
    Declared {
        /// How many supertypes the type has.
        depth: u32,
    },
}

fn depths(module: &ModuleView<'_>) -> Vec<u32> {
    let mut depths: Vec<u32> = Vec::with_capacity(module.types.len());
    for record in module.types {
        let above = depths.get(record.supertype as usize);
        depths.push(above.map_or(0, |above| above + 1));
    }
    depths
}

/// Gives a number to every function that may be reached by reference: exported, in an element segment, named by a constant
/// expression, or the start function. Validation ensures that `ref.func` names no other.
pub(crate) fn number_escaped(module: &mut Module) {
    let mut escapes = vec![false; module.functions.len()];
    let mut mark = |function: u32| {
        if let Some(escape) = escapes.get_mut(function as usize) {
            *escape = true;
        }
    };
    for export in &module.exports {
        if export.kind == ExternKind::Function as u32 {
            mark(export.index);
        }
    }
    for function in &module.element_functions {
        mark(*function);
    }
    for constant in &module.constants {
        if constant.operator == ConstantOperator::RefFunc as u32 {
            mark(constant.index);
        }
    }
    mark(module.summary[0].start);
    let mut next = 0;
    for (function, escape) in module.functions.iter_mut().zip(escapes) {
        function.escaped = if escape { next } else { NONE };
        next += u32::from(escape);
    }
    module.summary[0].counts.escaped = next;
}

/// A name for code of the image: how one function refers to another until the linker places them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum CodeName {
    /// A function that the module defines, by function index.
    Function(FunctionIndex),
    /// The trampoline to a builtin.
    Builtin(Builtin),
    /// What stands behind the entry of a function that asks first whether its frame fits.
    Body(FunctionIndex),
}

impl CodeName {
    const FUNCTION: u32 = 0;
    const BUILTIN: u32 = 1;
    const BODY: u32 = 2;

    /// As Cranelift's name.
    pub(crate) fn encode(self) -> UserExternalName {
        match self {
            CodeName::Function(function) => UserExternalName::new(Self::FUNCTION, function.0),
            CodeName::Builtin(builtin) => UserExternalName::new(Self::BUILTIN, builtin as u32),
            CodeName::Body(function) => UserExternalName::new(Self::BODY, function.0),
        }
    }

    /// From Cranelift's name.
    pub(crate) fn decode(name: &UserExternalName) -> Option<CodeName> {
        match name.namespace {
            Self::FUNCTION => Some(CodeName::Function(FunctionIndex(name.index))),
            Self::BODY => Some(CodeName::Body(FunctionIndex(name.index))),
            Self::BUILTIN => Builtin::ALL.get(name.index as usize).copied().map(CodeName::Builtin),
            _ => None,
        }
    }
}
