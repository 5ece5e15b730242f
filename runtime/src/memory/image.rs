//! Initial contents of memories: shared by all instances of a module, copied page by page when written to.
//!
//! Called by `instantiate`. A module's image holds the bytes; the first instance that needs them makes one sealed file of
//! each record's, and every instance maps that file privately.

use super::linear::{Memory, MemoryError};
use crate::sys::map::{SealedFile, page_size};
use std::ops::Range;
use std::sync::OnceLock;
use tancho_abi::module::MemoryImageRecord;

/// The sealed files of one loaded image.
pub(crate) struct Images {
    /// The section of the image that holds the contents.
    section: Range<usize>,
    /// By record; `None` inside where the system refused to make one.
    files: Box<[OnceLock<Option<SealedFile>>]>,
}

impl Images {
    /// For an image with `records` records whose contents stand in `section`.
    pub(crate) fn new(section: Range<usize>, records: usize) -> Images {
        Images { section, files: (0..records).map(|_| OnceLock::new()).collect() }
    }

    /// Puts the contents of record `position` into `memory`. `image` is the whole image. Contents of fewer bytes than
    /// `copy_below` are copied, since a mapping costs more.
    pub(crate) fn apply(
        &self,
        image: &[u8],
        copy_below: u64,
        position: usize,
        record: &MemoryImageRecord,
        memory: &mut Memory,
    ) -> Result<(), MemoryError> {
        const OUTSIDE: MemoryError = MemoryError::Malformed("a memory image lies outside of its section or its memory");
        let range = |start: u64, length: u64| {
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(usize::try_from(length).ok()?)?)
        };
        let contents = image.get(self.section.clone()).ok_or(OUTSIDE)?;
        let contents =
            range(record.image_offset, record.length).and_then(|range| contents.get(range)).ok_or(OUTSIDE)?;
        let target = range(record.memory_offset, record.length).ok_or(OUTSIDE)?;
        if target.end > memory.byte_length() {
            return Err(OUTSIDE);
        }
        let page = page_size();
        let mappable = record.length >= copy_below
            && !contents.is_empty()
            && target.start.is_multiple_of(page)
            && contents.len().is_multiple_of(page);
        if mappable
            && let Some(Some(file)) =
                self.files.get(position).map(|file| file.get_or_init(|| SealedFile::new(contents).ok()))
        {
            return memory.map(target.start, file).map_err(MemoryError::Io);
        }
        memory.as_mut_slice()[target].copy_from_slice(contents);
        Ok(())
    }
}
