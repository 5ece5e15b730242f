//! Who supplies what a module imports, and what to do where nobody does: known by the names that compilers and their libraries use.
//!
//! `report` asks about imports that are missing, `command::inspect` about all, and `report` about proposals that are named in messages.

use tancho::{Config, MissingImport};

/// Whose imports these are.
struct Origin {
    /// The import's module name; one that ends in `*` is a beginning.
    module: &'static str,
    /// Beginnings of the import's name; none are all names.
    names: &'static [&'static str],
    /// Who they are of.
    what: &'static str,
    /// What to do.
    help: &'static str,
}

/// The first that fits counts.
const ORIGINS: &[Origin] = &[
    Origin {
        module: "wasi",
        names: &["thread-spawn", "thread_spawn"],
        what: "wasi-threads",
        help: "it is there as `wasi` `thread-spawn`, of the type (func (param i32) (result i32)): build with a current wasi-libc, for \
               wasm32-wasip1-threads",
    },
    Origin {
        module: "wasi_snapshot_preview1",
        names: &["sock_"],
        what: "the sockets of WasmEdge or WASIX",
        help: "WASI preview 1 has sock_accept, sock_recv, sock_send and sock_shutdown for sockets of --tcplisten; opening others is an \
               extension of WasmEdge's and WASIX's: build the program without it",
    },
    Origin {
        module: "wasi_snapshot_preview1",
        names: &[],
        what: "an extension of WASI preview 1",
        help: "all 46 functions of WASI preview 1 are there; this one is none of them, so the program was built for an extension",
    },
    Origin {
        module: "wasix_*",
        names: &[],
        what: "WASIX, of Wasmer",
        help: "build the program for wasm32-wasip1 instead of wasm32-wasmer-wasi; WASIX is not there",
    },
    Origin {
        module: "wasi_ephemeral_*",
        names: &[],
        what: "a WASI proposal beyond preview 1 (such as wasi-nn or wasi-crypto)",
        help: "only WASI preview 1 is there",
    },
    Origin {
        module: "wasi:*",
        names: &[],
        what: "WASI 0.2 or later, by way of components",
        help: "this core module was made for a component: build the program for wasm32-wasip1 instead of wasm32-wasip2",
    },
    Origin {
        module: "__wbindgen_placeholder__",
        names: &[],
        what: "wasm-bindgen, before its own tool has run",
        help: "wasm-bindgen makes modules for JavaScript: build without it, for wasm32-wasip1 instead of wasm32-unknown-unknown. In Rust, a \
               dependency may bring it (`cargo tree -i wasm-bindgen`), often getrandom or chrono by their features `js` or `wasmbind`",
    },
    Origin {
        module: "wbg",
        names: &[],
        what: "wasm-bindgen",
        help: "wasm-bindgen makes modules for JavaScript: build for wasm32-wasip1, without wasm-bindgen and wasm-pack",
    },
    Origin {
        module: "./*",
        names: &["__wbg", "__wbindgen"],
        what: "wasm-bindgen",
        help: "wasm-bindgen makes modules for JavaScript: build for wasm32-wasip1, without wasm-bindgen and wasm-pack",
    },
    Origin {
        module: "wasm:*",
        names: &[],
        what: "builtins of JavaScript engines (js-string and the like)",
        help: "the module was compiled for JavaScript; build it for WASI, if its compiler can",
    },
    Origin {
        module: "gojs",
        names: &[],
        what: "Go for JavaScript (GOOS=js)",
        help: "build with GOOS=wasip1 GOARCH=wasm go build -o app.wasm",
    },
    Origin {
        module: "go",
        names: &["runtime.", "syscall/js", "debug"],
        what: "Go for JavaScript (GOOS=js)",
        help: "build with GOOS=wasip1 GOARCH=wasm go build -o app.wasm",
    },
    Origin {
        module: "GOT.*",
        names: &[],
        what: "a dynamic linker",
        help: "the module is a dynamic library: link the program statically, without -shared, -fPIC and -sMAIN_MODULE",
    },
    Origin {
        module: "env",
        names: &["__memory_base", "__table_base", "__stack_pointer", "__indirect_function_table", "__linear_memory"],
        what: "the linker",
        help: "the module is an object file or a dynamic library: link it with wasm-ld into a program",
    },
    Origin {
        module: "env",
        names: &[
            "emscripten_",
            "_emscripten",
            "invoke_",
            "_embind",
            "embind_",
            "_emval",
            "__syscall_",
            "__cxa_",
            "_mmap_js",
            "_munmap_js",
            "_tzset_js",
            "_localtime_js",
            "_gmtime_js",
            "gl",
            "alBuffer",
            "exit",
            "abortOnCannotGrowMemory",
            "setTempRet0",
            "getTempRet0",
            "__assert_fail",
            "_abort_js",
        ],
        what: "Emscripten's JavaScript",
        help: "Emscripten supplies these by JavaScript: build with -sSTANDALONE_WASM (or -o app.wasm), with -fwasm-exceptions instead of \
               -fexceptions, or with wasi-sdk instead of Emscripten",
    },
    Origin {
        module: "env",
        names: &["abort", "seed", "console.log", "trace"],
        what: "AssemblyScript's JavaScript",
        help: "build with asc --use abort= , or with the WASI shim (@assemblyscript/wasi-shim)",
    },
    Origin {
        module: "env",
        names: &["memory"],
        what: "a memory from outside",
        help: "let the module make its memory itself: link without --import-memory (and -pthread). --preload env=FILE supplies the memory that \
               another module exports",
    },
    Origin {
        module: "spectest",
        names: &[],
        what: "the scripts of the specification's tests",
        help: "run the script that the module is in: tancho wast FILE",
    },
];

impl Origin {
    fn fits(&self, module: &str, name: &str) -> bool {
        let module_fits = match self.module.strip_suffix('*') {
            Some(start) => module.starts_with(start),
            None => module == self.module,
        };
        module_fits && (self.names.is_empty() || self.names.iter().any(|start| name.starts_with(start)))
    }
}

fn origin(module: &str, name: &str) -> Option<&'static Origin> {
    ORIGINS.iter().find(|origin| origin.fits(module, name))
}

/// Who supplies an import that Tancho does not, if that is known.
pub(crate) fn supplier(module: &str, name: &str) -> Option<&'static str> {
    origin(module, name).map(|origin| origin.what)
}

/// What to do about these missing imports: a line for each origin, with how many are of it.
pub(crate) fn advise(missing: &[MissingImport]) -> Vec<String> {
    let mut lines: Vec<(&Origin, usize)> = Vec::new();
    let mut unknown: Vec<&str> = Vec::new();
    for import in missing {
        // A name that is nearly one that there is, is mistyped.
        match origin(&import.module, &import.name).filter(|_| import.nearest.is_empty()) {
            Some(origin) => match lines.iter_mut().find(|(known, _)| std::ptr::eq(*known, origin)) {
                Some((_, count)) => *count += 1,
                None => lines.push((origin, 1)),
            },
            None if !import.nearest.is_empty() || unknown.contains(&import.module.as_str()) => {}
            None => unknown.push(&import.module),
        }
    }
    let mut help: Vec<String> = lines
        .into_iter()
        .map(|(origin, count)| {
            let imports = if count == 1 { "1 import is".to_owned() } else { format!("{count} imports are") };
            format!("{imports} of {}: {}", origin.what, origin.help)
        })
        .collect();
    for module in unknown.iter().take(4) {
        help.push(format!("if another module exports what is wanted of `{module}`: --preload {module}=FILE"));
    }
    help.push("--unknown-imports trap runs the module anyhow, until it calls one of them".to_owned());
    help
}

/// What messages of the validator call proposals, and their names.
const PROPOSALS: &[(&str, &str)] = &[
    ("relaxed SIMD", "relaxed-simd"),
    ("SIMD", "simd"),
    ("acquire-release atomics", "threads"),
    ("shared-everything", "shared-everything-threads"),
    ("threads", "threads"),
    ("saturating float", "saturating-float-to-int"),
    ("reference types", "reference-types"),
    ("bulk memory", "bulk-memory"),
    ("sign extension", "sign-extension"),
    ("legacy exceptions", "legacy-exceptions"),
    ("exceptions", "exceptions"),
    ("tail calls", "tail-call"),
    ("function references", "function-references"),
    ("gc", "gc"),
    ("stack switching", "stack-switching"),
    ("wide arithmetic", "wide-arithmetic"),
    ("memory64", "memory64"),
    ("custom page sizes", "custom-page-sizes"),
    ("multi-value", "multi-value"),
    ("multiple memories", "multi-memory"),
    ("multi-memory", "multi-memory"),
    ("mutable global", "mutable-global"),
    ("shared memories", "threads"),
];

/// What to do where a message says that a proposal is off, or missing.
pub(crate) fn proposal_in(message: &str) -> Option<String> {
    let off = ["not enabled", "must be enabled", "not supported"].iter().any(|text| message.contains(text));
    let (_, name) = PROPOSALS.iter().find(|(text, _)| message.contains(text)).filter(|_| off)?;
    Some(match Config::new().has_wasm_feature(name) {
        Some(_) if !message.contains("not supported") => format!("turn the proposal on: -W {name}"),
        _ => format!("Tancho does not have the proposal {name} yet: build the program without it"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_known_by_name() {
        for (module, name, what) in [
            ("wasi", "thread-spawn", "wasi-threads"),
            ("wasi_snapshot_preview1", "sock_open", "the sockets of WasmEdge or WASIX"),
            ("wasi_snapshot_preview1", "proc_spawn", "an extension of WASI preview 1"),
            ("wasix_32v1", "fd_dup", "WASIX, of Wasmer"),
            ("wasi:io/streams@0.2.0", "read", "WASI 0.2 or later, by way of components"),
            ("wbg", "__wbg_log_1", "wasm-bindgen"),
            ("./app_bg.js", "__wbindgen_throw", "wasm-bindgen"),
            ("env", "invoke_vii", "Emscripten's JavaScript"),
            ("env", "memory", "a memory from outside"),
            ("env", "abort", "AssemblyScript's JavaScript"),
            ("gojs", "runtime.wasmExit", "Go for JavaScript (GOOS=js)"),
        ] {
            assert_eq!(supplier(module, name), Some(what), "{module}::{name}");
        }
        assert_eq!(supplier("env", "my_function"), None);
        assert_eq!(supplier("host", "print"), None);
    }

    #[test]
    fn proposals_are_found_in_messages() {
        let said = |message| proposal_in(message).unwrap_or_default();
        assert!(
            said("the custom page sizes proposal must be enabled to customize a memory's page size")
                .ends_with("-W custom-page-sizes")
        );
        assert!(said("relaxed SIMD support is not enabled").ends_with("-W relaxed-simd"));
        assert!(said("threads must be enabled for shared memories").ends_with("-W threads"));
        assert!(said("stack switching support is not enabled").contains("does not have the proposal"));
        assert_eq!(proposal_in("type mismatch: gc"), None);
    }

    /// A name that a message is mapped to is one that `-W` takes, or one that Tancho is known not to have.
    #[test]
    fn every_proposal_is_known() {
        let without = ["shared-everything-threads", "stack-switching"];
        for (_, name) in PROPOSALS {
            assert!(without.contains(name) || Config::new().has_wasm_feature(name).is_some(), "{name}");
        }
    }
}
