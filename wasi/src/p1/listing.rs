//! Listing a directory (witx `fd_readdir`).
//!
//! Called through `link`. A cookie is the number of entries before the place it stands for.

use super::errno::Errno;
use super::layout::{DIRENT_SIZE, dirent};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use crate::context::Context;
use crate::descriptor::Descriptor;

/// witx `size`.
const SIZE: u32 = 4;

/// `fd_readdir`: fills the buffer with entries from `cookie` on, the last one cut off where the buffer ends. Fewer
/// bytes than the buffer has room for mean that the end was reached.
pub(super) fn fd_readdir(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    buffer: u32,
    length: u32,
    cookie: u64,
    result: u32,
) -> Result<(), Errno> {
    let entry = ctx.table.entry(fd)?;
    let may = entry.require(Rights::FD_READDIR);
    let Descriptor::Directory(directory) = &entry.descriptor else {
        return Err(Errno::NOTDIR);
    };
    may?;
    guest.check(GuestPtr::new(result), SIZE)?;
    guest.check(GuestPtr::new(buffer), length)?;
    let (mut used, mut place) = (0, cookie);
    while used < length {
        guest.interruption().check()?;
        let entry = match directory.entry(place) {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            // Fewer bytes than there is room for would say that this is the end; the guest asks for the same place again.
            Err(error) => return Err(error.into()),
        };
        let name_length = u32::try_from(entry.name.len()).map_err(|_| Errno::OVERFLOW)?;
        let next = place.checked_add(1).ok_or(Errno::OVERFLOW)?;
        // An entry that is a mount point has another device, which listing does not say; its number is then one that nothing else has.
        let inode = ctx.shown_inode(|| Ok(directory.attributes()?.device), entry.inode)?;
        let head = dirent(next, inode, name_length, entry.kind);
        for (bytes, size) in [(&head[..], DIRENT_SIZE), (&entry.name[..], name_length)] {
            let room = length - used;
            let fits = usize::try_from(room).map_or(bytes, |room| bytes.get(..room).unwrap_or(bytes));
            guest.store(GuestPtr::new(buffer).plus(used)?, fits)?;
            used += size.min(room);
        }
        place = next;
    }
    guest.store_u32(GuestPtr::new(result), used)
}
