//! Tancho as an engine that is compared, with a configuration of the swarm.

use super::plain::{FUEL, Host, Refusal, Running, Seen, Subject};
use super::shadow::AGAIN;
use super::shape::{Shape, Signature};
use super::swarm::Swarm;
use super::value::{Stop, Type, Value};
use tancho::{
    AsContextMut, Caller, Engine, Error, ExternRef, Func, FuncType, Instance, Linker, Module, Store, Trap, V128, Val,
    ValType,
};

/// An engine of Tancho.
pub struct Tancho {
    engine: Engine,
    swarm: Swarm,
    /// The key that images are signed with: the user's is not for tests.
    _keys: tempfile::TempDir,
}

impl Tancho {
    /// An engine with this configuration.
    ///
    /// # Panics
    ///
    /// When there is none: the swarm asks for nothing that this machine lacks.
    pub fn new(swarm: Swarm) -> Tancho {
        let keys = tempfile::tempdir().expect("a folder for the key");
        let mut config = swarm.config();
        config.key_file(keys.path().join("key"));
        let engine = Engine::new(&config).unwrap_or_else(|error| panic!("no engine for {swarm:?}: {error:#}"));
        Tancho { engine, swarm, _keys: keys }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its configuration.
    pub fn swarm(&self) -> &Swarm {
        &self.swarm
    }

    fn module(&self, wasm: &[u8]) -> tancho::Result<Module> {
        if self.swarm.precompiled {
            Module::deserialize(&self.engine, self.engine.precompile_module(wasm)?)
        } else {
            Module::from_binary(&self.engine, wasm)
        }
    }
}

fn types(types: &[Type]) -> Vec<ValType> {
    let ty = |ty: &Type| match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Func => ValType::FUNCREF,
        Type::Extern => ValType::EXTERNREF,
    };
    types.iter().map(ty).collect()
}

fn lower(mut store: impl AsContextMut, value: Value) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(number) => {
            let reference = |number: u32| ExternRef::new(&mut store, number).expect("the store has room");
            number.map(reference).into()
        }
    }
}

fn lift(mut store: impl AsContextMut, value: Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(value as u32),
        Val::I64(value) => Value::I64(value as u64),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(function) => Value::Func(function.is_some()),
        Val::ExternRef(reference) => Value::Extern(reference.map(|reference| {
            let context = store.as_context_mut();
            let data = reference.data(&context).expect("it is of this store");
            *data.and_then(|data| data.downcast_ref::<u32>()).expect("all of them are numbers")
        })),
        Val::AnyRef(_) | Val::ExnRef(_) => unreachable!("generated modules have no objects and no exceptions"),
    }
}

/// What an error is in the words of all engines.
fn stop(error: &Error) -> Stop {
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => Stop::Unreachable,
        Some(Trap::MemoryOutOfBounds) => Stop::Memory,
        Some(Trap::TableOutOfBounds) => Stop::Table,
        // Where `reference` writes a program for engines without references, it does as much as these.
        Some(Trap::IndirectCallToNull | Trap::NullFunctionReference) => Stop::Null,
        Some(Trap::NullReference) => Stop::Unreachable,
        Some(Trap::BadSignature) => Stop::Signature,
        Some(Trap::IntegerOverflow) => Stop::Overflow,
        Some(Trap::IntegerDivisionByZero) => Stop::Zero,
        Some(Trap::BadConversionToInteger) => Stop::Conversion,
        Some(Trap::StackOverflow) => Stop::Exhausted,
        Some(Trap::OutOfFuel) => Stop::Fuel,
        _ => Stop::Other(format!("tancho: {error:#}")),
    }
}

/// Calls a function of the instance that calls the host; what came of it. An exception is for whoever may catch it.
fn again(caller: &mut Caller<'_, Host>, params: &[Value]) -> tancho::Result<Value> {
    let (Some(Value::I32(number)), Some(argument)) = (params.first(), params.get(1)) else { return Ok(Value::I32(0)) };
    let function = caller.get_export(&format!("f{number}")).and_then(|found| found.into_func());
    let function = function.expect("programs name functions that they export");
    let argument = lower(&mut *caller, *argument);
    let mut results = [Val::I32(0)];
    match function.call(&mut *caller, &[argument], &mut results) {
        Ok(()) => Ok(lift(&mut *caller, results[0])),
        Err(error) if error.downcast_ref::<Trap>().is_some() => Ok(stop(&error).outcome()),
        Err(error) => Err(error),
    }
}

/// An instance in a store of its own.
pub struct Started {
    store: Store<Host>,
    instance: Instance,
    functions: Vec<(String, Func)>,
}

impl Tancho {
    /// A store of the engine's, with as much fuel as there can be where any is consumed.
    pub fn store<T>(&self, data: T) -> Store<T> {
        let mut store = Store::new(&self.engine, data);
        if self.swarm.tunables.consume_fuel {
            store.set_fuel(u64::MAX).expect("code consumes it");
        }
        store
    }

    /// Instantiates a module in a store with this fuel, where any is consumed; what came of it, and how much is left.
    pub fn start_with(&self, wasm: &[u8], shape: &Shape, fuel: u64) -> (Result<Started, Refusal>, u64) {
        let mut store = Store::new(&self.engine, Host::default());
        if self.swarm.tunables.consume_fuel {
            store.set_fuel(fuel).expect("the engine consumes it");
        }
        let instance = self.instantiate(wasm, shape, &mut store);
        let left = store.get_fuel().unwrap_or(0);
        (instance.map(|instance| Started { store, instance, functions: Vec::new() }), left)
    }

    fn instantiate(&self, wasm: &[u8], shape: &Shape, store: &mut Store<Host>) -> Result<Instance, Refusal> {
        let module = self.module(wasm).map_err(|error| Refusal::Invalid(format!("{error:#}")))?;
        let mut linker = Linker::new(&self.engine);
        // A module may import one function twice.
        linker.allow_shadowing(true);
        for (from, name, signature) in &shape.imports {
            let ty = FuncType::new(&self.engine, types(&signature.params), types(&signature.results));
            let (called, signature): (String, Signature) = (name.clone(), signature.clone());
            linker
                .func_new(from, name, ty, move |mut caller: Caller<'_, Host>, params, results| {
                    let mut params: Vec<Value> = params.iter().map(|param| lift(&mut caller, *param)).collect();
                    if called == AGAIN {
                        params.push(again(&mut caller, &params)?);
                    }
                    let values = caller.data_mut().called(&called, &signature, &params);
                    for (result, value) in results.iter_mut().zip(values) {
                        *result = lower(&mut caller, value);
                    }
                    Ok(())
                })
                .map_err(|error| Refusal::Invalid(format!("{error:#}")))?;
        }
        linker.instantiate(store, &module).map_err(|error| match stop(&error) {
            Stop::Other(_) => Refusal::Invalid(format!("{error:#}")),
            stop => Refusal::Stopped(stop),
        })
    }
}

impl Started {
    /// Gives the store this much fuel.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.store.set_fuel(fuel).expect("the engine consumes it");
    }

    /// How much it has left.
    pub fn fuel(&self) -> u64 {
        self.store.get_fuel().expect("the engine consumes it")
    }
}

impl Subject for Tancho {
    fn name(&self) -> String {
        format!("tancho with {:?}", self.swarm)
    }

    fn start(&self, wasm: &[u8], shape: &Shape) -> Result<Box<dyn Running>, Refusal> {
        Ok(Box::new(self.start_with(wasm, shape, u64::MAX).0?))
    }
}

impl Running for Started {
    fn call(&mut self, function: &str, arguments: &[Value], results: &[Type]) -> Result<Vec<Value>, Stop> {
        if self.functions.last().is_none_or(|(name, _)| name != function) {
            let found = self.instance.get_func(&mut self.store, function).expect("the shape says that it is exported");
            self.functions.push((function.to_owned(), found));
        }
        let function = self.functions.last().expect("it has just been looked up").1;
        let arguments: Vec<Val> = arguments.iter().map(|value| lower(&mut self.store, *value)).collect();
        let mut values: Vec<Val> =
            types(results).iter().map(|ty| Val::default_for_ty(ty).expect("every type here has a default")).collect();
        function.call(&mut self.store, &arguments, &mut values).map_err(|error| stop(&error))?;
        Ok(values.into_iter().map(|value| lift(&mut self.store, value)).collect())
    }

    fn refuel(&mut self, fuel: i32) {
        if let Some(global) = self.instance.get_global(&mut self.store, FUEL) {
            global.set(&mut self.store, Val::I32(fuel)).expect("it is a mutable i32");
        }
    }

    fn look(&mut self, shape: &Shape) -> Seen {
        let mut seen = Seen { host: self.store.data().clone(), ..Seen::default() };
        for name in &shape.globals {
            let global = self.instance.get_global(&mut self.store, name).expect("the shape says that it is exported");
            let value = global.get(&mut self.store);
            seen.globals.push((name.clone(), lift(&mut self.store, value)));
        }
        for name in &shape.memories {
            let memory = self.instance.get_memory(&mut self.store, name).expect("the shape says that it is exported");
            let data = memory.data(&self.store);
            seen.memory(name, data);
        }
        for name in &shape.tables {
            let table = self.instance.get_table(&mut self.store, name).expect("the shape says that it is exported");
            let entries = (0..table.size(&self.store)).map(|index| {
                let entry = table.get(&mut self.store, index).expect("it is within the table");
                lift(&mut self.store, Val::from(entry))
            });
            let entries = entries.collect();
            seen.tables.push((name.clone(), entries));
        }
        seen
    }
}
