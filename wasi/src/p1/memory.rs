//! The guest's memory as this face sees it: the only way to its bytes.
//!
//! Every access is checked against the end of the memory and is `EFAULT` beyond it; nothing here panics or demands alignment, and what is
//! allocated for a copy is of the host's choice. An address is a [`GuestPtr`], with which nothing can be done but to move it on, checked,
//! and to hand it back here. A memory may be shared between threads, which may write it at any moment: then every byte goes in and
//! out by itself, and what is decided upon is a copy.

use super::errno::Errno;
use crate::poll::Interruption;
use rustix::io::Errno as HostErrno;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

/// An address in the guest's memory, not yet known to be inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GuestPtr(u32);

impl GuestPtr {
    /// The address a guest handed in.
    pub(super) fn new(address: u32) -> GuestPtr {
        GuestPtr(address)
    }

    /// The number of the address, as it is stored in guest memory.
    pub(super) fn address(self) -> u32 {
        self.0
    }

    /// The address `bytes` further on; `EFAULT` where addresses end.
    pub(super) fn plus(self, bytes: u32) -> Result<GuestPtr, Errno> {
        self.0.checked_add(bytes).map(GuestPtr).ok_or(Errno::FAULT)
    }

    /// The address of element `index` of an array of elements of `size` bytes.
    pub(super) fn element(self, index: u32, size: u32) -> Result<GuestPtr, Errno> {
        self.plus(index.checked_mul(size).ok_or(Errno::FAULT)?)
    }
}

/// How many bytes of a shared memory are copied at a time.
pub(super) const PIECE: usize = 64 * 1024;

/// The bytes of a guest's memory during one call.
#[derive(Debug)]
pub(super) struct GuestMemory<'a> {
    bytes: Bytes<'a>,
    /// Who may end the guest while the call waits.
    interruption: Interruption,
}

/// Where the bytes are.
#[derive(Debug)]
enum Bytes<'a> {
    /// In a memory that nobody else uses during the call.
    Own(&'a mut [u8]),
    /// In one that other threads use at the same time. Nothing borrows from it: what is looked at more than once is copied first.
    Shared(&'a [AtomicU8]),
}

impl<'a> GuestMemory<'a> {
    /// The memory that consists of `bytes`.
    pub(super) fn new(bytes: &'a mut [u8]) -> GuestMemory<'a> {
        GuestMemory { bytes: Bytes::Own(bytes), interruption: Interruption::default() }
    }

    /// The shared memory that consists of `bytes`.
    pub(super) fn shared(bytes: &'a [AtomicU8]) -> GuestMemory<'a> {
        GuestMemory { bytes: Bytes::Shared(bytes), interruption: Interruption::default() }
    }

    /// The same, of a guest that this may end.
    pub(super) fn of(self, interruption: Interruption) -> GuestMemory<'a> {
        GuestMemory { interruption, ..self }
    }

    /// Who may end the guest while the call waits.
    pub(super) fn interruption(&self) -> &Interruption {
        &self.interruption
    }

    /// The same, when the call is over.
    pub(super) fn into_interruption(self) -> Interruption {
        self.interruption
    }

    /// How many bytes there are.
    fn length(&self) -> usize {
        match &self.bytes {
            Bytes::Own(bytes) => bytes.len(),
            Bytes::Shared(bytes) => bytes.len(),
        }
    }

    /// Are `length` bytes at `at` inside? Asked of a place for a result before there is an effect, so that no effect
    /// is lost for want of a place to report it.
    pub(super) fn check(&self, at: GuestPtr, length: u32) -> Result<(), Errno> {
        if range(at, length).end <= self.length() { Ok(()) } else { Err(Errno::FAULT) }
    }

    /// Are `count` elements of `size` bytes inside?
    pub(super) fn check_array(&self, at: GuestPtr, count: u32, size: u32) -> Result<(), Errno> {
        self.check(at, count.checked_mul(size).ok_or(Errno::FAULT)?)
    }

    /// The `length` bytes at `at`, in place where nobody else uses the memory, else a copy.
    pub(super) fn bytes(&self, at: GuestPtr, length: u32) -> Result<Cow<'_, [u8]>, Errno> {
        match &self.bytes {
            Bytes::Own(bytes) => bytes.get(range(at, length)).map(Cow::Borrowed),
            Bytes::Shared(bytes) => bytes.get(range(at, length)).map(|cells| Cow::Owned(copied(cells))),
        }
        .ok_or(Errno::FAULT)
    }

    /// Whether the bytes are the guest's alone, so that the host can read and write them in place.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.bytes, Bytes::Own(_))
    }

    /// Has `fill` fill the `length` bytes at `at`, piece by piece.
    pub(super) fn fill(
        &mut self,
        at: GuestPtr,
        length: u32,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), HostErrno>,
    ) -> Result<(), Errno> {
        self.check(at, length)?;
        match &mut self.bytes {
            Bytes::Own(bytes) => {
                for piece in bytes.get_mut(range(at, length)).ok_or(Errno::FAULT)?.chunks_mut(PIECE) {
                    self.interruption.check()?;
                    fill(piece)?;
                }
            }
            Bytes::Shared(bytes) => {
                let cells = bytes.get(range(at, length)).ok_or(Errno::FAULT)?;
                let mut copy = vec![0; cells.len().min(PIECE)];
                for cells in cells.chunks(PIECE) {
                    self.interruption.check()?;
                    let piece = copy.get_mut(..cells.len()).ok_or(Errno::FAULT)?;
                    fill(piece)?;
                    put(cells, piece);
                }
            }
        }
        Ok(())
    }

    /// The text of `length` bytes at `at`; `EILSEQ` if it is not UTF-8. Longer than a path can be is `ENAMETOOLONG`
    /// and is not looked at.
    pub(super) fn text(&self, at: GuestPtr, length: u32) -> Result<Cow<'_, str>, Errno> {
        self.check(at, length)?;
        if usize::try_from(length).is_ok_and(|length| length > crate::path::MAX_LENGTH) {
            return Err(Errno::NAMETOOLONG);
        }
        match self.bytes(at, length)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Errno::ILSEQ),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Errno::ILSEQ),
        }
    }

    /// Several stretches of memory that is the guest's alone, to be written, at once. They must not overlap, or it is `EFAULT`; empty
    /// ones, at 0, may be used to fill up.
    pub(super) fn disjoint_mut<const N: usize>(
        &mut self,
        stretches: [(GuestPtr, u32); N],
    ) -> Result<[&mut [u8]; N], Errno> {
        let ranges = stretches.map(|(at, length)| range(at, length));
        match &mut self.bytes {
            Bytes::Own(bytes) => bytes.get_disjoint_mut(ranges).map_err(|_| Errno::FAULT),
            Bytes::Shared(_) => Err(Errno::FAULT),
        }
    }

    /// Copies `bytes` to `at`.
    pub(super) fn store(&mut self, at: GuestPtr, bytes: &[u8]) -> Result<(), Errno> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
        let range = range(at, length);
        match &mut self.bytes {
            Bytes::Own(own) => own.get_mut(range).ok_or(Errno::FAULT)?.copy_from_slice(bytes),
            Bytes::Shared(cells) => put(cells.get(range).ok_or(Errno::FAULT)?, bytes),
        }
        Ok(())
    }

    pub(super) fn load_u8(&self, at: GuestPtr) -> Result<u8, Errno> {
        self.load(at).map(u8::from_le_bytes)
    }

    pub(super) fn load_u16(&self, at: GuestPtr) -> Result<u16, Errno> {
        self.load(at).map(u16::from_le_bytes)
    }

    pub(super) fn load_u32(&self, at: GuestPtr) -> Result<u32, Errno> {
        self.load(at).map(u32::from_le_bytes)
    }

    pub(super) fn load_u64(&self, at: GuestPtr) -> Result<u64, Errno> {
        self.load(at).map(u64::from_le_bytes)
    }

    pub(super) fn store_u8(&mut self, at: GuestPtr, value: u8) -> Result<(), Errno> {
        self.store(at, &value.to_le_bytes())
    }

    pub(super) fn store_u16(&mut self, at: GuestPtr, value: u16) -> Result<(), Errno> {
        self.store(at, &value.to_le_bytes())
    }

    pub(super) fn store_u32(&mut self, at: GuestPtr, value: u32) -> Result<(), Errno> {
        self.store(at, &value.to_le_bytes())
    }

    pub(super) fn store_u64(&mut self, at: GuestPtr, value: u64) -> Result<(), Errno> {
        self.store(at, &value.to_le_bytes())
    }

    fn load<const N: usize>(&self, at: GuestPtr) -> Result<[u8; N], Errno> {
        match &self.bytes {
            Bytes::Own(bytes) => bytes.get(start(at)..).and_then(|rest| rest.first_chunk()).copied(),
            Bytes::Shared(bytes) => {
                let cells = bytes.get(start(at)..).and_then(|rest| rest.first_chunk::<N>());
                cells.map(|cells| cells.each_ref().map(|cell| cell.load(Ordering::Relaxed)))
            }
        }
        .ok_or(Errno::FAULT)
    }
}

/// A copy of bytes that other threads may be writing: each is what it was at some moment.
fn copied(cells: &[AtomicU8]) -> Vec<u8> {
    cells.iter().map(|cell| cell.load(Ordering::Relaxed)).collect()
}

/// Writes bytes that other threads may be reading or writing. There are as many cells as bytes.
fn put(cells: &[AtomicU8], bytes: &[u8]) {
    for (cell, byte) in cells.iter().zip(bytes) {
        cell.store(*byte, Ordering::Relaxed);
    }
}

fn start(at: GuestPtr) -> usize {
    usize::try_from(at.0).expect("every supported host has 64-bit addresses")
}

fn range(at: GuestPtr, length: u32) -> Range<usize> {
    let length = usize::try_from(length).expect("every supported host has 64-bit addresses");
    start(at)..start(at) + length
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: u32 = u32::MAX;

    #[test]
    fn the_end_of_memory_is_the_end_of_every_access() {
        let mut bytes = [0_u8; 16];
        let mut guest = GuestMemory::new(&mut bytes);
        assert!(guest.store_u64(GuestPtr::new(8), 1).is_ok());
        for at in [9, 15, 16, 17, LAST - 7, LAST] {
            assert_eq!(guest.store_u64(GuestPtr::new(at), 1), Err(Errno::FAULT));
            assert_eq!(guest.load_u64(GuestPtr::new(at)), Err(Errno::FAULT));
        }
        assert_eq!(guest.check(GuestPtr::new(16), 0), Ok(()));
        assert_eq!(guest.check(GuestPtr::new(17), 0), Err(Errno::FAULT));
        for (at, length) in [(0, LAST), (LAST, LAST), (1, 16), (16, 1)] {
            assert_eq!(guest.check(GuestPtr::new(at), length), Err(Errno::FAULT));
            assert!(guest.bytes(GuestPtr::new(at), length).is_err());
            assert_eq!(guest.fill(GuestPtr::new(at), length, |_| panic!("filled")), Err(Errno::FAULT));
        }
        assert_eq!(guest.load_u8(GuestPtr::new(15)), Ok(0));
        assert_eq!(guest.load_u8(GuestPtr::new(16)), Err(Errno::FAULT));
    }

    #[test]
    fn addresses_do_not_wrap() {
        assert_eq!(GuestPtr::new(LAST).plus(1), Err(Errno::FAULT));
        assert_eq!(GuestPtr::new(8).element(LAST, 8), Err(Errno::FAULT));
        assert_eq!(GuestPtr::new(8).element(3, 8), Ok(GuestPtr::new(32)));
        let mut bytes = [0_u8; 16];
        let guest = GuestMemory::new(&mut bytes);
        // 2^29 * 8 is 2^32, which in 32 bits would be nothing.
        assert_eq!(guest.check_array(GuestPtr::new(0), 1 << 29, 8), Err(Errno::FAULT));
    }

    #[test]
    fn an_empty_memory_holds_nothing() {
        let guest = GuestMemory::new(&mut []);
        assert_eq!(guest.load_u8(GuestPtr::new(0)), Err(Errno::FAULT));
        assert_eq!(guest.check(GuestPtr::new(0), 0), Ok(()));
    }

    #[test]
    fn text_is_utf8_of_bounded_length() {
        let mut bytes = [b'a'; 8192];
        bytes[1] = 0xff;
        let guest = GuestMemory::new(&mut bytes);
        assert_eq!(guest.text(GuestPtr::new(0), 1).as_deref(), Ok("a"));
        assert_eq!(guest.text(GuestPtr::new(0), 2), Err(Errno::ILSEQ));
        assert_eq!(guest.text(GuestPtr::new(2), 4095).map(|text| text.len()), Ok(4095));
        assert_eq!(guest.text(GuestPtr::new(2), 4096), Err(Errno::NAMETOOLONG));
        assert_eq!(guest.text(GuestPtr::new(2), 8191), Err(Errno::FAULT));
    }

    /// A shared memory answers as one that is the guest's alone.
    #[test]
    fn a_shared_memory_is_read_and_written_alike() {
        let mut bytes: Vec<u8> = (0..=255).cycle().take(3 * PIECE).collect();
        let cells: Vec<AtomicU8> = bytes.iter().map(|byte| AtomicU8::new(*byte)).collect();
        let (mut own, mut shared) = (GuestMemory::new(&mut bytes), GuestMemory::shared(&cells));
        let end = u32::try_from(3 * PIECE).unwrap();
        for at in [0, 1, 97, end - 8, end - 7, end - 1, end, end + 1, LAST].map(GuestPtr::new) {
            assert_eq!(own.load_u64(at), shared.load_u64(at));
            assert_eq!(own.load_u16(at), shared.load_u16(at));
            assert_eq!(own.store_u32(at, 0x0102_0304), shared.store_u32(at, 0x0102_0304));
            for length in [0, 1, 4, 5000, end - 1, end, LAST] {
                assert_eq!(own.check(at, length), shared.check(at, length));
                assert_eq!(own.text(at, length), shared.text(at, length));
                let count = |memory: &mut GuestMemory<'_>| {
                    let mut next = 0_u8;
                    memory.fill(at, length, |piece| {
                        piece.fill_with(|| {
                            next = next.wrapping_add(7);
                            next
                        });
                        Ok(())
                    })
                };
                assert_eq!(count(&mut own), count(&mut shared));
            }
        }
        assert_eq!(own.bytes(GuestPtr::new(0), end), shared.bytes(GuestPtr::new(0), end));
    }

    #[test]
    fn overlapping_stretches_are_refused() {
        let mut bytes = [0_u8; 16];
        let mut guest = GuestMemory::new(&mut bytes);
        let stretch = |at, length| (GuestPtr::new(at), length);
        let none = stretch(0, 0);
        assert!(guest.disjoint_mut([stretch(8, 8), stretch(0, 8), none, none]).is_ok());
        assert!(guest.disjoint_mut([stretch(4, 4), stretch(0, 4), none]).is_ok());
        assert!(guest.disjoint_mut([stretch(0, 9), stretch(8, 8)]).is_err());
        assert!(guest.disjoint_mut([stretch(8, 9), none]).is_err());
    }
}
