//! Asynchronous calls and host functions.

use super::link::{command, importer};
use crate::misuse::{Answer, Row, alone, error, reference, result};
use crate::world::{Things, World};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tancho::{
    ExternRef, Func, FuncType, Instance, Linker, Module, Ref, RefType, Rooted, Table, TableType, Val, ValType,
};

pub(crate) const STORES: &[Row] = &[
    error(
        "Func::wrap_async",
        &[
            |a, b| {
                let func = b.func;
                let host = Func::wrap_async(&mut a.store, move |_, ()| Box::new(async move { Some(func) }));
                result(done(host.typed::<(), Option<Func>>(&a.store).unwrap().call_async(&mut a.store, ())))
            },
            |a, b| {
                let value = b.value.root;
                let host = Func::wrap_async(&mut a.store, move |_, ()| Box::new(async move { (1, Some(value)) }));
                let host = host.typed::<(), (i32, Option<Rooted<ExternRef>>)>(&a.store).unwrap();
                result(done(host.call_async(&mut a.store, ())))
            },
        ],
    ),
    error(
        "Func::new_async",
        &[|a, b| {
            let func = b.func;
            let ty = FuncType::new(&a.engine, [], [ValType::FUNCREF]);
            let host = Func::new_async(&mut a.store, ty, move |_, _, results| {
                results[0] = func.into();
                Box::new(async { Ok(()) })
            });
            result(done(host.call_async(&mut a.store, &[], &mut [Val::I32(0)])))
        }],
    ),
    error(
        "Func::call_async",
        &[
            |a, b| result(done(b.func.call_async(&mut a.store, &[], &mut [Val::I32(0)]))),
            |a, b| result(done(b.host.call_async(&mut a.store, &[], &mut [Val::I32(0)]))),
            |a, b| {
                on_fibers(a);
                result(done(b.func.call_async(&mut a.store, &[], &mut [Val::I32(0)])))
            },
            |a, b| {
                on_fibers(a);
                let take = *a.things.take.func();
                result(done(take.call_async(&mut a.store, &[b.func.into()], &mut [])))
            },
        ],
    ),
    error(
        "TypedFunc::call_async",
        &[
            |a, b| result(done(b.typed.call_async(&mut a.store, ()))),
            |a, b| {
                on_fibers(a);
                result(done(b.typed.call_async(&mut a.store, ())))
            },
            |a, b| {
                on_fibers(a);
                result(done(a.things.take.call_async(&mut a.store, Some(b.host))))
            },
        ],
    ),
    reference(
        "TypedFunc::call_async",
        &[
            |a, b| hold(a, b),
            |a, b| {
                on_fibers(a);
                hold(a, b)
            },
        ],
    ),
    error("Linker::instantiate_async", &[|a, b| result(done(b.linker.instantiate_async(&mut a.store, &importer(b))))]),
    error(
        "InstancePre::instantiate_async",
        &[|a, b| result(done(b.linker.instantiate_pre(&importer(b)).unwrap().instantiate_async(&mut a.store)))],
    ),
    error(
        "Instance::new_async",
        &[|a, b| {
            on_fibers(a);
            result(done(Instance::new_async(&mut a.store, &importer(b), &[b.func.into()])))
        }],
    ),
    alone("Memory::new_async"),
    error(
        "Memory::grow_async",
        &[
            |a, b| result(done(b.memory.grow_async(&mut a.store, 1))),
            |a, b| {
                on_fibers(a);
                result(done(b.memory.grow_async(&mut a.store, 1)))
            },
        ],
    ),
    reference(
        "Table::new_async",
        &[|a, b| {
            let ty = TableType::new(RefType::EXTERNREF, 1, None);
            result(done(Table::new_async(&mut a.store, ty, b.value.root.into())))
        }],
    ),
    reference(
        "Table::grow_async",
        &[
            |a, b| result(done(a.things.externs.grow_async(&mut a.store, 1, b.value.root.into()))),
            |a, b| {
                on_fibers(a);
                result(done(a.things.externs.grow_async(&mut a.store, 1, b.value.root.into())))
            },
        ],
    ),
    error("Table::grow_async", &[|a, b| result(done(b.table.grow_async(&mut a.store, 1, Ref::Func(None))))]),
    error(
        "Linker::module_async",
        &[|a, b| result(done(b.linker.clone().module_async(&mut a.store, "x", &importer(b))).map(drop))],
    ),
    alone("Store::epoch_deadline_callback"),
    alone("Linker::func_wrap_async"),
];

pub(crate) const ENGINES: &[Row] = &[
    alone("Linker::func_new_async"),
    error(
        "Linker::module_async",
        &[
            |a, b| result(done(a.things.linker.clone().module_async(&mut a.store, "x", &b.module)).map(drop)),
            |a, b| result(done(b.linker.clone().module_async(&mut a.store, "x", &command(b))).map(drop)),
            |a, b| result(done(a.things.linker.clone().module_async(&mut a.store, "x", &command(b))).map(drop)),
        ],
    ),
    error("Instance::new_async", &[|a, b| result(done(Instance::new_async(&mut a.store, &b.module, &[])))]),
    error(
        "Linker::instantiate_async",
        &[
            |a, b| result(done(a.things.linker.clone().instantiate_async(&mut a.store, &b.module))),
            |a, b| result(done(Linker::new(b.module.engine()).instantiate_async(&mut a.store, &b.module))),
            |a, b| {
                on_fibers(a);
                let module: &Module = &a.things.module;
                result(done(Linker::new(b.module.engine()).instantiate_async(&mut a.store, module)))
            },
        ],
    ),
    error("InstancePre::instantiate_async", &[|a, b| result(done(b.pre.instantiate_async(&mut a.store)))]),
];

fn hold(a: &mut World, b: &Things) -> Answer {
    result(done(a.things.hold.call_async(&mut a.store, Some(b.value.root))))
}

/// Has asynchronous calls of the store run on stacks of their own.
fn on_fibers(a: &mut World) {
    Func::wrap_async(&mut a.store, |_, ()| Box::new(async {}));
}

/// What a future that has nothing to wait for gives.
fn done<R>(future: impl Future<Output = R>) -> R {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}
