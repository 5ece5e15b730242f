//! Linkers, what they make, and what an engine compares.

use crate::misuse::{Answer, Row, alone, error, nothing, option, result, value, works, yes};
use crate::world::{Things, World};
use tancho::{Engine, Extern, Instance, Linker, MemoryType, Module, SharedMemory};

pub(crate) const STORES: &[Row] = &[
    error(
        "Linker::define",
        &[
            |a, b| define(a, b.func.into()),
            |a, b| define(a, b.host.into()),
            |a, b| define(a, b.memory.into()),
            |a, b| define(a, b.table.into()),
            |a, b| define(a, b.global.into()),
            |a, b| define(a, b.tag.into()),
        ],
    ),
    error(
        "Linker::instance",
        &[|a, b| result(Linker::new(&a.engine).instance(&mut a.store, "m", b.instance).map(drop))],
    ),
    error("Linker::get", &[|a, b| result(b.linker.get(&mut a.store, "m", "func"))]),
    nothing(
        "Linker::get_by_import",
        &[|a, b| {
            let importer = importer(b);
            option(b.linker.get_by_import(&mut a.store, &importer.imports().next().unwrap()))
        }],
    ),
    error(
        "Linker::try_get_by_import",
        &[|a, b| {
            let importer = importer(b);
            result(b.linker.try_get_by_import(&mut a.store, &importer.imports().next().unwrap()))
        }],
    ),
    error(
        "Linker::get_default",
        &[|a, b| {
            let mut linker = b.linker.clone();
            linker.alias("m", "func", "m", "").unwrap();
            result(linker.get_default(&mut a.store, "m"))
        }],
    ),
    nothing("Linker::iter", &[|a, b| option(b.linker.iter(&mut a.store).next())]),
    error("Linker::instantiate", &[|a, b| result(b.linker.instantiate(&mut a.store, &importer(b)))]),
    error(
        "InstancePre::instantiate",
        &[|a, b| result(b.linker.instantiate_pre(&importer(b)).unwrap().instantiate(&mut a.store))],
    ),
    error("Linker::module", &[|a, b| result(b.linker.clone().module(&mut a.store, "x", &importer(b)).map(drop))]),
];

pub(crate) const ENGINES: &[Row] = &[
    works("Engine::is_same", &[|a, b| yes(!a.engine.is_same(b.module.engine()))]),
    works("Engine::same", &[|a, b| yes(!Engine::same(&a.engine, b.module.engine()))]),
    works("Module::same", &[|a, b| yes(!Module::same(&a.things.module, &b.module))]),
    alone("Linker::func_new"),
    works("Linker::missing_imports", &[|a, b| value(a.things.linker.missing_imports(&b.module))]),
    error(
        "Instance::new",
        &[
            |a, b| result(Instance::new(&mut a.store, &b.module, &[])),
            |a, b| {
                let module = Module::new(&a.engine, r#"(module (import "" "" (memory 1 1 shared)))"#).unwrap();
                result(Instance::new(&mut a.store, &module, &[b.shared.clone().into()]))
            },
        ],
    ),
    error("Extern::try_ty", &[|a, b| result(Extern::from(b.shared.clone()).try_ty(&a.store))]),
    error(
        "Linker::instantiate",
        &[
            |a, b| result(a.things.linker.clone().instantiate(&mut a.store, &b.module)),
            |a, b| result(Linker::new(b.module.engine()).instantiate(&mut a.store, &b.module)),
            |a, b| result(Linker::new(b.module.engine()).instantiate(&mut a.store, &a.things.module)),
        ],
    ),
    error("Linker::instantiate_pre", &[|a, b| result(a.things.linker.instantiate_pre(&b.module))]),
    error("InstancePre::instantiate", &[|a, b| result(b.pre.instantiate(&mut a.store))]),
    error(
        "Linker::define",
        &[
            |a, b| result(b.linker.clone().define(&a.store, "m", "n", a.things.func).map(drop)),
            |a, b| define(a, b.shared.clone().into()),
            |a, b| {
                let shared = SharedMemory::new(&a.engine, MemoryType::shared(1, 1)).unwrap();
                result(b.linker.clone().define(&a.store, "m", "n", shared).map(drop))
            },
        ],
    ),
    error(
        "Linker::instance",
        &[|a, b| result(b.linker.clone().instance(&mut a.store, "x", a.things.instance).map(drop))],
    ),
    error(
        "Linker::module",
        &[
            |a, b| result(a.things.linker.clone().module(&mut a.store, "x", &b.module).map(drop)),
            |a, b| result(b.linker.clone().module(&mut a.store, "x", &b.module).map(drop)),
            |a, b| result(b.linker.clone().module(&mut a.store, "x", &command(b)).map(drop)),
            |a, b| result(a.things.linker.clone().module(&mut a.store, "x", &command(b)).map(drop)),
        ],
    ),
    error(
        "Linker::define_unknown_imports_as_traps",
        &[|a, b| result(a.things.linker.clone().define_unknown_imports_as_traps(&b.module))],
    ),
    error(
        "Linker::define_unknown_imports_as_default_values",
        &[|a, b| result(a.things.linker.clone().define_unknown_imports_as_default_values(&b.module))],
    ),
    error("Linker::get", &[|a, b| result(host_linker(b).get(&mut a.store, "m", "host"))]),
    nothing(
        "Linker::get_by_import",
        &[|a, b| {
            let importer = importer(b);
            option(host_linker(b).get_by_import(&mut a.store, &importer.imports().next().unwrap()))
        }],
    ),
    error("Linker::get_default", &[|a, b| result(host_linker(b).get_default(&mut a.store, "nothing"))]),
    nothing(
        "Linker::iter",
        &[|a, b| {
            let linker = host_linker(b);
            let first = linker.iter(&mut a.store).next().map(drop);
            option(first)
        }],
    ),
];

fn define(a: &mut World, item: Extern) -> Answer {
    result(Linker::new(&a.engine).define(&a.store, "m", "n", item).map(drop))
}

pub(super) fn importer(b: &Things) -> Module {
    Module::new(b.module.engine(), r#"(module (import "m" "func" (func (result i32))))"#).unwrap()
}

pub(super) fn command(b: &Things) -> Module {
    Module::new(b.module.engine(), r#"(module (func (export "_start")))"#).unwrap()
}

/// A linker that holds what belongs to no store.
fn host_linker(b: &Things) -> Linker<()> {
    let mut linker = Linker::new(b.module.engine());
    linker.func_wrap("m", "host", || ()).unwrap();
    linker
}
