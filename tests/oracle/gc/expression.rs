//! Makes random expressions.

use super::make::Maker;
use super::program::{Call, Expr, FUNCTIONS, GLOBALS, Int, OnCast, Operand, TABLES, Way};
use super::types::{Heap, Kind, RESULTS, RefType, Storage, Types, nullable, present};

impl Maker<'_> {
    /// An expression of this type or below it.
    pub(super) fn expr(&mut self, want: RefType, depth: u32) -> Expr {
        if depth == 0 || self.parts == 0 {
            return self.leaf(want);
        }
        self.parts -= 1;
        if !want.nullable {
            return self.present(want.heap, depth - 1);
        }
        if want.heap == Heap::Exn {
            return self.leaf(want);
        }
        // What there is not for this type is tried again.
        (0..4).find_map(|_| self.compound(want, depth)).unwrap_or_else(|| self.leaf(want))
    }

    fn compound(&mut self, want: RefType, depth: u32) -> Option<Expr> {
        let heap = want.heap;
        let below = depth - 1;
        Some(match self.random.u8(..64) {
            0..=9 => self.leaf(want),
            10..=22 => self.fresh(heap, below),
            23..=29 => self.field(want, below)?,
            30..=33 => self.element(want, below)?,
            34..=37 => {
                let fits = |table: &usize| self.program.types.matches(TABLES[*table].0, want);
                let all: Vec<usize> = (0..TABLES.len()).filter(fits).collect();
                Expr::TableGet(*self.random.choice(&all)?, self.index())
            }
            38 | 39 => self.cast(heap, below),
            40..=45 => {
                let to = self.cast_target(heap);
                let from = nullable(self.program.types.top(heap));
                let (value, other) = (self.expr(from, below), self.expr(to, below));
                Expr::OnCast(Box::new(OnCast { fail: self.random.bool(), from, to, value, other }))
            }
            46 | 47 => self.present(heap, below),
            48 | 49 => {
                let (value, other) = (self.expr(want, below), self.expr(want, below));
                Expr::NullElse(want, Box::new(value), Box::new(other))
            }
            50 | 51 => {
                let (one, other) = (self.expr(want, below), self.expr(want, below));
                let (local, bit) = (self.integer(), self.random.u32(..64));
                Expr::Select(want, local, bit, Box::new(one), Box::new(other))
            }
            52 => {
                let value = if self.random.u8(..16) == 0 { self.expr(want, below) } else { self.present(heap, below) };
                Expr::AsNonNull(Box::new(value))
            }
            53..=55 if heap == Heap::Any => Expr::ToAny(Box::new(self.expr(nullable(Heap::Extern), below))),
            53..=55 if heap == Heap::Extern => Expr::ToExtern(Box::new(self.expr(nullable(Heap::Any), below))),
            56..=58 if heap == Heap::Any => Expr::Call(Box::new(self.call(below, None))),
            59 | 60 if heap == Heap::Any => match self.random.u8(..5) {
                0 | 1 => Expr::HostTake(self.int()),
                2 | 3 => Expr::HostArray(self.int(), Box::new(self.expr(nullable(Heap::Any), below))),
                _ => Expr::HostStruct(self.int(), Box::new(self.expr(nullable(Heap::Any), below))),
            },
            56..=63 if heap == Heap::Extern => Expr::HostMake(self.int()),
            61..=63 => self.tee(want, below)?,
            _ => return None,
        })
    }

    /// Something that goes to a local as well: so that there are several ways to one object.
    fn tee(&mut self, want: RefType, depth: u32) -> Option<Expr> {
        let program = self.program;
        let fits = |local: &usize| program.types.matches(program.locals[*local], want);
        let all: Vec<usize> = (0..program.locals.len()).filter(fits).collect();
        let local = *self.random.choice(&all)?;
        Some(Expr::Tee(local, Box::new(self.expr(program.locals[local], depth))))
    }

    /// The simplest that there is.
    fn leaf(&mut self, want: RefType) -> Expr {
        if !want.nullable {
            return self.fresh(want.heap, 0);
        }
        let types = &self.program.types;
        let locals = &self.program.locals;
        let fits = |local: &usize| types.matches(locals[*local], want);
        let all: Vec<usize> = (0..locals.len()).filter(fits).collect();
        match self.random.u8(..10) {
            0 => Expr::Null(want.heap),
            1 | 2 if want.heap != Heap::Exn => self.fresh(want.heap, 0),
            3 => {
                let fits = |global: &usize| types.matches(GLOBALS[*global], want);
                let all: Vec<usize> = (0..GLOBALS.len()).filter(fits).collect();
                self.random.choice(&all).map_or(Expr::Null(want.heap), |global| Expr::Global(*global))
            }
            _ => self.random.choice(&all).map_or(Expr::Null(want.heap), |local| Expr::Local(*local)),
        }
    }

    /// An object of a structure or array type, most often not null.
    pub(super) fn object(&mut self, ty: usize, depth: u32) -> Expr {
        if self.random.u8(..60) == 0 {
            self.expr(nullable(Heap::Type(ty)), depth)
        } else {
            self.present(Heap::Type(ty), depth)
        }
    }

    /// Something that is not null: what is there, or else something new.
    pub(super) fn present(&mut self, heap: Heap, depth: u32) -> Expr {
        if self.random.u8(..5) == 0 {
            return self.fresh(heap, depth);
        }
        let value = self.expr(nullable(heap), depth);
        if self.program.ty(&value).nullable {
            let heap = self.program.ty(&value).heap;
            Expr::OrElse(Box::new(value), Box::new(self.fresh(heap, depth.saturating_sub(1))))
        } else {
            value
        }
    }

    /// A new object, `i31` or function.
    pub(super) fn fresh(&mut self, heap: Heap, depth: u32) -> Expr {
        match heap {
            Heap::I31 => Expr::I31(self.int()),
            Heap::Any | Heap::Eq if depth == 0 || self.random.u8(..3) == 0 => Expr::I31(self.int()),
            Heap::Any | Heap::Eq | Heap::Struct | Heap::Array => {
                let matches = |types: &Types, ty: usize| types.heap_matches(Heap::Type(ty), heap);
                let ty = self.such(matches).expect("there are structures and arrays");
                self.new_object(ty, depth)
            }
            Heap::Extern => Expr::ToExtern(Box::new(self.fresh(Heap::Any, depth))),
            Heap::Func => Expr::Func(self.random.usize(..FUNCTIONS)),
            Heap::Type(ty) => match self.program.types.all[ty].kind {
                Kind::Func(signature) => Expr::Func(self.random.usize(..FUNCTIONS / 2) * 2 + signature),
                _ => {
                    let ty = self.such(|types, below| types.is_below(below, ty)).expect("itself");
                    self.new_object(ty, depth)
                }
            },
            Heap::Exn => unreachable!("references to exceptions come from handlers"),
        }
    }

    /// A new object of this very type.
    fn new_object(&mut self, ty: usize, depth: u32) -> Expr {
        self.parts = self.parts.saturating_sub(1);
        let depth = depth.saturating_sub(1);
        let has_default = self.program.types.fields(ty).iter().all(|field| field.storage.has_default());
        let storages: Vec<Storage> = self.program.types.fields(ty).iter().map(|field| field.storage).collect();
        if self.program.types.is_struct(ty) {
            if has_default && (self.parts == 0 || self.random.u8(..4) == 0) {
                return Expr::NewDefault(ty);
            }
            return Expr::New(ty, storages.into_iter().map(|storage| self.operand(storage, depth)).collect());
        }
        let storage = storages[0];
        let length = match self.random.u8(..40) {
            0 => 2500,
            1 => 130,
            2 if self.random.u8(..4) == 0 => 0,
            _ => self.random.u32(1..6),
        };
        match self.random.u8(..8) {
            0 | 1 => Expr::ArrayDefault(ty, length),
            2 | 3 => Expr::Array(ty, Box::new(self.operand(storage, depth)), length),
            4 => match storage {
                Storage::Ref(of) if let Some(segment) = self.segment(of) => {
                    let few = |random: &mut crate::oracle::seed::Rng| Int { local: None, add: random.i64(1..3) };
                    let offset = Int { local: None, add: self.random.i64(0..3) };
                    Expr::FromElem(ty, segment, offset, few(self.random))
                }
                Storage::Ref(_) => Expr::ArrayDefault(ty, length),
                _ => {
                    let offset = Int { local: None, add: self.random.i64(0..17) };
                    Expr::FromData(ty, offset, Int { local: None, add: self.random.i64(1..4) })
                }
            },
            _ => {
                let count = if self.random.u8(..120) == 0 { 0 } else { self.random.usize(1..5) };
                Expr::Fixed(ty, (0..count).map(|_| self.operand(storage, depth)).collect())
            }
        }
    }

    fn field(&mut self, want: RefType, depth: u32) -> Option<Expr> {
        let types = &self.program.types;
        let fits = |storage: Storage| storage.reference().is_some_and(|ty| types.matches(ty, want));
        let mut all = Vec::new();
        for ty in types.such(Types::is_struct) {
            let fields = types.fields(ty).iter().enumerate();
            all.extend(fields.filter(|(_, field)| fits(field.storage)).map(|(field, _)| (ty, field)));
        }
        let (ty, field) = *self.random.choice(&all)?;
        Some(Expr::Field(ty, field, Box::new(self.object(ty, depth))))
    }

    fn element(&mut self, want: RefType, depth: u32) -> Option<Expr> {
        let fits = |types: &Types, ty: usize| {
            let storage = types.is_array(ty).then(|| types.fields(ty)[0].storage);
            storage.and_then(Storage::reference).is_some_and(|ty| types.matches(ty, want))
        };
        let ty = self.such(fits)?;
        Some(Expr::Element(ty, Box::new(self.object(ty, depth)), self.index()))
    }

    /// A type that is cast to, at or below a heap type.
    pub(super) fn cast_target(&mut self, heap: Heap) -> RefType {
        let types = &self.program.types;
        let mut all: Vec<Heap> = types.such(|_, _| true).into_iter().map(Heap::Type).collect();
        all.extend([Heap::Eq, Heap::I31, Heap::Struct, Heap::Array, heap, heap]);
        all.retain(|one| types.heap_matches(*one, heap));
        RefType { nullable: self.random.bool(), heap: *self.random.choice(&all).expect("itself") }
    }

    /// A cast, which succeeds most often, by luck or because the compiler is not told what it is given.
    fn cast(&mut self, heap: Heap, depth: u32) -> Expr {
        let to = self.cast_target(heap);
        let from = nullable(self.program.types.top(heap));
        if self.random.u8(..24) == 0 {
            return Expr::Cast(to, Box::new(self.expr(from, depth)));
        }
        let (one, other) = (self.expr(to, depth), self.expr(to, 0));
        let (local, bit) = (self.integer(), self.random.u32(..64));
        Expr::Cast(to, Box::new(Expr::Select(from, local, bit, Box::new(one), Box::new(other))))
    }

    /// A call, of a function with this signature or any.
    pub(super) fn call(&mut self, depth: u32, signature: Option<usize>) -> Call {
        let function = self.random.usize(..FUNCTIONS);
        let function = signature.map_or(function, |signature| function & !1 | signature);
        let signature = function & 1;
        let way = match self.random.u8(..16) {
            0..=3 => Way::Direct,
            4..=6 => {
                let heap = Heap::Type(signature);
                Way::Ref(if self.random.u8(..12) == 0 {
                    self.expr(nullable(heap), depth)
                } else {
                    self.present(heap, depth)
                })
            }
            7..=9 => Way::Indirect,
            10 if self.random.bool() => Way::IndirectAny(self.int()),
            11 | 12 => Way::Host,
            13 if signature == 0 => Way::HostCatch,
            14 | 15 if signature == 0 => Way::Relay,
            _ => Way::Direct,
        };
        let results = self.program.homes(RESULTS[signature].iter().copied());
        Call { way, function, argument: self.int(), params: self.params(signature, depth), results }
    }

    /// An expression that can stand outside of functions.
    pub(super) fn constant(&mut self, want: RefType, depth: u32) -> Expr {
        let number = |random: &mut crate::oracle::seed::Rng| Int { local: None, add: random.i64(..) };
        let null = want.nullable && (want.heap == Heap::Exn || self.random.u8(..6) == 0);
        if null {
            return Expr::Null(want.heap);
        }
        let types = &self.program.types;
        match want.heap {
            Heap::Func | Heap::Type(0 | 1) => self.fresh(want.heap, 0),
            Heap::Extern => Expr::ToExtern(Box::new(self.constant(present(Heap::Any), depth))),
            Heap::I31 => Expr::I31(number(self.random)),
            Heap::Any | Heap::Eq if depth == 0 || self.random.u8(..3) == 0 => Expr::I31(number(self.random)),
            Heap::Any if self.random.u8(..6) == 0 => {
                Expr::ToAny(Box::new(Expr::ToExtern(Box::new(self.constant(want, depth)))))
            }
            heap => {
                let all = types.such(|types, ty| types.heap_matches(Heap::Type(ty), heap));
                let ty = *self.random.choice(&all).expect("structures and arrays");
                let storages: Vec<Storage> = types.fields(ty).iter().map(|field| field.storage).collect();
                let mut operand = |storage: Storage| match storage {
                    Storage::Ref(ty) if depth == 0 && ty.nullable => Operand::Ref(Expr::Null(ty.heap)),
                    Storage::Ref(ty) => Operand::Ref(self.constant(ty, depth.saturating_sub(1))),
                    _ => Operand::Number(number(self.random)),
                };
                let has_default = storages.iter().all(|storage| storage.has_default());
                if types.is_struct(ty) {
                    let operands: Vec<Operand> = storages.into_iter().map(&mut operand).collect();
                    return if has_default && self.random.bool() {
                        Expr::NewDefault(ty)
                    } else {
                        Expr::New(ty, operands)
                    };
                }
                let operands: Vec<Operand> = (0..3).map(|_| operand(storages[0])).collect();
                match self.random.u8(..4) {
                    0 => Expr::ArrayDefault(ty, 3),
                    1 => Expr::Array(ty, Box::new(operands[0].clone()), 2),
                    _ => Expr::Fixed(ty, operands),
                }
            }
        }
    }
}
