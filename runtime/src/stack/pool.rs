//! A pool of stacks of one size, which an engine's stores share: to map one takes longer than a short call.
//!
//! The embedding API has one for each engine; `fiber` takes stacks from it, which come back when they are dropped. A stack whose fiber was
//! forgotten never comes back: what is on it may be referred to for ever.

use super::memory::StackMemory;
use crate::sys::stack::Bounds;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many stacks are kept that nothing runs on: each has a little memory.
const IDLE: usize = 64;

/// Stacks of one size.
pub struct StackPool {
    size: usize,
    idle: Mutex<Vec<StackMemory>>,
    in_use: AtomicUsize,
}

impl StackPool {
    /// An empty pool of stacks with `size` usable bytes.
    pub fn new(size: usize) -> Arc<StackPool> {
        Arc::new(StackPool { size, idle: Mutex::default(), in_use: AtomicUsize::new(0) })
    }

    /// Nothing panics that holds the lock.
    fn idle(&self) -> MutexGuard<'_, Vec<StackMemory>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of its stacks have been taken and have not come back.
    pub fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    /// A stack, from the pool or new.
    pub(super) fn take(self: &Arc<Self>) -> io::Result<PooledStack> {
        let idle = self.idle().pop();
        let memory = match idle {
            Some(memory) => memory,
            None => StackMemory::new(self.size)?,
        };
        self.in_use.fetch_add(1, Ordering::Relaxed);
        Ok(PooledStack { memory: Some(memory), pool: self.clone() })
    }
}

impl std::fmt::Debug for StackPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackPool").field("size", &self.size).field("in_use", &self.in_use()).finish_non_exhaustive()
    }
}

/// A stack of a pool, which has it back when this is dropped.
pub(super) struct PooledStack {
    /// There until it is dropped.
    memory: Option<StackMemory>,
    pool: Arc<StackPool>,
}

impl PooledStack {
    fn memory(&self) -> &StackMemory {
        self.memory.as_ref().expect("it is there until it is dropped")
    }

    /// What may be used.
    pub(super) fn bounds(&self) -> Bounds {
        self.memory().bounds()
    }

    /// The lowest address, of the guard.
    pub(super) fn start(&self) -> usize {
        self.memory().start()
    }
}

impl Drop for PooledStack {
    fn drop(&mut self) {
        self.pool.in_use.fetch_sub(1, Ordering::Relaxed);
        let Some(mut memory) = self.memory.take() else { return };
        memory.shrink();
        let mut idle = self.pool.idle();
        if idle.len() < IDLE {
            idle.push(memory);
        }
    }
}
