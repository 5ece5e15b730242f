//! The end of a store's epoch: what is done about it, and asking the program in the middle of WebAssembly.
//!
//! Users say it by [`Store::epoch_deadline_trap`], [`Store::epoch_deadline_callback`] and
//! [`Store::epoch_deadline_async_yield_and_update`]; the runtime asks [`ask`] at a site of interruption. Compiled code stands there in the
//! middle of a function, and the collector does not know which of its registers are references. So while the program is asked, and while a
//! call waits there, the store is stopped (`StoreOpaque::begin_stop`): what would run, collect, move or grow something in it is refused.

#[cfg(feature = "async")]
use super::task;
use crate::context::StoreContextMut;
use crate::error::{ErrorCode, Result};
use crate::store::{Loan, Store, StoreInner, message_of};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tancho_runtime::site::{Decision, Reason, SiteHook};

/// What becomes of WebAssembly when its store's epoch has come: the answer of an [`epoch_deadline_callback`](Store::epoch_deadline_callback).
///
/// ```
/// # use tancho::{Engine, Store, UpdateDeadline};
/// let mut store = Store::new(&Engine::default(), 100);
/// // Has a hundred epochs, and lets others have their turn after each.
/// store.epoch_deadline_callback(|mut store| {
///     *store.data_mut() -= 1;
///     Ok(if *store.data() == 0 { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
/// });
/// store.set_epoch_deadline(1);
/// ```
#[non_exhaustive]
pub enum UpdateDeadline {
    /// It ends by [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// It goes on, until the engine has counted so many epochs more: one at least.
    Continue(u64),
    /// The call that it runs in waits and has its task polled again at once, so that others have their turn; then it goes on until the
    /// engine has counted so many epochs more. Where the call cannot wait, since it is none by `call_async` or a synchronous one runs
    /// within, it goes on as it is.
    Yield(u64),
    /// The same, but it waits until the future is done. Where it cannot wait, the future is polled once and dropped.
    YieldCustom(u64, Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl fmt::Debug for UpdateDeadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpdateDeadline::Interrupt => f.write_str("Interrupt"),
            UpdateDeadline::Continue(ticks) => f.debug_tuple("Continue").field(ticks).finish(),
            UpdateDeadline::Yield(ticks) => f.debug_tuple("Yield").field(ticks).finish(),
            UpdateDeadline::YieldCustom(ticks, _) => f.debug_tuple("YieldCustom").field(ticks).finish_non_exhaustive(),
        }
    }
}

/// A program's own answer.
type Callback<T> = Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync>;

/// What is done at the end of a store's epoch.
pub(crate) enum EpochEnd<T> {
    /// What runs ends.
    Trap,
    /// It yields, and has so many epochs more.
    #[cfg_attr(not(feature = "async"), expect(dead_code, reason = "nothing can wait"))]
    Yield(u64),
    /// The program is asked.
    Ask(Callback<T>),
}

impl<T> Store<T> {
    /// Has what runs ended by [`Trap::Interrupt`](crate::Trap::Interrupt) when the store's
    /// [epoch](Store::set_epoch_deadline) has come. So it is at first.
    pub fn epoch_deadline_trap(&mut self) {
        let mut loan = self.loan();
        loan.inner_mut().epoch_end = EpochEnd::Trap;
        // SAFETY: nobody is to be called.
        unsafe { loan.inner_mut().opaque.runtime_mut().set_epoch_hook(None) };
    }

    /// Has `callback` decide what becomes of what runs when the store's [epoch](Store::set_epoch_deadline) has come. It is called in the
    /// middle of WebAssembly, in a loop or at the beginning of a function, on its thread. It can read and change the store's data, memories,
    /// tables and globals. What would run something in the store, make an object in it, or grow something of it, is an error there, and
    /// collections are put off. Its error ends the call, and comes out of it unchanged. What it writes to globals and memories a loop may see
    /// late, or never where it calls nothing, unless the code was compiled with
    /// [`Config::epoch_interruption(true)`](crate::Config::epoch_interruption).
    ///
    /// It is called where a thread waits in a shared memory, too, which waits on if it says so; there nothing yields. A call that waits for an
    /// asynchronous host function is asked when that has returned, since the function has the store until then:
    /// [`interrupt_handle`](Store::interrupt_handle) and [`set_deadline`](Store::set_deadline) end it at once. Where less of the stack is
    /// left than a host function may rely on, it is not called, and WebAssembly ends by
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// ```
    /// # use tancho::{Engine, Instance, Module, Result, Store, UpdateDeadline};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (func (export "f") (loop $l (br $l))))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "f")?;
    /// store.set_epoch_deadline(1);
    /// store.epoch_deadline_callback(|mut store| {
    ///     *store.data_mut() += 1;
    ///     Ok(if *store.data() < 3 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    /// });
    /// std::thread::scope(|scope| {
    ///     let (ended, engine) = (std::sync::atomic::AtomicBool::new(false), &engine);
    ///     let ended = &*Box::leak(Box::new(ended));
    ///     scope.spawn(move || {
    ///         while !ended.load(std::sync::atomic::Ordering::Relaxed) {
    ///             engine.increment_epoch();
    ///             std::thread::sleep(std::time::Duration::from_millis(1));
    ///         }
    ///     });
    ///     assert!(f.call(&mut store, ()).is_err());
    ///     ended.store(true, std::sync::atomic::Ordering::Relaxed);
    /// });
    /// assert_eq!(*store.data(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync + 'static,
    ) {
        self.end_epochs_by(EpochEnd::Ask(Box::new(callback)));
    }

    /// Has an asynchronous call wait when the store's [epoch](Store::set_epoch_deadline) has come, with its task polled again at once, so
    /// that others have their turn; then it goes on until the engine has counted `delta` epochs more. See [`UpdateDeadline::Yield`].
    #[cfg(feature = "async")]
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.end_epochs_by(EpochEnd::Yield(delta));
    }

    /// Has an asynchronous call wait whenever so much [fuel](Store::set_fuel) has been spent, with its task polled again at once, so that
    /// others have their turn. Where that is, is the same on every machine and in every run; a call that cannot wait goes on. `None`, as at
    /// first: it does not wait for this.
    ///
    /// ```
    /// # use tancho::{Config, Engine, Instance, Module, Result, Store};
    /// # async fn run() -> Result<()> {
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "f") (loop $l (br $l))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(1_000_000)?;
    /// store.fuel_async_yield_interval(Some(10_000))?;
    /// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "f")?;
    /// // Waits a hundred times, and has no more fuel then.
    /// assert!(f.call_async(&mut store, ()).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the engine's code consumes no fuel ([`Config::consume_fuel`](crate::Config::consume_fuel)), and for an interval of 0.
    #[cfg(feature = "async")]
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        let mut loan = self.loan();
        let data = loan.pointer().cast();
        let store = &mut loan.inner_mut().opaque;
        store.require_fuel()?;
        if interval == Some(0) {
            return Err(ErrorCode::Configuration
                .error("an interval of 0 units of fuel ends before anything has run: give 1 at least, or `None`"));
        }
        let interval = interval.and_then(std::num::NonZeroU64::new);
        if interval.is_some() {
            store.note_waits();
        }
        // SAFETY: the store's inside does not move, and lives as long as its code runs; `ask` does not panic.
        unsafe { store.runtime_mut().set_fuel_interval(interval, SiteHook { ask: ask::<T>, data }) };
        Ok(())
    }

    fn end_epochs_by(&mut self, end: EpochEnd<T>) {
        let mut loan = self.loan();
        let data = loan.pointer().cast();
        let inner = loan.inner_mut();
        inner.epoch_end = end;
        inner.opaque.note_waits();
        // SAFETY: the store's inside does not move, and lives as long as its code runs; `ask` does not panic.
        unsafe { inner.opaque.runtime_mut().set_epoch_hook(Some(SiteHook { ask: ask::<T>, data })) };
    }
}

/// Decides what becomes of WebAssembly.
///
/// # Safety
///
/// `inner` is the inside of a store with data of type `T`, whose code has been stopped at a site of interruption.
unsafe fn ask<T>(inner: *mut (), reason: Reason) -> Decision {
    let inner = inner.cast::<StoreInner<T>>();
    // SAFETY: the store was given away by who called compiled code, which waits for this. No reference is held across a call.
    unsafe {
        (*inner).opaque.begin_stop();
        let decided = catch_unwind(AssertUnwindSafe(|| match reason {
            Reason::Epoch => act(inner, update(inner)?),
            Reason::Fuel => wait(inner, Box::pin(Once(false))).map(|()| Decision::GoOn),
        }));
        (*inner).opaque.end_stop();
        let error = match decided {
            Ok(Ok(decision)) => return decision,
            Ok(Err(error)) => error,
            Err(payload) => {
                let text = message_of(payload);
                (*inner).opaque.poison(&text);
                ErrorCode::HostPanic.error(format!(
                    "what is called at the end of an epoch or of a turn panicked, and the store is poisoned: {text}"
                ))
            }
        };
        (*inner).opaque.set_pending(error);
        Decision::Fail
    }
}

/// What is to be done.
///
/// # Safety
///
/// As for [`ask`].
unsafe fn update<T>(inner: *mut StoreInner<T>) -> Result<UpdateDeadline> {
    // SAFETY: the caller's promise. The callback is taken out while it has the store.
    unsafe {
        match std::mem::replace(&mut (*inner).epoch_end, EpochEnd::Trap) {
            EpochEnd::Trap => Ok(UpdateDeadline::Interrupt),
            EpochEnd::Yield(delta) => {
                (*inner).epoch_end = EpochEnd::Yield(delta);
                Ok(UpdateDeadline::Yield(delta))
            }
            EpochEnd::Ask(mut callback) => {
                let scope = (*inner).opaque.runtime_mut().open_scope();
                let update = callback(StoreContextMut::of(Loan::new(inner)));
                (*inner).opaque.runtime_mut().close_scope(scope);
                (*inner).epoch_end = EpochEnd::Ask(callback);
                update
            }
        }
    }
}

/// Does it.
///
/// # Safety
///
/// As for [`ask`].
unsafe fn act<T>(inner: *mut StoreInner<T>, update: UpdateDeadline) -> Result<Decision> {
    let ticks = match update {
        UpdateDeadline::Interrupt => return Ok(Decision::Interrupt),
        UpdateDeadline::Continue(ticks) => ticks,
        UpdateDeadline::Yield(ticks) => {
            // SAFETY: the caller's promise.
            unsafe { wait(inner, Box::pin(Once(false)))? };
            ticks
        }
        UpdateDeadline::YieldCustom(ticks, future) => {
            // SAFETY: the caller's promise.
            unsafe { wait(inner, future)? };
            ticks
        }
    };
    // With none it would be asked again before it has gone on.
    // SAFETY: the caller's promise.
    unsafe { (*inner).opaque.set_epoch_deadline(ticks.max(1)) };
    Ok(Decision::GoOn)
}

/// Waits for a future, where the call can.
///
/// # Errors
///
/// When the call is to end.
///
/// # Safety
///
/// As for [`ask`].
unsafe fn wait<T>(inner: *mut StoreInner<T>, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<()> {
    #[cfg(feature = "async")]
    // SAFETY: the caller's promise. Between compiled code and here there are the runtime's frames only.
    unsafe {
        let store = &raw mut (*inner).opaque;
        if let Some(suspension) = task::suspension(store) {
            return task::wait_by(store, suspension, future);
        }
    }
    #[cfg(not(feature = "async"))]
    let _ = inner;
    let mut future = future;
    // It is polled for what it does, and nobody waits for it.
    let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    Ok(())
}

/// Waits once, with its task to be polled again at once.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
