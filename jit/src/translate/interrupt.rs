//! Interruption: sites at which the runtime can stop compiled code.
//!
//! A site is a load of bytes below the vmctx whose value nobody uses: one instruction, no branch, no register of its own. While the store may
//! run, the page is readable. To stop the store its pages are made inaccessible: the next site faults, and the signal handler takes the
//! fault for the trap `Interrupt`, or has the host asked and lets the code go on behind the site. Where traps are not left to signals, a site
//! compares a flag of the store, and calls the builtin `interrupt`.
//!
//! Each loop's header is a site, and so is the entry of each function that calls others or is long, and each operator that may take its time:
//! what runs without end passes one again and again. Of the first two, [`strip`](crate::opt::strip) and [`entry`](crate::opt::entry) make fewer.
//! A loop that uses the base of a memory reads a page below that instead ([`settle`]).
//! [`number`] gives each site of a function a place of its own, after all that copies or moves code: Cranelift would make one load of two at
//! the same place, and a loop within a loop could lose its site.

use super::function::FunctionTranslator;
use super::signature::POINTER;
use super::trap;
use crate::error::CompileError;
use core::mem::offset_of;
use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, types};
use cranelift_codegen::loop_analysis::Loop;
use std::collections::{HashMap, HashSet};
use tancho_abi::builtin::Builtin;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{INTERRUPT_SITES, VmContext, VmStore};

/// The loads by which sites at the same place are told apart: an opcode, and the type of its result. None reads more than [`SITE`] bytes: what stands
/// above a site may be a memory without any.
const KINDS: [(Opcode, Type); 16] = [
    (Opcode::Load, types::I32),
    (Opcode::Load, types::I8),
    (Opcode::Load, types::I16),
    (Opcode::Load, types::F32),
    (Opcode::Uload8, types::I16),
    (Opcode::Uload8, types::I32),
    (Opcode::Uload8, types::I64),
    (Opcode::Sload8, types::I16),
    (Opcode::Sload8, types::I32),
    (Opcode::Sload8, types::I64),
    (Opcode::Uload16, types::I32),
    (Opcode::Uload16, types::I64),
    (Opcode::Sload16, types::I32),
    (Opcode::Sload16, types::I64),
    (Opcode::Uload32, types::I64),
    (Opcode::Sload32, types::I64),
];

/// The most sites of a function: more loops than anybody has written.
pub(crate) const MAX_SITES: u32 = INTERRUPT_SITES / SITE * KINDS.len() as u32;

/// A function that calls no other and has no more instructions than this does without the site at its entry: it is over soon.
pub(crate) const SHORT: usize = 1 << 9;

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
            let (stop, go_on) = (self.builder.create_block(), self.builder.create_block());
            self.builder.ins().brif(interrupted, stop, &[], go_on, &[]);
            self.builder.set_cold_block(stop);
            self.builder.switch_to_block(stop);
            self.builder.seal_block(stop);
            // It comes back where the host lets the code go on.
            self.call_builtin(Builtin::interrupt, &[]);
            self.builder.ins().jump(go_on, &[]);
            self.builder.switch_to_block(go_on);
            self.builder.seal_block(go_on);
            return;
        }
        let flags = MemFlagsData::trusted().with_trap_code(Some(trap::code(Trap::Interrupt)));
        self.builder.ins().load(KINDS[0].1, flags, self.vmctx, -(SITE as i32));
        if self.env.tunables.fenced_sites {
            // No code, but nothing that has been loaded before is taken for what is there behind it.
            self.builder.ins().sequence_point();
        }
    }
}

/// Gives each site its place. `long` says whether the function calls others, or has loops without sites: where not, and it has few instructions, the site
/// in its entry block goes.
///
/// # Errors
///
/// When there are more than [`MAX_SITES`].
pub(crate) fn number(func: &mut Function, long: bool) -> Result<(), CompileError> {
    let keep_entry = long || func.dfg.num_insts() > SHORT;
    let entry = func.layout.entry_block();
    let mut next = 0;
    for site in sites(func) {
        if !keep_entry && func.layout.inst_block(site) == entry {
            func.layout.remove_inst(site);
            continue;
        }
        if next == MAX_SITES {
            return Err(CompileError::limit(format!("the function has more than {MAX_SITES} loops")));
        }
        // From the context downwards, for small distances make short instructions. When all places have been used, by another kind of load.
        let place = (next % (INTERRUPT_SITES / SITE) + 1) * SITE;
        let kind = KINDS[(next / (INTERRUPT_SITES / SITE)) as usize];
        next += 1;
        let InstructionData::Load { arg, flags, offset, .. } = &mut func.dfg.insts[site] else { continue };
        *offset = Offset32::new(-(place as i32));
        let (vmctx, flags, offset) = (*arg, *flags, *offset);
        if kind != KINDS[0] {
            let flags = func.dfg.mem_flags[flags];
            // Nobody uses what it loads.
            func.dfg.clear_results(site);
            let mut cursor = FuncCursor::new(func).at_inst(site);
            cursor.use_srcloc(site);
            load(cursor.ins(), kind, flags, vmctx, offset);
            cursor.func.layout.remove_inst(site);
        }
    }
    Ok(())
}

/// Prepares the sites of a function that has been optimised for the allocation of registers. `bases` are the places in the vmctx of the
/// bases of memories that have a page for sites below them.
///
/// A loop that accesses memory has the base in a register, and the vmctx often not: its sites become loads from below the base. All of them
/// load the same place, since no two are made one any more.
///
/// And each site gets something before it in its block that makes no code. For where the first instruction of a block uses a value that is in
/// memory, the register allocator loads it twice: on every way to the block, which makes a loop's way back two jumps, and in the block.
pub(crate) fn settle(context: &mut Context, bases: &[u32]) {
    let sites = sites(&context.func);
    if sites.is_empty() {
        return;
    }
    let nearer = nearer(context, bases, &sites);
    for (site, base) in sites.into_iter().zip(nearer) {
        let func = &mut context.func;
        if let (Some(base), InstructionData::Load { arg, offset, .. }) = (base, &mut func.dfg.insts[site]) {
            (*arg, *offset) = (base, Offset32::new(-(SITE as i32)));
        }
        FuncCursor::new(func).at_inst(site).ins().sequence_point();
    }
}

/// For each site the base that its loop uses, if there is one.
fn nearer(context: &mut Context, bases: &[u32], sites: &[Inst]) -> Vec<Option<Value>> {
    let loaded = loaded(&context.func, bases);
    if loaded.is_empty() {
        return vec![None; sites.len()];
    }
    let Context { func, cfg, domtree, loop_analysis: loops, .. } = context;
    // The optimiser has left out branches since it asked.
    loops.compute(func, cfg, domtree);
    let mut used: HashSet<(Loop, Value)> = HashSet::new();
    for block in func.layout.blocks() {
        let Some(innermost) = loops.innermost_loop(block) else { continue };
        let values = func.layout.block_insts(block).flat_map(|inst| func.dfg.inst_values(inst));
        for value in values.filter(|value| loaded.contains_key(value)) {
            let mut around = Some(innermost);
            while let Some(each) = around.filter(|each| used.insert((*each, value))) {
                around = loops.loop_parent(each);
            }
        }
    }
    let find = |site: &Inst| {
        let around = loops.innermost_loop(func.layout.inst_block(*site)?)?;
        let fits = |(value, inst): &(&Value, &Inst)| {
            used.contains(&(around, **value)) && domtree.dominates(**inst, *site, &func.layout)
        };
        loaded.iter().filter(fits).map(|(value, _)| *value).min()
    };
    sites.iter().map(find).collect()
}

/// The values that are bases, and the instructions that load them.
fn loaded(func: &Function, bases: &[u32]) -> HashMap<Value, Inst> {
    let vmctx = func.layout.entry_block().and_then(|entry| func.dfg.block_params(entry).first());
    let base = |inst: Inst| match func.dfg.insts[inst] {
        InstructionData::Load { opcode: Opcode::Load, arg, flags, offset } => {
            let place = u32::try_from(i32::from(offset)).ok()?;
            let is_base = Some(&arg) == vmctx && bases.contains(&place) && func.dfg.mem_flags[flags].readonly();
            let value = func.dfg.first_result(inst);
            (is_base && func.dfg.value_type(value) == POINTER).then_some((value, inst))
        }
        _ => None,
    };
    func.layout.blocks().flat_map(|block| func.layout.block_insts(block)).filter_map(base).collect()
}

fn load<'f>(
    ins: impl InstBuilder<'f>,
    (opcode, ty): (Opcode, Type),
    flags: MemFlagsData,
    base: Value,
    offset: Offset32,
) {
    match opcode {
        Opcode::Uload8 => ins.uload8(ty, flags, base, offset),
        Opcode::Sload8 => ins.sload8(ty, flags, base, offset),
        Opcode::Uload16 => ins.uload16(ty, flags, base, offset),
        Opcode::Sload16 => ins.sload16(ty, flags, base, offset),
        Opcode::Uload32 => ins.uload32(flags, base, offset),
        Opcode::Sload32 => ins.sload32(flags, base, offset),
        _ => ins.load(ty, flags, base, offset),
    };
}

/// The sites of a function, in the order of its layout.
pub(crate) fn sites(func: &Function) -> Vec<Inst> {
    let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    insts.filter(|inst| is_site(func, *inst)).collect()
}

/// Whether an instruction is a site.
pub(crate) fn is_site(func: &Function, inst: Inst) -> bool {
    let data = &func.dfg.insts[inst];
    data.opcode().can_load() && data.memflags_trap_code(&func.dfg) == Some(trap::code(Trap::Interrupt))
}

/// Takes a site out of its block, with what stands behind it because of it.
pub(crate) fn take(func: &mut Function, site: Inst) -> impl Iterator<Item = Inst> + use<> {
    let fence = func.layout.next_inst(site).filter(|inst| func.dfg.insts[*inst].opcode() == Opcode::SequencePoint);
    for inst in [site].into_iter().chain(fence) {
        func.layout.remove_inst(inst);
    }
    [site].into_iter().chain(fence)
}
