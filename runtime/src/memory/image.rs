//! Initial contents of memories: shared by all instances of a module, copied page by page when written to.
//!
//! Called by `instantiate`. A module's image holds the bytes; the first instance that needs them makes one sealed file of
//! each record's, and every instance maps that file privately, or has address space in which it is mapped already (`left`).

use super::left;
use super::linear::MemoryError;
use crate::sys::map::{SealedFile, page_size};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tancho_abi::module::MemoryImageRecord;

/// The sealed files of one loaded image.
pub(crate) struct Images {
    /// The section of the image that holds the contents.
    section: Range<usize>,
    /// By record; `None` inside where contents are copied: when they are few or no whole pages, or the system refused to make a file.
    contents: Box<[OnceLock<Option<Arc<Content>>>]>,
}

/// Contents that are mapped. The module has them, and so has each memory in which they are; address space that is left with them goes with them.
pub(crate) struct Content {
    /// No two have the same, ever.
    number: u64,
    /// Where in the memory they begin.
    offset: usize,
    file: SealedFile,
}

/// How a record's bytes come into a memory.
pub(crate) enum Initial<'a> {
    /// By a mapping, as the memory is made.
    Mapped(&'a Arc<Content>),
    /// By a copy to this offset.
    Copied(usize, &'a [u8]),
}

impl Content {
    fn new(offset: usize, bytes: &[u8]) -> Option<Arc<Content>> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let file = SealedFile::new(bytes).ok()?;
        Some(Arc::new(Content { number: NEXT.fetch_add(1, Ordering::Relaxed), offset, file }))
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn file(&self) -> &SealedFile {
        &self.file
    }

    /// Where in the memory they end.
    pub(super) fn end(&self) -> usize {
        self.offset.saturating_add(self.file.length())
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        left::forget(self.number);
    }
}

impl Images {
    /// For an image with `records` records whose contents stand in `section`.
    pub(crate) fn new(section: Range<usize>, records: usize) -> Images {
        Images { section, contents: (0..records).map(|_| OnceLock::new()).collect() }
    }

    /// How the bytes of record `position` come into their memory. `image` is the whole image. If they are fewer than
    /// `copy_below`, they are copied, since a mapping costs more.
    ///
    /// # Errors
    ///
    /// When the image contradicts itself.
    pub(crate) fn initial<'a>(
        &'a self,
        image: &'a [u8],
        copy_below: u64,
        position: usize,
        record: &MemoryImageRecord,
    ) -> Result<Initial<'a>, MemoryError> {
        let bytes = self.bytes(image, record)?;
        let offset = usize::try_from(record.memory_offset).map_err(|_| OUTSIDE)?;
        let page = page_size();
        let make = || {
            let mappable = record.length >= copy_below
                && !bytes.is_empty()
                && offset.is_multiple_of(page)
                && bytes.len().is_multiple_of(page);
            mappable.then(|| Content::new(offset, bytes))?
        };
        let content = self.contents.get(position).and_then(|content| content.get_or_init(make).as_ref());
        Ok(content.map_or(Initial::Copied(offset, bytes), Initial::Mapped))
    }

    /// The bytes of a record.
    ///
    /// # Errors
    ///
    /// When they lie outside of their section.
    pub(crate) fn bytes<'a>(&self, image: &'a [u8], record: &MemoryImageRecord) -> Result<&'a [u8], MemoryError> {
        let range = || {
            let start = usize::try_from(record.image_offset).ok()?;
            Some(start..start.checked_add(usize::try_from(record.length).ok()?)?)
        };
        image.get(self.section.clone()).and_then(|section| section.get(range()?)).ok_or(OUTSIDE)
    }
}

/// The image contradicts itself.
pub(super) const OUTSIDE: MemoryError =
    MemoryError::Malformed("a memory image lies outside of its section or its memory");
