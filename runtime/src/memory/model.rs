//! Models of the waiter table that loom runs in every order that threads can come in, up to a number of preemptions.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p tancho-runtime --lib --release model`. Memory is a loom atomic, which a
//! notifier writes before it notifies; a wait that nothing ends shows as a deadlock.

use super::wait::Waiters;
use crate::interrupt::{InterruptHandle, Interruption};
use crate::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::Wait;

const PLACE: u64 = 8;

/// A memory of one word, with its waiters.
struct Model {
    waiters: Arc<Waiters>,
    word: AtomicU32,
}

impl Model {
    fn new() -> Arc<Model> {
        Arc::new(Model { waiters: Waiters::new(), word: AtomicU32::new(0) })
    }

    fn wait(&self, interruption: Option<&Interruption>) -> Result<Wait, Trap> {
        let is_expected = || self.word.load(Ordering::SeqCst) == 0;
        let interruption = interruption.map(|interruption| interruption as _);
        Waiters::wait(&self.waiters, PLACE, is_expected, None, interruption)
    }
}

/// Whoever waits while a value is 0 is released by a thread that changes it and then notifies, or does not begin.
#[test]
fn no_wake_up_is_lost() {
    loom::model(|| {
        let model = Model::new();
        let notifier = {
            let model = model.clone();
            thread::spawn(move || {
                model.word.store(1, Ordering::SeqCst);
                model.waiters.notify(PLACE, u32::MAX)
            })
        };
        let ended = model.wait(None).expect("nobody interrupts");
        let released = notifier.join().expect("it does not panic");
        assert_eq!(ended == Wait::Ok, released == 1);
        assert_eq!(ended == Wait::Mismatch, released == 0);
    });
}

/// One notification of one releases one of two; another the other.
#[test]
fn each_notification_releases_one() {
    loom::model(|| {
        let model = Model::new();
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let model = model.clone();
                thread::spawn(move || model.wait(None))
            })
            .collect();
        let mut released = model.waiters.notify(PLACE, 1);
        assert!(released <= 1);
        model.word.store(1, Ordering::SeqCst);
        released += model.waiters.notify(PLACE, u32::MAX);
        let ended = waiters.into_iter().map(|waiter| waiter.join().expect("it does not panic"));
        assert_eq!(ended.filter(|ended| *ended == Ok(Wait::Ok)).count(), released as usize);
        assert_eq!(model.waiters.count(), 0);
    });
}

/// An interruption ends a wait whenever it comes, and a notification that comes at the same time either counts the waiter and is what it
/// gets, or does not count it.
#[test]
fn an_interruption_ends_a_wait_once() {
    loom::model(|| {
        let model = Model::new();
        let interruption = Interruption::new(std::ptr::null_mut());
        let notifier = {
            let model = model.clone();
            thread::spawn(move || model.waiters.notify(PLACE, 1))
        };
        let interrupter = {
            let handle = InterruptHandle::new(&interruption);
            thread::spawn(move || handle.interrupt())
        };
        let ended = model.wait(Some(&interruption));
        let released = notifier.join().expect("it does not panic");
        interrupter.join().expect("it does not panic");
        match ended {
            Ok(Wait::Ok) => assert_eq!(released, 1),
            Err(Trap::Interrupt) => assert_eq!(released, 0),
            other => panic!("{other:?}"),
        }
        // The request is taken, or still there for what comes next.
        assert_eq!(InterruptHandle::new(&interruption).is_pending(), ended == Ok(Wait::Ok));
        assert_eq!(model.waiters.count(), 0);
    });
}

/// A request that has ended one wait, or comes between two, does not end two.
#[test]
fn an_interruption_ends_one_wait() {
    loom::model(|| {
        let model = Model::new();
        let interruption = Interruption::new(std::ptr::null_mut());
        let interrupter = {
            let handle = InterruptHandle::new(&interruption);
            let model = model.clone();
            thread::spawn(move || {
                handle.interrupt();
                model.word.store(1, Ordering::SeqCst);
                model.waiters.notify(PLACE, u32::MAX);
            })
        };
        let ended = [model.wait(Some(&interruption)), model.wait(Some(&interruption))];
        interrupter.join().expect("it does not panic");
        let interrupted = ended.iter().filter(|ended| **ended == Err(Trap::Interrupt)).count();
        assert_eq!(interrupted + usize::from(InterruptHandle::new(&interruption).is_pending()), 1, "{ended:?}");
    });
}
