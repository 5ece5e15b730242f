//! Misuse: every public function that takes a handle is given one of another store, or something of another engine.
//!
//! Each case must be an error, or a panic with the documented message, and both stores must work as before. References to objects, which
//! can be misused in more ways, are in `rooting`.
#![cfg(all(feature = "compile", feature = "wat"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho::{
    ArrayRef, ArrayRefPre, ArrayType, Engine, Exception, ExnRef, Extern, ExternRef, FieldType, Func, FuncType, Global,
    GlobalType, Instance, Linker, Memory, Module, Mutability, Ref, RefType, Rooted, StorageType, Store, StructRef,
    StructRefPre, StructType, Table, TableType, Tag, TagType, TypedFunc, Val, ValType,
};

const TEXT: &str = r#"(module
    (memory (export "memory") 1) (table (export "table") 2 funcref) (table (export "externs") 2 externref)
    (global (export "global") (mut i32) (i32.const 5)) (global (export "funcs") (mut funcref) (ref.null func))
    (global (export "values") (mut externref) (ref.null extern))
    (func (export "func") (result i32) (i32.const 1))
    (func (export "take") (param funcref))
    (func (export "hold") (param externref)))"#;

struct World {
    engine: Engine,
    module: Module,
    store: Store<()>,
    instance: Instance,
    func: Func,
    host: Func,
    typed: TypedFunc<(), i32>,
    take: TypedFunc<Option<Func>, ()>,
    hold: TypedFunc<Option<Rooted<ExternRef>>, ()>,
    memory: Memory,
    table: Table,
    externs: Table,
    global: Global,
    funcs: Global,
    values: Global,
    value: Rooted<ExternRef>,
    structures: StructRefPre,
    arrays: ArrayRefPre,
    tag: Tag,
    exception: Exception,
}

fn world(engine: &Engine) -> World {
    let module = Module::new(engine, TEXT).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let field = FieldType::new(Mutability::Var, StorageType::I8);
    let tag = TagType::new(FuncType::new(engine, [ValType::I32], [])).unwrap();
    let tag = Tag::new(&mut store, &tag).unwrap();
    World {
        structures: StructRefPre::new(&mut store, StructType::new(engine, [field.clone()]).unwrap()),
        arrays: ArrayRefPre::new(&mut store, ArrayType::new(engine, field)),
        exception: Exception::new(&mut store, tag, &[1.into()]).unwrap(),
        tag,
        engine: engine.clone(),
        func: instance.get_func(&mut store, "func").unwrap(),
        host: Func::wrap(&mut store, || 2),
        typed: instance.get_typed_func(&mut store, "func").unwrap(),
        take: instance.get_typed_func(&mut store, "take").unwrap(),
        hold: instance.get_typed_func(&mut store, "hold").unwrap(),
        memory: instance.get_memory(&mut store, "memory").unwrap(),
        table: instance.get_table(&mut store, "table").unwrap(),
        externs: instance.get_table(&mut store, "externs").unwrap(),
        global: instance.get_global(&mut store, "global").unwrap(),
        funcs: instance.get_global(&mut store, "funcs").unwrap(),
        values: instance.get_global(&mut store, "values").unwrap(),
        value: ExternRef::new(&mut store, 1).unwrap(),
        module,
        store,
        instance,
    }
}

/// Uses something of the second world in the first: `true` when it was an error.
type Case = (&'static str, fn(&mut World, &World) -> bool);

fn func_type() -> TableType {
    TableType::new(RefType::FUNCREF, 1, None)
}

const STORE_CASES: &[Case] = &[
    ("Func::ty", |a, b| drop_ok(b.func.ty(&a.store))),
    ("Func::call", |a, b| b.func.call(&mut a.store, &[], &mut [Val::I32(0)]).is_err()),
    ("Func::call host", |a, b| b.host.call(&mut a.store, &[], &mut [Val::I32(0)]).is_err()),
    ("Func::call func param", |a, b| a.take.func().call(&mut a.store, &[b.func.into()], &mut []).is_err()),
    ("Func::call host param", |a, b| a.take.func().call(&mut a.store, &[b.host.into()], &mut []).is_err()),
    ("Func::call extern param", |a, b| a.hold.func().call(&mut a.store, &[b.value.into()], &mut []).is_err()),
    ("Func::typed", |a, b| b.func.typed::<(), i32>(&a.store).is_err()),
    ("TypedFunc::call", |a, b| b.typed.call(&mut a.store, ()).is_err()),
    ("TypedFunc::call host", |a, b| b.host.typed::<(), i32>(&b.store).unwrap().call(&mut a.store, ()).is_err()),
    ("TypedFunc::call func param", |a, b| a.take.call(&mut a.store, Some(b.func)).is_err()),
    ("TypedFunc::call host param", |a, b| a.take.call(&mut a.store, Some(b.host)).is_err()),
    ("TypedFunc::call extern param", |a, b| a.hold.call(&mut a.store, Some(b.value)).is_err()),
    ("host function's func result", |a, b| {
        let func = b.func;
        let host = Func::wrap(&mut a.store, move || Some(func));
        host.typed::<(), Option<Func>>(&a.store).unwrap().call(&mut a.store, ()).is_err()
    }),
    ("host function's extern result", |a, b| {
        let value = b.value;
        let host = Func::wrap(&mut a.store, move || (1, Some(value)));
        host.typed::<(), (i32, Option<Rooted<ExternRef>>)>(&a.store).unwrap().call(&mut a.store, ()).is_err()
    }),
    ("untyped host function's result", |a, b| {
        let func = b.func;
        let ty = a.take.func().ty(&a.store);
        let ty = tancho::FuncType::new(&a.engine, [], ty.params());
        let host = Func::new(&mut a.store, ty, move |_, _, results| {
            results[0] = func.into();
            Ok(())
        });
        host.call(&mut a.store, &[], &mut [Val::I32(0)]).is_err()
    }),
    ("Memory::ty", |a, b| drop_ok(b.memory.ty(&a.store))),
    ("Memory::data", |a, b| drop_ok(b.memory.data(&a.store))),
    ("Memory::data_mut", |a, b| drop_ok(b.memory.data_mut(&mut a.store))),
    ("Memory::data_and_store_mut", |a, b| drop_ok(b.memory.data_and_store_mut(&mut a.store))),
    ("Memory::read", |a, b| b.memory.read(&a.store, 0, &mut [0]).is_err()),
    ("Memory::write", |a, b| b.memory.write(&mut a.store, 0, &[1]).is_err()),
    ("Memory::size", |a, b| drop_ok(b.memory.size(&a.store))),
    ("Memory::data_size", |a, b| drop_ok(b.memory.data_size(&a.store))),
    ("Memory::grow", |a, b| b.memory.grow(&mut a.store, 1).is_err()),
    ("Table::new func", |a, b| Table::new(&mut a.store, func_type(), b.func.into()).is_err()),
    ("Table::new host", |a, b| Table::new(&mut a.store, func_type(), b.host.into()).is_err()),
    ("Table::new extern", |a, b| {
        Table::new(&mut a.store, TableType::new(RefType::EXTERNREF, 1, None), b.value.into()).is_err()
    }),
    ("Table::ty", |a, b| drop_ok(b.table.ty(&a.store))),
    ("Table::get", |a, b| drop_ok(b.table.get(&mut a.store, 0))),
    ("Table::set", |a, b| b.table.set(&mut a.store, 0, Ref::Func(None)).is_err()),
    ("Table::set func", |a, b| a.table.set(&mut a.store, 0, b.func.into()).is_err()),
    ("Table::set host", |a, b| a.table.set(&mut a.store, 0, b.host.into()).is_err()),
    ("Table::set extern", |a, b| a.externs.set(&mut a.store, 0, b.value.into()).is_err()),
    ("Table::grow", |a, b| b.table.grow(&mut a.store, 1, Ref::Func(None)).is_err()),
    ("Table::grow func", |a, b| a.table.grow(&mut a.store, 1, b.func.into()).is_err()),
    ("Table::size", |a, b| drop_ok(b.table.size(&a.store))),
    ("Table::fill", |a, b| b.table.fill(&mut a.store, 0, Ref::Func(None), 1).is_err()),
    ("Table::fill func", |a, b| a.table.fill(&mut a.store, 0, b.func.into(), 1).is_err()),
    ("Table::copy target", |a, b| Table::copy(&mut a.store, &b.table, 0, &a.table, 0, 1).is_err()),
    ("Table::copy source", |a, b| Table::copy(&mut a.store, &a.table, 0, &b.table, 0, 1).is_err()),
    ("Global::new func", |a, b| {
        Global::new(&mut a.store, GlobalType::new(ValType::FUNCREF, Mutability::Const), b.func.into()).is_err()
    }),
    ("Global::new extern", |a, b| {
        Global::new(&mut a.store, GlobalType::new(ValType::EXTERNREF, Mutability::Const), b.value.into()).is_err()
    }),
    ("Global::ty", |a, b| drop_ok(b.global.ty(&a.store))),
    ("Global::get", |a, b| drop_ok(b.global.get(&mut a.store))),
    ("Global::set", |a, b| b.global.set(&mut a.store, Val::I32(0)).is_err()),
    ("Global::set func", |a, b| a.funcs.set(&mut a.store, b.func.into()).is_err()),
    ("Global::set host", |a, b| a.funcs.set(&mut a.store, b.host.into()).is_err()),
    ("Global::set extern", |a, b| a.values.set(&mut a.store, b.value.into()).is_err()),
    ("ExternRef::data", |a, b| b.value.data(&a.store).is_err()),
    ("StructRef::new", |a, b| StructRef::new(&mut a.store, &b.structures, &[1.into()]).is_err()),
    ("ArrayRef::new", |a, b| ArrayRef::new(&mut a.store, &b.arrays, &1.into(), 1).is_err()),
    ("ArrayRef::new_fixed", |a, b| ArrayRef::new_fixed(&mut a.store, &b.arrays, &[1.into()]).is_err()),
    ("Tag::ty", |a, b| drop_ok(b.tag.ty(&a.store))),
    ("Exception::new tag", |a, b| Exception::new(&mut a.store, b.tag, &[1.into()]).is_err()),
    ("ExnRef::new", |a, b| ExnRef::new(&mut a.store, &b.exception).is_err()),
    ("Extern::ty func", |a, b| drop_ok(Extern::from(b.func).ty(&a.store))),
    ("Extern::ty memory", |a, b| drop_ok(Extern::from(b.memory).ty(&a.store))),
    ("Extern::ty table", |a, b| drop_ok(Extern::from(b.table).ty(&a.store))),
    ("Extern::ty global", |a, b| drop_ok(Extern::from(b.global).ty(&a.store))),
    ("Instance::new func", |a, b| import(a, "(func (result i32))", b.func)),
    ("Instance::new host", |a, b| import(a, "(func (result i32))", b.host)),
    ("Instance::new memory", |a, b| import(a, "(memory 1)", b.memory)),
    ("Instance::new table", |a, b| import(a, "(table 2 funcref)", b.table)),
    ("Instance::new global", |a, b| import(a, "(global (mut i32))", b.global)),
    ("Instance::get_func", |a, b| drop_ok(b.instance.get_func(&mut a.store, "func"))),
    ("Instance::get_memory", |a, b| drop_ok(b.instance.get_memory(&mut a.store, "memory"))),
    ("Instance::get_table", |a, b| drop_ok(b.instance.get_table(&mut a.store, "table"))),
    ("Instance::get_global", |a, b| drop_ok(b.instance.get_global(&mut a.store, "global"))),
    ("Instance::get_export", |a, b| drop_ok(b.instance.get_export(&mut a.store, "func"))),
    ("Instance::get_typed_func", |a, b| b.instance.get_typed_func::<(), i32>(&mut a.store, "func").is_err()),
    ("Instance::exports", |a, b| drop_ok(b.instance.exports(&mut a.store).count())),
    ("Linker::define func", |a, b| define(a, b.func)),
    ("Linker::define host", |a, b| define(a, b.host)),
    ("Linker::define memory", |a, b| define(a, b.memory)),
    ("Linker::define table", |a, b| define(a, b.table)),
    ("Linker::define global", |a, b| define(a, b.global)),
    ("Linker::instance", |a, b| Linker::new(&a.engine).instance(&mut a.store, "m", b.instance).is_err()),
];

fn import(a: &mut World, ty: &str, item: impl Into<Extern>) -> bool {
    let module = Module::new(&a.engine, format!(r#"(module (import "" "" {ty}))"#)).unwrap();
    Instance::new(&mut a.store, &module, &[item.into()]).is_err()
}

fn define(a: &mut World, item: impl Into<Extern>) -> bool {
    Linker::new(&a.engine).define(&a.store, "m", "n", item).is_err()
}

/// For functions without a result: they must have panicked before this.
fn drop_ok<V>(_: V) -> bool {
    false
}

/// Cases with linkers that hold things of the other store, which only the other store may use.
const LINKER_CASES: &[Case] = &[
    ("Linker::get", |a, b| drop_ok(linker_of(b).get(&mut a.store, "m", "func"))),
    ("Linker::instantiate", |a, b| linker_of(b).instantiate(&mut a.store, &importer(b)).is_err()),
    ("InstancePre::instantiate", |a, b| {
        let linker = linker_of(b);
        match linker.instantiate_pre(&importer(b)) {
            Ok(pre) => pre.instantiate(&mut a.store).is_err(),
            Err(_) => true,
        }
    }),
    ("Linker::module", |a, b| linker_of(b).module(&mut a.store, "x", &importer(b)).is_err()),
];

fn linker_of(b: &World) -> Linker<()> {
    let mut linker = Linker::new(&b.engine);
    linker.define(&b.store, "m", "func", b.func).unwrap();
    linker
}

fn importer(b: &World) -> Module {
    Module::new(&b.engine, r#"(module (import "m" "func" (func (result i32))))"#).unwrap()
}

/// Cases that are wrong only when the engine is another one.
const ENGINE_CASES: &[Case] = &[
    ("Instance::new", |a, b| Instance::new(&mut a.store, &b.module, &[]).is_err()),
    ("Linker::instantiate module", |a, b| Linker::new(&a.engine).instantiate(&mut a.store, &b.module).is_err()),
    ("Linker::instantiate store", |a, b| Linker::new(&b.engine).instantiate(&mut a.store, &b.module).is_err()),
    ("Linker::instantiate_pre", |a, b| Linker::<()>::new(&a.engine).instantiate_pre(&b.module).is_err()),
    ("InstancePre::instantiate", |a, b| {
        Linker::new(&b.engine).instantiate_pre(&b.module).unwrap().instantiate(&mut a.store).is_err()
    }),
    ("Linker::define", |a, b| Linker::new(&b.engine).define(&a.store, "m", "n", a.func).is_err()),
    ("Linker::instance", |a, b| Linker::new(&b.engine).instance(&mut a.store, "m", a.instance).is_err()),
    ("Linker::module module", |a, b| Linker::new(&a.engine).module(&mut a.store, "m", &b.module).is_err()),
    ("Linker::module store", |a, b| Linker::new(&b.engine).module(&mut a.store, "m", &b.module).is_err()),
    ("Linker::module command", |a, b| {
        let command = Module::new(&b.engine, r#"(module (func (export "_start")))"#).unwrap();
        Linker::new(&b.engine).module(&mut a.store, "m", &command).is_err()
            && Linker::new(&a.engine).module(&mut a.store, "m", &command).is_err()
    }),
    ("Linker::define_unknown_imports_as_traps", |a, b| {
        Linker::<()>::new(&a.engine).define_unknown_imports_as_traps(&b.module).is_err()
    }),
    ("Linker::define_unknown_imports_as_default_values", |a, b| {
        Linker::<()>::new(&a.engine).define_unknown_imports_as_default_values(&b.module).is_err()
    }),
    ("Linker::get", |a, b| {
        let mut linker = Linker::new(&b.engine);
        linker.func_wrap("m", "n", || ()).unwrap();
        drop_ok(linker.get(&mut a.store, "m", "n"))
    }),
];

fn check(cases: &[Case], here: &Engine, there: &Engine) {
    for (name, case) in cases {
        let (mut a, mut b) = (world(here), world(there));
        let refused = match catch_unwind(AssertUnwindSafe(|| case(&mut a, &b))) {
            Ok(refused) => refused,
            Err(payload) => {
                let message = payload.downcast_ref::<String>().unwrap();
                assert!(message.contains("belongs to another"), "{name}: {message}");
                true
            }
        };
        assert!(refused, "{name} accepts what is another's");
        for world in [&mut a, &mut b] {
            assert_eq!(world.typed.call(&mut world.store, ()).unwrap(), 1, "{name}");
            let host = world.host.typed::<(), i32>(&world.store).unwrap();
            assert_eq!(host.call(&mut world.store, ()).unwrap(), 2, "{name}");
            assert_eq!(world.memory.size(&world.store), 1, "{name}");
            assert_eq!(world.memory.data(&world.store)[0], 0, "{name}");
            assert_eq!(world.table.size(&world.store), 2, "{name}");
            assert!(world.table.get(&mut world.store, 0).unwrap().is_null(), "{name}");
            assert_eq!(world.global.get(&mut world.store).i32(), Some(5), "{name}");
            assert!(world.funcs.get(&mut world.store).funcref().unwrap().is_none(), "{name}");
            assert!(world.values.get(&mut world.store).externref().unwrap().is_none(), "{name}");
            let value = world.value.data(&world.store).unwrap().unwrap();
            assert_eq!(value.downcast_ref(), Some(&1), "{name}");
        }
    }
}

#[test]
fn handles_of_another_store() {
    let engine = Engine::default();
    check(STORE_CASES, &engine, &engine);
    check(LINKER_CASES, &engine, &engine);
}

#[test]
fn handles_of_another_engine() {
    let (here, there) = (Engine::default(), Engine::default());
    check(STORE_CASES, &here, &there);
    check(LINKER_CASES, &here, &there);
    check(ENGINE_CASES, &here, &there);
}

#[test]
fn a_dropped_store_is_another_store() {
    let engine = Engine::default();
    let World { store, func, typed, memory, .. } = world(&engine);
    drop(store);
    let mut new = world(&engine).store;
    assert!(func.call(&mut new, &[], &mut [Val::I32(0)]).is_err());
    assert!(typed.call(&mut new, ()).is_err());
    assert!(memory.grow(&mut new, 1).is_err());
}
