//! Link: places compiled code in the text and resolves its calls to one another.
//!
//! Called by the image emitter. Fails on any relocation that is not a relative call to code of this image: nothing is
//! left for a loader to do.

use crate::error::CompileError;
use crate::translate::env::CodeName;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::ExternalName;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CompiledCode, FinalizedRelocTarget, TextSectionBuilder};
use std::collections::HashMap;
use tancho_abi::module::NONE;

/// The most machine code of a module: offsets in tables have 32 bits, `NONE` is no offset, and relative calls reach 2 GiB.
pub(crate) const MAX_CODE: u64 = NONE as u64 / 2 - 1;

/// A piece of compiled code: a function or a trampoline.
pub(crate) struct Code {
    /// What others call it by, if they do.
    pub(crate) name: Option<CodeName>,
    /// What Cranelift made.
    pub(crate) compiled: CompiledCode,
    /// The names that its relocations refer to by number; `None` for a function's name for itself.
    pub(crate) names: Vec<Option<CodeName>>,
}

/// Where a piece stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Places `pieces` in their order; the text and where each stands.
pub(crate) fn link(isa: &dyn TargetIsa, pieces: &[&Code]) -> Result<(Vec<u8>, Vec<Placed>), CompileError> {
    let labels: HashMap<CodeName, usize> =
        pieces.iter().enumerate().filter_map(|(label, piece)| Some((piece.name?, label))).collect();
    let mut plane = ControlPlane::default();
    let mut text = isa.text_section_builder(pieces.len());
    let mut placed = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let align = piece.compiled.buffer.alignment.max(isa.function_alignment().minimum);
        let start = text.append(true, piece.compiled.code_buffer(), align, &mut plane);
        let end = start + piece.compiled.code_buffer().len() as u64;
        if end > MAX_CODE {
            return Err(CompileError::limit(format!("the module's machine code exceeds {MAX_CODE} bytes")));
        }
        placed.push(Placed { start: start as u32, end: end as u32 });
        resolve(piece, start, &labels, &mut *text)?;
    }
    Ok((text.finish(&mut plane), placed))
}

fn resolve(
    piece: &Code,
    start: u64,
    labels: &HashMap<CodeName, usize>,
    text: &mut dyn TextSectionBuilder,
) -> Result<(), CompileError> {
    for reloc in piece.compiled.buffer.relocs() {
        let refused = |why: &str| {
            CompileError::internal(format!(
                "relocation {:?} to {:?} in generated code: {why}",
                reloc.kind, reloc.target
            ))
        };
        if !matches!(reloc.kind, Reloc::X86CallPCRel4 | Reloc::Arm64Call | Reloc::RiscvCallPlt) {
            return Err(refused("only relative calls can be resolved"));
        }
        let FinalizedRelocTarget::ExternalName(ExternalName::User(number)) = &reloc.target else {
            return Err(refused("only code of the image can be called"));
        };
        let name = piece.names.get(number.as_u32() as usize).copied().flatten();
        let label = name.and_then(|name| labels.get(&name)).ok_or_else(|| refused("no such code in the image"))?;
        if !text.resolve_reloc(start + u64::from(reloc.offset), reloc.kind, reloc.addend, *label) {
            return Err(refused("the back end does not know it"));
        }
    }
    Ok(())
}
