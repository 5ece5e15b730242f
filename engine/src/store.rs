//! A store: all that runs, and the program's own data.
//!
//! Users own a [`Store`]; every other file works on the part that does not depend on the data's type,
//! [`StoreOpaque`]. Host functions get their store back by a raw pointer from the records that `func::host` keeps, so
//! here, and only here, is it decided who may hold a reference to a store and when: nobody holds one while compiled
//! code runs.

use crate::context::AsContext;
use crate::deadline::Deadlines;
use crate::engine::Engine;
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use crate::exception::Exception;
use crate::func::{EpochEnd, Hook, HostRecord};
use crate::func_type::FuncType;
use crate::gc::Released;
use crate::handle::StoreId;
use crate::limits::Limits;
use crate::module::Module;
use crate::types::ValType;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::VmStore;
use tancho_runtime::store::Store as RuntimeStore;

pub use tancho_runtime::gc::HeapStats;
pub use tancho_runtime::interrupt::InterruptHandle;

/// All that runs, and the program's own data of type `T`.
///
/// What is made in a store lives as long as the store: drop it to free everything.
///
/// ```
/// # use tancho::{Engine, Store};
/// let mut store = Store::new(&Engine::default(), vec!["what", "the", "program"]);
/// store.data_mut().push("needs");
/// assert_eq!(store.into_data().len(), 4);
/// ```
pub struct Store<T> {
    /// Made by `Box::into_raw`. `*mut`, so that `T` is invariant: host functions read and write data of exactly this
    /// type.
    inner: *mut StoreInner<T>,
    owned: PhantomData<StoreInner<T>>,
}

// SAFETY: a store owns all that it points to; what is in it is `Send` when the data is (`StoreOpaque` says why it is).
unsafe impl<T: Send> Send for Store<T> {}

// SAFETY: by a shared reference to a store, things are only read, the data among them.
unsafe impl<T: Sync> Sync for Store<T> {}

/// How many types a store remembers: few, because they are searched one by one.
const RECENT_TYPES: usize = 8;

/// What a [`Store`] points to. Its address does not change.
pub(crate) struct StoreInner<T> {
    pub(crate) opaque: StoreOpaque,
    /// What is done when the store's epoch has come.
    pub(crate) epoch_end: EpochEnd<T>,
    pub(crate) data: T,
}

/// The part of a store that does not depend on the data's type. `pub` because it stands in traits that are; nobody
/// outside can name it.
pub struct StoreOpaque {
    /// The store's id, or `None` once it is poisoned, and where there is a hook, or a limit for the stack: calls compare their handle's id with
    /// this, so that one comparison does all of it.
    live: Option<StoreId>,
    vm: *mut VmStore,
    id: StoreId,
    engine: Engine,
    runtime: RuntimeStore,
    /// The error of the host function that has just come back to compiled code.
    pending: Option<Error>,
    /// The error of the host function that threw an exception last, and the number of that throw.
    thrown: Option<(u64, Error)>,
    /// How many exceptions host functions have thrown.
    throws: u64,
    /// What the host function that poisoned the store panicked with.
    poison: Option<Box<str>>,
    /// How many calls of the store are suspended. While the host's code runs there is none, unless one was forgotten.
    suspended: u32,
    /// Whether its code is stopped in the middle of a function, so that nothing can run, be collected, moved or grown.
    stopped: bool,
    /// Whether nothing has poisoned the store, and neither of these is so: one question for the three.
    alive: bool,
    /// Whether something that can be called may come to wait: then an asynchronous call needs a fiber.
    waits: bool,
    /// What host functions are found by. Compiled code has the addresses.
    hosts: Vec<Box<[HostRecord]>>,
    /// The modules whose trampolines may be used. One may be there twice.
    modules: Vec<Module>,
    /// When it is interrupted by itself.
    deadlines: Deadlines,
    /// What is told of calls. Not there while it runs.
    hook: Option<Hook>,
    /// Whether there is one.
    hooked: bool,
    /// How much it may have, as was asked for.
    limits: Limits,
    /// Roots that nobody owns any more.
    released: Arc<Released>,
    /// The types of functions called by array lately, so that calls need not ask the engine, which all threads share.
    recent_types: Vec<FuncType>,
}

// SAFETY: the raw pointers are to things that the store owns (`vm`) and
// are followed only by who holds the store.
unsafe impl Send for StoreOpaque {}

// SAFETY: as above: what is behind the pointers is changed by who holds the store exclusively.
unsafe impl Sync for StoreOpaque {}

impl<T> Store<T> {
    /// A store with this data.
    ///
    /// # Panics
    ///
    /// When [`Store::try_new`] would be an error: the system has no more memory for it.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        match Store::try_new(engine, data) {
            Ok(store) => store,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// A store with this data.
    ///
    /// # Errors
    ///
    /// When the system has no more memory for it.
    pub fn try_new(engine: &Engine, data: T) -> Result<Store<T>> {
        let mut runtime = RuntimeStore::new(engine.tunables().clone())
            .context(Coded::new(ErrorCode::Refused, "cannot make a store"))?;
        if let Some(limit) = engine.heap_limit() {
            runtime.set_heap_limit(limit);
        }
        runtime.set_backtrace_limit(engine.reports().frames);
        if engine.tunables().gc_zeal {
            runtime.verify_heap(true);
        }
        let id = StoreId::next();
        let opaque = StoreOpaque {
            live: Some(id),
            vm: runtime.vm(),
            id,
            engine: engine.clone(),
            runtime,
            pending: None,
            thrown: None,
            throws: 0,
            poison: None,
            suspended: 0,
            stopped: false,
            alive: true,
            waits: false,
            deadlines: Deadlines::new(engine),
            limits: Limits::new(),
            hosts: Vec::new(),
            modules: Vec::new(),
            hook: None,
            hooked: false,
            released: Arc::default(),
            recent_types: Vec::new(),
        };
        Ok(Store {
            inner: Box::into_raw(Box::new(StoreInner { opaque, epoch_end: EpochEnd::Trap, data })),
            owned: PhantomData,
        })
    }

    /// The program's own data.
    pub fn data(&self) -> &T {
        &self.inner().data
    }

    /// The program's own data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.loan().into_mut().data
    }

    /// Drops all but the program's own data.
    pub fn into_data(self) -> T {
        let store = std::mem::ManuallyDrop::new(self);
        // SAFETY: `inner` is from `Box::into_raw`, and `ManuallyDrop` keeps `Store::drop` from taking it a second time.
        let inner = unsafe { Box::from_raw(store.inner) };
        let StoreInner { opaque, epoch_end, data } = *inner;
        drop((opaque, epoch_end));
        data
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.inner().opaque.engine()
    }

    /// Collects: objects that nothing refers to make room for others, and values of the host among them are dropped. It is done without
    /// being asked where there is no room; this is for who wants it at a certain time.
    pub fn gc(&mut self) {
        self.loan().inner_mut().opaque.collect();
    }

    /// What the collector of the store has done so far.
    pub fn heap_stats(&self) -> HeapStats {
        self.inner().opaque.runtime().heap_stats()
    }

    /// How many bytes the store's heap may have, instead of what [`Config::gc_heap_limit`](crate::Config::gc_heap_limit) says. Where
    /// there is no room for an object, even after a collection, making it is the trap [`Trap::HeapExhausted`]. What is there already
    /// stays.
    pub fn set_gc_heap_limit(&mut self, bytes: u64) {
        self.loan().inner_mut().opaque.runtime_mut().set_heap_limit(bytes);
    }

    /// Whether the store's heap is checked after each collection: every reference that can be reached is to an object that is there, of
    /// the type that its place has. What is wrong is a bug of the engine, and ends the process with a message. Off by default, but where
    /// [`Config::gc_zeal`](crate::Config::gc_zeal) is on.
    pub fn verify_heap(&mut self, on: bool) {
        self.loan().inner_mut().opaque.runtime_mut().verify_heap(on);
    }

    /// How much fuel is left.
    ///
    /// # Errors
    ///
    /// When the engine's code consumes none: see [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn get_fuel(&self) -> Result<u64> {
        self.inner().opaque.fuel()
    }

    /// Replaces the fuel that is left: any number will do, and at first it is 0. A call that needs more than there is ends with
    /// [`Trap::OutOfFuel`](crate::Trap::OutOfFuel), after which nothing is left; the store is as good as before, and can be given more.
    ///
    /// ```
    /// # use tancho::{Config, Engine, Instance, Module, Result, Store, Trap};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "f") (loop $l (br $l))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
    /// store.set_fuel(10_000)?;
    /// let ended = f.call(&mut store, ()).unwrap_err();
    /// assert_eq!(ended.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
    /// assert_eq!(store.get_fuel()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the engine's code consumes none: see [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.loan().inner_mut().opaque.set_fuel(fuel)
    }

    /// Replaces the limits of the store. What there is already stays, and counts.
    ///
    /// # Errors
    ///
    /// When they have fuel and the engine's code consumes none, or bytes of stack and it does not compare for the end of its stack; when the system
    /// refuses the thread that looks after deadlines. Then the limits are as they were.
    pub fn set_limits(&mut self, limits: Limits) -> Result<()> {
        let opaque = &self.inner().opaque;
        if limits.runtime.stack_bytes != u64::MAX && opaque.engine.tunables().signals_based_traps {
            return Err(ErrorCode::Configuration.error(
                "bytes of stack can be limited only where compiled code compares for its end: make the engine with \
                 `Config::signals_based_traps(false)`, or give calls a thread with a smaller stack",
            ));
        }
        if limits.fuel.is_some() {
            opaque.require_fuel()?;
            opaque.require_at_rest()?;
        }
        if let Some(after) = limits.timeout {
            self.set_deadline(Instant::now().checked_add(after))?;
        }
        let mut loan = self.loan();
        let opaque = &mut loan.inner_mut().opaque;
        opaque.runtime.set_limits(limits.runtime);
        if let Some(fuel) = limits.fuel {
            opaque.set_fuel(fuel)?;
        }
        if let Some(bytes) = limits.gc_heap_bytes {
            opaque.runtime.set_heap_limit(bytes);
        }
        opaque.limits = limits;
        opaque.set_live();
        Ok(())
    }

    /// The limits that were set last.
    pub fn limits(&self) -> &Limits {
        &self.inner().opaque.limits
    }

    /// Has what runs in this store ended at `deadline`, with [`Trap::Interrupt`](crate::Trap::Interrupt), as by
    /// [`InterruptHandle::interrupt`]; where nothing runs then, what is called next. It replaces the deadline before; `None` is none.
    ///
    /// ```
    /// # use std::time::{Duration, Instant};
    /// # use tancho::{Engine, Instance, Module, Result, Store, Trap};
    /// # fn main() -> Result<()> {
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module (func (export "f") (loop $l (br $l))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
    /// store.set_deadline(Some(Instant::now() + Duration::from_millis(20)))?;
    /// let ended = f.call(&mut store, ()).unwrap_err();
    /// assert_eq!(ended.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the system refuses the threads that look after deadlines, two for the process.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        let handle = self.interrupt_handle();
        let set = self.loan().inner_mut().opaque.deadlines.set_time(deadline, handle);
        set.context(Coded::new(ErrorCode::Refused, "cannot start a thread for deadlines"))
    }

    /// Has what runs in this store ended when the engine's [epoch](Engine::increment_epoch) is `ticks` further than now; or has done what
    /// [`epoch_deadline_callback`](Store::epoch_deadline_callback) or
    /// [`epoch_deadline_async_yield_and_update`](Store::epoch_deadline_async_yield_and_update) says. It replaces the epoch before; there is
    /// none at first.
    pub fn set_epoch_deadline(&mut self, ticks: u64) {
        self.loan().inner_mut().opaque.set_epoch_deadline(ticks);
    }

    /// How other threads end what runs in this store: with [`Trap::Interrupt`](crate::Trap::Interrupt).
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.inner().opaque.runtime().interrupt_handle()
    }

    #[inline]
    pub(crate) fn inner(&self) -> &StoreInner<T> {
        // SAFETY: `inner` is valid while the store is, and while `&self` lives no `Loan` does.
        unsafe { &*self.inner }
    }

    /// Where the store is: it stays there.
    pub(crate) fn place(&mut self) -> *mut StoreInner<T> {
        self.inner
    }

    #[inline]
    pub(crate) fn loan(&mut self) -> Loan<'_, T> {
        // SAFETY: `inner` is valid while the store is, and `&mut self` is exclusive.
        unsafe { Loan::new(self.inner) }
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: `inner` is from `Box::into_raw`, and is used no more.
        drop(unsafe { Box::from_raw(self.inner) });
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", self.as_context().data()).finish_non_exhaustive()
    }
}

/// What a panic says.
#[cold]
pub(crate) fn message_of(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
    // A payload may panic when it is dropped; what that panics with is not dropped.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    text
}

/// The exclusive right to a store for `'a`, as a raw pointer.
///
/// It is not a `&mut StoreInner<T>`, because the holder of one gives the store away while it calls compiled code: a
/// host function makes a loan of its own from the pointer in its record. References are made for as long as a step
/// takes.
pub(crate) struct Loan<'a, T> {
    inner: NonNull<StoreInner<T>>,
    exclusive: PhantomData<&'a mut StoreInner<T>>,
}

// SAFETY: a loan is a `&'a mut StoreInner<T>` in all but aliasing, and that is `Send` when `T` is.
unsafe impl<T: Send> Send for Loan<'_, T> {}

impl<'a, T> Loan<'a, T> {
    /// # Safety
    ///
    /// `inner` must point to a store's inside, and nobody else may use that during `'a`, except by way of the new
    /// loan or in a host function that is called from where the loan was given away.
    #[inline]
    pub(crate) unsafe fn new(inner: *mut StoreInner<T>) -> Self {
        // SAFETY: the caller says that it points to something.
        Loan { inner: unsafe { NonNull::new_unchecked(inner) }, exclusive: PhantomData }
    }

    #[inline]
    pub(crate) fn inner(&self) -> &StoreInner<T> {
        // SAFETY: see `Loan::new`; the reference borrows the loan, which is not given away meanwhile.
        unsafe { self.inner.as_ref() }
    }

    #[inline]
    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        // SAFETY: see `Loan::new`; the reference borrows the loan exclusively, which is not given away meanwhile.
        unsafe { self.inner.as_mut() }
    }

    #[inline]
    pub(crate) fn into_mut(mut self) -> &'a mut StoreInner<T> {
        // SAFETY: see `Loan::new`; the loan is used up.
        unsafe { self.inner.as_mut() }
    }

    #[inline]
    pub(crate) fn into_ref(self) -> &'a StoreInner<T> {
        self.into_mut()
    }

    #[inline]
    pub(crate) fn reborrow(&mut self) -> Loan<'_, T> {
        Loan { inner: self.inner, exclusive: PhantomData }
    }

    /// The store, to be given away to compiled code.
    #[inline]
    pub(crate) fn pointer(&self) -> *mut StoreInner<T> {
        self.inner.as_ptr()
    }

    /// The part of it that does not depend on the data, to be given away to compiled code.
    #[inline]
    pub(crate) fn opaque_pointer(&self) -> *mut StoreOpaque {
        // SAFETY: the pointer is to a store's inside, so the field's address is in bounds.
        unsafe { &raw mut (*self.inner.as_ptr()).opaque }
    }
}

impl StoreOpaque {
    #[inline]
    pub(crate) fn id(&self) -> StoreId {
        self.id
    }

    /// The store's number where its functions may be called with nothing to be heeded; else 0, which is that of none.
    #[inline]
    pub(crate) fn quick(&self) -> u64 {
        self.live.map_or(0, StoreId::number)
    }

    /// Whether the store is not poisoned.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        self.alive
    }

    /// Whether calls are told to a hook.
    pub(crate) fn is_hooked(&self) -> bool {
        self.hooked
    }

    /// Has this hook told of calls from now on.
    ///
    /// # Errors
    ///
    /// See [`Store::call_hook`].
    pub(crate) fn set_hook(&mut self, hook: Hook) -> Result<()> {
        self.require_sound()?;
        if !(self.hooked || self.hosts.is_empty() && self.modules.is_empty()) {
            let message = "the store has functions or instances already: set the call hook before them";
            return Err(ErrorCode::Configuration.error(message));
        }
        (self.hooked, self.live, self.hook) = (true, None, Some(hook));
        Ok(())
    }

    pub(crate) fn take_hook(&mut self) -> Option<Hook> {
        self.hook.take()
    }

    /// Gives the hook back, unless it has set another one.
    pub(crate) fn return_hook(&mut self, hook: Hook) {
        self.hook.get_or_insert(hook);
    }

    /// An error unless a handle with this id may be called.
    pub(crate) fn require_callable(&self, id: StoreId, what: &str) -> Result<()> {
        id.check(self, what)?;
        self.require_sound()
    }

    /// An error when the store is poisoned, or one of its calls was forgotten while it waited.
    pub(crate) fn require_sound(&self) -> Result<()> {
        match &self.poison {
            None if self.stopped => Err(ErrorCode::Stopped.error(
                "the store's code is stopped in the middle of a function, at the end of an epoch: nothing can be run, made on the heap \
                 or grown in the store there",
            )),
            None if self.suspended > 0 => Err(ErrorCode::Forgotten.error(
                "nothing in this store can run any more: the future of an asynchronous call was forgotten (by \
                 `std::mem::forget` or the like) while the call waited, and the call never ends. Drop futures instead",
            )),
            None => Ok(()),
            Some(message) => Err(ErrorCode::Poisoned.error(format!(
                "the store is poisoned, nothing in it can run any more: the host panicked earlier: {message}"
            ))),
        }
    }

    /// Notes that something that can be called may come to wait.
    pub(crate) fn note_waits(&mut self) {
        self.waits = true;
    }

    /// Whether something that can be called may come to wait.
    #[cfg(feature = "async")]
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// A call of the store is suspended. Nothing can be called until it goes on.
    #[cfg(feature = "async")]
    pub(crate) fn begin_suspension(&mut self) {
        self.suspended += 1;
        self.set_live();
    }

    /// It goes on.
    #[cfg(feature = "async")]
    pub(crate) fn end_suspension(&mut self) {
        self.suspended -= 1;
        self.set_live();
    }

    /// The store's code is stopped in the middle of a function, where nothing may be run, collected, moved or grown.
    pub(crate) fn begin_stop(&mut self) {
        self.stopped = true;
        self.set_live();
    }

    /// It goes on or ends.
    pub(crate) fn end_stop(&mut self) {
        self.stopped = false;
        self.set_live();
    }

    fn set_live(&mut self) {
        self.alive = self.poison.is_none() && self.suspended == 0 && !self.stopped;
        let quick = self.alive && !self.hooked && !self.limits_stack();
        self.live = quick.then_some(self.id);
    }

    /// Whether there is a limit for the stack of its calls.
    #[inline]
    pub(crate) fn limits_stack(&self) -> bool {
        self.limits.runtime.stack_bytes != u64::MAX
    }

    /// An error where the store's code is stopped in the middle of a function: it may have the addresses of what would move.
    pub(crate) fn require_at_rest(&self) -> Result<()> {
        if self.stopped { self.require_sound() } else { Ok(()) }
    }

    /// Has the store's epoch come when the engine has counted `ticks` further.
    pub(crate) fn set_epoch_deadline(&mut self, ticks: u64) {
        let handle = self.runtime.epoch_handle();
        self.deadlines.set_epoch(ticks, handle);
    }

    /// Makes the store uncallable.
    #[cold]
    pub(crate) fn poison(&mut self, message: &str) {
        self.poison.get_or_insert_with(|| message.into());
        self.set_live();
    }

    #[inline]
    pub(crate) fn vm(&self) -> *mut VmStore {
        self.vm
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// An error unless `engine` is the store's.
    pub(crate) fn require_engine(&self, engine: &Engine, what: &str) -> Result<()> {
        if self.engine.is_same(engine) {
            return Ok(());
        }
        Err(ErrorCode::ForeignEngine
            .error(format!("this {what} belongs to another engine than the store it is used with")))
    }

    pub(crate) fn runtime(&self) -> &RuntimeStore {
        &self.runtime
    }

    pub(crate) fn runtime_mut(&mut self) -> &mut RuntimeStore {
        &mut self.runtime
    }

    /// Puts an error aside while compiled code is unwound.
    #[cold]
    pub(crate) fn set_pending(&mut self, error: Error) {
        self.pending = Some(error);
    }

    /// The error that was put aside.
    #[cold]
    pub(crate) fn take_pending(&mut self) -> Option<Error> {
        self.pending.take()
    }

    /// Throws the exception that `error` holds into compiled code. The error is put aside: it is what the call ends in when nothing
    /// catches the exception.
    ///
    /// # Errors
    ///
    /// The error, when it holds no exception of this store; another one, when the exception cannot be thrown.
    #[cold]
    pub(crate) fn throw(&mut self, error: Error) -> Result<()> {
        let Some(exception) = error.downcast_ref::<Exception>() else { return Err(error) };
        // Where a panic has poisoned the store, no handler of the guest's runs any more.
        if exception.tag().store() != self.id || !self.is_alive() {
            return Err(error);
        }
        let values = exception.lower(self)?;
        self.throws += 1;
        self.runtime.throw(exception.tag().id(), &values, self.throws);
        self.thrown = Some((self.throws, error));
        Ok(())
    }

    /// The error that was put aside with throw number `number`.
    #[cold]
    pub(crate) fn take_thrown(&mut self, number: u64) -> Option<Error> {
        let (known, error) = self.thrown.take()?;
        (known == number).then_some(error)
    }

    /// The error that was put aside with the last throw.
    #[cold]
    pub(crate) fn take_last_thrown(&mut self) -> Option<Error> {
        self.thrown.take().map(|(_, error)| error)
    }

    /// Keeps host functions' records while the store lives, at addresses that do not change.
    pub(crate) fn keep_hosts(&mut self, records: Box<[HostRecord]>) -> &[HostRecord] {
        if records.is_empty() {
            return &[];
        }
        self.hosts.push(records);
        self.hosts.last().expect("one was just pushed")
    }

    /// Notes that a module has an instance here.
    pub(crate) fn keep_module(&mut self, module: &Module) {
        // A store that makes instances of a few modules in turn is the common case.
        if !self.modules.iter().rev().take(8).any(|known| known.is_same(module)) {
            self.modules.push(module.clone());
        }
    }

    pub(crate) fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The function type with this id, if somebody keeps it. The store remembers the last ones that were given back to it
    /// ([`return_function_type`](Self::return_function_type)), which is quicker than to have it count another owner.
    #[inline]
    pub(crate) fn take_function_type(&mut self, id: u32) -> Option<FuncType> {
        match self.recent_types.iter().position(|ty| ty.id() == id) {
            Some(position) => Some(self.recent_types.swap_remove(position)),
            None => self.engine.types().by_id(id).map(FuncType::of),
        }
    }

    /// Remembers a type of a function of the store.
    #[inline]
    pub(crate) fn return_function_type(&mut self, ty: FuncType) {
        if self.recent_types.len() >= RECENT_TYPES {
            self.recent_types.swap_remove(0);
        }
        self.recent_types.push(ty);
    }

    /// The same type, of the store's engine. What it refers to is kept while the store lives, so that a thing of the store can have
    /// it for its type.
    pub(crate) fn keep_type(&mut self, ty: &ValType) -> ValType {
        let ty = ty.in_registry(self.engine.types());
        if let Some(concrete) = ty.as_ref().and_then(|reference| reference.heap_type().registered()) {
            self.runtime.keep(concrete.clone());
        }
        ty
    }

    /// How much fuel is left; an error where none is consumed.
    pub(crate) fn fuel(&self) -> Result<u64> {
        self.require_fuel()?;
        Ok(self.runtime.fuel())
    }

    /// Replaces the fuel that is left; an error where none is consumed.
    pub(crate) fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.require_fuel()?;
        // Compiled code has what is left in a register there.
        self.require_at_rest()?;
        self.runtime.set_fuel(fuel);
        Ok(())
    }

    pub(crate) fn require_fuel(&self) -> Result<()> {
        if self.engine.tunables().consume_fuel {
            return Ok(());
        }
        Err(ErrorCode::Configuration
            .error("fuel is not configured in this store: make its engine with `Config::consume_fuel(true)`"))
    }

    pub(crate) fn released(&self) -> &Arc<Released> {
        &self.released
    }

    /// Makes an object, which may collect.
    ///
    /// # Errors
    ///
    /// When there is no room for it; when the store is poisoned, or is by a value of the host that was dropped.
    pub(crate) fn allocate(&mut self, make: impl FnOnce(&mut RuntimeStore) -> Result<u32, Trap>) -> Result<u32> {
        self.require_sound()?;
        self.forget_released();
        Ok(self.collecting(make)??)
    }

    /// Collects everything that nothing refers to.
    pub(crate) fn collect(&mut self) {
        if self.stopped {
            // Put off until there is a reason for one again.
            return;
        }
        // What a host function threw and the guest has caught: the error owns its values, and nothing is being thrown while this runs.
        self.thrown = None;
        self.forget_released();
        // A panic has poisoned the store, which whoever uses it next is told.
        drop(self.collecting(RuntimeStore::collect));
    }

    /// Lets the runtime do what may collect, and with that drop values of the host: one that panics poisons the store.
    fn collecting<R>(&mut self, work: impl FnOnce(&mut RuntimeStore) -> R) -> Result<R> {
        catch_unwind(AssertUnwindSafe(|| work(&mut self.runtime))).map_err(|payload| {
            self.poison(&message_of(payload));
            ErrorCode::HostPanic.error("the store is poisoned: a value of the host panicked as it was dropped")
        })
    }
}
