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
    /// index. Each hierarchy with concrete types is to have its own variant, because it decides how a reference looks to the machine.
    ConcreteFunc(TypeIndex),
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
    /// Host values: a reference is a handle of 32 bits that the store gave out, null is 0.
    Extern,
    /// Exceptions: a reference is a handle of 32 bits that the store gave out, null is 0.
    Exn,
}

impl HeapType {
    /// The hierarchy it belongs to.
    pub const fn hierarchy(self) -> Hierarchy {
        match self {
            HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => Hierarchy::Func,
            HeapType::Extern | HeapType::NoExtern => Hierarchy::Extern,
            HeapType::Exn | HeapType::NoExn => Hierarchy::Exn,
        }
    }

    /// The type above all of its hierarchy.
    pub const fn top(self) -> HeapType {
        match self.hierarchy() {
            Hierarchy::Func => HeapType::Func,
            Hierarchy::Extern => HeapType::Extern,
            Hierarchy::Exn => HeapType::Exn,
        }
    }

    /// The type below all of its hierarchy, which only null has.
    pub const fn bottom(self) -> HeapType {
        match self.hierarchy() {
            Hierarchy::Func => HeapType::NoFunc,
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
            (HeapType::ConcreteFunc(this), HeapType::ConcreteFunc(other)) => declared(this, other),
            _ => self == other || other == other.top() || self == self.bottom(),
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

    /// Whether values of this type are function references, which are pointers, and not 32-bit handles.
    pub const fn is_function(self) -> bool {
        matches!(self.heap.hierarchy(), Hierarchy::Func)
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
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::ConcreteFunc(index) => return write!(f, "{}", index.0),
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
            (true, heap @ HeapType::ConcreteFunc(_)) => write!(f, "(ref null {heap})"),
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

/// A [`ValType`] as an image stores it: a kind, a nullability and a type index. Kinds 12 to 19 are for the heap types of the next
/// proposal: any, eq, i31, struct, array, none, concrete structures and concrete arrays.
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

impl ValTypeCode {
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

/// What a type is made of (§2.3.12). Structures and arrays are to be further variants.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeType {
    /// A function type.
    Func(FuncType),
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
        let CompositeType::Func(FuncType { params, results }) = &mut self.composite;
        for ty in params.iter_mut().chain(results) {
            if let ValType::Ref(RefType { heap: HeapType::ConcreteFunc(index), .. }) = ty {
                visit(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [HeapType; 9] = [
        HeapType::Func,
        HeapType::NoFunc,
        HeapType::ConcreteFunc(TypeIndex(0)),
        HeapType::ConcreteFunc(TypeIndex(1)),
        HeapType::ConcreteFunc(TypeIndex(2)),
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Exn,
        HeapType::NoExn,
    ];

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
            .map(|(this, other)| (this.to_string(), other.to_string()))
            .collect();
        let expected = [
            ("nofunc", "func"),
            ("nofunc", "0"),
            ("nofunc", "1"),
            ("nofunc", "2"),
            ("0", "func"),
            ("1", "func"),
            ("1", "0"),
            ("2", "func"),
            ("noextern", "extern"),
            ("noexn", "exn"),
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
