//! The end of a program's time: a thread that waits for it, interrupts the program, and where that is not enough, ends the process.
//!
//! Started by `command::run`.

use crate::diagnosis::{Diagnosis, code, report};
use crate::outcome::TRAP;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tancho::{Error, InterruptHandle};

/// How long a program may take to end that was interrupted: compiled code does at once, what the host does for it may wait for something.
const GRACE: Duration = Duration::from_millis(100);

/// While it is there, the time runs.
pub(crate) struct Timeout {
    /// Dropped with it, which the thread sees.
    _done: Option<Sender<()>>,
}

impl Timeout {
    /// Lets the time run for what `handle` interrupts; for ever where there is no end.
    pub(crate) fn start(after: Option<Duration>, handle: InterruptHandle) -> Timeout {
        let Some(after) = after else { return Timeout { _done: None } };
        let (done, finished) = channel::<()>();
        std::thread::spawn(move || {
            if finished.recv_timeout(after) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            handle.interrupt();
            if finished.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
                report::error(&error(after, "it waits for something outside, and was ended there").into());
                std::process::exit(i32::from(TRAP));
            }
        });
        Timeout { _done: Some(done) }
    }
}

/// What is said of a program that was ended.
pub(crate) fn error(after: Duration, how: &str) -> Diagnosis {
    let message = format!("the program has run for {after:?}, which is all that --timeout gives it: {how}");
    Diagnosis::new(&code::guest::INTERRUPT, message)
        .help("give it more time, or look at the backtrace for a loop without an end")
}

/// Puts what has happened around the error of a program that was interrupted.
pub(crate) fn explain(error_of_run: Error, after: Option<Duration>) -> Error {
    match (after, error_of_run.downcast_ref::<tancho::Trap>()) {
        (Some(after), Some(tancho::Trap::Interrupt)) => error_of_run.context(error(after, "it was interrupted")),
        _ => error_of_run,
    }
}
