//! The model's expressions, and the statements that change objects, tables and globals.

use super::model::{Frame, Halt, Model, Object, Of, Reference, Stop, Value};
use super::program::{Expr, Index, Int, OnCast, Operand, Reading, Statement, TABLES};
use super::types::{Heap, Kind, RefType, Storage};

/// How many bytes of the data segment a number takes.
fn size(storage: Storage) -> usize {
    match storage {
        Storage::I8 => 1,
        Storage::I16 => 2,
        Storage::I32 | Storage::F32 => 4,
        Storage::I64 | Storage::F64 => 8,
        Storage::V128 => 16,
        Storage::Ref(_) => unreachable!("references have no bytes"),
    }
}

/// Whether so many from `start` on are within `length`.
fn fits(start: u32, count: u32, length: usize) -> bool {
    u64::from(start) + u64::from(count) <= length as u64
}

fn require(is: bool, stop: Stop) -> Result<(), Halt> {
    if is { Ok(()) } else { Err(Halt::Trap(stop)) }
}

/// The value by default.
fn default(storage: Storage) -> Value {
    match storage {
        Storage::I8 | Storage::I16 | Storage::I32 => Value::I32(0),
        Storage::I64 => Value::I64(0),
        Storage::F32 => Value::F32(0),
        Storage::F64 => Value::F64(0),
        Storage::V128 => Value::V128(0),
        Storage::Ref(_) => Value::Ref(Reference::Null),
    }
}

/// A number of a field's type.
pub(super) fn numeric(storage: Storage, number: u64) -> Value {
    match storage {
        Storage::I8 => Value::I32(u32::from(number as u8)),
        Storage::I16 => Value::I32(u32::from(number as u16)),
        Storage::I32 => Value::I32(number as u32),
        Storage::I64 => Value::I64(number),
        Storage::F32 => Value::F32(number as u32),
        Storage::F64 => Value::F64(number),
        Storage::V128 => Value::V128(u128::from(number) << 64 | u128::from(number)),
        Storage::Ref(_) => unreachable!("it is no number"),
    }
}

impl Int {
    /// Its value.
    pub(super) fn of(self, frame: &Frame) -> u64 {
        let local = self.local.map_or(0, |local| frame.integers[local]);
        local.wrapping_add(self.add.cast_unsigned())
    }
}

impl Index {
    /// Where it points among so many.
    fn of(self, frame: &Frame, length: usize) -> u32 {
        let at = self.at.of(frame) as u32;
        if self.raw { at } else { at.checked_rem(length as u32).unwrap_or(0) }
    }
}

/// How many from each start on: as many as fit, where no start comes as it is.
fn count(of: Int, frame: &Frame, starts: &[(Index, u32, usize)]) -> u32 {
    let of = of.of(frame) as u32;
    if starts.iter().any(|(index, ..)| index.raw) {
        return of & 7;
    }
    let room = starts.iter().map(|(_, start, length)| *length as u32 - start).min().unwrap_or(0);
    of % (room + 1)
}

impl Model<'_> {
    /// A new object.
    pub(super) fn object(&mut self, of: Of, values: Vec<Value>) -> Reference {
        self.objects.push(Object { of, values });
        Reference::Object(self.objects.len() - 1)
    }

    /// A field that is a reference.
    pub(super) fn reference(&self, object: usize, field: usize) -> Reference {
        match self.objects[object].values[field] {
            Value::Ref(reference) => reference,
            _ => unreachable!("validation knows fields"),
        }
    }

    /// Whether a reference is of a type (§4.2.1).
    fn is(&self, reference: Reference, ty: RefType) -> bool {
        let types = &self.program.types;
        match reference {
            Reference::Null => ty.nullable,
            Reference::I31(_) => ty.heap == Heap::Extern || types.heap_matches(Heap::I31, ty.heap),
            Reference::Host(_) => matches!(ty.heap, Heap::Any | Heap::Extern),
            Reference::Func(function) => types.heap_matches(Heap::Type(function & 1), ty.heap),
            Reference::Object(object) => match self.objects[object].of {
                Of::Type(of) => ty.heap == Heap::Extern || types.heap_matches(Heap::Type(of), ty.heap),
                Of::Tag(_) => ty.heap == Heap::Exn,
            },
        }
    }

    pub(super) fn operand(&mut self, storage: Storage, operand: &Operand, frame: &mut Frame) -> Result<Value, Halt> {
        Ok(match operand {
            Operand::Number(number) => numeric(storage, number.of(frame)),
            Operand::Ref(expr) => Value::Ref(self.expr(expr, frame)?),
        })
    }

    fn dereference(reference: Reference, stop: Stop) -> Result<usize, Halt> {
        match reference {
            Reference::Object(object) => Ok(object),
            _ => Err(Halt::Trap(stop)),
        }
    }

    /// An index into an array: asking for the length, it traps where that is null.
    fn index(&self, array: Reference, index: Index, frame: &Frame) -> Result<u32, Halt> {
        if index.raw {
            return Ok(index.of(frame, 0));
        }
        let array = Self::dereference(array, Stop::NullArray)?;
        Ok(index.of(frame, self.objects[array].values.len()))
    }

    fn length(&self, array: Reference) -> usize {
        match array {
            Reference::Object(array) => self.objects[array].values.len(),
            _ => 0,
        }
    }

    fn storage(&self, ty: usize, field: usize) -> Storage {
        self.program.types.fields(ty)[field].storage
    }

    fn element(&mut self, array: Reference, at: u32) -> Result<Value, Halt> {
        let array = Self::dereference(array, Stop::NullArray)?;
        let value = self.objects[array].values.get(at as usize).copied();
        value.ok_or(Halt::Trap(Stop::Array))
    }

    /// Elements out of the data segment.
    fn out_of_data(&self, storage: Storage, offset: u32, length: u32) -> Result<Vec<Value>, Halt> {
        let size = size(storage);
        require(u64::from(offset) + u64::from(length) * size as u64 <= self.data.len() as u64, Stop::Memory)?;
        let bytes = &self.data[offset as usize..][..length as usize * size];
        let value = |bytes: &[u8]| {
            let number = bytes.iter().rev().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
            if storage == Storage::V128 { Value::V128(number) } else { numeric(storage, number as u64) }
        };
        Ok(bytes.chunks_exact(size).map(value).collect())
    }

    fn out_of_segment(&self, segment: usize, offset: u32, length: u32) -> Result<Vec<Value>, Halt> {
        require(fits(offset, length, self.segments[segment].len()), Stop::Table)?;
        let references = &self.segments[segment][offset as usize..][..length as usize];
        Ok(references.iter().map(|reference| Value::Ref(*reference)).collect())
    }

    pub(super) fn expr(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Reference, Halt> {
        Ok(match expr {
            Expr::Null(_) => Reference::Null,
            Expr::Local(local) => frame.locals[*local],
            Expr::Tee(local, value) => {
                frame.locals[*local] = self.expr(value, frame)?;
                frame.locals[*local]
            }
            Expr::Global(global) => {
                self.hit("global.get");
                self.globals[*global]
            }
            Expr::I31(number) => {
                self.hit("ref.i31");
                Reference::I31(number.of(frame) as u32 & 0x7fff_ffff)
            }
            Expr::Func(function) => {
                self.hit("ref.func");
                Reference::Func(*function)
            }
            Expr::TableGet(table, index) => {
                self.hit("table.get");
                let at = index.of(frame, self.tables[*table].len());
                *self.tables[*table].get(at as usize).ok_or(Halt::Trap(Stop::Table))?
            }
            Expr::Field(ty, field, object) => {
                let object = Self::dereference(self.expr(object, frame)?, Stop::NullStructure)?;
                debug_assert!(self.is(Reference::Object(object), super::types::present(Heap::Type(*ty))));
                self.hit("struct.get");
                self.reference(object, *field)
            }
            Expr::Element(_, array, index) => {
                let array = self.expr(array, frame)?;
                let at = self.index(array, *index, frame)?;
                self.hit("array.get");
                match self.element(array, at)? {
                    Value::Ref(reference) => reference,
                    _ => unreachable!("validation knows elements"),
                }
            }
            Expr::Cast(ty, value) => {
                let value = self.expr(value, frame)?;
                self.hit("ref.cast");
                require(self.is(value, *ty), Stop::Cast)?;
                value
            }
            Expr::OnCast(cast) => self.on_cast(cast, frame)?,
            Expr::ToExtern(value) => {
                self.hit("extern.convert_any");
                self.expr(value, frame)?
            }
            Expr::ToAny(value) => {
                self.hit("any.convert_extern");
                self.expr(value, frame)?
            }
            Expr::Call(call) => {
                let (number, values) = self.make_call(call, frame)?;
                frame.mix(0, number);
                for (local, value) in call.results.iter().zip(&values).skip(1) {
                    frame.locals[*local] = *value;
                }
                values[0]
            }
            Expr::HostMake(_) | Expr::HostTake(_) | Expr::HostArray(..) | Expr::HostStruct(..) => {
                self.host(expr, frame)?
            }
            Expr::OrElse(..) | Expr::NullElse(..) | Expr::AsNonNull(_) | Expr::Select(..) => {
                self.choice(expr, frame)?
            }
            new => self.allocation(new, frame)?,
        })
    }

    /// What depends on null or a bit.
    fn choice(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Reference, Halt> {
        Ok(match expr {
            Expr::OrElse(value, other) => {
                self.hit("br_on_non_null");
                match self.expr(value, frame)? {
                    Reference::Null => self.expr(other, frame)?,
                    value => value,
                }
            }
            Expr::NullElse(_, value, other) => {
                self.hit("br_on_null");
                match self.expr(value, frame)? {
                    Reference::Null => self.expr(other, frame)?,
                    value => value,
                }
            }
            Expr::AsNonNull(value) => {
                let value = self.expr(value, frame)?;
                self.hit("ref.as_non_null");
                require(value != Reference::Null, Stop::Null)?;
                value
            }
            Expr::Select(_, local, bit, one, other) => {
                let (one, other) = (self.expr(one, frame)?, self.expr(other, frame)?);
                self.hit("select");
                if frame.integers[*local] >> bit & 1 == 1 { one } else { other }
            }
            other => unreachable!("{other:?} is no choice"),
        })
    }

    fn on_cast(&mut self, cast: &OnCast, frame: &mut Frame) -> Result<Reference, Halt> {
        let value = self.expr(&cast.value, frame)?;
        self.hit(if cast.fail { "br_on_cast_fail" } else { "br_on_cast" });
        if self.is(value, cast.to) { Ok(value) } else { self.expr(&cast.other, frame) }
    }

    fn allocation(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Reference, Halt> {
        let (name, ty, values) = match expr {
            Expr::New(ty, operands) => {
                let storages: Vec<Storage> = self.program.types.fields(*ty).iter().map(|field| field.storage).collect();
                ("struct.new", *ty, self.operands(storages, operands, frame)?)
            }
            Expr::NewDefault(ty) => {
                let fields = self.program.types.fields(*ty).iter();
                ("struct.new_default", *ty, fields.map(|field| default(field.storage)).collect())
            }
            Expr::Array(ty, operand, length) => {
                let value = self.operand(self.storage(*ty, 0), operand, frame)?;
                ("array.new", *ty, vec![value; *length as usize])
            }
            Expr::ArrayDefault(ty, length) => {
                ("array.new_default", *ty, vec![default(self.storage(*ty, 0)); *length as usize])
            }
            Expr::Fixed(ty, operands) => {
                let storages = std::iter::repeat(self.storage(*ty, 0));
                ("array.new_fixed", *ty, self.operands(storages, operands, frame)?)
            }
            Expr::FromData(ty, offset, length) => {
                let (offset, length) = (offset.of(frame) as u32, length.of(frame) as u32);
                self.hit("array.new_data");
                let values = self.out_of_data(self.storage(*ty, 0), offset, length)?;
                return Ok(self.object(Of::Type(*ty), values));
            }
            Expr::FromElem(ty, segment, offset, length) => {
                let (offset, length) = (offset.of(frame) as u32, length.of(frame) as u32);
                self.hit("array.new_elem");
                let values = self.out_of_segment(*segment, offset, length)?;
                return Ok(self.object(Of::Type(*ty), values));
            }
            other => unreachable!("{other:?} makes nothing"),
        };
        self.hit(name);
        Ok(self.object(Of::Type(ty), values))
    }

    /// What functions of the host return.
    fn host(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Reference, Halt> {
        Ok(match expr {
            Expr::HostMake(number) => {
                self.hit("host.make");
                self.hosts.push(number.of(frame));
                Reference::Host(self.hosts.len() - 1)
            }
            Expr::HostTake(number) => {
                self.hit("host.take");
                match (number.of(frame) as u32).checked_rem(self.roots.len() as u32) {
                    Some(at) => self.roots.remove(at as usize),
                    None => Reference::Null,
                }
            }
            Expr::HostArray(number, value) => {
                let number = number.of(frame);
                let value = self.expr(value, frame)?;
                self.hit("host.array");
                let ty = self.program.types.host_array();
                self.object(Of::Type(ty), vec![Value::Ref(value); (number % 4) as usize + 1])
            }
            Expr::HostStruct(number, value) => {
                let number = number.of(frame);
                let value = self.expr(value, frame)?;
                self.hit("host.struct");
                let ty = self.program.types.host_struct();
                let last = Value::Ref(Reference::Null);
                let values = vec![Value::I64(number), Value::Ref(value), last, numeric(Storage::I8, number)];
                self.object(Of::Type(ty), values)
            }
            other => unreachable!("{other:?} is no function of the host"),
        })
    }

    /// A value as an integer.
    pub(super) fn number(&self, storage: Storage, value: Value, signed: bool) -> u64 {
        match (value, storage) {
            (Value::I32(bits), Storage::I8) if signed => i64::from(bits as u8 as i8).cast_unsigned(),
            (Value::I32(bits), Storage::I16) if signed => i64::from(bits as u16 as i16).cast_unsigned(),
            (Value::I32(bits) | Value::F32(bits), _) => u64::from(bits),
            (Value::I64(bits) | Value::F64(bits), _) => bits,
            (Value::V128(bits), _) => (bits as u64) ^ ((bits >> 64) as u64).rotate_left(7),
            (Value::Ref(_), _) => unreachable!("it is no number"),
        }
    }

    fn get(&mut self, storage: Storage, signed: bool, array: bool) {
        self.hit(match (storage, signed, array) {
            (Storage::I8 | Storage::I16, true, false) => "struct.get_s",
            (Storage::I8 | Storage::I16, false, false) => "struct.get_u",
            (Storage::I8 | Storage::I16, true, true) => "array.get_s",
            (Storage::I8 | Storage::I16, false, true) => "array.get_u",
            (_, _, false) => "struct.get",
            (_, _, true) => "array.get",
        });
    }

    fn reading(&mut self, reading: &Reading, frame: &mut Frame) -> Result<u64, Halt> {
        Ok(match reading {
            Reading::Field(ty, field, object, signed) => {
                let object = Self::dereference(self.expr(object, frame)?, Stop::NullStructure)?;
                let storage = self.storage(*ty, *field);
                self.get(storage, *signed, false);
                self.number(storage, self.objects[object].values[*field], *signed)
            }
            Reading::Element(ty, array, index, signed) => {
                let array = self.expr(array, frame)?;
                let at = self.index(array, *index, frame)?;
                let storage = self.storage(*ty, 0);
                self.get(storage, *signed, true);
                let value = self.element(array, at)?;
                self.number(storage, value, *signed)
            }
            Reading::Length(array) => {
                let array = Self::dereference(self.expr(array, frame)?, Stop::NullArray)?;
                self.hit("array.len");
                self.objects[array].values.len() as u64
            }
            Reading::Test(ty, value) => {
                let value = self.expr(value, frame)?;
                self.hit("ref.test");
                u64::from(self.is(value, *ty))
            }
            Reading::IsNull(value) => {
                self.hit("ref.is_null");
                u64::from(self.expr(value, frame)? == Reference::Null)
            }
            Reading::Same(one, other) => {
                let (one, other) = (self.expr(one, frame)?, self.expr(other, frame)?);
                self.hit("ref.eq");
                u64::from(one == other)
            }
            Reading::I31(value, signed) => {
                let Reference::I31(bits) = self.expr(value, frame)? else { return Err(Halt::Trap(Stop::NullI31)) };
                self.hit(if *signed { "i31.get_s" } else { "i31.get_u" });
                if *signed { i64::from((bits << 1).cast_signed() >> 1).cast_unsigned() } else { u64::from(bits) }
            }
            Reading::Digest(value, depth) => {
                let value = self.expr(value, frame)?;
                self.digest(value, *depth)
            }
            Reading::Number(value) => {
                let value = self.expr(value, frame)?;
                self.read(value)
            }
            Reading::TableSize(table) => {
                self.hit("table.size");
                self.tables[*table].len() as u64
            }
        })
    }

    /// What the host reads of a value.
    fn read(&self, value: Reference) -> u64 {
        match value {
            Reference::Host(number) => self.hosts[number],
            Reference::Null => 5,
            _ => 6,
        }
    }

    /// What can be seen from a reference, so deep.
    pub(super) fn digest(&self, reference: Reference, depth: u32) -> u64 {
        match reference {
            Reference::Null => 1,
            _ if depth == 0 => 2,
            Reference::I31(bits) => 93_u64.wrapping_add_signed(i64::from((bits << 1).cast_signed() >> 1)),
            Reference::Host(number) => self.hosts[number].wrapping_add(1550),
            Reference::Func(_) => unreachable!("functions have no digest"),
            Reference::Object(object) => {
                let Of::Type(ty) = self.objects[object].of else { unreachable!("nor have exceptions") };
                self.fields_seen(object, ty as u64 + 100, depth, Self::digest)
            }
        }
    }

    /// Of an object's fields, what a walk of each sees.
    fn fields_seen(&self, object: usize, sum: u64, depth: u32, walk: fn(&Self, Reference, u32) -> u64) -> u64 {
        let Of::Type(ty) = self.objects[object].of else { unreachable!("it is a structure or array") };
        let values = &self.objects[object].values;
        let fields = self.program.types.fields(ty);
        let is_array = matches!(self.program.types.all[ty].kind, Kind::Array(_));
        let mut sum = if is_array { sum.wrapping_mul(31).wrapping_add(values.len() as u64) } else { sum };
        let shown = if is_array { values.len().min(3) } else { values.len() };
        let last = if is_array { values.len().checked_sub(1) } else { None };
        for at in (0..shown).chain(last) {
            let storage = if is_array { fields[0].storage } else { fields[at].storage };
            let part = match values[at] {
                Value::Ref(Reference::Func(function)) => 1 + (function as u64 & 1),
                Value::Ref(value) => match self.program.types.top(storage.reference().expect("it is one").heap) {
                    Heap::Func | Heap::Exn => u64::from(value != Reference::Null),
                    _ => walk(self, value, depth - 1),
                },
                value => self.number(storage, value, false),
            };
            sum = sum.wrapping_mul(31).wrapping_add(part);
        }
        sum
    }

    /// What the host sees from a reference, so deep: it does not know the numbers of types.
    pub(super) fn seen(&self, reference: Reference, depth: u32) -> u64 {
        match reference {
            Reference::Object(object) if depth > 0 => self.fields_seen(object, 0, depth, Self::seen),
            other => self.digest(other, depth),
        }
    }

    /// What the host sees of an exception.
    pub(super) fn exception_seen(&self, exception: usize) -> u64 {
        let Of::Tag(tag) = self.objects[exception].of else { unreachable!("it is an exception") };
        let storages = super::program::TAGS[tag];
        let values = self.objects[exception].values.iter().zip(storages);
        values.fold(tag as u64, |sum, (value, storage)| {
            let part = match value {
                Value::Ref(Reference::Func(_)) => 1,
                Value::Ref(Reference::Null) if *storage == Storage::Ref(super::types::nullable(Heap::Func)) => 0,
                Value::Ref(reference) => self.seen(*reference, 2),
                value => self.number(*storage, *value, false),
            };
            sum.wrapping_mul(31).wrapping_add(part)
        })
    }

    /// Runs a statement that only has effects.
    pub(super) fn effect(&mut self, statement: &Statement, frame: &mut Frame) -> Result<(), Halt> {
        match statement {
            Statement::Set(local, value) => frame.locals[*local] = self.expr(value, frame)?,
            Statement::SetGlobal(global, value) => {
                self.globals[*global] = self.expr(value, frame)?;
                self.hit("global.set");
            }
            Statement::Read(local, reading) => {
                let number = self.reading(reading, frame)?;
                frame.mix(*local, number);
            }
            Statement::SetField(ty, field, object, operand) => {
                let object = self.expr(object, frame)?;
                let value = self.operand(self.storage(*ty, *field), operand, frame)?;
                let object = Self::dereference(object, Stop::NullStructure)?;
                self.hit("struct.set");
                self.objects[object].values[*field] = value;
            }
            Statement::SetElement(ty, array, index, operand) => {
                let array = self.expr(array, frame)?;
                let at = self.index(array, *index, frame)?;
                let value = self.operand(self.storage(*ty, 0), operand, frame)?;
                self.element(array, at)?;
                self.hit("array.set");
                let array = Self::dereference(array, Stop::NullArray)?;
                self.objects[array].values[at as usize] = value;
            }
            Statement::DropData => {
                self.hit("data.drop");
                self.data.clear();
            }
            Statement::DropElem(segment) => {
                self.hit("elem.drop");
                self.segments[*segment].clear();
            }
            Statement::Root(value) => {
                let value = self.expr(value, frame)?;
                self.hit("host.root");
                self.root(value);
            }
            Statement::Mutate(object, number, value) => {
                let object = self.expr(object, frame)?;
                let number = number.of(frame);
                let value = self.expr(value, frame)?;
                self.hit("host.mutate");
                self.mutate(object, number, value);
            }
            Statement::Collect => self.hit("host.collect"),
            Statement::Churn(..) => self.hit("array.new_default"),
            Statement::SetTable(..)
            | Statement::Grow(..)
            | Statement::FillTable(..)
            | Statement::CopyTable(..)
            | Statement::InitTable(..) => self.table(statement, frame)?,
            range => self.range(range, frame)?,
        }
        Ok(())
    }

    /// What the host does to an object.
    fn mutate(&mut self, object: Reference, number: u64, value: Reference) {
        let Reference::Object(object) = object else { return };
        let Of::Type(ty) = self.objects[object].of else { return };
        let count = self.objects[object].values.len();
        let Some(at) = number.checked_rem(count as u64) else { return };
        let field = if self.program.types.is_array(ty) { 0 } else { at as usize };
        let field = self.program.types.fields(ty)[field];
        if !field.mutable {
            return;
        }
        let value = match field.storage {
            Storage::Ref(to) if matches!(self.program.types.top(to.heap), Heap::Func | Heap::Exn) => return,
            Storage::Ref(to) if self.is(value, to) => Value::Ref(value),
            Storage::Ref(to) if to.nullable => Value::Ref(Reference::Null),
            Storage::Ref(_) => return,
            storage => numeric(storage, number),
        };
        self.objects[object].values[at as usize] = value;
    }

    fn table(&mut self, statement: &Statement, frame: &mut Frame) -> Result<(), Halt> {
        match statement {
            Statement::SetTable(table, index, value) => {
                let at = index.of(frame, self.tables[*table].len());
                let value = self.expr(value, frame)?;
                self.hit("table.set");
                *self.tables[*table].get_mut(at as usize).ok_or(Halt::Trap(Stop::Table))? = value;
            }
            Statement::Grow(table, value, by) => {
                let value = self.expr(value, frame)?;
                self.hit("table.grow");
                let (length, most) = (self.tables[*table].len(), TABLES[*table].2 as usize);
                let grown = length + *by as usize;
                if grown <= most {
                    self.tables[*table].resize(grown, value);
                }
                let was = if grown <= most { length as u32 } else { u32::MAX };
                frame.mix(0, u64::from(was));
            }
            Statement::FillTable(table, index, value, length) => {
                // As long as it was: the value may make it longer.
                let size = self.tables[*table].len();
                let start = index.of(frame, size);
                let value = self.expr(value, frame)?;
                let count = count(*length, frame, &[(*index, start, size)]);
                self.hit("table.fill");
                require(fits(start, count, self.tables[*table].len()), Stop::Table)?;
                self.tables[*table][start as usize..][..count as usize].fill(value);
            }
            Statement::CopyTable(to, from, [index, source], length) => {
                let sizes = [self.tables[*to].len(), self.tables[*from].len()];
                let starts = [index.of(frame, sizes[0]), source.of(frame, sizes[1])];
                let count = count(*length, frame, &[(*index, starts[0], sizes[0]), (*source, starts[1], sizes[1])]);
                self.hit("table.copy");
                require(fits(starts[0], count, sizes[0]) && fits(starts[1], count, sizes[1]), Stop::Table)?;
                let values = self.tables[*from][starts[1] as usize..][..count as usize].to_vec();
                self.tables[*to][starts[0] as usize..][..count as usize].copy_from_slice(&values);
            }
            Statement::InitTable(table, segment, index, offset, length) => {
                let size = self.tables[*table].len();
                let start = index.of(frame, size);
                let offset = offset.of(frame) as u32;
                let count = count(*length, frame, &[(*index, start, size)]);
                self.hit("table.init");
                let of = self.segments[*segment].len();
                require(fits(start, count, size) && fits(offset, count, of), Stop::Table)?;
                let values = self.segments[*segment][offset as usize..][..count as usize].to_vec();
                self.tables[*table][start as usize..][..count as usize].copy_from_slice(&values);
            }
            other => unreachable!("{other:?} is of no table"),
        }
        Ok(())
    }

    /// Puts values into an array.
    fn write(&mut self, array: Reference, start: u32, values: &[Value]) -> Result<(), Halt> {
        let array = Self::dereference(array, Stop::NullArray)?;
        self.objects[array].values[start as usize..][..values.len()].copy_from_slice(values);
        Ok(())
    }

    /// Requires that so many elements are in an array.
    fn within(&self, array: Reference, start: u32, count: u32) -> Result<(), Halt> {
        let array = Self::dereference(array, Stop::NullArray)?;
        require(fits(start, count, self.objects[array].values.len()), Stop::Array)
    }

    fn range(&mut self, statement: &Statement, frame: &mut Frame) -> Result<(), Halt> {
        match statement {
            Statement::Fill(ty, array, index, operand, length) => {
                let array = self.expr(array, frame)?;
                let start = self.index(array, *index, frame)?;
                let count = count(*length, frame, &[(*index, start, self.length(array))]);
                let value = self.operand(self.storage(*ty, 0), operand, frame)?;
                self.hit("array.fill");
                self.within(array, start, count)?;
                self.write(array, start, &vec![value; count as usize])?;
            }
            Statement::InitData(ty, array, index, offset, length) => {
                let array = self.expr(array, frame)?;
                let start = self.index(array, *index, frame)?;
                let offset = offset.of(frame) as u32;
                let count = count(*length, frame, &[(*index, start, self.length(array))]);
                self.hit("array.init_data");
                self.within(array, start, count)?;
                let values = self.out_of_data(self.storage(*ty, 0), offset, count)?;
                self.write(array, start, &values)?;
            }
            Statement::InitElem(_, segment, array, index, offset, length) => {
                let array = self.expr(array, frame)?;
                let start = self.index(array, *index, frame)?;
                let offset = offset.of(frame) as u32;
                let count = count(*length, frame, &[(*index, start, self.length(array))]);
                self.hit("array.init_elem");
                self.within(array, start, count)?;
                let values = self.out_of_segment(*segment, offset, count)?;
                self.write(array, start, &values)?;
            }
            Statement::Copy(_, _, arrays, indices, length) => {
                let [target, source] = &**arrays;
                let target = self.expr(target, frame)?;
                let start = self.index(target, indices[0], frame)?;
                let target_length = self.length(target);
                let source = self.expr(source, frame)?;
                let from = self.index(source, indices[1], frame)?;
                let starts = [(indices[0], start, target_length), (indices[1], from, self.length(source))];
                let count = count(*length, frame, &starts);
                self.hit("array.copy");
                // Both are looked at for null before a bound is.
                Self::dereference(target, Stop::NullArray)?;
                let array = Self::dereference(source, Stop::NullArray)?;
                self.within(target, start, count)?;
                self.within(source, from, count)?;
                let values = self.objects[array].values[from as usize..][..count as usize].to_vec();
                self.write(target, start, &values)?;
            }
            other => unreachable!("{other:?} is of no range"),
        }
        Ok(())
    }
}
