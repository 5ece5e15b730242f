//! Attributes, sizes and times of what is open, and hints about its use (witx `fd_filestat_*`, `fd_advise`,
//! `fd_allocate`).
//!
//! Called through `link`. `path` has the functions that do the same by path.

use super::errno::Errno;
use super::layout::{TimeFlags, store_filestat};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use crate::attributes::{Attributes, SetTime};
use crate::context::Context;
use crate::descriptor::Descriptor;
use rustix::fs::Advice;

/// `fd_filestat_get`: the attributes of a descriptor.
pub(super) fn fd_filestat_get(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, result: u32) -> Result<(), Errno> {
    let stat = of_descriptor(ctx, fd)?;
    store_filestat(guest, GuestPtr::new(result), &stat)
}

/// The attributes of a descriptor, as the guest is to see them.
pub(super) fn of_descriptor(ctx: &Context, fd: u32) -> Result<Attributes, Errno> {
    let entry = ctx.table.entry(fd)?;
    entry.require(Rights::FD_FILESTAT_GET)?;
    let stat = entry.descriptor.attributes()?;
    Ok(ctx.shown(stat)?)
}

/// `fd_filestat_set_size`: cuts a file or lengthens it with zeros.
pub(super) fn fd_filestat_set_size(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    size: u64,
) -> Result<(), Errno> {
    let file = ctx.table.file(fd, Rights::FD_FILESTAT_SET_SIZE)?;
    let longer = if ctx.quota.is_limited() { size.saturating_sub(file.attributes()?.size) } else { 0 };
    ctx.quota.take_all(longer)?;
    Ok(file.set_size(size).inspect_err(|_| ctx.quota.give_back(longer))?)
}

/// `fd_filestat_set_times`: sets the times of a file or directory.
pub(super) fn fd_filestat_set_times(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    accessed: u64,
    modified: u64,
    flags: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let (accessed, modified) = times(accessed, modified, flags)?;
    entry.require(Rights::FD_FILESTAT_SET_TIMES)?;
    Ok(match &entry.descriptor {
        Descriptor::File(file) => file.set_times(accessed, modified),
        Descriptor::Directory(directory) => directory.set_own_times(accessed, modified),
        Descriptor::Input(_) | Descriptor::Output(_) | Descriptor::Socket(_) => Err(rustix::io::Errno::INVAL),
    }?)
}

/// `fd_advise`: says how a part of a file will be used.
pub(super) fn fd_advise(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    offset: u64,
    length: u64,
    advice: u32,
) -> Result<(), Errno> {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::INVAL),
    };
    Ok(ctx.table.file(fd, Rights::FD_ADVISE)?.advise(offset, length, advice)?)
}

/// `fd_allocate`: would reserve space in a file; `ENOTSUP` where nothing else is wrong.
pub(super) fn fd_allocate(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    _offset: u64,
    _length: u64,
) -> Result<(), Errno> {
    Ok(ctx.table.file(fd, Rights::FD_ALLOCATE)?.allocate()?)
}

/// What witx `fstflags` and the two times with them say. `EINVAL` if they say two things of one time, or nothing known.
pub(super) fn times(accessed: u64, modified: u64, flags: u32) -> Result<(SetTime, SetTime), Errno> {
    let flags = TimeFlags::from_bits(flags).ok_or(Errno::INVAL)?;
    let one = |at: TimeFlags, now: TimeFlags, time| match (flags.contains(at), flags.contains(now)) {
        (false, false) => Ok(SetTime::Keep),
        (false, true) => Ok(SetTime::Now),
        (true, false) => Ok(SetTime::At(time)),
        (true, true) => Err(Errno::INVAL),
    };
    Ok((one(TimeFlags::ATIM, TimeFlags::ATIM_NOW, accessed)?, one(TimeFlags::MTIM, TimeFlags::MTIM_NOW, modified)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_flags_say_one_thing_of_each_time() {
        assert_eq!(times(1, 2, 0), Ok((SetTime::Keep, SetTime::Keep)));
        assert_eq!(times(1, 2, 1 | 8), Ok((SetTime::At(1), SetTime::Now)));
        assert_eq!(times(1, 2, 2 | 4), Ok((SetTime::Now, SetTime::At(2))));
        for flags in [3, 12, 15, 16, u32::MAX] {
            assert_eq!(times(1, 2, flags), Err(Errno::INVAL));
        }
    }
}
