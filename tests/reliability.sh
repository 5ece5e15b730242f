#!/usr/bin/env bash
# Makes RELIABILITY.md of the results of soaks. With a log of tests as LOG, takes the `reliability:` lines in that into the results first.
#
#   tests/reliability.sh [LOG]
set -euo pipefail
cd "$(dirname "$0")/.."

results=tests/soak.results
touch "$results"
if [ $# -gt 0 ]; then
    sed -n "s/^reliability: \(ROW=.*\)$/\1 commit=$(git rev-parse --short HEAD) date=$(date -u +%F)/p" "$1" >>"$results"
fi

{
    cat <<'TEXT'
# Reliability

What has been tried, how often, and how often it went wrong. Made by `tests/reliability.sh` of `tests/soak.results`, which `tests/soak.sh` writes; what the rows
test is in [docs/testing.md](docs/testing.md). Each row counts the runs of the newest commit that it was run on.

Where cases are drawn at random and N of them went right, fewer than 3 in N go wrong, with 95 % confidence, of cases drawn as these were: the bound. It says nothing
of cases that are never drawn. Where cases are enumerated, all there are have been tried and there is no bound to state; runs of the same cases are not added up.

| row | N | failures | bound (3/N) | runs | last seed | commit | date |
|---|---|---|---|---|---|---|---|
TEXT
    awk '
        BEGIN {
            count = split("C2 C2b C3 C3-trees C3-wide C4 C6 C7 C9", rows, " ")
            split("C2b C3 C4 C7 C9", list, " ")
            for (i in list) enumerated[list[i]] = 1
        }
        {
            delete value
            for (i = 1; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
            row = value["ROW"]
            if (row == "") next
            if (!(row in commit)) { known = 0; for (i = 1; i <= count; i++) known += rows[i] == row; if (!known) rows[++count] = row }
            if (commit[row] != value["commit"]) { n[row] = failures[row] = runs[row] = 0; for (key in seen) if (index(key, row SUBSEP) == 1) delete seen[key] }
            commit[row] = value["commit"]; date[row] = value["date"]; seed[row] = value["seed"]
            runs[row]++
            if (enumerated[row]) {
                if (value["cases"] + 0 > n[row]) n[row] = value["cases"] + 0
                if (value["failures"] + 0 > failures[row]) failures[row] = value["failures"] + 0
            } else if (!((row, value["seed"], value["cases"]) in seen)) {
                seen[row, value["seed"], value["cases"]] = 1
                n[row] += value["cases"]; failures[row] += value["failures"]
            }
        }
        END {
            for (i = 1; i <= count; i++) {
                row = rows[i]
                if (!(row in commit)) { printf "| %s | not run | | | | | | |\n", row; continue }
                bound = enumerated[row] ? "enumerated" : failures[row] > 0 ? "none: it fails" : n[row] > 0 ? sprintf("%.1e", 3 / n[row]) : "none"
                printf "| %s | %d | %d | %s | %d | %s | %s | %s |\n", row, n[row], failures[row], bound, runs[row], seed[row], commit[row], date[row]
            }
        }
    ' "$results"
} >RELIABILITY.md
