//! Everything by path (witx `path_*`).
//!
//! Called through `link`. Here texts become paths, flags are decoded and rights are asked for; `directory` resolves the
//! path inside the sandbox and asks for the permissions.

use super::attribute::times;
use super::errno::Errno;
use super::layout::{LookupFlags, OpenFlags, file_flags, store_filestat};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use super::table::Entry;
use crate::attributes::Attributes;
use crate::context::Context;
use crate::descriptor::Descriptor;
use crate::directory::{OpenRequest, Opened};
use crate::file::FileFlags;
use crate::path::GuestPath;
use crate::permission::FilePerms;
use std::borrow::Cow;

/// witx `size`, and `fd`.
const SIZE: u32 = 4;

/// `path_create_directory`: creates a directory.
pub(super) fn path_create_directory(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    path: u32,
    path_length: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
    let text = text(guest, path, path_length)?;
    Ok(directory.create_directory(&GuestPath::parse(&text)?)?)
}

/// `path_filestat_get`: the attributes of what a path names.
pub(super) fn path_filestat_get(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
    path: u32,
    path_length: u32,
    result: u32,
) -> Result<(), Errno> {
    let stat = of_path(guest, ctx, fd, flags, path, path_length)?;
    store_filestat(guest, GuestPtr::new(result), &stat)
}

/// The attributes of what a path names, as the guest is to see them.
pub(super) fn of_path(
    guest: &GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
    path: u32,
    path_length: u32,
) -> Result<Attributes, Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_FILESTAT_GET)?;
    let follow = follows(flags)?;
    let text = text(guest, path, path_length)?;
    let stat = directory.attributes_at(&GuestPath::parse(&text)?, follow)?;
    Ok(ctx.shown(stat)?)
}

/// `path_filestat_set_times`: sets the times of what a path names.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn path_filestat_set_times(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
    path: u32,
    path_length: u32,
    accessed: u64,
    modified: u64,
    time_flags: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let follow = follows(flags)?;
    let (accessed, modified) = times(accessed, modified, time_flags)?;
    let text = text(guest, path, path_length)?;
    Ok(directory.set_times_at(&GuestPath::parse(&text)?, follow, accessed, modified)?)
}

/// `path_link`: gives a file a second name. To follow a symbolic link at the end of the old path is not supported and
/// `EINVAL`: the host can do it only by a name that may mean something else by then.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn path_link(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_length: u32,
    new_fd: u32,
    new_path: u32,
    new_path_length: u32,
) -> Result<(), Errno> {
    let from = ctx.table.directory(old_fd, Rights::PATH_LINK_SOURCE)?;
    let to = ctx.table.directory(new_fd, Rights::PATH_LINK_TARGET)?;
    if follows(old_flags)? {
        return Err(Errno::INVAL);
    }
    let old = text(guest, old_path, old_path_length)?;
    let old = GuestPath::parse(&old)?;
    let new = text(guest, new_path, new_path_length)?;
    Ok(from.link(&old, &to, &GuestPath::parse(&new)?)?)
}

/// `path_open`: opens a file or directory. `ENOTCAPABLE` if more rights are asked for than the directory can give;
/// rights that mean nothing to what is opened are left out.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn path_open(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    lookup_flags: u32,
    path: u32,
    path_length: u32,
    open_flags: u32,
    base: u64,
    inheriting: u64,
    flags: u32,
    result: u32,
) -> Result<(), Errno> {
    let follow = follows(lookup_flags)?;
    let open = OpenFlags::from_bits(open_flags).ok_or(Errno::INVAL)?;
    let flags = file_flags(flags)?;
    let base = Rights::from_bits_truncate(base);
    let inheriting = Rights::from_bits_truncate(inheriting);
    let directory = ctx.table.directory(fd, needed_to_open(open))?;
    if !ctx.table.entry(fd)?.inheriting.contains(base | inheriting | needed_of_opened(flags)) {
        return Err(Errno::NOTCAPABLE);
    }
    guest.check(GuestPtr::new(result), SIZE)?;
    let place = ctx.table.reserve()?;
    let mut access = FilePerms::empty();
    access.set(FilePerms::READ, base.contains(Rights::FD_READ));
    access.set(FilePerms::WRITE, base.intersects(Rights::WRITING));
    let request = OpenRequest {
        follow,
        create: open.contains(OpenFlags::CREAT),
        exclusive: open.contains(OpenFlags::EXCL),
        directory: open.contains(OpenFlags::DIRECTORY),
        truncate: open.contains(OpenFlags::TRUNC),
        access,
        flags,
    };
    let text = text(guest, path, path_length)?;
    let opened = directory.open(&GuestPath::parse(&text)?, &request, guest.interruption())?;
    let (base, inheriting) = match opened {
        Opened::File(_) => (base & Rights::OF_FILE, Rights::empty()),
        Opened::Directory(_) => (base & Rights::OF_DIRECTORY, inheriting),
    };
    let fd = place.fill(Entry { descriptor: Descriptor::from(opened), base, inheriting });
    guest.store_u32(GuestPtr::new(result), fd)
}

/// The rights a directory must have for something to be opened through it with these flags.
fn needed_to_open(open: OpenFlags) -> Rights {
    let mut needed = Rights::PATH_OPEN;
    needed.set(Rights::PATH_CREATE_FILE, open.contains(OpenFlags::CREAT));
    needed.set(Rights::PATH_FILESTAT_SET_SIZE, open.contains(OpenFlags::TRUNC));
    needed
}

/// The rights a directory must be able to give for something to be opened through it with these flags (witx
/// `rights::fd_datasync`, `rights::fd_sync`).
fn needed_of_opened(flags: FileFlags) -> Rights {
    let mut needed = Rights::empty();
    needed.set(Rights::FD_DATASYNC, flags.contains(FileFlags::DSYNC));
    needed.set(Rights::FD_SYNC, flags.intersects(FileFlags::RSYNC | FileFlags::SYNC));
    needed
}

/// `path_readlink`: writes the target of a symbolic link, as much of it as there is room for.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn path_readlink(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    path: u32,
    path_length: u32,
    buffer: u32,
    length: u32,
    result: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_READLINK)?;
    guest.check(GuestPtr::new(result), SIZE)?;
    guest.check(GuestPtr::new(buffer), length)?;
    let text = text(guest, path, path_length)?;
    let mut target = directory.read_link(&GuestPath::parse(&text)?)?;
    target.truncate(usize::try_from(length).map_err(|_| Errno::OVERFLOW)?);
    guest.store(GuestPtr::new(buffer), &target)?;
    guest.store_u32(GuestPtr::new(result), u32::try_from(target.len()).map_err(|_| Errno::OVERFLOW)?)
}

/// `path_remove_directory`: removes an empty directory.
pub(super) fn path_remove_directory(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    path: u32,
    path_length: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let text = text(guest, path, path_length)?;
    Ok(directory.remove_directory(&GuestPath::parse(&text)?)?)
}

/// `path_rename`: moves a file or directory.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn path_rename(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    old_path: u32,
    old_path_length: u32,
    new_fd: u32,
    new_path: u32,
    new_path_length: u32,
) -> Result<(), Errno> {
    let from = ctx.table.directory(fd, Rights::PATH_RENAME_SOURCE)?;
    let to = ctx.table.directory(new_fd, Rights::PATH_RENAME_TARGET)?;
    let old = text(guest, old_path, old_path_length)?;
    let old = GuestPath::parse(&old)?;
    let new = text(guest, new_path, new_path_length)?;
    Ok(from.rename(&old, &to, &GuestPath::parse(&new)?)?)
}

/// `path_symlink`: creates a symbolic link. `EPERM` if its target is absolute.
pub(super) fn path_symlink(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    target: u32,
    target_length: u32,
    fd: u32,
    path: u32,
    path_length: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_SYMLINK)?;
    let target = text(guest, target, target_length)?;
    let text = text(guest, path, path_length)?;
    Ok(directory.symlink(&target, &GuestPath::parse(&text)?)?)
}

/// `path_unlink_file`: removes a name of a file. `EISDIR` if it is a directory.
pub(super) fn path_unlink_file(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    path: u32,
    path_length: u32,
) -> Result<(), Errno> {
    let directory = ctx.table.directory(fd, Rights::PATH_UNLINK_FILE)?;
    let text = text(guest, path, path_length)?;
    Ok(directory.unlink_file(&GuestPath::parse(&text)?)?)
}

/// The text of a path in guest memory; `EILSEQ` if it is not UTF-8.
fn text<'g>(guest: &'g GuestMemory<'_>, at: u32, length: u32) -> Result<Cow<'g, str>, Errno> {
    guest.text(GuestPtr::new(at), length)
}

/// Is a symbolic link at the end of a path to be followed? `EINVAL` for flags without a meaning.
fn follows(flags: u32) -> Result<bool, Errno> {
    let flags = LookupFlags::from_bits(flags).ok_or(Errno::INVAL)?;
    Ok(flags.contains(LookupFlags::SYMLINK_FOLLOW))
}
