//! A table: entries that compiled code reads in place, and their growth.
//!
//! Called by `store`, `instantiate` and the builtins. Its head, which compiled code reads, is always true. Entries of a
//! table of functions are whole [`VmFunctionEntry`]s, so that `call_indirect` needs one load chain less.

use crate::vmctx::Head;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;
use std::ptr::NonNull;
use tancho_abi::module::MAX_TABLE_ENTRIES;
use tancho_abi::types::RefType;
use tancho_abi::vmctx::{VmFuncRef, VmFunctionEntry, VmTable};

/// A table type (§2.3.16).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableType {
    /// Type of the entries. A concrete heap type holds the canonical id of the type.
    pub element: RefType,
    /// Entries at the start.
    pub minimum: u64,
    /// Most entries.
    pub maximum: Option<u64>,
    /// Indexed by `i64`.
    pub index64: bool,
}

/// A reference as a table holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableValue {
    /// A reference to a function, or null.
    Function(*mut VmFuncRef),
    /// A reference of 32 bits, as the collector has them: 0 is null.
    Reference(u32),
}

impl TableValue {
    fn is_null(self) -> bool {
        match self {
            TableValue::Function(function) => function.is_null(),
            TableValue::Reference(reference) => reference == 0,
        }
    }
}

/// Why a table could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TableError {
    /// It has more than [`MAX_TABLE_ENTRIES`] at the start.
    TooLarge {
        /// Its entries at the start.
        entries: u64,
    },
    /// There is not so much memory.
    OutOfMemory,
    /// The initial value is not of the type of the entries.
    Type,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::TooLarge { entries } => {
                write!(f, "a table of {entries} entries exceeds the limit of {MAX_TABLE_ENTRIES}")
            }
            TableError::OutOfMemory => f.write_str("no memory for a table"),
            TableError::Type => f.write_str("a table's initial value is not of the type of its entries"),
        }
    }
}

impl std::error::Error for TableError {}

/// A reach beyond a table's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfBounds;

/// Storage for entries: zeroed at first, aligned to 32 bytes.
struct Entries {
    /// What the allocator gave.
    allocation: NonNull<u8>,
    layout: Layout,
    /// The first entry, aligned.
    start: NonNull<u8>,
    /// For how many.
    capacity: usize,
}

impl Entries {
    const ALIGN: usize = align_of::<VmFunctionEntry>();

    fn new(capacity: usize, entry_size: usize) -> Option<Entries> {
        // An allocator gives large zeroed blocks of usual alignment without touching them; for a larger alignment it would
        // have to write them. So the rest of the alignment is made here. There is always room for one entry, because code
        // may read the first one under speculation.
        let size = capacity.max(1).checked_mul(entry_size)?.checked_add(Self::ALIGN)?;
        let layout = Layout::from_size_align(size, 16).ok()?;
        // SAFETY: the size is not 0.
        let allocation = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let skipped = allocation.addr().get().next_multiple_of(Self::ALIGN) - allocation.addr().get();
        // SAFETY: less than ALIGN bytes, which were asked for on top of the entries.
        let start = unsafe { allocation.add(skipped) };
        Some(Entries { allocation, layout, start, capacity })
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, freed once.
        unsafe { dealloc(self.allocation.as_ptr(), self.layout) };
    }
}

/// A table.
pub struct Table {
    ty: TableType,
    entries: Entries,
    head: Head<VmTable>,
}

impl Table {
    /// Makes a table of its type's minimal size, every entry `init`. `head` is written at once and at each change.
    pub(crate) fn new(
        ty: TableType,
        init: TableValue,
        head: impl FnOnce(VmTable) -> Head<VmTable>,
    ) -> Result<Table, TableError> {
        if ty.minimum > MAX_TABLE_ENTRIES {
            return Err(TableError::TooLarge { entries: ty.minimum });
        }
        if ty.element.is_function() != matches!(init, TableValue::Function(_)) {
            return Err(TableError::Type);
        }
        let length = ty.minimum as usize;
        let entries = Entries::new(length, entry_size(&ty)).ok_or(TableError::OutOfMemory)?;
        let head = head(VmTable { base: entries.start.as_ptr(), length, written: 0 });
        let mut table = Table { ty, entries, head };
        if !init.is_null() {
            table.fill(0, init, ty.minimum).map_err(|OutOfBounds| TableError::Type)?;
        }
        Ok(table)
    }

    /// A null of the kind that a table of this type holds.
    pub(crate) fn null(element: RefType) -> TableValue {
        if element.is_function() { TableValue::Function(std::ptr::null_mut()) } else { TableValue::Reference(0) }
    }

    /// Its type.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// Its present number of entries.
    pub fn size(&self) -> u64 {
        self.length() as u64
    }

    fn length(&self) -> usize {
        // SAFETY: the head lives as long as the table, and nobody writes it now: the store is borrowed.
        unsafe { (*self.head.as_ptr()).length }
    }

    /// The head that compiled code reads.
    pub(crate) fn head(&self) -> *mut VmTable {
        self.head.as_ptr()
    }

    /// Entry `index`; `None` when there is none.
    pub fn get(&self, index: u64) -> Option<TableValue> {
        let position = usize::try_from(index).ok().filter(|position| *position < self.length())?;
        // SAFETY: `position` is below the length, and the storage holds entries of the kind of the element type.
        Some(unsafe {
            if self.ty.element.is_function() {
                TableValue::Function((*self.functions().add(position)).funcref)
            } else {
                TableValue::Reference(self.places().add(position).read())
            }
        })
    }

    /// Sets entry `index`.
    ///
    /// # Errors
    ///
    /// When there is no such entry, or the value is of another kind than the entries.
    pub fn set(&mut self, index: u64, value: TableValue) -> Result<(), OutOfBounds> {
        self.fill(index, value, 1)
    }

    /// Sets `length` entries from `start` on (§4.7.12).
    ///
    /// # Errors
    ///
    /// When not all of them exist, and then none is set; or when the value is of another kind than the entries.
    pub fn fill(&mut self, start: u64, value: TableValue, length: u64) -> Result<(), OutOfBounds> {
        let (start, length) = within(start, length, self.length())?;
        match (self.ty.element.is_function(), value) {
            (true, TableValue::Function(function)) => {
                let entry = entry_of(function);
                for position in start..start + length {
                    // SAFETY: within the length; the storage is this table's alone.
                    unsafe { self.functions().add(position).write(entry) };
                }
            }
            (false, TableValue::Reference(reference)) => {
                for position in start..start + length {
                    // SAFETY: as above.
                    unsafe { self.places().add(position).write(reference) };
                }
                self.note_written();
            }
            _ => return Err(OutOfBounds),
        }
        Ok(())
    }

    /// Sets entries from `start` on to these functions.
    ///
    /// # Errors
    ///
    /// When not all of them exist, and then those that do are set; or when the entries are no functions.
    pub(crate) fn put_functions(
        &mut self,
        start: usize,
        functions: impl Iterator<Item = *mut VmFuncRef>,
    ) -> Result<(), OutOfBounds> {
        let room = if self.ty.element.is_function() { self.length().saturating_sub(start) } else { 0 };
        for (position, function) in functions.enumerate() {
            if position >= room {
                return Err(OutOfBounds);
            }
            // SAFETY: below the length; the storage is this table's alone.
            unsafe { self.functions().add(start + position).write(entry_of(function)) };
        }
        Ok(())
    }

    /// Grows it by `delta` entries, each `init` (§4.7.11), and says how many it had; `None`, and no change, when it may not
    /// be so large, the system refuses, or the value is of another kind than the entries.
    pub fn grow(&mut self, delta: u64, init: TableValue) -> Option<u64> {
        let old = self.size();
        let limit = self.ty.maximum.unwrap_or(MAX_TABLE_ENTRIES).min(MAX_TABLE_ENTRIES);
        let new = old.checked_add(delta).filter(|new| *new <= limit)?;
        if self.ty.element.is_function() != matches!(init, TableValue::Function(_)) {
            return None;
        }
        self.reserve(new as usize, limit as usize)?;
        let head = self.head.as_ptr();
        // SAFETY: as in `length`, and the borrow is exclusive. The entries beyond the old length are zero: null.
        unsafe { (*head).length = new as usize };
        if !init.is_null() && self.fill(old, init, delta).is_err() {
            // SAFETY: as above.
            unsafe { (*head).length = old as usize };
            return None;
        }
        Some(old)
    }

    /// Makes room for `length` entries, at once for more where it may grow on.
    fn reserve(&mut self, length: usize, limit: usize) -> Option<()> {
        if length <= self.entries.capacity {
            return Some(());
        }
        let size = entry_size(&self.ty);
        let generous = self.entries.capacity.saturating_mul(2).clamp(length, limit);
        let entries = Entries::new(generous, size).or_else(|| Entries::new(length, size))?;
        // SAFETY: both hold at least the present length, and they are different allocations. The head is as in `length`.
        unsafe {
            entries.start.copy_from_nonoverlapping(self.entries.start, self.length() * size);
            (*self.head.as_ptr()).base = entries.start.as_ptr();
        }
        self.entries = entries;
        Some(())
    }

    /// Copies `length` entries of `source` from `from` on to `to` in `target`, which may be the same table (§4.7.13).
    ///
    /// # Safety
    ///
    /// Both tables are alive, not borrowed otherwise, and hold the same kind of entries.
    pub(crate) unsafe fn copy(
        target: *mut Table,
        to: u64,
        source: *const Table,
        from: u64,
        length: u64,
    ) -> Result<(), OutOfBounds> {
        // SAFETY: the caller says so; the references end before anything is written.
        let (to_base, to, from_base, from, length, size) = unsafe {
            let (target, source) = (&*target, &*source);
            let (from, _) = within(from, length, source.length())?;
            let (to, length) = within(to, length, target.length())?;
            (target.entries.start, to, source.entries.start, from, length, entry_size(&target.ty))
        };
        // SAFETY: both ranges lie in their tables; `copy` allows them to overlap.
        unsafe {
            from_base.add(from * size).copy_to(to_base.add(to * size), length * size);
            (*target).note_written();
        }
        Ok(())
    }

    /// Whether its entries can refer to objects.
    pub(crate) fn is_of_objects(&self) -> bool {
        self.ty.element.is_object()
    }

    fn note_written(&mut self) {
        // SAFETY: as in `length`, and the borrow is exclusive.
        unsafe { (*self.head.as_ptr()).written = 1 };
    }

    /// Whether entries have been set since the last collection.
    pub(crate) fn is_written(&self) -> bool {
        // SAFETY: as in `length`.
        unsafe { (*self.head.as_ptr()).written != 0 }
    }

    /// The entries of a table of other references than those to functions; none of another.
    pub(crate) fn references(&self) -> &[u32] {
        let length = if self.ty.element.is_function() { 0 } else { self.length() };
        // SAFETY: as many entries have been written, and nobody writes them now: the store is borrowed.
        unsafe { std::slice::from_raw_parts(self.entries.start.as_ptr().cast(), length) }
    }

    /// [`is_written`](Self::is_written), and takes the note back.
    pub(crate) fn take_written(&mut self) -> bool {
        // SAFETY: as in `note_written`.
        unsafe { std::mem::take(&mut (*self.head.as_ptr()).written) != 0 }
    }

    /// The entries of a table of other references than those to functions; none of another.
    pub(crate) fn references_mut(&mut self) -> &mut [u32] {
        let length = if self.ty.element.is_function() { 0 } else { self.length() };
        // SAFETY: as many entries have been written, and the storage is this table's alone; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.places(), length) }
    }

    fn functions(&self) -> *mut VmFunctionEntry {
        self.entries.start.as_ptr().cast()
    }

    fn places(&self) -> *mut u32 {
        self.entries.start.as_ptr().cast()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("ty", &self.ty).field("length", &self.length()).finish_non_exhaustive()
    }
}

fn entry_size(ty: &TableType) -> usize {
    if ty.element.is_function() { size_of::<VmFunctionEntry>() } else { size_of::<u32>() }
}

/// The range of `length` from `start` on as positions, when it ends at `size` or before.
pub(crate) fn within(start: u64, length: u64, size: usize) -> Result<(usize, usize), OutOfBounds> {
    match start.checked_add(length) {
        // Both are at most `size`, so they are positions.
        Some(end) if end <= size as u64 => Ok((start as usize, length as usize)),
        _ => Err(OutOfBounds),
    }
}

/// What a table of functions stores for a reference.
fn entry_of(function: *mut VmFuncRef) -> VmFunctionEntry {
    // SAFETY: a reference is null or points to a record that lives as long as the store (the crate's contract).
    match unsafe { function.as_ref() } {
        None => VmFunctionEntry::NULL,
        Some(record) => VmFunctionEntry {
            type_id: record.type_id,
            reserved: 0,
            vmctx: record.vmctx,
            internal: record.internal,
            funcref: function,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn extern_table(minimum: u64, maximum: Option<u64>) -> Table {
        let ty = TableType { element: RefType::EXTERNREF, minimum, maximum, index64: false };
        Table::new(ty, TableValue::Reference(0), Head::own).unwrap()
    }

    #[test]
    fn grows_within_its_limits() {
        let mut table = extern_table(3, Some(5));
        assert_eq!(table.get(2), Some(TableValue::Reference(0)));
        assert_eq!(table.get(3), None);
        assert_eq!(table.grow(1, TableValue::Reference(7)), Some(3));
        assert_eq!(table.grow(2, TableValue::Reference(7)), None);
        assert_eq!(table.grow(u64::MAX, TableValue::Reference(7)), None);
        assert_eq!(table.grow(1, TableValue::Function(std::ptr::null_mut())), None);
        assert_eq!(table.get(3), Some(TableValue::Reference(7)));
        assert_eq!(table.set(4, TableValue::Reference(1)), Err(OutOfBounds));
        assert_eq!(table.grow(0, TableValue::Reference(1)), Some(4));
    }

    #[test]
    fn grows_one_by_one_and_keeps_what_it_has() {
        let mut table = extern_table(0, None);
        for size in 0..5000_u64 {
            assert_eq!(table.grow(1, TableValue::Reference(size as u32 + 1)), Some(size));
        }
        assert!((0..5000_u64).all(|index| table.get(index) == Some(TableValue::Reference(index as u32 + 1))));
        // SAFETY: the head is the table's.
        let head = unsafe { &*table.head() };
        assert_eq!(head.length, 5000);
        assert!(head.base.addr().is_multiple_of(32));
    }

    #[test]
    fn is_bounded_and_its_zero_pages_are_free() {
        let minimum = MAX_TABLE_ENTRIES + 1;
        let ty = TableType { element: RefType::FUNCREF, minimum, maximum: None, index64: false };
        let null = TableValue::Function(std::ptr::null_mut());
        assert!(matches!(Table::new(ty, null, Head::own), Err(TableError::TooLarge { .. })));
        let ty = TableType { minimum: MAX_TABLE_ENTRIES, ..ty };
        let mut table = Table::new(ty, null, Head::own).unwrap();
        assert_eq!(table.get(MAX_TABLE_ENTRIES - 1), Some(null));
        assert_eq!(table.grow(1, null), None);
    }

    #[test]
    fn copies_overlapping_ranges() {
        let mut table = extern_table(8, None);
        for index in 0..8 {
            table.set(index, TableValue::Reference(index as u32)).unwrap();
        }
        let pointer = &raw mut table;
        // SAFETY: the table is alive and not borrowed.
        unsafe {
            assert_eq!(Table::copy(pointer, 2, pointer, 0, 6), Ok(()));
            assert_eq!(Table::copy(pointer, 3, pointer, 0, 6), Err(OutOfBounds));
            assert_eq!(Table::copy(pointer, 0, pointer, u64::MAX, 2), Err(OutOfBounds));
            assert_eq!(Table::copy(pointer, 8, pointer, 8, 0), Ok(()));
            assert_eq!(Table::copy(pointer, 9, pointer, 8, 0), Err(OutOfBounds));
        }
        let now: Vec<_> = (0..8).map(|index| table.get(index).unwrap()).collect();
        assert_eq!(now, [0, 1, 0, 1, 2, 3, 4, 5].map(TableValue::Reference));
    }
}
