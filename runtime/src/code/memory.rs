//! Code memory: the private copy of an image from which its code runs, or, where the user asks for it, the image's file.
//!
//! Called by the embedding API to load an image, and by everything in this crate that asks what stands in one. No page of
//! a [`Code`] is ever writable and executable, and none is writable again once its content has been checked.

use super::registry;
use crate::memory::image::Images;
use crate::sys::{cache, feature, map};
use memmap2::{Mmap, MmapMut, MmapOptions};
use region::Protection;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use tancho_abi::catch::{CatchRecord, CatchSiteRecord};
use tancho_abi::image::{Image, ImageError, MAGIC, Origin, Section};
use tancho_abi::module::{ModuleView, NONE};
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::VmLayout;

/// Why an image was not loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be loaded by this engine on this machine, or not by anybody.
    Image(ImageError),
    /// The system refused memory, or to make it executable.
    Io(io::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Image(error) => error.fmt(f),
            LoadError::Io(error) => write!(f, "the system refused memory for code: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<ImageError> for LoadError {
    fn from(error: ImageError) -> Self {
        LoadError::Image(error)
    }
}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        LoadError::Io(error)
    }
}

/// A loaded image: its mapping (data pages read-only, code pages readable and executable), known to the signal handler by
/// the addresses of its code.
pub struct Code {
    mapping: Mmap,
    /// Points into `mapping`, and is handed out with the lifetime of a borrow of `self` only.
    view: ModuleView<'static>,
    layout: VmLayout,
    text: Range<usize>,
    images: Images,
    /// What the file is called whose pages the code is, where it was not copied.
    file: Option<Box<[u8]>>,
}

impl Code {
    /// Copies `bytes` into a fresh mapping, checks the copy, then makes its code executable, then makes it known to the
    /// signal handler.
    ///
    /// # Errors
    ///
    /// When the copy is not a sound image for this engine with these tunables on this machine, or the system refuses
    /// memory.
    pub fn load(bytes: &[u8], tunables: &Tunables, origin: Origin<'_>) -> Result<Arc<Code>, LoadError> {
        let copy = |there: &mut [u8]| {
            there.copy_from_slice(bytes);
            Ok(())
        };
        Code::load_filled(bytes.len(), copy, tunables, origin)
    }

    /// The same of `length` bytes that `fill` writes in place: from a file, say, of which nobody else needs a copy.
    ///
    /// # Errors
    ///
    /// As [`Code::load`], and that of `fill`.
    pub fn load_filled<E: From<LoadError>>(
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
        tunables: &Tunables,
        origin: Origin<'_>,
    ) -> Result<Arc<Code>, E> {
        // Mappings cannot be empty.
        if length < MAGIC.len() {
            return Err(LoadError::from(ImageError::NotAnImage).into());
        }
        // All of it is written at once: so the system need not be asked for it page by page.
        let mut copy = MmapOptions::new().len(length).populate().map_anon().map_err(LoadError::from)?;
        fill(&mut copy)?;
        if !Image::is_image(&copy) {
            return Err(LoadError::from(ImageError::NotAnImage).into());
        }
        Ok(Code::of(copy, tunables, origin, None)?)
    }

    /// The same of an image in a file, whose code is not copied but mapped, and is not read before it runs: so what is in it is not
    /// checked but for all that the engine itself reads, which is copied. `name` is what the file is called in a message.
    ///
    /// # Safety
    ///
    /// The file must hold an image that an engine has made, intact. Nobody may write to it while the code is there. Where somebody makes
    /// it shorter, the process ends with a message when it needs what is gone; for that the
    /// [signal handlers](crate::trap::install) must have been installed.
    ///
    /// # Errors
    ///
    /// When it is no sound image for this engine with these tunables on this machine, as far as that is checked; when it cannot be
    /// read, or the system refuses memory, or to make the file's pages executable.
    pub unsafe fn map(file: &File, name: &Path, tunables: &Tunables) -> Result<Arc<Code>, LoadError> {
        let length =
            usize::try_from(file.metadata()?.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if length < Image::HEAD {
            let mut start = vec![0; length];
            file.read_exact_at(&mut start, 0)?;
            let short = ImageError::Length { expected: Image::HEAD as u64, found: length as u64 };
            return Err(if Image::is_image(&start) { short } else { ImageError::NotAnImage }.into());
        }
        let mut copy = MmapMut::map_anon(length)?;
        file.read_exact_at(&mut copy[..Image::HEAD], 0)?;
        let table = Image::table_end(&copy)?;
        file.read_exact_at(&mut copy[Image::HEAD..table], Image::HEAD as u64)?;
        let code = Image::reopen(&copy)?.section(Section::Code)?;
        // The last page is copied where it is not full: what stands behind the code is none.
        let end = code.start + (code.end - code.start) / map::page_size() * map::page_size();
        if !code.start.is_multiple_of(map::page_size()) {
            return Err(ImageError::Section { kind: Section::Code as u32 }.into());
        }
        file.read_exact_at(&mut copy[table..code.start.max(table)], table as u64)?;
        file.read_exact_at(&mut copy[end..], end as u64)?;
        map::put_file(&mut copy[code.start..end], file, code.start as u64)?;
        Code::of(copy, tunables, Origin::Vouched, Some(name.as_os_str().as_bytes().into()))
    }

    /// Checks what `copy` holds, makes its code executable, and makes it known.
    fn of(
        copy: MmapMut,
        tunables: &Tunables,
        origin: Origin<'_>,
        file: Option<Box<[u8]>>,
    ) -> Result<Arc<Code>, LoadError> {
        // What is checked from here on can no longer change.
        let mapping = copy.make_read_only()?;
        // SAFETY: the mapping is never written again and lives in the `Code` beside the view that borrows from it; moving
        // an `Mmap` does not move its bytes. `Code` lets no reference out that could outlive it.
        let content: &'static [u8] = unsafe { std::slice::from_raw_parts(mapping.as_ptr(), mapping.len()) };
        let image = Image::check(content, tunables, origin, feature::has_feature)?;
        let view = ModuleView::of_image(&image)?;
        let layout = layout(&view)?;
        let section = image.section(Section::Code)?;
        let images = Images::new(image.section(Section::MemoryImages)?, view.memory_image_records.len());
        let base = content.as_ptr().addr();
        let text = base + section.start..base + section.end;
        check_catches(&view, text.len())?;
        check_safepoints(&view, text.len())?;
        if !text.is_empty() {
            make_executable(&content[section], content.len() - (text.start - base))?;
            cache::publish(text.clone())?;
        }
        let code = Arc::new(Code { mapping, view, layout, text, images, file });
        if !code.text.is_empty() {
            registry::register(code.text.clone(), Arc::as_ptr(&code).cast());
        }
        Ok(code)
    }

    /// The module description, in place.
    pub fn view(&self) -> ModuleView<'_> {
        self.view
    }

    /// The whole image.
    pub fn bytes(&self) -> &[u8] {
        &self.mapping
    }

    /// Where everything stands in the context of an instance.
    pub fn layout(&self) -> &VmLayout {
        &self.layout
    }

    /// The addresses of the machine code.
    pub fn text(&self) -> Range<usize> {
        self.text.clone()
    }

    /// The address of an offset from the start of the text. `None` for [`NONE`] and for offsets outside of the text.
    pub fn address(&self, text_offset: u32) -> Option<*const u8> {
        let address = self.text.start + text_offset as usize;
        let offset = address - self.mapping.as_ptr().addr();
        (text_offset != NONE && address < self.text.end).then(|| self.mapping.as_ptr().wrapping_add(offset))
    }

    pub(crate) fn images(&self) -> &Images {
        &self.images
    }

    /// What the file is called whose pages the code is; `None` where it was copied. Async-signal-safe.
    pub(crate) fn file(&self) -> Option<&[u8]> {
        self.file.as_deref()
    }

    /// The code that holds `pc`. Async-signal-safe.
    ///
    /// The pointer is good while somebody keeps the code, which is certain where `pc` is a place at which a live frame
    /// of some thread stands.
    pub(crate) fn find(pc: usize) -> Option<NonNull<Code>> {
        NonNull::new(registry::find(pc)?.cast_mut().cast())
    }

    /// [`Code::find`], owned.
    ///
    /// # Safety
    ///
    /// A live frame of this thread must stand at `pc`, or somebody else must be known to keep the code that holds it.
    pub(crate) unsafe fn find_owned(pc: usize) -> Option<Arc<Code>> {
        let code = Self::find(pc)?.as_ptr().cast_const();
        // SAFETY: `load` registered the pointer of an `Arc`, and the caller knows that it is alive.
        unsafe {
            Arc::increment_strong_count(code);
            Some(Arc::from_raw(code))
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            registry::unregister(self.text.start);
        }
    }
}

/// Makes the pages of `code` executable; `room` bytes from its start belong to the mapping.
fn make_executable(code: &[u8], room: usize) -> Result<(), LoadError> {
    let page = map::page_size();
    let length = code.len().next_multiple_of(page);
    // Other sections must not share a page with code, so that no page is executable that holds data.
    if !code.as_ptr().addr().is_multiple_of(page) || length > room.next_multiple_of(page) {
        return Err(ImageError::Section { kind: Section::Code as u32 }.into());
    }
    // SAFETY: the pages belong to a mapping that its maker owns; making them executable invalidates no reference to them.
    unsafe { region::protect(code.as_ptr(), length, Protection::READ_EXECUTE) }
        .map_err(|error| LoadError::Io(error.into_io_error()))
}

/// Checks what a throw follows without looking: the addresses of calls are sorted and in the text, of which there are `length` bytes,
/// every call has its handlers, and these have their landing pads in the text, and tags that there are.
fn check_catches(view: &ModuleView<'_>, length: usize) -> Result<(), ImageError> {
    let error = |section: Section| ImageError::Section { kind: section as u32 };
    let inside = |code: u32| (code as usize) < length;
    let addresses = view.catch_addresses;
    if !addresses.is_sorted_by(|one, next| one < next) || !addresses.last().is_none_or(|last| inside(*last)) {
        return Err(error(Section::CatchAddresses));
    }
    let tags = view.tags.len();
    let sound = |catch: &CatchRecord| {
        inside(catch.landing) && (catch.tag == NONE || (catch.tag as usize) < tags) && catch.reference <= 1
    };
    if !view.catches.iter().all(sound) {
        return Err(error(Section::Catches));
    }
    let sound = |site: &CatchSiteRecord| {
        let catches = site.catches.of(view.catches);
        let by_tag = |catches: &[CatchRecord]| catches.iter().any(|catch| catch.tag != NONE);
        let context = site.context.checked_add(8).is_some_and(|end| end <= site.frame_offset);
        catches.is_some_and(|catches| !catches.is_empty() && (context || !by_tag(catches)))
    };
    if view.catch_sites.len() != addresses.len() || !view.catch_sites.iter().all(sound) {
        return Err(error(Section::CatchSites));
    }
    Ok(())
}

/// Checks what the collector follows without looking: the addresses of calls are sorted and in the text, of which there are `length`
/// bytes, every call has its references, and these stand in frames.
fn check_safepoints(view: &ModuleView<'_>, length: usize) -> Result<(), ImageError> {
    /// No frame is larger.
    const FRAME: u32 = 1 << 30;
    let error = |section: Section| ImageError::Section { kind: section as u32 };
    let addresses = view.safepoint_addresses;
    let inside = addresses.last().is_none_or(|last| *last as usize <= length);
    if !inside || !addresses.is_sorted_by(|one, next| one < next) {
        return Err(error(Section::SafepointAddresses));
    }
    let ranges = view.safepoints.iter().all(|range| range.of(view.references).is_some());
    if view.safepoints.len() != addresses.len() || !ranges {
        return Err(error(Section::Safepoints));
    }
    let in_frame = |distance: &u32| (4..=FRAME).contains(distance) && distance.is_multiple_of(4);
    if !view.references.iter().all(in_frame) {
        return Err(error(Section::References));
    }
    Ok(())
}

/// The layout of the module's context, after a check that its counts are those of the description.
fn layout(view: &ModuleView<'_>) -> Result<VmLayout, ImageError> {
    let error = ImageError::Section { kind: Section::Summary as u32 };
    let [summary] = view.summary else { return Err(error) };
    let counts = summary.counts;
    let agree = [
        (counts.imported_tables, counts.tables, view.tables.len()),
        (counts.imported_memories, counts.memories, view.memories.len()),
        (counts.imported_globals, counts.globals, view.globals.len()),
        (counts.imported_tags, counts.tags, view.tags.len()),
    ]
    .into_iter()
    .all(|(imported, all, records)| imported <= all && all as usize == records)
        && counts.imported_functions as usize <= view.functions.len()
        && counts.escaped as usize <= view.functions.len()
        && view.trampolines.len() == view.types.len()
        && view.types.iter().filter(|ty| ty.object != NONE).count() == counts.object_types as usize
        && view.types.iter().all(|ty| ty.object == NONE || ty.object < counts.object_types);
    if !agree {
        return Err(error);
    }
    VmLayout::new(counts).ok_or(error)
}
