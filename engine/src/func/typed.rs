//! Typed calls: Rust's types for WebAssembly's values, and calls that pass them in registers.
//!
//! Users call a [`TypedFunc`]; `host` lifts and lowers by the same traits. A call compares one id, passes the
//! parameters straight to the typed host entry, and allocates nothing.

use super::untyped::{self, Func};
use crate::context::AsContextMut;
use crate::error::{Context, Error, Result};
use crate::gc::{GcRef, I31, Rooted};
use crate::handle::foreign;
use crate::store::StoreOpaque;
use std::fmt;
use std::marker::PhantomData;
use std::mem::transmute;
use tancho_abi::types::{FuncType, HeapType, RefType, ValType};
use tancho_abi::vmctx::{ValRaw, VmActivation, VmContext, VmFuncRef};
use tancho_runtime::call;

/// A Rust type that stands for a WebAssembly type: `i32` and `u32`, `i64` and `u64`, `f32`, `f64`, [`Func`], [`I31`] and `Rooted<T>` of each
/// [`GcRef`] for references without null; `Option` of these for the same with null.
pub trait WasmTy: Native {}

impl<V: Native> WasmTy for V {}

/// Parameters of a call: `()`, a [`WasmTy`], or a tuple of up to 16.
pub trait WasmParams: Params {}

impl<P: Params> WasmParams for P {}

/// Results of a call: `()`, a [`WasmTy`], or a tuple of up to 16.
pub trait WasmResults: Results {}

impl<R: Results> WasmResults for R {}

/// How a value travels.
///
/// # Safety
///
/// `Abi` is what the C conventions of [`tancho_abi::vmctx`] say of `TYPE`.
pub unsafe trait Native: Sized {
    /// The type in C.
    type Abi: Copy;
    /// The type in WebAssembly.
    const TYPE: ValType;
    /// Whether lifting makes a root, which a scope ends.
    const ROOTS: bool = false;

    /// To C. Nothing is collected. An error when the value belongs to another store, or its scope has ended.
    fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi>;

    /// From C. Nothing is collected.
    ///
    /// # Safety
    ///
    /// The value belongs to `store`.
    unsafe fn lift(abi: Self::Abi, store: &mut StoreOpaque) -> Self;

    /// Into an array.
    fn write(abi: Self::Abi) -> ValRaw;

    /// Out of an array.
    ///
    /// # Safety
    ///
    /// `raw` holds a value of this type.
    unsafe fn read(raw: &ValRaw) -> Self::Abi;
}

macro_rules! native_number {
    ($($ty:ty, $abi:ty, $wasm:ident, $field:ident, $lower:expr, $lift:expr, $write:expr, $read:expr;)*) => {$(
        // SAFETY: as the table below has it, and `vmctx` says the same.
        unsafe impl Native for $ty {
            type Abi = $abi;
            const TYPE: ValType = ValType::$wasm;

            #[inline]
            fn lower(self, _: &mut StoreOpaque) -> Result<$abi> {
                Ok($lower(self))
            }

            #[inline]
            unsafe fn lift(abi: $abi, _: &mut StoreOpaque) -> Self {
                $lift(abi)
            }

            #[inline]
            fn write(abi: $abi) -> ValRaw {
                let mut raw = ValRaw::ZERO;
                raw.$field = $write(abi);
                raw
            }

            #[inline]
            unsafe fn read(raw: &ValRaw) -> $abi {
                // SAFETY: the caller says that the field is valid.
                $read(unsafe { raw.$field })
            }
        }
    )*};
}

fn same<V>(value: V) -> V {
    value
}

native_number! {
    i32, u32, I32, i32, i32::cast_unsigned, u32::cast_signed, same, same;
    u32, u32, I32, i32, same, same, same, same;
    i64, u64, I64, i64, i64::cast_unsigned, u64::cast_signed, same, same;
    u64, u64, I64, i64, same, same, same, same;
    f32, f32, F32, f32, same, same, f32::to_bits, f32::from_bits;
    f64, f64, F64, f64, same, same, f64::to_bits, f64::from_bits;
}

// SAFETY: a function reference is the address of a `VmFuncRef` or null.
unsafe impl Native for Option<Func> {
    type Abi = *mut VmFuncRef;
    const TYPE: ValType = ValType::Ref(RefType::FUNCREF);

    #[inline]
    fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi> {
        Func::to_vm(self, store)
    }

    #[inline]
    unsafe fn lift(abi: Self::Abi, store: &mut StoreOpaque) -> Self {
        Func::of_vm(abi, store)
    }

    #[inline]
    fn write(abi: Self::Abi) -> ValRaw {
        let mut raw = ValRaw::ZERO;
        raw.funcref = abi;
        raw
    }

    #[inline]
    unsafe fn read(raw: &ValRaw) -> Self::Abi {
        // SAFETY: the caller says that the field is valid.
        unsafe { raw.funcref }
    }
}

/// How references to what the collector keeps travel: as 32 bits.
macro_rules! native_reference {
    () => {
        type Abi = u32;

        #[inline]
        fn write(abi: u32) -> ValRaw {
            <u32 as Native>::write(abi)
        }

        #[inline]
        unsafe fn read(raw: &ValRaw) -> u32 {
            // SAFETY: the caller's promise.
            unsafe { <u32 as Native>::read(raw) }
        }
    };
}

// SAFETY: such a reference has 32 bits, 0 for null; a root of this kind has one of this type.
unsafe impl<T: GcRef> Native for Option<Rooted<T>> {
    native_reference!();

    const TYPE: ValType = ValType::Ref(RefType { nullable: true, heap: T::HEAP });
    const ROOTS: bool = true;

    #[inline]
    fn lower(self, store: &mut StoreOpaque) -> Result<u32> {
        untyped::lower_reference(self, store)
    }

    #[inline]
    unsafe fn lift(abi: u32, store: &mut StoreOpaque) -> Self {
        store.root_nullable(abi)
    }
}

// SAFETY: as the nullable one, whose other values these are.
unsafe impl<T: GcRef> Native for Rooted<T> {
    native_reference!();

    const TYPE: ValType = ValType::Ref(RefType { nullable: false, heap: T::HEAP });
    const ROOTS: bool = true;

    #[inline]
    fn lower(self, store: &mut StoreOpaque) -> Result<u32> {
        untyped::lower_reference(Some(self), store)
    }

    #[inline]
    unsafe fn lift(abi: u32, store: &mut StoreOpaque) -> Self {
        store.root(abi)
    }
}

// SAFETY: an `i31` is its own reference; 0 is null.
unsafe impl Native for Option<I31> {
    native_reference!();

    const TYPE: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::I31 });

    #[inline]
    fn lower(self, _: &mut StoreOpaque) -> Result<u32> {
        Ok(self.map_or(0, I31::reference))
    }

    #[inline]
    unsafe fn lift(abi: u32, _: &mut StoreOpaque) -> Self {
        (abi != 0).then(|| I31::of_reference(abi))
    }
}

macro_rules! native_not_null {
    ($($ty:ty, $heap:ident;)*) => {$(
        // SAFETY: as the nullable one, whose other values these are.
        unsafe impl Native for $ty {
            type Abi = <Option<$ty> as Native>::Abi;
            const TYPE: ValType = ValType::Ref(RefType { nullable: false, heap: HeapType::$heap });

            #[inline]
            fn lower(self, store: &mut StoreOpaque) -> Result<Self::Abi> {
                Native::lower(Some(self), store)
            }

            #[inline]
            unsafe fn lift(abi: Self::Abi, store: &mut StoreOpaque) -> Self {
                // SAFETY: the caller's promise.
                unsafe { <Option<$ty> as Native>::lift(abi, store) }.expect("null is no value of this type")
            }

            #[inline]
            fn write(abi: Self::Abi) -> ValRaw {
                <Option<$ty> as Native>::write(abi)
            }

            #[inline]
            unsafe fn read(raw: &ValRaw) -> Self::Abi {
                // SAFETY: the caller's promise.
                unsafe { <Option<$ty> as Native>::read(raw) }
            }
        }
    )*};
}

native_not_null! {
    Func, Func;
    I31, I31;
}

/// How parameters travel.
///
/// # Safety
///
/// `call` passes `Abi`, in order, as `TYPES` say.
pub unsafe trait Params: Sized {
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
}

/// How results travel.
///
/// # Safety
///
/// `Abi` is the one result's for one, and `()` for none or several.
pub unsafe trait Results: Sized {
    /// What a function with these results returns in C.
    type Abi: Copy;
    /// Room for several results; none is needed for one.
    type Slots: AsMut<[ValRaw]>;
    /// Their types.
    const TYPES: &'static [ValType];

    /// The room.
    fn slots() -> Self::Slots;

    /// What a function returns in C when its result does not matter.
    fn nothing() -> Self::Abi;

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
    fn nothing() -> Self::Abi {}

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
    fn nothing() -> V::Abi {
        // SAFETY: zero bits are the zero or the null of every type.
        unsafe { V::read(&ValRaw::ZERO) }
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
    fn nothing() -> V::Abi {
        <V as Results>::nothing()
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
            fn nothing() -> Self::Abi {}

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

/// Whether calls of a function of type `found` as one from `P` to `R` have to check their parameters, because it says more of them.
///
/// # Errors
///
/// When it cannot be called as one.
pub(crate) fn check_type<P: WasmParams, R: WasmResults>(found: &crate::func_type::FuncType) -> Result<bool> {
    // `P` and `R` have no concrete types, so there is nothing declared between a type of theirs and another.
    let matches = |this: ValType, other: ValType| match (this, other) {
        (ValType::Ref(this), ValType::Ref(other)) => this.matches(other, |this, other| this == other),
        _ => this == other,
    };
    let related = |this: ValType, other: ValType| match (this, other) {
        (ValType::Ref(this), ValType::Ref(other)) => this.heap.hierarchy() == other.heap.hierarchy(),
        _ => this == other,
    };
    let all = |these: &[ValType], others: &[ValType], holds: &dyn Fn(ValType, ValType) -> bool| {
        these.len() == others.len() && these.iter().zip(others).all(|(this, other)| holds(*this, *other))
    };
    let ty = found.abi();
    if !all(P::TYPES, &ty.params, &related) || !all(&ty.results, R::TYPES, &matches) {
        let expected = FuncType { params: P::TYPES.into(), results: R::TYPES.into() };
        return Err(Error::msg(format!(
            "type mismatch: expected a function of type {expected}, found one of type {found}"
        )));
    }
    Ok(!all(P::TYPES, &ty.params, &matches))
}

/// A [`Func`] with its type in Rust's terms, which makes calls quick.
pub struct TypedFunc<P, R> {
    func: Func,
    /// The typed host entry, or null for functions that have none: then calls go by an array.
    entry: *const u8,
    code: *const u8,
    vmctx: *mut VmContext,
    /// Whether the function's parameters have narrower types than `P`, so that each call is to check its own.
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
    pub(super) fn new(func: Func, store: &StoreOpaque) -> Result<Self> {
        let record = func.record(store)?;
        let found = func.ty_in(store)?;
        let checked = check_type::<P, R>(&found)?;
        let (entry, code, vmctx) = (record.host_entry, record.external, record.vmctx);
        Ok(TypedFunc { func, entry, code, vmctx, checked, types: PhantomData })
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
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let mut context = store.as_context_mut();
        if !context.opaque().may_call(self.func.store()) {
            return Err(self.refuse(context.opaque()));
        }
        if P::ROOTS {
            context.opaque_mut().forget_released();
        }
        let params = params.lower(context.opaque_mut())?;
        if self.checked {
            self.check(context.opaque(), params)?;
        }
        let store = context.loan().opaque_pointer();
        if self.entry.is_null() {
            // SAFETY: `store` is the loan's, which is not used before the call is over; it is the function's own.
            return unsafe { self.call_by_array(store, params) };
        }
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
                Err(stopped) => Err(untyped::stop(&mut *store, *stopped)),
            }
        }
    }

    /// Calls a function that has no typed host entry.
    ///
    /// # Safety
    ///
    /// As [`untyped::call_array`], with the function in `self`.
    #[cold]
    unsafe fn call_by_array(&self, store: *mut StoreOpaque, params: P::Abi) -> Result<R> {
        let mut values = [ValRaw::ZERO; 16];
        P::write(params, &mut values);
        // SAFETY: the caller's promise; 16 is the most parameters and results that there are.
        unsafe { untyped::call_array(store, self.func.pointer(), values.as_mut_ptr())? };
        // SAFETY: the call is over, and its results are in `values`.
        Ok(unsafe { R::read(&values, &mut *store) })
    }

    /// An error unless the parameters are of the function's own types.
    #[cold]
    fn check(&self, store: &StoreOpaque, params: P::Abi) -> Result<()> {
        let mut values = [ValRaw::ZERO; 16];
        P::write(params, &mut values);
        let ty = self.func.ty_in(store)?;
        for (position, (value, ty)) in values.iter().zip(ty.params()).enumerate() {
            // SAFETY: the value belongs to the store and looks like one of this type, which `new` has compared with `P`.
            unsafe { untyped::require_raw(value, &ty, store) }.with_context(|| format!("parameter {position}"))?;
        }
        Ok(())
    }

    /// Why it may not be called.
    #[cold]
    fn refuse(&self, store: &StoreOpaque) -> Error {
        store.require_callable(self.func.store(), "function").err().unwrap_or_else(|| foreign("function"))
    }
}
