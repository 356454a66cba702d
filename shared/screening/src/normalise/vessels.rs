//! What stands beside the name of a vessel or an aircraft: its number, its type.

use super::{Token, TokenKind};
use crate::number::is_imo;

/// Types of ships that stand before a name, by the words they are cut into (`LPG/C` is two).
const TYPES: &[&str] = &[
    "motor vessel",
    "motor tanker",
    "motor ship",
    "motor yacht",
    "motor tug",
    "sailing vessel",
    "sailing yacht",
    "steam ship",
    "steam tanker",
    "oil tanker",
    "crude oil tanker",
    "crude tanker",
    "product tanker",
    "chemical tanker",
    "gas tanker",
    "shuttle tanker",
    "gas carrier",
    "lpg carrier",
    "lng carrier",
    "lpg tanker",
    "lng tanker",
    "bulk carrier",
    "ore carrier",
    "car carrier",
    "vehicle carrier",
    "general cargo ship",
    "general cargo vessel",
    "general cargo",
    "cargo ship",
    "cargo vessel",
    "container ship",
    "container vessel",
    "fishing vessel",
    "fishing boat",
    "supply vessel",
    "supply ship",
    "support vessel",
    "research vessel",
    "patrol vessel",
    "passenger ship",
    "passenger vessel",
    "ro ro",
    "roro",
    "tug boat",
    "lpg c",
    "lng c",
    "lpg",
    "lng",
    "m v",
    "m t",
    "m s",
    "m y",
    "m b",
    "f v",
    "f b",
    "t s",
    "t t",
    "s s",
    "s v",
    "s y",
    "s t",
    "r v",
    "p v",
    "d v",
    "d b",
    "b c",
    "c s",
    "c v",
    "o t",
    "g t",
    "g c",
    "t b",
    "o b o",
    "mv",
    "mt",
    "ms",
    "my",
    "ss",
    "fv",
    "ts",
    "sv",
    "sy",
    "rv",
    "psv",
    "dsv",
    "osv",
    "ahts",
    "vlcc",
    "ulcc",
    "vlgc",
    "fpso",
    "fso",
    "lpgc",
    "lngc",
    "tanker",
    "vessel",
    "ship",
    "steamship",
    "steamer",
    "motorship",
    "motortanker",
    "bulker",
    "freighter",
    "trawler",
    "tug",
    "tugboat",
    "barge",
    "yacht",
    "ferry",
    "dredger",
    "reefer",
    "coaster",
    "dhow",
];

/// How many words from the first are the type of a ship. A company's name keeps them: it shows a form, or words of business
/// alone are left.
pub fn type_before(tokens: &[Token], is_form: impl Fn(&str) -> bool) -> Option<usize> {
    let fits = |words: &&&str| {
        let count = words.split(' ').count();
        count < tokens.len() && words.split(' ').zip(tokens).all(|(word, token)| token.text == word)
    };
    let found = TYPES.iter().filter(fits).map(|words| words.split(' ').count()).max()?;
    let rest = &tokens[found..];
    let company = rest.iter().any(|token| token.kind == TokenKind::Legal || is_form(&token.text));
    let named = rest.iter().any(|token| !super::vocabulary::is_known_word(&token.text) && token.text.len() > 1);
    (named && !company).then_some(found)
}

/// The name without a type of ship in brackets behind it: `ARCTIC LANTERN (Tanker)`.
pub fn without_type_behind(name: &str) -> Option<&str> {
    let (before, inside) = name.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let inside = inside.trim().to_ascii_lowercase().replace('/', " ");
    TYPES.contains(&inside.as_str()).then(|| before.trim_end())
}

/// The name without the number of the ship, and the number: seven digits behind `IMO`, or with the right check digit at the end.
/// A name that is nothing but its number stays as it is.
pub fn without_number(name: &str) -> (String, Option<String>) {
    let Some((from, to, digits)) = number_in(name) else { return (name.to_owned(), None) };
    let open = |c: char| c.is_whitespace() || matches!(c, '(' | '[' | ',' | '-' | ':' | '#');
    let close = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | ',' | '-');
    let (before, after) = (name[..from].trim_end_matches(open), name[to..].trim_start_matches(close));
    let rest = format!("{before} {after}").trim().to_owned();
    let left = if rest.chars().any(char::is_alphabetic) { rest } else { name.to_owned() };
    (left, Some(digits))
}

/// Where the number and its label stand.
fn number_in(name: &str) -> Option<(usize, usize, String)> {
    const DIGITS: usize = 7;
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = |at: &usize| digit(*at) && !at.checked_sub(1).is_some_and(digit);
    for from in (0..bytes.len()).filter(starts) {
        let to = from + DIGITS;
        if !(from..to).all(digit) || digit(to) {
            continue;
        }
        let label = name[..from].trim_end_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        let bare = label.strip_suffix("number").or_else(|| label.strip_suffix("no")).unwrap_or(&label);
        let bare = bare.trim_end_matches(|c: char| !c.is_alphanumeric());
        if let Some(rest) = bare.strip_suffix("imo")
            && !rest.ends_with(char::is_alphanumeric)
        {
            return Some((rest.len(), to, name[from..to].to_owned()));
        }
        let at_end = !name[to..].contains(char::is_alphanumeric);
        if at_end && from > 0 && is_imo(&name[from..to]) {
            return Some((from, to, name[from..to].to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, form};
    use super::*;

    #[test]
    fn the_number_leaves_the_name() {
        for (name, expected) in [
            ("Arctic Lantern (IMO 9187629)", ("Arctic Lantern", Some("9187629"))),
            ("Arctic Lantern, IMO: 9187629", ("Arctic Lantern", Some("9187629"))),
            ("Arctic Lantern IMO No. 1234567", ("Arctic Lantern", Some("1234567"))),
            ("IMO9187629 Arctic Lantern", ("Arctic Lantern", Some("9187629"))),
            ("Arctic Lantern 9187629", ("Arctic Lantern", Some("9187629"))),
            ("Arctic Lantern 9187628", ("Arctic Lantern 9187628", None)),
            ("Brigade 22", ("Brigade 22", None)),
            ("IMO 9187629", ("IMO 9187629", Some("9187629"))),
        ] {
            let (left, number) = without_number(name);
            assert_eq!((left.as_str(), number.as_deref()), expected, "{name}");
        }
    }

    #[test]
    fn the_type_of_a_ship_is_no_name() {
        let named = |name: &str| {
            let tokens = form(name, Reading::Organisation).tokens;
            let names: Vec<String> =
                tokens.into_iter().filter(|t| t.kind != TokenKind::Legal).map(|t| t.text).collect();
            names.join(" ")
        };
        for name in [
            "LPG/C Arctic Lantern",
            "F/V Arctic Lantern",
            "T/S Arctic Lantern",
            "Tanker Arctic Lantern",
            "M.V. Arctic Lantern",
        ] {
            assert_eq!(named(name), "arctic lantern", "{name}");
        }
        assert_eq!(named("Tanker Pacific Ltd"), "tanker pacific");
    }
}
