//! Arguments, environment, exit and randomness (witx `args_*`, `environ_*`, `proc_exit`, `sched_yield`,
//! `random_get`).
//!
//! Called through `link`. Each function ends in success or an errno; [`proc_exit`] alone ends the guest.

use super::errno::Errno;
use super::memory::{GuestMemory, GuestPtr};
use crate::context::Context;
use crate::exit::I32Exit;
use crate::sync::lock;

/// witx `size`, and a pointer.
const SIZE: u32 = 4;

/// Exit statuses from here on are not passed on: on a host they would say that a signal ended the process.
const EXIT_STATUSES: u32 = 126;

/// `args_get`: writes the arguments, each with a closing NUL, and the addresses of them.
pub(super) fn args_get(guest: &mut GuestMemory<'_>, ctx: &Context, argv: u32, buffer: u32) -> Result<(), Errno> {
    store_strings(guest, ctx.args.iter().map(|arg| [arg.as_str()]), argv, buffer)
}

/// `args_sizes_get`: how many arguments there are, and how many bytes they take.
pub(super) fn args_sizes_get(guest: &mut GuestMemory<'_>, ctx: &Context, count: u32, bytes: u32) -> Result<(), Errno> {
    store_sizes(guest, ctx.args.iter().map(|arg| [arg.as_str()]), count, bytes)
}

/// `environ_get`: writes the variables as `NAME=value`, each with a closing NUL, and the addresses of them.
pub(super) fn environ_get(guest: &mut GuestMemory<'_>, ctx: &Context, environ: u32, buffer: u32) -> Result<(), Errno> {
    store_strings(guest, variables(ctx), environ, buffer)
}

/// `environ_sizes_get`: how many variables there are, and how many bytes they take.
pub(super) fn environ_sizes_get(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    count: u32,
    bytes: u32,
) -> Result<(), Errno> {
    store_sizes(guest, variables(ctx), count, bytes)
}

/// `proc_exit`: the error that ends the guest, [`I32Exit`] or, for a status no process can have, another.
pub(super) fn proc_exit(status: u32) -> tancho::Error {
    if status >= EXIT_STATUSES {
        return tancho::ErrorCode::ExitStatus.error("exit with invalid exit status outside of [0..126)");
    }
    I32Exit(status.cast_signed()).into()
}

/// `proc_raise`: what the signal does to a process that does nothing about it: ends the guest with [`I32Exit`] and the status that a shell
/// reports, or nothing. `ENOTSUP` for signals that stop a process, `EINVAL` for a number that is none.
pub(super) fn proc_raise(signal: u32) -> tancho::Result<i32> {
    // witx `signal` and the host's numbers part after 15.
    let host = match signal {
        1..=15 => signal,
        23..=26 => signal + 1,
        28..=30 => signal + 1,
        0 | 16 | 17 | 22 | 27 => return Ok(0),
        18..=21 => return Ok(i32::from(Errno::NOTSUP.number())),
        _ => return Ok(i32::from(Errno::INVAL.number())),
    };
    Err(I32Exit(128_u32.saturating_add(host).cast_signed()).into())
}

/// `sched_yield`: lets other threads of the host run.
pub(super) fn sched_yield(_guest: &mut GuestMemory<'_>, _ctx: &Context) -> Result<(), Errno> {
    std::thread::yield_now();
    Ok(())
}

/// `random_get`: fills the buffer, which is the guest's own memory.
pub(super) fn random_get(guest: &mut GuestMemory<'_>, ctx: &Context, buffer: u32, length: u32) -> Result<(), Errno> {
    // Held all the while: threads that ask for bytes of a seed do not mix theirs.
    let mut random = lock(&ctx.random);
    guest.fill(GuestPtr::new(buffer), length, |piece| random.fill(piece))
}

fn variables(ctx: &Context) -> impl Iterator<Item = [&str; 3]> + Clone {
    ctx.env.iter().map(|(name, value)| [name.as_str(), "=", value.as_str()])
}

/// How many strings, each made of `N` parts, and how many bytes with their closing NULs; `EOVERFLOW` if a guest cannot
/// count them.
fn sizes<'s, const N: usize>(strings: impl Iterator<Item = [&'s str; N]>) -> Result<(u32, u32), Errno> {
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for parts in strings {
        count += 1;
        bytes += parts.iter().map(|part| part.len()).sum::<usize>() + 1;
    }
    let counted = |number: usize| u32::try_from(number).map_err(|_| Errno::OVERFLOW);
    Ok((counted(count)?, counted(bytes)?))
}

fn store_sizes<'s, const N: usize>(
    guest: &mut GuestMemory<'_>,
    strings: impl Iterator<Item = [&'s str; N]>,
    count_at: u32,
    bytes_at: u32,
) -> Result<(), Errno> {
    let (count, bytes) = sizes(strings)?;
    guest.check(GuestPtr::new(bytes_at), SIZE)?;
    guest.store_u32(GuestPtr::new(count_at), count)?;
    guest.store_u32(GuestPtr::new(bytes_at), bytes)
}

fn store_strings<'s, const N: usize>(
    guest: &mut GuestMemory<'_>,
    strings: impl Iterator<Item = [&'s str; N]> + Clone,
    addresses: u32,
    buffer: u32,
) -> Result<(), Errno> {
    let (count, bytes) = sizes(strings.clone())?;
    let (mut address, mut at) = (GuestPtr::new(addresses), GuestPtr::new(buffer));
    guest.check_array(address, count, SIZE)?;
    guest.check(at, bytes)?;
    for parts in strings {
        guest.store_u32(address, at.address())?;
        address = address.plus(SIZE)?;
        for part in parts.iter().chain(&["\0"]) {
            guest.store(at, part.as_bytes())?;
            at = at.plus(u32::try_from(part.len()).map_err(|_| Errno::OVERFLOW)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{WasiCtx, WasiCtxBuilder};

    const FILL: u8 = 0xA5;

    fn context() -> WasiCtx {
        WasiCtxBuilder::new().args(&["prog", "", "ü"]).env("A", "b=c").env("", "").build()
    }

    #[test]
    fn arguments_are_laid_out_as_specified() {
        let mut bytes = [FILL; 64];
        let mut guest = GuestMemory::new(&mut bytes);
        let ctx = context();
        args_sizes_get(&mut guest, &ctx.0, 0, 4).unwrap();
        assert_eq!(guest.load_u32(GuestPtr::new(0)), Ok(3));
        assert_eq!(guest.load_u32(GuestPtr::new(4)), Ok(9));
        args_get(&mut guest, &ctx.0, 8, 32).unwrap();
        let addresses: Vec<_> = (0..3).map(|i| guest.load_u32(GuestPtr::new(8 + 4 * i)).unwrap()).collect();
        assert_eq!(addresses, [32, 37, 38]);
        assert_eq!(&bytes[32..41], b"prog\0\0\xc3\xbc\0");
        assert!(bytes[20..32].iter().chain(&bytes[41..]).all(|byte| *byte == FILL));
    }

    #[test]
    fn variables_are_joined_and_keep_their_order() {
        let mut bytes = [FILL; 64];
        let mut guest = GuestMemory::new(&mut bytes);
        let ctx = context();
        environ_sizes_get(&mut guest, &ctx.0, 0, 4).unwrap();
        assert_eq!((guest.load_u32(GuestPtr::new(0)), guest.load_u32(GuestPtr::new(4))), (Ok(2), Ok(8)));
        environ_get(&mut guest, &ctx.0, 8, 32).unwrap();
        assert_eq!(&bytes[32..40], b"A=b=c\0=\0");
    }

    #[test]
    fn what_does_not_fit_is_a_fault_and_writes_nothing() {
        let ctx = context();
        for (argv, buffer) in [(0, 56), (53, 0), (u32::MAX, 0), (0, u32::MAX)] {
            let mut bytes = [FILL; 64];
            let mut guest = GuestMemory::new(&mut bytes);
            assert_eq!(args_get(&mut guest, &ctx.0, argv, buffer), Err(Errno::FAULT));
            assert!(bytes.iter().all(|byte| *byte == FILL));
        }
        let mut bytes = [FILL; 64];
        let mut guest = GuestMemory::new(&mut bytes);
        assert_eq!(args_sizes_get(&mut guest, &ctx.0, 0, 61), Err(Errno::FAULT));
        assert_eq!(args_get(&mut guest, &ctx.0, 52, 0), Ok(()));
        assert_eq!(args_get(&mut guest, &ctx.0, 0, 55), Ok(()));
    }

    #[test]
    fn signals_end_a_guest_or_do_nothing() {
        let status = |signal| proc_raise(signal).map_err(|error| error.downcast_ref::<I32Exit>().unwrap().0);
        for (signal, expected) in [(6, 134), (9, 137), (15, 143), (23, 152), (26, 155), (28, 157), (30, 159)] {
            assert_eq!(status(signal).unwrap_err(), expected, "{signal}");
        }
        for (signal, errno) in
            [(0, 0), (16, 0), (17, 0), (22, 0), (27, 0), (18, 58), (21, 58), (31, 28), (u32::MAX, 28)]
        {
            assert_eq!(status(signal).unwrap(), errno, "{signal}");
        }
    }

    #[test]
    fn nothing_given_is_nothing_written() {
        let ctx = WasiCtxBuilder::new().build();
        let mut guest = GuestMemory::new(&mut []);
        assert_eq!(args_get(&mut guest, &ctx.0, 0, 0), Ok(()));
        assert_eq!(environ_get(&mut guest, &ctx.0, 0, 0), Ok(()));
    }

    #[test]
    fn random_bytes_go_where_asked_and_nowhere_else() {
        let mut bytes = [0; 96];
        let mut guest = GuestMemory::new(&mut bytes);
        let ctx = context();
        random_get(&mut guest, &ctx.0, 16, 64).unwrap();
        for (at, length) in [(0, u32::MAX), (1, 96), (96, 1), (u32::MAX, 1)] {
            assert_eq!(random_get(&mut guest, &ctx.0, at, length), Err(Errno::FAULT));
        }
        assert_eq!(random_get(&mut guest, &ctx.0, 96, 0), Ok(()));
        assert!(bytes[..16].iter().chain(&bytes[80..]).all(|byte| *byte == 0));
        assert!(bytes[16..80].iter().any(|byte| *byte != 0));
    }
}
