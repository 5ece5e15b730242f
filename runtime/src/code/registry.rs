//! From a program counter to the code that holds it, for the signal handler.
//!
//! Called by `code::memory`. A lookup takes no lock and allocates nothing, so it may run in a signal handler while other
//! threads load and drop code. Changes are lock-free as well, so a child of `fork` never waits for a thread that it does
//! not have.
//!
//! The present state is an immutable sorted table. A change publishes a new table and retires the old one; a retired
//! table is freed by a later change that finds no reader inside. That is sound because a table is unlinked before it is
//! retired: whoever comes in after the count was seen at zero can only find newer ones.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    owner: *const (),
}

struct Table {
    /// Sorted; ranges do not overlap.
    entries: Vec<Entry>,
    /// The next retired table.
    next: *mut Table,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
static RETIRED: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
static READERS: AtomicUsize = AtomicUsize::new(0);

/// A stay of this thread among the readers: no table that it can see is freed meanwhile.
struct Reader;

impl Reader {
    fn enter() -> Reader {
        READERS.fetch_add(1, SeqCst);
        Reader
    }

    fn table(&self) -> *mut Table {
        TABLE.load(SeqCst)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        READERS.fetch_sub(1, SeqCst);
    }
}

/// Whoever registered the range that holds `pc`. Async-signal-safe.
pub(super) fn find(pc: usize) -> Option<*const ()> {
    let reader = Reader::enter();
    // SAFETY: the table was published by `change` and is not freed while `reader` stays.
    let table = unsafe { reader.table().as_ref() }?;
    let position = table.entries.partition_point(|entry| entry.start <= pc).checked_sub(1)?;
    let entry = table.entries.get(position)?;
    (pc < entry.end).then_some(entry.owner)
}

/// Makes `owner` the owner of the addresses `range`, which nobody owns and which is not empty.
pub(super) fn register(range: Range<usize>, owner: *const ()) {
    change(|entries| {
        let mut changed = Vec::with_capacity(entries.len() + 1);
        let position = entries.partition_point(|entry| entry.start < range.start);
        changed.extend_from_slice(&entries[..position]);
        changed.push(Entry { start: range.start, end: range.end, owner });
        changed.extend_from_slice(&entries[position..]);
        changed
    });
}

/// Takes the range that begins at `start` out again.
pub(super) fn unregister(start: usize) {
    change(|entries| entries.iter().filter(|entry| entry.start != start).copied().collect());
}

fn change(make: impl Fn(&[Entry]) -> Vec<Entry>) {
    let old = {
        // As a reader, so that `old` is neither freed while it is read nor freed and made again at the same address before
        // the exchange.
        let reader = Reader::enter();
        loop {
            let old = reader.table();
            // SAFETY: as in `find`.
            let entries = unsafe { old.as_ref() }.map_or(&[][..], |table| &table.entries);
            let new = Box::into_raw(Box::new(Table { entries: make(entries), next: ptr::null_mut() }));
            if TABLE.compare_exchange(old, new, SeqCst, SeqCst).is_ok() {
                break old;
            }
            // SAFETY: it was not published.
            drop(unsafe { Box::from_raw(new) });
        }
    };
    if !old.is_null() {
        retire(old, old);
    }
    reclaim();
}

/// Puts the list from `first` to `last` before the retired ones.
fn retire(first: *mut Table, last: *mut Table) {
    let mut head = RETIRED.load(SeqCst);
    loop {
        // SAFETY: the list is this thread's own until the exchange succeeds; readers do not look at `next`.
        unsafe { (*last).next = head };
        match RETIRED.compare_exchange(head, first, SeqCst, SeqCst) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

/// Frees the retired tables if nobody can see them.
fn reclaim() {
    let first = RETIRED.swap(ptr::null_mut(), SeqCst);
    if first.is_null() {
        return;
    }
    if READERS.load(SeqCst) == 0 {
        let mut table = first;
        while !table.is_null() {
            // SAFETY: taken off the list, it is this thread's own; unlinked before the count was seen at zero, no reader
            // has it.
            table = unsafe { Box::from_raw(table) }.next;
        }
        return;
    }
    let mut last = first;
    // SAFETY: the list is this thread's own; `next` is written by `retire` alone.
    while let Some(next) = unsafe { ptr::NonNull::new((*last).next) } {
        last = next.as_ptr();
    }
    retire(first, last);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn threads_register_and_find() {
        static STOP: AtomicBool = AtomicBool::new(false);
        // One range stays for the whole test: it must be found at every moment.
        let base = 0x7000_0000_0000_usize;
        register(base..base + 16, ptr::without_provenance(7));
        let finders: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(move || {
                    while !STOP.load(SeqCst) {
                        assert_eq!(find(base + 15), Some(ptr::without_provenance(7)));
                        assert_eq!(find(base + 16), None);
                    }
                })
            })
            .collect();
        let changers: Vec<_> = (1..=6)
            .map(|thread| {
                std::thread::spawn(move || {
                    for round in 0..2000 {
                        let start = base + (thread << 32) + round * 64;
                        let owner = ptr::without_provenance(start);
                        register(start..start + 64, owner);
                        assert_eq!(find(start), Some(owner));
                        assert_eq!(find(start + 63), Some(owner));
                        unregister(start);
                        assert_eq!(find(start), None);
                    }
                })
            })
            .collect();
        changers.into_iter().for_each(|thread| thread.join().unwrap());
        STOP.store(true, SeqCst);
        finders.into_iter().for_each(|thread| thread.join().unwrap());
        unregister(base);
        assert_eq!(find(base), None);
    }
}
