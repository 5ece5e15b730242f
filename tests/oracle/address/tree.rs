//! Random index expressions: trees of integer operators over `$x`, `$y`, `$z`, constants and loaded values, each with what it means.
//!
//! Used by `bench`.

use crate::oracle::row::Random;
use std::rc::Rc;

/// What a tree is computed from.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// An `i32`.
    pub x: u32,
    /// An `i64`.
    pub y: u64,
    /// An `i32`, added in the end.
    pub z: u32,
    /// An `i64`, added in the end where the index is one.
    pub t: u64,
}

/// A tree whose value is a `T`.
pub struct Tree<T> {
    /// It in text.
    pub text: String,
    /// What it means.
    pub value: Rc<dyn Fn(&Operands) -> T>,
}

impl<T: 'static> Tree<T> {
    fn new(text: impl Into<String>, value: impl Fn(&Operands) -> T + 'static) -> Tree<T> {
        Tree { text: text.into(), value: Rc::new(value) }
    }

    fn map<R: 'static>(self, name: &str, f: impl Fn(T) -> R + 'static) -> Tree<R> {
        let value = self.value;
        Tree::new(format!("({name} {})", self.text), move |operands| f(value(operands)))
    }

    fn with<S: 'static, R: 'static>(self, name: &str, other: Tree<S>, f: impl Fn(T, S) -> R + 'static) -> Tree<R> {
        let (a, b) = (self.value, other.value);
        Tree::new(format!("({name} {} {})", self.text, other.text), move |operands| f(a(operands), b(operands)))
    }

    fn select(self, other: Tree<T>, condition: Tree<u32>) -> Tree<T> {
        let (a, b, c) = (self.value, other.value, condition.value);
        Tree::new(format!("(select {} {} {})", self.text, other.text, condition.text), move |operands| {
            if c(operands) != 0 { a(operands) } else { b(operands) }
        })
    }
}

/// The values that trees load from the memory `$values`.
pub const VALUES: [u32; 16] = [
    0,
    1,
    2,
    4,
    7,
    8,
    0xff,
    0xffff,
    0x1_0000,
    0x2_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fff8,
    0xffff_ffff,
    0x1234,
];

/// Edges of 64 bits.
pub const WIDE: [u64; 14] = [
    0,
    1,
    0xff,
    0x3_ffff,
    1 << 30,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 32,
    0x1_0000_0001,
    1 << 36,
    1 << 47,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

/// The memory `$values` in text.
pub fn values() -> String {
    let bytes: String =
        VALUES.iter().flat_map(|value| value.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect();
    format!("(memory $values (export \"values\") 1)\n(data (memory $values) (i32.const 0) \"{bytes}\")\n")
}

/// A tree of 32 bits.
pub fn tree(random: &mut Random, depth: u32) -> Tree<u32> {
    if depth == 0 {
        return match random.below(5) {
            0 => Tree::new("(local.get $y)", |operands| operands.y).map("i32.wrap_i64", |y| y as u32),
            1 => {
                let value = *random.of(&VALUES);
                Tree::new(format!("(i32.const {value})"), move |_| value)
            }
            2 => {
                let place = random.below(VALUES.len());
                Tree::new(format!("(i32.load $values offset={} (i32.const 0))", place * 4), move |_| VALUES[place])
            }
            _ => Tree::new("(local.get $x)", |operands| operands.x),
        };
    }
    let depth = depth - 1;
    match random.below(24) {
        0..=2 => tree(random, depth).with("i32.add", tree(random, depth), u32::wrapping_add),
        3 => tree(random, depth).with("i32.sub", tree(random, depth), u32::wrapping_sub),
        4 => tree(random, depth).with("i32.mul", tree(random, depth), u32::wrapping_mul),
        5 => tree(random, depth).with("i32.and", tree(random, depth), |a, b| a & b),
        6 => tree(random, depth).with("i32.or", tree(random, depth), |a, b| a | b),
        7 => tree(random, depth).with("i32.xor", tree(random, depth), |a, b| a ^ b),
        8 => tree(random, depth).with("i32.shl", tree(random, 0), u32::wrapping_shl),
        9 | 10 => {
            let amount = random.below(32) as u32;
            tree(random, depth).with(
                "i32.shl",
                Tree::new(format!("(i32.const {amount})"), move |_| amount),
                u32::wrapping_shl,
            )
        }
        11 => tree(random, depth).with("i32.shr_u", tree(random, 0), u32::wrapping_shr),
        12 => tree(random, depth).with("i32.shr_s", tree(random, 0), |a, b| (a as i32).wrapping_shr(b) as u32),
        13 => tree(random, depth).with("i32.rotl", tree(random, 0), |a, b| a.rotate_left(b % 32)),
        14 => tree(random, depth).map("i32.extend8_s", |a| a as i8 as u32),
        15 => tree(random, depth).map("i32.extend16_s", |a| a as i16 as u32),
        16 => tree(random, depth).map("i32.clz", u32::leading_zeros),
        17 => tree(random, depth).with("i32.lt_s", tree(random, depth), |a, b| u32::from((a as i32) < b as i32)),
        18 => {
            let condition = tree(random, 1);
            tree(random, depth).select(tree(random, depth), condition)
        }
        19 => {
            let place = tree(random, depth);
            let value = place.value;
            let mask = VALUES.len() * 4 - 4;
            Tree::new(format!("(i32.load $values (i32.and {} (i32.const {mask})))", place.text), move |operands| {
                VALUES[(value(operands) as usize & mask) / 4]
            })
        }
        20 => tree(random, depth).map("call $same", |a| a),
        _ => wide(random, depth).map("i32.wrap_i64", |a| a as u32),
    }
}

/// A tree of 64 bits.
pub fn wide(random: &mut Random, depth: u32) -> Tree<u64> {
    if depth == 0 {
        return Tree::new("(local.get $y)", |operands| operands.y);
    }
    let depth = depth - 1;
    match random.below(14) {
        0 | 1 => wide(random, depth).with("i64.add", wide(random, depth), u64::wrapping_add),
        2 => wide(random, depth).with("i64.sub", wide(random, depth), u64::wrapping_sub),
        3 => wide(random, depth).with("i64.mul", wide(random, depth), u64::wrapping_mul),
        4 => wide(random, depth).with("i64.and", wide(random, depth), |a, b| a & b),
        5 | 6 => {
            let amount = random.below(64) as u64;
            let by = Tree::new(format!("(i64.const {amount})"), move |_| amount);
            wide(random, depth).with("i64.shl", by, |a, b| a.wrapping_shl(b as u32))
        }
        7 => {
            let amount = random.below(64) as u64;
            let by = Tree::new(format!("(i64.const {amount})"), move |_| amount);
            wide(random, depth).with("i64.shr_u", by, |a, b| a.wrapping_shr(b as u32))
        }
        8 => wide(random, depth).map("i64.extend32_s", |a| a as i32 as u64),
        9 => {
            let condition = tree(random, 1);
            wide(random, depth).select(wide(random, depth), condition)
        }
        10 | 11 => tree(random, depth).map("i64.extend_i32_s", |a| a as i32 as u64),
        _ => tree(random, depth).map("i64.extend_i32_u", u64::from),
    }
}
