//! Sockets (witx `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`).
//!
//! Called through `link`. A guest can be given no socket yet, and preview 1 lets it open none, so every descriptor answers what
//! a descriptor that is no socket answers. C libraries and Go link these functions into programs that never call them.

use super::errno::Errno;
use super::memory::GuestMemory;
use crate::context::WasiCtx;

/// `EBADF` for a number that stands for nothing, else `ENOTSOCK`.
fn no_socket(ctx: &WasiCtx, fd: u32) -> Result<(), Errno> {
    ctx.table.entry(fd)?;
    Err(Errno::NOTSOCK)
}

/// `sock_accept`: takes a connection from a listening socket.
pub(super) fn sock_accept(
    _guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    _flags: u32,
    _result: u32,
) -> Result<(), Errno> {
    no_socket(ctx, fd)
}

/// `sock_recv`: receives a message.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn sock_recv(
    _guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    _list: u32,
    _count: u32,
    _flags: u32,
    _length_result: u32,
    _flags_result: u32,
) -> Result<(), Errno> {
    no_socket(ctx, fd)
}

/// `sock_send`: sends a message.
pub(super) fn sock_send(
    _guest: &mut GuestMemory<'_>,
    ctx: &mut WasiCtx,
    fd: u32,
    _list: u32,
    _count: u32,
    _flags: u32,
    _result: u32,
) -> Result<(), Errno> {
    no_socket(ctx, fd)
}

/// `sock_shutdown`: ends one or both directions of a connection.
pub(super) fn sock_shutdown(_guest: &mut GuestMemory<'_>, ctx: &mut WasiCtx, fd: u32, _how: u32) -> Result<(), Errno> {
    no_socket(ctx, fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::WasiCtxBuilder;

    #[test]
    fn no_descriptor_is_a_socket() {
        let mut ctx = WasiCtxBuilder::new().build();
        let mut bytes = [0; 64];
        let mut guest = GuestMemory::new(&mut bytes);
        for (fd, errno) in [(0, Errno::NOTSOCK), (2, Errno::NOTSOCK), (3, Errno::BADF), (u32::MAX, Errno::BADF)] {
            assert_eq!(sock_accept(&mut guest, &mut ctx, fd, 0, 0), Err(errno));
            assert_eq!(sock_recv(&mut guest, &mut ctx, fd, 0, 0, 0, 0, 0), Err(errno));
            assert_eq!(sock_send(&mut guest, &mut ctx, fd, 0, 0, 0, 0), Err(errno));
            assert_eq!(sock_shutdown(&mut guest, &mut ctx, fd, 3), Err(errno));
        }
    }
}
