//! What threads wait and wake with: the standard library's, or loom's where that tries all interleavings.
//!
//! Called by `memory::wait` and `interrupt` alone. `RUSTFLAGS="--cfg loom" cargo test -p tancho-runtime --lib loom` runs their models.

#[cfg(not(all(loom, test)))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

#[cfg(all(loom, test))]
pub(crate) use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

/// Locks. Nothing panics that holds one of these locks, and so a thread that has panicked has left all in order.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
