//! Products: functions in which a toolchain takes a 64-bit multiplication apart, compiled to the machine's own.
//!
//! Called by `function` for each body. WebAssembly gives the low half of a product only. So compilers call a function of their runtime
//! library for the whole (`__multi3`), which makes four multiplications of 32 bits, adds them up crosswise, and writes the two halves to
//! memory. The machine has one instruction for it.
//!
//! A function is recognised by what it computes, not by its name: a short body without branches, calls and loads is executed on symbols.
//! Sums are compared as multisets and factors in any order, so what is found equal is equal for all numbers. Where each value that the
//! body stores is the low half of a product x · y, or its high half plus further terms, the halves are taken from one multiplication. The stores
//! stay what they are: in their order, at their addresses, with their traps.
//!
//! ```text
//! l(x) = x mod 2³², h(x) = x / 2³²    ll = l(x)·l(y)   c, d = l(x)·h(y), h(x)·l(y) in either order   hh = h(x)·h(y)
//!
//!            first form                          second form
//!            t = h(ll) + c,  u = l(t) + d        m = c + d
//! low half   l(ll) + 2³²·u                       w = ll + 2³²·m
//! high half  hh + h(t) + h(u)                    hh + h(m) + 2³²·(m < c) + (w < ll)
//! ```

use crate::translate::function::FunctionTranslator;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::collections::HashMap;
use tancho_abi::types::{FuncType, ValType};
use wasmparser::{FunctionBody, Operator};

/// Longer bodies are not looked at: in bytes.
const LONGEST: u64 = 512;
/// Sums of more terms are not looked at: by adding to itself what was added to itself, a short body comes to any number of them.
const MOST_TERMS: usize = 16;

/// What a value is. Equal ones have one number.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Node {
    /// A parameter.
    Param(u32),
    Constant(u64),
    Product(Id, Id),
    /// Terms in order, none of which is a sum.
    Sum(Vec<Id>),
    /// The low 32 bits.
    Low(Id),
    /// The high 32 bits.
    High(Id),
    /// The low 32 bits in place of the high ones.
    Shifted(Id),
    /// 1 if the first is less than the second, else 0.
    Less(Id, Id),
}

type Id = usize;

/// What stands on the operand stack or in a local.
#[derive(Clone, Copy)]
enum Operand {
    /// A parameter of 32 bits.
    Address(u32),
    Number(Id),
    /// The same as 32 bits: the result of a comparison.
    Bit(Id),
}

/// What is stored of a product.
#[derive(Debug)]
enum Half {
    Low,
    /// With what is added to it.
    High(Vec<Id>),
}

/// A value that is stored, and where.
#[derive(Debug)]
struct Stored {
    address: u32,
    factors: (Id, Id),
    half: Half,
}

/// A function that stores products.
#[derive(Debug)]
pub(crate) struct Product {
    nodes: Vec<Node>,
    /// In the order of the body, the first last.
    stores: Vec<Stored>,
    /// The products that there is code for.
    made: HashMap<(Id, Id), (Value, Value)>,
    /// The values that there is code for: a short body can name as many as it likes by using each twice.
    values: HashMap<Id, Value>,
}

/// What a body does, if it stores products and does nothing else. What is not valid is left for validation to name.
pub(crate) fn recognise(ty: &FuncType, body: &FunctionBody<'_>) -> Option<Product> {
    let range = body.range();
    // Anything else returns or stores what no product is.
    if range.end - range.start > LONGEST || !ty.results.is_empty() || !ty.params.contains(&ValType::I32) {
        return None;
    }
    let mut reader = Reader { nodes: Nodes::default(), locals: Vec::new(), stack: Vec::new(), stores: Vec::new() };
    for (index, param) in (0..).zip(&ty.params) {
        let operand = match param {
            ValType::I32 => Operand::Address(index),
            ValType::I64 => Operand::Number(reader.nodes.add(Node::Param(index))),
            _ => return None,
        };
        reader.locals.push(operand);
    }
    let zero = reader.nodes.add(Node::Constant(0));
    for declared in body.get_locals_reader().ok()? {
        match declared.ok()? {
            (count, wasmparser::ValType::I64) if count as u64 <= LONGEST => {
                reader.locals.extend(std::iter::repeat_n(Operand::Number(zero), count as usize));
            }
            _ => return None,
        }
    }
    let mut operators = body.get_operators_reader().ok()?;
    loop {
        match operators.read().ok()? {
            Operator::End => break,
            operator => reader.operator(&operator)?,
        }
    }
    if !operators.eof() || !reader.stack.is_empty() {
        return None;
    }
    let Reader { nodes, stores, .. } = reader;
    let products = nodes.products();
    let mut stores: Vec<Stored> = stores
        .into_iter()
        .map(|(address, value)| {
            let (factors, half) = products.iter().find_map(|found| Some((found.factors, nodes.half(found, value)?)))?;
            Some(Stored { address, factors, half })
        })
        .collect::<Option<_>>()?;
    stores.reverse();
    let is_high = |stored: &Stored| matches!(stored.half, Half::High(_));
    stores.iter().any(is_high).then(|| Product {
        nodes: nodes.all,
        stores,
        made: HashMap::new(),
        values: HashMap::new(),
    })
}

/// Executes a body on symbols.
struct Reader {
    nodes: Nodes,
    locals: Vec<Operand>,
    stack: Vec<Operand>,
    /// Where each store goes, and what it stores.
    stores: Vec<(u32, Id)>,
}

impl Reader {
    /// `None` for whatever is not known here.
    fn operator(&mut self, operator: &Operator<'_>) -> Option<()> {
        let operand = match operator {
            Operator::LocalGet { local_index } => *self.locals.get(*local_index as usize)?,
            Operator::LocalSet { local_index } => return self.set(*local_index),
            Operator::LocalTee { local_index } => {
                let operand = *self.stack.last()?;
                self.set(*local_index)?;
                operand
            }
            Operator::I64Const { value } => Operand::Number(self.nodes.add(Node::Constant(*value as u64))),
            Operator::I64ExtendI32U => match self.stack.pop()? {
                Operand::Bit(bit) => Operand::Number(bit),
                _ => return None,
            },
            Operator::I64Store { .. } => {
                let value = self.number()?;
                let Operand::Address(address) = self.stack.pop()? else { return None };
                self.stores.push((address, value));
                return Some(());
            }
            _ => {
                let (second, first) = (self.number()?, self.number()?);
                self.nodes.binary(operator, first, second)?
            }
        };
        self.stack.push(operand);
        Some(())
    }

    fn number(&mut self) -> Option<Id> {
        match self.stack.pop()? {
            Operand::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Sets a local of 64 bits.
    fn set(&mut self, local: u32) -> Option<()> {
        let number = self.number()?;
        match self.locals.get_mut(local as usize)? {
            Operand::Number(place) => *place = number,
            _ => return None,
        }
        Some(())
    }
}

/// All values of a body.
#[derive(Default)]
struct Nodes {
    all: Vec<Node>,
    known: HashMap<Node, Id>,
}

/// A product that is taken apart, by its parts.
struct Found {
    factors: (Id, Id),
    low: Id,
    /// The terms that make up its high half.
    high: Vec<Id>,
}

impl Nodes {
    fn add(&mut self, node: Node) -> Id {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        self.all.push(node.clone());
        *self.known.entry(node).or_insert(self.all.len() - 1)
    }

    fn find(&self, node: Node) -> Option<Id> {
        self.known.get(&node).copied()
    }

    fn product(first: Id, second: Id) -> Node {
        Node::Product(first.min(second), first.max(second))
    }

    fn terms(&self, value: Id) -> Vec<Id> {
        match &self.all[value] {
            Node::Sum(terms) => terms.clone(),
            _ => vec![value],
        }
    }

    fn sum(&self, first: Id, second: Id) -> Node {
        let mut terms = self.terms(first);
        terms.extend(self.terms(second));
        terms.sort_unstable();
        Node::Sum(terms)
    }

    fn binary(&mut self, operator: &Operator<'_>, first: Id, second: Id) -> Option<Operand> {
        let node = match operator {
            Operator::I64Mul => Self::product(first, second),
            Operator::I64Add => self.sum(first, second),
            // No bit is set in both: the sum is the same.
            Operator::I64Or if self.is_disjoint(first, second) || self.is_disjoint(second, first) => {
                self.sum(first, second)
            }
            Operator::I64And if self.is_constant(second, 0xffff_ffff) => Node::Low(first),
            Operator::I64And if self.is_constant(first, 0xffff_ffff) => Node::Low(second),
            Operator::I64ShrU if self.is_constant(second, 32) => Node::High(first),
            Operator::I64Shl if self.is_constant(second, 32) => Node::Shifted(first),
            Operator::I64LtU => return Some(Operand::Bit(self.add(Node::Less(first, second)))),
            Operator::I64GtU => return Some(Operand::Bit(self.add(Node::Less(second, first)))),
            _ => return None,
        };
        if matches!(&node, Node::Sum(terms) if terms.len() > MOST_TERMS) {
            return None;
        }
        Some(Operand::Number(self.add(node)))
    }

    fn is_constant(&self, value: Id, constant: u64) -> bool {
        self.all[value] == Node::Constant(constant)
    }

    /// Whether `high` has none of the low 32 bits, and `low` none but these.
    fn is_disjoint(&self, high: Id, low: Id) -> bool {
        matches!(self.all[high], Node::Shifted(_))
            && matches!(self.all[low], Node::Low(_) | Node::High(_) | Node::Less(..))
    }

    /// The products that are taken apart.
    fn products(&self) -> Vec<Found> {
        let halves = |node: &Node| match *node {
            Node::Product(first, second) => match (&self.all[first], &self.all[second]) {
                (Node::High(x), Node::High(y)) => Some((*x, *y)),
                _ => None,
            },
            _ => None,
        };
        let factors = self.all.iter().filter_map(halves);
        factors.flat_map(|(x, y)| [self.first_form(x, y), self.second_form(x, y)]).flatten().collect()
    }

    /// The four products of halves: low by low, crosswise, high by high.
    fn quarters(&self, x: Id, y: Id) -> Option<(Id, [Id; 2], Id)> {
        let [low, high] =
            [Node::Low as fn(Id) -> Node, Node::High].map(|half| Some((self.find(half(x))?, self.find(half(y))?)));
        let ((low_x, low_y), (high_x, high_y)) = (low?, high?);
        let product = |first, second| self.find(Self::product(first, second));
        Some((product(low_x, low_y)?, [product(low_x, high_y)?, product(high_x, low_y)?], product(high_x, high_y)?))
    }

    fn first_form(&self, x: Id, y: Id) -> Option<Found> {
        let (low, [one, other], high) = self.quarters(x, y)?;
        let low_of_low = self.find(Node::Low(low))?;
        let high_of_low = self.find(Node::High(low))?;
        [(one, other), (other, one)].into_iter().find_map(|(first, second)| {
            let sum = self.find(self.sum(high_of_low, first))?;
            let rest = self.find(self.sum(self.find(Node::Low(sum))?, second))?;
            let low = self.find(self.sum(low_of_low, self.find(Node::Shifted(rest))?))?;
            Some(Found {
                factors: (x, y),
                low,
                high: vec![high, self.find(Node::High(sum))?, self.find(Node::High(rest))?],
            })
        })
    }

    fn second_form(&self, x: Id, y: Id) -> Option<Found> {
        let (low, cross, high) = self.quarters(x, y)?;
        let middle = self.find(self.sum(cross[0], cross[1]))?;
        let shifted = self.find(Node::Shifted(middle))?;
        let whole = self.find(self.sum(low, shifted))?;
        // A sum that is less than one of its terms is less than the other, too.
        let carry = |sum, terms: [Id; 2]| terms.into_iter().find_map(|term| self.find(Node::Less(sum, term)));
        let middle_carry = self.find(Node::Shifted(carry(middle, cross)?))?;
        let carry = carry(whole, [low, shifted])?;
        Some(Found {
            factors: (x, y),
            low: whole,
            high: vec![high, self.find(Node::High(middle))?, middle_carry, carry],
        })
    }

    /// Which half of `found` the value is.
    fn half(&self, found: &Found, value: Id) -> Option<Half> {
        if value == found.low {
            return Some(Half::Low);
        }
        let mut rest = self.terms(value);
        for term in &found.high {
            rest.swap_remove(rest.iter().position(|other| other == term)?);
        }
        // What remains is made as it is.
        rest.sort_unstable();
        Some(Half::High(rest))
    }
}

impl FunctionTranslator<'_, '_> {
    /// Whether an operator of a function that stores products is to be translated. The operands of a store are there then; what they were
    /// computed by is not translated.
    pub(crate) fn of_product(&mut self, product: &mut Product, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::End => true,
            Operator::I64Store { .. } => {
                let Some(Stored { address, factors, half }) = product.stores.pop() else { return false };
                self.local_get(address);
                let (low, high) = self.product_of(product, factors);
                let value = match half {
                    Half::Low => low,
                    Half::High(rest) => rest.into_iter().fold(high, |sum, term| {
                        let term = self.node(product, term);
                        self.builder.ins().iadd(sum, term)
                    }),
                };
                self.push(value);
                true
            }
            _ => false,
        }
    }

    /// The halves of a product, from one multiplication.
    fn product_of(&mut self, product: &mut Product, factors: (Id, Id)) -> (Value, Value) {
        if let Some(halves) = product.made.get(&factors) {
            return *halves;
        }
        let (x, y) = (self.node(product, factors.0), self.node(product, factors.1));
        let x = self.builder.ins().uextend(types::I128, x);
        let y = self.builder.ins().uextend(types::I128, y);
        let whole = self.builder.ins().imul(x, y);
        let halves = self.builder.ins().isplit(whole);
        product.made.insert(factors, halves);
        halves
    }

    /// Any value of the body.
    fn node(&mut self, product: &mut Product, id: Id) -> Value {
        if let Some(value) = product.values.get(&id) {
            return *value;
        }
        // The parts of a value are older than it, so this comes to an end.
        let value = match product.nodes[id].clone() {
            Node::Param(param) => self.builder.use_var(self.locals[param as usize]),
            Node::Constant(constant) => self.builder.ins().iconst(types::I64, constant as i64),
            Node::Product(x, y) => {
                let (x, y) = (self.node(product, x), self.node(product, y));
                self.builder.ins().imul(x, y)
            }
            Node::Sum(terms) => {
                let terms: Vec<Value> = terms.into_iter().map(|term| self.node(product, term)).collect();
                terms.into_iter().reduce(|sum, term| self.builder.ins().iadd(sum, term)).expect("a sum has terms")
            }
            Node::Low(x) => {
                let x = self.node(product, x);
                self.builder.ins().band_imm_u(x, 0xffff_ffff)
            }
            Node::High(x) => {
                let x = self.node(product, x);
                self.builder.ins().ushr_imm_u(x, 32)
            }
            Node::Shifted(x) => {
                let x = self.node(product, x);
                self.builder.ins().ishl_imm_u(x, 32)
            }
            Node::Less(x, y) => {
                let (x, y) = (self.node(product, x), self.node(product, y));
                let less = self.builder.ins().icmp(IntCC::UnsignedLessThan, x, y);
                self.builder.ins().uextend(types::I64, less)
            }
        };
        product.values.insert(id, value);
        value
    }
}
