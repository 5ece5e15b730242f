//! How many bytes a guest may still write.
//!
//! The context has one; the faces take from it before bytes go anywhere, and give back what did not go.

use rustix::io::Errno;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are left. Threads take from it at the same time, and together never get more than there was.
#[derive(Debug)]
pub(crate) struct Quota {
    left: AtomicU64,
    limited: bool,
}

impl Quota {
    /// As many as anybody likes.
    pub(crate) const fn unlimited() -> Quota {
        Quota { left: AtomicU64::new(0), limited: false }
    }

    /// So many, and no more.
    pub(crate) fn of(bytes: u64) -> Quota {
        Quota { left: AtomicU64::new(bytes), limited: true }
    }

    /// Whether there is an end to it.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited
    }

    /// Takes `bytes`, or as many as are left; `EDQUOT` where some are wanted and none is left.
    pub(crate) fn take(&self, bytes: u64) -> Result<u64, Errno> {
        if !self.limited || bytes == 0 {
            return Ok(bytes);
        }
        let less = |left: u64| Some(left.saturating_sub(bytes));
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).unwrap_or(0);
        if before == 0 { Err(Errno::DQUOT) } else { Ok(bytes.min(before)) }
    }

    /// Takes `bytes`; `EDQUOT`, and none is taken, where there are fewer.
    pub(crate) fn take_all(&self, bytes: u64) -> Result<(), Errno> {
        let taken = self.take(bytes)?;
        if taken < bytes {
            self.give_back(taken);
            return Err(Errno::DQUOT);
        }
        Ok(())
    }

    /// Gives back what was taken and not written.
    pub(crate) fn give_back(&self, bytes: u64) {
        if self.limited {
            self.left.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_given_than_there_is() {
        let quota = Quota::of(10);
        assert_eq!((quota.take(4), quota.take(0), quota.take(9)), (Ok(4), Ok(0), Ok(6)));
        assert_eq!((quota.take(1), quota.take(0)), (Err(Errno::DQUOT), Ok(0)));
        quota.give_back(3);
        assert_eq!((quota.take_all(4), quota.take_all(3)), (Err(Errno::DQUOT), Ok(())));
        assert_eq!(Quota::unlimited().take(u64::MAX), Ok(u64::MAX));
        assert_eq!(Quota::unlimited().take_all(u64::MAX), Ok(()));
    }

    #[test]
    fn threads_together_get_what_there_was() {
        let quota = Quota::of(10_000);
        let got: u64 = std::thread::scope(|scope| {
            let take = || (0..3000).filter_map(|_| quota.take(3).ok()).sum::<u64>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(got, 10_000);
    }
}
