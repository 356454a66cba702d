//! Numbers in words, ordinals and Roman numerals, all to digits: `Brigade Forty-four` is `Brigade 44`.
//!
//! That is for organisations and vessels: in a person's name `Five` or `X` is a name, and only what stands behind it tells
//! bearers of one name apart ([`generations`]).

use super::{Token, TokenKind};

/// Cardinals, ordinals and the misspellings that official documents do contain.
const WORDS: &[(&str, u32)] = &[
    ("one", 1),
    ("first", 1),
    ("two", 2),
    ("second", 2),
    ("three", 3),
    ("third", 3),
    ("four", 4),
    ("fourth", 4),
    ("five", 5),
    ("fifth", 5),
    ("six", 6),
    ("sixth", 6),
    ("seven", 7),
    ("seventh", 7),
    ("eight", 8),
    ("eighth", 8),
    ("nine", 9),
    ("ninth", 9),
    ("ten", 10),
    ("tenth", 10),
    ("eleven", 11),
    ("eleventh", 11),
    ("twelve", 12),
    ("twelfth", 12),
    ("thirteen", 13),
    ("thirteenth", 13),
    ("fourteen", 14),
    ("fourteenth", 14),
    ("fifteen", 15),
    ("fifteenth", 15),
    ("sixteen", 16),
    ("sixteenth", 16),
    ("seventeen", 17),
    ("seventeenth", 17),
    ("eighteen", 18),
    ("eighteenth", 18),
    ("nineteen", 19),
    ("nineteenth", 19),
    ("twenty", 20),
    ("twentieth", 20),
    ("thirty", 30),
    ("thirtieth", 30),
    ("forty", 40),
    ("fourty", 40),
    ("fortieth", 40),
    ("fifty", 50),
    ("fiftieth", 50),
    ("sixty", 60),
    ("sixtieth", 60),
    ("seventy", 70),
    ("seventieth", 70),
    ("eighty", 80),
    ("eightieth", 80),
    ("ninety", 90),
    ("ninetieth", 90),
    ("hundred", 100),
    ("hundredth", 100),
    ("thousand", 1000),
];

const ROMAN: &[(&str, u32)] = &[
    ("i", 1),
    ("ii", 2),
    ("iii", 3),
    ("iv", 4),
    ("v", 5),
    ("vi", 6),
    ("vii", 7),
    ("viii", 8),
    ("ix", 9),
    ("x", 10),
    ("xi", 11),
    ("xii", 12),
    ("xiii", 13),
    ("xiv", 14),
    ("xv", 15),
    ("xvi", 16),
    ("xvii", 17),
    ("xviii", 18),
    ("xix", 19),
    ("xx", 20),
];

fn word_value(text: &str) -> Option<u32> {
    WORDS.iter().find(|(w, _)| *w == text).map(|(_, v)| *v)
}

/// `1st`, `22nd`, `3rd`, `45th`.
fn ordinal_value(text: &str) -> Option<u32> {
    let stem = ["st", "nd", "rd", "th"].iter().find_map(|s| text.strip_suffix(s))?;
    stem.parse().ok()
}

/// Turns the numbers of an organisation's tokens into digits, a tens word and the unit after it into one number.
/// A single Roman letter counts only behind another word (`Fund V`, not `V Trading`).
pub fn to_digits(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut tens = None::<u32>;
    for (i, mut token) in tokens.into_iter().enumerate() {
        let spelled = word_value(&token.text);
        if let (Some(t), Some(unit)) = (tens, spelled)
            && unit < 10
            && t % 10 == 0
        {
            if let Some(last) = out.last_mut() {
                last.set_number(t + unit);
            }
            tens = None;
            continue;
        }
        let roman = || ROMAN.iter().find(|(r, _)| *r == token.text && i > 0).map(|(_, v)| *v);
        let value = spelled.or_else(|| ordinal_value(&token.text)).or_else(roman);
        if let Some(v) = value {
            token.set_number(v);
        } else if token.text.bytes().all(|b| b.is_ascii_digit()) {
            token.kind = TokenKind::Number;
            let trimmed = token.text.trim_start_matches('0');
            if !trimmed.is_empty() && trimmed.len() != token.text.len() {
                token.text = trimmed.into();
                token.canon.clone_from(&token.text);
            }
        }
        tens = spelled.filter(|v| (20..100).contains(v) && v % 10 == 0);
        out.push(token);
    }
    out
}

/// Marks which of several bearers of a name a person is, wherever it stands: `Charles III`, `Smith Jr., John`.
pub fn generations(mut tokens: Vec<Token>) -> Vec<Token> {
    if tokens.len() < 2 {
        return tokens;
    }
    for token in &mut tokens {
        // "I", "V" and "X" are initials, "Vi" and "Xi" are names.
        let roman = ROMAN.iter().find(|(r, _)| *r == token.text && r.len() > 1 && !matches!(*r, "vi" | "xi"));
        let word = [("jr", "jr"), ("junior", "jr"), ("sr", "sr")].iter().find(|(w, _)| *w == token.text);
        if let Some((_, value)) = roman {
            token.set_number(*value);
        } else if let Some((_, short)) = word {
            token.text = (*short).to_owned();
            token.canon.clone_from(&token.text);
            token.kind = TokenKind::Number;
        }
    }
    tokens
}

impl Token {
    fn set_number(&mut self, value: u32) {
        self.text = value.to_string();
        self.canon.clone_from(&self.text);
        self.kind = TokenKind::Number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::{Reading, form};

    #[test]
    fn cases() {
        for (name, expected) in [
            ("Unit 022", "unit 22"),
            ("Twenty Third Front", "23 front"),
            ("45th Brigade", "45 brigade"),
            ("Fund XII", "fund 12"),
            ("V Trading", "v trading"),
            ("Seven Seas", "7 seas"),
            ("Twenty Twenty", "20 20"),
        ] {
            let got =
                form(name, Reading::Organisation).tokens.iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ");
            assert_eq!(got, expected, "{name}");
        }
        assert_eq!(form("Five Xi", Reading::Person).tokens[0].kind, TokenKind::Name);
    }
}
