#!/usr/bin/env python3
"""How many instructions the kernels take under Tancho and wasmtime, counted by callgrind.

    benches/count.py TANCHO WASMTIME [FILTER ...] [--json FILE] [--before FILE]

TANCHO and WASMTIME are the commands; filters are parts of `name.level`. Either runs each kernel of kernel/wasm once, compiled on one thread for
the CPU that valgrind shows, and what counts are the instructions of the code it has compiled: those that belong to no file. Nothing else the
machine does changes them, so a change that makes code longer shows where time would only be noise; a random address may move a count by less than
a thousandth. A ratio below 1 says that Tancho takes fewer. --json writes the counts to a file, and --before compares with such a file and fails
where Tancho takes over a hundredth more than it did. Needs valgrind.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KERNELS = pathlib.Path(__file__).resolve().parent / "kernel" / "wasm"
# What `--before` lets a count grow by.
TOLERANCE = 1.01


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tancho")
    parser.add_argument("wasmtime")
    parser.add_argument("filters", nargs="*")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--before", type=pathlib.Path)
    return parser.parse_args()


def of_no_file(profile):
    """The instructions of a callgrind profile that were executed in code of no object file."""
    total, inside, of_a_call, names = 0, False, False, {}
    for line in profile.splitlines():
        if match := re.fullmatch(r"ob=(\(\d+\))(?: (.*))?", line):
            name = names.setdefault(match[1], match[2])
            inside = name == "???"
        elif match := re.fullmatch(r"cob=(\(\d+\)) (.*)", line):
            names.setdefault(match[1], match[2])
        elif line.startswith("calls="):
            of_a_call = True
        elif match := re.fullmatch(r"[+*\d-]\S* (\d+)", line):
            # The line after `calls=` has what the callee took, which is counted in its own place.
            total += int(match[1]) if inside and not of_a_call else 0
            of_a_call = False
    return total


def count(command, folder):
    """Instructions of compiled code while a command runs, and the checksum that it prints."""
    out = folder / "profile"
    valgrind = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"]
    environment = {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}
    run = subprocess.run(valgrind + command, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}:\n{run.stderr}")
    return of_no_file(out.read_text()), run.stdout.split()[0]


def geomean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def main():
    flags = arguments()
    before = json.loads(flags.before.read_text()) if flags.before else {}
    commands = {
        "tancho": [flags.tancho, "run", "--cache=n", "--compile-threads", "1"],
        "wasmtime": [flags.wasmtime, "run", "-C", "cache=n", "-C", "parallel-compilation=n"],
    }
    counts, families, more = {}, collections.defaultdict(list), []
    print(f"{'kernel':28} {'tancho':>15} {'wasmtime':>15} {'ratio':>7}" + ("   / before" if before else ""))
    with tempfile.TemporaryDirectory() as folder:
        for wasm in sorted(KERNELS.glob("*.wasm")):
            if flags.filters and not any(part in wasm.stem for part in flags.filters):
                continue
            both = {name: count([*command, str(wasm)], pathlib.Path(folder)) for name, command in commands.items()}
            (ours, checksum), (theirs, other) = both["tancho"], both["wasmtime"]
            if checksum != other:
                sys.exit(f"{wasm.stem}: tancho computes {checksum}, wasmtime {other}")
            counts[wasm.stem] = {"tancho": ours, "wasmtime": theirs}
            families[wasm.stem.split("_")[0]].append(ours / theirs)
            line = f"{wasm.stem:28} {ours:15,} {theirs:15,} {ours / theirs:7.3f}"
            if wasm.stem in before:
                change = ours / before[wasm.stem]["tancho"]
                line += f" {change:10.4f}"
                if change > TOLERANCE:
                    more.append(wasm.stem)
            print(line, flush=True)
    if not counts:
        sys.exit("no kernel matches")
    means = {family: geomean(ratios) for family, ratios in families.items()}
    print("  ".join(f"{family} {mean:.3f}" for family, mean in means.items()))
    print(f"geometric mean of the families {geomean(means.values()):.3f}")
    if flags.json:
        flags.json.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    if more:
        sys.exit(f"more instructions than before: {', '.join(more)}")


main()
