//! The text of a program.

use super::program::{Clause, FLOATS, FUNCTIONS, IMPORTED, INTEGERS, REFERENCES, Statement, TAGS, Type, Way};
use std::fmt::Write;

fn name(ty: Type) -> &'static str {
    match ty {
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::V128 => "v128",
    }
}

fn types(tag: usize) -> String {
    TAGS[tag].1.iter().map(|ty| format!(" {}", name(*ty))).collect()
}

/// A module that catches tags of its own, which have the numbers and types of the program's, and calls by the program's table.
pub(super) fn relay() -> String {
    let mut text =
        "(module (import \"main\" \"table\" (table 1 funcref)) (type $f (func (param i64) (result i64)))\n".to_owned();
    for tag in 0..TAGS.len() {
        writeln!(text, "(tag (param{}))", types(tag)).expect("writing to a string");
    }
    text.push_str("(func (export \"relay\") (param i32 i64) (result i64)\n");
    for tag in 0..TAGS.len() {
        writeln!(text, "block $h{tag} (result{})", types(tag)).expect("writing to a string");
    }
    text.push_str("try_table (result i64)");
    for tag in 0..TAGS.len() {
        write!(text, " (catch {tag} $h{tag})").expect("writing to a string");
    }
    text.push_str("\nlocal.get 1 local.get 0 call_indirect (type $f) end return\n");
    for _ in 0..TAGS.len() {
        text.push_str("end unreachable\n");
    }
    text.push_str("))");
    text
}

/// The module of a program.
pub(super) fn module(functions: &[Vec<Statement>]) -> String {
    let mut text = "(module\n".to_owned();
    for (tag, (name, ..)) in TAGS.iter().enumerate().take(IMPORTED) {
        writeln!(text, "(import \"host\" \"t{name}\" (tag (param{})))", types(tag)).expect("writing to a string");
    }
    text.push_str(
        "(import \"host\" \"call\" (func $host_call (param i32 i64) (result i64)))
(import \"host\" \"catch\" (func $host_catch (param i32 i64) (result i64)))
(import \"host\" \"throw\" (func $host_throw (param i64)))
(type $f (func (param i64) (result i64)))
(type $relay (func (param i32 i64) (result i64)))
(global $kept (mut exnref) (ref.null exn))\n",
    );
    for (tag, (name, ..)) in TAGS.iter().enumerate().skip(IMPORTED) {
        writeln!(text, "(tag (export \"t{name}\") (param{}))", types(tag)).expect("writing to a string");
    }
    // The last entry is the relay's.
    writeln!(text, "(table (export \"table\") {} funcref)", FUNCTIONS + 1).expect("writing to a string");
    let all: String = (0..FUNCTIONS).map(|function| format!(" $f{function}")).collect();
    writeln!(text, "(elem (i32.const 0) func{all})").expect("writing to a string");
    for (function, body) in functions.iter().enumerate() {
        let mut writer = Writer { text: &mut text, labels: Vec::new(), loops: Vec::new() };
        writer.function(function, body);
    }
    text.push(')');
    text
}

struct Writer<'t> {
    text: &'t mut String,
    /// The labels that are open, outermost first; 0 for those that nothing names.
    labels: Vec<usize>,
    /// The labels of the loops that are open: each has a local for its count.
    loops: Vec<usize>,
}

/// Loops nest no deeper than statements do.
const LOOPS: usize = 8;

impl Writer<'_> {
    fn put(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn depth(&self, label: usize) -> usize {
        let position = self.labels.iter().rposition(|open| *open == label);
        self.labels.len() - 1 - position.expect("the label is open")
    }

    fn function(&mut self, function: usize, body: &[Statement]) {
        self.put(&format!("(func $f{function} (export \"f{function}\") (param $x i64) (result i64)"));
        let locals = |prefix: &str, count: usize, ty: &str| -> String {
            (0..count).map(|index| format!("(local ${prefix}{index} {ty})")).collect()
        };
        self.put(&locals("a", INTEGERS, "i64"));
        self.put(&locals("d", FLOATS, "f64"));
        self.put(&locals("e", REFERENCES, "exnref"));
        self.put(&locals("n", LOOPS, "i32"));
        self.put(
            "(local $v v128) (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $v128 v128)",
        );
        for index in 0..INTEGERS {
            self.put(&format!(
                "(local.set $a{index} (i64.rotl (i64.mul (local.get $x) (i64.const {})) (i64.const {index})))",
                index + 1
            ));
        }
        for index in 0..FLOATS {
            self.put(&format!("(local.set $d{index} (f64.const {}.5))", index));
        }
        self.put("(local.set $v (i64x2.splat (local.get $x)))");
        self.statements(body);
        self.put("i64.const 0");
        let part = |of: String| format!("(i64.xor (i64.rotl (i64.const 3)) {of})");
        for index in 0..INTEGERS {
            self.put(&part(format!("(local.get $a{index})")));
        }
        for index in 0..FLOATS {
            self.put(&part(format!("(i64.reinterpret_f64 (local.get $d{index}))")));
        }
        for lane in 0..2 {
            self.put(&part(format!("(i64x2.extract_lane {lane} (local.get $v))")));
        }
        self.put(")");
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn within(&mut self, label: usize, body: &[Statement]) {
        self.labels.push(label);
        self.statements(body);
        self.labels.pop();
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Mix(local, by) => self.mix(*local, *by),
            Statement::If(local, bit, then, other) => {
                self.put(&format!(
                    "(i32.wrap_i64 (i64.and (i64.shr_u (local.get $a{local}) (i64.const {bit})) (i64.const 1)))"
                ));
                self.put("if");
                self.within(0, then);
                self.put("else");
                self.within(0, other);
                self.put("end");
            }
            Statement::Repeat(label, times, body) => {
                let count = self.loops.len();
                self.loops.push(*label);
                // A block around the loop, so that it can be ended from within.
                self.put(&format!("(local.set $n{count} (i32.const {times})) block loop"));
                self.labels.push(0);
                self.within(*label, body);
                self.put(&format!(
                    "(br_if 0 (local.tee $n{count} (i32.sub (local.get $n{count}) (i32.const 1)))) end end"
                ));
                self.labels.pop();
                self.loops.pop();
            }
            Statement::Again(label) => {
                let count = self.loops.iter().position(|open| open == label).expect("the loop is open");
                let depth = self.depth(*label);
                self.put(&format!(
                    "(br_if {depth} (local.tee $n{count} (i32.sub (local.get $n{count}) (i32.const 1)))) br {}",
                    depth + 1
                ));
            }
            Statement::Block(label, body) => {
                self.put("block");
                self.within(*label, body);
                self.put("end");
            }
            Statement::Leave(label) => self.put(&format!("br {}", self.depth(*label))),
            Statement::Call(way, function, local) => {
                let call = call(*way, *function, *local, "");
                self.put(&format!(
                    "(local.set $i64 {call}) (local.set $a{local} (i64.xor (i64.rotl (local.get $a{local}) (i64.const 5)) (local.get $i64)))"
                ));
            }
            Statement::Tail(way, function, local) => self.put(&call(*way, *function, *local, "return_")),
            Statement::Return(local) => self.put(&format!("(return (local.get $a{local}))")),
            Statement::Throw(tag, local) => {
                let values: String =
                    TAGS[*tag].1.iter().enumerate().map(|(position, ty)| value(*ty, position, *local)).collect();
                self.put(&format!("{values} throw {tag}"));
            }
            Statement::HostThrow(local) => self.put(&format!("(call $host_throw (local.get $a{local}))")),
            Statement::ThrowRef(local) => self.put(&format!("local.get $e{local} throw_ref")),
            Statement::Keep(local) => self.put(&format!("(global.set $kept (local.get $e{local}))")),
            Statement::ThrowKept => self.put("global.get $kept throw_ref"),
            Statement::Table(label, body, clauses) => self.table(*label, body, clauses),
            Statement::Legacy(label, body, clauses) => {
                self.put("try");
                self.within(*label, body);
                for clause in clauses {
                    match clause.tag {
                        Some(tag) => {
                            self.put(&format!("catch {tag}"));
                            self.take(tag);
                        }
                        None => self.put("catch_all"),
                    }
                    self.within(*label, &clause.body);
                }
                self.put("end");
            }
            Statement::Delegate(label, body, target) => {
                self.put("try");
                self.within(*label, body);
                let depth = target.map_or(self.labels.len(), |target| self.depth(target));
                self.put(&format!("delegate {depth}"));
            }
            Statement::Rethrow(label) => self.put(&format!("rethrow {}", self.depth(*label))),
        }
    }

    fn mix(&mut self, local: usize, by: i64) {
        if local < INTEGERS {
            self.put(&format!(
                "(local.set $a{local} (i64.add (i64.mul (local.get $a{local}) (i64.const 31)) (i64.const {by})))"
            ));
        } else if local < INTEGERS + FLOATS {
            let (local, by) = (local - INTEGERS, by.cast_unsigned() >> 40);
            self.put(&format!(
                "(local.set $d{local} (f64.add (f64.mul (local.get $d{local}) (f64.const 0.5)) (f64.const {by})))"
            ));
        } else {
            self.put(&format!("(local.set $v (i64x2.add (local.get $v) (i64x2.splat (i64.const {by}))))"));
        }
    }

    fn table(&mut self, label: usize, body: &[Statement], clauses: &[Clause]) {
        // Around all, and then a block for each clause, the first innermost.
        self.put("block");
        self.labels.push(0);
        for clause in clauses.iter().rev() {
            let values = clause.tag.map_or(String::new(), types);
            let reference = clause.reference.map_or("", |_| " exnref");
            self.put(&format!("block (result{values}{reference})"));
            self.labels.push(0);
        }
        let catches: String = clauses
            .iter()
            .enumerate()
            .map(|(position, clause)| match (clause.tag, clause.reference) {
                (Some(tag), None) => format!(" (catch {tag} {position})"),
                (Some(tag), Some(_)) => format!(" (catch_ref {tag} {position})"),
                (None, None) => format!(" (catch_all {position})"),
                (None, Some(_)) => format!(" (catch_all_ref {position})"),
            })
            .collect();
        self.put(&format!("try_table{catches}"));
        self.within(label, body);
        self.put(&format!("end br {}", clauses.len()));
        for (position, clause) in clauses.iter().enumerate() {
            self.put("end");
            self.labels.pop();
            if let Some(reference) = clause.reference {
                self.put(&format!("local.set $e{reference}"));
            }
            if let Some(tag) = clause.tag {
                self.take(tag);
            }
            self.statements(&clause.body);
            self.put(&format!("br {}", clauses.len() - 1 - position));
        }
        self.put("end");
        self.labels.pop();
    }

    /// Takes the values of a tag from the stack.
    fn take(&mut self, tag: usize) {
        for ty in TAGS[tag].1.iter().rev() {
            let ty = name(*ty);
            let number = match ty {
                "i32" => "(i64.extend_i32_u (local.get $i32))",
                "i64" => "(local.get $i64)",
                "f32" => "(i64.extend_i32_u (i32.reinterpret_f32 (local.get $f32)))",
                "f64" => "(i64.reinterpret_f64 (local.get $f64))",
                _ => {
                    "(i64.xor (i64x2.extract_lane 0 (local.get $v128))
                        (i64.rotl (i64x2.extract_lane 1 (local.get $v128)) (i64.const 7)))"
                }
            };
            self.put(&format!(
                "local.set ${ty} (local.set $a0 (i64.add (i64.mul (local.get $a0) (i64.const 31)) {number}))"
            ));
        }
    }
}

/// A value of a new exception.
fn value(ty: Type, position: usize, local: usize) -> String {
    let number = format!("(i64.add (local.get $a{local}) (i64.const {}))", position as u64 * 0x9e37_79b9);
    match ty {
        Type::I32 => format!("(i32.wrap_i64 {number})"),
        Type::I64 => number,
        Type::F32 => format!("(f32.reinterpret_i32 (i32.wrap_i64 {number}))"),
        Type::F64 => format!("(f64.reinterpret_i64 {number})"),
        Type::V128 => format!("(i64x2.splat {number})"),
    }
}

fn call(way: Way, function: usize, local: usize, kind: &str) -> String {
    let argument = format!("(local.get $a{local})");
    match way {
        Way::Direct => format!("({kind}call $f{function} {argument})"),
        Way::Indirect => format!("({kind}call_indirect (type $f) {argument} (i32.const {function}))"),
        Way::Host => format!("({kind}call $host_call (i32.const {function}) {argument})"),
        Way::HostCatch => format!("({kind}call $host_catch (i32.const {function}) {argument})"),
        Way::Relay => {
            format!("({kind}call_indirect (type $relay) (i32.const {function}) {argument} (i32.const {FUNCTIONS}))")
        }
    }
}
