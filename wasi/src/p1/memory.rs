//! The guest's memory as this face sees it: the only way to its bytes.
//!
//! Every access is checked against the end of the memory and is `EFAULT` beyond it; nothing here panics, allocates, or
//! demands alignment. An address is a [`GuestPtr`], with which nothing can be done but to move it on, checked, and to
//! hand it back here.

use super::errno::Errno;
use std::ops::Range;

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

/// The bytes of a guest's memory during one call.
#[derive(Debug)]
pub(super) struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    /// The memory that consists of `bytes`.
    pub(super) fn new(bytes: &'a mut [u8]) -> GuestMemory<'a> {
        GuestMemory { bytes }
    }

    /// Are `length` bytes at `at` inside? Asked of a place for a result before there is an effect, so that no effect
    /// is lost for want of a place to report it.
    pub(super) fn check(&self, at: GuestPtr, length: u32) -> Result<(), Errno> {
        self.bytes(at, length).map(|_| ())
    }

    /// Are `count` elements of `size` bytes inside?
    pub(super) fn check_array(&self, at: GuestPtr, count: u32, size: u32) -> Result<(), Errno> {
        self.check(at, count.checked_mul(size).ok_or(Errno::FAULT)?)
    }

    /// The `length` bytes at `at`.
    pub(super) fn bytes(&self, at: GuestPtr, length: u32) -> Result<&[u8], Errno> {
        self.bytes.get(range(at, length)).ok_or(Errno::FAULT)
    }

    /// The `length` bytes at `at`, to be written.
    pub(super) fn bytes_mut(&mut self, at: GuestPtr, length: u32) -> Result<&mut [u8], Errno> {
        self.bytes.get_mut(range(at, length)).ok_or(Errno::FAULT)
    }

    /// The text of `length` bytes at `at`; `EILSEQ` if it is not UTF-8. Longer than a path can be is `ENAMETOOLONG`
    /// and is not looked at.
    pub(super) fn text(&self, at: GuestPtr, length: u32) -> Result<&str, Errno> {
        let bytes = self.bytes(at, length)?;
        if bytes.len() > crate::path::MAX_LENGTH {
            return Err(Errno::NAMETOOLONG);
        }
        std::str::from_utf8(bytes).map_err(|_| Errno::ILSEQ)
    }

    /// Several stretches of memory to be written, at once. They must not overlap, or it is `EFAULT`; empty ones, at
    /// 0, may be used to fill up.
    pub(super) fn disjoint_mut<const N: usize>(
        &mut self,
        stretches: [(GuestPtr, u32); N],
    ) -> Result<[&mut [u8]; N], Errno> {
        let ranges = stretches.map(|(at, length)| range(at, length));
        self.bytes.get_disjoint_mut(ranges).map_err(|_| Errno::FAULT)
    }

    /// Copies `bytes` to `at`.
    pub(super) fn store(&mut self, at: GuestPtr, bytes: &[u8]) -> Result<(), Errno> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
        self.bytes_mut(at, length)?.copy_from_slice(bytes);
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
        let rest = self.bytes.get(start(at)..).ok_or(Errno::FAULT)?;
        rest.first_chunk().copied().ok_or(Errno::FAULT)
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
            assert!(guest.bytes_mut(GuestPtr::new(at), length).is_err());
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
        assert_eq!(guest.text(GuestPtr::new(0), 1), Ok("a"));
        assert_eq!(guest.text(GuestPtr::new(0), 2), Err(Errno::ILSEQ));
        assert_eq!(guest.text(GuestPtr::new(2), 4095).map(str::len), Ok(4095));
        assert_eq!(guest.text(GuestPtr::new(2), 4096), Err(Errno::NAMETOOLONG));
        assert_eq!(guest.text(GuestPtr::new(2), 8191), Err(Errno::FAULT));
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
