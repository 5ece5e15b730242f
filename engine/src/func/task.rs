//! Tasks: asynchronous calls as futures, and how a host function waits for one.
//!
//! `asynchronous` calls [`run`] with what is to be done on a fiber, and its shims of host functions [`wait`]. What may be on a fiber's stack
//! while it is suspended is said in `tancho_runtime::stack`; this file keeps the promise: the future of a host function is `Send`, so are
//! the caller's parameters (`WasmParams`, `Val`), and a [`StoreContextMut`] is when the store's data is, which every asynchronous call asks
//! for.
//!
//! While a call is suspended, its store counts it and cannot be entered (`StoreOpaque::begin_suspension`). Who holds the store has borrowed
//! it to the call's future, and so cannot try, unless he has forgotten the future: then the call stays counted, and the store refuses for
//! ever what would run in it.

use crate::context::StoreContextMut;
use crate::error::{Error, ErrorCode, Result};
use crate::store::StoreOpaque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tancho_abi::trap::Trap;
use tancho_runtime::stack::{Fiber, FiberError, Suspension, Woken};

/// A future that a host function waits for.
pub(crate) type Waited<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// Runs `f`, which may call what is in the store. `waits` says whether something that it may come to can wait: then it runs on a fiber,
/// else at once.
pub(crate) async fn run<T: Send, R: Send>(
    context: &mut StoreContextMut<'_, T>,
    waits: bool,
    f: impl FnOnce(&mut StoreContextMut<'_, T>) -> Result<R> + Send,
) -> Result<R> {
    if !waits {
        return f(context);
    }
    let store = context.opaque_mut();
    store.require_sound()?;
    let (stacks, vm) = (store.engine().stacks().clone(), store.vm());
    let call = move || catch_unwind(AssertUnwindSafe(|| f(context)));
    // SAFETY: `context` has the store to itself, and is borrowed as long as the fiber lives. What is on its stack while it is suspended is
    // `f`, which is `Send` with all that it holds, and what this module's head says. It catches its panics.
    let fiber = unsafe { Fiber::new(&stacks, vm, call) };
    let mut fiber = fiber.map_err(|error| match error {
        FiberError::TooMany => Error::new(Trap::StackOverflow).context(error.to_string()),
        FiberError::System(_) => Error::new(error),
    })?;
    let ended = poll_fn(|context| fiber.poll(context)).await;
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

/// The right to wait, for a host function of the store, or its limiter. The function's closure is called with it in hand: what the closure calls before it has
/// made its future stands below frames of the program's, which may not be continued on another thread.
///
/// # Safety
///
/// As for [`wait`].
pub(crate) unsafe fn suspension(store: *mut StoreOpaque) -> Option<Suspension> {
    // SAFETY: the store is alive, and the caller's; between compiled code and here there is the shim only, or nothing but it where
    // the asynchronous call came to it at once.
    unsafe { Suspension::take((*store).vm()) }
}

/// Waits for a future with what [`suspension`] gave, for a host function of the store; drops it.
///
/// # Errors
///
/// When the call is to end, or was interrupted; when it cannot wait here and the future is not done at once.
///
/// # Safety
///
/// To be called by the shim of a host function, or by what asks a limiter, with its store, to which nobody but the future holds references.
pub(crate) unsafe fn wait<R>(
    store: *mut StoreOpaque,
    suspension: Option<Suspension>,
    future: Waited<'_, R>,
) -> Result<R> {
    let Some(suspension) = suspension else {
        let mut future = future;
        return match poll_once(future.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => Err(ErrorCode::WouldWait.error(
                "an asynchronous host function has to wait, and was called where nothing can: enter WebAssembly by an asynchronous \
                 call (`call_async`, `instantiate_async`), and from host functions in between as well",
            )),
        };
    };
    // SAFETY: the caller's promise.
    unsafe { wait_by(store, suspension, future) }
}

/// The same by a suspension that is there.
///
/// # Errors
///
/// When the call is to end, or was interrupted.
///
/// # Safety
///
/// As for [`wait`].
pub(super) unsafe fn wait_by<R>(store: *mut StoreOpaque, suspension: Suspension, future: Waited<'_, R>) -> Result<R> {
    let mut suspension = suspension;
    // Declared last and so dropped first: nothing that its destructor calls may suspend the fiber.
    let mut future = future;
    loop {
        match suspension.with_context(|context| poll_once(future.as_mut(), context)) {
            Ok(Poll::Ready(result)) => return Ok(result),
            Ok(Poll::Pending) => {}
            Err(_) => return Err(cancelled()),
        }
        // SAFETY: the store is alive, and the future, which has it, is not being polled.
        unsafe { (*store).begin_suspension() };
        let woken = suspension.wait();
        // SAFETY: as above: the fiber goes on, so whoever was given the store meanwhile has it no more.
        unsafe { (*store).end_suspension() };
        match woken {
            Ok(()) => {}
            Err(Woken::Cancelled) => return Err(cancelled()),
            Err(Woken::Interrupted) => return Err(Error::new(Trap::Interrupt)),
        }
    }
}

/// Not inlined: where it was, what a poll has computed of the thread's own variables could be used by the next one, on another thread.
#[inline(never)]
fn poll_once<R>(future: Pin<&mut (dyn Future<Output = R> + Send + '_)>, context: &mut Context<'_>) -> Poll<R> {
    future.poll(context)
}

/// What a call ends in that nobody waits for any more.
#[cold]
fn cancelled() -> Error {
    ErrorCode::Cancelled.error("the asynchronous call was cancelled: its future was dropped")
}
