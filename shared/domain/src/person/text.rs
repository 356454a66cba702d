//! Cleaning of texts that people type or paste, by the properties that Unicode publishes for each character.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, JoiningType},
};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

use super::{CONTROL, EMPTY, TOO_LONG};
use crate::{field::FieldFault, secret::LOST};

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// Canonical combining class of the signs that join two consonants (virama, halant, coeng).
const VIRAMA: u8 = 9;

/// The `General_Category` of a character.
pub(super) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

pub(super) fn is_letter(c: char) -> bool {
    use GeneralCategory as G;
    matches!(
        category(c),
        G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter
    )
}

pub(super) fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    matches!(category(c), G::NonspacingMark | G::SpacingMark | G::EnclosingMark)
}

/// Hyphens and dashes of all scripts; the minus sign, which is pasted in their place.
pub(super) fn is_dash(c: char) -> bool {
    category(c) == GeneralCategory::DashPunctuation || c == '\u{2212}'
}

/// `Default_Ignorable_Code_Point`: characters without a shape of their own, such as fillers, direction marks and
/// variation selectors.
pub(super) fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Characters that do not show, or that break a line.
pub(crate) fn is_hidden(c: char) -> bool {
    is_control(c) || is_ignorable(c)
}

fn is_control(c: char) -> bool {
    use GeneralCategory as G;
    matches!(category(c), G::Control | G::LineSeparator | G::ParagraphSeparator)
}

/// The text in NFC, without characters that have no shape (`Default_Ignorable_Code_Point`).
///
/// Zero-width joiners and non-joiners stay where they change how the letters around them are drawn, as
/// [`shapes_its_neighbours`] says; names in Persian, Sinhala, Malayalam and Bengali are misspelt without them.
///
/// Refused are control characters, line separators and U+FFFD, which stands for a letter that was lost on the way here.
pub(super) fn cleaned(text: &str) -> Result<String, FieldFault> {
    let chars: Vec<char> = text.nfc().collect();
    if chars.contains(&char::REPLACEMENT_CHARACTER) {
        return Err(LOST);
    }
    if chars.iter().any(|&c| is_control(c)) {
        return Err(CONTROL);
    }
    let mut kept: Vec<char> = Vec::with_capacity(chars.len());
    for (at, &c) in chars.iter().enumerate() {
        if !is_ignorable(c) || shapes_its_neighbours(c, &kept, &chars[at + 1..]) {
            kept.push(c);
        }
    }
    Ok(kept.into_iter().nfc().collect())
}

/// Whether a joiner stands where it has an effect: the rules of RFC 5892, appendix A.1 and A.2, and a joiner before a
/// virama, which keeps the letter before it whole (Bengali `র‍্য`).
fn shapes_its_neighbours(joiner: char, before: &[char], after: &[char]) -> bool {
    let virama = |c: Option<&char>| c.is_some_and(|&c| canonical_combining_class(c) == VIRAMA);
    let next = || after.iter().find(|&&c| !is_ignorable(c));
    match joiner {
        ZERO_WIDTH_JOINER => virama(before.last()) || (before.last().is_some_and(|&c| is_letter(c)) && virama(next())),
        ZERO_WIDTH_NON_JOINER => virama(before.last()) || separates(before, after),
        _ => false,
    }
}

/// Whether the letters on both sides would be drawn as one stroke without a non-joiner between them.
fn separates(before: &[char], after: &[char]) -> bool {
    let joining = |c: char| CodePointMapData::<JoiningType>::new().get(c);
    let letter = |c: &&char| joining(**c) != JoiningType::Transparent && !is_ignorable(**c);
    // A non-joiner that was kept already does the work of a second one.
    if before.last() == Some(&ZERO_WIDTH_NON_JOINER) {
        return false;
    }
    let left = before.iter().rev().find(letter).map(|&c| joining(c));
    let right = after.iter().find(letter).map(|&c| joining(c));
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// [`cleaned`], trimmed, runs of blanks made one; 1 to `max` characters.
pub(super) fn line(text: &str, max: usize) -> Result<String, FieldFault> {
    // Normalising can lengthen a text at most threefold: what is far beyond the limit is not worth the work.
    if text.len() > max.saturating_mul(16) {
        return Err(TOO_LONG);
    }
    let text = single_spaced(&cleaned(text)?);
    match text.chars().count() {
        0 => Err(EMPTY),
        n if n > max => Err(TOO_LONG),
        _ => Ok(text),
    }
}

pub(super) fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number as it is printed, in one spelling: NFKC, upper case, digits of all scripts as ASCII digits, dashes of all
/// kinds as `-`, blanks single. At most `max` characters.
pub(crate) fn printed(text: &str, max: usize) -> Result<String, FieldFault> {
    let text: String = line(text, max)?.nfkc().collect();
    let text: String = text.to_uppercase().nfkc().map(|c| if is_dash(c) { '-' } else { ascii_digit(c) }).collect();
    let text = single_spaced(&text);
    if text.chars().count() > max { Err(TOO_LONG) } else { Ok(text) }
}

/// A decimal digit of any script as the ASCII digit of its value; any other character as it is.
///
/// Digits stand in order, zero first, in runs of ten (The Unicode Standard §4.6); two runs may follow each other. So the
/// distance to the first of them tells the value.
fn ascii_digit(c: char) -> char {
    let is_digit = |code: u32| char::from_u32(code).is_some_and(|c| category(c) == GeneralCategory::DecimalNumber);
    if c.is_ascii() || !is_digit(u32::from(c)) {
        return c;
    }
    let below = (1..u32::from(c)).take_while(|distance| is_digit(u32::from(c) - distance)).count();
    u32::try_from(below % 10).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

/// Whether a printed number may hold this character, in the form that [`printed`] gives it: a letter or digit of any
/// script, or one of the signs that states print.
pub(crate) fn in_printed_number(c: char) -> bool {
    is_letter(c) || is_mark(c) || c.is_ascii_digit() || " -/.()+&".contains(c)
}

/// Letters, digits and the signs that tell numbers apart, `&` (Mexico) and `+` (Sweden): one number has one such form,
/// for blind indexes and comparison.
pub(crate) fn comparable(printed: &str) -> String {
    printed.chars().filter(|&c| is_letter(c) || is_mark(c) || c.is_ascii_digit() || c == '&' || c == '+').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_composed_and_single_spaced() {
        assert_eq!(line("  e\u{301}  a ", 3).unwrap(), "\u{e9} a");
        assert_eq!(line(" \t ", 3), Err(CONTROL));
        assert_eq!(line("  ", 3), Err(EMPTY));
        assert_eq!(line("abcd", 3), Err(TOO_LONG));
        assert_eq!(line("a\u{2028}b", 3), Err(CONTROL));
        assert_eq!(line("M\u{fffd}ller", 10), Err(LOST));
    }

    /// Pasted texts bring them along, and a name in which they stayed would look like another one.
    #[test]
    fn characters_without_a_shape_are_removed() {
        for ignorable in (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|&c| is_ignorable(c)) {
            assert_eq!(
                line(&format!("{ignorable}A{ignorable}da{ignorable}"), 9).as_deref(),
                Ok("Ada"),
                "{ignorable:?}"
            );
            assert_eq!(line(&ignorable.to_string(), 9), Err(EMPTY), "{ignorable:?}");
        }
        // What they kept apart is composed.
        assert_eq!(line("e\u{34f}\u{301}", 9).as_deref(), Ok("\u{e9}"));
    }

    #[test]
    fn joiners_stay_where_they_shape_letters() {
        for kept in [
            "ශ්\u{200d}රී",             // Sinhala: one conjunct
            "അനിലന്\u{200d}",          // Malayalam: a chillu in the older encoding
            "র\u{200d}্যান্ডি",          // Bengali: RA stays whole before YA
            "क्\u{200c}ष",             // Devanagari: a visible halant
            "علی\u{200c}رضا",         // Persian: two parts of one name
            "مهدی\u{64e}\u{200c}نیا", // the same behind a vowel sign
        ] {
            assert_eq!(line(kept, 40).as_deref(), Ok(kept), "{kept}");
        }
        for (typed, kept) in [
            ("Ad\u{200d}a", "Ada"),
            ("Ad\u{200c}a", "Ada"),
            ("क\u{200d}मल", "कमल"),
            ("رضا\u{200c}علی", "رضاعلی"), // alef never joins to what follows
            ("علی\u{200c}", "علی"),
            ("علی\u{200c}\u{200c}رضا", "علی\u{200c}رضا"),
            ("علی\u{200c}\u{200e}رضا", "علی\u{200c}رضا"),
        ] {
            assert_eq!(line(typed, 40).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    /// [`ascii_digit`] rests on it.
    #[test]
    fn digits_of_all_scripts_stand_in_runs_of_ten() {
        let folds = |c: char| c.to_string().nfkc().all(|c| c.is_ascii_digit());
        let digits: Vec<char> = (0x80..=u32::from(char::MAX))
            .filter_map(char::from_u32)
            .filter(|&c| category(c) == GeneralCategory::DecimalNumber && !folds(c))
            .collect();
        assert!(digits.len() > 500, "{}", digits.len());
        for (at, &c) in digits.iter().enumerate() {
            assert_eq!(ascii_digit(c), char::from_digit(u32::try_from(at % 10).unwrap(), 10).unwrap(), "{c:?}");
        }
        assert_eq!(printed("٠١٢٣٤٥٦٧٨٩ ०१२३४५६७८९ ０１２ 𝟘𝟙", 40).as_deref(), Ok("0123456789 0123456789 012 01"));
    }
}
