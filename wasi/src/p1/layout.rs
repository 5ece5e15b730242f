//! The records of preview 1 in guest memory: their sizes, the places of their fields, and nothing else.
//!
//! Records are written field by field, so that the bytes between fields keep what the guest had there: nothing of the
//! host's memory can leak through padding. Numbers are those of witx, `typenames.witx`.

use super::errno::Errno;
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use crate::attributes::{Attributes, FileKind};
use crate::clock::Clock;
use crate::file::FileFlags;
use bitflags::bitflags;

bitflags! {
    /// witx `lookupflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct LookupFlags: u32 {
        const SYMLINK_FOLLOW = 1;
    }
}

bitflags! {
    /// witx `oflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct OpenFlags: u32 {
        const CREAT = 1;
        const DIRECTORY = 2;
        const EXCL = 4;
        const TRUNC = 8;
    }
}

bitflags! {
    /// witx `fstflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct TimeFlags: u32 {
        const ATIM = 1;
        const ATIM_NOW = 2;
        const MTIM = 4;
        const MTIM_NOW = 8;
    }
}

/// witx `fdflags`; `EINVAL` for bits without a meaning.
pub(super) fn file_flags(bits: u32) -> Result<FileFlags, Errno> {
    u16::try_from(bits).ok().and_then(FileFlags::from_bits).ok_or(Errno::INVAL)
}

/// witx `clockid`; `EINVAL` for a number without a meaning.
pub(super) fn clock(id: u32) -> Result<Clock, Errno> {
    match id {
        0 => Ok(Clock::Realtime),
        1 => Ok(Clock::Monotonic),
        2 => Ok(Clock::ProcessCpu),
        3 => Ok(Clock::ThreadCpu),
        _ => Err(Errno::INVAL),
    }
}

/// witx `filetype`.
fn file_type(kind: FileKind) -> u8 {
    match kind {
        FileKind::Unknown => 0,
        FileKind::BlockDevice => 1,
        FileKind::CharacterDevice => 2,
        FileKind::Directory => 3,
        FileKind::RegularFile => 4,
        FileKind::Socket => 6,
        FileKind::SymbolicLink => 7,
    }
}

/// witx `fdstat`.
pub(super) struct Fdstat {
    pub(super) kind: FileKind,
    pub(super) flags: FileFlags,
    pub(super) base: Rights,
    pub(super) inheriting: Rights,
}

impl Fdstat {
    pub(super) const SIZE: u32 = 24;

    pub(super) fn store(&self, guest: &mut GuestMemory<'_>, at: GuestPtr) -> Result<(), Errno> {
        guest.check(at, Self::SIZE)?;
        guest.store_u8(at, file_type(self.kind))?;
        guest.store_u16(at.plus(2)?, self.flags.bits())?;
        guest.store_u64(at.plus(8)?, self.base.bits())?;
        guest.store_u64(at.plus(16)?, self.inheriting.bits())
    }
}

/// The size of witx `filestat`.
const FILESTAT_SIZE: u32 = 64;

/// Writes witx `filestat`.
pub(super) fn store_filestat(guest: &mut GuestMemory<'_>, at: GuestPtr, stat: &Attributes) -> Result<(), Errno> {
    guest.check(at, FILESTAT_SIZE)?;
    guest.store_u64(at, stat.device)?;
    guest.store_u64(at.plus(8)?, stat.inode)?;
    guest.store_u8(at.plus(16)?, file_type(stat.kind))?;
    guest.store_u64(at.plus(24)?, stat.links)?;
    guest.store_u64(at.plus(32)?, stat.size)?;
    guest.store_u64(at.plus(40)?, stat.accessed)?;
    guest.store_u64(at.plus(48)?, stat.modified)?;
    guest.store_u64(at.plus(56)?, stat.changed)
}

/// The size of `filestat` of snapshot 0.
const UNSTABLE_FILESTAT_SIZE: u32 = 56;

/// Writes `filestat` of snapshot 0, in which the number of links has 32 bits: a larger one is the largest of these.
pub(super) fn store_unstable_filestat(
    guest: &mut GuestMemory<'_>,
    at: GuestPtr,
    stat: &Attributes,
) -> Result<(), Errno> {
    guest.check(at, UNSTABLE_FILESTAT_SIZE)?;
    guest.store_u64(at, stat.device)?;
    guest.store_u64(at.plus(8)?, stat.inode)?;
    guest.store_u8(at.plus(16)?, file_type(stat.kind))?;
    guest.store_u32(at.plus(20)?, u32::try_from(stat.links).unwrap_or(u32::MAX))?;
    guest.store_u64(at.plus(24)?, stat.size)?;
    guest.store_u64(at.plus(32)?, stat.accessed)?;
    guest.store_u64(at.plus(40)?, stat.modified)?;
    guest.store_u64(at.plus(48)?, stat.changed)
}

/// The size of witx `prestat`.
pub(super) const PRESTAT_SIZE: u32 = 8;

/// Writes witx `prestat` of a directory whose name is `length` bytes long.
pub(super) fn store_prestat_dir(guest: &mut GuestMemory<'_>, at: GuestPtr, length: u32) -> Result<(), Errno> {
    const TAG_DIR: u8 = 0;
    guest.check(at, PRESTAT_SIZE)?;
    guest.store_u8(at, TAG_DIR)?;
    guest.store_u32(at.plus(4)?, length)
}

/// The size of witx `dirent`, after which the name follows.
pub(super) const DIRENT_SIZE: u32 = 24;

/// The fields of witx `dirent`. They lie without gaps at its start; what follows up to its size is padding.
pub(super) fn dirent(next: u64, inode: u64, name_length: u32, kind: FileKind) -> [u8; 21] {
    let mut bytes = [0; 21];
    let fields =
        [&next.to_le_bytes()[..], &inode.to_le_bytes()[..], &name_length.to_le_bytes()[..], &[file_type(kind)][..]];
    let values = fields.into_iter().flatten();
    bytes.iter_mut().zip(values).for_each(|(byte, value)| *byte = *value);
    bytes
}

/// witx `subscription`: what a guest waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) userdata: u64,
    pub(super) wanted: Wanted,
}

/// witx `subscription_u`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Clock { clock: Clock, timeout: u64, absolute: bool },
    Read { fd: u32 },
    Write { fd: u32 },
}

/// Which layout subscriptions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshot {
    /// That of snapshot 0, in which one for a clock has an identifier of its own before the clock.
    Zero,
    /// That of preview 1.
    One,
}

impl Snapshot {
    /// The size of a subscription.
    pub(super) fn subscription_size(self) -> u32 {
        match self {
            Snapshot::Zero => 56,
            Snapshot::One => 48,
        }
    }
}

impl Subscription {
    /// Reads it; `EINVAL` for numbers without a meaning.
    pub(super) fn load(guest: &GuestMemory<'_>, at: GuestPtr, snapshot: Snapshot) -> Result<Subscription, Errno> {
        const ABSTIME: u16 = 1;
        let content = at.plus(16)?;
        let of_clock = if snapshot == Snapshot::Zero { content.plus(8)? } else { content };
        let wanted = match guest.load_u8(at.plus(8)?)? {
            0 => Wanted::Clock {
                clock: clock(guest.load_u32(of_clock)?)?,
                timeout: guest.load_u64(of_clock.plus(8)?)?,
                absolute: match guest.load_u16(of_clock.plus(24)?)? {
                    0 => false,
                    ABSTIME => true,
                    _ => return Err(Errno::INVAL),
                },
            },
            1 => Wanted::Read { fd: guest.load_u32(content)? },
            2 => Wanted::Write { fd: guest.load_u32(content)? },
            _ => return Err(Errno::INVAL),
        };
        Ok(Subscription { userdata: guest.load_u64(at)?, wanted })
    }
}

/// witx `event`: what became of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) of: Subscription,
    pub(super) error: Option<Errno>,
    pub(super) bytes: u64,
    pub(super) hangup: bool,
}

impl Event {
    pub(super) const SIZE: u32 = 32;

    pub(super) fn store(&self, guest: &mut GuestMemory<'_>, at: GuestPtr) -> Result<(), Errno> {
        let kind = match self.of.wanted {
            Wanted::Clock { .. } => 0,
            Wanted::Read { .. } => 1,
            Wanted::Write { .. } => 2,
        };
        guest.check(at, Self::SIZE)?;
        guest.store_u64(at, self.of.userdata)?;
        guest.store_u16(at.plus(8)?, self.error.map_or(0, Errno::number))?;
        guest.store_u8(at.plus(10)?, kind)?;
        guest.store_u64(at.plus(16)?, self.bytes)?;
        guest.store_u16(at.plus(24)?, u16::from(self.hangup))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the bytes that were 0xA5 before and after `write` were written, as ranges.
    fn touched(write: impl Fn(&mut GuestMemory<'_>, GuestPtr) -> Result<(), Errno>) -> Vec<(usize, usize)> {
        let mut changed = [false; 96];
        for fill in [0xA5, 0x5A] {
            let mut bytes = [fill; 96];
            write(&mut GuestMemory::new(&mut bytes), GuestPtr::new(8)).unwrap();
            changed.iter_mut().zip(bytes).for_each(|(changed, byte)| *changed |= byte != fill);
        }
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for index in (0..changed.len()).filter(|index| changed[*index]) {
            match ranges.last_mut() {
                Some((_, end)) if *end == index => *end += 1,
                _ => ranges.push((index, index + 1)),
            }
        }
        ranges.into_iter().map(|(start, end)| (start - 8, end - 8)).collect()
    }

    #[test]
    fn padding_keeps_its_bytes() {
        let stat = Attributes::of_kind(FileKind::RegularFile);
        assert_eq!(touched(|guest, at| store_filestat(guest, at, &stat)), [(0, 17), (24, 64)]);
        let fdstat = Fdstat {
            kind: FileKind::RegularFile,
            flags: FileFlags::APPEND,
            base: Rights::all(),
            inheriting: Rights::all(),
        };
        assert_eq!(touched(|guest, at| fdstat.store(guest, at)), [(0, 1), (2, 4), (8, 24)]);
        assert_eq!(touched(|guest, at| store_prestat_dir(guest, at, 3)), [(0, 1), (4, 8)]);
        let of = Subscription { userdata: 1, wanted: Wanted::Read { fd: 0 } };
        let event = Event { of, error: None, bytes: 3, hangup: true };
        assert_eq!(touched(|guest, at| event.store(guest, at)), [(0, 11), (16, 26)]);
    }

    #[test]
    fn snapshot_0_has_its_own_places() {
        let mut stat = Attributes::of_kind(FileKind::RegularFile);
        (stat.links, stat.size) = (u64::MAX, 7);
        assert_eq!(touched(|guest, at| store_unstable_filestat(guest, at, &stat)), [(0, 17), (20, 56)]);
        let mut bytes = [0_u8; 56];
        store_unstable_filestat(&mut GuestMemory::new(&mut bytes), GuestPtr::new(0), &stat).unwrap();
        assert_eq!((bytes[16], &bytes[20..25]), (4, &[0xff, 0xff, 0xff, 0xff, 7][..]));
        let mut bytes = [0_u8; 56];
        (bytes[24], bytes[32], bytes[48]) = (1, 9, 1);
        let load = |bytes: &mut [u8]| Subscription::load(&GuestMemory::new(bytes), GuestPtr::new(0), Snapshot::Zero);
        let wanted = Wanted::Clock { clock: Clock::Monotonic, timeout: 9, absolute: true };
        assert_eq!(load(&mut bytes), Ok(Subscription { userdata: 0, wanted }));
        assert_eq!(load(&mut bytes[..49]), Err(Errno::FAULT));
    }

    #[test]
    fn a_record_that_does_not_fit_is_not_begun() {
        let mut bytes = [7_u8; 63];
        let mut guest = GuestMemory::new(&mut bytes);
        let stat = Attributes::of_kind(FileKind::Directory);
        assert_eq!(store_filestat(&mut guest, GuestPtr::new(0), &stat), Err(Errno::FAULT));
        assert!(bytes.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn directory_entries_have_their_fields_in_place() {
        let bytes = dirent(0x0807_0605_0403_0201, 0x1817_1615_1413_1211, 0x2423_2221, FileKind::Directory);
        assert_eq!(bytes[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(bytes[8..16], [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]);
        assert_eq!(bytes[16..], [0x21, 0x22, 0x23, 0x24, 3]);
    }

    #[test]
    fn subscriptions_with_numbers_without_a_meaning_are_refused() {
        let mut bytes = [0_u8; 48];
        let load = |bytes: &mut [u8]| Subscription::load(&GuestMemory::new(bytes), GuestPtr::new(0), Snapshot::One);
        assert!(load(&mut bytes).is_ok());
        bytes[40] = 2;
        assert_eq!(load(&mut bytes), Err(Errno::INVAL));
        bytes[40] = 1;
        bytes[16] = 4;
        assert_eq!(load(&mut bytes), Err(Errno::INVAL));
        bytes[8] = 2;
        let wanted = Wanted::Write { fd: 4 };
        assert_eq!(load(&mut bytes), Ok(Subscription { userdata: 0, wanted }));
        bytes[8] = 3;
        assert_eq!(load(&mut bytes), Err(Errno::INVAL));
        assert_eq!(load(&mut bytes[..47]), Err(Errno::INVAL));
        bytes[8] = 0;
        bytes[16] = 0;
        assert_eq!(load(&mut bytes[..41]), Err(Errno::FAULT));
    }
}
