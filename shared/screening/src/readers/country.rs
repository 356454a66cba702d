//! Country names, adjectives and codes, as lists and passports write them, to ISO 3166-1 alpha-2.
//!
//! The names stand in `country_names.tsv`, which `scripts/make_country_names.py` makes from public files.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a text says of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountryReading {
    /// ISO 3166-1 alpha-2; of a former state the successor's.
    Country(&'static str),
    /// The text says that there is no country: stateless, unknown, an organisation's travel document.
    NoCountry,
    /// The text is not understood.
    Unknown,
}

/// A code, a blank, then everything that stands for it; `-` for no country.
static NAMES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("country_names.tsv").lines();
    let rows = lines.filter_map(|line| line.split_once('\t'));
    rows.flat_map(|(code, names)| names.split(' ').map(move |name| (name, code))).collect()
});

/// Words before a country that do not change which one it is.
const BEFORE: &[&str] = &[
    "former",
    "formerly",
    "ex",
    "possibly",
    "probably",
    "presumably",
    "occupied",
    "region",
    "country",
    "nationality",
    "citizenship",
    "citizen",
    "national",
    "of",
    "in",
    "republic",
    "kingdom",
    "state",
    "commonwealth",
    "sultanate",
    "principality",
    "federal",
    "socialist",
    "people",
    "peoples",
    "s",
    "arab",
    "islamic",
];
/// Words behind a country that do not change which one it is.
const BEHIND: &[&str] = &[
    "national",
    "nationals",
    "nationality",
    "citizen",
    "citizens",
    "citizenship",
    "passport",
    "republic",
    "sar",
    "special",
    "administrative",
    "region",
    "territory",
    "territories",
    "province",
    "of",
    "former",
];

/// The code for a country's name or code; nothing for what is not one. Case does not matter.
pub fn iso_country(text: &str) -> Option<&'static str> {
    match read_country(text) {
        CountryReading::Country(code) => Some(code),
        CountryReading::NoCountry | CountryReading::Unknown => None,
    }
}

/// Reads a country's name, adjective or code.
pub fn read_country(text: &str) -> CountryReading {
    const LONGEST: usize = 200;
    if text.len() > LONGEST {
        return CountryReading::Unknown;
    }
    // Letters that would be Namibia's code.
    if matches!(text.trim().to_ascii_lowercase().as_str(), "n/a" | "n.a." | "n.a") {
        return CountryReading::NoCountry;
    }
    let words = words(text);
    if let Some(found) = look_up(&words) {
        return found;
    }
    let words = spelled_out(words);
    if let Some(found) = look_up(&words) {
        return found;
    }
    // "Korea, Democratic People's Republic of" and "Venezuela (Bolivarian Republic of)": the part behind stands before.
    for mark in [',', '('] {
        let Some((name, rest)) = text.split_once(mark) else { continue };
        let (name, rest) = (spelled_out(self::words(name)), spelled_out(self::words(rest)));
        let turned: Vec<String> = rest.iter().chain(&name).cloned().collect();
        if let Some(found) = look_up(&turned) {
            return found;
        }
        // "China, Macao": the part is a territory with a code of its own, or says nothing more ("Syria, Arab Rep. of").
        let is_idle = |word: &String| BEFORE.contains(&word.as_str()) || BEHIND.contains(&word.as_str());
        if let Some(found) = look_up(&rest).or_else(|| look_up(&name).filter(|_| rest.iter().all(is_idle))) {
            return found;
        }
    }
    trimmed(&words).unwrap_or(CountryReading::Unknown)
}

/// Words that lists abbreviate.
fn spelled_out(words: Vec<String>) -> Vec<String> {
    let whole = |word: String| match word.as_str() {
        "rep" => "republic".to_owned(),
        "dem" => "democratic".to_owned(),
        "isl" => "islamic".to_owned(),
        "fed" => "federated".to_owned(),
        "is" => "islands".to_owned(),
        _ => word,
    };
    words.into_iter().map(whole).collect()
}

/// Without words before and behind that do not change the country.
fn trimmed(words: &[String]) -> Option<CountryReading> {
    let mut before = words;
    loop {
        let mut behind = before;
        while let Some((_, rest)) = behind.split_last().filter(|(last, _)| BEHIND.contains(&last.as_str())) {
            behind = rest;
            if let Some(found) = look_up(behind) {
                return Some(found);
            }
        }
        before = before.split_first().filter(|(first, _)| BEFORE.contains(&first.as_str()))?.1;
        if let Some(found) = look_up(before) {
            return Some(found);
        }
    }
}

fn look_up(words: &[String]) -> Option<CountryReading> {
    let code = NAMES.get(words.concat().as_str())?;
    Some(if *code == "-" { CountryReading::NoCountry } else { CountryReading::Country(code) })
}

/// The words of a name, without marks and articles; together they are the key of the table.
fn words(text: &str) -> Vec<String> {
    let plain: String = text.replace('&', " and ").nfkd().filter(|c| !is_combining_mark(*c)).collect();
    plain
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !matches!(*word, "" | "the"))
        .map(|word| if matches!(word, "st" | "ste") { "saint".to_owned() } else { word.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_codes_and_adjectives_are_read() {
        for (text, code) in [
            ("Iran (Islamic Republic of)", "IR"),
            ("Korea, North", "KP"),
            ("Korea, Democratic People's Republic of", "KP"),
            ("Korea (Republic of)", "KR"),
            ("RUSSIA", "RU"),
            ("de", "DE"),
            ("Türkiye", "TR"),
            ("Syrian Arab Republic", "SY"),
            ("Antigua & Barbuda", "AG"),
            ("The Gambia", "GM"),
            ("St. Vincent", "VC"),
            ("Saint Kitts and Nevis", "KN"),
            ("Saudi Arabian", "SA"),
            ("Côte d’Ivoire", "CI"),
            ("Cote d'Ivoire", "CI"),
            ("China, Hong Kong Special Administrative Region", "HK"),
            ("China, Macao SAR", "MO"),
            ("Occupied Palestinian Territories", "PS"),
            ("United Republic of Tanzania", "TZ"),
            ("Democratic Republic of the Congo", "CD"),
            ("Congo (Democratic Republic of the)", "CD"),
            ("Congo, Republic of the", "CG"),
            ("Syrian national", "SY"),
            ("Region: Gaza", "PS"),
            ("UK", "GB"),
            ("Chadian", "TD"),
            ("Россия", "RU"),
            ("Virgin Islands, British", "VG"),
            ("American Samoa", "AS"),
            ("Syria (Arab Rep. of)", "SY"),
            ("Dem. Rep. of the Congo", "CD"),
            ("Marshall Is.", "MH"),
            ("Tehran, Iran", "IR"),
            ("Welsh", "GB"),
            ("Marshall Islands", "MH"),
            ("State of Palestine", "PS"),
            ("Venezuela (Bolivarian Republic of)", "VE"),
            ("GBR", "GB"),
            ("Kiribati", "KI"),
            ("Republic of Belarus", "BY"),
            ("Kazakh", "KZ"),
            ("Kyrgyz", "KG"),
            ("Libyan Arab Jamahiriya", "LY"),
            ("Lao PDR", "LA"),
            ("N. Korea", "KP"),
            ("Azeri", "AZ"),
            ("Ni-Vanuatu", "VU"),
        ] {
            assert_eq!(iso_country(text), Some(code), "{text}");
        }
    }

    #[test]
    fn former_states_are_read_as_their_successors() {
        for (text, code) in [
            ("former Soviet Union", "RU"),
            ("USSR", "RU"),
            ("SU", "RU"),
            ("Czechoslovakia", "CZ"),
            ("CS", "RS"),
            ("YU", "RS"),
            ("Serbia and Montenegro", "RS"),
            ("German Democratic Republic", "DE"),
            ("Zaire", "CD"),
            ("Upper Volta", "BF"),
            ("TP", "TL"),
        ] {
            assert_eq!(iso_country(text), Some(code), "{text}");
        }
    }

    #[test]
    fn passports_codes_are_read() {
        for (text, code) in [("D", "DE"), ("RUS", "RU"), ("RKS", "XK"), ("GBD", "GB"), ("PRK", "KP"), ("ROM", "RO")] {
            assert_eq!(iso_country(text), Some(code), "{text}");
        }
        for text in ["XXA", "XXB", "XXX", "UNO", "stateless", "Unknown", "N/A", "00", "EU", "None Identified"] {
            assert_eq!(read_country(text), CountryReading::NoCountry, "{text}");
        }
    }

    #[test]
    fn what_is_no_country_is_unknown() {
        for text in ["Atlantis", "", "QQ", "Republic of", "citizen", "of", "Korea, East", "Congo (Somewhere)"] {
            assert_eq!(read_country(text), CountryReading::Unknown, "{text}");
        }
    }

    #[test]
    fn every_name_in_the_table_is_a_key_and_has_one_code() {
        let mut seen = HashMap::new();
        for (code, names) in include_str!("country_names.tsv").lines().map(|l| l.split_once('\t').unwrap()) {
            assert!(code == "-" || (code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())), "{code}");
            for name in names.split(' ') {
                assert_eq!(words(name).concat(), name, "a key of {code}");
                assert_eq!(seen.insert(name, code), None, "{name} stands twice");
            }
        }
        assert!(seen.len() > 5000, "{}", seen.len());
    }
}
