//! The caches: makes freshly written code visible to the fetch units of every core, and fetches what will be read soon.
//!
//! Called once by `code::memory` for each image, after its code was made executable and before it can be reached; by the collector for
//! objects.

use std::io;
use std::ops::Range;

/// Has the machine fetch the line at `address` into its caches: any address will do.
#[inline(always)]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of the base set, and does nothing but fetch.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: it does nothing but fetch.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(target_arch = "riscv64")]
    let _ = address;
}

/// x86-64 keeps instruction caches coherent by itself, and reaching the new code takes a jump.
#[cfg(target_arch = "x86_64")]
pub(crate) fn publish(_code: Range<usize>) -> io::Result<()> {
    Ok(())
}

/// Cleans the data cache to the point of unification, invalidates the instruction cache, and has every thread of the
/// process synchronise its pipeline (Arm ARM B2.4.4).
#[cfg(target_arch = "aarch64")]
pub(crate) fn publish(code: Range<usize>) -> io::Result<()> {
    use std::arch::asm;
    let types: usize;
    // SAFETY: reads a register that user code may read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) types, options(nomem, nostack, preserves_flags)) };
    let data_line = 4_usize << ((types >> 16) & 15);
    let instruction_line = 4_usize << (types & 15);
    let lines = |line: usize| (code.start & !(line - 1)..code.end).step_by(line);
    for address in lines(data_line) {
        // SAFETY: cache maintenance of a readable address; it changes no value.
        unsafe { asm!("dc cvau, {}", in(reg) address, options(nostack, preserves_flags)) };
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
    for address in lines(instruction_line) {
        // SAFETY: as above.
        unsafe { asm!("ic ivau, {}", in(reg) address, options(nostack, preserves_flags)) };
    }
    // SAFETY: barriers.
    unsafe { asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
    synchronise_threads()
}

/// Makes every thread of the process execute a context synchronisation event before it returns to its code.
#[cfg(target_arch = "aarch64")]
fn synchronise_threads() -> io::Result<()> {
    const GLOBAL: libc::c_long = 1;
    const SYNC_CORE: libc::c_long = 1 << 5;
    const REGISTER_SYNC_CORE: libc::c_long = 1 << 6;
    let barrier = |command: libc::c_long| {
        // SAFETY: the call has no effect on memory.
        if unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    let done = match barrier(SYNC_CORE) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            barrier(REGISTER_SYNC_CORE).and_then(|()| barrier(SYNC_CORE))
        }
        done => done,
    };
    match done.or_else(|_| barrier(GLOBAL)) {
        // A sandbox or an old kernel refuses. No thread can have fetched from addresses that were not executable before,
        // and the kernel synchronised them when it changed that; the barrier is a second belt.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS | libc::EINVAL)) => Ok(()),
        done => done,
    }
}

/// Asks the kernel for a `fence.i` on every core that runs a thread of this process.
#[cfg(target_arch = "riscv64")]
pub(crate) fn publish(code: Range<usize>) -> io::Result<()> {
    /// `riscv_flush_icache(2)`.
    const RISCV_FLUSH_ICACHE: libc::c_long = 259;
    // SAFETY: the call changes no value in memory. Flags 0: for all threads.
    if unsafe { libc::syscall(RISCV_FLUSH_ICACHE, code.start, code.end, 0) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
