//! Sockets (witx `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`).
//!
//! Called through `link`. A guest has the sockets that it was given (`WasiCtxBuilder::preopened_listener`) and the connections that come
//! from them; preview 1 lets it open none. Every other descriptor is `ENOTSOCK`: C libraries and Go link these functions into programs
//! that never call them.

use super::errno::Errno;
use super::layout::file_flags;
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use super::table::{Entry, all_rights};
use super::vector::Vectors;
use crate::context::Context;
use crate::descriptor::Descriptor;
use crate::socket::{Receive, Socket};
use std::sync::Arc;

/// witx `size`, and `fd`.
const SIZE: u32 = 4;

/// witx `roflags`.
const ROFLAGS_SIZE: u32 = 2;

/// witx `riflags`.
const RECV_PEEK: u32 = 1;
const RECV_WAITALL: u32 = 2;

/// witx `roflags`.
const RECV_DATA_TRUNCATED: u16 = 1;

/// witx `sdflags`.
const SHUTDOWN_READ: u32 = 1;
const SHUTDOWN_WRITE: u32 = 2;

/// `EBADF` for a number that stands for nothing, `ENOTSOCK` for what is none.
fn socket(ctx: &Context, fd: u32, rights: Rights) -> Result<Arc<Socket>, Errno> {
    let entry = ctx.table.entry(fd)?;
    let Descriptor::Socket(socket) = &entry.descriptor else {
        return Err(Errno::NOTSOCK);
    };
    entry.require(rights)?;
    Ok(socket.clone())
}

/// `sock_accept`: takes a connection from a listening socket, with the rights that the socket's connections have.
pub(super) fn sock_accept(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
    result: u32,
) -> Result<(), Errno> {
    let socket = socket(ctx, fd, Rights::SOCK_ACCEPT)?;
    let flags = file_flags(flags)?;
    guest.check(GuestPtr::new(result), SIZE)?;
    let place = ctx.table.reserve()?;
    let inherited = ctx.table.entry(fd)?.inheriting;
    let taken = all_rights(Descriptor::from(socket.accept(flags, guest.interruption())?));
    let entry = Entry { base: taken.base & inherited, inheriting: taken.inheriting & inherited, ..taken };
    let number = place.fill(entry);
    guest.store_u32(GuestPtr::new(result), number)
}

/// `sock_recv`: receives, as much as there is, or with `recv_waitall` as much as there is room for.
#[expect(clippy::too_many_arguments, reason = "the parameters of the import")]
pub(super) fn sock_recv(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    flags: u32,
    length_result: u32,
    flags_result: u32,
) -> Result<(), Errno> {
    let socket = socket(ctx, fd, Rights::FD_READ)?;
    if flags & !(RECV_PEEK | RECV_WAITALL) != 0 {
        return Err(Errno::NOTSUP);
    }
    let how = Receive { peek: flags & RECV_PEEK != 0, wait_all: flags & RECV_WAITALL != 0 };
    guest.check(GuestPtr::new(length_result), SIZE)?;
    guest.check(GuestPtr::new(flags_result), ROFLAGS_SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let (mut cut, who) = (false, guest.interruption().clone());
    // What is only looked at would be looked at again by a second call to the host.
    let moved = vectors.read_into(guest, how.wait_all && !how.peek, |to| {
        let (bytes, truncated) = socket.receive(to, how, &who)?;
        cut |= truncated;
        Ok(bytes)
    })?;
    guest.store_u32(GuestPtr::new(length_result), moved)?;
    guest.store_u16(GuestPtr::new(flags_result), if cut { RECV_DATA_TRUNCATED } else { 0 })
}

/// `sock_send`: sends. There are no flags yet: `ENOTSUP` for any.
pub(super) fn sock_send(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    list: u32,
    count: u32,
    flags: u32,
    result: u32,
) -> Result<(), Errno> {
    let socket = socket(ctx, fd, Rights::FD_WRITE)?;
    if flags != 0 {
        return Err(Errno::NOTSUP);
    }
    guest.check(GuestPtr::new(result), SIZE)?;
    let vectors = Vectors::check(guest, list, count)?;
    let moved = vectors.write_from(guest, &ctx.quota, |from| socket.send(from, guest.interruption()))?;
    guest.store_u32(GuestPtr::new(result), moved)
}

/// `sock_shutdown`: ends one or both directions of a connection. `EINVAL` for neither, or what has no meaning.
pub(super) fn sock_shutdown(_guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, how: u32) -> Result<(), Errno> {
    let socket = socket(ctx, fd, Rights::SOCK_SHUTDOWN)?;
    if how == 0 || how & !(SHUTDOWN_READ | SHUTDOWN_WRITE) != 0 {
        return Err(Errno::INVAL);
    }
    Ok(socket.shutdown(how & SHUTDOWN_READ != 0, how & SHUTDOWN_WRITE != 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{WasiCtx, WasiCtxBuilder};
    use crate::p1::descriptor::{fd_fdstat_set_flags, fd_fdstat_set_rights};
    use crate::p1::io::{fd_read, fd_seek, fd_write};
    use std::io::{Read, Write};
    use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

    const MEMORY: usize = 4096;

    fn listening() -> (WasiCtx, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (WasiCtxBuilder::new().preopened_listener(listener).unwrap().build(), address)
    }

    /// A memory with one buffer of `length` bytes at 64, the list of it at 0, and results from 16 on.
    fn memory(length: u32) -> Vec<u8> {
        let mut bytes = vec![0; MEMORY];
        bytes[0..4].copy_from_slice(&64_u32.to_le_bytes());
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn accept(ctx: &Context) -> Result<u32, Errno> {
        let mut bytes = memory(0);
        sock_accept(&mut GuestMemory::new(&mut bytes), ctx, 3, 0, 16)?;
        Ok(word(&bytes, 16))
    }

    fn receive(ctx: &Context, fd: u32, length: u32, flags: u32) -> Result<Vec<u8>, Errno> {
        let mut bytes = memory(length);
        sock_recv(&mut GuestMemory::new(&mut bytes), ctx, fd, 0, 1, flags, 16, 20)?;
        let count = word(&bytes, 16) as usize;
        Ok(bytes[64..64 + count].to_vec())
    }

    #[test]
    fn what_is_no_socket_says_so() {
        let ctx = WasiCtxBuilder::new().build();
        let mut bytes = [0; 64];
        let mut guest = GuestMemory::new(&mut bytes);
        for (fd, errno) in [(0, Errno::NOTSOCK), (2, Errno::NOTSOCK), (3, Errno::BADF), (u32::MAX, Errno::BADF)] {
            assert_eq!(sock_accept(&mut guest, &ctx.0, fd, 0, 0), Err(errno));
            assert_eq!(sock_recv(&mut guest, &ctx.0, fd, 0, 0, 0, 0, 0), Err(errno));
            assert_eq!(sock_send(&mut guest, &ctx.0, fd, 0, 0, 0, 0), Err(errno));
            assert_eq!(sock_shutdown(&mut guest, &ctx.0, fd, 3), Err(errno));
        }
    }

    #[test]
    fn a_conversation() {
        let (ctx, address) = listening();
        let mut peer = TcpStream::connect(address).unwrap();
        let fd = accept(&ctx.0).unwrap();
        assert_eq!(fd, 4);
        peer.write_all(b"hello").unwrap();
        assert_eq!(receive(&ctx.0, fd, 3, RECV_PEEK | RECV_WAITALL), Ok(b"hel".to_vec()));
        assert_eq!(receive(&ctx.0, fd, 3, RECV_WAITALL), Ok(b"hel".to_vec()));
        assert_eq!(receive(&ctx.0, fd, 100, 0), Ok(b"lo".to_vec()));
        let mut bytes = memory(5);
        bytes[64..69].copy_from_slice(b"world");
        let mut guest = GuestMemory::new(&mut bytes);
        sock_send(&mut guest, &ctx.0, fd, 0, 1, 0, 16).unwrap();
        fd_write(&mut guest, &ctx.0, fd, 0, 1, 16).unwrap();
        assert_eq!(fd_seek(&mut guest, &ctx.0, fd, 0, 1, 16), Err(Errno::SPIPE));
        sock_shutdown(&mut guest, &ctx.0, fd, SHUTDOWN_WRITE).unwrap();
        assert_eq!(sock_send(&mut guest, &ctx.0, fd, 0, 1, 0, 16), Err(Errno::PIPE));
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "worldworld");
        peer.write_all(b"x").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let mut bytes = memory(8);
        fd_read(&mut GuestMemory::new(&mut bytes), &ctx.0, fd, 0, 1, 16).unwrap();
        assert_eq!((word(&bytes, 16), bytes[64]), (1, b'x'));
        assert_eq!(receive(&ctx.0, fd, 8, 0), Ok(Vec::new()), "the end");
    }

    #[test]
    fn nothing_is_waited_for_where_that_is_asked() {
        let (ctx, address) = listening();
        let mut bytes = memory(8);
        let mut guest = GuestMemory::new(&mut bytes);
        fd_fdstat_set_flags(&mut guest, &ctx.0, 3, 4).unwrap();
        assert_eq!(accept(&ctx.0), Err(Errno::AGAIN));
        let _peer = TcpStream::connect(address).unwrap();
        sock_accept(&mut guest, &ctx.0, 3, 4, 16).unwrap();
        let fd = guest.load_u32(GuestPtr::new(16)).unwrap();
        assert_eq!(sock_recv(&mut guest, &ctx.0, fd, 0, 1, 0, 16, 20), Err(Errno::AGAIN));
        assert_eq!(fd_fdstat_set_flags(&mut guest, &ctx.0, fd, 1), Err(Errno::INVAL));
    }

    /// Whoever has the same socket sees nothing of whether the guest blocks, and the guest nothing of whether the host does.
    #[test]
    fn the_state_of_a_socket_that_others_have_is_left_alone() {
        let inherited = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = inherited.local_addr().unwrap();
        let nonblocking = || rustix::fs::fcntl_getfl(&inherited).unwrap().contains(rustix::fs::OFlags::NONBLOCK);
        for host in [false, true] {
            inherited.set_nonblocking(host).unwrap();
            let given = inherited.try_clone().unwrap();
            let ctx = WasiCtxBuilder::new().preopened_listener(given).unwrap().build();
            let mut bytes = memory(8);
            let mut guest = GuestMemory::new(&mut bytes);
            fd_fdstat_set_flags(&mut guest, &ctx.0, 3, 4).unwrap();
            assert_eq!((accept(&ctx.0), nonblocking()), (Err(Errno::AGAIN), host));
            fd_fdstat_set_flags(&mut guest, &ctx.0, 3, 0).unwrap();
            let peer = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(50));
                TcpStream::connect(address).unwrap()
            });
            assert_eq!((accept(&ctx.0), nonblocking()), (Ok(4), host), "it waits");
            drop(peer.join().unwrap());
        }
    }

    #[test]
    fn flags_and_places_are_checked_before_anything_happens() {
        let (ctx, address) = listening();
        let mut peer = TcpStream::connect(address).unwrap();
        let mut bytes = memory(8);
        let mut guest = GuestMemory::new(&mut bytes);
        for flags in [1, 2, 8, 1 << 16, u32::MAX] {
            assert_eq!(sock_accept(&mut guest, &ctx.0, 3, flags, 16), Err(Errno::INVAL));
        }
        assert_eq!(sock_accept(&mut guest, &ctx.0, 3, 0, 4093), Err(Errno::FAULT));
        let fd = accept(&ctx.0).unwrap();
        peer.write_all(b"abc").unwrap();
        assert_eq!(sock_recv(&mut guest, &ctx.0, fd, 0, 1, 4, 16, 20), Err(Errno::NOTSUP));
        assert_eq!(sock_recv(&mut guest, &ctx.0, fd, 0, 1, 0, 4093, 20), Err(Errno::FAULT));
        assert_eq!(sock_recv(&mut guest, &ctx.0, fd, 0, 1, 0, 16, 4095), Err(Errno::FAULT));
        assert_eq!(sock_send(&mut guest, &ctx.0, fd, 0, 1, 1, 16), Err(Errno::NOTSUP));
        for how in [0, 4, u32::MAX] {
            assert_eq!(sock_shutdown(&mut guest, &ctx.0, fd, how), Err(Errno::INVAL));
        }
        assert_eq!(receive(&ctx.0, fd, 8, 0), Ok(b"abc".to_vec()));
    }

    #[test]
    fn a_connection_has_what_its_listener_hands_on() {
        let (ctx, address) = listening();
        let _peer = TcpStream::connect(address).unwrap();
        let mut bytes = memory(8);
        let mut guest = GuestMemory::new(&mut bytes);
        let base = ctx.0.table.entry(3).unwrap().base;
        fd_fdstat_set_rights(&mut guest, &ctx.0, 3, base.bits(), Rights::FD_READ.bits()).unwrap();
        let fd = accept(&ctx.0).unwrap();
        assert_eq!(sock_send(&mut guest, &ctx.0, fd, 0, 1, 0, 16), Err(Errno::NOTCAPABLE));
        assert_eq!(sock_shutdown(&mut guest, &ctx.0, fd, 3), Err(Errno::NOTCAPABLE));
        fd_fdstat_set_rights(&mut guest, &ctx.0, 3, 0, 0).unwrap();
        assert_eq!(accept(&ctx.0), Err(Errno::NOTCAPABLE));
    }
}
