//! Core dumps: what stands in them, that they are valid, and that they are small where memories are empty.
#![cfg(all(feature = "compile", feature = "wat", feature = "coredump"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use tancho::{
    Config, Engine, Error, ErrorCode, Func, Instance, Linker, Memory, MemoryType, Module, SharedMemory, Store, Trap,
    Val, WasmBacktrace, WasmCoreDump,
};
use wasmparser::{
    CoreDumpValue, DataKind, KnownCustom, Operator, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

/// What a core dump says.
#[derive(Default, Debug)]
struct Read {
    program: String,
    modules: Vec<String>,
    instances: Vec<(u32, Vec<u32>, Vec<u32>)>,
    thread: String,
    /// Instance, function, offset, and how many locals are missing.
    frames: Vec<(u32, u32, u32, usize)>,
    memories: Vec<wasmparser::MemoryType>,
    globals: Vec<String>,
    /// Memory, start and bytes.
    data: Vec<(u32, u64, Vec<u8>)>,
}

fn read(bytes: &[u8]) -> Read {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut read = Read::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.unwrap();
        assert!(!matches!(validator.payload(&payload).unwrap(), ValidPayload::Func(..)));
        match payload {
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::CoreDump(core) => read.program = core.name.to_owned(),
                KnownCustom::CoreDumpModules(modules) => {
                    read.modules = modules.modules.iter().map(ToString::to_string).collect();
                }
                KnownCustom::CoreDumpInstances(instances) => {
                    let all = instances.instances.into_iter();
                    read.instances = all.map(|one| (one.module_index, one.memories, one.globals)).collect();
                }
                KnownCustom::CoreDumpStack(stack) => {
                    read.thread = stack.name.to_owned();
                    let frame = |frame: wasmparser::CoreDumpStackFrame| {
                        assert!(frame.locals.iter().all(|local| matches!(local, CoreDumpValue::Missing)));
                        assert!(frame.stack.is_empty());
                        (frame.instanceidx, frame.funcidx, frame.codeoffset, frame.locals.len())
                    };
                    read.frames = stack.frames.into_iter().map(frame).collect();
                }
                _ => panic!("{} is no part of a core dump", section.name()),
            },
            Payload::MemorySection(memories) => read.memories = memories.into_iter().map(Result::unwrap).collect(),
            Payload::GlobalSection(globals) => {
                let text = |global: wasmparser::Global<'_>| {
                    assert!(!global.ty.mutable);
                    format!("{:?}", global.init_expr.get_operators_reader().read().unwrap())
                };
                read.globals = globals.into_iter().map(|global| text(global.unwrap())).collect();
            }
            Payload::DataSection(data) => {
                for data in data {
                    let data = data.unwrap();
                    let DataKind::Active { memory_index, offset_expr } = data.kind else { panic!("it is passive") };
                    let start = match offset_expr.get_operators_reader().read().unwrap() {
                        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
                        Operator::I64Const { value } => value.cast_unsigned(),
                        other => panic!("{other:?}"),
                    };
                    read.data.push((memory_index, start, data.data.to_vec()));
                }
            }
            _ => {}
        }
    }
    read
}

fn engine() -> Engine {
    Engine::new(Config::new().coredump_on_trap(true)).unwrap()
}

fn dump_of(error: &Error, store: &mut Store<()>) -> Read {
    assert!(error.is::<Trap>() && error.is::<WasmBacktrace>());
    read(&error.downcast_ref::<WasmCoreDump>().unwrap().serialize(store, "program.wasm").unwrap())
}

#[test]
fn all_of_a_store_is_there() {
    let engine = engine();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let library = r#"(module $library
        (memory (export "m") 2 4) (data (i32.const 70000) "in the library")
        (global (export "g") (mut i64) (i64.const -2))
        (func (export "f") (param i32 f64) (i32.store8 (i32.const 1) (local.get 0)) unreachable))"#;
    let program = r#"(module $program
        (import "library" "m" (memory 1)) (import "library" "g" (global (mut i64))) (import "library" "f" (func $f (param i32 f64)))
        (memory i64 3) (data (memory 1) (i64.const 131072) "\ff")
        (global i32 (i32.const 7)) (global f32 (f32.const 1.5)) (global f64 (f64.const -0.5)) (global v128 (v128.const i64x2 1 2))
        (global funcref (ref.func $f)) (global externref (ref.null extern)) (global (ref null i31) (ref.i31 (i32.const 3)))
        (func $main (export "main") (param i64) (local i32)
            (global.set 0 (i64.const 40)) (call $f (i32.const 42) (f64.const 0))))"#;
    let modules = [library, program].map(|text| Module::new(&engine, text).unwrap());
    linker.module(&mut store, "library", &modules[0]).unwrap();
    let instance = linker.instantiate(&mut store, &modules[1]).unwrap();
    let main = instance.get_typed_func::<i64, ()>(&mut store, "main").unwrap();
    let error = main.call(&mut store, 1).unwrap_err();
    let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
    assert_eq!((dump.modules().len(), dump.instances().len()), (2, 2));
    assert_eq!((dump.memories().len(), dump.globals().len(), dump.frames().len()), (2, 8, 2));
    assert_eq!(dump.modules()[0].name(), Some("library"));
    assert_eq!(dump.instances()[1], instance);
    assert!(dump.to_string().contains("2 modules, 2 instances, 2 memories and 8 globals"));
    let read = dump_of(&error, &mut store);
    assert_eq!((read.program.as_str(), read.thread.as_str()), ("program.wasm", "main"));
    assert_eq!(read.modules, ["library", "program"]);
    assert_eq!(read.instances, [(0, vec![0], vec![0]), (1, vec![0, 1], (0..8).collect())]);
    let offset = |frame: usize| u32::try_from(dump.frames()[frame].func_offset().unwrap()).unwrap();
    assert_eq!(read.frames, [(0, 0, offset(0), 2), (1, 1, offset(1), 1)]);
    assert!(offset(0) > 0 && offset(1) > 0);
    let shape = |memory: &wasmparser::MemoryType| (memory.memory64, memory.initial, memory.maximum);
    assert_eq!(read.memories.iter().map(shape).collect::<Vec<_>>(), [(false, 2, Some(4)), (true, 3, None)]);
    let globals = read.globals.join("\n");
    for value in ["I64Const { value: 40 }", "I32Const { value: 7 }", "F32Const", "F64Const", "V128Const", "RefNull"] {
        assert!(globals.contains(value), "{value} is not in {globals}");
    }
    assert_eq!(globals.matches("RefNull").count(), 3);
    // The pages that are not zero, whole.
    let places: Vec<_> = read.data.iter().map(|(memory, start, bytes)| (*memory, *start, bytes.len())).collect();
    assert_eq!(places, [(0, 0, 4096), (0, 69632, 4096), (1, 131_072, 4096)]);
    assert_eq!(read.data[0].2[..2], [0, 42]);
    assert!(read.data[1].2[70000 - 69632..].starts_with(b"in the library"));
    assert_eq!(read.data[2].2[0], 0xff);
}

#[test]
fn what_the_host_made_is_there_too() {
    let engine = engine();
    let mut store = Store::new(&engine, ());
    let own = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    own.write(&mut store, 5, b"own").unwrap();
    let shared = SharedMemory::new(&engine, MemoryType::shared(1, 2)).unwrap();
    shared.write(65530, b"shared").unwrap();
    let text =
        r#"(module (import "" "" (memory 1 2 shared)) (import "" "" (func)) (func (export "f") (call 0) unreachable))"#;
    let host = Func::wrap(&mut store, || ());
    let module = Module::new(&engine, text).unwrap();
    let instance = Instance::new(&mut store, &module, &[shared.into(), host.into()]).unwrap();
    let f = instance.get_func(&mut store, "f").unwrap();
    let read = dump_of(&f.call(&mut store, &[], &mut []).unwrap_err(), &mut store);
    assert_eq!(read.instances, [(0, vec![1], vec![])]);
    assert_eq!(read.memories.iter().map(|memory| memory.shared).collect::<Vec<_>>(), [false, true]);
    assert_eq!(read.data[0].2[5..8], *b"own");
    assert_eq!((read.data[1].0, read.data[1].1, &read.data[1].2[4090..]), (1, 61440, &b"shared"[..]));
}

/// 4 GiB of which three pages were touched, and as many parts as others would not read.
#[test]
fn empty_pages_take_no_room() {
    let engine = engine();
    let mut store = Store::new(&engine, ());
    let module =
        Module::new(&engine, r#"(module (memory (export "m") 4096) (func (export "f") unreachable))"#).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let f = instance.get_func(&mut store, "f").unwrap();
    for place in [0, 100 << 20, (256 << 20) - 1] {
        memory.write(&mut store, place, &[1]).unwrap();
    }
    let error = f.call(&mut store, &[], &mut []).unwrap_err();
    let bytes = error.downcast_ref::<WasmCoreDump>().unwrap().serialize(&mut store, "").unwrap();
    assert!(bytes.len() < 3 * 4096 + 200, "{}", bytes.len());
    assert_eq!(read(&bytes).data.len(), 3);
}

#[test]
fn who_asks_for_none_gets_none_and_others_are_refused() {
    let text =
        r#"(module (func (export "f") (param i32) (if (local.get 0) (then (throw 0)) (else unreachable))) (tag))"#;
    let run = |config: &Config, param: i32| {
        let engine = Engine::new(config).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
        let f = instance.get_func(&mut store, "f").unwrap();
        (f.call(&mut store, &[Val::I32(param)], &mut []).unwrap_err(), store)
    };
    let (error, _) = run(&Config::new(), 0);
    assert!(!error.is::<WasmCoreDump>());
    let mut config = Config::new();
    config.coredump_on_trap(true);
    let (error, _) = run(&config, 1);
    assert!(!error.is::<WasmCoreDump>(), "an exception is no trap");
    let (error, store) = run(&config, 0);
    let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
    let mut other = Store::new(store.engine(), ());
    assert_eq!(dump.serialize(&mut other, "").unwrap_err().code(), Some(ErrorCode::ForeignStore));
    // It goes where errors go.
    let error = Arc::new(error);
    std::thread::spawn(move || assert!(error.is::<WasmCoreDump>())).join().unwrap();
}
