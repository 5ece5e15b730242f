//! The oracle: wasmi, an interpreter that shares no code with Tancho beyond the parser.
//!
//! Built with its feature `deterministic`, by which every NaN that an operator makes is the canonical one. Known
//! differences, of version 2.0.0:
//!
//! - `i32.eqz` (or `i32.eq`, `i32.ne` with 0) of a local, as the condition of a `select` while another temporary value is in wasmi's
//!   accumulator, tests that value instead of the local: `try_fuse_select` drops the comparison and keeps its result's register. `unfused`
//!   keeps the two apart, in wasmi's copy of the module alone.
//! - Its operators call one another, which takes no stack only where the Rust compiler makes a jump of each such call. In the profile of the tests it
//!   does not: of 37,000 operators 2 MiB were full. With the feature `portable-dispatch` they are called by a loop.
//! - `relaxed_madd` and `relaxed_nmadd` are fused; the deterministic profile rounds twice. `operator` leaves them out.

use super::plain::{FUEL, Host, Refusal, Running, Seen, Subject};
use super::shadow::AGAIN;
use super::shape::Shape;
use super::value::{Stop, Type, Value};
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Instruction};
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{
    AsContext, AsContextMut, Caller, CompilationMode, Config, Engine, Error, ExternRef, F32, F64, Func, FuncType,
    Instance, Linker, Module, Nullable, Ref, Store, TrapCode, V128, Val, ValType,
};

/// An engine of wasmi.
pub struct Wasmi {
    engine: Engine,
}

impl Default for Wasmi {
    fn default() -> Self {
        let mut config = Config::default();
        config.wasm_wide_arithmetic(true).wasm_memory64(true).wasm_custom_page_sizes(true);
        config.compilation_mode(CompilationMode::Eager);
        // More than the modules' fuel can use up: a comparison that ends early compares less.
        config.set_max_recursion_depth(10_000).set_max_stack_height(16 << 20);
        Wasmi { engine: Engine::new(&config) }
    }
}

fn types(types: &[Type]) -> Vec<ValType> {
    let ty = |ty: &Type| match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Func => ValType::FuncRef,
        Type::Extern => ValType::ExternRef,
    };
    types.iter().map(ty).collect()
}

fn lower(store: impl AsContextMut, value: Value) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(bits)),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        Value::Func(_) => Val::FuncRef(Nullable::Null),
        Value::Extern(None) => Val::ExternRef(Nullable::Null),
        Value::Extern(Some(number)) => Val::ExternRef(Nullable::Val(ExternRef::new(store, number))),
    }
}

fn lift(store: impl AsContext, value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(function) => Value::Func(!function.is_null()),
        Val::ExternRef(reference) => Value::Extern(reference.val().map(|reference| {
            let data = reference.data(store.as_context());
            *data.downcast_ref::<u32>().expect("all of them are numbers")
        })),
    }
}

/// What an error is in the words of all engines.
fn stop(error: &Error) -> Stop {
    match (error.as_trap_code(), error.kind()) {
        (Some(TrapCode::UnreachableCodeReached), _) => Stop::Unreachable,
        (Some(TrapCode::MemoryOutOfBounds), _) | (_, ErrorKind::Memory(MemoryError::OutOfBoundsAccess)) => Stop::Memory,
        (Some(TrapCode::TableOutOfBounds), _)
        | (_, ErrorKind::Table(TableError::InitOutOfBounds | TableError::CopyOutOfBounds)) => Stop::Table,
        (Some(TrapCode::IndirectCallToNull), _) => Stop::Null,
        (Some(TrapCode::BadSignature), _) => Stop::Signature,
        (Some(TrapCode::IntegerOverflow), _) => Stop::Overflow,
        (Some(TrapCode::IntegerDivisionByZero), _) => Stop::Zero,
        (Some(TrapCode::BadConversionToInteger), _) => Stop::Conversion,
        (Some(TrapCode::StackOverflow), _) => Stop::Exhausted,
        (_, ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. })) => Stop::Table,
        _ => Stop::Other(format!("wasmi: {error}")),
    }
}

/// Calls a function of the instance that calls the host; what came of it.
fn again(caller: &mut Caller<'_, Host>, params: &[Value]) -> Value {
    let (Some(Value::I32(number)), Some(argument)) = (params.first(), params.get(1)) else { return Value::I32(0) };
    let function = caller.get_export(&format!("f{number}")).and_then(|found| found.into_func());
    let function = function.expect("programs name functions that they export");
    let argument = lower(&mut *caller, *argument);
    let mut results = [Val::I32(0)];
    match function.call(&mut *caller, &[argument], &mut results) {
        Ok(()) => lift(&*caller, &results[0]),
        Err(error) => stop(&error).outcome(),
    }
}

/// Puts two operators that do nothing together between the condition of a `select` and the `select`: see the top.
struct Unfuse;

impl Reencode for Unfuse {
    type Error = Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if matches!(operator, wasmparser::Operator::Select | wasmparser::Operator::TypedSelect { .. }) {
                function.instruction(&Instruction::I64ExtendI32U).instruction(&Instruction::I32WrapI64);
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

    /// Left out: whether a custom section is sound is no matter, and the reader of names would mind.
    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }
}

/// The module as wasmi gets it right.
fn unfused(wasm: &[u8]) -> Result<Vec<u8>, reencode::Error> {
    let mut module = wasm_encoder::Module::new();
    Unfuse.parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Started {
    store: Store<Host>,
    instance: Instance,
    functions: Vec<(String, Func)>,
}

impl Subject for Wasmi {
    fn name(&self) -> String {
        "wasmi".to_owned()
    }

    fn start(&self, wasm: &[u8], shape: &Shape) -> Result<Box<dyn Running>, Refusal> {
        let invalid = |error: &dyn std::fmt::Display| Refusal::Invalid(error.to_string());
        let wasm = unfused(wasm).map_err(|error| invalid(&error))?;
        let module = Module::new(&self.engine, wasm).map_err(|error| invalid(&error))?;
        let mut store = Store::new(&self.engine, Host::default());
        let mut linker = Linker::new(&self.engine);
        linker.allow_shadowing(true);
        for (from, name, signature) in &shape.imports {
            let ty = FuncType::new(types(&signature.params), types(&signature.results));
            let (called, signature) = (name.clone(), signature.clone());
            linker
                .func_new(from, name, ty, move |mut caller: Caller<'_, Host>, params, results| {
                    let mut params: Vec<Value> = params.iter().map(|param| lift(&caller, param)).collect();
                    if called == AGAIN {
                        params.push(again(&mut caller, &params));
                    }
                    let values = caller.data_mut().called(&called, &signature, &params);
                    for (result, value) in results.iter_mut().zip(values) {
                        *result = lower(&mut caller, value);
                    }
                    Ok(())
                })
                .map_err(|error| invalid(&error))?;
        }
        let instance = linker.instantiate_and_start(&mut store, &module).map_err(|error| match stop(&error) {
            Stop::Other(_) => invalid(&error),
            stop => Refusal::Stopped(stop),
        })?;
        Ok(Box::new(Started { store, instance, functions: Vec::new() }))
    }
}

impl Running for Started {
    fn call(&mut self, function: &str, arguments: &[Value], results: &[Type]) -> Result<Vec<Value>, Stop> {
        if self.functions.last().is_none_or(|(name, _)| name != function) {
            let found = self.instance.get_func(&self.store, function).expect("the shape says that it is exported");
            self.functions.push((function.to_owned(), found));
        }
        let function = self.functions.last().expect("it has just been looked up").1;
        let arguments: Vec<Val> = arguments.iter().map(|value| lower(&mut self.store, *value)).collect();
        let mut values: Vec<Val> = types(results).into_iter().map(Val::default_for_ty).collect();
        function.call(&mut self.store, &arguments, &mut values).map_err(|error| stop(&error))?;
        Ok(values.iter().map(|value| lift(&self.store, value)).collect())
    }

    fn refuel(&mut self, fuel: i32) {
        if let Some(global) = self.instance.get_global(&self.store, FUEL) {
            global.set(&mut self.store, Val::I32(fuel)).expect("it is a mutable i32");
        }
    }

    fn look(&mut self, shape: &Shape) -> Seen {
        let store = &self.store;
        let mut seen = Seen { host: store.data().clone(), ..Seen::default() };
        for name in &shape.globals {
            let global = self.instance.get_global(store, name).expect("the shape says that it is exported");
            seen.globals.push((name.clone(), lift(store, &global.get(store))));
        }
        for name in &shape.memories {
            let memory = self.instance.get_memory(store, name).expect("the shape says that it is exported");
            let data = memory.data(store);
            seen.memory(name, data);
        }
        for name in &shape.tables {
            let table = self.instance.get_table(store, name).expect("the shape says that it is exported");
            let entry = |index| {
                let value = match table.get(store, index).expect("it is within the table") {
                    Ref::Func(function) => Val::FuncRef(function),
                    Ref::Extern(reference) => Val::ExternRef(reference),
                };
                lift(store, &value)
            };
            seen.tables.push((name.clone(), (0..table.size(store)).map(entry).collect()));
        }
        seen
    }
}
