//! The names that one field holds: riders and remarks go, second names become names of their own.
//!
//! Lists and customers' forms write `X a.k.a. Y`, `X @ Y`, `X (formerly Y)` in one field; so this is for both sides.

use crate::entity::{Kind, NameType, Strength};
use crate::text::repaired;

use super::name_marks::{self, Mark};

/// No field holds more names.
const MAX_NAMES: usize = 40;

/// A name out of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName {
    /// The name without what stood around it.
    pub text: String,
    /// Primary for the first name of the field.
    pub name_type: NameType,
    /// Weak where the field says so (`(low quality)`).
    pub strength: Strength,
}

/// All names of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldNames {
    /// In the order of the field.
    pub names: Vec<FieldName>,
    /// The IMO number beside a ship's name.
    pub imo: Option<String>,
}

/// Takes a field apart into its names, the primary one first.
///
/// Where a word may be a mark or a name (`alias` is a given name in Malaysia), the whole text stays as a further name.
pub fn names_in(text: &str, kind: Kind) -> FieldNames {
    let repaired = repaired(text);
    let mut out = FieldNames::default();
    let without_imo = match imo(&repaired) {
        Some((rest, number)) if rest.chars().any(char::is_alphabetic) => {
            out.imo = Some(number);
            rest
        }
        _ => repaired.into_owned(),
    };
    for (i, piece) in pieces(&without_imo).into_iter().enumerate() {
        let (piece, strength) = quality(&piece);
        let piece = without_rider(&piece);
        let found = name_marks::marks(&piece, kind);
        let mut start = 0;
        let mut name_type = if i == 0 { NameType::Primary } else { NameType::Alias };
        let mut main = String::new();
        for mark in &found {
            let part = tidy(&piece[start..mark.from]);
            if main.is_empty() {
                main.clone_from(&part);
            }
            put(&mut out, part, name_type, strength);
            start = mark.to;
            match mark.mark {
                Mark::Alias => name_type = NameType::Alias,
                Mark::Former => name_type = NameType::Former,
                Mark::Birth => {
                    // Of "Catherine Dupont née Martin" the name was Catherine Martin.
                    let given = main.rsplit_once(' ').map_or("", |(given, _)| given);
                    put(&mut out, tidy(&format!("{given} {}", &piece[start..])), NameType::Former, strength);
                }
                Mark::Relative => {}
            }
            if matches!(mark.mark, Mark::Birth | Mark::Relative) {
                start = piece.len();
                break;
            }
        }
        put(&mut out, tidy(&piece[start..]), name_type, strength);
        if found.iter().any(|mark| mark.is_doubtful) {
            put(&mut out, tidy(&piece), NameType::Alias, strength);
        }
    }
    if let Some(first) = out.names.first_mut() {
        first.name_type = NameType::Primary;
    }
    out
}

fn put(out: &mut FieldNames, text: String, name_type: NameType, strength: Strength) {
    let is_new = || !out.names.iter().any(|name| name.text.eq_ignore_ascii_case(&text));
    if out.names.len() < MAX_NAMES && text.chars().any(char::is_alphanumeric) && is_new() {
        out.names.push(FieldName { text, name_type, strength });
    }
}

/// Parts between semicolons, behind numbers (`1) X 2) Y`), and in brackets that hold names.
fn pieces(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in without_brackets_of_names(text).split(';') {
        let mut start = 0;
        for (close, _) in part.match_indices(") ") {
            // `a)`, `2)` or `(2)` that begins the part or follows a blank.
            let before = &part[start..close];
            let Some(label) = before.chars().next_back().filter(|c| matches!(c, 'a'..='h' | '1'..='9')) else {
                continue;
            };
            let head = &before[..before.len() - label.len_utf8()];
            let head = head.strip_suffix('(').unwrap_or(head);
            if head.is_empty() || head.ends_with(' ') {
                out.push(head.to_owned());
                start = close + 2;
            }
        }
        out.push(part[start..].to_owned());
    }
    out.retain(|piece| piece.chars().any(char::is_alphanumeric));
    out.truncate(MAX_NAMES);
    out
}

/// A bracket that holds several names, or a name in another script than what stands outside, is parted by semicolons:
/// `حسن غول (Hassan Ghul; Hasan Gul)`.
fn without_brackets_of_names(text: &str) -> String {
    // By its first letter: remarks on a script stand behind the name.
    let is_latin = |text: &str| text.chars().find(|c| c.is_alphabetic()).is_some_and(|c| c < '\u{250}');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let Some(close) = closing(&rest[open..]).map(|length| open + length) else { break };
        let inner = &rest[open + 1..close];
        let outside = out.as_str().chars().chain(rest[..open].chars()).collect::<String>();
        let letters = |text: &str| text.chars().any(char::is_alphabetic);
        let in_other_script = letters(&outside) && letters(inner) && is_latin(&outside) != is_latin(inner);
        out.push_str(&rest[..open]);
        if inner.trim().eq_ignore_ascii_case("original script") {
            // It does not concern the name.
        } else if inner.contains(';') || in_other_script {
            out.push(';');
            out.push_str(&without_brackets_of_names(inner));
            out.push(';');
        } else {
            out.push_str(&rest[open..=close]);
        }
        rest = &rest[close + 1..];
    }
    out + rest
}

/// The place of the bracket that closes the one at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Words before a rider.
const CONNECTIVES: &[&str] = &["and", "or", "including", "as well as", "together with", "along with", "with"];
/// How riders begin: "any successor, sub-unit, or subsidiary thereof".
const RIDERS: &[&str] = &[
    "successor",
    "sub-unit",
    "subunit",
    "subsidiar",
    "affiliate",
    "predecessor",
    "assign",
    "parent",
    "branch",
    "division",
    "entities owned",
    "entity owned",
    "vessels owned",
    "related entit",
    "associated entit",
    "other successor",
];
/// What stands between the connective and the rider.
const DETERMINERS: &[&str] =
    &["any and all ", "any of its ", "all of its ", "any ", "all ", "its ", "their ", "the ", ""];

/// Cuts a rider off: `; and any successor, sub-unit, or subsidiary thereof`.
fn without_rider(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut end = text.len();
    for (at, _) in lower.match_indices(|c: char| c.is_ascii_alphabetic()) {
        if at > 0 && lower.as_bytes()[at - 1].is_ascii_alphanumeric() {
            continue;
        }
        let rest = &lower[at..];
        let behind = CONNECTIVES.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' ')).or_else(|| {
            // "…, any successor" needs no connective.
            let clause = at == 0 || lower[..at].trim_end().ends_with([',', '(', ';', '-']);
            (clause && (rest.starts_with("any ") || rest.starts_with("its "))).then_some(rest)
        });
        let Some(behind) = behind.map(str::trim_start) else { continue };
        let begins = |determiner: &&str| {
            // Without a determiner ("Smith and Partners Division") only the plain end of a name is a rider.
            let Some(noun) = behind.strip_prefix(*determiner) else { return false };
            let rider = RIDERS.iter().find(|rider| noun.starts_with(**rider));
            rider.is_some_and(|_| {
                !determiner.is_empty()
                    || matches!(
                        noun.trim_end_matches('.'),
                        "subsidiaries" | "successors" | "affiliates" | "assigns" | "branches"
                    )
            })
        };
        if DETERMINERS.iter().any(begins) {
            end = at;
            break;
        }
    }
    text[..end].to_owned()
}

/// Without `so-called`, marks of quality, and unmatched signs at the ends.
fn tidy(text: &str) -> String {
    let mut text = text.trim();
    loop {
        let before = text;
        text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '/' | '|' | '='));
        // A hyphen may belong to the word ("Inayat-ur-"): one that stands alone does not.
        for dash in ["-", "–", "—"] {
            text = text.strip_prefix(dash).filter(|rest| rest.starts_with(' ')).unwrap_or(text);
            text = text.strip_suffix(dash).filter(|rest| rest.ends_with(' ')).unwrap_or(text);
        }
        let lower = text.to_ascii_lowercase();
        let so_called = [
            "so-called",
            "so called",
            "the so-called",
            "the so called",
            "self-styled",
            "self-proclaimed",
            "the self-proclaimed",
            "the self-styled",
        ];
        if let Some(words) = so_called.iter().find(|w| lower.strip_prefix(**w).is_some_and(|r| r.starts_with(' '))) {
            text = &text[words.len()..];
        }
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}'), ('"', '"'), ('“', '”'), ('\'', '\''), ('‘', '’')]
        {
            let wraps = text.strip_prefix(open).and_then(|t| t.strip_suffix(close));
            if let Some(inner) = wraps.filter(|inner| !inner.contains([open, close])) {
                text = inner;
            }
        }
        for (open, close) in [('(', ')'), ('[', ']')] {
            let (opened, closed) = (text.matches(open).count(), text.matches(close).count());
            if opened > closed {
                text = text.strip_suffix(open).or_else(|| text.strip_prefix(open)).unwrap_or(text);
            } else if closed > opened {
                text = text.strip_suffix(close).or_else(|| text.strip_prefix(close)).unwrap_or(text);
            }
        }
        if text.ends_with("()") {
            text = &text[..text.len() - 2];
        }
        if text == before {
            break;
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without a remark on the name's quality, and what it says.
fn quality(text: &str) -> (String, Strength) {
    let lower = text.to_ascii_lowercase();
    for (from, _) in lower.match_indices(['(', '[']) {
        let Some(length) = lower[from..].find([')', ']']) else { break };
        let inner = lower[from + 1..from + length].trim();
        let words = inner.trim_end_matches(['.', ',']).replace(['-', '.'], " ");
        let is_alias = |rest: &str| matches!(rest.replace(' ', "").as_str(), "" | "aka" | "alias" | "name" | "aliases");
        for (start, strength) in [
            ("low quality", Strength::Weak),
            ("weak", Strength::Weak),
            ("good quality", Strength::Strong),
            ("strong", Strength::Strong),
        ] {
            if words.strip_prefix(start).is_some_and(is_alias) {
                return (format!("{} {}", &text[..from], &text[from + length + 1..]), strength);
            }
        }
    }
    (text.to_owned(), Strength::Strong)
}

/// The text without `IMO 9187629`, and the number.
fn imo(text: &str) -> Option<(String, String)> {
    let lower = text.to_ascii_lowercase();
    for (from, _) in lower.match_indices("imo") {
        if from > 0 && lower.as_bytes()[from - 1].is_ascii_alphanumeric() {
            continue;
        }
        let mut rest = lower[from + 3..].trim_start_matches([' ', ':', '#', '.', '-', '/']);
        for word in ["number", "no.", "no", "nr.", "nr"] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        let rest = rest.trim_start_matches([' ', ':', '#', '.', '-']);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 7 {
            let number = rest[..digits].to_owned();
            let end = lower.len() - rest.len() + digits;
            return Some((
                tidy(&format!(
                    "{} {}",
                    text[..from].trim_end_matches(['(', '[']),
                    text[end..].trim_start_matches([')', ']'])
                )),
                number,
            ));
        }
    }
    None
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
