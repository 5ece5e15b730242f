//! Contexts: the several ways in which a store can be at hand.
//!
//! Every method of a handle takes one: a store, a reference to it, the caller of a host function, or what these
//! become in between.

use crate::engine::Engine;
use crate::func::Caller;
use crate::store::{Loan, Store, StoreInner, StoreOpaque};

/// A store that can be read.
pub trait AsContext {
    /// The data that the store holds.
    type Data;

    /// The store itself.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// A store that can be changed.
pub trait AsContextMut: AsContext {
    /// The store itself.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

/// A store, borrowed to be read.
pub struct StoreContext<'a, T>(&'a StoreInner<T>);

/// A store, borrowed to be changed.
pub struct StoreContextMut<'a, T>(Loan<'a, T>);

impl<'a, T> StoreContext<'a, T> {
    /// The program's own data.
    pub fn data(&self) -> &'a T {
        &self.0.data
    }

    /// The engine.
    pub fn engine(&self) -> &'a Engine {
        self.0.opaque.engine()
    }

    #[inline]
    pub(crate) fn opaque(&self) -> &'a StoreOpaque {
        &self.0.opaque
    }
}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<'a, T> StoreContextMut<'a, T> {
    /// The program's own data.
    pub fn data(&self) -> &T {
        &self.0.inner().data
    }

    /// The program's own data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.0.inner_mut().data
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.0.inner().opaque.engine()
    }

    /// Collects what nothing refers to: see [`Store::gc`].
    pub fn gc(&mut self) {
        self.opaque_mut().collect();
    }

    #[inline]
    pub(crate) fn loan(&mut self) -> &mut Loan<'a, T> {
        &mut self.0
    }

    #[inline]
    pub(crate) fn into_loan(self) -> Loan<'a, T> {
        self.0
    }

    #[inline]
    pub(crate) fn opaque(&self) -> &StoreOpaque {
        &self.0.inner().opaque
    }

    #[inline]
    pub(crate) fn opaque_mut(&mut self) -> &mut StoreOpaque {
        &mut self.0.inner_mut().opaque
    }
}

impl<T> AsContext for Store<T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.inner())
    }
}

impl<T> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.loan())
    }
}

impl<S: AsContext> AsContext for &S {
    type Data = S::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContext> AsContext for &mut S {
    type Data = S::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContextMut> AsContextMut for &mut S {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, S::Data> {
        S::as_context_mut(self)
    }
}

impl<T> AsContext for StoreContext<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0.inner())
    }
}

impl<T> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0.reborrow())
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.loan().inner())
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.loan_mut().reborrow())
    }
}

impl<'a, T> From<Caller<'a, T>> for StoreContextMut<'a, T> {
    fn from(caller: Caller<'a, T>) -> Self {
        StoreContextMut(caller.into_loan())
    }
}

impl<'a, S: AsContext> From<&'a S> for StoreContext<'a, S::Data> {
    fn from(store: &'a S) -> Self {
        store.as_context()
    }
}

impl<'a, S: AsContext> From<&'a mut S> for StoreContext<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        S::as_context(store)
    }
}

impl<'a, S: AsContextMut> From<&'a mut S> for StoreContextMut<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        store.as_context_mut()
    }
}
