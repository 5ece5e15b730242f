#!/usr/bin/env bash
# Runs the tests that print `reliability:` lines again and again, with other seeds and many cases, for about so many minutes, and
# appends what they print to a file of results, with commit and date. tests/reliability.sh makes RELIABILITY.md of it.
#
#   tests/soak.sh MINUTES [RESULTS]
#
# TANCHO_CASES is how many cases a random row has per round (100,000). A round that has begun is finished.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:?minutes}
results=${2:-tests/soak.results}
cases=${TANCHO_CASES:-100000}
commit=$(git rev-parse --short HEAD)
if [ -n "$(git status --porcelain --untracked-files=no -- . ":!$results")" ]; then
    commit=$commit-changed
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Those that there are.
tests=()
for name in address last_byte differential operand atomic thread hostile gc_ops; do
    if grep -q "^name = \"$name\"$" tests/Cargo.toml; then
        tests+=(--test "$name")
    fi
done

end=$((SECONDS + minutes * 60))
failed=0
while :; do
    seed=0x$(od -An -N7 -tx8 /dev/urandom | tr -d ' ' | sed 's/^0*//')
    outcome=0
    TANCHO_SEED=$seed TANCHO_CASES=$cases cargo test --package tancho-tests --no-fail-fast "${tests[@]}" >"$log" 2>&1 || outcome=$?
    # A row that began and has no line of its outcome died with its process: that is a failure too.
    awk -v commit="$commit" -v date="$(date -u +%F)" '
        / seed 0x[0-9a-f]+; TANCHO_SEED sets it$/ { sub(/:$/, "", $1); begun[$1] = $3; sub(/;$/, "", begun[$1]) }
        /^reliability: / { sub(/^reliability: /, ""); row = $1; sub(/^ROW=/, "", row); delete begun[row]; print $0, "commit=" commit, "date=" date }
        END { for (row in begun) print "ROW=" row, "cases=1 failures=1 seed=" begun[row], "seconds=0 commit=" commit, "date=" date }
    ' "$log" | tee -a "$results"
    if [ "$outcome" -ne 0 ]; then
        kept=target/soak-$seed.log
        cp "$log" "$kept"
        echo "seed $seed failed: $kept" >&2
        failed=1
    fi
    [ "$SECONDS" -lt "$end" ] || break
done
exit "$failed"
