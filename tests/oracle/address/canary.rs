//! Canaries: readable and writable pages on both sides of a memory, so that an access that leaves its reservation and guard succeeds
//! and shows, instead of faulting as one that was found to be out of bounds does.
//!
//! Used by `bench`.

use std::ops::Range;
use std::ptr;
use std::sync::{Mutex, PoisonError};

/// How far they reach on each side: as far as an index with 35 bits does, which is what a 32-bit shift folded into a 64-bit address
/// comes to.
const SPAN: usize = 36 << 30;

/// The canaries of one memory. There are none under an emulator that keeps a record of each page (`tests/cross.sh`): there an access that
/// leaves its memory's address space faults outside of it, and the runtime ends the process.
pub struct Canaries {
    sides: Vec<Range<usize>>,
}

/// So often a memory is made that may have a neighbour: the runtime uses address space again that other threads' memories have left.
const ATTEMPTS: usize = 500;

impl Canaries {
    /// Makes something with a memory, and canaries around the addresses that it says the memory has. Other threads take address space
    /// meanwhile, so it may take several attempts.
    pub fn around<T>(mut make: impl FnMut() -> (T, Range<usize>)) -> (T, Canaries) {
        static PLACING: Mutex<()> = Mutex::new(());
        if std::env::var_os("TANCHO_RUNNER").is_some() {
            return (make().0, Canaries { sides: Vec::new() });
        }
        // Nothing is left half done by a panic in here.
        let _placing = PLACING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut crowded = Vec::new();
        // Where a memory had a neighbour all stays taken, so that the next attempt is made elsewhere.
        let mut taken = Vec::new();
        for _ in 0..ATTEMPTS {
            // The memory is placed below this, most likely, and then there is room above it.
            let spacer = map(0, SPAN, libc::PROT_NONE, 0).expect("there is address space");
            let (made, range) = make();
            unmap(spacer..spacer + SPAN);
            if let Some(canaries) = Canaries::beside(&range) {
                taken.into_iter().for_each(unmap);
                return (made, canaries);
            }
            let again = map(spacer, SPAN, libc::PROT_NONE, libc::MAP_FIXED_NOREPLACE);
            taken.extend(again.map(|start| start..start + SPAN));
            crowded.push(made);
        }
        panic!("{ATTEMPTS} memories, and each has a neighbour");
    }

    fn beside(memory: &Range<usize>) -> Option<Canaries> {
        let sides = [memory.start.checked_sub(SPAN)?..memory.start, memory.end..memory.end + SPAN];
        let flags = libc::MAP_FIXED_NOREPLACE;
        let below = map(sides[0].start, SPAN, libc::PROT_READ | libc::PROT_WRITE, flags)?;
        if map(sides[1].start, SPAN, libc::PROT_READ | libc::PROT_WRITE, flags).is_none() {
            unmap(below..below + SPAN);
            return None;
        }
        Some(Canaries { sides: sides.into() })
    }

    /// How many of their pages have been read or written: none has, where no access left its memory.
    pub fn touched(&self) -> usize {
        /// So much at a time.
        const STEP: usize = 1 << 30;
        const PAGES: usize = STEP / 4096;
        static NONE: [u8; PAGES] = [0; PAGES];
        let mut touched = 0;
        let mut present = vec![0; PAGES];
        for start in self.sides.iter().flat_map(|side| side.clone().step_by(STEP)) {
            // SAFETY: the range is part of a mapping of ours; there is a byte for each of its pages.
            let outcome = unsafe { libc::mincore(ptr::without_provenance_mut(start), STEP, present.as_mut_ptr()) };
            assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
            // One comparison of memory: a loop over its bytes takes long where code is instrumented.
            if present != NONE {
                touched += present.iter().filter(|present| **present & 1 != 0).count();
            }
        }
        touched
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        for side in &self.sides {
            unmap(side.clone());
        }
    }
}

/// Maps `length` bytes, at `address` if that is not 0; `None` when something is there.
fn map(address: usize, length: usize, protection: libc::c_int, flags: libc::c_int) -> Option<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | flags;
    // SAFETY: a new mapping, in place of none: the address is a wish, or the mapping fails where there is another.
    let mapped = unsafe { libc::mmap(ptr::without_provenance_mut(address), length, protection, flags, -1, 0) };
    if mapped == libc::MAP_FAILED {
        let error = std::io::Error::last_os_error();
        assert_eq!(error.raw_os_error(), Some(libc::EEXIST), "address space for canaries: {error}");
        return None;
    }
    if address != 0 && mapped.addr() != address {
        // A kernel that does not know the flag took the address for a wish.
        unmap(mapped.addr()..mapped.addr() + length);
        return None;
    }
    Some(mapped.addr())
}

fn unmap(range: Range<usize>) {
    // SAFETY: a mapping that `map` made, to which nobody has a reference.
    let outcome = unsafe { libc::munmap(ptr::without_provenance_mut(range.start), range.len()) };
    assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
}
