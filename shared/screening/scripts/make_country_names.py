"""Makes `src/readers/country_names.tsv`: per ISO 3166-1 alpha-2 code the names and codes that stand for it.

    python3 make_country_names.py DATA_YAML MAPPINGS_PY NATIONALITIES_JSON > ../src/readers/country_names.tsv

DATA_YAML and MAPPINGS_PY are `countrynames/data.yaml` and `countrynames/mappings.py` of the PyPI package `countrynames`
(OpenSanctions, MIT; made with commit 02f99fe889ead10309e69217afb255ae81251504). NATIONALITIES_JSON is `langs/en.json` of
the npm package `i18n-nationality` 1.4.0 (MIT).
"""

import json
import re
import sys
import unicodedata
from pathlib import Path

# ISO 3166-3 and the reserved codes of ISO 3166-1: the state that answers for a state or territory without a code today.
SUCCESSORS = {
    "AC": "SH", "AN": "CW", "AZ-NK": "AZ", "BU": "MM", "CN-BJ": "CN", "CN-CQ": "CN", "CN-SH": "CN", "CN-XZ": "CN",
    "CP": "FR", "CQ": "GG", "CS": "RS", "CSHH": "CZ", "CSXX": "RS", "CT": "KI", "CY-TRNC": "CY", "DD": "DE", "DG": "IO",
    "DY": "BJ", "EL": "GR", "FX": "FR", "GB-NIR": "GB", "GB-SCT": "GB", "GB-WLS": "GB", "GE-AB": "GE", "HV": "BF",
    "IC": "ES", "IQ-KR": "IQ", "JT": "UM", "MD-PMR": "MD", "MI": "UM", "NH": "VU", "NT": "SA", "PK-KM": "PK",
    "PU": "UM", "PZ": "PA", "RH": "ZW", "SO-SOM": "SO", "SU": "RU", "SUHH": "RU", "TA": "SH", "TP": "TL", "UA-CRI": "UA",
    "UA-DPR": "UA", "UA-LPR": "UA", "UK": "GB", "VD": "VN", "WK": "UM", "X-SO": "GE", "YD": "YE", "YU": "RS",
    "YUCS": "RS", "ZR": "CD",
}
# ICAO Doc 9303 part 3, section 5: codes of passports beside those of ISO 3166-1 alpha-3; and ISO 3166-3 alpha-3 codes.
THREE_LETTERS = {
    "D": "DE", "RKS": "XK", "UNK": "XK", "XKX": "XK", "KOS": "XK", "GBD": "GB", "GBN": "GB", "GBO": "GB", "GBP": "GB",
    "GBS": "GB", "XPO": "", "XOM": "", "XXA": "", "XXB": "", "XXC": "", "XXX": "", "UNO": "", "UNA": "", "EUE": "",
    "XBA": "", "XIM": "", "XCC": "", "XCE": "", "XCO": "", "XEC": "", "XES": "", "XMP": "", "XDC": "", "UTO": "",
    "ANT": "CW", "BUR": "MM", "BYS": "BY", "CSK": "CZ", "DDR": "DE", "DHY": "BJ", "HVO": "BF", "NTZ": "SA", "ROM": "RO",
    "RHO": "ZW", "SCG": "RS", "SUN": "RU", "TMP": "TL", "VDR": "VN", "YMD": "YE", "YUG": "RS", "ZAR": "CD",
}
# Names of ISO 3166-3's former states, adjectives and short names that neither file has.
MORE_NAMES = {
    "AE": ["Emirati", "Emirian"], "AG": ["Antigua"], "AZ": ["Azeri"], "BA": ["Bosnia", "Herzegovina"],
    "BF": ["Upper Volta", "Burkinabe", "Burkinese"], "BJ": ["Dahomey"],
    "BY": ["Byelorussia", "Byelorussian", "Belorussia", "Belorussian", "Byelorussian SSR"], "CD": ["Zairean", "Zairian"],
    "CG": ["Congo Republic"], "CZ": ["Czechoslovak", "Czechoslovakian"], "DE": ["East German", "West German", "West Germany"],
    "DK": ["Dane"], "EH": ["Sahrawi"], "ES": ["Spaniard"], "FI": ["Finn"], "FK": ["Falklands"], "FR": ["Frenchman"],
    "GB": ["Briton", "Scot"], "GW": ["Bissau-Guinean"], "IE": ["Eire"], "IR": ["Persia", "Persian"],
    "KG": ["Kirghizia", "Kirghiz"], "KH": ["Kampuchea"], "KN": ["Saint Kitts"], "KP": ["N. Korea", "N. Korean"],
    "KR": ["S. Korea", "S. Korean"], "LA": ["Lao PDR", "Laotian"], "LK": ["Ceylon"], "LR": ["Liberian"],
    "LS": ["Basotho"], "LY": ["Libyan Arab Jamahiriya", "Great Socialist People's Libyan Arab Jamahiriya"],
    "MK": ["FYROM", "FYR Macedonia", "Macedonia FYR", "Former Yugoslav Republic of Macedonia"], "MW": ["Nyasaland"],
    "PG": ["Papua New Guinean"], "PS": ["Gaza", "Palestinian Territories", "Palestinian Authority"],
    "RS": ["Yugoslav", "Yugoslavian"], "RU": ["RSFSR", "Russian SFSR", "USSR", "CCCP", "Tatarstan", "Chechen"],
    "SA": ["KSA"], "ST": ["Sao Tome"], "SY": ["SAR Syria"], "TD": ["Chadian"], "TH": ["Siam"],
    "TR": ["Türkiye Cumhuriyeti"], "TT": ["Trinidad"], "TW": ["ROC", "Republic of China", "Formosa", "Chinese Taipei"],
    "TZ": ["Tanganyika", "Zanzibar"], "VC": ["Saint Vincent", "Vincentian"],
    "VN": ["Republic of Viet Nam", "South Vietnam", "North Vietnam"], "VU": ["Ni-Vanuatu"], "XK": ["Kosovar", "UNMIK"],
    "YE": ["South Yemen", "North Yemen", "Democratic Yemen", "Yemen Arab Republic"], "ZM": ["Northern Rhodesia"],
    "ZW": ["Southern Rhodesia"],
}
# Known values that name no country, so they are not reported.
NOWHERE = [
    "00", "EU", "EUU", "European Union", "stateless", "apatride", "refugee", "not available", "not known",
    "no nationality", "none identified", "none", "undetermined",
]


def key(text: str) -> str:
    """The letters and digits of a name; must stay the same as `key` in `country.rs`."""
    text = unicodedata.normalize("NFKD", text.replace("&", " and "))
    text = "".join(c for c in text if unicodedata.category(c) != "Mn").lower()
    words = re.sub(r"[\W_]+", " ", text).split()
    return "".join("saint" if w in ("st", "ste") else w for w in words if w != "the")


def listed(path: Path) -> dict[str, list[str]]:
    """The one shape of YAML that the file has: a code with a list of names."""
    names: dict[str, list[str]] = {}
    code = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"[\"']?([A-Z-]+)[\"']?:", line.rstrip()):
            code = found.group(1)
        elif found := re.fullmatch(r"\s*- (.+)", line):
            names.setdefault(code, []).append(found.group(1).strip().strip("\"'"))
    return names


def readable(name: str) -> bool:
    """Scripts in which lists write countries."""
    scripts = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "HANGUL", "DIGIT")
    return all(unicodedata.name(c, "").startswith(scripts) for c in name)


def main() -> None:
    data, mappings, nationalities = (Path(p) for p in sys.argv[1:4])
    names = listed(data)
    alpha3 = dict(re.findall(r'"([A-Z]{2})": "([A-Z]{3})"', mappings.read_text(encoding="utf-8")))
    out: dict[str, str] = {}

    def put(name: str, code: str) -> None:
        if (found := key(name)) and readable(found):
            out.setdefault(found, code)

    for name in NOWHERE:
        put(name, "")
    # Codes first: no name may take the place of a code.
    for code, three in alpha3.items():
        put(code, code)
        put(three, code)
    for former, code in (SUCCESSORS | THREE_LETTERS).items():
        put(former, code)
    for code, more in MORE_NAMES.items():
        for name in more:
            put(name, code)
    for code, known in names.items():
        answer = "" if code in ("FAIL", "ZZ", "UN") else SUCCESSORS.get(code, code)
        for name in known:
            # A single letter, or a code of two letters in no standard, is more often a slip than a country.
            if len(key(name)) > 2:
                put(name, answer)
    for code, adjective in json.loads(nationalities.read_text(encoding="utf-8"))["nationalities"].items():
        put(adjective, code)
    by_code: dict[str, list[str]] = {}
    for name, code in out.items():
        by_code.setdefault(code or "-", []).append(name)
    for code, known in sorted(by_code.items()):
        print(code, " ".join(known), sep="\t")


if __name__ == "__main__":
    main()
