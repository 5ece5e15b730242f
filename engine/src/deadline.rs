//! Deadlines: stores that are interrupted when a time has come, or when their engine has counted far enough.
//!
//! `store` has one [`Deadlines`] each, `engine` one [`Epochs`]. Times are looked after by one thread of the process, which is started when the
//! first is set, with another one that wakes whom that ends. Setting and taking back happen under the lock under which a deadline is met: one that was taken back interrupts
//! nothing any more.

use crate::engine::Engine;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use tancho_runtime::interrupt::{EpochHandle, InterruptHandle, Sleeper};

/// Stores by when they are to be interrupted; the number tells those with the same deadline apart.
struct Queue<T, H> {
    waiting: BTreeMap<(T, u64), H>,
    next: u64,
}

impl<T: Ord + Copy, H> Queue<T, H> {
    const fn new() -> Queue<T, H> {
        Queue { waiting: BTreeMap::new(), next: 0 }
    }

    fn add(&mut self, deadline: T, handle: H) -> (T, u64) {
        self.next += 1;
        self.waiting.insert((deadline, self.next), handle);
        (deadline, self.next)
    }

    /// Takes out those whose deadline has come, and calls `tell` with each. Gives back whom to [`wake`] without the lock.
    fn meet(&mut self, now: T, tell: impl Fn(&H) -> Sleeper) -> Vec<Sleeper> {
        let mut sleepers = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            if first.key().0 > now {
                break;
            }
            sleepers.push(tell(&first.remove()));
        }
        sleepers
    }
}

/// Wakes the tasks of calls that are to end. Wakers are the executor's: one that panics is to stop neither the others nor the clock.
fn wake(sleepers: Vec<Sleeper>) {
    for sleeper in sleepers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| sleeper.wake())) {
            // Dropping it may panic again.
            std::mem::forget(payload);
        }
    }
}

/// The clock of the process. Wakers are the executor's, and may block: so they are called by a thread of their own, and not by the one that
/// looks after the time.
struct Clock {
    queue: Mutex<(Queue<Instant, InterruptHandle>, bool)>,
    changed: Condvar,
    /// Those that are to be woken.
    sleepers: Mutex<Vec<Sleeper>>,
    come: Condvar,
}

static CLOCK: Clock = Clock {
    queue: Mutex::new((Queue::new(), false)),
    changed: Condvar::new(),
    sleepers: Mutex::new(Vec::new()),
    come: Condvar::new(),
};

/// Nothing panics that holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock {
    /// Interrupts stores for ever.
    fn run(&self) {
        let mut queue = lock(&self.queue);
        loop {
            let now = Instant::now();
            let sleepers = queue.0.meet(now, InterruptHandle::request);
            if !sleepers.is_empty() {
                lock(&self.sleepers).extend(sleepers);
                self.come.notify_one();
            }
            let first = queue.0.waiting.keys().next().map(|(deadline, _)| *deadline);
            queue = match first {
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(now);
                    self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Wakes for ever.
    fn wake(&self) {
        let mut sleepers = lock(&self.sleepers);
        loop {
            let come = std::mem::take(&mut *sleepers);
            if come.is_empty() {
                sleepers = self.come.wait(sleepers).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(sleepers);
            wake(come);
            sleepers = lock(&self.sleepers);
        }
    }

    fn add(&'static self, deadline: Instant, handle: InterruptHandle) -> io::Result<(Instant, u64)> {
        let mut queue = lock(&self.queue);
        if !queue.1 {
            // The second is made first: without it the other would be of no use to calls that wait.
            thread::Builder::new().name("tancho wakers".to_owned()).spawn(|| self.wake())?;
            thread::Builder::new().name("tancho deadlines".to_owned()).spawn(|| self.run())?;
            queue.1 = true;
        }
        let key = queue.0.add(deadline, handle);
        self.changed.notify_one();
        Ok(key)
    }
}

/// How far an engine has counted, and which stores wait for more.
pub(crate) struct Epochs(Mutex<(u64, Queue<u64, EpochHandle>)>);

impl Epochs {
    pub(crate) fn new() -> Epochs {
        Epochs(Mutex::new((0, Queue::new())))
    }

    /// Counts one further.
    pub(crate) fn increment(&self) {
        let mut epochs = lock(&self.0);
        epochs.0 += 1;
        let (now, queue) = &mut *epochs;
        let sleepers = queue.meet(*now, EpochHandle::expire);
        drop(epochs);
        wake(sleepers);
    }
}

impl fmt::Debug for Epochs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epochs").field("now", &lock(&self.0).0).finish_non_exhaustive()
    }
}

/// The deadlines of a store, which go with it.
pub(crate) struct Deadlines {
    engine: Engine,
    time: Option<(Instant, u64)>,
    epoch: Option<(u64, u64)>,
}

impl Deadlines {
    pub(crate) fn new(engine: &Engine) -> Deadlines {
        Deadlines { engine: engine.clone(), time: None, epoch: None }
    }

    /// Has the store interrupted at this time, and not at the one before.
    pub(crate) fn set_time(&mut self, deadline: Option<Instant>, handle: InterruptHandle) -> io::Result<()> {
        if let Some(former) = self.time.take() {
            lock(&CLOCK.queue).0.waiting.remove(&former);
        }
        self.time = deadline.map(|deadline| CLOCK.add(deadline, handle)).transpose()?;
        Ok(())
    }

    /// Has the store told when its engine has counted `ticks` further, and not when it was to be before.
    pub(crate) fn set_epoch(&mut self, ticks: u64, handle: EpochHandle) {
        let mut epochs = lock(&self.engine.epochs().0);
        let (now, queue) = &mut *epochs;
        if let Some(former) = self.epoch.take() {
            queue.waiting.remove(&former);
        }
        self.epoch = Some(queue.add(now.saturating_add(ticks), handle));
        let sleepers = queue.meet(*now, EpochHandle::expire);
        drop(epochs);
        wake(sleepers);
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        if let Some(former) = self.time.take() {
            lock(&CLOCK.queue).0.waiting.remove(&former);
        }
        if let Some(former) = self.epoch.take() {
            lock(&self.engine.epochs().0).1.waiting.remove(&former);
        }
    }
}
