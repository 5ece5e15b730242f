//! Address space that memories have left, for those that come: to reserve it, make it accessible and give it back takes the system longer than
//! all else about a small instance.
//!
//! Where the process may have so much address space only, nothing is left over: whatever else it maps would have to do without. A process that is
//! forked has its own copies of what its parent had, as of all memory.
//!
//! Called by `linear`. What a memory has written is discarded when it leaves, so that nobody finds anything of another's: the system gives
//! zeroed pages for it.

use crate::sys::map::{Reservation, is_address_space_limited};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a reservation is used: what has one like it can have this one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The bytes of it.
    pub(super) size: usize,
    /// Those before the base.
    pub(super) before: usize,
    /// The last of these, in pages, that can be read and not written: compiled code reads them to be interrupted.
    pub(super) below: usize,
    /// Those from the base on that are accessible, and zero. No others are.
    pub(super) accessible: usize,
}

/// A reservation that is as its plan says.
struct Left {
    reservation: Reservation,
    plan: Plan,
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

/// A reservation of this plan.
///
/// # Errors
///
/// When the system refuses, with all else given back to it.
pub(super) fn take(plan: Plan) -> io::Result<Reservation> {
    {
        let mut left = left();
        if let Some(position) = left.iter().rposition(|left| left.plan == plan) {
            return Ok(left.remove(position).reservation);
        }
    }
    make(plan).or_else(|error: io::Error| {
        let given_back = std::mem::take(&mut *left());
        if given_back.is_empty() {
            return Err(error);
        }
        drop(given_back);
        make(plan)
    })
}

fn make(plan: Plan) -> io::Result<Reservation> {
    let Plan { size, before, below, accessible } = plan;
    let mut reservation = Reservation::new(size)?;
    reservation.commit(before - below, below + accessible)?;
    // It was writable like the memory, and is a mapping of its own from here on: to the system neither the guard nor the memory is the same. So
    // its protection can be changed when nothing may be refused.
    reservation.let_read(before - below, below)?;
    Ok(reservation)
}

/// Takes a reservation that nobody uses any more and in which nothing was mapped, and which is as the plan says but for what was written.
pub(super) fn give(mut reservation: Reservation, plan: Plan) {
    if plan.accessible > MOST_ACCESSIBLE || is_address_space_limited() {
        return;
    }
    // Where the system refuses, as it does for memory that is locked, it is given back.
    if plan.accessible > 0 && reservation.discard(plan.before, plan.accessible).is_err() {
        return;
    }
    let mut left = left();
    let oldest = (left.len() >= MOST).then(|| left.remove(0));
    left.push(Left { reservation, plan });
    drop(left);
    // Without the lock: this takes a while.
    drop(oldest);
}
