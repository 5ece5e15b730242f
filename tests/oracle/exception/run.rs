//! Running a program in the engine, and comparing what comes of it with the model.

use super::model::{Model, Outcome, Thrown, Value, digest, values};
use super::program::{FUNCTIONS, TAGS, Type, make};
use super::text::{module, relay};
use crate::oracle::seed::Rng;
use crate::oracle::swarm::Swarm;
use crate::oracle::tancho::Tancho;
use std::ops::AddAssign;
use tancho::{
    AsContextMut, Caller, Error, Exception, FuncType, Instance, Linker, Module, Ref, Result, Store, Tag, TagType, Trap,
    V128, Val, ValType,
};

/// What came of programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Yield {
    /// Calls that were compared.
    pub calls: usize,
    /// How many of them returned.
    pub returned: usize,
    /// How many ended in an exception.
    pub threw: usize,
    /// How many ended in the trap of a null reference.
    pub null: usize,
    /// Exceptions that were caught, by the model.
    pub caught: usize,
    /// Rounds of loops that ended before their end, by the model.
    pub again: usize,
}

impl AddAssign for Yield {
    fn add_assign(&mut self, other: Yield) {
        self.calls += other.calls;
        self.returned += other.returned;
        self.threw += other.threw;
        self.null += other.null;
        self.caught += other.caught;
        self.again += other.again;
    }
}

/// The most statements that a call may run.
const LONGEST: usize = 20_000;

/// Makes a program, and runs it in `usual` and in an engine of a random configuration.
///
/// # Errors
///
/// What differs from the model, with the program.
pub fn check(random: &mut Rng, usual: &Tancho) -> Result<Yield, String> {
    let functions = make(random);
    let arguments: Vec<u64> = (0..4).map(|_| random.u64(..)).collect();
    let text = module(&functions);
    let mut swarm = Swarm::random(random);
    // How large a heap may be is tested elsewhere.
    swarm.tunables.gc_heap_reservation = 4 << 30;
    let mut came = Yield::default();
    for tancho in [usual, &Tancho::new(swarm)] {
        let fail = |what: String| format!("{what}, in {:?}\n{text}", tancho.swarm());
        let mut running = Running::new(tancho, &text).map_err(|error| fail(format!("{error:#}")))?;
        let mut model = Model { functions: &functions, kept: None, left: LONGEST, caught: 0, again: 0 };
        for argument in &arguments {
            let expected = model.call(0, *argument);
            if expected == Outcome::TooLong {
                break;
            }
            model.left = LONGEST;
            let found = running.call(*argument).map_err(|error| fail(format!("{error:#}")))?;
            if expected != found {
                return Err(fail(format!("f0({argument}): the model has {expected:x?}, the engine {found:x?}")));
            }
            came.calls += 1;
            match found {
                Outcome::Returned(_) => came.returned += 1,
                Outcome::Threw(_) => came.threw += 1,
                _ => came.null += 1,
            }
        }
        came.caught += model.caught;
        came.again += model.again;
    }
    Ok(came)
}

fn val_type(ty: Type) -> ValType {
    match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
    }
}

fn val(value: Value) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits.cast_signed()),
        Value::I64(bits) => Val::I64(bits.cast_signed()),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(V128::from(bits)),
    }
}

fn value(val: &Val) -> Option<Value> {
    Some(match *val {
        Val::I32(value) => Value::I32(value.cast_unsigned()),
        Val::I64(value) => Value::I64(value.cast_unsigned()),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(vector) => Value::V128(vector.as_u128()),
        _ => return None,
    })
}

/// What host functions know.
#[derive(Default)]
struct Host {
    instance: Option<Instance>,
    /// The tags by what they are.
    tags: Vec<Tag>,
}

fn thrown(exception: &Exception, tags: &[Tag]) -> Option<Thrown> {
    let tag = tags.iter().position(|tag| *tag == exception.tag())?;
    Some(Thrown { tag, values: exception.fields().iter().map(value).collect::<Option<_>>()? })
}

fn call(mut caller: Caller<'_, Host>, function: i32, argument: u64) -> Result<u64> {
    let instance = caller.data().instance.ok_or_else(|| Error::msg("it is called once it is there"))?;
    let name = format!("f{function}");
    instance.get_typed_func::<u64, u64>(&mut caller, &name)?.call(&mut caller, argument)
}

fn catch(mut caller: Caller<'_, Host>, function: i32, argument: u64) -> Result<u64> {
    let instance = caller.data().instance.ok_or_else(|| Error::msg("it is called once it is there"))?;
    let name = format!("f{function}");
    let error = match instance.get_typed_func::<u64, u64>(&mut caller, &name)?.call(&mut caller, argument) {
        Ok(result) => return Ok(result),
        Err(error) => error,
    };
    let exception: Exception = error.downcast()?;
    thrown(&exception, &caller.data().tags).map(|thrown| digest(&thrown)).ok_or_else(|| Error::msg("an unknown tag"))
}

struct Running {
    store: Store<Host>,
    instance: Instance,
}

impl Running {
    fn new(tancho: &Tancho, text: &str) -> Result<Running> {
        let engine = tancho.engine();
        let mut store = Store::new(engine, Host::default());
        let mut linker = Linker::<Host>::new(engine);
        for (thing, types) in TAGS.iter().take(super::program::IMPORTED).skip(1) {
            let ty = FuncType::new(engine, types.iter().map(|ty| val_type(*ty)), []);
            let tag = Tag::new(&mut store, &TagType::new(ty)?)?;
            linker.define(&store, "host", &format!("t{thing}"), tag)?;
            store.data_mut().tags.push(tag);
        }
        linker.func_wrap("host", "call", call)?;
        linker.func_wrap("host", "catch", catch)?;
        linker.func_wrap("host", "throw", |mut caller: Caller<'_, Host>, number: u64| -> Result<()> {
            let tag = caller.data().tags[TAGS[2].0];
            let values: Vec<Val> = values(2, number).into_iter().map(val).collect();
            Err(Exception::new(&mut caller, tag, &values)?.into())
        })?;
        let load = |text: &str| -> Result<Module> {
            if tancho.swarm().precompiled {
                Module::deserialize(engine, engine.precompile_module(text.as_bytes())?)
            } else {
                Module::new(engine, text)
            }
        };
        let instance = linker.instantiate(&mut store, &load(text)?)?;
        store.data_mut().instance = Some(instance);
        let defined = TAGS[super::program::IMPORTED..].iter().map(|(thing, _)| format!("t{thing}"));
        for name in defined {
            let tag = instance.get_tag(&mut store, &name).ok_or_else(|| Error::msg("it exports its tags"))?;
            store.data_mut().tags.push(tag);
        }
        linker.instance(&mut store, "main", instance)?;
        let relay = linker.instantiate(&mut store, &load(&relay())?)?;
        let relay = relay.get_func(store.as_context_mut(), "relay");
        let table = instance.get_table(&mut store, "table").ok_or_else(|| Error::msg("it exports its table"))?;
        table.set(&mut store, FUNCTIONS as u64, Ref::Func(relay))?;
        Ok(Running { store, instance })
    }

    fn call(&mut self, argument: u64) -> Result<Outcome> {
        let function = self.instance.get_typed_func::<u64, u64>(&mut self.store, "f0")?;
        let error = match function.call(&mut self.store, argument) {
            Ok(result) => return Ok(Outcome::Returned(result)),
            Err(error) => error,
        };
        if error.downcast_ref::<Trap>() == Some(&Trap::NullReference) {
            return Ok(Outcome::Null);
        }
        let found = error.downcast_ref::<Exception>().and_then(|exception| thrown(exception, &self.store.data().tags));
        found.map(Outcome::Threw).ok_or(error)
    }
}
