//! What asks the embedder's limiter: the runtime, of memories and tables that are to be made or to grow.
//!
//! Users call [`Store::limiter`]; the runtime asks by its own trait, whose answers come back as errors of this crate.

use crate::error::{Coded, Error, ErrorCode, Result};
use crate::limits::ResourceLimiter;
use crate::store::{Store, StoreInner, StoreOpaque, message_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho_runtime::limit::{Denied, Foreign, Limiter};

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
        let data = self.place();
        let asked = Asked { store: data, limiter: Box::new(limiter) };
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

/// What a limiter has panicked with.
struct LimiterPanic(String);

impl<T> Asked<T> {
    fn ask<R>(&mut self, question: impl FnOnce(&mut dyn ResourceLimiter) -> Result<R>) -> Result<R, Foreign> {
        // SAFETY: the store is alive, since this is a part of it. Whoever has the runtime ask holds the store exclusively, or is compiled
        // code to which it was given away; neither uses its data meanwhile.
        let data = unsafe { &mut (*self.store).data };
        match catch_unwind(AssertUnwindSafe(|| question((self.limiter)(data)))) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Box::new(error)),
            Err(payload) => Err(Box::new(LimiterPanic(message_of(payload)))),
        }
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
