//! What a file is that is no module: told by its first bytes, so that the message can say what to do with it.
//!
//! `crate::load` asks before a file is compiled.

use super::{Diagnosis, code};

/// Magic numbers of what people run by mistake, and what it is called. Longer ones first where one begins another.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "a native program or library (ELF)"),
    (b"MZ", "a Windows program (PE)"),
    (b"\xcf\xfa\xed\xfe", "a macOS program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a Java class or a macOS program"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"!<arch>\n", "a static library: link it into a program first"),
    (b"\x1f\x8b", "compressed with gzip: unpack it with gunzip"),
    (b"PK\x03\x04", "a zip archive: unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it with unzstd"),
    (b"\xfd7zXZ\x00", "compressed with xz: unpack it with unxz"),
    (b"BZh", "compressed with bzip2: unpack it with bunzip2"),
    (b"\0aot", "compiled by WAMR"),
    (b"\x89PNG", "an image"),
    (b"%PDF", "a PDF document"),
];

/// Begins every module and component.
const WASM: &[u8] = b"\0asm";

/// The error that `bytes`, read from a file that is shown as `name`, are; `None` when they may be a module. Compiled files are not
/// asked about.
pub(crate) fn mistake(name: &str, bytes: &[u8]) -> Option<Diagnosis> {
    let not_wasm =
        |what: &str| Diagnosis::new(&code::file::NOT_WASM, format!("{name} is not WebAssembly: it is {what}"));
    if bytes.is_empty() {
        return Some(
            Diagnosis::new(&code::file::EMPTY, format!("{name} is empty")).help("make or download the file anew"),
        );
    }
    if let Some(rest) = bytes.strip_prefix(WASM) {
        return of_version(name, rest);
    }
    if WASM.starts_with(bytes) {
        return Some(Diagnosis::new(
            &code::file::EMPTY,
            format!("{name} is cut short: it has only {} bytes", bytes.len()),
        ));
    }
    if bytes.starts_with(b"\x7fELF") && contains(bytes, b".wasmtime.") {
        return Some(foreign(name, "Wasmtime"));
    }
    if bytes.starts_with(b"wasmer-universal") || bytes.starts_with(b"wasmer\0") {
        return Some(foreign(name, "Wasmer"));
    }
    if bytes.starts_with(b"\0aot") {
        return Some(foreign(name, "WAMR"));
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        let diagnosis = not_wasm(what);
        let native = what.contains("program") || what.contains("bitcode");
        return Some(if native {
            diagnosis.help("compile the program for WebAssembly, such as `rustc --target wasm32-wasip1` or `clang --target=wasm32-wasi`")
        } else {
            diagnosis
        });
    }
    of_text(name, bytes)
}

fn foreign(name: &str, engine: &str) -> Diagnosis {
    Diagnosis::new(&code::image::FOREIGN, format!("{name} was compiled by {engine}, and only {engine} can load it"))
        .help("run the .wasm file that it was made of")
}

/// What is wrong with what follows the magic number. In components the version is less than 2¹⁶ and the layer above it 1.
fn of_version(name: &str, rest: &[u8]) -> Option<Diagnosis> {
    let Some(version) = rest.first_chunk::<4>() else {
        return Some(Diagnosis::new(
            &code::file::EMPTY,
            format!("{name} is cut short: it has only {} bytes", rest.len() + 4),
        ));
    };
    match u32::from_le_bytes(*version) {
        1 => of_sections(name, &rest[4..]),
        component if component >> 16 == 1 => Some(component_of(name)),
        other => Some(Diagnosis::new(
            &code::file::WASM_VERSION,
            format!("{name} has version {other:#x} of WebAssembly, and there is only version 1"),
        )),
    }
}

fn component_of(name: &str) -> Diagnosis {
    Diagnosis::new(&code::file::COMPONENT, format!("{name} is a component, and Tancho runs core modules so far"))
        .help("build the program for wasm32-wasip1 instead of wasm32-wasip2")
        .help("or take the core module out of it: wasm-tools component unbundle FILE --module-dir FOLDER")
}

/// Whether the module is an object file or a dynamic library, by the custom sections that only those have.
fn of_sections(name: &str, mut rest: &[u8]) -> Option<Diagnosis> {
    let mut found = None;
    while let Some((id, after)) = rest.split_first() {
        let Some((length, after)) = leb128(after) else { break };
        let Some(content) = after.get(..length) else { break };
        if *id == 0
            && let Some((length, text)) = leb128(content)
        {
            match text.get(..length).unwrap_or_default() {
                b"linking" => {
                    found = Some(
                        Diagnosis::new(
                            &code::module::OBJECT_FILE,
                            format!("{name} is an object file, which was not linked"),
                        )
                        .help("link it: wasm-ld a.o b.o -o app.wasm, or leave out -c when you compile"),
                    );
                }
                b"dylink" | b"dylink.0" => {
                    found = Some(
                        Diagnosis::new(
                            &code::module::DYNAMIC_LIBRARY,
                            format!("{name} is a dynamic library, a part of a program"),
                        )
                        .help("link the program statically: without -shared, -sSIDE_MODULE and -sMAIN_MODULE"),
                    );
                }
                _ => {}
            }
        }
        rest = &after[length..];
    }
    found
}

/// An unsigned number in LEB128 of at most 32 bits, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (position, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[position + 1..]));
        }
    }
    None
}

/// What text is that does not look like a module; `None` where it does, or where it is no text.
fn of_text(name: &str, bytes: &[u8]) -> Option<Diagnosis> {
    let not_wasm =
        |what: &str| Diagnosis::new(&code::file::NOT_WASM, format!("{name} is not WebAssembly: it is {what}"));
    let other_text = |what: &str| Diagnosis::new(&code::file::OTHER_TEXT, format!("{name} is {what}"));
    let Ok(text) = std::str::from_utf8(bytes) else {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Some(not_wasm("text in UTF-16").help("save it as UTF-8"));
        }
        let shown: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return Some(
            not_wasm(&format!("data that begins with {}, where a module begins with 00 61 73 6d", shown.join(" ")))
                .help("perhaps the download failed, or it is another file"),
        );
    };
    let start = without_comments(text.trim_start_matches('\u{feff}'));
    if start.starts_with("(component") {
        return Some(component_of(name));
    }
    if start.starts_with('(') {
        let script = name.ends_with(".wast") || ["\n(assert_", ") (assert_"].iter().any(|word| text.contains(word));
        return script.then(|| {
            other_text("a script of the specification's tests, and not a module").help(format!("tancho wast {name}"))
        });
    }
    let first = text.trim_start().lines().next().unwrap_or_default();
    let lower = first.to_ascii_lowercase();
    if lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<?xml") {
        return Some(
            not_wasm("a page of the web")
                .help("a download has perhaps given an error page: look at it, and download again"),
        );
    }
    if first.starts_with("version https://git-lfs") {
        return Some(not_wasm("a pointer of Git LFS").help("fetch the file itself: git lfs pull"));
    }
    if name.ends_with(".wit") || lower.starts_with("package ") && text.contains("interface") {
        return Some(other_text("a description of interfaces (WIT), which cannot be run"));
    }
    if is_javascript(name, text) {
        let module = std::path::Path::new(name).with_extension("wasm");
        return Some(
            Diagnosis::new(&code::file::JAVASCRIPT, format!("{name} is JavaScript, which Tancho does not run"))
                .help(format!("the module is in another file, perhaps {}", module.display())),
        );
    }
    if first.starts_with("#!") {
        return Some(not_wasm("a script").help(format!("run it by itself: ./{name}")));
    }
    let language = ["rs", "c", "cc", "cpp", "go", "zig", "ts", "py", "swift", "kt", "java"]
        .iter()
        .find(|extension| std::path::Path::new(name).extension().is_some_and(|found| found == **extension));
    if language.is_some() {
        return Some(
            not_wasm("the source of a program")
                .help("compile it for WebAssembly first, such as with `rustc --target wasm32-wasip1`"),
        );
    }
    let shown: String = first.chars().take(40).collect();
    Some(not_wasm(&format!("text that begins with `{shown}`, where a module begins with `(module`")))
}

fn is_javascript(name: &str, text: &str) -> bool {
    let extension = [".js", ".mjs", ".cjs"].iter().any(|extension| name.ends_with(extension));
    let begins = ["var Module", "import ", "export ", "\"use strict\"", "let wasm", "const ", "function "];
    extension || begins.iter().any(|word| text.trim_start().starts_with(word)) && text.contains("WebAssembly")
}

/// The text from its first word on that is no comment (§6.3.3).
fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix(";;") {
            text = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if text.starts_with("(;") {
            let mut depth = 0_usize;
            let end = text.char_indices().find_map(|(at, _)| {
                let rest = &text[at..];
                depth += usize::from(rest.starts_with("(;"));
                let closes = rest.starts_with(";)");
                depth -= usize::from(closes && depth > 0);
                (closes && depth == 0).then_some(at + 2)
            });
            text = end.map_or("", |end| &text[end..]);
        } else {
            return text;
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, bytes: &[u8]) -> String {
        mistake(name, bytes).map(|diagnosis| diagnosis.to_string()).unwrap_or_default()
    }

    #[test]
    fn modules_are_no_mistake() {
        for good in [
            &b"\0asm\x01\0\0\0"[..],
            b"(module)",
            b"  ;; a comment\n(; another (; in it ;) ;)(module (func))",
            b"(func)",
            b"\xef\xbb\xbf(module)",
        ] {
            assert_eq!(said("a", good), "", "{good:?}");
        }
    }

    #[test]
    fn what_is_none_is_named() {
        for (name, bytes, what) in [
            ("a", &b""[..], "is empty"),
            ("a", b"\0as", "cut short"),
            ("a", b"\0asm\x01", "cut short"),
            ("a", b"\0asm\x0d\0\x01\0", "is a component"),
            ("a", b"(component)", "is a component"),
            ("a", b"\0asm\x0b\0\0\0", "version 0xb"),
            ("a", b"\x7fELF\x02", "native program"),
            ("a", b"\x7fELF\x02 .wasmtime.engine", "compiled by Wasmtime"),
            ("a", b"\0aot\x01", "compiled by WAMR"),
            ("a", b"\x1f\x8b\x08", "gunzip"),
            ("a", b"\x80\x81\x82\x83\x84", "begins with 80 81 82 83"),
            ("a", b"<!DOCTYPE html>", "a page of the web"),
            ("a.js", b"var Module = {};", "is JavaScript"),
            ("a.rs", b"fn main() {}", "source of a program"),
            ("a.wast", b"(module) (assert_return (invoke \"f\"))", "a script of the specification"),
            ("a", b"#!/bin/sh\n", "a script"),
            ("a", b"hello", "text that begins with `hello`"),
            ("a", b"\0asm\x01\0\0\0\0\x08\x07linking", "object file"),
            ("a", b"\0asm\x01\0\0\0\0\x09\x08dylink.0", "dynamic library"),
        ] {
            assert!(said(name, bytes).contains(what), "{bytes:?}: {}", said(name, bytes));
        }
    }

    #[test]
    fn lengths_that_lie_end_the_search() {
        for bytes in [
            &b"\0asm\x01\0\0\0\0\xff\xff\xff\xff\x0f"[..],
            b"\0asm\x01\0\0\0\0\x05\x80\x80\x80\x80\x80",
            b"\0asm\x01\0\0\0\0",
        ] {
            assert_eq!(said("a", bytes), "");
        }
    }
}
