//! Types of values: numbers, vectors, references and what they refer to.
//!
//! All that users see of types is made of them. Concrete types are kept by whoever names them.

use super::object::{ArrayType, StructType};
use crate::func_type::FuncType;
use crate::value::Val;
use std::fmt;
use std::sync::Arc;
use tancho_abi::index::TypeIndex;
use tancho_abi::types as abi;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

macro_rules! reference_types {
    ($($(#[$doc:meta])* $name:ident $heap:ident;)*) => {
        impl ValType {
            $($(#[$doc])* pub const $name: ValType = ValType::Ref(RefType::$name);)*
        }

        impl RefType {
            $($(#[$doc])* pub const $name: RefType = RefType { nullable: true, heap: HeapType::$heap };)*
        }
    };
}

reference_types! {
    /// `funcref`: a function or null.
    FUNCREF Func;
    /// `nullfuncref`: the null of functions.
    NULLFUNCREF NoFunc;
    /// `externref`: a value of the host or null.
    EXTERNREF Extern;
    /// `nullexternref`: the null of values of the host.
    NULLEXTERNREF NoExtern;
    /// `exnref`: an exception or null.
    EXNREF Exn;
    /// `nullexnref`: the null of exceptions.
    NULLEXNREF NoExn;
    /// `anyref`: an object, an `i31` or null.
    ANYREF Any;
    /// `eqref`: a structure, an array, an `i31` or null.
    EQREF Eq;
    /// `i31ref`: an `i31` or null.
    I31REF I31;
    /// `structref`: a structure or null.
    STRUCTREF Struct;
    /// `arrayref`: an array or null.
    ARRAYREF Array;
    /// `nullref`: the null of objects.
    NULLREF None;
}

/// Predicates: whether a type is one of these.
macro_rules! is {
    ($($(#[$doc:meta])* $name:ident => $pattern:pat,)*) => {$(
        $(#[$doc])*
        pub const fn $name(&self) -> bool {
            matches!(self, $pattern)
        }
    )*};
}

impl ValType {
    is! {
        /// Whether it is `i32`.
        is_i32 => ValType::I32,
        /// Whether it is `i64`.
        is_i64 => ValType::I64,
        /// Whether it is `f32`.
        is_f32 => ValType::F32,
        /// Whether it is `f64`.
        is_f64 => ValType::F64,
        /// Whether it is `v128`.
        is_v128 => ValType::V128,
        /// Whether it is `funcref`, and nothing below it.
        is_funcref => ValType::Ref(RefType { nullable: true, heap: HeapType::Func }),
        /// Whether it is `externref`, and nothing below it.
        is_externref => ValType::Ref(RefType { nullable: true, heap: HeapType::Extern }),
        /// Whether it is `anyref`, and nothing below it.
        is_anyref => ValType::Ref(RefType { nullable: true, heap: HeapType::Any }),
        /// Whether it is `exnref`, and nothing below it.
        is_exnref => ValType::Ref(RefType { nullable: true, heap: HeapType::Exn }),
    }

    /// The zero of a number type, the null of a reference type; `None` when null is not one of the type's values.
    pub fn default_value(&self) -> Option<Val> {
        Val::default_for_ty(self)
    }

    /// The reference type.
    ///
    /// # Panics
    ///
    /// When it is none: see [`ValType::as_ref`].
    #[track_caller]
    pub fn unwrap_ref(&self) -> &RefType {
        match self.as_ref() {
            Some(ty) => ty,
            None => panic!("{self} is no reference type"),
        }
    }

    /// Whether it is a number type: `i32`, `i64`, `f32` or `f64`.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether it is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// The reference type, if it is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether every value of this type is one of `other` (§3.3.4).
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(this), ValType::Ref(other)) => this.matches(other),
            _ => self == other,
        }
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> ValType {
        match self {
            ValType::Ref(ty) => ValType::Ref(ty.in_registry(registry)),
            other => other.clone(),
        }
    }

    pub(crate) fn abi(&self) -> abi::ValType {
        match self {
            ValType::I32 => abi::ValType::I32,
            ValType::I64 => abi::ValType::I64,
            ValType::F32 => abi::ValType::F32,
            ValType::F64 => abi::ValType::F64,
            ValType::V128 => abi::ValType::V128,
            ValType::Ref(ty) => abi::ValType::Ref(ty.abi()),
        }
    }

    /// From the contract's type with canonical numbers of `registry`.
    pub(crate) fn of(ty: abi::ValType, registry: &TypeRegistry) -> ValType {
        match ty {
            abi::ValType::I32 => ValType::I32,
            abi::ValType::I64 => ValType::I64,
            abi::ValType::F32 => ValType::F32,
            abi::ValType::F64 => ValType::F64,
            abi::ValType::V128 => ValType::V128,
            abi::ValType::Ref(ty) => ValType::Ref(RefType::of(ty, registry)),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::Ref(ty) => ty.fmt(f),
            other => other.abi().fmt(f),
        }
    }
}

/// What a reference refers to (§2.3.4). Types form hierarchies that share no value, each between a type of all and one of nothing.
///
/// ```text
/// any                         func        extern      exn
///  └ eq                        └ concrete  │           │
///     ├ i31                       │        │           │
///     ├ struct ─ concrete         │        │           │
///     └ array ── concrete         │        │           │
/// none                        nofunc      noextern    noexn
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeapType {
    /// A function of any type.
    Func,
    /// A function of this type, or of one that declares it as a supertype.
    ConcreteFunc(FuncType),
    /// No function: only null is a reference of this type.
    NoFunc,
    /// A value of the host, or an object that came by `extern.convert_any`.
    Extern,
    /// No value of the host: only null is a reference of this type.
    NoExtern,
    /// An exception.
    Exn,
    /// No exception: only null is a reference of this type.
    NoExn,
    /// An object, an `i31`, or a value of the host that came by `any.convert_extern`.
    Any,
    /// What `ref.eq` compares: a structure, an array, an `i31`.
    Eq,
    /// An integer of 31 bits: see [`I31`](crate::I31).
    I31,
    /// A structure of any type.
    Struct,
    /// A structure of this type, or of one that declares it as a supertype.
    ConcreteStruct(StructType),
    /// An array of any type.
    Array,
    /// An array of this type, or of one that declares it as a supertype.
    ConcreteArray(ArrayType),
    /// No object: only null is a reference of this type.
    None,
}

impl HeapType {
    /// Whether everything of this type is of type `other` (§3.3.3).
    pub fn matches(&self, other: &HeapType) -> bool {
        self.abi().matches(other.abi(), |_, _| match (self, other) {
            (HeapType::ConcreteFunc(this), HeapType::ConcreteFunc(other)) => this.matches(other),
            (HeapType::ConcreteStruct(this), HeapType::ConcreteStruct(other)) => this.matches(other),
            (HeapType::ConcreteArray(this), HeapType::ConcreteArray(other)) => this.matches(other),
            _ => false,
        })
    }

    /// The type above all others of its hierarchy.
    pub fn top(&self) -> HeapType {
        match self.hierarchy() {
            abi::Hierarchy::Func => HeapType::Func,
            abi::Hierarchy::Any => HeapType::Any,
            abi::Hierarchy::Extern => HeapType::Extern,
            abi::Hierarchy::Exn => HeapType::Exn,
        }
    }

    /// The type below all others of its hierarchy, which only null has.
    pub fn bottom(&self) -> HeapType {
        match self.hierarchy() {
            abi::Hierarchy::Func => HeapType::NoFunc,
            abi::Hierarchy::Any => HeapType::None,
            abi::Hierarchy::Extern => HeapType::NoExtern,
            abi::Hierarchy::Exn => HeapType::NoExn,
        }
    }

    /// Whether it is the type above all others of its hierarchy.
    pub fn is_top(&self) -> bool {
        *self == self.top()
    }

    /// Whether it is the type below all others of its hierarchy, which only null has.
    pub fn is_bottom(&self) -> bool {
        matches!(self, HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn | HeapType::None)
    }

    is! {
        /// Whether it is `func`.
        is_func => HeapType::Func,
        /// Whether it is `nofunc`.
        is_no_func => HeapType::NoFunc,
        /// Whether it is `extern`.
        is_extern => HeapType::Extern,
        /// Whether it is `noextern`.
        is_no_extern => HeapType::NoExtern,
        /// Whether it is `exn`.
        is_exn => HeapType::Exn,
        /// Whether it is `noexn`.
        is_no_exn => HeapType::NoExn,
        /// Whether it is `any`.
        is_any => HeapType::Any,
        /// Whether it is `eq`.
        is_eq => HeapType::Eq,
        /// Whether it is `i31`.
        is_i31 => HeapType::I31,
        /// Whether it is `struct`.
        is_struct => HeapType::Struct,
        /// Whether it is `array`.
        is_array => HeapType::Array,
        /// Whether it is `none`.
        is_none => HeapType::None,
        /// Whether it is a function type that a module or the host has defined.
        is_concrete_func => HeapType::ConcreteFunc(_),
        /// Whether it is a structure type that a module or the host has defined.
        is_concrete_struct => HeapType::ConcreteStruct(_),
        /// Whether it is an array type that a module or the host has defined.
        is_concrete_array => HeapType::ConcreteArray(_),
    }

    /// Whether it is a type that the specification has defined.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// Whether it is a type that a module or the host has defined.
    pub fn is_concrete(&self) -> bool {
        self.registered().is_some()
    }

    /// The function type, if it is one.
    pub fn as_concrete_func(&self) -> Option<&FuncType> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty),
            _ => None,
        }
    }

    /// The structure type, if it is one.
    pub fn as_concrete_struct(&self) -> Option<&StructType> {
        match self {
            HeapType::ConcreteStruct(ty) => Some(ty),
            _ => None,
        }
    }

    /// The array type, if it is one.
    pub fn as_concrete_array(&self) -> Option<&ArrayType> {
        match self {
            HeapType::ConcreteArray(ty) => Some(ty),
            _ => None,
        }
    }

    /// How references to it look to compiled code.
    pub(crate) fn hierarchy(&self) -> abi::Hierarchy {
        self.abi().hierarchy()
    }

    /// The concrete type, if it is one.
    pub(crate) fn registered(&self) -> Option<&Arc<RegisteredType>> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty.registered()),
            HeapType::ConcreteStruct(ty) => Some(ty.registered()),
            HeapType::ConcreteArray(ty) => Some(ty.registered()),
            _ => None,
        }
    }

    /// The type of what is of this concrete type.
    pub(crate) fn of_registered(ty: Arc<RegisteredType>) -> HeapType {
        match ty.composite() {
            abi::CompositeType::Func(_) => HeapType::ConcreteFunc(FuncType::of(ty)),
            abi::CompositeType::Struct(_) => HeapType::ConcreteStruct(StructType::of(ty)),
            abi::CompositeType::Array(_) => HeapType::ConcreteArray(ArrayType::of(ty)),
        }
    }

    fn abi(&self) -> abi::HeapType {
        match self {
            HeapType::Func => abi::HeapType::Func,
            HeapType::ConcreteFunc(ty) => abi::HeapType::ConcreteFunc(TypeIndex(ty.id())),
            HeapType::NoFunc => abi::HeapType::NoFunc,
            HeapType::Extern => abi::HeapType::Extern,
            HeapType::NoExtern => abi::HeapType::NoExtern,
            HeapType::Exn => abi::HeapType::Exn,
            HeapType::NoExn => abi::HeapType::NoExn,
            HeapType::Any => abi::HeapType::Any,
            HeapType::Eq => abi::HeapType::Eq,
            HeapType::I31 => abi::HeapType::I31,
            HeapType::Struct => abi::HeapType::Struct,
            HeapType::ConcreteStruct(ty) => abi::HeapType::ConcreteStruct(TypeIndex(ty.registered().id)),
            HeapType::Array => abi::HeapType::Array,
            HeapType::ConcreteArray(ty) => abi::HeapType::ConcreteArray(TypeIndex(ty.registered().id)),
            HeapType::None => abi::HeapType::None,
        }
    }

    pub(crate) fn of(ty: abi::HeapType, registry: &TypeRegistry) -> HeapType {
        match ty {
            abi::HeapType::Func => HeapType::Func,
            abi::HeapType::NoFunc => HeapType::NoFunc,
            abi::HeapType::Extern => HeapType::Extern,
            abi::HeapType::NoExtern => HeapType::NoExtern,
            abi::HeapType::Exn => HeapType::Exn,
            abi::HeapType::NoExn => HeapType::NoExn,
            abi::HeapType::Any => HeapType::Any,
            abi::HeapType::Eq => HeapType::Eq,
            abi::HeapType::I31 => HeapType::I31,
            abi::HeapType::Struct => HeapType::Struct,
            abi::HeapType::Array => HeapType::Array,
            abi::HeapType::None => HeapType::None,
            // Whoever has the number keeps the type.
            abi::HeapType::ConcreteFunc(id) | abi::HeapType::ConcreteStruct(id) | abi::HeapType::ConcreteArray(id) => {
                match registry.by_id(id.0) {
                    Some(ty) => HeapType::of_registered(ty),
                    None => HeapType::of(ty.bottom(), registry),
                }
            }
        }
    }
}

impl From<FuncType> for HeapType {
    fn from(ty: FuncType) -> HeapType {
        HeapType::ConcreteFunc(ty)
    }
}

impl From<StructType> for HeapType {
    fn from(ty: StructType) -> HeapType {
        HeapType::ConcreteStruct(ty)
    }
}

impl From<ArrayType> for HeapType {
    fn from(ty: ArrayType) -> HeapType {
        HeapType::ConcreteArray(ty)
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::ConcreteFunc(ty) => write!(f, "({ty})"),
            HeapType::ConcreteStruct(ty) => write!(f, "({ty})"),
            HeapType::ConcreteArray(ty) => write!(f, "({ty})"),
            other => other.abi().fmt(f),
        }
    }
}

/// A reference type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    nullable: bool,
    heap: HeapType,
}

impl RefType {
    /// The type of references to `heap`, null among them if `nullable`.
    pub const fn new(nullable: bool, heap: HeapType) -> RefType {
        RefType { nullable, heap }
    }

    /// Whether null is one of its values.
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// What it refers to.
    pub const fn heap_type(&self) -> &HeapType {
        &self.heap
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &RefType) -> bool {
        (!self.nullable || other.nullable) && self.heap.matches(&other.heap)
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> RefType {
        let heap = match self.heap.registered() {
            Some(ty) => HeapType::of_registered(ty.in_registry(registry)),
            None => self.heap.clone(),
        };
        RefType { nullable: self.nullable, heap }
    }

    pub(crate) fn abi(&self) -> abi::RefType {
        abi::RefType { nullable: self.nullable, heap: self.heap.abi() }
    }

    pub(crate) fn of(ty: abi::RefType, registry: &TypeRegistry) -> RefType {
        RefType { nullable: ty.nullable, heap: HeapType::of(ty.heap, registry) }
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, &self.heap) {
            (true, heap) if heap.is_concrete() => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
            _ => self.abi().fmt(f),
        }
    }
}
