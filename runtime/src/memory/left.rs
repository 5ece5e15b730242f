//! Address space that memories have left, for those that come: to reserve it, make it accessible, map initial contents and give it back takes
//! the system longer than all else about an instance.
//!
//! Where the process may have so much address space only, nothing is left over: whatever else it maps would have to do without. A process that is
//! forked has its own copies of what its parent had, as of all memory.
//!
//! Called by `linear`. What a memory has written is discarded when it leaves, so that nobody finds anything of another's: the system gives
//! zeroed pages for it, or, where a file was mapped privately, the file's.

use super::image::Content;
use crate::sys::map::{Reservation, is_address_space_limited};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a reservation is used: what has one like it can have this one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The bytes of it.
    pub(super) size: usize,
    /// Those before the base.
    pub(super) before: usize,
    /// The last of these, in pages, that can be read and not written: compiled code reads them to be interrupted.
    pub(super) below: usize,
    /// Those from the base on that are accessible. No others are.
    pub(super) accessible: usize,
}

/// A reservation that is as its plan says, and holds zeros, or the contents with this number and zeros around.
struct Left {
    reservation: Reservation,
    plan: Plan,
    content: Option<u64>,
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

/// A reservation of this plan that holds `content`, or zeros.
///
/// # Errors
///
/// When the system refuses, with all else given back to it.
pub(super) fn take(plan: Plan, content: Option<&Arc<Content>>) -> io::Result<Reservation> {
    if let Some(reservation) = find(plan, content.map(|content| content.number())) {
        return Ok(reservation);
    }
    let zeroed = content.and_then(|_| find(plan, None));
    let made = match zeroed {
        Some(mut zeroed) => {
            fill(&mut zeroed, plan, content).and_then(|()| zeroed.commit(plan.before, plan.accessible)).map(|()| zeroed)
        }
        None => make(plan, content),
    };
    made.or_else(|error: io::Error| {
        let given_back = std::mem::take(&mut *left());
        if given_back.is_empty() {
            return Err(error);
        }
        drop(given_back);
        make(plan, content)
    })
}

/// One that was left like this.
fn find(plan: Plan, content: Option<u64>) -> Option<Reservation> {
    let mut left = left();
    let position = left.iter().rposition(|left| left.plan == plan && left.content == content)?;
    Some(left.remove(position).reservation)
}

fn make(plan: Plan, content: Option<&Arc<Content>>) -> io::Result<Reservation> {
    let Plan { size, before, below, accessible } = plan;
    let mut reservation = Reservation::new(size)?;
    fill(&mut reservation, plan, content)?;
    reservation.commit(before - below, below + accessible)?;
    // It was writable like the memory, and is a mapping of its own from here on: to the system neither the guard nor the memory is the same. So
    // its protection can be changed when nothing may be refused.
    reservation.let_read(before - below, below)?;
    Ok(reservation)
}

/// Maps contents into a reservation that is zeroed. They are to be made accessible yet.
fn fill(reservation: &mut Reservation, plan: Plan, content: Option<&Arc<Content>>) -> io::Result<()> {
    content.map_or(Ok(()), |content| reservation.map(plan.before + content.offset(), content.file()))
}

/// Takes a reservation that nobody uses any more, which is as the plan says but for what was written, and for what has become accessible in
/// addition, from the base on: `accessible` bytes are in all. Nothing was mapped into it but `content`, which the caller keeps until this is done.
pub(super) fn give(mut reservation: Reservation, plan: Plan, accessible: usize, content: Option<&Arc<Content>>) {
    if plan.accessible > MOST_ACCESSIBLE || is_address_space_limited() {
        return;
    }
    // Where the system refuses, as it does for memory that is locked, it is given back.
    if reservation.discard(plan.before, plan.accessible).is_err() {
        return;
    }
    // What nobody can access is not counted either.
    if reservation.reset(plan.before + plan.accessible, accessible - plan.accessible).is_err() {
        return;
    }
    let content = content.map(|content| content.number());
    let mut left = left();
    let oldest = (left.len() >= MOST).then(|| left.remove(0));
    left.push(Left { reservation, plan, content });
    drop(left);
    // Without the lock: this takes a while.
    drop(oldest);
}

/// Gives those back that hold contents which nobody has any more.
pub(super) fn forget(content: u64) {
    let gone: Vec<Left> = left().extract_if(.., |left| left.content == Some(content)).collect();
    // As above.
    drop(gone);
}
