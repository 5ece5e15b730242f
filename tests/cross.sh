#!/usr/bin/env bash
# Tests Tancho on aarch64 and riscv64: built here for these machines, and only run by an emulator, qemu-user.
#
#   tests/cross.sh                 # a part that takes a few minutes: what .ci/run calls
#   tests/cross.sh all [ARCH…]     # all of the specification's suites, programs, traps, addresses
#
# TANCHO_NATIVE is a Tancho of this machine with every back end, instead of one that is built. Installs what is missing where it may (rustup's targets, Debian's cross compilers and qemu-user-static). Where it cannot, it says so on a
# line of its own and is content. Images are compiled here, by a Tancho of this machine, and run there; that one compiled there has the
# same bytes is tested too.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-part}
shift || true
architectures=("$@")
[ $# -gt 0 ] || architectures=(aarch64 riscv64)
# The Tancho of this machine that compiles images. The one that is built with all tests has every back end.
native=${TANCHO_NATIVE:-}
if [ -z "$native" ]; then
    cargo test --workspace --no-run --quiet
    native=$PWD/target/debug/tancho
fi
# Apart from the builds for this machine: they are optimised otherwise, and may go on at the same time.
export CARGO_TARGET_DIR=$PWD/target/cross
# The compiler's own speed matters less than how long it takes to build.
optimise=(--config 'profile.dev.package."*".opt-level=1')

triple() {
    case $1 in
    aarch64) echo aarch64-unknown-linux-gnu ;;
    riscv64) echo riscv64gc-unknown-linux-gnu ;;
    *) echo "$1 is neither aarch64 nor riscv64" >&2 && return 1 ;;
    esac
}

# The command that runs a program of the machine.
emulator() {
    case $1 in
    aarch64) echo "$(command -v qemu-aarch64-static) -L /usr/aarch64-linux-gnu" ;;
    riscv64) echo "$(command -v qemu-riscv64-static) -cpu rv64,v=true,vlen=128,vext_spec=v1.0 -L /usr/riscv64-linux-gnu" ;;
    esac
}

# What code for the machine may use, beyond the least.
features() {
    case $1 in
    riscv64) echo "--cpu-features has_v" ;;
    esac
}

# Installs what is missing; fails where it cannot.
prepare() {
    local arch=$1 debian=$1 package
    [ "$arch" = aarch64 ] && debian=arm64
    rustup target list --installed 2>/dev/null | grep -qx "$(triple "$arch")" ||
        rustup target add "$(triple "$arch")" >/dev/null 2>&1 || return 1
    for package in "gcc-$arch-linux-gnu" "libc6-dev-$debian-cross" qemu-user-static; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        command -v apt-get >/dev/null || return 1
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes "${missing[@]}"; } >/dev/null 2>&1 || return 1
    fi
    missing=()
    command -v "$arch-linux-gnu-gcc" "qemu-$arch-static" >/dev/null
}

# cargo test, for a machine, with all packages that have such tests each time, so that what they need is built once.
check() {
    local arch=$1
    shift
    cargo test "${optimise[@]}" --quiet --target "$(triple "$arch")" \
        --package tancho-tests --package tancho-cli --package tancho-runtime --package tancho "$@"
}

# Images of guest programs compiled here and there have the same bytes.
same_bytes() {
    local arch=$1 program folder here there
    folder=$(mktemp -d)
    there=$CARGO_TARGET_DIR/$(triple "$arch")/debug/tancho
    export TANCHO_KEY_FILE=$folder/key
    shift
    for program in "$@"; do
        here=(compile --target "$(triple "$arch")" $(features "$arch") "tests/program/$program.wasm")
        "$native" "${here[@]}" -o "$folder/here"
        $(emulator "$arch") "$there" "${here[@]}" -o "$folder/there"
        cmp "$folder/here" "$folder/there" || { echo "$program has other bytes when compiled on $arch" >&2 && return 1; }
    done
    echo "$arch: images of $# programs are the same, compiled here and there"
    unset TANCHO_KEY_FILE
    rm -r "$folder"
}

machine() {
    local arch=$1 upper start=$SECONDS
    upper=$(triple "$arch" | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${upper}_LINKER=$arch-linux-gnu-gcc" "CARGO_TARGET_${upper}_RUNNER=$(emulator "$arch")"
    # Tests that start programs start them so.
    TANCHO_RUNNER=$(emulator "$arch")
    # Guest programs are compiled here: there it takes long.
    TANCHO_COMPILER="$native compile --target $(triple "$arch") $(features "$arch")"
    export TANCHO_RUNNER TANCHO_COMPILER
    if [ "$mode" = all ]; then
        check "$arch" --no-fail-fast --test spec --test trap --test main_thread --test signals --test address --test bounds --test atomic \
            --test thread --test tail_call --test multi_memory --test image --test function_types --test exception_ops --test limits \
            --test program --test cli --test call --test data --test error --test exception --test foreign --test function_reference \
            --test link --test module --test vector --test instantiate --test load --test process
        same_bytes "$arch" $(cd tests/program && basename -s .wasm -- *.wasm)
    else
        # All that is run below is built at once.
        check "$arch" --no-run --test spec --test trap --test main_thread --test atomic --test thread --test program --test process
        TANCHO_SUITES='tail-call exceptions multi-memory threads relaxed-simd memory64' \
            check "$arch" --test spec -- own_scripts just_in_time
        TANCHO_CASES=40 check "$arch" --test trap --test main_thread --test atomic --test thread
        check "$arch" --test program --test process
        same_bytes "$arch" crunch narrow wide
    fi
    printf 'cross: %s: %d s\n' "$arch" $((SECONDS - start))
}

missing=()
for arch in "${architectures[@]}"; do
    if ! prepare "$arch"; then
        echo "cross: the targets or tools for $arch cannot be installed here: nothing tested on $arch"
        continue
    fi
    machine "$arch"
done
