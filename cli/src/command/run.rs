//! `tancho run`: load, link with WASI, call.

use crate::engine::{engine, read};
use crate::flags::Run;
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use tancho::{Context, Engine, Error, Extern, Func, Instance, Linker, Module, Ref, Result, Store, Val, ValType};
use tancho_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxBuilder};

pub(crate) fn run(flags: Run) -> Result<ExitCode> {
    let engine = engine(&flags.engine)?;
    let (file, arguments) = flags.split();
    let module = load(&engine, file, flags.allow_precompiled)?;
    let mut linker = Linker::new(&engine);
    tancho_wasi::p1::add_to_linker(&mut linker, |context: &mut WasiCtx| context)?;
    let mut store = Store::new(&engine, context(&flags)?);
    let failed = || format!("failed to run {}", file.display());
    let instance = linker.instantiate(&mut store, &module).with_context(failed)?;
    match &flags.invoke {
        Some(name) => invoke(&mut store, instance, name, arguments),
        None => start(&mut store, instance),
    }
    .with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// Loads a module, compiled or to be compiled.
fn load(engine: &Engine, file: &OsStr, allow_precompiled: bool) -> Result<Module> {
    let bytes = read(file)?;
    if !Module::is_precompiled(&bytes) {
        return Module::new(engine, &bytes).with_context(|| format!("cannot compile {}", file.display()));
    }
    let module = if allow_precompiled {
        // SAFETY: with `--allow-precompiled` the user vouches for the origin of the file, which is what this asks for.
        unsafe { Module::deserialize_trusted(engine, &bytes) }
    } else {
        Module::deserialize(engine, &bytes)
            .context("use --allow-precompiled for an intact file that another user or machine has compiled")
    };
    module.with_context(|| format!("cannot load {}", file.display()))
}

/// What the guest may see of the host.
fn context(flags: &Run) -> Result<WasiCtx> {
    let (file, arguments) = flags.split();
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio();
    let name = Path::new(file).file_name().unwrap_or(file);
    builder.arg(flags.argv0.as_deref().map_or_else(|| name.to_string_lossy(), Into::into));
    for argument in arguments.iter().filter(|_| flags.invoke.is_none()) {
        builder.arg(utf8(argument)?);
    }
    for variable in &flags.env {
        match variable.split_once('=') {
            Some((name, value)) => {
                builder.env(name, value);
            }
            None => {
                if let Some(value) = std::env::var_os(variable) {
                    builder.env(variable, utf8(&value)?);
                }
            }
        }
    }
    for directory in &flags.dir {
        let (host, guest) = directory.split_once("::").unwrap_or((directory, directory));
        builder
            .preopened_dir(host, guest, DirPerms::all(), FilePerms::all())
            .with_context(|| format!("cannot open the directory {host} for --dir"))?;
    }
    Ok(builder.build())
}

/// WASI's arguments and variables are UTF-8.
fn utf8(text: &OsStr) -> Result<&str> {
    text.to_str().ok_or_else(|| Error::msg(format!("{} is not UTF-8, and WASI has no other text", text.display())))
}

/// Runs a command: `_start`, or the function with the empty name.
fn start(store: &mut Store<WasiCtx>, instance: Instance) -> Result<()> {
    let start = ["_start", ""].into_iter().find_map(|name| instance.get_func(&mut *store, name));
    let Some(start) = start else {
        let functions: Vec<String> = instance
            .exports(&mut *store)
            .filter_map(|export| {
                let name = export.name().to_owned();
                matches!(export.into_extern(), Extern::Func(_)).then_some(name)
            })
            .collect();
        return Err(Error::msg(match functions.as_slice() {
            [] => "the module exports no function, so there is nothing to run".to_owned(),
            some => format!(
                "the module exports no function `_start`; call one of its functions with --invoke: {}",
                some.join(", ")
            ),
        }));
    };
    start.typed::<(), ()>(&*store)?.call(store, ())
}

/// Calls one function with arguments from the command line and prints its results.
fn invoke(store: &mut Store<WasiCtx>, instance: Instance, name: &str, arguments: &[std::ffi::OsString]) -> Result<()> {
    // A reactor wants to be initialised before anything else (WASI application ABI).
    if let Some(initialize) = instance.get_func(&mut *store, "_initialize").filter(|_| name != "_initialize") {
        initialize.typed::<(), ()>(&*store)?.call(&mut *store, ())?;
    }
    let function = instance
        .get_func(&mut *store, name)
        .ok_or_else(|| Error::msg(format!("the module exports no function `{name}`")))?;
    let results = call_with_text(store, function, arguments)?;
    for result in results {
        println!("{}", show(&result));
    }
    Ok(())
}

fn call_with_text(store: &mut Store<WasiCtx>, function: Func, arguments: &[std::ffi::OsString]) -> Result<Vec<Val>> {
    let ty = function.ty(&*store);
    if ty.params().len() != arguments.len() {
        return Err(Error::msg(format!(
            "the function takes {} arguments and {} are given",
            ty.params().len(),
            arguments.len()
        )));
    }
    let arguments: Vec<Val> = ty
        .params()
        .zip(arguments)
        .map(|(ty, text)| {
            let text = text.to_str().unwrap_or_default();
            parse(&ty, text).ok_or_else(|| Error::msg(format!("`{text}` is no value of type {ty}")))
        })
        .collect::<Result<_>>()?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(store, &arguments, &mut results)?;
    Ok(results)
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
        _ => None,
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
