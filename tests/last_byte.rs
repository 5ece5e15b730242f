//! Reads that end on the last byte of a memory, behind which nothing can be read: every instruction that loads, and every operator with
//! a load as its operand, which the compiler may make one instruction of. In bounds nothing faults; one byte further all trap. With
//! all CPU features of this machine, with each of them missing, and with the least.

#[path = "last_byte/operator.rs"]
mod operator;

use operator::{Case, cases};
use std::fmt::Write;
use tancho::{Config, Engine, Instance, Module, Store, Trap};
use tancho_tests::oracle::row::Row;

const LENGTH: u32 = 64 << 10;

/// What Tancho requires: a named target has it without being asked.
const REQUIRED: [&str; 4] = ["has_sse3", "has_ssse3", "has_cmpxchg16b", "has_sse41"];

/// The CPU features of this machine that are not required.
fn features() -> Vec<String> {
    let flags = cranelift_codegen::settings::Flags::new(cranelift_codegen::settings::builder());
    let isa = cranelift_native::builder().expect("the host is supported").finish(flags).expect("it has settings");
    let flags = isa.isa_flags();
    let present = flags.iter().filter(|flag| flag.name.starts_with("has_") && flag.as_bool() == Some(true));
    present.map(|flag| flag.name.to_owned()).filter(|name| !REQUIRED.contains(&name.as_str())).collect()
}

/// The features to compile for: all, all but one, the least.
fn feature_sets() -> Vec<Vec<String>> {
    let all = features();
    // Vectors are an extension on riscv64, and there is little to test without.
    let least: Vec<String> = all.iter().filter(|name| *name == "has_v").cloned().collect();
    let mut sets = vec![all.clone(), least.clone()];
    for missing in all.iter().filter(|name| !least.contains(name)) {
        // What builds on it is missing too.
        let builds_on = |name: &str| {
            name == missing
                || (missing == "has_avx" && (name.starts_with("has_avx") || name == "has_fma"))
                || (missing == "has_avx2" && name.starts_with("has_avx512"))
                || (missing == "has_avx512f" && name.starts_with("has_avx512"))
        };
        sets.push(all.iter().filter(|name| !builds_on(name)).cloned().collect());
    }
    sets.sort();
    sets.dedup();
    sets
}

fn config(features: &[String], explicit: bool) -> Config {
    let mut config = Config::new();
    let architecture = match std::env::consts::ARCH {
        "riscv64" => "riscv64gc",
        other => other,
    };
    config.target(&format!("{architecture}-unknown-linux-gnu"));
    for feature in features {
        config.cpu_feature(feature);
    }
    if explicit {
        // One page more than is accessible, and each access checked in place.
        config.memory_reservation(u64::from(LENGTH) * 2).memory_guard_size(0);
    }
    config
}

/// Runs the cases; how many there were, and what was wrong.
fn run(config: &Config, cases: &[Case], what: &str, failures: &mut Vec<String>) -> usize {
    let engine = Engine::new(config).expect("the machine has these features");
    let mut count = 0;
    for cases in cases.chunks(400) {
        let mut text = String::from("(module (memory (export \"memory\") 1)\n");
        for (number, case) in cases.iter().enumerate() {
            writeln!(
                text,
                "(func (export \"f{number}\") (param $i i32) (param $v i64) (result i64) (local $w v128) {})",
                case.text
            )
            .expect("writing to a string");
        }
        text.push(')');
        let module = Module::new(&engine, &text).unwrap_or_else(|error| panic!("it compiles: {error:#}"));
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("there is address space");
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        // The same sixteen bytes everywhere: small as integers and as floats, and no zero to divide by.
        let pattern = |at: u32| [1, 2, 3, 0, 5, 1, 7, 0, 1, 10, 1, 0, 13, 14, 15, 1][at as usize % 16];
        let bytes: Vec<u8> = (0..LENGTH).map(pattern).collect();
        for (number, case) in cases.iter().enumerate() {
            let name = format!("f{number}");
            let function = instance.get_typed_func::<(u32, u64), u64>(&mut store, &name).expect("it is exported");
            let last = LENGTH - case.size;
            let mut at = |index: u32| {
                memory.data_mut(&mut store).copy_from_slice(&bytes);
                let outcome = function.call(&mut store, (index, 0x0203));
                outcome.map_err(|error| error.downcast_ref::<Trap>().copied())
            };
            let (end, middle, past) = (at(last), at(last - 4096), at(last + 1));
            if end.is_err() || end != middle {
                failures.push(format!("{what}: {} at the end: {end:x?}, elsewhere: {middle:x?}", case.text));
            }
            if past != Err(Some(Trap::MemoryOutOfBounds)) {
                failures.push(format!("{what}: {} past the end: {past:x?}", case.text));
            }
            count += 1;
        }
    }
    count
}

#[test]
fn nothing_past_the_last_byte_is_read() {
    let row = Row::begin("C4");
    let cases = cases();
    assert!(cases.len() >= 1200, "only {} cases", cases.len());
    let sets = feature_sets();
    assert!(sets.len() >= 2, "{sets:?}");
    let mut failures = Vec::new();
    let mut count = 0;
    for (number, features) in sets.iter().enumerate() {
        // The least has each case with bounds of both kinds, as do all; the others take turns.
        let both = number == 0 || features.len() == features_at_most(&sets);
        for explicit in [false, true] {
            if both || explicit == (number % 2 == 0) {
                let what = format!("{features:?}, explicit bounds: {explicit}");
                count += run(&config(features, explicit), &cases, &what, &mut failures);
            }
        }
    }
    let found = failures.len();
    failures.truncate(20);
    row.end(count, found);
    assert!(found == 0, "{found} failures:\n{}", failures.join("\n"));
}

fn features_at_most(sets: &[Vec<String>]) -> usize {
    sets.iter().map(Vec::len).max().unwrap_or(0)
}
