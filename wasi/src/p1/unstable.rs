//! The functions in which snapshot 0, the import module `wasi_unstable`, differs from preview 1: two records have other layouts, and one
//! enumeration another order. Rust and C compilers made guests for it until 2020.
//!
//! Called through `link`. All other functions are those of preview 1.

use super::errno::Errno;
use super::layout::{Snapshot, store_unstable_filestat};
use super::memory::{GuestMemory, GuestPtr};
use super::{attribute, io, path, poll};
use crate::context::Context;

/// `fd_filestat_get`, with a number of links of 32 bits.
pub(super) fn fd_filestat_get(guest: &mut GuestMemory<'_>, ctx: &Context, fd: u32, result: u32) -> Result<(), Errno> {
    let stat = attribute::of_descriptor(ctx, fd)?;
    store_unstable_filestat(guest, GuestPtr::new(result), &stat)
}

/// `path_filestat_get`, with a number of links of 32 bits.
pub(super) fn path_filestat_get(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    flags: u32,
    path: u32,
    path_length: u32,
    result: u32,
) -> Result<(), Errno> {
    let stat = path::of_path(guest, ctx, fd, flags, path, path_length)?;
    store_unstable_filestat(guest, GuestPtr::new(result), &stat)
}

/// `fd_seek`, which counts from the offset (0), the end (1) or the start (2).
pub(super) fn fd_seek(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    fd: u32,
    offset: i64,
    whence: u32,
    result: u32,
) -> Result<(), Errno> {
    let whence = match whence {
        0 => 1,
        1 => 2,
        2 => 0,
        _ => return Err(Errno::INVAL),
    };
    io::fd_seek(guest, ctx, fd, offset, whence, result)
}

/// `poll_oneoff`, with subscriptions that are 8 bytes longer.
pub(super) fn poll_oneoff(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    subscriptions: u32,
    events: u32,
    count: u32,
    result: u32,
) -> Result<(), Errno> {
    poll::poll(guest, ctx, Snapshot::Zero, subscriptions, events, count, result)
}
