//! The memory of a stack: a mapping with a guard at its lower end.
//!
//! Owned by `pool`. What runs on it is told its bounds, so that the signal handler knows an access to the guard for the end of the stack
//! (`trap`), and trampolines know how far compiled code may go (`call::enter`).

use crate::sys::map::{Reservation, page_size};
use crate::sys::stack::Bounds;
use std::io;

/// Bytes of the guard, at least. A frame of a page and a little more is made without touching what lies between (`Thread::runs`); this is
/// many times as much.
const GUARD: usize = 64 << 10;
/// Bytes at the upper end that are kept in memory when a stack is put aside: what a short call needs.
const KEPT: usize = 32 << 10;

/// A stack on which nothing runs, or which a fiber owns.
pub(super) struct StackMemory {
    reservation: Reservation,
    bounds: Bounds,
}

// SAFETY: the addresses are its own, on whatever thread.
unsafe impl Send for StackMemory {}

impl StackMemory {
    /// One with `size` usable bytes, rounded up to whole pages.
    pub(super) fn new(size: usize) -> io::Result<StackMemory> {
        let guard = GUARD.next_multiple_of(page_size());
        let size = size.checked_next_multiple_of(page_size()).ok_or(io::ErrorKind::OutOfMemory)?;
        let whole = size.checked_add(guard).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut reservation = Reservation::new(whole)?;
        reservation.commit(guard, size)?;
        // A large page would make a stack take all of its memory at the first touch. A system that knows none refuses.
        let _ = reservation.avoid_large_pages();
        let range = reservation.range();
        Ok(StackMemory { reservation, bounds: Bounds { low: range.start + guard, high: range.end } })
    }

    /// What may be used.
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The lowest address, of the guard.
    pub(super) fn start(&self) -> usize {
        self.reservation.range().start
    }

    /// Gives the memory behind it back to the system, but for a little at the upper end. Where that is refused, it stays.
    pub(super) fn shrink(&mut self) {
        let guard = self.bounds.low - self.reservation.range().start;
        let size = self.bounds.high - self.bounds.low;
        let kept = KEPT.next_multiple_of(page_size());
        if size > kept {
            let _ = self.reservation.discard(guard, size - kept);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::sys::stack::{Kind, is_guarded};
    use std::ptr;

    #[test]
    fn a_stack_has_a_guard_and_keeps_its_upper_end() {
        let mut stack = StackMemory::new(256 << 10).unwrap();
        let bounds = stack.bounds();
        assert_eq!(bounds.high - bounds.low, 256 << 10);
        assert!(is_guarded(bounds, Kind::Foreign));
        let place = |address: usize| ptr::with_exposed_provenance_mut::<u8>(address);
        // SAFETY: both are places of the stack, on which nothing runs.
        unsafe {
            place(bounds.low).write_volatile(7);
            place(bounds.high - 1).write_volatile(8);
        }
        stack.shrink();
        // SAFETY: as above.
        let left = unsafe { (place(bounds.low).read_volatile(), place(bounds.high - 1).read_volatile()) };
        assert_eq!(left, (0, 8));
    }
}
