//! Exceptions: as errors of the host, and by reference.
//!
//! An exception that nothing catches in WebAssembly comes out of the call as an [`Exception`] in the error. `func::host` throws one again
//! that a host function returns as its error.

use crate::context::{AsContext, AsContextMut};
use crate::error::{Context, Error, Result};
use crate::func::{lift_values, lower_val};
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use crate::tag::{self, Tag};
use crate::value::Val;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use tancho_abi::index::TagIndex;
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::code::Code;

/// An exception, by value: its tag and what was thrown with it.
///
/// A call that an exception comes out of ends in an [`Error`] that holds one ([`Error::downcast_ref`]), with the backtrace of where it was
/// thrown. A host function throws it into its caller by returning it as its error; that it is the same error, with whatever contexts around
/// it, or a new one does not matter. In another store than its own it is an error like any other, which nothing catches.
///
/// ```
/// # use tancho::{Engine, Exception, FuncType, Module, Instance, Result, Store, Tag, TagType, Val, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (tag $t (export "t") (param i32))
///         (func (export "f") (throw $t (i32.const 7))))"#,
/// )?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
/// let error = f.call(&mut store, ()).unwrap_err();
/// let exception = error.downcast_ref::<Exception>().expect("it is one");
/// assert_eq!(Some(exception.tag()), instance.get_tag(&mut store, "t"));
/// assert_eq!(exception.fields()[0].i32(), Some(7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Exception {
    tag: Tag,
    /// Where the tag's name can be found.
    origin: Option<(Arc<Code>, TagIndex)>,
    fields: Box<[Val]>,
}

impl Exception {
    /// An exception with this tag and these values.
    ///
    /// # Errors
    ///
    /// When the values are not of the types of the tag, or one of them or the tag belongs to another store.
    pub fn new(store: impl AsContext, tag: Tag, fields: &[Val]) -> Result<Exception> {
        let context = store.as_context();
        let store = context.opaque();
        let ty = tag.ty_in(store)?;
        let types = ty.ty().params();
        if types.len() != fields.len() {
            return Err(Error::msg(format!(
                "an exception with the tag {ty} has {} values, and {} are given",
                types.len(),
                fields.len()
            )));
        }
        for (position, (field, ty)) in fields.iter().zip(types).enumerate() {
            let right = field.require_store(store).and_then(|()| field.require(&ty, store));
            right.with_context(|| format!("value {position} of an exception"))?;
        }
        Ok(Exception { tag, origin: tag.origin(store), fields: fields.into() })
    }

    /// Its tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Its values.
    pub fn fields(&self) -> &[Val] {
        &self.fields
    }

    /// What the store has.
    pub(crate) fn of(tag: tancho_runtime::store::TagId, values: &[ValRaw], store: &StoreOpaque) -> Exception {
        let tag = Tag::of(tag, store);
        Exception { tag, origin: tag.origin(store), fields: lift_values(tag, values, store) }
    }

    /// What compiled code has for its values.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or a value is a host function that cannot be made into a reference.
    pub(crate) fn lower(&self, store: &mut StoreOpaque) -> Result<Vec<ValRaw>> {
        self.tag.store().check(store, "exception")?;
        self.fields.iter().map(|field| lower_val(*field, store)).collect()
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uncaught exception: {}", tag::label(self.origin.as_ref()))?;
        for (position, field) in self.fields.iter().enumerate() {
            f.write_str(if position == 0 { " with " } else { ", " })?;
            match field {
                Val::I32(value) => write!(f, "i32 {value}"),
                Val::I64(value) => write!(f, "i64 {value}"),
                Val::F32(bits) => write!(f, "f32 {}", f32::from_bits(*bits)),
                Val::F64(bits) => write!(f, "f64 {}", f64::from_bits(*bits)),
                Val::V128(vector) => write!(f, "v128 {:#034x}", vector.as_u128()),
                reference => write!(f, "{}", reference.ty()),
            }?;
        }
        Ok(())
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exception").field("tag", &self.tag).field("fields", &self.fields).finish()
    }
}

impl std::error::Error for Exception {}

/// A reference to an exception of a store. WebAssembly can hold it, hand it back and throw it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExnRef {
    store: StoreId,
    handle: NonZeroU32,
}

impl ExnRef {
    /// Puts an exception in the store. It stays there as long as the store lives.
    ///
    /// # Errors
    ///
    /// When the exception belongs to another store, or those of this one take as much memory as they may
    /// ([`Config::exception_memory`](crate::Config::exception_memory)).
    pub fn new(mut store: impl AsContextMut, exception: &Exception) -> Result<ExnRef> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let values = exception.lower(store)?;
        let handle = store.runtime_mut().new_exception(exception.tag.id(), &values)?;
        ExnRef::of_handle(handle, store).context("the store has no room for another exception")
    }

    /// The exception.
    ///
    /// # Errors
    ///
    /// When it is in another store.
    pub fn exception(&self, store: impl AsContext) -> Result<Exception> {
        let context = store.as_context();
        let store = context.opaque();
        self.store.check(store, "exnref")?;
        let (tag, values) =
            store.runtime().exception(self.handle.get()).context("the store does not know this exnref")?;
        Ok(Exception::of(tag, values, store))
    }

    /// What compiled code has for it; 0 is null.
    pub(crate) fn to_handle(value: Option<ExnRef>, store: &StoreOpaque) -> Result<u32> {
        let Some(value) = value else { return Ok(0) };
        value.store.check(store, "exnref")?;
        Ok(value.handle.get())
    }

    pub(crate) fn of_handle(handle: u32, store: &StoreOpaque) -> Option<ExnRef> {
        Some(ExnRef { store: store.id(), handle: NonZeroU32::new(handle)? })
    }
}
