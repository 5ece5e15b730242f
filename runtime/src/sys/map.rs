//! Address space: reservations that start inaccessible, and sealed files that are mapped into them copy-on-write.
//!
//! Called by `memory` and `gc`. A reservation is given back as a whole when it is dropped, whatever was mapped into it.

use region::Protection;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::OnceLock;

/// The size of a page of this machine.
pub(crate) fn page_size() -> usize {
    region::page::size()
}

/// `length`, rounded up to whole pages; `None` when that is not a `usize`.
pub(crate) fn round_up(length: u64) -> Option<usize> {
    usize::try_from(length).ok()?.checked_next_multiple_of(page_size())
}

/// Whether the process may have so many bytes of address space only (`RLIMIT_AS`).
pub(crate) fn is_address_space_limited() -> bool {
    rustix::process::getrlimit(rustix::process::Resource::As).current.is_some()
}

/// Whether the system does what [`Reservation::discard`] says, by trying.
fn discards() -> io::Result<bool> {
    let size = page_size();
    let mut page = Reservation::new(size)?;
    page.commit(0, size)?;
    let place = page.at(0);
    // SAFETY: the page is the reservation's own, and accessible.
    unsafe { place.write_volatile(1) };
    page.advise_away(0, size)?;
    // SAFETY: as above.
    Ok(unsafe { place.read_volatile() } == 0)
}

/// A range of address space of its own, of which nothing is accessible until [`Reservation::commit`].
pub(crate) struct Reservation {
    allocation: region::Allocation,
}

impl Reservation {
    /// Reserves `size` bytes, a multiple of the page size and not 0.
    pub(crate) fn new(size: usize) -> io::Result<Reservation> {
        let allocation = region::alloc(size, Protection::NONE).map_err(region::Error::into_io_error)?;
        Ok(Reservation { allocation })
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> usize {
        self.allocation.len()
    }

    /// Its addresses.
    pub(crate) fn range(&self) -> Range<usize> {
        self.allocation.as_range()
    }

    /// The address at `offset`, which lies in it or is its end.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.allocation.len(), "an offset outside of a reservation");
        self.allocation.as_ptr::<u8>().cast_mut().wrapping_add(offset)
    }

    fn contains(&self, offset: usize, length: usize) -> bool {
        offset.checked_add(length).is_some_and(|end| end <= self.allocation.len())
    }

    /// Makes `length` bytes at `offset` readable and writable; both are multiples of the page size.
    pub(crate) fn commit(&mut self, offset: usize, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        assert!(self.contains(offset, length), "a commitment outside of a reservation");
        // SAFETY: the pages are this reservation's own. What stands in them already (nothing, or an image) stays.
        unsafe { region::protect(self.at(offset), length, Protection::READ_WRITE) }
            .map_err(region::Error::into_io_error)
    }

    /// Makes `length` bytes at `offset`, which were writable, readable only; both are multiples of the page size.
    pub(crate) fn let_read(&mut self, offset: usize, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        assert!(self.contains(offset, length), "pages outside of a reservation");
        // SAFETY: the pages are this reservation's own, and nobody has a reference into them.
        unsafe { region::protect(self.at(offset), length, Protection::READ) }.map_err(region::Error::into_io_error)
    }

    /// Gives the memory behind `length` bytes at `offset` back to the system: when they are read again they are zero, or what the file holds
    /// that is mapped there.
    ///
    /// # Errors
    ///
    /// When the system refuses, or has not done what it said: emulators of a system are known to take the call for a hint.
    pub(crate) fn discard(&mut self, offset: usize, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        assert!(self.contains(offset, length), "a discarded range outside of a reservation");
        static DISCARDS: OnceLock<bool> = OnceLock::new();
        if !*DISCARDS.get_or_init(|| discards().unwrap_or(false)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.advise_away(offset, length)
    }

    fn advise_away(&mut self, offset: usize, length: usize) -> io::Result<()> {
        // SAFETY: the pages are this reservation's own and private, and the caller, who holds it exclusively, asks for it.
        unsafe { rustix::mm::madvise(self.at(offset).cast(), length, rustix::mm::Advice::LinuxDontNeed) }?;
        Ok(())
    }

    /// Asks for no pages that are larger than the least.
    #[cfg(feature = "async")]
    pub(crate) fn avoid_large_pages(&mut self) -> io::Result<()> {
        let length = self.allocation.len();
        // SAFETY: the pages are this reservation's own; what stands in them stays.
        unsafe { rustix::mm::madvise(self.at(0).cast(), length, rustix::mm::Advice::LinuxNoHugepage) }?;
        Ok(())
    }

    /// Makes `length` bytes at `offset` as they were at first: inaccessible, with nothing in them.
    pub(crate) fn reset(&mut self, offset: usize, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        assert!(self.contains(offset, length), "a range to be reset outside of a reservation");
        // SAFETY: the addresses are this reservation's own and the caller, who holds it exclusively, asks for their
        // replacement.
        unsafe {
            rustix::mm::mmap_anonymous(
                self.at(offset).cast(),
                length,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::FIXED,
            )?;
        }
        Ok(())
    }

    /// [`discard`](Self::discard), and makes them inaccessible.
    pub(crate) fn decommit(&mut self, offset: usize, length: usize) -> io::Result<()> {
        self.discard(offset, length)?;
        // SAFETY: as in `commit`.
        unsafe { region::protect(self.at(offset), length, Protection::NONE) }.map_err(region::Error::into_io_error)
    }

    /// Puts the contents of `file` at `offset` in place of what is there, inaccessible until [`Reservation::commit`], changes private to this
    /// mapping. What can be written may be more than the system has, and it would say so when what was there is gone already.
    pub(crate) fn map(&mut self, offset: usize, file: &SealedFile) -> io::Result<()> {
        assert!(self.contains(offset, file.length), "a file outside of a reservation");
        // SAFETY: the addresses are this reservation's own and the caller, who holds it exclusively, asks for their
        // replacement. The file is sealed: nobody can change or shorten it.
        unsafe {
            rustix::mm::mmap(
                self.at(offset).cast(),
                file.length,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::FIXED,
                &file.file,
                0,
            )?;
        }
        Ok(())
    }
}

/// Puts the pages of `file` from `offset` on in place of `pages`, to be read only, changes of the file's included. Both are whole pages.
///
/// # Errors
///
/// When the system refuses.
pub(crate) fn put_file(pages: &mut [u8], file: &File, offset: u64) -> io::Result<()> {
    assert!(
        pages.as_ptr().addr().is_multiple_of(page_size()) && pages.len().is_multiple_of(page_size()),
        "parts of pages"
    );
    if pages.is_empty() {
        return Ok(());
    }
    // SAFETY: the pages are the caller's, who has them exclusively and asks for it; who gets them back gives back the mapping there.
    unsafe {
        rustix::mm::mmap(
            pages.as_mut_ptr().cast(),
            pages.len(),
            ProtFlags::READ,
            MapFlags::PRIVATE | MapFlags::FIXED,
            file,
            offset,
        )?;
    }
    Ok(())
}

/// A page that can be read, and behind it memory that can be written, zeroed: in mappings of their own, so that a change of the page's
/// protection never needs another.
pub(crate) struct PageAndMemory {
    allocation: region::Allocation,
}

// SAFETY: the addresses are its own, on whatever thread.
unsafe impl Send for PageAndMemory {}

impl PageAndMemory {
    /// With `size` bytes behind the page.
    pub(crate) fn new(size: usize) -> io::Result<PageAndMemory> {
        let page = page_size();
        let whole = size.checked_add(page).ok_or(io::ErrorKind::OutOfMemory)?;
        let allocation = region::alloc(whole, Protection::READ_WRITE).map_err(region::Error::into_io_error)?;
        // SAFETY: the page is this allocation's own.
        unsafe { region::protect(allocation.as_ptr::<u8>(), page, Protection::READ) }
            .map_err(region::Error::into_io_error)?;
        Ok(PageAndMemory { allocation })
    }

    /// The address of the page.
    pub(crate) fn page(&self) -> usize {
        self.allocation.as_ptr::<u8>().expose_provenance()
    }

    /// The memory behind it, and how many bytes there are at least.
    pub(crate) fn memory(&self) -> (*mut u8, usize) {
        let page = page_size();
        (self.allocation.as_ptr::<u8>().cast_mut().wrapping_add(page), self.allocation.len() - page)
    }
}

/// Lets a page of a [`PageAndMemory`], or one that [`Reservation::let_read`] was called for, be read, or not. To the system it is a mapping of its own, so that this takes nothing; were it
/// refused all the same, a store could not be stopped, or not go on: the process ends.
pub(crate) fn allow_reading(page: usize, allowed: bool) {
    let protection = if allowed { Protection::READ } else { Protection::NONE };
    let pointer = std::ptr::with_exposed_provenance::<u8>(page);
    // SAFETY: the page is of an allocation of these kinds that is in use; whoever reads it expects either.
    let changed = unsafe { region::protect(pointer, page_size(), protection) };
    if changed.is_err() {
        super::signal::fail(
            "the system refuses to change the protection of a page that it has given.",
            &[("page", page)],
        );
    }
}

/// A file without a name whose content can never change again.
pub(crate) struct SealedFile {
    file: File,
    length: usize,
}

impl SealedFile {
    /// How many bytes it has.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Makes one of `bytes`, whose length is a multiple of the page size and not 0. Fails where the system refuses such
    /// files, or files so large; the caller then copies instead.
    pub(crate) fn new(bytes: &[u8]) -> io::Result<SealedFile> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Writing beyond the limit of files, which holds for those without a name as well, would raise SIGXFSZ.
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < bytes.len() as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // Kernels before 6.3 do not know NOEXEC_SEAL, and some later ones insist on it.
        let descriptor = rustix::fs::memfd_create("tancho memory image", flags | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| rustix::fs::memfd_create("tancho memory image", flags))?;
        let mut file = File::from(descriptor);
        file.write_all(bytes)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL)?;
        Ok(SealedFile { file, length: bytes.len() })
    }
}
