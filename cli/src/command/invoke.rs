//! `tancho run --invoke`: one function, its arguments from the command line, its results printed.
//!
//! Called by `run`.

use crate::diagnosis::{Diagnosis, code, spelling};
use crate::outcome;
use std::ffi::OsString;
use tancho::{Extern, Func, Instance, Ref, Result, Store, Val, ValType};

/// Calls the exported function `name` and prints its results.
pub(super) fn invoke<T>(store: &mut Store<T>, instance: Instance, name: &str, arguments: &[OsString]) -> Result<()> {
    let Some(function) = instance.get_func(&mut *store, name) else {
        let functions = functions(store, instance);
        let diagnosis = Diagnosis::new(&code::import::NO_EXPORT, format!("the module exports no function `{name}`"));
        return Err(match spelling::nearest(name, functions.iter().map(String::as_str)) {
            Some(near) => diagnosis.help(format!("did you mean --invoke {near}?")),
            None if functions.is_empty() => diagnosis,
            None => diagnosis.help(format!("it exports these: {}", functions.join(", "))),
        }
        .into());
    };
    // A reactor wants to be initialised before anything else (WASI application ABI).
    if let Some(initialize) = instance.get_func(&mut *store, "_initialize").filter(|_| name != "_initialize") {
        initialize.typed::<(), ()>(&*store)?.call(&mut *store, ())?;
    }
    let results = call_with_text(store, function, arguments)?;
    let lines: String = results.iter().map(|result| show(result) + "\n").collect();
    outcome::print(&lines)?;
    Ok(())
}

/// The names of the functions that an instance exports.
pub(super) fn functions<T>(store: &mut Store<T>, instance: Instance) -> Vec<String> {
    let exports = instance.exports(&mut *store);
    let function = |export: tancho::Export<'_>| {
        let name = export.name().to_owned();
        matches!(export.into_extern(), Extern::Func(_)).then_some(name)
    };
    exports.filter_map(function).collect()
}

fn call_with_text<T>(store: &mut Store<T>, function: Func, arguments: &[OsString]) -> Result<Vec<Val>> {
    let ty = function.ty(&*store);
    let wrong = |message: String| Diagnosis::new(&code::line::INVOKE_ARGUMENTS, message);
    if ty.params().len() != arguments.len() {
        let parameters: Vec<String> = ty.params().map(|ty| ty.to_string()).collect();
        return Err(wrong(format!(
            "the function takes {} arguments and {} are given",
            ty.params().len(),
            arguments.len()
        ))
        .help(match parameters.as_slice() {
            [] => "it has no parameters: write nothing after the file".to_owned(),
            some => format!("write them after the file, as values of: {}", some.join(" ")),
        })
        .into());
    }
    let arguments: Vec<Val> = ty
        .params()
        .zip(arguments)
        .map(|(ty, text)| {
            let text = text.to_str().unwrap_or_default();
            parse(&ty, text).ok_or_else(|| wrong(format!("`{text}` is no value of type {ty}")).help(form(&ty)).into())
        })
        .collect::<Result<_>>()?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(store, &arguments, &mut results)?;
    Ok(results)
}

/// How values of a type are written.
fn form(ty: &ValType) -> &'static str {
    match ty {
        ValType::I32 => "an i32 is written as -7, 4294967289 or 0xfffffff9",
        ValType::I64 => "an i64 is written as -7 or 0x7fff",
        ValType::F32 | ValType::F64 => "a float is written as 1.5, -3e10, inf or nan",
        ValType::V128 => "a vector is written as 0x and up to 32 hexadecimal digits, lane 0 last",
        ValType::Ref(_) => "a reference has no form on the command line",
    }
}

/// A value of type `ty` from text. Integers may be signed or unsigned, decimal or hexadecimal; vectors are hexadecimal, lane 0 last.
fn parse(ty: &ValType, text: &str) -> Option<Val> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let integer = match digits.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16),
        None => digits.parse::<i128>(),
    }
    .ok()
    .map(|value| if negative { -value } else { value });
    let fits = |bits: u32| integer.filter(|value| (-(1i128 << (bits - 1))..1i128 << bits).contains(value));
    match ty {
        ValType::I32 => fits(32).map(|value| Val::I32(value as i32)),
        ValType::I64 => fits(64).map(|value| Val::I64(value as i64)),
        ValType::F32 => text.parse::<f32>().ok().map(|value| Val::F32(value.to_bits())),
        ValType::F64 => text.parse::<f64>().ok().map(|value| Val::F64(value.to_bits())),
        ValType::V128 => u128::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(|bits| Val::V128(bits.into())),
        ValType::Ref(_) => None,
    }
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(vector) => format!("{:#034x}", vector.as_u128()),
        other => match other.ref_() {
            Some(reference) if reference.is_null() => "null".to_owned(),
            Some(Ref::Func(_)) => "<function>".to_owned(),
            Some(Ref::Any(_)) => "<object>".to_owned(),
            Some(Ref::Extern(_)) => "<external value>".to_owned(),
            Some(Ref::Exn(_)) => "<exception>".to_owned(),
            None => format!("{other:?}"),
        },
    }
}
