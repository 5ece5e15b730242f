//! Objects as the host makes, reads and changes them: their types, what is refused, how much of them there may be. Objects that go between the
//! host and WebAssembly are in `gc_calls`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, Config, Engine, EqRef, Exception, ExnRef, ExternRef, FieldType, Finality,
    Func, FuncType, HeapType, I31, Mutability, OwnedRooted, RefType, Result, RootScope, Rooted, StorageType, Store,
    StructRef, StructRefPre, StructType, Tag, TagType, Trap, V128, Val, ValType,
};

fn engines() -> [Engine; 2] {
    [Engine::default(), Engine::new(Config::new().gc_zeal(true)).unwrap()]
}

fn var(storage: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, storage.into())
}

fn constant(storage: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, storage.into())
}

#[test]
fn i31() {
    for (value, signed, unsigned) in [
        (0, 0, 0),
        (1, 1, 1),
        (u32::MAX, -1, 0x7fff_ffff),
        (0x3fff_ffff, 0x3fff_ffff, 0x3fff_ffff),
        (0x4000_0000, -0x4000_0000, 0x4000_0000),
        (0x8000_0000, 0, 0),
        (0x8000_0001, 1, 1),
    ] {
        let i31 = I31::wrapping_u32(value);
        assert_eq!((i31.get_i32(), i31.get_u32()), (signed, unsigned));
        assert_eq!(I31::wrapping_i32(value.cast_signed()), i31);
        assert_eq!(I31::new_u32(value), (value < 1 << 31).then_some(i31));
        let fits = signed == value.cast_signed();
        assert_eq!(I31::new_i32(value.cast_signed()), fits.then_some(i31));
        let mut store = Store::new(&Engine::default(), ());
        let reference = AnyRef::from_i31(&mut store, i31);
        assert_eq!(reference.unwrap_i31(&store).unwrap(), i31);
        assert_eq!(reference.ty(&store).unwrap(), HeapType::I31);
        assert!(reference.is_eqref(&store).unwrap() && !reference.is_struct(&store).unwrap());
    }
}

#[test]
fn structures_hold_what_they_are_given() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let types = [
            var(StorageType::I8),
            var(StorageType::I16),
            var(ValType::I32),
            var(ValType::I64),
            var(ValType::F32),
            var(ValType::F64),
            var(ValType::V128),
            var(ValType::ANYREF),
            var(ValType::EXTERNREF),
            var(ValType::EXNREF),
            var(ValType::FUNCREF),
            var(ValType::I31REF),
        ];
        let ty = StructType::new(&engine, types).unwrap();
        let pre = StructRefPre::new(&mut store, ty.clone());
        let value = ExternRef::new(&mut store, 9_u8).unwrap();
        let number = AnyRef::from_i31(&mut store, I31::wrapping_i32(-3));
        let fields = [
            Val::I32(0x1_23),
            Val::I32(-1),
            Val::I32(-5),
            Val::I64(i64::MIN),
            Val::F32(0x7fc0_0001),
            Val::F64(0xfff8_0000_0000_0001),
            Val::V128(V128::from(u128::MAX - 5)),
            Val::AnyRef(None),
            value.into(),
            Val::ExnRef(None),
            Val::FuncRef(None),
            number.into(),
        ];
        let structure = StructRef::new(&mut store, &pre, &fields).unwrap();
        assert_eq!(structure.ty(&store).unwrap(), ty);
        structure.set_field(&mut store, 7, structure.into()).unwrap();
        for _ in 0..3 {
            store.gc();
            let found: Vec<Val> = structure.fields(&mut store).unwrap().collect();
            let bits = |position: usize| format!("{:?}", found[position]);
            let expected = [Val::I32(0x23), Val::I32(0xffff)].into_iter().chain(fields[2..7].iter().copied());
            for (position, value) in expected.enumerate() {
                assert_eq!(bits(position), format!("{value:?}"));
            }
            let itself = found[7].anyref().unwrap().unwrap();
            assert!(Rooted::ref_eq(&store, &itself, &structure.to_anyref()).unwrap());
            let data = found[8].externref().unwrap().unwrap().data(&store).unwrap().unwrap();
            assert_eq!(data.downcast_ref(), Some(&9_u8));
            assert!(matches!((found[9], found[10]), (Val::ExnRef(None), Val::FuncRef(None))));
            let number = found[11].anyref().unwrap().unwrap();
            assert_eq!(number.as_i31(&store).unwrap(), Some(I31::wrapping_i32(-3)));
        }
        assert!(structure.field(&mut store, 12).unwrap_err().to_string().contains("has no field 12"));
        assert!(structure.field(&mut store, usize::MAX).is_err());
        for (index, wrong) in [
            (0, Val::I64(1)),
            (2, Val::F32(1)),
            (7, value.into()),
            (8, number.into()),
            (11, structure.into()),
            (11, Val::ExnRef(None)),
            (12, Val::I32(1)),
        ] {
            structure.set_field(&mut store, index, wrong).unwrap_err();
        }
        let error = StructRef::new(&mut store, &pre, &fields[..11]).unwrap_err();
        assert!(error.to_string().contains("has 12 fields, and 11 are given"), "{error}");
        let mut wrong = fields;
        wrong[11] = structure.into();
        let error = StructRef::new(&mut store, &pre, &wrong).unwrap_err();
        assert_eq!(error.to_string(), "field 11 of a structure");
        assert!(error.root_cause().to_string().starts_with("type mismatch: expected i31ref, found (ref (struct"));
    }
}

#[test]
fn constant_fields_are_not_set() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = StructType::new(&engine, [constant(ValType::I32), var(ValType::I32)]).unwrap();
    let pre = StructRefPre::new(&mut store, ty);
    let structure = StructRef::new(&mut store, &pre, &[1.into(), 2.into()]).unwrap();
    let error = structure.set_field(&mut store, 0, 3.into()).unwrap_err();
    assert_eq!(error.to_string(), "field 0 of a structure is immutable and cannot be set");
    structure.set_field(&mut store, 1, 3.into()).unwrap();
    assert_eq!(structure.field(&mut store, 0).unwrap().i32(), Some(1));
    let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, constant(ValType::I32)));
    let array = ArrayRef::new(&mut store, &pre, &5.into(), 2).unwrap();
    let error = array.set(&mut store, 0, 3.into()).unwrap_err();
    assert_eq!(error.to_string(), "an element of this array is immutable and cannot be set");
    assert_eq!(array.get(&mut store, 0).unwrap().i32(), Some(5));
}

#[test]
fn arrays_hold_what_they_are_given() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        for (storage, given, found) in [
            (StorageType::I8, Val::I32(-1), Val::I32(0xff)),
            (StorageType::I16, Val::I32(-2), Val::I32(0xfffe)),
            (ValType::I32.into(), Val::I32(-3), Val::I32(-3)),
            (ValType::I64.into(), Val::I64(-4), Val::I64(-4)),
            (ValType::F32.into(), Val::F32(5), Val::F32(5)),
            (ValType::F64.into(), Val::F64(6), Val::F64(6)),
            (ValType::V128.into(), Val::V128(7.into()), Val::V128(7.into())),
            (ValType::FUNCREF.into(), Val::FuncRef(None), Val::FuncRef(None)),
            (ValType::NULLREF.into(), Val::AnyRef(None), Val::AnyRef(None)),
        ] {
            let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, var(storage.clone())));
            for length in [0, 1, 7, 5000] {
                let mut store = RootScope::new(&mut store);
                let array = ArrayRef::new(&mut store, &pre, &given, length).unwrap();
                assert_eq!(array.len(&store).unwrap(), length);
                assert_eq!(array.is_empty(&store).unwrap(), length == 0);
                assert_eq!(array.ty(&store).unwrap().element_type(), storage);
                let elems = array.elems(&mut store).unwrap();
                assert_eq!(elems.len(), length as usize);
                assert!(elems.into_iter().all(|elem| format!("{elem:?}") == format!("{found:?}")));
                for index in [length, u32::MAX] {
                    assert!(array.get(&mut store, index).is_err() && array.set(&mut store, index, given).is_err());
                }
            }
        }
        let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, var(ValType::EQREF)));
        let numbers: Vec<Val> =
            (0..100).map(|number| EqRef::from_i31(&mut store, I31::wrapping_u32(number)).into()).collect();
        let array = ArrayRef::new_fixed(&mut store, &pre, &numbers).unwrap();
        array.set(&mut store, 50, array.into()).unwrap();
        store.gc();
        for index in 0..100 {
            let elem = array.get(&mut store, index).unwrap().anyref().unwrap().unwrap();
            match elem.as_i31(&store).unwrap() {
                Some(number) => assert_eq!(number.get_u32(), index),
                None => assert!(index == 50 && Rooted::ref_eq(&store, &elem, &array.to_anyref()).unwrap()),
            }
        }
        let value = ExternRef::new(&mut store, 1).unwrap();
        let host = AnyRef::convert_extern(&mut store, value).unwrap();
        for wrong in [Val::I32(0), host.into(), value.into()] {
            array.set(&mut store, 0, wrong).unwrap_err();
            ArrayRef::new(&mut store, &pre, &wrong, 0).unwrap_err();
            let error = ArrayRef::new_fixed(&mut store, &pre, &[Val::AnyRef(None), wrong]).unwrap_err();
            assert!(format!("{error:#}").contains("element 1 of an array"), "{error:#}");
        }
    }
}

#[test]
fn references_say_what_they_are() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let shape =
        StructType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [var(ValType::I32)]).unwrap();
    let narrow =
        StructType::with_finality_and_supertype(&engine, Finality::Final, Some(&shape), [var(ValType::I32)]).unwrap();
    let pre = StructRefPre::new(&mut store, narrow.clone());
    let structure = StructRef::new(&mut store, &pre, &[1.into()]).unwrap();
    let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, var(StorageType::I8)));
    let array = ArrayRef::new(&mut store, &pre, &1.into(), 1).unwrap();
    let value = ExternRef::new(&mut store, 1).unwrap();
    let host = AnyRef::convert_extern(&mut store, value).unwrap();
    let number = AnyRef::from_i31(&mut store, I31::default());
    let all = [
        (structure.to_anyref(), HeapType::ConcreteStruct(narrow.clone())),
        (array.to_anyref(), HeapType::ConcreteArray(array.ty(&store).unwrap())),
        (number, HeapType::I31),
        (host, HeapType::Any),
    ];
    let types = [
        HeapType::Any,
        HeapType::Eq,
        HeapType::I31,
        HeapType::Struct,
        HeapType::Array,
        HeapType::None,
        narrow.clone().into(),
        shape.clone().into(),
        array.ty(&store).unwrap().into(),
        HeapType::Extern,
    ];
    for (any, ty) in &all {
        assert_eq!(any.ty(&store).unwrap(), *ty);
        for other in &types {
            assert_eq!(any.matches_ty(&store, other).unwrap(), ty.matches(other), "{ty} {other}");
            let other = ValType::Ref(RefType::new(false, other.clone()));
            let found = ValType::Ref(RefType::new(false, ty.clone()));
            assert_eq!(Val::from(*any).matches_ty(&store, &other).unwrap(), found.matches(&other));
        }
        assert_eq!(any.is_struct(&store).unwrap(), ty.matches(&HeapType::Struct));
        assert_eq!(any.as_array(&store).unwrap().is_some(), ty.matches(&HeapType::Array));
        assert_eq!(any.is_i31(&store).unwrap(), *ty == HeapType::I31);
        assert_eq!(any.as_eqref(&store).unwrap().is_some(), ty.matches(&HeapType::Eq));
    }
    assert!(structure.matches_ty(&store, &shape).unwrap() && structure.matches_ty(&store, &narrow).unwrap());
    let eq = structure.to_eqref();
    assert!(eq.is_struct(&store).unwrap() && eq.as_array(&store).unwrap().is_none());
    assert!(Rooted::ref_eq(&store, &eq.unwrap_struct(&store).unwrap(), &structure).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| number.unwrap_struct(&store))).is_err());
    // There and back.
    let outside = ExternRef::convert_any(&mut store, structure.to_anyref()).unwrap();
    assert!(outside.data(&store).unwrap().is_none());
    let inside = AnyRef::convert_extern(&mut store, outside).unwrap();
    assert!(Rooted::ref_eq(&store, &inside.unwrap_struct(&store).unwrap(), &structure).unwrap());
    let back = ExternRef::convert_any(&mut store, host).unwrap();
    assert_eq!(back.data(&store).unwrap().unwrap().downcast_ref(), Some(&1));
}

#[test]
fn types_are_what_is_declared() {
    let engine = Engine::default();
    let declare = |finality, above: Option<&StructType>, fields: &[FieldType]| {
        StructType::with_finality_and_supertype(&engine, finality, above, fields.to_vec())
    };
    let open = declare(Finality::NonFinal, None, &[constant(ValType::EQREF), var(ValType::I32)]).unwrap();
    let closed = declare(Finality::Final, None, &[constant(ValType::EQREF), var(ValType::I32)]).unwrap();
    assert_ne!(open, closed);
    assert_eq!((open.finality(), closed.finality()), (Finality::NonFinal, Finality::Final));
    assert_eq!(closed, StructType::new(&engine, [constant(ValType::EQREF), var(ValType::I32)]).unwrap());
    assert_eq!(open.field(1), Some(var(ValType::I32)));
    assert_eq!((open.fields().len(), open.field(2)), (2, None));
    // Narrower where it is constant, the same where it is not, and more.
    let number = constant(ValType::I31REF);
    let below =
        declare(Finality::NonFinal, Some(&open), &[number.clone(), var(ValType::I32), var(ValType::F64)]).unwrap();
    assert!(below.matches(&open) && !open.matches(&below) && below.supertype() == Some(open.clone()));
    for wrong in [
        &[constant(ValType::ANYREF), var(ValType::I32)][..],
        &[var(ValType::EQREF), var(ValType::I32)],
        &[number.clone(), constant(ValType::I32)],
        &[number.clone(), var(ValType::I64)],
        &[number.clone(), var(StorageType::I8)],
        &[number],
    ] {
        assert!(declare(Finality::Final, Some(&open), wrong).unwrap_err().to_string().contains("does not match"));
    }
    let error = declare(Finality::Final, Some(&closed), &[constant(ValType::EQREF), var(ValType::I32)]).unwrap_err();
    assert!(error.to_string().contains("is final"), "{error}");
    assert!(StructType::new(&engine, vec![var(ValType::I32); 10_001]).is_err());
    assert!(StructType::new(&engine, vec![var(ValType::I32); 10_000]).is_ok());
    let mut deep = declare(Finality::NonFinal, None, &[]).unwrap();
    for _ in 0..63 {
        deep = declare(Finality::NonFinal, Some(&deep), &[]).unwrap();
    }
    assert!(declare(Finality::NonFinal, Some(&deep), &[]).unwrap_err().to_string().contains("63"));
    let array = |finality, above: Option<&ArrayType>, element| {
        ArrayType::with_finality_and_supertype(&engine, finality, above, element)
    };
    let top = array(Finality::NonFinal, None, constant(ValType::Ref(RefType::new(true, open.clone().into())))).unwrap();
    let narrow = array(Finality::Final, Some(&top), constant(ValType::Ref(RefType::new(false, below.into())))).unwrap();
    assert!(narrow.matches(&top) && narrow.mutability() == Mutability::Const);
    assert!(array(Finality::Final, Some(&top), constant(ValType::STRUCTREF)).is_err());
    let func =
        FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [ValType::I31REF], [ValType::ANYREF]);
    let func = func.unwrap();
    let sub = |params, results| {
        FuncType::with_finality_and_supertype(&engine, Finality::Final, Some(&func), [params], [results])
    };
    assert!(sub(ValType::ANYREF, ValType::I31REF).unwrap().matches(&func));
    assert!(sub(ValType::NULLREF, ValType::ANYREF).is_err() && sub(ValType::I31REF, ValType::EXTERNREF).is_err());
    assert_eq!(top.to_string(), "array (ref null (struct eqref (mut i32)))");
    // The same in another engine.
    let other = Engine::default();
    let same = StructType::with_finality_and_supertype(&other, Finality::NonFinal, None, open.fields()).unwrap();
    assert!(same == open && open.matches(&same));
    let mut store = Store::new(&other, ());
    let pre = StructRefPre::new(&mut store, open.clone());
    let made = StructRef::new(&mut store, &pre, &[Val::AnyRef(None), 1.into()]).unwrap();
    assert!(made.matches_ty(&store, &open).unwrap() && made.matches_ty(&store, &same).unwrap());
}

#[test]
fn a_heap_is_bounded() {
    for zeal in [false, true] {
        let mut config = Config::new();
        config.gc_nursery(128 << 10).gc_heap_limit(1 << 20).gc_zeal(zeal);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let ty = ArrayType::new(&engine, var(ValType::ANYREF));
        let pre = ArrayRefPre::new(&mut store, ty);
        let exhausted = |result: Result<Rooted<ArrayRef>>| {
            assert_eq!(result.unwrap_err().downcast_ref(), Some(&Trap::HeapExhausted));
        };
        for length in [1 << 18, 1 << 28] {
            exhausted(ArrayRef::new(&mut store, &pre, &Val::AnyRef(None), length));
        }
        for length in [1 << 29, 1 << 30, u32::MAX] {
            let error = ArrayRef::new(&mut store, &pre, &Val::AnyRef(None), length).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge));
        }
        // A list without end, whose head is all that is held.
        for _ in 0..2 {
            let mut list = None;
            let error = loop {
                let mut scope = RootScope::new(&mut store);
                let next = list.as_ref().map(|owner: &OwnedRooted<ArrayRef>| owner.to_rooted(&mut scope).unwrap());
                match ArrayRef::new(&mut scope, &pre, &next.into(), 1000) {
                    Ok(array) => list = Some(array.to_owned_rooted(&mut scope).unwrap()),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.downcast_ref(), Some(&Trap::HeapExhausted));
            let mut scope = RootScope::new(&mut store);
            let mut length = 0;
            let mut next = list.map(|list| list.to_rooted(&mut scope).unwrap());
            while let Some(array) = next {
                length += 1;
                assert!(length < 300, "it comes to its end");
                assert_eq!(array.len(&scope).unwrap(), 1000);
                let entry = array.get(&mut scope, 999).unwrap().anyref().unwrap();
                next = entry.map(|entry| entry.unwrap_array(&scope).unwrap());
            }
            assert!(length > 50, "{length}");
        }
        // What is dead makes room.
        for _ in 0..2000 {
            ArrayRef::new(&mut RootScope::new(&mut store), &pre, &Val::AnyRef(None), 1000).unwrap();
        }
        store.set_gc_heap_limit(16 << 20);
        ArrayRef::new(&mut store, &pre, &Val::AnyRef(None), 1 << 18).unwrap();
        let stats = store.heap_stats();
        assert!(stats.major > 0 && stats.allocated > 8 << 20 && stats.total_pause >= stats.longest_pause, "{stats:?}");
    }
}

#[test]
fn heaps_have_sizes_that_they_can_have() {
    let refused = |set: &dyn Fn(&mut Config)| {
        let mut config = Config::new();
        set(&mut config);
        Engine::new(&config).unwrap_err();
    };
    refused(&|config| _ = config.gc_nursery(0));
    refused(&|config| _ = config.gc_nursery(64 << 10));
    refused(&|config| _ = config.gc_nursery(200_000));
    refused(&|config| _ = config.gc_heap_reservation(0));
    refused(&|config| _ = config.gc_heap_reservation((4 << 30) + 1));
    refused(&|config| _ = config.gc_heap_reservation(4 << 20));
    refused(&|config| _ = config.gc_nursery(u32::MAX - 0xffff));
    let mut config = Config::new();
    config.gc_nursery(128 << 10).gc_heap_reservation(2 << 20);
    let mut store = Store::new(&Engine::new(&config).unwrap(), ());
    for number in 0..10_000 {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, number).unwrap();
        assert_eq!(value.data(&scope).unwrap().unwrap().downcast_ref(), Some(&number));
    }
}

#[test]
fn exceptions_hold_objects() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let ty = StructType::new(&engine, [var(ValType::I32)]).unwrap();
        let reference = ValType::Ref(RefType::new(false, ty.clone().into()));
        let tag = TagType::new(FuncType::new(&engine, [reference, ValType::I64], [])).unwrap();
        let tag = Tag::new(&mut store, &tag).unwrap();
        let pre = StructRefPre::new(&mut store, ty);
        let structure = StructRef::new(&mut store, &pre, &[5.into()]).unwrap();
        let exception = Exception::new(&mut store, tag, &[structure.into(), 6_i64.into()]).unwrap();
        let number = AnyRef::from_i31(&mut store, I31::default());
        for wrong in [Val::AnyRef(None), number.into(), Val::I32(1)] {
            assert!(Exception::new(&mut store, tag, &[wrong, 6_i64.into()]).is_err());
        }
        let reference = ExnRef::new(&mut store, &exception).unwrap();
        store.gc();
        assert_eq!(reference.tag(&mut store).unwrap(), tag);
        let field = reference.field(&mut store, 0).unwrap().anyref().unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &field, &structure.to_anyref()).unwrap());
        assert_eq!(reference.field(&mut store, 1).unwrap().i64(), Some(6));
        assert!(reference.field(&mut store, 2).is_err());
        assert_eq!(exception.to_string(), "uncaught exception: a tag of the host with (ref any), i64 6");
    }
}

#[test]
fn concrete_parameters_of_host_functions_are_checked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let [one, other] = [ValType::I32, ValType::I64].map(|ty| StructType::new(&engine, [var(ty)]).unwrap());
    let ty = ValType::Ref(RefType::new(true, one.clone().into()));
    let ty = FuncType::new(&engine, [ty.clone()], [ty]);
    let pass = Func::new(&mut store, ty, |_, params, results| {
        results.copy_from_slice(params);
        Ok(())
    });
    let typed = pass.typed::<Option<Rooted<StructRef>>, Option<Rooted<AnyRef>>>(&store).unwrap();
    pass.typed::<Option<Rooted<ExternRef>>, Option<Rooted<AnyRef>>>(&store).unwrap_err();
    pass.typed::<Option<Rooted<StructRef>>, Rooted<AnyRef>>(&store).unwrap_err();
    let any = pass.typed::<Rooted<AnyRef>, Option<Rooted<EqRef>>>(&store).unwrap();
    let [good, bad] = [(one, Val::I32(1)), (other, Val::I64(1))].map(|(ty, value)| {
        let pre = StructRefPre::new(&mut store, ty);
        StructRef::new(&mut store, &pre, &[value]).unwrap()
    });
    assert!(typed.call(&mut store, None).unwrap().is_none());
    let same = typed.call(&mut store, Some(good)).unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &same, &good.to_anyref()).unwrap());
    let error = typed.call(&mut store, Some(bad)).unwrap_err();
    assert_eq!(error.to_string(), "parameter 0");
    let expected = "type mismatch: expected (ref null (struct (mut i32))), found (ref (struct (mut i64)))";
    assert_eq!(error.root_cause().to_string(), expected);
    any.call(&mut store, good.into()).unwrap();
    any.call(&mut store, bad.into()).unwrap_err();
    let number = AnyRef::from_i31(&mut store, I31::default());
    any.call(&mut store, number).unwrap_err();
    let mut results = [Val::I32(0)];
    pass.call(&mut store, &[good.into()], &mut results).unwrap();
    for wrong in [bad.into(), number.into(), Val::ExternRef(None)] {
        pass.call(&mut store, &[wrong], &mut results).unwrap_err();
    }
}
