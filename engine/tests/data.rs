//! Memories, tables, globals and references, as the host and as WebAssembly see them.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use tancho::{
    Caller, Config, Engine, Extern, ExternRef, ExternType, Func, FuncType, Global, GlobalType, HeapType, Instance,
    Linker, Memory, MemoryAccessError, MemoryType, Module, Mutability, Ref, RefType, Result, Rooted, Store, Table,
    TableType, Trap, V128, Val, ValType,
};

#[test]
fn memories() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 5_u32);
    let module = Module::new(
        &engine,
        r#"(module
            (memory (export "memory") 1 3) (data (i32.const 8) "hello")
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) memory.size))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(&memory.data(&store)[8..13], b"hello");
    let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
    let write = instance.get_typed_func::<(u32, u32), ()>(&mut store, "store").unwrap();
    memory.data_mut(&mut store)[100] = 42;
    assert_eq!(load.call(&mut store, 100).unwrap(), 42);
    write.call(&mut store, (101, 43)).unwrap();
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    *data += u32::from(bytes[101]);
    assert_eq!(*store.data(), 48);
    memory.write(&mut store, 65531, b"12345").unwrap();
    let mut buffer = [0; 5];
    memory.read(&store, 65531, &mut buffer).unwrap();
    assert_eq!(&buffer, b"12345");
    for offset in [65532, 65536, 65537, usize::MAX] {
        assert!(memory.read(&store, offset, &mut buffer).unwrap_err().is::<MemoryAccessError>());
        assert!(memory.write(&mut store, offset, b"abcde").unwrap_err().is::<MemoryAccessError>());
    }
    assert_eq!(memory.data(&store)[65535], b'5');
    memory.read(&store, 65536, &mut []).unwrap();
    assert_eq!((memory.size(&store), memory.data_size(&store)), (1, 65536));
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 2);
    assert_eq!(memory.data_size(&store), 3 * 65536);
    assert_eq!(memory.ty(&store), MemoryType::new(3, Some(3)));
    memory.grow(&mut store, 1).unwrap_err();
    memory.grow(&mut store, u64::MAX).unwrap_err();
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    memory.data_mut(&mut store)[3 * 65536 - 1] = 9;
    assert_eq!(load.call(&mut store, 3 * 65536 - 1).unwrap(), 9);
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 3);
}

#[test]
fn host_memories_are_imported() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, 4, &7_u32.to_le_bytes()).unwrap();
    let text = r#"(module (import "" "" (memory 1)) (export "m" (memory 0))
        (func (export "f") (result i32) (i32.load (i32.const 4))) (data (i32.const 0) "x"))"#;
    let module = Module::new(&engine, text).unwrap();
    let instance = Instance::new(&mut store, &module, &[memory.into()]).unwrap();
    assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "f").unwrap().call(&mut store, ()).unwrap(), 7);
    assert_eq!(instance.get_memory(&mut store, "m"), Some(memory));
    assert_eq!(memory.data(&store)[0], b'x');
    Memory::new(&mut store, MemoryType::new(u32::MAX, None)).unwrap_err();
    for none in [MemoryType::new(2, Some(1)), MemoryType::new64(2, Some(1)), MemoryType::new(0, Some(65_537))] {
        let error = Memory::new(&mut store, none).unwrap_err().to_string();
        assert!(error.contains("exceeds its maximum") || error.contains("more bytes than addresses"), "{error}");
    }
}

/// Whether both are the same value, or refer to the same value of the host.
fn same(store: &Store<()>, one: &Val, other: &Val) -> bool {
    match (one, other) {
        (Val::ExternRef(Some(one)), Val::ExternRef(Some(other))) => Rooted::ref_eq(store, one, other).unwrap(),
        _ => format!("{one:?}") == format!("{other:?}"),
    }
}

#[test]
fn globals() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let value = ExternRef::new(&mut store, "value").unwrap();
    let func = Func::wrap(&mut store, || 6_i32);
    let values = [
        Val::I32(-1),
        Val::I64(i64::MIN),
        Val::F32(0x7fc0_0001),
        Val::F64(0xfff8_0000_0000_0001),
        Val::V128(V128::from(u128::MAX - 5)),
        Val::FuncRef(Some(func)),
        Val::FuncRef(None),
        Val::ExternRef(Some(value)),
        Val::ExternRef(None),
    ];
    for value in values {
        let ty = match value.ty(&store).unwrap() {
            ValType::Ref(ty) => ValType::Ref(RefType::new(true, ty.heap_type().clone())),
            ty => ty,
        };
        let constant = Global::new(&mut store, GlobalType::new(ty.clone(), Mutability::Const), value).unwrap();
        let found = constant.get(&mut store);
        assert!(same(&store, &found, &value), "{found:?} {value:?}");
        constant.set(&mut store, value).unwrap_err();
        let zero = Val::default_for_ty(&ty).unwrap();
        let variable = Global::new(&mut store, GlobalType::new(ty.clone(), Mutability::Var), zero).unwrap();
        variable.set(&mut store, value).unwrap();
        let found = variable.get(&mut store);
        assert!(same(&store, &found, &value), "{found:?} {value:?}");
        assert_eq!(variable.ty(&store), GlobalType::new(ty.clone(), Mutability::Var));
        let wrong = if ty == ValType::I32 { Val::I64(0) } else { Val::I32(0) };
        variable.set(&mut store, wrong).unwrap_err();
        Global::new(&mut store, GlobalType::new(ty, Mutability::Const), wrong).unwrap_err();
    }
    let not_null = ValType::Ref(RefType::new(false, HeapType::Func));
    Global::new(&mut store, GlobalType::new(not_null, Mutability::Const), Val::FuncRef(None)).unwrap_err();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "" (global $g (mut f64)))
            (global (export "own") (mut i64) (i64.const -7))
            (export "g" (global $g))
            (func (export "double") (global.set $g (f64.add (global.get $g) (global.get $g)))))"#,
    )
    .unwrap();
    let global = Global::new(&mut store, GlobalType::new(ValType::F64, Mutability::Var), 1.5.into()).unwrap();
    let instance = Instance::new(&mut store, &module, &[global.into()]).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "double").unwrap().call(&mut store, ()).unwrap();
    assert_eq!(global.get(&mut store).f64(), Some(3.0));
    assert_eq!(instance.get_global(&mut store, "g"), Some(global));
    let own = instance.get_global(&mut store, "own").unwrap();
    assert_eq!(own.get(&mut store).i64(), Some(-7));
    own.set(&mut store, Val::I64(8)).unwrap();
    assert_eq!(own.get(&mut store).i64(), Some(8));
}

#[test]
fn tables() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (table (export "table") 4 8 funcref) (elem (i32.const 1) $one)
            (type $t (func (result i32)))
            (func $one (type $t) (i32.const 1))
            (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let table = instance.get_table(&mut store, "table").unwrap();
    let call = instance.get_typed_func::<u32, i32>(&mut store, "call").unwrap();
    assert_eq!(call.call(&mut store, 1).unwrap(), 1);
    let one = table.get(&mut store, 1).unwrap().as_func().unwrap().unwrap();
    assert_eq!(one.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 1);
    assert!(table.get(&mut store, 0).unwrap().is_null());
    assert!(table.get(&mut store, 4).is_none());
    // Host functions, typed and not, called by call_indirect.
    let typed = Func::wrap(&mut store, || 2);
    let ty = FuncType::new(&engine, [], [ValType::I32]);
    let untyped = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I32(3);
        Ok(())
    });
    let other = Func::wrap(&mut store, || 4_i64);
    table.set(&mut store, 2, typed.into()).unwrap();
    table.set(&mut store, 3, untyped.into()).unwrap();
    table.set(&mut store, 0, other.into()).unwrap();
    assert_eq!(call.call(&mut store, 2).unwrap(), 2);
    assert_eq!(call.call(&mut store, 3).unwrap(), 3);
    assert_eq!(call.call(&mut store, 0).unwrap_err().downcast_ref(), Some(&Trap::BadSignature));
    assert_eq!(
        table
            .get(&mut store, 2)
            .unwrap()
            .as_func()
            .unwrap()
            .unwrap()
            .typed::<(), i32>(&store)
            .unwrap()
            .call(&mut store, ())
            .unwrap(),
        2
    );
    assert_eq!(table.grow(&mut store, 2, typed.into()).unwrap(), 4);
    assert_eq!(table.size(&store), 6);
    assert_eq!(table.ty(&store), TableType::new(RefType::FUNCREF, 6, Some(8)));
    assert_eq!(call.call(&mut store, 5).unwrap(), 2);
    table.grow(&mut store, 3, Ref::Func(None)).unwrap_err();
    table.fill(&mut store, 4, one.into(), 2).unwrap();
    assert_eq!(call.call(&mut store, 5).unwrap(), 1);
    assert!(table.fill(&mut store, 5, one.into(), 2).unwrap_err().is::<Trap>());
    Table::copy(&mut store, &table, 1, &table, 2, 3).unwrap();
    assert_eq!([1, 2, 3].map(|index| call.call(&mut store, index).unwrap()), [2, 3, 1]);
    Table::copy(&mut store, &table, 2, &table, 1, 3).unwrap();
    assert_eq!([1, 2, 3, 4].map(|index| call.call(&mut store, index).unwrap()), [2, 2, 3, 1]);
    for (target, source, length) in [(4, 0, 3), (0, 4, 3), (u64::MAX, 0, 1), (0, u64::MAX, 1), (0, 0, u64::MAX)] {
        assert!(Table::copy(&mut store, &table, target, &table, source, length).unwrap_err().is::<Trap>());
    }
    // Values of the wrong type.
    let value = ExternRef::new(&mut store, ()).unwrap();
    for wrong in [Ref::Extern(None), value.into()] {
        table.set(&mut store, 0, wrong).unwrap_err();
        table.grow(&mut store, 1, wrong).unwrap_err();
        table.fill(&mut store, 0, wrong, 1).unwrap_err();
        Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), wrong).unwrap_err();
    }
    let externs = Table::new(&mut store, TableType::new(RefType::EXTERNREF, 2, None), value.into()).unwrap();
    Table::copy(&mut store, &table, 0, &externs, 0, 1).unwrap_err();
    table.set(&mut store, 6, one.into()).unwrap_err();
    let entry = externs.get(&mut store, 1).unwrap().as_extern().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &entry, &value).unwrap());
    Table::new(&mut store, TableType::new(RefType::FUNCREF, u32::MAX, None), Ref::Func(None)).unwrap_err();
    for none in [TableType::new(RefType::FUNCREF, 2, Some(1)), TableType::new64(RefType::FUNCREF, 2, Some(1))] {
        let error = Table::new(&mut store, none, Ref::Func(None)).unwrap_err().to_string();
        assert!(error.contains("exceeds its maximum"), "{error}");
    }
}

#[test]
fn null_is_all_that_bottom_types_hold() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let func = Func::wrap(&mut store, || {});
    let value = ExternRef::new(&mut store, ()).unwrap();
    let kinds = [
        (HeapType::NoFunc, HeapType::Func, Val::FuncRef(None)),
        (HeapType::NoExtern, HeapType::Extern, Val::ExternRef(None)),
        (HeapType::NoExn, HeapType::Exn, Val::ExnRef(None)),
        (HeapType::None, HeapType::Any, Val::AnyRef(None)),
    ];
    for (bottom, top, null) in &kinds {
        assert!(bottom.matches(top) && !top.matches(bottom) && bottom.top() == *top);
        assert_eq!(null.ty(&store).unwrap(), ValType::Ref(RefType::new(true, bottom.clone())));
        for heap in [bottom, top] {
            let ty = RefType::new(true, heap.clone());
            let content = ValType::Ref(ty.clone());
            let global = Global::new(&mut store, GlobalType::new(content, Mutability::Var), *null).unwrap();
            assert_eq!(format!("{:?}", global.get(&mut store)), format!("{null:?}"));
            let null = null.ref_().unwrap();
            let table = Table::new(&mut store, TableType::new(ty, 1, None), null).unwrap();
            table.grow(&mut store, 1, null).unwrap();
            assert_eq!(format!("{:?}", table.get(&mut store, 1).unwrap()), format!("{null:?}"));
            for (_, other, wrong) in &kinds {
                if other != top {
                    global.set(&mut store, *wrong).unwrap_err();
                    table.set(&mut store, 0, wrong.ref_().unwrap()).unwrap_err();
                }
            }
        }
        let content = ValType::Ref(RefType::new(true, bottom.clone()));
        let global = Global::new(&mut store, GlobalType::new(content, Mutability::Var), *null).unwrap();
        global.set(&mut store, func.into()).unwrap_err();
        global.set(&mut store, value.into()).unwrap_err();
    }
}

#[test]
fn host_functions_become_references_before_there_is_a_module() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 1_u32);
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None)).unwrap();
    let func = Func::wrap(&mut store, |mut caller: Caller<'_, u32>, a: i64, b: f64| -> Result<(f64, i64)> {
        *caller.data_mut() += 1;
        assert!(caller.get_export("anything").is_none());
        tancho::ensure!(a != 0, "zero");
        Ok((b, a))
    });
    table.set(&mut store, 1, func.into()).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "" (table 2 funcref))
            (type $t (func (param i64 f64) (result f64 i64)))
            (func (export "call") (param i64 f64) (result f64 i64)
                (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 1))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[table.into()]).unwrap();
    let call = instance.get_typed_func::<(i64, f64), (f64, i64)>(&mut store, "call").unwrap();
    assert_eq!(call.call(&mut store, (7, 0.5)).unwrap(), (0.5, 7));
    assert_eq!(call.call(&mut store, (0, 0.5)).unwrap_err().root_cause().to_string(), "zero");
    assert_eq!(*store.data(), 3);
}

#[test]
fn function_references_go_round() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "pick" (func $pick (param funcref i32) (result funcref)))
            (table $t 1 funcref)
            (type $v (func (result i32)))
            (global (export "global") (mut funcref) (ref.null func))
            (elem declare func $three)
            (func $three (result i32) (i32.const 3))
            (func (export "run") (param funcref i32) (result i32)
                (table.set $t (i32.const 0) (call $pick (local.get 0) (local.get 1)))
                (call_indirect (type $v) (i32.const 0)))
            (func (export "own") (result funcref) (ref.func $three))
            (func (export "global.call") (result i32)
                (table.set $t (i32.const 0) (global.get 0))
                (call_indirect (type $v) (i32.const 0))))"#,
    )
    .unwrap();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("", "pick", |mut caller: Caller<'_, ()>, func: Option<Func>, which: i32| match which {
            0 => func,
            1 => Some(Func::wrap(&mut caller, || 11)),
            _ => None,
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<(Option<Func>, i32), i32>(&mut store, "run").unwrap();
    let own = instance.get_typed_func::<(), Option<Func>>(&mut store, "own").unwrap();
    let three = own.call(&mut store, ()).unwrap();
    let host = Func::wrap(&mut store, || 7);
    assert_eq!(run.call(&mut store, (three, 0)).unwrap(), 3);
    assert_eq!(run.call(&mut store, (Some(host), 0)).unwrap(), 7);
    assert_eq!(run.call(&mut store, (None, 1)).unwrap(), 11);
    assert_eq!(run.call(&mut store, (None, 2)).unwrap_err().downcast_ref(), Some(&Trap::IndirectCallToNull));
    let mut results = [Val::I32(0)];
    run.func().call(&mut store, &[host.into(), Val::I32(0)], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(7));
    let global = instance.get_global(&mut store, "global").unwrap();
    global.set(&mut store, host.into()).unwrap();
    let call = instance.get_typed_func::<(), i32>(&mut store, "global.call").unwrap();
    assert_eq!(call.call(&mut store, ()).unwrap(), 7);
}

#[test]
fn host_values_go_round() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "look" (func $look (param externref) (result externref)))
            (table (export "table") 2 externref)
            (func (export "keep") (param externref) (table.set (i32.const 1) (call $look (local.get 0))))
            (func (export "null") (param externref) (result i32) (ref.is_null (local.get 0))))"#,
    )
    .unwrap();
    let mut linker = Linker::<Vec<u32>>::new(&engine);
    linker
        .func_wrap(
            "",
            "look",
            |mut caller: Caller<'_, Vec<u32>>, value: Option<Rooted<ExternRef>>| -> Result<Option<Rooted<ExternRef>>> {
                if let Some(value) = value {
                    let number = *value.data(&caller)?.unwrap().downcast_ref::<u32>().unwrap();
                    caller.data_mut().push(number);
                }
                Ok(value)
            },
        )
        .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let keep = instance.get_typed_func::<Option<Rooted<ExternRef>>, ()>(&mut store, "keep").unwrap();
    let table = instance.get_table(&mut store, "table").unwrap();
    let value = ExternRef::new(&mut store, 77_u32).unwrap();
    keep.call(&mut store, Some(value)).unwrap();
    let entry = table.get(&mut store, 1).unwrap().as_extern().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &entry, &value).unwrap());
    keep.call(&mut store, None).unwrap();
    assert!(table.get(&mut store, 1).unwrap().is_null());
    let null = instance.get_typed_func::<Option<Rooted<ExternRef>>, i32>(&mut store, "null").unwrap();
    assert_eq!((null.call(&mut store, None).unwrap(), null.call(&mut store, Some(value)).unwrap()), (1, 0));
    assert_eq!(*store.data(), [77]);
    assert!(value.data(&store).unwrap().unwrap().is::<u32>());
}

#[test]
fn exports_and_their_types() {
    let engine = Engine::default();
    let text = r#"(module $name
        (import "a" "f" (func (param i32))) (import "b" "m" (memory 1 2))
        (table (export "t") 3 externref) (global (export "g") (mut f32) (f32.const 0))
        (export "m" (memory 0)) (export "f" (func 0)))"#;
    let module = Module::new(&engine, text).unwrap();
    assert_eq!(module.name(), Some("name"));
    let imports: Vec<String> = module.imports().map(|i| format!("{}.{}: {}", i.module(), i.name(), i.ty())).collect();
    assert_eq!(imports, ["a.f: function of type [i32] -> []", "b.m: memory 1 2"]);
    let exports: Vec<String> = module.exports().map(|e| format!("{}: {}", e.name(), e.ty())).collect();
    assert_eq!(
        exports,
        ["t: table 3 externref", "g: global (mut f32)", "m: memory 1 2", "f: function of type [i32] -> []"]
    );
    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, |_: i32| ());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
    let instance = Instance::new(&mut store, &module, &[f.into(), memory.into()]).unwrap();
    let exports: Vec<(String, Extern)> =
        instance.exports(&mut store).map(|export| (export.name().to_owned(), export.into_extern())).collect();
    for ((name, item), ty) in exports.iter().zip(module.exports()) {
        assert_eq!(name, ty.name());
        assert_eq!(item.ty(&store), ty.ty());
        assert_eq!(instance.get_export(&mut store, name).unwrap().ty(&store), ty.ty());
    }
    assert!(matches!(module.get_export("g"), Some(ExternType::Global(_))));
    assert!(instance.get_export(&mut store, "x").is_none());
    assert!(instance.get_func(&mut store, "t").is_none());
}

/// A module with initial contents that are mapped, as many functions in a table, and a global; `dirty` writes to all of that.
fn furnished(letter: char, functions: usize, memory: &str) -> String {
    let numbers = 0..functions;
    let bodies: String =
        numbers.clone().map(|number| format!("(func $f{number} (result i32) (i32.const {number}))")).collect();
    let elements: String = numbers.map(|number| format!(" $f{number}")).collect();
    let data = letter.to_string().repeat(128 << 10);
    format!(
        r#"(module
            (memory (export "memory") {memory}) (data (i32.const 65500) "{data}")
            (global (export "global") (mut i64) (i64.const {functions}))
            (global (export "reference") (mut funcref) (ref.func $f0))
            (table (export "table") {functions} funcref) (elem (i32.const 0){elements})
            {bodies}
            (func (export "beyond") (drop (i32.load8_u (i32.mul (memory.size) (i32.const 65536)))))
            (func (export "dirty") (result i64)
                (local $new i64)
                (if (i32.gt_s (memory.grow (i32.const 1)) (i32.const 0))
                    (then (local.set $new (i64.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))))))
                (memory.fill (i32.const 0) (i32.const 0xa5) (i32.mul (memory.size) (i32.const 65536)))
                (global.set 0 (i64.const -1))
                (global.set 1 (ref.null func))
                (table.fill (i32.const 0) (ref.func $f1) (i32.const {functions}))
                (local.get $new)))"#
    )
}

/// Whether an instance of such a module is as if it were the first, and writes to all that it has.
fn is_as_new(module: &Module, letter: char, functions: usize) {
    let mut store = Store::new(module.engine(), ());
    for _ in 0..2 {
        let instance = Instance::new(&mut store, module, &[]).unwrap();
        let bytes = match instance.get_export(&mut store, "memory").unwrap() {
            Extern::SharedMemory(memory) => {
                let mut bytes = vec![0; memory.data().len()];
                memory.read(0, &mut bytes).unwrap();
                bytes
            }
            other => other.into_memory().unwrap().data(&store).to_vec(),
        };
        let data = 65500..65500 + (128 << 10);
        assert_eq!(bytes.len(), 4 << 16);
        assert!(bytes[data.clone()].iter().all(|byte| *byte == letter as u8), "not `{letter}` alone");
        assert!(
            bytes[..data.start].iter().chain(&bytes[data.end..]).all(|byte| *byte == 0),
            "not zero around `{letter}`"
        );
        assert_eq!(instance.get_global(&mut store, "global").unwrap().get(&mut store).i64(), Some(functions as i64));
        let table = instance.get_table(&mut store, "table").unwrap();
        for number in 0..functions {
            let entry = table.get(&mut store, number as u64).unwrap();
            let entry = entry.as_func().flatten().unwrap();
            assert_eq!(entry.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), number as i32);
        }
        let reference = instance.get_global(&mut store, "reference").unwrap().get(&mut store);
        let reference = reference.unwrap_funcref().unwrap();
        assert_eq!(reference.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 0);
        let beyond = instance.get_typed_func::<(), ()>(&mut store, "beyond").unwrap();
        let trapped = beyond.call(&mut store, ()).unwrap_err();
        assert_eq!(trapped.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
        let dirty = instance.get_typed_func::<(), i64>(&mut store, "dirty").unwrap();
        assert_eq!(dirty.call(&mut store, ()).unwrap(), 0, "what the memory has grown by is not zero");
    }
}

/// Instances take over address space, mapped contents and contexts from those that are gone.
#[test]
fn instances_find_nothing_of_those_before_them() {
    let engine = Engine::new(Config::new().shared_memory(true)).unwrap();
    let kinds = [('a', 300, "4 9"), ('b', 10, "4 9"), ('c', 700, "4 9"), ('d', 20, "4 9 shared"), ('e', 2, "4 4")];
    let module = |(letter, functions, memory)| {
        (Module::new(&engine, furnished(letter, functions, memory)).unwrap(), letter, functions)
    };
    let modules = kinds.map(module);
    for round in 0..5 {
        for step in 0..8 {
            let (module, letter, functions) = &modules[(round * step + step / 2) % modules.len()];
            is_as_new(module, *letter, *functions);
        }
        // One that is gone before its instances are.
        let (gone, letter, functions) = module(kinds[round % 3]);
        let mut store = Store::new(&engine, ());
        Instance::new(&mut store, &gone, &[]).unwrap();
        is_as_new(&gone, letter, functions);
        drop(gone);
        drop(store);
    }
    // One whose first memory is made and whose second cannot be.
    let text = furnished('f', 3, "4 9").replacen("(global", "(memory i64 0x100_0000) (global", 1);
    let failing = Module::new(&engine, text).unwrap();
    for _ in 0..3 {
        Instance::new(&mut Store::new(&engine, ()), &failing, &[]).unwrap_err();
    }
    drop((modules, failing));
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("tancho memory image"), "contents outlive their modules and memories: {maps}");
}
