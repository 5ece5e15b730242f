//! Host functions: closures that compiled code calls.
//!
//! `Func` and `Linker` make them. For each closure the compiler makes shims with the C conventions of
//! [`tancho_abi::vmctx`], which find the store by the closure's record, lift, call, lower. References that come to be in the call are
//! good until it ends, where any can. No panic leaves a shim: it poisons the store and becomes an error.

use super::hook::{self, CallHook};
use super::native::Native;
use super::typed::Results;
use super::untyped::{self, FEW, Func};
use crate::engine::Engine;
use crate::error::{Context, Error, ErrorCode, Result};
use crate::export::ModuleExport;
use crate::func_type::FuncType;
use crate::handle::Extern;
use crate::instance;
use crate::store::{InterruptHandle, Loan, StoreInner, StoreOpaque, message_of};
use crate::value::{V128, Val};
use smallvec::SmallVec;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use tancho_abi::types as abi;
use tancho_abi::vmctx::{PENDING_ERROR, PENDING_THROW, ValRaw, VmContext, VmHostContext};
use tancho_runtime::gc::ScopeMark;
use tancho_runtime::trap::raise;

/// Closures that can be host functions: `Fn(A…) -> R` and `Fn(Caller<'_, T>, A…) -> R`, with up to 16 parameters that
/// are [`WasmTy`](super::WasmTy) and a result that is [`HostReturn`].
///
/// ```
/// # use tancho::{Engine, Func, Store};
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// // With and without a caller, with any results.
/// Func::wrap(&mut store, || ());
/// Func::wrap(&mut store, |_: tancho::Caller<'_, ()>, a: i32, b: f64| (b, a));
/// ```
pub trait IntoFunc<T, Params, Returned>: Bound<T, Params, Returned> {}

impl<T, Params, Returned, F: Bound<T, Params, Returned>> IntoFunc<T, Params, Returned> for F {}

/// What a host function may return: `()`, a [`WasmTy`](super::WasmTy), a tuple of up to 16, or a [`Result`] of these.
///
/// ```
/// # use tancho::{Engine, Func, Result, Store};
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let checked = Func::wrap(&mut store, |a: i32| -> Result<(i32, i64)> { Ok((a, i64::from(a))) });
/// assert_eq!(checked.ty(&store).results().len(), 2);
/// ```
pub trait HostReturn: Returned {}

impl<R: Returned> HostReturn for R {}

/// How a closure becomes a host function.
pub trait Bound<T, Params, Returned>: Send + Sync + 'static {
    /// The host function.
    fn bind(self, engine: &Engine) -> HostFunc;
}

/// How a closure's result becomes a host function's.
pub trait Returned {
    /// Without the error.
    type Results: Results;

    /// With it.
    fn into_result(self) -> Result<Self::Results>;
}

impl<R: Results> Returned for R {
    type Results = R;

    #[inline]
    fn into_result(self) -> Result<R> {
        Ok(self)
    }
}

impl<R: Results> Returned for Result<R> {
    type Results = R;

    #[inline]
    fn into_result(self) -> Result<R> {
        self
    }
}

/// An array host function.
pub(super) type ArrayFunction = unsafe extern "C" fn(*mut VmHostContext, *mut ValRaw);

/// A closure and its shims. Belongs to no store.
pub struct HostFunc {
    ty: FuncType,
    /// The typed host function; null when there is only the array one.
    typed: *const u8,
    array: ArrayFunction,
    /// Whether it can come to wait.
    waits: bool,
    closure: Box<dyn Any + Send + Sync>,
}

// SAFETY: the pointer is to code.
unsafe impl Send for HostFunc {}
// SAFETY: as above.
unsafe impl Sync for HostFunc {}

impl HostFunc {
    fn new<F: Send + Sync + 'static>(ty: FuncType, typed: *const u8, array: ArrayFunction, closure: F) -> HostFunc {
        HostFunc { ty, typed, array, waits: false, closure: Box::new(closure) }
    }

    /// One that is called by an array and can come to wait.
    #[cfg(feature = "async")]
    pub(super) fn waiting<F: Send + Sync + 'static>(ty: FuncType, array: ArrayFunction, closure: F) -> HostFunc {
        HostFunc { waits: true, ..HostFunc::new(ty, ptr::null(), array, closure) }
    }

    /// Whether it can come to wait.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// A host function whose type is known only at run time.
    pub(crate) fn by_values<T, F>(engine: &Engine, ty: &FuncType, closure: F) -> HostFunc
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    {
        // Registered with this engine, wherever the type comes from: ids of another engine mean nothing here.
        let ty = ty.in_registry(engine.types());
        HostFunc::new(ty, ptr::null(), values_shim::<T, F>, closure)
    }

    pub(crate) fn ty(&self) -> &FuncType {
        &self.ty
    }

    pub(crate) fn is_typed(&self) -> bool {
        !self.typed.is_null()
    }

    /// What compiled code's exit trampoline calls: the typed or the array host function.
    pub(crate) fn entry(&self) -> *const u8 {
        if self.is_typed() { self.typed } else { self.array as *const u8 }
    }

    pub(super) fn array(&self) -> ArrayFunction {
        self.array
    }
}

/// A host function in a store: what the shims find by [`VmHostContext::data`].
pub(crate) struct HostRecord {
    /// The `StoreInner<T>`, for the `T` that the shims were made for.
    store: *mut (),
    /// The part of it that does not depend on `T`, where a hook is told of calls; else null.
    hooked: *mut StoreOpaque,
    closure: *const (),
    function: Arc<HostFunc>,
}

impl HostRecord {
    /// The record of a function whose closures take callers of this store's data.
    pub(crate) fn new<T>(store: &mut Loan<'_, T>, function: &Arc<HostFunc>) -> HostRecord {
        let closure = ptr::from_ref::<dyn Any + Send + Sync>(&*function.closure).cast();
        if function.waits {
            store.inner_mut().opaque.note_waits();
        }
        let hooked = if store.inner().opaque.is_hooked() { store.opaque_pointer() } else { ptr::null_mut() };
        HostRecord { store: store.pointer().cast(), hooked, closure, function: function.clone() }
    }

    /// Whether compiled code calls it by its typed function.
    pub(crate) fn is_typed(&self) -> bool {
        self.hooked.is_null() && self.function.is_typed()
    }

    /// What compiled code's exit trampoline calls: the typed or the array host function.
    pub(crate) fn entry(&self) -> *const u8 {
        if self.hooked.is_null() { self.function.entry() } else { told as *const u8 }
    }

    pub(super) fn array(&self) -> ArrayFunction {
        if self.hooked.is_null() { self.function.array() } else { told }
    }

    pub(crate) fn function(&self) -> &HostFunc {
        &self.function
    }

    /// What a [`VmHostContext`] points to.
    pub(crate) fn data(&self) -> *const u8 {
        ptr::from_ref(self).cast()
    }
}

/// Makes a host function a function of a store. Its shims must be for this `T`.
pub(super) fn define<T>(store: &mut Loan<'_, T>, function: &Arc<HostFunc>) -> Func {
    let record = Box::new([HostRecord::new(store, function)]);
    let store = &mut store.inner_mut().opaque;
    let record = &store.keep_hosts(record)[0];
    let (entry, data) = (record.entry(), record.data());
    let pointer = store.runtime_mut().new_host_function(entry, data, function.ty.registered());
    Func::of(pointer, store)
}

/// Gives a host function what it needs to be called by reference: a trampoline for its type, of a module of the store
/// or made for it.
///
/// # Errors
///
/// When there is no such trampoline, and no compiler to make one.
#[cold]
pub(super) fn externalize(func: Func, store: &mut StoreOpaque) -> Result<()> {
    let record = func.record(store)?;
    let context = untyped::host_context(record)
        .ok_or_else(|| ErrorCode::EngineBug.error("a function has no entry; this is a bug in Tancho"))?;
    let record = untyped::host_record(context);
    let (function, typed) = (record.function.clone(), record.is_typed());
    let known = store.modules().iter().find_map(|module| module.exit_trampoline(function.ty.id(), typed));
    let address = match known {
        Some(address) => address,
        None => {
            let code = store.engine().trampolines(&function.ty)?;
            let record = code.view().trampolines.first().copied();
            let offset = record.map(|record| if typed { record.host_exit } else { record.array_exit });
            let address = offset.and_then(|offset| code.address(offset));
            store.runtime_mut().keep(code);
            address.ok_or_else(|| {
                ErrorCode::EngineBug.error(format!("there is no trampoline for host functions of type {}", function.ty))
            })?
        }
    };
    let pointer = func.pointer().as_ptr();
    // SAFETY: the reference lives as long as its store, which is borrowed exclusively and has been compared by
    // `record`; no code reads these fields before the reference is given to it.
    unsafe {
        (*pointer).external = address;
        (*pointer).internal = address;
    }
    Ok(())
}

/// The outcome of a host function that was called without compiled code in between.
pub(super) fn finish(store: &mut StoreOpaque) -> Result<()> {
    let vm = store.vm();
    // SAFETY: the store's own part that compiled code shares, borrowed exclusively with it.
    let pending = unsafe { std::mem::take(&mut (*vm).pending) };
    if pending == 0 {
        return Ok(());
    }
    let error = if pending == PENDING_THROW { store.take_last_thrown() } else { store.take_pending() };
    Err(error.unwrap_or_else(|| ErrorCode::EngineBug.error("a host function has failed without an error")))
}

/// What a host function knows of who calls it: the store, with the program's own data, and the instance.
///
/// ```
/// # use tancho::{Caller, Engine, Extern, Linker, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "sum", |mut caller: Caller<'_, u32>| -> Result<()> {
///     let memory = caller.get_export("memory").and_then(Extern::into_memory);
///     let (bytes, sum) = memory.expect("it is exported").data_and_store_mut(&mut caller);
///     *sum = bytes[..3].iter().copied().map(u32::from).sum();
///     Ok(())
/// })?;
/// let module = Module::new(
///     &engine,
///     r#"(module (import "host" "sum" (func $sum)) (memory (export "memory") 1) (data (i32.const 0) "\01\02\03")
///         (func (export "f") (call $sum)))"#,
/// )?;
/// let mut store = Store::new(&engine, 0);
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ())?;
/// assert_eq!(*store.data(), 6);
/// # Ok(())
/// # }
/// ```
pub struct Caller<'a, T> {
    loan: Loan<'a, T>,
    /// The calling instance; null when there is none.
    instance: *mut VmContext,
}

// SAFETY: the instance is of the store, and looked at by who holds that.
unsafe impl<T: Send> Send for Caller<'_, T> {}

impl<'a, T> Caller<'a, T> {
    /// The program's own data.
    pub fn data(&self) -> &T {
        &self.loan.inner().data
    }

    /// The program's own data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.loan.inner_mut().data
    }

    /// How other threads end what runs in the caller's store. Host functions that wait ask it whether they are to stop, and then end with
    /// [`Trap::Interrupt`](crate::Trap::Interrupt).
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.loan.inner().opaque.runtime().interrupt_handle()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.loan.inner().opaque.engine()
    }

    /// An export of the calling instance. `None` when it has none of this name, and when there is no calling
    /// instance: the host has called the function itself, or has put it in a table.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let store = &self.loan.inner().opaque;
        if self.instance.is_null() {
            return None;
        }
        instance::export(store, store.runtime().instance_of(self.instance)?, name)
    }

    /// What the calling instance exports at the place of a module's export; `None` when it is one of another module, and when there is no
    /// calling instance.
    pub fn get_module_export(&mut self, export: &ModuleExport) -> Option<Extern> {
        let store = &self.loan.inner().opaque;
        if self.instance.is_null() {
            return None;
        }
        export.of(store, instance::of(store, store.runtime().instance_of(self.instance)?)).ok()
    }

    /// Collects what nothing refers to: see [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) {
        self.loan.inner_mut().opaque.collect();
    }

    /// How much fuel is left: see [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// When the engine's code consumes none.
    pub fn get_fuel(&self) -> Result<u64> {
        self.loan.inner().opaque.fuel()
    }

    /// Replaces the fuel that is left, for the function that has called this one as well: see [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// When the engine's code consumes none.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.loan.inner_mut().opaque.set_fuel(fuel)
    }

    pub(crate) fn loan(&self) -> &Loan<'a, T> {
        &self.loan
    }

    /// The store, to be given away.
    #[cfg(feature = "async")]
    pub(super) fn pointer(&self) -> *mut StoreInner<T> {
        self.loan.pointer()
    }

    pub(crate) fn loan_mut(&mut self) -> &mut Loan<'a, T> {
        &mut self.loan
    }

    pub(crate) fn into_loan(self) -> Loan<'a, T> {
        self.loan
    }
}

/// The frame of every typed shim, which compiled code has called: [`attempt`], and where that fails, the code does not go on.
///
/// # Safety
///
/// As for [`attempt`], and for [`raise`]; nothing in the caller's frame needs to be dropped.
#[inline(always)]
unsafe fn run<T, R: Results>(
    context: *mut VmHostContext,
    slots: *mut ValRaw,
    scope: bool,
    body: impl FnOnce(*const (), Caller<'_, T>) -> Result<R>,
) -> R::Abi {
    // SAFETY: the caller's promise. Where it failed, its frame and the caller's hold nothing any more.
    unsafe { attempt(context, slots, scope, body, |store, scope, failed| end(store, scope, failed)) }
}

/// Ends the compiled code that has called a host function, which has failed.
///
/// # Safety
///
/// As for [`raise`]; nobody holds a reference to the store.
#[cold]
#[inline(never)]
unsafe fn end(store: *mut StoreOpaque, scope: Option<ScopeMark>, failed: Failed) -> ! {
    // SAFETY: the caller's promise; the reference ends before the code does.
    unsafe {
        close_failed(&mut *store, scope, failed);
        raise((*store).vm())
    }
}

/// The frame of every array shim: [`attempt`], and what it fails by is left to who called it.
///
/// # Safety
///
/// As for [`attempt`].
#[inline(always)]
pub(super) unsafe fn run_array<T>(
    context: *mut VmHostContext,
    scope: bool,
    body: impl FnOnce(*const (), Caller<'_, T>) -> Result<()>,
) {
    // SAFETY: the caller's promise; the closure is over where it failed, and with it all references to the store.
    unsafe {
        attempt(context, ptr::null_mut(), scope, body, |store, scope, failed| close_failed(&mut *store, scope, failed));
    }
}

/// What a host function failed by: its error, or, where it has none, that of the store; or a panic.
type Failed = std::thread::Result<Option<Error>>;

/// Leaves pending what a host function failed by, and ends its scope.
#[cold]
fn close_failed(store: &mut StoreOpaque, scope: Option<ScopeMark>, failed: Failed) {
    // An inner host function may have panicked, and this one ignored it.
    let failed = failed.map(|error| error.or_else(|| store.require_sound().err()));
    fail(store, failed);
    // Not before: what is thrown has been lowered.
    if let Some(scope) = scope {
        store.runtime_mut().close_scope(scope);
    }
}

/// Finds the store, calls `body` with the closure, and lowers its results. Where it failed, `failed` is asked for them.
///
/// # Safety
///
/// `context` is that of a host function with shims for `T`, called from where the store was given away; `slots` has
/// room for the results if they are several. `scope` says whether the call can make roots.
#[inline(always)]
unsafe fn attempt<T, R: Results>(
    context: *mut VmHostContext,
    slots: *mut ValRaw,
    scope: bool,
    body: impl FnOnce(*const (), Caller<'_, T>) -> Result<R>,
    failed: impl FnOnce(*mut StoreOpaque, Option<ScopeMark>, Failed) -> R::Abi,
) -> R::Abi {
    // SAFETY: the context is one of this crate's, whose record lives as long as the store.
    let (inner, closure, instance) = unsafe {
        let record = (*context).data.cast::<HostRecord>();
        ((*record).store.cast::<StoreInner<T>>(), (*record).closure, (*context).caller)
    };
    // SAFETY: the store was given away by who called compiled code or this function; the borrow ends here.
    let scope = scope.then(|| unsafe { (*inner).opaque.runtime_mut().open_scope() });
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the store was given away by who called compiled code or this function, and `body` gives it back
        // before it is used again.
        let results = body(closure, Caller { loan: unsafe { Loan::new(inner) }, instance })?;
        // SAFETY: the caller is gone, and with it all references; `slots` are the caller's promise.
        unsafe { results.lower(slots, &mut (*inner).opaque) }
    }));
    // SAFETY: the closure is over, and with it all references to the store.
    let store = unsafe { &mut (*inner).opaque };
    match outcome {
        Ok(Ok(results)) if store.is_alive() => {
            // Not before: results have been lowered.
            if let Some(scope) = scope {
                store.runtime_mut().close_scope(scope);
            }
            results
        }
        outcome => failed(store, scope, outcome.map(Result::err)),
    }
}

/// Leaves an error or a panic pending.
#[cold]
fn fail(store: &mut StoreOpaque, failed: std::thread::Result<Option<Error>>) {
    let error = match failed {
        Ok(error) => error.unwrap_or_else(|| ErrorCode::EngineBug.error("a host function has failed without an error")),
        Err(payload) => {
            let text = message_of(payload);
            store.poison(&text);
            ErrorCode::HostPanic.error(format!("a host function panicked, and the store is poisoned: {text}"))
        }
    };
    // An exception is thrown into the compiled code that called.
    let error = match store.throw(error) {
        Ok(()) => return,
        Err(error) => error,
    };
    store.set_pending(error);
    let vm = store.vm();
    // SAFETY: the store's own part that compiled code shares, borrowed exclusively with it.
    unsafe { (*vm).pending = PENDING_ERROR };
}

/// What stands for a result until it is set: zero or null; where the type has no such value, something of another type.
#[inline]
fn unset(ty: abi::ValType) -> Val {
    match ty {
        abi::ValType::I64 => Val::I64(0),
        abi::ValType::F32 => Val::F32(0),
        abi::ValType::F64 => Val::F64(0),
        abi::ValType::V128 => Val::V128(V128::default()),
        abi::ValType::Ref(ty) if ty.nullable => match ty.heap.hierarchy() {
            abi::Hierarchy::Func => Val::FuncRef(None),
            abi::Hierarchy::Any => Val::AnyRef(None),
            abi::Hierarchy::Extern => Val::ExternRef(None),
            abi::Hierarchy::Exn => Val::ExnRef(None),
        },
        abi::ValType::I32 | abi::ValType::Ref(_) => Val::I32(0),
    }
}

/// The array host function of every function of a store with a hook: tells it, and calls the function's own.
unsafe extern "C" fn told(context: *mut VmHostContext, values: *mut ValRaw) {
    // SAFETY: the context is one of this crate's, whose record lives as long as the store.
    let (store, array) = unsafe {
        let record = &*(*context).data.cast::<HostRecord>();
        (record.hooked, record.function.array)
    };
    // SAFETY: the store was given away by who called compiled code or this function.
    let told = unsafe { hook::tell(store, CallHook::CallingHost) };
    // The hook may have left the store unsound, and then the function must not have it.
    // SAFETY: the hook has returned, and with it all references to the store.
    if let Err(error) = told.and_then(|()| unsafe { (*store).require_sound() }) {
        // SAFETY: as above.
        return fail(unsafe { &mut *store }, Ok(Some(error)));
    }
    // SAFETY: the caller's promise.
    unsafe { array(context, values) };
    // What the function has left for the trampoline is put aside, since the hook may call.
    // SAFETY: the function has returned, and with it all references to the store; its own part is borrowed with it.
    let (vm, pending, error) = unsafe {
        let vm = (*store).vm();
        (vm, std::mem::take(&mut (*vm).pending), (*store).take_pending())
    };
    // SAFETY: as above.
    let told = unsafe { hook::tell(store, CallHook::ReturningFromHost) };
    // SAFETY: the hook has returned, and with it all references to the store.
    let store = unsafe { &mut *store };
    match told {
        Err(told) if pending == 0 => fail(store, Ok(Some(told))),
        // The hook may have called what has left the store unsound.
        Ok(()) if pending == 0 && !store.is_alive() => fail(store, Ok(store.require_sound().err())),
        _ => {
            error.into_iter().for_each(|error| store.set_pending(error));
            // SAFETY: as above.
            unsafe { (*vm).pending = pending };
        }
    }
}

/// The array shim of closures whose type is known only at run time.
unsafe extern "C" fn values_shim<T, F>(context: *mut VmHostContext, values: *mut ValRaw)
where
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
{
    let call = |closure: *const (), caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
        // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
        let closure = unsafe { &*closure.cast::<F>() };
        closure(caller, params, results)
    };
    // SAFETY: the trampoline's promise, or `untyped::call_array`'s.
    unsafe { run_values::<T>(context, values, call) }
}

/// The frame of every shim of closures whose type is known only at run time: lifts the parameters, calls `call` with the closure, lowers
/// the results.
///
/// # Safety
///
/// As for [`run`]; `values` holds the parameters, and has room for the results.
pub(super) unsafe fn run_values<T>(
    context: *mut VmHostContext,
    values: *mut ValRaw,
    call: impl FnOnce(*const (), Caller<'_, T>, &[Val], &mut [Val]) -> Result<()>,
) {
    let body = |closure: *const (), caller: Caller<'_, T>| -> Result<()> {
        // SAFETY: the context is that of a host function, with its record.
        let record = unsafe { &*(*context).data.cast::<HostRecord>() };
        let ty = record.function.ty.abi();
        let mut caller = caller;
        let store = &mut caller.loan.inner_mut().opaque;
        store.forget_released();
        let mut all: SmallVec<[Val; FEW]> = SmallVec::new();
        for (position, ty) in ty.params.iter().enumerate() {
            // SAFETY: compiled code, or `untyped::call_array`, has put as many parameters there as the type has.
            all.push(unsafe { untyped::lift_val(&*values.add(position), *ty, store) });
        }
        for ty in &ty.results {
            all.push(unset(*ty));
        }
        let (params, results) = all.split_at_mut(ty.params.len());
        let inner = record.store.cast::<StoreInner<T>>();
        call(closure, caller, params, results)?;
        // SAFETY: the caller is gone, and with it all references to the store.
        let store = unsafe { &mut (*inner).opaque };
        for (position, (result, ty)) in results.iter().zip(&ty.results).enumerate() {
            // SAFETY: there is room for as many results as the type has, and nobody else looks at it now.
            let place = unsafe { &mut *values.add(position) };
            untyped::lower_as(result, ty, place, store)
                .with_context(|| format!("result {position} of a host function of type {}", record.function.ty))?;
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { run_array::<T>(context, true, body) }
}

/// The function type of a typed closure.
pub(super) fn type_of<R: Results>(engine: &Engine, params: &[abi::ValType]) -> FuncType {
    FuncType::of(engine.types().register(&abi::FuncType { params: params.into(), results: R::TYPES.into() }))
}

/// The typed and the array shim of closures `F`, which are called by `$call` with the closure, the caller and the
/// parameters. `$calls_back` says whether they are given the caller.
macro_rules! shims {
    ($F:ident $T:ident $R:ident $calls_back:literal [$($param:ident)*] [$($bound:tt)*] $call:expr) => {{
        unsafe extern "C" fn single<$T, $F, $R, $($param),*>(
            context: *mut VmHostContext,
            $($param: $param::Abi),*
        ) -> <$R::Results as Results>::Abi
        where
            $F: $($bound)* -> $R + Send + Sync + 'static,
            $R: Returned,
            $($param: Native),*
        {
            let body = |closure: *const (), mut caller: Caller<'_, $T>| {
                let store = &mut caller.loan.inner_mut().opaque;
                // SAFETY: the trampoline passes parameters of these types, which belong to the store.
                $(let $param = unsafe { $param::lift($param, store) };)*
                // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
                let closure = unsafe { &*closure.cast::<$F>() };
                ($call)(closure, caller, $($param),*).into_result()
            };
            // SAFETY: the trampoline's promise; there is at most one result.
            unsafe { run::<$T, $R::Results>(context, ptr::null_mut(), $calls_back $(|| $param::ROOTS)*, body) }
        }

        unsafe extern "C" fn several<$T, $F, $R, $($param),*>(
            context: *mut VmHostContext,
            slots: *mut ValRaw,
            $($param: $param::Abi),*
        )
        where
            $F: $($bound)* -> $R + Send + Sync + 'static,
            $R: Returned,
            $($param: Native),*
        {
            let body = |closure: *const (), mut caller: Caller<'_, $T>| {
                let store = &mut caller.loan.inner_mut().opaque;
                // SAFETY: the trampoline passes parameters of these types, which belong to the store.
                $(let $param = unsafe { $param::lift($param, store) };)*
                // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
                let closure = unsafe { &*closure.cast::<$F>() };
                ($call)(closure, caller, $($param),*).into_result()
            };
            // SAFETY: the trampoline's promise.
            unsafe { run::<$T, $R::Results>(context, slots, $calls_back $(|| $param::ROOTS)*, body) };
        }

        unsafe extern "C" fn array<$T, $F, $R, $($param),*>(context: *mut VmHostContext, values: *mut ValRaw)
        where
            $F: $($bound)* -> $R + Send + Sync + 'static,
            $R: Returned,
            $($param: Native),*
        {
            let body = |closure: *const (), mut caller: Caller<'_, $T>| {
                let store = &mut caller.loan.inner_mut().opaque;
                let mut position = 0..;
                // SAFETY: parameters of these types are in the array, and belong to the store.
                $(let $param = unsafe { $param::lift($param::read(&*values.add(position.next().unwrap_or(0))), store) };)*
                let inner = caller.loan.pointer();
                // SAFETY: the record's closure is the `F` that this shim was made for, and lives as long as the record.
                let closure = unsafe { &*closure.cast::<$F>() };
                let results = ($call)(closure, caller, $($param),*).into_result()?;
                // SAFETY: the caller is gone, and with it all references to the store; the array has room for the
                // results.
                unsafe { results.write(values, &mut (*inner).opaque) }
            };
            // SAFETY: the promise of `untyped::call_array`.
            unsafe { run_array::<$T>(context, $calls_back $(|| $param::ROOTS)*, body) }
        }

        let typed = if <$R::Results as Results>::TYPES.len() > 1 {
            several::<$T, $F, $R, $($param),*> as *const u8
        } else {
            single::<$T, $F, $R, $($param),*> as *const u8
        };
        (typed, array::<$T, $F, $R, $($param),*>)
    }};
}

macro_rules! bind {
    ($($param:ident)*) => {
        #[allow(non_snake_case, unused_variables, unused_mut, reason = "one text for all lengths")]
        impl<T, F, R, $($param),*> Bound<T, ($($param,)*), R> for F
        where
            F: Fn($($param),*) -> R + Send + Sync + 'static,
            R: Returned,
            $($param: Native),*
        {
            fn bind(self, engine: &Engine) -> HostFunc {
                let (typed, array) = shims!(F T R false [$($param)*] [Fn($($param),*)] |closure: &F, _: Caller<'_, T>, $($param: $param),*| closure($($param),*));
                HostFunc::new(type_of::<R::Results>(engine, &[$($param::TYPE),*]), typed, array, self)
            }
        }

        #[allow(non_snake_case, unused_variables, unused_mut, reason = "one text for all lengths")]
        impl<T, F, R, $($param),*> Bound<T, (Caller<'_, T>, $($param,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($param),*) -> R + Send + Sync + 'static,
            R: Returned,
            $($param: Native),*
        {
            fn bind(self, engine: &Engine) -> HostFunc {
                let (typed, array) = shims!(F T R true [$($param)*] [Fn(Caller<'_, T>, $($param),*)] |closure: &F, caller: Caller<'_, T>, $($param: $param),*| {
                    closure(caller, $($param),*)
                });
                HostFunc::new(type_of::<R::Results>(engine, &[$($param::TYPE),*]), typed, array, self)
            }
        }
    };
}

bind!();
bind!(A1);
bind!(A1 A2);
bind!(A1 A2 A3);
bind!(A1 A2 A3 A4);
bind!(A1 A2 A3 A4 A5);
bind!(A1 A2 A3 A4 A5 A6);
bind!(A1 A2 A3 A4 A5 A6 A7);
bind!(A1 A2 A3 A4 A5 A6 A7 A8);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
bind!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
