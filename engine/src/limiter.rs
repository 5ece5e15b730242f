//! Asking the embedder's limiter, of memories and tables that are to be made or to grow.
//!
//! Users call [`Store::limiter`]; the runtime compares its limits and leaves a question, which the runtime's builtins, or [`ask`] for what the
//! host does, put to the limiter while nobody holds the store. Answers come back as errors of this crate. One that
//! waits does so by `func::task`, as a host function does.

use crate::error::{Coded, Error, ErrorCode, Result};
#[cfg(feature = "async")]
use crate::func;
use crate::limits::ResourceLimiter;
#[cfg(feature = "async")]
use crate::limits::{Growing, ResourceLimiterAsync};
use crate::store::{Loan, Store, StoreInner, StoreOpaque, message_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho_runtime::limit::{Denied, Foreign, Limiter, Question};

impl<T: 'static> Store<T> {
    /// Has `limiter` say who decides, beside the store's [`Limits`](crate::Limits), whether memories and tables may be made and grow. It replaces the one
    /// before. The limiter has the store's data and nothing else of it.
    ///
    /// ```
    /// # use tancho::{Engine, Instance, Module, Result, Store, StoreLimits, StoreLimitsBuilder};
    /// # fn main() -> Result<()> {
    /// struct Data {
    ///     limits: StoreLimits,
    /// }
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, Data { limits: StoreLimitsBuilder::new().memory_size(1 << 20).build() });
    /// store.limiter(|data| &mut data.limits);
    /// let module = Module::new(&engine, "(module (memory 17))")?;
    /// assert!(Instance::new(&mut store, &module, &[]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn limiter(&mut self, limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static) {
        let asked = Asked { store: self.place(), limiter: Box::new(limiter) };
        self.loan().inner_mut().opaque.runtime_mut().set_limiter(Some(Box::new(asked)));
    }
}

/// Which limiter of the store's data is asked.
type Choose<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync>;

/// The limiter that the runtime asks: part of the store, and so gone with it.
struct Asked<T> {
    store: *mut StoreInner<T>,
    limiter: Choose<T>,
}

// SAFETY: the pointer is followed only by who holds the store exclusively, in whose hands the data may be: a store can be sent to another
// thread only where its data can.
unsafe impl<T> Send for Asked<T> {}

// SAFETY: by a shared reference nothing can be done with it.
unsafe impl<T> Sync for Asked<T> {}

#[cfg(feature = "async")]
impl<T: Send + 'static> Store<T> {
    /// The same as [`Store::limiter`], with a limiter that may take its time to answer. `memory.grow` and `table.grow` wait for it in calls by
    /// `call_async`, instantiation in `instantiate_async`, and the host in [`Memory::grow_async`](crate::Memory::grow_async) and its like. In
    /// what is not asynchronous it is polled once, and when it is not done then, the call ends in an error that says so.
    /// [`ResourceLimiterAsync`] has an example.
    pub fn limiter_async(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiterAsync) + Send + Sync + 'static,
    ) {
        let asked = AskedLater { store: self.place(), limiter: Box::new(limiter) };
        let mut loan = self.loan();
        let store = &mut loan.inner_mut().opaque;
        store.note_waits();
        store.runtime_mut().set_limiter(Some(Box::new(asked)));
    }
}

/// What a limiter has panicked with.
struct LimiterPanic(String);

/// A limiter's answer, or what it has panicked with, as the runtime passes it on.
pub(crate) fn answered<R>(question: impl FnOnce() -> Result<R>) -> Result<R, Foreign> {
    match catch_unwind(AssertUnwindSafe(question)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Box::new(error)),
        Err(payload) => Err(Box::new(LimiterPanic(message_of(payload)))),
    }
}

/// Puts questions to the store's limiter, for what the host makes or lets grow. On a fiber it may wait.
///
/// # Errors
///
/// When one of the answers is no.
pub(crate) fn ask<T>(
    store: &mut Loan<'_, T>,
    questions: impl IntoIterator<Item = Question>,
) -> std::result::Result<(), Denied> {
    // The loan is exclusive, and nothing is done with it before all are answered.
    let _ = store;
    // SAFETY: the questions are the store's, which is alive; what is borrowed of it is the loan alone, which holds no reference.
    questions.into_iter().try_for_each(|question| unsafe { question.ask() })
}

impl<T> Asked<T> {
    fn ask<R>(&mut self, question: impl FnOnce(&mut dyn ResourceLimiter) -> Result<R>) -> Result<R, Foreign> {
        // SAFETY: the store is alive, since this is a part of it. Whoever has the runtime ask holds the store exclusively, or is compiled
        // code to which it was given away; neither uses its data meanwhile.
        let data = unsafe { &mut (*self.store).data };
        answered(|| question((self.limiter)(data)))
    }
}

impl<T> Limiter for Asked<T> {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign> {
        self.ask(|limiter| limiter.memory_growing(current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, reason: &str) -> Result<(), Foreign> {
        self.ask(|limiter| limiter.memory_grow_failed(ErrorCode::Refused.error(reason.to_owned())))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign> {
        self.ask(|limiter| limiter.table_growing(current, desired, maximum))
    }

    fn table_grow_failed(&mut self, reason: &str) -> Result<(), Foreign> {
        self.ask(|limiter| limiter.table_grow_failed(ErrorCode::Refused.error(reason.to_owned())))
    }

    fn counts(&mut self) -> Result<[usize; 3], Foreign> {
        self.ask(|limiter| Ok([limiter.instances(), limiter.memories(), limiter.tables()]))
    }
}

/// Which limiter of the store's data is asked, and may wait.
#[cfg(feature = "async")]
type ChooseLater<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiterAsync) + Send + Sync>;

/// The limiter that the runtime asks, where its answers may take their time.
#[cfg(feature = "async")]
struct AskedLater<T> {
    store: *mut StoreInner<T>,
    limiter: ChooseLater<T>,
}

// SAFETY: as for `Asked`.
#[cfg(feature = "async")]
unsafe impl<T> Send for AskedLater<T> {}

// SAFETY: as for `Asked`.
#[cfg(feature = "async")]
unsafe impl<T> Sync for AskedLater<T> {}

#[cfg(feature = "async")]
impl<T> AskedLater<T> {
    fn ask<R>(&mut self, question: impl FnOnce(&mut dyn ResourceLimiterAsync) -> Result<R>) -> Result<R, Foreign> {
        // SAFETY: as in `Asked::ask`.
        let data = unsafe { &mut (*self.store).data };
        answered(|| question((self.limiter)(data)))
    }

    fn wait(&mut self, question: impl FnOnce(&mut dyn ResourceLimiterAsync) -> Growing<'_>) -> Result<bool, Foreign> {
        // SAFETY: the store is alive, since this is a part of it, and nobody holds a reference to what is in it while a limiter is asked.
        let store = unsafe { &raw mut (*self.store).opaque };
        answered(|| {
            // SAFETY: as above. Between compiled code, or an asynchronous call of the host's, and here there are the runtime's and this
            // crate's own frames. What they hold may change its thread where the data may, which `limiter_async` and asynchronous calls
            // ask for.
            let suspension = unsafe { func::suspension(store) };
            // SAFETY: as in `Asked::ask`.
            let data = unsafe { &mut (*self.store).data };
            let future = question((self.limiter)(data));
            // SAFETY: as above; the future has nothing of the store but its data.
            unsafe { func::wait(store, suspension, future) }?
        })
    }
}

#[cfg(feature = "async")]
impl<T> Limiter for AskedLater<T> {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign> {
        self.wait(|limiter| limiter.memory_growing(current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, reason: &str) -> Result<(), Foreign> {
        self.ask(|limiter| limiter.memory_grow_failed(ErrorCode::Refused.error(reason.to_owned())))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign> {
        self.wait(|limiter| limiter.table_growing(current, desired, maximum))
    }

    fn table_grow_failed(&mut self, reason: &str) -> Result<(), Foreign> {
        self.ask(|limiter| limiter.table_grow_failed(ErrorCode::Refused.error(reason.to_owned())))
    }

    fn counts(&mut self) -> Result<[usize; 3], Foreign> {
        self.ask(|limiter| Ok([limiter.instances(), limiter.memories(), limiter.tables()]))
    }
}

impl StoreOpaque {
    /// The error of what may not be: a limiter's own, or that a limit is exceeded.
    #[cold]
    pub(crate) fn denied(&mut self, denied: Denied) -> Error {
        let foreign = match denied {
            Denied::Limiter(foreign) => foreign,
            Denied::Exceeded(exceeded) => {
                return Error::new(exceeded).context(Coded::new(ErrorCode::Refused, "the store may not have so much"));
            }
            other => return ErrorCode::Refused.error(other.to_string()),
        };
        match foreign.downcast::<Error>() {
            Ok(error) => *error,
            Err(panic) => {
                let message = panic.downcast::<LimiterPanic>().map_or_else(|_| String::new(), |panic| panic.0);
                self.poison(&message);
                ErrorCode::HostPanic.error(format!("the store is poisoned: its resource limiter panicked: {message}"))
            }
        }
    }
}
