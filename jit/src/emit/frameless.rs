//! Frames that nobody needs: x86-64 functions that call nothing, and keep nothing on the stack, are left without one.
//!
//! Called for every piece of code as it is taken over from Cranelift, which begins each with `push rbp; mov rbp, rsp` and ends it with `mov rsp,
//! rbp; pop rbp`. Where neither register is used in between, these four instructions are what a small function spends most of its time on, and
//! for an interpreter that goes on by tail calls, whose functions call nothing, they are part of each step.
//!
//! Such a function may trap, and be stopped at a site of an interruption. Its traps say so
//! ([`TrapRecord::FRAMELESS`](tancho_abi::module::TrapRecord::FRAMELESS)), because then the place
//! that it returns to stands at the stack pointer, and the frame pointer is that of its caller. A call, to the host or to a builtin as well, is
//! never made without a frame, so who walks the stack meets such a function as the innermost one only.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use std::collections::HashSet;
use std::ops::Range;

/// How many bytes at the start of code without its frame do nothing.
pub(super) const SAVED: u32 = PROLOGUE.len() as u32;
/// `push rbp; mov rbp, rsp`.
const PROLOGUE: [u8; 4] = [0x55, 0x48, 0x89, 0xe5];
/// `mov rsp, rbp; pop rbp`.
const EPILOGUE: [u8; 4] = [0x48, 0x89, 0xec, 0x5d];
/// `ret`.
const RETURN: u8 = 0xc3;
/// An instruction of four bytes that does nothing.
const NOTHING: [u8; 4] = [0x0f, 0x1f, 0x40, 0x00];
/// An instruction that nobody comes to.
const NEVER: u8 = 0xcc;

/// Takes the frame out of a function's machine code, the length of which stays as it is; whether it could. In the place of what made the frame,
/// the first [`SAVED`] bytes, is what does nothing.
pub(super) fn remove(code: &mut [u8]) -> bool {
    let Some(epilogues) = find(code) else { return false };
    for at in epilogues {
        let end = at + EPILOGUE.len();
        if code.get(end) == Some(&RETURN) {
            code[at] = RETURN;
            code[at + 1..=end].fill(NEVER);
        } else {
            // A tail call.
            code[at..end].copy_from_slice(&NOTHING);
        }
    }
    code[..PROLOGUE.len()].copy_from_slice(&NOTHING);
    true
}

/// Where the frame of a function is given up; `None` where it is needed, or where that cannot be told.
fn find(code: &[u8]) -> Option<Vec<usize>> {
    if !code.starts_with(&PROLOGUE) {
        return None;
    }
    let mut epilogues = Vec::new();
    let mut targets = HashSet::new();
    let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    decoder.set_position(PROLOGUE.len()).ok()?;
    decoder.set_ip(PROLOGUE.len() as u64);
    while decoder.can_decode() {
        let at = decoder.position();
        if code[at..].starts_with(&EPILOGUE) {
            let end = at + EPILOGUE.len();
            decoder.set_position(end).ok()?;
            decoder.set_ip(end as u64);
            decoder.decode_out(&mut instruction);
            if !matches!(instruction.mnemonic(), Mnemonic::Ret | Mnemonic::Jmp) || uses_stack(&instruction) {
                return None;
            }
            epilogues.push(at);
            continue;
        }
        decoder.decode_out(&mut instruction);
        let leaves = match instruction.mnemonic() {
            // What is called may look at the stack; a return without an epilogue is none of these functions'.
            Mnemonic::INVALID | Mnemonic::Call | Mnemonic::Ret | Mnemonic::Push | Mnemonic::Pop => true,
            // By a table, which would be taken for instructions.
            Mnemonic::Jmp => instruction.op0_kind() != OpKind::NearBranch64,
            _ => false,
        };
        // Constants stand behind the code, and would be taken for instructions as well.
        if leaves || uses_stack(&instruction) || instruction.is_ip_rel_memory_operand() {
            return None;
        }
        if instruction.op0_kind() == OpKind::NearBranch64 {
            targets.insert(usize::try_from(instruction.near_branch64()).ok()?);
        }
    }
    let within = |range: Range<usize>| range.into_iter().any(|place| targets.contains(&place));
    let entered = epilogues.iter().any(|at| within(at + 1..at + EPILOGUE.len() + 1));
    (!epilogues.is_empty() && !entered && !within(0..PROLOGUE.len())).then_some(epilogues)
}

/// Whether an operand has to do with the stack or frame pointer.
fn uses_stack(instruction: &Instruction) -> bool {
    const POINTERS: [Register; 8] = [
        Register::RSP,
        Register::ESP,
        Register::SP,
        Register::SPL,
        Register::RBP,
        Register::EBP,
        Register::BP,
        Register::BPL,
    ];
    let registers = (0..instruction.op_count())
        .filter(|operand| instruction.op_kind(*operand) == OpKind::Register)
        .map(|operand| instruction.op_register(operand));
    registers
        .chain([instruction.memory_base(), instruction.memory_index()])
        .any(|register| POINTERS.contains(&register))
}
