//! The accesses whose addresses are tested: loads and stores of every size, in text with places for offset and index, and what each
//! does to bytes.
//!
//! Used by `bench`. A load's text gives the bytes it read as an `i64`; a store's text stores the low bytes of `$v`.

use std::fmt::Write;

/// Sizes in bytes.
pub const SIZES: [u64; 5] = [1, 2, 4, 8, 16];

/// Loads of `size` bytes; `{o}` is where the offset goes and `{i}` where the index.
pub fn loads(size: u64) -> Vec<String> {
    let narrow =
        |text: &str, mask: u32| format!("(i64.extend_i32_u (i32.and ({text} {{o}} {{i}}) (i32.const {mask})))");
    let wide = |text: &str, mask: u64| format!("(i64.and ({text} {{o}} {{i}}) (i64.const {mask}))");
    let zero = "(v128.const i64x2 0 0)";
    let splat = |bits: u64| low(&format!("(v128.load{bits}_splat {{o}} {{i}})"), bits, 1);
    let lane = |bits: u64, lane: u64| low(&format!("(v128.load{bits}_lane {{o}} {lane} {{i}} {zero})"), bits, lane);
    // The bytes that a widening load read stand at these places of its result.
    let widened = |name: &str, places: &str| {
        let pick = format!("(i8x16.shuffle {places} 0 0 0 0 0 0 0 0 ({name} {{o}} {{i}}) {zero})");
        format!("(i64x2.extract_lane 0 {pick})")
    };
    let (eight, sixteen, thirty_two) = ("0 2 4 6 8 10 12 14", "0 1 4 5 8 9 12 13", "0 1 2 3 8 9 10 11");
    match size {
        1 => vec![
            narrow("i32.load8_u", 0xff),
            narrow("i32.load8_s", 0xff),
            wide("i64.load8_u", 0xff),
            wide("i64.load8_s", 0xff),
            splat(8),
            lane(8, 13),
        ],
        2 => vec![
            narrow("i32.load16_u", 0xffff),
            narrow("i32.load16_s", 0xffff),
            wide("i64.load16_u", 0xffff),
            wide("i64.load16_s", 0xffff),
            splat(16),
            lane(16, 6),
        ],
        4 => vec![
            "(i64.extend_i32_u (i32.load {o} {i}))".to_owned(),
            "(i64.extend_i32_u (i32.reinterpret_f32 (f32.load {o} {i})))".to_owned(),
            wide("i64.load32_u", 0xffff_ffff),
            wide("i64.load32_s", 0xffff_ffff),
            splat(32),
            low("(v128.load32_zero {o} {i})", 32, 0),
            lane(32, 2),
        ],
        8 => vec![
            "(i64.load {o} {i})".to_owned(),
            "(i64.reinterpret_f64 (f64.load {o} {i}))".to_owned(),
            widened("v128.load8x8_s", eight),
            widened("v128.load8x8_u", eight),
            widened("v128.load16x4_s", sixteen),
            widened("v128.load16x4_u", sixteen),
            widened("v128.load32x2_s", thirty_two),
            widened("v128.load32x2_u", thirty_two),
            splat(64),
            low("(v128.load64_zero {o} {i})", 64, 0),
            lane(64, 1),
        ],
        _ => vec![
            "(i64.xor (i64x2.extract_lane 0 (local.tee $w (v128.load {o} {i}))) (i64x2.extract_lane 1 (local.get $w)))"
                .to_owned(),
        ],
    }
}

/// Lane `lane` of a vector of lanes of `bits`, as an `i64`.
fn low(vector: &str, bits: u64, lane: u64) -> String {
    match bits {
        8 => format!("(i64.extend_i32_u (i8x16.extract_lane_u {lane} {vector}))"),
        16 => format!("(i64.extend_i32_u (i16x8.extract_lane_u {lane} {vector}))"),
        32 => format!("(i64.extend_i32_u (i32x4.extract_lane {lane} {vector}))"),
        _ => format!("(i64x2.extract_lane {lane} {vector})"),
    }
}

/// Stores of `size` bytes.
pub fn stores(size: u64) -> Vec<String> {
    let narrow = |text: &str| format!("({text} {{o}} {{i}} (i32.wrap_i64 (local.get $v)))");
    let wide = |text: &str| format!("({text} {{o}} {{i}} (local.get $v))");
    let lane = |bits: u64| format!("(v128.store{bits}_lane {{o}} 0 {{i}} (i64x2.splat (local.get $v)))");
    match size {
        1 => vec![narrow("i32.store8"), wide("i64.store8"), lane(8)],
        2 => vec![narrow("i32.store16"), wide("i64.store16"), lane(16)],
        4 => vec![
            narrow("i32.store"),
            wide("i64.store32"),
            "(f32.store {o} {i} (f32.reinterpret_i32 (i32.wrap_i64 (local.get $v))))".to_owned(),
            lane(32),
        ],
        8 => vec![wide("i64.store"), "(f64.store {o} {i} (f64.reinterpret_i64 (local.get $v)))".to_owned(), lane(64)],
        _ => vec!["(v128.store {o} {i} (i64x2.splat (local.get $v)))".to_owned()],
    }
}

/// A function `name` of `x`, `y`, `z` and `v` that makes an access at `offset` and the index that `shape` gives: what is loaded, or 0.
pub struct Body<'a> {
    /// Its name.
    pub name: &'a str,
    /// The access, with places for offset and index.
    pub access: &'a str,
    /// Whether it is a load.
    pub is_load: bool,
    /// The constant offset.
    pub offset: u64,
    /// The index expression.
    pub shape: &'a str,
    /// The memory that it is made to.
    pub kind: Kind,
    /// What is alive across it.
    pub pressure: Pressure,
}

/// What kind of memory accesses are made to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// Whether it is indexed by `i64`.
    pub wide: bool,
    /// Whether its pages are a byte each, and it ends in the middle of one of the machine's.
    pub bytes: bool,
}

impl Kind {
    /// What most are.
    pub const USUAL: Kind = Kind { wide: false, bytes: false };

    /// All kinds.
    pub const ALL: [Kind; 4] = [
        Kind::USUAL,
        Kind { wide: true, bytes: false },
        Kind { wide: false, bytes: true },
        Kind { wide: true, bytes: true },
    ];

    /// Its length in bytes.
    pub const fn length(self) -> u64 {
        if self.bytes { LENGTH - 3 } else { LENGTH }
    }

    /// The type of its addresses.
    const fn address(self) -> &'static str {
        if self.wide { "i64" } else { "i32" }
    }

    /// Its type.
    fn memory(self) -> String {
        let address = self.address();
        if self.bytes {
            format!("{address} {} (pagesize 1)", self.length())
        } else {
            format!("{address} {}", self.length() >> 16)
        }
    }
}

/// The length of memories of whole pages in bytes.
pub const LENGTH: u64 = 4 << 16;

/// What is alive across the access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pressure {
    /// Nothing.
    None,
    /// Forty values, and what the index is computed of: all are spilled by a call.
    Operands,
    /// Forty values and the index itself, which came out of a call.
    Index,
}

/// How many values live across the access under pressure.
pub const LIVE: u32 = 40;

/// What every module begins with: the memory, the values that live across accesses, and the calls that spill them.
pub fn head(kind: Kind) -> String {
    let (memory, address) = (kind.memory(), kind.address());
    let mut text = format!(
        r#"(module (memory (export "memory") {memory})
             (global $calls (mut i32) (i32.const 0))
             (func $spill (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
             (func $same (param i32) (result i32) (call $spill) (local.get 0))
             (func $index (param {address}) (result {address}) (call $spill) (local.get 0))
             "#
    );
    for live in 0..LIVE {
        writeln!(text, "(global $live{live} (mut i32) (i32.const {}))", live * 77 + 1).expect("writing to a string");
    }
    text
}

/// What the values that live across an access add to its result.
pub fn sum_of_live() -> u64 {
    (0..LIVE).map(|live| u64::from(live * 77 + 1)).sum()
}

/// Writes the function.
pub fn write(text: &mut String, body: &Body<'_>) {
    let Body { kind, name, access, is_load, offset, shape, pressure } = *body;
    let address = kind.address();
    let mut put = |part: &str| text.push_str(part);
    put(&format!(
        "(func (export \"{name}\") (param $x i32) (param $y i64) (param $z i32) (param $v i64) (param $t i64) (result i64)
           (local $w v128) (local $i {address}) (local $r i64)"
    ));
    let pressed = pressure != Pressure::None;
    if pressed {
        for live in 0..LIVE {
            put(&format!(" (local $l{live} i32)"));
        }
        for live in 0..LIVE {
            put(&format!("\n(local.set $l{live} (global.get $live{live}))"));
        }
    }
    let index = match pressure {
        Pressure::None => shape.to_owned(),
        Pressure::Operands => {
            put("(call $spill)");
            shape.to_owned()
        }
        Pressure::Index => {
            put(&format!("(local.set $i (call $index {shape})) (call $spill)"));
            "(local.get $i)".to_owned()
        }
    };
    let access = access.replace("{o}", &format!("offset={offset}")).replace("{i}", &index);
    put(&if is_load { format!("\n(local.set $r {access})\n") } else { format!("\n{access}\n") });
    for live in (0..LIVE).filter(|_| pressed) {
        put(&format!("(local.set $r (i64.add (local.get $r) (i64.extend_i32_u (local.get $l{live}))))\n"));
    }
    put("(local.get $r))\n");
}
