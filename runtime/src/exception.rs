//! The exceptions of a store (§4.2.10): those that compiled code may have references to, and the one that is being thrown.
//!
//! Called by the builtins, by `trap` for exceptions that host functions throw, and by `store`. An exception that is caught without a
//! reference never enters the arena: its values go to a buffer, from which the handler takes them at once.
//!
//! Compiled code has handles, as for values of the host. Until a collector can tell which are in use, the compiler says how long those
//! that a handler is given can be ([`Keep`]). An exception that is kept for a frame is freed when that frame is seen to be gone:
//!
//! ```text
//! holds   {activation, frame pointer, landing pad, handle}    outermost first
//! ```
//!
//! A handler in a frame ends all frames below it, and with them what they hold. What the same handler of the same frame held before ends
//! too: the compiler has seen that no copy of that reference is used any more. A frame that returns leaves its entries behind until the
//! next handler above it takes over; there are no more of them than the stack has room for frames.

use crate::activation::{Activation, Exit, Thread, fail_order};
use crate::id::TagId;
use crate::state::State;
use crate::sys::register::Resumption;
use crate::sys::register::stack_pointer;
use crate::sys::signal;
use crate::unwind::find;
use std::fmt;
use std::ptr;
use tancho_abi::catch::Keep;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{ValRaw, VmStore};

/// An exception to which there may be references.
struct Exception {
    tag: TagId,
    values: Box<[ValRaw]>,
    /// How many entries of `holds` are of it.
    holds: u32,
    /// Whether it stays as long as the store.
    stays: bool,
}

/// What an exception with this many values counts for, in bytes.
const fn size(values: usize) -> u64 {
    let own = size_of::<Option<Exception>>() + size_of::<u32>();
    own as u64 + (values * size_of::<ValRaw>()) as u64
}

/// A handler of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The frame's frame pointer.
    pub(crate) fp: usize,
    /// The address of the landing pad.
    pub(crate) landing: usize,
}

/// A handler that has a reference.
struct Hold {
    /// In whose frames it is. Compared only: it may be gone.
    activation: *const Activation,
    place: Place,
    handle: u32,
}

/// What is thrown.
#[derive(Clone, Copy)]
pub(crate) enum Thrown {
    /// A new exception; its values are in the buffer.
    New(TagId),
    /// One that there is a reference to.
    Again(u32),
}

/// An exception that no handler caught between where it was thrown and the host.
pub struct Uncaught {
    /// Its tag.
    pub tag: TagId,
    /// Its values.
    pub values: Vec<ValRaw>,
    /// What [`Store::throw`](crate::store::Store::throw) was given, when the host threw it; else 0.
    pub origin: u64,
}

impl fmt::Debug for Uncaught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uncaught").field("tag", &self.tag).field("values", &self.values.len()).finish_non_exhaustive()
    }
}

/// Where to go on, and what the handler is given.
pub(crate) struct Caught {
    pub(crate) resumption: Resumption,
    /// The address of the values.
    pub(crate) values: usize,
    /// The handle, or 0.
    pub(crate) handle: usize,
}

/// See the [module](self).
pub(crate) struct Exceptions {
    /// By handle - 1.
    arena: Vec<Option<Exception>>,
    /// Handles that are not in use.
    free: Vec<u32>,
    holds: Vec<Hold>,
    /// What all of `arena` counts for, and may.
    size: u64,
    limit: u64,
    /// The values of what was thrown last, or is being thrown.
    buffer: Vec<ValRaw>,
    /// What a host function throws: tag, and origin.
    from_host: Option<(TagId, u64)>,
    uncaught: Option<Uncaught>,
}

impl Exceptions {
    /// None, and room for as many as take `limit` bytes.
    pub(crate) fn new(limit: u64) -> Exceptions {
        Exceptions {
            arena: Vec::new(),
            free: Vec::new(),
            holds: Vec::new(),
            size: 0,
            limit,
            buffer: Vec::new(),
            from_host: None,
            uncaught: None,
        }
    }

    /// Puts the values of a new exception into the buffer.
    pub(crate) fn put(&mut self, values: &[ValRaw]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(values);
    }

    /// Takes a note of what a host function throws, the values of which are in the buffer.
    pub(crate) fn set_from_host(&mut self, tag: TagId, origin: u64) {
        self.from_host = Some((tag, origin));
    }

    /// Takes the exception that came out of compiled code.
    pub(crate) fn take_uncaught(&mut self) -> Option<Uncaught> {
        self.uncaught.take()
    }

    /// An exception that stays as long as the store; its handle. The values are in the buffer.
    pub(crate) fn keep(&mut self, tag: TagId) -> Result<u32, Trap> {
        let handle = self.insert(tag)?;
        self.exception_mut(handle).stays = true;
        Ok(handle)
    }

    /// The tag and values of an exception; `None` when there is none of this handle.
    pub(crate) fn get(&self, handle: u32) -> Option<(TagId, &[ValRaw])> {
        let exception = self.arena.get((handle as usize).checked_sub(1)?)?.as_ref()?;
        Some((exception.tag, &exception.values))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.arena.len() - self.free.len()
    }

    fn find_mut(&mut self, handle: u32) -> Option<&mut Exception> {
        self.arena.get_mut((handle as usize).checked_sub(1)?)?.as_mut()
    }

    /// What a handle of compiled code, or of our own, is of.
    fn exception_mut(&mut self, handle: u32) -> &mut Exception {
        match self.find_mut(handle) {
            Some(exception) => exception,
            None => lost(handle),
        }
    }

    /// Takes a new exception in; its handle.
    fn insert(&mut self, tag: TagId) -> Result<u32, Trap> {
        let size = self.size.saturating_add(size(self.buffer.len()));
        if size > self.limit {
            return Err(Trap::AllocationTooLarge);
        }
        let exception = Exception { tag, values: self.buffer.as_slice().into(), holds: 0, stays: false };
        let handle = match self.free.pop() {
            Some(handle) => handle,
            None => {
                let handle = u32::try_from(self.arena.len() + 1).map_err(|_| Trap::AllocationTooLarge)?;
                self.arena.push(None);
                handle
            }
        };
        self.size = size;
        if let Some(place) = self.arena.get_mut(handle as usize - 1) {
            *place = Some(exception);
        }
        Ok(handle)
    }

    /// Frees an exception that nobody needs any more.
    fn free_unneeded(&mut self, handle: u32) {
        let exception = self.exception_mut(handle);
        if exception.holds > 0 || exception.stays {
            return;
        }
        let size = size(exception.values.len());
        if let Some(place) = self.arena.get_mut(handle as usize - 1) {
            *place = None;
        }
        self.size -= size;
        self.free.push(handle);
    }

    /// Takes an entry of `holds` out. What it was of is freed unless it is `thrown`.
    fn release(&mut self, position: usize, thrown: Option<u32>) {
        let handle = self.holds.remove(position).handle;
        self.size -= size_of::<Hold>() as u64;
        self.exception_mut(handle).holds -= 1;
        if Some(handle) != thrown {
            self.free_unneeded(handle);
        }
    }

    /// Takes out what frames held that are gone now that the handler at `place`, in the innermost activation, is reached.
    ///
    /// # Safety
    ///
    /// `activation` is the innermost one of this thread.
    unsafe fn release_dead(&mut self, activation: *const Activation, place: Place, thrown: Option<u32>) {
        while let Some(hold) = self.holds.last() {
            let dead = if ptr::eq(hold.activation, activation) {
                hold.place.fp < place.fp
            } else {
                // SAFETY: the caller says so.
                !unsafe { is_running(hold.activation, activation) }
            };
            if !dead {
                break;
            }
            self.release(self.holds.len() - 1, thrown);
        }
        let frame = |hold: &&Hold| ptr::eq(hold.activation, activation) && hold.place.fp == place.fp;
        let own = self.holds.iter().rev().take_while(frame).position(|hold| hold.place == place);
        if let Some(position) = own {
            self.release(self.holds.len() - 1 - position, thrown);
        }
    }

    /// Gives what is thrown to the handler at `place`: the address of the values, and the handle.
    ///
    /// # Errors
    ///
    /// When there is no room for one more exception.
    ///
    /// # Safety
    ///
    /// `activation` is the innermost one of this thread.
    unsafe fn give(
        &mut self,
        thrown: Thrown,
        keep: Keep,
        activation: *const Activation,
        place: Place,
    ) -> Result<(usize, usize), Trap> {
        let again = match thrown {
            Thrown::New(_) => None,
            Thrown::Again(handle) => Some(handle),
        };
        if !self.holds.is_empty() {
            // SAFETY: the caller says so.
            unsafe { self.release_dead(activation, place, again) };
        }
        if keep == Keep::Frame {
            // A frame can have as many as it has handlers, and there can be many frames.
            let size = self.size.saturating_add(size_of::<Hold>() as u64);
            if size > self.limit {
                return Err(Trap::AllocationTooLarge);
            }
        }
        let handle = match (thrown, keep) {
            (Thrown::New(_), Keep::No) => return Ok((self.buffer.as_ptr().addr(), 0)),
            (Thrown::New(tag), _) => self.insert(tag)?,
            (Thrown::Again(handle), Keep::No) => {
                let values = std::mem::take(&mut self.exception_mut(handle).values);
                self.put(&values);
                self.exception_mut(handle).values = values;
                self.free_unneeded(handle);
                return Ok((self.buffer.as_ptr().addr(), 0));
            }
            (Thrown::Again(handle), _) => handle,
        };
        let exception = self.exception_mut(handle);
        if keep == Keep::Frame {
            exception.holds += 1;
        } else {
            exception.stays = true;
        }
        let values = exception.values.as_ptr().addr();
        if keep == Keep::Frame {
            self.holds.push(Hold { activation, place, handle });
            self.size += size_of::<Hold>() as u64;
        }
        Ok((values, handle as usize))
    }
}

/// Whether `activation` is `innermost` or one outside of it, or may be on another thread, which waits for this one.
///
/// # Safety
///
/// `innermost` is the innermost activation of this thread, or null.
unsafe fn is_running(activation: *const Activation, innermost: *const Activation) -> bool {
    let mut next = innermost;
    // SAFETY: activations live on the stack frames of `call::enter` calls that have not returned.
    while let Some(running) = unsafe { next.as_ref() } {
        if ptr::eq(next, activation) {
            return true;
        }
        // The store was lent to this thread by a host function, outside of which code of it waits on another thread.
        // SAFETY: the same, and so is the innermost.
        let own = ptr::eq(running.store, unsafe { (*innermost).store });
        // SAFETY: the same.
        let outermost = own && !unsafe { is_outside(running) };
        if outermost && running.saved_exit.fp != 0 {
            return true;
        }
        next = running.outer;
    }
    false
}

/// Whether an activation of the same store is outside of `activation` on the same thread.
///
/// # Safety
///
/// As of [`is_running`].
unsafe fn is_outside(activation: &Activation) -> bool {
    let mut next = activation.outer;
    // SAFETY: as in `is_running`.
    while let Some(running) = unsafe { next.as_ref() } {
        if ptr::eq(running.store, activation.store) {
            return true;
        }
        next = running.outer;
    }
    false
}

/// A reference to what is not there: to go on would be to give one exception for another.
#[cold]
fn lost(handle: u32) -> ! {
    signal::fail(
        "compiled code has a reference to an exception that is gone. This is a bug in tancho.",
        &[("handle", handle as usize)],
    )
}

/// Throws from where compiled code has left for the host: finds the handler, and gives it what it needs. `None` when there is none:
/// the exception is put aside for the host.
///
/// # Errors
///
/// When there is no room for the exception.
///
/// # Safety
///
/// `vm` is the store of this state, and its compiled code waits for the caller.
pub(crate) unsafe fn throw(
    state: &mut State,
    vm: *mut VmStore,
    thrown: Thrown,
    origin: u64,
) -> Result<Option<Caught>, Trap> {
    let activation = Thread::with(Thread::innermost);
    // SAFETY: compiled code of the store runs, so there is an innermost activation.
    let Some(running) = (unsafe { activation.as_ref() }) else {
        signal::fail("compiled code threw outside of an activation. This is a bug in tancho.", &[])
    };
    if running.store != vm || !Thread::with(|thread| thread.runs(running, stack_pointer())) {
        fail_order();
    }
    let tag = match thrown {
        Thrown::New(tag) => tag,
        Thrown::Again(handle) => state.exceptions.exception_mut(handle).tag,
    };
    let exit = Exit { fp: state.vm.exit_fp, pc: state.vm.exit_pc };
    // SAFETY: the activation is alive, and this is how its code left.
    if let Some(handler) = unsafe { find(state, running, exit, tag) } {
        // SAFETY: as above.
        let (values, handle) = unsafe { state.exceptions.give(thrown, handler.keep, activation, handler.place()) }?;
        return Ok(Some(Caught { resumption: handler.resumption, values, handle }));
    }
    let exceptions = &mut state.exceptions;
    let values = match thrown {
        Thrown::New(_) => exceptions.buffer.clone(),
        Thrown::Again(handle) => exceptions.exception_mut(handle).values.to_vec(),
    };
    exceptions.uncaught = Some(Uncaught { tag, values, origin });
    Ok(None)
}

/// [`throw`] of what a host function has left.
///
/// # Errors
///
/// As of [`throw`].
///
/// # Safety
///
/// As for [`throw`].
pub(crate) unsafe fn throw_from_host(state: &mut State, vm: *mut VmStore) -> Result<Option<Caught>, Trap> {
    let Some((tag, origin)) = state.exceptions.from_host.take() else {
        signal::fail("a host function threw nothing. This is a bug in tancho.", &[])
    };
    // SAFETY: the caller says so.
    unsafe { throw(state, vm, Thrown::New(tag), origin) }
}
