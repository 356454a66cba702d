//! Several names in one field: `ARCTIC LANTERN ex OLD BEACON`, `A. Montenegro alias Zorro`, `Red Lantern/Northern Army`.

use super::{Reading, vessels, vocabulary};

/// Words behind which another name of the same bearer stands.
const MARKS: &[&str] = &[
    "also known as",
    "formerly known as",
    "previously known as",
    "doing business as",
    "trading as",
    "operating as",
    "now known as",
    "known as",
    "a.k.a.",
    "a.k.a",
    "aka",
    "f.k.a.",
    "f.k.a",
    "fka",
    "n.k.a.",
    "nka",
    "d/b/a",
    "dba",
    "t/a",
    "alias",
    "formerly",
    "previously",
    "@",
];
/// The same, where the bearer is no person.
const MARKS_OF_THINGS: &[&str] = &["ex", "ex.", "ex-name", "renamed"];
/// A name is at least so many letters long.
const LEAST: usize = 3;

/// The names of a field that holds several, else nothing.
pub fn parts(name: &str, reading: Reading) -> Vec<String> {
    // Most names hold no mark: seen word by word, without a copy.
    let bare = |word: &str| -> usize { word.trim_matches(|c: char| !c.is_alphanumeric() && c != '@').len() };
    let begins = |word: &str, mark: &str| {
        let first = mark.split(' ').next().unwrap_or(mark);
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
        word.get(..first.len()).is_some_and(|start| start.eq_ignore_ascii_case(first))
    };
    let marked = |word: &str| bare(word) > 0 && MARKS.iter().chain(MARKS_OF_THINGS).any(|mark| begins(word, mark));
    if !name.split([' ', ',', '(', ';', '[']).any(marked) {
        return Vec::new();
    }
    let lower = name.to_lowercase();
    // Lower case may have another length: then no place can be carried over.
    if lower.len() != name.len() {
        return Vec::new();
    }
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let things = if reading == Reading::Organisation { MARKS_OF_THINGS } else { &[] };
    for mark in MARKS.iter().chain(things) {
        for (from, _) in lower.match_indices(mark) {
            let to = from + mark.len();
            let before = lower[..from].chars().next_back();
            let after = lower[to..].chars().next();
            let apart =
                |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '\'' | '’' | '/'));
            let inside = cuts.iter().any(|(start, end)| from < *end && to > *start);
            if apart(before) && apart(after) && !inside {
                cuts.push((from, to));
            }
        }
    }
    cuts.sort_unstable();
    let mut out = Vec::new();
    let mut start = 0;
    for (from, to) in cuts.iter().copied().chain([(name.len(), name.len())]) {
        let part =
            name[start..from].trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '"' | '.' | ')' | '('));
        let part = part.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | ':'));
        if part.chars().filter(|c| c.is_alphabetic()).count() >= LEAST {
            out.push(part.to_owned());
        }
        start = to;
    }
    if out.len() < 2 { Vec::new() } else { out }
}

/// The names that one field of an organisation holds: itself; the parts on either side of a slash; the acronym in
/// brackets behind the name it abbreviates; other names behind `alias`, `formerly`, `ex`. A vessel's number leaves its name.
pub fn alternatives(name: &str, reading: Reading) -> Vec<String> {
    let bare = if reading == Reading::Person { name.to_owned() } else { vessels::without_number(name).0 };
    let mut out = vec![bare];
    out.extend(parts(&out[0], reading));
    if reading == Reading::Person {
        return out;
    }
    let name = out[0].clone();
    let name = name.as_str();
    out.extend(vessels::without_type_behind(name).map(str::to_owned));
    let parts: Vec<&str> =
        name.split('/').map(str::trim).filter(|p| p.chars().filter(|c| c.is_alphanumeric()).count() >= 4).collect();
    if parts.len() > 1 && parts.len() <= 4 {
        out.extend(parts.iter().map(|p| (*p).to_owned()));
    }
    if let (Some(open), Some(close)) = (name.find('('), name.rfind(')'))
        && open > 0
        && close > open
    {
        let inside = name[open + 1..close].trim();
        let outside = format!("{} {}", &name[..open], &name[close + 1..]);
        if is_acronym_of(inside, &outside) || is_short_name(inside, &outside) {
            out.push(outside);
            out.push(inside.to_owned());
        }
    }
    out
}

/// Capital letters only, each the first of a word outside, in order.
fn is_acronym_of(inside: &str, outside: &str) -> bool {
    if inside.chars().count() < 3 || !inside.chars().all(char::is_uppercase) {
        return false;
    }
    let firsts: Vec<char> =
        outside.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric())).collect();
    let mut next = firsts.iter().flat_map(|c| c.to_uppercase());
    inside.chars().all(|c| next.any(|f| f == c))
}

/// A word in capitals that follows a name in small letters, and says neither where it is nor what it does.
fn is_short_name(inside: &str, outside: &str) -> bool {
    (3..=8).contains(&inside.chars().count())
        && inside.chars().all(char::is_uppercase)
        && outside.chars().filter(|c| c.is_lowercase()).count() > 4
        && !vocabulary::is_known_word(&inside.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_names_in_one_field_are_taken_apart() {
        for (name, reading, expected) in [
            ("ARCTIC LANTERN ex OLD BEACON", Reading::Organisation, &["ARCTIC LANTERN", "OLD BEACON"][..]),
            (
                "ARCTIC LANTERN (ex-OLD BEACON, ex NEW ONE)",
                Reading::Organisation,
                &["ARCTIC LANTERN", "OLD BEACON", "NEW ONE"],
            ),
            ("Vorska Yards f.k.a. Orel Docks", Reading::Organisation, &["Vorska Yards", "Orel Docks"]),
            ("Nerpa Builders d/b/a Orel Stroy", Reading::Organisation, &["Nerpa Builders", "Orel Stroy"]),
            ("Catherine Dupont alias Lena Popova", Reading::Person, &["Catherine Dupont", "Lena Popova"]),
            ("Someone Else @ Alvaro Montenegro", Reading::Person, &["Someone Else", "Alvaro Montenegro"]),
            ("Alias Montenegro", Reading::Person, &[]),
            ("Nova Exalted", Reading::Organisation, &[]),
            ("Ex Libris Ltd", Reading::Organisation, &[]),
        ] {
            assert_eq!(parts(name, reading), expected, "{name}");
        }
    }
}
