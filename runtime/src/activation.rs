//! Activations: each stay of a thread in compiled code, and the thread-local by which a signal handler finds them.
//!
//! Called by `call`, which makes them, and by `trap` and `unwind`, which read them. The thread-local is const-initialised,
//! has no destructor, and has been touched before compiled code runs: reading it in a handler is a plain load.

use crate::sys::signal;
use crate::sys::stack::{self, AlternateStack, Bounds, BoundsCell, Kind};
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use tancho_abi::vmctx::{TRAMPOLINE_FRAME, UNASKED_FRAME, ValRaw, VmActivation, VmStore};

/// What a host function may rely on finding below it on the stack: compiled code leaves for the host only above this.
pub const HOST_RESERVE: usize = 64 << 10;
/// What trampolines and the runtime's own frames may take of the stack on top of [`HOST_RESERVE`].
const OWN_RESERVE: usize = 8 << 10;

// Where an entry trampoline begins at the limit, and the function that it calls looks at the stack only with its frame made, there is
// still as much left for the way back as the runtime takes of its own.
const _: () = assert!(TRAMPOLINE_FRAME as usize + UNASKED_FRAME as usize + OWN_RESERVE <= HOST_RESERVE + OWN_RESERVE);

/// A stay in compiled code. Lives on the stack of `call::enter`. What the quick way in writes is in one line of the cache: what it takes is how often
/// it writes to another line than it did last.
#[repr(C, align(64))]
pub(crate) struct Activation {
    /// What the entry trampoline reads and writes.
    pub(crate) vm: VmActivation,
    /// The store whose code runs.
    pub(crate) store: *mut VmStore,
    /// The host entry through which it was entered.
    pub(crate) entry: *const u8,
    /// The bounds of the stack that it runs on, which are there as long as it is; and, by [`OUTERMOST`], that it is outside of all others, of
    /// its thread and of its store: then what follows is not there.
    stack: *const BoundsCell,
    /// The activation of this thread outside of this one, or null.
    outer: MaybeUninit<*const Activation>,
    /// The activation of the same store, on whatever thread, that was the last before this one, or null.
    outer_of_store: MaybeUninit<*const Activation>,
    /// How the outer activation's compiled code left for the host; there where one is.
    pub(crate) outer_exit: MaybeUninit<Exit>,
    /// The store's exit and stack limit from before, to be restored; there where the thread or the store has an activation outside of this
    /// one.
    pub(crate) saved_exit: MaybeUninit<Exit>,
    pub(crate) saved_limit: MaybeUninit<usize>,
}

const _: () = assert!(std::mem::offset_of!(Activation, outer) <= 64);

/// A bit of [`Activation::stack`].
const OUTERMOST: usize = 1;
/// A bit of [`Thread::innermost`].
const STOPPED: usize = 1;

/// What an activation has outside of it.
#[derive(Clone, Copy)]
pub(crate) struct Around {
    /// As [`Activation::outer`].
    pub(crate) outer: *const Activation,
    /// As [`Activation::outer_of_store`].
    pub(crate) outer_of_store: *const Activation,
    /// By which way the outer activation's compiled code left for the host, and the store's exit and stack limit.
    pub(crate) outer_exit: Exit,
    pub(crate) saved_exit: Exit,
    pub(crate) saved_limit: usize,
}

impl Activation {
    /// One of a call by this entry on this stack.
    pub(crate) fn new(
        store: *mut VmStore,
        entry: *const u8,
        results: *mut ValRaw,
        stack: &BoundsCell,
        around: Around,
    ) -> Activation {
        let Around { outer, outer_of_store, outer_exit, saved_exit, saved_limit } = around;
        Activation {
            vm: VmActivation { entry_fp: 0, results },
            store,
            entry,
            stack,
            outer: MaybeUninit::new(outer),
            outer_of_store: MaybeUninit::new(outer_of_store),
            outer_exit: MaybeUninit::new(outer_exit),
            saved_exit: MaybeUninit::new(saved_exit),
            saved_limit: MaybeUninit::new(saved_limit),
        }
    }

    /// Makes one of what is at `this` that is outside of all others. `results` is left out where there are not several. So is where its entry
    /// trampoline stands: that writes it before it does anything that could be stopped.
    ///
    /// # Safety
    ///
    /// There is room for one.
    #[inline(always)]
    pub(crate) unsafe fn put_outermost(
        this: *mut Activation,
        store: *mut VmStore,
        entry: *const u8,
        results: Option<*mut ValRaw>,
        stack: &BoundsCell,
    ) {
        // SAFETY: the caller says so.
        unsafe {
            if let Some(results) = results {
                (&raw mut (*this).vm.results).write(results);
            }
            (&raw mut (*this).store).write(store);
            (&raw mut (*this).entry).write(entry);
            (&raw mut (*this).stack).write(ptr::from_ref(stack).wrapping_byte_add(OUTERMOST));
        }
    }

    /// The stack that it runs on.
    pub(crate) fn stack(&self) -> Bounds {
        // SAFETY: there as long as the activation.
        unsafe { &*self.stack.map_addr(|address| address & !OUTERMOST) }.get()
    }

    fn is_outermost(&self) -> bool {
        self.stack.addr() & OUTERMOST != 0
    }

    /// The activation of this thread outside of this one, or null.
    pub(crate) fn outer(&self) -> *const Activation {
        // SAFETY: there unless it is outside of all others.
        if self.is_outermost() { ptr::null() } else { unsafe { self.outer.assume_init() } }
    }

    /// The activation of the same store, on whatever thread, that was the last before this one, or null.
    pub(crate) fn outer_of_store(&self) -> *const Activation {
        // SAFETY: there unless it is outside of all others.
        if self.is_outermost() { ptr::null() } else { unsafe { self.outer_of_store.assume_init() } }
    }

    /// Puts it on a stack of activations of this thread, of which `outer` is the innermost.
    #[cfg(feature = "async")]
    pub(crate) fn put_within(&mut self, outer: *const Activation, exit: Exit) {
        self.outer = MaybeUninit::new(outer);
        self.outer_exit = MaybeUninit::new(exit);
    }
}

/// How compiled code left for the host: [`VmStore::exit_fp`] and [`VmStore::exit_pc`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) fp: usize,
    pub(crate) pc: usize,
}

impl Exit {
    /// It has not left.
    pub(crate) const NONE: Exit = Exit { fp: 0, pc: 0 };

    /// Reads that of a store.
    ///
    /// # Safety
    ///
    /// `store` must be alive and not be written meanwhile.
    pub(crate) unsafe fn of(store: *const VmStore) -> Exit {
        // SAFETY: the caller says so.
        unsafe { Exit { fp: (*store).exit_fp, pc: (*store).exit_pc } }
    }

    /// Writes that of a store.
    ///
    /// # Safety
    ///
    /// `store` must be alive and nobody else's meanwhile.
    pub(crate) unsafe fn put(self, store: *mut VmStore) {
        // SAFETY: the caller says so.
        unsafe {
            (*store).exit_fp = self.fp;
            (*store).exit_pc = self.pc;
        }
    }
}

/// What is known of the present thread.
pub(crate) struct Thread {
    innermost: Cell<*const Activation>,
    /// The lowest place on its stack at which host code may run, and how much lies above for code that traps without signals and with
    /// them; 0 until it is prepared for that.
    limit: Cell<usize>,
    room: [Cell<usize>; 2],
    /// How much of it there is for an entry that asks nothing else: for any code, or 0.
    quick: Cell<usize>,
    /// Its own stack, to which these belong; other stacks come and go, and are asked about at every entry.
    stack: Cell<Bounds>,
    /// Its own stack, also while it stands on another.
    own: BoundsCell,
    /// Whether that is the main stack.
    main: Cell<bool>,
    /// Whether the thread runs on a fiber's stack, whose these are then.
    fiber: Cell<bool>,
    /// Whether it has been seen to that the thread takes the signals of traps.
    unblocked: Cell<bool>,
    /// Whether it has been seen to for a fiber that there is an alternate stack as well.
    ready: Cell<bool>,
}

/// What is known of the stack that a thread runs on.
#[cfg(feature = "async")]
#[derive(Clone, Copy)]
pub(crate) struct Footing {
    stack: Bounds,
    limit: usize,
    room: [usize; 2],
    quick: usize,
    main: bool,
    fiber: bool,
}

#[cfg(feature = "async")]
impl Footing {
    /// That of a fiber, which is guarded. `signals` says whether the thread can take those of traps.
    pub(crate) fn of_fiber(stack: Bounds, signals: bool) -> Footing {
        let limit = stack.low + HOST_RESERVE + OWN_RESERVE;
        let room = stack.high - limit;
        // Nothing is quick: an entry must see to it that it may come back on another thread.
        Footing { stack, limit, room: [room, if signals { room } else { 0 }], quick: 0, main: false, fiber: true }
    }
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            innermost: Cell::new(ptr::null()),
            limit: Cell::new(0),
            room: [const { Cell::new(0) }; 2],
            quick: Cell::new(0),
            stack: Cell::new(Bounds { low: 0, high: 0 }),
            own: BoundsCell::new(Bounds { low: 0, high: 0 }),
            main: Cell::new(false),
            fiber: Cell::new(false),
            unblocked: Cell::new(false),
            ready: Cell::new(false),
        }
    };
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
}

/// Dropped when the thread ends.
struct Leaving {
    /// One for all of the thread's life: somebody may have put another in its place and mean to put it back.
    alternate: AlternateStack,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // Later destructors of the thread may enter compiled code; they must prepare it again.
        Thread::with(|thread| {
            thread.room[1].set(0);
            thread.ready.set(false);
            thread.quick.set(0);
        });
    }
}

/// Why compiled code cannot be entered.
pub(crate) enum Refusal {
    /// There is no room on the stack.
    NoRoom,
    /// There is no guard below the stack.
    Unguarded,
}

impl Thread {
    /// Calls `f` with the present thread's.
    #[inline(always)]
    pub(crate) fn with<R>(f: impl FnOnce(&Thread) -> R) -> R {
        // The address first and the work after it, so that `f` is compiled in place whatever becomes of `LocalKey::with`.
        let thread = THREAD.with(ptr::from_ref);
        // SAFETY: the thread-local has no destructor, so it lives as long as the thread, and `f` runs on this one.
        f(unsafe { &*thread })
    }

    /// Calls `f` with the present thread's, where that may be another than it was when the caller began.
    pub(crate) fn now<R>(f: impl FnOnce(&Thread) -> R) -> R {
        // SAFETY: as in `with`.
        f(unsafe { &*Thread::here() })
    }

    /// The present thread's. Not inlined, and the address goes where no compiler sees what becomes of it: else a caller could use one from
    /// before he was suspended.
    #[inline(never)]
    fn here() -> *const Thread {
        std::hint::black_box(THREAD.with(ptr::from_ref))
    }

    /// Whether what runs now may go on on another thread: it is on a fiber.
    #[inline]
    pub(crate) fn moves(&self) -> bool {
        self.fiber.get()
    }

    /// From now on the thread runs on this stack; the one before.
    #[cfg(feature = "async")]
    pub(crate) fn stand_on(&self, footing: Footing) -> Footing {
        let Footing { stack, limit, room, quick, main, fiber } = footing;
        Footing {
            stack: self.stack.replace(stack),
            limit: self.limit.replace(limit),
            room: [self.room[0].replace(room[0]), self.room[1].replace(room[1])],
            quick: self.quick.replace(quick),
            main: self.main.replace(main),
            fiber: self.fiber.replace(fiber),
        }
    }

    /// Sees to it, once, that the thread can take the signal of a trap on a fiber.
    #[cfg(feature = "async")]
    pub(crate) fn ready_for_signals(&self) -> io::Result<()> {
        if !self.ready.get() {
            self.prepare_signals()?;
            self.ready.set(true);
        }
        Ok(())
    }

    /// The present thread's.
    ///
    /// # Safety
    ///
    /// It is to be used on this thread.
    #[inline(always)]
    pub(crate) unsafe fn present<'a>() -> &'a Thread {
        // SAFETY: the thread-local has no destructor, so it lives as long as the thread.
        unsafe { &*THREAD.with(ptr::from_ref) }
    }

    /// The innermost activation, or null. Async-signal-safe in a thread that has entered compiled code.
    #[inline]
    pub(crate) fn innermost(&self) -> *const Activation {
        self.innermost.get()
    }

    /// Makes `activation` the innermost one.
    #[inline]
    pub(crate) fn set_innermost(&self, activation: *const Activation) {
        self.innermost.set(activation);
    }

    /// Marks the innermost activation as one whose code was stopped and goes on at its landing pad. Nothing looks at it from there to its
    /// end, where one comparison says whether it is the innermost one and was not stopped, and [`check_stopped`] the rest. Async-signal-safe.
    pub(crate) fn mark_stopped(&self) {
        self.innermost.set(self.innermost.get().wrapping_byte_add(STOPPED));
    }

    /// Where the bounds of the thread's own stack stand, and its limit, where `here`, a place in the caller's frame, is on it, there is room for any code, and the
    /// thread is in no other activation.
    #[inline(always)]
    pub(crate) fn quick(&self, here: usize) -> Option<(&BoundsCell, usize)> {
        let limit = self.limit.get();
        let quick = here.wrapping_sub(limit) < self.quick.get() && self.innermost.get().is_null();
        quick.then_some((&self.own, limit))
    }

    /// The stack that holds `here`, a place in the caller's frame, and its limit. `signals` says whether code that runs on it traps by
    /// them.
    #[inline]
    pub(crate) fn stack(&self, here: usize, signals: bool) -> Result<(Bounds, usize), Refusal> {
        let limit = self.limit.get();
        if here.wrapping_sub(limit) >= self.room[usize::from(signals)].get() {
            return self.prepare(here, signals);
        }
        Ok((self.stack.get(), limit))
    }

    /// The first entry of this thread, an entry from another stack than its own, or one with too little room.
    #[cold]
    fn prepare(&self, here: usize, signals: bool) -> Result<(Bounds, usize), Refusal> {
        let prepared = &self.room[usize::from(signals)];
        if prepared.get() != 0 && self.stack.get().contains(here) {
            return Err(Refusal::NoRoom);
        }
        // Without bounds there would be no telling an overflow from a bug, without a guard no overflow but damage, and
        // without an alternate stack no handler could run after one.
        let (stack, kind) = stack::bounds_around(here).map_err(|_| Refusal::NoRoom)?;
        if signals {
            if !stack::is_guarded(stack, kind) {
                return Err(Refusal::Unguarded);
            }
            self.prepare_signals().map_err(|_| Refusal::NoRoom)?;
        }
        let limit = stack.low.saturating_add(HOST_RESERVE + OWN_RESERVE);
        let Some(room) = stack.high.checked_sub(limit).filter(|room| *room > 0) else { return Err(Refusal::NoRoom) };
        if kind != Kind::Foreign {
            self.stack.set(stack);
            self.own.set(stack);
            self.main.set(kind == Kind::Main);
            self.limit.set(limit);
            prepared.set(room);
            if signals {
                self.quick.set(room);
            }
        }
        if here < limit { Err(Refusal::NoRoom) } else { Ok((stack, limit)) }
    }

    /// Sees to it that the thread can take the signal of a trap.
    fn prepare_signals(&self) -> io::Result<()> {
        if !self.unblocked.get() {
            signal::unblock()?;
            self.unblocked.set(true);
        }
        if stack::has_alternate()? {
            return Ok(());
        }
        let ours = |slot: &RefCell<Option<Leaving>>| slot.borrow_mut().as_mut().map(|ours| ours.alternate.reinstall());
        if let Ok(Some(reinstalled)) = LEAVING.try_with(ours) {
            return reinstalled;
        }
        let mut leaving = Some(Leaving { alternate: stack::install_alternate()? });
        if LEAVING.try_with(|slot| slot.replace(leaving.take())).is_err() {
            // Nothing will run when the thread is gone: the stack stays for the rest of its life, and leaks.
            std::mem::forget(leaving);
        }
        Ok(())
    }

    /// Whether compiled code whose stack pointer is `sp` is that of `activation`. It is not when somebody has switched to
    /// another stack with an activation of its own and back before that ended. Async-signal-safe.
    pub(crate) fn runs(&self, activation: &Activation, sp: usize) -> bool {
        /// A frame this large, with what it saves besides, is made without touching its lower end: the stack pointer may
        /// be as far below the stack. Other stacks are no nearer, since there is a guard between.
        const UNTOUCHED: usize = (4 << 10) + 512;
        /// How large the kernel lets a main stack grow when its limit is raised after we have asked for it: at least this
        /// is kept free below its upper end, less some for randomisation.
        const GROWTH: usize = 120 << 20;
        let stack = activation.stack();
        let mut lowest = stack.low.saturating_sub(UNTOUCHED);
        if self.main.get() && stack == self.stack.get() {
            lowest = lowest.min(stack.high.saturating_sub(GROWTH));
        }
        lowest <= sp && sp < stack.high && (activation.vm.entry_fp == 0 || sp < activation.vm.entry_fp)
    }
}

/// Ends the process unless `innermost`, which is a thread's while `activation` ends, says that the code of that was stopped.
#[cold]
pub(crate) fn check_stopped(innermost: *const Activation, activation: *const Activation) {
    if innermost != activation.wrapping_byte_add(STOPPED) {
        fail_order();
    }
}

/// Ends the process because activations of this thread do not end in the reverse order of their beginnings. Their frames
/// and those of the stores are interleaved in ways that leave nothing to return to. Async-signal-safe.
#[cold]
pub(crate) fn fail_order() -> ! {
    signal::fail(
        "calls into WebAssembly on this thread ended in another order than they must (innermost first). \
         Were coroutines resumed out of order while host functions waited in them?",
        &[],
    )
}
