//! References to what `ref.eq` compares: structures, arrays, `i31`.
//!
//! Users hold them as `Rooted<EqRef>`.

use super::any::AnyRef;
use super::array::ArrayRef;
use super::i31::I31;
use super::object;
use super::root::{Located, Referent, Rooted, referent};
use super::structure::StructRef;
use crate::context::{AsContext, AsContextMut};
use crate::error::Result;
use crate::types::HeapType;

referent! {
    /// A reference to a structure, an array or an `i31`.
    ///
    /// ```
    /// # use tancho::{Engine, EqRef, I31, Result, Rooted, Store};
    /// # fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let one = EqRef::from_i31(&mut store, I31::wrapping_i32(7));
    /// let other = EqRef::from_i31(&mut store, I31::wrapping_i32(7));
    /// assert!(Rooted::ref_eq(&store, &one, &other)?);
    /// assert_eq!(one.as_i31(&store)?, Some(I31::wrapping_i32(7)));
    /// # Ok(())
    /// # }
    /// ```
    EqRef, Eq, "eqref"
}

/// What references that may be of several kinds say of themselves.
macro_rules! kinds {
    ($name:ident: $($is:ident $as:ident $unwrap:ident $what:literal $heap:ident $ty:ident;)*) => {
        impl $name {
            /// It as a reference to an `i31`.
            pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Rooted<$name> {
                store.as_context_mut().opaque_mut().root(value.reference())
            }

            /// Its type: that of the object it refers to.
            ///
            /// # Errors
            ///
            /// When it belongs to another store, or its scope has ended.
            pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
                let context = store.as_context();
                Ok(object::heap_type(self.reference(context.opaque())?, context.opaque()))
            }

            /// Whether it is of this type.
            ///
            /// # Errors
            ///
            /// When it belongs to another store, or its scope has ended.
            pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
                object::is(self, store.as_context().opaque(), ty)
            }

            /// Whether it is an `i31`.
            ///
            /// # Errors
            ///
            /// When it belongs to another store, or its scope has ended.
            pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
                Ok(self.as_i31(store)?.is_some())
            }

            /// The `i31`, if it is one.
            ///
            /// # Errors
            ///
            /// When it belongs to another store, or its scope has ended.
            pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
                object::as_i31(self, store.as_context().opaque())
            }

            /// The `i31`.
            ///
            /// # Errors
            ///
            /// As for [`as_i31`](Self::as_i31).
            ///
            /// # Panics
            ///
            /// When it is none.
            pub fn unwrap_i31(&self, store: impl AsContext) -> Result<I31> {
                Ok(self.as_i31(store)?.expect(concat!("a ", stringify!($name), " is an i31")))
            }

            $(
                #[doc = concat!("Whether it refers to ", $what, ".")]
                ///
                /// # Errors
                ///
                /// When it belongs to another store, or its scope has ended.
                pub fn $is(&self, store: impl AsContext) -> Result<bool> {
                    object::is(self, store.as_context().opaque(), &HeapType::$heap)
                }

                #[doc = concat!("It as a reference to ", $what, ", if it is one: good as long as this one.")]
                ///
                /// # Errors
                ///
                /// When it belongs to another store, or its scope has ended.
                pub fn $as(&self, store: impl AsContext) -> Result<Option<Rooted<$ty>>> {
                    Ok(self.$is(store)?.then(|| Rooted::at(self.place())))
                }

                #[doc = concat!("It as a reference to ", $what, ": good as long as this one.")]
                ///
                /// # Errors
                ///
                #[doc = concat!("As for [`", stringify!($as), "`](Self::", stringify!($as), ").")]
                ///
                /// # Panics
                ///
                /// When it is none.
                pub fn $unwrap(&self, store: impl AsContext) -> Result<Rooted<$ty>> {
                    Ok(self.$as(store)?.expect(concat!("a ", stringify!($name), " refers to ", $what)))
                }
            )*
        }
    };
}

pub(super) use kinds;

kinds! {
    EqRef:
    is_struct as_struct unwrap_struct "a structure" Struct StructRef;
    is_array as_array unwrap_array "an array" Array ArrayRef;
}

/// What a reference is by its type alone.
macro_rules! wider {
    ($($from:ident $name:ident $to:ident $what:literal;)*) => {$(
        impl Rooted<$from> {
            #[doc = concat!("The same as ", $what, ": good as long as this one.")]
            pub fn $name(self) -> Rooted<$to> {
                Rooted::at(self.place())
            }
        }

        impl From<Rooted<$from>> for Rooted<$to> {
            fn from(reference: Rooted<$from>) -> Rooted<$to> {
                reference.$name()
            }
        }
    )*};
}

wider! {
    EqRef to_anyref AnyRef "an `anyref`";
    StructRef to_anyref AnyRef "an `anyref`";
    StructRef to_eqref EqRef "an `eqref`";
    ArrayRef to_anyref AnyRef "an `anyref`";
    ArrayRef to_eqref EqRef "an `eqref`";
}
