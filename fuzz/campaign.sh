#!/bin/sh
# Runs every fuzz target for MINUTES each, one after the other, and prints a line for each: executions, coverage, findings.
# Findings lie in fuzz/artifacts, corpora in fuzz/corpus, and are gone on from the next time.
#
#   fuzz/campaign.sh MINUTES [TARGET...]
set -eu
minutes=${1:?minutes for each target}
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- amode atomic_ops compile differential exception_ops gc_ops image
cargo +nightly fuzz build
for target; do
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target.log
    # In processes of their own, so that one that ends does not end the rest; an input that takes 60 seconds or 6 GB is a finding.
    cargo +nightly fuzz run "$target" -- -max_total_time=$((minutes * 60)) -timeout=60 -rss_limit_mb=6000 -print_funcs=0 -max_len=16384 -len_control=20 \
        -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 >"$log" 2>&1 || true
    last=$(grep -E '^#[0-9]+: cov:' "$log" | tail -1)
    findings=$(find "artifacts/$target" -type f | wc -l)
    disputed=$(grep -c 'wasmi alone differs' "$log" || true)
    echo "$target: $minutes min, $last, findings: $findings, wasmi alone: $disputed"
done
