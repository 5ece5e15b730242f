//! What threads wait and wake with: the standard library's, or loom's where that tries all interleavings.
//!
//! Called by `memory::wait` and `interrupt` alone, whose models are in `memory::model`.

#[cfg(not(all(loom, test)))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, Ordering},
};

#[cfg(all(loom, test))]
pub(crate) use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, Ordering},
};

/// Locks. Nothing panics that holds one of these locks, and so a thread that has panicked has left all in order.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
