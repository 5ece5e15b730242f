//! Types of the core specification (§2.3) as the compiler, the image and the runtime all know them.
//!
//! [`ValType`] is what code works with; [`ValTypeCode`] is the same in the eight bytes that an image stores.

use crate::index::TypeIndex;
use bytemuck::{Pod, Zeroable};
use std::fmt;

/// What a reference refers to (§2.3.4 heap types).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// Any host value.
    Extern,
    /// A type of the module's type section.
    Concrete(TypeIndex),
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

    /// Whether values of this type are function references, which are pointers, and not references to host values,
    /// which are 32-bit handles.
    pub const fn is_function(self) -> bool {
        matches!(self.heap, HeapType::Func | HeapType::Concrete(_))
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

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (false, HeapType::Func) => f.write_str("(ref func)"),
            (false, HeapType::Extern) => f.write_str("(ref extern)"),
            (true, HeapType::Concrete(index)) => write!(f, "(ref null {})", index.0),
            (false, HeapType::Concrete(index)) => write!(f, "(ref {})", index.0),
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

/// A [`ValType`] as an image stores it: a kind, a nullability and a type index.
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
                    HeapType::Concrete(index) => (7, index.0),
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
            7 => reference(HeapType::Concrete(TypeIndex(self.index))),
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
