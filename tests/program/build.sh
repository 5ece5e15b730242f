#!/usr/bin/env bash
# Rebuilds every guest program, or those named: tests/program/build.sh [NAME ...]. Prints sizes and sha256 sums.
set -euo pipefail
cd "$(dirname "$0")"

ZIG=0.17.1   # its clang compiles the C programs, with its wasi-libc
RUST=1.95.0  # other versions work, but give other bytes

python3 -m ziglang version >/dev/null 2>&1 || python3 -m pip install --quiet "ziglang==$ZIG"
rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1
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

build() {
    local name=$1 more=()
    if [ -n "${MORE[$name]:-}" ]; then more=("${MORE[$name]}"); fi
    if [ -n "${WIDTH[$name]:-}" ]; then
        python3 -m ziglang cc -std=c11 -target "wasm${WIDTH[$name]}-freestanding" "${FREE[@]}" -o "$name.wasm" wide/main.c
    elif [ -e "$name/main.c" ]; then
        python3 -m ziglang cc -std=c11 "${FLAGS[@]}" "${more[@]}" -o "$name.wasm" "$name"/*.c
    elif [ -e "$name/main.cc" ]; then
        python3 -m ziglang c++ -std=c++20 -fno-exceptions -fno-rtti "${FLAGS[@]}" "${more[@]}" -o "$name.wasm" "$name"/*.cc
    else
        rustc --target wasm32-wasip1 --edition 2024 -C opt-level=3 -C codegen-units=1 -C strip=debuginfo -D warnings \
            -o "$name.wasm" "$name/main.rs"
    fi
    drop_debug "$name.wasm"
    chmod 644 "$name.wasm"
    printf '%8d %s  %s\n' "$(stat -c %s "$name.wasm")" "$(sha256sum "$name.wasm" | cut -d' ' -f1)" "$name.wasm"
}

if [ $# -eq 0 ]; then
    set -- actors crunch files filter interpret json life lz machine narrow orbit posix sha shapes trap wc wide
fi
for name in "$@"; do build "$name"; done
