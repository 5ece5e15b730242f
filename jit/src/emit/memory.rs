//! Initial memories: lays active data segments out as pages that the runtime maps copy-on-write.
//!
//! Called by the image emitter. A segment becomes part of an image only when instantiation could not tell the difference:
//! its memory is the module's own, its offset constant, its bytes in bounds, and so for every active segment before it; and no
//! element segment is written to an imported table, through which another instance could see what was there when a
//! later one failed.

use crate::decode::constant;
use std::collections::BTreeMap;
use std::ops::Range;
use tancho_abi::index::{MemoryIndex, TableIndex};
use tancho_abi::module::{ElementRecord, MemoryImageRecord, Module, SegmentMode};
use tancho_abi::tunables::GUARDED_PAGE_SIZE_LOG2;

/// How much larger than twice the data in them the images of all memories of a module may be together. A memory whose segments lie
/// further apart keeps them.
const MAX_SPARSE: u64 = 1 << 20;

/// Lays out what can be, marks its segments, and returns the bytes of the section.
pub(crate) fn images(module: &mut Module, page: u64) -> Vec<u8> {
    let mut section = Vec::new();
    let mut sparse = MAX_SPARSE;
    for (memory, segments) in eligible(module) {
        let data: u64 = segments.iter().map(|(_, range)| range.end - range.start).sum();
        let start = segments.iter().map(|(_, range)| range.start).min().unwrap_or(0) / page * page;
        let end = segments.iter().map(|(_, range)| range.end).max().unwrap_or(0).next_multiple_of(page);
        let Some(rest) = sparse.checked_sub((end - start).saturating_sub(2 * data)).filter(|_| data > 0) else {
            continue;
        };
        sparse = rest;
        let image_offset = section.len();
        section.resize(image_offset + (end - start) as usize, 0);
        for (segment, range) in &segments {
            let record = &mut module.data_segments[*segment];
            record.in_image = 1;
            let target = image_offset + (range.start - start) as usize;
            let bytes = record.bytes.of(&module.data).unwrap_or(&[]);
            section[target..target + bytes.len()].copy_from_slice(bytes);
        }
        module.memory_image_records.push(MemoryImageRecord {
            memory,
            reserved: 0,
            memory_offset: start,
            image_offset: image_offset as u64,
            length: end - start,
        });
    }
    if !section.is_empty() {
        module.data = rest(module);
    }
    section
}

/// The bytes of the segments that are still needed as such; those in an image of a memory have none from now on, as if they were
/// dropped, which every active segment is in the end (§4.7.2).
fn rest(module: &mut Module) -> Vec<u8> {
    let mut rest = Vec::new();
    for record in &mut module.data_segments {
        let start = rest.len() as u32;
        if record.in_image == 0 {
            rest.extend_from_slice(record.bytes.of(&module.data).unwrap_or(&[]));
        }
        record.bytes = tancho_abi::module::Range { start, length: rest.len() as u32 - start };
    }
    rest
}

/// The segments that may be part of an image, with the bytes they fill, by memory.
fn eligible(module: &Module) -> BTreeMap<MemoryIndex, Vec<(usize, Range<u64>)>> {
    let mut memories: BTreeMap<MemoryIndex, Vec<(usize, Range<u64>)>> = BTreeMap::new();
    let leaks = |element: &ElementRecord| {
        element.mode == SegmentMode::Active as u32 && module.view().is_imported_table(TableIndex(element.table))
    };
    if module.elements.iter().any(leaks) {
        return memories;
    }
    for (position, segment) in module.data_segments.iter().enumerate() {
        if segment.mode != SegmentMode::Active as u32 {
            continue;
        }
        let memory = MemoryIndex(segment.memory);
        let Some(offset) = constant::address_constant(module, segment.offset) else { break };
        let Some(end) = offset.checked_add(u64::from(segment.bytes.length)) else { break };
        let record = &module.memories[memory.index()];
        let Some(length) = record.minimum.checked_mul(1 << record.page_size_log2) else { break };
        // A memory with smaller pages may end within one of the image's.
        let whole_pages = record.page_size_log2 >= GUARDED_PAGE_SIZE_LOG2;
        if module.view().is_imported_memory(memory) || end > length || !whole_pages {
            break;
        }
        memories.entry(memory).or_default().push((position, offset..end));
    }
    memories
}
