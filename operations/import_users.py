"""Imports accounts of another system into a stack, with the password hashes that they had there. Safe to repeat.

    NAME=verinym FILE=users.jsonl python -m operations.import_users

FORMAT is that of the file: verinym (the default), auth0, firebase (with HASH_CONFIG, a file) or keycloak.
Prints a line for each account that was not imported. Exit code 1 if there is one.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from operations import user_formats
from operations.actions import invoke
from operations.steps import StepFailed
from operations.target import Target, check_name
from operations.user_formats import Entry, Skip

AT_A_TIME = 100
LONGEST_ROW = 32 * 1024


def import_users(target: Target, entries: Iterable[Entry]) -> dict[str, int]:
    """Imports all entries, prints those that were not, and returns how many had each outcome."""
    counts = {"created": 0, "exists": 0, "refused": 0}
    entries = iter(entries)
    while part := list(islice(entries, AT_A_TIME)):
        for where, outcome, why in outcomes(target, part):
            counts[outcome] += 1
            if why:
                print(f"{where}: {why}", flush=True)
    return counts


def outcomes(target: Target, part: list[Entry]) -> Iterator[tuple[str, str, str]]:
    rows = [row for _, row in part if usable(row)]
    results = iter(invoke(target, "admin-import-users", {"users": rows})["results"] if rows else [])
    for where, row in part:
        if not usable(row):
            yield where, "refused", row.reason if isinstance(row, Skip) else "is too long"
            continue
        result = next(results)
        faults = "; ".join(f"{fault['field']}: {fault['message']}" for fault in result.get("faults", []))
        yield where, result["outcome"], faults


def usable(row: dict | Skip) -> bool:
    return not isinstance(row, Skip) and len(json.dumps(row)) <= LONGEST_ROW


def path_of(variable: str) -> Path | None:
    named = os.environ.get(variable)
    if not named:
        return None
    path = Path(named)
    if not path.is_file():
        raise StepFailed(f"{variable}={named} is not a file.", f"Give the path of a file: {variable}=…")
    return path


def main() -> int:
    target = Target.read(check_name(os.environ.get("NAME", "")))
    path = path_of("FILE")
    if path is None:
        raise StepFailed("FILE is missing.", "make import-users NAME=<stack name> FILE=<path>")
    entries = user_formats.read(path, os.environ.get("FORMAT") or "verinym", path_of("HASH_CONFIG"))
    counts = import_users(target, entries)
    print(f"· {counts['created']} imported, {counts['exists']} had an account already, {counts['refused']} refused")
    return 1 if counts["refused"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StepFailed as failed:
        sys.exit(f"{failed} {failed.remedy}")
