//! Names of people.

use icu_properties::{
    props::{GeneralCategory, Script},
    script::ScriptWithExtensions,
};
use unicode_normalization::UnicodeNormalization;

use super::{
    EMPTY, mask_head, personal_text,
    text::{category, is_dash, is_ignorable, is_letter, is_mark, line, single_spaced},
};
use crate::field::FieldFault;

const NO_LETTER: FieldFault = FieldFault::new("no_letter", "Must have at least one letter.");
const BAD_NAME: FieldFault = FieldFault::new(
    "invalid_name",
    "Must hold only letters, blanks, apostrophes and hyphens; a full stop only after an initial, as in 'J. R.'.",
);

/// A given or family name, in any script: NFC, trimmed, runs of blanks made one, 1 to 100 characters.
///
/// It holds letters, marks, blanks, apostrophes and hyphens, with at least one letter, and a full stop only after a
/// single letter that ends a word. So no address of a web page is a name, since names stand in mails.
///
/// A middle dot and the Hebrew gershayim belong to names between two letters (`Gal·la`, `买买提·艾力`, `レオナルド・ダ`, `כ״ץ`),
/// and the signs that part syllables and words in Tibetan and Ethiopic are blanks of theirs.
/// Characters without a shape are removed (see [`super::text::cleaned`]), and so are marks of another script than their letter's:
/// nobody writes them, and they hide a name from screening.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

personal_text! { PersonName: "Ada" => restore, }

/// What is typed for an apostrophe and is not a letter by Unicode's categories, as `ʼ`, `ʻ` and `ʿ` are.
const APOSTROPHES: &str = "'`\u{b4}\u{55a}\u{5f3}\u{2018}\u{2019}\u{201b}\u{2032}\u{ff07}";

/// Signs that join two letters of a name: middle dots, the Hebrew gershayim.
const BETWEEN_LETTERS: &str = "\u{b7}\u{5f4}\u{2027}\u{30fb}\u{ff65}";

/// The Tibetan tsheg, the Ethiopic word space.
const SEPARATORS: &str = "\u{f0b}\u{f0c}\u{1361}";

const MAX: usize = 100;

impl PersonName {
    /// A name as a request brings it.
    ///
    /// # Errors
    /// `required`, `too_long`, `invalid_characters` (controls, lost letters), `no_letter`, `invalid_name`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = single_spaced(&without_foreign_marks(&line(text, MAX)?));
        if text.is_empty() {
            return Err(EMPTY);
        }
        let chars: Vec<char> = text.chars().collect();
        for (at, &c) in chars.iter().enumerate() {
            if !may_stand(c, &chars[..at], chars.get(at + 1).copied()) {
                return Err(BAD_NAME);
            }
        }
        // Modifier letters alone (`ʼ`, `ー`, the Arabic tatweel) name nobody.
        if !chars.iter().any(|&c| is_letter(c) && category(c) != GeneralCategory::ModifierLetter) {
            return Err(NO_LETTER);
        }
        Ok(Self(text))
    }

    /// A name that was accepted before, perhaps under rules that were not as strict as those of [`PersonName::parse`].
    fn restore(text: &str) -> Result<Self, FieldFault> {
        if text.is_empty() { Err(EMPTY) } else { Ok(Self(text.to_owned())) }
    }

    pub fn masked(&self) -> String {
        mask_head(&self.0)
    }
}

/// Whether a character may follow `before` and precede `next`.
fn may_stand(c: char, before: &[char], next: Option<char>) -> bool {
    let in_word = |c: char| is_letter(c) || is_mark(c) || is_ignorable(c);
    if in_word(c) || c == ' ' || is_dash(c) || APOSTROPHES.contains(c) || SEPARATORS.contains(c) {
        return true;
    }
    if c == '.' {
        let word = before.iter().rev().take_while(|&&c| in_word(c));
        return word.filter(|&&c| is_letter(c)).count() == 1 && matches!(next, None | Some(' '));
    }
    BETWEEN_LETTERS.contains(c) && before.last().is_some_and(|&c| in_word(c)) && next.is_some_and(is_letter)
}

/// The text without marks that their letter's script does not use, and without marks that stand on no letter. Marks of
/// the Latin script and of no script in particular, such as an acute accent, may stand on any letter.
fn without_foreign_marks(text: &str) -> String {
    let scripts = ScriptWithExtensions::new();
    let general = [Script::Inherited, Script::Common, Script::Latin];
    let mut letter = None;
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if is_mark(c) {
            let uses = scripts.get_script_extensions_val(c);
            let fits = |letter: char| {
                let own = scripts.get_script_extensions_val(letter);
                general.iter().any(|script| uses.contains(script)) || own.iter().any(|script| uses.contains(&script))
            };
            if !letter.is_some_and(fits) {
                continue;
            }
        } else if is_letter(c) {
            letter = Some(c);
        } else if !is_ignorable(c) {
            letter = None;
        }
        kept.push(c);
    }
    kept.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::LOST;

    fn fault(text: &str) -> &'static str {
        PersonName::parse(text).err().map_or("accepted", |fault| fault.code)
    }

    /// Among them names that other products refused, by their public bug reports.
    #[test]
    fn names_of_many_cultures_are_accepted_as_they_are_written() {
        for text in [
            "Ada",
            "Ng",
            "O",
            "María José",
            "Mª José",
            "Jean-Luc",
            "Müller-Lüdenscheidt",
            "J. R.",
            "Homer J.",
            "de la Cruz y Ñáñez",
            "van 't Hoff",
            "d'Artagnan",
            "Nguyễn Thị Ánh",
            "Þórdís Jökulsdóttir",
            "Łukasz Żółć",
            "Đặng",
            "Kamehamehaʻōpūʻukaiaʻi",
            "Lanaʻi",
            "Aʼzam Gʻulomov",
            "ʿAbd al-Raḥmān",
            "Gal·la Col·lell",
            "Marcel·lí",
            "Ångström",
            "İlkay Çağrı",
            "Ἀριστοτέλης",
            "Παπαδόπουλος",
            "Дарья Соловьёва",
            "В. И. Лесин",
            "Մարի՚ամ",
            "ג׳ורג׳ כ״ץ",
            "בן־גוריון",
            "عبد الرحمن",
            "محمّد",
            "محـــمد",
            "شیرین علی\u{200c}رضا",
            "काव्य श्रीनिवास",
            "ஸ்ரீதேவி",
            "ශ්\u{200d}රී ලංකා",
            "นภัสสร",
            "ສຸລິຍາ",
            "သီရိ",
            "ភិរម្យ",
            "བསྟན་འཛིན",
            "ཚེ་རིང་",
            "ᠲᠡᠮᠦᠵᠢᠨ",
            "ዐቢይ",
            "ᏣᎳᎩ",
            "王小明",
            "买买提·艾力",
            "佐々木",
            "ジョー",
            "レオナルド・ディカプリオ",
            "ジャン゠リュック",
            "김민준",
            "𠮷田",
        ] {
            assert_eq!(PersonName::parse(text).map(|name| name.0).as_deref(), Ok(text), "{text}");
        }
        for apostrophe in "'’‘ʼʻʽʾʿ`´′‛＇".chars() {
            let text = format!("O{apostrophe}Brien");
            assert_eq!(PersonName::parse(&text).unwrap().as_str(), text);
        }
        for hyphen in "-‐‑–－".chars() {
            let text = format!("Anne{hyphen}Marie");
            assert_eq!(PersonName::parse(&text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, code) in [
            ("", "required"),
            ("  ", "required"),
            ("\u{3164}", "required"),
            ("\u{301}", "required"),
            ("\u{115f}\u{1160} \u{200b}\u{ad}", "required"),
            ("-", "no_letter"),
            ("' -", "no_letter"),
            ("ʼ", "no_letter"),
            ("ー", "no_letter"),
            ("ـ", "no_letter"),
            (".", "invalid_name"),
            ("·", "invalid_name"),
            ("\u{2800}", "invalid_name"),
            ("evil.example", "invalid_name"),
            ("www.evil.example", "invalid_name"),
            ("t.co", "invalid_name"),
            ("a.b", "invalid_name"),
            ("J.R.", "invalid_name"),
            ("e.x", "invalid_name"),
            ("evil。example", "invalid_name"),
            ("evil．example", "invalid_name"),
            ("evil｡example", "invalid_name"),
            ("evil․example", "invalid_name"),
            ("St. John", "invalid_name"),
            ("A..", "invalid_name"),
            ("A .", "invalid_name"),
            ("http://x", "invalid_name"),
            ("x/y", "invalid_name"),
            ("ada@example", "invalid_name"),
            ("<b>Ada</b>", "invalid_name"),
            ("Ada, Countess", "invalid_name"),
            ("Ada (Countess)", "invalid_name"),
            ("Ada_L", "invalid_name"),
            ("R2D2", "invalid_name"),
            ("Ada ٣", "invalid_name"),
            ("Henry Ⅷ", "invalid_name"),
            ("Ada 😀", "invalid_name"),
            ("$ada", "invalid_name"),
            ("·llop", "invalid_name"),
            ("llop·", "invalid_name"),
            ("a··b", "invalid_name"),
            ("\u{e000}da", "invalid_name"),
            ("A\nB", "invalid_characters"),
            ("A\u{0}", "invalid_characters"),
            ("A\u{2028}B", "invalid_characters"),
            ("M\u{fffd}ller", "invalid_characters"),
        ] {
            assert_eq!(fault(text), code, "{text:?}");
        }
        assert_eq!(fault(&"x".repeat(101)), "too_long");
        assert_eq!(PersonName::parse("M\u{fffd}ller"), Err(LOST));
    }

    #[test]
    fn what_does_not_show_is_removed() {
        for (typed, kept) in [
            ("  Ada \u{a0}\u{3000} L.\u{200b} ", "Ada L."),
            ("\u{202e}adA", "adA"),
            ("I\u{1160}v\u{3164}an", "Ivan"),
            ("I\u{ffa0}va\u{115f}n", "Ivan"),
            ("葛\u{e0100}城", "葛城"),
            // Points and marks of other scripts.
            ("I\u{5b4}van", "Ivan"),
            ("I\u{64e}va\u{94d}n", "Ivan"),
            ("Ив\u{5b0}ан", "Иван"),
            ("\u{301}Ada", "Ada"),
            ("Ada \u{5b4}", "Ada"),
            // Which other scripts need stay.
            ("דָּוִד", "דָּוִד"),
            ("مُحَمَّد", "مُحَمَّد"),
            ("Ива\u{301}н", "Ива\u{301}н"),
        ] {
            let expected: String = kept.nfc().collect();
            assert_eq!(PersonName::parse(typed).unwrap().as_str(), expected, "{typed:?}");
        }
    }

    #[test]
    fn words_of_mixed_scripts_are_accepted_and_left_to_screening() {
        assert_eq!(PersonName::parse("Ivаn").unwrap().as_str(), "Ivаn");
    }

    #[test]
    fn names_of_earlier_rules_are_still_read() {
        let name: PersonName = serde_json::from_str("\"St. John 3rd\"").unwrap();
        assert_eq!(name.as_str(), "St. John 3rd");
        assert!(serde_json::from_str::<PersonName>("\"\"").is_err());
        assert_eq!(format!("{name:?}"), "***");
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in "[\\PC\\p{M}\u{200c}\u{200d}\u{94d}\u{34f}]{1,12}") {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name));
            }
        }

        /// No mail program makes a link of a name, since nothing follows a full stop but a blank.
        #[test]
        fn no_full_stop_is_followed_by_a_letter(text in "[a-c.\u{301}\u{200b}\u{5b4}'\\- ]{1,8}") {
            if let Ok(name) = PersonName::parse(&text) {
                let stops = name.as_str().match_indices('.').map(|(at, _)| &name.as_str()[at + 1..]);
                for rest in stops {
                    prop_assert!(rest.is_empty() || rest.starts_with(' '), "{:?}", name.as_str());
                }
            }
        }

        /// One ignorable character at any place of a name changes nothing.
        #[test]
        fn an_invisible_character_changes_no_name(name in "[A-Z][a-zé]{1,6}( [A-Z][a-z]{1,6})?", at in 0_usize..14, c in proptest::sample::select(&[
            '\u{ad}', '\u{34f}', '\u{61c}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{180b}', '\u{200b}', '\u{200d}',
            '\u{202e}', '\u{2060}', '\u{3164}', '\u{fe0f}', '\u{feff}', '\u{ffa0}', '\u{e0061}', '\u{e0100}',
        ][..])) {
            let mut chars: Vec<char> = name.chars().collect();
            chars.insert(at.min(chars.len()), c);
            let disturbed: String = chars.into_iter().collect();
            prop_assert_eq!(PersonName::parse(&disturbed), PersonName::parse(&name));
        }
    }
}
