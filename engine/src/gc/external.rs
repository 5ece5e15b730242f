//! References to values of the host.
//!
//! Users hold them as `Rooted<ExternRef>`. The value is an object like others: it is dropped by the collection that finds no reference
//! to it, or with the store.

use super::any::AnyRef;
use super::root::{Located, Referent, Rooted, referent};
use crate::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::error::Result;
use std::any::Any;

referent! {
    /// A reference to a value of the host. WebAssembly can hold it and hand it back, and do nothing else with it.
    ///
    /// The value is dropped when a collection finds that nothing refers to it any more, or with the store; never twice. Its `drop` must
    /// not panic: that poisons the store.
    ///
    /// ```
    /// # use tancho::{Engine, ExternRef, Result, Store};
    /// # fn main() -> Result<()> {
    /// let mut store = Store::new(&Engine::default(), ());
    /// let value = ExternRef::new(&mut store, String::from("text"))?;
    /// let text = value.data(&store)?.and_then(|data| data.downcast_ref::<String>());
    /// assert_eq!(text.map(String::as_str), Some("text"));
    /// # Ok(())
    /// # }
    /// ```
    ExternRef, Extern, "externref"
}

impl ExternRef {
    /// Puts a value in the store.
    ///
    /// # Errors
    ///
    /// [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has no room for another object; when the system
    /// has no address space for a heap. Then the value is dropped.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Rooted<ExternRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let reference = store.allocate(|runtime| runtime.new_extern(Box::new(value)))?;
        Ok(store.root(reference))
    }

    /// The value; `None` for an object of WebAssembly's that came by [`ExternRef::convert_any`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn data<'a, T: 'a>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().opaque();
        Ok(store.runtime().extern_value(self.reference(store)?))
    }

    /// The value, to change.
    ///
    /// # Errors
    ///
    /// As [`ExternRef::data`].
    pub fn data_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let store = &mut store.into().into_loan().into_mut().opaque;
        let reference = self.reference(store)?;
        Ok(store.runtime_mut().extern_value_mut(reference))
    }

    /// An object as a value of the host (`extern.convert_any`): good as long as this one. A value of the host that came the other way
    /// is itself again.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn convert_any(store: impl AsContext, anyref: Rooted<AnyRef>) -> Result<Rooted<ExternRef>> {
        anyref.reference(store.as_context().opaque())?;
        Ok(Rooted::at(anyref.place()))
    }
}
