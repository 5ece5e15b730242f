//! Golden tests of generated code: each `golden/*.wat` is a module with, below it in comments, the CLIF and the x86-64 code
//! that its functions become. A change of the compiler shows as a change of these files: `BLESS=1 cargo test --test golden`
//! rewrites them. Code is for the least CPU features that there are, and those that a first line `;; cpu: has_avx` names;
//! `;; without signals` compiles without them, `;; with fuel` code that consumes it, `;; with inlining` inlines calls, which is off elsewhere. A line `;; also: aarch64 aarch64+has_lse riscv64` asks for the code of other machines,
//! with CPU features or none.

use capstone::arch::{BuildsCapstone, BuildsCapstoneExtraMode, arm64, riscv};
use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tancho_abi::tunables::Tunables;
use tancho_jit::{Compiler, Options};

const MARK: &str = "\n;; ==== generated code; BLESS=1 rewrites what follows ====\n";

/// A compiler for the CPU features that the first line of `source` names, or without signals where that says so.
fn compiler(source: &str) -> Compiler {
    let named = source.lines().next().and_then(|line| line.strip_prefix(";; cpu: "));
    let cpu_features = named.unwrap_or("").split_whitespace().map(str::to_owned).collect();
    compiler_for("x86_64", source, cpu_features)
}

fn compiler_for(architecture: &str, source: &str, cpu_features: Vec<String>) -> Compiler {
    let architecture = if architecture == "riscv64" { "riscv64gc" } else { architecture };
    let triple = format!("{architecture}-unknown-linux-gnu").parse().expect("a triple");
    let first = source.lines().next();
    let (signals_based_traps, consume_fuel) = (first != Some(";; without signals"), first == Some(";; with fuel"));
    let inlining = first == Some(";; with inlining");
    let tunables = Tunables { signals_based_traps, consume_fuel, inlining, ..Tunables::default() };
    let options = Options { target: Some(triple), cpu_features, tunables, verifier: true, ..Options::default() };
    Compiler::new(options).expect("the tests are built with every back end")
}

#[test]
fn a_large_frame_touches_every_page() {
    let results = "i64 ".repeat(520);
    let source = format!(
        r#"(module (import "host" "f" (func $wide (result {results})))
            (func (export "call") (block (result {results}) (call $wide)) (br 0)))"#
    );
    let wasm = wat::parse_str(source).expect("the text is well-formed");
    let functions = compiler("").inspect(&wasm).expect("it compiles");
    let code = disassemble(&functions[0].code);
    // Before anything else, in order, so that none jumps over the stack's guard.
    let probes = code.iter().take(12).filter(|line| line.ends_with("movl $0,(%rsp)")).count();
    assert!(probes >= 2, "{:#?}", &code[..12]);
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    files.sort();
    assert!(files.len() >= 14, "only {} golden files", files.len());
    files
}

/// Image and all: what one back end translates to one instruction and a relocation, another may not know.
#[test]
fn every_target_compiles_the_golden_modules() {
    for (triple, vectors) in [
        ("x86_64-unknown-linux-gnu", None),
        ("aarch64-unknown-linux-gnu", None),
        ("riscv64gc-unknown-linux-gnu", Some("has_v")),
    ] {
        let target = Some(triple.parse().expect("a triple"));
        let cpu_features = vectors.into_iter().map(str::to_owned).collect();
        let options = Options { target, cpu_features, verifier: true, ..Options::default() };
        let tunables = Tunables { belt: true, ..Tunables::default() };
        let belted = Compiler::new(Options { tunables, ..options.clone() });
        let belted = belted.expect("the tests are built with every back end");
        let tunables = Tunables { signals_based_traps: false, ..Tunables::default() };
        let quiet = Compiler::new(Options { tunables, ..options.clone() });
        let quiet = quiet.expect("the tests are built with every back end");
        let tunables = Tunables { consume_fuel: true, ..Tunables::default() };
        let paying = Compiler::new(Options { tunables, ..options.clone() });
        let paying = paying.expect("the tests are built with every back end");
        let compiler = Compiler::new(options).expect("the tests are built with every back end");
        // So many that registers are allocated in one pass.
        let wide = format!("(module (func (param i64) (result i64) (local{}) (local.get 9000)))", " i64".repeat(9000));
        let sources = files().into_iter().map(|path| std::fs::read_to_string(path).expect("it can be read"));
        for source in sources.chain([wide]) {
            let wasm = wat::parse_str(&source).expect("the text is well-formed");
            for compiler in [&compiler, &belted, &quiet, &paying] {
                compiler
                    .compile(&wasm)
                    .unwrap_or_else(|error| panic!("{triple}: {error} in {}", source.get(..400).unwrap_or(&source)));
            }
        }
    }
}

#[test]
fn generated_code_is_as_recorded() {
    let mut differing = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let source = text.split(MARK).next().expect("split gives one part at least").trim_end();
        let expected = format!("{source}\n{MARK}{}", generate(&compiler(source), source));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &expected).expect("it can be written");
        } else if text != expected {
            differing.push(format!("{}:\n{expected}", path.display()));
        }
    }
    assert!(differing.is_empty(), "generated code differs; BLESS=1 accepts it:\n{}", differing.join("\n"));
}

fn generate(compiler: &Compiler, source: &str) -> String {
    let wasm = wat::parse_str(source).expect("the text is well-formed");
    let mut text = String::new();
    for function in compiler.inspect(&wasm).expect("it compiles") {
        writeln!(text, ";;\n;; {}", function.name).expect("writing to a string");
        for line in function.clif.lines() {
            writeln!(text, "{}", format!(";; | {line}").trim_end()).expect("writing to a string");
        }
        writeln!(text, ";;").expect("writing to a string");
        for line in disassemble(&function.code) {
            writeln!(text, ";; {line}").expect("writing to a string");
        }
    }
    let also = source.lines().find_map(|line| line.strip_prefix(";; also: "));
    for machine in also.unwrap_or("").split_whitespace() {
        let (architecture, features) = machine.split_once('+').unwrap_or((machine, ""));
        let features = features.split('+').filter(|feature| !feature.is_empty()).map(str::to_owned).collect();
        let compiler = compiler_for(architecture, source, features);
        for function in compiler.inspect(&wasm).expect("it compiles") {
            writeln!(text, ";;\n;; {}, {machine}\n;;", function.name).expect("writing to a string");
            for line in disassemble_other(architecture, &function.code) {
                writeln!(text, ";; {line}").expect("writing to a string");
            }
        }
    }
    text
}

/// The instructions of a machine whose instructions have two bytes or four; what is none, as it stands there.
fn disassemble_other(architecture: &str, code: &[u8]) -> Vec<String> {
    let capstone = capstone::Capstone::new();
    let capstone = match architecture {
        "aarch64" => capstone.arm64().mode(arm64::ArchMode::Arm).build(),
        _ => {
            let compressed = std::iter::once(riscv::ArchExtraMode::RiscVC);
            capstone.riscv().mode(riscv::ArchMode::RiscV64).extra_mode(compressed).build()
        }
    };
    let capstone = capstone.expect("it is built with these");
    let mut lines = Vec::new();
    let mut place = 0;
    while place < code.len() {
        let found = capstone.disasm_count(&code[place..], place as u64, 1).expect("it disassembles");
        let Some(instruction) = found.iter().next() else {
            let bytes: String = code[place..].iter().take(4).map(|byte| format!(" {byte:02x}")).collect();
            lines.push(format!("{place:>5x} {bytes}"));
            place += 4;
            continue;
        };
        let [name, operands] = [instruction.mnemonic(), instruction.op_str()].map(Option::unwrap_or_default);
        lines.push(format!("{place:>5x}  {name} {operands}").trim_end().to_owned());
        place += instruction.len();
    }
    lines
}

/// The instructions, and below them the constants that they refer to.
fn disassemble(code: &[u8]) -> Vec<String> {
    let mut formatter = GasFormatter::new();
    let mut lines = Vec::new();
    let mut constants = code.len();
    for instruction in &mut Decoder::new(64, code, DecoderOptions::NONE) {
        let start = instruction.ip() as usize;
        if start >= constants || code[start..constants].iter().all(|padding| *padding == 0) {
            break;
        }
        if instruction.is_ip_rel_memory_operand() {
            constants = constants.min(instruction.ip_rel_memory_address() as usize);
        }
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(format!("{start:>5x}  {line}"));
    }
    for (position, bytes) in code[constants..].chunks(16).enumerate() {
        let bytes: String = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
        lines.push(format!("{:>5x} {bytes}", constants + position * 16));
    }
    lines
}
