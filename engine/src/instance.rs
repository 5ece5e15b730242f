//! Instances: handles of modules that have been given their imports, and how they come to be.
//!
//! Users make them here or through a `Linker`; `Caller` looks exports up here.

use crate::context::{AsContextMut, StoreContext};
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use crate::export::ModuleExport;
use crate::func::{Func, TypedFunc, WasmParams, WasmResults, call_start};
use crate::global::Global;
use crate::handle::{Export, Extern, StoreId, own};
use crate::limiter;
use crate::link::{self, Definition};
use crate::memory::Memory;
use crate::module::Module;
use crate::shared_memory::SharedMemory;
use crate::store::{Loan, StoreOpaque};
use crate::table::Table;
use crate::tag::Tag;
use std::ptr::NonNull;
use std::sync::Arc;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::ExternKind;
use tancho_runtime::instantiate::InstantiateError;
use tancho_runtime::store::{Export as RuntimeExport, InstanceId};

/// A module in a store.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f") (result i32) (i32.const 5)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
/// assert_eq!(f.call(&mut store, ())?, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Instance {
    store: StoreId,
    id: InstanceId,
}

impl Instance {
    /// Instantiates a module with its imports in the order of [`Module::imports`], and runs its start function.
    ///
    /// # Errors
    ///
    /// When there are not as many imports as the module has, or one has the wrong type
    /// ([`LinkError`](crate::LinkError)) or belongs to another store; when the module belongs to another engine or
    /// the store is poisoned; when there is no memory left; and what initialisation and the start function end in.
    /// After these the instance stays in the store, because another one's table may refer to it.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Instance> {
        let expected = module.import_types().len();
        if imports.len() != expected {
            return Err(ErrorCode::ImportCount
                .error(format!("the module has {expected} imports, and {} are given", imports.len())));
        }
        let definitions: Vec<Definition> = imports.iter().cloned().map(Definition::Extern).collect();
        instantiate(store.as_context_mut().loan(), module, &definitions, true)
    }

    /// The function exported by this name; `None` when there is none, and when the instance belongs to
    /// another store.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The memory exported by this name; `None` when there is none, when threads share it, and when the instance
    /// belongs to another store.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The memory exported by this name that threads share; `None` when there is none, when it is not shared, and when the
    /// instance belongs to another store.
    pub fn get_shared_memory(&self, store: impl AsContextMut, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// The table exported by this name; `None` when there is none, and when the instance belongs to
    /// another store.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The global exported by this name; `None` when there is none, and when the instance belongs to
    /// another store.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The tag exported by this name; `None` when there is none, and when the instance belongs to
    /// another store.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// What is exported by this name; `None` when nothing is, and when the instance belongs to another store.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let context = store.as_context_mut();
        self.check(context.opaque()).ok()?;
        export(context.opaque(), self.id, name)
    }

    /// What is exported at the place of a module's export; `None` when the instance is one of another module, or belongs to another store.
    pub fn get_module_export(&self, mut store: impl AsContextMut, export: &ModuleExport) -> Option<Extern> {
        export.of(store.as_context_mut().opaque(), *self).ok()
    }

    /// The module.
    ///
    /// # Panics
    ///
    /// When the instance belongs to another store: see [`Instance::try_module`].
    #[track_caller]
    pub fn module<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        own(self.try_module(store))
    }

    /// The module.
    ///
    /// # Errors
    ///
    /// When the instance belongs to another store.
    pub fn try_module<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a Module> {
        self.module_in(store.into().opaque())
    }

    fn module_in(self, store: &StoreOpaque) -> Result<&Module> {
        self.check(store)?;
        let code = store.runtime().code_of(self.id);
        let found = store.modules().iter().rev().find(|module| Arc::ptr_eq(module.code(), code));
        found.ok_or_else(|| {
            ErrorCode::EngineBug.error("the module of an instance is not known any more; this is a bug in Tancho")
        })
    }

    /// What it exports at a position, if it is an instance of this module.
    ///
    /// # Errors
    ///
    /// When it is not, or belongs to another store.
    pub(crate) fn export_at(self, store: &StoreOpaque, module: &Module, position: usize) -> Result<Extern> {
        self.check(store)?;
        let code = store.runtime().code_of(self.id);
        if !Arc::ptr_eq(code, module.code()) {
            return Err(
                ErrorCode::NoExport.error("this export is one of another module than the instance it is used with")
            );
        }
        let item = code.view().exports.get(position).and_then(|record| {
            let export = store.runtime().export(self.id, ExternKind::from_code(record.kind)?, record.index)?;
            Some(Extern::of(export, store))
        });
        item.ok_or_else(|| {
            ErrorCode::EngineBug.error("a module does not export what it has said; this is a bug in Tancho")
        })
    }

    /// The function exported by this name, with its type in Rust's terms: see [`Func::typed`].
    ///
    /// # Errors
    ///
    /// When there is no such function, or it has another type; when the instance belongs to another store.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let context = store.as_context_mut();
        self.store.check(context.opaque(), "instance")?;
        let store = context.opaque();
        let runtime = store.runtime();
        let record = runtime.code_of(self.id).view().export(name);
        let index = record.filter(|record| record.kind == ExternKind::Function as u32).map(|record| record.index);
        let func = index.and_then(|index| runtime.export(self.id, ExternKind::Function, index));
        let (Some(index), Some(RuntimeExport::Function(func))) = (index, func) else {
            return Err(ErrorCode::NoExport.error(format!("there is no exported function `{name}`")));
        };
        let declared = runtime.declared_type(self.id, FunctionIndex(index));
        TypedFunc::new(Func::of(func, store), store, declared)
            .with_context(|| format!("the exported function `{name}` has another type"))
    }

    /// What the instance exports, in the module's order.
    ///
    /// # Panics
    ///
    /// When the instance belongs to another store: see [`Instance::try_exports`].
    #[track_caller]
    pub fn exports<'a, S: AsContextMut>(
        &self,
        store: &'a mut S,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + use<'a, S> {
        own(self.try_exports(store))
    }

    /// What the instance exports, in the module's order.
    ///
    /// # Errors
    ///
    /// When the instance belongs to another store.
    pub fn try_exports<'a, S: AsContextMut>(
        &self,
        store: &'a mut S,
    ) -> Result<impl ExactSizeIterator<Item = Export<'a>> + use<'a, S>> {
        let store = store.as_context_mut().into_loan().into_ref();
        let store = &store.opaque;
        self.check(store)?;
        let view = store.runtime().code_of(self.id).view();
        let id = self.id;
        Ok(view.exports.iter().map(move |record| {
            let kind =
                ExternKind::from_code(record.kind).expect("loading the module has looked at every export's kind");
            let export = store
                .runtime()
                .export(id, kind, record.index)
                .expect("the compiler lets all exported functions be reached");
            Export::new(view.name(record.name), Extern::of(export, store))
        }))
    }

    #[cfg(feature = "coredump")]
    pub(crate) fn id(self) -> InstanceId {
        self.id
    }

    /// An error unless the instance belongs to `store`.
    pub(crate) fn check(self, store: &StoreOpaque) -> Result<()> {
        self.store.check(store, "instance")
    }
}

/// What an instance of the store exports by this name.
pub(crate) fn export(store: &StoreOpaque, id: InstanceId, name: &str) -> Option<Extern> {
    let record = store.runtime().code_of(id).view().export(name)?;
    let export = store.runtime().export(id, ExternKind::from_code(record.kind)?, record.index)?;
    Some(Extern::of(export, store))
}

/// The handle of an instance of the store.
pub(crate) fn of(store: &StoreOpaque, id: InstanceId) -> Instance {
    Instance { store: store.id(), id }
}

/// Instantiates a module with a definition for each import. `checked` says whether host functions among them are known to match.
pub(crate) fn instantiate<T>(
    store: &mut Loan<'_, T>,
    module: &Module,
    definitions: &[Definition],
    checked: bool,
) -> Result<Instance> {
    let opaque = &store.inner().opaque;
    opaque.require_sound()?;
    opaque.require_engine(module.engine(), "module")?;
    if module.shares_memory() {
        opaque.engine().config().require_shared_memory()?;
    }
    let imports = link::resolve(store, module, definitions, checked)?;
    let admitted = store.inner_mut().opaque.runtime_mut().admit_instance(module.code());
    let admitted = admitted.and_then(|questions| limiter::ask(store, questions));
    let opaque = &mut store.inner_mut().opaque;
    opaque.keep_module(module);
    let made = admitted
        .map_err(InstantiateError::Denied)
        .and_then(|()| opaque.runtime_mut().instantiate(module.template(), imports));
    let id = made.map_err(|error| match error {
        InstantiateError::Segment { segment, target, trap } => {
            let view = module.code().view();
            let [segment, target] = [segment, target].map(|(item, index)| view.item_label(item, index));
            Error::new(trap).context(Coded::new(ErrorCode::Instantiation, format!("{segment} does not fit {target}")))
        }
        InstantiateError::Denied(denied) => {
            opaque.denied(denied).context(Coded::new(ErrorCode::Instantiation, "cannot instantiate the module"))
        }
        error => Error::new(error).context(Coded::new(ErrorCode::Instantiation, "cannot instantiate the module")),
    })?;
    let instance = of(opaque, id);
    if let Some(start) = opaque.runtime().start_function(id).and_then(NonNull::new) {
        call_start(store, start)?;
    }
    Ok(instance)
}
