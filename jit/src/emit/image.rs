//! The image emitter: from compiled pieces and a description to the bytes of an image.
//!
//! Called by the pipeline at its end.

use super::code::Code;
use super::link::{Linker, Placed};
use super::{memory, tables};
use crate::error::CompileError;
use crate::target;
use cranelift_codegen::isa::TargetIsa;
use tancho_abi::image::{ImageWriter, Section};
use tancho_abi::module::{Module, NONE, TrampolineRecord};
use tancho_abi::tunables::Tunables;

/// What a piece of code is, for the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Function `index` of the function index space.
    Function(usize),
    /// The rest of function `index`, behind what stands for it.
    Body(usize),
    /// A trampoline of type `index`.
    HostEntry(usize),
    /// A trampoline of type `index`.
    ArrayEntry(usize),
    /// A trampoline of type `index`.
    HostExit(usize),
    /// A trampoline of type `index`.
    ArrayExit(usize),
    /// The trampoline to a builtin.
    Builtin,
}

/// Emits the image of a module: `pieces` are all its code, functions first and in order.
pub(crate) fn emit(
    mut module: Module,
    pieces: Vec<(Role, Code)>,
    isa: &dyn TargetIsa,
    tunables: &Tunables,
) -> Result<Vec<u8>, CompileError> {
    let architecture = target::architecture(isa)?;
    module.trampolines =
        vec![
            TrampolineRecord { host_entry: NONE, array_entry: NONE, host_exit: NONE, array_exit: NONE };
            module.types.len()
        ];
    let mut linker = Linker::new(isa, pieces.iter().map(|(_, code)| code));
    // Each piece is given back as soon as it is placed.
    for (role, code) in pieces {
        let placed = linker.place(&code)?;
        tables::traps(&mut module, &code, placed);
        tables::addresses(&mut module, &code, placed);
        tables::inlined(&mut module, &code, placed)?;
        tables::catches(&mut module, &code, placed)?;
        tables::safepoints(&mut module, &code, placed)?;
        module.summary[0].uses_heap |= u32::from(code.uses_heap);
        if matches!(role, Role::HostEntry(_) | Role::ArrayEntry(_)) {
            tables::handler(&mut module, &code, placed)?;
        }
        place(&mut module, role, placed);
    }
    let text = linker.finish();
    let memory_images = memory::images(&mut module, u64::from(architecture.page_size()));
    for feature in target::cpu_features(isa) {
        module.cpu_features.extend_from_slice(feature.as_bytes());
        module.cpu_features.push(b'\n');
    }
    let mut image = ImageWriter::new();
    module.write(&mut image);
    drop(module);
    image.section_owned(Section::MemoryImages, memory_images);
    image.section_owned(Section::Code, text);
    Ok(image.finish(architecture, tunables))
}

/// Writes down where a piece stands.
fn place(module: &mut Module, role: Role, placed: Placed) {
    match role {
        Role::Function(index) => {
            let function = &mut module.functions[index];
            // One entry serves both ways of calling until internal entries have more hidden parameters.
            (function.external, function.internal, function.end) = (placed.start, placed.start, placed.end);
        }
        Role::Body(index) => module.functions[index].end = placed.end,
        Role::HostEntry(ty) => module.trampolines[ty].host_entry = placed.start,
        Role::ArrayEntry(ty) => module.trampolines[ty].array_entry = placed.start,
        Role::HostExit(ty) => module.trampolines[ty].host_exit = placed.start,
        Role::ArrayExit(ty) => module.trampolines[ty].array_exit = placed.start,
        Role::Builtin => {}
    }
}
