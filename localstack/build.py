"""Builds the functions and shows one line of progress: the crates that are done, of all. Standard library.

    python -m localstack.build

The compiler's output goes to target/build.log; on a failure its end is printed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from localstack.venv import ROOT

BUILD = ["cargo", "build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]
# Lines of the log that a failure prints.
SHOWN = 60


def crates(lines: Iterable[str]) -> Iterable[str]:
    """The name of each crate that cargo reports as done. Build scripts count as their crate, which is reported once."""
    seen = set()
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get("reason") == "compiler-artifact" and message["package_id"] not in seen:
            seen.add(message["package_id"])
            yield message["target"]["name"]


def packages() -> int:
    """How many packages the binaries need."""
    tree = ["cargo", "tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    found = subprocess.run(tree, cwd=ROOT, capture_output=True, text=True, check=False)
    return len({line.removesuffix(" (*)") for line in found.stdout.splitlines() if line})


def progress_line(done: int, total: int, crate: str, seconds: float) -> str:
    return f"· building: {done} of about {max(done, total)} crates, {seconds:.0f} s, {crate}"


def follow(lines: Iterable[str], total: int, show: Callable[[str], None], clock: Callable[[], float]) -> int:
    """Shows the progress for each crate; returns how many were done."""
    began = clock()
    done = 0
    for done, crate in enumerate(crates(lines), start=1):
        show(progress_line(done, total, crate, clock() - began))
    return done


def main() -> None:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    target.mkdir(parents=True, exist_ok=True)
    log = target / "build.log"
    terminal = sys.stdout.isatty()
    began = time.monotonic()
    print(f"· building (cargo build --workspace --bins; its output: {log})", flush=True)

    def show(text: str) -> None:
        if terminal:
            print(f"\r\033[K{text}", end="", flush=True)

    with log.open("w") as output:
        cargo = subprocess.Popen(BUILD, cwd=ROOT, stdout=subprocess.PIPE, stderr=output, text=True)
        done = follow(cargo.stdout, packages(), show, time.monotonic)
        failed = cargo.wait() != 0
    show("")
    if failed:
        print("\n".join(log.read_text().splitlines()[-SHOWN:]), file=sys.stderr)
        sys.exit(f"The build failed; all of its output: {log}")
    print(f"  {done} crates ready after {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
