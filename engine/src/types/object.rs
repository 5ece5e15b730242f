//! Types of structures and arrays, and what all types that are declared have in common: a supertype, and whether they may be one.
//!
//! References to objects are described by them; the host makes objects of them. `func_type` declares types of functions by what stands
//! here.

use super::external::Mutability;
use super::value::ValType;
use crate::engine::Engine;
use crate::error::{Error, Result};
use std::fmt::{self, Display};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tancho_abi::index::TypeIndex;
use tancho_abi::types as abi;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// The most fields of a structure: a bound that this implementation sets, as validation does (Appendix A.2 of the specification).
const MAX_FIELDS: usize = 10_000;
/// The most supertypes above a type, likewise.
const MAX_DEPTH: usize = 63;

/// Whether a type may be the supertype of others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Finality {
    /// No.
    Final,
    /// Yes.
    NonFinal,
}

/// What a field or the elements of an array are stored as.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8 bits: an `i32` outside of the object, the lowest of whose bits are stored.
    I8,
    /// 16 bits, likewise.
    I16,
    /// As it is.
    ValType(ValType),
}

impl Finality {
    /// Whether it may not be the supertype of others.
    pub const fn is_final(&self) -> bool {
        matches!(self, Finality::Final)
    }

    /// Whether it may be the supertype of others.
    pub const fn is_non_final(&self) -> bool {
        matches!(self, Finality::NonFinal)
    }
}

impl StorageType {
    /// Whether it is 8 bits.
    pub const fn is_i8(&self) -> bool {
        matches!(self, StorageType::I8)
    }

    /// Whether it is 16 bits.
    pub const fn is_i16(&self) -> bool {
        matches!(self, StorageType::I16)
    }

    /// Whether it is stored as it is.
    pub const fn is_val_type(&self) -> bool {
        matches!(self, StorageType::ValType(_))
    }

    /// The type of value, if it is stored as it is.
    pub const fn as_val_type(&self) -> Option<&ValType> {
        match self {
            StorageType::ValType(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of its values outside of objects.
    pub const fn unpack(&self) -> &ValType {
        match self {
            StorageType::I8 | StorageType::I16 => &ValType::I32,
            StorageType::ValType(ty) => ty,
        }
    }

    /// Whether everything that is stored as this is of `other` too (§3.3.6).
    pub fn matches(&self, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(this), StorageType::ValType(other)) => this.matches(other),
            _ => self == other,
        }
    }

    fn in_registry(&self, registry: &Arc<TypeRegistry>) -> StorageType {
        match self {
            StorageType::ValType(ty) => StorageType::ValType(ty.in_registry(registry)),
            other => other.clone(),
        }
    }

    fn abi(&self) -> abi::StorageType {
        match self {
            StorageType::I8 => abi::StorageType::I8,
            StorageType::I16 => abi::StorageType::I16,
            StorageType::ValType(ty) => abi::StorageType::Val(ty.abi()),
        }
    }

    fn of(ty: abi::StorageType, registry: &TypeRegistry) -> StorageType {
        match ty {
            abi::StorageType::I8 => StorageType::I8,
            abi::StorageType::I16 => StorageType::I16,
            abi::StorageType::Val(ty) => StorageType::ValType(ValType::of(ty, registry)),
        }
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::ValType(ty)
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
            StorageType::ValType(ty) => ty.fmt(f),
        }
    }
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    mutability: Mutability,
    storage: StorageType,
}

impl FieldType {
    /// A field that holds this.
    pub const fn new(mutability: Mutability, storage: StorageType) -> FieldType {
        FieldType { mutability, storage }
    }

    /// Whether it can be set.
    pub const fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// What it holds.
    pub const fn element_type(&self) -> &StorageType {
        &self.storage
    }

    /// Whether a field of this type can be used as one of type `other` (§3.3.6).
    pub fn matches(&self, other: &FieldType) -> bool {
        self.mutability == other.mutability
            && self.storage.matches(&other.storage)
            && (self.mutability == Mutability::Const || other.storage.matches(&self.storage))
    }

    fn in_registry(&self, registry: &Arc<TypeRegistry>) -> FieldType {
        FieldType { mutability: self.mutability, storage: self.storage.in_registry(registry) }
    }

    fn abi(&self) -> abi::FieldType {
        abi::FieldType { storage: self.storage.abi(), mutable: self.mutability == Mutability::Var }
    }

    pub(crate) fn of(ty: abi::FieldType, registry: &TypeRegistry) -> FieldType {
        let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
        FieldType { mutability, storage: StorageType::of(ty.storage, registry) }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => self.storage.fmt(f),
            Mutability::Var => write!(f, "(mut {})", self.storage),
        }
    }
}

/// The type of a structure. Cheap to clone.
///
/// Two types that are declared alike are one. A type of a module that stands in a recursion group with others is never equal to one that
/// is made here, which stands alone.
///
/// ```
/// # use tancho::{Engine, FieldType, Finality, Mutability, Result, StorageType, StructType, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let x = FieldType::new(Mutability::Var, StorageType::ValType(ValType::F64));
/// let shape = StructType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [x.clone()])?;
/// let circle = StructType::with_finality_and_supertype(&engine, Finality::Final, Some(&shape), [x.clone(), x])?;
/// assert!(circle.matches(&shape) && !shape.matches(&circle));
/// assert_eq!(circle.supertype(), Some(shape));
/// assert_eq!(circle.to_string(), "struct (mut f64) (mut f64)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StructType(Arc<RegisteredType>);

impl StructType {
    /// The type of structures with these fields: final, and without a supertype.
    ///
    /// # Errors
    ///
    /// When there are more than 10,000 fields.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = FieldType>) -> Result<StructType> {
        Self::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// The type of structures with these fields and this supertype.
    ///
    /// # Errors
    ///
    /// When there are more than 10,000 fields; when `supertype` is final, has 63 supertypes above it, or the fields do not begin with
    /// fields that match its own (§3.3.8).
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        // Kept until the new type keeps what it refers to.
        let fields = fields.into_iter().take(MAX_FIELDS + 1).map(|field| field.in_registry(engine.types()));
        let fields: Vec<FieldType> = fields.collect();
        if fields.len() > MAX_FIELDS {
            return Err(Error::msg(format!("a structure has at most {MAX_FIELDS} fields")));
        }
        let composite = abi::CompositeType::Struct(fields.iter().map(FieldType::abi).collect());
        declare(engine, finality, supertype.map(|ty| &ty.0), composite).map(StructType)
    }

    /// The types of its fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.0.composite().fields().iter().map(|field| FieldType::of(*field, self.0.registry()))
    }

    /// The type of field `index`; `None` when there are fewer.
    pub fn field(&self, index: usize) -> Option<FieldType> {
        self.0.composite().fields().get(index).map(|field| FieldType::of(*field, self.0.registry()))
    }
}

/// The type of an array. Cheap to clone.
///
/// ```
/// # use tancho::{ArrayType, Engine, FieldType, Mutability, Result, StorageType, ValType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let text = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8));
/// assert_eq!(text.element_type(), StorageType::I8);
/// assert_eq!(text.element_type().unpack(), &ValType::I32);
/// assert_eq!(text.to_string(), "array (mut i8)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ArrayType(Arc<RegisteredType>);

impl ArrayType {
    /// The type of arrays of such elements: final, and without a supertype.
    pub fn new(engine: &Engine, element: FieldType) -> ArrayType {
        let element = element.in_registry(engine.types());
        let composite = abi::CompositeType::Array(element.abi());
        ArrayType(engine.types().register_alone(abi::SubType { is_final: true, supertype: None, composite }))
    }

    /// The type of arrays of such elements with this supertype.
    ///
    /// # Errors
    ///
    /// When `supertype` is final, has 63 supertypes above it, or its elements are not matched by these (§3.3.8).
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&ArrayType>,
        element: FieldType,
    ) -> Result<ArrayType> {
        let element = element.in_registry(engine.types());
        declare(engine, finality, supertype.map(|ty| &ty.0), abi::CompositeType::Array(element.abi())).map(ArrayType)
    }

    /// The type of its elements as a field's.
    pub fn field_type(&self) -> FieldType {
        let element = self.0.composite().fields().first().expect("an array type has elements");
        FieldType::of(*element, self.0.registry())
    }

    /// What its elements are stored as.
    pub fn element_type(&self) -> StorageType {
        self.field_type().storage
    }

    /// Whether its elements can be set.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability
    }
}

macro_rules! declared {
    ($ty:ident, $what:literal) => {
        impl $ty {
            pub(crate) fn of(registered: Arc<RegisteredType>) -> $ty {
                $ty(registered)
            }

            pub(crate) fn registered(&self) -> &Arc<RegisteredType> {
                &self.0
            }

            /// Whether it may be the supertype of others.
            pub fn finality(&self) -> Finality {
                finality_of(&self.0)
            }

            /// The type that it declares as its supertype.
            pub fn supertype(&self) -> Option<$ty> {
                supertype_of(&self.0).map($ty)
            }

            #[doc = concat!("Whether every ", $what, " of this type is one of type `other`: they are the same type, or this one declares the")]
            /// other as its supertype, itself or by its supertypes.
            pub fn matches(&self, other: &$ty) -> bool {
                self.0.is_declared(other.0.in_registry(self.0.registry()).id)
            }
        }

        impl PartialEq for $ty {
            fn eq(&self, other: &Self) -> bool {
                // The same type has another number in another engine.
                self.0.id == other.0.id || self.0.id == other.0.in_registry(self.0.registry()).id
            }
        }

        impl Eq for $ty {}

        impl Hash for $ty {
            fn hash<H: Hasher>(&self, state: &mut H) {
                // Not the number, which equal types of two engines do not share.
                self.0.composite().fields().len().hash(state);
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_type(&self.0, f, 1)
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_type(&self.0, f, 1)
            }
        }
    };
}

declared!(StructType, "structure");
declared!(ArrayType, "array");

pub(crate) fn finality_of(ty: &RegisteredType) -> Finality {
    if ty.is_final() { Finality::Final } else { Finality::NonFinal }
}

/// The type that `ty` declares as its supertype.
pub(crate) fn supertype_of(ty: &RegisteredType) -> Option<Arc<RegisteredType>> {
    // All but the last of them are those above it, and kept by it.
    let (_, above) = ty.supertypes().split_last()?;
    ty.registry().by_id(*above.last()?)
}

/// Registers a type that stands alone. What is named in `composite` is of the engine's registry, and kept by the caller.
///
/// # Errors
///
/// When it may not have that supertype.
pub(crate) fn declare(
    engine: &Engine,
    finality: Finality,
    supertype: Option<&Arc<RegisteredType>>,
    composite: abi::CompositeType,
) -> Result<Arc<RegisteredType>> {
    let supertype = supertype.map(|ty| ty.in_registry(engine.types()));
    if let Some(above) = &supertype {
        if above.is_final() {
            return Err(Error::msg(format!("the type ({}) is final, and may not be a supertype", Shown(above))));
        }
        if above.supertypes().len() > MAX_DEPTH {
            return Err(Error::msg(format!("a type has at most {MAX_DEPTH} supertypes above it")));
        }
        if !composite_matches(&composite, above.composite(), engine.types()) {
            return Err(Error::msg(format!("a type does not match its supertype ({})", Shown(above))));
        }
    }
    let supertype_index = supertype.as_ref().map(|ty| TypeIndex(ty.id));
    let is_final = finality == Finality::Final;
    Ok(engine.types().register_alone(abi::SubType { is_final, supertype: supertype_index, composite }))
}

/// Whether a type made of `this` may have one made of `other` as its supertype (§3.3.8).
fn composite_matches(this: &abi::CompositeType, other: &abi::CompositeType, registry: &TypeRegistry) -> bool {
    let declared = |this: TypeIndex, other: TypeIndex| {
        this == other || registry.by_id(this.0).is_some_and(|this| this.is_declared(other.0))
    };
    let stored = |this: abi::StorageType, other: abi::StorageType| this.matches(other, declared);
    let values = |these: &[abi::ValType], others: &[abi::ValType]| {
        let mut pairs = these.iter().zip(others);
        these.len() == others.len()
            && pairs.all(|(this, other)| stored(abi::StorageType::Val(*this), abi::StorageType::Val(*other)))
    };
    let field = |this: &abi::FieldType, other: &abi::FieldType| {
        this.mutable == other.mutable
            && stored(this.storage, other.storage)
            && (!this.mutable || stored(other.storage, this.storage))
    };
    match (this, other) {
        (abi::CompositeType::Func(this), abi::CompositeType::Func(other)) => {
            values(&other.params, &this.params) && values(&this.results, &other.results)
        }
        (abi::CompositeType::Struct(these), abi::CompositeType::Struct(others)) => {
            these.len() >= others.len() && these.iter().zip(others).all(|(this, other)| field(this, other))
        }
        (abi::CompositeType::Array(this), abi::CompositeType::Array(other)) => field(this, other),
        _ => false,
    }
}

struct Shown<'a>(&'a RegisteredType);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_type(self.0, f, 1)
    }
}

/// Writes a type. Concrete types within it are written out down to `depth`: a type can refer to itself.
pub(crate) fn write_type(ty: &RegisteredType, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
    let list = |f: &mut fmt::Formatter<'_>, types: &[abi::ValType]| {
        for (position, value) in types.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            write_value(*value, ty.registry(), f, depth)?;
        }
        Ok(())
    };
    match ty.composite() {
        abi::CompositeType::Func(func) => {
            f.write_str("[")?;
            list(f, &func.params)?;
            f.write_str("] -> [")?;
            list(f, &func.results)?;
            f.write_str("]")
        }
        abi::CompositeType::Struct(fields) => {
            f.write_str("struct")?;
            fields.iter().try_for_each(|field| {
                f.write_str(" ")?;
                write_field(*field, ty.registry(), f, depth)
            })
        }
        abi::CompositeType::Array(element) => {
            f.write_str("array ")?;
            write_field(*element, ty.registry(), f, depth)
        }
    }
}

fn write_field(field: abi::FieldType, registry: &TypeRegistry, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
    if field.mutable {
        f.write_str("(mut ")?;
    }
    match field.storage {
        abi::StorageType::Val(ty) => write_value(ty, registry, f, depth)?,
        packed => packed.fmt(f)?,
    }
    if field.mutable { f.write_str(")") } else { Ok(()) }
}

fn write_value(ty: abi::ValType, registry: &TypeRegistry, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
    let abi::ValType::Ref(reference) = ty else { return ty.fmt(f) };
    let Some(id) = reference.heap.concrete() else { return ty.fmt(f) };
    f.write_str(if reference.nullable { "(ref null (" } else { "(ref (" })?;
    match registry.by_id(id.0) {
        Some(inner) if depth > 0 => write_type(&inner, f, depth - 1)?,
        _ => f.write_str("...")?,
    }
    f.write_str("))")
}
