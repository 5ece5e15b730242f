#!/usr/bin/env bash
# Runs the pure parts under Miri, which finds undefined behaviour that no other test can see: the contract's types and images, roots and scopes, the
# registry of types, tables, interruption requests, errors. Needs the component: rustup component add miri rust-src --toolchain nightly
#
#   tests/miri.sh [NAME…]      the names of tests to run, of all of them by default
set -euo pipefail
cd "$(dirname "$0")/.."

# Times are asked for. Flags of stores stand at addresses that other threads are told as numbers, as compiled code is.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri

miri() { cargo +nightly miri test "$@"; }

miri --package tancho-abi --lib -- "$@"
# What maps memory or asks the system is left out: Miri has neither.
miri --package tancho-runtime --lib -- gc::root types:: interrupt:: table:: "$@"
# Neither has it ways of opening files that keys are read by.
miri --package tancho --no-default-features --lib -- --skip key:: --skip cache::folder "$@"
miri --package tancho --no-default-features --test error -- "$@"
