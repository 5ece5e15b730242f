//! References to objects, and exceptions.

use crate::misuse::{Row, alone, error, reference, result, works, yes};
use tancho::{
    AnyRef, ArrayRef, Exception, ExnRef, ExternRef, HeapType, OwnedRooted, Ref, RefType, Rooted, StructRef, Val,
    ValType,
};

pub(crate) const ROWS: &[Row] = &[
    alone("AnyRef::from_i31"),
    reference("AnyRef::ty", &[|a, b| result(b.any.at.ty(&a.store))]),
    reference("AnyRef::matches_ty", &[|a, b| result(b.any.at.matches_ty(&a.store, &HeapType::Any))]),
    reference("AnyRef::is_i31", &[|a, b| result(b.any.at.is_i31(&a.store))]),
    reference("AnyRef::as_i31", &[|a, b| result(b.any.at.as_i31(&a.store))]),
    reference("AnyRef::unwrap_i31", &[|a, b| result(b.any.at.unwrap_i31(&a.store))]),
    reference("AnyRef::is_eqref", &[|a, b| result(b.any.at.is_eqref(&a.store))]),
    reference("AnyRef::as_eqref", &[|a, b| result(b.any.at.as_eqref(&a.store))]),
    reference("AnyRef::unwrap_eqref", &[|a, b| result(b.any.at.unwrap_eqref(&a.store))]),
    reference("AnyRef::is_struct", &[|a, b| result(b.any.at.is_struct(&a.store))]),
    reference("AnyRef::as_struct", &[|a, b| result(b.any.at.as_struct(&a.store))]),
    reference("AnyRef::unwrap_struct", &[|a, b| result(b.any.at.unwrap_struct(&a.store))]),
    reference("AnyRef::is_array", &[|a, b| result(b.any.at.is_array(&a.store))]),
    reference("AnyRef::as_array", &[|a, b| result(b.any.at.as_array(&a.store))]),
    reference("AnyRef::unwrap_array", &[|a, b| result(b.any.at.unwrap_array(&a.store))]),
    alone("EqRef::from_i31"),
    reference("EqRef::ty", &[|a, b| result(b.eq.at.ty(&a.store))]),
    reference("EqRef::matches_ty", &[|a, b| result(b.eq.at.matches_ty(&a.store, &HeapType::Any))]),
    reference("EqRef::is_i31", &[|a, b| result(b.eq.at.is_i31(&a.store))]),
    reference("EqRef::as_i31", &[|a, b| result(b.eq.at.as_i31(&a.store))]),
    reference("EqRef::unwrap_i31", &[|a, b| result(b.eq.at.unwrap_i31(&a.store))]),
    reference("EqRef::is_struct", &[|a, b| result(b.eq.at.is_struct(&a.store))]),
    reference("EqRef::as_struct", &[|a, b| result(b.eq.at.as_struct(&a.store))]),
    reference("EqRef::unwrap_struct", &[|a, b| result(b.eq.at.unwrap_struct(&a.store))]),
    reference("EqRef::is_array", &[|a, b| result(b.eq.at.is_array(&a.store))]),
    reference("EqRef::as_array", &[|a, b| result(b.eq.at.as_array(&a.store))]),
    reference("EqRef::unwrap_array", &[|a, b| result(b.eq.at.unwrap_array(&a.store))]),
    reference("AnyRef::convert_extern", &[|a, b| result(AnyRef::convert_extern(&a.store, b.value.root))]),
    alone("ExternRef::new"),
    reference("ExternRef::data", &[|a, b| result(b.value.at.data(&a.store).map(drop))]),
    reference("ExternRef::data_mut", &[|a, b| result(b.value.at.data_mut(&mut a.store).map(drop))]),
    reference("ExternRef::convert_any", &[|a, b| result(ExternRef::convert_any(&a.store, b.any.root))]),
    alone("StructRefPre::new"),
    error("StructRef::new", &[|a, b| result(StructRef::new(&mut a.store, &b.structures, &[1.into()]))]),
    reference("StructRef::ty", &[|a, b| result(b.structure.at.ty(&a.store))]),
    reference("StructRef::matches_ty", &[|a, b| result(b.structure.at.matches_ty(&a.store, &b.structure_type))]),
    reference("StructRef::field", &[|a, b| result(b.structure.at.field(&mut a.store, 0))]),
    reference("StructRef::fields", &[|a, b| result(b.structure.at.fields(&mut a.store).map(drop))]),
    reference("StructRef::set_field", &[|a, b| result(b.structure.at.set_field(&mut a.store, 0, 2.into()))]),
    alone("ArrayRefPre::new"),
    error("ArrayRef::new", &[|a, b| result(ArrayRef::new(&mut a.store, &b.arrays, &1.into(), 1))]),
    error("ArrayRef::new_fixed", &[|a, b| result(ArrayRef::new_fixed(&mut a.store, &b.arrays, &[1.into()]))]),
    error("ArrayRef::new_from_i8_slice", &[|a, b| result(ArrayRef::new_from_i8_slice(&mut a.store, &b.arrays, b"a"))]),
    reference("ArrayRef::copy_to_i8_slice", &[|a, b| result(b.array.at.copy_to_i8_slice(&mut a.store, &mut [0; 2]))]),
    reference("ArrayRef::ty", &[|a, b| result(b.array.at.ty(&a.store))]),
    reference("ArrayRef::matches_ty", &[|a, b| result(b.array.at.matches_ty(&a.store, &b.array_type))]),
    reference("ArrayRef::len", &[|a, b| result(b.array.at.len(&a.store))]),
    reference("ArrayRef::is_empty", &[|a, b| result(b.array.at.is_empty(&a.store))]),
    reference("ArrayRef::get", &[|a, b| result(b.array.at.get(&mut a.store, 0))]),
    reference("ArrayRef::elems", &[|a, b| result(b.array.at.elems(&mut a.store).map(drop))]),
    reference("ArrayRef::set", &[|a, b| result(b.array.at.set(&mut a.store, 0, 2.into()))]),
    error(
        "Exception::new",
        &[
            |a, b| result(Exception::new(&mut a.store, b.tag, &[1.into()])),
            |a, b| {
                let ty = tancho::FuncType::new(&a.engine, [ValType::EXTERNREF], []);
                let tag = tancho::Tag::new(&mut a.store, &tancho::TagType::new(ty).unwrap()).unwrap();
                result(Exception::new(&mut a.store, tag, &[b.value.root.into()]))
            },
        ],
    ),
    error("ExnRef::new", &[|a, b| result(ExnRef::new(&mut a.store, &b.exception))]),
    reference("ExnRef::exception", &[|a, b| result(b.exn.at.exception(&mut a.store))]),
    reference("ExnRef::tag", &[|a, b| result(b.exn.at.tag(&mut a.store))]),
    reference("ExnRef::field", &[|a, b| result(b.exn.at.field(&mut a.store, 0))]),
    reference(
        "Rooted::to_owned_rooted",
        &[
            |a, b| result(b.value.root.to_owned_rooted(&mut a.store)),
            |a, b| result(b.any.root.to_owned_rooted(&mut a.store)),
            |a, b| result(b.exn.root.to_owned_rooted(&mut a.store)),
        ],
    ),
    works("Rooted::rooted_eq", &[|a, b| yes(!Rooted::rooted_eq(a.things.value.root, b.value.root))]),
    reference(
        "Rooted::ref_eq",
        &[
            |a, b| result(Rooted::ref_eq(&a.store, &a.things.any.root, &b.any.root)),
            |a, b| result(Rooted::ref_eq(&a.store, &b.any.root, &a.things.any.root)),
            |a, b| result(Rooted::ref_eq(&a.store, &b.any.root, &b.any.root)),
        ],
    ),
    error(
        "OwnedRooted::to_rooted",
        &[|a, b| result(b.value.owned.to_rooted(&mut a.store)), |a, b| result(b.eq.owned.to_rooted(&mut a.store))],
    ),
    error(
        "OwnedRooted::ref_eq",
        &[
            |a, b| result(OwnedRooted::ref_eq(&a.store, &a.things.any.owned, &b.any.owned)),
            |a, b| result(OwnedRooted::ref_eq(&a.store, &b.any.owned, &b.any.owned)),
        ],
    ),
    reference(
        "Val::ty",
        &[
            |a, b| result(Val::from(b.any.root).ty(&a.store)),
            |a, b| result(Val::from(b.value.root).ty(&a.store)),
            |a, b| result(Val::from(b.exn.root).ty(&a.store)),
        ],
    ),
    reference("Val::matches_ty", &[|a, b| result(Val::from(b.any.root).matches_ty(&a.store, &ValType::ANYREF))]),
    reference(
        "Ref::ty",
        &[
            |a, b| result(Ref::from(b.any.root).ty(&a.store)),
            |a, b| result(Ref::from(b.value.root).ty(&a.store)),
            |a, b| result(Ref::from(b.exn.root).ty(&a.store)),
        ],
    ),
    reference("Ref::matches_ty", &[|a, b| result(Ref::from(b.any.root).matches_ty(&a.store, &RefType::ANYREF))]),
];
