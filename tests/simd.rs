//! Vectors in the compiler: that every instruction compiles for every target, with the least CPU features too; what is refused
//! where a target has none; and that the deterministic mode is the same everywhere.

use std::collections::BTreeSet;
use std::fmt::Write;
use tancho_abi::tunables::{OptLevel, Tunables};
use tancho_abi::types::{FuncType, ValType};
use tancho_jit::{CompileError, Compiler, Options};
use wasmparser::{Parser, Payload};

/// One operand, one result, both vectors.
const UNARY: &str = "v128.not
    i8x16.abs i8x16.neg i8x16.popcnt i16x8.abs i16x8.neg i32x4.abs i32x4.neg i64x2.abs i64x2.neg
    i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
    i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u
    i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u
    i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u
    f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest f32x4.abs f32x4.neg f32x4.sqrt
    f64x2.ceil f64x2.floor f64x2.trunc f64x2.nearest f64x2.abs f64x2.neg f64x2.sqrt
    i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero
    f32x4.convert_i32x4_s f32x4.convert_i32x4_u f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
    f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
    i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
    i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero";

/// Two operands, one result, all vectors.
const BINARY: &str = "v128.and v128.andnot v128.or v128.xor i8x16.swizzle
    i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
    i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
    i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u
    i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
    f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge
    i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u
    i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u
    i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u i8x16.avgr_u
    i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u i16x8.mul
    i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u i16x8.avgr_u i16x8.q15mulr_sat_s
    i32x4.add i32x4.sub i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s
    i64x2.add i64x2.sub i64x2.mul
    i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u
    i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u
    i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u
    f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax
    f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax
    i8x16.relaxed_swizzle f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max
    i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s";

/// Three operands, one result, all vectors.
const TERNARY: &str = "v128.bitselect f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd
    i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect
    i32x4.relaxed_dot_i8x16_i7x16_add_s";

/// A vector and an `i32`.
const SHIFT: &str = "i8x16.shl i8x16.shr_s i8x16.shr_u i16x8.shl i16x8.shr_s i16x8.shr_u
    i32x4.shl i32x4.shr_s i32x4.shr_u i64x2.shl i64x2.shr_s i64x2.shr_u";

/// A vector; the result is an `i32`.
const TEST: &str =
    "v128.any_true i8x16.all_true i8x16.bitmask i16x8.all_true i16x8.bitmask i32x4.all_true i32x4.bitmask
    i64x2.all_true i64x2.bitmask";

/// An address; the result is a vector.
const LOAD: &str =
    "v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u
    v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.load32_zero v128.load64_zero";

const SHAPES: [(&str, &str, u32); 6] = [
    ("i8x16", "i32", 16),
    ("i16x8", "i32", 8),
    ("i32x4", "i32", 4),
    ("i64x2", "i64", 2),
    ("f32x4", "f32", 4),
    ("f64x2", "f64", 2),
];

/// Each instruction in a function of its own, with every lane and a near and a far offset.
fn every_instruction() -> String {
    let mut functions = String::new();
    let mut function = |types: &str, body: String| writeln!(functions, "(func {types} {body})").expect("a string");
    for (names, operands) in [(UNARY, 1), (BINARY, 2), (TERNARY, 3)] {
        let arguments: String = (0..operands).map(|index| format!("(local.get {index})")).collect();
        for name in names.split_whitespace() {
            function("(param v128 v128 v128) (result v128)", format!("({name} {arguments})"));
        }
    }
    for name in SHIFT.split_whitespace() {
        function("(param v128 i32) (result v128)", format!("({name} (local.get 0) (local.get 1))"));
        function("(param v128) (result v128)", format!("({name} (local.get 0) (i32.const 3))"));
    }
    for name in TEST.split_whitespace() {
        function("(param v128) (result i32)", format!("({name} (local.get 0))"));
    }
    for (shape, lane, count) in SHAPES {
        function(&format!("(param {lane}) (result v128)"), format!("({shape}.splat (local.get 0))"));
        for index in 0..count {
            let types = format!("(param v128 {lane}) (result v128)");
            function(&types, format!("({shape}.replace_lane {index} (local.get 0) (local.get 1))"));
            let suffixes: &[&str] = if count > 4 { &["_s", "_u"] } else { &[""] };
            for suffix in suffixes {
                let types = format!("(param v128) (result {lane})");
                function(&types, format!("({shape}.extract_lane{suffix} {index} (local.get 0))"));
            }
        }
    }
    for offset in ["", "offset=4294967295"] {
        for name in LOAD.split_whitespace() {
            function("(param i32) (result v128)", format!("({name} {offset} (local.get 0))"));
        }
        function("(param i32 v128)", format!("(v128.store {offset} (local.get 0) (local.get 1))"));
        for (width, count) in [(8, 16), (16, 8), (32, 4), (64, 2)] {
            for lane in 0..count {
                let arguments = format!("{offset} {lane} (local.get 0) (local.get 1)");
                function("(param i32 v128) (result v128)", format!("(v128.load{width}_lane {arguments})"));
                function("(param i32 v128)", format!("(v128.store{width}_lane {arguments})"));
            }
        }
    }
    function("(result v128)", "(v128.const i64x2 1 -2)".to_owned());
    for seed in 0..32 {
        let lanes: String = (0..16).map(|lane| format!(" {}", (lane * 7 + seed * 5) % 32)).collect();
        function("(param v128 v128) (result v128)", format!("(i8x16.shuffle {lanes} (local.get 0) (local.get 1))"));
    }
    // What is around them: a vector wherever a value can be, with all kinds of lanes, and calls by the host both ways.
    format!(
        r#"(module
            (import "host" "f" (func $f (param v128 f64) (result v128 v128)))
            (import "host" "g" (global $imported (mut v128)))
            (memory 1)
            (table 2 funcref)
            (type $two (func (param v128 v128) (result v128)))
            (global $g (mut v128) (v128.const i32x4 1 2 3 4))
            (func (export "around") (param $a v128) (param $c i32) (result v128 v128)
                (local $l v128)
                (local.set $l (f32x4.add (local.get $a) (global.get $g)))
                (global.set $imported (i64x2.neg (local.tee $l (i16x8.neg (local.get $l)))))
                (i16x8.neg (local.get $a))
                (loop $again (param v128) (result v128) i32x4.neg (br_if $again (local.get $c)))
                (block (param v128) (result v128) f64x2.neg (br_table 0 0 (local.get $c)))
                (if (param v128) (result v128) (local.get $c) (then i8x16.neg) (else i16x8.neg))
                (select (i8x16.abs (local.get $l)) (f64x2.sqrt (local.get $l)) (local.get $c))
                (call_indirect (type $two) (i16x8.neg (local.get $a)) (i64x2.neg (local.get $a)) (local.get $c))
                (call $f (f32x4.abs (local.get $a)) (f64.const 1))
                i64x2.add
                return)
            {functions})"#
    )
}

fn tunables(deterministic: bool) -> Tunables {
    Tunables { relaxed_simd_deterministic: deterministic, ..Tunables::default() }
}

fn compiler(triple: &str, features: &[&str], tunables: Tunables) -> Compiler {
    let options = Options {
        target: Some(triple.parse().expect("a triple")),
        cpu_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        tunables,
        verifier: true,
        ..Options::default()
    };
    Compiler::new(options).expect("the tests are built with every back end")
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

macro_rules! declare {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The names of all vector instructions, as wasmparser has them.
        const NAMES: &[&str] = &[$(stringify!($operator)),*];
    };
}

wasmparser::for_each_visit_simd_operator!(declare);

#[test]
fn no_instruction_is_missing_here() {
    let wasm = wat(&every_instruction());
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::CodeSectionEntry(body) = payload.expect("it is well-formed") {
            for operator in body.get_operators_reader().expect("it can be read") {
                let name = format!("{:?}", operator.expect("it can be read"));
                let end = name.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(name.len());
                found.insert(name[..end].to_owned());
            }
        }
    }
    let missing: Vec<_> = NAMES.iter().filter(|name| !found.contains(**name)).collect();
    assert!(missing.is_empty() && NAMES.len() == 256, "{} instructions; not tried: {missing:?}", NAMES.len());
}

const X86_64: &str = "x86_64-unknown-linux-gnu";
const AARCH64: &str = "aarch64-unknown-linux-gnu";
const RISCV64: &str = "riscv64gc-unknown-linux-gnu";

/// Targets that have vectors: with the least features, and with more.
const TARGETS: [(&str, &[&str]); 7] = [
    (X86_64, &[]),
    (X86_64, &["has_sse42", "has_avx"]),
    (X86_64, &["has_sse42", "has_popcnt", "has_avx", "has_avx2", "has_fma", "has_bmi1", "has_bmi2", "has_lzcnt"]),
    (AARCH64, &[]),
    (AARCH64, &["has_lse", "has_fp16", "has_dotprod", "has_i8mm"]),
    (RISCV64, &["has_v"]),
    (RISCV64, &["has_v", "has_zvl128b"]),
];

#[test]
fn every_instruction_compiles_for_every_target() {
    let wasm = wat(&every_instruction());
    for (triple, features) in TARGETS {
        for deterministic in [false, true] {
            for (opt_level, nan_canonicalization) in [(OptLevel::Speed, false), (OptLevel::None, true)] {
                let tunables = Tunables { opt_level, nan_canonicalization, ..tunables(deterministic) };
                compiler(triple, features, tunables)
                    .compile(&wasm)
                    .unwrap_or_else(|error| panic!("{triple} {features:?} {deterministic} {opt_level:?}: {error}"));
            }
        }
    }
}

#[test]
fn code_for_the_least_x86_64_needs_no_more() {
    use iced_x86::{CpuidFeature as F, Decoder, DecoderOptions};
    let least = [F::SSE, F::SSE2, F::SSE3, F::SSSE3, F::SSE4_1, F::CMOV, F::X64];
    let before = [F::INTEL8086, F::INTEL186, F::INTEL286, F::INTEL386, F::INTEL486];
    let wasm = wat(&every_instruction());
    for deterministic in [false, true] {
        let mut vectors = 0;
        for function in compiler(X86_64, &[], tunables(deterministic)).inspect(&wasm).expect("it compiles") {
            // Constants, to which instructions refer by their distance, stand behind them.
            let mut end = function.code.len() as u64;
            for instruction in &mut Decoder::new(64, &function.code, DecoderOptions::NONE) {
                if instruction.ip() >= end || function.code[instruction.ip() as usize..].iter().all(|byte| *byte == 0) {
                    break;
                }
                if instruction.is_ip_rel_memory_operand() {
                    end = end.min(instruction.ip_rel_memory_address());
                }
                for feature in instruction.cpuid_features() {
                    assert!(least.contains(feature) || before.contains(feature), "{feature:?} in {}", function.clif);
                    vectors += u32::from(least[1..5].contains(feature));
                }
            }
        }
        assert!(vectors > 900, "only {vectors} vector instructions");
    }
}

#[test]
fn the_deterministic_mode_is_the_same_for_every_target() {
    let mut functions = String::new();
    for (names, operands) in [(UNARY, 1), (BINARY, 2), (TERNARY, 3)] {
        let arguments: String = (0..operands).map(|index| format!("(local.get {index})")).collect();
        for name in names.split_whitespace().filter(|name| name.contains("relaxed")) {
            writeln!(functions, "(func (param v128 v128 v128) (result v128) ({name} {arguments}))").expect("a string");
        }
    }
    let wasm = wat(&format!("(module {functions})"));
    let clif = |triple, features, deterministic| -> Vec<String> {
        let functions = compiler(triple, features, tunables(deterministic)).inspect(&wasm).expect("it compiles");
        functions.into_iter().map(|function| function.clif).collect()
    };
    let expected = clif(X86_64, &[], true);
    assert_eq!(expected.len(), 20);
    let calls_or_chooses = |clif: &&String| clif.contains("call") || clif.contains("x86") || clif.contains(" fma ");
    assert_eq!(expected.iter().find(calls_or_chooses), None);
    for (triple, features) in TARGETS {
        assert_eq!(clif(triple, features, true), expected, "{triple} {features:?}");
    }
    // Where it is off the machine shows.
    let madd = |features| clif(X86_64, features, false).iter().filter(|clif| clif.contains(" fma ")).count();
    assert_eq!(madd(&["has_avx", "has_fma"]), 4);
    assert_eq!(madd(&["has_fma"]), 0);
    assert_eq!(madd(&[]), 0);
}

/// A module for each way to mention vectors, what does, and the function that it does so in.
const MENTIONS: [(&str, &str, &str); 11] = [
    ("(module (type (func (param i32 v128))))", "a function's type", ""),
    ("(module (type (func (result v128 i32))))", "a function's type", ""),
    (r#"(module (import "a" "b" (func (param v128))))"#, "a function's type", ""),
    (r#"(module (import "a" "b" (global v128)))"#, "an imported global", ""),
    ("(module (global (mut v128) (v128.const i64x2 0 0)))", "a global", ""),
    ("(module (func) (func $last (local i32 v128)))", "a local", "function 1 `last`"),
    ("(module (func (drop (block (result v128) unreachable))))", "`block`", "function 0"),
    ("(module (func (drop (select (result v128) unreachable))))", "`select`", "function 0"),
    ("(module (memory 1) (func (drop (v128.load8x8_s (i32.const 0)))))", "`v128.load8x8_s`", "function 0"),
    ("(module (func (drop (i8x16.relaxed_swizzle unreachable))))", "`i8x16.relaxed_swizzle`", "function 0"),
    (
        "(module (func $lane (result i32) (i32x4.extract_lane 1 (i32x4.splat (i32.const 1)))))",
        "`i32x4.splat`",
        "function 0 `lane`",
    ),
];

/// Whatever one architecture has nothing for is refused there by name, and nothing else is.
#[test]
fn every_operator_compiles_for_every_target_or_is_refused_by_name() {
    let compilers = [(AARCH64, &[][..]), (RISCV64, &["has_v"]), (RISCV64, &[])]
        .map(|(triple, features)| compiler(triple, features, Tunables::default()));
    let modules = tancho_tests::oracle::operator::modules();
    let mut refused = 0;
    for single in &modules {
        let wasm = wat(&single.text);
        for (compiler, has_vectors) in compilers.iter().zip([true, true, false]) {
            let Err(error) = compiler.compile(&wasm) else { continue };
            let text = error.to_string();
            let named = text.contains("has_v") && (single.text.contains("v128") || text.contains("in function"));
            assert!(!has_vectors && named && !error.is_internal(), "{text}\n{}", single.text);
            refused += 1;
        }
    }
    assert!(modules.len() >= 500 && refused >= 200 && refused < modules.len(), "{refused} of {}", modules.len());
}

#[test]
fn riscv64_without_vectors_refuses_them() {
    let compiler = |features| compiler(RISCV64, features, Tunables::default());
    let without = compiler(&[]);
    for (text, what, function) in MENTIONS {
        let wasm = wat(text);
        let refused = |error: CompileError| {
            let text = error.to_string();
            let named =
                text.contains("CPU feature has_v") && text.contains("riscv64gc") && text.contains("--cpu-features");
            assert!(named && text.contains(function) && error.offset().is_some(), "{text}");
            assert!(text.starts_with(&format!("{what} uses vectors (v128)")), "{text}");
            assert!(!error.is_invalid() && error.function().is_some() != function.is_empty(), "{text}");
        };
        refused(without.compile(&wasm).expect_err(text));
        refused(without.inspect(&wasm).expect_err(text));
        without.validate(&wasm).expect("it is valid");
        compiler(&["has_v"]).compile(&wasm).expect("now there are vectors");
        // Registers that are wide enough, but no instructions.
        compiler(&["has_zvl128b"]).compile(&wasm).expect_err("still no vectors");
    }
    without.compile(&wat("(module (func (param f64) (result f64) (local.get 0)))")).expect("no vectors");
    let ty = FuncType { params: [ValType::V128].into(), results: [].into() };
    let error = without.trampolines(std::slice::from_ref(&ty)).expect_err("a vector");
    assert!(error.to_string().contains("has_v"), "{error}");
    compiler(&["has_v"]).trampolines(&[ty]).expect("now there are vectors");
}

#[test]
fn cpu_features_are_known_by_name() {
    let refused = |triple: Option<&str>, feature: &str| {
        let target = triple.map(|triple| triple.parse().expect("a triple"));
        let options = Options { target, cpu_features: vec![feature.to_owned()], ..Options::default() };
        Compiler::new(options).err().expect("refused").to_string()
    };
    let text = refused(Some(RISCV64), "has_avx");
    assert!(text.contains("`has_avx` is no CPU feature of riscv64gc") && text.contains("has_v, has_zvfh"), "{text}");
    let text = refused(Some(X86_64), "avx");
    assert!(text.contains("has_avx, has_avx2"), "{text}");
    // A setting, and no feature.
    let text = refused(Some(AARCH64), "use_bti");
    assert!(text.contains("has_lse") && !text.contains("has_lse, use_bti"), "{text}");
    let text = refused(None, "has_avx");
    assert!(text.contains("named target"), "{text}");
}

#[test]
fn simd_can_be_turned_off() {
    let refused = |features: tancho_jit::Features, name: &str| {
        let compiler = Compiler::new(Options { features, ..Options::default() }).expect("the host is supported");
        let wasm = wat(&format!("(module (func (param v128) (result v128) ({name} (local.get 0))))"));
        compiler.compile(&wasm).expect_err("it is off").to_string()
    };
    let on = tancho_jit::Features::default();
    let text = refused(tancho_jit::Features { simd: false, relaxed_simd: false, ..on }, "i8x16.neg");
    assert!(text.contains("SIMD support is not enabled"), "{text}");
    let text = refused(tancho_jit::Features { relaxed_simd: false, ..on }, "i32x4.relaxed_trunc_f32x4_s");
    assert!(text.contains("relaxed SIMD support is not enabled"), "{text}");
}
