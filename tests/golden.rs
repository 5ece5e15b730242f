//! Golden tests of generated code: each `golden/*.wat` is a module with, below it in comments, the CLIF and the x86-64 code
//! that its functions become. A change of the compiler shows as a change of these files: `BLESS=1 cargo test --test golden`
//! rewrites them.

use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter};
use std::fmt::Write;
use std::path::Path;
use tancho_jit::{Compiler, Options};

const MARK: &str = "\n;; ==== generated code; BLESS=1 rewrites what follows ====\n";

#[test]
fn generated_code_is_as_recorded() {
    let triple = "x86_64-unknown-linux-gnu".parse().expect("a triple");
    let options = Options { target: Some(triple), verifier: true, ..Options::default() };
    // On another architecture the x86-64 back end is there only with the feature `all-targets`.
    let Ok(compiler) = Compiler::new(options) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "only {} golden files", files.len());
    let mut differing = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let source = text.split(MARK).next().expect("split gives one part at least").trim_end();
        let expected = format!("{source}\n{MARK}{}", generate(&compiler, source));
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
    text
}

fn disassemble(code: &[u8]) -> Vec<String> {
    let mut formatter = GasFormatter::new();
    let mut lines = Vec::new();
    for instruction in &mut Decoder::new(64, code, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(format!("{:>5x}  {line}", instruction.ip()));
    }
    lines
}
