//! Modules by wasm-smith, with settings that yield: nearly every one is accepted, ends, and has functions to call.
//!
//! Without them most of what it makes has nothing to call, and a test of it tests nothing. What the yield is, the tests assert.

use super::plain::FUEL;
use super::seed::{Rng, bytes};
use arbitrary::Unstructured;
use wasm_encoder::Encode;
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices, Module};
use wasmparser::{Parser, Payload};

/// How large the modules are to be.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Bytes of randomness.
    pub bytes: usize,
    /// The most functions.
    pub functions: usize,
    /// The most instructions of each, before what is added so that they end.
    pub instructions: usize,
}

/// Small enough for ten thousand of them in a minute.
pub const SMALL: Size = Size { bytes: 1200, functions: 5, instructions: 50 };

/// What fuzz targets make.
pub const LARGE: Size = Size { bytes: 1 << 14, functions: 12, instructions: 200 };

/// Host functions that modules may import, of signatures that travel in different ways.
const IMPORTS: &str = r#"(module
    (import "host" "none" (func))
    (import "host" "integers" (func (param i32 i64) (result i32)))
    (import "host" "floats" (func (param f32 f64 f32) (result f64)))
    (import "host" "vectors" (func (param v128 i32) (result v128)))
    (import "host" "references" (func (param externref funcref) (result externref)))
    (import "host" "many" (func (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64) (result i64 f32 i32))))"#;

/// The settings. `canonical` has modules make their NaNs canonical themselves, for engines that do not.
fn config(random: &mut Rng, size: Size, canonical: bool) -> Config {
    let kinds = [
        InstructionKind::Numeric,
        InstructionKind::Vector,
        InstructionKind::Reference,
        InstructionKind::Parametric,
        InstructionKind::Variable,
        InstructionKind::Table,
        InstructionKind::Memory,
        InstructionKind::Control,
    ];
    // One kind left out in half of the modules, so that the others are thicker.
    let out = random.usize(..kinds.len() * 2);
    let kinds: Vec<InstructionKind> =
        kinds.into_iter().enumerate().filter(|(index, _)| *index != out).map(|(_, kind)| kind).collect();
    let imports = random.bool();
    // What came later draws from a copy, so that the other choices of a seed stay what they were.
    let mut later = random.clone();
    Config {
        available_imports: imports.then(|| wat::parse_str(IMPORTS).expect("it is right")),
        allowed_instructions: InstructionKinds::new(&kinds),
        // Half never trap, so that they run to their ends.
        disallow_traps: random.bool(),
        canonicalize_nans: canonical,
        export_everything: true,
        min_types: 4,
        max_types: 8,
        min_funcs: 2,
        max_funcs: size.functions,
        max_instructions: size.instructions,
        // As many as there are: fewer make wasm-smith give up where it wants more.
        max_imports: if imports { 6 } else { 0 },
        min_memories: 1,
        max_memories: 2,
        // A page less than what the swarm has room for, and few enough to digest.
        max_memory32_bytes: 4 << 16,
        max_memory64_bytes: 4 << 16,
        // Tables with it.
        memory64_enabled: later.bool(),
        custom_page_sizes_enabled: later.u8(..4) == 0,
        memory_max_size_required: true,
        memory_offset_choices: MemoryOffsetChoices(30, 3, 1),
        min_tables: 1,
        max_tables: 2,
        max_table_elements: 20,
        table_max_size_required: true,
        min_globals: 1,
        max_globals: 6,
        max_data_segments: 3,
        max_element_segments: 4,
        max_elements: 12,
        allow_start_export: random.u8(..8) == 0,
        // What Tancho has not, or what is no matter of what is computed.
        acquire_release_atomics_enabled: false,
        compact_imports_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        generate_custom_sections: false,
        multibyte_array_access_enabled: false,
        threads_enabled: false,
        // Results of relaxed operators depend on the machine; `operator` compares them where they do not.
        relaxed_simd_enabled: false,
        ..Config::default()
    }
}

/// How often [`module`] begins anew before it gives up.
const ATTEMPTS: usize = 6;

/// A module that ends, whose global [`FUEL`] says when.
///
/// # Errors
///
/// When wasm-smith makes none of several bytes.
pub fn module(random: &mut Rng, size: Size, canonical: bool) -> Result<Vec<u8>, String> {
    let mut result = Err("there was no attempt".to_owned());
    for _ in 0..ATTEMPTS {
        let config = config(random, size, canonical);
        let bytes = bytes(random, size.bytes);
        result = from_bytes(config, &bytes, canonical);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Whether there is a conversion between floats: wasm-smith makes its NaNs canonical after every other operator that has any.
fn converts_floats(wasm: &[u8]) -> bool {
    use wasmparser::Operator as O;
    let converts = |operator: O<'_>| {
        matches!(operator, O::F64PromoteF32 | O::F32DemoteF64 | O::F64x2PromoteLowF32x4 | O::F32x4DemoteF64x2Zero)
    };
    Parser::new(0).parse_all(wasm).flatten().any(|payload| match payload {
        Payload::CodeSectionEntry(body) => {
            body.get_operators_reader().is_ok_and(|operators| operators.into_iter().flatten().any(converts))
        }
        _ => false,
    })
}

/// The same from bytes that a fuzzer chose.
///
/// # Errors
///
/// When wasm-smith makes none of them.
fn from_bytes(config: Config, bytes: &[u8], canonical: bool) -> Result<Vec<u8>, String> {
    let mut module = Module::new(config, &mut Unstructured::new(bytes)).map_err(|error| error.to_string())?;
    let fuel = module.ensure_termination(1000).map_err(|error| error.to_string())?;
    let wasm = module.to_bytes();
    if canonical && converts_floats(&wasm) {
        return Err("a float is converted to one of another size, and its NaN stays as it is".to_owned());
    }
    Ok(with_export(&wasm, FUEL, fuel))
}

/// The settings and a module of bytes that a fuzzer chose, the first eight of which are the settings.
///
/// # Errors
///
/// When there are too few, or wasm-smith makes none of them.
pub fn fuzzed(bytes: &[u8], canonical: bool) -> Result<Vec<u8>, String> {
    let (seed, rest) = bytes.split_first_chunk().ok_or("too few bytes")?;
    from_bytes(config(&mut Rng::with_seed(u64::from_le_bytes(*seed)), LARGE, canonical), rest, canonical)
}

/// The module with one more export, of a global. The section is there: everything is exported.
fn with_export(wasm: &[u8], name: &str, global: u32) -> Vec<u8> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(Payload::ExportSection(section)) = payload else { continue };
        let range = section.range();
        let range = range.start as usize..range.end as usize;
        let old = &wasm[range.clone()];
        let count = section.count();
        let mut contents = Vec::new();
        (count + 1).encode(&mut contents);
        let mut old_count = Vec::new();
        count.encode(&mut old_count);
        contents.extend_from_slice(&old[old_count.len()..]);
        name.encode(&mut contents);
        contents.push(3);
        global.encode(&mut contents);
        // The section's id and its length stand before its contents; the length is as short as can be.
        let mut old_length = Vec::new();
        (old.len() as u32).encode(&mut old_length);
        let mut all = wasm[..range.start - old_length.len()].to_vec();
        contents.encode(&mut all);
        all.extend_from_slice(&wasm[range.end..]);
        return all;
    }
    wasm.to_vec()
}
