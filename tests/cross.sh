#!/usr/bin/env bash
# Tests Tancho on aarch64 and riscv64: built here for these machines, and only run by an emulator, qemu-user.
#
#   tests/cross.sh                 # a part that ends within ten minutes: what .ci/run calls
#   tests/cross.sh all [ARCH…]     # all of the specification's suites, programs, traps, addresses
#
# Installs what is missing where it may (rustup's targets, Debian's cross compilers and qemu-user-static). Where it cannot, it says so on a
# line of its own and is content. The part has TANCHO_CROSS_SECONDS (570): what it has not come to by then is named on a line of its own.
# Images are compiled here, by a Tancho of this machine, and run there; that one compiled there has the same bytes is tested too.
# TANCHO_NATIVE is a Tancho of this machine with every back end, instead of one that is built.
set -euo pipefail
cd "$(dirname "$0")/.."

begin=$SECONDS
mode=${1:-part}
shift || true
case $mode in
part | all) ;;
*) echo "usage: tests/cross.sh [part|all [aarch64|riscv64]...]" >&2 && exit 2 ;;
esac
architectures=("$@")
[ $# -gt 0 ] || architectures=(aarch64 riscv64)
seconds=${TANCHO_CROSS_SECONDS:-570}
[ "$mode" != all ] || seconds=86400
# The Tancho of this machine that compiles images. The one that is built with all tests has every back end.
native=${TANCHO_NATIVE:-}
if [ -z "$native" ]; then
    cargo test --workspace --no-run --quiet
    native=$PWD/target/debug/tancho
fi
# Apart from the builds for this machine: they are optimised otherwise, and may go on at the same time. The compiler's own speed matters
# less than how long it takes to build, and nobody looks for lines.
export CARGO_TARGET_DIR=$PWD/target/cross CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=0
optimise=(--config 'profile.dev.package."*".opt-level=1')
# Without the other engine, disassemblers and other back ends: they take as long to build as the rest.
packages=(--no-default-features --features tancho/compile,tancho/wat
    --package tancho-tests --package tancho-cli --package tancho-runtime --package tancho)

triple() {
    case $1 in
    aarch64) echo aarch64-unknown-linux-gnu ;;
    riscv64) echo riscv64gc-unknown-linux-gnu ;;
    *) echo "$1 is neither aarch64 nor riscv64" >&2 && return 1 ;;
    esac
}

# The command that runs a program of the machine. `riscv64 scalar` is one without vectors.
emulator() {
    case $* in
    aarch64) echo "$(command -v qemu-aarch64-static) -L /usr/aarch64-linux-gnu" ;;
    riscv64) echo "$(command -v qemu-riscv64-static) -cpu rv64,v=true,vlen=128,vext_spec=v1.0 -L /usr/riscv64-linux-gnu" ;;
    'riscv64 scalar') echo "$(command -v qemu-riscv64-static) -cpu rv64,v=false -L /usr/riscv64-linux-gnu" ;;
    esac
}

# What code for the machine may use, beyond the least.
features() {
    case $* in
    riscv64) echo "--cpu-features has_v" ;;
    esac
}

# Installs what is missing; fails where it cannot.
prepare() {
    local arch=$1 debian=$1 package missing=()
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
    command -v "$arch-linux-gnu-gcc" "qemu-$arch-static" >/dev/null
}

# Does a step, unless there is no time left for it, or it takes more than that: which is said, and is no failure.
late=()
step() {
    local name=$1 start=$SECONDS left=$((seconds - (SECONDS - begin))) status=0
    shift
    if [ "$left" -gt 0 ]; then
        timeout --kill-after=10 "$left" "$@" || status=$?
        printf 'cross: %s: %d s\n' "$name" $((SECONDS - start))
    fi
    if [ "$left" -le 0 ] || [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        late+=("$name")
        return 0
    fi
    return "$status"
}

# cargo test, for a machine, with all packages that have such tests each time, so that what they need is built once.
check() {
    local arch=$1 name=$2
    shift 2
    step "$arch: $name" cargo test "${optimise[@]}" --quiet --target "$(triple "$arch")" "${packages[@]}" "$@"
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
        step "$arch: $program compiled there" $(emulator "$arch") "$there" "${here[@]}" -o "$folder/there"
        [ -e "$folder/there" ] || break
        cmp "$folder/here" "$folder/there" || { echo "$program has other bytes when compiled on $arch" >&2 && return 1; }
        rm "$folder/there"
    done
    unset TANCHO_KEY_FILE
    rm -r "$folder"
}

# Runs an image of the program `json` whose code may use a CPU feature, on a machine of this kind: the rest is the command before Tancho's own arguments.
image_with() {
    local arch=$1 feature=$2
    shift 2
    "$native" compile --target "$(triple "$arch")" --cpu-features "$feature" tests/program/json.wasm -o "$TANCHO_KEY_FILE.cwasm"
    "$@" "$CARGO_TARGET_DIR/$(triple "$arch")/debug/tancho" run "$TANCHO_KEY_FILE.cwasm" --sort --compact <<<'{"b":1,"a":2}' 2>&1
}

# What an image needs and a machine lacks is named; where the machine has it, it runs.
cpu_features() {
    local arch=$1 feature cpu qemu status
    qemu=$(command -v "qemu-$arch-static")
    while read -r feature cpu; do
        [ "${cpu%:*}" = "$arch" ] || continue
        image_with "$arch" "$feature" "$qemu" -L "/usr/$arch-linux-gnu" -cpu "${cpu#*:}" >"$TANCHO_KEY_FILE.out" && status=0 || status=$?
        [ "$status" -ne 0 ] && grep -q "$feature" "$TANCHO_KEY_FILE.out" && ! grep -q 'signal\|panicked' "$TANCHO_KEY_FILE.out" ||
            { echo "an image that needs $feature, on $cpu:" >&2 && cat "$TANCHO_KEY_FILE.out" >&2 && return 1; }
    done <<'MACHINES'
has_lse aarch64:cortex-a53
has_dotprod aarch64:cortex-a72
has_fp16 aarch64:cortex-a72
has_v riscv64:rv64,v=false
has_zba riscv64:rv64,zba=false
has_zbb riscv64:rv64,zbb=false
MACHINES
    case $arch in
    aarch64) feature=has_lse,has_fp16,has_dotprod cpu=max ;;
    riscv64) feature=has_v cpu=rv64,v=true,vlen=128,vext_spec=v1.0 ;;
    esac
    image_with "$arch" "$feature" "$qemu" -L "/usr/$arch-linux-gnu" -cpu "$cpu" >"$TANCHO_KEY_FILE.out" ||
        { echo "an image that needs $feature, on $cpu:" >&2 && cat "$TANCHO_KEY_FILE.out" >&2 && return 1; }
    echo "$arch: images that need what a CPU lacks are refused by name"
}

# A kernel of aarch64 may have pages of 64 KiB: the same program, just in time and as an image, where pages seem to be so large.
large_pages() {
    local shim=$TANCHO_KEY_FILE.so
    aarch64-linux-gnu-gcc -shared -fPIC -O1 -Wall -Wextra -Werror -o "$shim" tests/cross/page64k.c
    image_with aarch64 has_lse $(emulator aarch64) -cpu max -E LD_PRELOAD="$shim" >"$TANCHO_KEY_FILE.out" &&
        grep -qF '{"a":2,"b":1}' "$TANCHO_KEY_FILE.out" ||
        { echo 'with pages of 64 KiB:' >&2 && cat "$TANCHO_KEY_FILE.out" >&2 && return 1; }
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$(emulator aarch64) -E LD_PRELOAD=$shim" TANCHO_CASES=10 \
        check aarch64 'pages of 64 KiB' --test trap
}

# Both, with files of their own.
machines() {
    local arch=$1 folder
    folder=$(mktemp -d)
    export TANCHO_KEY_FILE=$folder/key
    cpu_features "$arch"
    [ "$arch" != aarch64 ] || large_pages
    unset TANCHO_KEY_FILE
    rm -r "$folder"
}

# Says how tests start programs of the machine, and what compiles guest programs for it: here, for there it takes long.
on() {
    local upper
    upper=$(triple "$1" | tr 'a-z-' 'A-Z_')
    TANCHO_RUNNER=$(emulator "$@")
    TANCHO_COMPILER="$native compile --target $(triple "$1") $(features "$@")"
    export TANCHO_RUNNER TANCHO_COMPILER "CARGO_TARGET_${upper}_LINKER=$1-linux-gnu-gcc" "CARGO_TARGET_${upper}_RUNNER=$TANCHO_RUNNER"
}

part() {
    local arch=$1
    # All that is run below is built at once.
    check "$arch" build --no-run --test spec --test trap --test main_thread --test atomic --test thread --test address --test program --test process
    TANCHO_PROGRAMS='crunch machine throws posix' check "$arch" programs --test program
    TANCHO_CASES=40 check "$arch" 'traps, atomics, threads' --test trap --test main_thread --test atomic --test thread
    TANCHO_SUITES='tail-call exceptions threads relaxed-simd memory64' check "$arch" 'suites' --test spec -- own_scripts just_in_time
    TANCHO_PART=10 check "$arch" 'a tenth of each suite' --test spec -- just_in_time
    for setting in 0 5 10; do
        TANCHO_SETTING=$setting TANCHO_CASES=210 check "$arch" addresses --test address -- random_expressions
    done
    check "$arch" processes --test process
    same_bytes "$arch" narrow
    machines "$arch"
    if [ "$arch" = riscv64 ]; then
        on riscv64 scalar
        TANCHO_SCALAR=1 TANCHO_PART=10 check "$arch" 'without vectors' --test spec -- own_scripts just_in_time
    fi
}

all() {
    local arch=$1
    local setting
    check "$arch" tests --no-fail-fast --test spec --test trap --test main_thread --test signals --test bounds --test atomic \
        --test thread --test interrupt --test tail_call --test multi_memory --test image --test function_types --test exception_ops \
        --test gc_ops --test program --test call --test data --test error --test exception --test foreign \
        --test function_reference --test link --test module --test vector --test instantiate --test load --test process
    # The emulator keeps a record of each page that was ever mapped.
    for setting in {0..11}; do
        TANCHO_SETTING=$setting check "$arch" "addresses $setting of 12" --test address -- every_shape_of_address
    done
    for setting in {0..23}; do
        TANCHO_SETTING=$setting TANCHO_CASES=210 check "$arch" "expressions $setting of 24" --test address -- random_expressions
    done
    for setting in {0..83}; do
        TANCHO_SETTING=$setting TANCHO_CASES=160 check "$arch" "wide memories $setting of 84" --test address -- wide_memories
    done
    # And compiled there.
    (unset TANCHO_COMPILER && check "$arch" 'programs compiled there' --test program)
    same_bytes "$arch" $(cd tests/program && basename -s .wasm -- *.wasm)
    machines "$arch"
    if [ "$arch" = riscv64 ]; then
        on riscv64 scalar
        TANCHO_SCALAR=1 check "$arch" 'suites without vectors' --test spec -- own_scripts just_in_time precompiled
        check "$arch" 'without vectors' --no-fail-fast --test trap --test main_thread --test atomic --test thread --test bounds
    fi
}

for arch in "${architectures[@]}"; do
    if ! prepare "$arch"; then
        echo "cross: the targets or tools for $arch cannot be installed here: nothing tested on $arch"
        continue
    fi
    start=$SECONDS
    on "$arch"
    "$mode" "$arch"
    printf 'cross: %s: %d s\n' "$arch" $((SECONDS - start))
done
for name in "${late[@]}"; do
    echo "cross: no time was left for this, which is not tested: $name"
done
