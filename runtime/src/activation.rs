//! Activations: each stay of a thread in compiled code, and the thread-local by which a signal handler finds them.
//!
//! Called by `call`, which makes them, and by `trap` and `unwind`, which read them. The thread-local is const-initialised,
//! has no destructor, and has been touched before compiled code runs: reading it in a handler is a plain load.

use crate::sys::stack::{self, AlternateStack, Bounds};
use std::cell::{Cell, RefCell};
use std::ptr;
use tancho_abi::vmctx::{VmActivation, VmStore};

/// What a host function may rely on finding below it on the stack: compiled code leaves for the host only above this.
pub const HOST_RESERVE: usize = 64 << 10;
/// What trampolines and the runtime's own frames may take of the stack on top of [`HOST_RESERVE`].
const OWN_RESERVE: usize = 8 << 10;

/// A stay in compiled code. Lives on the stack of `call::enter`.
#[repr(C)]
pub(crate) struct Activation {
    /// What the entry trampoline reads and writes.
    pub(crate) vm: VmActivation,
    /// The store whose code runs.
    pub(crate) store: *mut VmStore,
    /// The host entry through which it was entered.
    pub(crate) entry: *const u8,
    /// The activation of this thread outside of this one, or null.
    pub(crate) outer: *const Activation,
    /// By which frame pointer and to which place the outer activation's compiled code left for the host.
    pub(crate) outer_exit: Exit,
    /// The store's exit and stack limit from before, to be restored.
    pub(crate) saved_exit: Exit,
    pub(crate) saved_limit: usize,
    /// The stack that it runs on.
    pub(crate) stack: Bounds,
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
    /// The lowest place on its stack at which host code may run, and how much lies above; 0 and 0 until it is prepared.
    limit: Cell<usize>,
    room: Cell<usize>,
    stack: Cell<Bounds>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            innermost: Cell::new(ptr::null()),
            limit: Cell::new(0),
            room: Cell::new(0),
            stack: Cell::new(Bounds { low: 0, high: 0 }),
        }
    };
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
}

/// Dropped when the thread ends.
struct Leaving {
    _alternate: AlternateStack,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // Later destructors of the thread may enter compiled code; they must prepare it again.
        Thread::with(|thread| thread.room.set(0));
    }
}

/// There is no room on the stack to enter compiled code.
pub(crate) struct NoRoom;

impl Thread {
    /// Calls `f` with the present thread's.
    #[inline(always)]
    pub(crate) fn with<R>(f: impl FnOnce(&Thread) -> R) -> R {
        // The address first and the work after it, so that `f` is compiled in place whatever becomes of `LocalKey::with`.
        let thread = THREAD.with(ptr::from_ref);
        // SAFETY: the thread-local has no destructor, so it lives as long as the thread, and `f` runs on this one.
        f(unsafe { &*thread })
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

    /// The stack that holds `here`, a place in the caller's frame, and its limit.
    #[inline]
    pub(crate) fn stack(&self, here: usize) -> Result<(Bounds, usize), NoRoom> {
        let limit = self.limit.get();
        if here.wrapping_sub(limit) >= self.room.get() {
            return self.prepare(here);
        }
        Ok((self.stack.get(), limit))
    }

    /// The first entry of this thread, an entry from another of its stacks, or one with too little room.
    #[cold]
    fn prepare(&self, here: usize) -> Result<(Bounds, usize), NoRoom> {
        let known = self.stack.get();
        if self.room.get() != 0 && known.contains(here) {
            return Err(NoRoom);
        }
        // Without bounds there would be no telling an overflow from a bug, and without an alternate stack no handler could
        // run after one.
        let stack = stack::bounds_around(here).map_err(|_| NoRoom)?;
        let alternate = stack::prepare_alternate().map_err(|_| NoRoom)?;
        if let Some(alternate) = alternate {
            let mut leaving = Some(Leaving { _alternate: alternate });
            let kept = LEAVING.try_with(|slot| slot.borrow_mut().replace(leaving.take().expect("taken once, here")));
            if let Err(_past_destructors) = kept {
                // Nothing will run when the thread is gone: the stack stays for the rest of its life, and leaks.
                std::mem::forget(leaving);
            }
        }
        let limit = stack.low.saturating_add(HOST_RESERVE + OWN_RESERVE);
        let Some(room) = stack.high.checked_sub(limit).filter(|room| *room > 0) else { return Err(NoRoom) };
        self.stack.set(stack);
        self.limit.set(limit);
        self.room.set(room);
        if here < limit { Err(NoRoom) } else { Ok((stack, limit)) }
    }
}
