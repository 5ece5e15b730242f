//! An executor: polls a future until it is done, on this thread or on a new one for every poll.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Wakes a thread.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread, and sleeps until it is woken in between.
pub(crate) fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Polls once, with a waker that wakes nobody.
pub(crate) fn poll<R>(future: Pin<&mut (impl Future<Output = R> + ?Sized)>) -> Poll<R> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until it is done, each time on a new thread; how often.
pub(crate) fn wander<R: Send>(future: impl Future<Output = R> + Send) -> (R, u32) {
    let mut future = std::pin::pin!(future);
    for polls in 1.. {
        let polled = std::thread::scope(|scope| {
            let future = future.as_mut();
            scope.spawn(move || poll(future)).join().unwrap()
        });
        if let Poll::Ready(result) = polled {
            return (result, polls);
        }
    }
    unreachable!("it is polled until it is done")
}

/// Pending so many times.
pub(crate) struct Turns(pub(crate) u32);

impl Future for Turns {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
