//! `tancho run`: load, link with WASI, call.

use super::invoke;
use crate::coredump;
use crate::diagnosis::{Diagnosis, code, spelling};
use crate::directory;
use crate::engine::config;
use crate::flags::{Run, UnknownImports, definition};
use crate::load::{self, By, Loaded, Trust};
use crate::outcome::tell;
use crate::output::{Digest, Patient, Whole};
use crate::stats::Stats;
use crate::timeout::{self, Timeout};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tancho::{Cache, Context, Engine, Error, Extern, Instance, Linker, Module, Result, Store, Trap};
use tancho_wasi::{I32Exit, Threads, WasiCtx, WasiCtxBuilder};

pub(crate) fn run(flags: &Run) -> Result<ExitCode> {
    let mut stats = Stats::new();
    let mut step = Instant::now();
    let engine = engine(flags)?;
    stats.time("engine_us", "engine", lap(&mut step));
    let (file, arguments) = flags.split();
    let cache = load::cache(&flags.cache);
    let loaded = obtain(&engine, cache.as_ref(), file, flags);
    let Loaded { module, by, reading, making, bytes } = loaded.map_err(|error| perhaps_a_command(error, file))?;
    stats.word("code", "code from", by.name());
    stats.time("read_us", "reading the file", reading);
    stats.time("code_us", "compiling or loading", making);
    stats.bytes("wasm_bytes", "module", bytes as u64);
    stats.bytes("image_bytes", "compiled module", module.image_len() as u64);

    step = Instant::now();
    let mut linker = Linker::new(&engine);
    tancho_wasi::p1::add_to_linker(&mut linker, |context: &mut WasiCtx| context)?;
    let digests = [Digest::default(), Digest::default()];
    let mut store = Store::new(&engine, context(flags, &digests)?);
    let wasm = &flags.engine.proposals.wasm;
    let mut limits = flags.limits.limits(wasm);
    if flags.engine.consume_fuel && flags.limits.fuel(wasm).is_none() {
        // Code that consumes it runs without an end to it, where nobody gives one.
        limits = limits.fuel(u64::MAX);
    }
    store.set_limits(limits)?;
    for preload in &flags.preload {
        preload_module(&engine, &mut linker, &mut store, preload, flags)?;
    }
    let failed = || format!("failed to run {}", load::shown(file));
    let threads = threads(flags, &module, &mut linker, &store).with_context(failed)?;
    match flags.unknown_imports {
        UnknownImports::Refuse => {}
        UnknownImports::Trap => linker.define_unknown_imports_as_traps(&module)?,
        UnknownImports::Default => linker.define_unknown_imports_as_default_values(&module)?,
    }
    let timeout = Timeout::start(flags.timeout, store.interrupt_handle());
    let mut begun = None;
    let mut go = |store: &mut Store<WasiCtx>, instance: Result<Instance>| -> Result<()> {
        let instance = *begun.insert(instance?);
        stats.time("instantiate_us", "linking and instantiating", lap(&mut step));
        match &flags.invoke {
            Some(name) => invoke::invoke(store, instance, name, arguments),
            None => start(store, instance, arguments),
        }
    };
    let ended = match &threads {
        Some(threads) => threads.run(&linker, &module, &mut store, |store, pre| {
            let instance = pre.instantiate(&mut *store);
            go(store, instance)
        }),
        None => {
            let instance = linker.instantiate(&mut store, &module);
            go(&mut store, instance)
        }
    };
    drop(timeout);
    let ended = ended.map_err(|error| {
        let error = coredump::keep(error, &mut store, flags.debug.coredump(), &load::shown(file));
        explain(error, flags)
    });
    let Some(instance) = begun else { return ended.with_context(failed).map(|()| ExitCode::SUCCESS) };
    stats.time("run_us", "running", lap(&mut step));
    stats.count("host_calls", "calls to WASI", store.data().calls());
    if let Some(memory) = instance.get_export(&mut store, "memory").and_then(Extern::into_memory) {
        stats.bytes("memory_bytes", "the program's memory", memory.data(&store).len() as u64);
    }
    stats.heap(&store.heap_stats());
    if flags.output_hash {
        let [stdout, stderr] = digests.map(|digest| digest.hex());
        tell(&format!("stdout {stdout}\nstderr {stderr}"));
    }
    if let Some(shown) = flags.stats {
        stats.print(shown);
    }
    match ended {
        // A program that ends by itself has not failed.
        Err(error) if error.is::<I32Exit>() => Err(error),
        ended => ended.with_context(failed).map(|()| ExitCode::SUCCESS),
    }
}

/// The threads of a program that is built to start some, with the memory that they share.
fn threads(
    flags: &Run,
    module: &Module,
    linker: &mut Linker<WasiCtx>,
    store: &Store<WasiCtx>,
) -> Result<Option<Threads<WasiCtx>>> {
    if !tancho_wasi::threads::are_imported(module) {
        return Ok(None);
    }
    let refused = |message: &str, help: &str| Diagnosis::new(&code::guest::THREADS, message).help(help);
    if flags.deterministic {
        let message =
            "the program starts threads, and in which order they run is the machine's: --deterministic has none";
        return Err(refused(message, "run it without --deterministic, or build it for wasm32-wasip1").into());
    }
    if flags.max_threads == 0 {
        return Err(refused(
            "the program starts threads, and --max-threads=0 gives it none",
            "give it some: --max-threads 8",
        )
        .into());
    }
    if !flags.preload.is_empty() {
        let message =
            "the program starts threads, each with an instance of its own, and what --preload makes is there once";
        return Err(refused(message, "run it without --preload").into());
    }
    // Each thread has as much.
    let limits = store.limits().clone();
    let threads =
        Threads::with_preparation(module, flags.max_threads, move |store| store.set_limits(limits.clone())).context(
            refused("the program starts threads, and is not built for it", "build it for wasm32-wasip1-threads"),
        )?;
    threads.add_to_linker(linker, store)?;
    Ok(Some(threads))
}

fn engine(flags: &Run) -> Result<Engine> {
    let mut config = config(&flags.engine);
    flags.debug.apply(&mut config);
    if flags.deterministic {
        config.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true);
    }
    if flags.limits.fuel.is_some() {
        config.consume_fuel(true);
    }
    Engine::new(&config)
}

/// Puts what has happened around the error of a program that has used its fuel up.
fn explain(error: Error, flags: &Run) -> Error {
    let error = timeout::explain(error, flags.timeout);
    match (flags.limits.fuel(&flags.engine.proposals.wasm), error.downcast_ref::<Trap>()) {
        (Some(fuel), Some(Trap::OutOfFuel)) => {
            let message = format!("the program has used up the {fuel} units of fuel that --fuel gives it");
            error.context(
                Diagnosis::new(&code::guest::FUEL, message)
                    .help("give it more, or look at the backtrace for a loop without an end"),
            )
        }
        _ => error,
    }
}

/// The time since `step`, which is now from here on.
fn lap(step: &mut Instant) -> Duration {
    let took = step.elapsed();
    *step = Instant::now();
    took
}

/// Loads a module that was compiled ahead of time.
///
/// # Errors
///
/// When it is not sound, not for this engine, or not written by this user's engine, for whom nobody vouches.
pub(crate) fn load_compiled(engine: &Engine, bytes: &[u8], file: &OsStr, trust: bool) -> Result<Module> {
    let module = if trust {
        // SAFETY: with `--allow-precompiled` the user vouches for the origin of the file, which is what this asks for.
        unsafe { Module::deserialize_trusted(engine, bytes) }
    } else {
        Module::deserialize(engine, bytes)
    };
    module.map_err(|error| not_loaded(error, file))
}

/// The same of a file whose code is mapped.
///
/// # Errors
///
/// When it is not for this engine, or cannot be mapped.
pub(crate) fn load_mapped(engine: &Engine, file: &OsStr) -> Result<Module> {
    // SAFETY: with `--allow-mmap` the user vouches for the origin of the file, and that nobody writes to it.
    let module = unsafe { Module::deserialize_file_mapped(engine, file) };
    module.map_err(|error| not_loaded(error, file))
}

/// Puts what is to be done around the error of a compiled file that is not loaded.
fn not_loaded(error: Error, file: &OsStr) -> Error {
    let shown = load::shown(file);
    match error.downcast_ref::<tancho::LoadError>() {
        Some(tancho::LoadError::Image(image)) => {
            let code = error.code().and_then(code::of).unwrap_or(&code::image::DAMAGED);
            let diagnosis = Diagnosis::new(code, format!("cannot load {shown}"));
            let help = match image {
                tancho::ImageError::Unsigned => {
                    "use --allow-precompiled for an intact file that another user or machine has compiled"
                }
                tancho::ImageError::Tunables => {
                    "give the options that it was compiled with, or compile it again with these"
                }
                _ => "compile it again from the .wasm file: tancho compile FILE",
            };
            error.context(diagnosis.help(help))
        }
        _ => error.context(format!("cannot load {shown}")),
    }
}

/// What a missing file means that was perhaps meant for a command.
fn perhaps_a_command(error: Error, file: &OsStr) -> Error {
    let missing = error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound);
    let Some(word) = file.to_str().filter(|word| missing && !word.contains(['.', '/'])) else { return error };
    let definition = definition();
    let help = match spelling::of_command(word, definition.get_subcommands().map(clap::Command::get_name)) {
        Some(command) => format!("did you mean `{command}`?"),
        // A file is meant, whose name is nearby.
        None if error.downcast_ref().is_some_and(Diagnosis::is_whole) => return error,
        None => "`tancho help` lists the commands".to_owned(),
    };
    let message = format!("there is neither a command nor a file `{word}` (cannot read {word})");
    Diagnosis::new(&code::line::UNKNOWN_COMMAND, message).help(help).into()
}

/// The module in a file, whose code the program can write to in no directory that it is given.
fn obtain(engine: &Engine, cache: Option<&Cache>, file: &OsStr, flags: &Run) -> Result<Loaded> {
    let loaded = load::module(engine, cache, file, Trust::of(flags))?;
    if loaded.by == By::MappedFile {
        // What is mapped is what stands in the file: who can write there writes code.
        flags.dir.iter().try_for_each(|directory| directory::not_writable(Path::new(file), directory))?;
    }
    Ok(loaded)
}

/// Makes what another module exports importable as `NAME`.
fn preload_module(
    engine: &Engine,
    linker: &mut Linker<WasiCtx>,
    store: &mut Store<WasiCtx>,
    preload: &str,
    flags: &Run,
) -> Result<()> {
    let wrong = || {
        Diagnosis::new(&code::line::WRONG_VALUE, format!("--preload is given `{preload}`"))
            .help("write --preload NAME=FILE")
    };
    let (name, file) = preload.split_once('=').ok_or_else(wrong)?;
    let cache = load::cache(&flags.cache);
    let module = obtain(engine, cache.as_ref(), file.as_ref(), flags)?.module;
    linker.module(store, name, &module).with_context(|| format!("cannot preload {file}"))?;
    Ok(())
}

/// What the guest may see of the host.
fn context(flags: &Run, digests: &[Digest; 2]) -> Result<WasiCtx> {
    let (file, arguments) = flags.split();
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio().max_open_files(flags.max_open_files);
    if let Some(bytes) = flags.max_bytes_written {
        builder.max_bytes_written(bytes);
    }
    if flags.deterministic {
        builder.deterministic(flags.seed).stdin(Patient(std::io::stdin()));
    }
    if flags.deterministic || flags.output_hash {
        let [stdout, stderr] = digests.clone();
        builder.stdout(Whole::new(std::io::stdout(), stdout)).stderr(Whole::new(std::io::stderr(), stderr));
    }
    let name = Path::new(file).file_name().unwrap_or(file);
    builder.arg(flags.argv0.as_deref().map_or_else(|| name.to_string_lossy(), Into::into));
    for argument in arguments.iter().filter(|_| flags.invoke.is_none()) {
        builder.arg(utf8(argument)?);
    }
    if flags.inherit_env {
        builder.inherit_env();
    }
    for variable in &flags.env {
        let variable = utf8(variable)?;
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
        directory::preopen(&mut builder, directory)?;
    }
    for address in &flags.tcplisten {
        listen(&mut builder, *address)?;
    }
    Ok(builder.build())
}

/// Gives the guest a socket that listens.
fn listen(builder: &mut WasiCtxBuilder, address: std::net::SocketAddr) -> Result<()> {
    let socket = std::net::TcpListener::bind(address);
    let failed = || Diagnosis::new(&code::guest::SOCKET, format!("cannot listen at {address} for --tcplisten"));
    socket
        .and_then(|socket| builder.preopened_listener(socket).map(|_| ()))
        .map_err(|error| Error::new(error).context(failed()))
}

/// WASI's arguments and variables are UTF-8.
fn utf8(text: &OsStr) -> Result<&str> {
    text.to_str().ok_or_else(|| {
        let message = format!("{} is not UTF-8, and WASI has no other text", text.display());
        Diagnosis::new(&code::line::NOT_UTF8, message).into()
    })
}

/// Runs a command: `_start`, or the function with the empty name.
fn start(store: &mut Store<WasiCtx>, instance: Instance, arguments: &[std::ffi::OsString]) -> Result<()> {
    let start = ["_start", ""].into_iter().find_map(|name| instance.get_func(&mut *store, name));
    if let Some(start) = start {
        let typed = start.typed::<(), ()>(&*store).map_err(|error| {
            error.context(Diagnosis::new(
                &code::import::NO_START,
                "`_start` has parameters or results, so it is not what programs begin with",
            ))
        });
        return typed?.call(store, ());
    }
    let functions = invoke::functions(store, instance);
    let diagnosis = match functions.as_slice() {
        [] => Diagnosis::new(&code::import::NO_START, "the module exports no function, so there is nothing to run"),
        some => Diagnosis::new(
            &code::import::NO_START,
            format!(
                "the module exports no function `_start`; call one of its functions with --invoke: {}",
                some.join(", ")
            ),
        ),
    };
    let misplaced = arguments.iter().any(|word| word.to_str().is_some_and(|word| word.starts_with("--invoke")));
    Err(if misplaced {
        diagnosis.help("options stand before the file: tancho --invoke NAME FILE [ARGS]")
    } else {
        diagnosis
    }
    .into())
}
