//! Clocks (witx `clock_res_get`, `clock_time_get`).
//!
//! Called through `link`.

use super::errno::Errno;
use super::layout::clock;
use super::memory::{GuestMemory, GuestPtr};
use crate::context::Context;

/// witx `timestamp`.
const TIMESTAMP_SIZE: u32 = 8;

/// `clock_res_get`: the resolution of a clock in nanoseconds, never 0. `EINVAL` for an unknown clock.
pub(super) fn clock_res_get(guest: &mut GuestMemory<'_>, ctx: &Context, id: u32, result: u32) -> Result<(), Errno> {
    guest.store_u64(GuestPtr::new(result), ctx.clocks.resolution(clock(id)?))
}

/// `clock_time_get`: the time of a clock in nanoseconds. The precision asked for is ignored: the time is read anew.
/// `EINVAL` for an unknown clock.
pub(super) fn clock_time_get(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    id: u32,
    _precision: u64,
    result: u32,
) -> Result<(), Errno> {
    guest.check(GuestPtr::new(result), TIMESTAMP_SIZE)?;
    let now = ctx.clocks.now(clock(id)?)?;
    guest.store_u64(GuestPtr::new(result), now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::WasiCtxBuilder;

    #[test]
    fn all_four_clocks_tell_the_time() {
        let mut bytes = [0; 16];
        let mut guest = GuestMemory::new(&mut bytes);
        let ctx = WasiCtxBuilder::new().build();
        for id in 0..4 {
            guest.store_u64(GuestPtr::new(8), 0).unwrap();
            clock_res_get(&mut guest, &ctx.0, id, 8).unwrap();
            assert!(guest.load_u64(GuestPtr::new(8)).unwrap() > 0);
            guest.store_u64(GuestPtr::new(8), 0).unwrap();
            clock_time_get(&mut guest, &ctx.0, id, u64::MAX, 8).unwrap();
            assert!(guest.load_u64(GuestPtr::new(8)).unwrap() > 0);
        }
        for id in [4, u32::MAX] {
            assert_eq!(clock_res_get(&mut guest, &ctx.0, id, 8), Err(Errno::INVAL));
            assert_eq!(clock_time_get(&mut guest, &ctx.0, id, 0, 8), Err(Errno::INVAL));
        }
        assert_eq!(clock_time_get(&mut guest, &ctx.0, 0, 0, 9), Err(Errno::FAULT));
        assert_eq!(clock_res_get(&mut guest, &ctx.0, 0, 9), Err(Errno::FAULT));
    }
}
