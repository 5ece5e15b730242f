//! A sign of life during long compilations, for a person at a terminal.
//!
//! Called by `load` and by `command::compile`.

use indicatif::{ProgressBar, ProgressStyle};
use std::ffi::OsStr;
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(400);

/// Does `work`, which compiles `bytes` bytes of `file`; if it takes long and standard error is a terminal, shows that it goes on.
/// The line is gone when it ends.
pub(crate) fn while_compiling<R>(file: &OsStr, bytes: usize, work: impl FnOnce() -> R) -> R {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let message = format!("compiling {} ({:.1} MiB)", crate::load::shown(file), bytes as f64 / f64::from(1 << 20));
    let (done, finished) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if finished.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new_spinner().with_message(message);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
                bar.set_style(style);
            }
            while finished.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                bar.tick();
            }
            bar.finish_and_clear();
        });
        let result = work();
        drop(done);
        result
    })
}
