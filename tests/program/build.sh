#!/usr/bin/env bash
# Rebuilds every guest program, or those named: tests/program/build.sh [NAME ...]. Prints sizes and sha256 sums.
set -euo pipefail
cd "$(dirname "$0")"

ZIG=0.17.1   # its clang compiles the C programs, with its wasi-libc
RUST=1.95.0  # other versions work, but give other bytes

python3 -m ziglang version >/dev/null 2>&1 || python3 -m pip install --quiet "ziglang==$ZIG"
for target in wasm32-wasip1 wasm32-wasip1-threads; do
    rustup target list --installed | grep -qx "$target" || rustup target add "$target"
done
[ "$(python3 -m ziglang version)" = "$ZIG" ] || echo "note: zig is not $ZIG" >&2
[ "$(rustc --version | cut -d' ' -f2)" = "$RUST" ] || echo "note: rustc is not $RUST" >&2

# zig's linker drops the names together with the debug information, so take the latter away here and keep the former.
drop_debug() {
    python3 - "$1" <<'PYTHON'
import sys

def number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at

with open(sys.argv[1], "rb") as file:
    data = file.read()
kept, at, names = [data[:8]], 8, []
while at < len(data):
    start, section = at, data[at]
    size, at = number(data, at + 1)
    if section == 0:
        length, name = number(data, at)
        names.append(data[name:name + length].decode())
    if section != 0 or not names[-1].startswith(".debug_"):
        kept.append(data[start:at + size])
    at += size
assert "name" in names, f"{sys.argv[1]} has no name section"
with open(sys.argv[1], "wb") as file:
    file.write(b"".join(kept))
PYTHON
}

# What all C and C++ programs are compiled with, and what single programs need beyond it.
FLAGS=(-target wasm32-wasi -O2 -ffp-contract=off -Wall -Wextra -Werror -z stack-size=1048576)
declare -A MORE=(
    [filter]=-msimd128   # its vectors are the point of it
    [machine]=-mtail-call # likewise its tail calls
)

# Without a C library, for there is none with addresses of 64 bits: one source, in both widths.
FREE=(-O2 -ffp-contract=off -Wall -Wextra -Werror -mbulk-memory -nostdlib -Wl,--no-entry -Wl,--export=_start -Wl,--export-memory
    -Wl,-z,stack-size=65536)
declare -A WIDTH=([narrow]=32 [wide]=64)
# C++ exceptions, of WebAssembly 3.0 (false) or of the form before it (true). Zig builds its libraries without exceptions, so the parts
# of LLVM's libc++abi and libunwind that throw and catch are built here from the sources that come with it.
exceptions() {
    local legacy=$1 name=$2 lib work source
    lib=$(python3 -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')/lib
    work=$(mktemp -d)
    local form=(-target wasm32-wasi -O2 -fwasm-exceptions -mexception-handling -mmultivalue -mreference-types
        -mllvm -wasm-enable-eh -mllvm "-wasm-use-legacy-eh=$legacy")
    local inside=(-D_LIBCXXABI_BUILDING_LIBRARY -D_LIBCPP_BUILDING_LIBRARY -DLIBCXX_BUILDING_LIBCXXABI
        -D_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS -D_LIBCXXABI_HAS_NO_THREADS -D_LIBUNWIND_HAS_NO_THREADS
        -D_LIBUNWIND_HIDE_SYMBOLS -D_LIBUNWIND_IS_NATIVE_ONLY
        -I"$lib/libunwind/src" -I"$lib/libunwind/include" -I"$lib/libcxxabi/src" -I"$lib/libcxxabi/include" -I"$lib/libcxx/src")
    for source in cxa_exception cxa_personality; do
        python3 -m ziglang c++ -std=c++23 "${form[@]}" "${inside[@]}" -c "$lib/libcxxabi/src/$source.cpp" -o "$work/$source.o"
    done
    python3 -m ziglang cc -std=c23 "${form[@]}" "${inside[@]}" -c "$lib/libunwind/src/Unwind-wasm.c" -o "$work/unwind.o"
    printf '\t.globl __cpp_exception\n\t.tagtype __cpp_exception i32\n__cpp_exception:\n' >"$work/tag.s"
    python3 -m ziglang cc "${form[@]:0:3}" -mexception-handling -c "$work/tag.s" -o "$work/tag.o"
    python3 -m ziglang c++ -std=c++20 "${FLAGS[@]}" "${form[@]}" -o "$name.wasm" throws/*.cc "$work"/*.o
    rm -r "$work"
}

# Guests that keep their debug information: DWARF 5 of Rust, DWARF 4 of C++.
lines() {
    cd lines
    rustc --target wasm32-wasip1 --edition 2024 --crate-type cdylib -C opt-level=1 -C debuginfo=2 -C panic=abort -C dwarf-version=5 \
        --remap-path-prefix="$PWD=." -D warnings -o ../lines.wasm guest.rs
    python3 -m ziglang c++ -std=c++20 -target wasm32-freestanding -O1 -g -nostdlib -fno-exceptions -fno-rtti "-ffile-prefix-map=$PWD=." \
        -Wl,--no-entry -Wl,--export=run -o ../lines_cpp.wasm guest.cc
    cd ..
}

# Rust programs for another target.
declare -A TARGET=([threads]=wasip1-threads)
build() {
    local name=$1 more=()
    if [ -n "${MORE[$name]:-}" ]; then more=("${MORE[$name]}"); fi
    if [[ $name = lines* ]]; then
        lines
    elif [ -n "${WIDTH[$name]:-}" ]; then
        python3 -m ziglang cc -std=c11 -target "wasm${WIDTH[$name]}-freestanding" "${FREE[@]}" -o "$name.wasm" wide/main.c
    elif [ "$name" = throws ]; then
        exceptions false throws
    elif [ "$name" = throws_legacy ]; then
        exceptions true throws_legacy
    elif [ -e "$name/main.c" ]; then
        python3 -m ziglang cc -std=c11 "${FLAGS[@]}" "${more[@]}" -o "$name.wasm" "$name"/*.c
    elif [ -e "$name/main.cc" ]; then
        python3 -m ziglang c++ -std=c++20 -fno-exceptions -fno-rtti "${FLAGS[@]}" "${more[@]}" -o "$name.wasm" "$name"/*.cc
    else
        rustc --target "wasm32-${TARGET[$name]:-wasip1}" --edition 2024 -C opt-level=3 -C codegen-units=1 -C strip=debuginfo -D warnings \
            -o "$name.wasm" "$name/main.rs"
    fi
    [[ $name = lines* ]] || drop_debug "$name.wasm"
    chmod 644 "$name.wasm"
    printf '%8d %s  %s\n' "$(stat -c %s "$name.wasm")" "$(sha256sum "$name.wasm" | cut -d' ' -f1)" "$name.wasm"
}

if [ $# -eq 0 ]; then
    set -- actors crunch files filter interpret json life lines lines_cpp lz machine narrow orbit posix sha shapes threads throws throws_legacy trap wc wide
fi
for name in "$@"; do build "$name"; done
