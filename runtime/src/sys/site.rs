//! The stub by which the signal handler makes compiled code, stopped in the middle of a function, call the runtime and go on.
//!
//! `trap` diverts to it ([`Context::divert`](super::signal::Context::divert)). Every register that such code can have in use is kept, and
//! those of vectors as a whole; what a function called by C's conventions keeps anyhow is left to it. First a frame record is made,
//! as a call would have: of the frame pointer, and of the place where the code was stopped. It needs the room of a host function below it.
//!
//! Where the code goes on differs. On x86-64 it is the load that faulted, again: it uses registers that are kept. Elsewhere an address may
//! have been made in the register by which the stub knows the place (x16 on aarch64, t6 on riscv64, neither of which the compiler
//! allocates), so the code goes on behind the load, of which nobody uses the result.

use crate::site::arrive;
use crate::trap::raise;
use std::arch::naked_asm;

/// The stub's body on x86-64, between what comes before it and after it. The place where the code was stopped is at the stack pointer.
#[cfg(target_arch = "x86_64")]
macro_rules! stub {
    ([$($before:literal)*] [$($after:literal)*]) => {
        naked_asm!(
            $($before,)*
            "push rbp",
            "mov rbp, rsp",
            "pushfq",
            "cld",
            ".irp r, rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15",
            "push \\r",
            ".endr",
            // A register that functions keep.
            "mov rbx, rsp",
            "sub rsp, 256",
            "and rsp, -16",
            ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
            "movaps [rsp + 16 * \\n], xmm\\n",
            ".endr",
            "mov rdi, rbp",
            "call {arrive}",
            "test rax, rax",
            "jnz 2f",
            ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
            "movaps xmm\\n, [rsp + 16 * \\n]",
            ".endr",
            "mov rsp, rbx",
            ".irp r, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbx, rdx, rcx, rax",
            "pop \\r",
            ".endr",
            "popfq",
            "pop rbp",
            $($after,)*
            "ret",
            "2:",
            "mov rdi, rax",
            "call {raise}",
            "ud2",
            arrive = sym arrive,
            raise = sym raise,
        )
    };
}

/// The stub. The place where the code was stopped is at the stack pointer.
///
/// # Safety
///
/// To be diverted to by the handler.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn stub() {
    stub!([] [])
}

/// The stub for functions without a frame. The place where the code was stopped is at the stack pointer, and above that the one that the
/// function returns to. First it makes the frame record that a frame would have begun with, and puts the place where the code was stopped below it
/// once more, as if it had been called from there. No flag is changed.
///
/// # Safety
///
/// To be diverted to by the handler.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn frameless_stub() {
    stub!(
        ["push qword ptr [rsp + 8]" "push rbp" "mov rbp, rsp" "push qword ptr [rbp + 16]"]
        ["lea rsp, [rsp + 8]" "pop rbp" "lea rsp, [rsp + 8]"]
    )
}

/// The stub. The place where the code goes on is in x16.
///
/// # Safety
///
/// To be diverted to by the handler.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn stub() {
    naked_asm!(
        "stp x29, x16, [sp, #-16]!",
        "mov x29, sp",
        "sub sp, sp, #704",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
        "str x\\n, [sp, #8 * \\n]",
        ".endr",
        "stp x18, x30, [sp, #128]",
        "mrs x17, nzcv",
        "str x17, [sp, #144]",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31",
        "str q\\n, [sp, #160 + 16 * \\n]",
        ".endr",
        "mov x0, x29",
        "bl {arrive}",
        "cbnz x0, 2f",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31",
        "ldr q\\n, [sp, #160 + 16 * \\n]",
        ".endr",
        "ldr x17, [sp, #144]",
        "msr nzcv, x17",
        "ldp x18, x30, [sp, #128]",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
        "ldr x\\n, [sp, #8 * \\n]",
        ".endr",
        "mov sp, x29",
        "ldp x29, x16, [sp], #16",
        "ret x16",
        "2:",
        "bl {raise}",
        "brk #1",
        arrive = sym arrive,
        raise = sym raise,
    )
}

/// Whether the machine has vectors, whose registers the stub then keeps: 0 until [`prepare`] says so.
#[cfg(target_arch = "riscv64")]
static VECTORS: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Looks what of the machine the stub has to keep. Before any code is diverted to it.
pub(crate) fn prepare() {
    #[cfg(target_arch = "riscv64")]
    VECTORS.store(u8::from(super::feature::has_feature("has_v")), std::sync::atomic::Ordering::Relaxed);
}

/// The stub. The place where the code goes on is in t6. What is kept stands at the number of its register.
///
/// # Safety
///
/// To be diverted to by the handler.
#[cfg(target_arch = "riscv64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn stub() {
    naked_asm!(
        ".option push",
        ".option arch, +d, +v",
        "addi sp, sp, -16",
        "sd s0, 0(sp)",
        "sd t6, 8(sp)",
        "mv s0, sp",
        "addi sp, sp, -544",
        // With x9 and x18, which are s1 and s2.
        ".irp n, 1, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 28, 29, 30",
        "sd x\\n, 8 * \\n(sp)",
        ".endr",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31",
        "fsd f\\n, 256 + 8 * \\n(sp)",
        ".endr",
        "frcsr t0",
        "sd t0, 512(sp)",
        // s1 keeps the stack pointer, s2 says whether there are vectors below.
        "mv s1, sp",
        "lla t0, {vectors}",
        "lbu s2, 0(t0)",
        "beqz s2, 1f",
        "csrr t0, vl",
        "sd t0, 520(sp)",
        "csrr t0, vtype",
        "sd t0, 528(sp)",
        "csrr t0, vcsr",
        "sd t0, 536(sp)",
        "csrr t1, vlenb",
        "slli t2, t1, 3",
        ".irp n, 0, 8, 16, 24",
        "sub sp, sp, t2",
        "vs8r.v v\\n, (sp)",
        ".endr",
        "1:",
        "mv a0, s0",
        "call {arrive}",
        "bnez a0, 3f",
        "beqz s2, 2f",
        "csrr t1, vlenb",
        "slli t2, t1, 3",
        ".irp n, 24, 16, 8, 0",
        "vl8re8.v v\\n, (sp)",
        "add sp, sp, t2",
        ".endr",
        "ld t0, 536(sp)",
        "csrw vcsr, t0",
        "ld t0, 520(sp)",
        "ld t1, 528(sp)",
        "vsetvl x0, t0, t1",
        "2:",
        "mv sp, s1",
        "ld t0, 512(sp)",
        "fscsr t0",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31",
        "fld f\\n, 256 + 8 * \\n(sp)",
        ".endr",
        ".irp n, 1, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 28, 29, 30",
        "ld x\\n, 8 * \\n(sp)",
        ".endr",
        "mv sp, s0",
        "ld s0, 0(sp)",
        "ld t6, 8(sp)",
        "addi sp, sp, 16",
        "jr t6",
        "3:",
        "call {raise}",
        "unimp",
        ".option pop",
        arrive = sym arrive,
        raise = sym raise,
        vectors = sym VECTORS,
    )
}

/// How far behind the place that the stub knows there is one that stands to the instruction at which the code was stopped as a return address to
/// its call: the instruction is before it, or, on x86-64, at that place.
pub(crate) const BEHIND: usize = if cfg!(target_arch = "x86_64") { 1 } else { 0 };

/// There are functions without a frame on x86-64 only.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use stub as frameless_stub;
