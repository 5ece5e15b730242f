//! Values, and what a call ends in, in terms that all engines share.
//!
//! Each engine's file translates its own to these; `differential` compares them bit for bit. A reference to a function is
//! only null or not: which one it is has no name outside of its engine. A reference to something of the host's is its number.

use super::seed::Rng;
use std::fmt;
use wasmparser::ValType;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// Vectors.
    V128,
    /// References to functions.
    Func,
    /// References to what is the host's.
    Extern,
}

impl Type {
    /// The type that a module names, unless it is of a proposal that Tancho has not.
    pub fn of(ty: ValType) -> Option<Type> {
        Some(match ty {
            ValType::I32 => Type::I32,
            ValType::I64 => Type::I64,
            ValType::F32 => Type::F32,
            ValType::F64 => Type::F64,
            ValType::V128 => Type::V128,
            ValType::Ref(ty) if ty == wasmparser::RefType::FUNCREF => Type::Func,
            ValType::Ref(ty) if ty == wasmparser::RefType::EXTERNREF => Type::Extern,
            ValType::Ref(_) => return None,
        })
    }

    /// Its name in text.
    pub fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::Func => "funcref",
            Type::Extern => "externref",
        }
    }
}

/// A value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// A 32-bit integer.
    I32(u32),
    /// A 64-bit integer.
    I64(u64),
    /// A 32-bit float's bits.
    F32(u32),
    /// A 64-bit float's bits.
    F64(u64),
    /// A vector's bits.
    V128(u128),
    /// Whether a reference to a function is one.
    Func(bool),
    /// The number of a reference to what is the host's.
    Extern(Option<u32>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::I32(bits) => write!(f, "i32 {bits:#x}"),
            Value::I64(bits) => write!(f, "i64 {bits:#x}"),
            Value::F32(bits) => write!(f, "f32 {bits:#x} ({})", f32::from_bits(*bits)),
            Value::F64(bits) => write!(f, "f64 {bits:#x} ({})", f64::from_bits(*bits)),
            Value::V128(bits) => write!(f, "v128 {bits:#034x}"),
            Value::Func(is) => f.write_str(if *is { "a function" } else { "no function" }),
            Value::Extern(number) => write!(f, "extern {number:?}"),
        }
    }
}

/// What floats a value holds, for comparisons that let any NaN stand for any other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Floats {
    /// None whose bits may differ.
    None,
    /// One of 32 bits, or four in a vector.
    F32,
    /// One of 64 bits, or two in a vector.
    F64,
}

/// 32-bit lanes of a vector, lowest first.
fn lanes32(bits: u128) -> [u32; 4] {
    [0, 32, 64, 96].map(|shift| (bits >> shift) as u32)
}

/// 64-bit lanes of a vector, lowest first.
fn lanes64(bits: u128) -> [u64; 2] {
    [0, 64].map(|shift| (bits >> shift) as u64)
}

fn same32(left: u32, right: u32) -> bool {
    left == right || (f32::from_bits(left).is_nan() && f32::from_bits(right).is_nan())
}

fn same64(left: u64, right: u64) -> bool {
    left == right || (f64::from_bits(left).is_nan() && f64::from_bits(right).is_nan())
}

impl Value {
    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Value::I32(_) => Type::I32,
            Value::I64(_) => Type::I64,
            Value::F32(_) => Type::F32,
            Value::F64(_) => Type::F64,
            Value::V128(_) => Type::V128,
            Value::Func(_) => Type::Func,
            Value::Extern(_) => Type::Extern,
        }
    }

    /// Whether both are the same but for the bits of the NaNs among `floats`.
    pub fn same(self, other: Value, floats: Floats) -> bool {
        match (self, other, floats) {
            (Value::F32(left), Value::F32(right), Floats::F32) => same32(left, right),
            (Value::F64(left), Value::F64(right), Floats::F64) => same64(left, right),
            (Value::V128(left), Value::V128(right), Floats::F32) => {
                lanes32(left).into_iter().zip(lanes32(right)).all(|(left, right)| same32(left, right))
            }
            (Value::V128(left), Value::V128(right), Floats::F64) => {
                lanes64(left).into_iter().zip(lanes64(right)).all(|(left, right)| same64(left, right))
            }
            (left, right, _) => left == right,
        }
    }

    /// A value of `ty` from any bits. References are null, or numbers that the host has.
    pub fn from_bits(ty: Type, bits: u128) -> Value {
        match ty {
            Type::I32 => Value::I32(bits as u32),
            Type::I64 => Value::I64(bits as u64),
            Type::F32 => Value::F32(bits as u32),
            Type::F64 => Value::F64(bits as u64),
            Type::V128 => Value::V128(bits),
            Type::Func => Value::Func(false),
            Type::Extern => Value::Extern((bits & 1 == 1).then_some((bits >> 1) as u32 & 0xffff)),
        }
    }

    /// Its bits.
    pub fn bits(self) -> u128 {
        match self {
            Value::I32(bits) | Value::F32(bits) => bits.into(),
            Value::I64(bits) | Value::F64(bits) => bits.into(),
            Value::V128(bits) => bits,
            Value::Func(is) => is.into(),
            Value::Extern(number) => number.map_or(0, |number| u128::from(number) << 1 | 1),
        }
    }

    /// A value of `ty`: often one at an edge, sometimes small, otherwise anything.
    pub fn random(random: &mut Rng, ty: Type) -> Value {
        match random.u8(..8) {
            0..=3 => edge(ty, random.usize(..EDGES)),
            4 | 5 => Value::from_bits(ty, random.u128(..200)),
            _ => Value::from_bits(ty, random.u128(..)),
        }
    }
}

/// How many edges there are of each type; [`edge`] takes any number and wraps.
pub const EDGES: usize = 32;

const EDGES_32: [u32; 32] = [
    0,
    1,
    2,
    3,
    7,
    8,
    31,
    32,
    33,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x00ff_00ff,
    0x5555_5555,
    0xaaaa_aaaa,
    0x3fff_ffff,
    0x4000_0000,
    0x7fff_fffe,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ff80,
    0xffff_8000,
    0xffff_fffe,
    0xffff_ffff,
];

const EDGES_64: [u64; 32] = [
    0,
    1,
    2,
    7,
    31,
    32,
    33,
    63,
    64,
    65,
    0x80,
    0xff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x5555_5555_5555_5555,
    0xaaaa_aaaa_aaaa_aaaa,
    0x3fff_ffff_ffff_ffff,
    0x4000_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_0000_0000,
    0xffff_ffff_7fff_ffff,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Zeros, ones, halves for rounding, edges of what converts to integers, subnormals, infinities, NaNs quiet and signalling.
const EDGES_F32: [u32; 32] = [
    0x0000_0000,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x3f00_0000,
    0xbf00_0000,
    0x3fc0_0000,
    0x4020_0000,
    0x3eff_ffff,
    0x3f00_0001,
    0x0000_0001,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x7f7f_ffff,
    0xff7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x4eff_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0xcf00_0001,
    0x4f7f_ffff,
    0x4f80_0000,
    0x5eff_ffff,
    0x5f00_0000,
    0xdf00_0000,
    0x5f80_0000,
    0x4b00_0001,
    0x7fc0_0000,
    0xffc0_1234,
    0x7fa0_0001,
];

const EDGES_F64: [u64; 32] = [
    0x0000_0000_0000_0000,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0x3fdf_ffff_ffff_ffff,
    0x36a0_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x8000_0000_0000_0001,
    0x0010_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x41df_ffff_ffc0_0000,
    0x41e0_0000_0000_0000,
    0xc1e0_0000_0000_0000,
    0xc1e0_0000_0020_0000,
    0x41ef_ffff_ffff_ffff,
    0x41f0_0000_0000_0000,
    0x43df_ffff_ffff_ffff,
    0x43e0_0000_0000_0000,
    0xc3e0_0000_0000_0000,
    0xc3e0_0000_0000_0001,
    0x43f0_0000_0000_0000,
    0x47ef_ffff_f000_0000,
    0x4330_0000_0000_0001,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_1234,
    0x7ff4_0000_0000_0001,
];

/// Value number `number` of those where mistakes are made. Vectors hold edges of one kind of lane, a different one in each.
pub fn edge(ty: Type, number: usize) -> Value {
    let at = |number: usize| number % EDGES;
    match ty {
        Type::I32 => Value::I32(EDGES_32[at(number)]),
        Type::I64 => Value::I64(EDGES_64[at(number)]),
        Type::F32 => Value::F32(EDGES_F32[at(number)]),
        Type::F64 => Value::F64(EDGES_F64[at(number)]),
        Type::V128 => {
            let lane = |lane: usize| at(number * 5 + lane * 7);
            let of = |bits: u32, value: &dyn Fn(usize) -> u64| {
                (0..128 / bits).fold(0, |sum, index| {
                    let value = u128::from(value(lane(index as usize))) & (u128::MAX >> (128 - bits));
                    sum | value << (index * bits)
                })
            };
            Value::V128(match number % 8 {
                0 if number == 0 => 0,
                0 => u128::MAX,
                1 | 6 => of(8, &|lane| EDGES_32[lane].into()),
                2 => of(16, &|lane| EDGES_32[lane].into()),
                3 => of(32, &|lane| EDGES_32[lane].into()),
                4 => of(64, &|lane| EDGES_64[lane]),
                5 => of(32, &|lane| EDGES_F32[lane].into()),
                _ => of(64, &|lane| EDGES_F64[lane]),
            })
        }
        Type::Func => Value::Func(false),
        Type::Extern => Value::Extern((!number.is_multiple_of(3)).then_some(number as u32)),
    }
}

impl Stop {
    /// As a value, for a guest to go on with.
    pub fn outcome(&self) -> Value {
        let text = format!("{self:?}");
        Value::I32(text.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into())))
    }
}

/// Why a call, or an instantiation, did not end well.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Stop {
    /// `unreachable`.
    Unreachable,
    /// A memory access out of bounds.
    Memory,
    /// A table access out of bounds.
    Table,
    /// A call of a null entry.
    Null,
    /// A call of another type.
    Signature,
    /// A quotient or an integer that is not representable.
    Overflow,
    /// Division by zero.
    Zero,
    /// What is no number made an integer.
    Conversion,
    /// The stack is used up: engines differ in when.
    Exhausted,
    /// The store's fuel is used up.
    Fuel,
    /// Anything else: never the same as anything.
    Other(String),
}
