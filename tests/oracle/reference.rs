//! Programs with references to functions of given types, each written twice: with them, and for an engine that lacks them with the
//! numbers of entries of a table in their place, 0 for null.
//!
//! Called by `differential`. Both do the same in the same order: where one traps because of null, so does the other, by an indirect
//! call of an empty entry or by `unreachable`.

use super::plain::FUEL;
use super::seed::Rng;
use std::fmt::Write;

/// A program in both ways, as text.
pub struct Pair {
    /// With references.
    pub typed: String,
    /// With numbers.
    pub numbered: String,
}

impl Pair {
    fn new(typed: impl Into<String>, numbered: impl Into<String>) -> Pair {
        Pair { typed: typed.into(), numbered: numbered.into() }
    }

    fn same(text: impl Into<String>) -> Pair {
        let text = text.into();
        Pair { typed: text.clone(), numbered: text }
    }
}

/// What a function takes and gives beside numbers of 64 bits.
#[derive(Clone, PartialEq, Eq)]
struct Type {
    /// Of each parameter the type that it refers to, or none for a number.
    params: Vec<Option<usize>>,
    /// The same of the result.
    result: Option<usize>,
    /// Its supertype, which looks the same.
    above: Option<usize>,
}

struct Maker<'r> {
    random: &'r mut Rng,
    types: Vec<Type>,
    /// The type of each function.
    functions: Vec<usize>,
    /// The types of the locals of the present function, its parameters first: of references or of none.
    locals: Vec<Option<usize>>,
    /// Declarations of the locals that the present function needs further.
    more: Pair,
    /// How many names have been given.
    names: usize,
}

/// How many functions are exported: each takes two numbers and gives one.
pub const EXPORTED: usize = 3;

/// A program whose functions are called `0`, `1` and so on, and whose global [`FUEL`] says when it ends.
pub fn program(random: &mut Rng) -> Pair {
    let mut maker =
        Maker { random, types: Vec::new(), functions: Vec::new(), locals: Vec::new(), more: Pair::same(""), names: 0 };
    maker.choose();
    maker.write()
}

impl Maker<'_> {
    fn one_in(&mut self, chances: u32) -> bool {
        self.random.u32(..chances) == 0
    }

    fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    fn choose(&mut self) {
        // What is exported.
        self.types.push(Type { params: vec![None, None], result: None, above: None });
        for index in 1..self.random.usize(5..10) {
            let like = self.random.usize(..index);
            let ty = if self.random.bool() {
                Type { above: Some(like), ..self.types[like].clone() }
            } else {
                let some = |maker: &mut Self| (!maker.one_in(3)).then(|| maker.random.usize(..=index));
                let params = (0..self.random.usize(..4)).map(|_| some(self)).collect();
                let result = if self.random.bool() { None } else { some(self) };
                Type { params, result, above: None }
            };
            self.types.push(ty);
        }
        self.functions = vec![0; EXPORTED];
        let count = self.random.usize(4..10);
        self.functions.extend((0..count).map(|index| match index {
            // One of each first, so that few types have no function.
            index if index + 1 < self.types.len() => index + 1,
            _ => self.random.usize(..self.types.len()),
        }));
    }

    fn matches(&self, this: usize, other: usize) -> bool {
        let mut next = Some(this);
        while let Some(index) = next {
            if index == other {
                return true;
            }
            next = self.types[index].above;
        }
        false
    }

    fn type_text(&self, ty: Option<usize>) -> Pair {
        match ty {
            Some(ty) => Pair::new(format!("(ref null $t{ty})"), "i32"),
            None => Pair::same("i64"),
        }
    }

    /// A value of this type: a reference to it, or a number.
    fn value(&mut self, ty: Option<usize>, depth: u32) -> Pair {
        match ty {
            Some(ty) => self.reference(ty, depth),
            None => self.number(depth),
        }
    }

    /// The operands of a call of a function of this type.
    fn arguments(&mut self, ty: usize, depth: u32) -> Pair {
        let mut all = Pair::same("");
        for param in self.types[ty].params.clone() {
            let argument = self.value(param, depth);
            write!(all.typed, " {}", argument.typed).expect("text has room");
            write!(all.numbered, " {}", argument.numbered).expect("text has room");
        }
        all
    }

    /// A call that gives what functions of this type give: direct, by reference or through a table.
    fn call(&mut self, ty: usize, depth: u32, how: &str) -> Pair {
        let arguments = self.arguments(ty, depth);
        match self.random.u8(..8) {
            0 => {
                let index = self.number(depth);
                // Through the table of this type; its entries are numbers in memory in the other.
                let entry = |number: &str| format!("(i32.and (i32.wrap_i64 {number}) (i32.const 3))");
                Pair::new(
                    format!("({how}call_indirect $table{ty} (type $t{ty}){} {})", arguments.typed, entry(&index.typed)),
                    format!(
                        "({how}call_indirect $all (type $t{ty}){} (i32.load8_u offset={} {}))",
                        arguments.numbered,
                        ty * 4,
                        entry(&index.numbered)
                    ),
                )
            }
            1 if self.functions.contains(&ty) => {
                let position = self.functions.iter().position(|function| *function == ty).expect("just asked");
                Pair::new(
                    format!("({how}call $f{position}{})", arguments.typed),
                    format!("({how}call $f{position}{})", arguments.numbered),
                )
            }
            _ => {
                let callee = self.reference(ty, depth);
                Pair::new(
                    format!("({how}call_ref $t{ty}{} {})", arguments.typed, callee.typed),
                    format!("({how}call_indirect $all (type $t{ty}){} {})", arguments.numbered, callee.numbered),
                )
            }
        }
    }

    /// A type whose functions give this, or one below it.
    fn giver(&mut self, result: Option<usize>) -> Option<usize> {
        let gives = |ty: &Type| match (ty.result, result) {
            (Some(this), Some(other)) => self.matches(this, other),
            (this, other) => this == other,
        };
        let all: Vec<usize> = (0..self.types.len()).filter(|ty| gives(&self.types[*ty])).collect();
        self.random.choice(all)
    }

    fn number(&mut self, depth: u32) -> Pair {
        let locals: Vec<usize> = (0..self.locals.len()).filter(|local| self.locals[*local].is_none()).collect();
        if depth == 0 || self.one_in(5) {
            return match self.random.choice(locals) {
                Some(local) if self.random.bool() => Pair::same(format!("(local.get {local})")),
                _ => Pair::same(format!("(i64.const {})", self.random.i64(-9..100))),
            };
        }
        let depth = depth - 1;
        let ty = self.random.usize(..self.types.len());
        match self.random.u8(..10) {
            0 | 1 => {
                let operator = ["add", "sub", "mul", "xor"][self.random.usize(..4)];
                let (left, right) = (self.number(depth), self.number(depth));
                Pair::new(
                    format!("(i64.{operator} {} {})", left.typed, right.typed),
                    format!("(i64.{operator} {} {})", left.numbered, right.numbered),
                )
            }
            2 => {
                let reference = self.reference(ty, depth);
                Pair::new(
                    format!("(i64.extend_i32_u (ref.is_null {}))", reference.typed),
                    format!("(i64.extend_i32_u (i32.eqz {}))", reference.numbered),
                )
            }
            3 => {
                let (reference, then) = (self.reference(ty, depth), self.number(depth));
                Pair::new(
                    format!("(block (result i64) (global.set $g{ty} {}) {})", reference.typed, then.typed),
                    format!("(block (result i64) (global.set $g{ty} {}) {})", reference.numbered, then.numbered),
                )
            }
            4 => {
                let entry = self.random.u8(..4);
                let (reference, then) = (self.reference(ty, depth), self.number(depth));
                Pair::new(
                    format!(
                        "(block (result i64) (table.set $table{ty} (i32.const {entry}) {}) {})",
                        reference.typed, then.typed
                    ),
                    format!(
                        "(block (result i64) (i32.store8 offset={} (i32.const {entry}) {}) {})",
                        ty * 4,
                        reference.numbered,
                        then.numbered
                    ),
                )
            }
            5 | 6 => match self.giver(None) {
                Some(giver) => self.branch_on_null(giver, depth),
                None => self.number(depth),
            },
            _ => match self.giver(None) {
                Some(giver) => self.call(giver, depth, ""),
                None => self.number(depth),
            },
        }
    }

    /// Calls a function that gives a number unless the reference to it is null, which then is kept in a local that cannot be.
    fn branch_on_null(&mut self, ty: usize, depth: u32) -> Pair {
        let name = self.name();
        let reference = self.reference(ty, depth);
        let arguments = self.arguments(ty, depth);
        let other = self.number(depth);
        write!(self.more.typed, "(local $r{name} (ref $t{ty}))").expect("text has room");
        write!(self.more.numbered, "(local $r{name} i32)").expect("text has room");
        Pair::new(
            format!(
                "(block $done{name} (result i64) (block $null{name}
                   (local.set $r{name} (br_on_null $null{name} {}))
                   (br $done{name} (call_ref $t{ty}{} (local.get $r{name})))) {})",
                reference.typed, arguments.typed, other.typed
            ),
            format!(
                "(block $done{name} (result i64) (block $null{name}
                   (br_if $null{name} (i32.eqz (local.tee $r{name} {})))
                   (br $done{name} (call_indirect $all (type $t{ty}){} (local.get $r{name})))) {})",
                reference.numbered, arguments.numbered, other.numbered
            ),
        )
    }

    /// A reference to a function of type `ty`, or null.
    fn reference(&mut self, ty: usize, depth: u32) -> Pair {
        let all: Vec<usize> =
            (0..self.functions.len()).filter(|function| self.matches(self.functions[*function], ty)).collect();
        let locals: Vec<usize> = (0..self.locals.len())
            .filter(|local| self.locals[*local].is_some_and(|local| self.matches(local, ty)))
            .collect();
        let below: Vec<usize> = (0..self.types.len()).filter(|below| self.matches(*below, ty)).collect();
        let below = self.random.choice(below).unwrap_or(ty);
        let simple = depth == 0 || self.one_in(2);
        let depth = depth.saturating_sub(1);
        match self.random.u8(..16) {
            0 if self.random.bool() => Pair::new(format!("(ref.null $t{below})"), "(i32.const 0)"),
            0 => Pair::new("(ref.null nofunc)", "(i32.const 0)"),
            1..=3 if !locals.is_empty() => {
                let local = locals[self.random.usize(..locals.len())];
                Pair::same(format!("(local.get {local})"))
            }
            4 => Pair::same(format!("(global.get $g{below})")),
            5 => {
                let entry = self.random.u8(..4);
                Pair::new(
                    format!("(table.get $table{below} (i32.const {entry}))"),
                    format!("(i32.load8_u offset={} (i32.const {entry}))", below * 4),
                )
            }
            6 if !simple => {
                let reference = self.reference(ty, depth);
                Pair::new(
                    format!("(ref.as_non_null {})", reference.typed),
                    format!("(call $some {})", reference.numbered),
                )
            }
            7 if !simple => {
                let (one, two, condition) = (self.reference(ty, depth), self.reference(ty, depth), self.number(depth));
                Pair::new(
                    format!(
                        "(select (result (ref null $t{ty})) {} {} (i32.wrap_i64 {}))",
                        one.typed, two.typed, condition.typed
                    ),
                    format!(
                        "(select (result i32) {} {} (i32.wrap_i64 {}))",
                        one.numbered, two.numbered, condition.numbered
                    ),
                )
            }
            8 if !simple => {
                let (name, one, two) = (self.name(), self.reference(ty, depth), self.reference(ty, depth));
                write!(self.more.numbered, "(local $r{name} i32)").expect("text has room");
                Pair::new(
                    format!(
                        "(block $some{name} (result (ref $t{ty})) (br_on_non_null $some{name} {}) (ref.as_non_null {}))",
                        one.typed, two.typed
                    ),
                    format!(
                        "(block $some{name} (result i32)
                           (drop (br_if $some{name} (local.tee $r{name} {}) (local.get $r{name}))) (call $some {}))",
                        one.numbered, two.numbered
                    ),
                )
            }
            9 if !simple => match self.giver(Some(ty)) {
                Some(giver) => self.call(giver, depth, ""),
                None => self.reference(ty, depth),
            },
            _ => match self.random.choice(all) {
                Some(function) => {
                    Pair::new(format!("(ref.func $f{function})"), format!("(i32.const {})", function + 1))
                }
                None => Pair::new(format!("(ref.null $t{below})"), "(i32.const 0)"),
            },
        }
    }

    /// All of the program.
    fn write(&mut self) -> Pair {
        let mut all = Pair::same("(module");
        let both = |all: &mut Pair, typed: &str, numbered: &str| {
            all.typed.push_str(typed);
            all.numbered.push_str(numbered);
        };
        for index in 0..self.types.len() {
            let ty = self.types[index].clone();
            let above = ty.above.map_or(String::new(), |above| format!(" $t{above}"));
            let mut text = Pair::new(format!("(type $t{index} (sub{above} (func"), format!("(type $t{index} (func"));
            for param in ty.params {
                let param = self.type_text(param);
                both(&mut text, &format!(" (param {})", param.typed), &format!(" (param {})", param.numbered));
            }
            let result = self.type_text(ty.result);
            both(&mut text, &format!(" (result {}))))", result.typed), &format!(" (result {})))", result.numbered));
            both(&mut all, &text.typed, &text.numbered);
        }
        let fuel = format!("(global $fuel (export \"{FUEL}\") (mut i32) (i32.const 0))");
        both(&mut all, &fuel, &fuel);
        let count = self.functions.len();
        let names: String = (0..count).map(|function| format!(" $f{function}")).collect();
        both(
            &mut all,
            &format!("(elem declare func{names})"),
            &format!(
                "(memory 1) (table $all {} funcref) (elem (i32.const 1) func{names})
                 (func $some (param i32) (result i32)
                   (if (i32.eqz (local.get 0)) (then (unreachable))) (local.get 0))",
                count + 1
            ),
        );
        for ty in 0..self.types.len() {
            both(
                &mut all,
                &format!(
                    "(global $g{ty} (mut (ref null $t{ty})) (ref.null $t{ty})) (table $table{ty} 4 (ref null $t{ty}))"
                ),
                &format!("(global $g{ty} (mut i32) (i32.const 0))"),
            );
            let functions = (0..count).filter(|function| self.matches(self.functions[*function], ty));
            for (entry, function) in functions.take(3).enumerate() {
                both(
                    &mut all,
                    &format!("(elem (table $table{ty}) (i32.const {entry}) (ref null $t{ty}) (ref.func $f{function}))"),
                    &format!("(data (i32.const {}) \"\\{:02x}\")", ty * 4 + entry, function + 1),
                );
            }
        }
        for function in 0..count {
            let text = self.function(function);
            both(&mut all, &text.typed, &text.numbered);
        }
        both(&mut all, ")", ")");
        all
    }

    fn function(&mut self, function: usize) -> Pair {
        let ty = self.functions[function];
        let Type { params, result, .. } = self.types[ty].clone();
        let mut locals = Pair::same("");
        self.locals = params;
        for _ in 0..self.random.usize(..3) {
            let local = Some(self.random.usize(..self.types.len()));
            let text = self.type_text(local);
            write!(locals.typed, "(local {})", text.typed).expect("text has room");
            write!(locals.numbered, "(local {})", text.numbered).expect("text has room");
            self.locals.push(local);
        }
        self.more = Pair::same("");
        // References that are kept in locals before anything else.
        let mut body = Pair::same("");
        for local in 0..self.locals.len() {
            if let Some(ty) = self.locals[local].filter(|_| self.random.bool()) {
                let value = self.reference(ty, 2);
                write!(body.typed, "(local.set {local} {})", value.typed).expect("text has room");
                write!(body.numbered, "(local.set {local} {})", value.numbered).expect("text has room");
            }
        }
        let tail = self.giver(result).filter(|_| self.one_in(4));
        let end = match tail {
            Some(giver) => self.call(giver, 3, "return_"),
            None => self.value(result, 4),
        };
        let export = if function < EXPORTED { format!(" (export \"{function}\")") } else { String::new() };
        let nothing = match result {
            Some(ty) => Pair::new(format!("(ref.null $t{ty})"), "(i32.const 0)"),
            None => Pair::same("(i64.const 0)"),
        };
        let whole = |locals: &str, more: &str, nothing: &str, body: &str, end: &str| {
            format!(
                "(func $f{function}{export} (type $t{ty}) {locals}{more}
                   (if (i32.eqz (global.get $fuel)) (then (return {nothing})))
                   (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
                   {body} {end})"
            )
        };
        Pair::new(
            whole(&locals.typed, &self.more.typed, &nothing.typed, &body.typed, &end.typed),
            whole(&locals.numbered, &self.more.numbered, &nothing.numbered, &body.numbered, &end.numbered),
        )
    }
}
