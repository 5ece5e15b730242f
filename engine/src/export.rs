//! Exports of modules, found once for all instances: by position, and with their types in Rust's terms.
//!
//! `module` makes them, users turn them into handles of an instance.

use crate::context::{AsContext, AsContextMut};
use crate::error::{Context, Error, Result};
use crate::func::{TypedFunc, WasmParams, WasmResults, check_type};
use crate::handle::Extern;
use crate::instance::Instance;
use crate::module::Module;
use crate::store::StoreOpaque;
use crate::types::ExternType;
use std::fmt;
use std::marker::PhantomData;

/// An export of a module, by its position: looking one up in an instance compares no names.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (global (export "g") i32 (i32.const 7)))"#)?;
/// let export = module.get_export_index("g").expect("it is exported");
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let global = instance.get_module_export(&mut store, &export).and_then(|item| item.into_global());
/// assert_eq!(global.expect("it is one").get(&mut store).i32(), Some(7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ModuleExport {
    module: Module,
    position: usize,
}

impl ModuleExport {
    pub(crate) fn new(module: &Module, position: usize) -> ModuleExport {
        ModuleExport { module: module.clone(), position }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// What the instance exports there.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or is one of another module.
    pub(crate) fn of(&self, store: &StoreOpaque, instance: Instance) -> Result<Extern> {
        instance.export_at(store, &self.module, self.position)
    }
}

/// A function that a module exports, with its type in Rust's terms: found and compared once, without a store, for all instances in all
/// stores.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(
///     &engine,
///     r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#,
/// )?;
/// // Once, where the module is loaded: a module of the wrong shape is refused here.
/// let add = module.get_typed_func::<(i32, i32), i32>("add")?;
/// // For each request, a store: nothing is looked up by name.
/// for request in 0..3 {
///     let mut store = Store::new(&engine, ());
///     let instance = Instance::new(&mut store, &module, &[])?;
///     assert_eq!(add.call(&mut store, &instance, (request, 1))?, request + 1);
/// }
/// # Ok(())
/// # }
/// ```
pub struct TypedExport<P, R> {
    export: ModuleExport,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedExport<P, R> {
    fn clone(&self) -> Self {
        TypedExport { export: self.export.clone(), types: PhantomData }
    }
}

impl<P, R> fmt::Debug for TypedExport<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedExport").field(&self.export).finish()
    }
}

impl<P: WasmParams, R: WasmResults> TypedExport<P, R> {
    pub(crate) fn new(module: &Module, name: &str) -> Result<Self> {
        let missing = || format!("there is no exported function `{name}`");
        let export = module.get_export_index(name).with_context(missing)?;
        let Some(ExternType::Func(ty)) = module.get_export(name) else { return Err(Error::msg(missing())) };
        check_type::<P, R>(&ty).with_context(|| format!("the exported function `{name}` has another type"))?;
        Ok(TypedExport { export, types: PhantomData })
    }

    /// The module.
    pub fn module(&self) -> &Module {
        self.export.module()
    }

    /// The function of an instance.
    ///
    /// # Errors
    ///
    /// When the instance belongs to another store, or is one of another module.
    pub fn func(&self, store: impl AsContext, instance: &Instance) -> Result<TypedFunc<P, R>> {
        let context = store.as_context();
        let item = self.export.of(context.opaque(), *instance)?;
        item.into_func().context("a module does not export what it has said; this is a bug in Tancho")?.typed(context)
    }

    /// Calls the function of an instance.
    ///
    /// # Errors
    ///
    /// As [`TypedExport::func`] and [`TypedFunc::call`].
    pub fn call(&self, mut store: impl AsContextMut, instance: &Instance, params: P) -> Result<R> {
        let mut context = store.as_context_mut();
        self.func(&context, instance)?.call(&mut context, params)
    }
}
