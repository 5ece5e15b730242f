//! Exceptions: as errors of the host, and by reference.
//!
//! An exception that nothing catches in WebAssembly comes out of the call as an [`Exception`] in the error. `func::host` throws one again
//! that a host function returns as its error.

use crate::context::AsContextMut;
use crate::error::{Context, Error, Result};
use crate::func::{lift_field, lower_val, object_reference};
use crate::gc::{Located, Owner, Rooted, referent};
use crate::store::StoreOpaque;
use crate::tag::{self, Tag};
use crate::types::ValType;
use crate::value::Val;
use std::fmt;
use std::sync::Arc;
use tancho_abi::index::TagIndex;
use tancho_abi::types::Hierarchy;
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::code::Code;

/// An exception, by value: its tag and what was thrown with it.
///
/// A call that an exception comes out of ends in an [`Error`] that holds one ([`Error::downcast_ref`]), with the backtrace of where it was
/// thrown. A host function throws it into its caller by returning it as its error; that it is the same error, with whatever contexts around
/// it, or a new one does not matter. In another store than its own it is an error like any other, which nothing catches.
///
/// It keeps what its values refer to. References among them are good as long as it, or a clone of it, lives, whatever scope they are used
/// in.
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
    /// References among them are owned by `_owners`.
    fields: Box<[Val]>,
    _owners: Arc<[Owner]>,
}

impl Exception {
    /// An exception with this tag and these values.
    ///
    /// # Errors
    ///
    /// When the values are not of the types of the tag, or one of them or the tag belongs to another store.
    pub fn new(mut store: impl AsContextMut, tag: Tag, fields: &[Val]) -> Result<Exception> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let ty = tag.ty_in(store)?;
        let types = ty.ty().params();
        if types.len() != fields.len() {
            return Err(Error::msg(format!(
                "an exception with the tag {ty} has {} values, and {} are given",
                types.len(),
                fields.len()
            )));
        }
        let lower = |(position, (field, ty)): (usize, (&Val, ValType))| {
            let lowered = field.require(&ty, store).and_then(|()| lower_val(*field, store));
            lowered.with_context(|| format!("value {position} of an exception"))
        };
        let values = fields.iter().zip(types).enumerate().map(lower).collect::<Result<Vec<ValRaw>>>()?;
        Ok(Self::of(tag.id(), &values, store))
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
    pub(crate) fn of(tag: tancho_runtime::store::TagId, values: &[ValRaw], store: &mut StoreOpaque) -> Exception {
        let tag = Tag::of(tag, store);
        let ty = tag.ty_in(store).expect("the tag has just been taken from the store");
        let mut owners = Vec::new();
        let lift = |(value, ty): (&ValRaw, ValType)| match own(value, &ty, store) {
            Some((reference, owner)) => {
                owners.push(owner);
                reference
            }
            None => lift_field(value, &ty, store),
        };
        let fields = values.iter().zip(ty.ty().params()).map(lift).collect();
        Exception { tag, origin: tag.origin(store), fields, _owners: owners.into() }
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
                reference => write!(f, "{}", reference.kind()),
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

/// A value of an exception, and who owns it; `None` when it is null or not what the collector keeps.
fn own(value: &ValRaw, ty: &ValType, store: &mut StoreOpaque) -> Option<(Val, Owner)> {
    let (hierarchy, reference) = object_reference(value, ty)?;
    let (place, owner) = store.own(reference);
    let value = match hierarchy {
        Hierarchy::Func => return None,
        Hierarchy::Any => Val::AnyRef(Some(Rooted::at(place))),
        Hierarchy::Extern => Val::ExternRef(Some(Rooted::at(place))),
        Hierarchy::Exn => Val::ExnRef(Some(Rooted::at(place))),
    };
    Some((value, owner))
}

referent! {
    /// A reference to an exception of a store. WebAssembly can hold it, hand it back and throw it.
    ///
    /// ```
    /// # use tancho::{Engine, Exception, ExnRef, FuncType, Result, Store, Tag, TagType, ValType};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I64], []))?)?;
    /// let exception = Exception::new(&mut store, tag, &[5_i64.into()])?;
    /// let reference = ExnRef::new(&mut store, &exception)?;
    /// assert_eq!(reference.tag(&mut store)?, tag);
    /// assert_eq!(reference.field(&mut store, 0)?.i64(), Some(5));
    /// # Ok(())
    /// # }
    /// ```
    ExnRef, Exn, "exnref"
}

impl ExnRef {
    /// Puts an exception in the store.
    ///
    /// # Errors
    ///
    /// When the exception belongs to another store; [`Trap::HeapExhausted`](crate::Trap::HeapExhausted) when the heap of the store has
    /// no room for another object.
    pub fn new(mut store: impl AsContextMut, exception: &Exception) -> Result<Rooted<ExnRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        exception.lower(store)?;
        let reference = store.allocate(|runtime| runtime.new_exception(exception.tag.id()))?;
        // Only now, since making the object may have moved what the values refer to.
        for (position, value) in (0..).zip(exception.lower(store)?) {
            let set = store.runtime_mut().set_exception_value(reference, position, value);
            set.context("an exception has not the values of its tag; this is a bug in Tancho")?;
        }
        Ok(store.root(reference))
    }

    /// The exception, by value.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn exception(&self, mut store: impl AsContextMut) -> Result<Exception> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (tag, values) = self.content(store)?;
        Ok(Exception::of(tag, &values, store))
    }

    /// Its tag.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (tag, _) = self.content(store)?;
        Ok(Tag::of(tag, store))
    }

    /// Value `index`.
    ///
    /// # Errors
    ///
    /// When there are fewer values; when it belongs to another store, or its scope has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (tag, values) = self.content(store)?;
        let ty = Tag::of(tag, store).ty_in(store)?;
        let found = values.get(index).zip(ty.ty().param(index));
        let (value, ty) = found.with_context(|| format!("an exception with the tag {ty} has no value {index}"))?;
        Ok(lift_field(value, &ty, store))
    }

    fn content(&self, store: &StoreOpaque) -> Result<(tancho_runtime::store::TagId, Vec<ValRaw>)> {
        let found = store.runtime().exception(self.reference(store)?);
        found.context("a reference does not refer to an exception; this is a bug in Tancho")
    }
}
