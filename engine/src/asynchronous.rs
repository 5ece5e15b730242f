//! Instantiation, and definitions of host functions, for what may wait.
//!
//! Users come here by `Linker`, `InstancePre` and `Instance`; calls are in `func::asynchronous`.

use crate::context::AsContextMut;
use crate::error::Result;
use crate::func::{self, Caller, HostFunc, HostReturn, WasmParams};
use crate::func_type::FuncType;
use crate::handle::Extern;
use crate::instance::Instance;
use crate::link::Definition;
use crate::linker::{InstancePre, Linker};
use crate::module::Module;
use crate::value::Val;
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
