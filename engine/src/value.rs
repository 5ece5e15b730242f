//! Values whose types are known only at run time.
//!
//! Untyped calls, globals and tables take and give them. How they look to compiled code is said in `func::untyped`.

use crate::context::AsContext;
use crate::error::{Error, Result};
use crate::exception::ExnRef;
use crate::func::Func;
use crate::gc::{AnyRef, ArrayRef, EqRef, ExternRef, Located, Rooted, StructRef, heap_type};
use crate::store::StoreOpaque;
use crate::types::{HeapType, RefType, ValType};

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
    /// An object or an `i31`, or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// A value of the host, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// An exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident $unwrap:ident $what:literal -> $ty:ty { $pattern:pat => $value:expr })*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Option<$ty> {
            match *self {
                $pattern => Some($value),
                _ => None,
            }
        }

        #[doc = concat!("The `", $what, "`.")]
        ///
        /// # Panics
        ///
        #[doc = concat!("When it is none: see [`", stringify!($name), "`](Self::", stringify!($name), ").")]
        #[track_caller]
        pub fn $unwrap(&self) -> $ty {
            match self.$name() {
                Some(value) => value,
                None => panic!(concat!("expected ", $what, ", found {}"), self.kind()),
            }
        }
    )*};
}

impl Val {
    accessors! {
        /// The `i32`, if it is one.
        i32 unwrap_i32 "i32" -> i32 { Val::I32(value) => value }
        /// The `i64`, if it is one.
        i64 unwrap_i64 "i64" -> i64 { Val::I64(value) => value }
        /// The `f32`, if it is one.
        f32 unwrap_f32 "f32" -> f32 { Val::F32(bits) => f32::from_bits(bits) }
        /// The `f64`, if it is one.
        f64 unwrap_f64 "f64" -> f64 { Val::F64(bits) => f64::from_bits(bits) }
        /// The `v128`, if it is one.
        v128 unwrap_v128 "v128" -> V128 { Val::V128(vector) => vector }
        /// The `funcref`, if it is one.
        funcref unwrap_funcref "funcref" -> Option<Func> { Val::FuncRef(func) => func }
        /// The `anyref`, if it is one.
        anyref unwrap_anyref "anyref" -> Option<Rooted<AnyRef>> { Val::AnyRef(object) => object }
        /// The `externref`, if it is one.
        externref unwrap_externref "externref" -> Option<Rooted<ExternRef>> { Val::ExternRef(value) => value }
        /// The `exnref`, if it is one.
        exnref unwrap_exnref "exnref" -> Option<Rooted<ExnRef>> { Val::ExnRef(exception) => exception }
    }

    /// The null of references to this type.
    pub fn null_ref(heap: &HeapType) -> Val {
        Ref::null(heap).into()
    }

    /// The null of functions.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// The null of objects.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// The null of values of the host.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// The null of exceptions.
    pub const fn null_exn_ref() -> Val {
        Val::ExnRef(None)
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

    /// Its type: of a null the one below all others of its kind, of a function or an object its own.
    ///
    /// # Errors
    ///
    /// When it is a reference that belongs to another store, or whose scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        self.ty_in(store.as_context().opaque())
    }

    /// Whether it is of this type.
    ///
    /// # Errors
    ///
    /// When it is a reference that belongs to another store, or whose scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> Result<bool> {
        Ok(self.ty_in(store.as_context().opaque())?.matches(ty))
    }

    fn ty_in(&self, store: &StoreOpaque) -> Result<ValType> {
        let heap = match self {
            Val::FuncRef(Some(func)) => HeapType::ConcreteFunc(func.ty_in(store)?),
            Val::AnyRef(Some(object)) => heap_type(object.reference(store)?, store),
            Val::ExternRef(Some(value)) => value.reference(store).map(|_| HeapType::Extern)?,
            Val::ExnRef(Some(exception)) => exception.reference(store).map(|_| HeapType::Exn)?,
            _ => return Ok(self.kind()),
        };
        Ok(ValType::Ref(RefType::new(false, heap)))
    }

    /// Its type as far as no store is needed to tell: for a reference that is not null, that of all of its kind.
    pub(crate) fn kind(&self) -> ValType {
        let (nullable, heap) = match self {
            Val::I32(_) => return ValType::I32,
            Val::I64(_) => return ValType::I64,
            Val::F32(_) => return ValType::F32,
            Val::F64(_) => return ValType::F64,
            Val::V128(_) => return ValType::V128,
            Val::FuncRef(None) => (true, HeapType::NoFunc),
            Val::FuncRef(Some(_)) => (false, HeapType::Func),
            Val::AnyRef(None) => (true, HeapType::None),
            Val::AnyRef(Some(_)) => (false, HeapType::Any),
            Val::ExternRef(None) => (true, HeapType::NoExtern),
            Val::ExternRef(Some(_)) => (false, HeapType::Extern),
            Val::ExnRef(None) => (true, HeapType::NoExn),
            Val::ExnRef(Some(_)) => (false, HeapType::Exn),
        };
        ValType::Ref(RefType::new(nullable, heap))
    }

    /// The reference, if it is one.
    pub fn ref_(&self) -> Option<Ref> {
        match *self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::AnyRef(object) => Some(Ref::Any(object)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::ExnRef(exception) => Some(Ref::Exn(exception)),
            _ => None,
        }
    }

    /// An error unless the value has this type in `store`. That a reference of a kind that needs no closer look is the store's, and its
    /// scope has not ended, is left to who lowers it.
    pub(crate) fn require(&self, ty: &ValType, store: &StoreOpaque) -> Result<()> {
        let mut found = self.kind();
        if found.matches(ty) {
            return Ok(());
        }
        if let (Val::FuncRef(Some(_)) | Val::AnyRef(Some(_)), ValType::Ref(_)) = (self, ty) {
            found = self.ty_in(store)?;
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
    Rooted<AnyRef>, value => Val::AnyRef(Some(value));
    Option<Rooted<AnyRef>>, value => Val::AnyRef(value);
    Rooted<EqRef>, value => Val::AnyRef(Some(value.into()));
    Option<Rooted<EqRef>>, value => Val::AnyRef(value.map(Into::into));
    Rooted<StructRef>, value => Val::AnyRef(Some(value.into()));
    Option<Rooted<StructRef>>, value => Val::AnyRef(value.map(Into::into));
    Rooted<ArrayRef>, value => Val::AnyRef(Some(value.into()));
    Option<Rooted<ArrayRef>>, value => Val::AnyRef(value.map(Into::into));
    Rooted<ExternRef>, value => Val::ExternRef(Some(value));
    Option<Rooted<ExternRef>>, value => Val::ExternRef(value);
    Rooted<ExnRef>, value => Val::ExnRef(Some(value));
    Option<Rooted<ExnRef>>, value => Val::ExnRef(value);
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Val {
        match value {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Any(object) => Val::AnyRef(object),
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
    /// An object or an `i31`, or null.
    Any(Option<Rooted<AnyRef>>),
    /// A value of the host, or null.
    Extern(Option<Rooted<ExternRef>>),
    /// An exception, or null.
    Exn(Option<Rooted<ExnRef>>),
}

impl Ref {
    /// Null.
    pub fn null(heap: &HeapType) -> Ref {
        match heap.top() {
            HeapType::Func => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
            _ => Ref::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Any(None) | Ref::Extern(None) | Ref::Exn(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// Its type: as [`Val::ty`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        match Val::from(*self).ty(store)? {
            ValType::Ref(ty) => Ok(ty),
            other => Err(Error::msg(format!("a reference has the type {other}; this is a bug in Tancho"))),
        }
    }

    /// Whether it is of this type.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn matches_ty(&self, store: impl AsContext, ty: &RefType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    accessors! {
        /// The function or null, if it is one.
        as_func unwrap_func "funcref" -> Option<Func> { Ref::Func(func) => func }
        /// The object, `i31` or null, if it is one.
        as_any unwrap_any "anyref" -> Option<Rooted<AnyRef>> { Ref::Any(object) => object }
        /// The value of the host or null, if it is one.
        as_extern unwrap_extern "externref" -> Option<Rooted<ExternRef>> { Ref::Extern(value) => value }
        /// The exception or null, if it is one.
        as_exn unwrap_exn "exnref" -> Option<Rooted<ExnRef>> { Ref::Exn(exception) => exception }
    }

    /// Whether it is a function, or the null of functions.
    pub const fn is_func(&self) -> bool {
        matches!(self, Ref::Func(_))
    }

    /// Whether it is an object, an `i31`, or their null.
    pub const fn is_any(&self) -> bool {
        matches!(self, Ref::Any(_))
    }

    /// Whether it is a value of the host, or their null.
    pub const fn is_extern(&self) -> bool {
        matches!(self, Ref::Extern(_))
    }

    /// Whether it is an exception, or the null of exceptions.
    pub const fn is_exn(&self) -> bool {
        matches!(self, Ref::Exn(_))
    }

    fn kind(&self) -> ValType {
        Val::from(*self).kind()
    }

    /// An error unless the reference has this type in `store`; see [`Val::require`].
    pub(crate) fn require(&self, ty: &RefType, store: &StoreOpaque) -> Result<()> {
        Val::from(*self).require(&ValType::Ref(ty.clone()), store)
    }
}

macro_rules! from_reference {
    ($($ty:ty, $variant:ident;)*) => {$(
        impl From<$ty> for Ref {
            fn from(reference: $ty) -> Ref {
                Ref::$variant(Some(reference.into()))
            }
        }

        impl From<Option<$ty>> for Ref {
            fn from(reference: Option<$ty>) -> Ref {
                Ref::$variant(reference.map(Into::into))
            }
        }
    )*};
}

from_reference! {
    Func, Func;
    Rooted<AnyRef>, Any;
    Rooted<EqRef>, Any;
    Rooted<StructRef>, Any;
    Rooted<ArrayRef>, Any;
    Rooted<ExternRef>, Extern;
    Rooted<ExnRef>, Exn;
}
