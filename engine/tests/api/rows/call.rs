//! Functions and calls.

use crate::misuse::{Row, alone, error, panic, reference, result, value};
use crate::world::World;
use tancho::{ExternRef, Func, FuncType, Module, Rooted, Val, ValType};

pub(crate) const ROWS: &[Row] = &[
    alone("Func::new"),
    error(
        "Func::wrap",
        &[
            |a, b| {
                let func = b.func;
                let host = Func::wrap(&mut a.store, move || Some(func));
                result(host.typed::<(), Option<Func>>(&a.store).unwrap().call(&mut a.store, ()))
            },
            |a, b| {
                let value = b.value.root;
                let host = Func::wrap(&mut a.store, move || (1, Some(value)));
                result(host.typed::<(), (i32, Option<Rooted<ExternRef>>)>(&a.store).unwrap().call(&mut a.store, ()))
            },
            |a, b| {
                let func = b.func;
                let ty = FuncType::new(&a.engine, [], [ValType::FUNCREF]);
                let host = Func::new(&mut a.store, ty, move |_, _, results| {
                    results[0] = func.into();
                    Ok(())
                });
                result(host.call(&mut a.store, &[], &mut [Val::I32(0)]))
            },
        ],
    ),
    panic("Func::ty", &[|a, b| value(b.func.ty(&a.store)), |a, b| value(b.host.ty(&a.store))]),
    error("Func::try_ty", &[|a, b| result(b.func.try_ty(&a.store)), |a, b| result(b.host.try_ty(&a.store))]),
    error("Func::matches_ty", &[|a, b| result(b.func.matches_ty(&a.store, &b.func_type))]),
    error("Func::typed", &[|a, b| result(b.func.typed::<(), i32>(&a.store))]),
    error(
        "Func::call",
        &[
            |a, b| result(b.func.call(&mut a.store, &[], &mut [Val::I32(0)])),
            |a, b| result(b.host.call(&mut a.store, &[], &mut [Val::I32(0)])),
            |a, b| take(a, b.func.into()),
            |a, b| take(a, b.host.into()),
        ],
    ),
    reference(
        "TypedFunc::call",
        &[
            |a, b| result(a.things.hold.call(&mut a.store, Some(b.value.root))),
            |a, b| result(a.things.object.call(&mut a.store, Some(b.any.root))),
            |a, b| result(a.things.catch.call(&mut a.store, Some(b.exn.root))),
        ],
    ),
    reference(
        "Func::call",
        &[
            |a, b| untyped(a, *a.things.hold.func(), b.value.root.into()),
            |a, b| untyped(a, *a.things.object.func(), b.any.root.into()),
            |a, b| untyped(a, *a.things.object.func(), b.structure.root.into()),
            |a, b| untyped(a, *a.things.catch.func(), b.exn.root.into()),
        ],
    ),
    error(
        "TypedExport::func",
        &[
            |a, b| result(b.export.func(&a.store, &b.instance)),
            |a, _| {
                let other =
                    Module::new(&a.engine, r#"(module (func (export "func") (result i32) (i32.const 1)))"#).unwrap();
                let export = other.get_typed_func::<(), i32>("func").unwrap();
                result(export.func(&a.store, &a.things.instance))
            },
        ],
    ),
    error(
        "TypedFunc::call",
        &[
            |a, b| result(b.typed.call(&mut a.store, ())),
            |a, b| result(a.things.take.call(&mut a.store, Some(b.func))),
            |a, b| result(a.things.take.call(&mut a.store, Some(b.host))),
        ],
    ),
    error(
        "TypedExport::call",
        &[
            |a, b| result(b.export.call(&mut a.store, &b.instance, ())),
            |a, b| result(a.things.export.call(&mut a.store, &b.instance, ())),
        ],
    ),
    alone("WasmBacktrace::capture"),
];

fn take(a: &mut World, param: Val) -> crate::misuse::Answer {
    let take = *a.things.take.func();
    result(take.call(&mut a.store, &[param], &mut []))
}

fn untyped(a: &mut World, func: Func, param: Val) -> crate::misuse::Answer {
    result(func.call(&mut a.store, &[param], &mut []))
}
