#!/usr/bin/env python3
"""How long a start of `tancho run` takes, and how much memory, beside another engine's.

    benches/start.py TANCHO OTHER [PROGRAM.wasm] [--starts 1000] [--without-cache]

TANCHO is the command, OTHER that of wasmtime; without a program, one that prints `hello`. Both run the program so many times in turn (A B A B
...), with its standard output to a file that is compared, each from a cache of its own that a first run fills; with --without-cache neither
has one. It prints the median and the quartiles of the time on the wall from before the process is made to when its end is noticed, the median
of its CPU time, and the median and the most of its peak memory (the resident set as the kernel counts it, files that are mapped included). A
ratio below 1 says that Tancho takes less. Needs a C compiler (`cc`), for start.c beside it, which measures.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

# tests/transcript/fixture/hello.wat in the binary format.
HELLO = bytes.fromhex(
    "0061736d01000000010c0260047f7f7f7f017f60000002230116776173695f736e617073686f745f70726576696577310866645f7772697465000003"
    "0201010503010001071302066d656d6f72790200065f737461727400010a0f010d00410141004101412010001a0b0b14010041000b0e080000000600"
    "000068656c6c6f0a"
)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tancho")
    parser.add_argument("other")
    parser.add_argument("program", nargs="?")
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--without-cache", action="store_true")
    return parser.parse_args()


def start(meter, command, environment, output):
    """Runs a command to its end: seconds on the wall, CPU seconds, peak KiB. What it prints goes to `output`."""
    measured = subprocess.run([meter, output, *command], env=environment, stdout=subprocess.PIPE, check=True)
    wall, cpu, memory, status = map(int, measured.stdout.split())
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return wall / 1e9, cpu / 1e6, memory


def sides(flags, program, folder):
    """The commands, with environments in which each finds its own cache and nothing of the user's."""
    base = {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}
    settings = folder / "wasmtime.toml"
    settings.write_text(f'[cache]\ndirectory = "{folder}/other"\n')
    if flags.without_cache:
        ours, theirs = ["--cache=n"], ["-C", "cache=n"]
    else:
        ours, theirs = [], ["-C", "cache=y", "-C", f"cache-config={settings}"]
    return {
        "tancho": ([flags.tancho, "run", *ours, program], {**base, "TANCHO_CACHE_DIR": f"{folder}/ours"}),
        "other": ([flags.other, "run", *theirs, program], base),
    }


def measure(flags, folder):
    """What each start took, by side."""
    program = flags.program
    if program is None:
        program = str(folder / "hello.wasm")
        pathlib.Path(program).write_bytes(HELLO)
    meter = str(folder / "start")
    subprocess.run(["cc", "-O2", "-o", meter, pathlib.Path(__file__).with_suffix(".c")], check=True)
    commands = sides(flags, program, folder)
    outputs = {side: str(folder / f"{side}.out") for side in commands}
    measured = {side: [] for side in commands}
    for round_ in range(flags.starts + 1):
        for side, (command, environment) in commands.items():
            took = start(meter, command, environment, outputs[side])
            # The first fills the cache.
            if round_ > 0:
                measured[side].append(took)
        if round_ == 0:
            printed = {pathlib.Path(output).read_bytes() for output in outputs.values()}
            if len(printed) != 1:
                sys.exit("the engines print different things")
    return measured


def main():
    flags = arguments()
    with tempfile.TemporaryDirectory() as name:
        measured = measure(flags, pathlib.Path(name))
    rows = {}
    for side, figures in measured.items():
        wall, cpu, memory = zip(*figures)
        low, median, high = statistics.quantiles(wall, n=4)
        rows[side] = (median * 1e3, statistics.median(cpu) * 1e3, statistics.median(memory) / 1024)
        print(
            f"{side:7} wall {median * 1e3:7.2f} ms ({low * 1e3:.2f} to {high * 1e3:.2f}), CPU {rows[side][1]:7.2f} ms, "
            f"peak memory {rows[side][2]:6.1f} MiB (most {max(memory) / 1024:.1f})"
        )
    ratios = [ours / theirs for ours, theirs in zip(rows["tancho"], rows["other"])]
    print("ratio   wall {:.3f}, CPU {:.3f}, peak memory {:.3f}".format(*ratios))


main()
