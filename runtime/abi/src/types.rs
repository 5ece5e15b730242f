//! Types of the core specification (§2.3) as the compiler, the image and the runtime all know them.
//!
//! [`ValType`] is what code works with; [`ValTypeCode`] is the same in the eight bytes that an image stores.

use crate::index::TypeIndex;
use bytemuck::{Pod, Zeroable};
use std::fmt;

/// What a reference refers to (§2.3.4 heap types). Types form hierarchies that share no value; each has a type above all others of its
/// own and one below them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function.
    NoFunc,
    /// A function type of the module's type section. Where types of several modules meet, its canonical number stands in place of the
    /// index.
    ConcreteFunc(TypeIndex),
    /// Any object, `i31` or value that came by `any.convert_extern`.
    Any,
    /// What `ref.eq` compares: structures, arrays and `i31`.
    Eq,
    /// An integer of 31 bits.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// A structure type of the module's type section, or its canonical number.
    ConcreteStruct(TypeIndex),
    /// An array type of the module's type section, or its canonical number.
    ConcreteArray(TypeIndex),
    /// Nothing of the hierarchy of [`Any`](HeapType::Any).
    None,
    /// Any host value.
    Extern,
    /// No host value.
    NoExtern,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
}

/// The hierarchies of heap types: how references look to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hierarchy {
    /// Functions: a reference is the address of a [`VmFuncRef`](crate::vmctx::VmFuncRef), null is 0.
    Func,
    /// What the collector keeps: a reference of 32 bits as [`object`](crate::object) says, null is 0. So are those of the next two.
    Any,
    /// Host values.
    Extern,
    /// Exceptions.
    Exn,
}

impl HeapType {
    /// The hierarchy it belongs to.
    pub const fn hierarchy(self) -> Hierarchy {
        match self {
            HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => Hierarchy::Func,
            HeapType::Any
            | HeapType::Eq
            | HeapType::I31
            | HeapType::Struct
            | HeapType::Array
            | HeapType::ConcreteStruct(_)
            | HeapType::ConcreteArray(_)
            | HeapType::None => Hierarchy::Any,
            HeapType::Extern | HeapType::NoExtern => Hierarchy::Extern,
            HeapType::Exn | HeapType::NoExn => Hierarchy::Exn,
        }
    }

    /// The type above all of its hierarchy.
    pub const fn top(self) -> HeapType {
        match self.hierarchy() {
            Hierarchy::Func => HeapType::Func,
            Hierarchy::Any => HeapType::Any,
            Hierarchy::Extern => HeapType::Extern,
            Hierarchy::Exn => HeapType::Exn,
        }
    }

    /// The type below all of its hierarchy, which only null has.
    pub const fn bottom(self) -> HeapType {
        match self.hierarchy() {
            Hierarchy::Func => HeapType::NoFunc,
            Hierarchy::Any => HeapType::None,
            Hierarchy::Extern => HeapType::NoExtern,
            Hierarchy::Exn => HeapType::NoExn,
        }
    }

    /// Whether everything of this type is of type `other` (§3.3.3). `declared` says whether the concrete type of its first argument is
    /// its second or declares that as a supertype, itself or by its own supertypes.
    pub fn matches(self, other: HeapType, declared: impl FnOnce(TypeIndex, TypeIndex) -> bool) -> bool {
        if self.hierarchy() != other.hierarchy() {
            return false;
        }
        match (self, other) {
            (HeapType::ConcreteFunc(this), HeapType::ConcreteFunc(other))
            | (HeapType::ConcreteStruct(this), HeapType::ConcreteStruct(other))
            | (HeapType::ConcreteArray(this), HeapType::ConcreteArray(other)) => declared(this, other),
            (HeapType::ConcreteStruct(_), HeapType::Struct) | (HeapType::ConcreteArray(_), HeapType::Array) => true,
            (this, HeapType::Eq) => !matches!(this, HeapType::Any),
            _ => self == other || other == other.top() || self == self.bottom(),
        }
    }

    /// The type of the type section that it is, or its canonical number.
    pub const fn concrete(self) -> Option<TypeIndex> {
        match self {
            HeapType::ConcreteFunc(index) | HeapType::ConcreteStruct(index) | HeapType::ConcreteArray(index) => {
                Some(index)
            }
            _ => None,
        }
    }

    /// The same with another type in place of the one of the type section.
    pub fn with_concrete(self, replace: impl FnOnce(TypeIndex) -> TypeIndex) -> HeapType {
        match self {
            HeapType::ConcreteFunc(index) => HeapType::ConcreteFunc(replace(index)),
            HeapType::ConcreteStruct(index) => HeapType::ConcreteStruct(replace(index)),
            HeapType::ConcreteArray(index) => HeapType::ConcreteArray(replace(index)),
            other => other,
        }
    }
}

/// A reference type (§2.3.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether null is one of its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

impl RefType {
    /// `funcref`: `(ref null func)`.
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `externref`: `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// `exnref`: `(ref null exn)`.
    pub const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };
    /// `anyref`: `(ref null any)`.
    pub const ANYREF: RefType = RefType { nullable: true, heap: HeapType::Any };

    /// Whether values of this type are function references, which are pointers, and not 32-bit references to what the collector keeps.
    pub const fn is_function(self) -> bool {
        matches!(self.heap.hierarchy(), Hierarchy::Func)
    }

    /// Whether a value of this type can be a reference to an object, which the collector has to know of and may move. An `i31` is none.
    pub const fn is_object(self) -> bool {
        !self.is_function()
            && !matches!(self.heap, HeapType::I31 | HeapType::None | HeapType::NoExtern | HeapType::NoExn)
    }

    /// Whether every value of this type is one of `other` (§3.3.4); see [`HeapType::matches`].
    pub fn matches(self, other: RefType, declared: impl FnOnce(TypeIndex, TypeIndex) -> bool) -> bool {
        (!self.nullable || other.nullable) && self.heap.matches(other.heap, declared)
    }
}

/// The type of a value (§2.3.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit IEEE 754 number.
    F32,
    /// 64-bit IEEE 754 number.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// Whether it has a default value (§3.4.2): numbers and vectors zero, references null if that is one of theirs.
    pub const fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(ty) => ty.nullable,
            _ => true,
        }
    }

    /// Whether a value of this type can be a reference to an object: see [`RefType::is_object`].
    pub const fn is_object(self) -> bool {
        matches!(self, ValType::Ref(ty) if ty.is_object())
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::ConcreteFunc(index) | HeapType::ConcreteStruct(index) | HeapType::ConcreteArray(index) => {
                return write!(f, "{}", index.0);
            }
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::NoFunc) => f.write_str("nullfuncref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, HeapType::NoExtern) => f.write_str("nullexternref"),
            (true, HeapType::Exn) => f.write_str("exnref"),
            (true, HeapType::NoExn) => f.write_str("nullexnref"),
            (true, HeapType::None) => f.write_str("nullref"),
            (true, heap) if heap.concrete().is_some() => write!(f, "(ref null {heap})"),
            (true, heap) => write!(f, "{heap}ref"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(reference) => reference.fmt(f),
        }
    }
}

/// A [`StorageType`] as an image stores it: a kind, a nullability and a type index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct ValTypeCode {
    kind: u16,
    nullable: u16,
    index: u32,
}

impl From<ValType> for ValTypeCode {
    fn from(ty: ValType) -> Self {
        let plain = |kind| ValTypeCode { kind, nullable: 0, index: 0 };
        match ty {
            ValType::I32 => plain(0),
            ValType::I64 => plain(1),
            ValType::F32 => plain(2),
            ValType::F64 => plain(3),
            ValType::V128 => plain(4),
            ValType::Ref(RefType { nullable, heap }) => {
                let (kind, index) = match heap {
                    HeapType::Func => (5, 0),
                    HeapType::Extern => (6, 0),
                    HeapType::ConcreteFunc(index) => (7, index.0),
                    HeapType::NoFunc => (8, 0),
                    HeapType::NoExtern => (9, 0),
                    HeapType::Exn => (10, 0),
                    HeapType::NoExn => (11, 0),
                    HeapType::Any => (12, 0),
                    HeapType::Eq => (13, 0),
                    HeapType::I31 => (14, 0),
                    HeapType::Struct => (15, 0),
                    HeapType::Array => (16, 0),
                    HeapType::None => (17, 0),
                    HeapType::ConcreteStruct(index) => (18, index.0),
                    HeapType::ConcreteArray(index) => (19, index.0),
                };
                ValTypeCode { kind, nullable: u16::from(nullable), index }
            }
        }
    }
}

impl From<RefType> for ValTypeCode {
    fn from(ty: RefType) -> Self {
        ValType::Ref(ty).into()
    }
}

impl From<StorageType> for ValTypeCode {
    fn from(ty: StorageType) -> Self {
        match ty {
            StorageType::I8 => ValTypeCode { kind: 20, nullable: 0, index: 0 },
            StorageType::I16 => ValTypeCode { kind: 21, nullable: 0, index: 0 },
            StorageType::Val(ty) => ty.into(),
        }
    }
}

impl ValTypeCode {
    /// The type of a field; `None` when the bytes are none's, which only a forged image can bring about.
    pub fn decode_storage(self) -> Option<StorageType> {
        Some(match self.kind {
            20 => StorageType::I8,
            21 => StorageType::I16,
            _ => StorageType::Val(self.decode()?),
        })
    }

    /// The type; `None` when the bytes are none's, which only a forged image can bring about.
    pub fn decode(self) -> Option<ValType> {
        let reference = |heap| ValType::Ref(RefType { nullable: self.nullable != 0, heap });
        Some(match self.kind {
            0 => ValType::I32,
            1 => ValType::I64,
            2 => ValType::F32,
            3 => ValType::F64,
            4 => ValType::V128,
            5 => reference(HeapType::Func),
            6 => reference(HeapType::Extern),
            7 => reference(HeapType::ConcreteFunc(TypeIndex(self.index))),
            8 => reference(HeapType::NoFunc),
            9 => reference(HeapType::NoExtern),
            10 => reference(HeapType::Exn),
            11 => reference(HeapType::NoExn),
            12 => reference(HeapType::Any),
            13 => reference(HeapType::Eq),
            14 => reference(HeapType::I31),
            15 => reference(HeapType::Struct),
            16 => reference(HeapType::Array),
            17 => reference(HeapType::None),
            18 => reference(HeapType::ConcreteStruct(TypeIndex(self.index))),
            19 => reference(HeapType::ConcreteArray(TypeIndex(self.index))),
            _ => return None,
        })
    }

    /// The reference type; `None` when it is not one.
    pub fn decode_ref(self) -> Option<RefType> {
        match self.decode()? {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }
}

/// A function type (§2.3.9), owned. Images store the same as a range of a pool.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    /// Types of the parameters.
    pub params: Box<[ValType]>,
    /// Types of the results.
    pub results: Box<[ValType]>,
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            for (position, ty) in types.iter().enumerate() {
                if position > 0 {
                    f.write_str(" ")?;
                }
                ty.fmt(f)?;
            }
            Ok(())
        };
        f.write_str("[")?;
        list(f, &self.params)?;
        f.write_str("] -> [")?;
        list(f, &self.results)?;
        f.write_str("]")
    }
}

/// What a field of a structure or an element of an array is stored as (§2.3.11).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8 bits, which are an `i32` outside of the object.
    I8,
    /// 16 bits, which are an `i32` outside of the object.
    I16,
    /// As it is.
    Val(ValType),
}

impl StorageType {
    /// The type of its values outside of objects.
    pub const fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }

    /// How many bytes it takes in an object: a power of two. References to functions take 8, others 4.
    pub const fn size(self) -> u32 {
        match self {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::I64 | ValType::F64) => 8,
            StorageType::Val(ValType::V128) => 16,
            StorageType::Val(ValType::Ref(ty)) => {
                if ty.is_function() {
                    8
                } else {
                    4
                }
            }
        }
    }

    /// Whether every value of this type is one of `other` (§3.3.6); see [`HeapType::matches`].
    pub fn matches(self, other: StorageType, declared: impl FnOnce(TypeIndex, TypeIndex) -> bool) -> bool {
        match (self, other) {
            (StorageType::Val(ValType::Ref(this)), StorageType::Val(ValType::Ref(other))) => {
                this.matches(other, declared)
            }
            _ => self == other,
        }
    }

    /// Whether it can hold a reference to an object: see [`RefType::is_object`].
    pub const fn is_object(self) -> bool {
        matches!(self, StorageType::Val(ty) if ty.is_object())
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
            StorageType::Val(ty) => ty.fmt(f),
        }
    }
}

/// A field of a structure, or the elements of an array (§2.3.11).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    /// What it holds.
    pub storage: StorageType,
    /// Whether it can be set.
    pub mutable: bool,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutable { write!(f, "(mut {})", self.storage) } else { self.storage.fmt(f) }
    }
}

/// What a type is made of (§2.3.12).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeType {
    /// A function type.
    Func(FuncType),
    /// A structure type: its fields.
    Struct(Box<[FieldType]>),
    /// An array type: its elements.
    Array(FieldType),
}

impl CompositeType {
    /// The function type, if it is one.
    pub const fn as_func(&self) -> Option<&FuncType> {
        match self {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The fields of a structure, the one of an array's elements, none of a function.
    pub fn fields(&self) -> &[FieldType] {
        match self {
            CompositeType::Func(_) => &[],
            CompositeType::Struct(fields) => fields,
            CompositeType::Array(element) => std::slice::from_ref(element),
        }
    }

    /// The heap type of references to things of the type `index` that is made of this.
    pub const fn heap_type(&self, index: TypeIndex) -> HeapType {
        match self {
            CompositeType::Func(_) => HeapType::ConcreteFunc(index),
            CompositeType::Struct(_) => HeapType::ConcreteStruct(index),
            CompositeType::Array(_) => HeapType::ConcreteArray(index),
        }
    }
}

impl fmt::Display for CompositeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompositeType::Func(ty) => ty.fmt(f),
            CompositeType::Struct(fields) => {
                f.write_str("struct")?;
                fields.iter().try_for_each(|field| write!(f, " {field}"))
            }
            CompositeType::Array(element) => write!(f, "array {element}"),
        }
    }
}

/// A type of the type section with what it declares of subtyping (§2.3.13), owned.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether no type may have it as its supertype.
    pub is_final: bool,
    /// The type that it declares to match.
    pub supertype: Option<TypeIndex>,
    /// What it is made of.
    pub composite: CompositeType,
}

impl SubType {
    /// Calls `visit` with each type that this one names: its supertype and the concrete heap types in it.
    pub fn for_each_index(&mut self, mut visit: impl FnMut(&mut TypeIndex)) {
        if let Some(supertype) = &mut self.supertype {
            visit(supertype);
        }
        let mut visit_value = |ty: &mut ValType| {
            if let ValType::Ref(RefType { heap, .. }) = ty {
                *heap = heap.with_concrete(|mut index| {
                    visit(&mut index);
                    index
                });
            }
        };
        let mut visit_field = |field: &mut FieldType| {
            if let StorageType::Val(ty) = &mut field.storage {
                visit_value(ty);
            }
        };
        match &mut self.composite {
            CompositeType::Func(FuncType { params, results }) => {
                params.iter_mut().chain(results).for_each(visit_value);
            }
            CompositeType::Struct(fields) => fields.iter_mut().for_each(visit_field),
            CompositeType::Array(element) => visit_field(element),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [HeapType; 19] = [
        HeapType::Func,
        HeapType::NoFunc,
        HeapType::ConcreteFunc(TypeIndex(0)),
        HeapType::ConcreteFunc(TypeIndex(1)),
        HeapType::ConcreteFunc(TypeIndex(2)),
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Exn,
        HeapType::NoExn,
        HeapType::Any,
        HeapType::Eq,
        HeapType::I31,
        HeapType::Struct,
        HeapType::ConcreteStruct(TypeIndex(0)),
        HeapType::ConcreteStruct(TypeIndex(1)),
        HeapType::Array,
        HeapType::ConcreteArray(TypeIndex(0)),
        HeapType::ConcreteArray(TypeIndex(2)),
        HeapType::None,
    ];

    fn name(heap: HeapType) -> String {
        match heap {
            HeapType::ConcreteFunc(index) => format!("func {}", index.0),
            HeapType::ConcreteStruct(index) => format!("struct {}", index.0),
            HeapType::ConcreteArray(index) => format!("array {}", index.0),
            other => other.to_string(),
        }
    }

    /// Type 1 declares type 0 as its supertype.
    fn declared(this: TypeIndex, other: TypeIndex) -> bool {
        this == other || (this.0, other.0) == (1, 0)
    }

    #[test]
    fn the_lattice_is_that_of_the_specification() {
        let pairs: Vec<(String, String)> = ALL
            .into_iter()
            .flat_map(|this| ALL.map(|other| (this, other)))
            .filter(|(this, other)| this != other && this.matches(*other, declared))
            .map(|(this, other)| (name(this), name(other)))
            .collect();
        let expected = [
            ("nofunc", "func"),
            ("nofunc", "func 0"),
            ("nofunc", "func 1"),
            ("nofunc", "func 2"),
            ("func 0", "func"),
            ("func 1", "func"),
            ("func 1", "func 0"),
            ("func 2", "func"),
            ("noextern", "extern"),
            ("noexn", "exn"),
            ("eq", "any"),
            ("i31", "any"),
            ("i31", "eq"),
            ("struct", "any"),
            ("struct", "eq"),
            ("struct 0", "any"),
            ("struct 0", "eq"),
            ("struct 0", "struct"),
            ("struct 1", "any"),
            ("struct 1", "eq"),
            ("struct 1", "struct"),
            ("struct 1", "struct 0"),
            ("array", "any"),
            ("array", "eq"),
            ("array 0", "any"),
            ("array 0", "eq"),
            ("array 0", "array"),
            ("array 2", "any"),
            ("array 2", "eq"),
            ("array 2", "array"),
            ("none", "any"),
            ("none", "eq"),
            ("none", "i31"),
            ("none", "struct"),
            ("none", "struct 0"),
            ("none", "struct 1"),
            ("none", "array"),
            ("none", "array 0"),
            ("none", "array 2"),
        ]
        .map(|(this, other)| (this.to_owned(), other.to_owned()));
        assert_eq!(pairs, expected);
        for heap in ALL {
            assert!(heap.matches(heap, declared) && heap.bottom().matches(heap, declared));
            let [nullable, not_null] = [true, false].map(|nullable| RefType { nullable, heap });
            assert!(not_null.matches(nullable, declared) && !nullable.matches(not_null, declared));
            assert!(!ValType::Ref(not_null).is_defaultable() && ValType::Ref(nullable).is_defaultable());
        }
    }

    #[test]
    fn codes_are_the_types() {
        let references = ALL.into_iter().flat_map(|heap| [true, false].map(|nullable| RefType { nullable, heap }));
        let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        let mut codes = std::collections::HashSet::new();
        for ty in numbers.into_iter().chain(references.map(ValType::Ref)) {
            let code = ValTypeCode::from(ty);
            assert_eq!(code.decode(), Some(ty));
            assert!(codes.insert(code));
        }
    }
}
