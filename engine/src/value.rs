//! Values whose types are known only at run time, and references to values of the host.
//!
//! Untyped calls, globals and tables take and give them. How they look to compiled code is said in `func::untyped`.

use crate::context::{AsContextMut, StoreContext};
use crate::error::{Context, Error, Result};
use crate::exception::ExnRef;
use crate::func::Func;
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use crate::types::{HeapType, RefType, ValType};
use std::any::Any;
use std::num::NonZeroU32;

/// A 128-bit vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct V128(u128);

impl V128 {
    /// Its bits, lane 0 lowest.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> Self {
        V128(bits)
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> Self {
        vector.0
    }
}

/// A value. Floats are their bits, so that NaNs keep theirs.
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// 32-bit float, by its bits.
    F32(u32),
    /// 64-bit float, by its bits.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
    /// A function, or null.
    FuncRef(Option<Func>),
    /// A value of the host, or null.
    ExternRef(Option<ExternRef>),
    /// An exception, or null.
    ExnRef(Option<ExnRef>),
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty { $pattern:pat => $value:expr })*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Option<$ty> {
            match *self {
                $pattern => Some($value),
                _ => None,
            }
        }
    )*};
}

impl Val {
    accessors! {
        /// The `i32`, if it is one.
        i32 -> i32 { Val::I32(value) => value }
        /// The `i64`, if it is one.
        i64 -> i64 { Val::I64(value) => value }
        /// The `f32`, if it is one.
        f32 -> f32 { Val::F32(bits) => f32::from_bits(bits) }
        /// The `f64`, if it is one.
        f64 -> f64 { Val::F64(bits) => f64::from_bits(bits) }
        /// The `v128`, if it is one.
        v128 -> V128 { Val::V128(vector) => vector }
        /// The `funcref`, if it is one.
        funcref -> Option<Func> { Val::FuncRef(func) => func }
        /// The `externref`, if it is one.
        externref -> Option<ExternRef> { Val::ExternRef(value) => value }
        /// The `exnref`, if it is one.
        exnref -> Option<ExnRef> { Val::ExnRef(exception) => exception }
    }

    /// The zero of a number type, the null of a reference type; `None` when null is not one of the type's values.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128(0)),
            ValType::Ref(ty) if ty.is_nullable() => Ref::null(ty.heap_type()).into(),
            ValType::Ref(_) => return None,
        })
    }

    /// Its type: for a null the one below all others of its kind, for another reference that of all of its kind without null.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(None) => ValType::Ref(RefType::new(true, HeapType::NoFunc)),
            Val::FuncRef(Some(_)) => ValType::Ref(RefType::new(false, HeapType::Func)),
            Val::ExternRef(None) => ValType::Ref(RefType::new(true, HeapType::NoExtern)),
            Val::ExternRef(Some(_)) => ValType::Ref(RefType::new(false, HeapType::Extern)),
            Val::ExnRef(None) => ValType::Ref(RefType::new(true, HeapType::NoExn)),
            Val::ExnRef(Some(_)) => ValType::Ref(RefType::new(false, HeapType::Exn)),
        }
    }

    /// The reference, if it is one.
    pub fn ref_(&self) -> Option<Ref> {
        match *self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::ExnRef(exception) => Some(Ref::Exn(exception)),
            _ => None,
        }
    }

    /// An error when the value belongs to another store.
    pub(crate) fn require_store(&self, store: &StoreOpaque) -> Result<()> {
        match *self {
            Val::FuncRef(Some(func)) => func.ty_in(store).map(|_| ()),
            Val::ExternRef(value) => ExternRef::to_handle(value, store).map(|_| ()),
            Val::ExnRef(exception) => ExnRef::to_handle(exception, store).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// An error unless the value has this type in `store`.
    pub(crate) fn require(&self, ty: &ValType, store: &StoreOpaque) -> Result<()> {
        let mut found = self.ty();
        if found.matches(ty) {
            return Ok(());
        }
        if let (Val::FuncRef(Some(func)), ValType::Ref(_)) = (self, ty) {
            found = ValType::Ref(RefType::new(false, HeapType::ConcreteFunc(func.ty_in(store)?)));
            if found.matches(ty) {
                return Ok(());
            }
        }
        Err(Error::msg(format!("type mismatch: expected {ty}, found {found}")))
    }
}

macro_rules! from {
    ($($ty:ty, $value:ident => $variant:expr;)*) => {$(
        impl From<$ty> for Val {
            fn from($value: $ty) -> Val {
                $variant
            }
        }
    )*};
}

from! {
    i32, value => Val::I32(value);
    u32, value => Val::I32(value.cast_signed());
    i64, value => Val::I64(value);
    u64, value => Val::I64(value.cast_signed());
    f32, value => Val::F32(value.to_bits());
    f64, value => Val::F64(value.to_bits());
    V128, value => Val::V128(value);
    Func, value => Val::FuncRef(Some(value));
    Option<Func>, value => Val::FuncRef(value);
    ExternRef, value => Val::ExternRef(Some(value));
    Option<ExternRef>, value => Val::ExternRef(value);
    ExnRef, value => Val::ExnRef(Some(value));
    Option<ExnRef>, value => Val::ExnRef(value);
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Val {
        match value {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Exn(exception) => Val::ExnRef(exception),
        }
    }
}

/// A reference: what tables hold.
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// A function, or null.
    Func(Option<Func>),
    /// A value of the host, or null.
    Extern(Option<ExternRef>),
    /// An exception, or null.
    Exn(Option<ExnRef>),
}

impl Ref {
    /// Null.
    pub fn null(heap: &HeapType) -> Ref {
        match heap {
            HeapType::Func | HeapType::ConcreteFunc(_) | HeapType::NoFunc => Ref::Func(None),
            HeapType::Extern | HeapType::NoExtern => Ref::Extern(None),
            HeapType::Exn | HeapType::NoExn => Ref::Exn(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None))
    }

    /// The function, if it is a function and not null.
    pub fn as_func(&self) -> Option<Func> {
        match *self {
            Ref::Func(func) => func,
            Ref::Extern(_) | Ref::Exn(_) => None,
        }
    }

    /// The value of the host, if it is one and not null.
    pub fn as_extern(&self) -> Option<ExternRef> {
        match *self {
            Ref::Extern(value) => value,
            Ref::Func(_) | Ref::Exn(_) => None,
        }
    }

    /// The exception, if it is one and not null.
    pub fn as_exn(&self) -> Option<ExnRef> {
        match *self {
            Ref::Exn(exception) => exception,
            Ref::Func(_) | Ref::Extern(_) => None,
        }
    }

    /// An error unless the reference has this type in `store`.
    pub(crate) fn require(&self, ty: &RefType, store: &StoreOpaque) -> Result<()> {
        Val::from(*self).require(&ValType::Ref(ty.clone()), store)
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Ref {
        Ref::Func(Some(func))
    }
}

impl From<Option<Func>> for Ref {
    fn from(func: Option<Func>) -> Ref {
        Ref::Func(func)
    }
}

impl From<ExternRef> for Ref {
    fn from(value: ExternRef) -> Ref {
        Ref::Extern(Some(value))
    }
}

impl From<Option<ExternRef>> for Ref {
    fn from(value: Option<ExternRef>) -> Ref {
        Ref::Extern(value)
    }
}

impl From<ExnRef> for Ref {
    fn from(exception: ExnRef) -> Ref {
        Ref::Exn(Some(exception))
    }
}

impl From<Option<ExnRef>> for Ref {
    fn from(exception: Option<ExnRef>) -> Ref {
        Ref::Exn(exception)
    }
}

/// A reference to a value of the host. WebAssembly can hold it and hand it back, and do nothing else with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExternRef {
    store: StoreId,
    handle: NonZeroU32,
}

impl ExternRef {
    /// Puts a value in the store. It stays there as long as the store lives.
    ///
    /// # Errors
    ///
    /// When the store has 2³² - 1 such values already.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<ExternRef> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let handle = store.runtime_mut().new_extern(Box::new(value));
        let handle = NonZeroU32::new(handle).context("the store has no room for another value of the host")?;
        Ok(ExternRef { store: store.id(), handle })
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// When it is in another store.
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a (dyn Any + Send + Sync)> {
        let store = store.into().opaque();
        self.store.check(store, "externref")?;
        store.runtime().get_extern(self.handle.get()).context("the store does not know this externref")
    }

    /// What compiled code has for it; 0 is null.
    pub(crate) fn to_handle(value: Option<ExternRef>, store: &StoreOpaque) -> Result<u32> {
        let Some(value) = value else { return Ok(0) };
        value.store.check(store, "externref")?;
        Ok(value.handle.get())
    }

    pub(crate) fn of_handle(handle: u32, store: &StoreOpaque) -> Option<ExternRef> {
        Some(ExternRef { store: store.id(), handle: NonZeroU32::new(handle)? })
    }
}
