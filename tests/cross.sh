#!/usr/bin/env bash
# Tests Tancho on aarch64 and riscv64: built here for these machines, and only run by an emulator, qemu-user.
#
#   tests/cross.sh                 # a part that ends within ten minutes: meant for .ci/run
#   tests/cross.sh all [ARCH…]     # all of the specification's suites, programs, traps, addresses; hours
#
# Installs what is missing where it may (rustup's targets, Debian's cross compilers and qemu-user-static). Where it cannot, or there is no
# room on the disk, it says so on a line of its own and is content. The part has TANCHO_CROSS_SECONDS (570): what it has not come to by then
# is named on a line of its own. TANCHO_CROSS_MEMORY (6144) is how many MiB an emulator may take, which keeps a record of each page of
# address space that was ever mapped; one that takes more is ended. Images are compiled here, by a Tancho of this machine, and run there;
# that one compiled there has the same bytes is tested too. TANCHO_NATIVE is a Tancho of this machine with every back end, instead of one
# that is built. TANCHO_CROSS_TARGET is where it builds, instead of target/cross.
# TANCHO_CROSS_PHASES (`1 2 3 4`) are those of its four phases that are to be run.
set -euo pipefail
cd "$(dirname "$0")/.."

begin=$SECONDS
mode=${1:-part}
shift || true
case $mode in
part | all) ;;
*) echo "usage: tests/cross.sh [part|all [aarch64|riscv64]...]" >&2 && exit 2 ;;
esac
wanted=("$@")
[ $# -gt 0 ] || wanted=(aarch64 riscv64)
seconds=${TANCHO_CROSS_SECONDS:-570}
[ "$mode" != all ] || seconds=864000
# The Tancho of this machine that compiles images. The one that is built with all tests has every back end.
native=${TANCHO_NATIVE:-}
if [ -z "$native" ]; then
    cargo test --workspace --no-run --quiet
    native=$PWD/target/debug/tancho
fi
# Apart from the builds for this machine: they are optimised otherwise, and may go on at the same time. The compiler's own speed matters
# less than how long it takes to build, and nobody looks for lines.
export CARGO_TARGET_DIR=${TANCHO_CROSS_TARGET:-$PWD/target/cross}
export CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=0
optimise=(--config 'profile.dev.package."*".opt-level=1')
# Without the other engine, disassemblers and other back ends: they take as long to build as the rest. Fuel needs what makes modules. How many
# MiB of disk it takes at most.
parts=tancho/compile,tancho/wat
tests=(spec trap main_thread atomic thread address program process)
least=3000
if [ "$mode" = all ]; then
    parts+=,tancho-tests/modules
    tests+=(asynchronous interrupt signals bounds last_byte tail_call multi_memory image function_types exception_ops gc_ops gc_programs fuel
        instantiate load call data error exception function_reference link module vector)
    least=6000
fi
packages=(--no-default-features --features "$parts" --package tancho-tests --package tancho-cli --package tancho-runtime --package tancho)
# A thread of the emulator's stands still while another translates code, and the machine may have little time for it.
export TANCHO_INTERRUPT_MS=2000

# Files of this run: keys, images, what was printed.
scratch=$(mktemp -d)
watcher=
trap 'rm -rf "$scratch"; kill "$watcher" 2>/dev/null || true' EXIT

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
        timeout 120 rustup target add "$(triple "$arch")" >/dev/null 2>&1 || return 1
    for package in "gcc-$arch-linux-gnu" "libc6-dev-$debian-cross" qemu-user-static; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        command -v apt-get >/dev/null || return 1
        { timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install --yes "${missing[@]}"; } >/dev/null 2>&1 || return 1
    fi
    command -v "$arch-linux-gnu-gcc" "qemu-$arch-static" >/dev/null || return 1
    cargo fetch --quiet --locked --target "$(triple "$arch")" 2>/dev/null
}

# MiB that are free where it builds.
room() {
    mkdir -p "$CARGO_TARGET_DIR"
    df --output=avail --block-size=1M "$CARGO_TARGET_DIR" | tail -1
}

# Ends emulators that this script has started and that take too much memory, and writes which.
watch() {
    local most=$((${TANCHO_CROSS_MEMORY:-6144} * 1024)) pid
    while sleep 1; do
        for pid in $(ps -eo pid=,ppid=,rss=,comm= | awk -v root=$$ -v most="$most" '
            { parent[$1] = $2; if ($4 ~ /^qemu-/ && $3 > most) large[$1] }
            END { for (pid in large) { up = pid; while (up in parent && up != root) up = parent[up]; if (up == root) print pid } }'); do
            kill -9 "$pid" && echo "$pid" >>"$scratch/crowded"
        done
    done
}

# Does a step. That there is no time for it, no disk or no memory is said, and in the part it is no failure. In either mode others follow.
late=()
failed=()
step() {
    local name=$1 start=$SECONDS left=$((seconds - (SECONDS - begin))) status=0
    shift
    if [ "$left" -le 0 ]; then
        late+=("no time was left for this, which is not tested: $name")
        return 1
    fi
    rm -f "$scratch/crowded"
    timeout --kill-after=10 "$left" "$@" || status=$?
    printf 'cross: %s: %d s\n' "$name" $((SECONDS - start))
    [ "$status" -ne 0 ] || return 0
    if [ "$status" -eq 124 ] || [ $((SECONDS - start)) -ge "$left" ]; then
        late+=("no time was left for this, which is not tested to its end: $name")
    elif [ "$mode" = part ] && [ "$status" -eq 137 ]; then
        late+=("somebody has ended this, which is not tested to its end: $name")
    elif [ "$mode" = part ] && [ -e "$scratch/crowded" ]; then
        late+=("no memory was left for this, which is not tested to its end: $name")
    elif [ "$mode" = part ] && [ "$(room)" -lt 200 ]; then
        late+=("no room was left on the disk for this, which is not tested: $name")
    else
        failed+=("$name")
    fi
    return 1
}

# cargo test, for a machine, with all packages that have such tests each time, so that what they need is built once.
check() {
    local arch=$1 name=$2
    shift 2
    step "$arch: $name" cargo test --offline "${optimise[@]}" --quiet --target "$(triple "$arch")" "${packages[@]}" "$@" || return 0
}

# Images of guest programs compiled here and there have the same bytes.
same_bytes() {
    local arch=$1 program here
    export TANCHO_KEY_FILE=$scratch/key
    shift
    for program in "$@"; do
        here=(compile --target "$(triple "$arch")" $(features "$arch") "tests/program/$program.wasm")
        "$native" "${here[@]}" -o "$scratch/here"
        step "$arch: $program compiled there" $(emulator "$arch") "$(there "$arch")" "${here[@]}" -o "$scratch/there" || continue
        cmp "$scratch/here" "$scratch/there" || { failed+=("$program has other bytes when compiled on $arch") && continue; }
        echo "$arch: $program has the same bytes wherever it is compiled"
    done
    unset TANCHO_KEY_FILE
}

# The Tancho that is built for a machine.
there() {
    echo "$CARGO_TARGET_DIR/$(triple "$1")/debug/tancho"
}

# Runs an image of the program `json` whose code may use a CPU feature, on a machine of this kind: the rest is the command before Tancho's own arguments.
image_with() {
    local arch=$1 feature=$2
    shift 2
    "$native" compile --target "$(triple "$arch")" --cpu-features "$feature" tests/program/json.wasm -o "$TANCHO_KEY_FILE.cwasm"
    "$@" "$(there "$arch")" run "$TANCHO_KEY_FILE.cwasm" --sort --compact <<<'{"b":1,"a":2}' 2>&1
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

# Both.
machines() {
    local arch=$1
    [ $((seconds - (SECONDS - begin))) -gt 20 ] || { late+=("no time was left for this, which is not tested: $arch: machines") && return 0; }
    export TANCHO_KEY_FILE=$scratch/key
    cpu_features "$arch" || failed+=("$arch: what a CPU lacks")
    [ "$arch" != aarch64 ] || large_pages || failed+=("$arch: pages of 64 KiB")
    unset TANCHO_KEY_FILE
}

# Says how tests start programs of the machine, and what compiles guest programs for it: here, for there it takes long.
on() {
    local upper
    upper=$(triple "$1" | tr 'a-z-' 'A-Z_')
    TANCHO_RUNNER=$(emulator "$@")
    TANCHO_COMPILER="$native compile --target $(triple "$1") $(features "$@")"
    export TANCHO_RUNNER TANCHO_COMPILER "CARGO_TARGET_${upper}_LINKER=$1-linux-gnu-gcc" "CARGO_TARGET_${upper}_RUNNER=$TANCHO_RUNNER"
}

# What can go wrong most easily comes first, on both machines; the later, the more of the same.
part() {
    local arch=$1 setting
    case $2 in
    1)
        TANCHO_CASES=40 check "$arch" 'traps, threads' --test trap --test main_thread --test thread
        # By itself, and few: the emulator of aarch64 keeps some 200 MiB for each.
        TANCHO_CASES=12 check "$arch" atomics --test atomic
        same_bytes "$arch" narrow
        TANCHO_PROGRAMS='machine throws posix' check "$arch" programs --test program
        ;;
    2)
        TANCHO_SUITES='tail-call exceptions threads relaxed-simd memory64' check "$arch" suites --test spec -- own_scripts just_in_time
        check "$arch" processes --test process
        machines "$arch"
        ;;
    3)
        for setting in 0 5 10; do
            TANCHO_SETTING=$setting TANCHO_CASES=210 check "$arch" addresses --test address -- random_expressions
        done
        TANCHO_PART=10 check "$arch" 'a tenth of each suite' --test spec -- just_in_time
        ;;
    4)
        TANCHO_PROGRAMS=crunch check "$arch" crunch --test program
        [ "$arch" = riscv64 ] || return 0
        on riscv64 scalar
        TANCHO_SCALAR=1 TANCHO_PART=10 check "$arch" 'without vectors' --test spec -- own_scripts just_in_time
        ;;
    esac
}

# The tests of a file by name: what is run by itself takes an emulator less memory.
names() {
    cargo test --offline "${optimise[@]}" --quiet --target "$(triple "$1")" "${packages[@]}" --test "$2" -- --list --format terse |
        sed -n 's/: test$//p'
}

all() {
    local arch=$1 setting case name
    case $2 in
    1)
        for setting in {0..11}; do
            TANCHO_SETTING=$setting check "$arch" "addresses $setting of 12" --test address -- every_shape_of_address
        done
        for name in $(names "$arch" asynchronous); do
            check "$arch" "asynchronous $name" --test asynchronous -- --exact "$name"
        done
        check "$arch" programs --test program
        ;;
    2)
        for name in $(names "$arch" spec); do
            check "$arch" "spec $name" --test spec -- --exact "$name"
        done
        check "$arch" 'traps, atomics, threads' --no-fail-fast --test trap --test main_thread --test atomic --test thread --test interrupt
        check "$arch" 'runtime' --no-fail-fast --test instantiate --test load --test process
        check "$arch" 'engine' --no-fail-fast --test call --test data --test error --test exception --test function_reference --test link \
            --test module --test vector
        check "$arch" 'tests' --no-fail-fast --test signals --test bounds --test last_byte --test tail_call --test multi_memory \
            --test image --test function_types
        check "$arch" objects --no-fail-fast --test exception_ops --test gc_ops --test gc_programs
        ;;
    3)
        same_bytes "$arch" $(cd tests/program && basename -s .wasm -- *.wasm)
        machines "$arch"
        # Compiled there, just in time and into a cache.
        unset TANCHO_COMPILER
        check "$arch" 'programs compiled there' --test program
        [ "$arch" = riscv64 ] || return 0
        on riscv64 scalar
        for name in own_scripts just_in_time precompiled; do
            TANCHO_SCALAR=1 check "$arch" "without vectors: spec $name" --test spec -- --exact "$name"
        done
        check "$arch" 'without vectors' --no-fail-fast --test trap --test main_thread --test thread --test program
        ;;
    4)
        for setting in {0..23}; do
            TANCHO_SETTING=$setting TANCHO_CASES=210 check "$arch" "expressions $setting of 24" --test address -- random_expressions
        done
        for case in {0..99}; do
            TANCHO_CASE=$case check "$arch" "fuel $case of 100" --test fuel -- random_modules
        done
        for setting in {0..83}; do
            TANCHO_SETTING=$setting TANCHO_CASES=160 check "$arch" "wide memories $setting of 84" --test address -- wide_memories
        done
        ;;
    esac
}

architectures=()
for arch in "${wanted[@]}"; do
    if prepare "$arch"; then
        architectures+=("$arch")
        on "$arch"
    else
        echo "cross: the targets or tools for $arch cannot be installed here: nothing tested on $arch"
    fi
done
if [ ${#architectures[@]} -gt 0 ] && [ "$(room)" -lt "$least" ]; then
    echo "cross: fewer than $least MiB are free for the builds: nothing tested on ${architectures[*]}"
    architectures=()
fi
[ ${#architectures[@]} -gt 0 ] || exit 0

watch &
watcher=$!
# All that is run below is built at once, for all machines.
targets=()
for arch in "${architectures[@]}"; do targets+=(--target "$(triple "$arch")"); done
step build cargo test --offline "${optimise[@]}" --quiet "${targets[@]}" "${packages[@]}" --no-run "${tests[@]/#/--test=}" || architectures=()
for phase in ${TANCHO_CROSS_PHASES:-1 2 3 4}; do
    for arch in "${architectures[@]}"; do
        start=$SECONDS
        on "$arch"
        "$mode" "$arch" "$phase"
        printf 'cross: %s, %s of 4: %d s\n' "$arch" "$phase" $((SECONDS - start))
    done
done
printf 'cross: %s MiB were built\n' "$(du -sm "$CARGO_TARGET_DIR" | cut -f 1)"
for name in "${late[@]}"; do echo "cross: $name"; done
for name in "${failed[@]}"; do echo "cross: FAILED: $name"; done
[ ${#failed[@]} -eq 0 ]
