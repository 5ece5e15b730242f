//! Address space that memories have left, for those that come: to reserve it, make it accessible and give it back takes the system longer than
//! all else about a small instance.
//!
//! Called by `linear`. What a memory has written is discarded when it leaves, so that nobody finds anything of another's: the system gives
//! zeroed pages for it.

use crate::sys::map::Reservation;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A reservation of which `accessible` bytes from `before` on are accessible, and zero, and no others.
struct Left {
    reservation: Reservation,
    before: usize,
    accessible: usize,
}

// SAFETY: the addresses are its own, on whatever thread.
unsafe impl Send for Left {}

/// Those of the process, the last to come last.
static LEFT: Mutex<Vec<Left>> = Mutex::new(Vec::new());
/// As many are kept at most: as long as they are not used, they take address space only, and the tables for a few pages of it.
const MOST: usize = 16;
/// Those with more accessible bytes are not kept: systems that promise no more memory than they have count them.
const MOST_ACCESSIBLE: usize = 8 << 20;

fn left() -> MutexGuard<'static, Vec<Left>> {
    // Nothing panics that holds the lock.
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reservation of `size` bytes of which those are accessible, and zero, that are said to be, and no others.
///
/// # Errors
///
/// When the system refuses, with all else given back to it.
pub(super) fn take(size: usize, before: usize, accessible: usize) -> io::Result<Reservation> {
    let fits = |left: &Left| (left.reservation.size(), left.before, left.accessible) == (size, before, accessible);
    {
        let mut left = left();
        if let Some(position) = left.iter().rposition(fits) {
            return Ok(left.remove(position).reservation);
        }
    }
    let make = || {
        let mut reservation = Reservation::new(size)?;
        reservation.commit(before, accessible)?;
        Ok(reservation)
    };
    make().or_else(|error: io::Error| {
        let given_back = std::mem::take(&mut *left());
        if given_back.is_empty() {
            return Err(error);
        }
        drop(given_back);
        make()
    })
}

/// Takes a reservation that nobody uses any more and in which nothing was mapped. Only those bytes are accessible that are said to be.
pub(super) fn give(mut reservation: Reservation, before: usize, accessible: usize) {
    if accessible > MOST_ACCESSIBLE {
        return;
    }
    // Where the system refuses, as it does for memory that is locked, it is given back.
    if accessible > 0 && reservation.discard(before, accessible).is_err() {
        return;
    }
    let mut left = left();
    let oldest = (left.len() >= MOST).then(|| left.remove(0));
    left.push(Left { reservation, before, accessible });
    drop(left);
    // Without the lock: this takes a while.
    drop(oldest);
}
