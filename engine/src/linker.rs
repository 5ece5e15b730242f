//! A linker: names and what they mean, for the imports of modules.
//!
//! Users define things by name and instantiate modules; names are resolved here, types are matched in `link`.

use crate::context::{AsContext, AsContextMut};
use crate::engine::Engine;
use crate::error::{Context, Error, ErrorCode, Result};
use crate::export::TypedExport;
use crate::func::{Caller, Func, HostFunc, IntoFunc, WasmParams, WasmResults};
use crate::func_type::FuncType;
use crate::handle::Extern;
use crate::instance::{self, Instance};
use crate::link::{self, Definition, LinkError, MissingImport, UnknownImport};
use crate::module::Module;
use crate::types::{ExportType, ExternType, ImportType};
use crate::value::Val;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Names and what they mean, for the imports of modules in stores with data of type `T`.
///
/// Functions that are defined by closures belong to no store: a linker that has only these serves any number of
/// stores. Clones are independent.
///
/// ```
/// # use tancho::{Engine, Linker, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "double", |x: i32| x * 2)?;
/// let module = Module::new(
///     &engine,
///     r#"(module (import "host" "double" (func $double (param i32) (result i32)))
///         (func (export "f") (result i32) (call $double (i32.const 21))))"#,
/// )?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// assert_eq!(instance.get_typed_func::<(), i32>(&mut store, "f")?.call(&mut store, ())?, 42);
/// # Ok(())
/// # }
/// ```
pub struct Linker<T> {
    engine: Engine,
    /// By module name and name.
    definitions: HashMap<Box<str>, BTreeMap<Box<str>, Definition>>,
    shadowing: bool,
    /// Whether a command may export what is no function.
    unknown_exports: bool,
    /// Invariant in `T`: what is defined takes callers with exactly this type of data.
    data: PhantomData<fn(T) -> T>,
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Linker {
            engine: self.engine.clone(),
            definitions: self.definitions.clone(),
            shadowing: self.shadowing,
            unknown_exports: self.unknown_exports,
            data: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl<T> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            definitions: HashMap::new(),
            shadowing: false,
            unknown_exports: false,
            data: PhantomData,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name that is defined may be defined again. Off by default.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.shadowing = allow;
        self
    }

    /// Whether a command ([`Linker::module`]) may export things that are no functions, which are not defined then. Off by default. What
    /// compilers export of every program, its memory, its table and globals whose names begin with `__`, it may always.
    pub fn allow_unknown_exports(&mut self, allow: bool) -> &mut Self {
        self.unknown_exports = allow;
        self
    }

    /// Defines a function by a closure.
    ///
    /// The closure takes up to 16 parameters that are [`WasmTy`](crate::WasmTy)s, before them a [`Caller`] if it
    /// wants one, and returns `()`, a [`WasmTy`](crate::WasmTy), a tuple of up to 8 of them, or a [`Result`] of one
    /// of these. An error ends the call that WebAssembly was in, and comes out of it unchanged.
    ///
    /// # Errors
    ///
    /// When the name is defined already.
    pub fn func_wrap<Params, Returned>(
        &mut self,
        module: &str,
        name: &str,
        closure: impl IntoFunc<T, Params, Returned>,
    ) -> Result<&mut Self> {
        let function = closure.bind(&self.engine);
        self.insert(module, name, Definition::Host(Arc::new(function)))
    }

    /// Defines a function of a type that is known only at run time by a closure: see [`Func::new`].
    ///
    /// # Errors
    ///
    /// When the name is defined already.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        closure: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        let function = HostFunc::by_values(&self.engine, &ty, closure);
        self.insert(module, name, Definition::Host(Arc::new(function)))
    }

    /// Defines a name as a thing of a store. From then on the linker serves this store only, where the name is used.
    ///
    /// # Errors
    ///
    /// When the name is defined already, or the thing belongs to another store, or the store to another engine.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        let context = store.as_context();
        let item = item.into();
        context.opaque().require_engine(&self.engine, "linker")?;
        item.ty_in(context.opaque())?;
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines all that an instance exports, under a module name.
    ///
    /// # Errors
    ///
    /// When one of the names is defined already, or the instance belongs to another store, or the store to another
    /// engine.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self> {
        let mut context = store.as_context_mut();
        context.opaque().require_engine(&self.engine, "linker")?;
        instance.check(context.opaque())?;
        for export in instance.exports(&mut context) {
            self.insert(module, export.name(), Definition::Extern(export.into_extern()))?;
        }
        Ok(self)
    }

    /// Instantiates a module and defines what it exports, under a module name.
    ///
    /// A *command*, which exports `_start` and not `_initialize`, is not instantiated: the functions that it exports
    /// are defined, and each call of one makes a new instance, as commands are meant to be used once. Of any other
    /// module one instance is made, and the function that it exports as `_initialize`, if there is one, is called.
    ///
    /// # Errors
    ///
    /// As [`Linker::instantiate`] and [`Linker::instance`]; what `_initialize` ends in.
    pub fn module(&mut self, mut store: impl AsContextMut<Data = T>, name: &str, module: &Module) -> Result<&mut Self>
    where
        T: 'static,
    {
        let mut context = store.as_context_mut();
        if is_command(module) {
            context.opaque().require_engine(&self.engine, "linker")?;
            return self.command(module, |linker, export, ty, pre| {
                let function: Box<str> = export.into();
                let call = move |mut caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
                    let instance = pre.instantiate(&mut caller)?;
                    exported(&instance, &mut caller, &function)?.call(&mut caller, params, results)
                };
                linker.func_new(name, export, ty, call).map(drop)
            });
        }
        let instance = self.instantiate(&mut context, module)?;
        if is_func(module, "_initialize") {
            instance.get_typed_func::<(), ()>(&mut context, "_initialize")?.call(&mut context, ())?;
        }
        self.instance(context, name, instance)
    }

    /// Defines the functions that a command exports, each by `define`, which is given the function's name and type, and what makes instances.
    pub(crate) fn command(
        &mut self,
        module: &Module,
        define: impl Fn(&mut Self, &str, FuncType, InstancePre<T>) -> Result<()>,
    ) -> Result<&mut Self> {
        let pre = self.instantiate_pre(module)?;
        for export in module.exports() {
            let ExternType::Func(ty) = export.ty() else {
                if !self.unknown_exports && !is_of_toolchain(&export) {
                    return Err(ErrorCode::NoDefault.error(format!(
                        "the command exports `{}`, which is no function: allow that by `Linker::allow_unknown_exports`",
                        export.name()
                    )));
                }
                continue;
            };
            define(self, export.name(), ty, pre.clone())?;
        }
        Ok(self)
    }

    /// Gives what is defined as `module::name` another name as well.
    ///
    /// # Errors
    ///
    /// When the name is not defined, or the other one is already.
    pub fn alias(&mut self, module: &str, name: &str, as_module: &str, as_name: &str) -> Result<&mut Self> {
        let definition = self.find(module, name).cloned();
        let definition = definition
            .ok_or_else(|| ErrorCode::NotDefined.error(format!("`{module}::{name}` has not been defined")))?;
        self.insert(as_module, as_name, definition)
    }

    /// Gives all that is defined under a module name another module name as well.
    ///
    /// # Errors
    ///
    /// When nothing is defined under it, or one of the names is defined under the other already.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let names = self.definitions.get(module).cloned();
        for (name, definition) in
            names.ok_or_else(|| ErrorCode::NotDefined.error(format!("nothing has been defined in `{module}`")))?
        {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    /// What a name means, in this store. A function defined by a closure becomes a new function of the store each time.
    ///
    /// # Errors
    ///
    /// When it is not defined; when the store belongs to another engine, or the thing to another store.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Result<Extern> {
        let mut context = store.as_context_mut();
        let found = self.find(module, name).ok_or_else(|| {
            let near = link::nearest(module, name, self.names());
            let near = near.iter().map(|name| format!("; `{name}` has")).collect::<String>();
            ErrorCode::NotDefined.error(format!("`{module}::{name}` has not been defined{near}"))
        })?;
        self.get_in(&mut context, found).with_context(|| format!("`{module}::{name}`"))
    }

    /// What the name of an import means, in this store; `None` when it is not defined, when the store belongs to another engine, or the
    /// thing to another store. Its type is not compared.
    pub fn get_by_import(&self, store: impl AsContextMut<Data = T>, import: &ImportType<'_>) -> Option<Extern> {
        self.try_get_by_import(store, import).ok().flatten()
    }

    /// What the name of an import means, in this store; `None` when it is not defined. Its type is not compared.
    ///
    /// # Errors
    ///
    /// When the store belongs to another engine, or the thing to another store.
    pub fn try_get_by_import(
        &self,
        mut store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Result<Option<Extern>> {
        let mut context = store.as_context_mut();
        let found = self.find(import.module(), import.name());
        found.map(|definition| self.get_in(&mut context, definition)).transpose()
    }

    /// The function that a module that was [defined](Linker::module) under this name has by default: what is defined with the empty name,
    /// else as `_start`; one that does nothing when there is neither.
    ///
    /// # Errors
    ///
    /// When what is defined is no function, or belongs to another store; when the store belongs to another engine.
    pub fn get_default(&self, mut store: impl AsContextMut<Data = T>, module: &str) -> Result<Func>
    where
        T: 'static,
    {
        let mut context = store.as_context_mut();
        for name in ["", "_start"] {
            if let Some(definition) = self.find(module, name) {
                let found = self.get_in(&mut context, definition)?.into_func();
                let other =
                    || ErrorCode::FunctionType.error(format!("what is defined as `{module}::{name}` is no function"));
                return found.ok_or_else(other);
            }
        }
        context.opaque().require_engine(&self.engine, "linker")?;
        Ok(Func::wrap(context, || ()))
    }

    /// All that is defined, with its names, in this store; in no particular order. What belongs to another store is left out, and all of it
    /// when the store belongs to another engine: what it would be good for is an error then.
    pub fn iter<'a>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'a
    where
        T: 'a,
    {
        let all = self.definitions.iter();
        let all =
            all.flat_map(|(module, names)| names.iter().map(move |(name, definition)| (module, name, definition)));
        all.filter_map(move |(module, name, definition)| {
            let item = self.get_in(&mut store.as_context_mut(), definition).ok()?;
            Some((&**module, &**name, item))
        })
    }

    fn get_in(&self, context: &mut crate::StoreContextMut<'_, T>, definition: &Definition) -> Result<Extern> {
        context.opaque().require_engine(&self.engine, "linker")?;
        match definition {
            Definition::Extern(item) => item.ty_in(context.opaque()).map(|_| item.clone()),
            Definition::Host(function) => Ok(Func::of_host(context.loan(), function).into()),
            Definition::Default(ty) => link::make_default(context.loan(), ty),
        }
    }

    /// Defines what is missing of a module's imported functions as functions that end the call with the error
    /// [`UnknownImport`].
    ///
    /// # Errors
    ///
    /// When the module belongs to another engine.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        self.define_unknown(module, |linker, missing| {
            let ExternType::Func(ty) = missing.ty else { return Ok(()) };
            let error = UnknownImport { module: missing.module.clone(), name: missing.name.clone() };
            linker.func_new(&missing.module, &missing.name, ty, move |_, _, _| Err(Error::new(error.clone())))?;
            Ok(())
        })
    }

    /// Defines what is missing of a module's imports: as functions that return zeros and nulls; as globals that are
    /// zero or null, as tables and memories as small as they may be, and as tags, new ones for each instance.
    ///
    /// # Errors
    ///
    /// When the module belongs to another engine, or a type has no default value because it excludes null.
    pub fn define_unknown_imports_as_default_values(&mut self, module: &Module) -> Result<()> {
        self.define_unknown(module, |linker, missing| {
            let MissingImport { module, name, ty, .. } = missing;
            let ExternType::Func(ty) = ty else {
                linker.insert(&module, &name, Definition::Default(ty))?;
                return Ok(());
            };
            link::require_default_results(&ty).with_context(|| format!("`{module}::{name}`"))?;
            linker.func_new(&module, &name, ty, |_, _, _| Ok(()))?;
            Ok(())
        })
    }

    fn define_unknown(
        &mut self,
        module: &Module,
        mut define: impl FnMut(&mut Self, MissingImport) -> Result<()>,
    ) -> Result<()> {
        self.require_engine(module)?;
        for import in module.imports() {
            // An import may stand in the module twice.
            if self.find(import.module(), import.name()).is_none() {
                let (module, name) = (import.module().to_owned(), import.name().to_owned());
                define(self, MissingImport { module, name, ty: import.ty(), nearest: Vec::new() })?;
            }
        }
        Ok(())
    }

    /// Instantiates a module with what is defined for its imports, and runs its start function.
    ///
    /// # Errors
    ///
    /// A [`LinkError`] when imports are not defined, all of which it lists, or one has another type; and as
    /// [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        self.require_engine(module)?;
        instance::instantiate(store.as_context_mut().loan(), module, &self.definitions_of(module)?, false)
    }

    /// A module with what is defined for its imports, whose types instantiation looks at.
    #[cfg(feature = "async")]
    pub(crate) fn bind(&self, module: &Module) -> Result<InstancePre<T>> {
        self.require_engine(module)?;
        let definitions = self.definitions_of(module)?;
        Ok(InstancePre(Arc::new(Prepared { module: module.clone(), definitions, checked: false }), PhantomData))
    }

    /// Looks a module's imports up once, for many instances.
    ///
    /// # Errors
    ///
    /// A [`LinkError`] when imports are not defined, all of which it lists, or a host function has another type; when
    /// the module belongs to another engine.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        self.require_engine(module)?;
        let definitions = self.definitions_of(module)?;
        link::check_hosts(module, &definitions)?;
        Ok(InstancePre(Arc::new(Prepared { module: module.clone(), definitions, checked: true }), PhantomData))
    }

    /// The imports of a module that nothing is defined for, in order.
    pub fn missing_imports(&self, module: &Module) -> Vec<MissingImport> {
        let missing = module.imports().filter(|import| self.find(import.module(), import.name()).is_none());
        let describe = |(position, import): (usize, ImportType<'_>)| {
            let (module, name) = (import.module(), import.name());
            let nearest =
                if position < link::SUGGESTED { link::nearest(module, name, self.names()) } else { Vec::new() };
            MissingImport { module: module.to_owned(), name: name.to_owned(), ty: import.ty(), nearest }
        };
        missing.enumerate().map(describe).collect()
    }

    /// The names that are defined, in no particular order.
    fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.definitions.iter().flat_map(|(module, names)| names.keys().map(move |name| (&**module, &**name)))
    }

    fn require_engine(&self, module: &Module) -> Result<()> {
        if self.engine.is_same(module.engine()) {
            return Ok(());
        }
        Err(ErrorCode::ForeignEngine.error("this module belongs to another engine than the linker it is used with"))
    }

    fn definitions_of(&self, module: &Module) -> Result<Box<[Definition]>> {
        let found = module.imports().map(|import| self.find(import.module(), import.name()).cloned());
        found.collect::<Option<_>>().ok_or_else(|| Error::new(LinkError::Unknown(self.missing_imports(module))))
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition> {
        self.definitions.get(module)?.get(name)
    }

    pub(crate) fn insert(&mut self, module: &str, name: &str, definition: Definition) -> Result<&mut Self> {
        if !self.shadowing && self.find(module, name).is_some() {
            return Err(ErrorCode::DefinedTwice.error(format!("import of `{module}::{name}` defined twice")));
        }
        match self.definitions.get_mut(module) {
            Some(names) => names.insert(name.into(), definition),
            None => self.definitions.entry(module.into()).or_default().insert(name.into(), definition),
        };
        Ok(self)
    }
}

impl<T> Default for Linker<T> {
    /// A linker for the default engine: see [`Engine::default`].
    fn default() -> Self {
        Linker::new(&Engine::default())
    }
}

/// Whether a module exports a function by this name.
pub(crate) fn is_func(module: &Module, name: &str) -> bool {
    matches!(module.get_export(name), Some(ExternType::Func(_)))
}

/// Whether a module is to be instantiated for each call.
pub(crate) fn is_command(module: &Module) -> bool {
    is_func(module, "_start") && !is_func(module, "_initialize")
}

/// A function that the instance's module has said it exports.
pub(crate) fn exported(instance: &Instance, store: impl AsContextMut, name: &str) -> Result<Func> {
    let bug = || ErrorCode::EngineBug.error("a module does not export what it has said; this is a bug in Tancho");
    instance.get_func(store, name).ok_or_else(bug)
}

/// Whether a compiler exports this of every command.
fn is_of_toolchain(export: &ExportType<'_>) -> bool {
    match export.ty() {
        ExternType::Memory(_) => export.name() == "memory",
        ExternType::Table(_) => ["table", "__indirect_function_table"].contains(&export.name()),
        ExternType::Global(_) => export.name().starts_with("__"),
        ExternType::Func(_) | ExternType::Tag(_) => false,
    }
}

/// A module and what its imports are bound to, looked up once by [`Linker::instantiate_pre`]. Cheap to clone, and to
/// share between threads.
///
/// ```
/// # use tancho::{Engine, Linker, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f")))"#)?;
/// let pre = Linker::new(&engine).instantiate_pre(&module)?;
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, ());
///     pre.instantiate(&mut store)?.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ())?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct InstancePre<T>(Arc<Prepared>, PhantomData<fn(T) -> T>);

struct Prepared {
    module: Module,
    definitions: Box<[Definition]>,
    /// Whether host functions among them are known to have the types of the imports.
    checked: bool,
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        InstancePre(self.0.clone(), PhantomData)
    }
}

impl<T> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InstancePre").field(&self.0.module).finish()
    }
}

impl<T> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// Whether one of its imports is bound to a host function that can come to wait.
    #[cfg(feature = "async")]
    pub(crate) fn waits(&self) -> bool {
        let waits = |definition: &Definition| matches!(definition, Definition::Host(function) if function.waits());
        self.0.definitions.iter().any(waits)
    }

    /// A function that the module exports, for all its instances: see [`Module::get_typed_func`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(&self, name: &str) -> Result<TypedExport<P, R>> {
        self.0.module.get_typed_func(name)
    }

    /// Instantiates the module, and runs its start function.
    ///
    /// # Errors
    ///
    /// As [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let Prepared { module, definitions, checked } = &*self.0;
        instance::instantiate(store.as_context_mut().loan(), module, definitions, *checked)
    }
}
