//! Objects of the collected heap: how references look, what stands where in an object, and what an object's type is known by.
//!
//! Compiled code makes, reads and writes objects by what stands here; the runtime's collector moves them.
//!
//! # References
//!
//! A reference of the hierarchies `any`, `extern` and `exn` has 32 bits:
//!
//! ```text
//! 0                         null
//! an odd number             an i31: its bits, shifted left by one, plus one
//! an even number            an object: the distance of its first byte from the heap's base, a multiple of 8
//! ```
//!
//! `any.convert_extern` and `extern.convert_any` change nothing: a value of the host is an object like others.
//!
//! # The heap
//!
//! ```text
//!         base   NULL_AREA   nursery: new objects, by a pointer that goes up    old objects
//! cards   0      64 KiB      64 KiB + Tunables::gc_nursery                      up to Tunables::gc_heap_reservation
//! ```
//!
//! The base never changes while the store lives. The null area is never accessible, so that an access through null faults. An object
//! is young exactly when it stands below [`nursery_end`].
//!
//! Before the base stand the cards, a byte for each [`CARD_SIZE`] bytes of the heap: that of the object at `reference` at
//! base - [`CARDS_BEFORE`] + `reference` / `CARD_SIZE`. Who writes a reference into an object sets the card where the object begins to 1 (an
//! object that is new and has been since the last collection needs none), or, into an array, that of the element: a collection of the nursery
//! looks at the objects that begin in cards which are set, and at the elements of arrays that stand there, and at no others.
//!
//! # Objects
//!
//! ```text
//! structure        *VmTypeInfo | fields, each at the next multiple of its size (16 bytes: of 8)
//! array            *VmTypeInfo | length: u32 | elements, from the next multiple of their size on (16 bytes: of 8)
//! exception        *VmTypeInfo | tag: u32 | 0: u32 | ValRaw…
//! value of the host  *VmTypeInfo | number: u32
//! ```
//!
//! A subtype's fields begin with those of its supertype, at the same places. Sizes are multiples of 8.

use crate::tunables::Tunables;
use crate::types::{FieldType, StorageType};
use core::mem::offset_of;

/// From a heap's base on, as many bytes are never accessible: accesses through null at offsets below this fault.
pub const NULL_AREA: u32 = 64 << 10;
/// The alignment of objects.
pub const OBJECT_ALIGN: u32 = 8;
/// The bytes of an object's header, which is a `*const` [`VmTypeInfo`].
pub const HEADER_SIZE: u32 = 8;
/// Where an array's length stands: a `u32`.
pub const ARRAY_LENGTH: u32 = HEADER_SIZE;
/// Where an exception's tag stands, and a host value's number: a `u32`.
pub const PAYLOAD: u32 = HEADER_SIZE;
/// Where an exception's values begin: a [`ValRaw`](crate::vmctx::ValRaw) each.
pub const EXCEPTION_VALUES: u32 = 16;
/// Objects of more bytes than this are not made in the nursery, nor by compiled code. A nursery has room for several.
pub const LARGE_OBJECT: u32 = 8 << 10;
/// The bytes that no object exceeds.
pub const MAX_OBJECT: u64 = 1 << 31;

/// The first place of the heap at which no new objects are made: the objects below are young.
pub const fn nursery_end(tunables: &Tunables) -> u32 {
    NULL_AREA + tunables.gc_nursery
}

/// An `i31` as a reference, of an integer's low 31 bits (§4.4.6, `ref.i31`).
pub const fn i31_reference(value: u32) -> u32 {
    value << 1 | 1
}

/// Whether a reference is an `i31`.
pub const fn is_i31(reference: u32) -> bool {
    reference & 1 != 0
}

/// How many bytes of the heap have a card in common.
pub const CARD_SIZE: u32 = 512;
/// How far before the heap's base the cards begin: as many as 4 GiB have.
pub const CARDS_BEFORE: u32 = ((1_u64 << 32) / CARD_SIZE as u64) as u32;

/// The kind of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum ObjectKind {
    /// A structure.
    Struct = 1,
    /// An array.
    Array = 2,
    /// A value of the host.
    Extern = 3,
    /// An exception.
    Exn = 4,
}

/// How many types of an object's, from the one without a supertype down, stand in [`VmTypeInfo::display`].
pub const DISPLAY: usize = 8;

/// What an object's header points to: its type, as compiled code and the collector know it. Two objects are of the same type exactly if
/// their headers are equal, in one store. Lives as long as the store.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmTypeInfo {
    /// An [`ObjectKind`].
    pub kind: u32,
    /// How many supertypes the type has, by declaration of its own and of theirs.
    pub depth: u32,
    /// Of a structure or an exception, its bytes; of an array, where its elements begin; of a value of the host, its bytes.
    pub size: u32,
    /// Of an array, the bytes of an element; else 0.
    pub element_size: u32,
    /// How many fields can refer to objects; of an array, 1 if its elements can.
    pub reference_count: u32,
    /// The canonical number of the type; of an exception, the number of its tag; of a value of the host, 0.
    pub id: u32,
    /// Where these fields stand in the object: sorted, `reference_count` of them. Null for an array.
    pub references: *const u32,
    /// The type and those that it matches by declaration, from the one without a supertype down to itself, null behind that: so an object
    /// has a type of depth n < [`DISPLAY`] exactly if that is the one at n.
    pub display: [*const VmTypeInfo; DISPLAY],
    /// The same of all depths: `depth + 1` of them.
    pub supertypes: *const *const VmTypeInfo,
}

impl VmTypeInfo {
    /// Where the type of depth `depth` stands in the display; `None` when it is too deep for that.
    pub const fn display_offset(depth: u32) -> Option<usize> {
        if (depth as usize) < DISPLAY {
            Some(offset_of!(VmTypeInfo, display) + depth as usize * size_of::<*const VmTypeInfo>())
        } else {
            None
        }
    }
}

const fn align(offset: u32, size: u32) -> u32 {
    let align = if size > OBJECT_ALIGN { OBJECT_ALIGN } else { size };
    offset.next_multiple_of(align)
}

/// Where the fields of a structure stand, and how large it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StructLayout {
    /// Where each field stands, from the object's first byte.
    pub offsets: Box<[u32]>,
    /// The bytes of the object: a multiple of 8.
    pub size: u32,
}

impl StructLayout {
    /// That of a structure with these fields.
    pub fn new(fields: &[FieldType]) -> StructLayout {
        let mut end = HEADER_SIZE;
        let mut place = |field: &FieldType| {
            let size = field.storage.size();
            let offset = align(end, size);
            end = offset + size;
            offset
        };
        let offsets = fields.iter().map(&mut place).collect();
        StructLayout { offsets, size: end.next_multiple_of(OBJECT_ALIGN) }
    }
}

/// Where an array's elements begin.
pub const fn array_start(element: StorageType) -> u32 {
    align(ARRAY_LENGTH + 4, element.size())
}

/// The bytes of an array of `length` elements of `element_size` bytes that begin at `start`: a multiple of 8.
pub const fn array_size(start: u32, element_size: u32, length: u32) -> u64 {
    // At most 16 + 16 · 2³².
    (start as u64 + element_size as u64 * length as u64).next_multiple_of(OBJECT_ALIGN as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{RefType, ValType};

    fn field(storage: StorageType) -> FieldType {
        FieldType { storage, mutable: true }
    }

    #[test]
    fn fields_are_aligned_and_begin_with_those_of_the_supertype() {
        let types = [
            StorageType::I8,
            StorageType::Val(ValType::I64),
            StorageType::I16,
            StorageType::Val(ValType::Ref(RefType::ANYREF)),
            StorageType::Val(ValType::V128),
            StorageType::Val(ValType::Ref(RefType::FUNCREF)),
            StorageType::I8,
        ];
        let fields: Vec<FieldType> = types.into_iter().map(field).collect();
        let whole = StructLayout::new(&fields);
        assert_eq!(*whole.offsets, [8, 16, 24, 28, 32, 48, 56]);
        assert_eq!(whole.size, 64);
        for count in 0..fields.len() {
            let part = StructLayout::new(&fields[..count]);
            assert_eq!(*part.offsets, whole.offsets[..count]);
            assert!(part.size <= whole.size && part.size.is_multiple_of(8));
        }
    }

    #[test]
    fn arrays_begin_behind_their_length() {
        let starts = [
            (StorageType::I8, 12),
            (StorageType::I16, 12),
            (StorageType::Val(ValType::F32), 12),
            (StorageType::Val(ValType::F64), 16),
            (StorageType::Val(ValType::V128), 16),
        ];
        for (element, start) in starts {
            assert_eq!(array_start(element), start);
        }
        assert_eq!(array_size(12, 1, 5), 24);
        assert_eq!(array_size(16, 16, u32::MAX), 16 + 16 * u64::from(u32::MAX));
    }
}
