//! How one value travels between Rust and WebAssembly: by its type in C, in a register or in an array.
//!
//! `typed` makes parameters and results of several of these, `host` lifts and lowers by them too.

use super::untyped::{self, Func};
use crate::error::Result;
use crate::gc::{GcRef, I31, Rooted};
use crate::store::StoreOpaque;
use tancho_abi::types::{HeapType, RefType, ValType};
use tancho_abi::vmctx::{ValRaw, VmFuncRef};

/// How a value travels.
///
/// # Safety
///
/// `Abi` is what the C conventions of [`tancho_abi::vmctx`] say of `TYPE`.
pub unsafe trait Native: Sized + Send {
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
