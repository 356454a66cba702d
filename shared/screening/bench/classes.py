#!/usr/bin/env python3
"""The failure classes of `tests/classes`, asked of OpenSanctions' logic-v2 as well: who finds whom, and who alarms.

    classes.py ROWS.csv     what `VERINYM_CLASS_ROWS=ROWS.csv cargo test --test classes` wrote
"""
import csv
import re
import sys
from pathlib import Path

from theirs import PINNED, by_class, enter, entity, scores

FIELDS = ["class", "kind", "listed", "asked", "found", "score", "listed_birth", "listed_country", "birth", "country"]
SCHEMA = {"person": "Person", "organisation": "Organization", "vessel": "Vessel", "aircraft": "Airplane"}


def side(schema, number, name, birth, country):
    dated = {"birthDate": birth, "nationality": country.lower().split()} if schema == "Person" else {"country": country.lower().split()}
    if schema == "Vessel":
        dated = {"flag": dated["country"]}
    return entity(schema, number, name=name, **dated)


def main():
    enter(PINNED)
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, FIELDS))
    pairs = []
    for number, row in enumerate(rows):
        schema = SCHEMA.get(row["kind"], "LegalEntity")
        pairs.append((
            side(schema, f"listed-{number}", row["listed"], row["listed_birth"], row["listed_country"]),
            side(schema, f"asked-{number}", row["asked"], row["birth"], row["country"]),
        ))
    theirs = scores("logic-v2", pairs)
    # `F28 companies` is `F28`, and F9 stands before F10.
    name = lambda text: re.sub(r"^F(\d)\b", r"F0\1", text.split()[0] if re.match(r"F\d", text) else text)
    print(f"{Path(__file__).name}: {len(rows)} rows of {len({name(r['class']) for r in rows})} classes")
    by_class((name(r["class"]), r["found"] == "true", float(r["score"]), score) for r, score in zip(rows, theirs))


main()
