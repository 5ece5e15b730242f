//! The host of a program: its values, which count when they are dropped, its roots, and the functions that a program imports.

use super::program::{ROOTS, TAGS};
use super::types::{RefType, Storage};
use std::sync::{Arc, Mutex};
use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContext, AsContextMut, Caller, Error, Exception, ExternRef, HeapType,
    Instance, Linker, Mutability, OwnedRooted, Result, Rooted, StorageType, StructRef, StructRefPre, StructType, Tag,
    V128, Val, ValType,
};

/// How often each of the host's values was dropped, in the order in which they were made.
#[derive(Default)]
pub(super) struct Drops(Mutex<Vec<u32>>);

impl Drops {
    pub(super) fn counts(&self) -> Vec<u32> {
        self.0.lock().expect("nobody panics while it is locked").clone()
    }
}

/// A value of the host.
pub(super) struct Value {
    index: usize,
    number: u64,
    drops: Arc<Drops>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.drops.0.lock().expect("nobody panics while it is locked")[self.index] += 1;
    }
}

/// What host functions know.
pub(super) struct Host {
    pub(super) instance: Option<Instance>,
    /// The tags by index.
    pub(super) tags: Vec<Tag>,
    roots: Vec<Option<OwnedRooted<AnyRef>>>,
    rooted: usize,
    pub(super) drops: Arc<Drops>,
    structure: StructType,
    array: ArrayType,
}

impl Host {
    pub(super) fn new(structure: StructType, array: ArrayType) -> Host {
        let drops = Arc::default();
        Host { instance: None, tags: Vec::new(), roots: Vec::new(), rooted: 0, drops, structure, array }
    }

    /// A new value.
    pub(super) fn value(&mut self, number: u64) -> Value {
        let mut all = self.drops.0.lock().expect("nobody panics while it is locked");
        all.push(0);
        Value { index: all.len() - 1, number, drops: self.drops.clone() }
    }

    /// A root that is kept.
    pub(super) fn kept(&self, at: usize) -> Option<OwnedRooted<AnyRef>> {
        self.roots.get(at).cloned().flatten()
    }
}

type Any = Option<Rooted<AnyRef>>;
type External = Option<Rooted<ExternRef>>;
/// A function by values.
type Untyped = fn(&mut Caller<'_, Host>, &[Val], &mut [Val]) -> Result<()>;

/// A type of the program's as the API has it. Types of the module are not among those that the host declares.
pub(super) fn val_type(storage: Storage) -> ValType {
    match storage {
        Storage::I32 => ValType::I32,
        Storage::I64 => ValType::I64,
        Storage::F32 => ValType::F32,
        Storage::F64 => ValType::F64,
        Storage::V128 => ValType::V128,
        Storage::Ref(RefType { heap: super::types::Heap::Extern, .. }) => ValType::EXTERNREF,
        Storage::Ref(_) => ValType::ANYREF,
        Storage::I8 | Storage::I16 => unreachable!("values are not packed"),
    }
}

/// What is seen from a value, so deep.
pub(super) fn seen<C: AsContextMut>(store: &mut C, value: Val, depth: u32) -> Result<u64> {
    let object = match value {
        Val::I32(value) => return Ok(u64::from(value.cast_unsigned())),
        Val::I64(value) => return Ok(value.cast_unsigned()),
        Val::F32(bits) => return Ok(u64::from(bits)),
        Val::F64(bits) => return Ok(bits),
        Val::V128(vector) => {
            let bits = vector.as_u128();
            return Ok((bits as u64) ^ ((bits >> 64) as u64).rotate_left(7));
        }
        Val::FuncRef(None) => return Ok(0),
        Val::FuncRef(Some(function)) => return Ok(if function.ty(&*store).params().len() == 3 { 1 } else { 2 }),
        Val::ExnRef(exception) => return Ok(u64::from(exception.is_some())),
        Val::AnyRef(None) | Val::ExternRef(None) => return Ok(1),
        _ if depth == 0 => return Ok(2),
        Val::AnyRef(Some(object)) => object,
        Val::ExternRef(Some(value)) => AnyRef::convert_extern(&mut *store, value)?,
    };
    if let Some(number) = object.as_i31(&*store)? {
        return Ok(93_u64.wrapping_add_signed(i64::from(number.get_i32())));
    }
    let add = |sum: u64, part: u64| sum.wrapping_mul(31).wrapping_add(part);
    if let Some(structure) = object.as_struct(&*store)? {
        let fields: Vec<Val> = structure.fields(store.as_context_mut())?.collect();
        return fields.into_iter().try_fold(0, |sum, field| Ok(add(sum, seen(store, field, depth - 1)?)));
    }
    if let Some(array) = object.as_array(&*store)? {
        let length = array.len(&*store)?;
        return (0..length.min(3)).chain(length.checked_sub(1)).try_fold(u64::from(length), |sum, at| {
            let element = array.get(&mut *store, at)?;
            Ok(add(sum, seen(store, element, depth - 1)?))
        });
    }
    let value = ExternRef::convert_any(&mut *store, object)?;
    let value = value.data(store.as_context())?;
    let value =
        value.and_then(|value| value.downcast_ref::<Value>()).ok_or_else(|| Error::msg("no value of the host"))?;
    Ok(value.number.wrapping_add(1550))
}

/// What is seen of an exception.
pub(super) fn exception_seen<C: AsContextMut>(store: &mut C, exception: &Exception, tags: &[Tag]) -> Result<u64> {
    let tag = tags.iter().position(|tag| *tag == exception.tag());
    let tag = tag.ok_or_else(|| Error::msg("an unknown tag"))?;
    exception.fields().iter().try_fold(tag as u64, |sum, field| {
        let part = match field {
            Val::FuncRef(function) => u64::from(function.is_some()),
            value => seen(store, *value, 2)?,
        };
        Ok(sum.wrapping_mul(31).wrapping_add(part))
    })
}

fn root(mut caller: Caller<'_, Host>, value: Any) -> Result<()> {
    let owned = value.map(|value| value.to_owned_rooted(&mut caller)).transpose()?;
    let host = caller.data_mut();
    if host.roots.len() < ROOTS {
        host.roots.push(owned);
    } else {
        host.roots[host.rooted % ROOTS] = owned;
    }
    host.rooted += 1;
    Ok(())
}

fn take(mut caller: Caller<'_, Host>, number: u64) -> Result<Any> {
    let host = caller.data_mut();
    let Some(at) = (number as u32).checked_rem(host.roots.len() as u32) else { return Ok(None) };
    host.roots.remove(at as usize).map(|root| root.to_rooted(&mut caller)).transpose()
}

/// A value for a field, if there is one.
fn fitting(mut caller: impl AsContextMut, storage: &StorageType, number: u64, value: Any) -> Result<Option<Val>> {
    let StorageType::ValType(ty) = storage else { return Ok(Some(Val::I32(number as i32))) };
    let value = match ty {
        ValType::I32 => Val::I32(number as i32),
        ValType::I64 => Val::I64(number.cast_signed()),
        ValType::F32 => Val::F32(number as u32),
        ValType::F64 => Val::F64(number),
        ValType::V128 => Val::V128(V128::from(u128::from(number) << 64 | u128::from(number))),
        ValType::Ref(to) => {
            let value = match to.heap_type().top() {
                HeapType::Func | HeapType::Exn => return Ok(None),
                HeapType::Extern => {
                    Val::ExternRef(value.map(|value| ExternRef::convert_any(&mut caller, value)).transpose()?)
                }
                _ => Val::AnyRef(value),
            };
            if !value.matches_ty(&caller, ty)? {
                return Ok(Val::default_for_ty(ty));
            }
            value
        }
    };
    Ok(Some(value))
}

fn mutate(mut caller: Caller<'_, Host>, object: Any, number: u64, value: Any) -> Result<()> {
    let Some(object) = object else { return Ok(()) };
    if let Some(structure) = object.as_struct(&caller)? {
        let fields: Vec<_> = structure.ty(&caller)?.fields().collect();
        let Some(at) = number.checked_rem(fields.len() as u64) else { return Ok(()) };
        let field = &fields[at as usize];
        if field.mutability() == Mutability::Var
            && let Some(value) = fitting(&mut caller, field.element_type(), number, value)?
        {
            structure.set_field(&mut caller, at as usize, value)?;
        }
    } else if let Some(array) = object.as_array(&caller)? {
        let ty = array.ty(&caller)?;
        let Some(at) = number.checked_rem(u64::from(array.len(&caller)?)) else { return Ok(()) };
        if ty.mutability() == Mutability::Var
            && let Some(value) = fitting(&mut caller, &ty.element_type(), number, value)?
        {
            array.set(&mut caller, at as u32, value)?;
        }
    }
    Ok(())
}

fn read(caller: Caller<'_, Host>, value: External) -> Result<u64> {
    let Some(value) = value else { return Ok(5) };
    let data = value.data(&caller)?;
    Ok(data.and_then(|value| value.downcast_ref::<Value>()).map_or(6, |value| value.number))
}

fn array(mut caller: Caller<'_, Host>, number: u64, value: Any) -> Result<Any> {
    let ty = caller.data().array.clone();
    let pre = ArrayRefPre::new(&mut caller, ty);
    let length = (number % 4) as u32 + 1;
    let array = if number & 4 == 0 {
        ArrayRef::new(&mut caller, &pre, &Val::AnyRef(value), length)?
    } else {
        ArrayRef::new_fixed(&mut caller, &pre, &vec![Val::AnyRef(value); length as usize])?
    };
    Ok(Some(array.to_anyref()))
}

fn structure(mut caller: Caller<'_, Host>, number: u64, value: Any) -> Result<Any> {
    let ty = caller.data().structure.clone();
    let pre = StructRefPre::new(&mut caller, ty);
    let number = number.cast_signed();
    let fields = [Val::I64(number), Val::AnyRef(value), Val::ExternRef(None), Val::I32(number as i32)];
    Ok(Some(StructRef::new(&mut caller, &pre, &fields)?.to_anyref()))
}

fn throw(mut caller: Caller<'_, Host>, number: u64, value: Any) -> Result<()> {
    let tag = caller.data().tags[0];
    let values = [Val::I64(number.cast_signed()), Val::AnyRef(value), Val::ExternRef(None)];
    Err(Exception::new(&mut caller, tag, &values)?.into())
}

/// Calls a function of the program; every fourth time there is a collection before it.
fn call(caller: &mut Caller<'_, Host>, params: &[Val], results: &mut [Val]) -> Result<()> {
    let instance = caller.data().instance.ok_or_else(|| Error::msg("it is called once it is there"))?;
    let number = |at: usize| params.get(at).and_then(|value| value.i64().or(value.i32().map(i64::from)));
    let (Some(function), Some(argument)) = (number(0), number(1)) else { return Err(Error::msg("no numbers")) };
    if argument & 3 == 0 {
        caller.gc();
    }
    let function = instance.get_func(&mut *caller, &format!("f{function}"));
    function.ok_or_else(|| Error::msg("it exports its functions"))?.call(&mut *caller, &params[1..], results)
}

fn catch(caller: &mut Caller<'_, Host>, params: &[Val], results: &mut [Val]) -> Result<()> {
    let Err(error) = call(caller, params, results) else { return Ok(()) };
    let exception: Exception = error.downcast()?;
    let tags = caller.data().tags.clone();
    results[0] = Val::I64(exception_seen(&mut *caller, &exception, &tags)?.cast_signed());
    let tag = tags.iter().position(|tag| *tag == exception.tag()).expect("it has just been found");
    let first = TAGS[tag].iter().position(|storage| *storage == TAGS[1][0]);
    let value = first.and_then(|at| exception.fields()[at].anyref().flatten());
    // What the exception refers to ends with it: the result has a root of its own.
    let owned = value.map(|value| value.to_owned_rooted(&mut *caller)).transpose()?;
    results[1] = Val::AnyRef(owned.map(|owned| owned.to_rooted(&mut *caller)).transpose()?);
    Ok(())
}

/// Defines the functions.
pub(super) fn define(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap("host", "make", |mut caller: Caller<'_, Host>, number: u64| -> Result<External> {
        let value = caller.data_mut().value(number);
        ExternRef::new(&mut caller, value).map(Some)
    })?;
    linker.func_wrap("host", "read", read)?;
    linker.func_wrap("host", "take", take)?;
    linker.func_wrap("host", "array", array)?;
    linker.func_wrap("host", "struct", structure)?;
    linker.func_wrap("host", "root", root)?;
    linker.func_wrap("host", "mutate", mutate)?;
    linker.func_wrap("host", "collect", |mut caller: Caller<'_, Host>| caller.gc())?;
    linker.func_wrap("host", "throw", throw)?;
    Ok(())
}

/// The functions whose types name types of the module: `call` and `catch` for what a module imports.
pub(super) fn by_type(name: &str) -> Untyped {
    if name == "catch" { catch } else { call }
}
