//! Function handles, and calls by arrays of values.
//!
//! The whole crate makes and resolves [`Func`]s here; instances run their start function, and globals and tables
//! convert their values here. A handle is followed only after its store's identity has been compared, which proves
//! that what it points to is there.

use super::hook;
use super::host::{self, Caller, HostFunc, HostRecord};
use super::typed::{TypedFunc, WasmParams, WasmResults};
use crate::context::{AsContext, AsContextMut};
#[cfg(feature = "coredump")]
use crate::coredump::WasmCoreDump;
use crate::error::{Context, Error, ErrorCode, Result};
use crate::exception::Exception;

use crate::func_type::FuncType;
use crate::gc::{GcRef, Located, Rooted, heap_type};
use crate::handle::{StoreId, own};
use crate::store::{Loan, StoreOpaque};
use crate::trap::WasmBacktrace;
use crate::types::{HeapType, RefType, ValType};
use crate::value::{Ref, V128, Val};
use smallvec::SmallVec;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use tancho_abi::types::{self as abi, Hierarchy};
use tancho_abi::vmctx::{HOST_MAGIC, ValRaw, VmActivation, VmContext, VmFuncRef, VmHostContext};
use tancho_runtime::call::{self, Cause, Stopped};
use tancho_runtime::instantiate::FunctionImport;
use tancho_runtime::stack::Barrier;
use tancho_runtime::store::GlobalId;

/// As many values of an untyped call need no allocation.
pub(super) const FEW: usize = 8;

/// A function of a store: WebAssembly's or the host's.
///
/// ```
/// # use tancho::{Engine, Func, Result, Store, Val};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let double = Func::wrap(&mut store, |x: i32| x * 2);
/// let mut results = [Val::I32(0)];
/// double.call(&mut store, &[Val::I32(21)], &mut results)?;
/// assert_eq!(results[0].i32(), Some(42));
/// assert_eq!(double.typed::<i32, i32>(&store)?.call(&mut store, 4)?, 8);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Func {
    store: StoreId,
    pointer: NonNull<VmFuncRef>,
}

// SAFETY: the pointer is followed only by who holds the store that `store` names.
unsafe impl Send for Func {}
// SAFETY: as above.
unsafe impl Sync for Func {}

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Func").field(&self.pointer).finish()
    }
}

impl Func {
    /// A host function made of a closure, which takes and returns WebAssembly's values as Rust's own types: see
    /// [`Linker::func_wrap`](crate::Linker::func_wrap).
    pub fn wrap<T, Params, Returned>(
        mut store: impl AsContextMut<Data = T>,
        closure: impl super::IntoFunc<T, Params, Returned>,
    ) -> Func {
        let mut context = store.as_context_mut();
        let function = closure.bind(context.engine());
        host::define(context.loan(), &Arc::new(function))
    }

    /// A host function of a type that is known only at run time. The closure gets the arguments and has to set every
    /// result; before, results are zero or null.
    ///
    /// A result of another type than `ty` says is an error of the call.
    pub fn new<T>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        closure: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        let mut context = store.as_context_mut();
        let function = HostFunc::by_values(context.engine(), &ty, closure);
        host::define(context.loan(), &Arc::new(function))
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Func::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        own(self.try_ty(store))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<FuncType> {
        self.ty_in(store.as_context().opaque())
    }

    /// Whether it is of this type, or of one that declares it as a supertype.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &FuncType) -> Result<bool> {
        Ok(self.try_ty(store)?.matches(ty))
    }

    /// Calls it with values whose types are known only at run time.
    ///
    /// # Errors
    ///
    /// When there are not as many `params` and `results` as the type has, or a parameter has another type or belongs
    /// to another store; when the function belongs to another store, or the store is poisoned; and what the call ends
    /// in: a [`Trap`](crate::Trap), or the error of a host function. Then `results` are as they were.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val], results: &mut [Val]) -> Result<()> {
        let mut context = store.as_context_mut();
        // SAFETY: the pointer is the loan's, which is not used during the call.
        unsafe { self.call_in(context.loan().opaque_pointer(), params, results) }
    }

    /// See [`Func::call`].
    ///
    /// # Safety
    ///
    /// `pointer` is to the part of a store of which the caller has the loan, and to which it holds no reference.
    unsafe fn call_in(self, pointer: *mut StoreOpaque, params: &[Val], results: &mut [Val]) -> Result<()> {
        // SAFETY: the caller's promise; the reference is not used any more when the call begins.
        let store = unsafe { &mut *pointer };
        if store.quick() != self.store.number() {
            store.require_callable(self.store, "function")?;
        }
        store.forget_released();
        let id = self.record(store)?.type_id;
        let ty = store.take_function_type(id).ok_or_else(lost_type)?;
        let (expected, returned) = (&ty.abi().params, &ty.abi().results);
        if (params.len(), results.len()) != (expected.len(), returned.len()) {
            return Err(ErrorCode::ValueCount.error(format!(
                "a function of type {ty} cannot be called with {} parameters and {} results",
                params.len(),
                results.len()
            )));
        }
        let mut values: SmallVec<[ValRaw; FEW]> = SmallVec::new();
        values.resize(params.len().max(results.len()), ValRaw::ZERO);
        for (position, ((param, ty), place)) in params.iter().zip(expected).zip(&mut values).enumerate() {
            lower_as(param, ty, place, store).with_context(|| format!("parameter {position}"))?;
        }
        // Here for calls within this one.
        store.return_function_type(ty);
        // SAFETY: the caller's promise; the function is the store's; the values are as many as its type needs, and of its types.
        unsafe { call_array(pointer, self.pointer, values.as_mut_ptr())? };
        // SAFETY: the call is over, and with it all references to the store.
        let store = unsafe { &mut *pointer };
        let ty = store.take_function_type(id).ok_or_else(lost_type)?;
        for ((result, ty), value) in results.iter_mut().zip(&ty.abi().results).zip(&values) {
            // SAFETY: the function has returned results of its type, made by this store.
            *result = unsafe { lift_val(value, *ty, store) };
        }
        store.return_function_type(ty);
        Ok(())
    }

    /// The function with its type in Rust's terms: parameters and results are `()`, a value or a tuple of values. Where its type says
    /// more of a reference than Rust's does (not null, a function of a given type), calls check parameters.
    ///
    /// # Errors
    ///
    /// When its type is another one, or it belongs to another store.
    pub fn typed<P: WasmParams, R: WasmResults>(&self, store: impl AsContext) -> Result<TypedFunc<P, R>> {
        let context = store.as_context();
        TypedFunc::new(*self, context.opaque(), None)
    }

    /// A host function as a function of a store, whose data's type its shims are made for.
    pub(crate) fn of_host<T>(store: &mut Loan<'_, T>, function: &Arc<HostFunc>) -> Func {
        host::define(store, function)
    }

    pub(crate) fn of(pointer: NonNull<VmFuncRef>, store: &StoreOpaque) -> Func {
        Func { store: store.id(), pointer }
    }

    pub(super) fn store(self) -> StoreId {
        self.store
    }

    pub(super) fn pointer(self) -> NonNull<VmFuncRef> {
        self.pointer
    }

    /// What it points to.
    pub(super) fn record(self, store: &StoreOpaque) -> Result<&VmFuncRef> {
        self.store.check(store, "function")?;
        // SAFETY: function references live as long as their store, and this is it. They are changed by
        // `host::externalize` only, which has the store exclusively.
        Ok(unsafe { self.pointer.as_ref() })
    }

    pub(crate) fn ty_in(self, store: &StoreOpaque) -> Result<FuncType> {
        let id = self.record(store)?.type_id;
        store.engine().types().by_id(id).map(FuncType::of).ok_or_else(lost_type)
    }

    /// How it is imported.
    pub(crate) fn import(self, store: &StoreOpaque) -> Result<FunctionImport> {
        let record = self.record(store)?;
        Ok(match host_context(record) {
            // The importing module has trampolines for it, and is to be its caller.
            Some(context) => {
                let function = host_record(context).function();
                let ty = function.ty().registered().identity();
                FunctionImport::Host {
                    function: context.function,
                    data: context.data,
                    typed: host_record(context).is_typed(),
                    ty,
                }
            }
            None => FunctionImport::Wasm(self.pointer),
        })
    }

    /// What compiled code has for it; null is null.
    #[inline]
    pub(crate) fn to_vm(func: Option<Func>, store: &mut StoreOpaque) -> Result<*mut VmFuncRef> {
        let Some(func) = func else { return Ok(ptr::null_mut()) };
        if func.record(store)?.external.is_null() {
            host::externalize(func, store)?;
        }
        Ok(func.pointer.as_ptr())
    }

    pub(crate) fn of_vm(pointer: *mut VmFuncRef, store: &StoreOpaque) -> Option<Func> {
        NonNull::new(pointer).map(|pointer| Func::of(pointer, store))
    }
}

/// A store keeps the types of all its functions, so this is not seen.
#[cold]
fn lost_type() -> Error {
    ErrorCode::EngineBug.error("the type of a function is not known any more; this is a bug in Tancho")
}

/// The context of a host function, if the function is the host's.
pub(super) fn host_context(record: &VmFuncRef) -> Option<&VmHostContext> {
    let context = record.vmctx.cast::<VmHostContext>();
    // SAFETY: a function's context is a `VmContext` or a `VmHostContext`, with `magic` at the same place, and lives
    // as long as the reference.
    unsafe { ((*context).magic == HOST_MAGIC).then(|| &*context) }
}

/// What this crate knows of a host function.
pub(super) fn host_record(context: &VmHostContext) -> &HostRecord {
    // SAFETY: every host function of a store is made by this crate, with a record that the store keeps.
    unsafe { &*context.data.cast::<HostRecord>() }
}

/// Calls a function by an array that holds its parameters and receives its results.
///
/// # Safety
///
/// `store` is the part of a store of which the caller has the loan, and to which it holds no reference; `function` is
/// a function of it, and `values` has room for its parameters and for its results, and holds its parameters, which
/// belong to the store.
pub(super) unsafe fn call_array(
    store: *mut StoreOpaque,
    function: NonNull<VmFuncRef>,
    values: *mut ValRaw,
) -> Result<()> {
    // SAFETY: the store is the caller's to give away; the reference ends with the statement.
    if unsafe { (*store).is_hooked() } {
        // SAFETY: as above, and the caller's promise.
        return unsafe { hook::around(store, || call_array_now(store, function, values)) };
    }
    // SAFETY: the caller's promise.
    unsafe { call_array_now(store, function, values) }
}

/// The same, of which no hook is told.
///
/// # Safety
///
/// As [`call_array`].
unsafe fn call_array_now(store: *mut StoreOpaque, function: NonNull<VmFuncRef>, values: *mut ValRaw) -> Result<()> {
    // SAFETY: function references live as long as their store.
    let record = unsafe { function.as_ref() };
    if let Some(context) = host_context(record) {
        let record = host_record(context);
        // SAFETY: the store is the caller's; the host function may not suspend the frames that have called this, unless they are those of
        // an asynchronous call.
        let barrier = unsafe { Barrier::new((*store).vm(), record.function().waits()) };
        let array = record.array();
        // SAFETY: the record is that of the context; the values are the caller's promise.
        unsafe { array(ptr::from_ref(context).cast_mut(), values) };
        drop(barrier);
        // SAFETY: the host function has returned, and with it all references to the store.
        return unsafe { host::finish(&mut *store) };
    }
    let (entry, code, vmctx) = (record.array_entry, record.external, record.vmctx);
    if entry.is_null() {
        return Err(ErrorCode::EngineBug
            .error("the module that defines this function has no entry for the host; this is a bug in Tancho"));
    }
    type ArrayEntry = unsafe extern "C" fn(*mut VmContext, *const u8, *mut VmActivation, *mut ValRaw);
    // SAFETY: `array_entry` has this signature; `entry` belongs to the code of an instance, which the store keeps;
    // nobody holds a reference to the store.
    let entered = unsafe {
        let function = std::mem::transmute::<*const u8, ArrayEntry>(entry);
        let vm = (*store).vm();
        let call = |activation| function(vmctx, code, activation, values);
        let quick = !(*store).limits_stack();
        match quick.then(|| call::enter_outermost(vm, entry, None, call)).flatten() {
            Some(entered) => entered,
            None => call::enter(vm, entry, ptr::null_mut(), call),
        }
    };
    // SAFETY: compiled code has returned, and with it all references to the store.
    entered.map_err(|stopped| unsafe { stop(&mut *store, stopped) })
}

/// Runs a start function.
///
/// # Errors
///
/// What it ends in.
pub(crate) fn call_start<T>(store: &mut Loan<'_, T>, function: NonNull<VmFuncRef>) -> Result<()> {
    // SAFETY: the pointer is the loan's; validation has made sure that a start function has neither parameters nor
    // results.
    unsafe { call_array(store.opaque_pointer(), function, ptr::null_mut()) }
}

/// The error that compiled code has stopped with.
#[cold]
#[inline(never)]
#[expect(
    clippy::boxed_local,
    reason = "the runtime returns it boxed, so that a call that ends well returns in registers"
)]
pub(super) fn stop(store: &mut StoreOpaque, stopped: Box<Stopped>) -> Error {
    let error = match stopped.cause {
        Cause::Trap(trap) => Error::new(trap),
        Cause::Exception => uncaught(store),
        Cause::UnguardedStack => ErrorCode::UnguardedStack.error(stopped.cause.to_string()),
        Cause::HostError => store.take_pending().unwrap_or_else(|| {
            if let Some(denied) = store.runtime_mut().take_refusal() {
                return store.denied(denied);
            }
            let message = store.runtime_mut().take_panic();
            let message = message.as_deref().unwrap_or("it left no message");
            store.poison(message);
            ErrorCode::EngineBug
                .error(format!("a builtin panicked, and the store is poisoned; this is a bug in Tancho: {message}"))
        }),
    };
    let reports = store.engine().reports();
    #[cfg(feature = "coredump")]
    let error = match stopped.cause {
        Cause::Trap(_) if reports.coredump => WasmCoreDump::attach(error, store, &stopped.backtrace),
        _ => error,
    };
    WasmBacktrace::attach(error, &stopped.backtrace, reports)
}

/// The error of an exception that nothing has caught: the host's own, where the host threw it.
#[cold]
fn uncaught(store: &mut StoreOpaque) -> Error {
    let Some(thrown) = store.runtime_mut().take_uncaught() else {
        return ErrorCode::EngineBug.error("an exception was not caught, and is gone; this is a bug in Tancho");
    };
    let of_host = store.take_thrown(thrown.origin);
    // At once: what the values refer to is moved by the next collection.
    of_host.unwrap_or_else(|| Error::new(Exception::of(thrown.tag, &thrown.values, store)))
}

/// What compiled code has for a reference; 0 is null. Good until something can collect.
///
/// # Errors
///
/// When it belongs to another store, or its scope has ended.
#[inline]
pub(super) fn lower_reference<T: GcRef>(reference: Option<Rooted<T>>, store: &StoreOpaque) -> Result<u32> {
    reference.map_or(Ok(0), |reference| reference.reference(store))
}

/// What compiled code has for a value. A reference is good until something can collect, which lowering never does.
///
/// # Errors
///
/// When the value belongs to another store, is a reference whose scope has ended, or a host function that cannot be made into a
/// reference.
pub(crate) fn lower_val(value: Val, store: &mut StoreOpaque) -> Result<ValRaw> {
    let mut raw = ValRaw::ZERO;
    match value {
        Val::I32(value) => raw.i32 = value.cast_unsigned(),
        Val::I64(value) => raw.i64 = value.cast_unsigned(),
        Val::F32(bits) => raw.f32 = bits,
        Val::F64(bits) => raw.f64 = bits,
        Val::V128(vector) => raw.v128 = vector.as_u128().to_le_bytes(),
        Val::FuncRef(func) => raw.funcref = Func::to_vm(func, store)?,
        Val::AnyRef(object) => raw.i32 = lower_reference(object, store)?,
        Val::ExternRef(value) => raw.i32 = lower_reference(value, store)?,
        Val::ExnRef(exception) => raw.i32 = lower_reference(exception, store)?,
    }
    Ok(raw)
}

/// Puts what compiled code has for a value that is to be of type `ty`, which is of the store's engine, in its place.
///
/// A number goes straight from one place to the other, and no more of it than there is: what is written in parts and read as a whole
/// waits until all of it has come out of the processor's store buffer.
///
/// # Errors
///
/// When it is of another type; and as [`lower_val`].
#[inline]
pub(super) fn lower_as(value: &Val, ty: &abi::ValType, place: &mut ValRaw, store: &mut StoreOpaque) -> Result<()> {
    match (value, ty) {
        (Val::I32(value), abi::ValType::I32) => place.i32 = value.cast_unsigned(),
        (Val::I64(value), abi::ValType::I64) => place.i64 = value.cast_unsigned(),
        (Val::F32(bits), abi::ValType::F32) => place.f32 = *bits,
        (Val::F64(bits), abi::ValType::F64) => place.f64 = *bits,
        _ => *place = lower_checked(*value, *ty, store)?,
    }
    Ok(())
}

/// [`lower_as`] for what is no number of the type.
#[inline(never)]
fn lower_checked(value: Val, ty: abi::ValType, store: &mut StoreOpaque) -> Result<ValRaw> {
    let ty = ValType::of(ty, store.engine().types());
    value.require(&ty, store)?;
    lower_val(value, store)
}

/// The value that compiled code has.
///
/// # Safety
///
/// `raw` holds a value of type `ty` that belongs to `store`.
#[inline]
pub(super) unsafe fn lift_val(raw: &ValRaw, ty: abi::ValType, store: &mut StoreOpaque) -> Val {
    // SAFETY: the caller says which field is valid; all of them are plain bits.
    unsafe {
        match ty {
            abi::ValType::I32 => Val::I32(raw.i32.cast_signed()),
            abi::ValType::I64 => Val::I64(raw.i64.cast_signed()),
            abi::ValType::F32 => Val::F32(raw.f32),
            abi::ValType::F64 => Val::F64(raw.f64),
            abi::ValType::V128 | abi::ValType::Ref(_) => lift_other(raw, ty, store),
        }
    }
}

/// [`lift_val`] for what is not a number.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe fn lift_other(raw: &ValRaw, ty: abi::ValType, store: &mut StoreOpaque) -> Val {
    // SAFETY: the caller says which field is valid; all of them are plain bits.
    unsafe {
        match ty {
            abi::ValType::I32 => Val::I32(raw.i32.cast_signed()),
            abi::ValType::I64 => Val::I64(raw.i64.cast_signed()),
            abi::ValType::F32 => Val::F32(raw.f32),
            abi::ValType::F64 => Val::F64(raw.f64),
            abi::ValType::V128 => Val::V128(V128::from(u128::from_le_bytes(raw.v128))),
            abi::ValType::Ref(ty) => match ty.heap.hierarchy() {
                Hierarchy::Func => Val::FuncRef(Func::of_vm(raw.funcref, store)),
                Hierarchy::Any => Val::AnyRef(store.root_nullable(raw.i32)),
                Hierarchy::Extern => Val::ExternRef(store.root_nullable(raw.i32)),
                Hierarchy::Exn => Val::ExnRef(store.root_nullable(raw.i32)),
            },
        }
    }
}

/// The value of a field of an object, or of an exception, which has this type and belongs to `store`.
pub(crate) fn lift_field(raw: &ValRaw, ty: &ValType, store: &mut StoreOpaque) -> Val {
    // SAFETY: the store keeps values of the fields' types for its objects, and of the tags' types for its exceptions.
    unsafe { lift_val(raw, ty.abi(), store) }
}

/// The hierarchy and the reference of a value of this type, if it is a reference to what the collector keeps and not null.
pub(crate) fn object_reference(raw: &ValRaw, ty: &ValType) -> Option<(Hierarchy, u32)> {
    let hierarchy = ty.as_ref().map(|ty| ty.heap_type().hierarchy()).filter(|other| *other != Hierarchy::Func)?;
    // SAFETY: a reference that is none to a function has 32 bits; all of them are plain bits.
    let reference = unsafe { raw.i32 };
    (reference != 0).then_some((hierarchy, reference))
}

/// An error unless a value that compiled code has is of this type. Makes no root.
///
/// # Safety
///
/// `raw` holds a value that belongs to `store` and looks to compiled code as those of type `ty` do.
pub(super) unsafe fn require_raw(raw: &ValRaw, ty: &ValType, store: &StoreOpaque) -> Result<()> {
    let ValType::Ref(expected) = ty else { return Ok(()) };
    let heap = expected.heap_type();
    let found = if heap.hierarchy() == Hierarchy::Func {
        // SAFETY: the caller says that it is a reference to a function.
        let func = Func::of_vm(unsafe { raw.funcref }, store);
        func.map(|func| func.ty_in(store).map(HeapType::ConcreteFunc)).transpose()?
    } else {
        object_reference(raw, ty).map(|(hierarchy, reference)| match hierarchy {
            Hierarchy::Any => heap_type(reference, store),
            _ => heap.top(),
        })
    };
    let found = match found {
        Some(heap) => RefType::new(false, heap),
        None => RefType::new(true, heap.bottom()),
    };
    if found.matches(expected) {
        return Ok(());
    }
    Err(ErrorCode::TypeMismatch.error(format!("type mismatch: expected {ty}, found {found}")))
}

/// What a table holds for a reference.
///
/// # Errors
///
/// As [`lower_val`].
pub(crate) fn lower_ref(value: Ref, store: &mut StoreOpaque) -> Result<tancho_runtime::table::TableValue> {
    use tancho_runtime::table::TableValue;
    Ok(match value {
        Ref::Func(func) => TableValue::Function(Func::to_vm(func, store)?),
        Ref::Any(object) => TableValue::Reference(lower_reference(object, store)?),
        Ref::Extern(value) => TableValue::Reference(lower_reference(value, store)?),
        Ref::Exn(exception) => TableValue::Reference(lower_reference(exception, store)?),
    })
}

/// The reference that a table of this hierarchy holds, which belongs to `store`.
pub(crate) fn lift_ref(value: tancho_runtime::table::TableValue, hierarchy: Hierarchy, store: &mut StoreOpaque) -> Ref {
    use tancho_runtime::table::TableValue;
    match (value, hierarchy) {
        (TableValue::Function(func), _) => Ref::Func(Func::of_vm(func, store)),
        (TableValue::Reference(_), Hierarchy::Func) => Ref::Func(None),
        (TableValue::Reference(reference), Hierarchy::Any) => Ref::Any(store.root_nullable(reference)),
        (TableValue::Reference(reference), Hierarchy::Extern) => Ref::Extern(store.root_nullable(reference)),
        (TableValue::Reference(reference), Hierarchy::Exn) => Ref::Exn(store.root_nullable(reference)),
    }
}

/// The value of a global of this store.
pub(crate) fn load_global(store: &mut StoreOpaque, global: GlobalId) -> Val {
    let (ty, value) = store.runtime().global(global);
    // SAFETY: the address of a global is valid as long as its store, and nobody writes while the store is borrowed;
    // the value has the global's type.
    unsafe { lift_val(&*value, ty.ty, store) }
}

/// Sets a global of this store, to a value of its type that is the store's.
pub(crate) fn store_global(store: &mut StoreOpaque, global: GlobalId, value: ValRaw) {
    let (_, slot) = store.runtime().global(global);
    // SAFETY: the address of a global is valid as long as its store, which is borrowed exclusively.
    unsafe { slot.write(value) };
}
