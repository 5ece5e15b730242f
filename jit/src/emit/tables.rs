//! Tables by code address: traps, places in the WebAssembly file, handlers.
//!
//! Called by the image emitter for each piece of code in the order of the text, so that every table is sorted.

use super::link::{Code, Placed};
use crate::error::CompileError;
use crate::translate::trap;
use cranelift_codegen::FinalizedMachExceptionHandler;
use tancho_abi::module::{AddressRecord, HandlerRecord, Module, NONE, TrapRecord};

/// Adds the instructions of `code` that may trap.
pub(crate) fn traps(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    for found in code.compiled.buffer.traps() {
        let trap = trap::decode(found.code)
            .ok_or_else(|| CompileError::internal(format!("unknown trap code {}", found.code)))?;
        module.traps.push(TrapRecord { code: placed.start + found.offset, trap: u32::from(trap.code()) });
    }
    Ok(())
}

/// Adds the places in the WebAssembly file that `code` comes from.
pub(crate) fn addresses(module: &mut Module, code: &Code, placed: Placed) {
    let mut end = placed.start;
    for found in code.compiled.buffer.get_srclocs_sorted() {
        let start = placed.start + found.start;
        if start > end {
            address(module, end, NONE);
        }
        // A default location is all ones, as `NONE` is.
        address(module, start, found.loc.bits());
        end = placed.start + found.end;
    }
    if end < placed.end {
        address(module, end, NONE);
    }
}

fn address(module: &mut Module, code: u32, wasm: u32) {
    if module.addresses.last().is_none_or(|last| last.wasm != wasm) {
        module.addresses.push(AddressRecord { code, wasm });
    }
}

/// Adds the landing pad of an entry trampoline.
pub(crate) fn handler(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    for site in code.compiled.buffer.call_sites() {
        if let [FinalizedMachExceptionHandler::Default(landing)] = site.exception_handlers {
            let frame_offset = site
                .frame_offset
                .ok_or_else(|| CompileError::internal("the back end reports no frame offset for a call site"))?;
            module.handlers.push(HandlerRecord { entry: placed.start, landing: placed.start + landing, frame_offset });
            return Ok(());
        }
    }
    Err(CompileError::internal("an entry trampoline has no landing pad"))
}
