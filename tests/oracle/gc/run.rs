//! Running a program in the engine, and comparing what comes of it with the model: what each call comes to, and which values of the host
//! are alive.

use super::host::{Host, by_type, define, exception_seen, seen, val_type};
use super::make::make;
use super::model::{Halt, Model, Reference, Stop};
use super::program::{FUNCTIONS, GLOBALS, Program, RELAY, TABLES, TAGS};
use super::text::{module, relay};
use super::types::{Heap, PARAMS, RESULTS, RefType, Storage};
use crate::oracle::seed::Rng;
use crate::oracle::swarm::Swarm;
use crate::oracle::tancho::Tancho;
use std::collections::BTreeMap;
use tancho::{
    AnyRef, ArrayType, AsContextMut, Caller, Error, Exception, ExternRef, ExternType, FieldType, FuncType, Global,
    GlobalType, I31, Instance, Linker, Module, Mutability, Ref, Result, RootScope, StorageType, Store, StructType,
    Table, TableType, Tag, TagType, Trap, Val, ValType,
};
use tancho_abi::tunables::Tunables;

/// How the collector is set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Setting {
    /// As users get it.
    Usual,
    /// With the least nursery.
    Small,
    /// Under zeal.
    Zeal,
}

impl Setting {
    /// All of them.
    pub const ALL: [Setting; 3] = [Setting::Usual, Setting::Small, Setting::Zeal];

    /// An engine that is set so, for modules as they are or by way of an image's bytes.
    pub fn engine(self, precompiled: bool) -> Tancho {
        let usual = Tunables::default();
        let tunables = match self {
            Setting::Usual => usual,
            Setting::Small => Tunables { gc_nursery: 128 << 10, ..usual },
            Setting::Zeal => Tunables { gc_nursery: 128 << 10, gc_zeal: true, ..usual },
        };
        // Once is enough for Cranelift's own checks, which have nothing to do with the collector.
        let verifier = self == Setting::Usual;
        Tancho::new(Swarm { tunables, precompiled, verifier, ..Swarm::default() })
    }
}

/// What came of programs.
#[derive(Clone, Debug, Default)]
pub struct Yield {
    /// Calls that were compared.
    pub calls: u64,
    /// How many of them returned.
    pub returned: u64,
    /// How many ended in an exception.
    pub threw: u64,
    /// How many trapped, by the trap.
    pub trapped: BTreeMap<String, u64>,
    /// Exceptions that were caught, by the model.
    pub caught: u64,
    /// Values of the host whose drops were counted.
    pub hosts: u64,
    /// How many of them were dropped while the store lived.
    pub dropped: u64,
    /// Collections, of the nursery and of all.
    pub collections: [u64; 2],
    /// How often the model ran each instruction.
    pub instructions: BTreeMap<&'static str, u64>,
}

impl Yield {
    /// Adds another.
    pub fn add(&mut self, other: &Yield) {
        self.calls += other.calls;
        self.returned += other.returned;
        self.threw += other.threw;
        self.caught += other.caught;
        self.hosts += other.hosts;
        self.dropped += other.dropped;
        for (sum, part) in self.collections.iter_mut().zip(other.collections) {
            *sum += part;
        }
        for (name, count) in &other.trapped {
            *self.trapped.entry(name.clone()).or_default() += count;
        }
        for (name, count) in &other.instructions {
            *self.instructions.entry(name).or_default() += count;
        }
    }
}

/// What a call is given.
#[derive(Clone, Copy, Debug)]
enum Given {
    Null,
    I31(u32),
    /// A new value of the host.
    Host(u64),
    /// A root that the host keeps, or null.
    Root(usize),
}

/// What a call comes to, as the host sees it.
#[derive(PartialEq, Eq, Debug)]
enum Outcome {
    Returned(u64, Vec<u64>),
    Threw(u64),
    Trapped(Stop),
}

/// A call from outside.
struct Entry {
    function: usize,
    argument: u64,
    params: Vec<Given>,
    /// Whether there is a full collection afterwards, which must drop what cannot be reached.
    collect: bool,
}

fn entries(random: &mut Rng) -> Vec<Entry> {
    let given = |random: &mut Rng, ty: &RefType| match (ty.heap, random.u8(..4)) {
        (Heap::Any, 0 | 1) => Given::Root(random.usize(..8)),
        (Heap::Any | Heap::Eq | Heap::I31, 2) => Given::I31(random.u32(..) >> 1),
        (Heap::Extern, 0..=2) => Given::Host(random.u64(..)),
        _ => Given::Null,
    };
    let entry = |random: &mut Rng| {
        let function = random.usize(..FUNCTIONS);
        let params = PARAMS[function & 1].iter().map(|ty| given(random, ty)).collect();
        Entry { function, argument: random.u64(..), params, collect: random.bool() }
    };
    (0..4).map(|_| entry(random)).collect()
}

/// Makes a program, and runs it in each of these engines.
///
/// # Errors
///
/// What differs from the model, with the program.
pub fn check(random: &mut Rng, engines: &[&Tancho]) -> Result<Yield, String> {
    let program = make(random, true);
    let entries = entries(random);
    let mut came = Yield::default();
    for tancho in engines {
        run(&program, &entries, tancho, &mut came)
            .map_err(|what| format!("{what}, in {:?}\n{}", tancho.swarm(), module(&program)))?;
    }
    Ok(came)
}

fn run(program: &Program, entries: &[Entry], tancho: &Tancho, came: &mut Yield) -> Result<(), String> {
    let text = |error: Error| format!("{error:#}");
    let mut running = Running::new(tancho, program).map_err(text)?;
    let mut model = Model::new(program);
    for (position, entry) in entries.iter().enumerate() {
        let expected = enter(&mut model, entry);
        let found = running.call(program, entry).map_err(text)?;
        if expected != found {
            let function = entry.function;
            return Err(format!("call {position}, of f{function}: the model has {expected:x?}, the engine {found:x?}"));
        }
        came.calls += 1;
        match found {
            Outcome::Returned(..) => came.returned += 1,
            Outcome::Threw(_) => came.threw += 1,
            Outcome::Trapped(stop) => *came.trapped.entry(format!("{stop:?}")).or_default() += 1,
        }
        if entry.collect {
            running.store.gc();
        }
        let drops = running.store.data().drops.counts();
        let alive = model.alive(&[]);
        if drops.len() != alive.len() {
            return Err(format!("call {position}: {} values of the host, not {}", drops.len(), alive.len()));
        }
        for (value, (drops, alive)) in drops.iter().zip(&alive).enumerate() {
            let right = if *alive { *drops == 0 } else { *drops == 1 || !entry.collect && *drops == 0 };
            if !right {
                let can = if *alive { "can" } else { "cannot" };
                return Err(format!("call {position}: value {value} was dropped {drops} times and {can} be reached"));
            }
        }
    }
    let stats = running.store.heap_stats();
    came.collections[0] += stats.minor;
    came.collections[1] += stats.major;
    let drops = running.store.data().drops.clone();
    came.hosts += drops.counts().len() as u64;
    came.dropped += drops.counts().iter().map(|count| u64::from(*count)).sum::<u64>();
    drop(running);
    if let Some(value) = drops.counts().iter().position(|count| *count != 1) {
        return Err(format!("value {value} was dropped {} times in all", drops.counts()[value]));
    }
    came.caught += model.caught;
    for (name, count) in model.counts {
        *came.instructions.entry(name).or_default() += count;
    }
    Ok(())
}

/// A call in the model.
fn enter(model: &mut Model<'_>, entry: &Entry) -> Outcome {
    let given = |given: &Given| match *given {
        Given::Null => Reference::Null,
        Given::I31(bits) => Reference::I31(bits),
        Given::Root(at) => model.roots.get(at).copied().unwrap_or(Reference::Null),
        Given::Host(number) => {
            model.hosts.push(number);
            Reference::Host(model.hosts.len() - 1)
        }
    };
    let params: Vec<Reference> = entry.params.iter().map(given).collect();
    match model.enter(entry.function, entry.argument, &params) {
        Ok((number, results)) => {
            Outcome::Returned(number, results.into_iter().map(|result| model.seen(result, 3)).collect())
        }
        Err(Halt::Threw(exception)) => Outcome::Threw(model.exception_seen(exception)),
        Err(Halt::Trap(stop)) => Outcome::Trapped(stop),
    }
}

/// A trap in the model's words.
fn stop(trap: Trap) -> Option<Stop> {
    Some(match trap {
        Trap::NullReference => Stop::Null,
        Trap::NullStructureReference => Stop::NullStructure,
        Trap::NullArrayReference => Stop::NullArray,
        Trap::NullI31Reference => Stop::NullI31,
        Trap::NullFunctionReference => Stop::NullFunction,
        Trap::CastFailure => Stop::Cast,
        Trap::ArrayOutOfBounds => Stop::Array,
        Trap::TableOutOfBounds => Stop::Table,
        Trap::MemoryOutOfBounds => Stop::Memory,
        Trap::IndirectCallToNull => Stop::Uninitialized,
        Trap::BadSignature => Stop::Signature,
        _ => return None,
    })
}

struct Running {
    store: Store<Host>,
    instance: Instance,
}

impl Running {
    fn new(tancho: &Tancho, program: &Program) -> Result<Running> {
        let engine = tancho.engine();
        let field = |storage: StorageType| FieldType::new(Mutability::Var, storage);
        let any = field(StorageType::ValType(ValType::ANYREF));
        let external = field(StorageType::ValType(ValType::EXTERNREF));
        let number = field(StorageType::ValType(ValType::I64));
        let structure = StructType::new(engine, [number, any.clone(), external, field(StorageType::I8)])?;
        let mut store = Store::new(engine, Host::new(structure, ArrayType::new(engine, any)));
        store.verify_heap(true);
        let mut linker = Linker::<Host>::new(engine);
        define(&mut linker)?;
        let ty = FuncType::new(engine, TAGS[0].iter().map(|storage| val_type(*storage)), []);
        let tag = Tag::new(&mut store, &TagType::new(ty)?)?;
        linker.define(&store, "host", "e0", tag)?;
        store.data_mut().tags.push(tag);
        for (index, ty) in GLOBALS[..2].iter().enumerate() {
            let ty = val_type(Storage::Ref(*ty));
            let null = Val::default_for_ty(&ty).ok_or_else(|| Error::msg("it may be null"))?;
            let global = Global::new(&mut store, GlobalType::new(ty, Mutability::Var), null)?;
            linker.define(&store, "host", &format!("g{index}"), global)?;
        }
        let (_, size, most) = TABLES[1];
        let ty = TableType::new(tancho::RefType::EXTERNREF, size, Some(most));
        let table = Table::new(&mut store, ty, Ref::Extern(None))?;
        linker.define(&store, "host", "c1", table)?;
        let load = |text: &str| -> Result<Module> {
            if tancho.swarm().precompiled {
                Module::deserialize(engine, engine.precompile_module(text.as_bytes())?)
            } else {
                Module::new(engine, text)
            }
        };
        let module = load(&module(program))?;
        // Their types name types of the module: they are taken from it.
        for import in module.imports() {
            let (name, ExternType::Func(ty)) = (import.name(), import.ty()) else { continue };
            if ["call0", "call1", "catch"].contains(&name) {
                let function = by_type(name);
                linker.func_new("host", name, ty, move |mut caller: Caller<'_, Host>, params, results| {
                    function(&mut caller, params, results)
                })?;
            }
        }
        let instance = linker.instantiate(&mut store, &module)?;
        store.data_mut().instance = Some(instance);
        for tag in 1..TAGS.len() {
            let tag = instance.get_tag(&mut store, &format!("e{tag}"));
            let tag = tag.ok_or_else(|| Error::msg("it exports its tags"))?;
            store.data_mut().tags.push(tag);
        }
        linker.instance(&mut store, "main", instance)?;
        let relay = linker.instantiate(&mut store, &load(&relay(program))?)?;
        let relay = relay.get_func(store.as_context_mut(), "relay");
        let table = instance.get_table(&mut store, "functions").ok_or_else(|| Error::msg("it exports its table"))?;
        table.set(&mut store, RELAY as u64, Ref::Func(relay))?;
        Ok(Running { store, instance })
    }

    fn call(&mut self, program: &Program, entry: &Entry) -> Result<Outcome> {
        let fuel =
            self.instance.get_global(&mut self.store, "fuel").ok_or_else(|| Error::msg("it exports its fuel"))?;
        fuel.set(&mut self.store, Val::I32(program.fuel.cast_signed()))?;
        let name = format!("f{}", entry.function);
        let function = self.instance.get_func(&mut self.store, &name).ok_or_else(|| Error::msg("it exports them"))?;
        let mut scope = RootScope::new(&mut self.store);
        let mut params = vec![Val::I64(entry.argument.cast_signed())];
        for (given, ty) in entry.params.iter().zip(PARAMS[entry.function & 1]) {
            let any = match *given {
                Given::I31(bits) => Some(AnyRef::from_i31(&mut scope, I31::wrapping_u32(bits))),
                Given::Root(at) => {
                    let root = scope.as_context_mut().data().kept(at);
                    root.map(|root| root.to_rooted(&mut scope)).transpose()?
                }
                Given::Host(number) => {
                    let value = scope.as_context_mut().data_mut().value(number);
                    let value = ExternRef::new(&mut scope, value)?;
                    params.push(Val::ExternRef(Some(value)));
                    continue;
                }
                Given::Null => None,
            };
            params.push(if ty.heap == Heap::Extern { Val::ExternRef(None) } else { Val::AnyRef(any) });
        }
        let mut results = vec![Val::I64(0); RESULTS[entry.function & 1].len() + 1];
        let error = match function.call(&mut scope, &params, &mut results) {
            Ok(()) => {
                let Val::I64(number) = results[0] else { return Err(Error::msg("its first result is a number")) };
                let results = results[1..].iter().map(|result| seen(&mut scope, *result, 3)).collect::<Result<_>>()?;
                return Ok(Outcome::Returned(number.cast_unsigned(), results));
            }
            Err(error) => error,
        };
        if let Some(stop) = error.downcast_ref::<Trap>().copied().and_then(stop) {
            return Ok(Outcome::Trapped(stop));
        }
        let tags = scope.as_context_mut().data().tags.clone();
        match error.downcast_ref::<Exception>() {
            Some(exception) => Ok(Outcome::Threw(exception_seen(&mut scope, exception, &tags)?)),
            None => Err(error),
        }
    }
}
