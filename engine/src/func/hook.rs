//! Call hooks: a closure of the program's that is told whenever a call crosses between the host and WebAssembly.
//!
//! `store` keeps it, the files beside run it. Where there is none, typed calls and host functions do nothing for it: a store with a hook
//! looks to typed calls as though it were poisoned, so that they look twice, and its host functions are bound by other entries.

use crate::context::StoreContextMut;
use crate::error::{ErrorCode, Result};
use crate::store::{Loan, Store, StoreInner, StoreOpaque, message_of};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A call that crosses between the host and WebAssembly: see [`Store::call_hook`](crate::Store::call_hook).
///
/// ```
/// # use tancho::CallHook;
/// assert!(CallHook::CallingHost.entering_host() && CallHook::CallingWasm.exiting_host());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallHook {
    /// The host calls a function.
    CallingWasm,
    /// What the host called has come back to it, by a result, a trap or an error.
    ReturningFromWasm,
    /// WebAssembly calls a function of the host's.
    CallingHost,
    /// The host's function has returned.
    ReturningFromHost,
}

impl CallHook {
    /// Whether the host goes on from here.
    pub fn entering_host(&self) -> bool {
        matches!(self, CallHook::ReturningFromWasm | CallHook::CallingHost)
    }

    /// Whether WebAssembly goes on from here.
    pub fn exiting_host(&self) -> bool {
        matches!(self, CallHook::ReturningFromHost | CallHook::CallingWasm)
    }
}

impl<T> Store<T> {
    /// Has `hook` told of each call that crosses between the host and WebAssembly, with the store at hand: for measuring time, and for
    /// setting limits anew. It replaces the hook before. An error that it returns is what the call ends in; then a function that was to
    /// be called is not. It is not told of calls that it makes itself; where it is told that a host function returns that has thrown an
    /// exception, these must not throw another. Stores without a hook pay nothing for there being hooks; with one, calls are several
    /// times slower.
    ///
    /// ```
    /// # use tancho::{CallHook, Engine, Linker, Module, Result, Store};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (import "" "h" (func $h)) (func (export "f") (call $h)))"#)?;
    /// let mut linker = Linker::new(&engine);
    /// linker.func_wrap("", "h", || ())?;
    /// let mut store = Store::new(&engine, Vec::new());
    /// store.call_hook(|mut context, event| {
    ///     context.data_mut().push(event);
    ///     Ok(())
    /// })?;
    /// let instance = linker.instantiate(&mut store, &module)?;
    /// instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ())?;
    /// use CallHook::{CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
    /// assert_eq!(*store.data(), [CallingWasm, CallingHost, ReturningFromHost, ReturningFromWasm]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no hook yet, and the store has functions or instances already: set it first. When the store is poisoned.
    pub fn call_hook(
        &mut self,
        mut hook: impl FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()>
    where
        T: 'static,
    {
        let inner = Inner(self.place());
        let told: Hook = Box::new(move |event| {
            // SAFETY: a store keeps its hook, and stays where it is; whoever runs it has given the store away (`tell`).
            hook(StoreContextMut::of(unsafe { Loan::new(inner.pointer()) }), event)
        });
        self.loan().into_mut().opaque.set_hook(told)
    }
}

/// Where a store is, for its own hook.
struct Inner<T>(*mut StoreInner<T>);

// SAFETY: a hook runs where its store is used, and is kept by it.
unsafe impl<T> Send for Inner<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Inner<T> {}

impl<T> Inner<T> {
    fn pointer(&self) -> *mut StoreInner<T> {
        self.0
    }
}

/// A hook, which knows its store.
pub(crate) type Hook = Box<dyn FnMut(CallHook) -> Result<()> + Send + Sync>;

/// Tells the hook, if there is one. It is not told of what it does itself.
///
/// # Errors
///
/// What it returns; when it panics, which poisons the store.
///
/// # Safety
///
/// `store` is a store that was given away, and nobody holds a reference to it.
pub(crate) unsafe fn tell(store: *mut StoreOpaque, event: CallHook) -> Result<()> {
    // SAFETY: the caller's promise; the reference ends with the statement.
    let Some(mut hook) = (unsafe { (*store).take_hook() }) else { return Ok(()) };
    let told = catch_unwind(AssertUnwindSafe(|| hook(event)));
    // SAFETY: the hook has returned, and with it all references to the store.
    let store = unsafe { &mut *store };
    store.return_hook(hook);
    told.unwrap_or_else(|payload| {
        let text = message_of(payload);
        store.poison(&text);
        Err(ErrorCode::HostPanic.error(format!("a call hook panicked, and the store is poisoned: {text}")))
    })
}

/// A call of the host's, of which the hook is told.
///
/// # Errors
///
/// Those of the hook and of the call.
///
/// # Safety
///
/// As [`tell`], for as long as `call` takes.
#[cold]
pub(crate) unsafe fn around<R>(store: *mut StoreOpaque, call: impl FnOnce() -> Result<R>) -> Result<R> {
    // SAFETY: the caller's promise.
    unsafe { tell(store, CallHook::CallingWasm)? };
    let result = call();
    // SAFETY: the caller's promise.
    unsafe { tell(store, CallHook::ReturningFromWasm)? };
    result
}
