"""Rotates keys of a stack before they are due.

    NAME=verinym KEYS=signing python -m operations.rotate_keys

KEYS is `signing` (access tokens), `tokens` (refresh tokens, mailed links, cursors) or `key_encryption` (the keys that wrap
people's keys). LEAKED=true makes void what the keys made: docs/operations.md says what follows.
"""

import os
import sys

from operations.actions import invoke
from operations.steps import StepFailed
from operations.target import Target, check_name

FAMILIES = ("signing", "tokens", "key_encryption")


def rotate(target: Target, keys: str, leaked: str) -> str:
    if keys not in FAMILIES:
        raise StepFailed(f"KEYS is {keys!r}.", f"KEYS must be one of: {', '.join(FAMILIES)}.")
    if leaked not in ("true", "false"):
        raise StepFailed(f"LEAKED is {leaked!r}.", "LEAKED must be true or false.")
    written = invoke(target, "workers-rotate-keys-now", {"keys": keys, "leaked": leaked == "true"})["written"]
    if not written:
        return f"{keys}: rotated a short while ago; nothing done"
    return f"{keys}: {written} written" + (", what the old ones made is void" if leaked == "true" else "")


def main() -> None:
    target = Target.read(check_name(os.environ.get("NAME", "")))
    print("· " + rotate(target, os.environ.get("KEYS", ""), os.environ.get("LEAKED") or "false"))


if __name__ == "__main__":
    try:
        main()
    except StepFailed as failed:
        sys.exit(f"{failed} {failed.remedy}")
