#!/usr/bin/env python3
"""Writes han.tsv: Han character, simplified form, Korean reading, Cantonese reading.

The source is Unicode's Unihan database (Unicode licence), two of its files as published:

    make_han.py Unihan_Variants.txt Unihan_Readings.txt

A character stands in the table if its simplified form differs from it or if it has a Korean reading or is among those
whose frequency the database tells. Of several Korean readings the one used in names (field kHangul, mark N) counts.
"""
import re
import sys
from pathlib import Path


def fields(path, wanted):
    out = {field: {} for field in wanted}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("U+"):
            code, field, value = line.split("\t")
            if field in wanted:
                out[field][chr(int(code[2:], 16))] = value
    return out


def simplified(char, values):
    """The one simplified form; none where the character is one of its own simplified forms."""
    forms = [chr(int(code[2:], 16)) for code in values.get(char, "").split()]
    return forms[0] if forms and char not in forms else ""


def korean(value):
    readings = [reading.split(":") for reading in value.split()]
    names = [reading for reading, use in readings if "N" in use]
    return (names or [reading for reading, _ in readings] or [""])[0]


def main():
    variants = fields(sys.argv[1], ["kSimplifiedVariant"])["kSimplifiedVariant"]
    readings = fields(sys.argv[2], ["kHangul", "kCantonese", "kHanyuPinlu"])
    hangul, cantonese = readings["kHangul"], readings["kCantonese"]
    lines = []
    for char in sorted(set(variants) | set(hangul) | set(readings["kHanyuPinlu"])):
        form = simplified(char, variants)
        sound = re.sub(r"[0-9].*", "", cantonese.get(char, ""))
        row = [char, form, korean(hangul.get(char, "")), sound]
        if char <= "\uffff" and any(row[1:]):
            lines.append("\t".join(row) + "\n")
    target = Path(__file__).with_name("han.tsv")
    target.write_text("".join(lines), encoding="utf-8")
    print(f"{target.name}: {len(lines)} characters")


main()
