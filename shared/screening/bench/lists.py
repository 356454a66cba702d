#!/usr/bin/env python3
"""Whom the engine finds on real lists, and whom it alarms about for nothing.

Disturbs the names of the persons on the UN list, each in one way of ten, and asks for them and for ordinary names of
sixty countries (Faker's), without and with a date of birth, against all lists of a folder. Prints at which threshold which
share is found and how many of 1,000 ordinary people raise an alarm. Everything is drawn from a fixed seed.

    lists.py SCREEN-BINARY LISTS-FOLDER
"""
import csv
import io
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
THRESHOLDS = (0.80, 0.85, 0.90)
DEFAULT = 0.85
# The command shows so many hits of a name.
ROWS = 5
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


def ask(binary, artifact, people, folder):
    """The hits by name and date of birth, from the lowest threshold on."""
    file = Path(folder, "names.csv")
    with open(file, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["name", "date_of_birth"], *people])
    show = ["--show-from", str(min(THRESHOLDS))]
    run = subprocess.run([binary, "query", *show, artifact, file], check=True, capture_output=True, text=True, encoding="utf-8")
    found = defaultdict(list)
    # Not by splitlines: names hold characters that Python takes for the end of a line.
    for row in csv.DictReader(io.StringIO(run.stdout, newline="")):
        found[row["query"]].append(row)
    return found, run.stderr.strip().splitlines()[-1]


def at(rows, threshold):
    return [row for row in rows if float(row["score"]) >= threshold]


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
        found, speed = ask(binary, artifact, [(name, "") for *_, name in asked], folder)

        def is_found(entry, name, threshold):
            rows = at(found[name], threshold)
            # A chain of common names hits so many that the rows end before the entry.
            return any(row["entity_id"] == entry for row in rows) or len(rows) == ROWS

        total, hits = Counter(way for way, *_ in asked), Counter()
        for way, entry, name in asked:
            hits[way] += is_found(entry, name, DEFAULT)
        print(f"UN persons under disturbed names: {sum(hits.values()) / len(asked):.4f} of {len(asked)} found at {DEFAULT}")
        print("  " + "   ".join(f"{way} {hits[way] / total[way]:.3f}" for way in total))
        print(f"  {speed}")
        ordinary = set()
        for locale in LOCALES:
            faker = Faker(locale)
            faker.seed_instance(11)
            for _ in range(ORDINARY):
                whole = DICE.random() < 0.5
                ordinary.add(faker.name() if whole else f"{faker.first_name()} {faker.last_name()}")
        ordinary = sorted(ordinary)
        unborn, speed = ask(binary, artifact, [(name, "") for name in ordinary], folder)
        born = [f"{DICE.randrange(1945, 2008)}-{DICE.randrange(1, 13):02}-{DICE.randrange(1, 29):02}" for _ in ordinary]
        dated, _ = ask(binary, artifact, zip(ordinary, born), folder)
        print(f"{len(ordinary)} ordinary names against all lists together\n  {speed}")
        print("\nthreshold   disturbed UN names found   alarms per 1,000 ordinary people   … with their dates of birth")
        for threshold in THRESHOLDS:
            recall = sum(is_found(entry, name, threshold) for _, entry, name in asked) / len(asked)
            alarms = [sum(bool(at(rows, threshold)) for rows in some.values()) * 1000 / len(ordinary) for some in (unborn, dated)]
            print(f"{threshold:>9.2f}   {recall:>24.2%}   {alarms[0]:>32.1f}   {alarms[1]:>26.1f}")


main()
