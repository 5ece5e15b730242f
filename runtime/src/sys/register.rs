//! Registers: continuing at a chosen place, and the frame records that compiled code leaves on the stack.
//!
//! Called by `trap` and the builtins that throw (to resume at a landing pad), `unwind` (to read frames) and `call`.

use std::arch::{asm, naked_asm};

/// Where a thread is to continue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumption {
    /// Program counter.
    pub(crate) pc: usize,
    /// Frame pointer.
    pub(crate) fp: usize,
    /// Stack pointer.
    pub(crate) sp: usize,
}

/// The stack pointer. The address of a local variable will not do in its place: AddressSanitizer keeps those elsewhere.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "riscv64")]
        asm!("mv {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
    }
    sp
}

/// Continues at `pc` with this frame and stack pointer and these two payload registers (those in which Cranelift's
/// exception handlers find their payload).
///
/// # Safety
///
/// `pc` must be a landing pad of an entry trampoline or of a function whose frame, still on this thread's stack, has the frame
/// pointer `fp` and the stack pointer `sp`; nothing in the frames between may need to be dropped.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(pc: usize, fp: usize, sp: usize, payload0: usize, payload1: usize) -> ! {
    naked_asm!("mov rsp, rdx", "mov rbp, rsi", "mov rax, rcx", "mov rdx, r8", "jmp rdi")
}

/// Continues at `pc` with this frame and stack pointer and these two payload registers (those in which Cranelift's
/// exception handlers find their payload).
///
/// # Safety
///
/// `pc` must be a landing pad of an entry trampoline or of a function whose frame, still on this thread's stack, has the frame
/// pointer `fp` and the stack pointer `sp`; nothing in the frames between may need to be dropped.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(pc: usize, fp: usize, sp: usize, payload0: usize, payload1: usize) -> ! {
    naked_asm!("mov sp, x2", "mov x29, x1", "mov x16, x0", "mov x0, x3", "mov x1, x4", "br x16")
}

/// Continues at `pc` with this frame and stack pointer and these two payload registers (those in which Cranelift's
/// exception handlers find their payload).
///
/// # Safety
///
/// `pc` must be a landing pad of an entry trampoline or of a function whose frame, still on this thread's stack, has the frame
/// pointer `fp` and the stack pointer `sp`; nothing in the frames between may need to be dropped.
#[cfg(target_arch = "riscv64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(pc: usize, fp: usize, sp: usize, payload0: usize, payload1: usize) -> ! {
    naked_asm!("mv sp, a2", "mv s0, a1", "mv t1, a0", "mv a0, a3", "mv a1, a4", "jr t1")
}

/// The frame record to which a frame pointer of compiled code points, on all three architectures: Cranelift's prologue
/// stores the caller's frame pointer and, above it, the return address, and sets the frame pointer to the pair.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FrameRecord {
    /// The caller's frame pointer.
    pub(crate) caller: usize,
    /// Where the function returns to.
    pub(crate) return_address: usize,
}
