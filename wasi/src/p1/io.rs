//! Reading, writing and positions (witx `fd_read`, `fd_pread`, `fd_write`, `fd_pwrite`, `fd_seek`, `fd_tell`,
//! `fd_sync`, `fd_datasync`).
//!
//! Called through `link`. Places for results are checked before data moves. A transfer reports exactly what it moved;
//! an error after some bytes is left for the next call to meet, as on POSIX.

use super::errno::Errno;
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use super::vector::Vectors;
use crate::context::Context;
use crate::descriptor::Descriptor;
use crate::socket::Receive;
use rustix::fs::SeekFrom;

/// witx `size`.
const SIZE: u32 = 4;
/// witx `filesize`.
const FILESIZE: u32 = 8;

/// `fd_read`: reads at the descriptor's offset.
pub(super) fn fd_read(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    result: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let may = entry.require(Rights::FD_READ);
    guest.check(GuestPtr::new(result), SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let who = guest.interruption().clone();
    let moved = match &entry.descriptor {
        Descriptor::Directory(_) => return Err(Errno::ISDIR),
        Descriptor::Output(_) => return Err(Errno::BADF),
        Descriptor::Input(input) => may.and_then(|()| vectors.read_into(guest, false, |to| input.read(to, &who)))?,
        Descriptor::File(file) => {
            may.and_then(|()| vectors.read_into(guest, file.is_regular(), |to| file.read(to, &who)))?
        }
        Descriptor::Socket(socket) => {
            let how = Receive::default();
            may.and_then(|()| vectors.read_into(guest, false, |to| Ok(socket.receive(to, how, &who)?.0)))?
        }
    };
    guest.store_u32(GuestPtr::new(result), moved)
}

/// `fd_pread`: reads at `offset`. The right to seek is needed besides the right to read.
pub(super) fn fd_pread(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    offset: u64,
    result: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let Descriptor::File(file) = &entry.descriptor else {
        return Err(without_positions(&entry.descriptor));
    };
    entry.require(Rights::FD_READ | Rights::FD_SEEK)?;
    guest.check(GuestPtr::new(result), SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let mut at = Some(offset);
    let moved = vectors.read_into(guest, file.is_regular(), |to| {
        let bytes = file.read_at(to, at.ok_or(rustix::io::Errno::OVERFLOW)?)?;
        at = advanced(at, bytes);
        Ok(bytes)
    })?;
    guest.store_u32(GuestPtr::new(result), moved)
}

/// `fd_write`: writes at the descriptor's offset.
pub(super) fn fd_write(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    result: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let may = entry.require(Rights::FD_WRITE);
    guest.check(GuestPtr::new(result), SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let (quota, who) = (&ctx.quota, guest.interruption());
    let moved = match &entry.descriptor {
        Descriptor::Directory(_) => return Err(Errno::ISDIR),
        Descriptor::Input(_) => return Err(Errno::BADF),
        Descriptor::Output(output) => {
            may.and_then(|()| vectors.write_from(guest, quota, |from| output.write(from, who)))?
        }
        Descriptor::File(file) => may.and_then(|()| vectors.write_from(guest, quota, |from| file.write(from, who)))?,
        Descriptor::Socket(socket) => {
            may.and_then(|()| vectors.write_from(guest, quota, |from| socket.send(from, who)))?
        }
    };
    guest.store_u32(GuestPtr::new(result), moved)
}

/// `fd_pwrite`: writes at `offset`. The right to seek is needed besides the right to write.
pub(super) fn fd_pwrite(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    offset: u64,
    result: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let Descriptor::File(file) = &entry.descriptor else {
        return Err(without_positions(&entry.descriptor));
    };
    entry.require(Rights::FD_WRITE | Rights::FD_SEEK)?;
    guest.check(GuestPtr::new(result), SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let mut at = Some(offset);
    let moved = vectors.write_from(guest, &ctx.quota, |from| {
        let bytes = file.write_at(from, at.ok_or(rustix::io::Errno::OVERFLOW)?)?;
        at = advanced(at, bytes);
        Ok(bytes)
    })?;
    guest.store_u32(GuestPtr::new(result), moved)
}

/// `fd_seek`: moves the offset. Not to move it (`whence::cur`, 0) needs no more than the right to tell.
pub(super) fn fd_seek(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    offset: i64,
    whence: u32,
    result: u32,
) -> Result<(), Errno> {
    let to = match whence {
        0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return Err(Errno::INVAL),
    };
    seek(guest, ctx, fd, to, result)
}

/// `fd_tell`: the offset.
pub(super) fn fd_tell(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, result: u32) -> Result<(), Errno> {
    seek(guest, ctx, fd, SeekFrom::Current(0), result)
}

fn seek(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, to: SeekFrom, result: u32) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    guest.check(GuestPtr::new(result), FILESIZE)?;
    let may = match to {
        SeekFrom::Current(0) => entry.require_any(Rights::FD_SEEK | Rights::FD_TELL),
        _ => entry.require(Rights::FD_SEEK),
    };
    let offset = match &entry.descriptor {
        Descriptor::Directory(_) => return Err(Errno::ISDIR),
        Descriptor::Socket(_) => return Err(Errno::SPIPE),
        // A stream without an offset never had the rights, but ESPIPE says better what is wrong with it.
        Descriptor::Input(input) => {
            input.seek(SeekFrom::Current(0))?;
            may?;
            input.seek(to)?
        }
        Descriptor::Output(output) => {
            output.seek(SeekFrom::Current(0))?;
            may?;
            output.seek(to)?
        }
        Descriptor::File(file) => {
            may?;
            file.seek(to)?
        }
    };
    guest.store_u64(GuestPtr::new(result), offset)
}

/// `fd_sync`: returns when data and attributes are stored.
pub(super) fn fd_sync(_guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    entry.require(Rights::FD_SYNC)?;
    Ok(match &entry.descriptor {
        Descriptor::Input(_) | Descriptor::Socket(_) => Err(rustix::io::Errno::INVAL),
        Descriptor::Output(output) => output.sync(),
        Descriptor::File(file) => file.sync(),
        Descriptor::Directory(directory) => directory.sync(),
    }?)
}

/// `fd_datasync`: returns when the data is stored. The right to store attributes too includes it.
pub(super) fn fd_datasync(_guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    entry.require_any(Rights::FD_DATASYNC | Rights::FD_SYNC)?;
    Ok(match &entry.descriptor {
        Descriptor::Input(_) | Descriptor::Socket(_) => Err(rustix::io::Errno::INVAL),
        Descriptor::Output(output) => output.sync(),
        Descriptor::File(file) => file.sync_data(),
        Descriptor::Directory(directory) => directory.sync(),
    }?)
}

/// What is wrong with reading or writing at a position of something that has none.
fn without_positions(descriptor: &Descriptor) -> Errno {
    if matches!(descriptor, Descriptor::Directory(_)) { Errno::ISDIR } else { Errno::SPIPE }
}

fn advanced(at: Option<u64>, bytes: usize) -> Option<u64> {
    at?.checked_add(u64::try_from(bytes).ok()?)
}
