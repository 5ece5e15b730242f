//! The operand matrix: every operator by itself, with operands at the edges, from variables and constants and one variable for all,
//! in Tancho and in wasmi.
//!
//! It also counts how often each operator of the enabled proposals was run, since a random module that has one need not run it.

use std::collections::BTreeMap;
use tancho_tests::oracle::differential::compare_calls;
use tancho_tests::oracle::operator::{compared, modules};
use tancho_tests::oracle::seed::Run;
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::value::Floats;
use tancho_tests::oracle::wasmi::Wasmi;

/// Modules of one engine: making an engine costs as much as several modules.
const MODULES_PER_ENGINE: usize = 16;

#[test]
fn wasmi_agrees_about_every_operator() {
    let modules = modules();
    let groups = modules.len().div_ceil(MODULES_PER_ENGINE);
    // Each with the default settings and with some of the swarm's.
    let run = Run::new("operand", "C2b", groups as u64 * 2);
    let workers = run.all(
        || (BTreeMap::new(), Wasmi::default()),
        |(executed, wasmi), case, random| {
            let mut swarm = if case % 2 == 0 { Swarm::default() } else { Swarm::random(random) };
            // Only so do relaxed operators have one result.
            swarm.tunables.relaxed_simd_deterministic = true;
            let canonical = swarm.tunables.nan_canonicalization;
            let engine = Tancho::new(swarm);
            let start = (case / 2) as usize % groups * MODULES_PER_ENGINE;
            let mut wrong = Vec::new();
            for single in modules.iter().skip(start).take(MODULES_PER_ENGINE) {
                let wasm = wat::parse_str(&single.text).map_err(|error| format!("{error}\n{}", single.text))?;
                // wasmi's NaNs are canonical, and so are ours with this setting.
                let floats = if canonical { Floats::None } else { single.floats };
                match compare_calls(&wasm, &engine, wasmi, &single.calls, floats) {
                    Ok(()) => {
                        for operator in &single.operators {
                            *executed.entry(operator.clone()).or_insert(0) += single.calls.len() as u64;
                        }
                    }
                    Err(what) => wrong.push(format!("{:?}: {what}", single.operators.last())),
                }
            }
            if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
        },
    );
    let mut executed: BTreeMap<String, u64> = BTreeMap::new();
    for (one, _) in workers {
        for (operator, count) in one {
            *executed.entry(operator).or_default() += count;
        }
    }
    let evaluations: u64 = modules.iter().map(|single| single.calls.len() as u64).sum();
    let rare: Vec<(&str, u64)> = compared()
        .map(|operator| (operator, executed.get(operator).copied().unwrap_or(0)))
        .filter(|(_, count)| *count < 100)
        .collect();
    run.report(&format!(
        "{} modules with {evaluations} evaluations each way, {} operators",
        modules.len(),
        compared().count()
    ));
    if run.cases() >= groups as u64 * 2 {
        assert!(rare.is_empty(), "operators that were run fewer than a hundred times: {rare:?}");
        assert!(evaluations >= 60_000, "{evaluations} evaluations");
    }
}
