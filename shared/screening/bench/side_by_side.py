#!/usr/bin/env python3
"""Our matcher beside OpenSanctions' logic-v2 and logic-v1, on the same pairs, in one run on one machine.

Makes its own virtual environment with a pinned nomenklatura (the only thing fetched), runs the three, prints one table.

    side_by_side.py SCREEN-BINARY PAIRS.csv [PAIRS.csv ...]
"""
import csv, io, os, subprocess, sys, tempfile, time, venv
from pathlib import Path

PINNED = "nomenklatura==4.17.4"
HOME = Path(os.environ.get("BENCH_VENV", Path(tempfile.gettempdir()) / "verinym-bench-venv"))
OURS_AT, THEIRS_AT = 0.85, (0.7, 0.85)


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
    if sys.prefix == sys.base_prefix:
        if not (HOME / "bin" / "python").exists():
            venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "pip", "install", "-q", "--disable-pip-version-check", PINNED], check=True)
        os.execv(HOME / "bin" / "python", [str(HOME / "bin" / "python"), __file__, *sys.argv[1:]])
    from followthemoney import model
    from nomenklatura.matching import get_algorithm

    for path in files:
        data = rows(path)
        truths = [truth(r) for r in data]
        print(f"{Path(path).name}: {len(data)} pairs, {sum(truths)} of them matches")
        scored, took = ours(binary, path)
        verdicts = [r["match"] == "true" for r in scored]
        # The process starts in the time, too: so this is an upper bound.
        line("verinym", OURS_AT, truths, verdicts, took / max(len(data), 1) * 1e6)
        entities = [[model.make_entity(r["schema"]) for _ in "ab"] for r in data]
        for number, (row, pair) in enumerate(zip(data, entities)):
            for entity, column in zip(pair, ("name1", "name2")):
                # Ids of their own: the library keeps what it worked out by id.
                entity.id = f"{files.index(path)}-{column}-{number}"
                entity.add("name", row[column])
        for name in ("logic-v2", "logic-v1"):
            algorithm = get_algorithm(name)
            config = algorithm.default_config()
            for a, b in entities[:20]:
                algorithm.compare(a, b, config)
            started = time.perf_counter()
            scores = [algorithm.compare(a, b, config).score for a, b in entities]
            micros = (time.perf_counter() - started) / max(len(data), 1) * 1e6
            for at in THEIRS_AT:
                line(name, at, truths, [s >= at for s in scores], micros)
        print("  by category (verinym):")
        groups = sorted({(r.get("case_group", ""), r.get("schema", "")) for r in data})
        for group in groups:
            picked = [i for i, r in enumerate(data) if (r.get("case_group", ""), r.get("schema", "")) == group]
            of, found = [truths[i] for i in picked], [verdicts[i] for i in picked]
            if any(of):
                told = "precision {:.3f}   recall {:.3f}   F1 {:.3f}".format(*figures(of, found))
            else:
                told = f"no matches among them, {sum(found)} taken for one"
            print(f"    {' '.join(group):<32} n={len(picked):<4} {told}")
        print()


main()
