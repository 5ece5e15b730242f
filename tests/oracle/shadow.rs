//! Programs with a stack of their own in linear memory, as compilers write them and as they do not: frames that are given back and frames that are
//! not, by constants, by copies of the pointer, by what it is now; ways out in the middle; calls of every kind, through tables that nobody
//! writes and tables that somebody does; traps; and a host that comes back in and tells nobody of a trap or an exception there.
//!
//! Every function takes an `i32` and gives one, into which goes what it sees of the pointer. How much a program does is bounded by a
//! number in its memory, because a global that everybody writes would look like the pointer.

use super::plain::{Refusal, Subject};
use super::seed::Rng;
use super::shape::{Shape, compared_features, features};
use super::value::{Type, Value};
use std::fmt::Write;
use std::ops::AddAssign;

/// What the import is called by which a program has the host call one of its functions.
pub const AGAIN: &str = "again";

/// What a program is to have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    /// Exceptions, thrown and caught.
    pub exceptions: bool,
}

/// How many calls and turns of loops a call from outside may come to.
const BOUND: u32 = 60;

struct Maker<'r> {
    random: &'r mut Rng,
    kind: Kind,
    /// `i32` or `i64`: the pointer's type.
    ty: &'static str,
    functions: usize,
    /// Whether the function that is written may leave the pointer elsewhere than where it found it.
    wild: bool,
    /// A function that may, in most programs.
    wild_one: usize,
    text: String,
    labels: usize,
}

/// The tables: what nobody can write; what the host could; what the program does.
const TABLES: [&str; 3] = ["known", "open", "written"];
/// More than any table has.
const INDICES: u32 = 9;

impl Maker<'_> {
    fn one_of(&mut self, cases: usize) -> usize {
        self.random.usize(..cases)
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "    {line}").expect("writing to a string");
    }

    /// The pointer as an `i32`.
    fn seen(&self) -> &'static str {
        if self.ty == "i32" { "(global.get $sp)" } else { "(i32.wrap_i64 (global.get $sp))" }
    }

    /// The local that has the frame, as an address.
    fn frame(&self) -> &'static str {
        if self.ty == "i32" { "(local.get $frame)" } else { "(i32.wrap_i64 (local.get $frame))" }
    }

    /// An `i32` to call with.
    fn argument(&mut self) -> String {
        match self.one_of(4) {
            0 => format!("(i32.const {})", self.random.u32(..40)),
            1 => "(local.get $acc)".to_owned(),
            2 => "(i32.load offset=8 (i32.const 0))".to_owned(),
            _ => "(i32.add (local.get 0) (i32.const 1))".to_owned(),
        }
    }

    fn mix(&mut self, value: &str) {
        let line = format!("(local.set $acc (i32.add (i32.mul (local.get $acc) (i32.const 31)) {value}))");
        self.line(&line);
    }

    /// A call's operator, arguments and all, without the parenthesis before it: to be `call…` or `return_call…`.
    fn call(&mut self) -> String {
        let argument = self.argument();
        match self.one_of(6) {
            0..=2 => format!("call $f{} {argument})", self.one_of(self.functions)),
            3 => format!(
                "call $five{} {argument} (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4))",
                self.one_of(2)
            ),
            _ => {
                let table = TABLES[self.one_of(3)];
                let (ty, more) = if self.one_of(12) == 0 { ("other", "(i32.const 3)") } else { ("t", "") };
                let index = match self.one_of(3) {
                    0 => format!("(i32.const {})", self.random.u32(..INDICES)),
                    1 => format!("(i32.rem_u (local.get $acc) (i32.const {}))", self.random.u32(3..=INDICES)),
                    _ => "(i32.and (local.get 0) (i32.const 3))".to_owned(),
                };
                format!("call_indirect ${table} (type ${ty}) {argument} {more} {index})")
            }
        }
    }

    fn condition(&mut self) -> String {
        let mask = *self.random.choice(&[1, 3, 7]).expect("there are some");
        let value = self.random.u32(..=mask);
        let what = if self.random.bool() { "(local.get $acc)" } else { "(local.get 0)" };
        format!("(i32.eq (i32.and {what} (i32.const {mask})) (i32.const {value}))")
    }

    /// A statement; `depth` says how deep more may be nested in it, `end` what gives the frame back.
    fn statement(&mut self, depth: usize, end: &[String]) {
        match self.one_of(if depth == 0 { 9 } else { 14 }) {
            0 | 1 => {
                let seen = self.seen();
                self.mix(seen);
            }
            2 => {
                let frame = self.frame();
                let line = format!("(i32.store offset=4 (i32.and {frame} (i32.const 0xffff)) (local.get $acc))");
                self.line(&line);
            }
            3 | 4 => {
                let call = self.call();
                self.mix(&format!("({call}"));
                if self.random.bool() {
                    let seen = self.seen();
                    self.mix(seen);
                }
            }
            5 => {
                let (function, argument) = (self.one_of(self.functions), self.argument());
                self.mix(&format!("(call $again (i32.const {function}) {argument})"));
            }
            6 => self.mix("(call $note (local.get $acc))"),
            7 => {
                let condition = self.condition();
                match self.one_of(4) {
                    0 => self.line(&format!("(if {condition} (then unreachable))")),
                    1 => {
                        // A callee that does not return, as far as can be seen.
                        let call = self.call();
                        self.line(&format!("(if {condition} (then ({call} unreachable))"));
                    }
                    _ => self.way_out(end),
                }
            }
            8 if self.wild && self.one_of(4) == 0 => {
                let line = format!("(global.set $sp ({}.const {}))", self.ty, self.random.u32(64..4000) * 16);
                self.line(&line);
            }
            8 if self.kind.exceptions => {
                let condition = self.condition();
                self.line(&format!("(if {condition} (then (throw $e (local.get $acc))))"));
            }
            8 => self.line("(i32.store offset=8 (i32.const 0) (local.get $acc))"),
            9 | 10 => {
                let condition = self.condition();
                self.line(&format!("(if {condition} (then"));
                self.statements(depth - 1, end);
                self.line(") (else");
                self.statements(depth - 1, end);
                self.line("))");
            }
            11 => self.repeat(depth, end),
            12 if self.kind.exceptions => self.caught(depth, end),
            _ => {
                let label = self.label();
                self.line(&format!("(block $l{label}"));
                let condition = self.condition();
                self.statements(depth - 1, end);
                self.line(&format!("(br_if $l{label} {condition})"));
                self.statements(depth - 1, end);
                self.line(")");
            }
        }
    }

    /// A way out in the middle, with the frame given back or not.
    fn way_out(&mut self, end: &[String]) {
        let condition = self.condition();
        self.line(&format!("(if {condition} (then"));
        if !self.wild {
            end.iter().for_each(|line| self.line(line));
        }
        if self.random.bool() {
            self.line("(return (local.get $acc))))");
        } else {
            let argument = self.argument();
            let call = if self.random.bool() { self.call() } else { format!("call $f{} {argument})", self.wild_one) };
            self.line(&format!("(return_{call}))"));
        }
    }

    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    fn statements(&mut self, depth: usize, end: &[String]) {
        for _ in 0..self.random.usize(1..=3) {
            self.statement(depth, end);
        }
    }

    /// A loop, whose turns may move the pointer and move it back.
    fn repeat(&mut self, depth: usize, end: &[String]) {
        let (label, ty) = (self.label(), self.ty);
        self.line(&format!("(block $o{label} (loop $l{label}"));
        self.line(&format!("(br_if $o{label} (call $spent))"));
        let moves = if self.wild { self.one_of(3) } else { 0 };
        if moves > 0 {
            self.line(&format!("(global.set $sp ({ty}.sub (global.get $sp) ({ty}.const 16)))"));
        }
        self.statements(depth - 1, end);
        if moves > 1 {
            self.line(&format!("(global.set $sp ({ty}.add (global.get $sp) ({ty}.const 16)))"));
        }
        let condition = self.condition();
        self.line(&format!("(br_if $l{label} {condition})"));
        self.line("))");
    }

    /// Something within the reach of a handler.
    fn caught(&mut self, depth: usize, end: &[String]) {
        let label = self.label();
        let all = self.random.bool();
        let (results, catch) = if all { ("", "catch_all") } else { ("(result i32)", "catch $e") };
        self.line(&format!("(block $l{label} {results} (try_table ({catch} $l{label})"));
        self.statements(depth - 1, end);
        self.line(if all { "))" } else { ") (i32.const 5))" });
        if !all {
            // What the block leaves.
            self.line("(local.set $thrown)");
            self.mix("(local.get $thrown)");
        }
        let seen = self.seen();
        self.mix(seen);
    }

    /// A function whose frame is made and given back in some way.
    fn function(&mut self, name: &str, params: &str) {
        let ty = self.ty;
        let size = 16 * self.random.u32(1..8);
        writeln!(
            self.text,
            "  (func ${name} {params} (result i32) (local $acc i32) (local $frame {ty}) (local $saved {ty}) (local $size {ty}) (local $thrown i32)"
        )
        .expect("writing to a string");
        self.line("(if (call $spent) (then (return (i32.const 7))))");
        let style = if self.wild && self.random.bool() { 10 + self.one_of(3) } else { self.one_of(10) };
        let give_back = |amount: u32| format!("(global.set $sp ({ty}.add (local.get $frame) ({ty}.const {amount})))");
        let make = format!("(global.set $sp (local.tee $frame ({ty}.sub (global.get $sp) ({ty}.const {size}))))");
        let read = format!("(global.set $sp ({ty}.add (global.get $sp) ({ty}.const {size})))");
        let end: Vec<String> = match style {
            // None.
            0..=2 => vec![],
            3..=5 => {
                self.line(&make);
                vec![give_back(size)]
            }
            // By what the pointer is then.
            6 => {
                self.line(&make);
                vec![read]
            }
            // As code without optimisation has it.
            7 | 8 => {
                self.line(&format!("(local.set $saved (global.get $sp))(local.set $size ({ty}.const {size}))"));
                self.line(&format!("(local.set $frame ({ty}.sub (local.get $saved) (local.get $size)))"));
                self.line("(global.set $sp (local.get $frame))");
                vec![format!("(global.set $sp ({ty}.add (local.get $frame) (local.get $size)))")]
            }
            // Of a size that is not known.
            9 => {
                self.line("(local.set $saved (global.get $sp))");
                let by = if ty == "i32" { "(local.get 0)" } else { "(i64.extend_i32_u (local.get 0))" };
                self.line(&format!(
                    "(global.set $sp (local.tee $frame ({ty}.sub (local.get $saved) ({ty}.and {by} ({ty}.const 0xf0)))))"
                ));
                vec!["(global.set $sp (local.get $saved))".to_owned()]
            }
            // Given back too little or too much.
            10 => {
                self.line(&make);
                vec![give_back(size ^ 16)]
            }
            // On one of two ways.
            11 => {
                self.line(&make);
                let condition = self.condition();
                vec![format!("(if {condition} (then {}))", give_back(size))]
            }
            // Not at all.
            _ => {
                self.line(&make);
                vec![]
            }
        };
        if self.one_of(3) == 0 {
            self.way_out(&end);
        }
        self.statements(3, &end);
        self.statements(2, &end);
        end.iter().for_each(|line| self.line(line));
        if self.one_of(5) == 0 {
            let call = self.call();
            self.line(&format!("(return_{call})"));
        } else {
            self.line("(local.get $acc))");
        }
    }
}

/// A program, as text, and how many functions it exports: `f0` and so on; and `spend`, `look`.
pub fn program(random: &mut Rng, kind: Kind) -> (String, usize) {
    let functions = random.usize(3..9);
    let ty = if random.u8(..4) == 0 { "i64" } else { "i32" };
    // Most programs have few functions that do not behave: where most do not, the pointer is not taken for one.
    let wildness = random.usize(..8);
    let wild_one = random.usize(..functions);
    let mut maker = Maker { random, kind, ty, functions, wild: false, wild_one, text: String::new(), labels: 0 };
    let mut exports = String::new();
    for function in 0..functions {
        maker.wild = match wildness {
            0 => false,
            1..=5 => function == wild_one,
            _ => maker.random.bool(),
        };
        maker.function(&format!("f{function}"), "(param i32)");
        write!(exports, "\n  (export \"f{function}\" (func $f{function}))").expect("writing to a string");
    }
    maker.wild = wildness == 7;
    for function in 0..2 {
        maker.function(&format!("five{function}"), "(param i32 i32 i32 i32 i32)");
    }
    let seen = maker.seen();
    let mut tables = String::new();
    for table in TABLES {
        let length = maker.random.u32(3..INDICES);
        let export = if table == "open" { "(export \"open\")" } else { "" };
        write!(tables, "\n  (table ${table} {export} {length} funcref)").expect("writing to a string");
        let start = maker.random.u32(..2);
        let mut items = String::new();
        for _ in start..length - maker.random.u32(..2) {
            let item = match maker.one_of(12) {
                0 => "$other".to_owned(),
                1 if table != "known" || maker.random.bool() => "$note".to_owned(),
                _ => format!("$f{}", maker.one_of(functions)),
            };
            write!(items, " {item}").expect("writing to a string");
        }
        write!(tables, "\n  (elem (table ${table}) (i32.const {start}) func{items})").expect("writing to a string");
    }
    // In some programs the pointer is for everybody to see, and to write.
    let open = if maker.random.u8(..4) == 0 { "(export \"sp\")" } else { "" };
    let tag = if kind.exceptions { "\n  (tag $e (param i32))" } else { "" };
    let (written, body) = (maker.one_of(functions), maker.text);
    let text = format!(
        r#"(module
  (type $t (func (param i32) (result i32)))
  (type $other (func (param i32 i32) (result i32)))
  (import "host" "note" (func $note (param i32) (result i32)))
  (import "host" "{AGAIN}" (func $again (param i32 i32) (result i32))){tag}
  (memory (export "memory") 2)
  (global $sp {open} (mut {ty}) ({ty}.const 65536)){tables}{exports}
  (func (export "spend") (i32.store (i32.const 0) (i32.const {BOUND}))
    (table.set $written (i32.const 1) (ref.func $f{written})))
  (func (export "look") (result i32) {seen})
  (func $spent (result i32) (local $left i32)
    (i32.eqz (if (result i32) (local.tee $left (i32.load (i32.const 0)))
      (then (i32.store (i32.const 0) (i32.sub (local.get $left) (i32.const 1))) (i32.const 1))
      (else (i32.const 0)))))
  (func $other (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
{body})
"#
    );
    (text, functions)
}

/// What came of programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Yield {
    /// Calls from outside.
    pub calls: u64,
    /// Those that returned.
    pub returned: u64,
    /// Those after which the pointer was not what it had been.
    pub moved: u64,
}

impl AddAssign for Yield {
    fn add_assign(&mut self, other: Yield) {
        self.calls += other.calls;
        self.returned += other.returned;
        self.moved += other.moved;
    }
}

/// Makes a program and runs it in both.
///
/// # Errors
///
/// Where they differ, with the program.
pub fn check(random: &mut Rng, kind: Kind, left: &dyn Subject, right: &dyn Subject) -> Result<Yield, String> {
    let (text, functions) = program(random, kind);
    let wasm = wat::parse_str(&text).map_err(|error| format!("{error}\n{text}"))?;
    let features = if kind.exceptions { features() } else { compared_features() };
    let shape = Shape::read_with(&wasm, features).map_err(|error| format!("{error}\n{text}"))?;
    let start = |engine: &dyn Subject| {
        engine.start(&wasm, &shape).map_err(|refusal: Refusal| format!("{}: {refusal:?}\n{text}", engine.name()))
    };
    let (mut one, mut two) = (start(left)?, start(right)?);
    let mut came = Yield::default();
    let mut before = 65536;
    for round in 0..functions * 2 {
        let mut both = |name: &str, arguments: &[Value], results: &[Type]| {
            let (found, expected) = (one.call(name, arguments, results), two.call(name, arguments, results));
            if found == expected {
                return Ok(found);
            }
            Err(format!("call {round}, {name} of {arguments:?}: {found:?}, not {expected:?}, {}\n{text}", left.name()))
        };
        both("spend", &[], &[])?.map_err(|stop| format!("{stop:?}\n{text}"))?;
        let argument = Value::I32(random.u32(..64));
        let found = both(&format!("f{}", round % functions), &[argument], &[Type::I32])?;
        came.calls += 1;
        came.returned += u64::from(found.is_ok());
        let look = both("look", &[], &[Type::I32])?;
        if let Ok([Value::I32(now)]) = look.as_deref() {
            came.moved += u64::from(*now != before);
            before = *now;
        }
    }
    let (found, expected) = (one.look(&shape), two.look(&shape));
    if found != expected {
        return Err(format!("what is left: {found:?}, not {expected:?}, {}\n{text}", left.name()));
    }
    Ok(came)
}
