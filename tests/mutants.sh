#!/usr/bin/env bash
# Tests the tests: plants each fault of tests/mutant/ (or those named) in a copy of the last commit, runs the tests that its header
# names until one fails, and says which did. A fault that no test finds has survived. With all faults, the table goes to
# docs/testing.md, section "Planted faults".
#
#   tests/mutants.sh [NAME…]
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
work=$root/target/mutants
tree=$work/tree
results=$work/results
commit=$(git rev-parse HEAD)
mkdir -p "$work"
export CARGO_TARGET_DIR=$work/target

# Always the same folder, so that cargo builds only what a fault touches.
git worktree prune
if [ -e "$tree" ]; then
    git -C "$tree" checkout --quiet --force --detach "$commit"
else
    git worktree add --quiet --force --detach "$tree" "$commit"
fi

header() { sed -n "s/^$1: //p" "$2" | head -n 1; }

# The option by which cargo runs a test: `lib` stands for the tests in a package's own files.
which() { if [ "$1" = lib ]; then echo --lib; else echo "--test $1"; fi; }

# Prints the test that finds the fault, or nothing.
hunt() {
    local patch=$1 test package name log=$work/log
    for test in $(header Tests "$patch"); do
        package=${test%%:*} name=${test##*:}
        # A fault that does not build is no fault: nothing was tested.
        if ! (cd "$tree" && cargo test --quiet --package "$package" $(which "$name") --no-run) >"$log" 2>&1; then
            cat "$log" >&2
            echo "$patch does not build" >&2
            return 1
        fi
        if ! (cd "$tree" && timeout 900 cargo test --package "$package" $(which "$name")) >"$log" 2>&1; then
            local found
            found=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | head -n 1)
            echo "\`$name\`, ${found:-the process ended}"
            return
        fi
    done
}

if [ $# -gt 0 ]; then
    patches=("${@/#/tests/mutant/}")
    patches=("${patches[@]/%/.patch}")
else
    patches=(tests/mutant/*.patch)
fi

: >"$results"
survived=0
for patch in "${patches[@]}"; do
    git -C "$tree" checkout --quiet --force .
    git -C "$tree" apply "$root/$patch"
    start=$SECONDS
    found=$(hunt "$patch")
    git -C "$tree" checkout --quiet --force .
    name=$(basename "$patch" .patch)
    if [ -z "$found" ]; then
        survived=$((survived + 1))
        found='**survived**'
    fi
    printf '| `%s` | %s | %s | %s |\n' "$name" "$(header Group "$patch")" "$(header Fault "$patch")" "$found" >>"$results"
    printf '%s: %s (%d s)\n' "$name" "$found" $((SECONDS - start))
done
printf 'reliability: ROW=C9 cases=%d failures=%d seed=0x0 seconds=%d\n' ${#patches[@]} "$survived" "$SECONDS" >&2
printf '%d of %d faults were found\n' $((${#patches[@]} - survived)) ${#patches[@]}

if [ $# -eq 0 ]; then
    {
        sed '/^<!-- faults -->$/q' docs/testing.md
        printf '\n%d of %d found (%s, %s).\n\n' $((${#patches[@]} - survived)) ${#patches[@]} "${commit:0:7}" "$(date -u +%F)"
        printf '| fault | in | what is wrong | found by |\n|---|---|---|---|\n'
        cat "$results"
        printf '\n'
        sed -n '/^<!-- end of faults -->$/,$p' docs/testing.md
    } >"$work/testing.md"
    cp "$work/testing.md" docs/testing.md
fi
[ "$survived" -eq 0 ]
