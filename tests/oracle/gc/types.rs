//! The types of a random program: which there are, what matches what, and their text. The model and the text rely on the same table.

use crate::oracle::seed::Rng;

/// A heap type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heap {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Extern,
    Func,
    Exn,
    /// A type of the module.
    Type(usize),
}

/// A reference type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RefType {
    pub(super) nullable: bool,
    pub(super) heap: Heap,
}

/// A reference that may be null.
pub(super) const fn nullable(heap: Heap) -> RefType {
    RefType { nullable: true, heap }
}

/// A reference that is not null.
pub(super) const fn present(heap: Heap) -> RefType {
    RefType { nullable: false, heap }
}

/// What a field or an element holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Storage {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}

impl Storage {
    /// Its type as a reference, if it is one.
    pub(super) fn reference(self) -> Option<RefType> {
        match self {
            Storage::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether there is a value by default.
    pub(super) fn has_default(self) -> bool {
        self.reference().is_none_or(|ty| ty.nullable)
    }
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub(super) storage: Storage,
    pub(super) mutable: bool,
}

/// What a type describes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Struct(Vec<Field>),
    Array(Field),
    /// A function, by its signature.
    Func(usize),
}

/// A type.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) supertype: Option<usize>,
    pub(super) is_final: bool,
    pub(super) kind: Kind,
}

/// The structure that all of the chain are below.
pub(super) const ROOT: usize = 2;
/// The chain's length: it goes deeper than a type's display does.
pub(super) const CHAIN: usize = 11;

/// The types of functions: both can be called in every way. The second has many references, some of which do not go in registers.
pub(super) const PARAMS: [&[RefType]; 2] = [
    &[nullable(Heap::Any), nullable(Heap::Extern)],
    &[
        nullable(Heap::Any),
        nullable(Heap::Extern),
        nullable(Heap::Eq),
        nullable(Heap::Type(ROOT)),
        nullable(Heap::I31),
        nullable(Heap::Any),
        nullable(Heap::Extern),
        nullable(Heap::Any),
        nullable(Heap::Eq),
        nullable(Heap::Struct),
        nullable(Heap::Array),
    ],
];
/// What they return behind a number.
pub(super) const RESULTS: [&[RefType]; 2] =
    [&[nullable(Heap::Any)], &[nullable(Heap::Any), nullable(Heap::Extern), nullable(Heap::Type(ROOT))]];

/// The types of a program: the functions', the chain, other structures, arrays, all in one recursion group; and two that the host makes, too.
pub(super) struct Types {
    pub(super) all: Vec<Definition>,
    /// How many are in the recursion group.
    pub(super) group: usize,
}

const NUMBERS: [Storage; 7] =
    [Storage::I8, Storage::I16, Storage::I32, Storage::I64, Storage::F32, Storage::F64, Storage::V128];

impl Types {
    /// Random types.
    pub(super) fn random(random: &mut Rng) -> Types {
        let func = |signature| Definition { supertype: None, is_final: true, kind: Kind::Func(signature) };
        let mut types = Types { all: vec![func(0), func(1)], group: 0 };
        for depth in 0..CHAIN {
            let supertype = (depth > 0).then(|| ROOT + depth - 1);
            let mut fields = supertype.map_or_else(Vec::new, |ty| types.fields(ty).to_vec());
            if depth == 0 {
                fields.push(Field { storage: Storage::I32, mutable: true });
                fields.push(Field { storage: Storage::Ref(nullable(Heap::Any)), mutable: true });
            } else if random.u8(..3) == 0 {
                fields.push(field(random));
            }
            let is_final = depth + 1 == CHAIN && random.bool();
            types.all.push(Definition { supertype, is_final, kind: Kind::Struct(fields) });
        }
        for _ in 0..4 {
            let supertype = if random.bool() { Some(ROOT + random.usize(..CHAIN)) } else { None };
            let supertype = supertype.filter(|ty| !types.all[*ty].is_final);
            let mut fields = supertype.map_or_else(Vec::new, |ty| types.fields(ty).to_vec());
            for _ in 0..random.usize(..5) {
                fields.push(field(random));
            }
            types.all.push(Definition { supertype, is_final: random.bool(), kind: Kind::Struct(fields) });
        }
        types.arrays(random);
        types.group = types.all.len();
        let any = Field { storage: Storage::Ref(nullable(Heap::Any)), mutable: true };
        let ext = Field { storage: Storage::Ref(nullable(Heap::Extern)), mutable: true };
        let plain = |storage| Field { storage, mutable: true };
        let fields = vec![plain(Storage::I64), any, ext, plain(Storage::I8)];
        types.all.push(Definition { supertype: None, is_final: true, kind: Kind::Struct(fields) });
        types.all.push(Definition { supertype: None, is_final: true, kind: Kind::Array(any) });
        types
    }

    fn arrays(&mut self, random: &mut Rng) {
        let references = [
            nullable(Heap::Any),
            nullable(Heap::Eq),
            nullable(Heap::Extern),
            nullable(Heap::Func),
            nullable(Heap::Type(0)),
            nullable(Heap::Type(ROOT)),
        ];
        let storages = NUMBERS.into_iter().chain(references.map(Storage::Ref));
        for storage in storages {
            let mutable = random.u8(..8) != 0;
            let is_final = random.bool();
            self.all.push(Definition { supertype: None, is_final, kind: Kind::Array(Field { storage, mutable }) });
        }
        // Elements that cannot be set can be of a subtype.
        for (step, heap) in [Heap::Any, Heap::Eq, Heap::Type(ROOT)].into_iter().enumerate() {
            let supertype = (step > 0).then(|| self.all.len() - 1);
            let kind = Kind::Array(Field { storage: Storage::Ref(nullable(heap)), mutable: false });
            self.all.push(Definition { supertype, is_final: false, kind });
        }
    }

    /// The structure that the host makes.
    pub(super) fn host_struct(&self) -> usize {
        self.group
    }

    /// The array that the host makes.
    pub(super) fn host_array(&self) -> usize {
        self.group + 1
    }

    /// The fields of a structure, or what the elements of an array are.
    pub(super) fn fields(&self, ty: usize) -> &[Field] {
        match &self.all[ty].kind {
            Kind::Struct(fields) => fields,
            Kind::Array(element) => std::slice::from_ref(element),
            Kind::Func(_) => &[],
        }
    }

    /// The types that a filter lets through.
    pub(super) fn such(&self, is: impl Fn(&Types, usize) -> bool) -> Vec<usize> {
        (0..self.all.len()).filter(|ty| is(self, *ty)).collect()
    }

    pub(super) fn is_struct(&self, ty: usize) -> bool {
        matches!(self.all[ty].kind, Kind::Struct(_))
    }

    pub(super) fn is_array(&self, ty: usize) -> bool {
        matches!(self.all[ty].kind, Kind::Array(_))
    }

    /// Whether one type is another or below it (§3.1.2).
    pub(super) fn is_below(&self, ty: usize, above: usize) -> bool {
        let mut at = Some(ty);
        while let Some(one) = at {
            if one == above {
                return true;
            }
            at = self.all[one].supertype;
        }
        false
    }

    /// Whether a heap type matches another (§3.3.3).
    pub(super) fn heap_matches(&self, heap: Heap, above: Heap) -> bool {
        match (heap, above) {
            (Heap::Type(one), Heap::Type(other)) => self.is_below(one, other),
            (Heap::Type(one), Heap::Func) => matches!(self.all[one].kind, Kind::Func(_)),
            (Heap::Type(one), Heap::Struct) => self.is_struct(one),
            (Heap::Type(one), Heap::Array) => self.is_array(one),
            (Heap::Type(one), Heap::Any | Heap::Eq) => !matches!(self.all[one].kind, Kind::Func(_)),
            (Heap::I31 | Heap::Struct | Heap::Array, Heap::Eq) => true,
            (Heap::Eq | Heap::I31 | Heap::Struct | Heap::Array, Heap::Any) => true,
            _ => heap == above,
        }
    }

    /// Whether a reference type matches another (§3.3.4).
    pub(super) fn matches(&self, ty: RefType, above: RefType) -> bool {
        (above.nullable || !ty.nullable) && self.heap_matches(ty.heap, above.heap)
    }

    /// The topmost type of the hierarchy.
    pub(super) fn top(&self, heap: Heap) -> Heap {
        [Heap::Any, Heap::Extern, Heap::Func, Heap::Exn]
            .into_iter()
            .find(|top| self.heap_matches(heap, *top))
            .expect("every type is below one of them")
    }

    /// The text of the definitions.
    pub(super) fn text(&self) -> String {
        let mut text = "(rec\n".to_owned();
        for (index, definition) in self.all.iter().enumerate() {
            if index == self.group {
                text.push_str(")\n");
            }
            let kind = match &definition.kind {
                Kind::Struct(fields) => {
                    let fields: String =
                        fields.iter().map(|field| format!(" (field {})", field_text(*field))).collect();
                    format!("(struct{fields})")
                }
                Kind::Array(element) => format!("(array {})", field_text(*element)),
                Kind::Func(signature) => format!("(func {})", signature_text(*signature)),
            };
            let supertype = definition.supertype.map_or(String::new(), |ty| format!("$t{ty} "));
            let line = match (definition.is_final, definition.supertype) {
                (true, None) => format!("(type $t{index} {kind})\n"),
                (true, Some(_)) => format!("(type $t{index} (sub final {supertype}{kind}))\n"),
                (false, _) => format!("(type $t{index} (sub {supertype}{kind}))\n"),
            };
            text.push_str(&line);
        }
        text
    }
}

/// Parameters and results of a signature.
pub(super) fn signature_text(signature: usize) -> String {
    let list = |types: &[RefType]| -> String { types.iter().map(|ty| format!(" {}", ref_text(*ty))).collect() };
    format!("(param i64{}) (result i64{})", list(PARAMS[signature]), list(RESULTS[signature]))
}

fn field(random: &mut Rng) -> Field {
    let storage = if random.bool() {
        // Packed ones twice as often.
        NUMBERS[random.usize(..NUMBERS.len() + 2) % NUMBERS.len()]
    } else {
        let heaps = [
            Heap::Any,
            Heap::Eq,
            Heap::I31,
            Heap::Func,
            Heap::Type(0),
            Heap::Any,
            Heap::Extern,
            Heap::Struct,
            Heap::Array,
            Heap::Exn,
            Heap::Type(ROOT),
            Heap::Type(ROOT + CHAIN / 2),
            Heap::Type(ROOT + CHAIN - 1),
        ];
        let at = random.usize(..heaps.len());
        // Only of some types there is always a value at hand.
        Storage::Ref(RefType { nullable: at > 4 || random.u8(..4) != 0, heap: heaps[at] })
    };
    Field { storage, mutable: random.u8(..5) != 0 }
}

fn field_text(field: Field) -> String {
    let storage = storage_text(field.storage);
    if field.mutable { format!("(mut {storage})") } else { storage }
}

/// The text of a storage type.
pub(super) fn storage_text(storage: Storage) -> String {
    match storage {
        Storage::I8 => "i8".to_owned(),
        Storage::I16 => "i16".to_owned(),
        Storage::I32 => "i32".to_owned(),
        Storage::I64 => "i64".to_owned(),
        Storage::F32 => "f32".to_owned(),
        Storage::F64 => "f64".to_owned(),
        Storage::V128 => "v128".to_owned(),
        Storage::Ref(ty) => ref_text(ty),
    }
}

/// The text of a reference type.
pub(super) fn ref_text(ty: RefType) -> String {
    format!("(ref {}{})", if ty.nullable { "null " } else { "" }, heap_text(ty.heap))
}

/// The text of a heap type.
pub(super) fn heap_text(heap: Heap) -> String {
    match heap {
        Heap::Any => "any".to_owned(),
        Heap::Eq => "eq".to_owned(),
        Heap::I31 => "i31".to_owned(),
        Heap::Struct => "struct".to_owned(),
        Heap::Array => "array".to_owned(),
        Heap::Extern => "extern".to_owned(),
        Heap::Func => "func".to_owned(),
        Heap::Exn => "exn".to_owned(),
        Heap::Type(ty) => format!("$t{ty}"),
    }
}
