//! Lists of buffers in guest memory (witx `iovec_array`, `ciovec_array`), as `fd_read` and `fd_write` take them.
//!
//! `io` checks a list once, before anything happens, and then moves data through it in batches of a fixed size, so that
//! neither the number of buffers nor their lengths, both chosen by the guest, make the host allocate, or keep it for long in one call to
//! the system. Data goes between the host and the guest's own buffers without a copy, but where other threads share the memory. A list may
//! well overlap itself or the buffers it names: each element is read and checked again where it is used.

use super::errno::Errno;
use super::memory::{GuestMemory, GuestPtr};
use crate::quota::Quota;
use rustix::io::Errno as HostErrno;
use std::borrow::Cow;
use std::io::{IoSlice, IoSliceMut};

/// What fills up a batch.
const NOTHING: &[u8] = &[];

/// How many buffers go into one system call.
const BATCH: usize = 8;

/// How many bytes go into one system call: as many as take some milliseconds at most, after which it is asked whether the guest is to be
/// ended.
const MOST_AT_ONCE: u32 = 8 << 20;

/// How many of a shared memory, which are copied.
const MOST_COPIED: u32 = 256 << 10;

/// witx `iovec`: the address and the length of a buffer, 4 bytes each.
const ELEMENT_SIZE: u32 = 8;
const LENGTH_OFFSET: u32 = 4;

/// A buffer: where it is and how long.
type Stretch = (GuestPtr, u32);

/// A checked list of buffers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vectors {
    list: GuestPtr,
    count: u32,
}

/// The next few buffers of a list, none of them empty.
struct Batch {
    /// Filled up with empty ones.
    stretches: [Stretch; BATCH],
    count: usize,
    bytes: u32,
}

impl Vectors {
    /// The list of `count` buffers at `list`. `EFAULT` if it, or any buffer in it that is not empty, does not lie
    /// within the memory.
    pub(super) fn check(guest: &GuestMemory<'_>, list: u32, count: u32) -> Result<Vectors, Errno> {
        let vectors = Vectors { list: GuestPtr::new(list), count };
        guest.check_array(vectors.list, count, ELEMENT_SIZE)?;
        for index in 0..count {
            let (at, length) = vectors.element(guest, index)?;
            if length > 0 {
                guest.check(at, length)?;
            }
        }
        Ok(vectors)
    }

    /// Hands the buffers to `write`, a batch at a time, until one is not taken whole or `quota` is used up; returns how many bytes were
    /// taken. An error after the first bytes were taken is left for the next call to meet.
    pub(super) fn write_from(
        self,
        guest: &GuestMemory<'_>,
        quota: &Quota,
        mut write: impl FnMut(&[IoSlice<'_>]) -> Result<usize, HostErrno>,
    ) -> Result<u32, Errno> {
        let mut progress = Progress::default();
        while let Some(mut batch) = self.batch(guest, &mut progress, false)? {
            let wanted = batch.bytes;
            let granted = match going_on(guest, &progress).and_then(|()| quota.take(u64::from(wanted))) {
                Ok(granted) => granted,
                Err(_) if progress.total > 0 => break,
                Err(error) => return Err(error.into()),
            };
            batch.cut(u32::try_from(granted).unwrap_or(wanted));
            let mut copies = [const { Cow::Borrowed(NOTHING) }; BATCH];
            for (copy, (at, length)) in copies.iter_mut().zip(batch.stretches) {
                *copy = guest.bytes(at, length)?;
            }
            let slices = copies.each_ref().map(|copy| IoSlice::new(copy));
            let taken = write(slices.get(..batch.count).unwrap_or(&slices));
            let written = taken.map_or(0, |bytes| u64::try_from(bytes).unwrap_or(granted).min(granted));
            quota.give_back(granted - written);
            if !progress.advance(&batch, taken)? || batch.bytes < wanted {
                break;
            }
        }
        Ok(progress.total)
    }

    /// Hands the buffers to `read`, a batch at a time, until one is not filled, or after the first unless `on`;
    /// returns how many bytes came. An error after the first bytes came is left for the next call to meet.
    pub(super) fn read_into(
        self,
        guest: &mut GuestMemory<'_>,
        on: bool,
        mut read: impl FnMut(&mut [IoSliceMut<'_>]) -> Result<usize, HostErrno>,
    ) -> Result<u32, Errno> {
        let mut progress = Progress::default();
        while let Some(batch) = self.batch(guest, &mut progress, true)? {
            match going_on(guest, &progress) {
                Ok(()) => {}
                Err(_) if progress.total > 0 => break,
                Err(error) => return Err(error.into()),
            }
            let filled = if guest.is_own() {
                match guest.disjoint_mut(batch.stretches) {
                    Ok(buffers) => {
                        let mut slices = buffers.map(IoSliceMut::new);
                        read(slices.get_mut(..batch.count).expect("a batch counts at most BATCH buffers"))
                    }
                    // What was read before has changed the list itself; what was read counts.
                    Err(_) if progress.total > 0 => break,
                    Err(error) => return Err(error),
                }
            } else {
                batch.read_by_copy(guest, &mut read)?
            };
            if !progress.advance(&batch, filled)? || !on {
                break;
            }
        }
        Ok(progress.total)
    }

    /// The next batch; `None` at the end of the list or when as much was moved as the result can count. Where
    /// `disjoint`, it ends before a buffer that overlaps one already in it.
    fn batch(self, guest: &GuestMemory<'_>, progress: &mut Progress, disjoint: bool) -> Result<Option<Batch>, Errno> {
        let most = if guest.is_own() { MOST_AT_ONCE } else { MOST_COPIED };
        let mut batch = Batch { stretches: [(GuestPtr::new(0), 0); BATCH], count: 0, bytes: 0 };
        while progress.next < self.count {
            let (at, length) = self.element(guest, progress.next)?;
            // A list that has changed meanwhile may have less here than was moved already.
            let (at, rest) = (at.plus(progress.within.min(length))?, length.saturating_sub(progress.within));
            let room = most.min(u32::MAX - progress.total) - batch.bytes;
            let length = rest.min(room);
            let overlaps = batch.stretches.iter().any(|other| overlap((at, length), *other));
            if length > 0 && disjoint && overlaps {
                break;
            }
            if length > 0 {
                let Some(slot) = batch.stretches.get_mut(batch.count) else {
                    break;
                };
                *slot = (at, length);
                batch.count += 1;
                batch.bytes += length;
            }
            if length < rest {
                progress.within += length;
                break;
            }
            (progress.next, progress.within) = (progress.next + 1, 0);
        }
        Ok(if batch.count > 0 { Some(batch) } else { None })
    }

    fn element(self, guest: &GuestMemory<'_>, index: u32) -> Result<Stretch, Errno> {
        let element = self.list.element(index, ELEMENT_SIZE)?;
        let at = GuestPtr::new(guest.load_u32(element)?);
        Ok((at, guest.load_u32(element.plus(LENGTH_OFFSET)?)?))
    }
}

impl Batch {
    /// Leaves out what is beyond the first `bytes`.
    fn cut(&mut self, bytes: u32) {
        let mut left = bytes;
        for (_, length) in &mut self.stretches {
            *length = left.min(*length);
            left -= *length;
        }
        self.bytes = self.bytes.min(bytes);
    }

    /// Has `read` fill a buffer of the host's, and copies what came to the guest's. The outer error is the guest's own: what came has no
    /// place.
    fn read_by_copy(
        &self,
        guest: &mut GuestMemory<'_>,
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, HostErrno>,
    ) -> Result<Result<usize, HostErrno>, Errno> {
        for (at, length) in self.stretches {
            guest.check(at, length)?;
        }
        let length = usize::try_from(self.bytes).map_err(|_| Errno::OVERFLOW)?;
        let mut copy = vec![0; length];
        let filled = read(&mut [IoSliceMut::new(&mut copy)]);
        let mut rest = copy.get(..filled.unwrap_or(0)).unwrap_or(&copy);
        for (at, length) in self.stretches {
            let length = usize::try_from(length).map_err(|_| Errno::OVERFLOW)?;
            let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            guest.store(at, piece)?;
            rest = after;
        }
        Ok(filled)
    }
}

/// An error when the guest is to be ended, but before the first call to the host: that asks by itself where it waits.
fn going_on(guest: &GuestMemory<'_>, progress: &Progress) -> Result<(), HostErrno> {
    if progress.total == 0 { Ok(()) } else { guest.interruption().check() }
}

/// How far a transfer has come.
#[derive(Default)]
struct Progress {
    /// The first element of the list not yet used up.
    next: u32,
    /// How many of its bytes are.
    within: u32,
    /// Bytes moved.
    total: u32,
}

impl Progress {
    /// Counts what a system call did with `batch`. Is there reason to go on?
    fn advance(&mut self, batch: &Batch, done: Result<usize, HostErrno>) -> Result<bool, Errno> {
        match done {
            Ok(bytes) => {
                let bytes = u32::try_from(bytes).map_or(batch.bytes, |bytes| bytes.min(batch.bytes));
                self.total += bytes;
                Ok(bytes == batch.bytes)
            }
            Err(_) if self.total > 0 => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn overlap((at, length): Stretch, (other, other_length): Stretch) -> bool {
    let end = |at: GuestPtr, length: u32| u64::from(at.address()) + u64::from(length);
    u64::from(at.address()) < end(other, other_length) && u64::from(other.address()) < end(at, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: usize = 4096;

    /// A memory with a list of buffers at 0.
    fn memory(list: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = vec![0_u8; MEMORY];
        let mut guest = GuestMemory::new(&mut bytes);
        for (index, (at, length)) in list.iter().enumerate() {
            let element = GuestPtr::new(0).element(u32::try_from(index).unwrap(), 8).unwrap();
            guest.store_u32(element, *at).unwrap();
            guest.store_u32(element.plus(4).unwrap(), *length).unwrap();
        }
        bytes
    }

    fn checked(list: &[(u32, u32)], count: u32) -> Result<(), Errno> {
        Vectors::check(&GuestMemory::new(&mut memory(list)), 0, count).map(|_| ())
    }

    #[test]
    fn lists_and_buffers_outside_are_faults() {
        assert_eq!(checked(&[(4096, 0), (u32::MAX, 0), (0, 4096)], 3), Ok(()));
        assert_eq!(checked(&[(4095, 1), (4095, 2)], 2), Err(Errno::FAULT));
        assert_eq!(checked(&[(u32::MAX, u32::MAX)], 1), Err(Errno::FAULT));
        assert_eq!(checked(&[], 512), Ok(()));
        assert_eq!(checked(&[], 513), Err(Errno::FAULT));
        assert_eq!(checked(&[], u32::MAX), Err(Errno::FAULT));
        assert_eq!(checked(&[], 1 << 29), Err(Errno::FAULT));
        let mut bytes = memory(&[]);
        assert_eq!(Vectors::check(&GuestMemory::new(&mut bytes), u32::MAX, 0).map(|_| ()), Err(Errno::FAULT));
    }

    fn written(
        list: &[(u32, u32)],
        mut take: impl FnMut(usize) -> Result<usize, HostErrno>,
    ) -> (Result<u32, Errno>, usize) {
        let mut bytes = memory(list);
        let guest = GuestMemory::new(&mut bytes);
        let vectors = Vectors::check(&guest, 0, u32::try_from(list.len()).unwrap()).unwrap();
        let mut calls = 0;
        let result = vectors.write_from(&guest, &Quota::unlimited(), |slices| {
            calls += 1;
            assert!(slices.len() <= BATCH && slices.iter().all(|slice| !slice.is_empty()));
            take(slices.iter().map(|slice| slice.len()).sum())
        });
        (result, calls)
    }

    #[test]
    fn empty_buffers_cost_nothing() {
        assert_eq!(written(&[], Ok), (Ok(0), 0));
        assert_eq!(written(&[(9, 0); 100], Ok), (Ok(0), 0));
        assert_eq!(written(&[(9, 0), (9, 3), (u32::MAX, 0), (8, 2)], Ok), (Ok(5), 1));
    }

    #[test]
    fn long_lists_go_in_batches_and_stop_at_what_is_not_taken() {
        assert_eq!(written(&[(100, 2); 20], Ok), (Ok(40), 3));
        assert_eq!(written(&[(100, 2); 20], |_| Ok(15)), (Ok(15), 1));
        assert_eq!(written(&[(100, 2); 20], |_| Ok(0)), (Ok(0), 1));
        assert_eq!(written(&[(100, 2); 20], |_| Err(HostErrno::NOSPC)), (Err(Errno::NOSPC), 1));
        let mut calls = 0;
        let full = |bytes| {
            calls += 1;
            if calls == 1 { Ok(bytes) } else { Err(HostErrno::NOSPC) }
        };
        assert_eq!(written(&[(100, 2); 20], full), (Ok(16), 2));
    }

    #[test]
    fn more_than_the_result_can_count_is_not_moved() {
        // 20 times 4096 bytes, of which a result of few bits is simulated by starting near the end of the range.
        let mut bytes = memory(&[(0, 4096); 3]);
        let guest = GuestMemory::new(&mut bytes);
        let vectors = Vectors::check(&guest, 0, 3).unwrap();
        let mut progress = Progress { next: 0, within: 0, total: u32::MAX - 5000 };
        let batch = vectors.batch(&guest, &mut progress, false).unwrap().unwrap();
        assert_eq!(batch.bytes, 5000);
        assert_eq!(batch.count, 2);
        progress.total = u32::MAX;
        progress.next = 0;
        assert!(vectors.batch(&guest, &mut progress, false).unwrap().is_none());
    }

    fn read(list: &[(u32, u32)], on: bool) -> (Result<u32, Errno>, usize, Vec<u8>) {
        let mut bytes = memory(list);
        let mut guest = GuestMemory::new(&mut bytes);
        let vectors = Vectors::check(&guest, 0, u32::try_from(list.len()).unwrap()).unwrap();
        let (mut calls, mut next) = (0, 0_u8);
        let result = vectors.read_into(&mut guest, on, |slices| {
            calls += 1;
            for byte in slices.iter_mut().flat_map(|slice| slice.iter_mut()) {
                next = next.wrapping_add(1);
                *byte = next;
            }
            Ok(slices.iter().map(|slice| slice.len()).sum())
        });
        (result, calls, bytes)
    }

    #[test]
    fn buffers_in_any_order_are_filled_in_the_order_of_the_list() {
        let (result, calls, bytes) = read(&[(2000, 2), (1000, 3), (1500, 0), (3000, 1)], false);
        assert_eq!((result, calls), (Ok(6), 1));
        assert_eq!((&bytes[2000..2002], &bytes[1000..1003], bytes[3000]), (&[1, 2][..], &[3, 4, 5][..], 6));
    }

    #[test]
    fn overlapping_buffers_are_filled_one_after_the_other() {
        let (result, calls, bytes) = read(&[(1000, 4), (1002, 4)], true);
        assert_eq!((result, calls), (Ok(8), 2));
        assert_eq!(&bytes[1000..1006], &[1, 2, 5, 6, 7, 8]);
        let (result, calls, _) = read(&[(1000, 4), (1002, 4)], false);
        assert_eq!((result, calls), (Ok(4), 1));
    }

    /// The first buffers lie over the rest of the list, which then says something else.
    #[test]
    fn a_list_that_is_overwritten_by_its_own_data_stays_inside() {
        let mut list = vec![(72, 8); 9];
        list.push((1000, 4));
        let (result, _, _) = read(&list, true);
        assert!(result.is_ok());
    }

    #[test]
    fn a_call_that_claims_too_much_is_not_believed() {
        let mut bytes = memory(&[(100, 4)]);
        let mut guest = GuestMemory::new(&mut bytes);
        let vectors = Vectors::check(&guest, 0, 1).unwrap();
        assert_eq!(vectors.read_into(&mut guest, true, |_| Ok(usize::MAX)), Ok(4));
        assert_eq!(vectors.write_from(&guest, &Quota::unlimited(), |_| Ok(5)), Ok(4));
    }
}
