//! Tables by code address: traps, places in the WebAssembly file, handlers, what is caught, what refers to objects.
//!
//! Called by the image emitter for each piece of code in the order of the text, so that every table is sorted.

use super::code::Code;
use super::link::Placed;
use crate::decode;
use crate::error::CompileError;
use std::collections::HashMap;
use tancho_abi::catch::{CatchRecord, CatchSiteRecord};
use tancho_abi::module::{
    AddressRecord, HandlerRecord, InlineSiteRecord, InlinedRecord, Module, NONE, Range, TrapRecord,
};

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

/// Adds where in `code` that of inlined functions stands.
pub(crate) fn inlined(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    let first = u32::try_from(module.inline_sites.len() + code.inline_sites.len());
    let first =
        first.map_err(|_| CompileError::limit("more than 4 Gi calls are inlined"))? - code.inline_sites.len() as u32;
    let moved = |site: u32| if site == NONE { NONE } else { first + site };
    let records = code.inlined.iter();
    module.inlined.extend(records.map(|at| InlinedRecord { code: placed.start + at.code, site: moved(at.site) }));
    let sites = code.inline_sites.iter();
    module.inline_sites.extend(sites.map(|site| InlineSiteRecord { parent: moved(site.parent), ..*site }));
    Ok(())
}

/// Adds the calls of `code` that exceptions can end in, and their handlers. Calls next to one another often have the same.
pub(crate) fn catches(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    let mut known: HashMap<&[CatchRecord], Range> = HashMap::new();
    for site in &code.catch_sites {
        let catches = match known.get(&*site.catches) {
            Some(range) => *range,
            None => {
                let start = module.catches.len();
                let place = |catch: &CatchRecord| CatchRecord { landing: placed.start + catch.landing, ..*catch };
                module.catches.extend(site.catches.iter().map(place));
                let range = decode::module::range(start, module.catches.len())?;
                known.insert(&site.catches, range);
                range
            }
        };
        module.catch_addresses.push(placed.start + site.code);
        let (frame_offset, context) = (site.frame_offset, site.context);
        module.catch_sites.push(CatchSiteRecord { frame_offset, context, catches });
    }
    Ok(())
}

/// Adds the calls of `code` that references are alive across. Calls next to one another often have the same.
pub(crate) fn safepoints(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    let mut known: HashMap<&[u32], Range> = HashMap::new();
    for safepoint in &code.safepoints {
        let references = match known.get(&*safepoint.references) {
            Some(range) => *range,
            None => {
                let start = module.references.len();
                module.references.extend_from_slice(&safepoint.references);
                let range = decode::module::range(start, module.references.len())?;
                known.insert(&safepoint.references, range);
                range
            }
        };
        module.safepoint_addresses.push(placed.start + safepoint.code);
        module.safepoints.push(references);
    }
    Ok(())
}

/// Adds the landing pad of an entry trampoline.
pub(crate) fn handler(module: &mut Module, code: &Code, placed: Placed) -> Result<(), CompileError> {
    let (landing, frame_offset) =
        code.landing.ok_or_else(|| CompileError::internal("an entry trampoline has no landing pad"))?;
    module.handlers.push(HandlerRecord { entry: placed.start, landing: placed.start + landing, frame_offset });
    Ok(())
}
