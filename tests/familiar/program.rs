//! A program for wasmtime's documented interface, which runs on Tancho and on wasmtime alike: what it writes down must be the same.
//!
//! `engine/tests/familiar.rs` compiles it with Tancho under the name `wasmtime`, and compares what it writes with `transcript.txt`;
//! `benches/familiar.rs` does so with both. What is different is in `docs/embedding/coming-from-wasmtime.md`, and not used here.

use super::wasmtime::*;
use std::fmt::Write;
use std::thread;
use std::time::Duration;

/// What the program has seen.
type Seen<'a> = &'a mut String;

macro_rules! note {
    ($seen:expr, $($text:tt)*) => { writeln!($seen, $($text)*).expect("a text can be written") };
}

mod own;

/// Everything, one after the other. `prepare` may set what has nothing to do with what is compared.
pub(crate) fn run(prepare: fn(&mut Config)) -> Result<String> {
    let mut config = Config::new();
    prepare(&mut config);
    config.wasm_multi_memory(true).wasm_multi_value(true).wasm_simd(true).wasm_bulk_memory(true);
    config.wasm_reference_types(true).wasm_function_references(true).wasm_gc(true).wasm_tail_call(true);
    config.wasm_threads(true).wasm_memory64(true).cranelift_opt_level(OptLevel::Speed).parallel_compilation(false);
    config.shared_memory(true);
    let engine = Engine::new(&config)?;
    let mut seen = String::new();
    type Part = fn(&Engine, Seen<'_>) -> Result<()>;
    let parts: [(&str, Part); 15] = [
        ("typed", typed),
        ("untyped", untyped),
        ("linker", linker),
        ("caller", caller),
        ("names", names),
        ("errors", errors),
        ("memories", memories),
        ("tables and globals", tables_and_globals),
        ("externref", externref),
        ("anyref", anyref),
        ("threads", threads),
        ("modules", modules),
        ("serialize", serialize),
        ("instances", instances),
        ("limits", limits),
    ];
    for (name, part) in parts {
        note!(seen, "# {name}");
        part(&engine, &mut seen)?;
    }
    type Own = fn(Config, Seen<'_>) -> Result<()>;
    let own: [(&str, Own); 5] = [
        ("epochs", own::epochs),
        ("epoch callbacks", own::epoch_callbacks),
        ("fuel", own::fuel),
        ("core dumps", own::core_dumps),
        ("waiting", own::waiting),
    ];
    for (name, part) in own {
        note!(seen, "# {name}");
        let mut config = Config::new();
        prepare(&mut config);
        part(config, &mut seen)?;
    }
    Ok(seen)
}

fn typed(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "halves") (param i64) (result i32 i32)
                (i32.wrap_i64 (local.get 0)) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
            (func (export "mean") (param f32 f64) (result f64)
                (f64.div (f64.add (f64.promote_f32 (local.get 0)) (local.get 1)) (f64.const 2)))
            (func (export "swap") (param i32 i64 f32) (result f32 i64 i32) (local.get 2) (local.get 1) (local.get 0)))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    note!(seen, "{} {}", add.call(&mut store, (2, 3))?, add.call(&mut store, (i32::MAX, 1))?);
    let halves = instance.get_typed_func::<u64, (u32, u32)>(&mut store, "halves")?;
    note!(seen, "{:?}", halves.call(&mut store, 0x7_0000_0009)?);
    let mean = instance.get_typed_func::<(f32, f64), (f64,)>(&mut store, "mean")?;
    note!(seen, "{:?}", mean.call(&mut store, (1.5, 2.5))?);
    let swap = instance.get_func(&mut store, "swap").expect("it is exported");
    let swap = swap.typed::<(i32, i64, f32), (f32, i64, i32)>(&store)?;
    note!(seen, "{:?}", swap.call(&mut store, (1, -2, 3.5))?);
    note!(seen, "{}", instance.get_typed_func::<i32, i32>(&mut store, "add").is_err());
    note!(seen, "{}", instance.get_typed_func::<(), ()>(&mut store, "nothing").is_err());
    Ok(())
}

fn untyped(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module (func (export "f") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let f = instance.get_func(&mut store, "f").expect("it is exported");
    let ty = f.ty(&store);
    note!(seen, "{} {} {:?}", ty.params().len(), ty.results().len(), ty.param(1).map(|ty| ty.is_i64()));
    let mut results = vec![Val::I32(0); ty.results().len()];
    f.call(&mut store, &[Val::I32(1), Val::I64(2), Val::from(3.5_f32), 4.5_f64.into()], &mut results)?;
    note!(
        seen,
        "{:?} {:?} {:?} {:?}",
        results[0].f64(),
        results[1].unwrap_f32(),
        results[2].i64(),
        results[3].unwrap_i32()
    );
    note!(seen, "{}", f.call(&mut store, &[], &mut results).is_err());
    note!(
        seen,
        "{}",
        f.call(&mut store, &[Val::I64(1), Val::I64(2), 3.5_f32.into(), 4.5_f64.into()], &mut results).is_err()
    );
    note!(seen, "{:?}", results[0].i32());
    let host = Func::new(&mut store, FuncType::new(engine, [ValType::I32], [ValType::I64]), |_, params, results| {
        results[0] = Val::I64(i64::from(params[0].unwrap_i32()) * 2);
        Ok(())
    });
    let mut doubled = [Val::I32(0)];
    host.call(&mut store, &[Val::I32(21)], &mut doubled)?;
    note!(seen, "{:?}", doubled[0].i64());
    let wrapped = Func::wrap(&mut store, |a: i32, b: i64| (b, a));
    note!(seen, "{:?}", wrapped.typed::<(i32, i64), (i64, i32)>(&store)?.call(&mut store, (1, 2))?);
    Ok(())
}

fn linker(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let mut store = Store::new(engine, 10);
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "nothing", || {})?;
    linker.func_wrap("host", "count", |mut caller: Caller<'_, i32>, by: i32| -> i32 {
        *caller.data_mut() += by;
        *caller.data()
    })?;
    linker.func_wrap("host", "two", |a: i32| -> (i32, f32) { (a, 0.5) })?;
    linker.func_wrap("host", "checked", |a: i32| -> Result<i32> { Ok(a + 1) })?;
    let ty = FuncType::new(engine, [ValType::I32], [ValType::I32]);
    linker.func_new("host", "new", ty, |_caller, params, results| {
        results[0] = params[0];
        Ok(())
    })?;
    let global = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Var), Val::I32(5))?;
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
    linker.define(&store, "host", "global", global)?.define(&store, "host", "memory", memory)?;
    note!(seen, "{}", linker.define(&store, "host", "memory", memory).is_err());
    linker.allow_shadowing(true);
    linker.define(&store, "host", "memory", memory)?;
    linker.alias("host", "count", "other", "c")?;
    linker.alias_module("other", "third")?;
    let module = Module::new(
        engine,
        r#"(module
            (import "host" "nothing" (func $nothing))
            (import "third" "c" (func $count (param i32) (result i32)))
            (import "host" "two" (func $two (param i32) (result i32 f32)))
            (import "host" "checked" (func $checked (param i32) (result i32)))
            (import "host" "new" (func $new (param i32) (result i32)))
            (import "host" "global" (global $g (mut i32)))
            (import "host" "memory" (memory 1))
            (func (export "run") (result i32)
                (call $nothing)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.store (i32.const 0) (global.get $g))
                (call $two (call $count (call $checked (call $new (i32.const 6))))) (drop)))"#,
    )?;
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    note!(seen, "{} {}", run.call(&mut store, ())?, run.call(&mut store, ())?);
    let now = global.get(&mut store).i32();
    note!(seen, "{} {now:?} {}", store.data(), memory.data(&store)[0]);
    let pre = linker.instantiate_pre(&module)?;
    let again = pre.instantiate(&mut store)?.get_typed_func::<(), i32>(&mut store, "run")?;
    note!(seen, "{} {}", again.call(&mut store, ())?, pre.module().imports().len());
    note!(seen, "{}", store.into_data());
    Ok(())
}

fn caller(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let mut linker: Linker<Vec<String>> = Linker::new(engine);
    linker.func_wrap("host", "log", |mut caller: Caller<'_, Vec<String>>, at: i32, length: i32| -> Result<()> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else { bail!("no memory") };
        let range = at as u32 as usize..(at as u32 as usize).saturating_add(length as u32 as usize);
        let Some(bytes) = memory.data(&caller).get(range) else { bail!("out of bounds") };
        let text = String::from_utf8(bytes.to_vec())?;
        caller.data_mut().push(text);
        Ok(())
    })?;
    linker.func_wrap("host", "fill", |mut caller: Caller<'_, Vec<String>>, at: i32| -> Result<i32> {
        let memory = caller.get_export("memory").and_then(Extern::into_memory).expect("it is exported");
        let (bytes, lines) = memory.data_and_store_mut(&mut caller);
        let line = lines.last().expect("one was logged");
        bytes[at as usize..][..line.len()].copy_from_slice(line.to_uppercase().as_bytes());
        let length = line.len() as i32;
        memory.write(&mut caller, at as usize + length as usize, b"!")?;
        Ok(length + 1)
    })?;
    linker.func_wrap("host", "back", |mut caller: Caller<'_, Vec<String>>, n: i32| -> Result<i32> {
        let Some(f) = caller.get_export("callback").and_then(Extern::into_func) else { bail!("no callback") };
        f.typed::<i32, i32>(&caller)?.call(&mut caller, n)
    })?;
    let module = Module::new(
        engine,
        r#"(module
            (import "host" "log" (func $log (param i32 i32)))
            (import "host" "fill" (func $fill (param i32) (result i32)))
            (import "host" "back" (func $back (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 8) "hello")
            (func (export "callback") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
            (func (export "run") (result i32)
                (call $log (i32.const 8) (i32.const 5))
                (call $log (i32.const 100) (call $fill (i32.const 100)))
                (call $back (i32.const 7)))
            (func (export "far") (call $log (i32.const -1) (i32.const 5))))"#,
    )?;
    let mut store = Store::new(engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    note!(seen, "{} {:?}", run.call(&mut store, ())?, store.data());
    let far = instance.get_typed_func::<(), ()>(&mut store, "far")?;
    note!(seen, "{}", far.call(&mut store, ()).unwrap_err().root_cause());
    Ok(())
}

fn names(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (import "a" "f" (func (param i32) (result i32))) (import "b" "g" (global i32)) (import "a" "h" (func))
            (func (export "run") (result i32) (call 0 (i32.const 1))) (func (export "trap") (call 1)))"#,
    )?;
    let mut linker: Linker<()> = Linker::new(engine);
    let mut store = Store::new(engine, ());
    note!(seen, "{}", linker.instantiate(&mut store, &module).is_err());
    let imported = Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(3))?;
    linker.func_wrap("a", "f", |a: i32| a + 1)?;
    linker.func_wrap("a", "h", || ())?;
    linker.define(&mut store, "b", "g", imported)?;
    let instance = linker.instantiate(&mut store, &module)?;
    note!(seen, "{}", instance.get_typed_func::<(), i32>(&mut store, "run")?.call(&mut store, ())?);
    note!(seen, "{:?}", instance.get_typed_func::<(), ()>(&mut store, "trap")?.call(&mut store, ()).is_ok());
    let mut traps: Linker<()> = Linker::new(engine);
    traps.define_unknown_imports_as_traps(&Module::new(engine, r#"(module (import "a" "h" (func)))"#)?)?;
    let module = Module::new(engine, r#"(module (import "a" "h" (func $h)) (func (export "trap") (call $h)))"#)?;
    let instance = traps.instantiate(&mut store, &module)?;
    let error = instance.get_typed_func::<(), ()>(&mut store, "trap")?.call(&mut store, ()).unwrap_err();
    note!(seen, "{}", error.root_cause());
    let command = Module::new(
        engine,
        r#"(module (global $g (mut i32) (i32.const 0)) (func (export "_start"))
        (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#,
    )?;
    linker.module(&mut store, "command", &command)?;
    let user = Module::new(
        engine,
        r#"(module (import "command" "next" (func $n (result i32)))
        (func (export "twice") (result i32 i32) (call $n) (call $n)))"#,
    )?;
    let instance = linker.instantiate(&mut store, &user)?;
    note!(seen, "{:?}", instance.get_typed_func::<(), (i32, i32)>(&mut store, "twice")?.call(&mut store, ())?);
    linker.get_default(&mut store, "command")?.typed::<(), ()>(&store)?.call(&mut store, ())?;
    note!(seen, "{}", linker.get(&mut store, "nobody", "nothing").is_err());
    let mut all: Vec<String> = linker.iter(&mut store).map(|(module, name, _)| format!("{module}.{name}")).collect();
    all.sort();
    note!(seen, "{all:?}");
    Ok(())
}

fn errors(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    #[derive(Debug, PartialEq)]
    struct Own(i32);
    impl std::fmt::Display for Own {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "own error {}", self.0)
        }
    }
    impl std::error::Error for Own {}

    let module = Module::new(
        engine,
        r#"(module $named
            (import "host" "fail" (func $fail (param i32)))
            (import "host" "trap" (func $trap))
            (memory 1) (table 1 funcref)
            (func $inner (export "fail") (call $fail (i32.const 4)))
            (func (export "trap") (call $trap))
            (func (export "unreachable") (call $deep)) (func $deep (unreachable))
            (func (export "memory") (drop (i32.load (i32.const 65536))))
            (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
            (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
            (func (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))
            (func (export "null") (call_indirect (i32.const 0)))
            (func (export "table") (call_indirect (i32.const 9)))
            (func $r (export "recurse") (call $r)))"#,
    )?;
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "fail", |code: i32| -> Result<()> { Err(Own(code).into()) })?;
    linker.func_wrap("host", "trap", || -> Result<()> { Err(Trap::IntegerOverflow.into()) })?;
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    for name in ["unreachable", "memory", "divide", "overflow", "convert", "null", "table", "recurse", "trap"] {
        let error = instance.get_typed_func::<(), ()>(&mut store, name)?.call(&mut store, ()).unwrap_err();
        note!(seen, "{name}: {:?}", error.downcast_ref::<Trap>().map(Trap::to_string));
    }
    let error = instance.get_typed_func::<(), ()>(&mut store, "fail")?.call(&mut store, ()).unwrap_err();
    note!(seen, "{:?} {}", error.downcast_ref::<Own>(), error.is::<Trap>());
    let frames = error.downcast_ref::<WasmBacktrace>().expect("it has one").frames();
    note!(seen, "{} {:?} {}", frames.len(), frames[0].func_name(), frames[0].func_index());
    let error = instance.get_typed_func::<(), ()>(&mut store, "unreachable")?.call(&mut store, ()).unwrap_err();
    let frames = error.downcast_ref::<WasmBacktrace>().expect("it has one").frames();
    note!(seen, "{:?}", frames.iter().map(|frame| frame.func_name()).collect::<Vec<_>>());
    let error = error.context("a context of the host's");
    note!(seen, "{error}");
    note!(seen, "{:?}", error.downcast::<Trap>().ok().map(|trap| trap == Trap::UnreachableCodeReached));
    note!(seen, "{}", Module::new(engine, "(module (func (result i32)))").is_err());
    note!(seen, "{}", Module::validate(engine, b"\0asm\x01\0\0\0").is_ok());
    Ok(())
}

fn memories(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (memory $one (export "one") 1 3) (memory $two (export "two") 2)
            (func (export "copy") (param i32) (i32.store $two (i32.const 0) (i32.load $one (local.get 0))))
            (func (export "grow") (result i32) (memory.grow $one (i32.const 1))))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let one = instance.get_memory(&mut store, "one").expect("it is exported");
    let two = instance.get_memory(&mut store, "two").expect("it is exported");
    note!(seen, "{} {} {} {}", one.size(&store), two.size(&store), one.data_size(&store), one.page_size(&store));
    one.write(&mut store, 16, &7_u32.to_le_bytes())?;
    instance.get_typed_func::<i32, ()>(&mut store, "copy")?.call(&mut store, 16)?;
    let mut bytes = [0; 4];
    two.read(&store, 0, &mut bytes)?;
    note!(seen, "{bytes:?}");
    note!(seen, "{}", one.write(&mut store, 65533, &bytes).unwrap_err());
    one.data_mut(&mut store)[0] = 9;
    note!(seen, "{} {}", one.data(&store)[0], one.data(&store).len());
    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
    note!(seen, "{} {} {}", one.grow(&mut store, 1)?, grow.call(&mut store, ())?, grow.call(&mut store, ())?);
    note!(seen, "{} {}", one.size(&store), one.grow(&mut store, 1).is_err());
    let ty = one.ty(&store);
    note!(seen, "{:?} {} {} {}", ty.maximum(), ty.is_64(), ty.is_shared(), ty.page_size_log2());
    let wide = Memory::new(&mut store, MemoryType::new64(1, Some(1 << 20)))?;
    note!(seen, "{} {}", wide.ty(&store).is_64(), wide.size(&store));
    Ok(())
}

fn tables_and_globals(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let mut store = Store::new(engine, ());
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, Some(4)), Ref::Func(None))?;
    let f = Func::wrap(&mut store, || 5);
    table.set(&mut store, 1, f.into())?;
    let got = table.get(&mut store, 1).expect("it is there");
    note!(seen, "{} {}", got.is_func(), got.is_null());
    let got = got.unwrap_func().expect("it is not null");
    note!(seen, "{}", got.typed::<(), i32>(&store)?.call(&mut store, ())?);
    note!(seen, "{} {}", table.get(&mut store, 0).expect("it is there").is_null(), table.get(&mut store, 2).is_none());
    note!(
        seen,
        "{} {}",
        table.grow(&mut store, 2, Ref::Func(Some(f)))?,
        table.grow(&mut store, 1, Ref::Func(None)).is_err()
    );
    table.fill(&mut store, 0, Ref::Func(None), 2)?;
    note!(seen, "{} {}", table.size(&store), table.get(&mut store, 1).expect("it is there").is_null());
    Table::copy(&mut store, &table, 0, &table, 3, 1)?;
    note!(seen, "{}", table.get(&mut store, 0).expect("it is there").is_non_null());
    let module = Module::new(
        engine,
        r#"(module (import "" "" (table 2 funcref)) (global (export "g") (mut i64) (i64.const 1)) (global (export "c") f32 (f32.const 1.5))
            (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
            (func (export "g") (result i64) (i64.const 0)))"#
            .replace("(func (export \"g\") (result i64) (i64.const 0))", ""),
    )?;
    let instance = Instance::new(&mut store, &module, &[table.into()])?;
    note!(seen, "{}", instance.get_typed_func::<i32, i32>(&mut store, "call")?.call(&mut store, 3)?);
    let g = instance.get_global(&mut store, "g").expect("it is exported");
    let c = instance.get_global(&mut store, "c").expect("it is exported");
    g.set(&mut store, Val::I64(-3))?;
    note!(seen, "{:?} {:?}", g.get(&mut store).i64(), c.get(&mut store).f32());
    note!(seen, "{} {}", g.set(&mut store, Val::I32(1)).is_err(), c.set(&mut store, Val::F32(0)).is_err());
    note!(seen, "{:?} {}", g.ty(&store).mutability().is_var(), g.ty(&store).content().is_i64());
    Ok(())
}

fn externref(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (table $t (export "t") 4 externref) (global $g (export "g") (mut externref) (ref.null extern))
            (func (export "put") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
            (func (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
            (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0))))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let put = instance.get_typed_func::<(i32, Option<Rooted<ExternRef>>), ()>(&mut store, "put")?;
    let get = instance.get_typed_func::<i32, Option<Rooted<ExternRef>>>(&mut store, "get")?;
    let value = ExternRef::new(&mut store, String::from("a value of the host"))?;
    put.call(&mut store, (2, Some(value)))?;
    let back = get.call(&mut store, 2)?.expect("it is not null");
    let text = back.data(&store)?.expect("it is the host's").downcast_ref::<String>().expect("it is a text");
    note!(seen, "{text}");
    note!(seen, "{} {}", Rooted::ref_eq(&store, &value, &back)?, get.call(&mut store, 0)?.is_none());
    let is_null = instance.get_func(&mut store, "is_null").expect("it is exported");
    let mut results = [Val::I32(9)];
    is_null.call(&mut store, &[Val::ExternRef(None)], &mut results)?;
    note!(seen, "{:?}", results[0].i32());
    is_null.call(&mut store, &[Val::from(value)], &mut results)?;
    note!(seen, "{:?}", results[0].i32());
    let global = instance.get_global(&mut store, "g").expect("it is exported");
    global.set(&mut store, value.into())?;
    let got = global.get(&mut store).unwrap_externref().expect("it is not null").data(&store)?.is_some();
    note!(seen, "{got}");
    let inner = {
        let mut scope = RootScope::new(&mut store);
        let inner = ExternRef::new(&mut scope, 5_u64)?;
        note!(seen, "{:?}", inner.data(&scope)?.and_then(|data| data.downcast_ref::<u64>()));
        inner
    };
    note!(seen, "{}", inner.data(&store).is_err());
    let owned = value.to_owned_rooted(&mut store)?;
    note!(seen, "{}", owned.data(&store)?.is_some());
    if let Some(data) = value.data_mut(&mut store)? {
        data.downcast_mut::<String>().expect("it is a text").push_str(", changed");
    }
    note!(seen, "{:?}", back.data(&store)?.and_then(|data| data.downcast_ref::<String>()));
    Ok(())
}

fn anyref(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (type $point (struct (field $x (mut i32)) (field $y i64))) (type $bytes (array (mut i8)))
            (func (export "point") (param i32 i64) (result anyref) (struct.new $point (local.get 0) (local.get 1)))
            (func (export "x") (param anyref) (result i32) (struct.get $point $x (ref.cast (ref $point) (local.get 0))))
            (func (export "bytes") (result anyref) (array.new_fixed $bytes 3 (i32.const 1) (i32.const 2) (i32.const 255)))
            (func (export "small") (param i32) (result anyref) (ref.i31 (local.get 0))))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let point = instance.get_typed_func::<(i32, i64), Option<Rooted<AnyRef>>>(&mut store, "point")?;
    let any = point.call(&mut store, (3, 4))?.expect("it is not null");
    note!(seen, "{} {} {}", any.is_struct(&store)?, any.is_array(&store)?, any.is_i31(&store)?);
    let object = any.unwrap_struct(&store)?;
    note!(seen, "{:?} {:?}", object.field(&mut store, 0)?.i32(), object.field(&mut store, 1)?.i64());
    object.set_field(&mut store, 0, Val::I32(30))?;
    note!(seen, "{} {}", object.set_field(&mut store, 1, Val::I64(0)).is_err(), object.field(&mut store, 2).is_err());
    let x = instance.get_typed_func::<Option<Rooted<AnyRef>>, i32>(&mut store, "x")?;
    note!(seen, "{}", x.call(&mut store, Some(any))?);
    note!(seen, "{:?}", x.call(&mut store, None).unwrap_err().downcast_ref::<Trap>().is_some());
    let bytes = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "bytes")?;
    let array = bytes.call(&mut store, ())?.expect("it is not null").unwrap_array(&store)?;
    note!(seen, "{} {:?}", array.len(&store)?, array.get(&mut store, 2)?.i32());
    array.set(&mut store, 0, Val::I32(7))?;
    let elements: Vec<_> = array.elems(&mut store)?.map(|element| element.unwrap_i32()).collect();
    note!(seen, "{elements:?}");
    let small = instance.get_typed_func::<i32, Option<Rooted<AnyRef>>>(&mut store, "small")?;
    let number = small.call(&mut store, -5)?.expect("it is not null");
    note!(seen, "{:?}", number.unwrap_i31(&store)?.get_i32());
    let ty = StructType::new(engine, [FieldType::new(Mutability::Var, StorageType::ValType(ValType::F64))])?;
    let pre = StructRefPre::new(&mut store, ty);
    let own = StructRef::new(&mut store, &pre, &[Val::from(1.25)])?;
    note!(seen, "{:?}", own.field(&mut store, 0)?.f64());
    let ty = ArrayType::new(engine, FieldType::new(Mutability::Var, StorageType::I16));
    let pre = ArrayRefPre::new(&mut store, ty);
    let own = ArrayRef::new(&mut store, &pre, &Val::I32(1), 4)?;
    note!(seen, "{}", own.len(&store)?);
    Ok(())
}

fn threads(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module (import "" "memory" (memory 1 4 shared))
            (func (export "count") (param i32)
                (loop $l (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )?;
    let memory = SharedMemory::new(engine, MemoryType::shared(1, 4))?;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (engine, module, memory) = (engine.clone(), module.clone(), memory.clone());
            thread::spawn(move || -> Result<()> {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[memory.into()])?;
                instance.get_typed_func::<i32, ()>(&mut store, "count")?.call(&mut store, 500)
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics")?;
    }
    // SAFETY: no other thread is left.
    let bytes: Vec<u8> = memory.data()[..4].iter().map(|cell| unsafe { *cell.get() }).collect();
    note!(seen, "{bytes:?}");
    note!(seen, "{} {} {}", memory.grow(1)?, memory.size(), memory.data_size());
    note!(seen, "{:?}", memory.atomic_notify(0, 1)?);
    note!(seen, "{:?}", memory.atomic_wait32(0, 0, None)? == WaitResult::Mismatch);
    note!(seen, "{:?}", memory.atomic_wait32(0, 2000, Some(Duration::from_millis(1)))? == WaitResult::TimedOut);
    Ok(())
}

fn modules(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module $named
            (import "a" "f" (func (param i32 f64) (result i64))) (import "a" "t" (table 1 2 externref))
            (memory (export "m") 2 5) (global (export "g") (mut i32) (i32.const 0)) (table (export "t") 3 funcref)
            (func (export "f") (param externref)))"#,
    )?;
    note!(seen, "{:?}", module.name());
    for import in module.imports() {
        note!(seen, "{} {} {}", import.module(), import.name(), kind(&import.ty()));
    }
    for export in module.exports() {
        note!(seen, "{} {}", export.name(), kind(&export.ty()));
    }
    let memory = module.get_export("m").expect("it is exported");
    note!(seen, "{} {:?}", memory.unwrap_memory().minimum(), memory.memory().map(|ty| ty.maximum()));
    note!(seen, "{} {}", module.get_export("nothing").is_none(), module.get_export_index("g").is_some());
    let needed = module.resources_required();
    note!(
        seen,
        "{} {:?} {} {:?}",
        needed.num_memories,
        needed.max_initial_memory_size,
        needed.num_tables,
        needed.max_initial_table_size
    );
    let f = FuncType::new(engine, [ValType::I32], [ValType::EXTERNREF]);
    note!(seen, "{} {}", FuncType::eq(&f, &FuncType::new(engine, [ValType::I32], [ValType::EXTERNREF])), f.matches(&f));
    note!(seen, "{} {}", ValType::FUNCREF.is_funcref(), RefType::new(false, HeapType::Func).matches(&RefType::FUNCREF));
    note!(seen, "{:?}", Val::default_for_ty(&ValType::F32).map(|value| value.unwrap_f32()));
    Ok(())
}

fn kind(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => format!("func {} {}", ty.params().len(), ty.results().len()),
        ExternType::Table(ty) => format!("table {} {:?} {}", ty.minimum(), ty.maximum(), ty.element().is_nullable()),
        ExternType::Memory(ty) => format!("memory {} {:?}", ty.minimum(), ty.maximum()),
        ExternType::Global(ty) => format!("global {}", ty.mutability().is_var()),
        _ => "something else".to_owned(),
    }
}

fn serialize(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let text = r#"(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#;
    let bytes = Module::new(engine, text)?.serialize()?;
    let precompiled = engine.precompile_module(text.as_bytes())?;
    note!(
        seen,
        "{} {}",
        Engine::detect_precompiled(&bytes).is_some(),
        Engine::detect_precompiled(text.as_bytes()).is_some()
    );
    for bytes in [bytes, precompiled] {
        // SAFETY: these bytes were made a moment ago.
        #[allow(unused_unsafe, reason = "Tancho's is safe")]
        let module = unsafe { Module::deserialize(engine, &bytes)? };
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        note!(seen, "{}", instance.get_typed_func::<i32, i32>(&mut store, "f")?.call(&mut store, 41)?);
    }
    // SAFETY: what are no compiled bytes are refused.
    #[allow(unused_unsafe, reason = "Tancho's is safe")]
    let refused = unsafe { Module::deserialize(engine, text) };
    note!(seen, "{}", refused.is_err());
    Ok(())
}

fn instances(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module (func $start (global.set $g (i32.const 7))) (global $g (export "g") (mut i32) (i32.const 0)) (start $start)
            (memory (export "m") 1) (func (export "f")))"#,
    )?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let names: Vec<String> = instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    note!(seen, "{names:?}");
    let g = instance.get_module_export(&mut store, &module.get_export_index("g").expect("it is exported"));
    let g = g.and_then(Extern::into_global).expect("it is a global");
    note!(seen, "{:?}", g.get(&mut store).i32());
    note!(seen, "{} {}", instance.get_func(&mut store, "g").is_none(), instance.get_export(&mut store, "f").is_some());
    note!(seen, "{}", Module::same(instance.module(&store), &module));
    note!(seen, "{}", Instance::new(&mut store, &module, &[g.into()]).is_err());
    note!(seen, "{}", Engine::same(store.engine(), engine));
    note!(seen, "{}", engine.weak().upgrade().is_some());
    Ok(())
}

fn limits(engine: &Engine, seen: Seen<'_>) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module (memory (export "m") 1) (table (export "t") 2 funcref)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "more") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#,
    )?;
    let limits = StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(5).instances(2).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    note!(seen, "{:?}", [grow.call(&mut store, 2)?, grow.call(&mut store, 1)?, grow.call(&mut store, 0)?]);
    let more = instance.get_typed_func::<i32, i32>(&mut store, "more")?;
    note!(seen, "{:?}", [more.call(&mut store, 4)?, more.call(&mut store, 3)?, more.call(&mut store, 1)?]);
    let memory = instance.get_memory(&mut store, "m").expect("it is exported");
    note!(seen, "{} {}", memory.grow(&mut store, 1).is_err(), memory.size(&store));
    note!(seen, "{}", Memory::new(&mut store, MemoryType::new(4, None)).is_err());
    note!(seen, "{}", Instance::new(&mut store, &module, &[]).is_ok());
    note!(seen, "{}", Instance::new(&mut store, &module, &[]).is_err());
    let limits = StoreLimitsBuilder::new().memory_size(1 << 16).trap_on_grow_failure(true).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    note!(seen, "{} {}", grow.call(&mut store, 1).is_err(), grow.call(&mut store, 0)?);
    Ok(())
}
