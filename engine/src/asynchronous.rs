//! What linkers, instances, memories and tables do where something may wait: the host function that is called, or the store's limiter.
//!
//! Users come here by `Linker`, `InstancePre` and `Instance`; calls are in `func::asynchronous`.

use crate::context::AsContextMut;
use crate::error::Result;
use crate::func::{self, Caller, HostFunc, HostReturn, WasmParams};
use crate::func_type::FuncType;
use crate::handle::Extern;
use crate::instance::Instance;
use crate::link::Definition;
use crate::linker::{self, InstancePre, Linker};
use crate::memory::Memory;
use crate::module::Module;
use crate::table::Table;
use crate::types::{MemoryType, TableType};
use crate::value::{Ref, Val};
use std::future::Future;
use std::sync::Arc;

impl<T> Linker<T> {
    /// Defines an asynchronous function by a closure, which takes a [`Caller`] and the parameters as a tuple of up to 16
    /// [`WasmTy`](crate::WasmTy)s, and gives a future of what [`func_wrap`](Linker::func_wrap)'s closures return.
    ///
    /// WebAssembly that calls the function waits until the future is done. It must have been entered by an asynchronous call
    /// ([`TypedFunc::call_async`](crate::TypedFunc::call_async), [`instantiate_async`](Linker::instantiate_async)), and by such a call from
    /// every host function in between; else the future is polled once, and an error of the call unless it is done.
    ///
    /// # Errors
    ///
    /// When the name is defined already.
    pub fn func_wrap_async<Params, Returned>(
        &mut self,
        module: &str,
        name: &str,
        closure: impl for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Returned> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Self>
    where
        T: 'static,
        Params: WasmParams,
        Returned: HostReturn,
    {
        let function = HostFunc::async_typed(self.engine(), closure);
        self.insert(module, name, Definition::Host(Arc::new(function)))
    }

    /// Defines an asynchronous function of a type that is known only at run time: see [`Func::new_async`](crate::Func::new_async).
    ///
    /// # Errors
    ///
    /// When the name is defined already.
    pub fn func_new_async(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        closure: impl for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Self>
    where
        T: 'static,
    {
        let function = HostFunc::async_by_values(self.engine(), &ty, closure);
        self.insert(module, name, Definition::Host(Arc::new(function)))
    }

    /// [`Linker::module`], where what the module runs may wait: its start function, `_initialize`, and of a command the functions that it
    /// exports, which are to be called by asynchronous calls then.
    ///
    /// ```
    /// # use tancho::{Caller, Engine, Linker, Module, Result, Store};
    /// # async fn run() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap_async("host", "wait", |_: Caller<'_, ()>, (): ()| Box::new(async { 5 }))?;
    /// let reactor = Module::new(
    ///     &engine,
    ///     r#"(module (import "host" "wait" (func $wait (result i32))) (global (export "g") (mut i32) (i32.const 0))
    ///         (func (export "_initialize") (global.set 0 (call $wait))))"#,
    /// )?;
    /// let mut store = Store::new(&engine, ());
    /// linker.module_async(&mut store, "reactor", &reactor).await?;
    /// let global = linker.get(&mut store, "reactor", "g")?.into_global().expect("it is one");
    /// assert_eq!(global.get(&mut store).i32(), Some(5));
    /// # Ok(())
    /// # }
    /// # let mut future = std::pin::pin!(run());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(matches!(future.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Linker::module`]; when the system refuses a stack.
    pub async fn module_async(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Self>
    where
        T: Send + 'static,
    {
        let mut context = store.as_context_mut();
        if linker::is_command(module) {
            context.opaque().require_engine(self.engine(), "linker")?;
            return self.command(module, |linker, export, ty, pre| {
                let function: Arc<str> = export.into();
                let defined = linker.func_new_async(name, export, ty, move |mut caller, params, results| {
                    let (pre, function) = (pre.clone(), function.clone());
                    Box::new(async move {
                        let instance = pre.instantiate_async(&mut caller).await?;
                        let func = linker::exported(&instance, &mut caller, &function)?;
                        func.call_async(&mut caller, params, results).await
                    })
                });
                defined.map(drop)
            });
        }
        let instance = self.instantiate_async(&mut context, module).await?;
        if linker::is_func(module, "_initialize") {
            let initialize = instance.get_typed_func::<(), ()>(&mut context, "_initialize")?;
            initialize.call_async(&mut context, ()).await?;
        }
        self.instance(context, name, instance)
    }

    /// [`Linker::instantiate`], where the start function may wait.
    ///
    /// # Errors
    ///
    /// As [`Linker::instantiate`]; when the system refuses a stack.
    pub async fn instantiate_async(&self, store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance>
    where
        T: Send,
    {
        self.bind(module)?.instantiate_async(store).await
    }
}

impl<T> InstancePre<T> {
    /// [`InstancePre::instantiate`], where the start function may wait.
    ///
    /// # Errors
    ///
    /// As [`InstancePre::instantiate`]; when the system refuses a stack.
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance>
    where
        T: Send,
    {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits() || self.waits();
        func::run(&mut context, waits, |context| self.instantiate(context)).await
    }
}

impl Instance {
    /// [`Instance::new`], where the start function may wait.
    ///
    /// # Errors
    ///
    /// As [`Instance::new`]; when the system refuses a stack.
    pub async fn new_async(
        mut store: impl AsContextMut<Data: Send>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        func::run(&mut context, waits, |context| Instance::new(context, module, imports)).await
    }
}

impl Memory {
    /// [`Memory::new`], where the store's [limiter](crate::Store::limiter_async) may take its time.
    ///
    /// # Errors
    ///
    /// As [`Memory::new`]; when the system refuses a stack.
    pub async fn new_async(mut store: impl AsContextMut<Data: Send>, ty: MemoryType) -> Result<Memory> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        func::run(&mut context, waits, |context| Memory::new(context, ty)).await
    }

    /// [`Memory::grow`], where the store's [limiter](crate::Store::limiter_async) may take its time.
    ///
    /// # Errors
    ///
    /// As [`Memory::grow`]; when the system refuses a stack.
    pub async fn grow_async(&self, mut store: impl AsContextMut<Data: Send>, delta: u64) -> Result<u64> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        func::run(&mut context, waits, |context| self.grow(context, delta)).await
    }
}

impl Table {
    /// [`Table::new`], where the store's [limiter](crate::Store::limiter_async) may take its time.
    ///
    /// # Errors
    ///
    /// As [`Table::new`]; when the system refuses a stack.
    pub async fn new_async(mut store: impl AsContextMut<Data: Send>, ty: TableType, init: Ref) -> Result<Table> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        func::run(&mut context, waits, |context| Table::new(context, ty, init)).await
    }

    /// [`Table::grow`], where the store's [limiter](crate::Store::limiter_async) may take its time.
    ///
    /// # Errors
    ///
    /// As [`Table::grow`]; when the system refuses a stack.
    pub async fn grow_async(&self, mut store: impl AsContextMut<Data: Send>, delta: u64, init: Ref) -> Result<u64> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        func::run(&mut context, waits, |context| self.grow(context, delta, init)).await
    }
}
