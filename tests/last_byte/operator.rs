//! The operators whose operands are loaded: by their types, so that each meets each way to load a value of a type, at each of its
//! operands.
//!
//! Used by `last_byte`. The list is checked against nothing but validation; what is missing in it is not tested.

/// One function's body: an `i64` of `$i`, where it loads, and `$v`.
pub(crate) struct Case {
    pub(crate) text: String,
    /// The bytes that it loads.
    pub(crate) size: u32,
}

/// Types of values: `i32`, `i64`, `f32`, `f64`, `v128`, by one letter each.
type Types = &'static str;

const I32: &str = "i32";
const INTEGER_UNARY: &str = "clz ctz popcnt extend8_s extend16_s";
const INTEGER_BINARY: &str = "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
const INTEGER_COMPARISON: &str = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const FLOAT_UNARY: &str = "abs neg ceil floor trunc nearest sqrt";
const FLOAT_BINARY: &str = "add sub mul div min max copysign";
const FLOAT_COMPARISON: &str = "eq ne lt gt le ge";

/// Operands, result, operator.
const CONVERSIONS: &str = "
    i32 i32 i32.eqz; i64 i32 i64.eqz; i64 i64 i64.extend32_s; i64 i32 i32.wrap_i64; i32 i64 i64.extend_i32_s; i32 i64 i64.extend_i32_u;
    f32 i32 i32.trunc_f32_s; f32 i32 i32.trunc_f32_u; f64 i32 i32.trunc_f64_s; f64 i32 i32.trunc_f64_u;
    f32 i64 i64.trunc_f32_s; f32 i64 i64.trunc_f32_u; f64 i64 i64.trunc_f64_s; f64 i64 i64.trunc_f64_u;
    f32 i32 i32.trunc_sat_f32_s; f32 i32 i32.trunc_sat_f32_u; f64 i32 i32.trunc_sat_f64_s; f64 i32 i32.trunc_sat_f64_u;
    f32 i64 i64.trunc_sat_f32_s; f32 i64 i64.trunc_sat_f32_u; f64 i64 i64.trunc_sat_f64_s; f64 i64 i64.trunc_sat_f64_u;
    i32 f32 f32.convert_i32_s; i32 f32 f32.convert_i32_u; i64 f32 f32.convert_i64_s; i64 f32 f32.convert_i64_u;
    i32 f64 f64.convert_i32_s; i32 f64 f64.convert_i32_u; i64 f64 f64.convert_i64_s; i64 f64 f64.convert_i64_u;
    f64 f32 f32.demote_f64; f32 f64 f64.promote_f32; f32 i32 i32.reinterpret_f32; i32 f32 f32.reinterpret_i32;
    f64 i64 i64.reinterpret_f64; i64 f64 f64.reinterpret_i64;
    i32 v128 i8x16.splat; i32 v128 i16x8.splat; i32 v128 i32x4.splat; i64 v128 i64x2.splat; f32 v128 f32x4.splat; f64 v128 f64x2.splat";

const VECTOR_UNARY: &str = "
    v128.not i8x16.abs i8x16.neg i8x16.popcnt i16x8.abs i16x8.neg i32x4.abs i32x4.neg i64x2.abs i64x2.neg
    f32x4.abs f32x4.neg f32x4.sqrt f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest
    f64x2.abs f64x2.neg f64x2.sqrt f64x2.ceil f64x2.floor f64x2.trunc f64x2.nearest
    i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
    i16x8.extend_low_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_s i16x8.extend_high_i8x16_u
    i32x4.extend_low_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_s i32x4.extend_high_i16x8_u
    i64x2.extend_low_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_s i64x2.extend_high_i32x4_u
    i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero
    f32x4.convert_i32x4_s f32x4.convert_i32x4_u f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
    f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
    i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero";

const VECTOR_TESTS: &str = "v128.any_true i8x16.all_true i16x8.all_true i32x4.all_true i64x2.all_true
    i8x16.bitmask i16x8.bitmask i32x4.bitmask i64x2.bitmask";

const VECTOR_BINARY: &str = "
    v128.and v128.andnot v128.or v128.xor i8x16.swizzle i8x16.relaxed_swizzle
    i8x16.add i8x16.sub i8x16.add_sat_s i8x16.add_sat_u i8x16.sub_sat_s i8x16.sub_sat_u i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u
    i8x16.avgr_u i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u
    i16x8.add i16x8.sub i16x8.mul i16x8.add_sat_s i16x8.add_sat_u i16x8.sub_sat_s i16x8.sub_sat_u i16x8.min_s i16x8.min_u i16x8.max_s
    i16x8.max_u i16x8.avgr_u i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s
    i16x8.extmul_low_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_s i16x8.extmul_high_i8x16_u i16x8.relaxed_dot_i8x16_i7x16_s
    i32x4.add i32x4.sub i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s
    i32x4.extmul_low_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_s i32x4.extmul_high_i16x8_u
    i64x2.add i64x2.sub i64x2.mul i64x2.extmul_low_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_s i64x2.extmul_high_i32x4_u
    f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax f32x4.relaxed_min f32x4.relaxed_max
    f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax f64x2.relaxed_min f64x2.relaxed_max
    i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
    i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
    i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u
    i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
    f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge";

const VECTOR_TERNARY: &str =
    "v128.bitselect f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd
    i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect
    i32x4.relaxed_dot_i8x16_i7x16_add_s";

/// Ways to load a value of a type, with the bytes they load.
fn sources(ty: &str) -> &'static [(&'static str, u32)] {
    match ty {
        "i32" => &[("i32.load", 4), ("i32.load8_s", 1), ("i32.load8_u", 1), ("i32.load16_s", 2), ("i32.load16_u", 2)],
        "i64" => &[
            ("i64.load", 8),
            ("i64.load8_s", 1),
            ("i64.load8_u", 1),
            ("i64.load16_s", 2),
            ("i64.load16_u", 2),
            ("i64.load32_s", 4),
            ("i64.load32_u", 4),
        ],
        "f32" => &[("f32.load", 4)],
        "f64" => &[("f64.load", 8)],
        _ => &[
            ("v128.load", 16),
            ("v128.load8_splat", 1),
            ("v128.load16_splat", 2),
            ("v128.load32_splat", 4),
            ("v128.load64_splat", 8),
            ("v128.load32_zero", 4),
            ("v128.load64_zero", 8),
            ("v128.load8x8_s", 8),
            ("v128.load8x8_u", 8),
            ("v128.load16x4_s", 8),
            ("v128.load16x4_u", 8),
            ("v128.load32x2_s", 8),
            ("v128.load32x2_u", 8),
        ],
    }
}

/// A value of a type that is not loaded.
fn other(ty: &str) -> &'static str {
    match ty {
        "i32" => "(i32.wrap_i64 (local.get $v))",
        "i64" => "(local.get $v)",
        "f32" => "(f32.convert_i64_s (local.get $v))",
        "f64" => "(f64.convert_i64_s (local.get $v))",
        _ => "(i64x2.splat (local.get $v))",
    }
}

/// A value of a type as an `i64`.
fn result(ty: &str, value: &str) -> String {
    match ty {
        "i32" => format!("(i64.extend_i32_u {value})"),
        "i64" => value.to_owned(),
        "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        "f64" => format!("(i64.reinterpret_f64 {value})"),
        _ => format!(
            "(local.set $w {value}) (i64.add (i64x2.extract_lane 0 (local.get $w)) (i64x2.extract_lane 1 (local.get $w)))"
        ),
    }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ["i32", "i64", "f32", "f64", "v128"] {
        for (load, size) in sources(ty) {
            cases.push(Case { text: result(ty, &format!("({load} (local.get $i))")), size: *size });
        }
    }
    let mut add = |operands: &[Types], ty: Types, operator: &str| operator_cases(&mut cases, operands, ty, operator);
    for ty in ["i32", "i64"] {
        for name in INTEGER_UNARY.split_whitespace() {
            add(&[ty], ty, &format!("{ty}.{name}"));
        }
        for name in INTEGER_BINARY.split_whitespace() {
            add(&[ty, ty], ty, &format!("{ty}.{name}"));
        }
        for name in INTEGER_COMPARISON.split_whitespace() {
            add(&[ty, ty], I32, &format!("{ty}.{name}"));
        }
    }
    for ty in ["f32", "f64"] {
        for name in FLOAT_UNARY.split_whitespace() {
            add(&[ty], ty, &format!("{ty}.{name}"));
        }
        for name in FLOAT_BINARY.split_whitespace() {
            add(&[ty, ty], ty, &format!("{ty}.{name}"));
        }
        for name in FLOAT_COMPARISON.split_whitespace() {
            add(&[ty, ty], I32, &format!("{ty}.{name}"));
        }
    }
    for line in CONVERSIONS.split(';') {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        add(&words[..1], words[1], words[2]);
    }
    for operator in VECTOR_UNARY.split_whitespace() {
        add(&["v128"], "v128", operator);
    }
    for operator in VECTOR_TESTS.split_whitespace() {
        add(&["v128"], I32, operator);
    }
    for operator in VECTOR_BINARY.split_whitespace() {
        add(&["v128", "v128"], "v128", operator);
    }
    for operator in VECTOR_TERNARY.split_whitespace() {
        add(&["v128", "v128", "v128"], "v128", operator);
    }
    for (lanes, ty, count) in [
        ("i8x16", "i32", 16),
        ("i16x8", "i32", 8),
        ("i32x4", "i32", 4),
        ("i64x2", "i64", 2),
        ("f32x4", "f32", 4),
        ("f64x2", "f64", 2),
    ] {
        for name in ["shl", "shr_s", "shr_u"].iter().filter(|_| lanes.starts_with('i')) {
            add(&["v128", "i32"], "v128", &format!("{lanes}.{name}"));
        }
        for lane in [0, 1, count - 1] {
            add(&["v128", ty], "v128", &format!("{lanes}.replace_lane {lane}"));
            let sign = if count > 4 { "_u" } else { "" };
            add(&["v128"], ty, &format!("{lanes}.extract_lane{sign} {lane}"));
        }
    }
    for lanes in [
        "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
        "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
        "31 2 9 0 5 5 5 30 1 1 17 18 19 4 3 8",
    ] {
        add(&["v128", "v128"], "v128", &format!("i8x16.shuffle {lanes}"));
    }
    // The other ways to use what was loaded: as a condition, by `select`, in a lane, and stored again where it came from.
    for (ty, _) in [("i32", 4), ("i64", 8), ("f32", 4), ("f64", 8), ("v128", 16)] {
        add(&[ty, ty, "i32"], ty, "select");
    }
    for (bits, lane) in [(8, 15), (8, 0), (16, 7), (16, 0), (32, 3), (32, 0), (64, 1), (64, 0)] {
        let text = format!("(v128.load{bits}_lane {lane} (local.get $i) {})", other("v128"));
        cases.push(Case { text: result("v128", &text), size: bits / 8 });
    }
    for (ty, width, size) in
        [("i32", "", 4), ("i64", "", 8), ("i32", "8", 1), ("i32", "16", 2), ("i64", "32", 4), ("i64", "8", 1)]
    {
        for name in ["add", "sub", "and", "or", "xor"] {
            let sign = if width.is_empty() { "" } else { "_u" };
            let sum = format!("({ty}.{name} ({ty}.load{width}{sign} (local.get $i)) {})", other(ty));
            let text = format!("({ty}.store{width} (local.get $i) {sum}) (i64.const 0)");
            cases.push(Case { text, size });
        }
    }
    cases
}

fn operator_cases(cases: &mut Vec<Case>, operands: &[Types], ty: Types, operator: &str) {
    for (place, loaded) in operands.iter().enumerate() {
        let sources = sources(loaded);
        // Each operator meets the whole load, and with vectors some of the others, which take turns.
        let turn = cases.len();
        let chosen = |number: usize| *loaded != "v128" || number == 0 || (number + turn).is_multiple_of(4);
        for (_, (load, size)) in sources.iter().enumerate().filter(|(number, _)| chosen(*number)) {
            let mut text = format!("({operator}");
            for (position, operand) in operands.iter().enumerate() {
                text.push(' ');
                if position == place {
                    text.push_str(&format!("({load} (local.get $i))"));
                } else {
                    text.push_str(other(operand));
                }
            }
            text.push(')');
            // `select` has the type in its name where that is a vector.
            cases.push(Case { text: result(ty, &text), size: *size });
        }
    }
}
