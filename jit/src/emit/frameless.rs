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
        // Constants stand behind the code, and would be taken for instructions.
        if leaves(&instruction) || uses_stack(&instruction) || instruction.is_ip_rel_memory_operand() {
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

/// Whether it leaves the function, or uses the stack without an operand that says so.
fn leaves(instruction: &Instruction) -> bool {
    use Mnemonic::*;
    match instruction.mnemonic() {
        // What is called may look at the stack; a return without an epilogue is none of these functions'.
        INVALID | Call | Ret | Push | Pop => true,
        // By a table, which would be taken for instructions.
        Jmp => instruction.op0_kind() != OpKind::NearBranch64,
        // Cranelift has none of these today.
        Enter | Leave | Pushf | Pushfq | Popf | Popfq | Retf | Iret | Iretd | Iretq | Int | Int1 | Int3 | Syscall
        | Sysenter | Sysexit | Sysret | Xbegin => true,
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `add edi, esi`.
    const BODY: [u8; 2] = [0x01, 0xf7];

    /// A function of a body, an epilogue and this end.
    fn function(body: &[u8], end: &[u8]) -> Vec<u8> {
        [&PROLOGUE, body, &EPILOGUE, end].concat()
    }

    fn kept(code: &[u8]) -> bool {
        let mut changed = code.to_vec();
        let removed = remove(&mut changed);
        assert!(removed || changed == code, "what keeps its frame is not changed: {code:x?}");
        !removed
    }

    #[test]
    fn a_return_takes_the_place_of_its_epilogue() {
        let mut code = function(&BODY, &[RETURN]);
        assert!(remove(&mut code));
        assert_eq!(code, [&NOTHING, &BODY[..], &[RETURN, NEVER, NEVER, NEVER, NEVER]].concat());
        // Two ways out.
        let mut code = [function(&BODY, &[RETURN]), BODY.to_vec(), EPILOGUE.to_vec(), vec![RETURN]].concat();
        assert!(remove(&mut code));
        assert_eq!(code.iter().filter(|byte| **byte == RETURN).count(), 2);
        assert!(!code.windows(4).any(|four| four == EPILOGUE));
    }

    #[test]
    fn what_ends_otherwise_keeps_its_last_instruction() {
        // Of a function that takes its arguments from the stack; tail calls of code of the image, by a register, and by memory.
        let ends: [&[u8]; 4] =
            [&[0xc2, 0x20, 0x00], &[0xe9, 0xfb, 0xff, 0xff, 0xff], &[0x41, 0xff, 0xe3], &[0xff, 0x67, 0x08]];
        for end in ends {
            let mut code = function(&BODY, end);
            assert!(remove(&mut code), "{end:x?}");
            assert_eq!(code, [&NOTHING, &BODY[..], &NOTHING, end].concat());
        }
    }

    #[test]
    fn what_uses_the_stack_keeps_its_frame() {
        let bodies: [(&str, &[u8]); 35] = [
            ("call", &[0xe8, 0, 0, 0, 0]),
            ("call rax", &[0xff, 0xd0]),
            ("push rax", &[0x50]),
            ("push 1", &[0x6a, 1]),
            ("push [rdi]", &[0xff, 0x37]),
            ("pop rax", &[0x58]),
            ("pushfq", &[0x9c]),
            ("popfq", &[0x9d]),
            ("enter 8, 0", &[0xc8, 8, 0, 0]),
            ("leave", &[0xc9]),
            ("ret", &[0xc3]),
            ("ret 16", &[0xc2, 16, 0]),
            ("retf", &[0xcb]),
            ("int3", &[0xcc]),
            ("int 0x80", &[0xcd, 0x80]),
            ("syscall", &[0x0f, 0x05]),
            ("mov rax, [rsp]", &[0x48, 0x8b, 0x04, 0x24]),
            ("mov rax, [rbp + 16]", &[0x48, 0x8b, 0x45, 16]),
            ("mov [rbp + 16], rax", &[0x48, 0x89, 0x45, 16]),
            ("mov [rsp - 8], rax", &[0x48, 0x89, 0x44, 0x24, 0xf8]),
            ("mov rax, [rax + rbp]", &[0x48, 0x8b, 0x04, 0x28]),
            ("lea rax, [rsp + 8]", &[0x48, 0x8d, 0x44, 0x24, 8]),
            ("lea rsp, [rsp + 8]", &[0x48, 0x8d, 0x64, 0x24, 8]),
            ("lea eax, [esp]", &[0x67, 0x8d, 0x04, 0x24]),
            ("sub rsp, 16", &[0x48, 0x83, 0xec, 16]),
            ("mov rax, rsp", &[0x48, 0x89, 0xe0]),
            ("mov eax, ebp", &[0x89, 0xe8]),
            ("xchg rsp, rax", &[0x48, 0x94]),
            ("movzx eax, bpl", &[0x40, 0x0f, 0xb6, 0xc5]),
            ("mov spl, al", &[0x40, 0x88, 0xc4]),
            ("movaps [rsp], xmm0", &[0x0f, 0x29, 0x04, 0x24]),
            ("vmovups ymm0, [rbp]", &[0xc5, 0xfc, 0x10, 0x45, 0]),
            ("mov rax, [rip + 0]", &[0x48, 0x8b, 0x05, 0, 0, 0, 0]),
            ("lea rax, [rip + 0]", &[0x48, 0x8d, 0x05, 0, 0, 0, 0]),
            ("jmp rax", &[0xff, 0xe0]),
        ];
        for (name, body) in bodies {
            assert!(kept(&function(body, &[RETURN])), "{name}");
            assert!(kept(&function(&[&BODY, body, &BODY].concat(), &[0xe9, 0, 0, 0, 0])), "{name}");
        }
        // As registers of other names they may be used: r12 and r13 have their numbers.
        assert!(!kept(&function(&[0x49, 0x8b, 0x04, 0x24, 0x49, 0x8b, 0x45, 0x10, 0x4c, 0x89, 0xe0], &[RETURN])));
    }

    #[test]
    fn what_is_no_epilogue_keeps_its_frame() {
        // Behind it: the return address moved, an instruction, a stack pointer jumped by, nothing, half an instruction, none at all.
        let ends: [&[u8]; 7] =
            [&[0x4c, 0x8b, 0x1c, 0x24], &BODY, &[0xff, 0x64, 0x24, 8], &[0xff, 0xe4], &[], &[0xc2, 0], &[0x06]];
        for end in ends {
            assert!(kept(&function(&BODY, end)), "{end:x?}");
        }
        assert!(kept(&[&PROLOGUE[..], &BODY].concat()), "it has no end");
        assert!(kept(&[&BODY[..], &EPILOGUE, &[RETURN]].concat()), "it has no beginning");
        assert!(kept(&PROLOGUE[..3]) && kept(&[]));
        assert!(kept(&[function(&BODY, &[RETURN]), vec![0x06]].concat()), "what is behind it is no code");
        // In the middle of another instruction: `mov rax, imm64`.
        let number = [&[0x48, 0xb8][..], &EPILOGUE, &[RETURN; 4]].concat();
        assert!(kept(&[&PROLOGUE[..], &number].concat()));
        let mut code = function(&number, &[RETURN]);
        assert!(remove(&mut code));
        assert_eq!(code[PROLOGUE.len()..][..number.len()], number);
    }

    #[test]
    fn branches_into_what_goes_keep_the_frame() {
        // `je`, `jmp`, `jrcxz` and `loop`, all of two bytes, over `distance` bytes.
        for opcode in [0x74, 0xeb, 0xe3, 0xe2] {
            let branch = |distance: i8| [opcode, distance as u8, BODY[0], BODY[1]];
            let body = BODY.len() as i8;
            for (distance, expected) in [(body, false), (0, false), (-2, false), (-4, true), (-3, true), (-6, true)] {
                let code = function(&branch(distance), &[RETURN]);
                assert_eq!(kept(&code), expected, "{opcode:x} by {distance}");
            }
            // To the epilogue's second byte, and so on to the return behind it.
            for within in 1..=EPILOGUE.len() as i8 {
                assert!(kept(&function(&branch(body + within), &[RETURN])), "{opcode:x} by {}", body + within);
            }
        }
    }
}
