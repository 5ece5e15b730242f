//! Memories, tables, globals, tags, and instances that export them.

use crate::misuse::{Answer, Row, alone, error, nothing, option, panic, reference, result, value};
use crate::world::World;
use tancho::{Extern, Global, GlobalType, Instance, Module, Mutability, Ref, RefType, Table, TableType, Val, ValType};

pub(crate) const ROWS: &[Row] = &[
    alone("Memory::new"),
    panic("Memory::ty", &[|a, b| value(b.memory.ty(&a.store))]),
    error("Memory::try_ty", &[|a, b| result(b.memory.try_ty(&a.store))]),
    panic("Memory::data", &[|a, b| value(b.memory.data(&a.store))]),
    error("Memory::try_data", &[|a, b| result(b.memory.try_data(&a.store))]),
    panic("Memory::data_mut", &[|a, b| value(b.memory.data_mut(&mut a.store))]),
    error("Memory::try_data_mut", &[|a, b| result(b.memory.try_data_mut(&mut a.store))]),
    panic("Memory::data_and_store_mut", &[|a, b| value(b.memory.data_and_store_mut(&mut a.store))]),
    error("Memory::try_data_and_store_mut", &[|a, b| result(b.memory.try_data_and_store_mut(&mut a.store))]),
    panic("Memory::data_ptr", &[|a, b| value(b.memory.data_ptr(&a.store))]),
    error("Memory::try_data_ptr", &[|a, b| result(b.memory.try_data_ptr(&a.store))]),
    error("Memory::read", &[|a, b| result(b.memory.read(&a.store, 0, &mut [0]))]),
    error("Memory::write", &[|a, b| result(b.memory.write(&mut a.store, 0, &[1]))]),
    panic("Memory::size", &[|a, b| value(b.memory.size(&a.store))]),
    error("Memory::try_size", &[|a, b| result(b.memory.try_size(&a.store))]),
    panic("Memory::data_size", &[|a, b| value(b.memory.data_size(&a.store))]),
    error("Memory::try_data_size", &[|a, b| result(b.memory.try_data_size(&a.store))]),
    panic("Memory::page_size", &[|a, b| value(b.memory.page_size(&a.store))]),
    error("Memory::try_page_size", &[|a, b| result(b.memory.try_page_size(&a.store))]),
    panic("Memory::page_size_log2", &[|a, b| value(b.memory.page_size_log2(&a.store))]),
    error("Memory::try_page_size_log2", &[|a, b| result(b.memory.try_page_size_log2(&a.store))]),
    error("Memory::grow", &[|a, b| result(b.memory.grow(&mut a.store, 1))]),
    error(
        "Table::new",
        &[
            |a, b| result(Table::new(&mut a.store, table(RefType::FUNCREF), b.func.into())),
            |a, b| result(Table::new(&mut a.store, table(RefType::FUNCREF), b.host.into())),
        ],
    ),
    reference(
        "Table::new",
        &[
            |a, b| result(Table::new(&mut a.store, table(RefType::EXTERNREF), b.value.root.into())),
            |a, b| result(Table::new(&mut a.store, table(RefType::ANYREF), b.any.root.into())),
            |a, b| result(Table::new(&mut a.store, table(RefType::EXNREF), b.exn.root.into())),
        ],
    ),
    reference(
        "Table::set",
        &[
            |a, b| result(a.things.externs.set(&mut a.store, 0, b.value.root.into())),
            |a, b| result(a.things.anys.set(&mut a.store, 0, b.any.root.into())),
            |a, b| result(a.things.anys.set(&mut a.store, 0, b.array.root.into())),
            |a, b| result(a.things.exns.set(&mut a.store, 0, b.exn.root.into())),
        ],
    ),
    panic("Table::ty", &[|a, b| value(b.table.ty(&a.store))]),
    error("Table::try_ty", &[|a, b| result(b.table.try_ty(&a.store))]),
    nothing(
        "Table::get",
        &[|a, b| option(b.table.get(&mut a.store, 0)), |a, b| option(b.externs.get(&mut a.store, 0))],
    ),
    panic("Table::size", &[|a, b| value(b.table.size(&a.store))]),
    error("Table::try_size", &[|a, b| result(b.table.try_size(&a.store))]),
    reference(
        "Table::grow",
        &[
            |a, b| result(a.things.externs.grow(&mut a.store, 1, b.value.root.into())),
            |a, b| result(a.things.anys.grow(&mut a.store, 1, b.eq.root.into())),
            |a, b| result(a.things.exns.grow(&mut a.store, 1, b.exn.root.into())),
        ],
    ),
    reference(
        "Table::fill",
        &[
            |a, b| result(a.things.externs.fill(&mut a.store, 0, b.value.root.into(), 1)),
            |a, b| result(a.things.anys.fill(&mut a.store, 0, b.any.root.into(), 1)),
            |a, b| result(a.things.exns.fill(&mut a.store, 0, b.exn.root.into(), 1)),
        ],
    ),
    error(
        "Table::copy",
        &[
            |a, b| result(Table::copy(&mut a.store, &b.table, 0, &a.things.table, 0, 1)),
            |a, b| result(Table::copy(&mut a.store, &a.things.table, 0, &b.table, 0, 1)),
        ],
    ),
    error(
        "Table::set",
        &[
            |a, b| result(b.table.set(&mut a.store, 0, Ref::Func(None))),
            |a, b| result(a.things.table.set(&mut a.store, 0, b.func.into())),
            |a, b| result(a.things.table.set(&mut a.store, 0, b.host.into())),
        ],
    ),
    error(
        "Table::grow",
        &[
            |a, b| result(b.table.grow(&mut a.store, 1, Ref::Func(None))),
            |a, b| result(a.things.table.grow(&mut a.store, 1, b.func.into())),
        ],
    ),
    error(
        "Table::fill",
        &[
            |a, b| result(b.table.fill(&mut a.store, 0, Ref::Func(None), 1)),
            |a, b| result(a.things.table.fill(&mut a.store, 0, b.func.into(), 1)),
        ],
    ),
    error(
        "Global::new",
        &[
            |a, b| result(Global::new(&mut a.store, global(ValType::FUNCREF), b.func.into())),
            |a, b| result(Global::new(&mut a.store, global(ValType::FUNCREF), b.host.into())),
        ],
    ),
    error(
        "Global::set",
        &[
            |a, b| result(b.global.set(&mut a.store, Val::I32(0))),
            |a, b| result(a.things.funcs.set(&mut a.store, b.func.into())),
            |a, b| result(a.things.funcs.set(&mut a.store, b.host.into())),
        ],
    ),
    reference(
        "Global::new",
        &[
            |a, b| result(Global::new(&mut a.store, global(ValType::EXTERNREF), b.value.root.into())),
            |a, b| result(Global::new(&mut a.store, global(ValType::ANYREF), b.any.root.into())),
            |a, b| result(Global::new(&mut a.store, global(ValType::EXNREF), b.exn.root.into())),
        ],
    ),
    reference(
        "Global::set",
        &[
            |a, b| result(a.things.values.set(&mut a.store, b.value.root.into())),
            |a, b| result(a.things.objects.set(&mut a.store, b.structure.root.into())),
            |a, b| result(a.things.exceptions.set(&mut a.store, b.exn.root.into())),
        ],
    ),
    panic("Global::ty", &[|a, b| value(b.global.ty(&a.store))]),
    error("Global::try_ty", &[|a, b| result(b.global.try_ty(&a.store))]),
    panic("Global::get", &[|a, b| value(b.global.get(&mut a.store)), |a, b| value(b.values.get(&mut a.store))]),
    error(
        "Global::try_get",
        &[|a, b| result(b.global.try_get(&mut a.store)), |a, b| result(b.values.try_get(&mut a.store))],
    ),
    alone("Tag::new"),
    panic("Tag::ty", &[|a, b| value(b.tag.ty(&a.store))]),
    error("Tag::try_ty", &[|a, b| result(b.tag.try_ty(&a.store))]),
    panic(
        "Extern::ty",
        &[
            |a, b| value(Extern::from(b.func).ty(&a.store)),
            |a, b| value(Extern::from(b.host).ty(&a.store)),
            |a, b| value(Extern::from(b.memory).ty(&a.store)),
            |a, b| value(Extern::from(b.table).ty(&a.store)),
            |a, b| value(Extern::from(b.global).ty(&a.store)),
            |a, b| value(Extern::from(b.tag).ty(&a.store)),
        ],
    ),
    error(
        "Extern::try_ty",
        &[
            |a, b| result(Extern::from(b.func).try_ty(&a.store)),
            |a, b| result(Extern::from(b.host).try_ty(&a.store)),
            |a, b| result(Extern::from(b.memory).try_ty(&a.store)),
            |a, b| result(Extern::from(b.table).try_ty(&a.store)),
            |a, b| result(Extern::from(b.global).try_ty(&a.store)),
            |a, b| result(Extern::from(b.tag).try_ty(&a.store)),
        ],
    ),
    panic(
        "Export::ty",
        &[|a, _| {
            let (mut store, module) = (tancho::Store::new(&a.engine, ()), a.things.module.clone());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let export = instance.exports(&mut store).next().unwrap();
            value(export.ty(&a.store))
        }],
    ),
    error(
        "Export::try_ty",
        &[|a, _| {
            let (mut store, module) = (tancho::Store::new(&a.engine, ()), a.things.module.clone());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let export = instance.exports(&mut store).next().unwrap();
            result(export.try_ty(&a.store))
        }],
    ),
    error(
        "Instance::new",
        &[
            |a, b| import(a, "(func (result i32))", b.func.into()),
            |a, b| import(a, "(func (result i32))", b.host.into()),
            |a, b| import(a, "(memory 1)", b.memory.into()),
            |a, b| import(a, "(table 2 funcref)", b.table.into()),
            |a, b| import(a, "(global (mut i32))", b.global.into()),
            |a, b| import(a, "(tag (param i32))", b.tag.into()),
        ],
    ),
    nothing("Instance::get_func", &[|a, b| option(b.instance.get_func(&mut a.store, "func"))]),
    nothing("Instance::get_memory", &[|a, b| option(b.instance.get_memory(&mut a.store, "memory"))]),
    nothing("Instance::get_shared_memory", &[|a, b| option(b.instance.get_shared_memory(&mut a.store, "memory"))]),
    nothing("Instance::get_table", &[|a, b| option(b.instance.get_table(&mut a.store, "table"))]),
    nothing("Instance::get_global", &[|a, b| option(b.instance.get_global(&mut a.store, "global"))]),
    nothing("Instance::get_tag", &[|a, b| option(b.instance.get_tag(&mut a.store, "tag"))]),
    nothing("Instance::get_export", &[|a, b| option(b.instance.get_export(&mut a.store, "func"))]),
    nothing(
        "Instance::get_module_export",
        &[
            |a, b| option(b.instance.get_module_export(&mut a.store, &b.place)),
            |a, b| option(b.instance.get_module_export(&mut a.store, &a.things.place)),
        ],
    ),
    error("Instance::get_typed_func", &[|a, b| result(b.instance.get_typed_func::<(), i32>(&mut a.store, "func"))]),
    panic("Instance::module", &[|a, b| value(b.instance.module(&a.store))]),
    error("Instance::try_module", &[|a, b| result(b.instance.try_module(&a.store))]),
    panic("Instance::exports", &[|a, b| value(b.instance.exports(&mut a.store).count())]),
    error("Instance::try_exports", &[|a, b| result(b.instance.try_exports(&mut a.store).map(drop))]),
];

fn table(element: RefType) -> TableType {
    TableType::new(element, 1, None)
}

fn global(content: ValType) -> GlobalType {
    GlobalType::new(content, Mutability::Const)
}

fn import(a: &mut World, ty: &str, item: Extern) -> Answer {
    let module = Module::new(&a.engine, format!(r#"(module (import "" "" {ty}))"#)).unwrap();
    result(Instance::new(&mut a.store, &module, &[item]))
}
