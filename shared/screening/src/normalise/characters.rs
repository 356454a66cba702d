//! Which characters of a name are read.
//!
//! Unicode offers thousands of characters that a reader does not see, or takes for a letter: fillers, joiners, variation
//! selectors, tags, emoji, squared and circled letters. What carries no letter is dropped before words are cut, so that
//! it can neither split a word nor decide what script it is in. `docs/screening.md` has the table of rules.

use std::borrow::Cow;

use any_ascii::any_ascii_char;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

/// How characters are read that do not belong to the word they stand in: letters of another script, letters that no
/// living language writes, ligatures, digits amid the letters of a person's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusual {
    /// As the letter they look like or, failing that, by the table of their script.
    Read,
    /// Not at all.
    Dropped,
    /// The whole name as the Latin letters it looks like.
    AsLatin,
}

/// Apostrophes, the hamza and ayn marks of romanisations, modifier letters: they stand inside a word and carry no meaning
/// for comparison. `Qa'ida` is one word.
pub fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '’'
            | '‘'
            | 'ʼ'
            | 'ʻ'
            | '`'
            | '´'
            | 'ʿ'
            | 'ʾ'
            | '′'
            | 'ʹ'
            | 'ʺ'
            | '＇'
            | '՚'
            | '׳'
            | '״'
            | 'ꞌ'
            | 'ˈ'
    )
}

/// The character is a letter of Han, kana, Hangul or Bopomofo, which one name may mix.
pub fn is_east_asian(script: Script) -> bool {
    matches!(script, Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo)
}

/// Drops what carries no letter, unfolds compatibility characters (NFKC, UAX #15) and writes digits as ASCII.
pub fn clean(name: &str, unusual: Unusual) -> Cow<'_, str> {
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_control()) {
        return Cow::Borrowed(name);
    }
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    // First of all: a filler between a letter and its mark, or between two jamo, would keep them from composing.
    let seen: Vec<char> = name.chars().filter(|c| !ignorable.contains(*c) && *c != TATWEEL).collect();
    let mut kept = String::with_capacity(name.len());
    let mut before = None;
    for (at, &c) in seen.iter().enumerate() {
        let beside = [before, seen.get(at + 1).copied()];
        if let Some(read) = read(c, beside, unusual) {
            before = Some(c);
            match read {
                Reading::AsIs => kept.push(c),
                Reading::As(other) => kept.push(other),
            }
        }
    }
    Cow::Owned(kept.nfkc().collect())
}

const TATWEEL: char = '\u{640}';

enum Reading {
    AsIs,
    As(char),
}

/// As what a character is read between its neighbours; nothing if it is dropped.
fn read(c: char, beside: [Option<char>; 2], unusual: Unusual) -> Option<Reading> {
    use GeneralCategory as G;
    if c.is_whitespace() {
        return Some(Reading::AsIs);
    }
    if c.is_ascii() {
        return (!c.is_ascii_control()).then_some(Reading::AsIs);
    }
    if is_apostrophe(c) {
        return Some(Reading::AsIs);
    }
    match CodePointMapData::<G>::new().get(c) {
        G::Control | G::Format | G::PrivateUse | G::Unassigned | G::Surrogate => None,
        G::MathSymbol | G::CurrencySymbol | G::ModifierSymbol | G::OtherSymbol | G::OtherNumber | G::LetterNumber => {
            symbol(c, beside)
        }
        G::DecimalNumber => Some(digit(c).map_or(Reading::AsIs, Reading::As)),
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark => {
            (!is_misplaced_jamo(c, beside[0])).then_some(Reading::AsIs)
        }
        // A letter or point that NFKC would make several words of.
        _ if c.nfkc().any(char::is_whitespace) => None,
        G::OtherLetter if is_misplaced_jamo(c, beside[0]) => None,
        G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter => {
            // Letters newer than the standard library's tables are no letters to the rest of the code.
            (c.is_alphabetic() && (unusual != Unusual::Dropped || !is_styled(c))).then_some(Reading::AsIs)
        }
        _ => Some(Reading::AsIs),
    }
}

/// A ligature, or a letter in another style (mathematical, fullwidth): found in text taken from print, and a way to insert
/// letters. NFKC makes plain letters of it.
pub fn is_styled(c: char) -> bool {
    !c.is_ascii() && c.is_alphabetic() && !letters(c).eq([c]) && !c.nfd().nfc().eq(c.nfkc())
}

/// The letters and digits that a compatibility character stands for.
fn letters(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c).nfkc().filter(|c| c.is_alphanumeric())
}

/// A symbol that stands for one letter (`ⓐ`, `⒜`, `²`) is that letter; inside a word one that stands for several (`㎏`, `Ⅷ`,
/// `½`) or for none (emoji, box drawings, the blank Braille pattern) is nothing.
fn symbol(c: char, beside: [Option<char>; 2]) -> Option<Reading> {
    let mut letters = letters(c);
    let (first, more) = (letters.next()?, letters.next().is_some());
    let east_asian = is_east_asian(first.script());
    if let Some(digit) = digit(first).filter(|_| !more) {
        return Some(Reading::As(digit));
    }
    if !more && first != c && !east_asian {
        return Some(Reading::As(first));
    }
    let in_word = |c: char| c.is_alphabetic() && !(east_asian && is_east_asian(c.script()));
    (!beside.into_iter().flatten().any(in_word)).then_some(Reading::AsIs)
}

/// A character that stands in no person's name beside a letter, and may be meant as one: symbols, digits, letters of no known
/// script, and punctuation other than what separates names.
pub fn is_sign(c: char) -> bool {
    use GeneralCategory as G;
    match CodePointMapData::<G>::new().get(c) {
        G::MathSymbol
        | G::CurrencySymbol
        | G::ModifierSymbol
        | G::OtherSymbol
        | G::OtherNumber
        | G::LetterNumber
        | G::DecimalNumber => !is_apostrophe(c),
        G::OtherLetter | G::UppercaseLetter | G::LowercaseLetter => !c.is_alphabetic(),
        G::OtherPunctuation => {
            const SEPARATORS: &str = ".,;:/\\\"&·・•‧･、。،؛，．／：；＆…";
            !is_apostrophe(c) && !SEPARATORS.contains(c)
        }
        _ => false,
    }
}

/// Punctuation that never stands between two letters of a person's name without a blank beside it.
pub fn breaks_a_word(c: char) -> bool {
    use GeneralCategory as G;
    let category = CodePointMapData::<G>::new().get(c);
    matches!(category, G::OpenPunctuation | G::ClosePunctuation | G::InitialPunctuation | G::FinalPunctuation)
        || matches!(c, ',' | ';' | ':' | '"' | '،' | '؛' | '︱')
}

/// The ASCII digit of a decimal digit in any script.
fn digit(c: char) -> Option<char> {
    let mut ascii = any_ascii_char(c).chars();
    ascii.next().filter(|d| d.is_ascii_digit() && ascii.next().is_none() && c.is_numeric())
}

/// A vowel or final of decomposed Hangul behind a whole syllable: no text holds both, and NFKC would make another syllable.
fn is_misplaced_jamo(c: char, before: Option<char>) -> bool {
    matches!(c, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}')
        && before.is_some_and(|b| matches!(b, '\u{ac00}'..='\u{d7a3}'))
}

/// NFKD, marks dropped, then the table; lower case, letters and digits only. A mark of kana stays, since it makes another letter: `ゼ` is
/// `ze`, and `セ` is `se`.
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let decomposed = text.nfkd().collect::<Vec<_>>();
    for (at, &c) in decomposed.iter().enumerate().filter(|(_, c)| !unicode_normalization::char::is_combining_mark(**c))
    {
        let mark = decomposed.get(at + 1).copied().filter(|mark| matches!(mark, '\u{3099}' | '\u{309a}'));
        let c = mark.and_then(|mark| unicode_normalization::char::compose(c, mark)).unwrap_or(c);
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() {
            out.extend(any_ascii_char(c).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_no_letter_is_dropped_and_symbols_are_the_letter_they_stand_for() {
        for (name, expected) in [
            ("Al\u{1160}va\u{3164}ro\u{ffa0}", "Alvaro"),
            ("Al\u{e0041}va\u{fe0f}ro\u{34f}\u{61c}", "Alvaro"),
            ("A\u{202e}lvaro\u{2066}", "Alvaro"),
            ("Al\u{2800}va☠ro\u{1f600}", "Alvaro"),
            ("Al\u{e000}varo\u{10ffff}", "Alvaro"),
            ("Ⓐlv⒜ro", "Alvaro"),
            ("𝐀𝔩𝓿𝕒𝗋𝚘 ａｌｖ", "Alvaro alv"),
            ("Al㎏varo Ⅷ", "Alvaro VIII"),
            ("Al\u{fdfa}varo", "Alvaro"),
            ("e\u{34f}\u{301}", "é"),
            ("Al٣v३", "Al3v3"),
            ("김\u{11a8}철수", "김철수"),
            ("\u{1100}\u{1175}\u{11b7}", "김"),
            ("Alvaro\u{3000}Ruiz\tX", "Alvaro Ruiz\tX"),
            ("Alva\u{1f}ro", "Alvaro"),
            ("㈱サクラ", "(株)サクラ"),
            ("Gri\u{fb03}n", "Griffin"),
        ] {
            assert_eq!(clean(name, Unusual::Read), expected, "{name:?}");
        }
        assert_eq!(clean("Alva\u{fb03}ro", Unusual::Dropped), "Alvaro");
    }

    #[test]
    fn marks_of_kana_make_other_letters() {
        for (text, expected) in
            [("ゼタ", "zeta"), ("セタ", "seta"), ("ｾﾞﾀ", "zeta"), ("パリ", "pari"), ("がくぶち", "gakubuchi")]
        {
            assert_eq!(ascii(text), expected, "{text}");
        }
    }
}
