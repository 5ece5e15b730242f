//! The heap of a store: the parts that a collection works on, and what the rest of the runtime asks of it between collections.
//!
//! Part of `state`. It exists from the start; its address space is reserved when the first object is made, or when an instance is that
//! knows its base.

use super::host_value::HostValues;
use super::info::{Infos, TypeInfo};
use super::old::Old;
use super::root::Roots;
use super::space::{BLOCK, Space};
use crate::unwind::Safepoints;
use std::io;
use std::time::Duration;
use tancho_abi::object::{HEADER_SIZE, NULL_AREA, array_size};
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::VmStore;

/// What the collector of a store has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// Collections of the nursery.
    pub minor: u64,
    /// Collections of the whole heap.
    pub major: u64,
    /// Bytes of all objects that have been made.
    pub allocated: u64,
    /// Bytes of objects that have been moved, each time.
    pub copied: u64,
    /// Bytes of the objects that the last collection of the whole heap found to be alive.
    pub live: u64,
    /// Bytes of heap that are in use: blocks of old objects, and the nursery.
    pub used: u64,
    /// The longest pause.
    pub longest_pause: Duration,
    /// All pauses together.
    pub total_pause: Duration,
}

/// See the [module](self).
pub(crate) struct Heap {
    pub(super) old: Old,
    pub(crate) infos: Infos,
    pub(super) roots: Roots,
    pub(super) host_values: HostValues,
    pub(super) safepoints: Safepoints,
    /// Objects below are young.
    pub(super) nursery_end: u32,
    /// Where the objects of the nursery begin.
    pub(super) nursery_start: u32,
    /// The bytes that the heap may use.
    pub(super) limit: u64,
    /// Bytes that have become old since the last collection of the whole heap.
    pub(super) since_major: usize,
    pub(super) stats: HeapStats,
    pub(super) zeal: bool,
    pub(super) verify: bool,
}

impl Heap {
    /// That of a store with these tunables.
    pub(crate) fn new(tunables: &Tunables) -> Heap {
        Heap {
            old: Old::default(),
            infos: Infos::default(),
            roots: Roots::default(),
            host_values: HostValues::default(),
            safepoints: Safepoints::default(),
            // Where that is too much, there will be no heap.
            nursery_end: NULL_AREA.saturating_add(tunables.gc_nursery),
            nursery_start: NULL_AREA,
            limit: tunables.gc_heap_reservation,
            since_major: 0,
            stats: HeapStats::default(),
            zeal: tunables.gc_zeal,
            verify: tunables.gc_zeal,
        }
    }

    /// Reserves the address space, if that has not been done.
    ///
    /// # Errors
    ///
    /// When the system refuses, or the tunables contradict themselves.
    pub(crate) fn make(&mut self, vm: &mut VmStore, tunables: &Tunables) -> io::Result<()> {
        if !self.base().is_null() {
            return Ok(());
        }
        self.old = Old::new(Space::new(tunables)?);
        let reserve = self.reserve(0);
        if let Err(error) = self.old.space.prepare(reserve) {
            self.old = Old::default();
            return Err(error);
        }
        self.reset_nursery(vm, 0);
        Ok(())
    }

    /// The address of the heap's byte 0; null before it is made.
    pub(crate) fn base(&self) -> *mut u8 {
        self.old.space.base()
    }

    /// Whether an access to this address is one through null. Async-signal-safe.
    pub(crate) fn is_null_area(&self, address: usize) -> bool {
        let base = self.base().addr();
        base != 0 && address.wrapping_sub(base) < NULL_AREA as usize
    }

    /// Whether there can be an object at `reference`.
    pub(crate) fn is_accessible(&self, reference: u32) -> bool {
        reference >= NULL_AREA && (reference as usize) < self.old.space.accessible()
    }

    /// Whether a reference is one to an object of the nursery.
    pub(crate) fn is_young(&self, reference: u32) -> bool {
        reference != 0 && reference & 1 == 0 && reference < self.nursery_end
    }

    /// How far the nursery may be filled: not to its end where the limit, or the space for old objects, is too small for that.
    pub(super) fn nursery_room(&self) -> u32 {
        let old = self.old.space.old_bytes() as u64;
        let share = (self.limit.min(old) / 4).min(u64::from(self.nursery_end - NULL_AREA)) as u32;
        NULL_AREA + (share - share % BLOCK as u32).max(BLOCK as u32)
    }

    /// The nursery is empty: where its next objects are made. `size` bytes are asked for.
    pub(super) fn reset_nursery(&mut self, vm: &mut VmStore, size: u32) {
        let end = self.nursery_room();
        let mut start = NULL_AREA;
        if self.zeal {
            // Elsewhere than the last ones, whose remains show who still refers to them.
            let next = vm.heap_next.max(NULL_AREA);
            start = if end.saturating_sub(next) < size.max(BLOCK as u32 / 2) { NULL_AREA } else { next };
        }
        self.nursery_start = start;
        vm.heap_next = start;
        vm.heap_limit = if self.zeal { start + size } else { end };
    }

    /// What an object is known by.
    ///
    /// # Safety
    ///
    /// There is an object at `object`.
    pub(crate) unsafe fn info(&self, object: u32) -> *const TypeInfo {
        // SAFETY: the caller says so, and an object begins with its header.
        unsafe { self.base().add(object as usize).cast::<*const TypeInfo>().read() }
    }

    /// Notes that a reference has been written into the object that begins at `place`, or to the element of an array that stands there.
    #[inline]
    pub(crate) fn set_card(&mut self, place: u32) {
        self.old.space.set_card(place);
    }

    /// Notes that references have been written to `bytes` bytes from `place` on in an array.
    pub(crate) fn set_cards(&mut self, place: usize, bytes: usize) {
        if bytes > 0 {
            self.old.space.set_cards(place, bytes);
        }
    }

    /// The address of a place in the heap.
    pub(crate) fn at(&self, place: u32) -> *mut u8 {
        self.base().wrapping_add(place as usize)
    }
}

/// The length of an array.
///
/// # Safety
///
/// There is an array at `array`.
pub(crate) unsafe fn length_of(array: *const u8) -> u32 {
    // SAFETY: the caller says so.
    unsafe { array.add(HEADER_SIZE as usize).cast::<u32>().read() }
}

/// The bytes of an object.
///
/// # Safety
///
/// There is an object at `object`, with its header.
pub(super) unsafe fn size_of_object(object: *const u8) -> usize {
    // SAFETY: the caller says so.
    unsafe {
        let info = &**object.cast::<*const TypeInfo>();
        if info.is_array() {
            array_size(info.vm.size, info.vm.element_size, length_of(object)) as usize
        } else {
            info.vm.size as usize
        }
    }
}
