"""Holds the sample output of README.md to what the demo printed.

    python -m localstack.sample target/demo.txt

Every line of the sample must be a line of the demo's output, in the same order. Times, ids and other numbers may differ, and so may the order
of events of one moment; a line with an ellipsis that stands for left-out lines is skipped.
"""

import re
import sys
from pathlib import Path

from localstack.settings import ROOT, step

SAMPLE = re.compile(r"^```\n(Verinym at .*?)^```", re.DOTALL | re.MULTILINE)
# Ids, cut or whole, before numbers: an id has digits.
VARIABLE = re.compile(r"\*+\d+|\b(?:user|sess|doc|chk|hit|evt)_[0-9a-z…]+|…[0-9a-z]+|https?://\S+|\d+")


def comparable(line: str) -> str:
    return " ".join(VARIABLE.sub("#", line).split())


def sample(readme: str) -> list[str]:
    lines = SAMPLE.search(readme)[1].splitlines()
    return [line for line in lines if line.strip() and not f" {line.rstrip()}".endswith(" …")]


def missing(wanted: list[str], printed: list[str]) -> str | None:
    """The first line of the sample that was not printed after the one before it."""
    rest = iter([comparable(line) for line in printed])
    for line in wanted:
        if not any(comparable(line) == candidate for candidate in rest):
            return line
    return None


def main(printed: Path) -> None:
    lines = sample((ROOT / "README.md").read_text())
    line = missing(lines, printed.read_text().splitlines())
    if line is not None:
        sys.exit(f"README.md shows a line that the demo does not print there:\n{line}")
    step(f"README.md shows what the demo prints ({len(lines)} lines compared)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
