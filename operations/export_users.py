"""Exports all accounts of a stack as JSON lines, in the format of the import. Each page is an event in the audit log.

    NAME=verinym FILE=users.jsonl python -m operations.export_users

HASHES=true exports the password hashes too. The file is readable by its owner only, and must not exist before.
"""

import json
import os
import sys
from collections.abc import Iterator

from operations.actions import invoke
from operations.steps import StepFailed
from operations.target import Target, check_name


def export_users(target: Target, hashes: bool) -> Iterator[dict]:
    after = None
    while True:
        page = invoke(target, "admin-export-users", {"after": after, "hashes": hashes})
        yield from page["users"]
        for user in page["damaged"]:
            print(f"{user} cannot be read and is left out: see the log of admin-export-users", file=sys.stderr)
        after = page["next"]
        if after is None:
            return


def main() -> None:
    target = Target.read(check_name(os.environ.get("NAME", "")))
    path, hashes = os.environ.get("FILE", ""), os.environ.get("HASHES") or "false"
    if hashes not in ("true", "false"):
        raise StepFailed(f"HASHES is {hashes!r}.", "HASHES must be true or false.")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StepFailed(f"FILE={path!r} cannot be made: {error.strerror}.", "Name a file that does not exist.") from None
    exported = 0
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        for row in export_users(target, hashes == "true"):
            print(json.dumps(row, ensure_ascii=False), file=out)
            exported += 1
    print(f"· {exported} accounts exported to {path}, {'with' if hashes == 'true' else 'without'} password hashes")


if __name__ == "__main__":
    try:
        main()
    except StepFailed as failed:
        sys.exit(f"{failed} {failed.remedy}")
