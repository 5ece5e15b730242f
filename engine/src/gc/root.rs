//! Roots: how a program holds references to what the collector keeps.
//!
//! All that gives or takes such a reference goes through here. A reference that is held outside of WebAssembly is a place in a list of
//! its store's roots, where the collector finds it and keeps it true; the program has the place. A place that has been given up is known
//! as such for ever, so whatever is done with it is an error and never another object.

use crate::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::error::{Error, Result};
use crate::handle::StoreId;
use crate::store::StoreOpaque;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tancho_abi::types as abi;
use tancho_runtime::gc::{OwnedRoot, Root, ScopeMark};

/// What a [`Rooted`] can refer to: [`AnyRef`](crate::AnyRef), [`EqRef`](crate::EqRef), [`StructRef`](crate::StructRef),
/// [`ArrayRef`](crate::ArrayRef), [`ExternRef`](crate::ExternRef), [`ExnRef`](crate::ExnRef).
pub trait GcRef: Referent {}

impl<T: Referent> GcRef for T {}

/// A kind of referent.
pub trait Referent: Copy + fmt::Debug + Send + Sync + 'static {
    /// Its type.
    const HEAP: abi::HeapType;
    /// What messages call a reference to it.
    const WHAT: &'static str;

    /// The reference at a place, which is of this kind.
    fn at(place: Place) -> Self;

    /// Where the reference is.
    fn place(&self) -> Place;
}

/// Declares a kind of referent.
macro_rules! referent {
    ($(#[$doc:meta])* $name:ident, $heap:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name($crate::gc::Place);

        impl $crate::gc::Referent for $name {
            const HEAP: tancho_abi::types::HeapType = tancho_abi::types::HeapType::$heap;
            const WHAT: &'static str = $what;

            #[inline]
            fn at(place: $crate::gc::Place) -> Self {
                $name(place)
            }

            #[inline]
            fn place(&self) -> $crate::gc::Place {
                self.0
            }
        }
    };
}

pub(crate) use referent;

/// A place among the roots of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    store: StoreId,
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kept {
    /// Until its scope ends.
    InScope(Root),
    /// Until nobody owns it.
    Owned(OwnedRoot),
}

/// A reference of a store that stays good until the scope ends in which it came to be: see [`RootScope`]. Cheap to copy.
///
/// It keeps what it refers to. A host function has a scope of its own, which ends when it returns; where there is no scope, a reference
/// stays good as long as the store lives, and what it refers to stays as long. To use it after the end of its scope is an error. What
/// has to stay longer, or for a shorter time than the store, goes into an [`OwnedRooted`].
///
/// ```
/// # use tancho::{Engine, ExternRef, Result, RootScope, Rooted, Store};
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let outer = ExternRef::new(&mut store, "stays")?;
/// let inner = {
///     let mut scope = RootScope::new(&mut store);
///     let inner = ExternRef::new(&mut scope, "goes")?;
///     assert!(!Rooted::ref_eq(&scope, &outer, &inner)?);
///     inner
/// };
/// assert!(inner.data(&store).unwrap_err().to_string().contains("unrooted"));
/// assert!(outer.data(&store).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Rooted<T: GcRef>(T);

/// A reference that stays good until it is dropped, wherever it is. Clones share it.
///
/// ```
/// # use tancho::{Engine, ExternRef, Result, RootScope, Store};
/// # fn main() -> Result<()> {
/// let mut store = Store::new(&Engine::default(), ());
/// let kept = {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, 7_u8)?.to_owned_rooted(&mut scope)?
/// };
/// store.gc();
/// assert_eq!(kept.data(&store)?.and_then(|value| value.downcast_ref::<u8>()), Some(&7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OwnedRooted<T: GcRef> {
    reference: T,
    _owner: Arc<Owner>,
}

/// A [`Rooted`] or an [`OwnedRooted`].
pub trait RootedGcRef<T: GcRef>: Deref<Target = T> {}

impl<T: GcRef> RootedGcRef<T> for Rooted<T> {}

impl<T: GcRef> RootedGcRef<T> for OwnedRooted<T> {}

/// Ends what it was told of when it is dropped: a root that is owned.
#[derive(Debug)]
pub(crate) struct Owner {
    root: OwnedRoot,
    released: Arc<Released>,
}

/// Roots of a store that nobody owns any more. The store is not at hand where they are given up, and takes notice when it is used next.
#[derive(Default, Debug)]
pub(crate) struct Released {
    any: AtomicBool,
    roots: Mutex<Vec<OwnedRoot>>,
}

impl Released {
    /// Whether nobody owns this root any more, and the store has not taken notice.
    fn has(&self, root: OwnedRoot) -> bool {
        self.any.load(Ordering::Acquire) && self.roots.lock().unwrap_or_else(PoisonError::into_inner).contains(&root)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // A push that panics leaves the list as it was.
        let mut roots = self.released.roots.lock().unwrap_or_else(PoisonError::into_inner);
        roots.push(self.root);
        self.released.any.store(true, Ordering::Release);
    }
}

impl<T: GcRef> Rooted<T> {
    #[inline]
    pub(crate) fn at(place: Place) -> Rooted<T> {
        Rooted(T::at(place))
    }

    /// The same reference, good until it is dropped.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let reference = self.reference(store)?;
        let (place, owner) = store.own(reference);
        Ok(OwnedRooted { reference: T::at(place), _owner: Arc::new(owner) })
    }

    /// Whether both are one root; two roots can be of one object: see [`Rooted::ref_eq`].
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.place() == b.place()
    }

    /// Whether both refer to the same object, or are the same `i31` (§4.6.3, `ref.eq`).
    ///
    /// # Errors
    ///
    /// When one of them belongs to another store, or its scope has ended.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        let context = store.as_context();
        Ok(a.reference(context.opaque())? == b.reference(context.opaque())?)
    }
}

impl<T: GcRef> OwnedRooted<T> {
    /// The same reference, good until the present scope ends.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Result<Rooted<T>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let reference = self.reference(store)?;
        Ok(store.root(reference))
    }

    /// Whether both refer to the same object: as [`Rooted::ref_eq`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.reference
    }
}

impl<T: GcRef> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rooted({:?})", self.0)
    }
}

impl<T: GcRef> fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnedRooted({:?})", self.reference)
    }
}

/// What every kind of referent has in common.
pub(crate) trait Located: Referent {
    /// What compiled code has for the reference: never 0. Good until something can collect.
    ///
    /// # Errors
    ///
    /// When it belongs to another store, or its scope has ended.
    #[inline]
    fn reference(&self, store: &StoreOpaque) -> Result<u32> {
        let place = self.place();
        place.store.check(store, Self::WHAT)?;
        let found = match place.kept {
            Kept::InScope(root) => store.runtime().rooted(root),
            // Whether the store has taken notice already must not show.
            Kept::Owned(root) if store.released().has(root) => None,
            Kept::Owned(root) => store.runtime().owned(root),
        };
        found.ok_or_else(|| unrooted(Self::WHAT))
    }
}

impl<T: Referent> Located for T {}

#[cold]
fn unrooted(what: &str) -> Error {
    Error::msg(format!(
        "this {what} has been unrooted: the scope that it was made in has ended, or its owner has been dropped"
    ))
}

impl StoreOpaque {
    /// Keeps a reference of the store, not 0 and of kind `T`, until the present scope ends. Nothing is collected.
    #[inline]
    pub(crate) fn root<T: GcRef>(&mut self, reference: u32) -> Rooted<T> {
        Rooted::at(Place { store: self.id(), kept: Kept::InScope(self.runtime_mut().root(reference)) })
    }

    /// The same for one that may be null.
    #[inline]
    pub(crate) fn root_nullable<T: GcRef>(&mut self, reference: u32) -> Option<Rooted<T>> {
        (reference != 0).then(|| self.root(reference))
    }

    /// Keeps a reference of the store, not 0, as long as the owner lives. Nothing is collected.
    pub(crate) fn own(&mut self, reference: u32) -> (Place, Owner) {
        self.forget_released();
        let root = self.runtime_mut().own(reference);
        let owner = Owner { root, released: self.released().clone() };
        (Place { store: self.id(), kept: Kept::Owned(root) }, owner)
    }

    /// Gives up the roots that nobody owns any more.
    #[inline]
    pub(crate) fn forget_released(&mut self) {
        if self.released().any.load(Ordering::Acquire) {
            self.forget_now();
        }
    }

    #[cold]
    fn forget_now(&mut self) {
        let released = self.released().clone();
        let mut list = released.roots.lock().unwrap_or_else(PoisonError::into_inner);
        released.any.store(false, Ordering::Release);
        let roots = std::mem::take(&mut *list);
        drop(list);
        for root in roots {
            self.runtime_mut().disown(root);
        }
    }
}

/// A scope for references: those that come to be in it are good until it is dropped.
///
/// It is used in place of the store. See [`Rooted`].
#[derive(Debug)]
pub struct RootScope<C: AsContextMut> {
    store: C,
    id: StoreId,
    mark: Option<ScopeMark>,
}

impl<C: AsContextMut> RootScope<C> {
    /// Opens a scope in a store.
    pub fn new(mut store: C) -> RootScope<C> {
        let mut context = store.as_context_mut();
        let opaque = context.opaque_mut();
        let (id, mark) = (opaque.id(), opaque.runtime_mut().open_scope());
        RootScope { store, id, mark: Some(mark) }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        let mut context = self.store.as_context_mut();
        let store = context.opaque_mut();
        // A context of the user's own making may have another store now.
        if let (Some(mark), true) = (self.mark.take(), store.id() == self.id) {
            store.runtime_mut().close_scope(mark);
        }
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
