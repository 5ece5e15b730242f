#!/usr/bin/env bash
# Rebuilds the kernels, or those named: benches/kernel/build.sh [NAME ...]. Each as WebAssembly at -O2 and -Os under `wasm/`, and natively, for
# this machine's architecture without its newer vectors, under `native/`, which is not kept. Writes the sums of what is kept to SHA256SUMS.
set -euo pipefail
cd "$(dirname "$0")"

ZIG=0.17.1   # its clang compiles C and C++, with its own libraries
RUST=1.95.0  # other versions work, but give other bytes

python3 -m ziglang version >/dev/null 2>&1 || python3 -m pip install --quiet "ziglang==$ZIG"
rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1
[ "$(python3 -m ziglang version)" = "$ZIG" ] || echo "note: zig is not $ZIG" >&2
[ "$(rustc --version | cut -d' ' -f2)" = "$RUST" ] || echo "note: rustc is not $RUST" >&2

# Both sides are given the same: no contraction of float operations, which would give other bits, and no exceptions.
FLAGS=(-ffp-contract=off -fno-exceptions -Wall -Wextra -Werror)
case $(uname -m) in
    x86_64) CPU=x86_64_v2 RUST_CPU=x86-64-v2 ;; # vectors of sixteen bytes, as WebAssembly has them
    *) CPU=baseline RUST_CPU=generic ;;
esac

build() {
    local name=$1 source=$2 level=$3 compiler=cc
    case $source in
        *.rs)
            local optimize=2
            [ "$level" = O2 ] || optimize=s
            rustc --edition 2024 -C opt-level=$optimize -C panic=abort -C strip=debuginfo --target wasm32-wasip1 -o "wasm/$name.$level.wasm" "$source"
            rustc --edition 2024 -C opt-level=$optimize -C panic=abort -C target-cpu=$RUST_CPU -o "native/$name.$level" "$source"
            return
            ;;
        *.cpp) compiler=c++ ;;
    esac
    local more=()
    [ $compiler = cc ] || more=(-std=c++20)
    case $name in
        simd_*) more+=(-msimd128) ;;
        interpreter_tail) more+=(-mtail-call) ;;
    esac
    python3 -m ziglang $compiler -target wasm32-wasi "-$level" "${FLAGS[@]}" "${more[@]}" -s -o "wasm/$name.$level.wasm" "$source"
    [ $compiler = cc ] && more=() || more=(-std=c++20)
    python3 -m ziglang $compiler "-mcpu=$CPU" "-$level" "${FLAGS[@]}" "${more[@]}" -s -o "native/$name.$level" "$source"
}

mkdir -p wasm native
for source in *_*.c *_*.cpp *_*.rs; do
    name=${source%.*}
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    for level in O2 Os; do
        build "$name" "$source" "$level"
    done
    printf '%-22s %s\n' "$name" "$(stat -c %s "wasm/$name.O2.wasm" "wasm/$name.Os.wasm" | tr '\n' ' ')"
done
sha256sum harness.* *_*.c *_*.cpp *_*.rs wasm/*.wasm > SHA256SUMS
