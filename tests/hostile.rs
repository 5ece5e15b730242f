//! Hostile bytes: whatever a module or an image holds, the answer is a module or an error, soon, and never the end of the process.
//!
//! A compiler that is made twice, with other threads, must also come to the same bytes.

use std::time::Duration;
use tancho::Module;
use tancho_tests::oracle::differential::compare;
use tancho_tests::oracle::generate::{SMALL, module};
use tancho_tests::oracle::hostile::{change, corpus, deep, redigest};
use tancho_tests::oracle::plain::Subject;
use tancho_tests::oracle::seed::{Run, bytes, say};
use tancho_tests::oracle::shape::{Shape, valid};
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::wasmi::Wasmi;

/// So long may one input take, without optimisation of our own code.
const MOST: Duration = Duration::from_secs(2);

/// What one process may come to hold, in KiB: the limit is on all inputs together, whose memory is given back.
const MOST_RESIDENT: u64 = 1 << 20;

fn panicked(error: &str) -> bool {
    // The compiler catches its own panics and calls them so (`jit/src/error.rs`).
    error.contains("compiler bug")
}

/// What this thread has worked: what a busy machine makes others wait is not the compiler's.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn within<R>(what: &str, work: impl FnOnce() -> R) -> Result<R, String> {
    let start = worked();
    let result = work();
    let took = worked() - start;
    if took > MOST { Err(format!("{what} took {took:?}")) } else { Ok(result) }
}

/// The most this process has ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system tells the peak");
    line.trim().trim_end_matches(" kB").parse().expect("it is a number")
}

#[test]
fn changed_modules_are_refused_or_run() {
    let run = Run::new("hostile modules", "C6", 9000);
    let corpus = corpus();
    assert!(corpus.len() >= 2000, "the suite has {} modules", corpus.len());
    let workers = run.all(
        || (Tancho::new(Swarm::default()), Wasmi::default(), 0, 0),
        |(engine, wasmi, accepted, refused), case, random| {
            let mut input = match case % 3 {
                0 => module(random, SMALL, true).unwrap_or_default(),
                _ => random.choice(corpus).expect("there are some").clone(),
            };
            match case % 50 {
                0 => {
                    let length = random.usize(..400);
                    input = [&b"\0asm\x01\0\0\0"[..], &bytes(random, length)].concat();
                }
                _ => change(random, &mut input, random.clone().choice(corpus).expect("there are some")),
            }
            let result = within("compiling", || Module::from_binary(engine.engine(), &input))?;
            match result {
                Err(error) => {
                    *refused += 1;
                    let error = format!("{error:#}");
                    if panicked(&error) {
                        return Err(format!("{error}\n{}", kept(&input)));
                    }
                }
                Ok(_) => {
                    *accepted += 1;
                    // What is valid is valid for others too, and runs where it cannot run for ever.
                    valid(&input)
                        .map_err(|error| format!("accepted, but it is not valid: {error}\n{}", kept(&input)))?;
                    // Others lack some of what makes it valid.
                    let Ok(shape) = Shape::read(&input) else { return Ok(()) };
                    let endless = wasmparser::Parser::new(0).parse_all(&input).flatten().any(|payload| match payload {
                        wasmparser::Payload::CodeSectionEntry(body) => {
                            body.get_operators_reader().is_ok_and(|operators| {
                                operators.into_iter().flatten().any(|operator| {
                                    use wasmparser::Operator as O;
                                    matches!(
                                        operator,
                                        O::Loop { .. }
                                            | O::Call { .. }
                                            | O::CallIndirect { .. }
                                            | O::ReturnCall { .. }
                                            | O::ReturnCallIndirect { .. }
                                            // Not endless, but as large as the engine has room for.
                                            | O::MemoryGrow { .. }
                                            | O::TableGrow { .. }
                                    )
                                })
                            })
                        }
                        // Large from the start, and a start function of a later call is no matter here.
                        wasmparser::Payload::MemorySection(section) => {
                            section.into_iter().flatten().any(|memory| memory.initial > 16)
                        }
                        wasmparser::Payload::TableSection(section) => {
                            section.into_iter().flatten().any(|table| table.ty.initial > 10_000)
                        }
                        _ => false,
                    });
                    if !endless && !shape.imports_more && !relaxed_or_float(&input) {
                        within("comparing", || compare(&input, engine, wasmi, random, 1))??;
                    }
                }
            }
            Ok(())
        },
    );
    let (accepted, refused) = workers.iter().fold((0, 0), |sum, worker| (sum.0 + worker.2, sum.1 + worker.3));
    run.report(&format!("{accepted} accepted, {refused} refused, peak {} MiB", peak() >> 10));
    if run.is_whole() {
        assert!(accepted * 20 >= run.cases() && refused * 2 >= run.cases(), "both kinds are needed");
        assert!(peak() < MOST_RESIDENT, "{} KiB were resident", peak());
    }
}

/// Whether results may be any of several: NaNs that are not canonical, relaxed vectors.
fn relaxed_or_float(wasm: &[u8]) -> bool {
    let engine_makes_any = |operator: wasmparser::Operator<'_>| {
        let name = format!("{operator:?}");
        ["F32", "F64", "Relaxed"].iter().any(|part| name.contains(part))
    };
    wasmparser::Parser::new(0).parse_all(wasm).flatten().any(|payload| match payload {
        wasmparser::Payload::CodeSectionEntry(body) => {
            body.get_operators_reader().is_ok_and(|operators| operators.into_iter().flatten().any(engine_makes_any))
        }
        _ => false,
    })
}

/// Where an input was kept.
fn kept(input: &[u8]) -> String {
    let file = std::env::temp_dir().join(format!("tancho-hostile-{}.wasm", blake3::hash(input).to_hex()));
    match std::fs::write(&file, input) {
        Ok(()) => format!("the input: {}", file.display()),
        Err(error) => format!("the input could not be kept: {error}"),
    }
}

#[test]
fn changed_images_are_refused() {
    let run = Run::new("hostile images", "C6", 1000);
    let engine = Tancho::new(Swarm::default());
    let modules = (0..30).filter_map(|number| module(&mut run.random(number), SMALL, true).ok());
    let images: Vec<Vec<u8>> =
        modules.map(|wasm| engine.engine().precompile_module(&wasm).expect("it compiles")).collect();
    assert!(images.len() >= 15, "{} images", images.len());
    let workers = run.all(
        || (0, 0),
        |(refused, loaded), _, random| {
            let original = random.choice(&images).expect("there are some");
            let mut image = original.clone();
            match random.u8(..4) {
                // Anywhere, or the records in front, where a change means something.
                0 => change(random, &mut image, original),
                1 => image.truncate(random.usize(..image.len())),
                _ => {
                    for _ in 0..=random.u8(..4) {
                        let end = if random.bool() { 1024.min(image.len()) } else { image.len() };
                        let at = random.usize(..end);
                        image[at] = random.u8(..);
                    }
                }
            }
            if image == *original {
                return Ok(());
            }
            if within("loading", || Module::deserialize(engine.engine(), &image))?.is_ok() {
                return Err(format!("a changed image was loaded\n{}", kept(&image)));
            }
            *refused += 1;
            // With the digest right again, the checks behind it: it may load, and nothing of it is run.
            redigest(&mut image);
            // SAFETY: no code of the image is called.
            let result = within("loading", || unsafe { Module::deserialize_trusted(engine.engine(), &image) })?;
            if let Ok(module) = result {
                *loaded += 1;
                let _ = (module.imports().count(), module.exports().count(), module.name().map(str::len));
            }
            Ok(())
        },
    );
    let (refused, loaded) = workers.iter().fold((0, 0), |sum, worker| (sum.0 + worker.0, sum.1 + worker.1));
    run.report(&format!(
        "{refused} refused, {loaded} loaded after their digest was made right, peak {} MiB",
        peak() >> 10
    ));
}

/// As deep and as wide as can be. Longer inputs have longer: two seconds for each begun MiB of what they come to.
#[test]
fn deep_and_wide_modules_end_soon() {
    let engine = Tancho::new(Swarm { verifier: false, ..Swarm::default() });
    for (name, wasm) in deep() {
        let start = worked();
        let result = Module::from_binary(engine.engine(), &wasm);
        let took = worked() - start;
        let came = match &result {
            Ok(_) => "accepted".to_owned(),
            Err(error) => format!("{error:#}").lines().next().unwrap_or_default().to_owned(),
        };
        say(&format!("deep: {name}: {} KiB, {took:.1?}, {came}", wasm.len() >> 10));
        assert!(!panicked(&came), "{name}: {came}");
        let allowed = MOST * (wasm.len() as u32 >> 20).max(1);
        assert!(took <= allowed, "{name} took {took:?}");
        if result.is_ok()
            && let Ok(shape) = Shape::read(&wasm)
        {
            // Started or refused, as the system has room.
            drop(engine.start(&wasm, &shape));
        }
    }
    assert!(peak() < MOST_RESIDENT, "{} KiB were resident", peak());
}

/// The same bytes whenever and on however many threads it is compiled.
#[test]
fn compilation_is_deterministic() {
    let run = Run::new("deterministic", "C7", 500);
    let workers = run.all(
        || 0,
        |compiled, _, random| {
            let Ok(wasm) = module(random, SMALL, true) else { return Ok(()) };
            let swarm = Swarm::random(random);
            let compile = |threads| {
                let options = tancho_jit::Options { threads: Some(threads), ..swarm.options() };
                let compiler = tancho_jit::Compiler::new(options).map_err(|error| error.to_string())?;
                let images = [compiler.compile(&wasm), compiler.compile(&wasm)];
                let [Ok(first), Ok(second)] = images else { return Err("it does not compile".to_owned()) };
                if first == second { Ok(first) } else { Err(format!("two images differ\n{}", kept(&wasm))) }
            };
            if compile(1)? != compile(2)? {
                return Err(format!("one thread and two come to different images\n{}", kept(&wasm)));
            }
            *compiled += 1;
            Ok(())
        },
    );
    let compiled: u64 = workers.into_iter().sum();
    run.report(&format!("{compiled} modules compiled four times"));
    assert!(!run.is_whole() || compiled >= 490, "{compiled} modules");
}
