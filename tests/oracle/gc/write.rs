//! The text of statements and expressions.

use super::program::{
    Call, Clause, EXCEPTION, Expr, Index, Int, OnCast, Operand, Program, RELAY, Reading, Statement, TAGS, Way,
};
use super::types::{RefType, Storage, heap_text, ref_text, storage_text};
use std::fmt::Write;

/// Loops nest no deeper than statements do.
pub(super) const LOOPS: usize = 6;

/// A value as an integer; of a vector, by this local.
pub(super) fn number_of(storage: Storage, value: &str, signed: bool, vector: &str) -> String {
    match storage {
        Storage::I8 | Storage::I16 if signed => format!("(i64.extend_i32_s {value})"),
        Storage::I8 | Storage::I16 | Storage::I32 => format!("(i64.extend_i32_u {value})"),
        Storage::I64 => value.to_owned(),
        Storage::F32 => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        Storage::F64 => format!("(i64.reinterpret_f64 {value})"),
        Storage::V128 => format!(
            "(i64.xor (i64x2.extract_lane 0 (local.tee {vector} {value})) (i64.rotl (i64x2.extract_lane 1 (local.get {vector})) (i64.const 7)))"
        ),
        Storage::Ref(_) => unreachable!("it is no number"),
    }
}

fn int(of: Int) -> String {
    match of.local {
        Some(local) => format!("(i64.add (local.get $a{local}) (i64.const {}))", of.add),
        None => format!("(i64.const {})", of.add),
    }
}

fn int32(of: Int) -> String {
    match of.local {
        Some(_) => format!("(i32.wrap_i64 {})", int(of)),
        None => format!("(i32.const {})", of.add as i32),
    }
}

/// A float of these bits, with so many of them for the fraction.
fn float(bits: u64, width: u32, fraction: u32, value: String) -> String {
    let mantissa = bits & ((1 << fraction) - 1);
    let exponent = bits >> fraction & ((1 << (width - 1 - fraction)) - 1);
    let sign = if bits >> (width - 1) & 1 == 1 { "-" } else { "" };
    match (exponent == (1 << (width - 1 - fraction)) - 1, mantissa) {
        (true, 0) => format!("{sign}inf"),
        (true, payload) => format!("{sign}nan:0x{payload:x}"),
        _ => value,
    }
}

/// A number of a field's type.
fn number(storage: Storage, of: Int) -> String {
    let constant = of.add;
    match (storage, of.local) {
        (Storage::I8 | Storage::I16 | Storage::I32, _) => int32(of),
        (Storage::I64, _) => int(of),
        (Storage::F32, Some(_)) => format!("(f32.reinterpret_i32 {})", int32(of)),
        (Storage::F64, Some(_)) => format!("(f64.reinterpret_i64 {})", int(of)),
        (Storage::V128, Some(_)) => format!("(i64x2.splat {})", int(of)),
        (Storage::F32, None) => {
            let bits = constant as u32;
            let value = float(u64::from(bits), 32, 23, format!("{:e}", f32::from_bits(bits)));
            format!("(f32.const {value})")
        }
        (Storage::F64, None) => {
            let bits = constant.cast_unsigned();
            format!("(f64.const {})", float(bits, 64, 52, format!("{:e}", f64::from_bits(bits))))
        }
        (Storage::V128, None) => format!("(v128.const i64x2 {constant} {constant})"),
        (Storage::Ref(_), _) => unreachable!("it is no number"),
    }
}

/// Writes the body of a function.
pub(super) struct Writer<'t> {
    program: &'t Program,
    text: &'t mut String,
    /// The labels that are open, outermost first; 0 for those that nothing names.
    labels: Vec<usize>,
    /// How many loops are open: each has a local for its count.
    loops: usize,
}

impl<'t> Writer<'t> {
    pub(super) fn new(program: &'t Program, text: &'t mut String) -> Writer<'t> {
        Writer { program, text, labels: Vec::new(), loops: 0 }
    }

    fn put(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn depth(&self, label: usize) -> usize {
        let position = self.labels.iter().rposition(|open| *open == label);
        self.labels.len() - 1 - position.expect("the label is open")
    }

    pub(super) fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn within(&mut self, label: usize, body: &[Statement]) {
        self.labels.push(label);
        self.statements(body);
        self.labels.pop();
    }

    fn storage(&self, ty: usize) -> Storage {
        self.program.types.fields(ty)[0].storage
    }

    /// Mixes the number on the stack into a local.
    fn mix(&mut self, local: usize) {
        self.put(format!(
            "local.set $i64 (local.set $a{local} (i64.xor (i64.rotl (local.get $a{local}) (i64.const 5)) (local.get $i64)))"
        ));
    }

    fn operand(&mut self, storage: Storage, operand: &Operand) {
        match operand {
            Operand::Number(of) => self.put(number(storage, *of)),
            Operand::Ref(expr) => self.expr(expr),
        }
    }

    /// An index into an array that is in the local of its type.
    fn index(&mut self, ty: usize, index: Index) {
        self.put(if index.raw {
            int32(index.at)
        } else {
            format!("(call $index {} (array.len (local.get $m{ty})))", int(index.at))
        });
    }

    fn table_index(&mut self, table: usize, index: Index) {
        self.put(if index.raw {
            int32(index.at)
        } else {
            format!("(call $index {} (table.size $c{table}))", int(index.at))
        });
    }

    /// An array and a start in it, number `which` of a statement, and how much room there is.
    fn start(&mut self, ty: usize, array: &Expr, index: Index, which: usize, any_raw: bool) {
        self.expr(array);
        self.put(format!("local.tee $m{ty}"));
        self.index(ty, index);
        self.put(format!("local.tee $i{which}"));
        if !any_raw {
            self.put(format!("(local.set $r{which} (i32.sub (array.len (local.get $m{ty})) (local.get $i{which})))"));
        }
    }

    fn table_start(&mut self, table: usize, index: Index, which: usize) {
        self.table_index(table, index);
        self.put(format!("local.tee $i{which}"));
        self.put(format!("(local.set $r{which} (i32.sub (table.size $c{table}) (local.get $i{which})))"));
    }

    /// How many: no more than there is room for, if that is known.
    fn count(&mut self, of: Int, any_raw: bool, starts: usize) {
        let least = "(select (local.get $r0) (local.get $r1) (i32.lt_u (local.get $r0) (local.get $r1)))";
        self.put(match (any_raw, starts) {
            (true, _) => format!("(i32.and {} (i32.const 7))", int32(of)),
            (_, 1) => format!("(call $count {} (local.get $r0))", int(of)),
            _ => format!("(call $count {} {least})", int(of)),
        });
    }

    fn block(&mut self, ty: RefType) {
        self.put(format!("block (result {})", ref_text(ty)));
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Null(heap) => self.put(format!("ref.null {}", heap_text(*heap))),
            Expr::Local(local) => self.put(format!("local.get $l{local}")),
            Expr::Tee(local, value) => {
                self.expr(value);
                self.put(format!("local.tee $l{local}"));
            }
            Expr::Global(global) => self.put(format!("global.get $g{global}")),
            Expr::I31(of) => self.put(format!("(ref.i31 {})", int32(*of))),
            Expr::Func(function) => self.put(format!("ref.func $f{function}")),
            Expr::Field(ty, field, object) => {
                self.expr(object);
                self.put(format!("struct.get $t{ty} {field}"));
            }
            Expr::Element(ty, array, index) => {
                self.expr(array);
                self.put(format!("local.tee $m{ty}"));
                self.index(*ty, *index);
                self.put(format!("array.get $t{ty}"));
            }
            Expr::TableGet(table, index) => {
                self.table_index(*table, *index);
                self.put(format!("table.get $c{table}"));
            }
            Expr::Cast(ty, value) => {
                self.expr(value);
                self.put(format!("ref.cast {}", ref_text(*ty)));
            }
            Expr::OnCast(cast) => self.on_cast(cast),
            Expr::ToExtern(value) => {
                self.expr(value);
                self.put("extern.convert_any");
            }
            Expr::ToAny(value) => {
                self.expr(value);
                self.put("any.convert_extern");
            }
            Expr::Call(call) => {
                self.call(call, "");
                for local in call.results[1..].iter().rev() {
                    self.put(format!("local.set $l{local}"));
                }
                self.put("local.set $any");
                self.mix(0);
                self.put("local.get $any");
            }
            Expr::HostMake(of) => self.put(format!("(call $make {})", int(*of))),
            Expr::HostTake(of) => self.put(format!("(call $take {})", int(*of))),
            Expr::HostArray(of, value) | Expr::HostStruct(of, value) => {
                self.put(int(*of));
                self.expr(value);
                self.put(if matches!(expr, Expr::HostArray(..)) { "call $array" } else { "call $struct" });
            }
            Expr::OrElse(..) | Expr::NullElse(..) | Expr::AsNonNull(_) | Expr::Select(..) => self.choice(expr),
            new => self.allocation(new),
        }
    }

    fn choice(&mut self, expr: &Expr) {
        match expr {
            Expr::OrElse(value, other) => {
                self.block(self.program.ty(expr));
                self.expr(value);
                self.put("br_on_non_null 0");
                self.expr(other);
                self.put("end");
            }
            Expr::NullElse(ty, value, other) => {
                self.block(*ty);
                self.put("block");
                self.expr(value);
                self.put("br_on_null 0 br 1 end");
                self.expr(other);
                self.put("end");
            }
            Expr::AsNonNull(value) => {
                self.expr(value);
                self.put("ref.as_non_null");
            }
            Expr::Select(ty, local, bit, one, other) => {
                self.expr(one);
                self.expr(other);
                self.bit(*local, *bit);
                self.put(format!("select (result {})", ref_text(*ty)));
            }
            other => unreachable!("{other:?} is no choice"),
        }
    }

    fn allocation(&mut self, expr: &Expr) {
        match expr {
            Expr::New(ty, operands) => {
                let fields = self.program.types.fields(*ty);
                for (field, operand) in fields.iter().zip(operands) {
                    self.operand(field.storage, operand);
                }
                self.put(format!("struct.new $t{ty}"));
            }
            Expr::NewDefault(ty) => self.put(format!("struct.new_default $t{ty}")),
            Expr::Array(ty, operand, length) => {
                self.operand(self.storage(*ty), operand);
                self.put(format!("i32.const {length} array.new $t{ty}"));
            }
            Expr::ArrayDefault(ty, length) => self.put(format!("i32.const {length} array.new_default $t{ty}")),
            Expr::Fixed(ty, operands) => {
                for operand in operands {
                    self.operand(self.storage(*ty), operand);
                }
                self.put(format!("array.new_fixed $t{ty} {}", operands.len()));
            }
            Expr::FromData(ty, offset, length) => {
                self.put(format!("{} {} array.new_data $t{ty} $d", int32(*offset), int32(*length)));
            }
            Expr::FromElem(ty, segment, offset, length) => {
                self.put(format!("{} {} array.new_elem $t{ty} $s{segment}", int32(*offset), int32(*length)));
            }
            other => unreachable!("{other:?} makes nothing"),
        }
    }

    fn on_cast(&mut self, cast: &OnCast) {
        let OnCast { fail, from, to, value, other } = cast;
        let types = format!("{} {}", ref_text(*from), ref_text(*to));
        self.block(*to);
        if *fail {
            self.block(*from);
        }
        self.expr(value);
        self.put(if *fail { format!("br_on_cast_fail 0 {types} br 1 end") } else { format!("br_on_cast 0 {types}") });
        self.put("drop");
        self.expr(other);
        self.put("end");
    }

    fn bit(&mut self, local: usize, bit: u32) {
        self.put(format!("(i32.wrap_i64 (i64.and (i64.shr_u (local.get $a{local}) (i64.const {bit})) (i64.const 1)))"));
    }

    /// A call, or with `return_` before it one in the place of the function.
    fn call(&mut self, call: &Call, kind: &str) {
        let signature = call.signature();
        if matches!(call.way, Way::Host | Way::HostCatch | Way::Relay) {
            self.put(format!("i32.const {}", call.function));
        }
        self.put(int(call.argument));
        for param in &call.params {
            self.expr(param);
        }
        match &call.way {
            Way::Direct => self.put(format!("{kind}call $f{}", call.function)),
            Way::Ref(function) => {
                self.expr(function);
                self.put(format!("{kind}call_ref $t{signature}"));
            }
            Way::Indirect => {
                self.put(format!("i32.const {} {kind}call_indirect $functions (type $t{signature})", call.function));
            }
            Way::IndirectAny(at) => self.put(format!(
                "(i32.and {} (i32.const 15)) {kind}call_indirect $functions (type $t{signature})",
                int32(*at)
            )),
            Way::Host => self.put(format!("{kind}call $call{signature}")),
            Way::HostCatch => self.put(format!("{kind}call $catch")),
            Way::Relay => self.put(format!("i32.const {RELAY} {kind}call_indirect $functions (type $relay)")),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Mix(local, by) => self.put(format!(
                "(local.set $a{local} (i64.add (i64.mul (local.get $a{local}) (i64.const 31)) (i64.const {by})))"
            )),
            Statement::If(local, bit, then, other) => {
                self.bit(*local, *bit);
                self.put("if");
                self.within(0, then);
                self.put("else");
                self.within(0, other);
                self.put("end");
            }
            Statement::Repeat(times, body) => self.repeat(*times, body),
            Statement::Block(label, body) => {
                self.put("block");
                self.within(*label, body);
                self.put("end");
            }
            Statement::Leave(label) => self.put(format!("br {}", self.depth(*label))),
            Statement::Call(call) => {
                self.call(call, "");
                for local in call.results.iter().rev() {
                    self.put(format!("local.set $l{local}"));
                }
                self.mix(0);
            }
            Statement::Tail(call) => self.call(call, "return_"),
            Statement::Return(local, values) => {
                self.put(format!("local.get $a{local}"));
                for value in values {
                    self.expr(value);
                }
                self.put("return");
            }
            Statement::Throw(tag, operands) => {
                for (storage, operand) in TAGS[*tag].iter().zip(operands) {
                    self.operand(*storage, operand);
                }
                self.put(format!("throw {tag}"));
            }
            Statement::ThrowRef => self.put(format!("local.get $l{EXCEPTION} throw_ref")),
            Statement::Table(label, body, clauses) => self.try_table(*label, body, clauses),
            Statement::Legacy(label, body, clauses) => {
                self.put("try");
                self.within(*label, body);
                for clause in clauses {
                    match clause.tag {
                        Some(tag) => {
                            self.put(format!("catch {tag}"));
                            self.take(tag, &clause.values);
                        }
                        None => self.put("catch_all"),
                    }
                    self.within(*label, &clause.body);
                }
                self.put("end");
            }
            Statement::Rethrow(label) => self.put(format!("rethrow {}", self.depth(*label))),
            effect => self.effect(effect),
        }
    }

    fn repeat(&mut self, times: u32, body: &[Statement]) {
        let count = self.loops;
        self.loops += 1;
        self.put(format!("(local.set $n{count} (i32.const {times})) loop"));
        self.within(0, body);
        self.put(format!(
            "(local.set $n{count} (i32.sub (local.get $n{count}) (i32.const 1)))
(if (global.get $fuel) (then
(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
(br_if 1 (local.get $n{count}))))
end"
        ));
        self.loops -= 1;
    }

    fn effect(&mut self, statement: &Statement) {
        match statement {
            Statement::Set(local, value) => {
                self.expr(value);
                self.put(format!("local.set $l{local}"));
            }
            Statement::SetGlobal(global, value) => {
                self.expr(value);
                self.put(format!("global.set $g{global}"));
            }
            Statement::SetField(ty, field, object, operand) => {
                self.expr(object);
                self.operand(self.program.types.fields(*ty)[*field].storage, operand);
                self.put(format!("struct.set $t{ty} {field}"));
            }
            Statement::SetElement(ty, array, index, operand) => {
                self.expr(array);
                self.put(format!("local.tee $m{ty}"));
                self.index(*ty, *index);
                self.operand(self.storage(*ty), operand);
                self.put(format!("array.set $t{ty}"));
            }
            Statement::Read(local, reading) => {
                self.reading(reading);
                self.mix(*local);
            }
            Statement::DropData => self.put("data.drop $d"),
            Statement::DropElem(segment) => self.put(format!("elem.drop $s{segment}")),
            Statement::HostThrow(of, value) => {
                self.put(int(*of));
                self.expr(value);
                self.put("call $throw");
            }
            Statement::Root(value) => {
                self.expr(value);
                self.put("call $root");
            }
            Statement::Mutate(object, of, value) => {
                self.expr(object);
                self.put(int(*of));
                self.expr(value);
                self.put("call $mutate");
            }
            Statement::Collect => self.put("call $collect"),
            Statement::Churn(count, length) => {
                let ty = self
                    .program
                    .types
                    .such(|types, ty| types.is_array(ty) && types.fields(ty)[0].storage == Storage::I64)[0];
                self.put(format!(
                    "(local.set $i0 (i32.const {count})) loop (drop (array.new_default $t{ty} (i32.const {length})))
(br_if 0 (local.tee $i0 (i32.sub (local.get $i0) (i32.const 1)))) end"
                ));
            }
            Statement::SetTable(..)
            | Statement::Grow(..)
            | Statement::FillTable(..)
            | Statement::CopyTable(..)
            | Statement::InitTable(..) => self.table(statement),
            range => self.range(range),
        }
    }

    fn table(&mut self, statement: &Statement) {
        match statement {
            Statement::SetTable(table, index, value) => {
                self.table_index(*table, *index);
                self.expr(value);
                self.put(format!("table.set $c{table}"));
            }
            Statement::Grow(table, value, by) => {
                self.expr(value);
                self.put(format!("i32.const {by} table.grow $c{table} i64.extend_i32_u"));
                self.mix(0);
            }
            Statement::FillTable(table, index, value, length) => {
                self.table_start(*table, *index, 0);
                self.expr(value);
                self.count(*length, index.raw, 1);
                self.put(format!("table.fill $c{table}"));
            }
            Statement::CopyTable(to, from, [index, source], length) => {
                self.table_start(*to, *index, 0);
                self.table_start(*from, *source, 1);
                self.count(*length, index.raw || source.raw, 2);
                self.put(format!("table.copy $c{to} $c{from}"));
            }
            Statement::InitTable(table, segment, index, offset, length) => {
                self.table_start(*table, *index, 0);
                self.put(int32(*offset));
                self.count(*length, index.raw, 1);
                self.put(format!("table.init $c{table} $s{segment}"));
            }
            other => unreachable!("{other:?} is of no table"),
        }
    }

    fn range(&mut self, statement: &Statement) {
        match statement {
            Statement::Fill(ty, array, index, operand, length) => {
                self.start(*ty, array, *index, 0, index.raw);
                // Before the value, so that nothing is called when there is one.
                self.count(*length, index.raw, 1);
                self.put("local.set $i1");
                self.operand(self.storage(*ty), operand);
                self.put(format!("local.get $i1 array.fill $t{ty}"));
            }
            Statement::InitData(ty, array, index, offset, length) => {
                self.start(*ty, array, *index, 0, index.raw);
                self.put(int32(*offset));
                self.count(*length, index.raw, 1);
                self.put(format!("array.init_data $t{ty} $d"));
            }
            Statement::InitElem(ty, segment, array, index, offset, length) => {
                self.start(*ty, array, *index, 0, index.raw);
                self.put(int32(*offset));
                self.count(*length, index.raw, 1);
                self.put(format!("array.init_elem $t{ty} $s{segment}"));
            }
            Statement::Copy(to, from, arrays, indices, length) => {
                let raw = indices[0].raw || indices[1].raw;
                self.start(*to, &arrays[0], indices[0], 0, raw);
                self.start(*from, &arrays[1], indices[1], 1, raw);
                self.count(*length, raw, 2);
                self.put(format!("array.copy $t{to} $t{from}"));
            }
            other => unreachable!("{other:?} is of no range"),
        }
    }

    fn reading(&mut self, reading: &Reading) {
        let sign = |storage: Storage, signed: bool| match (storage, signed) {
            (Storage::I8 | Storage::I16, true) => "_s",
            (Storage::I8 | Storage::I16, false) => "_u",
            _ => "",
        };
        match reading {
            Reading::Field(ty, field, object, signed) => {
                let storage = self.program.types.fields(*ty)[*field].storage;
                self.expr(object);
                self.put(format!("struct.get{} $t{ty} {field}", sign(storage, *signed)));
                self.number(storage, *signed);
            }
            Reading::Element(ty, array, index, signed) => {
                let storage = self.storage(*ty);
                self.expr(array);
                self.put(format!("local.tee $m{ty}"));
                self.index(*ty, *index);
                self.put(format!("array.get{} $t{ty}", sign(storage, *signed)));
                self.number(storage, *signed);
            }
            Reading::Length(array) => {
                self.expr(array);
                self.put("array.len i64.extend_i32_u");
            }
            Reading::Test(ty, value) => {
                self.expr(value);
                self.put(format!("ref.test {} i64.extend_i32_u", ref_text(*ty)));
            }
            Reading::IsNull(value) => {
                self.expr(value);
                self.put("ref.is_null i64.extend_i32_u");
            }
            Reading::Same(one, other) => {
                self.expr(one);
                self.expr(other);
                self.put("ref.eq i64.extend_i32_u");
            }
            Reading::I31(value, signed) => {
                self.expr(value);
                self.put(if *signed { "i31.get_s i64.extend_i32_s" } else { "i31.get_u i64.extend_i32_u" });
            }
            Reading::Digest(value, depth) => {
                self.expr(value);
                self.put(format!("i32.const {depth} call $digest"));
            }
            Reading::Number(value) => {
                self.expr(value);
                self.put("call $read");
            }
            Reading::TableSize(table) => self.put(format!("table.size $c{table} i64.extend_i32_u")),
        }
    }

    /// The value on the stack as an integer.
    fn number(&mut self, storage: Storage, signed: bool) {
        let local = match storage {
            Storage::I8 | Storage::I16 => "i32".to_owned(),
            other => storage_text(other),
        };
        let value = format!("(local.get ${local})");
        self.put(format!("local.set ${local} {}", number_of(storage, &value, signed, "$v128")));
    }

    fn try_table(&mut self, label: usize, body: &[Statement], clauses: &[Clause]) {
        // Around all, and then a block for each clause, the first innermost.
        self.put("block");
        self.labels.push(0);
        for clause in clauses.iter().rev() {
            let types = clause.tag.map_or(&[][..], |tag| TAGS[tag]).iter();
            let values: String = types.map(|storage| format!(" {}", storage_text(*storage))).collect();
            let reference = if clause.reference { " exnref" } else { "" };
            self.put(format!("block (result{values}{reference})"));
            self.labels.push(0);
        }
        let mut catches = String::new();
        for (position, clause) in clauses.iter().enumerate() {
            let kind = if clause.reference { "_ref" } else { "" };
            match clause.tag {
                Some(tag) => write!(catches, " (catch{kind} {tag} {position})"),
                None => write!(catches, " (catch_all{kind} {position})"),
            }
            .expect("writing to a string");
        }
        self.put(format!("try_table{catches}"));
        self.within(label, body);
        self.put(format!("end br {}", clauses.len()));
        for (position, clause) in clauses.iter().enumerate() {
            self.put("end");
            self.labels.pop();
            if clause.reference {
                self.put(format!("local.set $l{EXCEPTION}"));
            }
            if let Some(tag) = clause.tag {
                self.take(tag, &clause.values);
            }
            self.statements(&clause.body);
            self.put(format!("br {}", clauses.len() - 1 - position));
        }
        self.put("end");
        self.labels.pop();
    }

    /// Takes the values of a tag from the stack.
    fn take(&mut self, tag: usize, homes: &[usize]) {
        let mut homes = homes.iter().rev();
        for storage in TAGS[tag].iter().rev() {
            if storage.reference().is_some() {
                self.put(format!("local.set $l{}", homes.next().expect("one for each reference")));
            } else {
                self.number(*storage, false);
                self.mix(0);
            }
        }
    }
}
