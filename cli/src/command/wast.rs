//! `tancho wast`: runs scripts of the specification's test suite, and the library the tests run them with.
//!
//! A [`Report`] counts every assertion, so that a run that tests less than it should shows.

use crate::engine::engine;
use crate::flags;
use std::collections::HashMap;
use std::fmt;
use std::mem::discriminant;
use std::process::ExitCode;
use std::thread::{Scope, ScopedJoinHandle};
use tancho::{
    AnyRef, AsContextMut, Context, Engine, Error, Exception, Extern, ExternRef, Func, Global, GlobalType, Instance,
    LinkError, Linker, Memory, MemoryType, Module, Mutability, Ref, RefType, Result, Rooted, SharedMemory, Store,
    Table, TableType, Trap, V128, Val, ValType,
};
use wast::core::{AbstractHeapType, NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{F32, F64, Id};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, WastThread, Wat};

/// How scripts are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether each module is compiled to an image, and that loaded, before it is run.
    pub precompile: bool,
}

/// What became of a script.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Assertions that held.
    pub passed: usize,
    /// Assertions that did not, and other directives that failed.
    pub failed: Vec<Failure>,
}

/// A directive that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The line of the script, from 1.
    pub line: usize,
    /// What happened.
    pub message: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} assertions passed, {} failed", self.passed, self.failed.len())
    }
}

impl Report {
    fn add(&mut self, part: Report) {
        self.passed += part.passed;
        self.failed.extend(part.failed);
    }
}

pub(crate) fn run(flags: flags::Wast) -> Result<ExitCode> {
    let engine = engine(&flags.engine)?;
    let options = Options { precompile: flags.precompile };
    let mut failed = false;
    for file in &flags.files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let report = script(&engine, &options, &text).with_context(|| format!("in {}", file.display()))?;
        for failure in &report.failed {
            println!("{}:{}: {}", file.display(), failure.line, failure.message);
        }
        println!("{}: {report}", file.display());
        failed |= !report.failed.is_empty();
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs the script `text`.
///
/// # Errors
///
/// When the text is no script. That an assertion fails is no error: the report says so.
pub fn script(engine: &Engine, options: &Options, text: &str) -> Result<Report> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let script: Wast<'_> = parser::parse(&buffer)?;
    std::thread::scope(|scope| Runner::new(engine, options.clone(), scope, text)?.run(script.directives))
}

/// What became of an action.
type Outcome = Result<Vec<Val>>;

/// What runs the directives of a script, or of a thread of one, in a store of its own.
struct Runner<'scope, 'env> {
    engine: Engine,
    options: Options,
    scope: &'scope Scope<'scope, 'env>,
    /// The script.
    text: &'env str,
    store: Store<()>,
    linker: Linker<()>,
    /// The instances that have a name, and the last one under none.
    instances: HashMap<Option<String>, Instance>,
    /// The modules that were defined and not instantiated, likewise.
    definitions: HashMap<Option<String>, Module>,
    /// The shared memories that an instance of the thread that started this one exports, by the name of the instance.
    shared: HashMap<Option<String>, Vec<(String, SharedMemory)>>,
    /// The threads that were started and not waited for.
    threads: HashMap<String, ScopedJoinHandle<'scope, Result<Report>>>,
}

fn name_of(id: Option<Id<'_>>) -> Option<String> {
    id.map(|id| id.name().to_owned())
}

impl<'scope, 'env> Runner<'scope, 'env> {
    fn new(
        engine: &Engine,
        options: Options,
        scope: &'scope Scope<'scope, 'env>,
        text: &'env str,
    ) -> Result<Runner<'scope, 'env>> {
        let mut store = Store::new(engine, ());
        if store.get_fuel().is_ok() {
            store.set_fuel(u64::MAX)?;
        }
        let linker = spectest(engine, &mut store)?;
        Ok(Runner {
            engine: engine.clone(),
            options,
            scope,
            text,
            store,
            linker,
            instances: HashMap::new(),
            definitions: HashMap::new(),
            shared: HashMap::new(),
            threads: HashMap::new(),
        })
    }

    /// Carries directives out, and waits for the threads that they leave running.
    fn run(mut self, directives: Vec<WastDirective<'env>>) -> Result<Report> {
        let mut report = Report::default();
        for directive in directives {
            let span = directive.span();
            match self.directive(directive) {
                Ok(part) => report.add(part),
                Err(error) => {
                    let line = span.linecol_in(self.text).0 + 1;
                    report.failed.push(Failure { line, message: format!("{error:#}") });
                }
            }
        }
        for (_, thread) in self.threads {
            report.add(join(thread)?);
        }
        Ok(report)
    }

    /// Starts a thread, with what an instance here shares.
    fn thread(&mut self, thread: WastThread<'env>) -> Result<()> {
        let mut runner = Runner::new(&self.engine, self.options.clone(), self.scope, self.text)?;
        if let Some(name) = thread.shared_module {
            let instance = self.instance(Some(name))?;
            let shared = instance.exports(&mut self.store).filter_map(|export| {
                let name = export.name().to_owned();
                Some((name, export.into_shared_memory()?))
            });
            runner.shared.insert(name_of(Some(name)), shared.collect());
        }
        let directives = thread.directives;
        self.threads.insert(thread.name.name().to_owned(), self.scope.spawn(move || runner.run(directives)));
        Ok(())
    }

    /// Defines under a module name what the instance `name` exports, of this thread or of the one that started it.
    fn register(&mut self, module: &str, name: Option<Id<'_>>) -> Result<()> {
        self.linker.allow_shadowing(true);
        if let Some(shared) = self.shared.get(&name_of(name)) {
            for (name, memory) in shared {
                self.linker.define(&mut self.store, module, name, memory.clone())?;
            }
            return Ok(());
        }
        let instance = self.instance(name)?;
        self.linker.instance(&mut self.store, module, instance)?;
        Ok(())
    }

    /// Carries a directive out; its assertions.
    fn directive(&mut self, directive: WastDirective<'env>) -> Result<Report> {
        let passed = match directive {
            WastDirective::Thread(thread) => self.thread(thread).map(|()| 0),
            WastDirective::Wait { thread, .. } => {
                let thread = self.threads.remove(thread.name()).context("no such thread was started")?;
                return join(thread);
            }
            directive => self.single(directive),
        };
        passed.map(|passed| Report { passed, failed: Vec::new() })
    }

    /// Carries a directive out that concerns this thread alone; how many assertions it was.
    fn single(&mut self, directive: WastDirective<'_>) -> Result<usize> {
        match directive {
            WastDirective::Module(module) => {
                let (name, bytes) = encode(module)?;
                self.instantiate(name, &bytes)?;
                Ok(0)
            }
            WastDirective::ModuleDefinition(module) => {
                let (name, bytes) = encode(module)?;
                let module = self.compile(&bytes)?;
                self.definitions.insert(name, module.clone());
                self.definitions.insert(None, module);
                Ok(0)
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = self.definitions.get(&name_of(module)).context("no such module was defined")?.clone();
                let made = self.linker.instantiate(&mut self.store, &module)?;
                self.keep(name_of(instance), made);
                Ok(0)
            }
            WastDirective::Register { name, module, .. } => {
                self.register(name, module)?;
                Ok(0)
            }
            WastDirective::Invoke(invoke) => self.invoke(invoke).map(|_| 0),
            assertion => self.assertion(assertion).map(|()| 1),
        }
    }

    fn assertion(&mut self, directive: WastDirective<'_>) -> Result<()> {
        match directive {
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec)?;
                self.check_results(&values, &results)
            }
            WastDirective::AssertTrap { exec, message, .. } => expect_trap(self.execute(exec), message),
            WastDirective::AssertException { exec, .. } => match self.execute(exec) {
                Err(error) if error.is::<Exception>() => Ok(()),
                Err(error) => Err(error.context("expected an exception")),
                Ok(values) => Err(Error::msg(format!("expected an exception, got {values:?}"))),
            },
            WastDirective::AssertExhaustion { call, message, .. } => expect_trap(self.invoke(call), message),
            WastDirective::AssertMalformed { module, message, .. } => self.expect_refused(module, message),
            WastDirective::AssertInvalid { module, message, .. } => self.expect_refused(module, message),
            WastDirective::AssertUnlinkable { mut module, message, .. } => {
                let module = self.compile(&module.encode()?)?;
                match self.linker.instantiate(&mut self.store, &module) {
                    Err(error) if error.is::<LinkError>() => Ok(()),
                    Err(error) => Err(error.context(format!("expected a link error: {message}"))),
                    Ok(_) => {
                        Err(Error::msg(format!("expected a link error ({message}), but the module was instantiated")))
                    }
                }
            }
            other => Err(Error::msg(format!("directive not supported: {other:?}"))),
        }
    }

    fn compile(&self, bytes: &[u8]) -> Result<Module> {
        let module = Module::from_binary(&self.engine, bytes)?;
        if !self.options.precompile {
            return Ok(module);
        }
        Module::deserialize(&self.engine, module.serialize()?)
    }

    fn instantiate(&mut self, name: Option<String>, bytes: &[u8]) -> Result<()> {
        // A module that fails leaves no instance for the assertions after it to run on.
        self.instances.remove(&None);
        let module = self.compile(bytes)?;
        let instance = self.linker.instantiate(&mut self.store, &module)?;
        self.keep(name, instance);
        Ok(())
    }

    fn keep(&mut self, name: Option<String>, instance: Instance) {
        self.instances.insert(name, instance);
        self.instances.insert(None, instance);
    }

    fn instance(&self, id: Option<Id<'_>>) -> Result<Instance> {
        self.instances.get(&name_of(id)).copied().with_context(|| format!("there is no instance {id:?}"))
    }

    fn execute(&mut self, action: WastExecute<'_>) -> Outcome {
        match action {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(mut module) => {
                let module = match &mut module {
                    Wat::Module(module) => self.compile(&module.encode()?)?,
                    Wat::Component(_) => return Err(Error::msg("components are not supported")),
                };
                self.linker.instantiate(&mut self.store, &module)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let global = instance.get_global(&mut self.store, global).context("no such global")?;
                Ok(vec![global.get(&mut self.store)])
            }
        }
    }

    fn invoke(&mut self, invoke: WastInvoke<'_>) -> Outcome {
        let instance = self.instance(invoke.module)?;
        let function = instance
            .get_func(&mut self.store, invoke.name)
            .with_context(|| format!("no function `{}`", invoke.name))?;
        let arguments = invoke.args.iter().map(|argument| self.argument(argument)).collect::<Result<Vec<_>>>()?;
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &arguments, &mut results)?;
        Ok(results)
    }

    fn argument(&mut self, argument: &WastArg<'_>) -> Result<Val> {
        let WastArg::Core(argument) = argument else { return Err(Error::msg("components are not supported")) };
        Ok(match argument {
            WastArgCore::I32(value) => Val::I32(*value),
            WastArgCore::I64(value) => Val::I64(*value),
            WastArgCore::F32(value) => Val::F32(value.bits),
            WastArgCore::F64(value) => Val::F64(value.bits),
            WastArgCore::V128(lanes) => Val::V128(V128::from(u128::from_le_bytes(lanes.to_le_bytes()))),
            WastArgCore::RefNull(heap) => match null_of(heap) {
                Some(null) => null,
                None => return Err(Error::msg(format!("null of {heap:?} is not supported"))),
            },
            WastArgCore::RefExtern(number) => ExternRef::new(&mut self.store, *number)?.into(),
            WastArgCore::RefHost(number) => {
                let value = ExternRef::new(&mut self.store, *number)?;
                AnyRef::convert_extern(&mut self.store, value)?.into()
            }
        })
    }

    fn check_results(&self, values: &[Val], expected: &[WastRet<'_>]) -> Result<()> {
        let same_length = values.len() == expected.len();
        let matches = |(value, expected): (&Val, &WastRet<'_>)| match expected {
            WastRet::Core(expected) => self.matches(value, expected),
            _ => false,
        };
        if same_length && values.iter().zip(expected).all(matches) {
            return Ok(());
        }
        Err(Error::msg(format!("expected {expected:?}, got {values:?}")))
    }

    fn matches(&self, value: &Val, expected: &WastRetCore<'_>) -> bool {
        match (value, expected) {
            (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
            (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
            (Val::F32(bits), WastRetCore::F32(pattern)) => matches_f32(*bits, pattern),
            (Val::F64(bits), WastRetCore::F64(pattern)) => matches_f64(*bits, pattern),
            (Val::V128(vector), WastRetCore::V128(pattern)) => matches_v128(*vector, pattern),
            (value, WastRetCore::RefNull(None)) => is_null(value),
            (value, WastRetCore::RefNull(Some(heap))) => {
                is_null(value) && null_of(heap).is_some_and(|null| discriminant(&null) == discriminant(value))
            }
            (Val::FuncRef(Some(_)), WastRetCore::RefFunc(None)) => true,
            (Val::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
            (Val::ExternRef(Some(value)), WastRetCore::RefExtern(Some(expected))) => self.is_host(*value, *expected),
            (Val::AnyRef(Some(object)), expected) => self.matches_object(*object, expected).unwrap_or(false),
            (value, WastRetCore::Either(alternatives)) => {
                alternatives.iter().any(|expected| self.matches(value, expected))
            }
            _ => false,
        }
    }

    fn matches_object(&self, object: Rooted<AnyRef>, expected: &WastRetCore<'_>) -> Result<bool> {
        let store = &self.store;
        match expected {
            WastRetCore::RefAny => Ok(true),
            WastRetCore::RefEq => object.is_eqref(store),
            WastRetCore::RefStruct => object.is_struct(store),
            WastRetCore::RefArray => object.is_array(store),
            WastRetCore::RefI31 => object.is_i31(store),
            WastRetCore::RefHost(number) => Ok(self.is_host(ExternRef::convert_any(store, object)?, *number)),
            WastRetCore::Either(alternatives) => {
                Ok(alternatives.iter().any(|expected| self.matches(&object.into(), expected)))
            }
            _ => Ok(false),
        }
    }

    /// Whether a reference is to the value of the host that scripts call by this number.
    fn is_host(&self, value: Rooted<ExternRef>, number: u32) -> bool {
        let data = value.data(&self.store).ok().flatten();
        data.and_then(|data| data.downcast_ref()) == Some(&number)
    }

    /// A module that must be malformed or invalid. That something in it is not supported is no proof that it is either.
    fn expect_refused(&self, module: QuoteWat<'_>, message: &str) -> Result<()> {
        let Ok((_, bytes)) = encode(module) else { return Ok(()) };
        match Module::from_binary(&self.engine, &bytes) {
            Ok(_) => Err(Error::msg(format!("expected `{message}`, but the module was accepted"))),
            Err(error) if format!("{error:#}").contains("invalid WebAssembly") => Ok(()),
            Err(error) => {
                Err(error.context(format!("expected `{message}`, but the module was refused for another reason")))
            }
        }
    }
}

/// What became of a thread's directives.
fn join(thread: ScopedJoinHandle<'_, Result<Report>>) -> Result<Report> {
    thread.join().unwrap_or_else(|_| Err(Error::msg("the thread has panicked")))
}

/// The name and the bytes of a module.
fn encode(mut module: QuoteWat<'_>) -> Result<(Option<String>, Vec<u8>)> {
    let name = module.name().map(|id| id.name().to_owned());
    Ok((name, module.encode()?))
}

// A canonical NaN has only the highest bit of the payload set, an arithmetic one has it set (§2.2.3).

fn matches_f32(bits: u32, pattern: &NanPattern<F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

fn matches_f64(bits: u64, pattern: &NanPattern<F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(expected) => bits == expected.bits,
    }
}

/// Compares lane by lane.
fn matches_v128(vector: V128, pattern: &V128Pattern) -> bool {
    let bits = vector.as_u128();
    // Lane `lane` of `width` bits, lowest in the result.
    let lane = |lane: usize, width: usize| bits >> (lane * width);
    let same = |constant: V128Const| bits.to_le_bytes() == constant.to_le_bytes();
    match pattern {
        V128Pattern::I8x16(lanes) => same(V128Const::I8x16(*lanes)),
        V128Pattern::I16x8(lanes) => same(V128Const::I16x8(*lanes)),
        V128Pattern::I32x4(lanes) => same(V128Const::I32x4(*lanes)),
        V128Pattern::I64x2(lanes) => same(V128Const::I64x2(*lanes)),
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| matches_f32(lane(index, 32) as u32, pattern))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| matches_f64(lane(index, 64) as u64, pattern))
        }
    }
}

fn is_null(value: &Val) -> bool {
    value.ref_().is_some_and(|reference| reference.is_null())
}

/// Null; `None` for a type that only a module's own index names, and for types of other proposals.
fn null_of(heap: &wast::core::HeapType<'_>) -> Option<Val> {
    use AbstractHeapType as Abstract;
    let wast::core::HeapType::Abstract { ty, .. } = heap else { return None };
    Some(match ty {
        Abstract::Func | Abstract::NoFunc => Val::FuncRef(None),
        Abstract::Extern | Abstract::NoExtern => Val::ExternRef(None),
        Abstract::Exn | Abstract::NoExn => Val::ExnRef(None),
        Abstract::Any | Abstract::Eq | Abstract::I31 | Abstract::Struct | Abstract::Array | Abstract::None => {
            Val::AnyRef(None)
        }
        Abstract::Cont | Abstract::NoCont => return None,
    })
}

/// Scripts give the beginning of the trap's message, or more than it, such as the number of the element.
fn expect_trap(outcome: Outcome, expected: &str) -> Result<()> {
    let error = match outcome {
        Ok(values) => return Err(Error::msg(format!("expected the trap `{expected}`, got {values:?}"))),
        Err(error) => error,
    };
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return Err(error.context(format!("expected the trap `{expected}`")));
    };
    let found = trap.to_string();
    let found = found.trim_start_matches("wasm trap: ");
    if found.contains(expected) || expected.starts_with(found) {
        return Ok(());
    }
    Err(Error::msg(format!("expected the trap `{expected}`, got `{found}`")))
}

/// The module `spectest` that scripts import from.
fn spectest(engine: &Engine, store: &mut Store<()>) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("spectest", "print", || {})?;
    linker.func_wrap("spectest", "print_i32", |_: i32| {})?;
    linker.func_wrap("spectest", "print_i64", |_: i64| {})?;
    linker.func_wrap("spectest", "print_f32", |_: f32| {})?;
    linker.func_wrap("spectest", "print_f64", |_: f64| {})?;
    linker.func_wrap("spectest", "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap("spectest", "print_f64_f64", |_: f64, _: f64| {})?;
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6f64.to_bits())),
    ];
    for (name, ty, value) in globals {
        let global = Global::new(store.as_context_mut(), GlobalType::new(ty, Mutability::Const), value)?;
        linker.define(&mut *store, "spectest", name, Extern::Global(global))?;
    }
    let table = Table::new(&mut *store, TableType::new(RefType::FUNCREF, 10, Some(20)), Ref::Func(None::<Func>))?;
    linker.define(&mut *store, "spectest", "table", Extern::Table(table))?;
    let table64 = TableType::new64(RefType::FUNCREF, 10, Some(20));
    let table64 = Table::new(&mut *store, table64, Ref::Func(None::<Func>))?;
    linker.define(&mut *store, "spectest", "table64", Extern::Table(table64))?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define(&mut *store, "spectest", "memory", Extern::Memory(memory))?;
    let shared = SharedMemory::new(engine, MemoryType::shared(1, 2))?;
    linker.define(&mut *store, "spectest", "shared_memory", Extern::SharedMemory(shared))?;
    Ok(linker)
}
