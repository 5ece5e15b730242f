//! Link: places compiled code in the text and resolves its calls to one another.
//!
//! Called by the image emitter.

use super::code::Code;
use super::place::LINE;
use crate::error::CompileError;
use crate::translate::env::CodeName;
use cranelift_codegen::TextSectionBuilder;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::TargetIsa;
use std::collections::HashMap;
use tancho_abi::module::NONE;

/// The most machine code of a module: offsets in tables have 32 bits, `NONE` is no offset, and relative calls reach 2 GiB.
pub(crate) const MAX_CODE: u64 = NONE as u64 / 2 - 1;

/// Where a piece stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// The text while pieces are placed in it.
pub(crate) struct Linker {
    text: Box<dyn TextSectionBuilder>,
    /// The number of each piece that others call, in the order in which they will be placed.
    labels: HashMap<CodeName, usize>,
    plane: ControlPlane,
    end: u64,
}

impl Linker {
    /// A text for `pieces`, which will be placed in this order.
    pub(crate) fn new<'p>(isa: &dyn TargetIsa, pieces: impl ExactSizeIterator<Item = &'p Code>) -> Linker {
        let count = pieces.len();
        let labels = pieces.enumerate().filter_map(|(label, piece)| Some((piece.name?, label))).collect();
        Linker { text: isa.text_section_builder(count), labels, plane: ControlPlane::default(), end: 0 }
    }

    /// Places the next piece.
    pub(crate) fn place(&mut self, piece: &Code) -> Result<Placed, CompileError> {
        if let Some(offset) = piece.line_offset {
            let padding = (offset + LINE - (self.end % u64::from(LINE)) as u32) % LINE;
            self.text.append(false, &vec![0; padding as usize], 1, &mut self.plane);
        }
        let start = self.text.append(true, &piece.bytes, piece.alignment, &mut self.plane);
        self.end = start + piece.bytes.len() as u64;
        if self.end > MAX_CODE {
            return Err(CompileError::limit(format!("the module's machine code exceeds {MAX_CODE} bytes")));
        }
        for call in &piece.calls {
            let refused = |why| CompileError::internal(format!("call of {:?} in generated code: {why}", call.callee));
            let label = self.labels.get(&call.callee).ok_or_else(|| refused("no such code in the image"))?;
            if !self.text.resolve_reloc(start + u64::from(call.offset), call.kind, call.addend, *label) {
                return Err(refused("the back end cannot resolve it"));
            }
        }
        Ok(Placed { start: start as u32, end: self.end as u32 })
    }

    /// The text, when all pieces are placed.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.text.finish(&mut self.plane)
    }
}
