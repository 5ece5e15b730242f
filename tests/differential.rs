//! Differential testing: random modules in Tancho, with random settings, and in wasmi, with the same arguments.
//!
//! `docs/testing.md` says how to repeat a failure. The yield is asserted: a generator that makes nothing worth running must not
//! look like an engine without faults.

use std::collections::{BTreeMap, BTreeSet};
use tancho_tests::oracle::differential::{Yield, compare};
use tancho_tests::oracle::generate::{SMALL, module};
use tancho_tests::oracle::plain::{Running, Subject};
use tancho_tests::oracle::reference::{EXPORTED, program};
use tancho_tests::oracle::seed::{Rng, Run};
use tancho_tests::oracle::shape::Shape;
use tancho_tests::oracle::swarm::{Swarm, host_features};
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::value::{Type, Value};
use tancho_tests::oracle::wasmi::Wasmi;

/// Modules of one engine: making an engine costs as much as several modules.
const MODULES_PER_ENGINE: u64 = 20;

#[test]
fn wasmi_agrees_about_random_modules() {
    let run = Run::new("differential", "C2", 10_200 / MODULES_PER_ENGINE);
    let workers = run.all(
        || (Yield::default(), 0, Wasmi::default()),
        |(came, made, wasmi), _, random| {
            let swarm = Swarm::random(random);
            let canonical = !swarm.tunables.nan_canonicalization;
            let engine = Tancho::new(swarm);
            for number in 0..MODULES_PER_ENGINE {
                let Ok(wasm) = module(random, SMALL, canonical) else { continue };
                *made += 1;
                came.add(compare(&wasm, &engine, wasmi, random, 3).map_err(|what| format!("module {number}: {what}"))?);
            }
            Ok(())
        },
    );
    let mut came = Yield::default();
    let mut made = 0;
    for (one, modules, _) in workers {
        came.add(one);
        made += modules;
    }
    run.report(&format!("{made} modules made, {came:?}"));
    if run.is_whole() {
        let modules = run.cases() * MODULES_PER_ENGINE;
        assert!(came.accepted * 4 >= modules * 3, "{} of {modules} modules were accepted", came.accepted);
        assert!(came.calls >= came.accepted * 3, "{} calls of {} modules", came.calls, came.accepted);
        assert!(came.returned * 2 >= came.calls, "{} of {} calls returned", came.returned, came.calls);
        assert!(came.calls >= 50_000, "{} calls", came.calls);
    }
}

/// How much a program with references may do: more than most do, and little enough for the stack.
const FUEL: i32 = 300;

#[test]
fn wasmi_agrees_about_references() {
    let run = Run::new("references", "C2-references", 120);
    let workers = run.all(
        || (0, 0, Wasmi::default()),
        |(calls, returned, wasmi), _, random| {
            let swarm = Swarm::random(random);
            let engine = Tancho::new(swarm);
            for number in 0..MODULES_PER_ENGINE {
                let pair = program(random);
                let binary = |text: &str| wat::parse_str(text).map_err(|error| format!("{error}\n{text}"));
                let (typed, numbered) = (binary(&pair.typed)?, binary(&pair.numbered)?);
                // To the outside both look the same.
                let shape = Shape::read(&numbered)?;
                let start = |engine: &dyn Subject, wasm: &[u8], text: &str| {
                    engine.start(wasm, &shape).map_err(|refusal| format!("{}: {refusal:?}\n{text}", engine.name()))
                };
                let mut one = start(&engine, &typed, &pair.typed)?;
                let mut two = start(wasmi, &numbered, &pair.numbered)?;
                for call in 0..EXPORTED * 3 {
                    let function = (call % EXPORTED).to_string();
                    let arguments = [(); 2].map(|()| Value::random(random, Type::I64));
                    let outcome = |running: &mut Box<dyn Running>| {
                        running.refuel(FUEL);
                        running.call(&function, &arguments, &[Type::I64])
                    };
                    let (found, expected) = (outcome(&mut one), outcome(&mut two));
                    *calls += 1;
                    *returned += u64::from(found.is_ok());
                    if found != expected {
                        return Err(format!(
                            "module {number}: {function} of {arguments:?}: {found:?}, not {expected:?}, {}\n{}",
                            engine.name(),
                            pair.typed
                        ));
                    }
                }
            }
            Ok(())
        },
    );
    let (calls, returned) = workers.iter().fold((0, 0), |sum, worker| (sum.0 + worker.0, sum.1 + worker.1));
    run.report(&format!("{calls} calls, {returned} returned"));
    if run.cases() >= 100 {
        assert!(returned * 4 >= calls && returned < calls, "both kinds are needed");
    }
}

/// Long programs end the oracle's thread by a stack overflow if each operator takes a frame, as with wasmi's calls from operator to operator.
#[test]
fn the_oracle_takes_no_stack_for_what_it_executes() {
    let text = r#"(module
        (table 2 2 funcref) (elem (i32.const 0) $odd $even)
        (global $sum (mut i64) (i64.const 0))
        (func $odd (param i64) (result i64) (i64.xor (local.get 0) (i64.const 77)))
        (func $even (param i64) (result i64) (return_call_indirect (param i64) (result i64) (local.get 0) (i32.const 0)))
        (func (export "0") (param $turns i64) (result i64)
            (loop $again
                (global.set $sum (i64.add (global.get $sum)
                    (call_indirect (param i64) (result i64) (local.get $turns) (i32.wrap_i64 (i64.and (local.get $turns) (i64.const 1))))))
                (local.set $turns (i64.sub (local.get $turns) (i64.const 1)))
                (br_if $again (i64.ne (local.get $turns) (i64.const 0))))
            (global.get $sum)))"#;
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let turns = 200_000;
    let run = || {
        let shape = Shape::read(&wasm).expect("the module can be read");
        let wasmi = Wasmi::default();
        let mut running = wasmi.start(&wasm, &shape).map_err(|refusal| format!("{refusal:?}")).expect("wasmi takes it");
        running.call("0", &[Value::I64(turns)], &[Type::I64])
    };
    let found = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, run);
        thread.expect("a thread can be started").join().expect("the call returns")
    });
    assert_eq!(found, Ok(vec![Value::I64((1..=turns).map(|turn| turn ^ 77).sum())]));
}

/// Every tunable takes more than one value, and every CPU feature of this machine is on and off.
#[test]
fn the_swarm_varies_all_there_is() {
    let mut random = Rng::with_seed(1);
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let features = host_features();
    for _ in 0..500 {
        let swarm = Swarm::random(&mut random);
        let mut seen = |name: &str, value: String| values.entry(name.to_owned()).or_default().insert(value);
        for (name, value) in swarm.tunables.list() {
            seen(name, value);
        }
        for feature in &features {
            let on = swarm.cpu_features.as_ref().is_none_or(|chosen| chosen.contains(feature));
            seen(feature, on.to_string());
        }
        seen("threads", format!("{:?}", swarm.threads));
        seen("verifier", swarm.verifier.to_string());
        seen("regalloc_checker", swarm.regalloc_checker.to_string());
        seen("precompiled", swarm.precompiled.to_string());
    }
    let stuck: Vec<&String> =
        values.iter().filter(|(name, values)| values.len() < 2 && *name != "has_v").map(|(name, _)| name).collect();
    assert!(stuck.is_empty(), "the swarm never changes {stuck:?}");
}
