#!/usr/bin/env python3
"""Our matcher beside OpenSanctions' logic-v2 and logic-v1, on the same pairs, in one run on one machine.

Makes its own virtual environment with a pinned nomenklatura (the only thing fetched), runs the three, prints one table.

    side_by_side.py SCREEN-BINARY PAIRS.csv [PAIRS.csv ...]
"""
import csv, io, subprocess, sys, time
from pathlib import Path

from theirs import OURS_AT, PINNED, THEIRS_AT, by_class, enter, entity, scores


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def truth(row):
    return row["is_match"].strip().lower() == "true"


def figures(truths, verdicts):
    tp = sum(t and v for t, v in zip(truths, verdicts))
    fp = sum(v and not t for t, v in zip(truths, verdicts))
    fn = sum(t and not v for t, v in zip(truths, verdicts))
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def line(name, at, truths, verdicts, micros):
    p, r, f = figures(truths, verdicts)
    print(f"  {name:<12} at {at:.2f}   precision {p:.3f}   recall {r:.3f}   F1 {f:.3f}   {micros:8.1f} us a pair")


def ours(binary, path):
    started = time.perf_counter()
    out = subprocess.run([binary, "compare", path], check=True, capture_output=True, text=True, encoding="utf-8").stdout
    took = time.perf_counter() - started
    # Not by splitlines: names hold characters that Python takes for the end of a line.
    return list(csv.DictReader(io.StringIO(out, newline=""))), took


def main():
    binary, *files = sys.argv[1:]
    enter(PINNED)
    for path in files:
        data = rows(path)
        truths = [truth(r) for r in data]
        print(f"{Path(path).name}: {len(data)} pairs, {sum(truths)} of them matches")
        scored, took = ours(binary, path)
        # The process starts in the time, too: so this is an upper bound.
        line("verinym", OURS_AT, truths, [r["match"] == "true" for r in scored], took / max(len(data), 1) * 1e6)
        pairs = [
            tuple(entity(r["schema"], f"{files.index(path)}-{c}-{number}", name=r[c]) for c in ("name1", "name2"))
            for number, r in enumerate(data)
        ]
        theirs = {}
        for name in ("logic-v2", "logic-v1"):
            scores(name, pairs[:20])
            started = time.perf_counter()
            theirs[name] = scores(name, pairs)
            micros = (time.perf_counter() - started) / max(len(data), 1) * 1e6
            for at in THEIRS_AT:
                line(name, at, truths, [s >= at for s in theirs[name]], micros)
        group = lambda r: f"{r.get('category') or r.get('case_group')} {r['schema']}"
        by_class((group(r), t, float(s["score"]), v2) for r, t, s, v2 in zip(data, truths, scored, theirs["logic-v2"]))


main()
