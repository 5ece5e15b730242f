//! The exceptions of a store (§4.2.10): how they are thrown, and the one that is being thrown.
//!
//! Called by the builtins, by `trap` for exceptions that host functions throw, and by `store`. An exception that is caught without a
//! reference never is an object: its values go to a buffer, from which the handler takes them at once. For a handler that wants a reference, or
//! for the host, there is an object in the heap.

use crate::activation::{Exit, Thread, fail_order};
use crate::id::TagId;
use crate::state::State;
use crate::sys::register::Resumption;
use crate::sys::register::stack_pointer;
use crate::sys::signal;
use crate::unwind::find;
use std::fmt;
use tancho_abi::object::{EXCEPTION_VALUES, PAYLOAD};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{ValRaw, VmStore};

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
    /// The reference, or 0.
    pub(crate) reference: usize,
}

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Exceptions {
    /// The values of what was thrown last, or is being thrown.
    buffer: Vec<ValRaw>,
    /// The tag of what is being thrown: what its values refer to is alive.
    in_flight: Option<TagId>,
    /// What a host function throws: tag, and origin.
    from_host: Option<(TagId, u64)>,
    uncaught: Option<Uncaught>,
}

impl Exceptions {
    /// Puts the values of a new exception into the buffer.
    pub(crate) fn put(&mut self, tag: TagId, values: impl IntoIterator<Item = ValRaw>) {
        self.buffer.clear();
        self.buffer.extend(values);
        self.in_flight = Some(tag);
    }

    /// Takes a note of what a host function throws, the values of which are in the buffer.
    pub(crate) fn set_from_host(&mut self, tag: TagId, origin: u64) {
        self.from_host = Some((tag, origin));
    }

    /// Takes the exception that came out of compiled code.
    pub(crate) fn take_uncaught(&mut self) -> Option<Uncaught> {
        self.uncaught.take()
    }

    /// Calls `visit` with the values of what is being thrown, and of what nothing has caught.
    pub(crate) fn each_value(&self, mut visit: impl FnMut(TagId, &[ValRaw])) {
        if let Some(tag) = self.in_flight {
            visit(tag, &self.buffer);
        }
        if let Some(uncaught) = &self.uncaught {
            visit(uncaught.tag, &uncaught.values);
        }
    }

    /// Calls `visit` with the values of what is being thrown, and of what nothing has caught.
    pub(crate) fn values_mut(&mut self, mut visit: impl FnMut(TagId, &mut [ValRaw])) {
        if let Some(tag) = self.in_flight {
            visit(tag, &mut self.buffer);
        }
        if let Some(uncaught) = &mut self.uncaught {
            visit(uncaught.tag, &mut uncaught.values);
        }
    }
}

impl State {
    /// A new exception, all values 0. May collect.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub(crate) fn allocate_exception(&mut self, tag: TagId) -> Result<u32, Trap> {
        let info = self.heap.infos.of_tag(tag, &self.tags[tag.position()].ty);
        // SAFETY: it is this store's.
        unsafe { self.allocate(info, 0) }
    }

    /// The tag of an exception, to which there is a reference.
    fn tag_of(&self, exception: u32) -> TagId {
        // SAFETY: an exception has the number of its tag there.
        TagId(unsafe { self.heap.at(exception).add(PAYLOAD as usize).cast::<u32>().read() })
    }

    /// The values of an exception, to which there is a reference.
    pub(crate) fn exception_values(&self, exception: u32) -> Vec<ValRaw> {
        // SAFETY: there is an exception, and its type says how many values it has. They are aligned to 8 bytes.
        unsafe {
            let info = &*self.heap.info(exception);
            let count = info.fields.len();
            let values = self.heap.at(exception + EXCEPTION_VALUES).cast::<ValRaw>();
            (0..count).map(|position| values.add(position).read_unaligned()).collect()
        }
    }

    /// Makes an object of what is being thrown, the values of which are in the buffer.
    fn materialize(&mut self, tag: TagId) -> Result<u32, Trap> {
        let exception = self.allocate_exception(tag)?;
        // SAFETY: the exception has just been made, with room for as many values.
        unsafe {
            let fields = &(*self.heap.info(exception)).fields;
            for position in 0..self.exceptions.buffer.len().min(fields.len()) {
                let (field, value) = (fields[position], self.exceptions.buffer[position]);
                self.write_whole(exception, exception + field.offset, field.storage, value);
            }
        }
        Ok(exception)
    }
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
        Thrown::Again(exception) => {
            let tag = state.tag_of(exception);
            let values = state.exception_values(exception);
            state.exceptions.put(tag, values);
            tag
        }
    };
    let exit = Exit { fp: state.vm.exit_fp, pc: state.vm.exit_pc };
    // SAFETY: the activation is alive, and this is how its code left.
    let Some(handler) = (unsafe { find(state, running, exit, tag) }) else {
        let values = state.exceptions.buffer.clone();
        state.exceptions.in_flight = None;
        state.exceptions.uncaught = Some(Uncaught { tag, values, origin });
        return Ok(None);
    };
    let reference = match thrown {
        _ if !handler.wants_reference => Ok(0),
        // This may collect. It moves no frame, and the buffer's values with what they refer to.
        Thrown::New(tag) => state.materialize(tag),
        Thrown::Again(exception) => Ok(exception),
    };
    // The handler takes the values before anything can collect.
    state.exceptions.in_flight = None;
    let (resumption, values) = (handler.resumption, state.exceptions.buffer.as_ptr().addr());
    Ok(Some(Caught { resumption, values, reference: reference? as usize }))
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
