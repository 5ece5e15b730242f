//! Fuel is the same everywhere: random modules consume as much, and run out at the same place, with every setting, just-in-time and by image,
//! and on every architecture.
//!
//! The last is compared by digests: those of the first cases are written in `fuel/digests.txt`, and what runs on another machine must come to
//! them, each case by itself too (`TANCHO_CASE`). `TANCHO_CASES=100` runs no more than those; `TANCHO_BLESS=1` writes what they come to now.

use std::fmt::Write;
use std::sync::Mutex;
use tancho::OptLevel;
use tancho_abi::tunables::Tunables;
use tancho_tests::oracle::generate::{SMALL, module};
use tancho_tests::oracle::plain::{Refusal, Running};
use tancho_tests::oracle::seed::{Rng, Run};
use tancho_tests::oracle::shape::{Shape, Signature};
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::value::{Stop, Value};

/// So many cases are digested.
const DIGESTED: u64 = 100;

/// What the first cases with the usual seed come to, on every machine, a line for each. It changes when fuel does, which users are to be
/// told, and when the modules do.
const DIGESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuel/digests.txt");

/// How many loops and calls a module makes by a counter of its own.
const TURNS: i32 = 500;

fn paying(tunables: Tunables) -> Swarm {
    Swarm { tunables: Tunables { consume_fuel: true, ..tunables }, verifier: false, ..Swarm::default() }
}

/// The ways that are compared with the first.
fn ways() -> Vec<Tancho> {
    let usual = || paying(Tunables::default());
    let ways = [
        usual(),
        Swarm { precompiled: true, ..usual() },
        paying(Tunables { memory_copy_below: u64::MAX, ..Tunables::default() }),
        paying(Tunables { opt_level: OptLevel::None, ..Tunables::default() }),
    ];
    ways.into_iter().map(Tancho::new).collect()
}

/// A call: the function, its type, its arguments, and the fuel for it.
struct Call<'a> {
    function: &'a str,
    signature: &'a Signature,
    arguments: Vec<Value>,
    fuel: u64,
}

/// What can be seen of a module, line by line, and what its start and each call consume. `None` where the stack is used up, which is no matter
/// of the module alone.
fn observe(
    tancho: &Tancho,
    wasm: &[u8],
    shape: &Shape,
    fuel: u64,
    calls: &[Call<'_>],
) -> Option<(Vec<String>, Vec<u64>)> {
    let (started, left) = tancho.start_with(wasm, shape, fuel);
    let mut consumed = vec![fuel - left];
    let mut started = match started {
        Ok(started) => started,
        Err(Refusal::Stopped(Stop::Exhausted)) => return None,
        Err(refusal) => return Some((vec![format!("start: {refusal:?}, {left} left")], consumed)),
    };
    let mut lines = vec![format!("start: {left} left")];
    for Call { function, signature, arguments, fuel } in calls {
        started.refuel(TURNS);
        started.set_fuel(*fuel);
        let result = started.call(function, arguments, &signature.results);
        if result == Err(Stop::Exhausted) {
            return None;
        }
        let left = started.fuel();
        lines.push(format!("{function} of {arguments:?} with {fuel}: {result:?}, {left} left"));
        consumed.push(fuel - left);
    }
    lines.push(format!("{:?}", started.look(shape)));
    Some((lines, consumed))
}

/// What came of the cases.
#[derive(Default)]
struct Yield {
    modules: u64,
    calls: u64,
    ran_out: u64,
    exhausted: u64,
}

/// A module in every way; the lines of the first.
fn compare(ways: &[&Tancho], random: &mut Rng, came: &mut Yield) -> Result<String, String> {
    let Ok(wasm) = module(random, SMALL, true) else { return Ok(String::new()) };
    let shape = Shape::read(&wasm)?;
    if shape.imports_more {
        return Ok(String::new());
    }
    came.modules += 1;
    let mut calls = Vec::new();
    for (function, signature) in &shape.functions {
        for _ in 0..2 {
            let arguments = signature.params.iter().map(|ty| Value::random(random, *ty)).collect();
            calls.push(Call { function, signature, arguments, fuel: u64::MAX });
        }
    }
    let mut text = String::new();
    // With as much as there is, and then with amounts that mostly do not suffice.
    let mut start = u64::MAX;
    for _ in 0..2 {
        let first = observe(ways[0], &wasm, &shape, start, &calls);
        for way in &ways[1..] {
            let other = observe(way, &wasm, &shape, start, &calls);
            let (Some((ours, _)), Some((theirs, _))) = (&first, &other) else { continue };
            if let Some((ours, theirs)) = ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs) {
                let module = written(&wasm);
                let swarms = (ways[0].swarm(), way.swarm());
                return Err(format!("{ours}\nand {theirs}\nwith {swarms:?}\n{module}"));
            }
            assert_eq!(ours.len(), theirs.len());
        }
        let Some((lines, consumed)) = first else {
            came.exhausted += 1;
            return Ok(text);
        };
        came.calls += lines.len() as u64;
        came.ran_out += lines.iter().filter(|line| line.contains("Fuel")).count() as u64;
        writeln!(text, "{}", lines.join("\n")).expect("a string has room");
        if consumed.len() <= calls.len() {
            break;
        }
        let less = |consumed: u64, random: &mut Rng| match random.u8(..4) {
            0 => consumed,
            1 => consumed.saturating_sub(1),
            _ => random.u64(..=consumed),
        };
        start = less(consumed[0], random);
        for (call, consumed) in calls.iter_mut().zip(&consumed[1..]) {
            call.fuel = less(*consumed, random);
        }
    }
    Ok(text)
}

/// The module, to be looked at.
fn written(wasm: &[u8]) -> String {
    let path = std::env::temp_dir().join("tancho-fuel.wasm");
    match std::fs::write(&path, wasm) {
        Ok(()) => format!("the module is in {}", path.display()),
        Err(error) => format!("the module cannot be written: {error}"),
    }
}

/// Compares cases with what they come to everywhere, or writes that.
fn agree(digests: &[(u64, blake3::Hash)]) {
    let lines: Vec<String> = digests.iter().map(|(_, digest)| digest.to_hex()[..16].to_owned()).collect();
    if std::env::var_os("TANCHO_BLESS").is_some() {
        assert_eq!(lines.len() as u64, DIGESTED, "only all of them are written");
        return std::fs::write(DIGESTS, lines.join("\n") + "\n").expect("the file can be written");
    }
    let known = std::fs::read_to_string(DIGESTS).expect("the file can be read");
    let known: Vec<&str> = known.lines().collect();
    assert_eq!(known.len() as u64, DIGESTED, "a line for each case");
    let other = |((case, _), line): &(&(u64, blake3::Hash), &String)| known[*case as usize] != *line;
    let changed: Vec<u64> = digests.iter().zip(&lines).filter(other).map(|((case, _), _)| *case).collect();
    assert!(changed.is_empty(), "what random modules consume is not what it is elsewhere, or was: cases {changed:?}");
}

#[test]
fn random_modules_consume_the_same_in_every_way() {
    let run = Run::new("fuel", "fuel", 1000);
    let digests: Mutex<Vec<(u64, blake3::Hash)>> = Mutex::default();
    let workers = run.all(
        || (Yield::default(), ways()),
        |(came, ways), case, random| {
            // One more, of any configuration: every tenth case has its own.
            let mut drawn = random.clone();
            let any = (case % 10 == 0).then(|| {
                let swarm = Swarm::random(&mut drawn);
                Tancho::new(Swarm { tunables: Tunables { consume_fuel: true, ..swarm.tunables.clone() }, ..swarm })
            });
            let all: Vec<&Tancho> = ways.iter().chain(&any).collect();
            let text = compare(&all, random, came)?;
            if case < DIGESTED {
                digests.lock().expect("nobody panics that holds it").push((case, blake3::hash(text.as_bytes())));
            }
            Ok(())
        },
    );
    let mut came = Yield::default();
    for (one, _) in &workers {
        came.modules += one.modules;
        came.calls += one.calls;
        came.ran_out += one.ran_out;
        came.exhausted += one.exhausted;
    }
    let Yield { modules, calls, ran_out, exhausted } = came;
    run.report(&format!("{modules} modules, {calls} calls, {ran_out} ran out, {exhausted} stacks used up"));
    let mut digests = digests.into_inner().expect("nobody panics that holds it");
    digests.sort_by_key(|(case, _)| *case);
    if std::env::var_os("TANCHO_SEED").is_none() {
        agree(&digests);
        run.report(&format!("the digests of the first {} are as everywhere", digests.len()));
    }
    if run.is_whole() {
        assert!(modules * 10 >= run.cases() * 9, "{modules} modules of {} cases", run.cases());
        assert!(ran_out * 10 >= calls, "{ran_out} of {calls} calls ran out");
        assert!(exhausted * 20 <= run.cases(), "{exhausted} stacks were used up");
    }
}
