#!/usr/bin/env python3
"""Writes legal_forms.tsv: country code and legal form, written out or abbreviated, in its own and in Latin letters.

The source is GLEIF's Entity Legal Forms code list (ISO 20275, CC0), the CSV file as published:

    make_legal_forms.py ELF-CODE-LIST.csv

Left out: what is no form of a company's name (embassies, cantons, "other"), single words that are words of business in
many names, Roman numerals and single letters.
"""
import csv
import re
import sys
from pathlib import Path

NAMES = ["Entity Legal Form name Local name", "Entity Legal Form name Transliterated name (per ISO 01-140-10)"]
ABBREVIATIONS = ["Abbreviations Local language", "Abbreviations transliterated"]
COUNTRY = "Country Code (ISO 3166-1)"
# Words that are common in names and are a legal form in some country.
WORDS = set("""bank business municipal municipalidad municipio railroad region région series others other filial firma lipa ente
estado kommun kunta obec kraj artisan commerçant company others sonota département ministére métropole trademark lokalsamfund
branch canton cantone kanton gemeinde bezirk bund botschaft embassy ambassade ambasciate commune comune district distretto
confederazione confédération condominium condominio comunidad congregación congrégation sindicato syndicates union assoc assn
cooperative co-op coop fund fond fondo fonds fondy fundo fondlar fonlar uczelnia udruga ústav sklad spolek chartered procura
com prokura procuration artisan-commerçant edo. general benefit ong""".split())
# Entries that are not legal forms of companies, and English phrases without a word that only legal forms have.
NO_FORM = re.compile(r"bank|pankk|banc|kass|fond|fund|church|kirk|kyrk|hospital|universit|minist|embass|government|school|federal admin|trust compan|loan compan")
ENGLISH_FORM = re.compile(r"compan|corporat|partnership|limited|liabilit|incorporat|proprietary|ltd|unlimited")
ROMAN = re.compile(r"[ivxlcm]+$", re.I)


def forms(row):
    for column in NAMES:
        for name in re.split(r"[/;]", re.sub(r"\([^)]*\)", " ", row.get(column) or "")):
            yield name
    for column in ABBREVIATIONS:
        yield from re.split(r"[;,]", row.get(column) or "")


def wanted(form, english):
    if " " in form and (NO_FORM.search(form.lower()) or (english and not ENGLISH_FORM.search(form.lower()))):
        return False
    letters = re.sub(r"\W", "", form)
    if len(letters) < 2 or any(c.isdigit() for c in letters) or ROMAN.match(letters):
        return False
    if form.lower().strip(". ") in WORDS or len(form.split()) > 8:
        return False
    # One letter beside longer words is no abbreviation anybody knows.
    return "other" not in form.lower().split()


def main():
    found = {}
    with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for form in forms(row):
                form = " ".join(form.replace("\u200b", "").split()).strip(" ,;-–")
                if wanted(form, row["Language Code (ISO 639-1)"] == "en"):
                    found.setdefault(form.lower(), set()).add(row[COUNTRY] or "-")
    target = Path(__file__).with_name("legal_forms.tsv")
    lines = [f"{form}\t{' '.join(sorted(countries))}\n" for form, countries in sorted(found.items())]
    target.write_text("".join(lines), encoding="utf-8")
    print(f"{target.name}: {len(lines)} forms")


main()
