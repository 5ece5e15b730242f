//! Descriptors as such: closing, renumbering, rights and flags, and what was preopened (witx `fd_close`,
//! `fd_fdstat_*`, `fd_prestat_*`, `fd_renumber`).
//!
//! Called through `link`.

use super::errno::Errno;
use super::layout::{Fdstat, PRESTAT_SIZE, file_flags, store_prestat_dir};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use crate::context::WasiCtx;
use crate::descriptor::Descriptor;

/// `fd_close`: closes a descriptor; a preopened directory can be closed like any other.
pub(super) fn fd_close(_guest: &mut GuestMemory<'_>, ctx: &mut WasiCtx, fd: u32) -> Result<(), Errno> {
    ctx.table.remove(fd).map(drop)
}

/// `fd_fdstat_get`: the kind, the flags and the rights of a descriptor.
pub(super) fn fd_fdstat_get(guest: &mut GuestMemory<'_>, ctx: &mut WasiCtx, fd: u32, result: u32) -> Result<(), Errno> {
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
    ctx: &mut WasiCtx,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry_mut(fd)?;
    let flags = file_flags(flags)?;
    entry.require(Rights::FD_FDSTAT_SET_FLAGS)?;
    Ok(entry.descriptor.set_flags(flags)?)
}

/// `fd_fdstat_set_rights`: gives up rights. `ENOTCAPABLE` if any is asked for that the descriptor does not have.
pub(super) fn fd_fdstat_set_rights(
    _guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    let entry = ctx.table.entry_mut(fd)?;
    let known = |bits| Rights::from_bits(bits).ok_or(Errno::NOTCAPABLE);
    let (base, inheriting) = (known(base)?, known(inheriting)?);
    if !entry.base.contains(base) || !entry.inheriting.contains(inheriting) {
        return Err(Errno::NOTCAPABLE);
    }
    entry.base = base;
    entry.inheriting = inheriting;
    Ok(())
}

/// `fd_prestat_get`: what kind of preopened thing a descriptor is. `EBADF` for all that was not preopened, which is how
/// C libraries find the end of what they were given.
pub(super) fn fd_prestat_get(
    guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    result: u32,
) -> Result<(), Errno> {
    guest.check(GuestPtr::new(result), PRESTAT_SIZE)?;
    let length = u32::try_from(preopen_name(ctx, fd)?.len()).map_err(|_| Errno::OVERFLOW)?;
    store_prestat_dir(guest, GuestPtr::new(result), length)
}

/// `fd_prestat_dir_name`: writes the name of a preopened directory, without a closing NUL. `ENAMETOOLONG` if the buffer
/// is too short; what is left of a longer one is not touched.
pub(super) fn fd_prestat_dir_name(
    guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    buffer: u32,
    length: u32,
) -> Result<(), Errno> {
    let name = preopen_name(ctx, fd)?;
    let fits = u32::try_from(name.len()).is_ok_and(|needed| needed <= length);
    if !fits {
        return Err(Errno::NAMETOOLONG);
    }
    guest.store(GuestPtr::new(buffer), name.as_bytes())
}

/// `fd_renumber`: makes `to` what `fd` was; what it was before is closed. Both must be open.
pub(super) fn fd_renumber(_guest: &mut GuestMemory<'_>, ctx: &mut WasiCtx, fd: u32, to: u32) -> Result<(), Errno> {
    ctx.table.renumber(fd, to)
}

fn preopen_name(ctx: &WasiCtx, fd: u32) -> Result<&str, Errno> {
    match &ctx.table.entry(fd)?.descriptor {
        Descriptor::Directory(directory) => directory.preopen_name().ok_or(Errno::BADF),
        _ => Err(Errno::BADF),
    }
}
