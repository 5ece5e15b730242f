//! wasmtime as an engine that is compared: of the fuzz targets alone.
//!
//! It has the same code generator as Tancho, so it says nothing of that, but of everything around it.

use tancho_tests::oracle::plain::{FUEL, Host, Refusal, Running, Seen, Subject};
use tancho_tests::oracle::shape::Shape;
use tancho_tests::oracle::value::{Stop, Type, Value};
use wasmtime::{
    AsContextMut, Caller, Config, Engine, Error, ExternRef, FuncType, Instance, Linker, Module, Ref, Store, Trap, V128,
    Val, ValType,
};

/// An engine of wasmtime.
pub struct Wasmtime {
    engine: Engine,
}

impl Default for Wasmtime {
    fn default() -> Self {
        let mut config = Config::new();
        config.cranelift_nan_canonicalization(true).wasm_wide_arithmetic(true).wasm_multi_memory(true);
        config.wasm_memory64(true).wasm_custom_page_sizes(true);
        Wasmtime { engine: Engine::new(&config).expect("the host is supported") }
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

fn lower(store: impl AsContextMut, value: Value) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(number) => {
            Val::ExternRef(number.map(|number| ExternRef::new(store, number).expect("the store has room")))
        }
    }
}

fn lift(mut store: impl AsContextMut, value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(function) => Value::Func(function.is_some()),
        Val::ExternRef(None) => Value::Extern(None),
        Val::ExternRef(Some(reference)) => {
            let context = store.as_context_mut();
            let data = reference.data(&context).expect("it is of this store").expect("it was made with data");
            Value::Extern(Some(*data.downcast_ref::<u32>().expect("all of them are numbers")))
        }
        other => panic!("a value of a proposal that Tancho has not: {other:?}"),
    }
}

fn stop(error: &Error) -> Stop {
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => Stop::Unreachable,
        Some(Trap::MemoryOutOfBounds) => Stop::Memory,
        Some(Trap::TableOutOfBounds) => Stop::Table,
        Some(Trap::IndirectCallToNull) => Stop::Null,
        Some(Trap::BadSignature) => Stop::Signature,
        Some(Trap::IntegerOverflow) => Stop::Overflow,
        Some(Trap::IntegerDivisionByZero) => Stop::Zero,
        Some(Trap::BadConversionToInteger) => Stop::Conversion,
        Some(Trap::StackOverflow) => Stop::Exhausted,
        _ => Stop::Other(format!("wasmtime: {error:#}")),
    }
}

struct Started {
    store: Store<Host>,
    instance: Instance,
}

impl Subject for Wasmtime {
    fn name(&self) -> String {
        "wasmtime".to_owned()
    }

    fn start(&self, wasm: &[u8], shape: &Shape) -> Result<Box<dyn Running>, Refusal> {
        let invalid = |error: Error| match stop(&error) {
            Stop::Other(_) => Refusal::Invalid(format!("{error:#}")),
            stop => Refusal::Stopped(stop),
        };
        let module = Module::new(&self.engine, wasm).map_err(invalid)?;
        let mut store = Store::new(&self.engine, Host::default());
        let mut linker = Linker::new(&self.engine);
        linker.allow_shadowing(true);
        for (from, name, signature) in &shape.imports {
            let ty = FuncType::new(&self.engine, types(&signature.params), types(&signature.results));
            let (called, signature) = (name.clone(), signature.clone());
            linker
                .func_new(from, name, ty, move |mut caller: Caller<'_, Host>, params, results| {
                    let params: Vec<Value> = params.iter().map(|param| lift(&mut caller, param)).collect();
                    let values = caller.data_mut().called(&called, &signature, &params);
                    for (result, value) in results.iter_mut().zip(values) {
                        *result = lower(&mut caller, value);
                    }
                    Ok(())
                })
                .map_err(invalid)?;
        }
        let instance = linker.instantiate(&mut store, &module).map_err(invalid)?;
        Ok(Box::new(Started { store, instance }))
    }
}

impl Running for Started {
    fn call(&mut self, function: &str, arguments: &[Value], results: &[Type]) -> Result<Vec<Value>, Stop> {
        let function = self.instance.get_func(&mut self.store, function).expect("the shape says that it is exported");
        let arguments: Vec<Val> = arguments.iter().map(|value| lower(&mut self.store, *value)).collect();
        let mut values = vec![Val::I32(0); results.len()];
        function.call(&mut self.store, &arguments, &mut values).map_err(|error| stop(&error))?;
        Ok(values.iter().map(|value| lift(&mut self.store, value)).collect())
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
            seen.globals.push((name.clone(), lift(&mut self.store, &value)));
        }
        for name in &shape.memories {
            let memory = self.instance.get_memory(&mut self.store, name).expect("the shape says that it is exported");
            let data = memory.data(&self.store);
            seen.memory(name, data);
        }
        for name in &shape.tables {
            let table = self.instance.get_table(&mut self.store, name).expect("the shape says that it is exported");
            let mut entries = Vec::new();
            for index in 0..table.size(&self.store) {
                let value = match table.get(&mut self.store, index).expect("it is within the table") {
                    Ref::Func(function) => Val::FuncRef(function),
                    Ref::Extern(reference) => Val::ExternRef(reference),
                    other => panic!("a table of a proposal that Tancho has not: {other:?}"),
                };
                entries.push(lift(&mut self.store, &value));
            }
            seen.tables.push((name.clone(), entries));
        }
        seen
    }
}
