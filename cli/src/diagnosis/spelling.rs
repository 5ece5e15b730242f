//! What people mean who write what is not there: names nearby, and the words of other engines.
//!
//! `flags` asks about options and keys, `command::run` about commands and files.

use std::ffi::OsString;

/// What a user may have meant by `name`, which is none of `known`: the nearest, if a third of its letters at most differ.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let tolerance = (name.chars().count() / 3).clamp(1, 4);
    let near = known.map(|other| (distance(name, other), other)).filter(|(distance, _)| *distance <= tolerance);
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// How many letters have to be inserted, removed, replaced, or exchanged with the next one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().take(64).collect());
    let width = other.len() + 1;
    let mut table = vec![0; (one.len() + 1) * width];
    for row in 0..=one.len() {
        for column in 0..width {
            let at = |back_row: usize, back_column: usize| table[(row - back_row) * width + column - back_column];
            table[row * width + column] = match (row, column) {
                (0, distance) | (distance, 0) => distance,
                _ => {
                    let same = one[row - 1] == other[column - 1];
                    let mut least = (at(1, 1) + usize::from(!same)).min(at(1, 0) + 1).min(at(0, 1) + 1);
                    let swapped =
                        row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1];
                    if swapped {
                        least = least.min(at(2, 2) + 1);
                    }
                    least
                }
            };
        }
    }
    table[table.len() - 1]
}

/// What other tools call a command, and what to type here.
const COMMANDS: &[(&str, &str)] = &[
    ("exec", "tancho run"),
    ("execute", "tancho run"),
    ("start", "tancho run"),
    ("build", "tancho compile"),
    ("aot", "tancho compile"),
    ("precompile", "tancho compile"),
    ("wasm2obj", "tancho compile"),
    ("check", "tancho validate"),
    ("verify", "tancho validate"),
    ("info", "tancho inspect"),
    ("dump", "tancho inspect"),
    ("show", "tancho inspect"),
    ("disas", "tancho objdump"),
    ("disassemble", "tancho objdump"),
    ("explore", "tancho objdump"),
    ("test", "tancho wast"),
    ("config", "tancho settings"),
    ("features", "tancho settings"),
    ("completions", "tancho completion"),
    ("clean", "tancho cache clean"),
    ("version", "tancho --version"),
];

/// What to type instead of `word`, which was written where a command or a file stands.
pub(crate) fn of_command<'a>(word: &str, commands: impl Iterator<Item = &'a str>) -> Option<String> {
    let foreign = COMMANDS.iter().find(|(name, _)| *name == word).map(|(_, here)| (*here).to_owned());
    foreign.or_else(|| nearest(word, commands).map(|command| format!("tancho {command}")))
}

/// What to type instead of an option of another engine, with the value that was given.
pub(crate) fn of_option(option: &str, arguments: &[OsString]) -> Option<String> {
    let (option, attached) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
    let position =
        arguments.iter().position(|word| word.to_str().is_some_and(|word| word.split('=').next() == Some(option)));
    let word = position.and_then(|position| arguments.get(position)?.to_str());
    let attached = attached.or_else(|| word?.split_once('=').map(|(_, value)| value));
    let next = position.and_then(|position| arguments.get(position + 1)?.to_str());
    let value = attached.or(next).unwrap_or_default();
    let fixed = |text: &str| Some(text.to_owned());
    match option {
        // Wasmtime before version 14, and Wasmer before version 6: the guest's name first.
        "--mapdir" => {
            let (guest, host) = value.split_once("::").or_else(|| value.split_once(':')).unwrap_or(("GUEST", "HOST"));
            Some(format!("write --dir {host}::{guest} (the directory of this machine stands first)"))
        }
        // Wasmer, Docker and wazero: the host's name first, with one colon.
        "--volume" | "-v" | "--mount" | "-mount" | "-m" | "--map" => {
            let (host, guest) = value.split_once(':').unwrap_or(("HOST", "GUEST"));
            let (guest, mode) = guest.split_once(':').unwrap_or((guest, ""));
            let read_only = if mode == "ro" { "::ro" } else { "" };
            Some(format!("write --dir {host}::{guest}{read_only}"))
        }
        "-e" | "-env" | "--environment" => Some(format!("write --env {}", or(value, "NAME=VALUE"))),
        "--entrypoint" | "--entry" => Some(format!("write --invoke {}", or(value, "NAME"))),
        "--enable-all" | "--wasm-features" | "--enable" => {
            fixed("proposals are turned on one by one with -W NAME; `tancho settings` lists them")
        }
        "--disable-cache" | "--no-cache" => fixed("write --cache=n"),
        "--env-inherit" | "--forward-host-env" => fixed("write --inherit-env"),
        "-S" | "--wasi" => fixed(of_wasi(value)),
        "--net" | "--listenfd" | "--allow-ip-name-lookup" => {
            fixed("a program is given a listening socket with --tcplisten ADDRESS:PORT, and has no other network")
        }
        "-O" | "--optimize" | "--cranelift-opt-level" => fixed("write --opt-level none, speed or speed-and-size"),
        "--cranelift" | "--llvm" | "--singlepass" | "-C" | "--codegen" | "--compiler" => fixed(
            "the compiler is Cranelift; `--opt-level none` compiles quicker, and `tancho help run` lists what can be set",
        ),
        "--debug" | "-g" => fixed(
            "traps have names, files and lines without an option, where the module was compiled with -g; `tancho objdump` shows the code",
        ),
        "--wasm-timeout" | "--max-time" | "--time-limit" => Some(format!("write --timeout {}", or(value, "2s"))),
        "--memory-limit" | "--max-memory-bytes" => Some(format!("write --max-memory-size {}", or(value, "64M"))),
        "--gas" | "--max-fuel" => Some(format!("write --fuel {}", or(value, "1000000000"))),
        "--enable-simd" | "--enable-threads" | "--enable-multi-memory" | "--enable-memory64" | "--enable-tail-call" => {
            Some(format!("write -W {}", option.trim_start_matches("--enable-")))
        }
        "--wasm-threads" | "--threads" => fixed(
            "shared memories and wasi-threads need no option; --max-threads says how many threads a program may start",
        ),
        "--dirs" | "--directory" | "--preopen" | "--dir-ro" | "--opendir" => {
            Some(format!("write --dir {}", or(value, "HOST::GUEST")))
        }
        _ => None,
    }
}

/// What to type instead of what is no proposal, in the group of options that Wasmtime has for them.
pub(crate) fn of_wasm(name: &str) -> Option<&'static str> {
    Some(match name {
        "timeout" => "write --timeout 2s",
        "nan-canonicalization" => "write --canonical-nan",
        "relaxed-simd-deterministic" => "write --relaxed-simd-deterministic",
        "unknown-imports-trap" => "write --unknown-imports trap",
        "unknown-imports-default" => "write --unknown-imports default",
        "epoch-interruption" | "async-stack-size" => "programs are ended by --timeout without it",
        "max-wasm-stack" => "a program has all of its thread's stack: `ulimit -s` says how much that is",
        "all-proposals" => "proposals are turned on one by one; `tancho settings` lists them",
        "help" => "`tancho settings` lists the proposals, and whether they are on",
        "component-model" | "component-model-async" => "components are not there yet",
        _ => return None,
    })
}

/// What to type instead of an option in the group that Wasmtime has for WASI.
fn of_wasi(value: &str) -> &'static str {
    match value.split(['=', ',']).next().unwrap_or_default() {
        "threads" => {
            "programs that are built for wasi-threads have their threads without an option; --max-threads says how many"
        }
        "inherit-env" => "write --inherit-env",
        "inherit-network" | "tcp" | "udp" | "tcplisten" | "listenfd" | "allow-ip-name-lookup" | "http" => {
            "a program is given a listening socket with --tcplisten ADDRESS:PORT, and has no other network"
        }
        "max-resources" | "hostcall-fuel" => "write --max-open-files N, --max-bytes-written BYTES or --max-threads N",
        _ => "WASI preview 1 is always there; for the variables write --inherit-env, for directories --dir HOST::GUEST",
    }
}

fn or<'a>(value: &'a str, name: &'a str) -> &'a str {
    if value.is_empty() { name } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let known = ["compile", "run", "validate", "cache"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("complie"), Some("compile"));
        assert_eq!(near("comple"), Some("compile"));
        assert_eq!(near("rnu"), Some("run"));
        assert_eq!(near("valdate"), Some("validate"));
        assert_eq!(near("app.wasm"), None);
        assert_eq!(near("x"), None);
    }

    #[test]
    fn options_of_others_are_translated_with_their_values() {
        let of = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            of_option(words[1].to_str().unwrap_or_default(), &words).unwrap_or_default()
        };
        assert!(of(&["tancho", "--mapdir", "/data::./d", "x"]).starts_with("write --dir ./d::/data ("));
        assert!(of(&["tancho", "--mapdir=/data:d", "x"]).starts_with("write --dir d::/data ("));
        assert_eq!(of(&["tancho", "--volume", "./d:/data:ro", "x"]), "write --dir ./d::/data::ro");
        assert_eq!(of(&["tancho", "-mount=./d:/data", "x"]), "write --dir ./d::/data");
        assert_eq!(of(&["tancho", "--enable-simd", "x"]), "write -W simd");
        assert!(of(&["tancho", "-S", "threads=y,inherit-env", "x"]).contains("--max-threads"));
        assert_eq!(of(&["tancho", "-S", "inherit-env=y", "x"]), "write --inherit-env");
        assert_eq!(of(&["tancho", "--nothing", "x"]), "");
    }

    #[test]
    fn commands_of_others_are_translated() {
        let of = |word| of_command(word, ["compile", "run"].into_iter());
        assert_eq!(of("exec").as_deref(), Some("tancho run"));
        assert_eq!(of("complie").as_deref(), Some("tancho compile"));
        assert_eq!(of("app.wasm"), None);
    }
}
