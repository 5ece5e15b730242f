#!/usr/bin/env bash
# Builds a program that embeds Tancho without its compiler (engine/examples/small.rs), has it load a module that the command has compiled, and
# compares its size with what docs/embedding/precompiled.md says: it may be smaller, and larger by a twentieth.
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/small
mkdir -p "$work"
export TANCHO_KEY_FILE=$PWD/$work/key

# TANCHO_NATIVE is a command that has been built already, instead of one that is built here.
tancho=${TANCHO_NATIVE:-}
if [ -z "$tancho" ]; then
    cargo build --quiet --package tancho-cli
    tancho=target/debug/tancho
fi
cargo build --quiet --release --package tancho --no-default-features --example small
cp target/release/examples/small "$work/program"
strip "$work/program"

echo '(module (func (export "answer") (result i32) (i32.const 42)))' >"$work/answer.wat"
"$tancho" compile "$work/answer.wat" -o "$work/answer.cwasm"
answer=$("$work/program" "$work/answer.cwasm")
[ "$answer" = 42 ] || { echo "it answers $answer" >&2; exit 1; }

size=$(stat -c %s "$work/program")
stated=$(sed -n 's/.*\*\*\([0-9]*\) KiB\*\*.*/\1/p' docs/embedding/precompiled.md)
echo "without a compiler: $((size / 1024)) KiB, stripped; $stated are stated"
[ $((size * 20)) -le $((stated * 1024 * 21)) ] || { echo "it has become larger: mend it, or state so" >&2; exit 1; }
