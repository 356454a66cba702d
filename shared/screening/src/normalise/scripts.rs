//! Words of mixed scripts.
//!
//! The script of a word is that of most of its letters (UTS #39 §5.1, resolved script sets, says whether there is more than
//! one). A letter of another script is read in two ways, each in a form of the name of its own: as the letter of the word's
//! script that it looks like (UTS #39 §4, confusables), which undoes a replaced letter, and not at all, which undoes an
//! inserted one.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

use super::Reading;
use super::characters::{Unusual, ascii, is_east_asian};

/// A word after its unusual characters were read or dropped.
#[derive(Debug)]
pub struct Settled {
    pub text: String,
    /// The word holds unusual characters, so that it can be read in another way.
    pub unusual: bool,
    /// Letters of scripts that no one word mixes, or that no living language writes.
    pub mixed: bool,
    /// Most of its letters belong to no living language's alphabet.
    pub illegible: bool,
}

impl Settled {
    fn plain(text: String) -> Self {
        Self { text, unusual: false, mixed: false, illegible: false }
    }
}

/// Reads or drops the unusual characters of a word.
pub fn settle(word: String, reading: Reading, unusual: Unusual) -> Settled {
    let digits = misplaced_digits(&word, reading);
    if word.is_ascii() {
        let text = if digits && unusual == Unusual::Dropped { without_digits(&word) } else { word };
        return Settled { unusual: digits, ..Settled::plain(text) };
    }
    // A word of Latin and look-alike letters, read by the shape of each.
    if unusual == Unusual::AsLatin
        && word.bytes().any(|b| b.is_ascii_alphabetic())
        && let Some(text) = as_latin(&word)
    {
        let mixed = text != word;
        return Settled { unusual: mixed, mixed, ..Settled::plain(text) };
    }
    let main = main_script(&word);
    let ordinary = |c: char| c.is_ascii() || !c.is_alphabetic() || c.identifier_allowed();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let odd = word.chars().filter(|c| !ordinary(*c)).count();
    let illegible = odd * 2 > letters;
    let syllables = word.chars().any(|c| matches!(c, '\u{ac00}'..='\u{d7a3}'));
    let mut out =
        Settled { unusual: digits, mixed: odd > 0 || !word.is_single_script(), illegible, text: String::new() };
    for c in word.chars() {
        if !belongs(c, main) {
            out.unusual = true;
            match unusual {
                _ if is_combining_mark(c) => {}
                Unusual::Dropped => {}
                Unusual::Read | Unusual::AsLatin => match lookalike(c, main) {
                    Some(other) => out.text.push_str(&other),
                    None => out.text.push(c),
                },
            }
        } else if (!ordinary(c) && !illegible) || (syllables && is_jamo(c)) {
            out.unusual = true;
            if unusual != Unusual::Dropped {
                out.text.push(c);
            }
        } else {
            out.text.push(c);
        }
    }
    if digits && unusual == Unusual::Dropped {
        out.text = without_digits(&out.text);
    }
    out
}

/// The script of most of a word's letters, the first of equals; East Asian ones count as one.
pub fn main_script(word: &str) -> Script {
    let mut counts: Vec<(Script, usize)> = Vec::new();
    for c in word.chars().filter(|c| c.is_alphabetic() && !is_combining_mark(*c)) {
        let script = match c.script() {
            Script::Common | Script::Inherited => continue,
            script if is_east_asian(script) => Script::Han,
            script => script,
        };
        match counts.iter_mut().find(|(known, _)| *known == script) {
            Some((_, count)) => *count += 1,
            None => counts.push((script, 1)),
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(Script::Common, |(script, _)| *script)
}

fn belongs(c: char, main: Script) -> bool {
    const EAST_ASIAN: [Script; 4] = [Script::Hiragana, Script::Katakana, Script::Hangul, Script::Bopomofo];
    if c.is_ascii_digit() || main == Script::Common {
        return true;
    }
    let scripts = c.script_extension();
    if scripts.is_common() || scripts.is_inherited() || scripts.contains_script(main) {
        return true;
    }
    main == Script::Han && EAST_ASIAN.iter().any(|script| scripts.contains_script(*script))
}

fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}')
}

fn prototype(c: char) -> String {
    skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

/// The letter of a script that a letter of another one looks like.
fn lookalike(c: char, main: Script) -> Option<String> {
    let prototype = prototype(c);
    if main == Script::Latin {
        return Some(ascii(&prototype)).filter(|text| (1..=2).contains(&text.len()));
    }
    LOOKALIKES.get(&(main, prototype)).map(char::to_string)
}

/// Letters of the alphabets that share shapes with Latin, by what they look like; the common ones first.
static LOOKALIKES: LazyLock<HashMap<(Script, String), char>> = LazyLock::new(|| {
    let ranges = [
        '\u{430}'..='\u{44f}',
        '\u{410}'..='\u{42f}',
        '\u{400}'..='\u{52f}',
        '\u{391}'..='\u{3c9}',
        '\u{531}'..='\u{587}',
    ];
    let mut table = HashMap::new();
    for c in ranges.into_iter().flatten().filter(|c| c.is_alphabetic()) {
        table.entry((c.script(), prototype(c))).or_insert(c);
    }
    table
});

/// A word of another script every letter of which looks like a Latin one, in Latin letters; a Latin word as it is.
pub fn as_latin(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii() || c.script() == Script::Latin || is_combining_mark(c) {
            out.push(c);
        } else {
            out.push_str(&latin_shape(c)?);
        }
    }
    Some(out)
}

/// The Latin letter that a letter looks like, as it stands or as a capital.
fn latin_shape(c: char) -> Option<String> {
    // Unicode's skeletons do not tell a capital I from a small L.
    let prototype = |c: char| if c.is_uppercase() && prototype(c) == "l" { "I".to_owned() } else { prototype(c) };
    let is_latin = |shape: &String| !shape.is_empty() && shape.bytes().all(|b| b.is_ascii_alphabetic());
    let capital = || c.to_uppercase().next().map(prototype).map(|shape| shape.to_ascii_lowercase());
    Some(prototype(c)).filter(is_latin).or_else(|| capital().filter(is_latin))
}

/// Digits that make a word strange: any amid the letters of a person's name, one amid those of an organisation's (a nought
/// is read as a letter there anyway).
fn misplaced_digits(word: &str, reading: Reading) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return false;
    }
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    match reading {
        Reading::Person => letters >= digits.max(2),
        Reading::Organisation => {
            let chars: Vec<char> = word.chars().collect();
            let inside = |w: &[char]| w[0].is_alphabetic() && matches!(w[1], '1'..='9') && w[2].is_alphabetic();
            digits == 1 && letters >= 4 && chars.windows(3).any(inside)
        }
    }
}

fn without_digits(word: &str) -> String {
    word.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(word: &str, unusual: Unusual) -> String {
        settle(word.to_owned(), Reading::Person, unusual).text
    }

    #[test]
    fn unusual_characters_are_read_as_what_they_look_like_or_dropped() {
        for (word, read, dropped) in [
            ("Аlvaro", "alvaro", "lvaro"),
            ("Ρetrov", "petrov", "etrov"),
            ("Mаrinа", "Marina", "Mrin"),
            ("Alvaжro", "Alvazhro", "Alvaro"),
            ("Alvaまro", "Alvamaro", "Alvaro"),
            ("Al\u{93e}varo", "Alvaro", "Alvaro"),
            ("Пpавда", "Правда", "Павда"),
            ("Петpов", "Петров", "Петов"),
            ("محxمد", "محxمد", "محمد"),
            ("王x小明", "王x小明", "王小明"),
            ("山田たろう", "山田たろう", "山田たろう"),
            ("Søren", "Søren", "Søren"),
            ("Alvaʣro", "Alvaʣro", "Alvaro"),
            ("Alva6ro", "Alva6ro", "Alvaro"),
        ] {
            assert_eq!(settled(word, Unusual::Read), read, "{word}");
            assert_eq!(settled(word, Unusual::Dropped), dropped, "{word}");
        }
    }

    #[test]
    fn a_word_is_mixed_when_no_one_script_writes_it() {
        for (word, mixed) in [
            ("Mаrina", true),
            ("Marina", false),
            ("Марина", false),
            ("Mari\u{301}na", false),
            ("Ma\u{5b0}rina", true),
            ("山田たろう", false),
            ("김철수", false),
            ("Søren", false),
            ("محمد", false),
        ] {
            assert_eq!(settle(word.to_owned(), Reading::Person, Unusual::Read).mixed, mixed, "{word}");
        }
    }

    #[test]
    fn only_words_of_lookalikes_are_read_as_latin() {
        for (word, expected) in [
            ("Роре", Some("Pope")),
            ("Марина", None),
            ("Anna", Some("Anna")),
            ("Сара", Some("Capa")),
            ("тікток", Some("tiktok")),
        ] {
            assert_eq!(as_latin(word).as_deref(), expected, "{word}");
        }
    }
}
