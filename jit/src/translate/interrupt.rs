//! Interruption: sites at which the runtime can stop compiled code.
//!
//! A site is a load of bytes below the vmctx whose value nobody uses: one instruction, no branch, no register of its own. While the store may
//! run, the page is readable. To stop the store its pages are made inaccessible: the next site faults, and the signal handler takes the
//! fault for the trap `Interrupt`. Where traps are not left to signals, a site compares a flag of the store.
//!
//! Each loop's header is a site, and so is the entry of each function that calls others: what runs without end passes one again and again.
//! [`number`] gives each site of a function a place of its own, after all that copies or moves code: Cranelift would make one load of two at
//! the same place, and a loop within a loop could lose its site.

use super::function::FunctionTranslator;
use super::signature::POINTER;
use super::trap;
use core::mem::offset_of;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, MemFlagsData, Opcode, Type, types};
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{INTERRUPT_SITES, VmContext, VmStore};

/// The types by which sites at the same place are told apart.
const TYPES: [Type; 3] = [types::I32, types::I8, types::I16];

/// The bytes of a place.
const SITE: u32 = 4;

impl FunctionTranslator<'_, '_> {
    /// A place at which the store can be stopped.
    pub(crate) fn interrupt_site(&mut self) {
        if !self.env.tunables.interruption {
            return;
        }
        if !self.env.tunables.signals_based_traps {
            let store = self.load_constant(POINTER, offset_of!(VmContext, store) as u32);
            // Another thread writes it: no two of these loads are one.
            let place = self.builder.ins().iadd_imm_u(store, offset_of!(VmStore, interrupted) as i64);
            let interrupted = self.builder.ins().atomic_load(types::I64, MemFlagsData::trusted(), place);
            self.trap_if(interrupted, Trap::Interrupt);
            return;
        }
        let flags = MemFlagsData::trusted().with_trap_code(Some(trap::code(Trap::Interrupt)));
        self.builder.ins().load(TYPES[0], flags, self.vmctx, -(SITE as i32));
    }
}

/// Gives each site its place. `keep_entry` says whether the function calls others: where not, the site in its entry block goes.
pub(crate) fn number(func: &mut Function, keep_entry: bool) {
    let sites = sites(func);
    let entry = func.layout.entry_block();
    let mut next = 0_u32;
    for site in sites {
        if !keep_entry && func.layout.inst_block(site) == entry {
            func.layout.remove_inst(site);
            continue;
        }
        // From the context downwards, for small distances make short instructions. When all places have been used, with the next type.
        let place = (next % (INTERRUPT_SITES / SITE) + 1) * SITE;
        let round = (next / (INTERRUPT_SITES / SITE)) as usize;
        next += 1;
        let InstructionData::Load { offset, .. } = &mut func.dfg.insts[site] else { continue };
        *offset = Offset32::new(-(place as i32));
        let ty = TYPES[round.min(TYPES.len() - 1)];
        let value = func.dfg.first_result(site);
        if func.dfg.value_type(value) != ty {
            retype(func, site, ty, round);
        }
    }
}

/// A load of another type in place of a site. Past the last type, an atomic one, which nothing makes one with another.
fn retype(func: &mut Function, site: Inst, ty: Type, round: usize) {
    let InstructionData::Load { arg, flags, offset, .. } = func.dfg.insts[site] else { return };
    let flags = func.dfg.mem_flags[flags];
    let mut cursor = FuncCursor::new(func).at_inst(site);
    cursor.use_srcloc(site);
    if round < TYPES.len() {
        cursor.ins().load(ty, flags, arg, offset);
    } else {
        let place = cursor.ins().iadd_imm_s(arg, i64::from(i32::from(offset)));
        cursor.ins().atomic_load(ty, flags, place);
    }
    cursor.func.layout.remove_inst(site);
}

/// The sites of a function, in the order of its layout.
fn sites(func: &Function) -> Vec<Inst> {
    let code = trap::code(Trap::Interrupt);
    let is_site = |inst: &Inst| {
        let data = &func.dfg.insts[*inst];
        data.opcode() == Opcode::Load && data.memflags_trap_code(&func.dfg) == Some(code)
    };
    func.layout.blocks().flat_map(|block| func.layout.block_insts(block)).filter(is_site).collect()
}
