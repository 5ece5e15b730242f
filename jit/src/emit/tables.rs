//! Tables by code address: traps, places in the WebAssembly file, handlers.
//!
//! Called by the image emitter for each piece of code in the order of the text, so that every table is sorted.

use super::code::Code;
use super::link::Placed;
use crate::error::CompileError;
use tancho_abi::module::{AddressRecord, HandlerRecord, Module, TrapRecord};

/// Adds the instructions of `code` that may trap.
pub(crate) fn traps(module: &mut Module, code: &Code, placed: Placed) {
    let records = code.traps.iter().map(|record| TrapRecord { code: placed.start + record.code, ..*record });
    module.traps.extend(records);
}

/// Adds the places in the WebAssembly file that `code` comes from.
pub(crate) fn addresses(module: &mut Module, code: &Code, placed: Placed) {
    for record in &code.addresses {
        if module.addresses.last().is_none_or(|last| last.wasm != record.wasm) {
            module.addresses.push(AddressRecord { code: placed.start + record.code, ..*record });
        }
    }
}

/// Adds the landing pad of an entry trampoline.
pub(crate) fn handler(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    let (landing, frame_offset) =
        code.landing.ok_or_else(|| CompileError::internal("an entry trampoline has no landing pad"))?;
    module.handlers.push(HandlerRecord { entry: placed.start, landing: placed.start + landing, frame_offset });
    Ok(())
}
