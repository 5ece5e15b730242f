//! The pipeline, from WebAssembly bytes to an image. Read this file first.
//!
//! ```text
//! bytes ─ decode ─→ Module + bodies ─ translate ─→ CLIF ─ Cranelift ─→ code ─ emit ─→ image
//!                                     (each function on its own, in parallel)
//! ```
//!
//! Called by the engine. The image depends on the bytes, the tunables and the target alone: functions are compiled in
//! whatever order and on whatever thread, and put in place by index.

use crate::decode::module::{Body, Decoded, decode};
use crate::decode::vector;
use crate::emit::code::{Code, Known};
use crate::emit::exit;
use crate::emit::image::{Role, emit};
use crate::error::CompileError;
use crate::opt::budget;
use crate::opt::facts::Facts;
use crate::opt::indirect::number_plain;
use crate::opt::inline::Sources;
use crate::opt::plan::Plan;
use crate::opt::{frame, recount, wide_counter, wide_load};
use crate::options::Options;
use crate::target::{self, Effort, NoVectors};
use crate::translate::env::{CodeName, ModuleEnv, number_escaped};
use crate::translate::function::{MAX_VALUES, Scratch, Translated, translate};
use crate::translate::interrupt;
use crate::translate::signature;
use crate::translate::trampoline::TrampolineMaker;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::{CodegenError, CompiledCode, Context};
use cranelift_frontend::FunctionBuilderContext;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use tancho_abi::builtin::Builtin;
use tancho_abi::image::BUILD_ID;
use tancho_abi::index::{FunctionIndex, TypeIndex};
use tancho_abi::module::{ExternKind, Module, NONE, Range, Summary, TypeRecord};
use tancho_abi::target::Architecture;
use tancho_abi::tunables::{OptLevel, Tunables};
use tancho_abi::types::FuncType;
use tancho_abi::vmctx::{TRAMPOLINE_FRAME, UNASKED_FRAME};

/// A compiler for one target with one set of options. Cheap to share between threads.
pub struct Compiler {
    isa: OwnedTargetIsa,
    /// For functions past [`MAX_BLOCKS`], made when there is one.
    unplaced_isa: OnceLock<OwnedTargetIsa>,
    /// For functions past [`MAX_LIVE`], likewise.
    linear_isa: OnceLock<OwnedTargetIsa>,
    /// For functions past the [`budget`], likewise.
    least_isa: OnceLock<OwnedTargetIsa>,
    options: Options,
    /// Why modules that use vectors are refused, where the target has none.
    no_vectors: Option<NoVectors>,
    pool: Option<rayon::ThreadPool>,
}

/// One function as the compiler sees it, for golden tests and for people who read code.
#[derive(Clone, Debug)]
pub struct FunctionCode {
    /// What the function is called in messages.
    pub name: String,
    /// Cranelift's intermediate representation as translated, before any optimisation.
    pub clif: String,
    /// The machine code.
    pub code: Vec<u8>,
}

/// A function of more instructions than this leaves the register allocator sets so large that all later functions take longer to empty them
/// than to have new ones made: it empties one for each group of values and each register that it tries.
const CROWDED: usize = 1 << 12;

/// More locals and operands at one place of a function than this, and its registers are allocated in one pass: the allocator that
/// makes better code takes time by the square of the values that are live at once, and minutes for 50,000.
pub(crate) const MAX_LIVE: usize = 1 << 13;

/// More blocks and targets of tables in a function than this, and where its loops are is not asked: Cranelift takes time by the square of those that it
/// finds to be empty.
pub(crate) const MAX_BLOCKS: usize = 1 << 14;

/// Does `work`; a panic in it, which only a bug in the compiler can bring about, is an error and not the end of the host.
/// Nothing of the work is used again after one.
fn caught<R>(work: impl FnOnce() -> Result<R, CompileError>) -> Result<R, CompileError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(CompileError::internal(text.unwrap_or_else(|| "a panic without a message".to_owned())))
    })
}

/// Compiled code, each piece with what it is in the image.
type Pieces = Vec<(Role, Code)>;

/// What a thread keeps from one function to the next.
struct Worker {
    scratch: Scratch,
    context: Context,
    registers: regalloc2::Ctx,
}

/// What is known of a function whose code is to be generated.
struct Made<'a> {
    /// What others call it by, if they do.
    name: Option<CodeName>,
    /// What the translator knows of it.
    known: Known<'a>,
    /// As in [`interrupt::settle`].
    bases: &'a [u32],
    /// Whether its last parameter is the shadow-stack pointer.
    shadow: bool,
    /// Whether what its loops are left with is recounted.
    recounts: bool,
    /// Whether what its loops count to be addresses is made wide.
    wide_counters: bool,
    /// Whether indices are loaded wide.
    wide_loads: bool,
}

impl Default for Worker {
    fn default() -> Self {
        Worker { scratch: Scratch::default(), context: Context::new(), registers: regalloc2::Ctx::default() }
    }
}

/// Machine code for the function of `worker`. What `Context::compile` of Cranelift does, with a step of our own where all has been
/// optimised and no register is allocated yet.
fn machine_code(worker: &mut Worker, isa: &dyn TargetIsa, made: &Made<'_>) -> Result<CompiledCode, CodegenError> {
    let Worker { context, registers, .. } = worker;
    let mut control = ControlPlane::default();
    context.verify_if(isa)?;
    context.optimize(isa, &mut control)?;
    if made.wide_loads {
        wide_load::rewrite(&mut context.func);
    }
    if made.shadow {
        frame::settle(&mut context.func);
    }
    // The optimiser has asked for loops, and makes none.
    if (made.recounts || made.wide_counters) && context.loop_analysis.loops().len() > 0 {
        let Context { func, cfg, domtree, loop_analysis, .. } = &mut *context;
        // But it has left out branches since.
        loop_analysis.compute(func, cfg, domtree);
        if made.recounts {
            recount::settle(context);
        }
        if made.wide_counters {
            wide_counter::settle(context);
        }
    }
    interrupt::settle(context, made.bases);
    context.verify_if(isa)?;
    let stencil = isa.compile_function(&context.func, &context.domtree, registers, false, &mut control)?;
    if context.func.dfg.num_insts() > CROWDED {
        *registers = regalloc2::Ctx::default();
    }
    Ok(stencil.apply_params(&context.func.params))
}

impl Compiler {
    /// Makes a compiler.
    ///
    /// # Errors
    ///
    /// When the target is not one that Tancho, or this build of it, can compile for, or the machine lacks what it needs.
    pub fn new(options: Options) -> Result<Compiler, CompileError> {
        let isa = target::isa(&options, Effort::Full)?;
        let pool = match options.threads {
            None | Some(1) => None,
            Some(threads) => Some(
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .map_err(|error| CompileError::target(format!("cannot start {threads} threads: {error}")))?,
            ),
        };
        let no_vectors = NoVectors::of(&*isa, &options);
        let [unplaced_isa, linear_isa, least_isa] = [(); 3].map(|()| OnceLock::new());
        Ok(Compiler { isa, unplaced_isa, linear_isa, least_isa, options, no_vectors, pool })
    }

    /// The back end for a function with so many values that are live at once, and so many blocks; `is_beyond` says that it is past the budget.
    fn isa_of(&self, live: usize, blocks: usize, is_beyond: bool) -> Result<&OwnedTargetIsa, CompileError> {
        let (made, effort) = match live {
            _ if is_beyond => (&self.least_isa, Effort::Least),
            live if live > MAX_LIVE => (&self.linear_isa, Effort::Linear),
            _ if blocks > MAX_BLOCKS => (&self.unplaced_isa, Effort::Unplaced),
            _ => return Ok(&self.isa),
        };
        if let Some(isa) = made.get() {
            return Ok(isa);
        }
        let isa = target::isa(&self.options, effort)?;
        Ok(made.get_or_init(|| isa))
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The triple that it compiles for.
    pub fn target(&self) -> String {
        self.isa.triple().to_string()
    }

    /// The names of the CPU features that code may use, sorted.
    pub fn cpu_features(&self) -> Vec<&'static str> {
        target::cpu_features(&*self.isa)
    }

    /// The engine's build id, which images carry.
    pub fn build_id() -> &'static str {
        BUILD_ID
    }

    /// Compiles a module to an image, which is not signed.
    ///
    /// # Errors
    ///
    /// When the bytes are no valid module of the enabled features, or exceed a limit.
    pub fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        caught(|| self.compile_module(wasm))
    }

    fn compile_module(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        let Decoded { mut module, bodies } = self.decode(wasm)?;
        number_escaped(&mut module);
        number_plain(&mut module);
        let facts = self.facts(&module, &bodies)?;
        let plan = self.plan(&module, &bodies);
        let env = self.environment(&module, facts, plan)?;
        let mut pieces = self.functions(&env, bodies)?;
        pieces.extend(self.module_trampolines(&env, &pieces)?);
        drop(env);
        emit(module, pieces, &*self.isa, &self.options.tunables)
    }

    /// Compiles an image without functions that has all trampolines of `types`: type `i` of the image is `types[i]`.
    ///
    /// # Errors
    ///
    /// When the types exceed a limit.
    pub fn trampolines(&self, types: &[FuncType]) -> Result<Vec<u8>, CompileError> {
        caught(|| self.compile_trampolines(types))
    }

    fn compile_trampolines(&self, types: &[FuncType]) -> Result<Vec<u8>, CompileError> {
        let mut module = Module { summary: vec![Summary::default()], ..Module::default() };
        for ty in types {
            if let (Some(refusal), false) = (&self.no_vectors, signature::is_typed(ty)) {
                return Err(refusal.error(vector::FUNCTION_TYPE));
            }
            let mut pool = |types: &[tancho_abi::types::ValType]| {
                let start = module.value_types.len() as u32;
                module.value_types.extend(types.iter().map(|ty| tancho_abi::types::ValTypeCode::from(*ty)));
                Range { start, length: types.len() as u32 }
            };
            let (params, results) = (pool(&ty.params), pool(&ty.results));
            let index = TypeIndex::new(module.types.len()).ok_or_else(|| CompileError::limit("too many types"))?;
            module.types.push(TypeRecord::function(index, params, results));
        }
        let mut pieces = Vec::new();
        for (index, ty) in types.iter().enumerate() {
            self.type_trampolines(index, ty, true, true, &mut pieces)?;
        }
        emit(module, pieces, &*self.isa, &self.options.tunables)
    }

    /// Checks that a module is valid, function bodies included, without compiling it.
    ///
    /// # Errors
    ///
    /// When it is not valid with the enabled features.
    pub fn validate(&self, wasm: &[u8]) -> Result<(), CompileError> {
        // Vectors are valid whatever the target.
        let Decoded { mut module, bodies } = decode(wasm, 0, self.options.features, false, None)?;
        number_escaped(&mut module);
        let env = self.environment(&module, Facts::default(), Plan::default())?;
        self.in_pool(|| {
            bodies.into_par_iter().try_for_each_init(Default::default, |allocations, body| {
                let index = FunctionIndex(body.validator.index);
                let mut validator = body.validator.into_validator(std::mem::take(allocations));
                let result = validator.validate(&body.body);
                *allocations = validator.into_allocations();
                result.map_err(|error| CompileError::from(error).in_function(|| env.function_name(index)))
            })
        })
    }

    /// Compiles the functions of a module and returns what became of each, in order.
    ///
    /// # Errors
    ///
    /// As [`Compiler::compile`].
    pub fn inspect(&self, wasm: &[u8]) -> Result<Vec<FunctionCode>, CompileError> {
        let Decoded { mut module, bodies } = self.decode(wasm)?;
        number_escaped(&mut module);
        number_plain(&mut module);
        let facts = self.facts(&module, &bodies)?;
        let plan = self.plan(&module, &bodies);
        let env = self.environment(&module, facts, plan)?;
        let mut worker = Worker::default();
        bodies
            .into_iter()
            .enumerate()
            .map(|(position, body)| {
                let name = env.function_name(FunctionIndex(body.validator.index));
                let mut clif = String::new();
                if env.plan.is_gone(position) {
                    return Ok(FunctionCode { name, clif, code: Vec::new() });
                }
                let code = self.function(&env, body, &mut worker, Some(&mut clif))?;
                Ok(FunctionCode { name, clif, code: code.bytes.into() })
            })
            .collect()
    }

    fn decode<'a>(&self, wasm: &'a [u8]) -> Result<Decoded<'a>, CompileError> {
        decode(wasm, 0, self.options.features, self.options.keep_dwarf, self.no_vectors.as_ref())
    }

    /// Which calls are inlined.
    fn plan<'a>(&self, module: &Module, bodies: &[Body<'a>]) -> Plan<'a> {
        let tunables = &self.options.tunables;
        if !tunables.inlining || tunables.opt_level == OptLevel::None {
            return Plan::default();
        }
        let parallel = self.options.threads != Some(1);
        let Tunables { native_products, recursive_inlining, .. } = *tunables;
        self.in_pool(|| Plan::new(&module.view(), bodies, native_products, recursive_inlining, parallel))
    }

    /// What is known of the module as a whole.
    fn facts(&self, module: &Module, bodies: &[Body<'_>]) -> Result<Facts, CompileError> {
        let architecture = target::architecture(&*self.isa)?;
        let serial = self.options.threads == Some(1);
        Ok(self.in_pool(|| Facts::new(module, bodies, &self.options.tunables, architecture, serial)))
    }

    fn environment<'m>(
        &'m self,
        module: &'m Module,
        facts: Facts,
        plan: Plan<'m>,
    ) -> Result<ModuleEnv<'m>, CompileError> {
        ModuleEnv::new(module.view(), facts, &self.options.tunables, &*self.isa, plan)
    }

    fn in_pool<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Compiles all functions, the longest first so that none is left for the end, and returns them in order.
    fn functions(&self, env: &ModuleEnv<'_>, bodies: Vec<Body<'_>>) -> Result<Pieces, CompileError> {
        let mut order: Vec<(usize, Body<'_>)> = bodies.into_iter().enumerate().collect();
        let imported = env.module.facts().counts.imported_functions as usize;
        let compile = |worker: &mut Worker, (position, body): (usize, Body<'_>)| {
            (
                position,
                match env.plan.is_gone(position) {
                    // It was validated when the plan was made.
                    true => Ok(vec![(Role::Function(imported + position), Code::gone())]),
                    false => {
                        let code = self.function(env, body, worker, None);
                        code.and_then(|code| self.entered(env, imported + position, code))
                    }
                },
            )
        };
        let mut results: Vec<(usize, Result<Pieces, CompileError>)> = if self.options.threads == Some(1) {
            let mut worker = Worker::default();
            order.into_iter().map(|body| compile(&mut worker, body)).collect()
        } else {
            order.sort_by_key(|(_, body)| {
                let range = body.body.range();
                std::cmp::Reverse(range.end - range.start)
            });
            self.in_pool(|| order.into_par_iter().with_max_len(1).map_init(Worker::default, compile).collect())
        };
        results.sort_by_key(|(position, _)| *position);
        // The first function in the module's order that failed is the one reported, whichever failed first.
        let mut pieces = Vec::with_capacity(results.len());
        for (_, made) in results {
            pieces.extend(made?);
        }
        Ok(pieces)
    }

    /// The pieces of function `index`: its code, behind an entry of its own where the frame is large and must be asked about, and behind
    /// another where those who have a reference to it cannot give it all that it takes.
    fn entered(&self, env: &ModuleEnv<'_>, index: usize, code: Code) -> Result<Pieces, CompileError> {
        let function = FunctionIndex(index as u32);
        let mut pieces = Vec::with_capacity(1);
        if let Some(shadow) = env.taken_shadow(function)
            && env.module.escaped(function).is_some()
        {
            let mut scratch = FunctionBuilderContext::new();
            let entry = self.maker(&mut scratch)?.external_entry(function, env.function_type(function), shadow);
            pieces.push((Role::External(index), self.trampoline(entry, None)?));
        }
        pieces.extend(self.checked(env, index, code)?);
        Ok(pieces)
    }

    /// The pieces of function `index` but for the last mentioned.
    fn checked(&self, env: &ModuleEnv<'_>, index: usize, mut code: Code) -> Result<Pieces, CompileError> {
        // A larger frame is not made before it is known that it fits, where no guard below the stack may be touched.
        if self.options.tunables.signals_based_traps || code.frame <= UNASKED_FRAME {
            return Ok(vec![(Role::Function(index), code)]);
        }
        let function = FunctionIndex(index as u32);
        let mut scratch = FunctionBuilderContext::new();
        let signature = env.internal_signature(function);
        let entry = self.maker(&mut scratch)?.checked_entry(function, &signature, code.frame);
        code.name = Some(CodeName::Body(function));
        let entry = self.trampoline(entry, Some(CodeName::Function(function)))?;
        Ok(vec![(Role::Function(index), entry), (Role::Body(index), code)])
    }

    fn function(
        &self,
        env: &ModuleEnv<'_>,
        body: Body<'_>,
        worker: &mut Worker,
        clif: Option<&mut String>,
    ) -> Result<Code, CompileError> {
        let index = FunctionIndex(body.validator.index);
        let offset = body.body.range().start;
        let Worker { scratch, context, .. } = worker;
        context.clear();
        let translated = translate(env, body, scratch, &mut context.func, self.isa.frontend_config());
        if translated.is_err() {
            // The builder was left in the middle of a function.
            *scratch = Scratch::default();
        }
        translated
            .and_then(|Translated { live, loops, caught, uses_heap, sources }| {
                let dfg = &worker.context.func.dfg;
                if let Some(clif) = clif {
                    *clif = worker.context.func.display().to_string();
                }
                // Every way out of a table can become a block.
                let tables = dfg.jump_tables.values().map(|table| table.all_branches().len());
                let blocks = dfg.num_blocks() + tables.sum::<usize>();
                let is_beyond = budget::is_exceeded(&mut worker.context, loops);
                let isa = self.isa_of(live, blocks, is_beyond)?;
                let tunables = &self.options.tunables;
                let optimises = tunables.opt_level != OptLevel::None && !is_beyond;
                let is_x86_64 = target::architecture(&**isa)? == Architecture::X86_64;
                let made = Made {
                    name: Some(CodeName::Function(index)),
                    known: Known { caught: &caught, sources: &sources },
                    bases: &env.interruptible_bases(),
                    shadow: env.taken_shadow(index).is_some(),
                    recounts: tunables.recounting && optimises,
                    wide_counters: tunables.wide_counters && optimises && is_x86_64,
                    wide_loads: tunables.wide_loads && optimises,
                };
                let mut code = self.generate(worker, made, isa)?;
                code.uses_heap = uses_heap;
                Ok(code)
            })
            .map_err(|error| error.at(offset).in_function(|| env.function_name(index)))
    }

    /// Optimises and generates code for the function of `worker`.
    fn generate(&self, worker: &mut Worker, made: Made<'_>, isa: &OwnedTargetIsa) -> Result<Code, CompileError> {
        let Made { name, known, .. } = made;
        let compiled = machine_code(worker, &**isa, &made).map_err(|error| match error {
            CodegenError::CodeTooLarge => CompileError::limit(format!(
                "the function takes more than {MAX_VALUES} registers before they are allocated"
            )),
            CodegenError::ImplLimitExceeded => {
                CompileError::limit("the function's frame exceeds 1 GiB, or its arguments 128 MiB")
            }
            // What is not supported, it says by its own name for it.
            CodegenError::Unsupported(what) => {
                CompileError::unsupported(format!("the back end for {} has nothing for {what}", isa.triple()))
            }
            other => CompileError::internal(other.to_string()),
        })?;
        // In the order of the numbers that relocations refer to them by.
        let names: Vec<Option<CodeName>> =
            worker.context.func.params.user_named_funcs().values().map(CodeName::decode).collect();
        Code::new(&compiled, name, &names, known, &**isa, self.options.tunables.address_map)
    }

    /// The trampolines that a module needs: entries for the types of functions that the host may call, exits for
    /// the types of imports, and those to the builtins that its functions call.
    fn module_trampolines(&self, env: &ModuleEnv<'_>, functions: &[(Role, Code)]) -> Result<Pieces, CompileError> {
        let mut entries = vec![false; env.types.len()];
        let mut exits = vec![false; env.types.len()];
        for function in env.module.functions {
            entries[function.ty.index()] |= function.escaped != NONE;
        }
        for import in env.module.imports {
            if import.kind == ExternKind::Function as u32 {
                exits[env.module.functions[import.index as usize].ty.index()] = true;
            }
        }
        let mut pieces = Vec::new();
        for (index, ty) in env.types.iter().enumerate() {
            self.type_trampolines(index, ty, entries[index], exits[index], &mut pieces)?;
        }
        let mut scratch = FunctionBuilderContext::new();
        for builtin in Builtin::ALL {
            let name = CodeName::Builtin(*builtin);
            if functions.iter().any(|(_, code)| code.calls.iter().any(|call| call.callee == name)) {
                let function = self.maker(&mut scratch)?.builtin(*builtin);
                pieces.push((Role::Builtin, self.trampoline(function, Some(name))?));
            }
        }
        Ok(pieces)
    }

    fn type_trampolines(
        &self,
        index: usize,
        ty: &FuncType,
        entries: bool,
        exits: bool,
        pieces: &mut Vec<(Role, Code)>,
    ) -> Result<(), CompileError> {
        let mut scratch = FunctionBuilderContext::new();
        let mut maker = self.maker(&mut scratch)?;
        let typed = signature::is_typed(ty);
        let mut functions = Vec::new();
        if entries && typed {
            functions.push((Role::HostEntry(index), maker.host_entry(ty)));
        }
        if entries {
            functions.push((Role::ArrayEntry(index), maker.array_entry(ty)));
        }
        if exits && typed {
            let jumps = maker.architecture == Architecture::X86_64 && maker.signals;
            match jumps.then(|| exit::jump(ty)).flatten() {
                Some(code) => pieces.push((Role::HostExit(index), code)),
                None => functions.push((Role::HostExit(index), maker.host_exit(ty))),
            }
        }
        if exits {
            functions.push((Role::ArrayExit(index), maker.array_exit(ty)));
        }
        for (role, function) in functions {
            pieces.push((role, self.trampoline(function, None)?));
        }
        Ok(())
    }

    fn maker<'s>(&self, scratch: &'s mut FunctionBuilderContext) -> Result<TrampolineMaker<'s>, CompileError> {
        let architecture = target::architecture(&*self.isa)?;
        let signals = self.options.tunables.signals_based_traps;
        Ok(TrampolineMaker { architecture, frontend: self.isa.frontend_config(), signals, scratch })
    }

    fn trampoline(&self, function: Function, name: Option<CodeName>) -> Result<Code, CompileError> {
        let mut worker = Worker { context: Context::for_function(function), ..Worker::default() };
        let known = Known { caught: &[], sources: &Sources::default() };
        let made =
            Made { name, known, bases: &[], shadow: false, recounts: false, wide_counters: false, wide_loads: false };
        let code = self.generate(&mut worker, made, &self.isa)?;
        if code.frame > TRAMPOLINE_FRAME {
            return Err(CompileError::limit(format!(
                "the parameters and results of a function take {} bytes of stack in a call from or to the host, \
                 more than {TRAMPOLINE_FRAME}",
                code.frame
            )));
        }
        Ok(code)
    }
}
