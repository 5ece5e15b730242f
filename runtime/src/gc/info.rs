//! What objects of a store are known by: one [`TypeInfo`] for each type, tag, and for values of the host, made when it is first needed.
//!
//! Called by `instantiate`, which writes their addresses into contexts, and by whoever makes or reads objects. They live as long as the
//! store, and keep the types that they are of.

use crate::id::TagId;
use crate::types::RegisteredType;
use crate::vmctx::Fixed;
use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;
use tancho_abi::object::{
    DISPLAY, EXCEPTION_VALUES, HEADER_SIZE, OBJECT_ALIGN, ObjectKind, StructLayout, VmTypeInfo, array_start,
};
use tancho_abi::types::{CompositeType, FieldType, StorageType};
use tancho_abi::vmctx::ValRaw;

/// What an object is one of.
pub(crate) enum Origin {
    /// A type of structures or arrays.
    Type(Arc<RegisteredType>),
    /// A tag.
    Tag(TagId),
    /// Values of the host.
    Host,
}

/// A field of a structure, a value of an exception, or, once, the elements of an array.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// Where it stands in the object; of an array, where its elements begin.
    pub(crate) offset: u32,
    pub(crate) storage: StorageType,
}

/// A [`VmTypeInfo`] with what it points to and what only the runtime asks.
#[repr(C)]
pub(crate) struct TypeInfo {
    /// First, so that an object's header leads here.
    pub(crate) vm: VmTypeInfo,
    pub(crate) fields: Box<[Field]>,
    pub(crate) origin: Origin,
    references: Box<[u32]>,
    supertypes: Box<[*const VmTypeInfo]>,
}

impl TypeInfo {
    fn new(
        kind: ObjectKind,
        (size, element_size): (u32, u32),
        id: u32,
        fields: Box<[Field]>,
        origin: Origin,
        above: &[*const VmTypeInfo],
    ) -> Fixed<TypeInfo> {
        let objects = fields.iter().filter(|field| field.storage.is_object());
        let references: Box<[u32]> = objects.map(|field| field.offset).collect();
        let vm = VmTypeInfo {
            kind: kind as u32,
            depth: above.len() as u32,
            size,
            element_size,
            reference_count: references.len() as u32,
            id,
            references: ptr::null(),
            display: [ptr::null(); DISPLAY],
            supertypes: ptr::null(),
        };
        let references = if kind == ObjectKind::Array { Box::default() } else { references };
        let supertypes = above.iter().copied().chain([ptr::null()]).collect();
        let fixed = Fixed::new(TypeInfo { vm, fields, origin, references, supertypes });
        // SAFETY: the record has just been made and is nobody else's yet; it is not moved.
        let info = unsafe { &mut *fixed.as_ptr() };
        if let Some(last) = info.supertypes.last_mut() {
            *last = fixed.as_ptr().cast();
        }
        for (place, ty) in info.vm.display.iter_mut().zip(&info.supertypes) {
            *place = *ty;
        }
        if !info.references.is_empty() {
            info.vm.references = info.references.as_ptr();
        }
        info.vm.supertypes = info.supertypes.as_ptr();
        fixed
    }

    /// Whether it is an array's.
    pub(crate) fn is_array(&self) -> bool {
        self.vm.kind == ObjectKind::Array as u32
    }

    /// Whether an object's type is the one with this canonical number, or declares it as a supertype, itself or by its own.
    pub(crate) fn is_declared(&self, id: u32) -> bool {
        match &self.origin {
            Origin::Type(ty) => ty.is_declared(id),
            Origin::Tag(_) | Origin::Host => false,
        }
    }
}

/// All of a store.
#[derive(Default)]
pub(crate) struct Infos {
    /// By canonical number.
    types: HashMap<u32, Fixed<TypeInfo>>,
    /// By position of the tag.
    tags: Vec<Option<Fixed<TypeInfo>>>,
    host: Option<Fixed<TypeInfo>>,
}

impl Infos {
    /// That of a type of structures or arrays; `None` when it is one of functions.
    pub(crate) fn of_type(&mut self, ty: &Arc<RegisteredType>) -> Option<*const TypeInfo> {
        if let Some(known) = self.types.get(&ty.id) {
            return Some(known.as_ptr());
        }
        // The topmost first, so that those above a type are there when it is made.
        let mut above: Vec<*const VmTypeInfo> = Vec::new();
        for id in ty.supertypes() {
            let known = self.types.get(id).map(Fixed::as_ptr);
            let info = match known {
                Some(known) => known,
                None => {
                    let made = of_composite(ty.supertype(*id)?, &above)?;
                    let address = made.as_ptr();
                    self.types.insert(*id, made);
                    address
                }
            };
            above.push(info.cast_const().cast());
        }
        self.types.get(&ty.id).map(|info| info.as_ptr().cast_const())
    }

    /// That of a tag, whose parameters `ty` has.
    pub(crate) fn of_tag(&mut self, tag: TagId, ty: &RegisteredType) -> *const TypeInfo {
        let position = tag.position();
        if self.tags.len() <= position {
            self.tags.resize_with(position + 1, || None);
        }
        let made = self.tags[position].get_or_insert_with(|| {
            let params = &ty.func().params;
            let size = |count: u32| EXCEPTION_VALUES + count * size_of::<ValRaw>() as u32;
            let fields = (0..).zip(params);
            let fields = fields.map(|(index, ty)| Field { offset: size(index), storage: StorageType::Val(*ty) });
            let whole = size(params.len() as u32);
            TypeInfo::new(ObjectKind::Exn, (whole, 0), tag.0, fields.collect(), Origin::Tag(tag), &[])
        });
        made.as_ptr()
    }

    /// That of values of the host.
    pub(crate) fn of_host(&mut self) -> *const TypeInfo {
        let size = HEADER_SIZE + OBJECT_ALIGN;
        let make = || TypeInfo::new(ObjectKind::Extern, (size, 0), 0, Box::default(), Origin::Host, &[]);
        self.host.get_or_insert_with(make).as_ptr()
    }

    /// All that there are.
    pub(super) fn all(&self) -> impl Iterator<Item = *const TypeInfo> {
        self.types.values().chain(self.tags.iter().flatten()).chain(&self.host).map(|info| info.as_ptr().cast_const())
    }
}

/// That of a type, below those of its supertypes; `None` when it is one of functions.
fn of_composite(ty: Arc<RegisteredType>, above: &[*const VmTypeInfo]) -> Option<Fixed<TypeInfo>> {
    let (kind, sizes, fields) = match ty.composite() {
        CompositeType::Func(_) => return None,
        CompositeType::Struct(fields) => {
            let layout = StructLayout::new(fields);
            let place = |(field, offset): (&FieldType, &u32)| Field { offset: *offset, storage: field.storage };
            let fields = fields.iter().zip(&layout.offsets).map(place).collect();
            (ObjectKind::Struct, (layout.size, 0), fields)
        }
        CompositeType::Array(element) => {
            let start = array_start(element.storage);
            let field = Field { offset: start, storage: element.storage };
            (ObjectKind::Array, (start, element.storage.size()), Box::from([field]))
        }
    };
    Some(TypeInfo::new(kind, sizes, ty.id, fields, Origin::Type(ty), above))
}
