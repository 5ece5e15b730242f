//! Modules of one operator, each with the calls that run it for certain: with variables, with constants in each place, with one
//! variable in all places.
//!
//! The list of operators is wasmparser's, so none can be forgotten: [`modules`] covers those of the proposals that Tancho has, and
//! the test `operand` counts how often each was run. What an operator takes and gives follows from its name.

use super::value::{EDGES, Floats, Type, Value, edge};
use std::fmt::Write;

/// A module and how to run it.
pub struct Single {
    /// The module's text.
    pub text: String,
    /// The operators, by wasmparser's names, that every call runs.
    pub operators: Vec<String>,
    /// Calls: export and arguments.
    pub calls: Vec<(String, Vec<Value>)>,
    /// Which NaNs may be any.
    pub floats: Floats,
}

macro_rules! operators {
    ($(@$proposal:ident $name:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// All operators that wasmparser knows: proposal, name, name in text with underscores, and arity.
        const OPERATORS: &[(&str, &str, &str, &str)] = &[$(
            (stringify!($proposal), stringify!($name), stringify!($visit), stringify!($($arity)*)),
        )*];
    };
}

wasmparser::for_each_operator!(operators);

/// The proposals that Tancho has.
const PROPOSALS: [&str; 9] = [
    "mvp",
    "sign_extension",
    "saturating_float_to_int",
    "bulk_memory",
    "reference_types",
    "tail_call",
    "simd",
    "relaxed_simd",
    "wide_arithmetic",
];

/// Operators that are not compared, and why.
pub const NOT_COMPARED: [(&str, &str); 5] = [
    ("TypedSelectMulti", "no module with it is valid: the binary format has room for it, validation has not"),
    ("F32x4RelaxedMadd", FUSED),
    ("F32x4RelaxedNmadd", FUSED),
    ("F64x2RelaxedMadd", FUSED),
    ("F64x2RelaxedNmadd", FUSED),
];

/// `tests/wast/deterministic` has these.
const FUSED: &str = "wasmi rounds once, the deterministic profile twice, and both are allowed";

/// The names of the operators that are compared.
pub fn compared() -> impl Iterator<Item = &'static str> {
    OPERATORS
        .iter()
        .filter(|(proposal, ..)| PROPOSALS.contains(proposal))
        .map(|(_, name, ..)| *name)
        .filter(|name| NOT_COMPARED.iter().all(|(not, _)| not != name))
}

/// An operator whose operands are numbers or vectors.
struct Numeric {
    name: &'static str,
    /// With its immediates.
    text: String,
    params: Vec<Type>,
    results: Vec<Type>,
    floats: Floats,
}

fn scalar(name: &str) -> Option<Type> {
    [Type::I32, Type::I64, Type::F32, Type::F64].into_iter().find(|ty| ty.name() == name)
}

/// The type of a vector's lanes as they travel alone, and how many there are.
fn lanes(shape: &str) -> Option<(Type, usize)> {
    Some(match shape {
        "i8x16" => (Type::I32, 16),
        "i16x8" => (Type::I32, 8),
        "i32x4" => (Type::I32, 4),
        "i64x2" => (Type::I64, 2),
        "f32x4" => (Type::F32, 4),
        "f64x2" => (Type::F64, 2),
        _ => return None,
    })
}

/// The first words of what may produce any NaN. The others hand bits on: of those not one may change.
const ARITHMETIC: [&str; 13] =
    ["add", "sub", "mul", "div", "sqrt", "ceil", "floor", "trunc", "nearest", "min", "max", "demote", "promote"];

/// Those of the relaxed ones.
const RELAXED_ARITHMETIC: [&str; 4] = ["relaxed_madd", "relaxed_nmadd", "relaxed_min", "relaxed_max"];

fn floats(shape: &str, rest: &str) -> Floats {
    let first = rest.split('_').next().unwrap_or_default();
    let any = ARITHMETIC.contains(&first) || RELAXED_ARITHMETIC.contains(&rest);
    match shape {
        "f32" | "f32x4" if any => Floats::F32,
        "f64" | "f64x2" if any => Floats::F64,
        _ => Floats::None,
    }
}

/// The lanes to try of so many.
fn some_lanes(count: usize) -> Vec<String> {
    let mut lanes = vec![0, 1, count / 2, count - 1];
    lanes.dedup();
    lanes.iter().map(usize::to_string).collect()
}

/// Every numeric operator with some of its immediates.
fn numeric() -> Vec<Numeric> {
    let mut all = Vec::new();
    for (proposal, name, visit, arity) in OPERATORS {
        let Some((shape, rest)) = visit.strip_prefix("visit_").and_then(|text| text.split_once('_')) else { continue };
        let compared = NOT_COMPARED.iter().all(|(not, _)| not != name);
        if !PROPOSALS.contains(proposal) || !compared || arity.contains("memarg") || rest == "const" {
            continue;
        }
        let numbers: Vec<usize> = arity.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [taken, given] = numbers[..] else { continue };
        let (params, results) = if let Some(ty) = scalar(shape) {
            // A conversion names what it takes.
            let from = rest.split('_').find_map(scalar).unwrap_or(ty);
            let compares = ["eq", "ne", "lt", "gt", "le", "ge", "eqz"];
            let compares = compares.contains(&rest.split('_').next().unwrap_or_default());
            (vec![from; taken], vec![if compares { Type::I32 } else { ty }; given])
        } else if let Some((lane, _)) = lanes(shape) {
            match rest {
                "splat" => (vec![lane], vec![Type::V128]),
                "extract_lane" | "extract_lane_s" | "extract_lane_u" => (vec![Type::V128], vec![lane]),
                "replace_lane" => (vec![Type::V128, lane], vec![Type::V128]),
                "shl" | "shr_s" | "shr_u" => (vec![Type::V128, Type::I32], vec![Type::V128]),
                "all_true" | "bitmask" => (vec![Type::V128], vec![Type::I32]),
                _ => (vec![Type::V128; taken], vec![Type::V128]),
            }
        } else if shape == "v128" {
            (vec![Type::V128; taken], vec![if rest == "any_true" { Type::I32 } else { Type::V128 }])
        } else {
            continue;
        };
        let immediates = match rest {
            _ if rest.ends_with("_lane") || rest.contains("_lane_") => {
                some_lanes(lanes(shape).map_or(1, |lanes| lanes.1))
            }
            "shuffle" => [
                "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
                "31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16",
                "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
                "8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7",
                "3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3",
                "4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19",
                "0 21 2 23 4 25 6 27 8 29 10 31 12 1 14 19",
            ]
            .map(str::to_owned)
            .to_vec(),
            _ => vec![String::new()],
        };
        for immediate in immediates {
            let text = format!("{shape}.{rest} {immediate}");
            all.push(Numeric {
                name,
                text,
                params: params.clone(),
                results: results.clone(),
                floats: floats(shape, rest),
            });
        }
    }
    all
}

/// A value as a constant operator.
fn constant(value: Value) -> String {
    match value {
        Value::I32(bits) => format!("i32.const {bits:#x}"),
        Value::I64(bits) => format!("i64.const {bits:#x}"),
        // Bits, since text has no other way to say which NaN; no code generator sees through neither.
        Value::F32(bits) if f32::from_bits(bits).is_nan() => {
            format!("f32.const {}nan:{:#x}", if bits >> 31 == 1 { "-" } else { "" }, bits & 0x7f_ffff)
        }
        Value::F64(bits) if f64::from_bits(bits).is_nan() => {
            format!("f64.const {}nan:{:#x}", if bits >> 63 == 1 { "-" } else { "" }, bits & 0xf_ffff_ffff_ffff)
        }
        Value::F32(bits) => format!("f32.const {:e}", f32::from_bits(bits)),
        Value::F64(bits) => format!("f64.const {:e}", f64::from_bits(bits)),
        Value::V128(bits) => {
            let lane = |index: u32| (bits >> (32 * index)) as u32;
            format!("v128.const i32x4 {:#x} {:#x} {:#x} {:#x}", lane(0), lane(1), lane(2), lane(3))
        }
        Value::Func(_) | Value::Extern(_) => unreachable!("numeric operators take no references"),
    }
}

/// Operands number `number`: an edge in the first place, and others in the other places so that every edge comes up in each, the
/// least integer with −1 among them.
fn tuple(params: &[Type], number: usize) -> Vec<Value> {
    let other = |place: usize, ty: Type| match ty {
        Type::I64 => number * 5 + 2 + 7 * (place - 1),
        _ => number * 5 + 29 + 7 * (place - 1),
    };
    let value = |(place, ty): (usize, &Type)| edge(*ty, if place == 0 { number } else { other(place, *ty) });
    params.iter().enumerate().map(value).collect()
}

/// A function that gets each operand from a constant or from a parameter, and its arguments.
fn function(text: &mut String, name: &str, operator: &Numeric, operands: &[Value], constants: &[bool]) -> Vec<Value> {
    let mut arguments = Vec::new();
    let mut params = String::new();
    let mut body = String::new();
    for (operand, is_constant) in operands.iter().zip(constants) {
        if *is_constant {
            writeln!(body, "{}", constant(*operand)).expect("a string takes all");
        } else {
            writeln!(body, "local.get {}", arguments.len()).expect("a string takes all");
            write!(params, " {}", operand.ty().name()).expect("a string takes all");
            arguments.push(*operand);
        }
    }
    let results: Vec<&str> = operator.results.iter().map(|ty| ty.name()).collect();
    writeln!(
        text,
        "(func (export \"{name}\") (param{params}) (result {})\n{body}{})",
        results.join(" "),
        operator.text
    )
    .expect("a string takes all");
    arguments
}

/// The module of a numeric operator.
fn single(operator: &Numeric) -> Single {
    let mut text = "(module\n".to_owned();
    let mut calls = Vec::new();
    let count = operator.params.len();
    let variables = vec![false; count];
    function(&mut text, "variables", operator, &tuple(&operator.params, 0), &variables);
    for number in 0..EDGES {
        calls.push(("variables".to_owned(), tuple(&operator.params, number)));
    }
    if count == 2 {
        for left in 0..EDGES {
            for right in (0..EDGES).step_by(3) {
                let operands = vec![edge(operator.params[0], left), edge(operator.params[1], right + left % 3)];
                calls.push(("variables".to_owned(), operands));
            }
        }
    } else {
        // So that those with one operand are run a hundred times too.
        for number in 0..3 * EDGES {
            let operands = operator.params.iter().enumerate().map(|(place, ty)| match ty {
                Type::V128 => edge(*ty, number + 32 + place * 11),
                _ => Value::from_bits(*ty, (u128::MAX / (number as u128 + 3)).wrapping_mul(place as u128 * 2 + 1)),
            });
            calls.push(("variables".to_owned(), operands.collect()));
        }
    }
    for number in 0..EDGES {
        let operands = tuple(&operator.params, number);
        let patterns = match count {
            1 => vec![vec![true]],
            2 => vec![vec![true, true], vec![true, false], vec![false, true]],
            _ => {
                let one = |constant: usize| (0..count).map(|place| place == constant).collect();
                vec![vec![true; count], one(0), one(count - 1)]
            }
        };
        for (pattern, constants) in patterns.into_iter().enumerate() {
            let name = format!("constants {number} {pattern}");
            let arguments = function(&mut text, &name, operator, &operands, &constants);
            calls.push((name, arguments));
        }
    }
    if count > 1 && operator.params.iter().all(|ty| *ty == operator.params[0]) {
        let results: Vec<&str> = operator.results.iter().map(|ty| ty.name()).collect();
        let ty = operator.params[0];
        writeln!(
            text,
            "(func (export \"same\") (param {}) (result {}) {} {})",
            ty.name(),
            results.join(" "),
            "local.get 0 ".repeat(count),
            operator.text
        )
        .expect("a string takes all");
        for number in 0..EDGES {
            calls.push(("same".to_owned(), vec![edge(ty, number)]));
        }
    }
    text.push(')');
    Single { text, operators: vec![operator.name.to_owned()], calls, floats: operator.floats }
}

/// Loads and stores: within the memory, at its last bytes, across its end and beyond.
fn accesses() -> Vec<Single> {
    let mut all = Vec::new();
    for (proposal, name, visit, arity) in OPERATORS {
        let Some((ty, rest)) = visit.strip_prefix("visit_").and_then(|text| text.split_once('_')) else { continue };
        if !PROPOSALS.contains(proposal) || !arity.contains("memarg") {
            continue;
        }
        let value = scalar(ty).unwrap_or(Type::V128);
        let loads = rest.starts_with("load");
        let by_lane = rest.ends_with("_lane");
        let count = rest
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
            .parse::<usize>()
            .map_or(16, |bits| 128 / bits);
        for offset in [0, 7, 65_528] {
            for lane in if by_lane { vec!["0".to_owned(), (count - 1).to_string()] } else { vec![String::new()] } {
                let takes = !loads || by_lane;
                let text = format!(
                    r#"(module (memory (export "memory") 1 1) (data (i32.const 0) "{}")
                    (func (export "access") (param i32 {}) {}
                    local.get 0 {} {ty}.{rest} offset={offset} {lane}))"#,
                    (1..250).map(|byte: u8| format!("\\{byte:02x}")).collect::<String>(),
                    if takes { value.name() } else { "" },
                    if loads { format!("(result {})", value.name()) } else { String::new() },
                    if takes { "local.get 1" } else { "" },
                );
                let addresses = (0..20).chain([100, 200, 233, 65_519, 65_520, 65_521, 65_528, 65_532]);
                let addresses = addresses.chain([65_534, 65_535, 65_536, 1 << 31, u32::MAX - 6, u32::MAX]);
                let mut calls = Vec::new();
                for (number, address) in addresses.enumerate() {
                    let mut arguments = vec![Value::I32(address)];
                    if takes {
                        arguments.push(edge(value, number + 1));
                    }
                    calls.push(("access".to_owned(), arguments));
                }
                all.push(Single { text, operators: vec![(*name).to_owned()], calls, floats: Floats::None });
            }
        }
    }
    all
}

/// Everything else. Each function runs all of its operators, in every call, from its first to its last.
const REST: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (memory (export "memory") 1 4)
    (data $kept "some bytes to copy from")
    (data $dropped "bytes to drop")
    (table $functions (export "functions") 8 20 funcref)
    (table $things (export "things") 8 40 externref)
    (elem $items func $double $negate)
    (elem $gone func $double)
    (elem (table $functions) (i32.const 0) func $double $negate $double)
    (global $counter (export "counter") (mut i32) (i32.const 5))
    (func $double (type $unary) local.get 0 i32.const 2 i32.mul)
    (func $negate (type $unary) i32.const 0 local.get 0 i32.sub)

    (func (export "control") (param i32 i32) (result i32)
        nop
        block (result i32)
            loop (result i32)
                local.get 0
            end
        end
        drop
        local.get 1
        i32.const 1
        i32.or
        if (result i32)
            i32.const 1
        else
            i32.const 2
        end
        drop
        block
            local.get 1
            br_if 0
        end
        block
            br 0
        end
        block
            block
                local.get 0
                br_table 0 1 0
            end
        end
        local.get 0
        return)
    (func (export "unreachable") (param i32 i32) (result i32) unreachable)
    (func (export "calls") (param i32 i32) (result i32)
        local.get 0
        call $double
        local.get 1
        i32.const 3
        i32.rem_u
        call_indirect $functions (type $unary))
    (func (export "tail call") (param i32 i32) (result i32) local.get 0 return_call $negate)
    (func (export "indirect tail call") (param i32 i32) (result i32)
        local.get 0
        local.get 1
        i32.const 4
        i32.rem_u
        return_call_indirect $functions (type $unary))
    (func (export "variables") (param i32 i32) (result i32 i64 f32 f64 v128) (local i32)
        local.get 0
        local.tee 2
        local.set 1
        global.get $counter
        local.get 1
        i32.add
        global.set $counter
        local.get 1
        local.get 2
        local.get 0
        select
        local.get 2
        i32.const 77
        select (result i32)
        i64.const -9
        f32.const 0x1.8p3
        f64.const -0x1.8p-3
        v128.const i64x2 1 -1)
    (func (export "references") (param i32 i32 externref) (result i32 i32)
        ref.null func
        ref.is_null
        ref.func $negate
        ref.is_null
        i32.add
        local.get 0
        i32.const 8
        i32.rem_u
        local.get 2
        table.set $things
        local.get 1
        i32.const 8
        i32.rem_u
        table.get $things
        ref.is_null)
    (func (export "tables") (param i32 i32) (result i32 i32)
        i32.const 3
        i32.const 0
        i32.const 2
        table.init $functions $items
        i32.const 1
        i32.const 2
        i32.const 4
        table.copy $functions $functions
        i32.const 6
        ref.null func
        i32.const 2
        table.fill $functions
        ref.null extern
        local.get 0
        i32.const 3
        i32.and
        table.grow $things
        elem.drop $gone
        table.size $things)
    (func (export "memory bulk") (param i32 i32) (result i32 i32)
        local.get 0
        i32.const 0xff
        i32.and
        local.get 1
        i32.const 7
        memory.fill
        i32.const 300
        local.get 1
        i32.const 0x1ff
        i32.and
        i32.const 150
        memory.copy
        local.get 0
        i32.const 0xfff
        i32.and
        i32.const 3
        i32.const 12
        memory.init $kept
        data.drop $dropped
        local.get 0
        i32.const 1
        i32.and
        memory.grow
        memory.size))"#;

/// The module of what is left, its operators by function.
fn rest() -> Vec<Single> {
    let functions = [
        "control",
        "unreachable",
        "calls",
        "tail call",
        "indirect tail call",
        "variables",
        "references",
        "tables",
        "memory bulk",
    ];
    let wasm = wat::parse_str(REST).expect("it is right");
    let mut bodies = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("it is right") {
            let operators = body.get_operators_reader().expect("it is right").into_iter();
            let name = |operator: wasmparser::Result<wasmparser::Operator<'_>>| {
                let text = format!("{:?}", operator.expect("it is right"));
                text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
            };
            bodies.push(operators.map(name).collect::<Vec<String>>());
        }
    }
    // The two that are called stand first.
    functions
        .into_iter()
        .zip(bodies.into_iter().skip(2))
        .map(|(function, operators)| {
            let arguments = |number: usize| {
                let mut arguments = vec![edge(Type::I32, number), edge(Type::I32, number * 5 + number / EDGES)];
                if function == "references" {
                    arguments.push(edge(Type::Extern, number));
                }
                arguments
            };
            let calls = (0..4 * EDGES).map(|number| (function.to_owned(), arguments(number))).collect();
            Single { text: REST.to_owned(), operators, calls, floats: Floats::None }
        })
        .collect()
}

/// All of them.
pub fn modules() -> Vec<Single> {
    let mut all: Vec<Single> = numeric().iter().map(single).collect();
    all.extend(accesses());
    all.extend(rest());
    all
}
