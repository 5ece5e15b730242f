//! Descriptors as such: closing, renumbering, rights and flags, and what was preopened (witx `fd_close`,
//! `fd_fdstat_*`, `fd_prestat_*`, `fd_renumber`).
//!
//! Called through `link`.

use super::errno::Errno;
use super::layout::{Fdstat, PRESTAT_SIZE, file_flags, store_prestat_dir};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use crate::context::Context;
use crate::descriptor::Descriptor;

/// `fd_close`: closes a descriptor; a preopened directory can be closed like any other.
pub(super) fn fd_close(_guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32) -> Result<(), Errno> {
    ctx.table.remove(fd).map(drop)
}

/// `fd_fdstat_get`: the kind, the flags and the rights of a descriptor.
pub(super) fn fd_fdstat_get(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, result: u32) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let stat = Fdstat {
        kind: entry.descriptor.kind(),
        flags: entry.descriptor.flags(),
        base: entry.base,
        inheriting: entry.inheriting,
    };
    stat.store(guest, GuestPtr::new(result))
}

/// `fd_fdstat_set_flags`: changes whether writes append and whether anything blocks. `EINVAL` for a flag that cannot
/// be changed while open.
pub(super) fn fd_fdstat_set_flags(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let flags = file_flags(flags)?;
    entry.require(Rights::FD_FDSTAT_SET_FLAGS)?;
    Ok(entry.descriptor.set_flags(flags)?)
}

/// `fd_fdstat_set_rights`: gives up rights. `ENOTCAPABLE` if any is asked for that the descriptor does not have.
pub(super) fn fd_fdstat_set_rights(
    _guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    ctx.table.entry(fd)?;
    let known = |bits| Rights::from_bits(bits).ok_or(Errno::NOTCAPABLE);
    ctx.table.restrict(fd, known(base)?, known(inheriting)?)
}

/// `fd_prestat_get`: what kind of preopened thing a descriptor is. `EBADF` for all that was not preopened, which is how
/// C libraries find the end of what they were given.
pub(super) fn fd_prestat_get(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, result: u32) -> Result<(), Errno> {
    guest.check(GuestPtr::new(result), PRESTAT_SIZE)?;
    let length = with_preopen_name(ctx, fd, |name| u32::try_from(name.len()).map_err(|_| Errno::OVERFLOW))?;
    store_prestat_dir(guest, GuestPtr::new(result), length)
}

/// `fd_prestat_dir_name`: writes the name of a preopened directory, without a closing NUL. `ENAMETOOLONG` if the buffer
/// is too short; what is left of a longer one is not touched.
pub(super) fn fd_prestat_dir_name(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    buffer: u32,
    length: u32,
) -> Result<(), Errno> {
    with_preopen_name(ctx, fd, |name| {
        let fits = u32::try_from(name.len()).is_ok_and(|needed| needed <= length);
        if !fits {
            return Err(Errno::NAMETOOLONG);
        }
        guest.store(GuestPtr::new(buffer), name.as_bytes())
    })
}

/// `fd_renumber`: makes `to` what `fd` was; what it was before is closed. Both must be open.
pub(super) fn fd_renumber(_guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, to: u32) -> Result<(), Errno> {
    ctx.table.renumber(fd, to)
}

/// Does something with the name of a directory that was preopened; `EBADF` for all else.
fn with_preopen_name<R>(ctx: &Context, fd: u32, act: impl FnOnce(&str) -> Result<R, Errno>) -> Result<R, Errno> {
    match &ctx.table.entry(fd)?.descriptor {
        Descriptor::Directory(directory) => act(directory.preopen_name().ok_or(Errno::BADF)?),
        _ => Err(Errno::BADF),
    }
}
