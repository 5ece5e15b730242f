//! The exit to typed host functions on x86-64: a jump, and no frame.
//!
//! Called by the pipeline in the place of `translate::trampoline`'s `host_exit`, for the types of which both conventions pass all in the same
//! registers: there the host function can return to the compiled code by itself. A call and a return more, of which each waits for the other, would
//! take about as long as all else about it. Cranelift has no tail call from its `Tail` convention to C's, so the instructions stand here.

use super::code::Code;
use core::mem::offset_of;
use tancho_abi::module::TrapRecord;
use tancho_abi::trap::{Trap, X86_64_TRAP};
use tancho_abi::types::{FuncType, ValType};
use tancho_abi::vmctx::{VmHostContext, VmStore};

/// How many parameters the conventions pass in registers: the context and five others, and floats.
const INTEGERS: usize = 5;
const FLOATS: usize = 8;

/// A field, as an instruction has its distance from a register.
const fn field(offset: usize) -> u8 {
    assert!(offset < 128);
    offset as u8
}

/// The exit to typed host functions of type `ty`, where it can be a jump.
pub(crate) fn jump(ty: &FuncType) -> Option<Code> {
    let floats = ty.params.iter().filter(|ty| matches!(ty, ValType::F32 | ValType::F64)).count();
    if floats > FLOATS || ty.params.len() - floats > INTEGERS || ty.results.len() > 1 {
        return None;
    }
    let parts: [&[u8]; 7] = [
        // mov rax, [rdi + store]
        &[0x48, 0x8b, 0x47, field(offset_of!(VmHostContext, store))],
        // cmp rsp, [rax + stack_limit]
        &[0x48, 0x3b, 0x60, field(offset_of!(VmStore, stack_limit))],
        // jb, to behind the jump
        &[0x72, 15],
        // mov [rax + exit_fp], rbp
        &[0x48, 0x89, 0x68, field(offset_of!(VmStore, exit_fp))],
        // mov r11, [rsp]; mov [rax + exit_pc], r11
        &[0x4c, 0x8b, 0x1c, 0x24, 0x4c, 0x89, 0x58, field(offset_of!(VmStore, exit_pc))],
        // jmp [rdi + function]
        &[0xff, 0x67, field(offset_of!(VmHostContext, function))],
        &X86_64_TRAP,
    ];
    let bytes = parts.concat();
    let code = (bytes.len() - X86_64_TRAP.len()) as u32;
    let trap = u32::from(Trap::StackOverflow.code()) | TrapRecord::FRAMELESS;
    Some(Code::by_hand(bytes, TrapRecord { code, trap }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Mnemonic};

    fn exit(params: &[ValType], results: &[ValType]) -> Option<Code> {
        jump(&FuncType { params: params.into(), results: results.into() })
    }

    #[test]
    fn the_branch_leads_to_the_trap() {
        let code = exit(&[], &[]).expect("there is nothing to pass");
        let instructions: Vec<_> = Decoder::new(64, &code.bytes, DecoderOptions::NONE).iter().collect();
        let branch = instructions.iter().find(|found| found.mnemonic() == Mnemonic::Jb).expect("the stack is compared");
        let target = instructions.iter().find(|found| found.ip() == branch.near_branch64()).expect("it has a target");
        assert_eq!(target.mnemonic(), Mnemonic::Hlt);
        assert_eq!(target.ip(), u64::from(code.traps[0].code));
    }

    #[test]
    fn what_travels_on_the_stack_is_not_jumped_with() {
        use ValType::{F32, F64, I32, I64};
        assert!(exit(&[I32, I64, I32, I64, I32, F64, F32, F64, F32, F64, F32, F64, F32], &[F64]).is_some());
        assert!(exit(&[I32; 6], &[]).is_none());
        assert!(exit(&[F32; 9], &[]).is_none());
        assert!(exit(&[], &[I32, I32]).is_none());
    }
}
