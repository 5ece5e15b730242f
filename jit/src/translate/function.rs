//! One function: its translator's state, its prologue, and the loop over its operators.
//!
//! Called by the pipeline for each body; the operators go through `operator` to the files of their families, which add
//! their methods to [`FunctionTranslator`].

use super::bounds::Accessed;
use super::call::with_vmctx;
use super::control::Frame;
use super::env::{CodeName, ModuleEnv};
use super::exception::Catches;
use super::fuel::{self, Fuel};
use super::gc;
use super::hint::Hints;
use super::interrupt;
use super::legacy::{self, Ending};
use super::signature::{self, POINTER, machine_type};
use super::stride;
use super::whole::Reached;
use crate::decode;
use crate::decode::module::Body;
use crate::error::CompileError;
use crate::opt::entry;
use crate::opt::inline::{Here, Sources};
use crate::opt::product;
use crate::opt::scan::is_unreachable_next;
use crate::opt::strip;
use cranelift_codegen::ir::{
    self, AliasRegionData, Endianness, ExtFuncData, ExternalName, FuncRef, InstBuilder, MemFlagsData, SigRef,
    UserFuncName, Value, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use std::borrow::Cow;
use std::collections::HashMap;
use tancho_abi::builtin::Builtin;
use tancho_abi::index::{FunctionIndex, GlobalIndex, MemoryIndex, TableIndex, TypeIndex};
use tancho_abi::module::NONE;
use tancho_abi::tunables::OptLevel;
use tancho_abi::types::{FuncType, HeapType, RefType, ValType};
use wasmparser::{
    CompositeInnerType, FuncValidator, FuncValidatorAllocations, FunctionBody, Operator, ValidatorResources,
    WasmModuleResources,
};

/// What a thread keeps from one function to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    builder: FunctionBuilderContext,
    validator: FuncValidatorAllocations,
}

/// The disjoint kinds of memory that generated code touches, for alias analysis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Region {
    /// Fields of the vmctx and the store that change: heads of memories and tables.
    Head,
    /// A linear memory that the module defines.
    Memory(MemoryIndex),
    /// Any imported linear memory, because two imports may be one memory, and the memories past [`MAX_REGIONS`].
    OtherMemories,
    /// The entries of a table that the module defines.
    Table(TableIndex),
    /// The entries of any imported table, and of the tables past [`MAX_REGIONS`].
    OtherTables,
    /// A global that the module defines.
    Global(GlobalIndex),
    /// Any imported global, and the globals past [`MAX_REGIONS`].
    OtherGlobals,
    /// What is left of the store's fuel.
    Fuel,
    /// The headers of objects.
    ObjectHeader,
    /// The lengths of arrays.
    ArrayLength,
    /// The cards of the heap.
    Cards,
    /// Fields at this distance from the start of their objects, of this class: those of different types that are not of one hierarchy
    /// count as one kind.
    Field(u32, u32),
    /// The fields past [`MAX_FIELD_OFFSET`].
    OtherFields,
    /// Elements of arrays, of this class.
    Elements(u32),
}

/// Fields further from the start of their objects are not told apart.
const MAX_FIELD_OFFSET: u32 = 1 << 10;

/// Cranelift counts a function's kinds of memory access in 16 bits; no function profits from telling more memories, tables or
/// globals apart than this many of each.
pub(crate) const MAX_REGIONS: u32 = 4096;

/// The most values that one function may come to have: Cranelift's register allocator takes no more registers than this, so such
/// a function would be refused in the end. Instructions with a thousand operands get there from little input.
pub(crate) const MAX_VALUES: usize = 1 << 21;

/// The state of translating one function.
pub(crate) struct FunctionTranslator<'f, 'm> {
    pub(crate) env: &'f ModuleEnv<'m>,
    pub(crate) builder: FunctionBuilder<'f>,
    /// The hidden first parameter.
    pub(crate) vmctx: Value,
    /// The function's own type.
    pub(crate) ty: &'f FuncType,
    /// The operand stack. Vectors on it have the lanes of the operators that made them.
    pub(crate) stack: Vec<Value>,
    /// How many locals and operands there have been at most at one place.
    highest: usize,
    /// The control stack; frames of unreachable blocks too.
    pub(crate) control: Vec<Frame>,
    /// Whether the present place can be reached. Where not, only control operators are looked at.
    pub(crate) reachable: bool,
    pub(crate) locals: Vec<Variable>,
    /// What is caught.
    pub(crate) catches: Catches,
    /// How the legacy `try`s to come end.
    pub(crate) endings: std::vec::IntoIter<Ending>,
    /// How many loops the present place is in.
    pub(crate) open_loops: usize,
    /// How many loops all branches are in, added up.
    pub(crate) loops: usize,
    /// How many values branches carry in all.
    pub(crate) branch_arguments: usize,
    /// What is known of the branches to come.
    pub(crate) hints: Hints,
    /// Whether the condition of the present operator is likely to hold, where that is known.
    pub(crate) hint: Option<bool>,
    /// Whether the present place is unlikely to be reached.
    pub(crate) cold: bool,
    /// Where 64-bit memories have been accessed, by the value that the index is a sum of.
    pub(crate) accessed: HashMap<Value, Accessed>,
    /// How far each place is known to be followed by bytes of a memory.
    pub(crate) reached: Reached,
    /// The least of each 64-bit index and the reservation, where that is computed.
    pub(crate) places: Vec<Value>,
    /// What is known of the topmost operand's type, where the present operator is a cast.
    pub(crate) operand: Option<RefType>,
    /// Whether code has come about that has to do with the collected heap.
    pub(crate) uses_heap: bool,
    /// Whether other functions are called.
    pub(crate) calls: bool,
    /// What is paid for, where anything is.
    pub(crate) fuel: Option<Fuel>,
    /// The shadow-stack pointer, where the function is given it.
    pub(crate) shadow: Option<Variable>,
    /// Whether the present call, if one is translated, may return as far as can be seen.
    pub(crate) returns: bool,
    /// Which function the present operator is of.
    pub(crate) here: Here,
    /// What is inlined, and what code comes of it.
    pub(crate) sources: Sources,
    /// What validating an inlined function has left for the next.
    pub(crate) allocations: Vec<FuncValidatorAllocations>,
    regions: HashMap<Region, ir::AliasRegion>,
    /// By type, and whether the shadow-stack pointer is passed on.
    signatures: HashMap<(TypeIndex, bool), SigRef>,
    callees: HashMap<CodeName, FuncRef>,
}

/// What is known of a function that has been translated.
pub(crate) struct Translated {
    /// How many locals and operands there are at most at one place.
    pub(crate) live: usize,
    /// How many loops its branches are in, added up.
    pub(crate) loops: usize,
    /// What it catches, by the numbers of Cranelift's exception tags.
    pub(crate) caught: Vec<Caught>,
    /// Whether it has to do with the collected heap.
    pub(crate) uses_heap: bool,
    /// What is inlined in it, and where its code comes from.
    pub(crate) sources: Sources,
}

/// Translates `body` into `function`, which is empty, and validates it on the way.
pub(crate) fn translate(
    env: &ModuleEnv<'_>,
    body: Body<'_>,
    scratch: &mut Scratch,
    function: &mut ir::Function,
    frontend: cranelift_codegen::isa::TargetFrontendConfig,
) -> Result<Translated, CompileError> {
    let Body { validator, body, hints } = body;
    let index = FunctionIndex(validator.index);
    function.signature = env.internal_signature(index);
    function.name = UserFuncName::User(CodeName::Function(index).encode());
    let mut validator = validator.into_validator(std::mem::take(&mut scratch.validator));

    let builder = FunctionBuilder::new(function, &mut scratch.builder);
    let mut translator = FunctionTranslator::new(env, index, Hints::new(hints), builder);
    let start = body.range().start;
    if !env.tunables.signals_based_traps {
        translator.set_place(start);
        translator.check_stack();
    }
    translator.body(&mut validator, &body)?;
    let (live, loops) = (translator.highest, translator.loops);
    let sources = std::mem::take(&mut translator.sources);
    let caught = translator.catches.clauses.iter();
    let caught = caught
        .map(|clause| Caught { tag: clause.tag.map_or(NONE, |tag| tag.0), takes_reference: clause.takes_reference });
    let caught = caught.collect();
    let uses_heap = translator.uses_heap;
    let places = std::mem::take(&mut translator.places);
    let calls = translator.calls;
    let belt = translator.callees.get(&CodeName::Builtin(Builtin::belt_access)).copied();
    let asks = translator.take_asks();
    translator.builder.finalize(frontend);
    if let Some(asks) = asks {
        fuel::ask(function, &asks);
    }
    let tunables = &env.tunables;
    let limits = stride::Limits {
        reservation: tunables.memory64_reservation,
        guard: tunables.memory_guard,
        guard_before: tunables.memory_guard_before,
        mitigation: tunables.memory_spectre_mitigation,
    };
    stride::rewrite(function, &places, belt, limits);
    let sparse = tunables.opt_level != OptLevel::None && !tunables.consume_fuel;
    let unasked = sparse && tunables.loop_strips && strip::mine(function);
    if sparse && tunables.sites_at_calls && calls && !unasked {
        entry::sink(function);
    }
    debug_assert!(
        !calls || !tunables.interruption || !tunables.signals_based_traps || entry::asks_before_calls(function),
        "a call that no site comes before"
    );
    interrupt::number(function, calls || unasked)?;
    scratch.validator = validator.into_allocations();
    Ok(Translated { live, loops, caught, uses_heap, sources })
}

/// What a handler catches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Caught {
    /// Which tag, or [`NONE`] for all.
    pub(crate) tag: u32,
    /// Whether it takes a reference to the exception.
    pub(crate) takes_reference: bool,
}

/// The type of the topmost operand, before `operator`, where that is a cast and validation knows it.
fn operand(
    env: &ModuleEnv<'_>,
    validator: &FuncValidator<ValidatorResources>,
    operator: &Operator<'_>,
) -> Result<Option<RefType>, CompileError> {
    let is_cast = matches!(
        operator,
        Operator::RefTestNonNull { .. }
            | Operator::RefTestNullable { .. }
            | Operator::RefCastNonNull { .. }
            | Operator::RefCastNullable { .. }
    );
    let Some(wasmparser::ValType::Ref(ty)) = validator.get_operand_type(0).flatten() else { return Ok(None) };
    if !is_cast {
        return Ok(None);
    }
    // Validation has numbers of its own for types: it says which kind a type is of.
    let heap = match ty.heap_type() {
        wasmparser::HeapType::Concrete(wasmparser::UnpackedIndex::Id(id)) => {
            match validator.resources().sub_type_at_id(id).composite_type.inner {
                CompositeInnerType::Struct(_) => HeapType::Struct,
                CompositeInnerType::Array(_) => HeapType::Array,
                _ => HeapType::Func,
            }
        }
        other => decode::types::heap_type(env.module.types, other)?,
    };
    Ok(Some(RefType { nullable: ty.is_nullable(), heap }))
}

impl<'f, 'm> FunctionTranslator<'f, 'm> {
    fn new(env: &'f ModuleEnv<'m>, index: FunctionIndex, hints: Hints, mut builder: FunctionBuilder<'f>) -> Self {
        let ty = env.function_type(index);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let params = builder.block_params(entry).to_vec();
        gc::distinguish_slots(&mut builder);
        let exit = builder.create_block();
        for result in &ty.results {
            builder.append_block_param(exit, machine_type(*result));
        }
        let mut translator = FunctionTranslator {
            env,
            builder,
            vmctx: params[0],
            ty,
            stack: Vec::new(),
            highest: 0,
            control: vec![Frame::function(exit, ty)],
            reachable: true,
            locals: Vec::with_capacity(ty.params.len()),
            catches: Catches::default(),
            endings: Vec::new().into_iter(),
            open_loops: 0,
            loops: 0,
            branch_arguments: 0,
            hints,
            hint: None,
            cold: false,
            accessed: HashMap::new(),
            reached: Reached::default(),
            places: Vec::new(),
            operand: None,
            uses_heap: false,
            calls: false,
            fuel: None,
            shadow: None,
            returns: true,
            here: Here::new(index),
            sources: Sources::default(),
            allocations: Vec::new(),
            regions: HashMap::new(),
            signatures: HashMap::new(),
            callees: HashMap::new(),
        };
        let results = translator.builder.block_params(exit).to_vec();
        translator.declare_all(&results, &ty.results);
        for (param, value) in ty.params.iter().zip(&params[1..]) {
            let variable = translator.declare_local(*param);
            translator.builder.def_var(variable, *value);
        }
        translator.take_shadow(index, params[params.len() - 1]);
        translator
    }

    /// Translates the body of the present function, whose parameters are declared, and validates it on the way.
    pub(crate) fn body(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), CompileError> {
        let start = body.range().start;
        let mut reader = body.get_locals_reader()?;
        let offset = reader.original_position();
        // All are read before any counts: too many for their number to be written is malformed, and no matter of limits.
        let locals = (0..reader.get_count()).map(|_| reader.read()).collect::<Result<Vec<_>, _>>()?;
        for (count, ty) in locals {
            validator.define_locals(offset, count, ty)?;
            self.declare_locals(count, decode::types::val_type(self.env.module.types, ty)?);
        }
        // What runs without end comes to a loop, or to the entry of a function that is called, and not to those of inlined ones alone.
        let is_inlined = self.here.base > 0;
        if !is_inlined {
            self.interrupt_site();
        }
        self.zeal();
        if !is_inlined {
            self.fuel_at_entry(body);
        }
        let mut product = self.env.tunables.native_products.then(|| product::recognise(self.ty, body)).flatten();
        let mut operators = body.get_operators_reader()?;
        let mut scanned = false;
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.read()?;
            self.operand = operand(self.env, validator, &operator)?;
            self.returns = !is_unreachable_next(operators.get_binary_reader());
            validator.op(offset, &operator)?;
            if matches!(operator, Operator::Try { .. }) && !scanned {
                scanned = true;
                self.endings = legacy::scan(body).into_iter();
            }
            self.set_place(offset);
            if let Some(product) = &mut product
                && !self.of_product(product, &operator)
            {
                continue;
            }
            self.hinted_operator(&operator, offset - start)
                .and_then(|()| self.check_size())
                .map_err(|error| error.at(offset))?;
        }
        operators.finish()?;
        Ok(())
    }

    /// A new local of type `ty`.
    pub(crate) fn declare_local(&mut self, ty: ValType) -> Variable {
        let variable = self.builder.declare_var(machine_type(ty));
        if ty.is_object() {
            self.builder.declare_var_needs_stack_map(variable);
        }
        self.locals.push(variable);
        variable
    }

    fn declare_locals(&mut self, count: u32, ty: ValType) {
        // Validation has bounded the count (50,000 locals).
        let zero = self.zero(ty);
        for _ in 0..count {
            let variable = self.declare_local(ty);
            self.builder.def_var(variable, zero);
        }
    }

    /// Refuses a function before it takes more memory than its size explains.
    pub(super) fn check_size(&mut self) -> Result<(), CompileError> {
        // The locals of the functions around an inlined one count as its operands do.
        self.highest = self.highest.max(self.stack.len() + self.locals.len() + self.here.outer_locals);
        if self.builder.func.dfg.num_values() + self.branch_arguments > MAX_VALUES {
            return Err(CompileError::limit(format!("the function comes to more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    /// The zero or null of a type.
    pub(crate) fn zero(&mut self, ty: ValType) -> Value {
        match ty {
            ValType::F32 => self.builder.ins().f32const(0.0),
            ValType::F64 => self.builder.ins().f64const(0.0),
            ValType::V128 => {
                let zero = self.builder.func.dfg.constants.insert(vec![0; 16].into());
                self.builder.ins().vconst(types::I8X16, zero)
            }
            ValType::I32 | ValType::I64 | ValType::Ref(_) => self.builder.ins().iconst(machine_type(ty), 0),
        }
    }

    /// Pops an operand. Validation ensures that there is one.
    pub(crate) fn pop(&mut self) -> Value {
        self.stack.pop().expect("validation ensures that the operand is there")
    }

    /// Pops two operands: the lower first.
    pub(crate) fn pop2(&mut self) -> (Value, Value) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// Pops three operands: the lowest first.
    pub(crate) fn pop3(&mut self) -> (Value, Value, Value) {
        let third = self.pop();
        let (first, second) = self.pop2();
        (first, second, third)
    }

    /// Pops `count` operands: the lowest first.
    pub(crate) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let height = self.stack.len() - count;
        self.stack.split_off(height)
    }

    /// A vector with the lanes of `ty`: the same 16 bytes, lane 0 first.
    pub(crate) fn cast(&mut self, vector: Value, ty: ir::Type) -> Value {
        if self.builder.func.dfg.value_type(vector) == ty {
            return vector;
        }
        self.builder.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), vector)
    }

    /// A value as those see it who know its WebAssembly type only: a vector as [`machine_type`] says, others as they are.
    pub(crate) fn plain(&mut self, value: Value) -> Value {
        if self.builder.func.dfg.value_type(value).is_vector() { self.cast(value, types::I8X16) } else { value }
    }

    /// Pops an operand that is to be [`plain`](Self::plain).
    pub(crate) fn pop_plain(&mut self) -> Value {
        let value = self.pop();
        self.plain(value)
    }

    /// Pops `count` operands that are to be [`plain`](Self::plain): the lowest first.
    pub(crate) fn pop_many_plain(&mut self, count: usize) -> Vec<Value> {
        let mut values = self.pop_many(count);
        for value in &mut values {
            *value = self.plain(*value);
        }
        values
    }

    /// Pops a vector, with the lanes of `ty`.
    pub(crate) fn pop_as(&mut self, ty: ir::Type) -> Value {
        let vector = self.pop();
        self.cast(vector, ty)
    }

    /// Pops two vectors, with the lanes of `ty`: the lower first.
    pub(crate) fn pop2_as(&mut self, ty: ir::Type) -> (Value, Value) {
        let second = self.pop_as(ty);
        (self.pop_as(ty), second)
    }

    pub(crate) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    /// Flags of accesses that cannot trap and that touch `region` alone.
    pub(crate) fn flags(&mut self, region: Region) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.alias_region(region)))
    }

    /// Flags of loads of what never changes while the instance lives: they may move anywhere the vmctx is known.
    pub(crate) fn constant_flags(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_readonly().with_can_move()
    }

    pub(crate) fn alias_region(&mut self, region: Region) -> ir::AliasRegion {
        let region = match region {
            Region::Memory(memory) if self.env.is_imported_memory(memory) || memory.0 >= MAX_REGIONS => {
                Region::OtherMemories
            }
            Region::Table(table) if self.env.is_imported_table(table) || table.0 >= MAX_REGIONS => Region::OtherTables,
            Region::Global(global) if self.env.is_imported_global(global) || global.0 >= MAX_REGIONS => {
                Region::OtherGlobals
            }
            Region::Field(offset, _) if offset > MAX_FIELD_OFFSET => Region::OtherFields,
            other => other,
        };
        let regions = &mut self.builder.func.dfg.alias_regions;
        *self.regions.entry(region).or_insert_with(|| {
            let (kind, index) = match region {
                Region::Head => (0, 0),
                Region::OtherMemories => (1, 0),
                Region::OtherTables => (2, 0),
                Region::OtherGlobals => (3, 0),
                Region::Memory(memory) => (4, memory.0),
                Region::Table(table) => (5, table.0),
                Region::Global(global) => (6, global.0),
                Region::ObjectHeader => (7, 0),
                Region::ArrayLength => (8, 0),
                Region::Cards => (9, 0),
                Region::OtherFields => (10, 0),
                Region::Field(offset, class) => (11, offset << 4 | class),
                Region::Elements(class) => (12, class),
                Region::Fuel => (13, 0),
            };
            // Unique in the module, which inlining relies on.
            let user_id = kind << 28 | index & 0x0fff_ffff;
            regions.insert(AliasRegionData { user_id, description: Cow::Owned(format!("{region:?}")) })
        })
    }

    /// Loads a field of the vmctx that never changes.
    pub(crate) fn load_constant(&mut self, ty: ir::Type, offset: u32) -> Value {
        let flags = self.constant_flags();
        self.builder.ins().load(ty, flags, self.vmctx, offset as i32)
    }

    /// The signature of functions of a type of the module: their external entries, or internal ones that take the shadow-stack pointer.
    pub(crate) fn signature(&mut self, ty: TypeIndex, takes_shadow: bool) -> SigRef {
        let env = self.env;
        let builder = &mut self.builder;
        let shadow = env.facts.shadow.as_ref().filter(|_| takes_shadow).map(|shadow| machine_type(shadow.ty));
        let make = || builder.import_signature(signature::internal(&env.types[ty.index()], shadow));
        *self.signatures.entry((ty, takes_shadow)).or_insert_with(make)
    }

    /// A reference to code of the same image.
    pub(crate) fn callee(&mut self, name: CodeName) -> FuncRef {
        if let Some(callee) = self.callees.get(&name) {
            return *callee;
        }
        let signature = match name {
            CodeName::Function(function) | CodeName::Body(function) => {
                let takes = self.env.taken_shadow(function).is_some();
                self.signature(self.env.module.functions[function.index()].ty, takes)
            }
            CodeName::Builtin(builtin) => {
                let signature = signature::builtin_trampoline(self.env.architecture, builtin);
                self.builder.import_signature(signature)
            }
        };
        let external = self.builder.func.declare_imported_user_function(name.encode());
        let callee = self.builder.import_function(ExtFuncData {
            name: ExternalName::user(external),
            signature,
            colocated: true,
            patchable: false,
        });
        self.callees.insert(name, callee);
        callee
    }

    /// Calls a builtin through its trampoline; its result, if it has one.
    pub(crate) fn call_builtin(&mut self, builtin: Builtin, arguments: &[Value]) -> Option<Value> {
        let callee = self.callee(CodeName::Builtin(builtin));
        let arguments = with_vmctx(self.vmctx, arguments);
        let call = self.builder.ins().call(callee, &arguments);
        self.builder.inst_results(call).first().copied()
    }

    /// An index or a length as a 64-bit number. Validation has seen to it that it is an `i32` or an `i64` where one is due.
    pub(crate) fn extend_index(&mut self, index: Value) -> Value {
        if self.builder.func.dfg.value_type(index) == POINTER {
            return index;
        }
        self.builder.ins().uextend(POINTER, index)
    }

    /// A size, or -1, of 64 bits as what is indexed by `i64` (`index64`) or `i32` gives it.
    pub(crate) fn push_size(&mut self, size: Value, index64: bool) {
        let size = if index64 { size } else { self.builder.ins().ireduce(types::I32, size) };
        self.push(size);
    }

    /// A constant `i32`.
    pub(crate) fn iconst32(&mut self, value: u32) -> Value {
        self.builder.ins().iconst(types::I32, i64::from(value))
    }
}
