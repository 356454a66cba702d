#!/usr/bin/env python3
"""Runs the fuzz targets of the screening engine, each for some minutes, and prints what each did.

libFuzzer without a sanitizer, which stable Rust can build: it finds panics, inputs that take longer than five seconds and
memory beyond a bound. What it found stays below target/fuzz: inputs worth keeping in corpus/, failing ones in failures/.

    run.py [MINUTES [TARGET ...]]
"""
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# What `cargo fuzz --sanitizer none` sets.
FLAGS = """--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"""
# Of memory libFuzzer's own corpus is about 30 MB.
BOUNDS = ["-timeout=5", "-rss_limit_mb=256", "-max_len=16384"]


def build():
    told = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = re.search(r"^host: (.*)$", told, re.M)[1]
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "fuzz"
    # With --target, build scripts and macros are built without the flags, which they could not link.
    command = ["cargo", "build", "--release", "--locked", "--target", host]
    subprocess.run(command, check=True, cwd=HERE, env={**os.environ, "CARGO_TARGET_DIR": str(target), "RUSTFLAGS": " ".join(FLAGS.split())})
    return target, target / host / "release"


def figure(pattern, log):
    found = re.findall(pattern, log)
    return int(found[-1]) if found else 0


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    known = [binary["name"] for binary in tomllib.loads((HERE / "Cargo.toml").read_text())["bin"]]
    targets = sys.argv[2:] or known
    if unknown := set(targets) - set(known):
        sys.exit(f"no target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    home, binaries = build()
    print(f"{'target':<18} {'inputs':>10} {'per second':>10} {'branches':>9} {'corpus':>7} {'memory':>7}", flush=True)
    failed = []
    for target in targets:
        corpus, failures = home / "corpus" / target, home / "failures" / target
        corpus.mkdir(parents=True, exist_ok=True)
        failures.mkdir(parents=True, exist_ok=True)
        bounds = [*BOUNDS, f"-max_total_time={max(int(minutes * 60), 1)}", f"-artifact_prefix={failures}/", "-print_final_stats=1"]
        seeds = [corpus, HERE / "seeds", HERE.parent / "samples" / "lists"]
        run = subprocess.run([binaries / target, *bounds, *seeds], capture_output=True)
        log = run.stderr.decode("utf-8", "replace")
        (home / f"{target}.log").write_text(log, encoding="utf-8")
        inputs, rate = figure(r"number_of_executed_units: (\d+)", log), figure(r"average_exec_per_sec: *(\d+)", log)
        branches, memory = figure(r" cov: (\d+)", log), figure(r"peak_rss_mb: *(\d+)", log)
        told = f"{target:<18} {inputs:>10,} {rate:>10,} {branches:>9,} {len(list(corpus.iterdir())):>7,} {memory:>4} MB"
        if run.returncode:
            failed.append(target)
            told += f"   FAILED: {failures}, {home / target}.log"
        print(told, flush=True)
    sys.exit(1 if failed else 0)


main()
