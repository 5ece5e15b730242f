//! References of the hierarchy `any`: to objects, `i31`, and values of the host that came by `any.convert_extern`.
//!
//! Users hold them as `Rooted<AnyRef>`.

use super::array::ArrayRef;
use super::eq::{EqRef, kinds};
use super::external::ExternRef;
use super::i31::I31;
use super::object;
use super::root::{Located, Referent, Rooted, referent};
use super::structure::StructRef;
use crate::context::{AsContext, AsContextMut};
use crate::error::Result;
use crate::types::HeapType;

referent! {
    /// A reference to an object of any kind, an `i31`, or a value of the host as [`AnyRef::convert_extern`] gives it.
    ///
    /// ```
    /// # use tancho::{AnyRef, Engine, ExternRef, HeapType, I31, Result, Store};
    /// # fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let number = AnyRef::from_i31(&mut store, I31::wrapping_u32(5));
    /// assert_eq!(number.ty(&store)?, HeapType::I31);
    /// assert_eq!(number.as_i31(&store)?, Some(I31::wrapping_u32(5)));
    /// let host = ExternRef::new(&mut store, "text")?;
    /// let host = AnyRef::convert_extern(&mut store, host)?;
    /// assert!(!host.is_eqref(&store)?);
    /// let back = ExternRef::convert_any(&mut store, host)?;
    /// assert!(back.data(&store)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    AnyRef, Any, "anyref"
}

kinds! {
    AnyRef:
    is_eqref as_eqref unwrap_eqref "what `ref.eq` compares" Eq EqRef;
    is_struct as_struct unwrap_struct "a structure" Struct StructRef;
    is_array as_array unwrap_array "an array" Array ArrayRef;
}

impl AnyRef {
    /// A value of the host as an object (`any.convert_extern`): good as long as this one. An object that came the other way is itself
    /// again.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn convert_extern(store: impl AsContext, externref: Rooted<ExternRef>) -> Result<Rooted<AnyRef>> {
        externref.reference(store.as_context().opaque())?;
        Ok(Rooted::at(externref.place()))
    }
}
