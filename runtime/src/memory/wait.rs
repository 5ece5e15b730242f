//! The waiters of a shared memory: threads that wait at an address until another one notifies them, the time is up, or their store is
//! interrupted.
//!
//! Called by `shared`. Each way to end a wait takes the waiter out of its queue, under the one lock of the memory's queues: whoever
//! does it decides how the wait has ended, and it is decided once. So a notification that has counted a waiter is never lost to a
//! timeout or an interruption that comes at the same time, and one that comes a moment later does not count it.
//!
//! ```text
//! wait:       lock, does memory hold the expected value?, enter the queue, sleep (which unlocks) … unlock
//! notify:     (the notifier has stored) lock, take waiters out, unlock, wake them
//! interrupt:  request, lock, take the waiter out, unlock, wake it
//! epoch:      lock, mark the waiter, unlock, wake it: it stays in the queue, unlocks, asks the host, locks, and sleeps on
//! ```
//!
//! Memory is compared under the lock. A notifier stores before it locks: if it locks later than the waiter does, the waiter is in the
//! queue; if earlier, the waiter sees what was stored. No wake-up is lost.

use crate::sync::{Arc, AtomicU8, Condvar, Mutex, MutexGuard, Ordering, lock};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::Wait;

/// The queues by the offsets in memory that their threads wait at; none is empty. First come, first served.
type Queues = HashMap<u64, VecDeque<Arc<Waiter>>>;

/// The waiters of one memory.
pub(crate) struct Waiters {
    queues: Mutex<Queues>,
}

/// One wait of a thread.
struct Waiter {
    wake: Condvar,
    /// [`WAITING`] while it is in a queue. Written under the lock of the queues.
    state: AtomicU8,
    /// 1 where the host is to be asked whether it is to wait on. Written under the lock of the queues.
    asks: AtomicU8,
}

const WAITING: u8 = 0;
const NOTIFIED: u8 = 1;
const INTERRUPTED: u8 = 2;
const TIMED_OUT: u8 = 3;

impl Waiter {
    fn end(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    fn is_waiting(&self) -> bool {
        self.state() == WAITING
    }

    fn asks(&self) -> bool {
        self.asks.load(Ordering::Relaxed) != 0
    }

    fn set_asks(&self, asks: bool) {
        self.asks.store(u8::from(asks), Ordering::Relaxed);
    }
}

/// What can interrupt the store whose thread waits.
pub(crate) trait Interrupts {
    /// Notes where the store's thread is about to sleep. `true` where an interruption is requested already: then it is not to sleep. The
    /// caller holds the lock of the waiters.
    fn park(&self, parked: Parked) -> bool;

    /// The store's thread sleeps no more. `interrupted` says that this was a request's doing, which is over with it.
    fn unpark(&self, interrupted: bool);

    /// Asks the host, since the store's epoch has come, whether the thread is to wait on. The caller holds no lock.
    fn ask(&self) -> bool;
}

/// A wait that can be ended from outside.
#[derive(Clone)]
pub(crate) struct Parked {
    waiters: Arc<Waiters>,
    waiter: Arc<Waiter>,
    place: u64,
}

impl Waiters {
    pub(crate) fn new() -> Arc<Waiters> {
        Arc::new(Waiters { queues: Mutex::new(Queues::new()) })
    }

    /// Waits at `place` if `is_expected` says that memory holds the expected value, until a notification, `deadline`, or an
    /// interruption of the store whose `interruption` it is.
    ///
    /// # Errors
    ///
    /// [`Trap::Interrupt`], also where the interruption was requested before, and where the host, which was asked at the end of an epoch, has
    /// said no.
    pub(crate) fn wait(
        waiters: &Arc<Waiters>,
        place: u64,
        is_expected: impl FnOnce() -> bool,
        deadline: Option<Instant>,
        interruption: Option<&dyn Interrupts>,
    ) -> Result<Wait, Trap> {
        let mut queues = lock(&waiters.queues);
        if !is_expected() {
            return Ok(Wait::Mismatch);
        }
        let waiter = Arc::new(Waiter { wake: Condvar::new(), state: AtomicU8::new(WAITING), asks: AtomicU8::new(0) });
        queues.entry(place).or_default().push_back(waiter.clone());
        if let Some(interruption) = interruption {
            let parked = Parked { waiters: waiters.clone(), waiter: waiter.clone(), place };
            if interruption.park(parked) {
                take(&mut queues, place, &waiter, INTERRUPTED);
            }
        }
        let mut goes_on = true;
        let state = loop {
            let (slept, state) = sleep(queues, place, &waiter, deadline);
            let Some(interruption) = interruption.filter(|_| waiter.is_waiting() && waiter.asks()) else {
                break state;
            };
            waiter.set_asks(false);
            // It stays in the queue meanwhile: a notification that comes now is its own.
            drop(slept);
            goes_on = interruption.ask();
            queues = lock(&waiters.queues);
            if !goes_on {
                // Where it has been taken out, by whomever, that stands; the host's word is heard all the same.
                take(&mut queues, place, &waiter, TIMED_OUT);
                break waiter.state();
            }
        };
        if let Some(interruption) = interruption {
            interruption.unpark(state == INTERRUPTED);
        }
        match state {
            _ if !goes_on => Err(Trap::Interrupt),
            NOTIFIED => Ok(Wait::Ok),
            INTERRUPTED => Err(Trap::Interrupt),
            _ => Ok(Wait::TimedOut),
        }
    }

    /// Releases at most `count` threads that wait at `place`, those first that have waited longest; how many.
    pub(crate) fn notify(&self, place: u64, count: u32) -> u32 {
        let released: Vec<_> = {
            let mut queues = lock(&self.queues);
            let Some(queue) = queues.get_mut(&place) else { return 0 };
            let number = queue.len().min(count as usize);
            let released = queue.drain(..number).inspect(|waiter| waiter.end(NOTIFIED)).collect();
            if queue.is_empty() {
                queues.remove(&place);
            }
            released
        };
        for waiter in &released {
            waiter.wake.notify_one();
        }
        // At most `count`.
        released.len() as u32
    }

    /// How many threads wait.
    #[cfg(all(loom, test))]
    pub(super) fn count(&self) -> usize {
        lock(&self.queues).values().map(VecDeque::len).sum()
    }
}

impl Parked {
    /// Ends the wait if nothing else has.
    pub(crate) fn interrupt(&self) {
        let taken = take(&mut lock(&self.waiters.queues), self.place, &self.waiter, INTERRUPTED);
        if taken {
            self.waiter.wake.notify_one();
        }
    }

    /// Has the host asked whether the wait is to go on.
    pub(crate) fn ask(&self) {
        let queues = lock(&self.waiters.queues);
        self.waiter.set_asks(true);
        drop(queues);
        self.waiter.wake.notify_one();
    }

    /// The same before the thread sleeps. The caller holds the lock of the waiters.
    pub(crate) fn ask_at_once(&self) {
        self.waiter.set_asks(true);
    }
}

/// Sleeps until the waiter is taken out of its queue, or is to ask; how it ended, [`WAITING`] where it is to ask and is still in its
/// queue.
fn sleep<'a>(
    mut queues: MutexGuard<'a, Queues>,
    place: u64,
    waiter: &Arc<Waiter>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, Queues>, u8) {
    loop {
        // A condition variable may wake for no reason.
        if !waiter.is_waiting() || waiter.asks() {
            return (queues, waiter.state());
        }
        let wake = &waiter.wake;
        queues = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => wake.wait(queues).unwrap_or_else(std::sync::PoisonError::into_inner),
            Some(left) if left.is_zero() => {
                take(&mut queues, place, waiter, TIMED_OUT);
                return (queues, TIMED_OUT);
            }
            Some(left) => wake.wait_timeout(queues, left).unwrap_or_else(std::sync::PoisonError::into_inner).0,
        };
    }
}

/// Takes a waiter out of its queue, and says how its wait ends; whether it was still there.
fn take(queues: &mut Queues, place: u64, waiter: &Arc<Waiter>, state: u8) -> bool {
    let Some(queue) = queues.get_mut(&place) else { return false };
    let Some(position) = queue.iter().position(|other| Arc::ptr_eq(other, waiter)) else { return false };
    queue.remove(position);
    if queue.is_empty() {
        queues.remove(&place);
    }
    waiter.end(state);
    true
}
