//! What the cases of misuse are made of: an engine, a store, and one of everything that a store can own.

use tancho::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContextMut, Engine, EqRef, Exception, ExnRef, ExternRef, FieldType,
    Func, FuncType, GcRef, Global, Instance, InstancePre, Linker, Memory, MemoryType, Module, ModuleExport, Mutability,
    OwnedRooted, RootScope, Rooted, SharedMemory, StorageType, Store, StoreContextMut, StructRef, StructRefPre,
    StructType, Table, Tag, TypedExport, TypedFunc,
};

const TEXT: &str = r#"(module
    (memory (export "memory") 1) (table (export "table") 2 funcref) (table (export "externs") 2 externref)
    (table (export "anys") 2 anyref) (table (export "exns") 2 exnref)
    (global (export "global") (mut i32) (i32.const 5)) (global (export "funcs") (mut funcref) (ref.null func))
    (global (export "values") (mut externref) (ref.null extern)) (global (export "objects") (mut anyref) (ref.null any))
    (global (export "exceptions") (mut exnref) (ref.null exn))
    (tag (export "tag") (param i32))
    (func (export "func") (result i32) (i32.const 1))
    (func (export "take") (param funcref))
    (func (export "hold") (param externref))
    (func (export "object") (param anyref))
    (func (export "catch") (param exnref)))"#;

/// Modules and types of an engine.
pub(crate) struct Made {
    pub(crate) engine: Engine,
    pub(crate) module: Module,
    pub(crate) structure: StructType,
    pub(crate) bytes: ArrayType,
}

impl Made {
    pub(crate) fn new() -> Made {
        let engine = Engine::default();
        let field = FieldType::new(Mutability::Var, StorageType::I8);
        Made {
            module: Module::new(&engine, TEXT).unwrap(),
            structure: StructType::new(&engine, [field.clone()]).unwrap(),
            bytes: ArrayType::new(&engine, field),
            engine,
        }
    }
}

/// A store, and one of everything in it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Store<()>,
    pub(crate) things: Things,
}

/// What has become of the roots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Roots {
    /// They are good.
    Alive,
    /// Their scope has ended.
    ScopeEnded,
    /// Who owned them is gone.
    OwnerDropped,
}

/// A reference: as a root, and as the referent that a root gives access to.
pub(crate) struct Reference<T: GcRef> {
    pub(crate) root: Rooted<T>,
    pub(crate) owned: OwnedRooted<T>,
    pub(crate) at: T,
}

impl<T: GcRef> Reference<T> {
    fn new(store: &mut Store<()>, roots: Roots, make: &dyn Fn(StoreContextMut<'_, ()>) -> Rooted<T>) -> Reference<T> {
        let alive = make(store.as_context_mut());
        let owned = alive.to_owned_rooted(&mut *store).unwrap();
        let ended = make(RootScope::new(&mut *store).as_context_mut());
        let dropped = *make(store.as_context_mut()).to_owned_rooted(&mut *store).unwrap();
        match roots {
            Roots::Alive => Reference { root: alive, owned, at: *alive },
            Roots::ScopeEnded => Reference { root: ended, owned, at: *ended },
            Roots::OwnerDropped => Reference { root: ended, owned, at: dropped },
        }
    }
}

/// One of everything that a store can own.
pub(crate) struct Things {
    pub(crate) module: Module,
    pub(crate) instance: Instance,
    pub(crate) pre: InstancePre<()>,
    pub(crate) linker: Linker<()>,
    pub(crate) place: ModuleExport,
    pub(crate) export: TypedExport<(), i32>,
    pub(crate) func: Func,
    pub(crate) host: Func,
    pub(crate) typed: TypedFunc<(), i32>,
    pub(crate) take: TypedFunc<Option<Func>, ()>,
    pub(crate) hold: TypedFunc<Option<Rooted<ExternRef>>, ()>,
    pub(crate) object: TypedFunc<Option<Rooted<AnyRef>>, ()>,
    pub(crate) catch: TypedFunc<Option<Rooted<ExnRef>>, ()>,
    pub(crate) memory: Memory,
    pub(crate) shared: SharedMemory,
    pub(crate) table: Table,
    pub(crate) externs: Table,
    pub(crate) anys: Table,
    pub(crate) exns: Table,
    pub(crate) global: Global,
    pub(crate) funcs: Global,
    pub(crate) values: Global,
    pub(crate) objects: Global,
    pub(crate) exceptions: Global,
    pub(crate) tag: Tag,
    pub(crate) exception: Exception,
    pub(crate) structures: StructRefPre,
    pub(crate) arrays: ArrayRefPre,
    pub(crate) value: Reference<ExternRef>,
    pub(crate) any: Reference<AnyRef>,
    pub(crate) eq: Reference<EqRef>,
    pub(crate) structure: Reference<StructRef>,
    pub(crate) array: Reference<ArrayRef>,
    pub(crate) exn: Reference<ExnRef>,
    pub(crate) structure_type: StructType,
    pub(crate) array_type: ArrayType,
    pub(crate) func_type: FuncType,
}

impl Things {
    /// Makes them in a store of the engine.
    pub(crate) fn new(store: &mut Store<()>, made: &Made, roots: Roots) -> Things {
        let module = made.module.clone();
        let instance = Instance::new(&mut *store, &module, &[]).unwrap();
        let structures = StructRefPre::new(&mut *store, made.structure.clone());
        let arrays = ArrayRefPre::new(&mut *store, made.bytes.clone());
        let tag = instance.get_tag(&mut *store, "tag").unwrap();
        let exception = Exception::new(&mut *store, tag, &[1.into()]).unwrap();
        let func = instance.get_func(&mut *store, "func").unwrap();
        let mut linker = Linker::new(&made.engine);
        linker.define(&*store, "m", "func", func).unwrap();
        let structure = |store: StoreContextMut<'_, ()>| StructRef::new(store, &structures, &[1.into()]).unwrap();
        let array = |store: StoreContextMut<'_, ()>| ArrayRef::new(store, &arrays, &1.into(), 2).unwrap();
        let exn = |store: StoreContextMut<'_, ()>| ExnRef::new(store, &exception).unwrap();
        Things {
            pre: linker.instantiate_pre(&module).unwrap(),
            linker,
            place: module.get_export_index("func").unwrap(),
            export: module.get_typed_func("func").unwrap(),
            host: Func::wrap(&mut *store, || 2),
            typed: instance.get_typed_func(&mut *store, "func").unwrap(),
            take: instance.get_typed_func(&mut *store, "take").unwrap(),
            hold: instance.get_typed_func(&mut *store, "hold").unwrap(),
            object: instance.get_typed_func(&mut *store, "object").unwrap(),
            catch: instance.get_typed_func(&mut *store, "catch").unwrap(),
            memory: instance.get_memory(&mut *store, "memory").unwrap(),
            shared: SharedMemory::new(&made.engine, MemoryType::shared(1, 1)).unwrap(),
            table: instance.get_table(&mut *store, "table").unwrap(),
            externs: instance.get_table(&mut *store, "externs").unwrap(),
            anys: instance.get_table(&mut *store, "anys").unwrap(),
            exns: instance.get_table(&mut *store, "exns").unwrap(),
            global: instance.get_global(&mut *store, "global").unwrap(),
            funcs: instance.get_global(&mut *store, "funcs").unwrap(),
            values: instance.get_global(&mut *store, "values").unwrap(),
            objects: instance.get_global(&mut *store, "objects").unwrap(),
            exceptions: instance.get_global(&mut *store, "exceptions").unwrap(),
            value: Reference::new(store, roots, &|store| ExternRef::new(store, 1).unwrap()),
            any: Reference::new(store, roots, &|store| structure(store).to_anyref()),
            eq: Reference::new(store, roots, &|store| structure(store).to_eqref()),
            structure: Reference::new(store, roots, &structure),
            array: Reference::new(store, roots, &array),
            exn: Reference::new(store, roots, &exn),
            structure_type: made.structure.clone(),
            array_type: made.bytes.clone(),
            func_type: func.ty(&*store),
            structures: structures.clone(),
            arrays: arrays.clone(),
            exception: exception.clone(),
            module,
            instance,
            func,
            tag,
        }
    }
}

impl World {
    pub(crate) fn new(made: &Made) -> World {
        let mut store = Store::new(&made.engine, ());
        let things = Things::new(&mut store, made, Roots::Alive);
        World { engine: made.engine.clone(), store, things }
    }

    /// Whether everything still works, and nothing of another's has come in.
    pub(crate) fn check(&mut self, after: &str) {
        let World { store, things, .. } = self;
        assert_eq!(things.typed.call(&mut *store, ()).unwrap(), 1, "{after}");
        assert_eq!(things.host.typed::<(), i32>(&*store).unwrap().call(&mut *store, ()).unwrap(), 2, "{after}");
        assert_eq!(things.memory.size(&*store), 1, "{after}");
        assert_eq!(things.memory.data(&*store)[0], 0, "{after}");
        assert_eq!(things.shared.size(), 1, "{after}");
        for table in [things.table, things.externs, things.anys, things.exns] {
            assert_eq!(table.size(&*store), 2, "{after}");
            assert!(table.get(&mut *store, 0).unwrap().is_null(), "{after}");
        }
        assert_eq!(things.global.get(&mut *store).i32(), Some(5), "{after}");
        for global in [things.funcs, things.values, things.objects, things.exceptions] {
            assert!(global.get(&mut *store).ref_().unwrap().is_null(), "{after}");
        }
        store.gc();
        let value = things.value.owned.data(&*store).unwrap().unwrap();
        assert_eq!(value.downcast_ref(), Some(&1), "{after}");
        assert_eq!(things.structure.owned.field(&mut *store, 0).unwrap().i32(), Some(1), "{after}");
        assert_eq!(things.array.owned.get(&mut *store, 1).unwrap().i32(), Some(1), "{after}");
        assert_eq!(things.exn.owned.tag(&mut *store).unwrap(), things.tag, "{after}");
    }
}
