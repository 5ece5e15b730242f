//! Typed calls: Rust's types for WebAssembly's values, and calls that pass them in registers.
//!
//! Users call a [`TypedFunc`]; `host` lifts and lowers by the same traits. A call compares one id, passes the
//! parameters straight to the typed host entry, and allocates nothing.

use super::matching::check_type;
use super::native::Native;
use super::untyped::{self, Func};
use crate::context::AsContextMut;
use crate::error::{Context, Result};
use crate::func_type::FuncType;
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use std::fmt;
use std::marker::PhantomData;
use std::mem::transmute;
use std::ptr;
use std::sync::Arc;
use tancho_abi::types::ValType;
use tancho_abi::vmctx::{ValRaw, VmActivation, VmContext};
use tancho_runtime::call;
use tancho_runtime::types::RegisteredType;

/// A Rust type that stands for a WebAssembly type: `i32` and `u32`, `i64` and `u64`, `f32`, `f64`, [`Func`], [`I31`](crate::I31) and `Rooted<T>` of each
/// [`GcRef`](crate::GcRef) for references without null; `Option` of these for the same with null.
///
/// ```
/// # use tancho::{Engine, Func, Store, WasmTy};
/// fn constant<V: WasmTy + Copy + Send + Sync + 'static>(store: &mut Store<()>, value: V) -> Func {
///     Func::wrap(store, move || value)
/// }
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let func = constant(&mut store, 1.5_f64);
/// assert!(func.ty(&store).result(0).is_some_and(|ty| ty.is_f64()));
/// ```
pub trait WasmTy: Native {}

impl<V: Native> WasmTy for V {}

/// Parameters of a call: `()`, a [`WasmTy`], or a tuple of up to 16.
///
/// ```
/// # use tancho::{AsContextMut, Engine, Func, Result, Store, WasmParams};
/// # fn main() -> Result<()> {
/// fn run<P: WasmParams>(mut store: impl AsContextMut, func: Func, params: P) -> Result<i32> {
///     func.typed::<P, i32>(&store)?.call(&mut store, params)
/// }
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(run(&mut store, add, (1, 2))?, 3);
/// # Ok(())
/// # }
/// ```
pub trait WasmParams: Params {}

impl<P: Params> WasmParams for P {}

/// Results of a call: `()`, a [`WasmTy`], or a tuple of up to 16.
///
/// ```
/// # use tancho::{AsContextMut, Engine, Func, Result, Store, WasmResults};
/// # fn main() -> Result<()> {
/// fn run<R: WasmResults>(mut store: impl AsContextMut, func: Func) -> Result<R> {
///     func.typed::<(), R>(&store)?.call(&mut store, ())
/// }
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let two = Func::wrap(&mut store, || (1_i32, 2_i64));
/// assert_eq!(run::<(i32, i64)>(&mut store, two)?, (1, 2));
/// # Ok(())
/// # }
/// ```
pub trait WasmResults: Results {}

impl<R: Results> WasmResults for R {}

/// How parameters travel.
///
/// # Safety
///
/// `call` passes `Abi`, in order, as `TYPES` say.
pub unsafe trait Params: Sized + Send {
    /// The parameters in C.
    type Abi: Copy;
    /// Their types.
    const TYPES: &'static [ValType];
    /// Whether there are references among them that are roots.
    const ROOTS: bool;

    /// To C. Nothing is collected.
    fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi>;

    /// Calls a typed host entry.
    ///
    /// # Safety
    ///
    /// `entry` is a typed host entry for functions of these parameters with a result that C has as `R`; the rest is
    /// what it takes.
    unsafe fn call<R>(
        abi: Self::Abi,
        entry: *const u8,
        vmctx: *mut VmContext,
        code: *const u8,
        activation: *mut VmActivation,
    ) -> R;

    /// Into an array that has room.
    fn write(abi: Self::Abi, values: &mut [ValRaw]);

    /// Out of an array. Nothing is collected.
    ///
    /// # Safety
    ///
    /// `values` holds them all, and they belong to `store`.
    unsafe fn read(values: *const ValRaw, store: &mut StoreOpaque) -> Self;
}

/// How results travel.
///
/// # Safety
///
/// `Abi` is the one result's for one, and `()` for none or several.
pub unsafe trait Results: Sized + Send {
    /// What a function with these results returns in C.
    type Abi: Copy;
    /// Room for several results; none is needed for one.
    type Slots: AsMut<[ValRaw]>;
    /// Their types.
    const TYPES: &'static [ValType];

    /// The room.
    fn slots() -> Self::Slots;

    /// From C.
    ///
    /// # Safety
    ///
    /// The results belong to `store`; `slots` hold them, if they are several.
    unsafe fn lift(abi: Self::Abi, slots: &Self::Slots, store: &mut StoreOpaque) -> Self;

    /// To C; several are written to `slots`.
    ///
    /// # Safety
    ///
    /// `slots` has room for them, if they are several.
    unsafe fn lower(self, slots: *mut ValRaw, store: &mut StoreOpaque) -> Result<Self::Abi>;

    /// Out of an array.
    ///
    /// # Safety
    ///
    /// `values` holds them all, and they belong to `store`.
    unsafe fn read(values: &[ValRaw], store: &mut StoreOpaque) -> Self;

    /// Into an array.
    ///
    /// # Safety
    ///
    /// `values` has room for them all.
    unsafe fn write(self, values: *mut ValRaw, store: &mut StoreOpaque) -> Result<()>;
}

// SAFETY: one parameter.
unsafe impl<V: Native> Params for V {
    type Abi = <(V,) as Params>::Abi;
    const TYPES: &'static [ValType] = <(V,) as Params>::TYPES;
    const ROOTS: bool = V::ROOTS;

    #[inline]
    fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi> {
        Params::lower((self,), store)
    }

    #[inline]
    unsafe fn call<R>(
        abi: Self::Abi,
        entry: *const u8,
        vmctx: *mut VmContext,
        code: *const u8,
        activation: *mut VmActivation,
    ) -> R {
        // SAFETY: the caller's promise.
        unsafe { <(V,) as Params>::call(abi, entry, vmctx, code, activation) }
    }

    fn write(abi: Self::Abi, values: &mut [ValRaw]) {
        <(V,) as Params>::write(abi, values);
    }

    unsafe fn read(values: *const ValRaw, store: &mut StoreOpaque) -> Self {
        // SAFETY: the caller's promise.
        unsafe { <(V,) as Params>::read(values, store) }.0
    }
}

macro_rules! params {
    ($($param:ident)*) => {
        #[allow(non_snake_case, unused_variables, unused_mut, clippy::unused_unit, reason = "one text for all lengths")]
        // SAFETY: the tuple's types are passed in order.
        unsafe impl<$($param: Native),*> Params for ($($param,)*) {
            type Abi = ($($param::Abi,)*);
            const TYPES: &'static [ValType] = &[$($param::TYPE),*];
            const ROOTS: bool = false $(|| $param::ROOTS)*;

            #[inline]
            fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi> {
                let ($($param,)*) = self;
                Ok(($($param.lower(store)?,)*))
            }

            #[inline]
            unsafe fn call<R>(
                abi: Self::Abi,
                entry: *const u8,
                vmctx: *mut VmContext,
                code: *const u8,
                activation: *mut VmActivation,
            ) -> R {
                type Entry<$($param,)* R> = unsafe extern "C" fn(*mut VmContext, *const u8, *mut VmActivation, $($param),*) -> R;
                let ($($param,)*) = abi;
                // SAFETY: the caller says that the entry has this signature.
                unsafe { transmute::<*const u8, Entry<$($param::Abi,)* R>>(entry)(vmctx, code, activation, $($param),*) }
            }

            fn write(abi: Self::Abi, values: &mut [ValRaw]) {
                let ($($param,)*) = abi;
                let mut values = values.iter_mut();
                $(if let Some(value) = values.next() {
                    *value = $param::write($param);
                })*
            }

            unsafe fn read(values: *const ValRaw, store: &mut StoreOpaque) -> Self {
                let mut position = 0..;
                // SAFETY: the caller says that they are there, and of these types.
                ($(unsafe { <$param as Native>::lift($param::read(&*values.add(position.next().unwrap_or(0))), store) },)*)
            }
        }
    };
}

params!();
params!(A);
params!(A B);
params!(A B C);
params!(A B C D);
params!(A B C D E);
params!(A B C D E F);
params!(A B C D E F G);
params!(A B C D E F G H);
params!(A B C D E F G H I);
params!(A B C D E F G H I J);
params!(A B C D E F G H I J K);
params!(A B C D E F G H I J K L);
params!(A B C D E F G H I J K L M);
params!(A B C D E F G H I J K L M N);
params!(A B C D E F G H I J K L M N O);
params!(A B C D E F G H I J K L M N O P);

// SAFETY: no result.
unsafe impl Results for () {
    type Abi = ();
    type Slots = [ValRaw; 0];
    const TYPES: &'static [ValType] = &[];

    #[inline]
    fn slots() -> Self::Slots {
        []
    }

    #[inline]
    unsafe fn lift(_: (), _: &Self::Slots, _: &mut StoreOpaque) -> Self {}

    #[inline]
    unsafe fn lower(self, _: *mut ValRaw, _: &mut StoreOpaque) -> Result<()> {
        Ok(())
    }

    unsafe fn read(_: &[ValRaw], _: &mut StoreOpaque) -> Self {}

    unsafe fn write(self, _: *mut ValRaw, _: &mut StoreOpaque) -> Result<()> {
        Ok(())
    }
}

// SAFETY: one result.
unsafe impl<V: Native> Results for V {
    type Abi = V::Abi;
    type Slots = [ValRaw; 0];
    const TYPES: &'static [ValType] = &[V::TYPE];

    #[inline]
    fn slots() -> Self::Slots {
        []
    }

    #[inline]
    unsafe fn lift(abi: V::Abi, _: &Self::Slots, store: &mut StoreOpaque) -> Self {
        // SAFETY: the caller's promise.
        unsafe { <V as Native>::lift(abi, store) }
    }

    #[inline]
    unsafe fn lower(self, _: *mut ValRaw, store: &mut StoreOpaque) -> Result<V::Abi> {
        Native::lower(self, store)
    }

    unsafe fn read(values: &[ValRaw], store: &mut StoreOpaque) -> Self {
        // SAFETY: the caller's promise.
        unsafe { <V as Native>::lift(<V as Native>::read(&values[0]), store) }
    }

    unsafe fn write(self, values: *mut ValRaw, store: &mut StoreOpaque) -> Result<()> {
        let value = <V as Native>::write(Native::lower(self, store)?);
        // SAFETY: the caller says that there is room for one.
        unsafe { values.write(value) };
        Ok(())
    }
}

// SAFETY: one result.
unsafe impl<V: Native> Results for (V,) {
    type Abi = V::Abi;
    type Slots = [ValRaw; 0];
    const TYPES: &'static [ValType] = &[V::TYPE];

    #[inline]
    fn slots() -> Self::Slots {
        []
    }

    #[inline]
    unsafe fn lift(abi: V::Abi, slots: &Self::Slots, store: &mut StoreOpaque) -> Self {
        // SAFETY: the caller's promise.
        (unsafe { <V as Results>::lift(abi, slots, store) },)
    }

    #[inline]
    unsafe fn lower(self, _: *mut ValRaw, store: &mut StoreOpaque) -> Result<V::Abi> {
        Native::lower(self.0, store)
    }

    unsafe fn read(values: &[ValRaw], store: &mut StoreOpaque) -> Self {
        // SAFETY: the caller's promise.
        (unsafe { <V as Results>::read(values, store) },)
    }

    unsafe fn write(self, values: *mut ValRaw, store: &mut StoreOpaque) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { <V as Results>::write(self.0, values, store) }
    }
}

macro_rules! results {
    ($count:literal: $($result:ident $position:tt)*) => {
        // SAFETY: several results, in order.
        unsafe impl<$($result: Native),*> Results for ($($result,)*) {
            type Abi = ();
            type Slots = [ValRaw; $count];
            const TYPES: &'static [ValType] = &[$($result::TYPE),*];

            #[inline]
            fn slots() -> Self::Slots {
                [ValRaw::ZERO; $count]
            }

            #[inline]
            unsafe fn lift(_: (), slots: &Self::Slots, store: &mut StoreOpaque) -> Self {
                // SAFETY: the caller's promise.
                ($(unsafe { <$result as Native>::lift(<$result as Native>::read(&slots[$position]), store) },)*)
            }

            #[inline]
            unsafe fn lower(self, slots: *mut ValRaw, store: &mut StoreOpaque) -> Result<()> {
                // SAFETY: several results are written wherever they go.
                unsafe { self.write(slots, store) }
            }

            unsafe fn read(values: &[ValRaw], store: &mut StoreOpaque) -> Self {
                // SAFETY: the caller's promise.
                ($(unsafe { <$result as Native>::lift(<$result as Native>::read(&values[$position]), store) },)*)
            }

            #[inline]
            unsafe fn write(self, values: *mut ValRaw, store: &mut StoreOpaque) -> Result<()> {
                $(
                    let value = <$result as Native>::write(self.$position.lower(store)?);
                    // SAFETY: the caller says that there is room for all of them.
                    unsafe { values.add($position).write(value) };
                )*
                Ok(())
            }
        }
    };
}

results!(2: A 0 B 1);
results!(3: A 0 B 1 C 2);
results!(4: A 0 B 1 C 2 D 3);
results!(5: A 0 B 1 C 2 D 3 E 4);
results!(6: A 0 B 1 C 2 D 3 E 4 F 5);
results!(7: A 0 B 1 C 2 D 3 E 4 F 5 G 6);
results!(8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
results!(9: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
results!(10: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
results!(11: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
results!(12: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
results!(13: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12);
results!(14: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13);
results!(15: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14);
results!(16: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

/// The result itself, taken apart and put together again. What a function that is not inlined gives is in memory, and by this it is not the same place as that of the quick way's result,
/// which would have to go through memory for it: from one call to the next, where that result is a parameter again.
#[inline(always)]
fn taken_apart<R>(result: Result<R>) -> Result<R> {
    #[allow(clippy::needless_match, reason = "it is for the compiler of what calls this")]
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error),
    }
}

/// A [`Func`] with its type in Rust's terms, which makes calls quick.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store, TypedFunc};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let swap: TypedFunc<(i32, i64), (i64, i32)> = instance.get_typed_func(&mut store, "swap")?;
/// assert_eq!(swap.call(&mut store, (1, 2))?, (2, 1));
/// # Ok(())
/// # }
/// ```
pub struct TypedFunc<P, R> {
    /// The number of the store that may be called quickly: the function's own, or none's where calls go by an array.
    quick: u64,
    func: Func,
    /// The typed host entry. Null where calls go by an array: the function has none, or its parameters have narrower types than `P`, so
    /// that each call is to check its own.
    entry: *const u8,
    code: *const u8,
    vmctx: *mut VmContext,
    /// Whether it is so for the second reason.
    checked: bool,
    types: PhantomData<fn(P) -> R>,
}

// SAFETY: the pointers are followed only by who holds the store of `func`.
unsafe impl<P, R> Send for TypedFunc<P, R> {}
// SAFETY: as above.
unsafe impl<P, R> Sync for TypedFunc<P, R> {}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// `declared` may be its type: then it need not be looked up.
    pub(crate) fn new(func: Func, store: &StoreOpaque, declared: Option<&Arc<RegisteredType>>) -> Result<Self> {
        let record = func.record(store)?;
        let found = match declared.filter(|declared| declared.id == record.type_id) {
            Some(declared) => FuncType::of(declared.clone()),
            None => func.ty_in(store)?,
        };
        let checked = check_type::<P, R>(&found)?;
        let entry = if checked { ptr::null() } else { record.host_entry };
        let (code, vmctx) = (record.external, record.vmctx);
        let quick = if entry.is_null() { StoreId::NONE } else { func.store().number() };
        Ok(TypedFunc { quick, func, entry, code, vmctx, checked, types: PhantomData })
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls it.
    ///
    /// # Errors
    ///
    /// When it, or a parameter, belongs to another store, or the store is poisoned; when the function's type says more of a parameter
    /// than `P` does, and the parameter is not of it; and what the call ends in: a [`Trap`](crate::Trap), or the error of a host function.
    // Where it stands within the caller's loop it is a third quicker: nothing is saved and restored for it.
    #[inline(always)]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let mut context = store.as_context_mut();
        if context.opaque().quick() != self.quick {
            return taken_apart(self.call_aside(context.opaque_mut(), params));
        }
        if P::ROOTS {
            context.opaque_mut().forget_released();
        }
        let params = params.lower(context.opaque_mut())?;
        let store = context.loan().opaque_pointer();
        let mut slots = R::slots();
        let (entry, code, vmctx) = (self.entry, self.code, self.vmctx);
        // SAFETY: as in `enter`, and the references end here. A store that limits its stack has no number of its own.
        unsafe {
            let call = |activation| P::call::<R::Abi>(params, entry, vmctx, code, activation);
            let room = slots.as_mut();
            let room = (!room.is_empty()).then_some(room.as_mut_ptr());
            match call::enter_outermost((*store).vm(), entry, room, call) {
                Some(Ok(result)) => Ok(R::lift(result, &slots, &mut *store)),
                Some(Err(stopped)) => Err(untyped::stop(&mut *store, stopped)),
                None => taken_apart(self.enter(store, params)),
            }
        }
    }

    /// Calls a function by its typed host entry, from wherever.
    ///
    /// # Safety
    ///
    /// `store` is the part of the function's store of which the caller has the loan, and to which it holds no reference; `params` are
    /// the store's, and `entry` is not null.
    #[cold]
    #[inline(never)]
    unsafe fn enter(self, store: *mut StoreOpaque, params: P::Abi) -> Result<R> {
        let mut slots = R::slots();
        let (entry, code, vmctx) = (self.entry, self.code, self.vmctx);
        // SAFETY: the function is the store's, which is held exclusively and to which no reference is held meanwhile;
        // its type has been compared with `P` and `R`, so that is the entry's; its instance's code is kept by the
        // store; `slots` has room for its results.
        unsafe {
            let entered = call::enter((*store).vm(), entry, slots.as_mut().as_mut_ptr(), move |activation| {
                P::call::<R::Abi>(params, entry, vmctx, code, activation)
            });
            match entered {
                Ok(result) => Ok(R::lift(result, &slots, &mut *store)),
                Err(stopped) => Err(untyped::stop(&mut *store, stopped)),
            }
        }
    }

    /// Calls a function for which there is no typed host entry.
    ///
    /// # Safety
    ///
    /// As [`untyped::call_array`], with the function in `self`.
    #[cold]
    #[inline(never)]
    unsafe fn call_by_array(self, store: *mut StoreOpaque, params: P::Abi) -> Result<R> {
        if self.checked {
            // SAFETY: nothing runs in the store yet, and the reference ends here.
            self.check(unsafe { &*store }, params)?;
        }
        let mut values = [ValRaw::ZERO; 16];
        P::write(params, &mut values);
        // SAFETY: the caller's promise; 16 is the most parameters and results that there are.
        unsafe { untyped::call_array(store, self.func.pointer(), values.as_mut_ptr())? };
        // SAFETY: the call is over, and its results are in `values`.
        Ok(unsafe { R::read(&values, &mut *store) })
    }

    /// An error unless the parameters are of the function's own types.
    #[cold]
    fn check(self, store: &StoreOpaque, params: P::Abi) -> Result<()> {
        let mut values = [ValRaw::ZERO; 16];
        P::write(params, &mut values);
        let ty = self.func.ty_in(store)?;
        for (position, (value, ty)) in values.iter().zip(ty.params()).enumerate() {
            // SAFETY: the value belongs to the store and looks like one of this type, which `new` has compared with `P`.
            unsafe { untyped::require_raw(value, &ty, store) }.with_context(|| format!("parameter {position}"))?;
        }
        Ok(())
    }

    /// Calls it where that is not done quickly.
    ///
    /// # Errors
    ///
    /// Where it may not be called, why; else as [`call`](Self::call).
    #[cold]
    #[inline(never)]
    fn call_aside(self, store: &mut StoreOpaque, params: P) -> Result<R> {
        store.require_callable(self.func.store(), "function")?;
        store.forget_released();
        let params = params.lower(store)?;
        if self.entry.is_null() || store.is_hooked() {
            // SAFETY: the store is borrowed exclusively, and not used before the call is over; the function is the store's own.
            return unsafe { self.call_by_array(store, params) };
        }
        // SAFETY: as above; there is an entry.
        unsafe { self.enter(store, params) }
    }
}
