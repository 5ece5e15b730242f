//! The comparison: one module in two engines, every exported function with the same arguments, and then what became of the state.
//!
//! Called with `tancho` and `wasmi` by the tests, with more by the fuzz targets. All is compared bit for bit but where the stack is
//! used up, which engines may do at different depths: there the comparison of the module ends.

use super::plain::{Refusal, Subject};
use super::seed::Rng;
use super::shape::{Shape, Signature};
use super::value::{Floats, Stop, Value};
use std::collections::HashMap;
use std::fmt::Debug;

/// Loops and calls that one call may make.
const FUEL: i32 = 300;

/// What came of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Yield {
    /// Modules that both engines took.
    pub accepted: u64,
    /// Modules that started.
    pub started: u64,
    /// Calls of their functions.
    pub calls: u64,
    /// Those that returned.
    pub returned: u64,
    /// Modules where a stack was used up.
    pub exhausted: u64,
}

impl Yield {
    /// The sum of both.
    pub fn add(&mut self, other: Yield) {
        self.accepted += other.accepted;
        self.started += other.started;
        self.calls += other.calls;
        self.returned += other.returned;
        self.exhausted += other.exhausted;
    }
}

/// How two engines differ about a module, which is kept.
fn difference(wasm: &[u8], what: &str, left: (&str, &dyn Debug), right: (&str, &dyn Debug)) -> String {
    let file = std::env::temp_dir().join(format!("tancho-difference-{}.wasm", blake3::hash(wasm).to_hex()));
    let kept = std::fs::write(&file, wasm).is_ok();
    format!(
        "{what}\n  {}: {:?}\n  {}: {:?}\n  the module{}: {}",
        left.0,
        left.1,
        right.0,
        right.1,
        if kept { "" } else { " could not be written" },
        file.display()
    )
}

/// Makes `calls` in both engines, which must agree but for the bits of NaNs among `floats`. Unlike [`compare`] goes on after a stack was
/// used up, because these modules use none.
///
/// # Errors
///
/// When they differ, with where and how.
pub fn compare_calls(
    wasm: &[u8],
    left: &dyn Subject,
    right: &dyn Subject,
    calls: &[(String, Vec<Value>)],
    floats: Floats,
) -> Result<(), String> {
    let shape = Shape::read(wasm)?;
    let differ = |what: &str, ours: &dyn Debug, theirs: &dyn Debug| {
        Err(difference(wasm, what, (&left.name(), ours), (&right.name(), theirs)))
    };
    let (mut one, mut other) = match (left.start(wasm, &shape), right.start(wasm, &shape)) {
        (Ok(one), Ok(other)) => (one, other),
        (one, other) => return differ("it does not start", &one.err(), &other.err()),
    };
    let signatures: HashMap<&str, &Signature> =
        shape.functions.iter().map(|(name, signature)| (name.as_str(), signature)).collect();
    for (name, arguments) in calls {
        let signature = signatures.get(name.as_str()).ok_or_else(|| format!("no function is called {name}"))?;
        let results = (one.call(name, arguments, &signature.results), other.call(name, arguments, &signature.results));
        let same = match &results {
            (Ok(ours), Ok(theirs)) => ours.iter().zip(theirs).all(|(ours, theirs)| ours.same(*theirs, floats)),
            (Err(ours), Err(theirs)) => ours == theirs && !matches!(ours, Stop::Other(_)),
            _ => false,
        };
        if !same {
            return differ(&format!("{name:?} called with {arguments:?}"), &results.0, &results.1);
        }
    }
    let (ours, theirs) = (one.look(&shape), other.look(&shape));
    if ours != theirs {
        return differ("what is left of it", &ours, &theirs);
    }
    Ok(())
}

/// Runs `wasm` in both engines, each exported function `rounds` times with arguments from `random`.
///
/// # Errors
///
/// When they differ, with where and how. A module that is not valid is none: both must refuse it.
pub fn compare(
    wasm: &[u8],
    left: &dyn Subject,
    right: &dyn Subject,
    random: &mut Rng,
    rounds: usize,
) -> Result<Yield, String> {
    let mut came = Yield::default();
    let shape = Shape::read(wasm)?;
    if shape.imports_more {
        return Ok(came);
    }
    let differ = |what: &str, ours: &dyn Debug, theirs: &dyn Debug| {
        Err(difference(wasm, what, (&left.name(), ours), (&right.name(), theirs)))
    };
    let (mut one, mut other) = match (left.start(wasm, &shape), right.start(wasm, &shape)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(Refusal::Stopped(one)), Err(Refusal::Stopped(other))) if one == other => {
            return Ok(Yield { accepted: 1, ..came });
        }
        // A stack that is used up ends the comparison. Fuel is not: there is more than a program can spend.
        (Err(Refusal::Stopped(Stop::Exhausted)), _) | (_, Err(Refusal::Stopped(Stop::Exhausted))) => {
            return Ok(Yield { accepted: 1, exhausted: 1, ..came });
        }
        (one, other) => return differ("it starts in one alone", &one.err(), &other.err()),
    };
    came.accepted = 1;
    came.started = 1;
    for (name, signature) in &shape.functions {
        for _ in 0..rounds {
            let arguments: Vec<Value> = signature.params.iter().map(|ty| Value::random(random, *ty)).collect();
            one.refuel(FUEL);
            other.refuel(FUEL);
            let results =
                (one.call(name, &arguments, &signature.results), other.call(name, &arguments, &signature.results));
            came.calls += 1;
            match results {
                (Ok(ours), Ok(theirs)) if ours == theirs => came.returned += 1,
                (Err(Stop::Exhausted), _) | (_, Err(Stop::Exhausted)) => {
                    came.exhausted += 1;
                    return Ok(came);
                }
                (Err(ours), Err(theirs)) if ours == theirs && !matches!(ours, Stop::Other(_)) => {}
                (ours, theirs) => return differ(&format!("{name:?} called with {arguments:?}"), &ours, &theirs),
            }
        }
    }
    let (ours, theirs) = (one.look(&shape), other.look(&shape));
    if ours != theirs {
        return differ("what is left of it", &ours, &theirs);
    }
    Ok(came)
}
