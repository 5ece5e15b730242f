//! The text of a program: the modules and functions here, statements and expressions in `write`.

use super::program::{
    DATA, ENTRIES, EXCEPTION, Expr, FUNCTIONS, GLOBALS, INTEGERS, Program, SEGMENTS, SHARED, TABLES, TAGS,
};
use super::types::{Heap, Kind, PARAMS, RESULTS, Storage, Types, heap_text, ref_text, storage_text};
use super::write::{LOOPS, Writer, number_of};
use std::fmt::Write;

/// How the other instance's function is typed.
const RELAY_TYPE: &str = "(type $relay (func (param i32 i64 anyref externref) (result i64 anyref)))\n";

fn tag_types(tag: usize) -> String {
    TAGS[tag].iter().map(|storage| format!(" {}", storage_text(*storage))).collect()
}

/// A module with the same types, made anew, that catches tags of its own, keeps an object across a call by the program's table and leaves it
/// in a global.
pub(super) fn relay(program: &Program) -> String {
    let ty = program.types.host_struct();
    format!(
        "(module\n{}{RELAY_TYPE}
(import \"main\" \"functions\" (table $functions {ENTRIES} {ENTRIES} funcref))
(import \"host\" \"g{SHARED}\" (global $shared (mut anyref)))
(tag $one (param{})) (tag $other (param{}))
(func (export \"relay\") (type $relay) (local $kept (ref null $t{ty})) (local $result anyref) (local $number i64)
(local.set $kept (struct.new $t{ty} (local.get 1) (local.get 2) (local.get 3) (i32.const 7)))
(global.set $shared (local.get $kept))
block $h (result anyref)
block $g (result i64 anyref externref)
try_table (result i64 anyref) (catch $other $h) (catch $one $g)
local.get 1 local.get 2 local.get 3 local.get 0 call_indirect $functions (type $t0)
end
local.set $result local.set $number
(if (ref.is_null (local.get $result)) (then (local.set $result (local.get $kept))))
(i64.xor (local.get $number) (struct.get $t{ty} 0 (local.get $kept))) local.get $result return
end unreachable
end unreachable))",
        program.types.text(),
        tag_types(0),
        tag_types(1),
    )
}

/// The module of a program.
pub(super) fn module(program: &Program) -> String {
    let mut text = format!("(module\n{}{RELAY_TYPE}", program.types.text());
    imports(&mut text);
    let mut put = |line: String| writeln!(text, "{line}").expect("writing to a string");
    for (tag, _) in TAGS.iter().enumerate().skip(1) {
        put(format!("(tag (export \"e{tag}\") (param{}))", tag_types(tag)));
    }
    put("(global $fuel (export \"fuel\") (mut i32) (i32.const 0))".to_owned());
    for (global, expr) in program.globals.iter().enumerate() {
        let global = global + GLOBALS.len() - program.globals.len();
        let ty = ref_text(GLOBALS[global]);
        put(format!("(global $g{global} (export \"g{global}\") (mut {ty}) {})", constant(program, expr)));
    }
    for (table, (ty, size, most)) in TABLES.iter().enumerate().filter(|(table, _)| *table != 1) {
        put(format!("(table $c{table} (export \"c{table}\") {size} {most} {})", ref_text(*ty)));
    }
    put(format!("(table $functions (export \"functions\") {ENTRIES} {ENTRIES} funcref)"));
    let all: String = (0..FUNCTIONS).map(|function| format!(" $f{function}")).collect();
    put(format!("(elem (table $functions) (i32.const 0) func{all})"));
    let items = |exprs: &[Expr]| -> String {
        exprs.iter().map(|expr| format!(" (item {})", constant(program, expr))).collect()
    };
    for (segment, exprs) in program.segments.iter().enumerate() {
        put(format!("(elem $s{segment} {}{})", ref_text(SEGMENTS[segment]), items(exprs)));
    }
    put(format!("(elem (table $c0) (i32.const 1) {}{})", ref_text(TABLES[0].0), items(&program.entries)));
    let bytes: String = program.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    debug_assert_eq!(program.data.len(), DATA);
    put(format!("(data $d \"{bytes}\")"));
    put("(func $index (param $at i64) (param $length i32) (result i32)
(if (i32.eqz (local.get $length)) (then (return (i32.const 0))))
(i32.rem_u (i32.wrap_i64 (local.get $at)) (local.get $length)))
(func $count (param $of i64) (param $room i32) (result i32)
(i32.rem_u (i32.wrap_i64 (local.get $of)) (i32.add (local.get $room) (i32.const 1))))"
        .to_owned());
    digest(program, &mut text);
    for function in 0..FUNCTIONS {
        self::function(program, function, &mut text);
    }
    text.push(')');
    text
}

fn imports(text: &mut String) {
    let [call, other] = [0, 1].map(|signature: usize| {
        let list = |types: &[super::types::RefType]| -> String {
            types.iter().map(|ty| format!(" {}", ref_text(*ty))).collect()
        };
        format!("(param i32 i64{}) (result i64{})", list(PARAMS[signature]), list(RESULTS[signature]))
    });
    let functions = [
        ("make", "(param i64) (result externref)"),
        ("read", "(param externref) (result i64)"),
        ("take", "(param i64) (result anyref)"),
        ("array", "(param i64 anyref) (result anyref)"),
        ("struct", "(param i64 anyref) (result anyref)"),
        ("root", "(param anyref)"),
        ("mutate", "(param anyref i64 anyref)"),
        ("collect", ""),
        ("throw", "(param i64 anyref)"),
        ("call0", &call),
        ("call1", &other),
        ("catch", &call),
    ];
    let mut put = |line: String| writeln!(text, "{line}").expect("writing to a string");
    for (name, ty) in functions {
        put(format!("(import \"host\" \"{name}\" (func ${name} {ty}))"));
    }
    put(format!("(import \"host\" \"e0\" (tag (param{})))", tag_types(0)));
    for (global, ty) in GLOBALS.iter().enumerate().take(2) {
        put(format!("(import \"host\" \"g{global}\" (global $g{global} (mut {})))", ref_text(*ty)));
    }
    let (ty, size, most) = TABLES[1];
    put(format!("(import \"host\" \"c1\" (table $c1 {size} {most} {}))", ref_text(ty)));
}

fn constant(program: &Program, expr: &Expr) -> String {
    let mut text = String::new();
    Writer::new(program, &mut text).expr(expr);
    text.replace('\n', " ")
}

/// Functions that walk what can be seen, by casts to each type, those below others first.
fn digest(program: &Program, text: &mut String) {
    let types = &program.types;
    let objects = types.such(|types, ty| types.is_struct(ty) || types.is_array(ty));
    let mut put = |line: String| writeln!(text, "{line}").expect("writing to a string");
    put("(func $digest (param $v anyref) (param $d i32) (result i64)
(if (ref.is_null (local.get $v)) (then (return (i64.const 1))))
(if (i32.eqz (local.get $d)) (then (return (i64.const 2))))
(if (ref.test (ref i31) (local.get $v)) (then (return (i64.add (i64.const 93)
(i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (local.get $v))))))))"
        .to_owned());
    for ty in objects.iter().rev() {
        put(format!(
            "(if (ref.test (ref $t{ty}) (local.get $v)) (then (return (call $digest{ty} (ref.cast (ref $t{ty}) (local.get $v))
(i32.sub (local.get $d) (i32.const 1))))))"
        ));
    }
    put("(i64.add (i64.const 1550) (call $read (extern.convert_any (local.get $v)))))".to_owned());
    for ty in objects {
        put(format!(
            "(func $digest{ty} (param $v (ref $t{ty})) (param $d i32) (result i64) (local $h i64) (local $i i32) (local $v128 v128)
(local.set $h (i64.const {}))",
            ty + 100
        ));
        let add = |part: String| format!("(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) {part}))");
        if types.is_struct(ty) {
            for (field, of) in types.fields(ty).iter().enumerate() {
                let sign = if matches!(of.storage, Storage::I8 | Storage::I16) { "_u" } else { "" };
                put(add(seen(types, of.storage, &format!("(struct.get{sign} $t{ty} {field} (local.get $v))"))));
            }
        } else {
            let storage = types.fields(ty)[0].storage;
            let sign = if matches!(storage, Storage::I8 | Storage::I16) { "_u" } else { "" };
            let element = add(seen(types, storage, &format!("(array.get{sign} $t{ty} (local.get $v) (local.get $i))")));
            put(add("(i64.extend_i32_u (array.len (local.get $v)))".to_owned()));
            put(format!(
                "(block (loop (br_if 1 (i32.ge_u (local.get $i) (array.len (local.get $v)))) (br_if 1 (i32.ge_u (local.get $i) (i32.const 3)))
{element} (local.set $i (i32.add (local.get $i) (i32.const 1))) (br 0)))
(if (array.len (local.get $v)) (then (local.set $i (i32.sub (array.len (local.get $v)) (i32.const 1))) {element}))"
            ));
        }
        put("(local.get $h))".to_owned());
    }
}

/// What the walk sees of a field.
fn seen(types: &Types, storage: Storage, value: &str) -> String {
    let Storage::Ref(ty) = storage else { return number_of(storage, value, false, "$v128") };
    match types.top(ty.heap) {
        Heap::Any => format!("(call $digest {value} (local.get $d))"),
        Heap::Extern => format!("(call $digest (any.convert_extern {value}) (local.get $d))"),
        Heap::Func => {
            format!("(i64.extend_i32_u (i32.add (i32.eqz (ref.is_null {value})) (ref.test (ref $t1) {value})))")
        }
        _ => format!("(i64.extend_i32_u (i32.eqz (ref.is_null {value})))"),
    }
}

fn function(program: &Program, function: usize, text: &mut String) {
    let types = &program.types;
    let signature = function & 1;
    let params: String = PARAMS[signature]
        .iter()
        .enumerate()
        .map(|(index, ty)| format!(" (param $p{index} {})", ref_text(*ty)))
        .collect();
    let results: String = RESULTS[signature].iter().map(|ty| format!(" {}", ref_text(*ty))).collect();
    let mut put = |line: String| writeln!(text, "{line}").expect("writing to a string");
    put(format!(
        "(func $f{function} (export \"f{function}\") (type $t{signature}) (param $x i64){params} (result i64{results})"
    ));
    let many = |prefix: &str, count: usize, ty: &str| -> String {
        (0..count).map(|index| format!("(local ${prefix}{index} {ty})")).collect()
    };
    put(many("a", INTEGERS, "i64"));
    put(many("n", LOOPS, "i32"));
    for (index, ty) in program.locals.iter().enumerate() {
        put(format!("(local $l{index} {})", ref_text(*ty)));
    }
    for (ty, definition) in types.all.iter().enumerate() {
        if matches!(definition.kind, Kind::Array(_)) {
            put(format!("(local $m{ty} (ref null $t{ty}))"));
        }
    }
    put("(local $i0 i32) (local $i1 i32) (local $r0 i32) (local $r1 i32) (local $any anyref)
(local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $v128 v128)"
        .to_owned());
    let nulls: String = RESULTS[signature].iter().map(|ty| format!("(ref.null {})", heap_text(ty.heap))).collect();
    put(format!("(if (i32.eqz (global.get $fuel)) (then (return (i64.const 0) {nulls})))"));
    put("(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))".to_owned());
    for index in 0..INTEGERS {
        let (by, turn) = (index + 1, index * 3);
        put(format!("(local.set $a{index} (i64.rotl (i64.mul (local.get $x) (i64.const {by})) (i64.const {turn})))"));
    }
    for (index, home) in program.homes(PARAMS[signature].iter().copied()).into_iter().enumerate() {
        put(format!("(local.set $l{home} (local.get $p{index}))"));
    }
    Writer::new(program, text).statements(&program.functions[function].body);
    result(program, function, text);
}

/// What stands at a function's end.
fn result(program: &Program, function: usize, text: &mut String) {
    let mut put = |line: String| writeln!(text, "{line}").expect("writing to a string");
    put("i64.const 0".to_owned());
    for index in 0..INTEGERS {
        put(format!("(i64.xor (i64.rotl (i64.const 3)) (local.get $a{index}))"));
    }
    let compared = &program.functions[function].compared;
    for (at, one) in compared.iter().enumerate() {
        for other in &compared[at + 1..] {
            put(format!(
                "(i64.add (i64.mul (i64.const 3)) (i64.extend_i32_u (ref.eq (local.get $l{one}) (local.get $l{other}))))"
            ));
        }
    }
    for local in &program.functions[function].seen {
        debug_assert_ne!(*local, EXCEPTION);
        let value = match program.types.top(program.locals[*local].heap) {
            Heap::Extern => format!("(any.convert_extern (local.get $l{local}))"),
            _ => format!("(local.get $l{local})"),
        };
        put(format!("(i64.add (i64.mul (i64.const 31)) (call $digest {value} (i32.const 2)))"));
    }
    let homes = program.homes(RESULTS[function & 1].iter().copied());
    let results: String = homes.into_iter().map(|home| format!("local.get $l{home} ")).collect();
    put(format!("{results})"));
}
