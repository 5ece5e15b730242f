//! Types: those of one engine are good for all.

use crate::misuse::{Row, alone, value, works, yes};
use crate::world::{Things, World};
use tancho::{
    ArrayType, FieldType, Finality, FuncType, HeapType, Mutability, RefType, StorageType, StructType, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    works(
        "FuncType::new",
        &[|a, b| yes(FuncType::new(&a.engine, [of(b)], []) == FuncType::new(&a.engine, [own(a)], []))],
    ),
    works(
        "FuncType::with_finality_and_supertype",
        &[|a, b| {
            let above =
                FuncType::with_finality_and_supertype(b.module.engine(), Finality::NonFinal, None, [], []).unwrap();
            value(FuncType::with_finality_and_supertype(&a.engine, Finality::Final, Some(&above), [], []).unwrap())
        }],
    ),
    works("FuncType::matches", &[|a, b| yes(a.things.func_type.matches(&b.func_type))]),
    works("StructType::new", &[|a, b| yes(StructType::new(&a.engine, [field(b)]).is_ok())]),
    works(
        "StructType::with_finality_and_supertype",
        &[|a, b| {
            let above =
                StructType::with_finality_and_supertype(b.module.engine(), Finality::NonFinal, None, []).unwrap();
            yes(StructType::with_finality_and_supertype(&a.engine, Finality::Final, Some(&above), []).is_ok())
        }],
    ),
    works("StructType::matches", &[|a, b| yes(a.things.structure_type.matches(&b.structure_type))]),
    works(
        "ArrayType::new",
        &[|a, b| yes(ArrayType::new(&a.engine, field(b)) == ArrayType::new(b.module.engine(), field(b)))],
    ),
    works(
        "ArrayType::with_finality_and_supertype",
        &[|a, b| {
            let (engine, field) = (b.module.engine(), field(b));
            let above =
                ArrayType::with_finality_and_supertype(engine, Finality::NonFinal, None, field.clone()).unwrap();
            yes(ArrayType::with_finality_and_supertype(&a.engine, Finality::Final, Some(&above), field).is_ok())
        }],
    ),
    works("ArrayType::matches", &[|a, b| yes(a.things.array_type.matches(&b.array_type))]),
    works(
        "FieldType::matches",
        &[|a, b| {
            yes(FieldType::new(Mutability::Var, own(a).into()).matches(&FieldType::new(Mutability::Var, of(b).into())))
        }],
    ),
    works("StorageType::matches", &[|a, b| yes(StorageType::from(own(a)).matches(&of(b).into()))]),
    works("ValType::matches", &[|a, b| yes(own(a).matches(&of(b)) && own(a) == of(b))]),
    works("RefType::matches", &[|a, b| yes(RefType::new(true, heap(&a.things)).matches(&RefType::new(true, heap(b))))]),
    works("HeapType::matches", &[|a, b| yes(heap(&a.things).matches(&heap(b)))]),
    alone("ExternType::default_value"),
];

fn heap(things: &Things) -> HeapType {
    things.structure_type.clone().into()
}

fn of(things: &Things) -> ValType {
    RefType::new(true, heap(things)).into()
}

fn own(world: &World) -> ValType {
    of(&world.things)
}

fn field(things: &Things) -> FieldType {
    FieldType::new(Mutability::Var, of(things).into())
}
