"""OpenSanctions' logic-v2 and logic-v1 on our rows, in a virtual environment of their own, and the table of classes."""
import os
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from pathlib import Path

PINNED = "nomenklatura==4.17.4"
HOME = Path(os.environ.get("BENCH_VENV", Path(tempfile.gettempdir()) / "verinym-bench-venv"))
OURS_AT, THEIRS_AT = 0.85, (0.7, 0.85)


def enter(*packages):
    """Goes on inside the environment, with these packages in it."""
    if sys.prefix == sys.base_prefix:
        if not (HOME / "bin" / "python").exists():
            venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True)
        os.execv(HOME / "bin" / "python", [str(HOME / "bin" / "python"), *sys.argv])


def entity(schema, number, **values):
    from followthemoney import model

    made = model.make_entity(schema)
    # An id of its own: the library keeps what it worked out by id.
    made.id = f"{schema}-{number}"
    for name, value in values.items():
        if value:
            made.add(name, value)
    return made


def scores(name, pairs):
    from nomenklatura.matching import get_algorithm

    algorithm = get_algorithm(name)
    config = algorithm.default_config()
    return [algorithm.compare(listed, asked, config).score for listed, asked in pairs]


def by_class(rows):
    """Prints recall and alarms by class; rows are (class, whether it is one bearer, ours, logic-v2's)."""
    classes = defaultdict(list)
    for name, truth, ours, theirs in rows:
        classes[name].append((truth, [ours >= OURS_AT, *(theirs >= at for at in THEIRS_AT)]))
    wide = max(map(len, classes), default=0)
    head = ["ours", *(f"v2 {at:.2f}" for at in THEIRS_AT)]
    print(f"    {'':<{wide}} {'one bearer: found':<33}   strangers: alarms")
    print(f"    {'':<{wide}} {'n':>5} " + " ".join(f"{h:>8}" for h in head) + f"   {'n':>5} " + " ".join(f"{h:>8}" for h in head))

    def line(name, picked):
        told = f"    {name:<{wide}}"
        for wanted in (True, False):
            verdicts = [verdict for truth, verdict in picked if truth == wanted]
            told += f" {len(verdicts) or '':>5} "
            told += " ".join(f"{sum(v[i] for v in verdicts) if verdicts else '':>8}" for i in range(len(head))) + "  "
        print(told.rstrip())

    for name in sorted(classes):
        line(name, classes[name])
    line("all", [row for picked in classes.values() for row in picked])
    print()
