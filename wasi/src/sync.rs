//! What threads of one guest share: locks, and flags that are read without one.
//!
//! Several threads may use one context (`threads`). What changes in it stands behind a lock of its own, which is held for as long as the
//! change takes and never while a call waits for the host.

use crate::file::FileFlags;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. A panic of the embedder's own reader or writer leaves it as usable as before.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How reads and writes behave, which one thread may change while another reads or writes.
#[derive(Debug)]
pub(crate) struct SharedFlags(AtomicU16);

impl SharedFlags {
    pub(crate) fn new(flags: FileFlags) -> SharedFlags {
        SharedFlags(AtomicU16::new(flags.bits()))
    }

    pub(crate) fn get(&self) -> FileFlags {
        FileFlags::from_bits_truncate(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, flags: FileFlags) {
        self.0.store(flags.bits(), Ordering::Relaxed);
    }

    /// Whether nothing is to block.
    pub(crate) fn nonblocking(&self) -> bool {
        self.get().contains(FileFlags::NONBLOCK)
    }
}
