#!/usr/bin/env python3
"""Whom the engine finds on real lists, and whom it alarms about for nothing.

Disturbs the names of the persons on the UN list, each in one way of ten, and asks for them and for ordinary names of
sixty countries (Faker's) against all lists of a folder. Prints the share found and the share of false alarms at the
default threshold. Everything is drawn from a fixed seed.

    lists.py SCREEN-BINARY LISTS-FOLDER
"""
import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata
import venv
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from pathlib import Path

PINNED = "Faker==40.54.0"
HOME = Path(os.environ.get("BENCH_VENV", Path(tempfile.gettempdir()) / "verinym-bench-venv"))
ORDINARY = 160
LOCALES = """en_US en_GB de_DE fr_FR it_IT es_ES es_MX es_CO pt_BR pt_PT nl_NL pl_PL cs_CZ ru_RU uk_UA bg_BG el_GR tr_TR
ar_SA ar_AA ar_EG fa_IR he_IL hi_IN en_IN bn_BD ta_IN id_ID vi_VN th_TH zh_CN zh_TW ja_JP ko_KR sv_SE no_NO da_DK fi_FI
hu_HU ro_RO hr_HR sl_SI az_AZ ka_GE hy_AM en_NG en_KE fr_DZ ar_DZ uz_UZ en_PK zu_ZA sq_AL ar_PS ga_IE lt_LT lv_LV et_EE
sk_SK ne_NP fr_CA en_NZ""".split()
# Spellings of one sound that romanisations exchange.
RESPELLED = [
    ("kh", "h"), ("ou", "u"), ("u", "ou"), ("sh", "ch"), ("y", "i"), ("i", "y"), ("zh", "j"), ("j", "dj"), ("q", "k"),
    ("k", "q"), ("w", "v"), ("v", "w"), ("f", "ph"), ("x", "ks"), ("ee", "i"), ("ah", "a"), ("gh", "g"), ("dh", "d"),
    ("th", "t"), ("iy", "y"), ("mm", "m"), ("ss", "s"), ("ll", "l"), ("e", "a"), ("o", "u"), ("e", "i"), ("ay", "ai"),
]
DICE = random.Random(11)


def letter(name):
    return DICE.choice([i for i, c in enumerate(name) if c.isalpha()])


def replaced(name):
    i = letter(name)
    return name[:i] + DICE.choice("abcdefghijklmnopqrstuvwxyz".replace(name[i], "")) + name[i + 1 :]


def dropped(name):
    i = letter(name)
    return name[:i] + name[i + 1 :]


def inserted(name):
    i = letter(name)
    return name[:i] + DICE.choice("abcdefghijklmnopqrstuvwxyz") + name[i:]


def doubled(name):
    i = letter(name)
    return name[:i] + name[i] + name[i:]


def swapped(name):
    i = DICE.choice([i for i in range(len(name) - 1) if name[i : i + 2].isalpha()])
    return name[:i] + name[i + 1] + name[i] + name[i + 2 :]


def respelled(name):
    found = [(m.start(), old, new) for old, new in RESPELLED for m in re.finditer(old, name)]
    if not found:
        return name
    i, old, new = DICE.choice(found)
    return name[:i] + new + name[i + len(old) :]


def reordered(name):
    words = name.split()
    DICE.shuffle(words)
    return " ".join(words)


def family_first(name):
    words = name.split()
    return f"{words[-1]}, {' '.join(words[:-1])}"


def joined(name):
    words = name.split()
    i = DICE.randrange(len(words) - 1)
    return " ".join(words[:i] + [words[i] + words[i + 1]] + words[i + 2 :])


def split(name):
    words = name.split()
    long = [i for i, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if not long:
        return name
    i = DICE.choice(long)
    at = DICE.randrange(2, len(words[i]) - 2)
    return " ".join(words[:i] + [words[i][:at], words[i][at:]] + words[i + 1 :])


WAYS = [replaced, dropped, inserted, doubled, swapped, respelled, reordered, family_first, joined, split]


def listed(file):
    """Entry and name, in small ASCII letters, of the persons who have at least two names."""
    parts = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
    for person in ElementTree.parse(file).getroot().iter("INDIVIDUAL"):
        name = " ".join(filter(None, ((person.findtext(part) or "").strip() for part in parts)))
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        if len(name.split()) > 1:
            yield person.findtext("DATAID"), name


def ask(binary, artifact, names, folder):
    """The rows that match, by the name asked for."""
    file = Path(folder, "names.csv")
    with open(file, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["name"], *([name] for name in names)])
    run = subprocess.run([binary, "query", artifact, file], check=True, capture_output=True, text=True, encoding="utf-8")
    found = defaultdict(list)
    for row in csv.DictReader(run.stdout.splitlines()):
        if row["match"] == "true":
            found[row["query"]].append(row)
    return found, run.stderr.strip().splitlines()[-1]


def main():
    binary, lists = sys.argv[1:]
    un = Path(lists, "un_consolidated.xml")
    if not un.is_file():
        print(f"no UN list in {lists}: who is found on it is not measured")
        return
    if sys.prefix == sys.base_prefix:
        if not (HOME / "bin" / "python").exists():
            venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "pip", "install", "-q", "--disable-pip-version-check", PINNED], check=True)
        os.execv(HOME / "bin" / "python", [str(HOME / "bin" / "python"), __file__, *sys.argv[1:]])
    from faker import Faker

    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder, "all.art")
        subprocess.run([binary, "build", lists, "-o", artifact], check=True, capture_output=True)
        asked = [(way.__name__, entry, way(name)) for entry, name in listed(un) for way in WAYS]
        found, speed = ask(binary, artifact, [name for *_, name in asked], folder)
        total, hits = Counter(), Counter()
        for way, entry, name in asked:
            total[way] += 1
            # A chain of common names hits so many that the rows end before the entry.
            hits[way] += any(row["entity_id"] == entry for row in found[name]) or len(found[name]) == 5
        print(f"UN persons under disturbed names: {sum(hits.values()) / sum(total.values()):.4f} of {sum(total.values())} found")
        print("  " + "   ".join(f"{way} {hits[way] / total[way]:.3f}" for way in total))
        print(f"  {speed}")
        ordinary = set()
        for locale in LOCALES:
            faker = Faker(locale)
            faker.seed_instance(11)
            for _ in range(ORDINARY):
                whole = DICE.random() < 0.5
                ordinary.add(faker.name() if whole else f"{faker.first_name()} {faker.last_name()}")
        found, speed = ask(binary, artifact, sorted(ordinary), folder)
        print(f"ordinary names that raise a hit against all lists together: {len(found) / len(ordinary):.4f} of {len(ordinary)}")
        print(f"  {speed}")


main()
