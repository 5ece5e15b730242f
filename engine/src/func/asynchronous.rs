//! Asynchronous calls, and host functions that wait.
//!
//! Users call by [`TypedFunc::call_async`] and [`Func::call_async`], and make host functions here or through a `Linker`. A host function of
//! this kind is one that is called by an array, whose shim waits for the future that the closure gives.

use super::host::{self, Caller, HostFunc, HostReturn, Returned};
use super::task::{self, Waited};
use super::typed::{Results, TypedFunc, WasmParams, WasmResults};
use super::untyped::Func;
use crate::context::AsContextMut;
use crate::engine::Engine;
use crate::error::Result;
use crate::func_type::FuncType;
use crate::value::Val;
use std::future::Future;
use std::sync::Arc;
use tancho_abi::vmctx::{ValRaw, VmHostContext};

impl HostFunc {
    /// A host function that waits, with its parameters as a tuple.
    pub(crate) fn async_typed<T, F, Params, Returned>(engine: &Engine, closure: F) -> HostFunc
    where
        T: 'static,
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Returned> + Send + 'a> + Send + Sync + 'static,
        Params: WasmParams,
        Returned: HostReturn,
    {
        let ty = host::type_of::<Returned::Results>(engine, Params::TYPES);
        HostFunc::waiting(ty, typed_shim::<T, F, Params, Returned>, closure)
    }

    /// A host function that waits, whose type is known only at run time.
    pub(crate) fn async_by_values<T, F>(engine: &Engine, ty: &FuncType, closure: F) -> HostFunc
    where
        T: 'static,
        F: for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
            + Send
            + Sync
            + 'static,
    {
        HostFunc::waiting(ty.in_registry(engine.types()), values_shim::<T, F>, closure)
    }
}

/// The array shim of closures that are given their parameters as a tuple.
unsafe extern "C" fn typed_shim<T, F, Params, Returns>(context: *mut VmHostContext, values: *mut ValRaw)
where
    T: 'static,
    F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Returns> + Send + 'a> + Send + Sync + 'static,
    Params: WasmParams,
    Returns: Returned,
{
    let body = |closure: *const (), mut caller: Caller<'_, T>| {
        // SAFETY: parameters of these types are in the array, and belong to the store.
        let params = unsafe { Params::read(values, caller.as_context_mut().opaque_mut()) };
        let inner = caller.pointer();
        // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
        let closure = unsafe { &*closure.cast::<F>() };
        // SAFETY: this is the shim.
        let suspension = unsafe { task::suspension(&raw mut (*inner).opaque) };
        let future: Waited<'_, Returns> = Box::into_pin(closure(caller, params));
        // SAFETY: this is the shim, and the future has the caller.
        let results = unsafe { task::wait(&raw mut (*inner).opaque, suspension, future) }?.into_result()?;
        // SAFETY: the future is gone, and with it all references to the store; the array has room for the results.
        unsafe { results.write(values, &mut (*inner).opaque) }
    };
    // SAFETY: the trampoline's promise, or `untyped::call_array`'s.
    unsafe { host::run_array::<T>(context, true, body) }
}

/// The array shim of closures whose type is known only at run time.
unsafe extern "C" fn values_shim<T, F>(context: *mut VmHostContext, values: *mut ValRaw)
where
    T: 'static,
    F: for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
{
    let call = |closure: *const (), caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
        let inner = caller.pointer();
        // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
        let closure = unsafe { &*closure.cast::<F>() };
        // SAFETY: this is the shim.
        let suspension = unsafe { task::suspension(&raw mut (*inner).opaque) };
        let future: Waited<'_, Result<()>> = Box::into_pin(closure(caller, params, results));
        // SAFETY: this is the shim, and the future has the caller.
        unsafe { task::wait(&raw mut (*inner).opaque, suspension, future) }?
    };
    // SAFETY: the trampoline's promise, or `untyped::call_array`'s.
    unsafe { host::run_values::<T>(context, values, call) }
}

impl Func {
    /// An asynchronous host function made of a closure, which is given its parameters as a tuple and gives a future: see
    /// [`Linker::func_wrap_async`](crate::Linker::func_wrap_async).
    pub fn wrap_async<T, Params, Returned>(
        mut store: impl AsContextMut<Data = T>,
        closure: impl for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Returned> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Func
    where
        T: 'static,
        Params: WasmParams,
        Returned: HostReturn,
    {
        let mut context = store.as_context_mut();
        let function = HostFunc::async_typed(context.engine(), closure);
        host::define(context.loan(), &Arc::new(function))
    }

    /// An asynchronous host function of a type that is known only at run time: [`Func::new`] with a closure that gives a future.
    pub fn new_async<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        closure: impl for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Func {
        let mut context = store.as_context_mut();
        let function = HostFunc::async_by_values(context.engine(), &ty, closure);
        host::define(context.loan(), &Arc::new(function))
    }

    /// Calls it as [`Func::call`] does, where host functions that it comes to may wait: then the future waits. See
    /// [`TypedFunc::call_async`].
    ///
    /// # Errors
    ///
    /// As [`Func::call`]; when the system refuses a stack.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        task::run(&mut context, waits, |context| self.call(context, params, results)).await
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// Calls it as [`TypedFunc::call`] does, where host functions that it comes to may wait
    /// ([`Linker::func_wrap_async`](crate::Linker::func_wrap_async)): then the future waits, and whoever polls it can do other things. The
    /// store is borrowed as long as the future lives. No setting has to be made for it.
    ///
    /// Before WebAssembly is entered it is decided on which stack: on one of the engine's
    /// ([`async_stack_size`](crate::Config::async_stack_size)) where there is an asynchronous host function in the store or the store
    /// [yields](crate::Store::epoch_deadline_async_yield_and_update), and else on the caller's, where it comes to its end at the first poll.
    /// Functions and the store's data may change their thread between two polls.
    ///
    /// A future that is dropped before its end ends the call: what it waits for is dropped, and WebAssembly ends as by a trap, which
    /// nothing there can catch. The store can be used afterwards. A future that is forgotten ([`std::mem::forget`]) once it has begun to
    /// wait keeps its stack, and its store refuses whatever would run in it.
    ///
    /// ```
    /// # use tancho::{Caller, Engine, Linker, Module, Result, Store};
    /// # async fn soon() -> i32 { 40 }
    /// # async fn run() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap_async("host", "wait", |_: Caller<'_, ()>, (by,): (i32,)| {
    ///     Box::new(async move { soon().await + by })
    /// })?;
    /// let module = Module::new(
    ///     &engine,
    ///     r#"(module
    ///         (import "host" "wait" (func $wait (param i32) (result i32)))
    ///         (func (export "f") (result i32) (call $wait (i32.const 2))))"#,
    /// )?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = linker.instantiate_async(&mut store, &module).await?;
    /// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
    /// assert_eq!(f.call_async(&mut store, ()).await?, 42);
    /// # Ok(())
    /// # }
    /// # let mut future = std::pin::pin!(run());
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(matches!(future.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`TypedFunc::call`]; when the system refuses a stack, or too many asynchronous calls of the store wait within each other.
    pub async fn call_async(&self, mut store: impl AsContextMut<Data: Send>, params: P) -> Result<R> {
        let mut context = store.as_context_mut();
        let waits = context.opaque().waits();
        task::run(&mut context, waits, |context| self.call(context, params)).await
    }
}
