//! Roots: how long references to objects are good, that nothing but an error comes of one that is not, and that values of the host are
//! dropped when nothing refers to them, once.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContextMut, Caller, Config, Engine, EqRef, Error, Exception, ExnRef,
    ExternRef, FieldType, Func, FuncType, GcRef, Global, GlobalType, HeapType, I31, Mutability, OwnedRooted, Ref,
    RefType, Result, RootScope, Rooted, StorageType, Store, StructRef, StructRefPre, StructType, Table, TableType, Tag,
    TagType, Val, ValType,
};

/// A reference of each kind.
#[derive(Clone, Copy, Debug)]
struct References {
    any: Rooted<AnyRef>,
    number: Rooted<AnyRef>,
    eq: Rooted<EqRef>,
    structure: Rooted<StructRef>,
    array: Rooted<ArrayRef>,
    value: Rooted<ExternRef>,
    exception: Rooted<ExnRef>,
}

fn field(storage: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, storage.into())
}

fn structures(mut store: impl AsContextMut) -> StructRefPre {
    let ty =
        StructType::new(store.as_context_mut().engine(), [field(StorageType::I8), field(ValType::ANYREF)]).unwrap();
    StructRefPre::new(store, ty)
}

fn arrays(mut store: impl AsContextMut) -> ArrayRefPre {
    let ty = ArrayType::new(store.as_context_mut().engine(), field(ValType::ANYREF));
    ArrayRefPre::new(store, ty)
}

fn tag(mut store: impl AsContextMut, params: &[ValType]) -> Tag {
    let ty = FuncType::new(store.as_context_mut().engine(), params.iter().cloned(), []);
    Tag::new(store, &TagType::new(ty).unwrap()).unwrap()
}

fn references(mut store: impl AsContextMut) -> References {
    let pre = structures(&mut store);
    let structure = StructRef::new(&mut store, &pre, &[3.into(), Val::AnyRef(None)]).unwrap();
    let pre = arrays(&mut store);
    let array = ArrayRef::new(&mut store, &pre, &structure.into(), 2).unwrap();
    let tag = tag(&mut store, &[ValType::ANYREF]);
    let exception = Exception::new(&mut store, tag, &[array.into()]).unwrap();
    References {
        any: array.to_anyref(),
        number: AnyRef::from_i31(&mut store, I31::wrapping_u32(5)),
        eq: structure.to_eqref(),
        structure,
        array,
        value: ExternRef::new(&mut store, 7_u8).unwrap(),
        exception: ExnRef::new(&mut store, &exception).unwrap(),
    }
}

/// Whether all of them are good, and refer to what they did.
#[track_caller]
fn assert_good(store: &mut Store<()>, references: &References) {
    let References { any, number, eq, structure, array, value, exception } = references;
    let mut scope = RootScope::new(store);
    assert!(any.is_array(&scope).unwrap());
    assert_eq!(number.as_i31(&scope).unwrap(), Some(I31::wrapping_u32(5)));
    assert!(Rooted::ref_eq(&scope, eq, &structure.to_eqref()).unwrap());
    assert_eq!(structure.field(&mut scope, 0).unwrap().i32(), Some(3));
    let first = array.get(&mut scope, 0).unwrap().anyref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&scope, &first, &structure.to_anyref()).unwrap());
    assert_eq!(value.data(&scope).unwrap().unwrap().downcast_ref(), Some(&7_u8));
    let thrown = exception.field(&mut scope, 0).unwrap().anyref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&scope, &thrown, any).unwrap());
}

/// Uses a reference that is not good in a store.
type Case = (&'static str, fn(&mut Store<()>, &References) -> Result<()>);

fn no<V>(_: V) {}

fn table(store: &mut Store<()>, element: RefType) -> Table {
    let null = Ref::null(element.heap_type());
    Table::new(store, TableType::new(element, 2, None), null).unwrap()
}

/// Every method that takes a reference, as what it is about or as an argument.
const CASES: &[Case] = &[
    ("Rooted::to_owned_rooted", |s, r| r.any.to_owned_rooted(s).map(no)),
    ("Rooted::ref_eq", |s, r| Rooted::ref_eq(s, &r.any, &r.any).map(no)),
    ("Rooted::ref_eq i31", |s, r| Rooted::ref_eq(s, &r.number, &r.number).map(no)),
    ("AnyRef::ty", |s, r| r.any.ty(s).map(no)),
    ("AnyRef::matches_ty", |s, r| r.any.matches_ty(s, &HeapType::Any).map(no)),
    ("AnyRef::is_i31", |s, r| r.number.is_i31(s).map(no)),
    ("AnyRef::as_i31", |s, r| r.number.as_i31(s).map(no)),
    ("AnyRef::unwrap_i31", |s, r| r.number.unwrap_i31(s).map(no)),
    ("AnyRef::is_eqref", |s, r| r.any.is_eqref(s).map(no)),
    ("AnyRef::as_eqref", |s, r| r.any.as_eqref(s).map(no)),
    ("AnyRef::unwrap_eqref", |s, r| r.any.unwrap_eqref(s).map(no)),
    ("AnyRef::is_struct", |s, r| r.any.is_struct(s).map(no)),
    ("AnyRef::as_struct", |s, r| r.any.as_struct(s).map(no)),
    ("AnyRef::unwrap_struct", |s, r| r.eq.to_anyref().unwrap_struct(s).map(no)),
    ("AnyRef::is_array", |s, r| r.any.is_array(s).map(no)),
    ("AnyRef::as_array", |s, r| r.any.as_array(s).map(no)),
    ("AnyRef::unwrap_array", |s, r| r.any.unwrap_array(s).map(no)),
    ("AnyRef::convert_extern", |s, r| AnyRef::convert_extern(s, r.value).map(no)),
    ("EqRef::ty", |s, r| r.eq.ty(s).map(no)),
    ("EqRef::matches_ty", |s, r| r.eq.matches_ty(s, &HeapType::Eq).map(no)),
    ("EqRef::is_i31", |s, r| r.eq.is_i31(s).map(no)),
    ("EqRef::as_i31", |s, r| r.eq.as_i31(s).map(no)),
    ("EqRef::unwrap_i31", |s, r| r.eq.unwrap_i31(s).map(no)),
    ("EqRef::is_struct", |s, r| r.eq.is_struct(s).map(no)),
    ("EqRef::as_struct", |s, r| r.eq.as_struct(s).map(no)),
    ("EqRef::unwrap_struct", |s, r| r.eq.unwrap_struct(s).map(no)),
    ("EqRef::is_array", |s, r| r.eq.is_array(s).map(no)),
    ("EqRef::as_array", |s, r| r.eq.as_array(s).map(no)),
    ("EqRef::unwrap_array", |s, r| r.array.to_eqref().unwrap_array(s).map(no)),
    ("StructRef::ty", |s, r| r.structure.ty(s).map(no)),
    ("StructRef::matches_ty", |s, r| {
        let ty = StructType::new(s.engine(), []).unwrap();
        r.structure.matches_ty(s, &ty).map(no)
    }),
    ("StructRef::field", |s, r| r.structure.field(s, 0).map(no)),
    ("StructRef::fields", |s, r| r.structure.fields(s).map(no)),
    ("StructRef::set_field", |s, r| r.structure.set_field(s, 0, 1.into())),
    ("StructRef::set_field value", |s, r| {
        let own = references(&mut *s);
        own.structure.set_field(s, 1, r.any.into())
    }),
    ("StructRef::new field", |s, r| {
        let pre = structures(&mut *s);
        StructRef::new(s, &pre, &[1.into(), r.any.into()]).map(no)
    }),
    ("ArrayRef::ty", |s, r| r.array.ty(s).map(no)),
    ("ArrayRef::matches_ty", |s, r| {
        let ty = ArrayType::new(s.engine(), field(StorageType::I8));
        r.array.matches_ty(s, &ty).map(no)
    }),
    ("ArrayRef::len", |s, r| r.array.len(s).map(no)),
    ("ArrayRef::is_empty", |s, r| r.array.is_empty(s).map(no)),
    ("ArrayRef::get", |s, r| r.array.get(s, 0).map(no)),
    ("ArrayRef::elems", |s, r| r.array.elems(s).map(no)),
    ("ArrayRef::set", |s, r| r.array.set(s, 0, Val::AnyRef(None))),
    ("ArrayRef::set value", |s, r| {
        let own = references(&mut *s);
        own.array.set(s, 0, r.any.into())
    }),
    ("ArrayRef::new element", |s, r| {
        let pre = arrays(&mut *s);
        ArrayRef::new(s, &pre, &r.any.into(), 1).map(no)
    }),
    ("ArrayRef::new no element", |s, r| {
        let pre = arrays(&mut *s);
        ArrayRef::new(s, &pre, &r.any.into(), 0).map(no)
    }),
    ("ArrayRef::new_fixed element", |s, r| {
        let pre = arrays(&mut *s);
        ArrayRef::new_fixed(s, &pre, &[r.any.into()]).map(no)
    }),
    ("ExternRef::data", |s, r| r.value.data(&*s).map(no)),
    ("ExternRef::data_mut", |s, r| r.value.data_mut(s).map(no)),
    ("ExternRef::convert_any", |s, r| ExternRef::convert_any(s, r.any).map(no)),
    ("ExnRef::exception", |s, r| r.exception.exception(s).map(no)),
    ("ExnRef::tag", |s, r| r.exception.tag(s).map(no)),
    ("ExnRef::field", |s, r| r.exception.field(s, 0).map(no)),
    ("Exception::new value", |s, r| {
        let tag = tag(&mut *s, &[ValType::ANYREF]);
        Exception::new(s, tag, &[r.any.into()]).map(no)
    }),
    ("Val::ty", |s, r| Val::from(r.any).ty(s).map(no)),
    ("Val::ty extern", |s, r| Val::from(r.value).ty(s).map(no)),
    ("Val::ty exn", |s, r| Val::from(r.exception).ty(s).map(no)),
    ("Val::matches_ty", |s, r| Val::from(r.any).matches_ty(s, &ValType::ANYREF).map(no)),
    ("Ref::ty", |s, r| Ref::from(r.any).ty(s).map(no)),
    ("Ref::matches_ty", |s, r| Ref::from(r.any).matches_ty(s, &RefType::ANYREF).map(no)),
    ("Global::new any", |s, r| global(s, ValType::ANYREF, r.any.into())),
    ("Global::new i31", |s, r| global(s, ValType::ANYREF, r.number.into())),
    ("Global::new eq", |s, r| global(s, ValType::EQREF, r.eq.into())),
    ("Global::new extern", |s, r| global(s, ValType::EXTERNREF, r.value.into())),
    ("Global::new exn", |s, r| global(s, ValType::EXNREF, r.exception.into())),
    ("Global::set", |s, r| {
        let ty = GlobalType::new(ValType::ANYREF, Mutability::Var);
        Global::new(&mut *s, ty, Val::AnyRef(None)).unwrap().set(s, r.any.into())
    }),
    ("Table::new", |s, r| Table::new(s, TableType::new(RefType::ANYREF, 1, None), r.any.into()).map(no)),
    ("Table::set any", |s, r| table(s, RefType::ANYREF).set(s, 0, r.any.into())),
    ("Table::set extern", |s, r| table(s, RefType::EXTERNREF).set(s, 0, r.value.into())),
    ("Table::set exn", |s, r| table(s, RefType::EXNREF).set(s, 0, r.exception.into())),
    ("Table::grow", |s, r| table(s, RefType::ANYREF).grow(s, 1, r.any.into()).map(no)),
    ("Table::fill", |s, r| table(s, RefType::STRUCTREF).fill(s, 0, r.structure.into(), 1)),
    ("Table::fill nothing", |s, r| table(s, RefType::STRUCTREF).fill(s, 0, r.structure.into(), 0)),
    ("Func::call parameter", |s, r| {
        let take = Func::wrap(&mut *s, |_: Option<Rooted<AnyRef>>| ());
        take.call(s, &[r.any.into()], &mut [])
    }),
    ("TypedFunc::call parameter any", |s, r| take(s, r.any)),
    ("TypedFunc::call parameter i31", |s, r| take(s, r.number)),
    ("TypedFunc::call parameter eq", |s, r| take(s, r.eq)),
    ("TypedFunc::call parameter struct", |s, r| take(s, r.structure)),
    ("TypedFunc::call parameter array", |s, r| take(s, r.array)),
    ("TypedFunc::call parameter extern", |s, r| take(s, r.value)),
    ("TypedFunc::call parameter exn", |s, r| take(s, r.exception)),
    ("TypedFunc::call parameter with null", |s, r| {
        let take = Func::wrap(&mut *s, |_: Option<Rooted<StructRef>>| ());
        take.typed::<Option<Rooted<StructRef>>, ()>(&*s).unwrap().call(s, Some(r.structure))
    }),
    ("result of a host function", |s, r| {
        let structure = r.structure;
        let give = Func::wrap(&mut *s, move || structure);
        give.typed::<(), Rooted<StructRef>>(&*s).unwrap().call(s, ()).map(no)
    }),
    ("results of a host function", |s, r| {
        let value = r.value;
        let give = Func::wrap(&mut *s, move || (1, Some(value)));
        give.typed::<(), (i32, Option<Rooted<ExternRef>>)>(&*s).unwrap().call(s, ()).map(no)
    }),
    ("result of an untyped host function", |s, r| {
        let any = r.any;
        let ty = FuncType::new(s.engine(), [], [ValType::ANYREF]);
        let give = Func::new(&mut *s, ty, move |_, _, results| {
            results[0] = any.into();
            Ok(())
        });
        give.call(s, &[], &mut [Val::I32(0)])
    }),
];

fn global(store: &mut Store<()>, content: ValType, value: Val) -> Result<()> {
    Global::new(store, GlobalType::new(content, Mutability::Const), value).map(no)
}

fn take<T: GcRef>(store: &mut Store<()>, reference: Rooted<T>) -> Result<()> {
    let take = Func::wrap(&mut *store, |_: Rooted<T>| ());
    take.typed::<Rooted<T>, ()>(&*store)?.call(store, reference)
}

/// Each case is an error for these references, that says `why`, and leaves the store and what else is in it as it was.
fn check(store: &mut Store<()>, bad: &References, why: &str) {
    let own = references(&mut *store);
    for (name, case) in CASES {
        let error = case(store, bad).expect_err(name);
        assert!(format!("{error:#}").contains(why), "{name}: {error:#}");
        assert_good(store, &own);
    }
}

fn zealous() -> Engine {
    Engine::new(Config::new().gc_zeal(true)).unwrap()
}

#[test]
fn references_of_another_store() {
    for (here, there) in [(Engine::default(), Engine::default()), (zealous(), zealous())] {
        let mut other = Store::new(&here, ());
        let foreign = references(&mut other);
        check(&mut Store::new(&here, ()), &foreign, "belongs to another store");
        check(&mut Store::new(&there, ()), &foreign, "belongs to another store");
        assert_good(&mut other, &foreign);
    }
}

#[test]
fn references_whose_scope_has_ended() {
    for engine in [Engine::default(), zealous()] {
        let mut store = Store::new(&engine, ());
        let stale = references(&mut RootScope::new(&mut store));
        check(&mut store, &stale, "unrooted");
        // However often their places are taken by others.
        for _ in 0..10 {
            references(&mut store);
            store.gc();
        }
        check(&mut store, &stale, "unrooted");
        assert!(store.heap_stats().major > 0);
    }
}

/// References that an exception owns, by its values.
fn owned(store: &mut Store<()>) -> (Exception, References) {
    let types = [ValType::ANYREF, ValType::ANYREF, ValType::ANYREF, ValType::EXTERNREF, ValType::EXNREF];
    let tag = tag(&mut *store, &types);
    let mut scope = RootScope::new(store);
    let References { any, number, structure, value, exception, .. } = references(&mut scope);
    let values = [any.into(), number.into(), structure.into(), value.into(), exception.into()];
    let owner = Exception::new(&mut scope, tag, &values).unwrap();
    let values = owner.fields();
    let any = |position: usize| values[position].anyref().unwrap().unwrap();
    let structure = any(2).unwrap_struct(&scope).unwrap();
    let array = any(0).unwrap_array(&scope).unwrap();
    let value = values[3].externref().unwrap().unwrap();
    let exception = values[4].exnref().unwrap().unwrap();
    let eq = any(2).unwrap_eqref(&scope).unwrap();
    let references = References { any: any(0), number: any(1), eq, structure, array, value, exception };
    (owner, references)
}

#[test]
fn references_whose_owner_has_been_dropped() {
    for engine in [Engine::default(), zealous()] {
        let mut store = Store::new(&engine, ());
        let (owner, references) = owned(&mut store);
        let clone = owner.clone();
        drop(owner);
        store.gc();
        assert_good(&mut store, &references);
        drop(clone);
        store.gc();
        check(&mut store, &references, "unrooted");
    }
}

/// Counts how often it is dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Counted(Drops);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drops {
    fn value(&self) -> Counted {
        Counted(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn values_of_the_host_are_dropped_once() {
    for engine in [Engine::default(), zealous()] {
        let drops = Drops::default();
        let mut store = Store::new(&engine, ());
        // In the outermost scope, by an owner, in a global, in a table, in an exception, in an array: they stay.
        let outer = ExternRef::new(&mut store, drops.value()).unwrap();
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, drops.value()).unwrap();
        let owner = value.to_owned_rooted(&mut scope).unwrap();
        let value = ExternRef::new(&mut scope, drops.value()).unwrap();
        let ty = GlobalType::new(ValType::EXTERNREF, Mutability::Var);
        let global = Global::new(&mut scope, ty, value.into()).unwrap();
        let value = ExternRef::new(&mut scope, drops.value()).unwrap();
        let table = Table::new(&mut scope, TableType::new(RefType::EXTERNREF, 3, None), value.into()).unwrap();
        let value = ExternRef::new(&mut scope, drops.value()).unwrap();
        let tag = tag(&mut scope, &[ValType::EXTERNREF]);
        let exception = Exception::new(&mut scope, tag, &[value.into()]).unwrap();
        let value = ExternRef::new(&mut scope, drops.value()).unwrap();
        let pre = arrays(&mut scope);
        let value = AnyRef::convert_extern(&mut scope, value).unwrap();
        let array = ArrayRef::new(&mut scope, &pre, &value.into(), 5).unwrap().to_owned_rooted(&mut scope).unwrap();
        // Nothing keeps these.
        for _ in 0..100 {
            ExternRef::new(&mut RootScope::new(&mut scope), drops.value()).unwrap();
        }
        drop(scope);
        for _ in 0..3 {
            store.gc();
            assert_eq!(drops.count(), 100);
        }
        let clone = owner.clone();
        drop(owner);
        store.gc();
        assert_eq!(drops.count(), 100);
        drop(clone);
        store.gc();
        assert_eq!(drops.count(), 101);
        global.set(&mut store, Val::ExternRef(None)).unwrap();
        store.gc();
        assert_eq!(drops.count(), 102);
        for index in 0..3 {
            assert_eq!(drops.count(), 102);
            table.set(&mut store, index, Ref::Extern(None)).unwrap();
            store.gc();
        }
        assert_eq!(drops.count(), 103);
        drop(exception);
        store.gc();
        assert_eq!(drops.count(), 104);
        drop(array);
        store.gc();
        assert_eq!(drops.count(), 105);
        assert!(outer.data(&store).unwrap().unwrap().is::<Counted>());
        drop(store);
        assert_eq!(drops.count(), 106);
    }
}

#[test]
fn a_value_can_be_changed() {
    let mut store = Store::new(&zealous(), ());
    let value = ExternRef::new(&mut store, 1_u64).unwrap();
    for round in 1..100_u64 {
        store.gc();
        let data = value.data_mut(&mut store).unwrap().unwrap().downcast_mut::<u64>().unwrap();
        assert_eq!(*data, round);
        *data += 1;
    }
    let object = references(&mut store).any;
    let object = ExternRef::convert_any(&mut store, object).unwrap();
    assert!(object.data(&store).unwrap().is_none() && object.data_mut(&mut store).unwrap().is_none());
}

#[test]
fn a_value_that_panics_as_it_is_dropped_poisons_the_store() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("no use");
        }
    }
    let drops = Drops::default();
    let mut store = Store::new(&zealous(), ());
    let host = Func::wrap(&mut store, || 1);
    let good = ExternRef::new(&mut store, 5_u8).unwrap();
    for value in [0, 1, 2] {
        let mut scope = RootScope::new(&mut store);
        // The second is dropped by the collection that makes the third.
        let made = match value {
            1 => ExternRef::new(&mut scope, Panics),
            _ => ExternRef::new(&mut scope, drops.value()),
        };
        assert_eq!(made.is_err(), value == 2, "{value}");
    }
    // The first by a collection, the third because it could not be made.
    assert_eq!(drops.count(), 2);
    let error = ExternRef::new(&mut store, drops.value()).unwrap_err();
    assert!(error.to_string().contains("no use"), "{error}");
    assert!(host.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err().to_string().contains("poisoned"));
    // What is there can still be read.
    assert_eq!(good.data(&store).unwrap().unwrap().downcast_ref(), Some(&5_u8));
    drop(store);
    assert_eq!(drops.count(), 3);
}

#[test]
fn host_functions_have_scopes_of_their_own() {
    let drops = Drops::default();
    let mut store = Store::new(&zealous(), Vec::<Rooted<AnyRef>>::new());
    let made = drops.clone();
    let inner =
        Func::wrap(&mut store, move |mut caller: Caller<'_, Vec<Rooted<AnyRef>>>| -> Result<Rooted<ExternRef>> {
            for _ in 0..5 {
                let value = ExternRef::new(&mut caller, made.value())?;
                let value = AnyRef::convert_extern(&mut caller, value)?;
                caller.data_mut().push(value);
            }
            let result = ExternRef::new(&mut caller, made.value())?;
            caller.gc();
            assert!(result.data(&caller)?.is_some());
            Ok(result)
        });
    let inner = inner.typed::<(), Rooted<ExternRef>>(&store).unwrap();
    let ty = FuncType::new(store.engine(), [ValType::EXTERNREF], [ValType::EXTERNREF]);
    let outer = Func::new(&mut store, ty, move |mut caller, params, results| {
        let param = params[0].externref().unwrap().unwrap();
        let inside = inner.call(&mut caller, ())?;
        caller.gc();
        // What the inner one made is good here if it gave it back, and only then.
        assert!(inside.data(&caller)?.is_some() && param.data(&caller)?.is_some());
        let gone = caller.data().clone();
        assert!(gone.iter().all(|value| value.ty(&caller).is_err()));
        results[0] = inside.into();
        let param = AnyRef::convert_extern(&mut caller, param)?;
        caller.data_mut().push(param);
        Ok(())
    });
    let param = ExternRef::new(&mut store, drops.value()).unwrap();
    let mut results = [Val::I32(0)];
    outer.call(&mut store, &[param.into()], &mut results).unwrap();
    store.gc();
    assert_eq!(drops.count(), 5);
    let result = results[0].externref().unwrap().unwrap();
    assert!(result.data(&store).unwrap().is_some() && param.data(&store).unwrap().is_some());
    // A parameter is a root of the function's own.
    assert!(store.data().last().unwrap().ty(&store).is_err());
    drop(store);
    assert_eq!(drops.count(), 7);
}

#[test]
fn many_parameters_and_results_are_good_together() {
    type Six = (Rooted<AnyRef>, Option<Rooted<StructRef>>, I31, Rooted<ExternRef>, Option<I31>, Option<Rooted<ExnRef>>);
    let mut store = Store::new(&zealous(), ());
    let pass = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, ()>,
         a: Rooted<AnyRef>,
         b: Option<Rooted<StructRef>>,
         c: I31,
         d: Rooted<ExternRef>,
         e: Option<I31>,
         f: Option<Rooted<ExnRef>>| {
            caller.gc();
            assert!(a.is_array(&caller).unwrap());
            (a, b, c, d, e, f)
        },
    );
    let typed = pass.typed::<Six, Six>(&store).unwrap();
    let good = references(&mut store);
    let number = I31::wrapping_i32(-7);
    for _ in 0..5 {
        let mut scope = RootScope::new(&mut store);
        let given = (good.any, Some(good.structure), number, good.value, Some(number), Some(good.exception));
        let (any, structure, one, value, other, exception) = typed.call(&mut scope, given).unwrap();
        let found = References {
            any,
            structure: structure.unwrap(),
            eq: structure.unwrap().to_eqref(),
            array: any.unwrap_array(&scope).unwrap(),
            value,
            exception: exception.unwrap(),
            ..good
        };
        assert_eq!((one, other), (number, Some(number)));
        drop(scope);
        assert!(found.any.ty(&store).is_err());
        let given = [
            good.any.into(),
            good.structure.into(),
            Val::AnyRef(None),
            good.value.into(),
            Val::AnyRef(None),
            Val::ExnRef(None),
        ];
        let error = pass.call(&mut store, &given, &mut [Val::I32(0); 6]).unwrap_err();
        assert!(format!("{error:#}").contains("parameter 2"), "{error:#}");
    }
    assert_good(&mut store, &good);
}

#[test]
fn errors_and_panics_end_the_scope_too() {
    let drops = Drops::default();
    let mut store = Store::new(&Engine::default(), ());
    let made = drops.clone();
    let fails = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
        ExternRef::new(&mut caller, made.value())?;
        Err(Error::msg("it was told to"))
    });
    let made = drops.clone();
    let panics = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> () {
        ExternRef::new(&mut caller, made.value()).unwrap();
        panic!("it was told to");
    });
    for count in 1..4 {
        fails.call(&mut store, &[], &mut []).unwrap_err();
        store.gc();
        assert_eq!(drops.count(), count);
    }
    panics.call(&mut store, &[], &mut []).unwrap_err();
    store.gc();
    assert_eq!(drops.count(), 4);
}

#[test]
fn scopes_nest_and_may_be_kept_by_value() {
    let mut store = Store::new(&Engine::default(), ());
    let outer = references(&mut store);
    let mut first = RootScope::new(&mut store);
    let one = references(&mut first);
    let two = {
        let mut second = RootScope::new(&mut first);
        let two = references(&mut second);
        second.as_context_mut().gc();
        two
    };
    assert!(two.any.ty(&first).is_err() && one.any.ty(&first).is_ok());
    // A scope that is never closed ends with the one around it.
    std::mem::forget(RootScope::new(&mut first));
    let three = references(&mut first);
    drop(first);
    assert!(one.any.ty(&store).is_err() && three.any.ty(&store).is_err());
    assert_good(&mut store, &outer);
    let mut scope = RootScope::new(store);
    let value = ExternRef::new(&mut scope, 1).unwrap();
    assert!(value.data(&scope).unwrap().is_some());
}

#[test]
fn owners_are_dropped_anywhere() {
    let drops = Drops::default();
    let mut store = Store::new(&Engine::default(), ());
    let owners: Vec<OwnedRooted<ExternRef>> = (0..1000)
        .map(|_| {
            let mut scope = RootScope::new(&mut store);
            ExternRef::new(&mut scope, drops.value()).unwrap().to_owned_rooted(&mut scope).unwrap()
        })
        .collect();
    store.gc();
    assert_eq!(drops.count(), 0);
    let mut threads = Vec::new();
    for half in owners.chunks(500).map(<[_]>::to_vec) {
        threads.push(std::thread::spawn(move || drop(half)));
    }
    drop(owners);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    store.gc();
    assert_eq!(drops.count(), 1000);
    let late = ExternRef::new(&mut store, drops.value()).unwrap().to_owned_rooted(&mut store).unwrap();
    drop(store);
    assert_eq!(drops.count(), 1001);
    drop(late);
}

#[test]
fn roots_and_objects_are_told_apart() {
    let mut store = Store::new(&Engine::default(), ());
    let value = ExternRef::new(&mut store, 1).unwrap();
    let owner = value.to_owned_rooted(&mut store).unwrap();
    let again = owner.to_rooted(&mut store).unwrap();
    assert!(Rooted::rooted_eq(value, value) && !Rooted::rooted_eq(value, again));
    assert!(Rooted::ref_eq(&store, &value, &owner).unwrap() && OwnedRooted::ref_eq(&store, &again, &owner).unwrap());
    let other = ExternRef::new(&mut store, 1).unwrap();
    assert!(!Rooted::ref_eq(&store, &value, &other).unwrap());
    let mut foreign = Store::new(store.engine(), ());
    assert!(owner.to_rooted(&mut foreign).is_err() && owner.data(&foreign).is_err());
}
